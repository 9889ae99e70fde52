package workflows_test

import (
	"context"
	"errors"
	"reflect"
	"testing"

	"lienthong/engine"
	"lienthong/engine/runtime"
	"lienthong/store/memory"
)

// dying is a store whose process ends at one of its writes: before it or after it.
type dying struct {
	*memory.Store
	left  int
	after bool
}

var errDied = errors.New("the process died")

func (s *dying) Append(ctx context.Context, changes ...engine.Change) error {
	if s.left--; s.left >= 0 {
		return s.Store.Append(ctx, changes...)
	}
	if s.left == -1 && s.after {
		if err := s.Store.Append(ctx, changes...); err != nil {
			return err
		}
	}
	return errDied
}

// TestMigrationGoesOnWhereItStopped: a migration that dies again and again, before and
// after a write, and is run again, moves every case that the dry run named, each once.
func TestMigrationGoesOnWhereItStopped(t *testing.T) {
	rt, store := running(t, 60)
	ctx := t.Context()
	ask := runtime.Migration{Actor: administrator, Service: "birth", From: b3, To: b4, Limit: 7, DryRun: true}
	would := map[string]bool{}
	for first := true; first || ask.After != ""; first = false {
		ms, err := rt.Migrate(ctx, ask)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range ms.Cases {
			would[m.Case] = m.Refused == nil
		}
		ask.After = ms.Next
	}
	set, err := load()
	if err != nil {
		t.Fatal(err)
	}
	ask.DryRun = false
	deaths := 0
	for done := false; !done; {
		dies := &dying{Store: store, left: 2 + deaths%5, after: deaths%2 == 1}
		if deaths >= 8 {
			dies.left = 1 << 20
		}
		rt, err := runtime.New(runtime.Config{Store: dies, Definitions: set, Exchange: nobody{}, Clock: runtime.NewVirtual(on, false)})
		if err != nil {
			t.Fatal(err)
		}
		for ask.After = ""; ; {
			ms, err := rt.Migrate(ctx, ask)
			if err != nil {
				if !errors.Is(err, errDied) {
					t.Fatal(err)
				}
				deaths++
				break
			}
			if ask.After = ms.Next; ms.Next == "" {
				done = true
				break
			}
		}
	}
	if deaths < 5 {
		t.Fatalf("died %d times only", deaths)
	}
	for code, moves := range would {
		entries, err := store.History(ctx, code, 1, 0)
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for _, e := range entries {
			if e.Command.Action == engine.ActMigrate {
				n++
			}
		}
		c, err := store.Load(ctx, code)
		if err != nil {
			t.Fatal(err)
		}
		if want := map[bool]int{true: 1}[moves]; n != want || (c.Version == b4) != moves {
			t.Errorf("%s: %d moves, under %s; the dry run said %v", code, n, c.Version, moves)
		}
	}
	t.Logf("%d cases, died %d times", len(would), deaths)
}

// TestMigrationRepeatedByKey: a migration that died after some of its moves, repeated
// under its key in another life, is about the same cases and tells of all that they
// moved, as does every further repetition; another request under the key is refused.
func TestMigrationRepeatedByKey(t *testing.T) {
	rt, store := running(t, 40)
	ctx := t.Context()
	ask := runtime.Migration{Actor: administrator, Service: "birth", From: b3, To: b4, Limit: 30, DryRun: true, Key: "k", Digest: "d"}
	dry, err := rt.Migrate(ctx, ask)
	if err != nil || dry.Moved < 5 {
		t.Fatal(dry, err)
	}
	set, err := load()
	if err != nil {
		t.Fatal(err)
	}
	life := func(s engine.Store) *runtime.Runtime {
		rt, err := runtime.New(runtime.Config{Store: s, Definitions: set, Exchange: nobody{}, Clock: runtime.NewVirtual(on, false)})
		if err != nil {
			t.Fatal(err)
		}
		return rt
	}
	ask.DryRun = false
	wrong := ask
	wrong.States = map[string]map[string]string{"birth": {"nowhere": "received"}}
	if _, err := rt.Migrate(ctx, wrong); engine.CodeOf(err) != engine.Invalid { // and is not kept under the key
		t.Fatalf("a wrong map: %v", err)
	}
	for left := range 3 {
		if _, err := life(&dying{Store: store, left: left, after: left != 1}).Migrate(ctx, ask); !errors.Is(err, errDied) {
			t.Fatal(err)
		}
	}
	for range 2 {
		real, err := life(store).Migrate(ctx, ask)
		if err != nil || real.Moved != dry.Moved || real.Refused != dry.Refused || real.Next != dry.Next || len(real.Cases) != len(dry.Cases) {
			t.Fatalf("dry: %d moved, %d refused, then %s; repeated: %d, %d, %s: %v", dry.Moved, dry.Refused, dry.Next, real.Moved, real.Refused, real.Next, err)
		}
		for i, m := range real.Cases {
			if d := dry.Cases[i]; !reflect.DeepEqual(timeless(m), timeless(d)) {
				t.Errorf("first it was\n%+v, repeated it is\n%+v", d, m)
			}
		}
	}
	ask.Digest = "other"
	if _, err := life(store).Migrate(ctx, ask); engine.CodeOf(err) != engine.IdempotencyMismatch {
		t.Errorf("another request: %v", err)
	}
}

