package main

import (
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"lienthong/cmd/lienthong/story"
	"lienthong/cmd/lienthong/system"
	"lienthong/engine/calendar"
	"lienthong/workflows"
)

// TestAVersionFromTheCommandLine: a new version is published, made the default, and
// a running case is moved to it and back, in a database that no server has open and
// at a running server.
func TestAVersionFromTheCommandLine(t *testing.T) {
	dir := t.TempDir()
	db := filepath.Join(dir, "x.db")
	start := time.Now().In(calendar.Zone)
	open := func() *system.System {
		s, err := system.Open(t.Context(), system.Config{DB: db, Start: start, Still: true, Demo: true})
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	sys := open()
	ex, err := workflows.LoadExample("birth-b4")
	if err != nil {
		t.Fatal(err)
	}
	codes, err := (&story.Client{Base: sys.URL}).File(t.Context(), ex.Requester.ID, "birth", ex.Application)
	if err == nil {
		err = sys.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	folder := newVersion(t, dir)
	says := func(want string, args ...string) {
		t.Helper()
		code, out, errs := lienthong(t, args...)
		if code != 0 || !strings.Contains(out, want) {
			t.Fatalf("%v: exit %d, want %q in:\n%s%s", args, code, want, out, errs)
		}
	}
	at := []string{"--db", db, "--lang", "en"}
	says("birth@2026-09-02", append([]string{"definitions", "publish", folder, "--dry-run"}, at...)...)
	says("published; nobody files under it yet", append([]string{"definitions", "publish", folder}, at...)...)
	says("1 would move, 0 stay", append([]string{"migrate", "birth", "--from", "2026-09-01", "--to", "2026-09-02", "--dry-run"}, at...)...)

	sys = open() // the rest at a running server
	defer func() {
		if err := sys.Close(); err != nil {
			t.Error(err)
		}
	}()
	at = []string{"--server", sys.URL, "--lang", "en"}
	if code, _, errs := lienthong(t, "definitions", "list", "--db", db); code != 1 || errs == "" {
		t.Errorf("a database that a server has open: exit %d, %q", code, errs)
	}
	says("* birth@2026-09-01", append([]string{"definitions", "list", "birth"}, at...)...)
	says("\n    in force from 2024-07-01 until before 2026-09-01\n    published ", append([]string{"definitions", "list", "birth"}, at...)...)
	if code, _, errs := lienthong(t, append([]string{"definitions", "list", "--account", "nobody"}, at...)...); code != 1 || !strings.Contains(errs, "The account or the pass phrase is wrong.") {
		t.Errorf("nobody: exit %d, %s", code, errs)
	}
	says("* birth@2026-09-02", append([]string{"definitions", "default", "birth@2026-09-02", "--note", "a new decree"}, at...)...)
	says("by administrator: a new decree", append([]string{"definitions", "list"}, at...)...)
	move := []string{"migrate", "birth", "--from", "2026-09-01", "--to", "2026-09-02", "--reason", "a new decree"}
	says(codes[0]+": moved", append(move, at...)...)
	says("0 moved, 0 stay", append(move, at...)...)
	says(codes[0]+": under version 2026-09-01", append([]string{"revert", codes[0]}, at...)...)
	if code, _, errs := lienthong(t, append([]string{"revert", codes[0]}, at...)...); code != 1 || !strings.Contains(errs, "cannot be taken back") {
		t.Errorf("twice: exit %d, %s", code, errs)
	}

	for lang, want := range map[string]string{"vi": "Phiên bản mới không có trạng thái nowhere", "en": "the new version has no state nowhere"} { // and no case is there
		code, _, errs := lienthong(t, "migrate", "birth", "--from", "2026-09-02", "--to", "2026-09-01", "--state", "birth.submitted=nowhere", "--server", sys.URL, "--lang", lang)
		if code != 1 || !strings.Contains(errs, want) {
			t.Errorf("a state that is not there: exit %d, %s", code, errs)
		}
	}
	code, out, errs := lienthong(t, append([]string{"--json", "migrate", "birth", "--from", "2026-09-01", "--to", "2026-09-02", "--case", codes[0], "--state", "birth.submitted=signing", "--dry-run"}, at...)...)
	var all moved
	if err := json.Unmarshal([]byte(out), &all); err != nil || code != 0 || all.Refused != 1 || all.Cases[0].Refused.EN == "" {
		t.Errorf("exit %d: %v\n%s%s", code, err, out, errs)
	}
}

// newVersion is a folder with a copy of the definitions and one version more.
func newVersion(t *testing.T, dir string) string {
	t.Helper()
	b, err := fs.ReadFile(workflows.Files(), "services/birth-b4.yaml")
	if err != nil {
		t.Fatal(err)
	}
	text := strings.NewReplacer(`version: "2026-09-01"`, `version: "2026-09-02"`, `{from: "2026-09-01"}`, `{from: "2026-09-02"}`,
		"within: 3 working days, warn", "within: 2 working days, warn").Replace(string(b))
	folder := filepath.Join(dir, "next", "services")
	if err := os.MkdirAll(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	for name, b := range map[string]string{"birth-next.yaml": text, "birth-b4.yaml": string(b), "README.md": "not a definition"} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(b), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Dir(folder)
}

// TestPublishRefusesWhatIsNotGood: findings are told with their places, and
// nothing is published.
func TestPublishRefusesWhatIsNotGood(t *testing.T) {
	dir := t.TempDir()
	db := filepath.Join(dir, "x.db")
	sys, err := system.Open(t.Context(), system.Config{DB: db, Demo: true, InProcess: true})
	if err == nil {
		err = sys.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(newVersion(t, dir), "services", "birth-next.yaml")
	b, err := os.ReadFile(file)
	if err == nil {
		err = os.WriteFile(file, []byte(strings.Replace(string(b), "needs: [birth]", "needs: [brith]", 1)), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	code, out, errs := lienthong(t, "definitions", "publish", file, "--db", db, "--lang", "en")
	if code != 1 || !strings.Contains(out, "services/birth-next.yaml:") || !strings.Contains(out, "error:") {
		t.Errorf("exit %d: %s%s", code, out, errs)
	}
	if code, _, errs := lienthong(t, "definitions", "publish", dir, "--db", filepath.Join(dir, "none.db")); code != 1 || !strings.Contains(errs, "none.db") {
		t.Errorf("no database: exit %d, %s", code, errs)
	}
	if code, _, errs := lienthong(t, "definitions", "list", "--db", db, "--account", "nobody", "--lang", "en"); code != 1 || !strings.Contains(errs, "no account nobody") {
		t.Errorf("no account: exit %d, %s", code, errs)
	}
	for _, wrong := range [][]string{{"migrate", "birth", "--from", "a"}, {"definitions", "list"}, {"definitions", "list", "--db", db, "--server", "http://x"}} {
		if code, _, errs := lienthong(t, wrong...); code != 2 || errs == "" {
			t.Errorf("%v: exit %d, %s", wrong, code, errs)
		}
	}
}
