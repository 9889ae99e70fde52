package api

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"lienthong/engine"
	"lienthong/engine/calendar"
	"lienthong/engine/indicators"
)

// indicatorView is one figure with everything that is needed to check it.
type indicatorView struct {
	ID          string  `json:"id"`
	Name        Text    `json:"name"`
	Formula     Text    `json:"formula"`
	Level       string  `json:"level" enum:"dossier,case" doc:"dossier: every agency's part counts as one; case: the linked group counts as one"`
	Unit        string  `json:"unit" enum:"count,percent,days"`
	Numerator   *int64  `json:"numerator,omitempty" doc:"Seconds for unit days"`
	Denominator *int64  `json:"denominator,omitempty"`
	Value       string  `json:"value" doc:"Two decimals, whole for a count; N/A when the denominator is 0 or nothing is collected"`
	Target      *int64  `json:"target,omitempty" doc:"Percent that gives full points, where the source says"`
	MaxPoints   *int64  `json:"max_points,omitempty" doc:"Full points, where the source says"`
	Points      *string `json:"points,omitempty" doc:"max_points, or value ÷ target × max_points below the target; where both are known"`
	Source      string  `json:"source"`
	Note        *Text   `json:"note,omitempty"`
}

// refusalView is one way in which dossiers were refused.
type refusalView struct {
	Procedure procedureRef `json:"procedure"`
	Action    string       `json:"action" doc:"The action that refused; empty when the law refuses before an office is reached"`
	Title     Text         `json:"title"`
	Count     int64        `json:"count"`
}

type indicatorGroup struct {
	ID         string          `json:"id"`
	Name       Text            `json:"name"`
	Indicators []indicatorView `json:"indicators"`
}

type indicatorsBody struct {
	From       string           `json:"from" format:"date"`
	To         string           `json:"to" format:"date"`
	AsOf       Time             `json:"as_of" doc:"Open dossiers are compared with this instant: now, or the end of a past period"`
	Earlier    string           `json:"earlier,omitempty" format:"date" doc:"The last day of the period before, where one was named"`
	Later      string           `json:"later,omitempty" format:"date" doc:"The first day of the period after, where one was named and it has begun"`
	Behind     bool             `json:"behind,omitempty" doc:"The sums have not caught up with the newest entries"`
	Unread     int64            `json:"unread,omitempty" doc:"Cases, of all offices, that could not be read: the figures are partial, and hold what these added before"`
	Offices    int              `json:"offices" doc:"How many offices are in these figures"`
	Units      []placeName      `json:"units" doc:"The units that the caller may ask for"`
	Indicators []indicatorView  `json:"indicators"`
	Refusals   []refusalView    `json:"refusals" doc:"What refused, most often first"`
	By         string           `json:"by,omitempty"`
	Groups     []indicatorGroup `json:"groups,omitempty"`
}

type indicatorsQuery struct {
	Period
	Named     string `query:"period" enum:"day,week,month,quarter,year" doc:"The one that holds the day to, or today; instead of from"`
	Unit      string `query:"unit" maxLength:"10" doc:"An administrative unit; a province includes its communes"`
	Office    string `query:"office" maxLength:"100"`
	Service   string `query:"service" maxLength:"60"`
	Procedure string `query:"procedure" maxLength:"60" doc:"One procedure; leaves the linked group out"`
	By        string `query:"by" enum:"unit,office,agency,service,procedure,day,week,month" doc:"One group of figures for each; a group of days has its first day as id"`
	Format    string `query:"format" enum:"json,csv" doc:"Otherwise as Accept says"`
	Accept    string `header:"Accept" maxLength:"500"`
}

func (s *Server) routeIndicators() {
	route(s, op{method: http.MethodGet, path: base + "/indicators", id: "indicators", tag: "indicators",
		summary: "Indicators by unit and period, each with its formula; JSON or CSV", status: 200, who: only(roleSupervisor, roleAdministrator)}, s.indicators,
		func(o *huma.Operation) {
			schema := s.api.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[indicatorsBody](), true, "Indicators")
			o.Responses = map[string]*huma.Response{"200": {Description: "OK", Content: map[string]*huma.MediaType{
				"application/json": {Schema: schema}, "text/csv": {Schema: &huma.Schema{Type: "string"}}}}}
		})
}

