package api

import (
	"slices"
	"time"

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

// forecast tells of an open case when its parts are to be expected that have no due
// time yet, and what of all this stands on days off that are not announced.
func (p *picture) forecast(v *caseView) error {
	cal := p.s.cfg.Definitions.Calendar(p.now)
	if cal == nil || p.c.Status != engine.CaseOpen {
		return nil
	}
	ends, may := map[string]time.Time{}, map[string]bool{}
	for i := range v.Dossiers {
		d := &v.Dossiers[i]
		st := p.step(d.Step)
		if st == nil || d.Foreseen != "" || d.Status == string(engine.StatusClosed) || d.Status == string(engine.StatusEnded) {
			continue
		}
		due := d.Due.Time
		if due.IsZero() {
			if d.Status == string(engine.StatusWaiting) {
				_, known := runtime.Foreseen(p.c, st, p.now)
				d.May = !known || slices.ContainsFunc(st.Needs, func(n engine.Need) bool { return !n.Optional && may[n.Step] })
				may[d.Step] = d.May
			}
			begins := p.now
			for _, n := range st.Needs {
				begins = latest(begins, ends[n.Step])
			}
			var err error
			if due, err = runtime.DueFrom(p.s.cfg.Definitions, st.Procedure.Limit, begins, p.now); err != nil {
				return err
			}
			d.Expected = at(due)
		}
		d.Provisional = !due.IsZero() && cal.Provisional(due)
		ends[d.Step] = due
		v.Expected = at(latest(v.Expected.Time, due))
	}
	v.Provisional = cal.Provisional(latest(v.Due.Time, v.Expected.Time)) && !(v.Due.IsZero() && v.Expected.IsZero())
	return nil
}

func latest(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
