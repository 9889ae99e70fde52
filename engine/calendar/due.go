package calendar

import "time"

// Due returns the instant by which a procedure limit l that started at start
// must be met, following NĐ 61/2018 art. 18 and the rules in the package
// comment: 17:00 for all units but hours. A due instant itself is still on
// time. An invalid or zero limit has no due time: the zero time is returned.
func (c *Calendar) Due(start time.Time, l Limit) time.Time {
	return c.resolve(c.aim(start, l))
}

// target is a due time before it is moved off rest days. Hour units use exact,
// the others day and clock.
type target struct {
	exact time.Time
	day   int
	clock time.Duration
	roll  bool // move day to a working day
}

func (l Limit) exact() bool { return l.Unit == Hour || l.Unit == WorkingHour }

// aim computes the target of l from start; the zero target for a bad limit.
func (c *Calendar) aim(start time.Time, l Limit) target {
	if start.IsZero() || l.Validate() != nil {
		return target{}
	}
	switch l.Unit {
	case Hour:
		return target{exact: normal(start).Add(time.Duration(l.N) * time.Hour)}
	case WorkingHour:
		return target{exact: c.addWorking(start, time.Duration(l.N)*time.Hour)}
	}
	x := target{day: c.receipt(start, l), clock: c.closing()}
	switch l.Unit {
	case WorkingDay:
		x.day = c.step(x.day, l.N)
	case Day:
		x.day, x.roll = x.day+l.N, true
	case Month:
		x.day, x.roll = addMonths(x.day, l.N), true
	}
	return x
}

func (c *Calendar) resolve(x target) time.Time {
	switch {
	case x == target{}:
		return time.Time{}
	case !x.exact.IsZero():
		return x.exact
	case x.roll:
		return join(c.onOrAfter(x.day), x.clock)
	}
	return join(x.day, x.clock)
}

// receipt returns the day that counts as the day of receipt for l.
func (c *Calendar) receipt(start time.Time, l Limit) int {
	day, since := split(start)
	var cut time.Duration
	if l.Cutoff != "" {
		cut, _ = clockTime(l.Cutoff) // Validate has checked it
	}
	if l.Unit == SameWorkingDay {
		if l.Cutoff == "" {
			cut = c.cutoff
		}
		if cut == 0 || cut > c.closing() {
			cut = c.closing()
		}
	}
	if cut > 0 && since >= cut {
		return c.step(day, 1)
	}
	if cut > 0 || l.Unit == WorkingDay {
		return c.onOrAfter(day)
	}
	return day
}

// After returns the instant at which a timer "after l" started at start fires.
// Unlike Due it takes no account of receipt and cutoff rules: hours and days
// are exact (24 h each), months keep the clock time and clamp to the month's
// end, working hours count office time, working days end at 17:00 of the n-th
// working day following the day of start, and "same working day" is 17:00 of
// that day, or of the next working day when that has passed or is a rest day.
// After is monotone in start, except that starts clamped to the same month's end
// keep the order of their clock times. An invalid limit gives the zero time.
func (c *Calendar) After(start time.Time, l Limit) time.Time {
	if start.IsZero() || l.Validate() != nil {
		return time.Time{}
	}
	day, since := split(start)
	n := time.Duration(l.N)
	switch l.Unit {
	case Hour:
		return normal(start).Add(n * time.Hour)
	case Day:
		return normal(start).Add(n * 24 * time.Hour)
	case WorkingHour:
		return c.addWorking(start, n*time.Hour)
	case Month:
		return join(addMonths(day, l.N), since)
	case WorkingDay:
		return join(c.step(day, l.N), c.closing())
	}
	if since >= c.closing() {
		day++
	}
	return join(c.onOrAfter(day), c.closing())
}

// Before returns the instant l before due, for warnings: hours, days and
// months exact, working hours in office time, working days at the same clock
// time n working days earlier, "same working day" at opening time of the last
// working day not after due. An invalid limit or a zero due gives the zero time.
func (c *Calendar) Before(due time.Time, l Limit) time.Time {
	if due.IsZero() || l.Validate() != nil {
		return time.Time{}
	}
	day, since := split(due)
	n := time.Duration(l.N)
	switch l.Unit {
	case Hour:
		return normal(due).Add(-n * time.Hour)
	case Day:
		return normal(due).Add(-n * 24 * time.Hour)
	case WorkingHour:
		return c.subWorking(due, n*time.Hour)
	case Month:
		return join(addMonths(day, -l.N), since)
	case WorkingDay:
		return join(c.step(day, -l.N), since)
	}
	if since < c.opening() || !c.works(day) {
		day = c.step(day, -1)
	}
	return join(day, c.opening())
}

// WorkingDaysBetween counts the working days after the day of a, up to and
// including the day of b: 0 on the same day, 3 from Fri 24 Apr to Mon 4 May
// 2026. When b is before a it is the negative count from b to a.
func (c *Calendar) WorkingDaysBetween(a, b time.Time) int {
	from, _ := split(a)
	to, _ := split(b)
	sign := 1
	if from > to {
		from, to, sign = to, from, -1
	}
	n := 0
	for day := from + 1; day <= to; day++ {
		if c.works(day) {
			n++
		}
	}
	return sign * n
}

// addWorking returns the earliest instant by which d of office time has passed
// since t; t itself when d is not positive.
func (c *Calendar) addWorking(t time.Time, d time.Duration) time.Time {
	if d <= 0 {
		return normal(t)
	}
	day, since := split(t)
	for {
		if c.works(day) {
			for _, w := range c.hours {
				from := max(w.from, since)
				if room := w.to - from; room >= d {
					return join(day, from+d)
				} else if room > 0 {
					d -= room
				}
			}
		}
		day, since = day+1, 0
	}
}

// subWorking returns the latest instant from which d of office time passes
// until t; t itself when d is not positive.
func (c *Calendar) subWorking(t time.Time, d time.Duration) time.Time {
	if d <= 0 {
		return normal(t)
	}
	day, since := split(t)
	for {
		if c.works(day) {
			for i := len(c.hours) - 1; i >= 0; i-- {
				to := min(c.hours[i].to, since)
				if room := to - c.hours[i].from; room >= d {
					return join(day, to-d)
				} else if room > 0 {
					d -= room
				}
			}
		}
		day, since = day-1, 24*time.Hour
	}
}

// workingTime returns the office time between a and b, 0 when b is not after a.
func (c *Calendar) workingTime(a, b time.Time) time.Duration {
	var sum time.Duration
	first, start := split(a)
	last, end := split(b)
	for day := first; day <= last; day++ {
		if !c.works(day) {
			continue
		}
		from, to := time.Duration(0), 24*time.Hour
		if day == first {
			from = start
		}
		if day == last {
			to = end
		}
		for _, w := range c.hours {
			sum += max(0, min(w.to, to)-max(w.from, from))
		}
	}
	return sum
}
