package diagram

import "strings"

// Room around things, in picture units.
const (
	margin     = 12.0
	boxPadX    = 11.0
	boxPadY    = 9.0
	boxMinH    = 38.0
	boxMinW    = 64.0
	lineHeight = 16.0
	noteHeight = 13.0
	noteSign   = 13.0 // width of a note's sign
	dotSize    = 12.0
	arrowRoom  = 16.0
	channel    = 12.0 // an empty channel
	captionH   = 17.0 // title of a step's frame
	portEdge   = 12.0 // of a box, where no line docks
	rounding   = 6.0
)

// sizes are the coordinates of the grid, once known.
type sizes struct {
	title         float64 // width of the lane titles' column
	laneText      [][]string
	colX, colW    []float64 // columns of boxes
	rowY, rowH    []float64 // rows of boxes
	chanX, chanW  []float64 // vertical channels
	chanY, chanH  []float64 // horizontal channels
	before, after []float64 // of the vertical channels: room for labels on either side
	caption       []float64 // of the horizontal channels: room for titles of frames
	laneTop       []float64 // one more entry for the end
	width, height float64
}

// wrap breaks a node's texts and notes what room they need.
func (b *box) wrap(n Node) {
	label := clean(n.Label)
	if b.text = boxBold.wrap(label, 2, 76, 92, 108, 124); hasCut(b.text) || !whole(label, b.text) {
		b.text = boxBold.wrap(label, 3, 108, 130, 160, 200)
	}
	w, h := boxBold.widest(b.text), lineHeight*float64(len(b.text))
	for _, note := range n.Notes {
		lines := noteText.wrap(clean(note.Text), 1, 112)
		if len(lines) > 0 && hasCut(lines) {
			lines = noteText.wrap(clean(note.Text), 2, 96, 120, 160)
		}
		b.notes = append(b.notes, lines)
		w = max(w, noteText.widest(lines)+noteSign)
		h += noteHeight * float64(len(lines))
	}
	b.w, b.h = max(w+2*boxPadX, boxMinW), max(h+2*boxPadY, boxMinH)
}

// whole tells whether no word of a text was broken.
func whole(s string, lines []string) bool { return strings.Join(lines, " ") == s }

// hasCut tells whether a wrapped text lost its end.
func hasCut(lines []string) bool {
	if len(lines) == 0 {
		return false
	}
	last := []rune(lines[len(lines)-1])
	return len(last) > 0 && last[len(last)-1] == '…'
}

// measure turns tracks and texts into coordinates.
func (l *layout) measure() {
	z := &l.sizes
	z.laneText = make([][]string, len(l.g.Lanes))
	for i, ln := range l.g.Lanes {
		z.laneText[i] = laneText.wrap(clean(ln.Title), 3, 96, 120, 160)
		z.title = max(z.title, laneText.widest(z.laneText[i])+2*boxPadX)
	}
	l.measureColumns()
	l.measureChannels()
	l.measureRows()
	l.position()
}

// span is the room that the tracks of a line of the lattice take.
func (l *layout) span(vertical bool, at int) (span float64, used bool) {
	for _, u := range l.units[orientation(vertical)][at] {
		span, used = max(span, u.span), true
	}
	return span, used
}

// measureColumns finds the widths of the columns of boxes: that of the widest box.
func (l *layout) measureColumns() {
	z := &l.sizes
	z.colW = make([]float64, l.cols)
	for _, b := range l.boxes {
		z.colW[b.col] = max(z.colW[b.col], b.w)
	}
	for c := range z.colW {
		if span, used := l.span(true, 2*c+1); used {
			z.colW[c] = max(z.colW[c], span+2*portEdge)
		}
	}
}

