package bench

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"time"

	_ "github.com/mattn/go-sqlite3" // the driver "sqlite3"
)

func openDisk(path string) (*sql.DB, error) {
	return sql.Open("sqlite3", "file:"+(&url.URL{Path: path}).EscapedPath()+"?mode=rw&_busy_timeout=10000")
}

// checkpoint moves what is in the log of a database into its file.
func checkpoint(ctx context.Context, path string) (err error) {
	db, err := openDisk(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	ctx, stop := context.WithTimeoutCause(ctx, 10*time.Second, fmt.Errorf("bench: the log of %s is in use", path))
	defer stop()
	again := time.NewTicker(5 * time.Millisecond)
	defer again.Stop()
	for busy := 1; ; {
		var log, moved int
		if err := db.QueryRowContext(ctx, `PRAGMA wal_checkpoint(TRUNCATE)`).Scan(&busy, &log, &moved); err != nil {
			return err
		}
		if busy == 0 {
			return nil
		}
		select { // the store copies its log back just now: SQLite does not wait for that
		case <-again.C:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// content is how much a table holds.
type content struct{ Rows, Bytes int64 }

// contents counts the rows of every table of a database, and the bytes of their
// texts and blobs.
func contents(ctx context.Context, path string) (_ map[string]content, err error) {
	db, err := openDisk(path)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	rows, err := db.QueryContext(ctx, `SELECT t.name, group_concat(CASE WHEN c.type IN ('TEXT', 'BLOB') THEN 'ifnull(length(CAST(' || c.name || ' AS BLOB)), 0)' ELSE '0' END, ' + ')
		FROM pragma_table_list t, pragma_table_info(t.name) c WHERE t.schema = 'main' AND t.type = 'table' AND t.name NOT LIKE 'sqlite%' AND t.name NOT LIKE 'goose%' AND t.name <> 'marks'
		GROUP BY t.name`)
	if err != nil {
		return nil, err
	}
	queries := map[string]string{}
	for rows.Next() {
		var name, sum string
		if err := rows.Scan(&name, &sum); err != nil {
			return nil, errors.Join(err, rows.Close())
		}
		queries[name] = `SELECT count(*), ifnull(sum(` + sum + `), 0) FROM "` + name + `"`
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return nil, err
	}
	out := map[string]content{}
	for name, q := range queries {
		var c content
		if err := db.QueryRowContext(ctx, q).Scan(&c.Rows, &c.Bytes); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		out[name] = c
	}
	return out, nil
}
