package workflows_test

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"lienthong/engine"
	"lienthong/engine/replay"
	"lienthong/engine/replay/hide"
)

// TestHiddenHistoriesDecideTheSame: whatever happened to a case, its history with
// pseudonyms is decided again to the same entries, and holds no text of a person.
func TestHiddenHistoriesDecideTheSame(t *testing.T) {
	set, files := shipped(t)
	h, err := hide.New([]byte("a key of the tests, long enough"), set)
	if err != nil {
		t.Fatal(err)
	}
	walk := rapid.Custom(func(rt *rapid.T) []engine.Entry { return stored(rt, set, files) })
	for seed := range fewer(25) {
		history := walk.Example(seed)
		hidden, err := h.Case(history)
		if err != nil {
			t.Fatal(err)
		}
		if o := replay.Again(set, hidden, replay.Options{}); o.Verdict != replay.Identical {
			t.Fatalf("%s", o)
		}
		given := slices.Clone(history) // by people and registries; what the law says itself stands in the events
		for i := range given {
			given[i].Events = nil
			given[i].Versions = engine.Versions{} // a hash may end in many digits
		}
		was, is := plainText(t, given), plainText(t, hidden)
		for s := range private(was) {
			if strings.Contains(is, s) {
				t.Fatalf("%q is left in\n%s", s, is)
			}
		}
	}
}

func plainText(t *testing.T, es []engine.Entry) string {
	b, err := json.Marshal(es)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

var (
	number = regexp.MustCompile(`"[^"]*?(\d{9,15})"`)
	named  = regexp.MustCompile(`"(?:name|subject|street|detail|birth_place|death_place|cause|hometown|account|household|comment|reason|note|code)":"([^"]+)"`)
)

// private are the texts of a history that tell who somebody is: names with more than
// one word, long numbers, addresses, and what people wrote.
func private(text string) map[string]bool {
	out := map[string]bool{}
	for _, m := range number.FindAllStringSubmatch(text, -1) {
		out[m[1]] = true
	}
	for _, m := range named.FindAllStringSubmatch(text, -1) {
		if s := m[1]; utf8.RuneCountInString(s) > 6 && strings.Contains(s, " ") {
			out[s] = true
		}
	}
	return out
}
