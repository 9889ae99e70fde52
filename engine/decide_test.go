package engine_test

import (
	"encoding/json"
	"reflect"
	"slices"
	"testing"
	"time"

	"lienthong/engine"
	"lienthong/engine/calendar"
)

func TestLinkedBirthRunsToItsEnd(t *testing.T) {
	l := newLine(t, nil)
	l.state("birth", "submitted")
	if got := l.c.Portal(); got != 1 {
		t.Errorf("portal %d, want 1", got)
	}
	if l.c.Dossier("card").Status != engine.StatusWaiting {
		t.Fatal("the card opened before the birth was registered")
	}
	l.registered()
	if d := l.c.Dossier("card"); d.Status != engine.StatusOpen || d.Uses["birth"] != 1 || engine.Str(d.With, "child", "name") != "An" {
		t.Fatalf("card: %+v", d)
	}
	l.code(l.citizen("X", "residence", "consent", nil), engine.Forbidden)
	l.must(l.citizen("O2", "residence", "consent", nil))
	l.state("residence", "consenting")
	l.must(l.citizen("H", "residence", "consent", nil))
	l.state("residence", "checking")
	l.must(l.staff("card", "approve", engine.ByOfficer, nil))
	l.must(l.staff("residence", "approve", engine.ByLeader, nil))
	if l.c.Status != engine.CaseEnded || l.c.Outcome != engine.Completed || l.c.Portal() != 9 {
		t.Fatalf("case %s %s portal %d", l.c.Status, l.c.Outcome, l.c.Portal())
	}
	l.must(l.staff("residence", engine.ActHandOver, engine.ByReception, nil))
	if l.c.Portal() != 10 {
		t.Errorf("portal %d after delivery, want 10", l.c.Portal())
	}
	if l.c.NextTimer() != (time.Time{}) {
		t.Error("an ended case keeps a timer")
	}
}

func TestHistorySurvivesJSON(t *testing.T) {
	l := newLine(t, map[string]any{"fee": int64(9007199254740993)})
	var again *engine.Case
	for _, e := range l.history {
		b, err := json.Marshal(e)
		l.must(err)
		var back engine.Entry
		l.must(engine.Unmarshal(b, &back))
		again = engine.Fold(again, back)
	}
	a, _ := json.Marshal(l.c)
	b, _ := json.Marshal(again)
	if string(a) != string(b) {
		t.Fatalf("after JSON:\n%s\nwant\n%s", b, a)
	}
	if again.Fee.Amount != 9007199254740993 {
		t.Errorf("fee %d lost digits", again.Fee.Amount)
	}
}

// The same instant decides the same wherever the clock stands and however fine it is:
// history keeps microseconds, in Vietnam's time.
func TestInstantsAreKeptAsHistoryHoldsThem(t *testing.T) {
	l := newLine(t, nil)
	want := l.now.Add(time.Hour + 5*time.Microsecond)
	l.now = want.Add(678 * time.Nanosecond).UTC()
	l.must(l.staff("birth", "receive", engine.ByReception, nil))
	e := l.history[len(l.history)-1]
	if !e.At.Equal(want) || e.At.Location() != calendar.Zone {
		t.Errorf("decided at %v, want %v", e.At, want)
	}
	if at := engine.Str(l.c.Dossier("birth").Data, "receive", "at"); at != want.Format(time.RFC3339Nano) {
		t.Errorf("recorded at %s, want %s", at, want.Format(time.RFC3339Nano))
	}
}

func TestFeeGatesTheSteps(t *testing.T) {
	l := newLine(t, map[string]any{"fee": int64(10000)})
	if l.c.Portal() != 6 || l.c.Dossier("birth").Status != engine.StatusWaiting {
		t.Fatal("unpaid, yet something opened")
	}
	l.must(l.reply("", "other", engine.ReplyDone))
	if l.c.Fee.Status != engine.FeeWaiting {
		t.Fatal("another request's reply paid the fee")
	}
	l.must(l.reply("", l.c.Fee.Request, engine.ReplyDone))
	l.state("birth", "submitted")
	unpaid := newLine(t, map[string]any{"fee": int64(10000)})
	unpaid.now = unpaid.now.AddDate(0, 0, 8)
	unpaid.must(unpaid.run(engine.Command{Action: engine.ActTick}, engine.Facts{}))
	if unpaid.c.Outcome != engine.Expired {
		t.Fatalf("outcome %q, want expired", unpaid.c.Outcome)
	}
}

