package memory

import (
	"bytes"
	"context"
	"maps"
	"slices"

	"lienthong/engine"
	"lienthong/store/rowenc"
)

// counted is what a case contributes to the sums, as of an entry.
type counted struct {
	head  []byte
	parts []engine.Figure
}

// Project counts the cases that changed, in the order of their codes.
func (s *Store) Project(ctx context.Context, limit int) (n int, err error) {
	const op = "store.project"
	err = s.write(ctx, op, func(t *rowenc.Undo) error {
		n = 0
		for _, code := range slices.Sorted(maps.Keys(s.cases)) {
			r := s.cases[code]
			if bytes.Equal(s.counted[code].head, r.head) {
				continue
			}
			if limit > 0 && n == limit {
				return nil
			}
			n++
			parts := s.counted[code].parts // a case that cannot be read keeps what it contributed
			if r.bad == nil {
				var err error
				if parts, err = s.contributions(r.state); err != nil {
					return err
				}
			}
			rowenc.Put(t, s.counted, code, counted{r.head, parts})
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	return n, nil
}

func (s *Store) contributions(c *engine.Case) ([]engine.Figure, error) {
	var past []*engine.Dossier
	if slices.ContainsFunc(c.Dossiers, func(d *engine.Dossier) bool { return d.Attempt > 1 }) {
		var history []engine.Entry
		for i := range s.entries[c.Code] {
			e, err := s.entries[c.Code][i].Open()
			if err != nil {
				return nil, err
			}
			history = append(history, e)
		}
		past = engine.PastAttempts(history)
	}
	return engine.Contributions(c, past), nil
}

// Rebuild counts every case again.
func (s *Store) Rebuild(ctx context.Context) error {
	err := s.write(ctx, "store.rebuild", func(t *rowenc.Undo) error {
		for code := range s.cases {
			rowenc.Drop(t, s.counted, code)
		}
		return nil
	})
	if err != nil {
		return err
	}
	_, err = s.Project(ctx, 0)
	return err
}

// Sums adds up the figures of offices and days.
func (s *Store) Sums(ctx context.Context, q engine.SumQuery) ([]engine.Figure, error) {
	const op = "store.sums"
	done, err := s.read(ctx, op)
	if err != nil {
		return nil, err
	}
	defer done()
	if !q.From.Valid() || !q.To.Valid() || q.To.AddDays(1) == "" {
		return nil, rowenc.Bad(op, "%q to %q is no period", q.From, q.To)
	}
	sums := map[engine.Figure]int64{}
	for _, c := range s.counted {
		for _, f := range c.parts {
			if f.Day >= q.From && f.Day <= q.To && slices.Contains(q.Offices, f.Office) {
				f.Day = ""
				engine.Sum(sums, []engine.Figure{f}, 1)
			}
		}
	}
	return engine.FiguresOf(sums), nil
}
