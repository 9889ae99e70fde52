package sqlite

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"lienthong/engine"
	"lienthong/store/storetest"
)

// everyFigure are the sums of every day, as they stand.
func everyFigure(t *testing.T, s *Store) map[engine.Figure]int64 {
	t.Helper()
	fs, err := s.Sums(t.Context(), engine.SumQuery{Offices: []string{"civil@00004"}, From: "2020-01-01", To: "2030-01-01"})
	must(t, err)
	sums := map[engine.Figure]int64{}
	engine.Sum(sums, fs, 1)
	return sums
}

// projected lets the projector come to the end, and tells how many entries and cases
// are not counted then.
func projected(t *testing.T, s *Store) int64 {
	t.Helper()
	for n := 1; n > 0; {
		var err error
		n, err = s.Project(t.Context(), 50)
		must(t, err)
	}
	l, err := s.Lag(t.Context(), time.Now())
	if must(t, err); l.Aside != l.Uncounted { // all entries were looked at
		t.Errorf("%+v", l)
	}
	return l.Uncounted
}

// hurry lets what rests be looked at again.
func hurry(d *damages) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for k, x := range d.of {
		x.next = 0
		d.of[k] = x
	}
}

// A page of what cases contributed is damaged: the cases of other pages are counted, and
// those of this one are told of, by the next process too.
func TestDamagedFiguresStopNoOther(t *testing.T) {
	const cases = 300
	path := filepath.Join(t.TempDir(), "x.db")
	s := desk(t, path)
	for i := range cases {
		must(t, s.Append(t.Context(), storetest.File(storetest.Filing{Code: fmt.Sprintf("K%03d", i)}).Change()))
	}
	if left := projected(t, s); left != 0 {
		t.Fatalf("%d not counted", left)
	}
	must(t, s.Close())
	b, err := os.ReadFile(path)
	must(t, err)
	var pages []int
	for page, name := range treesOf(t, path) {
		if at := int(page-1) * 4096; name == "figure_parts" && slices.Contains([]byte{10, 13}, b[at]) { // a leaf
			pages = append(pages, at)
		}
	}
	if len(pages) < 3 {
		t.Fatalf("%d pages", len(pages))
	}
	slices.Sort(pages)
	hurt := pages[1]
	s = hurtAt(t, path, b, hurt, 0xff)
	var ill, well []string
	for i := range cases {
		code := fmt.Sprintf("K%03d", i)
		if bytes.Contains(b[hurt:hurt+4096], []byte(code)) {
			ill = append(ill, code)
		} else {
			well = append(well, code)
		}
	}
	for _, code := range append(slices.Clone(ill), well...) {
		story := storetest.Resume(t, s, code)
		story.Go("end", "birth", of("birth", engine.Moved{From: "submitted", To: "refused", Portal: 9, Office: "civil@00004", Final: engine.FinalRefused}))
		must(t, s.Append(t.Context(), story.Change()))
	}
	left := projected(t, s)
	if left == 0 || left > int64(3*len(ill)) { // SQLite writes a page that grows with those beside it
		t.Errorf("%d are not counted, %d are on the page", left, len(ill))
	}
	if n := refusals(everyFigure(t, s)); n+left != cases {
		t.Errorf("%d are counted and %d are not, of %d", n, left, cases)
	}
	must(t, s.Close())
	s, err = Open(t.Context(), Config{Path: path, Check: CheckOff, Logger: slog.New(slog.DiscardHandler)})
	must(t, err)
	defer s.Close()
	left = projected(t, s)
	if n := refusals(everyFigure(t, s)); left == 0 || n+left != cases {
		t.Errorf("in the next process %d are counted and %d are not, of %d", n, left, cases)
	}
}

// Whoever waits for a step of the projector leaves before its outcome is known: the cases
// that it set aside are known all the same, and stay so in the file.
func TestCasesSetAsideAreNotForgotten(t *testing.T) {
	var leave atomic.Pointer[func()]
	path := filepath.Join(t.TempDir(), "x.db")
	s, err := Open(t.Context(), Config{Path: path, CacheBytes: -1, Hooks: Hooks{Commit: func(commit func() error) error {
		if f := leave.Load(); f != nil {
			(*f)()
		}
		return commit()
	}}})
	must(t, err)
	defer s.Close()
	filed := func(code string) {
		t.Helper()
		must(t, s.Append(t.Context(), storetest.File(storetest.Filing{Code: code}).Change()))
		behind(t, s, func(db *sql.DB) { run(t, db, `UPDATE entries SET commitment = x'00' WHERE case_code = ?1`, code) })
	}
	filed("A")
	ctx, cancel := context.WithCancel(t.Context())
	stop := func() { cancel() }
	leave.Store(&stop)
	if _, err := s.Project(ctx, 0); err == nil {
		t.Fatal("nobody left")
	}
	must(t, s.EndSession(t.Context(), "nobody")) // after that commit
	leave.Store(nil)
	if left := projected(t, s); left != 1 {
		t.Errorf("%d not counted, want A", left)
	}
	filed("B")
	projected(t, s)
	hurry(&s.uncounted)
	projected(t, s)
	var codes string
	must(t, s.row(t.Context(), asideIn, nil, &codes))
	if codes != `["A","B"]` {
		t.Errorf("set aside in the file: %s", codes)
	}
}

// refusals counts the dossiers that were refused.
func refusals(sums map[engine.Figure]int64) (n int64) {
	for f, v := range sums {
		if f.Name == engine.FigEnded+string(engine.FinalRefused) {
			n += v
		}
	}
	return n
}

// noise is a text that packs badly.
func noise(seed string, n int) string {
	var b strings.Builder
	for sum := sha256.Sum256([]byte(seed)); b.Len() < n; sum = sha256.Sum256(sum[:]) {
		b.WriteString(hex.EncodeToString(sum[:]))
	}
	return b.String()
}
