package calendar

import (
	"fmt"
	"slices"
	"time"
)

// Mode says what a clock does while a dossier is in a state.
type Mode string

// The modes of a state.
const (
	Runs     Mode = "runs"     // office time: the clock runs
	Paused   Mode = "paused"   // citizen's time: stopped, the due time moves on resumption
	Restarts Mode = "restarts" // stopped here; the full limit starts when the clock runs again
	None     Mode = "none"     // no clock: before reception, and after the end
)

// Valid reports whether m is one of the four modes.
func (m Mode) Valid() bool {
	return m == Runs || m == Paused || m == Restarts || m == None
}

// Kind says what moved a due time.
type Kind string

// The kinds of Move.
const (
	MovePause     Kind = "pause"     // the citizen's time was subtracted
	MoveRestart   Kind = "restart"   // the full limit started again
	MoveReopen    Kind = "reopen"    // a stopped clock runs again with the full limit
	MoveExtension Kind = "extension" // re-appointment with an apology
	MoveCalendar  Kind = "calendar"  // another calendar version
	MoveLimit     Kind = "limit"     // another limit: another version of the definition
)

// Clock is the running time limit of one dossier, state or action. It is a
// plain value fit for history: Limit, Started, Spans and the extensions among
// Moves determine Due under a given calendar version. The zero value is a clock
// not started; with only Limit set it is one that starts when first entered
// with Runs. Use the operations below rather than setting fields.
type Clock struct {
	Limit   Limit     `json:"limit,omitzero"`
	Started time.Time `json:"started,omitzero"` // zero: not started
	Due     time.Time `json:"due,omitzero"`     // zero: no limit
	// PausedAt is when the present pause began; zero while running. A clock
	// stopped during a pause keeps it: the citizen never gave the time back.
	PausedAt time.Time `json:"paused_at,omitzero"`
	// Restart says that the full limit starts when the present pause ends.
	Restart bool      `json:"restart,omitempty"`
	Stopped time.Time `json:"stopped,omitzero"` // ended
	Spans   []Span    `json:"spans,omitempty"`  // past pauses, in order
	Moves   []Move    `json:"moves,omitempty"`  // every change of Due, in order
	// Calendar is the ID of the version Due was computed with.
	Calendar string `json:"calendar,omitempty"`
}

// Span is a pause that is over, from the request to the answer.
type Span struct {
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
	// Restart marks a pause after which the full limit started again.
	Restart bool `json:"restart,omitempty"`
}

// Move is one change of a due time with its reason.
type Move struct {
	At   time.Time `json:"at"`   // when it was decided
	From time.Time `json:"from"` // the due time before
	To   time.Time `json:"to"`   // the due time after
	Kind Kind      `json:"kind"`
	// Why is a sentence for people: the caller's for an extension.
	Why      string `json:"why,omitempty"`
	Calendar string `json:"calendar,omitempty"` // version in use
}

// Start starts a clock of limit l at now. With the zero limit it keeps time
// but never falls due.
func (c *Calendar) Start(now time.Time, l Limit) Clock {
	now = normal(now)
	return Clock{Limit: l, Started: now, Due: c.Due(now, l), Calendar: c.ID}
}

// Enter returns k after its dossier entered, at now, a state with that mode.
//
//   - A clock not started stays so, except that Runs starts one whose Limit is
//     set; pauses before reception cost nothing.
//   - Runs ends a pause and moves Due by the time lost (or restarts the limit);
//     it re-opens a stopped clock with the full limit.
//   - Paused and Restarts begin a pause or carry on with the present one; a
//     stopped clock is re-opened into a pause.
//   - None stops the clock, as Stop does.
//
// If c is not the version k names, k is first moved to c as by Adopt. A now
// before the last thing recorded counts as that instant. An unknown mode
// changes nothing.
func (c *Calendar) Enter(k Clock, now time.Time, mode Mode) Clock {
	if !k.HasStarted() {
		if mode == Runs && !k.Limit.IsZero() {
			return c.Start(now, k.Limit)
		}
		return k
	}
	if !mode.Valid() {
		return k
	}
	if mode == None {
		return Stop(k, now)
	}
	now = k.notBefore(now)
	kind := MovePause
	if k.Restart {
		kind = MoveRestart
	}
	if k.HasStopped() { // re-open: the time since the end becomes a pause
		if k.PausedAt.IsZero() {
			k.PausedAt = k.Stopped
		}
		k.Stopped, k.Restart, kind = time.Time{}, true, MoveReopen
	}
	k = c.Adopt(k, now)
	if mode != Runs {
		if k.PausedAt.IsZero() {
			k.PausedAt = now
		}
		k.Restart = k.Restart || mode == Restarts
		return k
	}
	if k.PausedAt.IsZero() {
		return k
	}
	span := Span{From: k.PausedAt, To: now, Restart: k.Restart}
	k.Spans = append(slices.Clip(k.Spans), span)
	k.PausedAt, k.Restart = time.Time{}, false
	why := fmt.Sprintf("%s from %s to %s", kind, span.From.Format(minute), span.To.Format(minute))
	return k.move(now, c.replay(k), kind, why)
}

