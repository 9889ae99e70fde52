package runtime

import (
	"context"
	"fmt"
	"strings"

	"lienthong/engine"
)

// RoleOperator is the role that looks after the exchange with the registries.
const RoleOperator = engine.ByOperator

// What a person does to a delivery is an entry of the case's history, written in
// the commit that changes the delivery: who, what, when and why.

// Act is what a person does to a delivery. Its idempotency key is kept as a
// Request's is: in the commit that does the act.
type Act struct {
	Actor    engine.Actor
	Delivery string // key of the delivery
	Note     string
	Key      string // idempotency key, scoped to the actor; "" = none
	Digest   string // of the request; another digest under the same key is refused
}

func (a *Act) asked() Asked { return Asked{a.Actor, a.Key, a.Digest} }

// by is the delivery's own note of an act.
func (a *Act) by(done string) string {
	s := done + " by " + a.Actor.ID
	if a.Note != "" {
		s += ": " + a.Note
	}
	return s
}

// Retry sends a delivery again at once, an incident too: the way out when the
// registry works again. The registry knows the key, so nothing is done twice. The
// note may be empty.
//
// Retry, Record and Skip do nothing and give no error when the act's idempotency key
// was answered before; IdempotencyMismatch when that was another request's.
//
// Errors: Forbidden, NotFound, WrongState when it is answered or given up.
func (r *Runtime) Retry(ctx context.Context, a Act) error {
	return r.operate(ctx, &a, func(d engine.Delivery) error {
		if d.Reply != nil {
			return settled(&d)
		}
		d.Status, d.Tries, d.Next, d.LastError = engine.DeliveryPending, 0, r.wall(), engine.Trouble{}
		d.Note = a.by("retried")
		if err := r.operated(ctx, &a, engine.OperateRetry, d); err != nil {
			return err
		}
		r.bus.feed.wake()
		return nil
	})
}

// Record enters an answer that came on paper: it counts as the registry's, and
// history says who recorded it. On a delivery that contradicted itself, recording
// the first answer again settles it; the other one is refused, since what rests
// on the first can only be corrected in the procedure.
//
// Errors: Forbidden, NotFound, Invalid, WrongState, Precondition.
func (r *Runtime) Record(ctx context.Context, a Act, rep engine.Reply) error {
	return r.operate(ctx, &a, func(d engine.Delivery) error {
		if err := r.recordable(&d, rep, a.Note); err != nil {
			return err
		}
		rep.Request, rep.By, rep.Note = d.Key, a.Actor.ID, a.Note
		said := a.by("recorded")
		switch {
		case d.Reply != nil: // a contradiction: the first answer stands
			d = r.finished(d, *d.Reply, said)
		case d.Registry != engine.NotificationRegistry:
			entered, no := r.enter(ctx, d, rep, said, a.asked())
			if entered {
				return nil
			}
			// The case does not wait for it: history says all the same who recorded it.
			l, err := r.unawaited(context.WithoutCancel(ctx), d.Key, rep, said, no)
			if err != nil {
				return refusalOf(err)
			}
			d = l.Delivery
		case rep.Outcome == engine.ReplyDone:
			d = r.finished(d, rep, said)
		default:
			d = incident(d, trouble{said: refused(rep)}).Delivery
			d.Note = said
		}
		return r.operated(ctx, &a, engine.OperateRecord, d)
	})
}

// recordable checks an answer before it can do harm.
func (r *Runtime) recordable(d *engine.Delivery, rep engine.Reply, note string) error {
	if d.Reply != nil && contradicted(*d.Reply, rep) {
		e := engine.Fail(engine.Precondition, "Câu trả lời đầu tiên đã được ghi nhận; hãy cải chính trong quy trình.",
			"The first answer stands in the history; correct it in the procedure.")
		e.Case = d.Case
		return e
	}
	var ps []engine.Problem
	if strings.TrimSpace(note) == "" {
		ps = append(ps, problem("/note", "required", "Cần ghi căn cứ", "say where the answer comes from"))
	}
	if !validOutcome(rep.Outcome) {
		ps = append(ps, problem("/outcome", "enum", "Kết quả phải là done hoặc refused", "the outcome is done or refused"))
	}
	op, known := r.defs.Operation(d.Registry, d.Operation)
	if _, declared := op.Refusals[rep.Code]; known && rep.Outcome == engine.ReplyRefused && len(op.Refusals) > 0 && !declared && d.Reply == nil {
		ps = append(ps, problem("/code", "enum", "Mã từ chối không có trong danh mục", "the registry declares no such refusal"))
	}
	if known && rep.Outcome == engine.ReplyDone && op.Reply != nil && d.Reply == nil {
		data := rep.Data
		if data == nil {
			data = map[string]any{}
		}
		for _, p := range op.Reply.Validate(data) {
			p.Pointer = "/data" + p.Pointer
			ps = append(ps, p)
		}
	}
	if len(ps) > 0 {
		return &engine.Error{Code: engine.Invalid, Op: "runtime.record", Case: d.Case, Problems: ps,
			Detail: engine.Text{VI: "Câu trả lời chưa hợp lệ", EN: "the answer is not valid"}}
	}
	return nil
}

