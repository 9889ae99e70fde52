package main

import (
	"encoding/json"
	"strings"
	"testing"
)

// TestBenchTellsAProgram: the figures come as one JSON object, and as text.
func TestBenchTellsAProgram(t *testing.T) {
	args := []string{"bench", "--cases", "3", "--drivers", "2", "--dir", t.TempDir()}
	code, out, errs := lienthong(t, append([]string{"--json"}, args...)...)
	if code != 0 {
		t.Fatalf("exit %d: %s", code, errs)
	}
	var r struct {
		Cases, Entries float64
		Approval       struct{ P50, P99 float64 } `json:"approval_ms"`
		All            []any
	}
	if err := json.Unmarshal([]byte(out), &r); err != nil {
		t.Fatal(err)
	}
	if r.Cases != 3 || r.Entries != 54 || r.Approval.P50 <= 0 || r.Approval.P99 < r.Approval.P50 || len(r.All) != 1 {
		t.Errorf("report %s", out)
	}
	code, out, errs = lienthong(t, append(args, "--store", "memory")...)
	if code != 0 || !strings.Contains(out, "hồ sơ/giây") || !strings.Contains(out, "kho memory") {
		t.Errorf("exit %d: %s%s", code, out, errs)
	}
	code, out, errs = lienthong(t, append(args, "--store", "memory", "--lang", "en")...)
	if code != 0 || !strings.Contains(out, "cases/s") || !strings.Contains(out, "store memory") {
		t.Errorf("exit %d: %s%s", code, out, errs)
	}
	if code, _, errs := lienthong(t, "bench", "--drivers", "0", "--store", "memory", "--ceiling"); code != 2 || !strings.Contains(errs, "SQLite") {
		t.Errorf("exit %d: %s", code, errs)
	}
}
