package sqlite

import (
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/klauspost/compress/zstd"

	"lienthong/store/rowenc"
)

// older is what a program knew that knew the formats up to n.
func older(t *testing.T, n int64) fs.FS {
	t.Helper()
	out := fstest.MapFS{}
	files, err := fs.Glob(migrations, "*.sql")
	must(t, err)
	for _, f := range files {
		b, err := fs.ReadFile(migrations, f)
		must(t, err)
		if newest(fstest.MapFS{f: {}}) <= n {
			out[f] = &fstest.MapFile{Data: b}
		}
	}
	if newest(out) != n {
		t.Fatalf("there is no format %d", n)
	}
	return out
}

// refusedAsNewer wants an error that says so in both languages, with both numbers.
func refusedAsNewer(t *testing.T, what string, err error, numbers ...string) {
	t.Helper()
	if !errors.Is(err, ErrNewer) {
		t.Errorf("%s: %v, want %v", what, err, ErrNewer)
		return
	}
	for _, w := range append(numbers, "use a newer program", "hãy dùng bản mới hơn") {
		if !strings.Contains(err.Error(), w) {
			t.Errorf("%s: %q does not say %q", what, err, w)
		}
	}
}

// A file from the future is refused by everything that opens one, and left as it is.
func TestFileFromTheFuture(t *testing.T) {
	dir := t.TempDir()
	path, to := filepath.Join(dir, "future.db"), filepath.Join(dir, "to.db")
	s := stocked(t, path)
	must(t, s.Close())
	behind(t, s, func(db *sql.DB) {
		run(t, db, `INSERT INTO goose_db_version (version_id, is_applied) VALUES (987, 1)`)
	})
	was, err := os.ReadFile(path)
	must(t, err)
	for what, open := range map[string]func() error{
		"serving":   func() error { _, err := Open(t.Context(), Config{Path: path, TakeOver: true}); return err },
		"reading":   func() error { _, err := OpenFile(t.Context(), path); return err },
		"backup":    func() error { _, err := Backup(t.Context(), path, to, BackupOptions{}); return err },
		"restoring": func() error { _, err := Restore(t.Context(), path, to, RestoreOptions{}); return err },
	} {
		refusedAsNewer(t, what, open(), "987")
	}
	if is, err := os.ReadFile(path); err != nil || !slices.Equal(is, was) {
		t.Errorf("the file was changed (%v)", err)
	}
	if _, err := os.Stat(to); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("something was made of it: %v", err)
	}
}

// A program that knows one format less refuses what this one writes: what it cannot
// unpack it must not take for damage.
func TestOlderProgramIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cases.db")
	s := stocked(t, path)
	must(t, s.Close())
	behind(t, s, func(db *sql.DB) {
		refusedAsNewer(t, "format 9", migrate(t.Context(), db, path, older(t, 9), quiet), "up to 9", fmt.Sprint("has format ", Format()), fmt.Sprint("định dạng ", Format()))
	})
}

// How values are written belongs to the format: whoever changes it must add a
// migration, if an empty one, and then what is expected here.
func TestFormatSaysHowValuesAreWritten(t *testing.T) {
	v := rowenc.Pack([]byte(strings.Repeat(`{"case":"H26.1-260907-0001","seq":4,"command":{"action":"draft"}}`, 9)))
	if len(v) < 2 || v[0] != 3 || v[1] != 1 || Format() < 10 {
		t.Errorf("packed values begin with % x; programs that know format 10 read 03 01 (S2, dictionary 1)", v[:2])
	}
}

// framed packs a value as programs did that knew nine formats.
func framed(t *testing.T, e *zstd.Encoder, v []byte) []byte {
	t.Helper()
	text, err := rowenc.Unpack(v)
	must(t, err)
	return append([]byte{1}, e.EncodeAll(text, nil)[4:]...) // without zstd's magic number
}

