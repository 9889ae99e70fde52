package api

import (
	"bytes"
	"encoding/json"
	"fmt"
)

func init() { marshalled = asEncodingJSON }

// asEncodingJSON panics when an answer is not what encoding/json makes of it. The
// recovery answers 500 then, whatever a test wanted.
func asEncodingJSON(v any, b []byte) {
	var want bytes.Buffer
	enc := json.NewEncoder(&want)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil || !bytes.Equal(want.Bytes(), b) {
		panic(fmt.Sprintf("%T is written as\n%s\nwant (%v)\n%s", v, b, err, &want))
	}
}

// Unwatched lets answers go without a look at them, for benchmarks.
func Unwatched() { marshalled = nil }

// HashWith hashes with fewer rounds, so that tests are quick.
var HashWith = hashWith

// Routes lists what is served as "METHOD /path/:param".
func (s *Server) Routes() []string {
	var out []string
	for _, r := range s.engine.Routes() {
		out = append(out, r.Method+" "+r.Path)
	}
	return out
}

// Waiting is how many filings wait for their turn.
func (s *Server) Waiting() int { return int(s.filings.waiting.Load()) }
