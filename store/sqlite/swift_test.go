package sqlite

import (
	"context"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"lienthong/engine"
	"lienthong/store/memory"
	"lienthong/store/rowenc"
	"lienthong/store/storetest"
)

// TestBirthsAreSwift: what a runtime usually appends is written without reading,
// and is what the oracle has.
func TestBirthsAreSwift(t *testing.T) {
	const births = 12
	for name, cfg := range map[string]Config{"alone": {TakeOver: true}, "with others": {}, "seldom stored": {Snapshot: 1000}} {
		t.Run(name, func(t *testing.T) {
			cfg.Path = filepath.Join(t.TempDir(), "x.db")
			s, err := Open(t.Context(), cfg)
			must(t, err)
			oracle := memory.New()
			lease := time.Now().Add(time.Hour)
			var wg sync.WaitGroup
			for i := range births {
				b := storetest.NewBirth(t, i, "node", lease)
				wg.Go(func() {
					for _, x := range []engine.Store{s, oracle} {
						for k, c := range b.Changes {
							if err := x.Append(context.Background(), c); err != nil {
								t.Error(err)
							}
							for _, d := range b.Told[k] {
								if err := x.Settle(context.Background(), d); err != nil {
									t.Error(err)
								}
							}
						}
					}
				})
			}
			wg.Wait()
			if st := s.Stats(); st.Careful != 0 || st.Swift != births*18 || st.Entries != births*18 {
				t.Errorf("%d Appends were swift, %d not", st.Swift, st.Careful)
			}
			_, err = s.Verify(t.Context(), func(code string, seq int64, what string) { t.Errorf("%s/%d: %s", code, seq, what) })
			must(t, err)
			must(t, s.Close())
			s = desk(t, cfg.Path)
			defer s.Close()
			for i := range births {
				code := storetest.NewBirth(t, i, "node", lease).Code
				want, err := oracle.Load(t.Context(), code)
				must(t, err)
				got, err := s.Load(t.Context(), code)
				must(t, err)
				if !sameCase(got, want) {
					t.Errorf("%s differs from the oracle's", code)
				}
			}
		})
	}
}

// TestTwoProcesses: two stores on one file, as two processes would have it, see
// each other's changes and never overwrite one.
func TestTwoProcesses(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.db")
	a, b := desk(t, path), desk(t, path)
	defer a.Close()
	defer b.Close()
	must(t, a.Append(t.Context(), storetest.File(storetest.Filing{Code: "A"}).Change()))
	for i := range 12 {
		x, y := a, b
		if i%2 == 1 {
			x, y = b, a
		}
		old := storetest.Resume(t, y, "A") // y remembers this state
		goesOn(t, x, "A", "n"+strconv.Itoa(i))
		err := y.Append(t.Context(), old.Go("note", "birth", step("late", "x")).Change())
		if engine.CodeOf(err) != engine.StaleVersion {
			t.Fatalf("a change on an old state: %v", err)
		}
		for _, s := range []*Store{a, b} {
			c, err := s.Load(t.Context(), "A")
			must(t, err)
			if want := int64(i) + 2; c.Seq != want {
				t.Fatalf("loaded at %d, want %d", c.Seq, want)
			}
		}
	}
	for _, s := range []*Store{a, b} {
		_, err := s.Verify(t.Context(), func(code string, seq int64, what string) { t.Errorf("%s/%d: %s", code, seq, what) })
		must(t, err)
	}
}

