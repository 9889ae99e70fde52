package runtime

import (
	"sync"
	"time"

	"lienthong/engine/calendar"
)

// Clock is the business clock: the time that the law counts.
type Clock interface {
	Now() time.Time
}

// SystemClock is the business clock of a server in production: the machine's.
type SystemClock struct{}

// Now returns the machine's time.
func (SystemClock) Now() time.Time { return time.Now() }

// VirtualClock is a business clock that can be put forward, for the demo, tests
// and simulation. It stands still, or runs with the machine's clock plus an
// offset. It is safe for concurrent use and never goes back.
type VirtualClock struct {
	mu      sync.Mutex
	at      time.Time // what it showed …
	since   time.Time // … at this reading of the machine's clock
	running bool
}

// NewVirtual returns a clock that shows start, and runs on from there or stands.
func NewVirtual(start time.Time, running bool) *VirtualClock {
	return &VirtualClock{at: start, since: time.Now(), running: running}
}

// Now returns what the clock shows.
func (c *VirtualClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.read()
}

func (c *VirtualClock) read() time.Time {
	if !c.running {
		return c.at
	}
	return c.at.Add(time.Since(c.since))
}

// Set puts the clock forward to an instant; one that has passed changes nothing.
func (c *VirtualClock) Set(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if t.After(c.read()) {
		c.at, c.since = t, time.Now()
	}
}

// Advance puts the clock forward by a duration and returns what it shows then.
func (c *VirtualClock) Advance(d time.Duration) time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	if d > 0 {
		c.at, c.since = c.read().Add(d), time.Now()
	}
	return c.read()
}

// Now returns the business time as histories keep it: in Vietnam's zone, to the
// microsecond.
func (r *Runtime) Now() time.Time {
	return r.cfg.Clock.Now().In(calendar.Zone).Truncate(time.Microsecond)
}

// wall returns the wall-clock time without its monotonic reading, which no store
// keeps.
func (r *Runtime) wall() time.Time { return r.cfg.Wall().Round(0) }
