package sqlite

import (
	"bytes"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"lienthong/engine"
)

// leaves archives what there is, and tells what was found.
func leaves(t *testing.T, path, to string) (Archived, []Finding) {
	t.Helper()
	var found []Finding
	a := archived(t, path, to, ArchiveOptions{Batch: 4, Bad: func(f Finding) { found = append(found, f) }})
	return a, found
}

// A case whose history does not check, and one whose stored state cannot be read, stay
// and are named; the others are archived.
func TestDamagedCaseIsLeftOutOfTheArchive(t *testing.T) {
	dir := t.TempDir()
	path, to := filepath.Join(dir, "cases.db"), filepath.Join(dir, "2026.archive")
	years(t, path)
	s := desk(t, path)
	behind(t, s, func(db *sql.DB) {
		run(t, db, `UPDATE entries SET at = at + 1 WHERE case_code = 'C-02' AND seq = 2`)
		run(t, db, `UPDATE entries SET hash = substr(hash, 2) WHERE case_code = 'C-05'`)
	})
	must(t, s.Close())
	a, found := leaves(t, path, to)
	if a.Cases != 8 || a.Moved != 8 || a.Left != 2 {
		t.Errorf("%+v", a)
	}
	for _, code := range []string{"C-02", "C-05"} {
		if !slices.ContainsFunc(found, func(f Finding) bool { return f.Case == code }) {
			t.Errorf("%s is not named: %v", code, found)
		}
	}
	if c := sound(t, to, CheckOptions{}); c.Cases != 8 {
		t.Errorf("the archive has %d cases", c.Cases)
	}
	s = desk(t, path)
	defer s.Close()
	for _, code := range []string{"C-02", "C-05"} {
		if _, err := s.Load(t.Context(), code); engine.CodeOf(err) == engine.Archived || engine.CodeOf(err) == engine.NotFound {
			t.Errorf("%s has left: %v", code, err)
		}
	}
	_, err := s.Load(t.Context(), "C-03")
	gone3 := engine.CodeOf(err)
	if gone3 != engine.Archived {
		t.Errorf("C-03: %v", err)
	}
}

// A page of history is damaged: the cases that have a part of it stay, the others are
// archived, in batches of which some have such a one.
func TestDamagedPageIsLeftOutOfTheArchive(t *testing.T) {
	defer func(n int64) { smallFile = n }(smallFile)
	smallFile = 0
	dir := t.TempDir()
	path, to := filepath.Join(dir, "cases.db"), filepath.Join(dir, "2026.archive")
	s, err := Open(t.Context(), Config{Path: path, TakeOver: true})
	must(t, err)
	const cases = 60
	for i := range cases {
		ends(t, s, fmt.Sprintf("C-%02d", i))
	}
	ends(t, s, "X")
	must(t, s.Close())
	b, err := os.ReadFile(path)
	must(t, err)
	var pages []int
	for page, name := range treesOf(t, path) {
		if at := int(page-1) * 4096; name == "entries" && b[at] == 13 { // a leaf
			pages = append(pages, at)
		}
	}
	if slices.Sort(pages); len(pages) < 5 {
		t.Fatalf("%d pages", len(pages))
	}
	hurt := pages[2]
	hit := 0
	for i := range cases {
		if bytes.Contains(b[hurt:hurt+4096], fmt.Appendf(nil, "C-%02d", i)) {
			hit++
		}
	}
	b[hurt] ^= 0xff
	must(t, os.WriteFile(path, b, 0o600))
	a, found := leaves(t, path, to)
	if a.Left < hit || a.Left > 3*hit || a.Moved+int64(a.Left) != cases {
		t.Errorf("%d cases of %d left, %d are on the page: %+v", a.Left, cases, hit, a)
	}
	if len(found) != a.Left {
		t.Errorf("%d are named of %d: %v", len(found), a.Left, found)
	}
	sound(t, to, CheckOptions{})
	for _, f := range found {
		if f.Case == "" || !strings.HasPrefix(f.Case, "C-") {
			t.Errorf("named: %v", f)
		}
	}
}
