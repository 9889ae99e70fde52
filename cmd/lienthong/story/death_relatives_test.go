package story_test

import (
	"testing"
	"time"

	"lienthong/cmd/lienthong/story"
)

// The deceased worker's grown relatives, beside the widow and the children.
const (
	mother = "079153001401" // Phùng Thị Tư
	father = "048055000501" // Trịnh Văn Cường
)

// parents adds the parents to the relatives of an application.
func parents(app map[string]any) {
	list, _ := app["relatives"].([]any)
	app["relatives"] = append(list,
		map[string]any{"id": mother, "name": "Phùng Thị Tư", "birth_date": "1953-05-05", "sex": "female", "relation": "mother", "income": 1_000_000},
		map[string]any{"id": father, "name": "Trịnh Văn Cường", "birth_date": "1955-01-25", "sex": "male", "relation": "father", "income": 3_000_000})
}

// form09 answers a request for the paper Mẫu 09-HSB.
func form09(t *story.Tale, step string) *story.Tale {
	return t.Applicant("", "answer_supplement", answers(items(t, step)...))
}

// The grown relatives confirm one by one; the widow who represents them is not
// asked, and the money waits for the last of them.
func TestDeathRelativesConfirm(t *testing.T) {
	t.Parallel()
	s := open(t, "2026-09-07 08:00", nil)
	tale := s.died("death-o4-monthly", parents)
	tale.Want("representative", "confirming")
	s.hears(mother, tale.Code, "party representative")
	s.hears(father, tale.Code, "party representative")
	s.never(tale.Citizen, tale.Code, "party representative")
	seen, err := s.Case(t.Context(), mother, tale.Code)
	if err != nil || seen.View != "party" || len(seen.Dossiers) != 1 || seen.Application != nil {
		t.Fatalf("the mother sees %+v %v, want only what she is asked", seen, err)
	}
	tale.Refused(tale.Citizen, "representative", "confirm", nil, "forbidden")
	tale.By(mother, "representative", "confirm", nil).Want("representative", "confirming").Want("survivor", "")
	if err := s.Act(t.Context(), mother, tale.Code, "representative", "confirm", nil); isRefusal(t, err, "wrong_state") == nil {
		t.Error("the mother confirmed twice")
	}
	tale.Later(48*time.Hour).By(father, "representative", "confirm", nil).Want("representative", "confirmed")
	s.ok(tale)
	s.gave(tale, "representative", "representative_confirmation", "shown_by", "vneid")
	insurerPays(tale)
	// The children and the parents are four; the parents have less than the reference level.
	finding := tale.Finding("monthly", false)
	for _, x := range finding["relatives"].([]any) {
		r := x.(map[string]any)
		r["entitled"] = r["entitled"].(bool) || r["relation"] == "mother" || r["relation"] == "father"
	}
	tale.Refused(tale.Clerk("officer", "survivor"), "survivor", "calculate", finding, "precondition") // 3,000,000 is too much
	for _, x := range finding["relatives"].([]any) {
		if r := x.(map[string]any); r["relation"] == "father" {
			r["entitled"] = false
		}
	}
	survivorGets(tale, finding, "granted").WantEnd("completed", 10)
	s.ok(tale)
	s.gave(tale, "survivor", "survivor_monthly", "per_month", int64(3*1_265_000))
	s.gave(tale, "survivor", "survivor_monthly", "recipients", int64(3))
	s.money(tale, []int64{25_300_000})
	s.sound()
}

// Five entitled relatives share four benefits.
func TestDeathAtMostFourRelatives(t *testing.T) {
	t.Parallel()
	s := open(t, "2026-09-07 08:00", nil)
	tale := s.died("death-o4-monthly", func(app map[string]any) {
		list, _ := app["relatives"].([]any)
		for _, born := range []string{"2019-01-01", "2020-02-02", "2021-03-03"} {
			list = append(list, map[string]any{"name": "Cao Gia An", "birth_date": born, "relation": "child"})
		}
		app["relatives"] = list
	})
	tale.Applicant("representative", "confirm", nil)
	survivorGets(tale, tale.Finding("monthly", false), "granted")
	s.ok(tale)
	s.gave(tale, "survivor", "survivor_monthly", "per_month", int64(4*1_265_000))
	s.gave(tale, "survivor", "survivor_monthly", "recipients", int64(4))
	s.sound()
}

// One relative declines: the paper form is asked for instead, and accepted.
func TestDeathRelativeDeclines(t *testing.T) {
	t.Parallel()
	s := open(t, "2026-09-07 08:00", nil)
	tale := s.died("death-o4-monthly", parents)
	tale.By(mother, "representative", "confirm", nil)
	tale.By(father, "representative", "decline", map[string]any{"reason": "Muốn con trai út đại diện"}).Want("representative", "unconfirmed")
	tale.Later(time.Hour).Staff("officer", "representative", "request_supplement", asks("Mẫu 09-HSB")).Want("representative", "supplement")
	s.hears(tale.Citizen, tale.Code, "supplement representative")
	if got := tale.Now().Portal.Code; got != 5 {
		t.Errorf("the portal shows %d while the citizen has the case, want 5", got)
	}
	form09(tale.Later(48*time.Hour), "representative").Want("representative", "checking")
	tale.Staff("officer", "representative", "accept", nil).Want("representative", "confirmed")
	s.ok(tale)
	s.gave(tale, "representative", "representative_confirmation", "shown_by", "mau_09_hsb")
	insurerPays(tale)
	survivorGets(tale, tale.Finding("monthly", false), "granted").WantEnd("completed", 10)
	s.money(tale, []int64{25_300_000})
	s.sound()
}

