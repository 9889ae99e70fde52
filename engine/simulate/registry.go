package simulate

import (
	"context"
	"fmt"
	"strings"
	"time"

	"lienthong/engine"
	"lienthong/engine/runtime"
)

// registers are all registries: each performs a request once per key and answers
// from what it keeps, at once or later, with the faults of the plan.
type registers struct {
	*world
	known map[string]map[string]*answer // case → key
}

// answer is what a registry made of a request.
type answer struct {
	reply engine.Reply
	ready time.Time // when it is decided
	never bool      // nobody ever decides: the citizen does not pay
	gone  bool      // taken back
	told  bool      // its callback is planned
}

// Send asks a registry to perform an operation.
func (l *line) Send(_ context.Context, d engine.Delivery) runtime.Answer {
	w := l.node.world
	w.tally.sent++
	at := w.place(d.Key)
	if a, lost := l.troubled(d.Registry, at); lost {
		return a
	}
	a := w.register.perform(d)
	if w.strikes(w.cfg.Faults.LostReply, "lost_reply", at) {
		return silence
	}
	return w.register.tell(d, a)
}

// Ask asks what became of a request.
func (l *line) Ask(_ context.Context, d engine.Delivery) runtime.Answer {
	w := l.node.world
	if a, lost := l.troubled(d.Registry, "ask "+w.place(d.Key)); lost {
		return a
	}
	a := w.register.known[d.Case][d.Key]
	if a == nil {
		return runtime.Answer{Outcome: runtime.Unknown, Status: 404}
	}
	return w.register.tell(d, a)
}

// Cancel takes a request back that is not decided.
func (l *line) Cancel(_ context.Context, d engine.Delivery) runtime.Answer {
	w := l.node.world
	if a, lost := l.troubled(d.Registry, "cancel "+w.place(d.Key)); lost {
		return a
	}
	a := w.register.known[d.Case][d.Key]
	switch {
	case a == nil:
		return runtime.Answer{Outcome: runtime.Unknown, Status: 404}
	case a.gone || a.never || a.ready.After(w.now):
		a.gone = true
		return runtime.Answer{Outcome: runtime.Done, Status: 200}
	}
	return runtime.Answer{Outcome: runtime.Refused, Code: "too_late", Status: 422}
}

var silence = runtime.Answer{Outcome: runtime.Transient, Detail: engine.Text{VI: "Không nhận được trả lời", EN: "no answer"}}

// troubled is what comes back where the request does not reach the registry.
func (l *line) troubled(registry, at string) (runtime.Answer, bool) {
	w := l.node.world
	f := &w.cfg.Faults
	switch {
	case l.dead:
		return silence, true
	case w.out(registry), w.strikes(f.Error, "error", at):
		return runtime.Answer{Outcome: runtime.Transient, Status: 503, Code: "unavailable"}, true
	case w.strikes(f.LostRequest, "lost_request", at):
		return silence, true
	}
	return runtime.Answer{}, false
}

// tell is the answer as it stands now.
func (r *registers) tell(d engine.Delivery, a *answer) runtime.Answer {
	if a.gone {
		return runtime.Answer{Outcome: runtime.Refused, Code: "cancelled", Status: 422}
	}
	if !a.never && !a.ready.After(r.now) {
		return runtime.Answer{Outcome: a.reply.Outcome, Code: a.reply.Code, Detail: a.reply.Detail, Data: a.reply.Data, Status: 200}
	}
	expected := a.ready
	if a.never || d.Step == "" { // the treasury does not know when somebody pays
		expected = r.now.Add(24 * time.Hour)
	}
	if !a.told && !a.never {
		a.told = true
		r.callbacks(d, a)
	}
	return runtime.Answer{Outcome: runtime.Later, Status: 202, Expected: expected}
}

// exchangeTime is how long a registry keeps the line open: what takes longer is
// answered later.
const exchangeTime = 10 * time.Second

