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
	l.file(map[string]any{"residence": false})
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

// What ended well only for a part whose result is annulled does not make the case
// complete in part; what used the result is for its own office to review.
func TestWhatServedAnAnnulledPartDoesNotStand(t *testing.T) {
	for _, uses := range []bool{true, false} {
		l := newLine(t, map[string]any{"residence": false})
		card := l.defs.svc.Step("card")
		if !uses {
			card.With = nil
		}
		l.registered()
		l.must(l.staff("card", "approve", engine.ByOfficer, nil))
		if l.c.Outcome != engine.Completed {
			t.Fatalf("outcome %s", l.c.Outcome)
		}
		l.must(l.staff("birth", "correct", engine.ByOfficer, nil))
		l.must(l.staff("birth", "annul", engine.ByLeader, nil))
		if want := map[bool]engine.Outcome{true: engine.CompletedInPart, false: engine.Refused}[uses]; l.c.Outcome != want {
			t.Errorf("uses %v: outcome %s, want %s", uses, l.c.Outcome, want)
		}
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

func (l *line) answer(answers map[string]any) error {
	return l.citizen("P", "", engine.ActAnswer, map[string]any{"items": answers})
}

// answers is a form that wants a text in every item.
type answers struct{}

func (answers) JSON() []byte { return []byte("{}") }
func (answers) Validate(v any) (ps []engine.Problem) {
	items, _ := engine.At(v, "items").(map[string]any)
	for id, a := range items {
		if engine.Str(a, "text") == "" {
			ps = append(ps, engine.Problem{Pointer: "/items/" + id + "/text", Code: "required"})
		}
	}
	return ps
}

func TestWrongAnswerToAnItemIsRefusedAtOnce(t *testing.T) {
	l := newLine(t, map[string]any{"residence": false})
	l.procedure("card").Action("answer_supplement").Input = &engine.Form{ID: engine.FormSupplementAnswer, Schema: answers{}}
	l.registered()
	in := items("ảnh", "giấy")
	in["legal_basis"] = "Luật BHYT"
	l.must(l.staff("card", "request_supplement", engine.ByOfficer, in))
	if l.c.Items[0].Legal != "Luật BHYT" {
		t.Error("the request's legal basis is lost")
	}
	first, second := l.c.Items[0].ID, l.c.Items[1].ID
	err := l.answer(map[string]any{first: map[string]any{"nonsense": "x"}})
	l.code(err, engine.Invalid)
	if p := err.(*engine.Error).Problems; len(p) != 1 || p[0].Pointer != "/items/"+first+"/text" {
		t.Errorf("problems %+v", p)
	}
	l.must(l.answer(map[string]any{first: map[string]any{"text": "đây"}}))
	l.must(l.answer(map[string]any{second: map[string]any{"text": "đây"}}))
	l.state("card", "checking")
}

func TestWithdrawingTheRestCancelsTheFee(t *testing.T) {
	l := newLine(t, map[string]any{"fee": int64(10000)})
	l.must(l.citizen("P", "", engine.ActWithdraw, map[string]any{"steps": []any{"card"}}))
	l.must(l.citizen("P", "", engine.ActWithdraw, nil))
	if l.c.Fee.Status != engine.FeeCancelled || l.c.Outcome != engine.Withdrawn {
		t.Errorf("fee %s, case %s %s", l.c.Fee.Status, l.c.Status, l.c.Outcome)
	}
	// The same with the parts named one by one.
	l = newLine(t, map[string]any{"fee": int64(10000)})
	l.must(l.citizen("P", "", engine.ActWithdraw, map[string]any{"steps": []any{"birth"}}))
	if l.c.Fee.Status != engine.FeeCancelled || l.c.Outcome != engine.Withdrawn {
		t.Errorf("without its first part: fee %s, case %s %s", l.c.Fee.Status, l.c.Status, l.c.Outcome)
	}
}

func TestWithdrawalOfUnreadablePartsWithdrawsNothing(t *testing.T) {
	l := newLine(t, nil)
	l.must(l.staff("birth", "receive", engine.ByReception, nil))
	for _, steps := range []any{"card", []any{}, map[string]any{"card": true}, []any{int64(1)}} {
		l.code(l.citizen("P", "", engine.ActWithdraw, map[string]any{"steps": steps}), engine.Invalid)
	}
	if l.c.Dossier("birth").State != "checking" {
		t.Error("something was withdrawn")
	}
}

func TestCorrectedPaperIsHandedOverAgain(t *testing.T) {
	l := newLine(t, map[string]any{"residence": false})
	birth := l.procedure("birth")
	birth.State("registered").Result.Paper = true
	l.registered()
	l.must(l.staff("card", "approve", engine.ByOfficer, nil))
	l.must(l.staff("birth", engine.ActHandOver, engine.ByReception, nil))
	l.code(l.staff("birth", engine.ActHandOver, engine.ByReception, nil), engine.WrongState)
	l.must(l.staff("birth", "correct", engine.ByOfficer, nil))
	l.must(l.staff("birth", "propose", engine.ByLeader, map[string]any{"child": map[string]any{"name": "Ân"}}))
	if l.c.Portal() != 9 {
		t.Errorf("portal %d while the new paper waits", l.c.Portal())
	}
	l.must(l.staff("birth", engine.ActHandOver, engine.ByReception, nil))
}

func TestFilingAgainWhatIsStillNotAskedForIsRefused(t *testing.T) {
	l := newLine(t, map[string]any{"residence": false})
	l.registered()
	l.must(l.staff("card", "approve", engine.ByOfficer, nil))
	n := l.c.Seq
	l.code(l.citizen("P", "residence", engine.ActRefile, nil), engine.Invalid)
	if l.c.Seq != n || l.c.Dossier("residence").Attempt != 1 {
		t.Error("a refiling that changes nothing got into history")
	}
	l.must(l.citizen("P", "residence", engine.ActRefile, map[string]any{"application": map[string]any{"residence": true}}))
	l.state("residence", "consenting")
	views := engine.Actions(l.defs, newAbsent(t).c, "residence", engine.Actor{Kind: engine.Citizen, ID: "P"}, l.now)
	if i := slices.IndexFunc(views, func(v engine.ActionView) bool { return v.Code == engine.ActRefile }); i < 0 || !views[i].Allowed {
		t.Error("refiling with another application is not offered")
	}
}

func newAbsent(t *testing.T) *line {
	l := newLine(t, map[string]any{"residence": false})
	l.registered()
	return l
}

func TestRequestThatWasOvertakenHoldsNothingBack(t *testing.T) {
	l := newLine(t, map[string]any{"residence": false})
	birth := l.procedure("birth")
	birth.State("recording").After = []engine.After{{Within: lim(t, "1 days"), Action: "give_up"}}
	birth.Actions = append(birth.Actions, &engine.Action{ID: "give_up", From: []string{"recording"}, To: to("checking"), By: by(engine.ByTimer)})
	l.must(l.staff("birth", "receive", engine.ByReception, nil))
	l.must(l.staff("birth", "sign", engine.ByLeader, nil))
	key := l.c.Dossier("birth").Request.Key
	l.now = l.now.AddDate(0, 0, 2)
	l.tick()
	l.state("birth", "checking")
	if l.c.Dossier("birth").Request != nil {
		t.Error("a request is waited for in a state that has none")
	}
	l.must(l.reply("birth", key, engine.ReplyDone))
	l.state("birth", "checking")
	l.must(l.staff("birth", engine.ActTransfer, engine.ByOfficer, map[string]any{"office": "civil-00070", "reason": "nhầm nơi"}))
}

func TestOfficeThatOnlyHelpsCannotTransfer(t *testing.T) {
	l := newLine(t, map[string]any{"residence": false})
	birth := l.procedure("birth")
	birth.States = append(birth.States, &engine.State{ID: "verifying", Portal: 4, Clock: calendar.Runs, At: expr{"x", func(engine.Vars) any { return "00070" }}})
	birth.Actions = append(birth.Actions, &engine.Action{ID: "ask", From: []string{"checking"}, To: to("verifying"), By: by(engine.ByOfficer)},
		&engine.Action{ID: "told", From: []string{"verifying"}, To: to("checking"), By: by(engine.ByOfficer)})
	l.must(l.staff("birth", "receive", engine.ByReception, nil))
	l.must(l.staff("birth", "ask", engine.ByOfficer, nil))
	l.code(l.staff("birth", engine.ActTransfer, engine.ByOfficer, map[string]any{"office": "civil-00071", "reason": "x"}), engine.WrongState)
	l.must(l.staff("birth", "told", engine.ByOfficer, nil))
	if o := l.c.Dossier("birth").Office; o != "civil-00004" {
		t.Errorf("came back to %s", o)
	}
}

func TestEmptyPartySetsKeepNoAlienInput(t *testing.T) {
	l := newLine(t, map[string]any{"head": []any{}, "owners": []any{}})
	l.registered() // a registry's reply opens it; nobody is to be asked
	l.state("residence", "checking")
	all, _ := l.c.Dossier("residence").Data["parties"].(map[string]any)
	if ids, ok := all["owners"].([]any); !ok || ids == nil || len(ids) != 0 {
		t.Errorf("who agreed: %#v", all)
	}
}

func TestTransferGoesToAStandingOffice(t *testing.T) {
	l := newLine(t, nil)
	for _, o := range []any{"civil-99999", "police-00070", "civil-00004", "nowhere", nil, int64(4)} {
		l.code(l.staff("birth", engine.ActTransfer, engine.ByReception, map[string]any{"office": o, "reason": "x"}), engine.Invalid)
	}
}

func TestPlaceThatIsNoTextIsAnErrorNotACrash(t *testing.T) {
	l := newLine(t, map[string]any{"residence": false})
	l.defs.svc.Steps[2].At = expr{"7", func(engine.Vars) any { return int64(7) }}
	l.must(l.staff("birth", "receive", engine.ByReception, nil))
	l.must(l.staff("birth", "sign", engine.ByLeader, nil))
	l.code(l.reply("birth", l.c.Dossier("birth").Request.Key, engine.ReplyDone), engine.Internal)
}

func TestNewDateIsSane(t *testing.T) {
	l := newLine(t, nil)
	l.must(l.staff("birth", "receive", engine.ByReception, nil))
	for _, at := range []any{"9999-12-31T23:59:59Z", "2126-01-01T00:00:00Z", nil, "morgen", int64(3), l.now.Format(time.RFC3339)} {
		l.code(l.staff("birth", engine.ActApologise, engine.ByOfficer, map[string]any{"reason": "x", "new_due": at}), engine.Invalid)
	}
}

// limits gives the birth a state handled elsewhere with a limit of its own.
func limits(l *line) {
	birth := l.procedure("birth")
	warn := lim(l.t, "1 working day")
	birth.States = append(birth.States, &engine.State{ID: "verifying", Portal: 4, Clock: calendar.Runs,
		Limit: &engine.Limit{Within: lim(l.t, "3 working days"), Warn: &warn}})
	birth.Actions = append(birth.Actions, &engine.Action{ID: "ask", From: []string{"checking"}, To: to("verifying"), By: by(engine.ByOfficer)})
	l.must(l.staff("birth", "receive", engine.ByReception, nil)) // Monday 9:00: due Tuesday 17:00
	l.must(l.staff("birth", "ask", engine.ByOfficer, nil))       // due Thursday 17:00
}

func TestEachDueTimeIsWarnedOfOnce(t *testing.T) {
	l := newLine(t, nil)
	limits(l)
	var near []string
	for at := l.c.NextTimer(); !at.IsZero() && len(near) < 9; at = l.c.NextTimer() {
		l.now = at
		l.tick()
		for _, v := range l.last {
			if n, ok := v.(engine.Notified); ok && n.What == engine.NoteNear {
				near = append(near, at.Format("Mon 15:04")+" of "+n.Params["due"].(string)[8:16])
			}
		}
	}
	want := []string{"Tue 15:00 of 08T17:00", "Wed 17:00 of 10T17:00"}
	if !slices.Equal(near, want) {
		t.Errorf("warned %q, want %q", near, want)
	}
}

func TestNewCalendarMovesEveryDueTime(t *testing.T) {
	l := newLine(t, map[string]any{"residence": false})
	limits(l)
	off, err := calendar.New(calendar.Spec{ID: "c2", Announced: "2026-09-07", Days: map[string]calendar.Year{"2026": {Holidays: []calendar.Holiday{{Date: "2026-09-09"}}}}})
	l.must(err)
	two := &twoCalendars{l.defs, off, l.now.Add(time.Hour)}
	due := l.c.Dossier("birth").StateDue
	es, err := engine.Decide(two, l.c, engine.Command{Action: engine.ActClaim, Case: "C1", Step: "birth", IfMatch: &l.c.Dossier("birth").Rev,
		Actor: engine.Actor{Kind: engine.Staff, ID: "o", Office: "civil-00004", Roles: []string{engine.ByOfficer}}}, engine.Facts{}, l.now.Add(2*time.Hour))
	l.must(err)
	if got := engine.Fold(l.c, es[0]).Dossier("birth").StateDue; !got.Equal(due.AddDate(0, 0, 1)) {
		t.Errorf("the state's due time is %v, want a day after %v", got, due)
	}
}

func TestDeadlineIsNotEnforcedBeforeTheNewCalendarHasMovedIt(t *testing.T) {
	for _, received := range []bool{true, false} {
		l := newLine(t, map[string]any{"residence": false})
		ask := l.procedure("birth").Action("request_supplement")
		ask.From = append(ask.From, "submitted")
		if received {
			l.must(l.staff("birth", "receive", engine.ByReception, nil))
		}
		l.must(l.staff("birth", "request_supplement", engine.ByOfficer, items("giấy"))) // until Wednesday 16th
		off, err := calendar.New(calendar.Spec{ID: "c2", Announced: "2026-09-08", Days: map[string]calendar.Year{"2026": {Holidays: []calendar.Holiday{{Date: "2026-09-15"}}}}})
		l.must(err)
		two := &twoCalendars{l.defs, off, l.now.AddDate(0, 0, 1)}
		c := l.c
		for _, days := range []int{9, 10} { // the evenings of the 16th and the 17th
			es, err := engine.Decide(two, c, engine.Command{Action: engine.ActTick, Case: "C1"}, engine.Facts{}, l.now.AddDate(0, 0, days).Add(10*time.Hour))
			l.must(err)
			for _, e := range es {
				c = engine.Fold(c, e)
			}
			if got := c.Dossier("birth").State == "expired"; got != (days == 10) {
				t.Errorf("received %v: after %d days the dossier is %s", received, days, c.Dossier("birth").State)
			}
		}
	}
}

func TestNothingOpensOnAResultAnnulledFurtherBack(t *testing.T) {
	l := newLine(t, map[string]any{"residence": false})
	chained(l)
	l.defs.svc.Steps[3].Needs = []engine.Need{{Step: "card"}} // and, through it, the birth
	l.file(map[string]any{"residence": false})
	l.registered()
	l.must(l.staff("birth", "correct", engine.ByOfficer, nil))
	l.must(l.staff("birth", "annul", engine.ByLeader, nil))
	l.must(l.staff("card", "approve", engine.ByOfficer, nil))
	if d := l.c.Dossier("extra"); d.Status != engine.StatusClosed || d.Closed != engine.ClosedNeed || l.c.Outcome != engine.CompletedInPart {
		t.Errorf("extra is %s %s, the case %s", d.Status, d.Closed, l.c.Outcome)
	}
	l.code(l.citizen("P", "extra", engine.ActRefile, nil), engine.WrongState)
}

// lastly adds a step that needs others and takes nothing from them.
func (l *line) lastly(needs ...engine.Need) {
	l.defs.svc.Steps = append(l.defs.svc.Steps, &engine.Step{ID: "last", Procedure: l.procedure("card"), At: path("application.commune"), Needs: needs})
}

func (l *line) status(step string, want engine.StepStatus) {
	l.t.Helper()
	if got := l.c.Dossier(step).Status; got != want {
		l.t.Fatalf("%s is %s, want %s", step, got, want)
	}
}

// One need that is refused does not close a step while another may still end in any way.
func TestAStepIsJudgedWhenAllItsNeedsHaveEnded(t *testing.T) {
	l := newLine(t, nil)
	l.lastly(engine.Need{Step: "residence"}, engine.Need{Step: "card"})
	l.file(nil)
	l.registered()
	l.must(l.citizen("O1", "residence", "decline", nil))
	l.state("residence", "refused")
	l.status("last", engine.StatusWaiting)
	l.must(l.staff("card", "approve", engine.ByOfficer, nil))
	if d := l.c.Dossier("last"); d.Status != engine.StatusClosed || d.Closed != engine.ClosedNeed {
		t.Errorf("last is %s %s", d.Status, d.Closed)
	}
}

func TestNothingOpensWhileWhatIsFurtherBackRunsAgain(t *testing.T) {
	l := newLine(t, nil)
	chained(l)
	l.lastly(engine.Need{Step: "extra"}, engine.Need{Step: "residence"}) // and, through extra, the card
	l.file(nil)
	l.registered()
	l.must(l.staff("card", "approve", engine.ByOfficer, nil))
	l.must(l.staff("extra", "approve", engine.ByOfficer, nil))
	l.must(l.staff("card", "drop", engine.ByOfficer, nil))
	l.must(l.citizen("P", "card", engine.ActRefile, nil))
	l.state("card", "checking")
	l.consented()
	l.must(l.staff("residence", "approve", engine.ByLeader, nil))
	l.status("last", engine.StatusWaiting)
	l.must(l.staff("card", "approve", engine.ByOfficer, nil))
	l.status("last", engine.StatusOpen)
}

// A step that is not applicable makes what cannot do without it not applicable too, and
// one that was not asked for leaves it unasked: neither is a failure.
func TestWhySomethingDidNotRunIsPassedOn(t *testing.T) {
	for kind, want := range map[engine.ElseKind]string{
		engine.ElseAbsent: engine.ClosedAbsent, engine.ElseNotApplicable: engine.ClosedNotApplicable, engine.ElseRefuse: engine.ClosedNeed,
	} {
		l := newLine(t, nil)
		l.defs.svc.Step("residence").Else = engine.Else{Kind: kind, Reason: engine.Text{VI: "không", EN: "no"}}
		l.lastly(engine.Need{Step: "residence"})
		l.file(map[string]any{"residence": false})
		l.registered()
		if got := l.c.Dossier("last").Closed; got != want {
			t.Errorf("after %q it is closed as %q, want %q", kind, got, want)
		}
	}
}

// New values reach a dossier whose request is under way with the answer, not before:
// the registry is answering what was asked.
func TestCorrectionWaitsForTheAnswerUnderWay(t *testing.T) {
	l := newChain(t)
	extra := l.procedure("extra")
	extra.Machine = fsm{extra}
	extra.States = append(extra.States, &engine.State{ID: "asking", Portal: 4, Clock: calendar.Runs,
		Request: &engine.RequestSpec{Registry: "r", Operation: "o", Replies: map[string]string{"ok": "answered", "refused": "answered"}}})
	extra.Actions = append(extra.Actions, &engine.Action{ID: "ask", From: []string{"checking"}, To: to("asking"), By: by(engine.ByOfficer)},
		&engine.Action{ID: "answered", From: []string{"asking"}, To: to("checking"), By: by(engine.ByRegistry)})
	l.must(l.staff("extra", "ask", engine.ByOfficer, nil))
	l.must(l.staff("birth", "correct", engine.ByOfficer, nil))
	l.must(l.staff("birth", "propose", engine.ByLeader, map[string]any{"child": map[string]any{"name": "Ân"}}))
	name := func() string { return engine.Str(l.c.Dossier("extra").With, "child", "name") }
	if name() != "An" {
		t.Errorf("while the registry answers it works with %s", name())
	}
	l.must(l.reply("extra", l.c.Dossier("extra").Request.Key, engine.ReplyDone))
	if l.state("extra", "checking"); name() != "Ân" {
		t.Errorf("after the answer it works with %s", name())
	}
}
