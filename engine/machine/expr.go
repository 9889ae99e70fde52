package machine

import (
	"fmt"
	"slices"
	"strings"
	"unicode"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/cost"
	"cel.dev/cel-go/common/types"

	"lienthong/engine"
)

// Bounds on one expression. A unit of cost is about a nanosecond to ten.
const (
	maxExprSize  = 4000
	maxExprDepth = 60
	costLimit    = 1_000_000
	usualList    = 100 // what the static estimate assumes of a list
	usualText    = 200
)

// expr is a compiled expression.
type expr struct {
	src      string
	at       *node
	ast      *ast.AST
	typ      *cel.Type // an optional's inner type
	optional bool      // it may give nothing
	prog     cel.Program
}

var _ engine.Expr = (*expr)(nil)

// Source is the text as written.
func (e *expr) Source() string { return e.src }

// Eval returns a plain value; an optional without a value is nil.
func (e *expr) Eval(vars engine.Vars) (any, error) {
	out, _, err := e.prog.Eval(map[string]any(vars))
	if err == nil {
		var v any
		if v, _, err = plain(out, 0); err == nil {
			return v, nil
		}
	}
	return nil, &engine.Error{
		Code: engine.Internal, Op: "evaluate " + clip(e.src),
		Detail: engine.Text{VI: "Không tính được một biểu thức của định nghĩa.", EN: "An expression of the definition could not be evaluated."},
		Err:    err,
	}
}

// asExpr avoids a nil *expr inside a non-nil interface.
func asExpr(e *expr) engine.Expr {
	if e == nil {
		return nil
	}
	return e
}

// want says what an expression must give.
type want struct {
	words string
	ok    func(*cel.Type) bool
}

func kinds(ks ...types.Kind) func(*cel.Type) bool {
	return func(t *cel.Type) bool {
		return slices.Contains(ks, t.Kind()) || t.Kind() == types.DynKind
	}
}

var (
	wantAny  = want{words: "a value", ok: func(t *cel.Type) bool { return t.Kind() != types.TypeKind && t.Kind() != types.DurationKind }}
	wantBool = want{words: "true or false", ok: kinds(types.BoolKind)}
	wantText = want{words: "text", ok: kinds(types.StringKind, types.NullTypeKind)}
	wantKey  = want{words: "text or a number", ok: kinds(types.StringKind, types.IntKind, types.NullTypeKind)}
	wantInt  = want{words: "a whole number", ok: kinds(types.IntKind)}
	wantMap  = want{words: "a record", ok: kinds(types.StructKind, types.MapKind)}
	wantIDs  = want{words: "text, or a list of text", ok: func(t *cel.Type) bool {
		if t.Kind() == types.ListKind {
			return len(t.Parameters()) == 0 || kinds(types.StringKind)(t.Parameters()[0])
		}
		return kinds(types.StringKind)(t)
	}}
)

// compiler compiles expressions against declared variables.
type compiler struct {
	*report
	types *typeSet
	base  *cel.Env
}

func newCompiler(r *report, p params) (*compiler, error) {
	base, err := cel.NewEnv(append(library(p), cel.OptionalTypes(),
		cel.ParserExpressionSizeLimit(maxExprSize), cel.ParserRecursionLimit(maxExprDepth))...)
	if err != nil {
		return nil, err
	}
	ts := &typeSet{Provider: base.CELTypeProvider(), records: map[string]*record{}, schemas: map[*schema]*cel.Type{}}
	base, err = base.Extend(cel.CustomTypeProvider(ts))
	if err != nil {
		return nil, err
	}
	return &compiler{report: r, types: ts, base: base}, nil
}

// scope is an environment with variables.
type scope struct {
	*compiler
	env  *cel.Env
	vars []string // their names, sorted
	// check sees the parsed expression first; it may report and refuse it.
	check func(at *node, e ast.Expr) bool
}

func (c *compiler) scope(vars map[string]*cel.Type) *scope {
	opts := make([]cel.EnvOption, 0, len(vars))
	for _, name := range keysOf(vars) {
		opts = append(opts, cel.Variable(name, vars[name]))
	}
	env, err := c.base.Extend(opts...)
	if err != nil { // the variables are ours
		panic(fmt.Sprintf("machine: declare variables: %v", err))
	}
	return &scope{compiler: c, env: env, vars: keysOf(vars)}
}

// compile compiles the expression at n; nil when n is nil or there is a finding.
func (s *scope) compile(n *node, w want) *expr {
	if n == nil {
		return nil
	}
	if n.kind == listKind || n.kind == mapKind || n.kind == nullKind || strings.TrimSpace(n.text) == "" {
		s.at(n, "wrong_type", phrase("an expression"), kindNames[n.kind])
		return nil
	}
	parsed, iss := s.env.Parse(n.text)
	if iss.Err() != nil {
		s.issues(n, "expression_syntax", iss)
		return nil
	}
	if s.check != nil && !s.check(n, parsed.NativeRep().Expr()) {
		return nil
	}
	checked, iss := s.env.Check(parsed)
	if iss.Err() != nil {
		s.issues(n, "expression_type", iss)
		return nil
	}
	out, optional := checked.OutputType(), false
	if out.TypeName() == "optional_type" && len(out.Parameters()) == 1 {
		out, optional = out.Parameters()[0], true
	}
	if !w.ok(out) {
		s.at(n, "expression_result", phrase(s.types.words(out)), phrase(w.words))
		return nil
	}
	if est, err := s.env.EstimateCost(checked, sizes{}); err == nil && est.Max > costLimit {
		s.at(n, "expression_cost", costLimit)
		return nil
	}
	prog, err := s.env.Program(checked, cel.CostLimit(costLimit))
	if err != nil {
		s.at(n, "expression_type", phrase(s.types.readable(err.Error())), engine.Text{})
		return nil
	}
	return &expr{src: n.text, at: n, ast: checked.NativeRep(), typ: out, optional: optional, prog: prog}
}

