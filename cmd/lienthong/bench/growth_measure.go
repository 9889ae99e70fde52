package bench

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"time"

	"lienthong/engine/machine"
	"lienthong/engine/runtime"
	"lienthong/store/sqlite"
	"lienthong/workflows"
)

// Probed is what one probe took.
type Probed struct {
	Name string `json:"name"`
	Warm Times  `json:"warm_ms"`
	CPU  *Times `json:"cpu_ms,omitempty"`  // of the warm ones; nil = it was not alone in the process
	Cold *Times `json:"cold_ms,omitempty"` // nil = not measured cold
}

// Size is one size of the database with what was measured at it.
type Size struct {
	Finished int      `json:"finished"`
	Open     int      `json:"open"`
	Bytes    int64    `json:"bytes"` // of the file, the log moved into it
	Loaded   int64    `json:"loaded"`
	Seconds  float64  `json:"seconds"` // that loading took
	Probes   []Probed `json:"probes"`
}

// gauge measures one database.
type gauge struct {
	path     string
	defs     *machine.Set
	until    time.Time
	samples  int // warm ones
	cold     int
	only     []string
	counted  int // entries to be counted for the indicators before they are asked for; 0 = all
	children int // the next child to be filed: no two runs share one
	tell     func(format string, args ...any)
}

// acts are what acts measures, at once.
var acts = []string{"filing", "approving (any act of staff)", "confirming, consenting", "opening a case, logged"}

// wants tells whether one of the names is asked for.
func (g *gauge) wants(names ...string) bool {
	return len(g.only) == 0 || slices.ContainsFunc(names, func(name string) bool {
		return slices.ContainsFunc(g.only, func(part string) bool { return strings.Contains(name, part) })
	})
}

// measure asks everything, warm and cold.
func (g *gauge) measure(ctx context.Context, d draws) ([]Probed, error) {
	var out []Probed
	for _, p := range slices.Concat(d.lists(), d.indicators(), d.engineRoom()) {
		if !g.wants(p.name) {
			continue
		}
		if strings.HasPrefix(p.name, "indicators") {
			if err := g.count(ctx); err != nil {
				return nil, err
			}
		}
		warm, cpu, err := g.warm(ctx, p)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", p.name, err)
		}
		x := Probed{Name: p.name, Warm: warm, CPU: &cpu}
		told := fmt.Sprintf("  %-28s warm %s   processor p50 %.2f  p99 %.2f", p.name, warm, cpu.P50, cpu.P99)
		if g.cold > 0 {
			cold, err := g.freshly(ctx, p)
			if err != nil {
				return nil, fmt.Errorf("%s, cold: %w", p.name, err)
			}
			x.Cold = &cold
			told += fmt.Sprintf("   cold p50 %.2f", cold.P50)
		}
		g.tell("%s", told)
		out = append(out, x)
	}
	if !g.wants(acts...) {
		return out, nil
	}
	did, err := g.acts(ctx)
	return append(did, out...), err
}

// count brings the sums of the indicators up to date, as far as asked.
func (g *gauge) count(ctx context.Context) (err error) {
	s, err := g.open(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	const step, telling = 2000, 200_000
	began, entries := time.Now(), 0
	for g.counted == 0 || entries < g.counted {
		n, err := s.Project(ctx, step)
		if err != nil || n == 0 {
			return err
		}
		if entries += n; entries%telling < step {
			g.tell("%d entries counted for the indicators in %.0f s", entries, time.Since(began).Seconds())
		}
	}
	return nil
}

func (g *gauge) open(ctx context.Context) (*sqlite.Store, error) {
	return sqlite.Open(ctx, sqlite.Config{Path: g.path})
}

// warm asks often, after having asked a while. The processor time is that of the
// whole process: nothing else goes on in it.
func (g *gauge) warm(ctx context.Context, p probe) (_, _ Times, err error) {
	s, err := g.open(ctx)
	if err != nil {
		return Times{}, Times{}, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	r := rand.New(rand.NewPCG(7, 7))
	var took, used []time.Duration
	for range (rounds + 1) * g.samples {
		ask := p.make(r)
		began, cpu := time.Now(), CPU()
		if err := ask(ctx, s); err != nil {
			return Times{}, Times{}, err
		}
		took, used = append(took, time.Since(began)), append(used, CPU()-cpu)
	}
	return quietest(took[g.samples:], rounds), quietest(used[g.samples:], rounds), nil
}

// rounds is how often everything is measured. What else the machine does can only
// make a round slower: the one with the lowest median is told.
const rounds = 3

// quietest cuts the times into rounds and tells those of the quietest.
func quietest(took []time.Duration, rounds int) Times {
	var best Times
	n := len(took) / rounds
	for i := range rounds {
		if t := timesOf(slices.Clone(took[i*n : (i+1)*n])); i == 0 || t.P50 < best.P50 {
			best = t
		}
	}
	return best
}

// freshly asks once after each opening, when neither the store nor the operating
// system holds a page of the file.
func (g *gauge) freshly(ctx context.Context, p probe) (Times, error) {
	r := rand.New(rand.NewPCG(8, 8))
	var took []time.Duration
	for range g.cold {
		d, err := g.once(ctx, p.make(r))
		if err != nil {
			return Times{}, err
		}
		took = append(took, d)
	}
	return timesOf(took), nil
}

func (g *gauge) once(ctx context.Context, ask func(context.Context, *sqlite.Store) error) (_ time.Duration, err error) {
	if err := checkpoint(ctx, g.path); err != nil {
		return 0, err
	}
	s, err := g.open(ctx)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	if err := forget(g.path); err != nil {
		return 0, err
	}
	began := time.Now()
	err = ask(ctx, s)
	return time.Since(began), err
}

// acts lets people file and act, one after the other, over the runtime with
// registries in process.
func (g *gauge) acts(ctx context.Context) (_ []Probed, err error) {
	inner, err := g.open(ctx)
	if err != nil {
		return nil, err
	}
	store := &watched{Store: inner}
	defer func() { err = errors.Join(err, inner.Close()) }()
	messages, err := workflows.LoadMessages()
	if err != nil {
		return nil, err
	}
	clock := runtime.NewVirtual(g.until, true)
	x := &registries{messages: messages, account: store.Account, now: clock.Now}
	rt, err := runtime.New(runtime.Config{Store: store, Definitions: g.defs, Exchange: x, Clock: clock, StuckEvery: -1})
	if err != nil {
		return nil, err
	}
	running, stop := context.WithCancel(context.WithoutCancel(ctx))
	ended := make(chan error, 1)
	go func() { ended <- rt.Run(running) }()
	defer func() {
		stop()
		err = errors.Join(err, <-ended)
	}()
	people := &driver{course: courses[Birth], desks: &direct{runtime: rt, store: store}, store: store}
	for range max(10, g.samples) { // each has some ten acts
		if err := people.carry(ctx, g.children); err != nil {
			return nil, err
		}
		g.children++
	}
	warmed := func(ds []time.Duration) Times { return quietest(ds[len(ds)/(rounds+1):], rounds) }
	return []Probed{
		{Name: acts[0], Warm: warmed(people.filings)},
		{Name: acts[1], Warm: warmed(people.staff)},
		{Name: acts[2], Warm: warmed(people.citizens)},
		{Name: acts[3], Warm: warmed(people.opens)},
	}, nil
}

// bytesOf is the size of the file after what is in the log was moved into it.
func bytesOf(ctx context.Context, path string) (int64, error) {
	if err := checkpoint(ctx, path); err != nil {
		return 0, err
	}
	info, err := os.Stat(path)
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}
