package verify_test

import (
	"fmt"
	"os"
	"strings"
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
	doc, err := os.ReadFile("../../docs/check.md")
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
		row := fmt.Sprintf("| %s %s | %s | %s |", s.Service, s.Version, thousands(s.States), thousands(s.Transitions))
		if !strings.Contains(string(doc), row) {
			t.Errorf("docs/check.md has no row %s", row)
		}
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

// thousands writes a number as documents do.
func thousands(n int) string {
	if n < 1000 {
		return fmt.Sprint(n)
	}
	return fmt.Sprintf("%s,%03d", thousands(n/1000), n%1000)
}
