package machine

import (
	"fmt"
	"slices"
	"strings"

	"lienthong/engine"
)

// rules compares lists of rules of a form (allOf and its like) rule by rule, and what may
// not be (not); ok is false for anything else.
func (d *differ) rules(path, last string, a, b any) (out []Difference, ok bool) {
	if !slices.Contains([]string{"allOf", "anyOf", "oneOf", "not"}, last) {
		return nil, false
	}
	x, _ := a.([]any)
	y, _ := b.([]any)
	if last == "not" {
		alone := func(v any) []any {
			if empty(v) {
				return nil
			}
			return []any{obj{"not": v}}
		}
		x, y = alone(a), alone(b)
	}
	lacks := func(l []any, v any) bool {
		return !slices.ContainsFunc(l, func(w any) bool { return engine.SameJSON(v, w) })
	}
	about := d.about(strings.TrimSuffix(strings.TrimSuffix(path, last), "."))
	for _, v := range x {
		if lacks(y, v) {
			t := ruleText(v)
			out = append(out, Difference{Path: path, Kind: Removed, Before: clip(t.EN), Old: d.old.place(path),
				Text: engine.Text{VI: "Bỏ quy tắc, " + about.vi + ": " + clip(t.VI) + ".", EN: about.did("removed", "the rule", ": "+clip(t.EN))}})
		}
	}
	for _, v := range y {
		if lacks(x, v) {
			t := ruleText(v)
			out = append(out, Difference{Path: path, Kind: Added, After: clip(t.EN), New: d.new.place(path),
				Text: engine.Text{VI: "Thêm quy tắc, " + about.vi + ": " + clip(t.VI) + ".", EN: about.did("added", "the rule", ": "+clip(t.EN))}})
		}
	}
	return out, len(out) > 0
}

// ruleText says a rule of a form in words: "if choices.card = true then attachments
// is there".
func ruleText(v any) engine.Text {
	o, _ := v.(obj)
	var parts []engine.Text
	for _, c := range []struct{ key, vi, en string }{{"if", "nếu", "if"}, {"then", "thì", "then"}, {"else", "nếu không thì", "else"}} {
		if s := says("", o[c.key]); len(s) > 0 {
			t := joined(s)
			parts = append(parts, engine.Text{VI: c.vi + " " + t.VI, EN: c.en + " " + t.EN})
		}
	}
	rest := obj{}
	for k, x := range o {
		if k != "if" && k != "then" && k != "else" {
			rest[k] = x
		}
	}
	for _, t := range append(parts[:len(parts):len(parts)], says("", rest)...) {
		if len(parts) == 0 || slices.Contains(parts, t) {
			continue
		}
		parts = append(parts, t)
	}
	if len(parts) == 0 {
		return joined(says("", rest))
	}
	var vi, en []string
	for _, t := range parts {
		vi, en = append(vi, t.VI), append(en, t.EN)
	}
	return engine.Text{VI: strings.Join(vi, " "), EN: strings.Join(en, " ")}
}

func joined(ts []engine.Text) engine.Text {
	var vi, en []string
	for _, t := range ts {
		vi, en = append(vi, t.VI), append(en, t.EN)
	}
	return engine.Text{VI: strings.Join(vi, " và "), EN: strings.Join(en, " and ")}
}

// says is what a schema wants of the value under a path.
func says(path string, v any) []engine.Text {
	under := func(name string) string {
		if path == "" {
			return name
		}
		return path + "." + name
	}
	both := func(s string) engine.Text { return engine.Text{VI: s, EN: s} }
	o, ok := v.(obj)
	if !ok {
		if v == false {
			return []engine.Text{{VI: "không có " + path, EN: "no " + path}}
		}
		return nil
	}
	var out []engine.Text
	properties, _ := o["properties"].(obj)
	if names, ok := o["required"].([]any); ok {
		for _, n := range names {
			if name := fmt.Sprint(n); len(says(under(name), properties[name])) == 0 {
				out = append(out, engine.Text{VI: "có " + under(name), EN: under(name) + " is there"})
			}
		}
	}
	for _, name := range keysOf(properties) {
		out = append(out, says(under(name), properties[name])...)
	}
	for _, k := range keysOf(o) {
		x := o[k]
		switch k {
		case "required", "properties":
		case "const":
			out = append(out, both(fmt.Sprintf("%s = %v", path, x)))
		case "enum":
			out = append(out, both(path+" ∈ {"+plainValue("", x)+"}"))
		case "contains":
			t := joined(says("", x))
			out = append(out, engine.Text{VI: path + " có mục với " + t.VI, EN: path + " has an item with " + t.EN})
		case "not":
			t := joined(says(path, x))
			out = append(out, engine.Text{VI: "không (" + t.VI + ")", EN: "not (" + t.EN + ")"})
		default:
			out = append(out, both(strings.TrimSpace(path+" "+k+": "+plainValue("", x))))
		}
	}
	return out
}
