package api_test

import (
	"bytes"
	"flag"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"lienthong/engine"
)

var update = flag.Bool("update", false, "write openapi.json anew")

func TestOpenAPICopyIsCurrent(t *testing.T) {
	w := newWorld(t)
	doc, err := w.server.OpenAPI()
	if err != nil {
		t.Fatal(err)
	}
	doc = append(doc, '\n')
	if *update {
		if err := os.WriteFile("openapi.json", doc, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	kept, err := os.ReadFile("openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(kept, doc) {
		t.Error("openapi.json differs from the routes: run go test ./api -run OpenAPICopy -update, and look at the difference")
	}
}

// documented lists the operations of the document that is served.
func documented(w *world) []string {
	a := w.send("", "GET", "/openapi.json", nil).want(200)
	if a.str("openapi") != "3.1.0" {
		w.t.Errorf("openapi %q", a.str("openapi"))
	}
	var out []string
	for path, item := range a.get("paths").(map[string]any) {
		for method := range item.(map[string]any) {
			out = append(out, strings.ToUpper(method)+" "+path)
		}
	}
	slices.Sort(out)
	return out
}

func TestEveryRouteIsDocumentedAndAnswers(t *testing.T) {
	w := newWorld(t)
	docs := documented(w)
	var routes []string
	param := regexp.MustCompile(`:([a-z]+)`)
	for _, r := range w.server.Routes() {
		if r != "GET /openapi.json" {
			routes = append(routes, param.ReplaceAllString(r, "{$1}"))
		}
	}
	slices.Sort(routes)
	if !slices.Equal(docs, routes) {
		t.Errorf("documented %v\nrouted %v", docs, routes)
	}
	braces := regexp.MustCompile(`\{[a-z]+\}`)
	for _, d := range docs {
		method, path, _ := strings.Cut(d, " ")
		a := w.send("", method, braces.ReplaceAllString(path, "x"), nil)
		// Without a session everything but the public operations says 401; a path that
		// nobody serves would say 404 with no operation behind it.
		public := strings.Contains(path, "/services") || strings.Contains(path, "/results/") || !strings.HasPrefix(path, "/api") || d == "POST /api/v1/sessions" || strings.HasSuffix(path, "/replies") ||
			strings.HasSuffix(path, "/places") || strings.Contains(path, "/forms/") || strings.HasSuffix(path, "/demo/accounts")
		private := strings.HasSuffix(path, "/prefill") || strings.HasSuffix(path, "/check")
		switch {
		case a.status == http.StatusMethodNotAllowed, a.status >= 500:
			t.Errorf("%s: %d %s", d, a.status, a.raw)
		case (!public || private) && a.status != http.StatusUnauthorized:
			t.Errorf("%s without a session: %d", d, a.status)
		}
	}
}

func TestDocumentNamesCallersAndProblems(t *testing.T) {
	w := newWorld(t)
	a := w.send("", "GET", "/openapi.json", nil).want(200)
	for path, item := range a.get("paths").(map[string]any) {
		for method, op := range item.(map[string]any) {
			if engine.At(op, "x-callers") == nil || engine.Str(op, "summary") == "" || engine.Str(op, "operationId") == "" {
				t.Errorf("%s %s is not described", method, path)
			}
		}
	}
	if strings.Contains(string(a.raw), "ErrorModel") {
		t.Error("huma's own error model is in the document")
	}
}
