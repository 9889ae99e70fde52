package chaos

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Config says what to run. Self is required.
type Config struct {
	// Self starts this binary again with the arguments of a verb (serve, agencies).
	Self func(args ...string) *exec.Cmd
	// Length is how long the faults strike, all together; settling comes on top.
	Length time.Duration
	Seed   uint64
	Only   []string // names of faults; empty = all
	Dir    string   // where files are kept; "" = a temporary folder, removed when all is good
	// Drivers is how many people act at once; 64 when 0.
	Drivers int
	// Rounds is how often a fault strikes at least, whatever the length; 0 = by length.
	Rounds int
	// Settle is how long nothing may move after the last blow while cases are open, and
	// how long what is owed may take to be delivered then; 5 min when 0.
	Settle time.Duration
	// Say receives progress, a line at a time; nil = silence.
	Say func(format string, args ...any)
}

// Fault is one way of hurting the system.
type Fault struct {
	Name, Title string
	weight      float64 // its part of the time
	run         func(context.Context, *trial) ([]Row, error)
}

// Faults lists every fault in the order in which they run.
func Faults() []Fault {
	return []Fault{
		killServer, killRegistries, powerLoss, floods, badRegistries, brokenDisk, badRelay,
	}
}

// trial is one fault being run.
type trial struct {
	Config
	fault  Fault
	dir    string
	length time.Duration
	rng    *rand.Rand
}

// Run runs the faults one after the other and reports every one. The error is of
// the harness itself, and the report says it too; what the system did wrong is in
// the report's rows.
func Run(ctx context.Context, c Config) (*Report, error) {
	chosen, err := c.complete()
	if err != nil {
		return nil, err
	}
	r := &Report{Seed: c.Seed, Began: time.Now()}
	err = r.run(ctx, c, chosen)
	r.Took = time.Since(r.Began)
	if err != nil {
		r.Broke = err.Error()
	}
	return r, err
}

// run runs the chosen faults and enters what they came to.
func (r *Report) run(ctx context.Context, c Config, chosen []Fault) (err error) {
	temporary := c.Dir == ""
	if temporary {
		if c.Dir, err = os.MkdirTemp("", "lienthong-chaos-"); err != nil {
			return err
		}
	}
	whole := 0.0
	for _, f := range chosen {
		whole += f.weight
	}
	r.Dir = c.Dir
	for _, f := range chosen {
		t := &trial{Config: c, fault: f, dir: filepath.Join(c.Dir, f.Name),
			length: time.Duration(float64(c.Length) * f.weight / whole), rng: source(c.Seed, f.Name)}
		c.Say("%s: %s, seed %d, %s", f.Name, f.Title, c.Seed, t.length.Round(time.Second))
		if err := os.MkdirAll(t.dir, 0o700); err != nil {
			return err
		}
		rows, err := f.run(ctx, t)
		for i := range rows {
			rows[i].Fault = f.Name
		}
		r.Rows = append(r.Rows, rows...)
		if err != nil {
			return fmt.Errorf("%s: %w (files in %s)", f.Name, err, t.dir)
		}
		if temporary && good(rows) {
			if err := os.RemoveAll(t.dir); err != nil {
				return err
			}
		}
	}
	if temporary && r.Good() {
		r.Dir = ""
		return os.RemoveAll(c.Dir)
	}
	return nil
}

// complete checks the configuration, fills in defaults, and picks the faults.
func (c *Config) complete() ([]Fault, error) {
	if c.Self == nil {
		return nil, errors.New("chaos: Self is missing")
	}
	if c.Length < 0 || c.Drivers < 0 || c.Rounds < 0 || c.Settle < 0 {
		return nil, errors.New("chaos: a length or a number is negative")
	}
	if c.Drivers == 0 {
		c.Drivers = 64
	}
	if c.Settle == 0 {
		c.Settle = 5 * time.Minute
	}
	if c.Say == nil {
		c.Say = func(string, ...any) {}
	}
	return Chosen(c.Only)
}

// Chosen are the faults of these names, or all; the error names one that there is not.
func Chosen(only []string) ([]Fault, error) {
	all := Faults()
	if len(only) == 0 {
		return all, nil
	}
	var names []string
	var chosen []Fault
	for _, f := range all {
		names = append(names, f.Name)
		if slices.Contains(only, f.Name) {
			chosen = append(chosen, f)
		}
	}
	for _, n := range only {
		if !slices.Contains(names, n) {
			return nil, fmt.Errorf("no fault %q; there are: %s", n, strings.Join(names, ", "))
		}
	}
	return chosen, nil
}

// source is the randomness of one fault: the same for the same seed, whatever
// other faults run.
func source(seed uint64, name string) *rand.Rand {
	h := fnv.New64a()
	_, _ = h.Write([]byte(name)) // never fails
	return rand.New(rand.NewPCG(seed, h.Sum64()))
}

// between draws a duration.
func between(r *rand.Rand, from, to time.Duration) time.Duration {
	if to <= from {
		return from
	}
	return from + time.Duration(r.Int64N(int64(to-from)))
}

// rest waits, unless ctx ends first.
func rest(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}
