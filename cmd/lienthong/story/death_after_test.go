package story_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"lienthong/cmd/lienthong/story"
)

var why = map[string]any{"reason": "Theo giấy báo tử bản gốc"}

// corrected has the civil-status office correct the extract.
func corrected(t *story.Tale, changes map[string]any) *story.Tale {
	t.Staff("officer", "death", "correct", why).Want("death", "correcting")
	return t.Later(time.Hour).Staff("leader", "death", "propose", map[string]any{"changes": changes, "reason": "Ghi sai ngày chết"}).Want("death", "registered")
}

// review checks the open review item of a part: from and to which version of the
// extract, and when the office must have decided.
func (s *stage) review(t *story.Tale, step string, from, to int, due string) {
	s.t.Helper()
	list := t.Now().Dossier(step).Reviews
	s.ok(t)
	if len(list) == 0 {
		s.t.Fatalf("%s has nothing to review", step)
	}
	r := list[len(list)-1]
	if r.Of != "death" || r.From != from || r.To != to || r.Decision != "" || !r.Due.Equal(at(s.t, due)) {
		s.t.Errorf("%s reviews %+v, want death %d → %d due %s", step, r, from, to, due)
	}
}

// The day of the death was wrong: the extract gets a second version, everyone who
// used the first reviews what they did, and the difference is recovered.
func TestDeathCorrectedAfterPayment(t *testing.T) {
	t.Parallel()
	s := open(t, "2026-07-03 08:00", nil)
	tale := insurerPays(s.died("death-o4-july", only(true))).WantEnd("completed", 10)
	s.money(tale, []int64{25_300_000})
	s.until("2026-07-15 09:00") // a Wednesday
	corrected(tale, map[string]any{"died_on": "2026-06-30"})
	s.ok(tale)
	if r := tale.Now().Dossier("death").Result; r.Version != 2 || r.Data["died_on"] != "2026-06-30" {
		t.Errorf("the extract is %+v, want version 2 with 30 June", r)
	}
	s.hears(tale.Citizen, tale.Code, "corrected death")
	s.review(tale, "residence", 1, 2, "2026-07-22 17:00")
	s.review(tale, "eligibility", 1, 2, "2026-07-16 17:00")
	s.review(tale, "insurance_funeral", 1, 2, "2026-07-27 17:00")
	tale.Staff("officer", "residence", "review_amend", why).Staff("officer", "eligibility", "review_keep", why)
	tale.Staff("officer", "insurance_funeral", "review_amend", why).Want("insurance_funeral", "recalculating")
	tale.Later(time.Hour).Staff("leader", "insurance_funeral", "recalculate", nil).Want("insurance_funeral", "paid")
	s.gave(tale, "insurance_funeral", "funeral_money", "amount", int64(23_400_000))
	s.money(tale, []int64{25_300_000}, 1_900_000)
	for _, d := range tale.Now().Dossiers {
		for _, r := range d.Reviews {
			if r.Decision == "" {
				t.Errorf("%s still has to review %s", d.Step, r.ID)
			}
		}
	}
	tale.WantEnd("completed", 10)
	s.ok(tale)
	s.sound()
}

// The other way round: more is owed, and paid once.
func TestDeathCorrectedToMore(t *testing.T) {
	t.Parallel()
	s := open(t, "2026-07-03 08:00", nil)
	tale := insurerPays(s.died("death-o4", only(true)))
	corrected(tale, map[string]any{"died_on": "2026-07-01"})
	tale.Staff("officer", "insurance_funeral", "review_amend", why).Staff("leader", "insurance_funeral", "recalculate", nil).Want("insurance_funeral", "paid")
	s.gave(tale, "insurance_funeral", "funeral_money", "amount", int64(25_300_000))
	s.money(tale, []int64{23_400_000, 1_900_000})
	s.sound()
}

