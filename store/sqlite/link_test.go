package sqlite

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"lienthong/engine"
	"lienthong/store/storetest"
)

// linked is a database in one folder, and a symbolic link to it in another, by a
// relative path as people make them.
func linked(t *testing.T) (real, link string) {
	t.Helper()
	dir := t.TempDir()
	must(t, errors.Join(os.Mkdir(filepath.Join(dir, "disk"), 0o700), os.Mkdir(filepath.Join(dir, "etc"), 0o700)))
	real, link = filepath.Join(dir, "disk", "cases.db"), filepath.Join(dir, "etc", "served.db")
	must(t, os.Symlink("../disk/cases.db", link))
	return real, link
}

// A file has one server, whatever it is called.
func TestOneProcessServesAFileOfTwoNames(t *testing.T) {
	real, link := linked(t)
	for _, x := range [][2]string{{real, link}, {link, real}} {
		s, err := Open(t.Context(), Config{Path: x[0], TakeOver: true})
		must(t, err)
		if again, err := Open(t.Context(), Config{Path: x[1], TakeOver: true}); !errors.Is(err, ErrInUse) {
			t.Errorf("%s is served, and opened as %s: %v", x[0], x[1], err)
			must(t, again.Close())
		}
		if _, err := Restore(t.Context(), x[1], x[1], RestoreOptions{Force: true}); !errors.Is(err, ErrInUse) {
			t.Errorf("%s is served, and replaced as %s: %v", x[0], x[1], err)
		}
		must(t, s.Close())
	}
}

// What is committed through a link stops when the file behind it is taken away, as
// through its own name.
func TestFileBehindALinkIsLookedAfter(t *testing.T) {
	real, link := linked(t)
	s := stocked(t, link)
	defer s.Close()
	must(t, os.Rename(real+"-wal", real+"-gone"))
	err := s.Append(t.Context(), storetest.File(storetest.Filing{Code: "Z", Key: "z"}).Change())
	if engine.CodeOf(err) != engine.UnknownOutcome {
		t.Errorf("the log is gone, and it is answered: %v", err)
	}
}

// The write-ahead log of a file that is opened through a link is looked at too.
func TestLogBehindALinkIsLookedAt(t *testing.T) {
	real, link := linked(t)
	must(t, os.WriteFile(real+"-wal", []byte("x"), 0o600))
	if s, err := Open(t.Context(), Config{Path: link}); err == nil {
		t.Error("a log without its database is taken for nothing")
		must(t, s.Close())
	}
}

// A backup that is put in the place of a link takes that of the file behind it.
func TestRestoreBehindALink(t *testing.T) {
	real, link := linked(t)
	kept := filepath.Join(t.TempDir(), "kept.db")
	must(t, stocked(t, kept).Close())
	must(t, stocked(t, real).Close())
	_, err := Restore(t.Context(), kept, link, RestoreOptions{Force: true, Now: storetest.T0})
	must(t, err)
	if st, err := os.Lstat(link); err != nil || st.Mode()&os.ModeSymlink == 0 {
		t.Errorf("the link is %v, %v", st, err)
	}
	sound(t, real, CheckOptions{})
}

// A file of two names is served under neither, and read under both: a lock lies beside a
// name, and so does the write-ahead log.
func TestFileOfTwoNamesIsNotServed(t *testing.T) {
	dir := t.TempDir()
	one, two := filepath.Join(dir, "cases.db"), filepath.Join(dir, "same.db")
	must(t, stocked(t, one).Close())
	must(t, os.Link(one, two))
	for _, name := range []string{one, two} {
		s, err := Open(t.Context(), Config{Path: name, TakeOver: true})
		if !errors.Is(err, ErrNames) {
			t.Errorf("%s: %v", name, err)
			must(t, s.Close())
		}
		sound(t, name, CheckOptions{})
	}
	must(t, os.Remove(two))
	must(t, desk(t, one).Close())
}

// An empty file is no new database: it is what a copy that failed leaves.
func TestEmptyFileIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cases.db")
	must(t, os.WriteFile(path, nil, 0o600))
	s, err := Open(t.Context(), Config{Path: path, TakeOver: true})
	if !errors.Is(err, ErrEmpty) {
		t.Errorf("opened: %v", err)
		must(t, s.Close())
	}
	if st, err := os.Stat(path); err != nil || st.Size() != 0 {
		t.Errorf("it was written: %v %v", st, err)
	}
	must(t, os.Remove(path))
	must(t, stocked(t, path).Close())
}

// Who died in its first start left an empty file: the next start begins anew, as it says,
// but an empty file that stands there later is refused as any other.
func TestBeginningThatDied(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cases.db")
	s := &Store{cfg: Config{Path: path, Logger: quiet}, log: quiet}
	must(t, s.checkBefore())
	for _, left := range []string{"", "-journal"} { // SQLite makes the second before it writes the first
		must(t, os.WriteFile(path+left, nil, 0o600))
	}
	must(t, os.WriteFile(path+"-wal", []byte("something"), 0o600))
	refused(t, path, CheckAuto, ErrEmpty)
	must(t, os.Remove(path+"-wal"))

	log, err := starts(path, CheckAuto)
	if must(t, err); !strings.Contains(log, "begun anew") {
		t.Errorf("the log: %q", log)
	}
	must(t, stocked(t, path).Close())
	if c, found := examine(t, path, CheckOptions{}); c.Cases != 5 || len(found) > 0 {
		t.Errorf("%d cases, found %v", c.Cases, found)
	}
	must(t, os.Truncate(path, 0))
	refused(t, path, CheckAuto, ErrEmpty)
}
