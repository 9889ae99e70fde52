package engine

import (
	"maps"
	"time"

	"lienthong/engine/calendar"
)

// CaseStatus is open or ended.
type CaseStatus string

// A case's life.
const (
	CaseOpen  CaseStatus = "open"
	CaseEnded CaseStatus = "ended"
)

// Outcome is how a case ended.
type Outcome string

// The outcomes.
const (
	Completed       Outcome = "completed"
	CompletedInPart Outcome = "completed_in_part"
	Refused         Outcome = "refused"
	Withdrawn       Outcome = "withdrawn"
	Expired         Outcome = "expired"
)

// Case is one combined application, running: the fold of its entries.
type Case struct {
	Code      string            `json:"code"`
	Seq       int64             `json:"seq"` // entries so far
	Rev       int64             `json:"rev"` // changes of the case's own fields
	Service   string            `json:"service"`
	Version   string            `json:"version"`
	Hash      string            `json:"hash"` // of the definition pinned at filing
	Key       string            `json:"key,omitempty"`
	KeyStep   string            `json:"key_step,omitempty"`
	Group     string            `json:"group,omitempty"`
	Channel   int               `json:"channel"`
	Filed     time.Time         `json:"filed"`
	Requester Person            `json:"requester"`
	FiledBy   Actor             `json:"filed_by"`
	Seed      string            `json:"seed"`
	App       map[string]any    `json:"application"`
	Sources   map[string]string `json:"sources,omitempty"`  // JSON Pointer → register that a value came from
	Disputed  map[string]string `json:"disputed,omitempty"` // JSON Pointer → why the applicant disputes the register
	Status    CaseStatus        `json:"status"`
	Outcome   Outcome           `json:"outcome,omitempty"`
	Ended     time.Time         `json:"ended,omitzero"`
	Fee       *FeeDue           `json:"fee,omitempty"`
	Clock     calendar.Clock    `json:"clock,omitzero"` // of the whole chain
	Apologies int               `json:"apologies,omitempty"`
	Warned    time.Time         `json:"warned,omitzero"`  // due time that was warned of
	Timers    []TimerDue        `json:"timers,omitempty"` // of the case itself
	Items     []Item            `json:"items,omitempty"`  // the one supplement request, all agencies' items
	Dossiers  []*Dossier        `json:"dossiers"`         // in the service's order
	Updated   time.Time         `json:"updated"`          // of the last entry
	Undo      *Undo             `json:"undo,omitempty"`   // what the last entry, a migration, replaced
}

// FeeDue is the money asked for at filing.
type FeeDue struct {
	Amount  int64     `json:"amount"` // đồng
	Status  string    `json:"status"` // waiting, paid, cancelled
	Request string    `json:"request"`
	Receipt string    `json:"receipt,omitempty"`
	PaidAt  time.Time `json:"paid_at,omitzero"`
	By      string    `json:"by,omitempty"` // who recorded the payment by hand
}

// Fee statuses.
const (
	FeeWaiting   = "waiting"
	FeePaid      = "paid"
	FeeCancelled = "cancelled"
)

// Item is one thing an agency asks the applicant for.
type Item struct {
	ID       string         `json:"id"` // unique in the case
	Step     string         `json:"step"`
	Kind     string         `json:"kind"`  // paper, field or original
	About    string         `json:"about"` // name of the paper, or pointer of the field
	Reason   string         `json:"reason"`
	Legal    string         `json:"legal,omitempty"`
	Asked    time.Time      `json:"asked"`
	By       string         `json:"by"`
	Due      time.Time      `json:"due,omitzero"`
	Answer   map[string]any `json:"answer,omitempty"`
	Answered time.Time      `json:"answered,omitzero"`
	Closed   bool           `json:"closed,omitempty"` // its dossier moved on
}

// StepStatus is waiting, open, ended or closed.
type StepStatus string

// A step's life. Ended: its dossier reached a final state. Closed: it never ran.
const (
	StatusWaiting StepStatus = "waiting"
	StatusOpen    StepStatus = "open"
	StatusEnded   StepStatus = "ended"
	StatusClosed  StepStatus = "closed"
)

// Why a step was closed.
const (
	ClosedAbsent        = "absent"         // its condition was false: not asked for
	ClosedNotApplicable = "not_applicable" // its condition was false: nothing to do
	ClosedNeed          = "need_failed"    // something it needs did not succeed
	ClosedWithdrawn     = "withdrawn"      // withdrawn while waiting
	ClosedExpired       = "expired"        // the fee was not paid
	ClosedRefused       = "refused"        // its condition was false, which the law calls a refusal with a reason
)