// The insurer finds the fault before it decides: the correction takes the case
// back, its limit starts again, and the new day counts.
func TestDeathReturnedByTheInsurer(t *testing.T) {
	t.Parallel()
	s := open(t, "2026-07-03 08:00", nil) // a Friday
	tale := s.died("death-o4-july", only(true))
	tale.Staff("officer", "insurance_funeral", "return_upstream", map[string]any{"pointers": []any{"/death_date"}, "what": "Giấy báo tử ghi ngày 30/6"})
	tale.Want("insurance_funeral", "upstream").Want("death", "correcting")
	s.until("2026-07-08 09:00") // a Wednesday
	tale.Staff("leader", "death", "propose", map[string]any{"changes": map[string]any{"died_on": "2026-06-30"}, "reason": "Ghi sai ngày chết"}).Want("death", "registered")
	tale.Want("insurance_funeral", "checking")
	s.due(tale, "insurance_funeral", "2026-07-20 17:00")
	insurerPays(tale)
	s.money(tale, []int64{23_400_000})
	s.review(tale, "residence", 1, 2, "2026-07-15 17:00") // was deleted on the first version
	tale.Staff("officer", "residence", "review_keep", why)
	tale.Staff("officer", "eligibility", "review_keep", why).WantEnd("completed", 10)
	s.ok(tale)
	s.sound()
}

// The person is alive: the extract is annulled, the population database and the
// residence are restored, the pension goes on and the money is recovered.
func TestDeathAnnulled(t *testing.T) {
	t.Parallel()
	const id = "001050000701"
	s := open(t, "2026-07-02 08:00", nil)
	tale := s.died("death-o4", nil)
	tale.Applicant("representative", "confirm", nil)
	insurerPays(tale)
	survivorGets(tale, tale.Finding("lump_sum", false), "paid").WantEnd("completed", 10)
	s.money(tale, []int64{23_400_000, 19_500_000})
	if got := s.reads("social_insurance", "insured", map[string]any{"id": id})["pension_stopped"]; got != "2026-06-30" {
		t.Errorf("the pension was stopped for %v", got)
	}
	tale.Later(48*time.Hour).Staff("officer", "death", "correct", why)
	tale.Staff("leader", "death", "annul", map[string]any{"reason": "Người được báo tử còn sống"}).Want("death", "annulled")
	s.ok(tale)
	if r := tale.Now().Dossier("death").Result; !r.Revoked {
		t.Error("the extract is not revoked")
	}
	if got := fmt.Sprint(s.reads("population", "person", map[string]any{"id": id})); strings.Contains(got, "2026-06-30") {
		t.Errorf("the population database still knows of a death: %s", got)
	}
	s.hears(tale.Citizen, tale.Code, "revoked death")
	for _, step := range []string{"residence", "eligibility", "insurance_funeral", "survivor"} {
		if got := tale.Now().Dossier(step).Reviews; len(got) == 0 || got[0].To != 0 {
			t.Errorf("%s reviews %+v, want the annulment", step, got)
		}
		tale.Refused(tale.Clerk("officer", step), step, "review_annul", why, "forbidden")
		tale.Staff("leader", step, "review_annul", why).Want(step, "annulled")
		s.ok(tale)
	}
	s.money(tale, []int64{23_400_000, 19_500_000}, 23_400_000, 19_500_000)
	for _, d := range tale.Now().Dossiers {
		for _, r := range d.Reviews {
			if r.Decision != "annul" {
				t.Errorf("%s still has to review %s", d.Step, r.ID)
			}
		}
	}
	insured := s.reads("social_insurance", "insured", map[string]any{"id": id})
	if insured["pension_stopped"] != nil || insured["pension_monthly"] != int64(6_500_000) {
		t.Errorf("the pension was not resumed: %v", insured)
	}
	if got := s.reads("residence", "household", map[string]any{"person": id}); !strings.Contains(fmt.Sprint(got), "HN-0003") {
		t.Errorf("the residence was not restored: %v", got)
	}
	s.hears(tale.Citizen, tale.Code, "revoked residence", "revoked insurance_funeral", "revoked survivor")
	s.sound()
}

// The same death cannot be filed twice while the first stands.
func TestDeathDuplicateIsRefused(t *testing.T) {
	t.Parallel()
	s := open(t, "2026-09-07 08:00", nil)
	first := s.begin("death-o2", nil)
	second := s.begin("death-none", nil)
	if p := isRefusal(t, second.Err(), "duplicate"); p == nil || p.Status != 409 || !strings.Contains(p.Body, first.Code) {
		t.Errorf("the second filing of one death got %v, want 409 naming %s", second.Err(), first.Code)
	}
	s.ok(first)
	s.sound()
}
