package api_test

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"lienthong/api"
	"lienthong/engine"
	"lienthong/engine/calendar"
)

// pass moves the business clock forward and lets things settle.
func (w *world) pass(d time.Duration) {
	w.t.Helper()
	w.clock.Set(w.clock.Now().Add(d))
	w.settle()
}

// story: a birth with prefilled fields, asked once to complete, registered, its
// health card open; and one refused at the counter of another city.
func (w *world) story() (first, second string) {
	w.t.Helper()
	pre := w.send(father, "GET", "/api/v1/services/birth/prefill", nil).want(200)
	a := w.send(father, "POST", "/api/v1/cases", map[string]any{"service": "birth", "application": w.application("birth-b4", "residence", "identity"), "prefill": pre.str("id")}).want(201)
	first = a.str("cases.0.code")
	w.settle()
	w.act("reception."+officeBirth, first, "birth", "receive", nil).want(200) // Monday 9:00, due 17:00
	w.pass(time.Hour)
	w.act("officer."+officeBirth, first, "birth", "request_supplement", map[string]any{"items": []any{map[string]any{"kind": "paper", "about": "giấy chứng sinh", "reason": "mờ"}}}).want(200)
	w.pass(48 * time.Hour) // Wednesday 10:00
	c := w.read(father, first)
	w.send(father, "POST", "/api/v1/cases/"+first+"/actions/answer_supplement", map[string]any{"input": map[string]any{"items": map[string]any{
		c.str("items.0.id"): map[string]any{"value": "đã nộp bản rõ"}}}}, "If-Match", c.str("etag")).want(200)
	w.settle()
	child := c.get("application.child").(map[string]any)
	draft := map[string]any{}
	for _, k := range []string{"name", "sex", "birth_date", "birth_place", "hometown", "ethnicity", "nationality"} {
		draft[k] = child[k]
	}
	input := map[string]any{"child": draft, "mother": c.get("application.mother"), "father": c.get("application.father")}
	w.act("officer."+officeBirth, first, "birth", "draft", input).want(200)
	w.act(father, first, "birth", "confirm", nil).want(200)
	w.pass(2 * time.Hour) // Wednesday 12:00
	w.act("leader."+officeBirth, first, "birth", "sign", nil).want(200)
	second, reception := w.fileFar()
	w.pass(time.Hour) // Wednesday 13:00
	w.act(reception, second, "birth", "reject_reception", map[string]any{"reason": "nộp sai nơi"}).want(200)
	return first, second
}

// shows is one indicator's value of an answer or a group.
func shows(v any, id string) string {
	list, _ := engine.At(v, "indicators").([]any)
	for _, i := range list {
		if engine.Str(i, "id") == id {
			return engine.Str(i, "value")
		}
	}
	return "missing"
}

func wantFigures(t *testing.T, what string, v any, want map[string]string) {
	t.Helper()
	for id, value := range want {
		if got := shows(v, id); got != value {
			t.Errorf("%s: %s is %q, want %q", what, id, got, value)
		}
	}
}

