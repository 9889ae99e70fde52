package indicators_test

import (
	"testing"
	"time"

	"lienthong/engine"
	"lienthong/engine/indicators"
)

// TestOf: an open dossier counts as late from the hour of its due time on.
func TestOf(t *testing.T) {
	due := time.Date(2026, 9, 7, 17, 0, 0, 0, time.UTC)
	figures := []engine.Figure{
		{Procedure: "p", Name: engine.FigReceived, Value: 3},
		{Procedure: "p", Name: engine.FigOnTime, Value: 1},
		{Procedure: "p", Name: engine.FigLate, Value: 1},
		{Procedure: "p", Name: engine.FigOpenDue, Due: due.Unix() / 3600, Value: 1},
		{Name: engine.FigCases, Value: 2},
	}
	for at, want := range map[time.Time]string{due: "66.67", due.Add(time.Second): "33.33"} {
		seen := map[string]indicators.Value{}
		for _, v := range indicators.Of(figures, at, "") {
			seen[v.ID] = v
		}
		if v := seen["2.1"]; v.Value != want {
			t.Errorf("on time at %s: %s, want %s", at, v.Value, want)
		}
		if v := seen["cases.filed"]; v.Value != "2" || v.Denominator != nil {
			t.Errorf("cases: %+v", v)
		}
		if v := seen["cases.days"]; v.Value != indicators.NotAvailable {
			t.Errorf("days over no ended case: %s", v.Value)
		}
	}
	if all, some := indicators.Of(figures, due, ""), indicators.Of(figures, due, indicators.PerDossier); len(some) == 0 || len(some) >= len(all) {
		t.Errorf("%d of dossiers, %d of all", len(some), len(all))
	}
}
