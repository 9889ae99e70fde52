package machine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/looplab/fsm"
	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"lienthong/engine"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// turnstile has a move, a self-loop, a choice and an action that stays.
func turnstile() *engine.Procedure {
	return &engine.Procedure{ID: "turnstile",
		States: []*engine.State{{ID: "locked"}, {ID: "open"}, {ID: "broken", Final: engine.FinalRefused}},
		Actions: []*engine.Action{
			{ID: "pay", From: []string{"locked"}, To: []engine.Target{{State: "open"}}},
			{ID: "push", From: []string{"open"}, To: []engine.Target{{State: "locked"}, {State: "broken"}}},
			{ID: "kick", From: []string{"locked", "open"}, To: []engine.Target{{State: "locked"}, {State: "broken"}}},
			{ID: "look", From: []string{"locked", "open", "broken"}},
		}}
}

func TestFire(t *testing.T) {
	m := newMachine(turnstile())
	boom := errors.New("boom")
	for _, c := range []struct {
		state, action, target string
		guard                 error
		next                  string
		code                  engine.Code
	}{
		{"locked", "pay", "open", nil, "open", ""},
		{"open", "push", "broken", nil, "broken", ""},
		{"locked", "kick", "locked", nil, "locked", ""}, // a self-loop is a success
		{"locked", "look", "", nil, "locked", ""},
		{"broken", "look", "broken", nil, "broken", ""},
		{"locked", "pay", "open", boom, "", ""},
		{"locked", "kick", "locked", boom, "", ""},
		{"locked", "push", "locked", nil, "", engine.WrongState},
		{"locked", "fly", "locked", nil, "", engine.WrongState},
		{"nowhere", "pay", "open", nil, "", engine.WrongState},
		{"locked", "pay", "broken", nil, "", engine.Internal},
	} {
		next, err := m.Fire(c.state, c.action, c.target, func() error { return c.guard })
		if next != c.next || c.guard != nil && err != c.guard || c.guard == nil && engine.CodeOf(err) != c.code {
			t.Errorf("%s.%s→%s: %q, %v", c.state, c.action, c.target, next, err)
		}
		var e *engine.Error
		if errors.As(err, &e) && e.Code == engine.WrongState && !slices.Equal(e.Legal, m.Legal(c.state)) {
			t.Errorf("%s: legal %v", c.state, e.Legal)
		}
	}
}

// TestFireAgreesWithModel compares Fire with a map, over every state and action.
func TestFireAgreesWithModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		names := []string{"a", "b", "c", "d"}
		p := &engine.Procedure{ID: "p"}
		model := map[[2]string][]string{}
		for i := range rapid.IntRange(1, 6).Draw(t, "actions") {
			a := &engine.Action{ID: fmt.Sprintf("act%d", i), From: rapid.SliceOfNDistinct(rapid.SampledFrom(names), 1, 4, rapid.ID[string]).Draw(t, "from")}
			for _, to := range rapid.SliceOfN(rapid.SampledFrom(names), 0, 3).Draw(t, "to") {
				a.To = append(a.To, engine.Target{State: to})
			}
			for _, f := range a.From {
				for _, to := range a.To {
					model[[2]string{f, a.ID}] = append(model[[2]string{f, a.ID}], to.State)
				}
				if len(a.To) == 0 {
					model[[2]string{f, a.ID}] = []string{f}
				}
			}
			p.Actions = append(p.Actions, a)
		}
		m := newMachine(p)
		state, target := rapid.SampledFrom(names).Draw(t, "state"), rapid.SampledFrom(names).Draw(t, "target")
		action := fmt.Sprintf("act%d", rapid.IntRange(0, 6).Draw(t, "action"))
		next, err := m.Fire(state, action, target, nil)
		targets, legal := model[[2]string{state, action}]
		switch {
		case !legal && engine.CodeOf(err) != engine.WrongState,
			legal && !slices.Contains(targets, target) && engine.CodeOf(err) != engine.Internal,
			legal && slices.Contains(targets, target) && (err != nil || next != target):
			t.Fatalf("%s.%s→%s: %q, %v", state, action, target, next, err)
		}
	})
}

