package verify_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/goccy/go-yaml"

	"lienthong/engine/machine"
	"lienthong/engine/verify"
)

// update writes what was found into the fixtures, to be read and judged.
var update = flag.Bool("update", false, "write what is found into testdata/broken")

// broken is the base set with one thing wrong, and what must be found.
type broken struct {
	About     string              `yaml:"about"`
	Staff     map[string][]string `yaml:"staff,omitempty"`
	MaxStates int                 `yaml:"max_states,omitempty"`
	Edits     []edit              `yaml:"edits,omitempty"`
	Found     []found             `yaml:"found"`
}

type edit struct {
	File string `yaml:"file"`
	Old  string `yaml:"old"`
	New  string `yaml:"new"`
}

type found struct {
	Code   string   `yaml:"code"`
	At     string   `yaml:"at"`
	Step   string   `yaml:"step,omitempty"`
	Says   string   `yaml:"says"`
	Played string   `yaml:"played,omitempty"`
	Story  []string `yaml:"story,omitempty"`
}

// TestTheCoreNeverLeavesTheGraphOfFixtures: the graph holds what the core does where
// the definitions are wrong, too. What a walk may run into there (a step that waits
// for nothing) is what the fixture is about, so only the graph is looked at.
func TestTheCoreNeverLeavesTheGraphOfFixtures(t *testing.T) {
	files, err := filepath.Glob("testdata/broken/*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	walked := 0
	for _, file := range append(files, "base") {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".yaml"), func(t *testing.T) {
			set := verify.Base(t)
			if file != "base" {
				set, _ = readBroken(t, file)
			}
			loaded, err := machine.Load(set)
			if err != nil {
				t.Skip("does not load")
			}
			walked++
			if n := verify.WalkTheCore(t, loaded, file != "base", 100); n < 100 {
				t.Errorf("only %d entries", n)
			}
		})
	}
	if walked < 25 {
		t.Errorf("only %d fixtures load", walked)
	}
}

func TestBaseIsProven(t *testing.T) {
	r, err := verify.CheckFS(t.Context(), verify.Base(t), verify.Options{Staff: map[string][]string{
		"hall": {"reception", "officer", "leader"}, "police": {"officer", "leader"}}})
	if err != nil || !r.Good() || len(r.Findings) > 0 {
		t.Errorf("%v %+v", err, r)
	}
}

// TestBrokenDefinitionsAreCaught: every seeded defect is found at its place, with
// the shortest story that leads there, and with nothing else beside it than what
// follows from it.
func TestBrokenDefinitionsAreCaught(t *testing.T) {
	files, err := filepath.Glob("testdata/broken/*.yaml")
	if err != nil || len(files) < 30 {
		t.Fatalf("%d fixtures: %v", len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".yaml"), func(t *testing.T) {
			set, b := readBroken(t, file)
			begin := time.Now()
			r, err := verify.CheckFS(t.Context(), set, verify.Options{Staff: b.Staff, MaxStates: b.MaxStates})
			if err != nil {
				t.Fatal(err)
			}
			if took := time.Since(begin); took > 2*time.Minute {
				t.Errorf("took %v", took)
			}
			got := summary(r)
			if *update {
				b.Found = got
				write(t, file, b)
				return
			}
			if len(b.Found) == 0 || !slices.EqualFunc(got, b.Found, same) {
				t.Errorf("%s: found\n%s\nwant\n%s", b.About, show(got), show(b.Found))
			}
			if r.Good() && r.Warnings == 0 {
				t.Error("the report is good")
			}
		})
	}
}

// Every finding of the search has a fixture that it is found in, and is told of in the
// document. Only a defect of the linking rules themselves could open a step too early.
func TestEveryFindingIsSeededAndDocumented(t *testing.T) {
	doc, err := os.ReadFile("../../docs/check.md")
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob("testdata/broken/*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	seeded := map[string]bool{"too_early": true}
	for _, file := range files {
		_, b := readBroken(t, file)
		for _, f := range b.Found {
			seeded[f.Code] = true
		}
	}
	for _, code := range verify.Codes() {
		if !seeded[code] {
			t.Errorf("no fixture has %s", code)
		}
		if !strings.Contains(string(doc), "`"+code+"`") {
			t.Errorf("docs/check.md does not tell of %s", code)
		}
	}
}

// readBroken gives a fixture and the set that it makes of the base.
func readBroken(t *testing.T, file string) (fstest.MapFS, broken) {
	var b broken
	raw, err := os.ReadFile(file)
	if err == nil {
		err = yaml.UnmarshalWithOptions(raw, &b, yaml.Strict())
	}
	if err != nil {
		t.Fatal(err)
	}
	set := verify.Base(t)
	for _, e := range b.Edits {
		s := string(set[e.File].Data)
		if strings.Count(s, e.Old) != 1 {
			t.Fatalf("%s holds %q %d times", e.File, e.Old, strings.Count(s, e.Old))
		}
		set[e.File] = &fstest.MapFile{Data: []byte(strings.Replace(s, e.Old, e.New, 1))}
	}
	return set, b
}

func summary(r verify.Report) []found {
	var out []found
	for _, f := range r.Findings {
		g := found{Code: f.Code, At: fmt.Sprintf("%s:%d:%d", f.File, f.Line, f.Column), Step: f.Step, Says: f.Message.EN, Played: f.Played}
		for _, a := range f.Story {
			g.Story = append(g.Story, a.In("en"))
		}
		out = append(out, g)
	}
	return out
}

func same(a, b found) bool { return show([]found{a}) == show([]found{b}) }

func show(fs []found) string {
	b, err := yaml.Marshal(fs)
	if err != nil {
		return err.Error()
	}
	return string(b)
}

func write(t *testing.T, file string, b broken) {
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	head, _, _ := strings.Cut(string(raw), "found:")
	tail, err := yaml.MarshalWithOptions(struct {
		Found []found `yaml:"found"`
	}{b.Found}, yaml.UseSingleQuote(true))
	if err == nil {
		err = os.WriteFile(file, append([]byte(head), tail...), 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
}
