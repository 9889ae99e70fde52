package calendar_test

import (
	"encoding/json"
	"strings"
	"testing"

	"lienthong/engine/calendar"
)

func TestParseLimit(t *testing.T) {
	for _, tt := range []struct {
		in   string
		want calendar.Limit
		text string
	}{
		{"3 working days", calendar.Limit{N: 3, Unit: calendar.WorkingDay}, "3 working days"},
		{"1 working day", calendar.Limit{N: 1, Unit: calendar.WorkingDay}, "1 working day"},
		{"7 days", calendar.Limit{N: 7, Unit: calendar.Day}, "7 days"},
		{"1 day", calendar.Limit{N: 1, Unit: calendar.Day}, "1 day"},
		{"2 hours", calendar.Limit{N: 2, Unit: calendar.Hour}, "2 hours"},
		{"8 working hours", calendar.Limit{N: 8, Unit: calendar.WorkingHour}, "8 working hours"},
		{"2 months", calendar.Limit{N: 2, Unit: calendar.Month}, "2 months"},
		{"same working day", calendar.Limit{Unit: calendar.SameWorkingDay}, "same working day"},
		{"  Same\tWorking  Day , cutoff 15:00", calendar.Limit{}, ""},
		{"  Same\tWorking  Day, cutoff 15:00", calendar.Limit{Unit: calendar.SameWorkingDay, Cutoff: "15:00"}, "same working day, cutoff 15:00"},
		{"1 WORKING days", calendar.Limit{N: 1, Unit: calendar.WorkingDay}, "1 working day"},
		{"007 days", calendar.Limit{N: 7, Unit: calendar.Day}, "7 days"},
		{"10000 days", calendar.Limit{N: 10000, Unit: calendar.Day}, "10000 days"},
	} {
		got, err := calendar.ParseLimit(tt.in)
		if tt.text == "" {
			if err == nil {
				t.Errorf("ParseLimit(%q) = %+v, want an error", tt.in, got)
			}
			continue
		}
		if err != nil || got != tt.want || got.String() != tt.text || got.Validate() != nil {
			t.Errorf("ParseLimit(%q) = %+v %q, %v", tt.in, got, got, err)
		}
	}
	for _, s := range []string{"", "days", "3", "three days", "0 days", "-1 days", "+1 days", "1.5 days", "10001 days", "999999 days", "3 weeks", "3working days", "same day", "3 same working day", "3 days, cutoff 25:00", "3 days, cutoff", "٣ days"} {
		_, err := calendar.ParseLimit(s)
		if err == nil || !strings.HasPrefix(err.Error(), "calendar: limit ") {
			t.Errorf("ParseLimit(%q): error %v", s, err)
		}
	}
	if s := (calendar.Limit{}).String(); s != "" || !(calendar.Limit{}).IsZero() || (calendar.Limit{}).Validate() == nil {
		t.Errorf("zero limit %q", s)
	}
	if raw, _ := json.Marshal(limit(t, "3 working days")); string(raw) != `{"n":3,"unit":"working_day"}` {
		t.Errorf("JSON %s", raw)
	}
}

func FuzzParseLimit(f *testing.F) {
	for _, s := range []string{"3 working days", "same working day, cutoff 15:00", "8 working hours", "2 months", "x", ", cutoff ", "1 day, cutoff 07:30, cutoff 08:00"} {
		f.Add(s)
	}
	c := newest(f)
	start := at(f, "2026-04-24 14:59")
	f.Fuzz(func(t *testing.T, s string) {
		l, err := calendar.ParseLimit(s)
		if err != nil {
			if l != (calendar.Limit{}) {
				t.Errorf("%q: error with a limit %+v", s, l)
			}
			return
		}
		if err := l.Validate(); err != nil {
			t.Errorf("%q parsed to an invalid limit: %v", s, err)
		}
		again, err := calendar.ParseLimit(l.String())
		if err != nil || again != l {
			t.Errorf("%q → %q → %+v, %v", s, l, again, err)
		}
		if due := c.Due(start, l); due.Before(start) {
			t.Errorf("%q is due before it starts: %s", s, due)
		}
	})
}
