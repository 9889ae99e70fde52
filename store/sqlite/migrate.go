package sqlite

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/mattn/go-sqlite3"
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
const alike = 14

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

// patience is how long a stop waits for a migration to end. SQLite is interrupted at
// once and looks at that between rows; but it takes a whole table or index away, and
// syncs and copies back what was committed, without looking.
var (
	patience = time.Second  // changed by a test
	leftOver sync.WaitGroup // migrations that nobody waits for, but a test
)

// bringUp migrates the file, and comes back soon after ctx has ended, whatever SQLite
// does: what still runs then ends by itself (abandon) or with the process, as in a crash.
func (s *Store) bringUp(ctx context.Context) error {
	done, known := make(chan error, 1), migrations
	go func() { done <- migrate(ctx, s.writeDB, s.cfg.Path, known, s.log) }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
	}
	select {
	case err := <-done:
		return err
	case <-time.After(patience):
		s.late = done
		return brokenOff(s.cfg.Path, newest(known), ctx.Err())
	}
}

// brokenOff says that a file may not have been brought up to date because nobody waits
// for it: a commit that was under way may still be made.
func brokenOff(name string, want int64, err error) error {
	return fmt.Errorf("sqlite: stopped while %s was brought up to format %d: it has the last format that was finished, and can be opened again\n"+
		"Đã dừng khi đang nâng tệp lên định dạng %d: tệp giữ định dạng hoàn tất gần nhất và mở lại được: %w", name, want, want, err)
}

// paces are the formats that take long, with seconds for each GB of the file: measured
// at 20 GB on a slow disk. What the formats before them take is not known.
var paces = []struct {
	format  int64
	seconds float64
}{{11, 5}, {12, 3}, {13, 40}}

// takes guesses how long it takes to bring a file of that size and format up.
func takes(size, have int64) time.Duration {
	seconds := 0.0
	for _, p := range paces {
		if p.format > have {
			seconds += p.seconds * float64(size) / (1 << 30)
		}
	}
	d := time.Duration(seconds * float64(time.Second))
	if d > time.Minute {
		return d.Round(time.Minute)
	}
	return d.Round(time.Second)
}

// migrate brings a file to the newest known format. Migrations only go forward; a
// file of a newer format is refused, not guessed at. Each is one transaction. When ctx
// ends, SQLite stops between two rows, and what had begun is rolled back.
func migrate(ctx context.Context, db *sql.DB, name string, known fs.FS, log *slog.Logger) error {
	p, err := migrator(ctx, db, known)
	if err != nil {
		return fmt.Errorf("sqlite: migrations: %w", err)
	}
	whole := context.WithoutCancel(ctx) // only the texts are stopped
	have, want, err := p.GetVersions(whole)
	if err != nil {
		return fmt.Errorf("sqlite: migrations: %w", err)
	}
	if have > want {
		return newer(name, have, want)
	}
	level := announce(log, name, have, want)
	for {
		done, err := p.UpByOne(whole)
		if errors.Is(err, goose.ErrNoNextVersion) {
			return nil
		}
		if interrupted(ctx, err) {
			return brokenOff(name, want, ctx.Err())
		}
		if err != nil {
			return fmt.Errorf("sqlite: migrations: %w", err)
		}
		log.Log(whole, level, "sqlite: the file has a new format", "file", name, "format", done.Source.Version, "took", done.Duration.Round(time.Millisecond))
	}
}

// announce tells that a file is about to be brought up, and how important lines about
// that are: what takes long is told to everybody, a new file to nobody.
func announce(log *slog.Logger, name string, have, want int64) slog.Level {
	st, err := os.Stat(name)
	if err != nil || have == 0 || have == want {
		return slog.LevelDebug
	}
	about, level := takes(st.Size(), have), slog.LevelInfo
	if about >= 5*time.Second {
		level = slog.LevelWarn
	}
	log.Log(context.Background(), level, "sqlite: the file is of an older format and is brought up before it is served; this can be stopped, and begins anew then",
		"file", name, "bytes", st.Size(), "format", have, "to", want, "about", about)
	return level
}

// interrupted tells whether err is there because ctx has ended.
func interrupted(ctx context.Context, err error) bool {
	var e sqlite3.Error
	return err != nil && ctx.Err() != nil && (errors.Is(err, ctx.Err()) || errors.As(err, &e) && e.Code == sqlite3.ErrInterrupt)
}

// migrator runs the migrations of known, each as one text: SQLite tells its statements
// apart by itself, and goose takes a buffer of 4 MB for each line to do so. A text
// stops when ctx ends; the context of goose's own statements should not.
func migrator(ctx context.Context, db *sql.DB, known fs.FS) (*goose.Provider, error) {
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
		all = append(all, goose.NewGoMigration(version, &goose.GoFunc{RunTx: func(whole context.Context, tx *sql.Tx) error {
			return runText(ctx, whole, tx, string(text))
		}}, nil))
	}
	return goose.NewProvider(goose.DialectSQLite3, db, nil, goose.WithGoMigrations(all...), goose.WithDisableGlobalRegistry(true))
}

// runText runs statements until ctx ends. The driver interrupts once, and SQLite
// forgets an interrupt when no statement of the connection is under way: one that comes
// between two statements, or while one is in a step that does not look, would be lost,
// and the rest of the text run to its end. A query that is under way all along, and
// reads no table, keeps it.
func runText(ctx, whole context.Context, tx *sql.Tx, text string) error {
	rows, err := tx.QueryContext(whole, `VALUES (1), (2)`)
	if err != nil {
		return err
	}
	if rows.Next() {
		_, err = tx.ExecContext(ctx, text)
	}
	return errors.Join(err, rows.Err(), rows.Close())
}
