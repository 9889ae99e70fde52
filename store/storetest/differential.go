package storetest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"lienthong/engine"
	"lienthong/engine/calendar"
)

// Differential sends the same random stream of calls to the oracle and to the
// store under test and compares every answer, then everything that can be read.
// The pools of codes, keys and names are small, so that calls collide.
func Differential(t *testing.T, oracle, x Target) {
	rapid.Check(t, func(r *rapid.T) {
		a, b := oracle.Open(t, t.TempDir(), Hooks{}), x.Open(t, t.TempDir(), Hooks{})
		defer a.Close()
		defer b.Close()
		m := &twin{r: r, a: a, b: b, stories: map[string]*Story{}}
		r.Repeat(map[string]func(*rapid.T){
			"file":    m.file,
			"go on":   m.goOn,
			"pair":    m.pair,
			"claim":   m.claim,
			"settle":  m.settle,
			"codes":   m.codes,
			"draft":   m.draft,
			"account": m.account,
			"access":  m.access,
			"prune":   m.prune,
			"project": m.project,
			"bind":    m.bind,
			"":        m.dump,
		})
		for _, s := range []engine.Store{a, b} {
			_, err := s.Verify(context.Background(), func(code string, seq int64, what string) { r.Errorf("%s/%d: %s", code, seq, what) })
			if err != nil {
				r.Fatal(err)
			}
		}
	})
}

// bind has the store put away what has ended, if that is a thing it does.
func (m *twin) bind(t *rapid.T) {
	b, does := m.b.(interface {
		Bind(context.Context) (int, error)
	})
	if !does {
		t.Skip("it binds nothing")
	}
	if _, err := b.Bind(context.Background()); err != nil {
		t.Fatal(err)
	}
}

// twin is two stores that must never differ.
type twin struct {
	r       *rapid.T
	a, b    engine.Store
	stories map[string]*Story // as last accepted
	held    []engine.Delivery // claims, some of them late
	now     time.Duration
}

// outcome is an answer, comparable.
func outcome(v any, err error) string {
	var e *engine.Error
	if errors.As(err, &e) {
		return fmt.Sprintf("%s %s case=%s other=%s", e.Code, e.Op, e.Case, e.Other)
	}
	if err != nil {
		return err.Error()
	}
	b, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	return string(b)
}

// both asks both stores and compares; it tells whether they did it.
func both[T any](m *twin, t *rapid.T, what string, f func(engine.Store) (T, error)) (T, bool) {
	va, ea := f(m.a)
	vb, eb := f(m.b)
	if x, y := outcome(va, ea), outcome(vb, eb); x != y {
		t.Fatalf("%s:\noracle %s\nstore  %s", what, x, y)
	}
	return vb, eb == nil
}

// do is both for calls that only fail.
func (m *twin) do(t *rapid.T, what string, f func(engine.Store) error) bool {
	_, done := both(m, t, what, func(s engine.Store) (struct{}, error) { return struct{}{}, f(s) })
	return done
}

var (
	someCodes = rapid.SampledFrom([]string{"A", "a", "B", "C", "D"})
	someKeys  = rapid.SampledFrom([]string{"", "k1", "k2"})
	someNames = rapid.SampledFrom([]string{"Nguyễn Thị Đào", "Đặng Đạt", "Le Nam", ""})
	someDays  = rapid.IntRange(0, 5)
	offices   = []string{"o1", "o2"}
	someOnes  = rapid.SampledFrom(offices)
)

func (m *twin) append(t *rapid.T, stories []*Story, changes ...engine.Change) {
	if m.do(t, "append", func(s engine.Store) error { return s.Append(context.Background(), changes...) }) {
		for _, st := range stories {
			m.stories[st.Case.Code] = st
		}
	}
}

func (m *twin) answer(t *rapid.T, c *engine.Change) {
	if rapid.Bool().Draw(t, "keyed") {
		c.Answer = &engine.Answer{Actor: "an", Key: rapid.SampledFrom([]string{"1", "2", "3"}).Draw(t, "key"),
			Digest: rapid.SampledFrom([]string{"x", "y"}).Draw(t, "digest"), Case: c.Case.Code, Status: 200,
			At: T0.Add(time.Duration(someDays.Draw(t, "answered")) * time.Hour)}
	}
	if rapid.Bool().Draw(t, "leased") {
		c.Node, c.Lease = "n", wall.Add(m.now+time.Minute)
	}
}

