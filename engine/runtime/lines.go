package runtime

import (
	"cmp"
	"slices"
	"time"
)

// LineState is what this runtime knows of the way to one registry. It lives in
// memory: a runtime that has just started knows nothing yet.
type LineState struct {
	Registry string
	Failed   int       // exchanges that failed in a row
	Open     bool      // the breaker is open: nothing is sent
	Until    time.Time // when one call may probe, by the wall clock; zero = closed
	Busy     int       // exchanges under way
}

// Lines tells, by registry, how the exchange goes.
func (r *Runtime) Lines() []LineState {
	r.mu.Lock()
	out := make([]LineState, 0, len(r.lanes))
	for id, l := range r.lanes {
		s := LineState{Registry: id, Busy: len(l.gate)}
		s.Failed, s.Until = l.breaker.look()
		s.Open = !s.Until.IsZero()
		out = append(out, s)
	}
	r.mu.Unlock()
	slices.SortFunc(out, func(a, b LineState) int { return cmp.Compare(a.Registry, b.Registry) })
	return out
}

// look tells how many calls failed in a row, and until when the breaker is open.
func (b *breaker) look() (failed int, until time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.failed, b.until
}
