package portal

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// watchers look at how offices work; the surface shows each only their own units.
var watchers = audience{roles: []string{"supervisor", "administrator"}}

func (p *Portal) dashboardPages() []page {
	return []page{
		{pattern: "GET /dashboard", who: watchers, menu: "dashboard.title", do: (*visit).dashboardPage},
		{pattern: "GET /dashboard.csv", who: watchers, do: (*visit).dashboardFile},
	}
}

// indicators is the surface's answer: figures of a unit and period.
type indicators struct {
	From       string          `json:"from"`
	To         string          `json:"to"`
	AsOf       Time            `json:"as_of"`
	Earlier    string          `json:"earlier"`
	Later      string          `json:"later"`
	Behind     bool            `json:"behind"`
	Unread     int64           `json:"unread"`
	Offices    int             `json:"offices"`
	Units      []unitName      `json:"units"`
	Indicators []indicator     `json:"indicators"`
	Refusals   []refusedBy     `json:"refusals"`
	Groups     []indicatorList `json:"groups"`
}

type unitName struct {
	Code string `json:"code"`
	Name Text   `json:"name"`
}

// indicator is one figure with everything that is needed to check it.
type indicator struct {
	ID          string  `json:"id"`
	Name        Text    `json:"name"`
	Formula     Text    `json:"formula"`
	Level       string  `json:"level"`
	Unit        string  `json:"unit"` // count, percent, days
	Numerator   *int64  `json:"numerator"`
	Denominator *int64  `json:"denominator"`
	Value       string  `json:"value"`
	Target      *int64  `json:"target"`
	MaxPoints   *int64  `json:"max_points"`
	Points      *string `json:"points"`
	Source      string  `json:"source"`
	Note        *Text   `json:"note"`
}

type indicatorList struct {
	ID         string      `json:"id"`
	Name       Text        `json:"name"`
	Indicators []indicator `json:"indicators"`
}

type refusedBy struct {
	Procedure struct {
		Title Text `json:"title"`
	} `json:"procedure"`
	Title Text  `json:"title"`
	Count int64 `json:"count"`
}

// figureView is an indicator as it stands on the page.
type figureView struct {
	indicator
	Label string // without the dots that join it to the line above
	Shown string // the value as the language writes it
	Of    string // what it was divided from
	Goal  string // the target in words
}

// dashboardPageData is the work of a unit over a period.
type dashboardPageData struct {
	indicators
	Period, Unit string // as asked for
	Service      string
	Services     []service
	UnitName     Text
	Earlier      string // address of the period before, "" = none
	Later        string
	File         string
	By           string       // into which the charts over time cut the period: day, week, month
	Cases        []figureView // of the linked group
	Dossiers     []figureView
	Data         []figureView
	All          []figureView
	Charts       []chart
	Stuck        []registryLine
	Watch        bool // may see the exchange
}

// registryLine is what one registry is owed now.
type registryLine struct {
	Registry string `json:"registry"`
	Title    Text   `json:"title"`
	Now      struct {
		Waiting   int  `json:"waiting"`
		Incidents int  `json:"incidents"`
		Overdue   int  `json:"overdue"`
		Damaged   int  `json:"damaged"`
		Oldest    Time `json:"oldest"`
	} `json:"now"`
	Breaker struct {
		State string `json:"state"`
		Until Time   `json:"until"`
	} `json:"breaker"`
	Period exchangeCount   `json:"period"`
	Days   []exchangeCount `json:"days"`
}

// own is the period whose days the visitor names.
const own = "own"

// dashboardQuery is what the address asks of the surface.
func (v *visit) dashboardQuery() (q url.Values, period, unit string) {
	in := v.r.URL.Query()
	q = url.Values{}
	set := func(name, value string) {
		if value != "" {
			q.Set(name, value)
		}
	}
	period, unit = in.Get("period"), in.Get("unit")
	switch period {
	case "day", "week", "month", "quarter", "year":
		q.Set("period", period)
	case own:
		set("from", isoDay(in.Get("from")))
	default:
		period = "month"
		q.Set("period", period)
	}
	set("to", isoDay(in.Get("to")))
	set("unit", unit)
	set("service", in.Get("service"))
	return q, period, unit
}

func (v *visit) dashboardPage() error {
	q, period, unit := v.dashboardQuery()
	d := dashboardPageData{Period: period, Unit: unit, Service: q.Get("service"), Watch: v.me.Has("supervisor")}
	var list homePage
	if err := v.get("/services", &list); err != nil {
		return err
	}
	d.Services = list.Services
	by := func(what string) ([]indicatorList, error) {
		var one indicators
		ask := url.Values{"by": {what}}
		for k := range q {
			ask.Set(k, q.Get(k))
		}
		_, err := v.call(call{path: "/indicators", query: ask}, &one)
		d.indicators = one
		return one.Groups, err
	}
	units, err := by("unit")
	if p, ok := refused(err, codeInvalid); ok {
		return v.dashboardWrong(d, p)
	}
	if err != nil {
		return err
	}
	agencies, err := by("agency")
	if err != nil {
		return err
	}
	steps, err := by("procedure")
	if err != nil {
		return err
	}
	d.By = d.cut()
	times, err := by(d.By)
	if err != nil {
		return err
	}
	v.fillDashboard(&d, q, units, agencies, steps)
	d.Charts = append(v.overTime(times), d.Charts...)
	if d.Watch {
		var all struct{ Registries []registryLine }
		if err := v.get("/exchange/summary", &all); err != nil {
			return err
		}
		for _, r := range all.Registries {
			if r.Now.Waiting > 0 || r.Breaker.State != "closed" {
				d.Stuck = append(d.Stuck, r)
			}
		}
	}
	return v.show(screen{page: "dashboard", title: v.t("dashboard.title"), wide: true, data: d})
}

