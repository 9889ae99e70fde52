package sqlite

// Where the index of what may be claimed is damaged, another one finds it: by reading all
// that waits, in no order of use. What is written goes on into the damaged one, and where
// that cannot be the delivery rests, as one that is damaged itself does.

const spareTurns = `SELECT registry, ready, case_code, seq, n FROM outbox INDEXED BY outbox_age WHERE status NOT IN ('done', 'skipped')
	AND status <> 'incident' AND held = 0 AND ready <= ?1 ORDER BY ready, case_code, seq, n`

// turns are the first limit deliveries that may be claimed at an instant. That the index
// is damaged is noted for good: the transaction that met it is lost.
func (s *Store) turns(c *conn, now int64, limit int, except ...string) ([]turn, error) {
	if s.spare.Load() {
		return c.spareTurns(now, limit, except)
	}
	ts, err := c.turns(now, limit, except...)
	if broken(err) && s.spare.CompareAndSwap(false, true) {
		s.log.Error("sqlite: the index outbox_ready is damaged; what may be sent is looked for without it, slowly. Stop the server and make it anew with `verify --repair-indexes`", "err", err)
	}
	return ts, err
}

func (c *conn) spareTurns(now int64, limit int, except []string) (ts []turn, err error) {
	left := map[string]bool{}
	for _, r := range except {
		left[r] = true
	}
	err = c.each(spareTurns, []any{now}, func(r scanner) error {
		var t turn
		err := r.Scan(&t.registry, &t.ready, &t.Case, &t.Seq, &t.N)
		if err == nil && !left[t.registry] && (limit <= 0 || len(ts) < limit) {
			ts = append(ts, t)
		}
		return err
	})
	return ts, err
}
