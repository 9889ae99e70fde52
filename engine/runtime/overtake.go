package runtime

import (
	"context"

	"lienthong/engine"
)

// Canceller is an Exchange that can also take a request back before it is
// performed: Done when it never will be, Refused when that is too late or not
// offered, Unknown when the registry never saw it.
type Canceller interface {
	Cancel(ctx context.Context, d engine.Delivery) Answer
}

// noteOvertaken marks a delivery that the case no longer waits for.
const noteOvertaken = "the case no longer waits for this"

// wanted tells whether the case still waits for the answer to a delivery.
func (r *Runtime) wanted(ctx context.Context, d *engine.Delivery) (bool, error) {
	c, err := r.store.Load(ctx, d.Case)
	if err != nil {
		return false, err
	}
	if d.Step == "" {
		return c.Fee != nil && c.Fee.Request == d.Key && c.Fee.Status == engine.FeeWaiting, nil
	}
	dos := c.Dossier(d.Step)
	if dos == nil || dos.Request == nil || dos.Request.Key != d.Key {
		return false, nil
	}
	svc, err := r.defs.Service(c.Service, c.Version)
	if err != nil {
		return false, err
	}
	st := svc.Step(d.Step).Procedure.State(dos.State)
	return st != nil && st.Request != nil, nil // else somebody moved it on
}

// takeBack asks the registry to forget a request that the case no longer waits
// for, where it can be asked that; else it asks what became of it. It is never
// sent again: what did not arrive is given up.
func (r *Runtime) takeBack(d engine.Delivery, ask func(context.Context) Answer) func(context.Context) Answer {
	op, _ := r.defs.Operation(d.Registry, d.Operation)
	can, ok := r.cfg.Exchange.(Canceller)
	if !ok || !op.Cancellable {
		return ask
	}
	return func(ctx context.Context) Answer {
		a := can.Cancel(ctx, d)
		switch a.Outcome {
		case Done:
			return Answer{Outcome: Unknown} // taken back: as if never asked
		case Refused:
			return ask(ctx)
		}
		return a
	}
}

// overtaken brings forward, right after the commit, what the relay would do at
// its next look: requests that the entries left without waiting for an answer
// are to be taken back.
func (r *Runtime) overtaken(ctx context.Context, was, is *engine.Case, entries []engine.Entry) {
	var keys []string
	if was.Fee != nil && was.Fee.Status == engine.FeeWaiting && is.Fee.Status == engine.FeeCancelled {
		keys = append(keys, was.Fee.Request)
	}
	for _, d := range was.Dossiers {
		if now := is.Dossier(d.Step); d.Request != nil && (now.State != d.State || now.Request == nil || now.Request.Key != d.Request.Key) {
			keys = append(keys, d.Request.Key)
		}
	}
	for _, e := range entries {
		for i, k := range keys {
			if answers(e, k) {
				keys[i] = ""
			}
		}
	}
	for _, k := range keys {
		if k == "" {
			continue
		}
		d, err := r.store.Delivery(ctx, k)
		if err != nil || d.Status != engine.DeliveryAccepted {
			continue // pending ones are looked at anyway
		}
		d.Next = r.wall()
		if err := r.store.Settle(ctx, *d); err != nil && engine.CodeOf(err) != engine.StaleVersion {
			r.log.Warn("a request without a waiting case is asked for later only", "delivery", k, cause(err))
		}
		r.bus.feed.wake()
	}
}
