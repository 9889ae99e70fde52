package sqlite

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strconv"
	"strings"

	"github.com/pressly/goose/v3"
)

// The format of a file is the number of the newest migration that it has been
// through; the file holds it (goose_db_version). Whatever changes the tables, or how
// a value in them is written, is a migration, an empty one if need be: a program that
// does not know it then refuses the file instead of taking it for damaged.

//go:embed migrations/*.sql
var embedded embed.FS

// migrations are the files that this program knows, one for each format.
var migrations = under(embedded)

func under(all embed.FS) fs.FS {
	dir, err := fs.Sub(all, "migrations")
	if err != nil {
		panic(err) // the name is well formed
	}
	return dir
}

// ErrNewer says that a file was written by a newer program than this.
var ErrNewer = errors.New("written by a newer program")

// alike is the oldest format whose tables and values are read as they are: a
// file of another one is read from a copy that is brought up.
const alike = 13

// Format is the newest format of a file that this program knows, and the one that it
// writes.
func Format() int64 { return newest(migrations) }

func newest(known fs.FS) (n int64) {
	files, err := fs.Glob(known, "*.sql")
	if err != nil {
		return 0 // the pattern is well formed
	}
	for _, f := range files {
		number, _, _ := strings.Cut(path.Base(f), "_")
		if v, err := strconv.ParseInt(number, 10, 64); err == nil {
			n = max(n, v)
		}
	}
	return n
}

// newer refuses a file of a format that is not known.
func newer(name string, have, known int64) error {
	return fmt.Errorf("sqlite: %w: %s has format %d, this program knows formats up to %d: use a newer program (lienthong --about says what one knows)\n"+
		"Tệp có định dạng %d, chương trình này chỉ biết đến định dạng %d: hãy dùng bản mới hơn (xem bằng lienthong --about)", ErrNewer, name, have, known, have, known)
}

// migrate brings a file to the newest known format. Migrations only go forward; a
// file of a newer format is refused, not guessed at.
func migrate(ctx context.Context, db *sql.DB, name string, known fs.FS) error {
	p, err := migrator(db, known)
	if err != nil {
		return fmt.Errorf("sqlite: migrations: %w", err)
	}
	have, want, err := p.GetVersions(ctx)
	if err != nil {
		return fmt.Errorf("sqlite: migrations: %w", err)
	}
	if have > want {
		return newer(name, have, want)
	}
	if _, err := p.Up(ctx); err != nil {
		return fmt.Errorf("sqlite: migrations: %w", err)
	}
	return nil
}

// migrator runs the migrations of known, each as one text: SQLite tells its statements
// apart by itself, and goose takes a buffer of 4 MB for each line to do so.
func migrator(db *sql.DB, known fs.FS) (*goose.Provider, error) {
	files, err := fs.Glob(known, "*.sql")
	if err != nil {
		return nil, err
	}
	var all []*goose.Migration
	for _, name := range files {
		text, err := fs.ReadFile(known, name)
		if err != nil {
			return nil, err
		}
		if strings.Contains(string(text), "+goose Down") { // it would run with the rest
			return nil, fmt.Errorf("%s goes back: migrations only go forward", name)
		}
		version, err := goose.NumericComponent(name)
		if err != nil {
			return nil, err
		}
		all = append(all, goose.NewGoMigration(version, &goose.GoFunc{RunTx: func(ctx context.Context, tx *sql.Tx) error {
			_, err := tx.ExecContext(ctx, string(text))
			return err
		}}, nil))
	}
	return goose.NewProvider(goose.DialectSQLite3, db, nil, goose.WithGoMigrations(all...), goose.WithDisableGlobalRegistry(true))
}
