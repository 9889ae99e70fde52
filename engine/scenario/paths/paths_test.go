package paths_test

import (
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"

	"lienthong/engine/scenario/paths"
	"lienthong/workflows"
)

// driven is how many simple paths each shipped procedure has, and how many of them
// can be gone: on the others a guard or a choice of target contradicts an earlier
// step (a supplement asked for before reception never leads behind it).
var driven = map[string][2]int{
	"birth_registration": {108, 303}, "child_health_card": {14, 17}, "child_identity_card": {14, 17}, "death_registration": {121, 228},
	"death_registration 2027-03-01": {121, 228},
	"funeral_eligibility":           {28, 30}, "insurance_funeral": {106, 152}, "merit_death": {85, 97}, "permanent_residence": {95, 110},
	"representative_confirmation": {22, 22}, "residence_deletion": {31, 31}, "social_funeral": {35, 39}, "survivor_benefit": {32, 32},
}

// Every transition of every shipped procedure is taken through the core, and every
// simple path is gone or has a reason.
func TestEveryTransitionAndSimplePath(t *testing.T) {
	set, subs, err := paths.Load(workflows.Files())
	if err != nil {
		t.Fatal(err)
	}
	if len(subs) != len(driven) {
		t.Errorf("%d procedures, %d known", len(subs), len(driven))
	}
	for _, s := range subs {
		t.Run(s.Name(), func(t *testing.T) {
			r, err := paths.Explore(set, s, paths.Bounds{})
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range r.Missing() {
				t.Errorf("%s was not driven: %s", e, r.Why[e])
			}
			if want := driven[s.Name()]; r.Done() < want[0] || len(r.Paths) != want[1] || r.Cut {
				t.Errorf("%d of %d simple paths, known are %v", r.Done(), len(r.Paths), want)
			}
			for _, p := range r.Paths {
				switch {
				case (p.Why == "") == (len(p.Moves) == 0):
					t.Errorf("%v: %d moves, why %q", p.Edges, len(p.Moves), p.Why)
				case len(p.Moves) > 0 && p.Moves[len(p.Moves)-1].State != p.Edges[len(p.Edges)-1].To:
					t.Errorf("%v ended in %s", p.Edges, p.Moves[len(p.Moves)-1].State)
				}
			}
		})
	}
}

// What cannot be driven is named with its reason: a guard that never holds.
func TestTransitionThatCannotBeDriven(t *testing.T) {
	const file = "procedures/residence_deletion.yaml"
	fsys := fstest.MapFS{}
	for _, folder := range []string{"calendars", "parameters", "offices", "forms", "registries"} {
		names, err := fs.Glob(workflows.Files(), folder+"/*.yaml")
		if err != nil {
			t.Fatal(err)
		}
		for _, n := range names {
			data, err := fs.ReadFile(workflows.Files(), n)
			if err != nil {
				t.Fatal(err)
			}
			fsys[n] = &fstest.MapFile{Data: data}
		}
	}
	data, err := fs.ReadFile(workflows.Files(), file)
	if err != nil {
		t.Fatal(err)
	}
	const approve = "  approve:\n"
	if !strings.Contains(string(data), approve) && !strings.Contains(string(data), "  approve: {") {
		t.Fatal("no approve")
	}
	broken := strings.Replace(string(data), "  approve: {", `  approve: {if: "dossier.died_on == 'never'", why: {vi: "Không bao giờ", en: "Never"}, `, 1)
	broken = strings.Replace(broken, approve, approve+"    if: dossier.died_on == 'never'\n    why: {vi: \"Không bao giờ\", en: \"Never\"}\n", 1)
	fsys[file] = &fstest.MapFile{Data: []byte(broken)}
	set, subs, err := paths.Load(fsys)
	if err != nil {
		t.Fatal(err)
	}
	r, err := paths.Explore(set, subs[0], paths.Bounds{})
	if err != nil {
		t.Fatal(err)
	}
	missing := r.Missing()
	if len(missing) == 0 || missing[0].Action != "approve" || !strings.Contains(r.Why[missing[0]], "Never") {
		t.Errorf("missing %v: %v", missing, r.Why)
	}
}
