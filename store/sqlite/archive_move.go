package sqlite

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"lienthong/engine"
	"lienthong/store/rowenc"
)

// parts are the tables that hold a case, with the column that names it. Of those
// that stay, an archive has a copy: it can be read and checked like a database.
var parts = []struct {
	table, key string
	stays      bool
}{
	{"cases", "code", true}, {"codes", "case_code", true}, {"results", "case_code", true}, {"case_keys", "case_code", true},
	{"snapshots", "case_code", false}, {"dossiers", "case_code", false}, {"entries", "case_code", false}, {"outbox", "case_code", false},
	{"notifications", "case_code", false}, {"search", "case_code", false}, {"tasks", "case_code", false},
}

// ArchiveOptions say what is archived. Before is needed.
type ArchiveOptions struct {
	Before   time.Time // cases that ended, and last changed, before this
	Limit    int       // at most so many; 0 = all
	Now      time.Time // zero = now
	Batch    int       // cases that leave the database in one transaction; 0 = 100
	Progress func(what string, done, total int64)
	Bad      func(Finding)
}

// Archived is what an archiving did.
type Archived struct {
	Path     string `json:"path"`
	Cases    int64  `json:"cases"`          // in the file
	Entries  int64  `json:"entries"`        // in the file
	Moved    int64  `json:"moved"`          // that left the database now
	WentOn   int64  `json:"went_on"`        // that changed since they were copied, and stay
	Left     int    `json:"left,omitempty"` // that are damaged or cannot be read, and stay
	Bytes    int64  `json:"bytes"`
	SHA256   string `json:"sha256"`
	Finished bool   `json:"finished,omitempty"` // the file was there: what an earlier run had left was done
}

// Archive moves closed cases of a database to a sealed file: a database of the
// same schema, which can be checked, replayed and backed up as any other. A case is
// closed when it ended, waits for nothing, has no open review and owes no delivery.
// A stub stays: the case is still found by its codes and in its citizen's list, and
// its results are still told genuine or not.
//
// The file is written, checked and made durable before anything leaves the
// database; a run that died in between is finished by running it again with the
// same file. No other process may serve the database meanwhile (ErrInUse).
func Archive(ctx context.Context, name, to string, o ArchiveOptions) (out Archived, err error) {
	out.Path = to
	if o.Now.IsZero() {
		o.Now = time.Now()
	}
	if realPath(name) == realPath(to) {
		return out, errors.New("sqlite: a database is not archived into itself")
	}
	if _, err := os.Stat(name); err != nil {
		return out, fmt.Errorf("sqlite: %w", err)
	}
	s, err := Open(ctx, Config{Path: name, TakeOver: true})
	if err != nil {
		return out, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	s.binder.close() // volumes are taken away at the end
	if seal, err := s.seal(ctx); err != nil || seal != nil {
		return out, errors.Join(fmt.Errorf("sqlite: %s is an archive itself", name), err)
	}
	switch _, serr := os.Lstat(to); {
	case serr == nil:
		out.Finished = true
	case !errors.Is(serr, os.ErrNotExist):
		return out, fmt.Errorf("sqlite: %w", serr)
	default:
		var n int64
		if n, out.Left, err = s.writeArchive(ctx, to, o); err != nil || n == 0 {
			return out, err
		}
	}
	return out, s.moveOut(ctx, &out, o)
}

// makeEmpty makes a database without anything in it, and without a log beside it, in the
// place of an empty file.
func makeEmpty(ctx context.Context, name string) error {
	if err := os.Remove(name); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("sqlite: %w", err)
	}
	s, err := Open(ctx, Config{Path: name, Check: CheckOff})
	if err != nil {
		return err
	}
	if err := s.Close(); err != nil {
		return err
	}
	return unlog(ctx, name)
}

