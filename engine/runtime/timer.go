package runtime

import (
	"context"
	"errors"
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
		if err != nil && !passing(err) || err == nil && len(res.Entries) == 0 && r.stillDue(ctx, code, now) {
			r.putSick(code)
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

func (r *Runtime) putSick(code string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.sick[code] = r.wall().Add(r.cfg.RetryMax)
}

// sickCases returns the cases to leave alone now.
func (r *Runtime) sickCases() map[string]bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.wall()
	out := map[string]bool{}
	for code, until := range r.sick {
		if now.Before(until) {
			out[code] = true
		} else {
			delete(r.sick, code)
		}
	}
	return out
}
