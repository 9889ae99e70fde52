package runtime

import (
	"context"
	"fmt"
	"time"

	"lienthong/engine"
	"lienthong/engine/calendar"
)

// maxRounds bounds Settle: work that makes work for ever is a defect.
const maxRounds = 100_000

// Settle works until nothing is due or can be sent now. What waits for a later
// instant, back-off among it, is left waiting. For tests, demo and simulation.
func (r *Runtime) Settle(ctx context.Context) error {
	for range maxRounds {
		fired, err := r.TimerStep(ctx, r.Now())
		if err != nil {
			return err
		}
		sent, err := r.RelayStep(ctx, r.wall())
		if err != nil {
			return err
		}
		if !r.express.settled(ctx) && fired+sent == 0 {
			return ctx.Err()
		}
	}
	return &engine.Error{Code: engine.Internal, Op: "runtime.settle", Err: fmt.Errorf("no rest after %d rounds", maxRounds)}
}

// Advance puts a virtual business clock forward to an instant. It stops at every
// instant on the way at which a timer is due or an answer is expected, fires,
// asks, and lets all effects settle before it goes on; so a jump over a month
// gives what the month would have given. Advances follow one another.
//
// Precondition when the business clock cannot be set.
func (r *Runtime) Advance(ctx context.Context, to time.Time) error {
	clock, ok := r.cfg.Clock.(interface{ Set(time.Time) })
	if !ok {
		return engine.Fail(engine.Precondition, "Đồng hồ nghiệp vụ không chỉnh được.", "The business clock cannot be set.")
	}
	r.advancing.Lock()
	defer r.advancing.Unlock()
	r.hope() // the clock must not pass what an Advance before could not fire
	to = to.In(calendar.Zone)
	for {
		if err := r.hurry(ctx); err != nil {
			return err
		}
		if err := r.Settle(ctx); err != nil {
			return err
		}
		now := r.Now()
		if !now.Before(to) {
			return nil
		}
		stop, err := r.nextStop(ctx, now, to)
		if err != nil {
			return err
		}
		clock.Set(stop)
	}
}

// nextStop is the next instant at which something happens by itself, or the goal.
func (r *Runtime) nextStop(ctx context.Context, now, to time.Time) (time.Time, error) {
	stop := to
	due, ok, err := r.store.NextDue(ctx)
	if err != nil {
		return stop, err
	}
	if ok && !due.After(now) && len(r.sickCases()) == 0 { // fell due since Settle looked
		return now, nil
	}
	if ok && due.After(now) && due.Before(stop) {
		stop = due
	}
	err = r.awaited(ctx, func(d engine.Delivery) error {
		if d.Expected.After(now) && d.Expected.Before(stop) {
			stop = d.Expected
		}
		return nil
	})
	return stop.In(calendar.Zone), err
}

// hurry lets the relay ask now for the answers that are overdue by the business
// clock, however far their turn by the wall clock is: the two part when the
// business clock jumps.
func (r *Runtime) hurry(ctx context.Context) error {
	now, wall := r.Now(), r.wall()
	return r.awaited(ctx, func(d engine.Delivery) error {
		if d.Expected.IsZero() || d.Expected.After(now) || !d.Next.After(wall) {
			return nil
		}
		d.Next = wall
		if err := r.store.Settle(ctx, d); err != nil && engine.CodeOf(err) != engine.StaleVersion {
			return err
		}
		return nil
	})
}

// awaited visits the deliveries that registries answer later.
func (r *Runtime) awaited(ctx context.Context, visit func(engine.Delivery) error) error {
	const page = 500
	for after := ""; ; {
		ds, err := r.store.Deliveries(ctx, "", engine.DeliveryAccepted, after, page)
		if err != nil {
			return err
		}
		for _, d := range ds {
			if err := visit(d); err != nil {
				return err
			}
		}
		if len(ds) < page {
			return nil
		}
		after = ds[len(ds)-1].Key
	}
}
