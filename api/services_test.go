package api_test

import (
	"strings"
	"testing"
	"time"

	"lienthong/engine"
	"lienthong/engine/calendar"
)

// TestAVersionThatBeginsLater: until its day nothing is named after it; from then on it
// alone is offered, though the one before has no last day.
func TestAVersionThatBeginsLater(t *testing.T) {
	w := newWorld(t)
	offered := func() (versions []string) {
		for _, s := range w.send("", "GET", "/api/v1/services", nil).want(200).get("services").([]any) {
			if engine.Str(s, "id") == "death" {
				versions = append(versions, engine.Str(s, "version"))
			}
		}
		return versions
	}
	check := func(version, name, other string) {
		t.Helper()
		if got := offered(); len(got) != 1 || got[0] != version {
			t.Errorf("offered are %v, want %s", got, version)
		}
		if desk := string(w.send("officer."+officeBirth, "GET", "/api/v1/desk", nil).want(200).raw); !strings.Contains(desk, name) || strings.Contains(desk, other) {
			t.Errorf("the desk speaks of %q: %s", other, desk)
		}
	}
	check("2026-09-01", "Đã hủy Trích lục khai tử", "Giấy chứng tử")
	w.clock.Advance(time.Date(2027, 3, 1, 0, 0, 0, 0, calendar.Zone).Sub(start))
	w.tokens = map[string]string{} // the sessions have ended
	check("2027-03-01", "Đã hủy Giấy chứng tử", "Trích lục khai tử")
}
