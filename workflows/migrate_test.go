package workflows_test

import (
	"maps"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"

	"lienthong/engine"
	"lienthong/engine/calendar"
	"lienthong/engine/machine"
	"lienthong/workflows"
)

var administrator = engine.Actor{Kind: engine.Staff, ID: "admin", Roles: []string{engine.ByAdministrator}}

// under says which version the walk goes on under.
func (w *walk) under(version string) {
	svc, err := w.set.Service(w.svc.ID, version)
	if err != nil {
		w.Fatal(err)
	}
	w.svc = svc
}

// migrate moves the case to some version of its service, or to none, and sometimes
// back at once.
func (w *walk) migrate() {
	var versions []string
	for _, s := range w.set.Services() {
		if s.ID == w.svc.ID {
			versions = append(versions, s.Version)
		}
	}
	in := map[string]any{"version": pick(w, append(versions, "1999")), "reason": "luật mới"}
	if m := newNames[pick(w, versions)]; m != nil && w.one(2) {
		in["states"] = m
	}
	actor := administrator
	if w.one(10) {
		actor = w.anybody(w.dossier())
	}
	before := w.kept
	err := w.do(engine.Command{Action: engine.ActMigrate, Actor: actor, Input: in, Codes: w.codes(w.c.Seq + 1)}, engine.Facts{})
	if err != nil || w.one(3) {
		return
	}
	if w.c.Undo == nil || w.kept.Version != in["version"] {
		w.Fatalf("migrated to %s, undo %v", w.kept.Version, w.c.Undo)
	}
	if w.one(2) { // something else happens first, if it is accepted
		w.builtin()
	}
	last := w.history[len(w.history)-1]
	err = w.do(engine.Command{Action: engine.ActRevert, Actor: administrator, Input: map[string]any{"reason": "nhầm"}}, engine.Facts{})
	if other := last.Command.Action != engine.ActMigrate; other && err == nil {
		w.Fatalf("reverted after %s", last.Command.Action)
	} else if err == nil && w.kept.Seq == before.Seq+2 {
		w.restored(before)
	}
}

// restored: a migration that was taken back leaves nothing but its entries.
func (w *walk) restored(before *engine.Case) {
	now := *w.kept
	now.Seq, now.Rev, now.Updated, now.Undo = before.Seq, before.Rev, before.Updated, before.Undo
	now.Dossiers = slices.Clone(now.Dossiers)
	for i, d := range now.Dossiers {
		was := before.Dossiers[i]
		if d.Rev < was.Rev {
			w.Fatalf("%s went from version %d back to %d", d.Step, was.Rev, d.Rev)
		}
		same := *d
		same.Rev = was.Rev
		now.Dossiers[i] = &same
	}
	if a, b := text(&now), text(before); a != b {
		w.Fatalf("taken back:\n%s\nbefore:\n%s", a, b)
	}
}

// newNames maps states for a version that has other names for them.
var newNames = map[string]map[string]any{
	"2027-01-01": {"birth": map[string]any{"received": "in_hand", "signing": "for_signature"}},
}

