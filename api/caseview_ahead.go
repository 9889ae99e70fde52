package api

import (
	"lienthong/engine"
	"lienthong/engine/runtime"
)

// thenView is what happens when nobody answers in time.
type thenView struct {
	Title Text   `json:"title" doc:"Of the action that is taken by itself"`
	State *Text  `json:"state,omitempty" doc:"Where the part then is"`
	Final string `json:"final,omitempty" doc:"How the part then ends"`
}

// then is what the definition does with a part at the end of the present state's time;
// nil when the state does not end by itself.
func (p *picture) then(d *engine.Dossier) *thenView {
	st := p.step(d.Step)
	if st == nil {
		return nil
	}
	a := st.Procedure.Action(d.ByItself().Action)
	if a == nil {
		return nil
	}
	v := &thenView{Title: a.Title}
	if len(a.To) == 1 { // else it depends
		if state := st.Procedure.State(a.To[0].State); state != nil {
			v.State, v.Final = &state.Title, string(state.Final)
		}
	}
	return v
}

// forecast tells of an open case which parts will not run, where the others will and
// when they are to be expected that have no due time yet, and what of all this stands on
// days off that are not announced.
func (p *picture) forecast(v *caseView) error {
	cal := p.s.cfg.Definitions.Calendar(p.now)
	if cal == nil || p.svc == nil || p.c.Status != engine.CaseOpen {
		return nil
	}
	f, err := runtime.ForecastOf(p.s.cfg.Definitions, p.svc, p.c, p.now)
	if err != nil {
		return err
	}
	moves := func(t Time) bool { return !t.IsZero() && cal.Provisional(t.Time) }
	for i := range v.Dossiers {
		d := &v.Dossiers[i]
		ahead, waits := f.Step(d.Step), d.Status == string(engine.StatusWaiting)
		if ahead == nil || !waits && d.Status != string(engine.StatusOpen) {
			continue
		}
		if waits {
			d.Foreseen, d.May, d.GoesTo = ahead.Closed, ahead.May, p.s.officeRef(ahead.Office)
		}
		if d.Due.IsZero() {
			d.Expected, d.Sooner = at(ahead.Due), ahead.Sooner
		}
		d.Provisional = moves(d.Due) || moves(d.Expected)
	}
	v.Expected, v.Sooner = at(f.Due), f.Sooner
	v.Provisional = moves(v.Due) || moves(v.Expected)
	return nil
}
