package form

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
)

// Kind is how a question is asked.
type Kind string

// The kinds.
const (
	Line     Kind = "line"     // one line of text
	Long     Kind = "long"     // several lines
	Number   Kind = "number"   // an integer or a decimal
	Date     Kind = "date"     // day/month/year
	Instant  Kind = "instant"  // day/month/year hour:minute, Vietnam time
	YesNo    Kind = "yesno"    // two choices
	Choice   Kind = "choice"   // one of Options
	Commune  Kind = "commune"  // a commune's code
	Province Kind = "province" // a province's code; asked only when it is wrong
	Document Kind = "document" // an uploaded paper's id
	Group    Kind = "group"    // Parts
	List     Kind = "list"     // Parts are the entries
	Either   Kind = "either"   // one of Options, whose questions follow it
)

// Question is one question, or a group of them.
type Question struct {
	Pointer  string // JSON Pointer of the value, and the name of the field
	Kind     Kind
	Label    Text
	Help     Text
	Required bool
	Wanted   bool   // one of several of which at least one is needed
	Value    string // as people write it
	Options  []Option
	Max      int    // most characters; 0 = not said
	Source   string // register that gave Value
	Suggest  bool   // the register's value is a proposal
	Known    bool   // a register's value that stands: told, not asked
	Disputed string // why the applicant says that the register is wrong
	Register string // the register's own value, when it is disputed or changed
	NeededBy []string
	Decides  bool // other questions depend on the answer
	Wrong    []string
	Parts    []*Question
	Entry    int  // of a list: which one, from 1
	More     bool // of a list: another entry may be added
	Uploads  bool // of a list without an entry: an entry would hold a paper
	Fewer    bool // of an entry: it may be removed
	Papers   []Text
}

// Option is one answer to choose.
type Option struct {
	Value  string
	Label  Text
	Chosen bool
}

// Known is what a register said about a field.
type Known struct {
	Value  any
	Source string
}

// State is what is known when a form is asked.
type State struct {
	Value    map[string]any // as Form.Take keeps it
	Known    map[string]Known
	Disputed map[string]string
	Wrong    map[string][]string // messages by pointer
}

// Page is one property of the top.
type Page struct {
	Name     string
	Label    Text
	Required bool
	NeededBy []string
}

// Pages lists the properties of the top that are asked with these values.
func (f *Form) Pages(value map[string]any) []Page {
	value = f.settle(value, true)
	s := f.shapeOf(f.layers([]*object{f.root}, value), value)
	var out []Page
	for _, name := range s.names {
		l := f.layers(s.props[name], value[name])
		if _, fixed := constOf(l); fixed {
			continue
		}
		out = append(out, Page{Name: name, Label: firstText(l, "x-label"), Required: s.required[name], NeededBy: neededBy(l)})
	}
	return out
}

// Ask gives the questions at one property of the top, or of the whole form for "";
// nil when it is not asked with these values.
func (f *Form) Ask(page string, st State) *Question {
	value := f.settle(st.Value, true)
	a := asker{f, st}
	root := a.question("", []*object{f.root}, value, true, false)
	if page == "" || root == nil {
		return root
	}
	for _, q := range root.Parts {
		if q.Pointer == "/"+escape(page) {
			return q
		}
	}
	return nil
}

type asker struct {
	f  *Form
	st State
}

// question builds one question with what is below it; nil for what is fixed.
func (a asker) question(pointer string, schemas []*object, value any, required, suggested bool) *Question {
	l := a.f.layers(schemas, value)
	if _, fixed := constOf(l); fixed && pointer != "" {
		return nil
	}
	if s, _ := first[bool](l, "x-suggested"); s {
		suggested = true
	}
	q := &Question{Pointer: pointer, Label: firstText(l, "x-label"), Help: firstText(l, "x-help"), Required: required, Suggest: suggested,
		NeededBy: neededBy(l), Wrong: a.st.Wrong[pointer]}
	switch typeOf(l) {
	case "object":
		a.group(q, l, value)
	case "array":
		a.entries(q, l, value)
	default:
		a.leaf(q, l, value)
		if q.Kind == Province && len(q.Wrong) == 0 {
			return nil // follows from the commune beside it: see Provinces
		}
	}
	return q
}