func (m *twin) newStory(t *rapid.T) *Story {
	return File(Filing{Code: someCodes.Draw(t, "code"), Key: someKeys.Draw(t, "dup"), Child: someNames.Draw(t, "child"),
		Requester: someNames.Draw(t, "requester"), Office: someOnes.Draw(t, "office"), Person: "001",
		At: T0.AddDate(0, 0, someDays.Draw(t, "filed"))})
}

func (m *twin) file(t *rapid.T) {
	st := m.newStory(t)
	c := st.Change()
	m.answer(t, &c)
	m.append(t, []*Story{st}, c)
}

// known picks a case that was accepted, or files one.
func (m *twin) known(t *rapid.T) *Story {
	code := someCodes.Draw(t, "code")
	if st := m.stories[code]; st != nil {
		return st.Fork()
	}
	return m.newStory(t)
}

// step adds one entry with random events.
func (m *twin) step(t *rapid.T, st *Story) {
	office := someOnes.Draw(t, "office")
	day := T0.AddDate(0, 0, someDays.Draw(t, "day"))
	var e engine.Event
	switch rapid.IntRange(0, 12).Draw(t, "event") {
	case 0:
		e = moved("birth", "", rapid.SampledFrom([]string{"received", "signing"}).Draw(t, "state"), 4, office, engine.FinalNone)
	case 1:
		e = moved("birth", "", "registered", 9, office, engine.FinalSuccess)
	case 2:
		e = moved("birth", "", "refused", 3, office, engine.FinalRefused)
	case 3:
		e = transferred("birth", office)
	case 4:
		e = timers("birth", day)
	case 5:
		e = stateDue("birth", day)
	case 6:
		e = requested("birth", st.Key(0), "population", map[string]any{"n": int64(1)<<53 + 1})
	case 7:
		e = notified("birth", st.Key(0), rapid.SampledFrom([]string{"001", "office:o1"}).Draw(t, "to"))
	case 8:
		e = assigned("birth", "lan")
	case 9:
		e = opened("card", st.Case.Code+".2", office)
	case 10:
		e = engine.CaseClosed{Outcome: engine.Completed}
	case 11:
		e = engine.ApplicationChanged{App: map[string]any{"child": map[string]any{"name": someNames.Draw(t, "renamed")}}}
	case 12:
		m := engine.Moved{To: "confirming", Portal: 4, Office: office, Awaits: true}
		m.Step = "birth"
		e = m
	}
	st.Go("act", "birth", e)
}

func (m *twin) goOn(t *rapid.T) {
	st := m.known(t)
	for range rapid.IntRange(1, 3).Draw(t, "entries") {
		m.step(t, st)
	}
	c := st.Change()
	if rapid.IntRange(0, 4).Draw(t, "stale") == 0 && c.Base > 1 {
		// Decided on an older state.
		c.Base--
		c.Entries = append([]engine.Entry{{Case: c.Case.Code, Seq: c.Base + 1, At: T0}}, c.Entries...)
	}
	m.answer(t, &c)
	m.append(t, []*Story{st}, c)
}

// pair sends two changes in one call, often of one case or for one key.
func (m *twin) pair(t *rapid.T) {
	x, y := m.known(t), m.known(t)
	m.step(t, x)
	m.step(t, y)
	cx, cy := x.Change(), y.Change()
	m.answer(t, &cx)
	m.answer(t, &cy)
	m.append(t, []*Story{x, y}, cx, cy)
}

func (m *twin) claim(t *rapid.T) {
	m.now += time.Duration(rapid.IntRange(0, 90).Draw(t, "seconds")) * time.Second
	limit := rapid.IntRange(0, 3).Draw(t, "limit")
	ds, _ := both(m, t, "claim", func(s engine.Store) ([]engine.Delivery, error) {
		return s.Claim(context.Background(), "n1", wall.Add(m.now), wall.Add(m.now+time.Minute), limit)
	})
	m.held = append(m.held, ds...)
}

