package runtime

import (
	"context"
	"errors"
	"sync"

	"lienthong/engine"
)

// turns lets those who decide on one case do so one after the other, in the order
// in which they came: who decides over a state that is just being changed decides
// in vain and waits for a second commit. It spares work only. What keeps a case
// whole is the store, and another node's commit is met there.
//
// Where the store says that a change has its place in line, the next one decides
// while that change is being committed, over the state that it leads to, and is
// committed right after it, often by the same transaction. Nobody is told anything
// that rests on a state that is not committed: a change is durable only with what
// it was decided on, and a refusal is decided again over what is committed.
type turns struct {
	mu sync.Mutex
	at map[string]*turn
}

// turn is one case's. Its fields but free are guarded by turns.mu.
type turn struct {
	all  *turns
	code string
	free chan struct{} // holds a token while nobody decides
	n    int           // who decides, waits or has a change in line

	line int           // changes that have their place in line and are not committed yet
	next *engine.Case  // what they lead to; nil = nobody may decide over that
	over chan struct{} // closed when there is none; nil = nobody waits for it
}

// hold is the turn of one who decides.
type hold struct {
	*turn
	has  bool // the token
	went bool // it was passed on: the own change is in line
}

// take waits for the turn on a case, or until ctx ends: Unavailable. Whoever has it
// calls leave.
func (t *turns) take(ctx context.Context, code string) (*hold, error) {
	t.mu.Lock()
	c := t.at[code]
	if c == nil {
		c = &turn{all: t, code: code, free: make(chan struct{}, 1)}
		c.free <- struct{}{}
		t.at[code] = c
	}
	c.n++
	t.mu.Unlock()
	h := &hold{turn: c}
	if err := h.again(ctx); err != nil {
		h.leave()
		return nil, err
	}
	return h, nil
}

// again waits for the turn, unless it is held.
func (h *hold) again(ctx context.Context) error {
	if h.has {
		return nil
	}
	select {
	case <-h.free:
		h.has = true
		return nil
	case <-ctx.Done():
		return h.gone(ctx)
	}
}

// errLeft stands for the outcome of a change that nobody waited for to its end.
var errLeft = errors.New("runtime: left before it was known")

func (h *hold) gone(ctx context.Context) error {
	return &engine.Error{Code: engine.Unavailable, Op: "runtime.turn", Case: h.code, Err: ctx.Err()}
}

func (h *hold) leave() {
	h.give()
	h.landed(errLeft)
	h.all.mu.Lock()
	defer h.all.mu.Unlock()
	if h.n--; h.n == 0 {
		delete(h.all.at, h.code)
	}
}

// give lets the next one decide.
func (h *hold) give() {
	if h.has {
		h.has = false
		h.free <- struct{}{}
	}
}

// ahead is what the case will be when the changes in line are committed; nil when
// there are none, or one of them was refused.
func (h *hold) ahead() *engine.Case {
	h.all.mu.Lock()
	defer h.all.mu.Unlock()
	return h.next
}

// pass lets the next one decide over what the own change leads to, which has its
// place in line.
func (h *hold) pass(next *engine.Case) {
	h.all.mu.Lock()
	h.line++
	h.next, h.went = next, true
	h.all.mu.Unlock()
	h.give()
}

// landed takes the own change out of the line, if it was passed on.
func (h *hold) landed(err error) {
	if !h.went {
		return
	}
	h.went = false
	h.all.mu.Lock()
	defer h.all.mu.Unlock()
	if h.line--; h.line == 0 || err != nil {
		h.next = nil
	}
	if h.line == 0 && h.over != nil {
		close(h.over)
		h.over = nil
	}
}

// settled waits until nothing is in line: Unavailable when ctx ends before.
func (h *hold) settled(ctx context.Context) error {
	h.all.mu.Lock()
	if h.line == 0 {
		h.all.mu.Unlock()
		return nil
	}
	if h.over == nil {
		h.over = make(chan struct{})
	}
	over := h.over
	h.all.mu.Unlock()
	select {
	case <-over:
		return nil
	case <-ctx.Done():
		return h.gone(ctx)
	}
}
