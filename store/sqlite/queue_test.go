package sqlite

import (
	"context"
	"fmt"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"lienthong/engine"
	"lienthong/store/storetest"
)

// lanes are the lanes of jobs, in order.
func lanesOf(jobs []*job) string {
	var out []string
	for _, j := range jobs {
		out = append(out, j.lane)
	}
	return strings.Join(out, "")
}

// TestQueueTurns: lanes are served in turn, each in its own order, and the turn
// goes on where the last batch ended.
func TestQueueTurns(t *testing.T) {
	q := newQueue(Config{MaxQueue: 100, MaxQueueBytes: 100, MaxLane: 100})
	var all []*job
	for i, lane := range strings.Split("aaaaabac", "") {
		j := &job{lane: lane, size: 1, op: fmt.Sprint(i)}
		if err := q.push(j); err != nil {
			t.Fatal(err)
		}
		all = append(all, j)
	}
	served := map[string]string{}
	for _, want := range []string{"abc", "aaa"} { // three bytes each
		jobs, open := q.take(nil, 4, 3)
		if got := lanesOf(jobs); got != want || !open {
			t.Errorf("took %q, want %q", got, want)
		}
		for _, j := range jobs {
			if served[j.lane] >= j.op && served[j.lane] != "" {
				t.Errorf("lane %s: call %s after call %s", j.lane, j.op, served[j.lane])
			}
			served[j.lane] = j.op
		}
	}
	if calls, bytes, _ := q.waiting(); calls != 2 || bytes != 2 {
		t.Errorf("%d calls, %d bytes wait", calls, bytes)
	}
	q.close()
	if got, open := q.take(nil, 9, 9); lanesOf(got) != "aa" || open {
		t.Errorf("after closing: %q, open %v", lanesOf(got), open)
	}
	if err := q.push(all[0]); engine.CodeOf(err) != engine.Unavailable {
		t.Errorf("after closing: %v", err)
	}
}

// TestQueueBounds: too many calls, too many bytes, too many calls of one lane.
func TestQueueBounds(t *testing.T) {
	q := newQueue(Config{MaxQueue: 4, MaxQueueBytes: 10, MaxLane: 2})
	push := func(lane string, size int, want engine.Code) {
		t.Helper()
		if err := q.push(&job{lane: lane, size: size}); engine.CodeOf(err) != want {
			t.Errorf("lane %s, %d bytes: %v, want %q", lane, size, err, want)
		}
	}
	push("a", 99, "") // alone it is never too large
	push("b", 1, engine.Unavailable)
	q.take(nil, 1, 1)
	push("a", 1, "")
	push("a", 1, "")
	push("a", 1, engine.Unavailable) // its lane is full
	push("b", 8, "")
	push("c", 1, engine.Unavailable) // bytes
	push("c", 0, "")
	push("d", 0, engine.Unavailable) // calls
}

// TestFloodOfOneLane: while thousands of calls of one office wait, a call of
// another one is committed within the next two batches, and the flood beyond its
// bound is told so at once.
func TestFloodOfOneLane(t *testing.T) {
	const flood, batch = 3000, 32
	entered, release := make(chan struct{}), make(chan struct{})
	var once sync.Once
	commits, before := 0, -1 // both only touched by the writer until all are answered
	s, err := Open(t.Context(), Config{Path: filepath.Join(t.TempDir(), "x.db"), MaxBatch: batch, MaxQueue: 4096, MaxLane: 2000,
		Hooks: Hooks{Commit: func(commit func() error) error {
			once.Do(func() { close(entered); <-release })
			commits++
			return commit()
		}, Plan: func(code string) {
			if code == "B" {
				before = commits
			}
		}}})
	must(t, err)
	defer s.Close()
	file := func(code, lane string) error {
		c := storetest.File(storetest.Filing{Code: code}).Change()
		c.Lane = lane
		return s.Append(context.Background(), c)
	}
	var wg sync.WaitGroup
	wg.Go(func() { must(t, file("first", "a")) })
	<-entered
	refused := make(chan error, flood)
	for i := range flood {
		wg.Go(func() {
			if err := file(fmt.Sprintf("A%04d", i), "a"); err != nil {
				refused <- err
			}
		})
	}
	for s.Waiting()+len(refused) < flood {
		runtime.Gosched()
	}
	if s.Waiting() != 2000 {
		t.Errorf("%d calls of one lane wait", s.Waiting())
	}
	wg.Go(func() { must(t, file("B", "b")) })
	for s.Waiting() < 2001 {
		runtime.Gosched()
	}
	close(release)
	wg.Wait()
	if before < 1 || before > 2 { // the held one, and one at most
		t.Errorf("the other office's call was in the transaction after %d others", before)
	}
	close(refused)
	n := 0
	for err := range refused {
		if n++; engine.CodeOf(err) != engine.Unavailable {
			t.Fatal(err)
		}
	}
	if n != flood-2000 {
		t.Errorf("%d calls were refused", n)
	}
}

