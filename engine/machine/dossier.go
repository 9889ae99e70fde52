package machine

import (
	"slices"

	"cel.dev/cel-go/cel"

	"lienthong/engine"
)

// read is an expression to be searched for reads of what may be absent, with
// where it is evaluated.
type read struct {
	e      *expr
	state  string // evaluated in, or on entering, this state; "" with action
	action string // evaluated when this action is taken
	after  bool   // after its input was recorded
	sets   int    // and so many of its `set`
	target int    // and as many of its targets did not apply
}

var (
	optionalText = fieldSpec{cel.StringType, true}
	textList     = cel.ListType(cel.StringType)
)

func (ts *typeSet) person() *cel.Type {
	return ts.make(map[string]fieldSpec{
		"id": {cel.StringType, false}, "name": {cel.StringType, false}, "phone": optionalText, "email": optionalText,
	})
}

func (ts *typeSet) actor() *cel.Type {
	return ts.make(map[string]fieldSpec{
		"kind": {cel.StringType, false}, "id": {cel.StringType, false}, "name": {cel.StringType, false},
		"office": {cel.StringType, false}, "roles": {textList, false},
	})
}

// formType is the type of a form's values.
func (l *loader) formType(f *engine.Form) *cel.Type {
	if f == nil {
		return cel.DynType
	}
	return l.cc.types.ofSchema(l.set.schemas[f.ID])
}

// typeDossier builds the type of dossier. The values of `set` are typed by their
// own expressions, which may read each other: whatever compiles is added until
// nothing more does, and what then remains (it reads itself) is dyn.
func (l *loader) typeDossier(p *procedure) {
	for _, in := range p.inputs {
		p.fields[in.name] = fieldSpec{l.formType(in.form), in.optional}
	}
	for _, a := range p.Actions {
		p.fields[a.ID] = fieldSpec{l.recordType(p, a), true}
	}
	p.fields["review"] = fieldSpec{cel.MapType(cel.StringType, cel.DynType), true}
	parties := map[string]fieldSpec{}
	for _, s := range p.Parties {
		parties[s.ID] = fieldSpec{textList, true}
	}
	p.fields["parties"] = fieldSpec{l.cc.types.make(parties), true}

	type stored struct {
		name string
		n    *node
	}
	var open []stored
	for _, a := range p.Actions {
		if set := p.actions[a.ID].get("set"); set != nil && set.kind == mapKind {
			for i, k := range set.keys {
				open = append(open, stored{k.text, set.items[i]})
			}
		}
	}
	for progress := true; progress && len(open) > 0; {
		progress = false
		sc := l.procedureScope(p)
		open = slices.DeleteFunc(open, func(s stored) bool {
			t, ok := sc.typeOf(s.n)
			if !ok {
				return false
			}
			if known, again := p.fields[s.name]; again && !known.typ.IsExactType(t) {
				t = cel.DynType
			}
			p.fields[s.name] = fieldSpec{t, true}
			progress = true
			return true
		})
	}
	for _, s := range open {
		if _, known := p.fields[s.name]; !known {
			p.fields[s.name] = fieldSpec{cel.DynType, true}
		}
	}
	p.scope = l.procedureScope(p)
}

func (l *loader) procedureScope(p *procedure) *scope {
	return l.cc.scope(map[string]*cel.Type{
		"dossier": l.cc.types.make(p.fields), "actor": l.cc.types.actor(), "requester": l.cc.types.person(),
		"filed_at": cel.TimestampType, "now": cel.TimestampType,
	})
}

// recordType is the type of what is kept of an action.
func (l *loader) recordType(p *procedure, a *engine.Action) *cel.Type {
	fields := map[string]fieldSpec{}
	if a.Input != nil && a.Input.Schema == nil {
		return cel.DynType // reported where the form is
	}
	if a.Input != nil {
		fields = l.cc.types.fieldsOf(l.formType(a.Input))
	}
	done, refused := l.repliesTo(p, a.ID)
	for i, op := range done {
		s, _ := op.Reply.(*schema)
		if s == nil {
			return cel.DynType // reported where the operation is
		}
		reply := l.cc.types.fieldsOf(l.cc.types.ofSchema(s))
		if i > 0 {
			reply = merge(fields, reply)
		}
		fields = reply
	}
	if refused { // a refusal has no data
		for n, f := range fields {
			f.optional = true
			fields[n] = f
		}
	}
	own := map[string]fieldSpec{"by": {cel.StringType, false}, "at": {cel.TimestampType, false}, "comment": optionalText}
	if refused || len(done) > 0 {
		own["code"] = fieldSpec{cel.StringType, !refused || len(done) > 0}
		own["detail"] = fieldSpec{cel.DynType, true}
	}
	if slices.Contains(a.By, engine.ByUpstream) { // what the issuer did: amended, kept or annulled
		own["outcome"] = fieldSpec{cel.StringType, false}
	}
	for n, f := range own {
		if _, given := fields[n]; !given {
			fields[n] = f
		}
	}
	return l.cc.types.make(fields)
}

