package machine

import (
	"fmt"
	"regexp"
	"time"

	"cel.dev/cel-go/cel"

	"lienthong/engine"
	"lienthong/engine/calendar"
)

// Subform is a paper form filled from the combined one.
type Subform struct {
	ID     string
	Title  engine.Text
	Basis  string
	If     engine.Expr // nil = always; else whether the form is filled at all
	Fields []SubformField
}

// SubformField is one numbered field of a paper form.
type SubformField struct {
	No    string
	Label engine.Text
	Value engine.Expr
	Words map[string]string // what is printed for a code
	Unit  bool              // the value is the code of an administrative unit: its name is printed
}

// subform keeps the nodes, for checks against each service that uses it.
type subform struct {
	*Subform
	values []*node
	cond   *node
}

// loadSubform reads one form. Its values are compiled without types, since every
// service has its own application; useSubform checks them against each.
func (l *loader) loadSubform(n *node) {
	if !l.object(n, "subform", "title", "basis", "if", "fields") {
		return
	}
	f := &subform{Subform: &Subform{ID: l.id(n.get("subform")), Basis: l.str(n.get("basis"))}}
	f.Title = l.title(n.get("title"), n.get("subform"), "subform "+f.ID)
	if l.set.subforms[f.ID] != nil {
		l.at(n.get("subform"), "duplicate_id", f.ID)
		return
	}
	sc := l.cc.scope(map[string]*cel.Type{"application": cel.DynType, "requester": cel.DynType, "steps": cel.DynType,
		"filed_at": cel.TimestampType, "now": cel.TimestampType})
	if f.cond = n.get("if"); f.cond != nil {
		f.If = asExpr(sc.compile(f.cond, wantBool))
	}
	for _, x := range l.list(l.need(n, "fields")) {
		if !l.object(x, "no", "label", "value", "words", "unit") {
			continue
		}
		v := l.need(x, "value")
		e := sc.compile(v, wantAny)
		if e == nil {
			continue
		}
		f.values = append(f.values, v)
		field := SubformField{No: l.str(l.need(x, "no")), Label: l.text(l.need(x, "label")), Value: e, Unit: l.truth(x.get("unit"))}
		if w := x.get("words"); w != nil && l.object(w, keyTexts(w)...) {
			field.Words = map[string]string{}
			for i, k := range w.keys {
				field.Words[k.text] = l.str(w.items[i])
			}
		}
		f.Fields = append(f.Fields, field)
	}
	l.set.subforms[f.ID] = f.Subform
	l.subs = append(l.subs, f)
}

// useSubform checks a form's values against a service's application.
func (l *loader) useSubform(s *service, n *node, id string) {
	for _, f := range l.subs {
		if f.ID != id {
			continue
		}
		sc := l.cc.scope(map[string]*cel.Type{"application": s.app, "requester": l.cc.types.person(), "steps": cel.DynType,
			"filed_at": cel.TimestampType, "now": cel.TimestampType})
		if f.cond != nil {
			l.checkService(sc.compile(f.cond, wantBool), nil)
		}
		for _, v := range f.values {
			l.checkService(sc.compile(v, wantAny), nil)
		}
		return
	}
	if l.set.subforms[id] == nil {
		l.at(n, "unknown_subform", id, nearest(id, keysOf(l.set.subforms)))
	}
}

// RenderSubform fills a generated form; without fields when its condition does not
// hold. vars are those of a service's
// expressions; steps may be left out before filing. NotFound.
func (s *Set) RenderSubform(id string, vars engine.Vars) (engine.Subform, error) {
	f := s.subforms[id]
	if f == nil {
		return engine.Subform{}, engine.Fail(engine.NotFound, "Không có biểu mẫu "+id+".", "There is no form "+id+".")
	}
	if _, ok := vars["steps"]; !ok {
		with := engine.Vars{"steps": map[string]any{}}
		for k, v := range vars {
			with[k] = v
		}
		vars = with
	}
	if f.If != nil {
		yes, err := f.If.Eval(vars)
		if err != nil {
			return engine.Subform{}, err
		}
		if yes != true {
			return engine.Subform{ID: f.ID, Title: f.Title, Basis: f.Basis}, nil
		}
	}
	out := engine.Subform{ID: f.ID, Title: f.Title, Basis: f.Basis, Fields: make([]engine.SubformField, 0, len(f.Fields))}
	for _, x := range f.Fields {
		v, err := x.Value.Eval(vars)
		if err != nil {
			return engine.Subform{}, err
		}
		out.Fields = append(out.Fields, engine.SubformField{No: x.No, Label: x.Label, Value: s.print(x, v)})
	}
	return out, nil
}

// print writes a field's value: the word for a code, the name of a unit.
func (s *Set) print(f SubformField, v any) string {
	text := printed(v)
	if w, ok := f.Words[text]; ok {
		return w
	}
	if name, ok := s.units[text]; f.Unit && ok {
		return name.VI
	}
	return text
}

// isoDay is a day within a text, as an expression puts it beside a name.
var isoDay = regexp.MustCompile(`\b\d{4}-\d{2}-\d{2}\b`)

// printed writes a value for paper: dates as day/month/year.
func printed(v any) string {
	switch x := v.(type) {
	case nil:
		return ""
	case string:
		return isoDay.ReplaceAllStringFunc(x, func(day string) string {
			if d := calendar.Date(day); d.Valid() {
				return d.At(0, 0).Format("02/01/2006")
			}
			return day
		})
	case bool:
		if x {
			return "☒"
		}
		return "☐"
	case time.Time:
		return x.In(calendar.Zone).Format("02/01/2006 15:04")
	case []any:
		s := ""
		for i, e := range x {
			if i > 0 {
				s += ", "
			}
			s += printed(e)
		}
		return s
	}
	return fmt.Sprint(v)
}