func TestIndicatorsTellTheStory(t *testing.T) {
	w := newWorld(t)
	first, _ := w.story()
	a := w.send("administrator", "GET", "/api/v1/indicators", nil).want(200)
	stored, err := w.store.Load(t.Context(), first)
	if err != nil {
		t.Fatal(err)
	}
	if a.str("from") != "2026-09-01" || a.str("to") != "2026-09-09" || a.get("behind") != nil || !strings.HasPrefix(a.str("as_of"), "2026-09-09T13:00:00") {
		t.Errorf("period: %s", a.raw)
	}
	wantFigures(t, "all", a.body, map[string]string{
		"cases.filed": "2", "cases.running": "1", "cases.refused": "1", "cases.completed": "0", "cases.on_time": "100.00",
		"dossiers.arrived": "3", "dossiers.success": "1", "dossiers.refused": "1", "dossiers.running": "1", "dossiers.paused": "0", "dossiers.unreceived": "0",
		// The far one was never received: its clock did not start.
		"dossiers.received": "2", "dossiers.in_time": "2", "dossiers.late": "0", "2.1": "100.00", "supplement": "50.00", "supplement.again": "0.00",
		"2.2": "N/A", "3.3": "100.00", "3.6": "N/A", "4.2": "100.00", "4.3": "100.00", "refusal": "33.33", "5.4": "N/A", "apology": "0.00",
	})
	// Fields: what the case knows of itself.
	fields := a.indicator("fields.prefilled")
	var given int64
	for p := range stored.Sources {
		if engine.At(stored.App, strings.Split(strings.TrimPrefix(p, "/"), "/")...) != nil {
			given++
		}
	}
	if given == 0 || fields["numerator"] != given || fields["denominator"].(int64) <= given {
		t.Errorf("%d sources, shown %v", given, fields)
	}
	if s := a.indicator("5.4"); s["numerator"] != nil || engine.Str(s, "note", "vi") == "" || s["max_points"] != int64(6) || s["points"] != nil {
		t.Errorf("satisfaction: %v", s)
	}
	if r := a.get("refusals").([]any); len(r) != 1 || engine.Str(r[0], "action") != "reject_reception" || engine.Str(r[0], "title", "vi") != "Từ chối tiếp nhận" ||
		engine.At(r[0], "count") != int64(1) || engine.Str(r[0], "procedure", "code") != "1.001193" {
		t.Errorf("refusals: %v", r)
	}
	// One procedure: three hours of office time in 51, the completion between.
	p := w.send("administrator", "GET", "/api/v1/indicators?procedure=birth_registration&from=2026-09-07&to=2026-09-07", nil).want(200)
	wantFigures(t, "birth of Monday", p.body, map[string]string{"2.2": "0.13", "dossiers.arrived": "1", "dossiers.received": "1", "days": "2.13", "2.1": "100.00", "supplement": "100.00", "cases.filed": "missing"})
	if v := p.indicator("2.2"); v["numerator"] != int64(3*3600) || v["denominator"] != int64(1) {
		t.Errorf("2.2: %v", v)
	}
	// Groups add up to the whole, for each way of grouping.
	for _, by := range []string{"unit", "office", "agency", "service", "procedure"} {
		g := w.send("administrator", "GET", "/api/v1/indicators?by="+by, nil).want(200)
		var sum int64
		for _, x := range g.get("groups").([]any) {
			if engine.Str(x, "name", "vi") == "" || engine.Str(x, "id") == "" {
				t.Errorf("%s: a group without a name: %v", by, x)
			}
			for _, i := range engine.At(x, "indicators").([]any) {
				if engine.Str(i, "id") == "dossiers.arrived" {
					sum += engine.At(i, "numerator").(int64)
				}
			}
		}
		if sum != 3 {
			t.Errorf("by %s: %d arrived", by, sum)
		}
	}
	g := w.send("administrator", "GET", "/api/v1/indicators?by=agency", nil).want(200)
	for _, x := range g.get("groups").([]any) {
		switch engine.Str(x, "id") {
		case "civil_status":
			wantFigures(t, "communes", x, map[string]string{"dossiers.arrived": "2", "cases.filed": "2", "days": "1.08"}) // 51 h and 1 h
		case "social_insurance":
			wantFigures(t, "insurance", x, map[string]string{"dossiers.arrived": "1", "cases.filed": "0", "days": "N/A"})
		default:
			t.Errorf("agency %v", engine.At(x, "id"))
		}
	}
	// The card is due on Friday at 17:00: an hour later it is late without anything
	// having happened, and the past period is seen as at its end.
	card := stored.Dossier("card").Clock.Due
	if !card.Equal(time.Date(2026, 9, 11, 17, 0, 0, 0, calendar.Zone)) {
		t.Fatalf("the card is due at %s", card)
	}
	for _, at := range []struct {
		now  time.Time
		to   string
		want string
	}{{card, "2026-09-30", "100.00"}, {card.Add(time.Second), "2026-09-30", "50.00"}, {card.Add(24 * time.Hour), "2026-09-10", "100.00"}, {card.Add(24 * time.Hour), "2026-09-11", "50.00"}} {
		w.clock.Set(at.now)
		l := w.send("administrator", "GET", "/api/v1/indicators?from=2026-09-01&to="+at.to, nil).want(200)
		wantFigures(t, at.now.String()+" "+at.to, l.body, map[string]string{"2.1": at.want})
	}
}

