package workflows_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"lienthong/engine"
	"lienthong/engine/calendar"
	"lienthong/store/memory"
	"lienthong/store/sqlite"
	"lienthong/workflows"
)

// counted: whatever happened to the case, every part of it is in exactly one
// standing and, once received, in exactly one of on time and late; the case as a
// whole is counted once.
func (w *walk) counted() {
	n, ended, whole := map[string]int64{}, int64(0), int64(0)
	for _, f := range engine.Contributions(w.c, engine.PastAttempts(w.history)) {
		n[f.Name] += f.Value
		if f.Value <= 0 || f.Service != w.c.Service || !f.Day.Valid() || (f.Name == engine.FigOpenDue || f.Name == engine.FigCaseOpenDue) != (f.Due != 0) {
			w.Fatalf("figure %+v", f)
		}
		if f.Procedure != "" && f.Office == "" {
			w.Fatalf("a part without an office is counted: %+v", f)
		}
		if strings.HasPrefix(f.Name, engine.FigEnded) {
			ended += f.Value
		}
		if strings.HasPrefix(f.Name, engine.FigCaseEnded) {
			whole += f.Value
		}
		if strings.HasPrefix(f.Name, engine.FigRefusedBy) {
			n[engine.FigRefusedBy] += f.Value
			action := strings.TrimPrefix(f.Name, engine.FigRefusedBy)
			known := false
			for _, st := range w.svc.Steps {
				known = known || st.Procedure.ID == f.Procedure && st.Procedure.Action(action) != nil
			}
			if !known {
				w.Fatalf("%q refused a %s", action, f.Procedure)
			}
		}
	}
	for what, sum := range map[string][2]int64{
		"arrived":       {n[engine.FigArrived], n[engine.FigUnreceived] + n[engine.FigRunning] + n[engine.FigPaused] + ended},
		"received":      {n[engine.FigReceived], n[engine.FigOnTime] + n[engine.FigLate] + n[engine.FigOpenLate] + n[engine.FigOpenInTime] + n[engine.FigOpenDue]},
		"channel":       {n[engine.FigReceived], n[engine.FigChannel+"1"] + n[engine.FigChannel+"2"] + n[engine.FigChannel+"3"]},
		"refused":       {n[engine.FigEnded+"refused"], n[engine.FigRefusedBy]},
		"the case":      {n[engine.FigCases], 1},
		"its standing":  {1, n[engine.FigCaseUnpaid] + n[engine.FigCaseRunning] + n[engine.FigCasePaused] + whole},
		"its clock":     {n[engine.FigCaseTimed], n[engine.FigCaseOnTime] + n[engine.FigCaseLate] + n[engine.FigCaseOpenLate] + n[engine.FigCaseOpenInTime] + n[engine.FigCaseOpenDue]},
		"asked again":   {max(n[engine.FigAsked], n[engine.FigAskedAgain]), n[engine.FigAsked]},
		"prefilled":     {max(n[engine.FigFields], n[engine.FigPrefilled]), n[engine.FigFields]},
		"success first": {max(n[engine.FigHandled], n[engine.FigEnded+"success"]), n[engine.FigEnded+"success"]},
	} {
		if sum[0] != sum[1] {
			w.Fatalf("%s: %d is not %d in %v", what, sum[0], sum[1], n)
		}
	}
}

