package sqlite

import (
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"lienthong/engine"
	"lienthong/store/rowenc"
	"lienthong/store/storetest"
)

// bindingStore is a store with volumes of so many dossiers, full of cases.
func bindingStore(t *testing.T, volume, cases int) *Store {
	t.Helper()
	s, err := Open(t.Context(), Config{Path: filepath.Join(t.TempDir(), "x.db"), volume: volume})
	must(t, err)
	t.Cleanup(func() { must(t, s.Close()) })
	crowd(t, s, cases)
	return s
}

// asked are many questions with a text and what they are answered, in pages and counted.
func asked(t *testing.T, s *Store) (out []string) {
	t.Helper()
	for _, text := range []string{"n", "nguyen", "nguyen van", "quach", "quach hoa", "nguyen quach", "bao quoc tran", "le dao", "xyz", "h1-0007", "h1-0007.1", "an"} {
		for _, q := range []engine.RowQuery{{Text: text}, {Text: text, Ended: true}, {Text: text, Ended: true, State: "registered"},
			{Text: text, Ended: true, Overdue: storetest.T0.Add(time.Hour)}, {Text: text, Ended: true, Assignee: "lan"}} {
			q.Offices = []string{"civil@00004", "police@1"}
			rows := pagesOf(t, s, q)
			for _, most := range []int{0, 3} {
				n, err := s.CountRows(t.Context(), q, most)
				must(t, err)
				if want := len(rows); n != want && (most == 0 || n != min(want, most)) {
					t.Errorf("%+v: %d rows, counted %d to %d", q, want, n, most)
				}
			}
			out = append(out, fmt.Sprint(q.Text, q.Ended, q.State, q.Overdue.IsZero(), q.Assignee, rows))
		}
	}
	return out
}

func number(t *testing.T, s *Store, q string) (n int) {
	t.Helper()
	must(t, s.row(t.Context(), q, nil, &n))
	return n
}

func verified(t *testing.T, s *Store) {
	t.Helper()
	_, err := s.Verify(t.Context(), func(code string, seq int64, what string) { t.Errorf("%s/%d: %s", code, seq, what) })
	must(t, err)
}

// TestBindingBesideAReader: while somebody reads for long and nothing can be copied out of
// the log, binding makes it no longer; afterwards it goes on, though nobody else commits.
func TestBindingBesideAReader(t *testing.T) {
	const pages, more = 16, 5
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var s *Store
	var lengths []int64 // of the log, after each commit since it cannot be copied back
	s, err := Open(t.Context(), Config{Path: filepath.Join(t.TempDir(), "x.db"), volume: 40, logPages: pages, Hooks: Hooks{Commit: func(commit func() error) error {
		err := commit()
		if s.uncopied.Load() > logMost*pages {
			var busy, pages, copied int64
			err = errors.Join(err, s.writer.one(logSize, nil, &busy, &pages, &copied))
			lengths = append(lengths, pages)
		}
		if len(lengths) == more {
			cancel()
		}
		return err
	}}})
	must(t, err)
	t.Cleanup(func() { must(t, s.Close()) })
	crowd(t, s, 400)
	reader, err := s.readDB.BeginTx(t.Context(), &sql.TxOptions{ReadOnly: true})
	must(t, err)
	var cases int
	must(t, reader.QueryRowContext(t.Context(), `SELECT count(*) FROM cases`).Scan(&cases))
	if n, err := s.Bind(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("%d dossiers were bound beside a reader, error %v", n, err)
	}
	if lengths[0] != lengths[more-1] {
		t.Errorf("the log cannot be copied back, and became longer: %d pages", lengths)
	}
	must(t, reader.Rollback())
	if n, err := s.Bind(t.Context()); n == 0 || err != nil {
		t.Errorf("%d dossiers were bound after the reader, error %v", n, err)
	}
	verified(t, s)
}

const boundDossiers = `SELECT count(*) FROM dossiers WHERE place IS NOT NULL`

