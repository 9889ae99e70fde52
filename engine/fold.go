package engine

import (
	"cmp"
	"maps"
	"slices"
	"time"
)

// Fold applies one entry to a case and returns the new case; the argument is not
// changed. nil stands for a case that does not exist yet. The new case shares with
// the old one what the entry does not touch, its untouched dossiers as a whole: a
// folded case is read, never written to.
func Fold(c *Case, e Entry) *Case {
	h := newHand(c, e.Case)
	for _, v := range e.Events {
		h.apply(v, e.At)
	}
	h.bump(e)
	return h.Case
}

// hand is a case in the making. What an event writes is copied first, once;
// everything else is shared with the case from which it is made.
type hand struct {
	*Case
	fee, items bool   // copied
	dossiers   []mine // in the case's order
}

// mine says what of a dossier was copied.
type mine struct{ itself, data, reviews, result, parties bool }

func newHand(c *Case, code string) *hand {
	if c == nil {
		return &hand{Case: &Case{Code: code}}
	}
	n := *c
	n.Dossiers = slices.Clone(c.Dossiers)
	return &hand{Case: &n, dossiers: make([]mine, len(n.Dossiers))}
}

// again makes the hand what newHand and take made of c, its case of before events.
func (h *hand) again(c *Case) {
	own := h.Dossiers
	*h.Case = *c
	h.Dossiers, h.fee, h.items = own, false, false
	for i, d := range c.Dossiers {
		*own[i], h.dossiers[i] = *d, mine{itself: true}
	}
}

// take copies all dossiers, so that whoever holds one sees what later events write.
func (h *hand) take() {
	all := make([]Dossier, len(h.Dossiers))
	for i, d := range h.Dossiers {
		all[i] = *d
		h.Dossiers[i], h.dossiers[i].itself = &all[i], true
	}
}

// dossier returns a step's dossier to write to, or nil.
func (h *hand) dossier(step string) (*Dossier, *mine) {
	for i, d := range h.Dossiers {
		if d.Step != step {
			continue
		}
		m := &h.dossiers[i]
		if !m.itself {
			n := *d
			d = &n
			h.Dossiers[i], m.itself = d, true
		}
		return d, m
	}
	return nil, nil
}

// bump counts the entry, and the changes of the case's own fields and of each
// dossier: one per entry, however many events touched it.
func (h *hand) bump(e Entry) {
	h.Seq, h.Updated = e.Seq, e.At
	if h.Undo != nil && h.Undo.Seq != e.Seq {
		h.Undo = nil
	}
	for i, v := range e.Events {
		if !counts(v) || slices.ContainsFunc(e.Events[:i], func(w Event) bool { return counts(w) && w.Of() == v.Of() }) {
			continue
		}
		if step := v.Of(); step == "" {
			h.Rev++
		} else if d, _ := h.dossier(step); d != nil {
			d.Rev++
		}
	}
}

// counts tells whether an event changes something of the case.
func counts(v Event) bool {
	switch v.(type) {
	case Notified, ExchangeActed:
		return false
	}
	return true
}

// apply changes the case by one event.
func (h *hand) apply(v Event, at time.Time) {
	if !counts(v) {
		return
	}
	if step := v.Of(); step != "" {
		if d, m := h.dossier(step); d != nil {
			d.apply(v, at, m)
		}
		h.applyItems(v)
		return
	}
	c := h.Case
	switch v := v.(type) {
	case Filed:
		h.file(v, at)
	case Migrated:
		h.migrated(v)
	case Reverted:
		h.reverted()
	case ApplicationChanged:
		c.App = v.App
	case FeeAsked:
		c.Fee, h.fee = &FeeDue{Amount: v.Amount, Status: FeeWaiting}, true
	case FeeSettled:
		if f := h.ownFee(); f != nil {
			f.Status, f.Receipt, f.PaidAt, f.By = v.Status, v.Receipt, v.At, v.By
		}
	case Requested:
		if f := h.ownFee(); f != nil {
			f.Request = v.Key
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
			c.Ended = at
		}
		c.Status, c.Outcome = CaseEnded, v.Outcome
	case CaseReopened:
		c.Status, c.Outcome, c.Ended = CaseOpen, "", time.Time{}
	}
}

func (h *hand) ownFee() *FeeDue {
	if h.Fee != nil && !h.fee {
		f := *h.Fee
		h.Fee, h.fee = &f, true
	}
	return h.Fee
}

