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
	if n := len(set.Services()); n < 5 {
		t.Errorf("%d service versions, want birth in two versions and death in three", n)
	}
}

// TestEveryRefusalLeavesAResult: whoever refuses gives a dated slip with the reason,
// entered as a result (NĐ 61/2018 art. 19(8)).
func TestEveryRefusalLeavesAResult(t *testing.T) {
	set, err := workflows.Load()
	if err != nil {
		t.Fatal(err)
	}
	refusals := 0
	for _, svc := range set.Services() {
		for _, step := range svc.Steps {
			for _, st := range step.Procedure.States {
				if st.Final != engine.FinalRefused {
					continue
				}
				refusals++
				if st.Result == nil || !slices.ContainsFunc(st.Result.Data, func(b engine.Binding) bool { return b.Name == "reason" }) {
					t.Errorf("%s %s: %s.%s tells no reason in a result", svc.ID, svc.Version, step.Procedure.ID, st.ID)
				}
			}
		}
	}
	if refusals < 20 {
		t.Errorf("%d refused ends were looked at", refusals)
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

// TestFormsAskWithWordsAndReasons: every question of the combined forms has a label
// in both languages, and every top-level part says which steps need it.
func TestFormsAskWithWordsAndReasons(t *testing.T) {
	set, err := workflows.Load()
	if err != nil {
		t.Fatal(err)
	}
	for _, svc := range set.Services() {
		root, err := engine.ParseValue(svc.Form.Schema.JSON())
		if err != nil {
			t.Fatal(err)
		}
		steps := map[string]bool{} // of any version: they share parts of their forms
		for _, other := range set.Services() {
			for _, s := range other.Steps {
				steps[s.ID] = steps[s.ID] || other.ID == svc.ID
			}
		}
		f := asking{t: t, form: svc.Form.ID, root: root, steps: steps, seen: map[string]bool{}}
		f.walk(root, "")
		if f.labels < 30 || f.needed < 10 {
			t.Errorf("%s: only %d labels and %d questions marked with who needs them", svc.Form.ID, f.labels, f.needed)
		}
	}
}

// asking walks a form's schema.
type asking struct {
	t              *testing.T
	form           string
	root           any
	steps, seen    map[string]bool
	labels, needed int
}

func (f *asking) walk(schema any, at string) {
	if ref := engine.Str(schema, "$ref"); ref != "" && !f.seen[ref] {
		f.seen[ref] = true
		f.walk(engine.At(f.root, strings.Split(strings.TrimPrefix(ref, "#/"), "/")...), at)
	}
	if items := engine.At(schema, "items"); items != nil {
		f.walk(items, at+"/*")
	}
	properties, _ := engine.At(schema, "properties").(map[string]any)
	for name, p := range properties {
		if _, ok := p.(map[string]any); !ok {
			continue
		}
		if engine.At(p, "not") != nil {
			continue // only narrows a question asked elsewhere
		}
		if engine.Str(p, "x-label", "vi") == "" || engine.Str(p, "x-label", "en") == "" {
			f.t.Errorf("%s: %s/%s has no label in both languages", f.form, at, name)
		}
		f.labels++
		needed, _ := engine.At(p, "x-needed-by").([]any)
		for _, s := range needed {
			f.needed++
			if id, _ := s.(string); !f.steps[id] {
				f.t.Errorf("%s: %s/%s is needed by %v, which is no step", f.form, at, name, s)
			}
		}
		f.walk(p, at+"/"+name)
	}
}

// TestSubformsOfEveryExample: every paper form of a service can be filled in from
// every example of it, before anything else is known, and its fee can be explained.
func TestSubformsOfEveryExample(t *testing.T) {
	set, err := workflows.Load()
	if err != nil {
		t.Fatal(err)
	}
	names, err := fs.Glob(workflows.Examples(), "*.json")
	if err != nil {
		t.Fatal(err)
	}
	filled := 0
	codes := map[string]bool{"male": true, "female": true, "bank": true, "cash": true, "lump_sum": true, "monthly": true, "grandchild": true, "son": true, "00004": true, "26740": true}
	for _, file := range names {
		e, err := workflows.LoadExample(strings.TrimSuffix(file, ".json"))
		if err != nil {
			t.Fatal(err)
		}
		svc, err := set.ServiceAt(e.Service, e.Filed)
		if err != nil {
			t.Fatal(err)
		}
		app, err := svc.Application(e.Application, 0)
		if err != nil {
			t.Fatal(err)
		}
		c := engine.Case{App: app, Requester: e.Requester, Filed: e.Filed}
		if len(svc.Subforms) == 0 {
			t.Errorf("%s %s has no sub-form", svc.ID, svc.Version)
		}
		if amount, err := svc.Fee.Amount.Eval(c.Vars(e.Filed)); err != nil {
			t.Errorf("%s: %v", file, err)
		} else if items, err := set.FeeItems(svc.Fee, c.Vars(e.Filed), amount.(int64)); err != nil || len(items) == 0 && amount != int64(0) {
			t.Errorf("%s: nobody is told what %v đồng are for: %v", file, amount, err)
		}
		for _, id := range svc.Subforms {
			f, err := set.RenderSubform(id, c.Vars(e.Filed))
			if err != nil {
				t.Errorf("%s: %s: %v", file, id, err)
				continue
			}
			if f.Title.VI == "" || f.Title.EN == "" {
				t.Errorf("%s: %s has the title %q", file, id, f.Title.VI)
			}
			if len(f.Fields) == 0 { // not asked for
				continue
			}
			filled++
			if len(f.Fields) < 3 {
				t.Errorf("%s: %s has %d fields", file, id, len(f.Fields))
			}
			for _, x := range f.Fields {
				if codes[x.Value] {
					t.Errorf("%s: %s prints the code %q for %s", file, id, x.Value, x.Label.VI)
				}
			}
		}
	}
	if filled < len(names) {
		t.Errorf("%d forms filled from %d examples", filled, len(names))
	}
}
