package simulate

import (
	"encoding/json"
	"fmt"
	"regexp"
	"regexp/syntax"
	"slices"
	"strings"
	"time"

	"lienthong/engine"
)

// sampler draws what people write into forms and what registries answer: values
// that follow the schema and agree, where names agree, with what is known already.
type sampler struct {
	docs     map[engine.Schema]map[string]any
	patterns map[string]*pattern
}

type pattern struct {
	re   *regexp.Regexp
	tree *syntax.Regexp
}

func newSampler() sampler {
	return sampler{docs: map[engine.Schema]map[string]any{}, patterns: map[string]*pattern{}}
}

// draws is the randomness of one form.
type draws struct {
	dice
	who string
	now time.Time
}

func (d draws) n(of int, path string) int { return d.one(of, path, d.who, 0) }

// of draws an object; known are places to look for values, the nearest first.
func (s *sampler) of(schema engine.Schema, d draws, known ...map[string]any) map[string]any {
	doc, ok := s.docs[schema]
	if !ok {
		if err := json.Unmarshal(schema.JSON(), &doc); err != nil {
			return map[string]any{}
		}
		s.docs[schema] = doc
	}
	f := filling{sampler: s, draws: d, root: doc, known: known}
	out, _ := f.value(doc, nil, "", 0).(map[string]any)
	if out == nil {
		out = map[string]any{}
	}
	return out
}

type filling struct {
	*sampler
	draws
	root  map[string]any
	known []map[string]any
}

const deepest = 30 // of nested schemas

func (f *filling) value(s map[string]any, hint any, path string, depth int) any {
	if depth > deepest {
		return nil
	}
	if ref, ok := s["$ref"].(string); ok {
		m, _ := engine.At(f.root, strings.Split(strings.TrimPrefix(ref, "#/"), "/")...).(map[string]any)
		return f.value(m, hint, path, depth+1)
	}
	if e, ok := s["const"]; ok {
		return whole(e)
	}
	if e, ok := s["enum"].([]any); ok && len(e) > 0 {
		if slices.Contains(e, hint) {
			return hint
		}
		return whole(e[f.n(len(e), path)])
	}
	for _, k := range []string{"anyOf", "oneOf"} {
		if of, ok := s[k].([]any); ok && len(of) > 0 && s["type"] == nil {
			m, _ := of[0].(map[string]any)
			return f.value(m, hint, path, depth+1)
		}
	}
	switch s["type"] {
	case "object":
		return f.object(s, hint, path, depth)
	case "array":
		return f.array(s, hint, path, depth)
	case "integer", "number":
		return f.number(s, hint, path)
	case "boolean":
		if b, ok := hint.(bool); ok {
			return b
		}
		return f.n(2, path) == 0
	case "string":
		if h, ok := hint.(string); ok && f.fits(s, h) {
			return h
		}
		return f.word(s, path)
	}
	if hint != nil {
		return hint
	}
	return "x"
}

// object fills what is required, and of the rest what is known.
func (f *filling) object(s map[string]any, hint any, path string, depth int) any {
	out := map[string]any{}
	props, _ := s["properties"].(map[string]any)
	required, _ := s["required"].([]any)
	h, _ := hint.(map[string]any)
	for _, k := range sorted(props) {
		p, ok := props[k].(map[string]any)
		if !ok {
			continue
		}
		v, had := h[k]
		must := slices.Contains(required, any(k))
		if !had && (must || path == "") {
			v = f.find(k)
		}
		if must || v != nil {
			out[k] = f.value(p, v, path+"/"+k, depth+1)
		}
	}
	return out
}

// find looks for a name in what is known, the outermost first.
func (f *filling) find(name string) any {
	level := f.known
	for range 3 {
		var next []map[string]any
		for _, m := range level {
			if v, ok := m[name]; ok && v != nil {
				return v
			}
			var keys []string
			for k, v := range m {
				if _, ok := v.(map[string]any); ok {
					keys = append(keys, k)
				}
			}
			slices.Sort(keys)
			for _, k := range keys {
				next = append(next, m[k].(map[string]any))
			}
		}
		level = next
	}
	return nil
}

func (f *filling) array(s map[string]any, hint any, path string, depth int) any {
	item, _ := s["items"].(map[string]any)
	out := []any{}
	if h, ok := hint.([]any); ok {
		for i, e := range h {
			out = append(out, f.value(item, e, fmt.Sprintf("%s/%d", path, i), depth+1))
		}
		return out
	}
	least, _ := s["minItems"].(float64)
	for i := range int(min(least, 20)) {
		out = append(out, f.value(item, nil, fmt.Sprintf("%s/%d", path, i), depth+1))
	}
	return out
}

