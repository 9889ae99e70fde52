package form

import (
	"bytes"
	"errors"
	"fmt"
	"net/url"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// Form is a JSON Schema made ready to be asked.
type Form struct {
	root  *object
	conds map[string]*jsonschema.Schema // compiled conditions by where they stand
	tells map[string]bool               // names of properties that conditions look at
}

// Parse reads a JSON Schema whose references stay inside it.
func Parse(raw []byte) (*Form, error) {
	v, err := decode(raw)
	if err != nil {
		return nil, err
	}
	root, ok := v.(*object)
	if !ok {
		return nil, errors.New("form: the schema is not an object")
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
	if err != nil {
		return nil, fmt.Errorf("form: %w", err)
	}
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft2020)
	c.UseLoader(noLoader{})
	if err := c.AddResource(place, doc); err != nil {
		return nil, fmt.Errorf("form: %w", err)
	}
	f := &Form{root: root, conds: map[string]*jsonschema.Schema{}, tells: map[string]bool{}}
	return f, f.conditions(c, root)
}

const place = "form:///schema"

type noLoader struct{}

func (noLoader) Load(string) (any, error) {
	return nil, errors.New("a form refers to nothing outside itself")
}

// conditions compiles every "if" of the document.
func (f *Form) conditions(c *jsonschema.Compiler, v any) error {
	switch x := v.(type) {
	case *object:
		if cond := x.obj("if"); cond != nil {
			s, err := c.Compile(place + "#" + (&url.URL{Fragment: cond.at}).EscapedFragment())
			if err != nil {
				return fmt.Errorf("form: condition at %s: %w", cond.at, err)
			}
			f.conds[cond.at] = s
			f.subjects(cond)
		}
		for _, k := range x.keys {
			if err := f.conditions(c, x.values[k]); err != nil {
				return err
			}
		}
	case []any:
		for _, e := range x {
			if err := f.conditions(c, e); err != nil {
				return err
			}
		}
	}
	return nil
}

// subjects notes the properties whose values a condition looks at.
func (f *Form) subjects(cond *object) {
	props := cond.obj("properties")
	if props == nil {
		return
	}
	for _, name := range props.keys {
		sub := props.obj(name)
		if sub == nil {
			continue
		}
		if sub.obj("properties") == nil {
			f.tells[name] = true
		}
		f.subjects(sub)
	}
}

// layers are the schemas that hold for a value: each of those given, what it refers
// to, its allOf, and the branch of its condition that the value takes.
func (f *Form) layers(schemas []*object, value any) []*object {
	var out []*object
	var walk func(o *object, depth int)
	walk = func(o *object, depth int) {
		if o == nil || depth > 20 {
			return
		}
		out = append(out, o)
		if ref := o.str("$ref"); ref != "" {
			walk(f.resolve(ref), depth+1)
		}
		for _, e := range o.list("allOf") {
			x, _ := e.(*object)
			walk(x, depth+1)
		}
		if cond := o.obj("if"); cond != nil {
			branch := "else"
			if f.holds(cond, value) {
				branch = "then"
			}
			walk(o.obj(branch), depth+1)
		}
	}
	for _, o := range schemas {
		walk(o, 0)
	}
	return out
}

// all is layers with both branches of every condition and every alternative: what
// a value may be under any circumstances.
func (f *Form) all(schemas []*object) []*object {
	var out []*object
	var walk func(o *object, depth int)
	walk = func(o *object, depth int) {
		if o == nil || depth > 20 {
			return
		}
		out = append(out, o)
		if ref := o.str("$ref"); ref != "" {
			walk(f.resolve(ref), depth+1)
		}
		for _, kw := range []string{"allOf", "oneOf", "anyOf"} {
			for _, e := range o.list(kw) {
				x, _ := e.(*object)
				walk(x, depth+1)
			}
		}
		walk(o.obj("then"), depth+1)
		walk(o.obj("else"), depth+1)
	}
	for _, o := range schemas {
		walk(o, 0)
	}
	return out
}

// holds evaluates a condition; a missing value counts as an empty object, which is
// what a condition on properties means by it.
func (f *Form) holds(cond *object, value any) bool {
	s := f.conds[cond.at]
	if s == nil {
		return false
	}
	if value == nil {
		value = map[string]any{}
	}
	return s.Validate(value) == nil
}

// resolve follows a reference inside the document.
func (f *Form) resolve(ref string) *object {
	if ref == "" || ref[0] != '#' {
		return nil
	}
	var v any = f.root
	for _, key := range Split(ref[1:]) {
		o, ok := v.(*object)
		if !ok {
			return nil
		}
		v = o.values[key]
	}
	o, _ := v.(*object)
	return o
}

// shape is what holds for one object value.
type shape struct {
	names    []string // properties that are asked, in order
	props    map[string][]*object
	required map[string]bool
	choices  []choice
	wanted   map[string]bool // one of an anyOf that none satisfies yet
	open     bool            // members that no schema names are kept
}

// choice is a oneOf whose branches each require properties of their own.
type choice struct {
	heads  []string            // of each branch its first property
	of     map[string][]string // head → the branch's properties
	chosen string              // a head
}

// shapeOf reads the schemas of an object value.
func (f *Form) shapeOf(layers []*object, value map[string]any) *shape {
	s := &shape{props: map[string][]*object{}, required: map[string]bool{}, wanted: map[string]bool{}, open: true}
	denied := map[string]bool{}
	for _, o := range layers {
		if closed, ok := o.values["additionalProperties"].(bool); ok && !closed {
			s.open = false
		}
		for _, name := range o.words("required") {
			s.required[name] = true
		}
		props := o.obj("properties")
		if props == nil {
			continue
		}
		for _, name := range props.keys {
			switch sub := props.values[name].(type) {
			case bool:
				if !sub {
					denied[name] = true
				}
			case *object:
				if s.props[name] == nil {
					s.names = append(s.names, name)
				}
				s.props[name] = append(s.props[name], sub)
			}
		}
	}
	for _, o := range layers {
		s.choose(o, value, denied)
		s.want(o, value)
	}
	kept := s.names[:0]
	for _, name := range s.names {
		if denied[name] {
			delete(s.props, name)
			delete(s.required, name)
			continue
		}
		kept = append(kept, name)
	}
	s.names = kept
	return s
}

// branches are the required properties of each branch of oneOf or anyOf; nil when
// a branch says anything else.
func branches(o *object, keyword string) [][]string {
	var out [][]string
	for _, e := range o.list(keyword) {
		b, ok := e.(*object)
		if !ok || len(b.keys) != 1 || len(b.words("required")) == 0 {
			return nil
		}
		out = append(out, b.words("required"))
	}
	return out
}

// choose takes a oneOf: the branch that has values is asked, else the first.
func (s *shape) choose(o *object, value map[string]any, denied map[string]bool) {
	list := branches(o, "oneOf")
	if len(list) < 2 {
		return
	}
	c := choice{of: map[string][]string{}}
	for _, names := range list {
		c.heads = append(c.heads, names[0])
		c.of[names[0]] = names
		if _, has := value[names[0]]; has && c.chosen == "" {
			c.chosen = names[0]
		}
	}
	if c.chosen == "" {
		c.chosen = c.heads[0]
	}
	mine := map[string]bool{}
	for _, name := range c.of[c.chosen] {
		mine[name], s.required[name] = true, true
	}
	for _, names := range c.of {
		for _, name := range names {
			if !mine[name] {
				denied[name] = true
			}
		}
	}
	s.choices = append(s.choices, c)
}

// want takes an anyOf: while none of its branches is there, all of it is wanted.
func (s *shape) want(o *object, value map[string]any) {
	list := branches(o, "anyOf")
	for _, names := range list {
		has := true
		for _, name := range names {
			_, ok := value[name]
			has = has && ok
		}
		if has {
			return
		}
	}
	for _, names := range list {
		for _, name := range names {
			s.wanted[name] = true
		}
	}
}

// first is the first layer's value of a keyword.
func first[T any](layers []*object, key string) (T, bool) {
	for _, o := range layers {
		if v, ok := o.values[key].(T); ok {
			return v, true
		}
	}
	var zero T
	return zero, false
}

func firstText(layers []*object, key string) Text {
	for _, o := range layers {
		if t := o.text(key); t != (Text{}) {
			return t
		}
	}
	return Text{}
}

// typeOf is the type of a value: what "type" says, else what other keywords imply.
func typeOf(layers []*object) string {
	if t, ok := first[string](layers, "type"); ok {
		return t
	}
	for _, o := range layers {
		switch {
		case o.obj("properties") != nil:
			return "object"
		case o.obj("items") != nil:
			return "array"
		}
	}
	if l, ok := first[[]any](layers, "type"); ok && len(l) > 0 { // the first of several
		s, _ := l[0].(string)
		return s
	}
	return "string"
}

// Papers are the papers that the form makes necessary in some case or other, and
// those that stand in for something, by their labels.
func (f *Form) Papers() []Text {
	var out []Text
	add := func(t Text) {
		for _, x := range out {
			if x == t {
				return
			}
		}
		out = append(out, t)
	}
	labels := map[string]Text{}
	var walk func(v any, visit func(*object))
	walk = func(v any, visit func(*object)) {
		switch x := v.(type) {
		case *object:
			visit(x)
			for _, k := range x.keys {
				walk(x.values[k], visit)
			}
		case []any:
			for _, e := range x {
				walk(e, visit)
			}
		}
	}
	walk(f.root, func(o *object) {
		if words := o.obj("x-enum-labels"); words != nil {
			for _, k := range words.keys {
				labels[k] = words.text(k)
			}
		}
	})
	walk(f.root, func(o *object) {
		if props := o.obj("properties"); props != nil && props.obj("document") != nil && o.text("x-label") != (Text{}) {
			add(o.text("x-label"))
		}
		if word := containsConst(o); word != "" {
			if t, ok := labels[word]; ok {
				add(t)
			}
		}
	})
	return out
}
