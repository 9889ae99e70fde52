package paths

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"

	"lienthong/engine"
)

// people and days that drawn values name; the people are of the seeded registers,
// so that a surface knows their accounts.
var (
	people = []string{"001093000103", "001195000104", "048090000201", "079153001401"}
	days   = []string{"2026-08-15", "2026-06-30", "1950-01-02", "2010-03-04", "1993-07-20"}
	whole  = []int64{0, 0, 0, 1, 2, 12, 60, 82, 540_000, 9_000_000}
)

// sampler draws values that follow a schema.
type sampler struct {
	r      *rand.Rand
	root   map[string]any
	full   bool // with everything that may be there
	sparse bool // with nothing that may be left out
	unit   string
}

// samples are up to n different valid values of a form: the shortest, the fullest,
// and drawn ones.
func samples(schema engine.Schema, seed uint64, unit string, n int) []map[string]any {
	if schema == nil {
		return []map[string]any{nil}
	}
	var root map[string]any
	if json.Unmarshal(schema.JSON(), &root) != nil {
		return nil
	}
	var out []map[string]any
	seen := map[string]bool{}
	s := sampler{root: root, unit: unit}
	for i := range n * 8 {
		s.r = rand.New(rand.NewPCG(seed, uint64(i)))
		s.sparse, s.full = i == 0, i == 1
		m, _ := s.value(root).(map[string]any)
		if m == nil || len(schema.Validate(m)) > 0 {
			continue
		}
		if text, err := json.Marshal(m); err == nil && !seen[string(text)] {
			seen[string(text)] = true
			out = append(out, m)
		}
		if len(out) == n {
			break
		}
	}
	return out
}

// varied puts those first that differ in what guards ask about: what is there, flags, and
// whether a number is zero.
func varied(values []map[string]any) (out []map[string]any) {
	alike := map[string][]map[string]any{}
	var kinds []string
	for _, v := range values {
		kind := ""
		for _, k := range slices.Sorted(maps.Keys(v)) {
			switch x := v[k].(type) {
			case bool:
				kind += fmt.Sprint(k, "=", x, " ")
			case int64:
				kind += fmt.Sprint(k, "=", x != 0, " ")
			default:
				kind += k + " "
			}
		}
		if alike[kind] == nil {
			kinds = append(kinds, kind)
		}
		alike[kind] = append(alike[kind], v)
	}
	for n := 0; len(out) < len(values); n++ {
		for _, kind := range kinds {
			if n < len(alike[kind]) {
				out = append(out, alike[kind][n])
			}
		}
	}
	return out
}

func (s *sampler) pick(from []any) any { return from[s.r.IntN(len(from))] }

func (s *sampler) value(schema map[string]any) any {
	if ref, ok := schema["$ref"].(string); ok {
		var at any = s.root
		for _, k := range strings.Split(strings.TrimPrefix(ref, "#/"), "/") {
			at = engine.At(at, k)
		}
		m, _ := at.(map[string]any)
		return s.value(m)
	}
	if e, ok := schema["enum"].([]any); ok && len(e) > 0 {
		return s.pick(e)
	}
	if c, ok := schema["const"]; ok {
		return c
	}
	switch schema["type"] {
	case "object":
		return s.object(schema)
	case "array":
		item, _ := schema["items"].(map[string]any)
		least, _ := schema["minItems"].(float64)
		out := []any{}
		for range int(least) + s.r.IntN(3) {
			out = append(out, s.value(item))
		}
		return out
	case "integer", "number":
		least, has := schema["minimum"].(float64)
		n := whole[s.r.IntN(len(whole))]
		if most, ok := schema["maximum"].(float64); ok && float64(n) > most {
			n = int64(most)
		}
		if has && float64(n) < least {
			n = int64(least)
		}
		return n
	case "boolean":
		return s.r.IntN(2) == 0
	case "string":
		return s.word(schema)
	}
	return "x"
}

