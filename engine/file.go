package engine

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// Application cuts one case's application out of a form as filled in: itself, or
// with Each the form without the list, and one element of it under its own name.
// NotFound when the list has no such element.
func (s *Service) Application(form map[string]any, index int) (map[string]any, error) {
	if s.Each == nil {
		return form, nil
	}
	list, _ := form[s.Each.List].([]any)
	if index < 0 || index >= len(list) {
		return nil, Fail(NotFound, "Tờ khai không có phần tử này", "the form has no such element")
	}
	app := maps.Clone(form)
	delete(app, s.Each.List)
	app[s.Each.As] = list[index]
	return app, nil
}

// form turns a case's application back into a form, for validation.
func (s *Service) form(app map[string]any) map[string]any {
	if s.Each == nil {
		return app
	}
	f := maps.Clone(app)
	delete(f, s.Each.As)
	f[s.Each.List] = []any{app[s.Each.As]}
	return f
}

// Count is how many cases a form opens.
func (s *Service) Count(form map[string]any) int {
	if s.Each == nil {
		return 1
	}
	list, _ := form[s.Each.List].([]any)
	return len(list)
}

// file opens a case.
func file(defs Definitions, c *Case, cmd Command, facts Facts, now time.Time) (Entry, error) {
	if c != nil || cmd.File == nil {
		return Entry{}, Fail(Invalid, "Hồ sơ đã được nộp", "the case is already filed")
	}
	f := cmd.File
	svc, err := defs.Service(f.Service, f.Version)
	if err != nil {
		return Entry{}, err
	}
	if now.Before(svc.From) || !svc.To.IsZero() && !now.Before(svc.To) {
		return Entry{}, Fail(DefinitionRetired, "Phiên bản thủ tục không còn hiệu lực tại thời điểm nộp", "this version of the service is not in force at the time of filing")
	}
	if err := mayFile(cmd); err != nil {
		return Entry{}, err
	}
	if ps := svc.Form.Check(cmd.Input, now); len(ps) > 0 {
		return Entry{}, &Error{Code: Invalid, Problems: ps, Detail: Text{VI: "Tờ khai chưa hợp lệ", EN: "the application is not valid"}}
	}
	app, err := svc.Application(cmd.Input, f.Index)
	if err != nil {
		return Entry{}, err
	}
	cmd.Case = cmd.Codes.Case
	d := newDecision(defs, svc, nil, cmd, facts, now)
	if err := d.filed(app); err != nil {
		return Entry{}, err
	}
	if err := d.fee(); err != nil {
		return Entry{}, err
	}
	if err := d.settle(); err != nil {
		return Entry{}, err
	}
	return d.entry(), nil
}

// mayFile: a citizen files for themselves; a reception clerk files for the citizen
// who stands at the counter, or whose file came by post (NĐ 61/2018 art. 16).
func mayFile(cmd Command) error {
	a, f := cmd.Actor, cmd.File
	switch {
	case f.Requester.ID == "":
		return Fail(Invalid, "Thiếu người yêu cầu", "the requester is missing")
	case a.Kind == Citizen && a.ID == f.Requester.ID:
		return nil
	case a.Kind == Staff && a.Has(ByReception) && (f.Channel == 1 || f.Channel == 3):
		return nil
	}
	return Fail(Forbidden, "Không được nộp hồ sơ thay người này", "not entitled to file for this person")
}

// filed emits the opening event and checks that every office exists.
func (d *decision) filed(app map[string]any) error {
	f := d.cmd.File
	v := Filed{Service: d.svc.ID, Version: d.svc.Version, Hash: d.svc.Hash, Group: f.Group, Channel: f.Channel,
		Requester: f.Requester, By: d.cmd.Actor, Seed: d.cmd.Codes.Seed, App: app, KeyStep: d.svc.KeyStep}
	if p := d.facts.Prefill; p != nil {
		v.Sources, v.Disputed = sourced(app, p), p.Why
	}
	for _, st := range d.svc.Steps {
		v.Steps = append(v.Steps, Place{st.ID, st.Procedure.ID, d.cmd.Codes.Steps[st.ID]})
	}
	vars := Vars{"application": app, "requester": f.Requester.vars(), "filed_at": d.now, "now": d.now, "steps": map[string]any{}}
	if d.svc.Key != nil {
		k, err := eval(d.svc.Key, vars)
		if err != nil {
			return err
		}
		v.Key = keyText(d.svc.ID, k)
	}
	if err := d.officesExist(vars); err != nil {
		return err
	}
	d.emit(v)
	params := map[string]any{"case": d.c.Code, "subject": d.c.Subject(), "service": textVars(d.svc.Title)}
	d.notify("", f.Requester.ID, NoteFiled, params)
	return nil
}

func keyText(service string, k any) string {
	if k == nil || k == "" {
		return ""
	}
	return service + ":" + fmt.Sprint(k)
}