func two(callbacks fsm.Callbacks) *fsm.FSM {
	return fsm.NewFSM("a", fsm.Events{{Name: "go", Src: []string{"a"}, Dst: "b"}, {Name: "back", Src: []string{"b"}, Dst: "a"}}, callbacks)
}

// The tests below pin what looplab/fsm v1.0.3 does, so that a change is noticed
// when its version moves, and show that Fire is not reached by it.

func TestTrap1CancelledContextWedges(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	f := two(nil)
	if err := f.Event(ctx, "go"); !errors.Is(err, context.Canceled) || f.Current() != "a" {
		t.Fatal(err, f.Current())
	}
	var busy fsm.InTransitionError
	if err := f.Event(t.Context(), "go"); !errors.As(err, &busy) {
		t.Fatalf("the library no longer wedges: %v", err)
	}
	if f.Can("go") || len(f.AvailableTransitions()) != 1 {
		t.Fatal("Can and AvailableTransitions agree now")
	}
	m := newMachine(turnstile()) // Fire takes no context, and keeps no FSM
	for range 2 {
		if _, err := m.Fire("locked", "pay", "open", nil); err != nil {
			t.Fatal(err)
		}
	}
}

func TestTrap2PanicWedges(t *testing.T) {
	f := two(fsm.Callbacks{"leave_a": func(context.Context, *fsm.Event) { panic("x") }})
	func() {
		defer func() { _ = recover() }()
		_ = f.Event(t.Context(), "go")
	}()
	var busy fsm.InTransitionError
	if err := f.Event(t.Context(), "go"); !errors.As(err, &busy) {
		t.Fatalf("the library no longer wedges: %v", err)
	}
	m := newMachine(turnstile())
	func() {
		defer func() {
			if recover() == nil {
				t.Fatal("a guard's panic was hidden")
			}
		}()
		_, _ = m.Fire("locked", "pay", "open", func() error { panic("x") })
	}()
	if next, err := m.Fire("locked", "pay", "open", nil); next != "open" || err != nil {
		t.Fatal(next, err)
	}
}

func TestTrap3ReentrancyDeadlocks(t *testing.T) {
	entered, release := make(chan struct{}), make(chan struct{})
	f := two(fsm.Callbacks{"before_event": func(context.Context, *fsm.Event) { close(entered); <-release }})
	var wg sync.WaitGroup
	wg.Go(func() { _ = f.Event(context.WithoutCancel(t.Context()), "go") })
	<-entered
	asked := make(chan bool)
	wg.Go(func() { asked <- f.Can("go") })
	select {
	case <-asked:
		t.Error("Can no longer waits for a running event: re-entrancy would not hang")
		close(release)
	case <-time.After(50 * time.Millisecond): // it hangs, as a callback that asks would
		close(release)
		<-asked
	}
	wg.Wait()
	m := newMachine(turnstile()) // a guard may fire other machines, even its own
	_, err := m.Fire("locked", "pay", "open", func() error {
		_, err := m.Fire("locked", "kick", "broken", nil)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestTrap4ConcurrentUse(t *testing.T) {
	m := newMachine(turnstile()) // shared freely: nothing in it changes; the race detector watches
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 200 {
				if next, err := m.Fire("open", "push", "locked", nil); next != "locked" || err != nil {
					t.Error(next, err)
				}
			}
		})
	}
	wg.Wait()
}

func TestTrap5NestedEventsInvertTheOrder(t *testing.T) {
	var order []string
	f := two(fsm.Callbacks{
		"enter_b":     func(ctx context.Context, e *fsm.Event) { _ = e.FSM.Event(ctx, "back") },
		"after_event": func(_ context.Context, e *fsm.Event) { order = append(order, e.Event+" sees "+e.FSM.Current()) },
	})
	if err := f.Event(t.Context(), "go"); err != nil || !slices.Equal(order, []string{"back sees a", "go sees a"}) {
		t.Fatal(order, err)
	}
}

