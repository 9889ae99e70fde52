package engine

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"time"

	"lienthong/engine/calendar"
)

// settle runs the linking rules until nothing moves: steps open or close, parties
// that agree and supplements that are complete take their action, the case's
// clock follows its dossiers, and the case ends.
func (d *decision) settle() error {
	for range 100 {
		n := len(d.events)
		for _, st := range d.svc.Steps {
			dos := d.c.Dossier(st.ID)
			if dos == nil {
				continue
			}
			err := d.freshen(dos)
			if err != nil {
				return err
			}
			switch dos.Status {
			case StatusWaiting:
				err = d.open(st, dos)
			case StatusOpen:
				err = d.proceed(dos)
			}
			if err != nil {
				return err
			}
		}
		if len(d.events) == n {
			if err := d.caseClock(); err != nil {
				return err
			}
			d.end()
			return d.adopt()
		}
	}
	return &Error{Code: Internal, Op: "settle", Case: d.c.Code, Err: fmt.Errorf("the linking rules do not come to rest")}
}

// open opens or closes a waiting step once everything it needs has ended.
func (d *decision) open(st *Step, dos *Dossier) error {
	if d.c.Fee != nil && d.c.Fee.Status == FeeWaiting {
		return nil
	}
	for _, n := range st.Needs {
		if !d.c.Dossier(n.Step).HasEnded() {
			return nil
		}
	}
	needs := d.svc.NeedsOf(st)
	for _, n := range needs {
		need := d.c.Dossier(n.Step)
		if !n.Optional && need.HasEnded() && !need.Succeeded() {
			why := ClosedNeed
			if need.Closed == ClosedAbsent || need.Closed == ClosedNotApplicable {
				why = need.Closed
			}
			d.emit(StepClosed{ev{st.ID}, why, nil})
			return nil
		}
	}
	if slices.ContainsFunc(needs, func(n Need) bool { return !d.c.Dossier(n.Step).HasEnded() }) {
		return nil // it runs again
	}
	vars := d.serviceVars()
	if st.If != nil {
		ok, err := evalBool(st.If, vars)
		if err != nil {
			return err
		}
		if !ok {
			d.skip(st, dos)
			return nil
		}
	}
	unit, err := eval(st.At, vars)
	if err != nil {
		return err
	}
	if unit == nil || unit == "" {
		d.skip(st, dos)
		return nil
	}
	u, ok := unit.(string)
	if !ok {
		return &Error{Code: Internal, Op: "expression " + st.At.Source(), Err: fmt.Errorf("want a unit, got %T", unit)}
	}
	return d.start(st, dos, u)
}

// skip closes a step as its `else` says.
func (d *decision) skip(st *Step, dos *Dossier) {
	switch st.Else.Kind {
	case ElseNotApplicable:
		d.emit(StepClosed{ev{st.ID}, ClosedNotApplicable, nil})
	case ElseRefuse:
		reason := st.Else.Reason
		d.emit(StepClosed{ev{st.ID}, ClosedRefused, &reason})
		d.notifyRequester(dos, NoteRefused, map[string]any{"reason": textVars(reason)})
	default:
		d.emit(StepClosed{ev{st.ID}, ClosedAbsent, nil})
	}
}

// start gives a step its dossier at the competent office.
func (d *decision) start(st *Step, dos *Dossier, unit string) error {
	o, ok := d.defs.Office(st.Procedure.Agency, unit, d.now)
	if !ok {
		return noOffice(st.Procedure.Agency, unit)
	}
	with, uses, err := d.bind(st, dos)
	if err != nil {
		return err
	}
	d.emit(StepOpened{ev{st.ID}, dos.Code, dos.Attempt, o.ID, unit, with, uses})
	return d.enter(dos, "", st.Procedure.States[0].ID)
}

// bind evaluates what a step is handed and which result versions it was taken from.
// A value from a result that was taken back since stays as the dossier has it.
func (d *decision) bind(st *Step, dos *Dossier) (map[string]any, map[string]int, error) {
	vars := d.serviceVars()
	with, uses := map[string]any{}, map[string]int{}
	for _, b := range st.With {
		if slices.ContainsFunc(b.Steps, func(s string) bool { return dos.Uses[s] > 0 && !d.c.Dossier(s).Succeeded() }) {
			if v, ok := dos.With[b.Name]; ok {
				with[b.Name] = v
			}
			for _, s := range b.Steps {
				if _, newer := uses[s]; !newer && dos.Uses[s] > 0 {
					uses[s] = dos.Uses[s]
				}
			}
			continue
		}
		v, err := eval(b.Value, vars)
		if err != nil {
			return nil, nil, err
		}
		if v != nil {
			with[b.Name] = v
		}
		for _, s := range b.Steps {
			if up := d.c.Dossier(s); up.Succeeded() && up.Result != nil {
				uses[s] = up.Result.Version
			}
		}
	}
	return with, uses, nil
}

