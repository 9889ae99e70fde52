package sqlite

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"lienthong/engine"
	"lienthong/store/rowenc"
	"lienthong/store/storetest"
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// desk opens the store of a file, as a server does.
func desk(t testing.TB, path string) *Store {
	t.Helper()
	s, err := Open(context.Background(), Config{Path: path})
	must(t, err)
	return s
}

// step makes an event of the birth dossier.
func step(name string, value any) engine.Event {
	e := engine.Recorded{Name: name, Value: map[string]any{"value": value}}
	e.Step = "birth"
	return e
}

// stocked is a file with cases A to E of four entries, two documents and three
// lines of access.
func stocked(t testing.TB, path string) *Store {
	t.Helper()
	s := desk(t, path)
	for i, code := range []string{"A", "B", "C", "D", "E"} {
		story := storetest.File(storetest.Filing{Code: code, Key: "key-" + code, Person: fmt.Sprintf("00109000000%d", i)})
		for n := range 3 {
			story.Go("note", "birth", step(fmt.Sprintf("n%d", n), "cân nặng"))
		}
		must(t, s.Append(t.Context(), story.Change()))
	}
	for i, text := range []string{"một", "hai"} {
		sum := sha256.Sum256([]byte(text))
		must(t, s.PutDocument(t.Context(), engine.Document{ID: text, Owner: "o", Case: "A", Name: "n", Type: "text/plain", Size: int64(len(text)),
			Hash: hex.EncodeToString(sum[:]), At: storetest.T0}, []byte(text)))
		must(t, s.LogAccess(t.Context(), engine.Access{At: storetest.T0, Account: "lan", Office: "o", Case: "A", What: fmt.Sprint("case", i)}))
	}
	return s
}

// goesOn appends one entry to a case.
func goesOn(t testing.TB, s *Store, code, name string) {
	t.Helper()
	must(t, s.Append(t.Context(), storetest.Resume(t, s, code).Go("note", "birth", step(name, "thêm")).Change()))
}

// examine checks a file and returns what was found.
func examine(t testing.TB, path string, o CheckOptions) (Checked, []string) {
	t.Helper()
	f, err := OpenFile(t.Context(), path)
	must(t, err)
	defer func() { must(t, f.Close()) }()
	found := []string{}
	o.Bad = func(x Finding) { found = append(found, x.String()) }
	c, err := f.Check(t.Context(), o)
	must(t, err)
	if c.Findings != len(found) {
		t.Errorf("%d findings counted, %d told", c.Findings, len(found))
	}
	return c, found
}

func sound(t testing.TB, path string, o CheckOptions) Checked {
	t.Helper()
	c, found := examine(t, path, o)
	if len(found) > 0 {
		t.Fatalf("found %q", found)
	}
	return c
}

func TestCheckBesideTheServer(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cases.db")
	s := stocked(t, path)
	defer s.Close()
	if _, err := s.Checkpoint(t.Context(), storetest.T0); err != nil {
		t.Fatal(err)
	}
	goesOn(t, s, "B", "later")
	var heads []rowenc.Head
	c := sound(t, path, CheckOptions{Head: func(h rowenc.Head) error { heads = append(heads, h); return nil }})
	if c.Counts != (Counts{Cases: 5, Entries: 21, Access: 2, Documents: 2, Checkpoints: 1}) || c.Seal != nil || len(c.Skipped) > 0 {
		t.Errorf("looked at %+v", c)
	}
	if len(heads) != 5 || heads[1].Case != "B" || heads[1].Seq != 5 {
		t.Errorf("heads %v", heads)
	}
}

