package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"strings"
	"time"

	"lienthong/engine"
	"lienthong/store/rowenc"
)

// deliveryCols are read by scanDelivery.
const deliveryCols = `key, case_code, step, seq, n, registry, operation, input, at, status, tries, next, sent_at, expected, last_error,
	reply, fence, note, done_at, node, lease, unordered`

func scanDelivery(scan func(...any) error) (rowenc.DeliveryRow, error) {
	var r rowenc.DeliveryRow
	err := scan(&r.Key, &r.Case, &r.Step, &r.Seq, &r.N, &r.Registry, &r.Operation, &r.Input, &r.At, &r.Status, &r.Tries, &r.Next,
		&r.SentAt, &r.Expected, &r.LastError, &r.Reply, &r.Fence, &r.Note, &r.DoneAt, &r.Node, &r.Lease, &r.Unordered)
	return r, err
}

// claim leases what is ready and not held back by an earlier sibling, in one
// statement.
const claim = `UPDATE outbox SET node = ?1, lease = ?2, ready = max(next, ?2), fence = fence + 1 WHERE key IN (
	SELECT o.key FROM outbox o WHERE o.status IN ('pending', 'accepted') AND o.ready <= ?3 AND instr(?5, '|' || o.registry || '|') = 0 AND (o.unordered = 1 OR NOT EXISTS (
		SELECT 1 FROM outbox e WHERE e.holds = 1 AND e.case_code = o.case_code AND e.step = o.step AND e.registry = o.registry
			AND (e.seq, e.n) < (o.seq, o.n)))
	ORDER BY o.next, o.case_code, o.seq, o.n LIMIT ?4)
	RETURNING ` + deliveryCols

// Claim leases deliveries that may be sent or asked after now.
func (s *Store) Claim(ctx context.Context, node string, now, lease time.Time, limit int, except ...string) ([]engine.Delivery, error) {
	const op = "store.claim"
	if node == "" || !lease.After(now) {
		return nil, rowenc.Bad(op, "a claim needs a node and a lease that ends after now")
	}
	rs, err := do(ctx, s, op, func(w *writer) ([]rowenc.DeliveryRow, error) {
		var rs []rowenc.DeliveryRow
		err := w.each(claim, []any{node, rowenc.Micros(lease), rowenc.Micros(now), limited(limit), "|" + strings.Join(except, "|") + "|"}, func(rows *sql.Rows) error {
			r, err := scanDelivery(rows.Scan)
			rs = append(rs, r)
			return err
		})
		return rs, err
	})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(rs, rowenc.ByTurn)
	return deliveries(rs)
}

// held tells whether an earlier sibling holds a delivery back.
const held = `SELECT o.unordered = 0 AND EXISTS (SELECT 1 FROM outbox e WHERE e.holds = 1 AND e.case_code = o.case_code AND e.step = o.step
	AND e.registry = o.registry AND (e.seq, e.n) < (o.seq, o.n)) FROM outbox o WHERE o.key = ?1`

// Held tells whether an earlier sibling holds a delivery back.
func (s *Store) Held(ctx context.Context, key string) (bool, error) {
	const op = "store.held"
	var yes bool
	err := s.row(ctx, held, []any{key}, &yes)
	if errors.Is(err, sql.ErrNoRows) {
		return false, rowenc.Missing(op, "")
	}
	return yes, failure(op, "", err)
}

// thaw frees what waits for an instant that no clock going forward has set.
const thaw = `UPDATE outbox SET next = min(next, ?1), ready = min(next, ?1), node = '', lease = 0, fence = fence + 1
	WHERE status IN ('pending', 'accepted') AND ready > ?5
		AND (lease > ?2 OR status = 'pending' AND next > ?3 OR status = 'accepted' AND next > ?4)`

// Thaw frees what waits for an instant that no clock going forward has set.
func (s *Store) Thaw(ctx context.Context, now, lease, retry, ask time.Time) (int, error) {
	l, r, a := rowenc.Micros(lease), rowenc.Micros(retry), rowenc.Micros(ask)
	return do(ctx, s, "store.thaw", func(w *writer) (int, error) {
		n, err := w.changed(thaw, rowenc.Micros(now), l, r, a, min(l, r, a))
		return int(n), err
	})
}

func deliveries(rs []rowenc.DeliveryRow) ([]engine.Delivery, error) {
	out := make([]engine.Delivery, len(rs))
	for i := range rs {
		d, err := rs[i].Delivery()
		if err != nil {
			return nil, err
		}
		out[i] = d
	}
	return out, nil
}

