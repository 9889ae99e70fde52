package runtime

import (
	"context"
	"errors"
	"maps"
	"time"

	"lienthong/engine"
)

// TimerStep fires the timers that are due at a business instant and returns how
// many cases they changed. A case whose timers cannot be fired is left alone for
// a while, so that it does not hold up the others.
func (r *Runtime) TimerStep(ctx context.Context, now time.Time) (worked int, err error) {
	sick := r.sickCases()
	codes, err := r.store.Due(ctx, now, r.cfg.Batch+len(sick))
	if err != nil {
		return 0, err
	}
	var errs []error
	for _, code := range codes {
		if sick[code] {
			continue
		}
		if ctx.Err() != nil {
			return worked, errors.Join(append(errs, ctx.Err())...)
		}
		cmd := engine.Command{Action: engine.ActTick, Case: code, Actor: engine.Actor{Kind: engine.Timer, ID: "timer"}}
		res, err := r.commit(ctx, decision{cmd: cmd, at: func() time.Time { return now }})
		if len(res.Entries) > 0 {
			worked++
		}
		if err != nil {
			err = refusalOf(err)
			errs = append(errs, err)
			r.log.Error("timer", "case", code, cause(err))
		}
		switch {
		case ctx.Err() != nil:
		case err != nil || len(res.Entries) == 0 && r.stillDue(ctx, code, now):
			r.putSick(code, passing(err))
		default:
			r.well(code)
		}
	}
	return worked, errors.Join(errs...)
}

// passing tells whether an error may be gone the next time.
func passing(err error) bool {
	switch engine.CodeOf(err) {
	case engine.Unavailable, engine.UnknownOutcome:
		return true
	}
	return errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}

// stillDue tells whether a case has a timer that nothing fires.
func (r *Runtime) stillDue(ctx context.Context, code string, now time.Time) bool {
	c, err := r.store.Load(ctx, code)
	if err != nil {
		return false
	}
	t := c.NextTimer()
	return !t.IsZero() && !t.After(now)
}

// sickness is a case whose timers could not be fired.
type sickness struct {
	passing bool
	times   int       // in a row
	until   time.Time // when to try again, by the wall clock
}

// putSick leaves a case alone: for RetryMax, or when the trouble may pass a moment, longer
// each time. Else the same ones would be tried for ever, and never those behind them.
func (r *Runtime) putSick(code string, passing bool) {
	const longest = 6 // doublings
	r.mu.Lock()
	defer r.mu.Unlock()
	s, pause := r.sick[code], r.cfg.RetryMax
	if passing {
		pause = min(r.cfg.RetryFirst<<min(s.times, longest), pause)
	}
	r.sick[code] = sickness{passing, s.times + 1, r.wall().Add(pause)}
}

// hope has those looked at again whose trouble may have passed.
func (r *Runtime) hope() {
	r.mu.Lock()
	defer r.mu.Unlock()
	maps.DeleteFunc(r.sick, func(_ string, s sickness) bool { return s.passing })
}

// well forgets that a case was sick.
func (r *Runtime) well(code string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.sick, code)
}

// sickCases returns the cases to leave alone now.
func (r *Runtime) sickCases() map[string]bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.wall()
	out := map[string]bool{}
	for code, s := range r.sick {
		switch {
		case now.Before(s.until):
			out[code] = true
		case now.Sub(s.until) > r.cfg.RetryMax: // it is not due any more
			delete(r.sick, code)
		}
	}
	return out
}
