package engine

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"lienthong/engine/calendar"
)

// maxTimers bounds the timers fired by one decision: a definition whose timers
// chase each other is a defect, not an endless loop.
const maxTimers = 1000

// Decide decides one command on a case (nil for filing) at an instant.
//
// It first fires the case's own timers that are due, each as an entry of its own.
// Their entries are returned even when the command is refused. A command that
// changes nothing (a late or repeated reply, a tick) gives no entry of its own.
//
// Errors are *Error: Invalid with pointers into the input, Forbidden, WrongState
// with the legal actions, Precondition with the guard's words, StaleVersion,
// VersionRequired, DeadlinePassed, NotFound, DefinitionRetired, Internal.
func Decide(defs Definitions, c *Case, cmd Command, facts Facts, now time.Time) ([]Entry, error) {
	now = notBefore(c, now).In(calendar.Zone).Truncate(time.Microsecond)
	var out []Entry
	loaded := c
	for range maxTimers {
		t, ok := nextDue(c, now)
		if !ok {
			break
		}
		e, err := fire(defs, c, t)
		if err != nil {
			return out, err
		}
		out = append(out, e)
		c = Fold(c, e)
	}
	if cmd.Action == ActTick {
		return out, nil
	}
	if err := matches(loaded, c, cmd); err != nil {
		return out, err
	}
	e, err := one(defs, c, cmd, facts, now)
	if err != nil || len(e.Events) == 0 {
		return out, err
	}
	return append(out, e), nil
}

// notBefore keeps history in order when the wall clock steps back.
func notBefore(c *Case, now time.Time) time.Time {
	if c != nil && now.Before(c.Updated) {
		return c.Updated
	}
	return now
}

// matches checks If-Match against the version that was loaded, and that no timer
// moved the dossier in the meantime.
func matches(loaded, c *Case, cmd Command) error {
	if loaded == nil || c == nil || cmd.IfMatch == nil {
		return nil
	}
	if cmd.Step == "" {
		if *cmd.IfMatch != loaded.Rev {
			return stale(c)
		}
		return nil
	}
	was, is := loaded.Dossier(cmd.Step), c.Dossier(cmd.Step)
	if was == nil {
		return nil // refused later: no such step
	}
	if *cmd.IfMatch != was.Rev {
		return stale(c)
	}
	if was.State != is.State {
		e := Fail(WrongState, "Thời hạn đã chuyển hồ sơ sang trạng thái khác", "a deadline has moved the dossier to another state")
		e.Case = c.Code
		return e
	}
	return nil
}

func stale(c *Case) error {
	e := Fail(StaleVersion, "Hồ sơ đã được người khác cập nhật", "somebody else has changed this in the meantime")
	e.Case = c.Code
	return e
}

// decision is one entry in the making. Events are applied to the working copy as
// they are emitted, so that later rules see them.
type decision struct {
	defs   Definitions
	svc    *Service
	c      *Case // hand's
	hand   *hand
	cmd    Command
	facts  Facts
	now    time.Time
	seq    int64
	cal    *calendar.Calendar
	events Events
	spare  *decision // see throwAway
	trial  bool      // thrown away: why a command is refused matters, not what else is open
	seen   seen
}

func newDecision(defs Definitions, svc *Service, c *Case, cmd Command, facts Facts, now time.Time) *decision {
	d := looking(defs, svc, c, cmd, facts, now)
	d.hand.take()
	return d
}

// looking is a decision for those who hold no dossier across an event.
func looking(defs Definitions, svc *Service, c *Case, cmd Command, facts Facts, now time.Time) *decision {
	now = notBefore(c, now)
	d := &decision{defs: defs, svc: svc, cmd: cmd, facts: facts, now: now, cal: defs.Calendar(now)}
	if c == nil {
		d.hand, d.seq = newHand(nil, cmd.Codes.Case), 1
	} else {
		d.hand, d.seq = newHand(c, ""), c.Seq+1
	}
	d.c = d.hand.Case
	return d
}

func (d *decision) emit(v Event) {
	d.events = append(d.events, v)
	d.hand.apply(v, d.now)
}

// key names the n-th event of this entry for the outside.
func (d *decision) key() string {
	return d.c.Code + "/" + strconv.FormatInt(d.seq, 10) + "/" + strconv.Itoa(len(d.events))
}

