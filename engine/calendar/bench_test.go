package calendar_test

import (
	"testing"

	"lienthong/engine/calendar"
)

func BenchmarkDue(b *testing.B) {
	c := newest(b)
	start := at(b, "2026-04-24 14:59")
	for _, s := range []string{"same working day, cutoff 15:00", "3 working days", "30 days", "2 months", "8 working hours", "60 working days"} {
		l := limit(b, s)
		b.Run(s, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if c.Due(start, l).IsZero() {
					b.Fatal("no due time")
				}
			}
		})
	}
}

func BenchmarkPauseAndResume(b *testing.B) {
	c := newest(b)
	k := c.Start(at(b, "2026-04-24 09:00"), limit(b, "7 working days"))
	asked, answered := at(b, "2026-04-24 10:00"), at(b, "2026-05-04 10:00")
	b.ReportAllocs()
	for b.Loop() {
		_ = c.Enter(c.Enter(k, asked, calendar.Paused), answered, calendar.Runs)
	}
}
