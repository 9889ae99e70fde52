package main

import (
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"time"

	"lienthong/cmd/lienthong/bench"
	"lienthong/engine"
	"lienthong/engine/calendar"
	"lienthong/engine/machine"
	"lienthong/engine/replay"
	"lienthong/store/sqlite"
	"lienthong/workflows"
)

// built is the name of the definitions in the binary.
const built = "built-in"

// definitions compiles those of a folder, or those of the binary.
func definitions(dir string) (*machine.Set, error) {
	if dir == "" || dir == built {
		return workflows.Load()
	}
	files, err := folder(dir)
	if err != nil {
		return nil, err
	}
	return workflows.LoadDir(files)
}

// folder is a folder with definition files; one without any is not the one that was meant.
func folder(dir string) (fs.FS, error) {
	if st, err := os.Stat(dir); err != nil {
		return nil, err
	} else if !st.IsDir() {
		return nil, fmt.Errorf("%s is not a folder of definitions", dir)
	}
	all := os.DirFS(dir)
	if files, err := machine.ReadFiles(all); err == nil && len(files) == 0 { // what cannot be read is told when it is loaded
		return nil, fmt.Errorf("%s is not a folder of definitions: it has no files in services/, procedures/, …", dir)
	}
	return all, nil
}

// reported is what the command says for a program.
type reported struct {
	Good bool   `json:"good"`
	File string `json:"file"`
	*replay.Report
	// Archived cases are in other files and were left out.
	Archived int64   `json:"archived"`
	Took     float64 `json:"took_s"`
	Rate     int64   `json:"cases_per_s"`
	CPU      float64 `json:"cpu_ms_per_case"`
}

// against decides the kept commands again, of one case or of all.
func (c *replayCommand) against(e *env, f *sqlite.File) error {
	defs, err := definitions(c.Against)
	if err != nil {
		return err
	}
	opt, err := c.options(defs)
	if err != nil {
		return err
	}
	var src replay.Lister = f
	if c.Case != "" {
		code, err := caseOf(e.ctx, f, c.Case)
		if err != nil {
			return err
		}
		src = replay.Codes(f, []string{code})
	}
	bar := e.progress()
	began, busy := time.Now(), bench.CPU()
	var seen int64
	r, err := replay.Against(e.ctx, src, defs, opt, 0, c.Found, func(o replay.Outcome) {
		seen++
		bar.show("cases "+thousands(seen), 0, 0)
	})
	bar.end()
	if err != nil {
		return err
	}
	took, used := time.Since(began), bench.CPU()-busy
	out := reported{Good: r.Good(), File: c.DB, Report: r, Took: took.Seconds(), Rate: perSecond(r.Cases, took)}
	if c.Case == "" {
		if out.Archived, err = f.Archived(e.ctx); err != nil {
			return err
		}
	}
	if r.Cases > 0 {
		out.CPU = used.Seconds() * 1000 / float64(r.Cases)
	}
	if e.asJSON {
		err = e.json(out)
	} else {
		c.printReport(e, out)
	}
	if err == nil && !out.Good {
		return errNotGood
	}
	return err
}

// options says which cases are decided again, and under which version. A version that
// one service alone has is meant for that service.
func (c *replayCommand) options(defs *machine.Set) (replay.Options, error) {
	o := replay.Options{Version: c.Version, Service: c.Service}
	if c.From != "" {
		o.From = calendar.Date(c.From).At(0, 0)
	}
	if c.To != "" {
		o.To = calendar.Date(c.To).AddDays(1).At(0, 0)
	}
	var have, known []string
	for _, s := range defs.Services() {
		known = append(known, s.ID+"@"+s.Version)
		if c.Version != "" && s.Version == c.Version {
			have = append(have, s.ID)
		}
	}
	if c.Version != "" && len(have) == 0 || c.Service != "" && !slices.ContainsFunc(defs.Services(), func(s *engine.Service) bool { return s.ID == c.Service }) {
		return o, fmt.Errorf("no service version %q; there are: %s", strings.Trim(c.Service+"@"+c.Version, "@"), strings.Join(known, ", "))
	}
	if len(have) == 1 && o.Service == "" && c.Case == "" {
		o.Service = have[0]
	}
	return o, nil
}

func (c *replayCommand) printReport(e *env, r reported) {
	for _, o := range r.Found {
		fmt.Fprintln(e.out, o.In(c.Lang))
	}
	if r.More > 0 {
		fmt.Fprintf(e.out, c.say("và %s hồ sơ khác nữa (--found)\n", "and %s more cases that are not identical (--found)\n"), thousands(r.More))
	}
	if len(r.Places) > 0 {
		fmt.Fprintln(e.out, c.say("\nchỗ rẽ đầu tiên:", "\nwhere they part first:"))
	}
	for _, p := range r.Places {
		fmt.Fprintf(e.out, c.say("  %8s  %s, ví dụ %s\n", "  %8s  %s, e.g. %s\n"), thousands(p.Cases), p.In(c.Lang), p.Example)
	}
	fmt.Fprintf(e.out, c.say("%s: quyết định lại %s hồ sơ với %s mục trong %.1f giây (%s hồ sơ/giây, %.2f ms xử lý mỗi hồ sơ): %s giống hệt, %s khác đường mà cùng kết thúc, %s kết thúc khác, %s đã xóa dữ liệu, %s không so sánh được\n",
		"%s: %s cases with %s entries decided again in %.1f s (%s cases/s, %.2f ms of CPU each): %s identical, %s otherwise to the same end, %s to a different end, %s erased, %s not comparable\n"),
		r.File, thousands(r.Cases), thousands(r.Entries), r.Took, thousands(r.Rate), r.CPU,
		thousands(r.Identical), thousands(r.SameEnd), thousands(r.OtherEnd), thousands(r.Blank), thousands(r.Unread))
	if r.LeftOut > 0 {
		fmt.Fprintf(e.out, c.say("bỏ qua %s hồ sơ của dịch vụ khác hoặc nộp ngày khác\n", "%s cases of another service or filed on other days were left out\n"), thousands(r.LeftOut))
	}
	c.tellArchived(e, r.Archived)
}
