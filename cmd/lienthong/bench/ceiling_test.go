package bench

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"lienthong/store/rowenc"
	"lienthong/store/sqlite"
)

// TestCeilingAWritesWhatTheEngineWrote: as many rows and bytes in every table, with
// chains that hold.
func TestCeilingAWritesWhatTheEngineWrote(t *testing.T) {
	c := small(t, SQLite)
	recorded, want, err := c.record(t.Context(), c.Dir)
	if err != nil {
		t.Fatal(err)
	}
	if n := want["entries"]; n.Rows != 6*18 || n.Bytes < 6*18*200 || want["cases"].Rows != 6 {
		t.Fatalf("the engine wrote %v", want)
	}
	// Nothing is switched off: what a birth leaves in each table.
	for table, each := range map[string]int64{"entries": 18, "dossiers": 4, "search": 18, "outbox": 17, "notifications": 10, "answers": 11, "access_log": 8,
		"codes": 5, "results": 4, "case_keys": 1, "snapshots": 1} {
		if got := want[table].Rows; got != 6*each {
			t.Errorf("%d rows in %s, want %d for each of 6 cases", got, table, each)
		}
	}
	for _, http := range []bool{false, true} {
		c.HTTP = http
		out, path, err := c.replay(t.Context(), c.Dir, "rows", recorded)
		if err != nil {
			t.Fatal(err)
		}
		if out.Cases != 6 || out.Commands != 6*18 || out.CasesPerSecond <= 0 || out.Approval.P50 <= 0 {
			t.Errorf("figures %+v", out)
		}
		got, err := contents(t.Context(), path)
		if err != nil || !maps.Equal(got, want) {
			t.Errorf("it wrote %v, the engine %v; %v", got, want, err)
		}
		s, err := sqlite.Open(t.Context(), sqlite.Config{Path: path})
		if err != nil {
			t.Fatal(err)
		}
		n, err := s.Verify(t.Context(), func(code string, seq int64, what string) { t.Errorf("%s entry %d: %s", code, seq, what) })
		if err := errors.Join(err, s.Close(), remove(path)); err != nil || n != 6 {
			t.Errorf("verified %d cases: %v", n, err)
		}
	}
}

// TestRatiosComeFromTheRounds measures everything once and recomputes the ratios.
func TestRatiosComeFromTheRounds(t *testing.T) {
	for _, http := range []bool{false, true} {
		ratios(t, http)
	}
}

