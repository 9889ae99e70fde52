package api

import (
	"context"
	"net/http"
	"time"

	"lienthong/engine"
)

type signInBody struct {
	Account    string `json:"account" minLength:"1" maxLength:"100"`
	Passphrase string `json:"passphrase,omitempty" maxLength:"500" doc:"Not needed where the demonstration has open sign-in"`
}

type sessionView struct {
	Token   string      `json:"token" doc:"Send as Authorization: Bearer"`
	Until   Time        `json:"until"`
	Account accountView `json:"account"`
}

type sessionAnswer struct{ Body sessionView }

func (s *Server) routeSessions() {
	route(s, op{method: http.MethodPost, path: base + "/sessions", id: "sign-in", tag: "sessions", summary: "Sign in", status: 201, who: anyone, errors: []int{401}}, s.signIn)
	route(s, op{method: http.MethodDelete, path: base + "/sessions", id: "sign-out", tag: "sessions", summary: "Sign out", status: 204, who: signedIn}, s.signOut)
	route(s, op{method: http.MethodGet, path: base + "/sessions", id: "who-am-i", tag: "sessions", summary: "Who is signed in", status: 200, who: signedIn}, s.whoAmI)
}

// stranger is hashed when there is no such account, so that its answer takes as
// long as a wrong pass phrase.
const stranger = "pbkdf2-sha256$600000$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

func (s *Server) signIn(ctx context.Context, in *struct {
	Address
	Body signInBody
}) (*sessionAnswer, error) {
	open := s.cfg.Demo != nil && s.cfg.Demo.OpenSignIn && in.Body.Passphrase == ""
	if !open { // where nothing is guarded there is nothing to guess
		if err := s.signIns.allow(in.Remote); err != nil {
			return nil, err
		}
	}
	account, err := s.cfg.Store.Account(ctx, in.Body.Account)
	if err != nil && engine.CodeOf(err) != engine.NotFound {
		return nil, err
	}
	secret := stranger
	if account != nil && account.Secret != "" {
		secret = account.Secret
	}
	good := open
	if !open {
		if good, err = matchesPassphrase(secret, in.Body.Passphrase); err != nil {
			return nil, err
		}
	}
	if account == nil || !good || !valid(account, s.cfg.Runtime.Now()) {
		return nil, engine.Fail(engine.Unauthenticated, "Tài khoản hoặc mật khẩu không đúng.", "The account or the pass phrase is wrong.")
	}
	token, hash := newToken()
	now := s.cfg.Wall()
	until := now.Add(s.cfg.Limits.Session)
	if err := s.cfg.Store.PutSession(ctx, engine.Session{Token: hash, Account: account.ID, From: now, Until: until}); err != nil {
		return nil, err
	}
	return &sessionAnswer{Body: sessionView{Token: token, Until: at(until), Account: s.accountView(ctx, account)}}, nil
}

// valid tells whether an account may act now.
func valid(a *engine.Account, now time.Time) bool {
	return !a.Disabled && (a.From.IsZero() || !now.Before(a.From)) && (a.To.IsZero() || now.Before(a.To))
}

func (s *Server) signOut(ctx context.Context, _ *struct{}) (*struct{}, error) {
	return nil, s.cfg.Store.EndSession(ctx, callerOf(ctx).token)
}

func (s *Server) whoAmI(ctx context.Context, _ *struct{}) (*struct{ Body accountView }, error) {
	c := callerOf(ctx)
	return &struct{ Body accountView }{s.accountView(ctx, &c.account)}, nil
}
