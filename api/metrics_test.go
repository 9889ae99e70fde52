package api_test

import (
	"bytes"
	"maps"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"

	"lienthong/api"
)

// scrape reads /metrics as a map from a series to its value.
func (w *world) scrape() map[string]float64 {
	w.t.Helper()
	a := w.send("", "GET", "/metrics", nil).want(200)
	if ct := a.header.Get("Content-Type"); !strings.HasPrefix(ct, "text/plain; version=0.0.4") {
		w.t.Errorf("content type %q", ct)
	}
	out := map[string]float64{}
	for line := range strings.Lines(string(a.raw)) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		i := strings.LastIndex(line, " ")
		v, err := strconv.ParseFloat(line[i+1:], 64)
		if err != nil {
			w.t.Fatalf("%q: %v", line, err)
		}
		out[line[:i]] = v
	}
	return out
}

// TestMetricsTellTheStory: what /metrics says of a birth is what happened.
func TestMetricsTellTheStory(t *testing.T) {
	w := newWorld(t, func(c *api.Config) {
		c.Writer = func() api.WriterStats {
			return api.WriterStats{Commits: 3, Calls: 5, Entries: 4, Bytes: 6000, Queue: 2, Seconds: .5, Buckets: map[float64]uint64{.1: 2, 1: 3}}
		}
	})
	before := w.scrape()
	if before[`lienthong_exchange_waiting{registry="population",status="incident"}`] != 0 || before["lienthong_store_up"] != 1 || before["go_goroutines"] < 1 {
		t.Errorf("before: %v", before)
	}
	code := w.registered()
	h := w.send(father, "GET", "/api/v1/cases/"+code+"/history?limit=200", nil).want(200)
	actors := map[string]float64{}
	for _, e := range h.get("entries").([]any) {
		actors[e.(map[string]any)["actor"].(map[string]any)["kind"].(string)]++
	}
	notes := float64(0)
	for _, r := range w.send("operator", "GET", "/api/v1/exchange/summary", nil).want(200).get("registries").([]any) {
		if r := r.(map[string]any); r["registry"] == "notification" {
			notes = float64(r["today"].(map[string]any)["first"].(int64))
		}
	}
	m := w.scrape()
	for series, want := range map[string]float64{
		`lienthong_cases_filed_total{service="birth"}`:                                       1,
		`lienthong_entries_total{actor="citizen"}`:                                           actors["citizen"],
		`lienthong_entries_total{actor="staff"}`:                                             3,
		`lienthong_entries_total{actor="registry"}`:                                          actors["registry"],
		`lienthong_exchanges_total{outcome="done",registry="population"}`:                    2,
		`lienthong_exchanges_total{outcome="done",registry="civil_status"}`:                  1,
		`lienthong_exchanges_total{outcome="done",registry="notification"}`:                  notes,
		`lienthong_exchange_duration_seconds_count{registry="population"}`:                   2,
		`lienthong_append_duration_seconds_count{result="ok"}`:                               float64(len(h.get("entries").([]any))),
		`lienthong_http_requests_total{method="POST",route="/api/v1/cases",status="201"}`:    1,
		`lienthong_http_request_duration_seconds_count{method="POST",route="/api/v1/cases"}`: 1,
		`lienthong_exchange_waiting{registry="population",status="pending"}`:                 0,
		`lienthong_exchange_breaker_open{registry="population"}`:                             0,
		`lienthong_timers_behind_seconds`:                                                    0,
		`lienthong_store_commits_total`:                                                      3,
		`lienthong_store_entries_total`:                                                      4,
		`lienthong_store_queue_length`:                                                       2,
		`lienthong_store_commit_duration_seconds_bucket{le="0.1"}`:                           2,
		`lienthong_store_commit_duration_seconds_count`:                                      3,
	} {
		if got, ok := m[series]; !ok || got != want {
			t.Errorf("%s is %v (there: %v), want %v", series, got, ok, want)
		}
	}
	if _, ok := m["lienthong_stuck_parts"]; ok {
		t.Error("stuck parts are told before anybody searched")
	}
	// A registry falls silent: it shows, and ages with the business clock.
	*w.silent = true
	second, reception := w.fileFar()
	w.act(reception, second, "birth", "receive", nil).want(200)
	waiting := w.send("operator", "GET", "/api/v1/exchange?registry=population", nil).want(200).str("deliveries.0.key")
	for range 4 {
		w.send("operator", "POST", "/api/v1/exchange/"+url.PathEscape(waiting)+"/retry", nil).want(200)
		w.settle()
	}
	w.clock.Set(w.clock.Now().Add(90 * time.Minute))
	if _, err := w.rt.StuckStep(t.Context()); err != nil {
		t.Fatal(err)
	}
	m = w.scrape()
	for series, want := range map[string]float64{
		`lienthong_exchange_waiting{registry="population",status="pending"}`:   1,
		`lienthong_exchange_oldest_waiting_seconds{registry="population"}`:     5400,
		`lienthong_exchange_breaker_open{registry="population"}`:               1,
		`lienthong_exchange_failures_in_a_row{registry="population"}`:          5,
		`lienthong_exchanges_total{outcome="transient",registry="population"}`: 5,
		`lienthong_exchanges_total{outcome="done",registry="population"}`:      2,
		`lienthong_cases_filed_total{service="birth"}`:                         2,
		`lienthong_stuck_parts`: 0,
	} {
		if got, ok := m[series]; !ok || got != want {
			t.Errorf("%s is %v (there: %v), want %v", series, got, ok, want)
		}
	}
	if m["lienthong_timers_behind_seconds"] < 0 {
		t.Error("timers are ahead")
	}
	// A case that ends.
	*w.silent = false
	w.clock.Set(w.clock.Now().Add(time.Hour))
	w.send("operator", "POST", "/api/v1/exchange/"+url.PathEscape(waiting)+"/record",
		map[string]any{"outcome": "done", "data": map[string]any{"married": true}, "note": "công văn 12"}).want(200)
	w.send(stranger, "POST", "/api/v1/cases/"+second+"/actions/withdraw", map[string]any{"input": map[string]any{"reason": "nộp nhầm"}},
		"If-Match", w.read(stranger, second).str("etag")).want(200)
	if m = w.scrape(); m[`lienthong_cases_ended_total{outcome="withdrawn",service="birth"}`] != 1 {
		t.Errorf("after the withdrawal: %v", m)
	}
}