func TestRefusalsChangeNothing(t *testing.T) {
	l := newLine(t, nil)
	seq := l.c.Seq
	l.code(l.staff("birth", "sign", engine.ByLeader, nil), engine.WrongState)
	l.code(l.staff("birth", "receive", engine.ByOfficer, nil), engine.Forbidden)
	l.code(l.staff("birth", "receive", engine.ByReception, map[string]any{"x": 1}), engine.Invalid)
	l.code(l.staff("birth", "recorded", engine.ByReception, nil), engine.WrongState)
	l.code(l.run(engine.Command{Action: "receive", Step: "birth", Actor: engine.Actor{Kind: engine.Staff, Office: "civil-00004", Roles: []string{"reception"}}}, engine.Facts{}), engine.VersionRequired)
	old := l.c.Dossier("birth").Rev - 1
	l.code(l.run(engine.Command{Action: "receive", Step: "birth", IfMatch: &old, Actor: engine.Actor{Kind: engine.Staff, Office: "civil-00004", Roles: []string{"reception"}}}, engine.Facts{}), engine.StaleVersion)
	l.code(l.run(engine.Command{Action: "receive", Step: "nope"}, engine.Facts{}), engine.NotFound)
	l.must(l.staff("birth", "receive", engine.ByReception, nil))
	bad := newLine(t, map[string]any{"child": map[string]any{"name": "Xấu"}})
	bad.must(bad.staff("birth", "receive", engine.ByReception, nil))
	bad.code(bad.staff("birth", "sign", engine.ByLeader, nil), engine.Precondition)
	if l.c.Seq != seq+1 {
		t.Errorf("refusals left %d entries", l.c.Seq-seq)
	}
}

func TestFilingChecks(t *testing.T) {
	d := fakeBirth(t)
	now := time.Date(2026, 9, 7, 9, 0, 0, 0, calendar.Zone)
	file := func(actor engine.Actor, in map[string]any) error {
		_, err := engine.Decide(d, nil, engine.Command{Action: engine.ActFile, Actor: actor, Input: in,
			File: &engine.Filing{Service: "birth", Version: "1", Channel: 2, Requester: engine.Person{ID: "P"}}}, engine.Facts{}, now)
		return err
	}
	citizen := engine.Actor{Kind: engine.Citizen, ID: "P"}
	if c := engine.CodeOf(file(citizen, map[string]any{})); c != engine.Invalid {
		t.Errorf("empty form: %s", c)
	}
	if c := engine.CodeOf(file(engine.Actor{Kind: engine.Citizen, ID: "Q"}, map[string]any{"child": map[string]any{}})); c != engine.Forbidden {
		t.Errorf("for another: %s", c)
	}
	err := file(citizen, map[string]any{"child": map[string]any{"name": "An"}, "commune": "99999"})
	e, ok := err.(*engine.Error)
	if !ok || e.Code != engine.Invalid || len(e.Problems) == 0 || e.Problems[0].Pointer != "/commune" {
		t.Errorf("no office there: %v", err)
	}
}

func TestDueTimersFireFirst(t *testing.T) {
	l := newLine(t, nil)
	l.registered()
	l.now = l.now.AddDate(0, 0, 10) // consent ran out after 3 days; the card is overdue
	n := len(l.history)
	err := l.staff("residence", "approve", engine.ByOfficer, nil) // refused: leaders approve
	if err == nil {
		t.Fatal("an officer approved")
	}
	fired := l.history[n:]
	if len(fired) == 0 {
		t.Fatal("due timers were not fired because the command was refused")
	}
	l.state("residence", "checking")
	want := l.history[0].At.AddDate(0, 0, 3)
	if e := fired[len(fired)-1]; !e.At.Equal(want) || e.Command.Actor.Kind != engine.Timer {
		t.Errorf("entry at %v by %s, want the due time %v", e.At, e.Command.Actor.Kind, want)
	}
}

