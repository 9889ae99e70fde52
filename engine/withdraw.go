package engine

import (
	"maps"
	"slices"
)

// withdraw takes back all of a case or named parts (portal status 7). It is
// refused whole while a part cannot be withdrawn, and names that part.
func (d *decision) withdraw() error {
	if !d.isApplicant() {
		return notWithdrawn
	}
	if err := d.versioned(); err != nil {
		return err
	}
	for _, k := range sortedKeys(d.cmd.Input) {
		if k != "steps" && k != "reason" {
			return &Error{Code: Invalid, Problems: []Problem{{Pointer: "/" + k, Code: "unknown_field", Detail: Text{VI: "Trường không có trong biểu mẫu", EN: "unknown field"}}}}
		}
	}
	parts, err := d.toWithdraw()
	if err != nil {
		return err
	}
	for _, dos := range parts {
		if dos.Status == StatusWaiting {
			d.emit(StepClosed{ev{dos.Step}, ClosedWithdrawn, nil})
			continue
		}
		if err := d.take(dos, d.withdrawal(dos), map[string]any{"reason": Str(d.cmd.Input, "reason")}); err != nil {
			return err
		}
	}
	if f := d.c.Fee; f != nil && f.Status == FeeWaiting && !d.mayRun() {
		d.emit(FeeSettled{ev{}, FeeCancelled, "", d.now, ""})
		d.putTimers("", d.c.Timers, nil)
	}
	return nil
}

// mayRun tells whether a step may still open: it waits, and so does everything
// that it cannot do without.
func (d *decision) mayRun() bool {
	may, some := map[string]bool{}, false
	for _, st := range d.svc.Steps { // needs come first
		may[st.ID] = d.c.Dossier(st.ID).Status == StatusWaiting &&
			!slices.ContainsFunc(st.Needs, func(n Need) bool { return !n.Optional && !may[n.Step] })
		some = some || may[st.ID]
	}
	return some
}

// toWithdraw lists the unfinished parts meant, or says which one cannot be taken
// back now.
func (d *decision) toWithdraw() ([]*Dossier, error) {
	named, ok := d.cmd.Input["steps"].([]any)
	if d.cmd.Input["steps"] != nil && (!ok || len(named) == 0) {
		return nil, missing("steps") // to withdraw everything is said by naming nothing
	}
	var parts []*Dossier
	for _, x := range named {
		s, _ := x.(string)
		if d.c.Dossier(s) == nil {
			return nil, &Error{Code: Invalid, Problems: []Problem{{Pointer: "/steps", Code: "unknown_step", Detail: Text{VI: "Hồ sơ không có phần " + s, EN: "the case has no part " + s}}}}
		}
	}
	for _, dos := range d.c.Dossiers {
		unfinished := dos.Status == StatusWaiting || dos.Status == StatusOpen && dos.Final == FinalNone
		meant := len(named) == 0 || slices.Contains(named, any(dos.Step))
		switch {
		case !meant, !unfinished && len(named) == 0:
			continue
		case !unfinished, dos.Status == StatusOpen && d.withdrawal(dos) == nil:
			t := d.svc.Step(dos.Step).Title
			e := Fail(WrongState, "Chưa rút được phần: "+t.VI, "this part cannot be withdrawn now: "+t.EN)
			e.Case, e.Legal = d.c.Code, d.legal(dos)
			return nil, e
		}
		parts = append(parts, dos)
	}
	if len(parts) == 0 {
		return nil, d.noAction(nil)
	}
	return parts, nil
}

// withdrawal is the applicant's way to a withdrawn end from the present state.
func (d *decision) withdrawal(dos *Dossier) *Action {
	p := d.procedure(dos)
	for _, a := range p.Actions {
		if slices.Contains(a.From, dos.State) && withdraws(p, a) {
			return a
		}
	}
	return nil
}

