package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/mattn/go-sqlite3"
)

var quiet = slog.New(slog.DiscardHandler)

// stopping is a driver whose SQL can call a function of the test.
const stopping = "sqlite3 that stops"

var (
	called       func(what string) // by SQL, while a migration runs
	registerOnce sync.Once
)

func openStopping(t *testing.T, path string) *sql.DB {
	t.Helper()
	registerOnce.Do(func() {
		sql.Register(stopping, &sqlite3.SQLiteDriver{ConnectHook: func(c *sqlite3.SQLiteConn) error {
			return c.RegisterFunc("call", func(what string) int64 { called(what); return 1 }, false)
		}})
	})
	db, err := sql.Open(stopping, "file:"+path+"?_journal_mode=WAL&_txlock=immediate")
	must(t, err)
	db.SetMaxOpenConns(1)
	return db
}

// with is what a program knows that has a text for the format after n.
func with(t *testing.T, n int64, text string) fs.FS {
	t.Helper()
	out := older(t, n).(fstest.MapFS)
	out["00099_next.sql"] = &fstest.MapFile{Data: []byte(text)}
	return out
}

// heard is a log whose lines a test looks at.
type heard struct {
	slog.Handler
	line func(slog.Record)
}

func (heard) Enabled(context.Context, slog.Level) bool { return true }

func (h heard) Handle(_ context.Context, r slog.Record) error { h.line(r); return nil }

// old makes a file of format 12 that is closed, with cases.
func old(t *testing.T) (path string, bytes []byte) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "cases.db")
	must(t, stocked(t, path).Close())
	rebuilt(t, path, 12)
	bytes, err := os.ReadFile(path)
	must(t, err)
	return path, bytes
}

// stillOld wants the file to be as it was, to be read, and to be brought up.
func stillOld(t *testing.T, path string, was []byte) {
	t.Helper()
	if is, err := os.ReadFile(path); err != nil || !slices.Equal(is, was) {
		t.Errorf("the file was changed (%v)", err)
	}
	f, have, err := openFile(t.Context(), path)
	must(t, err)
	if have != 12 {
		t.Errorf("it has format %d", have)
	}
	must(t, f.Close())
	s, err := Open(t.Context(), Config{Path: path, TakeOver: true, Check: CheckFull})
	must(t, err)
	goesOn(t, s, "A", "z")
	must(t, s.Close())
	if f, have, err = openFile(t.Context(), path); err != nil || have != Format() {
		t.Fatalf("brought up it has format %d, %v", have, err)
	}
	must(t, f.Close())
}

// A migration ends soon after it is stopped, wherever its text is, and the file stays
// as it was: nothing that follows the stop runs to its end.
func TestMigrationStopped(t *testing.T) {
	const long = `CREATE TABLE filled (i INTEGER, v); INSERT INTO filled SELECT value, NULL FROM (WITH RECURSIVE n (value) AS (SELECT 1 UNION ALL SELECT value + 1 FROM n WHERE value < 3000000) SELECT value FROM n); `
	for name, text := range map[string]string{
		"in a long statement": `CREATE TABLE filled (i INTEGER, v); INSERT INTO filled WITH RECURSIVE n (value) AS (SELECT 1 UNION ALL SELECT value + 1 FROM n WHERE value < 3000000)
			SELECT value, CASE value WHEN 1000 THEN call('stop') WHEN 3000000 THEN call('end') END FROM n;`,
		"at the end of a statement": `CREATE TABLE first (v); INSERT INTO first VALUES (call('stop')); ` + long + `INSERT INTO first VALUES (call('end'));`,
		"before tables are dropped": `CREATE TABLE first (v); INSERT INTO first VALUES (call('stop')); DROP INDEX outbox_done; DROP TABLE answers; ` + long + `INSERT INTO first VALUES (call('end'));`,
		"before an index":           long + `UPDATE filled SET v = call('stop') WHERE i = 1000; CREATE INDEX filled_v ON filled (v, i); DROP TABLE answers; INSERT INTO filled VALUES (0, call('end'));`,
	} {
		t.Run(name, func(t *testing.T) {
			path, was := old(t)
			ctx, stop := context.WithCancel(t.Context())
			stopped := false
			called = func(what string) {
				if what == "end" {
					t.Error("the text ran to its end")
				}
				stopped = true
				stop()
			}
			db := openStopping(t, path)
			err := migrate(ctx, db, path, with(t, 12, text), quiet)
			if !stopped || !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "Đã dừng") || !strings.Contains(err.Error(), "stopped while "+path+" was brought up to format 99") {
				t.Errorf("stopped %t, %v", stopped, err)
			}
			must(t, db.Close())
			stillOld(t, path, was)
		})
	}
}