func ratios(t *testing.T, http bool) {
	c := small(t, SQLite)
	c.Ceiling, c.Runs, c.HTTP = true, 2, http
	r, err := Run(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	x := r.Ceilings
	if len(r.All) != 2 || x == nil || x.Rows.Cases != 6 || x.Bare.Cases != 6*bareTimes || x.Bare.Commands != 6*bareTimes*bareCommands || x.Bare.Commits < 1 {
		t.Fatalf("%d runs, ceilings %+v", len(r.All), x)
	}
	for name, p := range map[string][2]float64{
		"rows": {x.RatioToRows.Median, r.CasesPerSecond / x.Rows.CasesPerSecond}, "bare": {x.RatioToCeiling.Median, r.CasesPerSecond / x.Bare.CasesPerSecond},
		"commands": {x.CommandsRatio.Median, r.EntriesPerSecond / x.Bare.CommandsPerSecond},
	} {
		if p[0] <= 0 || p[0]/p[1] < 0.999 || p[0]/p[1] > 1.001 {
			t.Errorf("ratio to %s is %v, the figures give %v", name, p[0], p[1])
		}
	}
	left, err := filepath.Glob(filepath.Join(c.Dir, "*"))
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
}

func TestCompare(t *testing.T) {
	got := compare([]Figures{{Cases: 5, CPUSeconds: 1, CasesPerSecond: 10, EntriesPerSecond: 180}, {Cases: 5, CPUSeconds: 1, CasesPerSecond: 30, EntriesPerSecond: 540}},
		[]Ceiling{{Cases: 8, CPUSeconds: 1, CasesPerSecond: 20}, {Cases: 8, CPUSeconds: 1, CasesPerSecond: 40}}, []Ceiling{{CasesPerSecond: 100, CommandsPerSecond: 700}, {CasesPerSecond: 200, CommandsPerSecond: 1400}})
	want := Ceilings{Rows: Ceiling{Cases: 8, CPUSeconds: 1, CasesPerSecond: 30}, Bare: Ceiling{CasesPerSecond: 150, CommandsPerSecond: 1050},
		RatioToRows: Ratio{20.0 / 30, 0.5, 0.75}, RatioToCeiling: Ratio{20.0 / 150, 0.1, 0.15}, CommandsRatio: Ratio{360.0 / 1050, 180.0 / 700, 540.0 / 1400}, CPURatio: Ratio{0.625, 0.625, 0.625}}
	if *got != want {
		t.Errorf("got  %+v\nwant %+v", *got, want)
	}
}

// TestBareWriterRefusesTheSlower: of two commands for one revision one is written,
// and its neighbours are not touched.
func TestBareWriterRefusesTheSlower(t *testing.T) {
	b, err := openBare(t.Context(), filepath.Join(t.TempDir(), "bare.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := b.close(); err != nil {
			t.Error(err)
		}
	}()
	errs := make(chan error, 8)
	for range 2 {
		for _, code := range []string{"a", "b", "c", "d"} {
			go func() { errs <- b.do(code, 0, 1, "filed", []byte("x")) }()
		}
	}
	good := 0
	for range 8 {
		switch err := <-errs; {
		case err == nil:
			good++
		case !errors.Is(err, errFaster):
			t.Error(err)
		}
	}
	if good != 4 {
		t.Errorf("%d of 8 were written", good)
	}
	if err := b.do("a", 0, 3, "too far", nil); !errors.Is(err, errFaster) {
		t.Errorf("a revision was left out: %v", err)
	}
	if err := b.job(t.Context(), "e", here{}, func(time.Duration) {}); err != nil {
		t.Error(err)
	}
	var rows, at int
	if err := b.conn.QueryRowContext(context.Background(), `SELECT (SELECT count(*) FROM history), (SELECT sum(rev) FROM cases)`).Scan(&rows, &at); err != nil {
		t.Fatal(err)
	}
	if rows != 4+bareCommands || at != rows {
		t.Errorf("%d rows of history, revisions sum to %d", rows, at)
	}
}

// TestScriptsAreStraightened: what was noted late finds its place, a delivery is
// leased before it is settled, and a gap is told.
func TestScriptsAreStraightened(t *testing.T) {
	change := func(seq int64) write {
		return write{Change: &sqlite.PreparedChange{Base: seq - 1, Seq: seq}}
	}
	claim := func(key string, seq int64) write { return write{Claimed: []rowenc.DeliveryRow{{Case: key, Seq: seq}}} }
	reset := write{Reset: &rowenc.DeliveryRow{Case: "k1", Seq: 1}}
	s := &recording{Code: "x", Acts: []write{claim("k1", 1), claim("k2", 2), reset, change(2), change(1), claim("k3", 2), change(3)}}
	if err := s.straighten(); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, w := range s.Acts {
		switch {
		case w.Change != nil:
			got = append(got, fmt.Sprint(w.Change.Seq))
		case w.Reset != nil:
			got = append(got, "reset "+w.Reset.Case)
		}
		for _, c := range w.Claimed {
			got = append(got, "claim "+c.Case)
		}
	}
	want := []string{"1", "claim k1", "reset k1", "2", "claim k2", "claim k3", "3"}
	if !slices.Equal(got, want) || len(s.Acts) != 6 {
		t.Errorf("%d writes, order %v", len(s.Acts), got)
	}
	if err := (&recording{Code: "y", Acts: []write{change(2)}}).straighten(); err == nil {
		t.Error("a gap was not told")
	}
}