// repliesTo lists the operations whose success takes an action, and whether a
// refusal does.
func (l *loader) repliesTo(p *procedure, action string) (done []engine.Operation, refused bool) {
	for _, s := range p.States {
		if s.Request == nil {
			continue
		}
		for _, code := range keysOf(s.Request.Replies) {
			if s.Request.Replies[code] != action {
				continue
			}
			if code != "ok" {
				refused = true
			} else {
				op, _ := l.set.Operation(s.Request.Registry, s.Request.Operation)
				done = append(done, op)
			}
		}
	}
	return done, refused
}

// compileProcedure compiles every expression of a procedure.
func (l *loader) compileProcedure(p *procedure) {
	add := func(e *expr, r read) *expr {
		if e != nil {
			r.e = e
			p.reads = append(p.reads, r)
		}
		return e
	}
	for _, s := range p.States {
		n := p.states[s.ID]
		in := read{state: s.ID}
		s.At = asExpr(add(p.scope.compile(n.get("at"), wantText), in))
		if s.Request != nil {
			e := add(p.scope.compile(n.get("request").get("input"), wantMap), in)
			s.Request.Input = asExpr(e)
			l.checkRequestInput(s, e)
		}
		if s.Result == nil {
			continue
		}
		types := map[string]fieldSpec{}
		if d := n.get("result").get("data"); d != nil && d.kind == mapKind {
			for i, k := range d.keys {
				e := add(p.scope.compile(d.items[i], wantAny), in)
				if e == nil {
					continue
				}
				s.Result.Data = append(s.Result.Data, engine.Binding{Name: k.text, Value: e})
				types[k.text] = fieldSpec{e.typ, e.optional}
			}
		}
		p.addResult(l.cc.types, s.Final, types)
	}
	for _, s := range p.Parties {
		s.People = asExpr(p.scope.compile(p.parties[s.ID].get("people"), wantIDs))
		e, _ := s.People.(*expr)
		for _, a := range p.Actions {
			if a.Party != nil && slices.Contains(a.Party.Sets, s.ID) {
				for _, f := range a.From {
					add(e, read{state: f})
				}
			}
		}
	}
	for _, a := range p.Actions {
		l.compileAction(p, a, add)
	}
}

func (l *loader) compileAction(p *procedure, a *engine.Action, add func(*expr, read) *expr) {
	n := p.actions[a.ID]
	a.If = asExpr(add(p.scope.compile(n.get("if"), wantBool), read{action: a.ID}))
	if set := n.get("set"); set != nil && set.kind == mapKind {
		for i, k := range set.keys {
			e := add(p.scope.compile(set.items[i], wantAny), read{action: a.ID, after: true, sets: i})
			if e != nil {
				a.Set = append(a.Set, engine.Binding{Name: k.text, Value: e})
				p.sets[a.ID] = append(p.sets[a.ID], e)
			}
		}
	}
	to := n.get("to")
	if to == nil || to.kind != listKind {
		return
	}
	for i := range a.To {
		if i < len(to.items) && to.items[i].kind == mapKind {
			a.To[i].If = asExpr(add(p.scope.compile(to.items[i].get("if"), wantBool),
				read{action: a.ID, after: true, sets: len(a.Set), target: i}))
		}
	}
}

// addResult joins the type of one final state's result to the procedure's.
func (p *procedure) addResult(ts *typeSet, final engine.FinalKind, fields map[string]fieldSpec) {
	if len(fields) == 0 {
		return
	}
	join := func(t **cel.Type) {
		if *t == nil {
			*t = ts.make(fields)
			return
		}
		*t = ts.make(merge(ts.fieldsOf(*t), fields))
	}
	if final == engine.FinalSuccess {
		join(&p.success)
	}
	join(&p.anyEnd)
}
