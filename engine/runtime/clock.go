package runtime

import (
	"log/slog"
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

// steady is the wall clock as leases, back-off and breakers see it: it follows
// the machine's clock forward, and when that is put back it does not wait for it
// to catch up, but goes on at half the pace of the time that passes until both
// agree. So no pause is ever longer than twice what was meant, however far the
// clock jumped.
type steady struct {
	read func() time.Time
	log  *slog.Logger

	mu    sync.Mutex
	last  time.Time // as read, with its monotonic reading if it has one
	shown time.Time
}

// now returns the time without a monotonic reading, which no store keeps.
func (c *steady) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	t := c.read()
	if wall := t.Round(0); !wall.Before(c.shown) {
		c.last, c.shown = t, wall
		return wall
	}
	if back := c.last.Round(0).Sub(t.Round(0)); back > time.Second {
		c.log.Warn("the machine's clock was put back", "by", back)
	}
	if passed := t.Sub(c.last); passed > 0 {
		c.shown = c.shown.Add(passed / 2)
	}
	c.last = t
	return c.shown
}

// wall returns the wall-clock time.
func (r *Runtime) wall() time.Time { return r.clock.now() }
