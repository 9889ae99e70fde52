package portal

import (
	"cmp"
	"fmt"
	"html"
	"html/template"
	"slices"
	"strconv"
	"strings"
	"time"
)

// simulationCharts are the pictures of what simulations came to, each with its table.
type simulationCharts struct {
	Open       dayChart
	Due        chart
	Queues     []queueChart // the longest
	Facts      []string     // names of the figures of a desk
	Desks      [][]string   // all, as a table
	Indicators []indicatorRow
}

// dayChart is numbers over days: a picture, and the same as a table.
type dayChart struct {
	ID, Title string
	Picture   template.HTML
	Days      [][]string // a day, then the number of each simulation
}

// queueChart is the queue of one desk with what else is told of it.
type queueChart struct {
	dayChart
	Facts   [][]string // what, then the figure of each simulation
	longest int64
}

type indicatorRow struct {
	Name, Formula string
	Values        []string
}

// queuesShown is for how many desks a picture is drawn; the table has all.
const queuesShown = 8

func (v *visit) simulationCharts(runs []simulationRun) simulationCharts {
	var open [][]int64
	for _, r := range runs {
		open = append(open, r.Report.Open)
	}
	out := simulationCharts{Open: v.overDays("open", v.t("simulation.open"), runs, open), Due: v.dueChart(runs), Queues: v.queueCharts(runs), Facts: v.deskFacts(), Indicators: v.indicatorRows(runs)}
	out.Queues = slices.DeleteFunc(out.Queues, func(q queueChart) bool { return q.longest == 0 })
	slices.SortStableFunc(out.Queues, func(a, b queueChart) int { return cmp.Compare(b.longest, a.longest) })
	out.Queues = out.Queues[:min(len(out.Queues), queuesShown)]
	for _, r := range runs {
		for _, x := range r.Report.Desks {
			row := []string{v.letter(runs, r) + x.Name.In(v.lang), v.tg("by", x.Role)}
			out.Desks = append(out.Desks, append(row, v.deskFigures(x)...))
		}
	}
	return out
}

// letter stands before a line where there are several simulations.
func (v *visit) letter(runs []simulationRun, r simulationRun) string {
	if len(runs) == 1 {
		return ""
	}
	return r.Letter + ". "
}

// deskFigures are the figures of a desk in the order of the words facts.….
func (v *visit) deskFigures(x simulatedDesk) []string {
	hours := func(f float64) string { return v.decimals(strconv.FormatFloat(f, 'f', 1, 64)) }
	return []string{v.number(x.People), v.number(x.Served), strconv.FormatFloat(100*x.Busy, 'f', 0, 64) + " %", hours(x.Mean), hours(x.P90), v.number(x.Longest), v.number(x.Left)}
}

// deskFacts are the names of the figures.
func (v *visit) deskFacts() []string {
	return []string{v.t("facts.people"), v.t("facts.served"), v.t("facts.busy"), v.t("facts.mean"), v.t("facts.p90"), v.t("facts.longest"), v.t("facts.left")}
}

// queueCharts are the desks of all simulations.
func (v *visit) queueCharts(runs []simulationRun) []queueChart {
	at := map[string][]*simulatedDesk{}
	var keys []string
	for i, r := range runs {
		for j := range r.Report.Desks {
			x := &r.Report.Desks[j]
			if at[x.Key()] == nil {
				at[x.Key()] = make([]*simulatedDesk, len(runs))
				keys = append(keys, x.Key())
			}
			at[x.Key()][i] = x
		}
	}
	var out []queueChart
	for n, k := range keys {
		q := queueChart{}
		for _, f := range v.deskFacts() {
			q.Facts = append(q.Facts, []string{f})
		}
		var queues [][]int64
		title := ""
		for _, x := range at[k] {
			if x == nil {
				x = &simulatedDesk{}
			} else {
				title = x.Name.In(v.lang) + ", " + v.tg("by", x.Role)
			}
			queues = append(queues, x.Queue)
			q.longest = max(q.longest, x.Longest)
			for i, f := range v.deskFigures(*x) {
				q.Facts[i] = append(q.Facts[i], f)
			}
		}
		q.dayChart = v.overDays("queue-"+strconv.Itoa(n), title, runs, queues)
		out = append(out, q)
	}
	return out
}

// overDays draws numbers at the end of each day, a line for each simulation.
func (v *visit) overDays(id, title string, runs []simulationRun, values [][]int64) dayChart {
	c := dayChart{ID: id, Title: title}
	first, _ := time.Parse(time.DateOnly, runs[0].Report.From) // the surface writes it
	days := 0
	for _, l := range values {
		days = max(days, len(l))
	}
	for d := range days {
		row := []string{first.AddDate(0, 0, d).Format("02/01/2006")}
		for _, l := range values {
			n := ""
			if d < len(l) {
				n = v.number(l[d])
			}
			row = append(row, n)
		}
		c.Days = append(c.Days, row)
	}
	c.Picture = dayLines(title, first, days, values)
	return c
}