// TestBoundIsFoundAlike: what is bound is found as what is loose, in the same order,
// whatever came back, was changed or got another part since.
func TestBoundIsFoundAlike(t *testing.T) {
	const volume = 40
	s, plain := bindingStore(t, volume, 400), bindingStore(t, 0, 400)
	same := func(when string) {
		t.Helper()
		got, want := asked(t, s), asked(t, plain)
		for i := range want {
			if got[i] != want[i] {
				t.Errorf("%s:\n%s\nwant %s", when, got[i], want[i])
			}
		}
		verified(t, s)
	}
	before := number(t, s, `SELECT count(*) FROM search`)
	n, err := s.Bind(t.Context())
	must(t, err)
	if in := number(t, s, boundDossiers); n != in || n < 200 || n%volume != 0 {
		t.Errorf("bound %d, in the file %d", n, in)
	}
	if after := number(t, s, `SELECT count(*) FROM search`); after >= before/2 {
		t.Errorf("%d rows of words, %d before", after, before)
	}
	same("bound")

	r := rand.New(rand.NewPCG(5, 6))
	for i := range 400 {
		code := fmt.Sprintf("H1-%04d", i)
		c, err := s.Load(t.Context(), code)
		must(t, err)
		if c.Status != engine.CaseEnded || r.IntN(3) > 0 {
			continue
		}
		st := storetest.Resume(t, s, code)
		switch r.IntN(4) {
		case 0:
			st.Go("note", "birth", step("n", "it stays bound"))
		case 1:
			st.Go("back", "birth", of("birth", engine.Moved{From: "registered", To: "received", Portal: 4, Office: "civil@00004"}))
		case 2:
			st.Go("rename", "birth", engine.ApplicationChanged{App: map[string]any{"child": map[string]any{"name": "Quách Hoa Đào"}}})
		case 3:
			another := engine.StepOpened{Code: code + ".2", Attempt: 1, Office: "civil@00004", Unit: "00004"}
			another.Step = "card"
			st.Go("another", "card", another)
		}
		c2 := st.Change()
		for _, x := range []*Store{s, plain} {
			must(t, x.Append(t.Context(), c2))
		}
	}
	if left := number(t, s, boundDossiers); left == 0 || left >= n {
		t.Errorf("%d are bound, %d before", left, n)
	}
	same("some came back")
	_, err = s.Bind(t.Context())
	must(t, err)
	same("bound again")
}

// TestBindingThatWasBroken: places that were written and not given are nobody's, and a
// case that goes on between stays as it is.
func TestBindingThatWasBroken(t *testing.T) {
	s := bindingStore(t, 40, 200)
	want := asked(t, s)
	found, _, err := s.loose(t.Context(), "civil@00004")
	must(t, err)
	must(t, s.makeVolume(t.Context(), "civil@00004", found[:40]))
	if got := asked(t, s); !slices.Equal(got, want) {
		t.Error("a volume that nobody is bound in changes what is found")
	}
	st := storetest.Resume(t, s, found[0].code).Go("note", "birth", step("n", "meanwhile"))
	must(t, s.Append(t.Context(), st.Change()))
	n, err := do(t.Context(), s, "test", func(w *writer) (int, error) { return w.bind("civil@00004", &found[0]) })
	if err != nil || n != 0 {
		t.Errorf("a case that went on: bound %d, %v", n, err)
	}
	n, err = do(t.Context(), s, "test", func(w *writer) (int, error) { return w.bind("civil@00004", &found[1]) })
	if err != nil || n != 1 {
		t.Errorf("bound %d, %v", n, err)
	}
	if got := asked(t, s); !slices.Equal(got, want) {
		t.Error("half a volume changes what is found")
	}
	verified(t, s)
	_, err = s.Bind(t.Context())
	must(t, err)
	if got := asked(t, s); !slices.Equal(got, want) {
		t.Error("what is bound after a broken volume is not found alike")
	}
	verified(t, s)
}

// TestBindingGoesOnAtOtherOffices: an office of which something cannot be bound keeps no
// other one, and is told of.
func TestBindingGoesOnAtOtherOffices(t *testing.T) {
	s := bindingStore(t, 40, 0)
	for _, office := range []string{"a@1", "b@1"} {
		for i := range 60 {
			st := storetest.File(storetest.Filing{Code: fmt.Sprintf("%s-%02d", office, i), Office: office})
			end := engine.Moved{From: "submitted", To: "registered", Portal: 9, Office: office, Final: engine.FinalSuccess}
			end.Step = "birth"
			st.Go("register", "birth", end, of("card", engine.StepClosed{Why: engine.ClosedAbsent}), engine.CaseClosed{Outcome: engine.Completed})
			must(t, s.Append(t.Context(), st.Change()))
		}
	}
	behind(t, s, func(db *sql.DB) { // a place of the first office's volume is somebody else's
		run(t, db, fmt.Sprintf(`UPDATE dossiers SET place = %d WHERE case_code = 'b@1-59' AND step = 'birth'`, volumeSize+1))
	})
	if _, err := s.Bind(t.Context()); err == nil {
		t.Error("it is not told")
	}
	if n := number(t, s, `SELECT count(*) FROM dossiers WHERE office = 'b@1' AND place >= 16384`); n != 40 {
		t.Errorf("%d dossiers of the other office are bound", n)
	}
}

// TestWholeCasesAreBound: a case whose dossiers are far apart in the list is bound at
// once, and none is tried again and again.
func TestWholeCasesAreBound(t *testing.T) {
	var found []endedCase
	for i := range 100 {
		found = append(found, endedCase{code: fmt.Sprint(i), dossiers: []bindable{{step: "a", urgency: int64(i)}, {step: "b", urgency: rowenc.Never}}})
	}
	inOrderOfLists(found)
	volumes := fill(found, 40)
	if len(volumes) != 4 { // 200 dossiers: the fifth would leave less than a quarter
		t.Errorf("%d volumes", len(volumes))
	}
	next := 0
	for _, v := range volumes {
		if len(v) != 20 {
			t.Errorf("%d cases in a volume", len(v))
		}
		for _, c := range v {
			if c.code != fmt.Sprint(next) {
				t.Errorf("case %s, want %d", c.code, next)
			}
			next++
		}
	}
	if none := fill(found[:20], 1); none != nil {
		t.Errorf("cases that fit into no volume: %v", none)
	}
}

