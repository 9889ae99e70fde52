package workflows_test

import (
	"encoding/json"
	"math/rand/v2"
	"testing"

	"lienthong/engine"
	"lienthong/engine/machine"
	"lienthong/engine/replay"
	"lienthong/engine/replay/hide"
	"lienthong/workflows"
)

// wandered are random histories of cases that change their version on the way, and
// back, as a store gives them back.
func wandered(t *testing.T, set *machine.Set, n uint64) (out [][]engine.Entry) {
	t.Helper()
	examples := []string{"birth-b3", "birth-b4", "birth-twins"}
	for seed := range n {
		ex, err := workflows.LoadExample(examples[seed%3])
		if err != nil {
			t.Fatal(err)
		}
		w := fileCase(t, set, ex, "C")
		for i := range uint64(50) {
			w.r = rand.New(rand.NewPCG(seed, i))
			if w.one(6) {
				w.migrate()
			} else {
				w.step()
			}
		}
		raw, err := json.Marshal(w.history)
		if err != nil {
			t.Fatal(err)
		}
		var history []engine.Entry
		if err := engine.Unmarshal(raw, &history); err != nil {
			t.Fatal(err)
		}
		out = append(out, history)
	}
	return out
}

// first is the first entry with an event of a kind, or nil.
func first(history []engine.Entry, kind string) *engine.Entry {
	for i := range history {
		for _, v := range history[i].Events {
			if v.Kind() == kind {
				return &history[i]
			}
		}
	}
	return nil
}

// TestMigratedCasesAreDecidedAgain: a case that changed its version, and perhaps back, is
// decided again to every entry; so is its copy with pseudonyms. Where the version that
// it moved to is not there, it parts at that very entry.
func TestMigratedCasesAreDecidedAgain(t *testing.T) {
	set := nextVersion(t)
	shippedOnly, _ := shipped(t)
	h, err := hide.New([]byte("a key of the tests, long enough"), set)
	if err != nil {
		t.Fatal(err)
	}
	moved, back, missing := 0, 0, 0
	for _, history := range wandered(t, set, 18) {
		if first(history, "migrated") != nil {
			moved++
		}
		if first(history, "reverted") != nil {
			back++
		}
		if o := replay.Again(set, history, replay.Options{}); o.Verdict != replay.Identical {
			t.Errorf("%s", o)
		}
		hidden, err := h.Case(history)
		if err != nil {
			t.Fatal(err)
		}
		if o := replay.Again(set, hidden, replay.Options{}); o.Verdict != replay.Identical {
			t.Errorf("with pseudonyms: %s", o)
		}
		e := first(history, "migrated")
		if e == nil || engine.Str(e.Command.Input, "version") != "2027-01-01" {
			continue
		}
		missing++
		o := replay.Again(shippedOnly, history, replay.Options{})
		if f := o.First; f == nil || f.Seq != e.Seq || f.Kind != replay.ByRefusal || f.Got != string(engine.NotFound) {
			t.Errorf("without the version that it moved to: %s", o)
		}
	}
	if moved < 5 || back < 2 || missing < 2 {
		t.Errorf("%d moved, %d back, %d to a version that is not shipped", moved, back, missing)
	}
}
