package bench

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"lienthong/agencies"
	"lienthong/cmd/lienthong/story"
	"lienthong/cmd/lienthong/system"
	"lienthong/engine"
	"lienthong/engine/calendar"
	"lienthong/engine/machine"
	"lienthong/engine/runtime"
)

// script is a story that is played once; its history is then multiplied.
type script struct {
	name    string
	share   int // how often it occurs among its kind, in parts of the sum
	open    bool
	example string
	change  func(app map[string]any)
	late    [2]string // registry and operation that answer two days later
	unpaid  bool      // the treasury waits for somebody to pay
	play    func(*story.Tale)
}

// played is what became of a script: a real case as the engine left it.
type played struct {
	script
	Case       *engine.Case
	Entries    []engine.Entry
	Deliveries []engine.Delivery // all, done or not
}

// playsFrom is the first day on which scripts are played; the n-th one starts n
// working days of one week later, so that every weekday occurs.
var playsFrom = time.Date(2026, 9, 7, 8, 4, 17, 376_131_000, calendar.Zone)

// play plays all scripts, each on a fresh system in memory.
func play(ctx context.Context, defs *machine.Set, scripts []script) ([]played, error) {
	var out []played
	for i, s := range scripts {
		p, err := s.run(ctx, defs, playsFrom.AddDate(0, 0, i%5))
		if err != nil {
			return nil, fmt.Errorf("playing %q: %w", s.name, err)
		}
		out = append(out, p)
	}
	return out, nil
}

func (s script) run(ctx context.Context, defs *machine.Set, start time.Time) (out played, err error) {
	pay := "0s"
	if s.unpaid {
		pay = ""
	}
	sys, err := system.Open(ctx, system.Config{DB: system.Memory, Start: start, Still: true, Demo: true, AutoPay: pay, Definitions: defs,
		Runtime: func(c *runtime.Config) { c.RetryFirst, c.RetryMax = time.Nanosecond, time.Nanosecond }})
	if err != nil {
		return played{}, err
	}
	transport := &http.Transport{}
	defer func() {
		transport.CloseIdleConnections()
		err = errors.Join(err, sys.Close())
	}()
	if s.late[0] != "" {
		if err := sys.Agencies.SetFaults(s.late[0], agencies.Faults{Operations: []string{s.late[1]}, Later: "48h"}); err != nil {
			return played{}, err
		}
	}
	t := story.Begin(ctx, story.Stage{
		Client: &story.Client{Base: sys.URL, HTTP: &http.Client{Transport: transport}},
		Settle: sys.Settle,
		Pass:   func(ctx context.Context, d time.Duration) error { return sys.Advance(ctx, sys.Clock.Now().Add(d)) },
	}, s.example, s.change)
	s.play(t)
	if t.Err() != nil {
		return played{}, t.Err()
	}
	return s.collect(ctx, sys.Store, t.Code)
}

// collect reads what the store holds of the case.
func (s script) collect(ctx context.Context, store engine.Store, code string) (played, error) {
	out := played{script: s}
	var err error
	if out.Case, err = store.Load(ctx, code); err != nil {
		return out, err
	}
	if ended := out.Case.Status == engine.CaseEnded; ended == s.open {
		return out, fmt.Errorf("the case is %s", out.Case.Status)
	}
	if out.Entries, err = store.History(ctx, code, 1, 0); err != nil {
		return out, err
	}
	out.Case = nil // built from what was read, as a copy's is
	for i := range out.Entries {
		out.Case = engine.Fold(out.Case, out.Entries[i])
		for _, owed := range out.Entries[i].Effects() {
			d, err := store.Delivery(ctx, owed.Key)
			if err != nil {
				return out, err
			}
			out.Deliveries = append(out.Deliveries, *d)
		}
	}
	return out, nil
}
