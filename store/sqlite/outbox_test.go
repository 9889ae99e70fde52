package sqlite

import (
	"database/sql"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"lienthong/engine"
	"lienthong/store/storetest"
)

// owing is a file with cases A to E that each owe the register three requests, of
// which the later ones wait for the first.
func owing(t *testing.T, path string) *Store {
	t.Helper()
	s := desk(t, path)
	for _, code := range []string{"A", "B", "C", "D", "E"} {
		story := storetest.File(storetest.Filing{Code: code})
		var events []engine.Event
		for n := range 3 {
			e := engine.Requested{Key: story.Key(n), Registry: "population", Operation: "o", Input: map[string]any{"n": int64(n)}}
			e.Step = "birth"
			events = append(events, e)
		}
		story.Go("ask", "birth", events...)
		must(t, s.Append(t.Context(), story.Change()))
	}
	return s
}

// Claiming reads what it takes: one row for each registry and those that are taken, in
// their order, from an index that tells apart what is held back.
func TestClaimsReadWhatTheyTake(t *testing.T) {
	s := owing(t, filepath.Join(t.TempDir(), "x.db"))
	defer s.Close()
	for q, want := range map[string]string{
		nextOne: "SEARCH outbox USING COVERING INDEX outbox_ready (held=? AND registry>?)",
		ready:   "SEARCH outbox USING COVERING INDEX outbox_ready (held=? AND registry=? AND ready<?)",
		far:     "SEARCH outbox USING COVERING INDEX outbox_ready (held=? AND registry=? AND ready>?)",
	} {
		if plan, err := explained(s.readDB, q); err != nil || len(plan) != 1 || plan[0] != want {
			t.Errorf("%s: %q, %v", q, plan, err)
		}
	}
}

// A delivery that is damaged in the file is not sent: it waits for a person. Looking at
// it says so.
func TestDamagedDeliveryIsNotSent(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.db")
	s := owing(t, path)
	defer s.Close()
	behind(t, s, func(db *sql.DB) {
		run(t, db, `UPDATE outbox SET operation = 'p' WHERE case_code = 'B' AND n = 0`)
		run(t, db, `UPDATE outbox SET tries = 1 WHERE case_code = 'D' AND n = 0`)
	})
	if _, err := s.Delivery(t.Context(), "B/2/0"); engine.CodeOf(err) != engine.CorruptHistory {
		t.Errorf("the damaged delivery: %v", err)
	}
	now := time.Now()
	ds, err := s.Claim(t.Context(), "n", now, now.Add(time.Minute), 9)
	must(t, err)
	var keys []string
	for _, d := range ds {
		keys = append(keys, d.Key)
	}
	if !slices.Equal(keys, []string{"A/2/0", "C/2/0", "E/2/0"}) {
		t.Errorf("claimed %v", keys)
	}
	left, err := s.Deliveries(t.Context(), "", engine.DeliveryIncident, "", 0)
	must(t, err)
	if len(left) != 2 || left[0].Key != "B/2/0" || left[0].LastError.Code == "" || left[1].Key != "D/2/0" {
		t.Errorf("incidents %+v", left)
	}
	// What was asked is in history, so a person can have it sent again.
	d, err := s.Delivery(t.Context(), "B/2/0")
	must(t, err)
	if d.Operation != "o" || d.Fence == 0 {
		t.Errorf("mended %+v", d)
	}
	d.Status = engine.DeliveryPending
	must(t, s.Reset(t.Context(), *d))
	ds, err = s.Claim(t.Context(), "n", now, now.Add(time.Minute), 9)
	must(t, err)
	if len(ds) != 1 || ds[0].Key != "B/2/0" || ds[0].Input["n"] != int64(0) {
		t.Errorf("claimed again %v", ds)
	}
}

// A delivery whose entry in history is damaged is listed with the others.
func TestDamagedEntryIsListed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.db")
	must(t, owing(t, path).Close())
	s, err := Open(t.Context(), Config{Path: path, Check: CheckOff})
	must(t, err)
	defer s.Close()
	behind(t, s, func(db *sql.DB) { run(t, db, `UPDATE entries SET payload = x'00' WHERE case_code = 'B' AND seq = 2`) })
	now := time.Now()
	ds, err := s.Claim(t.Context(), "n", now, now.Add(time.Minute), 9)
	must(t, err)
	left, _, err := s.Owed(t.Context(), engine.OwedQuery{Status: engine.DeliveryIncident})
	must(t, err)
	if len(ds) != 4 || len(left) != 1 || left[0].Key != "B/2/0" || left[0].Damaged == "" || left[0].LastError.Code == "" {
		t.Errorf("claimed %d, incidents %+v", len(ds), left)
	}
}

