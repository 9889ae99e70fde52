package simulate

import (
	"slices"
	"time"

	"lienthong/engine"
	"lienthong/engine/calendar"
)

// tally is what a run counts.
type tally struct {
	filed, cases, commands, entries, requests, performed, sent, callbacks int
	relays, ticks, crashes, incidents, silent, blocked, checks, wholes    int

	refusals map[string]int // of filings by code, of clerks and withdrawals with a prefix
	versions map[string]int // of cases, by service@version
	outcomes map[string]int // of ended cases
	sums     map[engine.Figure]int64
	due      map[string]*DueRow // by procedure; "" = the case as a whole
	open     []int              // open cases at the end of each day
	ended    []int              // ended on each day
	begun    []int              // cases filed on each day
	days     time.Duration      // of open cases, together
}

func newTally() tally {
	return tally{refusals: map[string]int{}, versions: map[string]int{}, outcomes: map[string]int{}, sums: map[engine.Figure]int64{}, due: map[string]*DueRow{}}
}

func (t *tally) caseDays() float64 { return t.days.Hours() / 24 }

// measure notes how long the queues are and how many cases are open.
func (w *world) measure() {
	for _, x := range w.desks.all {
		for len(x.lengths) <= w.today() {
			x.lengths = append(x.lengths, x.valid)
		}
	}
	w.tally.open = append(w.tally.open, w.open())
	if w.today()%2 == 1 {
		w.forgetAll()
	}
}

// count adds a case to the sums, once: when it is forgotten, or at the end.
func (w *world) count(f *file) {
	c, t := f.c, &w.tally
	t.versions[c.Service+"@"+c.Version]++
	var past []*engine.Dossier
	if slices.ContainsFunc(c.Dossiers, func(d *engine.Dossier) bool { return d.Attempt > 1 }) {
		if history, err := w.store.History(w.ctx, c.Code, 1, 0); err == nil {
			past = engine.PastAttempts(history)
		}
	}
	engine.Sum(t.sums, engine.Contributions(c, past), 1)
	until := w.end
	if c.Status == engine.CaseEnded {
		until = c.Ended
		t.outcomes[string(c.Outcome)]++
		t.onDay(&t.ended, w, c.Ended)
	}
	t.onDay(&t.begun, w, c.Filed)
	if d := until.Sub(c.Filed); d > 0 {
		t.days += d
	}
	if c.Clock.HasStarted() {
		t.row("").add(&c.Clock, c.Ended, w.end)
	}
	for _, d := range slices.Concat(past, c.Dossiers) {
		if !d.Clock.HasStarted() {
			continue
		}
		end := d.Ended
		if d.Final == engine.FinalNone {
			end = time.Time{}
		}
		t.row(d.Procedure).add(&d.Clock, end, w.end)
	}
}

func (t *tally) onDay(days *[]int, w *world, at time.Time) {
	i := int(at.Sub(w.start) / (24 * time.Hour))
	for len(*days) <= min(i, w.cfg.Days-1) {
		*days = append(*days, 0)
	}
	if i >= 0 && i < len(*days) {
		(*days)[i]++
	}
}

func (t *tally) row(procedure string) *DueRow {
	r := t.due[procedure]
	if r == nil {
		r = &DueRow{Procedure: procedure}
		t.due[procedure] = r
	}
	return r
}

// add counts one clock that ended, or that stands where it stands at the end of the
// run.
func (r *DueRow) add(k *calendar.Clock, end, now time.Time) {
	open := end.IsZero()
	late := engine.Lateness(k, end)
	if open {
		late = 0
		if k.Overdue(now) {
			late = now.Sub(k.Due)
		}
	}
	r.Total++
	switch {
	case open && late > 0:
		r.OpenLate++
	case open:
		r.OpenInTime++
	case late <= 0:
		r.InTime++
	case late <= 24*time.Hour:
		r.Late1++
	case late <= 2*24*time.Hour:
		r.Late2++
	case late <= 5*24*time.Hour:
		r.Late5++
	case late <= 10*24*time.Hour:
		r.Late10++
	default:
		r.LateMore++
	}
}
