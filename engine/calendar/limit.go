package calendar

import (
	"fmt"
	"strconv"
	"strings"
)

// Unit is what a limit counts in (the portal's field DonViTinh).
type Unit string

// The units. See the package comment for how each is counted.
const (
	Hour           Unit = "hour"
	WorkingHour    Unit = "working_hour"
	Day            Unit = "day"
	WorkingDay     Unit = "working_day"
	Month          Unit = "month"
	SameWorkingDay Unit = "same_working_day"
)

// MaxN is the largest count a limit may have.
const MaxN = 10_000

// Limit is a length of legal time. The zero value means "no limit".
type Limit struct {
	// N counts units, 1 to MaxN; 0 with SameWorkingDay.
	N int `json:"n,omitempty" yaml:"n,omitempty"`
	// Unit is one of the constants above.
	Unit Unit `json:"unit" yaml:"unit"`
	// Cutoff is "15:00" or "": a receipt at or after it counts as received on
	// the next working day. Hour and working-hour limits ignore it.
	Cutoff string `json:"cutoff,omitempty" yaml:"cutoff,omitempty"`
}

var unitWords = map[string]Unit{
	"hour": Hour, "hours": Hour,
	"working hour": WorkingHour, "working hours": WorkingHour,
	"day": Day, "days": Day,
	"working day": WorkingDay, "working days": WorkingDay,
	"month": Month, "months": Month,
}

// ParseLimit reads "3 working days", "1 day", "2 hours", "8 working hours",
// "2 months" or "same working day", singular or plural, in any case and
// spacing, optionally followed by ", cutoff 15:00". It accepts everything
// String writes for a valid limit. The error quotes s and says what was expected.
func ParseLimit(s string) (Limit, error) {
	text := strings.ToLower(strings.Join(strings.Fields(s), " "))
	text, cut, found := strings.Cut(text, ", cutoff ")
	var l Limit
	if found {
		if _, err := clockTime(cut); err != nil {
			return Limit{}, fmt.Errorf("calendar: limit %q: cutoff %q is not HH:MM", s, cut)
		}
		l.Cutoff = cut
	}
	if text == "same working day" {
		l.Unit = SameWorkingDay
		return l, nil
	}
	count, word, _ := strings.Cut(text, " ")
	unit, ok := unitWords[word]
	n := digits(count)
	if !ok || count == "" || len(count) > 5 || n < 0 {
		return Limit{}, fmt.Errorf(`calendar: limit %q is not understood, want "<n> hours|working hours|days|working days|months" or "same working day"`, s)
	}
	if n < 1 || n > MaxN {
		return Limit{}, fmt.Errorf("calendar: limit %q: the count must be 1 to %d", s, MaxN)
	}
	l.N, l.Unit = n, unit
	return l, nil
}

// Validate reports why l cannot be used; nil for a usable limit. The zero
// Limit ("no limit") is not valid: ask IsZero first where it is allowed.
func (l Limit) Validate() error {
	if l.Cutoff != "" {
		if _, err := clockTime(l.Cutoff); err != nil {
			return fmt.Errorf("calendar: limit: cutoff %q is not HH:MM", l.Cutoff)
		}
	}
	switch l.Unit {
	case SameWorkingDay:
		if l.N != 0 {
			return fmt.Errorf("calendar: limit: same_working_day takes no count, got %d", l.N)
		}
		return nil
	case Hour, WorkingHour, Day, WorkingDay, Month:
		if l.N < 1 || l.N > MaxN {
			return fmt.Errorf("calendar: limit: the count must be 1 to %d, got %d", MaxN, l.N)
		}
		return nil
	}
	return fmt.Errorf("calendar: limit: unknown unit %q", l.Unit)
}

// IsZero reports whether l is the zero Limit, "no limit".
func (l Limit) IsZero() bool { return l == Limit{} }

// vietnamese are the units as people say them.
var vietnamese = map[Unit]string{Hour: "giờ", WorkingHour: "giờ làm việc", Day: "ngày", WorkingDay: "ngày làm việc", Month: "tháng"}

// In writes l for people, in Vietnamese ("vi", without the cutoff) or English; ""
// for the zero Limit.
func (l Limit) In(lang string) string {
	switch {
	case lang == "en" || l.IsZero():
		return l.String()
	case l.Unit == SameWorkingDay:
		return "trong ngày làm việc"
	}
	return strconv.Itoa(l.N) + " " + vietnamese[l.Unit]
}

// String writes l as ParseLimit reads it, "" for the zero Limit.
func (l Limit) String() string {
	if l.IsZero() {
		return ""
	}
	s := "same working day"
	if l.Unit != SameWorkingDay {
		s = strconv.Itoa(l.N) + " " + strings.ReplaceAll(string(l.Unit), "_", " ")
		if l.N != 1 {
			s += "s"
		}
	}
	if l.Cutoff != "" {
		s += ", cutoff " + l.Cutoff
	}
	return s
}
