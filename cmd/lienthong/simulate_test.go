package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestSimulate(t *testing.T) {
	dir := t.TempDir()
	plan, page, kept := filepath.Join(dir, "leave.yaml"), filepath.Join(dir, "report.html"), filepath.Join(dir, "kept.json")
	leave := "name: {vi: Nghỉ phép, en: On leave}\nclerks:\n  leave:\n    - {office: civil_status, role: officer, people: 2, from: 2026-09-08, to: 2026-09-10}\n"
	if err := os.WriteFile(plan, []byte(leave), 0o600); err != nil {
		t.Fatal(err)
	}
	var out, errs bytes.Buffer
	if code := run([]string{"simulate", "--cases", "15", "--days", "6", "--compare", plan, "--html", page, "--write", kept, "--lang", "en"}, &out, &errs); code != 0 {
		t.Fatalf("exit %d: %s%s", code, out.String(), errs.String())
	}
	if s := out.String(); strings.Count(s, "Every invariant held") != 2 || !strings.Contains(s, "B. On leave") {
		t.Error(s)
	}
	if b, err := os.ReadFile(page); err != nil || !bytes.Contains(b, []byte("B. On leave")) {
		t.Errorf("%v: %.200s", err, b)
	}
	var again struct {
		Good   bool
		Forms  int
		Counts struct{ Entries int }
	}
	out.Reset()
	if code := run([]string{"--json", "simulate", "--fixture", kept, "--store", "sqlite"}, &out, &errs); code != 0 || json.Unmarshal(out.Bytes(), &again) != nil || !again.Good || again.Forms != 15 || again.Counts.Entries == 0 {
		t.Errorf("exit %d: %s%s", code, out.String(), errs.String())
	}
	if err := os.WriteFile(plan, []byte("citizens:\n  silent: often\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"--plan", plan}, {"--faults", filepath.Join(dir, "none.yaml")}, {"--definitions", dir}, {"--cases", "0"}} {
		errs.Reset()
		if code := run(append([]string{"simulate", "--days", "2"}, args...), &out, &errs); code == 0 || errs.Len() == 0 {
			t.Errorf("%v: exit %d, %s", args, code, errs.String())
		}
		if args[0] == "--plan" && !strings.Contains(errs.String(), "leave.yaml:2:11: ") {
			t.Errorf("the plan's mistake has no place: %s", errs.String())
		}
	}
}
