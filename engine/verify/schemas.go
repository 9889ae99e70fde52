package verify

import (
	"encoding/json"
	"strings"

	"lienthong/engine"
)

// schemas reads the values that a form allows at a path.
type schemas map[engine.Schema]map[string]any

func (ss schemas) root(s engine.Schema) map[string]any {
	if s == nil {
		return nil
	}
	m, ok := ss[s]
	if !ok {
		m = map[string]any{}
		_ = json.Unmarshal(s.JSON(), &m)
		ss[s] = m
	}
	return m
}

// at walks to the schema of a path; nil when it is not plain.
func (ss schemas) at(s engine.Schema, path []string) map[string]any {
	root := ss.root(s)
	m := deref(root, root)
	for _, p := range path {
		next, _ := engine.At(m, "properties", p).(map[string]any)
		if m = deref(root, next); m == nil {
			return nil
		}
	}
	return m
}

func deref(root, m map[string]any) map[string]any {
	for range 8 {
		ref, ok := m["$ref"].(string)
		if !ok {
			return m
		}
		var at any = root
		for _, k := range strings.Split(strings.TrimPrefix(ref, "#/"), "/") {
			at = engine.At(at, k)
		}
		m, _ = at.(map[string]any)
	}
	return m
}

// allowed is the set of values of a schema with an enumeration.
func (t *table) allowed(m map[string]any) (values, bool) {
	list, _ := m["enum"].([]any)
	if c, ok := m["const"]; ok {
		list = []any{c}
	}
	var out values
	for _, v := range list {
		if s, ok := v.(string); ok {
			if bit := t.of(s); bit != 0 {
				out |= bit
			} else {
				out |= isOther
			}
			continue
		}
		return 0, false
	}
	return out, out != 0
}