// TestBindingReadsOneCase: an office has hundreds of thousands of dossiers.
func TestBindingReadsOneCase(t *testing.T) {
	s := bindingStore(t, 40, 1)
	plan, err := explained(s.readDB, bindCheck)
	must(t, err)
	if !strings.Contains(strings.Join(plan, " "), "SEARCH d USING PRIMARY KEY (case_code=?)") {
		t.Errorf("plan %q", plan)
	}
}

// TestVerifyNamesWhatIsNotBound: a place that is not among those of a word, a dossier
// that says a place and is found by its words too.
func TestVerifyNamesWhatIsNotBound(t *testing.T) {
	for what, q := range map[string]string{
		"does not find the dossier birth by the word":  `UPDATE volume_words SET places = x'' WHERE volume = 1`,
		"does not find the case by the word":           `UPDATE dossiers SET place = NULL WHERE place = (SELECT min(place) FROM dossiers)`,
		"no places of a volume":                        `UPDATE volume_words SET places = x'01' WHERE volume = 1`,
		"the index of words has 1 rows that belong to": `INSERT INTO search SELECT office, 'x', case_code, '' FROM dossiers WHERE place IS NOT NULL LIMIT 1`,
	} {
		s := bindingStore(t, 40, 100)
		_, err := s.Bind(t.Context())
		must(t, err)
		verified(t, s)
		behind(t, s, func(db *sql.DB) { run(t, db, q) })
		var all []string
		_, err = s.Verify(t.Context(), func(_ string, _ int64, what string) { all = append(all, what) })
		must(t, err)
		if !strings.Contains(strings.Join(all, "\n"), what) {
			t.Errorf("%s: found %q", what, all)
		}
	}
}

// TestArchiveOfBound: cases leave and come back as if they had never been bound.
func TestArchiveOfBound(t *testing.T) {
	s := bindingStore(t, 40, 100)
	want := asked(t, s)
	_, err := s.Bind(t.Context())
	must(t, err)
	db := filepath.Join(t.TempDir(), "y.db")
	_, err = Backup(t.Context(), s.cfg.Path, db, BackupOptions{})
	must(t, err)
	out, err := Archive(t.Context(), db, filepath.Join(filepath.Dir(db), "old.archive"), ArchiveOptions{Before: time.Now().AddDate(9, 0, 0)})
	if err != nil || out.Moved < 40 {
		t.Fatalf("moved %d: %v", out.Moved, err)
	}
	y := desk(t, db)
	if n, bound := number(t, y, `SELECT count(*) FROM volumes`), number(t, y, boundDossiers); bound == 0 && n > 0 {
		t.Errorf("%d volumes of nobody", n)
	}
	codes := []string{}
	must(t, y.each(t.Context(), `SELECT case_code FROM archived`, nil, func(r *sql.Rows) error {
		var c string
		err := r.Scan(&c)
		codes = append(codes, c)
		return err
	}))
	must(t, y.Close())
	for _, c := range codes {
		_, err := Unarchive(t.Context(), db, "", c)
		must(t, err)
	}
	y = desk(t, db)
	defer y.Close()
	if got := asked(t, y); !slices.Equal(got, want) {
		t.Error("what came back is not found alike")
	}
	verified(t, y)
}

// TestPlaces: places are read as they were written, however many.
func TestPlaces(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, n := range []int{0, 1, 2, 446, 447, 448, 449, 4000, volumeUsed} {
		var p, back placeSet
		for _, i := range r.Perm(volumeUsed)[:n] {
			p.add(i)
		}
		b := p.encode()
		if err := back.decode(b); err != nil || back != p || back.len() != n || len(b) > volumeUsed/8 {
			t.Errorf("%d places: %d bytes, %d read, %v", n, len(b), back.len(), err)
		}
	}
	// As programs of format 14 wrote them: of all numbers, and many as numbers too.
	var p, bits, numbers placeSet
	var many []byte
	for i := volumeSize - 511; i < volumeSize; i++ {
		p.add(i)
		many = binary.LittleEndian.AppendUint16(many, uint16(i))
	}
	var all []byte
	for _, w := range p {
		all = binary.LittleEndian.AppendUint64(all, w)
	}
	if err := errors.Join(bits.decode(all), numbers.decode(many)); err != nil || bits != p || numbers != p {
		t.Errorf("places as they were written before are not read: %v", err)
	}
	for _, b := range [][]byte{{1}, {0, 0xFF}, make([]byte, volumeSize/8+2)} {
		if err := new(placeSet).decode(b); err == nil {
			t.Errorf("%d bytes are read as places", len(b))
		}
	}
}
