package engine

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"time"

	"lienthong/engine/calendar"
)

// act is a procedure's own action, taken by a person.
func (d *decision) act(dos *Dossier) error {
	p := d.procedure(dos)
	a := p.Action(d.cmd.Action)
	if a == nil || !slices.Contains(a.From, dos.State) || !a.forPeople() {
		return d.noAction(dos)
	}
	if err := d.permit(dos, a); err != nil {
		return err
	}
	if a.Party != nil {
		return d.partyAnswer(dos, a)
	}
	if d.cmd.IfMatch == nil {
		return Fail(VersionRequired, "Thiếu phiên bản hồ sơ (If-Match)", "the dossier's version is required (If-Match)")
	}
	if a.Input != nil && a.Input.ID == FormSupplementAnswer {
		e := d.noAction(dos) // answered item by item through the case
		return e
	}
	if err := d.inTime(dos, a); err != nil {
		return err
	}
	if err := checkInput(a.Input, d.cmd.Input, d.now); err != nil {
		return err
	}
	return d.take(dos, a, d.cmd.Input)
}

// checkInput validates an input against its form; without a form none is taken.
func checkInput(f *Form, in map[string]any, now time.Time) error {
	if in == nil {
		in = map[string]any{}
	}
	if f == nil {
		for _, k := range sortedKeys(in) {
			return &Error{Code: Invalid, Problems: []Problem{{Pointer: "/" + k, Code: "unknown_field",
				Detail: Text{VI: "Thao tác này không nhận trường này", EN: "this action takes no such field"}}}}
		}
		return nil
	}
	if ps := f.Check(in, now); len(ps) > 0 {
		return &Error{Code: Invalid, Problems: ps, Detail: Text{VI: "Dữ liệu chưa hợp lệ", EN: "the input is not valid"}}
	}
	return nil
}

// inTime refuses an action whose own limit has passed.
func (d *decision) inTime(dos *Dossier, a *Action) error {
	if a.Limit == nil {
		return nil
	}
	l, err := d.within(a.Limit.Within, a.Limit.Param)
	if err != nil {
		return err
	}
	if due := d.cal.Due(dos.Entered, l); d.now.After(due) {
		at := due.Format("15:04 02/01/2006")
		return Fail(DeadlinePassed, "Đã quá hạn cho thao tác này: "+at, "the time limit for this action has passed: "+at)
	}
	return nil
}

// within resolves a duration that a parameter may give.
func (d *decision) within(l calendar.Limit, param string) (calendar.Limit, error) {
	if param == "" {
		return l, nil
	}
	v, err := d.defs.Parameter(param, d.c.Filed, d.now)
	if err != nil {
		return l, err
	}
	s, _ := v.(string)
	return calendar.ParseLimit(s)
}

// take performs a transition: record, compute, choose, check the guard, move.
func (d *decision) take(dos *Dossier, a *Action, record map[string]any) error {
	record = maps.Clone(orEmpty(record))
	record["by"], record["at"] = d.cmd.Actor.ID, d.now.Format(time.RFC3339Nano)
	if d.cmd.Comment != "" && d.cmd.Step == dos.Step && record["comment"] == nil {
		record["comment"] = d.cmd.Comment
	}
	if a.Review != "" {
		if err := d.beginReview(dos, a); err != nil {
			return err
		}
	}
	d.emit(Recorded{ev{dos.Step}, a.ID, record})
	for _, b := range a.Set {
		v, err := eval(b.Value, d.vars(dos))
		if err != nil {
			return err
		}
		d.emit(ValueSet{ev{dos.Step}, b.Name, v})
	}
	if len(a.Set) > 0 && len(dos.Renewed) > 0 { // computed anew
		d.emit(WithChanged{ev{dos.Step}, dos.With, dos.Uses, nil})
	}
	to, err := d.target(dos, a)
	if err != nil {
		return err
	}
	p := d.procedure(dos)
	next, err := p.Machine.Fire(dos.State, a.ID, to, func() error { return d.guard(dos, a) })
	if err != nil {
		return err
	}
	if a.Review != "" {
		d.decideReview(dos, a.Review)
	}
	if asksItems(a) {
		if err := d.ask(dos, record, next); err != nil {
			return err
		}
	}
	if next != dos.State {
		if err := d.enter(dos, a.ID, next); err != nil {
			return err
		}
	}
	if a.Returns != "" {
		return d.returnUpstream(dos, a)
	}
	return nil
}

