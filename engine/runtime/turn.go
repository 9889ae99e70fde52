package runtime

import (
	"context"
	"sync"

	"lienthong/engine"
)

// turns lets those who decide on one case do so one after the other, in the order
// in which they came: who decides over a state that is just being changed decides
// in vain and waits for a second commit. It spares work only. What keeps a case
// whole is the store, and another node's commit is met there.
type turns struct {
	mu sync.Mutex
	at map[string]*turn
}

// turn is one case's.
type turn struct {
	free chan struct{} // holds a token while nobody decides
	n    int           // who decides or waits
}

// take waits for the turn on a case, or until ctx ends: Unavailable.
func (t *turns) take(ctx context.Context, code string) (leave func(), err error) {
	t.mu.Lock()
	c := t.at[code]
	if c == nil {
		c = &turn{free: make(chan struct{}, 1)}
		c.free <- struct{}{}
		t.at[code] = c
	}
	c.n++
	t.mu.Unlock()
	select {
	case <-c.free:
		return func() { c.free <- struct{}{}; t.leave(code, c) }, nil
	case <-ctx.Done():
		t.leave(code, c)
		return nil, &engine.Error{Code: engine.Unavailable, Op: "runtime.turn", Case: code, Err: ctx.Err()}
	}
}

func (t *turns) leave(code string, c *turn) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if c.n--; c.n == 0 {
		delete(t.at, code)
	}
}
