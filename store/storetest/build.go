package storetest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
	"testing"
	"time"

	"lienthong/engine"
)

// T0 is when the stories of this package begin: a Tuesday morning in Ha Noi.
var T0 = time.Date(2026, 9, 1, 8, 0, 0, 123456000, time.FixedZone("ICT", 7*3600))

// Story builds one case, entry by entry.
type Story struct {
	Case    *engine.Case
	Pending []engine.Entry // folded, not yet taken by Change
	base    int64
}

// Filing says what a new case looks like; empty fields have defaults.
type Filing struct {
	Code, Key, Child, Requester, Person, Office string
	At                                          time.Time
	App                                         map[string]any
}

// File begins a story: birth opens at an office, card waits.
func File(f Filing) *Story {
	def := func(v *string, d string) {
		if *v == "" {
			*v = d
		}
	}
	def(&f.Child, "Nguyễn Thị Đào")
	def(&f.Requester, "Nguyễn Văn Ân")
	def(&f.Person, "001090000001")
	def(&f.Office, "civil@00004")
	if f.At.IsZero() {
		f.At = T0
	}
	if f.App == nil {
		f.App = map[string]any{"child": map[string]any{"name": f.Child}}
	}
	s := &Story{}
	requester := engine.Person{ID: f.Person, Name: f.Requester}
	by := engine.Actor{Kind: engine.Citizen, ID: f.Person, Name: f.Requester}
	s.at(f.At, engine.Command{Action: engine.ActFile, Case: f.Code, Actor: by},
		engine.Filed{Service: "birth", Version: "2026-09-01", Hash: "h1", Key: f.Key, KeyStep: "birth", Channel: 2, Requester: requester,
			By: by, Seed: "seed", App: f.App, Steps: []engine.Place{
				{Step: "birth", Procedure: "birth_registration", Code: f.Code + ".1"}, {Step: "card", Procedure: "child_health_card", Code: f.Code + ".2"}}},
		opened("birth", f.Code+".1", f.Office),
		moved("birth", "", "submitted", 1, f.Office, engine.FinalNone))
	return s
}

// Go adds an entry of a dossier command, an hour after the entry before.
func (s *Story) Go(action, step string, events ...engine.Event) *Story {
	return s.at(s.Case.Updated.Add(time.Hour), engine.Command{Action: action, Case: s.Case.Code, Step: step,
		Actor: engine.Actor{Kind: engine.Staff, ID: "lan", Office: "civil@00004"}}, events...)
}

func (s *Story) at(at time.Time, cmd engine.Command, events ...engine.Event) *Story {
	var seq int64 = 1
	if s.Case != nil {
		seq = s.Case.Seq + 1
	}
	e := engine.Entry{Case: cmd.Case, Seq: seq, At: at, Command: cmd, Events: events,
		Versions: engine.Versions{Engine: engine.EngineVersion, Definition: "h1", Parameters: "p1", Calendar: "c1"}}
	s.Case = engine.Fold(s.Case, e)
	s.Pending = append(s.Pending, e)
	return s
}

// Change takes the entries since the last Change.
func (s *Story) Change() engine.Change {
	c := engine.Change{Case: s.Case, Base: s.base, Entries: s.Pending}
	s.base, s.Pending = s.Case.Seq, nil
	return c
}

// Resume goes on with a case that a store has.
func Resume(t testing.TB, s engine.Store, code string) *Story {
	t.Helper()
	c := ok(s.Load(t.Context(), code))(t)
	return &Story{Case: c, base: c.Seq}
}

// Fork copies the story, so that two may go on from one point.
func (s *Story) Fork() *Story {
	n := *s
	n.Pending = append([]engine.Entry(nil), s.Pending...)
	return &n
}

// Key is the delivery key of an event of the entry that comes next.
func (s *Story) Key(n int) string { return fmt.Sprintf("%s/%d/%d", s.Case.Code, s.Case.Seq+1, n) }

func opened(step, code, office string) engine.Event {
	e := engine.StepOpened{Code: code, Attempt: 1, Office: office, Unit: "00004"}
	e.Step = step
	return e
}

func moved(step, from, to string, portal int, office string, final engine.FinalKind) engine.Event {
	e := engine.Moved{From: from, To: to, Portal: portal, Office: office, Final: final}
	e.Step = step
	return e
}

func recorded(step, name string, value map[string]any) engine.Event {
	e := engine.Recorded{Name: name, Value: value}
	e.Step = step
	return e
}

func requested(step, key, registry string, input map[string]any) engine.Event {
	e := engine.Requested{Key: key, Registry: registry, Operation: "register", Input: input}
	e.Step = step
	return e
}

func notified(step, key, to string) engine.Event {
	e := engine.Notified{Key: key, To: to, What: engine.NoteReceived, Params: map[string]any{"n": int64(1)}}
	e.Step = step
	return e
}

func timers(step string, at ...time.Time) engine.Event {
	e := engine.TimersSet{}
	for i, x := range at {
		e.Timers = append(e.Timers, engine.TimerDue{ID: fmt.Sprintf("%s:%d", step, i), Kind: engine.TimerAfter, Action: "expire", At: x})
	}
	e.Step = step
	return e
}

func assigned(step, account string) engine.Event {
	e := engine.Assigned{Account: account}
	e.Step = step
	return e
}

func stateDue(step string, due time.Time) engine.Event {
	e := engine.StateDueSet{Due: due}
	e.Step = step
	return e
}

func transferred(step, office string) engine.Event {
	e := engine.Transferred{Office: office, Unit: "00005"}
	e.Step = step
	return e
}

func issued(step, id string) engine.Event {
	e := engine.ResultIssued{Result: engine.Result{ID: id, Version: 1, Document: "birth_certificate", Code: "KQ1", Issued: T0}}
	e.Step = step
	return e
}

func reviewOpened(step string) engine.Event {
	e := engine.ReviewOpened{Review: engine.Review{ID: "r1", Of: "birth", From: 1, To: 2, Opened: T0}}
	e.Step = step
	return e
}

// must fails the test at an error.
func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("unexpected error: %v", err)
	}
}

// ok returns a value or fails the test.
func ok[T any](v T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		must(t, err)
		return v
	}
}

// wants fails the test unless the error has the code; it returns the error.
func wants(t testing.TB, err error, code engine.Code) *engine.Error {
	t.Helper()
	if engine.CodeOf(err) != code {
		t.Fatalf("error is %v, want code %q", err, code)
	}
	var e *engine.Error
	errors.As(err, &e)
	return e
}

// asJSON is how values are compared: as they would be sent.
func asJSON(t testing.TB, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	must(t, err)
	return string(b)
}

// codes holds the answers of several calls against the codes they should have.
func codes(t testing.TB, results []error, want ...engine.Code) {
	t.Helper()
	for i, code := range want {
		if got := engine.CodeOf(results[i]); got != code {
			t.Errorf("call %d: %v, want %q", i, results[i], code)
		}
	}
}

// same fails the test unless both values have the same JSON.
func same(t testing.TB, got, want any) {
	t.Helper()
	if g, w := asJSON(t, got), asJSON(t, want); g != w {
		t.Fatalf("got  %s\nwant %s", g, w)
	}
}

// sound fails the test when Verify finds anything.
func sound(t testing.TB, s engine.Store) {
	t.Helper()
	_, err := s.Verify(context.Background(), func(code string, seq int64, what string) {
		t.Errorf("verify: %s/%d: %s", code, seq, what)
	})
	must(t, err)
}

// yield lets other goroutines run.
func yield() { runtime.Gosched() }
