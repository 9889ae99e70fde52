package sqlite

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"lienthong/engine"
	"lienthong/store/rowenc"
)

// Returned is a case that was brought back from an archive.
type Returned struct {
	Case    string `json:"case"`
	Entries int64  `json:"entries"`
	Archive string `json:"archive"` // the file that it was in, which stays as it is
}

// Unarchive brings a case back into a database, by any of its codes. The archive
// must be the file that was sealed, and the case's chain in it must end where the
// stub says. from "" means the archive beside the database. No other process may
// serve the database meanwhile.
//
// Errors: NotFound when there is no such case, Precondition when it is not archived,
// ErrDamaged, ErrInUse.
func Unarchive(ctx context.Context, name, from, code string) (out Returned, err error) {
	if _, err := os.Stat(name); err != nil {
		return out, fmt.Errorf("sqlite: %w", err)
	}
	s, err := Open(ctx, Config{Path: name, TakeOver: true})
	if err != nil {
		return out, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	if out.Case, err = s.CaseOf(ctx, code); err != nil {
		return out, err
	}
	st, sum, err := s.archivedStub(ctx, &out)
	if err != nil {
		return out, err
	}
	if from == "" {
		from = filepath.Join(filepath.Dir(name), out.Archive)
	}
	have, _, err := hashFile(ctx, from)
	if err != nil {
		return out, err
	}
	if !bytes.Equal(have, sum) {
		return out, fmt.Errorf("sqlite: %s: %w: its SHA-256 is %x, the archive %s had %x when it was sealed", from, ErrDamaged, have, out.Archive, sum)
	}
	f, err := OpenFile(ctx, from)
	if err != nil {
		return out, err
	}
	defer f.Close() //nolint:errcheck // it only read
	if err := f.s.checkOne(ctx, out.Case, st); err != nil {
		return out, err
	}
	rows, err := f.s.rowsOf(ctx, out.Case)
	if err != nil {
		return out, err
	}
	if err := s.putBack(ctx, out.Case, rows); err != nil {
		return out, err
	}
	out.Entries = st.seq
	return out, s.checkOne(ctx, out.Case, st)
}

// archivedStub reads the stub of a case and the SHA-256 of its archive.
func (s *Store) archivedStub(ctx context.Context, out *Returned) (*stub, []byte, error) {
	const op = "store.unarchive"
	var st *stub
	err := s.each(ctx, stubOf, []any{out.Case}, func(r *sql.Rows) error {
		st = &stub{}
		return st.scan(r)
	})
	if err != nil {
		return nil, nil, failure(op, out.Case, err)
	}
	if st == nil {
		e := engine.Fail(engine.Precondition, "Hồ sơ không nằm trong kho lưu trữ.", "The case is not archived.")
		e.Op, e.Case = op, out.Case
		return nil, nil, e
	}
	var sum []byte
	err = s.row(ctx, `SELECT name, sha256 FROM archives WHERE n = ?1`, []any{st.archive}, &out.Archive, &sum)
	return st, sum, failure(op, out.Case, err)
}

// checkOne checks one case of the store, and that its history ends as a stub says.
func (s *Store) checkOne(ctx context.Context, code string, st *stub) error {
	tx, err := s.readDB.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return failure("store.unarchive", code, err)
	}
	defer tx.Rollback() //nolint:errcheck // it only read
	w := &walker{s: s, tx: tx, stmts: map[string]*sql.Stmt{}, volumes: map[wordOf]*placeSet{}}
	k := &kept{}
	k.Code = code
	if err := w.fill(ctx, k); err != nil {
		return failure("store.unarchive", code, err)
	}
	k.check()
	d := &damage{}
	for _, f := range k.found {
		d.add(f)
	}
	if h, ok := k.head(); k.stub == nil && (!ok || h.Seq != st.seq || !bytes.Equal(h.Hash, st.head)) {
		d.add(Finding{Area: AreaCase, Case: code, Seq: h.Seq, What: "its history does not end at entry " +
			strconv.FormatInt(st.seq, 10) + " with " + hex.EncodeToString(st.head) + ", as the stub says"})
	}
	return d.err(s.cfg.Path)
}

