package machine

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// Bounds on one file. The YAML parser recurses, so nesting is bounded on its
// tokens before it runs; an indentation is a nesting too, and to the parser so is
// the next key of a mapping.
const (
	maxFileSize = 1 << 20
	maxFlow     = 64
	maxIndent   = 200
	maxKeys     = 20_000
)

// kind is the sort of a YAML value.
type kind int

const (
	nullKind kind = iota
	boolKind
	intKind
	floatKind
	stringKind
	listKind
	mapKind
)

var kindNames = map[kind]phrase{
	nullKind: "nothing", boolKind: "true/false", intKind: "a number", floatKind: "a number",
	stringKind: "text", listKind: "a list", mapKind: "a mapping",
}

// node is a YAML value with its place. Mappings keep the order of the file.
type node struct {
	kind   kind
	text   string // a scalar as written, unquoted
	num    any    // int64 or float64 of a number
	keys   []*node
	items  []*node // values of a mapping, elements of a list
	file   string
	line   int
	col    int
	quoted bool     // the text starts one column later
	block  bool     // the text starts on the next line
	lines  []string // of the whole file
}

// get returns the value of a key, or nil.
func (n *node) get(key string) *node {
	if n == nil || n.kind != mapKind {
		return nil
	}
	for i, k := range n.keys {
		if k.text == key {
			return n.items[i]
		}
	}
	return nil
}

// value is the node as plain values.
func (n *node) value() any {
	switch n.kind {
	case boolKind:
		return n.text == "true"
	case intKind, floatKind:
		return n.num
	case stringKind:
		return n.text
	case listKind:
		out := make([]any, len(n.items))
		for i, e := range n.items {
			out[i] = e.value()
		}
		return out
	case mapKind:
		out := make(map[string]any, len(n.items))
		for i, e := range n.items {
			out[n.keys[i].text] = e.value()
		}
		return out
	}
	return nil
}

// parseFile reads one YAML document. It returns nil when there is a finding.
func parseFile(r *report, file string, data []byte) (doc *node) {
	if len(data) > maxFileSize {
		r.add(file, 0, 0, "too_large", len(data), maxFileSize)
		return nil
	}
	if line, col, ok := notText(data); ok {
		r.add(file, line, col, "yaml_syntax", phrase("the file is not UTF-8 text"))
		return nil
	}
	defer func() { // the parser is somebody else's and its input anybody's
		if p := recover(); p != nil {
			r.add(file, 0, 0, "yaml_syntax", phrase(fmt.Sprintf("the YAML parser gave up: %v", p)))
			doc = nil
		}
	}()
	tokens := lexer.Tokenize(string(data))
	if !boundTokens(r, file, tokens) {
		return nil
	}
	f, err := parser.Parse(tokens, 0)
	if err != nil {
		reportYAML(r, file, err)
		return nil
	}
	var body ast.Node
	for _, d := range f.Docs {
		if d.Body == nil || d.Body.Type() == ast.CommentType || d.Body.Type() == ast.CommentGroupType {
			continue
		}
		if body != nil {
			r.at((&converter{report: r, file: file}).node(d.Body), "yaml_documents")
			return nil
		}
		body = d.Body
	}
	if body == nil {
		r.add(file, 0, 0, "empty_file")
		return nil
	}
	c := &converter{report: r, file: file, lines: strings.Split(string(data), "\n")}
	doc = c.node(body)
	if c.failed {
		return nil
	}
	return doc
}

// notText is where the first byte stands that is no UTF-8 text, or a NUL.
func notText(data []byte) (line, col int, found bool) {
	line, col = 1, 1
	for len(data) > 0 {
		r, n := utf8.DecodeRune(data)
		switch {
		case r == utf8.RuneError && n == 1 || r == 0:
			return line, col, true
		case r == '\n':
			line, col = line+1, 1
		default:
			col++
		}
		data = data[n:]
	}
	return 0, 0, false
}

func reportYAML(r *report, file string, err error) {
	var e yaml.Error
	if !errors.As(err, &e) || e.GetToken() == nil {
		r.add(file, 0, 0, "yaml_syntax", phrase(strings.SplitN(err.Error(), "\n", 2)[0]))
		return
	}
	pos := e.GetToken().Position
	r.add(file, pos.Line, pos.Column, "yaml_syntax", phrase(e.GetMessage()))
}

