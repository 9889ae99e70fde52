package runtime

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"lienthong/engine"
)

// RelayStep takes what may be sent or asked at a wall-clock instant and does it
// once: sends, records what came back, and settles. It returns how many
// deliveries it took. What goes wrong with a registry is written into the
// delivery; the error is of the store only.
func (r *Runtime) RelayStep(ctx context.Context, wall time.Time) (worked int, err error) {
	ds, err := r.claim(ctx, wall)
	if err != nil {
		return 0, err
	}
	begun := r.wall()
	now := func() time.Time { return wall.Add(r.wall().Sub(begun)) } // the step's instant, and the time that it has taken
	if r.cfg.Parallel == 1 {
		var errs []error
		for _, d := range ds {
			errs = append(errs, r.handle(ctx, parcel{Delivery: d, taken: wall, now: now}))
		}
		return len(ds), errors.Join(errs...)
	}
	return len(ds), r.parallel(ctx, ds, wall, now)
}

// claim leases what may be sent or asked now, but for some registries.
func (r *Runtime) claim(ctx context.Context, wall time.Time, except ...string) ([]engine.Delivery, error) {
	if r.mayThaw(wall) {
		n, err := r.store.Thaw(ctx, wall, wall.Add(2*r.cfg.Lease), wall.Add(r.longestPause()), wall.Add(longestWait))
		if err != nil {
			return nil, err
		}
		if n > 0 {
			r.log.Warn("deliveries waited for a time that a clock since put back had set", "deliveries", n)
		}
	}
	return r.store.Claim(ctx, r.cfg.Node, wall, wall.Add(r.cfg.Lease), r.cfg.Batch, except...)
}

// mayThaw tells, once a minute, to look for deliveries that wait too far ahead.
func (r *Runtime) mayThaw(wall time.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if d := r.thaw.Sub(wall); d > 0 && d <= time.Minute {
		return false
	}
	r.thaw = wall.Add(time.Minute)
	return true
}

// longestPause is how far ahead a delivery's next try can be.
func (r *Runtime) longestPause() time.Duration {
	return max(r.cfg.RetryMax, longestWish, r.cfg.BreakerPause+r.cfg.RetryFirst)
}

// parallel works on all registries at once, with a few workers for each.
func (r *Runtime) parallel(ctx context.Context, ds []engine.Delivery, taken time.Time, now func() time.Time) error {
	queues := map[string]chan engine.Delivery{}
	for _, d := range ds {
		if queues[d.Registry] == nil {
			queues[d.Registry] = make(chan engine.Delivery, len(ds))
		}
		queues[d.Registry] <- d
	}
	var wg sync.WaitGroup
	errs := make(chan error, len(ds))
	for _, q := range queues {
		close(q)
		for range min(r.cfg.Parallel, len(q)) {
			wg.Go(func() {
				for d := range q {
					errs <- r.handle(ctx, parcel{Delivery: d, taken: taken, now: now})
				}
			})
		}
	}
	wg.Wait()
	close(errs)
	var all []error
	for err := range errs {
		all = append(all, err)
	}
	return errors.Join(all...)
}

// handle does one delivery and says what was wrong with the store. A lease that
// was lost meanwhile is no error: whoever has it now goes on, and the registry
// knows the key.
//
// What nothing but a person can mend, such as a case that cannot be read or a
// defect, becomes an incident: it must not be tried again for ever.
func (r *Runtime) handle(ctx context.Context, p parcel) error {
	err := guard(func() error { return r.deliver(ctx, p) })
	switch code := engine.CodeOf(err); {
	case err == nil:
		return nil
	case code == engine.StaleVersion:
		r.log.Info("lease lost", line(&p.Delivery))
		return nil
	case passing(err):
		r.log.Error("relay", line(&p.Delivery), cause(err))
		return err
	}
	r.log.Error("relay", line(&p.Delivery), cause(err))
	e := r.stop(context.WithoutCancel(ctx), p.Delivery, trouble{"undeliverable", engine.Trouble{Code: engine.TroubleUndeliverable, Said: engine.Text{EN: firstLine(err)}}})
	if engine.CodeOf(e) == engine.StaleVersion {
		return nil
	}
	if e != nil { // the store remembers what it cannot write, and leaves it alone for a while
		r.log.Error("incident not recorded", line(&p.Delivery), cause(e))
	}
	return e
}

// guard turns a panic into an error: a defect met by one delivery or case must
// not end the process that serves all others.
func guard(f func() error) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = &engine.Error{Code: engine.Internal, Op: "runtime.guard", Err: fmt.Errorf("panic: %v\n%s", v, debug.Stack())}
		}
	}()
	return f()
}

