package api

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"lienthong/engine"
)

// metrics are counters in the text format that Prometheus reads.
type metrics struct {
	started time.Time

	mu       sync.Mutex
	requests map[series]*tally
}

type series struct {
	method, route string
	status        int
}

type tally struct {
	n    int64
	took time.Duration
}

func newMetrics() *metrics {
	return &metrics{started: time.Now(), requests: map[series]*tally{}}
}

func (m *metrics) request(method, route string, status int, took time.Duration) {
	switch method {
	case http.MethodGet, http.MethodPost, http.MethodPut, http.MethodDelete, http.MethodHead, http.MethodOptions, http.MethodPatch:
	default:
		method = "OTHER" // a caller may send any word
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	k := series{method, route, status}
	t := m.requests[k]
	if t == nil {
		t = &tally{}
		m.requests[k] = t
	}
	t.n++
	t.took += took
}

func (m *metrics) text(streams int) []byte {
	m.mu.Lock()
	defer m.mu.Unlock()
	keys := make([]series, 0, len(m.requests))
	for k := range m.requests {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, func(a, b series) int {
		return strings.Compare(fmt.Sprint(a.route, a.method, a.status), fmt.Sprint(b.route, b.method, b.status))
	})
	var b bytes.Buffer
	b.WriteString("# TYPE lienthong_requests_total counter\n")
	for _, k := range keys {
		fmt.Fprintf(&b, "lienthong_requests_total{method=%q,route=%q,status=\"%d\"} %d\n", k.method, k.route, k.status, m.requests[k].n)
	}
	b.WriteString("# TYPE lienthong_request_seconds_total counter\n")
	for _, k := range keys {
		fmt.Fprintf(&b, "lienthong_request_seconds_total{method=%q,route=%q,status=\"%d\"} %.6f\n", k.method, k.route, k.status, m.requests[k].took.Seconds())
	}
	fmt.Fprintf(&b, "# TYPE lienthong_event_streams gauge\nlienthong_event_streams %d\n", streams)
	fmt.Fprintf(&b, "# TYPE lienthong_uptime_seconds gauge\nlienthong_uptime_seconds %.0f\n", time.Since(m.started).Seconds())
	return b.Bytes()
}

type healthAnswer struct {
	Body struct {
		Status string `json:"status"`
	}
}

func (s *Server) routeHealth() {
	route(s, op{method: http.MethodGet, path: "/healthz", id: "healthz", tag: "operation", summary: "The process lives", status: 200, who: anyone}, s.healthz)
	route(s, op{method: http.MethodGet, path: "/readyz", id: "readyz", tag: "operation", summary: "The store serves", status: 200, who: anyone, errors: []int{503}}, s.readyz)
	route(s, op{method: http.MethodGet, path: "/metrics", id: "metrics", tag: "operation", summary: "Counters", status: 200, who: anyone}, s.metricsText, func(o *huma.Operation) {
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
		return nil, &engine.Error{Code: engine.Unavailable, Err: err}
	}
	return s.healthz(ctx, nil)
}

type bytesAnswer struct {
	ContentType string `header:"Content-Type"`
	Body        []byte
}

func (s *Server) metricsText(context.Context, *struct{}) (*bytesAnswer, error) {
	return &bytesAnswer{ContentType: "text/plain; version=0.0.4; charset=utf-8", Body: s.metrics.text(len(s.streams))}, nil
}
