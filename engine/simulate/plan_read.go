package simulate

import (
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"

	"lienthong/engine"
	"lienthong/engine/calendar"
	"lienthong/engine/machine"
)

// sourceFile is a plan or fault file.
type sourceFile struct {
	name string
	data []byte
}

// places says where in a file each value stands, by its path ("clerks.leave[0].to").
type places map[string]place

type place struct {
	file      string
	line, col int
}

// ReadPlan reads a plan: what the file says replaces what its base says. base
// finds the file that `base:` names; without `base:` it is the default plan. With a
// set of definitions and the known examples (nil = any), names are looked up there.
//
// Errors are a *machine.FindingsError with file, line and column.
func ReadPlan(name string, data []byte, base func(name string) ([]byte, error), set *machine.Set, examples []string) (Plan, error) {
	p, where, err := readPlan(name, data, base, 0)
	if err != nil {
		return Plan{}, err
	}
	return p, p.validate(set, examples, where)
}

// maxBases bounds a chain of plans.
const maxBases = 10

func readPlan(name string, data []byte, base func(string) ([]byte, error), depth int) (Plan, places, error) {
	doc, err := parse(sourceFile{name, data})
	if err != nil {
		return Plan{}, nil, err
	}
	p, where := DefaultPlan(), places{}
	if n := take(doc, "base"); n != nil {
		file, ok := n.Value.(*ast.StringNode)
		switch {
		case !ok || base == nil:
			return p, nil, found(spot(name, n.Value), "base", "base là tên của một tệp kế hoạch khác", "base names another plan file")
		case depth == maxBases:
			return p, nil, found(spot(name, n.Value), "base", "Các kế hoạch dựa vào nhau quá nhiều tầng, hoặc thành vòng", "the plans rest on too many others, or on themselves")
		}
		below, err := base(file.Value)
		if err != nil {
			return p, nil, found(spot(name, n.Value), "base", "Không đọc được "+file.Value, "cannot read "+file.Value+": "+err.Error())
		}
		if p, where, err = readPlan(file.Value, below, base, depth+1); err != nil {
			return p, nil, err
		}
	}
	return p, where, decodeDoc(name, doc, &p, where)
}

// ReadFaults reads a fault plan. Errors are as those of ReadPlan.
func ReadFaults(name string, data []byte, set *machine.Set) (Faults, error) {
	var f Faults
	where := places{}
	if err := readInto(&f, sourceFile{name, data}, where); err != nil {
		return f, err
	}
	return f, f.validate(set, where)
}

// readInto reads a file over what `into` says already.
func readInto(into any, f sourceFile, where places) error {
	doc, err := parse(f)
	if err != nil {
		return err
	}
	return decodeDoc(f.name, doc, into, where)
}

func decodeDoc(name string, doc *ast.MappingNode, into any, where places) error {
	d := decoder{file: name, where: where}
	d.value(doc, reflect.ValueOf(into).Elem(), "")
	if len(d.findings) > 0 {
		return &machine.FindingsError{Findings: d.findings}
	}
	return nil
}

// Bounds on a file. The parser recurses, so nesting is bounded on the tokens first.
const (
	maxFile  = 256 << 10
	maxFlow  = 32
	maxDepth = 100 // columns of indentation
)