// TestMetricsConventions: names, units and help lines are as Prometheus wants
// them, and no label says anything about a person or a case.
func TestMetricsConventions(t *testing.T) {
	w := newWorld(t)
	code := w.registered()
	w.send("", "BREW", "/api/v1/cases/"+code, nil)
	w.send("", "GET", "/nowhere/"+code, nil)
	w.send("", "POST", "/api/v1/exchange/"+code+"/replies", `{"x":1}`).refused(401, "unauthenticated")
	w.send(father, "GET", "/api/v1/cases/"+code, nil).want(200)
	a := w.send("", "GET", "/metrics", nil).want(200)
	problems, err := promlint.New(bytes.NewReader(a.raw)).Lint()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
	labels := regexp.MustCompile(`\{.*\}`).FindAllString(string(a.raw), -1)
	for _, l := range labels {
		for _, secret := range []string{code, father, "Nhiên", "Tuấn", "BREW", "nowhere"} {
			if strings.Contains(l, secret) {
				t.Errorf("a label holds %q: %s", secret, l)
			}
		}
	}
	for _, series := range []string{`lienthong_http_requests_total{method="OTHER",route="none",status="405"} 1`, `lienthong_http_requests_total{method="GET",route="none",status="404"} 1`,
		`lienthong_callbacks_total{registry="other",result="unauthenticated"} 1`} {
		if !strings.Contains(string(a.raw), series) {
			t.Errorf("no %s", series)
		}
	}
}

// TestMetricsAreDocumented: docs/operations.md names every metric, and none that
// does not exist.
func TestMetricsAreDocumented(t *testing.T) {
	w := newWorld(t, func(c *api.Config) { c.Writer = func() api.WriterStats { return api.WriterStats{} } })
	w.registered()
	w.send("", "POST", "/api/v1/exchange/x/replies", `{}`)
	seen, reception := w.fileFar()
	w.act(reception, seen, "birth", "reject_reception", map[string]any{"reason": "sai nơi nộp"}).want(200)
	if _, err := w.rt.StuckStep(t.Context()); err != nil {
		t.Fatal(err)
	}
	text := string(w.send("", "GET", "/metrics", nil).want(200).raw)
	doc, err := os.ReadFile("../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	told, real := map[string]bool{}, map[string]bool{}
	for _, m := range regexp.MustCompile("(?m)^\\| `(lienthong_[a-z_]+)").FindAllStringSubmatch(string(doc), -1) {
		told[m[1]] = true
	}
	for _, m := range regexp.MustCompile(`(?m)^# HELP (lienthong_[a-z_]+) `).FindAllStringSubmatch(text, -1) {
		real[m[1]] = true
	}
	if !maps.Equal(told, real) {
		t.Errorf("documented %v\nserved %v", slices.Sorted(maps.Keys(told)), slices.Sorted(maps.Keys(real)))
	}
}
