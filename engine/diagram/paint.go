package diagram

import (
	"cmp"
	"slices"
	"time"

	"lienthong/engine"
)

// dossierOf finds the dossier of the case that paints a procedure, or nil.
func dossierOf(p *engine.Procedure, opt Options) *engine.Dossier {
	if opt.Case == nil {
		return nil
	}
	if opt.Step != "" {
		return opt.Case.Dossier(opt.Step)
	}
	for _, d := range opt.Case.Dossiers {
		if d.Procedure == p.ID {
			return d
		}
	}
	return nil
}

// painting says how the states and transitions of a machine stand.
type painting struct {
	m      *machine
	states []Mark
	moves  map[move]bool
}

// paintStates works out how far a dossier has come. The dossier remembers every
// action by its latest time only, so of a way gone twice the last turn is shown.
func paintStates(m *machine, d *engine.Dossier) painting {
	p := painting{m, make([]Mark, len(m.p.States)), map[move]bool{}}
	for i := range p.states {
		p.states[i] = Waiting
	}
	now, known := m.index[d.State]
	if d.Status == engine.StatusClosed {
		for i := range p.states {
			p.states[i] = Struck
		}
		return p
	}
	if !known {
		return p
	}
	p.trail(taken(m, d), now)
	switch {
	case m.failing(now):
		p.states[now] = Struck
	case m.final(now) == engine.FinalSuccess:
		p.states[now] = Done
	default:
		p.states[now] = Current
	}
	return p
}

// taken lists the actions that a dossier has a record of, in the order of time.
func taken(m *machine, d *engine.Dossier) []*engine.Action {
	type when struct {
		action *engine.Action
		at     time.Time
	}
	var all []when
	for _, a := range m.p.Actions {
		if at, err := time.Parse(time.RFC3339Nano, engine.Str(d.Data, a.ID, "at")); err == nil {
			all = append(all, when{a, at})
		}
	}
	slices.SortStableFunc(all, func(x, y when) int { return cmp.Compare(x.at.UnixNano(), y.at.UnixNano()) })
	out := make([]*engine.Action, len(all))
	for i, w := range all {
		out[i] = w.action
	}
	return out
}

// trail marks what was passed: it follows the actions from the initial state,
// choosing among several targets the one from which the next action was possible.
// Where the trail is broken (an earlier turn was overwritten) it goes on from the
// action's own state, if that is clear.
func (p *painting) trail(actions []*engine.Action, now int) {
	at := 0
	p.states[at] = Done
	for i, a := range actions {
		if !slices.Contains(a.From, p.m.p.States[at].ID) {
			from, ok := p.resume(a)
			if !ok {
				continue
			}
			at = from
			p.states[at] = Done
		}
		var next *engine.Action
		if i+1 < len(actions) {
			next = actions[i+1]
		}
		v, ok := p.step(a, at, next, now)
		if !ok {
			continue
		}
		p.moves[v] = true
		at = v.to
		p.states[at] = Done
	}
}

// resume finds the state an action was taken from after a break.
func (p *painting) resume(a *engine.Action) (int, bool) {
	if len(a.From) == 1 {
		i, ok := p.m.index[a.From[0]]
		return i, ok
	}
	for _, f := range a.From {
		if i, ok := p.m.index[f]; ok && p.states[i] == Done {
			return i, true
		}
	}
	return 0, false
}

// step chooses the transition that an action made: to where the next one starts,
// or to the present state if there is no next one.
func (p *painting) step(a *engine.Action, at int, next *engine.Action, now int) (move, bool) {
	first, found := move{}, false
	for _, v := range p.m.moves {
		if v.action != a || v.from != at {
			continue
		}
		if next == nil && v.to == now || next != nil && slices.Contains(next.From, p.m.p.States[v.to].ID) {
			return v, true
		}
		if !found {
			first, found = v, true
		}
	}
	return first, found
}

// apply paints the nodes and edges of a graph of just this machine, which start at
// the given indexes.
func (p painting) apply(g *Graph, node, edge int) {
	for i, m := range p.states {
		g.Nodes[node+i].Mark = m
	}
	for i, v := range p.m.moves {
		g.Edges[edge+i].Mark = Waiting
		if p.moves[v] {
			g.Edges[edge+i].Mark = Done
		}
	}
}

// paintService paints a service by its case.
func paintService(b *builder) {
	c := b.opt.Case
	for i := range b.g.Nodes {
		b.g.Nodes[i].Mark = Waiting
	}
	b.g.Nodes[0].Mark = Done
	if c.Fee != nil && c.Fee.Status == engine.FeeWaiting {
		b.g.Nodes[0].Mark = Current
	}
	for _, st := range b.s.Steps {
		if d := c.Dossier(st.ID); d != nil && len(b.last[st.ID]) > 0 {
			b.g.Nodes[b.first[st.ID]].Mark = stepMark(d)
		}
	}
	for k, sg := range b.stages {
		if d := c.Dossier(sg.step.ID); d != nil {
			b.paintStage(sg, d)
			b.g.Groups[k].Mark = stepMark(d)
		}
	}
	last := &b.g.Nodes[len(b.g.Nodes)-1]
	if c.Status == engine.CaseEnded {
		last.Mark = Struck
		if c.Outcome == engine.Completed || c.Outcome == engine.CompletedInPart {
			last.Mark = Done
		}
	}
	b.paintLinks()
}

// paintStage paints the states of a step drawn in detail. Those that a dossier
// which ended without a result never reached are struck.
func (b *builder) paintStage(sg stage, d *engine.Dossier) {
	p := paintStates(sg.m, d)
	for i, n := range sg.nodes {
		b.g.Nodes[n].Mark = p.states[i]
		if p.states[i] == Waiting && stepMark(d) == Struck {
			b.g.Nodes[n].Mark = Struck
		}
	}
	for v, e := range sg.edges {
		if p.moves[v] {
			b.g.Edges[e].Mark = Done
		}
	}
}

// stepMark tells how a step stands by its dossier.
func stepMark(d *engine.Dossier) Mark {
	switch d.Status {
	case engine.StatusOpen:
		return Current
	case engine.StatusEnded:
		if d.Succeeded() {
			return Done
		}
		return Struck
	case engine.StatusClosed:
		return Struck
	}
	return Waiting
}

// paintLinks paints the edges between the steps: green where the source is done
// and the target has begun; a result is on its way to the citizen once there.
func (b *builder) paintLinks() {
	for i := range b.g.Edges {
		e := &b.g.Edges[i]
		if e.Action != "" {
			if e.Mark == Plain {
				e.Mark = Waiting
			}
			continue
		}
		from, to := b.g.Nodes[e.From].Mark, b.g.Nodes[e.To].Mark
		e.Mark = Waiting
		switch {
		case from == Done && (to == Done || to == Current || b.g.Nodes[e.To].Kind == KindResults):
			e.Mark = Done
		case from == Struck || to == Struck:
			e.Mark = Struck
		}
	}
}
