package storetest

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"lienthong/engine"
	"lienthong/engine/calendar"
)

func testFigures(t *testing.T, x Target) {
	t.Run("Owed", func(t *testing.T) { testOwed(t, x) })
	t.Run("Lines", func(t *testing.T) { testLines(t, x) })
	t.Run("Lag", func(t *testing.T) { testLag(t, x) })
	t.Run("Exchanges", func(t *testing.T) { testExchanges(t, x) })
	t.Run("Project", func(t *testing.T) { testProject(t, x) })
	t.Run("Periods", func(t *testing.T) { testPeriods(t, x) })
	t.Run("Projectors at once", func(t *testing.T) { testProjectors(t, x) })
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

func tried(d *engine.Delivery) {
	d.Tries, d.LastError = d.Tries+1, engine.Trouble{Said: engine.Text{EN: "Timeout of the line"}}
}

func accepted(d *engine.Delivery) {
	d.Status, d.Tries, d.SentAt, d.Expected = engine.DeliveryAccepted, 0, wall, T0.Add(24*time.Hour)
}

func incident(d *engine.Delivery) {
	d.Status, d.LastError = engine.DeliveryIncident, engine.Trouble{Code: engine.TroubleAnswer, Said: engine.Text{VI: "sai", EN: "bad_request"}}
}

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
	if ds[0].Node != "n7" || !ds[0].Lease.Equal(wall.Add(time.Minute)) || ds[0].Failed != 0 || ds[1].Node != "" || ds[1].Failed != 1 || ds[1].LastError.IsZero() {
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

func testLag(t *testing.T, x Target) {
	s := x.open(t, Hooks{})
	lag := func(at time.Time) engine.Lag { t.Helper(); return ok(s.Lag(t.Context(), at))(t) }
	same(t, lag(wall), engine.Lag{})
	owing(t, s, "A", "", time.Time{}, asks("population", "population"))
	l := lag(wall)
	if l.Uncounted == 0 || l.Unsent.IsZero() || l.Unsent.After(T0.Add(2*time.Hour)) {
		t.Errorf("filed, and nothing done: %+v", l)
	}
	ok(projected(t.Context(), s, "o"))(t)
	ds := ok(s.Claim(t.Context(), "n", wall, wall.Add(time.Minute), 0))(t) // the first only: the second is held back
	same(t, lag(wall.Add(59*time.Second)), engine.Lag{})
	same(t, lag(wall.Add(2*time.Minute)), engine.Lag{Unsent: wall.Add(time.Minute).UTC()}) // its lease was lost
	accepted(&ds[0])
	ds[0].Next = wall.Add(24 * time.Hour)
	must(t, s.Settle(t.Context(), ds[0]))
	if l := lag(wall.Add(2 * time.Minute)); l.Unsent.IsZero() || l.Unsent.After(wall) {
		t.Errorf("the second may be sent now: %+v", l)
	}
	become(t, s, "A/2/1", answered(engine.ReplyDone, ""))
	same(t, lag(wall.Add(2*time.Minute)), engine.Lag{})
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
	if n := ok(s.Prune(t.Context(), engine.Horizon{Deliveries: wall.Add(time.Second)}, 0))(t); n.Deliveries == 0 {
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

// longAgo to farAhead holds every day of the stories.
const (
	longAgo  = calendar.Date("2020-01-01")
	farAhead = calendar.Date("2030-12-31")
)

// projected brings the sums up to date and reads them all.
func projected(ctx context.Context, s engine.Store, offices ...string) ([]engine.Figure, error) {
	for {
		n, err := s.Project(ctx, 2)
		if err != nil {
			return nil, err
		}
		if n == 0 {
			return s.Sums(ctx, engine.SumQuery{Offices: offices, From: longAgo, To: farAhead})
		}
	}
}

// fromScratch sums over all cases, without a projector.
func fromScratch(t *testing.T, s engine.Store, codes ...string) []engine.Figure {
	t.Helper()
	sums := map[engine.Figure]int64{}
	for _, code := range codes {
		past := engine.PastAttempts(ok(s.History(t.Context(), code, 1, 0))(t))
		for _, f := range engine.Contributions(ok(s.Load(t.Context(), code))(t), past) {
			f.Day = ""
			engine.Sum(sums, []engine.Figure{f}, 1)
		}
	}
	return engine.FiguresOf(sums)
}

func value(fs []engine.Figure, name string) (sum int64) {
	for _, f := range fs {
		if f.Name == name {
			sum += f.Value
		}
	}
	return sum
}

func testProject(t *testing.T, x Target) {
	dir := t.TempDir()
	s := x.Open(t, dir, Hooks{})
	defer func() { must(t, s.Close()) }()
	all := []string{"", "civil@00004", "civil@00005", "police@00004"}
	same(t, ok(projected(t.Context(), s, all...))(t), []engine.Figure{})
	a := File(Filing{Code: "A"})
	must(t, s.Append(t.Context(), a.Change()))
	fs := ok(projected(t.Context(), s, all...))(t)
	same(t, fs, fromScratch(t, s, "A"))
	if value(fs, engine.FigArrived) != 1 || value(fs, engine.FigUnreceived) != 1 || value(fs, engine.FigCases) != 1 {
		t.Fatalf("one new case: %+v", fs)
	}
	if n := ok(s.Project(t.Context(), 10))(t); n != 0 {
		t.Fatalf("%d left behind", n)
	}
	// It moves on and is replaced; what it was is gone.
	must(t, s.Append(t.Context(), a.Go("receive", "birth", moved("birth", "submitted", "received", 2, "civil@00004", engine.FinalNone)).Change()))
	refusal := moved("birth", "received", "refused", 3, "civil@00004", engine.FinalRefused).(engine.Moved)
	refusal.Action = "refuse"
	must(t, s.Append(t.Context(), a.Go("refuse", "birth", refusal).Change()))
	b := File(Filing{Code: "B", Office: "police@00004", At: T0.AddDate(0, 0, 1)})
	must(t, s.Append(t.Context(), b.Change()))
	fs = ok(projected(t.Context(), s, all...))(t)
	same(t, fs, fromScratch(t, s, "A", "B"))
	for name, want := range map[string]int64{engine.FigArrived: 2, engine.FigUnreceived: 1, engine.FigRunning: 0, engine.FigEnded + "refused": 1,
		engine.FigRefusedBy + "refuse": 1, engine.FigCases: 2} {
		if got := value(fs, name); got != want {
			t.Errorf("%s is %d, want %d", name, got, want)
		}
	}
	// Filed again: the refused attempt stays counted.
	reset, again := engine.StepReset{Code: "A.9"}, engine.StepOpened{Code: "A.9", Attempt: 2, Office: "civil@00005", Unit: "00005"}
	reset.Step, again.Step = "birth", "birth"
	must(t, s.Append(t.Context(), a.Go("refile", "birth", reset, again, moved("birth", "", "submitted", 1, "civil@00005", engine.FinalNone)).Change()))
	fs = ok(projected(t.Context(), s, all...))(t)
	same(t, fs, fromScratch(t, s, "A", "B"))
	if value(fs, engine.FigArrived) != 3 || value(fs, engine.FigEnded+"refused") != 1 {
		t.Errorf("filed again: %+v", fs)
	}
	// By office and day.
	for _, c := range []struct {
		q    engine.SumQuery
		want int64
	}{
		{engine.SumQuery{Offices: []string{"police@00004"}, From: longAgo, To: farAhead}, 1},
		{engine.SumQuery{Offices: []string{"civil@00004", "civil@00004"}, From: longAgo, To: farAhead}, 1},
		{engine.SumQuery{Offices: all, From: calendar.DateOf(T0), To: calendar.DateOf(T0)}, 2},
		{engine.SumQuery{Offices: all, From: calendar.DateOf(T0).AddDays(1), To: farAhead}, 1},
		{engine.SumQuery{Offices: []string{"nobody"}, From: longAgo, To: farAhead}, 0},
		{engine.SumQuery{From: longAgo, To: farAhead}, 0},
	} {
		if got := value(ok(s.Sums(t.Context(), c.q))(t), engine.FigArrived); got != c.want {
			t.Errorf("%+v: %d arrived, want %d", c.q, got, c.want)
		}
	}
	for _, q := range []engine.SumQuery{{Offices: all, To: farAhead}, {Offices: all, From: longAgo}, {Offices: all, From: longAgo, To: "9999-12-31"}} {
		_, err := s.Sums(t.Context(), q)
		wants(t, err, engine.Invalid)
	}
	// Counted again from the beginning, and after a restart, it is the same.
	must(t, s.Rebuild(t.Context()))
	same(t, ok(s.Sums(t.Context(), engine.SumQuery{Offices: all, From: longAgo, To: farAhead}))(t), fs)
	if x.Durable {
		must(t, s.Close())
		s = x.Open(t, dir, Hooks{})
		same(t, ok(s.Sums(t.Context(), engine.SumQuery{Offices: all, From: longAgo, To: farAhead}))(t), fs)
		same(t, ok(s.Project(t.Context(), 10))(t), 0)
	}
}

// testPeriods: whatever a period begins and ends with, its sum is that of its days.
func testPeriods(t *testing.T, x Target) {
	s := x.open(t, Hooks{})
	days := []calendar.Date{"2025-12-31", "2026-01-01", "2026-01-31", "2026-02-01", "2026-02-28", "2026-03-01", "2026-03-15", "2026-12-31", "2027-01-01"}
	for i, d := range days {
		must(t, s.Append(t.Context(), File(Filing{Code: fmt.Sprintf("D%d", i), At: d.At(23, 59)}).Change()))
	}
	ok(projected(t.Context(), s))(t)
	for _, from := range append(days, "2026-01-02", "2026-02-27", "2026-03-14") {
		for _, to := range append(days, "2026-01-30", "2026-02-02", "2026-03-16") {
			want := int64(0)
			for _, d := range days {
				if from <= d && d <= to {
					want++
				}
			}
			fs := ok(s.Sums(t.Context(), engine.SumQuery{Offices: []string{"civil@00004"}, From: from, To: to}))(t)
			if got := value(fs, engine.FigCases); got != want {
				t.Errorf("%s to %s: %d cases, want %d", from, to, got, want)
			}
		}
	}
}

// testProjectors: several projectors, a rebuild and writers at once lose nothing.
func testProjectors(t *testing.T, x Target) {
	s := x.open(t, Hooks{})
	var writers, projectors sync.WaitGroup
	codes := []string{}
	for i := range 6 {
		st := File(Filing{Code: fmt.Sprintf("P%d", i)})
		codes = append(codes, st.Case.Code)
		writers.Go(func() {
			c := st.Change()
			for n := range 8 {
				if err := s.Append(t.Context(), c); err != nil {
					t.Error(err)
					return
				}
				c = st.Go("move", "birth", moved("birth", "", "s", n+1, "civil@00004", engine.FinalNone)).Change()
			}
		})
	}
	stop := make(chan struct{})
	for i := range 3 {
		projectors.Go(func() {
			for {
				var err error
				if i == 2 {
					err = s.Rebuild(t.Context())
				} else {
					_, err = s.Project(t.Context(), 3)
				}
				if err != nil && engine.CodeOf(err) != engine.StaleVersion {
					t.Error(err)
				}
				select {
				case <-stop:
					return
				default:
					yield()
				}
			}
		})
	}
	writers.Wait()
	close(stop)
	projectors.Wait()
	same(t, ok(projected(t.Context(), s, "civil@00004"))(t), fromScratch(t, s, codes...))
}
