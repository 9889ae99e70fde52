package diagram

import (
	"bytes"
	"fmt"
	"math"
	"strconv"
	"strings"

	"lienthong/engine"
)

// sheet is the style of the picture. Class names begin with ltd so that a page
// that contains the picture is not restyled.
const sheet = `
.ltd{font-family:"Be Vietnam Pro","Segoe UI",sans-serif;font-size:13px;fill:#262626}
.ltd-page{fill:#fff}
.ltd-lane{fill:#fff;stroke:#e7e3e2}.ltd-alt{fill:#faf9f8}
.ltd-head{fill:#f3e9e8;stroke:#ead9d7}.ltd-name{fill:#5c1a1a;font-weight:600}
.ltd-frame{fill:#8b1a1a;fill-opacity:.035;stroke:#c9a9a6;stroke-dasharray:4 3}.ltd-step{font-size:11px;font-weight:600;fill:#7a3a36;stroke:#fff;stroke-width:3px;stroke-linejoin:round;paint-order:stroke}
.ltd-box{fill:#fff;stroke:#8a8a8a;stroke-width:1.3}.ltd-ring{fill:none;stroke:#8a8a8a;stroke-width:1}
.ltd-text{text-anchor:middle}.ltd-note{font-size:10px;fill:#5f5f5f}.ltd-sign{fill:none;stroke:#777;stroke-width:1}
.ltd-line{fill:none;stroke:#8a8a8a;stroke-width:1.3}.ltd-head-arrow{fill:#8a8a8a}.ltd-opt{stroke-dasharray:5 3}
.ltd-label{font-size:10.5px;fill:#4a4a4a;stroke:#fff;stroke-width:3px;stroke-linejoin:round;paint-order:stroke}
.ltd-dot{fill:#3a3a3a}
.ltd-done .ltd-box{fill:#e6f4e7;stroke:#2e7d32}.ltd-done .ltd-ring{stroke:#2e7d32}
.ltd-done .ltd-line{stroke:#2e7d32;stroke-width:1.9}.ltd-done .ltd-head-arrow,.ltd-tick{fill:#2e7d32}.ltd-done .ltd-label{fill:#1b5e20}
.ltd-check{fill:none;stroke:#fff;stroke-width:1.8;stroke-linecap:round;stroke-linejoin:round}
.ltd-current .ltd-box{fill:#8b1a1a;stroke:#e3a008;stroke-width:2.4}.ltd-current .ltd-ring{stroke:#fff}
.ltd-current .ltd-text{fill:#fff;font-weight:600}.ltd-current .ltd-note{fill:#f6dede}.ltd-current .ltd-sign{stroke:#f6dede}
.ltd-glow{fill:none;stroke:#f2b705}.ltd-glow-a{stroke-width:7;stroke-opacity:.35}.ltd-glow-b{stroke-width:12;stroke-opacity:.16}
.ltd-struck .ltd-box{fill:#f1f1f1;stroke:#a9a9a9;stroke-dasharray:4 3}.ltd-struck .ltd-text{fill:#6f6f6f;text-decoration:line-through}.ltd-struck .ltd-step{fill:#6f6f6f;stroke:none;text-decoration:line-through}
`

// SVG draws the graph as a picture of its own: valid XML, one style sheet, no
// script, no external resource.
func (g Graph) SVG() []byte {
	l := newLayout(&g)
	w := &writer{l: l}
	z := &l.sizes
	w.printf(`<svg xmlns="http://www.w3.org/2000/svg" class="ltd" role="img" lang="%s" width="%s" height="%s" viewBox="0 0 %s %s" style="max-width:100%%;height:auto">`,
		langOf(g.Lang), num(z.width), num(z.height), num(z.width), num(z.height))
	style := sheet
	if g.apart() {
		style += apartSheet[1:]
	}
	w.printf("\n<title>%s</title>\n<desc>%s</desc>\n<style>%s</style>\n", esc(g.Title), esc(g.Desc), style)
	w.printf(`<rect class="ltd-page" width="%s" height="%s"/>`+"\n", num(z.width), num(z.height))
	w.lanes()
	w.frames()
	for _, m := range []Mark{Struck, Plain, Waiting, Current, Done, Both, Now, Kept} {
		for _, ln := range l.lines {
			if ln.mark == m {
				w.line(ln)
			}
		}
	}
	for i := range l.boxes {
		w.box(&l.boxes[i])
	}
	w.captions()
	for i := range l.labels {
		w.label(&l.labels[i])
	}
	w.printf("</svg>\n")
	return w.b.Bytes()
}

