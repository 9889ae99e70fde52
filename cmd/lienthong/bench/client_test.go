package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// TestClientSaysWhatNetHTTPHears: method, path, headers and body arrive, the answer
// comes back whole, and one connection carries all of it.
func TestClientSaysWhatNetHTTPHears(t *testing.T) {
	from := map[string]bool{}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		from[r.RemoteAddr] = true
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		if r.URL.Path == "/none" {
			w.WriteHeader(http.StatusNoContent)
			return
		}
		w.WriteHeader(http.StatusTeapot)
		_, _ = io.WriteString(w, r.Method+" "+r.URL.Path+" "+r.Header.Get("If-Match")+" "+r.Header.Get("Content-Type")+" "+string(body))
	}))
	defer s.Close()
	c := &client{addr: s.Listener.Addr().String()}
	for _, x := range []struct {
		method, path string
		body         []byte
		status       int
		want         string
	}{
		{"POST", "/a/b", []byte(`{"x":1}`), 418, `POST /a/b "3" application/json {"x":1}`},
		{"GET", "/c", nil, 418, `GET /c "3"  `},
		{"DELETE", "/none", nil, 204, ""},
		{"POST", "/empty", []byte{}, 418, `POST /empty "3" application/json `},
	} {
		err := c.ask(t.Context(), x.method, x.path, x.body, func(status int, answer []byte) error {
			if status != x.status || string(answer) != x.want {
				return fmt.Errorf("%d %q", status, answer)
			}
			return nil
		}, header{"If-Match", `"3"`})
		if err != nil {
			t.Errorf("%s %s: %v", x.method, x.path, err)
		}
	}
	if len(from) != 1 || len(c.idle) != 1 {
		t.Errorf("connections %v, %d free", from, len(c.idle))
	}
	if err := c.close(); err != nil || len(c.idle) != 0 {
		t.Errorf("%v, %d left", err, len(c.idle))
	}
}

// TestClientGivesUp: a caller who goes is not kept, an answer without its length and
// one that is no HTTP are errors, and none of these connections is used again.
func TestClientGivesUp(t *testing.T) {
	gone, cancel := context.WithCancelCause(t.Context())
	why := errors.New("enough")
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/slow":
			cancel(why)
			<-r.Context().Done()
		case "/stream":
			_ = http.NewResponseController(w).Flush()
		case "/garbage":
			conn, _, err := http.NewResponseController(w).Hijack()
			if err != nil {
				t.Error(err)
				return
			}
			_, _ = io.WriteString(conn, "SSH-2.0\r\n")
			_ = conn.Close()
		}
	}))
	defer s.Close()
	c := &client{addr: s.Listener.Addr().String()}
	unread := func(status int, answer []byte) error {
		t.Errorf("%d %q is shown", status, answer)
		return nil
	}
	if err := c.ask(gone, "GET", "/slow", nil, unread); !errors.Is(err, why) {
		t.Errorf("slow: %v", err)
	}
	for path, want := range map[string]string{"/stream": "how long", "/garbage": "no answer of HTTP"} {
		ctx, stop := context.WithTimeout(t.Context(), 5*time.Minute)
		if err := c.ask(ctx, "GET", path, nil, unread); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", path, err)
		}
		stop()
	}
	if len(c.idle) != 0 {
		t.Errorf("%d connections are kept", len(c.idle))
	}
}