// TestFloodOfDrafts: whoever keeps thousands of drafts, views, papers or snapshots waits
// behind their own, and what all of them take in memory is bounded.
func TestFloodOfDrafts(t *testing.T) {
	const room, size = 8, 10 << 10
	for name, put := range map[string]func(s *Store, owner, id string) error{
		"draft": func(s *Store, owner, id string) error {
			return s.PutDraft(context.Background(), engine.Draft{Owner: owner, ID: id, Data: map[string]any{"x": strings.Repeat("x", size)}}, 0)
		},
		"view": func(s *Store, owner, id string) error {
			return s.PutView(context.Background(), engine.View{Owner: owner, ID: id, Query: map[string]any{"x": strings.Repeat("x", size)}})
		},
		"paper": func(s *Store, owner, id string) error {
			return s.PutDocument(context.Background(), engine.Document{Owner: owner, ID: owner + id}, make([]byte, size))
		},
		"snapshot": func(s *Store, owner, id string) error {
			return s.PutPrefill(context.Background(), owner, engine.Prefill{ID: id, Values: map[string]any{"/x": strings.Repeat("x", size)}})
		},
	} {
		t.Run(name, func(t *testing.T) {
			entered, release := make(chan struct{}), make(chan struct{})
			var once sync.Once
			s, err := Open(t.Context(), Config{Path: filepath.Join(t.TempDir(), "x.db"), MaxLane: room, MaxQueueBytes: 2*room*size + size/2,
				Hooks: Hooks{Commit: func(commit func() error) error {
					once.Do(func() { close(entered); <-release })
					return commit()
				}}})
			must(t, err)
			defer s.Close()
			var wg sync.WaitGroup
			wg.Go(func() { must(t, s.Append(context.Background(), storetest.File(storetest.Filing{Code: "A"}).Change())) })
			<-entered
			refused := make(chan error, 100)
			flood := func(owner string, calls int) {
				for i := range calls {
					wg.Go(func() {
						if err := put(s, owner, fmt.Sprint(i)); err != nil {
							refused <- err
						}
					})
				}
			}
			stands := func(waiting, turned int) {
				t.Helper()
				for s.Waiting()+len(refused) < waiting+turned {
					runtime.Gosched()
				}
				if s.Waiting() != waiting {
					t.Errorf("%d wait and %d were turned away, not %d and %d", s.Waiting(), len(refused), waiting, turned)
				}
			}
			flood("an", room+5)
			stands(room, 5)
			flood("binh", room) // their own line
			stands(2*room, 5)
			wg.Go(func() {
				if err := s.PutSession(context.Background(), engine.Session{Token: "t", Account: "chi"}); err != nil {
					refused <- err
				}
			})
			stands(2*room+1, 5)
			flood("chi", 3) // bytes
			stands(2*room+1, 8)
			close(release)
			wg.Wait()
			close(refused)
			for err := range refused {
				if engine.CodeOf(err) != engine.Unavailable {
					t.Error(err)
				}
			}
		})
	}
}

// TestCompany: a call alone is written at once. After a batch with company the writer
// waits for more: as long as calls come, but never longer than the linger, and no
// longer than an eighth of it when none comes. What came meanwhile is always taken,
// up to the bounds of a batch.
func TestCompany(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := Config{Linger: 8 * time.Millisecond}.withDefaults()
		q := newQueue(c)
		push := func(n int) {
			for range n {
				if err := q.push(&job{lane: "a"}); err != nil {
					t.Error(err)
				}
			}
		}
		took := func(calls int, wait time.Duration) {
			t.Helper()
			began := time.Now()
			batch := q.next(&c)
			for n := 0; n < len(batch); {
				n = len(batch)
				batch = q.more(batch, began, &c)
			}
			if q.last = len(batch); q.last != calls || time.Since(began) != wait {
				t.Errorf("took %d calls after %s, want %d after %s", q.last, time.Since(began), calls, wait)
			}
		}
		push(1)
		took(1, 0) // nobody before
		push(company)
		took(company, 0)
		push(1)
		took(1, time.Millisecond) // waits for company, none comes
		push(1)
		took(1, 0) // so the next one does not wait
		push(company)
		took(company, 0)
		trickle := func(every time.Duration, calls int) {
			var wg sync.WaitGroup
			wg.Go(func() {
				for range 20 {
					time.Sleep(every)
					push(1)
				}
			})
			push(1)
			took(calls, min(8*time.Millisecond, time.Duration(calls-1)*every+time.Millisecond))
			wg.Wait()
			q.last = len(q.next(&c))
		}
		trickle(900*time.Microsecond, 9)
		trickle(1100*time.Microsecond, 1)
		push(c.MaxBatch + 1)
		took(c.MaxBatch, 0)
		if batch := q.next(&c); len(batch) != 1 || len(q.more([]*job{{size: c.MaxBatchBytes}}, time.Now(), &c)) != 1 {
			t.Error("a batch that is full took more")
		}
		push(1)
		old := q.next(&c)
		push(1)
		if batch := q.more(old, time.Now().Add(-c.Linger), &c); len(batch) != 1 {
			t.Errorf("a batch as old as the linger took %d more: it ends only when nobody calls", len(batch)-1)
		}
	})
}
