package sqlite

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/mattn/go-sqlite3"

	"lienthong/engine"
)

// BackupOptions say how a copy is made. The zero value is the usual way.
type BackupOptions struct {
	Force    bool // overwrite the target
	Fast     bool // do not rest: nobody else needs the disk
	Pages    int  // copied at once, between looks at ctx; 0 = 256, 1 MB
	Full     bool // check the copy as Check does, not only its pages
	Bad      func(Finding)
	Progress func(what string, done, total int64)
}

// Backed says what a backup holds.
type Backed struct {
	Path   string        `json:"path"`
	Bytes  int64         `json:"bytes"`
	SHA256 string        `json:"sha256"` // of the file
	Newest *engine.Entry `json:"-"`      // nothing that was answered after it is in the copy; nil = no entry
	Took   time.Duration `json:"-"`
}

// Backup copies a database, as it stands at one moment, to a file of its own that
// needs no write-ahead log. A server may go on writing meanwhile: the copy is read
// from a snapshot, so writers neither wait nor make it begin again; only the
// write-ahead log grows until it is done. It is copied a little at a time, made
// durable as it goes, with a rest after each step, so that commits find the disk
// free: one large sync at the end would hold them up. The copy is written under
// another name, checked, and only then named.
//
// It returns ErrDamaged when the copy is not good (Bad hears why); the target is
// then as it was.
func Backup(ctx context.Context, from, to string, o BackupOptions) (Backed, error) {
	began := time.Now()
	to = followed(to)
	if err := free(to, o.Force); err != nil {
		return Backed{}, err
	}
	src, _, err := openFile(ctx, from)
	if err != nil {
		return Backed{}, err
	}
	defer src.Close() //nolint:errcheck // it only read
	temp, err := tempBeside(to)
	if err != nil {
		return Backed{}, err
	}
	defer sweep(temp)
	if err := copyPages(ctx, src.s.readDB, temp, o); err != nil {
		return Backed{}, fmt.Errorf("sqlite: backup: %w", err)
	}
	out := Backed{Path: to}
	if err := out.check(ctx, temp, o); err != nil {
		return out, err
	}
	if err := settleFile(temp, to); err != nil {
		return out, err
	}
	out.Took = time.Since(began)
	return out, nil
}

// free refuses a target that exists.
func free(to string, force bool) error {
	st, err := os.Stat(to)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return nil
	case err != nil:
		return fmt.Errorf("sqlite: %w", err)
	case st.IsDir():
		return fmt.Errorf("sqlite: %s is a folder", to)
	case !force:
		return existing(to)
	case openHere(to) || inUse(to):
		return fmt.Errorf("sqlite: %s: %w", to, ErrInUse)
	case hasWAL(to): // SQLite would read it into whatever has the name
		return fmt.Errorf("sqlite: %s has a write-ahead log: it is a database, not a backup", to)
	}
	return nil
}

// tempBeside makes an empty file in the folder of another.
func tempBeside(name string) (string, error) {
	f, err := os.CreateTemp(filepath.Dir(name), "."+filepath.Base(name)+".*.part")
	if err != nil {
		return "", fmt.Errorf("sqlite: %w", err)
	}
	return f.Name(), f.Close()
}

// sweep takes a file away with what SQLite puts beside it.
func sweep(name string) {
	for _, suffix := range []string{"", "-wal", "-shm", "-journal", ".lock", beginning} {
		_ = os.Remove(name + suffix)
	}
}

// settleFile makes a file durable and gives it its name.
func settleFile(temp, name string) error {
	if err := syncFile(temp); err != nil {
		return err
	}
	if err := os.Rename(temp, name); err != nil {
		return fmt.Errorf("sqlite: %w", err)
	}
	return syncFile(filepath.Dir(name))
}

// syncFile makes a file or a folder durable.
func syncFile(name string) error {
	f, err := os.Open(name)
	if err != nil {
		return fmt.Errorf("sqlite: %w", err)
	}
	if err := errors.Join(f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("sqlite: %s: %w", name, err)
	}
	return nil
}

// plainDSN opens a file that nobody else knows: its durability is seen to at the
// end.
func plainDSN(name string) string {
	return dsn(name, url.Values{"mode": {"rwc"}, "_synchronous": {"OFF"}, "_journal_mode": {"OFF"}, "_cache_size": {"-16384"}})
}

