package verify

import (
	"slices"
	"strings"

	"lienthong/engine"
	"lienthong/engine/machine"
)

// model is one service prepared for the search.
type model struct {
	set   *machine.Set
	svc   *engine.Service
	table *table
	forms schemas
	steps []*step
	sc    *scope  // of the service's expressions
	moods []mood  // variables that follow from how a step stands
	ends  [][]int // by service variable: the steps that read it while they wait
}

// mood is a service variable that a step's standing decides.
type mood struct {
	v, step int
	what    string // status, outcome, state, result
}

// step is one step with its procedure.
type step struct {
	*engine.Step
	i         int
	p         *engine.Procedure
	sc        *scope
	states    map[string]int
	acts      []action
	after     [][]int  // by state: the action of each timer
	live      []uint64 // by state: the variables that may still be read
	liveRecs  []uint64 // by state: the records whose presence may still be read
	cond      *cond
	nullable  *cond // its place is there
	needs     []need
	all       []need     // and what those cannot do without
	with      []string   // names whose values may change when they are bound anew
	bound     []copied   // variables known from where their value comes
	sure      []int      // `has` variables of values that are always given
	results   []copied   // service variables known from what a final state issues
	reads     []int      // steps whose result a `with` value takes for granted
	uses      []int      // steps whose results are handed in
	sets      bool       // some action computes values
	heads     []bool     // states in which the machine comes full circle
	laterEnds [7][]uint8 // by how it ended: the ends it may come to after that
}

type need struct {
	step     int
	optional bool
}

// copied is a variable whose value comes from one of another scope.
type copied struct {
	from, to int
	state    int // of a result: the final state that issues it
}

// action is an action with its conditions.
type action struct {
	*engine.Action
	i      int
	from   []int
	to     []target
	guard  *cond
	sets   []setting
	record int // bit of its own record; -1 when nobody asks
	review string
	kind   int
	issuer int // step asked to correct, for returns; -1
}

type target struct {
	cond  *cond
	state int
}

// setting is one computed value.
type setting struct {
	name   string
	record int
	fixed  values // what it is one of; 0 = not known
	v      int    // its own variable
}

// Kinds of action.
const (
	byPeople = iota
	byItself // registry, timer, upstream or downstream only
	byParties
	byAnswer // of a supplement
)

func newModel(set *machine.Set, svc *engine.Service) *model {
	m := &model{set: set, svc: svc, forms: schemas{}}
	var constants []any
	gather := func(c *machine.Condition) {
		walkTests(c, func(t *machine.Test) { constants = append(constants, t.In...) })
	}
	for _, st := range svc.Steps {
		gather(machine.ConditionOf(st.If))
		for _, a := range st.Procedure.Actions {
			gather(machine.ConditionOf(a.If))
			for _, t := range a.To {
				gather(machine.ConditionOf(t.If))
			}
			for _, b := range a.Set {
				if vs, ok := machine.ConstantsOf(b.Value); ok {
					constants = append(constants, vs...)
				}
			}
		}
	}
	m.table = newTable(constants)
	m.sc = m.serviceScope()
	for i, st := range svc.Steps {
		m.steps = append(m.steps, &step{Step: st, i: i, p: st.Procedure})
	}
	for _, st := range m.steps {
		m.sc.count(machine.ConditionOf(st.If))
	}
	for _, st := range m.steps {
		m.linkNeeds(st)
		st.cond = m.sc.compile(machine.ConditionOf(st.If))
		if machine.MayBeNothing(st.At) {
			st.nullable = m.placed(st)
		}
	}
	for _, st := range slices.Backward(m.steps) { // whoever reads comes before what is read
		m.compileStep(st)
	}
	m.linkReaders()
	return m
}

func walkTests(c *machine.Condition, see func(*machine.Test)) {
	if c == nil {
		return
	}
	if c.Test != nil {
		see(c.Test)
	}
	for _, a := range c.Args {
		walkTests(a, see)
	}
}