func (s *sampler) object(schema map[string]any) any {
	out := map[string]any{}
	props, _ := schema["properties"].(map[string]any)
	required, _ := schema["required"].([]any)
	var others []any
	if one, ok := schema["oneOf"].([]any); ok && len(one) > 0 {
		chosen := s.r.IntN(len(one))
		for i, alternative := range one {
			m, _ := alternative.(map[string]any)
			more, _ := m["required"].([]any)
			if i == chosen {
				required = append(slices.Clone(required), more...)
			} else {
				others = append(others, more...)
			}
		}
	}
	least, _ := schema["minProperties"].(float64)
	likely := 1 + s.r.IntN(3)
	for _, k := range slices.Sorted(maps.Keys(props)) {
		p, ok := props[k].(map[string]any)
		if !ok || slices.Contains(others, any(k)) && !slices.Contains(required, any(k)) {
			continue
		}
		wanted := slices.Contains(required, any(k)) || s.full || !s.sparse && s.r.IntN(likely) == 0 || len(out) < int(least)
		if wanted {
			out[k] = s.value(p)
		}
		if _, there := out[k]; there && (k == "died_on" || k == "death_date") { // the announced amounts do not go further back
			out[k] = days[s.r.IntN(2)]
		}
	}
	s.settle(schema, props, out)
	return out
}

// settle drops what the schema's conditions forbid and draws what they ask for, as far
// as a condition compares members with constants.
func (s *sampler) settle(schema, props, out map[string]any) {
	all, _ := schema["allOf"].([]any)
	for _, x := range append([]any{schema}, all...) {
		part, _ := x.(map[string]any)
		condition, ok := part["if"].(map[string]any)
		if !ok {
			continue
		}
		branch, _ := part["else"].(map[string]any)
		if meets(out, condition) {
			branch, _ = part["then"].(map[string]any)
		}
		required, _ := branch["required"].([]any)
		for _, k := range required {
			if name, ok := k.(string); ok && out[name] == nil {
				if p, ok := props[name].(map[string]any); ok {
					out[name] = s.value(p)
				}
			}
		}
		more, _ := branch["properties"].(map[string]any)
		maps.DeleteFunc(out, func(k string, _ any) bool { return more[k] == false })
	}
}

// meets tells whether an object has the members and constants of a condition.
func meets(out, condition map[string]any) bool {
	required, _ := condition["required"].([]any)
	for _, k := range required {
		if name, ok := k.(string); ok && out[name] == nil {
			return false
		}
	}
	props, _ := condition["properties"].(map[string]any)
	for k, x := range props {
		p, _ := x.(map[string]any)
		if c, ok := p["const"]; ok && out[k] != nil && out[k] != c {
			return false
		}
	}
	return true
}

func (s *sampler) word(schema map[string]any) string {
	switch schema["format"] {
	case "date":
		return days[s.r.IntN(len(days))]
	case "date-time":
		return "2026-09-30T10:00:00+07:00"
	case "personal_id":
		return people[s.r.IntN(len(people))]
	case "commune_code":
		return s.unit
	}
	pattern, _ := schema["pattern"].(string)
	for _, p := range patterns {
		if strings.Contains(pattern, p.part) {
			if p.word == "" {
				return people[s.r.IntN(len(people))]
			}
			return p.word
		}
	}
	if pattern == "^[0-9]{5}$" {
		return s.unit
	}
	if most, ok := schema["maxLength"].(float64); ok && most < 10 {
		return "1234567890"[:int(most)]
	}
	return "1234567890"
}

// patterns that shipped forms use, by a part that tells them apart; "" = a person.
var patterns = []struct{ part, word string }{
	{"TE1", "TE1010000000123"}, {"GCS", "01001.GCS.00101.26"}, {"GBT", "01001.GBT.00101.26"}, {"{12}", ""},
	{"^[0-9]{2}$", "01"}, {"-[0-9]{2}", "2026-06"}, {":[", "08:30"}, {"^/", "/name"},
}
