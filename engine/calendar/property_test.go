package calendar_test

import (
	"encoding/json"
	"testing"
	"time"

	"pgregory.net/rapid"

	"lienthong/engine/calendar"
)

var units = []calendar.Unit{calendar.Hour, calendar.WorkingHour, calendar.Day, calendar.WorkingDay, calendar.Month, calendar.SameWorkingDay}

func drawLimit(t *rapid.T) calendar.Limit {
	l := calendar.Limit{
		Unit:   rapid.SampledFrom(units).Draw(t, "unit"),
		Cutoff: rapid.SampledFrom([]string{"", "15:00", "07:30", "23:59", "00:00"}).Draw(t, "cutoff"),
	}
	if l.Unit != calendar.SameWorkingDay {
		l.N = rapid.IntRange(1, 40).Draw(t, "n")
	}
	return l
}

// drawTime gives an instant from 2024 to 2030, often on a telling minute.
func drawTime(t *rapid.T, label string) time.Time {
	day := calendar.Date("2024-01-01").AddDays(rapid.IntRange(0, 7*365).Draw(t, label+" day"))
	minute := rapid.OneOf(rapid.IntRange(0, 1439), rapid.SampledFrom([]int{0, 450, 690, 780, 899, 900, 901, 1020, 1021, 1439})).Draw(t, label+" minute")
	return day.At(0, minute)
}

func TestDueProperties(t *testing.T) {
	c := newest(t)
	rapid.Check(t, func(t *rapid.T) {
		l := drawLimit(t)
		a := drawTime(t, "a")
		b := a.Add(time.Duration(rapid.IntRange(0, 20*24*60).Draw(t, "gap")) * time.Minute)
		due := c.Due(a, l)
		if later := c.Due(b, l); later.Before(due) {
			t.Fatalf("%v: start %s is due %s, the later start %s already %s", l, a, due, b, later)
		}
		if due.Before(a) {
			t.Fatalf("%v: due %s before start %s", l, due, a)
		}
		if l.Unit != calendar.Hour && !c.WorkingDay(calendar.DateOf(due)) {
			t.Fatalf("%v: due %s is no working day", l, due)
		}
		if l.Unit != calendar.Hour && l.Unit != calendar.WorkingHour && due.Format("15:04:05") != "17:00:00" {
			t.Fatalf("%v: due at %s", l, due)
		}
		fires := c.After(a, l)
		if fires.Before(a) {
			t.Fatalf("%v: fires %s before %s", l, fires, a)
		}
		// Months keep the clock time, so 30 Dec 23:59 + 2 months is later on
		// 28 Feb than 31 Dec 00:00 + 2 months: the one exception.
		if l.Unit != calendar.Month && c.After(b, l).Before(fires) {
			t.Fatalf("%v: After is not monotone at %s, %s", l, a, b)
		}
		if warn := c.Before(due, l); warn.After(due) {
			t.Fatalf("%v: warning %s after due %s", l, warn, due)
		}
		if l.Unit == calendar.WorkingHour {
			if back := c.After(c.Before(due, l), l); !back.Equal(due) {
				t.Fatalf("%v: before and after %s gives %s", l, due, back)
			}
		}
		if l.Unit == calendar.WorkingDay && c.WorkingDay(calendar.DateOf(a)) && l.Cutoff == "" {
			if n := c.WorkingDaysBetween(a, due); n != l.N {
				t.Fatalf("%v: %d working days from %s to %s", l, n, a, due)
			}
		}
	})
}

func TestWorkingDaysBetweenProperties(t *testing.T) {
	c := newest(t)
	rapid.Check(t, func(t *rapid.T) {
		x, y, z := drawTime(t, "x"), drawTime(t, "y"), drawTime(t, "z")
		if c.WorkingDaysBetween(x, y)+c.WorkingDaysBetween(y, z) != c.WorkingDaysBetween(x, z) {
			t.Fatalf("not additive over %s, %s, %s", x, y, z)
		}
	})
}

func TestClockProperties(t *testing.T) {
	all := load(t)
	byID := map[string]*calendar.Calendar{}
	for _, c := range all {
		byID[c.ID] = c
	}
	rapid.Check(t, func(t *rapid.T) {
		c := rapid.SampledFrom(all).Draw(t, "calendar")
		now := drawTime(t, "start")
		k := c.Start(now, drawLimit(t))
		for range rapid.IntRange(0, 12).Draw(t, "steps") {
			now = now.Add(time.Duration(rapid.OneOf(rapid.IntRange(0, 600), rapid.IntRange(0, 20*24*60), rapid.Just(-90)).Draw(t, "wait")) * time.Minute)
			before := k
			frozen, _ := json.Marshal(before)
			action := rapid.SampledFrom([]string{"runs", "runs", "paused", "restarts", "none", "stop", "extend", "adopt"}).Draw(t, "action")
			switch action {
			case "stop":
				k = calendar.Stop(k, now)
			case "extend":
				k = k.Extend(now, now.Add(time.Duration(rapid.IntRange(-10, 200).Draw(t, "hours"))*time.Hour), "x")
			case "adopt":
				c = rapid.SampledFrom(all).Draw(t, "calendar")
				if k.HasStopped() { // ended clocks keep their calendar
					c = byID[k.Calendar]
				}
				k = c.Adopt(k, now)
			default:
				k = c.Enter(k, now, calendar.Mode(action))
			}
			if action != "adopt" && k.Due.Before(before.Due) {
				t.Fatalf("%s at %s brought the due time forward from %s to %s", action, now, before.Due, k.Due)
			}
			if again := c.Recompute(k); !again.Equal(k) {
				t.Fatalf("%s at %s: recomputed %s, stored %s\n%+v", action, now, again.Due, k.Due, k)
			}
			if !before.Due.Equal(k.Due) != (len(k.Moves) > len(before.Moves)) {
				t.Fatalf("%s: the due time and the record disagree: %+v", action, k)
			}
			if same, _ := json.Marshal(before); string(same) != string(frozen) {
				t.Fatalf("%s changed its argument", action)
			}
			raw, err := json.Marshal(k)
			var back calendar.Clock
			if err != nil || json.Unmarshal(raw, &back) != nil || !back.Equal(k) {
				t.Fatalf("%s: lost in JSON: %s", action, raw)
			}
		}
	})
}