// measureChannels finds the widths of the vertical channels: labels of the lines
// that leave the boxes beside them, tracks, arrow heads.
func (l *layout) measureChannels() {
	z := &l.sizes
	z.chanW, z.before, z.after = make([]float64, l.cols+1), make([]float64, l.cols+1), make([]float64, l.cols+1)
	arrow := make([]bool, l.cols+1)
	for _, ln := range l.lines {
		if len(ln.segs) == 0 {
			continue
		}
		if s := ln.segs[0]; !s.vertical && ln.labelW > 0 {
			c := l.boxes[ln.from].col
			if s.b > s.a {
				z.before[c+1] = max(z.before[c+1], ln.labelW+6)
			} else {
				z.after[c] = max(z.after[c], ln.labelW+6)
			}
		}
		if s := ln.segs[len(ln.segs)-1]; !s.vertical {
			c := l.boxes[ln.to].col
			if s.b < s.a {
				c++
			}
			arrow[c] = true
		}
	}
	for i := range z.chanW {
		span, used := l.span(true, 2*i)
		if used {
			span += channel
		}
		if arrow[i] {
			z.after[i] = max(z.after[i], arrowRoom)
			z.before[i] = max(z.before[i], channel/2)
		}
		z.chanW[i] = max(z.before[i]+span+z.after[i], channel)
		if z.chanW[i] < 20 && i > 0 && i < l.cols {
			z.chanW[i] = 20
		}
	}
}

// measureRows finds the heights of the rows and of the channels between them.
func (l *layout) measureRows() {
	z := &l.sizes
	z.rowH = make([]float64, l.rows)
	for r := range z.rowH {
		z.rowH[r] = boxMinH
		if span, used := l.span(false, 2*r+1); used {
			z.rowH[r] = max(z.rowH[r], span+2*portEdge)
		}
	}
	for _, b := range l.boxes {
		z.rowH[b.row] = max(z.rowH[b.row], b.h)
	}
	z.chanH, z.caption = make([]float64, l.rows+1), make([]float64, l.rows+1)
	for i := range z.chanH {
		z.chanH[i] = channel
		if span, used := l.span(false, 2*i); used {
			z.chanH[i] = span + 2*channel + l.headroom(2*i)
		}
	}
	for _, ln := range l.lines { // a label beside a line straight from row to row
		if len(ln.segs) == 1 && ln.segs[0].vertical && len(ln.label) > 0 {
			i := (int(ln.segs[0].lo()) + 1) / 2
			z.chanH[i] = max(z.chanH[i], labelHeight*float64(len(ln.label))+channel)
		}
	}
	for _, f := range l.frames() {
		z.caption[f.row0] = captionH + 9
	}
	for lane := range l.g.Lanes {
		l.fitLane(lane)
	}
}

// fitLane makes a lane as high as its title: with room over and under its rows, so
// that no box grows by it.
func (l *layout) fitLane(lane int) {
	z := &l.sizes
	from, to := l.laneRow[lane], l.laneRow[lane+1]
	h := 17*float64(len(z.laneText[lane])) + boxPadY - channel
	for r := from; r < to; r++ {
		h -= z.caption[r] + z.rowH[r] + z.chanH[r+1]
	}
	if h > 0 {
		z.caption[from] += h / 2
		z.chanH[to] += h / 2
	}
}

// position adds everything up.
func (l *layout) position() {
	z := &l.sizes
	x := margin + z.title
	for c := range l.cols + 1 {
		z.chanX = append(z.chanX, x)
		x += z.chanW[c]
		if c < l.cols {
			z.colX = append(z.colX, x)
			x += z.colW[c]
		}
	}
	z.width = x + margin
	y := margin
	for r := range l.rows + 1 {
		// The channel between two lanes belongs to the upper one; the lower one
		// begins with a little room of its own.
		if lane := l.laneStarting(r); lane >= 0 {
			if r > 0 {
				y += z.chanH[r]
			}
			z.laneTop = append(z.laneTop, y)
			if r == 0 {
				y += z.chanH[r]
			} else {
				y += channel
			}
			z.chanY = append(z.chanY, z.laneTop[lane]-z.chanH[r])
			if r == 0 {
				z.chanY[0] = z.laneTop[0]
			}
		} else {
			z.chanY = append(z.chanY, y)
			y += z.chanH[r]
		}
		y += z.caption[r]
		if r < l.rows {
			z.rowY = append(z.rowY, y)
			y += z.rowH[r]
		}
	}
	z.laneTop = append(z.laneTop, y)
	z.height = y + margin
	l.positionBoxes()
}

// laneStarting is the lane whose first row this is, or -1.
func (l *layout) laneStarting(row int) int {
	for i, r := range l.laneRow[:len(l.laneRow)-1] {
		if r == row {
			return i
		}
	}
	return -1
}