// proceed takes what follows by itself in an open dossier: agreement of all
// parties, or the last item of its supplement answered.
func (d *decision) proceed(dos *Dossier) error {
	p := d.procedure(dos)
	for _, a := range p.Actions {
		if !slices.Contains(a.From, dos.State) {
			continue
		}
		if a.Party != nil && !a.Party.Decline && d.agreed(dos, a) {
			return d.agree(dos, a)
		}
		if a.Input != nil && a.Input.ID == FormSupplementAnswer && d.c.itemsComplete(dos.Step) {
			return d.answered(dos, a)
		}
	}
	return nil
}

// caseClock starts with the first dossier's clock, stands still while every open
// dossier is paused, and is warned of like a dossier's.
func (d *decision) caseClock() error {
	if d.svc.Limit == nil {
		return nil
	}
	started, open, paused := false, 0, 0
	for _, dos := range d.c.Dossiers {
		started = started || dos.Clock.HasStarted()
		if dos.Status == StatusOpen && dos.Final == FinalNone {
			open++
			if st := d.procedure(dos).State(dos.State); st.Clock == calendar.Paused {
				paused++
			}
		}
	}
	if !started || d.c.Status == CaseEnded {
		return nil
	}
	k := d.c.Clock
	if !k.HasStarted() {
		l, err := d.within(d.svc.Limit.Within, d.svc.Limit.Param)
		if err != nil {
			return err
		}
		k.Limit = l
	}
	mode := calendar.Runs
	if open > 0 && paused == open {
		mode = calendar.Paused
	}
	if next := d.cal.Enter(k, d.now, mode); !next.Equal(d.c.Clock) {
		d.emit(ClockChanged{ev{}, string(mode), next})
	}
	d.caseTimers()
	return nil
}

func (d *decision) caseTimers() {
	var ts []TimerDue
	for _, t := range d.c.Timers {
		if t.Kind != TimerWarn {
			ts = append(ts, t)
		}
	}
	k := d.c.Clock
	if d.svc.Limit.Warn != nil && k.Running() && !k.Due.IsZero() && !d.c.Warned.Equal(k.Due) {
		ts = append(ts, TimerDue{ID: "case/warn", Kind: TimerWarn, At: d.warnAt(k.Due, *d.svc.Limit.Warn)})
	}
	d.putTimers("", d.c.Timers, ts)
}

// warnCase tells the receiving office that the whole chain is nearly due.
func (d *decision) warnCase() {
	d.emit(Warned{Due: d.c.Clock.Due})
	if dos := d.c.Dossier(d.svc.Reception); dos != nil && dos.Home != "" {
		d.notify("", OfficePrefix+dos.Home, NoteNear, map[string]any{"case": d.c.Code, "subject": d.c.Subject(), "due": d.c.Clock.Due.Format(time.RFC3339)})
	}
}

// end closes the case when every step has ended. A result annulled after the end
// changes the outcome, not when the case ended.
func (d *decision) end() {
	if d.c.Status == CaseEnded {
		if out := d.outcome(); out != d.c.Outcome {
			d.emit(CaseClosed{ev{}, out})
		}
		return
	}
	if d.c.Fee != nil && d.c.Fee.Status == FeeWaiting {
		return
	}
	for _, dos := range d.c.Dossiers {
		if !dos.HasEnded() {
			return
		}
	}
	out := d.outcome()
	if k := calendar.Stop(d.c.Clock, d.now); !k.Equal(d.c.Clock) {
		d.emit(ClockChanged{ev{}, string(calendar.None), k})
	}
	d.putTimers("", d.c.Timers, nil)
	d.emit(CaseClosed{ev{}, out})
	d.notify("", d.c.Requester.ID, NoteEnded, map[string]any{"case": d.c.Code, "subject": d.c.Subject(), "outcome": string(out), "parts": d.parts()})
}

// outcome follows from the parts that were asked for: all stand, some stand, or
// none does.
func (d *decision) outcome() Outcome {
	stand, failed := 0, map[Outcome]int{}
	for _, dos := range d.c.Dossiers {
		switch {
		case dos.Final == FinalSuccess && !d.groundless(dos):
			stand++
		case dos.Final == FinalRefused, dos.Final == FinalAnnulled, dos.Closed == ClosedRefused:
			failed[Refused]++
		case dos.Final == FinalExpired, dos.Closed == ClosedExpired:
			failed[Expired]++
		case dos.Final == FinalWithdrawn, dos.Closed == ClosedWithdrawn:
			failed[Withdrawn]++
		}
	}
	switch {
	case len(failed) == 0:
		return Completed
	case stand > 0:
		return CompletedInPart
	case failed[Refused] > 0:
		return Refused
	case failed[Expired] > 0:
		return Expired
	}
	return Withdrawn
}