func (a asker) group(q *Question, l []*object, value any) {
	q.Kind = Group
	v, _ := value.(map[string]any)
	s := a.f.shapeOf(l, v)
	for _, name := range s.names {
		for _, c := range s.choices {
			if name == c.chosen {
				q.Parts = append(q.Parts, a.either(q.Pointer, s, c, l))
			}
		}
		part := a.question(q.Pointer+"/"+escape(name), s.props[name], v[name], s.required[name], q.Suggest)
		if part == nil {
			continue
		}
		part.Wanted = s.wanted[name]
		part.Decides = a.f.tells[name] && (part.Kind == Choice || part.Kind == YesNo)
		q.Parts = append(q.Parts, part)
	}
}

// either asks which branch of a oneOf applies.
func (a asker) either(pointer string, s *shape, c choice, l []*object) *Question {
	q := &Question{Pointer: pointer + "#one", Kind: Either, Required: true, Decides: true}
	for _, head := range c.heads {
		q.Options = append(q.Options, Option{Value: head, Label: a.f.LabelOf(l, head), Chosen: head == c.chosen})
	}
	return q
}

// LabelOf is what a property is called, asked or not.
func (f *Form) LabelOf(layers []*object, name string) Text {
	for _, o := range layers {
		if props := o.obj("properties"); props != nil {
			if p := props.obj(name); p != nil {
				if t := firstText(f.layers([]*object{p}, nil), "x-label"); t != (Text{}) {
					return t
				}
			}
		}
	}
	return Text{name, name}
}

func (a asker) entries(q *Question, l []*object, value any) {
	q.Kind = List
	items, _ := first[*object](l, "items")
	if items == nil {
		return
	}
	list, _ := value.([]any)
	least, most := leastOf(l), longest
	var needed []string
	for _, o := range l {
		if n := o.number("maxItems"); n > 0 {
			most = min(most, n)
		}
		if kind := containsConst(o); kind != "" {
			needed = append(needed, kind)
		}
	}
	if len(list) < least && q.Required {
		list = append(slices.Clone(list), make([]any, least-len(list))...)
	}
	for i, v := range list {
		part := a.question(q.Pointer+"/"+strconv.Itoa(i), []*object{items}, v, true, q.Suggest)
		if part == nil {
			continue
		}
		part.Entry, part.Fewer = i+1, len(list) > least
		q.Parts = append(q.Parts, part)
	}
	q.More = len(list) < most
	if part := a.question(q.Pointer+"/0", []*object{items}, nil, true, q.Suggest); part != nil {
		part.Walk(func(x *Question) { q.Uploads = q.Uploads || len(q.Parts) == 0 && x.Kind == Document })
		for _, word := range needed {
			q.Papers = append(q.Papers, part.LabelOf(word))
		}
	}
}

// LabelOf is the text of a word that some question here and below offers; the word
// itself when none does.
func (q *Question) LabelOf(word string) Text {
	out := Text{VI: word, EN: word}
	q.Walk(func(x *Question) {
		for _, o := range x.Options {
			if o.Value == word {
				out = o.Label
			}
		}
	})
	return out
}

// containsConst is the word that a list must have among its entries: {contains:
// {properties: {kind: {const: word}}}}.
func containsConst(o *object) string {
	c := o.obj("contains")
	if c == nil || c.obj("properties") == nil {
		return ""
	}
	for _, name := range c.obj("properties").keys {
		if p := c.obj("properties").obj(name); p != nil {
			if s, ok := p.values["const"].(string); ok {
				return s
			}
		}
	}
	return ""
}

