package sqlite

import (
	"context"
	"time"

	"lienthong/engine"
	"lienthong/store/rowenc"
)

// The deletes of Prune: each walks its index from the oldest row on.
const (
	pruneDeliveries = `DELETE FROM outbox WHERE (case_code, seq, n) IN (SELECT case_code, seq, n FROM outbox
		WHERE status IN ('done', 'skipped') AND done_at <> 0 AND done_at < ?1 ORDER BY done_at LIMIT ?2)`
	pruneAnswers  = `DELETE FROM answers WHERE (actor, key) IN (SELECT actor, key FROM answers WHERE at < ?1 ORDER BY at LIMIT ?2)`
	pruneSessions = `DELETE FROM sessions WHERE token IN (SELECT token FROM sessions WHERE until < ?1 ORDER BY until LIMIT ?2)`
	prunePrefills = `DELETE FROM prefills WHERE rowid IN (SELECT rowid FROM prefills WHERE at < ?1 ORDER BY at LIMIT ?2)`
	pruneDrafts   = `DELETE FROM drafts WHERE rowid IN (SELECT rowid FROM drafts WHERE updated < ?1 ORDER BY updated LIMIT ?2)`
)

// Prune deletes what is older than a horizon, at most limit rows of each kind, in
// one transaction: with a limit of a few hundred no commit waits for it for long.
func (s *Store) Prune(ctx context.Context, h engine.Horizon, limit int) (engine.Pruned, error) {
	return do(ctx, s, "store.prune", func(w *writer) (p engine.Pruned, err error) {
		for _, d := range []struct {
			q      string
			before time.Time
			n      *int
		}{
			{pruneDeliveries, h.Deliveries, &p.Deliveries}, {pruneAnswers, h.Answers, &p.Answers}, {pruneSessions, h.Sessions, &p.Sessions},
			{prunePrefills, h.Prefills, &p.Prefills}, {pruneDrafts, h.Drafts, &p.Drafts},
		} {
			if d.before.IsZero() {
				continue
			}
			n, err := w.changed(d.q, rowenc.Micros(d.before), limited(limit))
			if err != nil {
				return engine.Pruned{}, err
			}
			*d.n = int(n)
		}
		return p, nil
	})
}
