package form_test

import (
	"encoding/json"
	"io/fs"
	"net/url"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"lienthong/api/portal/form"
	"lienthong/workflows"
)

// fillIn answers a form page by page, as a person who has the example before them
// would, from nothing.
func fillIn(t *testing.T, f *form.Form, want map[string]any) map[string]any {
	t.Helper()
	value := map[string]any{}
	for range 4 { // answers on one page open questions on others
		for _, p := range f.Pages(value) {
			for range 12 { // entries are added one by one; a branch opens more questions
				before, _ := json.Marshal(value)
				post := url.Values{}
				q := f.Ask(p.Name, form.State{Value: value})
				answer(q, want, post)
				f.Take(value, p.Name, post)
				if after, _ := json.Marshal(value); string(after) == string(before) {
					break
				}
			}
			f.Tidy(value, p.Name)
		}
	}
	return value
}

// answer writes what the example says into the fields of a question.
func answer(q *form.Question, want map[string]any, post url.Values) {
	q.Walk(func(q *form.Question) {
		has := form.Get(want, q.Pointer)
		switch q.Kind {
		case form.Group:
		case form.List:
			if list, ok := has.([]any); ok && len(list) > len(q.Parts) && post.Get(form.Button) == "" {
				post.Set(form.Button, "add:"+q.Pointer)
			}
		case form.Either:
			for _, o := range q.Options {
				if form.Get(want, strings.TrimSuffix(q.Pointer, "#one")+"/"+o.Value) != nil {
					post.Set(q.Pointer, o.Value)
				}
			}
		default:
			post.Set(q.Pointer, form.Written(q.Kind, has))
		}
	})
}

func examples(t *testing.T, each func(name string, e workflows.Example)) {
	t.Helper()
	names, err := fs.Glob(workflows.Examples(), "*.json")
	if err != nil || len(names) < 15 {
		t.Fatalf("%d examples, %v", len(names), err)
	}
	for _, n := range names {
		name := strings.TrimSuffix(n, ".json")
		e, err := workflows.LoadExample(name)
		if err != nil {
			t.Fatal(err)
		}
		t.Run(name, func(t *testing.T) { each(name, e) })
	}
}

// Every example can be entered from an empty form, page by page, and is valid.
func TestExamplesRoundTrip(t *testing.T) {
	set := shipped(t)
	examples(t, func(name string, e workflows.Example) {
		svc, err := set.ServiceAt(e.Service, e.Filed)
		if err != nil {
			t.Fatal(err)
		}
		f := parse(t, svc.Form.Schema.JSON())
		want := plain(t, e.Application)
		got := f.Answer(fillIn(t, f, want))
		if p := svc.Form.Schema.Validate(checked(t, got)); len(p) > 0 {
			t.Errorf("%s is not valid: %v", name, p)
		}
		if !reflect.DeepEqual(plain(t, got), plain(t, want)) {
			a, _ := json.MarshalIndent(got, "", " ")
			b, _ := json.MarshalIndent(want, "", " ")
			t.Errorf("%s came back as\n%s\nwant\n%s", name, a, b)
		}
	})
}

// What an answer holds already passes through Answer unchanged.
func TestAnswerKeepsWhatIsValid(t *testing.T) {
	set := shipped(t)
	examples(t, func(name string, e workflows.Example) {
		svc, err := set.ServiceAt(e.Service, e.Filed)
		if err != nil {
			t.Fatal(err)
		}
		f := parse(t, svc.Form.Schema.JSON())
		want := plain(t, e.Application)
		if got := f.Answer(want); !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %v", name, got)
		}
	})
}

// wrong writes something that no schema of its kind allows.
func wrong(q *form.Question) string {
	switch q.Kind {
	case form.Choice:
		return "no_such_word"
	case form.YesNo:
		return "maybe"
	case form.Number:
		return "nhiều"
	case form.Date, form.Instant:
		return "31/02/2026"
	case form.Commune, form.Province, form.Document:
		return "?!"
	}
	return strings.Repeat("dài ", 800)
}

// A form filled with nonsense shows every problem at a question that is on its
// pages, in words of both languages.
func TestEveryProblemHasItsQuestion(t *testing.T) {
	for id, x := range asked(t) {
		f := parse(t, x.Schema.JSON())
		for _, nonsense := range []bool{false, true} {
			value := map[string]any{}
			for range 3 {
				post := url.Values{}
				f.Ask("", form.State{Value: value}).Walk(func(q *form.Question) {
					switch {
					case !nonsense || q.Kind == form.Either || q.Kind == form.Group:
					case q.Kind == form.List && len(q.Parts) == 0 && post.Get(form.Button) == "":
						post.Set(form.Button, "add:"+q.Pointer)
					case q.Leaf():
						post.Set(q.Pointer, wrong(q))
					}
				})
				f.Take(value, "", post)
			}
			problems := x.Schema.Validate(checked(t, f.Answer(value)))
			wrongAt := map[string][]string{}
			for _, p := range problems {
				wrongAt[p.Pointer] = append(wrongAt[p.Pointer], p.Detail.VI)
			}
			leaves := 0
			f.Ask("", form.State{Value: value, Wrong: wrongAt}).Walk(func(q *form.Question) {
				if q.Leaf() && q.Kind != form.Either {
					leaves++
				}
				if len(q.Wrong) > 0 {
					delete(wrongAt, q.Pointer)
				}
			})
			for pointer, texts := range wrongAt {
				if pointer == "/items" && id == "supplement_answer" { // answered item by item on a page of its own
					continue
				}
				t.Errorf("%s (nonsense %v): nothing asks %q: %v", id, nonsense, pointer, texts)
			}
			if nonsense && leaves > 0 && len(problems) == 0 {
				t.Errorf("%s takes nonsense", id)
			}
		}
	}
}