func (f *filling) number(s map[string]any, hint any, path string) any {
	least, _ := s["minimum"].(float64)
	most, bounded := s["maximum"].(float64)
	if h, ok := hint.(int64); ok && float64(h) >= least && (!bounded || float64(h) <= most) {
		return h
	}
	room := 1000.0
	if bounded {
		room = min(room, most-least+1)
	}
	return int64(least) + int64(f.n(int(max(room, 1)), path))
}

// whole makes a schema's number a plain one.
func whole(v any) any {
	if x, ok := v.(float64); ok && x == float64(int64(x)) {
		return int64(x)
	}
	return v
}

func (f *filling) fits(s map[string]any, v string) bool {
	if most, ok := s["maxLength"].(float64); ok && float64(len([]rune(v))) > most {
		return false
	}
	if least, ok := s["minLength"].(float64); ok && float64(len([]rune(v))) < least {
		return false
	}
	switch s["format"] {
	case "date":
		if _, err := time.Parse(time.DateOnly, v); err != nil {
			return false
		}
	case "date-time":
		if _, err := time.Parse(time.RFC3339, v); err != nil {
			return false
		}
	}
	if p, ok := s["pattern"].(string); ok {
		if x := f.pattern(p); x != nil {
			return x.re.MatchString(v)
		}
	}
	return true
}

func (f *filling) pattern(p string) *pattern {
	x, ok := f.patterns[p]
	if !ok {
		re, err := regexp.Compile(p)
		tree, err2 := syntax.Parse(p, syntax.Perl)
		if err == nil && err2 == nil {
			x = &pattern{re, tree.Simplify()}
		}
		f.patterns[p] = x
	}
	return x
}

// word draws a text.
func (f *filling) word(s map[string]any, path string) string {
	switch s["format"] {
	case "date":
		return f.now.Format(time.DateOnly)
	case "date-time":
		return f.now.AddDate(0, 0, 3).Format(time.RFC3339)
	case "personal_id":
		return fmt.Sprintf("0010%02d%06d", 70+f.n(30, path), f.n(1_000_000, path+"#"))
	case "commune_code":
		if v, ok := f.find("commune").(string); ok {
			return v
		}
	}
	if p, ok := s["pattern"].(string); ok {
		if x := f.pattern(p); x != nil {
			if t := f.spell(x.tree, path); x.re.MatchString(t) {
				return t
			}
		}
	}
	least, _ := s["minLength"].(float64)
	text := "theo hồ sơ"
	if most, ok := s["maxLength"].(float64); ok && most < 10 {
		text = "x"
	}
	return text + strings.Repeat("x", max(int(least)-len([]rune(text)), 0))
}

// spell writes a text that a regular expression describes.
func (f *filling) spell(t *syntax.Regexp, path string) string {
	switch t.Op {
	case syntax.OpLiteral:
		return string(t.Rune)
	case syntax.OpCharClass:
		n := 0
		for i := 0; i+1 < len(t.Rune); i += 2 {
			n += int(min(t.Rune[i+1], t.Rune[i]+93)-t.Rune[i]) + 1
		}
		k := f.n(n, path)
		for i := 0; i+1 < len(t.Rune); i += 2 {
			w := int(min(t.Rune[i+1], t.Rune[i]+93)-t.Rune[i]) + 1
			if k < w {
				return string(t.Rune[i] + rune(k))
			}
			k -= w
		}
		return ""
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		return "x"
	case syntax.OpCapture, syntax.OpPlus:
		return f.spell(t.Sub[0], path)
	case syntax.OpRepeat:
		var b strings.Builder
		for i := range t.Min {
			b.WriteString(f.spell(t.Sub[0], fmt.Sprintf("%s.%d", path, i)))
		}
		return b.String()
	case syntax.OpConcat:
		var b strings.Builder
		for i, x := range t.Sub {
			b.WriteString(f.spell(x, fmt.Sprintf("%s,%d", path, i)))
		}
		return b.String()
	case syntax.OpAlternate:
		return f.spell(t.Sub[f.n(len(t.Sub), path)], path+"|")
	}
	return "" // what may be nothing is nothing; so are anchors
}
