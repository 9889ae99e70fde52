package calendar_test

import (
	"testing"
	"time"

	"lienthong/engine/calendar"
)

func TestDue(t *testing.T) {
	c := newest(t)
	for _, tt := range []struct{ name, limit, start, want string }{
		// linked-birth vectors
		{"before the cutoff", "same working day, cutoff 15:00", "2026-04-24 14:59", "2026-04-24 17:00"},
		{"after it, over Hùng Kings", "same working day, cutoff 15:00", "2026-04-24 15:01", "2026-04-28 17:00"},
		{"after it, over Tết 2026", "same working day, cutoff 15:00", "2026-02-13 15:30", "2026-02-23 17:00"},
		{"card after birth certificate", "2 working days", "2026-04-24 16:00", "2026-04-29 17:00"},
		// the cutoff, sharp
		{"a second before", "same working day, cutoff 15:00", "2026-04-22 14:59:59", "2026-04-22 17:00"},
		{"sharp", "same working day, cutoff 15:00", "2026-04-22 15:00", "2026-04-23 17:00"},
		{"15:01", "same working day, cutoff 15:00", "2026-04-22 15:01", "2026-04-23 17:00"},
		{"the calendar's cutoff", "same working day", "2026-04-22 15:00", "2026-04-23 17:00"},
		{"another cutoff", "same working day, cutoff 16:30", "2026-04-22 16:29", "2026-04-22 17:00"},
		{"a cutoff after closing", "same working day, cutoff 20:00", "2026-04-22 17:00", "2026-04-23 17:00"},
		{"before opening", "same working day, cutoff 15:00", "2026-04-22 00:00", "2026-04-22 17:00"},
		{"on Saturday", "same working day, cutoff 15:00", "2026-04-18 09:00", "2026-04-20 17:00"},
		{"on Saturday afternoon", "same working day, cutoff 15:00", "2026-04-18 16:00", "2026-04-20 17:00"},
		// Tết 2027 (computed): off 4-10 Feb
		{"Tết 2027", "same working day, cutoff 15:00", "2027-02-03 15:30", "2027-02-11 17:00"},
		{"Tết 2027, days", "3 working days", "2027-02-02 09:00", "2027-02-12 17:00"},
		// swaps
		{"Friday to swapped Saturday", "same working day, cutoff 15:00", "2026-08-21 15:30", "2026-08-22 17:00"},
		{"on the swapped Saturday", "same working day, cutoff 15:00", "2026-08-22 10:00", "2026-08-22 17:00"},
		{"over National Day", "1 working day", "2026-08-28 10:00", "2026-09-03 17:00"},
		{"2024 swap", "1 working day", "2024-05-03 10:00", "2024-05-04 17:00"},
		{"Culture Day", "1 working day", "2026-11-23 10:00", "2026-11-25 17:00"},
		// working days
		{"first day not counted", "1 working day", "2026-04-20 00:00", "2026-04-21 17:00"},
		{"received on Saturday", "1 working day", "2026-04-18 09:00", "2026-04-21 17:00"},
		{"with a cutoff, before", "3 working days, cutoff 15:00", "2026-04-20 14:59", "2026-04-23 17:00"},
		{"with a cutoff, after", "3 working days, cutoff 15:00", "2026-04-20 15:00", "2026-04-24 17:00"},
		{"without a cutoff, at night", "3 working days", "2026-04-20 23:59", "2026-04-23 17:00"},
		// plain days and months
		{"plain days", "10 days", "2026-04-06 09:00", "2026-04-16 17:00"},
		{"end on Saturday", "5 days", "2026-04-06 09:00", "2026-04-13 17:00"},
		{"end on a holiday", "7 days", "2026-04-23 09:00", "2026-05-04 17:00"},
		{"end in Tết", "7 days", "2026-02-10 09:00", "2026-02-23 17:00"},
		{"days with a cutoff", "10 days, cutoff 15:00", "2026-04-10 15:00", "2026-04-23 17:00"},
		{"a month", "1 month", "2026-06-15 09:00", "2026-07-15 17:00"},
		{"month end", "1 month", "2025-01-31 09:00", "2025-02-28 17:00"},
		{"leap month end", "1 month", "2024-01-31 09:00", "2024-02-29 17:00"},
		{"30 to 28, Saturday", "1 month", "2026-01-30 09:00", "2026-03-02 17:00"},
		{"over the year", "3 months", "2025-11-30 09:00", "2026-03-02 17:00"},
		{"a year of months", "12 months", "2024-02-29 09:00", "2025-02-28 17:00"},
		// hours
		{"hours are exact", "2 hours", "2026-04-24 16:30", "2026-04-24 18:30"},
		{"hours over a rest day", "30 hours", "2026-04-24 16:30", "2026-04-25 22:30"},
		{"working hours in the morning", "2 working hours", "2026-04-20 08:00", "2026-04-20 10:00"},
		{"over lunch", "2 working hours", "2026-04-20 10:30", "2026-04-20 14:00"},
		{"at lunch", "1 working hour", "2026-04-20 12:00", "2026-04-20 14:00"},
		{"to the bell", "4 working hours", "2026-04-20 07:30", "2026-04-20 11:30"},
		{"a whole day", "8 working hours", "2026-04-20 07:30", "2026-04-20 17:00"},
		{"over night", "8 working hours", "2026-04-20 16:00", "2026-04-21 16:00"},
		{"at night", "8 working hours", "2026-04-20 22:00", "2026-04-21 17:00"},
		{"over Tết", "2 working hours", "2026-02-13 16:00", "2026-02-23 08:30"},
		{"on the swapped Saturday", "1 working hour", "2026-08-21 16:30", "2026-08-22 08:00"},
	} {
		got := c.Due(at(t, tt.start), limit(t, tt.limit))
		wantTime(t, tt.name+": Due("+tt.start+", "+tt.limit+")", got, at(t, tt.want))
	}
}