// copyClosed copies the closed cases into an empty database and seals it.
func (s *Store) copyClosed(ctx context.Context, to *sql.DB, o *closing) (int64, error) {
	for _, q := range []string{`ATTACH ` + quoted(dsn(s.cfg.Path, map[string][]string{"mode": {"ro"}})) + ` AS src`,
		`CREATE TEMP TABLE chosen (code TEXT NOT NULL PRIMARY KEY) WITHOUT ROWID`, `BEGIN`} {
		if _, err := to.ExecContext(ctx, q); err != nil {
			return 0, fmt.Errorf("sqlite: archive: %w", err)
		}
	}
	sum, err := s.choose(ctx, to, o)
	if err != nil || sum.Cases == 0 {
		return 0, err
	}
	copies := []string{`INSERT INTO main.versions SELECT * FROM src.versions`}
	for _, p := range parts {
		copies = append(copies, `INSERT INTO main.`+p.table+` SELECT * FROM src.`+p.table+` WHERE `+p.key+` IN (SELECT code FROM chosen)`)
	}
	for i, q := range copies {
		if o.Progress != nil {
			o.Progress("tables copied", int64(i), int64(len(copies)))
		}
		if _, err := to.ExecContext(ctx, q); err != nil {
			return 0, fmt.Errorf("sqlite: archive: %w", err)
		}
	}
	if err := unbind(ctx, to); err != nil {
		return 0, fmt.Errorf("sqlite: archive: %w", err)
	}
	_, err = to.ExecContext(ctx, `INSERT INTO seal (n, source, at, before, cases, entries, digest) VALUES (1, ?1, ?2, ?3, ?4, ?5, ?6)`,
		filepath.Base(s.cfg.Path), rowenc.Micros(o.Now), rowenc.Micros(o.Before), sum.Cases, sum.Entries, sum.Sum(0, nil))
	if err == nil {
		_, err = to.ExecContext(ctx, `COMMIT`)
	}
	if err != nil {
		return 0, fmt.Errorf("sqlite: archive: %w", err)
	}
	return sum.Cases, nil
}

// quoted writes a text into SQL, where no parameter can stand.
func quoted(s string) string {
	out := []byte{'\''}
	for i := range len(s) {
		if s[i] == '\'' {
			out = append(out, '\'')
		}
		out = append(out, s[i])
	}
	return string(append(out, '\''))
}

// closedCases lists what may be closed. The case with the newest entry stays: its
// entry's id is what the next one is counted from.
const closedCases = `SELECT code, seq, head FROM cases WHERE status = 'ended' AND timer = 0 AND updated < ?1 AND code > ?2
	AND NOT EXISTS (SELECT 1 FROM archived WHERE case_code = code)
	AND NOT EXISTS (SELECT 1 FROM outbox WHERE case_code = code AND status NOT IN ('done', 'skipped'))
	AND code <> (SELECT case_code FROM entries ORDER BY id DESC LIMIT 1)
	ORDER BY code LIMIT 500`

// choose writes the codes of the closed cases into the archive's list of them.
func (s *Store) choose(ctx context.Context, to *sql.DB, o *closing) (*rowenc.HeadSum, error) {
	sum := &rowenc.HeadSum{}
	for after := ""; ; {
		var page []rowenc.Head
		err := s.each(ctx, closedCases, []any{rowenc.Micros(o.Before), after}, func(r *sql.Rows) error {
			var h rowenc.Head
			err := r.Scan(&h.Case, &h.Seq, &h.Hash)
			page = append(page, h)
			return err
		})
		if err != nil {
			return nil, failure("store.archive", "", err)
		}
		if len(page) == 0 {
			return sum, nil
		}
		for _, h := range page {
			after = h.Case
			if o.left[h.Case] {
				continue
			}
			c, err := s.Load(ctx, h.Case)
			if err != nil && ctx.Err() == nil && harm(err) {
				o.leave(unreadCase(h.Case, err))
				continue
			}
			if err != nil {
				return nil, err
			}
			if !closed(c, o.Before) {
				continue
			}
			if _, err := to.ExecContext(ctx, `INSERT INTO chosen (code) VALUES (?1)`, h.Case); err != nil {
				return nil, fmt.Errorf("sqlite: archive: %w", err)
			}
			o.chosen = append(o.chosen, h.Case)
			if err := sum.Add(h); err != nil {
				return nil, err
			}
			if o.Progress != nil {
				o.Progress("closed cases "+fmt.Sprint(sum.Cases), 0, 0)
			}
			if o.Limit > 0 && sum.Cases == int64(o.Limit) {
				return sum, nil
			}
		}
	}
}

