package runtime

import (
	"context"
	"encoding/binary"
	"errors"
	"sync"
	"time"

	"lienthong/engine"
)

// RelayStep takes what may be sent or asked at a wall-clock instant and does it
// once: sends, records what came back, and settles. It returns how many
// deliveries it took. What goes wrong with a registry is written into the
// delivery; the error is of the store only.
func (r *Runtime) RelayStep(ctx context.Context, wall time.Time) (worked int, err error) {
	ds, err := r.store.Claim(ctx, r.cfg.Node, wall, wall.Add(r.cfg.Lease), r.cfg.Batch)
	if err != nil {
		return 0, err
	}
	round := &round{r: r, wall: wall, begun: r.wall()}
	if r.cfg.Parallel == 1 {
		for _, d := range ds {
			round.handle(ctx, d)
		}
	} else {
		round.parallel(ctx, ds)
	}
	return len(ds), errors.Join(round.errs...)
}

// round is one step of the relay.
type round struct {
	r     *Runtime
	wall  time.Time // the step's instant …
	begun time.Time // … and when it began by the wall clock

	mu   sync.Mutex
	errs []error
}

// now is the step's instant plus the time that it has taken.
func (o *round) now() time.Time { return o.wall.Add(o.r.wall().Sub(o.begun)) }

// parallel works on all registries at once, with a few workers for each.
func (o *round) parallel(ctx context.Context, ds []engine.Delivery) {
	queues := map[string][]engine.Delivery{}
	for _, d := range ds {
		queues[d.Registry] = append(queues[d.Registry], d)
	}
	var wg sync.WaitGroup
	for _, q := range queues {
		jobs := make(chan engine.Delivery, len(q))
		for _, d := range q {
			jobs <- d
		}
		close(jobs)
		for range min(o.r.cfg.Parallel, len(q)) {
			wg.Go(func() {
				for d := range jobs {
					o.handle(ctx, d)
				}
			})
		}
	}
	wg.Wait()
}

// handle does one delivery. A lease that was lost meanwhile is no error: whoever
// has it now goes on, and the registry knows the key.
func (o *round) handle(ctx context.Context, d engine.Delivery) {
	err := o.deliver(ctx, d)
	if engine.CodeOf(err) == engine.StaleVersion {
		o.r.log.Info("lease lost", "delivery", d.Key, "registry", d.Registry)
		return
	}
	if err != nil {
		o.r.log.Error("relay", "delivery", d.Key, "registry", d.Registry, "error", err)
		o.mu.Lock()
		o.errs = append(o.errs, err)
		o.mu.Unlock()
	}
}

func (o *round) deliver(ctx context.Context, d engine.Delivery) error {
	r := o.r
	after := context.WithoutCancel(ctx)
	l := r.line(d.Registry)
	select {
	case l.gate <- struct{}{}:
		defer func() { <-l.gate }()
	case <-ctx.Done():
		return r.release(after, d, o.now())
	}
	// Cancelled, or so late in the queue that the lease could end under way.
	if ctx.Err() != nil || o.now().Sub(o.wall) > r.cfg.Lease-r.cfg.Timeout {
		return r.release(after, d, o.now())
	}
	call, done, err := r.call(ctx, &d)
	if done || err != nil {
		return err
	}
	if ok, again := l.breaker.allow(o.now()); !ok {
		d.LastError = "not sent: the registry has not answered for a while"
		d.Next = again.Add(r.backoff(1))
		return r.store.Settle(after, d)
	}
	ectx, cancel := context.WithTimeout(ctx, r.cfg.Timeout)
	a := call(ectx)
	cancel()
	if ctx.Err() != nil && a.Outcome == Transient { // we broke it off
		l.breaker.drop()
		return r.release(after, d, o.now())
	}
	if l.breaker.done(o.now(), a.Outcome != Transient) {
		r.log.Warn("breaker open", "registry", d.Registry, "why", a.why())
	}
	return r.record(after, d, a, o.now())
}

