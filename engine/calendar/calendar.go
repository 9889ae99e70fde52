package calendar

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Spec is one version of the official calendar as written in a data file. A
// version is complete: it repeats every year it knows, and a later one
// replaces it whole.
type Spec struct {
	// ID names the version, e.g. "vn-2026-07-01". Required. Clocks record it.
	ID string `json:"id" yaml:"id"`
	// Announced is the day this version became known. Required.
	Announced Date `json:"announced" yaml:"announced"`
	// Basis lists the decisions behind it, e.g. "TB 9441/TB-BNV".
	Basis string `json:"basis,omitempty" yaml:"basis,omitempty"`
	// Weekend lists the weekly rest days by English name. Left out it is
	// Saturday and Sunday; an empty list means there are none.
	Weekend []string `json:"weekend,omitempty" yaml:"weekend,omitempty"`
	// Hours are the office hours of a working day, in order. Left out they are
	// 07:30–11:30 and 13:00–17:00. The last To is closing time.
	Hours []Hours `json:"hours,omitempty" yaml:"hours,omitempty"`
	// Cutoff, "15:00", is used by same-day limits that name none themselves
	// (NĐ 61/2018 art. 18(2),(3)). Left out it is closing time.
	Cutoff string `json:"cutoff,omitempty" yaml:"cutoff,omitempty"`
	// Days holds the exceptions, by year written with four digits.
	Days map[string]Year `json:"days" yaml:"days"`
}

// Hours is one stretch of office time, both ends "HH:MM".
type Hours struct {
	From string `json:"from" yaml:"from"`
	To   string `json:"to" yaml:"to"`
}

// Year holds what differs from the weekly rhythm in one year.
type Year struct {
	// Holidays are the days off besides weekly rest days.
	Holidays []Holiday `json:"holidays" yaml:"holidays"`
	// WorkingSaturdays are weekly rest days worked in exchange for another day.
	WorkingSaturdays []Date `json:"working_saturdays,omitempty" yaml:"working_saturdays,omitempty"`
	// Provisional marks a year computed from the law before it was announced.
	Provisional bool `json:"provisional,omitempty" yaml:"provisional,omitempty"`
}

// Holiday is one day off. Tag tells how sure the date is: "V" read in a
// source, "M" from memory, "I" inferred, "computed" from the law and the moon.
type Holiday struct {
	Date   Date   `json:"date" yaml:"date"`
	NameVI string `json:"name_vi" yaml:"name_vi"`
	NameEN string `json:"name_en" yaml:"name_en"`
	Tag    string `json:"tag,omitempty" yaml:"tag,omitempty"`
}

// Calendar is one checked version of the official calendar. It is immutable
// after New and safe to share; treat the exported fields as read-only.
type Calendar struct {
	ID        string
	Announced Date
	Basis     string

	announced map[int]bool // years whose days off are known for certain
	holidays  map[int]Holiday
	working   map[int]bool // exceptions by day number: true works, false is off
	weekend   [7]bool
	hours     []window
	cutoff    time.Duration // 0 = none
}

// window is a stretch of office time since midnight.
type window struct{ from, to time.Duration }

// New checks spec and builds the calendar. The error joins everything found:
// a missing id, a date that does not exist or stands under the wrong year, a
// day named twice, a working Saturday that is no weekly rest day or is also a
// holiday, office hours out of order, a cutoff outside them. A holiday on a
// weekly rest day is allowed and reported by Notes.
func New(spec Spec) (*Calendar, error) {
	c := &Calendar{
		ID: spec.ID, Announced: spec.Announced, Basis: spec.Basis,
		announced: map[int]bool{},
		holidays:  map[int]Holiday{},
		working:   map[int]bool{},
	}
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if spec.ID == "" {
		bad("id is missing")
	}
	if !spec.Announced.Valid() {
		bad("announced %q is not a date, want YYYY-MM-DD", spec.Announced)
	}
	if err := c.setWeek(spec); err != nil {
		errs = append(errs, err)
	}
	for _, key := range slices.Sorted(maps.Keys(spec.Days)) {
		y, err := strconv.Atoi(key)
		if err != nil || len(key) != 4 || y < 1 {
			bad("days: %q is not a year", key)
			continue
		}
		c.announced[y] = !spec.Days[key].Provisional
		errs = append(errs, c.setYear(y, spec.Days[key])...)
	}
	if len(errs) > 0 {
		return nil, fmt.Errorf("calendar %q: %w", spec.ID, errors.Join(errs...))
	}
	return c, nil
}

var weekdays = map[string]time.Weekday{
	"sunday": time.Sunday, "monday": time.Monday, "tuesday": time.Tuesday, "wednesday": time.Wednesday,
	"thursday": time.Thursday, "friday": time.Friday, "saturday": time.Saturday,
}

