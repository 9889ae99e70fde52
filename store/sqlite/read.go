package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"regexp"
	"sync"

	"lienthong/engine"
	"lienthong/store/rowenc"
)

// seen shows a text to whoever watches, and returns it as it is compiled.
func (s *Store) seen(q string) string {
	if s.cfg.texts != nil {
		s.cfg.texts(q)
	}
	return stable(q)
}

var parameter = regexp.MustCompile(`\?\d+`)

// stable hides the parameters of a text from SQLite's planner. It looks at one of LIMIT,
// and at one that a column is compared with, for a better plan, and compiles the whole
// statement anew each time such a parameter is bound: that took longer than to run it. It
// does not look into an expression.
func stable(q string) string { return parameter.ReplaceAllString(q, "+$0") }

// idle are the connections for short look-ups that nobody has. The one that was used
// last is taken first: what it read of the inner pages is still there.
type idle struct {
	free chan struct{} // one for each connection that nobody has; closed with the store

	mu    sync.Mutex
	conns []*conn // at least as many
}

func newIdle(n int) *idle { return &idle{free: make(chan struct{}, n)} }

// take waits for a connection; errClosed when there will be none.
func (p *idle) take(ctx context.Context) (*conn, error) {
	select {
	case _, open := <-p.free:
		if !open {
			return nil, errClosed
		}
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	last := len(p.conns) - 1
	c := p.conns[last]
	p.conns = p.conns[:last]
	return c, nil
}

func (p *idle) put(c *conn) {
	p.mu.Lock()
	p.conns = append(p.conns, c)
	p.mu.Unlock()
	p.free <- struct{}{}
}

// reading runs a function with one of the connections that are kept for short
// look-ups. The function's statements are not interrupted when ctx ends.
func (s *Store) reading(ctx context.Context, f func(*conn) error) error {
	c, err := s.readers.take(ctx)
	if errors.Is(err, errClosed) {
		return rowenc.Busy("store.read", err)
	}
	if err != nil {
		return err
	}
	defer s.readers.put(c)
	return f(c)
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
	return (&lister{Store: s}).each(ctx, q, args, scan)
}

// row reads one row; sql.ErrNoRows when there is none.
func (s *Store) row(ctx context.Context, q string, args []any, dest ...any) error {
	return (&lister{Store: s}).row(ctx, q, args, dest...)
}

// limited is a LIMIT: 0 = all.
func limited(n int) int {
	if n <= 0 {
		return -1
	}
	return n
}

// each runs a statement and reads all its rows.
func each(ctx context.Context, st *sql.Stmt, args []any, scan func(*sql.Rows) error) error {
	rows, err := st.QueryContext(ctx, args...)
	if err != nil {
		return err
	}
	return walk(rows, scan)
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
