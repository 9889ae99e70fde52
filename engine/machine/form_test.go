package machine_test

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"lienthong/engine"
)

func TestProblems(t *testing.T) {
	form := load(t, base(t)).Form("application")
	ok := map[string]any{"commune": "00004", "children": []any{map[string]any{"name": "Nguyễn An", "id": "001325000001", "born": "2025-08-12"}}}
	if p := form.Schema.Validate(ok); p != nil {
		t.Fatal(p)
	}
	got := form.Schema.Validate(map[string]any{
		"commune": "4", "copies": int64(-1), "weight": "3", "zzz": true, "notice": map[string]any{"kode": "x"},
		"children": []any{map[string]any{"id": "12", "born": "2025-02-30"}, map[string]any{"name": ""}, "x"},
	})
	want := []engine.Problem{
		{Pointer: "/children/0/born", Code: "format", Detail: engine.Text{
			VI: "Ngày sinh phải là ngày có thật, viết dạng năm-tháng-ngày (2026-09-01).", EN: "Date of birth must be an existing date, written 2026-09-01."}},
		{Pointer: "/children/0/id", Code: "format", Detail: engine.Text{VI: "Số định danh phải gồm đúng 12 chữ số.", EN: "Personal number must have exactly 12 digits."}},
		{Pointer: "/children/0/name", Code: "required", Detail: engine.Text{VI: "Họ và tên là bắt buộc.", EN: "Full name is required."}},
		{Pointer: "/children/1/name", Code: "min_length", Detail: engine.Text{VI: "Họ và tên không được để trống.", EN: "Full name must not be empty."}},
		{Pointer: "/children/2", Code: "type", Detail: engine.Text{VI: "Trẻ, mục 3 phải là một nhóm mục.", EN: "Children, entry 3 must be an object."}},
		{Pointer: "/commune", Code: "format", Detail: engine.Text{VI: "Mã xã gồm 5 chữ số.", EN: "A commune code has 5 digits."}},
		{Pointer: "/copies", Code: "minimum", Detail: engine.Text{VI: "Số bản sao phải từ 0 trở lên.", EN: "Copies must be 0 or more."}},
		{Pointer: "/notice/kode", Code: "unknown_field", Detail: engine.Text{VI: "Biểu mẫu không có mục kode.", EN: "The form has no field kode."}},
		{Pointer: "/weight", Code: "type", Detail: engine.Text{VI: "Cân nặng phải là số.", EN: "Weight must be a number."}},
		{Pointer: "/zzz", Code: "unknown_field", Detail: engine.Text{VI: "Biểu mẫu không có mục zzz.", EN: "The form has no field zzz."}},
	}
	if !slices.Equal(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
	for _, v := range []any{nil, 1, "x", []any{}, map[string]any{}, func() {}} {
		if len(form.Schema.Validate(v)) == 0 {
			t.Errorf("%v is valid", v)
		}
	}
}

func TestAlternatives(t *testing.T) {
	set := base(t)
	edit(t, set, "forms/x.yaml", "", `form: x
title: {vi: X, en: X}
schema:
  type: object
  x-label: {vi: Người, en: Person}
  properties:
    id: {type: string, x-label: {vi: Số định danh, en: Number}}
    passport: {type: string, x-label: {vi: Hộ chiếu, en: Passport}}
    kind: {enum: [a, b], x-label: {vi: Loại, en: Kind}}
    one: {oneOf: [{type: string}, {type: integer}]}
    list: {type: array, uniqueItems: true, maxItems: 2, items: {const: 1}}
  anyOf: [{required: [id]}, {required: [passport]}]
  if: {properties: {kind: {const: a}}, required: [kind]}
  then: {required: [id]}
  unevaluatedProperties: false
`)
	form := load(t, set).Form("x")
	for _, c := range []struct{ in, want string }{
		{`{"id": "1"}`, ``},
		{`{}`, ` any_of Người: cần ít nhất một trong các mục: Số định danh, Hộ chiếu.`},
		{`{"passport": "1", "kind": "a"}`, `/id required Số định danh là bắt buộc.`},
		{`{"id": "1", "kind": "c"}`, `/kind enum Loại không nằm trong các giá trị cho phép.`},
		{`{"id": "1", "one": true}`, `/one type one phải là chữ.`},
		{`{"id": "1", "list": [1, 1]}`, `/list unique list: mục 2 bị lặp lại.`},
		{`{"id": "1", "more": 1}`, `/more unknown_field Biểu mẫu không có mục more.`},
	} {
		v, err := engine.ParseValue([]byte(c.in))
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, p := range form.Schema.Validate(v) {
			got = append(got, p.Pointer+" "+p.Code+" "+p.Detail.VI)
		}
		if strings.Join(got, "\n") != c.want {
			t.Errorf("%s: got %q, want %q", c.in, got, c.want)
		}
	}
}

// TestBoundsOfDates: a date is held to a day, to the date beside it and to today; what is
// no date is refused by its format alone.
func TestBoundsOfDates(t *testing.T) {
	set := base(t)
	edit(t, set, "forms/x.yaml", "", `form: x
title: {vi: X, en: X}
schema:
  type: object
  additionalProperties: false
  properties:
    people: {type: array, items: {$ref: "form:life"}}
    by_name: {type: object, properties: {nobody: {type: string}}, additionalProperties: {$ref: "form:life"}}
`)
	edit(t, set, "forms/life.yaml", "", `form: life
title: {vi: X, en: X}
schema:
  type: object
  properties:
    born: {type: string, format: date, x-not-before: "1900-01-01", x-not-after: today, x-label: {vi: Ngày sinh, en: Date of birth}}
    died: {type: string, format: date, x-not-before: born, x-not-after: today, x-label: {vi: Ngày chết, en: Date of death}}
    parent: {$ref: "#"}
`)
	form := load(t, set).Form("x")
	evening := time.Date(2026, 9, 7, 17, 30, 0, 0, time.UTC) // the 8th in Vietnam
	for _, c := range []struct{ in, want string }{
		{`{"people": [{"born": "1900-01-01", "died": "2026-09-08"}, {"born": "2026-09-08", "died": "2026-09-08"}, {"died": "1800-01-01"}, {}]}`, ``},
		{`{"people": [{}, {"born": "1899-12-31", "died": "2026-09-09"}]}`,
			"/people/1/born too_early Date of birth must not be before 01/01/1900.\n/people/1/died too_late Date of death must not be after today, 08/09/2026."},
		{`{"people": [{"born": "1950-02-10", "died": "1950-02-09"}], "more": 1}`,
			"/more unknown_field The form has no field more.\n/people/0/died too_early Date of death must not be before “Date of birth”, 10/02/1950."},
		{`{"people": [{"parent": {"parent": {"parent": {"born": "1899-12-31"}}}}]}`, "/people/0/parent/parent/parent/born too_early Date of birth must not be before 01/01/1900."},
		{`{"by_name": {"nobody": "1800-01-01", "an": {"born": "1800-01-01"}}}`, "/by_name/an/born too_early Date of birth must not be before 01/01/1900."},
		{`{"people": [{"born": "2026-13-01", "died": "2026-09-01"}]}`, "/people/0/born format Date of birth must be an existing date, written 2026-09-01."},
	} {
		v, err := engine.ParseValue([]byte(c.in))
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, p := range form.Check(v, evening) {
			got = append(got, p.Pointer+" "+p.Code+" "+p.Detail.EN)
		}
		if strings.Join(got, "\n") != c.want {
			t.Errorf("%s: got\n%s\nwant\n%s", c.in, strings.Join(got, "\n"), c.want)
		}
	}
}

// TestFormJSON: the schema stands alone and keeps the order of the file.
func TestFormJSON(t *testing.T) {
	form := load(t, base(t)).Form("application")
	b := form.Schema.JSON()
	var doc map[string]any
	if err := json.Unmarshal(b, &doc); err != nil {
		t.Fatal(err)
	}
	if engine.At(doc, "$defs", "form.person", "properties", "name") == nil {
		t.Error("the form that it refers to is not inside")
	}
	if strings.Contains(string(b), `"form:`) {
		t.Error("a reference leads outside")
	}
	last := -1
	for _, name := range []string{"commune", "children", "mother", "copies", "weight"} {
		i := strings.Index(string(b), `"`+name+`":`)
		if i < last {
			t.Errorf("%s is out of order", name)
		}
		last = i
	}
	if _ = append(b, '!'); !bytes.Equal(form.Schema.JSON(), b) || cap(b) != len(b) {
		t.Error("appending to it changes the schema")
	}
}
