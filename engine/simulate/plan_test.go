package simulate_test

import (
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"lienthong/engine/machine"
	"lienthong/engine/simulate"
)

// TestPlanErrors: what is wrong with a plan is told with its place.
func TestPlanErrors(t *testing.T) {
	base := func(name string) ([]byte, error) {
		if name == "itself.yaml" {
			return []byte("base: itself.yaml\n"), nil
		}
		return nil, os.ErrNotExist
	}
	for text, want := range map[string]string{
		"citizens:\n  silent: 120%\n": "plan.yaml:2:11: ",
		"citizens:\n  silnt: 1%\n":    "plan.yaml:2:3: ",
		"clerks:\n  leave:\n    - {office: nowhere, role: officer, people: 2, from: 2026-09-14, to: 2026-09-18}\n":      "plan.yaml:3:16: ",
		"clerks:\n  leave:\n    - {office: police_00004, role: officer, people: 2, from: 2026-09-19, to: 2026-09-18}\n": "plan.yaml:3:",
		"clerks:\n  leave: two\n":                             "plan.yaml:2:10: ",
		"clerks: {hours: [\"13:00-17:00\", \"07:30-11:30\"]}": "plan.yaml:1:33: ",
		"start: tomorrow\n":                                   "plan.yaml:1:8: ",
		"start: 2026-02-30\n":                                 "plan.yaml:1:8: ",
		"examples: {nothing: 1}\n":                            "plan.yaml:1:21: ",
		"arrivals: {hours: {\"25\": 1}}\n":                    "plan.yaml:1:26: ",
		"registries: {nobody: {refuse: 1%}}\n":                "plan.yaml:1:",
		"citizens: {pay: {median: soon}}\n":                   "plan.yaml:1:26: ",
		"citizens:\n  silent: 1%\n  silent: 2%\n":             "plan.yaml:3:3: ",
		"base: missing.yaml\n":                                "plan.yaml:1:7: ",
		"base: itself.yaml\n":                                 "itself.yaml:1:7: ",
		"citizens: [\n":                                       "plan.yaml:1:",
		"x: &a [*a, *a]\n":                                    "plan.yaml:1:",
		"":                                                    "plan.yaml:0:0: ",
		strings.Repeat("{a: ", 5000):                          "plan.yaml:1:",
		"- 1\n":                                               "plan.yaml:1:1: ",
	} {
		_, err := simulate.ReadPlan("plan.yaml", []byte(text), base, definitions(t), []string{"birth-b4"})
		var found *machine.FindingsError
		if !errors.As(err, &found) || !strings.Contains(err.Error(), want) {
			t.Errorf("%.80q gives %v, want %s", text, err, want)
			continue
		}
		for _, f := range found.Findings {
			if f.Message.VI == "" || f.Message.EN == "" {
				t.Errorf("%.80q: %v has no words in a language", text, f)
			}
		}
	}
	for text, want := range map[string]string{
		"nodes: 99\n": "faults.yaml:1:8: ",
		"outages:\n  - {registry: nobody, after: 1 day, for: 1 hour}\n": "faults.yaml:2:16: ",
		"crash_before: 60%\n": "faults.yaml:1:15: ",
	} {
		if _, err := simulate.ReadFaults("faults.yaml", []byte(text), definitions(t)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q gives %v, want %s", text, err, want)
		}
	}
}

// A mistake says in both languages what is wanted there.
func TestPlanErrorsInVietnamese(t *testing.T) {
	for text, want := range map[string]string{
		"stat: 2026-09-07\n":                        "Ở đây không có stat; có: name, start, ",
		"start: 2026-02-30\n":                       "\"2026-02-30\" không phải ngày như 2026-09-07",
		"citizens: {silent: 120%}\n":                "\"120%\" không phải tỷ lệ từ 0% đến 100%",
		"citizens: {pay: {median: soon}}\n":         "\"soon\" không phải khoảng thời gian như \"20 minutes\"",
		"clerks: {hours: [\"8-9\"]}\n":              "\"8-9\" không phải một phần của ngày như \"07:30-11:30\"",
		"arrivals: {weekdays: {mon: few}}\n":        "\"few\" không phải trọng số từ 0 trở lên",
		"clerks: {roles: {officer: {people: x}}}\n": "\"x\" không phải số nguyên từ 0 trở lên",
	} {
		_, err := simulate.ReadPlan("plan.yaml", []byte(text), nil, definitions(t), nil)
		var found *machine.FindingsError
		if !errors.As(err, &found) || !strings.Contains(found.In("vi"), want) {
			t.Errorf("%q gives %v, want %s", text, err, want)
		}
	}
}

// TestPlanChanges: a plan says only what differs from what it rests on.
func TestPlanChanges(t *testing.T) {
	files := map[string]string{"quiet.yaml": "citizens: {silent: 50%, pay: {median: 3 days}}\nclerks: {offices: {police_00004: {officer: {people: 7}}}}\n"}
	base := func(name string) ([]byte, error) { return []byte(files[name]), nil }
	p, err := simulate.ReadPlan("plan.yaml", []byte("base: quiet.yaml\nname: Thử\ncitizens: {silent: 1%}\nclerks: {offices: {police_00070: {officer: {people: 1}}}}\n"), base, definitions(t), nil)
	if err != nil {
		t.Fatal(err)
	}
	usual := simulate.DefaultPlan()
	if p.Citizens.Silent != 0.01 || time.Duration(p.Citizens.Pay.Median) != 72*time.Hour || p.Citizens.Pay.P90 != usual.Citizens.Pay.P90 || p.Citizens.Mistake != usual.Citizens.Mistake {
		t.Errorf("citizens %+v", p.Citizens)
	}
	if p.Clerks.Offices["police_00004"]["officer"].People != 7 || p.Clerks.Offices["police_00070"]["officer"].People != 1 || len(usual.Clerks.Offices) != 0 {
		t.Errorf("offices %+v", p.Clerks.Offices)
	}
	if p.Name.VI != "Thử" || p.Start != usual.Start {
		t.Errorf("name %v, start %s", p.Name, p.Start)
	}
}

func FuzzReadPlan(f *testing.F) {
	f.Add([]byte("citizens: {silent: 1%}\n"))
	f.Add([]byte("clerks:\n  leave:\n    - {office: x}\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) > 4096 {
			return
		}
		_, _ = simulate.ReadPlan("p", b, nil, nil, nil)
		_, _ = simulate.ReadFaults("f", b, nil)
	})
}

// TestSpans: half of what is drawn is below the median, one in ten above the other
// bound.
func TestSpans(t *testing.T) {
	const n = 20_000
	d := simulate.Delay{Median: simulate.Span(time.Hour), P90: simulate.Span(10 * time.Hour)}
	below, above := 0, 0
	for i := range n {
		switch x := simulate.SpanOf(7, d, i); {
		case x < d.Median:
			below++
		case x > d.P90:
			above++
		}
	}
	if below < n*48/100 || below > n*52/100 || above < n*9/100 || above > n*11/100 {
		t.Errorf("of %d, %d are below the median and %d above p90", n, below, above)
	}
}