// groundless tells of a part that ended well for a step whose result was annulled
// since, and that used nothing of it which would have called for a review: a
// confirmation for benefits that are not due any more.
func (d *decision) groundless(dos *Dossier) bool {
	for _, need := range d.svc.Step(dos.Step).Needs {
		n := d.c.Dossier(need.Step)
		if n != nil && n.Final == FinalAnnulled && !slices.ContainsFunc(dos.Reviews, func(r Review) bool { return r.Of == need.Step }) {
			return true
		}
	}
	return false
}

// parts says what stands and what does not, for the closing message.
func (d *decision) parts() []any {
	var out []any
	for _, dos := range d.c.Dossiers {
		if dos.Closed == ClosedAbsent {
			continue
		}
		how := string(dos.Final)
		if how == "" {
			how = dos.Closed
		}
		out = append(out, map[string]any{"step": dos.Step, "title": textVars(d.svc.Step(dos.Step).Title), "outcome": how})
	}
	return out
}

// adopt moves open due times to the newest calendar by events, and renews the
// timers that depend on them.
func (d *decision) adopt() error {
	d.succeed()
	for _, dos := range d.c.Dossiers {
		if dos.Status != StatusOpen {
			continue
		}
		if err := d.adoptDossier(dos); err != nil {
			return err
		}
	}
	if k := d.cal.Adopt(d.c.Clock, d.now); d.c.Status == CaseOpen && !k.Equal(d.c.Clock) {
		d.emit(ClockChanged{ev{}, "calendar", k})
		d.caseTimers()
	}
	return nil
}

func (d *decision) adoptDossier(dos *Dossier) error {
	if k := d.cal.Adopt(dos.Clock, d.now); !k.Equal(dos.Clock) {
		d.emit(ClockChanged{ev{dos.Step}, "calendar", k})
	} else if k.HasStarted() {
		return nil // it is on this calendar already
	}
	if st := d.procedure(dos).State(dos.State); st.Limit != nil && !dos.StateDue.IsZero() {
		l, err := d.within(st.Limit.Within, st.Limit.Param)
		if err != nil {
			return err
		}
		if due := d.cal.Due(dos.Entered, l); !due.Equal(dos.StateDue) {
			d.emit(StateDueSet{ev{dos.Step}, due})
		}
	}
	return d.setTimers(dos)
}

// tellMove says to people what entering a state means to them.
func (d *decision) tellMove(dos *Dossier, st *State, was int, reopened bool) {
	switch {
	case st.Final == FinalSuccess:
		if st.Result != nil && !reopened {
			d.notifyRequester(dos, NoteResult, map[string]any{"document": textVars(st.Result.Title)})
		}
	case st.Final == FinalRefused:
		d.notifyRequester(dos, NoteRefused, map[string]any{"reason": d.reason(dos)})
	case st.Final == FinalExpired:
		d.notifyRequester(dos, NoteExpired, nil)
	case st.Final == FinalWithdrawn:
		d.notifyRequester(dos, NoteWithdrawn, nil)
	case st.Final == FinalAnnulled:
		d.notifyRequester(dos, NoteRevoked, nil)
	case st.Portal == 2 && was < 2:
		d.notifyRequester(dos, NoteReceived, nil)
	case st.Portal == 5 && was != 5:
		d.notifyRequester(dos, NoteSupplement, map[string]any{"items": d.itemList(dos.Step), "until": formatTime(dos.ByItself().At)})
	case dos.Awaits:
		d.notifyRequester(dos, NoteTask, map[string]any{"until": formatTime(dos.ByItself().At), "then": d.silence(dos)})
	}
}

// silence names what happens by itself when nobody acts in the present state; nil when
// nothing does.
func (d *decision) silence(dos *Dossier) any {
	if a := d.procedure(dos).Action(dos.ByItself().Action); a != nil {
		return textVars(a.Title)
	}
	return nil
}

// reason finds the words of the refusal in the record of the last action.
func (d *decision) reason(dos *Dossier) any {
	last := ""
	for _, v := range d.events {
		if r, ok := v.(Recorded); ok && r.Step == dos.Step {
			last = r.Name
		}
	}
	rec, _ := dos.Data[last].(map[string]any)
	if s, ok := rec["reason"].(string); ok {
		return s
	}
	if t, ok := rec["detail"]; ok {
		return t
	}
	if c := Str(rec, "comment"); c != "" {
		return c
	}
	if dos.Result != nil { // a refusal without an office: the reason is in what it issued
		return dos.Result.Data["reason"]
	}
	return ""
}

func formatTime(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.In(calendar.Zone).Format(time.RFC3339)
}

// ResultID derives a public id that cannot be guessed from the dossier's code.
func ResultID(seed, code string, version int) string {
	h := sha256.Sum256(fmt.Appendf(nil, "%s\x00%s\x00%d", seed, code, version))
	return hex.EncodeToString(h[:12])
}
