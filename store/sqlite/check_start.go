package sqlite

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/mattn/go-sqlite3"
)

// CheckLevel says how much of a file is looked at before it is used.
type CheckLevel string

// The levels. Whatever the level: the header, whose file it is, its schema, and
// whether the write-ahead log is whole.
const (
	// CheckOff looks no further.
	CheckOff CheckLevel = "off"
	// CheckAuto lets SQLite look at every page when the file is small or the last
	// process did not close it.
	CheckAuto CheckLevel = "auto"
	// CheckFull looks at everything, as Check does.
	CheckFull CheckLevel = "full"
)

// smallFile is up to which size every page is looked at at every start: a second
// or so.
var smallFile int64 = 256 << 20 // changed by a test

// ErrDamaged says that a file is damaged and was not opened.
var ErrDamaged = errors.New("the database is damaged")

// ErrNames says that a file has several names (hard links).
var ErrNames = errors.New("the file has more than one name (hard links)")

// ErrEmpty says that there is a file without anything in it.
var ErrEmpty = errors.New("the file is empty")

// damage collects what a check finds into one error.
type damage struct {
	found []string
	more  int
}

func (d *damage) add(f Finding) {
	const most = 10
	if len(d.found) == most {
		d.more++
		return
	}
	d.found = append(d.found, f.String())
}

func (d *damage) err(path string) error {
	if len(d.found) == 0 {
		return nil
	}
	if d.more > 0 {
		d.found = append(d.found, fmt.Sprintf("and %d more", d.more))
	}
	return fmt.Errorf("sqlite: %s: %w; restore a backup, or look closer with `verify`:\n  %s", path, ErrDamaged, strings.Join(d.found, "\n  "))
}

// checkBefore looks at the file before SQLite touches it.
func (s *Store) checkBefore() error {
	path := s.cfg.Path
	st, err := os.Stat(path)
	if err == nil && st.Mode().IsRegular() && linksTo(st) > 1 {
		return fmt.Errorf("sqlite: %s: %w: a server of another name would not see this one's lock nor its write-ahead log; keep one name, and copy the file where another is wanted", path, ErrNames)
	}
	if openHere(path) {
		return nil
	}
	if errors.Is(err, os.ErrNotExist) {
		if hasWAL(path) {
			return fmt.Errorf("sqlite: %s is gone, but its write-ahead log is there: move %s-wal away before a new database takes its place", path, path)
		}
		if err := brokenRestore(path); err != nil {
			return err
		}
		return noteBeginning(path)
	}
	h, err := readHeader(path)
	if err != nil {
		return err
	}
	if _, err := os.Lstat(path + beginning); h.empty && err == nil && !hasWAL(path) {
		s.log.Warn("sqlite: the process that began this database died before anything was in it; it is begun anew", "file", path)
		return nil
	}
	if h.empty { // no case was ever lost with one that this program made
		return fmt.Errorf("sqlite: %s: %w: a copy that failed leaves such a one; restore a backup, or remove it where a new database is wanted", path, ErrEmpty)
	}
	w, err := readWAL(path)
	switch {
	case err != nil:
		return err
	case w.damaged != "" && s.cfg.Check != CheckOff && s.cfg.Hooks.Synchronous == "": // else commits were not made sure of
		d := &damage{}
		d.add(Finding{Area: AreaFile, What: "the write-ahead log " + path + "-wal: " + w.damaged})
		return d.err(path)
	case w.damaged != "":
		s.log.Error("sqlite: the write-ahead log is damaged", "file", path+"-wal", "what", w.damaged)
	case w.ragged:
		s.log.Warn("sqlite: the write-ahead log ends in a transaction that is not whole: the last process died while it wrote", "file", path+"-wal")
	}
	return nil
}

// beginning is what the name of a database has after it until it has its tables: an
// empty file beside that is ours, and no copy that failed.
const beginning = ".beginning"

func noteBeginning(path string) error {
	err := os.WriteFile(path+beginning, nil, 0o600)
	if err != nil {
		return fmt.Errorf("sqlite: %w", err)
	}
	return syncFile(filepath.Dir(path))
}

