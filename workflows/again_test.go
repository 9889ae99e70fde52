package workflows_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"lienthong/engine"
	"lienthong/engine/machine"
	"lienthong/engine/replay"
	"lienthong/workflows"
)

// TestDecidedAgainIsIdentical: whatever happened to a case, its kept commands under
// the same definitions give every entry again.
func TestDecidedAgainIsIdentical(t *testing.T) {
	set, files := shipped(t)
	entries := 0
	walk := rapid.Custom(func(rt *rapid.T) []engine.Entry { return stored(rt, set, files) })
	for seed := range fewer(40) {
		history := walk.Example(seed)
		entries = max(entries, len(history))
		if o := replay.Again(set, history, replay.Options{}); o.Verdict != replay.Identical {
			t.Fatalf("seed %d: %s", seed, o)
		}
	}
	if entries < 10 {
		t.Errorf("the longest history had %d entries", entries)
	}
}

// TestWordsOfMessagesAreNoOtherHistory: a history whose messages do not say yet what
// silence means, or call a field otherwise, is decided to the same entries.
func TestWordsOfMessagesAreNoOtherHistory(t *testing.T) {
	set, files := shipped(t)
	walk := rapid.Custom(func(rt *rapid.T) []engine.Entry { return stored(rt, set, files) })
	thens, labels := 0, 0
	for seed := range fewer(40) {
		history := walk.Example(seed)
		for _, e := range history {
			for _, v := range e.Events {
				n, ok := v.(engine.Notified)
				if !ok {
					continue
				}
				if n.Params["then"] != nil {
					thens++
					delete(n.Params, "then")
				}
				items, _ := n.Params["items"].([]any)
				for _, x := range items {
					labels++
					x.(map[string]any)["label"] = map[string]any{"vi": "Tên khác", "en": "Another name"}
				}
			}
		}
		if o := replay.Again(set, history, replay.Options{}); o.Verdict != replay.Identical {
			t.Fatalf("seed %d: %s", seed, o)
		}
	}
	if thens == 0 || labels == 0 {
		t.Errorf("%d messages said what silence means, %d items were named", thens, labels)
	}
}

// stored is a random history as a store gives it back.
func stored(rt *rapid.T, set *machine.Set, files []string) (history []engine.Entry) {
	raw, err := json.Marshal(walked(rt, set, files, 120).history)
	if err != nil {
		rt.Fatal(err)
	}
	if err := engine.Unmarshal(raw, &history); err != nil {
		rt.Fatal(err)
	}
	return history
}

// edited compiles the definitions with one file's text changed.
func edited(t *testing.T, name, old, new string) *machine.Set {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(dir, workflows.Files()); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, filepath.FromSlash(name))
	b, err := os.ReadFile(path)
	if err != nil || strings.Count(string(b), old) != 1 {
		t.Fatalf("%s has %d times %q (%v)", name, strings.Count(string(b), old), old, err)
	}
	if err := os.WriteFile(path, []byte(strings.Replace(string(b), old, new, 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	set, err := workflows.LoadDir(os.DirFS(dir))
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// TestAnyHistoryUnderOtherDefinitions: a change of the law never breaks the bench; it
// gives a verdict for every case, and the commands that no longer apply have a reason.
func TestAnyHistoryUnderOtherDefinitions(t *testing.T) {
	set, files := shipped(t)
	files = slices.DeleteFunc(files, func(f string) bool { return !strings.HasPrefix(f, "birth") })
	other := edited(t, "procedures/birth_registration.yaml", "7 working days: expire", "2 working days: expire")
	seen := map[replay.Verdict]int{}
	walk := rapid.Custom(func(rt *rapid.T) []engine.Entry { return stored(rt, set, files) })
	for seed := range fewer(40) {
		history := walk.Example(seed)
		o := replay.Again(other, history, replay.Options{})
		seen[o.Verdict]++
		switch {
		case o.Verdict == replay.Unread || o.Verdict == replay.Blank:
			t.Fatalf("seed %d: %s", seed, o)
		case (o.Verdict == replay.Identical) != (o.First == nil):
			t.Fatalf("seed %d: %s", seed, o)
		}
		for _, f := range o.Refused {
			if f.Why.IsZero() || f.Code == "" || f.Seq <= o.First.Seq-1 {
				t.Fatalf("refused without a reason: %+v in %s", f, o)
			}
		}
		for i := range history {
			history[i].Versions.Engine = "0"
		}
		if was := replay.Again(other, history, replay.Options{}); o.First != nil && (strings.Contains(o.String(), "by rules") || !strings.Contains(was.String(), "decided by rules 0 of")) {
			t.Fatalf("seed %d: %s, and of older rules %s", seed, o, was)
		}
	}
	if seen[replay.Identical] == 0 || seen[replay.SameEnd]+seen[replay.OtherEnd] == 0 {
		t.Errorf("verdicts %v: want both sorts", seen)
	}
}

// TestAPartThatNobodyAskedForIsNoOtherEnd: a version with one more part decides those who
// do not ask for it as before.
func TestAPartThatNobodyAskedForIsNoOtherEnd(t *testing.T) {
	set, files := shipped(t)
	files = slices.DeleteFunc(files, func(f string) bool { return !strings.HasPrefix(f, "birth-b4") })
	const step = "    procedure: child_identity_card\n    at: application.registration.commune\n    needs: [birth]\n    else: absent\n    with: {child: steps.birth.result.child}\n"
	nobody := edited(t, "services/birth-b4.yaml", "  identity:\n", "  second:\n"+step+"    if: application.relation_to_child == 'nobody'\n  identity:\n")
	all := edited(t, "services/birth-b4.yaml", "  identity:\n", "  second:\n"+step+"    if: application.relation_to_child != 'nobody'\n  identity:\n")
	same, other := 0, 0
	walk := rapid.Custom(func(rt *rapid.T) []engine.Entry { return stored(rt, set, files) })
	for seed := range fewer(30) {
		history := walk.Example(seed)
		o := replay.Again(nobody, history, replay.Options{})
		for _, e := range o.Ends {
			if e.Step == "second" && e.Now == "closed" {
				t.Fatalf("seed %d: %s", seed, o)
			}
		}
		if o.Verdict == replay.SameEnd {
			same++
		}
		if o = replay.Again(all, history, replay.Options{}); slices.ContainsFunc(o.Ends, func(e replay.EndDiff) bool { return e.Step == "second" }) {
			other++
		}
	}
	if same == 0 || other == 0 {
		t.Errorf("%d to the same end with a part that nobody asks for, %d otherwise with one that all do", same, other)
	}
}
