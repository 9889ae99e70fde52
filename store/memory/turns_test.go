package memory

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// TestTurns: what is due is found once, whatever was pushed before, and nothing that is
// out of date.
func TestTurns(t *testing.T) {
	draw := rand.New(rand.NewPCG(1, 2))
	var q turns[int]
	at := map[int]int64{}
	is := func(k int) (int64, bool) { v, ok := at[k]; return v, ok }
	for range 2000 {
		k, now := draw.IntN(40), draw.Int64N(100)
		switch draw.IntN(4) {
		case 0:
			delete(at, k)
		default:
			if v := draw.Int64N(100); at[k] != v || v == 0 {
				at[k] = v
				q.push(v, k)
			}
		}
		var want []int
		first := int64(-1)
		for k, v := range at {
			if v <= now {
				want = append(want, k)
			}
			if first < 0 || v < first {
				first = v
			}
		}
		got := q.due(now, is)
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Fatalf("due at %d: %v, want %v", now, got, want)
		}
		if v, ok := q.first(is); ok != (len(at) > 0) || ok && v != first {
			t.Fatalf("first: %d %v, want %d", v, ok, first)
		}
	}
}