func (m *twin) settle(t *rapid.T) {
	if len(m.held) == 0 {
		t.Skip("nothing claimed")
	}
	d := rapid.SampledFrom(m.held).Draw(t, "delivery")
	d.Status = rapid.SampledFrom([]string{engine.DeliveryPending, engine.DeliveryAccepted, engine.DeliveryDone,
		engine.DeliveryIncident, engine.DeliverySkipped}).Draw(t, "status")
	d.Next = wall.Add(m.now + time.Duration(rapid.IntRange(0, 90).Draw(t, "next"))*time.Second)
	d.Tries += rapid.IntRange(0, 1).Draw(t, "tries")
	if d.Status == engine.DeliveryDone {
		d.DoneAt, d.Reply = wall.Add(m.now), &engine.Reply{Request: d.Key, Outcome: rapid.SampledFrom([]string{engine.ReplyDone, engine.ReplyRefused}).Draw(t, "outcome"),
			By: rapid.SampledFrom([]string{"", "lan"}).Draw(t, "by")}
	}
	if d.Status == engine.DeliveryAccepted {
		d.SentAt = wall.Add(m.now)
	}
	reset := rapid.Bool().Draw(t, "reset")
	m.do(t, "settle", func(s engine.Store) error {
		if reset {
			return s.Reset(context.Background(), d)
		}
		return s.Settle(context.Background(), d)
	})
}

func (m *twin) codes(t *rapid.T) {
	unit, n := someOnes.Draw(t, "unit"), rapid.IntRange(0, 3).Draw(t, "n")
	both(m, t, "codes", func(s engine.Store) (int, error) { return s.Codes(context.Background(), unit, "d", n) })
}

func (m *twin) draft(t *rapid.T) {
	d := engine.Draft{ID: someCodes.Draw(t, "id"), Owner: someOnes.Draw(t, "owner"), Updated: T0.AddDate(0, 0, someDays.Draw(t, "day"))}
	rev := int64(rapid.IntRange(0, 3).Draw(t, "rev"))
	m.do(t, "draft", func(s engine.Store) error { return s.PutDraft(context.Background(), d, rev) })
}

func (m *twin) account(t *rapid.T) {
	a := engine.Account{ID: someCodes.Draw(t, "id"), Office: someOnes.Draw(t, "office"), Kind: engine.Staff}
	rev := int64(rapid.IntRange(0, 3).Draw(t, "rev"))
	var answer *engine.Answer
	if rapid.Bool().Draw(t, "keyed") {
		answer = &engine.Answer{Actor: "an", Key: rapid.SampledFrom([]string{"1", "2", "3"}).Draw(t, "key"), Digest: rapid.SampledFrom([]string{"x", "y"}).Draw(t, "digest"), At: T0}
	}
	m.do(t, "account", func(s engine.Store) error { return s.PutAccount(context.Background(), a, rev, answer) })
}

func (m *twin) access(t *rapid.T) {
	a := engine.Access{At: T0, Account: "lan", Case: someCodes.Draw(t, "code"), What: "case"}
	m.do(t, "access", func(s engine.Store) error { return s.LogAccess(context.Background(), a) })
}

func (m *twin) prune(t *rapid.T) {
	before := T0.Add(time.Duration(someDays.Draw(t, "hours")) * time.Hour)
	h := engine.Horizon{Answers: before, Sessions: before, Prefills: before, Drafts: before}
	if rapid.Bool().Draw(t, "deliveries") {
		h = engine.Horizon{Deliveries: wall.Add(m.now)}
	}
	both(m, t, "prune", func(s engine.Store) (engine.Pruned, error) { return s.Prune(context.Background(), h, 0) })
}

// project brings the sums a little further, or counts all anew.
func (m *twin) project(t *rapid.T) {
	anew, limit := rapid.IntRange(0, 4).Draw(t, "anew") == 0, rapid.IntRange(1, 4).Draw(t, "limit")
	m.do(t, "project", func(s engine.Store) error {
		if anew {
			return s.Rebuild(context.Background())
		}
		_, err := s.Project(context.Background(), limit)
		return err
	})
}