// sourced keeps, for every value that the register gave and the applicant left as
// it was, where it came from.
func sourced(app map[string]any, p *Prefill) map[string]string {
	out := map[string]string{}
	for _, ptr := range sortedKeys(p.Values) {
		if _, disputed := p.Why[ptr]; disputed {
			continue
		}
		path := strings.Split(strings.TrimPrefix(ptr, "/"), "/")
		if v := At(app, path...); v != nil && fmt.Sprint(v) == fmt.Sprint(p.Values[ptr]) {
			out[ptr] = p.Source[ptr]
		}
	}
	return out
}

// officesExist refuses a filing whose parts could not be sent anywhere, at the
// field that says where. A place known only later is checked when it is known.
func (d *decision) officesExist(vars Vars) error {
	var ps []Problem
	for _, st := range d.svc.Steps {
		v, err := st.At.Eval(vars)
		unit, ok := v.(string)
		if err != nil || !ok || unit == "" || d.unasked(st, vars) {
			continue
		}
		if _, ok := d.defs.Office(st.Procedure.Agency, unit, d.now); !ok {
			e := noOffice(st.Procedure.Agency, unit)
			ps = append(ps, Problem{Pointer: pointerOf(st.At.Source()), Code: "no_office", Detail: e.Detail})
		}
	}
	if len(ps) > 0 {
		return &Error{Code: Invalid, Problems: ps, Detail: Text{VI: "Tờ khai chưa hợp lệ", EN: "the application is not valid"}}
	}
	return nil
}

// unasked tells whether the application alone says that a step will not run.
func (d *decision) unasked(st *Step, vars Vars) bool {
	if st.If == nil {
		return false
	}
	v, err := st.If.Eval(vars)
	return err == nil && v == false
}

// pointerOf is the field that an expression like application.?home.?commune reads
// first; "" when it is more than a path.
func pointerOf(src string) string {
	path, _, _ := strings.Cut(strings.ReplaceAll(src, "?", ""), ".orValue(")
	path, ok := strings.CutPrefix(path, "application.")
	if !ok || strings.ContainsAny(path, " ()[]'\":,+|&=<>") {
		return ""
	}
	return "/" + strings.ReplaceAll(path, ".", "/")
}

// fee asks for the money due at filing; nothing opens until it is paid.
func (d *decision) fee() error {
	f := d.svc.Fee
	if f == nil {
		return nil
	}
	v, err := eval(f.Amount, d.serviceVars())
	if err != nil {
		return err
	}
	amount, ok := v.(int64)
	if !ok || amount < 0 {
		return &Error{Code: Internal, Op: "fee " + f.Amount.Source(), Err: fmt.Errorf("want đồng, got %v", v)}
	}
	if amount == 0 {
		return nil
	}
	d.emit(FeeAsked{Amount: amount})
	d.emit(Requested{ev{}, d.key(), FeeRegistry, "collect", map[string]any{
		"payer":  map[string]any{"id": d.c.Requester.ID, "name": d.c.Requester.Name},
		"amount": amount, "purpose": f.Purpose.VI, "reference": d.c.Code}})
	if f.Within != nil {
		l, err := d.within(f.Within.Within, f.Within.Param)
		if err != nil {
			return err
		}
		d.emit(TimersSet{ev{}, []TimerDue{{ID: "case/fee", Kind: TimerFee, At: d.cal.After(d.now, l)}}})
	}
	d.notify("", d.c.Requester.ID, NoteFee, map[string]any{"case": d.c.Code, "amount": amount, "until": formatTime(d.c.NextTimer())})
	return nil
}

// FeeRegistry is the registry that collects fees.
const FeeRegistry = "treasury"

func (d *decision) feeReply(rep *Reply) error {
	f := d.c.Fee
	if f == nil || f.Status != FeeWaiting || f.Request != rep.Request {
		return nil
	}
	d.byHand(rep)
	if rep.Outcome != ReplyDone {
		d.expireFee()
		return nil
	}
	d.emit(FeeSettled{ev{}, FeePaid, Str(rep.Data, "receipt"), d.now, rep.By})
	d.putTimers("", d.c.Timers, slices.DeleteFunc(slices.Clone(d.c.Timers), func(t TimerDue) bool { return t.Kind == TimerFee }))
	d.notify("", d.c.Requester.ID, NotePaid, map[string]any{"case": d.c.Code, "amount": f.Amount, "receipt": Str(rep.Data, "receipt")})
	return nil
}

// expireFee ends a case whose fee was not paid.
func (d *decision) expireFee() {
	d.emit(FeeSettled{ev{}, FeeCancelled, "", d.now, ""})
	for _, dos := range d.c.Dossiers {
		if dos.Status == StatusWaiting {
			d.emit(StepClosed{ev{dos.Step}, ClosedExpired, nil})
		}
	}
}