// nextVersion is B4 as another law might change it: states have other names, limits
// are shorter, a step needs less, something new is asked.
func nextVersion(t testing.TB) *machine.Set {
	t.Helper()
	files, err := machine.ReadFiles(workflows.Files())
	if err != nil {
		t.Fatal(err)
	}
	b5 := string(files["services/birth-b4.yaml"])
	b5 = strings.Replace(b5, `version: "2026-09-01"`, `version: "2027-01-01"`, 1)
	b5 = strings.Replace(b5, `in_force: {from: "2026-09-01"}`, `in_force: {from: "2027-01-01"}`, 1)
	b5 = strings.Replace(b5, "limit: {within: 3 working days, warn: 1 working day", "limit: {within: 2 working days, warn: 1 working day", 1)
	files["services/birth-b5.yaml"] = []byte(b5)
	old := string(files["procedures/birth_registration.yaml"])
	p := strings.Replace(old, "procedure: birth_registration\n", "procedure: birth_registration\nsince: \"2027-01-01\"\n", 1)
	for from, to := range newNames["2027-01-01"]["birth"].(map[string]any) {
		p = regexp.MustCompile(`\b`+from+`\b`).ReplaceAllString(p, to.(string))
	}
	p = strings.Replace(p, "after: {7 working days: expire}", "after: {3 working days: expire}", 1)
	files["procedures/birth_registration-2027.yaml"] = []byte(p)
	b4 := string(files["services/birth-b4.yaml"])
	files["services/birth-b4.yaml"] = []byte(strings.Replace(b4, `in_force: {from: "2026-09-01"}`, `in_force: {from: "2026-09-01", to: "2027-01-01"}`, 1))
	set, err := machine.Load(files)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// TestWalksAcrossVersions: random walks over cases that change their version on the
// way keep every promise.
func TestWalksAcrossVersions(t *testing.T) {
	set := nextVersion(t)
	moved := map[string]int{}
	examples := []string{"birth-b3", "birth-b4", "birth-twins"}
	for seed := range uint64(21) {
		ex, err := workflows.LoadExample(examples[seed%3])
		if err != nil {
			t.Fatal(err)
		}
		w := fileCase(t, set, ex, "C")
		for i := range uint64(80) {
			w.r = rand.New(rand.NewPCG(seed, i))
			if w.one(8) {
				w.migrate()
			} else {
				w.step()
			}
		}
		w.unchanged(0)
		for _, e := range w.history {
			for _, v := range e.Events {
				if m, ok := v.(engine.Migrated); ok {
					moved[m.From+" → "+m.Version]++
				}
			}
		}
	}
	t.Log(moved)
	for _, way := range []string{"2024-07-01 → 2026-09-01", "2026-09-01 → 2027-01-01", "2024-07-01 → 2027-01-01"} {
		if moved[way] == 0 {
			t.Errorf("no case moved %s: %v", way, slices.Sorted(maps.Keys(moved)))
		}
	}
}

// TestMigrationWithAStateMap: names that the new version does not have are mapped,
// or the case stays; limits and timers are the new version's.
func TestMigrationWithAStateMap(t *testing.T) {
	set := nextVersion(t)
	ex, err := workflows.LoadExample("birth-b4")
	if err != nil {
		t.Fatal(err)
	}
	ex.Application["choices"] = map[string]any{"residence": false, "card": true, "identity": false}
	delete(ex.Application, "residence")
	w := fileCase(t, set, ex, "C")
	w.r = rand.New(rand.NewPCG(1, 1))
	clerk := engine.Actor{Kind: engine.Staff, ID: "clerk", Office: w.c.Dossiers[0].Office, Roles: []string{engine.ByReception}}
	act := func(action string, in map[string]any) {
		t.Helper()
		d := w.c.Dossier("birth")
		if err := w.do(engine.Command{Action: action, Step: "birth", IfMatch: &d.Rev, Input: in, Actor: clerk}, engine.Facts{}); err != nil {
			t.Fatal(action, err)
		}
	}
	move := func(states map[string]any) error {
		in := map[string]any{"version": "2027-01-01"}
		if states != nil {
			in["states"] = map[string]any{"birth": states}
		}
		return w.do(engine.Command{Action: engine.ActMigrate, Actor: administrator, Input: in, Codes: w.codes(2)}, engine.Facts{})
	}
	act("receive", nil)
	for w.c.Dossier("birth").Request != nil {
		w.reply()
	}
	state, due := w.c.Dossier("birth").State, w.c.Clock.Due
	if state != "received" {
		t.Fatal(state)
	}
	for _, bad := range []struct {
		states map[string]any
		code   engine.Code
		says   string
	}{
		{nil, engine.Precondition, "the new version has no state received"},
		{map[string]any{"received": "nowhere"}, engine.Invalid, "the state map is not right"},
		{map[string]any{"gone": "in_hand"}, engine.Invalid, "the state map is not right"},
		{map[string]any{"received": "assigning"}, engine.Precondition, "assigning is no waiting state"},
		{map[string]any{"received": "registered"}, engine.Precondition, "registered is an end"},
		{map[string]any{"received": "for_signature"}, engine.Precondition, "uses assigned in state for_signature"},
	} {
		err := move(bad.states)
		if engine.CodeOf(err) != bad.code || !strings.Contains(err.Error(), bad.says) {
			t.Errorf("%v: %v", bad.states, err)
		}
	}
	if w.c.Version != b4 {
		t.Fatal("a refusal moved it")
	}
	if err := move(newNames["2027-01-01"]["birth"].(map[string]any)); err != nil {
		t.Fatal(err)
	}
	d := w.c.Dossier("birth")
	moves := w.c.Clock.Moves
	if d.State != "in_hand" || !w.c.Clock.Due.Before(due) || len(moves) == 0 || moves[len(moves)-1].Kind != calendar.MoveLimit {
		t.Errorf("%s, due %v before %v, moves %+v", d.State, w.c.Clock.Due, due, moves)
	}
	act("request_supplement", map[string]any{"items": []any{map[string]any{"kind": "paper", "about": "x", "reason": "y"}}})
	if at := d.Entered.AddDate(0, 0, 6); w.c.NextTimer().After(at) {
		t.Errorf("the supplement ends at %v: 3 working days are the new version's", w.c.NextTimer())
	}
}
