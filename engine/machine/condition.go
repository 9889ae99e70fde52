package machine

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/parser"

	"lienthong/engine"
)

// Condition is a boolean expression taken apart, for whoever reasons about it
// without evaluating it.
type Condition struct {
	Op   ConditionOp
	Args []*Condition // of and, or: two or more; of not: one; of if: condition, then, else
	Test *Test        // of test
}

// ConditionOp is how a condition is made of others.
type ConditionOp string

// The ways a condition is made.
const (
	CondAnd   ConditionOp = "and"
	CondOr    ConditionOp = "or"
	CondNot   ConditionOp = "not"
	CondIf    ConditionOp = "if"
	CondTest  ConditionOp = "test"
	CondTrue  ConditionOp = "true"
	CondFalse ConditionOp = "false"
)

// Test is a condition that is not made of others. With a Path it is about the
// value there: that it is present (Has), that it is one of the constants In, or how
// it compares with the one constant In. Without one it is only a text.
type Test struct {
	Text    string   // as an expression
	Path    string   // e.g. dossier.draft.mode
	Has     bool     // the value is there
	In      []any    // bool, int64, float64, string
	Compare string   // <, <=, >, >=; "" = equal to one of In
	Reads   []string // every path that is read, longest first in each chain
}

// ConditionOf takes a compiled boolean expression apart; nil for none, or for
// one that this package did not compile.
func ConditionOf(x engine.Expr) *Condition {
	e, ok := x.(*expr)
	if !ok || e == nil {
		return nil
	}
	return e.condition(e.ast.Expr())
}

// ReadsOf lists the paths that an expression reads.
func ReadsOf(x engine.Expr) []string {
	if e, ok := x.(*expr); ok && e != nil {
		return readPaths(e.ast.Expr())
	}
	return nil
}

// PathOf is the path that an expression is, without its question marks; "" when it
// is more than a path.
func PathOf(x engine.Expr) string {
	if e, ok := x.(*expr); ok && e != nil {
		if p := pathOf(e.ast.Expr()); strings.Contains(p, ".") {
			return p
		}
	}
	return ""
}

// MayBeNothing tells whether an expression may give no value.
func MayBeNothing(x engine.Expr) bool {
	e, ok := x.(*expr)
	return ok && e != nil && (e.optional || e.typ.Kind() == types.NullTypeKind)
}

// GivesText tells whether an expression always gives a text.
func GivesText(x engine.Expr) bool {
	e, ok := x.(*expr)
	return ok && e != nil && !e.optional && e.typ.Kind() == types.StringKind
}

// ConstantsOf lists the constants that an expression chooses from; ok is false
// when it may give something else.
func ConstantsOf(x engine.Expr) (values []any, ok bool) {
	e, isExpr := x.(*expr)
	if !isExpr || e == nil {
		return nil, false
	}
	var leaves func(ast.Expr) bool
	leaves = func(a ast.Expr) bool {
		if v, lit := literal(a); lit {
			if !slices.Contains(values, v) {
				values = append(values, v)
			}
			return true
		}
		if a.Kind() == ast.CallKind && a.AsCall().FunctionName() == "_?_:_" {
			return leaves(a.AsCall().Args()[1]) && leaves(a.AsCall().Args()[2])
		}
		return false
	}
	ok = leaves(e.ast.Expr())
	return values, ok
}

// Place finds what a definition file says under a path of keys and, for a list, of
// indexes (#0, #1, …) or of words: the place of the last key that is there. Line 0 = no such file.
func (s *Set) Place(file string, path ...string) (line, col int) {
	n := s.docs[file]
	if n == nil {
		return 0, 0
	}
	line, col = n.line, n.col
	for _, p := range path {
		next, k := n.get(p), keyOf(n, p)
		if next == nil && n.kind == listKind {
			for i, item := range n.items {
				if p == "#"+strconv.Itoa(i) || item.text == p || strings.TrimSuffix(item.text, "?") == p {
					next, k = item, item
					break
				}
			}
		}
		if next == nil {
			break
		}
		line, col, n = k.line, k.col, next
	}
	return line, col
}

func (e *expr) condition(a ast.Expr) *Condition {
	if v, ok := literal(a); ok {
		if v == true {
			return &Condition{Op: CondTrue}
		}
		return &Condition{Op: CondFalse}
	}
	if a.Kind() == ast.CallKind {
		c := a.AsCall()
		ops := map[string]ConditionOp{"_&&_": CondAnd, "_||_": CondOr, "!_": CondNot, "_?_:_": CondIf}
		if op, ok := ops[c.FunctionName()]; ok {
			out := &Condition{Op: op}
			for _, arg := range c.Args() {
				sub := e.condition(arg)
				if sub.Op == op && (op == CondAnd || op == CondOr) {
					out.Args = append(out.Args, sub.Args...)
					continue
				}
				out.Args = append(out.Args, sub)
			}
			return out
		}
		if c.FunctionName() == "_!=_" {
			if t := e.compared("_==_", c.Args()); t != nil {
				return &Condition{Op: CondNot, Args: []*Condition{{Op: CondTest, Test: e.placed(t, a)}}}
			}
		}
	}
	return &Condition{Op: CondTest, Test: e.placed(e.test(a), a)}
}

