package sqlite

import (
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"lienthong/engine"
	"lienthong/store/storetest"
)

// unreadable makes every read of a file that this process has open fail with EIO, as a
// disk does, until the function that it returns is called: its descriptors become ones
// of the process's memory, which has nothing at such addresses.
func unreadable(t *testing.T, path string) (again func()) {
	t.Helper()
	fds, err := os.ReadDir("/proc/self/fd")
	must(t, err)
	mem, err := os.Open("/proc/self/mem")
	must(t, err)
	kept := map[int]int{}
	for _, e := range fds {
		var fd int
		if name, err := os.Readlink("/proc/self/fd/" + e.Name()); err != nil || name != path {
			continue
		}
		_, err := fmt.Sscan(e.Name(), &fd)
		must(t, err)
		kept[fd], err = syscall.Dup(fd)
		must(t, err)
		must(t, syscall.Dup3(int(mem.Fd()), fd, syscall.O_CLOEXEC))
	}
	if len(kept) == 0 {
		t.Fatalf("nobody has %s open", path)
	}
	return func() {
		t.Helper()
		for fd, was := range kept {
			must(t, syscall.Dup3(was, fd, syscall.O_CLOEXEC))
			must(t, syscall.Close(was))
		}
		must(t, mem.Close())
	}
}

// A disk that fails reads is no damage: who asks is told to come back, and deliveries
// are left for later. When it reads again, everything is there.
func TestUnreadableDiskIsNoDamage(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cases.db")
	must(t, stocked(t, path).Close())
	s, err := Open(t.Context(), Config{Path: path, Check: CheckOff, CacheBytes: -1})
	must(t, err)
	defer s.Close()
	// A commit, so that the write-ahead log says how long the database is: what stands
	// for it has no length.
	must(t, s.LogAccess(t.Context(), engine.Access{At: time.Now(), Account: "lan", Case: "B", What: "case"}))
	again := unreadable(t, path)
	var errs []error
	_, err = s.Load(t.Context(), "B")
	errs = append(errs, err)
	_, err = s.History(t.Context(), "B", 1, 0)
	errs = append(errs, err)
	_, err = s.Deliveries(t.Context(), "", "", "", 10)
	errs = append(errs, err)
	_, err = s.Claim(t.Context(), "n", time.Now(), time.Now().Add(time.Minute), 10)
	errs = append(errs, err)
	again()
	for i, err := range errs {
		if engine.CodeOf(err) != engine.Unavailable || strings.Contains(err.Error(), "malformed") {
			t.Errorf("%d: error %v, want unavailable", i, err)
		}
	}
	_, err = s.Load(t.Context(), "B")
	must(t, err)
	ds, err := s.Deliveries(t.Context(), "", engine.DeliveryIncident, "", 10)
	must(t, err)
	if len(ds) != 0 {
		t.Errorf("incidents %v", ds)
	}
	_, err = s.Claim(t.Context(), "n", time.Now(), time.Now().Add(time.Minute), 10)
	must(t, err)
	n, err := s.Verify(t.Context(), func(code string, seq int64, what string) { t.Errorf("%s/%d: %s", code, seq, what) })
	if err != nil || n == 0 {
		t.Errorf("verified %d: %v", n, err)
	}
}

// A delivery whose entry cannot be read now makes no incident and holds up no other: it
// comes again when its lease ends.
func TestUnreadableEntryIsClaimedLater(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cases.db")
	s, err := Open(t.Context(), Config{Path: path, CacheBytes: -1})
	must(t, err)
	defer s.Close()
	story := storetest.File(storetest.Filing{Code: "A", Key: "k"})
	story.Go("send", "birth", engine.Requested{Key: story.Key(0), Registry: "civil_status", Operation: "register", Input: map[string]any{}})
	must(t, s.Append(t.Context(), story.Change()))
	// What the writer has written it remembers; the others read it from the file.
	db, err := sql.Open("sqlite3", path)
	must(t, err)
	_, err = db.ExecContext(t.Context(), `PRAGMA wal_checkpoint(PASSIVE)`)
	must(t, errors.Join(err, db.Close()))
	again := unreadable(t, path)
	ds, err := s.Claim(t.Context(), "n", storetest.T0, storetest.T0.Add(time.Minute), 10)
	again()
	if len(ds) != 0 || err != nil {
		t.Errorf("claimed %v: %v", ds, err)
	}
	ds, err = s.Claim(t.Context(), "n", storetest.T0, storetest.T0.Add(time.Minute), 10)
	if len(ds) != 0 || err != nil {
		t.Errorf("claimed while leased: %v: %v", ds, err)
	}
	ds, err = s.Claim(t.Context(), "n", storetest.T0.Add(time.Minute), storetest.T0.Add(2*time.Minute), 10)
	if len(ds) != 1 || err != nil || ds[0].Status != engine.DeliveryPending || !ds[0].LastError.IsZero() {
		t.Errorf("claimed after the lease: %v: %v", ds, err)
	}
}
