package sqlite

import (
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"lienthong/store/storetest"
)

// TestLogBeginsAnew: while some commit, the write-ahead log is copied back beside them
// and begins anew; nothing is lost of it, and those who read at the same time see whole
// cases.
func TestLogBeginsAnew(t *testing.T) {
	const pages, cases, most, again = 32, 2, 1000, 5
	path := filepath.Join(t.TempDir(), "x.db")
	s, err := Open(t.Context(), Config{Path: path, TakeOver: true, logPages: pages})
	must(t, err)
	must(t, exec(t.Context(), s, "test", func(w *writer) error { return w.exec(logMostIs + `0`) })) // only the copier copies
	before := begun(t, path+"-wal")
	var wg sync.WaitGroup
	var ends [cases]int64
	for i := range cases {
		wg.Go(func() {
			code := fmt.Sprint("C", i)
			st := storetest.File(storetest.Filing{Code: code})
			// However rarely the copier gets its turn beside other work, it gets some.
			for ends[i] < most && begun(t, path+"-wal") < before+again {
				if err := s.Append(t.Context(), st.Change()); err != nil {
					t.Error(err)
				}
				ends[i] = st.Change().Case.Seq
				if h, err := s.History(t.Context(), code, 1, 0); err != nil || int64(len(h)) != ends[i] {
					t.Errorf("%d entries, %v", len(h), err)
				}
				st = storetest.Resume(t, s, code).Go("note", "birth", step("n", "x"))
			}
		})
	}
	wg.Wait()
	if n := begun(t, path+"-wal"); n < before+again {
		t.Errorf("the log began %d times, and %d times before %d commits", n, before, s.Stats().Commits)
	}
	file, err := os.Stat(path)
	must(t, err)
	t.Logf("file %d bytes after %d commits", file.Size(), s.Stats().Commits)
	if file.Size() < pages*4096 {
		t.Errorf("the file has %d bytes: nothing was copied into it", file.Size())
	}
	must(t, s.Close())
	s, err = Open(t.Context(), Config{Path: path, TakeOver: true, Check: CheckFull})
	must(t, err)
	defer s.Close()
	for i, end := range ends {
		c, err := s.Load(t.Context(), fmt.Sprint("C", i))
		must(t, err)
		if c.Seq != end {
			t.Errorf("%s stands at %d of %d", c.Code, c.Seq, end)
		}
	}
}

// TestWriterCopiesTheRest: what is committed while the copier copies is left to the
// writer, who copies it between two commits: only then does the log begin anew.
func TestWriterCopiesTheRest(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.db")
	s, err := Open(t.Context(), Config{Path: path, TakeOver: true, logPages: 1 << 20}) // nobody copies by himself
	must(t, err)
	defer s.Close()
	commit := func() {
		_, err := s.Codes(t.Context(), "u", "d", 1)
		must(t, err)
	}
	for range 3 {
		commit()
	}
	before := begun(t, path+"-wal")
	give(s.copier.work)
	<-s.copier.rest // the copier has done its part, and leaves the rest to the writer
	for range 3 {   // of which the first begins the log that was copied
		commit()
	}
	if n := begun(t, path+"-wal"); n != before+1 {
		t.Fatalf("the log began %d times, %d times before it was copied", n, before)
	}
	give(s.copier.rest)
	commit() // the writer looks after its commit
	commit()
	if n := begun(t, path+"-wal"); n != before+2 {
		t.Errorf("the log began %d times, not once more than %d: the writer did not copy the rest", n, before+1)
	}
}

// TestCommitsLeaveTheLogToTheCopier: a commit copies nothing back, however much there is,
// up to the bound at which the log must not grow further.
func TestCommitsLeaveTheLogToTheCopier(t *testing.T) {
	const most = 32
	s, err := Open(t.Context(), Config{Path: filepath.Join(t.TempDir(), "x.db"), TakeOver: true, logPages: most})
	must(t, err)
	defer s.Close()
	take := func(c *copier) (old *copier) {
		must(t, exec(t.Context(), s, "test", func(w *writer) error {
			old, w.store.copier = w.store.copier, c
			return nil
		}))
		return old
	}
	idle := &copier{work: make(chan struct{}, 1), rest: make(chan struct{}, 1)}
	must(t, take(idle).stop())
	defer func() {
		c, err := newCopier(s)
		must(t, err)
		take(c)
	}()
	conn, err := s.connect(writerDSN(s.cfg))
	must(t, err)
	defer conn.close()
	var busy, pages, copied, bound int64
	must(t, conn.one(copyLog, nil, &busy, &pages, &copied)) // the next commit begins the log anew
	pages = 0
	for i := 0; pages <= 3*most; i++ {
		if i == 10*most {
			t.Fatal("the log does not grow: commits copy it back")
		}
		_, err := s.Codes(t.Context(), "u", "d", 1)
		must(t, err)
		must(t, conn.one(logSize, nil, &busy, &pages, &copied))
	}
	if copied != 0 || len(idle.work) != 1 {
		t.Errorf("of %d pages in the log %d were copied, and the copier was told %d times", pages, copied, len(idle.work))
	}
	must(t, exec(t.Context(), s, "test", func(w *writer) error { return w.one(`PRAGMA wal_autocheckpoint`, nil, &bound) }))
	if bound != logMost*most {
		t.Errorf("a commit copies the log back at %d pages, want %d", bound, logMost*most)
	}
}

// begun tells how often a write-ahead log has begun: its header counts that (bytes 12
// to 15, see the file format).
func begun(t *testing.T, path string) uint32 {
	header := make([]byte, 16)
	f, err := os.Open(path)
	if err != nil {
		t.Error(err)
		return 0
	}
	defer f.Close()
	if _, err := f.ReadAt(header, 0); err != nil {
		t.Error(err)
	}
	return binary.BigEndian.Uint32(header[12:])
}
