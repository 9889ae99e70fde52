package machine

import (
	"slices"
	"strings"

	"cel.dev/cel-go/cel"

	"lienthong/engine"
	"lienthong/engine/calendar"
)

// procedure is one version of a procedure with what the compiler remembers.
type procedure struct {
	*engine.Procedure
	since   calendar.Date
	node    *node
	inputs  []input
	states  map[string]*node // by id
	actions map[string]*node
	parties map[string]*node
	fields  map[string]fieldSpec // of dossier
	scope   *scope
	used    bool // some service has it
	broken  bool // it has errors: its types are not to be trusted

	sets    map[string][]*expr // action → its `set`, in order
	reads   []read             // expressions to be searched for unguarded reads
	success *cel.Type          // of the result of a success; nil = none
	anyEnd  *cel.Type          // of any result
}

// input is one `with` value that a procedure takes.
type input struct {
	name     string
	optional bool
	form     *engine.Form
	node     *node
}

func (p *procedure) input(name string) *input {
	for i := range p.inputs {
		if p.inputs[i].name == name {
			return &p.inputs[i]
		}
	}
	return nil
}

var (
	finals = []string{"success", "refused", "expired", "withdrawn", "not_applicable", "annulled"}
	clocks = []string{string(calendar.Runs), string(calendar.Paused), string(calendar.Restarts), string(calendar.None)}
	roles  = []string{engine.ByReception, engine.ByOfficer, engine.ByLeader, engine.ByApplicant, engine.ByTimer,
		engine.ByRegistry, engine.ByUpstream, engine.ByDownstream}

	// What may not name a state or an action: the fsm library's generic callbacks,
	// and words that CEL cannot read as a field.
	reserved = []string{"event", "state", "in", "true", "false", "null"}
	// The commands that every procedure has, or that are the engine's own.
	builtin = []string{engine.ActFile, engine.ActRefile, engine.ActApologise, engine.ActClaim, engine.ActRelease,
		engine.ActAssign, engine.ActTransfer, engine.ActHandOver, engine.ActReply, engine.ActOperate, engine.ActTick}
	// Fields of dossier that are not records of actions.
	dossierOwn = []string{"review", "parties"}
)

// loadProcedure reads, checks and compiles one version.
func (l *loader) loadProcedure(n *node) {
	if !l.object(n, "procedure", "since", "agency", "code", "title", "inputs", "limit", "parties", "states", "actions") {
		return
	}
	if l.tooMany(n.get("states"), maxStates) || l.tooMany(n.get("actions"), maxActions) {
		return
	}
	id := l.id(n.get("procedure"))
	p := &procedure{
		Procedure: &engine.Procedure{ID: id, File: n.file}, node: n, since: l.date(n.get("since")),
		states: map[string]*node{}, actions: map[string]*node{}, parties: map[string]*node{},
		fields: map[string]fieldSpec{}, sets: map[string][]*expr{},
	}
	before := l.errors
	p.Agency = l.agencyName(l.need(n, "agency"))
	p.Code = l.str(n.get("code"))
	p.Title = l.title(n.get("title"), n.get("procedure"), "procedure "+id)
	p.Limit = l.limit(n.get("limit"))
	l.readInputs(p, n.get("inputs"))
	l.readStates(p, l.need(n, "states"))
	l.readActions(p, l.need(n, "actions"))
	l.readParties(p, n.get("parties"))
	l.checkNames(p)
	l.checkReferences(p)
	if l.errors == before { // what follows needs names that resolve
		l.checkGraph(p)
	}
	l.typeDossier(p)
	l.compileProcedure(p)
	if l.errors == before {
		l.checkReads(p)
		p.Machine = newMachine(p.Procedure)
	}
	p.broken = l.errors > before
	l.procs[id] = append(l.procs[id], p)
	l.set.procedures = append(l.set.procedures, p.Procedure)
}

// agencyName reads an agency that some office is of.
func (l *loader) agencyName(n *node) string {
	s := l.id(n)
	if s != "" && len(l.agency) > 0 && !l.agency[s] {
		l.at(n, "unknown_agency", s, nearest(s, keysOf(l.agency)), strings.Join(keysOf(l.agency), ", "))
	}
	return s
}