func (d *decision) target(dos *Dossier, a *Action) (string, error) {
	if len(a.To) == 0 {
		return dos.State, nil
	}
	for _, t := range a.To {
		if t.If == nil {
			return t.State, nil
		}
		ok, err := evalBool(t.If, d.vars(dos))
		if err != nil {
			return "", err
		}
		if ok {
			return t.State, nil
		}
	}
	return "", d.noAction(dos)
}

func (d *decision) guard(dos *Dossier, a *Action) error {
	if a.If == nil {
		return nil
	}
	ok, err := evalBool(a.If, d.vars(dos))
	if err != nil || ok {
		return err
	}
	why := a.Why
	if why.IsZero() {
		why = Text{VI: "Điều kiện của quy trình không thoả: " + a.If.Source(), EN: "a condition of the procedure does not hold: " + a.If.Source()}
	}
	return &Error{Code: Precondition, Case: d.c.Code, Detail: why}
}

// enter moves a dossier into a state with everything that this starts: office,
// clock, timers, request, parties, result, messages.
func (d *decision) enter(dos *Dossier, action, to string) error {
	p := d.procedure(dos)
	st := p.State(to)
	office, err := d.officeOf(dos, st)
	if err != nil {
		return err
	}
	was := dos.Portal
	final := dos.Final
	if d.c.itemsPending(dos.Step) && !asksItems(p.Action(action)) {
		d.emit(ItemsClosed{ev{dos.Step}})
	}
	portal := st.Portal
	if portal == 2 && was == 4 { // sent back inside the office: the portal knows no way from "processing" to "received"
		portal = was
	}
	d.emit(Moved{ev{dos.Step}, action, dos.State, to, portal, office, st.Final, awaits(p, st)})
	if err := d.setClock(dos, p, st); err != nil {
		return err
	}
	if err := d.setTimers(dos); err != nil {
		return err
	}
	if st.Request != nil {
		if err := d.request(dos, st.Request); err != nil {
			return err
		}
	}
	if err := d.askParties(dos, p, st); err != nil {
		return err
	}
	if st.Final != FinalNone {
		if err := d.finish(dos, st, final); err != nil {
			return err
		}
	}
	d.tellMove(dos, st, was, final != FinalNone)
	return nil
}

// asksItems tells whether an action asks the applicant for items.
func asksItems(a *Action) bool {
	return a != nil && a.Input != nil && a.Input.ID == FormSupplementRequest
}

// awaits tells whether the applicant must act for the dossier to go on: there is
// an action of theirs other than withdrawing or answering a supplement.
func awaits(p *Procedure, st *State) bool {
	if st.Final != FinalNone {
		return false
	}
	for _, a := range p.Actions {
		if slices.Contains(a.From, st.ID) && slices.Contains(a.By, ByApplicant) && !withdraws(p, a) &&
			(a.Input == nil || a.Input.ID != FormSupplementAnswer) {
			return true
		}
	}
	return false
}

// withdraws tells whether an action is the applicant's withdrawal: every target
// is a withdrawn end.
func withdraws(p *Procedure, a *Action) bool {
	if len(a.To) == 0 || !slices.Contains(a.By, ByApplicant) {
		return false
	}
	for _, t := range a.To {
		if p.State(t.State).Final != FinalWithdrawn {
			return false
		}
	}
	return true
}

// officeOf finds where a state is handled.
func (d *decision) officeOf(dos *Dossier, st *State) (string, error) {
	if st.Agency == "" && st.At == nil {
		return dos.Home, nil
	}
	agency, unit := st.Agency, dos.Unit
	if agency == "" {
		agency = d.procedure(dos).Agency
	}
	if st.At != nil {
		v, err := eval(st.At, d.vars(dos))
		if err != nil {
			return "", err
		}
		unit, _ = v.(string)
	}
	o, ok := d.defs.Office(agency, unit, d.now)
	if !ok {
		return "", noOffice(agency, unit)
	}
	return o.ID, nil
}

func noOffice(agency, unit string) *Error {
	return Fail(Precondition,
		fmt.Sprintf("Không có cơ quan %s phục vụ địa bàn %q", agency, unit),
		fmt.Sprintf("no office of kind %s serves unit %q", agency, unit))
}

