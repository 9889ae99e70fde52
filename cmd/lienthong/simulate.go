package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"lienthong/engine"
	"lienthong/engine/machine"
	"lienthong/engine/simulate"
	"lienthong/store/memory"
	"lienthong/store/sqlite"
	"lienthong/workflows"
)

type simulateCommand struct {
	Cases       int    `help:"Forms that citizens file." default:"1000"`
	Days        int    `help:"Days that pass." default:"30"`
	Seed        uint64 `help:"Of everything that is drawn." default:"1"`
	Faults      string `help:"none, light, heavy, or a YAML file." default:"none"`
	Plan        string `help:"YAML file that says what differs from the plan as usual." type:"existingfile"`
	Store       string `help:"Where cases are kept: memory, or sqlite in a file that is removed." enum:"memory,sqlite" default:"memory"`
	Definitions string `help:"Folder of definitions, with applications to file in examples/; the shipped ones without it." type:"existingdir"`
	Lang        string `help:"Language of the report: vi or en." enum:"vi,en" default:"vi"`
}

// Run plays a plan and exits with 1 when an invariant broke.
func (c *simulateCommand) Run(e *env) error {
	cfg, err := c.config()
	if err != nil {
		return err
	}
	r, err := c.play(e, cfg)
	if err != nil {
		return err
	}
	if e.asJSON {
		err = e.json(r)
	} else {
		err = r.Print(e.out, c.Lang)
	}
	if err == nil && !r.Good {
		err = errNotGood
	}
	return err
}

// config reads everything that the run needs.
func (c *simulateCommand) config() (simulate.Config, error) {
	cfg := simulate.Config{Seed: c.Seed, Cases: c.Cases, Days: c.Days, Plan: simulate.DefaultPlan(), Reply: workflows.AgreeReply}
	files, examples := workflows.Files(), workflows.Examples()
	if c.Definitions != "" {
		files = os.DirFS(c.Definitions)
		var err error
		if examples, err = fs.Sub(files, "examples"); err != nil {
			return cfg, err
		}
	}
	var err error
	if cfg.Definitions, err = workflows.LoadDir(files); err != nil {
		return cfg, err
	}
	if cfg.Examples, err = readExamples(examples); err != nil {
		return cfg, err
	}
	if c.Plan != "" {
		if cfg.Plan, err = readPlan(c.Plan, cfg.Definitions, cfg.Examples); err != nil {
			return cfg, err
		}
	}
	cfg.Faults, err = readFaults(c.Faults, cfg.Definitions)
	return cfg, err
}

func readFaults(name string, set *machine.Set) (simulate.Faults, error) {
	if f, ok := simulate.NamedFaults(name); ok {
		return f, nil
	}
	b, err := os.ReadFile(name)
	if err != nil {
		return simulate.Faults{}, fmt.Errorf("faults are %s or a file: %w", strings.Join(simulate.FaultNames, ", "), err)
	}
	return simulate.ReadFaults(name, b, set)
}

// readPlan reads a plan; the plans that it rests on stand beside it.
func readPlan(name string, set *machine.Set, examples []simulate.Example) (simulate.Plan, error) {
	b, err := os.ReadFile(name)
	if err != nil {
		return simulate.Plan{}, err
	}
	var known []string
	for _, e := range examples {
		known = append(known, e.Name)
	}
	beside := func(base string) ([]byte, error) { return os.ReadFile(filepath.Join(filepath.Dir(name), base)) }
	return simulate.ReadPlan(name, b, beside, set, known)
}

// readExamples reads applications to file, by name.
func readExamples(files fs.FS) ([]simulate.Example, error) {
	names, err := fs.Glob(files, "*.json")
	if err != nil || len(names) == 0 {
		return nil, errors.Join(err, errors.New("there is no examples/*.json to file"))
	}
	slices.Sort(names)
	var out []simulate.Example
	for _, n := range names {
		b, err := fs.ReadFile(files, n)
		if err != nil {
			return nil, err
		}
		var x workflows.Example
		if err := engine.Unmarshal(b, &x); err != nil {
			return nil, fmt.Errorf("examples/%s: %w", n, err)
		}
		out = append(out, simulate.Example{Name: strings.TrimSuffix(n, ".json"), Service: x.Service, Filed: x.Filed, Requester: x.Requester, Application: x.Application})
	}
	return out, nil
}

// play runs once, with a line of progress.
func (c *simulateCommand) play(e *env, cfg simulate.Config) (*simulate.Report, error) {
	bar := e.progress()
	defer bar.end()
	cfg.Progress = func(p simulate.Progress) {
		bar.show(fmt.Sprintf("day, %d cases open", p.Open), int64(p.Day), int64(p.Days))
	}
	cfg.Store = func(context.Context) (engine.Store, error) { return memory.New(), nil }
	if c.Store == "sqlite" {
		dir, err := os.MkdirTemp("", "lienthong-simulate-")
		if err != nil {
			return nil, err
		}
		defer os.RemoveAll(dir)
		n := 0
		cfg.Store = func(ctx context.Context) (engine.Store, error) {
			n++
			return sqlite.Open(ctx, sqlite.Config{Path: filepath.Join(dir, fmt.Sprintf("%d.db", n)), TakeOver: true})
		}
	}
	return simulate.Run(e.ctx, cfg)
}
