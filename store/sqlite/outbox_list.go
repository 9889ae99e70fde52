package sqlite

import (
	"context"
	"database/sql"
	"errors"

	"lienthong/engine"
	"lienthong/store/rowenc"
)

const deliveryOf = `SELECT ` + deliveryCols + ` FROM outbox WHERE case_code = ?1 AND seq = ?2 AND n = ?3`

// Delivery returns one by key.
func (s *Store) Delivery(ctx context.Context, key string) (*engine.Delivery, error) {
	const op = "store.delivery"
	k, ok := rowenc.ParseKey(key)
	if !ok {
		return nil, rowenc.Missing(op, "")
	}
	var r rowenc.DeliveryRow
	found := false
	err := s.reading(ctx, func(c *conn) (err error) {
		r, found, err = c.delivery(k)
		return err
	})
	if err != nil {
		return nil, failure(op, "", err)
	}
	if !found {
		return nil, rowenc.Missing(op, "")
	}
	if !r.Sound() {
		return nil, rowenc.Corrupt(op, r.Case, r.Seq, "the delivery "+key+" is not what was written")
	}
	d, err := s.histories(ctx).delivery(&r)
	return &d, err
}

// deliveriesQuery lists what is not done by age, with the filters that are set.
func deliveriesQuery(registry, status string, from *rowenc.DeliveryRow, limit int) (string, []any) {
	q := &query{}
	q.add(`SELECT ` + deliveryCols + ` FROM outbox WHERE `)
	switch status {
	case "":
		q.add(`status NOT IN ('done', 'skipped')`)
	case engine.DeliveryAccepted, engine.DeliveryIncident: // in the words of their index
		q.add(`status IN ('accepted', 'incident') AND status = ?`, status)
	default:
		q.add(`status NOT IN ('done', 'skipped') AND +status = ?`, status)
	}
	if registry != "" {
		q.add(` AND +registry = ?`, registry) // by age, whatever other index there is
	}
	if from != nil {
		q.add(` AND (at, case_code, seq, n) > (?, ?, ?, ?)`, from.At, from.Case, from.Seq, from.N)
	}
	q.add(` ORDER BY at, case_code, seq, n LIMIT ?`, limited(limit))
	return q.text.String(), q.args
}

// Deliveries lists what is not done, oldest first.
func (s *Store) Deliveries(ctx context.Context, registry, status, after string, limit int) ([]engine.Delivery, error) {
	const op = "store.deliveries"
	var from *rowenc.DeliveryRow
	if after != "" {
		k, _ := rowenc.ParseKey(after)
		from = &rowenc.DeliveryRow{Case: k.Case, Seq: k.Seq, N: k.N}
		err := s.row(ctx, `SELECT at FROM outbox WHERE case_code = ?1 AND seq = ?2 AND n = ?3`, []any{k.Case, k.Seq, k.N}, &from.At)
		if errors.Is(err, sql.ErrNoRows) {
			return nil, rowenc.Bad(op, "no delivery %q to go on after", after)
		}
		if err != nil {
			return nil, failure(op, "", err)
		}
	}
	q, args := deliveriesQuery(registry, status, from, limit)
	var rs []rowenc.DeliveryRow
	err := s.each(ctx, q, args, func(rows *sql.Rows) error {
		r, err := scanDelivery(rows.Scan)
		rs = append(rs, r)
		return err
	})
	if err != nil {
		return nil, failure(op, "", err)
	}
	return s.histories(ctx).deliveries(rs)
}