// dump compares everything that can be read.
func (m *twin) dump(t *rapid.T) {
	ctx := context.Background()
	for _, code := range []string{"A", "a", "B", "C", "D"} {
		both(m, t, "load", func(s engine.Store) (*engine.Case, error) { return s.Load(ctx, code) })
		both(m, t, "history", func(s engine.Store) ([]engine.Entry, error) { return s.History(ctx, code, 0, 0) })
		both(m, t, "case of", func(s engine.Store) (string, error) { return s.CaseOf(ctx, code+".1") })
		both(m, t, "access", func(s engine.Store) ([]engine.Access, error) { return s.AccessTo(ctx, code, "", 0) })
	}
	for _, k := range []string{"1", "2", "3"} {
		both(m, t, "answered", func(s engine.Store) (*engine.Answer, error) { return s.Answered(ctx, "an", k) })
	}
	for _, q := range []engine.RowQuery{
		{Offices: offices}, {Offices: offices[:1], Ended: true, Limit: 2}, {Offices: offices, Ended: true, Text: "ng"},
		{Offices: offices, Ended: true, Text: "nguyen dao", Limit: 1}, {Offices: offices, Ended: true, Text: "le", State: "registered"},
		{Offices: offices, Text: "a.1"}, {Offices: offices, Overdue: T0.AddDate(0, 0, 3)}, {Offices: offices, State: "received", Assignee: "lan"},
	} {
		both(m, t, "rows", func(s engine.Store) ([]string, error) {
			rows, next, err := s.Rows(ctx, q)
			if err == nil && next != "" {
				q := q
				q.After = next
				var rest []engine.Row
				rest, _, err = s.Rows(ctx, q)
				rows = append(rows, rest...)
			}
			return []string{outcome(rows, err), next}, err
		})
		both(m, t, "count", func(s engine.Store) (int, error) { return s.CountRows(ctx, q, 3) })
	}
	both(m, t, "cases of", func(s engine.Store) (string, error) {
		cs, next, err := s.CasesOf(ctx, "001", "", 2)
		return outcome(cs, err) + next, err
	})
	both(m, t, "tasks", func(s engine.Store) ([]engine.Task, error) { return s.TasksOf(ctx, "001") })
	both(m, t, "notes", func(s engine.Store) (string, error) {
		ns, next, err := s.Notifications(ctx, "001", "", 2)
		return outcome(ns, err) + next, err
	})
	both(m, t, "deliveries", func(s engine.Store) ([]engine.Delivery, error) { return s.Deliveries(ctx, "", "", "", 0) })
	if rapid.IntRange(0, 2).Draw(t, "count") == 0 {
		both(m, t, "sums", func(s engine.Store) ([]engine.Figure, error) {
			return projected(ctx, s, append([]string{""}, offices...)...)
		})
	}
	both(m, t, "owed", func(s engine.Store) (string, error) {
		ds, next, err := s.Owed(ctx, engine.OwedQuery{Offices: offices[:1], Limit: 2})
		return outcome(ds, err) + next, err
	})
	both(m, t, "lines", func(s engine.Store) ([]engine.Line, error) { return s.Lines(ctx, T0.AddDate(0, 0, 3)) })
	both(m, t, "exchanges", func(s engine.Store) ([]engine.ExchangeDay, error) {
		return s.Exchanges(ctx, calendar.DateOf(T0), calendar.DateOf(T0).AddDays(9))
	})
	both(m, t, "due", func(s engine.Store) ([]string, error) { return s.Due(ctx, T0.AddDate(0, 0, 3), 3) })
	both(m, t, "open", func(s engine.Store) ([]string, error) { return s.Open(ctx, "A", 3) })
	both(m, t, "open under", func(s engine.Store) ([]string, error) {
		codes, err := s.Open(ctx, "", 1)
		if err != nil || len(codes) == 0 {
			return codes, err
		}
		c, err := s.Load(ctx, codes[0])
		if err != nil {
			return nil, err
		}
		return s.OpenUnder(ctx, c.Service, c.Version, "A", 3)
	})
	both(m, t, "kept", func(s engine.Store) ([]string, error) { return s.Kept(ctx, "A", 3) })
	both(m, t, "archived", func(s engine.Store) (int64, error) { return s.Archived(ctx) })
	both(m, t, "drafts", func(s engine.Store) ([]engine.Draft, error) { return s.Drafts(ctx, "o1") })
	both(m, t, "accounts", func(s engine.Store) ([]engine.Account, error) { return s.Accounts(ctx, "o1", "", 0) })
}