// copyPages copies a database page by page from one snapshot of it.
func copyPages(ctx context.Context, from *sql.DB, to string, o BackupOptions) error {
	src, err := from.Conn(ctx)
	if err != nil {
		return err
	}
	defer src.Close()
	// The snapshot: without it every commit would make the copy begin again.
	if _, err := src.ExecContext(ctx, `BEGIN`); err != nil {
		return err
	}
	defer src.ExecContext(context.WithoutCancel(ctx), `ROLLBACK`) //nolint:errcheck // it only read
	var tables int
	if err := src.QueryRowContext(ctx, `SELECT count(*) FROM sqlite_schema`).Scan(&tables); err != nil {
		return err
	}
	db, err := sql.Open("sqlite3", plainDSN(to))
	if err != nil {
		return err
	}
	defer db.Close()
	dst, err := db.Conn(ctx)
	if err != nil {
		return err
	}
	defer dst.Close()
	err = src.Raw(func(s any) error {
		return dst.Raw(func(d any) error {
			return steps(ctx, d.(*sqlite3.SQLiteConn), s.(*sqlite3.SQLiteConn), to, o)
		})
	})
	if err != nil {
		return err
	}
	if err := errors.Join(dst.Close(), db.Close()); err != nil {
		return err
	}
	return unlog(ctx, to)
}

// steps runs the copy to a file, some pages at a time.
func steps(ctx context.Context, dst, src *sqlite3.SQLiteConn, to string, o BackupOptions) error {
	f, err := os.Open(to)
	if err != nil {
		return err
	}
	defer f.Close() //nolint:errcheck // only syncs go through it
	b, err := dst.Backup("main", src, "main")
	if err != nil {
		return err
	}
	pages := o.Pages
	if pages <= 0 {
		pages = 256
	}
	for over, still := false, 0; !over && err == nil; {
		left, began := b.Remaining(), time.Now()
		if err = ctx.Err(); err == nil {
			over, err = b.Step(pages)
		}
		if err == nil && !o.Fast {
			err = pause(ctx, f, began)
		}
		if still++; b.Remaining() != left {
			still = 0
		}
		if still > 1000 { // the copy is ours alone, so nothing should hold it up
			err = errors.New("the copy does not get on")
		}
		if o.Progress != nil && err == nil {
			o.Progress("pages", int64(b.PageCount()-b.Remaining()), int64(b.PageCount()))
		}
	}
	if last := b.Finish(); err == nil { // it says again what a step said
		err = last
	}
	return err
}

// pause makes a step durable, and rests as long as all of it took.
func pause(ctx context.Context, f *os.File, began time.Time) error {
	if err := f.Sync(); err != nil {
		return err
	}
	t := time.NewTimer(time.Since(began))
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

// unlog makes a file one that needs no write-ahead log, so that it opens anywhere.
func unlog(ctx context.Context, name string) error {
	db, err := sql.Open("sqlite3", dsn(name, url.Values{"mode": {"rw"}, "_synchronous": {"OFF"}}))
	if err != nil {
		return err
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	var mode string
	if err := db.QueryRowContext(ctx, `PRAGMA journal_mode = DELETE`).Scan(&mode); err != nil {
		return err
	}
	if mode != "delete" {
		return fmt.Errorf("journal mode is %s", mode)
	}
	return db.Close()
}

// check opens the copy and looks at it.
func (b *Backed) check(ctx context.Context, temp string, o BackupOptions) error {
	open := OpenFile
	if !o.Full { // its pages can be looked at whatever its schema
		open = func(ctx context.Context, name string) (*File, error) {
			f, _, err := openFile(ctx, name)
			return f, err
		}
	}
	f, err := open(ctx, temp)
	if err != nil {
		return fmt.Errorf("sqlite: the copy is not good: %w", err)
	}
	d := &damage{}
	bad := func(x Finding) {
		d.add(x)
		if o.Bad != nil {
			o.Bad(x)
		}
	}
	if o.Full {
		_, err = f.Check(ctx, CheckOptions{Bad: bad, Progress: o.Progress})
	} else {
		err = structure(ctx, f.s.readDB, `PRAGMA quick_check(100)`, bad)
	}
	if err == nil {
		if e, nerr := f.Newest(ctx); nerr == nil {
			b.Newest = &e
		} else if engine.CodeOf(nerr) != engine.NotFound {
			err = nerr
		}
	}
	if err := errors.Join(err, f.Close()); err != nil {
		return err
	}
	if len(d.found) > 0 {
		return fmt.Errorf("sqlite: %w: the copy would be of no use, and is not kept", ErrDamaged)
	}
	sum, size, err := hashFile(ctx, temp)
	b.SHA256, b.Bytes = hex.EncodeToString(sum), size
	return err
}

// hashFile is the SHA-256 of a file that SQLite does not have open here.
func hashFile(ctx context.Context, name string) (sum []byte, size int64, err error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, 0, fmt.Errorf("sqlite: %w", err)
	}
	defer f.Close()
	h := sha256.New()
	size, err = io.Copy(h, reader{ctx, f})
	if err != nil {
		return nil, 0, fmt.Errorf("sqlite: %s: %w", name, err)
	}
	return h.Sum(nil), size, nil
}

// reader reads until it is told to stop.
type reader struct {
	ctx context.Context
	r   io.Reader
}

func (r reader) Read(b []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.r.Read(b)
}

// existing is a file that would be written over: an os.ErrExist.
type existing string

func (e existing) Error() string        { return "sqlite: " + string(e) + " exists" }
func (e existing) Is(target error) bool { return target == os.ErrExist }
