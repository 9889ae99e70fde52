package memory

import (
	"testing"

	"lienthong/engine"
	"lienthong/store/storetest"
)

// TestForget: nothing is left of a case that was forgotten, and everything of the
// others.
func TestForget(t *testing.T) {
	s := New()
	for _, code := range []string{"A-1", "A-2"} {
		c := storetest.File(storetest.Filing{Code: code, Key: "key-" + code}).Change()
		c.Answer = &engine.Answer{Actor: "citizen:x", Key: code, Digest: "d", Case: code}
		if err := s.Append(t.Context(), c); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.Project(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	if err := s.Forget("A-1"); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Load(t.Context(), "A-1"); engine.CodeOf(err) != engine.NotFound {
		t.Errorf("a forgotten case loads: %v", err)
	}
	for what, n := range map[string]int{"cases": len(s.cases), "entries": len(s.entries), "keys": len(s.keys), "answers": len(s.answers), "counted": len(s.counted)} {
		if n != 1 {
			t.Errorf("%d %s are left, want those of one case", n, what)
		}
	}
	if _, err := s.Load(t.Context(), "A-2"); err != nil {
		t.Error(err)
	}
	n, err := s.Verify(t.Context(), func(code string, seq int64, what string) { t.Error(code, seq, what) })
	if n != 1 || err != nil {
		t.Errorf("%d cases verified: %v", n, err)
	}
	// Filed anew under the same code and key.
	if err := s.Append(t.Context(), storetest.File(storetest.Filing{Code: "A-1", Key: "key-A-1"}).Change()); err != nil {
		t.Error(err)
	}
}
