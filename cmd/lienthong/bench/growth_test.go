package bench

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"lienthong/agencies/seed"
	"lienthong/engine"
	"lienthong/store/rowenc"
	"lienthong/store/sqlite"
)

// playedOnce are the stories, played once for all tests.
var playedOnce = sync.OnceValues(func() ([]played, error) {
	defs, err := loaded()
	if err != nil {
		return nil, err
	}
	return play(context.Background(), defs, scripts())
})

// planned is a loader for tests.
func planned(t *testing.T, finished, open int, until time.Time) *loader {
	t.Helper()
	list, err := playedOnce()
	if err != nil {
		t.Fatal(err)
	}
	l, err := loaderOf(t.Context(), definitions(t), list, grown{Seed: 5, Until: until}, finished, open, 2)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

var autumn = businessNow(time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC))

// long leaves a test out with -short: copying every kind of case takes a minute
// under the race detector, and one goroutine does it.
func long(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("left out with -short")
	}
}

// TestACopyIsACase: folding a copy's history gives the copy; nothing that tells one
// case from another is left of the template; what is owed keeps its keys.
func TestACopyIsACase(t *testing.T) {
	long(t)
	t.Parallel()
	l := planned(t, 400, 200, autumn)
	seen := map[string]bool{}
	for _, o := range []*orders{l.finished, l.open} {
		for i := range o.firsts {
			tp, f := o.fill(i)
			got := tp.copy(f)
			seen[tp.name] = true
			var folded *engine.Case
			for _, e := range got.Entries {
				folded = engine.Fold(folded, e)
			}
			if !reflect.DeepEqual(folded, got.Case) {
				t.Fatalf("%s, copy %d: the case is not the fold of its history", tp.name, i)
			}
			text := encoded(t, got)
			for _, n := range own(tp.template) {
				if got.Case.Code == tp.src.Case.Code { // by chance of the same place, day and number
					break
				}
				if strings.Contains(text, `"`+n+`"`) {
					t.Errorf("%s, copy %d still says %q", tp.name, i, n)
				}
			}
			keys := map[string]bool{}
			for _, e := range got.Entries {
				for _, d := range e.Effects() {
					keys[d.Key] = true
				}
			}
			for _, d := range got.Deliveries {
				if d.Case != got.Case.Code || !keys[d.Key] {
					t.Errorf("%s, copy %d: delivery %s of %s is owed by no entry", tp.name, i, d.Key, d.Case)
				}
			}
		}
	}
	if want := len(scripts()); len(seen) != want {
		t.Errorf("%d of %d stories occur: %v", len(seen), want, slices.Sorted(maps.Keys(seen)))
	}
}

