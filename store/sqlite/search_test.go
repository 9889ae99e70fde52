package sqlite

import (
	"database/sql"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"lienthong/engine"
	"lienthong/store/rowenc"
	"lienthong/store/storetest"
)

var (
	familyNames = strings.Fields("Nguyễn Nguyễn Nguyễn Nguyễn Trần Trần Lê Phạm Quách")
	otherNames  = strings.Fields("Văn Văn Thị Quốc Bảo Hoa Đào An Nam Ngọc Vân")
)

// crowd appends n cases of one office, some ended, with names that share words.
func crowd(t *testing.T, s engine.Store, n int) {
	t.Helper()
	r := rand.New(rand.NewPCG(3, 4))
	name := func() string {
		pick := func(from []string) string { return from[r.IntN(len(from))] }
		return pick(familyNames) + " " + pick(otherNames) + " " + pick(otherNames)
	}
	var changes []engine.Change
	for i := range n {
		st := storetest.File(storetest.Filing{Code: fmt.Sprintf("H1-%04d", i), Child: name(), Requester: name(), Person: fmt.Sprintf("001%09d", i),
			At: storetest.T0.Add(time.Duration(r.IntN(9)) * time.Hour)})
		if i%3 > 0 {
			end := engine.Moved{From: "submitted", To: "registered", Portal: 9, Office: "civil@00004", Final: engine.FinalSuccess}
			end.Step = "birth"
			st.Go("register", "birth", end, of("card", engine.StepClosed{Why: engine.ClosedAbsent}), engine.CaseClosed{Outcome: engine.Completed})
		}
		changes = append(changes, st.Change())
	}
	for part := range slices.Chunk(changes, 50) {
		if err := s.Append(t.Context(), part...); err != nil {
			t.Fatal(err)
		}
	}
}

// TestSearchEitherWay: looking few cases up and walking the list find the same, in
// the same order, page by page.
func TestSearchEitherWay(t *testing.T) {
	s := open(t, t.TempDir(), storetest.Hooks{}).(*Store)
	defer s.Close()
	crowd(t, s, 400)
	walked := 0
	for _, text := range []string{"n", "ng", "nguyen", "nguyen van", "van nguyen", "quach", "quach hoa", "nguyen quach", "bao quoc tran", "xyz", "nguyen xyz",
		"h1-0007", "h1-0007.1", "-", "an"} {
		for _, q := range []engine.RowQuery{{Text: text}, {Text: text, Ended: true}, {Text: text, Ended: true, State: "registered"},
			{Text: text, Ended: true, Overdue: storetest.T0.Add(time.Hour)}, {Text: text, Ended: true, Procedure: "birth_registration", Assignee: "lan"}} {
			q.Offices = []string{"civil@00004"}
			var answers [2][]string
			var counts [2][]int
			for i, few := range []int{100_000, 1} {
				s.cfg.few = few
				f, err := (&lister{Store: s}).look(t.Context(), q, q.Offices[0])
				if err != nil {
					t.Fatal(err)
				}
				if few > 1 && f.walk {
					t.Fatalf("%q is walked", text)
				}
				if f.walk {
					walked++
				}
				answers[i], counts[i] = pagesOf(t, s, q), []int{}
				for _, bound := range []int{0, 1, 10, 1000} {
					n, err := s.CountRows(t.Context(), q, bound)
					if err != nil {
						t.Fatal(err)
					}
					counts[i] = append(counts[i], n)
				}
				if n := counts[i][0]; n != len(answers[i]) {
					t.Errorf("%+v: %d rows, counted %d", q, len(answers[i]), n)
				}
			}
			if !slices.Equal(answers[0], answers[1]) || !slices.Equal(counts[0], counts[1]) {
				t.Errorf("%+v: looked up %v %v, walked %v %v", q, answers[0], counts[0], answers[1], counts[1])
			}
		}
	}
	if walked < 20 {
		t.Errorf("%d searches walked the list", walked)
	}
}

// pagesOf reads a list in pages of 7 and in one, which must be the same.
func pagesOf(t *testing.T, s *Store, q engine.RowQuery) (out []string) {
	t.Helper()
	read := func(limit int) (out []string) {
		q := q
		q.Limit = limit
		for {
			rows, next, err := s.Rows(t.Context(), q)
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range rows {
				out = append(out, r.Case+"/"+r.Step)
			}
			if q.After = next; next == "" {
				return out
			}
		}
	}
	out = read(7)
	if whole := read(0); !slices.Equal(out, whole) {
		t.Errorf("%+v: in pages %v, at once %v", q, out, whole)
	}
	return out
}

