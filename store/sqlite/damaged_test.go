package sqlite

import (
	"bytes"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"lienthong/engine"
	"lienthong/store/rowenc"
	"lienthong/store/storetest"
)

// manyOwing is a closed file with many cases that each owe the register one request,
// on several pages, and the bytes of the file.
func manyOwing(t *testing.T, path string, cases int) []byte {
	t.Helper()
	s := desk(t, path)
	for i := range cases {
		story := storetest.File(storetest.Filing{Code: fmt.Sprintf("K%03d", i)})
		e := engine.Requested{Key: story.Key(0), Registry: "population", Operation: "o", Input: map[string]any{"n": int64(i)}}
		e.Step = "birth"
		story.Go("ask", "birth", e)
		must(t, s.Append(t.Context(), story.Change()))
	}
	must(t, s.Close())
	b, err := os.ReadFile(path)
	must(t, err)
	return b
}

// hurtAt opens a file with one bit of it flipped, as a server does that looked at
// nothing when it started.
func hurtAt(t *testing.T, path string, whole []byte, at int, bit byte) *Store {
	t.Helper()
	b := bytes.Clone(whole)
	b[at] ^= bit
	must(t, os.WriteFile(path, b, 0o600))
	sweepLog(path)
	s, err := Open(t.Context(), Config{Path: path, Check: CheckOff, Logger: slog.New(slog.DiscardHandler)})
	must(t, err)
	return s
}

// One bit flips in the rows of the outbox. Every delivery of another page is sent; each
// that is not is told of, in the list and in the sums; nothing spins, and no other
// command fails.
func TestDamagedDeliveryHoldsUpNoOther(t *testing.T) {
	dir := t.TempDir()
	path, hurt := filepath.Join(dir, "x.db"), filepath.Join(dir, "hurt.db")
	whole := manyOwing(t, path, 120)
	var pages []int
	for page, name := range treesOf(t, path) {
		if at := int(page-1) * 4096; name == "outbox" && whole[at] == 10 { // a leaf
			pages = append(pages, at)
		}
	}
	if len(pages) < 2 {
		t.Fatalf("%d pages of rows", len(pages))
	}
	rnd := rand.New(rand.NewPCG(20261122, 3))
	places := 24
	if testing.Short() {
		places = 8
	}
	blocked := 0
	for i := range places {
		page := pages[rnd.IntN(len(pages))]
		rows := page + (int(whole[page+5])<<8 | int(whole[page+6]))
		at, bit := rows+rnd.IntN(page+4096-rows), byte(1)<<rnd.IntN(8)
		if i < 4 {
			at = page + []int{0, 3, 5, 8}[i] // what the page says of itself
		}
		s := hurtAt(t, hurt, whole, at, bit)
		what := fmt.Sprintf("byte %d of page %d, bit %#x", at-page, page/4096+1, bit)
		done := sendAll(t, s, what)
		left, _, err := s.Owed(t.Context(), engine.OwedQuery{})
		if err != nil {
			t.Errorf("%s: the list: %v", what, err)
		}
		listed := map[string]engine.Owed{}
		for _, o := range left {
			listed[o.Case] = o
		}
		lines, err := s.Lines(t.Context(), storetest.T0)
		if err != nil || len(done) < 120 && (len(lines) == 0 || lines[0].Damaged+lines[0].Incidents == 0) {
			t.Errorf("%s: the sums %+v: %v", what, lines, err)
		}
		for n := range 120 {
			code := fmt.Sprintf("K%03d", n)
			o, known := listed[code]
			switch {
			case done[code]:
			case onLeaf(whole, pages, page, code):
				t.Errorf("%s: %s is on another page and was not sent", what, code)
			case !known || o.Damaged == "" && o.Status != engine.DeliveryIncident:
				t.Errorf("%s: %s was not sent, and is listed as %+v (%t) %+v %+v", what, code, o, known, s.damaged.all(), lines)
			default:
				blocked++
			}
		}
		if _, err := s.Lag(t.Context(), time.Now()); err != nil {
			t.Errorf("%s: the lag: %v", what, err)
		}
		must(t, s.Close())
	}
	t.Logf("%d deliveries of %d flips were not sent", blocked, places)
	if blocked == 0 {
		t.Error("nothing was hurt")
	}
}

// onLeaf tells whether a case's delivery stands on another leaf than the one that is
// hurt. (One that stands between two leaves is written with both.)
func onLeaf(whole []byte, pages []int, hurt int, code string) bool {
	return slices.ContainsFunc(pages, func(page int) bool {
		if page == hurt {
			return false
		}
		for i := range int(whole[page+3])<<8 | int(whole[page+4]) {
			cell := page + (int(whole[page+8+2*i])<<8 | int(whole[page+9+2*i]))
			if bytes.Contains(whole[cell:min(cell+50, len(whole))], []byte(code)) {
				return true
			}
		}
		return false
	})
}