// writer writes a laid out graph as SVG.
type writer struct {
	b bytes.Buffer
	l *layout
}

func (w *writer) printf(format string, a ...any) { fmt.Fprintf(&w.b, format, a...) }

// num writes a coordinate with at most one decimal.
func num(f float64) string { return strconv.FormatFloat(math.Round(f*10)/10, 'f', -1, 64) }

// escaper writes what XML content and attributes may not hold.
var escaper = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;", "'", "&#39;")

// esc makes a text safe in XML.
func esc(s string) string { return escaper.Replace(clean(s)) }

func langOf(lang string) string {
	if lang == "en" {
		return "en"
	}
	return "vi"
}

func (w *writer) lanes() {
	z := &w.l.sizes
	for i := range w.l.g.Lanes {
		y, h := z.laneTop[i], z.laneTop[i+1]-z.laneTop[i]
		class := "ltd-lane"
		if i%2 == 1 {
			class += " ltd-alt"
		}
		w.printf(`<rect class="%s" x="%s" y="%s" width="%s" height="%s"/>`, class, num(margin), num(y), num(z.width-2*margin), num(h))
		w.printf(`<rect class="ltd-head" x="%s" y="%s" width="%s" height="%s"/>`+"\n", num(margin), num(y), num(z.title), num(h))
		base := y + h/2 - 17*float64(len(z.laneText[i])-1)/2 + 4.5
		for k, t := range z.laneText[i] {
			w.printf(`<text class="ltd-name" x="%s" y="%s">%s</text>`+"\n", num(margin+boxPadX), num(base+17*float64(k)), esc(t))
		}
	}
}

// frames draws the frames of the steps of a detailed service.
func (w *writer) frames() {
	for _, f := range w.l.frames() {
		o := w.l.outline(f)
		w.printf(`<rect class="ltd-frame" x="%s" y="%s" width="%s" height="%s" rx="9"/>`+"\n", num(o.x), num(o.y), num(o.w), num(o.h))
	}
}

// captions draws the titles of the frames, over the lines.
func (w *writer) captions() {
	for _, f := range w.l.frames() {
		c, g := w.l.caption(f), w.l.g.Groups[f.group]
		title := groupText.wrap(clean(g.Title), 1, c.w)
		if len(title) > 0 {
			w.printf(`<g class="ltd-n%s"><text class="ltd-step" x="%s" y="%s">%s</text></g>`+"\n", markClass(g.Mark), num(c.x), num(c.y+11), esc(title[0]))
		}
	}
}

// markClass is the class of a painted group.
func markClass(m Mark) string {
	if m == Plain {
		return ""
	}
	return " ltd-" + string(m)
}

// line draws a line with rounded corners and an arrow head.
func (w *writer) line(ln *line) {
	ps := w.l.points(ln)
	if len(ps) < 2 {
		return
	}
	end, before := ps[len(ps)-1], ps[len(ps)-2]
	dx, dy := unitVector(before, end)
	short := append([]point{}, ps...)
	short[len(short)-1] = point{end.x - 7*dx, end.y - 7*dy}
	class := "ltd-line"
	if ln.optional {
		class += " ltd-opt"
	}
	w.printf(`<g class="ltd-e%s"><path class="%s" d="%s"/>`, markClass(ln.mark), class, rounded(short))
	w.printf(`<path class="ltd-head-arrow" d="M%s %sL%s %sL%s %sZ"/></g>`+"\n", num(end.x), num(end.y),
		num(end.x-9*dx-4.5*dy), num(end.y-9*dy+4.5*dx), num(end.x-9*dx+4.5*dy), num(end.y-9*dy-4.5*dx))
}

// unitVector is the direction from a to b.
func unitVector(a, b point) (dx, dy float64) {
	d := math.Hypot(b.x-a.x, b.y-a.y)
	if d == 0 {
		return 1, 0
	}
	return (b.x - a.x) / d, (b.y - a.y) / d
}

// rounded writes a path whose corners are rounded as far as the pieces allow.
func rounded(ps []point) string {
	var b strings.Builder
	fmt.Fprintf(&b, "M%s %s", num(ps[0].x), num(ps[0].y))
	for i := 1; i < len(ps)-1; i++ {
		p, q, r := ps[i-1], ps[i], ps[i+1]
		in, out := math.Hypot(q.x-p.x, q.y-p.y), math.Hypot(r.x-q.x, r.y-q.y)
		k := min(rounding, in/2, out/2)
		ax, ay := unitVector(p, q)
		bx, by := unitVector(q, r)
		fmt.Fprintf(&b, "L%s %sQ%s %s %s %s", num(q.x-k*ax), num(q.y-k*ay), num(q.x), num(q.y), num(q.x+k*bx), num(q.y+k*by))
	}
	last := ps[len(ps)-1]
	fmt.Fprintf(&b, "L%s %s", num(last.x), num(last.y))
	return b.String()
}