// positionBoxes makes the boxes of a column equally wide and those of a row
// equally high.
func (l *layout) positionBoxes() {
	z := &l.sizes
	for i := range l.boxes {
		b := &l.boxes[i]
		if b.node < 0 {
			b.x = z.colX[b.col] + (z.colW[b.col]-b.w)/2
			b.y = z.rowY[b.row] + z.rowH[b.row]/2 + l.dotOffset(i) - b.h/2
			continue
		}
		b.x, b.y, b.w, b.h = z.colX[b.col], z.rowY[b.row], z.colW[b.col], z.rowH[b.row]
	}
}

// dotOffset puts the dot at the height of its line.
func (l *layout) dotOffset(i int) float64 {
	for _, ln := range l.lines {
		if ln.from == i && len(ln.segs) > 0 && !ln.segs[0].vertical {
			return ln.segs[0].unit.offset
		}
	}
	return 0
}

// across is a segment's place across its direction: x of a vertical one, y of a
// horizontal one.
func (l *layout) across(s *seg) float64 {
	z, k := &l.sizes, s.at/2
	switch {
	case s.vertical && s.at%2 == 1:
		return z.colX[k] + z.colW[k]/2 + s.unit.offset
	case s.vertical:
		room := z.chanW[k] - z.before[k] - z.after[k]
		return z.chanX[k] + z.before[k] + room/2 + s.unit.offset
	case s.at%2 == 1:
		return z.rowY[k] + z.rowH[k]/2 + s.unit.offset
	}
	span, _ := l.span(false, s.at)
	return z.chanY[k] + z.chanH[k] - channel - span/2 + s.unit.offset
}

// headroom is what the labels over the uppermost track of a horizontal channel
// need.
func (l *layout) headroom(at int) float64 {
	lines := 0
	for _, u := range l.units[orientation(false)][at] {
		for _, s := range u.segs {
			if s.labelled() {
				lines = max(lines, len(s.line.label))
			}
		}
	}
	return labelHeight * float64(lines)
}

// point is a corner or an end of a line in the picture.
type point struct{ x, y float64 }

// points are the corners of a line, from box side to box side.
func (l *layout) points(ln *line) []point {
	if len(ln.segs) == 0 {
		return nil
	}
	var ps []point
	first, last := ln.segs[0], ln.segs[len(ln.segs)-1]
	ps = append(ps, l.dock(&l.boxes[ln.from], first, first.b > first.a))
	for _, s := range ln.segs[1:] {
		x, y := l.across(s.prev), l.across(s)
		if s.vertical {
			x, y = y, x
		}
		ps = append(ps, point{x, y})
	}
	return append(ps, l.dock(&l.boxes[ln.to], last, last.a > last.b))
}

// dock is where a segment meets the side of a box: the far one in its direction or
// the near one.
func (l *layout) dock(b *box, s *seg, far bool) point {
	c := l.across(s)
	if s.vertical {
		if far {
			return point{c, b.y + b.h}
		}
		return point{c, b.y}
	}
	if far {
		return point{b.x + b.w, c}
	}
	return point{b.x, c}
}

// frame is where the frame of a step lies: rows and columns of boxes.
type frame struct {
	group                  int
	row0, row1, col0, col1 int
}

// frames finds the frames: around the boxes of a step in the lane of its agency.
func (l *layout) frames() []frame {
	fs := make([]frame, len(l.g.Groups))
	for i := range fs {
		fs[i] = frame{i, 1 << 30, -1, 1 << 30, -1}
	}
	for _, b := range l.boxes {
		if b.node < 0 || l.g.Nodes[b.node].Group == 0 {
			continue
		}
		n := l.g.Nodes[b.node]
		f := &fs[n.Group-1]
		if n.Lane != l.g.Groups[n.Group-1].lane {
			continue
		}
		f.row0, f.row1 = min(f.row0, b.row), max(f.row1, b.row)
		f.col0, f.col1 = min(f.col0, b.col), max(f.col1, b.col)
	}
	out := fs[:0]
	for _, f := range fs {
		if f.row1 >= 0 {
			out = append(out, f)
		}
	}
	return out
}
