package api

import (
	"context"
	"sync/atomic"
	"time"

	"lienthong/engine"
)

// gate lets so many requests of a kind be worked on at once and so many more wait
// for their turn, for a while. Whoever comes on top is told at once to come back
// later: a queue that grows without bound answers nobody in time.
//
// Filings have a gate of their own, so that a flood of them leaves room for the
// offices.
type gate struct {
	places  chan struct{}
	most    int64 // waiting
	wait    time.Duration
	waiting atomic.Int64
}

func newGate(places, most int, wait time.Duration) *gate {
	return &gate{places: make(chan struct{}, places), most: int64(most), wait: wait}
}

// crowded tells whether it is no use to get in line. It costs nothing, so it is
// asked before anything else is done for a request.
func (g *gate) crowded() bool { return g != nil && g.waiting.Load() >= g.most }

// enter waits for a place; leave must be called after the work. Unavailable when
// too many wait already or the turn does not come. A nil gate lets everybody in.
func (g *gate) enter(ctx context.Context) (leave func(), err error) {
	if g == nil {
		return func() {}, nil
	}
	leave = func() { <-g.places }
	select {
	case g.places <- struct{}{}:
		return leave, nil
	default:
	}
	defer g.waiting.Add(-1)
	if g.waiting.Add(1) > g.most {
		return nil, errCrowded
	}
	turn := time.NewTimer(g.wait)
	defer turn.Stop()
	select {
	case g.places <- struct{}{}:
		return leave, nil
	case <-turn.C:
		return nil, errCrowded
	case <-ctx.Done():
		return nil, &engine.Error{Code: engine.Unavailable, Err: ctx.Err()}
	}
}

// errCrowded sends a caller away; the answer says when to come back.
var errCrowded = &engine.Error{Code: engine.Unavailable, Op: "api.gate",
	Detail: engine.Text{VI: "Hệ thống đang có nhiều yêu cầu. Hãy thử lại sau ít phút.", EN: "The system is very busy. Try again in a few minutes."}}

// gateOf is the gate of an operation; nil for what an operator must always reach,
// and for streams, which have a bound of their own.
func (s *Server) gateOf(o op) *gate {
	switch o.id {
	case "healthz", "readyz", "metrics", "events":
		return nil
	case "file-case", "check-application":
		return s.filings
	}
	return s.others
}