// hasBegun takes the note away.
func hasBegun(path string) error {
	if err := os.Remove(path + beginning); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("sqlite: %w", err)
	}
	return nil
}

// checkOpened looks at the file once SQLite has opened it, before anything is
// written.
func (s *Store) checkOpened(ctx context.Context) error {
	var tables, ours, marks int
	err := s.writeDB.QueryRowContext(ctx, `SELECT count(*), coalesce(sum(name = 'goose_db_version'), 0), coalesce(sum(name = 'marks'), 0)
		FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'`).Scan(&tables, &ours, &marks)
	if err != nil {
		return schemaUnread(s.cfg.Path, err)
	}
	if tables > 0 && ours == 0 {
		return fmt.Errorf("sqlite: %s: %w: it has other tables", s.cfg.Path, ErrForeign)
	}
	if tables == 0 || s.cfg.Check != CheckAuto {
		return nil
	}
	unclean := 0
	if marks > 0 {
		if err := s.writeDB.QueryRowContext(ctx, `SELECT count(*) FROM marks WHERE name = 'open'`).Scan(&unclean); err != nil {
			return fmt.Errorf("sqlite: %s: %w: %w", s.cfg.Path, ErrDamaged, err)
		}
	}
	st, err := os.Stat(s.cfg.Path)
	if err != nil {
		return fmt.Errorf("sqlite: %w", err)
	}
	if st.Size() > smallFile && unclean == 0 {
		return nil
	}
	if st.Size() > smallFile {
		s.log.Warn("sqlite: the last process did not close the database; its pages are looked at first", "file", s.cfg.Path, "bytes", st.Size())
	}
	began, d := time.Now(), &damage{}
	if err := structure(ctx, s.writeDB, `PRAGMA quick_check(10)`, d.add); err != nil {
		return err
	}
	s.log.Info("sqlite: pages looked at", "file", s.cfg.Path, "bytes", st.Size(), "unclean", unclean > 0, "took", time.Since(began).Round(time.Millisecond))
	return d.err(s.cfg.Path)
}

// schemaUnread tells damage from a disk that cannot be read, or has no room for what
// SQLite writes when it opens a file.
func schemaUnread(path string, err error) error {
	var e sqlite3.Error
	switch {
	case unread(err):
		return fmt.Errorf("sqlite: %s: the disk cannot be read: %w", path, err)
	case errors.As(err, &e) && e.Code == sqlite3.ErrFull:
		return fmt.Errorf("sqlite: %s: %w", path, err)
	}
	return fmt.Errorf("sqlite: %s: %w: its schema cannot be read: %w", path, ErrDamaged, err)
}

// checkWhole looks at everything once the store reads.
func (s *Store) checkWhole(ctx context.Context) error {
	if s.cfg.Check != CheckFull {
		return nil
	}
	began, d := time.Now(), &damage{}
	c, err := s.checkAll(ctx, CheckOptions{Bad: d.add}, nil)
	if err == nil {
		err = d.err(s.cfg.Path)
	}
	if err == nil {
		s.log.Info("sqlite: everything looked at", "file", s.cfg.Path, "cases", c.Cases, "entries", c.Entries, "took", time.Since(began).Round(time.Millisecond))
	}
	return err
}

// markOpen notes in the file that a process has it; markClosed takes the note
// away. What is found at the next start tells whether the last one closed it.
func (s *Store) markOpen(ctx context.Context) error {
	if s.lock == nil {
		return nil
	}
	_, err := s.writeDB.ExecContext(ctx, `INSERT INTO marks (name, value) VALUES ('open', ?1) ON CONFLICT (name) DO UPDATE SET value = excluded.value`,
		fmt.Sprintf("process %d since %s", os.Getpid(), time.Now().UTC().Format(time.RFC3339)))
	if err != nil {
		return fmt.Errorf("sqlite: taking over: %w", err)
	}
	return nil
}

func (s *Store) markClosed() error {
	if s.lock == nil {
		return nil
	}
	if _, err := s.writeDB.Exec(`DELETE FROM marks WHERE name = 'open'`); err != nil {
		return fmt.Errorf("sqlite: closing: %w", err)
	}
	return nil
}
