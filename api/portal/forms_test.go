package portal_test

import (
	"net/url"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// sheet is a form on a page as a browser without scripts sees it.
type sheet struct {
	b      *browser
	action string
	fields url.Values
	names  map[string]bool // every field that is there, answered or not
	submit []string        // value of each named button
	multi  bool
}

// forms reads the page's forms.
func (r reply) forms() []*html.Node {
	r.t.Helper()
	doc, err := html.Parse(strings.NewReader(r.body))
	if err != nil {
		r.t.Fatal(err)
	}
	return all(doc, func(n *html.Node) bool { return n.Data == "form" })
}

func all(n *html.Node, want func(*html.Node) bool) []*html.Node {
	var out []*html.Node
	if n.Type == html.ElementNode && want(n) {
		out = append(out, n)
	}
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		out = append(out, all(c, want)...)
	}
	return out
}

func attr(n *html.Node, name string) (string, bool) {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val, true
		}
	}
	return "", false
}

func text(n *html.Node) string {
	var b strings.Builder
	for _, c := range all2(n) {
		b.WriteString(c.Data)
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

func all2(n *html.Node) []*html.Node {
	var out []*html.Node
	if n.Type == html.TextNode {
		out = append(out, n)
	}
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		out = append(out, all2(c)...)
	}
	return out
}

// form is the form that posts to an address ending in suffix, with what is in its
// fields.
func (b *browser) form(r reply, suffix string) *sheet {
	b.t.Helper()
	for _, f := range r.forms() {
		action, _ := attr(f, "action")
		if !strings.HasSuffix(action, suffix) {
			continue
		}
		enc, _ := attr(f, "enctype")
		s := &sheet{b: b, action: action, fields: url.Values{}, names: map[string]bool{}, multi: enc == "multipart/form-data"}
		for _, n := range all(f, func(n *html.Node) bool {
			return n.Data == "input" || n.Data == "select" || n.Data == "textarea" || n.Data == "button"
		}) {
			s.read(n)
		}
		return s
	}
	b.t.Fatalf("%s has no form for %s:\n%s", r.path, suffix, r.main())
	return nil
}

func (s *sheet) read(n *html.Node) {
	name, _ := attr(n, "name")
	value, _ := attr(n, "value")
	if name == "" {
		return
	}
	s.names[name] = true
	_, checked := attr(n, "checked")
	switch kind, _ := attr(n, "type"); {
	case n.Data == "button":
		s.submit = append(s.submit, value)
		if s.names[name] && s.fields[name] == nil {
			delete(s.names, name)
		}
	case n.Data == "textarea":
		s.fields.Set(name, text(n))
	case n.Data == "select":
		for _, o := range all(n, func(n *html.Node) bool { return n.Data == "option" }) {
			if _, ok := attr(o, "selected"); ok {
				value, _ = attr(o, "value")
			}
		}
		s.fields.Set(name, value)
	case kind == "radio" || kind == "checkbox":
		if checked {
			s.fields.Add(name, value)
		}
	case kind == "file":
	case kind == "hidden":
		s.fields.Add(name, value) // a form may carry several of one name
	default:
		s.fields.Set(name, value)
	}
}

// set answers fields, which must be there.
func (s *sheet) set(pairs ...string) *sheet {
	s.b.t.Helper()
	for i := 0; i+1 < len(pairs); i += 2 {
		if !s.names[pairs[i]] {
			s.b.t.Fatalf("%s asks no %s; it asks %v", s.action, pairs[i], s.names)
		}
		s.fields.Set(pairs[i], pairs[i+1])
	}
	return s
}

// send posts the form; do names the button, "" the plain one.
func (s *sheet) send(do ...string) reply {
	s.b.t.Helper()
	if len(do) > 0 {
		s.fields.Set("do", do[0])
	}
	return s.b.post(s.action, s.fields)
}

// fill opens a page of a form, answers, and sends it.
func (b *browser) fill(path string, pairs ...string) reply {
	b.t.Helper()
	return b.form(b.open(path).want(200), path).set(pairs...).send()
}

func TestSheetReadsForms(t *testing.T) {
	b := &browser{t: t}
	r := reply{t: t, body: `<form action="/x"><input name="a" value="1"><input type="radio" name="b" value="x"><input type="radio" name="b" value="y" checked>
		<select name="c"><option value="1"><option value="2" selected></select><textarea name="d">t</textarea><button name="do" value="go"></button></form>`}
	s := b.form(r, "/x")
	if got := s.fields.Encode(); got != "a=1&b=y&c=2&d=t" || len(s.submit) != 1 || s.names["do"] {
		t.Errorf("%s %v %v", got, s.submit, s.names)
	}
}

// formWith is what the form to an address holds that has a field of a name.
func (b *browser) formWith(r reply, action, field string) url.Values {
	b.t.Helper()
	for _, f := range r.forms() {
		if to, _ := attr(f, "action"); to != action {
			continue
		}
		s := &sheet{b: b, action: action, fields: url.Values{}, names: map[string]bool{}}
		for _, n := range all(f, func(n *html.Node) bool { return n.Data == "input" || n.Data == "select" || n.Data == "textarea" }) {
			s.read(n)
		}
		if s.names[field] {
			return s.fields
		}
	}
	b.t.Fatalf("%s has no form for %s with %s:\n%s", r.path, action, field, r.main())
	return nil
}

// with is a form with some fields set.
func with(form url.Values, pairs ...string) url.Values {
	out := url.Values{}
	for k := range form {
		out.Set(k, form.Get(k))
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		out.Set(pairs[i], pairs[i+1])
	}
	return out
}
