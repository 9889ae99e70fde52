package wire_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"testing"
	"time"

	"pgregory.net/rapid"

	"lienthong/agencies/wire"
)

var now = time.Date(2026, 9, 15, 3, 0, 0, 0, time.UTC)

func secrets(registry string) string { return wire.DeriveSecret("test", registry) }

func client(status int, header http.Header, body string) *wire.Client {
	return &wire.Client{
		Base: "http://x", Secrets: secrets, Now: func() time.Time { return now },
		Transport: wire.HandlerTransport(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			for k, v := range header {
				w.Header()[k] = v
			}
			w.WriteHeader(status)
			_, _ = io.WriteString(w, body)
		})),
	}
}

func TestAnswers(t *testing.T) {
	tests := []struct {
		name   string
		status int
		body   string
		want   wire.Outcome
		asked  wire.Outcome // the same answer to Ask; want when empty
	}{
		{"done", 200, `{"outcome":"done","data":{"n":1}}`, wire.Done, ""},
		{"refused earlier", 200, `{"outcome":"refused","code":"x"}`, wire.Refused, ""},
		{"later", 202, `{"outcome":"later","expected":"2026-09-15T10:00:00Z"}`, wire.Later, ""},
		{"refused", 422, `{"code":"x","detail":{"vi":"không","en":"no"}}`, wire.Refused, ""},
		{"422 without a code", 422, `{}`, wire.Incident, ""},
		{"not json", 200, `<html>`, wire.Transient, ""},
		{"cut short", 200, `{"outcome":"do`, wire.Transient, ""},
		{"no outcome", 200, `{}`, wire.Incident, ""},
		{"malformed", 400, `{"errors":[{"pointer":"/input/id","detail":"is missing"}]}`, wire.Incident, ""},
		{"unsigned", 401, ``, wire.Incident, ""},
		{"never seen", 404, ``, wire.Incident, wire.Unknown},
		{"key reused", 409, ``, wire.Incident, ""},
		{"timeout", 408, ``, wire.Transient, ""},
		{"too early", 425, ``, wire.Transient, ""},
		{"too many", 429, ``, wire.Transient, ""},
		{"server error", 500, ``, wire.Transient, ""},
		{"unavailable", 503, ``, wire.Transient, ""},
		{"redirect", 302, ``, wire.Incident, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := client(tt.status, http.Header{"Retry-After": {"7"}, "Location": {"http://y"}}, tt.body)
			a, err := c.Send(t.Context(), wire.Request{Registry: "r", Operation: "o", Key: "k", At: now})
			if err != nil || a.Outcome != tt.want || a.Status != tt.status || a.RetryAfter != 7*time.Second {
				t.Errorf("send: %+v %v", a, err)
			}
			want := tt.asked
			if want == "" {
				want = tt.want
			}
			if a, err := c.Ask(t.Context(), "r", "k"); err != nil || a.Outcome != want {
				t.Errorf("ask: %+v %v", a, err)
			}
		})
	}
}

func TestAnswerFields(t *testing.T) {
	a, err := client(200, nil, `{"outcome":"done","data":{"big":9007199254740993,"half":0.5,"list":[1,{"n":2}],"huge":1e300}}`).Lookup(t.Context(), "r", "o", nil)
	if err != nil {
		t.Fatal(err)
	}
	list := a.Data["list"].([]any)
	if a.Data["big"] != int64(9007199254740993) || a.Data["half"] != 0.5 || list[0] != int64(1) || list[1].(map[string]any)["n"] != int64(2) || a.Data["huge"] != 1e300 {
		t.Errorf("%#v", a.Data)
	}
	a, err = client(400, nil, `{"errors":[{"pointer":"/input/id","detail":"is missing"}]}`).Lookup(t.Context(), "r", "o", nil)
	if err != nil || len(a.Errors) != 1 || a.Errors[0].Pointer != "/input/id" {
		t.Errorf("%+v %v", a, err)
	}
}

func TestSilenceIsTransient(t *testing.T) {
	c := client(200, nil, "")
	c.Transport = wire.HandlerTransport(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }))
	if a, err := c.Ask(t.Context(), "r", "k"); err != nil || a.Outcome != wire.Transient || a.Detail["vi"] == "" {
		t.Errorf("%+v %v", a, err)
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if a, err := client(200, nil, `{"outcome":"done"}`).Ask(gone, "r", "k"); err != nil || a.Outcome != wire.Transient {
		t.Errorf("%+v %v", a, err)
	}
}

func TestSetUpErrors(t *testing.T) {
	ask := wire.Request{Registry: "r", Operation: "o", Key: "k"}
	for name, c := range map[string]*wire.Client{
		"no secrets":  {Base: "http://x"},
		"no secret":   {Base: "http://x", Secrets: func(string) string { return "" }},
		"bad secret":  {Base: "http://x", Secrets: func(string) string { return "not base64!" }},
		"bad address": {Base: "http://x\x7f", Secrets: secrets},
	} {
		if a, err := c.Send(t.Context(), ask); err == nil {
			t.Errorf("%s: %+v", name, a)
		}
	}
	c := client(200, nil, "{}")
	if _, err := c.Send(t.Context(), wire.Request{Registry: "r", Operation: "o"}); err == nil {
		t.Error("sent without a key")
	}
	if _, err := c.Send(t.Context(), wire.Request{Key: "k", Input: map[string]any{"x": math.NaN()}}); err == nil {
		t.Error("sent what JSON cannot say")
	}
}

