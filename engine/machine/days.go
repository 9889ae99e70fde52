package machine

import (
	"bytes"
	"maps"
	"slices"
	"strconv"

	"lienthong/engine"
	"lienthong/engine/calendar"
)

// A date of a form may have bounds: x-not-before and x-not-after name a day, the date
// beside it, or today. JSON Schema compares no texts and knows no today.
const (
	notBefore, notAfter = "x-not-before", "x-not-after"
	today               = "today"
)

// bounded tells whether a schema bounds any date, so that others cost nothing.
func bounded(schema []byte) bool { return bytes.Contains(schema, []byte(`"x-not-`)) }

// bounds checks the bounds that are today when a day is given, else all others. They hold
// in every branch of the form's conditions.
func (c *collector) bounds(v any, day calendar.Date) {
	c.boundsAt(expand(c.root, c.root, 0), nil, nil, v, day)
}

// boundsAt walks a value together with the schemas that it may follow.
func (c *collector) boundsAt(at []map[string]any, path []string, beside map[string]any, v any, day calendar.Date) {
	into := func(step string, beside map[string]any, v any) {
		var next []map[string]any
		for _, s := range at {
			for _, sub := range under(s, step) {
				next = append(next, expand(c.root, sub, 0)...)
			}
		}
		c.boundsAt(next, append(slices.Clone(path), step), beside, v, day)
	}
	switch x := v.(type) {
	case map[string]any:
		for _, k := range slices.Sorted(maps.Keys(x)) {
			into(k, x, x[k])
		}
	case []any:
		for i, e := range x {
			into(strconv.Itoa(i), nil, e)
		}
	case string:
		for _, s := range at {
			for _, keyword := range []string{notBefore, notAfter} {
				if bound, ok := s[keyword].(string); ok {
					c.bound(path, beside, calendar.Date(x), keyword, bound, day)
				}
			}
		}
	}
}

// bound holds one date to one bound; what is no date is for the format to refuse.
func (c *collector) bound(path []string, beside map[string]any, have calendar.Date, keyword, bound string, day calendar.Date) {
	if !have.Valid() || (bound == today) != (day != "") {
		return
	}
	limit, name := calendar.Date(bound), engine.Text{}
	switch {
	case bound == today:
		limit, name = day, engine.Text{VI: "hôm nay, ", EN: "today, "}
	case !limit.Valid():
		limit = calendar.Date(engine.Str(beside, bound))
		l := c.label(append(slices.Clone(path[:len(path)-1]), bound))
		name = engine.Text{VI: "“" + l.VI + "”, ", EN: "“" + l.EN + "”, "}
	}
	if !limit.Valid() {
		return
	}
	written := limit.At(0, 0).Format("02/01/2006")
	than := engine.Text{VI: name.VI + written, EN: name.EN + written}
	switch {
	case keyword == notBefore && have < limit:
		c.add(path, "too_early", "{0} không được trước {1}.", "{0} must not be before {1}.", than)
	case keyword == notAfter && have > limit:
		c.add(path, "too_late", "{0} không được sau {1}.", "{0} must not be after {1}.", than)
	}
}

// knownBounds refuses a bound that names no day; beside are the properties among which a
// schema stands.
func (b *bundler) knownBounds(n, beside *node) bool {
	ok := true
	for i, e := range n.items {
		key := ""
		if n.kind == mapKind {
			key = n.keys[i].text
		}
		switch {
		case key == notBefore || key == notAfter:
			if e.kind != stringKind || e.text != today && !calendar.Date(e.text).Valid() && (beside == nil || beside.get(e.text) == nil) {
				b.at(e, "bad_bound", e.text)
				ok = false
			}
		case key == "properties":
			for _, p := range e.items {
				ok = b.knownBounds(p, e) && ok
			}
		default:
			ok = b.knownBounds(e, nil) && ok
		}
	}
	return ok
}
