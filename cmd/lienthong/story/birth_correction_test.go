package story_test

import (
	"testing"

	"lienthong/agencies"
)

const (
	commune   = "officer.civil_status_00004"
	chairman  = "leader.civil_status_00004"
	insurance = "officer.social_insurance_hn_1"
	police    = "officer.police_00004"
	cards     = "officer.identity_hn"

	wrongName = "Nguyễn Trần An Nhiên"
	rightName = "Nguyễn Trần Ân Nhiên"
)

var (
	misspelt = map[string]any{"value": "child", "what": "Chữ đệm không khớp giấy chứng sinh", "pointers": []any{"/name"}}
	because  = map[string]any{"reason": "Theo kết quả cải chính"}
)

func corrects(changes map[string]any) map[string]any {
	return map[string]any{"changes": changes, "reason": "Sai sót của cơ quan đăng ký"}
}

// name is the child's name that a part works with, or in its result.
func nameIn(m map[string]any, key string) any {
	c, _ := m[key].(map[string]any)
	return c["name"]
}

// The card office finds a fault in the certificate: returned, corrected, sent again.
// The card is made with the new name; the identity part, which had not begun, takes
// it; the residence, which had ended, is reviewed and amended.
func TestBirthReturnedByTheCardOffice(t *testing.T) {
	t.Parallel()
	s := open(t, "2026-09-07 08:00", nil)
	b := resides(s.begin("birth-b4", nil).Registered())
	first := b.Now().Dossier("birth").Result
	s.until("2026-09-07 15:30")
	b.By(insurance, "card", "return_upstream", misspelt).Want("card", "upstream").Want("birth", "correcting")
	s.due(b, "birth", "2026-09-08 17:00") // returned after 15:00
	s.heard(commune, b.Code, "returned birth")
	s.heard(cards, b.Code, "sibling identity")
	s.heard(police, b.Code)
	if d := b.Now().Dossier("birth"); d.Result == nil || d.Result.Version != 1 || d.Result.Revoked {
		t.Errorf("until it is decided the certificate stands: %+v", d.Result)
	}
	if r := s.result(first.ID); r.Status != "genuine" {
		t.Errorf("the certificate is %s", r.Status)
	}
	b.Refused(commune, "birth", "propose", corrects(map[string]any{"name": rightName}), "forbidden")
	b.Refused(chairman, "birth", "propose", corrects(map[string]any{}), "invalid")
	s.until("2026-09-08 10:00")
	b.By(chairman, "birth", "propose", corrects(map[string]any{"name": rightName})).Want("birth", "registered").Want("card", "checking").Want("identity", "checking")
	c := b.Now()
	second := c.Dossier("birth").Result
	if second.Version != 2 || second.ID == first.ID || nameIn(second.Data, "child") != rightName {
		t.Errorf("certificate: %+v", second)
	}
	if r := s.result(first.ID); r.Status != "replaced" || r.Version != 1 || r.ReplacedBy != 2 {
		t.Errorf("the first certificate: %+v", r)
	}
	for _, step := range []string{"card", "identity"} {
		if got := nameIn(c.Dossier(step).With, "child"); got != rightName {
			t.Errorf("%s works with %v", step, got)
		}
	}
	s.due(b, "card", "2026-09-10 17:00")     // sent again: two working days anew
	s.due(b, "identity", "2026-09-09 17:00") // nobody stopped it
	rs := c.Dossier("residence").Reviews
	if len(rs) != 1 || rs[0].Of != "birth" || rs[0].From != 1 || rs[0].To != 2 || rs[0].Decision != "" {
		t.Fatalf("reviews of the residence: %+v", rs)
	}
	s.instant("review due", rs[0].Due, "2026-09-10 17:00")
	s.heard(police, b.Code, "review residence")
	b.Refused(police, "residence", "review_amend", because, "forbidden")
	b.By("leader.police_00004", "residence", "review_amend", because).Want("residence", "registered")
	d := b.Now().Dossier("residence")
	if d.Result.Version != 2 || d.Reviews[0].Decision != "amend" || nameIn(d.With, "person") != rightName {
		t.Errorf("residence: %+v %+v", d.Result, d.Reviews)
	}
	b.Refused("leader.police_00004", "residence", "review_amend", because, "wrong_state") // decided
	identified(carded(b)).WantEnd("completed", 9)
	if got := nameIn(b.Now().Dossier("card").Result.Data, "child"); got != rightName {
		t.Errorf("the card says %v", got)
	}
	s.heard(tuan, b.Code, "filed", "received birth", "task birth", "result birth", "result residence",
		"corrected birth", "corrected residence", "result card", "result identity", "ended")
	s.ok(b)
	s.sound()
}

