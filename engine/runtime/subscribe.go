package runtime

import "sync"

// bus tells who is interested that something was committed. Nobody who is told
// can hold up who tells.
type bus struct {
	mu    sync.Mutex
	wakes map[chan struct{}]struct{}
	subs  map[chan string]struct{}
}

// backlog is how many changes a subscriber may be behind.
const backlog = 256

// Wake tells the loops of Run to look at the store now: something was committed.
func (r *Runtime) Wake() {
	r.bus.mu.Lock()
	defer r.bus.mu.Unlock()
	r.bus.wake()
}

func (b *bus) wake() {
	for ch := range b.wakes {
		select {
		case ch <- struct{}{}:
		default: // it has been told already
		}
	}
}

// changed tells loops and subscribers that a case changed.
func (r *Runtime) changed(code string) {
	b := &r.bus
	b.mu.Lock()
	defer b.mu.Unlock()
	b.wake()
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

// listen registers a loop for wake-ups; the loop calls the function when it ends.
func (b *bus) listen() (<-chan struct{}, func()) {
	ch := make(chan struct{}, 1)
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.wakes == nil {
		b.wakes = map[chan struct{}]struct{}{}
	}
	b.wakes[ch] = struct{}{}
	return ch, func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		delete(b.wakes, ch)
	}
}
