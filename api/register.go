package api

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humagin"

	"lienthong/engine"
	"lienthong/engine/runtime"
)

// The roles of accounts. reception, officer, leader and supervisor are engine
// words; the rest exist here only.
const (
	roleAdministrator = "administrator"
	roleOperator      = "operator"
	roleTester        = "tester"
	roleSupervisor    = engine.BySupervisor
	roleReception     = engine.ByReception
	roleOfficer       = engine.ByOfficer
	roleLeader        = engine.ByLeader
)

// roles that an account may be given.
var roles = []string{roleAdministrator, roleOperator, roleSupervisor, roleReception, roleOfficer, roleLeader, roleTester}

// deskRoles work on cases.
var deskRoles = []string{roleSupervisor, roleReception, roleOfficer, roleLeader}

// who may call an operation.
type who struct {
	public  bool
	citizen bool
	staff   []string // any of these roles
}

var (
	anyone   = who{public: true}
	signedIn = who{citizen: true, staff: roles}
	citizens = who{citizen: true}
	desk     = who{staff: deskRoles}
	caseFolk = who{citizen: true, staff: deskRoles}
	readers  = who{citizen: true, staff: append(slices.Clone(deskRoles), roleTester)} // a tester in a demonstration only
	filers   = who{citizen: true, staff: []string{roleReception}}
)

func only(role ...string) who { return who{staff: role} }

func (w who) admits(c *caller) bool {
	if c.citizen() {
		return w.citizen
	}
	return slices.ContainsFunc(w.staff, c.actor.Has)
}

func (w who) words() []string {
	switch {
	case w.public:
		return []string{"public"}
	case w.citizen:
		return append([]string{"citizen"}, w.staff...)
	}
	return w.staff
}

// caller is who sent the request.
type caller struct {
	account engine.Account
	session engine.Session
	token   string // hash
	actor   engine.Actor
}

func (c *caller) citizen() bool { return c.actor.Kind == engine.Citizen }

// callerOf is the signed-in caller; public operations have none.
func callerOf(ctx context.Context) *caller {
	if t := trailOf(ctx); t != nil {
		return t.caller
	}
	return nil
}

// langOf is the language of the answer.
func langOf(ctx context.Context) string {
	if t := trailOf(ctx); t != nil && t.lang != "" {
		return t.lang
	}
	return vi
}

// digestOf is the digest of the request, for its Idempotency-Key; a GET has none.
func digestOf(ctx context.Context) string {
	if t := trailOf(ctx); t != nil {
		return t.digest
	}
	return ""
}

// Keyed is an operation that takes an Idempotency-Key.
type Keyed struct {
	Key string `header:"Idempotency-Key" maxLength:"200" doc:"Repeat a request with the same key to get the same answer"`
}

// asked is the caller with the key, for what is no command on a case.
func (k *Keyed) asked(ctx context.Context) runtime.Asked {
	return runtime.Asked{Actor: callerOf(ctx).actor, Key: k.Key, Digest: digestOf(ctx)}
}

// op describes an operation shortly.
type op struct {
	method, path, id, tag, summary string
	status                         int
	who                            who
	body                           int64 // largest body; maxBody
	errors                         []int
}

// route registers an operation under the rules that all have in common.
func route[I, O any](s *Server, o op, handle func(context.Context, *I) (*O, error), more ...func(*huma.Operation)) {
	h := huma.Operation{
		OperationID: o.id, Method: o.method, Path: o.path, Summary: o.summary, Tags: []string{o.tag},
		DefaultStatus: o.status, Middlewares: huma.Middlewares{s.enter(o)}, MaxBodyBytes: -1, BodyReadTimeout: -1, // enter has read it
		Errors:     append(o.errors, http.StatusTooManyRequests, http.StatusServiceUnavailable),
		Extensions: map[string]any{"x-callers": o.who.words()},
	}
	if !o.who.public {
		h.Security = []map[string][]string{{"bearer": {}}}
		h.Errors = append(h.Errors, http.StatusUnauthorized, http.StatusForbidden)
	}
	if strings.Contains(o.path, "{") {
		h.Errors = append(h.Errors, http.StatusNotFound)
	}
	if strings.Contains(o.path, "{code}") { // a case may be in an archive
		h.Errors = append(h.Errors, http.StatusGone)
	}
	if o.method != http.MethodGet && o.method != http.MethodDelete {
		h.Errors = append(h.Errors, http.StatusBadRequest, http.StatusRequestTimeout, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType)
	}
	slices.Sort(h.Errors)
	h.Errors = slices.Compact(h.Errors)
	for _, f := range more {
		f(&h)
	}
	huma.Register(s.api, h, handle)
}

// comeBack says in the document that whoever is turned away for now is told when to try again.
func comeBack(_ *huma.OpenAPI, o *huma.Operation) {
	for _, status := range []int{http.StatusTooManyRequests, http.StatusServiceUnavailable} {
		if r := o.Responses[strconv.Itoa(status)]; r != nil {
			r.Headers = map[string]*huma.Header{"Retry-After": {Description: "Seconds to wait", Schema: &huma.Schema{Type: huma.TypeInteger}}}
		}
	}
}

