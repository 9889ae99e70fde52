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

func TestReturnToAnIssuerThatCannotCorrectIsRefused(t *testing.T) {
	l := newLine(t, nil)
	l.registered()
	l.must(l.staff("birth", "correct", engine.ByOfficer, nil))
	l.must(l.staff("birth", "annul", engine.ByLeader, nil))
	l.code(l.staff("card", "return_upstream", engine.ByOfficer, map[string]any{"what": "tên sai"}), engine.WrongState)
	l.state("card", "checking")
}

func TestTwoReturnsAtOnceJoinOneCorrection(t *testing.T) {
	l := newLine(t, nil)
	again := *l.procedure("card")
	l.defs.svc.Steps[1].Procedure = &again
	l.registered()
	l.must(l.staff("card", "return_upstream", engine.ByOfficer, map[string]any{"what": "a"}))
	l.must(l.staff("residence", "return_upstream", engine.ByOfficer, map[string]any{"what": "b"}))
	l.must(l.staff("birth", "keep", engine.ByLeader, nil))
	l.state("card", "checking")
	l.state("residence", "checking")
	if l.c.Dossier("card").Returned+l.c.Dossier("residence").Returned != "" {
		t.Error("still returned")
	}
}

// chained adds a step that takes a value from the card beside one from the birth.
func chained(l *line) {
	p := *l.procedure("card")
	p.States, p.Actions = slices.Clone(p.States), slices.Clone(p.Actions)
	l.defs.svc.Steps = append(l.defs.svc.Steps, &engine.Step{ID: "extra", Procedure: &p, At: path("application.commune"),
		Needs: []engine.Need{{Step: "birth"}, {Step: "card"}}, With: []engine.Binding{
			{Name: "child", Value: path("steps.birth.result.child"), Steps: []string{"birth"}},
			{Name: "number", Value: path("steps.card.result.number"), Steps: []string{"card"}}}})
	card := l.procedure("card")
	i := slices.IndexFunc(card.States, func(s *engine.State) bool { return s.ID == "issued" })
	card.States[i] = &engine.State{ID: "issued", Portal: 9, Clock: calendar.None, Final: engine.FinalSuccess, Result: &engine.ResultSpec{
		Document: "card", Data: []engine.Binding{{Name: "number", Value: expr{"7", func(engine.Vars) any { return "7" }}}}}}
	card.States = append(card.States,
		&engine.State{ID: "looking", Portal: 4, Clock: calendar.Runs, Request: &engine.RequestSpec{Registry: "r", Operation: "o", Replies: map[string]string{"ok": "fine", "refused": "gone"}}},
		&engine.State{ID: "slip", Portal: 3, Clock: calendar.None, Final: engine.FinalRefused, Result: &engine.ResultSpec{Document: "slip"}},
		&engine.State{ID: "annulled", Portal: 3, Clock: calendar.None, Final: engine.FinalAnnulled})
	card.Actions = append(card.Actions,
		&engine.Action{ID: "again", From: []string{"issued"}, To: to("looking"), By: by(engine.ByOfficer)},
		&engine.Action{ID: "drop", From: []string{"issued"}, To: to("annulled"), By: by(engine.ByOfficer)},
		&engine.Action{ID: "fine", From: []string{"looking"}, To: to("issued"), By: by(engine.ByRegistry)},
		&engine.Action{ID: "gone", From: []string{"looking"}, To: to("slip"), By: by(engine.ByRegistry)})
}

// newChain is a case with the chained step.
func newChain(t *testing.T) *line {
	l := newLine(t, map[string]any{"residence": false})
	chained(l)
	l.history, l.c = nil, nil
	l.must(l.run(engine.Command{Action: engine.ActFile, Actor: engine.Actor{Kind: engine.Citizen, ID: "P"},
		Input: map[string]any{"child": map[string]any{"name": "An"}, "commune": "00004", "residence": false},
		Codes: engine.Codes{Case: "C1", Seed: "s", Steps: map[string]string{"birth": "B", "residence": "R", "card": "K", "extra": "E"}},
		File:  &engine.Filing{Service: "birth", Version: "1", Requester: engine.Person{ID: "P", Name: "Hà"}, Channel: 2}}, engine.Facts{}))
	l.registered()
	l.must(l.staff("card", "approve", engine.ByOfficer, nil))
	l.state("extra", "checking")
	return l
}

func TestCorrectionReachesAStepWhoseOtherIssuerWasAnnulled(t *testing.T) {
	l := newChain(t)
	l.must(l.staff("card", "drop", engine.ByOfficer, nil))
	l.must(l.staff("birth", "correct", engine.ByOfficer, nil))
	l.must(l.staff("birth", "propose", engine.ByLeader, map[string]any{"child": map[string]any{"name": "Ân"}}))
	d := l.c.Dossier("extra")
	if engine.Str(d.With, "child", "name") != "Ân" || d.With["number"] != "7" || d.Uses["card"] != 1 || d.Uses["birth"] != 2 {
		t.Errorf("extra works with %v of %v", d.With, d.Uses)
	}
}

func TestSuccessThatTurnsIntoARefusalCountsAsAnnulled(t *testing.T) {
	l := newChain(t)
	l.must(l.staff("extra", "approve", engine.ByOfficer, nil))
	l.must(l.staff("card", "again", engine.ByOfficer, nil))
	l.must(l.reply("card", l.c.Dossier("card").Request.Key, engine.ReplyRefused))
	l.state("card", "slip")
	if r := l.c.Dossier("extra").OpenReview(); r == nil || r.Of != "card" || r.To != 0 {
		t.Errorf("review %+v", r)
	}
	open := newChain(t)
	open.must(open.staff("card", "again", engine.ByOfficer, nil))
	open.must(open.reply("card", open.c.Dossier("card").Request.Key, engine.ReplyRefused))
	open.state("card", "slip")
	if !slices.Contains(open.told(), "review→office:insurance-00004") {
		t.Errorf("told %v", open.told())
	}
}

func TestWhatEndsOnAnAnnulledBasisIsReviewed(t *testing.T) {
	l := newLine(t, map[string]any{"residence": false})
	l.registered()
	l.must(l.staff("birth", "correct", engine.ByOfficer, nil))
	l.must(l.staff("birth", "annul", engine.ByLeader, nil))
	l.must(l.staff("card", "approve", engine.ByOfficer, nil)) // the office was told and went on
	if r := l.c.Dossier("card").OpenReview(); r == nil || r.Of != "birth" || r.To != 0 {
		t.Errorf("review %+v", r)
	}
}

func TestKeepingACorrectedResultAsksNobodyAgain(t *testing.T) {
	l := newLine(t, map[string]any{"residence": true})
	l.registered()
	l.consented()
	l.must(l.staff("residence", "approve", engine.ByLeader, nil))
	l.must(l.staff("birth", "correct", engine.ByOfficer, nil))
	l.must(l.staff("birth", "propose", engine.ByLeader, map[string]any{"child": map[string]any{"name": "Ân"}}))
	if n := len(l.c.Dossier("residence").Reviews); n != 1 {
		t.Fatalf("%d reviews", n)
	}
	l.must(l.staff("birth", "correct", engine.ByOfficer, nil))
	l.must(l.staff("birth", "keep", engine.ByLeader, nil))
	if n := len(l.c.Dossier("residence").Reviews); n != 1 {
		t.Errorf("%d reviews after keeping version 2", n)
	}
}
