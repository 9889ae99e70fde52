package sqlite

import (
	"context"
	"database/sql"

	"lienthong/engine"
	"lienthong/store/rowenc"
)

// seen shows a text to whoever watches.
func (s *Store) seen(q string) string {
	if s.cfg.texts != nil {
		s.cfg.texts(q)
	}
	return q
}

// reading runs a function with one of the connections that are kept for short
// look-ups. The function's statements are not interrupted when ctx ends.
func (s *Store) reading(ctx context.Context, f func(*conn) error) error {
	select {
	case c, open := <-s.readers:
		if !open {
			return rowenc.Busy("store.read", errClosed)
		}
		defer func() { s.readers <- c }()
		return f(c)
	case <-ctx.Done():
		return ctx.Err()
	}
}

// prepared returns the reader pool's statement of a query.
func (s *Store) prepared(q string) (*sql.Stmt, error) {
	if st, ok := s.reads.Load(q); ok {
		return st.(*sql.Stmt), nil
	}
	st, err := s.readDB.PrepareContext(context.Background(), s.seen(q))
	if err != nil {
		return nil, err
	}
	if old, loaded := s.reads.LoadOrStore(q, st); loaded {
		_ = st.Close()
		return old.(*sql.Stmt), nil
	}
	return st, nil
}

// each reads all rows of a query.
func (s *Store) each(ctx context.Context, q string, args []any, scan func(*sql.Rows) error) error {
	st, err := s.prepared(q)
	if err != nil {
		return err
	}
	rows, err := st.QueryContext(ctx, args...)
	if err != nil {
		return err
	}
	return walk(rows, scan)
}

// row reads one row; sql.ErrNoRows when there is none.
func (s *Store) row(ctx context.Context, q string, args []any, dest ...any) error {
	st, err := s.prepared(q)
	if err != nil {
		return err
	}
	return st.QueryRowContext(ctx, args...).Scan(dest...)
}

// limited is a LIMIT: 0 = all.
func limited(n int) int {
	if n <= 0 {
		return -1
	}
	return n
}

// walk reads all rows.
func walk(rows *sql.Rows, scan func(*sql.Rows) error) error {
	defer rows.Close()
	for rows.Next() {
		if err := scan(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

func isUnknown(err error) bool { return engine.CodeOf(err) == engine.UnknownOutcome }
