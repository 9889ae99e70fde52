package verify_test

import (
	"testing"
	"time"

	"lienthong/engine/verify"
	"lienthong/workflows"
)

// TestShippedDefinitionsAreProven: every promise holds for every shipped service,
// searched to the end within the time that a person waits.
func TestShippedDefinitionsAreProven(t *testing.T) {
	set, err := workflows.Load()
	if err != nil {
		t.Fatal(err)
	}
	r, err := verify.Check(t.Context(), set, verify.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range r.Findings { // not even a warning
		t.Errorf("%s\n%v", f, f.Story)
	}
	if len(r.Services) < 4 {
		t.Errorf("%d services checked", len(r.Services))
	}
	for _, s := range r.Services {
		t.Logf("%s %s: %d states, %d transitions, %d ms", s.Service, s.Version, s.States, s.Transitions, s.Millis)
		if len(s.Proofs) != 3 {
			t.Errorf("%s %s: %d promises", s.Service, s.Version, len(s.Proofs))
		}
		for _, p := range s.Proofs {
			if p.Verdict != verify.Proven {
				t.Errorf("%s %s: %s: %s", s.Service, s.Version, p.Verdict, p.Text.EN)
			}
		}
		for _, c := range s.Cones {
			if c.Reduced || !c.Complete {
				t.Errorf("%s %s: %v was not searched in every order to the end", s.Service, s.Version, c.Steps)
			}
		}
		if s.Millis > time.Minute.Milliseconds() && !testing.Short() {
			t.Errorf("%s %s took %d ms", s.Service, s.Version, s.Millis)
		}
	}
	if !r.Good() {
		t.Error("the report is not good")
	}
}