// refile runs a failed part again, or adds one that was not asked for, under a
// new code; the declaration may be changed by a merge patch (RFC 7396).
func (d *decision) refile(dos *Dossier) error {
	if !d.isApplicant() {
		return notRefiled
	}
	if !d.refilable(dos) {
		return d.noAction(dos)
	}
	for _, k := range sortedKeys(d.cmd.Input) {
		if k != "application" {
			return &Error{Code: Invalid, Problems: []Problem{{Pointer: "/" + k, Code: "unknown_field", Detail: Text{VI: "Trường không có trong biểu mẫu", EN: "unknown field"}}}}
		}
	}
	if patch, ok := d.cmd.Input["application"].(map[string]any); ok {
		app, _ := merge(d.c.App, patch).(map[string]any)
		if ps := d.svc.Form.Check(d.svc.form(app), d.now); len(ps) > 0 {
			return &Error{Code: Invalid, Problems: ps, Detail: Text{VI: "Tờ khai chưa hợp lệ", EN: "the application is not valid"}}
		}
		d.emit(ApplicationChanged{ev{}, app})
	}
	d.emit(StepReset{ev{dos.Step}, d.cmd.Codes.Steps[dos.Step]})
	if err := d.askForNeeds(d.svc.Step(dos.Step)); err != nil {
		return err
	}
	d.resetDependents(dos.Step)
	if d.c.Status == CaseEnded {
		d.emit(CaseReopened{})
	}
	return nil
}

// refilable: the part failed or was never asked for, and what it needs stands. A
// first step that failed takes the whole application with it: a new one is filed.
func (d *decision) refilable(dos *Dossier) bool {
	failed := dos.Status == StatusEnded && dos.Final != FinalSuccess && dos.Final != FinalNotApplicable
	closed := dos.Status == StatusClosed && dos.Closed != ClosedNeed && dos.Closed != ClosedNotApplicable
	needs := d.svc.NeedsOf(d.svc.Step(dos.Step))
	if !failed && !closed || len(needs) == 0 {
		return false
	}
	for _, n := range needs {
		if need := d.c.Dossier(n.Step); !n.Optional && !need.Succeeded() {
			return false
		}
	}
	return true
}

// askForNeeds lets what a refiled part needs, and what nobody had asked for, wait
// again, and what waits for that: the conditions may hold now, as they would have at
// filing.
func (d *decision) askForNeeds(st *Step) error {
	if st.If != nil {
		if asked, err := evalBool(st.If, d.serviceVars()); err != nil || !asked {
			return err // the part itself is not asked for: settle closes it
		}
	}
	again := []*Step{st}
	for i := 0; i < len(again); i++ {
		for _, n := range again[i].Needs {
			if dos := d.c.Dossier(n.Step); dos.Status == StatusClosed && dos.Closed == ClosedAbsent {
				d.resetClosed(dos)
				again = append(again, d.svc.Step(n.Step))
			}
		}
	}
	for _, need := range again[1:] {
		d.resetDependents(need.ID)
	}
	return nil
}

// resetClosed makes a closed part wait again, under the code that refiling brings.
func (d *decision) resetClosed(dos *Dossier) {
	code := d.cmd.Codes.Steps[dos.Step]
	if code == "" {
		code = dos.Code
	}
	d.emit(StepReset{ev{dos.Step}, code})
}

// resetDependents lets parts that were closed because this one failed wait again.
func (d *decision) resetDependents(step string) {
	for _, st := range d.svc.Steps {
		dos := d.c.Dossier(st.ID)
		if dos.Status == StatusClosed && (dos.Closed == ClosedNeed || dos.Closed == ClosedAbsent) &&
			slices.ContainsFunc(st.Needs, func(n Need) bool { return n.Step == step }) {
			d.resetClosed(dos)
			d.resetDependents(st.ID)
		}
	}
}

// merge applies a JSON merge patch without changing its arguments.
func merge(target, patch any) any {
	p, ok := patch.(map[string]any)
	if !ok {
		return patch
	}
	t, _ := target.(map[string]any)
	out := maps.Clone(orEmpty(t))
	for _, k := range sortedKeys(p) {
		if p[k] == nil {
			delete(out, k)
			continue
		}
		out[k] = merge(out[k], p[k])
	}
	return out
}
