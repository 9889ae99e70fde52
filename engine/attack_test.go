package engine_test

import (
	"slices"
	"testing"
	"time"

	"lienthong/engine"
	"lienthong/engine/calendar"
)

// What follows is found by attack: sequences that nobody plans and somebody does.

func (l *line) procedure(step string) *engine.Procedure { return l.defs.svc.Step(step).Procedure }

func (l *line) tick() {
	l.t.Helper()
	l.must(l.run(engine.Command{Action: engine.ActTick}, engine.Facts{}))
}

// consented takes the residence past its parties.
func (l *line) consented() {
	l.t.Helper()
	l.must(l.citizen("O1", "residence", "consent", nil))
	l.must(l.citizen("H", "residence", "consent", nil))
	l.state("residence", "checking")
}

func items(what ...string) map[string]any {
	var out []any
	for _, w := range what {
		out = append(out, map[string]any{"kind": "paper", "about": w, "reason": "thiếu"})
	}
	return map[string]any{"items": out}
}

// broken is an expression that cannot be computed.
var broken = expr{"broken", func(engine.Vars) any { panic("no such key") }}

func TestTimerWhoseConsequencesFailDoesNotBlockTheCase(t *testing.T) {
	l := newLine(t, nil)
	l.registered()
	// The residence expires by a timer; what then opens cannot be computed.
	p := *l.defs.svc.Steps[2].Procedure
	l.defs.svc.Steps = append(l.defs.svc.Steps, &engine.Step{ID: "after", Procedure: &p, At: broken, Needs: []engine.Need{{Step: "residence", Optional: true}}})
	l.must(l.citizen("P", "", engine.ActWithdraw, map[string]any{"steps": []any{"card"}}))
	l.consented()
	l.c.Dossiers = append(l.c.Dossiers, &engine.Dossier{Step: "after", Status: engine.StatusWaiting, Attempt: 1})
	rev := l.c.Dossier("residence").Rev
	ask := engine.Command{Action: "request_supplement", Case: "C1", Step: "residence", IfMatch: &rev, Input: items("giấy"),
		Actor: engine.Actor{Kind: engine.Staff, ID: "o", Office: "police-00004", Roles: []string{engine.ByOfficer}}}
	es, err := engine.Decide(l.defs, l.c, ask, engine.Facts{}, l.now)
	l.must(err)
	c := engine.Fold(l.c, es[0])
	es, err = engine.Decide(l.defs, c, engine.Command{Action: engine.ActTick, Case: "C1"}, engine.Facts{}, l.now.AddDate(0, 1, 0))
	l.must(err)
	for _, e := range es {
		c = engine.Fold(c, e)
	}
	if !c.NextTimer().IsZero() {
		t.Errorf("the timer is still there: %v", c.Dossier("residence").Timers)
	}
}

func TestClockThatStepsBackKeepsOrderAndCalendar(t *testing.T) {
	l := newLine(t, nil)
	later, err := calendar.New(calendar.Spec{ID: "c2", Announced: "2026-09-08", Days: map[string]calendar.Year{}})
	l.must(err)
	two := &twoCalendars{l.defs, later, time.Date(2026, 9, 8, 0, 0, 0, 0, calendar.Zone)}
	rev := l.c.Dossier("birth").Rev
	receive := engine.Command{Action: "receive", Case: "C1", Step: "birth", IfMatch: &rev,
		Actor: engine.Actor{Kind: engine.Staff, ID: "r", Office: "civil-00004", Roles: []string{engine.ByReception}}}
	es, err := engine.Decide(two, l.c, receive, engine.Facts{}, l.now.AddDate(0, 0, 2))
	l.must(err)
	c := engine.Fold(l.c, es[0])
	rev = c.Dossier("birth").Rev
	sign := engine.Command{Action: "sign", Case: "C1", Step: "birth", IfMatch: &rev,
		Actor: engine.Actor{Kind: engine.Staff, ID: "l", Office: "civil-00004", Roles: []string{engine.ByLeader}}}
	es, err = engine.Decide(two, c, sign, engine.Facts{}, l.now)
	l.must(err)
	for _, e := range es {
		if e.At.Before(c.Updated) {
			t.Errorf("entry at %v before %v", e.At, c.Updated)
		}
		c = engine.Fold(c, e)
	}
	if got := c.Dossier("birth").Clock.Calendar; got != "c2" {
		t.Errorf("the clock went back to calendar %s", got)
	}
}

// twoCalendars knows a newer calendar from a day on.
type twoCalendars struct {
	*defs
	newer *calendar.Calendar
	from  time.Time
}

func (d *twoCalendars) Calendar(at time.Time) *calendar.Calendar {
	if at.Before(d.from) {
		return d.cal
	}
	return d.newer
}

var _ = slices.Contains[[]string]
