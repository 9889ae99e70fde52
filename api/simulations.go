package api

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"

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

// Of simulations one runs at a time, none longer than this, and so many are kept.
const (
	longestPlay = 10 * time.Minute
	keptPlays   = 5
)

// simulations are those that ran, and the one that runs.
type simulations struct {
	mu   sync.Mutex
	last int
	kept []*simulation
}

type simulation struct {
	view   simulationView
	cancel context.CancelFunc
}

type simulationView struct {
	ID     string          `json:"id"`
	Status string          `json:"status" enum:"running,done,failed,cancelled"`
	Order  SimulationOrder `json:"order"`
	Day    int             `json:"day" doc:"Days that have passed"`
	Open   int             `json:"open" doc:"Cases that are open on that day"`
	Error  string          `json:"error,omitempty"`
	Report Object          `json:"report,omitempty" doc:"As simulate --json writes it"`
}

type simulationAnswer struct{ Body simulationView }

type simulationsAnswer struct {
	Body struct {
		Simulations []simulationView `json:"simulations"`
	}
}

type simulationPath struct {
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
	all := &s.simulations
	all.mu.Lock()
	defer all.mu.Unlock()
	for _, x := range all.kept {
		if x.view.Status == "running" {
			return nil, engine.Fail(engine.WrongState, "Một mô phỏng khác đang chạy: "+x.view.ID, "Another simulation is running: "+x.view.ID)
		}
	}
	all.last++
	run, cancel := context.WithTimeout(context.WithoutCancel(ctx), longestPlay)
	x := &simulation{view: simulationView{ID: strconv.Itoa(all.last), Status: "running", Order: in.Body}, cancel: cancel}
	all.kept = append(all.kept[max(len(all.kept)+1-keptPlays, 0):], x)
	go all.play(run, x, play)
	return &simulationAnswer{x.view}, nil
}

// play runs a simulation and keeps what it came to.
func (all *simulations) play(ctx context.Context, x *simulation, play Play) {
	defer x.cancel()
	report, err := play(ctx, func(day, open int) {
		all.mu.Lock()
		defer all.mu.Unlock()
		x.view.Day, x.view.Open = day, open
	})
	var shown Object
	if err == nil {
		shown, err = plainObject(report)
	}
	all.mu.Lock()
	defer all.mu.Unlock()
	switch {
	case err == nil:
		x.view.Status, x.view.Report = "done", shown
	case errors.Is(err, context.Canceled):
		x.view.Status = "cancelled"
	default:
		x.view.Status, x.view.Error = "failed", err.Error()
	}
}

// find returns a simulation that is kept, or nil; all.mu is held.
func (all *simulations) find(id string) *simulation {
	for _, x := range all.kept {
		if x.view.ID == id {
			return x
		}
	}
	return nil
}

func (s *Server) allSimulations(context.Context, *struct{}) (*simulationsAnswer, error) {
	s.simulations.mu.Lock()
	defer s.simulations.mu.Unlock()
	a := &simulationsAnswer{}
	a.Body.Simulations = []simulationView{}
	for _, x := range slices.Backward(s.simulations.kept) {
		v := x.view
		v.Report = nil
		a.Body.Simulations = append(a.Body.Simulations, v)
	}
	return a, nil
}

func (s *Server) simulation(_ context.Context, in *simulationPath) (*simulationAnswer, error) {
	s.simulations.mu.Lock()
	defer s.simulations.mu.Unlock()
	x := s.simulations.find(in.ID)
	if x == nil {
		return nil, notFound()
	}
	return &simulationAnswer{x.view}, nil
}

func (s *Server) stopSimulation(_ context.Context, in *simulationPath) (*struct{}, error) {
	s.simulations.mu.Lock()
	defer s.simulations.mu.Unlock()
	x := s.simulations.find(in.ID)
	if x == nil {
		return nil, notFound()
	}
	x.cancel()
	return nil, nil
}
