package verify

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/goccy/go-yaml"

	"lienthong/engine/machine"
)

// change is one thing put wrong in a definition: the value at a path, replaced or,
// by nil, taken out.
type change struct {
	op   string
	path []any // names and places in lists
	to   any
}

func (c change) String() string {
	var at []string
	for _, p := range c.path {
		at = append(at, fmt.Sprint(p))
	}
	s := c.op + ": " + strings.Join(at, ".")
	if c.to != nil {
		s += fmt.Sprintf(" = %v", c.to)
	}
	return s
}

// mutant is a set of definitions with one change.
type mutant struct {
	file string
	change
}

// mutants lists every change of the procedures and services of a set.
func mutants(t testing.TB, set fstest.MapFS) []mutant {
	var out []mutant
	for _, f := range sortedKeys(set) {
		var cs []change
		switch {
		case strings.HasPrefix(f, "procedures/"):
			cs = procedureChanges(document(t, set, f))
		case strings.HasPrefix(f, "services/"):
			cs = serviceChanges(document(t, set, f))
		}
		for _, c := range cs {
			out = append(out, mutant{f, c})
		}
	}
	return out
}

// of gives the set with the change made.
func (m mutant) of(t testing.TB, set fstest.MapFS) fstest.MapFS {
	b, err := yaml.Marshal(changed(document(t, set, m.file), m.path, m.to))
	if err != nil {
		t.Fatal(err)
	}
	out := fstest.MapFS{}
	for f, x := range set {
		out[f] = x
	}
	out[m.file] = &fstest.MapFile{Data: b}
	return out
}

func document(t testing.TB, set fstest.MapFS, file string) yaml.MapSlice {
	var doc yaml.MapSlice
	if err := yaml.UnmarshalWithOptions(set[file].Data, &doc, yaml.UseOrderedMap()); err != nil {
		t.Fatal(file, err)
	}
	return doc
}

// changed copies what lies on the way to a path and changes what is there.
func changed(v any, path []any, to any) any {
	if len(path) == 0 {
		return to
	}
	switch v := v.(type) {
	case yaml.MapSlice:
		var out yaml.MapSlice
		if len(path) == 1 && to != nil && at(v, path[0]) == nil {
			return append(slices.Clone(v), yaml.MapItem{Key: path[0], Value: to})
		}
		for _, it := range v {
			if it.Key == path[0] {
				if len(path) == 1 && to == nil {
					continue
				}
				it.Value = changed(it.Value, path[1:], to)
			}
			out = append(out, it)
		}
		return out
	case []any:
		i := path[0].(int)
		if len(path) == 1 && to == nil {
			return slices.Delete(slices.Clone(v), i, i+1)
		}
		out := slices.Clone(v)
		out[i] = changed(v[i], path[1:], to)
		return out
	}
	panic(fmt.Sprintf("%T has no %v", v, path[0]))
}

func at(v any, path ...any) any {
	for _, p := range path {
		switch w := v.(type) {
		case yaml.MapSlice:
			i := slices.IndexFunc(w, func(it yaml.MapItem) bool { return it.Key == p })
			if i < 0 {
				return nil
			}
			v = w[i].Value
		case []any:
			v = w[p.(int)]
		default:
			return nil
		}
	}
	return v
}

// below lists the paths right under one.
func below(doc any, path ...any) (out [][]any) {
	switch v := at(doc, path...).(type) {
	case yaml.MapSlice:
		for _, it := range v {
			out = append(out, append(slices.Clone(path), it.Key))
		}
	case []any:
		for i := range v {
			out = append(out, append(slices.Clone(path), i))
		}
	}
	return out
}

// listed is a value that may be written as one or as a list.
func listed(v any) []any {
	if l, ok := v.([]any); ok {
		return l
	}
	return []any{v}
}

func not(v any) string { return "!(" + strings.TrimSpace(fmt.Sprint(v)) + ")" }

