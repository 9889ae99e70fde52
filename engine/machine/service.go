package machine

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"

	"lienthong/engine"
	"lienthong/engine/calendar"
)

// service is one version of a service while it is compiled.
type service struct {
	*engine.Service
	node  *node
	from  calendar.Date
	procs map[string]*procedure // by step
	must  map[string]map[string]bool
	may   map[string]map[string]bool
	app   *cel.Type
}

// loadService reads, checks and compiles one version.
func (l *loader) loadService(n *node) {
	if !l.object(n, "service", "version", "code", "title", "summary", "legal", "in_force", "form", "each", "key", "key_step",
		"reception", "limit", "fee", "subforms", "steps") {
		return
	}
	if l.tooMany(n.get("steps"), maxSteps) {
		return
	}
	s := &service{Service: &engine.Service{ID: l.id(n.get("service")), File: n.file}, node: n, procs: map[string]*procedure{},
		must: map[string]map[string]bool{}, may: map[string]map[string]bool{}}
	before := l.errors
	s.Version = l.str(l.need(n, "version"))
	s.Code = l.str(n.get("code"))
	s.Title = l.title(n.get("title"), n.get("service"), "service "+s.ID)
	s.Summary = l.text(n.get("summary"))
	s.Legal = l.strs(n.get("legal"))
	if f := l.need(n, "in_force"); f != nil && l.object(f, "from", "to") {
		s.from = l.date(l.need(f, "from"))
		s.From, s.To = midnight(s.from), midnight(l.date(f.get("to")))
		if !s.To.IsZero() && !s.From.Before(s.To) {
			l.at(f, "bad_period", s.From.Format("2006-01-02"), s.To.Format("2006-01-02"))
		}
	}
	s.Form = l.form(l.need(n, "form"))
	s.Limit = l.limit(n.get("limit"))
	l.readEach(s, n.get("each"))
	l.readSteps(s, l.need(n, "steps"))
	if l.orderSteps(s) {
		l.compileService(s)
	}
	for _, x := range l.list(n.get("subforms")) {
		if id := l.str(x); id != "" {
			s.Subforms = append(s.Subforms, id)
			l.useSubform(s, x, id)
		}
	}
	for _, o := range l.set.services[s.ID] {
		if o.Version == s.Version {
			l.at(n.get("version"), "duplicate_version", s.ID, s.Version, o.File)
		}
	}
	if l.errors == before {
		s.Hash = hashService(l.set, s.Service)
	}
	l.set.services[s.ID] = append(l.set.services[s.ID], s.Service)
}

// readEach reads each and derives the type of application from it.
func (l *loader) readEach(s *service, n *node) {
	s.app = l.formType(s.Form)
	if n == nil || !l.object(n, "list", "as") {
		return
	}
	s.Each = &engine.Each{List: l.str(l.need(n, "list")), As: l.id(l.need(n, "as"))}
	fields := l.cc.types.fieldsOf(s.app)
	if len(fields) == 0 {
		return
	}
	list, ok := fields[s.Each.List]
	if !ok || list.typ.Kind() != cel.ListKind {
		l.at(n, "each_not_list", s.Each.List, s.Form.ID)
		return
	}
	delete(fields, s.Each.List)
	if _, taken := fields[s.Each.As]; taken {
		l.at(n, "name_collision", s.Each.As, engine.Text{VI: "một trường của biểu mẫu", EN: "a field of the form"})
	}
	fields[s.Each.As] = fieldSpec{list.typ.Parameters()[0], false}
	s.app = l.cc.types.make(fields)
}

func (l *loader) readSteps(s *service, n *node) {
	l.entries(n, func(k, n *node) {
		st := &engine.Step{ID: k.text, Else: engine.Else{Kind: engine.ElseAbsent}}
		s.Steps = append(s.Steps, st)
		if !l.object(n, "title", "procedure", "at", "needs", "if", "else", "with") {
			return
		}
		if slices.Contains(reserved, st.ID) {
			l.at(k, "reserved_word", st.ID)
		}
		st.Title = l.text(n.get("title"))
		if p := l.procedureAt(l.need(n, "procedure"), s.from); p != nil {
			s.procs[st.ID] = p
			p.used = true
			st.Procedure = p.Procedure
			if st.Title.IsZero() {
				st.Title = p.Title
			}
			l.compareLimits(s, p, n)
		}
		for _, x := range l.list(n.get("needs")) {
			name, optional := strings.CutSuffix(l.str(x), "?")
			if slices.ContainsFunc(st.Needs, func(o engine.Need) bool { return o.Step == name }) {
				l.at(x, "duplicate_id", name)
			}
			st.Needs = append(st.Needs, engine.Need{Step: name, Optional: optional})
		}
		l.readElse(st, n.get("else"))
	})
}

