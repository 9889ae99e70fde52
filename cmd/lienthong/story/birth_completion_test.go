package story_test

import (
	"testing"
	"time"

	"lienthong/cmd/lienthong/story"
)

// Two offices ask for completion at once: one request to the citizen, answered item
// by item; each part goes on when its own items are there; every clock moves by the
// working days that the citizen took.
func TestBirthCompletionOfTwoParts(t *testing.T) {
	t.Parallel()
	s := open(t, "2026-09-07 08:00", nil)
	b := s.begin("birth-b4", nil).Registered()
	s.due(b, "residence", "2026-09-09 17:00")
	s.due(b, "card", "2026-09-09 17:00")
	s.caseDue(b, "2026-09-10 17:00")
	b.Later(time.Hour).By(hung, "residence", "consent", nil).Want("residence", "checking")
	s.until("2026-09-08 08:30")
	identified(b)
	s.until("2026-09-08 09:00")
	b.Staff("officer", "residence", "request_supplement", asks("Giấy tờ chỗ ở", "Văn bản đồng ý của cha mẹ")).Want("residence", "supplement")
	s.portal(b, 4) // the card goes on
	if c := b.Now(); c.Dossier("residence").Clock != "paused" || c.Dossier("card").Clock != "runs" {
		t.Errorf("clocks: residence %s, card %s", c.Dossier("residence").Clock, c.Dossier("card").Clock)
	}
	s.until("2026-09-08 10:00")
	b.Staff("officer", "card", "request_supplement", asks("Mã nơi khám chữa bệnh")).Want("card", "supplement")
	s.portal(b, 5)
	home, clinic := items(b, "residence"), items(b, "card")
	if len(home) != 2 || len(clinic) != 1 {
		t.Fatalf("items %v %v", home, clinic)
	}
	for _, it := range b.Now().Items {
		s.instant(it.ID, it.Due, "2026-09-17 17:00") // seven working days: 9, 10, 11, 14, 15, 16, 17 September
	}
	s.tasks(tuan, "supplement residence 2026-09-17 17:00", "supplement card 2026-09-17 17:00")
	s.heardSince(4, tuan, b.Code, "result identity", "supplement residence", "supplement card")

	s.until("2026-09-10 14:00")
	b.Refused(tuan, "", "answer_supplement", answers("residence-0-1"), "invalid")
	b.Refused(hung, "", "answer_supplement", answers(clinic[0]), "not_found")
	b.Applicant("", "answer_supplement", answers(clinic[0], home[0])).Want("card", "checking").Want("residence", "supplement")
	s.due(b, "card", "2026-09-11 17:00") // two working days were the citizen's
	s.caseDue(b, "2026-09-14 17:00")     // of the case, too: every open part had been waiting
	s.portal(b, 4)
	s.tasks(tuan, "supplement residence 2026-09-17 17:00")
	b.Refused(tuan, "card", "answer_supplement", answers(clinic[0]), "wrong_state") // answered already, and answered through the case

	s.until("2026-09-11 09:00")
	b.Applicant("", "answer_supplement", answers(home[1])).Want("residence", "checking")
	s.due(b, "residence", "2026-09-14 17:00") // three working days
	s.caseDue(b, "2026-09-14 17:00")
	s.tasks(tuan)
	s.heardSince(0, "officer.police_00004", b.Code, "answered residence")
	s.heardSince(0, "officer.social_insurance_hn_1", b.Code, "answered card")
	if in, _ := b.Now().Dossier("residence").Data["answer_supplement"].(map[string]any)["items"].(map[string]any); len(in) != 2 {
		t.Errorf("the office was handed %v", in)
	}
	carded(b)
	b.Staff("officer", "residence", "check", checked).Staff("leader", "residence", "approve", nil).Want("residence", "registered").WantEnd("completed", 9)
	s.ok(b)
	s.sound()
}

