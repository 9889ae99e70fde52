package workflows_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
	"time"

	"lienthong/engine"
	"lienthong/engine/calendar"
	"lienthong/engine/runtime"
	"lienthong/store/memory"
	"lienthong/workflows"
)

// nobody stands for registries that are not asked.
type nobody struct{}

func (nobody) Send(context.Context, engine.Delivery) runtime.Answer {
	return runtime.Answer{Outcome: runtime.Transient}
}
func (nobody) Ask(context.Context, engine.Delivery) runtime.Answer {
	return runtime.Answer{Outcome: runtime.Transient}
}

// on is the instant at which the running cases are moved: after all of them were
// last touched, before any calendar that their walks did not know.
var on = time.Date(2026, 10, 5, 8, 0, 0, 0, calendar.Zone)

// running fills a store with birth cases of version B3 that were walked at random
// for a while.
func running(t *testing.T, n int) (*runtime.Runtime, *memory.Store) {
	t.Helper()
	set, err := load()
	if err != nil {
		t.Fatal(err)
	}
	store := memory.New()
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	for i := range n {
		ex, err := workflows.LoadExample("birth-b3")
		if err != nil {
			t.Fatal(err)
		}
		child := ex.Application["children"].([]any)[0].(map[string]any)
		child["notice"] = map[string]any{"code": fmt.Sprintf("48001.GCS.%05d.26", i)}
		w := fileCase(t, set, ex, fmt.Sprintf("H-%03d", i))
		for k := range i % 40 {
			w.r = rand.New(rand.NewPCG(uint64(i), uint64(k)))
			w.staying()
		}
		if err := store.Append(t.Context(), engine.Change{Case: w.c, Entries: w.history}); err != nil {
			t.Fatal(err)
		}
	}
	rt, err := runtime.New(runtime.Config{Store: store, Definitions: set, Exchange: nobody{}, Clock: runtime.NewVirtual(on, false)})
	if err != nil {
		t.Fatal(err)
	}
	return rt, store
}

// staying is a step that leaves the case under its version.
func (w *walk) staying() {
	switch n := w.r.IntN(10); {
	case n < 4:
		w.reply()
	case n < 9:
		w.now = w.now.Add(time.Duration(w.r.IntN(40)) * time.Minute)
		w.act(true)
	default:
		w.citizen()
	}
}

const b3, b4 = "2024-07-01", "2026-09-01"

// TestMigrationOfRunningCases moves birth cases in many states from B3 to B4: the dry
// run tells of each what the real one does, nothing else changes, and until the next
// entry each can be taken back.
func TestMigrationOfRunningCases(t *testing.T) {
	rt, store := running(t, 80)
	ctx := t.Context()
	ask := runtime.Migration{Actor: administrator, Service: "birth", From: b3, To: b4, Reason: "NĐ 301/2026/NĐ-CP", DryRun: true}
	dry, err := rt.Migrate(ctx, ask)
	if err != nil {
		t.Fatal(err)
	}
	before := map[string]*engine.Case{}
	for _, m := range dry.Cases {
		if before[m.Case], err = store.Load(ctx, m.Case); err != nil {
			t.Fatal(err)
		}
		if before[m.Case].Version != b3 {
			t.Fatalf("the dry run moved %s", m.Case)
		}
	}
	ask.DryRun = false
	real, err := rt.Migrate(ctx, ask)
	if err != nil {
		t.Fatal(err)
	}
	if real.Moved != dry.Moved || real.Refused != dry.Refused || len(real.Cases) != len(dry.Cases) || dry.Moved < 20 || dry.Refused < 5 {
		t.Fatalf("dry: %d moved, %d refused; real: %d, %d", dry.Moved, dry.Refused, real.Moved, real.Refused)
	}
	states := map[string]bool{}
	for i, m := range real.Cases {
		if d := dry.Cases[i]; !reflect.DeepEqual(timeless(m), timeless(d)) {
			t.Errorf("the dry run said\n%+v, and what happened is\n%+v", d, m)
		}
		after, err := store.Load(ctx, m.Case)
		if err != nil {
			t.Fatal(err)
		}
		was := before[m.Case]
		if m.Refused != nil {
			if after.Version != b3 || m.Refused.Detail.VI == "" || m.Refused.Detail.EN == "" {
				t.Errorf("%s was refused: version %s, %v", m.Case, after.Version, m.Refused)
			}
			continue
		}
		for _, d := range was.Dossiers {
			if d.Status == engine.StatusOpen {
				states[d.Step+"."+d.State] = true
			}
		}
		moved(t, rt, store, was, after)
	}
	if len(states) < 8 {
		t.Errorf("only %d states were left: %v", len(states), states)
	}
	if n, err := rt.Migrate(ctx, ask); err != nil || n.Moved != 0 {
		t.Errorf("again: %d moved, %v", n.Moved, err)
	}
	t.Logf("%d moved, %d stayed, out of %d states", real.Moved, real.Refused, len(states))
	takeBack(t, rt, store, real, before)
}

