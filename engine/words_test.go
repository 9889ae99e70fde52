package engine_test

import (
	"testing"
	"time"

	"lienthong/engine"
)

func TestGrouped(t *testing.T) {
	for n, want := range map[int64]string{0: "0", 999: "999", -999: "-999", 1000: "1.000", -123456: "-123.456", 1234567: "1.234.567", -1234567: "-1.234.567"} {
		if got := engine.Grouped(n, "."); got != want {
			t.Errorf("%d is written %s", n, got)
		}
	}
}

func TestTimeIn(t *testing.T) {
	at := time.Date(2026, 9, 7, 18, 30, 0, 0, time.UTC)
	if vi, en := engine.TimeIn("vi", at), engine.TimeIn("en", at); vi != "01:30 ngày 08/09/2026" || en != "01:30 on 08/09/2026" {
		t.Errorf("%q, %q", vi, en)
	}
}
