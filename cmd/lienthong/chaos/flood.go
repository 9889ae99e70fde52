package chaos

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

var floods = Fault{Name: "flood", Title: "a thousand filings a second, whether they are answered or not", weight: 1, run: runFlood}

const (
	floodRate   = 1000 // filings a second …
	floodBeyond = 4000 // … and a second time, more than any machine of ours takes
	floodClerks = 4    // who go on working meanwhile
	// floodMemory is what the server may need at most, resident, in bytes: what waits
	// must be turned away before it fills the machine.
	floodMemory = 1 << 30
	// floodAnswer is how long a clerk may wait for an answer at the 99th percentile.
	// It is far above what is good; it tells "slow" from "does not answer".
	floodAnswer = 10 * time.Second
)

// flood is one flood under way.
type flood struct {
	t    *trial
	s    *site
	c    *crowd
	rate int

	bodies  [][]byte
	births  []*birth
	answers [6]atomic.Int64 // by class of status; 0 = none
	busy    atomic.Int64    // 503 with Retry-After
	rude    atomic.Int64    // 503 without
	broken  atomic.Int64    // connections that broke before an answer, within the patience

	mu     sync.Mutex
	clerks []time.Duration
	missed []string // calls of clerks that were not answered
}

func runFlood(ctx context.Context, t *trial) ([]Row, error) {
	var rows []Row
	for _, rate := range []int{floodRate, floodBeyond} {
		row, err := t.flood(ctx, rate)
		if rows = append(rows, row); err != nil {
			return rows, err
		}
	}
	return rows, nil
}

// flood floods a fresh server.
func (t *trial) flood(ctx context.Context, rate int) (Row, error) {
	row := Row{Kind: fmt.Sprintf("%d filings a second", rate)}
	s, err := newSite(ctx, t, "site-"+strconv.Itoa(rate))
	if err != nil {
		return row, err
	}
	if err := s.open(ctx); err != nil {
		s.abandon()
		return row, err
	}
	f := &flood{t: t, s: s, c: newCrowd(s, t.rng, t.Drivers), rate: rate}
	err = s.audited(ctx, f.run(ctx, &row), f.c, &row)
	f.judge(&row)
	return row, err
}

// run prepares work for the clerks, floods, and then lets every case end.
func (f *flood) run(ctx context.Context, row *Row) error {
	n := f.t.Rounds
	if n == 0 {
		length := min(max(f.t.length/6, 2*time.Second), 15*time.Second)
		n = int(length.Seconds() * float64(f.rate))
	}
	f.prepare(n)
	if err := f.work(ctx); err != nil {
		return err
	}
	before := f.s.server.memory()
	flooding, stop := context.WithCancel(ctx)
	defer stop()
	var side sync.WaitGroup
	var peak atomic.Int64
	side.Go(func() {
		for rest(flooding, 50*time.Millisecond) == nil {
			peak.Store(max(peak.Load(), f.s.server.memory()))
		}
	})
	for i := range floodClerks {
		side.Go(func() { f.clerk(flooding, i) })
	}
	began := time.Now()
	f.pour(ctx)
	took := time.Since(began)
	stop()
	side.Wait()
	row.Injected = len(f.bodies)
	row.note("%d filings in %s: %d taken, %d told to come back later, %d not answered, %d otherwise", len(f.bodies), took.Round(100*time.Millisecond),
		f.answers[2].Load(), f.busy.Load(), f.answers[0].Load(), int64(len(f.bodies))-f.answers[2].Load()-f.busy.Load()-f.answers[0].Load())
	row.note("server's memory %d MiB before, at most %d MiB", before>>20, peak.Load()>>20)
	if peak.Load() > floodMemory {
		row.wrong("the server needed %d MiB, more than %d", peak.Load()>>20, floodMemory>>20)
	}
	f.t.Say("flood: %d of %d taken, %d turned away; now %d cases end", f.answers[2].Load(), len(f.bodies), f.busy.Load(), f.c.left())
	return f.finish(ctx)
}

// prepare makes the filings beforehand, so that sending costs little.
func (f *flood) prepare(n int) {
	for i := range n {
		b := newborn(f.c.families[f.t.rng.IntN(len(f.c.families))], i, f.t.rng.IntN, f.c.day)
		body, err := json.Marshal(map[string]any{"service": "birth", "application": b.app})
		if err != nil {
			panic(err) // strings and numbers
		}
		f.births, f.bodies = append(f.births, b), append(f.bodies, body)
	}
	f.c.filings.Store(int64(n))
}

// work files some births that clerks will work on during the flood.
func (f *flood) work(ctx context.Context) error {
	d := &driver{crowd: f.c, rng: f.t.rng, name: "before"}
	limit, cancel := context.WithTimeout(ctx, f.t.Settle)
	defer cancel()
	for f.c.left() < 8*floodClerks {
		if d.file(limit); limit.Err() != nil {
			return breach{fmt.Sprintf("%d cases could not be filed before the flood within %s", 8*floodClerks, f.t.Settle)}
		}
	}
	return nil
}

// pour sends the filings at their times, answered or not, and waits for the last
// answer.
func (f *flood) pour(ctx context.Context) {
	var wg sync.WaitGroup
	began := time.Now()
	for i := range f.bodies {
		due := began.Add(time.Duration(i) * time.Second / time.Duration(f.rate))
		if ahead := time.Until(due); ahead > 0 && rest(ctx, ahead) != nil {
			break
		}
		wg.Go(func() { f.one(ctx, i) })
	}
	wg.Wait()
}