// A state map that names what the versions do not have is refused though no case is there.
func TestMigrationByAWrongStateMap(t *testing.T) {
	rt, _ := running(t, 0)
	for _, x := range []struct{ step, from, to, pointer string }{
		{"birth", "nowhere", "received", "/states/birth/nowhere"},
		{"birth", "received", "nowhere", "/states/birth/received"},
		{"nothing", "received", "received", "/states/nothing"},
	} {
		_, err := rt.Migrate(t.Context(), runtime.Migration{Actor: administrator, Service: "birth", From: b3, To: b4,
			States: map[string]map[string]string{x.step: {x.from: x.to}}, DryRun: x.to == "nowhere"})
		var no *engine.Error
		if !errors.As(err, &no) || no.Code != engine.Invalid || len(no.Problems) != 1 || no.Problems[0].Pointer != x.pointer {
			t.Errorf("%+v: %v", x, err)
		}
	}
}

// counting counts the cases that are loaded.
type counting struct {
	*memory.Store
	loaded int
}

func (c *counting) Load(ctx context.Context, code string) (*engine.Case, error) {
	c.loaded++
	return c.Store.Load(ctx, code)
}

// TestMigrationLooksAtItsOwnCasesOnly: whatever else is open, each call loads the
// cases that it tells of and no others, and page after page tells of each once.
func TestMigrationLooksAtItsOwnCasesOnly(t *testing.T) {
	_, store := running(t, 30)
	set, err := load()
	if err != nil {
		t.Fatal(err)
	}
	for i := range 60 { // of another version, between the others
		ex, err := workflows.LoadExample("birth-b4")
		if err != nil {
			t.Fatal(err)
		}
		child := ex.Application["children"].([]any)[0].(map[string]any)
		child["notice"] = map[string]any{"code": fmt.Sprintf("48001.GCS.%05d.27", i)}
		w := fileCase(t, set, ex, fmt.Sprintf("H-%03d-other", i))
		if err := store.Append(t.Context(), engine.Change{Case: w.c, Entries: w.history}); err != nil {
			t.Fatal(err)
		}
	}
	c := &counting{Store: store}
	rt, err := runtime.New(runtime.Config{Store: c, Definitions: set, Exchange: nobody{}, Clock: runtime.NewVirtual(on, false)})
	if err != nil {
		t.Fatal(err)
	}
	want, err := store.OpenUnder(t.Context(), "birth", b3, "", 0)
	if err != nil {
		t.Fatal(err)
	}
	ask := runtime.Migration{Actor: administrator, Service: "birth", From: b3, To: b4, Limit: 7, DryRun: true}
	var told []string
	for calls := 1; ; calls++ {
		c.loaded = 0
		ms, err := rt.Migrate(t.Context(), ask)
		if err != nil {
			t.Fatal(err)
		}
		if c.loaded != len(ms.Cases) || len(ms.Cases) > ask.Limit || calls > 10 {
			t.Fatalf("call %d: %d cases loaded, %d told", calls, c.loaded, len(ms.Cases))
		}
		for _, m := range ms.Cases {
			told = append(told, m.Case)
		}
		if ask.After = ms.Next; ask.After == "" {
			break
		}
	}
	if len(told) < 20 || !slices.Equal(told, want) {
		t.Errorf("%d cases told, %d are open under %s:\n%v\n%v", len(told), len(want), b3, told, want)
	}
}