func TestReadAndWritten(t *testing.T) {
	for _, c := range []struct {
		kind    form.Kind
		in      string
		want    any
		written string
	}{
		{form.Date, " 7/9/2026 ", "2026-09-07", "07/09/2026"},
		{form.Date, "07092026", "2026-09-07", "07/09/2026"},
		{form.Date, "07-09-2026", "2026-09-07", "07/09/2026"},
		{form.Date, "2026-09-07", "2026-09-07", "07/09/2026"},
		{form.Date, "31/02/2026", "31/02/2026", "31/02/2026"},
		{form.Instant, "07/09/2026 17:00", "2026-09-07T17:00:00+07:00", "07/09/2026 17:00"},
		{form.Instant, "mai", "mai", "mai"},
		{form.Number, "1.234.567 đ", json.Number("1234567"), "1234567"},
		{form.Number, "007", json.Number("7"), "7"},
		{form.Number, "2,5", json.Number("2.5"), "2.5"},
		{form.Number, "1e9", "1e9", "1e9"},
		{form.Number, "-3", json.Number("-3"), "-3"},
		{form.YesNo, "true", true, "true"},
		{form.YesNo, "false", false, "false"},
		{form.YesNo, "có", "có", "có"},
		{form.Line, "  Nguyễn \u00a0 An ", "Nguyễn An", "Nguyễn An"},
		{form.Long, "một\r\nhai ", "một\nhai", "một\nhai"},
		{form.Line, "   ", nil, ""},
	} {
		got := form.Read(c.kind, c.in)
		if !reflect.DeepEqual(got, c.want) {
			t.Errorf("Read(%s, %q) = %#v, want %#v", c.kind, c.in, got, c.want)
		}
		if w := form.Written(c.kind, got); w != c.written {
			t.Errorf("Written(%s, %v) = %q, want %q", c.kind, got, w, c.written)
		}
	}
}

// A post cannot make a form grow without end, nor write outside its page.
func TestTakeIsBounded(t *testing.T) {
	set := shipped(t)
	f := parse(t, set.Form("birth_combined").Schema.JSON())
	value := map[string]any{}
	post := url.Values{"/children/5/name": {"x"}, "/mother/name": {"y"}, "/children/0/nothing": {"z"}, "/children/-1/name": {"z"}, "//": {"z"}, "/children/x": {"z"}}
	for i := range 300 {
		post.Set("/children/"+strconv.Itoa(i)+"/name", "x")
	}
	f.Take(value, "children", post)
	if len(value) != 1 || len(value["children"].([]any)) > 100 {
		t.Errorf("%d properties, %d children", len(value), len(value["children"].([]any)))
	}
	if first := value["children"].([]any)[0].(map[string]any); len(first) != 1 {
		t.Errorf("first child %v", first)
	}
	f.Take(value, "children", url.Values{form.Button: {"remove:/children/999"}})
	f.Take(value, "children", url.Values{form.Button: {"remove:/children"}})
	f.Take(value, "children", url.Values{form.Button: {"add:/mother"}})
	f.Take(value, "children", url.Values{form.Button: {"explode"}})
	if len(value) != 1 {
		t.Errorf("buttons of another page changed it: %v", value)
	}
}

// A value is put into a copy, where there is something for it to be in.
func TestWith(t *testing.T) {
	before := map[string]any{"a": []any{map[string]any{"b/c": 1.0}}, "d": "x"}
	for pointer, want := range map[string]map[string]any{
		"/a/0/b~1c": {"a": []any{map[string]any{"b/c": "new"}}, "d": "x"},
		"/d":        {"a": []any{map[string]any{"b/c": 1.0}}, "d": "new"},
		"/e":        {"a": []any{map[string]any{"b/c": 1.0}}, "d": "x", "e": "new"},
		"/a/1/b":    before, "/a/x": before, "/d/e": before, "/e/f": before,
	} {
		if got := form.With(before, pointer, "new"); !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %v, want %v", pointer, got, want)
		}
	}
	if want := map[string]any{"a": []any{map[string]any{"b/c": 1.0}}, "d": "x"}; !reflect.DeepEqual(before, want) {
		t.Errorf("the value itself became %v", before)
	}
}
