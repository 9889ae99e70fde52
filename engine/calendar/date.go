package calendar

import (
	"fmt"
	"time"
)

// Zone is Vietnamese time: UTC+7 all year, printed as "+07:00". It is fixed
// rather than loaded, so that no machine's time-zone files matter.
var Zone = time.FixedZone("+07:00", offset)

const (
	offset  = 7 * 60 * 60 // seconds east of UTC
	daySecs = 24 * 60 * 60
)

// Date is a calendar day in Zone, written "2026-04-27". Valid dates compare
// and sort as strings. The zero value "" is no date; methods on a Date that is
// not valid give zero values and never panic.
type Date string

// ParseDate checks s and returns it as a Date. The only accepted shape is
// YYYY-MM-DD with a day that exists, years 0001 to 9999.
func ParseDate(s string) (Date, error) {
	if _, ok := Date(s).number(); !ok {
		return "", fmt.Errorf("calendar: %q is not a date, want YYYY-MM-DD", s)
	}
	return Date(s), nil
}

// DateOf returns the day t falls on in Zone.
func DateOf(t time.Time) Date {
	n, _ := split(t)
	return dateOf(n)
}

// Valid reports whether d is an existing day written YYYY-MM-DD.
func (d Date) Valid() bool {
	_, ok := d.number()
	return ok
}

// At returns the instant of d at hour:minute in Zone, or the zero time when d
// is not valid. Hours past 23 and minutes past 59 run over, as in time.Date.
func (d Date) At(hour, minute int) time.Time {
	n, ok := d.number()
	if !ok {
		return time.Time{}
	}
	return join(n, time.Duration(hour)*time.Hour+time.Duration(minute)*time.Minute)
}

// AddDays returns the day n calendar days after d (before it when n < 0), or
// "" when d is not valid or the result leaves the years 0001 to 9999.
func (d Date) AddDays(n int) Date {
	num, ok := d.number()
	if !ok {
		return ""
	}
	return dateOf(num + n)
}

// Weekday returns the day of the week of d; Sunday when d is not valid.
func (d Date) Weekday() time.Weekday {
	n, ok := d.number()
	if !ok {
		return time.Sunday
	}
	return weekday(n)
}

// Year returns the year of d, 0 when d is not valid.
func (d Date) Year() int {
	if !d.Valid() {
		return 0
	}
	return digits(string(d[:4]))
}

// number returns d as days since 1970-01-01.
func (d Date) number() (int, bool) {
	if len(d) != 10 || d[4] != '-' || d[7] != '-' {
		return 0, false
	}
	y, m, day := digits(string(d[:4])), digits(string(d[5:7])), digits(string(d[8:]))
	if y < 1 || m < 1 || m > 12 || day < 1 || day > lastDay(y, time.Month(m)) {
		return 0, false
	}
	return civil(y, time.Month(m), day), true
}

// digits reads a short run of ASCII digits; -1 when it is something else.
func digits(s string) int {
	n := 0
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return -1
		}
		n = n*10 + int(s[i]-'0')
	}
	return n
}

func civil(y int, m time.Month, d int) int {
	return int(time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Unix() / daySecs)
}

func lastDay(y int, m time.Month) int {
	return time.Date(y, m+1, 0, 0, 0, 0, 0, time.UTC).Day()
}

func dateOf(n int) Date {
	t := time.Unix(int64(n)*daySecs, 0).UTC()
	if y := t.Year(); y < 1 || y > 9999 {
		return ""
	}
	return Date(t.Format(time.DateOnly))
}

// weekday of a day number; 1970-01-01 was a Thursday.
func weekday(n int) time.Weekday {
	return time.Weekday(((n+4)%7 + 7) % 7)
}

// split gives the day number and the time since midnight of t in Zone.
func split(t time.Time) (int, time.Duration) {
	s := t.Unix() + offset
	day := s / daySecs
	rest := s % daySecs
	if rest < 0 {
		day--
		rest += daySecs
	}
	return int(day), time.Duration(rest)*time.Second + time.Duration(t.Nanosecond())
}

// join is the inverse of split.
func join(day int, since time.Duration) time.Time {
	return time.Unix(int64(day)*daySecs-offset, int64(since)).In(Zone)
}

// addMonths moves a day number by n months; a day the month lacks becomes its
// last day (31 Jan + 1 month = 28 or 29 Feb).
func addMonths(day, n int) int {
	t := time.Unix(int64(day)*daySecs, 0).UTC()
	first := time.Date(t.Year(), t.Month()+time.Month(n), 1, 0, 0, 0, 0, time.UTC)
	d := min(t.Day(), lastDay(first.Year(), first.Month()))
	return civil(first.Year(), first.Month(), d)
}

// normal strips the monotonic reading and moves t to Zone.
func normal(t time.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	return t.In(Zone).Round(0)
}

// clockTime reads "15:00" as time since midnight.
func clockTime(s string) (time.Duration, error) {
	if len(s) == 5 && s[2] == ':' {
		h, m := digits(s[:2]), digits(s[3:])
		if h >= 0 && h <= 23 && m >= 0 && m <= 59 {
			return time.Duration(h)*time.Hour + time.Duration(m)*time.Minute, nil
		}
	}
	return 0, fmt.Errorf("calendar: %q is not a time of day, want HH:MM", s)
}
