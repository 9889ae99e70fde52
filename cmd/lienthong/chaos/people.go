package chaos

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"sync"
	"time"

	"lienthong/agencies/seed"
	"lienthong/engine"
	"lienthong/store/sqlite"
	"lienthong/workflows"
)

// person is somebody the population register knows.
type person map[string]any

func (p person) id() string { s, _ := p["id"].(string); return s }

// form is what a form asks about a person.
func (p person) form() map[string]any {
	out := map[string]any{}
	for _, k := range []string{"id", "name", "birth_date", "sex", "ethnicity", "nationality"} {
		out[k] = p[k]
	}
	return out
}

// family is a couple in their own household, where a child may be registered.
type family struct {
	household, commune string
	father, mother     person // the father heads the household; both own the home
}

// families are the generated couples of the seeded world.
func families() []family {
	world := seed.Build(0)
	people := map[string]person{}
	for _, r := range world["population"] {
		if p, ok := r.Data["person"].(map[string]any); ok && r.Kind == "person" {
			people[r.ID] = p
		}
	}
	wives := map[string]string{} // by household
	for _, r := range world["residence"] {
		if r.Kind == "member" && r.Data["relation"] == "wife" {
			wives[r.Owner] = r.ID
		}
	}
	var out []family
	for _, r := range world["residence"] {
		if r.Kind != "household" {
			continue
		}
		owners, _ := r.Data["owners"].([]any)
		f := family{household: r.ID, father: people[r.Owner], mother: people[wives[r.ID]]}
		f.commune, _ = r.Data["commune"].(string)
		if f.father != nil && f.mother != nil && len(owners) == 2 && f.father["sex"] == "male" {
			out = append(out, f)
		}
	}
	return out
}

// token is the bearer token of an account of the run. Nobody signs in: sessions
// are made beforehand, since signing in is slow on purpose and limited.
func token(account string) string { return "lt_chaos_" + account }

// definitions are the embedded ones, compiled once.
var definitions = sync.OnceValues(workflows.Load)

// roles that every office has a clerk for.
var roles = []string{"reception", "officer", "leader"}

// populate makes everybody's account and session in a store before a server has it.
func populate(ctx context.Context, file string) error {
	all := []engine.Account{{ID: "operator", Kind: engine.Staff, Name: "Người vận hành", Roles: []string{"operator"}},
		{ID: administrator, Kind: engine.Staff, Name: "Quản trị", Roles: []string{engine.ByAdministrator}}}
	for _, f := range families() {
		for _, p := range []person{f.father, f.mother} {
			name, _ := p["name"].(string)
			all = append(all, engine.Account{ID: p.id(), Kind: engine.Citizen, Person: p.id(), Name: name})
		}
	}
	set, err := definitions()
	if err != nil {
		return err
	}
	for _, o := range set.Offices() {
		for _, r := range roles {
			all = append(all, engine.Account{ID: r + "." + o.ID, Kind: engine.Staff, Name: "Cán bộ " + o.ID, Office: o.ID, Roles: []string{r}})
		}
	}
	store, err := sqlite.Open(ctx, sqlite.Config{Path: file, TakeOver: true})
	if err != nil {
		return err
	}
	now := time.Now()
	errs := make([]error, 64) // that commit together
	var wg sync.WaitGroup
	for i := range errs {
		wg.Go(func() {
			for n := i; n < len(all) && errs[i] == nil; n += len(errs) {
				errs[i] = admit(ctx, store, all[n], now)
			}
		})
	}
	wg.Wait()
	return errors.Join(append(errs, store.Close())...)
}

func admit(ctx context.Context, store *sqlite.Store, a engine.Account, now time.Time) error {
	if err := store.PutAccount(ctx, a, 0, nil); err != nil {
		return fmt.Errorf("account %s: %w", a.ID, err)
	}
	h := sha256.Sum256([]byte(token(a.ID)))
	return store.PutSession(ctx, engine.Session{Token: hex.EncodeToString(h[:]), Account: a.ID, From: now.Add(-time.Hour), Until: now.AddDate(0, 1, 0)})
}

// names of children, so that a name tells nothing about its case.
var (
	middle = []string{"An", "Bảo", "Gia", "Khánh", "Minh", "Ngọc", "Phúc", "Thiên"}
	given  = []string{"Anh", "Châu", "Hân", "Khang", "Linh", "Nam", "Quân", "Vy"}
)

// birth is one child to be registered.
type birth struct {
	family family
	notice string
	by     string // account of the parent who files
	app    map[string]any
	partly bool // residence and identity card are not asked for
}

// newborn draws a child. The notice is unique by its number.
func newborn(f family, n int, draw func(int) int, day time.Time) *birth {
	sexes := []string{"male", "female"}
	b := &birth{family: f, notice: fmt.Sprintf("%s%03d.GCS.%05d.%02d", f.commune[:2], n/100000%1000, n%100000, day.Year()%100), by: f.father.id()}
	relation := "father"
	if draw(3) == 0 {
		b.by, relation = f.mother.id(), "mother"
	}
	b.partly = draw(4) == 0
	registration := map[string]any{"commune": f.commune, "situation": "ordinary"}
	if draw(8) == 0 {
		registration["copies"] = 2 // a fee
	}
	child := map[string]any{
		"notice": map[string]any{"code": b.notice}, "name": fmt.Sprintf("Nguyễn %s %s", middle[draw(len(middle))], given[draw(len(given))]),
		"sex": sexes[draw(2)], "birth_date": day.AddDate(0, 0, -1-draw(30)).Format(time.DateOnly), "birth_place": "Bệnh viện",
		"hometown": f.father["hometown"], "ethnicity": "Kinh", "nationality": "Việt Nam",
	}
	b.app = map[string]any{
		"registration": registration, "relation_to_child": relation, "children": []any{child},
		"mother": f.mother.form(), "father": f.father.form(), "parents_marriage": map[string]any{"status": "married"},
		"choices": map[string]any{"residence": !b.partly, "card": true, "identity": !b.partly},
	}
	if !b.partly {
		b.app["residence"] = map[string]any{"commune": f.commune, "household": f.household, "relation": "child",
			"head": map[string]any{"id": f.father.id(), "name": f.father["name"]}}
	}
	return b
}

// clerkOf is the account of a role at an office.
func clerkOf(role, office string) string { return role + "." + office }
