package bench

import (
	"context"
	"sync"
	"sync/atomic"

	"lienthong/engine"
)

// watched is the store that the runtime is given: the real one, with somebody who
// looks on. It wakes the drivers whose cases changed, so that nobody polls, and
// counts what was committed.
type watched struct {
	engine.Store
	watches sync.Map // case → *watch

	entries, moved, appends atomic.Int64
}

// snapshot is what a driver must know of a case to see whose turn it is.
type snapshot struct {
	seq     int64
	ended   bool
	outcome engine.Outcome
	portal  int
	states  map[string]string // step → state, of those that were opened
	offices map[string]string // step → office
}

func snapshotOf(c *engine.Case) *snapshot {
	s := &snapshot{seq: c.Seq, ended: c.Status == engine.CaseEnded, outcome: c.Outcome, portal: c.Portal(),
		states: make(map[string]string, len(c.Dossiers)), offices: make(map[string]string, len(c.Dossiers))}
	for _, d := range c.Dossiers {
		if d.State != "" {
			s.states[d.Step], s.offices[d.Step] = d.State, d.Office
		}
	}
	return s
}

// watch is one driver's eye on its case.
type watch struct {
	mu    sync.Mutex
	last  *snapshot
	moved chan struct{}
}

// see takes a snapshot unless a newer one is known.
func (w *watch) see(s *snapshot) {
	w.mu.Lock()
	if w.last == nil || s.seq > w.last.seq {
		w.last = s
	}
	w.mu.Unlock()
	select {
	case w.moved <- struct{}{}:
	default: // it has been told
	}
}

// until waits until the case stands as wanted.
func (w *watch) until(ctx context.Context, ready func(*snapshot) bool) (*snapshot, error) {
	for {
		w.mu.Lock()
		s := w.last
		w.mu.Unlock()
		if s != nil && ready(s) {
			return s, nil
		}
		select {
		case <-w.moved:
		case <-ctx.Done():
			return s, context.Cause(ctx)
		}
	}
}

// follow begins to look at a case that nobody has acted on since the snapshot.
func (s *watched) follow(code string, first *snapshot) *watch {
	w := &watch{last: first, moved: make(chan struct{}, 1)}
	s.watches.Store(code, w)
	return w
}

func (s *watched) forget(code string) { s.watches.Delete(code) }

// Append tells who looks at the cases what was committed.
func (s *watched) Append(ctx context.Context, changes ...engine.Change) error {
	if err := s.Store.Append(ctx, changes...); err != nil {
		return err
	}
	s.appends.Add(1)
	for _, c := range changes {
		s.entries.Add(int64(len(c.Entries)))
		for _, e := range c.Entries {
			for _, v := range e.Events {
				if _, ok := v.(engine.Moved); ok {
					s.moved.Add(1)
				}
			}
		}
		if w, ok := s.watches.Load(c.Case.Code); ok {
			w.(*watch).see(snapshotOf(c.Case))
		}
	}
	return nil
}
