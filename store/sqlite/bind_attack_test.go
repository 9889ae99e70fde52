package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"lienthong/engine"
	"lienthong/store/rowenc"
	"lienthong/store/storetest"
)

// TestTextsAtOnce: whoever looks for a text holds a connection; more of them than there
// are connections do not wait for one another.
func TestTextsAtOnce(t *testing.T) {
	for _, readers := range []int{1, 4} {
		s, err := Open(t.Context(), Config{Path: filepath.Join(t.TempDir(), "x.db"), Readers: readers})
		must(t, err)
		crowd(t, s, 10)
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		var wg sync.WaitGroup
		for i := range 16 {
			wg.Go(func() {
				text := "nguyen" // as many words as there are texts of statements
				for k := range i {
					text += fmt.Sprint(" van", k)
				}
				_, _, err := s.Rows(ctx, engine.RowQuery{Offices: []string{"civil@00004"}, Text: text, Ended: true, Limit: 3})
				if err != nil {
					t.Errorf("%d connections, text %d: %v", readers, i, err)
				}
			})
		}
		wg.Wait()
		cancel()
		must(t, s.Close())
	}
}

// TestBindTwiceAtOnce: who binds while another binds finds that done.
func TestBindTwiceAtOnce(t *testing.T) {
	s := bindingStore(t, 20, 300)
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			_, err := s.Bind(t.Context())
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	verified(t, s)
}

// TestVerifyKnowsVolumes: what the volumes say of themselves decides what is found, so
// it is verified.
func TestVerifyKnowsVolumes(t *testing.T) {
	for _, q := range []string{`UPDATE volumes SET last = first - 1, first = first - 1`, `UPDATE volumes SET office = 'x'`, `DELETE FROM volumes`} {
		s := bindingStore(t, 40, 100)
		_, err := s.Bind(t.Context())
		must(t, err)
		behind(t, s, func(db *sql.DB) { run(t, db, `PRAGMA foreign_keys = 0`); run(t, db, q) })
		n := 0
		_, err = s.Verify(t.Context(), func(string, int64, string) { n++ })
		must(t, err)
		if n == 0 {
			t.Errorf("%s: verification finds nothing", q)
		}
	}
}

// naive is what a text finds, by reading the whole list.
func naive(t *testing.T, s *Store, q engine.RowQuery) (out []string) {
	t.Helper()
	text, _ := rowenc.ParseText(q.Text)
	q.Text, q.Limit = "", 0
	rows, _, err := s.Rows(t.Context(), q)
	must(t, err)
	coded := ""
	must(t, s.each(t.Context(), `SELECT case_code FROM codes WHERE folded = ?1`, []any{text.Code}, func(r *sql.Rows) error {
		return r.Scan(&coded)
	}))
	for _, r := range rows {
		if r.Case == coded || coded == "" && text.Named(rowenc.WordsOf(r.Subject, r.Requester)) {
			out = append(out, r.Case+"/"+r.Step)
		}
	}
	return out
}

// attacked are cases of two offices with equal urgencies, some with two dossiers at one.
type attacked struct {
	r    *rand.Rand
	made int
}

func (a *attacked) name() string {
	pick := func(from []string) string { return from[a.r.IntN(len(from))] }
	n := pick(familyNames) + " " + pick(otherNames) + " " + pick(otherNames)
	if a.r.IntN(10) == 0 {
		n += fmt.Sprintf(" Xa%d", a.r.IntN(1000))
	}
	return n
}

func (a *attacked) add(t *testing.T, s *Store, n int) {
	t.Helper()
	var changes []engine.Change
	offices := []string{"civil@00004", "civil@00004", "civil@00005"}
	for range n {
		a.made++
		code := fmt.Sprintf("H%d-%05d", a.r.IntN(4), a.made)
		office := offices[a.r.IntN(3)]
		st := storetest.File(storetest.Filing{Code: code, Child: a.name(), Requester: a.name(), Office: office, Person: fmt.Sprintf("001%09d", a.made),
			At: storetest.T0.Add(time.Duration(a.r.IntN(5)) * time.Hour)})
		var more []engine.Event
		if a.r.IntN(3) == 0 {
			card := engine.StepOpened{Code: code + ".2", Attempt: 1, Office: offices[a.r.IntN(3)], Unit: "00004"}
			card.Step = "card"
			st.Go("open", "card", card)
			end := engine.Moved{From: "", To: "issued", Portal: 9, Office: card.Office, Final: engine.FinalSuccess}
			end.Step = "card"
			more = append(more, end)
		} else {
			more = append(more, of("card", engine.StepClosed{Why: engine.ClosedAbsent}))
		}
		if a.r.IntN(8) > 0 {
			end := engine.Moved{From: "submitted", To: []string{"registered", "refused"}[a.r.IntN(2)], Portal: 9, Office: office, Final: engine.FinalSuccess}
			end.Step = "birth"
			st.Go("register", "birth", append([]engine.Event{end}, append(more, engine.CaseClosed{Outcome: engine.Completed})...)...)
		}
		changes = append(changes, st.Change())
	}
	for part := range slices.Chunk(changes, 50) {
		must(t, s.Append(t.Context(), part...))
	}
}

