package sqlite

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"lienthong/engine"
	"lienthong/store/storetest"
)

// TestPagesOfACommit counts what goes to the write-ahead log while 64 births are
// carried side by side, by table and index (go test -v prints it), and holds it to a
// bound: pages are what a commit costs.
func TestPagesOfACommit(t *testing.T) {
	const births, side = 128, 64
	path := filepath.Join(t.TempDir(), "x.db")
	s, err := Open(t.Context(), Config{Path: path, TakeOver: true, logPages: 1 << 30})
	must(t, err)
	var wg sync.WaitGroup
	next := make(chan int)
	lease := time.Now().Add(time.Hour)
	begun := s.Stats()
	for range side {
		wg.Go(func() {
			for i := range next {
				b := storetest.NewBirth(t, i, "node", lease)
				for k, c := range b.Changes {
					now := time.Now() // as in service: what is written last was last
					if c.Answer != nil {
						c.Answer.At = now
					}
					for _, ds := range [][]engine.Delivery{c.Settled, b.Told[k]} {
						for i := range ds {
							ds[i].SentAt, ds[i].DoneAt = now, now
						}
					}
					if err := s.Append(context.Background(), c); err != nil {
						t.Error(err)
					}
					for _, d := range b.Told[k] {
						if err := s.Settle(context.Background(), d); err != nil {
							t.Error(err)
						}
					}
				}
			}
		})
	}
	for i := range births {
		next <- i
	}
	close(next)
	wg.Wait()
	now := s.Stats()
	commits, entries := now.Commits-begun.Commits, now.Entries-begun.Entries
	frames := framesOf(t, path)
	must(t, s.Close()) // the log is written back
	trees := treesOf(t, path)
	pages := map[string]int{}
	for _, p := range frames {
		pages[trees[p]]++
	}
	names := make([]string, 0, len(pages))
	for name := range pages {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int { return pages[b] - pages[a] })
	per := func(n int) float64 { return float64(n) / float64(commits) }
	t.Logf("%d commits of %.1f entries: %.1f pages in each, %.1f for each case", commits, float64(entries)/float64(commits), per(len(frames)), float64(len(frames))/births)
	for _, name := range names {
		t.Logf("%6.1f %s", per(pages[name]), name)
	}
	if n := float64(len(frames)) / births; n > 160 {
		t.Errorf("%.1f pages for each case", n)
	}
}

// framesOf are the numbers of the pages that stand in the write-ahead log, each as
// often as it was written.
func framesOf(t *testing.T, path string) (pages []uint32) {
	t.Helper()
	f, err := os.Open(path + "-wal")
	must(t, err)
	defer f.Close()
	head := make([]byte, walHeader)
	_, err = io.ReadFull(f, head)
	must(t, err)
	w := walReader{r: f}
	if !w.header(head) {
		t.Fatal("the log has no header")
	}
	for {
		state, err := w.next()
		if errors.Is(err, io.EOF) || err == nil && (!state.ours || !state.fits) {
			return pages
		}
		must(t, err)
		pages = append(pages, binary.BigEndian.Uint32(w.frame))
	}
}

// treesOf names the table or index of every page of a database.
func treesOf(t *testing.T, path string) map[uint32]string {
	t.Helper()
	file, err := os.ReadFile(path)
	must(t, err)
	size := int(binary.BigEndian.Uint16(file[16:]))
	out := map[uint32]string{1: "the schema"}
	var walk func(page uint32, name string)
	walk = func(page uint32, name string) {
		out[page] = name
		b := file[(int(page)-1)*size : int(page)*size]
		if b[0] != 2 && b[0] != 5 { // a leaf; overflow pages stay without a name
			return
		}
		walk(binary.BigEndian.Uint32(b[8:]), name)
		for i := range int(binary.BigEndian.Uint16(b[3:])) {
			cell := binary.BigEndian.Uint16(b[12+2*i:])
			walk(binary.BigEndian.Uint32(b[cell:]), name)
		}
	}
	f, err := OpenFile(t.Context(), path)
	must(t, err)
	defer f.Close()
	rows, err := f.s.readDB.QueryContext(t.Context(), `SELECT rootpage, name, tbl_name FROM sqlite_schema WHERE rootpage > 1`)
	must(t, err)
	defer rows.Close()
	for rows.Next() {
		var root uint32
		var name, table string
		must(t, rows.Scan(&root, &name, &table))
		if strings.HasPrefix(name, "sqlite_autoindex") {
			name = "the key of " + table
		}
		walk(root, name)
	}
	must(t, rows.Err())
	return out
}