func (h *hand) file(v Filed, at time.Time) {
	c := h.Case
	c.Service, c.Version, c.Hash = v.Service, v.Version, v.Hash
	c.Key, c.KeyStep, c.Group, c.Channel = v.Key, v.KeyStep, v.Group, v.Channel
	c.Filed, c.Requester, c.FiledBy, c.Seed = at, v.Requester, v.By, v.Seed
	c.App, c.Sources, c.Disputed = v.App, v.Sources, v.Disputed
	c.Status = CaseOpen
	for _, p := range v.Steps {
		c.Dossiers = append(c.Dossiers, &Dossier{Step: p.Step, Procedure: p.Procedure, Code: p.Code, Attempt: 1, Status: StatusWaiting})
		h.dossiers = append(h.dossiers, mine{itself: true})
	}
}

// applyItems keeps the case's one supplement request.
func (h *hand) applyItems(v Event) {
	switch v := v.(type) {
	case ItemsAsked:
		h.Items = append(h.ownItems(), v.Items...)
	case ItemAnswered:
		for i := range h.ownItems() {
			if it := &h.Items[i]; it.ID == v.ID {
				it.Answer, it.Answered = v.Answer, v.At
			}
		}
	case ItemsClosed:
		for i := range h.ownItems() {
			if it := &h.Items[i]; it.Step == v.Step {
				it.Closed = true
			}
		}
	}
}

func (h *hand) ownItems() []Item {
	if !h.items {
		h.Items, h.items = slices.Clone(h.Items), true
	}
	return h.Items
}

func (d *Dossier) apply(v Event, at time.Time, m *mine) {
	switch v := v.(type) {
	case StepOpened:
		d.Code, d.Attempt, d.Office, d.Home, d.Unit = v.Code, v.Attempt, v.Office, v.Office, v.Unit
		d.With, d.Uses, d.Status, d.Opened = v.With, v.Uses, StatusOpen, at
	case StepClosed:
		d.Status, d.Closed, d.Reason, d.Ended, d.Timers = StatusClosed, v.Why, v.Reason, at, nil
	case StepReset:
		*m = mine{itself: true}
		*d = Dossier{Step: d.Step, Procedure: d.Procedure, Code: v.Code, Attempt: d.Attempt + 1, Rev: d.Rev, Status: StatusWaiting}
	case Recorded:
		d.put(v.Name, v.Value, m)
	case ValueSet:
		d.put(v.Name, v.Value, m)
	case Moved:
		d.move(v, at)
	case Remapped:
		if v.Office != d.Office {
			d.Assignee = ""
		}
		d.Procedure, d.State, d.Portal, d.Office, d.Awaits = v.Procedure, v.To, v.Portal, v.Office, v.Awaits
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
		d.Parties, m.parties = cloneParties(v.Sets), true
	case PartyAnswered:
		d.answer(v, m)
	case ItemsAsked:
		d.Asked++
	case Assigned:
		d.Assignee = v.Account
	case Transferred:
		d.Office, d.Home, d.Unit, d.Assignee = v.Office, v.Office, v.Unit, ""
	default:
		d.applyResult(v, m)
	}
}

// applyResult handles results, their delivery, correction and review.
func (d *Dossier) applyResult(v Event, m *mine) {
	switch v := v.(type) {
	case ResultIssued:
		r := v.Result
		d.Result, d.Delivered, m.result = &r, time.Time{}, true // a new paper is handed over anew
	case ResultRevoked:
		if d.Result != nil && !m.result {
			r := *d.Result
			d.Result, m.result = &r, true
		}
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
		d.Reviews = append(d.ownReviews(m), v.Review)
	case ReviewDecided:
		for i := range d.ownReviews(m) {
			if d.Reviews[i].ID == v.ID {
				d.Reviews[i].Decision, d.Reviews[i].By, d.Reviews[i].Decided = v.Decision, v.By, v.At
			}
		}
	}
}

func (d *Dossier) ownReviews(m *mine) []Review {
	if !m.reviews {
		d.Reviews, m.reviews = slices.Clone(d.Reviews), true
	}
	return d.Reviews
}

func (d *Dossier) put(name string, value any, m *mine) {
	if !m.data {
		own := make(map[string]any, len(d.Data)+4)
		maps.Copy(own, d.Data)
		d.Data, m.data = own, true
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
	if d.Final != v.Final {
		d.EndedBy = v.Action
	}
	d.Status, d.Final, d.Timers = StatusEnded, v.Final, nil
}

func (d *Dossier) answer(v PartyAnswered, m *mine) {
	if !m.parties {
		d.Parties, m.parties = cloneParties(d.Parties), true
	}
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
	keys := make([]K, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
