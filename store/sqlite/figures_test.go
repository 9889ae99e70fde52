package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"path/filepath"
	"testing"
	"time"

	"lienthong/engine"
	"lienthong/store/storetest"
)

// TestStats: what the writer counts is what it did.
func TestStats(t *testing.T) {
	s := open(t, t.TempDir(), storetest.Hooks{}).(*Store)
	defer s.Close()
	st := storetest.File(storetest.Filing{Code: "A"})
	c := st.Change()
	if err := s.Append(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	if err := s.Append(t.Context(), c); engine.CodeOf(err) != engine.StaleVersion {
		t.Fatalf("filed twice: %v", err)
	}
	if err := s.EndSession(t.Context(), "x"); err != nil {
		t.Fatal(err)
	}
	got := s.Stats()
	if got.Commits != 3 || got.Calls != 3 || got.Entries != 1 || got.Bytes == 0 || got.Took <= 0 || len(got.Within) != len(Bounds) || got.Within[len(Bounds)-1] != 3 {
		t.Errorf("stats: %+v", got)
	}
}

// figuresOf are the sums of everything, after the projector has come to the end.
func figuresOf(t *testing.T, s *Store) map[engine.Figure]int64 {
	t.Helper()
	for {
		n, err := s.Project(t.Context(), 100)
		if err != nil {
			t.Fatal(err)
		}
		if n == 0 {
			break
		}
	}
	fs, err := s.Sums(t.Context(), engine.SumQuery{Offices: []string{"civil@00004"}, From: "2020-01-01", To: "2030-01-01"})
	if err != nil {
		t.Fatal(err)
	}
	sums := map[engine.Figure]int64{}
	engine.Sum(sums, fs, 1)
	return sums
}

// TestCountingStepsAside: while calls come together the projector waits after each case,
// unless somebody waits for the sums.
func TestCountingStepsAside(t *testing.T) {
	rests := 0
	s, err := Open(t.Context(), Config{Path: filepath.Join(t.TempDir(), "x.db"), rest: func(_ context.Context, d time.Duration) {
		if rests++; d <= 0 {
			t.Errorf("it waits %v", d)
		}
	}})
	must(t, err)
	defer s.Close()
	for _, c := range []struct {
		busy        bool
		limit, want int
	}{{false, 100, 0}, {true, 100, 3}, {true, 0, 0}} {
		for _, code := range []string{"A", "B", "C"} {
			must(t, s.Append(t.Context(), storetest.File(storetest.Filing{Code: fmt.Sprint(code, c.busy, c.limit)}).Change()))
		}
		rests = 0
		s.company.Store(c.busy)
		if n, err := s.Project(t.Context(), c.limit); n != 3 || err != nil || rests != c.want {
			t.Errorf("%+v: %d entries, %d rests, error %v", c, n, rests, err)
		}
	}
}

// TestRebuildMends: sums that somebody spoilt, and parts that cannot be read, are
// put right; the parts of a case that is no longer here stay.
func TestRebuildMends(t *testing.T) {
	s := open(t, t.TempDir(), storetest.Hooks{}).(*Store)
	defer s.Close()
	for _, code := range []string{"A", "B", "C"} {
		if err := s.Append(t.Context(), storetest.File(storetest.Filing{Code: code}).Change()); err != nil {
			t.Fatal(err)
		}
	}
	want := figuresOf(t, s)
	behind(t, s, func(db *sql.DB) {
		run(t, db, `UPDATE figure_sums SET value = value + 7 WHERE name = 'arrived'`)
		run(t, db, `INSERT INTO figure_sums VALUES ('civil@00004', 20000, 'x', 'y', 'arrived', 0, 5)`)
		run(t, db, `DELETE FROM figure_sums WHERE name = 'cases'`)
		run(t, db, `UPDATE figure_parts SET parts = x'00' WHERE case_code = 'B'`)
		for _, table := range []string{"entries", "dossiers", "snapshots", "search", "tasks", "codes", "notifications", "outbox"} {
			run(t, db, `DELETE FROM `+table+` WHERE case_code = 'C'`)
		}
		run(t, db, `DELETE FROM cases WHERE code = 'C'`)
	})
	if maps.Equal(figuresOf(t, s), want) {
		t.Fatal("nothing was spoilt")
	}
	if err := s.Rebuild(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := figuresOf(t, s); !maps.Equal(got, want) {
		t.Errorf("after the rebuild %v, want %v", got, want)
	}
}

// TestCountedAnew: sums of another way of counting are replaced case by case.
func TestCountedAnew(t *testing.T) {
	s := open(t, t.TempDir(), storetest.Hooks{}).(*Store)
	defer s.Close()
	for _, code := range []string{"A", "B"} {
		if err := s.Append(t.Context(), storetest.File(storetest.Filing{Code: code}).Change()); err != nil {
			t.Fatal(err)
		}
	}
	want := figuresOf(t, s)
	behind(t, s, func(db *sql.DB) {
		run(t, db, `UPDATE figure_position SET version = version - 1`)
		run(t, db, `UPDATE figure_parts SET parts = CAST('[["2026-09-01","civil@00004","birth","old","gone",0,3]]' AS BLOB)`)
		run(t, db, `DELETE FROM figure_sums`)
		run(t, db, `INSERT INTO figure_sums VALUES ('civil@00004', 20697, 'birth', 'old', 'gone', 0, 6), ('civil@00004', -24320, 'birth', 'old', 'gone', 0, 6)`)
	})
	if got := figuresOf(t, s); !maps.Equal(got, want) {
		t.Errorf("counted anew %v, want %v", got, want)
	}
}

// TestFreedIDs: entries that take the ids of archived ones are seen.
func TestFreedIDs(t *testing.T) {
	s := open(t, t.TempDir(), storetest.Hooks{}).(*Store)
	defer s.Close()
	for _, code := range []string{"A", "B"} {
		if err := s.Append(t.Context(), storetest.File(storetest.Filing{Code: code}).Change()); err != nil {
			t.Fatal(err)
		}
	}
	figuresOf(t, s)
	db, err := sql.Open("sqlite3", dsn(s.cfg.Path, nil))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	run(t, db, `DROP TRIGGER entries_no_delete`)
	run(t, db, `DELETE FROM entries WHERE case_code = 'A'`) // not the last
	if at, err := s.figuresAt(t.Context()); err != nil || at.entry != 2 {
		t.Fatalf("at %v, %v", at, err)
	}
	run(t, db, `DELETE FROM entries WHERE case_code = 'B'`)
	if at, err := s.figuresAt(t.Context()); err != nil || at.entry != 0 {
		t.Fatalf("at %v, %v", at, err)
	}
	if err := s.Append(t.Context(), storetest.File(storetest.Filing{Code: "C"}).Change()); err != nil {
		t.Fatal(err)
	}
	for f, n := range figuresOf(t, s) {
		if f.Name == engine.FigCases && n != 3 { // two of them archived
			t.Errorf("%d cases", n)
		}
	}
}
