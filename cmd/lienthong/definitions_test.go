package main

import (
	"strings"
	"testing"
)

func TestDiffInWords(t *testing.T) {
	code, out, errs := lienthong(t, "diff", "birth@2024-07-01", "birth@2026-09-01")
	if code != 0 || !strings.Contains(out, "services/birth-b4.yaml:58:3: Thêm bước “Thẻ căn cước” (identity).") {
		t.Fatalf("exit %d: %s%s", code, out, errs)
	}
	code, out, errs = lienthong(t, "--json", "diff", "birth", "--dir", "../../workflows", "--to", "../../workflows")
	if code != 0 || !strings.Contains(out, `"differences": []`) && !strings.Contains(out, `"differences":[]`) {
		t.Fatalf("exit %d: %s%s", code, out, errs)
	}
	if code, _, errs := lienthong(t, "diff", "birth@1999", "birth"); code != 1 || !strings.Contains(errs, "birth@2026-09-01") {
		t.Fatalf("exit %d: %s", code, errs)
	}
}
