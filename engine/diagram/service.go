package diagram

import "lienthong/engine"

// Service draws a service: the citizen files, the steps run in their agencies'
// lanes, linked as they need each other, and the results go back to the citizen.
// With Options.Detail each step is drawn with its main states: those on the way to its
// result and those in which it waits for a person.
func Service(s *engine.Service, opt Options) Graph {
	g := Graph{Title: titleOr(s.Title, s.ID, opt), Lang: opt.Lang}
	b := builder{g: &g, s: s, opt: opt, first: map[string]int{}, last: map[string][]int{}, end: map[string]int{}}
	citizen := g.lane(CitizenLane, opt)
	g.Nodes = append(g.Nodes, Node{ID: "file", Label: word("file", opt.Lang), Kind: KindFiling, Lane: citizen})
	for _, st := range s.Steps {
		if opt.Detail && st.Procedure != nil && len(st.Procedure.States) > 0 {
			b.detailed(st)
		} else {
			b.plain(st)
		}
	}
	b.results(citizen)
	b.link()
	g.stayNotes()
	g.orderLanes()
	g.placeRows(b.block)
	if opt.Case != nil {
		paintService(&b)
	}
	g.describe("service", "flow", s.Code)
	return g
}

// builder gathers a service's graph.
type builder struct {
	g      *Graph
	s      *engine.Service
	opt    Options
	first  map[string]int   // step → node where it begins
	last   map[string][]int // step → nodes with which it succeeds
	end    map[string]int   // step → last column
	block  []int            // node → step, for rows; -1 outside the steps
	stages []stage
}

// stage is a step drawn in detail: where its nodes and edges lie in the graph.
type stage struct {
	step  *engine.Step
	m     *machine
	nodes map[int]int // state → node
	edges map[move]int
}

// column is where a step begins: after everything it needs.
func (b *builder) column(st *engine.Step) int {
	col := 1
	for _, n := range st.Needs {
		col = max(col, b.end[n.Step]+1)
	}
	return col
}

// agency is the lane of a step.
func (b *builder) agency(st *engine.Step) int {
	if st.Procedure == nil {
		return b.g.lane("", b.opt)
	}
	return b.g.lane(st.Procedure.Agency, b.opt)
}

// stepTitle is a step's title, or its procedure's.
func (b *builder) stepTitle(st *engine.Step) string {
	t := st.Title
	if t.IsZero() && st.Procedure != nil {
		t = st.Procedure.Title
	}
	return titleOr(t, st.ID, b.opt)
}

// condition says in a word when a step is taken.
func (b *builder) condition(st *engine.Step) (Note, bool) {
	if st.If == nil {
		return Note{}, false
	}
	key := "absent"
	switch st.Else.Kind {
	case engine.ElseNotApplicable:
		key = "applicable"
	case engine.ElseRefuse:
		key = "refuse"
	}
	return Note{NoteIf, word(key, b.opt.Lang)}, true
}

// limitNote is a procedure's time limit.
func (b *builder) limitNote(st *engine.Step) (Note, bool) {
	if st.Procedure == nil || st.Procedure.Limit == nil || st.Procedure.Limit.Within.IsZero() {
		return Note{}, false
	}
	return Note{NoteLimit, st.Procedure.Limit.Within.In(b.opt.Lang)}, true
}

// plain draws a step as one box.
func (b *builder) plain(st *engine.Step) {
	n := Node{ID: st.ID, Label: b.stepTitle(st), Kind: KindStep, Lane: b.agency(st), col: b.column(st)}
	if note, ok := b.condition(st); ok {
		n.Notes = append(n.Notes, note)
	}
	if note, ok := b.limitNote(st); ok {
		n.Notes = append(n.Notes, note)
	}
	i := len(b.g.Nodes)
	b.g.Nodes = append(b.g.Nodes, n)
	b.first[st.ID], b.last[st.ID], b.end[st.ID] = i, []int{i}, n.col
}

