package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"lienthong/engine"
	"lienthong/engine/machine"
	"lienthong/engine/scenario"
	"lienthong/engine/scenario/paths"
	"lienthong/workflows"
)

type testCommand struct {
	Dir  string `arg:"" optional:"" help:"Folder of definitions with scenarios/ beside them; the embedded ones without it." type:"existingdir"`
	Only string `name:"run" help:"Only scenarios whose file or title matches this expression." placeholder:"REGEX"`

	Paths bool `help:"Instead of the stories: drive every transition and every simple path of every procedure through the core, and tell which cannot be driven and why."`

	Lang string `help:"Language of the report: vi or en." enum:"vi,en" default:"vi"`

	match *regexp.Regexp
}

// Validate reads the expression.
func (c *testCommand) Validate() (err error) {
	c.match, err = regexp.Compile(c.Only)
	return err
}

// Run plays the scenarios and fails when one does not end as told.
func (c *testCommand) Run(e *env) error {
	fsys := workflows.Files()
	if c.Dir != "" {
		var err error
		if fsys, err = folder(c.Dir); err != nil {
			return err
		}
	}
	if c.Paths {
		return c.found(e, c.explore(e, fsys))
	}
	reports, err := playAll(e.ctx, fsys, c.match, e.progress())
	if err != nil {
		return c.found(e, err)
	}
	return c.tell(e, reports)
}

// found prints what is wrong with the definitions themselves.
func (c *testCommand) found(e *env, err error) error {
	var bad *machine.FindingsError
	if errors.As(err, &bad) {
		for _, f := range bad.Findings {
			fmt.Fprintln(e.out, f.In(c.Lang))
		}
		return errNotGood
	}
	return err
}

// explore drives the paths of every procedure whose id matches.
func (c *testCommand) explore(e *env, fsys fs.FS) error {
	set, subjects, err := paths.Load(fsys)
	if err != nil {
		return err
	}
	p := e.progress()
	defer p.end()
	var all []paths.Report
	good := true
	for i, s := range subjects {
		if e.ctx.Err() != nil {
			return e.ctx.Err()
		}
		if !c.match.MatchString(s.Name()) {
			continue
		}
		p.show("procedures", int64(i), int64(len(subjects)))
		r, err := paths.Explore(set, s, paths.Bounds{})
		if err != nil {
			return err
		}
		all, good = append(all, r), good && len(r.Missing()) == 0
	}
	p.end()
	if e.asJSON {
		err = e.json(map[string]any{"good": good, "procedures": all})
	} else {
		printPaths(e, all)
	}
	if err == nil && (!good || len(all) == 0) {
		return errNotGood
	}
	return err
}

// printPaths tells for each procedure what was driven, and what was not and why.
func printPaths(e *env, all []paths.Report) {
	for _, r := range all {
		fmt.Fprintf(e.out, "%-30s transitions %d of %d, simple paths %d of %d\n", r.Subject.Name(), len(r.Edges)-len(r.Missing()), len(r.Edges), r.Done(), len(r.Paths))
		for _, x := range r.Missing() {
			fmt.Fprintf(e.out, "  not driven: %s: %s\n", x, r.Why[x])
		}
		why := map[string]int{}
		for _, p := range r.Paths {
			if p.Why != "" {
				why[p.Why]++
			}
		}
		for _, w := range slices.Sorted(maps.Keys(why)) {
			fmt.Fprintf(e.out, "  %d paths not: %s\n", why[w], w)
		}
	}
}

