package storetest

import (
	"encoding/json"
	"errors"
	"testing"
	"time"

	"lienthong/engine"
)

// testPublish: a published version never changes, and what was made the default
// stays on the list.
func testPublish(t *testing.T, x Target) {
	s := x.open(t, Hooks{})
	b3 := engine.Publication{Service: "birth", Version: "2024-07-01", Hash: "aa", Tree: json.RawMessage(`{"code":"x"}`), By: "system", At: T0}
	b4 := engine.Publication{Service: "birth", Version: "2026-09-01", Hash: "bb", Files: map[string]string{"services/b4.yaml": "Khai sinh"}, By: "lan", At: T0.Add(time.Hour)}
	versions := func(ps ...engine.Publication) engine.Publishing { return engine.Publishing{Versions: ps} }
	defaults := func(ds ...engine.DefaultSet) engine.Publishing { return engine.Publishing{Defaults: ds} }
	first := engine.DefaultSet{Service: "birth", Version: "2024-07-01", By: "system", At: T0}
	second := engine.DefaultSet{Service: "birth", Version: "2026-09-01", By: "lan", At: T0.Add(time.Minute), Note: "NĐ 301/2026"}
	wants(t, s.Publish(t.Context(), defaults(first)), engine.NotFound)
	must(t, s.Publish(t.Context(), engine.Publishing{Versions: []engine.Publication{b4, b3}, Defaults: []engine.DefaultSet{first}}))
	again := b4
	again.By, again.At = "somebody else", T0.Add(2*time.Hour)
	must(t, s.Publish(t.Context(), versions(again)))
	other := engine.Publication{Service: "birth", Version: "2026-09-01", Hash: "cc", By: "an", At: T0}
	err := s.Publish(t.Context(), versions(other))
	wants(t, err, engine.Duplicate)
	var e *engine.Error
	if !errors.As(err, &e) || e.Other != "bb" {
		t.Errorf("the hash that stands is not told: %v", err)
	}
	wants(t, s.Publish(t.Context(), versions(engine.Publication{Service: "birth", Version: "x"})), engine.Invalid)
	// All of it or nothing: what comes before the part that is refused is not kept.
	fresh := engine.Publication{Service: "death", Version: "2026-09-01", Hash: "dd", By: "an", At: T0}
	wants(t, s.Publish(t.Context(), versions(fresh, other)), engine.Duplicate)
	wants(t, s.Publish(t.Context(), engine.Publishing{Versions: []engine.Publication{fresh}, Defaults: []engine.DefaultSet{second, {Service: "none"}}}), engine.NotFound)
	got := ok(s.Published(t.Context()))(t)
	if len(got) != 2 {
		t.Fatalf("%d published", len(got))
	}
	same(t, got[0], b4)
	same(t, got[1], b3)
	must(t, s.Publish(t.Context(), defaults(second, first)))
	ds := ok(s.Defaults(t.Context()))(t)
	if len(ds) != 3 {
		t.Fatalf("%d defaults", len(ds))
	}
	same(t, ds[1], second)
	same(t, ds[2], first)
}