// one sends one filing once.
func (f *flood) one(ctx context.Context, i int) {
	b := f.births[i]
	t := f.c.ledger.begin(b.by, Try{Key: "flood", Action: "file", Notice: b.notice})
	f.c.ledger.sent(t)
	a, err := f.s.surface.call(ctx, b.by, http.MethodPost, "/cases", f.bodies[i], t.Key, "")
	if err != nil {
		f.answers[0].Add(1)
		if !errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
			f.broken.Add(1)
		}
		return
	}
	f.answers[a.status/100].Add(1)
	switch {
	case a.good():
		f.c.ledger.told(t, Acknowledged, "")
		var out struct{ Cases []struct{ Code string } }
		if err := json.Unmarshal(a.body, &out); err == nil && len(out.Cases) == 1 {
			f.c.ledger.filed(t, out.Cases[0].Code)
			f.c.enter(&matter{code: out.Cases[0].Code, birth: b, done: map[string]bool{}})
		}
	case a.status == http.StatusServiceUnavailable && a.retryAfter > 0:
		f.busy.Add(1)
	case a.status == http.StatusServiceUnavailable:
		f.rude.Add(1)
	default:
		f.c.ledger.wonder("a filing of the flood was answered with %d %.200s", a.status, a.body)
	}
}

// clerk goes on with the cases that were there before: reads one, acts on it.
func (f *flood) clerk(ctx context.Context, n int) {
	d := &driver{crowd: f.c, rng: source(f.t.Seed, "clerk "+strconv.Itoa(n)), name: "clerk" + strconv.Itoa(n)}
	f.c.mu.Lock()
	mine := slices.Clone(f.c.open[min(n*8, len(f.c.open)):min(n*8+8, len(f.c.open))])
	f.c.mu.Unlock()
	for ctx.Err() == nil {
		m := mine[d.rng.IntN(len(mine))]
		began := time.Now()
		a, err := f.s.surface.call(ctx, m.birth.by, http.MethodGet, "/cases/"+url.PathEscape(m.code), nil, "", "")
		if ctx.Err() != nil {
			return
		}
		f.answered("reading a case", time.Since(began), a, err)
		began = time.Now()
		office := "reception.civil_status_" + m.birth.family.commune
		a, err = f.s.surface.call(ctx, office, http.MethodGet, "/inbox?limit=10", nil, "", "")
		if ctx.Err() != nil {
			return
		}
		f.answered("reading the inbox", time.Since(began), a, err)
		f.act(ctx, d, m)
		_ = rest(ctx, d.pace)
	}
}

// act has the clerk do what is next on a case.
func (f *flood) act(ctx context.Context, d *driver, m *matter) {
	began := time.Now()
	if d.visit(ctx, m) {
		f.answered("acting", time.Since(began), answer{status: http.StatusOK}, nil)
	}
}

func (f *flood) answered(what string, took time.Duration, a answer, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.clerks = append(f.clerks, took)
	if err != nil || a.status == http.StatusServiceUnavailable {
		f.missed = append(f.missed, fmt.Sprintf("%s: %d %v", what, a.status, err))
	}
}

// judge says what the clerks met.
func (f *flood) judge(row *Row) {
	slices.Sort(f.clerks)
	at := func(q float64) time.Duration {
		if len(f.clerks) == 0 {
			return 0
		}
		return f.clerks[int(q*float64(len(f.clerks)-1))]
	}
	row.note("clerks meanwhile: %d calls, p50 %s, p99 %s, longest %s, %d not answered", len(f.clerks), at(0.5).Round(time.Millisecond),
		at(0.99).Round(time.Millisecond), at(1).Round(time.Millisecond), len(f.missed))
	switch {
	case len(f.clerks) == 0:
		row.wrong("no clerk of another office got an answer")
	case at(0.99) > floodAnswer || len(f.missed) > len(f.clerks)/100:
		row.slow("clerks of other offices waited: %d calls, p99 %s (bound %s), %d not answered (%s)", len(f.clerks), at(0.99), floodAnswer, len(f.missed),
			strings.Join(f.missed[:min(len(f.missed), 3)], "; "))
	}
	if n := f.rude.Load(); n > 0 {
		row.wrong("%d times 503 without Retry-After", n)
	}
	if n := f.broken.Load(); n > 0 {
		row.wrong("%d filings whose connection broke before they were answered", n)
	}
	if n := f.answers[0].Load() - f.broken.Load(); n > 0 {
		row.slow("%d filings were not answered within %s", n, patience)
	}
}

// finish ends the cases of the flood: their citizens withdraw them. The others go
// their way.
func (f *flood) finish(ctx context.Context) error {
	f.c.filing.Store(false)
	f.c.giveUp.Store(true)
	working, stop := context.WithCancel(ctx)
	defer stop()
	var crowd sync.WaitGroup
	crowd.Go(func() { f.c.run(working, min(f.t.Drivers, 16)) })
	f.t.ending(working, f.c, stop, &crowd)
	_, err := f.s.settled(ctx, f.t.Settle)
	if err != nil {
		f.t.Say("flood: what is owed could not be read: %v", err)
	}
	return ctx.Err()
}

// memory is the resident memory of the process, in bytes; 0 when the system does
// not tell.
func (p *process) memory() int64 {
	b, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(p.cmd.Process.Pid), "status"))
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(b)) {
		if f := strings.Fields(line); len(f) >= 2 && f[0] == "VmRSS:" {
			kb, _ := strconv.ParseInt(f[1], 10, 64)
			return kb << 10
		}
	}
	return 0
}