// cut is how a period is told over time, so that no picture has more columns than can
// be told apart: by day up to a month, by week up to half a year, else by month.
func (d *dashboardPageData) cut() string {
	from, _ := time.Parse(time.DateOnly, d.From) // the surface writes them
	to, _ := time.Parse(time.DateOnly, d.To)
	switch days := int(to.Sub(from).Hours()/24) + 1; {
	case days <= 31:
		return "day"
	case days <= 190:
		return "week"
	}
	return "month"
}

// dashboardWrong shows the form with what is wrong with the period.
func (v *visit) dashboardWrong(d dashboardPageData, p *problem) error {
	if _, err := v.call(call{path: "/indicators"}, &d.indicators); err != nil {
		return err
	}
	wrong := []fieldError{{Pointer: "/to", Detail: p.Detail}}
	switch {
	case slices.ContainsFunc(p.Errors, func(e fieldError) bool { return e.Pointer == "query:service" }):
		wrong[0] = fieldError{Pointer: "/service", Detail: p.Errors[0].Detail}
	case p.Detail == "": // not a day at all
		wrong[0].Detail = v.t("dashboard.wrong")
	}
	d.indicators.Indicators, d.From, d.To = nil, v.r.URL.Query().Get("from"), v.r.URL.Query().Get("to")
	return v.show(screen{page: "dashboard", status: http.StatusUnprocessableEntity, title: v.t("dashboard.title"), wide: true, errors: wrong, data: d})
}

// The indicators that stand first, by what they count.
var (
	caseFigures    = []string{"cases.filed", "cases.running", "cases.paused", "cases.completed", "cases.on_time", "cases.days"}
	dossierFigures = []string{"dossiers.arrived", "dossiers.running", "dossiers.paused", "dossiers.in_time", "dossiers.late", "2.1", "supplement", "refusal"}
	dataFigures    = []string{"fields.prefilled", "4.3", "3.3", "3.6"}
)

func (v *visit) fillDashboard(d *dashboardPageData, q url.Values, units, agencies, steps []indicatorList) {
	here := func(to string) string {
		x := url.Values{"period": {d.Period}, "to": {to}}
		if d.Unit != "" {
			x.Set("unit", d.Unit)
		}
		if d.Service != "" {
			x.Set("service", d.Service)
		}
		return "/dashboard?" + x.Encode()
	}
	if d.indicators.Earlier != "" {
		d.Earlier = here(d.indicators.Earlier)
	}
	if d.indicators.Later != "" {
		d.Later = here(d.indicators.Later)
	}
	d.File = "/dashboard.csv?" + v.sameQuery(q, d.Period).Encode()
	for _, u := range d.Units {
		if u.Code == d.Unit {
			d.UnitName = u.Name
		}
	}
	all := map[string]figureView{}
	for _, i := range d.indicators.Indicators {
		f := v.figure(i)
		all[i.ID] = f
		d.All = append(d.All, f)
	}
	pick := func(ids []string) (out []figureView) {
		for _, id := range ids {
			out = append(out, all[id])
		}
		return out
	}
	d.Cases, d.Dossiers, d.Data = pick(caseFigures), pick(dossierFigures), pick(dataFigures)
	d.Charts = v.charts(d, all, units, agencies, steps)
}

// sameQuery is a query of the surface as an address of the page.
func (v *visit) sameQuery(q url.Values, period string) url.Values {
	out := url.Values{"period": {period}}
	for k := range q {
		if k != "period" {
			out.Set(k, q.Get(k))
		}
	}
	return out
}

func (v *visit) figure(i indicator) figureView {
	f := figureView{indicator: i, Label: upperFirst(strings.TrimPrefix(i.Name.In(v.lang), "… ")), Shown: v.amount(i.Value, i.Unit)}
	if i.Numerator != nil && i.Denominator != nil && *i.Denominator > 0 && i.Unit == "percent" {
		f.Of = v.t("dashboard.of", v.number(*i.Numerator), v.number(*i.Denominator))
	}
	if i.Target != nil {
		f.Goal = v.t("dashboard.target", *i.Target)
	}
	return f
}

// dashboardFile is the figures as a file for spreadsheets.
func (v *visit) dashboardFile() error {
	q, _, _ := v.dashboardQuery()
	q.Set("format", "csv")
	if by := v.r.URL.Query().Get("by"); by != "" {
		q.Set("by", by)
	}
	rec, err := v.send(call{path: "/indicators", query: q})
	if err != nil {
		return err
	}
	v.w.Header().Set("Content-Disposition", rec.header.Get("Content-Disposition"))
	v.write(http.StatusOK, rec.header.Get("Content-Type"), rec.body.Bytes())
	return nil
}
