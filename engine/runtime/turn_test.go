package runtime_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"lienthong/engine"
	"lienthong/engine/runtime"
)

// lingering is a store whose commits of one kind wait until they are let go.
type lingering struct {
	engine.Store
	append, settle   chan struct{} // closed = go on; nil = at once
	appends, settles atomic.Int64  // begun
}

func (s *lingering) Append(ctx context.Context, cs ...engine.Change) error {
	if s.appends.Add(1); s.append != nil {
		<-s.append
	}
	return s.Store.Append(ctx, cs...)
}

func (s *lingering) Settle(ctx context.Context, d engine.Delivery) error {
	if s.settles.Add(1); s.settle != nil {
		<-s.settle
	}
	return s.Store.Settle(ctx, d)
}

// Who comes to a case that is being changed waits, decides over what it is then,
// and does not decide in vain; other cases go on, and who waits may leave.
func TestOneCaseIsDecidedOnInTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		var people []any
		for i := range 6 {
			people = append(people, fmt.Sprint("N", i))
		}
		var codes []string
		for range 2 {
			cs, err := w.r.File(t.Context(), runtime.Filing{Service: "consent", Actor: citizen, Requester: engine.Person{ID: "P"}, Channel: 2,
				Application: map[string]any{"people": people, "commune": "00004"}})
			w.must(err)
			codes = append(codes, cs[0].Code)
		}
		s := &lingering{Store: w.store, append: make(chan struct{})}
		w.r = w.node("a", func(c *runtime.Config) { c.Store = s })
		agree := func(ctx context.Context, code string, person any) error {
			_, err := w.r.Do(ctx, runtime.Request{Command: engine.Command{Action: "agree", Case: code, Step: "consent",
				Actor: engine.Actor{Kind: engine.Citizen, ID: person.(string)}}})
			return err
		}
		done := make(chan error, 2*len(people))
		for _, p := range people[:5] {
			for _, code := range codes {
				go func() { done <- agree(t.Context(), code, p) }()
			}
		}
		synctest.Wait()
		if n := s.appends.Load(); n != 2 {
			t.Fatalf("%d commits under way, want one of each case", n)
		}
		ctx, cancel := context.WithCancel(t.Context())
		left := make(chan error, 1)
		go func() { left <- agree(ctx, codes[0], people[5]) }()
		synctest.Wait()
		cancel()
		w.code(<-left, engine.Unavailable)
		close(s.append)
		for range 10 {
			w.must(<-done)
		}
		if n := s.appends.Load(); n != 10 {
			t.Fatalf("%d commits were tried for 10 answers", n)
		}
		for _, code := range codes {
			if n := len(w.actions(code)); n != 6 {
				t.Fatalf("%d entries, want the filing and 5 answers", n)
			}
		}
	})
}

// lined is a store in which changes wait in line until they are let go, and are
// then written in their order; who comes upon a refused one is refused.
type lined struct {
	engine.Store
	tokens  chan error // one for each Append: what becomes of it
	mu      sync.Mutex
	line    []*engine.Case
	upon    int // changes upon those in line
	before  chan struct{}
	refused bool
}

func (s *lined) Append(ctx context.Context, cs ...engine.Change) error {
	c := cs[0]
	s.mu.Lock()
	if c.After != nil {
		s.upon++
		if !slices.Contains(s.line, c.After) {
			panic("upon what never was in line")
		}
	}
	s.line = append(s.line, c.Case)
	mine := make(chan struct{})
	before := s.before
	s.before = mine
	s.mu.Unlock()
	defer close(mine)
	c.Queued()
	err := <-s.tokens
	if before != nil {
		<-before
	}
	s.mu.Lock()
	upon := c.After != nil && s.refused
	s.refused = upon || err != nil
	s.mu.Unlock()
	if err != nil {
		return err
	}
	if upon {
		return &engine.Error{Code: engine.StaleVersion}
	}
	c.After = nil
	return s.Store.Append(ctx, c)
}

// Who comes to a case whose change is in line decides over what it leads to; who
// would be refused there waits and is told what is committed; and when a change is
// refused, those upon it are decided again.
func TestDecidingOverWhatIsInLine(t *testing.T) {
	for _, fails := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t)
			people := []any{"N0", "N1", "N2"}
			cs, err := w.r.File(t.Context(), runtime.Filing{Service: "consent", Actor: citizen, Requester: engine.Person{ID: "P"}, Channel: 2,
				Application: map[string]any{"people": people, "commune": "00004"}})
			w.must(err)
			code := cs[0].Code
			s := &lined{Store: w.store, tokens: make(chan error, 9)}
			w.r = w.node("a", func(c *runtime.Config) { c.Store = s })
			agree := func(person any) error {
				_, err := w.r.Do(t.Context(), runtime.Request{Key: "k", Command: engine.Command{Action: "agree", Case: code, Step: "consent",
					Actor: engine.Actor{Kind: engine.Citizen, ID: person.(string)}}})
				return err
			}
			answers := map[any]chan error{}
			ask := func(name, person any) {
				answers[name] = make(chan error, 1)
				go func() { answers[name] <- agree(person) }()
				synctest.Wait()
			}
			for _, p := range people[:2] {
				ask(p, p)
			}
			ask("again", "N0")
			if len(s.line) != 2 || s.upon != 1 || len(answers["again"]) != 0 {
				t.Fatalf("%d in line, %d upon another, who repeats has %d answers", len(s.line), s.upon, len(answers["again"]))
			}
			down := &engine.Error{Code: engine.Unavailable}
			if fails {
				s.tokens <- down
			}
			for range 4 {
				s.tokens <- nil
			}
			synctest.Wait()
			if err := <-answers["N0"]; fails {
				w.code(err, engine.Unavailable)
			} else {
				w.must(err)
			}
			w.must(<-answers["N1"])
			w.must(<-answers["again"]) // told of the first, or done now
			if n := len(w.actions(code)); n != 3 {
				t.Fatalf("%d entries, want the filing and two answers", n)
			}
		})
	}
}

// What a registry said waits for its commit without keeping the next exchange from
// being made, up to a bound.
func TestCommitsDoNotHoldUpExchanges(t *testing.T) {
	var s *lingering
	run(t, func(c *runtime.Config) {
		s = &lingering{Store: c.Store, settle: make(chan struct{})}
		c.Store, c.Parallel = s, 1
	}, func(t *testing.T, w *running) {
		for i := range 10 {
			w.file(fmt.Sprint("child ", i)) // owes one notification each
		}
		synctest.Wait()
		if n := s.settles.Load(); n != 4 {
			t.Fatalf("%d settlements wait, want 4 for the one exchange at once", n)
		}
		close(s.settle)
		synctest.Wait()
		if n := s.settles.Load(); n != 10 {
			t.Fatalf("%d settlements of 10", n)
		}
	})
}
