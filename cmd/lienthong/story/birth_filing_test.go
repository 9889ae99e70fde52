package story_test

import (
	"net/http"
	"regexp"
	"testing"
	"time"

	"lienthong/agencies/wire"
	"lienthong/cmd/lienthong/story"
	"lienthong/cmd/lienthong/system"
	"lienthong/engine"
	"lienthong/workflows"
)

var refusal = map[string]any{"reason": "Không thuộc thẩm quyền của xã này", "legal_basis": "Luật Hộ tịch 2014 Điều 13"}

// Without residence the part is absent and the others run side by side.
func TestBirthWithoutResidence(t *testing.T) {
	t.Parallel()
	s := open(t, "2026-09-07 08:00", nil)
	b := s.begin("birth-b4", without("residence"))
	s.portal(b, 1)
	s.due(b, "birth", "")
	s.caseDue(b, "")
	b.Later(10*time.Minute).Staff("reception", "birth", "receive", nil)
	s.portal(b, 2)
	s.due(b, "birth", "2026-09-07 17:00")
	s.caseDue(b, "2026-09-10 17:00")
	b.Draft().Later(time.Hour).Applicant("birth", "confirm", nil).Staff("leader", "birth", "sign", nil).Want("birth", "registered")
	s.portal(b, 4)
	if d := b.Now().Dossier("residence"); d.Status != "closed" || d.Closed != "absent" {
		t.Errorf("residence: %s %s", d.Status, d.Closed)
	}
	s.due(b, "card", "2026-09-09 17:00")
	s.due(b, "identity", "2026-09-09 17:00")
	certificate := b.Now().Dossier("birth").Result.Data
	id, _ := certificate["child"].(map[string]any)["id"].(string)
	if !regexp.MustCompile(`^001326[0-9]{6}$`).MatchString(id) || certificate["registered_on"] != "2026-09-07" || certificate["number"] != "1/2026/00004" {
		t.Errorf("certificate: %v", certificate)
	}
	carded(b.Later(3 * time.Hour))
	card := b.Now().Dossier("card").Result.Data
	if n, _ := card["card_number"].(string); !regexp.MustCompile(`^TE101[0-9]{10}$`).MatchString(n) || card["valid_from"] != "2026-08-28" || card["valid_until"] != "2032-09-30" {
		t.Errorf("card: %v", card)
	}
	identified(b.Later(time.Hour)).WantEnd("completed", 9)
	s.until("2026-09-08 09:00")
	b.Staff("reception", "identity", "hand_over", nil).WantEnd("completed", 10)
	s.ok(b)
	s.heard(tuan, b.Code, "filed", "received birth", "task birth", "result birth", "result card", "result identity", "ended", "delivered identity")
	s.sound()
}

// A refusal at the counter ends the whole case: nothing was opened, nobody else was
// asked, and the same birth may be filed anew.
func TestBirthRefusedAtReception(t *testing.T) {
	t.Parallel()
	s := open(t, "2026-09-07 08:00", nil)
	b := s.begin("birth-b4", nil)
	b.Refused("reception.civil_status_00004", "birth", "reject_reception", nil, "invalid")
	b.Later(time.Hour).Staff("reception", "birth", "reject_reception", refusal).WantEnd("refused", 3)
	c := b.Now()
	for _, step := range []string{"residence", "card", "identity"} {
		if d := c.Dossier(step); d.Status != "closed" || d.Closed != "need_failed" || d.Office.ID != "" {
			t.Errorf("%s: %s %s at %q", step, d.Status, d.Closed, d.Office.ID)
		}
	}
	for _, registry := range []string{"population", "civil_status", "residence", "social_insurance", "identity_card", "treasury"} {
		if st, err := s.sys.Agencies.Stats(registry); err != nil || st.Requests != 0 {
			t.Errorf("%s was asked %d times (%v)", registry, st.Requests, err)
		}
	}
	s.heard(tuan, b.Code, "filed", "refused birth", "ended")
	if _, offered := action(c.Dossier("birth").Actions, "refile"); offered {
		t.Error("the first part may not be filed again by itself")
	}
	again := s.begin("birth-b4", nil)
	s.ok(b, again)
	if again.Code == b.Code {
		t.Error("the new filing has the old code")
	}
	again.Registered()
	s.ok(again)
	s.sound()
}

