package api_test

import (
	"bytes"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"lienthong/engine"
)

// contract is what openapi.json promises to clients: which statuses an operation answers
// with, and of what shape. Every answer of this package's tests is held to it.
type contract struct {
	paths   map[string]any // by template
	mu      sync.Mutex
	schemas *jsonschema.Compiler
	known   map[string]*jsonschema.Schema // by pointer into the document
}

const contractURL = "file:///openapi.json"

var promised = sync.OnceValues(func() (*contract, error) {
	raw, err := os.ReadFile("openapi.json")
	if err != nil {
		return nil, err
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
	if err != nil {
		return nil, err
	}
	c := &contract{schemas: jsonschema.NewCompiler(), known: map[string]*jsonschema.Schema{}}
	c.schemas.AssertFormat()
	c.paths, _ = doc.(map[string]any)["paths"].(map[string]any)
	return c, c.schemas.AddResource(contractURL, doc)
})

// template is the documented path that a request's path is one of; "" = none.
func (c *contract) template(path string) string {
	got := strings.Split(path, "/")
	best := ""
	for _, t := range slices.Sorted(maps.Keys(c.paths)) {
		want := strings.Split(t, "/")
		fits := len(want) == len(got)
		for i := 0; fits && i < len(want); i++ {
			fits = want[i] == got[i] || strings.HasPrefix(want[i], "{")
		}
		if fits && (best == "" || strings.Count(t, "{") < strings.Count(best, "{")) {
			best = t
		}
	}
	return best
}

// schema is that of a place in the document.
func (c *contract) schema(tokens ...string) (*jsonschema.Schema, error) {
	var p strings.Builder
	for _, t := range tokens {
		p.WriteString("/" + url.PathEscape(strings.NewReplacer("~", "~0", "/", "~1").Replace(t)))
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if s := c.known[p.String()]; s != nil {
		return s, nil
	}
	s, err := c.schemas.Compile(contractURL + "#" + p.String())
	if err == nil {
		c.known[p.String()] = s
	}
	return s, err
}

// keepsPromise holds an answer to the document.
func keepsPromise(t testing.TB, method, path string, rec *httptest.ResponseRecorder) {
	t.Helper()
	c, err := promised()
	if err != nil {
		t.Fatal(err)
	}
	path, _, _ = strings.Cut(path, "?")
	at := c.template(path)
	verb, status := strings.ToLower(method), strconv.Itoa(rec.Code)
	op := engine.At(c.paths[at], verb)
	if op == nil {
		if at != "" && rec.Code != http.StatusMethodNotAllowed || at == "" && rec.Code != http.StatusNotFound && path != "/openapi.json" {
			t.Errorf("%s %s is not in openapi.json and was answered %s", method, path, status)
		}
		return
	}
	response := engine.At(op, "responses", status)
	if response == nil {
		t.Errorf("%s %s: openapi.json does not know the answer %s: %.300s", method, at, status, rec.Body)
		return
	}
	if (rec.Code == http.StatusTooManyRequests || rec.Code == http.StatusServiceUnavailable) && rec.Header().Get("Retry-After") == "" {
		t.Errorf("%s %s, answer %s: it does not say when to come back", method, path, status)
	}
	kind, _, _ := strings.Cut(rec.Header().Get("Content-Type"), ";")
	content := engine.At(response, "content")
	if rec.Body.Len() == 0 && content == nil {
		return
	}
	if engine.At(content, kind) == nil {
		t.Errorf("%s %s: openapi.json does not know %q with the answer %s", method, at, kind, status)
		return
	}
	if !strings.HasSuffix(kind, "json") {
		return
	}
	s, err := c.schema("paths", at, verb, "responses", status, "content", kind, "schema")
	if err != nil {
		t.Fatal(err)
	}
	body, err := jsonschema.UnmarshalJSON(bytes.NewReader(rec.Body.Bytes()))
	if err == nil {
		err = s.Validate(body)
	}
	if err != nil {
		t.Errorf("%s %s, answer %s: %v\n%.500s", method, at, status, err, rec.Body)
	}
}
