package main

import (
	"context"
	"errors"
	"net/http"
	"os"
	"strings"

	"lienthong/agencies/wire"
	"lienthong/cmd/lienthong/story"
	"lienthong/cmd/lienthong/system"
	"lienthong/engine"
)

// site is where versions are published and cases run: a running server, or a
// database that no server has open.
type site struct {
	Server     string `help:"Base URL of a running server." xor:"site" required:"" placeholder:"URL"`
	DB         string `help:"Database of serve; no server may be running on it." xor:"site" required:"" type:"path" placeholder:"FILE"`
	Account    string `help:"The administrator who acts; it is kept with what is done." default:"administrator" env:"LIENTHONG_ACCOUNT"`
	Passphrase string `help:"Of the account, at a server." env:"LIENTHONG_PASSPHRASE"`
	Lang       string `help:"Language: vi or en." enum:"vi,en" default:"vi"`
}

// caller speaks to a site as its administrator.
type caller struct {
	*story.Client
	site
	close func() error
}

// open signs nobody in yet: the first call does.
func (s site) open(ctx context.Context, e *env) (*caller, error) {
	c := &caller{Client: &story.Client{Base: strings.TrimSuffix(s.Server, "/"), Passphrase: s.Passphrase}, site: s, close: func() error { return nil }}
	if s.DB == "" {
		return c, nil
	}
	if _, err := os.Stat(s.DB); err != nil { // it would be made
		return nil, err
	}
	sys, err := system.Open(ctx, system.Config{DB: s.DB, InProcess: true, Owner: true, Logger: e.log})
	if err != nil {
		return nil, err
	}
	if _, err := sys.Store.Account(ctx, s.Account); engine.CodeOf(err) == engine.NotFound {
		none := engine.Fail(engine.NotFound, "Cơ sở dữ liệu này không có tài khoản "+s.Account+": serve --administrator tạo tài khoản quản trị đầu tiên.",
			"This database has no account "+s.Account+": serve --administrator makes the first administrator.")
		return nil, errors.Join(errors.New(none.Detail.In(s.Lang)), sys.Close())
	}
	c.Base, c.HTTP, c.close = sys.URL, &http.Client{Transport: wire.HandlerTransport(sys.Handler)}, sys.Close
	return c, nil
}

// call asks the surface.
func (c *caller) call(ctx context.Context, method, path string, body, out any) error {
	_, err := c.Call(ctx, story.Request{Account: c.Account, Method: method, Path: path, Body: body, Lang: c.Lang}, out)
	return err
}

// at opens a site, does something there and leaves.
func (s site) at(e *env, do func(*caller) error) error {
	c, err := s.open(e.ctx, e)
	if err != nil {
		return err
	}
	err = do(c)
	if c.SignedIn(c.Account) {
		err = errors.Join(err, c.call(context.WithoutCancel(e.ctx), http.MethodDelete, "/sessions", nil, nil))
	}
	return errors.Join(err, c.close())
}
