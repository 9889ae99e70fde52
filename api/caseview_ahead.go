package api

import (
	"slices"
	"time"

	"lienthong/engine"
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
	i := slices.IndexFunc(d.Timers, func(x engine.TimerDue) bool { return x.Kind == engine.TimerAfter && x.At.Equal(untilOf(d)) })
	if st == nil || i < 0 {
		return nil
	}
	a := st.Procedure.Action(d.Timers[i].Action)
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

// untilOf is when the present state ends by itself; zero when it does not.
func untilOf(d *engine.Dossier) time.Time {
	var t time.Time
	for _, x := range d.Timers {
		if x.Kind == engine.TimerAfter && (t.IsZero() || x.At.Before(t)) {
			t = x.At
		}
	}
	return t
}