func (m *model) index(step string) int {
	return slices.IndexFunc(m.svc.Steps, func(s *engine.Step) bool { return s.ID == step })
}

func (m *model) linkNeeds(st *step) {
	for _, n := range st.Needs {
		st.needs = append(st.needs, need{m.index(n.Step), n.Optional})
	}
	st.all = slices.Clone(st.needs)
	for i := 0; i < len(st.all); i++ {
		if st.all[i].optional {
			continue
		}
		for _, n := range m.steps[st.all[i].step].needs {
			if !n.optional && !slices.Contains(st.all, n) {
				st.all = append(st.all, n)
			}
		}
	}
}

// placed is the condition that a step has a place.
func (m *model) placed(st *step) *cond {
	if p := machine.PathOf(st.At); p != "" {
		return m.sc.test(&machine.Test{Path: p, Has: true, Reads: []string{p}, Text: st.At.Source()})
	}
	return m.sc.test(&machine.Test{Text: "place " + st.At.Source(), Reads: machine.ReadsOf(st.At)})
}

// serviceScope is what a service's conditions are about.
func (m *model) serviceScope() *scope {
	return &scope{t: m.table, index: map[string]int{}, shared: map[string]int{},
		rootOf: func(p string) (string, bool) {
			parts := strings.Split(p, ".")
			switch {
			case parts[0] == "now":
				return "", false
			case parts[0] == "application":
				return "application", true
			case parts[0] == "steps" && len(parts) > 1:
				return "steps." + parts[1], true
			}
			return "", parts[0] != "steps"
		},
		domain: func(p string) (values, bool) {
			parts := strings.Split(p, ".")
			if parts[0] != "application" {
				return 0, false
			}
			path := parts[1:]
			if e := m.svc.Each; e != nil && len(path) > 0 && path[0] == e.As {
				item, _ := m.forms.at(m.svc.Form.Schema, []string{e.List})["items"].(map[string]any)
				root := m.forms.root(m.svc.Form.Schema)
				at := deref(root, item)
				for _, k := range path[1:] {
					next, _ := engine.At(at, "properties", k).(map[string]any)
					at = deref(root, next)
				}
				return m.table.allowed(at)
			}
			return m.table.allowed(m.forms.at(m.svc.Form.Schema, path))
		},
	}
}

// compileStep prepares a step's procedure.
func (m *model) compileStep(st *step) {
	p := st.p
	st.states = map[string]int{}
	for i, s := range p.States {
		st.states[s.ID] = i
	}
	st.sc = m.dossierScope(st)
	for _, a := range p.Actions {
		st.sc.count(machine.ConditionOf(a.If))
		for _, t := range a.To {
			st.sc.count(machine.ConditionOf(t.If))
		}
	}
	for i, a := range p.Actions {
		st.acts = append(st.acts, m.compileAction(st, i, a))
	}
	for _, s := range p.States {
		var timers []int
		for _, a := range s.After {
			timers = append(timers, slices.IndexFunc(p.Actions, func(x *engine.Action) bool { return x.ID == a.Action }))
		}
		st.after = append(st.after, timers)
	}
	m.linkResults(st)
	for i := range st.acts { // every variable is known now
		for j := range st.acts[i].sets {
			s := &st.acts[i].sets[j]
			if v, ok := st.sc.index["dossier."+s.name]; ok {
				s.v = v
			}
		}
	}
	m.linkInputs(st)
	st.liveness()
	st.afterwards()
}