// enter is what happens before any operation: language, sign-in, role, and the
// body's size and digest. Nothing of an unknown caller's body is read.
func (s *Server) enter(o op) func(huma.Context, func(huma.Context)) {
	limit := o.body
	if limit == 0 {
		limit = maxBody
	}
	g := s.gateOf(o)
	return func(hc huma.Context, next func(huma.Context)) {
		ctx := hc.Context()
		t := trailOf(ctx)
		t.lang = languageOf(hc.Header("Accept-Language"))
		if g.crowded() {
			s.fail(hc, errCrowded)
			return
		}
		if o.who.public {
			t.role = "public"
		} else {
			c, err := s.identify(ctx, hc.Header("Authorization"))
			if err != nil {
				s.fail(hc, err)
				return
			}
			t.role = string(c.actor.Kind)
			if !o.who.admits(c) {
				s.fail(hc, &engine.Error{Code: engine.Forbidden})
				return
			}
			t.caller = c
		}
		r := humagin.Unwrap(hc).Request
		if r.Body != nil && r.Body != http.NoBody {
			in := &counted{Reader: r.Body, all: &s.bodies}
			defer in.letGo()
			s.hurry(hc, s.cfg.Limits.BodyTime)
			body, err := readAll(r, in, limit)
			if err != nil { // what is left of the body is not waited for either
				s.fail(hc, err)
				return
			}
			s.hurry(hc, 0)
			r.Body = io.NopCloser(bytes.NewReader(body))
			t.body = body
		}
		if r.Method != http.MethodGet {
			t.digest = digest(r.Method, r.URL.EscapedPath(), t.body)
		}
		leave, err := g.enter(ctx, s.whose(hc, o, t)) // not earlier: who sends slowly holds no place
		if err != nil {
			s.fail(hc, err)
			return
		}
		defer leave()
		if !hc.Operation().SkipValidateBody {
			if err := legible(t.body); err != nil {
				s.fail(hc, err)
				return
			}
		}
		next(hc)
	}
}

// rawOf is the body of the request as it came, and its headers.
func rawOf(hc huma.Context) ([]byte, http.Header) {
	return trailOf(hc.Context()).body, humagin.Unwrap(hc).Request.Header.Clone()
}

// hurry bounds how long the body may take to come; 0 = no more. Where it cannot be
// bounded the request is of this process.
func (s *Server) hurry(hc huma.Context, d time.Duration) {
	var until time.Time
	if d > 0 {
		until = time.Now().Add(d)
	}
	err := http.NewResponseController(humagin.Unwrap(hc).Writer).SetReadDeadline(until)
	if err != nil && !errors.Is(err, http.ErrNotSupported) {
		s.cfg.Logger.Debug("no time can be set for a body", "error", err)
	}
}

func readAll(r *http.Request, in io.Reader, limit int64) ([]byte, error) {
	if r.ContentLength > limit {
		return nil, &engine.Error{Code: codeTooLarge}
	}
	body, err := io.ReadAll(io.LimitReader(in, limit+1))
	if errors.Is(err, errCrowded) {
		return nil, errCrowded
	}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return nil, &engine.Error{Code: codeTimeout, Err: err}
	}
	if err != nil {
		return nil, &engine.Error{Code: codeMalformed, Err: err}
	}
	if int64(len(body)) > limit {
		return nil, &engine.Error{Code: codeTooLarge}
	}
	return body, nil
}

// digest tells requests under one Idempotency-Key apart.
func digest(method, path string, body []byte) string {
	h := sha256.New()
	for _, part := range []string{method, path} {
		h.Write([]byte(part))
		h.Write([]byte{0})
	}
	h.Write(body)
	return hex.EncodeToString(h.Sum(nil))
}

// fail answers with an error before the handler is reached.
func (s *Server) fail(hc huma.Context, err error) {
	// huma has written what it could when this fails: the client has gone.
	_ = huma.WriteErr(s.api, hc, http.StatusInternalServerError, "", err)
}

// identify finds the caller behind a bearer token.
func (s *Server) identify(ctx context.Context, header string) (*caller, error) {
	scheme, token, _ := strings.Cut(header, " ")
	if !strings.EqualFold(scheme, "Bearer") || token == "" || len(token) > 200 {
		return nil, &engine.Error{Code: engine.Unauthenticated}
	}
	hash := hashToken(strings.TrimSpace(token))
	session, err := s.cfg.Store.Session(ctx, hash, s.cfg.Wall())
	if err != nil {
		return nil, unauthenticatedUnlessDown(err)
	}
	account, err := s.cfg.Store.Account(ctx, session.Account)
	if err != nil {
		return nil, unauthenticatedUnlessDown(err)
	}
	if !valid(account, s.cfg.Runtime.Now()) {
		return nil, &engine.Error{Code: engine.Unauthenticated}
	}
	return &caller{account: *account, session: *session, token: hash, actor: actorOf(account)}, nil
}

// unauthenticatedUnlessDown hides why somebody is nobody, but not that the store
// is down.
func unauthenticatedUnlessDown(err error) error {
	switch engine.CodeOf(err) {
	case engine.NotFound, engine.Unauthenticated:
		return &engine.Error{Code: engine.Unauthenticated, Err: err}
	}
	var e *engine.Error
	if !errors.As(err, &e) {
		return &engine.Error{Code: engine.Unavailable, Err: err}
	}
	return err
}

// actorOf is the account as the core knows it.
func actorOf(a *engine.Account) engine.Actor {
	if a.Kind == engine.Citizen {
		return engine.Actor{Kind: engine.Citizen, ID: a.Person, Name: a.Name}
	}
	return engine.Actor{Kind: engine.Staff, ID: a.ID, Name: a.Name, Office: a.Office, Roles: a.Roles}
}