// perform decides a request, once.
func (r *registers) perform(d engine.Delivery) *answer {
	f := r.files[d.Case]
	if a := r.known[d.Case][d.Key]; a != nil {
		return a
	}
	if why := r.world.unasked(f, d); why != "" {
		r.breaks("once", f, why)
	}
	plan, ok := r.cfg.Plan.Registries[d.Registry]
	if !ok {
		plan = r.cfg.Plan.Registries["default"]
	}
	at := r.place(d.Key)
	a := &answer{reply: engine.Reply{Request: d.Key, Outcome: engine.ReplyDone}}
	wait := r.dice.span(plan.Answer, "answer", at, 0)
	op, _ := r.set.Operation(d.Registry, d.Operation)
	if d.Step == "" { // the fee: the citizen pays
		wait = r.dice.span(r.cfg.Plan.Citizens.Pay, "pay", at, 0)
		a.never = r.dice.yes(r.cfg.Plan.Citizens.Silent, "pay_never", at, 0)
	}
	if wait <= exchangeTime {
		wait = 0
	}
	a.ready = r.now.Add(wait)
	if codes := sorted(op.Refusals); len(codes) > 0 && d.Step != "" && r.dice.yes(plan.Refuse, "refused", at, 0) {
		a.reply.Outcome, a.reply.Code = engine.ReplyRefused, codes[r.dice.one(len(codes), "refusal", at, 0)]
		a.reply.Detail = op.Refusals[a.reply.Code]
	} else if op.Reply != nil {
		a.reply.Data = r.sampler.of(op.Reply, draws{r.dice, at, r.now}, d.Input)
		if r.cfg.Reply != nil {
			r.cfg.Reply(d.Registry, d.Operation, d.Input, a.reply.Data)
		}
	}
	if r.known[d.Case] == nil {
		r.known[d.Case] = map[string]*answer{}
	}
	r.known[d.Case][d.Key] = a
	r.tally.performed++
	return a
}

// unasked says why a request should never have reached a registry: no committed
// entry asks for it. "" = all is well.
func (w *world) unasked(f *file, d engine.Delivery) string {
	if f == nil {
		return "request " + d.Key + " belongs to no case"
	}
	asked, ok := f.asked[d.Key]
	switch {
	case !ok:
		return "request " + d.Key + " was sent, and no entry asks for it"
	case asked.registry != d.Registry || asked.operation != d.Operation:
		return fmt.Sprintf("request %s was %s/%s and is sent as %s/%s", d.Key, asked.registry, asked.operation, d.Registry, d.Operation)
	}
	return ""
}

// callbacks plans how the later answer comes back.
func (r *registers) callbacks(d engine.Delivery, a *answer) {
	f := &r.cfg.Faults
	at := r.place(d.Key)
	if d.Registry == engine.NotificationRegistry || r.strikes(f.LostCallback, "lost_callback", at) {
		return // it is asked for
	}
	when := a.ready
	if r.strikes(f.LateCallback, "late_callback", at) {
		when = when.Add(r.dice.span(f.Late, "late", at, 0))
	}
	post := func(when time.Time, rep engine.Reply) { r.at(when, func() { r.post(d, rep, 0) }) }
	post(when, a.reply)
	if r.strikes(f.Duplicate, "duplicate", at) {
		post(when.Add(r.dice.span(f.Late, "again", at, 0)), a.reply)
	}
	if r.strikes(f.Contradict, "contradict", at) {
		no := engine.Reply{Request: d.Key, Outcome: engine.ReplyRefused, Code: "contradiction", Detail: engine.Text{VI: "Trái ngược", EN: "the opposite"}}
		if a.reply.Outcome == engine.ReplyRefused {
			no = engine.Reply{Request: d.Key, Outcome: engine.ReplyDone}
		}
		post(when.Add(time.Minute+r.dice.span(f.Late, "against", at, 0)), no)
	}
}

