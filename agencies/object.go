package agencies

import (
	"maps"
	"strings"
	"time"

	"golang.org/x/text/unicode/norm"
)

// object is a JSON object whose integers are int64.
type object map[string]any

// get follows a dotted path; nil when any part is missing.
func (o object) get(path string) any {
	var v any = map[string]any(o)
	for part := range strings.SplitSeq(path, ".") {
		m, ok := v.(map[string]any)
		if !ok {
			return nil
		}
		v = m[part]
	}
	return v
}

func (o object) str(path string) string {
	s, _ := o.get(path).(string)
	return s
}

func (o object) num(path string) int64 {
	switch n := o.get(path).(type) {
	case int64:
		return n
	case float64:
		return int64(n)
	}
	return 0
}

func (o object) flag(path string) bool {
	b, _ := o.get(path).(bool)
	return b
}

func (o object) obj(path string) object {
	m, _ := o.get(path).(map[string]any)
	return m
}

// id reads an id that is written either as a string or as an object with one.
func (o object) id(path string) string {
	if s := o.str(path); s != "" {
		return s
	}
	return o.str(path + ".id")
}

// set puts a value under a path.
func (o object) set(path string, v any) {
	key, rest, deeper := strings.Cut(path, ".")
	if !deeper {
		o[key] = v
		return
	}
	part, ok := o[key].(map[string]any)
	if !ok {
		part = map[string]any{}
		o[key] = part
	}
	object(part).set(rest, v)
}

// with returns a copy with the given fields changed.
func (o object) with(changes object) object {
	n := maps.Clone(o)
	if n == nil {
		n = object{}
	}
	maps.Copy(n, changes)
	return n
}

// only returns a copy with the named fields that are present.
func (o object) only(names ...string) object {
	n := object{}
	for _, k := range names {
		if v, ok := o[k]; ok && v != nil {
			n[k] = v
		}
	}
	return n
}

// plain makes an object that JSON and the caller see as an ordinary map.
func plain(o object) map[string]any { return o }

// sameName compares names as people read them: composed, without regard to
// case or to repeated spaces.
func sameName(a, b string) bool {
	return strings.EqualFold(tidy(a), tidy(b))
}

func tidy(s string) string { return strings.Join(strings.Fields(norm.NFC.String(s)), " ") }

// vietnam is the zone in which the registries date their records.
var vietnam = time.FixedZone("ICT", 7*3600)

func day(t time.Time) string { return t.In(vietnam).Format(time.DateOnly) }

func parseDay(s string) (time.Time, bool) {
	t, err := time.Parse(time.DateOnly, s)
	return t, err == nil
}
