package calendar_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"lienthong/engine/calendar"
)

func TestDate(t *testing.T) {
	for _, s := range []string{"", "2026-4-27", "2026-02-29", "2026-13-01", "2026-00-10", "2026-01-00", "0000-01-01", "2026/01/01", "2026-01-01T", "٢٠26-01-01", "+026-01-01"} {
		if _, err := calendar.ParseDate(s); err == nil {
			t.Errorf("ParseDate(%q) accepted", s)
		}
		d := calendar.Date(s)
		if d.Valid() || d.AddDays(1) != "" || !d.At(8, 0).IsZero() || d.Weekday() != time.Sunday || d.Year() != 0 {
			t.Errorf("methods on the invalid date %q give values", s)
		}
	}
	d, err := calendar.ParseDate("2024-02-29")
	if err != nil || d.AddDays(1) != "2024-03-01" || d.AddDays(-60) != "2023-12-31" || d.Weekday() != time.Thursday || d.Year() != 2024 {
		t.Errorf("leap day: %v %v %v %v", err, d.AddDays(1), d.AddDays(-60), d.Weekday())
	}
	if got := calendar.Date("9999-12-31").AddDays(1); got != "" {
		t.Errorf("year 10000 = %q", got)
	}
	// 17:00 UTC is midnight in Vietnam.
	utc := time.Date(2026, 4, 26, 17, 0, 0, 0, time.UTC)
	if got := calendar.DateOf(utc); got != "2026-04-27" {
		t.Errorf("DateOf(%s) = %s", utc, got)
	}
	if got := calendar.DateOf(utc.Add(-1)); got != "2026-04-26" {
		t.Errorf("DateOf just before = %s", got)
	}
	if got := calendar.DateOf(time.Date(1955, 3, 1, 12, 0, 0, 0, calendar.Zone)); got != "1955-03-01" {
		t.Errorf("before 1970: %s", got)
	}
	if got := calendar.Date("2026-04-27").At(17, 30).Format(time.RFC3339); got != "2026-04-27T17:30:00+07:00" {
		t.Errorf("At = %s", got)
	}
}

func TestNewRefuses(t *testing.T) {
	day := func(d calendar.Date) calendar.Holiday { return calendar.Holiday{Date: d, NameEN: "x"} }
	year := func(y calendar.Year) calendar.Spec {
		return calendar.Spec{ID: "x", Announced: "2026-01-01", Days: map[string]calendar.Year{"2026": y}}
	}
	for name, tt := range map[string]struct {
		spec calendar.Spec
		want string
	}{
		"no id":              {calendar.Spec{Announced: "2026-01-01"}, "id is missing"},
		"announced":          {calendar.Spec{ID: "x", Announced: "1 Jan"}, `announced "1 Jan" is not a date`},
		"year":               {calendar.Spec{ID: "x", Announced: "2026-01-01", Days: map[string]calendar.Year{"26": {}}}, `"26" is not a year`},
		"bad date":           {year(calendar.Year{Holidays: []calendar.Holiday{day("2026-02-30")}}), `"2026-02-30" is not a date`},
		"wrong year":         {year(calendar.Year{Holidays: []calendar.Holiday{day("2025-09-02")}}), "stands under 2026"},
		"twice":              {year(calendar.Year{Holidays: []calendar.Holiday{day("2026-09-02"), day("2026-09-02")}}), "named twice"},
		"saturday twice":     {year(calendar.Year{WorkingSaturdays: []calendar.Date{"2026-08-22", "2026-08-22"}}), "named twice"},
		"saturday on monday": {year(calendar.Year{WorkingSaturdays: []calendar.Date{"2026-08-24"}}), "is a Monday"},
		"saturday off":       {year(calendar.Year{Holidays: []calendar.Holiday{day("2026-08-22")}, WorkingSaturdays: []calendar.Date{"2026-08-22"}}), "also a holiday"},
		"weekend name":       {calendar.Spec{ID: "x", Announced: "2026-01-01", Weekend: []string{"funday"}}, "not a day of the week"},
		"no working day":     {calendar.Spec{ID: "x", Announced: "2026-01-01", Weekend: []string{"monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"}}, "no working day"},
		"hours":              {calendar.Spec{ID: "x", Announced: "2026-01-01", Hours: []calendar.Hours{{From: "7h", To: "11:30"}}}, `"7h" is not a time of day`},
		"hours order":        {calendar.Spec{ID: "x", Announced: "2026-01-01", Hours: []calendar.Hours{{From: "13:00", To: "17:00"}, {From: "07:30", To: "11:30"}}}, "out of order"},
		"cutoff":             {calendar.Spec{ID: "x", Announced: "2026-01-01", Cutoff: "18:00"}, "outside office hours"},
	} {
		if _, err := calendar.New(tt.spec); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: error %v, want one with %q", name, err, tt.want)
		}
	}
	// A holiday on a rest day is allowed.
	if c, err := calendar.New(year(calendar.Year{Holidays: []calendar.Holiday{day("2026-08-22")}})); err != nil || c.WorkingDay("2026-08-22") {
		t.Errorf("a holiday on a Saturday: %v", err)
	}
}