const minute = "2006-01-02 15:04"

// Stop ends k at now. A clock not started, or already stopped, is unchanged.
// A pause still open stays open: the clock counts as ended when it began.
func Stop(k Clock, now time.Time) Clock {
	if k.HasStarted() && !k.HasStopped() {
		k.Stopped = k.notBefore(now)
	}
	return k
}

// Extend promises newDue in place of the present due time (form 04, apology and
// re-appointment, NĐ 61/2018 art. 19(9)) and records why. It changes nothing
// when k is not running or paused, has no due time, or newDue is not later.
// The law allows one: the caller refuses when Extensions is not 0.
func (k Clock) Extend(now, newDue time.Time, why string) Clock {
	newDue = normal(newDue)
	if !k.HasStarted() || k.HasStopped() || k.Due.IsZero() || !newDue.After(k.Due) {
		return k
	}
	return k.move(k.notBefore(now), newDue, MoveExtension, why)
}

// Recompute returns k with Due computed afresh under c from what k records:
// limit, start, pauses, restarts and extensions. Under the version k names the
// result equals k; under another it shows what Due would have been. Moves are
// not touched; Adopt records the difference.
func (c *Calendar) Recompute(k Clock) Clock {
	if k.HasStarted() {
		k.Due, k.Calendar = c.replay(k), c.ID
	}
	return k
}

// Adopt moves an open clock to calendar version c at now and records the move
// when the due time changes, earlier or later. A clock not started, stopped, or
// already on c is unchanged.
func (c *Calendar) Adopt(k Clock, now time.Time) Clock {
	if !k.HasStarted() || k.HasStopped() || k.Calendar == c.ID {
		return k
	}
	why := fmt.Sprintf("calendar %s in place of %s", c.ID, k.Calendar)
	k.Calendar = c.ID
	return k.move(k.notBefore(now), c.replay(k), MoveCalendar, why)
}

// Relimit puts an open clock under another limit at now and records the move: the
// time since the start counts as it was, with its pauses and extensions. A clock
// not started, stopped, or under that limit already is unchanged.
func (c *Calendar) Relimit(k Clock, now time.Time, l Limit, why string) Clock {
	if !k.HasStarted() || k.HasStopped() || k.Limit == l {
		return k
	}
	k = c.Adopt(k, now)
	k.Limit = l
	return k.move(k.notBefore(now), c.replay(k), MoveLimit, why)
}

// HasStarted reports whether k was ever started.
func (k Clock) HasStarted() bool { return !k.Started.IsZero() }

// HasStopped reports whether k has ended.
func (k Clock) HasStopped() bool { return !k.Stopped.IsZero() }

// Running reports whether time counts against the office now.
func (k Clock) Running() bool {
	return k.HasStarted() && !k.HasStopped() && k.PausedAt.IsZero()
}

// Overdue reports whether k is open and its due time has passed at now. Exactly
// at the due time it has not. While paused, the instant of the pause counts, so
// a dossier does not fall due while the citizen holds it. Overdue is an
// attribute of open dossiers; for an ended one ask Late.
func (k Clock) Overdue(now time.Time) bool {
	if !k.HasStarted() || k.HasStopped() || k.Due.IsZero() {
		return false
	}
	if !k.PausedAt.IsZero() {
		now = k.PausedAt
	}
	return now.After(k.Due)
}

// Late reports whether k ended after its due time; an end during a pause counts
// at the beginning of the pause (indicator 2.1: open supplement, the end is the
// moment of request).
func (k Clock) Late() bool {
	if !k.HasStopped() || k.Due.IsZero() {
		return false
	}
	end := k.Stopped
	if !k.PausedAt.IsZero() {
		end = k.PausedAt
	}
	return end.After(k.Due)
}

// Extensions counts the re-appointments granted so far.
func (k Clock) Extensions() int {
	n := 0
	for _, m := range k.Moves {
		if m.Kind == MoveExtension {
			n++
		}
	}
	return n
}

