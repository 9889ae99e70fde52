package calendar_test

import (
	"encoding/json"
	"os"
	"testing"
	"time"

	"lienthong/engine/calendar"
)

func readVectors(t *testing.T, file string, into any, want int, count func() int) {
	t.Helper()
	raw, err := os.ReadFile("testdata/" + file)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw, into); err != nil {
		t.Fatal(err)
	}
	if count() != want {
		t.Fatalf("%s holds %d vectors, want %d", file, count(), want)
	}
}

func TestHMCTSWorkingDayVectors(t *testing.T) {
	var file struct {
		Vectors []struct {
			ID, Origin, Op, MustBeWorkingDay string
			IntervalDays                     int
			Holidays                         []calendar.Date
			Weekend                          []string
			SkipNonWorking                   bool
			Time                             string
			Expect                           any
		}
	}
	readVectors(t, "working-day-vectors.json", &file, 21, func() int { return len(file.Vectors) })
	for _, v := range file.Vectors {
		spec := calendar.Spec{ID: v.ID, Announced: "2017-01-01", Weekend: v.Weekend, Days: map[string]calendar.Year{}}
		for _, d := range v.Holidays {
			y := spec.Days[string(d[:4])]
			y.Holidays = append(y.Holidays, calendar.Holiday{Date: d})
			spec.Days[string(d[:4])] = y
		}
		c, err := calendar.New(spec)
		if err != nil {
			t.Fatalf("%s: %v", v.ID, err)
		}
		var got any
		day := calendar.Date(v.Origin)
		switch v.Op {
		case "nextWorkingDay":
			got = string(c.NextWorkingDay(day))
		case "previousWorkingDay":
			got = string(c.PreviousWorkingDay(day))
		case "isWorkingDay":
			got = c.WorkingDay(day)
		case "":
			const layout = "2006-01-02T15:04"
			origin, err := time.ParseInLocation(layout, v.Origin, calendar.Zone)
			if err != nil {
				t.Fatal(err)
			}
			p := calendar.HMCTSInterval{Days: v.IntervalDays, SkipNonWorking: v.SkipNonWorking, MustBe: v.MustBeWorkingDay, Time: v.Time}
			got = p.From(c, origin).Format(layout)
		default:
			t.Fatalf("%s: unknown op %q", v.ID, v.Op)
		}
		if got != v.Expect {
			t.Errorf("%s: got %v, want %v", v.ID, got, v.Expect)
		}
	}
}

func TestSVADecisionVectors(t *testing.T) {
	var file struct {
		Vectors []struct {
			ID, Unit, Resume     string
			Filed, Today, Expect calendar.Date
			Period               int
			Requests             []struct {
				Reason          string
				Asked, Answered calendar.Date
			}
		}
	}
	readVectors(t, "suspend-clock-vectors.json", &file, 19, func() int { return len(file.Vectors) })
	for _, v := range file.Vectors {
		var requests []calendar.SVARequest
		for _, r := range v.Requests {
			requests = append(requests, calendar.SVARequest{Asked: r.Asked, Answered: r.Answered, Incomplete: r.Reason == "incomplete"})
		}
		p := calendar.SVADecision{Period: v.Period, Unit: v.Unit, Reset: v.Resume == "reset"}
		if got := p.On(v.Filed, v.Today, requests); got != v.Expect {
			t.Errorf("%s: got %s, want %s", v.ID, got, v.Expect)
		}
	}
	open := []calendar.SVARequest{{Asked: "2023-05-20"}}
	if got := (calendar.SVADecision{Period: 1, Unit: "days"}).On("2023-05-15", "", open); got != "" {
		t.Errorf("an open request without today gave %s", got)
	}
}