func parse(f sourceFile) (doc *ast.MappingNode, err error) {
	at := place{file: f.name}
	if len(f.data) > maxFile {
		return nil, found(at, "too_large", "Tệp quá lớn", fmt.Sprintf("the file is larger than %d bytes", maxFile))
	}
	if !utf8.Valid(f.data) || strings.ContainsRune(string(f.data), 0) {
		return nil, found(at, "yaml_syntax", "Tệp không phải văn bản UTF-8", "the file is not UTF-8 text")
	}
	defer func() { // the parser is somebody else's and its input anybody's
		if p := recover(); p != nil {
			doc, err = nil, found(at, "yaml_syntax", "Không đọc được YAML", fmt.Sprintf("the YAML parser gave up: %v", p))
		}
	}()
	tokens := lexer.Tokenize(string(f.data))
	if t := tooDeep(tokens); t != nil {
		return nil, found(place{f.name, t.Position.Line, t.Position.Column}, "yaml_syntax", "YAML lồng quá sâu, hoặc dùng bí danh", "YAML that is nested too deeply, or an alias")
	}
	file, err := parser.Parse(tokens, 0)
	if err != nil {
		var e yaml.Error
		if errors.As(err, &e) && e.GetToken() != nil {
			p := e.GetToken().Position
			return nil, found(place{f.name, p.Line, p.Column}, "yaml_syntax", "YAML không đúng: "+e.GetMessage(), e.GetMessage())
		}
		return nil, found(at, "yaml_syntax", "YAML không đúng", err.Error())
	}
	var body ast.Node
	for _, d := range file.Docs {
		if d.Body == nil || d.Body.Type() == ast.CommentType || d.Body.Type() == ast.CommentGroupType {
			continue
		}
		if body != nil {
			return nil, found(spot(f.name, d.Body), "yaml_documents", "Chỉ một tài liệu YAML trong một tệp", "one YAML document in one file")
		}
		body = d.Body
	}
	switch v := body.(type) {
	case *ast.MappingNode:
		return v, nil
	case *ast.MappingValueNode:
		return &ast.MappingNode{BaseNode: v.BaseNode, Start: v.Start, Values: []*ast.MappingValueNode{v}}, nil
	case nil:
		return nil, found(at, "empty_file", "Tệp không có gì", "the file says nothing")
	}
	return nil, found(spot(f.name, body), "type", "Cần các cặp tên: giá trị", "names with values are wanted here")
}

func tooDeep(tokens token.Tokens) *token.Token {
	flow, line := 0, 0
	for _, t := range tokens {
		switch t.Type {
		case token.MappingStartType, token.SequenceStartType:
			flow++
		case token.MappingEndType, token.SequenceEndType:
			flow--
		case token.AnchorType, token.AliasType, token.TagType, token.MergeKeyType, token.DirectiveType:
			return t
		}
		nests := t.Position.Line != line && flow == 0 || t.Type == token.SequenceEntryType || t.Type == token.MappingKeyType
		line = t.Position.Line
		if flow > maxFlow || nests && t.Type != token.CommentType && t.Position.Column > maxDepth {
			return t
		}
	}
	return nil
}

// take removes a key of the document.
func take(doc *ast.MappingNode, key string) *ast.MappingValueNode {
	for i, v := range doc.Values {
		if v.Key.GetToken().Value == key {
			doc.Values = append(doc.Values[:i:i], doc.Values[i+1:]...)
			return v
		}
	}
	return nil
}

func spot(file string, n ast.Node) place {
	if n == nil || n.GetToken() == nil || n.GetToken().Position == nil {
		return place{file: file}
	}
	p := n.GetToken().Position
	return place{file, p.Line, p.Column}
}

// found is an error with one finding.
func found(at place, code, vi, en string) error {
	return &machine.FindingsError{Findings: []machine.Finding{finding(at, code, vi, en)}}
}

func finding(at place, code, vi, en string) machine.Finding {
	return machine.Finding{File: at.file, Line: at.line, Column: at.col, Severity: machine.SeverityError, Code: code, Message: engine.Text{VI: vi, EN: en}}
}

// decoder writes a document over a value, and notes where everything stands.
type decoder struct {
	file     string
	where    places
	findings []machine.Finding
}

// maxFindings bounds what one file is told.
const maxFindings = 100

func (d *decoder) bad(n ast.Node, code, vi, en string) {
	if len(d.findings) < maxFindings {
		d.findings = append(d.findings, finding(spot(d.file, n), code, vi, en))
	}
}

func (d *decoder) value(n ast.Node, v reflect.Value, path string) {
	if d.where != nil {
		d.where[path] = spot(d.file, n)
	}
	if _, ok := n.(*ast.NullNode); ok || n == nil {
		v.SetZero()
		return
	}
	if text, ok := scalar(n); ok {
		if d.scalar(n, v, text) {
			return
		}
	}
	switch n := n.(type) {
	case *ast.MappingNode:
		d.mapping(n.Values, n, v, path)
	case *ast.MappingValueNode:
		d.mapping([]*ast.MappingValueNode{n}, n, v, path)
	case *ast.SequenceNode:
		if v.Kind() != reflect.Slice {
			d.bad(n, "type", "Ở đây không dùng danh sách", "a list is not wanted here")
			return
		}
		v.Set(reflect.MakeSlice(v.Type(), len(n.Values), len(n.Values)))
		for i, e := range n.Values {
			d.value(e, v.Index(i), fmt.Sprintf("%s[%d]", path, i))
		}
	default:
		d.bad(n, "type", "Giá trị không đúng loại", "a value of another kind is wanted here: "+wanted(v.Type()))
	}
}