func (r *Runtime) deliver(ctx context.Context, p parcel) error {
	a, told, err := r.exchange(ctx, &p)
	if !told || err != nil {
		return err
	}
	return r.record(context.WithoutCancel(ctx), p.Delivery, a, p.now())
}

// exchange speaks to the registry and returns what it said. It holds one of the
// registry's places, which is free again before anybody waits for the commit of
// what was said. Unless told, there is nothing to record.
func (r *Runtime) exchange(ctx context.Context, p *parcel) (a Answer, told bool, err error) {
	after := context.WithoutCancel(ctx)
	l := r.lane(p.Registry)
	if !r.enterGate(ctx, l, p) {
		return a, false, r.release(after, p)
	}
	defer func() { <-l.gate }()
	if r.late(ctx, p) {
		return a, false, r.release(after, p)
	}
	if held, err := r.held(after, p); held || err != nil {
		if err == nil {
			err = r.release(after, p)
		}
		return a, false, err
	}
	call, done, err := r.call(after, p)
	if done || err != nil {
		return a, false, err
	}
	for {
		ok, again, probe := l.breaker.allow(p.now())
		if ok {
			break
		}
		if probe == nil {
			p.LastError = engine.Trouble{Code: engine.TroubleBreaker}
			p.Next = again.Add(r.backoff(1))
			return a, false, r.store.Settle(after, p.Delivery)
		}
		select {
		case <-probe:
		case <-ctx.Done():
		}
		if r.late(ctx, p) {
			return a, false, r.release(after, p)
		}
	}
	ectx, cancel := context.WithTimeout(ctx, r.cfg.Timeout)
	a = r.asked(ectx, p.Key, call)
	cancel()
	if ctx.Err() != nil && a.Outcome == Transient { // we broke it off
		l.breaker.drop()
		return a, false, r.release(after, p)
	}
	r.switched(p.Registry, l.breaker.done(p.now(), a.Outcome != Transient), a)
	return a, true, nil
}

// asked makes the call; a defect of the exchange is an answer too.
func (r *Runtime) asked(ctx context.Context, key string, call func(context.Context) Answer) (a Answer) {
	err := guard(func() error {
		a = call(ctx)
		return nil
	})
	if err != nil {
		r.log.Error("defect", "delivery", key, cause(err))
		return Answer{Outcome: Incident, Code: "defect", Detail: engine.Text{VI: "Lỗi của phần trao đổi", EN: firstLine(err)}}
	}
	return a
}

// firstLine leaves the stack out.
func firstLine(err error) string {
	s, _, _ := strings.Cut(err.Error(), "\n")
	return s
}

// enterGate waits for one of the registry's places, for as long as the lease leaves
// time for an exchange: whoever came later may have been let in first.
func (r *Runtime) enterGate(ctx context.Context, l *lane, p *parcel) bool {
	select {
	case l.gate <- struct{}{}:
		return true
	default:
	}
	patience := time.NewTimer(p.taken.Add(r.cfg.Lease - r.cfg.Timeout).Sub(p.now()))
	defer patience.Stop()
	select {
	case l.gate <- struct{}{}:
		return true
	case <-patience.C:
		return false
	case <-ctx.Done():
		return false
	}
}

// late tells whether a delivery must be given back: Run or the step ends, or the
// lease could end under way.
func (r *Runtime) late(ctx context.Context, p *parcel) bool {
	return ctx.Err() != nil || p.now().Sub(p.taken) > r.cfg.Lease-r.cfg.Timeout
}

// held tells whether an effect that was born leased must wait for an earlier
// one; Claim has asked that for all others.
func (r *Runtime) held(ctx context.Context, p *parcel) (bool, error) {
	if !p.born || p.Registry == engine.NotificationRegistry {
		return false, nil
	}
	return r.store.Held(ctx, p.Key)
}

// fresh is how long after its commit an effect is sent without another look at
// the case: it has just decided to ask.
const fresh = time.Second

