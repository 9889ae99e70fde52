package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"

	"lienthong/store/sqlite"
)

// lienthong runs the command in this process.
func lienthong(t *testing.T, args ...string) (code int, out, errs string) {
	t.Helper()
	var o, e bytes.Buffer
	code = run(args, &o, &e)
	return code, o.String(), e.String()
}

func TestDemoOnceEndsAsTold(t *testing.T) {
	code, out, errs := lienthong(t, "--json", "demo", "--once", "--listen", "127.0.0.1:0")
	if code != 0 {
		t.Fatalf("exit %d: %s", code, errs)
	}
	var report struct {
		Good    bool
		Stories []struct {
			Story, Case string
			Good        bool
			Timeline    []struct{ Text string }
		}
	}
	if err := json.Unmarshal([]byte(out), &report); err != nil {
		t.Fatalf("%v in %s", err, out)
	}
	if !report.Good || len(report.Stories) != 2 {
		t.Fatalf("good %v, %d stories", report.Good, len(report.Stories))
	}
	for _, s := range report.Stories {
		if !s.Good || s.Case == "" || len(s.Timeline) < 10 {
			t.Errorf("%s: good %v, case %q, %d lines", s.Story, s.Good, s.Case, len(s.Timeline))
		}
	}
}

// TestReadmePicture: the picture in the README is what the command draws.
func TestReadmePicture(t *testing.T) {
	code, out, errs := lienthong(t, "diagram", "birth")
	if code != 0 {
		t.Fatalf("exit %d: %s", code, errs)
	}
	kept, err := os.ReadFile("../../docs/linked-birth.svg")
	if err != nil {
		t.Fatal(err)
	}
	if string(kept) != out {
		t.Error("docs/linked-birth.svg is not what `lienthong diagram birth` draws; draw it again")
	}
}

func TestAboutSaysWhichFormats(t *testing.T) {
	code, out, errs := lienthong(t, "--about")
	if want := fmt.Sprintf("formats up to %d", sqlite.Format()); code != 0 || !strings.Contains(out, want) || errs != "" {
		t.Errorf("exit %d, %q, %q; want %q", code, out, errs, want)
	}
}

func TestWrongUsageIsTwo(t *testing.T) {
	for _, args := range [][]string{{}, {"nonsense"}, {"demo", "--nonsense"}, {"diagram"}} {
		if code, _, errs := lienthong(t, args...); code != 2 || errs == "" {
			t.Errorf("%v: exit %d, message %q", args, code, errs)
		}
	}
}

func TestWhatCannotBeDoneIsOne(t *testing.T) {
	for want, args := range map[string][]string{
		"no service or procedure": {"diagram", "nobody"},
		"want sqlite:FILE":        {"serve", "--db", "oracle:x", "--secret", "s"},
		"--start":                 {"demo", "--once", "--start", "soon"},
		"main_test.go exists":     {"demo", "--once", "--lang", "en", "--db", "main_test.go"},
		"tệp mới: ":               {"demo", "--once", "--db", "main_test.go"},
	} {
		if code, _, errs := lienthong(t, args...); code != 1 || !strings.Contains(errs, want) {
			t.Errorf("%v: exit %d, message %q, want %q", args, code, errs, want)
		}
	}
}

func TestDiagramsOfEverything(t *testing.T) {
	for _, name := range []string{"birth", "death", "birth_registration", "survivor_benefit"} {
		for _, format := range []string{"svg", "mermaid", "dot"} {
			if code, out, errs := lienthong(t, "diagram", name, "--format", format, "--lang", "en"); code != 0 || len(out) < 200 {
				t.Errorf("%s as %s: exit %d, %d bytes, %s", name, format, code, len(out), errs)
			}
		}
	}
}
