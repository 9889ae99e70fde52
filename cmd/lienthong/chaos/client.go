package chaos

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	"lienthong/engine"
)

// client speaks to the surface.
type client struct {
	base string
	http *http.Client
}

// patience is how long one call may take.
const patience = 30 * time.Second

// answer is what came back.
type answer struct {
	status     int
	code       string // of a problem
	body       []byte
	retryAfter time.Duration
}

func (a answer) good() bool { return a.status/100 == 2 }

// call sends one request. An error means that nobody knows what became of it.
func (c *client) call(ctx context.Context, account, method, path string, body []byte, key, ifMatch string) (answer, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, c.base+"/api/v1"+path, bytes.NewReader(body))
	if err != nil {
		return answer{}, err
	}
	req.Header.Set("Authorization", "Bearer "+token(account))
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if key != "" {
		req.Header.Set("Idempotency-Key", key)
	}
	if ifMatch != "" {
		req.Header.Set("If-Match", ifMatch)
	}
	res, err := c.http.Do(req)
	if err != nil {
		return answer{}, err
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		return answer{}, err
	}
	a := answer{status: res.StatusCode, body: b}
	if n, err := strconv.Atoi(res.Header.Get("Retry-After")); err == nil {
		a.retryAfter = time.Duration(n) * time.Second
	}
	if !a.good() {
		var p struct{ Code string }
		_ = json.Unmarshal(b, &p) // the status says enough
		a.code = p.Code
	}
	return a, nil
}

// get reads something as an account.
func (c *client) get(ctx context.Context, account, path string, out any) error {
	a, err := c.call(ctx, account, http.MethodGet, path, nil, "", "")
	if err != nil {
		return err
	}
	if !a.good() {
		return &refused{a}
	}
	return engine.Unmarshal(a.body, out)
}

// refused is an answer other than 2xx.
type refused struct{ answer }

func (r *refused) Error() string { return fmt.Sprintf("%d %s: %.200s", r.status, r.code, r.body) }

// ready asks /readyz: "" when the server is ready, else why not.
func (c *client) ready(ctx context.Context) (why string, err error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.base+"/readyz", nil)
	if err != nil {
		return "", err
	}
	req.Header.Set("Accept-Language", "en")
	res, err := c.http.Do(req)
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	var p struct{ Detail string }
	err = json.NewDecoder(res.Body).Decode(&p)
	if res.StatusCode == http.StatusOK {
		return "", err
	}
	return fmt.Sprintf("%d %s", res.StatusCode, p.Detail), err
}