// typeOf tells whether an expression compiles, without findings, and its type.
func (s *scope) typeOf(n *node) (*cel.Type, bool) {
	quiet := *s
	c := *s.compiler
	c.report = &report{}
	quiet.compiler = &c
	if s.check != nil {
		quiet.check = nil
	}
	e := quiet.compile(n, wantAny)
	if e == nil {
		return nil, false
	}
	return e.typ, true
}

// issues reports the checker's complaints at their places inside the file.
func (s *scope) issues(n *node, code string, iss *cel.Issues) {
	for i, e := range iss.Errors() {
		if i == 3 {
			return
		}
		line, col := place(n, e.Location.Line(), e.Location.Column())
		if name, ok := strings.CutPrefix(e.Message, unknownParam); ok {
			s.add(n.file, line, col, "unknown_parameter", name)
			continue
		}
		msg := s.types.readable(e.Message)
		s.add(n.file, line, col, code, phrase(msg), mend(msg, s.names()))
	}
}

// names are the variables of a scope and every field of what they hold.
func (s *scope) names() []string {
	out := slices.Clone(s.vars)
	for _, r := range s.types.records {
		out = append(out, keysOf(r.fields)...)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// place is where a line and column of an expression stand in the file. YAML may
// have folded its lines, so the signs before it are counted in both.
func place(n *node, line, col int) (int, int) {
	before := 0
	for i, text := range strings.Split(n.text, "\n") {
		if i+1 == line {
			text = string([]rune(text)[:max(0, min(col, len([]rune(text))))]) // of an empty name CEL says column -1
		}
		if i+1 <= line {
			before += signs(text)
		}
	}
	at, from := n.line, n.col-1
	switch {
	case n.block:
		at, from = n.line+1, 0
	case n.quoted:
		from++
	}
	for ; at >= 1 && at <= len(n.lines); at++ {
		for i, r := range []rune(n.lines[at-1]) {
			if i < from || unicode.IsSpace(r) {
				continue
			}
			if before == 0 {
				return at, i + 1
			}
			before--
		}
		from = 0
	}
	return n.line, n.col
}

// signs counts what is not blank.
func signs(s string) int {
	n := 0
	for _, r := range s {
		if !unicode.IsSpace(r) {
			n++
		}
	}
	return n
}

// sizes is what the static cost estimate assumes of data.
type sizes struct{}

func (sizes) EstimateSize(element cost.AstNode) *cost.SizeEstimate {
	most := uint64(usualList)
	if t := element.Type(); t != nil && (t.Kind() == types.StringKind || t.Kind() == types.BytesKind) {
		most = usualText
	}
	return &cost.SizeEstimate{Min: 0, Max: most}
}

func (sizes) EstimateCallCost(function, _ string, _ *cost.AstNode, args []cost.AstNode) *cost.CallEstimate {
	switch function {
	case "sum":
		return &cost.CallEstimate{CostEstimate: cost.Estimate{Min: 1, Max: usualList}}
	case paramInt, paramDouble, paramString, paramBool, paramAny, "fraction", "round_half_up", "min", "max",
		"date", "month_start", "day_after_months", "months_between", "years_between":
		size := cost.SizeEstimate{Min: 0, Max: usualText}
		return &cost.CallEstimate{CostEstimate: cost.Estimate{Min: 1, Max: 10}, ResultSize: &size}
	}
	return nil
}

// walk visits every part of an expression.
func walk(e ast.Expr, visit func(ast.Expr)) {
	ast.PreOrderVisit(e, ast.NewExprVisitor(visit))
}

// stepsOf lists the steps that an expression reads, sorted.
func stepsOf(e ast.Expr) []string {
	seen := map[string]bool{}
	walk(e, func(x ast.Expr) {
		if name, ok := selected(x, "steps"); ok {
			seen[name] = true
		}
	})
	return keysOf(seen)
}

// selected returns X of base.X, base.?X and base['X'].
func selected(e ast.Expr, base string) (string, bool) {
	operand, name, ok := selection(e)
	if ok && operand.Kind() == ast.IdentKind && operand.AsIdent() == base {
		return name, true
	}
	return "", false
}

// selection takes apart a select of any spelling.
func selection(e ast.Expr) (operand ast.Expr, name string, ok bool) {
	switch e.Kind() {
	case ast.SelectKind:
		return e.AsSelect().Operand(), e.AsSelect().FieldName(), true
	case ast.CallKind:
		c := e.AsCall()
		if f := c.FunctionName(); (f == "_?._" || f == "_[_]" || f == "_[?_]") && len(c.Args()) == 2 && c.Args()[1].Kind() == ast.LiteralKind {
			if s, isText := c.Args()[1].AsLiteral().Value().(string); isText {
				return c.Args()[0], s, true
			}
		}
	}
	return nil, "", false
}