// indicator is one of the whole.
func (a answer) indicator(id string) map[string]any {
	a.t.Helper()
	for _, i := range a.get("indicators").([]any) {
		if engine.Str(i, "id") == id {
			return i.(map[string]any)
		}
	}
	a.t.Fatalf("no indicator %s", id)
	return nil
}

// TestFeeIndicator: paid through the treasury counts, recorded by hand does not.
func TestFeeIndicator(t *testing.T) {
	w := newWorld(t)
	w.registered() // with two copies, paid at once
	v := w.send("administrator", "GET", "/api/v1/indicators", nil).want(200).indicator("3.6")
	if v["numerator"] != int64(1) || v["denominator"] != int64(1) || v["value"] != "100.00" || v["points"] != "6.00" || v["target"] != int64(100) {
		t.Errorf("paid online: %v", v)
	}
}

func TestIndicatorsVisibility(t *testing.T) {
	w := newWorld(t)
	w.story()
	for id, office := range map[string]string{"supervisor.commune": officeBirth, "supervisor.police": "police_00004", "supervisor.city": "social_province_hn", "supervisor.far": "civil_status_20275"} {
		if err := w.store.PutAccount(t.Context(), engine.Account{ID: id, Kind: engine.Staff, Name: "Giám sát", Roles: []string{"supervisor"}, Office: office}, 0, nil); err != nil {
			t.Fatal(err)
		}
	}
	path := "/api/v1/indicators"
	for _, tt := range []struct {
		account, query string
		arrived        string
	}{
		{"administrator", "", "3"}, {"administrator", "?unit=01", "2"}, {"administrator", "?unit=00004", "2"}, {"administrator", "?office=" + officeBirth, "1"}, {"administrator", "?unit=20275", "1"},
		{"supervisor.commune", "", "2"}, // birth and the insurance office that sits in the ward
		{"supervisor.police", "", "2"}, {"supervisor.commune", "?office=" + officeBirth, "1"},
		{"supervisor.city", "", "2"}, {"supervisor.city", "?unit=00004", "2"}, {"supervisor.city", "?unit=00070", "0"},
		{"supervisor", "", "0"}, {"supervisor.far", "", "1"},
	} {
		a := w.send(tt.account, "GET", path+tt.query, nil).want(200)
		if got := shows(a.body, "dossiers.arrived"); got != tt.arrived {
			t.Errorf("%s %s sees %s, want %s", tt.account, tt.query, got, tt.arrived)
		}
	}
	for account, query := range map[string]string{"supervisor.commune": "?unit=01", "supervisor.far": "?office=" + officeBirth, "supervisor.city": "?unit=48", "supervisor": "?unit=00004", "supervisor.police": "?unit=nowhere"} {
		w.send(account, "GET", path+query, nil).refused(403, "forbidden")
	}
	for _, account := range []string{father, "operator", "tester", "leader." + officeBirth} {
		w.send(account, "GET", path, nil).refused(403, "forbidden")
	}
	w.send("administrator", "GET", path+"?unit=nowhere", nil).refused(422, "invalid")
	w.send("administrator", "GET", path+"?office=nowhere", nil).refused(422, "invalid")
	w.send("administrator", "GET", path+"?from=2026-09-09&to=2026-09-01", nil).refused(422, "invalid")
	w.send("administrator", "GET", path+"?by=weather", nil).want(422)
}

