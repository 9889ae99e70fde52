package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestImportDigitWritesWhatDiagramDraws(t *testing.T) {
	dir := t.TempDir()
	for range 2 { // again is no conflict
		code, out, errs := lienthong(t, "import", "digit", "--lang", "en", "../../workflows/digit/testdata/PGR.json", "--out", dir)
		if code != 0 || !strings.Contains(out, "PGR → pgr: 9 states, 20 transitions") || !strings.Contains(out, "PGR.json:360:3: warning: Nothing leads to RESOLVEDBYSUPERVISOR") {
			t.Fatalf("exit %d: %s %s", code, out, errs)
		}
	}
	if code, out, errs := lienthong(t, "diagram", "--dir", dir, "pgr"); code != 0 || !strings.Contains(out, ">thử nghiệm<") {
		t.Fatalf("exit %d: %s", code, errs)
	}
	mine := filepath.Join(dir, "procedures", "pgr.yaml")
	if err := os.WriteFile(mine, []byte("# mended by hand\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if code, _, errs := lienthong(t, "import", "digit", "--lang", "en", "../../workflows/digit/testdata/PGR.json", "--out", dir); code != 1 || !strings.Contains(errs, "--force") {
		t.Fatalf("a file of somebody's was replaced: exit %d: %s", code, errs)
	}
}

func TestImportDigitOfNothingIsNotGood(t *testing.T) {
	f := filepath.Join(t.TempDir(), "x.json")
	if err := os.WriteFile(f, []byte(`{"states":`), 0o644); err != nil {
		t.Fatal(err)
	}
	code, out, _ := lienthong(t, "import", "digit", "--lang", "en", f)
	if code != 1 || !strings.Contains(out, ":1:11: error: Not valid JSON") {
		t.Fatalf("exit %d: %s", code, out)
	}
}
