package portal

import (
	"fmt"
	"html"
	"html/template"
	"strconv"
	"strings"
)

// Sizes of a picture over time, in its own units.
const (
	timeHigh = 190
	timeTop  = 24  // above the highest column, for the scale
	timeBase = 160 // where columns stand
)

// foldRows is from how many rows on a table is opened by hand.
const foldRows = 12

// columns draws one column for each span of time on one scale, parts on each other,
// with the first, the middle and the last named. Each column says its value when the
// pointer rests on it; the table has them all.
func columns(list []bar, label string, scale func(float64) string) template.HTML {
	most := longest(list)
	var s strings.Builder
	fmt.Fprintf(&s, `<svg class="lt-chart" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" role="img" aria-label="%s">`, chartWide, timeHigh, html.EscapeString(label))
	fmt.Fprintf(&s, `<text x="0" y="16">%s</text><rect class="lt-bar-none" x="0" y="%d" width="%d" height="1"/><rect class="lt-bar-plain" x="0" y="%d" width="%d" height="1"/>`,
		html.EscapeString(scale(most)), timeTop, chartWide, timeBase, chartWide)
	room := float64(chartWide) / float64(max(len(list), 1))
	wide := min(room*0.8, 40)
	for i, b := range list {
		x, y := (float64(i)+0.5)*room-wide/2, float64(timeBase)
		fmt.Fprintf(&s, `<g><title>%s: %s</title>`, html.EscapeString(b.label), html.EscapeString(b.text))
		for _, p := range b.parts {
			if p.value <= 0 || most == 0 {
				continue
			}
			h := max(p.value/most*(timeBase-timeTop), 2)
			y -= h
			fmt.Fprintf(&s, `<rect class="lt-bar-%s" x="%s" y="%s" width="%s" height="%s"/>`, p.class, coordinate(x), coordinate(y), coordinate(wide), coordinate(h))
		}
		s.WriteString(`</g>`)
	}
	name := func(i, x int, anchor string) {
		fmt.Fprintf(&s, `<text x="%d" y="%d" text-anchor="%s">%s</text>`, x, timeBase+20, anchor, html.EscapeString(list[i].label))
	}
	if n := len(list); n > 1 {
		name(0, 0, "start")
		if n > 4 && len(list[n/2].label) <= len("07/09/2026") {
			name(n/2, chartWide/2, "middle")
		}
		name(n-1, chartWide, "end")
	}
	s.WriteString(`</svg>`)
	return template.HTML(s.String())
}

// overTime tells how the work of a period went day by day, week by week or month by
// month: what arrived, what was in time, and how long it took. A period of one span
// has no course.
func (v *visit) overTime(spans []indicatorList) []chart {
	if len(spans) < 2 {
		return nil
	}
	arrived := chart{ID: "time-arrived", Title: v.t("chart.time.arrived"), Head: []string{v.t("chart.time"), v.t("chart.cases"), v.t("chart.dossiers")}}
	timely := chart{ID: "time-timely", Title: v.t("chart.time.timely"), Help: v.t("chart.time.timely.help"),
		Head: []string{v.t("chart.time"), v.t("chart.intime"), v.t("chart.late"), v.t("chart.rate")}, Key: []chartKey{{"good", v.t("chart.intime")}, {"bad", v.t("chart.late")}}}
	days := chart{ID: "time-days", Title: v.t("chart.time.days"), Help: v.t("chart.time.days.help"), Head: []string{v.t("chart.time"), v.t("chart.ended"), v.t("chart.days")}}
	var a, t, d []bar
	for _, g := range spans {
		name, list := g.Name.In(v.lang), g.Indicators
		came, good, late := countOf(list, "dossiers.arrived"), countOf(list, "dossiers.in_time"), countOf(list, "dossiers.late")
		a = append(a, bar{name, v.number(came), []barPart{{"go", float64(came)}}})
		arrived.Rows = append(arrived.Rows, []string{name, v.number(countOf(list, "cases.filed")), v.number(came)})
		t = append(t, bar{name, v.number(good) + " / " + v.number(late), []barPart{{"good", float64(good)}, {"bad", float64(late)}}})
		timely.Rows = append(timely.Rows, []string{name, v.number(good), v.number(late), v.amount(indicatorOf(list, "2.1").Value, "percent")})
		took, ended := indicatorOf(list, "days"), int64(0)
		if took.Denominator != nil {
			ended = *took.Denominator
		}
		average, _ := strconv.ParseFloat(took.Value, 64) // not a number where nothing ended
		d = append(d, bar{name, v.amount(took.Value, "days"), []barPart{{"go", average}}})
		days.Rows = append(days.Rows, []string{name, v.number(ended), v.amount(took.Value, "days")})
	}
	count := func(most float64) string { return v.number(int64(most)) }
	arrived.Picture, timely.Picture = columns(a, arrived.Title, count), columns(t, timely.Title, count)
	days.Picture = columns(d, days.Title, func(most float64) string { return v.amount(strconv.FormatFloat(most, 'f', 2, 64), "days") })
	out := []chart{arrived, timely, days}
	for i := range out {
		out[i].Fold = len(out[i].Rows) > foldRows
	}
	return out
}
