package machine

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"lienthong/engine"
	"lienthong/engine/calendar"
)

// Place is where something stands in a definition file, counted from 1.
type Place struct {
	File   string `json:"file"`
	Line   int    `json:"line"`
	Column int    `json:"column"`
}

// String is file:line:column.
func (p Place) String() string { return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Column) }

// Kinds of difference.
const (
	Added   = "added"
	Removed = "removed"
	Changed = "changed"
)

// Difference is one thing that decides otherwise in another version.
type Difference struct {
	Path   string      `json:"path"` // steps.birth.needs, procedures.birth_registration.actions.sign.by, forms.person.properties.name
	Kind   string      `json:"kind"`
	Text   engine.Text `json:"text"`
	Before string      `json:"before,omitempty"`
	After  string      `json:"after,omitempty"`
	Old    *Place      `json:"old,omitempty"`
	New    *Place      `json:"new,omitempty"`
}

// Diff lists what decides otherwise under version b of a service than under a, in
// the order of what it is about: the service, its steps, its form, the procedures.
// It is empty when the two decide the same, which is when their hashes are equal
// but for the version and the days it is in force.
func Diff(setA *Set, a *engine.Service, setB *Set, b *engine.Service) []Difference {
	va, vb := view(setA, a), view(setB, b)
	d := differ{old: side{setA, a, va.files}, new: side{setB, b, vb.files}}
	d.compare("", va.tree, vb.tree)
	slices.SortStableFunc(d.out, func(x, y Difference) int { return rank(x.Path) - rank(y.Path) })
	return d.out
}

// side is one of the two versions.
type side struct {
	set   *Set
	svc   *engine.Service
	files map[string]string // path → file and place prefix
}

// rank puts the service before its steps, its form and its procedures.
func rank(path string) int {
	for i, p := range []string{"steps.", "form", "procedures."} {
		if strings.HasPrefix(path, p) {
			return i + 1
		}
	}
	return 0
}

// tree is a service as hashed, with every procedure and every form once.
type tree struct {
	tree  obj
	files map[string]string
}

// view takes the canonical form of a service apart: what several steps share
// stands once, and schemas are written out.
func view(set *Set, s *engine.Service) tree {
	t := tree{tree: canonicalService(set, s), files: map[string]string{"": s.File}}
	procedures, forms := obj{}, obj{}
	for _, st := range s.Steps {
		c := t.tree["steps"].(obj)[st.ID].(obj)
		c["procedure"] = st.Procedure.ID
		p := canonicalProcedure(set, st.Procedure)
		actions := p["actions"].(obj)
		for _, a := range st.Procedure.Actions {
			if a.Input != nil {
				actions[a.ID].(obj)["input"] = a.Input.ID
				t.form(set, forms, a.Input)
			}
		}
		limit := func(holder obj, l *engine.Limit) {
			if l != nil && l.Apologise != nil && l.Apologise.Form != nil {
				holder["limit"].(obj)["apologise"].(obj)["input"] = l.Apologise.Form.ID
				t.form(set, forms, l.Apologise.Form)
			}
		}
		limit(p, st.Procedure.Limit)
		states := p["states"].(obj)
		for _, x := range st.Procedure.States {
			limit(states[x.ID].(obj), x.Limit)
			if r, ok := states[x.ID].(obj)["request"].(obj); ok {
				op, _ := set.Operation(x.Request.Registry, x.Request.Operation)
				r["schemas"] = obj{"input": fields(op.Input), "reply": fields(op.Reply)}
			}
		}
		procedures[st.Procedure.ID] = p
		t.files["procedures."+st.Procedure.ID] = st.Procedure.File
	}
	if s.Limit != nil && s.Limit.Apologise != nil && s.Limit.Apologise.Form != nil {
		t.tree["limit"].(obj)["apologise"].(obj)["input"] = s.Limit.Apologise.Form.ID
		t.form(set, forms, s.Limit.Apologise.Form)
	}
	form := t.declaration(set, forms, s.Form)
	form["form"] = s.Form.ID
	t.tree["form"], t.files["form"] = form, set.formFiles[s.Form.ID]
	force := obj{"from": string(calendar.DateOf(s.From))}
	if !s.To.IsZero() {
		force["to"] = string(calendar.DateOf(s.To))
	}
	t.tree["in_force"] = force
	delete(t.tree, "from")
	delete(t.tree, "to")
	for id := range forms {
		t.files["forms."+id] = set.formFiles[id]
	}
	t.tree["procedures"], t.tree["forms"] = procedures, forms
	delete(t.tree, "format")
	return t
}

