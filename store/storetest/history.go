package storetest

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"lienthong/engine"
)

func testHistory(t *testing.T, x Target) {
	s := x.open(t, Hooks{})
	a := File(Filing{Code: "A"})
	for i := range 4 {
		a.Go("note", "birth", recorded("birth", fmt.Sprintf("n%d", i), map[string]any{"i": int64(i)}))
	}
	want := slices.Clone(a.Pending)
	must(t, s.Append(t.Context(), a.Change()))
	for _, c := range []struct {
		name  string
		code  string
		from  int64
		limit int
		want  []engine.Entry
	}{
		{"all", "A", 0, 0, want},
		{"from the first", "A", 1, 0, want},
		{"from the third", "A", 3, 0, want[2:]},
		{"two from the second", "A", 2, 2, want[1:3]},
		{"after the end", "A", 6, 0, []engine.Entry{}},
		{"another case", "a", 0, 0, []engine.Entry{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			same(t, ok(s.History(t.Context(), c.code, c.from, c.limit))(t), c.want)
		})
	}
	t.Run("folds to the stored case", func(t *testing.T) {
		var c *engine.Case
		for _, e := range ok(s.History(t.Context(), "A", 0, 0))(t) {
			c = engine.Fold(c, e)
		}
		same(t, ok(s.Load(t.Context(), "A"))(t), c)
	})
}

func testTimers(t *testing.T, x Target) {
	s := x.open(t, Hooks{})
	if _, any, err := s.NextDue(t.Context()); err != nil || any {
		t.Fatalf("timer in an empty store: %v, %v", any, err)
	}
	day := func(n int) time.Time { return T0.AddDate(0, 0, n) }
	for code, at := range map[string][]time.Time{"A": {day(9), day(3)}, "B": {day(1)}, "C": {day(3)}, "D": nil} {
		st := File(Filing{Code: code})
		if at != nil {
			st.Go("wait", "birth", timers("birth", at...))
		}
		must(t, s.Append(t.Context(), st.Change()))
	}
	at, any, err := s.NextDue(t.Context())
	must(t, err)
	if !any || !at.Equal(day(1)) {
		t.Fatalf("next is %v, %v", at, any)
	}
	same(t, ok(s.Due(t.Context(), day(0), 0))(t), []string{})
	same(t, ok(s.Due(t.Context(), day(1), 0))(t), []string{"B"}) // at the instant
	same(t, ok(s.Due(t.Context(), day(5), 0))(t), []string{"B", "A", "C"})
	same(t, ok(s.Due(t.Context(), day(5), 2))(t), []string{"B", "A"})
	same(t, ok(s.Open(t.Context(), "A", 2))(t), []string{"B", "C"})

	closed := &Story{Case: ok(s.Load(t.Context(), "B"))(t)}
	closed.base = closed.Case.Seq
	must(t, s.Append(t.Context(), closed.Go("end", "birth", timers("birth"), engine.CaseClosed{Outcome: engine.Refused}).Change()))
	same(t, ok(s.Due(t.Context(), day(5), 0))(t), []string{"A", "C"})
	same(t, ok(s.Open(t.Context(), "", 0))(t), []string{"A", "C", "D"})
	same(t, ok(s.Kept(t.Context(), "", 0))(t), []string{"A", "B", "C", "D"})
	same(t, ok(s.Kept(t.Context(), "A", 2))(t), []string{"B", "C"})
	same(t, ok(s.Archived(t.Context()))(t), int64(0))

	moved := &Story{Case: ok(s.Load(t.Context(), "C"))(t)} // to another version
	moved.base = moved.Case.Seq
	must(t, s.Append(t.Context(), moved.Go("migrate", "", engine.Migrated{Version: "2027", Hash: "h2", From: "2026-09-01"}).Change()))
	same(t, ok(s.OpenUnder(t.Context(), "birth", "2026-09-01", "", 0))(t), []string{"A", "D"})
	same(t, ok(s.OpenUnder(t.Context(), "birth", "2026-09-01", "A", 1))(t), []string{"D"})
	same(t, ok(s.OpenUnder(t.Context(), "birth", "2027", "", 9))(t), []string{"C"})
	same(t, ok(s.OpenUnder(t.Context(), "death", "2026-09-01", "", 0))(t), []string{})
}

