package sqlite

import (
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"lienthong/store/storetest"
)

// TestLogBeginsAnew: while many commit, the write-ahead log is copied back beside
// them and begins anew; nothing is lost of it, and those who read at the same time
// see whole cases.
func TestLogBeginsAnew(t *testing.T) {
	const pages, cases, entries = 32, 2, 100
	path := filepath.Join(t.TempDir(), "x.db")
	s, err := Open(t.Context(), Config{Path: path, TakeOver: true, logPages: pages})
	must(t, err)
	must(t, exec(t.Context(), s, "test", func(w *writer) error { return w.exec(logMostIs + `0`) })) // only the copier copies
	var wg sync.WaitGroup
	for i := range cases {
		wg.Go(func() {
			code := fmt.Sprint("C", i)
			st := storetest.File(storetest.Filing{Code: code})
			for range entries {
				if err := s.Append(t.Context(), st.Change()); err != nil {
					t.Error(err)
				}
				if h, err := s.History(t.Context(), code, 1, 0); err != nil || int64(len(h)) != st.Change().Case.Seq {
					t.Errorf("%d entries, %v", len(h), err)
				}
				st = storetest.Resume(t, s, code).Go("note", "birth", step("n", "x"))
			}
		})
	}
	wg.Wait()
	log, err := os.Stat(path + "-wal")
	must(t, err)
	file, err := os.Stat(path)
	must(t, err)
	t.Logf("log %d, file %d bytes after %d commits", log.Size(), file.Size(), s.Stats().Commits)
	if most := 2 * s.Stats().Commits * 4096; log.Size() > most { // a commit writes about five
		t.Errorf("the log grew to %d bytes, more than %d", log.Size(), most)
	}
	if file.Size() < pages*4096 {
		t.Errorf("the file has %d bytes: nothing was copied into it", file.Size())
	}
	must(t, s.Close())
	again, err := Open(t.Context(), Config{Path: path, TakeOver: true, Check: CheckFull})
	must(t, err)
	defer again.Close()
	for i := range cases {
		c, err := again.Load(t.Context(), fmt.Sprint("C", i))
		must(t, err)
		if c.Seq != entries {
			t.Errorf("%s stands at %d", c.Code, c.Seq)
		}
	}
}