// renamed gives the walk's entries another case code.
func renamed(t *rapid.T, es []engine.Entry, code string) (out []engine.Entry) {
	raw, err := json.Marshal(es)
	if err != nil {
		t.Fatal(err)
	}
	for _, end := range []string{`"`, `-`, `/`} {
		raw = bytes.ReplaceAll(raw, []byte(`"C`+end), []byte(`"`+code+end))
	}
	if err := engine.Unmarshal(raw, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

// TestFiguresAfterWalks: after random walks of several cases, projected while they
// went on, both stores hold the sums that counting all cases gives, and hold them
// still when they have counted all again.
func TestFiguresAfterWalks(t *testing.T) {
	set, files := shipped(t)
	base, runs := t.TempDir(), 0
	rapid.Check(t, func(rt *rapid.T) {
		if runs++; runs > 12 { // each opens a database and waits for the disk
			return
		}
		dir, err := os.MkdirTemp(base, "")
		if err != nil {
			rt.Fatal(err)
		}
		db, err := sqlite.Open(t.Context(), sqlite.Config{Path: filepath.Join(dir, "x.db")})
		if err != nil {
			rt.Fatal(err)
		}
		defer db.Close()
		mem := memory.New()
		defer mem.Close()
		stores := []engine.Store{mem, db}
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(rt, "order"), 1))
		offices := []string{""}
		for _, o := range set.Offices() {
			offices = append(offices, o.ID)
		}
		scratch := map[engine.Figure]int64{}
		for i := range 4 {
			ex, err := workflows.LoadExample(strings.TrimSuffix(rapid.SampledFrom(files).Draw(rt, "example"), ".json"))
			if err != nil {
				rt.Fatal(err)
			}
			w := file(rt, set, ex)
			seed := rapid.Uint64().Draw(rt, "seed")
			for k := range rapid.IntRange(1, 120).Draw(rt, "steps") {
				w.r = rand.New(rand.NewPCG(seed, uint64(k)))
				w.step()
			}
			tell(t, rt, stores, r, renamed(rt, w.history, fmt.Sprintf("W%d", i)))
			code := fmt.Sprintf("W%d", i)
			if c, err := mem.Load(t.Context(), code); err == nil {
				history, err := mem.History(t.Context(), code, 1, 0)
				if err != nil {
					rt.Fatal(err)
				}
				for _, f := range engine.Contributions(c, engine.PastAttempts(history)) {
					f.Day = ""
					engine.Sum(scratch, []engine.Figure{f}, 1)
				}
			}
		}
		want := text(engine.FiguresOf(scratch))
		q := engine.SumQuery{Offices: offices, From: "2024-01-01", To: calendar.Date("2040-01-01")}
		for _, s := range stores {
			for n := 1; n > 0; {
				if n, err = s.Project(t.Context(), 7); err != nil {
					rt.Fatal(err)
				}
			}
			for _, when := range []string{"projected", "counted again"} {
				fs, err := s.Sums(t.Context(), q)
				if err != nil {
					rt.Fatal(err)
				}
				if got := text(fs); got != want {
					rt.Fatalf("%T, %s:\n%s\nfrom scratch:\n%s", s, when, got, want)
				}
				if err := s.Rebuild(t.Context()); err != nil {
					rt.Fatal(err)
				}
			}
		}
	})
}

// tell gives a history to the stores in pieces, with the projector at work between
// them. A case whose key another one holds ends there, in both.
func tell(t *testing.T, rt *rapid.T, stores []engine.Store, r *rand.Rand, es []engine.Entry) {
	var c *engine.Case
	for len(es) > 0 {
		n := 1 + r.IntN(min(len(es), 12))
		base := int64(0)
		if c != nil {
			base = c.Seq
		}
		for _, e := range es[:n] {
			c = engine.Fold(c, e)
		}
		refused := 0
		for _, s := range stores {
			err := s.Append(context.WithoutCancel(t.Context()), engine.Change{Case: c, Base: base, Entries: es[:n]})
			switch engine.CodeOf(err) {
			case "":
			case engine.Duplicate:
				refused++
			default:
				rt.Fatal(err)
			}
			if r.IntN(3) == 0 {
				if _, err := s.Project(t.Context(), 1+r.IntN(9)); err != nil {
					rt.Fatal(err)
				}
			}
		}
		if refused != 0 && refused != len(stores) {
			rt.Fatal("the stores differ over a duplicate")
		}
		if refused > 0 {
			return
		}
		es = es[n:]
	}
}
