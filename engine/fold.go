package engine

import (
	"cmp"
	"maps"
	"slices"
	"time"
)

// Fold applies one entry to a case and returns the new case; the argument is not
// changed. nil stands for a case that does not exist yet.
func Fold(c *Case, e Entry) *Case {
	var n *Case
	if c == nil {
		n = &Case{Code: e.Case}
	} else {
		n = c.clone()
	}
	for _, v := range e.Events {
		n.apply(v, e)
	}
	n.bump(e)
	return n
}

// bump counts the entry, and the changes of the case's own fields and of each
// dossier: one per entry, however many events touched it.
func (c *Case) bump(e Entry) {
	c.Seq = e.Seq
	c.Updated = e.At
	touched := map[string]bool{}
	for _, v := range e.Events {
		switch v.(type) {
		case Notified, ExchangeActed: // nothing of the case changes
		default:
			touched[v.Of()] = true
		}
	}
	if touched[""] {
		c.Rev++
	}
	for _, d := range c.Dossiers {
		if touched[d.Step] {
			d.Rev++
		}
	}
}

// apply changes the case, which the caller owns, by one event.
func (c *Case) apply(v Event, e Entry) {
	if step := v.Of(); step != "" {
		if d := c.Dossier(step); d != nil {
			d.apply(v, e.At)
		}
		c.applyItems(v)
		return
	}
	switch v := v.(type) {
	case Filed:
		c.file(v, e.At)
	case ApplicationChanged:
		c.App = v.App
	case FeeAsked:
		c.Fee = &FeeDue{Amount: v.Amount, Status: FeeWaiting}
	case FeeSettled:
		if c.Fee != nil {
			c.Fee.Status, c.Fee.Receipt, c.Fee.PaidAt = v.Status, v.Receipt, v.At
		}
	case Requested:
		if c.Fee != nil {
			c.Fee.Request = v.Key
		}
	case ClockChanged:
		c.Clock = v.Clock
	case TimersSet:
		c.Timers = v.Timers
	case Warned:
		c.Warned = v.Due
	case Apologised:
		c.Apologies++
	case CaseClosed:
		if c.Status != CaseEnded {
			c.Ended = e.At
		}
		c.Status, c.Outcome = CaseEnded, v.Outcome
	case CaseReopened:
		c.Status, c.Outcome, c.Ended = CaseOpen, "", time.Time{}
	}
}

func (c *Case) file(v Filed, at time.Time) {
	c.Service, c.Version, c.Hash = v.Service, v.Version, v.Hash
	c.Key, c.KeyStep, c.Group, c.Channel = v.Key, v.KeyStep, v.Group, v.Channel
	c.Filed, c.Requester, c.FiledBy, c.Seed = at, v.Requester, v.By, v.Seed
	c.App, c.Sources, c.Disputed = v.App, v.Sources, v.Disputed
	c.Status = CaseOpen
	for _, p := range v.Steps {
		c.Dossiers = append(c.Dossiers, &Dossier{Step: p.Step, Procedure: p.Procedure, Code: p.Code, Attempt: 1, Status: StatusWaiting})
	}
}

// applyItems keeps the case's one supplement request.
func (c *Case) applyItems(v Event) {
	switch v := v.(type) {
	case ItemsAsked:
		c.Items = append(c.Items, v.Items...)
	case ItemAnswered:
		for i := range c.Items {
			if c.Items[i].ID == v.ID {
				c.Items[i].Answer, c.Items[i].Answered = v.Answer, v.At
			}
		}
	case ItemsClosed:
		for i := range c.Items {
			if c.Items[i].Step == v.Step {
				c.Items[i].Closed = true
			}
		}
	}
}

