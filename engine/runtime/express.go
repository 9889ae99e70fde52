package runtime

import (
	"context"
	"sync"
	"time"

	"lienthong/engine"
)

// The express lane: while Run is running, an effect is born leased to this node
// and goes from the commit straight to a worker, without the store being asked
// for it. Where there is no room the effect is committed free, and the feed of
// Run (or another node) claims it. A node that dies leaves leases behind, which
// end; nothing is in memory that the store does not have.

// lane is one registry as this runtime knows it: whether it is alive, how many
// may speak to it at once, and what waits for it in memory.
type lane struct {
	breaker breaker
	gate    chan struct{} // one place per exchange under way

	// Guarded by express.mu.
	queue   []parcel
	places  int  // booked, queued or under way
	workers int  // goroutines that empty the queue; when it is empty they are parked
	passed  bool // somebody found no room here
}

// recording is how many workers a lane has for each exchange under way: those who
// wait for the commit of what a registry said keep nobody from speaking to it. One
// commit can then take many answers.
const recording = 4

// parcel is a delivery that this node has the lease of.
type parcel struct {
	engine.Delivery
	taken time.Time        // when the lease began …
	now   func() time.Time // … by this clock
	born  bool             // leased by its commit: nobody has looked for siblings
}

// express is the lanes' common part.
type express struct {
	room int // places in a lane

	mu      sync.Mutex
	ctx     context.Context // of Run; nil = closed
	workers sync.WaitGroup
	parked  []chan *lane  // workers without a lane, the last one first; nil = go home
	busy    int           // places taken in all lanes
	rest    chan struct{} // closed when there are none; nil = nobody waits
}

// open lets effects through until close; false when it is open already.
func (x *express) open(ctx context.Context) bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.ctx != nil {
		return false
	}
	x.ctx = ctx
	return true
}

// close ends the express lane and waits for its workers, whose exchanges the end
// of Run's context has cut off: what is queued they give back.
func (x *express) close() {
	x.mu.Lock()
	x.ctx = nil
	for _, w := range x.parked {
		w <- nil
	}
	x.parked = nil
	x.mu.Unlock()
	x.workers.Wait()
}

// settled waits until no place is taken; it tells whether it had to.
func (x *express) settled(ctx context.Context) bool {
	x.mu.Lock()
	if x.busy == 0 {
		x.mu.Unlock()
		return false
	}
	if x.rest == nil {
		x.rest = make(chan struct{})
	}
	rest := x.rest
	x.mu.Unlock()
	select {
	case <-rest:
	case <-ctx.Done():
	}
	return true
}

// booking is what some entries owe, with places in the lanes where there was room.
type booking struct {
	r     *Runtime
	owed  []engine.Delivery
	taken time.Time // when the lease begins; zero = no places
}

// book takes places for everything that the changes owe and marks the changes so
// that they are born leased. The caller then calls send or cancel.
func (r *Runtime) book(changes []engine.Change) *booking {
	b := &booking{r: r}
	for i := range changes {
		for j := range changes[i].Entries {
			b.owed = append(b.owed, changes[i].Entries[j].Effects()...)
		}
	}
	if len(b.owed) == 0 || !b.places() {
		return b
	}
	b.taken = r.wall()
	for i := range changes {
		changes[i].Node, changes[i].Lease = r.cfg.Node, b.taken.Add(r.cfg.Lease)
	}
	return b
}

// places takes a place for each delivery, or none.
func (b *booking) places() bool {
	x := &b.r.express
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.ctx == nil || x.ctx.Err() != nil {
		return false
	}
	for i, d := range b.owed {
		l := b.r.lane(d.Registry)
		if l.places >= x.room {
			l.passed = true
			for _, d := range b.owed[:i] {
				b.r.leave(b.r.lane(d.Registry))
			}
			return false
		}
		l.places++
		x.busy++
	}
	return true
}

// cancel gives the places back: nothing was committed.
func (b *booking) cancel() {
	if b.taken.IsZero() {
		return
	}
	b.r.express.mu.Lock()
	defer b.r.express.mu.Unlock()
	for _, d := range b.owed {
		b.r.leave(b.r.lane(d.Registry))
	}
}

