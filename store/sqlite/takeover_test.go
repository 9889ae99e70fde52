package sqlite_test

import (
	"path/filepath"
	"testing"
	"time"

	"lienthong/engine"
	"lienthong/store/sqlite"
	"lienthong/store/storetest"
)

// TestTakeOver: a process that starts on a file whose last one died under way may
// send at once, and the dead one's acknowledgement would come too late.
func TestTakeOver(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cases.db")
	now := time.Now()
	start := func(takeOver bool) engine.Store {
		s, err := sqlite.Open(t.Context(), sqlite.Config{Path: path, TakeOver: takeOver})
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	claim := func(s engine.Store) []engine.Delivery {
		ds, err := s.Claim(t.Context(), "n", now, now.Add(time.Hour), 10)
		if err != nil {
			t.Fatal(err)
		}
		return ds
	}
	s := start(true)
	story := storetest.File(storetest.Filing{Code: "A"})
	story.Go("receive", "birth", engine.Requested{Key: "A/2/0", Registry: "civil_status", Operation: "register", Input: map[string]any{}})
	if err := s.Append(t.Context(), story.Change()); err != nil {
		t.Fatal(err)
	}
	before := claim(s)
	if len(before) == 0 {
		t.Fatal("nothing to claim")
	}
	if err := s.Close(); err != nil { // as if it had died: the leases stand
		t.Fatal(err)
	}
	s = start(false)
	if n := len(claim(s)); n != 0 {
		t.Errorf("%d deliveries claimed although their lease runs", n)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = start(true)
	defer s.Close()
	if err := s.Settle(t.Context(), before[0]); engine.CodeOf(err) != engine.StaleVersion {
		t.Errorf("the dead process's acknowledgement: %v, want stale_version", err)
	}
	if n := len(claim(s)); n != len(before) {
		t.Errorf("%d deliveries claimed after taking over, want %d", n, len(before))
	}
}
