package workflows_test

import (
	"io/fs"
	"path"
	"slices"
	"strings"
	"testing"

	"lienthong/engine"
	"lienthong/workflows"
)

func TestShippedDefinitionsHaveNoFindings(t *testing.T) {
	set, err := workflows.Load()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range set.Findings() {
		t.Error(f)
	}
	if n := len(set.Services()); n < 4 {
		t.Errorf("%d service versions, want birth and death in two versions each", n)
	}
}

func TestEveryAgencyHasAName(t *testing.T) {
	set, err := workflows.Load()
	if err != nil {
		t.Fatal(err)
	}
	names, err := workflows.Agencies()
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range set.Offices() {
		if n := names[o.Agency]; n.VI == "" || n.EN == "" {
			t.Errorf("agency kind %q of office %s has no name in agencies.yaml", o.Agency, o.ID)
		}
	}
}

// TestExamplesAreValid: every example is accepted by the form of the service
// version in force when it says it was filed.
func TestExamplesAreValid(t *testing.T) {
	set, err := workflows.Load()
	if err != nil {
		t.Fatal(err)
	}
	names, err := fs.Glob(workflows.Examples(), "*.json")
	if err != nil || len(names) < 10 {
		t.Fatalf("%d examples: %v", len(names), err)
	}
	for _, file := range names {
		name := strings.TrimSuffix(path.Base(file), ".json")
		e, err := workflows.LoadExample(name)
		if err != nil {
			t.Error(err)
			continue
		}
		svc, err := set.ServiceAt(e.Service, e.Filed)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for _, p := range svc.Form.Schema.Validate(e.Application) {
			t.Errorf("%s: %s %s", name, p.Pointer, p.Detail.EN)
		}
		if e.Requester.ID == "" || svc.Count(e.Application) < 1 {
			t.Errorf("%s: nobody files, or nothing", name)
		}
	}
}

func TestUnknownExampleIsAnError(t *testing.T) {
	if _, err := workflows.LoadExample("../secrets"); err == nil {
		t.Error("no error")
	}
	if _, err := workflows.LoadExample("nobody"); err == nil || engine.CodeOf(err) == "" {
		t.Error("no error")
	}
}

// TestMissingAnswersAskNothingMore: a condition on an answer that is not there
// does not hold; only what is always required is asked for.
func TestMissingAnswersAskNothingMore(t *testing.T) {
	set, err := workflows.Load()
	if err != nil {
		t.Fatal(err)
	}
	for form, never := range map[string][]string{
		"birth_combined":      {"/abandoned", "/attachments", "/mother", "/father", "/residence"},
		"birth_combined_2024": {"/abandoned", "/attachments", "/mother", "/father", "/residence"},
		"death_combined":      {"/funeral", "/survivor", "/relatives", "/attachments"},
	} {
		problems := set.Form(form).Schema.Validate(map[string]any{})
		if len(problems) == 0 {
			t.Errorf("%s: an empty form is accepted", form)
		}
		for _, p := range problems {
			if slices.Contains(never, p.Pointer) {
				t.Errorf("%s: an empty form is asked for %s", form, p.Pointer)
			}
		}
	}
}
