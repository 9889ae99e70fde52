package engine_test

import (
	"encoding/json"
	"testing"

	"lienthong/engine"
)

func asJSON(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// Folding an entry copies the dossiers that it touches and shares the others, and
// whoever holds the case from before sees nothing of it.
func TestFoldSharesWhatItDoesNotTouch(t *testing.T) {
	l := newLine(t, nil)
	l.registered()
	was := l.c
	text := asJSON(t, was)
	l.must(l.citizen("O1", "residence", "consent", nil))
	l.must(l.staff("card", engine.ActClaim, engine.ByOfficer, nil))
	for step, shared := range map[string]bool{"birth": true, "residence": false, "card": false} {
		if got := was.Dossier(step) == l.c.Dossier(step); got != shared {
			t.Errorf("%s shared: %v, want %v", step, got, shared)
		}
	}
	if now := asJSON(t, was); now != text {
		t.Errorf("the case from before was\n%s\nand is\n%s", text, now)
	}
}

// Two futures of one case do not see each other.
func TestTwoFoldsOfOneCase(t *testing.T) {
	l := newLine(t, nil)
	l.registered()
	base := l.c
	decide := func(who string) (*engine.Case, engine.Entry) {
		es, err := engine.Decide(l.defs, base, engine.Command{Action: "consent", Case: base.Code, Step: "residence",
			Actor: engine.Actor{Kind: engine.Citizen, ID: who}}, engine.Facts{}, l.now)
		l.must(err)
		return engine.Fold(base, es[0]), es[0]
	}
	a, ea := decide("H")
	want := asJSON(t, a)
	b, _ := decide("O1")
	if asJSON(t, a) != want || asJSON(t, engine.Fold(base, ea)) != want || asJSON(t, b) == want {
		t.Fatalf("%s\n%s", want, asJSON(t, b))
	}
}

// Whatever changes an outcome is kept as what made it: a correction may undo a
// success long after the dossier ended, and one that keeps the result changes nothing.
func TestEndedByIsTheActionOfTheOutcome(t *testing.T) {
	l := newLine(t, nil)
	l.registered()
	ended := l.c.Dossier("birth").Ended
	for _, step := range []struct {
		action string
		by     string
		want   string
	}{{"correct", engine.ByOfficer, "recorded"}, {"keep", engine.ByLeader, "recorded"}, {"correct", engine.ByOfficer, "recorded"}, {"annul", engine.ByLeader, "annul"}} {
		l.must(l.staff("birth", step.action, step.by, nil))
		if d := l.c.Dossier("birth"); d.EndedBy != step.want || !d.Ended.Equal(ended) {
			t.Errorf("after %s: ended by %q at %s, want %q at %s", step.action, d.EndedBy, d.Ended, step.want, ended)
		}
	}
}
