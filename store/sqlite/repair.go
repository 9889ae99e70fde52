package sqlite

import (
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"time"
)

// RepairOptions say how indexes are made anew, and who hears of it.
type RepairOptions struct {
	Now      time.Time
	Copy     bool          // as of CheckOptions
	Bad      func(Finding) // what is wrong before; and what stays wrong, when it cannot be repaired
	Progress func(what string, done, total int64)
}

// Repaired is what became of a file.
type Repaired struct {
	Path    string   `json:"path"`
	Kept    string   `json:"kept,omitempty"`    // the file as it was; "" = nothing was done
	Indexes []string `json:"indexes,omitempty"` // that were made anew
	Counts
}

// Repair makes damaged indexes of a database anew from their tables. It works on a copy,
// which takes the place of the database only when Check finds all of it sound. What stood
// there keeps its data under another name.
//
// An index made of a damaged table would hide the damage. Where the two differ and pages
// hold together, either may be damaged: the index is made anew only of a table whose rows
// Check knows by other means (vouched).
//
// ErrDamaged when more is, or may be, damaged than indexes (Bad hears what), ErrInUse when
// a process serves the database: it stays as it is.
func Repair(ctx context.Context, name string, o RepairOptions) (out Repaired, err error) {
	name = followed(name)
	out.Path = name
	if _, err := os.Stat(name); err != nil {
		return out, fmt.Errorf("sqlite: %w", err)
	}
	l, err := lockFile(name)
	if err != nil {
		return out, err
	}
	defer func() { err = errors.Join(err, l.release()) }()
	if openHere(name) {
		return out, fmt.Errorf("sqlite: %s: %w", name, ErrInUse)
	}
	temp, err := tempBeside(name)
	if err != nil {
		return out, err
	}
	defer sweep(temp)
	damaged, err := out.copyDamaged(ctx, temp, o)
	if err != nil || !damaged {
		return out, err
	}
	fresh, err := tempBeside(name)
	if err != nil {
		return out, err
	}
	defer sweep(fresh)
	if err := out.reindex(ctx, temp, fresh); err != nil {
		return out, fmt.Errorf("sqlite: %s: its indexes cannot be made anew; restore a backup: %w", name, err)
	}
	if err := out.check(ctx, fresh, o); err != nil {
		return out, err
	}
	if out.Kept, err = makeWay(name, o.Now); err != nil {
		return out, err
	}
	if err := settleFile(fresh, name); err != nil {
		return out, err
	}
	return out, os.Remove(name + restoring)
}

// vouched are the tables whose rows have a sum or a chain, or follow from history.
var vouched = []string{"access_log", "answers", "cases", "dossiers", "entries", "outbox", "tasks"}

var (
	brokenIndex = regexp.MustCompile(`[Tt]ree \d+ .*\(index (\S+)\)$`)
	otherIndex  = regexp.MustCompile(` index (\S+)$`)
)

// copyDamaged copies a database in which nothing but indexes is damaged; false when
// nothing is.
func (out *Repaired) copyDamaged(ctx context.Context, temp string, o RepairOptions) (bool, error) {
	f, _, err := openFile(ctx, out.Path)
	if err != nil {
		return false, err
	}
	defer f.Close() //nolint:errcheck // it only read
	if o.Progress != nil {
		o.Progress("pages", 0, 0)
	}
	found := f.idleLog()
	if err := structure(ctx, f.s.readDB, `PRAGMA integrity_check(100)`, func(x Finding) { found = append(found, x) }); err != nil || len(found) == 0 {
		return false, err
	}
	more := false
	for _, x := range found {
		o.Bad(x)
		is, err := f.indexOf(ctx, x.What)
		if err != nil {
			return false, err
		}
		if is != "" && !slices.Contains(out.Indexes, is) {
			out.Indexes = append(out.Indexes, is)
		}
		follows := strings.HasPrefix(x.What, uncheckable) || strings.HasSuffix(x.What, ": never used") // of a tree whose pages are lost
		more = more || is == "" && !follows
	}
	if more || out.Indexes == nil {
		return false, errMore
	}
	seal, err := f.s.seal(ctx)
	if err != nil {
		return false, failure("store.repair", "", err)
	}
	if seal != nil {
		return false, errors.New("sqlite: the file is an archive, known by its SHA-256: restore a copy of it")
	}
	if err := copyPages(ctx, f.s.readDB, temp, BackupOptions{Fast: true, Progress: o.Progress}); err != nil {
		return false, fmt.Errorf("sqlite: repair: %w", err)
	}
	return true, nil
}