func procedureChanges(doc yaml.MapSlice) (out []change) {
	add := func(op string, to any, path ...any) {
		if at(doc, path...) != nil {
			out = append(out, change{op, path, to})
		}
	}
	with := func(p []any, more ...any) []any { return append(slices.Clone(p), more...) }
	for _, s := range below(doc, "states") {
		add("drop a state", nil, s...)
		add("an end that is none", nil, with(s, "final")...)
		add("drop a result", nil, with(s, "result")...)
		add("drop a request", nil, with(s, "request")...)
		for _, p := range below(doc, with(s, "result", "data")...) {
			add("drop an output", nil, p...)
		}
		for _, p := range below(doc, with(s, "after")...) {
			add("drop a deadline", nil, p...)
		}
		for _, p := range below(doc, with(s, "request", "replies")...) {
			add("drop an answer", nil, p...)
			for _, q := range below(doc, with(s, "request", "replies")...) {
				if other := at(doc, q...); other != at(doc, p...) {
					add("take an answer for another", other, p...)
					break
				}
			}
		}
	}
	for _, a := range below(doc, "actions") {
		add("drop an action", nil, a...)
		for _, key := range []string{"set", "input", "returns", "review"} {
			add("drop what comes with an action", nil, with(a, key)...)
		}
		from, to := listed(at(doc, with(a, "from")...)), at(doc, with(a, "to")...)
		if len(from) > 1 {
			for i := range from {
				add("drop a from", nil, with(a, "from", i)...)
			}
		}
		if s, ok := to.(string); ok {
			add("stay where it was", nil, with(a, "to")...)
			if from[0] != s {
				add("lead back", from[0], with(a, "to")...)
			}
		}
		targets := below(doc, with(a, "to")...)
		for i, p := range targets {
			add("drop a target", nil, p...)
			if c := at(doc, with(p, "if")...); c != nil {
				add("flip a target", not(c), with(p, "if")...)
				add("a target that never holds", "false", with(p, "if")...)
			}
			if i > 0 {
				key := "to"
				if at(doc, with(p, "else")...) != nil {
					key = "else"
				}
				add("targets made one", at(doc, with(targets[0], "to")...), with(p, key)...)
			}
		}
		if c := at(doc, with(a, "if")...); c != nil {
			add("drop a guard", nil, with(a, "if")...)
			add("flip a guard", not(c), with(a, "if")...)
		}
		out = append(out, change{"a guard that never holds", with(a, "if"), "false"})
		if by, ok := at(doc, with(a, "by")...).(string); ok && by != "timer" && by != "registry" {
			add("rename a role", "manager", with(a, "by")...)
		}
	}
	return out
}

func serviceChanges(doc yaml.MapSlice) (out []change) {
	add := func(op string, to any, path ...any) {
		if at(doc, path...) != nil {
			out = append(out, change{op, path, to})
		}
	}
	for _, s := range below(doc, "steps") {
		with := func(more ...any) []any { return append(slices.Clone(s), more...) }
		add("drop a step", nil, s...)
		add("drop all needs", nil, with("needs")...)
		for _, p := range below(doc, with("needs")...) {
			add("drop a need", nil, p...)
			n := fmt.Sprint(at(doc, p...))
			if o, optional := strings.CutSuffix(n, "?"); optional {
				add("demand what may fail", o, p...)
			} else {
				add("need less", n+"?", p...)
			}
		}
		for _, p := range below(doc, with("with")...) {
			add("drop an input", nil, p...)
		}
		if c := at(doc, with("if")...); c != nil {
			add("drop a step's condition", nil, with("if")...)
			add("flip a step's condition", not(c), with("if")...)
			add("a step that never runs", "false", with("if")...)
		}
		add("drop an else", nil, with("else")...)
	}
	return out
}

// Codes are those of every finding of the search.
func Codes() []string { return sortedKeys(catalogue) }

// Base reads the valid set that fixtures and mutants alter.
func Base(t testing.TB) fstest.MapFS {
	files, err := machine.ReadFiles(os.DirFS("testdata/base"))
	if err != nil {
		t.Fatal(err)
	}
	out := fstest.MapFS{}
	for name, b := range files {
		out[name] = &fstest.MapFile{Data: b}
	}
	return out
}
