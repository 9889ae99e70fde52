package simulate

import (
	"bytes"
	"cmp"
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"slices"

	"lienthong/engine"
	"lienthong/engine/calendar"
)

//go:embed report.html
var page string

// HTML writes one page with everything in it: no script, no request to anybody. With
// several reports of the same days (what if two clerks are on leave?) they stand side
// by side.
func HTML(w io.Writer, lang string, reports ...*Report) error {
	if len(reports) == 0 {
		return engine.Fail(engine.Invalid, "Không có báo cáo nào", "there is no report")
	}
	if lang != "en" {
		lang = "vi"
	}
	v := view{Lang: lang, Reports: reports}
	t, err := template.New("report").Funcs(template.FuncMap{
		"t":       func(vi, en string) string { return engine.Text{VI: vi, EN: en}.In(lang) },
		"in":      func(t engine.Text) string { return t.In(lang) },
		"name":    func(i int) string { return fmt.Sprintf("%c. %s", 'A'+i, reports[i].Plan.In(lang)) },
		"count":   func(n int) string { return grouped(n, lang) },
		"pc":      func(x float64) string { return fmt.Sprintf("%.0f %%", 100*x) },
		"h":       func(x float64) string { return fmt.Sprintf("%.1f", x) },
		"add":     func(a, b int) int { return a + b },
		"unit":    func(u string) string { return (&printer{lang: lang}).unit(u) },
		"faults":  func(name string) string { return faultName(name, lang) },
		"promise": func(id string) string { x := Invariants[id]; return x.In(lang) },
		"last":    func(as []Act) []Act { return as[max(len(as)-shownActs, 0):] },
	}).Parse(page)
	if err != nil {
		return err
	}
	var b bytes.Buffer
	if err := t.Execute(&b, v); err != nil {
		return err
	}
	_, err = w.Write(b.Bytes())
	return err
}

// grouped writes a number in groups of three, as the language does.
func grouped(n int, lang string) string {
	if lang == "en" {
		return engine.Grouped(int64(n), ",")
	}
	return engine.Grouped(int64(n), ".")
}

// view is what the page shows.
type view struct {
	Lang    string
	Reports []*Report
}

// OpenChart draws the open cases of each report over the days.
func (v view) OpenChart() template.HTML {
	var ls []series
	for i, r := range v.Reports {
		ls = append(ls, series{fmt.Sprintf("%c", 'A'+i), r.Open})
	}
	return lines(760, 200, v.first(), ls)
}

func (v view) first() calendar.Date { return v.Reports[0].From }

// queue is one desk of all reports.
type queue struct {
	Name, Role string
	Rows       []*DeskRow // by report; nil = it has none
	v          view
	longest    int
}

// Chart draws its queue over the days.
func (q queue) Chart() template.HTML {
	var ls []series
	for i, d := range q.Rows {
		if d != nil {
			ls = append(ls, series{fmt.Sprintf("%c", 'A'+i), d.Queue})
		}
	}
	return lines(340, 140, q.v.first(), ls)
}

// chartsShown is for how many desks a chart is drawn; the table has all.
const chartsShown = 12

// Busiest are the desks with the longest queues in any report.
func (v view) Busiest() []queue {
	all := slices.DeleteFunc(v.Queues(), func(q queue) bool { return q.longest == 0 })
	slices.SortStableFunc(all, func(a, b queue) int { return cmp.Compare(b.longest, a.longest) })
	return all[:min(len(all), chartsShown)]
}

// Queues are all desks, by office and role.
func (v view) Queues() []queue {
	type key struct{ office, role string }
	at := map[key]int{}
	var out []queue
	for i, r := range v.Reports {
		for j := range r.Desks {
			d := &r.Desks[j]
			k := key{d.Office, d.Role}
			n, ok := at[k]
			if !ok {
				n = len(out)
				at[k] = n
				name := d.Name.In(v.Lang)
				out = append(out, queue{Name: cmp.Or(name, d.Office), Role: roleName(d.Role, v.Lang), Rows: make([]*DeskRow, len(v.Reports)), v: v})
			}
			out[n].Rows[i] = d
			out[n].longest = max(out[n].longest, d.Longest)
		}
	}
	slices.SortStableFunc(out, func(a, b queue) int { return cmp.Compare(a.office(), b.office()) })
	return out
}

func (q queue) office() string {
	for _, d := range q.Rows {
		if d != nil {
			return d.Office + " " + d.Role
		}
	}
	return ""
}

var roleNames = map[string]engine.Text{
	engine.ByReception: {VI: "một cửa", EN: "reception"}, engine.ByOfficer: {VI: "thụ lý", EN: "officers"}, engine.ByLeader: {VI: "lãnh đạo", EN: "leaders"},
}

func roleName(role, lang string) string {
	t := roleNames[role]
	return cmp.Or(t.In(lang), role)
}

// dueLine is one procedure of all reports.
type dueLine struct {
	Name string
	Rows []DueRow
}

// Due are all procedures, the whole case first.
func (v view) Due() []dueLine {
	at := map[string]int{}
	var out []dueLine
	for i, r := range v.Reports {
		for _, d := range r.Due {
			n, ok := at[d.Procedure]
			if !ok {
				n = len(out)
				at[d.Procedure] = n
				whole := engine.Text{VI: "Cả hồ sơ liên thông", EN: "The whole case"}
				out = append(out, dueLine{cmp.Or(d.Title.In(v.Lang), d.Procedure, whole.In(v.Lang)), make([]DueRow, len(v.Reports))})
			}
			out[n].Rows[i] = d
		}
	}
	return out
}

// indicatorLine is one indicator of all reports.
type indicatorLine struct {
	Name, Formula string
	Values        []string
}

// Indicators are those that say something in any report.
func (v view) Indicators() []indicatorLine {
	var out []indicatorLine
	unit := printer{lang: v.Lang}
	for i, d := range v.Reports[0].Indicators {
		l := indicatorLine{Name: d.Name.In(v.Lang), Formula: d.Formula.In(v.Lang)}
		some := false
		for _, r := range v.Reports {
			x := r.Indicators[i]
			some = some || x.Numerator != nil && (x.Denominator == nil || *x.Denominator > 0)
			l.Values = append(l.Values, x.Value+unit.unit(x.Unit))
		}
		if some {
			out = append(out, l)
		}
	}
	return out
}