// detailed draws a step with its main states.
func (b *builder) detailed(st *engine.Step) {
	m := newMachine(st.Procedure)
	keep := m.mainStates()
	col := m.columns(keep)
	own := b.agency(st)
	name := b.stepTitle(st)
	title := name
	if note, ok := b.condition(st); ok {
		title += " (" + note.Text + ")"
	}
	b.g.Groups = append(b.g.Groups, Group{Title: title, lane: own})
	at, sg := b.column(st), stage{st, m, map[int]int{}, map[move]int{}}
	for i, k := range keep {
		if !k {
			continue
		}
		n := m.node(i, b.opt)
		n.ID, n.Initial, n.Group = st.ID+"/"+n.ID, false, len(b.g.Groups)
		n.col, n.Lane = at+col[i], b.g.lane(m.laneOf(i), b.opt)
		if n.Lane != own {
			n.Notes = append(n.Notes, Note{NoteStep, name})
		}
		sg.nodes[i] = len(b.g.Nodes)
		if n.Final == engine.FinalSuccess {
			b.last[st.ID] = append(b.last[st.ID], len(b.g.Nodes))
		}
		b.end[st.ID] = max(b.end[st.ID], n.col)
		b.g.Nodes = append(b.g.Nodes, n)
	}
	b.first[st.ID] = sg.nodes[0]
	b.stages = append(b.stages, sg)
	b.moves(sg)
}

// moves draws the transitions between a step's drawn states: those forward, and
// those from or to a person's state. Other ways back stand in the procedure's own
// diagram.
func (b *builder) moves(sg stage) {
	for _, v := range sg.m.moves {
		from, ok1 := sg.nodes[v.from]
		to, ok2 := sg.nodes[v.to]
		if !ok1 || !ok2 || v.from == v.to || sg.m.final(v.from) != engine.FinalNone {
			continue
		}
		if v.to < v.from && !sg.m.byCitizen(v.from) && !sg.m.byCitizen(v.to) {
			continue
		}
		e := sg.m.edge(v, b.opt)
		e.From, e.To = from, to
		sg.edges[v] = len(b.g.Edges)
		b.g.Edges = append(b.g.Edges, e)
	}
}

// results draws where the results reach the citizen.
func (b *builder) results(citizen int) {
	col := 0
	for _, c := range b.end {
		col = max(col, c)
	}
	b.end[""] = col + 1
	b.g.Nodes = append(b.g.Nodes, Node{
		ID: "results", Label: word("results", b.opt.Lang), Kind: KindResults, Lane: citizen, col: col + 1,
	})
}

// link draws the edges between the steps, from the filing and to the results, and
// notes which nodes belong to which step.
func (b *builder) link() {
	for _, st := range b.s.Steps {
		to := b.first[st.ID]
		if len(st.Needs) == 0 {
			b.g.Edges = append(b.g.Edges, Edge{From: 0, To: to})
		}
		for _, need := range st.Needs {
			for _, from := range b.last[need.Step] {
				b.g.Edges = append(b.g.Edges, Edge{From: from, To: to, Label: b.hands(st, need.Step), Optional: need.Optional})
			}
		}
	}
	end := len(b.g.Nodes) - 1
	for _, st := range b.s.Steps {
		for _, from := range b.last[st.ID] {
			b.g.Edges = append(b.g.Edges, Edge{From: from, To: end, Label: b.resultTitle(st)})
		}
	}
	b.block = make([]int, len(b.g.Nodes))
	for i := range b.block {
		b.block[i] = -1
	}
	for k, sg := range b.stages {
		for _, n := range sg.nodes {
			b.block[n] = k
		}
	}
}

// hands names what a needed step hands over: its result, if the step reads it.
func (b *builder) hands(st *engine.Step, need string) string {
	for _, w := range st.With {
		for _, id := range w.Steps {
			if from := b.s.Step(id); id == need && from != nil {
				return b.resultTitle(from)
			}
		}
	}
	return ""
}

// resultTitle is the title of what a step issues.
func (b *builder) resultTitle(st *engine.Step) string {
	if st.Procedure == nil {
		return ""
	}
	for _, s := range st.Procedure.States {
		if s.Final == engine.FinalSuccess && s.Result != nil {
			return clean(s.Result.Title.In(b.opt.Lang))
		}
	}
	return ""
}
