package machine

import (
	"regexp"
	"slices"
	"strings"
	"time"

	"lienthong/engine"
	"lienthong/engine/calendar"
)

var idPattern = regexp.MustCompile(`^[a-z][a-z0-9_]{0,39}$`)

// reader reads nodes into values and reports what does not fit.
type reader struct{ *report }

// object checks that n is a mapping with none but the keys allowed.
func (r reader) object(n *node, allowed ...string) bool {
	if n.kind != mapKind {
		r.at(n, "wrong_type", phrase("a mapping"), kindNames[n.kind])
		return false
	}
	for _, k := range n.keys {
		if !slices.Contains(allowed, k.text) {
			r.at(k, "unknown_key", k.text, strings.Join(allowed, ", "), nearest(k.text, allowed))
		}
	}
	return true
}

// need returns the value of a key that must be there.
func (r reader) need(n *node, key string) *node {
	v := n.get(key)
	if v == nil {
		r.at(n, "missing_key", key)
		return nil
	}
	return v
}

// str reads text; "" when n is nil or not text.
func (r reader) str(n *node) string {
	if n == nil {
		return ""
	}
	switch n.kind {
	case stringKind:
		return n.text
	case intKind, floatKind, boolKind:
		r.at(n, "quote_it", n.text)
	default:
		r.at(n, "wrong_type", phrase("text"), kindNames[n.kind])
	}
	return ""
}

// id reads an identifier.
func (r reader) id(n *node) string {
	s := r.str(n)
	if s != "" || n != nil && n.kind == stringKind {
		r.checkID(n, s)
	}
	return s
}

func (r reader) checkID(n *node, s string) bool {
	if !idPattern.MatchString(s) {
		r.at(n, "bad_id", s)
		return false
	}
	return true
}

// truth reads a boolean; false when n is nil.
func (r reader) truth(n *node) bool {
	if n == nil {
		return false
	}
	if n.kind != boolKind {
		r.at(n, "wrong_type", phrase("true or false"), kindNames[n.kind])
		return false
	}
	return n.text == "true"
}

// integer reads a whole number.
func (r reader) integer(n *node) int {
	if n == nil {
		return 0
	}
	v, ok := n.num.(int64)
	if n.kind != intKind || !ok || v < -1<<31 || v > 1<<31 {
		r.at(n, "wrong_type", phrase("a whole number"), kindNames[n.kind])
		return 0
	}
	return int(v)
}

// list reads a list, or one value as a list of one.
func (r reader) list(n *node) []*node {
	if n == nil {
		return nil
	}
	if n.kind == listKind {
		return n.items
	}
	return []*node{n}
}

// strs reads a list of texts, or one text.
func (r reader) strs(n *node) []string {
	var out []string
	for _, e := range r.list(n) {
		if s := r.str(e); s != "" {
			out = append(out, s)
		}
	}
	return out
}

// text reads {vi, en}.
func (r reader) text(n *node) engine.Text {
	if n != nil && n.kind != mapKind {
		r.at(n, "wrong_type", "{vi: …, en: …}", kindNames[n.kind])
		return engine.Text{}
	}
	if n == nil || !r.object(n, "vi", "en") {
		return engine.Text{}
	}
	t := engine.Text{VI: r.str(n.get("vi")), EN: r.str(n.get("en"))}
	switch {
	case t.VI == "" && t.EN == "":
		r.at(n, "half_text", phrase("Vietnamese and English"))
	case t.VI == "":
		r.at(n, "half_text", phrase("Vietnamese"))
	case t.EN == "":
		r.at(n, "half_text", phrase("English"))
	}
	return t
}

// title reads the title of a thing and warns when it has none.
func (r reader) title(n, owner *node, what string) engine.Text {
	if n == nil {
		r.at(owner, "missing_title", what)
	}
	return r.text(n)
}

// date reads "2026-09-01".
func (r reader) date(n *node) calendar.Date {
	if n == nil {
		return ""
	}
	s := r.str(n)
	d, err := calendar.ParseDate(s)
	if err != nil {
		if n.kind == stringKind {
			r.at(n, "bad_date", s)
		}
		return ""
	}
	return d
}

// midnight is the first instant of a date; zero for "".
func midnight(d calendar.Date) time.Time {
	if d == "" {
		return time.Time{}
	}
	return d.At(0, 0)
}

// duration reads "3 working days" or "param NAME".
func (r reader) duration(n *node) (l calendar.Limit, param string) {
	if n == nil {
		return l, ""
	}
	s := r.str(n)
	if s == "" {
		return l, ""
	}
	if name, ok := strings.CutPrefix(s, "param "); ok {
		return l, strings.TrimSpace(name)
	}
	l, err := calendar.ParseLimit(s)
	if err != nil {
		r.at(n, "bad_limit", s)
	}
	return l, ""
}

// nearest is the allowed word closest to a misspelt one, of several the one that
// begins most like it; "–" when none is close.
func nearest(word string, among []string) string {
	best, dist := "", 1+len(word)/3
	for _, a := range among {
		d := distance(word, a)
		if d < dist || d == dist && (best == "" || alike(word, a) > alike(word, best)) {
			best, dist = a, d
		}
	}
	if best == "" {
		return "–"
	}
	return best
}

// alike is how many letters two words begin with alike.
func alike(a, b string) int {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	return n
}

// distance is the edit distance of two short words.
func distance(a, b string) int {
	if len(a) > 60 || len(b) > 60 {
		return 99
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		last := row[0]
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			last, row[j] = row[j], min(row[j]+1, row[j-1]+1, last+cost)
		}
	}
	return row[len(b)]
}
