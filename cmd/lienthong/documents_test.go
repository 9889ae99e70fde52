package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
)

// commandsOf are the lines of a document that somebody would type: those of its blocks
// and the spans between backquotes.
func commandsOf(text string) (out []string) {
	block := false
	spans := regexp.MustCompile("`((?:go run ./cmd/)?lienthong [^`]+)`")
	for _, line := range strings.Split(text, "\n") {
		if strings.HasPrefix(line, "```") {
			block = !block
			continue
		}
		if !block {
			for _, m := range spans.FindAllStringSubmatch(line, -1) {
				out = append(out, m[1])
			}
			continue
		}
		line, _, _ = strings.Cut(strings.TrimSpace(line), " #")
		if strings.HasPrefix(line, "lienthong ") || strings.HasPrefix(line, "go run ./cmd/lienthong ") {
			out = append(out, line)
		}
	}
	return out
}

// wrongIn names the first word of a command line that the program does not know.
func wrongIn(app *kong.Application, line string) string {
	line = strings.TrimPrefix(strings.TrimPrefix(line, "go run ./cmd/"), "lienthong ")
	at := app.Node
	for i, w := range strings.Fields(strings.NewReplacer("[", " ", "]", " ", `\|`, " ").Replace(line)) {
		if w, _, _ = strings.Cut(w, "="); w == "--help" || w == "-h" {
			continue
		}
		if strings.HasPrefix(w, "-") {
			if !knows(at, w) {
				return w
			}
			continue
		}
		below := len(at.Children) > 0
		for _, c := range at.Children {
			if c.Name == w {
				at = c
			}
		}
		if below && at.Name != w && i == 0 {
			return w
		}
	}
	return ""
}

// knows tells whether a verb, one above it or the one that stands in for its name has a flag.
func knows(n *kong.Node, w string) bool {
	all := n.AllFlags(false)
	if n.DefaultCmd != nil {
		all = append(all, n.DefaultCmd.AllFlags(false)...)
	}
	for _, group := range all {
		for _, f := range group {
			if w == "--"+f.Name || f.Short != 0 && w == "-"+string(f.Short) {
				return true
			}
		}
	}
	return false
}

// Every command that a document prints is a verb with flags that it has.
func TestDocumentedCommandsAreKnown(t *testing.T) {
	parser, err := kong.New(&commands{})
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob("../../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for _, f := range append(files, "../../README.md") {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for _, line := range commandsOf(string(b)) {
			seen++
			if w := wrongIn(parser.Model, line); w != "" {
				t.Errorf("%s: %s: there is no %s", filepath.Base(f), line, w)
			}
		}
	}
	if seen < 60 {
		t.Errorf("only %d commands were found", seen)
	}
	for line, want := range map[string]string{"lienthong verfy": "verfy", "lienthong verify --db x --agianst y": "--agianst", "lienthong import digit X --form y": "--form", "lienthong bench --drivers 3 --open 4": "--open"} {
		if got := wrongIn(parser.Model, line); got != want {
			t.Errorf("%s: %q is wrong, want %q", line, got, want)
		}
	}
}