// call chooses what to do with a delivery: send, ask, or take back what the case
// no longer waits for. done says that nothing is to be done with the registry:
// history has the answer already.
func (r *Runtime) call(ctx context.Context, p *parcel) (call func(context.Context) Answer, done bool, err error) {
	d, x := &p.Delivery, p.Delivery
	ask := func(ctx context.Context) Answer { return r.cfg.Exchange.Ask(ctx, x) }
	send := func(ctx context.Context) Answer { return r.cfg.Exchange.Send(ctx, x) }
	if d.Registry != engine.NotificationRegistry && !(p.born && p.now().Sub(p.taken) < fresh) {
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
				return nil, true, r.accept(ctx, d.Key, *first, "")
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

// record writes what an exchange came to. A person who acts on the delivery meanwhile
// acts before that or after it, and never on what they read in between.
func (r *Runtime) record(ctx context.Context, d engine.Delivery, a Answer, now time.Time) error {
	unlock, err := r.keys.lock(context.WithoutCancel(ctx), d.Key) // what was answered is not thrown away
	if err != nil {
		return err
	}
	defer unlock()
	overtaken := d.Note == noteOvertaken
	switch a.Outcome {
	case Done, Refused:
		r.told(ctx, &d, a)
		if d.Registry == engine.NotificationRegistry {
			return r.carried(ctx, d, a, now)
		}
		err := r.take(ctx, d, a.reply(d.Key), "")
		if no := (refusal{}); asRefusal(err, &no) {
			return nil // an incident by now
		}
		return err
	case Later:
		r.expect(&d, a, now)
	case Unknown:
		if overtaken {
			d.Status, d.DoneAt, d.LastError = engine.DeliverySkipped, now, engine.Trouble{}
			break
		}
		if d.Status == engine.DeliveryAccepted {
			d.LastError = engine.Trouble{Code: engine.TroubleForgotten}
			d.Status, d.Next, d.SentAt = engine.DeliveryPending, now, time.Time{}
			d.Tries++
			break
		}
		fallthrough
	case Transient:
		d.Tries++
		d.LastError = a.why(engine.TroubleAnswer)
		d.Next = now.Add(max(r.backoff(d.Tries), min(a.RetryAfter, longestWish)))
	default:
		d.Tries++
		return r.stop(ctx, d, a.trouble())
	}
	r.told(ctx, &d, a)
	if d.Tries >= r.cfg.Tries {
		return r.stop(ctx, d, trouble{"no more tries, last " + a.code(), d.LastError})
	}
	if err := r.store.Settle(ctx, d); err != nil {
		return err
	}
	if !d.Next.After(now) {
		r.bus.feed.wake()
	}
	return nil
}

// carried writes what became of a notification, which no case waits for: one
// write by whoever has the lease.
func (r *Runtime) carried(ctx context.Context, d engine.Delivery, a Answer, now time.Time) error {
	if a.Outcome == Refused {
		return r.stop(ctx, d, trouble{a.code(), a.why(engine.TroubleRefused)})
	}
	return r.store.Settle(ctx, r.finished(d, a.reply(d.Key), ""))
}

const (
	longestWish = time.Hour      // that a registry may tell us to stay away
	longestWait = 24 * time.Hour // for an answer, before it is asked for

	longestPromise = 10 * 366 * 24 * time.Hour // that is believed: an instant later than that is none
)

// expect notes that the registry took the request and answers later, and when to
// ask if it does not.
func (r *Runtime) expect(d *engine.Delivery, a Answer, now time.Time) {
	business := r.Now()
	d.Status, d.Tries, d.LastError = engine.DeliveryAccepted, 0, engine.Trouble{}
	if d.SentAt.IsZero() {
		d.SentAt = now
	}
	if !a.Expected.IsZero() && a.Expected.Before(business.Add(longestPromise)) {
		d.Expected = a.Expected
	} else if op, ok := r.defs.Operation(d.Registry, d.Operation); ok && d.Expected.IsZero() && op.Expected > 0 {
		d.Expected = business.Add(op.Expected)
	}
	wait := r.cfg.AskAgain
	if d.Expected.After(business) {
		wait = max(d.Expected.Sub(business), r.cfg.RetryFirst)
	} else if !d.Expected.IsZero() {
		d.LastError = engine.Trouble{Code: engine.TroubleOverdue}
	}
	d.Next = now.Add(min(wait, longestWait))
}

// stop makes an incident of a delivery that this node holds.
func (r *Runtime) stop(ctx context.Context, d engine.Delivery, why trouble) error {
	d.Status, d.LastError, d.Next = engine.DeliveryIncident, why.said, time.Time{}
	if err := r.store.Settle(ctx, d); err != nil {
		return err
	}
	r.stopped(&d, why)
	r.changed(ctx, d.Case)
	return nil
}

// release gives a delivery back as it was.
func (r *Runtime) release(ctx context.Context, p *parcel) error {
	p.Next = p.now()
	if err := r.store.Settle(ctx, p.Delivery); err != nil {
		return err
	}
	r.bus.feed.wake()
	return nil
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
