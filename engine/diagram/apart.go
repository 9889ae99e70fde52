package diagram

import (
	"slices"

	"lienthong/engine"
)

// Apart paints where a dossier that is decided again parts from its history: the way
// that history took from a state, and the one that it takes now.
type Apart struct {
	State     string // that it parts in
	Kept, Now Way
	// Other is the procedure under which it was decided again, for the titles of what
	// the one that is drawn does not have; nil = ids are shown.
	Other *engine.Procedure
}

// Way is an action, "" for none, and the state that it leads to: the same one when the
// dossier stays.
type Way struct{ Action, To string }

// same tells that both ways are one: what parts them is something else.
func (a *Apart) same() bool { return a.Kept == a.Now }

// joined is the procedure with the states and transitions of both ways.
func (a *Apart) joined(p *engine.Procedure) *engine.Procedure {
	n, other := *p, a.Other
	if other == nil {
		other = &engine.Procedure{}
	}
	n.States, n.Actions = slices.Clone(p.States), slices.Clone(p.Actions)
	for _, w := range []Way{a.Kept, a.Now} {
		if !slices.ContainsFunc(n.States, func(s *engine.State) bool { return s.ID == w.To }) {
			s := &engine.State{ID: w.To}
			if x := other.State(w.To); x != nil {
				s = x
			}
			n.States = append(n.States, s)
		}
		if w.Action == "" || w.To == a.State || slices.ContainsFunc(newMachine(&n).moves, func(v move) bool {
			return v.action.ID == w.Action && n.States[v.from].ID == a.State && n.States[v.to].ID == w.To
		}) {
			continue
		}
		x := &engine.Action{ID: w.Action}
		if old := other.Action(w.Action); old != nil {
			x.Title, x.By = old.Title, old.By
		} else if old := p.Action(w.Action); old != nil {
			x.Title, x.By = old.Title, old.By
		}
		x.From, x.To = []string{a.State}, []engine.Target{{State: w.To}}
		n.Actions = append(n.Actions, x)
	}
	return &n
}

// paint marks both ways: their lines and where they lead, by colour, by the kind of
// line and in words.
func (a *Apart) paint(g *Graph) {
	if a.same() {
		a.way(g, a.Kept, Both, "both_to", "both_stays")
		return
	}
	a.way(g, a.Kept, Kept, "kept_to", "kept_stays")
	a.way(g, a.Now, Now, "now_to", "now_stays")
}

func (a *Apart) way(g *Graph, w Way, m Mark, to, stays string) {
	for i := range g.Edges {
		e := &g.Edges[i]
		if e.From == e.To || e.Action != w.Action || g.Nodes[e.From].ID != a.State || g.Nodes[e.To].ID != w.To {
			continue
		}
		e.Mark = m
		e.Label = word(string(m)+"_line", g.Lang) + ": " + e.Label
	}
	for i := range g.Nodes {
		n := &g.Nodes[i]
		switch {
		case n.ID != w.To:
		case w.To == a.State:
			n.Notes = append(n.Notes, Note{NoteKind(m), word(stays, g.Lang)})
		default:
			if n.Mark = m; a.Kept.To == a.Now.To {
				n.Mark = Both
			}
			n.Notes = append(n.Notes, Note{NoteKind(m), word(to, g.Lang)})
		}
	}
}

// apart tells whether a mark is one of those that paint two ways.
func (m Mark) apart() bool { return m == Kept || m == Now || m == Both }

// apart tells whether two ways are painted.
func (g *Graph) apart() bool {
	return slices.ContainsFunc(g.Nodes, func(n Node) bool {
		return slices.ContainsFunc(n.Notes, func(x Note) bool { return Mark(x.Kind).apart() })
	})
}

// with is the mark of a line that stands for edges of two marks.
func (m Mark) with(o Mark) Mark {
	switch {
	case m.apart() && o.apart() && m != o:
		return Both
	case m.apart():
		return m
	case o.apart() || o == Done:
		return o
	}
	return m
}

// apartSheet is the style of two ways, in pictures that have them.
const apartSheet = `
.ltd-kept .ltd-box{fill:#e8f1fc;stroke:#0b4f9c;stroke-width:2.6}.ltd-kept .ltd-line{stroke:#0b4f9c;stroke-width:3}.ltd-kept .ltd-head-arrow{fill:#0b4f9c}.ltd-kept .ltd-label{fill:#0b4f9c;font-weight:600}
.ltd-now .ltd-box{fill:#fdf0e3;stroke:#a13d00;stroke-width:2.6;stroke-dasharray:8 4}.ltd-now .ltd-line{stroke:#a13d00;stroke-width:3;stroke-dasharray:8 4}.ltd-now .ltd-head-arrow{fill:#a13d00}.ltd-now .ltd-label{fill:#a13d00;font-weight:600}
.ltd-both .ltd-box{fill:#f4ecfa;stroke:#6a1b9a;stroke-width:2.6;stroke-dasharray:12 3 2 3}.ltd-both .ltd-line{stroke:#6a1b9a;stroke-width:3;stroke-dasharray:12 3 2 3}.ltd-both .ltd-head-arrow{fill:#6a1b9a}.ltd-both .ltd-label{fill:#6a1b9a;font-weight:600}
.ltd-kept .ltd-note,.ltd-now .ltd-note,.ltd-both .ltd-note{fill:#262626}
`