func (a asker) leaf(q *Question, l []*object, value any) {
	q.Kind = kindOf(l)
	q.Max = maxLength(l)
	q.Options = optionsOf(l, value)
	q.Value = Written(q.Kind, value)
	k, ok := a.st.Known[q.Pointer]
	if !ok {
		return
	}
	if equal(k.Value, value) {
		q.Source, q.Known = k.Source, !q.Suggest
	}
	if why, disputed := a.st.Disputed[q.Pointer]; disputed {
		q.Known, q.Source, q.Disputed, q.Register = false, k.Source, why, Written(q.Kind, k.Value)
	} else if q.Source == "" {
		q.Register = Written(q.Kind, k.Value)
	}
	if len(q.Wrong) > 0 { // what the surface refuses must be open to change
		q.Known = false
	}
}

func maxLength(l []*object) int {
	n, _ := first[json.Number](l, "maxLength")
	i, _ := strconv.Atoi(string(n))
	return i
}

// longLine is the length from which a text gets several lines.
const longLine = 500

func kindOf(l []*object) Kind {
	switch input, _ := first[string](l, "x-input"); Kind(input) {
	case Commune, Province, Document, Long:
		return Kind(input)
	}
	if _, ok := first[[]any](l, "enum"); ok {
		return Choice
	}
	if _, ok := first[*object](l, "x-enum-labels"); ok {
		return Choice
	}
	switch typeOf(l) {
	case "boolean":
		return YesNo
	case "integer", "number":
		return Number
	}
	switch format, _ := first[string](l, "format"); format {
	case "date":
		return Date
	case "date-time":
		return Instant
	}
	if maxLength(l) >= longLine {
		return Long
	}
	return Line
}

// optionsOf are the words of an enum with their labels; without an enum the labels
// are the words that are offered, and a word beside them stays.
func optionsOf(l []*object, value any) []Option {
	labels, _ := first[*object](l, "x-enum-labels")
	words, closed := first[[]any](l, "enum")
	if !closed && labels != nil {
		for _, k := range labels.keys {
			words = append(words, k)
		}
	}
	var out []Option
	chosen := false
	for _, w := range words {
		word := fmt.Sprint(w)
		o := Option{Value: word, Label: Text{word, word}, Chosen: value != nil && word == fmt.Sprint(value)}
		if labels != nil {
			if t := labels.text(word); t != (Text{}) {
				o.Label = t
			}
		}
		chosen = chosen || o.Chosen
		out = append(out, o)
	}
	if word, ok := value.(string); ok && !chosen && !closed && len(out) > 0 {
		out = append(out, Option{Value: word, Label: Text{word, word}, Chosen: true})
	}
	return out
}

// constOf is the only value that a schema allows.
func constOf(l []*object) (any, bool) {
	for _, o := range l {
		if v, ok := o.values["const"]; ok {
			return v, true
		}
	}
	return nil, false
}

func neededBy(l []*object) []string {
	for _, o := range l {
		if w := o.words("x-needed-by"); len(w) > 0 {
			return w
		}
	}
	return nil
}

// Walk visits a question and all below it.
func (q *Question) Walk(visit func(*Question)) {
	if q == nil {
		return
	}
	visit(q)
	for _, p := range q.Parts {
		p.Walk(visit)
	}
}

// Leaf tells a question with an answer of its own from a group or list.
func (q *Question) Leaf() bool { return q.Kind != Group && q.Kind != List }

// Chosen is the chosen option's label, in words for reading.
func (q *Question) Chosen() Text {
	for _, o := range q.Options {
		if o.Chosen {
			return o.Label
		}
	}
	return Text{q.Value, q.Value}
}

// equal compares plain JSON values.
func equal(a, b any) bool {
	if a == nil || b == nil {
		return a == b
	}
	x, err1 := json.Marshal(a)
	y, err2 := json.Marshal(b)
	return err1 == nil && err2 == nil && string(x) == string(y)
}