// What fired is not lost with a command that is refused or changes nothing.
func TestDueTimersFireWhateverBecomesOfTheCommand(t *testing.T) {
	for code, cmd := range map[engine.Code]func(l *line) error{
		engine.Forbidden: func(l *line) error { return l.staff("card", "approve", engine.ByReception, nil) }, // an officer's
		"":               func(l *line) error { return l.reply("card", "C1/9/9", engine.ReplyDone) },         // which nobody awaits
	} {
		l := newLine(t, nil)
		l.registered()
		l.now = l.now.AddDate(0, 0, 4) // consent ran out
		before := l.c.Dossier("card").State
		l.code(cmd(l), code)
		l.state("residence", "checking")
		l.state("card", before)
	}
}

// By due time, and what is due at one instant by its id: card before residence.
func TestDueTimersFireInOrder(t *testing.T) {
	for _, tt := range []struct {
		asked [2]string
		apart int // days between the two
		want  [2]string
	}{
		{[2]string{"residence", "card"}, 0, [2]string{"card", "residence"}},
		{[2]string{"card", "residence"}, 0, [2]string{"card", "residence"}},
		{[2]string{"residence", "card"}, 1, [2]string{"residence", "card"}},
		{[2]string{"card", "residence"}, 1, [2]string{"card", "residence"}},
	} {
		l := newLine(t, nil)
		l.registered()
		l.consented()
		for _, step := range tt.asked {
			l.must(l.staff(step, "request_supplement", engine.ByOfficer, items("giấy")))
			l.now = l.now.AddDate(0, 0, tt.apart)
		}
		n := len(l.history)
		l.now = l.now.AddDate(0, 0, 20)
		l.tick()
		var got []string
		for _, e := range l.history[n:] {
			got = append(got, e.Command.Step)
		}
		if !slices.Equal(got, tt.want[:]) {
			t.Errorf("asked %v, %d days apart: fired %v, want %v", tt.asked, tt.apart, got, tt.want)
		}
	}
}

func TestTimerThatMovedTheDossierMakesWrongState(t *testing.T) {
	l := newLine(t, nil)
	l.registered()
	l.now = l.now.AddDate(0, 0, 4)
	l.code(l.citizen("H", "residence", "consent", nil), engine.WrongState)
	l.state("residence", "checking")
}

// What somebody decided on the dossier as it was is not done to what a deadline has
// made of it, even where the action is still open.
func TestTimerThatMovedTheDossierIsNotDecidedOver(t *testing.T) {
	l := newLine(t, nil)
	refuse := l.procedure("residence").Action("refuse")
	refuse.From = append(refuse.From, "consenting")
	l.registered()
	l.now = l.now.AddDate(0, 0, 4)
	l.code(l.staff("residence", "refuse", engine.ByLeader, map[string]any{"reason": "không ai đồng ý"}), engine.WrongState)
	l.state("residence", "checking")
	l.must(l.staff("residence", "refuse", engine.ByLeader, map[string]any{"reason": "không ai đồng ý"}))
}