const settle = `UPDATE outbox SET status = ?2, tries = ?3, next = ?4, sent_at = ?5, expected = ?6, last_error = ?7, reply = ?8, note = ?9,
	done_at = ?10, node = '', lease = 0, ready = ?4, holds = ?11, fence = fence + ?12 WHERE key = ?1`

// Settle writes what became of a claimed delivery.
func (s *Store) Settle(ctx context.Context, d engine.Delivery) error {
	return s.settle(ctx, "store.settle", d, settle+` AND fence = ?13`, 0, d.Fence)
}

// Reset overrules whoever has the lease.
func (s *Store) Reset(ctx context.Context, d engine.Delivery) error {
	return s.settle(ctx, "store.reset", d, settle, 1)
}

func (s *Store) settle(ctx context.Context, op string, d engine.Delivery, q string, raise int, fence ...any) error {
	var r rowenc.DeliveryRow
	if err := r.Take(d); err != nil {
		return err
	}
	r.Key = d.Key
	args := append(settleArgs(&r, raise), fence...)
	return exec(ctx, s, op, func(w *writer) error {
		n, err := w.changed(q, args...)
		if err != nil || n == 1 {
			return err
		}
		var code string
		err = w.one(`SELECT case_code FROM outbox WHERE key = ?1`, []any{d.Key}, &code)
		if errors.Is(err, sql.ErrNoRows) {
			return rowenc.Missing(op, d.Case)
		}
		if err != nil {
			return err
		}
		return rowenc.Stale(op, code)
	})
}

// settleArgs are the arguments of settle.
func settleArgs(r *rowenc.DeliveryRow, raise int) []any {
	return []any{r.Key, r.Status, r.Tries, r.Next, r.SentAt, r.Expected, r.LastError, r.Reply, r.Note, r.DoneAt, r.Holds(), raise}
}

// Delivery returns one by key.
func (s *Store) Delivery(ctx context.Context, key string) (*engine.Delivery, error) {
	const op = "store.delivery"
	st, err := s.prepared(`SELECT ` + deliveryCols + ` FROM outbox WHERE key = ?1`)
	if err != nil {
		return nil, failure(op, "", err)
	}
	r, err := scanDelivery(st.QueryRowContext(ctx, key).Scan)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, rowenc.Missing(op, "")
	}
	if err != nil {
		return nil, failure(op, "", err)
	}
	d, err := r.Delivery()
	return &d, err
}

// deliveriesQuery lists the outbox by age with the filters that are set.
func deliveriesQuery(registry, status string, from *rowenc.DeliveryRow, limit int) (string, []any) {
	var q strings.Builder
	q.WriteString(`SELECT ` + deliveryCols + ` FROM outbox WHERE `)
	args := []any{limited(limit), registry}
	if status == "" {
		q.WriteString(`status NOT IN ('done', 'skipped')`)
		args = append(args, "")
	} else {
		q.WriteString(`status = ?3`)
		args = append(args, status)
	}
	q.WriteString(` AND (?2 = '' OR registry = ?2)`)
	if from != nil {
		q.WriteString(` AND (at, case_code, seq, n) > (?4, ?5, ?6, ?7)`)
		args = append(args, from.At, from.Case, from.Seq, from.N)
	}
	q.WriteString(` AND ?3 = ?3 ORDER BY at, case_code, seq, n LIMIT ?1`)
	return q.String(), args
}

// Deliveries lists what is not done, oldest first.
func (s *Store) Deliveries(ctx context.Context, registry, status, after string, limit int) ([]engine.Delivery, error) {
	const op = "store.deliveries"
	var from *rowenc.DeliveryRow
	if after != "" {
		from = new(rowenc.DeliveryRow)
		err := s.row(ctx, `SELECT at, case_code, seq, n FROM outbox WHERE key = ?1`, []any{after}, &from.At, &from.Case, &from.Seq, &from.N)
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
	return deliveries(rs)
}

// The deletes of Prune.
var prune = []string{
	`DELETE FROM outbox WHERE status IN ('done', 'skipped') AND done_at <> 0 AND done_at < ?1`,
	`DELETE FROM answers WHERE at < ?1`,
	`DELETE FROM sessions WHERE until < ?1`,
}

// Prune deletes delivered ones, stored answers and sessions older than a time.
func (s *Store) Prune(ctx context.Context, before time.Time) (int, error) {
	return do(ctx, s, "store.prune", func(w *writer) (int, error) {
		sum := 0
		for _, q := range prune {
			n, err := w.changed(q, rowenc.Micros(before))
			if err != nil {
				return 0, err
			}
			sum += int(n)
		}
		return sum, nil
	})
}