// TestWalkReadsTheIndex: a walk finds whom it looks for in the index of the list,
// without reading the dossiers it passes.
func TestWalkReadsTheIndex(t *testing.T) {
	s := open(t, t.TempDir(), storetest.Hooks{}).(*Store)
	defer s.Close()
	f := &finding{walk: true, rarest: "van", others: []string{"nguyen"}, text: rowenc.Text{Words: []string{"nguyen", "van"}}}
	q, _ := f.query(rowCols, engine.RowQuery{}, "o", rowenc.ShelfEnded, &page{limit: 50})
	plan, err := explained(s.readDB, q)
	if err != nil {
		t.Fatal(err)
	}
	if want := "SEARCH x USING COVERING INDEX dossiers_list (office=? AND shelf=?)"; plan[0] != want {
		t.Errorf("plan %q, want %q first", plan, want)
	}
}

// TestNarrowedInboxIsInOrder: the live dossiers of one state or one clerk are found by
// an index in the order of the list; nothing else is stepped over.
func TestNarrowedInboxIsInOrder(t *testing.T) {
	s := open(t, t.TempDir(), storetest.Hooks{}).(*Store)
	defer s.Close()
	from := &engine.Row{Code: "c"}
	for want, q := range map[string]engine.RowQuery{
		"dossiers_state (office=? AND state=?":       {State: "received"},
		"dossiers_assignee (office=? AND assignee=?": {State: "received", Assignee: "lan"},
	} {
		for _, after := range []*engine.Row{nil, from} {
			text, _ := rowsQuery(rowCols, q, "o", rowenc.ShelfLive, &page{from: after, limit: 50})
			plan, err := explained(s.readDB, text)
			if err != nil {
				t.Fatal(err)
			}
			if len(plan) != 2 || !strings.Contains(plan[0], want) {
				t.Errorf("plan %q, want %q and the case", plan, want)
			}
		}
	}
}

// TestMigrateSearch: rows written before the words stood in them have them after.
func TestMigrateSearch(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, storetest.Hooks{}).(*Store)
	crowd(t, s, 60)
	texts := []string{"nguyen", "nguyen van", "hoa", "h1-0007"}
	find := func(s *Store) (out [][]string) {
		for _, text := range texts {
			out = append(out, pagesOf(t, s, engine.RowQuery{Offices: []string{"civil@00004"}, Text: text, Ended: true}))
		}
		return out
	}
	want := find(s)
	path := s.cfg.Path
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	back(t, path)
	s, err := Open(t.Context(), Config{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if got := find(s); !reflect.DeepEqual(got, want) {
		t.Errorf("found %v, before %v", got, want)
	}
	n, err := s.Verify(t.Context(), func(code string, seq int64, what string) { t.Errorf("%s %d: %s", code, seq, what) })
	if err != nil || n != 60 {
		t.Errorf("verified %d: %v", n, err)
	}
}

// back takes a file to the schema before 00006.
func back(t *testing.T, path string) {
	t.Helper()
	db, err := sql.Open("sqlite3", dsn(path, nil))
	if err != nil {
		t.Fatal(err)
	}
	for _, q := range []string{
		`DROP INDEX dossiers_list`,
		`ALTER TABLE dossiers DROP COLUMN words`,
		`CREATE INDEX dossiers_list ON dossiers (office, shelf, urgency, code, case_code, step)`,
		`ALTER TABLE search DROP COLUMN words`,
		`DROP TRIGGER entries_position`, `DROP TABLE figure_position`, `DROP TABLE figure_parts`, `DROP TABLE figure_sums`, // of 00007
		`DROP TABLE views`,                               // of 00008
		`DROP TABLE publications`, `DROP TABLE defaults`, // of 00009
		`DROP INDEX dossiers_state`, `DROP INDEX dossiers_assignee`, // of 00011
		`DROP INDEX dossiers_place`, `ALTER TABLE dossiers DROP COLUMN place`, `DROP TABLE volume_words`, `DROP TABLE volumes`, // of 00014
		`DELETE FROM goose_db_version WHERE version_id >= 6`,
	} {
		run(t, db, q)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}
