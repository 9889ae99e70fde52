package replay

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"lienthong/engine"
	"lienthong/engine/appendjson"
)

// Difference is the first place where two cases differ.
type Difference struct {
	Pointer string `json:"pointer"` // JSON Pointer (RFC 6901) into the case
	Stored  any    `json:"stored"`  // nil = absent
	Rebuilt any    `json:"rebuilt"`
}

// String tells the difference in one line; long values are cut.
func (d *Difference) String() string {
	return d.In("en")
}

func short(v any) string {
	const most = 120
	if v == nil {
		return "nothing"
	}
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	if r := []rune(string(b)); len(r) > most {
		return string(r[:most]) + "…"
	}
	return string(b)
}

// Differ names the first place where two cases differ; nil when there is none.
func Differ(stored, rebuilt *engine.Case) (*Difference, error) {
	s, err := appendjson.Value(nil, stored)
	if err != nil {
		return nil, err
	}
	r, err := appendjson.Value(nil, rebuilt)
	if err != nil || bytes.Equal(s, r) { // nearly always: nothing needs to be read back
		return nil, err
	}
	a, err := plain(s)
	if err != nil {
		return nil, err
	}
	b, err := plain(r)
	if err != nil {
		return nil, err
	}
	return differ("", a, b), nil
}

// plain is a case as JSON values; no dossiers and an empty list are the same.
func plain(text []byte) (any, error) {
	v, err := engine.ParseValue(text)
	if m, ok := v.(map[string]any); ok && m["dossiers"] == nil {
		m["dossiers"] = []any{}
	}
	return v, err
}

// plainOf is a value as its JSON is read back.
func plainOf(v any) (any, error) {
	b, err := appendjson.Value(nil, v)
	if err != nil {
		return nil, err
	}
	return engine.ParseValue(b)
}

func differ(at string, s, r any) *Difference {
	switch s := s.(type) {
	case map[string]any:
		if r, ok := r.(map[string]any); ok {
			return differMaps(at, s, r)
		}
	case []any:
		if r, ok := r.([]any); ok {
			return differLists(at, s, r)
		}
	}
	if reflect.DeepEqual(s, r) {
		return nil
	}
	return &Difference{Pointer: at, Stored: s, Rebuilt: r}
}

// pointer escapes a key for a JSON Pointer.
var pointer = strings.NewReplacer("~", "~0", "/", "~1")

func differMaps(at string, s, r map[string]any) *Difference {
	keys := slices.Collect(maps.Keys(s))
	for k := range r {
		if _, both := s[k]; !both {
			keys = append(keys, k)
		}
	}
	slices.Sort(keys)
	for _, k := range keys {
		if d := differ(at+"/"+pointer.Replace(k), s[k], r[k]); d != nil {
			return d
		}
	}
	return nil
}

func differLists(at string, s, r []any) *Difference {
	for i := range max(len(s), len(r)) {
		var a, b any
		if i < len(s) {
			a = s[i]
		}
		if i < len(r) {
			b = r[i]
		}
		if d := differ(at+"/"+strconv.Itoa(i), a, b); d != nil || i >= len(s) || i >= len(r) {
			if d == nil { // a null at the end of the longer one
				d = &Difference{Pointer: at + "/" + strconv.Itoa(i), Stored: a, Rebuilt: b}
			}
			return d
		}
	}
	return nil
}
