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

// A folder without definitions is not the one that was meant: nothing is called good.
func TestAFolderWithoutDefinitions(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "birth.yaml"), []byte("service: birth\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	_, db := played(t)
	for _, args := range [][]string{{"check", dir}, {"test", dir}, {"diff", "birth@2026-09-01", "--dir", "../../workflows", "--to", dir}, {"diagram", "birth", "--dir", dir},
		{"simulate", "--definitions", dir}, {"replay", "--db", db, "--against", dir}} {
		if code, out, errs := lienthong(t, append(args, "--lang", "vi")...); code != 1 || !strings.Contains(errs, "không phải thư mục định nghĩa: không có tệp nào trong services/") {
			t.Errorf("%v: exit %d, %s%s", args, code, out, errs)
		}
	}
	if err := os.Mkdir(filepath.Join(dir, "forms"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "forms", "x.yaml"), []byte("form: [\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if code, out, errs := lienthong(t, "test", dir); code != 1 || !strings.Contains(out, "YAML sai cú pháp") {
		t.Errorf("findings: exit %d, %s%s", code, out, errs)
	}
}