// Silence for seven working days: the part expires, the rest stands, and the part
// may be filed again.
func TestBirthCompletionOfOnePartRunsOut(t *testing.T) {
	t.Parallel()
	s := open(t, "2026-09-07 08:00", nil)
	b := s.begin("birth-b4", without("residence")).Registered()
	identified(b)
	s.until("2026-09-08 10:00")
	b.Staff("officer", "card", "request_supplement", asks("Giấy tờ"))
	s.until("2026-09-17 16:59")
	b.Want("card", "supplement")
	s.portal(b, 5)
	s.until("2026-09-17 17:00")
	b.WantEnd("completed_in_part", 9)
	d := b.Now().Dossier("card")
	s.instant("expired", d.Ended, "2026-09-17 17:00")
	if d.Final != "expired" {
		t.Errorf("card: %s %s", d.Status, d.Final)
	}
	s.heardSince(4, tuan, b.Code, "result identity", "supplement card", "expired card", "ended")
	if a, ok := action(d.Actions, "refile"); !ok || !a.Allowed {
		t.Errorf("the card may be filed again: %+v", d.Actions)
	}
	s.until("2026-09-18 09:00")
	s.does(b, tuan, "card", "refile", nil)
	again := b.Now().Dossier("card")
	if again.Attempt != 2 || again.Code == d.Code {
		t.Errorf("attempt %d under %s, before %s", again.Attempt, again.Code, d.Code)
	}
	s.due(b, "card", "2026-09-22 17:00")
	carded(b).WantEnd("completed", 9)
	s.ok(b)
	s.sound()
}

// In the first part silence ends the whole case; the birth may be filed anew.
func TestBirthCompletionOfTheFirstPartRunsOut(t *testing.T) {
	t.Parallel()
	s := open(t, "2026-09-07 08:00", nil)
	b := s.begin("birth-b4", nil)
	s.until("2026-09-07 09:00")
	b.Staff("reception", "birth", "request_supplement", asks("Giấy chứng sinh"))
	s.portal(b, 5)
	s.due(b, "birth", "") // not received yet: no clock of the office runs
	s.tasks(tuan, "supplement birth 2026-09-16 17:00")
	s.until("2026-09-16 17:00")
	b.WantEnd("expired", 3)
	for _, step := range []string{"residence", "card", "identity"} {
		if d := b.Now().Dossier(step); d.Closed != "need_failed" {
			t.Errorf("%s: %s %s", step, d.Status, d.Closed)
		}
	}
	s.heard(tuan, b.Code, "filed", "supplement birth", "expired birth", "ended")
	s.refused(story.Request{Account: tuan, Method: "POST", Path: "/cases/" + b.Code + "/actions/answer_supplement", IfMatch: b.Now().ETag,
		Body: map[string]any{"input": answers("birth-2-1")}}, "wrong_state")
	s.until("2026-09-17 08:00")
	again := s.begin("birth-b4", nil).Registered()
	s.ok(b, again)
	s.sound()
}

// Answered before reception, the file comes back to the counter.
func TestBirthCompletedBeforeReception(t *testing.T) {
	t.Parallel()
	s := open(t, "2026-09-07 08:00", nil)
	b := s.begin("birth-b4", nil).Staff("reception", "birth", "request_supplement", asks("Giấy chứng sinh"))
	s.until("2026-09-09 15:10")
	b.Applicant("", "answer_supplement", answers(items(b, "birth")...)).Want("birth", "submitted")
	s.portal(b, 1)
	b.Staff("reception", "birth", "receive", nil).Want("birth", "received")
	s.due(b, "birth", "2026-09-10 17:00")
	s.caseDue(b, "2026-09-14 17:00") // three working days from the ninth
	s.heard(tuan, b.Code, "filed", "supplement birth", "received birth")
	s.ok(b)
	s.sound()
}

// Silence for one day is consent to the draft.
func TestBirthDraftConfirmedBySilence(t *testing.T) {
	t.Parallel()
	s := open(t, "2026-09-07 08:00", nil)
	b := s.begin("birth-b4", without("residence")).Staff("reception", "birth", "receive", nil)
	s.until("2026-09-07 08:20")
	b.Draft().Want("birth", "confirming")
	s.tasks(tuan, "confirm birth 2026-09-08 08:20")
	s.heard(tuan, b.Code, "filed", "received birth", "task birth")
	s.until("2026-09-08 08:19")
	b.Want("birth", "confirming").Refused(b.Clerk("leader", "birth"), "birth", "sign", nil, "wrong_state")
	s.until("2026-09-08 08:20")
	b.Want("birth", "signing")
	s.due(b, "birth", "2026-09-08 17:00") // the rule of the day anew, from when the citizen's day was over
	s.caseDue(b, "2026-09-11 17:00")
	s.tasks(tuan)
	s.until("2026-09-08 09:00")
	b.Staff("leader", "birth", "sign", nil).Want("birth", "registered")
	s.heardSince(3, tuan, b.Code, "result birth")
	s.due(b, "card", "2026-09-10 17:00")
	s.ok(b)
	s.sound()
}