func problem(pointer, code, vi, en string) engine.Problem {
	return engine.Problem{Pointer: pointer, Code: code, Detail: engine.Text{VI: vi, EN: en}}
}

// Skip gives a notification up, with a reason. Nothing else can be skipped: a
// dossier whose success changes a register ends only on that registry's answer.
//
// Errors: Forbidden, NotFound, Invalid, WrongState, Precondition.
func (r *Runtime) Skip(ctx context.Context, a Act) error {
	return r.operate(ctx, &a, func(d engine.Delivery) error {
		if d.Registry != engine.NotificationRegistry {
			e := engine.Fail(engine.Precondition, "Chỉ thông báo mới được bỏ qua.", "Only a notification may be skipped.")
			e.Case = d.Case
			return e
		}
		if strings.TrimSpace(a.Note) == "" {
			return &engine.Error{Code: engine.Invalid, Op: "runtime.skip", Case: d.Case,
				Problems: []engine.Problem{problem("/note", "required", "Cần ghi lý do", "say why")}}
		}
		d.Status, d.DoneAt, d.Note = engine.DeliverySkipped, r.wall(), a.by("skipped")
		return r.operated(ctx, &a, engine.OperateSkip, d)
	})
}

// operate lets a person who is entitled to it act on an unfinished delivery, which is
// locked against answers meanwhile. What was answered under the act's key is not done
// again, though the delivery may be finished by now.
func (r *Runtime) operate(ctx context.Context, a *Act, do func(engine.Delivery) error) error {
	if !engine.MayOperate(a.Actor, nil) && !a.Actor.Has(engine.BySupervisor) { // before anything is told about it
		return engine.NoOperator()
	}
	unlock, err := r.keys.lock(ctx, a.Delivery)
	if err != nil {
		return err
	}
	defer unlock()
	if was, err := r.answered(ctx, a.asked()); was != nil || err != nil {
		return err
	}
	d, err := r.store.Delivery(ctx, a.Delivery)
	if err != nil {
		return err
	}
	if err := r.mayOperate(ctx, a.Actor, d); err != nil {
		return err
	}
	if d.Status == engine.DeliveryDone || d.Status == engine.DeliverySkipped {
		return settled(d)
	}
	return do(*d)
}

// operated enters an act in history and the delivery as the act leaves it.
func (r *Runtime) operated(ctx context.Context, a *Act, what string, d engine.Delivery) error {
	in := map[string]any{"key": d.Key, "what": what}
	if a.Note != "" {
		in["note"] = a.Note
	}
	cmd := engine.Command{Action: engine.ActOperate, Case: d.Case, Step: d.Step, Actor: a.Actor, Input: in}
	_, err := r.commit(ctx, decision{cmd: cmd, asked: a.asked(), at: r.Now, settles: func(es []engine.Entry) []engine.Delivery {
		if es[len(es)-1].Command.Action != engine.ActOperate {
			return nil // timers only: the act was refused
		}
		return []engine.Delivery{d}
	}})
	return refusalOf(err)
}

// mayOperate refuses a supervisor of another office than the one that has the dossier.
func (r *Runtime) mayOperate(ctx context.Context, actor engine.Actor, d *engine.Delivery) error {
	if engine.MayOperate(actor, nil) {
		return nil
	}
	c, err := r.store.Load(ctx, d.Case)
	if err == nil && !engine.MayOperate(actor, c.Dossier(d.Step)) {
		err = engine.NoOperator()
	}
	return err
}

// settled refuses what comes after the end.
func settled(d *engine.Delivery) error {
	e := engine.Fail(engine.WrongState, "Yêu cầu này đã được trả lời hoặc đã bỏ qua.", "This request is answered or given up.")
	e.Case, e.Err = d.Case, fmt.Errorf("delivery %s is %s", d.Key, d.Status)
	return e
}
