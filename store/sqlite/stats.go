package sqlite

import (
	"slices"
	"sync/atomic"
	"time"
)

// Stats is what the writer has done since Open.
type Stats struct {
	Commits int64         // transactions
	Calls   int64         // that they held, the refused ones among them
	Entries int64         // of history that they held
	Swift   int64         // Appends that were written without reading first
	Careful int64         // Appends that were not, the refused ones among them
	Waiting int           // calls in the queue now, and …
	Queued  int           // … their bytes
	Bytes   int64         // of the large values that the calls brought
	Took    time.Duration // by all transactions, from beginning to durable
	// Within counts the transactions that took no longer than the bound of the same
	// place in [Bounds].
	Within []int64
}

// Bounds of Stats.Within, ascending.
var Bounds = []time.Duration{time.Millisecond, 2 * time.Millisecond, 5 * time.Millisecond, 10 * time.Millisecond, 20 * time.Millisecond,
	50 * time.Millisecond, 100 * time.Millisecond, 200 * time.Millisecond, 500 * time.Millisecond, time.Second, 5 * time.Second}

// counters are Stats while they grow.
type counters struct {
	commits, calls, entries, bytes, took, swift, careful atomic.Int64
	in                                                   [16]atomic.Int64 // per bound, and one beyond the last
}

// add counts one transaction that was committed.
func (c *counters) add(jobs []*job, took time.Duration) {
	c.calls.Add(int64(len(jobs)))
	for _, j := range jobs {
		c.bytes.Add(int64(j.size))
		switch {
		case j.append == nil:
		case j.swift:
			c.swift.Add(1)
		default:
			c.careful.Add(1)
		}
		if j.err != nil {
			continue
		}
		for _, ch := range j.append {
			c.entries.Add(int64(len(ch.Entries)))
		}
		for _, p := range j.ready {
			c.entries.Add(int64(p.Entries))
		}
	}
	c.took.Add(int64(took))
	place, _ := slices.BinarySearch(Bounds, took)
	c.in[place].Add(1)
	c.commits.Add(1)
}

// Stats tells what the writer has done since Open.
func (s *Store) Stats() Stats {
	c := &s.counted
	out := Stats{Commits: c.commits.Load(), Calls: c.calls.Load(), Entries: c.entries.Load(), Bytes: c.bytes.Load(), Took: time.Duration(c.took.Load())}
	out.Swift, out.Careful = c.swift.Load(), c.careful.Load()
	out.Waiting, out.Queued, _ = s.queue.waiting()
	var sum int64
	for i := range Bounds {
		sum += c.in[i].Load()
		out.Within = append(out.Within, sum)
	}
	return out
}