func TestIndicatorsCSV(t *testing.T) {
	w := newWorld(t)
	w.story()
	for lang, words := range map[string][]string{"vi": {"Công thức", "Tỷ lệ giải quyết đúng hạn", "QĐ 766/QĐ-TTg", "Phường Ba Đình", "không thu thập"}, "en": {"Formula", "Handled on time", "QĐ 766/QĐ-TTg", "Ba Đình Ward", "does not collect"}} {
		a := w.send("administrator", "GET", "/api/v1/indicators?by=unit", nil, "Accept", "text/csv", "Accept-Language", lang).want(200)
		if !strings.HasPrefix(a.header.Get("Content-Type"), "text/csv") || !strings.Contains(a.header.Get("Content-Disposition"), "indicators-2026-09-01-2026-09-09.csv") || !bytes.HasPrefix(a.raw, []byte("\ufeff")) {
			t.Errorf("%v", a.header)
		}
		rows, err := csv.NewReader(bytes.NewReader(a.raw[3:])).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		i := slices.IndexFunc(rows, func(r []string) bool { return r[3] == "" && r[5] == "2.1" })
		if i < 0 || rows[i][9] != "2" || rows[i][10] != "2" || rows[i][11] != "100.00" || len(rows[0]) != 18 {
			t.Errorf("%s: %v", lang, rows)
		}
		for _, word := range words {
			if !strings.Contains(string(a.raw), word) {
				t.Errorf("%s: no %q", lang, word)
			}
		}
	}
	for accept, csv := range map[string]bool{"application/json": false, "*/*": false, "text/csv;q=1, application/json": true, "application/json, text/csv": false} {
		a := w.send("administrator", "GET", "/api/v1/indicators", nil, "Accept", accept).want(200)
		if got := strings.HasPrefix(a.header.Get("Content-Type"), "text/csv"); got != csv {
			t.Errorf("%s: csv %v", accept, got)
		}
	}
	if a := w.send("administrator", "GET", "/api/v1/indicators?format=csv", nil, "Accept", "application/json").want(200); !bytes.HasPrefix(a.raw, []byte("\ufeff")) {
		t.Errorf("format is not heeded: %s", a.raw)
	}
}

// TestIndicatorsOfANamedPeriod: the day, week, month, quarter or year that holds a day,
// not beyond today, with its neighbours.
func TestIndicatorsOfANamedPeriod(t *testing.T) {
	w := newWorld(t)
	w.story() // it is Wednesday, 9 September 2026
	for query, want := range map[string][4]string{
		"period=day":                    {"2026-09-09", "2026-09-09", "2026-09-08", ""},
		"period=day&to=2026-09-07":      {"2026-09-07", "2026-09-07", "2026-09-06", "2026-09-08"},
		"period=week":                   {"2026-09-07", "2026-09-09", "2026-09-06", ""},
		"period=week&to=2026-09-06":     {"2026-08-31", "2026-09-06", "2026-08-30", "2026-09-07"},
		"period=month&to=2024-02-10":    {"2024-02-01", "2024-02-29", "2024-01-31", "2024-03-01"},
		"period=quarter":                {"2026-07-01", "2026-09-09", "2026-06-30", ""},
		"period=quarter&to=2025-12-31":  {"2025-10-01", "2025-12-31", "2025-09-30", "2026-01-01"},
		"period=year":                   {"2026-01-01", "2026-09-09", "2025-12-31", ""},
		"from=2026-09-07&to=2026-09-08": {"2026-09-07", "2026-09-08", "", ""},
		"period=month&to=2026-12-01":    {"2026-12-01", "2026-12-01", "2026-11-30", ""},
	} {
		a := w.send("administrator", "GET", "/api/v1/indicators?"+query, nil).want(200)
		earlier, _ := a.get("earlier").(string)
		later, _ := a.get("later").(string)
		if got := [4]string{a.str("from"), a.str("to"), earlier, later}; got != want {
			t.Errorf("%s: %v, want %v", query, got, want)
		}
	}
	w.send("administrator", "GET", "/api/v1/indicators?period=month&from=2026-09-01", nil).refused(422, "invalid")
	w.send("administrator", "GET", "/api/v1/indicators?period=decade", nil).want(422)
	a := w.send("administrator", "GET", "/api/v1/indicators", nil).want(200)
	if units := a.get("units").([]any); len(units) < 5 || a.str("units.0.code") != "01" || a.str("units.1.name.vi") == "" {
		t.Errorf("units: %v", units)
	}
}

