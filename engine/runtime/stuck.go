package runtime

import (
	"context"
	"slices"
	"time"

	"lienthong/engine"
)

// Stuck is an unfinished part that waits for nothing: nobody may act, nothing is
// owed to a registry, no timer will move it. There must never be one; where there
// is, a definition or an operator is to blame and a person must look.
type Stuck struct {
	Case  string
	Step  string // "" = the case itself
	State string
	Since time.Time
	Why   string
}

// StuckStep looks through all open cases for parts that wait for nothing. A case that
// cannot be looked at is told like one. The error is of a store that cannot be asked now:
// some case was not looked at, or none after it.
func (r *Runtime) StuckStep(ctx context.Context) ([]Stuck, error) {
	const page = 500
	var out []Stuck
	var missed error // the last one
	for after := ""; ; {
		codes, err := r.store.Open(ctx, after, page)
		if err != nil {
			return out, err
		}
		for _, code := range codes {
			var found []Stuck
			err := guard(func() (err error) {
				found, err = r.StuckCase(ctx, code)
				return err
			})
			switch {
			case ctx.Err() != nil:
				return out, ctx.Err()
			case err != nil && passing(err):
				missed = err
			case err != nil:
				out = append(out, Stuck{Case: code, Why: "it cannot be looked at: " + firstLine(err)})
			}
			out = append(out, found...)
		}
		if len(codes) < page {
			if missed == nil {
				r.stuck.Store(int64(len(out)) + 1)
			}
			return out, missed
		}
		after = codes[len(codes)-1]
	}
}

// Stuck tells how many stuck parts the last search found; known is false before
// the first one.
func (r *Runtime) Stuck() (parts int, known bool) {
	n := r.stuck.Load()
	return int(max(n-1, 0)), n > 0
}

// StuckCase looks at one case, and again when it moved under the look.
func (r *Runtime) StuckCase(ctx context.Context, code string) ([]Stuck, error) {
	for {
		c, err := r.store.Load(ctx, code)
		if err != nil {
			return nil, err
		}
		if c.Status != engine.CaseOpen {
			return nil, nil
		}
		found, err := r.look(ctx, c)
		if err != nil || len(found) == 0 {
			return nil, err
		}
		again, err := r.store.Load(ctx, code)
		if err != nil {
			return nil, err
		}
		if again.Seq == c.Seq {
			return found, nil
		}
	}
}

func (r *Runtime) look(ctx context.Context, c *engine.Case) ([]Stuck, error) {
	svc, err := r.defs.Service(c.Service, c.Version)
	if err != nil {
		return nil, err
	}
	var out []Stuck
	say := func(step, state string, since time.Time, why string) {
		out = append(out, Stuck{Case: c.Code, Step: step, State: state, Since: since, Why: why})
	}
	if c.Fee != nil && c.Fee.Status == engine.FeeWaiting {
		owed, err := r.owed(ctx, c.Fee.Request)
		if err != nil {
			return nil, err
		}
		if !owed && !moves(c.Timers) {
			say("", "", c.Filed, "a fee is waited for, but not asked for")
		}
		return out, nil
	}
	unfinished := false
	for _, st := range svc.Steps {
		d := c.Dossier(st.ID)
		if d == nil {
			continue
		}
		switch d.Status {
		case engine.StatusWaiting:
			unfinished = true
			if needsEnded(c, svc, st) {
				say(st.ID, "", c.Updated, "all that the step needs has ended, but it does not open")
			}
		case engine.StatusOpen:
			unfinished = true
			why, err := r.idle(ctx, c, st, d)
			if err != nil {
				return nil, err
			}
			if why != "" {
				say(st.ID, d.State, d.Entered, why)
			}
		}
	}
	if !unfinished {
		say("", "", c.Updated, "every part has ended, but the case has not")
	}
	return out, nil
}

// needsEnded tells whether nothing that a step needs runs, however far back: a result
// that was annulled may be worked for again.
func needsEnded(c *engine.Case, svc *engine.Service, st *engine.Step) bool {
	return !slices.ContainsFunc(svc.NeedsOf(st), func(n engine.Need) bool {
		d := c.Dossier(n.Step)
		return d != nil && !d.HasEnded()
	})
}

// idle says why nothing can move an open dossier; "" when something can.
func (r *Runtime) idle(ctx context.Context, c *engine.Case, st *engine.Step, d *engine.Dossier) (string, error) {
	p := st.Procedure
	state := p.State(d.State)
	if state == nil {
		return "the definition has no such state", nil
	}
	if moves(d.Timers) {
		return "", nil
	}
	if state.Request != nil && d.Request != nil {
		if owed, err := r.owed(ctx, d.Request.Key); owed || err != nil {
			return "", err
		}
	}
	for _, a := range p.Actions {
		if slices.Contains(a.From, d.State) && someone(c, p, d, a) {
			return "", nil
		}
	}
	if state.Request != nil {
		return "its request is neither answered nor owed", nil
	}
	return "nobody may act, nothing is owed, no timer runs", nil
}

// someone tells whether somebody may take an action that leads on.
func someone(c *engine.Case, p *engine.Procedure, d *engine.Dossier, a *engine.Action) bool {
	if a.Party != nil {
		return slices.ContainsFunc(a.Party.Sets, func(s string) bool {
			set := d.Parties[s]
			return set != nil && !set.Agreed()
		})
	}
	if a.Review != "" && d.OpenReview() == nil || givesUp(p, a) {
		return false
	}
	for _, by := range a.By {
		switch by {
		case engine.ByTimer, engine.ByRegistry, engine.ByDownstream:
		case engine.ByUpstream:
			if up := c.Dossier(d.Returned); up != nil && up.Status == engine.StatusOpen {
				return true
			}
		default:
			return true
		}
	}
	return false
}

// givesUp tells whether an action is a withdrawal: a way out, not on.
func givesUp(p *engine.Procedure, a *engine.Action) bool {
	return len(a.To) > 0 && !slices.ContainsFunc(a.To, func(t engine.Target) bool {
		s := p.State(t.State)
		return s == nil || s.Final != engine.FinalWithdrawn
	})
}

// moves tells whether a timer will act; a warning only speaks.
func moves(ts []engine.TimerDue) bool {
	return slices.ContainsFunc(ts, func(t engine.TimerDue) bool { return t.Kind != engine.TimerWarn })
}

// owed tells whether a request is still to be answered, by its registry or by a
// person.
func (r *Runtime) owed(ctx context.Context, key string) (bool, error) {
	d, err := r.store.Delivery(ctx, key)
	switch {
	case engine.CodeOf(err) == engine.NotFound:
		return false, nil
	case err != nil:
		return false, err
	}
	return d.Status != engine.DeliveryDone && d.Status != engine.DeliverySkipped, nil
}
