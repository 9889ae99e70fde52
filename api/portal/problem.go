package portal

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
)

// Codes of problems that pages treat in a way of their own.
const (
	codeInvalid      = "invalid"
	codeDuplicate    = "duplicate"
	codeStale        = "stale_version"
	codeWrongState   = "wrong_state"
	codePrecondition = "precondition"
	codeMismatch     = "idempotency_mismatch"
	codeCrossSite    = "cross_site" // only the portal has it
)

// problem is a refusal: the surface's problem+json, or a page's own.
type problem struct {
	Status int          `json:"status"`
	Code   string       `json:"code"`
	Title  string       `json:"title"`
	Detail string       `json:"detail"`
	Errors []fieldError `json:"errors"`
	Case   string       `json:"case"`
	Now    *struct {
		By string `json:"by"`
		At Time   `json:"at"`
	} `json:"current"`
	Trace string `json:"trace"`

	cause error
}

// fieldError is one thing wrong with one field.
type fieldError struct {
	Pointer string `json:"pointer"` // JSON Pointer into what was sent
	Code    string `json:"code"`
	Detail  string `json:"detail"`
}

func (p *problem) Error() string {
	s := http.StatusText(p.Status) + " " + p.Code
	if p.cause != nil {
		s += ": " + p.cause.Error()
	}
	return strings.TrimSpace(s)
}

func (p *problem) Unwrap() error { return p.cause }

// readProblem reads a refusal of the surface.
func readProblem(rec *recorder) *problem {
	p := &problem{}
	if err := json.Unmarshal(rec.body.Bytes(), p); err != nil {
		p.cause = errors.New("the surface's refusal is not problem+json")
	}
	p.Status = rec.status
	return p
}

// asProblem finds the refusal in an error.
func asProblem(err error) (*problem, bool) {
	var p *problem
	ok := errors.As(err, &p)
	return p, ok
}

// statusOf is the HTTP status of an error: 500 for what is no refusal.
func statusOf(err error) int {
	if p, ok := asProblem(err); ok {
		return p.Status
	}
	return http.StatusInternalServerError
}

// refused tells whether the surface refused with one of the codes.
func refused(err error, codes ...string) (*problem, bool) {
	p, ok := asProblem(err)
	if !ok {
		return nil, false
	}
	for _, c := range codes {
		if p.Code == c {
			return p, true
		}
	}
	return nil, false
}

// errorPage is what an error page says.
type errorPage struct {
	What, Do string // what happened, what to do
	Trace    string
	SignIn   bool
}

// fail shows an error. It returns what belongs into the log: nothing for what the
// visitor caused.
func (v *visit) fail(err error) error {
	p, ok := asProblem(err)
	if !ok {
		p = &problem{Status: http.StatusInternalServerError}
	}
	if p.Status == http.StatusUnauthorized {
		return v.askToSignIn()
	}
	key := "error.internal"
	switch {
	case p.Code == codeCrossSite:
		key = "error.crosssite"
	case p.Status == http.StatusForbidden:
		key = "error.forbidden"
	case p.Status == http.StatusNotFound, p.Status == http.StatusMethodNotAllowed:
		key = "error.notfound"
	case p.Status == http.StatusServiceUnavailable:
		key = "error.unavailable"
	case p.Status == http.StatusTooManyRequests:
		key = "error.toomany"
	case p.Status == http.StatusRequestEntityTooLarge:
		key = "error.toolarge"
	case p.Status < 500:
		key = "error.refused"
	}
	e := errorPage{What: v.tg(key, "what"), Do: v.tg(key, "do")}
	if p.Status < 500 && p.Detail != "" && key == "error.refused" {
		e.Do = p.Detail
	}
	if p.Status >= 500 {
		e.Trace = v.trace
	}
	if shown := v.show(screen{page: "error", status: p.Status, title: v.tg(key, "title"), data: e}); shown != nil {
		return errors.Join(err, shown)
	}
	if p.Status < 500 {
		return nil
	}
	return err
}
