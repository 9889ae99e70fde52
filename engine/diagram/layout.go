package diagram

import (
	"cmp"
	"slices"
	"strings"
)

// layout is a graph on its way to a picture.
type layout struct {
	g          *Graph
	cols, rows int
	boxes      []box
	lines      []*line
	laneRow    []int // lane → its first row; one more entry for the end
	units      [2]map[int][]*unit
	sizes      sizes
	labels     []label
	captions   []rect
}

// box is a node's place. The dot that marks the initial state is a box without a
// node.
type box struct {
	node     int // -1 for the dot
	col, row int
	text     []string
	notes    [][]string
	w, h     float64 // what its text needs
	x, y     float64 // top left, once known; then w and h are its size
}

func (b *box) pt() pt { return pt{2*b.col + 1, 2*b.row + 1} }

// line is what is drawn for the edges from one box to another.
type line struct {
	from, to int // boxes
	net      int
	edges    []int
	label    []string // wrapped
	labelW   float64
	mark     Mark
	optional bool
	segs     []*seg
}

// newLayout places, routes, assigns tracks and sizes.
func newLayout(g *Graph) *layout {
	l := &layout{g: g}
	l.makeBoxes()
	l.makeLines()
	l.route()
	l.assignTracks()
	l.measure()
	l.placeLabels()
	return l
}

// makeBoxes gives every node its place on the whole grid.
func (l *layout) makeBoxes() {
	rows := make([]int, len(l.g.Lanes))
	for _, n := range l.g.Nodes {
		rows[n.Lane] = max(rows[n.Lane], n.row+1)
	}
	l.laneRow = make([]int, len(rows)+1)
	for i, n := range rows {
		l.laneRow[i+1] = l.laneRow[i] + max(n, 1)
	}
	l.rows = l.laneRow[len(rows)]
	shift := 0
	dot := slices.IndexFunc(l.g.Nodes, func(n Node) bool { return n.Initial })
	if dot >= 0 {
		shift = 1
	}
	for i, n := range l.g.Nodes {
		b := box{node: i, col: n.col + shift, row: l.laneRow[n.Lane] + n.row}
		b.wrap(n)
		l.boxes = append(l.boxes, b)
		l.cols = max(l.cols, b.col+1)
	}
	if dot >= 0 {
		b := l.boxes[dot]
		l.boxes = append(l.boxes, box{node: -1, col: 0, row: b.row, w: dotSize, h: dotSize})
		l.lines = append(l.lines, &line{from: len(l.boxes) - 1, to: dot, mark: l.dotMark(dot)})
	}
}

// dotMark paints the way from the dot like the initial state.
func (l *layout) dotMark(dot int) Mark {
	if m := l.g.Nodes[dot].Mark; m == Current || m == Done {
		return Done
	}
	return Plain
}

// makeLines joins the edges between the same two boxes.
func (l *layout) makeLines() {
	at := map[[2]int]*line{}
	for i, e := range l.g.Edges {
		if e.From == e.To {
			continue
		}
		k := [2]int{e.From, e.To}
		ln := at[k]
		if ln == nil {
			ln = &line{from: e.From, to: e.To, mark: e.Mark, optional: e.Optional}
			at[k] = ln
			l.lines = append(l.lines, ln)
		}
		ln.edges = append(ln.edges, i)
		ln.mark = ln.mark.with(e.Mark)
	}
	for _, ln := range l.lines {
		if !l.forks(ln) {
			ln.label = l.wrapLabel(ln)
			ln.labelW = edgeText.widest(ln.label)
		}
	}
}

// forks tells that a line shares its trunk and its label with an earlier one: both
// lead from one step to others that need it. It gives the line its net: lines of
// one net may lie over each other. Otherwise a net is the lines to one box.
func (l *layout) forks(ln *line) bool {
	ln.net = ln.to
	if len(ln.edges) == 0 || l.g.Edges[ln.edges[0]].Action != "" || l.g.Nodes[ln.to].Kind == KindResults {
		return false
	}
	ln.net = -1 - ln.from
	for _, other := range l.lines {
		if other == ln {
			return false
		}
		if other.net == ln.net && slices.Equal(other.label, l.wrapLabel(ln)) {
			return true
		}
	}
	return false
}

// wrapLabel breaks a line's label; the names of two actions stand one over the
// other if they do not fit beside each other.
func (l *layout) wrapLabel(ln *line) []string {
	s := l.labelOf(ln)
	if lines := edgeText.wrap(s, 1, 112); len(lines) == 0 || !hasCut(lines) {
		return lines
	}
	if a, b, two := strings.Cut(s, " / "); two && !strings.Contains(b, " / ") && edgeText.width(a) < 140 && edgeText.width(b) < 140 {
		return []string{a + " /", b}
	}
	return edgeText.wrap(s, 2, 96, 130, 160, 220)
}

// labelOf joins the distinct labels of a line's edges.
func (l *layout) labelOf(ln *line) string {
	var seen []string
	s := ""
	for _, e := range ln.edges {
		t := clean(l.g.Edges[e].Label)
		if t == "" || slices.Contains(seen, t) {
			continue
		}
		if seen = append(seen, t); len(seen) > 1 {
			s += " / "
		}
		s += t
	}
	return s
}

// route finds a way for every line, the short ones first, and cuts it into
// straight segments.
func (l *layout) route() {
	r := &router{w: 2*l.cols + 1, h: 2*l.rows + 1, box: map[pt]bool{}, used: map[stretch][]run{}}
	for i := range l.boxes {
		r.box[l.boxes[i].pt()] = true
	}
	order := slices.Clone(l.lines)
	slices.SortStableFunc(order, func(a, b *line) int { return cmp.Compare(l.distance(a), l.distance(b)) })
	for _, ln := range order {
		ln.segs = cut(r.find(l.boxes[ln.from].pt(), l.boxes[ln.to].pt(), ln.net))
		for _, s := range ln.segs {
			s.line, s.net = ln, ln.net
		}
	}
}

// distance orders the routing: straight lines forward before all others.
func (l *layout) distance(ln *line) int {
	a, b := &l.boxes[ln.from], &l.boxes[ln.to]
	d := 3*max(b.col-a.col, 2*(a.col-b.col)) + 2*max(b.row-a.row, a.row-b.row)
	if a.row != b.row {
		d += 3
	}
	return d
}
