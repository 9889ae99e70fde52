package runtime

import (
	"context"
	"fmt"
	"strings"
	"time"

	"lienthong/engine"
)

// RoleOperator is the role that looks after the exchange with the registries.
const RoleOperator = engine.ByOperator

// What a person does to a delivery is an entry of the case's history, written in
// the commit that changes the delivery: who, what, when and why.

// Retry sends a delivery again at once, an incident too: the way out when the
// registry works again. The registry knows the key, so nothing is done twice. The
// note may be empty.
//
// Errors: Forbidden, NotFound, WrongState when it is answered or given up.
func (r *Runtime) Retry(ctx context.Context, actor engine.Actor, key, note string) error {
	d, unlock, err := r.operate(ctx, actor, key)
	if err != nil {
		return err
	}
	defer unlock()
	if d.Reply != nil {
		return settled(d)
	}
	d.Status, d.Tries, d.Next, d.LastError = engine.DeliveryPending, 0, r.wall(), ""
	d.Note = by("retried", actor, note)
	if err := r.operated(ctx, actor, engine.OperateRetry, note, *d); err != nil {
		return err
	}
	r.bus.feed.wake()
	return nil
}

// by is the delivery's own note of an act.
func by(done string, actor engine.Actor, note string) string {
	s := done + " by " + actor.ID
	if note != "" {
		s += ": " + note
	}
	return s
}

// operated enters an act in history and the delivery as the act leaves it.
func (r *Runtime) operated(ctx context.Context, actor engine.Actor, what, note string, d engine.Delivery) error {
	in := map[string]any{"key": d.Key, "what": what}
	if note != "" {
		in["note"] = note
	}
	cmd := engine.Command{Action: engine.ActOperate, Case: d.Case, Step: d.Step, Actor: actor, Input: in}
	_, err := r.commit(ctx, decision{cmd: cmd, at: r.Now, settles: func(es []engine.Entry) []engine.Delivery {
		if es[len(es)-1].Command.Action != engine.ActOperate {
			return nil // timers only: the act was refused
		}
		return []engine.Delivery{d}
	}})
	return refusalOf(err)
}

// Record enters an answer that came on paper: it counts as the registry's, and
// history says who recorded it. On a delivery that contradicted itself, recording
// the first answer again settles it; the other one is refused, since what rests
// on the first can only be corrected in the procedure.
//
// Errors: Forbidden, NotFound, Invalid, WrongState, Precondition.
func (r *Runtime) Record(ctx context.Context, actor engine.Actor, key string, rep engine.Reply, note string) error {
	d, unlock, err := r.operate(ctx, actor, key)
	if err != nil {
		return err
	}
	defer unlock()
	if err := r.recordable(d, rep, note); err != nil {
		return err
	}
	rep.Request, rep.By, rep.Note = key, actor.ID, note
	said := by("recorded", actor, note)
	record := func(d engine.Delivery) error { return r.operated(ctx, actor, engine.OperateRecord, note, d) }
	switch {
	case d.Reply != nil: // a contradiction: the first answer stands
		return record(r.finished(*d, *d.Reply, said))
	case d.Registry == engine.NotificationRegistry:
		if rep.Outcome == engine.ReplyDone {
			return record(r.finished(*d, rep, said))
		}
		d.Status, d.LastError, d.Next, d.Note = engine.DeliveryIncident, "refused: "+rep.Code+" "+rep.Detail.EN, time.Time{}, said
		return record(*d)
	}
	entered, err := r.enter(ctx, *d, rep, said)
	if err != nil || entered {
		return refusalOf(err)
	}
	// The case does not wait for it: history says all the same who recorded it.
	if d, err = r.store.Delivery(ctx, key); err != nil {
		return err
	}
	return record(*d)
}

// recordable checks an answer before it can do harm.
func (r *Runtime) recordable(d *engine.Delivery, rep engine.Reply, note string) error {
	if d.Reply != nil && d.Reply.Outcome != rep.Outcome {
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
func (r *Runtime) Skip(ctx context.Context, actor engine.Actor, key, note string) error {
	d, unlock, err := r.operate(ctx, actor, key)
	if err != nil {
		return err
	}
	defer unlock()
	if d.Registry != engine.NotificationRegistry {
		e := engine.Fail(engine.Precondition, "Chỉ thông báo mới được bỏ qua.", "Only a notification may be skipped.")
		e.Case = d.Case
		return e
	}
	if strings.TrimSpace(note) == "" {
		return &engine.Error{Code: engine.Invalid, Op: "runtime.skip", Case: d.Case,
			Problems: []engine.Problem{problem("/note", "required", "Cần ghi lý do", "say why")}}
	}
	d.Status, d.DoneAt, d.Note = engine.DeliverySkipped, r.wall(), by("skipped", actor, note)
	return r.operated(ctx, actor, engine.OperateSkip, note, *d)
}

// operate fetches an unfinished delivery for a person entitled to it, and locks
// it against answers until unlock.
func (r *Runtime) operate(ctx context.Context, actor engine.Actor, key string) (*engine.Delivery, func(), error) {
	if !engine.MayOperate(actor, nil) && !actor.Has(engine.BySupervisor) { // before anything is told about it
		return nil, nil, engine.NoOperator()
	}
	unlock := r.keys.lock(key)
	d, err := r.store.Delivery(ctx, key)
	if err == nil {
		err = r.mayOperate(ctx, actor, d)
	}
	if err == nil && (d.Status == engine.DeliveryDone || d.Status == engine.DeliverySkipped) {
		err = settled(d)
	}
	if err != nil {
		unlock()
		return nil, nil, err
	}
	return d, unlock, nil
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