type fileAnswer struct {
	ContentType string `header:"Content-Type"`
	Disposition string `header:"Content-Disposition"`
	Length      string `header:"Content-Length"`
	Body        []byte
}

func (s *Server) indicators(ctx context.Context, in *indicatorsQuery) (*fileAnswer, error) {
	now := s.cfg.Runtime.Now()
	from, to, err := in.span(now)
	if err != nil {
		return nil, err
	}
	if err := s.serviceKnown(in.Service); err != nil {
		return nil, err
	}
	offices, err := s.officesCounted(callerOf(ctx), in.Unit, in.Office)
	if err != nil {
		return nil, err
	}
	behind, err := s.freshSums(ctx)
	if err != nil {
		return nil, err
	}
	lag, err := s.cfg.Store.Lag(ctx, s.cfg.Wall())
	if err != nil {
		return nil, err
	}
	ids := slices.Collect(maps.Keys(offices))
	slices.Sort(ids)
	until := to
	if to >= calendar.DateOf(now) { // nothing is counted in the future: a whole month is read faster
		until = monthEnd(to)
	}
	figures, err := s.cfg.Store.Sums(ctx, engine.SumQuery{Offices: ids, From: from, To: until})
	if err != nil {
		return nil, err
	}
	figures = slices.DeleteFunc(figures, in.drops)
	asOf := now
	if end := to.AddDays(1).At(0, 0); end.Before(now) {
		asOf = end
	}
	delete(offices, "")
	body := &indicatorsBody{From: string(from), To: string(to), AsOf: at(asOf), Behind: behind, Unread: lag.Aside, Offices: len(offices), By: in.By}
	level := ""
	if in.Procedure != "" {
		level = indicators.PerDossier
	}
	if in.Named != "" {
		body.Earlier = string(from.AddDays(-1))
		if next := to.AddDays(1); next <= calendar.DateOf(now) {
			body.Later = string(next)
		}
	}
	body.Units = s.unitsCounted(callerOf(ctx))
	body.Indicators = s.shown(figures, asOf, level)
	body.Refusals = s.refusals(figures)
	switch {
	case slices.Contains(inTime, in.By):
		if body.Groups, err = s.series(ctx, in, ids, from, to, asOf, level); err != nil {
			return nil, err
		}
	case in.By != "":
		body.Groups = s.groups(figures, asOf, in.By, offices)
	}
	if wantsCSV(in.Format, in.Accept) {
		raw, err := indicatorsCSV(body, langOf(ctx))
		return &fileAnswer{ContentType: "text/csv; charset=utf-8", Disposition: `attachment; filename="indicators-` + body.From + "-" + body.To + `.csv"`,
			Length: strconv.Itoa(len(raw)), Body: raw}, err
	}
	raw, err := json.Marshal(body)
	return &fileAnswer{ContentType: "application/json", Length: strconv.Itoa(len(raw)), Body: raw}, err
}

// span is the period asked for; without from and a name it begins with the month of
// its end. One that is under way ends today.
func (q *indicatorsQuery) span(now time.Time) (from, to calendar.Date, err error) {
	from, to, err = q.days(now, 1)
	switch {
	case err != nil || q.From != "" && q.Named == "":
		return from, to, err
	case q.From != "":
		return "", "", badPeriod("query:from", errors.New("from beside period"))
	case q.Named == "":
		return to[:8] + "01", to, nil
	}
	from, to = named(q.Named, to)
	return from, max(from, min(to, calendar.DateOf(now))), nil
}

