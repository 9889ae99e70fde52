package runtime

import (
	"sync"
	"time"
)

// breaker keeps one registry from being called while it is down: after `fail`
// failures in a row nothing is sent for `pause`, then one call probes. Its clock
// is handed in, unlike that of the breakers on offer, so that a simulated month
// in one second opens and closes it as a real one would.
type breaker struct {
	fail  int
	pause time.Duration

	mu     sync.Mutex
	failed int           // in a row
	until  time.Time     // open until then; zero = closed
	probe  chan struct{} // closed when the probing call ends; nil = nobody probes
}

// allow tells whether a call may be made now, and else when to come again, or
// that a call is under way which will tell. Who was allowed reports the result
// to done, or that there was none to drop.
func (b *breaker) allow(now time.Time) (ok bool, again time.Time, probe <-chan struct{}) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case b.until.IsZero():
		return true, time.Time{}, nil
	case now.Before(b.until):
		return false, b.until, nil
	case b.probe != nil:
		return false, time.Time{}, b.probe
	}
	b.probe = make(chan struct{})
	return true, time.Time{}, nil
}

// open tells whether no call may be made now.
func (b *breaker) open(now time.Time) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return now.Before(b.until)
}

// change is what a report did to a breaker.
type change int

const (
	unchanged change = iota
	opened
	closed
)

// done reports whether the registry was alive.
func (b *breaker) done(now time.Time, alive bool) change {
	b.mu.Lock()
	defer b.mu.Unlock()
	probed := b.endProbe()
	was := !b.until.IsZero()
	if alive {
		b.failed, b.until = 0, time.Time{}
		if was {
			return closed
		}
		return unchanged
	}
	b.failed++
	if !probed && b.failed < b.fail {
		return unchanged
	}
	b.until = now.Add(b.pause)
	if was {
		return unchanged
	}
	return opened
}

// drop takes back an allowed call that was never made or was broken off by us.
func (b *breaker) drop() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.endProbe()
}

func (b *breaker) endProbe() bool {
	if b.probe == nil {
		return false
	}
	close(b.probe)
	b.probe = nil
	return true
}
