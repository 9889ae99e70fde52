package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"lienthong/engine"
)

type healthAnswer struct {
	Body struct {
		Status string `json:"status"`
	}
}

func (s *Server) routeHealth() {
	route(s, op{method: http.MethodGet, path: "/healthz", id: "healthz", tag: "operation", summary: "The process lives", status: 200, who: anyone}, s.healthz)
	route(s, op{method: http.MethodGet, path: "/readyz", id: "readyz", tag: "operation", summary: "The store serves", status: 200, who: anyone}, s.readyz)
	route(s, op{method: http.MethodGet, path: "/metrics", id: "metrics", tag: "operation", summary: "Figures for Prometheus", status: 200, errors: []int{500}, who: anyone}, s.metricsText, func(o *huma.Operation) {
		o.Responses = map[string]*huma.Response{"200": {Description: "OK", Content: map[string]*huma.MediaType{"text/plain": {Schema: &huma.Schema{Type: "string"}}}}}
	})
}

func (s *Server) healthz(context.Context, *struct{}) (*healthAnswer, error) {
	out := &healthAnswer{}
	out.Body.Status = "ok"
	return out, nil
}

func (s *Server) readyz(ctx context.Context, _ *struct{}) (*healthAnswer, error) {
	if err := s.cfg.Store.Ready(ctx); err != nil {
		p := newProblem(engine.Unavailable, langOf(ctx))
		if e, ok := asError(err); ok && !e.Detail.IsZero() { // whoever watches must learn why
			p.Detail = e.Detail.In(langOf(ctx))
		}
		note(ctx, p, []error{err})
		h := http.Header{}
		p.setHeaders(h.Set, langOf(ctx))
		return nil, huma.ErrorWithHeaders(p, h)
	}
	return s.healthz(ctx, nil)
}

type bytesAnswer struct {
	ContentType string `header:"Content-Type"`
	Body        []byte
}

func (s *Server) metricsText(ctx context.Context, _ *struct{}) (*bytesAnswer, error) {
	text, err := s.cfg.Metrics.text(ctx, s)
	if err != nil {
		return nil, &engine.Error{Code: engine.Internal, Op: "metrics", Err: err}
	}
	return &bytesAnswer{ContentType: metricsFormat, Body: text}, nil
}