func TestNewestVersionHoldsTheOfficialDays(t *testing.T) {
	c := newest(t)
	want := map[string][2]string{ // holidays, working Saturdays
		"2024": {"01-01 02-08 02-09 02-12 02-13 02-14 04-18 04-29 04-30 05-01 09-02 09-03", "05-04"},
		"2025": {"01-01 01-27 01-28 01-29 01-30 01-31 04-07 04-30 05-01 05-02 09-01 09-02", "04-26"},
		"2026": {"01-01 01-02 02-16 02-17 02-18 02-19 02-20 04-27 04-30 05-01 08-31 09-01 09-02 11-24", "01-10 08-22"},
		"2027": {"01-01 02-04 02-05 02-08 02-09 02-10 04-16 04-30 05-03 09-02 09-03 11-24", ""},
		"2028": {"01-03 01-24 01-25 01-26 01-27 01-28 04-04 05-01 05-02 09-01 09-04 11-24", ""},
	}
	for d := calendar.Date("2024-01-01"); d < "2029-01-01"; d = d.AddDays(1) {
		days := want[string(d[:4])]
		off, works := strings.Contains(days[0], string(d[5:])), strings.Contains(days[1], string(d[5:]))
		weekend := d.Weekday() == time.Saturday || d.Weekday() == time.Sunday
		if got, want := c.WorkingDay(d), works || !weekend && !off; got != want {
			t.Errorf("WorkingDay(%s %s) = %v, want %v", d, d.Weekday(), got, want)
		}
		h, ok := c.Holiday(d)
		if ok != off {
			t.Errorf("Holiday(%s) = %v", d, ok)
		}
		if ok && (h.NameVI == "" || h.NameEN == "" || h.Tag == "") {
			t.Errorf("%s lacks a name or tag: %+v", d, h)
		}
	}
	if h, _ := c.Holiday("2025-05-02"); h.Tag != "M" {
		t.Errorf("2 May 2025 rests on memory, tag %q", h.Tag)
	}
}

