package diagram

import (
	"fmt"
	"math"
)

// Flaw is something wrong with a picture.
type Flaw struct{ Kind, Text string }

// The kinds of flaw.
const (
	LineThroughBox = "line through box" // never
	LinesOverlap   = "lines overlap"    // never, between nets
	OffPage        = "off the page"     // never
	BoxesOverlap   = "boxes overlap"    // never
	TextTooWide    = "text wider than its box"
	LabelOverBox   = "label over box" // avoided
	LabelOverLabel = "label over label"
)

// Flaws lays a graph out and lists what is wrong with the picture.
func Flaws(g Graph) []Flaw {
	l := newLayout(&g)
	c := check{l: l, page: rect{0, 0, l.sizes.width, l.sizes.height}}
	for _, ln := range l.lines {
		if len(ln.segs) == 0 {
			c.add(LineThroughBox, "no route from %d to %d", ln.from, ln.to)
		}
		c.pieces = append(c.pieces, l.pieces(ln)...)
	}
	c.boxes()
	c.lines()
	c.labels()
	return c.flaws
}

// check gathers the flaws of one picture.
type check struct {
	l      *layout
	page   rect
	pieces []piece
	flaws  []Flaw
}

func (c *check) add(kind, format string, a ...any) {
	c.flaws = append(c.flaws, Flaw{kind, fmt.Sprintf(format, a...)})
}

func (c *check) boxes() {
	for i := range c.l.boxes {
		b := c.l.area(i)
		for _, p := range c.pieces {
			if p.rect.overlaps(rect{b.x + 1, b.y + 1, b.w - 2, b.h - 2}) {
				c.add(LineThroughBox, "line %d→%d, box %d", p.line.from, p.line.to, i)
			}
		}
		for k := range i {
			if b.overlaps(c.l.area(k)) {
				c.add(BoxesOverlap, "%d and %d", k, i)
			}
		}
		if boxBold.widest(c.l.boxes[i].text) > b.w-4 {
			c.add(TextTooWide, "%v", c.l.boxes[i].text)
		}
		if !inside(b, c.page) {
			c.add(OffPage, "box %d", i)
		}
	}
}

func (c *check) lines() {
	for i, p := range c.pieces {
		if !inside(p.rect, c.page) {
			c.add(OffPage, "line %d→%d", p.line.from, p.line.to)
		}
		for _, q := range c.pieces[:i] {
			if p.line.net != q.line.net && together(p.rect, q.rect) {
				c.add(LinesOverlap, "%d→%d and %d→%d", p.line.from, p.line.to, q.line.from, q.line.to)
			}
		}
	}
}

func (c *check) labels() {
	for i := range c.l.labels {
		t := &c.l.labels[i]
		if !inside(t.rect(), c.page) {
			c.add(OffPage, "label %v", t.lines)
		}
		for k := range i {
			if t.rect().overlaps(c.l.labels[k].rect()) {
				c.add(LabelOverLabel, "%v over %v", t.lines, c.l.labels[k].lines)
			}
		}
		for k := range c.l.boxes {
			if t.rect().overlaps(c.l.area(k)) {
				c.add(LabelOverBox, "%v over %d", t.lines, k)
			}
		}
	}
}

func (l *layout) area(i int) rect {
	b := &l.boxes[i]
	return rect{b.x, b.y, b.w, b.h}
}

func inside(r, page rect) bool {
	return r.x >= 0 && r.y >= 0 && r.x+r.w <= page.w && r.y+r.h <= page.h
}

// together tells whether two thin areas of one direction lie over each other.
func together(a, b rect) bool {
	w := math.Min(a.x+a.w, b.x+b.w) - math.Max(a.x, b.x)
	h := math.Min(a.y+a.h, b.y+b.h) - math.Max(a.y, b.y)
	return w > 0 && h > 0 && math.Max(w, h) > 4
}