// absent says that there is nothing of a name, unless the file that should hold it was
// refused: that is told already.
func (l *loader) absent(n *node, code, folder, id string, names []string) {
	file := folder + "/" + id + ".yaml"
	if slices.ContainsFunc(l.all, func(f Finding) bool { return f.File == file && f.Severity == SeverityError }) {
		l.errors++ // what needs it cannot be compiled either
		return
	}
	l.at(n, code, id, nearest(id, names))
}

// procedureAt finds the newest version since a day.
func (l *loader) procedureAt(n *node, day calendar.Date) *procedure {
	id := l.str(n)
	if id == "" {
		return nil
	}
	versions := l.procs[id]
	if len(versions) == 0 {
		l.absent(n, "unknown_procedure", "procedures", id, keysOf(l.procs))
		return nil
	}
	for _, p := range versions {
		if p.since <= day {
			return p
		}
	}
	l.at(n, "no_procedure_version", id, day)
	return nil
}

// compareLimits warns of a procedure that may take longer than its service.
func (l *loader) compareLimits(s *service, p *procedure, n *node) {
	if s.Limit == nil || p.Limit == nil || s.Limit.Param != "" || p.Limit.Param != "" {
		return
	}
	if a, b := hours(p.Limit.Within), hours(s.Limit.Within); a > b && b > 0 { // 0: it could not be read
		l.at(n.get("procedure"), "limit_above_service", p.Limit.Within, p.ID, s.Limit.Within)
	}
}

// hours measures a limit roughly, to compare two.
func hours(l calendar.Limit) float64 {
	per := map[calendar.Unit]float64{calendar.Hour: 1, calendar.WorkingHour: 4.2, calendar.Day: 24,
		calendar.WorkingDay: 33.6, calendar.Month: 730}
	if l.Unit == calendar.SameWorkingDay {
		return 24
	}
	return float64(l.N) * per[l.Unit]
}

func (l *loader) readElse(st *engine.Step, n *node) {
	switch {
	case n == nil:
	case n.kind == mapKind:
		if l.object(n, "refuse") {
			st.Else = engine.Else{Kind: engine.ElseRefuse, Reason: l.text(l.need(n, "refuse"))}
		}
	default:
		k := engine.ElseKind(l.str(n))
		if k != engine.ElseAbsent && k != engine.ElseNotApplicable {
			l.at(n, "bad_else", n.text)
		}
		st.Else.Kind = k
	}
}

// orderSteps resolves needs, refuses cycles and puts needs first.
func (l *loader) orderSteps(s *service) bool {
	steps := s.node.get("steps")
	if len(s.Steps) == 0 {
		l.at(s.node, "missing_key", "steps")
		return false
	}
	ids := map[string]bool{}
	for _, st := range s.Steps {
		ids[st.ID] = true
	}
	ok := true
	for _, st := range s.Steps {
		for _, nd := range st.Needs {
			if !ids[nd.Step] {
				l.at(steps.get(st.ID).get("needs"), "unknown_step", nd.Step, nearest(nd.Step, keysOf(ids)))
				ok = false
			}
		}
	}
	s.KeyStep, s.Reception = s.Steps[0].ID, s.Steps[0].ID
	for key, to := range map[string]*string{"key_step": &s.KeyStep, "reception": &s.Reception} {
		if n := s.node.get(key); n != nil {
			if *to = l.str(n); !ids[*to] {
				l.at(n, "unknown_step", *to, nearest(*to, keysOf(ids)))
			}
		}
	}
	if !ok {
		return false
	}
	var sorted []*engine.Step
	done := map[string]bool{}
	for len(sorted) < len(s.Steps) {
		before := len(sorted)
		for _, st := range s.Steps {
			if !done[st.ID] && !slices.ContainsFunc(st.Needs, func(n engine.Need) bool { return !done[n.Step] }) {
				done[st.ID] = true
				sorted = append(sorted, st)
			}
		}
		if len(sorted) == before {
			circle := circleOf(s.Steps, done)
			l.at(keyOf(steps, circle[0]), "need_cycle", strings.Join(circle, " → "))
			return false
		}
	}
	s.Steps = sorted
	s.ancestry()
	return true
}

// circleOf is a circle of needs among the steps that are not done: each of them needs
// another one. It begins and ends with the same step, the first of it in the file.
func circleOf(steps []*engine.Step, done map[string]bool) []string {
	need := map[string]string{}
	var at string
	for _, st := range steps {
		for _, n := range st.Needs {
			if !done[st.ID] && !done[n.Step] && need[st.ID] == "" {
				need[st.ID], at = n.Step, st.ID
			}
		}
	}
	for range steps { // into the circle, whatever leads to it
		at = need[at]
	}
	for _, st := range steps {
		for x := need[at]; ; x = need[x] {
			if x == st.ID {
				circle := []string{x}
				for y := need[x]; y != x; y = need[y] {
					circle = append(circle, y)
				}
				return append(circle, x)
			}
			if x == at {
				break
			}
		}
	}
	return []string{at}
}

