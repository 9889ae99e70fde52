package api

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humagin"

	"lienthong/engine"
	"lienthong/engine/runtime"
)

// changeView is one event of the stream. It holds no personal data: who may see
// the case reads it.
type changeView struct {
	Case   string `json:"case"`
	Seq    int64  `json:"seq"`
	Status string `json:"status"`
	Portal int    `json:"portal"`
	At     Time   `json:"at"`
}

func (s *Server) routeEvents() {
	route(s, op{method: http.MethodGet, path: base + "/events", id: "events", tag: "events", summary: "Server-sent events: cases that changed, as far as the caller may see them", status: 200, who: caseFolk, errors: []int{404}},
		s.events, func(o *huma.Operation) {
			o.Description = "event: case, data: {case, seq, status, portal, at}. Events sent while nobody listened are not repeated: read afresh after connecting."
			o.Responses = map[string]*huma.Response{"200": {Description: "A stream", Content: map[string]*huma.MediaType{"text/event-stream": {Schema: &huma.Schema{Type: "string"}}}}}
		})
}

func (s *Server) events(ctx context.Context, in *struct {
	Case string `query:"case" maxLength:"100" doc:"Only this case"`
}) (*huma.StreamResponse, error) {
	only := ""
	if in.Case != "" {
		c, _, err := s.open(ctx, in.Case)
		if err != nil {
			return nil, err
		}
		only = c.Code
	}
	select {
	case s.streams <- struct{}{}:
	default:
		return nil, &engine.Error{Code: engine.Unavailable}
	}
	return &huma.StreamResponse{Body: func(hc huma.Context) {
		defer func() { <-s.streams }()
		s.stream(ctx, hc, only)
	}}, nil
}

// stream runs until the client leaves, the session ends, the server closes, or the
// client is too slow to keep up; it then simply connects again.
func (s *Server) stream(ctx context.Context, hc huma.Context, only string) {
	w := humagin.Unwrap(hc).Writer
	rc := http.NewResponseController(w)
	// A server-wide write deadline would cut the stream; where the writer has none
	// there is nothing to clear.
	_ = rc.SetWriteDeadline(time.Time{})
	changes, end := s.cfg.Runtime.Subscribe(s.topics(callerOf(ctx), only)...)
	defer end()
	h := w.Header()
	h.Set("Content-Type", "text/event-stream; charset=utf-8")
	h.Set("X-Accel-Buffering", "no")
	w.WriteHeader(http.StatusOK)
	if _, err := io.WriteString(w, "retry: 3000\n: connected\n\n"); err != nil || rc.Flush() != nil {
		return
	}
	beat := time.NewTicker(s.cfg.Limits.Heartbeat)
	defer beat.Stop()
	auth := hc.Header("Authorization")
	for {
		text := ": alive\n\n"
		select {
		case <-ctx.Done():
			return
		case <-s.cfg.Closing:
			return
		case <-beat.C:
			// Who has moved to another office meanwhile connects again as who they are now.
			if now, err := s.identify(ctx, auth); err != nil || !reflect.DeepEqual(now.actor, callerOf(ctx).actor) {
				return
			}
		case code, ok := <-changes:
			if !ok {
				return
			}
			if text = s.change(ctx, code, only); text == "" {
				continue
			}
		}
		if _, err := io.WriteString(w, text); err != nil || rc.Flush() != nil {
			return
		}
	}
}

// topics are what a caller may hear of: one case, what is theirs, or what is at
// the offices that they see. Each change is looked at again before it is sent.
func (s *Server) topics(who *caller, only string) []string {
	switch {
	case only != "":
		return []string{runtime.CaseTopic(only)}
	case who.citizen():
		return []string{runtime.PersonTopic(who.actor.ID)}
	}
	var out []string
	for _, id := range s.areas.offices(who) {
		out = append(out, runtime.OfficeTopic(id))
	}
	return out
}

// change is the event for a case that changed; "" when it is not for this caller.
func (s *Server) change(ctx context.Context, code, only string) string {
	if only != "" && code != only {
		return ""
	}
	c, err := s.cfg.Store.Load(ctx, code)
	if err != nil || s.sightNow(callerOf(ctx), c) == blind {
		return ""
	}
	data, err := json.Marshal(changeView{Case: c.Code, Seq: c.Seq, Status: string(c.Status), Portal: c.Portal(), At: at(c.Updated)})
	if err != nil {
		return "" // plain values: cannot be
	}
	return fmt.Sprintf("id: %s/%d\nevent: case\ndata: %s\n\n", c.Code, c.Seq, data)
}