func testCodes(t *testing.T, x Target) {
	s := x.open(t, Hooks{})
	_, err := s.Codes(t.Context(), "00004", "260901", 0)
	wants(t, err, engine.Invalid)
	if n := ok(s.Codes(t.Context(), "00004", "260901", 3))(t); n != 1 {
		t.Fatalf("first is %d", n)
	}
	for _, c := range []struct{ unit, day string }{{"00005", "260901"}, {"00004", "260902"}} {
		if n := ok(s.Codes(t.Context(), c.unit, c.day, 1))(t); n != 1 {
			t.Fatalf("first of %v is %d", c, n)
		}
	}
	var mu sync.Mutex
	seen := map[int]bool{1: true, 2: true, 3: true}
	var wg sync.WaitGroup
	for i := range 40 {
		wg.Go(func() {
			n := i%3 + 1
			first, err := s.Codes(t.Context(), "00004", "260901", n)
			if err != nil {
				t.Error(err)
			}
			mu.Lock()
			defer mu.Unlock()
			for k := first; k < first+n; k++ {
				if seen[k] {
					t.Errorf("%d was given twice", k)
				}
				seen[k] = true
			}
		})
	}
	wg.Wait()
}

func testReopen(t *testing.T, x Target) {
	if !x.Durable {
		t.Skip("nothing survives Close in this store")
	}
	dir := t.TempDir()
	s := x.Open(t, dir, Hooks{})
	a := File(Filing{Code: "A", Key: "k"})
	a.Go("ask", "birth", requested("birth", a.Key(0), "population", nil))
	c := a.Change()
	c.Answer = &engine.Answer{Actor: "an", Key: "k", Digest: "d", Case: "A", Status: 201, At: T0}
	must(t, s.Append(t.Context(), c))
	must(t, s.LogAccess(t.Context(), engine.Access{At: T0, Account: "lan", Case: "A", What: "case"}))
	ok(s.Codes(t.Context(), "u", "d", 5))(t)
	must(t, s.Close())
	must(t, s.Close()) // twice is once

	s = x.Open(t, dir, Hooks{})
	defer s.Close()
	same(t, ok(s.Load(t.Context(), "A"))(t), a.Case)
	if got := ok(s.Answered(t.Context(), "an", "k"))(t); got == nil {
		t.Fatal("the answer is gone")
	}
	if n := ok(s.Codes(t.Context(), "u", "d", 1))(t); n != 6 {
		t.Fatalf("number %d was given before", n)
	}
	if ds := ok(s.Claim(t.Context(), "n", T0, T0.Add(time.Minute), 10))(t); len(ds) != 1 {
		t.Fatalf("claimed %d", len(ds))
	}
	wants(t, s.Append(t.Context(), File(Filing{Code: "B", Key: "k"}).Change()), engine.Duplicate)
	must(t, s.LogAccess(t.Context(), engine.Access{At: T0, Account: "lan", Case: "A", What: "case"}))
	must(t, s.Append(t.Context(), a.Go("x", "birth", assigned("birth", "lan")).Change()))
	sound(t, s)
}

func testClose(t *testing.T, x Target) {
	s := x.Open(t, t.TempDir(), Hooks{})
	must(t, s.Ready(t.Context()))
	var wg sync.WaitGroup
	var mu sync.Mutex
	var acked []string
	for i := range 20 {
		wg.Go(func() {
			code := fmt.Sprintf("C%02d", i)
			err := s.Append(t.Context(), File(Filing{Code: code}).Change())
			if err == nil {
				mu.Lock()
				acked = append(acked, code)
				mu.Unlock()
			} else if engine.CodeOf(err) != engine.Unavailable {
				t.Error(err)
			}
		})
	}
	must(t, s.Close())
	wg.Wait() // everybody is answered
	wants(t, s.Ready(t.Context()), engine.Unavailable)
	wants(t, s.Append(t.Context(), File(Filing{Code: "Z"}).Change()), engine.Unavailable)
}
