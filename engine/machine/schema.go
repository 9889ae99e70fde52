package machine

import (
	"bytes"
	"encoding/json"
	"errors"
	"strconv"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"lienthong/engine"
	"lienthong/engine/calendar"
)

// schema is a compiled JSON Schema. It stands alone: forms that it refers to are
// copied into its $defs.
type schema struct {
	id       string // form:ID, registry:ID/operation/input, …
	json     []byte // in the order of the file
	root     any    // the same, decoded
	compiled *jsonschema.Schema
	digest   string // of what decides in it; see canonicalSchema
	dates    *dates // that have bounds; nil = none
}

var (
	_ engine.Schema   = (*schema)(nil)
	_ engine.Labelled = (*schema)(nil)
	_ engine.Dated    = (*schema)(nil)
)

// JSON returns the schema itself.
func (s *schema) JSON() []byte { return s.json[:len(s.json):len(s.json)] }

// Label is what the schema calls a field.
func (s *schema) Label(pointer string) (engine.Text, bool) {
	return lookup(s.root, split(pointer), "x-label")
}

// Validate returns every problem of a value, sorted by pointer, but for dates bounded by
// today.
func (s *schema) Validate(v any) []engine.Problem {
	c := &collector{root: s.root, input: v}
	if err := s.compiled.Validate(v); err != nil {
		var ve *jsonschema.ValidationError
		if !errors.As(err, &ve) {
			return []engine.Problem{{Code: "type", Detail: engine.Text{
				VI: "Dữ liệu không phải là giá trị JSON.", EN: "The input is not a JSON value."}}}
		}
		c.walk(ve)
	}
	if s.dates != nil {
		c.bounds(s.dates, nil, nil, v, "")
	}
	return c.sorted()
}

// Future returns the dates of a value that are after a day and must not be.
func (s *schema) Future(v any, day calendar.Date) []engine.Problem {
	if s.dates == nil {
		return nil
	}
	c := &collector{root: s.root, input: v}
	c.bounds(s.dates, nil, nil, v, day)
	return c.sorted()
}

// bundler makes stand-alone schemas out of nodes whose $ref may name a form.
type bundler struct {
	*report
	forms map[string]*node // schema node of each form
}

const formRef = "form:"

// bundle copies the schema n, adds the forms that it refers to under $defs, and
// compiles it. self is the form's own id, "" elsewhere.
func (b *bundler) bundle(id, self string, n *node) *schema {
	used, order := map[string]bool{}, []string{}
	var copyNode func(n *node, base string) *node
	copyNode = func(n *node, base string) *node {
		out := *n
		out.items = make([]*node, len(n.items))
		for i, e := range n.items {
			if n.kind == mapKind && n.keys[i].text == "$ref" && e.kind == stringKind {
				e = b.ref(e, base, self, used, &order)
			}
			out.items[i] = copyNode(e, base)
		}
		return &out
	}
	before := b.errors
	root := copyNode(n, "#")
	var defs *node
	for i := 0; i < len(order); i++ { // order grows while forms refer to forms
		if defs == nil {
			defs = child(root, "$defs")
		}
		name := order[i]
		defs.keys = append(defs.keys, &node{kind: stringKind, text: "form." + name})
		defs.items = append(defs.items, copyNode(b.forms[name], "#/$defs/form."+name))
	}
	if b.errors > before {
		return nil
	}
	return b.compile(id, n, root)
}

// ref rewrites one $ref: form:ID#/x of another form to its place under $defs,
// and a form's own #/x to where the form now stands.
func (b *bundler) ref(n *node, base, self string, used map[string]bool, order *[]string) *node {
	out := *n
	target, ok := strings.CutPrefix(n.text, formRef)
	if !ok {
		if rest, local := strings.CutPrefix(n.text, "#"); local {
			out.text = base + rest
		} else {
			b.at(n, "bad_ref", n.text)
		}
		return &out
	}
	name, fragment, _ := strings.Cut(target, "#")
	switch {
	case name == self:
		out.text = "#" + fragment
		return &out
	case b.forms[name] == nil:
		b.at(n, "unknown_form", name, nearest(name, keysOf(b.forms)))
		return &out
	case !used[name]:
		used[name] = true
		*order = append(*order, name)
	}
	out.text = "#/$defs/form." + name + fragment
	return &out
}

