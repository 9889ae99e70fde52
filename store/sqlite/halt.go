package sqlite

import (
	"errors"
	"fmt"
	"os"
	"sync/atomic"

	"github.com/mattn/go-sqlite3"

	"lienthong/engine"
	"lienthong/store/rowenc"
)

// Two things must stop the writer for good, until a person has looked and started
// the server again:
//
//   - A sync that failed. The system may have dropped what it could not write and
//     call it clean, so that the next sync succeeds without it (Linux does). What is
//     written after that would stand on pages that are not on the disk.
//   - The file or its write-ahead log is no longer what the name says: removed,
//     moved, or replaced. What is written goes on into a file that nobody will
//     ever open again.
//
// Reads go on, but no command is answered, not even from its stored answer: what
// is read now may not be there tomorrow. A full disk, a read-only one and a write that fails are no such
// thing: SQLite takes the transaction back, and the next one may succeed.

// halt is why nothing more is written; the zero value writes.
type halt struct{ why atomic.Pointer[engine.Error] }

// stop keeps the first reason.
func (s *Store) stop(vi, en string, err error) {
	e := engine.Fail(engine.Unavailable, "Đã ngừng ghi: "+vi+" Cần người vận hành kiểm tra và khởi động lại.",
		"Nothing more is written: "+en+" An operator must look and start the server again.")
	e.Op, e.Err = "store.halted", err
	if s.halt.why.CompareAndSwap(nil, e) {
		s.log.Error("sqlite: nothing more is written until the server is started again", "file", s.cfg.Path, "why", en, "err", err)
	}
}

// halted is why nothing more is written, or nil.
func (s *Store) halted() error {
	if e := s.halt.why.Load(); e != nil {
		return e
	}
	return nil
}

// judge stops the writer after an error that it must not go on from.
func (s *Store) judge(err error) {
	var e sqlite3.Error
	if errors.As(err, &e) && (e.ExtendedCode == sqlite3.ErrIoErrFsync || e.ExtendedCode == sqlite3.ErrIoErrDirFsync) {
		s.stop("đĩa không xác nhận dữ liệu đã ghi.", "the disk failed to sync.", err)
	}
}

// unread tells whether the disk failed, as against a file that is damaged.
func unread(err error) bool {
	var e sqlite3.Error
	return errors.As(err, &e) && e.Code == sqlite3.ErrIoErr
}

// files are the database and its write-ahead log as the writer has them open.
type files struct {
	path    string
	db, wal os.FileInfo
}

// same fails when a name no longer leads to the file that is open. The log is made
// with the first write.
func (f *files) same() error {
	for _, x := range []struct {
		name string
		was  *os.FileInfo
	}{{f.path, &f.db}, {f.path + "-wal", &f.wal}} {
		is, err := os.Stat(x.name)
		switch {
		case errors.Is(err, os.ErrNotExist) && *x.was == nil: // nothing is written yet
		case errors.Is(err, os.ErrNotExist):
			return fmt.Errorf("%s is gone", x.name)
		case err != nil:
			return err
		case *x.was == nil:
			*x.was = is
		case !os.SameFile(*x.was, is):
			return fmt.Errorf("%s is another file now", x.name)
		}
	}
	return nil
}

// still checks, after a commit and before anybody is told of it, that it went
// where it will be found again.
func (w *writer) still() error {
	err := w.files.same()
	if err == nil {
		return nil
	}
	w.store.stop("tệp cơ sở dữ liệu không còn ở chỗ của nó.", "the database file is not where it was: "+err.Error()+".", err)
	return rowenc.Unknown("store.commit", err)
}