// disturb changes some of the cases that ended.
func (a *attacked) disturb(t *testing.T, s *Store, n int) {
	t.Helper()
	var codes []string
	must(t, s.each(t.Context(), `SELECT code FROM cases WHERE status = 'ended' ORDER BY code`, nil, func(r *sql.Rows) error {
		var c string
		err := r.Scan(&c)
		codes = append(codes, c)
		return err
	}))
	for range n {
		code := codes[a.r.IntN(len(codes))]
		st := storetest.Resume(t, s, code)
		two := a.r.IntN(3) == 0 // two changes in one call
		var changes []engine.Change
		for range 1 + map[bool]int{true: 1}[two] {
			switch a.r.IntN(7) {
			case 0:
				st.Go("note", "birth", step("n", "stays"))
			case 1:
				st.Go("back", "birth", of("birth", engine.Moved{From: "registered", To: "received", Portal: 4, Office: "civil@00005"}))
			case 2:
				st.Go("back", "birth", of("birth", engine.Moved{From: "registered", To: "registered", Portal: 9, Office: "civil@00005", Final: engine.FinalSuccess}))
			case 3:
				st.Go("rename", "birth", engine.ApplicationChanged{App: map[string]any{"child": map[string]any{"name": a.name()}}})
			case 4, 5:
				another := engine.StepOpened{Code: code + ".2", Attempt: 1, Office: []string{"civil@00004", "civil@00005"}[a.r.IntN(2)], Unit: "00004"}
				another.Step = "card"
				st.Go("another", "card", another)
			case 6:
				st.Go("erase", "birth", engine.Erased{UpTo: st.Case.Seq})
			}
			changes = append(changes, st.Change())
		}
		if a.r.IntN(4) == 0 {
			s.cache.drop(code)
		}
		must(t, s.Append(t.Context(), changes...))
	}
}

var attackTexts = []string{"n", "nguyen", "nguyen van", "quach", "quach hoa", "x", "xa", "xa1", "nguyen xa", "bao quoc tran", "le dao", "zzz", "an", "h1-00007", "h2-00009.1", "h0-00100.2",
	"a b c d e f g h i k l m n o p q r s t u", "nguyen nguyen van", "N", "n quach", "x n", "xa1 n"}

// compare compares pages of all sizes and counts with the naive evaluation.
func (a *attacked) compare(t *testing.T, s *Store, when string) {
	t.Helper()
	for _, text := range attackTexts {
		for _, q := range []engine.RowQuery{{Ended: true}, {}, {Ended: true, State: "registered"}, {Ended: true, Overdue: storetest.T0.Add(3 * time.Hour)}} {
			q.Text, q.Offices = text, [][]string{{"civil@00004"}, {"civil@00005", "civil@00004"}}[a.r.IntN(2)]
			want := naive(t, s, q)
			for _, limit := range []int{0, 1 + a.r.IntN(10), 1 + a.r.IntN(100)} {
				if limit == 1 && len(want) > 100 {
					limit = 5
				}
				q.Limit, q.After = limit, ""
				var got []string
				for {
					rows, next, err := s.Rows(t.Context(), q)
					must(t, err)
					for _, r := range rows {
						got = append(got, r.Case+"/"+r.Step)
					}
					if q.After = next; next == "" {
						break
					}
				}
				if !slices.Equal(got, want) {
					t.Fatalf("%s: %+v:\n got %d %v\nwant %d %v", when, q, len(got), got, len(want), want)
				}
			}
			for _, most := range []int{0, 1, len(want), len(want) + 1, 1 + a.r.IntN(50)} {
				n, err := s.CountRows(t.Context(), q, most)
				must(t, err)
				if w := len(want); n != w && (most == 0 || n != min(w, most)) {
					t.Fatalf("%s: %+v: counted %d up to %d, there are %d", when, q, n, most, w)
				}
			}
		}
	}
	verified(t, s)
}

