package bench

import (
	"context"
	"errors"
	"math"
	"os"
	"path/filepath"
	"runtime/debug"
	"time"

	"lienthong/store/sqlite"
)

// Ceiling is what a writer came to that decides nothing.
type Ceiling struct {
	Cases             float64 `json:"cases"`
	Commands          float64 `json:"commands"` // entries' worth of writes, or two-row commands
	Seconds           float64 `json:"seconds"`
	CasesPerSecond    float64 `json:"cases_per_second"`
	CommandsPerSecond float64 `json:"commands_per_second"`
	Commits           float64 `json:"commits"`
	Approval          Times   `json:"approval_ms"` // of a person's command
	CPUSeconds        float64 `json:"cpu_seconds"`
}

func (c *Ceiling) numbers() []*float64 {
	return []*float64{&c.Cases, &c.Commands, &c.Seconds, &c.CasesPerSecond, &c.CommandsPerSecond, &c.Commits, &c.CPUSeconds,
		&c.Approval.P50, &c.Approval.P95, &c.Approval.P99, &c.Approval.Max}
}

func (c *Ceiling) finish(began time.Time, busy time.Duration, times [][]time.Duration) {
	var all []time.Duration
	for _, ts := range times {
		all = append(all, ts...)
	}
	c.Seconds, c.CPUSeconds, c.Approval = time.Since(began).Seconds(), (CPU() - busy).Seconds(), timesOf(all)
	c.CasesPerSecond, c.CommandsPerSecond = c.Cases/c.Seconds, c.Commands/c.Seconds
}

// rowWriter is ceiling A: the rows that the engine wrote, written again by the same
// group-commit writer, without reading, deciding or encoding anything.
type rowWriter struct {
	store *sqlite.Store
	send  sender // how a person's command reaches the writer
}

// hoard lets everything that was recorded be in memory, until what it returns is called: it
// is live, and under the bound of a process that serves it would be looked through again and
// again, while what is measured waits. Of garbage it leaves no more than other verbs do.
func hoard() (over func()) {
	most, percent := debug.SetMemoryLimit(math.MaxInt64), debug.SetGCPercent(-1)
	debug.SetGCPercent(min(percent, 400))
	return func() {
		debug.SetMemoryLimit(most)
		debug.SetGCPercent(percent)
	}
}

// replay writes recorded scripts to a fresh store with a number of drivers. The
// caller looks at the file, if it wants to, and removes it.
func (c Config) replay(ctx context.Context, dir, name, recorded string) (_ Ceiling, path string, err error) {
	defer hoard()()
	f, err := os.Open(recorded)
	if err != nil {
		return Ceiling{}, "", err
	}
	defer f.Close()
	scripts, err := load(f)
	if err != nil {
		return Ceiling{}, "", err
	}
	path = filepath.Join(dir, name+".db")
	store, err := sqlite.Open(ctx, sqlite.Config{Path: path, TakeOver: true})
	if err != nil {
		return Ceiling{}, "", err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	if err := putAccounts(ctx, store, accounts(c.Definitions, min(c.Cases, families))); err != nil {
		return Ceiling{}, path, err
	}
	r := &rowWriter{store: store, send: here{}}
	if c.HTTP {
		over, err := serveTCP()
		if err != nil {
			return Ceiling{}, path, err
		}
		defer func() { err = errors.Join(err, over.close()) }()
		r.send = over
	}
	out, err := r.run(ctx, c, name, scripts)
	return out, path, err
}

func (r *rowWriter) run(ctx context.Context, c Config, name string, scripts []*recording) (Ceiling, error) {
	times := make([][]time.Duration, min(c.Drivers, len(scripts)))
	before := r.store.Stats()
	busy, began := CPU(), time.Now()
	err := sharing(ctx, c.Drivers, len(scripts), func(ctx context.Context, w, i int) error {
		c.tell(name, i, len(scripts))
		return r.carry(ctx, scripts[i], &times[w])
	})
	if err != nil {
		return Ceiling{}, err
	}
	out := Ceiling{Cases: float64(len(scripts)), Commits: float64(r.store.Stats().Commits - before.Commits)}
	for _, s := range scripts {
		for i := range s.Acts {
			if c := s.Acts[i].Change; c != nil {
				out.Commands += float64(c.Entries)
			}
		}
	}
	out.finish(began, busy, times)
	return out, nil
}

// carry does the writes of one case in their order. It waits for each entry and
// each line of the access log; for the deliveries' own writes only before an
// entry that settles one, and at the end, as nobody who carries a case waits for
// those.
func (r *rowWriter) carry(ctx context.Context, s *recording, times *[]time.Duration) error {
	for _, c := range s.Codes {
		if _, err := r.store.Codes(ctx, c.Unit, c.Day, c.N); err != nil {
			return err
		}
	}
	var aside []func() error
	for i := range s.Acts {
		w := &s.Acts[i]
		if w.aside() {
			aside = append(aside, r.write(ctx, w))
			continue
		}
		if w.Change != nil && len(w.Change.Settled) > 0 {
			if err := all(aside); err != nil {
				return err
			}
			aside = aside[:0]
		}
		if err := r.wait(ctx, w, times); err != nil {
			return err
		}
	}
	return all(aside)
}

func all(waits []func() error) error {
	for _, wait := range waits {
		if err := wait(); err != nil {
			return err
		}
	}
	return nil
}

// wait does a write that somebody waits for.
func (r *rowWriter) wait(ctx context.Context, w *write, times *[]time.Duration) error {
	if w.Command == nil {
		return r.write(ctx, w)()
	}
	began := time.Now()
	err := r.send.command(ctx, w.Command, func(ctx context.Context) error { return r.write(ctx, w)() })
	*times = append(*times, time.Since(began))
	return err
}

// write queues a write and returns how to wait for it.
func (r *rowWriter) write(ctx context.Context, w *write) func() error {
	p := sqlite.Prepared{Access: w.Access, Claimed: w.Claimed, Settled: w.Settled, Reset: w.Reset}
	if w.Change != nil {
		p.Changes = append(p.Changes, w.Change)
	}
	return r.store.Write(ctx, p)
}
