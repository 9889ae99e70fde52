package api_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"lienthong/agencies"
	"lienthong/agencies/wire"
	"lienthong/api"
	"lienthong/engine"
	"lienthong/engine/calendar"
	"lienthong/engine/machine"
	"lienthong/engine/runtime"
	"lienthong/store/memory"
	"lienthong/workflows"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	father      = "001093000103"
	mother      = "001195000104"
	grandfather = "001058000101"
	stranger    = "048094000502"
	officeBirth = "civil_status_00004"
	officeOther = "civil_status_00070"
	passphrase  = "correct horse battery"
)

var definitions = sync.OnceValues(workflows.Load)

// world is the surface over a store, the real definitions and registries in the same
// process.
type world struct {
	t        testing.TB
	set      *machine.Set
	store    engine.Store
	clock    *runtime.VirtualClock
	rt       *runtime.Runtime
	server   *api.Server
	logs     *syncBuffer
	silent   *bool // registries do not answer
	config   api.Config
	exchange runtime.Exchange
	tokens   map[string]string
}

type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *syncBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *syncBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

func secret(registry string) string { return wire.DeriveSecret("test", registry) }

type exchange struct {
	client *wire.Client
	silent *bool
}

func (x exchange) Send(ctx context.Context, d engine.Delivery) runtime.Answer {
	if d.Registry == engine.NotificationRegistry {
		return runtime.Answer{Outcome: runtime.Done, Data: map[string]any{}}
	}
	if *x.silent {
		return runtime.Answer{Outcome: runtime.Transient, Detail: engine.Text{VI: "im lặng", EN: "silence"}}
	}
	a, err := x.client.Send(ctx, wire.Request{Registry: d.Registry, Operation: d.Operation, Key: d.Key, Case: d.Case, Step: d.Step, Input: d.Input})
	return told(a, err)
}

func (x exchange) Ask(ctx context.Context, d engine.Delivery) runtime.Answer {
	a, err := x.client.Ask(ctx, d.Registry, d.Key)
	return told(a, err)
}

func told(a wire.Answer, err error) runtime.Answer {
	if err != nil {
		return runtime.Answer{Outcome: runtime.Incident, Detail: engine.Text{EN: err.Error()}}
	}
	return runtime.Answer{Outcome: string(a.Outcome), Code: a.Code, Detail: engine.Text{VI: a.Detail["vi"], EN: a.Detail["en"]}, Data: a.Data, Expected: a.Expected}
}

// start is a Monday morning.
var start = time.Date(2026, 9, 7, 9, 0, 0, 0, calendar.Zone)

// newWorld starts at start, in memory. adjust may change the surface's config.
func newWorld(t testing.TB, adjust ...func(*api.Config)) *world {
	t.Helper()
	return newWorldOver(t, memory.New(), adjust...)
}

// newWorldOver is a world over a store, which may have people and cases already.
func newWorldOver(t testing.TB, store engine.Store, adjust ...func(*api.Config)) *world {
	t.Helper()
	set, err := definitions()
	if err != nil {
		t.Fatal(err)
	}
	silent := false
	w := &world{t: t, set: set, store: store, logs: &syncBuffer{}, silent: &silent, tokens: map[string]string{},
		clock: runtime.NewVirtual(start, false)}
	registries, err := agencies.Open(agencies.Config{Clock: w.clock.Now, Secrets: secret, Seed: 1, AutoPay: "0s", Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	client := &wire.Client{Base: "http://registries", Secrets: secret, Transport: wire.HandlerTransport(registries.Handler())}
	metrics := api.NewMetrics()
	w.exchange = metrics.Exchange(exchange{client, &silent})
	w.rt, err = runtime.New(runtime.Config{Store: metrics.Store(w.store), Definitions: set, Clock: w.clock, Exchange: w.exchange, Parallel: 1})
	if err != nil {
		t.Fatal(err)
	}
	messages, err := workflows.LoadMessages()
	if err != nil {
		t.Fatal(err)
	}
	w.config = api.Config{Runtime: w.rt, Store: w.store, Definitions: set, Messages: messages, Metrics: metrics, Logger: slog.New(slog.NewJSONHandler(w.logs, nil)),
		Demo: &api.Demo{OpenSignIn: true, Faults: func(_ context.Context, id string, body []byte) ([]byte, error) {
			if id != "population" {
				return nil, engine.Fail(engine.NotFound, "không có", "no such registry")
			}
			if body != nil {
				return body, nil
			}
			return []byte(`{"error_rate":0}`), nil
		}},
		Callback: func(_ context.Context, registry string, h http.Header, body []byte) (engine.Reply, error) {
			cb, err := wire.VerifyCallback(secret(registry), h, body, time.Now())
			if err != nil {
				return engine.Reply{}, &engine.Error{Code: engine.Unauthenticated, Err: err}
			}
			return engine.Reply{Request: cb.Key, Outcome: string(cb.Outcome), Data: cb.Data}, nil
		},
		Lookup: func(ctx context.Context, registry, operation string, input map[string]any) (map[string]any, error) {
			if silent {
				return nil, &engine.Error{Code: engine.Unavailable}
			}
			a, err := client.Lookup(ctx, registry, operation, input)
			switch {
			case err != nil:
				return nil, err
			case a.Outcome == wire.Done:
				return a.Data, nil
			case a.Outcome == wire.Refused:
				return nil, &engine.Error{Code: engine.NotFound}
			}
			return nil, &engine.Error{Code: engine.Unavailable}
		},
	}
	w.config.Registries = map[string]engine.Text{}
	for _, r := range set.Registries() {
		w.config.Registries[r.ID] = r.Title
	}
	for _, f := range adjust {
		f(&w.config)
	}
	if w.server, err = api.New(w.config); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := registries.Close(); err != nil {
			t.Error(err)
		}
		if err := w.store.Close(); err != nil {
			t.Error(err)
		}
	})
	w.people()
	return w
}

