package sqlite

import (
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"lienthong/engine"
	"lienthong/store/rowenc"
)

// applicationID marks a file as ours ("LTH1"); files made before it have 0.
const applicationID = 0x4C544831

// ErrForeign says that a file is no database of this program.
var ErrForeign = errors.New("not a database of this program")

// File is a database, a backup or an archive that is only read, beside whoever
// writes it. Its methods are safe for concurrent use.
type File struct {
	s    *Store // its readers; every write is refused
	temp string // folder of the copy that was brought up to date, "" = none
}

// OpenFile opens a file for reading. It refuses what is not there, is damaged in
// its header, belongs to another program or to a newer one. Of a file of a format
// with other tables it reads a copy of its own that is brought up to date.
func OpenFile(ctx context.Context, name string) (*File, error) {
	f, have, err := openFile(ctx, name)
	if err != nil || have >= alike {
		return f, err
	}
	return f.renewed(ctx)
}

// openFile opens a file whose format may be older than this program's, and says
// which it is.
func openFile(ctx context.Context, name string) (*File, int64, error) {
	name = followed(name)
	if !openHere(name) {
		h, err := readHeader(name)
		if err != nil {
			return nil, 0, err
		}
		if h.empty {
			return nil, 0, fmt.Errorf("sqlite: %s is empty", name)
		}
	}
	cfg := Config{Path: name, CacheBytes: -1}.withDefaults()
	s := &Store{cfg: cfg, log: cfg.Logger, queue: newQueue(cfg), cache: newCache(cfg.CacheBytes), recent: newRecent(0)}
	s.queue.close()
	if err := s.openReaders(ctx); err != nil {
		return nil, 0, fmt.Errorf("%s: %w", name, err)
	}
	s.left = opened(name)
	f := &File{s: s}
	have, err := formatOf(ctx, s.readDB)
	if broken(err) { // Check names the page; what else can be read is read
		have, err = Format(), nil
	}
	if known := Format(); err == nil && have > known {
		err = newer(name, have, known)
	}
	if err != nil {
		return nil, 0, errors.Join(err, f.Close())
	}
	return f, have, nil
}

// renewed is a copy of the file in this program's format. It closes the file.
func (f *File) renewed(ctx context.Context) (_ *File, err error) {
	defer func() { err = errors.Join(err, f.Close()) }()
	dir, err := os.MkdirTemp("", "lienthong-read-")
	if err != nil {
		return nil, fmt.Errorf("sqlite: %w", err)
	}
	copied := filepath.Join(dir, filepath.Base(f.s.cfg.Path))
	defer func() {
		if err != nil {
			err = errors.Join(err, os.RemoveAll(dir))
		}
	}()
	if err := copyPages(ctx, f.s.readDB, copied, BackupOptions{Fast: true}); err != nil {
		return nil, fmt.Errorf("sqlite: %w", err)
	}
	s, err := Open(ctx, Config{Path: copied, Check: CheckOff})
	if err != nil {
		return nil, err
	}
	if err := s.Close(); err != nil {
		return nil, err
	}
	out, _, err := openFile(ctx, copied)
	if err != nil {
		return nil, err
	}
	out.temp = dir
	return out, nil
}

// formatOf is the format of a database; ErrForeign when it has none.
func formatOf(ctx context.Context, db *sql.DB) (int64, error) {
	var tables int
	err := db.QueryRowContext(ctx, `SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name IN ('goose_db_version', 'cases', 'entries')`).Scan(&tables)
	if err != nil {
		return 0, fmt.Errorf("sqlite: the schema cannot be read: %w", err)
	}
	if tables != 3 {
		return 0, fmt.Errorf("sqlite: %w: its tables are missing", ErrForeign)
	}
	var have sql.NullInt64
	if err := db.QueryRowContext(ctx, `SELECT max(version_id) FROM goose_db_version WHERE is_applied`).Scan(&have); err != nil {
		return 0, fmt.Errorf("sqlite: the format cannot be read: %w", err)
	}
	return have.Int64, nil
}

// header is what the first hundred bytes of a SQLite file say.
type header struct {
	empty    bool
	pageSize int64
	wal      bool
}

