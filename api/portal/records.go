package portal

import (
	"cmp"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"

	"lienthong/api/portal/form"
)

// records writes data of a case for reading: by the form they were entered in, or
// by the common words for what has none.
type records struct {
	v      *visit
	places []province
	forms  map[string]*form.Form // by id
}

func (v *visit) records() (*records, error) {
	places, err := v.places()
	return &records{v: v, places: places, forms: map[string]*form.Form{}}, err
}

// form reads a form of the surface; nil when it is not known any more.
func (r *records) form(id string) (*form.Form, error) {
	if f, ok := r.forms[id]; ok || id == "" {
		return f, nil
	}
	var view struct {
		Schema json.RawMessage `json:"schema"`
	}
	err := r.v.get("/forms/"+seg(id), &view)
	if statusOf(err) == 404 {
		r.forms[id] = nil
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	r.forms[id], err = r.v.p.forms.read(view.Schema)
	return r.forms[id], err
}

// rows are the answers in a value, by its form.
func (r *records) rows(formID string, value any) ([]row, error) {
	m, ok := value.(map[string]any)
	f, err := r.form(formID)
	if err != nil {
		return nil, err
	}
	if f == nil || !ok {
		return r.plain(value), nil
	}
	a := &asking{v: r.v, places: r.places}
	var out []row
	a.rows(f.Ask("", form.State{Value: m}), &out, true)
	return out, nil
}

// plain are the members of a value that no form describes, by common words and in
// their order. What has no word is left out: it is of no use to people.
func (r *records) plain(value any) []row {
	m, _ := value.(map[string]any)
	words := r.v.p.words
	group := func(key string) int { // comes after what is told of the whole
		if _, ok := m[key].(map[string]any); ok {
			return 1
		}
		return 0
	}
	keys := slices.SortedFunc(maps.Keys(m), func(a, b string) int {
		return cmp.Or(group(a)-group(b), words["data."+a].place-words["data."+b].place, strings.Compare(a, b))
	})
	var out []row
	for _, key := range keys {
		label, ok := r.v.word("data", key)
		if !ok {
			continue
		}
		if inside, ok := m[key].(map[string]any); ok {
			if rows := r.plain(inside); len(rows) > 0 {
				out = append(append(out, row{Label: label, Heading: true}), rows...)
			}
			continue
		}
		if s := r.said(key, m[key]); s != "" {
			out = append(out, row{Label: label, Value: s})
		}
	}
	return out
}

// amounts are the members that hold đồng.
var amounts = []string{"amount", "allowance", "recover"}

// said is one value in words.
func (r *records) said(key string, v any) string {
	switch x := v.(type) {
	case string:
		if t, ok := r.v.word("word", x); ok {
			return t
		}
		if strings.HasSuffix(key, "commune") {
			return placeName(r.places, x, r.v.lang)
		}
		return day(x)
	case bool:
		if x {
			return r.v.t("form.yes")
		}
		return r.v.t("form.no")
	case json.Number:
		n, err := x.Int64()
		for _, a := range amounts {
			if err == nil && strings.HasSuffix(key, a) {
				return money(n)
			}
		}
		return x.String()
	case []any:
		var all []string
		for _, e := range x {
			if s := r.said(key, e); s != "" {
				all = append(all, s)
			}
		}
		return strings.Join(all, ", ")
	case map[string]any: // one of a list: whoever it names
		s, _ := x["name"].(string)
		return s
	case int64:
		return strconv.FormatInt(x, 10)
	}
	return ""
}