// Dossier is one procedure's instance in a case, or its empty place while the
// step waits.
type Dossier struct {
	Step        string                `json:"step"`
	Procedure   string                `json:"procedure"`
	Code        string                `json:"code,omitempty"`
	Attempt     int                   `json:"attempt"` // 1, then one more for every refiling
	Rev         int64                 `json:"rev"`
	Status      StepStatus            `json:"status"`
	Closed      string                `json:"closed,omitempty"` // why, when closed
	State       string                `json:"state,omitempty"`
	Portal      int                   `json:"portal,omitempty"`
	Final       FinalKind             `json:"final,omitempty"`    // outcome; stays while a correction is open
	EndedBy     string                `json:"ended_by,omitempty"` // the action that made it Final; "" when it ended as it opened
	Reason      *Text                 `json:"reason,omitempty"`   // why it was refused without an office
	Office      string                `json:"office,omitempty"`   // where it is now
	Home        string                `json:"home,omitempty"`     // the step's own office
	Unit        string                `json:"unit,omitempty"`
	Assignee    string                `json:"assignee,omitempty"`
	Opened      time.Time             `json:"opened,omitzero"`
	Entered     time.Time             `json:"entered,omitzero"` // of the present state
	Ended       time.Time             `json:"ended,omitzero"`
	Delivered   time.Time             `json:"delivered,omitzero"`
	With        map[string]any        `json:"with,omitempty"`
	Uses        map[string]int        `json:"uses,omitempty"` // step → version of its result that `with` was taken from
	Data        map[string]any        `json:"data,omitempty"` // records of actions, computed values
	Clock       calendar.Clock        `json:"clock,omitzero"`
	Apologies   int                   `json:"apologies,omitempty"`
	Asked       int                   `json:"asked,omitempty"`       // supplement requests so far (indicator 2.1)
	Warned      time.Time             `json:"warned,omitzero"`       // due time that the office was warned of
	StateDue    time.Time             `json:"state_due,omitzero"`    // of a limit on the state
	StateWarned time.Time             `json:"state_warned,omitzero"` // the same, for the state's due time
	Timers      []TimerDue            `json:"timers,omitempty"`
	Request     *RequestOpen          `json:"request,omitempty"`
	Parties     map[string]*PartyOpen `json:"parties,omitempty"`
	Awaits      bool                  `json:"awaits,omitempty"` // the applicant must act for it to go on
	Result      *Result               `json:"result,omitempty"`
	Reviews     []Review              `json:"reviews,omitempty"`
	Returned    string                `json:"returned,omitempty"` // the step asked to correct its result
	Renewed     map[string]int        `json:"renewed,omitempty"`  // step → version that values computed before a correction still come from
	Stale       []string              `json:"stale,omitempty"`    // with values changed while a request was in flight: steps to take anew
}

// TimerDue is something that happens by itself at an instant.
type TimerDue struct {
	ID     string    `json:"id"` // unique in the case; ties are broken by it
	Kind   string    `json:"kind"`
	Action string    `json:"action,omitempty"`
	At     time.Time `json:"at"`
}

// Kinds of timer.
const (
	TimerAfter = "after" // takes an action
	TimerWarn  = "warn"  // tells the office that the due time is near
	TimerFee   = "fee"   // the fee was not paid
)

// RequestOpen is a registry request that has not been answered.
type RequestOpen struct {
	Key       string    `json:"key"` // case/seq/n
	Registry  string    `json:"registry"`
	Operation string    `json:"operation"`
	At        time.Time `json:"at"`
}

// PartyOpen is a set of people whose answers are awaited or known.
type PartyOpen struct {
	People  []string               `json:"people"`
	Any     bool                   `json:"any,omitempty"`
	Answers map[string]PartyAnswer `json:"answers,omitempty"`
}

// PartyAnswer is one person's answer.
type PartyAnswer struct {
	Agree bool      `json:"agree"`
	At    time.Time `json:"at"`
}

// Agreed tells whether the set's agreement is complete.
func (p *PartyOpen) Agreed() bool {
	n := 0
	for _, a := range p.Answers {
		if a.Agree {
			n++
		}
	}
	if p.Any && len(p.People) > 0 {
		return n > 0
	}
	return n >= len(p.People)
}

