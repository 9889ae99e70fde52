package simulate_test

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"html"
	"io"
	"path/filepath"
	"strings"
	"testing"

	"lienthong/engine"
	"lienthong/engine/simulate"
	"lienthong/store/memory"
	"lienthong/store/sqlite"
)

// TestSQLiteGivesTheSame: the store does not show in the report.
func TestSQLiteGivesTheSame(t *testing.T) {
	cfg := config(t, 12, 8, "heavy")
	texts := map[string]string{}
	for name, open := range map[string]func(context.Context) (engine.Store, error){
		"memory": inMemory,
		"sqlite": onDisk(t),
	} {
		cfg.Store = open
		r := run(t, cfg)
		show(t, r)
		r.Speed = simulate.Speed{}
		b, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		texts[name] = string(b)
	}
	if texts["memory"] != texts["sqlite"] {
		t.Errorf("memory\n%s\nsqlite\n%s", texts["memory"], texts["sqlite"])
	}
}

func onDisk(t *testing.T) func(context.Context) (engine.Store, error) {
	return func(ctx context.Context) (engine.Store, error) {
		return sqlite.Open(ctx, sqlite.Config{Path: filepath.Join(t.TempDir(), "s.db"), TakeOver: true})
	}
}

// onLeave is a plan in which two clerks of an office are on leave.
func onLeave(t *testing.T) simulate.Plan {
	t.Helper()
	p, err := simulate.ReadPlan("leave.yaml", []byte(`name: {vi: "Hai cán bộ nghỉ", en: "Two on leave"}
clerks:
  leave:
    - {office: civil_status_20242, role: officer, people: 2, from: "2026-09-08", to: "2026-09-16"}
`), nil, definitions(t), nil)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func deskOf(t *testing.T, r *simulate.Report, office, role string) simulate.DeskRow {
	t.Helper()
	for _, d := range r.Desks {
		if d.Office == office && d.Role == role {
			return d
		}
	}
	t.Fatalf("%s %s is not in the report", office, role)
	return simulate.DeskRow{}
}

func lateIn(r *simulate.Report) (late int) {
	for _, d := range r.Due {
		if d.Procedure != "" {
			late += d.Late()
		}
	}
	return late
}

// TestTwoClerksOnLeave: their queue grows while they are away and goes when they are
// back; more is late; everybody else's numbers stand beside.
func TestTwoClerksOnLeave(t *testing.T) {
	cfg := config(t, 90, 18, "none")
	usual := run(t, cfg)
	cfg.Plan = onLeave(t)
	leave := run(t, cfg)
	a, b := deskOf(t, usual, "civil_status_20242", "officer"), deskOf(t, leave, "civil_status_20242", "officer")
	if b.Longest < a.Longest+5 || b.P90 <= a.P90+8 {
		t.Errorf("as usual %+v, on leave %+v", a, b)
	}
	if last := b.Queue[len(b.Queue)-1]; last > b.Longest/2 {
		t.Errorf("the queue does not go when they are back: %v", b.Queue)
	}
	if lateIn(leave) <= lateIn(usual) {
		t.Errorf("%d late on leave, %d as usual", lateIn(leave), lateIn(usual))
	}
	for _, lang := range []string{"vi", "en"} {
		var page, text bytes.Buffer
		if err := simulate.HTML(&page, lang, usual, leave); err != nil {
			t.Fatal(err)
		}
		checkPage(t, page.String(), lang)
		if err := simulate.Compare(&text, lang, usual, leave); err != nil || !strings.Contains(text.String(), leave.Plan.In(lang)) {
			t.Errorf("%v: %s", err, text.String())
		}
		short := map[string]string{"vi": "Nơi thay đổi nhiều nhất: UBND phường Hải Châu, thụ lý", "en": "What changes most: People's Committee of Hải Châu Ward, officers"}[lang]
		if !strings.Contains(text.String(), short) || !strings.Contains(html.UnescapeString(page.String()), short) {
			t.Errorf("%q is not told:\n%s", short, text.String())
		}
		if ends := map[string]string{"vi": "Kết thúc: hoàn thành ", "en": "Ended: completed "}[lang]; !strings.Contains(text.String(), ends) {
			t.Errorf("%q is not told:\n%s", ends, text.String())
		}
	}
}

// checkPage: one page, well-formed, in its language, asking nobody for anything.
func checkPage(t *testing.T, page, lang string) {
	t.Helper()
	for _, bad := range []string{"<script", "http:", "https:", "url(", "@import", "<link", "<img", "ZgotmplZ", "%!"} {
		if strings.Contains(page, bad) {
			t.Errorf("the page has %q", bad)
		}
	}
	want := map[string]string{"vi": "Hai cán bộ nghỉ", "en": "Two on leave"}[lang]
	if !strings.Contains(page, want) || !strings.Contains(page, `lang="`+lang+`"`) || strings.Count(page, "<polyline") < 4 {
		t.Errorf("the page in %s lacks its plan or its charts", lang)
	}
	d := xml.NewDecoder(strings.NewReader(page))
	d.Strict, d.AutoClose, d.Entity = false, xml.HTMLAutoClose, xml.HTMLEntity
	for {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			return
		} else if err != nil {
			t.Fatal(err)
		}
	}
}

