package engine

import (
	"strconv"
	"time"

	"lienthong/engine/calendar"
)

// Grouped writes a whole number in groups of three, such as 1.234.567.
func Grouped(n int64, sep string) string {
	s := strconv.FormatInt(n, 10)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + sep + s[i:]
	}
	return s
}

// TimeIn writes an instant as people here do: 17:00 ngày 07/09/2026.
func TimeIn(lang string, t time.Time) string {
	t = t.In(calendar.Zone)
	if lang == "en" {
		return t.Format("15:04 on 02/01/2006")
	}
	return t.Format("15:04") + " ngày " + t.Format("02/01/2006")
}
