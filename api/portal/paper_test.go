package portal

import (
	"testing"
	"time"
)

// The line of the date on official papers names the place where the office sits.
func TestPlaceAndDateOnPapers(t *testing.T) {
	at := Time{time.Date(2026, 2, 3, 1, 0, 0, 0, time.UTC)}
	for place, want := range map[string]string{
		"Phường Bến Thành":      "Phường Bến Thành, ngày 03 tháng 02 năm 2026",
		"Thành phố Hà Nội":      "Hà Nội, ngày 03 tháng 02 năm 2026",
		"Tỉnh Quảng Trị":        "Quảng Trị, ngày 03 tháng 02 năm 2026",
		"Thành phố Hồ Chí Minh": "Thành phố Hồ Chí Minh, ngày 03 tháng 02 năm 2026",
		"":                      "Ngày 03 tháng 02 năm 2026",
	} {
		if got := (&office{Place: Text{VI: place}}).dated(at); got != want {
			t.Errorf("%q: %s, want %s", place, got, want)
		}
	}
	if got := (*office)(nil).dated(at); got != "Ngày 03 tháng 02 năm 2026" {
		t.Errorf("without an office: %s", got)
	}
}