// setClock enters the state's clock mode and sets the state's own due time.
func (d *decision) setClock(dos *Dossier, p *Procedure, st *State) error {
	k := dos.Clock
	if p.Limit != nil && !k.HasStarted() {
		l, err := d.within(p.Limit.Within, p.Limit.Param)
		if err != nil {
			return err
		}
		k.Limit = l
	}
	next := d.cal.Enter(k, d.now, st.Clock)
	if !next.HasStarted() {
		next = calendar.Clock{}
	}
	if !next.Equal(dos.Clock) {
		d.emit(ClockChanged{ev{dos.Step}, string(st.Clock), next})
	}
	if st.Limit != nil {
		l, err := d.within(st.Limit.Within, st.Limit.Param)
		if err != nil {
			return err
		}
		d.emit(StateDueSet{ev{dos.Step}, d.cal.Due(d.now, l)})
	}
	return nil
}

// setTimers gives the dossier the timers of its state and its warning.
func (d *decision) setTimers(dos *Dossier) error {
	p := d.procedure(dos)
	st := p.State(dos.State)
	var ts []TimerDue
	for i, a := range st.After {
		t, err := d.afterTimer(dos, a, i)
		if err != nil {
			return err
		}
		if t.At.After(d.now) || slices.ContainsFunc(dos.Timers, func(x TimerDue) bool { return x.ID == t.ID }) { // else it was spent
			ts = append(ts, t)
		}
	}
	d.putTimers(dos.Step, dos.Timers, append(ts, d.warnings(dos, p, st)...))
	return nil
}

// afterTimer is the i-th timer of the state that the dossier is in.
func (d *decision) afterTimer(dos *Dossier, a After, i int) (TimerDue, error) {
	l, err := d.within(a.Within, a.Param)
	return TimerDue{ID: dos.Step + "/" + dos.State + "/" + strconv.Itoa(i), Kind: TimerAfter, Action: a.Action, At: d.cal.After(dos.Entered, l)}, err
}

// warnings come before the due time of the clock and before that of a limit on the
// state, once for each.
func (d *decision) warnings(dos *Dossier, p *Procedure, st *State) (ts []TimerDue) {
	add := func(id string, due, warned time.Time, limits ...*Limit) {
		for _, l := range limits {
			if l != nil && l.Warn != nil {
				if !due.IsZero() && !warned.Equal(due) {
					ts = append(ts, TimerDue{ID: dos.Step + id, Kind: TimerWarn, At: d.warnAt(due, *l.Warn)})
				}
				return
			}
		}
	}
	if dos.Clock.Running() {
		add("/warn", dos.Clock.Due, dos.Warned, p.Limit)
		if !dos.StateDue.Equal(dos.Clock.Due) {
			add(stateWarning, dos.StateDue, dos.StateWarned, st.Limit, p.Limit)
		}
	}
	return ts
}

// stateWarning ends the id of a warning of a state's own due time.
const stateWarning = "/warn_state"

// warnAt is when a warning fires; one already past fires at once.
func (d *decision) warnAt(due time.Time, warn calendar.Limit) time.Time {
	at := d.cal.Before(due, warn)
	if at.Before(d.now) {
		at = d.now
	}
	return at
}

func (d *decision) putTimers(step string, old, ts []TimerDue) {
	same := slices.EqualFunc(old, ts, func(a, b TimerDue) bool {
		return a.ID == b.ID && a.Action == b.Action && a.Kind == b.Kind && a.At.Equal(b.At)
	})
	if !same {
		d.emit(TimersSet{ev{step}, ts})
	}
}

func (d *decision) request(dos *Dossier, r *RequestSpec) error {
	in := map[string]any{}
	if r.Input != nil {
		v, err := eval(r.Input, d.vars(dos))
		if err != nil {
			return err
		}
		m, ok := v.(map[string]any)
		if !ok {
			return &Error{Code: Internal, Op: "request " + r.Operation, Err: fmt.Errorf("input is %T, not an object", v)}
		}
		in = m
	}
	d.emit(Requested{ev{dos.Step}, d.key(), r.Registry, r.Operation, in})
	return nil
}