// setWeek fills weekend, hours and cutoff.
func (c *Calendar) setWeek(spec Spec) error {
	if spec.Weekend == nil {
		spec.Weekend = []string{"saturday", "sunday"}
	}
	for _, name := range spec.Weekend {
		d, ok := weekdays[strings.ToLower(name)]
		if !ok {
			return fmt.Errorf("weekend: %q is not a day of the week", name)
		}
		c.weekend[d] = true
	}
	if !slices.Contains(c.weekend[:], false) {
		return errors.New("weekend: no working day is left")
	}
	if len(spec.Hours) == 0 {
		spec.Hours = []Hours{{"07:30", "11:30"}, {"13:00", "17:00"}}
	}
	var last time.Duration
	for _, h := range spec.Hours {
		from, err := clockTime(h.From)
		if err != nil {
			return fmt.Errorf("hours: %w", err)
		}
		to, err := clockTime(h.To)
		if err != nil {
			return fmt.Errorf("hours: %w", err)
		}
		if from >= to || from < last {
			return fmt.Errorf("hours: %s-%s is empty or out of order", h.From, h.To)
		}
		last = to
		c.hours = append(c.hours, window{from, to})
	}
	if spec.Cutoff != "" {
		cut, err := clockTime(spec.Cutoff)
		if err != nil {
			return fmt.Errorf("cutoff: %w", err)
		}
		if cut <= c.hours[0].from || cut > c.closing() {
			return fmt.Errorf("cutoff: %s is outside office hours", spec.Cutoff)
		}
		c.cutoff = cut
	}
	return nil
}

// setYear adds one year's exceptions.
func (c *Calendar) setYear(y int, in Year) []error {
	var errs []error
	number := func(what string, d Date) (int, bool) {
		n, ok := d.number()
		switch {
		case !ok:
			errs = append(errs, fmt.Errorf("%s %q is not a date, want YYYY-MM-DD", what, d))
		case d.Year() != y:
			errs = append(errs, fmt.Errorf("%s %s stands under %04d", what, d, y))
			ok = false
		}
		return n, ok
	}
	for _, h := range in.Holidays {
		n, ok := number("holiday", h.Date)
		if !ok {
			continue
		}
		if _, twice := c.working[n]; twice {
			errs = append(errs, fmt.Errorf("holiday %s is named twice", h.Date))
			continue
		}
		c.working[n] = false
		c.holidays[n] = h
	}
	for _, d := range in.WorkingSaturdays {
		n, ok := number("working Saturday", d)
		if !ok {
			continue
		}
		works, twice := c.working[n]
		switch {
		case twice && works:
			errs = append(errs, fmt.Errorf("working Saturday %s is named twice", d))
		case twice:
			errs = append(errs, fmt.Errorf("working Saturday %s is also a holiday", d))
		case !c.weekend[weekday(n)]:
			errs = append(errs, fmt.Errorf("working Saturday %s is a %s, not a weekly rest day", d, weekday(n)))
		default:
			c.working[n] = true
		}
	}
	return errs
}

// Holiday returns the holiday on d, if there is one.
func (c *Calendar) Holiday(d Date) (Holiday, bool) {
	n, ok := d.number()
	if !ok {
		return Holiday{}, false
	}
	h, ok := c.holidays[n]
	return h, ok
}

// Provisional reports whether the days off of the year of an instant are not
// announced yet: a due time there may still move.
func (c *Calendar) Provisional(at time.Time) bool { return !c.announced[at.In(Zone).Year()] }

// WorkingDay reports whether offices count d as a working day: no weekly rest
// day and no holiday, or a swapped Saturday. False when d is not valid.
func (c *Calendar) WorkingDay(d Date) bool {
	n, ok := d.number()
	return ok && c.works(n)
}

// NextWorkingDay returns the first working day strictly after d; "" when d is
// not valid.
func (c *Calendar) NextWorkingDay(d Date) Date {
	n, ok := d.number()
	if !ok {
		return ""
	}
	return dateOf(c.step(n, 1))
}

// Newest returns the version announced last on or before day, or nil. Of two
// announced the same day the greater ID wins. Nil entries are passed over.
func Newest(versions []*Calendar, day Date) *Calendar {
	var best *Calendar
	for _, c := range versions {
		if c == nil || c.Announced > day {
			continue
		}
		if best == nil || c.Announced > best.Announced || c.Announced == best.Announced && c.ID > best.ID {
			best = c
		}
	}
	return best
}

func (c *Calendar) works(n int) bool {
	if works, ok := c.working[n]; ok {
		return works
	}
	return !c.weekend[weekday(n)]
}

// step moves n working days from day: after it when n > 0, before it when
// n < 0. It ends because exceptions are finite and some weekday works.
func (c *Calendar) step(day, n int) int {
	dir := 1
	if n < 0 {
		dir, n = -1, -n
	}
	for n > 0 {
		day += dir
		if c.works(day) {
			n--
		}
	}
	return day
}

// onOrAfter returns day itself when it is a working day, else the next one.
func (c *Calendar) onOrAfter(day int) int {
	if c.works(day) {
		return day
	}
	return c.step(day, 1)
}

func (c *Calendar) opening() time.Duration { return c.hours[0].from }
func (c *Calendar) closing() time.Duration { return c.hours[len(c.hours)-1].to }