// Two offices return the same certificate; the commune keeps it as it is: both go
// on with what they had, and no new version is made.
func TestBirthReturnedTwiceAndKept(t *testing.T) {
	t.Parallel()
	s := open(t, "2026-09-07 08:00", nil)
	b := s.begin("birth-b4", without("residence")).Registered()
	b.By(insurance, "card", "return_upstream", misspelt).By(cards, "identity", "return_upstream", misspelt).Want("birth", "correcting")
	s.portal(b, 4)
	s.heard(commune, b.Code, "returned birth", "returned birth")
	s.until("2026-09-08 09:00")
	b.By(chairman, "birth", "keep", map[string]any{"reason": "Đúng như giấy chứng sinh"}).Want("birth", "registered").Want("card", "checking").Want("identity", "checking")
	if r := b.Now().Dossier("birth").Result; r.Version != 1 {
		t.Errorf("version %d", r.Version)
	}
	s.due(b, "card", "2026-09-10 17:00")     // restarted
	s.due(b, "identity", "2026-09-10 17:00") // paused for one working day
	identified(carded(b)).WantEnd("completed", 9)
	s.heardSince(4, tuan, b.Code, "result card", "result identity", "ended")
	s.ok(b)
	s.sound()
}

// The fault is found while the register is writing the card: the new name reaches
// the card office with the reply, as a review.
func TestBirthCorrectedWhileTheCardIsMade(t *testing.T) {
	t.Parallel()
	s := open(t, "2026-09-07 08:00", nil)
	if err := s.sys.Agencies.SetFaults("social_insurance", agencies.Faults{Operations: []string{"issue_child_card"}, Later: "24h"}); err != nil {
		t.Fatal(err)
	}
	b := s.begin("birth-b4", without("residence")).Registered()
	b.By(insurance, "card", "approve", nil).Want("card", "recording")
	b.By(cards, "identity", "return_upstream", misspelt)
	b.By(chairman, "birth", "propose", corrects(map[string]any{"name": rightName})).Want("birth", "registered").Want("card", "recording")
	s.until("2026-09-08 09:30")
	b.Want("card", "issued")
	d := b.Now().Dossier("card")
	if len(d.Reviews) != 1 || d.Reviews[0].From != 1 || d.Reviews[0].To != 2 || nameIn(d.Result.Data, "child") != wrongName {
		t.Fatalf("card: %+v %+v", d.Reviews, d.Result)
	}
	s.instant("review due", d.Reviews[0].Due, "2026-09-10 17:00")
	b.By(insurance, "card", "review_amend", because).Want("card", "issued")
	if d := b.Now().Dossier("card"); d.Result.Version != 2 || nameIn(d.Result.Data, "child") != rightName {
		t.Errorf("card: %+v", d.Result)
	}
	identified(b).WantEnd("completed", 9)
	s.ok(b)
	s.sound()
}