// call chooses what to do with a delivery: send, ask, or take back what the case
// no longer waits for. done says that nothing is to be done with the registry:
// history has the answer already.
func (r *Runtime) call(ctx context.Context, d *engine.Delivery) (call func(context.Context) Answer, done bool, err error) {
	x := *d
	ask := func(ctx context.Context) Answer { return r.cfg.Exchange.Ask(ctx, x) }
	send := func(ctx context.Context) Answer { return r.cfg.Exchange.Send(ctx, x) }
	if d.Registry != engine.NotificationRegistry {
		wanted, err := r.wanted(ctx, d)
		if err != nil {
			return nil, false, err
		}
		if !wanted {
			first, err := r.first(ctx, d)
			if err != nil {
				return nil, false, err
			}
			if first != nil { // a crash kept the delivery from being settled
				return nil, true, r.accept(context.WithoutCancel(ctx), d.Key, *first, "")
			}
			d.Note = noteOvertaken
			return r.takeBack(x, ask), false, nil
		}
	}
	if d.Status == engine.DeliveryAccepted {
		return ask, false, nil
	}
	return send, false, nil
}

// record writes what an exchange came to.
func (r *Runtime) record(ctx context.Context, d engine.Delivery, a Answer, now time.Time) error {
	overtaken := d.Note == noteOvertaken
	switch a.Outcome {
	case Done, Refused:
		err := r.accept(ctx, d.Key, a.reply(d.Key), "")
		if no := (refusal{}); asRefusal(err, &no) {
			return nil // an incident by now
		}
		return err
	case Later:
		r.expect(&d, a, now)
	case Unknown:
		if overtaken {
			d.Status, d.DoneAt, d.LastError = engine.DeliverySkipped, now, ""
			break
		}
		if d.Status == engine.DeliveryAccepted {
			d.LastError = "the registry does not know the request; it is sent again"
			d.Status, d.Next, d.SentAt = engine.DeliveryPending, now, time.Time{}
			d.Tries++
			break
		}
		fallthrough
	case Transient:
		d.Tries++
		d.LastError = a.why()
		d.Next = now.Add(max(r.backoff(d.Tries), min(a.RetryAfter, longestWish)))
	default:
		return r.stop(ctx, d, a.why())
	}
	if d.Tries >= r.cfg.Tries {
		return r.stop(ctx, d, d.LastError)
	}
	return r.store.Settle(ctx, d)
}

// longestWish bounds how long a registry may tell us to stay away.
const longestWish = 24 * time.Hour

// expect notes that the registry took the request and answers later, and when to
// ask if it does not.
func (r *Runtime) expect(d *engine.Delivery, a Answer, now time.Time) {
	business := r.Now()
	d.Status, d.Tries, d.LastError = engine.DeliveryAccepted, 0, ""
	if d.SentAt.IsZero() {
		d.SentAt = now
	}
	if !a.Expected.IsZero() {
		d.Expected = a.Expected
	} else if op, ok := r.defs.Operation(d.Registry, d.Operation); ok && d.Expected.IsZero() && op.Expected > 0 {
		d.Expected = business.Add(op.Expected)
	}
	wait := r.cfg.AskAgain
	if d.Expected.After(business) {
		wait = max(d.Expected.Sub(business), r.cfg.RetryFirst)
	} else if !d.Expected.IsZero() {
		d.LastError = "not answered yet; expected by " + d.Expected.Format(time.RFC3339)
	}
	d.Next = now.Add(wait)
}

// stop makes an incident of a delivery that this node holds.
func (r *Runtime) stop(ctx context.Context, d engine.Delivery, why string) error {
	d.Status, d.LastError, d.Next = engine.DeliveryIncident, why, time.Time{}
	if err := r.store.Settle(ctx, d); err != nil {
		return err
	}
	r.log.Warn("incident", "delivery", d.Key, "registry", d.Registry, "operation", d.Operation, "tries", d.Tries, "why", why)
	r.changed(d.Case)
	return nil
}

// release gives a delivery back as it was.
func (r *Runtime) release(ctx context.Context, d engine.Delivery, now time.Time) error {
	d.Next = now
	return r.store.Settle(ctx, d)
}

// backoff is how long to wait after so many failures: doubled each time, up to
// the longest, and between half and all of that.
func (r *Runtime) backoff(tries int) time.Duration {
	d := r.cfg.RetryMax
	if n := max(tries, 1) - 1; n < 32 && r.cfg.RetryFirst<<n>>n == r.cfg.RetryFirst && r.cfg.RetryFirst<<n < d {
		d = r.cfg.RetryFirst << n
	}
	b, err := r.draw(8)
	if err != nil {
		return d
	}
	half := uint64(d/2) + 1
	return d - time.Duration(binary.LittleEndian.Uint64(b)%half)
}

// asRefusal tells whether Decide refused.
func asRefusal(err error, no *refusal) bool { return errors.As(err, no) }
