package runtime

import (
	"context"
	"errors"
	"sync"
	"time"

	"lienthong/engine"
)

// Run relays effects and fires timers until ctx ends: it works when something is
// committed here, and looks every Poll for what others committed and for what has
// fallen due. It returns after everything it started has stopped; what was under
// way is settled, given back, or left to its lease. Trouble with the store is
// logged and tried again; the only error is that Run runs already.
func (r *Runtime) Run(ctx context.Context) error {
	if !r.express.open(ctx) {
		return &engine.Error{Code: engine.Internal, Op: "runtime.run", Err: errors.New("it runs already")}
	}
	defer r.express.close()
	var wg sync.WaitGroup
	wg.Go(func() {
		r.loop(ctx, "relay", r.bus.feed, func() (int, error) { return r.feed(ctx) })
	})
	wg.Go(func() {
		r.loop(ctx, "timers", r.bus.tick, func() (int, error) { return r.TimerStep(ctx, r.Now()) })
	})
	if r.cfg.StuckEvery > 0 {
		wg.Go(func() { r.watch(ctx) })
	}
	wg.Wait()
	return nil
}

// loop repeats a step while it finds work, then waits for a wake-up or the poll.
func (r *Runtime) loop(ctx context.Context, name string, wake signal, step func() (int, error)) {
	poll := time.NewTicker(r.cfg.Poll)
	defer poll.Stop()
	for ctx.Err() == nil {
		worked, err := step()
		if err != nil && ctx.Err() == nil {
			r.log.Error(name, cause(err))
		}
		if worked > 0 && err == nil {
			continue
		}
		select {
		case <-ctx.Done():
		case <-wake:
		case <-poll.C:
		}
	}
}

// watch raises the alarm about stuck cases.
func (r *Runtime) watch(ctx context.Context) {
	every := time.NewTicker(r.cfg.StuckEvery)
	defer every.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-every.C:
		}
		found, err := r.StuckStep(ctx)
		if err != nil && ctx.Err() == nil {
			r.log.Error("stuck cases", cause(err))
		}
		for _, s := range found {
			r.log.Error("stuck", "case", s.Case, "step", s.Step, "state", s.State, "since", s.Since, "why", s.Why)
		}
	}
}
