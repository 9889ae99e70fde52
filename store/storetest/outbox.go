package storetest

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"lienthong/engine"
)

// wall is the wall clock of the outbox stories.
var wall = time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)

// owing files a case whose second entry owes deliveries: each "registry" or
// "registry@step".
func owing(t *testing.T, s engine.Store, code, node string, lease time.Time, events func(st *Story) []engine.Event) {
	t.Helper()
	st := File(Filing{Code: code})
	must(t, s.Append(t.Context(), st.Change()))
	c := st.Go("ask", "birth", events(st)...).Change()
	c.Node, c.Lease = node, lease
	must(t, s.Append(t.Context(), c))
}

func asks(registries ...string) func(*Story) []engine.Event {
	return func(st *Story) []engine.Event {
		var out []engine.Event
		for i, r := range registries {
			if r == engine.NotificationRegistry {
				out = append(out, notified("birth", st.Key(i), "001"))
			} else {
				out = append(out, requested("birth", st.Key(i), r, map[string]any{"i": int64(i), "big": int64(9007199254740993)}))
			}
		}
		return out
	}
}

func keys(ds []engine.Delivery) []string {
	out := []string{}
	for _, d := range ds {
		out = append(out, d.Key)
	}
	return out
}

func testOutbox(t *testing.T, x Target) {
	claim := func(t *testing.T, s engine.Store, now time.Time, limit int) []engine.Delivery {
		t.Helper()
		return ok(s.Claim(t.Context(), "n1", now, now.Add(time.Minute), limit))(t)
	}
	t.Run("settled with the entry that answers", func(t *testing.T) {
		s := x.open(t, Hooks{})
		owing(t, s, "A", "n1", wall.Add(time.Hour), asks("population", "residence"))
		ds := ok(s.Deliveries(t.Context(), "", "", "", 0))(t)
		done := ds[0]
		done.Status, done.DoneAt, done.SentAt = engine.DeliveryDone, wall, wall
		done.Reply = &engine.Reply{Request: done.Key, Outcome: engine.ReplyDone, Data: map[string]any{"n": int64(1)}}
		st := Resume(t, s, "A").Go("reply", "birth", recorded("birth", "r", map[string]any{"n": int64(1)}), requested("birth", "A/3/0", "population", nil))
		c := st.Change()
		own := engine.Delivery{Key: "A/3/0", Case: "A", Status: engine.DeliverySkipped, DoneAt: wall, Note: "at once"}
		foreign, missing := done, done
		foreign.Case, missing.Key = "B", "A/9/9"
		for _, bad := range []engine.Delivery{foreign, missing} {
			b := c
			b.Settled = []engine.Delivery{done, bad}
			if err := s.Append(t.Context(), b); err == nil {
				t.Fatalf("settled %s of case %s", bad.Key, bad.Case)
			}
		}
		same(t, ok(s.Delivery(t.Context(), done.Key))(t).Status, engine.DeliveryPending)
		c.Settled = []engine.Delivery{done, own}
		must(t, s.Append(t.Context(), c))
		got := ok(s.Delivery(t.Context(), done.Key))(t)
		if got.Status != engine.DeliveryDone || got.Reply == nil || got.Reply.Data["n"] != int64(1) || got.Fence != done.Fence+1 || got.Input["big"] != int64(9007199254740993) {
			t.Fatalf("settled %+v", got)
		}
		same(t, ok(s.Delivery(t.Context(), "A/3/0"))(t).Note, "at once")
		wants(t, s.Settle(t.Context(), done), engine.StaleVersion)
		same(t, keys(ok(s.Claim(t.Context(), "n2", wall.Add(2*time.Hour), wall.Add(3*time.Hour), 9))(t)), []string{"A/2/1"})
	})
	t.Run("claim, lease, fence", func(t *testing.T) {
		s := x.open(t, Hooks{})
		owing(t, s, "A", "", time.Time{}, asks("population"))
		ds := claim(t, s, wall, 10)
		same(t, keys(ds), []string{"A/2/0"})
		if d := ds[0]; d.Fence != 1 || d.Status != engine.DeliveryPending || d.Input["big"] != int64(9007199254740993) || d.Step != "birth" || d.Seq != 2 {
			t.Fatalf("claimed %+v", d)
		}
		same(t, keys(claim(t, s, wall.Add(59*time.Second), 10)), []string{})
		late := ds[0]
		ds = claim(t, s, wall.Add(time.Minute), 10) // the lease is over
		if len(ds) != 1 || ds[0].Fence != 2 {
			t.Fatalf("second claim: %+v", ds)
		}
		late.Status = engine.DeliveryDone
		wants(t, s.Settle(t.Context(), late), engine.StaleVersion)
		d := ds[0]
		d.Status, d.Tries, d.Next, d.LastError = engine.DeliveryPending, 1, wall.Add(time.Hour), engine.Trouble{Code: engine.TroubleAnswer, Said: engine.Text{VI: "quá giờ", EN: "timeout"}}
		must(t, s.Settle(t.Context(), d))
		same(t, keys(claim(t, s, wall.Add(59*time.Minute), 10)), []string{})
		d = claim(t, s, wall.Add(time.Hour), 10)[0]
		if d.Tries != 1 || d.LastError.Said.VI != "quá giờ" || d.Fence != 3 {
			t.Fatalf("third claim: %+v", d)
		}
		d.Status, d.SentAt, d.Expected, d.Next = engine.DeliveryAccepted, wall, wall.Add(time.Hour), wall.Add(2*time.Hour)
		must(t, s.Settle(t.Context(), d))
		same(t, keys(claim(t, s, wall.Add(2*time.Hour), 10)), []string{"A/2/0"}) // asked after
		d = *ok(s.Delivery(t.Context(), "A/2/0"))(t)
		d.Status, d.Reply, d.DoneAt = engine.DeliveryDone, &engine.Reply{Request: d.Key, Outcome: engine.ReplyDone, Data: map[string]any{"id": int64(1)<<60 + 1}}, wall
		must(t, s.Settle(t.Context(), d))
		got := ok(s.Delivery(t.Context(), "A/2/0"))(t)
		if got.Reply == nil || got.Reply.Data["id"] != int64(1)<<60+1 || !got.DoneAt.Equal(wall) || !got.SentAt.Equal(wall) {
			t.Fatalf("settled: %+v", got)
		}
		same(t, keys(claim(t, s, wall.Add(100*time.Hour), 10)), []string{})
		same(t, keys(ok(s.Deliveries(t.Context(), "", "", "", 0))(t)), []string{})
		if n := ok(s.Prune(t.Context(), engine.Horizon{Deliveries: wall.Add(time.Second)}, 0))(t); n != (engine.Pruned{Deliveries: 1}) {
			t.Fatalf("pruned %+v", n)
		}
		_, err := s.Delivery(t.Context(), "A/2/0")
		wants(t, err, engine.NotFound)
		wants(t, s.Settle(t.Context(), d), engine.NotFound)
	})
	t.Run("born leased", func(t *testing.T) {
		s := x.open(t, Hooks{})
		owing(t, s, "A", "me", wall.Add(time.Minute), asks("population"))
		same(t, keys(claim(t, s, wall, 10)), []string{})
		d := ok(s.Delivery(t.Context(), "A/2/0"))(t)
		if d.Fence != 1 {
			t.Fatalf("fence %d, want 1", d.Fence)
		}
		same(t, keys(claim(t, s, wall.Add(time.Minute), 10)), []string{"A/2/0"})
		d.Status = engine.DeliveryDone
		wants(t, s.Settle(t.Context(), *d), engine.StaleVersion)
	})
	t.Run("order per dossier and registry", func(t *testing.T) {
		s := x.open(t, Hooks{})
		owing(t, s, "A", "", time.Time{}, asks("population", "population", "civil"))
		owing(t, s, "B", "", time.Time{}, asks("population"))
		same(t, keys(claim(t, s, wall, 10)), []string{"A/2/0", "A/2/2", "B/2/0"})
		same(t, keys(claim(t, s, wall, 10)), []string{})
		first := *ok(s.Delivery(t.Context(), "A/2/0"))(t)
		for _, step := range []struct {
			status string
			sent   time.Time
			want   []string
		}{
			{engine.DeliveryIncident, time.Time{}, []string{}},
			{engine.DeliveryAccepted, wall, []string{"A/2/1"}},
		} {
			first.Status, first.SentAt, first.Next = step.status, step.sent, wall.Add(time.Hour)
			must(t, s.Settle(t.Context(), first))
			same(t, keys(claim(t, s, wall, 10)), step.want)
		}
	})
	t.Run("an incident after acceptance holds nobody back", func(t *testing.T) {
		s := x.open(t, Hooks{})
		owing(t, s, "A", "", time.Time{}, asks("population", "population"))
		d := claim(t, s, wall, 10)[0]
		d.Status, d.SentAt = engine.DeliveryIncident, wall
		must(t, s.Settle(t.Context(), d))
		same(t, keys(claim(t, s, wall, 10)), []string{"A/2/1"})
	})
	t.Run("notifications are not ordered", func(t *testing.T) {
		s := x.open(t, Hooks{})
		owing(t, s, "A", "", time.Time{}, asks(engine.NotificationRegistry, engine.NotificationRegistry))
		same(t, keys(claim(t, s, wall, 10)), []string{"A/2/0", "A/2/1"})
	})
	t.Run("held back", func(t *testing.T) {
		s := x.open(t, Hooks{})
		owing(t, s, "A", "me", wall.Add(time.Minute), asks("population", "population", engine.NotificationRegistry, engine.NotificationRegistry))
		for i, want := range []bool{false, true, false, false} {
			same(t, ok(s.Held(t.Context(), fmt.Sprintf("A/2/%d", i)))(t), want)
		}
		first := *ok(s.Delivery(t.Context(), "A/2/0"))(t)
		first.Status, first.SentAt = engine.DeliveryAccepted, wall
		must(t, s.Settle(t.Context(), first))
		same(t, ok(s.Held(t.Context(), "A/2/1"))(t), false)
		_, err := s.Held(t.Context(), "A/9/9")
		wants(t, err, engine.NotFound)
	})
	t.Run("held back in a chain", func(t *testing.T) {
		s := x.open(t, Hooks{})
		owing(t, s, "A", "", time.Time{}, asks("population", "population", "civil", "population"))
		st := Resume(t, s, "A").Go("ask", "birth", requested("birth", "A/3/0", "population", nil))
		must(t, s.Append(t.Context(), st.Change()))
		owed := []string{"A/2/0", "A/2/1", "A/2/3", "A/3/0"}
		set := func(key, status string, sent time.Time) {
			t.Helper()
			d := *ok(s.Delivery(t.Context(), key))(t)
			d.Status, d.SentAt, d.Next = status, sent, time.Time{}
			must(t, s.Reset(t.Context(), d))
		}
		for i, step := range []struct {
			key, status string
			sent        time.Time
			held        []bool
		}{
			{"A/2/1", engine.DeliveryAccepted, wall, []bool{false, true, true, true}}, // the first one still waits
			{"A/2/1", engine.DeliveryPending, time.Time{}, []bool{false, true, true, true}},
			{"A/2/0", engine.DeliveryDone, wall, []bool{false, false, true, true}},
			{"A/2/1", engine.DeliveryIncident, time.Time{}, []bool{false, false, true, true}},
			{"A/2/1", engine.DeliverySkipped, time.Time{}, []bool{false, false, false, true}},
			{"A/2/0", engine.DeliveryPending, time.Time{}, []bool{false, true, true, true}}, // again, by a person
			{"A/2/0", engine.DeliveryIncident, wall, []bool{false, false, false, true}},
			{"A/2/3", engine.DeliveryDone, wall, []bool{false, false, false, false}},
		} {
			set(step.key, step.status, step.sent)
			for k, key := range owed {
				if got := ok(s.Held(t.Context(), key))(t); got != step.held[k] {
					t.Errorf("step %d, %s to %s: %s is held back: %t", i, step.key, step.status, key, got)
				}
			}
		}
		same(t, keys(claim(t, s, wall, 9)), []string{"A/2/2", "A/3/0"})
		_ = ok(s.Verify(t.Context(), func(code string, seq int64, what string) { t.Errorf("%s/%d: %s", code, seq, what) }))(t)
	})
	t.Run("the first in turn of all registries", func(t *testing.T) {
		s := x.open(t, Hooks{})
		for i, r := range []string{"civil", "population", "residence", "civil", "population"} {
			code := fmt.Sprint("C", i)
			owing(t, s, code, "", time.Time{}, asks(r, r))
			d := *ok(s.Delivery(t.Context(), code+"/2/0"))(t)
			d.Next = wall.Add(-time.Duration(i) * time.Minute)
			must(t, s.Settle(t.Context(), d))
		}
		same(t, keys(claim(t, s, wall.Add(-time.Second), 3)), []string{"C4/2/0", "C3/2/0", "C2/2/0"})
		same(t, keys(claim(t, s, wall, 9)), []string{"C1/2/0", "C0/2/0"}) // the lease of the three before is a minute
	})
	t.Run("thaw and take up what is held back", func(t *testing.T) {
		s := x.open(t, Hooks{})
		owing(t, s, "A", "me", wall.Add(time.Hour), asks("population", "population"))
		hour := wall.Add(time.Minute)
		same(t, ok(s.Thaw(t.Context(), wall, hour, hour, hour))(t), 2)
		same(t, keys(claim(t, s, wall, 9)), []string{"A/2/0"})
		d := *ok(s.Delivery(t.Context(), "A/2/0"))(t)
		d.Status, d.DoneAt = engine.DeliveryDone, wall
		must(t, s.Settle(t.Context(), d))
		same(t, keys(claim(t, s, wall, 9)), []string{"A/2/1"})
	})
	t.Run("registries left alone", func(t *testing.T) {
		s := x.open(t, Hooks{})
		owing(t, s, "A", "", time.Time{}, asks("population", "civil", engine.NotificationRegistry))
		same(t, keys(ok(s.Claim(t.Context(), "n1", wall, wall.Add(time.Minute), 9, "civil", engine.NotificationRegistry))(t)), []string{"A/2/0"})
		same(t, keys(ok(s.Claim(t.Context(), "n1", wall, wall.Add(time.Minute), 9, "popul", "population"))(t)), []string{"A/2/1", "A/2/2"})
	})
	t.Run("thaw", func(t *testing.T) {
		s := x.open(t, Hooks{})
		owing(t, s, "A", "", time.Time{}, asks("a", "b", "c", "d", "e", "f"))
		hour := wall.Add(time.Hour)
		for i, c := range []struct {
			status string
			next   time.Time
		}{{engine.DeliveryPending, hour}, {engine.DeliveryPending, hour.Add(time.Microsecond)}, {engine.DeliveryAccepted, hour.Add(time.Microsecond)},
			{engine.DeliveryAccepted, hour.Add(2 * time.Hour)}, {engine.DeliveryDone, hour.Add(9 * time.Hour)}} {
			d := *ok(s.Delivery(t.Context(), fmt.Sprintf("A/2/%d", i)))(t)
			d.Status, d.Next = c.status, c.next
			must(t, s.Settle(t.Context(), d))
		}
		late := ok(s.Claim(t.Context(), "n1", wall, wall.Add(5*time.Minute), 9))(t)
		same(t, keys(late), []string{"A/2/5"})
		thaw := func(lease time.Time) int {
			return ok(s.Thaw(t.Context(), wall, lease, hour, hour.Add(time.Hour)))(t)
		}
		same(t, thaw(wall.Add(5*time.Minute)), 2)
		same(t, thaw(wall.Add(5*time.Minute)), 0)
		same(t, keys(claim(t, s, wall, 9)), []string{"A/2/1", "A/2/3"})
		same(t, thaw(wall.Add(4*time.Minute)), 1)
		wants(t, s.Settle(t.Context(), late[0]), engine.StaleVersion)
		same(t, keys(claim(t, s, wall, 9)), []string{"A/2/5"})
	})
	t.Run("reset", func(t *testing.T) {
		s := x.open(t, Hooks{})
		owing(t, s, "A", "", time.Time{}, asks("population"))
		d := claim(t, s, wall, 10)[0]
		back := d
		back.Status, back.Note = engine.DeliveryPending, "asked by phone"
		must(t, s.Reset(t.Context(), back))
		d.Status = engine.DeliveryDone
		wants(t, s.Settle(t.Context(), d), engine.StaleVersion) // whoever had the lease is late
		d = claim(t, s, wall, 10)[0]
		if d.Fence != 3 || d.Note != "asked by phone" {
			t.Fatalf("claimed %+v", d)
		}
		d.Key = "none"
		wants(t, s.Reset(t.Context(), d), engine.NotFound)
		d.Key, d.Status = "A/2/0", "nonsense"
		wants(t, s.Reset(t.Context(), d), engine.Invalid)
	})
	t.Run("list", func(t *testing.T) { testDeliveries(t, x) })
	t.Run("two nodes never claim the same", func(t *testing.T) {
		s := x.open(t, Hooks{})
		for i := range 20 {
			owing(t, s, fmt.Sprintf("C%02d", i), "", time.Time{}, asks("population"))
		}
		var mu sync.Mutex
		var wg sync.WaitGroup
		seen := map[string]bool{}
		for i := range 8 {
			wg.Go(func() {
				ds, err := s.Claim(t.Context(), fmt.Sprintf("n%d", i), wall, wall.Add(time.Minute), 5)
				if err != nil {
					t.Error(err)
				}
				mu.Lock()
				defer mu.Unlock()
				for _, d := range ds {
					if seen[d.Key] {
						t.Errorf("%s was claimed twice", d.Key)
					}
					seen[d.Key] = true
				}
			})
		}
		wg.Wait()
		if len(seen) != 20 {
			t.Fatalf("claimed %d of 20", len(seen))
		}
	})
}

