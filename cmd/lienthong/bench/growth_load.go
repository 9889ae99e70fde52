package bench

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"lienthong/engine"
	"lienthong/engine/machine"
	"lienthong/store/sqlite"
)

// grown says how a database was filled; it lies beside the file, so that a stopped
// load goes on with the same plan.
type grown struct {
	Seed    uint64    `json:"seed"`
	Until   time.Time `json:"until"`   // the business time at which the load ends
	Scripts string    `json:"scripts"` // digest of the stories that were multiplied
}

// loader fills one database.
type loader struct {
	store    *sqlite.Store // while it loads
	finished *orders
	open     *orders
	wall     time.Time
	workers  int

	done atomic.Int64 // cases appended
}

// chunk is how many cases one call appends.
const chunk = 32

// plan reads or writes the plan beside the database.
func planBeside(path string, seed uint64, wall time.Time) (grown, error) {
	file := strings.TrimSuffix(path, filepath.Ext(path)) + ".growth.json"
	g := grown{Seed: seed, Until: businessNow(wall), Scripts: digestOf(scripts())}
	b, err := os.ReadFile(file)
	if errors.Is(err, os.ErrNotExist) {
		if _, err := os.Stat(path); err == nil {
			return g, fmt.Errorf("%s exists but %s does not: the file was not made here", path, file)
		}
		b, err := json.MarshalIndent(g, "", "  ")
		if err != nil {
			return g, err
		}
		return g, os.WriteFile(file, b, 0o600)
	}
	if err != nil {
		return g, err
	}
	var old grown
	if err := json.Unmarshal(b, &old); err != nil {
		return g, fmt.Errorf("%s: %w", file, err)
	}
	if old.Scripts != g.Scripts {
		return g, fmt.Errorf("%s was filled from other stories: fill a new file", path)
	}
	return old, nil
}

func digestOf(list []script) string {
	h := sha256.New()
	for _, s := range list {
		fmt.Fprintf(h, "%s|%d|%v|%s\n", s.name, s.share, s.open, s.example)
	}
	return hex.EncodeToString(h.Sum(nil)[:8])
}

// newLoader plays the stories first.
func newLoader(ctx context.Context, defs *machine.Set, g grown, finished, open, workers int) (*loader, error) {
	list, err := play(ctx, defs, scripts())
	if err != nil {
		return nil, err
	}
	return loaderOf(defs, list, g, finished, open, workers)
}

// loaderOf plans the cases.
func loaderOf(defs *machine.Set, list []played, g grown, finished, open, workers int) (_ *loader, err error) {
	var templates []*template
	for _, p := range list {
		templates = append(templates, compile(defs, p))
	}
	l := &loader{wall: time.Now(), workers: workers}
	if l.finished, err = newOrders(templates, false, finished, g.Seed, g.Until); err != nil {
		return nil, err
	}
	l.open, err = newOrders(templates, true, open, g.Seed, g.Until)
	return l, err
}

// span is a run of cases of one kind.
type span struct {
	of       *orders
	from, to int
}

// load appends all cases up to a number of each kind; those that are there already
// are left alone.
func (l *loader) load(ctx context.Context, store *sqlite.Store, finished, open int) error {
	l.store = store
	spans := make(chan span)
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var wg sync.WaitGroup
	for range l.workers {
		wg.Go(func() {
			for s := range spans {
				if err := l.append(ctx, s); err != nil {
					cancel(err)
					return
				}
			}
		})
	}
	// Open cases come among the finished ones, as they do in life.
	for _, s := range mixed(cut(l.finished, finished), cut(l.open, open)) {
		select {
		case spans <- s:
		case <-ctx.Done():
		}
	}
	close(spans)
	wg.Wait()
	if err := context.Cause(ctx); err != nil {
		return err
	}
	return l.count(ctx)
}

// cut makes spans of one call each.
func cut(o *orders, n int) []span {
	var out []span
	for i := 0; i < n; i += chunk {
		out = append(out, span{o, i, min(i+chunk, n)})
	}
	return out
}

