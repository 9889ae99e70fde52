package portal

import (
	"cmp"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

func (p *Portal) simulationPages() []page {
	const one = "/lab/simulations/{id}"
	return []page{
		{pattern: "GET /lab/simulations", who: testers, do: (*visit).simulationsPage},
		{pattern: "POST /lab/simulations", who: testers, do: (*visit).startSimulation},
		{pattern: "GET " + one, who: testers, do: (*visit).simulationPage},
		{pattern: "POST " + one + "/stop", who: testers, do: (*visit).stopSimulation},
		{pattern: "POST " + one + "/leave", who: testers, do: (*visit).simulateLeave},
	}
}

// simulationOrder is what is to be played.
type simulationOrder struct {
	Cases  int    `json:"cases"`
	Days   int    `json:"days"`
	Seed   int64  `json:"seed"`
	Faults string `json:"faults"`
	Plan   string `json:"plan,omitempty"`
}

// simulationView is a simulation as the surface tells it.
type simulationView struct {
	ID     string            `json:"id"`
	Status string            `json:"status"`
	Order  simulationOrder   `json:"order"`
	Day    int               `json:"day"`
	Open   int               `json:"open"`
	Error  string            `json:"error"`
	Report *simulationReport `json:"report"`
}

// Tag is the colour of its status.
func (s simulationView) Tag() string {
	return map[string]string{"running": "info", "done": "success", "failed": "danger"}[s.Status]
}

// Faults is what was made to fail.
func (s simulationView) Faults() string { return cmp.Or(s.Order.Faults, "none") }

// simulationReport is what a simulation came to.
type simulationReport struct {
	Good   bool   `json:"good"`
	Plan   Text   `json:"plan"`
	From   string `json:"from"`
	To     string `json:"to"`
	Counts struct {
		Filed     int64 `json:"filed"`
		Cases     int64 `json:"cases"`
		Open      int64 `json:"open"`
		Commands  int64 `json:"commands"`
		Requests  int64 `json:"requests"`
		Incidents int64 `json:"incidents"`
		Crashes   int64 `json:"crashes"`
		Checks    int64 `json:"checks"`
		Wholes    int64 `json:"wholes"`
	} `json:"counts"`
	Indicators []indicator        `json:"indicators"`
	Due        []simulatedDue     `json:"due"`
	Desks      []simulatedDesk    `json:"desks"`
	Open       []int64            `json:"open"`
	Failure    *simulationFailure `json:"failure"`
}

// simulatedDue is how one procedure kept its due times; "" is the whole case.
type simulatedDue struct {
	Procedure  string `json:"procedure"`
	Title      Text   `json:"title"`
	Total      int64  `json:"total"`
	InTime     int64  `json:"in_time"`
	Late1      int64  `json:"late_1"`
	Late2      int64  `json:"late_2"`
	Late5      int64  `json:"late_5"`
	Late10     int64  `json:"late_10"`
	LateMore   int64  `json:"late_more"`
	OpenInTime int64  `json:"open_in_time"`
	OpenLate   int64  `json:"open_late"`
}

// simulatedDesk is the people of one role at one office; waits are hours of office
// time.
type simulatedDesk struct {
	Office  string  `json:"office"`
	Name    Text    `json:"name"`
	Role    string  `json:"role"`
	People  int64   `json:"people"`
	Served  int64   `json:"served"`
	Busy    float64 `json:"busy"`
	Mean    float64 `json:"wait_mean"`
	P90     float64 `json:"wait_p90"`
	Left    int64   `json:"left"`
	Longest int64   `json:"longest"`
	Queue   []int64 `json:"queue"`
}

// simulationFailure is the invariant that broke.
type simulationFailure struct {
	Invariant string `json:"invariant"`
	Why       string `json:"why"`
	Case      string `json:"case"`
	At        Time   `json:"at"`
	Acts      []struct {
		At    Time   `json:"at"`
		Who   string `json:"who"`
		What  string `json:"what"`
		Case  string `json:"case"`
		Step  string `json:"step"`
		Error string `json:"error"`
	} `json:"acts"`
}

// invariants are what a simulation checks, each named by the words promise.….
var invariants = []string{"fold", "version", "once", "order", "undone", "stuck", "due", "duplicate", "durable", "chain", "runtime"}

// faultPlans are what may be made to fail.
var faultPlans = []string{"none", "light", "heavy"}

// simulationForm is the form as it was typed, with what ran before.
type simulationForm struct {
	Cases, Days, Seed, Faults string
	Plans                     []string
	Wrong                     map[string]string // by field
	Kept                      []simulationView
}

func (v *visit) simulationsPage() error {
	q := v.r.URL.Query()
	return v.showSimulations(simulationForm{Cases: cmp.Or(q.Get("cases"), "100"), Days: cmp.Or(q.Get("days"), "20"), Seed: cmp.Or(q.Get("seed"), "1"),
		Faults: cmp.Or(q.Get("faults"), "none")}, nil, http.StatusOK)
}

func (v *visit) showSimulations(d simulationForm, wrong []fieldError, status int) error {
	var kept struct{ Simulations []simulationView }
	if err := v.get("/simulations", &kept); err != nil {
		return err
	}
	d.Kept, d.Plans, d.Wrong = kept.Simulations, faultPlans, wrongFields(wrong)
	return v.show(screen{page: "simulations", status: status, title: v.t("simulation.title"), errors: wrong, data: d, crumbs: []crumb{{v.t("lab.title"), "/lab"}}})
}

func wrongFields(wrong []fieldError) map[string]string {
	m := map[string]string{}
	for _, e := range wrong {
		m[e.Pointer] = e.Detail
	}
	return m
}

// wholeNumber reads a field that holds a number between two others.
func (v *visit) wholeNumber(name string, least, most int64, wrong *[]fieldError) int64 {
	n, err := strconv.ParseInt(strings.TrimSpace(v.form.Get(name)), 10, 64)
	if err != nil || n < least || n > most {
		*wrong = append(*wrong, fieldError{Pointer: "/" + name, Detail: v.t("simulation.wrong", v.tg("simulate", name), v.number(least), v.number(most))})
	}
	return n
}

func (v *visit) startSimulation() error {
	d := simulationForm{Cases: v.form.Get("cases"), Days: v.form.Get("days"), Seed: v.form.Get("seed"), Faults: v.form.Get("faults")}
	var wrong []fieldError
	o := simulationOrder{Cases: int(v.wholeNumber("cases", 1, 5000, &wrong)), Days: int(v.wholeNumber("days", 1, 180, &wrong)),
		Seed: v.wholeNumber("seed", 0, 1<<53, &wrong), Faults: d.Faults}
	if !slices.Contains(faultPlans, o.Faults) {
		wrong = append(wrong, fieldError{Pointer: "/faults", Detail: v.t("simulation.faults.wrong")})
	}
	if len(wrong) > 0 {
		return v.showSimulations(d, wrong, http.StatusUnprocessableEntity)
	}
	made, err := v.order(o)
	if p, ok := refused(err, codeInvalid, codeWrongState); ok {
		return v.showSimulations(d, []fieldError{{Detail: p.Detail}}, p.Status)
	}
	if err != nil {
		return err
	}
	v.redirect(simulationPath(made.ID, ""))
	return nil
}

// order starts a simulation.
func (v *visit) order(o simulationOrder) (simulationView, error) {
	var made simulationView
	_, err := v.call(call{method: http.MethodPost, path: "/simulations", body: o}, &made)
	return made, err
}

// simulationPath is the address of a simulation, beside another one ("" = alone).
func simulationPath(id, with string) string {
	at := "/lab/simulations/" + seg(id)
	if with != "" {
		at += "?" + url.Values{"with": {with}}.Encode()
	}
	return at
}

// leaveForm is the form for people on leave as it was typed.
type leaveForm struct{ Desk, People, From, To string }

// simulationPageData is a simulation: how far it is, or what it came to, beside
// another one.
type simulationPageData struct {
	Now     simulationView
	Here    string // the address, to be asked again
	Percent int
	With    *simulationView
	Runs    []simulationRun
	Promise []promise
	Shown   simulationCharts
	Base    string          // the simulation of the plan as usual to which leave may be added; "" = none
	Desks   []simulatedDesk // whose people may be away
	Leave   leaveForm
	Wrong   map[string]string
}

// simulationRun is one of the simulations that stand side by side.
type simulationRun struct {
	simulationView
	Letter  string
	Style   int    // of its lines
	Checked string // how much was checked, and happened, in words
	Counted string
}

// promise is an invariant, and whether it is the one that broke.
type promise struct {
	ID, Text string
	Broken   bool
}

// readSimulation reads a simulation and, where the address names one that is done,
// the other one to stand beside it.
func (v *visit) readSimulation() (simulationPageData, error) {
	d := simulationPageData{}
	if err := v.get("/simulations/"+seg(v.r.PathValue("id")), &d.Now); err != nil {
		return d, err
	}
	with := v.r.URL.Query().Get("with")
	d.Here = simulationPath(d.Now.ID, with)
	d.Percent = min(100*d.Now.Day/max(d.Now.Order.Days, 1), 100)
	if with == "" || with == d.Now.ID {
		return d, nil
	}
	var other simulationView
	err := v.get("/simulations/"+seg(with), &other)
	if statusOf(err) == http.StatusNotFound { // not kept any more
		return d, nil
	}
	d.With = &other
	return d, err
}

func (v *visit) simulationPage() error {
	d, err := v.readSimulation()
	if err != nil {
		return err
	}
	return v.showSimulation(d, nil, http.StatusOK)
}

func (v *visit) showSimulation(d simulationPageData, wrong []fieldError, status int) error {
	s := screen{page: "simulation", status: status, title: v.t("simulation.one", d.Now.ID), wide: true, errors: wrong,
		crumbs: []crumb{{v.t("lab.title"), "/lab"}, {v.t("simulation.title"), "/lab/simulations"}}}
	if v.live() {
		if d.Now.Status != "running" {
			v.w.Header().Set("HX-Refresh", "true") // the result is another page
		}
		s.part = "progress"
	}
	if d.Now.Report != nil {
		v.fillSimulation(&d)
	}
	d.Wrong = wrongFields(wrong)
	s.data = d
	return v.show(s)
}

func (v *visit) simulationRun(s simulationView, i int) simulationRun {
	c := s.Report.Counts
	return simulationRun{s, string(rune('A' + i)), i, v.t("simulation.checked", v.number(c.Checks), v.number(c.Wholes)),
		v.t("simulation.counts", v.number(c.Filed), v.number(c.Cases), v.number(c.Open), v.number(c.Commands), v.number(c.Requests), v.number(c.Incidents), v.number(c.Crashes))}
}

func (v *visit) fillSimulation(d *simulationPageData) {
	d.Runs = []simulationRun{v.simulationRun(d.Now, 0)}
	if d.With != nil && d.With.Report != nil { // what is looked at was ordered later: it is B
		d.Runs = []simulationRun{v.simulationRun(*d.With, 0), v.simulationRun(d.Now, 1)}
	}
	for _, id := range invariants {
		x := promise{ID: id, Text: v.tg("promise", id)}
		for _, r := range d.Runs {
			x.Broken = x.Broken || r.Report.Failure != nil && r.Report.Failure.Invariant == id
		}
		d.Promise = append(d.Promise, x)
	}
	d.Shown = v.simulationCharts(d.Runs)
	usual := slices.IndexFunc(d.Runs, func(r simulationRun) bool { return r.Order.Plan == "" })
	if usual < 0 {
		return
	}
	r := d.Runs[usual].Report
	d.Base = d.Runs[usual].ID
	for _, x := range r.Desks {
		if x.Served > 0 {
			d.Desks = append(d.Desks, x)
		}
	}
	slices.SortStableFunc(d.Desks, func(a, b simulatedDesk) int { return int(b.Longest - a.Longest) })
	if d.Leave == (leaveForm{}) {
		d.Leave = leaveForm{People: "1", From: r.From, To: r.To}
	}
}

func (v *visit) stopSimulation() error {
	if _, err := v.call(call{method: http.MethodDelete, path: "/simulations/" + seg(v.r.PathValue("id"))}, nil); err != nil {
		return err
	}
	v.redirect(simulationPath(v.r.PathValue("id"), ""))
	return nil
}

// simulateLeave plays the plan as usual once more with people on leave, to stand beside it.
func (v *visit) simulateLeave() error {
	d, err := v.readSimulation()
	if err != nil {
		return err
	}
	if d.Now.Report == nil || d.Now.Order.Plan != "" {
		return &problem{Status: http.StatusConflict, Code: codeWrongState}
	}
	d.Leave = leaveForm{v.form.Get("desk"), v.form.Get("people"), isoDay(v.form.Get("from")), isoDay(v.form.Get("to"))}
	var wrong []fieldError
	desk := slices.IndexFunc(d.Now.Report.Desks, func(x simulatedDesk) bool { return x.Key() == d.Leave.Desk })
	if desk < 0 {
		wrong = append(wrong, fieldError{Pointer: "/desk", Detail: v.t("simulation.desk.wrong")})
	}
	people := v.wholeNumber("people", 1, 100, &wrong)
	for _, x := range [][2]string{{"from", d.Leave.From}, {"to", d.Leave.To}} {
		if _, err := time.Parse(time.DateOnly, x[1]); err != nil {
			wrong = append(wrong, fieldError{Pointer: "/" + x[0], Detail: v.t("simulation.day.wrong", v.tg("simulate", x[0]))})
		}
	}
	if len(wrong) == 0 && d.Leave.From > d.Leave.To {
		wrong = append(wrong, fieldError{Pointer: "/to", Detail: v.t("simulation.days.wrong")})
	}
	if len(wrong) > 0 {
		return v.showSimulation(d, wrong, http.StatusUnprocessableEntity)
	}
	o := d.Now.Order
	if o.Plan, err = leavePlan(d.Now.Report.Desks[desk], people, d.Leave); err != nil {
		return err
	}
	made, err := v.order(o)
	if p, ok := refused(err, codeInvalid, codeWrongState); ok {
		return v.showSimulation(d, []fieldError{{Detail: p.Detail}}, p.Status)
	}
	if err != nil {
		return err
	}
	v.redirect(simulationPath(made.ID, d.Now.ID))
	return nil
}

// leavePlan is the plan as usual with people of a desk on leave; JSON is YAML too.
func leavePlan(x simulatedDesk, people int64, l leaveForm) (string, error) {
	n := strconv.FormatInt(people, 10)
	name := Text{VI: n + " người nghỉ: " + x.Name.In(vi), EN: n + " on leave: " + x.Name.In(en)}
	b, err := json.Marshal(map[string]any{"name": map[string]string{vi: name.VI, en: name.EN},
		"clerks": map[string]any{"leave": []any{map[string]any{"office": x.Office, "role": x.Role, "people": people, "from": l.From, "to": l.To}}}})
	return string(b), err
}

// Key names a desk in a form.
func (x simulatedDesk) Key() string { return x.Office + " " + x.Role }
