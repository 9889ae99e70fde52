package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"lienthong/engine/verify"
)

func TestCheckOfTheBuiltInDefinitions(t *testing.T) {
	var out, errs bytes.Buffer
	if code := run([]string{"check", "--service", "birth", "--json"}, &out, &errs); code != 0 {
		t.Fatalf("exit %d: %s %s", code, out.String(), errs.String())
	}
	var r verify.Report
	if err := json.Unmarshal(out.Bytes(), &r); err != nil {
		t.Fatal(err)
	}
	if !r.Good() || len(r.Services) < 2 || r.States < 1000 {
		t.Errorf("%d services, %d states, findings %v", len(r.Services), r.States, r.Findings)
	}
}

func TestCheckOfAFolder(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "procedures", "x.yaml")
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte("procedure: x\nstates: [\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	var out, errs bytes.Buffer
	if code := run([]string{"check", "--lang", "en", dir}, &out, &errs); code != 1 || !strings.Contains(out.String(), "procedures/x.yaml:2:") {
		t.Errorf("exit %d: %s %s", code, out.String(), errs.String())
	}
	if code := run([]string{"check", filepath.Join(dir, "nowhere")}, &out, &errs); code != 2 {
		t.Errorf("exit %d for a folder that is not there", code)
	}
}
