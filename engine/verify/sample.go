package verify

import (
	"math/rand/v2"
	"regexp"
	"regexp/syntax"
	"slices"
	"strings"

	"lienthong/engine"
)

// sampler draws values that follow schemas.
type sampler struct {
	*rand.Rand
	forms schemas
	units []string
	day   string // a date that everything has begun by
	now   string
}

func (s *sampler) one(n int) bool { return s.IntN(n) == 0 }

// value draws a value of a schema; nil when none was found that it accepts.
func (s *sampler) value(of engine.Schema) any {
	root := s.forms.root(of)
	for range 6 {
		v := s.draw(root, root, 0)
		for range 12 {
			ps := of.Validate(v)
			if len(ps) == 0 {
				return v
			}
			if !s.mend(root, v, ps) {
				break
			}
		}
	}
	return nil
}

// mend adds what is missing, and takes out or draws anew what is wrong.
func (s *sampler) mend(root map[string]any, v any, ps []engine.Problem) bool {
	for _, p := range ps {
		path := strings.Split(strings.TrimPrefix(p.Pointer, "/"), "/")
		parent, _ := engine.At(v, path[:len(path)-1]...).(map[string]any)
		if parent == nil {
			return false
		}
		name := path[len(path)-1]
		at := root
		for _, k := range path {
			at = deref(root, at)
			next, _ := engine.At(at, "properties", k).(map[string]any)
			at = next
		}
		_, there := parent[name]
		if p.Code == "contains" {
			if list, ok := s.hold(root, at, name, parent[name]); ok {
				parent[name] = list
				continue
			}
		}
		if at == nil || there && (p.Code == "unknown_field" || s.one(2)) {
			delete(parent, name)
			continue
		}
		parent[name] = s.draw(root, at, 2)
	}
	return true
}

// hold is a list with an item of each kind that some rule of the form wants it to
// contain: a paper for each choice that needs one.
func (s *sampler) hold(root, at map[string]any, name string, have any) ([]any, bool) {
	list, ok := have.([]any)
	for _, want := range wanted(root, name) {
		item, _ := s.draw(root, asMap(at["items"]), 2).(map[string]any)
		for k, sub := range asMap(want["properties"]) {
			if item != nil {
				item[k] = s.draw(root, asMap(sub), 2)
			}
		}
		if item != nil {
			list = append(slices.Clone(list), item)
		}
	}
	return list, ok && len(list) > 0
}

// wanted are the schemas that rules of a form want a list of it to contain.
func wanted(m map[string]any, name string) (out []map[string]any) {
	if m == nil {
		return nil
	}
	if c := asMap(asMap(asMap(m["properties"])[name])["contains"]); c != nil {
		out = append(out, c)
	}
	for _, k := range []string{"then", "else"} {
		out = append(out, wanted(asMap(m[k]), name)...)
	}
	rules, _ := m["allOf"].([]any)
	for _, r := range rules {
		out = append(out, wanted(asMap(r), name)...)
	}
	return out
}

func asMap(v any) map[string]any {
	m, _ := v.(map[string]any)
	return m
}

// draw draws a value as far as the schema is a simple one.
func (s *sampler) draw(root, m map[string]any, depth int) any {
	m = deref(root, m)
	if e, ok := m["enum"].([]any); ok && len(e) > 0 {
		return e[s.IntN(len(e))]
	}
	if c, ok := m["const"]; ok {
		return c
	}
	kind := m["type"]
	if l, ok := kind.([]any); ok && len(l) > 0 {
		kind = l[0]
	}
	if kind == nil && m["properties"] != nil {
		kind = "object"
	}
	switch kind {
	case "object":
		return s.object(root, m, depth)
	case "array":
		n, _ := m["minItems"].(float64)
		item, _ := m["items"].(map[string]any)
		out := []any{}
		for range min(int(n)+s.IntN(2), 5) {
			out = append(out, s.draw(root, item, depth+1))
		}
		return out
	case "integer", "number":
		low, _ := m["minimum"].(float64)
		high, ok := m["maximum"].(float64)
		if !ok || high > low+1000 {
			high = low + []float64{1, 3, 40, 1000}[s.IntN(4)]
		}
		return int64(low) + s.Int64N(max(int64(high-low), 0)+1)
	case "boolean":
		return s.one(2)
	case "null":
		return nil
	case "string":
		return s.word(m)
	}
	for _, k := range []string{"oneOf", "anyOf", "allOf"} {
		if l, _ := m[k].([]any); len(l) > 0 && depth < 12 {
			sub, _ := l[s.IntN(len(l))].(map[string]any)
			return s.draw(root, sub, depth+1)
		}
	}
	return "x"
}

func (s *sampler) object(root, m map[string]any, depth int) any {
	out := map[string]any{}
	props, _ := m["properties"].(map[string]any)
	required, _ := m["required"].([]any)
	for _, k := range sortedKeys(props) {
		p, ok := props[k].(map[string]any)
		if !ok || !slices.Contains(required, any(k)) && (depth > 8 || !s.one(2)) {
			continue
		}
		out[k] = s.draw(root, p, depth+1)
	}
	return out
}

func (s *sampler) word(m map[string]any) any {
	switch m["format"] {
	case "date":
		return s.day
	case "date-time":
		return s.now
	case "personal_id":
		id := "00109300010" + string(rune('1'+s.IntN(4)))
		if s.one(2) { // of somebody born on the day that dates have
			id = "001" + string(rune('2'+s.IntN(2))) + s.day[2:4] + "00012" + string(rune('1'+s.IntN(4)))
		}
		return id
	case "commune_code":
		if len(s.units) > 0 {
			return s.units[s.IntN(len(s.units))]
		}
		return "00001"
	case "email":
		return "a@example.vn"
	case "uri":
		return "https://example.vn/x"
	case "uuid":
		return "00000000-0000-4000-8000-000000000001"
	}
	if p, ok := m["pattern"].(string); ok {
		if re, err := syntax.Parse(p, syntax.Perl); err == nil {
			var b strings.Builder
			s.match(&b, re.Simplify(), 0)
			if ok, _ := regexp.MatchString(p, b.String()); ok {
				return b.String()
			}
		}
	}
	low, _ := m["minLength"].(float64)
	return strings.Repeat("x", max(int(low), 1+s.IntN(3)))
}

// match writes a text that a pattern accepts, as far as that is easy.
func (s *sampler) match(b *strings.Builder, re *syntax.Regexp, depth int) {
	if depth > 50 || b.Len() > 200 {
		return
	}
	switch re.Op {
	case syntax.OpLiteral:
		b.WriteString(string(re.Rune))
	case syntax.OpCharClass:
		if len(re.Rune) > 1 {
			i := 2 * s.IntN(len(re.Rune)/2)
			b.WriteRune(re.Rune[i] + s.Int32N(min(re.Rune[i+1]-re.Rune[i], 9)+1))
		}
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		b.WriteByte('x')
	case syntax.OpAlternate:
		s.match(b, re.Sub[s.IntN(len(re.Sub))], depth+1)
	case syntax.OpStar, syntax.OpQuest:
		if s.one(2) {
			s.match(b, re.Sub[0], depth+1)
		}
	case syntax.OpRepeat:
		for range re.Min {
			s.match(b, re.Sub[0], depth+1)
		}
	default: // plus, concatenation, group, anchors
		for _, sub := range re.Sub {
			s.match(b, sub, depth+1)
		}
	}
}