func (d *decision) entry() Entry {
	return Entry{
		Case: d.c.Code, Seq: d.seq, At: d.now, Command: d.cmd, Facts: d.facts, Events: d.events,
		Versions: Versions{Engine: EngineVersion, Definition: d.svc.Hash, Parameters: d.defs.ParametersVersion(d.now), Calendar: d.cal.ID},
	}
}

// one decides the command itself.
func one(defs Definitions, c *Case, cmd Command, facts Facts, now time.Time) (Entry, error) {
	if cmd.Action == ActFile {
		return file(defs, c, cmd, facts, now)
	}
	if c == nil {
		return Entry{}, Fail(NotFound, "Không có hồ sơ này", "there is no such case")
	}
	svc, err := defs.Service(c.Service, c.Version)
	if err != nil {
		return Entry{}, err
	}
	d := newDecision(defs, svc, c, cmd, facts, now)
	d.succeed()
	moved := len(d.events)
	if err := d.dispatch(); err != nil {
		if e, ok := err.(*Error); ok && e.Case == "" {
			own := *e // some are said to everybody
			own.Case = c.Code
			err = &own
		}
		return Entry{}, err
	}
	if len(d.events) == moved {
		return Entry{}, nil
	}
	if err := d.settle(); err != nil {
		return Entry{}, err
	}
	if cmd.Action == ActRefile && d.c.Dossier(cmd.Step).Status == StatusClosed {
		return Entry{}, &Error{Code: Invalid, Case: c.Code, Problems: []Problem{{Pointer: "/application", Code: "not_asked_for",
			Detail: Text{VI: "Tờ khai không yêu cầu phần này", EN: "the application does not ask for this part"}}}}
	}
	return d.entry(), nil
}

func (d *decision) dispatch() error {
	if d.cmd.Action == ActReply {
		return d.reply()
	}
	if d.cmd.Action == ActOperate {
		return d.operate()
	}
	if d.cmd.Step == "" {
		switch d.cmd.Action {
		case ActWithdraw:
			return d.withdraw()
		case ActAnswer:
			return d.answerItems()
		case ActApologise:
			return d.apologiseCase()
		case ActMigrate:
			return d.migrate()
		case ActRevert:
			return d.revert()
		}
		return d.noAction(nil)
	}
	dos := d.c.Dossier(d.cmd.Step)
	if dos == nil {
		return Fail(NotFound, "Hồ sơ không có phần này", "the case has no such part")
	}
	if d.cmd.Action == ActRefile {
		return d.refile(dos)
	}
	if dos.Status != StatusOpen && dos.Status != StatusEnded {
		return d.noAction(dos)
	}
	switch d.cmd.Action {
	case ActApologise:
		return d.apologise(dos)
	case ActClaim, ActRelease, ActAssign:
		return d.assign(dos)
	case ActTransfer:
		return d.transfer(dos)
	case ActHandOver:
		return d.handOver(dos)
	}
	return d.act(dos)
}

// noAction is the refusal of an action that is not open, with those that are.
func (d *decision) noAction(dos *Dossier) error {
	if d.trial {
		return notOpen
	}
	e := *notOpen
	e.Case, e.Legal = d.c.Code, d.legal(dos)
	return &e
}

var notOpen = Fail(WrongState, "Thao tác này không thực hiện được ở trạng thái hiện tại", "this action is not open in the present state")

// legal lists the actions of people that the dossier's state has.
func (d *decision) legal(dos *Dossier) []string {
	if dos == nil || dos.State == "" {
		return nil
	}
	return d.procedure(dos).PeopleActions(dos.State)
}

// PeopleActions lists the actions of people that a state has, sorted.
func (p *Procedure) PeopleActions(state string) []string {
	var out []string
	for _, id := range p.Machine.Legal(state) {
		if a := p.Action(id); a != nil && a.forPeople() {
			out = append(out, id)
		}
	}
	return out
}

func (a *Action) forPeople() bool {
	return a.Party != nil || slices.ContainsFunc(a.By, func(r string) bool {
		switch r {
		case ByTimer, ByRegistry, ByUpstream, ByDownstream:
			return false
		}
		return true
	})
}

func (d *decision) procedure(dos *Dossier) *Procedure {
	return d.svc.Step(dos.Step).Procedure
}