// tell prints the reports.
func (c *testCommand) tell(e *env, reports []scenario.Report) error {
	failed, lines := 0, 0
	var took time.Duration
	for _, r := range reports {
		lines, took = lines+r.Lines, took+r.Took
		if !r.Good {
			failed++
		}
	}
	if e.asJSON {
		if err := e.json(map[string]any{"good": failed == 0, "scenarios": len(reports), "failed": failed, "lines": lines, "reports": reports}); err != nil {
			return err
		}
	} else {
		for _, r := range reports {
			mark := "ok  "
			if !r.Good {
				mark = engine.Text{VI: "HỎNG", EN: "FAIL"}.In(c.Lang)
			}
			fmt.Fprintf(e.out, engine.Text{VI: "%s %-44s %3d dòng  %s\n", EN: "%s %-44s %3d lines  %s\n"}.In(c.Lang), mark, strings.TrimPrefix(r.File, "scenarios/"), r.Lines, r.Title.In(c.Lang))
			for _, f := range r.Findings {
				fmt.Fprintf(e.out, "     %s:%d:%d: %s %s\n", f.File, f.Line, f.Column, f.Message.In(c.Lang), f.Hint.In(c.Lang))
			}
			if r.Failure != nil {
				fmt.Fprint(e.out, "     "+strings.ReplaceAll(r.Failure.In(c.Lang), "\n", "\n     ")+"\n")
			}
		}
		sum := engine.Text{VI: "%d kịch bản, %d dòng, %d không giữ, %s\n", EN: "%d scenarios, %d lines, %d failed, %s\n"}
		fmt.Fprintf(e.out, sum.In(c.Lang), len(reports), lines, failed, took.Round(time.Millisecond))
	}
	if failed > 0 || len(reports) == 0 {
		return errNotGood
	}
	return nil
}

// playAll plays the scenarios of a folder of definitions, two at a time; each has a
// world of its own.
func playAll(ctx context.Context, fsys fs.FS, only *regexp.Regexp, p *progress) ([]scenario.Report, error) {
	defer p.end()
	defs, err := workflows.LoadDir(fsys)
	if err != nil {
		return nil, err
	}
	ws := worlds{defs: defs}
	if ws.examples, err = examplesOf(fsys); err != nil {
		return nil, err
	}
	files, err := scenario.Files(fsys)
	if err != nil {
		return nil, fmt.Errorf("no scenarios: %w", err)
	}
	reports := make([]*scenario.Report, len(files))
	errs := make([]error, len(files))
	var wg sync.WaitGroup
	var mu sync.Mutex
	gate, done := make(chan struct{}, 2), int64(0)
	for i, file := range files {
		wg.Go(func() {
			gate <- struct{}{}
			defer func() { <-gate }()
			if ctx.Err() != nil {
				return
			}
			reports[i], errs[i] = playOne(ctx, ws, fsys, file, only)
			mu.Lock()
			defer mu.Unlock()
			done++
			p.show("scenarios", done, int64(len(files)))
		})
	}
	wg.Wait()
	var out []scenario.Report
	for _, r := range reports {
		if r != nil {
			out = append(out, *r)
		}
	}
	return out, errors.Join(append(errs, ctx.Err())...)
}

// playOne plays a file; nil when it is not asked for.
func playOne(ctx context.Context, ws worlds, fsys fs.FS, file string, only *regexp.Regexp) (*scenario.Report, error) {
	data, err := fs.ReadFile(fsys, file)
	if err != nil {
		return nil, err
	}
	s, found := scenario.Read(file, data)
	if len(found) > 0 {
		if only != nil && !only.MatchString(file) {
			return nil, nil
		}
		return &scenario.Report{File: file, Findings: found}, nil
	}
	if only != nil && !only.MatchString(file) && !only.MatchString(s.Title.VI) && !only.MatchString(s.Title.EN) {
		return nil, nil
	}
	if found := scenario.Link(fsys, s); len(found) > 0 {
		return &scenario.Report{File: file, Title: s.Title, Findings: found}, nil
	}
	began := time.Now()
	r, err := scenario.Run(ctx, ws, ws.book(), s)
	r.Took = time.Since(began)
	return &r, err
}

// examplesOf reads the example applications beside the definitions, or the embedded
// ones where a folder has none of its own.
func examplesOf(fsys fs.FS) (map[string]workflows.Example, error) {
	names, err := fs.Glob(fsys, "examples/*.json")
	if err != nil {
		return nil, err
	}
	sub, _ := fs.Sub(fsys, "examples")
	if len(names) == 0 {
		sub = workflows.Examples()
		if names, err = fs.Glob(sub, "*.json"); err != nil {
			return nil, err
		}
	}
	out := map[string]workflows.Example{}
	for _, n := range names {
		name := strings.TrimSuffix(path.Base(n), ".json")
		if out[name], err = workflows.ReadExample(sub, name); err != nil {
			return nil, err
		}
	}
	return out, nil
}
