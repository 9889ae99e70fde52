package simulate

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"

	"lienthong/engine"
	"lienthong/engine/calendar"
	"lienthong/engine/indicators"
)

// Report is what a run came to. Everything but Speed follows from the
// configuration.
type Report struct {
	Good       bool               `json:"good"` // every promise held
	Plan       engine.Text        `json:"plan"`
	Faults     string             `json:"faults"`
	Seed       uint64             `json:"seed"`
	Forms      int                `json:"forms"` // as asked for
	Days       int                `json:"days"`
	From       calendar.Date      `json:"from"`
	To         calendar.Date      `json:"to"`
	Counts     Counts             `json:"counts"`
	Versions   map[string]int     `json:"versions"`        // cases by what they were filed under: birth@2026-09-01
	Outcomes   map[string]int     `json:"outcomes"`        // of ended cases
	Notes      []engine.Text      `json:"notes,omitempty"` // what of the plan had no effect
	Refused    map[string]int     `json:"refused"`         // commands, by who and code
	Struck     map[string]int     `json:"struck"`          // faults, by kind
	Indicators []indicators.Value `json:"indicators"`      // as they stand at the end of the run
	Due        []DueRow           `json:"due"`
	Desks      []DeskRow          `json:"desks"`
	Open       []int              `json:"open"`  // open cases at the end of each day
	Begun      []int              `json:"begun"` // cases filed on each day
	Ended      []int              `json:"ended"` // cases that ended on each day
	Failure    *Failure           `json:"failure,omitempty"`
	Speed      Speed              `json:"speed,omitzero"`
}

// Counts is how much happened.
type Counts struct {
	Filed     int     `json:"filed"` // forms
	Cases     int     `json:"cases"`
	Open      int     `json:"open"` // at the end
	Commands  int     `json:"commands"`
	Entries   int     `json:"entries"`
	Requests  int     `json:"requests"`  // to registries, messages among them
	Performed int     `json:"performed"` // by registries
	Sent      int     `json:"sent"`      // with those sent again
	Callbacks int     `json:"callbacks"`
	Incidents int     `json:"incidents"`
	Crashes   int     `json:"crashes"`
	Silent    int     `json:"silent"`  // things that people never did
	Blocked   int     `json:"blocked"` // dossiers for which clerks found no way on
	Checks    int     `json:"checks"`  // of changes, each with all that can be told of one step
	Wholes    int     `json:"wholes"`  // cases rebuilt from their whole history
	CaseDays  float64 `json:"case_days"`
}

// DueRow is how due times were kept by one procedure; Procedure "" is the case as a
// whole.
type DueRow struct {
	Procedure  string      `json:"procedure"`
	Title      engine.Text `json:"title,omitzero"`
	Total      int         `json:"total"` // whose clock started
	InTime     int         `json:"in_time"`
	Late1      int         `json:"late_1"` // by at most one day …
	Late2      int         `json:"late_2"`
	Late5      int         `json:"late_5"`
	Late10     int         `json:"late_10"`
	LateMore   int         `json:"late_more"`
	OpenInTime int         `json:"open_in_time"` // not ended at the end of the run
	OpenLate   int         `json:"open_late"`
}

// Late counts all that are late.
func (r DueRow) Late() int { return r.Late1 + r.Late2 + r.Late5 + r.Late10 + r.LateMore + r.OpenLate }

// DeskRow is the people of one role at one office. Waits are office time in hours,
// from a dossier's arrival to the moment somebody takes it, or to the end of the run
// of those that nobody has taken.
type DeskRow struct {
	Office  string      `json:"office"`
	Name    engine.Text `json:"name"`
	Role    string      `json:"role"`
	People  int         `json:"people"`
	Served  int         `json:"served"`
	Busy    float64     `json:"busy"` // part of the office time that they worked
	Mean    float64     `json:"wait_mean"`
	P50     float64     `json:"wait_p50"`
	P90     float64     `json:"wait_p90"`
	Max     float64     `json:"wait_max"`
	Left    int         `json:"left"`    // waiting at the end
	Longest int         `json:"longest"` // queue
	Queue   []int       `json:"queue"`   // at the end of each day
}

// Speed is how fast the run was; a case-day is one open case for one simulated day.
type Speed struct {
	Seconds           float64 `json:"seconds"`
	CaseDaysPerSecond float64 `json:"case_days_per_second"`
}

