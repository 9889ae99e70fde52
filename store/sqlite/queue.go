package sqlite

import (
	"errors"
	"sync"
	"time"

	"lienthong/store/rowenc"
)

// Lanes that are not an office's or a requester's.
const (
	laneSystem = "\x00system" // deliveries, numbers, upkeep
	laneDesk   = "\x00desk"   // accounts, sessions, publications; before an owner: their drafts, views and documents
)

// queue is what waits for the writer: one line per lane, served in turn, so that
// whoever sends thousands of calls waits behind its own. All of it is bounded: by
// calls, by bytes, and by calls of one lane.
type queue struct {
	maxCalls, maxBytes, maxLane int

	mu     sync.Mutex
	lanes  map[string]*lane
	turn   []*lane // those with waiting calls, the next one first
	calls  int
	bytes  int
	closed bool
	last   int           // calls of the batch before; the writer's
	some   chan struct{} // holds one token when something may wait
}

// lane is the line of one office or requester.
type lane struct {
	name string
	jobs []*job
}

func newQueue(c Config) *queue {
	return &queue{maxCalls: c.MaxQueue, maxBytes: c.MaxQueueBytes, maxLane: c.MaxLane, lanes: map[string]*lane{}, some: make(chan struct{}, 1)}
}

var (
	errClosed = errors.New("the store is closed")
	errFull   = errors.New("the writer's queue is full")
	errLane   = errors.New("too many calls of one office or requester wait for the writer")
)

// push lets a call wait, or says at once that it cannot. Alone in the queue it is
// never too large.
func (q *queue) push(j *job) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	l := q.lanes[j.lane]
	switch {
	case q.closed:
		return rowenc.Busy(j.op, errClosed)
	case q.calls >= q.maxCalls, q.calls > 0 && q.bytes+j.size > q.maxBytes:
		return rowenc.Busy(j.op, errFull)
	case l != nil && len(l.jobs) >= q.maxLane && j.lane != laneSystem:
		return rowenc.Busy(j.op, errLane)
	}
	if l == nil {
		l = &lane{name: j.lane}
		q.lanes[j.lane] = l
		q.turn = append(q.turn, l)
	}
	l.jobs = append(l.jobs, j)
	q.calls++
	q.bytes += j.size
	q.wake()
	return nil
}

func (q *queue) wake() {
	select {
	case q.some <- struct{}{}:
	default:
	}
}

// take moves waiting calls to a batch, one of each lane in turn, up to a number
// of calls and bytes in all. open is false when the queue is closed and empty.
func (q *queue) take(batch []*job, calls, bytes int) (_ []*job, open bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	size := sizeOf(batch)
	for len(q.turn) > 0 && len(batch) < calls && (size < bytes || len(batch) == 0) {
		l := q.turn[0]
		j := l.jobs[0]
		l.jobs[0] = nil
		l.jobs = l.jobs[1:]
		q.turn = q.turn[1:]
		if len(l.jobs) > 0 {
			q.turn = append(q.turn, l)
		} else {
			delete(q.lanes, l.name)
		}
		q.calls--
		q.bytes -= j.size
		size += j.size
		batch = append(batch, j)
	}
	return batch, !q.closed || q.calls > 0
}

func sizeOf(batch []*job) (size int) {
	for _, j := range batch {
		size += j.size
	}
	return size
}

// company is how many calls a batch must have had for the writer to wait for as
// many again.
const company = 4

// next waits for work and takes what is there. An empty batch means that the queue
// is closed.
func (q *queue) next(c *Config) []*job {
	for {
		batch, open := q.take(nil, c.MaxBatch, c.MaxBatchBytes)
		if len(batch) > 0 || !open {
			return batch
		}
		<-q.some
	}
}

// more adds to a batch what came while it was written, until it is full or as old as
// the linger. When the batch before had company and nothing came, it waits an eighth
// of the linger: under load those who were just answered are about to call again, and
// a commit that waits a moment for them saves several. One caller alone never waits.
func (q *queue) more(batch []*job, began time.Time, c *Config) []*job {
	n, left := len(batch), c.Linger-time.Since(began)
	if n >= c.MaxBatch || left <= 0 || sizeOf(batch) >= c.MaxBatchBytes {
		return batch
	}
	batch, open := q.take(batch, c.MaxBatch, c.MaxBatchBytes)
	if len(batch) > n || !open || q.last < company {
		return batch
	}
	t := time.NewTimer(min(c.Linger/8, left))
	defer t.Stop()
	for len(batch) == n && open {
		select {
		case <-q.some: // perhaps for what was taken already
			batch, open = q.take(batch, c.MaxBatch, c.MaxBatchBytes)
		case <-t.C:
			return batch
		}
	}
	return batch
}

// close refuses everything from now on; what waits is still taken.
func (q *queue) close() (first bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	first = !q.closed
	q.closed = true
	q.wake()
	return first
}

// waiting is how many calls wait, and their bytes.
func (q *queue) waiting() (calls, bytes int, closed bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.calls, q.bytes, q.closed
}
