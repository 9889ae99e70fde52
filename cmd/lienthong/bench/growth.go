package bench

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"lienthong/engine/machine"
	"lienthong/store/sqlite"
	"lienthong/workflows"
)

// GrowthConfig says how far a database is to grow and what is measured on the way.
// Database, Finished and Open are needed; every other zero value means the default
// named beside it.
type GrowthConfig struct {
	Database string   // the file; what is in it already is left alone, if it was made here
	Finished int      // finished cases at the end
	Open     int      // open ones at the end; at a smaller size there are proportionally fewer
	At       []int    // numbers of finished cases at which to measure, beside the end
	Seed     uint64   // of everything that is drawn; 1
	Workers  int      // that make cases at once; 3
	Samples  int      // of each question, warm; 300
	Cold     int      // of each question, cold; 20; below 0 = none
	Skip     bool     // only load
	Only     []string // questions whose name contains one of these; nil = all
	HTTP     bool     // people act and ask over TCP, through the server's own surface, signed in; none of it cold
	Counted  int      // entries to be counted for the indicators before they are asked for; 0 = all

	Definitions *machine.Set                     // nil = the embedded ones
	Tell        func(format string, args ...any) // hears of the progress; nil = nobody
}

// Validate names everything that is missing or out of range.
func (c GrowthConfig) Validate() error {
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf("growth: "+format, args...)) }
	if c.Database == "" {
		bad("no database")
	}
	if c.Finished < 1 || c.Open < 1 || c.Finished > maxGrown || c.Open > maxGrown/10 {
		bad("%d finished and %d open cases: want 1 to %d and 1 to %d", c.Finished, c.Open, maxGrown, maxGrown/10)
	}
	for _, n := range c.At {
		if n < 1 || n > c.Finished {
			bad("measuring at %d of %d cases", n, c.Finished)
		}
	}
	if c.Workers < 0 || c.Samples < 0 || c.Counted < 0 {
		bad("a bound is negative")
	}
	return errors.Join(errs...)
}

// maxGrown is how many cases can be made without a second one about the same person.
const maxGrown = 3_000_000

func (c GrowthConfig) withDefaults() GrowthConfig {
	for _, d := range []struct {
		v   *int
		def int
	}{{&c.Workers, 3}, {&c.Samples, 300}, {&c.Cold, 20}} {
		if *d.v == 0 {
			*d.v = d.def
		}
	}
	if c.Seed == 0 {
		c.Seed = 1
	}
	if c.Tell == nil {
		c.Tell = func(string, ...any) {}
	}
	return c
}

// GrowthReport is what Grow found.
type GrowthReport struct {
	Until time.Time `json:"until"` // business time at which the load ends
	Sizes []Size    `json:"sizes"`
}

// Grow fills a database with finished and open cases and measures, at each size,
// how long people and the runtime wait.
func Grow(ctx context.Context, c GrowthConfig) (*GrowthReport, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	c = c.withDefaults()
	var err error
	if c.Definitions == nil {
		if c.Definitions, err = workflows.Load(); err != nil {
			return nil, err
		}
	}
	g, err := planBeside(c.Database, c.Seed, time.Now())
	if err != nil {
		return nil, err
	}
	l, err := newLoader(ctx, c.Definitions, g, c.Finished, c.Open, c.Workers)
	if err != nil {
		return nil, err
	}
	l.tell = c.Tell
	report := &GrowthReport{Until: g.Until}
	for _, n := range slices.Compact(slices.Sorted(slices.Values(append(slices.Clone(c.At), c.Finished)))) {
		s, err := c.size(ctx, l, g, n)
		if err != nil {
			return report, err
		}
		report.Sizes = append(report.Sizes, *s)
	}
	return report, nil
}

// size loads up to a number of finished cases and measures.
func (c GrowthConfig) size(ctx context.Context, l *loader, plan grown, n int) (*Size, error) {
	s := &Size{Finished: n, Open: max(1, c.Open*n/c.Finished)}
	if err := c.load(ctx, l, s); err != nil {
		return nil, err
	}
	var err error
	if s.Bytes, err = bytesOf(ctx, c.Database); err != nil {
		return nil, err
	}
	c.Tell("%d finished and %d open cases in %.2f GB", s.Finished, s.Open, float64(s.Bytes)/1e9)
	if c.Skip {
		return s, nil
	}
	g := &gauge{path: c.Database, defs: c.Definitions, until: plan.Until, samples: c.Samples, cold: c.Cold, http: c.HTTP, only: c.Only, counted: c.Counted, tell: c.Tell}
	if g.wants(acts...) {
		if g.children, err = c.unborn(ctx); err != nil {
			return nil, err
		}
	}
	file, err := sqlite.OpenFile(ctx, c.Database)
	if err != nil {
		return nil, err
	}
	s.Probes, err = g.measure(ctx, draws{l, s.Finished, s.Open, c.Definitions.Offices(), ctx, file})
	return s, errors.Join(err, file.Close())
}

func (c GrowthConfig) load(ctx context.Context, l *loader, s *Size) (err error) {
	store, err := sqlite.Open(ctx, sqlite.Config{Path: c.Database, MaxBatchBytes: 32 << 20})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	before := l.done.Load()
	began := time.Now()
	err = l.load(ctx, store, s.Finished, s.Open)
	s.Loaded, s.Seconds = l.done.Load()-before, time.Since(began).Seconds()
	if err != nil {
		return err
	}
	began = time.Now()
	bound, err := store.Bind(ctx) // as a server does by itself
	if bound > 0 {
		c.Tell("%d dossiers that ended were bound in %.0f s", bound, time.Since(began).Seconds())
	}
	return err
}

// unborn is the first child whom no earlier measurement has filed for.
func (c GrowthConfig) unborn(ctx context.Context) (n int, err error) {
	store, err := sqlite.Open(ctx, sqlite.Config{Path: c.Database})
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	free := func(i int) (bool, error) {
		_, err := store.Holder(ctx, "birth:"+notice(familyOf(i).commune.Province, i))
		return isNotFound(err), ignoreNotFound(err)
	}
	for step := 1 << 20; step > 0; step /= 2 {
		ok, err := free(n + step - 1)
		if err != nil {
			return 0, err
		}
		if !ok {
			n += step
		}
	}
	return n, nil
}
