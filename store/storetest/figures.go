package storetest

import (
	"fmt"
	"testing"
	"time"

	"lienthong/engine"
	"lienthong/engine/calendar"
)

func testFigures(t *testing.T, x Target) {
	t.Run("Owed", func(t *testing.T) { testOwed(t, x) })
	t.Run("Lines", func(t *testing.T) { testLines(t, x) })
	t.Run("Exchanges", func(t *testing.T) { testExchanges(t, x) })
}

// owes is what owed lists, by key.
func owes(t *testing.T, s engine.Store, q engine.OwedQuery) []string {
	t.Helper()
	out := []string{}
	for {
		ds, next, err := s.Owed(t.Context(), q)
		must(t, err)
		for _, d := range ds {
			out = append(out, d.Key)
		}
		if next == "" {
			return out
		}
		if len(ds) != q.Limit {
			t.Fatalf("a page of %d with another after it, want %d", len(ds), q.Limit)
		}
		q.After = next
	}
}

// become claims one delivery, changes it and settles it.
func become(t *testing.T, s engine.Store, key string, change func(d *engine.Delivery)) {
	t.Helper()
	d := ok(s.Delivery(t.Context(), key))(t)
	change(d)
	must(t, s.Settle(t.Context(), *d))
}

func answered(outcome, by string) func(*engine.Delivery) {
	return func(d *engine.Delivery) {
		d.Status, d.DoneAt = engine.DeliveryDone, wall
		d.Reply = &engine.Reply{Request: d.Key, Outcome: outcome, By: by}
	}
}

func tried(d *engine.Delivery) { d.Tries, d.LastError = d.Tries+1, "Timeout of the line" }

func accepted(d *engine.Delivery) {
	d.Status, d.Tries, d.SentAt, d.Expected = engine.DeliveryAccepted, 0, wall, T0.Add(24*time.Hour)
}

func incident(d *engine.Delivery) { d.Status, d.LastError = engine.DeliveryIncident, "bad_request" }

func skipped(d *engine.Delivery) { d.Status, d.DoneAt = engine.DeliverySkipped, wall }

func testOwed(t *testing.T, x Target) {
	s := x.open(t, Hooks{})
	owing(t, s, "B", "", time.Time{}, asks("population", "civil"))
	owing(t, s, "A", "n7", wall.Add(time.Minute), asks("population", "civil"))
	st := File(Filing{Code: "C", Office: "police@00004", At: T0.Add(time.Minute)})
	must(t, s.Append(t.Context(), st.Change()))
	must(t, s.Append(t.Context(), st.Go("ask", "birth", requested("", "C/2/0", "treasury", nil)).Change())) // the case's own
	become(t, s, "B/2/1", accepted)
	become(t, s, "A/2/1", tried)
	become(t, s, "B/2/0", answered(engine.ReplyDone, ""))
	for name, c := range map[string]struct {
		q    engine.OwedQuery
		want []string
	}{
		"all":              {engine.OwedQuery{}, []string{"A/2/0", "A/2/1", "B/2/1", "C/2/0"}},
		"by page":          {engine.OwedQuery{Limit: 2}, []string{"A/2/0", "A/2/1", "B/2/1", "C/2/0"}},
		"by page of one":   {engine.OwedQuery{Limit: 1, Registry: "civil"}, []string{"A/2/1", "B/2/1"}},
		"registry":         {engine.OwedQuery{Registry: "population"}, []string{"A/2/0"}},
		"status":           {engine.OwedQuery{Status: engine.DeliveryAccepted}, []string{"B/2/1"}},
		"done is not owed": {engine.OwedQuery{Status: engine.DeliveryDone}, []string{}},
		"case":             {engine.OwedQuery{Case: "A"}, []string{"A/2/0", "A/2/1"}},
		"overdue":          {engine.OwedQuery{Overdue: T0.Add(24*time.Hour + time.Second)}, []string{"B/2/1"}},
		"not overdue":      {engine.OwedQuery{Overdue: T0.Add(24 * time.Hour)}, []string{}},
		"text, an error":   {engine.OwedQuery{Text: "tIMEOUT"}, []string{"A/2/1"}},
		"text, a key":      {engine.OwedQuery{Text: "a/2/1"}, []string{"A/2/1"}},
		"text, no pattern": {engine.OwedQuery{Text: "%"}, []string{}},
		"an office":        {engine.OwedQuery{Offices: []string{"o", "police@00004"}}, []string{"C/2/0"}},
		"another office":   {engine.OwedQuery{Offices: []string{"civil@00004"}, Registry: "civil"}, []string{"A/2/1", "B/2/1"}},
		"no office":        {engine.OwedQuery{Offices: []string{}}, []string{}},
	} {
		t.Run(name, func(t *testing.T) { same(t, owes(t, s, c.q), c.want) })
	}
	ds, _, err := s.Owed(t.Context(), engine.OwedQuery{Case: "A"})
	must(t, err)
	if ds[0].Node != "n7" || !ds[0].Lease.Equal(wall.Add(time.Minute)) || ds[0].Failed != 0 || ds[1].Node != "" || ds[1].Failed != 1 || ds[1].LastError == "" {
		t.Errorf("leases and failures: %+v", ds)
	}
	for _, after := range []string{"A/2/0", "x"} {
		_, _, err = s.Owed(t.Context(), engine.OwedQuery{After: after})
		wants(t, err, engine.Invalid)
	}
}

