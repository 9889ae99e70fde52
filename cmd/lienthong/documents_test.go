package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
)

// documents are what people read of the project, by file.
func documents(t *testing.T) map[string]string {
	t.Helper()
	files, err := filepath.Glob("../../docs/*.md")
	if err != nil || len(files) == 0 {
		t.Fatalf("no documents: %v", err)
	}
	out := map[string]string{}
	for _, f := range append(files, "../../README.md", "../../CHANGELOG.md") {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		out[f] = string(b)
	}
	return out
}

// Every file that a document links to exists.
func TestDocumentedLinksLead(t *testing.T) {
	link := regexp.MustCompile(`\]\(([^)#]+)`)
	for f, text := range documents(t) {
		for _, m := range link.FindAllStringSubmatch(text, -1) {
			if strings.Contains(m[1], "://") {
				continue
			}
			if _, err := os.Stat(filepath.Join(filepath.Dir(f), m[1])); err != nil {
				t.Errorf("%s links to %s, which is not there", f, m[1])
			}
		}
	}
}

// Every test that a document names exists, in the folder that stands before it where one
// does; and of every invariant one is named.
func TestDocumentedTestsExist(t *testing.T) {
	where, declared := map[string][]string{}, regexp.MustCompile(`(?m)^func (Test\w+)\(`)
	err := filepath.WalkDir("../..", func(path string, e fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		b, err := os.ReadFile(path)
		for _, m := range declared.FindAllStringSubmatch(string(b), -1) {
			where[m[1]] = append(where[m[1]], strings.TrimPrefix(filepath.ToSlash(filepath.Dir(path)), "../../"))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	quoted, invariant, named := regexp.MustCompile("`([\\w/]+)(…?)`"), regexp.MustCompile(`^\| \d+ \|`), 0
	for f, text := range documents(t) {
		for line := range strings.Lines(text) {
			dir, tests := "", 0
			for _, m := range quoted.FindAllStringSubmatch(line, -1) {
				if !strings.HasPrefix(m[1], "Test") {
					if info, err := os.Stat("../../" + m[1]); err == nil && info.IsDir() {
						dir = m[1]
					}
					continue
				}
				tests++
				dirs, known := where[m[1]]
				if !known && m[2] == "" || dir != "" && known && !slices.Contains(dirs, dir) {
					t.Errorf("%s: there is no %s in %q", filepath.Base(f), m[1], dir)
				}
			}
			if filepath.Base(f) == "architecture.md" && invariant.MatchString(line) {
				if named++; tests == 0 {
					t.Errorf("no test watches %s", line)
				}
			}
		}
	}
	if named != 10 {
		t.Errorf("%d invariants are told of", named)
	}
}

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
	seen := 0
	for f, text := range documents(t) {
		for _, line := range commandsOf(text) {
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

// flagsOf are all flags below a verb, with their defaults.
func flagsOf(n *kong.Node, into map[string][]string) map[string][]string {
	for _, f := range n.Flags {
		into["--"+f.Name] = append(into["--"+f.Name], f.Default)
	}
	for _, c := range n.Children {
		flagsOf(c, into)
	}
	return into
}

// Every flag that a document speaks of is one, and what it says that a flag is without
// being given is so.
func TestDocumentedFlagsAreKnown(t *testing.T) {
	parser, err := kong.New(&commands{})
	if err != nil {
		t.Fatal(err)
	}
	flags := flagsOf(parser.Model.Node, map[string][]string{"--help": nil})
	spans, flag := regexp.MustCompile("`[^`]+`"), regexp.MustCompile(`(?:^|[ \[`+"`"+`])(--[a-z][a-z-]*)(…?)`)
	row := regexp.MustCompile("(?m)^\\| `(--[a-z-]+)` \\| ([0-9]+[a-z]+) \\|")
	defaults := 0
	for f, text := range documents(t) {
		for _, span := range spans.FindAllString(strings.ReplaceAll(text, "```", "`"), -1) {
			if strings.Contains(span, "strace") || strings.Contains(span, "/usr/bin/time") {
				continue
			}
			for _, m := range flag.FindAllStringSubmatch(span, -1) {
				if _, known := flags[m[1]]; !known && m[2] == "" {
					t.Errorf("%s: %s: no verb has %s", filepath.Base(f), span, m[1])
				}
			}
		}
		for _, m := range row.FindAllStringSubmatch(text, -1) {
			defaults++
			if !slices.Contains(flags[m[1]], m[2]) {
				t.Errorf("%s: %s is %s without being given, and not %s", filepath.Base(f), m[1], flags[m[1]], m[2])
			}
		}
	}
	if defaults < 5 {
		t.Errorf("only %d defaults were found", defaults)
	}
}