func TestWarningFiresOnceForEachDueTime(t *testing.T) {
	l := newLine(t, nil)
	l.must(l.staff("birth", "receive", engine.ByReception, nil))
	l.now = l.c.NextTimer()
	l.must(l.run(engine.Command{Action: engine.ActTick}, engine.Facts{}))
	if !slices.Contains(l.told(), "near→office:civil-00004") {
		t.Fatalf("told %v", l.told())
	}
	if !l.c.NextTimer().IsZero() {
		t.Fatal("warned twice of one due time")
	}
	due := l.c.Dossier("birth").Clock.Due
	in := map[string]any{"reason": "thiếu người", "new_due": due.AddDate(0, 0, 1).Format(time.RFC3339)}
	l.must(l.staff("birth", engine.ActApologise, engine.ByOfficer, in))
	if got := l.c.Dossier("birth").Clock.Due; !got.Equal(due.AddDate(0, 0, 1)) {
		t.Errorf("due %v", got)
	}
	if !slices.Contains(l.told(), "apology→P") {
		t.Errorf("told %v", l.told())
	}
	if l.c.NextTimer().IsZero() {
		t.Error("no warning of the new date")
	}
	in["new_due"] = due.AddDate(0, 0, 2).Format(time.RFC3339)
	l.code(l.staff("birth", engine.ActApologise, engine.ByOfficer, in), engine.WrongState)
}

func TestSupplementAskedByTwoOffices(t *testing.T) {
	l := newLine(t, nil)
	l.registered()
	l.must(l.citizen("O1", "residence", "consent", nil))
	l.must(l.citizen("H", "residence", "consent", nil))
	ask := func(what ...string) map[string]any {
		var items []any
		for _, w := range what {
			items = append(items, map[string]any{"kind": "paper", "about": w, "reason": "thiếu"})
		}
		return map[string]any{"items": items}
	}
	l.must(l.staff("residence", "request_supplement", engine.ByOfficer, ask("giấy tờ nhà", "văn bản đồng ý")))
	l.now = l.now.AddDate(0, 0, 1)
	l.must(l.staff("card", "request_supplement", engine.ByOfficer, ask("ảnh")))
	if len(l.c.Items) != 3 || l.c.Portal() != 5 || !l.c.Clock.PausedAt.Equal(l.now) {
		t.Fatalf("items %d, portal %d, paused %v", len(l.c.Items), l.c.Portal(), l.c.Clock.PausedAt)
	}
	for i, step := range map[int]string{0: "residence", 1: "residence", 2: "card"} {
		timers := l.c.Dossier(step).Timers
		if len(timers) == 0 || !l.c.Items[i].Due.Equal(timers[0].At) {
			t.Errorf("item %d is due %v, %s expires by %v", i, l.c.Items[i].Due, step, timers)
		}
	}
	if !l.c.Items[2].Due.After(l.c.Items[0].Due) {
		t.Error("each dossier has its own deadline")
	}
	answer := func(id string) error {
		return l.citizen("P", "", engine.ActAnswer, map[string]any{"items": map[string]any{id: map[string]any{"text": "đây"}}})
	}
	l.code(l.citizen("P", "", engine.ActAnswer, map[string]any{"items": map[string]any{"nope": map[string]any{"text": "x"}}}), engine.Invalid)
	l.code(l.citizen("H", "", engine.ActAnswer, map[string]any{"items": map[string]any{l.c.Items[0].ID: map[string]any{"text": "x"}}}), engine.Forbidden)
	l.must(answer(l.c.Items[0].ID))
	l.state("residence", "supplement")
	l.must(answer(l.c.Items[1].ID))
	l.state("residence", "checking")
	l.state("card", "supplement")
	if l.c.Portal() != 4 {
		t.Errorf("portal %d while one agency works again", l.c.Portal())
	}
	l.now = l.now.AddDate(0, 0, 20) // the card's supplement runs out
	l.must(l.run(engine.Command{Action: engine.ActTick}, engine.Facts{}))
	l.state("card", "expired")
	l.must(l.staff("residence", "approve", engine.ByLeader, nil))
	if l.c.Outcome != engine.CompletedInPart {
		t.Errorf("outcome %s", l.c.Outcome)
	}
	l.code(l.citizen("X", "card", engine.ActRefile, nil), engine.Forbidden)
	l.must(l.citizen("P", "card", engine.ActRefile, nil))
	l.state("card", "checking")
	if l.c.Status != engine.CaseOpen || l.c.Dossier("card").Attempt != 2 {
		t.Errorf("refiled: case %s, attempt %d", l.c.Status, l.c.Dossier("card").Attempt)
	}
}

