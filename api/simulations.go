package api

import (
	"context"
	"net/http"

	"lienthong/engine"
)

// SimulationOrder is what a tester wants to be played, with the definitions that the
// process serves.
type SimulationOrder struct {
	Cases  int    `json:"cases" minimum:"1" maximum:"5000" doc:"Forms that citizens file"`
	Days   int    `json:"days" minimum:"1" maximum:"180"`
	Seed   int64  `json:"seed,omitempty" minimum:"0"`
	Faults string `json:"faults,omitempty" enum:"none,light,heavy"`
	Plan   string `json:"plan,omitempty" maxLength:"65536" doc:"YAML: what differs from the plan as usual"`
}

// Play is a simulation that may begin; it tells how many of its days have passed. What
// it returns is shown as it stands.
type Play func(ctx context.Context, progress func(day, open int)) (any, error)

// simulations are those that ran, and the one that runs.
type simulations = jobs[simulationView, *simulationView]

var otherSimulation = engine.Text{VI: "Một mô phỏng khác đang chạy:", EN: "Another simulation is running:"}

type simulationView struct {
	JobState
	Order SimulationOrder `json:"order"`
	Day   int             `json:"day" doc:"Days that have passed"`
	Open  int             `json:"open" doc:"Cases that are open on that day"`
}

type simulationAnswer struct{ Body simulationView }

type simulationsAnswer struct {
	Body struct {
		Simulations []simulationView `json:"simulations"`
	}
}

type jobPath struct {
	ID string `path:"id" maxLength:"20"`
}

func (s *Server) routeSimulations() {
	o := op{method: http.MethodPost, path: base + "/simulations", id: "simulate", tag: "definitions", summary: "Play weeks of citizens, clerks, registries and faults; one at a time", status: 202, who: only(roleTester), errors: []int{409}}
	route(s, o, s.simulate)
	o = op{method: http.MethodGet, path: base + "/simulations", id: "simulations", tag: "definitions", summary: "The simulations that are kept, newest first, without their reports", status: 200, who: only(roleTester)}
	route(s, o, s.allSimulations)
	o = op{method: http.MethodGet, path: base + "/simulations/{id}", id: "simulation", tag: "definitions", summary: "How far a simulation is, and its report", status: 200, who: only(roleTester)}
	route(s, o, s.simulation)
	o = op{method: http.MethodDelete, path: base + "/simulations/{id}", id: "stop-simulation", tag: "definitions", summary: "Stop a simulation", status: 204, who: only(roleTester)}
	route(s, o, s.stopSimulation)
}

func (s *Server) simulate(ctx context.Context, in *struct{ Body SimulationOrder }) (*simulationAnswer, error) {
	if s.cfg.Tools.Simulate == nil {
		return nil, notFound()
	}
	play, err := s.cfg.Tools.Simulate(in.Body)
	if err != nil {
		return nil, err
	}
	v, err := s.simulations.start(ctx, simulationView{Order: in.Body}, func(ctx context.Context, tell func(func(*simulationView))) (any, error) {
		return play(ctx, func(day, open int) { tell(func(v *simulationView) { v.Day, v.Open = day, open }) })
	})
	return &simulationAnswer{v}, err
}

func (s *Server) allSimulations(context.Context, *struct{}) (*simulationsAnswer, error) {
	a := &simulationsAnswer{}
	a.Body.Simulations = s.simulations.list()
	return a, nil
}

func (s *Server) simulation(_ context.Context, in *jobPath) (*simulationAnswer, error) {
	v, _, err := s.simulations.find(in.ID)
	return &simulationAnswer{v}, err
}

func (s *Server) stopSimulation(_ context.Context, in *jobPath) (*struct{}, error) {
	return nil, s.simulations.stop(in.ID)
}
