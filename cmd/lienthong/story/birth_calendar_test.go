package story_test

import (
	"testing"
	"time"

	"lienthong/cmd/lienthong/story"
	"lienthong/workflows"
)

// older is birth-b3 for a child born on another day, under another notice.
func older(born, notice string) func(map[string]any) {
	return func(app map[string]any) {
		c := child(app)
		c["birth_date"], c["notice"] = born, map[string]any{"code": notice}
	}
}

// Received before 15:00 the birth is due at 17:00, from 15:00 on the next working
// day: over Tết, over the Hùng Kings' day in lieu, over a weekend. Reception starts
// the clock, filing does not.
func TestBirthDueAroundHolidays(t *testing.T) {
	t.Parallel()
	for _, x := range []struct{ name, born, notice, filed, received, birth, chain string }{
		{"before Tết", "2026-02-10", "48001.GCS.00601.26", "2026-02-13 14:58", "2026-02-13 14:59", "2026-02-13 17:00", "2026-02-25 17:00"},
		{"before Tết, too late", "2026-02-10", "48001.GCS.00602.26", "2026-02-13 14:59", "2026-02-13 15:01", "2026-02-23 17:00", "2026-02-25 17:00"},
		{"before Tết, half past three", "2026-02-10", "48001.GCS.00603.26", "2026-02-13 15:30", "2026-02-13 15:30", "2026-02-23 17:00", "2026-02-25 17:00"},
		{"filed before Tết, received after", "2026-02-10", "48001.GCS.00604.26", "2026-02-13 15:01", "2026-02-23 09:00", "2026-02-23 17:00", "2026-02-26 17:00"},
		{"received in Tết", "2026-02-10", "48001.GCS.00605.26", "2026-02-17 09:00", "2026-02-17 09:01", "2026-02-23 17:00", "2026-02-26 17:00"},
		{"before the Hùng Kings' day", "2026-04-20", "48001.GCS.00606.26", "2026-04-24 14:58", "2026-04-24 14:59", "2026-04-24 17:00", "2026-05-04 17:00"},
		{"before the Hùng Kings' day, too late", "2026-04-20", "48001.GCS.00607.26", "2026-04-24 15:00", "2026-04-24 15:01", "2026-04-28 17:00", "2026-05-04 17:00"},
		{"three sharp is late", "2026-04-20", "48001.GCS.00608.26", "2026-04-24 15:00", "2026-04-24 15:00", "2026-04-28 17:00", "2026-05-04 17:00"},
		{"on a Saturday worked for another day", "2026-08-19", "48001.GCS.00609.26", "2026-08-22 10:00", "2026-08-22 10:05", "2026-08-22 17:00", "2026-08-26 17:00"},
		{"on an ordinary Saturday", "2026-08-12", "48001.GCS.00610.26", "2026-08-15 10:00", "2026-08-15 10:05", "2026-08-17 17:00", "2026-08-20 17:00"},
	} {
		t.Run(x.name, func(t *testing.T) {
			t.Parallel()
			s := open(t, x.filed, nil)
			b := s.begin("birth-b3", older(x.born, x.notice))
			s.due(b, "birth", "")
			s.until(x.received)
			b.Staff("reception", "birth", "receive", nil)
			s.due(b, "birth", x.birth)
			s.caseDue(b, x.chain)
			if c := b.Now(); c.Service.Version != "2024-07-01" || len(c.Dossiers) != 3 {
				t.Errorf("version %s with %d parts", c.Service.Version, len(c.Dossiers))
			}
			s.ok(b)
			s.sound()
		})
	}
}

// The certificate reaches the insurance office on Fri 24 Apr 2026: the card is due
// on Wed 29 Apr, the last working day before the holidays.
func TestBirthCardDueBeforeTheHolidays(t *testing.T) {
	t.Parallel()
	s := open(t, "2026-04-24 09:00", nil)
	b := s.begin("birth-b3", older("2026-04-20", "48001.GCS.00611.26")).Registered() // 10:30
	s.due(b, "card", "2026-04-29 17:00")
	s.due(b, "residence", "2026-04-29 17:00")
	s.until("2026-04-28 11:30") // one working day is over at the end of the day
	b.Refused("officer.social_insurance_dn_1", "card", "refuse", nil, "invalid")
	s.until("2026-04-28 17:01")
	b.Refused("officer.social_insurance_dn_1", "card", "refuse", refusal, "deadline_passed") // a fault is to be found within one working day
	s.until("2026-04-29 10:59")
	s.heard("officer.social_insurance_dn_1", b.Code)
	s.until("2026-04-29 13:00") // four working hours before 17:00
	s.heard("officer.social_insurance_dn_1", b.Code, "near card")
	carded(b)
	s.ok(b)
	s.sound()
}

