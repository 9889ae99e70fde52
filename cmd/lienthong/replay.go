package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"lienthong/cmd/lienthong/bench"
	"lienthong/engine"
	"lienthong/engine/calendar"
	"lienthong/engine/replay"
	"lienthong/store/sqlite"
)

type replayCommand struct {
	DB   string `help:"Database, backup or archive; a server may be running on it." required:"" type:"path"`
	Case string `help:"Rebuild this case and print it; without it all are rebuilt and compared with what is stored."`
	At   *int64 `help:"Rebuild the case as it was after this entry; the last one without it."`

	Against string `help:"Decide the kept commands again under the definitions of this folder, or under the built-in ones (built-in), and tell what comes out otherwise." placeholder:"DIR"`
	Version string `help:"With --against: under this version of the service, whatever day a case was filed on; without it the version it was filed under."`
	Service string `help:"With --against: only cases of this service."`
	From    string `help:"With --against: only cases filed on this day (2026-09-01) or later."`
	To      string `help:"With --against: only cases filed on this day or earlier."`
	Then    string `help:"What if: go on from --at with these commands instead of those that followed: JSON, or a file that holds it." placeholder:"JSON|FILE"`
	GoOn    bool   `help:"With --then: afterwards the kept commands that still apply."`
	Found   int    `help:"With --against: tell at most so many cases; a negative number tells all." default:"100"`

	Lang string `help:"Language: vi or en." enum:"vi,en" default:"vi"`

	CPUProfile string `help:"Write a CPU profile here." name:"cpuprofile" type:"path"`
}

// Validate refuses what makes no sense together.
func (c *replayCommand) Validate() error {
	switch {
	case c.At != nil && (*c.At < 0 || *c.At == 0 && c.Then == "" || c.Case == ""):
		return errors.New("--at needs --case and a number from 1 on (from 0 on with --then)")
	case c.Then != "" && c.Case == "":
		return errors.New("--then needs --case")
	case c.Then == "" && c.GoOn:
		return errors.New("--go-on goes with --then")
	case c.Then == "" && c.Against != "" && c.At != nil:
		return errors.New("--at does not go with --against")
	case c.Version != "" && c.Against == "":
		return errors.New("--version goes with --against")
	case c.Service+c.From+c.To != "" && (c.Against == "" || c.Case != ""):
		return errors.New("--service, --from and --to choose among many cases: they go with --against, without --case")
	}
	for _, day := range []string{c.From, c.To} {
		if _, err := calendar.ParseDate(day); day != "" && err != nil {
			return err
		}
	}
	return nil
}

// say is one of two texts, in the language that was asked for.
func (c *replayCommand) say(vi, en string) string { return engine.Text{VI: vi, EN: en}.In(c.Lang) }

// Run rebuilds one case, or all.
func (c *replayCommand) Run(e *env) (err error) {
	f, err := sqlite.OpenFile(e.ctx, c.DB)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	stop, err := profile(c.CPUProfile)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stop()) }()
	switch {
	case c.Then != "":
		return c.whatIf(e, f)
	case c.Against != "":
		return c.against(e, f)
	case c.Case != "":
		return c.one(e, f)
	}
	return c.all(e, f)
}

// caseOf finds the case of any of its codes.
func caseOf(ctx context.Context, f *sqlite.File, code string) (string, error) {
	found, err := f.CaseOf(ctx, code)
	return found, unknownCase(err, code)
}

// unknownCase says which code no case has.
func unknownCase(err error, code string) error {
	if engine.CodeOf(err) == engine.NotFound {
		return engine.Fail(engine.NotFound, "Không hồ sơ nào có mã "+code+".", "No case has the code "+code+".")
	}
	return err
}

// one prints a case as it was, and compares it when it is asked for as it is.
func (c *replayCommand) one(e *env, f *sqlite.File) error {
	code, err := caseOf(e.ctx, f, c.Case)
	if err != nil {
		return err
	}
	at := int64(0)
	if c.At != nil {
		at = *c.At
	}
	then, err := replay.At(e.ctx, f, code, at)
	if err != nil {
		return err
	}
	r := replay.Result{Case: code}
	if at == 0 {
		if r = replay.Compare(e.ctx, f, code); r.Err != nil {
			return r.Err
		}
	}
	if e.asJSON {
		err = e.json(map[string]any{"good": r.Good(), "case": then, "difference": r.Difference})
	} else {
		err = c.print(e, f, then, r)
	}
	if err == nil && !r.Good() {
		return errNotGood
	}
	return err
}