// formerly makes of a file what a program left that knew nine formats: values are zstd
// frames.
func formerly(t *testing.T, s *Store) {
	t.Helper()
	e, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithSingleSegment(true), zstd.WithEncoderCRC(false))
	must(t, err)
	behind(t, s, func(db *sql.DB) {
		for _, x := range []struct{ table, column string }{{"entries", "payload"}, {"snapshots", "body"}} {
			values := map[int64][]byte{}
			rows, err := db.Query(`SELECT rowid, ` + x.column + ` FROM ` + x.table)
			must(t, err)
			must(t, walk(rows, func(r *sql.Rows) error {
				var id int64
				var v []byte
				err := r.Scan(&id, &v)
				values[id] = v
				return err
			}))
			if len(values) == 0 {
				t.Fatalf("no %s", x.table)
			}
			for id, v := range values {
				run(t, db, `UPDATE `+x.table+` SET `+x.column+` = ?1 WHERE rowid = ?2`, framed(t, e, v), id)
			}
		}
	})
	rebuilt(t, s.cfg.Path, 9)
}

// rebuilt makes a file of the format n of one of this program's: the tables that a
// program made that knew n formats, with what their columns hold now.
func rebuilt(t *testing.T, path string, n int64) {
	t.Helper()
	was := path + ".new"
	must(t, os.Rename(path, was))
	db, err := sql.Open(summing, "file:"+path+"?_journal_mode=WAL&_foreign_keys=0")
	must(t, err)
	db.SetMaxOpenConns(1)
	must(t, migrate(t.Context(), db, path, older(t, n), quiet))
	run(t, db, `ATTACH ?1 AS src`, was)
	for _, table := range column(t, db, `SELECT name FROM main.sqlite_schema WHERE type = 'table' AND name NOT IN ('goose_db_version', 'sqlite_sequence', 'figure_position')`) {
		cols := strings.Join(column(t, db, `SELECT m.name FROM pragma_table_info('`+table+`', 'main') m JOIN pragma_table_info('`+table+`', 'src') s ON s.name = m.name`), ", ")
		run(t, db, `INSERT INTO main.`+table+` (`+cols+`) SELECT `+cols+` FROM src.`+table)
	}
	run(t, db, `DETACH src`)
	must(t, db.Close())
	must(t, os.Remove(was))
}

// column reads a query's only column.
func column(t *testing.T, db *sql.DB, q string) (out []string) {
	t.Helper()
	rows, err := db.Query(q)
	must(t, err)
	must(t, walk(rows, func(r *sql.Rows) error {
		var v string
		err := r.Scan(&v)
		out = append(out, v)
		return err
	}))
	return out
}

// A file of an older format is read, as a copy; served, brought to the new format, and
// sound all along.
func TestFormatBefore(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cases.db")
	s := stocked(t, path)
	for i := range 8 {
		goesOn(t, s, "A", string(rune('a'+i))) // enough for a snapshot
	}
	must(t, s.Close())
	now := asText(t, path, "A")
	formerly(t, s)
	f, have, err := openFile(t.Context(), path)
	if err != nil || have != 9 {
		t.Fatalf("format %d, %v", have, err)
	}
	must(t, f.Close())
	if got := asText(t, path, "A"); got != now {
		t.Errorf("the old file says\n%s\nand the new one\n%s", got, now)
	}
	sound(t, path, CheckOptions{})
	if f, err = OpenFile(t.Context(), path); err != nil || f.temp == "" {
		t.Errorf("it was not read as a copy (%v)", err)
	}
	must(t, f.Close())

	s, err = Open(t.Context(), Config{Path: path, TakeOver: true, Check: CheckFull})
	must(t, err)
	goesOn(t, s, "A", "z")
	goesOn(t, s, "B", "z")
	must(t, s.Close())
	f, have, err = openFile(t.Context(), path)
	if err != nil || have != Format() {
		t.Errorf("format %d, %v", have, err)
	}
	must(t, f.Close())
	sound(t, path, CheckOptions{})
}
