package diagram

// label is a line's text in the picture.
type label struct {
	line  *line
	x, y  float64 // left end of the first base line
	w, h  float64
	lines []string
}

// rect is an area of the picture.
type rect struct{ x, y, w, h float64 }

func (a rect) overlaps(b rect) bool {
	return a.x < b.x+b.w && b.x < a.x+a.w && a.y < b.y+b.h && b.y < a.y+a.h
}

func (t *label) rect() rect { return rect{t.x, t.y - 9, t.w, t.h} }

// placeLabels puts each label over the beginning of its line, or where it covers
// least.
func (l *layout) placeLabels() {
	for _, f := range l.frames() {
		l.captions = append(l.captions, l.caption(f))
	}
	var pieces []piece
	for _, ln := range l.lines {
		pieces = append(pieces, l.pieces(ln)...)
	}
	for _, ln := range l.lines {
		if len(ln.label) == 0 || len(ln.segs) == 0 {
			continue
		}
		best, least := label{}, -1.0
		for i, t := range l.candidates(ln) {
			if c := l.covers(t, pieces) + float64(i); least < 0 || c < least {
				best, least = t, c
			}
		}
		l.labels = append(l.labels, best)
	}
}

// piece is a straight piece of a line as a thin area.
type piece struct {
	rect
	line *line
}

func (l *layout) pieces(ln *line) []piece {
	ps := l.points(ln)
	var out []piece
	for i := 1; i < len(ps); i++ {
		a, b := ps[i-1], ps[i]
		r := rect{min(a.x, b.x), min(a.y, b.y), max(a.x, b.x) - min(a.x, b.x), max(a.y, b.y) - min(a.y, b.y)}
		out = append(out, piece{rect{r.x - 0.5, r.y - 0.5, r.w + 1, r.h + 1}, ln})
	}
	return out
}

// candidates are places for a label, the best ones first: along each piece of the
// line from its beginning on, over, under or beside it.
func (l *layout) candidates(ln *line) []label {
	var out []label
	ps := l.points(ln)
	h := labelHeight * float64(len(ln.label))
	add := func(x, y float64) {
		out = append(out, label{line: ln, x: x, y: y, w: ln.labelW, h: h, lines: ln.label})
	}
	for i := 1; i < len(ps); i++ {
		a, b := ps[i-1], ps[i]
		if a.y == b.y {
			x := a.x + 6
			if b.x < a.x {
				x = a.x - 6 - ln.labelW
			}
			add(x, a.y-4.5-(h-labelHeight))
			add((a.x+b.x-ln.labelW)/2, a.y-4.5-(h-labelHeight))
			add(x, a.y+12)
			continue
		}
		mid := (a.y+b.y-h)/2 + 9
		for _, d := range [3]float64{0, -11, 11} {
			add(a.x+5, mid+d)
			add(a.x-5-ln.labelW, mid+d)
		}
	}
	return out
}

// covers weighs what a label would cover: boxes most, then other labels, lines,
// and the edges of the picture.
func (l *layout) covers(t label, pieces []piece) float64 {
	r, c := t.rect(), 0.0
	for i := range l.boxes {
		b := &l.boxes[i]
		if r.overlaps(rect{b.x - 2, b.y - 2, b.w + 4, b.h + 4}) {
			c += 200
		}
	}
	for _, f := range l.captions {
		if r.overlaps(f) {
			c += 60
		}
	}
	for i := range l.labels {
		if r.overlaps(l.labels[i].rect()) {
			c += 100
		}
	}
	for _, p := range pieces {
		if r.overlaps(p.rect) {
			c += 8
		}
	}
	if r.x < l.sizes.title || r.x+r.w > l.sizes.width || r.y < 0 {
		c += 1000
	}
	return c
}

// outline is the area of a step's frame.
func (l *layout) outline(f frame) rect {
	z := &l.sizes
	x, y := z.colX[f.col0]-9, z.rowY[f.row0]-captionH-4
	return rect{x, y, z.colX[f.col1] + z.colW[f.col1] + 9 - x, z.rowY[f.row1] + z.rowH[f.row1] + 7 - y}
}

// caption is the area of a frame's title.
func (l *layout) caption(f frame) rect {
	o := l.outline(f)
	w := min(groupText.width(clean(l.g.Groups[f.group].Title)), max(o.w-18, 60))
	return rect{o.x + 9, o.y + 3, w, 14}
}