func TestBirthRefusedByTheLeader(t *testing.T) {
	t.Parallel()
	s := open(t, "2026-09-07 08:00", nil)
	b := s.begin("birth-b4", nil)
	b.Staff("reception", "birth", "receive", nil).Want("birth", "received")
	b.Refused(b.Clerk("officer", "birth"), "birth", "refuse", refusal, "forbidden")
	b.Later(2*time.Hour).Staff("leader", "birth", "refuse", refusal).WantEnd("refused", 3)
	for _, step := range []string{"residence", "card", "identity"} {
		if d := b.Now().Dossier(step); d.Closed != "need_failed" {
			t.Errorf("%s: %s %s", step, d.Status, d.Closed)
		}
	}
	s.heard(tuan, b.Code, "filed", "received birth", "refused birth", "ended")
	s.begin("birth-b4", nil).Registered()
	s.ok(b)
	s.sound()
}

// Refused after the number was given: the child keeps it, and the next filing is
// registered under the same one.
func TestBirthFiledAnewKeepsThePersonalNumber(t *testing.T) {
	t.Parallel()
	s := open(t, "2026-09-07 08:00", nil)
	b := s.begin("birth-b4", nil)
	b.Staff("reception", "birth", "receive", nil).Draft().Applicant("birth", "confirm", nil).Want("birth", "signing")
	given, _ := b.Now().Dossier("birth").Data["assigned"].(map[string]any)["id"].(string)
	b.Applicant("", "withdraw", map[string]any{"reason": "Khai nhầm nơi đăng ký"}).WantEnd("withdrawn", 7)
	again := s.begin("birth-b4", nil).Registered()
	s.ok(b, again)
	if got := again.Now().Dossier("birth").Result.Data["child"].(map[string]any)["id"]; got != given || given == "" {
		t.Errorf("registered under %v, the child had %q", got, given)
	}
	s.sound()
}

// A number tells the sex and the year of birth: a draft that says otherwise goes
// back to the officer instead of being signed under it.
func TestBirthNumberMustAgreeWithTheDraft(t *testing.T) {
	t.Parallel()
	s := open(t, "2026-09-07 08:00", nil)
	b := s.begin("birth-b4", nil)
	b.Staff("reception", "birth", "receive", nil).Draft().Applicant("birth", "confirm", nil).Want("birth", "signing")
	b.Applicant("", "withdraw", nil).WantEnd("withdrawn", 7)
	again := s.begin("birth-b4", func(app map[string]any) { child(app)["sex"] = "male" })
	again.Staff("reception", "birth", "receive", nil).Draft().Applicant("birth", "confirm", nil).Want("birth", "received")
	again.Refused(again.Clerk("officer", "birth"), "birth", "draft", again.DraftInput(), "precondition")
	right := again.DraftInput()
	right["child"].(map[string]any)["sex"] = "female"
	again.Staff("officer", "birth", "draft", right).Applicant("birth", "confirm", nil).Want("birth", "signing")
	again.Staff("leader", "birth", "sign", nil).Want("birth", "registered")
	s.ok(b, again)
	s.sound()
}

