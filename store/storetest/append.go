package storetest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"lienthong/engine"
)

func testAppend(t *testing.T, x Target) {
	t.Run("stores what was folded", func(t *testing.T) {
		s := x.open(t, Hooks{})
		a := File(Filing{Code: "A", Key: "k"}).Go("receive", "birth", moved("birth", "submitted", "received", 2, "civil@00004", ""))
		must(t, s.Append(t.Context(), a.Change()))
		same(t, ok(s.Load(t.Context(), "A"))(t), a.Case)
		a.Go("note", "birth", recorded("birth", "note", map[string]any{"text": "x"}), assigned("birth", "lan"))
		must(t, s.Append(t.Context(), a.Change()))
		same(t, ok(s.Load(t.Context(), "A"))(t), a.Case)
		sound(t, s)
	})
	t.Run("refuses what has no shape", func(t *testing.T) {
		s := x.open(t, Hooks{})
		c := File(Filing{Code: "A"}).Change()
		wants(t, s.Append(t.Context()), engine.Invalid)
		wants(t, s.Append(t.Context(), engine.Change{Case: c.Case}), engine.Invalid)
		wants(t, s.Append(t.Context(), engine.Change{Case: c.Case, Base: 1, Entries: c.Entries}), engine.Invalid)
		wants(t, s.Append(t.Context(), engine.Change{Entries: c.Entries}), engine.Invalid)
		for _, key := range []string{"", "k", "A/1/0", "A/2/x", "A/2/-1", "A/02/0", "B/2/0", "A/2/0/"} {
			st := File(Filing{Code: "A"})
			wants(t, s.Append(t.Context(), st.Go("ask", "birth", requested("birth", key, "r", nil)).Change()), engine.Invalid)
			st = File(Filing{Code: "A"})
			wants(t, s.Append(t.Context(), st.Go("tell", "birth", notified("birth", key, "office:o")).Change()), engine.Invalid)
		}
	})
	t.Run("all changes or none", func(t *testing.T) {
		s := x.open(t, Hooks{})
		must(t, s.Append(t.Context(), File(Filing{Code: "B"}).Change()))
		a, b := File(Filing{Code: "A"}), File(Filing{Code: "B"})
		wants(t, s.Append(t.Context(), a.Fork().Change(), b.Change()), engine.StaleVersion)
		_, err := s.Load(t.Context(), "A")
		wants(t, err, engine.NotFound)
		must(t, s.Append(t.Context(), a.Change(), File(Filing{Code: "C"}).Change()))
		sound(t, s)
	})
	t.Run("two changes of one case in one call", func(t *testing.T) {
		s := x.open(t, Hooks{})
		a := File(Filing{Code: "A"})
		first := a.Change()
		second := a.Go("receive", "birth", moved("birth", "submitted", "received", 2, "civil@00004", "")).Change()
		must(t, s.Append(t.Context(), first, second))
		same(t, ok(s.Load(t.Context(), "A"))(t), a.Case)
		sound(t, s)
	})
	t.Run("stale", func(t *testing.T) {
		s := x.open(t, Hooks{})
		a := File(Filing{Code: "A"})
		must(t, s.Append(t.Context(), a.Fork().Change()))
		wants(t, s.Append(t.Context(), a.Change()), engine.StaleVersion)
		late := a.Fork().Go("x", "birth", assigned("birth", "late"))
		must(t, s.Append(t.Context(), a.Go("x", "birth", assigned("birth", "first")).Change()))
		wants(t, s.Append(t.Context(), late.Change()), engine.StaleVersion)
		never := File(Filing{Code: "Z"})
		never.Change()
		wants(t, s.Append(t.Context(), never.Go("x", "birth", assigned("birth", "lan")).Change()), engine.StaleVersion)
		same(t, ok(s.Load(t.Context(), "A"))(t), a.Case)
	})
	t.Run("lost update race", func(t *testing.T) { testRace(t, x) })
	t.Run("duplicate key", func(t *testing.T) { testKeys(t, x) })
	t.Run("answers", func(t *testing.T) { testAnswers(t, x) })
	t.Run("caller gone before", func(t *testing.T) {
		s := x.open(t, Hooks{})
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		wants(t, s.Append(ctx, File(Filing{Code: "A"}).Change()), engine.UnknownOutcome)
		_, err := s.Load(t.Context(), "A")
		wants(t, err, engine.NotFound)
	})
	t.Run("dossier taken away with its tokens", func(t *testing.T) {
		s := x.open(t, Hooks{})
		a := File(Filing{Code: "A"})
		must(t, s.Append(t.Context(), a.Change()))
		a.Go("transfer", "birth", transferred("birth", "civil@00005"))
		must(t, s.Append(t.Context(), a.Change()))
		for office, want := range map[string]int{"civil@00004": 0, "civil@00005": 1} {
			rows, _, err := s.Rows(t.Context(), engine.RowQuery{Offices: []string{office}, Text: "dao"})
			must(t, err)
			if len(rows) != want {
				t.Errorf("%s sees %d rows, want %d", office, len(rows), want)
			}
		}
	})
}

