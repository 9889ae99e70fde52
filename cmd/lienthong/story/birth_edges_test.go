package story_test

import (
	"testing"
	"time"

	"lienthong/agencies"
	"lienthong/cmd/lienthong/story"
	"lienthong/cmd/lienthong/system"
	"lienthong/engine"
	"lienthong/workflows"
)

// A file that came by post is entered by the counter; the citizen goes on online.
func TestBirthFiledByPost(t *testing.T) {
	t.Parallel()
	const clerk = "reception.civil_status_00004"
	s := open(t, "2026-09-07 09:00", nil)
	e, err := workflows.LoadExample("birth-b4")
	if err != nil {
		t.Fatal(err)
	}
	r := filing(clerk, e.Service, e.Application)
	body := r.Body.(map[string]any)
	body["on_behalf_of"] = map[string]any{"id": tuan, "name": "Nguyễn Minh Tuấn"}
	body["channel"] = 2
	s.refused(r, "invalid")
	body["channel"] = 3
	var out struct{ Cases []struct{ Code string } }
	if _, err := s.Call(t.Context(), r, &out); err != nil {
		t.Fatal(err)
	}
	b := story.Join(t.Context(), s.Stage, out.Cases[0].Code, tuan).Staff("reception", "birth", "receive", nil).Draft()
	if c := b.Now(); c.Channel != 3 {
		t.Errorf("channel %d", c.Channel)
	}
	b.Refused("reception.civil_status_00070", "birth", "confirm", nil, "not_found") // another counter
	b.By(clerk, "birth", "confirm", nil).Staff("leader", "birth", "sign", nil).Want("birth", "registered")
	s.ok(b)
	s.sound()
}

// A place that nobody serves is refused at its field, and a birth that was filed
// under the old rules is not filed again under the new ones.
func TestBirthFilingRefused(t *testing.T) {
	t.Parallel()
	s := open(t, "2026-08-28 09:00", nil)
	old := s.begin("birth-b3", nil)
	s.ok(old)
	s.until("2026-09-01 08:00")
	e, err := workflows.LoadExample("birth-consent-declined")
	if err != nil {
		t.Fatal(err)
	}
	if p := s.refused(filing(long, e.Service, e.Application), "duplicate"); p.Status != 409 {
		t.Errorf("status %d", p.Status)
	}
	e, err = workflows.LoadExample("birth-b4")
	if err != nil {
		t.Fatal(err)
	}
	e.Application["registration"].(map[string]any)["commune"] = "99999"
	p := s.refused(filing(tuan, e.Service, e.Application), "invalid")
	if len(p.Errors) == 0 || p.Errors[0].Pointer != "/registration/commune" || p.Errors[0].Code != "no_office" {
		t.Errorf("told %+v", p.Errors)
	}
	s.sound()
}

// The mother does not match the population database: back to the officer, who asks
// for papers; the corrected draft gets its number.
func TestBirthMotherDoesNotMatch(t *testing.T) {
	t.Parallel()
	s := open(t, "2026-09-07 08:00", nil)
	b := s.begin("birth-b4", without("residence")).Staff("reception", "birth", "receive", nil)
	wrong := b.DraftInput()
	wrong["mother"].(map[string]any)["name"] = "Trần Thu Hằng"
	b.Staff("officer", "birth", "draft", wrong).Applicant("birth", "confirm", nil).Want("birth", "received")
	if why, _ := b.Now().Dossier("birth").Data["mismatch"].(map[string]any); why["code"] != "mother_mismatch" {
		t.Errorf("the obstacle: %v", why)
	}
	b.Staff("officer", "birth", "request_supplement", asks("Căn cước của mẹ")).Applicant("", "answer_supplement", answers(items(b, "birth")...))
	b.Want("birth", "received").Draft().Applicant("birth", "confirm", nil).Staff("leader", "birth", "sign", nil).Want("birth", "registered")
	s.heard(tuan, b.Code, "filed", "received birth", "task birth", "supplement birth", "task birth", "result birth")
	s.ok(b)
	s.sound()
}

// Whoever drafted may not sign, whatever their roles.
func TestBirthFourEyes(t *testing.T) {
	t.Parallel()
	s := open(t, "2026-09-07 08:00", nil)
	both := engine.Account{ID: "both", Kind: engine.Staff, Name: "Công chức kiêm nhiệm", Office: "civil_status_00004", Roles: []string{"officer", "leader"}}
	if err := s.sys.Store.PutAccount(t.Context(), both, 0, nil); err != nil {
		t.Fatal(err)
	}
	b := s.begin("birth-b4", nil).Staff("reception", "birth", "receive", nil)
	b.By("both", "birth", "draft", b.DraftInput()).Applicant("birth", "confirm", nil).Want("birth", "signing")
	b.Refused("both", "birth", "sign", nil, "precondition")
	b.Staff("leader", "birth", "send_back", map[string]any{"reason": "Sai quê quán"}).Want("birth", "received")
	b.Draft().Applicant("birth", "confirm", nil).Want("birth", "signing") // the number is not asked for twice
	b.By("both", "birth", "sign", nil).Want("birth", "registered")
	if st, err := s.sys.Agencies.Stats("population"); err != nil || st.Outcomes["assign_personal_id"]["done"] != 1 {
		t.Errorf("numbers asked for: %v (%v)", st.Outcomes, err)
	}
	s.ok(b)
	s.sound()
}

