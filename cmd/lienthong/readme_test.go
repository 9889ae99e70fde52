package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
)

// TestReadmeSpeaksTheTruth: every file that the README and the documents link to
// exists, and every verb they tell the reader to run is one.
func TestReadmeSpeaksTheTruth(t *testing.T) {
	parser, err := kong.New(&commands{})
	if err != nil {
		t.Fatal(err)
	}
	verbs := map[string]bool{}
	for _, c := range parser.Model.Children {
		verbs[c.Name] = true
	}
	files, err := filepath.Glob("../../docs/*.md")
	if err != nil || len(files) == 0 {
		t.Fatalf("no documents: %v", err)
	}
	link := regexp.MustCompile(`\]\(([^)#]+)`)
	verb := regexp.MustCompile(`cmd/lienthong ([a-z]+)`)
	for _, f := range append(files, "../../README.md", "../../CHANGELOG.md") {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range link.FindAllStringSubmatch(string(b), -1) {
			if strings.Contains(m[1], "://") {
				continue
			}
			if _, err := os.Stat(filepath.Join(filepath.Dir(f), m[1])); err != nil {
				t.Errorf("%s links to %s, which is not there", f, m[1])
			}
		}
		for _, m := range verb.FindAllStringSubmatch(string(b), -1) {
			if !verbs[m[1]] {
				t.Errorf("%s tells to run %q, which is no verb", f, m[1])
			}
		}
	}
}
