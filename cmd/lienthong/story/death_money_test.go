package story_test

import (
	"testing"
	"time"

	"lienthong/cmd/lienthong/story"
)

// died takes an example to the point where its money begins: filed, registered, the residence deleted.
func (s *stage) died(example string, change func(map[string]any)) *story.Tale {
	s.t.Helper()
	t := s.begin(example, change).Later(15 * time.Minute).Died()
	t.Later(time.Hour).Staff("officer", "residence", "approve", nil).Want("residence", "deleted")
	s.ok(t)
	return t
}

// insurerPays takes the insurer's funeral part to the money.
func insurerPays(t *story.Tale) *story.Tale {
	t.Staff("officer", "insurance_funeral", "calculate", nil)
	return t.Later(time.Hour).Staff("leader", "insurance_funeral", "sign", nil).Want("insurance_funeral", "paid")
}

// survivorGets takes the survivor part to its end.
func survivorGets(t *story.Tale, finding map[string]any, state string) *story.Tale {
	t.Staff("officer", "survivor", "calculate", finding)
	return t.Later(time.Hour).Staff("leader", "survivor", "sign", nil).Want("survivor", state)
}

// The funeral allowance follows the level of the month of death, whenever it is
// decided: 23,400,000 for 30 Jun 2026, 25,300,000 for 1 Jul 2026.
func TestDeathFuneralOfTheInsured(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, start, example string
		amount               int64
		overpaid             int64 // pension of the months after the death
	}{
		{"30 June decided in July", "2026-07-02 08:00", "death-o4", 23_400_000, 6_500_000},
		{"30 June decided in September", "2026-09-07 08:00", "death-o4", 23_400_000, 3 * 6_500_000},
		{"1 July decided in July", "2026-07-03 08:00", "death-o4-july", 25_300_000, 0},
		{"1 July decided in September", "2026-09-07 08:00", "death-o4-july", 25_300_000, 2 * 7_200_000},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := open(t, c.start, nil)
			tale := insurerPays(s.died(c.example, only(true)))
			tale.WantEnd("completed", 10)
			s.ok(tale)
			s.closed(tale, "representative", "absent") // the organiser filed
			s.closed(tale, "survivor", "absent")
			s.gave(tale, "insurance_funeral", "funeral_money", "amount", c.amount)
			s.gave(tale, "insurance_funeral", "funeral_money", "recover", c.overpaid)
			s.money(tale, []int64{c.amount})
			s.hears(tale.Citizen, tale.Code, "result insurance_funeral", "ended")
			s.sound()
		})
	}
}

// The insurer has 8 working days, and whoever calculated may not sign.
func TestDeathInsurerLimit(t *testing.T) {
	t.Parallel()
	s := open(t, "2026-08-26 09:00", nil) // a Wednesday before the National Day
	tale := s.begin("death-o4-july", only(true))
	tale.Died() // 10:40
	// Thu 27, Fri 28 Aug, (Mon 31 to Wed 2 Sep off), Thu 3, Fri 4, Mon 7, Tue 8, Wed 9, Thu 10 Sep.
	s.due(tale, "insurance_funeral", "2026-09-10 17:00")
	s.sound()
}

// Social assistance: 20 × the standard that was raised in August from July on; the
// commune has two working days, the province three, the citizen is told of all five.
func TestDeathSocialAssistance(t *testing.T) {
	t.Parallel()
	s := open(t, "2026-09-07 08:00", nil)
	tale := s.died("death-o3-social", nil) // Mon 10:55
	s.dueTo(tale, tale.Clerk("officer", "social_funeral"), "social_funeral", "2026-09-09 17:00")
	s.due(tale, "social_funeral", "2026-09-14 17:00")
	tale.Want("social_funeral", "checking").Staff("officer", "social_funeral", "check", nil).Want("social_funeral", "deciding")
	s.dueTo(tale, tale.Clerk("leader", "social_funeral"), "social_funeral", "2026-09-10 17:00")
	s.due(tale, "social_funeral", "2026-09-14 17:00")
	if got := tale.Now().Dossier("social_funeral").Office.ID; got != "social_province_dn" {
		t.Errorf("decided by %q, want the province", got)
	}
	tale.Later(24*time.Hour).Staff("leader", "social_funeral", "decide", nil).Want("social_funeral", "paid").WantEnd("completed", 10)
	s.ok(tale)
	s.gave(tale, "social_funeral", "funeral_support", "amount", int64(10_800_000))
	s.closed(tale, "insurance_funeral", "absent")
	s.closed(tale, "merit", "absent")
	s.money(tale, []int64{10_800_000})
	s.hears(tale.Citizen, tale.Code, "result social_funeral", "ended")
	s.sound()
}

// Killed by a disaster: 50 × the standard.
func TestDeathByDisaster(t *testing.T) {
	t.Parallel()
	s := open(t, "2026-09-07 08:00", nil)
	tale := s.died("death-o3-social", func(app map[string]any) { put(app, true, "funeral", "disaster") })
	tale.Staff("officer", "social_funeral", "check", nil)
	tale.Staff("leader", "social_funeral", "decide", nil).Want("social_funeral", "paid")
	s.money(tale, []int64{27_000_000})
	s.sound()
}

