package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime/pprof"
	"strings"

	"lienthong/cmd/lienthong/system"
	"lienthong/engine"
	"lienthong/engine/machine"
	"lienthong/engine/simulate"
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
	Compare     string `help:"Another plan, played too: both stand side by side." type:"existingfile"`
	HTML        string `help:"Write the report with charts to this file." type:"path"`
	Write       string `help:"Keep the run in this file: the failing one as small as it gets, or this one." type:"path"`
	Fixture     string `help:"Play a run that was kept; cases, days, seed, plan and faults are those of the file." type:"existingfile"`
	Cpuprofile  string `help:"Write a processor profile of the run to this file." type:"path"`
	Lang        string `help:"Language of the report: vi or en." enum:"vi,en" default:"vi"`

	over func(engine.Store) engine.Store // tests put a store that breaks a promise over the true one
}

// Validate refuses what makes no sense together.
func (c *simulateCommand) Validate() error {
	if c.Fixture != "" && (c.Plan != "" || c.Compare != "") {
		return errors.New("--fixture has a plan of its own")
	}
	if c.Fixture == "" && (c.Cases < 1 || c.Cases > simulate.MaxCases || c.Days < 1 || c.Days > simulate.MaxDays) {
		return fmt.Errorf("%d cases, %d days: want 1 to %d and 1 to %d", c.Cases, c.Days, simulate.MaxCases, simulate.MaxDays)
	}
	return nil
}

// Run plays a plan, or two, and exits with 1 when an invariant broke.
func (c *simulateCommand) Run(e *env) error {
	cfg, err := c.config()
	if err != nil {
		return err
	}
	stop, err := profile(c.Cpuprofile)
	if err != nil {
		return err
	}
	r, err := c.play(e, &cfg)
	if err = errors.Join(err, stop()); err != nil {
		return err
	}
	reports := []*simulate.Report{r}
	if c.Compare != "" {
		other := cfg
		if other.Plan, err = readPlan(c.Compare, cfg.Definitions, cfg.Examples); err != nil {
			return err
		}
		if r, err = c.play(e, &other); err != nil {
			return err
		}
		reports = append(reports, r)
	}
	if err := c.tell(e, reports); err != nil {
		return err
	}
	if c.HTML != "" {
		var b bytes.Buffer
		if err := errors.Join(simulate.HTML(&b, c.Lang, reports...), os.WriteFile(c.HTML, b.Bytes(), 0o644)); err != nil {
			return err
		}
	}
	if err := c.keep(e, cfg, reports[0]); err != nil {
		return err
	}
	for _, r := range reports {
		if !r.Good {
			return errNotGood
		}
	}
	return nil
}

func (c *simulateCommand) tell(e *env, reports []*simulate.Report) error {
	switch {
	case e.asJSON && len(reports) > 1:
		return e.json(reports)
	case e.asJSON:
		return e.json(reports[0])
	case len(reports) > 1:
		return simulate.Compare(e.out, c.Lang, reports[0], reports[1])
	}
	return reports[0].Print(e.out, c.Lang)
}

// keep shrinks a failing run, tells what is left, and writes it where that was asked
// for.
func (c *simulateCommand) keep(e *env, cfg simulate.Config, r *simulate.Report) error {
	x := simulate.FixtureOf(cfg, r.Failure)
	if r.Failure != nil {
		bar := e.progress()
		done, err := c.stores(&cfg)
		if err != nil {
			return err
		}
		defer done()
		s, err := simulate.Shrink(e.ctx, cfg, r.Failure, 0, func(citizens, faults, days int) {
			bar.show(fmt.Sprintf("shrinking: %d citizens, %d faults, %d days", citizens, faults, days), 0, 0)
		})
		bar.end()
		if err != nil {
			return err
		}
		x = simulate.FixtureOf(s.Config, s.Failure)
		if !e.asJSON {
			words := engine.Text{VI: "\nthu nhỏ sau %d lần chạy, còn người nộp %v, %d lỗi, %d ngày: %s: %s\n", EN: "\nshrunk in %d runs to citizens %v, %d faults, %d days: %s: %s\n"}
			fmt.Fprintf(e.out, words.In(c.Lang), s.Runs, x.Only, len(s.Failure.Struck), x.Days, x.Invariant, x.Why)
			for _, id := range s.Failure.Struck {
				fmt.Fprintln(e.out, " ", engine.Text{VI: "lỗi:", EN: "fault:"}.In(c.Lang), id)
			}
		}
	}
	if c.Write == "" {
		return nil
	}
	var b bytes.Buffer
	return errors.Join(x.Write(&b), os.WriteFile(c.Write, b.Bytes(), 0o644))
}

// profile starts a processor profile; stop ends it.
func profile(file string) (stop func() error, err error) {
	if file == "" {
		return func() error { return nil }, nil
	}
	f, err := os.Create(file)
	if err != nil {
		return nil, err
	}
	if err := pprof.StartCPUProfile(f); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return func() error {
		pprof.StopCPUProfile()
		return f.Close()
	}, nil
}

// config reads everything that the run needs.
func (c *simulateCommand) config() (simulate.Config, error) {
	set, err := workflows.Load()
	var applications fs.FS
	if c.Definitions != "" {
		applications = os.DirFS(filepath.Join(c.Definitions, "examples"))
		set, err = definitions(c.Definitions)
	}
	if err != nil {
		return simulate.Config{}, err
	}
	cfg, err := system.Simulation(set, applications)
	if err != nil {
		return cfg, err
	}
	cfg.Seed, cfg.Cases, cfg.Days = c.Seed, c.Cases, c.Days
	if c.Plan != "" {
		if cfg.Plan, err = readPlan(c.Plan, cfg.Definitions, cfg.Examples); err != nil {
			return cfg, err
		}
	}
	if cfg.Faults, err = readFaults(c.Faults, cfg.Definitions); err != nil || c.Fixture == "" {
		return cfg, err
	}
	b, err := os.ReadFile(c.Fixture)
	if err != nil {
		return cfg, err
	}
	x, err := simulate.ReadFixture(b)
	return x.On(cfg), err
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

// play runs once, with a line of progress.
func (c *simulateCommand) play(e *env, cfg *simulate.Config) (*simulate.Report, error) {
	bar := e.progress()
	defer bar.end()
	done, err := c.stores(cfg)
	if err != nil {
		return nil, err
	}
	defer done()
	watched := *cfg
	watched.Progress = func(p simulate.Progress) {
		bar.show(fmt.Sprintf("day, %d cases open", p.Open), int64(p.Day), int64(p.Days))
	}
	return simulate.Run(e.ctx, watched)
}

// stores says where each run keeps its cases; done removes what it left.
func (c *simulateCommand) stores(cfg *simulate.Config) (done func(), err error) {
	done = func() {}
	if c.Store == "sqlite" { // otherwise in memory, as it is
		dir, err := os.MkdirTemp("", "lienthong-simulate-")
		if err != nil {
			return nil, err
		}
		n := 0
		cfg.Store = func(ctx context.Context) (engine.Store, error) {
			n++
			return sqlite.Open(ctx, sqlite.Config{Path: filepath.Join(dir, fmt.Sprintf("%d.db", n)), TakeOver: true})
		}
		done = func() { os.RemoveAll(dir) }
	}
	if open := cfg.Store; c.over != nil {
		cfg.Store = func(ctx context.Context) (engine.Store, error) {
			s, err := open(ctx)
			if err != nil {
				return nil, err
			}
			return c.over(s), nil
		}
	}
	return done, nil
}
