package api

import (
	"bytes"
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/common/expfmt"

	"lienthong/engine"
	"lienthong/engine/runtime"
)

// Metrics are the figures that Prometheus reads: what happened in this process,
// counted as it happens, and what stands in the store, read at every scrape. No
// label holds anything that a caller may choose, or anything about a person.
type Metrics struct {
	registry  *prometheus.Registry
	requests  *prometheus.CounterVec
	took      *prometheus.HistogramVec
	exchanges *prometheus.CounterVec
	exchanged *prometheus.HistogramVec
	callbacks *prometheus.CounterVec
	appends   *prometheus.HistogramVec
	entries   *prometheus.CounterVec
	filed     *prometheus.CounterVec
	ended     *prometheus.CounterVec
}

// metricsFormat is the text format that every Prometheus reads.
const metricsFormat = "text/plain; version=0.0.4; charset=utf-8"

// NewMetrics makes figures that begin at nothing.
func NewMetrics() *Metrics {
	// From a read in memory to a registry that takes its whole time.
	seconds := []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 15}
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: "lienthong", Name: name, Help: help}, labels)
	}
	histogram := func(name, help string, labels ...string) *prometheus.HistogramVec {
		return prometheus.NewHistogramVec(prometheus.HistogramOpts{Namespace: "lienthong", Name: name, Help: help, Buckets: seconds}, labels)
	}
	m := &Metrics{
		registry:  prometheus.NewRegistry(),
		requests:  counter("http_requests_total", "HTTP requests answered, by route pattern and status.", "method", "route", "status"),
		took:      histogram("http_request_duration_seconds", "Time to answer an HTTP request, by route pattern.", "method", "route"),
		exchanges: counter("exchanges_total", "Exchanges with a registry, by what they came to: done, refused, later, transient, incident, unknown.", "registry", "outcome"),
		exchanged: histogram("exchange_duration_seconds", "Time that an exchange with a registry took.", "registry"),
		callbacks: counter("callbacks_total", "Late answers that came from registries: taken, or the code of the refusal (unauthenticated: bad signature).", "registry", "result"),
		appends:   histogram("append_duration_seconds", "Time from handing a decided command to the store until it was durable, or refused.", "result"),
		entries:   counter("entries_total", "Entries appended to histories, by the kind of actor.", "actor"),
		filed:     counter("cases_filed_total", "Cases filed.", "service"),
		ended:     counter("cases_ended_total", "Cases that ended, by outcome; one that runs again may end again.", "service", "outcome"),
	}
	m.registry.MustRegister(m.requests, m.took, m.exchanges, m.exchanged, m.callbacks, m.appends, m.entries, m.filed, m.ended,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// request counts one answered request.
func (m *Metrics) request(method, route string, status int, took time.Duration) {
	switch method {
	case http.MethodGet, http.MethodPost, http.MethodPut, http.MethodDelete, http.MethodHead, http.MethodOptions, http.MethodPatch:
	default:
		method = "OTHER" // a caller may send any word
	}
	m.requests.WithLabelValues(method, route, strconv.Itoa(status)).Inc()
	m.took.WithLabelValues(method, route).Observe(took.Seconds())
}

// callback counts one late answer, by what became of it.
func (m *Metrics) callback(registry string, err error) {
	result := "taken"
	if err != nil {
		result = string(engine.CodeOf(err))
	}
	m.callbacks.WithLabelValues(registry, result).Inc()
}

// text gathers everything in Prometheus's text format.
func (m *Metrics) text(ctx context.Context, s *Server) ([]byte, error) {
	now := prometheus.NewRegistry()
	if err := now.Register(&standing{ctx, s}); err != nil {
		return nil, err
	}
	families, err := prometheus.Gatherers{m.registry, now}.Gather()
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	enc := expfmt.NewEncoder(&b, expfmt.NewFormat(expfmt.TypeTextPlain))
	for _, f := range families {
		if err := enc.Encode(f); err != nil {
			return nil, err
		}
	}
	return b.Bytes(), nil
}

// Exchange counts and times the exchanges of x.
func (m *Metrics) Exchange(x runtime.Exchange) runtime.Exchange {
	c := countedExchange{x, m}
	if can, ok := x.(runtime.Canceller); ok {
		return countedCanceller{c, can}
	}
	return c
}

type countedExchange struct {
	x runtime.Exchange
	m *Metrics
}

func (c countedExchange) Send(ctx context.Context, d engine.Delivery) runtime.Answer {
	return c.count(d, func() runtime.Answer { return c.x.Send(ctx, d) })
}

func (c countedExchange) Ask(ctx context.Context, d engine.Delivery) runtime.Answer {
	return c.count(d, func() runtime.Answer { return c.x.Ask(ctx, d) })
}

func (c countedExchange) count(d engine.Delivery, do func() runtime.Answer) runtime.Answer {
	began := time.Now()
	a := do()
	c.m.exchanged.WithLabelValues(d.Registry).Observe(time.Since(began).Seconds())
	c.m.exchanges.WithLabelValues(d.Registry, a.Outcome).Inc()
	return a
}

type countedCanceller struct {
	countedExchange
	can runtime.Canceller
}

func (c countedCanceller) Cancel(ctx context.Context, d engine.Delivery) runtime.Answer {
	return c.count(d, func() runtime.Answer { return c.can.Cancel(ctx, d) })
}

// Store counts what is appended to st.
func (m *Metrics) Store(st engine.Store) engine.Store { return countedStore{st, m} }

type countedStore struct {
	engine.Store
	m *Metrics
}

// Append counts the entries once they are durable, and the time that took.
func (c countedStore) Append(ctx context.Context, changes ...engine.Change) error {
	began := time.Now()
	err := c.Store.Append(ctx, changes...)
	result := "ok"
	if err != nil {
		result = string(engine.CodeOf(err))
	}
	c.m.appends.WithLabelValues(result).Observe(time.Since(began).Seconds())
	if err != nil {
		return err
	}
	for _, ch := range changes {
		for i := range ch.Entries {
			c.m.entry(ch.Case, &ch.Entries[i])
		}
	}
	return nil
}

func (m *Metrics) entry(c *engine.Case, e *engine.Entry) {
	m.entries.WithLabelValues(string(e.Command.Actor.Kind)).Inc()
	for _, v := range e.Events {
		switch v := v.(type) {
		case engine.Filed:
			m.filed.WithLabelValues(v.Service).Inc()
		case engine.CaseClosed:
			if c.Ended.Equal(e.At) { // else only the outcome of an ended case changed
				m.ended.WithLabelValues(c.Service, string(v.Outcome)).Inc()
			}
		}
	}
}
