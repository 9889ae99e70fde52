package story_test

import (
	"testing"
	"time"

	"lienthong/agencies"
	"lienthong/cmd/lienthong/story"
)

// The population register answers two days late: the citizen sees since when the
// case waits, for whom and for what; then it goes on by itself.
func TestBirthWaitsForThePersonalNumber(t *testing.T) {
	t.Parallel()
	const officer = "officer.civil_status_00004"
	s := open(t, "2026-09-07 08:00", nil)
	if err := s.sys.Agencies.SetFaults("population", agencies.Faults{Operations: []string{"assign_personal_id"}, Later: "48h"}); err != nil {
		t.Fatal(err)
	}
	b := s.begin("birth-b4", without("residence")).Staff("reception", "birth", "receive", nil).Draft()
	s.until("2026-09-07 09:00")
	b.Applicant("birth", "confirm", nil).Want("birth", "assigning")
	s.until("2026-09-08 12:00")
	c := b.Now()
	d := c.Dossier("birth")
	if len(d.Waiting) != 1 {
		t.Fatalf("waiting: %+v", d.Waiting)
	}
	w := d.Waiting[0]
	if w.For != "registry" || w.Registry != "population" || w.Status != "accepted" || w.What.VI != "Cấp số định danh cá nhân cho trẻ" || w.Request == "" {
		t.Errorf("waiting: %+v", w)
	}
	s.instant("waits since", w.Since, "2026-09-07 09:00")
	s.instant("expected", w.Expected, "2026-09-09 09:00")
	if !d.Overdue || d.Clock != "runs" { // the register's delay is the office's: only the citizen's time is taken off
		t.Errorf("overdue %v, clock %s", d.Overdue, d.Clock)
	}
	s.due(b, "birth", "2026-09-07 17:00")
	for _, step := range []string{"card", "identity"} {
		if w := c.Dossier(step).Waiting; len(w) != 1 || w[0].For != "steps" || len(w[0].Steps) != 1 || w[0].Steps[0] != "birth" {
			t.Errorf("%s waits for %+v", step, w)
		}
	}
	if n := s.did("population", "assign_personal_id", w.Request); n != 0 {
		t.Errorf("performed %d times", n)
	}
	b.By(officer, "birth", "apologise", map[string]any{"reason": "Chờ cơ sở dữ liệu dân cư", "new_due": "2026-09-09T17:00:00+07:00"})
	s.until("2026-09-09 08:59")
	b.Want("birth", "assigning")
	s.until("2026-09-09 09:00")
	b.Want("birth", "signing")
	if n := s.did("population", "assign_personal_id", w.Request); n != 1 {
		t.Errorf("performed %d times", n)
	}
	b.Staff("leader", "birth", "sign", nil).Want("birth", "registered")
	s.heard(officer, b.Code, "near birth") // once: the answer came before the new date was near
	s.heard(tuan, b.Code, "filed", "received birth", "task birth", "apology birth", "result birth")
	s.due(b, "card", "2026-09-11 17:00")
	s.ok(b)
	s.sound()
}

