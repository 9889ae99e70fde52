package simulate

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"

	"lienthong/engine"
	"lienthong/engine/calendar"
)

// Shrunk is a failing run made small.
type Shrunk struct {
	Config  Config
	Failure *Failure
	Runs    int // how many were played to find it
}

// MaxShrinkRuns is how many runs Shrink plays where the caller does not say.
const MaxShrinkRuns = 120

// Shrink makes a failing run small: fewer citizens, fewer faults, fewer days, as long
// as the same invariant breaks. It plays at most so many runs (0 = MaxShrinkRuns),
// one after the other; the same failing run always shrinks to the same one. tell is
// told what is left (nil = nobody asks).
func Shrink(ctx context.Context, cfg Config, failed *Failure, runs int, tell func(citizens, faults, days int)) (*Shrunk, error) {
	if runs <= 0 {
		runs = MaxShrinkRuns
	}
	s := &shrinking{ctx: ctx, left: runs, invariant: failed.Invariant, tell: tell}
	s.best = Shrunk{Config: cfg, Failure: failed}
	s.best.Config.Progress = nil
	s.citizens(failed)
	s.faults()
	s.days()
	s.citizens(s.best.Failure) // what faults and days left room for
	s.best.Runs = runs - s.left
	return &s.best, s.err
}

type shrinking struct {
	ctx       context.Context
	left      int
	invariant string
	best      Shrunk
	tell      func(citizens, faults, days int)
	err       error
}

// try plays a smaller run and keeps it when the same promise breaks.
func (s *shrinking) try(change func(*Config)) bool {
	if s.left <= 0 || s.err != nil {
		return false
	}
	s.left--
	cfg := s.best.Config
	change(&cfg)
	r, err := Run(s.ctx, cfg)
	if err != nil {
		s.err = err
		return false
	}
	if r.Failure == nil || r.Failure.Invariant != s.invariant {
		return false
	}
	s.best.Config, s.best.Failure = cfg, r.Failure
	if s.tell != nil {
		s.tell(len(cfg.Only), len(r.Failure.Struck), cfg.Days)
	}
	return true
}

// citizens leaves people out: first all but the one whose case it is, then all who
// had no open case, then half of them, a quarter, …
func (s *shrinking) citizens(f *Failure) {
	var one int
	if n, _ := fmt.Sscanf(f.Citizen, "c%d", &one); n == 1 {
		if len(s.best.Config.Only) == 1 || s.try(func(c *Config) { c.Only = []int{one} }) {
			return
		}
	}
	if len(f.Filed) > 0 && (s.best.Config.Only == nil || len(f.Filed) < len(s.best.Config.Only)) {
		s.try(func(c *Config) { c.Only = f.Filed })
	}
	all := s.best.Config.Only
	if all == nil {
		for n := range s.best.Config.Cases {
			all = append(all, n)
		}
	}
	fewer(all, func(some []int) bool { return s.left > 0 && s.try(func(c *Config) { c.Only = some }) })
}

// faults leaves faults out, and when none is needed the nodes and their clocks too.
func (s *shrinking) faults() {
	if s.try(func(c *Config) { c.Faults, c.Struck = Faults{Name: "none"}, nil }) {
		return
	}
	if s.try(func(c *Config) { c.Struck = []string{} }) {
		s.try(func(c *Config) { c.Faults.Skew = 0 })
		return
	}
	fewer(s.best.Failure.Struck, func(some []string) bool {
		return s.left > 0 && s.try(func(c *Config) { c.Struck = slices.Clone(some) })
	})
	s.try(func(c *Config) { c.Faults.Skew = 0 })
	s.try(func(c *Config) { c.Faults.Nodes = 1 })
}

// days ends the run when the promise is broken.
func (s *shrinking) days() {
	last := int(s.best.Failure.At.Sub(s.best.Config.Plan.Start.At(0, 0)).Hours())/24 + 1
	if last < s.best.Config.Days {
		s.try(func(c *Config) { c.Over, c.Days = cmp.Or(c.Over, c.Days), last })
	}
}

// fewer leaves out parts of a list, large ones first, as long as what is left will do
// (delta debugging).
func fewer[T any](list []T, does func([]T) bool) {
	for size := (len(list) + 1) / 2; size >= 1; size /= 2 {
		for from := 0; from < len(list) && len(list) > 1; {
			rest := slices.Concat(list[:from], list[min(from+size, len(list)):])
			if len(rest) > 0 && does(rest) {
				list = rest
			} else {
				from += size
			}
		}
	}
}

// Fixture is a run worth keeping: it broke a promise once, or shows how one is held.
type Fixture struct {
	Why       string   `json:"why"`       // what it is about
	Invariant string   `json:"invariant"` // the one that broke
	Seed      uint64   `json:"seed"`
	Cases     int      `json:"cases"`
	Days      int      `json:"days"`
	Over      int      `json:"over,omitempty"` // days over which citizens file; 0 = Days
	Only      []int    `json:"only"`           // citizens; null = all
	Struck    []string `json:"struck"`         // faults; null = all that are drawn
	Plan      Plan     `json:"plan"`
	Faults    Faults   `json:"faults"`
}

// FixtureOf keeps what a configuration and its failure (nil = it held) say.
func FixtureOf(cfg Config, f *Failure) Fixture {
	if f == nil {
		f = &Failure{}
	}
	return Fixture{Why: f.Why, Invariant: f.Invariant, Seed: cfg.Seed, Cases: cfg.Cases, Days: cfg.Days, Over: cfg.Over, Only: cfg.Only, Struck: cfg.Struck, Plan: cfg.Plan, Faults: cfg.Faults}
}

// Write writes the fixture as JSON.
func (x Fixture) Write(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetIndent("", " ")
	return e.Encode(x)
}

// ReadFixture reads what Write has written.
func ReadFixture(b []byte) (Fixture, error) {
	var x Fixture
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(&x); err != nil {
		return x, &engine.Error{Code: engine.Invalid, Op: "simulate.fixture", Err: err, Detail: engine.Text{VI: "Tệp mẫu lỗi không đọc được", EN: "the fixture cannot be read"}}
	}
	if !calendar.Date(x.Plan.Start).Valid() {
		return x, engine.Fail(engine.Invalid, "Tệp mẫu lỗi không có ngày bắt đầu", "the fixture has no first day")
	}
	return x, nil
}

// On is a configuration that plays the fixture with the definitions, examples and
// store of another one.
func (x Fixture) On(cfg Config) Config {
	cfg.Seed, cfg.Cases, cfg.Days, cfg.Over, cfg.Only, cfg.Struck, cfg.Plan, cfg.Faults = x.Seed, x.Cases, x.Days, x.Over, x.Only, x.Struck, x.Plan, x.Faults
	return cfg
}