// limit reads {within, cutoff, warn, apologise}.
func (l *loader) limit(n *node) *engine.Limit {
	if n == nil || !l.object(n, "within", "cutoff", "warn", "apologise") {
		return nil
	}
	out := &engine.Limit{}
	if w := l.need(n, "within"); w != nil {
		out.Within, out.Param = l.duration(w)
		l.durationParam(w, out.Param)
	}
	if c := n.get("cutoff"); c != nil {
		if out.Within.Cutoff = l.str(c); out.Within.Validate() != nil && out.Param == "" && !out.Within.IsZero() {
			l.at(c, "bad_limit", c.text)
		}
	}
	if w := n.get("warn"); w != nil {
		d, param := l.duration(w)
		if param != "" {
			l.at(w, "bad_limit", w.text)
		}
		out.Warn = &d
	}
	if a := n.get("apologise"); a != nil && l.object(a, "by", "input", "times") {
		out.Apologise = &engine.Apology{By: l.roles(l.need(a, "by")), Form: l.form(a.get("input")), Times: 1}
		if t := a.get("times"); t != nil {
			out.Apologise.Times = l.integer(t)
		}
	}
	return out
}

// durationParam checks that a parameter gives durations.
func (l *loader) durationParam(n *node, name string) {
	if name == "" {
		return
	}
	l.asked[name] = true
	values, ok := l.set.paramValues[name]
	if !ok {
		l.at(n, "unknown_parameter", name, nearest(name, keysOf(l.set.paramValues)))
		return
	}
	for _, v := range values {
		s, _ := v.(string)
		if _, err := calendar.ParseLimit(s); err != nil {
			l.at(n, "param_not_duration", name, v)
			return
		}
	}
}

func (l *loader) roles(n *node) []string {
	out := l.strs(n)
	for i, r := range out {
		if !slices.Contains(roles, r) {
			l.at(l.list(n)[min(i, len(l.list(n))-1)], "unknown_role", r, strings.Join(roles, ", "))
		}
	}
	return out
}

func (l *loader) readInputs(p *procedure, n *node) {
	if n == nil || !l.object(n, keyTexts(n)...) {
		return
	}
	for i, k := range n.keys {
		name, optional := strings.CutSuffix(k.text, "?")
		if l.checkID(k, name) {
			in := input{name: name, optional: optional, form: l.form(n.items[i]), node: k}
			p.inputs = append(p.inputs, in)
			if in.form != nil {
				if p.Inputs == nil {
					p.Inputs = map[string]*engine.Form{}
				}
				p.Inputs[name] = in.form
			}
		}
	}
}

// entries walks a mapping of id → mapping.
func (l *loader) entries(n *node, see func(key, n *node)) {
	if n == nil {
		return
	}
	if n.kind != mapKind {
		l.at(n, "wrong_type", phrase("a mapping"), kindNames[n.kind])
		return
	}
	for i, k := range n.keys {
		if l.checkID(k, k.text) {
			see(k, n.items[i])
		}
	}
}

func (l *loader) readStates(p *procedure, n *node) {
	l.entries(n, func(k, n *node) {
		s := &engine.State{ID: k.text}
		p.states[s.ID] = n
		p.States = append(p.States, s)
		if !l.object(n, "title", "portal", "clock", "agency", "at", "final", "result", "request", "after", "limit") {
			return
		}
		s.Title = l.title(n.get("title"), k, "state "+s.ID)
		if portal := l.need(n, "portal"); portal != nil {
			if s.Portal = l.integer(portal); portal.kind == intKind && (s.Portal < 1 || s.Portal > 10) {
				l.at(portal, "bad_portal", portal.text)
			}
		}
		if f := n.get("final"); f != nil {
			s.Final = engine.FinalKind(l.str(f))
			if !slices.Contains(finals, string(s.Final)) {
				l.at(f, "bad_final", f.text, strings.Join(finals, ", "))
			}
		}
		s.Clock = l.clock(n.get("clock"), s.Final != "")
		if a := n.get("agency"); a != nil {
			s.Agency = l.agencyName(a)
		}
		s.Limit = l.limit(n.get("limit"))
		l.readAfter(s, n.get("after"))
		l.readRequest(s, n.get("request"))
		l.readResult(s, n.get("result"), k)
		if s.Final == "" {
			return
		}
		for _, key := range []string{"after", "request"} {
			if x := n.get(key); x != nil {
				l.at(x, "final_waits", key)
			}
		}
	})
}

func (l *loader) clock(n *node, final bool) calendar.Mode {
	switch {
	case n == nil && final:
		return calendar.None
	case n == nil:
		return calendar.Runs
	}
	m := calendar.Mode(l.str(n))
	if !m.Valid() {
		l.at(n, "bad_clock", n.text, strings.Join(clocks, ", "))
	}
	if final && m != calendar.None {
		l.at(n, "final_waits", "clock")
	}
	return m
}

func (l *loader) readAfter(s *engine.State, n *node) {
	if n == nil || !l.object(n, keyTexts(n)...) {
		return
	}
	for i, k := range n.keys {
		d, param := l.duration(k)
		l.durationParam(k, param)
		s.After = append(s.After, engine.After{Within: d, Param: param, Action: l.str(n.items[i])})
	}
}