func encoded(t *testing.T, p played) string {
	t.Helper()
	b, err := json.Marshal([]any{p.Case, p.Entries, p.Deliveries})
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// own is what tells the template's case from others.
func own(tp *template) []string {
	c := tp.src.Case
	out := []string{c.Code, c.Requester.ID, c.Requester.Name, c.Subject(), c.Seed}
	if c.Key != "" {
		out = append(out, c.Key)
	}
	for _, d := range c.Dossiers {
		out = append(out, d.Code)
		if d.Result != nil {
			out = append(out, d.Result.ID)
		}
	}
	return slices.DeleteFunc(out, func(s string) bool { return s == "" })
}

// TestCopiesDoNotShareAnything that must be unique, and are of their days.
func TestCopiesDoNotShareAnything(t *testing.T) {
	long(t)
	t.Parallel()
	l := planned(t, 3000, 600, autumn)
	taken := map[string]string{}
	take := func(what, by string) {
		if other, ok := taken[what]; ok && other != by {
			t.Fatalf("%s and %s both have %s", by, other, what)
		}
		taken[what] = by
	}
	surnames := map[string]int{}
	for _, o := range []*orders{l.finished, l.open} {
		for i := range o.firsts {
			tp, f := o.fill(i)
			c := tp.copy(f).Case
			if o.code(i) != c.Code {
				t.Fatalf("copy %d is %s, announced as %s", i, c.Code, o.code(i))
			}
			take("code "+c.Code, c.Code)
			if c.KeyHeld() {
				take("key "+c.Key, c.Code)
			}
			for _, d := range c.Dossiers {
				if d.Code != "" {
					take("code "+d.Code, c.Code)
				}
				if d.Result != nil {
					take("result "+d.Result.ID, c.Code)
				}
			}
			if c.Updated.After(autumn) || c.Filed.Before(autumn.AddDate(-2, 0, -30)) {
				t.Fatalf("%s ran from %s to %s", c.Code, c.Filed, c.Updated)
			}
			if next := c.NextTimer(); !next.IsZero() && !next.After(autumn) {
				t.Errorf("%s, %s: something was due at %s", tp.name, c.Code, next)
			}
			if day := c.Filed.Format("060102"); !strings.Contains(c.Code, "-"+day+"-") {
				t.Errorf("%s was filed on %s", c.Code, day)
			}
			first, _, _ := strings.Cut(c.Requester.Name, " ")
			surnames[first]++
		}
	}
	n := len(l.finished.firsts) + len(l.open.firsts)
	if share := float64(surnames["Nguyễn"]) / float64(n); share < 0.34 || share > 0.43 {
		t.Errorf("%.0f %% are called Nguyễn", 100*share)
	}
	if len(surnames) < 20 {
		t.Errorf("%d surnames only", len(surnames))
	}
}

// TestGrownDatabase: a small database is sound, people find their cases, a stopped
// load goes on where it was, and the store never gives a loaded number again.
func TestGrownDatabase(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "grown.db")
	l := planned(t, 300, 60, autumn)
	s, err := sqlite.Open(t.Context(), sqlite.Config{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}()
	for _, upTo := range [][2]int{{100, 20}, {300, 60}, {300, 60}} {
		if err := l.load(t.Context(), s, upTo[0], upTo[1]); err != nil {
			t.Fatal(err)
		}
	}
	if n := l.done.Load(); n != 360 {
		t.Errorf("%d cases were appended, want each of 360 once", n)
	}
	n, err := s.Verify(t.Context(), func(code string, seq int64, what string) { t.Errorf("%s entry %d: %s", code, seq, what) })
	if err != nil || n != 360 {
		t.Errorf("verified %d cases: %v", n, err)
	}
	found(t, s, l.finished)
	found(t, s, l.open)
	open, err := s.Open(t.Context(), "", 0)
	if err != nil || len(open) != 60 {
		t.Errorf("%d open cases: %v", len(open), err)
	}
	if due, err := s.Due(t.Context(), autumn, 0); err != nil || len(due) > 0 {
		t.Errorf("due already: %v %v", due, err)
	}
	unsent(t, s)
	newNumbers(t, s, l)
}

// found looks every case up in the ways that people do.
func found(t *testing.T, s *sqlite.Store, o *orders) {
	t.Helper()
	for i := range o.firsts {
		tp, f := o.fill(i)
		c := tp.copy(f).Case
		mine, _, err := s.CasesOf(t.Context(), c.Requester.ID, "", 0)
		if err != nil || !slices.ContainsFunc(mine, func(x engine.Summary) bool { return x.Code == c.Code && x.Subject == c.Subject() }) {
			t.Errorf("%s is not among the cases of %s: %v", c.Code, c.Requester.ID, err)
		}
		at := c.Dossiers[0].Office
		if at == "" { // nothing is opened before the fee is paid
			continue
		}
		for _, text := range []string{rowenc.FoldText(c.Subject()), strings.ToLower(c.Dossiers[0].Code)} {
			rows, _, err := s.Rows(t.Context(), engine.RowQuery{Offices: []string{at}, Text: text, Ended: true})
			if err != nil || !slices.ContainsFunc(rows, func(r engine.Row) bool { return r.Case == c.Code }) {
				t.Errorf("%s is not found by %q at %s: %v", c.Code, text, at, err)
			}
		}
	}
}

// unsent: what a finished case owed is done; what an open one owes waits.
func unsent(t *testing.T, s *sqlite.Store) {
	t.Helper()
	ds, err := s.Deliveries(t.Context(), "", "", "", 0)
	if err != nil || len(ds) == 0 {
		t.Fatalf("%d deliveries wait: %v", len(ds), err)
	}
	for _, d := range ds {
		c, err := s.Load(t.Context(), d.Case)
		if err != nil || c.Status != engine.CaseOpen || !d.Next.After(time.Now()) {
			t.Errorf("%s of the %s case waits until %s: %v", d.Key, c.Status, d.Next, err)
		}
	}
}

// newNumbers: the next number of a unit and day is one that no loaded case has.
func newNumbers(t *testing.T, s *sqlite.Store, l *loader) {
	t.Helper()
	for key := range maps.Keys(l.finished.next) {
		unit, day, _ := strings.Cut(key, " ")
		n, err := s.Codes(t.Context(), unit, day, 1)
		if err != nil {
			t.Fatal(err)
		}
		at, err := time.Parse("060102", day)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.CaseOf(t.Context(), codeText(unit, at, n)); !isNotFound(err) {
			t.Errorf("number %d of %s is taken: %v", n, key, err)
		}
	}
}

// TestGrow runs the whole command on a small scale, twice on one file.
func TestGrow(t *testing.T) {
	long(t)
	t.Parallel()
	c := GrowthConfig{Database: filepath.Join(t.TempDir(), "grown.db"), Finished: 300, Open: 40, At: []int{150}, Samples: 10, Cold: 1,
		Definitions: definitions(t)}
	first, err := Grow(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	if len(first.Sizes) != 2 || first.Sizes[0].Loaded != 170 || first.Sizes[1].Loaded != 170 || first.Sizes[1].Bytes <= first.Sizes[0].Bytes {
		t.Fatalf("sizes: %+v", first.Sizes)
	}
	names := map[string]bool{}
	for _, p := range first.Sizes[1].Probes {
		names[p.Name] = true
		if p.Warm.P50 <= 0 || p.Warm.P99 < p.Warm.P50 {
			t.Errorf("%s: %+v", p.Name, p.Warm)
		}
	}
	for _, want := range []string{"filing", "inbox, first page", `search "nguyen van", all`, "claiming deliveries"} {
		if !names[want] {
			t.Errorf("%q was not measured", want)
		}
	}
	again, err := Grow(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	if again.Sizes[1].Loaded != 0 {
		t.Errorf("%d cases were loaded again", again.Sizes[1].Loaded)
	}
}

// TestGrowOverTCP: people act and ask over TCP, a second time on the same file too.
func TestGrowOverTCP(t *testing.T) {
	long(t)
	t.Parallel()
	c := GrowthConfig{Database: filepath.Join(t.TempDir(), "grown.db"), Finished: 300, Open: 40, Samples: 2, HTTP: true, Definitions: definitions(t)}
	for range 2 {
		r, err := Grow(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, p := range r.Sizes[0].Probes {
			names = append(names, p.Name)
			if p.Warm.P50 <= 0 || p.Warm.P99 < p.Warm.P50 || p.Rows == 0 && !slices.Contains(acts, p.Name) {
				t.Errorf("%s: %+v", p.Name, p)
			}
		}
		want := slices.Clone(acts)
		for _, q := range (draws{l: &loader{}}).overTCP() {
			want = append(want, q.name)
		}
		if !slices.Equal(names, want) {
			t.Errorf("measured %q, want %q", names, want)
		}
	}
}

// TestGrowRefuses what cannot be right.
func TestGrowRefuses(t *testing.T) {
	for _, c := range []GrowthConfig{{}, {Database: "x"}, {Database: "x", Finished: 10, Open: 1, At: []int{11}}, {Database: "x", Finished: 5_000_000, Open: 1},
		{Database: "x", Finished: 10, Open: 1, Samples: -1}} {
		if _, err := Grow(t.Context(), c); err == nil {
			t.Errorf("%+v was accepted", c)
		}
	}
	few := GrowthConfig{Database: filepath.Join(t.TempDir(), "few.db"), Finished: 10, Open: 1, Only: []string{"inbox, one state"}, Definitions: definitions(t)}
	if _, err := Grow(t.Context(), few); err == nil || err.Error() != "inbox, one state: nothing is found: this takes more cases (--open, --finished), or can be left out (--only)" {
		t.Errorf("too few cases: %v", err)
	}
	path := filepath.Join(t.TempDir(), "other.db")
	s, err := sqlite.Open(t.Context(), sqlite.Config{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := Grow(t.Context(), GrowthConfig{Database: path, Finished: 10, Open: 1, Definitions: definitions(t)}); err == nil || !strings.Contains(err.Error(), "not made here") {
		t.Errorf("a foreign database: %v", err)
	}
}

// TestPlaces: the loader's idea of where cases are is that of the seeded world.
// TestEveryCaseHasANumberOfItsOwn, as many as can be made: no notice and no personal
// number comes back within its five years.
func TestEveryCaseHasANumberOfItsOwn(t *testing.T) {
	seen := make([]bool, 5_000_000)
	for open, n := range map[bool]int{false: maxGrown, true: maxGrown / 10} {
		for i := range n {
			k := nthOf(open, i)
			if k >= 4_000_000 || seen[k] {
				t.Fatalf("open %v, case %d: number %d is taken or too large", open, i, k)
			}
			seen[k] = true
		}
	}
}

func TestPlaces(t *testing.T) {
	if len(seed.Populated) != places {
		t.Fatalf("%d communes, want %d", len(seed.Populated), places)
	}
	defs := definitions(t)
	for i := range places {
		if _, ok := defs.Office("civil_status", at(i, 0).Code, autumn); !ok {
			t.Errorf("%s has no office", at(i, 0).Code)
		}
	}
}

// TestAStencilPrintsACopy: what is printed is what the copy's entries and its case
// encode to, and exactly those statements are made that the store itself would.
func TestAStencilPrintsACopy(t *testing.T) {
	long(t)
	t.Parallel()
	l := planned(t, 300, 150, autumn)
	dir := t.TempDir()
	store, err := sqlite.Open(t.Context(), sqlite.Config{Path: filepath.Join(dir, "x.db")})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	}()
	plain := func(b []byte) (v any) {
		if err := engine.Unmarshal(b, &v); err != nil {
			t.Fatalf("%v in %s", err, b)
		}
		return v
	}
	for _, o := range []*orders{l.finished, l.open} {
		for i := range o.firsts {
			s, f := o.fill(i)
			c := s.copy(f)
			for k := range c.Entries {
				want, err := json.Marshal(&c.Entries[k])
				if err != nil {
					t.Fatal(err)
				}
				if got := s.payloads[k].print(nil, f); !reflect.DeepEqual(plain(got), plain(want)) {
					t.Fatalf("%s, entry %d is printed as\n%s\nwant\n%s", c.Case.Code, k+1, got, want)
				}
			}
			want, err := rowenc.EncodeCase(c.Case)
			if err != nil {
				t.Fatal(err)
			}
			if got := s.body.print(nil, f); !reflect.DeepEqual(plain(got), plain(want)) {
				t.Fatalf("%s is printed as\n%s\nwant\n%s", c.Case.Code, got, want)
			}
			kept, err := store.AppendKeeping(t.Context(), engine.Change{Case: c.Case, Entries: c.Entries, Settled: c.Deliveries})
			if err != nil {
				t.Fatal(err)
			}
			printed, err := l.change(o, i)
			if err != nil {
				t.Fatal(err)
			}
			if got, want := shown(printed), shown(kept[0]); !slices.Equal(got, want) {
				for _, x := range got {
					if !slices.Contains(want, x) {
						t.Errorf("%s: printed %s", c.Case.Code, x)
					}
				}
				for _, x := range want {
					if !slices.Contains(got, x) {
						t.Errorf("%s: not printed %s", c.Case.Code, x)
					}
				}
				t.FailNow()
			}
		}
	}
}

// shown are the statements of a change, sorted, without what is drawn anew and
// without when an unfinished delivery is tried again.
func shown(p *sqlite.PreparedChange) []string {
	var out []string
	for _, st := range p.Statements {
		var b strings.Builder
		fmt.Fprint(&b, st.Text)
		for k, v := range st.Values {
			waits := len(st.Values) == 26 && (k == effectNext || k == effectReady)
			if v.Kind != 'b' && !waits {
				fmt.Fprintf(&b, " %c:%d:%s:%v", v.Kind, v.Number, v.Text, v.Version)
			}
		}
		out = append(out, b.String())
	}
	slices.Sort(out)
	return append(out, fmt.Sprint(p.Case, p.Base, p.Seq, p.Entries, p.Rows))
}
