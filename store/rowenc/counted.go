package rowenc

import (
	"strconv"
	"strings"

	"lienthong/engine"
	"lienthong/engine/calendar"
)

// Counted is what writing a delivery anew adds to the sums of its registry and
// day, and how many failed exchanges it tells of.
func Counted(was, is *DeliveryRow) (add engine.ExchangeDay, failed int) {
	if is.Tries > was.Tries {
		failed = is.Tries - was.Tries
	}
	incident := is.Status == engine.DeliveryIncident && was.Status != engine.DeliveryIncident
	if incident {
		add.Incidents = 1
		if failed == 0 && is.Answer == 0 {
			failed = 1
		}
	}
	add.Failed = failed
	switch {
	case was.Answer == 0 && is.Answer != 0:
		switch {
		case is.Answer == AnswerByHand:
			add.ByHand = 1
		case was.Failed > 0:
			add.Retried = 1
		default:
			add.First = 1
		}
		if is.Answer == AnswerRefused {
			add.Refused = 1
		}
	case is.Status == engine.DeliverySkipped && !was.Over() && is.Answer == 0:
		if was.Status == engine.DeliveryIncident {
			add.GivenUp = 1
		} else {
			add.TakenBack = 1
		}
	case is.Status == engine.DeliveryAccepted && was.Status == engine.DeliveryPending:
		add.Taken = 1
	}
	return add, failed
}

// OwedCursor is the cursor that follows a delivery in the list of what waits.
func OwedCursor(r *DeliveryRow) string {
	return Cursor("w", r.At, r.Case, strconv.FormatInt(r.Seq, 10), strconv.Itoa(r.N))
}

// dayMicros is a day's length; zoneMicros is how far Vietnam's clock is ahead.
const (
	dayMicros  = 24 * 60 * 60 * 1_000_000
	zoneMicros = 7 * 60 * 60 * 1_000_000
)

// Day numbers the day, in Vietnam, of an instant in microseconds.
func Day(us int64) int64 {
	d := us + zoneMicros
	if d < 0 {
		return (d+1)/dayMicros - 1
	}
	return d / dayMicros
}

// DayOf numbers a calendar day; false when it is none.
func DayOf(d calendar.Date) (int64, bool) {
	t := d.At(0, 0)
	return Day(t.UnixMicro()), d.Valid()
}

// DateOf is the inverse of DayOf.
func DateOf(day int64) calendar.Date { return calendar.DateOf(Time(day*dayMicros - zoneMicros)) }

// Lower folds ASCII letters only, as SQLite's lower does.
func Lower(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'A' && r <= 'Z' {
			return r + 'a' - 'A'
		}
		return r
	}, s)
}