// Days, weeks and months add up to the whole, and each is cut where the period ends.
func TestIndicatorsOverTime(t *testing.T) {
	w := newWorld(t)
	w.story()
	const path = "/api/v1/indicators?from=2026-09-01&to=2026-09-30"
	count := func(v any, id string) int {
		n, err := strconv.Atoi(shows(v, id))
		if err != nil {
			t.Fatalf("%s: %v", id, err)
		}
		return n
	}
	for by, want := range map[string][]string{"day": nil, "week": {"2026-09-01", "2026-09-07", "2026-09-14", "2026-09-21", "2026-09-28"}, "month": {"2026-09-01"}} {
		a := w.send("administrator", "GET", path+"&by="+by, nil).want(200)
		var body any
		if err := json.Unmarshal(a.raw, &body); err != nil {
			t.Fatal(err)
		}
		groups, _ := engine.At(body, "groups").([]any)
		var ids []string
		sum := map[string]int{}
		for _, g := range groups {
			ids = append(ids, engine.Str(g, "id"))
			for _, id := range []string{"cases.filed", "dossiers.arrived", "dossiers.in_time", "dossiers.late"} {
				sum[id] += count(g, id)
			}
		}
		if by == "day" && (len(ids) != 30 || ids[0] != "2026-09-01") || want != nil && !slices.Equal(ids, want) {
			t.Errorf("by %s: %v", by, ids)
		}
		for id, n := range sum {
			if n != count(body, id) || id == "dossiers.arrived" && n == 0 {
				t.Errorf("by %s: %s adds up to %d, the whole is %d", by, id, n, count(body, id))
			}
		}
	}
	w.send("administrator", "GET", "/api/v1/indicators?from=2020-01-01&to=2026-09-01&by=day", nil).refused(422, "invalid")
	w.send("administrator", "GET", "/api/v1/indicators?service=none", nil).refused(422, "invalid")
}

// setAside is a store in which three cases cannot be counted.
type setAside struct{ api.Store }

func (s setAside) Lag(ctx context.Context, wall time.Time) (engine.Lag, error) {
	l, err := s.Store.Lag(ctx, wall)
	l.Aside += 3
	return l, err
}

// TestPartialIndicators: figures that lack cases say so, in the file too.
func TestPartialIndicators(t *testing.T) {
	whole := newWorld(t).send("administrator", "GET", "/api/v1/indicators", nil).want(200)
	if whole.get("unread") != nil {
		t.Errorf("all is counted: %s", whole.raw)
	}
	w := newWorld(t, func(c *api.Config) { c.Store = setAside{c.Store} })
	if n := w.send("administrator", "GET", "/api/v1/indicators", nil).want(200).get("unread"); fmt.Sprint(n) != "3" {
		t.Errorf("unread: %v", n)
	}
	file := string(w.send("administrator", "GET", "/api/v1/indicators?format=csv", nil).want(200).raw)
	lines := strings.Split(strings.TrimSpace(file), "\r\n")[1:]
	for _, line := range lines {
		if !strings.HasSuffix(strings.TrimRight(line, `"`), "(partial: 3 cases cannot be read)") {
			t.Errorf("the file: %s", line)
		}
	}
	if len(lines) < 10 {
		t.Errorf("the file: %s", file)
	}
}

// At the first and the last days that can be written there is no period.
func TestPeriodsAtTheEndOfTime(t *testing.T) {
	w := newWorld(t)
	for _, path := range []string{"/api/v1/indicators?", "/api/v1/indicators?period=month&", "/api/v1/indicators?period=quarter&", "/api/v1/exchange/summary?"} {
		for _, to := range []string{"0001-01-01", "9999-12-01", "9999-12-31"} {
			if a := w.send("supervisor", "GET", path+"to="+to, nil).refused(422, "invalid"); a.str("errors.0.pointer") != "query:to" {
				t.Errorf("%s to %s: %s", path, to, a.raw)
			}
		}
		w.send("supervisor", "GET", path+"to=9990-12-31", nil).want(200)
	}
}
