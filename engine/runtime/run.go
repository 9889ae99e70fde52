package runtime

import (
	"context"
	"sync"
	"time"
)

// Run relays effects and fires timers until ctx ends: it works when something is
// committed here, and looks every Poll for what others committed and for what has
// fallen due. It returns after everything it started has stopped; what was under
// way is settled or left to its lease. The error is always nil: trouble with the
// store is logged and tried again.
func (r *Runtime) Run(ctx context.Context) error {
	var wg sync.WaitGroup
	for range r.cfg.Relays {
		wg.Go(func() {
			r.loop(ctx, "relay", func() (int, error) { return r.RelayStep(ctx, r.wall()) })
		})
	}
	wg.Go(func() {
		r.loop(ctx, "timers", func() (int, error) { return r.TimerStep(ctx, r.Now()) })
	})
	if r.cfg.StuckEvery > 0 {
		wg.Go(func() { r.watch(ctx) })
	}
	wg.Wait()
	return nil
}

// loop repeats a step while it finds work, then waits for a wake-up or the poll.
func (r *Runtime) loop(ctx context.Context, name string, step func() (int, error)) {
	wake, stop := r.bus.listen()
	defer stop()
	poll := time.NewTicker(r.cfg.Poll)
	defer poll.Stop()
	for ctx.Err() == nil {
		worked, err := step()
		if err != nil && ctx.Err() == nil {
			r.log.Error(name, "error", err)
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
			r.log.Error("stuck cases", "error", err)
		}
		for _, s := range found {
			r.log.Error("stuck", "case", s.Case, "step", s.Step, "state", s.State, "since", s.Since, "why", s.Why)
		}
	}
}
