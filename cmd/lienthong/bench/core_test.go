package bench

import (
	"testing"

	"lienthong/engine"
)

// playedBirth is the history of one whole linked birth, with its definitions.
func playedBirth(b *testing.B) (engine.Definitions, []engine.Entry) {
	b.Helper()
	set, err := loaded()
	if err != nil {
		b.Fatal(err)
	}
	c := Config{Drivers: 1, Cases: 1, Store: Memory, Dir: b.TempDir(), Definitions: set}.withDefaults()
	s, err := c.open(b.Context(), c.Dir, "x")
	if err != nil {
		b.Fatal(err)
	}
	defer func() {
		if err := s.close(); err != nil {
			b.Error(err)
		}
	}()
	if _, err := c.measure(b.Context(), s); err != nil {
		b.Fatal(err)
	}
	cases, _, err := s.store.CasesOf(b.Context(), familyOf(0).father.ID, "", 0)
	if err != nil || len(cases) != 1 {
		b.Fatal(cases, err)
	}
	entries, err := s.store.History(b.Context(), cases[0].Code, 1, 0)
	if err != nil || len(entries) != 18 {
		b.Fatal(len(entries), err)
	}
	return set, entries
}

// BenchmarkCore is what the pure core costs for a whole linked birth of 18
// entries: deciding with forms, guards, expressions and machines; folding; and
// writing and reading the entries as they are kept.
func BenchmarkCore(b *testing.B) {
	set, entries := playedBirth(b)
	b.Run("decide and fold", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			var c *engine.Case
			for i := range entries {
				e := &entries[i]
				es, err := engine.Decide(set, c, e.Command, e.Facts, e.At)
				if err != nil || len(es) != 1 || len(es[0].Events) != len(e.Events) {
					b.Fatalf("entry %d: %d entries, %v", i, len(es), err)
				}
				c = engine.Fold(c, es[0])
			}
		}
	})
	b.Run("fold", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			var c *engine.Case
			for i := range entries {
				c = engine.Fold(c, entries[i])
			}
		}
	})
	kept := make([][]byte, len(entries))
	b.Run("write entries", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			for i := range entries {
				raw, err := entries[i].AppendJSON(kept[i][:0])
				if err != nil {
					b.Fatal(err)
				}
				kept[i] = raw
			}
		}
	})
	for i := range entries {
		raw, err := entries[i].AppendJSON(nil)
		if err != nil {
			b.Fatal(err)
		}
		kept[i] = raw
	}
	b.Run("read entries", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			for _, raw := range kept {
				var e engine.Entry
				if err := engine.Unmarshal(raw, &e); err != nil {
					b.Fatal(err)
				}
			}
		}
	})
}
