package api

import (
	"context"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"lienthong/engine"
)

// gate lets so many requests of a kind be worked on at once and so many more wait
// for their turn, for a while. Whoever comes on top is told at once to come back
// later: a queue that grows without bound answers nobody in time. So is an office, a
// requester or a registry that has a quarter of all to itself: the others find room.
//
// Filings have a gate of their own, so that a flood of them leaves room for the
// offices.
type gate struct {
	places  chan struct{}
	most    int64 // waiting
	each    int   // at work or waiting, of one office or requester
	wait    time.Duration
	waiting atomic.Int64

	mu sync.Mutex
	of map[string]int // at work or waiting
}

func newGate(places, most, each int, wait time.Duration) *gate {
	if each == 0 {
		each = max(1, (places+most)/4)
	}
	return &gate{places: make(chan struct{}, places), most: int64(most), each: each, wait: wait, of: map[string]int{}}
}

// crowded tells whether it is no use to get in line. It costs nothing, so it is
// asked before anything else is done for a request.
func (g *gate) crowded() bool { return g != nil && g.waiting.Load() >= g.most }

// enter waits for a place; leave must be called after the work. Unavailable when
// too many wait already, of all or of whose request it is, or the turn does not come. A
// nil gate lets everybody in.
func (g *gate) enter(ctx context.Context, whose string) (leave func(), err error) {
	if g == nil {
		return func() {}, nil
	}
	if !g.begin(whose) {
		return nil, errCrowded
	}
	if err := g.turn(ctx); err != nil {
		g.end(whose)
		return nil, err
	}
	return func() { <-g.places; g.end(whose) }, nil
}

// turn waits for a place.
func (g *gate) turn(ctx context.Context) error {
	select {
	case g.places <- struct{}{}:
		return nil
	default:
	}
	defer g.waiting.Add(-1)
	if g.waiting.Add(1) > g.most {
		return errCrowded
	}
	turn := time.NewTimer(g.wait)
	defer turn.Stop()
	select {
	case g.places <- struct{}{}:
		return nil
	case <-turn.C:
		return errCrowded
	case <-ctx.Done():
		return &engine.Error{Code: engine.Unavailable, Err: ctx.Err()}
	}
}

func (g *gate) begin(whose string) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.of[whose] >= g.each {
		return false
	}
	g.of[whose]++
	return true
}

func (g *gate) end(whose string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.of[whose]--; g.of[whose] == 0 {
		delete(g.of, whose)
	}
}

// whose is whose request it is. A registry is known by its signature, so that those
// behind one proxy do not share one room.
func (s *Server) whose(hc huma.Context, o op, t *trail) string {
	if o.id == opReply {
		id := hc.Param("id")
		body, header := rawOf(hc)
		if t.reply, t.unsigned = s.cfg.Callback(hc.Context(), id, header, body); t.unsigned == nil {
			return "registry:" + id
		}
	}
	return whoseOf(t.caller, hc.RemoteAddr())
}

// opReply is the operation by which registries answer later.
const opReply = "registry-reply"

// whoseOf is whose request it is: an office's, a citizen's, or where it comes from.
func whoseOf(c *caller, remote string) string {
	switch {
	case c == nil:
		host, _, _ := net.SplitHostPort(remote) // "" = of this process
		return "address:" + host
	case c.actor.Office != "":
		return "office:" + c.actor.Office
	}
	return string(c.actor.Kind) + ":" + c.actor.ID
}

// bodies bounds what the bodies of all requests take in memory together.
type bodies struct {
	most int64
	held atomic.Int64
}

// counted is a body that counts while it is read; whoever sends slowly takes no more
// than was sent.
type counted struct {
	io.Reader
	all  *bodies
	held int64
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.held += int64(n)
	if c.all.held.Add(int64(n)) > c.all.most {
		return n, errCrowded
	}
	return n, err
}

// letGo gives the room back, after the request.
func (c *counted) letGo() { c.all.held.Add(-c.held) }

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
