package bench

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"lienthong/engine"
	"lienthong/engine/machine"
	"lienthong/store/rowenc"
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
	tell     func(format string, args ...any)

	done atomic.Int64 // cases appended
}

// chunk is how many cases one call appends.
const chunk = 64

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
	return loaderOf(ctx, defs, list, g, finished, open, workers)
}

// loaderOf plans the cases.
func loaderOf(ctx context.Context, defs *machine.Set, list []played, g grown, finished, open, workers int) (_ *loader, err error) {
	var templates []*stencil
	for _, p := range list {
		s, err := newStencil(ctx, defs, p)
		if err != nil {
			return nil, err
		}
		templates = append(templates, s)
	}
	l := &loader{wall: time.Now(), workers: workers, tell: func(string, ...any) {}}
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
	var waits []func() error
	changes := make([]*sqlite.PreparedChange, len(missing))
	for k, i := range missing {
		if changes[k], err = l.change(s.of, i); err != nil {
			return err
		}
	}
	waits = append(waits, l.store.Write(ctx, sqlite.Prepared{Changes: changes}))
	for _, i := range missing {
		waits = append(waits, l.store.Write(ctx, sqlite.Prepared{Access: s.of.opened(i)}))
	}
	for _, wait := range waits {
		if err := wait(); err != nil {
			return fmt.Errorf("cases %d to %d: %w", s.from, s.to, err)
		}
	}
	if n := l.done.Add(int64(len(changes))); n/10_000 > (n-int64(len(changes)))/10_000 {
		l.tell("  %d cases appended", n)
	}
	return nil
}

// opened is a line of the access log: somebody of the office where the case was
// filed looked at it.
func (o *orders) opened(i int) *rowenc.AccessRow {
	t, f := o.fill(i)
	office := "civil_status_" + at(f.target, 0).Code
	a := rowenc.NewAccess(engine.Access{At: f.moved(t.last), Account: "officer." + office, Office: office, Case: o.code(i), What: "case"})
	return &a
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
func (l *loader) change(o *orders, i int) (*sqlite.PreparedChange, error) {
	t, f := o.fill(i)
	r := rand.New(rand.NewPCG(o.seed, uint64(i)))
	return t.print(f, func() int64 { // no relay takes it up during the measurement
		return rowenc.Micros(l.wall.Add(time.Duration(1+r.IntN(30*24)) * time.Hour))
	})
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
