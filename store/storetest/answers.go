package storetest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"testing"

	"lienthong/engine"
)

// keyed is a call that takes an answer and is about no case.
type keyed struct {
	name string
	call func(ctx context.Context, s engine.Store, a *engine.Answer) error
	done func(t *testing.T, s engine.Store) int // how often it was done
}

func keyedCalls() []keyed {
	published := engine.Publication{Service: "birth", Version: "1", Hash: "aa", By: "an", At: T0}
	return []keyed{
		{"alone", func(ctx context.Context, s engine.Store, a *engine.Answer) error { return s.Keep(ctx, *a) },
			func(t *testing.T, s engine.Store) int {
				if ok(s.Answered(t.Context(), "an", "k"))(t) == nil {
					return 0
				}
				return 1
			}},
		{"account", func(ctx context.Context, s engine.Store, a *engine.Answer) error {
			rev := int64(0)
			if old, err := s.Account(ctx, "lan"); err == nil {
				rev = old.Rev
			}
			return s.PutAccount(ctx, engine.Account{ID: "lan", Kind: engine.Staff}, rev, a)
		}, func(t *testing.T, s engine.Store) int {
			a, err := s.Account(t.Context(), "lan")
			if engine.CodeOf(err) == engine.NotFound {
				return 0
			}
			must(t, err)
			return int(a.Rev)
		}},
		{"publication", func(ctx context.Context, s engine.Store, a *engine.Answer) error {
			return s.Publish(ctx, engine.Publishing{Versions: []engine.Publication{published}, Answer: a,
				Defaults: []engine.DefaultSet{{Service: "birth", Version: "1", By: "an", At: T0}}})
		}, func(t *testing.T, s engine.Store) int { return len(ok(s.Defaults(t.Context()))(t)) }},
	}
}

// testKept: what is about no case keeps its answer in its own commit.
func testKept(t *testing.T, x Target) {
	for _, c := range keyedCalls() {
		t.Run(c.name, func(t *testing.T) { c.test(t, x) })
	}
	t.Run("refused", func(t *testing.T) {
		s := x.open(t, Hooks{})
		must(t, s.PutAccount(t.Context(), engine.Account{ID: "lan"}, 0, nil))
		wants(t, s.PutAccount(t.Context(), engine.Account{ID: "lan"}, 0, keptAnswer("d")), engine.Duplicate)
		wants(t, s.Publish(t.Context(), engine.Publishing{Defaults: []engine.DefaultSet{{Service: "x"}}, Answer: keptAnswer("d")}), engine.NotFound)
		if a := ok(s.Answered(t.Context(), "an", "k"))(t); a != nil {
			t.Errorf("the answer of what was refused is kept: %+v", a)
		}
	})
}

func keptAnswer(digest string) *engine.Answer {
	return &engine.Answer{Actor: "an", Key: "k", Digest: digest, Status: 200, Body: json.RawMessage(`{"a":1}`), At: T0.UTC()}
}

func (c keyed) test(t *testing.T, x Target) {
	t.Run("answer in its commit", func(t *testing.T) {
		s := x.open(t, Hooks{})
		wants(t, c.call(t.Context(), s, &engine.Answer{Actor: "an"}), engine.Invalid)
		must(t, c.call(t.Context(), s, keptAnswer("d")))
		same(t, ok(s.Answered(t.Context(), "an", "k"))(t), keptAnswer("d"))
		if e := wants(t, c.call(t.Context(), s, keptAnswer("d")), engine.StaleVersion); e.Op != engine.OpAnswered || e.Case != "" {
			t.Errorf("repeated: %+v", e)
		}
		wants(t, c.call(t.Context(), s, keptAnswer("other")), engine.IdempotencyMismatch)
		same(t, ok(s.Answered(t.Context(), "an", "k"))(t), keptAnswer("d"))
		if n := c.done(t, s); n != 1 {
			t.Errorf("done %d times", n)
		}
		sound(t, s)
	})
	t.Run("repeated at once", func(t *testing.T) {
		h := hold()
		s := x.open(t, Hooks{Commit: h.commit})
		var first sync.WaitGroup
		first.Go(func() {
			if err := s.LogAccess(t.Context(), engine.Access{At: T0, Account: "lan", What: "list"}); err != nil {
				t.Error(err)
			}
		})
		<-h.entered
		const callers = 8
		errs := make([]error, callers)
		var rest sync.WaitGroup
		for i := range callers {
			rest.Go(func() { errs[i] = c.call(t.Context(), s, keptAnswer("d")) })
		}
		close(h.release)
		first.Wait()
		rest.Wait()
		good := 0
		for _, err := range errs {
			if err == nil {
				good++
			} else if e := wants(t, err, engine.StaleVersion); e.Op != engine.OpAnswered {
				t.Error(err)
			}
		}
		if n := c.done(t, s); n != 1 || good != 1 {
			t.Errorf("done %d times, %d told so", n, good)
		}
	})
	for _, happens := range []bool{true, false} {
		t.Run(fmt.Sprint("commit fails, happened ", happens), func(t *testing.T) {
			dir, fails := t.TempDir(), true
			s := x.Open(t, dir, Hooks{Commit: func(commit func() error) error {
				if !fails {
					return commit()
				}
				fails = false
				err := errors.New("the disk went away")
				if happens {
					return errors.Join(err, commit())
				}
				return err
			}})
			wants(t, c.call(t.Context(), s, keptAnswer("d")), engine.UnknownOutcome)
			if x.Durable { // another life
				must(t, s.Close())
				s = x.Open(t, dir, Hooks{})
			}
			defer s.Close()
			kept, n := ok(s.Answered(t.Context(), "an", "k"))(t), c.done(t, s)
			if happens != (kept != nil) || happens != (n == 1) {
				t.Errorf("answered %v, done %d times", kept, n)
			}
			err := c.call(t.Context(), s, keptAnswer("d"))
			if happens {
				wants(t, err, engine.StaleVersion)
			} else {
				must(t, err)
			}
			if n := c.done(t, s); n != 1 {
				t.Errorf("done %d times after the repetition", n)
			}
		})
	}
}