func TestDeclineRefusesAndBirthStands(t *testing.T) {
	l := newLine(t, nil)
	l.registered()
	l.must(l.citizen("O1", "residence", "decline", nil))
	l.state("residence", "refused")
	l.must(l.staff("card", "approve", engine.ByOfficer, nil))
	if l.c.Outcome != engine.CompletedInPart || !l.c.Dossier("birth").Succeeded() || !l.c.KeyHeld() {
		t.Fatalf("outcome %s", l.c.Outcome)
	}
}

func TestWithdrawal(t *testing.T) {
	l := newLine(t, nil)
	l.code(l.citizen("P", "", engine.ActWithdraw, nil), engine.WrongState) // submitted has no withdrawal in this procedure
	l.must(l.staff("birth", "receive", engine.ByReception, nil))
	l.must(l.citizen("P", "", engine.ActWithdraw, map[string]any{"steps": []any{"residence"}}))
	if d := l.c.Dossier("residence"); d.Closed != engine.ClosedWithdrawn {
		t.Fatalf("residence %s %s", d.Status, d.Closed)
	}
	l.must(l.citizen("P", "", engine.ActWithdraw, nil))
	if l.c.Outcome != engine.Withdrawn || l.c.Portal() != 7 || l.c.KeyHeld() {
		t.Fatalf("outcome %s portal %d", l.c.Outcome, l.c.Portal())
	}
	rec := newLine(t, nil)
	rec.must(rec.staff("birth", "receive", engine.ByReception, nil))
	rec.must(rec.staff("birth", "sign", engine.ByLeader, nil))
	err := rec.citizen("P", "", engine.ActWithdraw, nil)
	rec.code(err, engine.WrongState) // a register-changing request is open
	if rec.c.Dossier("card").Status != engine.StatusWaiting {
		t.Error("a part was withdrawn although the whole was refused")
	}
}

func TestReturnUpstreamAndReview(t *testing.T) {
	l := newLine(t, nil)
	l.registered()
	l.must(l.citizen("O1", "residence", "consent", nil))
	l.must(l.citizen("H", "residence", "consent", nil))
	l.must(l.staff("residence", "approve", engine.ByLeader, nil)) // ended with version 1
	l.must(l.staff("card", "return_upstream", engine.ByOfficer, map[string]any{"what": "tên sai"}))
	l.state("birth", "correcting")
	l.state("card", "upstream")
	if !l.c.Dossier("birth").Succeeded() || l.c.Dossier("birth").Status != engine.StatusOpen {
		t.Error("a correction takes the result back before it is decided")
	}
	l.must(l.staff("birth", "propose", engine.ByLeader, map[string]any{"child": map[string]any{"name": "Ân"}}))
	l.state("card", "checking")
	if d := l.c.Dossier("card"); engine.Str(d.With, "child", "name") != "Ân" || d.Uses["birth"] != 2 {
		t.Fatalf("card works with %v version %d", d.With, d.Uses["birth"])
	}
	r := l.c.Dossier("residence").OpenReview()
	if r == nil || r.From != 1 || r.To != 2 || r.Due.IsZero() {
		t.Fatalf("residence review %+v", r)
	}
	l.must(l.staff("residence", "amend", engine.ByOfficer, nil))
	if l.c.Dossier("residence").OpenReview() != nil || l.c.Dossier("residence").Uses["birth"] != 2 {
		t.Error("the review is not closed with the new values")
	}
	l.code(l.staff("residence", "amend", engine.ByOfficer, nil), engine.WrongState)
}