// Sizes of a picture over days in its own units.
const (
	daysWide, daysHigh  = 400.0, 170.0
	daysLeft, daysBelow = 40.0, 24.0
	daysAbove           = 8.0
)

// dayLines draws lines over days; they differ without colour too.
func dayLines(label string, first time.Time, days int, values [][]int64) template.HTML {
	most := int64(1)
	for _, l := range values {
		if len(l) > 0 {
			most = max(most, slices.Max(l))
		}
	}
	step := roundStep(most)
	top := (most + step - 1) / step * step
	x := func(d int) float64 {
		return daysLeft + (daysWide-daysLeft-24)*float64(d)/float64(max(days-1, 1))
	}
	y := func(n int64) float64 { return daysAbove + (daysHigh-daysAbove-daysBelow)*(1-float64(n)/float64(top)) }
	var s strings.Builder
	fmt.Fprintf(&s, `<svg class="lt-chart" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %g %g" role="img" aria-label="%s">`, daysWide, daysHigh, html.EscapeString(label))
	for n := int64(0); n <= top; n += step {
		fmt.Fprintf(&s, `<line class="lt-line-grid" x1="%g" x2="%g" y1="%s" y2="%s"/><text x="%g" y="%s" text-anchor="end">%d</text>`,
			daysLeft, daysWide, coordinate(y(n)), coordinate(y(n)), daysLeft-6, coordinate(y(n)+5), n)
	}
	for d := 0; d < days; d += max((days+4)/5, 1) {
		fmt.Fprintf(&s, `<text x="%s" y="%g" text-anchor="middle">%s</text>`, coordinate(x(d)), daysHigh-5, first.AddDate(0, 0, d).Format("02/01"))
	}
	for i, l := range values {
		var points []string
		for d, n := range l {
			points = append(points, coordinate(x(d))+","+coordinate(y(n)))
		}
		fmt.Fprintf(&s, `<polyline class="lt-line-%d" points="%s"/>`, i, strings.Join(points, " "))
	}
	s.WriteString(`</svg>`)
	return template.HTML(s.String())
}

// roundStep is a round distance between at most six lines.
func roundStep(most int64) int64 {
	for unit := int64(1); ; unit *= 10 {
		for _, m := range []int64{1, 2, 5} {
			if most <= 5*m*unit {
				return m * unit
			}
		}
	}
}

// dueChart is how due times were kept, the whole case first.
func (v *visit) dueChart(runs []simulationRun) chart {
	c := chart{ID: "due", Title: v.t("simulation.due"), Help: v.t("simulation.due.help"),
		Head: []string{v.t("simulation.procedure"), v.t("kept.total"), v.t("kept.intime"), v.t("kept.open"), "≤ 1", "≤ 2", "≤ 5", "≤ 10", "> 10", v.t("kept.openlate")},
		Key:  []chartKey{{"good", v.t("kept.intime")}, {"go", v.t("kept.open")}, {"wait", v.t("kept.late")}, {"bad", v.t("kept.openlate")}}}
	var list []bar
	for i := range runs[0].Report.Due {
		for _, r := range runs {
			k := slices.IndexFunc(r.Report.Due, func(d simulatedDue) bool { return d.Procedure == runs[0].Report.Due[i].Procedure })
			if k < 0 {
				continue
			}
			d := r.Report.Due[k]
			late := d.Late1 + d.Late2 + d.Late5 + d.Late10 + d.LateMore
			name := v.letter(runs, r) + cmp.Or(d.Title.In(v.lang), d.Procedure, v.t("simulation.whole"))
			list = append(list, bar{name, v.number(late+d.OpenLate) + " / " + v.number(d.Total),
				[]barPart{{"good", float64(d.InTime)}, {"go", float64(d.OpenInTime)}, {"wait", float64(late)}, {"bad", float64(d.OpenLate)}}})
			row := []string{name}
			for _, n := range []int64{d.Total, d.InTime, d.OpenInTime, d.Late1, d.Late2, d.Late5, d.Late10, d.LateMore, d.OpenLate} {
				row = append(row, v.number(n))
			}
			c.Rows = append(c.Rows, row)
		}
	}
	c.Picture = bars(list, c.Title)
	return c
}

// indicatorRows are the indicators that say something in any simulation.
func (v *visit) indicatorRows(runs []simulationRun) []indicatorRow {
	var out []indicatorRow
	for _, i := range runs[0].Report.Indicators {
		row := indicatorRow{Name: upperFirst(strings.TrimPrefix(i.Name.In(v.lang), "… ")), Formula: i.Formula.In(v.lang)}
		some := false
		for _, r := range runs {
			x := indicatorOf(r.Report.Indicators, i.ID)
			if x == nil {
				row.Values = append(row.Values, "")
				continue
			}
			some = some || x.Numerator != nil && (x.Denominator == nil || *x.Denominator > 0)
			row.Values = append(row.Values, v.amount(x.Value, x.Unit))
		}
		if some {
			out = append(out, row)
		}
	}
	return out
}