// unbind makes all dossiers loose, in a file that has no volumes.
func unbind(ctx context.Context, db *sql.DB) error {
	rows, err := db.QueryContext(ctx, `SELECT DISTINCT case_code, office, words FROM dossiers WHERE place IS NOT NULL`)
	if err != nil {
		return err
	}
	var at [][3]string
	err = walk(rows, func(r *sql.Rows) error {
		var x [3]string
		err := r.Scan(&x[0], &x[1], &x[2])
		at = append(at, x)
		return err
	})
	if err != nil {
		return err
	}
	for _, x := range at {
		for _, word := range strings.Fields(x[2]) {
			if _, err := db.ExecContext(ctx, insertWord, x[1], word, x[0], x[2]); err != nil {
				return err
			}
		}
	}
	_, err = db.ExecContext(ctx, `UPDATE dossiers SET place = NULL WHERE place IS NOT NULL`)
	return err
}

// closed tells whether nothing can happen to a case by itself and nobody is asked
// for anything.
func closed(c *engine.Case, before time.Time) bool {
	if c.Status != engine.CaseEnded || c.Ended.IsZero() || !c.Ended.Before(before) || !c.NextTimer().IsZero() || len(c.Tasks()) > 0 {
		return false
	}
	for _, d := range c.Dossiers {
		if d.Status == engine.StatusOpen || d.Status == engine.StatusWaiting || d.Request != nil || d.OpenReview() != nil {
			return false
		}
	}
	return true
}

// moveOut takes the cases of a sealed archive out of the database.
func (s *Store) moveOut(ctx context.Context, out *Archived, o ArchiveOptions) error {
	sum, size, err := hashFile(ctx, out.Path)
	if err != nil {
		return err
	}
	out.Bytes, out.SHA256 = size, hex.EncodeToString(sum)
	f, have, err := openFile(ctx, out.Path)
	if err != nil {
		return err
	}
	defer f.Close() //nolint:errcheck // it only read
	if have < alike {
		return fmt.Errorf("sqlite: %s has format %d: it was finished by an older program", out.Path, have)
	}
	seal, err := f.s.seal(ctx)
	if err != nil {
		return failure("store.archive", "", err)
	}
	if seal == nil {
		return fmt.Errorf("sqlite: %s exists and is no archive", out.Path)
	}
	if out.Finished {
		if err := f.sound(ctx, o); err != nil {
			return err
		}
	}
	out.Cases, out.Entries = seal.Cases, seal.Entries
	n, err := s.enter(ctx, filepath.Base(out.Path), seal, size, sum, o.Now)
	if err != nil {
		return err
	}
	s.projecting.Lock()
	err = s.catchUp(ctx) // without its entries a case is not counted any more
	s.projecting.Unlock()
	if err != nil {
		return err
	}
	if err := s.moveCases(ctx, f, n, out, o); err != nil {
		return err
	}
	return s.dropVolumes(ctx)
}

// sound checks an archive that an earlier run left.
func (f *File) sound(ctx context.Context, o ArchiveOptions) error {
	d := &damage{}
	_, err := f.Check(ctx, CheckOptions{Progress: o.Progress, Bad: func(x Finding) {
		d.add(x)
		if o.Bad != nil {
			o.Bad(x)
		}
	}})
	if err == nil {
		err = d.err(f.s.cfg.Path)
	}
	return err
}

// enter notes the archive in the database, once.
func (s *Store) enter(ctx context.Context, name string, seal *Seal, size int64, sum []byte, now time.Time) (int64, error) {
	return do(ctx, s, "store.archive", func(w *writer) (n int64, err error) {
		var known []byte
		err = w.one(`SELECT n, sha256 FROM archives WHERE name = ?1`, []any{name}, &n, &known)
		if err == nil && string(known) != string(sum) {
			return 0, rowenc.Bad("store.archive", "%s is not the archive of that name: its SHA-256 was %x, it is %x", name, known, sum)
		}
		if !errors.Is(err, sql.ErrNoRows) {
			return n, err
		}
		err = w.one(`INSERT INTO archives (name, at, cases, entries, size, digest, sha256) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) RETURNING n`,
			[]any{name, rowenc.Micros(now), seal.Cases, seal.Entries, size, seal.Digest, sum}, &n)
		return n, err
	})
}

// leaving is one case on its way out.
type leaving struct {
	rowenc.Head
	first, last  int64
	stub, digest []byte
	notes        []rowenc.NoteRow
	words        []rowenc.SearchRow
	blind        bool // a payload is erased: not all notifications are known
}

