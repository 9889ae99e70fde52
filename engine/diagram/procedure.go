package diagram

import (
	"strings"

	"lienthong/engine"
)

// Procedure draws a procedure's state machine: every state is a node, every
// transition an edge. The lanes are the citizen, for states that wait for a person,
// the agency (and any other agency that a state names), and the endings without a
// result.
func Procedure(p *engine.Procedure, opt Options) Graph {
	if opt.Apart != nil {
		p = opt.Apart.joined(p)
	}
	m := newMachine(p)
	g := Graph{Title: titleOr(p.Title, p.ID, opt), Lang: opt.Lang}
	keep := make([]bool, len(p.States))
	for i := range keep {
		keep[i] = true
	}
	col := m.columns(keep)
	for i := range p.States {
		n := m.node(i, opt)
		n.col = col[i]
		n.Lane = g.lane(m.laneOf(i), opt)
		g.Nodes = append(g.Nodes, n)
	}
	for _, v := range m.moves {
		g.Edges = append(g.Edges, m.edge(v, opt))
	}
	g.stayNotes()
	g.orderLanes()
	g.placeRows(nil)
	if d := dossierOf(p, opt); d != nil {
		paintStates(m, d).apply(&g, 0, 0)
	}
	if opt.Apart != nil {
		opt.Apart.paint(&g)
	}
	g.describe("procedure", "states", p.Code)
	return g
}

// node makes the box of a state.
func (m *machine) node(i int, opt Options) Node {
	s := m.p.States[i]
	n := Node{ID: s.ID, Label: titleOr(s.Title, s.ID, opt), Kind: KindState, Initial: i == 0, Final: s.Final}
	if s.Request != nil {
		n.Notes = append(n.Notes, Note{NoteRegistry, registryTitle(s.Request.Registry, opt)})
	}
	if s.Limit != nil && !s.Limit.Within.IsZero() {
		n.Notes = append(n.Notes, Note{NoteLimit, s.Limit.Within.In(opt.Lang)})
	}
	return n
}

// edge makes the edge of a transition.
func (m *machine) edge(v move, opt Options) Edge {
	return Edge{From: v.from, To: v.to, Action: v.action.ID, Label: titleOr(v.action.Title, v.action.ID, opt)}
}

// stayNotes writes the actions that leave a state as it is into its box.
func (g *Graph) stayNotes() {
	for _, e := range g.Edges {
		if e.From != e.To {
			continue
		}
		n := &g.Nodes[e.From]
		if k := len(n.Notes) - 1; k >= 0 && n.Notes[k].Kind == NoteStay {
			n.Notes[k].Text += ", " + e.Label
			continue
		}
		n.Notes = append(n.Notes, Note{NoteStay, e.Label})
	}
}

// describe writes the description for people who do not see the picture: what it
// is, and every box with how it stands.
func (g *Graph) describe(what, list, code string) {
	var b strings.Builder
	b.WriteString(word(what, g.Lang))
	if code = clean(code); code != "" {
		b.WriteString(" " + code)
	}
	b.WriteString(". " + word(list, g.Lang) + ": ")
	for i, n := range g.Nodes {
		if i > 0 {
			b.WriteString("; ")
		}
		b.WriteString(n.describe(g))
	}
	g.Desc = b.String() + "."
}

// describe names a box, its lane and how it stands.
func (n Node) describe(g *Graph) string {
	s := n.Label
	if n.Group > 0 && n.Kind == KindState {
		s = g.Groups[n.Group-1].Title + ": " + s
	}
	var about []string
	if n.Kind != KindFiling && n.Kind != KindResults {
		about = append(about, g.Lanes[n.Lane].Title)
	}
	if n.Mark != Plain {
		about = append(about, word(string(n.Mark), g.Lang))
	}
	if len(about) > 0 {
		s += " (" + strings.Join(about, ", ") + ")"
	}
	return s
}
