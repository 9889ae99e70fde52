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
	var out []Flaw
	add := func(kind, format string, a ...any) { out = append(out, Flaw{kind, fmt.Sprintf(format, a...)}) }
	page := rect{0, 0, l.sizes.width, l.sizes.height}
	var pieces []piece
	for _, ln := range l.lines {
		if len(ln.segs) == 0 {
			add(LineThroughBox, "no route from %d to %d", ln.from, ln.to)
		}
		pieces = append(pieces, l.pieces(ln)...)
	}
	for i := range l.boxes {
		b := l.area(i)
		for _, p := range pieces {
			if p.rect.overlaps(rect{b.x + 1, b.y + 1, b.w - 2, b.h - 2}) {
				add(LineThroughBox, "line %d→%d, box %d", p.line.from, p.line.to, i)
			}
		}
		for k := range i {
			if b.overlaps(l.area(k)) {
				add(BoxesOverlap, "%d and %d", k, i)
			}
		}
		if boxBold.widest(l.boxes[i].text) > b.w-4 {
			add(TextTooWide, "%v", l.boxes[i].text)
		}
		if !inside(b, page) {
			add(OffPage, "box %d", i)
		}
	}
	for i, p := range pieces {
		if !inside(p.rect, page) {
			add(OffPage, "line %d→%d", p.line.from, p.line.to)
		}
		for _, q := range pieces[:i] {
			if p.line.net != q.line.net && together(p.rect, q.rect) {
				add(LinesOverlap, "%d→%d and %d→%d", p.line.from, p.line.to, q.line.from, q.line.to)
			}
		}
	}
	for i := range l.labels {
		r := l.labels[i].rect()
		if !inside(r, page) {
			add(OffPage, "label %v", l.labels[i].lines)
		}
		for k := range i {
			if r.overlaps(l.labels[k].rect()) {
				add(LabelOverLabel, "%v over %v", l.labels[i].lines, l.labels[k].lines)
			}
		}
		for k := range l.boxes {
			if r.overlaps(l.area(k)) {
				add(LabelOverBox, "%v over %d", l.labels[i].lines, k)
			}
		}
	}
	return out
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