func testDeliveries(t *testing.T, x Target) {
	s := x.open(t, Hooks{})
	owing(t, s, "B", "", time.Time{}, asks("population", "civil"))
	owing(t, s, "A", "", time.Time{}, asks("population"))
	d := *ok(s.Delivery(t.Context(), "B/2/1"))(t)
	d.Status, d.Next = engine.DeliveryIncident, wall
	must(t, s.Settle(t.Context(), d))
	for _, c := range []struct {
		registry, status, after string
		limit                   int
		want                    []string
	}{
		{"", "", "", 0, []string{"A/2/0", "B/2/0", "B/2/1"}},
		{"", "", "", 2, []string{"A/2/0", "B/2/0"}},
		{"", "", "B/2/0", 2, []string{"B/2/1"}},
		{"population", "", "", 0, []string{"A/2/0", "B/2/0"}},
		{"", engine.DeliveryIncident, "", 0, []string{"B/2/1"}},
		{"population", engine.DeliveryPending, "A/2/0", 0, []string{"B/2/0"}},
		{"", engine.DeliveryDone, "", 0, []string{}},
	} {
		same(t, keys(ok(s.Deliveries(t.Context(), c.registry, c.status, c.after, c.limit))(t)), c.want)
	}
	_, err := s.Deliveries(t.Context(), "", "", "none", 0)
	wants(t, err, engine.Invalid)
}
