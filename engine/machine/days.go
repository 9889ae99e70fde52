package machine

import (
	"fmt"
	"maps"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"lienthong/engine"
	"lienthong/engine/calendar"
)

// A date of a form may have bounds: x-not-before and x-not-after name a day, the date
// beside it, or today. JSON Schema compares no texts and knows no today.
const (
	notBefore, notAfter = "x-not-before", "x-not-after"
	today               = "today"
)

// dates is what a schema bounds, in the shape of the values that it is for, so that a
// value is walked where it may have a bound and nowhere else. A schema that refers to
// itself leads back to an earlier one.
type dates struct {
	bounds []dateBound       // of this value
	named  map[string]*dates // members and elements that have a schema of their own; nil = without bounds
	others *dates            // all other members
	each   *dates            // all other elements
}

type dateBound struct{ keyword, day string }

// datesOf are those of a decoded schema; nil when it bounds none.
func datesOf(root any) *dates {
	p := &datePlan{root: root, known: map[string]*dates{}, some: map[*dates]bool{}}
	all := p.at(expand(root, root, 0))
	for found := true; found; { // what leads to a bound, however far
		found = false
		for _, d := range p.known {
			if !p.some[d] && (len(d.bounds) > 0 || p.some[d.others] || p.some[d.each] || slices.ContainsFunc(slices.Collect(maps.Values(d.named)), func(n *dates) bool { return p.some[n] })) {
				p.some[d], found = true, true
			}
		}
	}
	keep := func(d *dates) *dates {
		if p.some[d] {
			return d
		}
		return nil
	}
	for _, d := range p.known {
		for name, n := range d.named {
			d.named[name] = keep(n)
		}
		d.others, d.each = keep(d.others), keep(d.each)
	}
	return keep(all)
}

// datePlan makes dates.
type datePlan struct {
	root  any
	known map[string]*dates // by the schemas that the value follows
	some  map[*dates]bool   // those that lead to a bound
}

// at are the dates of a value that follows some schemas.
func (p *datePlan) at(schemas []map[string]any) *dates {
	var key strings.Builder
	for _, s := range schemas {
		fmt.Fprintf(&key, "%x ", reflect.ValueOf(s).Pointer())
	}
	if d := p.known[key.String()]; d != nil || len(schemas) == 0 {
		return d
	}
	d := &dates{named: map[string]*dates{}}
	p.known[key.String()] = d
	for _, s := range schemas {
		for _, keyword := range []string{notBefore, notAfter} {
			if day, ok := s[keyword].(string); ok {
				d.bounds = append(d.bounds, dateBound{keyword, day})
			}
		}
	}
	below := func(step string) *dates {
		var next []map[string]any
		for _, s := range schemas {
			for _, sub := range under(s, step) {
				next = append(next, expand(p.root, sub, 0)...)
			}
		}
		return p.at(next)
	}
	for _, s := range schemas {
		properties, _ := s["properties"].(map[string]any)
		for name := range properties {
			d.named[name] = below(name)
		}
		first, _ := s["prefixItems"].([]any)
		for i := range first {
			d.named[strconv.Itoa(i)] = below(strconv.Itoa(i))
		}
	}
	d.others, d.each = below(""), below(strconv.Itoa(math.MaxInt))
	return d
}

// bounds checks the bounds that are today when a day is given, else all others. They hold
// in every branch of the form's conditions.
func (c *collector) bounds(d *dates, path []string, beside map[string]any, v any, day calendar.Date) {
	into := func(rest *dates, step string, beside map[string]any, v any) {
		if n, ok := d.named[step]; ok {
			rest = n
		}
		if rest != nil {
			c.bounds(rest, append(slices.Clone(path), step), beside, v, day)
		}
	}
	switch x := v.(type) {
	case map[string]any:
		for k, e := range x {
			into(d.others, k, x, e)
		}
	case []any:
		for i, e := range x {
			into(d.each, strconv.Itoa(i), nil, e)
		}
	case string:
		for _, b := range d.bounds {
			c.bound(path, beside, calendar.Date(x), b.keyword, b.day, day)
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