// Twins: one form, one case for each child, each with its own number.
func TestBirthTwins(t *testing.T) {
	t.Parallel()
	s := open(t, "2026-09-04 08:30", nil)
	e, err := workflows.LoadExample("birth-twins")
	if err != nil {
		t.Fatal(err)
	}
	codes, err := s.File(t.Context(), e.Requester.ID, e.Service, e.Application)
	if err != nil || len(codes) != 2 || codes[0] == codes[1] {
		t.Fatalf("cases %v: %v", codes, err)
	}
	ids := map[any]bool{}
	for i, name := range []string{"Lê Gia Bảo", "Lê Gia Hưng"} {
		b := story.Join(t.Context(), s.Stage, codes[i], e.Requester.ID)
		if c := b.Now(); c.Group != codes[0] || c.Subject != name {
			t.Errorf("case %d: group %q subject %q", i, c.Group, c.Subject)
		}
		b.Registered().Want("residence", "checking") // the requester is head and owner: nobody else is asked
		b.Staff("officer", "residence", "check", map[string]any{"household": "HN-0002", "relation": "son", "consent_shown_by": "requester_entitled"})
		b.Staff("leader", "residence", "approve", nil).Want("residence", "registered")
		identified(carded(b)).WantEnd("completed", 9)
		s.ok(b)
		c := b.Now().Dossier("birth").Result.Data["child"].(map[string]any)
		ids[c["id"]] = true
		if c["name"] != name {
			t.Errorf("registered %v", c)
		}
		s.heard(e.Requester.ID, b.Code, "filed", "received birth", "task birth", "result birth", "result residence", "result card", "result identity", "ended")
	}
	if len(ids) != 2 {
		t.Errorf("the twins share a number: %v", ids)
	}
	s.sound()
}

// The other parent files the same birth: refused, and told of the first case only
// what they may know. Once it was refused, they may file.
func TestBirthFiledTwice(t *testing.T) {
	t.Parallel()
	s := open(t, "2026-09-07 08:00", nil)
	b := s.begin("birth-b4", nil)
	s.ok(b)
	e, err := workflows.LoadExample("birth-b4")
	if err != nil {
		t.Fatal(err)
	}
	mothers := e.Application
	mothers["relation_to_child"] = "mother"
	for account, want := range map[string]string{ha: "", tuan: b.Code} {
		p := s.refused(filing(account, e.Service, mothers), "duplicate")
		var body struct{ Case string }
		if err := engine.Unmarshal([]byte(p.Body), &body); err != nil || p.Status != http.StatusConflict || body.Case != want {
			t.Errorf("%s: %d, case %q (%v), want %q", account, p.Status, body.Case, err, want)
		}
	}
	if list := s.told(ha, b.Code); len(list) != 0 {
		t.Errorf("the mother was told %v of the father's case", list)
	}
	b.Staff("reception", "birth", "reject_reception", refusal).WantEnd("refused", 3)
	codes, err := s.File(t.Context(), ha, e.Service, mothers)
	if err != nil {
		t.Fatal(err)
	}
	m := story.Join(t.Context(), s.Stage, codes[0], ha).Registered()
	s.ok(b, m)
	s.refused(filing(tuan, e.Service, mothers), "duplicate") // a birth that stands holds its key, too
	s.sound()
}

// Copies cost 8,000 đồng each; nothing opens until they are paid.
func TestBirthFeePaid(t *testing.T) {
	t.Parallel()
	s := open(t, "2026-09-07 08:00", func(c *system.Config) { c.AutoPay = "" })
	b := s.begin("birth-copies", nil)
	s.portal(b, 6)
	c := b.Now()
	if c.Fee == nil || c.Fee.Amount != 16_000 || c.Fee.Status != "waiting" || c.Fee.Waiting == nil || c.Fee.Waiting.Registry != "treasury" {
		t.Fatalf("fee: %+v", c.Fee)
	}
	s.instant("to be paid by", c.Fee.Waiting.Until, "2026-09-14 08:00")
	for _, d := range c.Dossiers {
		if d.Status != "waiting" || len(d.Waiting) != 1 || d.Waiting[0].For != "fee" {
			t.Errorf("%s: %s %+v", d.Step, d.Status, d.Waiting)
		}
	}
	s.heard(tuan, b.Code, "filed", "fee")
	s.tasks(tuan, "pay 2026-09-14 08:00")
	s.until("2026-09-08 16:00")
	if _, err := s.settle(c.Fee.Waiting.Request, ""); err != nil {
		t.Fatal(err)
	}
	s.until("2026-09-08 16:01")
	c = b.Now()
	if c.Fee.Status != "paid" || !regexp.MustCompile(`^KB2026[0-9]{7}$`).MatchString(c.Fee.Receipt) || c.Fee.Waiting != nil {
		t.Errorf("fee: %+v", c.Fee)
	}
	s.instant("paid", c.Fee.PaidAt, "2026-09-08 16:00")
	s.portal(b, 1)
	s.tasks(tuan)
	b.Want("birth", "submitted").Staff("reception", "birth", "receive", nil)
	s.due(b, "birth", "2026-09-09 17:00") // received after 15:00; the fee cost the office nothing
	s.heard(tuan, b.Code, "filed", "fee", "paid", "received birth")
	s.ok(b)
	s.sound()
}