// testRace lets 50 writers change one case; each must see its own change once.
func testRace(t *testing.T, x Target) {
	s := x.open(t, Hooks{})
	a := File(Filing{Code: "A"})
	must(t, s.Append(t.Context(), a.Change()))
	const writers = 50
	var wg sync.WaitGroup
	for i := range writers {
		wg.Go(func() {
			for {
				c, err := s.Load(t.Context(), "A")
				if err != nil {
					t.Error(err)
					return
				}
				st := &Story{Case: c, base: c.Seq}
				name := fmt.Sprintf("w%d", i)
				err = s.Append(t.Context(), st.Go("count", "birth", recorded("birth", name, map[string]any{"n": c.Seq})).Change())
				if err == nil {
					return
				}
				if engine.CodeOf(err) != engine.StaleVersion {
					t.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	c := ok(s.Load(t.Context(), "A"))(t)
	if c.Seq != writers+1 || len(c.Dossier("birth").Data) != writers {
		t.Fatalf("seq %d, %d records; want %d and %d", c.Seq, len(c.Dossier("birth").Data), writers+1, writers)
	}
	sound(t, s)
}

// holds checks who holds a key; "" = nobody.
func holds(t *testing.T, s engine.Store, key, want string) {
	t.Helper()
	got, err := s.Holder(t.Context(), key)
	if got != want || (err == nil) != (want != "") || want == "" && engine.CodeOf(err) != engine.NotFound {
		t.Fatalf("%q is held by %q (%v), want %q", key, got, err, want)
	}
}

func testKeys(t *testing.T, x Target) {
	s := x.open(t, Hooks{})
	a := File(Filing{Code: "A", Key: "k"})
	must(t, s.Append(t.Context(), a.Change()))
	b := File(Filing{Code: "B", Key: "k"})
	if e := wants(t, s.Append(t.Context(), b.Fork().Change()), engine.Duplicate); e.Other != "A" {
		t.Fatalf("other is %q, want A", e.Other)
	}
	must(t, s.Append(t.Context(), File(Filing{Code: "K", Key: "K"}).Change())) // another key: case matters
	holds(t, s, "k", "A")
	holds(t, s, "K", "K")

	a.Go("refuse", "birth", moved("birth", "submitted", "refused", 3, "civil@00004", engine.FinalRefused))
	must(t, s.Append(t.Context(), a.Change())) // released
	holds(t, s, "k", "")
	must(t, s.Append(t.Context(), b.Change()))
	holds(t, s, "k", "B")
	again := a.Fork().Go("reopen", "birth", moved("birth", "refused", "received", 2, "civil@00004", ""))
	if again.Case.KeyHeld() {
		if e := wants(t, s.Append(t.Context(), again.Change()), engine.Duplicate); e.Other != "B" {
			t.Fatalf("other is %q, want B", e.Other)
		}
	}
	b.Go("refuse", "birth", moved("birth", "submitted", "refused", 3, "civil@00004", engine.FinalRefused))
	reopen := a.Go("reopen", "birth", moved("birth", "refused", "received", 2, "civil@00004", ""))
	must(t, s.Append(t.Context(), b.Change(), reopen.Change())) // released and held again in one call
	wants(t, s.Append(t.Context(), File(Filing{Code: "C", Key: "k"}).Change()), engine.Duplicate)
	sound(t, s)
}

func testAnswers(t *testing.T, x Target) {
	s := x.open(t, Hooks{})
	answer := func(code, digest string) *engine.Answer {
		return &engine.Answer{Actor: "an", Key: "k1", Digest: digest, Case: code, Status: 201, Body: json.RawMessage(`{"a":1}`), At: T0}
	}
	if a := ok(s.Answered(t.Context(), "an", "k1"))(t); a != nil {
		t.Fatalf("answer before any: %+v", a)
	}
	c := File(Filing{Code: "A"}).Change()
	c.Answer = answer("A", "d1")
	must(t, s.Append(t.Context(), c))
	got := ok(s.Answered(t.Context(), "an", "k1"))(t)
	want := answer("A", "d1")
	want.At = want.At.UTC()
	same(t, got, want)

	c = File(Filing{Code: "B"}).Change()
	c.Answer = answer("B", "d2")
	wants(t, s.Append(t.Context(), c), engine.IdempotencyMismatch)
	c.Answer = answer("B", "d1")
	if e := wants(t, s.Append(t.Context(), c), engine.StaleVersion); e.Op != engine.OpAnswered || e.Case != "A" {
		t.Fatalf("repeated request: %+v", e)
	}
	c.Answer = answer("B", "d1")
	c.Answer.Actor = "AN" // another actor's key
	must(t, s.Append(t.Context(), c))
	n := ok(s.Prune(t.Context(), engine.Horizon{Answers: T0.AddDate(1, 0, 0)}, 0))(t)
	if n != (engine.Pruned{Answers: 2}) {
		t.Fatalf("pruned %+v, want 2 answers", n)
	}
	if a := ok(s.Answered(t.Context(), "an", "k1"))(t); a != nil {
		t.Fatalf("answer after prune: %+v", a)
	}
}

// held keeps the first commit waiting, so that the calls after it share one.
type held struct {
	entered, release chan struct{}
	once             sync.Once
	commits          atomic.Int64
}

func hold() *held { return &held{entered: make(chan struct{}), release: make(chan struct{})} }

func (h *held) commit(commit func() error) error {
	h.commits.Add(1)
	h.once.Do(func() {
		close(h.entered)
		<-h.release
	})
	return commit()
}

// shared checks that all calls after the held commit were one more, where the store
// gathers calls: else a test of neighbours would prove nothing.
func (h *held) shared(t *testing.T, x Target) {
	t.Helper()
	if n := h.commits.Load(); x.Groups && n != 2 {
		t.Errorf("%d transactions, want the held one and one more", n)
	}
}

// testShared is what calls in one transaction owe each other.
func testShared(t *testing.T, x Target) {
	t.Run("one bad among many", func(t *testing.T) {
		h := hold()
		s := x.open(t, Hooks{Commit: h.commit, Plan: func(code string) {
			if code == "PANIC" {
				panic("on purpose")
			}
		}})
		results := h.together(t, s, []engine.Change{
			File(Filing{Code: "A", Key: "k"}).Change(),
			File(Filing{Code: "B", Key: "k"}).Change(), // duplicate of A
			File(Filing{Code: "FIRST"}).Change(),       // stale
			File(Filing{Code: "PANIC"}).Change(),
			File(Filing{Code: "C"}).Change(),
		})
		codes(t, results, "", engine.Duplicate, engine.StaleVersion, engine.Internal, "")
		same(t, ok(s.Open(t.Context(), "", 0))(t), []string{"A", "C", "FIRST"})
		h.shared(t, x)
		sound(t, s)
	})
	t.Run("the database refuses one", func(t *testing.T) {
		h := hold()
		s := x.open(t, Hooks{Commit: h.commit})
		bad := File(Filing{Code: "B"})
		bad.Go("ask", "birth", requested("birth", bad.Key(0), "r", nil), requested("birth", bad.Key(0), "r", nil)) // one key twice
		results := h.together(t, s, []engine.Change{File(Filing{Code: "A"}).Change(), bad.Change(), File(Filing{Code: "C"}).Change()})
		codes(t, results, "", engine.Invalid, "")
		same(t, ok(s.Open(t.Context(), "", 0))(t), []string{"A", "C", "FIRST"})
		h.shared(t, x)
		sound(t, s)
	})
	t.Run("two equal keys get one answer", func(t *testing.T) {
		h := hold()
		s := x.open(t, Hooks{Commit: h.commit})
		var cs []engine.Change
		for i, digest := range []string{"d", "d", "other"} {
			c := File(Filing{Code: fmt.Sprintf("C%d", i)}).Change()
			c.Answer = &engine.Answer{Actor: "an", Key: "k", Digest: digest, Case: c.Case.Code, Status: 201, At: T0}
			cs = append(cs, c)
		}
		results := h.together(t, s, cs)
		if results[0] != nil {
			t.Fatal(results[0])
		}
		if e := wants(t, results[1], engine.StaleVersion); e.Op != engine.OpAnswered {
			t.Fatalf("repeated request: %+v", e)
		}
		wants(t, results[2], engine.IdempotencyMismatch)
	})
	t.Run("two changes of one case", func(t *testing.T) {
		h := hold()
		s := x.open(t, Hooks{Commit: h.commit})
		a := File(Filing{Code: "A"})
		first := a.Change()
		late := a.Fork().Go("x", "birth", assigned("birth", "late")).Change()
		second := a.Go("x", "birth", assigned("birth", "lan")).Change()
		results := h.together(t, s, []engine.Change{first, second, late})
		must(t, results[0])
		must(t, results[1])
		wants(t, results[2], engine.StaleVersion)
		h.shared(t, x)
		same(t, ok(s.Load(t.Context(), "A"))(t), a.Case)
		sound(t, s)
	})
	t.Run("caller leaves while waiting", func(t *testing.T) {
		h := hold()
		s := x.open(t, Hooks{Commit: h.commit})
		first := make(chan error, 1)
		go func() { first <- s.Append(t.Context(), File(Filing{Code: "FIRST"}).Change()) }()
		<-h.entered
		ctx, cancel := context.WithCancel(t.Context())
		gone := make(chan error, 1)
		go func() { gone <- s.Append(ctx, File(Filing{Code: "A"}).Change()) }()
		cancel()
		wants(t, <-gone, engine.UnknownOutcome) // answered although the writer still waits
		close(h.release)
		must(t, <-first)
		must(t, s.Append(t.Context(), File(Filing{Code: "B"}).Change()))
		sound(t, s)
	})
	t.Run("caller leaves while others stay", func(t *testing.T) {
		h := hold()
		s := x.open(t, Hooks{Commit: h.commit})
		first := make(chan error, 1)
		go func() { first <- s.Append(t.Context(), File(Filing{Code: "FIRST"}).Change()) }()
		<-h.entered
		ctx, cancel := context.WithCancel(t.Context())
		answers := map[string]chan error{}
		queue := Queued(s)
		for i, code := range []string{"A", "GONE", "B"} {
			c, by := make(chan error, 1), t.Context()
			if code == "GONE" {
				by = ctx
			}
			answers[code] = c
			go func() { c <- s.Append(by, File(Filing{Code: code}).Change()) }()
			queue(i + 1)
		}
		cancel()
		wants(t, <-answers["GONE"], engine.UnknownOutcome)
		close(h.release)
		must(t, <-first)
		must(t, <-answers["A"])
		must(t, <-answers["B"])
		same(t, ok(s.Open(t.Context(), "", 0))(t), []string{"A", "B", "FIRST"}) // who has gone before its turn has written nothing
		h.shared(t, x)
		sound(t, s)
	})
	t.Run("commit fails", func(t *testing.T) { testCommitFails(t, x) })
	t.Run("commit fails for all that share it", func(t *testing.T) {
		h := hold()
		var later atomic.Bool
		s := x.open(t, Hooks{Commit: func(commit func() error) error {
			if later.Swap(true) {
				return errors.New("the disk went away")
			}
			return h.commit(commit)
		}})
		results := h.together(t, s, []engine.Change{File(Filing{Code: "A"}).Change(), File(Filing{Code: "B", Key: "k"}).Change(), File(Filing{Code: "FIRST"}).Change()})
		codes(t, results, engine.UnknownOutcome, engine.UnknownOutcome)
		if results[2] == nil {
			t.Error("a stale call was answered without an error")
		}
		same(t, ok(s.Open(t.Context(), "", 0))(t), []string{"FIRST"})
		holds(t, s, "k", "")
		sound(t, s)
	})
	t.Run("one transaction for all that wait", func(t *testing.T) {
		if !x.Groups {
			t.Skip("every call is a transaction here")
		}
		h := hold()
		s := x.open(t, Hooks{Commit: h.commit})
		var cs []engine.Change
		for i := range 20 {
			cs = append(cs, File(Filing{Code: fmt.Sprintf("C%02d", i)}).Change())
		}
		for _, err := range h.together(t, s, cs) {
			must(t, err)
		}
		h.shared(t, x)
	})
}

// together sends changes in order while a first commit is held, so that a store
// with group commit takes them in one transaction.
func (h *held) together(t *testing.T, s engine.Store, cs []engine.Change) []error {
	t.Helper()
	first := make(chan error, 1)
	go func() { first <- s.Append(t.Context(), File(Filing{Code: "FIRST"}).Change()) }()
	<-h.entered
	results := make([]chan error, len(cs))
	queue := Queued(s)
	for i, c := range cs {
		results[i] = make(chan error, 1)
		go func() { results[i] <- s.Append(t.Context(), c) }()
		queue(i + 1)
	}
	close(h.release)
	must(t, <-first)
	out := make([]error, len(cs))
	for i := range results {
		out[i] = <-results[i]
	}
	return out
}

// Queued returns a function that waits until n calls wait for the store's writer,
// when the store can tell.
func Queued(s engine.Store) func(n int) {
	q, can := s.(interface{ Waiting() int })
	if !can {
		return func(int) {}
	}
	return func(n int) {
		for q.Waiting() < n {
			yield()
		}
	}
}

func testCommitFails(t *testing.T, x Target) {
	for _, happens := range []bool{false, true} {
		t.Run(fmt.Sprintf("happened=%v", happens), func(t *testing.T) {
			fail := false
			s := x.open(t, Hooks{Commit: func(commit func() error) error {
				if !fail {
					return commit()
				}
				fail = false
				if happens {
					if err := commit(); err != nil {
						return err
					}
				}
				return errors.New("the disk went away")
			}})
			must(t, s.Append(t.Context(), File(Filing{Code: "FIRST"}).Change()))
			fail = true
			c := File(Filing{Code: "A", Key: "k"}).Change()
			c.Answer = &engine.Answer{Actor: "an", Key: "k", Digest: "d", Case: "A", Status: 201, At: T0}
			wants(t, s.Append(t.Context(), c), engine.UnknownOutcome)
			err := s.Append(t.Context(), c) // the retry learns the truth
			if !happens {
				must(t, err)
			} else if e := wants(t, err, engine.StaleVersion); e.Op != engine.OpAnswered {
				t.Fatalf("retry: %+v", e)
			}
			if a := ok(s.Answered(t.Context(), "an", "k"))(t); a == nil || a.Case != "A" {
				t.Fatalf("answer: %+v", a)
			}
			sound(t, s)
		})
	}
}
