package workflows_test

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"sync"

	"lienthong/engine"
)

// people of the seeded households, so that random forms name somebody.
var people = []string{"001093000103", "001058000101", "001195000104", "001050000701"}

var days = []string{"2026-08-28", "2026-08-15", "2026-06-30", "1950-01-02", "2010-03-04"}

func sorted[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// input is what an action may be given; sometimes the optional parts too.
func (w *walk) input(f *engine.Form) map[string]any {
	if f == nil {
		return nil
	}
	for range 4 {
		m, _ := w.sample(f.Schema).(map[string]any)
		if len(f.Schema.Validate(m)) == 0 {
			return m
		}
	}
	return map[string]any{}
}

var parsed sync.Map // engine.Schema → map[string]any

// sample draws a value that follows a schema, as far as it is a simple one.
func (w *walk) sample(s engine.Schema) any {
	doc, ok := parsed.Load(s)
	if !ok {
		var m map[string]any
		if err := json.Unmarshal(s.JSON(), &m); err != nil {
			w.Fatal(err)
		}
		doc, _ = parsed.LoadOrStore(s, m)
	}
	root := doc.(map[string]any)
	return w.value(root, root)
}

func (w *walk) value(root, s map[string]any) any {
	if ref, ok := s["$ref"].(string); ok {
		var at any = root
		for _, k := range strings.Split(strings.TrimPrefix(ref, "#/"), "/") {
			at = engine.At(at, k)
		}
		m, _ := at.(map[string]any)
		return w.value(root, m)
	}
	if e, ok := s["enum"].([]any); ok {
		return pick(w, e)
	}
	if e, ok := s["const"]; ok {
		return e
	}
	switch s["type"] {
	case "object":
		return w.object(root, s)
	case "array":
		out := []any{}
		item, _ := s["items"].(map[string]any)
		n, _ := s["minItems"].(float64)
		for range int(n) + w.r.IntN(3) {
			out = append(out, w.value(root, item))
		}
		return out
	case "integer", "number":
		n, _ := s["minimum"].(float64)
		return int64(n) + int64(w.r.IntN(40))*int64(1+w.r.IntN(100_000)*w.r.IntN(2))
	case "boolean":
		return w.one(2)
	case "string":
		return w.word(s)
	}
	return "x"
}

func (w *walk) object(root, s map[string]any) any {
	out := map[string]any{}
	props, _ := s["properties"].(map[string]any)
	required, _ := s["required"].([]any)
	least, _ := s["minProperties"].(float64)
	for _, k := range sorted(props) {
		if p, ok := props[k].(map[string]any); ok && (slices.Contains(required, any(k)) || w.one(3) || len(out) < int(least)) {
			out[k] = w.value(root, p)
			if k == "died_on" || k == "death_date" { // the announced amounts do not go further back
				out[k] = pick(w, days[:3])
			}
		}
	}
	return out
}

func (w *walk) word(s map[string]any) string {
	switch s["format"] {
	case "date":
		return pick(w, days)
	case "date-time":
		return w.now.AddDate(0, 0, 3).Format("2006-01-02T15:04:05-07:00")
	case "personal_id":
		return pick(w, people)
	case "commune_code":
		return pick(w, []string{"00004", "00070"})
	}
	p, _ := s["pattern"].(string)
	switch {
	case strings.Contains(p, "{12}") && !strings.Contains(p, "TE1"):
		return pick(w, people)
	case strings.Contains(p, "GCS"):
		return "01001.GCS.00101.26"
	case strings.Contains(p, "GBT"):
		return "01001.GBT.00101.26"
	case strings.Contains(p, "TE1"):
		return "TE1010000000123"
	case p == "^[0-9]{5}$":
		return pick(w, []string{"00004", "00070"})
	case p == "^[0-9]{2}$":
		return "01"
	case strings.Contains(p, "-[0-9]{2}"):
		return "2026-06"
	case strings.Contains(p, ":["):
		return "08:30"
	case p == "^/":
		return "/name"
	}
	return "1234567890"
}