// dossierScope is what a procedure's conditions are about.
func (m *model) dossierScope(st *step) *scope {
	p := st.p
	names := []string{}
	for _, a := range p.Actions {
		names = append(names, a.ID)
		for _, b := range a.Set {
			names = append(names, b.Name)
		}
	}
	s := &scope{t: m.table, index: map[string]int{}, shared: map[string]int{}, records: map[string]int{}}
	s.rootOf = func(path string) (string, bool) {
		parts := strings.Split(path, ".")
		switch {
		case parts[0] == "actor" || parts[0] == "now" || path == "dossier":
			return "", false
		case parts[0] == "dossier":
			return parts[1], parts[1] != "review"
		}
		return "", true
	}
	s.domain = func(path string) (values, bool) { return m.dossierDomain(p, path) }
	s.merges = func(path string) bool {
		name, _ := strings.CutPrefix(path, "dossier.")
		return slices.ContainsFunc(st.With, func(b engine.Binding) bool { return b.Name == name && machine.PathOf(b.Value) == "" })
	}
	var asked []string
	see := func(t *machine.Test) {
		for _, r := range t.Reads {
			if name, ok := strings.CutPrefix(r, "dossier."); ok && t.Has && r == t.Path && slices.Contains(names, name) && !slices.Contains(asked, name) {
				asked = append(asked, name)
			}
		}
	}
	for _, a := range p.Actions {
		walkTests(machine.ConditionOf(a.If), see)
		for _, t := range a.To {
			walkTests(machine.ConditionOf(t.If), see)
		}
	}
	for i, name := range asked {
		if i < 64 {
			s.records[name] = i
		}
	}
	return s
}

// dossierDomain is what a form allows at a path of dossier.
func (m *model) dossierDomain(p *engine.Procedure, path string) (values, bool) {
	parts := strings.Split(path, ".")
	if parts[0] != "dossier" || len(parts) < 2 {
		return 0, false
	}
	var of engine.Schema
	if f := p.Inputs[parts[1]]; f != nil {
		of = f.Schema
	} else if a := p.Action(parts[1]); a != nil && a.Input != nil {
		of = a.Input.Schema
	} else if a != nil {
		for _, s := range p.States {
			if s.Request != nil && s.Request.Replies["ok"] == a.ID {
				op, _ := m.set.Operation(s.Request.Registry, s.Request.Operation)
				of = op.Reply
			}
		}
	}
	if of != nil {
		return m.table.allowed(m.forms.at(of, parts[2:]))
	}
	var out values
	for _, a := range p.Actions {
		for _, b := range a.Set {
			if b.Name != parts[1] || len(parts) > 2 {
				continue
			}
			f := m.fixed(b.Value)
			if f == 0 {
				return 0, false
			}
			out |= f
		}
	}
	return out, out != 0
}

// fixed is the set of constants that an expression chooses from; 0 = not known.
func (m *model) fixed(x engine.Expr) values {
	vs, ok := machine.ConstantsOf(x)
	if !ok {
		return 0
	}
	var out values
	for _, v := range vs {
		if !m.table.known(v) {
			return 0
		}
		out |= m.table.of(v)
	}
	return out
}

func (m *model) compileAction(st *step, i int, a *engine.Action) action {
	out := action{Action: a, i: i, record: -1, issuer: -1, review: a.Review}
	if bit, ok := st.sc.records[a.ID]; ok {
		out.record = bit
	}
	for _, f := range a.From {
		out.from = append(out.from, st.states[f])
	}
	out.guard = st.sc.compile(machine.ConditionOf(a.If))
	for _, t := range a.To {
		out.to = append(out.to, target{st.sc.compile(machine.ConditionOf(t.If)), st.states[t.State]})
	}
	for _, b := range a.Set {
		s := setting{name: b.Name, record: -1, fixed: m.fixed(b.Value), v: -1}
		if bit, ok := st.sc.records[b.Name]; ok {
			s.record = bit
		}
		out.sets = append(out.sets, s)
		st.sets = true
	}
	switch {
	case a.Party != nil:
		out.kind = byParties
	case a.Input != nil && a.Input.ID == engine.FormSupplementAnswer:
		out.kind = byAnswer
	case !people(a):
		out.kind = byItself
	}
	if a.Returns != "" {
		for _, b := range st.With {
			if b.Name == a.Returns && len(b.Steps) > 0 {
				out.issuer = m.index(b.Steps[0])
			}
		}
	}
	return out
}