// readHeader reads a file's header and refuses what SQLite would misread or take
// for somebody else's: it names what is wrong.
func readHeader(name string) (header, error) {
	f, err := os.Open(name)
	if err != nil {
		return header{}, fmt.Errorf("sqlite: %w", err)
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return header{}, fmt.Errorf("sqlite: %w", err)
	}
	if st.IsDir() {
		return header{}, fmt.Errorf("sqlite: %s is a folder", name)
	}
	if st.Size() == 0 {
		return header{empty: true}, nil
	}
	b := make([]byte, 100)
	if _, err := io.ReadFull(f, b); err != nil {
		return header{}, fmt.Errorf("sqlite: %w: %s has %d bytes, too few for a header", ErrForeign, name, st.Size())
	}
	return parseHeader(name, b, st.Size())
}

func parseHeader(name string, b []byte, size int64) (header, error) {
	if string(b[:16]) != "SQLite format 3\x00" {
		return header{}, fmt.Errorf("sqlite: %w: %s does not begin as a SQLite file does", ErrForeign, name)
	}
	h := header{pageSize: int64(binary.BigEndian.Uint16(b[16:])), wal: b[18] == 2}
	if h.pageSize == 1 {
		h.pageSize = 65536
	}
	if h.pageSize < 512 || h.pageSize&(h.pageSize-1) != 0 {
		return h, fmt.Errorf("sqlite: %s: page 1 (header) is damaged: page size %d", name, h.pageSize)
	}
	if id := binary.BigEndian.Uint32(b[68:]); id != 0 && id != applicationID {
		return h, fmt.Errorf("sqlite: %w: %s belongs to application %08x", ErrForeign, name, id)
	}
	pages := int64(binary.BigEndian.Uint32(b[28:]))
	exact := binary.BigEndian.Uint32(b[24:]) == binary.BigEndian.Uint32(b[92:]) // else the count may be old
	if exact && size < pages*h.pageSize && !hasWAL(name) {
		return h, fmt.Errorf("sqlite: %s is cut off: %d bytes, but page 1 (header) says %d pages of %d", name, size, pages, h.pageSize)
	}
	return h, nil
}

// hasWAL tells whether there is a write-ahead log with something in it.
func hasWAL(name string) bool {
	st, err := os.Stat(name + "-wal")
	return err == nil && st.Size() > 0
}

// Load returns a stored case, as Store.Load does.
func (f *File) Load(ctx context.Context, code string) (*engine.Case, error) {
	return f.s.Load(ctx, code)
}

// History returns entries of a case, as Store.History does.
func (f *File) History(ctx context.Context, code string, from int64, limit int) ([]engine.Entry, error) {
	return f.s.History(ctx, code, from, limit)
}

// CaseOf finds the case of any code, as Store.CaseOf does.
func (f *File) CaseOf(ctx context.Context, code string) (string, error) {
	return f.s.CaseOf(ctx, code)
}

// Cases lists codes of cases whose history is in this file, after a code, in
// order, at most limit (0 = all).
func (f *File) Cases(ctx context.Context, after string, limit int) ([]string, error) {
	return f.s.Kept(ctx, after, limit)
}

// Archived counts the cases whose history is in archive files instead.
func (f *File) Archived(ctx context.Context) (int64, error) { return f.s.Archived(ctx) }

const casesHere = `SELECT code FROM cases WHERE code > ?1 AND NOT EXISTS (SELECT 1 FROM archived WHERE case_code = code) ORDER BY code LIMIT ?2`

// Newest tells which entry of the file is the newest, with its metadata only:
// nothing that was answered after it is in the file. NotFound when there is none.
func (f *File) Newest(ctx context.Context) (engine.Entry, error) {
	const op = "store.newest"
	var e engine.Entry
	var at int64
	err := f.s.row(ctx, `SELECT case_code, seq, at, action, step FROM entries ORDER BY id DESC LIMIT 1`, nil,
		&e.Case, &e.Seq, &at, &e.Command.Action, &e.Command.Step)
	if errors.Is(err, sql.ErrNoRows) {
		return e, rowenc.Missing(op, "")
	}
	e.At = rowenc.Time(at)
	return e, failure(op, "", err)
}

// Close closes the file.
func (f *File) Close() error {
	err := f.s.closeReaders()
	f.s.left()
	if f.temp != "" {
		err = errors.Join(err, os.RemoveAll(f.temp))
	}
	return err
}