func TestDueInAnyZone(t *testing.T) {
	c := newest(t)
	start := time.Date(2026, 4, 24, 7, 59, 0, 0, time.UTC) // 14:59 in Vietnam
	got := c.Due(start, limit(t, "same working day, cutoff 15:00"))
	if got.Format(time.RFC3339) != "2026-04-24T17:00:00+07:00" {
		t.Errorf("Due = %s", got.Format(time.RFC3339))
	}
}

func TestSameDayWithoutAnyCutoffEndsAtClosing(t *testing.T) {
	c, err := calendar.New(calendar.Spec{ID: "x", Announced: "2026-01-01"})
	if err != nil {
		t.Fatal(err)
	}
	l := limit(t, "same working day")
	wantTime(t, "16:59", c.Due(at(t, "2026-04-22 16:59"), l), at(t, "2026-04-22 17:00"))
	wantTime(t, "17:00", c.Due(at(t, "2026-04-22 17:00"), l), at(t, "2026-04-23 17:00"))
}

func TestNoLimitNeverFallsDue(t *testing.T) {
	c := newest(t)
	now := at(t, "2026-04-22 09:00")
	for _, l := range []calendar.Limit{{}, {N: 3}, {N: -1, Unit: calendar.Day}, {N: 1 << 40, Unit: calendar.WorkingDay}, {N: 1, Unit: "week"}, {Unit: calendar.SameWorkingDay, Cutoff: "3pm"}} {
		if !c.Due(now, l).IsZero() || !c.After(now, l).IsZero() || !c.Before(now, l).IsZero() {
			t.Errorf("%+v has a due time", l)
		}
	}
	k := c.Start(now, calendar.Limit{})
	k = c.Enter(c.Enter(k, now.Add(time.Hour), calendar.Paused), now.Add(2*time.Hour), calendar.Runs)
	if !k.Due.IsZero() || k.Overdue(now.AddDate(1, 0, 0)) || len(k.Moves) > 0 || len(k.Spans) != 1 {
		t.Errorf("clock without limit: %+v", k)
	}
	if k = k.Extend(now.Add(3*time.Hour), now.Add(9*time.Hour), "x"); len(k.Moves) > 0 {
		t.Error("extended a clock without due time")
	}
}