// Result is what a dossier issued: the version that stands.
type Result struct {
	ID       string         `json:"id"` // public, unguessable
	Version  int            `json:"version"`
	Document string         `json:"document"`
	Code     string         `json:"code"`
	Paper    bool           `json:"paper,omitempty"`
	Issued   time.Time      `json:"issued"`
	Revoked  bool           `json:"revoked,omitempty"`
	Data     map[string]any `json:"data,omitempty"`
}

// Review is an open or decided question: a result that this dossier used was
// corrected or annulled after this dossier had ended.
type Review struct {
	ID       string    `json:"id"`
	Of       string    `json:"of"` // the issuing step
	From     int       `json:"from"`
	To       int       `json:"to"` // 0 = annulled
	Opened   time.Time `json:"opened"`
	Due      time.Time `json:"due,omitzero"`
	Decision string    `json:"decision,omitempty"` // keep, amend, annul
	Decided  time.Time `json:"decided,omitzero"`
	By       string    `json:"by,omitempty"`
}

// OpenReview returns the oldest undecided review item, or nil.
func (d *Dossier) OpenReview() *Review {
	for i := range d.Reviews {
		if d.Reviews[i].Decision == "" {
			return &d.Reviews[i]
		}
	}
	return nil
}

// Succeeded tells whether the dossier stands: it ended in success and was not
// annulled since.
func (d *Dossier) Succeeded() bool { return d.Final == FinalSuccess }

// HasEnded tells whether what needs the dossier need not wait for it: a correction that
// reopens it later does not take that back.
func (d *Dossier) HasEnded() bool { return d.Status == StatusClosed || d.Final != FinalNone }

// Dossier returns the dossier of a step, or nil.
func (c *Case) Dossier(step string) *Dossier {
	for _, d := range c.Dossiers {
		if d.Step == step {
			return d
		}
	}
	return nil
}

// KeyHeld tells whether the case still holds its duplicate key: its keyed step
// is open or stands, or has not run yet.
func (c *Case) KeyHeld() bool {
	if c.Key == "" {
		return false
	}
	d := c.Dossier(c.KeyStep)
	if d == nil {
		return c.Status == CaseOpen
	}
	switch d.Status {
	case StatusWaiting, StatusOpen:
		return true
	case StatusEnded:
		return d.Final == FinalSuccess
	}
	return false
}

// NextTimer is the earliest instant at which something happens by itself; zero
// when nothing does.
func (c *Case) NextTimer() time.Time {
	var next time.Time
	see := func(ts []TimerDue) {
		for _, t := range ts {
			if next.IsZero() || t.At.Before(next) {
				next = t.At
			}
		}
	}
	see(c.Timers)
	for _, d := range c.Dossiers {
		see(d.Timers)
	}
	return next
}

// Portal is the case's status on the national portal (1–10), which follows from
// its dossiers: 6 while a fee is waited for, 5 when every open dossier is
// paused, 10 when all that succeeded was delivered, else as the first step tells.
func (c *Case) Portal() int {
	if c.Status == CaseEnded {
		switch c.Outcome {
		case Withdrawn:
			return 7
		case Refused, Expired:
			return 3
		}
		for _, d := range c.Dossiers {
			if d.Succeeded() && d.Result != nil && d.Delivered.IsZero() {
				return 9
			}
		}
		return 10
	}
	if c.Fee != nil && c.Fee.Status == FeeWaiting {
		return 6
	}
	open, paused, lowest := 0, 0, 10
	for _, d := range c.Dossiers {
		if d.Status != StatusOpen || d.Final != FinalNone {
			continue
		}
		open++
		if d.Portal == 5 {
			paused++
		}
		lowest = min(lowest, d.Portal)
	}
	switch {
	case open == 0:
		return 4
	case paused == open:
		return 5
	case lowest <= 2 && open == 1 && c.onlyFirst():
		return lowest
	}
	return 4
}

// onlyFirst tells whether nothing has ended yet.
func (c *Case) onlyFirst() bool {
	for _, d := range c.Dossiers {
		if d.Status == StatusEnded {
			return false
		}
	}
	return true
}

func cloneParties(in map[string]*PartyOpen) map[string]*PartyOpen {
	if in == nil {
		return nil
	}
	out := make(map[string]*PartyOpen, len(in))
	for k, p := range in {
		q := *p
		q.Answers = maps.Clone(p.Answers)
		out[k] = &q
	}
	return out
}