func TestBirthFeeUnpaid(t *testing.T) {
	t.Parallel()
	s := open(t, "2026-09-07 08:00", func(c *system.Config) { c.AutoPay = "" })
	b := s.begin("birth-copies", nil)
	key := b.Now().Fee.Waiting.Request
	s.until("2026-09-14 07:59")
	s.portal(b, 6)
	s.until("2026-09-14 08:00")
	b.WantEnd("expired", 3)
	c := b.Now()
	if c.Fee.Status != "cancelled" || c.Fee.Receipt != "" {
		t.Errorf("fee: %+v", c.Fee)
	}
	for _, d := range c.Dossiers {
		if d.Closed != "expired" {
			t.Errorf("%s: %s %s", d.Step, d.Status, d.Closed)
		}
	}
	s.heard(tuan, b.Code, "filed", "fee", "ended")
	s.tasks(tuan)
	// The treasury no longer takes the money, and nothing opens.
	b.Later(time.Minute)
	if a, err := s.settle(key, ""); err != nil || a.Outcome != wire.Refused || a.Code != "cancelled" {
		t.Errorf("paying after the end: %+v %v", a, err)
	}
	b.Later(time.Minute).WantEnd("expired", 3)
	again := s.begin("birth-copies", nil)
	s.ok(b, again)
	s.sound()
}

// The counter files for the citizen before it and may act for them.
func TestBirthFiledAtTheCounter(t *testing.T) {
	t.Parallel()
	s := open(t, "2026-09-07 09:00", nil)
	const clerk, officer = "reception.civil_status_00004", "officer.civil_status_00004"
	e, err := workflows.LoadExample("birth-b4")
	if err != nil {
		t.Fatal(err)
	}
	r := filing(clerk, e.Service, e.Application)
	s.refused(r, "invalid") // for whom?
	r.Body.(map[string]any)["on_behalf_of"] = map[string]any{"id": tuan, "name": "Nguyễn Minh Tuấn", "phone": "0912345678"}
	byOfficer := r
	byOfficer.Account = officer
	s.refused(byOfficer, "forbidden")
	byNeighbour := r
	byNeighbour.Account = ha
	s.refused(byNeighbour, "invalid")
	var out struct{ Cases []struct{ Code string } }
	if _, err := s.Call(t.Context(), r, &out); err != nil {
		t.Fatal(err)
	}
	b := story.Join(t.Context(), s.Stage, out.Cases[0].Code, tuan)
	if c := b.Now(); c.Channel != 1 || c.View != "full" {
		t.Errorf("channel %d, view %s", c.Channel, c.View)
	}
	b.By(clerk, "birth", "receive", nil).By(officer, "birth", "draft", b.DraftInput())
	b.By(clerk, "birth", "confirm", nil) // the citizen confirms at the counter
	b.By("leader.civil_status_00004", "birth", "sign", nil).Want("birth", "registered")
	s.heard(tuan, b.Code, "filed", "received birth", "task birth", "result birth")
	s.ok(b)
	online := s.begin("birth-unknown-father", nil)
	online.Staff("reception", "birth", "receive", nil).Draft()
	online.Refused("reception.civil_status_26740", "birth", "confirm", nil, "forbidden")
	s.ok(online)
	s.sound()
}
