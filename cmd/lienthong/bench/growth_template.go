package bench

import (
	"reflect"
	"slices"
	"strings"
	"time"

	"lienthong/engine"
)

// template is a played case made ready to be multiplied: what differs from copy to
// copy is known by its place, everything else is shared between all copies and
// never written.
type template struct {
	script
	slots  []slot
	texts  []text
	blocks []block
	code   int // the text that is the case's code

	last, next time.Time // next = when something happens by itself

	src  played
	make setter // writes what differs into a copy of src
}

// text is a string with slots in it.
type text []piece

// piece is a literal, or a slot when slot >= 0.
type piece struct {
	literal string
	slot    int
}

// setter writes what differs into a copy that holds the template's value.
type setter func(f *filling, dst reflect.Value)

// maker makes a copy of a value of a JSON tree.
type maker func(f *filling) any

// compiler turns one played case into a template.
type compiler struct {
	n     *needles
	texts []text
	known map[string]int // value → text
}

// compile makes a template of a played case; the compiler can find texts in more of
// it.
func compile(defs engine.Definitions, p played) (*template, *compiler) {
	p.Deliveries = slices.Clone(p.Deliveries)
	for i := range p.Deliveries {
		normalise(&p.Deliveries[i])
	}
	n := findNeedles(defs, p)
	c := &compiler{n: n, known: map[string]int{}}
	t := &template{script: p.script, src: p, last: p.Case.Updated, next: p.Case.NextTimer()}
	t.code = c.text(p.Case.Code, "")
	t.make = c.value(reflect.ValueOf(p), "")
	t.slots, t.texts, t.blocks = n.slots, c.texts, n.blocks
	return t, c
}

// normalise dates what a relay did by the business time of the request: the wall
// time of the play means nothing in a copy.
func normalise(d *engine.Delivery) {
	after := func(t *time.Time, by time.Duration) {
		if !t.IsZero() {
			*t = d.At.Add(by)
		}
	}
	after(&d.SentAt, time.Second)
	after(&d.DoneAt, 2*time.Second)
	after(&d.Next, 10*time.Minute)
	d.Fence = 0
}

// copy makes a case: f says which.
func (t *template) copy(f *filling) played {
	t.fill(f)
	out := t.src
	t.make(f, reflect.ValueOf(&out).Elem())
	return out
}

// fill draws the slots and writes the texts of a case.
func (t *template) fill(f *filling) {
	f.slots = make([]string, len(t.slots))
	for i, s := range t.slots {
		f.slots[i] = s(f)
	}
	f.texts, f.boxed = make([]string, len(t.texts)), make([]any, len(t.texts))
	var b strings.Builder
	for i, x := range t.texts {
		b.Reset()
		for _, p := range x {
			if p.slot >= 0 {
				b.WriteString(f.slots[p.slot])
			} else {
				b.WriteString(p.literal)
			}
		}
		f.texts[i] = b.String()
		f.boxed[i] = f.texts[i]
	}
}

// static are the keys whose values are names of versions, never dates.
var static = map[string]bool{"version": true, "calendar": true, "definition": true, "parameters": true, "hash": true, "engine": true}

// text is the number of a string's text, or -1 when it is the same in every copy.
func (c *compiler) text(s, key string) int {
	if static[key] || s == "" {
		return -1
	}
	if id, ok := c.known[s]; ok {
		return id
	}
	t := c.pieces(s)
	id := -1
	if len(t) > 1 || t[0].slot >= 0 {
		id = len(c.texts)
		c.texts = append(c.texts, t)
	}
	c.known[s] = id
	return id
}

// pieces cuts a string at its needles, dates and times.
func (c *compiler) pieces(s string) text {
	if day, ok := parseDay(s); ok {
		return c.date(s, day)
	}
	if at, err := time.Parse(time.RFC3339Nano, s); err == nil {
		return text{{slot: c.slot(func(f *filling) string { return f.moved(at).Format(time.RFC3339Nano) })}}
	}
	for _, x := range c.n.list {
		i := find(s, x.text)
		if i < 0 {
			continue
		}
		var out text
		if i > 0 {
			out = append(out, c.pieces(s[:i])...)
		}
		out = append(out, piece{slot: x.slot})
		if rest := s[i+len(x.text):]; rest != "" {
			out = append(out, c.pieces(rest)...)
		}
		return out
	}
	return text{{literal: s, slot: -1}}
}

func (c *compiler) date(s string, day time.Time) text {
	switch {
	case c.n.births[s]:
		return text{{slot: c.slot(func(f *filling) string { return day.AddDate(f.years, 0, 0).Format(time.DateOnly) })}}
	case recent(day):
		return text{{slot: c.slot(func(f *filling) string { return day.Add(f.shift).Format(time.DateOnly) })}}
	}
	return text{{literal: s, slot: -1}}
}

func (c *compiler) slot(s slot) int {
	c.n.slots = append(c.n.slots, s)
	return len(c.n.slots) - 1
}

// tree is the maker of a JSON value; nil = all copies share it.
func (c *compiler) tree(v any, key string) maker {
	switch v := v.(type) {
	case string:
		if id := c.text(v, key); id >= 0 {
			return func(f *filling) any { return f.boxed[id] }
		}
	case map[string]any:
		return c.object(v)
	case []any:
		return c.array(v, key)
	}
	return nil
}

// member is one entry of an object.
type member struct {
	key   string
	text  int // of the key, or -1
	value any
	make  maker // nil = value as it is
}

func (c *compiler) object(v map[string]any) maker {
	var members []member
	differs := false
	for k, x := range v {
		m := member{key: k, text: c.text(k, ""), value: x, make: c.tree(x, k)}
		differs = differs || m.text >= 0 || m.make != nil
		members = append(members, m)
	}
	if !differs {
		return nil
	}
	return func(f *filling) any {
		out := make(map[string]any, len(members))
		for i := range members {
			m := &members[i]
			k, x := m.key, m.value
			if m.text >= 0 {
				k = f.texts[m.text]
			}
			if m.make != nil {
				x = m.make(f)
			}
			out[k] = x
		}
		return out
	}
}

func (c *compiler) array(v []any, key string) maker {
	makers := make([]maker, len(v))
	differs := false
	for i, x := range v {
		makers[i] = c.tree(x, key)
		differs = differs || makers[i] != nil
	}
	if !differs {
		return nil
	}
	return func(f *filling) any {
		out := make([]any, len(v))
		for i, m := range makers {
			if out[i] = v[i]; m != nil {
				out[i] = m(f)
			}
		}
		return out
	}
}
