package sqlite

import (
	"cmp"
	"context"
	"database/sql"

	"lienthong/engine"
)

// lister reads lists. With a transaction all that it reads is of one moment: between
// two statements a dossier may end, go to another office, be bound, or be loose again, and
// stand in neither.
type lister struct {
	*Store
	tx      *sql.Tx
	unknown []string // texts that were not prepared yet
}

// listing runs a function that reads lists of a query; when that takes several statements,
// of one moment.
func (s *Store) listing(ctx context.Context, q engine.RowQuery, f func(*lister) error) error {
	if q.Text == "" && !q.Ended && len(q.Offices) == 1 {
		return f(&lister{Store: s})
	}
	tx, err := s.readDB.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return err
	}
	defer tx.Rollback() //nolint:errcheck // it only read, and mostly has ended
	l := &lister{Store: s, tx: tx}
	err = f(l)
	_ = tx.Rollback() // before anything else is waited for
	for _, q := range l.unknown {
		if _, failed := s.prepared(q); failed != nil {
			return cmp.Or(err, failed)
		}
	}
	return err
}

// stmt is the statement of a query. Who has a transaction has a connection, and must not
// wait for another one: a text that is new is prepared there, and for the others later.
func (l *lister) stmt(ctx context.Context, q string) (*sql.Stmt, error) {
	if l.tx == nil {
		return l.prepared(q)
	}
	if st, ok := l.reads.Load(q); ok {
		return l.tx.StmtContext(ctx, st.(*sql.Stmt)), nil
	}
	l.unknown = append(l.unknown, q)
	return l.tx.PrepareContext(ctx, l.seen(q))
}

// each reads all rows of a query.
func (l *lister) each(ctx context.Context, q string, args []any, scan func(*sql.Rows) error) error {
	st, err := l.stmt(ctx, q)
	if err != nil {
		return err
	}
	return each(ctx, st, args, scan)
}

// row reads one row; sql.ErrNoRows when there is none.
func (l *lister) row(ctx context.Context, q string, args []any, dest ...any) error {
	st, err := l.stmt(ctx, q)
	if err != nil {
		return err
	}
	return st.QueryRowContext(ctx, args...).Scan(dest...)
}

// rows adds the dossiers that a query selects.
func (l *lister) rows(ctx context.Context, q string, args []any, to *[]engine.Row) error {
	return l.each(ctx, q, args, func(r *sql.Rows) error {
		x, err := scanRow(r)
		*to = append(*to, x)
		return err
	})
}

// count counts the rows of a query.
func (l *lister) count(ctx context.Context, q string, args []any) (n int, err error) {
	err = l.row(ctx, `SELECT count(*) FROM (`+q+`)`, args, &n)
	return n, err
}
