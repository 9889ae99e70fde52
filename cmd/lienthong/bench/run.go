package bench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"sync/atomic"
	"time"
)

// Report is what Run measured.
type Report struct {
	Job     string    `json:"job"`
	Drivers int       `json:"drivers"`
	Runs    int       `json:"runs"`
	HTTP    bool      `json:"http"`
	Store   string    `json:"store"`
	Figures           // medians of the runs
	All     []Figures `json:"all"` // the runs

	Ceilings *Ceilings `json:"ceilings,omitempty"`
}

// Run measures as configured. Files are made in a new folder under Dir and removed.
func Run(ctx context.Context, c Config) (_ *Report, err error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	c = c.withDefaults()
	if c.Definitions == nil {
		if c.Definitions, err = definitionsOf(c.Job); err != nil {
			return nil, err
		}
	}
	dir, err := os.MkdirTemp(c.Dir, "lienthong-bench-")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	r := &Report{Job: c.Job, Drivers: c.Drivers, Runs: c.Runs, HTTP: c.HTTP, Store: c.Store}
	if c.Ceiling {
		err := c.ceilings(ctx, dir, r)
		r.Figures = medians(r.All)
		return r, err
	}
	for i := range c.Runs {
		f, err := c.ours(ctx, dir, fmt.Sprintf("run-%d", i+1))
		if err != nil {
			return nil, err
		}
		r.All = append(r.All, f)
	}
	r.Figures = medians(r.All)
	return r, nil
}

// ours is one run of the engine on a fresh store.
func (c Config) ours(ctx context.Context, dir, name string) (f Figures, err error) {
	s, err := c.open(ctx, dir, name)
	if err != nil {
		return f, err
	}
	defer func() { err = errors.Join(err, s.close(), s.remove()) }()
	return c.measure(ctx, s)
}

// measure lets the drivers carry their cases over an open stage and counts.
func (c Config) measure(ctx context.Context, s *stage) (Figures, error) {
	drivers := make([]*driver, min(c.Drivers, c.Cases))
	for i := range drivers {
		drivers[i] = &driver{course: courses[c.Job], desks: s.desks, store: s.store}
	}
	stats := s.stats()
	forgetPeak()
	busy, began := CPU(), time.Now()
	var done atomic.Int64
	err := sharing(ctx, c.Drivers, c.Cases, func(ctx context.Context, w, i int) error {
		if c.Limit > 0 && time.Since(began) > c.Limit {
			return errDone
		}
		if err := drivers[w].carry(ctx, i); err != nil {
			return err
		}
		c.tell(s.name, int(done.Add(1)), c.Cases)
		return nil
	})
	carried := time.Since(began)
	if err == nil {
		err = s.rest(ctx)
	}
	if err != nil {
		return Figures{}, err
	}
	whole := time.Since(began)
	f := Figures{Cases: float64(done.Load()), Entries: float64(s.store.entries.Load()), Transitions: float64(s.store.moved.Load()),
		Seconds: whole.Seconds(), Settling: (whole - carried).Seconds(), CPUSeconds: (CPU() - busy).Seconds(), PeakRSS: peak()}
	f.CasesPerSecond, f.EntriesPerSecond, f.TransitionsPerSecond = f.Cases/f.Seconds, f.Entries/f.Seconds, f.Transitions/f.Seconds
	if now := s.stats(); now.Commits > stats.Commits {
		f.Commits = float64(now.Commits - stats.Commits)
		f.EntriesPerCommit, f.CallsPerCommit = f.Entries/f.Commits, float64(now.Calls-stats.Calls)/f.Commits
	}
	f.times(drivers)
	bytes, err := s.size(ctx)
	f.BytesPerCase = float64(bytes-s.before) / f.Cases
	return f, err
}

// times gathers the percentiles of all drivers.
func (f *Figures) times(drivers []*driver) {
	of := func(pick func(*driver) []time.Duration) Times {
		var all []time.Duration
		for _, d := range drivers {
			all = append(all, pick(d)...)
		}
		return timesOf(slices.Clip(all))
	}
	f.Filing = of(func(d *driver) []time.Duration { return d.filings })
	f.Approval = of(func(d *driver) []time.Duration { return d.staff })
	f.Citizen = of(func(d *driver) []time.Duration { return d.citizens })
	f.Opening = of(func(d *driver) []time.Duration { return d.opens })
	f.Case = of(func(d *driver) []time.Duration { return d.whole })
}