// ancestry finds for every step those that must have succeeded before it, and
// those that may have ended in any way. Steps are in order.
func (s *service) ancestry() {
	for _, st := range s.Steps {
		must, may := map[string]bool{}, map[string]bool{}
		for _, n := range st.Needs {
			if !n.Optional {
				must[n.Step] = true
			} else {
				may[n.Step] = true
			}
			for a := range s.must[n.Step] {
				if n.Optional {
					may[a] = true
				} else {
					must[a] = true
				}
			}
			for a := range s.may[n.Step] {
				may[a] = true
			}
		}
		for a := range must {
			delete(may, a)
		}
		s.must[st.ID], s.may[st.ID] = must, may
	}
}

// compileService compiles the expressions of a service.
func (l *loader) compileService(s *service) {
	n := s.node
	sc := l.serviceScope(s, "")
	report := func(e *expr) *expr { return l.checkService(e, nil) }
	s.Key = asExpr(report(sc.compile(n.get("key"), wantKey)))
	if f := n.get("fee"); f != nil && l.object(f, "amount", "purpose", "within", "parts") {
		s.Fee = &engine.Fee{Purpose: l.text(l.need(f, "purpose"))}
		s.Fee.Amount = asExpr(report(sc.compile(l.need(f, "amount"), wantInt)))
		if w := l.need(f, "within"); w != nil {
			d, param := l.duration(w)
			l.durationParam(w, param)
			s.Fee.Within = &engine.Limit{Within: d, Param: param}
		}
		for _, x := range l.list(f.get("parts")) {
			if l.object(x, "price", "times") {
				s.Fee.Parts = append(s.Fee.Parts, engine.FeePart{Price: l.price(l.need(x, "price")),
					Times: asExpr(report(sc.compile(l.need(x, "times"), wantInt)))})
			}
		}
	}
	for _, st := range s.Steps {
		l.compileStep(s, st, n.get("steps").get(st.ID))
	}
}

// price reads the name of a parameter that holds whole đồng.
func (l *loader) price(n *node) string {
	name := l.str(n)
	l.asked[name] = l.asked[name] || n != nil
	if values, ok := l.set.paramValues[name]; n != nil && !ok {
		l.at(n, "unknown_parameter", name, nearest(name, keysOf(l.set.paramValues)))
	} else if ok {
		for _, v := range values {
			if _, whole := v.(int64); !whole {
				l.at(n, "wrong_type", "đồng", fmt.Sprint(v))
				break
			}
		}
	}
	return name
}

func (l *loader) compileStep(s *service, st *engine.Step, n *node) {
	sc := l.serviceScope(s, st.ID)
	at := sc.compile(l.need(n, "at"), wantText)
	cond := sc.compile(n.get("if"), wantBool)
	st.At, st.If = asExpr(l.checkService(at, ifTrue(asExpr(cond)))), asExpr(l.checkService(cond, nil))
	p := s.procs[st.ID]
	with := n.get("with")
	if with != nil && !l.object(with, keyTexts(with)...) {
		return
	}
	if with != nil {
		for i, k := range with.keys {
			e := l.checkService(sc.compile(with.items[i], wantAny), ifTrue(asExpr(cond)))
			if e != nil {
				st.With = append(st.With, engine.Binding{Name: k.text, Value: e, Steps: stepsOf(e.ast.Expr())})
			}
			l.checkWith(p, k, e)
		}
	}
	if p == nil {
		return
	}
	for _, in := range p.inputs {
		if !in.optional && (with == nil || with.get(in.name) == nil) {
			l.at(keyOf(s.node.get("steps"), st.ID), "missing_with", in.name, p.ID)
		}
	}
}

// unknownInput tells of a value that a procedure does not take.
func (l *loader) unknownInput(n *node, p *procedure, name string) {
	var names []string
	for _, i := range p.inputs {
		names = append(names, i.name)
	}
	l.at(n, "unknown_input", name, p.ID, nearest(name, names))
}

// checkWith compares a `with` value with the procedure's input.
func (l *loader) checkWith(p *procedure, k *node, e *expr) {
	if p == nil {
		return
	}
	in := p.input(k.text)
	if in == nil {
		l.unknownInput(k, p, k.text)
		return
	}
	if e == nil {
		return
	}
	if e.optional && !in.optional {
		l.at(k, "with_optional", k.text, p.ID)
	}
	if want := l.formType(in.form); !l.cc.types.fits(e.typ, want, 0) {
		l.at(k, "with_type", k.text, phrase(l.cc.types.words(e.typ)), phrase(l.cc.types.words(want)))
	}
}