// sendAll claims and settles for a day, every ten seconds of the first hour; done are
// the cases whose delivery was settled.
func sendAll(t *testing.T, s *Store, what string) (done map[string]bool) {
	t.Helper()
	done = map[string]bool{}
	refused := 0
	now := time.Now()
	for round := range 20 {
		ds, err := s.Claim(t.Context(), "n", now, now.Add(time.Minute), 20)
		if err != nil {
			t.Errorf("%s: claim: %v", what, err)
			return done
		}
		for _, d := range ds {
			d.Status, d.DoneAt = engine.DeliveryDone, now
			if err := s.Settle(t.Context(), d); err == nil {
				done[d.Case] = true
			} else {
				refused++
			}
		}
		if err := s.LogAccess(t.Context(), engine.Access{At: now, Account: "lan", Case: "K000", What: "case"}); err != nil {
			t.Errorf("%s: a command beside: %v", what, err)
		}
		now = now.Add(time.Duration(round/15*60+10) * time.Second)
	}
	if refused > 120*6 {
		t.Errorf("%s: %d settlements refused", what, refused)
	}
	return done
}

// leasedAndHurt is a database whose deliveries a process that is gone had leased for a
// year, with the first page of their rows unreadable; elsewhere tells of a case whether
// its row stands on another.
func leasedAndHurt(t *testing.T, now time.Time) (open func(takeOver bool) *Store, elsewhere func(code string) bool) {
	dir := t.TempDir()
	path, hurt := filepath.Join(dir, "x.db"), filepath.Join(dir, "hurt.db")
	manyOwing(t, path, 120)
	s, err := Open(t.Context(), Config{Path: path})
	must(t, err)
	ds, err := s.Claim(t.Context(), "n", now, now.AddDate(1, 0, 0), 0)
	if must(t, err); len(ds) != 120 {
		t.Fatalf("%d deliveries", len(ds))
	}
	must(t, s.Close())
	whole, err := os.ReadFile(path)
	must(t, err)
	var pages []int
	for page, name := range treesOf(t, path) {
		if at := int(page-1) * 4096; name == "outbox" && whole[at] == 10 { // a leaf
			pages = append(pages, at)
		}
	}
	first := slices.Min(pages)
	b := bytes.Clone(whole)
	b[first] ^= 0xff
	must(t, os.WriteFile(hurt, b, 0o600))
	open = func(takeOver bool) *Store {
		t.Helper()
		s, err := Open(t.Context(), Config{Path: hurt, Check: CheckOff, TakeOver: takeOver})
		must(t, err)
		t.Cleanup(func() { must(t, s.Close()) })
		return s
	}
	return open, func(code string) bool { return onLeaf(whole, pages, first, code) }
}

// A delivery that cannot be read keeps no other one waiting for a time that a clock since
// put back had set.
func TestDamagedDeliveryThawsNoOther(t *testing.T) {
	now := time.Now()
	open, elsewhere := leasedAndHurt(t, now)
	s, soon := open(false), now.Add(time.Hour)
	n, err := s.Thaw(t.Context(), now, soon, soon, soon)
	if err != nil || n == 0 || n >= 120 {
		t.Errorf("%d deliveries thaw: %v", n, err)
	}
	for i := range 120 {
		code := fmt.Sprintf("K%03d", i)
		d, err := s.Delivery(t.Context(), code+"/2/0")
		if elsewhere(code) && (err != nil || d.Next.After(now) || d.Fence != 2) {
			t.Errorf("%s is on another page and waits: %+v, %v", code, d, err)
		}
	}
	lines, err := s.Lines(t.Context(), now)
	if must(t, err); len(lines) != 1 || lines[0].Damaged == 0 {
		t.Errorf("the sums do not tell of it: %+v", lines)
	}
}

// Who has a file served that is damaged, and says that it is not to be looked at, is not
// kept from it by a lease that cannot be taken back; all others are.
func TestDamagedLeaseLetsAServerStart(t *testing.T) {
	now := time.Now()
	open, elsewhere := leasedAndHurt(t, now)
	done := sendAll(t, open(true), "after a takeover")
	for i := range 120 {
		if code := fmt.Sprintf("K%03d", i); elsewhere(code) && !done[code] {
			t.Errorf("%s is on another page and was not sent", code)
		}
	}
	if len(done) == 120 {
		t.Error("nothing is damaged")
	}
}

// What rests because it is damaged rests longer each time, up to a bound, and not longer
// than that when the clock is put back; others never rest.
func TestDamagedDeliveryRests(t *testing.T) {
	var d damages
	k, now := rowenc.Key{Case: "A", Seq: 1}, time.Now().UnixMicro()
	last := int64(0)
	for range 30 {
		d.met(k, "population", errAltered, now)
		pause := d.all()[k].next - now
		if pause < last || pause < firstLook.Microseconds() || pause > lastLook.Microseconds() {
			t.Fatalf("a pause of %d us after %d", pause, last)
		}
		last = pause
	}
	rests := func(at int64) bool { return len(d.resting(at)) == 1 }
	if !rests(now) || !rests(now+last-1) || rests(now+last) || rests(now-time.Hour.Microseconds()) {
		t.Error("it rests at the wrong time")
	}
	if d.mended(k); d.all() != nil || rests(now) {
		t.Error("it is not forgotten")
	}
}
