package memory

import (
	"cmp"
	"context"
	"slices"
	"time"

	"lienthong/engine"
	"lienthong/store/rowenc"
)

// Prune deletes what is older than a horizon, at most limit rows of each kind.
func (s *Store) Prune(ctx context.Context, h engine.Horizon, limit int) (p engine.Pruned, err error) {
	err = s.write(ctx, "store.prune", func(t *rowenc.Undo) error {
		var drafts, prefills []aged[pair]
		for k, b := range s.prefills {
			snapshot := engine.Prefill{}
			if err := engine.Unmarshal(b, &snapshot); err != nil {
				return rowenc.Defect("store.prune", "", err)
			}
			prefills = append(prefills, aged[pair]{k, rowenc.Micros(snapshot.At)})
		}
		for k, d := range s.drafts {
			drafts = append(drafts, aged[pair]{k, rowenc.Micros(d.Updated)})
		}
		p.Deliveries = drop(t, s.outbox, oldest(s.outbox, func(r rowenc.DeliveryRow) (int64, bool) { return r.DoneAt, r.Over() && r.DoneAt != 0 }), h.Deliveries, limit)
		p.Answers = drop(t, s.answers, oldest(s.answers, func(a engine.Answer) (int64, bool) { return rowenc.Micros(a.At), true }), h.Answers, limit)
		p.Sessions = drop(t, s.sessions, oldest(s.sessions, func(v engine.Session) (int64, bool) { return rowenc.Micros(v.Until), true }), h.Sessions, limit)
		p.Prefills = drop(t, s.prefills, prefills, h.Prefills, limit)
		p.Drafts = drop(t, s.drafts, drafts, h.Drafts, limit)
		return nil
	})
	if err != nil {
		return engine.Pruned{}, err
	}
	return p, nil
}

// aged is a key of a map with the age of its row.
type aged[K comparable] struct {
	key K
	at  int64
}

func oldest[K comparable, V any](m map[K]V, at func(V) (int64, bool)) (out []aged[K]) {
	for k, v := range m {
		if us, ok := at(v); ok {
			out = append(out, aged[K]{k, us})
		}
	}
	return out
}

// drop deletes the oldest rows before a horizon and counts them.
func drop[K comparable, V any](t *rowenc.Undo, m map[K]V, rows []aged[K], before time.Time, limit int) int {
	if before.IsZero() {
		return 0
	}
	rows = slices.DeleteFunc(rows, func(a aged[K]) bool { return a.at >= rowenc.Micros(before) })
	slices.SortFunc(rows, func(a, b aged[K]) int { return cmp.Compare(a.at, b.at) })
	if limit > 0 && len(rows) > limit {
		rows = rows[:limit]
	}
	for _, a := range rows {
		rowenc.Drop(t, m, a.key)
	}
	return len(rows)
}
