package runtime_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"testing"

	"lienthong/engine"
)

func TestContradictionIsAnIncidentOfTheDelivery(t *testing.T) {
	w := newWorld(t)
	code, key := w.recording("An")
	w.settle()
	was := w.actions(code)
	w.must(w.r.Reply(t.Context(), "civil", reply(key, engine.ReplyRefused)))
	d := w.status(key, engine.DeliveryIncident)
	if d.LastError.Code != engine.TroubleContradiction || d.Reply.Outcome != engine.ReplyDone || !slices.Equal(was, w.actions(code)) {
		t.Fatalf("delivery %+v", d)
	}
	// What the registry says next does not hide it; a person settles it.
	w.must(w.r.Reply(t.Context(), "civil", reply(key, engine.ReplyDone)))
	w.status(key, engine.DeliveryIncident)
	w.code(w.r.Retry(t.Context(), by(operator, key, "")), engine.WrongState)
	w.code(w.r.Record(t.Context(), by(operator, key, "paper"), reply(key, engine.ReplyRefused)), engine.Precondition)
	w.must(w.r.Record(t.Context(), by(operator, key, "asked by telephone"), reply(key, engine.ReplyDone)))
	w.status(key, engine.DeliveryDone)
	if got := w.actions(code); !slices.Equal(append(was, engine.ActOperate), got) {
		t.Fatalf("history %v", got)
	}
	w.acted(code, key+" record op asked by telephone")
	w.sound()
}

// Under the same outcome a registry may contradict itself too: the data of its first
// answer stands in history, and a person learns of the other.
func TestContradictingDataIsAnIncidentOfTheDelivery(t *testing.T) {
	w := newWorld(t)
	w.reg.say("civil", taken)
	code, key := w.recording("An")
	w.settle()
	answer := func(number int64) engine.Reply {
		r := reply(key, engine.ReplyDone)
		r.Data = maps.Clone(r.Data)
		r.Data["number"] = fmt.Sprint(number)
		return r
	}
	w.must(w.r.Reply(t.Context(), "civil", answer(12)))
	was := w.actions(code)
	w.must(w.r.Reply(t.Context(), "civil", answer(12)))
	bare := reply(key, engine.ReplyDone)
	bare.Data = nil // says nothing else
	w.must(w.r.Reply(t.Context(), "civil", bare))
	w.status(key, engine.DeliveryDone)
	w.must(w.r.Reply(t.Context(), "civil", answer(13)))
	d := w.status(key, engine.DeliveryIncident)
	if d.LastError.Code != engine.TroubleContradiction || d.Reply.Data["number"] != "12" || !slices.Equal(was, w.actions(code)) {
		t.Fatalf("delivery %+v", d)
	}
	w.code(w.r.Record(t.Context(), by(operator, key, "it is 13"), answer(13)), engine.Precondition)
	w.must(w.r.Record(t.Context(), by(operator, key, "it is 12"), answer(12)))
	if d := w.status(key, engine.DeliveryDone); d.Reply.Data["number"] != "12" {
		t.Fatalf("reply %+v", d.Reply)
	}
	w.sound()
}

// Another code is another answer too. What a person recorded from paper says less than
// the registry does, and is contradicted by another outcome only.
func TestContradictingCodes(t *testing.T) {
	refused := func(code string) engine.Reply { return engine.Reply{Outcome: engine.ReplyRefused, Code: code} }
	for name, x := range map[string]struct {
		byHand      bool
		first, then engine.Reply
		want        string
	}{
		"the same":                   {false, refused("known_child"), refused("known_child"), engine.DeliveryDone},
		"another":                    {false, refused("known_child"), refused("unknown_commune"), engine.DeliveryIncident},
		"none":                       {false, refused("known_child"), refused(""), engine.DeliveryDone},
		"another than on paper":      {true, refused("known_child"), refused("unknown_commune"), engine.DeliveryDone},
		"another outcome than there": {true, refused("known_child"), reply("", engine.ReplyDone), engine.DeliveryIncident},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			code, key := w.malformed()
			x.first.Request, x.then.Request = key, key
			if x.byHand {
				w.must(w.r.Record(t.Context(), by(operator, key, "letter 12"), x.first))
			} else {
				w.must(w.r.Reply(t.Context(), "civil", x.first))
			}
			was := w.actions(code)
			w.must(w.r.Reply(t.Context(), "civil", x.then))
			if d := w.status(key, x.want); d.Reply.Code != x.first.Code || !slices.Equal(was, w.actions(code)) {
				t.Fatalf("delivery %+v, history %v", d, w.actions(code))
			}
			w.state(code, "birth", "checking")
			w.sound()
		})
	}
}

// A callback that comes before its send was recorded says the opposite of what comes
// back then: what was heard first stands.
func TestCallbackContradictsTheSend(t *testing.T) {
	w := newWorld(t)
	code, key := w.recording("An")
	w.reg.before = func(_ string, d engine.Delivery) {
		if d.Key == key { // done is what it answers to the send
			w.must(w.r.Reply(context.Background(), "civil", reply(key, engine.ReplyRefused)))
		}
	}
	w.step()
	w.state(code, "birth", "checking")
	if d := w.status(key, engine.DeliveryIncident); d.LastError.Code != engine.TroubleContradiction || d.Reply.Outcome != engine.ReplyRefused {
		t.Fatalf("delivery %+v", d)
	}
	w.sound()
}
