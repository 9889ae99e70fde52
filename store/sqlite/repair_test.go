package sqlite

import (
	"bytes"
	"database/sql"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// repaired repairs a file and tells what was found.
func repaired(t *testing.T, path string) (Repaired, []string, error) {
	t.Helper()
	found := []string{}
	r, err := Repair(t.Context(), path, RepairOptions{Now: time.Date(2026, 9, 8, 0, 0, 0, 0, time.UTC), Bad: func(f Finding) { found = append(found, f.String()) }})
	beside, gerr := filepath.Glob(filepath.Join(filepath.Dir(path), ".*.part*"))
	if must(t, gerr); len(beside) > 0 {
		t.Errorf("it left %v", beside)
	}
	return r, found, err
}

// leaf is where the first leaf of a tree begins in a file.
func leaf(t *testing.T, path string, whole []byte, tree string, kind byte) int {
	t.Helper()
	var at []int
	for page, name := range treesOf(t, path) {
		if i := int(page-1) * 4096; name == tree && whole[i] == kind {
			at = append(at, i)
		}
	}
	if len(at) == 0 {
		t.Fatalf("%s has no leaf", tree)
	}
	return slices.Min(at)
}

// Whatever byte of an index is damaged, it is made anew from its table.
func TestRepairIndexes(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.db")
	whole := manyOwing(t, path, 400)
	want := sound(t, path, CheckOptions{})
	if r, found, err := repaired(t, path); err != nil || r.Kept != "" || len(found) > 0 {
		t.Errorf("a sound file: %+v, %v, %v", r, found, err)
	}
	for _, x := range []struct {
		tree  string
		kind  byte
		at    int
		index string
	}{
		{"outbox_ready", 10, 0, "outbox_ready"},    // what kind of page it is
		{"outbox_ready", 10, 4090, "outbox_ready"}, // a key
		{"outbox_ready", 2, 9, "outbox_ready"},     // where the last page below is
		{"dossiers_list", 10, 5, "dossiers_list"},  // where its cells begin
		{"the key of entries", 10, 0, "sqlite_autoindex_entries_1"},
		{"the key of entries", 10, 12, "sqlite_autoindex_entries_1"}, // where a cell is
	} {
		must(t, os.WriteFile(path, whole, 0o600))
		b := bytes.Clone(whole)
		b[leaf(t, path, whole, x.tree, x.kind)+x.at] ^= 0xff
		must(t, os.WriteFile(path, b, 0o600))
		r, found, err := repaired(t, path)
		if err != nil || !slices.Equal(r.Indexes, []string{x.index}) || len(found) == 0 {
			t.Errorf("%v: %+v, %v, %v", x, r, found, err)
			continue
		}
		if kept, err := os.ReadFile(r.Kept); err != nil || !bytes.Equal(kept, b) {
			t.Errorf("%v: the file as it was is not kept: %v", x, err)
		}
		if have := sound(t, path, CheckOptions{}); have.Counts != want.Counts || r.Counts != want.Counts {
			t.Errorf("%v: %+v is left of %+v", x, have.Counts, want.Counts)
		}
		if _, err := starts(path, CheckFull); err != nil {
			t.Errorf("%v: %v", x, err)
		}
	}
	must(t, os.WriteFile(path, whole, 0o600))
	s, err := Open(t.Context(), Config{Path: path, TakeOver: true})
	must(t, err)
	if _, _, err := repaired(t, path); !errors.Is(err, ErrInUse) {
		t.Errorf("a database that is served: %v", err)
	}
	must(t, s.Close())
}

// Where more than an index is damaged nothing is written: an index made of that would hide it.
func TestRepairLeavesDamagedTables(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "x.db")
	manyOwing(t, path, 400)
	db, err := sql.Open("sqlite3", "file:"+path)
	must(t, err)
	run(t, db, `INSERT INTO marks VALUES ('note', 'kept as it was')`)
	must(t, db.Close())
	whole, err := os.ReadFile(path)
	must(t, err)
	index, history, list := leaf(t, path, whole, "outbox_ready", 10), leaf(t, path, whole, "entries", 13), leaf(t, path, whole, "outbox", 10)
	note := leaf(t, path, whole, "marks", 10)
	note += bytes.Index(whole[note:note+4096], []byte("kept"))
	row := list + bytes.LastIndex(whole[list:list+4096], []byte("population"))
	for name, hurt := range map[string]func(b []byte){
		"a page of a table":  func(b []byte) { b[history] ^= 0xff },
		"both":               func(b []byte) { b[history] ^= 0xff; b[index] ^= 0xff },
		"what a row holds":   func(b []byte) { b[row] ^= 1; b[index] ^= 0xff },
		"what has no sum":    func(b []byte) { b[note] ^= 1 }, // its index may be as wrong
		"a page of the list": func(b []byte) { b[list+8] ^= 0xff },
	} {
		b := bytes.Clone(whole)
		hurt(b)
		must(t, os.WriteFile(path, b, 0o600))
		_, found, err := repaired(t, path)
		if !errors.Is(err, ErrDamaged) || len(found) == 0 || !strings.Contains(err.Error(), "restore a backup") {
			t.Errorf("%s: %v, %v", name, found, err)
		}
		if now, err := os.ReadFile(path); err != nil || !bytes.Equal(now, b) {
			t.Errorf("%s: the file was written: %v", name, err)
		}
	}
	left, err := filepath.Glob(path + madeWay + "*")
	if must(t, err); len(left) > 0 {
		t.Errorf("it left %v", left)
	}
}

// Whatever bit flips: where it was repaired, every row is what it was.
func TestRepairGivesTheSameRows(t *testing.T) {
	f := flippable(t)
	schema, err := expected(Format())
	must(t, err)
	var pages []int // of indexes
	for page, name := range treesOf(t, f.path) {
		if _, is := schema["index "+name]; is || strings.HasPrefix(name, "the key of ") {
			pages = append(pages, int(page-1)*4096)
		}
	}
	slices.Sort(pages)
	places := 200
	if testing.Short() {
		places = 60
	}
	r := rand.New(rand.NewPCG(20261123, 3))
	made, left := 0, 0
	for i := range places {
		at := r.IntN(len(f.whole))
		if i%4 > 0 {
			at = pages[r.IntN(len(pages))]
			if i%4 > 1 {
				at += r.IntN(20) // what SQLite keeps of a page
			} else {
				at += 4095 - r.IntN(200)
			}
		}
		f.flip(t, at, byte(1)<<r.IntN(8))
		file, err := OpenFile(t.Context(), f.hurt)
		if err != nil {
			continue
		}
		must(t, file.Close())
		x, _, err := repaired(t, f.hurt)
		if err != nil || x.Kept == "" {
			left++
			continue
		}
		made++
		if have, err := dump(f.hurt); err != nil || !slices.Equal(have, f.want) {
			t.Errorf("byte %d: repaired %v, and the rows are others: %v", at, x.Indexes, err)
		}
		for _, suffix := range []string{"", "-wal", "-shm"} {
			if err := os.Remove(x.Kept + suffix); err != nil && !errors.Is(err, os.ErrNotExist) {
				t.Error(err)
			}
		}
	}
	t.Logf("%d repaired, %d left alone", made, left)
	if made < places/20 {
		t.Errorf("only %d of %d were repaired", made, places)
	}
}