// moveCases replaces cases by their stubs, some in one transaction.
func (s *Store) moveCases(ctx context.Context, f *File, archive int64, out *Archived, o ArchiveOptions) error {
	size := o.Batch
	if size <= 0 {
		size = 100
	}
	done := int64(0)
	for after := ""; ; {
		codes, err := f.Cases(ctx, after, size)
		if err != nil || len(codes) == 0 {
			return err
		}
		after = codes[len(codes)-1]
		var batch []*leaving
		for _, code := range codes {
			l, err := s.leave(ctx, f, code, out)
			if err != nil {
				return err
			}
			if l != nil {
				batch = append(batch, l)
			}
		}
		if err := s.moveEach(ctx, archive, batch, out, o); err != nil {
			return err
		}
		if done += int64(len(codes)); o.Progress != nil {
			o.Progress("cases moved", done, out.Cases)
		}
	}
}

// leave prepares a case's stub; nil when the case has left already, or went on
// since it was copied.
func (s *Store) leave(ctx context.Context, f *File, code string, out *Archived) (*leaving, error) {
	const op = "store.archive"
	l := &leaving{Head: rowenc.Head{Case: code}}
	var here rowenc.Head
	var gone bool
	if err := f.s.row(ctx, `SELECT seq, head FROM cases WHERE code = ?1`, []any{code}, &l.Seq, &l.Hash); err != nil {
		return nil, failure(op, code, err)
	}
	err := s.row(ctx, `SELECT seq, head, EXISTS (SELECT 1 FROM archived WHERE case_code = code) FROM cases WHERE code = ?1`, []any{code}, &here.Seq, &here.Hash, &gone)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return nil, rowenc.Bad(op, "case %s of the archive is not of this database", code)
	case err != nil:
		return nil, failure(op, code, err)
	case gone:
		return nil, nil
	case here.Seq != l.Seq || string(here.Hash) != string(l.Hash):
		out.WentOn++
		return nil, nil
	}
	if err := f.s.row(ctx, `SELECT min(id), max(id) FROM entries WHERE case_code = ?1`, []any{code}, &l.first, &l.last); err != nil {
		return nil, failure(op, code, err)
	}
	return l, l.tell(ctx, f)
}

// tell makes the stub, and finds the rows that are not found by the case.
func (l *leaving) tell(ctx context.Context, f *File) error {
	c, err := f.Load(ctx, l.Case)
	if err != nil {
		return err
	}
	entries, err := f.History(ctx, l.Case, 1, 0)
	if err != nil {
		return err
	}
	for i := range entries {
		l.blind = l.blind || entries[i].Events == nil
		for _, n := range entries[i].Notifications() {
			r, err := rowenc.NewNote(n, entries[i].Seq)
			if err != nil {
				return err
			}
			l.notes = append(l.notes, r)
		}
	}
	rows := rowenc.Derive(c, nil)
	l.words = rows.Search()
	if l.stub, err = json.Marshal(engine.NewStub(c, entries)); err != nil {
		return err
	}
	sum := sha256.Sum256(l.stub)
	l.digest = sum[:]
	return nil
}

// moveBatch replaces some cases by their stubs, all or none.
func (s *Store) moveBatch(ctx context.Context, archive int64, batch []*leaving) error {
	err := exec(ctx, s, "store.archive", func(w *writer) error {
		for _, l := range batch {
			if err := w.moveOne(archive, l); err != nil {
				return fmt.Errorf("case %s: %w", l.Case, err)
			}
		}
		return nil
	})
	for _, l := range batch {
		s.cache.drop(l.Case)
	}
	return err
}

func (w *writer) moveOne(archive int64, l *leaving) error {
	x := &counting{conn: w.conn}
	x.run(1, `INSERT INTO archived (case_code, archive, seq, head, first, last, stub, digest) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)`,
		l.Case, archive, l.Seq, l.Hash, l.first, l.last, l.stub, l.digest)
	for _, n := range l.notes {
		x.run(0, `DELETE FROM notifications WHERE addressee = ?1 AND at = ?2 AND case_code = ?3 AND seq = ?4 AND n = ?5`, n.To, n.At, n.Case, n.Seq, n.N)
	}
	for _, s := range l.words {
		x.run(0, `DELETE FROM search WHERE office = ?1 AND word = ?2 AND case_code = ?3`, s.Office, s.Word, l.Case)
	}
	if l.blind {
		x.run(0, `DELETE FROM notifications WHERE case_code = ?1`, l.Case)
	}
	for _, p := range parts {
		if !p.stays && p.table != "notifications" && p.table != "search" {
			x.run(0, `DELETE FROM `+p.table+` WHERE `+p.key+` = ?1`, l.Case)
		}
	}
	return x.err
}
