package sqlite

import "sync/atomic"

// Stats is what the writer has done since Open.
type Stats struct {
	Commits int64 // transactions
	Calls   int64 // that they held, the refused ones among them
	Bytes   int64 // of the large values that the calls brought
}

// counters are Stats while they grow.
type counters struct{ commits, calls, bytes atomic.Int64 }

// add counts one transaction that was committed.
func (c *counters) add(jobs []*job) {
	c.commits.Add(1)
	c.calls.Add(int64(len(jobs)))
	for _, j := range jobs {
		c.bytes.Add(int64(j.size))
	}
}

// Stats tells what the writer has done since Open.
func (s *Store) Stats() Stats {
	return Stats{Commits: s.counted.commits.Load(), Calls: s.counted.calls.Load(), Bytes: s.counted.bytes.Load()}
}