func (l *loader) readRequest(s *engine.State, n *node) {
	if n == nil || !l.object(n, "registry", "operation", "input", "replies") {
		return
	}
	r := &engine.RequestSpec{Registry: l.str(l.need(n, "registry")), Operation: l.str(l.need(n, "operation")), Replies: map[string]string{}}
	l.need(n, "input")
	if m := l.need(n, "replies"); m != nil && l.object(m, keyTexts(m)...) {
		for i, k := range m.keys {
			r.Replies[k.text] = l.str(m.items[i])
		}
	}
	s.Request = r
}

func (l *loader) readResult(s *engine.State, n, key *node) {
	if n == nil || !l.object(n, "document", "code", "title", "paper", "data") {
		return
	}
	r := &engine.ResultSpec{Document: l.str(n.get("document")), Code: l.str(n.get("code")),
		Title: l.text(n.get("title")), Paper: l.truth(n.get("paper"))}
	s.Result = r
	switch {
	case s.Final == "":
		l.at(n, "result_not_final")
	case s.Final == engine.FinalSuccess && n.get("data") == nil:
		l.at(n, "result_data_missing", key.text)
	}
	if d := n.get("data"); d != nil && l.object(d, keyTexts(d)...) {
		for _, k := range d.keys {
			l.checkID(k, k.text)
		}
	}
}

func (l *loader) readActions(p *procedure, n *node) {
	l.entries(n, func(k, n *node) {
		a := &engine.Action{ID: k.text}
		p.actions[a.ID] = n
		p.Actions = append(p.Actions, a)
		if !l.object(n, "title", "from", "to", "by", "input", "if", "why", "set", "returns", "review", "limit") {
			return
		}
		a.Title = l.title(n.get("title"), k, "action "+a.ID)
		a.From = l.strs(l.need(n, "from"))
		for i, f := range a.From {
			if slices.Contains(a.From[:i], f) {
				l.at(n.get("from"), "duplicate_transition", f, a.ID)
			}
		}
		l.readTargets(a, n.get("to"))
		l.readBy(a, l.need(n, "by"))
		a.Input = l.form(n.get("input"))
		a.Why = l.text(n.get("why"))
		a.Returns = l.str(n.get("returns"))
		a.Limit = l.limit(n.get("limit"))
		if r := n.get("review"); r != nil {
			if a.Review = l.str(r); !slices.Contains([]string{"keep", "amend", "annul"}, a.Review) {
				l.at(r, "bad_review", r.text)
			}
		}
		if s := n.get("set"); s != nil && l.object(s, keyTexts(s)...) {
			for _, k := range s.keys {
				l.checkID(k, k.text)
			}
		}
	})
}

// readTargets reads a state, or a list of {if, to} and a last {else}.
func (l *loader) readTargets(a *engine.Action, n *node) {
	if n == nil {
		return
	}
	if n.kind != listKind {
		a.To = []engine.Target{{State: l.str(n)}}
		return
	}
	for i, e := range n.items {
		if !l.object(e, "if", "to", "else") {
			continue
		}
		last := i == len(n.items)-1
		other, cond := e.get("else"), e.get("if")
		switch {
		case other != nil && !last:
			l.at(e, "else_not_last")
		case other == nil && last:
			l.at(e, "else_missing", a.ID)
		case other != nil && (cond != nil || e.get("to") != nil):
			l.at(e, "else_not_last")
		}
		if other != nil {
			a.To = append(a.To, engine.Target{State: l.str(other)})
			continue
		}
		l.need(e, "if")
		a.To = append(a.To, engine.Target{State: l.str(l.need(e, "to"))})
	}
	if len(n.items) == 0 {
		l.at(n, "else_missing", a.ID)
	}
}

func (l *loader) readBy(a *engine.Action, n *node) {
	if n == nil {
		return
	}
	if n.kind != mapKind {
		a.By = l.roles(n)
		return
	}
	if !l.object(n, "party", "answer") {
		return
	}
	a.By = []string{engine.ByParty}
	a.Party = &engine.PartyRule{Sets: l.strs(l.need(n, "party"))}
	if x := n.get("answer"); x != nil {
		switch l.str(x) {
		case "decline":
			a.Party.Decline = true
		case "agree":
		default:
			l.at(x, "bad_answer", x.text)
		}
	}
}

func (l *loader) readParties(p *procedure, n *node) {
	l.entries(n, func(k, n *node) {
		s := &engine.PartySet{ID: k.text}
		p.parties[s.ID] = n
		p.Parties = append(p.Parties, s)
		if !l.object(n, "title", "people", "need") {
			return
		}
		s.Title = l.title(n.get("title"), k, "party "+s.ID)
		l.need(n, "people")
		if x := n.get("need"); x != nil {
			switch l.str(x) {
			case "any":
				s.Any = true
			case "all":
			default:
				l.at(x, "bad_need", x.text)
			}
		}
	})
}
