package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"lienthong/cmd/lienthong/story"
	"lienthong/cmd/lienthong/system"
	"lienthong/engine"
	"lienthong/engine/calendar"
)

type demoCommand struct {
	Once   bool   `help:"Exit after the stories: 0 only if both ended as told."`
	DB     string `help:"SQLite file to keep the cases in; a temporary one without it." type:"path"`
	Check  string `help:"How much of an existing file is looked at first: auto, full or off." enum:"auto,full,off" default:"auto"`
	Listen string `help:"Address of the surface." default:"127.0.0.1:8080"`
	Start  string `help:"Where the demonstration's clock starts (Vietnam time): 2026-09-07 08:00 without it, or the newest entry of a file whose entries are later."`
	Lang   string `help:"Language of the timeline: vi or en." enum:"vi,en" default:"vi"`
}

// Run plays the two stories and, unless told otherwise, stays up.
func (c *demoCommand) Run(e *env) (err error) {
	start, err := time.ParseInLocation("2006-01-02 15:04", cmp.Or(c.Start, "2026-09-07 08:00"), calendar.Zone)
	if err != nil {
		return usageError{fmt.Errorf("--start %q: want a time such as 2026-09-07 08:00", c.Start)}
	}
	db := c.DB
	if db == "" {
		dir, err := os.MkdirTemp("", "lienthong-demo-")
		if err != nil {
			return err
		}
		defer os.RemoveAll(dir)
		db = filepath.Join(dir, "demo.db")
	}
	_, serr := os.Stat(db)
	kept := serr == nil
	if kept && c.Once {
		return fmt.Errorf("--once plays the stories in a fresh file: %s exists", db)
	}
	s, err := system.Open(e.ctx, system.Config{DB: db, Check: c.Check, Registers: strings.TrimSuffix(db, filepath.Ext(db)) + "-registers", Listen: c.Listen,
		Start: start, Exactly: c.Start != "", Demo: true, AutoPay: "0s", Logger: e.log})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	if kept {
		e.log.Warn("the file holds cases already: the stories are not played again", "file", db)
	} else if !c.play(e, s) && c.Once {
		return errNotGood
	}
	if c.Once {
		return nil
	}
	if err := s.PeoplePay(); err != nil {
		return err
	}
	if !e.asJSON {
		c.welcome(e.out, s)
	}
	return s.Run(e.ctx)
}

// play runs the stories over HTTP and prints each case's timeline.
func (c *demoCommand) play(e *env, s *system.System) bool {
	stage := story.Stage{
		Client: &story.Client{Base: s.URL},
		Settle: s.Settle,
		Pass:   func(ctx context.Context, d time.Duration) error { return s.Advance(ctx, s.Clock.Now().Add(d)) },
	}
	registries := map[string]engine.Text{}
	for _, r := range s.Definitions.Registries() {
		registries[r.ID] = r.Title
	}
	good := true
	var report []tale
	for _, p := range []struct {
		name string
		play func(context.Context, story.Stage) *story.Tale
	}{{"birth", story.Birth}, {"death", story.Death}} {
		began := time.Now()
		t := p.play(e.ctx, stage)
		one := tale{Story: p.name, Case: t.Code, Good: t.Err() == nil, Took: time.Since(began).Round(time.Millisecond).String()}
		if t.Err() != nil {
			one.Error, good = t.Err().Error(), false
		}
		if t.Code != "" {
			lines, err := stage.Timeline(e.ctx, t.Citizen, t.Code, c.Lang)
			if err != nil {
				one.Error, one.Good, good = errText(one.Error, err), false, false
			}
			one.Timeline = lines
		}
		report = append(report, one)
		if !e.asJSON {
			c.print(e.out, one, registries)
		}
	}
	if e.asJSON {
		if err := e.json(map[string]any{"good": good, "stories": report}); err != nil {
			return false
		}
	}
	return good
}

func errText(before string, err error) string {
	if before == "" {
		return err.Error()
	}
	return before + "; " + err.Error()
}

