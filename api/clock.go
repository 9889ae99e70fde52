package api

import (
	"context"
	"net/http"
	"time"

	"lienthong/engine"
	"lienthong/engine/calendar"
)

type clocksView struct {
	Now      Time        `json:"now"`
	Calendar string      `json:"calendar,omitempty" doc:"Version of the calendar of working days that counts now"`
	Basis    string      `json:"calendar_basis,omitempty" doc:"The decisions behind it"`
	Clocks   []clockView `json:"clocks" doc:"The service's, then each dossier's"`
}

type clockView struct {
	Step     string      `json:"step,omitempty" doc:"Absent: the whole service"`
	Title    Text        `json:"title"`
	Limit    string      `json:"limit,omitempty"`
	Within   *Text       `json:"limit_text,omitempty" doc:"The limit in words"`
	Mode     string      `json:"mode" enum:"none,runs,paused,stopped"`
	Started  Time        `json:"started,omitzero"`
	Due      Time        `json:"due,omitzero"`
	StateDue Time        `json:"state_due,omitzero" doc:"Of a limit on the present state alone"`
	PausedAt Time        `json:"paused_at,omitzero"`
	Stopped  Time        `json:"stopped,omitzero"`
	Overdue  bool        `json:"overdue,omitempty"`
	Late     bool        `json:"late,omitempty" doc:"Ended after its due time"`
	Calendar string      `json:"calendar,omitempty" doc:"Version that the due time was computed with"`
	Pauses   []spanView  `json:"pauses,omitempty"`
	Moves    []moveView  `json:"moves,omitempty" doc:"Every change of the due time, with its reason"`
	Timers   []timerView `json:"timers,omitempty" doc:"What happens by itself"`
}

type spanView struct {
	From    Time `json:"from"`
	To      Time `json:"to"`
	Restart bool `json:"restart,omitempty"`
}

type moveView struct {
	At   Time   `json:"at"`
	From Time   `json:"from"`
	To   Time   `json:"to"`
	Kind string `json:"kind"`
	Why  string `json:"why,omitempty"`
}

type timerView struct {
	At     Time   `json:"at"`
	Kind   string `json:"kind" enum:"after,warn,fee"`
	Action string `json:"action,omitempty"`
	Title  *Text  `json:"title,omitempty"`
}

func (s *Server) routeClock() {
	route(s, op{method: http.MethodGet, path: base + "/cases/{code}/clock", id: "case-clock", tag: "cases", summary: "When clocks started, paused, moved, and fall due", status: 200, who: readers}, s.clock)
}

func (s *Server) clock(ctx context.Context, in *struct{ CasePath }) (*struct{ Body clocksView }, error) {
	c, err := s.read(ctx, in.Code, "clock")
	if err != nil {
		return nil, err
	}
	p := s.picture(ctx, c)
	out := &struct{ Body clocksView }{clocksView{Now: at(p.now), Clocks: p.clocks()}}
	if cal := s.cfg.Definitions.Calendar(p.now); cal != nil {
		out.Body.Calendar, out.Body.Basis = cal.ID, cal.Basis
	}
	return out, nil
}

// clocks are the service's and each dossier's.
func (p *picture) clocks() []clockView {
	c := p.c
	whole := clockOf(c.Clock, c.Timers, p.now, nil)
	whole.Title = p.serviceRef().Title
	out := []clockView{whole}
	for _, d := range c.Dossiers {
		if d.Status == engine.StatusWaiting || d.Status == engine.StatusClosed {
			continue
		}
		var proc *engine.Procedure
		v := clockView{Title: Text{VI: d.Step, EN: d.Step}}
		if st := p.step(d.Step); st != nil {
			proc = st.Procedure
			v.Title = st.Title
		}
		k := clockOf(d.Clock, d.Timers, p.now, proc)
		k.Step, k.Title, k.StateDue = d.Step, v.Title, at(d.StateDue)
		out = append(out, k)
	}
	return out
}

func clockOf(k calendar.Clock, timers []engine.TimerDue, now time.Time, proc *engine.Procedure) clockView {
	v := clockView{Limit: k.Limit.String(), Within: limitWords(k.Limit), Mode: clockWord(k), Started: at(k.Started), Due: at(k.Due), PausedAt: at(k.PausedAt),
		Stopped: at(k.Stopped), Overdue: k.Overdue(now), Late: k.Late(), Calendar: k.Calendar}
	for _, x := range k.Spans {
		v.Pauses = append(v.Pauses, spanView{at(x.From), at(x.To), x.Restart})
	}
	for _, m := range k.Moves {
		v.Moves = append(v.Moves, moveView{at(m.At), at(m.From), at(m.To), string(m.Kind), m.Why})
	}
	for _, t := range timers {
		tv := timerView{At: at(t.At), Kind: t.Kind, Action: t.Action}
		if proc != nil {
			if a := proc.Action(t.Action); a != nil {
				tv.Title = &a.Title
			}
		}
		v.Timers = append(v.Timers, tv)
	}
	return v
}
