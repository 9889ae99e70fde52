package bench

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strconv"
	"sync"
	"time"
)

// client speaks HTTP/1.1 to one server of the same process over connections that
// stay open. What a client does is not the server's to pay, yet both share the
// processors here: so it writes a request at once, reads the answer at once, and
// does nothing beside. The engine and both ceilings are asked by the same client.
type client struct {
	addr string

	mu   sync.Mutex
	idle []*link // the last used last
}

// link is one connection. One caller has it at a time.
type link struct {
	net.Conn
	in     *bufio.Reader
	out    []byte
	answer []byte // room for the body of one
}

// header is one of a request's.
type header struct{ name, value string }

// ask sends a request, reads the whole answer, whatever its status, and shows it to
// read, which keeps nothing of it.
func (c *client) ask(ctx context.Context, method, path string, body []byte, read func(status int, answer []byte) error, headers ...header) error {
	l, err := c.take(ctx)
	if err != nil {
		return err
	}
	status := 0
	stop := context.AfterFunc(ctx, func() { _ = l.SetDeadline(time.Unix(1, 0)) })
	err = l.send(c.addr, method, path, body, headers)
	stays := false
	if err == nil {
		status, stays, err = l.receive()
	}
	var seen error
	if err == nil {
		seen = read(status, l.answer)
	}
	if !stop() || err != nil || !stays { // the deadline may have been set
		err = errors.Join(err, l.Close())
	} else {
		c.mu.Lock()
		c.idle = append(c.idle, l)
		c.mu.Unlock()
	}
	if cause := context.Cause(ctx); err != nil && cause != nil {
		err = cause
	}
	return errors.Join(err, seen)
}

// take returns a connection that is free, or a new one.
func (c *client) take(ctx context.Context) (*link, error) {
	c.mu.Lock()
	if n := len(c.idle); n > 0 {
		l := c.idle[n-1]
		c.idle = c.idle[:n-1]
		c.mu.Unlock()
		return l, nil
	}
	c.mu.Unlock()
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", c.addr)
	if err != nil {
		return nil, err
	}
	return &link{Conn: conn, in: bufio.NewReaderSize(conn, 16<<10)}, nil
}

// close closes the connections that are free.
func (c *client) close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	var errs []error
	for _, l := range c.idle {
		errs = append(errs, l.Close())
	}
	c.idle = nil
	return errors.Join(errs...)
}

func (l *link) send(host, method, path string, body []byte, headers []header) error {
	b := append(append(append(append(l.out[:0], method...), ' '), path...), " HTTP/1.1\r\nHost: "...)
	b = append(append(b, host...), "\r\n"...)
	for _, h := range headers {
		b = append(append(append(append(b, h.name...), ": "...), h.value...), "\r\n"...)
	}
	if body != nil {
		b = append(b, "Content-Type: application/json\r\nContent-Length: "...)
		b = append(strconv.AppendInt(b, int64(len(body)), 10), "\r\n"...)
	}
	l.out = append(append(b, "\r\n"...), body...)
	_, err := l.Write(l.out)
	return err
}

// receive reads an answer that says how long it is; l.answer is its body. stays tells
// whether the connection serves again.
func (l *link) receive() (status int, stays bool, err error) {
	line, err := l.line()
	if err != nil {
		return 0, false, err
	}
	code, ok := bytes.CutPrefix(line, []byte("HTTP/1.1 "))
	if !ok || len(code) < 3 {
		return 0, false, fmt.Errorf("no answer of HTTP/1.1: %q", line)
	}
	if status, err = strconv.Atoi(string(code[:3])); err != nil {
		return 0, false, err
	}
	size := int64(0)
	for stays = true; ; {
		if line, err = l.line(); err != nil {
			return 0, false, err
		}
		if len(line) == 0 {
			break
		}
		name, value, _ := bytes.Cut(line, []byte(": "))
		switch string(name) { // as net/http writes them
		case "Content-Length":
			if size, err = strconv.ParseInt(string(value), 10, 64); err != nil {
				return 0, false, err
			}
		case "Transfer-Encoding":
			return 0, false, fmt.Errorf("the answer (%d) does not say how long it is", status)
		case "Connection":
			stays = false
		}
	}
	l.answer = slices.Grow(l.answer[:0], int(size))[:size]
	_, err = io.ReadFull(l.in, l.answer)
	return status, stays, err
}

// line reads one line of a head, without its end; it is valid until the next read.
func (l *link) line() ([]byte, error) {
	line, err := l.in.ReadSlice('\n')
	return bytes.TrimRight(line, "\r\n"), err
}
