package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"lienthong/engine"
	"lienthong/engine/simulate"
	"lienthong/workflows"
)

func TestSimulate(t *testing.T) {
	dir := t.TempDir()
	plan, page, kept := filepath.Join(dir, "leave.yaml"), filepath.Join(dir, "report.html"), filepath.Join(dir, "kept.json")
	leave := "name: {vi: Nghỉ phép, en: On leave}\nclerks:\n  leave:\n    - {office: civil_status, role: officer, people: 2, from: 2026-09-08, to: 2026-09-10}\n"
	if err := os.WriteFile(plan, []byte(leave), 0o600); err != nil {
		t.Fatal(err)
	}
	var out, errs bytes.Buffer
	if code := run([]string{"simulate", "--cases", "15", "--days", "6", "--compare", plan, "--html", page, "--write", kept, "--lang", "en"}, &out, &errs); code != 0 {
		t.Fatalf("exit %d: %s%s", code, out.String(), errs.String())
	}
	if s := out.String(); strings.Count(s, "Every invariant held") != 2 || !strings.Contains(s, "B. On leave") {
		t.Error(s)
	}
	if b, err := os.ReadFile(page); err != nil || !bytes.Contains(b, []byte("B. On leave")) {
		t.Errorf("%v: %.200s", err, b)
	}
	var again struct {
		Good   bool
		Forms  int
		Counts struct{ Entries int }
	}
	out.Reset()
	if code := run([]string{"--json", "simulate", "--fixture", kept, "--store", "sqlite"}, &out, &errs); code != 0 || json.Unmarshal(out.Bytes(), &again) != nil || !again.Good || again.Forms != 15 || again.Counts.Entries == 0 {
		t.Errorf("exit %d: %s%s", code, out.String(), errs.String())
	}
	if err := os.WriteFile(plan, []byte("citizens:\n  silent: often\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"--plan", plan}, {"--faults", filepath.Join(dir, "none.yaml")}, {"--definitions", dir}, {"--cases", "0"}} {
		errs.Reset()
		if code := run(append([]string{"simulate", "--days", "2"}, args...), &out, &errs); code == 0 || errs.Len() == 0 {
			t.Errorf("%v: exit %d, %s", args, code, errs.String())
		}
		if args[0] == "--plan" && !strings.Contains(errs.String(), "leave.yaml:2:11: ") {
			t.Errorf("the plan's mistake has no place: %s", errs.String())
		}
	}
}

// losing is a store that loses each request to enter a birth in the register.
type losing struct{ engine.Store }

func (l losing) Claim(ctx context.Context, node string, now, lease time.Time, limit int, except ...string) ([]engine.Delivery, error) {
	ds, err := l.Store.Claim(ctx, node, now, lease, limit, except...)
	return slices.DeleteFunc(ds, func(d engine.Delivery) bool { return d.Operation == "register_birth" }), err
}

func (l losing) Delivery(ctx context.Context, key string) (*engine.Delivery, error) {
	d, err := l.Store.Delivery(ctx, key)
	if err == nil && d.Operation == "register_birth" {
		return nil, &engine.Error{Code: engine.NotFound}
	}
	return d, err
}

// TestSimulateThatBreaks: a promise that is broken is told with its seed and the acts
// before it, made small, kept, and broken again by what was kept; exit 1.
func TestSimulateThatBreaks(t *testing.T) {
	kept := filepath.Join(t.TempDir(), "kept.json")
	play := func(c simulateCommand) (string, error) {
		var out bytes.Buffer
		c.Lang = "en"
		err := c.Run(&env{ctx: t.Context(), out: &out, errs: &out})
		return out.String(), err
	}
	over := func(s engine.Store) engine.Store { return losing{s} }
	told, err := play(simulateCommand{Cases: 12, Days: 12, Seed: 3, Faults: "light", Write: kept, over: over})
	if !errors.Is(err, errNotGood) {
		t.Fatalf("the run ends with %v\n%s", err, told)
	}
	for _, want := range []string{"AN INVARIANT BROKE", "seed 3", "The invariant that broke: stuck (", "The last acts:", " sign ", "The case then: {", "shrunk in ", "citizens ["} {
		if !strings.Contains(told, want) {
			t.Errorf("%q is not told:\n%s", want, told)
		}
	}
	b, err := os.ReadFile(kept)
	if err != nil {
		t.Fatal(err)
	}
	x, err := simulate.ReadFixture(b)
	if err != nil || x.Invariant != "stuck" || len(x.Only) != 1 || len(x.Struck) != 0 {
		t.Fatalf("kept: %v %+v", err, x)
	}
	again, err := play(simulateCommand{Fixture: kept, Faults: "none", over: over})
	if !errors.Is(err, errNotGood) || !strings.Contains(again, x.Why) {
		t.Errorf("what was kept ends with %v, want %s:\n%s", err, x.Why, again)
	}
	if sound, err := play(simulateCommand{Fixture: kept, Faults: "none", Store: "sqlite"}); err != nil {
		t.Errorf("on a sound store: %v\n%s", err, sound)
	}
}

// A folder with definitions and no applications says in both languages what is missing.
func TestSimulateWithoutApplications(t *testing.T) {
	dir := t.TempDir()
	if err := os.CopyFS(dir, workflows.Files()); err != nil {
		t.Fatal(err)
	}
	for lang, want := range map[string]string{"vi": "không có tờ khai nào để nộp trong examples/*.json", "en": "there is no examples/*.json to file"} {
		if code, _, errs := lienthong(t, "simulate", "--definitions", dir, "--lang", lang); code != 1 || !strings.Contains(errs, want) || lang == "vi" && strings.Contains(errs, "does not exist") {
			t.Errorf("exit %d: %s", code, errs)
		}
	}
}
