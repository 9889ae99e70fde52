package sqlite

import (
	"context"
	"database/sql"

	"lienthong/engine"
)

// seen shows a text to whoever watches.
func (s *Store) seen(q string) string {
	if s.cfg.texts != nil {
		s.cfg.texts(q)
	}
	return q
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

// closeReads closes the reader pool's statements.
func (s *Store) closeReads() {
	s.reads.Range(func(_, v any) bool { _ = v.(*sql.Stmt).Close(); return true })
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

func isUnknown(err error) bool { return engine.CodeOf(err) == engine.UnknownOutcome }
