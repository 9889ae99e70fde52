package chaos

import (
	"context"
	"fmt"
	"hash/fnv"
	"sync"
	"sync/atomic"
	"time"

	"lienthong/agencies"
	"lienthong/cmd/lienthong/system"
	"lienthong/engine"
	"lienthong/engine/calendar"
	"lienthong/engine/runtime"
)

var badRelay = Fault{Name: "relay", Title: "clocks that step back, leases that are lost, deaths between send and record, poison, answers days late", weight: 2, run: runRelay}

// strains are what a relay is put under, one after the other.
var strains = []struct {
	name string
	run  func(*trial, context.Context, *Row) error
}{
	{"dies between send and record", (*trial).dying},
	{"the wall clock steps back and forth", (*trial).stepping},
	{"two relays on one store, one with its clock ahead", (*trial).rivals},
	{"poisoned effects", (*trial).poison},
	{"answers days late", (*trial).days},
}

func runRelay(ctx context.Context, t *trial) ([]Row, error) {
	var rows []Row
	part := *t
	part.length = t.length / time.Duration(len(strains))
	for _, x := range strains {
		row := Row{Kind: x.name}
		err := x.run(&part, ctx, &row)
		if rows = append(rows, row); err != nil {
			return rows, fmt.Errorf("%s: %w", x.name, err)
		}
	}
	return rows, nil
}

// times is how often a strain strikes: by the time, unless a number is given.
func (t *trial) times(every time.Duration) int {
	if t.Rounds > 0 {
		return t.Rounds
	}
	return max(1, int(t.length/every))
}

// dying kills the server when registries have performed what it does not know yet:
// they hold their answers back.
func (t *trial) dying(ctx context.Context, row *Row) error {
	s, err := newSite(ctx, t, "dying")
	if err != nil {
		return err
	}
	return t.load(ctx, s, s.open(ctx), row, func(ctx context.Context, s *site, _ *crowd) error {
		for range t.times(3 * time.Second) {
			if err := s.dial(ctx, disturbed, &agencies.Faults{ReplyLatency: "1h"}); err != nil {
				return err
			}
			if err := rest(ctx, between(t.rng, 200*time.Millisecond, 900*time.Millisecond)); err != nil {
				return err
			}
			s.watch()
			s.server.kill()
			row.Injected++
			if err := s.dial(ctx, disturbed, nil); err != nil {
				return err
			}
			if err := s.startServer(ctx); err != nil {
				return err
			}
			if err := rest(ctx, between(t.rng, 200*time.Millisecond, time.Second)); err != nil {
				return err
			}
		}
		return nil
	})
}

// wall is a wall clock that can be put forward and back.
type wall struct{ off atomic.Int64 }

func (w *wall) now() time.Time { return time.Now().Add(time.Duration(w.off.Load())) }

// stepping puts the wall clock back and forth by up to an hour.
func (t *trial) stepping(ctx context.Context, row *Row) error {
	s, err := newSite(ctx, t, "stepping")
	if err != nil {
		return err
	}
	w := &wall{}
	err = s.openInside(ctx, func(_ *system.Config, r *runtime.Config) {
		if r != nil {
			r.Wall = w.now
		}
	})
	return t.load(ctx, s, err, row, func(ctx context.Context, _ *site, _ *crowd) error {
		for range t.times(700 * time.Millisecond) {
			if err := rest(ctx, between(t.rng, 100*time.Millisecond, 600*time.Millisecond)); err != nil {
				return err
			}
			step := between(t.rng, -time.Hour, time.Hour)
			if t.rng.IntN(2) == 0 {
				step = between(t.rng, -2*time.Second, 0)
			}
			w.off.Add(int64(step))
			if step < 0 {
				row.Injected++
			}
		}
		w.off.Add(int64(-30 * time.Minute)) // and it stays there: nothing may wait for it to catch up
		row.Injected++
		return nil
	})
}

// rivals lets a second relay work on the store, whose clock is ahead now and then,
// so that it takes deliveries that the first is about to send or is sending.
func (t *trial) rivals(ctx context.Context, row *Row) error {
	s, err := newSite(ctx, t, "rivals")
	if err != nil {
		return err
	}
	slow := &exchange{hold: 150 * time.Millisecond}
	err = s.openInside(ctx, func(_ *system.Config, r *runtime.Config) {
		if r != nil {
			slow.Exchange = r.Exchange
			r.Exchange = slow
		}
	})
	if err != nil {
		return t.load(ctx, s, err, row, nil)
	}
	ahead := &wall{}
	c := s.inside.config
	c.Node, c.Wall, c.StuckEvery = "rival", ahead.now, -1
	rival, err := runtime.New(c)
	if err != nil {
		return t.load(ctx, s, err, row, nil)
	}
	working, stop := context.WithCancel(ctx)
	var other sync.WaitGroup
	other.Go(func() { _ = rival.Run(working) }) // always nil
	defer other.Wait()
	defer stop()
	return t.load(ctx, s, nil, row, func(ctx context.Context, _ *site, _ *crowd) error {
		for range t.times(600 * time.Millisecond) {
			ahead.off.Store(int64(between(t.rng, 2*time.Second, time.Minute)))
			if err := rest(ctx, between(t.rng, 100*time.Millisecond, 400*time.Millisecond)); err != nil {
				return err
			}
			ahead.off.Store(0)
			row.Injected++
			if err := rest(ctx, between(t.rng, 50*time.Millisecond, 300*time.Millisecond)); err != nil {
				return err
			}
		}
		return nil
	})
}