// mixed spreads the shorter list evenly over the longer one.
func mixed(a, b []span) []span {
	out := make([]span, 0, len(a)+len(b))
	taken := 0
	for i, s := range a {
		out = append(out, s)
		for ; taken < len(b)*(i+1)/len(a); taken++ {
			out = append(out, b[taken])
		}
	}
	return append(out, b[taken:]...)
}

// append makes and appends the cases of a span that are not there.
func (l *loader) append(ctx context.Context, s span) error {
	missing, err := l.missing(ctx, s)
	if err != nil {
		return err
	}
	if len(missing) == 0 {
		return nil
	}
	changes := make([]engine.Change, 0, len(missing))
	for _, i := range missing {
		changes = append(changes, l.change(s.of, i))
	}
	if err := l.store.Append(ctx, changes...); err != nil {
		return fmt.Errorf("cases %d to %d: %w", s.from, s.to, err)
	}
	l.done.Add(int64(len(changes)))
	return l.opened(ctx, changes)
}

// opened logs that somebody of the first office looked at each case once.
func (l *loader) opened(ctx context.Context, changes []engine.Change) error {
	return sharing(ctx, len(changes), len(changes), func(ctx context.Context, _, i int) error {
		c := changes[i].Case
		office := c.Dossiers[0].Office
		return l.store.LogAccess(ctx, engine.Access{At: c.Updated, Account: "officer." + office, Office: office, Case: c.Code, What: "case"})
	})
}

// missing are the numbers of a span's cases that the store does not have.
func (l *loader) missing(ctx context.Context, s span) ([]int, error) {
	has := func(i int) (bool, error) {
		_, err := l.store.CaseOf(ctx, s.of.code(i))
		return err == nil, ignoreNotFound(err)
	}
	first, err := has(s.from)
	if err != nil {
		return nil, err
	}
	last, err := has(s.to - 1)
	if err != nil {
		return nil, err
	}
	var out []int
	for i := s.from; i < s.to; i++ {
		there := first && last
		if first != last {
			if there, err = has(i); err != nil {
				return nil, err
			}
		}
		if !there {
			out = append(out, i)
		}
	}
	return out, nil
}

// change is the n-th case with its whole history, as one write.
func (l *loader) change(o *orders, i int) engine.Change {
	t, f := o.fill(i)
	p := t.copy(f)
	for k := range p.Deliveries {
		d := &p.Deliveries[k]
		if d.Status == engine.DeliveryPending || d.Status == engine.DeliveryAccepted {
			d.Next = l.wall.Add(time.Duration(1+f.rng.IntN(30*24)) * time.Hour) // no relay takes it up during the measurement
		}
	}
	return engine.Change{Case: p.Case, Entries: p.Entries, Settled: p.Deliveries}
}

// count tells the store's counters which numbers are taken, so that it never gives
// one of them again.
func (l *loader) count(ctx context.Context) error {
	taken := map[string]int{}
	for _, o := range []*orders{l.finished, l.open} {
		for key, next := range o.next {
			taken[key] = max(taken[key], next-1)
		}
	}
	keys := make(chan string)
	var wg sync.WaitGroup
	var mu sync.Mutex
	var errs []error
	for range 64 {
		wg.Go(func() {
			for key := range keys {
				unit, day, _ := strings.Cut(key, " ")
				if err := l.raise(ctx, unit, day, taken[key]); err != nil {
					mu.Lock()
					errs = append(errs, err)
					mu.Unlock()
				}
			}
		})
	}
	for key := range taken {
		keys <- key
	}
	close(keys)
	wg.Wait()
	return errors.Join(errs...)
}

// raise moves a counter to at least n.
func (l *loader) raise(ctx context.Context, unit, day string, n int) error {
	first, err := l.store.Codes(ctx, unit, day, 1)
	if err != nil || first >= n {
		return err
	}
	_, err = l.store.Codes(ctx, unit, day, n-first)
	return err
}

func isNotFound(err error) bool { return engine.CodeOf(err) == engine.NotFound }

func ignoreNotFound(err error) error {
	if isNotFound(err) {
		return nil
	}
	return err
}