// TestRowsThatAreNotAsRemembered are found by the writer and written anew.
func TestRowsThatAreNotAsRemembered(t *testing.T) {
	s := desk(t, filepath.Join(t.TempDir(), "x.db"))
	defer s.Close()
	for name, q := range map[string]string{
		"dossier": `DELETE FROM dossiers WHERE case_code = ?1`, "words": `DELETE FROM search WHERE case_code = ?1`,
		"a word": `DELETE FROM search WHERE case_code = ?1 AND word = 'dao'`,
	} {
		st := storetest.File(storetest.Filing{Code: name})
		must(t, s.Append(t.Context(), st.Change()))
		must(t, exec(t.Context(), s, "test", func(w *writer) error { return w.exec(q, name) }))
		before := s.Stats().Careful
		must(t, s.Append(t.Context(), st.Go("move", "birth", event(t, engine.Moved{To: "received", Portal: 2, Office: "civil@00009"}),
			event(t, engine.Transferred{Office: "civil@00009", Unit: "00009"})).Change()))
		if s.Stats().Careful != before+1 {
			t.Errorf("%s: it was not noticed", name)
		}
	}
	_, err := s.Verify(t.Context(), func(code string, seq int64, what string) { t.Errorf("%s/%d: %s", code, seq, what) })
	must(t, err)
}

// TestRememberedIsChecked: Verify names a remembered case that somebody changed.
func TestRememberedIsChecked(t *testing.T) {
	s := desk(t, filepath.Join(t.TempDir(), "x.db"))
	defer s.Close()
	must(t, s.Append(t.Context(), storetest.File(storetest.Filing{Code: "A"}).Change()))
	c, err := s.Load(t.Context(), "A")
	must(t, err)
	c.App["child"] = "changed"
	found := ""
	_, err = s.Verify(t.Context(), func(code string, _ int64, what string) { found += code + ": " + what })
	must(t, err)
	if found != "A: the remembered case differs from the stored one" {
		t.Errorf("found %q", found)
	}
}

// TestRowsStayFlat: what is kept of a case beside its history does not grow with
// it.
func TestRowsStayFlat(t *testing.T) {
	s := desk(t, filepath.Join(t.TempDir(), "x.db"))
	defer s.Close()
	st := storetest.File(storetest.Filing{Code: "A"})
	must(t, s.Append(t.Context(), st.Change()))
	measure := func() (rows, bytes int64) {
		for _, q := range []string{
			`SELECT count(*), total(length(code) + length(head) + length(name) + length(subject)) FROM cases`,
			`SELECT count(*), total(length(body)) FROM snapshots`,
			`SELECT count(*), total(length(office) + length(state) + length(assignee)) FROM dossiers`,
			`SELECT count(*), total(length(word)) FROM search`, `SELECT count(*), 0.0 FROM codes`, `SELECT count(*), 0.0 FROM tasks`,
		} {
			var n int64
			var b float64
			must(t, s.row(t.Context(), q, nil, &n, &b))
			rows, bytes = rows+n, bytes+int64(b)
		}
		return rows, bytes
	}
	var rows, bytes int64
	for i := range 500 {
		must(t, s.Append(t.Context(), st.Go("assign", "birth", event(t, engine.Assigned{Account: "officer-" + strconv.Itoa(100+i%800)})).Change()))
		if i == 20 {
			rows, bytes = measure()
		}
	}
	if r, b := measure(); r != rows || b > bytes+64 {
		t.Errorf("%d rows with %d bytes after 21 entries, %d with %d after 501", rows, bytes, r, b)
	}
	if st := s.Stats(); st.Careful != 0 {
		t.Errorf("%d Appends were not swift", st.Careful)
	}
}

// TestCacheIsBounded: what is remembered stays within its bound, and what was
// forgotten is read again.
func TestCacheIsBounded(t *testing.T) {
	s, err := Open(t.Context(), Config{Path: filepath.Join(t.TempDir(), "x.db"), TakeOver: true, CacheBytes: 10 * baseSize})
	must(t, err)
	defer s.Close()
	for i := range 50 {
		must(t, s.Append(t.Context(), storetest.File(storetest.Filing{Code: "C" + strconv.Itoa(i)}).Change()))
	}
	if n := len(s.cache.all()); n == 0 || n > 10 || s.cache.size > s.cache.limit {
		t.Errorf("%d cases, %d bytes are remembered", n, s.cache.size)
	}
	for i := range 50 {
		goesOn(t, s, "C"+strconv.Itoa(i), "x")
	}
	if n := s.recent.size; n > s.recent.limit {
		t.Errorf("%d bytes of entries are remembered", n)
	}
	_, err = s.Verify(t.Context(), func(code string, seq int64, what string) { t.Errorf("%s/%d: %s", code, seq, what) })
	must(t, err)
}