// A history whose end was cut off together with the case's rows has a sound chain
// and a sound fold: only what was known before tells.
func TestLostEnds(t *testing.T) {
	dir := t.TempDir()
	path, old := filepath.Join(dir, "cases.db"), filepath.Join(dir, "old.db")
	must(t, stocked(t, old).Close())
	copyFile(t, old, path)
	s := desk(t, path)
	goesOn(t, s, "B", "lost")
	goesOn(t, s, "D", "kept")
	point, err := s.Checkpoint(t.Context(), storetest.T0)
	must(t, err)
	heads := headsOf(t, path)
	goesOn(t, s, "D", "after")
	must(t, s.Close())
	kept := func() Heads {
		h, err := ReadHeads(bytes.NewReader(heads))
		must(t, err)
		return h
	}
	known := &rowenc.Checkpoint{N: point.N, Hash: point.Hash}
	if c := sound(t, path, CheckOptions{Against: kept(), Known: known}); c.Held != 5 || c.Checkpoint.N != 1 {
		t.Errorf("held %d, checkpoint %d", c.Held, c.Checkpoint.N)
	}
	putBack := func(db *sql.DB, code string) {
		run(t, db, `ATTACH ?1 AS old`, old)
		run(t, db, `DELETE FROM entries WHERE case_code = ?1 AND seq > (SELECT seq FROM old.cases WHERE code = ?1)`, code)
		for _, table := range []string{"cases", "dossiers"} {
			key := "case_code"
			if table == "cases" {
				key = "code"
			}
			run(t, db, `REPLACE INTO main.`+table+` SELECT * FROM old.`+table+` WHERE `+key+` = ?1`, code)
		}
		run(t, db, `DETACH old`)
	}
	for name, x := range map[string]struct {
		attack func(db *sql.DB)
		want   []string
	}{
		"end cut off": {func(db *sql.DB) { putBack(db, "B") }, []string{
			"case B entry 5: entries are gone: it had 5, it has 4",
			"checkpoint entry 1: 22 entries of 5 cases were noted"}},
		"case gone": {func(db *sql.DB) {
			for _, q := range []string{`DELETE FROM entries WHERE case_code = 'C'`, `DELETE FROM dossiers WHERE case_code = 'C'`,
				`DELETE FROM codes WHERE case_code = 'C'`, `DELETE FROM case_keys WHERE case_code = 'C'`, `DELETE FROM search WHERE case_code = 'C'`,
				`DELETE FROM tasks WHERE case_code = 'C'`, `DELETE FROM cases WHERE code = 'C'`} {
				run(t, db, q)
			}
		}, []string{"case C entry 1: the case is gone: it had 4 entries", "of which 18 entries of 4 cases are left"}},
		"history replaced": {func(db *sql.DB) { forge(t, db, "E") }, []string{
			"case E entry 4: it is not the entry that was known: the history was replaced",
			"checkpoint entry 1: the histories (or the access log) up to it are not those"}},
		"checkpoints cut off": {func(db *sql.DB) { run(t, db, `DELETE FROM heads`) }, []string{"checkpoint entry 1: it is not there; there are 0"}},
		"checkpoint made anew": {func(db *sql.DB) {
			c := point
			c.At++
			run(t, db, `UPDATE heads SET at = ?1, hash = ?2`, c.At, c.Link(nil))
		}, []string{"checkpoint entry 1: its hash is"}},
		"checkpoint changed":      {func(db *sql.DB) { run(t, db, `UPDATE heads SET entries = 1`) }, []string{"checkpoint entry 1: it does not match the chain"}},
		"access log ends earlier": {func(db *sql.DB) { run(t, db, `DELETE FROM access_log WHERE n = 2`) }, []string{"checkpoint entry 1: the histories (or the access log)"}},
	} {
		t.Run(name, func(t *testing.T) {
			hurt := filepath.Join(t.TempDir(), "hurt.db")
			copyFile(t, path, hurt)
			s := desk(t, hurt)
			behind(t, s, x.attack)
			must(t, s.Close())
			_, found := examine(t, hurt, CheckOptions{Against: kept(), Known: known})
			if len(found) != len(x.want) {
				t.Fatalf("found %q, want %q", found, x.want)
			}
			for i, want := range x.want {
				if !strings.Contains(found[i], want) {
					t.Errorf("found %q, want %q", found[i], want)
				}
			}
		})
	}
	t.Run("an older backup", func(t *testing.T) {
		f, err := OpenFile(t.Context(), path)
		must(t, err)
		defer f.Close()
		newer, err := f.Heads(t.Context())
		must(t, err)
		defer newer.Close()
		if _, found := examine(t, old, CheckOptions{Against: newer}); len(found) != 2 || !strings.HasPrefix(found[0], "case B entry 5") || !strings.HasPrefix(found[1], "case D entry 5") {
			t.Errorf("found %q", found)
		}
	})
}

