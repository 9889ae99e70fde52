package wire

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

const (
	maxAnswer      = 4 << 20
	defaultTimeout = 30 * time.Second
)

// Client talks to the registries under Base. The zero value of every optional
// field works; Base and Secrets are required. It is safe for concurrent use.
type Client struct {
	Base      string                       // e.g. "http://127.0.0.1:8091"
	Secrets   func(registry string) string // shared secret of each registry
	Transport http.RoundTripper            // http.DefaultTransport when nil
	Timeout   time.Duration                // of one exchange; 30 s when 0
	Now       func() time.Time             // signing clock; time.Now when nil
}

// Send asks for an operation. Send the same request again, with the same key,
// after a Transient answer.
func (c *Client) Send(ctx context.Context, r Request) (Answer, error) {
	if r.Key == "" {
		return Answer{}, errors.New("wire: a request needs a key")
	}
	return c.post(ctx, r, r.Key)
}

// Lookup performs a reading operation without a case: nothing is stored at
// the registry, so it may simply be repeated.
func (c *Client) Lookup(ctx context.Context, registry, operation string, input map[string]any) (Answer, error) {
	r := Request{Registry: registry, Operation: operation, At: c.now(), Input: input}
	return c.post(ctx, r, "lookup-"+rand.Text())
}

// Ask asks what became of an earlier request: Done, Refused, Later, or
// Unknown when the registry never saw the key.
func (c *Client) Ask(ctx context.Context, registry, key string) (Answer, error) {
	return c.do(ctx, http.MethodGet, registry, c.requestURL(registry, key), key, nil, "", true)
}

// Cancel takes back a request that is not performed yet: Done when it never
// will be, Refused (too_late, not_cancellable) otherwise.
func (c *Client) Cancel(ctx context.Context, registry, key string) (Answer, error) {
	return c.do(ctx, http.MethodPost, registry, c.requestURL(registry, key)+"/cancel", key, nil, "", true)
}

func (c *Client) post(ctx context.Context, r Request, id string) (Answer, error) {
	if r.Input == nil {
		r.Input = map[string]any{}
	}
	body, err := json.Marshal(r)
	if err != nil {
		return Answer{}, fmt.Errorf("wire: request: %w", err)
	}
	u := c.base() + "/" + url.PathEscape(r.Registry) + "/" + url.PathEscape(r.Operation)
	return c.do(ctx, http.MethodPost, r.Registry, u, id, body, r.Traceparent, false)
}

func (c *Client) do(ctx context.Context, method, registry, u, id string, body []byte, trace string, about bool) (Answer, error) {
	timeout := c.Timeout
	if timeout == 0 {
		timeout = defaultTimeout
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, u, bytes.NewReader(body))
	if err != nil {
		return Answer{}, fmt.Errorf("wire: %w", err)
	}
	if c.Secrets == nil {
		return Answer{}, errors.New("wire: client without secrets")
	}
	if err := Sign(req.Header, c.Secrets(registry), id, c.now(), body); err != nil {
		return Answer{}, err
	}
	if method == http.MethodPost {
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("Idempotency-Key", id)
	}
	req.Header.Set("Accept", "application/json")
	if trace != "" {
		req.Header.Set("traceparent", trace)
	}
	hc := http.Client{Transport: c.Transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := hc.Do(req)
	if err != nil {
		return silence(err), nil
	}
	defer res.Body.Close()
	data, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer+1))
	if err != nil {
		return silence(err), nil
	}
	if len(data) > maxAnswer {
		return Answer{Outcome: Incident, Code: "answer_too_large", Status: res.StatusCode}, nil
	}
	return read(res, data, about), nil
}

// read maps status and body to an answer. about says that the exchange is
// about an earlier request, where 404 means "never seen".
func read(res *http.Response, data []byte, about bool) Answer {
	a := Answer{Status: res.StatusCode, RetryAfter: retryAfter(res.Header)}
	var body struct {
		Answer
		Title string `json:"title"`
	}
	unreadable := Decode(data, &body)
	a.Code, a.Detail, a.Errors, a.Expected = body.Code, body.Detail, body.Errors, body.Expected
	a.Data = Integers(body.Data)
	if a.Detail == nil && body.Title != "" {
		a.Detail = map[string]string{"en": body.Title}
	}
	switch s := res.StatusCode; {
	case s == http.StatusRequestTimeout, s == http.StatusTooEarly, s == http.StatusTooManyRequests, s >= 500:
		a.Outcome = Transient
	case s == http.StatusOK && unreadable != nil:
		// The registry may have performed it: only asking again can tell.
		a.Outcome = Transient
		a.Detail = map[string]string{"vi": "Không đọc được trả lời: " + unreadable.Error(), "en": "The answer could not be read: " + unreadable.Error()}
	case s == http.StatusOK && known(body.Outcome):
		a.Outcome = body.Outcome
	case s == http.StatusAccepted:
		a.Outcome = Later
	case s == http.StatusUnprocessableEntity && a.Code != "":
		a.Outcome = Refused
	case s == http.StatusNotFound && about:
		a.Outcome = Unknown
	default:
		a.Outcome = Incident
	}
	return a
}

func known(o Outcome) bool { return o == Done || o == Refused || o == Later }

func silence(err error) Answer {
	return Answer{Outcome: Transient, Detail: map[string]string{
		"vi": "Không nhận được trả lời của cơ sở dữ liệu: " + err.Error(),
		"en": "No answer from the registry: " + err.Error(),
	}}
}

func retryAfter(h http.Header) time.Duration {
	v := strings.TrimSpace(h.Get("Retry-After"))
	if n, err := strconv.Atoi(v); err == nil && n > 0 {
		return time.Duration(n) * time.Second
	}
	return 0
}

func (c *Client) base() string { return strings.TrimRight(c.Base, "/") }

func (c *Client) requestURL(registry, key string) string {
	return c.base() + "/" + url.PathEscape(registry) + "/requests/" + url.PathEscape(key)
}

func (c *Client) now() time.Time {
	if c.Now == nil {
		return time.Now()
	}
	return c.Now()
}
