package runtime_test

import (
	"context"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"lienthong/engine"
	"lienthong/engine/runtime"
)

// by is an act of somebody on a delivery.
func by(who engine.Actor, delivery, note string) runtime.Act {
	return runtime.Act{Actor: who, Delivery: delivery, Note: note}
}

// keyed is the operator's act under an idempotency key.
func keyed(delivery string) runtime.Act {
	a := by(operator, delivery, "letter 12")
	a.Key, a.Digest = "k1", "d1"
	return a
}

// malformed files a case whose registration the registry cannot read: an incident.
func (w *world) malformed() (code, key string) {
	w.t.Helper()
	code, key = w.recording("An")
	w.reg.say("civil", runtime.Answer{Outcome: runtime.Incident, Code: "malformed"})
	w.settle()
	return code, key
}

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
	w.code(w.r.Retry(t.Context(), by(clerk, key, "")), engine.Forbidden)
	w.code(w.r.Skip(t.Context(), by(operator, key, "why not")), engine.Precondition)
	rev := w.load(code).Dossier("birth").Rev
	w.must(w.r.Retry(t.Context(), by(operator, key, "they are back")))
	if d := w.status(key, engine.DeliveryPending); d.Tries != 0 || !d.LastError.IsZero() || w.load(code).Dossier("birth").Rev != rev {
		t.Fatalf("delivery %+v", d)
	}
	w.settle()
	w.state(code, "birth", "registered")
	if d := w.status(key, engine.DeliveryDone); d.Note != "retried by op: they are back" {
		t.Fatalf("note %q", d.Note)
	}
	w.acted(code, key+" retry op they are back")
	w.code(w.r.Retry(t.Context(), by(operator, key, "")), engine.WrongState)
	w.sound()
}

func TestRecordCountsAsTheReply(t *testing.T) {
	w := newWorld(t)
	code, key := w.recording("An")
	w.reg.say("civil", runtime.Answer{Outcome: runtime.Incident, Code: "malformed", Status: 400})
	w.settle()
	d := w.status(key, engine.DeliveryIncident)
	if d.LastError.Said.EN != "malformed" {
		t.Fatalf("why: %q", d.LastError)
	}
	bad := engine.Reply{Outcome: engine.ReplyDone}
	w.code(w.r.Record(t.Context(), by(operator, key, "letter 12"), bad), engine.Invalid)
	w.code(w.r.Record(t.Context(), by(operator, key, "letter 12"), engine.Reply{Outcome: engine.ReplyRefused, Code: "mood"}), engine.Invalid)
	w.code(w.r.Record(t.Context(), by(operator, key, " "), reply(key, engine.ReplyDone)), engine.Invalid)
	w.must(w.r.Record(t.Context(), by(operator, key, "letter 12"), reply("", engine.ReplyRefused)))
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
	w.code(w.r.Skip(t.Context(), by(operator, key, "")), engine.Invalid)
	w.must(w.r.Skip(t.Context(), by(operator, key, "no telephone")))
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
	code, key := w.malformed()
	w.withdraw(code)
	state := w.load(code).Dossier("birth")
	w.must(w.r.Record(t.Context(), by(operator, key, "letter 12"), reply("", engine.ReplyDone)))
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
	code, key := w.malformed()
	s := &spy{Store: w.store}
	s.fail.Store(true)
	a := w.node("a", func(c *runtime.Config) { c.Store = s })
	w.code(a.Retry(t.Context(), by(operator, key, "")), engine.Unavailable)
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
	w.must(w.r.Record(t.Context(), by(operator, key, "asked by telephone"), engine.Reply{Outcome: engine.ReplyRefused}))
	if d := w.status(key, engine.DeliveryDone); d.Reply.Code != first.Code || d.Reply.By != "" {
		t.Errorf("the answer is now %+v, first it was %+v", d.Reply, first)
	}
	w.acted(code, key+" record op asked by telephone")
	w.sound()
}