// TestReportAddsUp: what was filed is what is open and what ended; the distribution of
// due times agrees with the indicators.
func TestReportAddsUp(t *testing.T) {
	r := run(t, config(t, 80, 20, "light"))
	show(t, r)
	ended, begun, days := 0, 0, 0
	for _, n := range r.Outcomes {
		ended += n
	}
	for i := range r.Begun {
		begun += r.Begun[i]
		days += r.Ended[i]
	}
	if r.Counts.Cases != r.Counts.Open+ended || begun != r.Counts.Cases || days != ended || r.Open[len(r.Open)-1] == 0 {
		t.Errorf("%d cases: %d open, %d ended, %d begun, %d ended by day", r.Counts.Cases, r.Counts.Open, ended, begun, days)
	}
	for _, d := range r.Due {
		if d.Total != d.InTime+d.Late()+d.OpenInTime {
			t.Errorf("%+v does not add up", d)
		}
	}
	for _, v := range r.Indicators {
		if v.ID == "cases.filed" && int(*v.Numerator) != r.Counts.Cases {
			t.Errorf("%d filed by the indicator, %d cases", *v.Numerator, r.Counts.Cases)
		}
	}
	var text bytes.Buffer
	if err := r.Print(&text, "vi"); err != nil || !strings.Contains(text.String(), "Mọi bất biến đều giữ") {
		t.Errorf("%v: %s", err, text.String())
	}
}

// TestForgets: what a store keeps grows with what is open, not with what was filed.
func TestForgets(t *testing.T) {
	cfg := config(t, 70, 40, "none")
	var s *memory.Store
	cfg.Store = func(context.Context) (engine.Store, error) {
		s = memory.New()
		return s, nil
	}
	most := 0
	cfg.Progress = func(p simulate.Progress) {
		if p.Day%8 != 0 {
			return
		}
		n, err := s.Verify(context.Background(), func(code string, _ int64, what string) { t.Error(code, what) })
		if err != nil {
			t.Error(err)
		}
		most = max(most, n)
	}
	if r := run(t, cfg); most > r.Counts.Cases/2 {
		t.Errorf("of %d cases the store kept %d at once", r.Counts.Cases, most)
	}
}

func TestStops(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	cfg := config(t, 100, 30, "none")
	cfg.Progress = func(p simulate.Progress) {
		if p.Day == 3 {
			stop()
		}
	}
	if _, err := simulate.Run(ctx, cfg); !errors.Is(err, context.Canceled) {
		t.Errorf("stopped: %v", err)
	}
	for _, bad := range []func(*simulate.Config){
		func(c *simulate.Config) { c.Cases = 0 },
		func(c *simulate.Config) { c.Days = 1_000_000 },
		func(c *simulate.Config) { c.Examples = nil },
		func(c *simulate.Config) { c.Plan = simulate.Plan{} },
		func(c *simulate.Config) { c.Store = nil },
	} {
		cfg := config(t, 1, 1, "none")
		bad(&cfg)
		if _, err := simulate.Run(t.Context(), cfg); err == nil {
			t.Error("a run that makes no sense was played")
		}
	}
}

// BenchmarkCaseDays plays a month of the shipped services as usual.
func BenchmarkCaseDays(b *testing.B) {
	cfg := config(b, 300, 30, "none")
	days := 0.0
	for b.Loop() {
		days += run(b, cfg).Counts.CaseDays
	}
	b.ReportMetric(days/b.Elapsed().Seconds(), "case-days/s")
}

// TestWhoStillWaitsIsCounted: a run that ends while people are on leave tells how
// long those wait whom nobody has served.
func TestWhoStillWaitsIsCounted(t *testing.T) {
	cfg := config(t, 60, 8, "none") // the leave begins on the second day and outlasts the run
	cfg.Plan = onLeave(t)
	r := run(t, cfg)
	d := deskOf(t, r, "civil_status_20242", "officer")
	if d.Left == 0 || d.Max < 16 {
		t.Errorf("%+v", d)
	}
	if len(r.Notes) > 0 || r.Versions["birth@2026-09-01"] == 0 || r.Versions["birth@2026-09-01"]+r.Versions["death@2026-09-01"] != r.Counts.Cases {
		t.Errorf("%v of %d cases, %v", r.Versions, r.Counts.Cases, r.Notes)
	}
}

// TestLeaveInVainIsTold: leave on days that are not played changes nothing, and that
// is said.
func TestLeaveInVainIsTold(t *testing.T) {
	cfg := config(t, 3, 2, "none")
	cfg.Plan = onLeave(t)
	for i := range cfg.Plan.Clerks.Leave {
		cfg.Plan.Clerks.Leave[i].From, cfg.Plan.Clerks.Leave[i].To = "2026-10-01", "2026-10-09"
	}
	r := run(t, cfg)
	var text bytes.Buffer
	if err := r.Print(&text, "en"); err != nil || len(r.Notes) != len(cfg.Plan.Clerks.Leave) || !strings.Contains(text.String(), "is on none of the days that are played (2026-09-07 – 2026-09-08).") {
		t.Errorf("%v %v: %s", err, r.Notes, text.String())
	}
	if !strings.Contains(text.String(), "Filed under: ") {
		t.Errorf("no versions: %s", text.String())
	}
}