// forge writes another last entry with a chain and a case that fit it.
func forge(t *testing.T, db *sql.DB, code string) {
	t.Helper()
	rows, err := db.Query(`SELECT `+sealedCols+` FROM entries e JOIN versions v ON v.id = e.version WHERE case_code = ?1 ORDER BY seq`, code)
	must(t, err)
	var es []rowenc.Sealed
	must(t, walk(rows, func(r *sql.Rows) error {
		e, err := scanSealed(r)
		es = append(es, e)
		return err
	}))
	var c *engine.Case
	for i := range es[:len(es)-1] {
		e, err := es[i].Open()
		must(t, err)
		c = engine.Fold(c, e)
	}
	last := &es[len(es)-1]
	e, err := last.Open()
	must(t, err)
	e.Events = append(e.Events, step("forged", "sửa"))
	ch, err := rowenc.Encode(engine.Change{Case: engine.Fold(c, e), Base: e.Seq - 1, Entries: []engine.Entry{e}}, nil)
	must(t, err)
	s := ch.Entries[0]
	hash := s.Link(es[len(es)-2].Hash)
	run(t, db, `UPDATE entries SET payload = ?3, salt = ?4, commitment = ?5, hash = ?6 WHERE case_code = ?1 AND seq = ?2`,
		code, s.Seq, s.Payload, s.Salt, s.Commitment, hash)
	run(t, db, `UPDATE cases SET head = ?2 WHERE code = ?1`, code, hash)
}

// headsOf writes a heads file about a database.
func headsOf(t *testing.T, path string) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := NewHeadWriter(&b, path, storetest.T0)
	must(t, err)
	sound(t, path, CheckOptions{Head: w.Add})
	_, err = w.Close()
	must(t, err)
	return b.Bytes()
}

func copyFile(t testing.TB, from, to string) {
	t.Helper()
	b, err := os.ReadFile(from)
	must(t, err)
	must(t, os.WriteFile(to, b, 0o600))
}

func TestHeadsFileIsCheckedItself(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cases.db")
	must(t, stocked(t, path).Close())
	whole := string(headsOf(t, path))
	lines := strings.SplitAfter(whole, "\n")
	swapped := slices.Clone(lines)
	swapped[2], swapped[3] = swapped[3], swapped[2]
	for name, x := range map[string]struct{ text, want string }{
		"cut off":    {strings.Join(lines[:5], ""), "unexpected EOF"},
		"line gone":  {strings.Join(slices.Delete(slices.Clone(lines), 3, 4), ""), "the file is damaged"},
		"hash":       {strings.Replace(whole, "4 ", "4 00", 1), "the file is damaged"},
		"order":      {strings.Join(swapped, ""), "does not come after"},
		"not heads":  {"hello\n", "not a heads file"},
		"nonsense":   {lines[0] + "x y z\n", "is not SEQ HASH CODE"},
		"no newline": {"", "not a heads file"},
	} {
		h, err := ReadHeads(strings.NewReader(x.text))
		for err == nil {
			_, err = h.Next()
		}
		if err == io.EOF || !strings.Contains(err.Error(), x.want) {
			t.Errorf("%s: %v, want %s", name, err, x.want)
		}
	}
}

