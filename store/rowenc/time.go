package rowenc

import (
	"math"
	"time"
)

// Micros is a time as a column holds it: microseconds since 1970 UTC, 0 = none.
func Micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

// Time is the inverse of Micros, in UTC.
func Time(us int64) time.Time {
	if us == 0 {
		return time.Time{}
	}
	return time.UnixMicro(us).UTC()
}

// Trim gives a time the precision and the zone of a column.
func Trim(t time.Time) time.Time { return Time(Micros(t)) }

// Never sorts after every due time: the urgency of what has none.
const Never = math.MaxInt64

// Urgency is a due time as a sort key: most urgent first, without due time last.
func Urgency(due time.Time) int64 {
	if due.IsZero() {
		return Never
	}
	return due.UnixMicro()
}