// send hands what was committed to the workers, or wakes the feed for it.
func (b *booking) send(ctx context.Context) {
	if b.taken.IsZero() {
		if len(b.owed) > 0 {
			b.r.bus.feed.wake()
		}
		return
	}
	for _, d := range b.owed {
		d.Fence = 1
		b.r.put(ctx, parcel{Delivery: d, taken: b.taken, now: b.r.wall, born: true})
	}
}

// put queues a parcel that has its place, or gives it back when Run has ended.
func (r *Runtime) put(ctx context.Context, p parcel) {
	x, l := &r.express, r.lane(p.Registry)
	x.mu.Lock()
	if x.ctx != nil {
		l.queue = append(l.queue, p)
		if l.workers < r.cfg.Parallel*recording {
			l.workers++
			r.hire(l)
		}
		x.mu.Unlock()
		return
	}
	r.leave(l)
	x.mu.Unlock()
	if err := r.release(context.WithoutCancel(ctx), &p); err != nil {
		r.log.Info("left to its lease", line(&p.Delivery), cause(err))
	}
}

// hire sends a parked worker to a lane, or a new one; express.mu is held. Workers
// stay until Run ends: a new goroutine's stack would have to grow with its first
// delivery.
func (r *Runtime) hire(l *lane) {
	x := &r.express
	if last := len(x.parked) - 1; last >= 0 {
		x.parked[last] <- l
		x.parked = x.parked[:last]
		return
	}
	ctx := x.ctx
	x.workers.Go(func() {
		for next := make(chan *lane, 1); l != nil; l = x.park(next) {
			r.work(ctx, l)
		}
	})
}

// park waits for the next lane that has too few workers; nil when Run has ended.
func (x *express) park(next chan *lane) *lane {
	x.mu.Lock()
	if x.ctx == nil {
		x.mu.Unlock()
		return nil
	}
	x.parked = append(x.parked, next)
	x.mu.Unlock()
	return <-next
}

// work empties a lane's queue.
func (r *Runtime) work(ctx context.Context, l *lane) {
	x := &r.express
	for {
		x.mu.Lock()
		if len(l.queue) == 0 {
			l.queue = nil // let go of what was cut off its front
			l.workers--
			x.mu.Unlock()
			return
		}
		p := l.queue[0]
		l.queue[0] = parcel{}
		l.queue = l.queue[1:]
		x.mu.Unlock()
		r.handle(ctx, p) // logs what goes wrong
		x.mu.Lock()
		r.leave(l)
		x.mu.Unlock()
	}
}

// leave frees one place; express.mu is held.
func (r *Runtime) leave(l *lane) {
	x := &r.express
	l.places--
	if l.passed && l.places <= x.room/2 {
		l.passed = false
		r.bus.feed.wake()
	}
	if x.busy--; x.busy == 0 && x.rest != nil {
		close(x.rest)
		x.rest = nil
	}
}

// feed claims what nobody has a lease of, and hands it to the lanes: effects that
// found no room, those of other nodes, and whatever is to be tried or asked
// again. A registry whose lane is full, or whose breaker is open, is left alone,
// so that it never holds up another.
func (r *Runtime) feed(ctx context.Context) (worked int, err error) {
	wall := r.wall()
	ds, err := r.claim(ctx, wall, r.full(wall)...)
	if err != nil {
		return 0, err
	}
	for _, d := range ds {
		l := r.lane(d.Registry)
		r.express.mu.Lock()
		l.places++
		r.express.busy++
		r.express.mu.Unlock()
		r.put(ctx, parcel{Delivery: d, taken: wall, now: r.wall})
	}
	if len(ds) < r.cfg.Batch {
		return 0, nil // that was all: wait
	}
	return len(ds), nil
}

// full lists the registries to leave alone now.
func (r *Runtime) full(now time.Time) (names []string) {
	r.express.mu.Lock()
	defer r.express.mu.Unlock()
	r.mu.Lock()
	defer r.mu.Unlock()
	for name, l := range r.lanes {
		if l.places >= r.express.room {
			l.passed = true
			names = append(names, name)
		} else if l.breaker.open(now) {
			names = append(names, name)
		}
	}
	return names
}
