package simulate

import (
	"fmt"
	"html/template"
	"slices"
	"strings"

	"lienthong/engine/calendar"
)

// series is one line of a chart.
type series struct {
	name   string
	values []int // one for each day
}

// The strokes of up to four lines: they differ without colour too.
var strokes = []struct{ colour, dash string }{{"#0b5cad", ""}, {"#b3261e", "6 3"}, {"#2e7d32", "2 3"}, {"#6a1b9a", "8 3 2 3"}}

const (
	left, below = 40.0, 24.0
	above       = 8.0
)

// lines draws numbers over days, in a picture of a size.
func lines(wide, high float64, first calendar.Date, ss []series) template.HTML {
	most, days := 1, 1
	for _, s := range ss {
		if len(s.values) > 0 {
			most, days = max(most, slices.Max(s.values)), max(days, len(s.values))
		}
	}
	step := tick(most)
	top := (most + step - 1) / step * step
	x := func(d int) float64 { return left + (wide-left-10)*float64(d)/float64(max(days-1, 1)) }
	y := func(v int) float64 { return above + (high-above-below)*(1-float64(v)/float64(top)) }
	var b strings.Builder
	fmt.Fprintf(&b, `<svg viewBox="0 0 %g %g" role="img">`, wide, high)
	for v := 0; v <= top; v += step {
		fmt.Fprintf(&b, `<line x1="%g" x2="%g" y1="%.1f" y2="%.1f" stroke="#ddd"/><text x="%g" y="%.1f" text-anchor="end">%d</text>`, left, wide-10, y(v), y(v), left-5, y(v)+4, v)
	}
	labels := max(int(wide)/80, 1)
	every := max((days+labels-1)/labels, 1)
	for d := 0; d < days; d += every {
		day := string(first.AddDays(d))
		if len(day) == 10 {
			fmt.Fprintf(&b, `<text x="%.1f" y="%g" text-anchor="middle">%s/%s</text>`, x(d), high-6, day[8:], day[5:7])
		}
	}
	for i, s := range ss {
		k := strokes[i%len(strokes)]
		var points []string
		for d, v := range s.values {
			points = append(points, fmt.Sprintf("%.1f,%.1f", x(d), y(v)))
		}
		fmt.Fprintf(&b, `<polyline fill="none" stroke="%s" stroke-width="2" stroke-dasharray="%s" points="%s"><title>%s</title></polyline>`,
			k.colour, k.dash, strings.Join(points, " "), template.HTMLEscapeString(s.name))
	}
	b.WriteString("</svg>")
	return template.HTML(b.String())
}

// tick is a round distance between at most six lines.
func tick(most int) int {
	for unit := 1; ; unit *= 10 {
		for _, m := range []int{1, 2, 5} {
			if most <= 5*m*unit {
				return m * unit
			}
		}
	}
}

// Bar draws how due times were kept: a bar whose parts are labelled in the table.
func (r DueRow) Bar() template.HTML {
	parts := []struct {
		n      int
		colour string
	}{{r.InTime, "#2e7d32"}, {r.OpenInTime, "#a5d6a7"}, {r.Late1, "#ffcc80"}, {r.Late2, "#ffa726"}, {r.Late5, "#f4511e"}, {r.Late10, "#c62828"}, {r.LateMore, "#7f0000"}, {r.OpenLate, "#8e24aa"}}
	var b strings.Builder
	b.WriteString(`<svg viewBox="0 0 300 16" class="bar" role="img">`)
	at := 0.0
	for _, p := range parts {
		w := 300 * float64(p.n) / float64(max(r.Total, 1))
		if p.n > 0 {
			fmt.Fprintf(&b, `<rect x="%.2f" y="0" width="%.2f" height="16" fill="%s"><title>%d</title></rect>`, at, w, p.colour, p.n)
		}
		at += w
	}
	b.WriteString("</svg>")
	return template.HTML(b.String())
}

// Stroke is the line under which a report is drawn in every chart.
func (v view) Stroke(i int) template.HTML {
	k := strokes[i%len(strokes)]
	return template.HTML(fmt.Sprintf(`<svg viewBox="0 0 40 8" class="key"><line x1="0" x2="40" y1="4" y2="4" stroke="%s" stroke-width="3" stroke-dasharray="%s"/></svg>`, k.colour, k.dash))
}
