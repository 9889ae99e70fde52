package main

import (
	"fmt"
	"os"
	"time"

	"lienthong/cmd/lienthong/bench"
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
	if st, err := os.Stat(dir); err != nil {
		return nil, err
	} else if !st.IsDir() {
		return nil, fmt.Errorf("%s is not a folder of definitions", dir)
	}
	return workflows.LoadDir(os.DirFS(dir))
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
	var src replay.Lister = f
	if c.Case != "" {
		code, err := f.CaseOf(e.ctx, c.Case)
		if err != nil {
			return err
		}
		src = replay.Codes(f, []string{code})
	}
	bar := e.progress()
	began, busy := time.Now(), bench.CPU()
	var seen int64
	r, err := replay.Against(e.ctx, src, defs, replay.Options{Version: c.Version}, 0, c.Found, func(o replay.Outcome) {
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
		out.print(e)
	}
	if err == nil && !out.Good {
		return errNotGood
	}
	return err
}

func (r reported) print(e *env) {
	for _, o := range r.Found {
		fmt.Fprintln(e.out, o)
	}
	if r.More > 0 {
		fmt.Fprintf(e.out, "and %s more cases that are not identical (--found)\n", thousands(r.More))
	}
	if len(r.Places) > 0 {
		fmt.Fprintln(e.out, "\nwhere they part first:")
	}
	for _, p := range r.Places {
		fmt.Fprintf(e.out, "  %8s  %s %s  %s %s in %s: %s, e.g. %s\n", thousands(p.Cases), p.Service, p.Under, p.Step, p.Action, p.State, p.Kind, p.Example)
	}
	fmt.Fprintf(e.out, "%s: %s cases with %s entries decided again in %.1f s (%s cases/s, %.2f ms of CPU each): %s identical, %s otherwise to the same end, %s to a different end, %s erased, %s not comparable\n",
		r.File, thousands(r.Cases), thousands(r.Entries), r.Took, thousands(r.Rate), r.CPU,
		thousands(r.Identical), thousands(r.SameEnd), thousands(r.OtherEnd), thousands(r.Blank), thousands(r.Unread))
	tellArchived(e, r.Archived)
}
