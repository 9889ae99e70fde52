package machine

import (
	"maps"
	"slices"
	"strings"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/types"

	"lienthong/engine"
)

// paths is a set of paths such as "dossier.draft.child" that are known to hold a
// value; holding one implies holding its beginnings.
type paths map[string]bool

func (p paths) with(more paths) paths {
	if len(more) == 0 {
		return p
	}
	out := maps.Clone(p)
	if out == nil {
		out = paths{}
	}
	maps.Copy(out, more)
	return out
}

func (p paths) has(path string) bool {
	if p[path] {
		return true
	}
	for known := range p {
		if strings.HasPrefix(known, path+".") {
			return true
		}
	}
	return false
}

func both(a, b paths) paths {
	out := paths{}
	for k := range a {
		if b.has(k) {
			out[k] = true
		}
	}
	for k := range b {
		if a.has(k) {
			out[k] = true
		}
	}
	return out
}

// pathOf writes a chain of selects as a path; "" when it is not one.
func pathOf(e ast.Expr) string {
	if e.Kind() == ast.IdentKind {
		return strings.TrimPrefix(e.AsIdent(), ".")
	}
	operand, name, ok := selection(e)
	if !ok {
		return ""
	}
	base := pathOf(operand)
	if base == "" {
		return ""
	}
	return base + "." + name
}

// facts are the paths that hold a value when a condition is true, or false.
func facts(e ast.Expr, truth bool) paths {
	switch e.Kind() {
	case ast.SelectKind:
		if e.AsSelect().IsTestOnly() && truth {
			if p := pathOf(e.AsSelect().Operand()); p != "" {
				return paths{p + "." + e.AsSelect().FieldName(): true}
			}
		}
	case ast.CallKind:
		c := e.AsCall()
		args := c.Args()
		switch f := c.FunctionName(); {
		case f == "!_":
			return facts(args[0], !truth)
		case f == "hasValue" && truth && c.IsMemberFunction():
			if p := pathOf(c.Target()); p != "" {
				return paths{p: true}
			}
		case f == "_&&_" && truth || f == "_||_" && !truth:
			out := paths{}
			for _, a := range args {
				out = out.with(facts(a, truth))
			}
			return out
		case f == "_&&_" || f == "_||_":
			out := facts(args[0], truth)
			for _, a := range args[1:] {
				out = both(out, facts(a, truth))
			}
			return out
		}
	}
	return nil
}

// unguarded searches an expression: it calls see for every field that the type says may be
// absent, read where nothing says that it is there.
type unguarded struct {
	ts   *typeSet
	ast  *ast.AST
	see  func(e ast.Expr, path string)
	seen map[int64]bool
}

func (ts *typeSet) unguarded(e *expr, known paths, see func(at ast.Expr, path string)) {
	u := &unguarded{ts: ts, ast: e.ast, see: see, seen: map[int64]bool{}}
	u.visit(e.ast.Expr(), known)
}

func (u *unguarded) visit(e ast.Expr, known paths) {
	switch e.Kind() {
	case ast.SelectKind:
		s := e.AsSelect()
		u.visit(s.Operand(), known)
		if !s.IsTestOnly() {
			u.field(e, s.Operand(), s.FieldName(), known)
		}
	case ast.CallKind:
		u.call(e.AsCall(), known)
	case ast.ListKind:
		for _, x := range e.AsList().Elements() {
			u.visit(x, known)
		}
	case ast.MapKind:
		for _, x := range e.AsMap().Entries() {
			u.visit(x.AsMapEntry().Key(), known)
			u.visit(x.AsMapEntry().Value(), known)
		}
	case ast.ComprehensionKind:
		c := e.AsComprehension()
		for _, x := range []ast.Expr{c.IterRange(), c.AccuInit(), c.LoopCondition(), c.LoopStep(), c.Result()} {
			u.visit(x, known)
		}
	}
}

