package api

import (
	"io"
	"net/http"
	"strconv"
	"sync"

	"lienthong/engine/appendjson"
)

// marshal writes an answer and its length: one write, not chunks.
func marshal(w io.Writer, v any) error {
	buf := buffers.Get().(*[]byte)
	defer buffers.Put(buf)
	b, err := appendjson.Plain((*buf)[:0], v)
	if err != nil {
		return err
	}
	b = append(b, '\n')
	if *buf = b; cap(b) > maxBody { // a rare large answer must not be kept
		*buf = nil
	}
	if h, ok := w.(http.ResponseWriter); ok {
		h.Header().Set("Content-Length", strconv.Itoa(len(b)))
	}
	if marshalled != nil {
		marshalled(v, b)
	}
	_, err = w.Write(b)
	return err
}

var (
	buffers    = sync.Pool{New: func() any { return new([]byte) }}
	marshalled func(v any, b []byte) // tests look at every answer
)
