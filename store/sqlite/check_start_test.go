package sqlite

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mattn/go-sqlite3"

	"lienthong/engine"
)

// starts opens a file as a server does and says what it logged.
func starts(path string, level CheckLevel) (log string, err error) {
	var b bytes.Buffer
	s, err := Open(context.Background(), Config{Path: path, TakeOver: true, Check: level, Logger: slog.New(slog.NewTextHandler(&b, nil))})
	if err == nil {
		err = s.Close()
	}
	return b.String(), err
}

// refused fails the test unless the file is refused with words.
func refused(t *testing.T, path string, level CheckLevel, kind error, words ...string) {
	t.Helper()
	_, err := starts(path, level)
	if !errors.Is(err, kind) {
		t.Fatalf("error %v, want %v", err, kind)
	}
	for _, w := range words {
		if !strings.Contains(err.Error(), w) {
			t.Errorf("error %v does not say %q", err, w)
		}
	}
}

// root is the first page of a table or index.
func root(t *testing.T, path, name string) int64 {
	t.Helper()
	db, err := sql.Open("sqlite3", "file:"+path)
	must(t, err)
	defer db.Close()
	var page int64
	must(t, db.QueryRow(`SELECT rootpage FROM sqlite_schema WHERE name = ?1`, name).Scan(&page))
	return page
}

// flipAt changes a byte of a file.
func flipAt(t *testing.T, path string, at int64, by byte) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	must(t, err)
	defer f.Close()
	b := make([]byte, 1)
	_, err = f.ReadAt(b, at)
	must(t, err)
	b[0] ^= by
	_, err = f.WriteAt(b, at)
	must(t, err)
}

func TestStartRefusesDamage(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cases.db")
	must(t, stocked(t, path).Close())
	whole, err := os.ReadFile(path)
	must(t, err)
	again := func() { must(t, os.WriteFile(path, whole, 0o600)) }
	page := root(t, path, "snapshots")

	flipAt(t, path, (page-1)*4096, 0xff) // what kind of page it is
	refused(t, path, CheckAuto, ErrDamaged, "(table snapshots)", "restore a backup")
	refused(t, path, CheckFull, ErrDamaged, "(table snapshots)")
	if _, err := starts(path, CheckOff); err != nil {
		t.Errorf("without a check: %v", err)
	}
	again()

	// A page whose structure holds but whose history does not.
	db, err := sql.Open("sqlite3", "file:"+path)
	must(t, err)
	run(t, db, `DROP TRIGGER entries_only_erase`)
	run(t, db, `UPDATE entries SET at = at + 1 WHERE case_code = 'C' AND seq = 2`)
	must(t, db.Close())
	if _, err := starts(path, CheckAuto); err != nil {
		t.Errorf("the quick look: %v", err)
	}
	refused(t, path, CheckFull, ErrDamaged, "case C entry 2: entry does not match the chain", "trigger entries_only_erase is missing")
	again()

	binary.BigEndian.PutUint32(whole[68:], 7)
	again()
	refused(t, path, CheckOff, ErrForeign, "belongs to application 00000007")

	other := filepath.Join(filepath.Dir(path), "other.db")
	db, err = sql.Open("sqlite3", "file:"+other)
	must(t, err)
	run(t, db, `CREATE TABLE notes (a)`)
	must(t, db.Close())
	refused(t, other, CheckAuto, ErrForeign, "it has other tables")

	must(t, os.WriteFile(path+"-wal", []byte("left behind"), 0o600))
	must(t, os.Remove(path))
	if _, err := starts(path, CheckAuto); err == nil || !strings.Contains(err.Error(), "is gone, but its write-ahead log is there") {
		t.Errorf("a write-ahead log alone: %v", err)
	}
}

// A large file is looked at only when the last process did not close it.
func TestStartLooksAfterACrash(t *testing.T) {
	defer func(n int64) { smallFile = n }(smallFile)
	path := filepath.Join(t.TempDir(), "cases.db")
	must(t, stocked(t, path).Close())
	look := func(want bool) {
		t.Helper()
		log, err := starts(path, CheckAuto)
		must(t, err)
		if strings.Contains(log, "pages looked at") != want {
			t.Errorf("looked at its pages: %v, want %v\n%s", !want, want, log)
		}
	}
	look(true)
	smallFile = 1
	look(false)
	s, err := Open(t.Context(), Config{Path: path, TakeOver: true})
	must(t, err)
	dead := filepath.Join(t.TempDir(), "dead.db") // what a crash leaves
	copyFile(t, path, dead)
	copyFile(t, path+"-wal", dead+"-wal")
	must(t, s.Close())
	look(false)
	path = dead
	look(true)
	look(false)
}

func TestOneProcessServesAFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cases.db")
	s, err := Open(t.Context(), Config{Path: path, TakeOver: true})
	must(t, err)
	refused(t, path, CheckAuto, ErrInUse, "by process", "since")
	must(t, s.Close())
	if _, err := starts(path, CheckAuto); err != nil {
		t.Errorf("after it was closed: %v", err)
	}
}

