package api

import (
	"context"
	"net/http"
	"slices"

	"lienthong/engine"
)

// Tools are what testers run over definitions and histories; their answers are shown
// as they stand. A nil one is not offered.
type Tools struct {
	// Check searches everything that can happen under the versions of a service.
	Check func(ctx context.Context, service string, maxStates int) (any, error)
	// Again decides the kept commands of one case again, under a version of its service
	// ("" = the one that it was filed under).
	Again func(history []engine.Entry, version string) any
	// Replay makes an order ready to be carried out; Invalid for files that cannot be
	// decided under. It may complete the order: the service and version of its files.
	Replay func(ctx context.Context, o *ReplayOrder) (Redo, error)
	// Simulate makes an order ready to be played; Invalid for a plan that cannot be.
	Simulate func(o SimulationOrder) (Play, error)
}

type checkServiceBody struct {
	Service   string `json:"service" minLength:"1" maxLength:"60"`
	MaxStates int    `json:"max_states,omitempty" minimum:"1000" maximum:"400000" doc:"Most abstract states of one search; the usual bound without it"`
}

type toolAnswer struct{ Body Object }

func (s *Server) routeTools() {
	route(s, op{method: http.MethodPost, path: base + "/definitions/check", id: "check-definitions", tag: "definitions", summary: "Search everything that can happen under a service's versions: dead ends, stuck combinations, with the shortest story; the answer is that of check --json",
		status: 200, who: only(roleTester, roleAdministrator), errors: []int{404}}, s.checkDefinitions)
}

func (s *Server) checkDefinitions(ctx context.Context, in *struct{ Body checkServiceBody }) (*toolAnswer, error) {
	known := slices.ContainsFunc(s.cfg.Definitions.Services(), func(svc *engine.Service) bool { return svc.ID == in.Body.Service })
	if s.cfg.Tools.Check == nil || !known {
		return nil, notFound()
	}
	report, err := s.cfg.Tools.Check(ctx, in.Body.Service, in.Body.MaxStates)
	if err != nil {
		return nil, err
	}
	return told(report)
}

func told(v any) (*toolAnswer, error) {
	o, err := plainObject(v)
	return &toolAnswer{Body: o}, err
}