// The insurance office refuses its part within one working day; birth and
// residence stand.
func TestBirthCardRefused(t *testing.T) {
	t.Parallel()
	s := open(t, "2026-09-07 08:00", nil)
	b := s.begin("birth-b4", without("residence", "identity")).Registered()
	s.until("2026-09-08 16:59")
	b.Staff("officer", "card", "refuse", map[string]any{"reason": "Trẻ đã có thẻ"}).WantEnd("completed_in_part", 10)
	s.heardSince(4, tuan, b.Code, "refused card", "ended")
	s.ok(b)
	s.sound()
}

// Filed under the rules of 2024 and finished under those of 2026: the case keeps
// its rules. From 1 September a filing takes the new ones.
func TestBirthKeepsItsRules(t *testing.T) {
	t.Parallel()
	s := open(t, "2026-08-28 09:00", nil)
	e, err := workflows.LoadExample("birth-b4")
	if err != nil {
		t.Fatal(err)
	}
	p := s.refused(filing(tuan, e.Service, e.Application), "invalid") // no identity card before 1 September
	if len(p.Errors) == 0 || p.Errors[0].Pointer != "/choices" {
		t.Errorf("told %+v", p.Errors)
	}
	b := s.begin("birth-b3", nil)
	if c := b.Now(); c.Service.Version != "2024-07-01" {
		t.Fatalf("version %s", c.Service.Version)
	}
	b.Registered()                       // 10:30
	s.due(b, "card", "2026-09-04 17:00") // 31 Aug, 1 and 2 Sep are holidays
	s.due(b, "residence", "2026-09-04 17:00")
	s.caseDue(b, "2026-09-07 17:00")
	s.until("2026-08-31 23:59")
	s.refused(filing(tuan, e.Service, e.Application), "invalid")
	s.until("2026-09-01 00:00")
	fresh := s.begin("birth-b4", nil)
	if c := fresh.Now(); c.Service.Version != "2026-09-01" || len(c.Dossiers) != 4 {
		t.Errorf("version %s with %d parts", c.Service.Version, len(c.Dossiers))
	}
	s.until("2026-09-03 09:00")
	carded(b).By(cuong, "residence", "consent", nil)
	if b.Err() == nil {
		t.Error("the head's time was over on 31 August")
	}
	b = story.Join(t.Context(), s.Stage, b.Code, long)
	b.Staff("officer", "residence", "check", map[string]any{"household": "DN-0002", "relation": "grandchild", "consent_shown_by": "paper"})
	b.Staff("leader", "residence", "approve", nil).WantEnd("completed", 10)
	c := b.Now()
	if c.Service.Version != "2024-07-01" || c.Dossier("identity").Step != "" || len(c.Dossiers) != 3 {
		t.Errorf("version %s with %d parts", c.Service.Version, len(c.Dossiers))
	}
	s.heard(long, b.Code, "filed", "received birth", "task birth", "result birth", "result card", "result residence", "ended")
	s.ok(fresh, b)
	s.sound()
}

// The mother alone: the father's part stays blank and nobody's marriage is asked.
func TestBirthUnknownFather(t *testing.T) {
	t.Parallel()
	s := open(t, "2026-09-07 08:00", nil)
	e, err := workflows.LoadExample("birth-unknown-father")
	if err != nil {
		t.Fatal(err)
	}
	e.Application["father"] = map[string]any{"id": bao, "name": "Phạm Quốc Bảo"}
	s.refused(filing(mai, e.Service, e.Application), "invalid")
	b := s.begin("birth-unknown-father", nil).Staff("reception", "birth", "receive", nil).Want("birth", "received")
	if st, err := s.sys.Agencies.Stats("population"); err != nil || st.Requests != 0 {
		t.Errorf("the population register was asked %d times (%v)", st.Requests, err)
	}
	in := b.DraftInput()
	if in["father"] != nil {
		t.Errorf("a draft with a father: %v", in)
	}
	b.Staff("officer", "birth", "draft", in).Applicant("birth", "confirm", nil).Staff("leader", "birth", "sign", nil).Want("birth", "registered")
	entry := b.Now().Dossier("birth").Data["recorded"].(map[string]any)
	if entry["father"] != nil || entry["mother"].(map[string]any)["id"] != mai {
		t.Errorf("registered %v", entry)
	}
	b.By(sau, "residence", "consent", nil)
	b.Staff("officer", "residence", "check", map[string]any{"household": "HCM-0001", "relation": "grandchild", "consent_shown_by": "vneid"})
	b.Staff("leader", "residence", "approve", nil)
	identified(carded(b)).WantEnd("completed", 9)
	s.heard(mai, b.Code, "filed", "received birth", "task birth", "result birth", "result residence", "result card", "result identity", "ended")
	s.ok(b)
	s.sound()
}