func (d *Dossier) apply(v Event, at time.Time) {
	switch v := v.(type) {
	case StepOpened:
		d.Code, d.Attempt, d.Office, d.Home, d.Unit = v.Code, v.Attempt, v.Office, v.Office, v.Unit
		d.With, d.Uses, d.Status, d.Opened = v.With, v.Uses, StatusOpen, at
	case StepClosed:
		d.Status, d.Closed, d.Reason, d.Ended, d.Timers = StatusClosed, v.Why, v.Reason, at, nil
	case StepReset:
		*d = Dossier{Step: d.Step, Procedure: d.Procedure, Code: v.Code, Attempt: d.Attempt + 1, Rev: d.Rev, Status: StatusWaiting}
	case Recorded:
		d.put(v.Name, v.Value)
	case ValueSet:
		d.put(v.Name, v.Value)
	case Moved:
		d.move(v, at)
	case ClockChanged:
		d.Clock = v.Clock
	case StateDueSet:
		d.StateDue = v.Due
	case TimersSet:
		d.Timers = v.Timers
	case Warned:
		if v.State {
			d.StateWarned = v.Due
		} else {
			d.Warned = v.Due
		}
	case Apologised:
		d.Apologies++
	case Requested:
		d.Request = &RequestOpen{Key: v.Key, Registry: v.Registry, Operation: v.Operation, At: at}
	case Replied:
		d.Request = nil
	case PartiesAsked:
		d.Parties = cloneParties(v.Sets)
	case PartyAnswered:
		d.answer(v)
	case ItemsAsked:
		d.Asked++
	case Assigned:
		d.Assignee = v.Account
	case Transferred:
		d.Office, d.Home, d.Unit, d.Assignee = v.Office, v.Office, v.Unit, ""
	default:
		d.applyResult(v)
	}
}

// applyResult handles results, their delivery, correction and review.
func (d *Dossier) applyResult(v Event) {
	switch v := v.(type) {
	case ResultIssued:
		r := v.Result
		d.Result, d.Delivered = &r, time.Time{} // a new paper is handed over anew
	case ResultRevoked:
		if d.Result != nil {
			d.Result.Revoked = true
		}
	case Delivered:
		d.Delivered = v.At
	case WithChanged:
		d.With, d.Uses, d.Renewed, d.Stale = v.With, v.Uses, v.Renewed, nil
	case WithStale:
		d.Stale = v.Steps
	case ReturnedUpstream:
		d.Returned = v.To
	case ReviewOpened:
		d.Reviews = append(d.Reviews, v.Review)
	case ReviewDecided:
		for i := range d.Reviews {
			if d.Reviews[i].ID == v.ID {
				d.Reviews[i].Decision, d.Reviews[i].By, d.Reviews[i].Decided = v.Decision, v.By, v.At
			}
		}
	}
}

func (d *Dossier) put(name string, value any) {
	if d.Data == nil {
		d.Data = map[string]any{}
	}
	d.Data[name] = value
}

func (d *Dossier) move(v Moved, at time.Time) {
	if v.Office != d.Office {
		d.Assignee = ""
	}
	d.State, d.Portal, d.Office, d.Entered = v.To, v.Portal, v.Office, at
	d.Awaits, d.Parties, d.Request = v.Awaits, nil, nil
	d.StateDue, d.StateWarned = time.Time{}, time.Time{}
	if v.Final == FinalNone {
		d.Status = StatusOpen // a correction reopens it; Final and Result stay what they were
		return
	}
	if d.Final == FinalNone {
		d.Ended = at
	}
	d.Status, d.Final, d.Timers = StatusEnded, v.Final, nil
}

func (d *Dossier) answer(v PartyAnswered) {
	p := d.Parties[v.Set]
	if p == nil {
		return
	}
	if p.Answers == nil {
		p.Answers = map[string]PartyAnswer{}
	}
	p.Answers[v.Person] = PartyAnswer{Agree: v.Agree, At: v.At}
}

// sortedKeys returns a map's keys in order, so that no decision depends on the
// order in which Go walks maps.
func sortedKeys[K cmp.Ordered, V any](m map[K]V) []K {
	return slices.Sorted(maps.Keys(m))
}
