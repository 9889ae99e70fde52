package portal

import (
	"fmt"
	"html"
	"html/template"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// chart is a picture of some figures, and the same figures as a table.
type chart struct {
	ID, Title, Help string
	Picture         template.HTML
	Head            []string // of the table
	Rows            [][]string
	Fold            bool       // the table is long: it is opened by hand
	Key             []chartKey // colours, where a bar has several parts
}

// chartKey names a colour.
type chartKey struct{ Class, Label string }

// bar is one line of a picture: parts stand end to end.
type bar struct {
	label, text string
	parts       []barPart
}

type barPart struct {
	class string // colour: see .lt-bar-… in the style sheet
	value float64
}

// Sizes of a picture in its own units; it is shown at about one to one.
const (
	chartWide  = 400
	chartRow   = 46
	chartLabel = 40 // letters; the table has the whole of it
)

// longest is the greatest sum of a bar's parts: what the scale ends at.
func longest(list []bar) float64 {
	most := 0.0
	for _, b := range list {
		sum := 0.0
		for _, p := range b.parts {
			sum += p.value
		}
		most = max(most, sum)
	}
	return most
}

// bars draws horizontal bars on one scale, each under its label, with the value at
// the end of the line. What it says stands in the table too: label says what it is.
func bars(list []bar, label string) template.HTML {
	most := longest(list)
	var s strings.Builder
	fmt.Fprintf(&s, `<svg class="lt-chart" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" role="img" aria-label="%s">`, chartWide, chartRow*len(list), html.EscapeString(label))
	for i, b := range list {
		y := i * chartRow
		fmt.Fprintf(&s, `<text x="0" y="%d">%s</text><text class="lt-chart-value" x="%d" y="%d" text-anchor="end">%s</text>`,
			y+16, html.EscapeString(shorten(b.label, chartLabel)), chartWide, y+16, html.EscapeString(b.text))
		fmt.Fprintf(&s, `<rect class="lt-bar-none" x="0" y="%d" width="%d" height="14" rx="2"/>`, y+23, chartWide)
		x := 0.0
		for _, p := range b.parts {
			if p.value <= 0 || most == 0 {
				continue
			}
			w := p.value / most * chartWide
			fmt.Fprintf(&s, `<rect class="lt-bar-%s" x="%s" y="%d" width="%s" height="14" rx="2"/>`, p.class, coordinate(x), y+23, coordinate(max(w, 2)))
			x += w
		}
	}
	s.WriteString(`</svg>`)
	return template.HTML(s.String())
}

func coordinate(f float64) string { return strconv.FormatFloat(f, 'f', 1, 64) }

// shorten cuts a text after n letters.
func shorten(s string, n int) string {
	r := []rune(s)
	if len(r) <= n {
		return s
	}
	return strings.TrimSpace(string(r[:n-1])) + "…"
}

func upperFirst(s string) string {
	r, n := utf8.DecodeRuneInString(s)
	return string(unicode.ToUpper(r)) + s[n:]
}

// number writes a whole number as the language does.
func (v *visit) number(n int64) string {
	s := strings.TrimSuffix(money(n), " đ")
	if v.lang == en {
		s = strings.ReplaceAll(s, ".", ",")
	}
	return s
}

// decimals writes a number with a point as the language does.
func (v *visit) decimals(s string) string {
	whole, cents, ok := strings.Cut(s, ".")
	n, err := strconv.ParseInt(whole, 10, 64)
	if err != nil {
		return s
	}
	if whole = v.number(n); !ok {
		return whole
	}
	if v.lang == en {
		return whole + "." + cents
	}
	return whole + "," + cents
}

// amount writes a figure of the surface with its unit.
func (v *visit) amount(value, unit string) string {
	n := v.decimals(value)
	switch {
	case value == notCounted:
		return v.t("dashboard.none")
	case unit == "percent":
		return n + " %"
	case unit == "days":
		return v.t("dashboard.days", n)
	}
	return n
}

// notCounted is the surface's word for a figure over nothing.
const notCounted = "N/A"

// countOf is a count by its id; 0 where it is not counted.
func countOf(list []indicator, id string) int64 {
	if i := indicatorOf(list, id); i != nil && i.Numerator != nil {
		return *i.Numerator
	}
	return 0
}

func indicatorOf(list []indicator, id string) *indicator {
	for i := range list {
		if list[i].ID == id {
			return &list[i]
		}
	}
	return nil
}

// charts are the pictures of the dashboard; one without anything to show is left out.
func (v *visit) charts(d *dashboardPageData, all map[string]figureView, units, agencies, steps []indicatorList) []chart {
	out := []chart{v.standing(all)}
	out = append(out, v.timely("steps", v.t("chart.timely.steps"), steps), v.average("days-steps", v.t("chart.days.steps"), steps), v.average("days-agencies", v.t("chart.days.agencies"), agencies))
	if len(units) > 1 {
		out = append(out, v.timely("units", v.t("chart.timely.units"), units))
	}
	out = append(out, v.refusalChart(d.Refusals))
	return slices.DeleteFunc(out, func(c chart) bool { return len(c.Rows) == 0 })
}

// standings are how a dossier may stand, with its colour.
var standings = []barPart{{class: "plain"}, {class: "go"}, {class: "wait"}, {class: "good"}, {class: "bad"}, {class: "bad"}, {class: "none2"}, {class: "none2"}, {class: "bad"}}

var standingFigures = []string{"dossiers.unreceived", "dossiers.running", "dossiers.paused", "dossiers.success", "dossiers.refused", "dossiers.expired", "dossiers.withdrawn", "dossiers.not_applicable", "dossiers.annulled"}

// standing is how the dossiers of the period stand.
func (v *visit) standing(all map[string]figureView) chart {
	c := chart{ID: "standing", Title: v.t("chart.standing"), Head: []string{v.t("chart.state"), v.t("chart.dossiers")}}
	var list []bar
	for i, id := range standingFigures {
		f := all[id]
		if f.Numerator == nil || *f.Numerator == 0 {
			continue
		}
		n := v.number(*f.Numerator)
		list = append(list, bar{f.Label, n, []barPart{{standings[i].class, float64(*f.Numerator)}}})
		c.Rows = append(c.Rows, []string{f.Label, n})
	}
	c.Picture = bars(list, c.Title)
	return c
}

// timely compares groups by what was on time and what is late.
func (v *visit) timely(id, title string, groups []indicatorList) chart {
	c := chart{ID: "timely-" + id, Title: title, Help: v.t("chart.timely.help"), Head: []string{v.t("chart.group"), v.t("chart.intime"), v.t("chart.late"), v.t("chart.rate")},
		Key: []chartKey{{"good", v.t("chart.intime")}, {"bad", v.t("chart.late")}}}
	var list []bar
	for _, g := range groups {
		good, late := countOf(g.Indicators, "dossiers.in_time"), countOf(g.Indicators, "dossiers.late")
		if good+late == 0 {
			continue
		}
		name := g.Name.In(v.lang)
		list = append(list, bar{name, v.number(good) + " / " + v.number(late), []barPart{{"good", float64(good)}, {"bad", float64(late)}}})
		c.Rows = append(c.Rows, []string{name, v.number(good), v.number(late), v.amount(indicatorOf(g.Indicators, "2.1").Value, "percent")})
	}
	c.Picture = bars(list, title)
	return c
}

// average compares groups by the average days that a dossier took.
func (v *visit) average(id, title string, groups []indicatorList) chart {
	c := chart{ID: id, Title: title, Help: v.t("chart.days.help"), Head: []string{v.t("chart.group"), v.t("chart.ended"), v.t("chart.days")}}
	var list []bar
	for _, g := range groups {
		f := indicatorOf(g.Indicators, "days")
		if f == nil || f.Denominator == nil || *f.Denominator == 0 {
			continue
		}
		days, _ := strconv.ParseFloat(f.Value, 64) // the surface writes it
		name := g.Name.In(v.lang)
		list = append(list, bar{name, v.amount(f.Value, "days"), []barPart{{"go", days}}})
		c.Rows = append(c.Rows, []string{name, v.number(*f.Denominator), v.decimals(f.Value)})
	}
	c.Picture = bars(list, title)
	return c
}

// refusalChart is what refused, most often first.
func (v *visit) refusalChart(refusals []refusedBy) chart {
	c := chart{ID: "refusals", Title: v.t("chart.refusals"), Help: v.t("chart.refusals.help"), Head: []string{v.t("chart.reason"), v.t("chart.procedure"), v.t("chart.dossiers")}}
	var list []bar
	for _, r := range refusals {
		n := v.number(r.Count)
		list = append(list, bar{r.Title.In(v.lang), n, []barPart{{"bad", float64(r.Count)}}})
		c.Rows = append(c.Rows, []string{r.Title.In(v.lang), r.Procedure.Title.In(v.lang), n})
	}
	c.Picture = bars(list, c.Title)
	return c
}