// boundTokens refuses what would make the parser recurse deeply, and what makes
// a value mean something other than what stands there (aliases, tags).
func boundTokens(r *report, file string, tokens token.Tokens) bool {
	flow, line, keys := 0, 0, 0
	for _, t := range tokens {
		pos := t.Position
		switch t.Type {
		case token.MappingStartType, token.SequenceStartType:
			flow++
		case token.MappingEndType, token.SequenceEndType:
			flow--
		case token.MappingValueType:
			keys++
		case token.AnchorType, token.AliasType, token.TagType, token.MergeKeyType, token.DirectiveType:
			r.add(file, pos.Line, pos.Column, "yaml_alias", strings.TrimSpace(t.Origin))
			return false
		}
		nests := pos.Line != line && flow == 0 || t.Type == token.SequenceEntryType || t.Type == token.MappingKeyType
		line = pos.Line
		if keys > maxKeys {
			r.add(file, pos.Line, pos.Column, "too_many_keys", maxKeys)
			return false
		}
		if flow > maxFlow || nests && t.Type != token.CommentType && pos.Column > maxIndent {
			r.add(file, pos.Line, pos.Column, "too_deep")
			return false
		}
	}
	return true
}

// converter turns the library's tree into nodes.
type converter struct {
	report *report
	file   string
	lines  []string
	failed bool
}

func (c *converter) fail(t *token.Token, why string) *node {
	c.failed = true
	c.report.add(c.file, t.Position.Line, t.Position.Column, "yaml_syntax", phrase(why))
	return &node{file: c.file, line: t.Position.Line, col: t.Position.Column}
}

func (c *converter) node(n ast.Node) *node {
	if n == nil {
		return &node{file: c.file}
	}
	t := n.GetToken()
	if t == nil || t.Position == nil {
		return &node{file: c.file}
	}
	out := &node{file: c.file, lines: c.lines, line: t.Position.Line, col: t.Position.Column, text: t.Value}
	switch v := n.(type) {
	case *ast.NullNode:
		out.text = ""
	case *ast.BoolNode:
		out.kind, out.text = boolKind, fmt.Sprint(v.Value)
	case *ast.IntegerNode:
		return c.integer(out, v)
	case *ast.FloatNode:
		out.kind, out.num = floatKind, v.Value
		if math.IsInf(v.Value, 0) || math.IsNaN(v.Value) {
			return c.fail(t, "the number is out of range")
		}
	case *ast.StringNode:
		out.kind, out.text = stringKind, v.Value
		out.quoted = t.Type == token.SingleQuoteType || t.Type == token.DoubleQuoteType
	case *ast.LiteralNode:
		out.kind, out.block = stringKind, true
		if v.Value != nil {
			out.text = v.Value.Value
		}
	case *ast.SequenceNode:
		out.kind = listKind
		for _, e := range v.Values {
			out.items = append(out.items, c.node(e))
		}
	case *ast.MappingNode:
		return c.mapping(out, v.Values)
	case *ast.MappingValueNode:
		return c.mapping(out, []*ast.MappingValueNode{v})
	default:
		return c.fail(t, "this form of YAML is not used here: "+n.Type().String())
	}
	return out
}

func (c *converter) integer(out *node, v *ast.IntegerNode) *node {
	out.kind = intKind
	switch x := v.Value.(type) {
	case int64:
		out.num = x
	case uint64:
		if x > math.MaxInt64 {
			return c.fail(v.GetToken(), "the number is out of range")
		}
		out.num = int64(x)
	case int:
		out.num = int64(x)
	default:
		return c.fail(v.GetToken(), "the number is not understood")
	}
	return out
}

func (c *converter) mapping(out *node, values []*ast.MappingValueNode) *node {
	out.kind, out.text = mapKind, ""
	seen := map[string]bool{}
	for i, mv := range values {
		k := c.node(mv.Key)
		if i == 0 {
			out.line, out.col = k.line, k.col
		}
		if k.kind == mapKind || k.kind == listKind || k.kind == nullKind {
			return c.fail(mv.GetToken(), "a key must be one word")
		}
		if seen[k.text] {
			return c.fail(mv.Key.GetToken(), "the key "+k.text+" stands here twice")
		}
		seen[k.text] = true
		v := c.node(mv.Value)
		if v.line == 0 {
			v.line, v.col = k.line, k.col
		}
		out.keys, out.items = append(out.keys, k), append(out.items, v)
	}
	return out
}