// tale is what is told of one story.
type tale struct {
	Story    string       `json:"story"`
	Case     string       `json:"case"`
	Good     bool         `json:"good"`
	Took     string       `json:"took"`
	Error    string       `json:"error,omitempty"`
	Timeline []story.Line `json:"timeline"`
}

// print writes a case's timeline: when, who, at which office, what, due when.
func (c *demoCommand) print(w io.Writer, t tale, registries map[string]engine.Text) {
	say := func(vi, en string) string { return engine.Text{VI: vi, EN: en}.In(c.Lang) }
	verdict, due, title := say("kết thúc đúng như kể", "ended as told"), say("hạn", "due"), say("khai sinh", "birth")
	if t.Story == "death" {
		title = say("khai tử", "death")
	}
	if !t.Good {
		verdict = "✗ " + t.Error
	}
	rule := strings.Repeat("─", 140)
	fmt.Fprintf(w, "\n%s  %s  (%s)\n%s\n", strings.ToUpper(title), t.Case, t.Took, rule)
	last := ""
	for _, l := range t.Timeline {
		who, where := l.Actor.Name, ""
		if l.Actor.Kind == string(engine.Registry) {
			who = registries[l.Actor.ID].In(c.Lang)
		}
		if l.Actor.Office != nil {
			where = l.Actor.Office.Name.In(c.Lang)
		}
		until := ""
		if !l.Due.IsZero() {
			until = fmt.Sprintf("  (%s %s)", due, l.Due.In(calendar.Zone).Format("02/01 15:04"))
		}
		line := fmt.Sprintf("%s  %s  %s  %s%s", l.At.In(calendar.Zone).Format("02/01 15:04"), column(who, 32), column(where, 30), l.What, until)
		if !l.Chatter() && line != last {
			fmt.Fprintln(w, line)
			last = line
		}
	}
	fmt.Fprintf(w, "%s\n%s\n", rule, verdict)
}

// column cuts or fills a text to a width in runes.
func column(s string, n int) string {
	r := []rune(s)
	if len(r) > n {
		return string(r[:n-1]) + "…"
	}
	return s + strings.Repeat(" ", n-len(r))
}

func (c *demoCommand) welcome(w io.Writer, s *system.System) {
	text := engine.Text{VI: `
Liên Thông đang chạy. Đồng hồ nghiệp vụ: %s. Nhấn Ctrl-C để dừng.

  trang          %s
  API            %s/api/v1      (OpenAPI: %s/openapi.json)
  cơ sở dữ liệu  %s
  đăng nhập      POST %s/api/v1/sessions  {"account": "…"}   bản trình diễn không cần mật khẩu

  công dân       001093000103 Nguyễn Minh Tuấn (nộp hồ sơ khai sinh), 001058000101 Nguyễn Văn Hùng (ông nội, chủ hộ),
                 079187000902 Lý Thị Hồng (nộp hồ sơ khai tử), và mọi người trong agencies/seed/README.md
  cán bộ         reception|officer|leader|supervisor . cơ quan, ví dụ officer.civil_status_00004, leader.police_00004
  khác           operator, tester, administrator
`, EN: `
Liên Thông is up. Business clock: %s. Stop with Ctrl-C.

  pages          %s
  API            %s/api/v1      (OpenAPI: %s/openapi.json)
  registries     %s
  sign in        POST %s/api/v1/sessions  {"account": "…"}   no pass phrase in the demonstration

  citizens       001093000103 Nguyễn Minh Tuấn (filed the birth), 001058000101 Nguyễn Văn Hùng (his father, household head),
                 079187000902 Lý Thị Hồng (filed the death), and everyone in agencies/seed/README.md
  clerks         reception|officer|leader|supervisor . office, e.g. officer.civil_status_00004, leader.police_00004
  others         operator, tester, administrator
`}
	fmt.Fprintf(w, text.In(c.Lang), s.Clock.Now().In(calendar.Zone).Format("02/01/2006 15:04"), s.URL, s.URL, s.URL, s.RegistryURL, s.URL)
}