// post delivers a callback; one that is not taken comes again.
func (r *registers) post(d engine.Delivery, rep engine.Reply, try int) {
	w := r.world
	f := w.files[d.Case]
	if f == nil {
		return // over and forgotten
	}
	if a := r.known[d.Case][d.Key]; a != nil && a.gone {
		return
	}
	w.tally.callbacks++
	known := f.answered[d.Key]
	seq := f.c.Seq
	n := w.pick("callback "+w.place(d.Key), try)
	err := n.run.Reply(w.ctx, d.Registry, rep)
	dead := n.wire.dead
	n.settle()
	w.note(act{Who: d.Registry, What: "answers " + d.Operation + " " + rep.Outcome + " " + rep.Code, Case: d.Case, Step: d.Step, Error: code(err)})
	switch c := engine.CodeOf(err); {
	case err == nil:
		if known && f.c.Seq > seq && !f.timersOnly(w, seq) {
			w.breaks("duplicate", f, "a second answer to "+d.Key+" changed the case")
		}
	case dead || c == engine.Unavailable || c == engine.UnknownOutcome:
		if try < 50 {
			w.after(time.Second<<min(try, 10), func() { r.post(d, rep, try+1) })
		}
	case c == engine.Internal || c == engine.CorruptHistory:
		w.breaks("runtime", f, "reply: "+err.Error())
	}
}

// incident lets an operator look at a delivery after a while.
func (w *world) incident(d engine.Delivery) {
	w.tally.incidents++
	at := w.place(d.Key)
	w.after(time.Minute+w.dice.span(w.cfg.Plan.Clerks.Operator, "operator", at, w.tally.incidents), func() { w.operate(d, 0) })
}

// operate is an operator's way out of an incident: the first answer is recorded
// where there is one, everything else is tried again, and after that a message is
// given up.
func (w *world) operate(was engine.Delivery, try int) {
	f := w.files[was.Case]
	if f == nil {
		return
	}
	d, err := w.store.Delivery(w.ctx, was.Key)
	if err != nil || d.Status != engine.DeliveryIncident {
		return
	}
	who := engine.Actor{Kind: engine.Staff, ID: "operator", Name: "Người vận hành", Roles: []string{engine.ByOperator}}
	by := func(note string) runtime.Act { return runtime.Act{Actor: who, Delivery: d.Key, Note: note} }
	n := w.pick("operator "+w.place(d.Key), try)
	what := "retries"
	f.looked[d.Key]++
	switch {
	case d.Reply != nil:
		what = "records the first answer of"
		err = n.run.Record(w.ctx, by("theo công văn của cơ quan"), *d.Reply)
	case d.Registry == engine.NotificationRegistry && f.looked[d.Key] > 1:
		what = "skips"
		err = n.run.Skip(w.ctx, by("không gửi được"))
	case f.looked[d.Key] > 2:
		what = "records a refusal of"
		rep := engine.Reply{Outcome: engine.ReplyRefused}
		if op, ok := w.set.Operation(d.Registry, d.Operation); ok && len(op.Refusals) > 0 {
			rep.Code = sorted(op.Refusals)[0]
		}
		err = n.run.Record(w.ctx, by("trả lời bằng văn bản giấy"), rep)
	default:
		err = n.run.Retry(w.ctx, by(""))
	}
	dead := n.wire.dead
	n.settle()
	w.note(act{Who: "operator", What: what + " " + d.Operation, Case: d.Case, Step: d.Step, Error: code(err)})
	switch c := engine.CodeOf(err); {
	case err == nil:
		w.relayAt(w.now)
	case (dead || c == engine.Unavailable || c == engine.UnknownOutcome) && try < 50:
		f.looked[d.Key]--
		w.after(time.Minute, func() { w.operate(was, try+1) })
	case c == engine.Internal || c == engine.CorruptHistory:
		w.breaks("runtime", f, "operator: "+err.Error())
	}
}

// code is an error's code, "" without one.
func code(err error) string {
	if err == nil {
		return ""
	}
	s := string(engine.CodeOf(err))
	return strings.TrimSpace(s)
}
