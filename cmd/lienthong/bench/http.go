package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"

	"lienthong/api"
	"lienthong/engine"
	"lienthong/engine/appendjson"
)

// surface is how people act over TCP: as clients of the server's own surface,
// signed in, each request with its idempotency key and the version it saw.
type surface struct {
	client *client
	server *http.Server
	served chan error

	mu     sync.RWMutex
	tokens map[string]string // by account
}

// serve puts the surface before a stage, on a free port.
func (c Config) serve(s *stage, messages api.Messages) (*surface, error) {
	a, err := api.New(api.Config{Runtime: s.runtime, Store: s.store, Definitions: c.Definitions, Messages: messages, Metrics: s.metrics, Demo: &api.Demo{OpenSignIn: true}})
	if err != nil {
		return nil, err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	p := &surface{client: &client{addr: l.Addr().String()}, served: make(chan error, 1), tokens: map[string]string{}}
	p.server = &http.Server{Handler: a, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute}
	go func() { p.served <- p.server.Serve(l) }()
	return p, nil
}

func (p *surface) close() error {
	err := errors.Join(p.client.close(), p.server.Close())
	if e := <-p.served; !errors.Is(e, http.ErrServerClosed) {
		err = errors.Join(err, e)
	}
	return err
}

// signIn opens a session for every account.
func (p *surface) signIn(ctx context.Context, accounts []engine.Account) error {
	return sharing(ctx, 64, len(accounts), func(ctx context.Context, _, i int) error {
		id := accounts[i].ID
		var out struct{ Token string }
		if err := p.call(ctx, request{method: http.MethodPost, path: "/sessions", body: map[string]any{"account": id}}, into(&out)); err != nil {
			return fmt.Errorf("%s signs in: %w", id, err)
		}
		p.mu.Lock()
		defer p.mu.Unlock()
		p.tokens[id] = out.Token
		return nil
	})
}

// knows tells whether somebody is signed in.
func (p *surface) knows(account string) bool {
	p.mu.RLock()
	defer p.mu.RUnlock()
	return p.tokens[account] != ""
}

// request is one call.
type request struct {
	account, method, path string
	body                  any
	key, version          string
}

// into decodes an answer.
func into(v any) func([]byte) error {
	return func(answer []byte) error { return json.Unmarshal(answer, v) }
}

// call sends a request and shows the whole answer to read; one that is not 2xx is an
// error.
func (p *surface) call(ctx context.Context, r request, read func(answer []byte) error) error {
	var body []byte
	if r.body != nil {
		var err error
		if body, err = appendjson.Plain(nil, r.body); err != nil {
			return err
		}
	}
	headers := make([]header, 0, 3)
	if r.account != "" {
		p.mu.RLock()
		headers = append(headers, header{"Authorization", "Bearer " + p.tokens[r.account]})
		p.mu.RUnlock()
	}
	if r.key != "" {
		headers = append(headers, header{"Idempotency-Key", r.key})
	}
	if r.version != "" {
		headers = append(headers, header{"If-Match", r.version})
	}
	return p.client.ask(ctx, r.method, "/api/v1"+r.path, body, func(status int, answer []byte) error {
		if status/100 != 2 {
			return fmt.Errorf("%s %s: %d: %s", r.method, r.path, status, answer)
		}
		if read == nil {
			return nil
		}
		return read(answer)
	}, headers...)
}

func (p *surface) file(ctx context.Context, k *job) (string, *snapshot, error) {
	var out struct {
		Cases []struct {
			Code     string
			Seq      int64
			Dossiers []struct{ Step, State, Office string }
		}
	}
	err := p.call(ctx, request{account: k.family.father.ID, method: http.MethodPost, path: "/cases", key: fmt.Sprintf("file-%d", k.n),
		body: map[string]any{"service": k.course.service, "application": k.app}}, into(&out))
	if err != nil {
		return "", nil, err
	}
	if len(out.Cases) != 1 {
		return "", nil, fmt.Errorf("%d cases were opened", len(out.Cases))
	}
	c := out.Cases[0]
	s := &snapshot{seq: c.Seq, states: map[string]string{}, offices: map[string]string{}}
	for _, d := range c.Dossiers {
		if d.State != "" {
			s.states[d.Step], s.offices[d.Step] = d.State, d.Office
		}
	}
	return c.Code, s, nil
}

// versionOf finds in the view of a case the action that is offered, by the end of
// its address (short: bytes.Index is much slower from 64 bytes on), and the version
// to be named when it is taken. It looks instead of decoding: what a client does
// with an answer is not the server's to pay.
func versionOf(view []byte, step, action string) (string, error) {
	i := bytes.Index(view, []byte("/dossiers/"+step+"/actions/"+action+`"`))
	if i < 0 {
		return "", fmt.Errorf("%s of %s is not offered: %s", action, step, view)
	}
	object := view[bytes.LastIndexByte(view[:i], '{'):i]
	j := bytes.Index(object, []byte(`"etag":`))
	if j < 0 {
		return "", nil // a party's answer needs none
	}
	tag, err := strconv.QuotedPrefix(string(object[j+len(`"etag":`):]))
	if err != nil {
		return "", err
	}
	return strconv.Unquote(tag)
}

func (p *surface) act(ctx context.Context, k *job, d deed, account string) (opened, took time.Duration, err error) {
	began := time.Now()
	path := "/cases/" + k.code + "/dossiers/" + d.step + "/actions/" + d.action
	version := ""
	err = p.call(ctx, request{account: account, method: http.MethodGet, path: "/cases/" + k.code}, func(view []byte) (err error) {
		opened = time.Since(began)
		version, err = versionOf(view, d.step, d.action)
		return err
	})
	if err != nil {
		return 0, 0, err
	}
	body := map[string]any{}
	if d.input != nil {
		body["input"] = d.input(k)
	}
	began = time.Now()
	err = p.call(ctx, request{account: account, method: http.MethodPost, path: path,
		key: fmt.Sprintf("%s-%s-%s", k.code, d.step, d.action), version: version, body: body}, nil)
	return opened, time.Since(began), err
}
