package story

import (
	"context"
	"time"
)

// Death plays the linked death with all its parts for an insured worker's widow:
// the extract, the residence, the funeral allowance (25,300,000 đồng) and two
// children's monthly benefit (2,530,000 together).
func Death(ctx context.Context, s Stage) *Tale {
	t := Begin(ctx, s, "death-o4-monthly", nil)
	t.Later(20*time.Minute).Died().Want("representative", "confirming")
	t.Later(40*time.Minute).Applicant("representative", "confirm", nil).Want("representative", "confirmed")
	t.Later(30*time.Minute).Staff("officer", "residence", "approve", nil).Want("residence", "deleted")
	t.Later(18*time.Hour).Staff("officer", "insurance_funeral", "calculate", nil)
	t.Later(time.Hour).Staff("leader", "insurance_funeral", "sign", nil).Want("insurance_funeral", "paid")
	t.Later(2*time.Hour).Staff("officer", "survivor", "calculate", t.Finding("monthly", false))
	return t.Later(time.Hour).Staff("leader", "survivor", "sign", nil).Want("survivor", "granted").WantEnd("completed", 10)
}

// Died takes a death from filing to its extract.
func (t *Tale) Died() *Tale {
	t.Staff("reception", "death", "receive", nil).Later(30*time.Minute).Staff("officer", "death", "draft", t.ExtractInput())
	t.Later(40*time.Minute).Applicant("death", "confirm", nil)
	return t.Later(30*time.Minute).Staff("leader", "death", "sign", nil).Want("death", "registered")
}

// ExtractInput is a draft extract that follows the declaration.
func (t *Tale) ExtractInput() map[string]any {
	declared, _ := t.Now().Dossier("death").With["deceased"].(map[string]any)
	entry := map[string]any{}
	for _, k := range []string{"id", "name", "birth_date", "sex", "ethnicity", "nationality", "death_date", "death_time", "death_place", "cause"} {
		if v := declared[k]; v != nil {
			entry[k] = v
		}
	}
	return map[string]any{"deceased": entry}
}

// Finding is the benefit officer's finding on the relatives as they were declared:
// the children under 18 are entitled.
func (t *Tale) Finding(mode string, twoDeaths bool) map[string]any {
	with := t.Now().Dossier("survivor").With
	declared, _ := with["relatives"].([]any)
	died, _ := with["died_on"].(string)
	relatives := []any{}
	for _, x := range declared {
		r, _ := x.(map[string]any)
		found := map[string]any{"entitled": r["relation"] == "child" && minor(r["birth_date"], died), "no_carer": r["no_carer"] == true}
		for _, k := range []string{"id", "name", "birth_date", "relation", "income", "incapacity"} {
			if v := r[k]; v != nil {
				found[k] = v
			}
		}
		relatives = append(relatives, found)
	}
	return map[string]any{"mode": mode, "two_deaths": twoDeaths, "relatives": relatives}
}

// minor tells whether somebody born on one day was under 18 on another.
func minor(born any, on string) bool {
	day, _ := born.(string)
	b, err := time.Parse(time.DateOnly, day)
	if err != nil {
		return false
	}
	return b.AddDate(18, 0, 0).Format(time.DateOnly) > on
}