// named is the day, week, month, quarter or year that holds a day.
func named(period string, d calendar.Date) (from, to calendar.Date) {
	switch t := d.At(12, 0); period {
	case "week": // from Monday
		from = d.AddDays(-(int(t.Weekday()) + 6) % 7)
		return from, from.AddDays(6)
	case "month":
		return d[:8] + "01", monthEnd(d)
	case "quarter":
		first := time.Month(int(t.Month()-1)/3*3 + 1)
		return calendar.Date(fmt.Sprintf("%s%02d-01", d[:5], first)), monthEnd(calendar.Date(fmt.Sprintf("%s%02d-01", d[:5], first+2)))
	case "year":
		return d[:5] + "01-01", d[:5] + "12-31"
	}
	return d, d
}

// monthEnd is the last day of a day's month.
func monthEnd(d calendar.Date) calendar.Date {
	next := (d[:8] + "01").AddDays(31)[:8] + "01"
	return next.AddDays(-1)
}

// officesCounted are those in whose figures a caller may look: all for an
// administrator; for a supervisor those of the unit of their office, and of the
// units below it. "" stands for cases that have not reached an office.
func (s *Server) officesCounted(who *caller, unit, office string) (map[string]engine.Office, error) {
	every := who.actor.Has(roleAdministrator)
	own, _ := s.cfg.Definitions.OfficeByID(who.actor.Office)
	out := map[string]engine.Office{}
	within := func(o engine.Office, unit string) bool { return o.Unit == unit || s.areas.provinceOf(o.Unit) == unit }
	asked := 0
	for _, o := range s.cfg.Definitions.Offices() {
		if unit != "" && !within(o, unit) || office != "" && o.ID != office {
			continue
		}
		asked++
		if every || own.Unit != "" && within(o, own.Unit) {
			out[o.ID] = o
		}
	}
	if asked == 0 && every {
		pointer := "query:unit"
		if office != "" {
			pointer = "query:office"
		}
		return nil, &engine.Error{Code: engine.Invalid, Problems: []engine.Problem{{Pointer: pointer, Code: "enum",
			Detail: Text{VI: "Không có đơn vị hoặc cơ quan này.", EN: "There is no such unit or office."}}}}
	}
	// Part of what was asked for would be taken for the whole of it.
	if len(out) == 0 || len(out) < asked && (unit != "" || office != "") {
		return nil, &engine.Error{Code: engine.Forbidden}
	}
	if every && unit == "" && office == "" {
		out[""] = engine.Office{}
	}
	return out, nil
}

// unitsCounted are the units in whose figures a caller may look, a province before
// its communes.
func (s *Server) unitsCounted(who *caller) []placeName {
	offices, err := s.officesCounted(who, "", "")
	if err != nil {
		return []placeName{} // a supervisor without an office
	}
	seen := map[string]bool{}
	out := []placeName{}
	names := s.cfg.Definitions.Units()
	for _, o := range offices {
		if o.Unit != "" && !seen[o.Unit] {
			seen[o.Unit] = true
			out = append(out, placeName{o.Unit, names[o.Unit]})
		}
	}
	key := func(p placeName) string { // the province, then itself, then its communes by name
		if province := s.areas.provinceOf(p.Code); province != p.Code {
			return province + "1" + p.Name.VI
		}
		return p.Code + "0"
	}
	slices.SortFunc(out, func(a, b placeName) int { return cmp.Compare(key(a), key(b)) })
	return out
}

// catchUp bounds how long a read waits for the sums to be as the cases are.
const catchUp = 3 * time.Second

// freshSums lets the projector come to the end; it tells whether it did not.
func (s *Server) freshSums(ctx context.Context) (behind bool, err error) {
	for began := s.cfg.Wall(); s.cfg.Wall().Sub(began) < catchUp; {
		n, err := s.cfg.Store.Project(ctx, 0)
		switch {
		case engine.CodeOf(err) == engine.StaleVersion: // another one was at it
		case err != nil:
			return false, err
		case n == 0:
			return false, nil
		}
	}
	return true, nil
}