// TestBoundAgainstNaive: whatever is bound, comes back and is bound again.
func TestBoundAgainstNaive(t *testing.T) {
	for _, c := range []Config{{volume: 5, few: 200}, {volume: 40, few: 1}, {volume: 5, few: 1, sparse: true}, {volume: 80, few: 200, sparse: true}} {
		t.Run(fmt.Sprint(c.volume, " ", c.few, " ", c.sparse), func(t *testing.T) {
			c.Path, c.CacheBytes = filepath.Join(t.TempDir(), "x.db"), 40*baseSize
			s, err := Open(t.Context(), c)
			must(t, err)
			defer s.Close()
			a := &attacked{r: rand.New(rand.NewPCG(uint64(c.volume), uint64(c.few)))}
			for round := range 3 {
				a.add(t, s, 60)
				_, err := s.Bind(t.Context())
				must(t, err)
				a.compare(t, s, fmt.Sprint("bound ", round))
				a.disturb(t, s, 15)
				a.compare(t, s, fmt.Sprint("disturbed ", round))
			}
			t.Log("volumes", number(t, s, `SELECT count(*) FROM volumes`), "bound", number(t, s, boundDossiers), "dossiers", number(t, s, `SELECT count(*) FROM dossiers`))
		})
	}
}

// TestBindingBreaksAnywhere: the file of a process that ends at any commit of a binding
// is whole.
func TestBindingBreaksAnywhere(t *testing.T) {
	if testing.Short() {
		t.Skip("many files, one process: the race detector has nothing to see")
	}
	base := filepath.Join(t.TempDir(), "base.db")
	s, err := Open(t.Context(), Config{Path: base, volume: 40})
	must(t, err)
	(&attacked{r: rand.New(rand.NewPCG(1, 1))}).add(t, s, 150)
	want := asked(t, s)
	must(t, s.Close())
	body, err := os.ReadFile(base)
	must(t, err)
	for k := int64(1); ; k++ {
		path := filepath.Join(t.TempDir(), "x.db")
		must(t, os.WriteFile(path, body, 0o600))
		var commits atomic.Int64
		s, err := Open(t.Context(), Config{Path: path, volume: 40, Hooks: Hooks{Commit: func(commit func() error) error {
			if commits.Add(1) >= k {
				return errors.New("the power is gone")
			}
			return commit()
		}}})
		must(t, err)
		_, bindErr := s.Bind(t.Context())
		_ = s.Close()
		s, err = Open(t.Context(), Config{Path: path, volume: 40})
		must(t, err)
		if got := asked(t, s); !slices.Equal(got, want) {
			t.Errorf("broken at commit %d: others are found", k)
		}
		verified(t, s)
		_, err = s.Bind(t.Context())
		must(t, err)
		if got := asked(t, s); !slices.Equal(got, want) {
			t.Errorf("broken at commit %d and bound again: others are found", k)
		}
		verified(t, s)
		must(t, s.Close())
		if bindErr == nil {
			t.Log(k, "commits")
			return
		}
		k += k / 2
	}
}

// TestUpdatesLeavePlacesAlone: an ordinary change of a dossier touches neither the index of
// places nor, when it stays where it is, that of the list.
func TestUpdatesLeavePlacesAlone(t *testing.T) {
	s := bindingStore(t, 40, 3)
	for _, q := range []string{updateDossier, moveDossier} {
		for _, index := range []string{"dossiers_place", "dossiers_list"} {
			var root int64
			must(t, s.writeDB.QueryRow(`SELECT rootpage FROM sqlite_schema WHERE name = ?1`, index).Scan(&root))
			rows, err := s.writeDB.Query(`EXPLAIN `+q, make([]any, 16)...)
			must(t, err)
			n := 0
			for rows.Next() {
				var addr, p1, p2, p3, p5 int64
				var op string
				var p4, comment sql.NullString
				must(t, rows.Scan(&addr, &op, &p1, &p2, &p3, &p4, &p5, &comment))
				if op == "OpenWrite" && p2 == root {
					n++
				}
			}
			must(t, rows.Close())
			if n > 0 && (index == "dossiers_place" || q == updateDossier) {
				t.Errorf("%s opens %s", q, index)
			}
		}
	}
}