func (u *unguarded) call(c ast.CallExpr, known paths) {
	args := c.Args()
	switch c.FunctionName() {
	case "_?_:_":
		u.visit(args[0], known)
		u.visit(args[1], known.with(facts(args[0], true)))
		u.visit(args[2], known.with(facts(args[0], false)))
		return
	case "_&&_", "_||_":
		// Either side may guard the other: an error on one side is absorbed when
		// the other decides.
		for i, a := range args {
			k := known
			for j, b := range args {
				if i != j {
					k = k.with(facts(b, c.FunctionName() == "_&&_"))
				}
			}
			u.visit(a, k)
		}
		return
	}
	if c.IsMemberFunction() {
		u.visit(c.Target(), known)
	}
	for _, a := range args {
		u.visit(a, known)
	}
}

func (u *unguarded) field(e, operand ast.Expr, name string, known paths) {
	r := u.ts.record(u.ast.GetType(operand.ID()))
	if r == nil || r.fields[name] == nil || !r.fields[name].optional || u.seen[e.ID()] {
		return
	}
	path := pathOf(e)
	if path == "" || known.has(path) {
		return
	}
	u.seen[e.ID()] = true
	u.see(e, path)
}

// placeOf is where a part of an expression stands in the file.
func placeOf(x *expr, e ast.Expr) (int, int) {
	at := x.ast.SourceInfo().GetStartLocation(e.ID())
	return place(x.at, max(at.Line(), 1), max(at.Column(), 0))
}

// checkReads warns of reads of what may be absent. What was certainly recorded
// on every way to a state counts as there.
func (l *loader) checkReads(p *procedure) {
	certain := p.certain()
	l.taken(p, certain)
	for _, r := range p.reads {
		known := certain[r.state]
		if r.action != "" {
			a := p.Action(r.action)
			known = p.before(certain, a)
			if r.after {
				known = known.with(p.recorded(a, r.sets)).with(ifTrue(a.If))
			}
			for _, t := range a.To[:min(r.target, len(a.To))] {
				known = known.with(ifFalse(t.If))
			}
		}
		l.cc.types.unguarded(r.e, known, func(e ast.Expr, path string) {
			line, col := placeOf(r.e, e)
			parts := strings.Split(path, ".")
			if len(parts) == 2 && parts[0] == "dossier" {
				l.add(r.e.at.file, line, col, "record_uncertain", parts[1])
				return
			}
			l.add(r.e.at.file, line, col, "optional_field", path)
		})
	}
}

// taken notes for every state which of the records that are certain there some
// expression reads without a guard.
func (l *loader) taken(p *procedure, certain map[string]paths) {
	read := map[string]bool{}
	for _, r := range p.reads {
		l.cc.types.unguarded(r.e, nil, func(_ ast.Expr, path string) {
			if parts := strings.Split(path, "."); parts[0] == "dossier" && len(parts) > 1 {
				read[parts[1]] = true
			}
		})
	}
	for _, s := range p.States {
		for _, name := range keysOf(read) {
			if certain[s.ID]["dossier."+name] {
				s.Takes = append(s.Takes, name)
			}
		}
	}
}

func ifTrue(e engine.Expr) paths {
	if x, ok := e.(*expr); ok {
		return facts(x.ast.Expr(), true)
	}
	return nil
}

func ifFalse(e engine.Expr) paths {
	if x, ok := e.(*expr); ok {
		return facts(x.ast.Expr(), false)
	}
	return nil
}

// recorded is what an action leaves behind: its record and its first n values.
func (p *procedure) recorded(a *engine.Action, n int) paths {
	out := paths{"dossier." + a.ID: true}
	for i, b := range a.Set {
		if x, ok := b.Value.(*expr); i < n && ok && !x.optional {
			out["dossier."+b.Name] = true
		}
	}
	return out
}

// before is what is certain whenever an action is taken.
func (p *procedure) before(certain map[string]paths, a *engine.Action) paths {
	var out paths
	for i, f := range a.From {
		if i == 0 {
			out = certain[f]
			continue
		}
		out = both(out, certain[f])
	}
	if a.Review != "" {
		out = out.with(paths{"dossier.review": true})
	}
	return out
}