// The requester disputes a name; the officer drafts again; confirmed after 15:00,
// the office has until the next working day.
func TestBirthDraftDisputed(t *testing.T) {
	t.Parallel()
	s := open(t, "2026-09-07 08:00", nil)
	b := s.begin("birth-b4", without("residence")).Staff("reception", "birth", "receive", nil)
	wrong := b.DraftInput()
	wrong["child"].(map[string]any)["name"] = "Nguyễn Trần An Nhien"
	s.until("2026-09-07 08:20")
	b.Staff("officer", "birth", "draft", wrong).Want("birth", "confirming")
	s.until("2026-09-07 09:00")
	b.Refused(tuan, "birth", "dispute", nil, "invalid") // says what is wrong
	b.Applicant("birth", "dispute", map[string]any{"comment": "Tên con là Nguyễn Trần An Nhiên"}).Want("birth", "received")
	s.due(b, "birth", "2026-09-07 17:00")
	s.until("2026-09-07 09:30")
	b.Draft().Want("birth", "confirming")
	s.until("2026-09-07 15:30")
	b.Applicant("birth", "confirm", nil).Want("birth", "signing")
	s.due(b, "birth", "2026-09-08 17:00")
	s.caseDue(b, "2026-09-10 17:00") // within one day nothing of three working days is lost
	b.Refused("officer.civil_status_00004", "birth", "sign", nil, "forbidden")
	b.Staff("leader", "birth", "sign", nil).Want("birth", "registered")
	if got := b.Now().Dossier("birth").Result.Data["child"].(map[string]any)["name"]; got != "Nguyễn Trần An Nhiên" {
		t.Errorf("registered as %v", got)
	}
	s.heard(tuan, b.Code, "filed", "received birth", "task birth", "task birth", "result birth")
	s.ok(b)
	s.sound()
}

// The office is warned once before the limit; it may apologise once, with one new
// date (NĐ 61/2018 art. 19(9)); overdue is an attribute of the part.
func TestBirthWarningAndApology(t *testing.T) {
	t.Parallel()
	const officer = "officer.civil_status_00004"
	slip := func(due string) map[string]any {
		return map[string]any{"reason": "Hệ thống hộ tịch gián đoạn", "new_due": due}
	}
	s := open(t, "2026-09-07 08:00", nil)
	b := s.begin("birth-b4", without("residence")).Staff("reception", "birth", "receive", nil)
	s.until("2026-09-07 14:59")
	s.heard(officer, b.Code)
	s.until("2026-09-07 15:00") // two hours before 17:00
	s.heard(officer, b.Code, "near birth")
	s.until("2026-09-07 16:00")
	s.heard(officer, b.Code, "near birth")
	b.Refused(officer, "birth", "apologise", slip("2026-09-07T16:30:00+07:00"), "invalid") // not later than the old date
	b.Refused("leader.civil_status_00004", "birth", "apologise", slip("2026-09-08T11:00:00+07:00"), "forbidden")
	b.By(officer, "birth", "apologise", slip("2026-09-08T11:00:00+07:00"))
	s.due(b, "birth", "2026-09-08 11:00")
	s.heardSince(2, tuan, b.Code, "apology birth")
	b.Refused(officer, "birth", "apologise", slip("2026-09-09T11:00:00+07:00"), "wrong_state")
	if a, ok := action(s.seenBy(officer, b).Dossier("birth").Actions, "apologise"); !ok || a.Allowed || len(a.Why) != 1 {
		t.Errorf("a second apology is offered as %+v", a)
	}
	s.until("2026-09-08 09:00")
	s.heard(officer, b.Code, "near birth", "near birth") // the new date is near
	s.until("2026-09-08 11:00")
	if b.Now().Dossier("birth").Overdue {
		t.Error("overdue at the very instant")
	}
	s.until("2026-09-08 11:01")
	if d := b.Now().Dossier("birth"); !d.Overdue || d.Clock != "runs" {
		t.Errorf("overdue %v, clock %s", d.Overdue, d.Clock)
	}
	// The chain has three working days and a warning of its own, one working day before.
	s.until("2026-09-09 16:59")
	s.heard(officer, b.Code, "near birth", "near birth")
	s.until("2026-09-09 17:00")
	s.heard(officer, b.Code, "near birth", "near birth", "near")
	b.By(officer, "", "apologise", slip("2026-09-14T17:00:00+07:00"))
	s.caseDue(b, "2026-09-14 17:00")
	b.Refused(officer, "", "apologise", slip("2026-09-15T17:00:00+07:00"), "wrong_state")
	s.heardSince(2, tuan, b.Code, "apology birth", "apology")
	b.Draft().Applicant("birth", "confirm", nil).Staff("leader", "birth", "sign", nil).Want("birth", "registered")
	s.ok(b)
	s.sound()
}
