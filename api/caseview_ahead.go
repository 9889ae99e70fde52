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
	for i := range v.Dossiers {
		d := &v.Dossiers[i]
		ahead := f.Step(d.Step)
		if ahead == nil {
			continue
		}
		if d.Status == string(engine.StatusWaiting) {
			d.Foreseen, d.May, d.GoesTo = ahead.Closed, ahead.May, p.s.officeRef(ahead.Office)
		}
		if d.Due.IsZero() {
			d.Expected, d.Sooner = at(ahead.Due), ahead.Sooner
		}
		d.Provisional = !ahead.Due.IsZero() && cal.Provisional(ahead.Due)
	}
	v.Expected, v.Sooner = at(f.Due), f.Sooner
	v.Provisional = !f.Due.IsZero() && cal.Provisional(f.Due) || !v.Due.IsZero() && cal.Provisional(v.Due.Time)
	return nil
}