// shown computes the indicators of some figures; a level leaves the other out.
func (s *Server) shown(figures []engine.Figure, asOf time.Time, level string) []indicatorView {
	var out []indicatorView
	for _, v := range indicators.Of(figures, asOf, level) {
		out = append(out, indicatorView(v))
	}
	return out
}

// refusals lists what refused dossiers, most often first.
func (s *Server) refusals(figures []engine.Figure) []refusalView {
	type by struct{ service, procedure, action string }
	counts := map[by]int64{}
	for _, f := range figures {
		if action, ok := strings.CutPrefix(f.Name, engine.FigRefusedBy); ok {
			counts[by{f.Service, f.Procedure, action}] += f.Value
		}
		if f.Name == engine.FigPartsByLaw {
			counts[by{f.Service, "", ""}] += f.Value
		}
	}
	out := []refusalView{}
	for k, n := range counts {
		v := refusalView{Procedure: s.procedureRef(k.service, k.procedure), Action: k.action, Title: s.actionTitle(k.service, k.procedure, k.action), Count: n}
		if k.procedure == "" {
			v.Procedure, v.Title = procedureRef{}, Text{VI: "Không đủ điều kiện theo quy định (trước khi đến cơ quan)", EN: "Not entitled by law (before an office is reached)"}
		}
		out = append(out, v)
	}
	slices.SortFunc(out, func(a, b refusalView) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Procedure.ID, b.Procedure.ID), cmp.Compare(a.Action, b.Action))
	})
	return out
}

// actionTitle names an action as the newest version of the service in force that has it.
func (s *Server) actionTitle(service, procedure, action string) Text {
	for _, svc := range s.newestFirst() {
		if svc.ID != service {
			continue
		}
		for _, st := range svc.Steps {
			if st.Procedure.ID == procedure && st.Procedure.Action(action) != nil {
				return st.Procedure.Action(action).Title
			}
		}
	}
	return Text{VI: action, EN: action}
}

// groups computes the indicators of every unit, office, agency, service or
// procedure that has figures.
func (s *Server) groups(figures []engine.Figure, asOf time.Time, by string, offices map[string]engine.Office) []indicatorGroup {
	parts, level := map[string][]engine.Figure{}, ""
	if by == "procedure" {
		level = indicators.PerDossier
	}
	for _, f := range figures {
		k := map[string]string{"unit": offices[f.Office].Unit, "office": f.Office, "agency": offices[f.Office].Agency, "service": f.Service, "procedure": f.Procedure}[by]
		if by == "procedure" && k == "" {
			continue // the linked group is of no procedure
		}
		parts[k] = append(parts[k], f)
	}
	out := []indicatorGroup{}
	for _, k := range slices.Sorted(maps.Keys(parts)) {
		out = append(out, indicatorGroup{ID: k, Name: s.groupName(by, k, parts[k][0]), Indicators: s.shown(parts[k], asOf, level)})
	}
	return out
}

func (s *Server) groupName(by, id string, f engine.Figure) Text {
	if id == "" {
		return Text{VI: "Chưa đến cơ quan nào", EN: "Not at an office yet"}
	}
	switch by {
	case "unit":
		if name, ok := s.cfg.Definitions.Units()[id]; ok {
			return name
		}
	case "office":
		if o, ok := s.cfg.Definitions.OfficeByID(id); ok {
			return o.Name
		}
	case "agency":
		return titled(s.cfg.Agencies, id)
	case "service":
		for _, svc := range s.newestFirst() {
			if svc.ID == id {
				return svc.Title
			}
		}
	case "procedure":
		return s.procedureRef(f.Service, id).Title
	}
	return Text{VI: id, EN: id}
}

// wantsCSV chooses the form of the answer: as the query says, else the first of the
// two that Accept names.
func wantsCSV(format, accept string) bool {
	if format != "" {
		return format == "csv"
	}
	csv, plain := strings.Index(accept, "text/csv"), strings.Index(accept, "application/json")
	return csv >= 0 && (plain < 0 || csv < plain)
}