// What was stopped before it began leaves the file alone; a format that was finished stays.
func TestMigrationStoppedBetween(t *testing.T) {
	path, was := old(t)
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if s, err := Open(ctx, Config{Path: path, TakeOver: true}); err == nil {
		t.Fatal(errors.Join(errors.New("it was opened"), s.Close()))
	}
	stillOld(t, path, was)

	path, _ = old(t)
	ctx, stop = context.WithCancel(t.Context())
	db, err := sql.Open(summing, "file:"+path)
	must(t, err)
	db.SetMaxOpenConns(1)
	err = migrate(ctx, db, path, with(t, 13, `CREATE TABLE x (v)`), slog.New(heard{line: func(r slog.Record) {
		if strings.Contains(r.Message, "new format") {
			stop()
		}
	}}))
	if !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if have, err := formatOf(t.Context(), db); have != 13 || err != nil {
		t.Errorf("format %d, %v", have, err)
	}
	must(t, db.Close())
}

// Who opens a file is let go soon after the stop, though what runs does not look: the
// file stays taken until that has ended.
func TestMigrationThatDoesNotLook(t *testing.T) {
	path, was := old(t)
	defer func(d time.Duration) { patience = d }(patience)
	patience = time.Millisecond
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	held := make(chan struct{})
	log := slog.New(heard{line: func(r slog.Record) {
		if strings.Contains(r.Message, "brought up") {
			stop()
			<-held
		}
	}})
	if _, err := Open(ctx, Config{Path: path, TakeOver: true, Logger: log}); !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "Đã dừng") {
		t.Errorf("%v", err)
	}
	if _, err := Open(t.Context(), Config{Path: path, TakeOver: true}); !errors.Is(err, ErrInUse) {
		t.Errorf("while the migration goes on: %v", err)
	}
	close(held)
	leftOver.Wait()
	stillOld(t, path, was)
}

// Whoever waits is told what for: at the beginning, and of every format. A small or a
// new file is not worth a warning.
func TestMigrationTold(t *testing.T) {
	var lines []string
	log := slog.New(heard{line: func(r slog.Record) {
		line := r.Level.String() + " " + r.Message
		r.Attrs(func(a slog.Attr) bool { line += " " + a.Key + "=" + a.Value.String(); return true })
		lines = append(lines, line)
	}})
	path, _ := old(t)
	db, err := sql.Open(summing, "file:"+path)
	must(t, err)
	db.SetMaxOpenConns(1)
	defer db.Close()
	must(t, migrate(t.Context(), db, path, older(t, 13), log))
	if len(lines) != 2 || !strings.HasPrefix(lines[0], "INFO sqlite: the file is of an older format") || !strings.Contains(lines[0], "format=12 to=13") ||
		!strings.HasPrefix(lines[1], "INFO sqlite: the file has a new format") || !strings.Contains(lines[1], "format=13 took=") {
		t.Errorf("%q", lines)
	}
	lines = nil
	must(t, migrate(t.Context(), db, path, older(t, 13), log))
	if len(lines) != 0 {
		t.Errorf("of a file that is up to date: %q", lines)
	}
	for _, x := range []struct {
		size, have int64
		want       time.Duration
	}{{21 << 30, 12, 14 * time.Minute}, {21 << 30, 13, 0}, {1 << 30, 12, 40 * time.Second}, {20 << 20, 11, time.Second}, {0, 1, 0}} {
		if got := takes(x.size, x.have); got != x.want {
			t.Errorf("%d bytes of format %d take %v, want %v", x.size, x.have, got, x.want)
		}
	}
}