// An act under an idempotency key is done once, whatever became of the delivery
// since; the key is kept in the commit that does the act, on whichever way it goes.
func TestActsOfPeopleAreRepeatedByKey(t *testing.T) {
	record := func(rep engine.Reply) func(*testing.T, *runtime.Runtime, runtime.Act) error {
		return func(t *testing.T, r *runtime.Runtime, a runtime.Act) error { return r.Record(t.Context(), a, rep) }
	}
	notified := func(w *world) (string, string) {
		w.reg.say(engine.NotificationRegistry, runtime.Answer{Outcome: runtime.Refused, Code: "no_number"})
		code := w.file("An")
		w.settle()
		return code, code + "/1/1"
	}
	for _, x := range []struct {
		name, what string
		incident   func(w *world) (code, key string)
		act        func(*testing.T, *runtime.Runtime, runtime.Act) error
		leads      string // to this state of the delivery
	}{
		{"retry", "retry", (*world).malformed, func(t *testing.T, r *runtime.Runtime, a runtime.Act) error { return r.Retry(t.Context(), a) }, engine.DeliveryPending},
		{"record what the case waits for", "record", (*world).malformed, record(reply("", engine.ReplyDone)), engine.DeliveryDone},
		{"record what it waits for no more", "record", func(w *world) (string, string) {
			code, key := w.malformed()
			w.withdraw(code)
			return code, key
		}, record(reply("", engine.ReplyDone)), engine.DeliveryDone},
		{"record after a contradiction", "record", func(w *world) (string, string) {
			code, key := w.recording("An")
			w.settle()
			w.must(w.r.Reply(t.Context(), "civil", reply(key, engine.ReplyRefused)))
			return code, key
		}, record(reply("", engine.ReplyDone)), engine.DeliveryDone},
		{"record that a message was told", "record", notified, record(reply("", engine.ReplyDone)), engine.DeliveryDone},
		{"record that a message cannot be told", "record", notified, record(engine.Reply{Outcome: engine.ReplyRefused, Code: "dead"}), engine.DeliveryIncident},
		{"skip", "skip", notified, func(t *testing.T, r *runtime.Runtime, a runtime.Act) error { return r.Skip(t.Context(), a) }, engine.DeliverySkipped},
	} {
		t.Run(x.name, func(t *testing.T) {
			w := newWorld(t)
			code, key := x.incident(w)
			w.status(key, engine.DeliveryIncident)
			a := keyed(key)

			// The commit happens, and nobody is told.
			s := &spy{Store: w.store}
			s.dies.Store(true)
			w.code(x.act(t, w.node("dying", func(c *runtime.Config) { c.Store = s }), a), engine.UnknownOutcome)
			after := w.status(key, x.leads)
			seq := w.load(code).Seq

			// Another node, and the same again, find that it was done.
			next := w.node("next")
			for range 2 {
				w.must(x.act(t, next, a))
			}
			if now := w.delivery(key); !reflect.DeepEqual(now, after) || w.load(code).Seq != seq {
				t.Errorf("repeating it leads from %+v (entry %d) to %+v (entry %d)", after, seq, now, w.load(code).Seq)
			}
			w.acted(code, key+" "+x.what+" op letter 12")
			ans, err := w.store.Answered(t.Context(), runtime.ActorKey(operator), "k1")
			w.must(err)
			if ans == nil || ans.Case != code || ans.Digest != "d1" {
				t.Errorf("kept is %+v", ans)
			}

			// Another request, and another person, have no part in it.
			other := a
			other.Digest = "d2"
			w.code(x.act(t, next, other), engine.IdempotencyMismatch)
			other = a
			other.Actor.Roles = []string{engine.ByOfficer}
			w.code(x.act(t, next, other), engine.Forbidden)
			w.sound()
		})
	}
}

// A refused act keeps no key: what was wrong is mended and sent again.
func TestRefusedActOfAPersonKeepsNoKey(t *testing.T) {
	w := newWorld(t)
	code, key := w.malformed()
	a := keyed(key)
	w.code(w.r.Record(t.Context(), a, engine.Reply{Outcome: engine.ReplyDone}), engine.Invalid)
	a.Digest = "d2"
	w.must(w.r.Record(t.Context(), a, reply("", engine.ReplyDone)))
	w.state(code, "birth", "registered")
	w.acted(code, key+" record op letter 12")
}

// Timers that fall due with an answer that the case does not wait for have an entry of
// their own; the key is kept with the act, not with them.
func TestActOfAPersonAmongTimers(t *testing.T) {
	w := newWorld(t)
	p := w.defs.services["birth"].Steps[0].Procedure
	p.Action("lose").From = []string{"recording"}
	p.Action("expire").From = append(p.Action("expire").From, "limbo")
	p.State("limbo").After = []engine.After{{Within: limit("7 working days"), Action: "expire"}}
	code, key := w.malformed()
	w.act(code, "lose", engine.ByLeader)
	w.clock.Advance(30 * 24 * time.Hour)
	a := keyed(key)
	for range 2 {
		w.must(w.r.Record(t.Context(), a, reply("", engine.ReplyDone)))
	}
	w.state(code, "birth", "expired")
	w.status(key, engine.DeliveryDone)
	w.acted(code, key+" record op letter 12")
	if as := w.actions(code); as[len(as)-2] != "expire" || as[len(as)-1] != engine.ActOperate {
		t.Errorf("actions %v", as)
	}
	w.sound()
}

// meeting is a store in which something happens right after somebody read a delivery.
type meeting struct {
	engine.Store
	then func()
}

func (s *meeting) Delivery(ctx context.Context, key string) (*engine.Delivery, error) {
	d, err := s.Store.Delivery(ctx, key)
	if f := s.then; f != nil {
		s.then = nil
		f()
	}
	return d, err
}

// A message is carried while a person gives it up: whichever is first stands, and what was
// carried is not told as given up.
func TestMessageIsCarriedWhileItIsSkipped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &meeting{}
		w := newWorld(t, func(c *runtime.Config) { store.Store, c.Store = c.Store, store })
		w.file("An")
		ds, err := w.store.Deliveries(t.Context(), engine.NotificationRegistry, "", "", 10)
		w.must(err)
		if len(ds) == 0 {
			t.Fatal("nobody is told")
		}
		key, over := ds[0].Key, make(chan error, 1)
		store.then = func() {
			go func() {
				_, err := w.r.RelayStep(t.Context(), w.wall.Now())
				over <- err
			}()
			synctest.Wait() // as far as it comes
		}
		skipped := w.r.Skip(t.Context(), runtime.Act{Actor: operator, Delivery: key, Note: "too late"})
		w.must(<-over)
		d := w.delivery(key)
		switch {
		case skipped == nil && (d.Status != engine.DeliverySkipped || d.Reply != nil):
			t.Errorf("skipped, and %+v", d)
		case skipped != nil && d.Status != engine.DeliveryDone:
			t.Errorf("%v, and %+v", skipped, d)
		}
		if skipped == nil && !strings.Contains(w.log.String(), "lease lost") {
			t.Errorf("what was carried meanwhile was written over: %s", w.log)
		}
	})
}
