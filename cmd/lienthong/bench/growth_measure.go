package bench

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"lienthong/api"
	"lienthong/engine/machine"
	"lienthong/engine/runtime"
	"lienthong/store/sqlite"
	"lienthong/workflows"
)

// Probed is what one probe took.
type Probed struct {
	Name  string  `json:"name"`
	Warm  Times   `json:"warm_ms"`
	CPU   Times   `json:"cpu_ms"`            // of the whole process meanwhile
	Reads float64 `json:"reads"`             // calls of the operating system, the median; 0 = none, or not counted
	Rows  float64 `json:"rows"`              // of the answer, the median; 0 = none, or an act
	Cold  *Times  `json:"cold_ms,omitempty"` // nil = not measured cold
}

// uses are what the samples of a probe took.
type uses struct {
	took, cpu   []time.Duration
	reads, rows []float64
}

// ofReading is how many calls reading the count takes itself: the least of some, for
// others may read meanwhile.
var ofReading = sync.OnceValue(func() int {
	least := math.MaxInt
	for range 20 {
		before := readCalls()
		least = min(least, readCalls()-before)
	}
	return least
})

// add runs a function as one more sample.
func (u *uses) add(f func() error) error {
	reads, cpu, began := readCalls(), CPU(), time.Now()
	if err := f(); err != nil {
		return err
	}
	u.took, u.cpu = append(u.took, time.Since(began)), append(u.cpu, CPU()-cpu)
	u.reads = append(u.reads, float64(readCalls()-reads-ofReading()))
	return nil
}

// probed tells the samples after the first round, in which everything became warm.
func (u *uses) probed(name string) Probed {
	return Probed{Name: name, Warm: quietest(later(u.took), rounds), CPU: quietest(later(u.cpu), rounds), Reads: median(later(u.reads)), Rows: median(later(u.rows))}
}

func later[T any](samples []T) []T { return samples[len(samples)/(rounds+1):] }

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
	http     bool // people ask over TCP
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
	if g.http {
		return g.overTCP(ctx, d)
	}
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
		x, err := g.warm(ctx, p)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", p.name, err)
		}
		told := x.String()
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
	s, err := g.standing(ctx)
	if err != nil {
		return nil, err
	}
	did, err := g.acts(ctx, s)
	for _, x := range did {
		g.tell("%s", x)
	}
	return append(did, out...), errors.Join(err, s.close())
}

// count brings the sums of the indicators up to date, as far as asked.
func (g *gauge) count(ctx context.Context) (err error) {
	s, err := g.open(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	const step, telling = 20_000, 1_000_000
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

// warm asks often, after having asked a while.
func (g *gauge) warm(ctx context.Context, p probe) (_ Probed, err error) {
	s, err := g.open(ctx)
	if err != nil {
		return Probed{}, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	r := rand.New(rand.NewPCG(7, 7))
	var u uses
	for range (rounds + 1) * g.samples {
		ask := p.make(r)
		answered := 0
		err := u.add(func() (err error) {
			answered, err = ask(ctx, s)
			return err
		})
		if err != nil {
			return Probed{}, err
		}
		u.rows = append(u.rows, float64(answered))
	}
	return u.probed(p.name), nil
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

func (g *gauge) once(ctx context.Context, ask question) (_ time.Duration, err error) {
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
	_, err = ask(ctx, s)
	return time.Since(began), err
}

// standing is the database with a runtime that runs and registries in process, as in a
// server; over TCP with the server's own surface before it.
func (g *gauge) standing(ctx context.Context) (_ *stage, err error) {
	s := &stage{name: "growth", path: g.path, clock: runtime.NewVirtual(g.until, true), metrics: api.NewMetrics()}
	if s.sqlite, err = sqlite.Open(ctx, sqlite.Config{Path: g.path, TakeOver: true}); err != nil { // as a server does
		return nil, err
	}
	s.store = &watched{Store: s.sqlite}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.close())
		}
	}()
	messages, err := workflows.LoadMessages()
	if err != nil {
		return nil, err
	}
	x := &registries{messages: messages, account: s.store.Account, now: s.clock.Now}
	if s.runtime, err = runtime.New(runtime.Config{Store: s.store, Definitions: g.defs, Exchange: x, Clock: s.clock, StuckEvery: -1}); err != nil {
		return nil, err
	}
	s.desks = &direct{runtime: s.runtime, store: s.store}
	if g.http {
		if s.surface, err = (Config{Definitions: g.defs}).serve(s, messages); err != nil {
			return nil, err
		}
		s.desks = s.surface
	}
	run, stop := context.WithCancel(context.WithoutCancel(ctx))
	s.stop = stop
	s.done.Go(func() { _ = s.runtime.Run(run) }) // always nil
	return s, nil
}

// acts lets people file and act, one after the other.
func (g *gauge) acts(ctx context.Context, s *stage) ([]Probed, error) {
	m := &metered{desks: s.desks}
	people := &driver{course: courses[Birth], desks: m, store: s.store}
	for range max(10, g.samples) { // each has some ten acts
		if err := people.carry(ctx, g.children); err != nil {
			return nil, err
		}
		g.children++
	}
	return []Probed{m.filings.probed(acts[0]), m.staff.probed(acts[1]), m.citizens.probed(acts[2]), m.opens.probed(acts[3])}, nil
}

// metered watches what people do. What deliveries cost that are still under way is
// counted with it; so is, as processor time and reads of an act, opening its case.
type metered struct {
	desks
	filings, staff, citizens, opens uses
}

func (m *metered) file(ctx context.Context, k *job) (code string, s *snapshot, err error) {
	return code, s, m.filings.add(func() error {
		code, s, err = m.desks.file(ctx, k)
		return err
	})
}

func (m *metered) act(ctx context.Context, k *job, d deed, account string) (opened, took time.Duration, err error) {
	u := &m.staff
	if d.by == byApplicant || d.by == byHead {
		u = &m.citizens
	}
	err = u.add(func() error {
		opened, took, err = m.desks.act(ctx, k, d, account)
		return err
	})
	if err == nil {
		u.took[len(u.took)-1] = took
		m.opens.took = append(m.opens.took, opened)
	}
	return opened, took, err
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