// Withdrawn before it is paid: the fee is not asked for any more. Withdrawn while a
// part waits for completion: nothing is asked of the citizen any more.
func TestBirthWithdrawnWhileTheCitizenIsAsked(t *testing.T) {
	t.Parallel()
	s := open(t, "2026-09-07 08:00", func(c *system.Config) { c.AutoPay = "" })
	b := s.begin("birth-copies", nil)
	b.Applicant("", "withdraw", nil).WantEnd("withdrawn", 7)
	if f := b.Now().Fee; f.Status != "cancelled" || f.Waiting != nil {
		t.Errorf("fee %+v", f)
	}
	s.tasks(tuan)
	s.heard(tuan, b.Code, "filed", "fee", "ended")

	c := s.begin("birth-b4", without("residence", "identity")).Registered()
	c.Staff("officer", "card", "request_supplement", asks("Giấy tờ")).Applicant("", "withdraw", map[string]any{"steps": []any{"card"}})
	c.Want("card", "withdrawn").WantEnd("completed_in_part", 10)
	for _, it := range c.Now().Items {
		if !it.Closed {
			t.Errorf("still asked: %+v", it)
		}
	}
	s.tasks(tuan)
	s.ok(b, c)
	s.sound()
}

// The treasury declines the payment: the filing ends, a new one may be made.
func TestBirthFeeDeclined(t *testing.T) {
	t.Parallel()
	s := open(t, "2026-09-07 08:00", func(c *system.Config) { c.AutoPay = "" })
	b := s.begin("birth-copies", nil)
	if _, err := s.settle(b.Now().Fee.Waiting.Request, "declined"); err != nil {
		t.Fatal(err)
	}
	b.Later(time.Minute).WantEnd("expired", 3)
	s.ok(b, s.begin("birth-copies", nil))
	s.sound()
}

// The register does not know the household: the office asks, finds the right one,
// and enters the child there.
func TestBirthHouseholdNotKnown(t *testing.T) {
	t.Parallel()
	s := open(t, "2026-09-07 08:00", nil)
	b := s.begin("birth-b4", func(app map[string]any) {
		app["residence"] = map[string]any{"commune": "00004", "household": "HN-9999", "relation": "grandchild"}
	}).Registered()
	b.Want("residence", "checking")
	s.tasks(hung)
	b.Staff("officer", "residence", "request_supplement", asks("/residence/household")).Applicant("", "answer_supplement", answers(items(b, "residence")...))
	find := func(household string) map[string]any {
		return map[string]any{"household": household, "relation": "grandchild", "consent_shown_by": "paper"}
	}
	b.Staff("officer", "residence", "check", find("HN-9999")).Staff("leader", "residence", "approve", nil).Want("residence", "checking")
	if why, _ := b.Now().Dossier("residence").Data["returned_by_register"].(map[string]any); why["code"] != "unknown_household" {
		t.Errorf("returned for %v", why)
	}
	b.Staff("officer", "residence", "check", find("HN-0001")).Staff("leader", "residence", "approve", nil).Want("residence", "registered")
	if r := b.Now().Dossier("residence").Result; r == nil || r.Data["household"] != "HN-0001" || r.Version != 1 {
		t.Errorf("residence %+v", r)
	}
	s.ok(b)
	s.sound()
}

// The register does not take an amendment: the part is repaired by trying again, or
// kept after the two were reconciled.
func TestBirthAmendmentNotTaken(t *testing.T) {
	t.Parallel()
	s := open(t, "2026-09-07 08:00", nil)
	dial := func(registry string, f agencies.Faults) {
		t.Helper()
		if err := s.sys.Agencies.SetFaults(registry, f); err != nil {
			t.Fatal(err)
		}
	}
	b := carded(resides(s.begin("birth-b4", without("identity")).Registered())).WantEnd("completed", 10)
	b.By(commune, "birth", "correct", because).By(chairman, "birth", "propose", corrects(map[string]any{"name": rightName}))
	dial("residence", agencies.Faults{Operations: []string{"amend_member"}, Refuse: "not_resident"})
	dial("social_insurance", agencies.Faults{Operations: []string{"amend_card"}, Refuse: "unknown_card"})
	b.By("leader.police_00004", "residence", "review_amend", because).Want("residence", "repairing")
	b.By(insurance, "card", "review_amend", because).Want("card", "repairing")
	for _, step := range []string{"residence", "card"} {
		if r := b.Now().Dossier(step).Result; r.Version != 1 || r.Revoked {
			t.Errorf("%s: %+v", step, r)
		}
	}
	dial("residence", agencies.Faults{})
	b.By(police, "residence", "try_again", nil).Want("residence", "registered")
	b.By(insurance, "card", "settle", map[string]any{"reason": "Dữ liệu thẻ đã đúng"}).Want("card", "issued")
	for step, want := range map[string]int{"residence": 2, "card": 1} {
		if r := b.Now().Dossier(step).Result; r.Version != want {
			t.Errorf("%s: version %d, want %d", step, r.Version, want)
		}
	}
	s.ok(b)
	s.sound()
}

// The certificate is annulled before the card is made: the office is told and
// refuses; a part that ended is reviewed.
func TestBirthAnnulledWhileAPartIsOpen(t *testing.T) {
	t.Parallel()
	s := open(t, "2026-09-07 08:00", nil)
	b := s.begin("birth-b4", without("residence")).Registered()
	identified(b)
	b.By(commune, "birth", "correct", because).By(chairman, "birth", "annul", map[string]any{"reason": "Khai gian"}).Want("birth", "annulled")
	s.heard(insurance, b.Code, "review card")
	b.By(insurance, "card", "refuse", map[string]any{"reason": "Giấy khai sinh đã bị hủy"}).Want("card", "refused")
	b.By("leader.identity_hn", "identity", "review_annul", because).Want("identity", "annulled").WantEnd("refused", 3)
	if a, ok := action(b.Now().Dossier("card").Actions, "refile"); ok && a.Allowed {
		t.Error("a part of an annulled birth may not be filed again")
	}
	s.ok(b)
	s.sound()
}
