package bench

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// sender is how a person's command reaches a ceiling's writer.
type sender interface {
	command(ctx context.Context, body []byte, write func(context.Context) error) error
}

// here is the direct way.
type here struct{}

func (here) command(ctx context.Context, _ []byte, write func(context.Context) error) error {
	return write(ctx)
}

// tcp is one POST per command to a plain server of net/http. The body goes over
// the wire whole; the write that it asks for waits at the server under a number.
type tcp struct {
	client  *client
	server  *http.Server
	served  chan error
	waiting sync.Map // number → func(context.Context) error
	last    atomic.Int64
}

// answered is about as long as what the surface answers to a command.
var answered = append(bytes.Repeat([]byte("x"), 1200), '\n')

func serveTCP() (*tcp, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	t := &tcp{served: make(chan error, 1), client: &client{addr: l.Addr().String()}}
	t.server = &http.Server{Handler: http.HandlerFunc(t.serve), ReadHeaderTimeout: 10 * time.Second}
	go func() { t.served <- t.server.Serve(l) }()
	return t, nil
}

func (t *tcp) serve(w http.ResponseWriter, r *http.Request) {
	if _, err := io.Copy(io.Discard, r.Body); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	write, ok := t.waiting.LoadAndDelete(r.URL.Path[1:])
	if !ok {
		http.NotFound(w, r)
		return
	}
	if err := write.(func(context.Context) error)(context.WithoutCancel(r.Context())); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(answered)
}

func (t *tcp) command(ctx context.Context, body []byte, write func(context.Context) error) error {
	n := strconv.FormatInt(t.last.Add(1), 10)
	t.waiting.Store(n, write)
	return t.client.ask(ctx, http.MethodPost, "/"+n, body, func(status int, answer []byte) error {
		if status != http.StatusOK {
			return fmt.Errorf("%d: %s", status, bytes.TrimSpace(answer))
		}
		return nil
	}, header{"Authorization", "Bearer 0123456789abcdef0123456789abcdef0123456789a"})
}

func (t *tcp) close() error {
	err := errors.Join(t.client.close(), t.server.Close())
	if e := <-t.served; !errors.Is(e, http.ErrServerClosed) {
		err = errors.Join(err, e)
	}
	return err
}
