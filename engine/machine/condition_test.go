package machine_test

import (
	"fmt"
	"strings"
	"testing"

	"lienthong/engine"
	"lienthong/engine/machine"
)

// conditionText writes a condition with its tests.
func conditionText(c *machine.Condition) string {
	switch {
	case c == nil:
		return "nothing"
	case c.Op == machine.CondTest && c.Test.Has:
		return "has " + c.Test.Path
	case c.Op == machine.CondTest && c.Test.Path != "":
		return fmt.Sprintf("%s%s%v", c.Test.Path, c.Test.Compare, c.Test.In)
	case c.Op == machine.CondTest:
		return "text(" + strings.Join(c.Test.Reads, " ") + ")"
	}
	var parts []string
	for _, a := range c.Args {
		parts = append(parts, conditionText(a))
	}
	return string(c.Op) + "(" + strings.Join(parts, ", ") + ")"
}

func TestConditionsAreTakenApart(t *testing.T) {
	for src, want := range map[string]string{
		"has(dossier.draft) && !has(dossier.mother)":               "and(has dossier.draft, not(has dossier.mother))",
		"dossier.child.name in ['a', 'b'] || dossier.twice > 3":    "or(dossier.child.name[a b], dossier.twice>[3])",
		"dossier.child.name != 'a'":                                "not(dossier.child.name[a])",
		"5 >= dossier.twice":                                       "dossier.twice<=[5]",
		"has(dossier.draft) ? dossier.child.name == 'a' : true":    "if(has dossier.draft, dossier.child.name[a], true())",
		"size(dossier.child.name) > 2":                             "text(dossier.child.name)",
		"actor.id != dossier.draft.by":                             "text(actor.id dossier.draft.by)",
		"dossier.?mother.?name.hasValue() && requester.name == ''": "and(has dossier.mother.name, requester.name[])",
	} {
		set := base(t)
		edit(t, set, pBirth, "if: actor.id != dossier.draft.by", "if: \""+src+"\"")
		s, err := machine.Load(set)
		if err != nil {
			t.Errorf("%s: %v", src, err)
			continue
		}
		got := conditionText(machine.ConditionOf(action(t, s, "birth", "sign").If))
		if got != want {
			t.Errorf("%s\nis %s\nnot %s", src, got, want)
		}
	}
}

func action(t *testing.T, s *machine.Set, procedure, id string) *engine.Action {
	for _, p := range s.Procedures() {
		if p.ID == procedure {
			return p.Action(id)
		}
	}
	t.Fatal("no procedure", procedure)
	return nil
}

func TestWhatAnExpressionGives(t *testing.T) {
	s := load(t, base(t))
	svc := s.Services()[0]
	if p := machine.PathOf(svc.Step("birth").With[0].Value); p != "application.child" {
		t.Errorf("path %q", p)
	}
	if !machine.MayBeNothing(svc.Step("birth").With[1].Value) || machine.MayBeNothing(svc.Step("birth").With[0].Value) {
		t.Error("only an optional read may give nothing")
	}
	if machine.ConditionOf(nil) != nil || machine.PathOf(nil) != "" {
		t.Error("nothing is something")
	}
	if !machine.GivesText(svc.Step("birth").At) {
		t.Error("a commune is a text")
	}
	if vs, ok := machine.ConstantsOf(action(t, s, "birth", "draft").Set[0].Value); ok {
		t.Errorf("a size is one of %v", vs)
	}
}

func TestPlacesInAFile(t *testing.T) {
	s := load(t, base(t))
	for path, want := range map[string]string{
		"states":                    "8:1",
		"states signing":            "12:3",
		"actions sign to #0 if":     "43:10",
		"actions note from signing": "47:59",
		"actions nowhere":           "30:1",
	} {
		line, col := s.Place(pBirth, strings.Fields(path)...)
		if got := fmt.Sprintf("%d:%d", line, col); got != want {
			t.Errorf("%s is at %s, not %s", path, got, want)
		}
	}
	if line, _ := s.Place("nowhere.yaml", "states"); line != 0 {
		t.Errorf("line %d of a file that is not there", line)
	}
}
