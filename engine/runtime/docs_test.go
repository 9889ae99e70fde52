package runtime_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// Every row of the failure matrix names tests, and they exist.
func TestFailureMatrixNamesTests(t *testing.T) {
	const root = "../.."
	doc, err := os.ReadFile(filepath.Join(root, "docs", "failures.md"))
	if err != nil {
		t.Fatal(err)
	}
	sources := map[string]string{}
	source := func(dir string) string {
		if s, ok := sources[dir]; ok {
			return s
		}
		files, err := fs.Glob(os.DirFS(root), dir+"/*.go")
		if err != nil || len(files) == 0 {
			t.Fatalf("no folder %s: %v", dir, err)
		}
		var b strings.Builder
		for _, f := range files {
			raw, err := os.ReadFile(filepath.Join(root, f))
			if err != nil {
				t.Fatal(err)
			}
			b.Write(raw)
		}
		sources[dir] = b.String()
		return sources[dir]
	}
	quoted := regexp.MustCompile("`([^`]+)`")
	rows := 0
	for line := range strings.Lines(string(doc)) {
		cells := strings.Split(strings.TrimSpace(line), " | ")
		if len(cells) != 4 || strings.HasPrefix(line, "| what") {
			continue
		}
		rows++
		dir, tests := "", 0
		for _, m := range quoted.FindAllStringSubmatch(cells[3], -1) {
			name := m[1]
			switch {
			case strings.HasPrefix(name, "Test"):
				tests++
				if !strings.Contains(source(dir), "func "+name+"(t *testing.T)") {
					t.Errorf("%s: %s has no %s", cells[0], dir, name)
				}
			case dir == "store/storetest" && !strings.Contains(name, "/") && name != "engine" && name != "agencies":
				tests++
				if !strings.Contains(source(dir), `t.Run("`+name+`"`) {
					t.Errorf("%s: %s has no %q", cells[0], dir, name)
				}
			default:
				dir = name
			}
		}
		if tests == 0 {
			t.Errorf("no test for: %s", cells[0])
		}
	}
	if rows < 40 {
		t.Errorf("%d rows were read", rows)
	}
}