// child returns the mapping under a key of a mapping, made when absent.
func child(n *node, key string) *node {
	if c := n.get(key); c != nil && c.kind == mapKind {
		return c
	}
	c := &node{kind: mapKind, file: n.file, line: n.line, col: n.col}
	n.keys = append(n.keys, &node{kind: stringKind, text: key})
	n.items = append(n.items, c)
	return c
}

func (b *bundler) compile(id string, at, root *node) *schema {
	s := &schema{id: id, json: encode(root)}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(s.json))
	if err != nil {
		b.at(at, "bad_schema", err)
		return nil
	}
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft2020)
	c.UseLoader(noLoader{})
	c.AssertFormat()
	for _, f := range formats {
		c.RegisterFormat(f)
	}
	const url = "lienthong:///schema"
	if err := c.AddResource(url, doc); err != nil {
		b.at(at, "bad_schema", err)
		return nil
	}
	s.compiled, err = c.Compile(url)
	if err != nil {
		b.schemaError(at, root, err)
		return nil
	}
	s.root, s.digest, s.dates = doc, digest(withoutTexts(doc, true)), datesOf(doc)
	if formats, bounds := b.knownFormats(root), b.knownBounds(root, nil); !formats || !bounds {
		return nil
	}
	return s
}

// schemaError reports a schema that is not one, at the node at fault.
func (b *bundler) schemaError(at, root *node, err error) {
	var se *jsonschema.SchemaValidationError
	var ve *jsonschema.ValidationError
	if !errors.As(err, &se) || !errors.As(se.Err, &ve) {
		b.at(at, "bad_schema", err)
		return
	}
	leaf := ve
	for len(leaf.Causes) > 0 {
		leaf = leaf.Causes[0]
	}
	n := root
	for _, step := range leaf.InstanceLocation {
		next := n.get(step)
		if i, err := strconv.Atoi(step); err == nil && n.kind == listKind && i < len(n.items) {
			next = n.items[i]
		}
		if next == nil {
			break
		}
		n = next
	}
	if n.line == 0 {
		n = at
	}
	b.at(n, "bad_schema", leaf.ErrorKind.LocalizedString(english))
}

// knownFormats refuses a format that nothing would check.
func (b *bundler) knownFormats(n *node) bool {
	ok := true
	if n.kind == mapKind {
		if f := n.get("format"); f != nil && f.kind == stringKind && n.get("properties") == nil && !formatNames[f.text] {
			b.at(f, "unknown_format", f.text, nearest(f.text, keysOf(formatNames)))
			ok = false
		}
	}
	for _, e := range n.items {
		ok = b.knownFormats(e) && ok
	}
	return ok
}

// noLoader refuses every schema that is not in the set.
type noLoader struct{}

func (noLoader) Load(url string) (any, error) {
	return nil, errors.New("a schema may refer to forms and to itself only, not to " + url)
}

// encode writes a node as JSON, in the order of the file.
func encode(n *node) []byte {
	var buf bytes.Buffer
	encodeTo(&buf, n)
	return buf.Bytes()
}

func encodeTo(buf *bytes.Buffer, n *node) {
	switch n.kind {
	case mapKind:
		buf.WriteByte('{')
		for i, k := range n.keys {
			if i > 0 {
				buf.WriteByte(',')
			}
			encodeScalar(buf, k.text)
			buf.WriteByte(':')
			encodeTo(buf, n.items[i])
		}
		buf.WriteByte('}')
	case listKind:
		buf.WriteByte('[')
		for i, e := range n.items {
			if i > 0 {
				buf.WriteByte(',')
			}
			encodeTo(buf, e)
		}
		buf.WriteByte(']')
	default:
		encodeScalar(buf, n.value())
	}
}

func encodeScalar(buf *bytes.Buffer, v any) {
	b, err := json.Marshal(v)
	if err != nil { // no scalar of a node fails
		b = []byte("null")
	}
	buf.Write(b)
}
