package engine

import (
	"time"

	"lienthong/engine/calendar"
)

// OwedQuery selects deliveries that are not done. A zero field does not filter.
type OwedQuery struct {
	Registry string
	Status   string
	Case     string
	Offices  []string  // only what dossiers at these offices owe; nil = all
	Overdue  time.Time // an answer was expected before
	Text     string    // part of the key, the operation or the last error; ASCII letters in either case
	After    string    // cursor of the page before
	Limit    int
}

// Owed is a delivery that is not done, with what is known of it beside.
type Owed struct {
	Delivery
	Failed int       // exchanges that failed, over its whole life (Tries begins anew)
	Node   string    // who works on it; "" = nobody
	Lease  time.Time // until when, by the wall clock
	// Damaged says what is wrong with it in the file; "" = nothing that is known. Of one
	// that cannot be read no more is told than its key, and what else is certain.
	Damaged string
}

// Line is what one registry is owed now.
type Line struct {
	Registry  string
	Pending   int
	Accepted  int
	Incidents int
	Overdue   int       // an answer was expected before now
	Damaged   int       // of them: cannot be read or written where they are stored, as far as was met
	Oldest    time.Time // business time of the oldest; zero = nothing waits
}

// Waiting is how many deliveries are not done.
func (l Line) Waiting() int { return l.Pending + l.Accepted + l.Incidents }

// Lag is how far what is done beside the commands is behind history.
type Lag struct {
	Uncounted int64     // entries (or cases) that the sums of indicators do not know yet
	Aside     int64     // of them: cases that could not be read, of which the sums hold what they added before
	Unsent    time.Time // since when the oldest delivery that may be claimed waits for it, by the wall clock (the business clock when it was never claimed); zero = none
}

// ExchangeDay is what became of the requests to one registry that were made on one
// business day. The sums outlive the deliveries.
//
// Every request is counted once, in First, Retried, ByHand, TakenBack, GivenUp or
// Waiting. An exchange is one that the registry answered or took for later
// (First + Retried + Taken), or one that failed (Failed).
type ExchangeDay struct {
	Registry  string
	Day       calendar.Date
	First     int // answered, done or refused, without a failed exchange before
	Retried   int // answered after at least one failed exchange
	Refused   int // of First and Retried
	ByHand    int // a person recorded the answer
	TakenBack int // nobody waited for it any more
	GivenUp   int // an incident that a person skipped
	Waiting   int // not answered at the time of reading
	Incidents int // times that one became an incident
	Taken     int // exchanges in which the registry took the request for later
	Failed    int // exchanges without a usable answer
}

// Made is how many requests were made.
func (d ExchangeDay) Made() int {
	return d.First + d.Retried + d.ByHand + d.TakenBack + d.GivenUp + d.Waiting
}

// Exchanges counts the exchanges that succeeded, and all of them.
func (d ExchangeDay) Exchanges() (succeeded, all int) {
	succeeded = d.First + d.Retried + d.Taken
	return succeeded, succeeded + d.Failed
}

// Add sums two days.
func (d *ExchangeDay) Add(o ExchangeDay) {
	d.First, d.Retried, d.Refused, d.ByHand = d.First+o.First, d.Retried+o.Retried, d.Refused+o.Refused, d.ByHand+o.ByHand
	d.TakenBack, d.GivenUp, d.Waiting = d.TakenBack+o.TakenBack, d.GivenUp+o.GivenUp, d.Waiting+o.Waiting
	d.Incidents, d.Taken, d.Failed = d.Incidents+o.Incidents, d.Taken+o.Taken, d.Failed+o.Failed
}