// A week after everything ended the commune corrects its certificate: version 2,
// and everyone who used version 1 looks again. Then it is annulled.
func TestBirthCorrectedAndAnnulledAfterTheEnd(t *testing.T) {
	t.Parallel()
	s := open(t, "2026-09-07 08:00", nil)
	b := identified(carded(resides(s.begin("birth-b4", nil).Registered()))).WantEnd("completed", 9)
	n := len(s.told(tuan, b.Code))
	first := b.Now().Dossier("birth").Result
	s.until("2026-09-14 09:00")
	b.Refused(tuan, "birth", "correct", because, "forbidden")
	b.By(commune, "birth", "correct", because).Want("birth", "correcting")
	b.By(chairman, "birth", "propose", corrects(map[string]any{"name": rightName})).Want("birth", "registered")
	second := b.Now().Dossier("birth").Result
	if second.Version != 2 || nameIn(second.Data, "child") != rightName {
		t.Fatalf("certificate: %+v", second)
	}
	if r := s.result(first.ID); r.Status != "replaced" || r.ReplacedBy != 2 {
		t.Errorf("the first: %+v", r)
	}
	if r := s.result(second.ID); r.Status != "genuine" || r.Version != 2 {
		t.Errorf("the second: %+v", r)
	}
	for _, step := range []string{"residence", "card", "identity"} {
		rs := b.Now().Dossier(step).Reviews
		if len(rs) != 1 || rs[0].Of != "birth" || rs[0].From != 1 || rs[0].To != 2 {
			t.Fatalf("%s: %+v", step, rs)
		}
		s.instant(step+" is to be reviewed by", rs[0].Due, "2026-09-16 17:00")
	}
	for account, step := range map[string]string{police: "residence", insurance: "card", cards: "identity"} {
		heard := s.told(account, b.Code)
		if len(heard) == 0 || heard[len(heard)-1] != "review "+step {
			t.Errorf("%s was told %q", account, heard)
		}
	}
	b.By(police, "residence", "review_keep", map[string]any{"reason": "Sổ cư trú dùng số định danh"})
	b.By(insurance, "card", "review_amend", because).By(cards, "identity", "review_amend", because)
	for step, want := range map[string]int{"residence": 1, "card": 2} {
		if r := b.Now().Dossier(step).Result; r.Version != want {
			t.Errorf("%s: version %d, want %d", step, r.Version, want)
		}
	}
	if got := nameIn(b.Now().Dossier("card").Result.Data, "child"); got != rightName {
		t.Errorf("the card says %v", got)
	}
	s.portal(b, 9) // the new identity card is still to be handed over
	s.heardSince(n, tuan, b.Code, "corrected birth", "corrected card", "corrected identity")

	s.until("2026-09-16 09:00")
	n = len(s.told(tuan, b.Code))
	b.By(commune, "birth", "correct", map[string]any{"reason": "Đã đăng ký ở nơi khác"})
	b.By(chairman, "birth", "annul", map[string]any{"reason": "Đăng ký hai lần"}).Want("birth", "annulled")
	b.WantEnd("completed_in_part", 9)
	for _, id := range []string{first.ID, second.ID} {
		if r := s.result(id); r.Status != "revoked" {
			t.Errorf("certificate %s is %s", id, r.Status)
		}
	}
	for _, step := range []string{"residence", "card", "identity"} {
		rs := b.Now().Dossier(step).Reviews
		if len(rs) != 2 || rs[1].To != 0 || rs[1].Decision != "" {
			t.Fatalf("%s: %+v", step, rs)
		}
		s.instant(step+" is to be reviewed by", rs[1].Due, "2026-09-18 17:00")
		b.Staff("leader", step, "review_annul", because).Want(step, "annulled")
		if r := b.Now().Dossier(step).Result; r == nil || !r.Revoked || s.result(r.ID).Status != "revoked" {
			t.Errorf("%s: %+v", step, r)
		}
	}
	s.heardSince(n, tuan, b.Code, "revoked birth", "revoked residence", "revoked card", "revoked identity")
	b.WantEnd("refused", 3) // nothing stands
	s.instant("the case ended", b.Now().Ended, "2026-09-07 09:30")
	again := s.begin("birth-b4", without("residence")).Registered() // an annulled birth holds no key
	s.ok(b, again)
	s.sound()
}

// The register refuses the correction: it comes back to the commune, the
// certificate stands.
func TestBirthCorrectionRefusedByTheRegister(t *testing.T) {
	t.Parallel()
	s := open(t, "2026-09-07 08:00", nil)
	b := s.begin("birth-b4", without("residence")).Registered()
	if err := s.sys.Agencies.SetFaults("civil_status", agencies.Faults{Operations: []string{"amend_birth"}, Refuse: "unknown_number"}); err != nil {
		t.Fatal(err)
	}
	b.By(insurance, "card", "return_upstream", misspelt).By(chairman, "birth", "propose", corrects(map[string]any{"name": rightName}))
	b.Want("birth", "correcting").Want("card", "upstream")
	if err := s.sys.Agencies.ClearFaults("civil_status"); err != nil {
		t.Fatal(err)
	}
	b.By(chairman, "birth", "propose", corrects(map[string]any{"name": rightName})).Want("birth", "registered").Want("card", "checking")
	if got := nameIn(b.Now().Dossier("card").With, "child"); got != rightName {
		t.Errorf("the card office works with %v", got)
	}
	s.ok(b)
	s.sound()
}