func TestForeignFilesAreRefused(t *testing.T) {
	dir := t.TempDir()
	good := filepath.Join(dir, "good.db")
	must(t, stocked(t, good).Close())
	sample, err := os.ReadFile(good)
	must(t, err)
	hurt := func(change func([]byte) []byte) string {
		f, err := os.CreateTemp(dir, "*.db")
		must(t, err)
		_, err = f.Write(change(slices.Clone(sample)))
		must(t, err)
		must(t, f.Close())
		return f.Name()
	}
	other := filepath.Join(dir, "other.db")
	db, err := sql.Open("sqlite3", "file:"+other)
	must(t, err)
	run(t, db, `CREATE TABLE cases (a)`)
	must(t, db.Close())
	for want, name := range map[string]string{
		"no such file":                  filepath.Join(dir, "nowhere.db"),
		"is a folder":                   dir,
		"is empty":                      hurt(func([]byte) []byte { return nil }),
		"too few for a header":          hurt(func(b []byte) []byte { return b[:50] }),
		"does not begin as a SQLite":    hurt(func(b []byte) []byte { b[3] ^= 1; return b }),
		"page size 3":                   hurt(func(b []byte) []byte { b[16], b[17] = 0, 3; return b }),
		"belongs to application 00bc61": hurt(func(b []byte) []byte { binary.BigEndian.PutUint32(b[68:], 12345678); return b }),
		"is cut off":                    hurt(func(b []byte) []byte { return b[:len(b)-4096] }),
		"its tables are missing":        other,
	} {
		f, err := OpenFile(t.Context(), name)
		if err == nil {
			t.Errorf("%s was opened, want %s", name, want)
			must(t, f.Close())
		} else if !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
}

func TestCheckNamesWhatIsWrongInTheFile(t *testing.T) {
	for want, attack := range map[string]func(*sql.DB){
		"file: trigger entries_no_delete is missing":                    func(db *sql.DB) { run(t, db, `DROP TRIGGER entries_no_delete`) },
		"file: table cases is not defined as this program defines it":   func(db *sql.DB) { run(t, db, `ALTER TABLE cases ADD COLUMN extra TEXT`) },
		"file: table extra is not this program's":                       func(db *sql.DB) { run(t, db, `CREATE TABLE extra (a)`) },
		"document A: document hai: its content does not match its hash": func(db *sql.DB) { run(t, db, `UPDATE document_contents SET content = x'686168' WHERE id = 'hai'`) },
		"document A: document hai: it has 1 bytes, not 3":               func(db *sql.DB) { run(t, db, `UPDATE document_contents SET content = x'00' WHERE id = 'hai'`) },
		"document A: document hai: its content is missing":              func(db *sql.DB) { run(t, db, `DELETE FROM document_contents WHERE id = 'hai'`) },
		"access entry 2: access log: line does not match the chain": func(db *sql.DB) {
			run(t, db, `DROP TRIGGER access_log_no_update`)
			run(t, db, `UPDATE access_log SET what = 'x' WHERE n = 2`)
		},
		"case C entry 4: case row does not stand at the end of the chain": func(db *sql.DB) { run(t, db, `UPDATE cases SET head = x'00' WHERE code = 'C'`) },
		"case C entry 4: stored case cannot be read":                      func(db *sql.DB) { run(t, db, `INSERT INTO snapshots VALUES ('C', 4, x'7b')`) },
		"case Z entry 1: entry does not match the chain": func(db *sql.DB) {
			run(t, db, `PRAGMA foreign_keys = OFF`)
			run(t, db, `INSERT INTO entries SELECT 99, 'Z', 1, at, action, step, actor_kind, version, payload, salt, commitment, hash FROM entries WHERE id = 1`)
		},
		"file: row 5 missing from index cases_requester": func(db *sql.DB) {
			run(t, db, `PRAGMA writable_schema = ON`)
			run(t, db, `UPDATE sqlite_schema SET sql = 'CREATE INDEX cases_requester ON cases (filed, code)' WHERE name = 'cases_requester'`)
		},
	} {
		t.Run(want, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "cases.db")
			must(t, stocked(t, path).Close())
			db, err := sql.Open("sqlite3", "file:"+path)
			must(t, err)
			db.SetMaxOpenConns(1)
			attack(db)
			must(t, db.Close())
			_, found := examine(t, path, CheckOptions{})
			if !slices.ContainsFunc(found, func(f string) bool { return strings.HasPrefix(f, want) }) {
				t.Errorf("found %q", found)
			}
		})
	}
}

// A walk that is told to stop does, and leaves nothing running.
func TestCheckStops(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cases.db")
	must(t, stocked(t, path).Close())
	f, err := OpenFile(t.Context(), path)
	must(t, err)
	defer f.Close()
	ctx, cancel := context.WithCancel(t.Context())
	if c, err := f.Check(ctx, CheckOptions{Head: func(rowenc.Head) error { cancel(); return nil }}); err == nil || c.Findings > 0 {
		t.Errorf("it went on, or found what is not there: %d findings, %v", c.Findings, err)
	}
	if _, err := f.Check(t.Context(), CheckOptions{Head: func(rowenc.Head) error { return io.ErrShortWrite }}); !errors.Is(err, io.ErrShortWrite) {
		t.Errorf("whoever hears of the heads failed, yet: %v", err)
	}
	if c, err := f.Check(t.Context(), CheckOptions{Workers: 1}); err != nil || c.Cases != 5 {
		t.Errorf("afterwards: %+v %v", c, err)
	}
}

func sha(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// sweepLog takes away what a reader left beside a file.
func sweepLog(path string) { _, _ = os.Remove(path+"-wal"), os.Remove(path+"-shm") }

// checkpointOf is the newest checkpoint of a file.
func checkpointOf(t *testing.T, path string) *rowenc.Checkpoint {
	t.Helper()
	c := sound(t, path, CheckOptions{}).Checkpoint
	if c.N == 0 {
		t.Fatal("no checkpoint")
	}
	return &c
}

// A damaged page of the table that holds the format is named, and everything else looked at.
func TestDamagedFormatIsNamed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cases.db")
	must(t, stocked(t, path).Close())
	b, err := os.ReadFile(path)
	must(t, err)
	for page, name := range treesOf(t, path) {
		if name == "goose_db_version" {
			b[(page-1)*4096] ^= 0xff
		}
	}
	must(t, os.WriteFile(path, b, 0o600))
	c, found := examine(t, path, CheckOptions{})
	if c.Cases != 5 || len(found) == 0 || !strings.Contains(found[0], "goose_db_version") {
		t.Errorf("%d cases, %q", c.Cases, found)
	}
}
