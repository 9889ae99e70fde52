package story

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"lienthong/engine"
)

// Client speaks to the surface as one account or another. It is safe for
// concurrent use.
type Client struct {
	Base string // e.g. http://127.0.0.1:8080
	HTTP *http.Client
	// Passphrase of every account; the demonstration signs in without.
	Passphrase string

	mu     sync.Mutex
	tokens map[string]string
}

// Problem is a refusal: application/problem+json.
type Problem struct {
	Status int    `json:"status"`
	Code   string `json:"code"`
	Title  string `json:"title"`
	Detail string `json:"detail"`
	Errors []struct {
		Pointer string `json:"pointer"`
		Code    string `json:"code"`
		Detail  string `json:"detail"`
	} `json:"errors"`
	Body string `json:"-"`
}

// Error gives status, code and detail.
func (p *Problem) Error() string {
	s := fmt.Sprintf("%d %s: %s", p.Status, p.Code, p.Detail)
	for _, e := range p.Errors {
		s += fmt.Sprintf("; %s %s: %s", e.Pointer, e.Code, e.Detail)
	}
	return s
}

// Request is one call. Account "" sends no token.
type Request struct {
	Account, Method, Path string
	Body                  any
	IfMatch, Key, Lang    string
}

// Call sends a request and decodes a 2xx answer into out (nil to ignore it). Any
// other answer is a *Problem.
func (c *Client) Call(ctx context.Context, r Request, out any) (http.Header, error) {
	var body io.Reader
	if r.Body != nil {
		b, err := json.Marshal(r.Body)
		if err != nil {
			return nil, err
		}
		body = bytes.NewReader(b)
	}
	req, err := http.NewRequestWithContext(ctx, r.Method, c.Base+"/api/v1"+r.Path, body)
	if err != nil {
		return nil, err
	}
	if r.Body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	set := func(name, value string) {
		if value != "" {
			req.Header.Set(name, value)
		}
	}
	set("If-Match", r.IfMatch)
	set("Idempotency-Key", r.Key)
	set("Accept-Language", r.Lang)
	if r.Account != "" {
		token, err := c.token(ctx, r.Account, r.Lang)
		if err != nil {
			return nil, err
		}
		req.Header.Set("Authorization", "Bearer "+token)
	}
	res, err := c.client().Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		return res.Header, err
	}
	if res.StatusCode/100 != 2 {
		p := &Problem{Status: res.StatusCode, Body: string(b)}
		if err := json.Unmarshal(b, p); err != nil {
			p.Detail = string(b)
		}
		p.Status = res.StatusCode
		return res.Header, p
	}
	if out == nil || len(b) == 0 {
		return res.Header, nil
	}
	return res.Header, engine.Unmarshal(b, out)
}

func (c *Client) client() *http.Client {
	if c.HTTP != nil {
		return c.HTTP
	}
	return http.DefaultClient
}