func testLines(t *testing.T, x Target) {
	s := x.open(t, Hooks{})
	same(t, ok(s.Lines(t.Context(), T0))(t), []engine.Line{})
	for i, registries := range [][]string{{"population", "population", "civil"}, {"population", "civil"}, {"civil"}} {
		owing(t, s, fmt.Sprintf("C%d", i), "", time.Time{}, asks(registries...))
	}
	become(t, s, "C0/2/0", accepted)
	become(t, s, "C0/2/1", incident)
	become(t, s, "C0/2/2", answered(engine.ReplyDone, ""))
	lines := ok(s.Lines(t.Context(), T0.Add(25*time.Hour)))(t)
	oldest := T0.Add(time.Hour).UTC().Truncate(time.Microsecond)
	same(t, lines, []engine.Line{
		{Registry: "civil", Pending: 2, Oldest: oldest},
		{Registry: "population", Pending: 1, Accepted: 1, Incidents: 1, Overdue: 1, Oldest: oldest},
	})
	if n := lines[1].Waiting(); n != 3 {
		t.Errorf("%d wait", n)
	}
	if l := ok(s.Lines(t.Context(), T0.Add(time.Hour)))(t); l[1].Overdue != 0 {
		t.Errorf("overdue before its time: %+v", l)
	}
}

func testExchanges(t *testing.T, x Target) {
	s := x.open(t, Hooks{})
	day := calendar.DateOf(T0)
	sums := func() engine.ExchangeDay {
		t.Helper()
		ds := ok(s.Exchanges(t.Context(), day, day))(t)
		if len(ds) != 1 || ds[0].Registry != "population" || ds[0].Day != day {
			t.Fatalf("sums: %+v", ds)
		}
		ds[0].Registry, ds[0].Day = "", ""
		return ds[0]
	}
	owing(t, s, "A", "", time.Time{}, asks("population", "population", "population", "population", "population", "population", "population", "population"))
	at := func(n int) string { return fmt.Sprintf("A/2/%d", n) }
	same(t, sums(), engine.ExchangeDay{Waiting: 8})
	claimed := ok(s.Claim(t.Context(), "n", wall, wall.Add(time.Second), 0))(t) // a claim is no exchange
	must(t, s.Settle(t.Context(), claimed[0]))                                  // nor is giving back
	same(t, sums(), engine.ExchangeDay{Waiting: 8})

	become(t, s, at(0), answered(engine.ReplyDone, ""))
	same(t, sums(), engine.ExchangeDay{First: 1, Waiting: 7})
	become(t, s, at(1), tried)
	become(t, s, at(1), tried)
	become(t, s, at(1), answered(engine.ReplyRefused, ""))
	same(t, sums(), engine.ExchangeDay{First: 1, Retried: 1, Refused: 1, Failed: 2, Waiting: 6})
	become(t, s, at(2), tried)
	become(t, s, at(2), accepted) // tries begin anew, the failure is not forgotten
	become(t, s, at(2), answered(engine.ReplyDone, ""))
	same(t, sums(), engine.ExchangeDay{First: 1, Retried: 2, Refused: 1, Failed: 3, Taken: 1, Waiting: 5})
	become(t, s, at(3), incident) // the answer was unusable
	become(t, s, at(3), answered(engine.ReplyRefused, "operator"))
	become(t, s, at(4), func(d *engine.Delivery) { tried(d); incident(d) }) // the last try
	become(t, s, at(4), skipped)
	become(t, s, at(5), accepted)
	become(t, s, at(5), skipped)
	same(t, sums(), engine.ExchangeDay{First: 1, Retried: 2, Refused: 1, ByHand: 1, TakenBack: 1, GivenUp: 1, Incidents: 2, Failed: 5, Taken: 2, Waiting: 2})
	// An answer that contradicts the first makes an incident, no second answer.
	become(t, s, at(0), incident)
	become(t, s, at(0), func(d *engine.Delivery) { d.Status = engine.DeliveryDone })
	// Settled with the entry that answers it.
	st := Resume(t, s, "A").Go("reply", "birth", recorded("birth", "r", nil))
	d := *ok(s.Delivery(t.Context(), at(6)))(t)
	answered(engine.ReplyDone, "")(&d)
	c := st.Change()
	c.Settled = []engine.Delivery{d}
	must(t, s.Append(t.Context(), c))
	want := engine.ExchangeDay{First: 2, Retried: 2, Refused: 1, ByHand: 1, TakenBack: 1, GivenUp: 1, Incidents: 3, Failed: 5, Taken: 2, Waiting: 1}
	same(t, sums(), want)
	if good, all := want.Exchanges(); want.Made() != 8 || good != 6 || all != 11 {
		t.Errorf("made %d, exchanges %d of %d", want.Made(), good, all)
	}
	// Retention takes the deliveries and leaves the sums.
	if n := ok(s.Prune(t.Context(), wall.Add(time.Second)))(t); n == 0 {
		t.Fatal("nothing pruned")
	}
	same(t, sums(), want)
	// The day is the business day of the request, in Vietnam.
	late := File(Filing{Code: "Z", At: time.Date(2026, 9, 1, 16, 30, 0, 0, time.UTC)}) // 23:30
	must(t, s.Append(t.Context(), late.Change()))
	must(t, s.Append(t.Context(), late.Go("ask", "birth", requested("birth", "Z/2/0", "population", nil)).Change())) // half past midnight
	become(t, s, "Z/2/0", answered(engine.ReplyDone, ""))
	same(t, sums(), want)
	next := ok(s.Exchanges(t.Context(), day.AddDays(1), day.AddDays(30)))(t)
	same(t, next, []engine.ExchangeDay{{Registry: "population", Day: day.AddDays(1), First: 1}})
	_, err := s.Exchanges(t.Context(), "", day)
	wants(t, err, engine.Invalid)
}