func (e *expr) placed(t *Test, a ast.Expr) *Test {
	t.Reads = readPaths(a)
	if t.Text == "" {
		t.Text = e.src + " @" + strconv.FormatInt(a.ID(), 10)
		if s, err := parser.Unparse(a, e.ast.SourceInfo()); err == nil {
			t.Text = strings.Join(strings.Fields(s), " ")
		}
	}
	return t
}

func (e *expr) test(a ast.Expr) *Test {
	switch a.Kind() {
	case ast.SelectKind, ast.IdentKind:
		if a.Kind() == ast.SelectKind && a.AsSelect().IsTestOnly() {
			if p := pathOf(a.AsSelect().Operand()); p != "" {
				return &Test{Path: p + "." + a.AsSelect().FieldName(), Has: true}
			}
			return &Test{}
		}
		if p := pathOf(a); p != "" && e.ast.GetType(a.ID()).Kind() == types.BoolKind {
			return &Test{Path: p, In: []any{true}}
		}
	case ast.CallKind:
		c := a.AsCall()
		if c.FunctionName() == "hasValue" && c.IsMemberFunction() {
			if p := pathOf(c.Target()); p != "" {
				return &Test{Path: p, Has: true}
			}
		}
		if t := e.compared(c.FunctionName(), c.Args()); t != nil {
			return t
		}
	}
	return &Test{}
}

var flipped = map[string]string{"<": ">", "<=": ">=", ">": "<", ">=": "<="}

// compared reads path == constant, path in [constants], path < number and the like.
func (e *expr) compared(f string, args []ast.Expr) *Test {
	if len(args) != 2 {
		return nil
	}
	a, b := args[0], args[1]
	op := strings.Trim(f, "_")
	if f == "@in" {
		p := pathOf(a)
		if p == "" || b.Kind() != ast.ListKind || e.ast.GetType(a.ID()).Kind() != types.StringKind {
			return nil
		}
		t := &Test{Path: p}
		for _, x := range b.AsList().Elements() {
			v, ok := literal(x)
			if !ok {
				return nil
			}
			t.In = append(t.In, v)
		}
		return t
	}
	if op != "==" && flipped[op] == "" {
		return nil
	}
	v, ok := literal(b)
	if !ok {
		if v, ok = literal(a); !ok {
			return nil
		}
		a, op = b, cmp.Or(flipped[op], op)
	}
	p := pathOf(a)
	if p == "" || p == "now" || p == "filed_at" {
		return nil
	}
	if op == "==" {
		return &Test{Path: p, In: []any{v}}
	}
	if _, text := v.(string); text {
		return nil
	}
	return &Test{Path: p, In: []any{v}, Compare: op}
}

// literal is the value of a constant.
func literal(e ast.Expr) (any, bool) {
	if e.Kind() != ast.LiteralKind {
		return nil, false
	}
	switch v := e.AsLiteral().Value().(type) {
	case bool, int64, float64, string:
		return v, true
	}
	return nil, false
}

// readPaths lists the longest paths that an expression reads, sorted.
func readPaths(e ast.Expr) []string {
	seen := map[string]bool{}
	var visit func(ast.Expr)
	visit = func(x ast.Expr) {
		if x.Kind() == ast.SelectKind && x.AsSelect().IsTestOnly() {
			if p := pathOf(x.AsSelect().Operand()); p != "" {
				seen[p+"."+x.AsSelect().FieldName()] = true
				return
			}
		}
		if p := pathOf(x); p != "" {
			seen[p] = true
			return
		}
		for _, c := range children(x) {
			visit(c)
		}
	}
	visit(e)
	return keysOf(seen)
}

func children(e ast.Expr) []ast.Expr {
	switch e.Kind() {
	case ast.SelectKind:
		return []ast.Expr{e.AsSelect().Operand()}
	case ast.CallKind:
		c := e.AsCall()
		if c.IsMemberFunction() {
			return append([]ast.Expr{c.Target()}, c.Args()...)
		}
		return c.Args()
	case ast.ListKind:
		return e.AsList().Elements()
	case ast.MapKind:
		var out []ast.Expr
		for _, x := range e.AsMap().Entries() {
			out = append(out, x.AsMapEntry().Key(), x.AsMapEntry().Value())
		}
		return out
	case ast.ComprehensionKind:
		c := e.AsComprehension()
		return []ast.Expr{c.IterRange(), c.AccuInit(), c.LoopCondition(), c.LoopStep(), c.Result()}
	}
	return nil
}
