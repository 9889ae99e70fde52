package simulate

import (
	"context"
	"fmt"
	"time"

	"lienthong/engine"
	"lienthong/engine/runtime"
)

// node is one server on the store: a runtime, and a clock that may be wrong.
type node struct {
	world *world
	id    int
	life  int // how often it was started
	skew  time.Duration
	run   *runtime.Runtime
	wire  *line
}

// line is what one life of a node has of the world: the store and the registries.
// When it is cut the process is dead, and nothing it does arrives.
type line struct {
	engine.Store
	node *node
	dead bool
}

func (w *world) newNode(id int) (*node, error) {
	n := &node{world: w, id: id}
	if w.skew > 0 {
		n.skew = time.Duration((2*w.dice.part("skew", fmt.Sprint(id), 0) - 1) * float64(w.skew)).Round(time.Millisecond)
	}
	return n, n.boot()
}

// boot begins a new life with nothing in memory.
func (n *node) boot() (err error) {
	n.life++
	n.wire = &line{Store: n.world.store, node: n}
	n.run, err = runtime.New(runtime.Config{
		Store: n.wire, Definitions: n.world.set, Exchange: n.wire, Clock: n, Wall: n.Now,
		Random: &source{n.world.dice.bits("node", fmt.Sprint(n.id), n.life)},
		Node:   fmt.Sprintf("node%d.%d", n.id, n.life), Parallel: 1, Lease: lease,
	})
	return err
}

// lease is how long a delivery that died with a node waits.
const lease = time.Minute

// Now is the node's clock, for business and leases alike.
func (n *node) Now() time.Time { return n.world.now.Add(n.skew) }

// settle starts a node anew that died.
func (n *node) settle() {
	if !n.wire.dead {
		return
	}
	w := n.world
	w.note(act{Who: fmt.Sprintf("node%d", n.id), What: "died and started again"})
	w.tally.crashes++
	if err := n.boot(); err != nil {
		w.breaks("runtime", nil, err.Error())
	}
	w.relayAt(w.now.Add(lease + 2*w.skew + time.Second)) // what it had leased
}

// pick chooses the node that somebody reaches.
func (w *world) pick(who string, n int) *node {
	return w.nodes[w.dice.one(len(w.nodes), "reach", who, n)]
}

var errDead = &engine.Error{Code: engine.Unavailable, Op: "store", Detail: engine.Text{VI: "Máy chủ đã dừng", EN: "the node is dead"}}

// write does one write of the store, unless a fault strikes: the store may be busy,
// or the node may die before it or after it.
func (l *line) write(op, what string, n int64, do func() error) error {
	if l.dead {
		return errDead
	}
	w := l.node.world
	f := &w.cfg.Faults
	name := ""
	if f.Busy+f.CrashBefore+f.CrashAfter > 0 {
		name = fmt.Sprintf("%s %s %d", op, what, n)
	}
	switch {
	case w.strikes(f.Busy, "busy", name):
		return &engine.Error{Code: engine.Unavailable, Op: op, Detail: engine.Text{VI: "Kho dữ liệu bận", EN: "the store is busy"}}
	case w.strikes(f.CrashBefore, "crash_before", name):
		l.dead = true
		return errDead
	}
	err := do()
	if w.strikes(f.CrashAfter, "crash_after", name) {
		l.dead = true
		return &engine.Error{Code: engine.UnknownOutcome, Op: op, Detail: engine.Text{VI: "Máy chủ đã dừng", EN: "the node died"}}
	}
	return err
}

// Append notes what was committed.
func (l *line) Append(ctx context.Context, changes ...engine.Change) error {
	return l.write("append", changes[0].Case.Code, changes[0].Base, func() error {
		err := l.Store.Append(ctx, changes...)
		if err == nil {
			for _, c := range changes {
				l.node.world.committed(c)
			}
		}
		return err
	})
}

// Settle notes when the delivery is to be looked at again.
func (l *line) Settle(ctx context.Context, d engine.Delivery) error {
	return l.write("settle", d.Key, d.Fence, func() error {
		err := l.Store.Settle(ctx, d)
		if err == nil {
			l.node.world.settled(d)
		}
		return err
	})
}

// Reset notes the same.
func (l *line) Reset(ctx context.Context, d engine.Delivery) error {
	return l.write("reset", d.Key, d.Fence, func() error {
		err := l.Store.Reset(ctx, d)
		if err == nil {
			l.node.world.settled(d)
		}
		return err
	})
}