// timeless leaves out the fields that a repetition gives anew.
func timeless(m runtime.CaseMigration) runtime.CaseMigration {
	if m.Refused != nil {
		m.Refused = &engine.Error{Code: m.Refused.Code, Detail: m.Refused.Detail}
	}
	return m
}

// moved checks one case after its migration.
func moved(t *testing.T, rt *runtime.Runtime, store *memory.Store, was, now *engine.Case) {
	t.Helper()
	identity := now.Dossier("identity")
	if now.Version != b4 || now.Undo == nil || identity == nil || identity.Code == "" {
		t.Fatalf("%s: version %s, undo %v, identity %+v", now.Code, now.Version, now.Undo, identity)
	}
	set, err := load()
	if err != nil {
		t.Fatal(err)
	}
	due, err := engine.Decide(set, was, engine.Command{Action: engine.ActTick, Case: was.Code}, engine.Facts{}, on)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range due { // what was due fires first, as before any command
		was = engine.Fold(was, e)
	}
	for _, d := range was.Dossiers { // B4 changes nothing of the procedures: states and due times stay
		n := now.Dossier(d.Step)
		if n.State != d.State || !n.Due().Equal(d.Due()) || !n.Entered.Equal(d.Entered) || n.Assignee != d.Assignee {
			t.Errorf("%s %s: %s due %v became %s due %v", was.Code, d.Step, d.State, d.Due(), n.State, n.Due())
		}
	}
	entries, err := store.History(t.Context(), now.Code, 1, 0)
	if err != nil {
		t.Fatal(err)
	}
	last := entries[len(entries)-1]
	if last.Command.Action != engine.ActMigrate || last.Command.Actor.ID != "admin" || last.Versions.Definition != now.Hash {
		t.Errorf("%s: the last entry is %s by %s under %s", now.Code, last.Command.Action, last.Command.Actor.ID, last.Versions.Definition)
	}
	var folded *engine.Case
	for _, e := range entries {
		folded = engine.Fold(folded, e)
	}
	if text(folded) != text(now) {
		t.Errorf("%s: history gives\n%s, the store has\n%s", now.Code, text(folded), text(now))
	}
	if found, err := rt.StuckStep(t.Context()); err != nil || len(found) > 0 {
		t.Fatalf("stuck: %v, %v", found, err)
	}
}

// takeBack reverts every second case, and tries to where something else happened.
func takeBack(t *testing.T, rt *runtime.Runtime, store *memory.Store, ms runtime.Migrations, before map[string]*engine.Case) {
	t.Helper()
	back, late := 0, 0
	for i, m := range ms.Cases {
		if m.Refused != nil {
			continue
		}
		c, err := store.Load(t.Context(), m.Case)
		if err != nil {
			t.Fatal(err)
		}
		other := false
		for _, d := range c.Dossiers {
			if i%2 == 1 && !other && d.Status == engine.StatusOpen {
				rev := d.Rev
				_, err := rt.Do(t.Context(), runtime.Request{Command: engine.Command{Action: engine.ActAssign, Case: c.Code, Step: d.Step, IfMatch: &rev,
					Input: map[string]any{"account": "x"}, Actor: engine.Actor{Kind: engine.Staff, ID: "boss", Office: d.Office, Roles: []string{engine.ByLeader}}}})
				other = err == nil
			}
		}
		_, err = rt.Do(t.Context(), runtime.Request{Command: engine.Command{Action: engine.ActRevert, Case: c.Code, Actor: administrator}})
		if other {
			if late++; engine.CodeOf(err) != engine.WrongState {
				t.Errorf("%s was taken back after something else: %v", c.Code, err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s was not taken back: %v", c.Code, err)
			continue
		}
		back++
		now, err := store.Load(t.Context(), c.Code)
		if err != nil {
			t.Fatal(err)
		}
		was := before[c.Code]
		if now.Version != b3 || now.Dossier("identity") != nil || now.Undo != nil || len(now.Dossiers) != len(was.Dossiers) {
			t.Errorf("%s: version %s, %d dossiers", now.Code, now.Version, len(now.Dossiers))
		}
	}
	if back < 5 || late < 5 {
		t.Errorf("%d taken back, %d too late", back, late)
	}
}
