package sqlite

import (
	"bytes"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"lienthong/engine"
	"lienthong/store/storetest"
)

// hurtIndex opens a file of which one leaf of an index is damaged, and what is logged then.
func hurtIndex(t *testing.T, path string, whole []byte, index string) (*Store, *bytes.Buffer) {
	t.Helper()
	var leaves []int
	for page, name := range treesOf(t, path) {
		if at := int(page-1) * 4096; name == index && whole[at] == 10 {
			leaves = append(leaves, at)
		}
	}
	if len(leaves) < 2 {
		t.Fatalf("%s has %d leaves", index, len(leaves))
	}
	b := bytes.Clone(whole)
	b[slices.Min(leaves)] ^= 0xff
	must(t, os.WriteFile(path, b, 0o600))
	log := &bytes.Buffer{}
	s, err := Open(t.Context(), Config{Path: path, Check: CheckOff, Logger: slog.New(slog.NewTextHandler(log, nil))})
	must(t, err)
	return s, log
}

// The index of what may be claimed is damaged: deliveries are claimed and settled all the
// same, but for those whose place in it is on the damaged page; log and verify name it.
func TestDamagedIndexOfTheReadyStopsNoClaims(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.db")
	s, log := hurtIndex(t, path, manyOwing(t, path, 400), "outbox_ready")
	done := sendAll(t, s, "a damaged index")
	if len(done) == 0 {
		t.Error("nothing was sent")
	}
	lines, err := s.Lines(t.Context(), time.Now())
	if must(t, err); len(lines) == 0 || lines[0].Damaged+len(done) != 400 {
		t.Errorf("%d were sent, the sums tell %+v", len(done), lines)
	}
	if _, err := s.Lag(t.Context(), time.Now()); err != nil {
		t.Errorf("the lag: %v", err)
	}
	if n := strings.Count(log.String(), "outbox_ready"); n == 0 {
		t.Errorf("the log does not name it: %s", log)
	}
	must(t, s.Close())
	_, found := examine(t, path, CheckOptions{})
	if !slices.ContainsFunc(found, func(f string) bool { return strings.Contains(f, "outbox_ready") }) {
		t.Errorf("found %q", found)
	}
}

// The index of timers is damaged: due cases are found all the same.
func TestDamagedIndexOfTimersHidesNoneDue(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.db")
	s := desk(t, path)
	for i := range 400 {
		story := storetest.File(storetest.Filing{Code: fmt.Sprintf("K%03d", i)})
		e := engine.TimersSet{Timers: []engine.TimerDue{{Kind: engine.TimerAfter, At: storetest.T0.Add(time.Duration(i) * time.Minute)}}}
		e.Step = "birth"
		must(t, s.Append(t.Context(), story.Go("pause", "birth", e).Change()))
	}
	want, err := s.Due(t.Context(), storetest.T0.AddDate(0, 0, 1), 0)
	must(t, err)
	must(t, s.Close())
	whole, err := os.ReadFile(path)
	must(t, err)
	s, log := hurtIndex(t, path, whole, "cases_timer")
	defer s.Close()
	got, err := s.Due(t.Context(), storetest.T0.AddDate(0, 0, 1), 0)
	if err != nil || len(want) != 400 || !slices.Equal(got, want) {
		t.Errorf("due %v, want %v: %v", got, want, err)
	}
	if !strings.Contains(log.String(), "cases_timer") {
		t.Errorf("the log does not name it: %s", log)
	}
}
