package portal

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
)

// base is where the surface hangs.
const base = "/api/v1"

// call is one request to the surface.
type call struct {
	method string // GET when empty
	path   string // after /api/v1, escaped: see seg
	query  url.Values
	body   any    // sent as JSON
	key    string // Idempotency-Key
	match  string // If-Match
	file   *upload
}

// upload is a file on its way to the surface.
type upload struct {
	name    string
	content []byte
}

// seg escapes one segment of a path.
func seg(s string) string { return url.PathEscape(s) }

// get reads from the surface.
func (v *visit) get(path string, out any) error {
	_, err := v.call(call{path: path}, out)
	return err
}

// call asks the surface as the visitor and decodes a 2xx answer into out (nil to
// ignore it). Any other answer is a *problem.
func (v *visit) call(c call, out any) (http.Header, error) {
	rec, err := v.send(c)
	if err != nil {
		return nil, err
	}
	if out == nil || rec.body.Len() == 0 {
		return rec.header, nil
	}
	if err := decode(rec.body.Bytes(), out); err != nil {
		return rec.header, fmt.Errorf("portal: answer of %s: %w", c.path, err)
	}
	return rec.header, nil
}

// send is call for an answer that is not JSON.
func (v *visit) send(c call) (*recorder, error) {
	r, err := v.request(c)
	if err != nil {
		return nil, err
	}
	rec := &recorder{header: http.Header{}}
	v.p.cfg.API.ServeHTTP(rec, r)
	if rec.status/100 != 2 {
		return nil, readProblem(rec)
	}
	return rec, nil
}

// request is the visitor's request as the surface wants it.
func (v *visit) request(c call) (*http.Request, error) {
	if c.method == "" {
		c.method = http.MethodGet
	}
	body, kind, err := c.content()
	if err != nil {
		return nil, err
	}
	to := base + c.path
	if len(c.query) > 0 {
		to += "?" + c.query.Encode()
	}
	r, err := http.NewRequestWithContext(v.r.Context(), c.method, to, body)
	if err != nil {
		return nil, err
	}
	r.RequestURI = to
	r.RemoteAddr = v.r.RemoteAddr // limits count by address
	set := func(name, value string) {
		if value != "" {
			r.Header.Set(name, value)
		}
	}
	set("Content-Type", kind)
	set("Accept-Language", v.lang)
	set("Idempotency-Key", c.key)
	set("If-Match", c.match)
	set("traceparent", "00-"+v.trace+"-"+randomHex(8)+"-01")
	if v.token != "" {
		set("Authorization", "Bearer "+v.token)
	}
	return r, nil
}

// content is the body of a call and its type.
func (c call) content() (io.Reader, string, error) {
	switch {
	case c.file != nil:
		var b bytes.Buffer
		w := multipart.NewWriter(&b)
		part, err := w.CreateFormFile("file", c.file.name)
		if err != nil {
			return nil, "", err
		}
		if _, err := part.Write(c.file.content); err != nil {
			return nil, "", err
		}
		return &b, w.FormDataContentType(), w.Close()
	case c.body != nil:
		b, err := json.Marshal(c.body)
		return bytes.NewReader(b), "application/json", err
	}
	return http.NoBody, "", nil
}

// decode reads JSON; numbers keep their digits.
func decode(b []byte, out any) error {
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	return d.Decode(out)
}

// recorder keeps an answer of the surface.
type recorder struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (r *recorder) Header() http.Header { return r.header }

func (r *recorder) WriteHeader(status int) {
	if r.status == 0 {
		r.status = status
	}
}

func (r *recorder) Write(b []byte) (int, error) {
	r.WriteHeader(http.StatusOK)
	return r.body.Write(b)
}