// The household head declines: residence is refused while birth and cards stand.
// The case says that the part may be filed again; it is, with another household.
func TestBirthResidenceDeclinedThenFiledAgain(t *testing.T) {
	t.Parallel()
	s := open(t, "2026-09-07 08:00", nil)
	b := s.begin("birth-consent-declined", nil).Registered() // 09:30
	first := b.Now().Dossier("residence")
	if first.State != "consenting" || first.Clock != "paused" {
		t.Fatalf("residence: %s, clock %s", first.State, first.Clock)
	}
	s.heard(cuong, b.Code, "party residence")
	s.tasks(cuong, "party residence 2026-09-10 09:30")
	if c := s.seenBy(cuong, b); c.View != "party" || c.Application != nil || len(c.Dossiers) != 1 {
		t.Errorf("the head sees %s with %d parts", c.View, len(c.Dossiers))
	}
	b.Refused(b.Citizen, "residence", "consent", nil, "forbidden")
	b.Refused(hung, "residence", "consent", nil, "not_found")
	s.until("2026-09-07 14:00")
	b.Refused(cuong, "residence", "decline", nil, "invalid") // says why
	b.By(cuong, "residence", "decline", map[string]any{"reason": "Chỗ ở chật"}).Want("residence", "declined")
	b.Refused(b.Clerk("officer", "residence"), "residence", "refuse", refusal, "forbidden")
	s.until("2026-09-08 09:00")
	b.Staff("leader", "residence", "refuse", map[string]any{"reason": "Chủ hộ không đồng ý", "legal_basis": "Luật Cư trú 2020 Điều 20"}).Want("residence", "refused")
	identified(carded(b)).WantEnd("completed_in_part", 9)
	c := b.Now()
	d := c.Dossier("residence")
	if d.Final != "refused" || d.Result == nil || d.Result.Document != "residence_refusal" || d.Result.Code != "KQ.G01.000067" || d.Result.Data["reason"] != "Chủ hộ không đồng ý" {
		t.Errorf("residence: %s %+v", d.Final, d.Result)
	}
	if a, ok := action(d.Actions, "refile"); !ok || !a.Allowed {
		t.Errorf("what to file again: %+v", d.Actions)
	}
	for _, step := range []string{"birth", "card", "identity"} {
		if _, ok := action(c.Dossier(step).Actions, "refile"); ok {
			t.Errorf("%s stands, yet may be filed again", step)
		}
	}
	s.heard(long, b.Code, "filed", "received birth", "task birth", "result birth", "refused residence", "result card", "result identity", "ended")

	s.until("2026-09-10 10:00")
	isRefusal(t, s.built(b, bao, "residence", "refile", nil), "not_found")
	isRefusal(t, s.built(b, b.Citizen, "residence", "refile", map[string]any{"application": map[string]any{"residence": map[string]any{"commune": "99999"}}}), "precondition")
	s.does(b, b.Citizen, "residence", "refile", map[string]any{"application": map[string]any{"residence": map[string]any{
		"commune": "20242", "household": "DN-0001", "head": map[string]any{"id": bao, "name": "Phạm Quốc Bảo"}, "relation": "nephew"}}})
	c = b.Now()
	again := c.Dossier("residence")
	if again.Attempt != 2 || again.Code == d.Code || again.State != "consenting" || again.Office.ID != "police_20242" || c.Status != "open" {
		t.Errorf("filed again: attempt %d under %s in %s at %s, case %s", again.Attempt, again.Code, again.State, again.Office.ID, c.Status)
	}
	if with, _ := again.With["person"].(map[string]any); with["id"] != c.Dossier("birth").Result.Data["child"].(map[string]any)["id"] {
		t.Errorf("prefilled with %v", again.With)
	}
	if name := c.Application["child"].(map[string]any)["name"]; name != "Hoàng Minh Quân" {
		t.Errorf("the rest of the application: %v", name)
	}
	b.By(bao, "residence", "consent", nil).Want("residence", "checking")
	b.Staff("officer", "residence", "check", map[string]any{"household": "DN-0001", "relation": "nephew", "consent_shown_by": "vneid"})
	s.due(b, "residence", "2026-09-14 17:00")
	b.Staff("leader", "residence", "approve", nil).Want("residence", "registered").WantEnd("completed", 9)
	s.heardSince(8, long, b.Code, "result residence", "ended")
	s.ok(b)
	s.sound()
}

// Nobody answers: the office goes on without, and asks for the consent on paper.
func TestBirthConsentNotAnswered(t *testing.T) {
	t.Parallel()
	s := open(t, "2026-09-07 08:00", nil)
	b := s.begin("birth-unknown-father", nil).Registered()
	s.heard(sau, b.Code, "party residence")
	s.until("2026-09-10 09:29")
	b.Want("residence", "consenting")
	s.until("2026-09-10 09:30")
	b.Want("residence", "checking").Refused(sau, "residence", "consent", nil, "not_found")
	s.tasks(sau)
	s.due(b, "residence", "2026-09-14 17:00") // two working days, and three that the family took
	b.Staff("officer", "residence", "request_supplement", asks("Văn bản đồng ý của chủ hộ"))
	b.Applicant("", "answer_supplement", answers(items(b, "residence")...)).Want("residence", "checking")
	b.Staff("officer", "residence", "check", map[string]any{"household": "HCM-0001", "relation": "grandchild", "consent_shown_by": "paper"})
	b.Staff("leader", "residence", "approve", nil).Want("residence", "registered")
	s.ok(b)
	s.sound()
}

// Before the birth is registered everything is withdrawn together.
func TestBirthWithdrawnWhole(t *testing.T) {
	t.Parallel()
	s := open(t, "2026-09-07 08:00", nil)
	b := s.begin("birth-b4", nil).Staff("reception", "birth", "receive", nil).Later(time.Hour)
	b.Refused(ha, "", "withdraw", nil, "not_found")
	b.Refused("reception.civil_status_00004", "", "withdraw", nil, "forbidden")
	b.Applicant("", "withdraw", map[string]any{"reason": "Sẽ đăng ký ở quê"}).WantEnd("withdrawn", 7)
	for _, step := range []string{"residence", "card", "identity"} {
		if d := b.Now().Dossier(step); d.Status != "closed" || d.Closed != "withdrawn" {
			t.Errorf("%s: %s %s", step, d.Status, d.Closed)
		}
	}
	s.heard(tuan, b.Code, "filed", "received birth", "withdrawn birth", "ended")
	s.begin("birth-b4", nil).Registered()
	s.ok(b)
	s.sound()
}