func wanted(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Struct, reflect.Map:
		return "names with values"
	case reflect.Slice:
		return "a list"
	}
	return strings.ToLower(t.Name())
}

// scalar is the text of a single value.
func scalar(n ast.Node) (string, bool) {
	switch n := n.(type) {
	case *ast.StringNode:
		return n.Value, true
	case *ast.IntegerNode:
		return n.Token.Value, true
	case *ast.FloatNode:
		return n.Token.Value, true
	case *ast.BoolNode:
		return n.Token.Value, true
	case *ast.LiteralNode:
		if n.Value != nil {
			return n.Value.Value, true
		}
		return "", true
	}
	return "", false
}

// scalar writes a single value; false when the place wants none.
func (d *decoder) scalar(n ast.Node, v reflect.Value, text string) bool {
	var err error
	switch p := v.Addr().Interface().(type) {
	case *Rate:
		*p, err = parseRate(text)
	case *Weight:
		var x float64
		if x, err = strconv.ParseFloat(text, 64); err != nil || !(x >= 0 && x < 1e9) {
			err = wrong("%q không phải trọng số từ 0 trở lên", "%q is not a weight of 0 or more", text)
		}
		*p = Weight(x)
	case *Span:
		*p, err = parseSpan(text)
	case *Hours:
		*p, err = parseHours(text)
	case *calendar.Date:
		if *p, err = calendar.ParseDate(text); err != nil {
			err = wrong("%q không phải ngày như 2026-09-07", "%q is not a day such as 2026-09-07", text)
		}
	case *string:
		*p = text
	case *int:
		if *p, err = strconv.Atoi(text); err != nil || *p < 0 || *p > 1_000_000 {
			err = wrong("%q không phải số nguyên từ 0 trở lên", "%q is not a whole number of 0 or more", text)
		}
	case *engine.Text:
		*p = engine.Text{VI: text, EN: text}
	default:
		return false
	}
	if err != nil {
		vi := "Giá trị không hợp lệ: " + text
		if w, ok := errors.AsType[wrongValue](err); ok {
			vi = w.VI
		}
		d.bad(n, "value", vi, err.Error())
	}
	return true
}

func (d *decoder) mapping(pairs []*ast.MappingValueNode, n ast.Node, v reflect.Value, path string) {
	if v.Kind() != reflect.Struct && v.Kind() != reflect.Map {
		d.bad(n, "type", "Giá trị không đúng loại", "a value of another kind is wanted here: "+wanted(v.Type()))
		return
	}
	if v.Kind() == reflect.Map { // what the base says stays, in a map of its own
		m := reflect.MakeMap(v.Type())
		for it := v.MapRange(); it.Next(); {
			m.SetMapIndex(it.Key(), it.Value())
		}
		v.Set(m)
	}
	seen := map[string]bool{}
	for _, pair := range pairs {
		key, ok := scalar(pair.Key)
		switch {
		case !ok:
			d.bad(pair.Key, "key", "Tên phải là một từ", "a name must be one word")
			continue
		case seen[key]:
			d.bad(pair.Key, "key", "Tên này có hai lần: "+key, "this name stands here twice: "+key)
			continue
		}
		seen[key] = true
		at := strings.TrimPrefix(path+"."+key, ".")
		if v.Kind() == reflect.Map {
			e := reflect.New(v.Type().Elem()).Elem()
			if old := v.MapIndex(reflect.ValueOf(key)); old.IsValid() {
				e.Set(old)
			}
			d.value(pair.Value, e, at)
			v.SetMapIndex(reflect.ValueOf(key), e)
			continue
		}
		if f := field(v, key); f.IsValid() {
			d.value(pair.Value, f, at)
		} else {
			known := strings.Join(names(v.Type()), ", ")
			d.bad(pair.Key, "unknown", "Ở đây không có "+key+"; có: "+known, "there is no such name here: "+key+"; known are "+known)
		}
	}
}

// field finds a struct's field by its name in YAML.
func field(v reflect.Value, key string) reflect.Value {
	for i := range v.NumField() {
		if v.Type().Field(i).Tag.Get("yaml") == key {
			return v.Field(i)
		}
	}
	return reflect.Value{}
}

func names(t reflect.Type) (out []string) {
	for i := range t.NumField() {
		out = append(out, t.Field(i).Tag.Get("yaml"))
	}
	return out
}