// people tells whether somebody may take an action on their own.
func people(a *engine.Action) bool {
	return slices.ContainsFunc(a.By, func(r string) bool {
		return !slices.Contains([]string{engine.ByTimer, engine.ByRegistry, engine.ByUpstream, engine.ByDownstream}, r)
	})
}

// linkResults finds the service variables that a step's results decide.
func (m *model) linkResults(st *step) {
	prefix := "steps." + st.ID + ".result."
	for _, v := range slices.Clone(m.sc.vars) {
		rest, ok := strings.CutPrefix(v.path, prefix)
		if !ok {
			continue
		}
		name, deeper, _ := strings.Cut(rest, ".")
		for i, s := range st.p.States {
			if s.Result == nil {
				continue
			}
			for _, b := range s.Result.Data {
				p := machine.PathOf(b.Value)
				if b.Name != name || p == "" || !strings.HasPrefix(p, "dossier.") {
					continue
				}
				w := variable{key: p, path: p, has: v.has, full: v.full}
				if deeper != "" {
					w.path += "." + deeper
				}
				if w.key = w.path; w.has {
					w.key = "has " + w.path
				} else if d, known := m.dossierDomain(st.p, w.path); known {
					w.full = d
				}
				w.roots, _ = st.sc.roots([]string{w.path})
				if from := st.sc.add(w); from >= 0 {
					st.results = append(st.results, copied{from, m.sc.index[v.key], i})
				}
			}
		}
	}
}

// linkInputs finds where a step's inputs come from.
func (m *model) linkInputs(st *step) {
	for _, b := range st.With {
		st.with = append(st.with, b.Name)
		for _, s := range b.Steps {
			i := m.index(s)
			if !slices.Contains(st.uses, i) {
				st.uses = append(st.uses, i)
			}
			if takesForGranted(b.Value, s) && !slices.Contains(st.reads, i) {
				st.reads = append(st.reads, i)
			}
		}
		if v, ok := st.sc.index["has dossier."+b.Name]; ok && !machine.MayBeNothing(b.Value) {
			st.sure = append(st.sure, v)
		}
		p := machine.PathOf(b.Value)
		if p == "" {
			continue
		}
		for i, v := range slices.Clone(st.sc.vars) {
			rest, ok := strings.CutPrefix(v.path, "dossier."+b.Name)
			if !ok || rest != "" && rest[0] != '.' {
				continue
			}
			w := variable{path: p + rest, has: v.has, full: v.full}
			if w.key = w.path; w.has {
				w.key = "has " + w.path
			} else if d, known := m.sc.domain(w.path); known {
				w.full = d
			}
			var stable bool
			if w.roots, stable = m.sc.roots([]string{w.path}); !stable {
				continue
			}
			if from := m.sc.add(w); from >= 0 {
				st.bound = append(st.bound, copied{from: from, to: i})
			}
		}
	}
}

// takesForGranted tells whether an expression reads a step's result without asking
// whether there is one.
func takesForGranted(x engine.Expr, step string) bool {
	src := x.Source()
	return strings.Contains(src, "steps."+step+".result") && !strings.Contains(src, "has(steps."+step+".result)")
}

// linkReaders finds which steps still read a service variable while they wait, and
// the variables that a step's standing decides.
func (m *model) linkReaders() {
	m.ends = make([][]int, len(m.sc.vars))
	for _, st := range m.steps {
		vars := condVars(nil, st.cond)
		vars = condVars(vars, st.nullable)
		for _, b := range st.bound {
			vars = append(vars, b.from)
		}
		for _, v := range vars {
			if !slices.Contains(m.ends[v], st.i) {
				m.ends[v] = append(m.ends[v], st.i)
			}
		}
	}
	for i, v := range m.sc.vars {
		parts := strings.Split(v.path, ".")
		if len(parts) == 3 && parts[0] == "steps" && (parts[2] != "result" || v.has) {
			m.moods = append(m.moods, mood{i, m.index(parts[1]), parts[2]})
		}
	}
}
