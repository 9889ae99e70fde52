package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"

	"lienthong/engine"
	"lienthong/store/rowenc"
)

// Publish keeps versions and defaults, all of them or none.
func (s *Store) Publish(ctx context.Context, p engine.Publishing) error {
	const op = "store.publish"
	rows, err := rowenc.EncodePublishing(op, p)
	if err != nil {
		return err
	}
	size := 0
	for _, b := range slices.Concat(rows.Versions, rows.Defaults) {
		size += len(b)
	}
	return s.keeping(ctx, op, "", size, answering(op, p.Answer, func(w *writer) error {
		for i := range p.Versions {
			if err := w.publish(op, &p.Versions[i], rows.Versions[i]); err != nil {
				return err
			}
		}
		for i, d := range p.Defaults {
			n, err := w.changed(`INSERT INTO defaults (body) SELECT ?3 WHERE EXISTS (SELECT 1 FROM publications WHERE service = ?1 AND version = ?2)`,
				d.Service, d.Version, rows.Defaults[i])
			if err == nil && n == 0 {
				err = rowenc.Missing(op, "")
			}
			if err != nil {
				return err
			}
		}
		return nil
	}))
}

// publish keeps one version, unless it stands.
func (w *writer) publish(op string, p *engine.Publication, body []byte) error {
	var hash string
	err := w.one(`SELECT hash FROM publications WHERE service = ?1 AND version = ?2`, []any{p.Service, p.Version}, &hash)
	switch {
	case err == nil && hash == p.Hash:
		return nil
	case err == nil:
		return rowenc.Duplicate(op, "", hash)
	case !errors.Is(err, sql.ErrNoRows):
		return err
	}
	return w.exec(`INSERT INTO publications (service, version, hash, body) VALUES (?1, ?2, ?3, ?4)`, p.Service, p.Version, p.Hash, body)
}

// Published lists every version, in the order of publication.
func (s *Store) Published(ctx context.Context) ([]engine.Publication, error) {
	return bodies(ctx, s, "store.published", `SELECT body FROM publications ORDER BY n`, rowenc.DecodePublication)
}

// Defaults lists what was made the default, oldest first.
func (s *Store) Defaults(ctx context.Context) ([]engine.DefaultSet, error) {
	return bodies(ctx, s, "store.defaults", `SELECT body FROM defaults ORDER BY n`, rowenc.DecodeDefault)
}

// agreed asks whether a file of an older format may be brought up.
func (s *Store) agreed(ctx context.Context) error {
	const since = 9 // the format that has publications
	if s.cfg.Agree == nil {
		return nil
	}
	have, err := formatOf(ctx, s.writeDB)
	if errors.Is(err, ErrForeign) { // empty: checkOpened knows it
		return nil
	}
	if err != nil || have < since || have >= Format() {
		return err
	}
	rows, err := s.writeDB.QueryContext(ctx, `SELECT service, version, hash, body FROM publications ORDER BY n`)
	if err != nil {
		return fmt.Errorf("sqlite: %w", err)
	}
	var past []engine.Publication
	err = walk(rows, func(r *sql.Rows) error {
		var p engine.Publication
		var body []byte
		if err := r.Scan(&p.Service, &p.Version, &p.Hash, &body); err != nil {
			return err
		}
		if whole, err := rowenc.DecodePublication(body); err == nil { // its format may not be known yet
			p = whole
		}
		past = append(past, p)
		return nil
	})
	if err != nil {
		return fmt.Errorf("sqlite: %w", err)
	}
	return s.cfg.Agree(past)
}

// bodies reads a column of encoded values.
func bodies[V any](ctx context.Context, s *Store, op, query string, decode func([]byte) (V, error)) ([]V, error) {
	out := []V{}
	err := s.each(ctx, query, nil, func(r *sql.Rows) error {
		var b []byte
		if err := r.Scan(&b); err != nil {
			return err
		}
		v, err := decode(b)
		if err != nil {
			return rowenc.Corrupt(op, "", 0, fmt.Sprintf("row %d cannot be read: %v", len(out)+1, err))
		}
		out = append(out, v)
		return nil
	})
	if err != nil {
		return nil, failure(op, "", err)
	}
	return out, nil
}