// What a check says of deliveries and answers that are not what was written.
func TestCheckNamesDamagedDeliveries(t *testing.T) {
	for want, attack := range map[string]string{
		"delivery B entry 2: delivery B/2/0: it is not what was written":                                                `UPDATE outbox SET last_error = 'x' WHERE case_code = 'B' AND n = 0`,
		"delivery C entry 2: delivery C/2/1: it is not what was written":                                                `UPDATE outbox SET step = 'x' WHERE case_code = 'C' AND n = 1`,
		"delivery C entry 2: delivery C/2/2: its turn does not follow from what is known of it":                         `UPDATE outbox SET ready = 7 WHERE case_code = 'C' AND n = 2`,
		"delivery D entry 2: delivery D/2/1: that an earlier one holds it back is false in the file, and true in truth": `UPDATE outbox SET held = 0 WHERE case_code = 'D' AND n = 1`,
		"delivery X entry 2: delivery X/2/0: it is not what was written":                                                `UPDATE outbox SET case_code = 'X' WHERE case_code = 'A'`,
		"answer A: the answer to me under the key \"k\" is not what was written":                                        `INSERT INTO answers VALUES ('me', 'k', 'd', 'A', 200, x'7b7d', 1, 1)`,
	} {
		path := filepath.Join(t.TempDir(), "x.db")
		must(t, owing(t, path).Close())
		db, err := sql.Open("sqlite3", "file:"+path)
		must(t, err)
		run(t, db, attack)
		must(t, db.Close())
		if _, found := examine(t, path, CheckOptions{}); !slices.Contains(found, want) {
			t.Errorf("%s: found\n%s\nwant %s", attack, strings.Join(found, "\n"), want)
		}
	}
}

// A file of the format before owes the same afterwards: what waits for what is marked,
// and everything has its checksum.
func TestMigrateOutbox(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.db")
	s := owing(t, path)
	d, err := s.Delivery(t.Context(), "B/2/0")
	must(t, err)
	d.Status, d.SentAt, d.Reply = engine.DeliveryAccepted, storetest.T0, &engine.Reply{Request: d.Key, Outcome: engine.ReplyDone}
	must(t, s.Settle(t.Context(), *d))
	d, err = s.Delivery(t.Context(), "C/2/0")
	must(t, err)
	d.Status, d.DoneAt = engine.DeliveryDone, storetest.T0
	must(t, s.Settle(t.Context(), *d))
	must(t, s.Close())
	rows := func() []string {
		db, err := sql.Open("sqlite3", "file:"+path+"?mode=ro")
		must(t, err)
		defer db.Close()
		out, err := dumpTable(db, "outbox", nil)
		must(t, err)
		return out
	}
	want := rows()
	rebuilt(t, path, 12)
	if old := strings.Join(rows(), "\n"); strings.Contains(old, "held=") || strings.Contains(old, "sum=") {
		t.Fatalf("the old file is\n%s", old)
	}
	must(t, desk(t, path).Close())
	if got := rows(); !slices.Equal(got, want) {
		t.Errorf("after the migration\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	sound(t, path, CheckOptions{})
}

// BenchmarkClaimBeside claims one delivery beside 12,000 of a registry that is left
// alone and 8,000 that wait for an earlier one.
func BenchmarkClaimBeside(b *testing.B) {
	s := desk(b, filepath.Join(b.TempDir(), "x.db"))
	defer s.Close()
	far := time.Now().Add(24 * time.Hour)
	var changes []engine.Change
	for i := range 8000 {
		story := storetest.File(storetest.Filing{Code: fmt.Sprint("C", i)})
		registry := []string{"down", "up"}[i%2]
		var events []engine.Event
		for n := range 3 {
			e := engine.Requested{Key: story.Key(n), Registry: registry, Operation: "o", Input: map[string]any{}}
			e.Step = "birth"
			events = append(events, e)
		}
		story.Go("ask", "birth", events...)
		c := story.Change()
		if registry == "up" && i > 1 {
			c.Settled = []engine.Delivery{{Key: events[0].(engine.Requested).Key, Case: c.Case.Code, Status: engine.DeliveryPending, Tries: 1, Next: far}}
		}
		if changes = append(changes, c); len(changes) == 100 {
			must(b, s.Append(b.Context(), changes...))
			changes = nil
		}
	}
	now := time.Now()
	for b.Loop() {
		ds, err := s.Claim(b.Context(), "n", now, now.Add(time.Second), 32, "down")
		if err != nil || len(ds) != 1 {
			b.Fatal(len(ds), err)
		}
		now = now.Add(2 * time.Second)
	}
}

// A delivery that is damaged between its claims and its answer is settled as the answer
// says and as history asked for it: the damage is neither kept nor given a valid sum.
func TestDamagedDeliveryIsSettledWhole(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.db")
	s := owing(t, path)
	defer s.Close()
	now := time.Now()
	for range 2 { // it waits in the file once
		now = now.Add(time.Hour)
		ds, err := s.Claim(t.Context(), "n", now, now.Add(time.Minute), 1)
		must(t, err)
		if len(ds) != 1 || ds[0].Key != "A/2/0" {
			t.Fatalf("claimed %v", ds)
		}
		ds[0].LastError.Code = engine.TroubleAnswer
		must(t, s.Settle(t.Context(), ds[0]))
	}
	now = now.Add(time.Hour)
	ds, err := s.Claim(t.Context(), "n", now, now.Add(time.Minute), 1)
	must(t, err)
	behind(t, s, func(db *sql.DB) {
		run(t, db, `UPDATE outbox SET failed = 77, operation = 'p' WHERE case_code = 'A' AND n = 0`)
	})
	d := ds[0]
	d.Status, d.DoneAt, d.Reply = engine.DeliveryDone, now, &engine.Reply{Request: d.Key, Outcome: engine.ReplyDone}
	must(t, s.Settle(t.Context(), d))
	got, err := s.Delivery(t.Context(), d.Key)
	must(t, err)
	if got.Status != engine.DeliveryDone || got.Operation != "o" || got.Reply == nil || got.Fence <= d.Fence {
		t.Errorf("settled %+v", got)
	}
	must(t, s.Close())
	sound(t, path, CheckOptions{})
}
