package engine

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// Rows derives the list rows of a case: one for each dossier that was opened.
// Stores write them; they hold nothing that the case does not.
func (c *Case) Rows() []Row {
	var rows []Row
	for _, d := range c.Dossiers {
		if d.Status != StatusOpen && d.Status != StatusEnded {
			continue
		}
		rows = append(rows, Row{
			Case: c.Code, Step: d.Step, Code: d.Code, Service: c.Service, Procedure: d.Procedure,
			State: d.State, Status: d.Status, Final: d.Final, Portal: d.Portal, Office: d.Office,
			Assignee: d.Assignee, Due: d.Due(), Opened: d.Opened, Updated: c.Updated, Filed: c.Filed, Rev: d.Rev,
			Subject: c.Subject(), Requester: c.Requester.Name, Review: d.OpenReview() != nil,
		})
	}
	return rows
}

// Due is when the dossier is due: the earlier of its clock's and its state's due
// time, or of the review that is open after its end; zero when nothing runs.
func (d *Dossier) Due() time.Time {
	if r := d.OpenReview(); r != nil && d.Status == StatusEnded {
		return r.Due
	}
	due := d.Clock.Due
	if !d.StateDue.IsZero() && (due.IsZero() || d.StateDue.Before(due)) {
		due = d.StateDue
	}
	return due
}

// Subject is the name of the person the case is about: the child or the deceased.
func (c *Case) Subject() string {
	for _, k := range []string{"child", "deceased", "person"} {
		if n := Str(c.App, k, "name"); n != "" {
			return n
		}
	}
	return c.Requester.Name
}

// Summary derives the case's line in a citizen's list.
func (c *Case) Summary() Summary {
	return Summary{Code: c.Code, Service: c.Service, Version: c.Version, Status: c.Status, Outcome: c.Outcome,
		Portal: c.Portal(), Filed: c.Filed, Due: c.Clock.Due, Updated: c.Updated, Subject: c.Subject()}
}

// Tasks derives what citizens must do in this case, from parties' open answers,
// supplement items, an unpaid fee and dossiers that await the applicant.
func (c *Case) Tasks() []Task {
	var ts []Task
	if c.Status == CaseOpen && c.Fee != nil && c.Fee.Status == FeeWaiting {
		ts = append(ts, Task{Case: c.Code, Person: c.Requester.ID, Kind: "pay", Since: c.Filed, Due: c.NextTimer()})
	}
	for _, d := range c.Dossiers {
		if d.Status != StatusOpen {
			continue
		}
		if d.Awaits {
			ts = append(ts, Task{Case: c.Code, Step: d.Step, Person: c.Requester.ID, Kind: "confirm", State: d.State, Since: d.Entered, Due: d.ByItself().At})
		}
		ts = append(ts, c.partyTasks(d)...)
		if c.itemsOpen(d.Step) {
			ts = append(ts, Task{Case: c.Code, Step: d.Step, Person: c.Requester.ID, Kind: "supplement", State: d.State, Since: d.Entered, Due: d.ByItself().At})
		}
	}
	slices.SortStableFunc(ts, func(a, b Task) int {
		return cmp.Or(a.Due.Compare(b.Due), cmp.Compare(a.Step, b.Step), cmp.Compare(a.Person, b.Person))
	})
	return ts
}

func (c *Case) partyTasks(d *Dossier) []Task {
	var ts []Task
	seen := map[string]bool{}
	for _, k := range sortedKeys(d.Parties) {
		p := d.Parties[k]
		if p.Agreed() {
			continue
		}
		for _, who := range p.People {
			if _, done := p.Answers[who]; done || seen[who] {
				continue
			}
			seen[who] = true
			ts = append(ts, Task{Case: c.Code, Step: d.Step, Person: who, Kind: "party", State: d.State, Since: d.Entered, Due: d.ByItself().At})
		}
	}
	return ts
}

// ByItself is the timer that ends the present state when nobody acts, the first of
// several; zero when none does.
func (d *Dossier) ByItself() (first TimerDue) {
	for _, x := range d.Timers {
		if x.Kind == TimerAfter && (first.At.IsZero() || x.At.Before(first.At)) {
			first = x
		}
	}
	return first
}

func (c *Case) itemsOpen(step string) bool {
	for _, it := range c.Items {
		if it.Step == step && !it.Closed && it.Answered.IsZero() {
			return true
		}
	}
	return false
}

// NotificationRegistry is the registry that carries messages to people. Its
// deliveries are not ordered and may be skipped by a person.
const NotificationRegistry = "notification"

// Effects derives what the entry owes to registries, in order; the delivery key is
// case/seq/n with n the event's place in the entry.
func (e *Entry) Effects() []Delivery {
	var out []Delivery
	add := func(key, step, registry, operation string, input map[string]any) {
		out = append(out, Delivery{Key: key, Case: e.Case, Step: step, Seq: e.Seq, Registry: registry,
			Operation: operation, Input: input, At: e.At, Status: DeliveryPending})
	}
	for _, v := range e.Events {
		switch v := v.(type) {
		case Requested:
			add(v.Key, v.Step, v.Registry, v.Operation, v.Input)
		case Notified:
			if !strings.HasPrefix(v.To, "office:") {
				add(v.Key, v.Step, NotificationRegistry, "send", map[string]any{"to": v.To, "what": v.What, "params": v.Params})
			}
		}
	}
	return out
}

// Notifications derives whom the entry tells what.
func (e *Entry) Notifications() []Notification {
	var out []Notification
	for _, v := range e.Events {
		if n, ok := v.(Notified); ok {
			out = append(out, Notification{Key: n.Key, Case: e.Case, Step: n.Step, To: n.To, What: n.What, At: e.At, Params: n.Params})
		}
	}
	return out
}
