package portal

import (
	"net/url"
	"strings"
	"testing"

	"lienthong/api/portal/form"
	"lienthong/workflows"
)

// Whatever a register may be asked for by a procedure, its answer can be recorded in
// words: no question is without a label, no choice without words.
func TestEveryReplyIsAskedInWords(t *testing.T) {
	set, err := workflows.Load()
	if err != nil {
		t.Fatal(err)
	}
	k, err := loadKit()
	if err != nil {
		t.Fatal(err)
	}
	asked, seen := 0, map[string]bool{}
	for _, service := range set.Services() {
		for _, step := range service.Steps {
			for _, state := range step.Procedure.States {
				if state.Request == nil {
					continue
				}
				id := state.Request.Registry + "." + state.Request.Operation
				op, _ := set.Operation(state.Request.Registry, state.Request.Operation)
				if seen[id] || op.Reply == nil {
					continue
				}
				seen[id] = true
				for _, lang := range []string{vi, en} {
					v := &visit{p: &Portal{kit: k}, lang: lang}
					f, err := v.replyForm(delivery{Reply: op.Reply.JSON()})
					if err != nil {
						t.Fatal(id, err)
					}
					asked += wordless(t, id+" "+lang, lang, f)
				}
			}
		}
	}
	if asked < 100 {
		t.Errorf("only %d questions", asked)
	}
}

// wordless reports questions without words, every list having an entry; it counts
// them all.
func wordless(t *testing.T, name, lang string, f *form.Form) int {
	t.Helper()
	value := map[string]any{}
	f.Ask("", form.State{Value: value}).Walk(func(q *form.Question) {
		if q.Kind == form.List {
			f.Take(value, "", url.Values{form.Button: {"add:" + q.Pointer}})
		}
	})
	n := 0
	f.Ask("", form.State{Value: value}).Walk(func(q *form.Question) {
		n++
		last := q.Pointer[strings.LastIndex(q.Pointer, "/")+1:]
		if label := q.Label.In(lang); q.Pointer != "" && q.Entry == 0 && (label == "" || label == last) {
			t.Errorf("%s: %s has no words", name, q.Pointer)
		}
		for _, o := range q.Options {
			if o.Label.In(lang) == "" || o.Label.In(lang) == o.Value && o.Value != "portal" {
				t.Errorf("%s: %s has no words for %s", name, q.Pointer, o.Value)
			}
		}
	})
	return n
}