// While the number is being assigned nothing can be taken back; after the
// registration only what is not finished.
func TestBirthWithdrawnInPart(t *testing.T) {
	t.Parallel()
	s := open(t, "2026-09-07 08:00", nil)
	slow := func(registry, operation string) {
		t.Helper()
		if err := s.sys.Agencies.SetFaults(registry, agencies.Faults{Operations: []string{operation}, Later: "2h"}); err != nil {
			t.Fatal(err)
		}
	}
	slow("population", "assign_personal_id")
	slow("social_insurance", "issue_child_card")
	b := s.begin("birth-b4", nil).Staff("reception", "birth", "receive", nil).Draft().Applicant("birth", "confirm", nil).Want("birth", "assigning")
	p := s.withdrawal(b, nil, "wrong_state")
	if p.Detail != "this part cannot be withdrawn now: Birth registration" {
		t.Errorf("told %q", p.Detail)
	}
	b.Later(2*time.Hour).Staff("leader", "birth", "sign", nil).Want("birth", "registered")
	s.withdrawal(b, []any{"birth"}, "wrong_state") // it stands
	s.withdrawal(b, []any{"wedding"}, "invalid")
	b.Later(time.Hour).Staff("officer", "card", "approve", nil).Want("card", "recording")
	s.withdrawal(b, nil, "wrong_state") // all that is open, the card among them
	b.Applicant("", "withdraw", map[string]any{"steps": []any{"identity"}, "reason": "Làm sau"}).Want("identity", "withdrawn")
	b.Later(2*time.Hour).Want("card", "issued").Want("residence", "consenting")
	b.Applicant("", "withdraw", nil).Want("residence", "withdrawn").WantEnd("completed_in_part", 10)
	s.heardSince(3, tuan, b.Code, "result birth", "withdrawn identity", "result card", "withdrawn residence", "ended")
	s.tasks(hung) // nobody asks the grandfather any more
	s.withdrawal(b, nil, "wrong_state")
	if a, ok := action(b.Now().Dossier("identity").Actions, "refile"); !ok || !a.Allowed {
		t.Error("a withdrawn part may be filed again")
	}
	s.ok(b)
	s.sound()
}

// withdrawal is a withdrawal that must be refused.
func (s *stage) withdrawal(b *story.Tale, steps []any, code string) *story.Problem {
	s.t.Helper()
	in := map[string]any{}
	if steps != nil {
		in["steps"] = steps
	}
	return s.refused(story.Request{Account: b.Citizen, Method: "POST", Path: "/cases/" + b.Code + "/actions/withdraw", IfMatch: b.Now().ETag,
		Lang: "en", Body: map[string]any{"input": in}}, code)
}

// A part is sent on to another office of its kind, which alone acts from then on;
// within an office its work is claimed, released and assigned.
func TestBirthTransferAndAssignment(t *testing.T) {
	t.Parallel()
	s := open(t, "2026-09-07 08:00", nil)
	const here, there = "civil_status_00004", "civil_status_00070"
	b := s.begin("birth-b4", nil).Staff("reception", "birth", "receive", nil)
	s.ok(b)
	move := func(office string) map[string]any {
		return map[string]any{"office": office, "reason": "Cha mẹ cư trú ở phường Hoàn Kiếm"}
	}
	s.does(b, "officer."+here, "birth", "claim", nil)
	if who := b.Now().Dossier("birth").Assignee; who != "officer."+here {
		t.Errorf("held by %q", who)
	}
	isRefusal(t, s.built(b, "reception."+here, "birth", "claim", nil), "wrong_state")
	isRefusal(t, s.built(b, "reception."+here, "birth", "release", nil), "forbidden")
	s.does(b, "officer."+here, "birth", "release", nil)
	isRefusal(t, s.built(b, "officer."+here, "birth", "release", nil), "wrong_state")
	isRefusal(t, s.built(b, "officer."+here, "birth", "assign", map[string]any{"account": "officer." + here}), "forbidden")
	isRefusal(t, s.built(b, "leader."+here, "birth", "assign", map[string]any{"account": "officer." + there}), "invalid")
	s.does(b, "leader."+here, "birth", "assign", map[string]any{"account": "officer." + here})
	if who := b.Now().Dossier("birth").Assignee; who != "officer."+here {
		t.Errorf("held by %q", who)
	}

	isRefusal(t, s.built(b, tuan, "birth", "transfer", move(there)), "forbidden")
	isRefusal(t, s.built(b, "officer."+here, "birth", "transfer", move("police_00070")), "invalid")
	isRefusal(t, s.built(b, "officer."+here, "birth", "transfer", move(here)), "invalid")
	isRefusal(t, s.built(b, "officer."+there, "birth", "transfer", move(there)), "not_found")
	s.until("2026-09-07 10:00")
	s.does(b, "officer."+here, "birth", "transfer", move(there))
	d := b.Now().Dossier("birth")
	if d.Office.ID != there || d.Assignee != "" || d.State != "received" {
		t.Errorf("at %s, held by %q, %s", d.Office.ID, d.Assignee, d.State)
	}
	s.due(b, "birth", "2026-09-07 17:00")
	s.heard("officer."+there, b.Code, "returned birth")
	b.Refused("officer."+here, "birth", "draft", b.DraftInput(), "forbidden")
	b.By("officer."+there, "birth", "draft", b.DraftInput()).Applicant("birth", "confirm", nil).By("leader."+there, "birth", "sign", nil).Want("birth", "registered")
	if r := s.result(b.Now().Dossier("birth").Result.ID); r.Status != "genuine" || r.Office.ID != there {
		t.Errorf("issued by %s: %s", r.Office.ID, r.Status)
	}
	s.ok(b)
	s.sound()
}