func TestTrap6SilentDefinitionErrors(t *testing.T) {
	called := ""
	f := fsm.NewFSM("nowhere", fsm.Events{
		{Name: "go", Src: []string{"a"}, Dst: "b"},
		{Name: "go", Src: []string{"a"}, Dst: "c"},
		{Name: "event", Src: []string{"a"}, Dst: "b"},
		{Name: "never", Src: nil, Dst: "b"},
	}, fsm.Callbacks{
		"befor_go":     func(context.Context, *fsm.Event) { called = "misspelt" },
		"before_event": func(context.Context, *fsm.Event) { called = "generic" },
	})
	if f.Current() != "nowhere" {
		t.Fatal("an unknown initial state is refused now")
	}
	f.SetState("a")
	if err := f.Event(t.Context(), "go"); err != nil || f.Current() != "c" || called != "generic" {
		t.Fatalf("the last duplicate wins: %v, %s, %s", err, f.Current(), called)
	}
	var unknown fsm.UnknownEventError
	if err := f.Event(t.Context(), "never"); !errors.As(err, &unknown) {
		t.Fatalf("an event without sources is %v", err)
	}
	// The loader's defence: findings duplicate_transition, reserved_word,
	// unreachable_state, unknown_state (finding_test.go).
	for _, w := range []string{"event", "state"} {
		if !slices.Contains(reserved, w) {
			t.Errorf("%q is not reserved", w)
		}
	}
}

func TestTrap7OrderOfTransitions(t *testing.T) {
	m := newMachine(turnstile())
	for range 50 {
		if got := m.Legal("open"); !slices.Equal(got, []string{"kick", "look", "push"}) {
			t.Fatal(got)
		}
	}
	m.Legal("open")[0] = "changed"
	if m.Legal("open")[0] != "kick" {
		t.Fatal("Legal shares its slice")
	}
}

func TestTrap8AsyncErrorsVanish(t *testing.T) {
	f := two(fsm.Callbacks{
		"leave_a": func(_ context.Context, e *fsm.Event) { e.Async() },
		"enter_b": func(_ context.Context, e *fsm.Event) { e.Err = errors.New("lost") },
	})
	var async fsm.AsyncError
	if err := f.Event(t.Context(), "go"); !errors.As(err, &async) {
		t.Fatal(err)
	}
	defer async.CancelTransition()
	if err := f.Transition(); err != nil {
		t.Fatalf("the error is reported now: %v", err)
	}
}

func TestTrap9OnlyCancelVetoes(t *testing.T) {
	veto := errors.New("no")
	f := two(fsm.Callbacks{"before_event": func(_ context.Context, e *fsm.Event) { e.Err = veto }})
	if err := f.Event(t.Context(), "go"); err != veto || f.Current() != "b" {
		t.Fatalf("Err without Cancel moves and returns: %v, %s", err, f.Current())
	}
	f = two(fsm.Callbacks{"before_event": func(_ context.Context, e *fsm.Event) { e.Cancel(veto) }})
	var byValue fsm.CanceledError
	var byPointer *fsm.CanceledError
	err := f.Event(t.Context(), "go")
	if !errors.As(err, &byValue) || byValue.Err != veto || f.Current() != "a" {
		t.Fatal(err)
	}
	if errors.As(err, &byPointer) {
		t.Fatal("the library's errors are pointers now")
	}
	loop := fsm.NewFSM("a", fsm.Events{{Name: "stay", Src: []string{"a"}, Dst: "a"}}, nil)
	var stayed fsm.NoTransitionError
	if err := loop.Event(t.Context(), "stay"); !errors.As(err, &stayed) || stayed.Err != nil {
		t.Fatal(err)
	}
}

func TestTrap10MetadataIsPerMachine(t *testing.T) {
	a, b := two(nil), two(nil)
	a.SetMetadata("k", 1)
	if _, ok := b.Metadata("k"); ok {
		t.Fatal("metadata is shared")
	}
	if err := a.Event(t.Context(), "go"); err != nil {
		t.Fatal(err)
	}
	if _, ok := a.Metadata("k"); !ok {
		t.Fatal("metadata belongs to a transition now")
	}
}

func BenchmarkFire(b *testing.B) {
	m := newMachine(turnstile())
	b.ReportAllocs()
	for b.Loop() {
		if _, err := m.Fire("open", "push", "locked", func() error { return nil }); err != nil {
			b.Fatal(err)
		}
	}
}
