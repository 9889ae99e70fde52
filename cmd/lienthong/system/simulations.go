package system

import (
	"context"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"lienthong/api"
	"lienthong/engine"
	"lienthong/engine/machine"
	"lienthong/engine/simulate"
	"lienthong/store/memory"
	"lienthong/workflows"
)

// Simulation is a configuration that plays definitions in memory, with the
// applications of a folder; nil = the shipped ones.
func Simulation(set *machine.Set, applications fs.FS) (simulate.Config, error) {
	cfg := simulate.Config{Definitions: set, Plan: simulate.DefaultPlan(), Reply: workflows.AgreeReply,
		Store: func(context.Context) (engine.Store, error) { return memory.New(), nil }}
	if applications == nil {
		applications = workflows.Examples()
	}
	names, err := fs.Glob(applications, "*.json")
	if err != nil || len(names) == 0 {
		return cfg, fmt.Errorf("there is no examples/*.json to file: %w", fs.ErrNotExist)
	}
	slices.Sort(names)
	for _, n := range names {
		b, err := fs.ReadFile(applications, n)
		if err != nil {
			return cfg, err
		}
		var x workflows.Example
		if err := engine.Unmarshal(b, &x); err != nil {
			return cfg, fmt.Errorf("examples/%s: %w", n, err)
		}
		cfg.Examples = append(cfg.Examples, simulate.Example{Name: strings.TrimSuffix(n, ".json"), Service: x.Service, Filed: x.Filed, Requester: x.Requester, Application: x.Application})
	}
	return cfg, nil
}

// simulation makes a tester's order ready to be played until the process ends.
func (s *System) simulation(o api.SimulationOrder) (api.Play, error) {
	cfg, err := Simulation(s.Definitions, nil)
	if err != nil {
		return nil, err
	}
	cfg.Cases, cfg.Days, cfg.Seed = o.Cases, o.Days, uint64(o.Seed)
	cfg.Faults, _ = simulate.NamedFaults(o.Faults)
	if o.Plan != "" {
		var names []string
		for _, e := range cfg.Examples {
			names = append(names, e.Name)
		}
		if cfg.Plan, err = simulate.ReadPlan("plan", []byte(o.Plan), nil, s.Definitions, names); err != nil {
			return nil, &engine.Error{Code: engine.Invalid, Op: "simulate", Err: err, Problems: []engine.Problem{{Pointer: "/plan", Code: "plan",
				Detail: engine.Text{VI: err.Error(), EN: err.Error()}}}}
		}
	}
	return func(ctx context.Context, progress func(day, open int)) (any, error) {
		ctx, stop := context.WithCancel(ctx)
		defer stop()
		defer context.AfterFunc(s.life, stop)()
		cfg.Progress = func(p simulate.Progress) { progress(p.Day, p.Open) }
		return simulate.Run(ctx, cfg)
	}, nil
}