// errMore says that an index made anew would be of no use.
var errMore = fmt.Errorf("sqlite: %w: more than its indexes, or it cannot be told; restore a backup", ErrDamaged)

// indexOf is the index that may be made anew for a finding; "" = none.
func (f *File) indexOf(ctx context.Context, what string) (string, error) {
	if m := brokenIndex.FindStringSubmatch(what); m != nil {
		return m[1], nil
	}
	m := otherIndex.FindStringSubmatch(what)
	if m == nil {
		return "", nil
	}
	var table string
	err := f.s.readDB.QueryRowContext(ctx, `SELECT tbl_name FROM sqlite_schema WHERE type = 'index' AND name = ?1`, m[1]).Scan(&table)
	if errors.Is(err, sql.ErrNoRows) || err == nil && !slices.Contains(vouched, table) {
		return "", nil
	}
	return m[1], failure("store.repair", "", err)
}

// reindex makes a fresh file of a copy. SQLite takes no pages back that it cannot follow,
// so the indexes are made empty ones first; the pages that nothing leads to any more are
// left behind with the copy.
func (out *Repaired) reindex(ctx context.Context, temp, fresh string) error {
	if err := out.empty(ctx, temp); err != nil {
		return err
	}
	if err := runOn(ctx, temp, `VACUUM INTO ?1`, fresh); err != nil {
		return err
	}
	for _, name := range out.Indexes {
		if err := runOn(ctx, fresh, `REINDEX "`+name+`"`); err != nil {
			return err
		}
	}
	return nil
}

func runOn(ctx context.Context, name, what string, args ...any) error {
	db, err := sql.Open("sqlite3", plainDSN(name))
	if err != nil {
		return err
	}
	_, err = db.ExecContext(ctx, what, args...)
	return errors.Join(err, db.Close())
}

// empty writes the roots of the indexes as those of some with nothing in them.
func (out *Repaired) empty(ctx context.Context, temp string) error {
	h, err := readHeader(temp)
	if err != nil {
		return err
	}
	db, err := sql.Open("sqlite3", plainDSN(temp))
	if err != nil {
		return err
	}
	var roots []int64
	for _, name := range out.Indexes {
		var n int64
		if err == nil {
			err = db.QueryRowContext(ctx, `SELECT rootpage FROM sqlite_schema WHERE type = 'index' AND name = ?1`, name).Scan(&n)
		}
		roots = append(roots, n)
	}
	if err = errors.Join(err, db.Close()); err != nil {
		return err
	}
	f, err := os.OpenFile(temp, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	leaf := make([]byte, 8) // kind of page, free block, cells, where they begin, fragments
	leaf[0] = 10
	binary.BigEndian.PutUint16(leaf[5:], uint16(h.pageSize)) // 0 stands for 65536
	for _, n := range roots {
		if _, err := f.WriteAt(leaf, (n-1)*h.pageSize); err != nil {
			return errors.Join(err, f.Close())
		}
	}
	return f.Close()
}

// check looks at everything in the fresh file.
func (out *Repaired) check(ctx context.Context, fresh string, o RepairOptions) error {
	f, err := OpenFile(ctx, fresh)
	if err != nil {
		return err
	}
	c, err := f.Check(ctx, CheckOptions{Bad: o.Bad, Progress: o.Progress, Copy: o.Copy})
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	if c.Findings > 0 {
		return errMore
	}
	out.Counts = c.Counts
	return nil
}