func TestVersionsSupersede(t *testing.T) {
	all := load(t)
	for i, c := range all[1:] {
		if c.Announced <= all[i].Announced {
			t.Errorf("%s is not announced after %s", c.ID, all[i].ID)
		}
	}
	for _, tt := range []struct {
		day  calendar.Date
		want string
	}{
		{"2024-01-01", ""}, {"2024-04-12", "vn-2024-04-12"}, {"2025-12-24", "vn-2025-10-17"},
		{"2025-12-25", "vn-2025-12-25"}, {"2026-06-30", "vn-2025-12-25"}, {"2026-07-01", "vn-2026-07-01"}, {"2030-01-01", "vn-2026-07-01"},
	} {
		got := calendar.Newest(append(all, nil), tt.day)
		if (got == nil) != (tt.want == "") || got != nil && got.ID != tt.want {
			t.Errorf("Newest(%s) = %v, want %q", tt.day, got, tt.want)
		}
	}
	for _, tt := range []struct {
		id    string
		day   calendar.Date
		works bool
	}{
		{"vn-2025-10-17", "2026-01-02", true}, {"vn-2025-12-25", "2026-01-02", false},
		{"vn-2025-10-17", "2026-01-10", false}, {"vn-2025-12-25", "2026-01-10", true},
		{"vn-2025-10-17", "2026-08-31", false}, {"vn-2024-11-26", "2026-08-31", true},
		{"vn-2025-12-25", "2026-11-24", true}, {"vn-2026-07-01", "2026-11-24", false},
	} {
		if got := version(t, tt.id).WorkingDay(tt.day); got != tt.works {
			t.Errorf("%s: WorkingDay(%s) = %v", tt.id, tt.day, got)
		}
	}
}

func TestNextAndPreviousWorkingDay(t *testing.T) {
	c := newest(t)
	for _, tt := range [][3]calendar.Date{ // day, next, previous
		{"2026-04-24", "2026-04-28", "2026-04-23"},
		{"2026-04-27", "2026-04-28", "2026-04-24"},
		{"2026-02-13", "2026-02-23", "2026-02-12"},
		{"2026-08-21", "2026-08-22", "2026-08-20"}, // Fri → swapped Sat
		{"2026-08-24", "2026-08-25", "2026-08-22"},
		{"2026-08-28", "2026-09-03", "2026-08-27"},
		{"", "", ""},
	} {
		if n, p := c.NextWorkingDay(tt[0]), c.PreviousWorkingDay(tt[0]); n != tt[1] || p != tt[2] {
			t.Errorf("around %s: next %s, previous %s, want %s, %s", tt[0], n, p, tt[1], tt[2])
		}
	}
}

// A year is certain when its days off were announced; what is computed, or not named
// at all, is not. The year is Vietnam's.
func TestProvisionalYears(t *testing.T) {
	c := newest(t)
	for at, want := range map[string]bool{"2026-12-31T16:59:59Z": false, "2026-12-31T17:00:00Z": true, "2028-06-01T00:00:00Z": true, "2031-06-01T00:00:00Z": true, "2024-06-01T00:00:00Z": false} {
		when, err := time.Parse(time.RFC3339, at)
		if err != nil {
			t.Fatal(err)
		}
		if got := c.Provisional(when); got != want {
			t.Errorf("%s: provisional %v", at, got)
		}
	}
}

func TestCalendarDoesNotShareItsData(t *testing.T) {
	spec := calendar.Spec{ID: "x", Announced: "2026-01-01", Days: map[string]calendar.Year{
		"2026": {Holidays: []calendar.Holiday{{Date: "2026-09-02", NameEN: "a"}}},
	}}
	c, err := calendar.New(spec)
	if err != nil {
		t.Fatal(err)
	}
	spec.Days["2026"].Holidays[0].NameEN = "b"
	if h, _ := c.Holiday("2026-09-02"); h.NameEN != "a" {
		t.Errorf("changed from outside: %v", h)
	}
}

func TestSpecTagsAgree(t *testing.T) {
	// What is written in YAML for people is read as JSON too.
	var spec calendar.Spec
	if err := json.Unmarshal([]byte(`{"id": "x", "announced": "2026-01-01", "days": {"2026": {
		"holidays": [{"date": "2026-08-31", "name_vi": "b", "name_en": "a", "tag": "V"}], "working_saturdays": ["2026-08-22"]}}}`), &spec); err != nil {
		t.Fatal(err)
	}
	c, err := calendar.New(spec)
	if err != nil || !c.WorkingDay("2026-08-22") || c.WorkingDay("2026-08-31") {
		t.Errorf("through JSON: %v", err)
	}
}