// exchange stands before the real one: it holds an answer back after it has come,
// and breaks down on some deliveries while it is poisoned.
type exchange struct {
	runtime.Exchange
	hold     time.Duration
	poisoned atomic.Bool
	broke    atomic.Int64
}

// Send sends, unless it breaks down.
func (x *exchange) Send(ctx context.Context, d engine.Delivery) runtime.Answer {
	h := fnv.New32a()
	_, _ = h.Write([]byte(d.Key)) // never fails
	if x.poisoned.Load() && h.Sum32()%8 == 0 {
		x.broke.Add(1)
		panic("a poisoned effect: " + d.Key)
	}
	a := x.Exchange.Send(ctx, d)
	if x.hold > 0 && h.Sum32()%3 == 0 {
		_ = rest(ctx, x.hold) // the lease runs on
	}
	return a
}

// Cancel takes a request back where the real exchange can.
func (x *exchange) Cancel(ctx context.Context, d engine.Delivery) runtime.Answer {
	if c, ok := x.Exchange.(runtime.Canceller); ok {
		return c.Cancel(ctx, d)
	}
	return x.Ask(ctx, d)
}

// poison makes sending break down on some deliveries for good, until it is cured
// and an operator has them sent again.
func (t *trial) poison(ctx context.Context, row *Row) error {
	s, err := newSite(ctx, t, "poison")
	if err != nil {
		return err
	}
	x := &exchange{}
	err = s.openInside(ctx, func(_ *system.Config, r *runtime.Config) {
		if r != nil {
			x.Exchange = r.Exchange
			r.Exchange = x
		}
	})
	return t.load(ctx, s, err, row, func(ctx context.Context, s *site, c *crowd) error {
		x.poisoned.Store(true)
		n := t.times(time.Second)
		for x.broke.Load() < int64(n) {
			if err := rest(ctx, 50*time.Millisecond); err != nil {
				return err
			}
			if s.watch(); len(s.trouble) > 0 {
				return breach{s.trouble[0]}
			}
		}
		x.poisoned.Store(false)
		row.Injected = int(x.broke.Load())
		c.help(ctx)
		return nil
	})
}

// days lets every registry answer two or three days later by the business clock,
// which runs ahead while people act.
func (t *trial) days(ctx context.Context, row *Row) error {
	s, err := newSite(ctx, t, "days")
	if err != nil {
		return err
	}
	s.day = time.Date(2026, 9, 7, 8, 0, 0, 0, calendar.Zone)
	err = s.openInside(ctx, func(c *system.Config, _ *runtime.Config) {
		if c != nil {
			c.Start, c.Still = s.day, true
		}
	})
	moving, stop := context.WithCancel(ctx)
	var clock sync.WaitGroup
	defer clock.Wait()
	defer stop()
	moved := make(chan error, 1)
	return t.load(ctx, s, err, row, func(ctx context.Context, s *site, _ *crowd) error {
		for range t.times(4 * time.Second) {
			late := fmt.Sprintf("%dh", 48+t.rng.IntN(24))
			if err := s.dial(ctx, disturbed, &agencies.Faults{Later: late, DuplicateRate: 0.3, Seed: t.rng.Int64()}); err != nil {
				return err
			}
			row.Injected += len(disturbed)
			if row.Injected == len(disturbed) {
				clock.Go(func() { moved <- s.inside.pass(moving) })
			}
			if err := rest(ctx, between(t.rng, time.Second, 3*time.Second)); err != nil {
				return err
			}
			select {
			case err := <-moved:
				return fmt.Errorf("moving the clock: %w", err)
			default:
			}
		}
		return s.dial(ctx, disturbed, nil)
	})
}

// pass moves the business clock a few hours at a time, until ctx ends.
func (in *inside) pass(ctx context.Context) error {
	for rest(ctx, 100*time.Millisecond) == nil {
		if err := in.Advance(ctx, in.Clock.Now().Add(3*time.Hour)); err != nil && ctx.Err() == nil {
			return err
		}
	}
	return nil
}