// TestErasedIsForgotten: once an entry is erased, nothing tells what was to be sent.
func TestErasedIsForgotten(t *testing.T) {
	s := desk(t, filepath.Join(t.TempDir(), "x.db"))
	defer s.Close()
	st := storetest.File(storetest.Filing{Code: "A"})
	st.Go("ask", "birth", event(t, engine.Requested{Key: st.Key(0), Registry: "population", Operation: "o", Input: map[string]any{"name": "x"}}),
		event(t, engine.Notified{Key: st.Key(1), To: "office:o", What: "received", Params: map[string]any{"name": "x"}}))
	must(t, s.Append(t.Context(), st.Change()))
	input := func() any {
		d, err := s.Delivery(t.Context(), "A/2/0")
		must(t, err)
		ns, _, err := s.Notifications(t.Context(), "office:o", "", 0)
		must(t, err)
		if (d.Input == nil) != (ns[0].Params == nil) {
			t.Errorf("input %v, parameters %v", d.Input, ns[0].Params)
		}
		return d.Input["name"]
	}
	if input() != "x" {
		t.Fatal("nothing is to be sent")
	}
	must(t, s.Append(t.Context(), st.Go("erase", "", engine.Erased{UpTo: 2}).Change()))
	if got := input(); got != nil {
		t.Errorf("still says %v", got)
	}
}

// TestDamagedValues: a value that is damaged in any way is an error, not a panic,
// and a case with it is corrupt.
func TestDamagedValues(t *testing.T) {
	s, err := Open(t.Context(), Config{Path: filepath.Join(t.TempDir(), "x.db"), CacheBytes: -1, Snapshot: 1})
	must(t, err)
	defer s.Close()
	must(t, s.Append(t.Context(), storetest.File(storetest.Filing{Code: "A"}).Change()))
	for _, body := range [][]byte{{}, {1}, {1, 2, 3}, []byte("null"), []byte("{}"), rowenc.Pack(make([]byte, 1<<20))} {
		must(t, exec(t.Context(), s, "test", func(w *writer) error { return w.exec(`UPDATE snapshots SET body = ?1`, body) }))
		if _, err := s.Load(t.Context(), "A"); engine.CodeOf(err) != engine.CorruptHistory {
			t.Errorf("body %.10q: %v", body, err)
		}
	}
}

// TestPanicAfterTheCommit: what breaks down once the transaction stands, while it is
// noted in memory what it left, takes nothing back and has nothing done again.
func TestPanicAfterTheCommit(t *testing.T) {
	s := desk(t, filepath.Join(t.TempDir(), "x.db"))
	defer s.Close()
	s.binder = &binder{store: s} // without the map that a case that ends is counted in
	story := storetest.File(storetest.Filing{Code: "A"})
	end := engine.Moved{From: "submitted", To: "registered", Portal: 9, Office: "civil@00004", Final: engine.FinalSuccess}
	end.Step = "birth"
	story.Go("end", "birth", end, of("card", engine.StepClosed{Why: engine.ClosedAbsent}), engine.CaseClosed{Outcome: engine.Completed})
	c := story.Change()
	c.Answer = &engine.Answer{Actor: "citizen:1", Key: "k", Digest: "d", Case: "A", Body: []byte(`{}`), At: storetest.T0}
	err := s.Append(t.Context(), c)
	s.binder = nil
	must(t, err)
	if c, err := s.Load(t.Context(), "A"); err != nil || c.Status != engine.CaseEnded {
		t.Errorf("the case is %+v, %v", c, err)
	}
	verified(t, s)
}