// tableRows are rows of one table.
type tableRows struct {
	table string
	cols  []string
	rows  [][]any
}

// rowsOf reads what left a database with a case. What an entry was decided with is
// read by its content: its number is this file's own.
func (s *Store) rowsOf(ctx context.Context, code string) ([]tableRows, error) {
	var out []tableRows
	for _, p := range parts {
		if p.stays {
			continue
		}
		q := `SELECT * FROM ` + p.table + ` WHERE ` + p.key + ` = ?1`
		if p.table == "entries" {
			q = `SELECT e.*, v.engine, v.definition, v.parameters, v.calendar FROM entries e JOIN versions v ON v.id = e.version WHERE e.case_code = ?1 ORDER BY e.seq`
		}
		t, err := s.readTable(ctx, p.table, q, code)
		if err != nil {
			return nil, failure("store.unarchive", code, err)
		}
		out = append(out, t)
	}
	return out, nil
}

func (s *Store) readTable(ctx context.Context, table, q, code string) (tableRows, error) {
	t := tableRows{table: table}
	err := s.each(ctx, q, []any{code}, func(r *sql.Rows) (err error) {
		if t.cols, err = r.Columns(); err != nil {
			return err
		}
		row, dest := make([]any, len(t.cols)), make([]any, len(t.cols))
		for i := range row {
			dest[i] = &row[i]
		}
		t.rows = append(t.rows, row)
		return r.Scan(dest...)
	})
	return t, err
}

// putBack writes a case's rows again and takes its stub away, all or nothing. The
// trigger on archived sees to it that the history is whole.
func (s *Store) putBack(ctx context.Context, code string, tables []tableRows) error {
	// What entries were decided with comes first: it stays, and is remembered, even if
	// the rest is rolled back.
	for i := range tables {
		if tables[i].table == "entries" {
			if err := exec(ctx, s, "store.unarchive", func(w *writer) error { return w.renumber(&tables[i]) }); err != nil {
				return err
			}
		}
	}
	err := exec(ctx, s, "store.unarchive", func(w *writer) error {
		for i := range tables {
			if err := w.insertAll(&tables[i]); err != nil {
				return fmt.Errorf("%s: %w", tables[i].table, err)
			}
		}
		n, err := w.changed(`DELETE FROM archived WHERE case_code = ?1`, code)
		if err == nil && n != 1 {
			err = fmt.Errorf("%d stubs", n)
		}
		return err
	})
	s.cache.drop(code)
	return err
}

// renumber gives entries this database's numbers of what they were decided with,
// and new ids to those whose own were given again (after a backup was put back).
func (w *writer) renumber(t *tableRows) error {
	col := map[string]int{}
	for i, c := range t.cols {
		col[c] = i
	}
	plain := len(t.cols) - 4
	fresh := false
	for _, r := range t.rows {
		var v rowenc.Versions
		for i, p := range []*string{&v.Engine, &v.Definition, &v.Parameters, &v.Calendar} {
			*p, _ = r[plain+i].(string)
		}
		id, _, err := w.version(v)
		if err != nil {
			return err
		}
		r[col["version"]] = id
		var taken int
		if err := w.one(`SELECT count(*) FROM entries WHERE id = ?1`, []any{r[col["id"]]}, &taken); err != nil {
			return err
		}
		fresh = fresh || taken > 0
	}
	for i, r := range t.rows {
		if fresh {
			r[col["id"]] = nil
		}
		t.rows[i] = r[:plain]
	}
	t.cols = t.cols[:plain]
	return nil
}

func (w *writer) insertAll(t *tableRows) error {
	if len(t.rows) == 0 {
		return nil
	}
	q := `INSERT INTO ` + t.table + ` (` + strings.Join(t.cols, ", ") + `) VALUES ` + marks(len(t.cols))
	for _, r := range t.rows {
		if err := w.exec(q, r...); err != nil {
			return err
		}
	}
	return nil
}

// marks writes n parameters: (?1,?2,?3).
func marks(n int) string {
	b := []byte{'('}
	for i := range n {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, '?')
		b = strconv.AppendInt(b, int64(i+1), 10)
	}
	return string(append(b, ')'))
}