// nextDue returns the earliest timer at or before now, by (due, id).
func nextDue(c *Case, now time.Time) (stepTimer, bool) {
	var best stepTimer
	if c == nil {
		return best, false
	}
	see := func(step string, ts []TimerDue) {
		for _, t := range ts {
			if t.At.After(now) {
				continue
			}
			if best.ID == "" || t.At.Before(best.At) || t.At.Equal(best.At) && t.ID < best.ID {
				best = stepTimer{t, step}
			}
		}
	}
	see("", c.Timers)
	for _, d := range c.Dossiers {
		see(d.Step, d.Timers)
	}
	return best, best.ID != ""
}

type stepTimer struct {
	TimerDue
	step string
}

// fire decides one timer, dated at its due time.
func fire(defs Definitions, c *Case, t stepTimer) (Entry, error) {
	svc, err := defs.Service(c.Service, c.Version)
	if err != nil {
		return Entry{}, err
	}
	action := t.Action
	if action == "" {
		action = t.Kind
	}
	cmd := Command{Action: action, Case: c.Code, Step: t.step, Actor: Actor{Kind: Timer, ID: t.ID}}
	d := newDecision(defs, svc, c, cmd, Facts{}, t.At)
	if err := d.ring(t); err != nil {
		// The definition gives the timer, or what follows from it, nowhere to go: it is
		// spent, and the case says so. It must not hold up everything else for ever.
		d = newDecision(defs, svc, c, cmd, Facts{}, t.At)
		d.spend(t)
	}
	return d.entry(), nil
}

// ring does what a timer is for, and what follows by itself.
// A calendar announced since may have moved it: then it only moves.
func (d *decision) ring(t stepTimer) error {
	if err := d.adopt(); err != nil {
		return err
	}
	if !slices.ContainsFunc(d.timersOf(t.step), t.is) {
		return d.settle()
	}
	if err := d.timer(t); err != nil {
		return err
	}
	d.spend(t)
	return d.settle()
}

func (d *decision) timer(t stepTimer) error {
	if t.step == "" {
		if t.Kind == TimerFee {
			d.expireFee()
		} else {
			d.warnCase()
		}
		return nil
	}
	dos := d.c.Dossier(t.step)
	if t.Kind == TimerWarn {
		of, due := strings.HasSuffix(t.ID, stateWarning), dos.Clock.Due
		if of {
			due = dos.StateDue
		}
		d.emit(Warned{ev{t.step}, due, of})
		d.notifyOffice(dos, NoteNear, map[string]any{"due": due.Format(time.RFC3339)})
		return nil
	}
	a := d.procedure(dos).Action(t.Action)
	if a == nil {
		return d.noAction(dos)
	}
	return d.take(dos, a, map[string]any{})
}

// spend removes a fired timer that is still there.
func (d *decision) spend(t stepTimer) {
	ts := d.timersOf(t.step)
	if i := slices.IndexFunc(ts, t.is); i >= 0 {
		d.emit(TimersSet{ev{t.step}, slices.Delete(slices.Clone(ts), i, i+1)})
	}
}

func (d *decision) timersOf(step string) []TimerDue {
	if step == "" {
		return d.c.Timers
	}
	return d.c.Dossier(step).Timers
}

func (t stepTimer) is(x TimerDue) bool { return x.ID == t.ID && x.At.Equal(t.At) }

// seen is what expressions see as long as no further event is emitted.
type seen struct {
	events  int
	service Vars
	dossier *Dossier
	vars    Vars // of the dossier
	people
}

// people are the same whatever is emitted.
type people struct{ actor, requester map[string]any }

// fresh forgets what was seen before the last event.
func (s *seen) fresh(events int) {
	if s.events != events {
		*s = seen{events: events, people: s.people}
	}
}

// serviceVars is what an expression of the service sees.
func (d *decision) serviceVars() Vars {
	d.seen.fresh(len(d.events))
	if d.seen.service == nil {
		d.seen.service = d.c.Vars(d.now)
	}
	return d.seen.service
}

// Vars is what an expression of the case's service sees at an instant.
func (c *Case) Vars(now time.Time) Vars {
	steps := map[string]any{}
	for _, dos := range c.Dossiers {
		s := map[string]any{"status": string(dos.Status), "state": dos.State, "outcome": string(dos.Final), "office": dos.Office}
		if dos.Succeeded() && dos.Result != nil {
			s["result"] = dos.Result.Data
		}
		steps[dos.Step] = s
	}
	return Vars{"application": c.App, "requester": c.Requester.vars(), "filed_at": c.Filed, "now": now, "steps": steps}
}