func (c *replayCommand) print(e *env, f *sqlite.File, then *engine.Case, r replay.Result) error {
	entries, err := f.History(e.ctx, then.Code, 1, int(then.Seq))
	if err != nil {
		return err
	}
	printEntries(e.out, entries)
	c.printCase(e.out, then)
	if r.Difference != nil {
		fmt.Fprintln(e.out, c.say("KHÔNG KHỚP:", "NOT GOOD:"), r.Difference.In(c.Lang))
	}
	return nil
}

func printEntries(w io.Writer, entries []engine.Entry) {
	for _, x := range entries {
		step := x.Command.Step
		if step == "" {
			step = "–"
		}
		fmt.Fprintf(w, "%4d  %s  %-10s %-20s %-24s %s\n", x.Seq, local(x.At), x.Command.Actor.Kind, step, x.Command.Action, x.Command.Actor.ID)
	}
}

func (r *replayCommand) printCase(w io.Writer, c *engine.Case) {
	fmt.Fprintf(w, r.say("\n%s  %s %s  %s %s  sau mục %d lúc %s\n", "\n%s  %s %s  %s %s  after entry %d of %s\n"), c.Code, c.Service, c.Version, c.Status, c.Outcome, c.Seq, local(c.Updated))
	fmt.Fprintf(w, r.say("  %s (%s), nộp %s, về %s\n", "  %s (%s), filed %s, about %s\n"), c.Requester.Name, c.Requester.ID, local(c.Filed), c.Subject())
	for _, d := range c.Dossiers {
		due := ""
		if !d.Clock.Due.IsZero() {
			due = r.say("hạn ", "due ") + local(d.Clock.Due)
		}
		fmt.Fprintf(w, "  %-20s %-22s %-8s %-16s %-24s %s\n", d.Step, d.Code, d.Status, d.State, d.Office, due)
	}
}

func local(t time.Time) string { return t.In(calendar.Zone).Format("2006-01-02 15:04:05") }

// tellArchived says how many cases were not looked at.
func (c *replayCommand) tellArchived(e *env, n int64) {
	if n > 0 {
		fmt.Fprintf(e.out, c.say("%s hồ sơ nằm trong tệp lưu trữ nên chưa xem: chạy replay cả với các tệp đó\n",
			"%s cases are in archive files and were left out: replay those files too\n"), thousands(n))
	}
}

// all compares every case.
func (c *replayCommand) all(e *env, f *sqlite.File) error {
	type bad struct {
		Case       string             `json:"case"`
		Difference *replay.Difference `json:"difference,omitempty"`
		Error      string             `json:"error,omitempty"`
	}
	found := []bad{}
	var entries, erased, seen int64
	bar := e.progress()
	began, busy := time.Now(), bench.CPU()
	n, err := replay.All(e.ctx, f, 0, func(r replay.Result) {
		seen++
		entries += r.Entries
		if r.Erased {
			erased++
		}
		bar.show("cases "+thousands(seen), 0, 0)
		if r.Good() {
			return
		}
		b := bad{Case: r.Case, Difference: r.Difference}
		what := ""
		if r.Err != nil {
			b.Error, what = r.Err.Error(), r.Err.Error()
		} else {
			what = r.Difference.In(c.Lang)
		}
		found = append(found, b)
		if !e.asJSON {
			bar.end()
			fmt.Fprintf(e.out, "%s: %s\n", r.Case, what)
		}
	})
	bar.end()
	archived, aerr := f.Archived(e.ctx)
	if err = errors.Join(err, aerr); err != nil {
		return err
	}
	took, each := time.Since(began), 0.0
	if n > 0 {
		each = (bench.CPU() - busy).Seconds() * 1000 / float64(n)
	}
	if e.asJSON {
		err = e.json(map[string]any{"good": len(found) == 0, "cases": n, "entries": entries, "erased": erased, "archived": archived, "found": found,
			"took_s": took.Seconds(), "cases_per_s": perSecond(int64(n), took), "cpu_ms_per_case": each})
	} else {
		fmt.Fprintf(e.out, c.say("%s: dựng lại %s hồ sơ từ %s mục trong %.1f giây (%s hồ sơ/giây, %.2f ms xử lý mỗi hồ sơ), bỏ qua %s hồ sơ đã xóa dữ liệu; %s hồ sơ khác với bản lưu\n",
			"%s: %s cases rebuilt from %s entries in %.1f s (%s cases/s, %.2f ms of CPU each), %s with erased payloads left out; %s differ\n"), c.DB,
			thousands(int64(n)), thousands(entries), took.Seconds(), thousands(perSecond(int64(n), took)), each, thousands(erased), thousands(int64(len(found))))
		c.tellArchived(e, archived)
	}
	if err == nil && len(found) > 0 {
		return errNotGood
	}
	return err
}