// torn is a store that cannot read one case.
type torn struct {
	*memory.Store
	code string
}

func (s *torn) Load(ctx context.Context, code string) (*engine.Case, error) {
	if code == s.code {
		return nil, &engine.Error{Code: engine.CorruptHistory, Op: "store.load", Case: code, Err: errors.New("a flipped byte")}
	}
	return s.Store.Load(ctx, code)
}

// TestMigrationGoesPastADamagedCase: a case that cannot be read is told with the reason
// and stays, wherever it stands in the list; the others move.
func TestMigrationGoesPastADamagedCase(t *testing.T) {
	set, err := load()
	if err != nil {
		t.Fatal(err)
	}
	ask := runtime.Migration{Actor: administrator, Service: "birth", From: b3, To: b4, DryRun: true}
	for _, at := range []int{0, 3} {
		rt, store := running(t, 20)
		whole, err := rt.Migrate(t.Context(), ask)
		if err != nil || whole.Moved < 3 {
			t.Fatal(whole, err)
		}
		bad := whole.Cases[at]
		left := whole.Moved
		if bad.Refused == nil {
			left--
		}
		hurt, err := runtime.New(runtime.Config{Store: &torn{store, bad.Case}, Definitions: set, Exchange: nobody{}, Clock: runtime.NewVirtual(on, false)})
		if err != nil {
			t.Fatal(err)
		}
		for _, dry := range []bool{true, false} {
			again := ask
			again.DryRun, again.Key, again.Digest = dry, "k", "d"
			ms, err := hurt.Migrate(t.Context(), again)
			if err != nil || ms.Moved != left || len(ms.Cases) != len(whole.Cases) || engine.CodeOf(ms.Cases[at].Refused) != engine.CorruptHistory {
				t.Errorf("case %d damaged, dry %t: %d of %d moved, %+v: %v", at, dry, ms.Moved, left, ms.Cases, err)
			}
		}
	}
}

// beside is a store that lets somebody act on a case right after it was looked at.
type beside struct {
	engine.Store
	act func()
}

func (s *beside) Load(ctx context.Context, code string) (*engine.Case, error) {
	c, err := s.Store.Load(ctx, code)
	if act := s.act; act != nil {
		s.act = nil
		act()
	}
	return c, err
}

// TestMigrationBesideAnother: a case that somebody has moved elsewhere meanwhile is under
// another version than the one it is moved from, and stays.
func TestMigrationBesideAnother(t *testing.T) {
	_, store := running(t, 30)
	s := &beside{Store: store}
	rt, err := runtime.New(runtime.Config{Store: s, Definitions: nextVersion(t), Exchange: nobody{}, Clock: runtime.NewVirtual(on, false)})
	if err != nil {
		t.Fatal(err)
	}
	ask := runtime.Migration{Actor: administrator, Service: "birth", From: b3, To: b4, DryRun: true}
	all, err := rt.Migrate(t.Context(), ask)
	if err != nil {
		t.Fatal(err)
	}
	ask.DryRun = false
	tried := 0
	for _, m := range all.Cases {
		if m.Refused != nil {
			continue
		}
		tried++
		first, then := ask, ask
		first.Cases, then.Cases, then.To = []string{m.Case}, []string{m.Case}, "2027-01-01"
		s.act = func() {
			if ms, err := rt.Migrate(t.Context(), first); err != nil || ms.Moved != 1 {
				t.Fatalf("%+v %v", ms, err)
			}
		}
		ms, err := rt.Migrate(t.Context(), then)
		if err != nil || ms.Moved != 0 || engine.CodeOf(ms.Cases[0].Refused) != engine.Precondition {
			t.Errorf("%s: %+v %v", m.Case, ms, err)
		}
		if c, err := store.Load(t.Context(), m.Case); err != nil || c.Version != b4 {
			t.Errorf("%s is under %s, %v", m.Case, c.Version, err)
		}
	}
	if tried < 5 {
		t.Errorf("only %d cases", tried)
	}
}
