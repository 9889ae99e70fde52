package memory

import (
	"container/heap"

	"lienthong/engine"
	"lienthong/store/rowenc"
)

// turns orders keys by an instant, the earliest first, so that nobody walks through
// all of them to find the few that are due. What stands in it may be out of date: the
// caller says which instant is true of a key. Whoever gives a key an instant pushes
// it; taking that back pushes the one before.
type turns[K comparable] struct{ list turnList[K] }

type turn[K comparable] struct {
	at  int64
	key K
}

type turnList[K comparable] []turn[K]

func (l turnList[K]) Len() int           { return len(l) }
func (l turnList[K]) Less(i, j int) bool { return l[i].at < l[j].at }
func (l turnList[K]) Swap(i, j int)      { l[i], l[j] = l[j], l[i] }
func (l *turnList[K]) Push(x any)        { *l = append(*l, x.(turn[K])) }
func (l *turnList[K]) Pop() any {
	old := *l
	x := old[len(old)-1]
	old[len(old)-1] = turn[K]{}
	*l = old[:len(old)-1]
	return x
}

func (q *turns[K]) push(at int64, k K) { heap.Push(&q.list, turn[K]{at, k}) }

// due returns each key once whose turn has come, in no order; they stay queued. is
// tells the true instant of a key, or that it has none.
func (q *turns[K]) due(now int64, is func(K) (at int64, ok bool)) []K {
	var out []K
	seen := map[K]bool{}
	for len(q.list) > 0 && q.list[0].at <= now {
		x := heap.Pop(&q.list).(turn[K])
		if at, ok := is(x.key); ok && at == x.at && !seen[x.key] {
			seen[x.key] = true
			out = append(out, x.key)
		}
	}
	for _, k := range out {
		at, _ := is(k)
		q.push(at, k)
	}
	return out
}

// first is the earliest true instant.
func (q *turns[K]) first(is func(K) (at int64, ok bool)) (int64, bool) {
	for len(q.list) > 0 {
		x := q.list[0]
		if at, ok := is(x.key); ok && at == x.at {
			return at, true
		}
		heap.Pop(&q.list)
	}
	return 0, false
}

// timer is when a case moves by itself.
func (s *Store) timer(code string) (int64, bool) {
	r, ok := s.cases[code]
	return rowTimer(r.rows), ok && rowTimer(r.rows) != 0
}

func rowTimer(r *rowenc.Rows) int64 {
	if r == nil {
		return 0
	}
	return r.Case.Timer
}

// turnOf is from when on a delivery may be claimed.
func (s *Store) turnOf(k rowenc.Key) (int64, bool) {
	r, ok := s.outbox[k]
	return r.Ready(), ok && r.Claimable()
}

// far is the latest instant that deliveries wait for, by kind of waiting: none waits
// longer, perhaps all wait less.
type far struct{ lease, retry, ask int64 }

func (f *far) note(r *rowenc.DeliveryRow) {
	f.lease = max(f.lease, r.Lease)
	switch r.Status {
	case engine.DeliveryPending:
		f.retry = max(f.retry, r.Next)
	case engine.DeliveryAccepted:
		f.ask = max(f.ask, r.Next)
	}
}