// certain finds for every state what is recorded on every way there: the
// greatest fixed point over the transitions.
func (p *procedure) certain() map[string]paths {
	out := map[string]paths{p.States[0].ID: {}}
	queue := []string{p.States[0].ID}
	for steps := 0; len(queue) > 0 && steps < 100_000; steps++ {
		s := queue[0]
		queue = queue[1:]
		for _, a := range p.Actions {
			if !slices.Contains(a.From, s) {
				continue
			}
			known := out[s].with(ifTrue(a.If)).with(p.recorded(a, len(a.Set)))
			targets := a.To
			if len(targets) == 0 {
				continue // staying adds nothing that is certain
			}
			for _, t := range targets {
				then := known.with(ifTrue(t.If))
				known = known.with(ifFalse(t.If))
				old, seen := out[t.State]
				if seen {
					then = both(old, then)
				}
				if !seen || len(then) != len(old) {
					out[t.State] = then
					queue = append(queue, t.State)
				}
			}
		}
	}
	return out
}

// checkRequestInput compares a literal input's fields with the operation's form.
func (l *loader) checkRequestInput(s *engine.State, e *expr) {
	op, ok := l.set.Operation(s.Request.Registry, s.Request.Operation)
	if e == nil || !ok {
		return
	}
	in, _ := op.Input.(*schema)
	r := l.cc.types.record(l.cc.types.ofSchema(in))
	if r == nil || in == nil {
		return
	}
	var given map[string]bool
	line, col := e.at.line, e.at.col
	if root := e.ast.Expr(); root.Kind() == ast.MapKind {
		given = map[string]bool{}
		for _, x := range root.AsMap().Entries() {
			k := x.AsMapEntry().Key()
			if k.Kind() != ast.LiteralKind {
				return
			}
			name, _ := k.AsLiteral().Value().(string)
			given[name] = true
			l.checkRequestField(e, x.AsMapEntry(), name, r, s.Request)
		}
	} else if t := l.cc.types.record(e.typ); t != nil {
		given = map[string]bool{}
		for name := range t.fields {
			given[name] = true
		}
	} else {
		return
	}
	for _, name := range keysOf(r.fields) {
		if !r.fields[name].optional && !given[name] {
			l.add(e.at.file, line, col, "request_input_missing", name, s.Request.Registry+"."+s.Request.Operation)
		}
	}
}

func (l *loader) checkRequestField(e *expr, entry ast.MapEntry, name string, r *record, req *engine.RequestSpec) {
	line, col := placeOf(e, entry.Key())
	f := r.fields[name]
	if f == nil {
		l.add(e.at.file, line, col, "request_input_unknown", name, req.Registry+"."+req.Operation, nearest(name, keysOf(r.fields)), strings.Join(keysOf(r.fields), ", "))
		return
	}
	t := e.ast.GetType(entry.Value().ID())
	if t.TypeName() == "optional_type" && len(t.Parameters()) == 1 {
		t = t.Parameters()[0]
	}
	if !l.cc.types.fits(t, f.typ, 0) {
		l.add(e.at.file, line, col, "request_input_type", name, phrase(l.cc.types.words(t)), phrase(l.cc.types.words(f.typ)))
	}
}

// fits tells whether a value of type a can be one of type b, as far as types
// tell: a record must not lack a field that b needs, except where it may be there.
func (ts *typeSet) fits(a, b *cel.Type, depth int) bool {
	if a.Kind() == types.DynKind || b.Kind() == types.DynKind || a.IsExactType(b) || depth > 20 {
		return true
	}
	ra, rb := ts.record(a), ts.record(b)
	switch {
	case ra != nil && rb != nil:
		for name, f := range rb.fields {
			g := ra.fields[name]
			if g == nil {
				if !f.optional {
					return false
				}
				continue
			}
			if !ts.fits(g.typ, f.typ, depth+1) {
				return false
			}
		}
		return true
	case a.Kind() == types.MapKind || b.Kind() == types.MapKind:
		return (ra != nil || a.Kind() == types.MapKind) && (rb != nil || b.Kind() == types.MapKind)
	case a.Kind() == types.ListKind && b.Kind() == types.ListKind:
		return ts.fits(a.Parameters()[0], b.Parameters()[0], depth+1)
	case a.Kind() == types.IntKind && b.Kind() == types.DoubleKind, a.Kind() == types.NullTypeKind:
		return true
	case a.Kind() == types.TimestampKind && b.Kind() == types.StringKind: // written as text in JSON
		return true
	}
	return false
}
