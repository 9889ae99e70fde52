package memory

import (
	"context"
	"iter"
	"slices"
	"time"

	"lienthong/engine"
	"lienthong/store/rowenc"
)

// Claim leases deliveries that may be sent or asked after now.
func (s *Store) Claim(ctx context.Context, node string, now, lease time.Time, limit int, except ...string) ([]engine.Delivery, error) {
	const op = "store.claim"
	if node == "" || !lease.After(now) {
		return nil, rowenc.Bad(op, "a claim needs a node and a lease that ends after now")
	}
	var rs []rowenc.DeliveryRow
	var out []engine.Delivery
	err := s.write(ctx, op, func(t *rowenc.Undo) (err error) {
		for _, k := range s.ready.due(rowenc.Micros(now), s.turnOf) {
			if r := s.outbox[k]; !slices.Contains(except, r.Registry) && !s.blocked(r) {
				rs = append(rs, r)
			}
		}
		slices.SortFunc(rs, rowenc.ByTurn)
		rs = cut(rs, limit)
		for i := range rs {
			rs[i].Node, rs[i].Lease, rs[i].Fence = node, rowenc.Micros(lease), rs[i].Fence+1
			s.put(t, rowenc.Key{Case: rs[i].Case, Seq: rs[i].Seq, N: rs[i].N}, rs[i])
		}
		out, err = s.deliveries(rs)
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// put writes a delivery, whether it is over, and when it is its turn.
func (s *Store) put(t *rowenc.Undo, k rowenc.Key, r rowenc.DeliveryRow) {
	was, had := s.outbox[k]
	rowenc.Put(t, s.outbox, k, r)
	if open := had && !was.Over(); open == r.Over() {
		keys := slices.DeleteFunc(slices.Clone(s.owed[k.Case]), func(o rowenc.Key) bool { return o == k })
		if !open {
			keys = append(keys, k)
		} else if !slices.ContainsFunc(keys, func(o rowenc.Key) bool { return o.Seq == k.Seq }) {
			delete(s.owing, place{k.Case, k.Seq})
		}
		if len(keys) == 0 {
			rowenc.Drop(t, s.owed, k.Case)
		} else {
			rowenc.Put(t, s.owed, k.Case, keys)
		}
	}
	if r.Claimable() && !(had && was.Claimable() && was.Ready() == r.Ready()) {
		s.ready.push(r.Ready(), k)
		s.far.note(&r)
		if had {
			t.Add(func() { s.ready.push(was.Ready(), k) })
		}
	}
}

// blocked tells whether an earlier delivery of the same dossier to the same
// registry was not accepted yet.
func (s *Store) blocked(r rowenc.DeliveryRow) bool {
	if r.Unordered {
		return false
	}
	for _, k := range s.owed[r.Case] {
		if o := s.outbox[k]; o.Step == r.Step && o.Registry == r.Registry &&
			(o.Seq < r.Seq || o.Seq == r.Seq && o.N < r.N) && o.Holds() {
			return true
		}
	}
	return false
}

// Held tells whether an earlier sibling holds a delivery back.
func (s *Store) Held(ctx context.Context, key string) (bool, error) {
	const op = "store.held"
	done, err := s.read(ctx, op)
	if err != nil {
		return false, err
	}
	defer done()
	k, _ := rowenc.ParseKey(key)
	r, ok := s.outbox[k]
	if !ok {
		return false, rowenc.Missing(op, "")
	}
	return s.blocked(r), nil
}

// Thaw frees what waits for an instant that no clock going forward has set.
func (s *Store) Thaw(ctx context.Context, now, lease, retry, ask time.Time) (int, error) {
	n := 0
	err := s.write(ctx, "store.thaw", func(t *rowenc.Undo) error {
		if f := s.far; f.lease <= rowenc.Micros(lease) && f.retry <= rowenc.Micros(retry) && f.ask <= rowenc.Micros(ask) {
			return nil
		}
		s.far = far{}
		for k := range s.waiting() {
			r := s.outbox[k]
			if r.Frozen(lease, retry, ask) {
				r.Next, r.Node, r.Lease, r.Fence = min(r.Next, rowenc.Micros(now)), "", 0, r.Fence+1
				s.put(t, k, r)
				n++
			}
			s.far.note(&r)
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	return n, nil
}

// waiting are the deliveries that are not over, in no order.
func (s *Store) waiting() iter.Seq[rowenc.Key] {
	return func(yield func(rowenc.Key) bool) {
		for _, keys := range s.owed {
			for _, k := range keys {
				if !yield(k) {
					return
				}
			}
		}
	}
}

func (s *Store) deliveries(rs []rowenc.DeliveryRow) ([]engine.Delivery, error) {
	out := make([]engine.Delivery, len(rs))
	for i := range rs {
		d, err := s.delivery(&rs[i])
		if err != nil {
			return nil, err
		}
		out[i] = d
	}
	return out, nil
}

// delivery reads a row back with what history says of it.
func (s *Store) delivery(r *rowenc.DeliveryRow) (engine.Delivery, error) {
	d, err := r.Delivery()
	if err == nil {
		err = r.Fill(&d, func(seq int64) (*engine.Entry, error) { return s.entry(r.Case, seq) })
	}
	return d, err
}

// Settle writes what became of a claimed delivery.
func (s *Store) Settle(ctx context.Context, d engine.Delivery) error {
	const op = "store.settle"
	return s.write(ctx, op, func(t *rowenc.Undo) error {
		k, _ := rowenc.ParseKey(d.Key)
		r, ok := s.outbox[k]
		if !ok {
			return rowenc.Missing(op, d.Case)
		}
		if r.Fence != d.Fence {
			return rowenc.Stale(op, r.Case)
		}
		was := r
		if err := r.Take(d); err != nil {
			return err
		}
		s.count(t, &was, &r)
		s.put(t, k, r)
		return nil
	})
}

// Reset overrules whoever has the lease.
func (s *Store) Reset(ctx context.Context, d engine.Delivery) error {
	const op = "store.reset"
	return s.write(ctx, op, func(t *rowenc.Undo) error {
		k, _ := rowenc.ParseKey(d.Key)
		r, ok := s.outbox[k]
		if !ok {
			return rowenc.Missing(op, d.Case)
		}
		was := r
		if err := r.Take(d); err != nil {
			return err
		}
		r.Fence++
		s.count(t, &was, &r)
		s.put(t, k, r)
		return nil
	})
}

// Delivery returns one by key.
func (s *Store) Delivery(ctx context.Context, key string) (*engine.Delivery, error) {
	const op = "store.delivery"
	done, err := s.read(ctx, op)
	if err != nil {
		return nil, err
	}
	defer done()
	k, _ := rowenc.ParseKey(key)
	r, ok := s.outbox[k]
	if !ok {
		return nil, rowenc.Missing(op, "")
	}
	d, err := s.delivery(&r)
	return &d, err
}

// Deliveries lists what is not done, oldest first.
func (s *Store) Deliveries(ctx context.Context, registry, status, after string, limit int) ([]engine.Delivery, error) {
	const op = "store.deliveries"
	done, err := s.read(ctx, op)
	if err != nil {
		return nil, err
	}
	defer done()
	k, _ := rowenc.ParseKey(after)
	from, ok := s.outbox[k]
	if after != "" && !ok {
		return nil, rowenc.Bad(op, "no delivery %q to go on after", after)
	}
	var rs []rowenc.DeliveryRow
	for _, r := range s.outbox {
		if (registry == "" || r.Registry == registry) && !r.Over() && (status == "" || r.Status == status) &&
			(after == "" || rowenc.ByAge(r, from) > 0) {
			rs = append(rs, r)
		}
	}
	slices.SortFunc(rs, rowenc.ByAge)
	return s.deliveries(cut(rs, limit))
}
