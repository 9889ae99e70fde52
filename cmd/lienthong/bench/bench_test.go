package bench

import (
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"lienthong/engine/machine"
	"lienthong/workflows"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var loaded = sync.OnceValues(workflows.Load)

func definitions(t *testing.T) *machine.Set {
	t.Helper()
	set, err := loaded()
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// small is a run of a few cases.
func small(t *testing.T, store string) Config {
	return Config{Drivers: 3, Cases: 6, Store: store, Dir: t.TempDir(), Definitions: definitions(t)}.withDefaults()
}

func overHTTP(c Config) Config {
	c.HTTP = true
	return c
}

func smallJob(t *testing.T, c Config) Config {
	t.Helper()
	var err error
	c.Job = Small
	if c.Definitions, err = definitionsOf(Small); err != nil {
		t.Fatal(err)
	}
	return c
}

// TestEveryCaseIsCarriedToItsEnd: after a run all cases stand completed and handed
// over in the store, every delivery is settled, and its chains are sound.
func TestEveryCaseIsCarriedToItsEnd(t *testing.T) {
	for how, c := range map[string]Config{
		"sqlite": small(t, SQLite), "memory": small(t, Memory), "http": overHTTP(small(t, SQLite)), "small": smallJob(t, small(t, SQLite)),
		"small over http": overHTTP(smallJob(t, small(t, SQLite))),
	} {
		t.Run(how, func(t *testing.T) {
			job := courses[c.Job]
			s, err := c.open(t.Context(), c.Dir, "x")
			if err != nil {
				t.Fatal(err)
			}
			defer func() {
				if err := s.close(); err != nil {
					t.Error(err)
				}
			}()
			f, err := c.measure(t.Context(), s)
			if err != nil {
				t.Fatal(err)
			}
			ended(t, s, c.Cases)
			if f.Cases != 6 || f.Entries != float64(6*job.entries) || f.Transitions < f.Entries {
				t.Errorf("%v cases, %v entries, %v transitions", f.Cases, f.Entries, f.Transitions)
			}
			if f.CasesPerSecond <= 0 || f.Approval.P50 <= 0 || f.Approval.P99 < f.Approval.P50 || f.CPUSeconds <= 0 || f.PeakRSS <= 0 {
				t.Errorf("figures %+v", f)
			}
			if sqlite := c.Store == SQLite; sqlite != (f.Commits > 0) || sqlite != (f.BytesPerCase > 1000) {
				t.Errorf("%v commits, %v bytes per case", f.Commits, f.BytesPerCase)
			}
		})
	}
}

// ended checks what a run left in its store.
func ended(t *testing.T, s *stage, want int) {
	t.Helper()
	n, err := s.store.Verify(t.Context(), func(code string, seq int64, what string) { t.Errorf("%s entry %d: %s", code, seq, what) })
	if err != nil || n != want {
		t.Errorf("verified %d cases of %d: %v", n, want, err)
	}
	done := 0
	for i := range min(want, families) {
		f := familyOf(i)
		cases, _, err := s.store.CasesOf(t.Context(), f.father.ID, "", 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, k := range cases {
			if k.Outcome != "completed" || k.Portal != 10 {
				t.Errorf("%s is %s with portal status %d", k.Code, k.Outcome, k.Portal)
			}
			done++
		}
	}
	if done != want {
		t.Errorf("%d cases of %d", done, want)
	}
	owed, err := s.store.Deliveries(t.Context(), "", "", "", 0)
	if err != nil || len(owed) > 0 {
		t.Errorf("still owed: %+v %v", owed, err)
	}
}

// TestConfigurationIsChecked names what is out of range.
func TestConfigurationIsChecked(t *testing.T) {
	for name, c := range map[string]Config{
		"drivers": {Drivers: -1}, "cases": {Cases: maxCases + 1}, "limit": {Limit: -1}, "runs": {Runs: -1},
		"store": {Store: "paper"}, "job": {Job: "large"},
	} {
		if _, err := Run(t.Context(), c); err == nil {
			t.Errorf("%s: no error for %+v", name, c)
		}
	}
}

// TestChildrenAreDistinct: no two cases share a birth notice, and the notice tells
// the child.
func TestChildrenAreDistinct(t *testing.T) {
	seen := map[string]int{}
	for _, i := range []int{0, 1, 2, families, families + 1, 99_999, 100_000, 100_001, 1_234_567, maxCases - 1} {
		code := notice(familyOf(i).commune.Province, i)
		if was, ok := seen[code]; ok {
			t.Errorf("children %d and %d share notice %s", was, i, code)
		}
		seen[code] = i
		if got, ok := childOf(code); !ok || got != i {
			t.Errorf("notice %s is of child %d, read %d %v", code, i, got, ok)
		}
	}
	if _, ok := childOf("nonsense"); ok {
		t.Error("nonsense was read as a notice")
	}
}

func TestMedian(t *testing.T) {
	for _, x := range []struct {
		in   []float64
		want float64
	}{{nil, 0}, {[]float64{3}, 3}, {[]float64{9, 1, 5}, 5}, {[]float64{4, 1, 2, 3}, 2.5}} {
		if got := median(x.in); got != x.want {
			t.Errorf("median(%v) = %v, want %v", x.in, got, x.want)
		}
	}
	a, b, c := Figures{Cases: 1, Case: Times{Max: 7}}, Figures{Cases: 5, Case: Times{Max: 1}}, Figures{Cases: 2, Case: Times{Max: 3}}
	if m := medians([]Figures{a, b, c}); m.Cases != 2 || m.Case.Max != 3 {
		t.Errorf("medians %+v", m)
	}
}

// TestPercentiles: of a hundred times the 99th is at most as long as 99 of them.
func TestPercentiles(t *testing.T) {
	var ds []time.Duration
	for i := range 200 {
		ds = append(ds, time.Duration((i*7)%200+1)*time.Millisecond) // 1 to 200 ms, in no order
	}
	if got, want := timesOf(ds), (Times{P50: 100, P95: 190, P99: 198, Max: 200}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	if got := timesOf(ds[:1]); got != (Times{1, 1, 1, 1}) {
		t.Errorf("of one: %+v", got)
	}
}

func TestVersionOf(t *testing.T) {
	view := []byte(`{"etag":"\"9\"","dossiers":[{"etag":"\"4\"","actions":[{"code":"a","input":{"type":"object"},"etag":"\"4\"","href":"/c/dossiers/x/actions/a"},{"code":"b","why":[{"vi":"k"}],"href":"/c/dossiers/x/actions/b"}]}]}`)
	if tag, err := versionOf(view, "x", "a"); err != nil || tag != `"4"` {
		t.Errorf("version %q %v", tag, err)
	}
	if tag, err := versionOf(view, "x", "b"); err != nil || tag != "" {
		t.Errorf("a party's version %q %v", tag, err)
	}
	for _, x := range [][2]string{{"x", "c"}, {"y", "a"}} {
		if _, err := versionOf(view, x[0], x[1]); err == nil {
			t.Errorf("%v, which is not offered, was found", x)
		}
	}
}