// crashed leaves a file and its write-ahead log as a process that dies does, with a
// transaction for each of n entries in the log.
func crashed(t *testing.T, n int) (db, wal []byte) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "cases.db")
	must(t, stocked(t, path).Close())
	s := desk(t, path)
	for i := range n {
		goesOn(t, s, "B", string(rune('a'+i)))
	}
	db, err := os.ReadFile(path)
	must(t, err)
	wal, err = os.ReadFile(path + "-wal")
	must(t, err)
	must(t, s.Close())
	return db, wal
}

// Of a byte that flips in the write-ahead log only one in the last transaction is
// taken for a cut; any other would take back what was answered, and is refused.
func TestWALDamageIsNotReadAsTheEnd(t *testing.T) {
	db, wal := crashed(t, 8)
	const size = frameHeader + 4096
	var commits []int // frames that end a transaction
	for i := 0; walHeader+(i+1)*size <= len(wal); i++ {
		f := wal[walHeader+i*size:]
		if bytes.Equal(f[8:16], wal[16:24]) && binary.BigEndian.Uint32(f[4:]) != 0 {
			commits = append(commits, i)
		}
	}
	if len(commits) < 8 {
		t.Fatalf("%d transactions in a log of %d bytes", len(commits), len(wal))
	}
	lastBegins := walHeader + (commits[len(commits)-2]+1)*size
	end := walHeader + (commits[len(commits)-1]+1)*size
	dir := t.TempDir()
	path := filepath.Join(dir, "cases.db")
	entries := func() int {
		s, err := Open(t.Context(), Config{Path: path, Check: CheckOff})
		must(t, err)
		defer s.Close()
		var n int
		must(t, s.row(t.Context(), `SELECT seq FROM cases WHERE code = 'B'`, nil, &n))
		return n
	}
	put := func(wal []byte) {
		must(t, os.WriteFile(path, db, 0o600))
		must(t, os.WriteFile(path+"-wal", wal, 0o600))
		_ = os.Remove(path + "-shm")
	}
	put(wal)
	if n := entries(); n != 12 {
		t.Fatalf("the log gives %d entries", n)
	}
	r := rand.New(rand.NewPCG(1, 2))
	refusals, cuts := 0, 0
	for range 150 {
		at := r.IntN(end)
		if r.IntN(8) == 0 {
			at = r.IntN(walHeader)
		}
		hurt := bytes.Clone(wal)
		hurt[at] ^= byte(1 << r.IntN(8))
		put(hurt)
		log, err := starts(path, CheckAuto)
		switch {
		case errors.Is(err, ErrDamaged):
			refusals++
			put(hurt)
			if at < walHeader {
				continue
			}
			if n := entries(); n == 12 {
				t.Errorf("byte %d: refused, yet nothing would be lost", at)
			}
		case err != nil:
			t.Fatalf("byte %d: %v", at, err)
		case at < lastBegins && at >= walHeader:
			t.Errorf("byte %d, before the last transaction at %d: not refused", at, lastBegins)
		case at >= walHeader:
			cuts++
			if salt := (at-walHeader)%size - 8; (salt < 0 || salt > 7) && !strings.Contains(log, "not whole") {
				t.Errorf("byte %d: nobody is told that the last transaction is not whole", at)
			}
		}
	}
	t.Logf("%d of 150 flipped bytes were refused, %d hit the last transaction", refusals, cuts)
	if refusals < 100 {
		t.Errorf("only %d refused", refusals)
	}
}

// A transaction that was cut off while it was written is no damage, wherever.
func TestWALCutOffIsNoDamage(t *testing.T) {
	db, wal := crashed(t, 4)
	path := filepath.Join(t.TempDir(), "cases.db")
	for cut := len(wal); cut >= 0; cut -= 1531 {
		must(t, os.WriteFile(path, db, 0o600))
		must(t, os.WriteFile(path+"-wal", wal[:cut], 0o600))
		if _, err := starts(path, CheckFull); err != nil {
			t.Fatalf("cut off after %d bytes: %v", cut, err)
		}
	}
}

// What is damaged is told as such when it is read at run time, whatever was looked
// at before.
func TestDamageAtRunTime(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cases.db")
	must(t, stocked(t, path).Close())
	page := root(t, path, "entries")
	flipAt(t, path, (page-1)*4096, 0xff)
	s, err := Open(t.Context(), Config{Path: path, Check: CheckOff})
	must(t, err)
	defer s.Close()
	_, err = s.Load(t.Context(), "B")
	if engine.CodeOf(err) != engine.CorruptHistory {
		t.Errorf("error %v, want corrupt_history", err)
	}
	_, err = s.Verify(t.Context(), func(string, int64, string) {})
	must(t, err)
}

// A disk without room is no damaged database.
func TestFullDiskAtTheStartIsNoDamage(t *testing.T) {
	path := filepath.Join(t.TempDir(), "small.db")
	db, err := sql.Open("sqlite3", "file:"+path)
	must(t, err)
	db.SetMaxOpenConns(1)
	run(t, db, `CREATE TABLE t (a)`)
	run(t, db, `PRAGMA max_page_count = 2`)
	_, full := db.Exec(`INSERT INTO t VALUES (zeroblob(100000))`)
	must(t, db.Close())
	if err := schemaUnread(path, full); full == nil || errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), "database or disk is full") {
		t.Errorf("%v: %v", full, err)
	}
	if err := schemaUnread(path, sqlite3.Error{Code: sqlite3.ErrNotADB}); !errors.Is(err, ErrDamaged) {
		t.Error(err)
	}
}
