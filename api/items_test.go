package api_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"lienthong/api"
	"lienthong/engine"
)

// sooner is a store whose cases were put under shorter times since they were asked for a
// supplement.
type sooner struct {
	api.Store
	by time.Duration
}

func (s *sooner) Load(ctx context.Context, code string) (*engine.Case, error) {
	c, err := s.Store.Load(ctx, code)
	if err != nil || s.by == 0 {
		return c, err
	}
	moved := *c
	moved.Dossiers = nil
	for _, d := range c.Dossiers {
		x := *d
		x.Timers = slices.Clone(d.Timers)
		for i := range x.Timers {
			x.Timers[i].At = x.Timers[i].At.Add(-s.by)
		}
		moved.Dossiers = append(moved.Dossiers, &x)
	}
	return &moved, nil
}

// Until when a supplement can be answered is the same day wherever it is told: when what
// ends the waiting moves, by a calendar or a migration, what is told of an item moves too.
func TestSupplementIsAwaitedUntilItsTimer(t *testing.T) {
	store := &sooner{}
	w := newWorld(t, func(c *api.Config) { store.Store, c.Store = c.Store, store })
	code := w.file()
	w.settle()
	w.act("reception."+officeBirth, code, "birth", "receive", nil).want(200)
	w.act("officer."+officeBirth, code, "birth", "request_supplement", map[string]any{"items": []any{map[string]any{"kind": "paper", "about": "giấy chứng sinh", "reason": "mờ"}}}).want(200)
	before := w.read(father, code).str("items.0.due")
	store.by = 48 * time.Hour
	after := w.read(father, code).str("items.0.due")
	was, err1 := time.Parse(time.RFC3339, before)
	is, err2 := time.Parse(time.RFC3339, after)
	if err1 != nil || err2 != nil || was.Sub(is) != store.by {
		t.Errorf("it was %q and is %q", before, after)
	}
}