// Claim may die like any write; what it leased is taken up when the lease ends.
func (l *line) Claim(ctx context.Context, node string, now, until time.Time, limit int, except ...string) (ds []engine.Delivery, err error) {
	err = l.write("claim", node, now.UnixMicro(), func() error {
		ds, err = l.Store.Claim(ctx, node, now, until, limit, except...)
		return err
	})
	return ds, err
}

// Codes may die like any write; the numbers are lost, never given twice.
func (l *line) Codes(ctx context.Context, unit, day string, n int) (first int, err error) {
	err = l.write("codes", unit+day, int64(l.node.life), func() error {
		first, err = l.Store.Codes(ctx, unit, day, n)
		return err
	})
	return first, err
}

// Load reads nothing in a dead process.
func (l *line) Load(ctx context.Context, code string) (*engine.Case, error) {
	if l.dead {
		return nil, errDead
	}
	return l.Store.Load(ctx, code)
}

// Answered reads nothing in a dead process.
func (l *line) Answered(ctx context.Context, actor, key string) (*engine.Answer, error) {
	if l.dead {
		return nil, errDead
	}
	return l.Store.Answered(ctx, actor, key)
}

// Delivery reads nothing in a dead process.
func (l *line) Delivery(ctx context.Context, key string) (*engine.Delivery, error) {
	if l.dead {
		return nil, errDead
	}
	return l.Store.Delivery(ctx, key)
}

// settled notes what became of a delivery, and plans the relay's next look at it or a
// person's at an incident.
func (w *world) settled(d engine.Delivery) {
	switch d.Status {
	case engine.DeliveryDone, engine.DeliverySkipped:
		if f := w.files[d.Case]; f != nil {
			delete(f.owed, d.Key)
		}
	case engine.DeliveryPending, engine.DeliveryAccepted:
		if !d.Next.IsZero() {
			w.relayAt(d.Next)
		}
	case engine.DeliveryIncident:
		w.incident(d)
	}
}

// relayAt plans one step of the relay. Where clocks differ it comes again, when the
// slowest clock shows that instant.
func (w *world) relayAt(t time.Time) {
	plan := func(t time.Time) {
		if t.Before(w.now) {
			t = w.now
		}
		if k := t.UnixMicro(); !w.relays[k] && !t.After(w.end) {
			w.relays[k] = true
			w.at(t, func() {
				delete(w.relays, k)
				w.relay()
			})
		}
	}
	plan(t)
	if w.skew > 0 {
		plan(t.Add(2*w.skew + time.Second).Truncate(time.Second))
	}
}

// relay lets one node send and ask what is due.
func (w *world) relay() {
	w.tally.relays++
	n := w.pick("relay", w.tally.relays)
	worked, err := n.run.RelayStep(w.ctx, n.Now())
	dead := n.wire.dead
	n.settle()
	if err != nil && !dead && engine.CodeOf(err) != engine.Unavailable && engine.CodeOf(err) != engine.UnknownOutcome {
		w.breaks("runtime", nil, "relay: "+err.Error())
	}
	if worked > 0 || err != nil {
		w.relayAt(w.now.Add(time.Second))
	}
}

// tick fires the timers that are due, and comes again while the case has one that
// is due by the true time.
func (w *world) tick(f *file) {
	f.tick = time.Time{}
	w.tally.ticks++
	n := w.pick("tick", w.tally.ticks)
	_, err := n.run.TimerStep(w.ctx, n.Now())
	dead := n.wire.dead
	n.settle()
	if err != nil && !dead && engine.CodeOf(err) != engine.Unavailable && engine.CodeOf(err) != engine.UnknownOutcome {
		w.breaks("runtime", f, "timers: "+err.Error())
	}
	w.at(w.now.Add(time.Second), func() { w.timer(f) })
}

// timer plans the next instant at which the case moves by itself.
func (w *world) timer(f *file) {
	t := f.c.NextTimer()
	if t.IsZero() || w.files[f.c.Code] != f {
		return
	}
	if t.Before(w.now) {
		t = w.now
		if w.skew > 0 {
			t = w.now.Add(w.skew + time.Second)
		}
	}
	if f.tick.IsZero() || t.Before(f.tick) {
		f.tick = t
		w.at(t, func() {
			if f.tick.Equal(t) {
				w.tick(f)
			}
		})
	}
}
