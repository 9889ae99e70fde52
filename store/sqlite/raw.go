package sqlite

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"

	"github.com/mattn/go-sqlite3"
)

// conn is one connection of the driver with its prepared statements. It is used
// without database/sql, whose locks and conversions cost more than a short
// statement does. One goroutine has it at a time.
//
// Every statement goes through the driver's Query, which binds and takes the
// first step in one crossing to C: a statement without rows has run when Query
// returns.
type conn struct {
	c     *sqlite3.SQLiteConn
	seen  func(q string) string // shows a text to whoever watches
	stmts map[string]*sqlite3.SQLiteStmt
	args  []driver.NamedValue
	row   []driver.Value
}

// scanner is a row.
type scanner interface{ Scan(dest ...any) error }

func (s *Store) connect(dsn string) (*conn, error) {
	c, err := (&sqlite3.SQLiteDriver{}).Open(dsn)
	if err != nil {
		return nil, err
	}
	return &conn{c: c.(*sqlite3.SQLiteConn), seen: s.seen, stmts: map[string]*sqlite3.SQLiteStmt{}}, nil
}

func (c *conn) close() error {
	for _, st := range c.stmts {
		_ = st.Close()
	}
	return c.c.Close()
}

// stmt returns the prepared statement of a query.
func (c *conn) stmt(q string) (*sqlite3.SQLiteStmt, error) {
	if st, ok := c.stmts[q]; ok {
		return st, nil
	}
	st, err := c.c.Prepare(c.seen(q))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", q, err)
	}
	c.stmts[q] = st.(*sqlite3.SQLiteStmt)
	return c.stmts[q], nil
}

// start runs a statement to its first row.
func (c *conn) start(q string, args []any) (driver.Rows, error) {
	st, err := c.stmt(q)
	if err != nil {
		return nil, err
	}
	c.args = c.args[:0]
	for i, a := range args {
		v, err := value(a)
		if err != nil {
			return nil, fmt.Errorf("%s: parameter %d: %w", q, i+1, err)
		}
		c.args = append(c.args, driver.NamedValue{Ordinal: i + 1, Value: v})
	}
	return st.QueryContext(context.Background(), c.args)
}

// value is a parameter as the driver takes it.
func value(a any) (driver.Value, error) {
	switch v := a.(type) {
	case string, int64, []byte, bool, nil:
		return v, nil
	case int:
		return int64(v), nil
	case versionNumber:
		return v.id, nil
	case sum:
		return int64(v), nil
	}
	return nil, fmt.Errorf("%T cannot be bound", a)
}

// exec runs a statement whose rows, if any, are of no interest.
func (c *conn) exec(q string, args ...any) error {
	rows, err := c.start(q, args)
	if err != nil {
		return err
	}
	return rows.Close()
}

// each runs a query and calls a function for every row. The function may not use
// the connection.
func (c *conn) each(q string, args []any, scan func(scanner) error) error {
	rows, err := c.start(q, args)
	if err != nil {
		return err
	}
	n := len(rows.Columns())
	for cap(c.row) < n {
		c.row = make([]driver.Value, n)
	}
	c.row = c.row[:n]
	for {
		err := rows.Next(c.row)
		if errors.Is(err, io.EOF) {
			return rows.Close()
		}
		if err == nil {
			err = scan(values(c.row))
		}
		if err != nil {
			return errors.Join(err, rows.Close())
		}
	}
}

// one runs a query of one row; sql.ErrNoRows when there is none.
func (c *conn) one(q string, args []any, dest ...any) error {
	found := false
	err := c.each(q, args, func(r scanner) error {
		found = true
		return r.Scan(dest...)
	})
	if err == nil && !found {
		err = sql.ErrNoRows
	}
	return err
}

// changed runs a statement and tells how many rows it touched itself.
func (c *conn) changed(q string, args ...any) (n int64, err error) {
	if err := c.exec(q, args...); err != nil {
		return 0, err
	}
	err = c.one(`SELECT changes()`, nil, &n)
	return n, err
}

// total counts every row that the connection ever touched.
func (c *conn) total() (n int64, err error) {
	err = c.one(`SELECT total_changes()`, nil, &n)
	return n, err
}

// values is a row of the driver.
type values []driver.Value

// errMisfit is a column that holds something else than its kind.
var errMisfit = errors.New("does not fit")

// Scan copies the row into the destinations. A NULL leaves []byte nil.
func (r values) Scan(dest ...any) error {
	if len(dest) != len(r) {
		return fmt.Errorf("%d columns for %d destinations", len(r), len(dest))
	}
	for i, d := range dest {
		ok := true
		switch d := d.(type) {
		case *string:
			*d, ok = r[i].(string)
		case *int64:
			*d, ok = r[i].(int64)
		case *int:
			var v int64
			v, ok = r[i].(int64)
			*d = int(v)
		case *bool:
			var v int64
			v, ok = r[i].(int64)
			*d = v != 0
		case *[]byte:
			*d = nil
			if r[i] != nil {
				*d, ok = r[i].([]byte)
			}
		default:
			ok = false
		}
		if !ok {
			return fmt.Errorf("column %d: %T %w into %T", i+1, r[i], errMisfit, d)
		}
	}
	return nil
}
