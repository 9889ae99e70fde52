package machine_test

import (
	"errors"
	"testing"
	"testing/fstest"
	"time"

	"lienthong/engine"
	"lienthong/engine/machine"
)

var fuzzFolders = []string{"services", "procedures", "forms", "subforms", "registries", "offices", "parameters", "calendars"}

// FuzzLoad: whatever one file holds, Load returns a set or findings.
func FuzzLoad(f *testing.F) {
	set := base(f)
	for i, folder := range fuzzFolders {
		for name, file := range set {
			if len(name) > len(folder) && name[:len(folder)] == folder {
				f.Add(byte(i), file.Data)
			}
		}
	}
	for _, s := range []string{"a: &a [*a]", "{{{{", "- - - - -", "? ? ?", "!!binary x", "form: x\nschema: {$ref: 'form:x'}", "form: x\nschema: {$ref: '#'}",
		"procedure: x\nstates: {a: }\nactions: []", "service: x\nsteps: {a: {needs: {}}}", "a: |\n  b", "form: 'a\n\n b'", "\"\\uD800\": 1", "procedure: {}",
		"procedure: x\nagency: a\nstates: {a: {portal: 1, request: [], after: 3, result: x}}\nactions: {b: {from: {}, to: [[]], by: {party: {}}, set: []}}"} {
		for i := range fuzzFolders {
			f.Add(byte(i), []byte(s))
		}
	}
	f.Fuzz(func(t *testing.T, where byte, data []byte) {
		if len(data) > 1<<16 {
			return
		}
		fsys := fstest.MapFS{}
		for name, file := range set {
			fsys[name] = file
		}
		fsys[fuzzFolders[int(where)%len(fuzzFolders)]+"/fuzz.yaml"] = &fstest.MapFile{Data: data}
		start := time.Now()
		_, err := machine.Load(fsys)
		if d := time.Since(start); d > time.Minute {
			t.Fatalf("took %s", d)
		}
		var fe *machine.FindingsError
		if err != nil && (!errors.As(err, &fe) || len(fe.Findings) == 0 || err.Error() == "") {
			t.Fatal(err)
		}
	})
}

// FuzzExpression: no expression makes the compiler or the evaluator panic.
func FuzzExpression(f *testing.F) {
	for _, s := range []string{"application.child.name", "dyn(application).?child", "param('fee', now)", "sum([1])", "[1].map(x, x)", "has(steps.a)", "((((1))))", "param(1, 2)", "[1].map(.,0)"} {
		f.Add(s)
	}
	set := base(f)
	f.Fuzz(func(t *testing.T, src string) {
		fsys := fstest.MapFS{}
		for _, name := range []string{"parameters/a.yaml", "parameters/b.yaml", "forms/person.yaml"} {
			fsys[name] = set[name]
		}
		quoted := make([]byte, 0, len(src)+2)
		for _, r := range src {
			if r == '\'' {
				quoted = append(quoted, '\'')
			}
			if r >= ' ' {
				quoted = append(quoted, string(r)...)
			}
		}
		fsys["subforms/x.yaml"] = &fstest.MapFile{Data: []byte("subform: x\ntitle: {vi: a, en: b}\nfields: [{no: '1', label: {vi: a, en: b}, value: '" + string(quoted) + "'}]\n")}
		loaded, err := machine.Load(fsys)
		if err != nil {
			return
		}
		_, _ = loaded.RenderSubform("x", engine.Vars{"application": map[string]any{"child": map[string]any{"name": "A"}},
			"requester": map[string]any{}, "filed_at": day("2026-09-01"), "now": day("2026-09-01")})
	})
}
