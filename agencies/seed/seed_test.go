package seed_test

import (
	"fmt"
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"lienthong/agencies/seed"
)

type object = map[string]any

func records(w seed.World, registry, kind string) []seed.Record {
	var found []seed.Record
	for _, r := range w[registry] {
		if r.Kind == kind {
			found = append(found, r)
		}
	}
	return found
}

func TestCounts(t *testing.T) {
	w := seed.Build(1)
	for name, c := range map[string]struct{ got, least int }{
		"people":        {len(records(w, "population", "person")), 200},
		"households":    {len(records(w, "residence", "household")), 40},
		"birth notices": {len(records(w, "health", "birth_notice")), 27},
		"death notices": {len(records(w, "health", "death_notice")), 9},
		"accounts":      {len(records(w, "treasury", "account")), 15},
	} {
		if c.got < c.least {
			t.Errorf("%s: %d, want at least %d", name, c.got, c.least)
		}
	}
	communes, provinces := object{}, object{}
	for _, r := range records(w, "residence", "household") {
		a := r.Data["address"].(object)
		communes[a["commune"].(string)], provinces[a["province"].(string)] = true, true
	}
	if len(communes) != 6 || len(provinces) != 3 {
		t.Errorf("communes %v, provinces %v", communes, provinces)
	}
}

func TestSameSeedSameWorld(t *testing.T) {
	if !reflect.DeepEqual(seed.Build(5), seed.Build(5)) {
		t.Error("differs")
	}
	if reflect.DeepEqual(seed.Build(5), seed.Build(6)) {
		t.Error("the seed makes no difference")
	}
}

// TestIDs holds every number against the rules of its making.
func TestIDs(t *testing.T) {
	for _, s := range []int64{1, 2, 99} {
		seen := map[string]bool{}
		for _, r := range records(seed.Build(s), "population", "person") {
			p := r.Data["person"].(object)
			id, sex := p["id"].(string), p["sex"].(string)
			born, err := time.Parse(time.DateOnly, p["birth_date"].(string))
			if err != nil || seen[id] || id != r.ID {
				t.Fatalf("%v %v", p, err)
			}
			seen[id] = true
			want := seed.ID(id[1:3], sex, born.Year(), 0)[:6]
			if !regexp.MustCompile(`^0(01|48|79)[0-9]{9}$`).MatchString(id) || id[:6] != want {
				t.Errorf("%s of a %s born %s, want %s……", id, sex, born.Format(time.DateOnly), want)
			}
		}
	}
	if got := seed.ID("01", "female", 2025, 123456); got != "001325123456" {
		t.Errorf("the example of the rules: %s", got)
	}
}

func TestNoticeCodes(t *testing.T) {
	w := seed.Build(1)
	for kind, pattern := range map[string]string{"birth_notice": "GCS", "death_notice": "GBT"} {
		re := regexp.MustCompile(`^[0-9]{5}\.` + pattern + `\.[0-9]{5}\.[0-9]{2}$`)
		seen := map[string]bool{}
		for _, r := range records(w, "health", kind) {
			if !re.MatchString(r.ID) || seen[r.ID] || r.Data["code"] != r.ID {
				t.Errorf("%s", r.ID)
			}
			seen[r.ID] = true
		}
	}
}

// TestRegistersAgree follows every reference between the registers.
func TestRegistersAgree(t *testing.T) {
	w := seed.Build(1)
	people := object{}
	for _, r := range records(w, "population", "person") {
		people[r.ID] = r.Data["person"].(object)["name"]
	}
	var follow func(where string, v any)
	follow = func(where string, v any) {
		switch v := v.(type) {
		case object:
			if id, ok := v["id"].(string); ok && len(id) == 12 && people[id] != v["name"] {
				t.Errorf("%s: %s is not %v", where, id, v["name"])
			}
			for k, x := range v {
				follow(where+"/"+k, x)
			}
		case []any:
			for i, x := range v {
				follow(fmt.Sprint(where, "/", i), x)
			}
		}
	}
	for registry, rs := range w {
		for _, r := range rs {
			follow(registry+"/"+r.Kind+"/"+r.ID, r.Data)
		}
	}
	homes := object{}
	for _, r := range records(w, "residence", "member") {
		homes[r.Owner] = true
	}
	if len(homes) != len(records(w, "residence", "household")) {
		t.Error("households without members, or the other way round")
	}
}

func TestStories(t *testing.T) {
	w := seed.Build(1)
	marital := object{}
	for _, r := range records(w, "population", "marital") {
		marital[r.ID] = true
	}
	for handle, known := range map[string]bool{"ha": true, "bao": false, "lan": false, "mai": true} {
		if (marital[seed.ByHandle(handle).ID] != nil) != known {
			t.Errorf("marriage of %s", handle)
		}
	}
	if p := seed.ByHandle("nobody"); p.ID != "" {
		t.Errorf("%+v", p)
	}
	twins := 0
	for _, n := range seed.NamedBirthNotices {
		if n.Mother == "thao" {
			twins++
		}
	}
	if twins != 2 || len(seed.NamedDeathNotices) != 9 || len(seed.NamedAccounts) != 15 {
		t.Error("stories are incomplete")
	}
}

// TestReadme keeps the published table of named people true.
func TestReadme(t *testing.T) {
	text, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range seed.Named() {
		row := fmt.Sprintf("| `%s` | %s | %s | %s | %s | %s | %s | %s |", p.Handle, p.ID, p.Name, p.BirthDate, p.Sex, p.Commune, p.Household, p.Role)
		if !strings.Contains(string(text), row) {
			t.Errorf("README lacks: %s", row)
		}
	}
	for _, n := range seed.NamedBirthNotices {
		if row := fmt.Sprintf("| %s | `%s` | %s | %s | %s |", n.Code, n.Mother, n.ChildName, n.Sex, n.BirthDate); !strings.Contains(string(text), row) {
			t.Errorf("README lacks: %s", row)
		}
	}
	for _, n := range seed.NamedDeathNotices {
		if row := fmt.Sprintf("| %s | `%s` | %s |", n.Code, n.Deceased, n.DiedOn); !strings.Contains(string(text), row) {
			t.Errorf("README lacks: %s", row)
		}
	}
	for _, a := range seed.NamedAccounts {
		if row := fmt.Sprintf("| %s | %s | `%s` |", a.Number, a.Bank, a.Owner); !strings.Contains(string(text), row) {
			t.Errorf("README lacks: %s", row)
		}
	}
}