// people gives the world its accounts.
func (w *world) people() {
	w.t.Helper()
	all := []engine.Account{{ID: "administrator", Kind: engine.Staff, Name: "Quản trị", Roles: []string{"administrator"}},
		{ID: "operator", Kind: engine.Staff, Name: "Vận hành", Roles: []string{"operator"}},
		{ID: "tester", Kind: engine.Staff, Name: "Kiểm thử", Roles: []string{"tester"}},
		{ID: "supervisor", Kind: engine.Staff, Name: "Giám sát", Roles: []string{"supervisor"}, Office: officeOther}}
	names := map[string]string{father: "Nguyễn Minh Tuấn", mother: "Trần Thu Hà", grandfather: "Nguyễn Văn Hùng", stranger: "Hoàng Đức Long"}
	for id, name := range names {
		all = append(all, engine.Account{ID: id, Kind: engine.Citizen, Person: id, Name: name, Phone: "0900000000"})
	}
	for _, office := range []string{officeBirth, officeOther, "police_00004"} {
		for _, role := range []string{"reception", "officer", "leader"} {
			all = append(all, engine.Account{ID: role + "." + office, Kind: engine.Staff, Name: role + " " + office, Office: office, Roles: []string{role}})
		}
	}
	for _, a := range all {
		if err := w.store.PutAccount(w.t.Context(), a, 0, nil); err != nil && engine.CodeOf(err) != engine.Duplicate {
			w.t.Fatal(err)
		}
	}
}

// answer is a response that was read.
type answer struct {
	t      testing.TB
	status int
	header http.Header
	raw    []byte
	body   map[string]any
}

// get reads a value at a path such as "dossiers.0.state".
func (a answer) get(path string) any {
	var v any = a.body
	for _, k := range strings.Split(path, ".") {
		switch x := v.(type) {
		case map[string]any:
			v = x[k]
		case []any:
			i := 0
			for _, c := range k {
				i = i*10 + int(c-'0')
			}
			if i >= len(x) {
				return nil
			}
			v = x[i]
		default:
			return nil
		}
	}
	return v
}

func (a answer) str(path string) string { s, _ := a.get(path).(string); return s }

func (a answer) want(status int) answer {
	a.t.Helper()
	if a.status != status {
		a.t.Fatalf("status %d, want %d: %s", a.status, status, a.raw)
	}
	return a
}

// refused checks a problem+json with a code.
func (a answer) refused(status int, code string) answer {
	a.t.Helper()
	a.want(status)
	if ct := a.header.Get("Content-Type"); ct != "application/problem+json" {
		a.t.Errorf("content type %q", ct)
	}
	if a.str("code") != code || a.get("status") != int64(status) || a.str("title") == "" || a.str("type") != "urn:lienthong:problem:"+code {
		a.t.Errorf("want a problem %q: %s", code, a.raw)
	}
	return a
}

func (a answer) dossier(step string) map[string]any {
	list, _ := a.get("dossiers").([]any)
	for _, d := range list {
		if engine.Str(d, "step") == step {
			return d.(map[string]any)
		}
	}
	return nil
}