// box draws a node, or the dot before the initial state.
func (w *writer) box(b *box) {
	if b.node < 0 {
		w.printf(`<circle class="ltd-dot" cx="%s" cy="%s" r="%s"/>`+"\n", num(b.x+b.w/2), num(b.y+b.h/2), num(b.w/2))
		return
	}
	n := w.l.g.Nodes[b.node]
	w.printf(`<g class="ltd-n%s"><title>%s</title>`, markClass(n.Mark), esc(n.describe(w.l.g)))
	r := 8.0
	if n.Kind == KindFiling || n.Kind == KindResults {
		r = min(b.h/2, 22)
	}
	if n.Mark == Current {
		w.rect("ltd-glow ltd-glow-b", b, 0, r)
		w.rect("ltd-glow ltd-glow-a", b, 0, r)
	}
	w.rect("ltd-box", b, 0, r)
	if n.Final != engine.FinalNone {
		w.rect("ltd-ring", b, 3, r-3)
	}
	w.boxText(b, n)
	if n.Mark == Done {
		x, y := b.x+b.w-2, b.y+1
		w.printf(`<circle class="ltd-tick" cx="%s" cy="%s" r="7.5"/><path class="ltd-check" d="M%s %sl2.4 2.4l4.2 -4.6"/>`,
			num(x), num(y), num(x-3.2), num(y+0.4))
	}
	w.printf("</g>\n")
}

func (w *writer) rect(class string, b *box, inset, r float64) {
	w.printf(`<rect class="%s" x="%s" y="%s" width="%s" height="%s" rx="%s"/>`, class,
		num(b.x+inset), num(b.y+inset), num(b.w-2*inset), num(b.h-2*inset), num(r))
}

// boxText writes a node's label and its notes, centred.
func (w *writer) boxText(b *box, n Node) {
	h := lineHeight * float64(len(b.text))
	for _, lines := range b.notes {
		h += noteHeight * float64(len(lines))
	}
	x, y := b.x+b.w/2, b.y+(b.h-h)/2
	for _, t := range b.text {
		w.printf(`<text class="ltd-text" x="%s" y="%s">%s</text>`, num(x), num(y+12), esc(t))
		y += lineHeight
	}
	for i, lines := range b.notes {
		left := x - (noteText.widest(lines)+noteSign)/2
		w.sign(n.Notes[i].Kind, left, y+1.5)
		for _, t := range lines {
			w.printf(`<text class="ltd-note" x="%s" y="%s">%s</text>`, num(left+noteSign), num(y+10), esc(t))
			y += noteHeight
		}
	}
}

// signs are drawn in a square of ten: a cylinder for a register, a clock, a
// diamond for a condition, a sheet for a step, a loop; a square for history, a triangle for what is decided again.
var signs = map[NoteKind]string{
	NoteRegistry: "M1 2.5a4 1.7 0 0 1 8 0v5a4 1.7 0 0 1 -8 0zM1 2.5a4 1.7 0 0 0 8 0",
	NoteLimit:    "M5 1a4 4 0 1 0 .01 0zM5 2.8V5.2H7",
	NoteIf:       "M5 1L9 5L5 9L1 5Z",
	NoteStep:     "M2 1H6.5L8.5 3V9H2Z",
	NoteStay:     "M8.5 3.5A4 4 0 1 0 9 5.6M9 1V3.8H6.2",
	NoteKept:     "M2 2H8V8H2Z",
	NoteNow:      "M5 1L9 8.5H1Z",
	NoteBoth:     "M1 1H6V6H1ZM6 3L9.5 9H3.5L4.5 7",
}

func (w *writer) sign(kind NoteKind, x, y float64) {
	w.printf(`<path class="ltd-sign" transform="translate(%s %s)" d="%s"/>`, num(x), num(y), signs[kind])
}

func (w *writer) label(t *label) {
	w.printf(`<g class="ltd-e%s">`, markClass(t.line.mark))
	if full := w.l.labelOf(t.line); full != strings.Join(t.lines, " ") {
		w.printf("<title>%s</title>", esc(full))
	}
	for k, s := range t.lines {
		w.printf(`<text class="ltd-label" x="%s" y="%s">%s</text>`, num(t.x), num(t.y+11*float64(k)), esc(s))
	}
	w.printf("</g>\n")
}
