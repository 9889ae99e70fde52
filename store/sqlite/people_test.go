package sqlite

import (
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"lienthong/engine"
)

func openPeople(t *testing.T, path string, takeOver bool) *Store {
	t.Helper()
	s, err := Open(t.Context(), Config{Path: path, TakeOver: takeOver})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// Whoever is told that an account or a session has changed finds it changed, and
// so does everybody who asks later, however many read at the same time.
func TestRememberedPeopleAreAsFreshAsTheFile(t *testing.T) {
	s := openPeople(t, filepath.Join(t.TempDir(), "x.db"), true)
	now := time.Date(2026, 9, 3, 8, 0, 0, 0, time.UTC)
	var wg sync.WaitGroup
	stop := make(chan struct{})
	for range 4 {
		wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				_, _ = s.Account(t.Context(), "lan")
				_, _ = s.Session(t.Context(), "t", now)
			}
		})
	}
	for rev := range int64(15) {
		if err := s.PutAccount(t.Context(), engine.Account{ID: "lan", Kind: engine.Staff, Disabled: rev%2 == 1}, rev, nil); err != nil {
			t.Fatal(err)
		}
		if a, err := s.Account(t.Context(), "lan"); err != nil || a.Rev != rev+1 || a.Disabled != (rev%2 == 1) {
			t.Fatalf("after revision %d: %+v %v", rev+1, a, err)
		}
		if err := s.PutSession(t.Context(), engine.Session{Token: "t", Account: fmt.Sprint(rev), Until: now.Add(time.Hour)}); err != nil {
			t.Fatal(err)
		}
		if v, err := s.Session(t.Context(), "t", now); err != nil || v.Account != fmt.Sprint(rev) {
			t.Fatalf("session %d: %+v %v", rev, v, err)
		}
		if _, err := s.Session(t.Context(), "t", now.Add(time.Hour)); engine.CodeOf(err) != engine.Unauthenticated {
			t.Fatalf("a session that is over: %v", err)
		}
		if err := s.EndSession(t.Context(), "t"); err != nil {
			t.Fatal(err)
		}
		if v, err := s.Session(t.Context(), "t", now); engine.CodeOf(err) != engine.Unauthenticated {
			t.Fatalf("an ended session: %+v %v", v, err)
		}
	}
	close(stop)
	wg.Wait()
	if err := s.PutAccount(t.Context(), engine.Account{ID: "lan"}, 7, nil); engine.CodeOf(err) != engine.StaleVersion {
		t.Fatalf("an old revision: %v", err)
	}
	if a, err := s.Account(t.Context(), "lan"); err != nil || a.Rev != 15 {
		t.Fatalf("after a refused change: %+v %v", a, err)
	}
	if _, known, _ := s.people.account("lan"); !known {
		t.Fatal("nothing is remembered")
	}
}

// Where others may write to the file, nobody is remembered.
func TestPeopleAreNotRememberedOfAFileThatOthersWrite(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.db")
	a, b := openPeople(t, path, false), openPeople(t, path, false)
	for rev := range int64(3) {
		if err := a.PutAccount(t.Context(), engine.Account{ID: "lan"}, rev, nil); err != nil {
			t.Fatal(err)
		}
		for _, s := range []*Store{a, b} {
			if got, err := s.Account(t.Context(), "lan"); err != nil || got.Rev != rev+1 {
				t.Fatalf("%+v %v, want revision %d", got, err, rev+1)
			}
		}
	}
}

func TestFewPeopleAreRemembered(t *testing.T) {
	p := newPeople(3)
	for i := range 10 {
		p.keepAccount(engine.Account{ID: fmt.Sprint(i)}, 0)
		if n := len(p.accounts); n == 0 || n > 3 {
			t.Fatalf("%d are remembered", n)
		}
	}
	p.forget("9", "")
	if _, known, _ := p.account("9"); known {
		t.Fatal("a forgotten account is known")
	}
	p.keepAccount(engine.Account{ID: "9"}, 0) // read before the change
	if _, known, _ := p.account("9"); known {
		t.Fatal("what was read before a change is remembered after it")
	}
}