// send is one request; headers come in pairs.
func (w *world) send(account, method, path string, body any, headers ...string) answer {
	w.t.Helper()
	var r io.Reader
	switch b := body.(type) {
	case nil:
	case string:
		r = strings.NewReader(b)
	case []byte:
		r = bytes.NewReader(b)
	default:
		raw, err := json.Marshal(b)
		if err != nil {
			w.t.Fatal(err)
		}
		r = bytes.NewReader(raw)
	}
	req := httptest.NewRequestWithContext(w.t.Context(), method, path, r)
	if r != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if account != "" {
		req.Header.Set("Authorization", "Bearer "+w.token(account))
	}
	req.Header.Set("Accept-Language", "en")
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	rec := httptest.NewRecorder()
	w.server.ServeHTTP(rec, req)
	keepsPromise(w.t, method, path, rec)
	a := answer{t: w.t, status: rec.Code, header: rec.Header(), raw: rec.Body.Bytes()}
	if strings.Contains(rec.Header().Get("Content-Type"), "json") {
		if err := engine.Unmarshal(a.raw, &a.body); err != nil {
			w.t.Fatalf("%s %s: %v: %s", method, path, err, a.raw)
		}
	}
	return a
}

func (w *world) token(account string) string {
	if t, ok := w.tokens[account]; ok {
		return t
	}
	a := w.send("", "POST", "/api/v1/sessions", map[string]any{"account": account}).want(201)
	w.tokens[account] = a.str("token")
	return w.tokens[account]
}

// application is the example's, without the parts named.
func (w *world) application(name string, without ...string) map[string]any {
	w.t.Helper()
	e, err := workflows.LoadExample(name)
	if err != nil {
		w.t.Fatal(err)
	}
	choices := e.Application["choices"].(map[string]any)
	for _, k := range without {
		choices[k] = false
		delete(e.Application, k)
	}
	return e.Application
}

// file files the father's application for birth and card: no fee, one case.
func (w *world) file(headers ...string) string {
	w.t.Helper()
	a := w.send(father, "POST", "/api/v1/cases", map[string]any{"service": "birth", "application": w.application("birth-b4", "residence", "identity")}, headers...).want(201)
	return a.str("cases.0.code")
}

// owing files the father's application for birth, residence and card, whose fee waits.
func (w *world) owing() string {
	w.t.Helper()
	app := w.application("birth-b4", "identity")
	app["registration"].(map[string]any)["copies"] = 2
	app["children"].([]any)[0].(map[string]any)["notice"] = map[string]any{"code": "01001.GCS.00999.26"}
	return w.send(father, "POST", "/api/v1/cases", map[string]any{"service": "birth", "application": app}).want(201).str("cases.0.code")
}

// fileFar files a stranger's application in another city, and gives its commune a
// reception.
func (w *world) fileFar() (code, reception string) {
	w.t.Helper()
	const office = "civil_status_20275"
	reception = "reception." + office
	if err := w.store.PutAccount(w.t.Context(), engine.Account{ID: reception, Kind: engine.Staff, Name: "Tiếp nhận", Office: office, Roles: []string{"reception", "officer"}}, 0, nil); err != nil {
		w.t.Fatal(err)
	}
	a := w.send(stranger, "POST", "/api/v1/cases", map[string]any{"service": "birth", "application": w.application("birth-consent-declined", "residence", "identity")}).want(201)
	return a.str("cases.0.code"), reception
}

func (w *world) settle() {
	w.t.Helper()
	if err := w.rt.Settle(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) read(account, code string) answer {
	w.t.Helper()
	return w.send(account, "GET", "/api/v1/cases/"+code, nil).want(200)
}

// act reads the case for its version and acts on a dossier.
func (w *world) act(account, code, step, action string, input map[string]any) answer {
	w.t.Helper()
	seen := w.read(account, code)
	body := map[string]any{}
	if input != nil {
		body["input"] = input
	}
	a := w.send(account, "POST", "/api/v1/cases/"+code+"/dossiers/"+step+"/actions/"+action, body, "If-Match", engine.Str(seen.dossier(step), "etag"))
	w.settle()
	return a
}

func (w *world) accesses(code string) []engine.Access {
	w.t.Helper()
	list, err := w.store.AccessTo(w.t.Context(), code, "", 1000)
	if err != nil {
		w.t.Fatal(err)
	}
	return list
}

func newServer(c api.Config) (*api.Server, error) { return api.New(c) }