// token signs an account in once.
func (c *Client) token(ctx context.Context, account, lang string) (string, error) {
	c.mu.Lock()
	t := c.tokens[account]
	c.mu.Unlock()
	if t != "" {
		return t, nil
	}
	var s struct {
		Token string `json:"token"`
	}
	if _, err := c.Call(ctx, Request{Method: http.MethodPost, Path: "/sessions", Lang: lang, Body: map[string]any{"account": account, "passphrase": c.Passphrase}}, &s); err != nil {
		return "", fmt.Errorf("sign in %s: %w", account, err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.tokens == nil {
		c.tokens = map[string]string{}
	}
	c.tokens[account] = s.Token
	return s.Token, nil
}

// SignedIn tells whether an account has a session.
func (c *Client) SignedIn(account string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.tokens[account] != ""
}

// Case is what an account may see of a case.
type Case struct {
	Code    string `json:"code"`
	View    string `json:"view"`
	Service struct {
		ID      string `json:"id"`
		Version string `json:"version"`
	} `json:"service"`
	Channel int    `json:"channel"`
	Group   string `json:"group"`
	Status  string `json:"status"`
	Outcome string `json:"outcome"`
	Portal  struct {
		Code int         `json:"code"`
		Name engine.Text `json:"name"`
	} `json:"portal"`
	Filed       time.Time      `json:"filed"`
	Due         time.Time      `json:"due"`
	Ended       time.Time      `json:"ended"`
	Overdue     bool           `json:"overdue"`
	Subject     string         `json:"subject"`
	Application map[string]any `json:"application"`
	Fee         *struct {
		Amount  int64     `json:"amount"`
		Status  string    `json:"status"`
		Receipt string    `json:"receipt"`
		PaidAt  time.Time `json:"paid_at"`
		Waiting *Waiting  `json:"waiting"`
	} `json:"fee"`
	Items    []Item    `json:"items"`
	Dossiers []Dossier `json:"dossiers"`
	Actions  []Action  `json:"actions"`
	Seq      int64     `json:"seq"`
	ETag     string    `json:"etag"`
}

// Item is one thing an agency asks for.
type Item struct {
	ID       string    `json:"id"`
	Step     string    `json:"step"`
	About    string    `json:"about"`
	Due      time.Time `json:"due"`
	Answered time.Time `json:"answered"`
	Closed   bool      `json:"closed"`
}

// Dossier is one agency's part.
type Dossier struct {
	Step    string      `json:"step"`
	Title   engine.Text `json:"title"`
	Code    string      `json:"code"`
	Attempt int         `json:"attempt"`
	Status  string      `json:"status"`
	Closed  string      `json:"closed"`
	Reason  engine.Text `json:"reason"`
	State   string      `json:"state"`
	Final   string      `json:"final"`
	Office  struct {
		ID   string      `json:"id"`
		Name engine.Text `json:"name"`
	} `json:"office"`
	Assignee string         `json:"assignee"`
	Entered  time.Time      `json:"entered"`
	Ended    time.Time      `json:"ended"`
	Due      time.Time      `json:"due"`
	Overdue  bool           `json:"overdue"`
	Clock    string         `json:"clock"`
	With     map[string]any `json:"with"`
	Data     map[string]any `json:"data"`
	Result   *struct {
		ID       string         `json:"id"`
		Version  int            `json:"version"`
		Document string         `json:"document"`
		Code     string         `json:"code"`
		Revoked  bool           `json:"revoked"`
		Data     map[string]any `json:"data"`
	} `json:"result"`
	Reviews []struct {
		ID       string    `json:"id"`
		Of       string    `json:"of"`
		From     int       `json:"from"`
		To       int       `json:"to"`
		Due      time.Time `json:"due"`
		Decision string    `json:"decision"`
	} `json:"reviews"`
	Waiting []Waiting `json:"waiting"`
	Actions []Action  `json:"actions"`
	ETag    string    `json:"etag"`
}

// Waiting is one thing that must happen before a dossier goes on.
type Waiting struct {
	For      string      `json:"for"`
	Steps    []string    `json:"steps"`
	Registry string      `json:"registry"`
	What     engine.Text `json:"what"`
	Since    time.Time   `json:"since"`
	Until    time.Time   `json:"until"`
	Status   string      `json:"status"`
	Tries    int         `json:"tries"`
	Expected time.Time   `json:"expected"`
	Error    string      `json:"last_error"`
	Request  string      `json:"request"`
}

// Action is an action object.
type Action struct {
	Code    string        `json:"code"`
	Step    string        `json:"step"`
	Allowed bool          `json:"allowed"`
	Why     []engine.Text `json:"why"`
}

// Dossier returns the part of a step; the zero Dossier when there is none.
func (c *Case) Dossier(step string) Dossier {
	for _, d := range c.Dossiers {
		if d.Step == step {
			return d
		}
	}
	return Dossier{}
}

// File files an application and returns the codes of its cases.
func (c *Client) File(ctx context.Context, account, service string, app map[string]any) ([]string, error) {
	var out struct {
		Cases []struct {
			Code string `json:"code"`
		} `json:"cases"`
	}
	if _, err := c.Call(ctx, Request{Account: account, Method: http.MethodPost, Path: "/cases", Body: map[string]any{"service": service, "application": app}}, &out); err != nil {
		return nil, err
	}
	var codes []string
	for _, x := range out.Cases {
		codes = append(codes, x.Code)
	}
	return codes, nil
}

// Case reads a case as an account sees it.
func (c *Client) Case(ctx context.Context, account, code string) (*Case, error) {
	var out Case
	_, err := c.Call(ctx, Request{Account: account, Method: http.MethodGet, Path: "/cases/" + code}, &out)
	return &out, err
}

// Act reads the case for its version and takes an action: of a dossier, or of the
// case itself when step is "".
func (c *Client) Act(ctx context.Context, account, code, step, action string, input map[string]any) error {
	seen, err := c.Case(ctx, account, code)
	if err != nil {
		return fmt.Errorf("%s reads %s: %w", account, code, err)
	}
	path, tag := "/cases/"+code+"/actions/"+action, seen.ETag
	if step != "" {
		path, tag = "/cases/"+code+"/dossiers/"+step+"/actions/"+action, seen.Dossier(step).ETag
	}
	return c.ActOn(ctx, account, path, tag, input)
}

// ActOn posts an action under a version that was seen.
func (c *Client) ActOn(ctx context.Context, account, path, tag string, input map[string]any) error {
	body := map[string]any{}
	if input != nil {
		body["input"] = input
	}
	_, err := c.Call(ctx, Request{Account: account, Method: http.MethodPost, Path: path, Body: body, IfMatch: tag}, nil)
	return err
}
