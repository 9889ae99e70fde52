package agencies_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"lienthong/agencies"
	"lienthong/agencies/wire"
)

func TestSignatures(t *testing.T) {
	w := open(t)
	as := func(change func(*wire.Client)) int {
		c := *w.client
		change(&c)
		a, err := c.Send(context.Background(), w.request("merit", "person", "k", m{"id": id("quy")}))
		if err != nil {
			t.Fatal(err)
		}
		return a.Status
	}
	if s := as(func(c *wire.Client) { c.Secrets = func(string) string { return wire.DeriveSecret("wrong", "merit") } }); s != 401 {
		t.Errorf("wrong secret: %d", s)
	}
	if s := as(func(c *wire.Client) { c.Now = func() time.Time { return today.Add(-10 * time.Minute) } }); s != 401 {
		t.Errorf("old signature: %d", s)
	}
	if s := as(func(c *wire.Client) { c.Secrets = func(string) string { return secrets("health") } }); s != 401 {
		t.Errorf("secret of another registry: %d", s)
	}
	if s, _ := w.http("POST", "/merit/person", `{}`); s != 401 {
		t.Errorf("unsigned: %d", s)
	}
	if s, _ := w.http("GET", "/merit/requests/k", ""); s != 401 {
		t.Errorf("unsigned question: %d", s)
	}
}

func TestUnknownPaths(t *testing.T) {
	w := open(t)
	if a := w.send("merit", "nothing", "k", m{}); a.Outcome != wire.Incident || a.Status != 404 || a.Code != "unknown_operation" {
		t.Errorf("%+v", a)
	}
	if a := w.send("nowhere", "nothing", "k", m{}); a.Outcome != wire.Incident || a.Code != "unknown_registry" {
		t.Errorf("%+v", a)
	}
}

func TestDialOverHTTP(t *testing.T) {
	w := open(t)
	if s, body := w.http("PUT", "/merit/faults", `{"outage":true,"latency":"5ms"}`); s != 200 || !strings.Contains(body, `"outage":true`) {
		t.Errorf("%d %s", s, body)
	}
	if s, body := w.http("GET", "/merit/faults", ""); s != 200 || !strings.Contains(body, `"latency":"5ms"`) {
		t.Errorf("%d %s", s, body)
	}
	for _, bad := range []string{`{"latency":"soon"}`, `{"error_rate":2}`, `{"operations":["nothing"]}`, `{"refuse":"nothing"}`, `{"speed":1}`, `[`} {
		if s, body := w.http("PUT", "/merit/faults", bad); s != 400 {
			t.Errorf("%s: %d %s", bad, s, body)
		}
	}
	if s, body := w.http("DELETE", "/merit/faults", ""); s != 200 || strings.TrimSpace(body) != "{}" {
		t.Errorf("%d %s", s, body)
	}
	if a := w.send("merit", "person", "k", m{"id": id("quy")}); a.Outcome != wire.Done {
		t.Errorf("%+v", a)
	}
	if s, body := w.http("GET", "/merit/stats", ""); s != 200 || !strings.Contains(body, `"performed":{"person":{"k":1}}`) {
		t.Errorf("%d %s", s, body)
	}
}

func TestSeedOverHTTP(t *testing.T) {
	w := open(t)
	notice := `{"kind":"birth_notice","data":{"code":"01001.GCS.09999.26","mother":{"id":"001195000104","name":"Trần Thu Hà"},"child":{"sex":"male"},"children":1}}`
	if s, body := w.http("POST", "/health/seed", notice); s != 201 {
		t.Fatalf("%d %s", s, body)
	}
	if a := w.send("health", "birth_notice", "k", m{"code": "01001.GCS.09999.26"}); a.Outcome != wire.Done || a.Data["children"] != int64(1) {
		t.Errorf("%+v", a)
	}
	people := `[{"kind":"person","data":{"alive":true,"person":{"id":"001200777777","name":"Mới"}}}]`
	if s, body := w.http("POST", "/population/seed", people); s != 201 {
		t.Fatalf("%d %s", s, body)
	}
	for _, bad := range []string{`{"kind":"nothing","data":{}}`, `{"kind":"birth_notice","data":{}}`, `7`, ``} {
		if s, body := w.http("POST", "/health/seed", bad); s != 400 {
			t.Errorf("%s: %d %s", bad, s, body)
		}
	}
}

func TestOperatorToken(t *testing.T) {
	w := open(t, func(c *agencies.Config) { c.Operator = "secret" })
	for _, path := range []string{"/merit/faults", "/merit/stats", "/notification/outbox"} {
		if s, _ := w.http("GET", path, ""); s != 401 {
			t.Errorf("%s: %d", path, s)
		}
	}
	if a := w.send("merit", "person", "k", m{"id": id("quy")}); a.Outcome != wire.Done {
		t.Errorf("the protocol needs no operator: %+v", a)
	}
}

// TestOverSockets runs the whole exchange over TCP, with Run in the
// background, to see the real transport lose connections and time out.
func TestOverSockets(t *testing.T) {
	received := make(chan wire.Callback, 10)
	engine := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		cb, err := wire.VerifyCallback(secrets("population"), r.Header, body, time.Now())
		if err != nil {
			t.Error(err)
		}
		if r.Header.Get("traceparent") != "00-aa-bb-01" {
			t.Errorf("traceparent %q", r.Header.Get("traceparent"))
		}
		received <- cb
	}))
	defer engine.Close()
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	w := open(t, func(c *agencies.Config) {
		c.Wall, c.Transport, c.Interval = nil, transport, time.Millisecond
	})
	server := httptest.NewServer(w.Handler())
	defer server.Close()
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { w.Run(ctx) })
	defer func() { cancel(); running.Wait() }()

	client := &wire.Client{Base: server.URL, Secrets: secrets, Transport: transport}
	req := w.request("population", assign, "c/1/1", newborn())
	req.Callback, req.Traceparent = engine.URL, "00-aa-bb-01"
	w.faults("population", agencies.Faults{LoseReplyRate: 1, Later: "1h"})
	if a, err := client.Send(ctx, req); err != nil || a.Outcome != wire.Transient {
		t.Fatalf("%+v %v", a, err)
	}
	if a, err := client.Ask(ctx, "population", "c/1/1"); err != nil || a.Outcome != wire.Later {
		t.Fatalf("%+v %v", a, err)
	}
	w.advance(time.Hour)
	if cb := <-received; cb.Outcome != wire.Done || cb.Key != "c/1/1" {
		t.Errorf("%+v", cb)
	}
	w.faults("population", agencies.Faults{Latency: "1h"})
	client.Timeout = 20 * time.Millisecond
	if a, err := client.Send(ctx, req); err != nil || a.Outcome != wire.Transient {
		t.Errorf("timeout: %+v %v", a, err)
	}
	client.Base = "http://127.0.0.1:1"
	if a, err := client.Send(ctx, req); err != nil || a.Outcome != wire.Transient || a.Detail["en"] == "" {
		t.Errorf("refused connection: %+v %v", a, err)
	}
}
