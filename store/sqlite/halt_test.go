package sqlite

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mattn/go-sqlite3"

	"lienthong/engine"
)

// failing is a store whose next commit fails with an error, once it is armed.
func failing(t *testing.T, path string, with error) (s *Store, arm func()) {
	t.Helper()
	armed := false
	s, err := Open(t.Context(), Config{Path: path, TakeOver: true, Hooks: Hooks{Commit: func(commit func() error) error {
		if armed {
			armed = false
			return with
		}
		return commit()
	}}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() }) // its file may be gone
	return s, func() { armed = true }
}

func put(t *testing.T, s *Store, id string) error {
	t.Helper()
	return s.PutAccount(t.Context(), engine.Account{ID: id, Kind: engine.Staff, Name: id}, 0, nil)
}

// stopped checks that nothing is written any more, that the reason is told, and
// that reading goes on.
func stopped(t *testing.T, s *Store, says string) {
	t.Helper()
	_, told := s.Answered(t.Context(), "actor", "key")
	for _, err := range []error{put(t, s, "after"), s.Ready(t.Context()), told} {
		e, ok := err.(*engine.Error)
		if !ok || e.Code != engine.Unavailable || !strings.Contains(e.Detail.EN, says) || e.Detail.VI == "" {
			t.Errorf("got %v, want unavailable with %q", err, says)
		}
	}
	if _, err := s.Account(t.Context(), "before"); err != nil {
		t.Errorf("reading: %v", err)
	}
}

func TestSyncThatFailsStopsTheWriter(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.db")
	s, arm := failing(t, path, sqlite3.Error{Code: sqlite3.ErrIoErr, ExtendedCode: sqlite3.ErrIoErrFsync})
	if err := put(t, s, "before"); err != nil {
		t.Fatal(err)
	}
	arm()
	if err := put(t, s, "under"); engine.CodeOf(err) != engine.UnknownOutcome {
		t.Errorf("the call whose sync failed: %v", err)
	}
	stopped(t, s, "failed to sync")
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	again, err := Open(t.Context(), Config{Path: path, TakeOver: true})
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	if err := put(t, again, "again"); err != nil {
		t.Errorf("started again: %v", err)
	}
}

// What SQLite takes back leaves the writer as it was.
func TestWriterGoesOnAfter(t *testing.T) {
	for name, with := range map[string]error{
		"a full disk":       sqlite3.Error{Code: sqlite3.ErrFull},
		"a failed write":    sqlite3.Error{Code: sqlite3.ErrIoErr, ExtendedCode: sqlite3.ErrIoErrWrite},
		"a read-only disk":  sqlite3.Error{Code: sqlite3.ErrReadonly},
		"a lock of another": sqlite3.Error{Code: sqlite3.ErrBusy},
	} {
		t.Run(name, func(t *testing.T) {
			s, arm := failing(t, filepath.Join(t.TempDir(), "x.db"), with)
			arm()
			if err := put(t, s, "under"); err == nil {
				t.Error("acknowledged")
			}
			if err := put(t, s, "after"); err != nil {
				t.Errorf("afterwards: %v", err)
			}
			if err := s.Ready(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestFileThatIsGoneStopsTheWriter(t *testing.T) {
	for _, x := range []struct {
		name, says string
		hurt       func(path string) error
	}{
		{"moved", "x.db is gone", func(p string) error { return os.Rename(p, p+".away") }},
		{"removed", "x.db is gone", os.Remove},
		{"replaced", "x.db is another file", func(p string) error {
			if err := os.Remove(p); err != nil {
				return err
			}
			return os.WriteFile(p, []byte("x"), 0o600)
		}},
		{"log removed", "x.db-wal is gone", func(p string) error { return os.Remove(p + "-wal") }},
	} {
		t.Run(x.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "x.db")
			s, _ := failing(t, path, nil)
			if err := put(t, s, "before"); err != nil {
				t.Fatal(err)
			}
			if err := x.hurt(path); err != nil {
				t.Fatal(err)
			}
			if err := put(t, s, "under"); engine.CodeOf(err) != engine.UnknownOutcome {
				t.Errorf("written to a file that nobody will find: %v", err)
			}
			stopped(t, s, x.says)
		})
	}
}