func TestAfter(t *testing.T) {
	c := newest(t)
	for _, tt := range []struct{ limit, start, want string }{
		{"1 day", "2026-04-24 14:37", "2026-04-25 14:37"},
		{"7 days", "2026-02-13 09:00", "2026-02-20 09:00"},
		{"36 hours", "2026-04-24 14:37", "2026-04-26 02:37"},
		{"7 working days", "2026-04-24 14:37", "2026-05-08 17:00"}, // 28, 29 Apr, 4–8 May
		{"1 working day", "2026-04-18 09:00", "2026-04-20 17:00"},  // from a Saturday: Monday
		{"3 working days", "2026-04-20 23:00", "2026-04-23 17:00"},
		{"1 month", "2026-01-31 08:15", "2026-02-28 08:15"},
		{"2 months", "2026-06-30 08:15", "2026-08-30 08:15"},
		{"8 working hours", "2026-04-24 16:00", "2026-04-28 16:00"},
		{"same working day", "2026-04-24 16:00", "2026-04-24 17:00"},
		{"same working day", "2026-04-24 17:00", "2026-04-28 17:00"},
	} {
		got := c.After(at(t, tt.start), limit(t, tt.limit))
		wantTime(t, "After("+tt.start+", "+tt.limit+")", got, at(t, tt.want))
	}
}

func TestBefore(t *testing.T) {
	c := newest(t)
	for _, tt := range []struct{ limit, due, want string }{
		{"2 hours", "2026-04-24 17:00", "2026-04-24 15:00"},
		{"1 day", "2026-04-28 17:00", "2026-04-27 17:00"},
		{"1 working day", "2026-04-28 17:00", "2026-04-24 17:00"},
		{"2 working days", "2026-05-04 17:00", "2026-04-28 17:00"},
		{"1 month", "2026-03-31 17:00", "2026-02-28 17:00"},
		{"2 working hours", "2026-04-28 17:00", "2026-04-28 15:00"},
		{"4 working hours", "2026-04-28 17:00", "2026-04-28 13:00"},
		{"5 working hours", "2026-04-28 17:00", "2026-04-28 10:30"},
		{"10 working hours", "2026-04-28 17:00", "2026-04-24 15:00"},
		{"same working day", "2026-04-28 17:00", "2026-04-28 07:30"},
		{"same working day", "2026-04-28 06:00", "2026-04-24 07:30"},
	} {
		got := c.Before(at(t, tt.due), limit(t, tt.limit))
		wantTime(t, "Before("+tt.due+", "+tt.limit+")", got, at(t, tt.want))
	}
}

func TestWorkingDaysBetween(t *testing.T) {
	c := newest(t)
	for _, tt := range []struct {
		a, b string
		want int
	}{
		{"2026-04-24 09:00", "2026-05-04 16:00", 3}, // 28, 29 Apr, 4 May
		{"2026-04-24 09:00", "2026-04-24 16:00", 0},
		{"2026-04-24 23:59", "2026-04-25 00:01", 0},
		{"2026-04-28 23:59", "2026-04-29 00:01", 1},
		{"2026-05-04 09:00", "2026-04-24 09:00", -3},
		{"2026-08-21 09:00", "2026-08-24 09:00", 2}, // swapped Saturday
		{"2026-02-13 09:00", "2026-02-23 09:00", 1},
	} {
		if got := c.WorkingDaysBetween(at(t, tt.a), at(t, tt.b)); got != tt.want {
			t.Errorf("WorkingDaysBetween(%s, %s) = %d, want %d", tt.a, tt.b, got, tt.want)
		}
	}
}