func (p Person) vars() map[string]any {
	return map[string]any{"id": p.ID, "name": p.Name, "phone": p.Phone, "email": p.Email}
}

// vars is what an expression of the dossier's procedure sees.
func (d *decision) vars(dos *Dossier) Vars {
	d.seen.fresh(len(d.events))
	if d.seen.dossier == dos {
		return d.seen.vars
	}
	m := make(map[string]any, len(dos.With)+len(dos.Data)+1)
	for k, v := range dos.With {
		m[k] = v
	}
	for k, v := range dos.Data {
		m[k] = v
	}
	if r := dos.OpenReview(); r != nil {
		m["review"] = map[string]any{"of": r.Of, "from": int64(r.From), "to": int64(r.To)}
	}
	if d.seen.actor == nil {
		d.seen.people = people{d.cmd.Actor.vars(), d.c.Requester.vars()}
	}
	d.seen.dossier = dos
	d.seen.vars = Vars{"dossier": m, "requester": d.seen.requester, "filed_at": d.c.Filed, "now": d.now, "actor": d.seen.actor}
	return d.seen.vars
}

func (a Actor) vars() map[string]any {
	roles := make([]any, len(a.Roles))
	for i, r := range a.Roles {
		roles[i] = r
	}
	return map[string]any{"kind": string(a.Kind), "id": a.ID, "name": a.Name, "office": a.Office, "roles": roles}
}

// eval runs an expression; its failure is a defect of the definition or of its
// data, told with the expression's text, unless a parameter has no value for the
// date asked for: a person is told which.
func eval(x Expr, vars Vars) (any, error) {
	v, err := x.Eval(vars)
	for e := err; e != nil; e = errors.Unwrap(e) {
		if unknown, ok := e.(*Error); ok && unknown.Code == NotFound { // a parameter that no announced set knows: not ours to guess
			return nil, &Error{Code: Precondition, Op: "expression " + x.Source(), Detail: unknown.Detail, Err: err}
		}
	}
	if err != nil {
		return nil, &Error{Code: Internal, Op: "expression " + x.Source(), Err: err,
			Detail: Text{VI: "Không tính được biểu thức của quy trình: " + x.Source(), EN: "an expression of the definition cannot be computed: " + x.Source()}}
	}
	return v, nil
}

func evalBool(x Expr, vars Vars) (bool, error) {
	v, err := eval(x, vars)
	if err != nil {
		return false, err
	}
	b, ok := v.(bool)
	if !ok {
		return false, &Error{Code: Internal, Op: "expression " + x.Source(), Err: fmt.Errorf("want bool, got %T", v)}
	}
	return b, nil
}

// notify tells a person something.
func (d *decision) notify(step, to, what string, params map[string]any) {
	if to == "" {
		return
	}
	d.emit(Notified{ev{step}, d.key(), to, what, params})
}

func (d *decision) notifyOffice(dos *Dossier, what string, params map[string]any) {
	if dos.Office != "" {
		d.notify(dos.Step, OfficePrefix+dos.Office, what, d.about(dos, params))
	}
}

func (d *decision) notifyRequester(dos *Dossier, what string, params map[string]any) {
	if d.trial {
		return
	}
	d.notify(dos.Step, d.c.Requester.ID, what, d.about(dos, params))
}

// OfficePrefix marks a notification's receiver as an office.
const OfficePrefix = "office:"

// about adds what every message about a dossier says.
func (d *decision) about(dos *Dossier, params map[string]any) map[string]any {
	st := d.svc.Step(dos.Step)
	m := map[string]any{"case": d.c.Code, "code": dos.Code, "subject": d.c.Subject(), "step": textVars(st.Title)}
	if s := st.Procedure.State(dos.State); s != nil {
		m["state"] = textVars(s.Title)
	}
	if o, ok := d.defs.OfficeByID(dos.Office); ok {
		m["office"] = textVars(o.Name)
	}
	if due := dos.Due(); !due.IsZero() {
		m["due"] = due.Format(time.RFC3339)
	}
	for k, v := range params {
		m[k] = v
	}
	return m
}

// title is what a step is called, in a message.
func (d *decision) title(step string) map[string]any { return textVars(d.svc.Step(step).Title) }

func textVars(t Text) map[string]any { return map[string]any{"vi": t.VI, "en": t.EN} }