// serviceScope declares what a step sees: of steps, those that it needs, however
// far back. With step "", no steps at all.
func (l *loader) serviceScope(s *service, step string) *scope {
	ts := l.cc.types
	steps := map[string]fieldSpec{}
	for _, st := range s.Steps {
		id, p := st.ID, s.procs[st.ID]
		if p == nil || p.broken {
			steps[id] = fieldSpec{cel.DynType, false}
			continue
		}
		must, may := s.must[step][id], s.may[step][id]
		if !must && !may {
			continue
		}
		fields := map[string]fieldSpec{"status": {cel.StringType, false}, "state": {cel.StringType, may},
			"outcome": {cel.StringType, may}, "office": {cel.StringType, may}}
		switch {
		case must && p.success != nil:
			fields["result"] = fieldSpec{p.success, false}
		case may && p.anyEnd != nil:
			fields["result"] = fieldSpec{p.anyEnd, true}
		}
		steps[id] = fieldSpec{ts.make(fields), false}
	}
	vars := map[string]*cel.Type{"application": s.app, "requester": ts.person(), "filed_at": cel.TimestampType, "now": cel.TimestampType}
	if step != "" {
		vars["steps"] = ts.make(steps)
	}
	sc := l.cc.scope(vars)
	sc.check = func(at *node, e ast.Expr) bool {
		ok := true
		for _, name := range stepsOf(e) {
			if _, seen := steps[name]; seen {
				continue
			}
			ok = false
			switch {
			case s.Step(name) == nil:
				l.at(at, "unknown_step", name, nearest(name, keysOf(s.procs)))
			case step != "":
				l.at(at, "step_not_needed", name, step)
			default:
				l.at(at, "step_too_early", name)
			}
		}
		return ok
	}
	return sc
}

// checkService reports unguarded reads: of an optional need's result an error,
// of an optional field a warning.
func (l *loader) checkService(e *expr, known paths) *expr {
	if e == nil {
		return nil
	}
	l.cc.types.unguarded(e, known, func(x ast.Expr, path string) {
		line, col := placeOf(e, x)
		if parts := strings.Split(path, "."); len(parts) == 3 && parts[0] == "steps" && parts[2] == "result" {
			l.add(e.at.file, line, col, "optional_result", parts[1])
			return
		}
		l.add(e.at.file, line, col, "optional_field", path)
	})
	return e
}

// checkSet checks what only the whole set shows.
func (l *loader) checkSet() {
	for _, id := range keysOf(l.set.services) {
		versions := l.set.services[id]
		slices.SortStableFunc(versions, func(a, b *engine.Service) int {
			return cmp.Or(a.From.Compare(b.From), cmp.Compare(a.Version, b.Version))
		})
		for i := 1; i < len(versions); i++ {
			a, b := versions[i-1], versions[i]
			// One without an end is in force until the next begins: a published version
			// cannot be given an end.
			if a.Version != b.Version && (b.From.Before(a.To) || !a.From.Before(b.From)) {
				l.at(l.serviceNode(b), "version_overlap", id, a.Version, b.Version)
			}
		}
	}
	slices.SortStableFunc(l.set.procedures, func(a, b *engine.Procedure) int {
		return cmp.Or(cmp.Compare(a.ID, b.ID), cmp.Compare(a.File, b.File))
	})
	if l.errors > 0 { // what is wrong may hide who uses a procedure
		return
	}
	l.unusedParameters()
	for _, id := range keysOf(l.procs) {
		for _, p := range l.procs[id] {
			if !p.used {
				l.at(p.node.get("procedure"), "unused_procedure", id)
				continue
			}
			for _, a := range p.Actions {
				if a.Returns != "" && !l.bound(p, a.Returns) {
					l.at(p.actions[a.ID].get("returns"), "returns_unbound", a.Returns, id)
				}
			}
		}
	}
}

func (l *loader) serviceNode(s *engine.Service) *node {
	for _, n := range l.files["services"] {
		if n.file == s.File {
			return n.get("in_force")
		}
	}
	return &node{file: s.File}
}

// bound tells whether some service gives a procedure an input from a result.
func (l *loader) bound(p *procedure, input string) bool {
	for _, versions := range l.set.services {
		for _, s := range versions {
			for _, st := range s.Steps {
				if st.Procedure != p.Procedure {
					continue
				}
				for _, b := range st.With {
					if b.Name == input && len(b.Steps) > 0 {
						return true
					}
				}
			}
		}
	}
	return false
}
