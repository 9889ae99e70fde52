package sqlite

import (
	"testing"

	"lienthong/engine"
	"lienthong/store/storetest"
)

// TestStats: what the writer counts is what it did.
func TestStats(t *testing.T) {
	s := open(t, t.TempDir(), storetest.Hooks{}).(*Store)
	defer s.Close()
	st := storetest.File(storetest.Filing{Code: "A"})
	c := st.Change()
	if err := s.Append(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	if err := s.Append(t.Context(), c); engine.CodeOf(err) != engine.StaleVersion {
		t.Fatalf("filed twice: %v", err)
	}
	if err := s.EndSession(t.Context(), "x"); err != nil {
		t.Fatal(err)
	}
	got := s.Stats()
	if got.Commits != 3 || got.Calls != 3 || got.Entries != 1 || got.Bytes == 0 || got.Took <= 0 || len(got.Within) != len(Bounds) || got.Within[len(Bounds)-1] != 3 {
		t.Errorf("stats: %+v", got)
	}
}
