package system

import (
	"context"
	"errors"
	"strings"
	"testing"

	"lienthong/api"
	"lienthong/engine"
	"lienthong/engine/simulate"
	"lienthong/workflows"
)

func TestSimulation(t *testing.T) {
	set, err := workflows.Load()
	if err != nil {
		t.Fatal(err)
	}
	s := &System{Definitions: set}
	s.life, s.end = context.WithCancel(t.Context())
	defer s.end()
	if _, err := s.simulation(api.SimulationOrder{Cases: 1, Days: 1, Plan: "citizens:\n  silent: often\n"}); engine.CodeOf(err) != engine.Invalid || !strings.Contains(err.Error(), "plan:2:11: ") {
		t.Errorf("a plan that cannot be played: %v", err)
	}
	play, err := s.simulation(api.SimulationOrder{Cases: 8, Days: 4, Faults: "light", Plan: "name: Thử\n"})
	if err != nil {
		t.Fatal(err)
	}
	day := 0
	report, err := play(t.Context(), func(d, _ int) { day = d })
	if r, ok := report.(*simulate.Report); err != nil || !ok || !r.Good || r.Plan.VI != "Thử" || r.Faults != "light" || day != 4 {
		t.Errorf("%+v on day %d: %v", report, day, err)
	}
	s.end()
	if _, err := play(t.Context(), func(int, int) {}); !errors.Is(err, context.Canceled) {
		t.Errorf("after the end it plays: %v", err)
	}
}
