package sqlite

import (
	"context"

	"lienthong/store/rowenc"
)

// Prepared is a write as rows that were made before. It serves measuring what the
// writing alone costs: the rows take the same way through the writer as those of
// Append, LogAccess, Claim, Settle and Reset. Exactly one kind is set.
type Prepared struct {
	Changes []*rowenc.Change
	Access  *rowenc.AccessRow
	Claimed []rowenc.DeliveryRow // to be marked as leased: Key, Node, Lease
	Settled *rowenc.DeliveryRow  // as Settle leaves it, or
	Reset   *rowenc.DeliveryRow  // as Reset does
}

const lease = `UPDATE outbox SET node = ?2, lease = ?3, ready = max(next, ?3), fence = fence + 1 WHERE key = ?1`

// Write queues prepared rows behind what was queued before and returns a function
// that waits until they are durable, with the errors of Append and Settle.
func (s *Store) Write(ctx context.Context, p Prepared) (wait func() error) {
	j := &job{ctx: ctx, op: "store.write", done: make(chan error, 1)}
	switch {
	case p.Changes != nil:
		j.changes = p.Changes
		for _, c := range p.Changes {
			j.size += c.Size
		}
	case p.Access != nil:
		j.access = p.Access
	default:
		j.run = func(w *writer) error { return w.writeDeliveries(p) }
	}
	if err := s.enqueue(j); err != nil {
		return func() error { return err }
	}
	return func() error {
		select {
		case err := <-j.done:
			return err
		case <-ctx.Done():
			return rowenc.Unknown(j.op, ctx.Err())
		}
	}
}

func (w *writer) writeDeliveries(p Prepared) error {
	for i := range p.Claimed {
		d := &p.Claimed[i]
		n, err := w.changed(lease, d.Key, d.Node, d.Lease)
		if err == nil && n != 1 {
			err = rowenc.Missing("store.write", d.Case)
		}
		if err != nil {
			return err
		}
	}
	if p.Settled != nil {
		return w.writeSettled(p.Settled, 0)
	}
	if p.Reset != nil {
		return w.writeSettled(p.Reset, 1)
	}
	return nil
}

func (w *writer) writeSettled(d *rowenc.DeliveryRow, raise int) error {
	n, err := w.changed(settle, settleArgs(d, raise)...)
	if err == nil && n != 1 {
		err = rowenc.Missing("store.write", d.Case)
	}
	return err
}
