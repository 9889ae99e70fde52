package agencies_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"lienthong/agencies"
	"lienthong/agencies/seed"
	"lienthong/agencies/wire"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var today = time.Date(2026, 9, 15, 3, 0, 0, 0, time.UTC)

func secrets(registry string) string { return wire.DeriveSecret("test", registry) }

// world is one set of registries with a client and a receiver of callbacks.
type world struct {
	*agencies.Agencies
	t      *testing.T
	client *wire.Client
	in     *inbox

	mu  sync.Mutex
	now time.Time
}

// inbox verifies and keeps every callback, like the engine would.
type inbox struct {
	t    *testing.T
	now  func() time.Time
	mu   sync.Mutex
	got  []wire.Callback
	ids  []string
	bad  int // signatures refused
	fail int // refuse this many with 503 first
}

func (in *inbox) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	in.mu.Lock()
	defer in.mu.Unlock()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		in.t.Error(err)
	}
	if in.fail > 0 {
		in.fail--
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	registry := strings.Split(r.URL.Path, "/")[4] // /api/v1/exchange/{registry}/replies
	cb, err := wire.VerifyCallback(secrets(registry), r.Header, body, in.now())
	if err != nil {
		in.bad++
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	in.got = append(in.got, cb)
	in.ids = append(in.ids, wire.MessageID(r.Header))
	w.WriteHeader(http.StatusNoContent)
}

func (in *inbox) callbacks() []wire.Callback {
	in.mu.Lock()
	defer in.mu.Unlock()
	return append([]wire.Callback(nil), in.got...)
}

func open(t *testing.T, change ...func(*agencies.Config)) *world {
	t.Helper()
	w := &world{t: t, now: today}
	w.in = &inbox{t: t, now: w.clock}
	config := agencies.Config{
		Clock: w.clock, Wall: w.clock, Secrets: secrets, Seed: 1,
		Transport: wire.HandlerTransport(w.in), Logger: slog.New(slog.DiscardHandler),
	}
	for _, c := range change {
		c(&config)
	}
	a, err := agencies.Open(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = a.Close() })
	w.Agencies = a
	w.client = &wire.Client{Base: "http://registries", Secrets: secrets, Transport: wire.HandlerTransport(a.Handler()), Now: w.clock}
	return w
}

func (w *world) clock() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

func (w *world) advance(d time.Duration) {
	w.mu.Lock()
	w.now = w.now.Add(d)
	w.mu.Unlock()
}

func (w *world) request(registry, operation, key string, input map[string]any) wire.Request {
	return wire.Request{
		Registry: registry, Operation: operation, Key: key, Case: "c1", Step: "s1", At: w.clock(),
		Callback: "http://engine/api/v1/exchange/" + registry + "/replies", Input: input,
	}
}

func (w *world) send(registry, operation, key string, input map[string]any) wire.Answer {
	w.t.Helper()
	return w.sendFor("c1", registry, operation, key, input)
}

// sendFor asks for a case of its own.
func (w *world) sendFor(code, registry, operation, key string, input map[string]any) wire.Answer {
	w.t.Helper()
	r := w.request(registry, operation, key, input)
	r.Case = code
	a, err := w.client.Send(context.Background(), r)
	if err != nil {
		w.t.Fatal(err)
	}
	return a
}

func (w *world) step() int {
	w.t.Helper()
	n, err := w.Step(context.Background(), w.clock())
	if err != nil {
		w.t.Fatal(err)
	}
	return n
}

// http sends an operator's request and returns status and body.
func (w *world) http(method, path, body string) (int, string) {
	w.t.Helper()
	req, err := http.NewRequest(method, "http://registries"+path, strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	res, err := wire.HandlerTransport(w.Handler()).RoundTrip(req)
	if err != nil {
		w.t.Fatal(err)
	}
	text, err := io.ReadAll(res.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return res.StatusCode, string(text)
}

func (w *world) faults(registry string, f agencies.Faults) {
	w.t.Helper()
	if err := w.SetFaults(registry, f); err != nil {
		w.t.Fatal(err)
	}
}

func id(handle string) string {
	p := seed.ByHandle(handle)
	if p.ID == "" {
		panic("no " + handle)
	}
	return p.ID
}

func who(handle string) map[string]any {
	p := seed.ByHandle(handle)
	return map[string]any{"id": p.ID, "name": p.Name, "birth_date": p.BirthDate, "sex": p.Sex}
}

type m = map[string]any

func newborn() m {
	return m{
		"child":  m{"name": "Nguyễn Trần An Nhiên", "birth_date": "2026-08-28", "sex": "female"},
		"mother": who("ha"), "father": who("tuan"), "registered_in": "00004", "notice": "01001.GCS.00101.26",
	}
}

func mustRead(t *testing.T, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func key(parts ...any) string { return strings.Trim(fmt.Sprintln(parts...), "\n") }