func TestVerifyCallback(t *testing.T) {
	body := []byte(`{"key":"k","registry":"r","outcome":"done","data":{"amount":25300000}}`)
	sign := func(secret string, at time.Time, body []byte) http.Header {
		h := http.Header{}
		if err := wire.Sign(h, secret, "k", at, body); err != nil {
			t.Fatal(err)
		}
		return h
	}
	good := sign(secrets("r"), now, body)
	cb, err := wire.VerifyCallback(secrets("r"), good, body, now.Add(wire.Window))
	if err != nil || cb.Data["amount"] != int64(25300000) || wire.MessageID(good) != "k" {
		t.Fatalf("%+v %v", cb, err)
	}
	other := append([]byte(nil), body...)
	other[10]++
	badTime := good.Clone()
	badTime.Set("webhook-timestamp", "soon")
	for name, err := range map[string]error{
		"too old":        second(wire.VerifyCallback(secrets("r"), good, body, now.Add(wire.Window+time.Second))),
		"from tomorrow":  second(wire.VerifyCallback(secrets("r"), good, body, now.Add(-wire.Window-time.Second))),
		"other body":     second(wire.VerifyCallback(secrets("r"), good, other, now)),
		"other secret":   second(wire.VerifyCallback(secrets("s"), good, body, now)),
		"no headers":     second(wire.VerifyCallback(secrets("r"), http.Header{}, body, now)),
		"bad time":       second(wire.VerifyCallback(secrets("r"), badTime, body, now)),
		"moved in time":  second(wire.VerifyCallback(secrets("r"), moved(good), body, now)),
		"another's name": second(wire.VerifyCallback(secrets("r"), renamed(good), body, now)),
	} {
		if !errors.Is(err, wire.ErrSignature) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, unreadable := range []string{`{`, `{}`, `{"key":"k","outcome":"later"}`, `{"key":"k","outcome":"done"} {}`} {
		b := []byte(unreadable)
		if _, err := wire.VerifyCallback(secrets("r"), sign(secrets("r"), now, b), b, now); err == nil || errors.Is(err, wire.ErrSignature) {
			t.Errorf("%s: %v", unreadable, err)
		}
	}
}

func second(_ wire.Callback, err error) error { return err }

func moved(h http.Header) http.Header {
	h = h.Clone()
	h.Set("webhook-timestamp", "1789441201")
	return h
}

func renamed(h http.Header) http.Header {
	h = h.Clone()
	h.Set("webhook-id", "another")
	return h
}

func TestHandlerTransport(t *testing.T) {
	tr := wire.HandlerTransport(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/panic" {
			panic("broken")
		}
	}))
	for path, fails := range map[string]bool{"/": false, "/panic": true} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://x"+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		res, err := tr.RoundTrip(req)
		if (err != nil) != fails || err == nil && res.StatusCode != 200 {
			t.Errorf("%s: %v %v", path, res, err)
		}
	}
}

// TestIntegersSurvive sends any int64 through JSON and back.
func TestIntegersSurvive(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.Int64().Draw(t, "n")
		text, err := json.Marshal(map[string]any{"a": map[string]any{"b": []any{n}}})
		if err != nil {
			t.Fatal(err)
		}
		got, err := wire.DecodeObject(text)
		if err != nil || got["a"].(map[string]any)["b"].([]any)[0] != n {
			t.Fatalf("%v %v", got, err)
		}
	})
}

func FuzzDecodeObject(f *testing.F) {
	f.Add(`{"a":1}`)
	f.Add(`{"a":[1e400,-0,99999999999999999999]}`)
	f.Fuzz(func(t *testing.T, s string) {
		if m, err := wire.DecodeObject([]byte(s)); err == nil && m != nil {
			if _, err := json.Marshal(m); err != nil {
				t.Errorf("%q: %v", s, err)
			}
		}
	})
}

func ExampleVerifyCallback() {
	secret := wire.DeriveSecret("demo", "population")
	body := []byte(`{"key":"HS-1/7/1","registry":"population","outcome":"done","data":{"id":"001326123456"}}`)
	header := http.Header{}
	at := time.Date(2026, 9, 15, 8, 0, 0, 0, time.UTC)
	_ = wire.Sign(header, secret, "HS-1/7/1", at, body)
	cb, err := wire.VerifyCallback(secret, header, body, at.Add(time.Minute))
	fmt.Println(cb.Key, cb.Outcome, cb.Data["id"], err)
	// Output: HS-1/7/1 done 001326123456 <nil>
}