func TestKeepGivesNoNewVersionAndAnnulRevokes(t *testing.T) {
	l := newLine(t, nil)
	l.registered()
	l.must(l.staff("card", "return_upstream", engine.ByOfficer, map[string]any{"what": "?"}))
	l.must(l.staff("birth", "keep", engine.ByLeader, nil))
	l.state("card", "checking")
	if v := l.c.Dossier("birth").Result.Version; v != 1 {
		t.Errorf("version %d after keeping", v)
	}
	l.must(l.staff("card", "approve", engine.ByOfficer, nil))
	l.must(l.staff("birth", "correct", engine.ByOfficer, nil))
	l.must(l.staff("birth", "annul", engine.ByLeader, nil))
	if !l.c.Dossier("birth").Result.Revoked || l.c.KeyHeld() {
		t.Error("annulled, yet it stands")
	}
	if r := l.c.Dossier("card").OpenReview(); r == nil || r.To != 0 {
		t.Errorf("card review %+v", r)
	}
}

func TestRepliesThatNobodyAwaitsChangeNothing(t *testing.T) {
	l := newLine(t, nil)
	l.must(l.staff("birth", "receive", engine.ByReception, nil))
	l.must(l.staff("birth", "sign", engine.ByLeader, nil))
	key := l.c.Dossier("birth").Request.Key
	l.must(l.reply("birth", "C1/1/1", engine.ReplyDone))
	l.state("birth", "recording")
	l.must(l.reply("birth", key, engine.ReplyRefused))
	l.state("birth", "checking")
	seq := l.c.Seq
	l.must(l.reply("birth", key, engine.ReplyRefused))
	l.must(l.reply("birth", key, engine.ReplyDone))
	if l.c.Seq != seq {
		t.Error("a repeated reply got into history")
	}
}

func TestDecideIsDeterministicAndLeavesItsArgumentAlone(t *testing.T) {
	l := newLine(t, nil)
	l.registered()
	before, _ := json.Marshal(l.c)
	rev := l.c.Dossier("card").Rev
	cmd := engine.Command{Action: "approve", Step: "card", Case: "C1", IfMatch: &rev,
		Actor: engine.Actor{Kind: engine.Staff, ID: "o", Office: "insurance-00004", Roles: []string{engine.ByOfficer}}}
	first, err := engine.Decide(l.defs, l.c, cmd, engine.Facts{}, l.now)
	l.must(err)
	for range 50 {
		again, err := engine.Decide(l.defs, l.c, cmd, engine.Facts{}, l.now)
		l.must(err)
		if !reflect.DeepEqual(first, again) {
			t.Fatal("the same command decided twice differs")
		}
	}
	if after, _ := json.Marshal(l.c); string(after) != string(before) {
		t.Fatal("Decide changed its argument")
	}
}

func TestActionsExplainThemselves(t *testing.T) {
	l := newLine(t, nil)
	office := engine.Actor{Kind: engine.Staff, ID: "r", Office: "civil-00004", Roles: []string{engine.ByReception}}
	views := engine.Actions(l.defs, l.c, "birth", office, l.now)
	find := func(code string) *engine.ActionView {
		for i := range views {
			if views[i].Code == code {
				return &views[i]
			}
		}
		return nil
	}
	if v := find("receive"); v == nil || !v.Allowed {
		t.Fatalf("receive: %+v", v)
	}
	if v := find("recorded"); v != nil {
		t.Error("a registry's action is offered to people")
	}
	views = engine.Actions(l.defs, l.c, "birth", engine.Actor{Kind: engine.Citizen, ID: "P"}, l.now)
	if v := find("receive"); v == nil || v.Allowed || len(v.Why) == 0 || v.Why[0].VI == "" {
		t.Errorf("the applicant sees receive as %+v", v)
	}
}

func BenchmarkDecide(b *testing.B) {
	t := &testing.T{}
	l := newLine(t, nil)
	rev := l.c.Dossier("birth").Rev
	cmd := engine.Command{Action: "receive", Step: "birth", Case: "C1", IfMatch: &rev,
		Actor: engine.Actor{Kind: engine.Staff, ID: "o", Office: "civil-00004", Roles: []string{engine.ByReception}}}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := engine.Decide(l.defs, l.c, cmd, engine.Facts{}, l.now); err != nil {
			b.Fatal(err)
		}
	}
}
