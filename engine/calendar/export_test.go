package calendar

import "time"

// PreviousWorkingDay returns the last working day strictly before d; "" when d
// is not valid.
func (c *Calendar) PreviousWorkingDay(d Date) Date {
	n, ok := d.number()
	if !ok {
		return ""
	}
	return dateOf(c.step(n, -1))
}

// The policies below count time as two foreign systems publish that they do.
// They exist to test this package against figures made by somebody else, and
// are not rules of Vietnamese law.

// HMCTSInterval is the due-date interval of the HMCTS task service (England
// and Wales, github.com/hmcts/wa-task-management-api): step Days from the
// origin, over working days or calendar days, then move off a rest day.
type HMCTSInterval struct {
	// Days to move, negative for backwards.
	Days int
	// SkipNonWorking counts only working days.
	SkipNonWorking bool
	// MustBe moves an end on a rest day: "Next", "Previous", or "" to leave it.
	MustBe string
	// Time of day of the result, "18:00"; "" keeps the origin's.
	Time string
}

// From returns the due instant counted from origin over c. A Time that is not
// HH:MM is ignored.
func (p HMCTSInterval) From(c *Calendar, origin time.Time) time.Time {
	day, since := split(origin)
	if p.SkipNonWorking {
		day = c.step(day, p.Days)
	} else {
		day += p.Days
	}
	if !c.works(day) {
		switch p.MustBe {
		case "Next":
			day = c.step(day, 1)
		case "Previous":
			day = c.step(day, -1)
		}
	}
	if t, err := clockTime(p.Time); err == nil {
		since = t
	}
	return join(day, since)
}

// SVADecision is the decision date under the French rules "silence vaut accord"
// and "silence vaut rejet" as demarches-simplifiees.fr computes it: the period
// counts from the day after filing over calendar days, an open request stops
// it, it goes on (or begins again) the day after the answer, and an unanswered
// request counts as answered today.
type SVADecision struct {
	// Period is the length in Unit: "days", "weeks" or "months".
	Period int
	Unit   string
	// Reset makes every request begin the period again; otherwise only one for
	// an incomplete file does.
	Reset bool
}

// SVARequest is one request to the applicant. Answered is "" while open.
type SVARequest struct {
	Asked, Answered Date
	Incomplete      bool
}

// On returns the decision date for a file filed that day; today is used only
// for requests still open. It is "" when a date needed is not valid or the unit
// is unknown. Requests are in order of time.
func (p SVADecision) On(filed, today Date, requests []SVARequest) Date {
	start, ok := filed.number()
	if !ok {
		return ""
	}
	lost := 0
	start++
	for _, r := range requests {
		if r.Answered == "" {
			r.Answered = today
		}
		asked, ok1 := r.Asked.number()
		answered, ok2 := r.Answered.number()
		if !ok1 || !ok2 {
			return ""
		}
		if p.Reset || r.Incomplete {
			start, lost = answered+1, 0
		} else {
			lost += answered + 1 - asked
		}
	}
	switch p.Unit {
	case "days":
		return dateOf(start + p.Period + lost)
	case "weeks":
		return dateOf(start + 7*p.Period + lost)
	case "months":
		return dateOf(addMonths(start, p.Period) + lost)
	}
	return ""
}