func speedOf(days float64, took time.Duration) Speed {
	return Speed{Seconds: took.Seconds(), CaseDaysPerSecond: days / max(took.Seconds(), 1e-9)}
}

func (w *world) report() *Report {
	t := &w.tally
	r := &Report{Good: w.broken == nil, Plan: w.cfg.Plan.Name, Faults: w.cfg.Faults.Name, Seed: w.cfg.Seed, Forms: w.cfg.Cases, Days: w.cfg.Days,
		From: calendar.DateOf(w.start), To: calendar.DateOf(w.end).AddDays(-1),
		Counts: Counts{Filed: t.filed, Cases: t.cases, Open: w.open(), Commands: t.commands, Entries: t.entries, Requests: t.requests, Performed: t.performed,
			Sent: t.sent, Callbacks: t.callbacks, Incidents: t.incidents, Crashes: t.crashes, Silent: t.silent, Blocked: t.blocked, Checks: t.checks, Wholes: t.wholes,
			CaseDays: round(t.caseDays(), 1)},
		Versions: t.versions, Outcomes: t.outcomes, Notes: w.inVain(), Refused: t.refusals, Struck: w.faults.counts, Open: filled(t.open, w.cfg.Days), Begun: filled(t.begun, w.cfg.Days), Ended: filled(t.ended, w.cfg.Days),
		Failure: w.broken, Indicators: indicators.Of(engine.FiguresOf(t.sums), w.end, ""), Due: []DueRow{}, Desks: []DeskRow{}}
	titles := map[string]engine.Text{}
	for _, p := range w.set.Procedures() {
		titles[p.ID] = p.Title
	}
	for _, k := range sorted(t.due) {
		d := *t.due[k]
		d.Title = titles[k]
		r.Due = append(r.Due, d)
	}
	keys := slices.SortedFunc(maps.Keys(w.desks.all), func(a, b deskKey) int {
		return cmp.Or(cmp.Compare(a.office, b.office), cmp.Compare(a.role, b.role))
	})
	office := w.desks.between(w.start, w.end)
	until := w.end
	if w.broken != nil {
		until = w.now
	}
	for _, k := range keys {
		w.desks.stillWaiting(w.desks.all[k], until)
		r.Desks = append(r.Desks, w.deskRow(w.desks.all[k], office))
	}
	return r
}

func (w *world) deskRow(x *desk, office time.Duration) DeskRow {
	o, _ := w.set.OfficeByID(x.key.office)
	d := DeskRow{Office: x.key.office, Name: o.Name, Role: x.key.role, People: x.plan.People, Served: x.served, Left: x.valid,
		Queue: filled(x.lengths, w.cfg.Days), Max: hours(x.longest)}
	if all := office * time.Duration(x.plan.People); all > 0 {
		d.Busy = round(float64(x.worked)/float64(all), 3)
	}
	slices.Sort(x.waits)
	if n := len(x.waits); n > 0 {
		var sum time.Duration
		for _, v := range x.waits {
			sum += v
		}
		d.Mean, d.P50, d.P90 = hours(sum/time.Duration(n)), hours(x.waits[n/2]), hours(x.waits[n*9/10])
	}
	d.Longest = slices.Max(d.Queue)
	return d
}

// inVain says what of the plan had no effect: leave on days that were not played.
func (w *world) inVain() (out []engine.Text) {
	first, last := calendar.DateOf(w.start), calendar.DateOf(w.end).AddDays(-1)
	for _, l := range w.cfg.Plan.Clerks.Leave {
		if l.To < first || l.From > last {
			out = append(out, engine.Text{
				VI: fmt.Sprintf("Nghỉ phép ở %s (%s) từ %s đến %s không rơi vào ngày nào được mô phỏng (%s – %s).", l.Office, roleName(l.Role, "vi"), l.From, l.To, first, last),
				EN: fmt.Sprintf("The leave at %s (%s) from %s to %s is on none of the days that are played (%s – %s).", l.Office, roleName(l.Role, "en"), l.From, l.To, first, last)})
		}
	}
	return out
}

func hours(d time.Duration) float64 { return round(d.Hours(), 2) }

func round(x float64, places int) float64 {
	p := 1.0
	for range places {
		p *= 10
	}
	return float64(int64(x*p+0.5)) / p
}

// filled is one number for each day.
func filled(days []int, n int) []int {
	out := make([]int, n)
	copy(out, days)
	return out
}