// reply is a registry's answer. One that no request awaits changes nothing.
func (d *decision) reply() error {
	rep := d.facts.Reply
	if rep == nil || d.cmd.Actor.Kind != Registry {
		return Fail(Forbidden, "Chỉ cơ sở dữ liệu được trả lời", "only a registry may reply")
	}
	if d.cmd.Step == "" {
		return d.feeReply(rep)
	}
	dos := d.c.Dossier(d.cmd.Step)
	if dos == nil || dos.Request == nil || dos.Request.Key != rep.Request {
		return nil
	}
	p := d.procedure(dos)
	st := p.State(dos.State)
	if st == nil || st.Request == nil {
		return nil
	}
	record := maps.Clone(rep.Data)
	if record == nil {
		record = map[string]any{}
	}
	id := st.Request.Replies["ok"]
	if rep.Outcome != ReplyDone {
		if id = st.Request.Replies[rep.Code]; id == "" {
			id = st.Request.Replies["refused"]
		}
		record["code"], record["detail"] = rep.Code, textVars(rep.Detail)
	} else if err := d.checkReply(dos, record); err != nil {
		return err
	}
	a := p.Action(id)
	if a == nil {
		return &Error{Code: Internal, Op: "reply", Case: d.c.Code, Err: fmt.Errorf("state %s has no action for outcome %s %s", dos.State, rep.Outcome, rep.Code)}
	}
	d.byHand(rep)
	d.emit(Replied{ev{dos.Step}, rep.Request, rep.Outcome, rep.Code, rep.By})
	return d.take(dos, a, record)
}

// checkReply refuses a body that its operation does not declare.
func (d *decision) checkReply(dos *Dossier, data map[string]any) error {
	op, ok := d.defs.Operation(dos.Request.Registry, dos.Request.Operation)
	if !ok || op.Reply == nil {
		return nil
	}
	if ps := op.Reply.Validate(data); len(ps) > 0 {
		return &Error{Code: Invalid, Op: "reply", Case: d.c.Code, Problems: ps,
			Detail: Text{VI: "Trả lời của cơ sở dữ liệu không đúng cấu trúc", EN: "the registry's reply does not follow its schema"}}
	}
	return nil
}

// finish issues what a final state gives and tells those who used an earlier
// version of it. was is how the dossier had ended before, if it had.
func (d *decision) finish(dos *Dossier, st *State, was FinalKind) error {
	if st.Final == FinalAnnulled || was == FinalSuccess && st.Final != FinalSuccess {
		return d.fall(dos, st)
	}
	if st.Final == FinalSuccess {
		d.reviewBasis(dos)
	}
	if st.Result == nil {
		return nil
	}
	data, err := d.resultData(dos, st)
	if err != nil {
		return err
	}
	if dos.Result != nil && was != FinalNone && reflect.DeepEqual(dos.Result.Data, data) {
		return d.propagate(dos, dos.Result.Version)
	}
	d.issue(dos, st, data)
	if v := dos.Result.Version; v > 1 {
		d.notifyRequester(dos, NoteCorrected, map[string]any{"version": int64(v)})
		return d.propagate(dos, v)
	}
	return nil
}

// fall takes back what stood: it was annulled, or looking again ended in a refusal.
func (d *decision) fall(dos *Dossier, st *State) error {
	for r := dos.OpenReview(); r != nil; r = dos.OpenReview() {
		d.emit(ReviewDecided{ev{dos.Step}, r.ID, ReviewAnnul, d.cmd.Actor.ID, d.now}) // nothing is left to review
	}
	stood := dos.Result != nil
	if stood {
		d.emit(ResultRevoked{ev{dos.Step}})
	}
	if st.Final != FinalAnnulled && st.Result != nil {
		data, err := d.resultData(dos, st)
		if err != nil {
			return err
		}
		d.issue(dos, st, data)
	}
	if !stood {
		return nil
	}
	return d.propagate(dos, 0)
}

func (d *decision) resultData(dos *Dossier, st *State) (map[string]any, error) {
	data := map[string]any{}
	for _, b := range st.Result.Data {
		v, err := eval(b.Value, d.vars(dos))
		if err != nil {
			return nil, err
		}
		data[b.Name] = v
	}
	return data, nil
}

// issue gives a result its next version; an electronic one is delivered at once.
func (d *decision) issue(dos *Dossier, st *State, data map[string]any) {
	version := 1
	if dos.Result != nil {
		version = dos.Result.Version + 1
	}
	r := Result{ID: ResultID(d.c.Seed, dos.Code, version), Version: version, Document: st.Result.Document,
		Code: st.Result.Code, Paper: st.Result.Paper, Issued: d.now, Data: data}
	d.emit(ResultIssued{ev{dos.Step}, r})
	if !r.Paper {
		d.emit(Delivered{ev{dos.Step}, d.now, d.c.Requester.ID})
	}
}
