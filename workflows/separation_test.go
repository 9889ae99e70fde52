package workflows_test

import (
	"testing"

	"lienthong/engine"
	"lienthong/workflows"
)

// Nobody signs what they have drafted, checked or calculated themselves.
func TestWhoeverPreparedItDoesNotSignIt(t *testing.T) {
	set, err := workflows.Load()
	if err != nil {
		t.Fatal(err)
	}
	for _, signed := range []struct{ procedure, action, prepared string }{
		{"birth_registration", "sign", "draft"},
		{"death_registration", "sign", "draft"},
		{"permanent_residence", "approve", "check"},
		{"insurance_funeral", "sign", "calculate"},
		{"survivor_benefit", "sign", "calculate"},
	} {
		seen := false
		for _, p := range set.Procedures() {
			if p.ID != signed.procedure {
				continue
			}
			seen = true
			a := p.Action(signed.action)
			if a == nil || a.If == nil || a.Why.IsZero() {
				t.Errorf("%s: nothing keeps whoever prepared it from %s, or nothing says why", p.ID, signed.action)
				continue
			}
			for who, want := range map[string]bool{"an": false, "lan": true} {
				got, err := a.If.Eval(engine.Vars{"actor": map[string]any{"id": who}, "dossier": map[string]any{
					signed.prepared: map[string]any{"by": "an"}, "assigned": map[string]any{"id": "001226000001"}}})
				if err != nil || got != want {
					t.Errorf("%s: an prepared it, %s may %s it: %v, %v", p.ID, who, signed.action, got, err)
				}
			}
		}
		if !seen {
			t.Errorf("there is no procedure %s", signed.procedure)
		}
	}
}