// form adds a form, and those that it refers to, each once.
func (t *tree) form(set *Set, forms obj, f *engine.Form) {
	if _, done := forms[f.ID]; done {
		return
	}
	forms[f.ID] = nil // it may refer to itself
	forms[f.ID] = t.declaration(set, forms, f)
}

// declaration is a form's content. One that restricts another form holds what that
// one says.
func (t *tree) declaration(set *Set, forms obj, f *engine.Form) obj {
	doc, _ := fields(f.Schema).(obj)
	if doc == nil {
		return obj{}
	}
	defs, _ := doc["$defs"].(obj)
	var base obj
	for _, name := range keysOf(defs) {
		id, other := strings.CutPrefix(name, "form.")
		if !other {
			continue
		}
		delete(defs, name)
		switch g := set.forms[id]; {
		case g == nil:
		case doc["$ref"] == "#/$defs/"+name:
			delete(doc, "$ref")
			base = t.declaration(set, forms, g)
		default:
			t.form(set, forms, g)
		}
	}
	if len(defs) == 0 {
		delete(doc, "$defs")
	}
	return over(base, doc)
}

// over lays one tree over another.
func over(base, top obj) obj {
	if base == nil {
		return top
	}
	for k, v := range top {
		x, okX := base[k].(obj)
		y, okY := v.(obj)
		if okX && okY {
			v = over(x, y)
		}
		base[k] = v
	}
	return base
}

// fields writes a schema as a tree without texts.
func fields(s engine.Schema) any {
	x, ok := s.(*schema)
	if !ok || x == nil {
		return nil
	}
	var doc any
	if err := json.Unmarshal(x.JSON(), &doc); err != nil {
		return x.digest
	}
	return withoutTexts(doc, true)
}

type differ struct {
	old, new side
	out      []Difference
}

// whole are values that are told as one.
var whole = []string{"to", "set", "by", "from", "after", "replies", "refusals", "sets", "enum", "required", "const", "type"}

// compare walks both trees.
func (d *differ) compare(path string, a, b any) {
	x, okA := a.(obj)
	y, okB := b.(obj)
	last := path[strings.LastIndex(path, ".")+1:]
	if l, ok := d.rules(path, last, a, b); ok {
		d.out = append(d.out, l...)
		return
	}
	if !okA || !okB || slices.Contains(whole, last) && !strings.HasSuffix(path, "properties."+last) {
		if !engine.SameJSON(a, b) {
			d.tell(path, a, b)
		}
		return
	}
	keys := maps.Clone(x)
	maps.Copy(keys, y)
	for _, k := range keysOf(keys) {
		p := k
		if path != "" {
			p = path + "." + k
		}
		d.compare(p, x[k], y[k])
	}
}

// tell adds one difference.
func (d *differ) tell(path string, a, b any) {
	v := Difference{Path: path, Kind: Changed}
	v.Before, v.After = apart(plainValue(path, a), plainValue(path, b))
	switch {
	case empty(a) && empty(b):
		return
	case empty(a):
		v.Kind = Added
	case empty(b):
		v.Kind = Removed
	}
	if v.Kind != Added {
		v.Old = d.old.place(path)
	}
	if v.Kind != Removed {
		v.New = d.new.place(path)
	}
	v.Text = d.words(v)
	d.out = append(d.out, v)
}

func empty(v any) bool {
	switch x := v.(type) {
	case nil:
		return true
	case string:
		return x == ""
	case obj:
		return len(x) == 0
	case []string:
		return len(x) == 0
	case []any:
		return len(x) == 0
	}
	return false
}