// Equal reports whether k and o record the same, comparing instants with
// time.Time.Equal so that a round trip through JSON does not matter.
func (k Clock) Equal(o Clock) bool {
	return k.Limit == o.Limit && k.Started.Equal(o.Started) && k.Due.Equal(o.Due) &&
		k.PausedAt.Equal(o.PausedAt) && k.Restart == o.Restart && k.Stopped.Equal(o.Stopped) &&
		k.Calendar == o.Calendar &&
		slices.EqualFunc(k.Spans, o.Spans, func(a, b Span) bool {
			return a.From.Equal(b.From) && a.To.Equal(b.To) && a.Restart == b.Restart
		}) &&
		slices.EqualFunc(k.Moves, o.Moves, func(a, b Move) bool {
			return a.At.Equal(b.At) && a.From.Equal(b.From) && a.To.Equal(b.To) &&
				a.Kind == b.Kind && a.Why == b.Why && a.Calendar == b.Calendar
		})
}

// move sets Due and records it if it changed.
func (k Clock) move(at, due time.Time, kind Kind, why string) Clock {
	if due.Equal(k.Due) {
		return k
	}
	k.Moves = append(slices.Clip(k.Moves), Move{At: at, From: k.Due, To: due, Kind: kind, Why: why, Calendar: k.Calendar})
	k.Due = due
	return k
}

// notBefore returns now, or the last instant k records if that is later, so
// that the record stays in order whatever clock the caller reads.
func (k Clock) notBefore(now time.Time) time.Time {
	now = normal(now)
	for _, t := range []time.Time{k.Started, k.PausedAt, k.Stopped} {
		if t.After(now) {
			now = t
		}
	}
	if n := len(k.Spans); n > 0 && k.Spans[n-1].To.After(now) {
		now = k.Spans[n-1].To
	}
	if n := len(k.Moves); n > 0 && k.Moves[n-1].At.After(now) {
		now = k.Moves[n-1].At
	}
	return now
}

// replay computes Due of a started clock from its record: spans and extensions
// in order of time, an extension before a span that ends at the same instant.
func (c *Calendar) replay(k Clock) time.Time {
	x := c.aim(k.Started, k.Limit)
	if (x == target{}) {
		return time.Time{}
	}
	moves, extended, since := k.Moves, false, time.Time{}
	extend := func(until time.Time) {
		for ; len(moves) > 0 && !moves[0].At.After(until); moves = moves[1:] {
			m := moves[0]
			if m.Kind != MoveExtension || !m.To.After(c.resolve(x)) {
				continue
			}
			x, extended, since = promised(m.To, k.Limit), true, m.At
		}
	}
	for _, s := range k.Spans {
		extend(s.To)
		if s.Restart {
			x = c.later(x, c.aim(s.To, k.Limit))
			continue
		}
		from := s.From
		if from.After(c.resolve(x)) {
			continue // overdue when paused
		}
		if since.After(from) {
			from = since // the promise was made during this pause
		}
		x = c.shift(x, from, s.To, k.Limit, extended)
	}
	if n := len(moves); n > 0 {
		extend(moves[n-1].At)
	}
	return c.resolve(x)
}

// promised is the target of an instant fixed by an apology.
func promised(due time.Time, l Limit) target {
	if l.exact() {
		return target{exact: normal(due)}
	}
	day, since := split(due)
	return target{day: day, clock: since}
}

// shift moves a target by the time lost between from and to, never back.
func (c *Calendar) shift(x target, from, to time.Time, l Limit, extended bool) target {
	if !to.After(from) {
		return x
	}
	a, _ := split(from)
	b, _ := split(to)
	old := x
	switch l.Unit {
	case Hour:
		x.exact = x.exact.Add(to.Sub(from))
	case WorkingHour:
		x.exact = c.addWorking(x.exact, c.workingTime(from, to))
	case WorkingDay:
		x.day = c.step(x.day, c.WorkingDaysBetween(from, to))
	case Day, Month:
		x.day, x.roll = x.day+b-a, x.roll || b > a
	case SameWorkingDay:
		if extended {
			x.day = c.step(x.day, c.WorkingDaysBetween(from, to))
		}
		x = c.later(x, c.aim(to, l))
	}
	return c.later(old, x)
}

// later returns whichever target resolves later, y when they tie.
func (c *Calendar) later(x, y target) target {
	if c.resolve(x).After(c.resolve(y)) {
		return x
	}
	return y
}