// Insured and of merit: the insurer pays the funeral, merit three months beside.
func TestDeathOfMeritInsured(t *testing.T) {
	t.Parallel()
	s := open(t, "2026-09-07 08:00", nil)
	tale := insurerPays(s.died("death-merit-insured", nil))
	tale.Staff("officer", "merit", "check", nil)
	if got := tale.Now().Dossier("merit").Office.ID; got != "merit_province_hn" {
		t.Errorf("decided by %q, want the province", got)
	}
	tale.Later(26*time.Hour).Staff("leader", "merit", "decide", nil).Want("merit", "paid").WantEnd("completed", 10)
	s.ok(tale)
	s.gave(tale, "insurance_funeral", "funeral_money", "recover", int64(5_900_000)) // September's pension
	s.gave(tale, "merit", "merit_benefit", "funeral_amount", int64(0))
	s.gave(tale, "merit", "merit_benefit", "months_amount", int64(10_200_000))
	s.closed(tale, "social_funeral", "absent")
	s.money(tale, []int64{25_300_000, 10_200_000})
	s.hears(tale.Citizen, tale.Code, "result insurance_funeral", "result merit", "ended")
	s.sound()
}

// Of merit, uninsured: merit pays the funeral and three months together.
func TestDeathOfMerit(t *testing.T) {
	t.Parallel()
	s := open(t, "2026-09-07 08:00", nil)
	tale := s.died("death-merit", nil)
	s.closed(tale, "insurance_funeral", "absent")
	tale.Staff("officer", "merit", "check", nil).Later(26*time.Hour).Staff("leader", "merit", "decide", nil).Want("merit", "paid").WantEnd("completed", 10)
	s.ok(tale)
	s.gave(tale, "merit", "merit_benefit", "funeral_amount", int64(25_300_000))
	s.gave(tale, "merit", "merit_benefit", "months_amount", int64(5_430_000))
	s.money(tale, []int64{30_730_000})
	s.sound()
}

// A pensioner's widow takes the lump sum: the formula gives less than its minimum
// of three months.
func TestDeathLumpSumOfAPensioner(t *testing.T) {
	t.Parallel()
	s := open(t, "2026-07-02 08:00", nil)
	tale := s.died("death-o4", nil)
	tale.Want("representative", "confirming").Applicant("representative", "confirm", nil)
	insurerPays(tale)
	survivorGets(tale, tale.Finding("lump_sum", false), "paid").WantEnd("completed", 10)
	s.ok(tale)
	s.gave(tale, "survivor", "survivor_lump_sum", "amount", int64(19_500_000))
	s.money(tale, []int64{23_400_000, 19_500_000})
	s.hears(tale.Citizen, tale.Code, "result insurance_funeral", "result survivor", "ended")
	s.sound()
}

// A contributor's family may choose the lump sum: 3 years before 2014 × 1.5 and 12
// from 2014 × 2 months of 9,800,000.
func TestDeathLumpSumOfAContributor(t *testing.T) {
	t.Parallel()
	s := open(t, "2026-09-07 08:00", nil)
	tale := s.died("death-o4-monthly", func(app map[string]any) { put(app, "lump_sum", "survivor", "mode") })
	tale.Applicant("representative", "confirm", nil)
	insurerPays(tale)
	survivorGets(tale, tale.Finding("lump_sum", false), "paid").WantEnd("completed", 10)
	s.money(tale, []int64{25_300_000, 279_300_000})
	s.sound()
}

// A widow under 55 who can work gets no monthly benefit: the finding is refused
// with the rule; without an entitled relative it cannot be monthly at all.
func TestDeathMonthlyNeedsAnEntitledRelative(t *testing.T) {
	t.Parallel()
	s := open(t, "2026-07-02 08:00", nil)
	tale := s.died("death-o4", func(app map[string]any) { put(app, "monthly", "survivor", "mode") })
	tale.Applicant("representative", "confirm", nil).Want("survivor", "checking")
	none := tale.Finding("monthly", false)
	widow := tale.Finding("monthly", false)
	widow["relatives"].([]any)[0].(map[string]any)["entitled"] = true
	clerk := tale.Clerk("officer", "survivor")
	tale.Refused(clerk, "survivor", "calculate", none, "precondition")
	tale.Refused(clerk, "survivor", "calculate", widow, "precondition")
	widow["relatives"].([]any)[0].(map[string]any)["incapacity"] = 81
	survivorGets(tale, widow, "granted")
	s.ok(tale)
	s.gave(tale, "survivor", "survivor_monthly", "per_month", int64(1_170_000)) // half of June's level
	s.sound()
}

// Two contributors died and nobody can care for the child: 2 × 70 %.
func TestDeathOfTwoContributors(t *testing.T) {
	t.Parallel()
	s := open(t, "2026-09-07 08:00", nil)
	tale := s.died("death-o4-two-deaths", nil)
	tale.Applicant("representative", "confirm", nil)
	insurerPays(tale)
	survivorGets(tale, tale.Finding("monthly", true), "granted").WantEnd("completed", 10)
	s.ok(tale)
	s.gave(tale, "survivor", "survivor_monthly", "per_month", int64(3_542_000))
	s.gave(tale, "survivor", "survivor_monthly", "recipients", int64(1))
	s.money(tale, []int64{25_300_000})
	s.sound()
}

// A social pensioner without insurance: funeral support, and the survivor part is
// refused with its reason while everything else stands.
func TestDeathOfTheUninsured(t *testing.T) {
	t.Parallel()
	s := open(t, "2026-09-07 08:00", nil)
	tale := s.died("death-o4-uninsured", nil)
	tale.Want("survivor", "ineligible")
	tale.Staff("officer", "social_funeral", "check", nil)
	tale.Later(20*time.Hour).Staff("leader", "social_funeral", "decide", nil).Want("social_funeral", "paid").WantEnd("completed_in_part", 10)
	s.ok(tale)
	s.closed(tale, "representative", "absent") // no insurer's money to receive
	s.gave(tale, "survivor", "refusal_slip", "reason", "Người chết không tham gia BHXH hoặc chưa đủ thời gian tham gia để hưởng chế độ tuất.")
	s.money(tale, []int64{10_800_000})
	s.hears(tale.Citizen, tale.Code, "refused survivor", "result social_funeral", "ended")
	s.sound()
}