// place finds where the thing, or what it is part of, stands in its file.
func (s side) place(path string) *Place {
	root := path
	for root != "" && s.files[root] == "" {
		root = root[:max(strings.LastIndex(root, "."), 0)]
	}
	file := s.files[root]
	places := s.set.places[file]
	rest := strings.TrimPrefix(strings.TrimPrefix(path, root), ".")
	if root == "form" || strings.HasPrefix(root, "forms.") {
		rest = "schema." + strings.TrimPrefix(rest, "schema.")
	}
	for rest != "" {
		if at, ok := places[rest]; ok {
			return &Place{file, at[0], at[1]}
		}
		rest = rest[:max(strings.LastIndex(rest, "."), 0)]
	}
	return &Place{file, 1, 1}
}

// maxPlaces is how deep the places of a file are kept.
const maxPlaces = 8

// keepPlaces notes where the keys of a file stand.
func (s *Set) keepPlaces(n *node) {
	at := map[string][2]int{}
	var walk func(n *node, path string, depth int)
	walk = func(n *node, path string, depth int) {
		if n == nil || n.kind != mapKind || depth > maxPlaces {
			return
		}
		for i, k := range n.keys {
			p := path + strings.TrimSuffix(k.text, "?")
			at[p] = [2]int{k.line, k.col}
			walk(n.items[i], p+".", depth+1)
		}
	}
	walk(n, "", 0)
	s.places[n.file] = at
}

// plainValue writes a value for people.
func plainValue(path string, v any) string {
	switch x := v.(type) {
	case nil:
		return ""
	case string:
		return strings.Join(strings.Fields(x), " ")
	case []string:
		return strings.Join(x, ", ")
	case []any:
		parts := make([]string, 0, len(x))
		for _, e := range x {
			parts = append(parts, pair(path, e))
		}
		return strings.Join(parts, "; ")
	case obj:
		var parts []string
		for _, k := range keysOf(x) {
			if !empty(x[k]) {
				parts = append(parts, k+": "+plainValue(path, x[k]))
			}
		}
		return strings.Join(parts, ", ")
	}
	return fmt.Sprint(v)
}

// apart shortens two texts of which one is long to where they part.
func apart(a, b string) (string, string) {
	const before = 60 // letters that are kept of what is the same
	x, y := []rune(a), []rune(b)
	same := 0
	for same < len(x) && same < len(y) && x[same] == y[same] {
		same++
	}
	if cut := same - before; cut > 0 && clip(a)+clip(b) != a+b {
		x, y = x[min(cut, len(x)):], y[min(cut, len(y)):]
		if a != "" && b != "" {
			return clip("…" + string(x)), clip("…" + string(y))
		}
	}
	return clip(a), clip(b)
}

// pair writes a target as "condition → state", a computed value as "name = value".
func pair(path string, v any) string {
	p, ok := v.([]any)
	if !ok || len(p) != 2 {
		return plainValue(path, v)
	}
	a, b := plainValue(path, p[0]), plainValue(path, p[1])
	switch {
	case strings.HasSuffix(path, ".set"):
		return a + " = " + b
	case a == "":
		return b
	}
	return a + " → " + b
}

// Tree is what decides in a version, as it is kept with its publication.
func Tree(set *Set, s *engine.Service) []byte {
	b, err := json.Marshal(view(set, s).tree)
	if err != nil {
		panic("machine: tree: " + err.Error()) // plain values only
	}
	return b
}

// DiffTree compares a version as it was published with what it is in a set now.
func DiffTree(old []byte, set *Set, s *engine.Service) ([]Difference, error) {
	was, err := reread(old)
	if err != nil {
		return nil, err
	}
	is := view(set, s)
	now, err := reread(Tree(set, s))
	if err != nil {
		return nil, err
	}
	d := differ{old: side{set, s, is.files}, new: side{set, s, is.files}}
	d.compare("", was, now)
	slices.SortStableFunc(d.out, func(x, y Difference) int { return rank(x.Path) - rank(y.Path) })
	for i := range d.out {
		d.out[i].Old = nil // its file is not at hand
	}
	return d.out, nil
}

func reread(b []byte) (obj, error) {
	var v obj
	err := json.Unmarshal(b, &v)
	return v, err
}