// The marriage is in no database: another commune verifies within three working
// days; the appointment cannot be kept, so the office apologises.
func TestBirthMarriageVerifiedElsewhere(t *testing.T) {
	t.Parallel()
	const officer, asked = "officer.civil_status_20242", "officer.civil_status_20275"
	s := open(t, "2026-09-07 08:00", nil)
	b := s.begin("birth-marriage-unknown", nil).Staff("reception", "birth", "receive", nil).Want("birth", "received")
	b.Refused(officer, "birth", "draft", b.DraftInput(), "precondition")
	b.By(officer, "birth", "ask_verification", map[string]any{"commune": "20275", "question": "Cha mẹ cháu có đăng ký kết hôn tại xã không?"}).Want("birth", "verifying")
	d := b.Now().Dossier("birth")
	if d.Office.ID != "civil_status_20275" || d.Clock != "runs" {
		t.Errorf("at %s, clock %s", d.Office.ID, d.Clock)
	}
	b.Refused(officer, "birth", "verified", map[string]any{"married": true}, "forbidden")
	s.until("2026-09-09 10:00")
	b.By(asked, "birth", "verified", map[string]any{"married": true, "registration": "12/2019"}).Want("birth", "received")
	if d := b.Now().Dossier("birth"); d.Office.ID != "civil_status_20242" || !d.Overdue {
		t.Errorf("at %s, overdue %v", d.Office.ID, d.Overdue)
	}
	b.By(officer, "birth", "apologise", map[string]any{"reason": "Chờ xác minh hôn nhân", "new_due": "2026-09-09T17:00:00+07:00"})
	b.Draft().Applicant("birth", "confirm", nil).Staff("leader", "birth", "sign", nil).Want("birth", "registered").Want("residence", "checking")
	s.heard(bao, b.Code, "filed", "received birth", "apology birth", "task birth", "result birth")
	s.ok(b)
	s.sound()
}

func TestBirthMarriageNotVerifiedInTime(t *testing.T) {
	t.Parallel()
	s := open(t, "2026-09-07 08:00", nil)
	b := s.begin("birth-marriage-unknown", nil).Staff("reception", "birth", "receive", nil)
	b.Staff("officer", "birth", "ask_verification", map[string]any{"commune": "20275", "question": "Có đăng ký kết hôn không?"})
	s.until("2026-09-10 16:59")
	b.Want("birth", "verifying")
	s.until("2026-09-10 17:00")
	b.Want("birth", "received")
	if d := b.Now().Dossier("birth"); d.Office.ID != "civil_status_20242" {
		t.Errorf("at %s", d.Office.ID)
	}
	b.Draft().Want("birth", "confirming")
	s.ok(b)
	s.sound()
}

// An abandoned child: the notice is posted for seven days; relatives may come
// forward before.
func TestBirthOfAnAbandonedChild(t *testing.T) {
	t.Parallel()
	const officer, lan = "officer.civil_status_20242", "048192000202"
	s := open(t, "2026-09-07 08:00", nil)
	b := s.begin("birth-abandoned", nil).Staff("reception", "birth", "receive", nil).Want("birth", "received")
	b.Refused(officer, "birth", "draft", b.DraftInput(), "precondition")
	s.until("2026-09-07 08:30")
	b.By(officer, "birth", "post_notice", nil).Want("birth", "posting")
	if d := b.Now().Dossier("birth"); d.Clock != "paused" {
		t.Errorf("clock %s", d.Clock)
	}
	s.until("2026-09-14 08:29")
	b.Want("birth", "posting")
	s.until("2026-09-14 08:30")
	b.Want("birth", "received").Refused(officer, "birth", "post_notice", nil, "precondition")
	s.due(b, "birth", "2026-09-14 17:00")
	s.caseDue(b, "2026-09-17 17:00") // the seven days held five working days
	b.Draft().Applicant("birth", "confirm", nil).Staff("leader", "birth", "sign", nil).Want("birth", "registered")
	c := b.Now()
	for _, step := range []string{"residence", "identity"} {
		if d := c.Dossier(step); d.Closed != "absent" {
			t.Errorf("%s: %s %s", step, d.Status, d.Closed)
		}
	}
	carded(b.Later(time.Hour)).WantEnd("completed", 10)
	s.heard(lan, b.Code, "filed", "received birth", "task birth", "result birth", "result card", "ended")

	claimed := s.begin("birth-abandoned", func(app map[string]any) { child(app)["name"] = "Nguyễn Bình Yên" })
	claimed.Staff("reception", "birth", "receive", nil).By(officer, "birth", "post_notice", nil).Later(24 * time.Hour)
	claimed.By(officer, "birth", "claimed", map[string]any{"comment": "Bà ngoại đến nhận cháu"}).Want("birth", "received")
	claimed.Staff("leader", "birth", "refuse", map[string]any{"reason": "Thân nhân sẽ đăng ký khai sinh"}).WantEnd("refused", 3)
	s.ok(b, claimed)
	s.sound()
}
