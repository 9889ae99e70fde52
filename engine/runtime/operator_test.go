package runtime_test

import (
	"reflect"
	"testing"
	"time"

	"lienthong/engine"
	"lienthong/engine/runtime"
)

func TestIncidentAfterTheLastTryAndItsWaysOut(t *testing.T) {
	w := newWorld(t, func(c *runtime.Config) { c.Tries = 2; c.BreakerFails = 100 })
	code, key := w.recording("An")
	w.reg.say("civil", transient, transient)
	for range 3 {
		w.step()
		w.wall.Advance(time.Hour)
	}
	w.status(key, engine.DeliveryIncident)
	if got := w.reg.calls("civil"); len(got) != 2 {
		t.Fatalf("calls %v", got)
	}
	clerk := operator
	clerk.Roles = []string{engine.ByOfficer}
	w.code(w.r.Retry(t.Context(), clerk, key, ""), engine.Forbidden)
	w.code(w.r.Skip(t.Context(), operator, key, "why not"), engine.Precondition)
	rev := w.load(code).Dossier("birth").Rev
	w.must(w.r.Retry(t.Context(), operator, key, "they are back"))
	if d := w.status(key, engine.DeliveryPending); d.Tries != 0 || d.LastError != "" || w.load(code).Dossier("birth").Rev != rev {
		t.Fatalf("delivery %+v", d)
	}
	w.settle()
	w.state(code, "birth", "registered")
	if d := w.status(key, engine.DeliveryDone); d.Note != "retried by op: they are back" {
		t.Fatalf("note %q", d.Note)
	}
	w.acted(code, key+" retry op they are back")
	w.code(w.r.Retry(t.Context(), operator, key, ""), engine.WrongState)
	w.sound()
}

func TestRecordCountsAsTheReply(t *testing.T) {
	w := newWorld(t)
	code, key := w.recording("An")
	w.reg.say("civil", runtime.Answer{Outcome: runtime.Incident, Code: "malformed", Status: 400})
	w.settle()
	d := w.status(key, engine.DeliveryIncident)
	if d.LastError != "malformed" {
		t.Fatalf("why: %q", d.LastError)
	}
	bad := engine.Reply{Outcome: engine.ReplyDone}
	w.code(w.r.Record(t.Context(), operator, key, bad, "letter 12"), engine.Invalid)
	w.code(w.r.Record(t.Context(), operator, key, engine.Reply{Outcome: engine.ReplyRefused, Code: "mood"}, "letter 12"), engine.Invalid)
	w.code(w.r.Record(t.Context(), operator, key, reply(key, engine.ReplyDone), " "), engine.Invalid)
	w.must(w.r.Record(t.Context(), operator, key, reply("", engine.ReplyRefused), "letter 12"))
	w.state(code, "birth", "checking")
	if d := w.status(key, engine.DeliveryDone); d.Note != "recorded by op: letter 12" {
		t.Fatalf("note %q", d.Note)
	}
	es, err := w.store.History(t.Context(), code, 1, 0)
	w.must(err)
	if e := es[len(es)-1]; e.Facts.Reply.By != "op" || e.Facts.Reply.Note != "letter 12" {
		t.Fatalf("history does not say who: %+v", e.Facts.Reply)
	}
	w.acted(code, key+" record op letter 12")
	w.sound()
}

func TestOnlyNotificationsAreSkipped(t *testing.T) {
	w := newWorld(t)
	code := w.file("An")
	ds, err := w.store.Deliveries(t.Context(), engine.NotificationRegistry, "", "", 10)
	w.must(err)
	if len(ds) != 1 || ds[0].Case != code {
		t.Fatalf("notifications %v", ds)
	}
	key := ds[0].Key
	w.reg.say(engine.NotificationRegistry, runtime.Answer{Outcome: runtime.Refused, Code: "no_number"})
	w.settle()
	w.status(key, engine.DeliveryIncident)
	w.code(w.r.Skip(t.Context(), operator, key, ""), engine.Invalid)
	w.must(w.r.Skip(t.Context(), operator, key, "no telephone"))
	if d := w.status(key, engine.DeliverySkipped); d.Note != "skipped by op: no telephone" {
		t.Fatalf("note %q", d.Note)
	}
	w.must(w.r.Reply(t.Context(), engine.NotificationRegistry, reply(key, engine.ReplyDone)))
	w.status(key, engine.DeliverySkipped)
	w.acted(code, key+" skip op no telephone")
}

// An answer recorded by hand that nobody waits for any more changes nothing, but
// history says who recorded it.
func TestRecordOfWhatIsNoLongerAwaited(t *testing.T) {
	w := newWorld(t)
	code, key := w.recording("An")
	w.reg.say("civil", runtime.Answer{Outcome: runtime.Incident, Code: "malformed"})
	w.settle()
	w.withdraw(code)
	state := w.load(code).Dossier("birth")
	w.must(w.r.Record(t.Context(), operator, key, reply("", engine.ReplyDone), "letter 12"))
	if d := w.status(key, engine.DeliveryDone); d.Reply == nil || d.Reply.By != "op" || d.Note != "recorded by op: letter 12" {
		t.Fatalf("delivery %+v", d)
	}
	if got := w.load(code).Dossier("birth"); !reflect.DeepEqual(got, state) {
		t.Fatalf("the dossier changed: %+v", got)
	}
	w.acted(code, key+" record op letter 12")
	w.sound()
}

// What a person does and its entry are one commit: when it fails, neither stands.
func TestActsOfPeopleAreOneCommit(t *testing.T) {
	w := newWorld(t)
	code, key := w.recording("An")
	w.reg.say("civil", runtime.Answer{Outcome: runtime.Incident, Code: "malformed"})
	w.settle()
	s := &spy{Store: w.store}
	s.fail.Store(true)
	a := w.node("a", func(c *runtime.Config) { c.Store = s })
	w.code(a.Retry(t.Context(), operator, key, ""), engine.Unavailable)
	w.status(key, engine.DeliveryIncident)
	w.acted(code)
	_, err := w.r.Do(t.Context(), runtime.Request{Command: engine.Command{Action: engine.ActOperate, Case: code, Actor: operator,
		Input: map[string]any{"key": key, "what": "retry"}}})
	w.code(err, engine.Invalid) // only by acting
	w.acted(code)
}

// After a contradiction the first answer stands as it was: a person who confirms a
// refusal need not know its code.
func TestRecordAfterAContradictionNeedsNoCode(t *testing.T) {
	w := newWorld(t)
	code, key := w.recording("An")
	w.reg.say("civil", runtime.Answer{Outcome: runtime.Refused, Code: "no_record"})
	w.settle()
	first := w.status(key, engine.DeliveryDone).Reply
	w.must(w.r.Reply(t.Context(), "civil", reply(key, engine.ReplyDone)))
	w.status(key, engine.DeliveryIncident)
	w.must(w.r.Record(t.Context(), operator, key, engine.Reply{Outcome: engine.ReplyRefused}, "asked by telephone"))
	if d := w.status(key, engine.DeliveryDone); d.Reply.Code != first.Code || d.Reply.By != "" {
		t.Errorf("the answer is now %+v, first it was %+v", d.Reply, first)
	}
	w.acted(code, key+" record op asked by telephone")
	w.sound()
}
