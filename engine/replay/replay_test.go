package replay_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"lienthong/engine"
	"lienthong/engine/replay"
	"lienthong/store/storetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// shelf is a source in memory whose cases and entries a test may spoil.
type shelf struct {
	cases   map[string]*engine.Case
	history map[string][]engine.Entry
}

func (s *shelf) Load(_ context.Context, code string) (*engine.Case, error) {
	if c := s.cases[code]; c != nil {
		return c, nil
	}
	return nil, engine.Fail(engine.NotFound, "", "not found")
}

func (s *shelf) History(_ context.Context, code string, from int64, limit int) ([]engine.Entry, error) {
	es := s.history[code]
	if from = max(from, 1) - 1; from >= int64(len(es)) {
		return nil, nil
	}
	es = es[from:]
	return es[:min(len(es), limit)], nil
}

func (s *shelf) Cases(_ context.Context, after string, limit int) ([]string, error) {
	var out []string
	for code := range s.cases {
		if code > after {
			out = append(out, code)
		}
	}
	slices.Sort(out)
	return out[:min(len(out), limit)], nil
}

// filled is a shelf of n cases with a few entries, and of one with many.
func filled(n, many int) *shelf {
	s := &shelf{cases: map[string]*engine.Case{}, history: map[string][]engine.Entry{}}
	for i := range n {
		entries := 3
		if i == 0 {
			entries = many
		}
		code := fmt.Sprintf("C%04d", i)
		story := storetest.File(storetest.Filing{Code: code})
		for k := range entries {
			e := engine.Recorded{Name: fmt.Sprintf("n%d", k%7), Value: map[string]any{"text": "cân nặng", "n": int64(k)}}
			e.Step = "birth"
			story.Go("note", "birth", e)
		}
		ch := story.Change()
		s.cases[code], s.history[code] = ch.Case, ch.Entries
	}
	return s
}

func TestAtRebuildsEveryEntry(t *testing.T) {
	s := filled(1, 1200)
	es := s.history["C0000"]
	var want *engine.Case
	for i, e := range es {
		want = engine.Fold(want, e)
		if i%97 != 0 && i != len(es)-1 {
			continue
		}
		got, err := replay.At(t.Context(), s, "C0000", e.Seq)
		if err != nil {
			t.Fatal(err)
		}
		if d, err := replay.Differ(want, got); d != nil || err != nil {
			t.Fatalf("at %d: %v %v", e.Seq, d, err)
		}
	}
	last, err := replay.At(t.Context(), s, "C0000", 0)
	if err != nil || last.Seq != int64(len(es)) {
		t.Fatalf("the last entry: %v %v", last, err)
	}
}

func TestAtSaysWhyNot(t *testing.T) {
	s := filled(3, 5)
	s.history["C0001"][1] = engine.Entry{Case: "C0001", Seq: 2, Command: engine.Command{Action: "note"}}
	s.history["C0002"] = slices.Delete(s.history["C0002"], 1, 2)
	for _, x := range []struct {
		code string
		seq  int64
		want engine.Code
		says string
	}{
		{"C0000", -1, engine.Invalid, "no entry -1"},
		{"C0000", 7, engine.Invalid, "6 entries only"},
		{"nobody", 0, engine.NotFound, "no history"},
		{"C0001", 3, engine.Precondition, "entry 2 was erased"},
		{"C0002", 0, engine.CorruptHistory, "entry 2 is missing"},
	} {
		if _, err := replay.At(t.Context(), s, x.code, x.seq); engine.CodeOf(err) != x.want || !strings.Contains(err.Error(), x.says) {
			t.Errorf("%s at %d: %v, want %s: %s", x.code, x.seq, err, x.want, x.says)
		}
	}
	if c, err := replay.At(t.Context(), s, "C0001", 1); err != nil || c.Seq != 1 {
		t.Errorf("before the erased entry: %v %v", c, err)
	}
}

// copied is a deep copy to be spoiled.
func copied(t *testing.T, c *engine.Case) *engine.Case {
	t.Helper()
	b, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	out := new(engine.Case)
	if err := engine.Unmarshal(b, out); err != nil {
		t.Fatal(err)
	}
	return out
}

func TestCompareNamesTheFirstDifference(t *testing.T) {
	for want, spoil := range map[string]func(*engine.Case){
		"/requester/name":          func(c *engine.Case) { c.Requester.Name = "Ai đó" },
		"/dossiers/0/data/n1/text": func(c *engine.Case) { c.Dossiers[0].Data["n1"].(map[string]any)["text"] = "khác" },
		"/dossiers/0/data/x~1~0y":  func(c *engine.Case) { c.Dossiers[0].Data["x/~y"] = true },
		"/dossiers/1":              func(c *engine.Case) { c.Dossiers = c.Dossiers[:1] },
		"/seq":                     func(c *engine.Case) { c.Seq-- },
		"/application/child/name":  func(c *engine.Case) { c.App["child"].(map[string]any)["name"] = nil },
		"/dossiers/0/data/n2/n":    func(c *engine.Case) { c.Dossiers[0].Data["n2"].(map[string]any)["n"] = int64(1 << 60) },
		"/timers":                  func(c *engine.Case) { c.Timers = []engine.TimerDue{{ID: "x"}} },
	} {
		s := filled(1, 4)
		s.cases["C0000"] = copied(t, s.cases["C0000"])
		if r := replay.Compare(t.Context(), s, "C0000"); !r.Good() || r.Entries != 5 {
			t.Fatalf("a sound case: %+v", r)
		}
		spoil(s.cases["C0000"])
		r := replay.Compare(t.Context(), s, "C0000")
		if r.Err != nil || r.Difference == nil || r.Difference.Pointer != want {
			t.Errorf("difference %v (%v), want one at %s", r.Difference, r.Err, want)
		}
	}
}

func TestAllTellsInOrder(t *testing.T) {
	s := filled(1203, 9)
	s.cases["C0700"] = copied(t, s.cases["C0700"])
	s.cases["C0700"].Status = engine.CaseEnded
	s.history["C0800"] = s.history["C0800"][:2]
	s.history["C0900"][3].Events = nil
	s.history["C0900"][3].Command.Actor = engine.Actor{}
	var seen []string
	bad, erased := []string{}, 0
	n, err := replay.All(t.Context(), s, 3, func(r replay.Result) {
		seen = append(seen, r.Case)
		if !r.Good() {
			bad = append(bad, fmt.Sprintf("%s %s", r.Case, r.Difference.Pointer))
		}
		if r.Erased {
			erased++
		}
	})
	if err != nil || n != 1203 || len(seen) != 1203 || !slices.IsSorted(seen) {
		t.Fatalf("%d cases, %d told, sorted %v: %v", n, len(seen), slices.IsSorted(seen), err)
	}
	if !slices.Equal(bad, []string{"C0700 /status", "C0800 /dossiers/0/data/n1"}) || erased != 1 {
		t.Errorf("bad %v, erased %d", bad, erased)
	}
}

func TestAllStops(t *testing.T) {
	s := filled(500, 3)
	ctx, cancel := context.WithCancel(t.Context())
	n, err := replay.All(ctx, s, 2, func(replay.Result) { cancel() })
	if err == nil || n == 500 {
		t.Errorf("%d cases, %v", n, err)
	}
}
