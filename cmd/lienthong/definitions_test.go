package main

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

func TestDiffInWords(t *testing.T) {
	b, err := os.ReadFile("../../workflows/services/birth-b4.yaml")
	if err != nil {
		t.Fatal(err)
	}
	before, _, _ := strings.Cut(string(b), "\n  identity:")
	added := fmt.Sprintf("services/birth-b4.yaml:%d:3: Thêm bước “Thẻ căn cước” (identity).", strings.Count(before, "\n")+2)
	code, out, errs := lienthong(t, "diff", "birth@2024-07-01", "birth@2026-09-01")
	if code != 0 || !strings.Contains(out, added) {
		t.Fatalf("exit %d: %s%s", code, out, errs)
	}
	code, out, errs = lienthong(t, "--json", "diff", "birth", "--dir", "../../workflows", "--to", "../../workflows")
	if code != 0 || !strings.Contains(out, `"differences": []`) && !strings.Contains(out, `"differences":[]`) {
		t.Fatalf("exit %d: %s%s", code, out, errs)
	}
	if code, _, errs := lienthong(t, "diff", "birth@1999", "birth"); code != 1 || !strings.Contains(errs, "birth@2026-09-01") {
		t.Fatalf("exit %d: %s", code, errs)
	}
	for _, same := range [][]string{{"birth@2026-09-01"}, {"birth@2026-09-01", "birth@2026-09-01"}, {"birth", "--dir", "../../workflows"}} {
		if code, _, errs := lienthong(t, append([]string{"diff"}, same...)...); code != 2 || !strings.Contains(errs, "want two versions") {
			t.Errorf("%v: exit %d, %s", same, code, errs)
		}
	}
}
