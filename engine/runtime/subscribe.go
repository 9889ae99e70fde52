package runtime

import (
	"sync"

	"lienthong/engine"
)

// bus tells who is interested that something was committed. Nobody who is told
// can hold up who tells.
type bus struct {
	feed signal // there is something to claim
	tick signal // a timer is due

	mu   sync.Mutex
	subs map[chan string]struct{}
}

// signal wakes one loop; a loop that has been told already is not told twice.
type signal chan struct{}

func (s signal) wake() {
	select {
	case s <- struct{}{}:
	default:
	}
}

// backlog is how many changes a subscriber may be behind.
const backlog = 256

// Wake tells the loops of Run to look at the store now.
func (r *Runtime) Wake() {
	r.bus.feed.wake()
	r.bus.tick.wake()
}

// committed tells the loops and subscribers what a commit means to them.
func (r *Runtime) committed(c *engine.Case) {
	if t := c.NextTimer(); !t.IsZero() && !t.After(r.Now()) {
		r.bus.tick.wake()
	}
	r.changed(c.Code)
}

// changed tells subscribers that a case changed.
func (r *Runtime) changed(code string) {
	b := &r.bus
	b.mu.Lock()
	defer b.mu.Unlock()
	for ch := range b.subs {
		select {
		case ch <- code:
		default:
			delete(b.subs, ch)
			close(ch)
		}
	}
}

// Subscribe returns a channel of the codes of cases that this runtime changes,
// and a function that ends the subscription. A subscriber that does not keep up
// is dropped: its channel is closed, and it should read afresh and subscribe
// again.
func (r *Runtime) Subscribe() (<-chan string, func()) {
	ch := make(chan string, backlog)
	b := &r.bus
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.subs == nil {
		b.subs = map[chan string]struct{}{}
	}
	b.subs[ch] = struct{}{}
	return ch, func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		if _, ok := b.subs[ch]; ok {
			delete(b.subs, ch)
			close(ch)
		}
	}
}
