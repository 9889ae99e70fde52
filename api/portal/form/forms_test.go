package form_test

import (
	"bytes"
	"encoding/json"
	"sync"
	"testing"

	"lienthong/api/portal/form"
	"lienthong/engine"
	"lienthong/engine/machine"
	"lienthong/workflows"
)

var definitions = sync.OnceValues(workflows.Load)

func shipped(t *testing.T) *machine.Set {
	t.Helper()
	set, err := definitions()
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func parse(t *testing.T, schema []byte) *form.Form {
	t.Helper()
	f, err := form.Parse(schema)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// plain is a value as a page's draft comes from the surface.
func plain(t *testing.T, v any) map[string]any {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	var out map[string]any
	if err := d.Decode(&out); err != nil {
		t.Fatal(err)
	}
	return out
}

// checked is a value as the surface reads it.
func checked(t *testing.T, v any) any {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	out, err := engine.ParseValue(b)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// asked are the forms that people fill in: the services' and those of actions.
func asked(t *testing.T) map[string]*engine.Form {
	t.Helper()
	out := map[string]*engine.Form{}
	for _, s := range shipped(t).Services() {
		out[s.Form.ID] = s.Form
		for _, st := range s.Steps {
			for _, a := range st.Procedure.Actions {
				if a.Input != nil {
					out[a.Input.ID] = a.Input
				}
			}
		}
	}
	return out
}

// Every shipped form can be asked, with a label in both languages for every
// question and every word of a list.
func TestEveryShippedFormIsAskedInWords(t *testing.T) {
	forms := asked(t)
	if len(forms) < 12 {
		t.Fatalf("only %d forms", len(forms))
	}
	for id, x := range forms {
		schema := x.Schema.JSON()
		f := parse(t, schema)
		n := 0
		f.Everything(func(pointer string, q *form.Question) {
			n++
			if pointer != "" && (q.Label.VI == "" || q.Label.EN == "") {
				t.Errorf("%s%s has no label in both languages", id, pointer)
			}
			if q.Kind == form.Choice && len(q.Options) < 2 {
				t.Errorf("%s%s is a choice of %d", id, pointer, len(q.Options))
			}
			for _, o := range q.Options {
				if o.Label.VI == o.Value || o.Label.EN == "" {
					t.Errorf("%s%s: the word %s has no label", id, pointer, o.Value)
				}
			}
		})
		if n == 0 {
			t.Errorf("%s asks nothing", id)
		}
	}
}

// What a form calls by a code is asked by name, and papers are uploaded.
func TestCodesAreAskedByName(t *testing.T) {
	for id, x := range asked(t) {
		var doc map[string]any
		if err := json.Unmarshal(x.Schema.JSON(), &doc); err != nil {
			t.Fatal(err)
		}
		var walk func(at string, v any)
		walk = func(at string, v any) {
			switch v := v.(type) {
			case map[string]any:
				want := map[string]string{"^[0-9]{5}$": "commune", "^[0-9]{2}$": "province", "^[A-Za-z0-9:_-]{1,100}$": "document"}[engine.Str(v, "pattern")]
				if want != "" && engine.Str(v, "x-input") != want {
					t.Errorf("%s%s wants x-input: %s", id, at, want)
				}
				for k, e := range v {
					walk(at+"/"+k, e)
				}
			case []any:
				for _, e := range v {
					walk(at, e)
				}
			}
		}
		walk("", doc)
	}
}