// Nobody answers: after ten days the office asks for the paper form, which does
// not come in seven working days either. The benefits still go on and ask for it
// themselves.
func TestDeathRelativesSilent(t *testing.T) {
	t.Parallel()
	s := open(t, "2026-09-07 08:00", nil)
	tale := s.died("death-o4-monthly", parents) // registered Mon 7 Sep 09:55
	s.until("2026-09-17 09:50")
	tale.Want("representative", "confirming")
	s.until("2026-09-17 10:00")
	tale.Want("representative", "unconfirmed")
	tale.Staff("officer", "representative", "request_supplement", asks("Mẫu 09-HSB")) // Thu 17 Sep
	s.until("2026-09-28 16:59")                                                       // Mon
	tale.Want("representative", "supplement")
	s.until("2026-09-28 17:00")
	tale.Want("representative", "expired")
	s.ok(tale)
	s.hears(tale.Citizen, tale.Code, "supplement representative", "expired representative")
	clerk := tale.Clerk("officer", "insurance_funeral")
	tale.Refused(clerk, "insurance_funeral", "calculate", nil, "precondition")
	tale.Refused(clerk, "survivor", "calculate", tale.Finding("monthly", false), "precondition")
	tale.Staff("officer", "insurance_funeral", "request_supplement", asks("Mẫu 09-HSB"))
	tale.Staff("officer", "survivor", "request_supplement", asks("Mẫu 09-HSB"))
	// One answer, item by item: each part moves when its own are there.
	form09(tale, "insurance_funeral").Want("insurance_funeral", "checking").Want("survivor", "supplement")
	form09(tale, "survivor").Want("survivor", "checking")
	insurerPays(tale)
	survivorGets(tale, tale.Finding("monthly", false), "granted").WantEnd("completed_in_part", 10)
	s.money(tale, []int64{25_300_000})
	s.sound()
}

// Somebody else than the organiser files: the organiser confirms (O3).
func TestDeathOrganiserConfirms(t *testing.T) {
	t.Parallel()
	s := open(t, "2026-09-07 08:00", nil)
	tale := s.died("death-o4-monthly", func(app map[string]any) {
		only(true)(app)
		put(app, map[string]any{"id": father, "name": "Trịnh Văn Cường"}, "funeral", "organiser")
	})
	tale.Want("representative", "confirming").Want("insurance_funeral", "")
	s.hears(father, tale.Code, "party representative")
	tale.By(father, "representative", "confirm", nil)
	insurerPays(tale).WantEnd("completed", 10)
	s.money(tale, []int64{25_300_000})
	s.sound()
}

// The treasury does not know the account: the citizen gives another one, and the
// money goes out once.
func TestDeathWrongAccount(t *testing.T) {
	t.Parallel()
	s := open(t, "2026-09-07 08:00", nil)
	tale := s.died("death-o4-monthly", func(app map[string]any) {
		only(true)(app)
		put(app, "9999999999", "funeral", "payee", "account")
	})
	tale.Staff("officer", "insurance_funeral", "calculate", nil)
	tale.Later(time.Hour).Staff("leader", "insurance_funeral", "sign", nil).Want("insurance_funeral", "payee_wrong")
	s.hears(tale.Citizen, tale.Code, "supplement insurance_funeral")
	s.money(tale, nil)
	tale.Refused(tale.Citizen, "insurance_funeral", "correct_payee", map[string]any{"method": "bank", "name": "Lý Thị Hồng"}, "invalid")
	right := map[string]any{"method": "bank", "name": "Lý Thị Hồng", "id": "079187000902", "account": "0071000000902", "bank": "Vietcombank"}
	tale.Later(72*time.Hour).Applicant("insurance_funeral", "correct_payee", right).Want("insurance_funeral", "paid").WantEnd("completed", 10)
	s.gave(tale, "insurance_funeral", "funeral_money", "amount", int64(25_300_000))
	s.money(tale, []int64{25_300_000})
	s.sound()
}

// … or does not answer for seven working days.
func TestDeathWrongAccountLeft(t *testing.T) {
	t.Parallel()
	s := open(t, "2026-09-07 08:00", nil)
	tale := s.died("death-o4-monthly", func(app map[string]any) {
		only(true)(app)
		put(app, "9999999999", "funeral", "payee", "account")
	})
	tale.Staff("officer", "insurance_funeral", "calculate", nil)
	tale.Staff("leader", "insurance_funeral", "sign", nil).Want("insurance_funeral", "payee_wrong") // Mon 7 Sep
	s.until("2026-09-16 16:59")
	tale.Want("insurance_funeral", "payee_wrong")
	s.until("2026-09-16 17:00")
	tale.Want("insurance_funeral", "expired").WantEnd("completed_in_part", 10)
	s.money(tale, nil)
	s.hears(tale.Citizen, tale.Code, "expired insurance_funeral", "ended")
	s.sound()
}
