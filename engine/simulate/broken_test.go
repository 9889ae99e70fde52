package simulate_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"lienthong/engine"
	"lienthong/engine/simulate"
)

// A store that breaks a promise, in one way each: the run must say which.

// broken changes what passes through a store.
type broken struct {
	engine.Store
	change  func(*engine.Change) // what is committed, before it is
	lose    func(engine.Change) bool
	forget  func(registry, operation string) bool // deliveries that get lost
	invent  bool                                  // claims give a request that nobody made
	amnesia bool                                  // stored answers are not found
	lies    bool                                  // the case that is read is not the one that was written
}

func (b *broken) Append(ctx context.Context, cs ...engine.Change) error {
	for i := range cs {
		if b.lose != nil && b.lose(cs[i]) {
			return nil
		}
	}
	if err := b.Store.Append(ctx, cs...); err != nil {
		return err
	}
	for i := range cs {
		if b.change != nil {
			b.change(&cs[i])
		}
	}
	return nil
}

func (b *broken) Claim(ctx context.Context, node string, now, lease time.Time, limit int, except ...string) ([]engine.Delivery, error) {
	ds, err := b.Store.Claim(ctx, node, now, lease, limit, except...)
	if b.forget != nil {
		ds = slices.DeleteFunc(ds, func(d engine.Delivery) bool { return b.forget(d.Registry, d.Operation) })
	}
	if b.invent && len(ds) > 0 && ds[0].Registry != engine.NotificationRegistry {
		ds[0].Operation = "something_else"
	}
	return ds, err
}

func (b *broken) Delivery(ctx context.Context, key string) (*engine.Delivery, error) {
	d, err := b.Store.Delivery(ctx, key)
	if err == nil && b.forget != nil && b.forget(d.Registry, d.Operation) {
		return nil, &engine.Error{Code: engine.NotFound}
	}
	return d, err
}

func (b *broken) Answered(ctx context.Context, actor, key string) (*engine.Answer, error) {
	if b.amnesia {
		return nil, nil
	}
	return b.Store.Answered(ctx, actor, key)
}

func (b *broken) Load(ctx context.Context, code string) (*engine.Case, error) {
	c, err := b.Store.Load(ctx, code)
	if err == nil && b.lies && c.Seq > 6 {
		d := *c
		d.Fee = &engine.FeeDue{Amount: 1, Status: engine.FeePaid}
		return &d, nil
	}
	return c, err
}

// events changes one event of a kind that is committed.
func events(change func(c *engine.Change, v engine.Event) engine.Event) func(*engine.Change) {
	return func(c *engine.Change) {
		for i := range c.Entries {
			es := slices.Clone(c.Entries[i].Events)
			for j, v := range es {
				es[j] = change(c, v)
			}
			c.Entries[i].Events = es
		}
	}
}

var breakages = map[string]struct {
	invariant string
	store     broken
	faults    string
}{
	"a request is lost":              {"stuck", broken{forget: func(_, op string) bool { return op == "register_birth" }}, "none"},
	"a request that nobody made":     {"once", broken{invent: true}, "none"},
	"a commit that never was":        {"version", broken{lose: func(c engine.Change) bool { return c.Base > 3 && c.Case.Status == engine.CaseEnded }}, "none"},
	"the stored case is another one": {"fold", broken{lies: true}, "none"},
	"a due time of its own": {"due", broken{change: events(func(_ *engine.Change, v engine.Event) engine.Event {
		if k, ok := v.(engine.ClockChanged); ok && !k.Clock.Due.IsZero() {
			k.Clock.Due = k.Clock.Due.Add(time.Hour)
			return k
		}
		return v
	})}, "none"},
	"an answer that was never asked for": {"once", broken{change: events(func(_ *engine.Change, v engine.Event) engine.Event {
		if r, ok := v.(engine.Replied); ok {
			r.Key += "0"
			return r
		}
		return v
	})}, "none"},
	"a step that does not wait": {"order", broken{change: events(func(c *engine.Change, v engine.Event) engine.Event {
		if o, ok := v.(engine.StepOpened); ok && o.Step == "birth" {
			o.Step = "card"
			return o
		}
		return v
	})}, "none"},
	"an entry before the one before": {"version", broken{change: func(c *engine.Change) {
		if c.Base > 4 {
			c.Entries[0].At = c.Entries[0].At.AddDate(-1, 0, 0)
		}
	}}, "none"},
	"stored answers that are not found": {"duplicate", broken{amnesia: true}, "heavy"},
}

func TestEveryBreakageIsFound(t *testing.T) {
	for name, b := range breakages {
		t.Run(name, func(t *testing.T) {
			cfg := config(t, 40, 25, b.faults)
			cfg.Sabotage(func(s engine.Store) engine.Store {
				x := b.store
				x.Store = s
				return &x
			})
			r := run(t, cfg)
			if r.Good || r.Failure == nil || r.Failure.Invariant != b.invariant {
				t.Fatalf("found %+v, want %s to break", r.Failure, b.invariant)
			}
			if len(r.Failure.Acts) == 0 || r.Failure.Why == "" {
				t.Errorf("the failure does not say what happened: %+v", r.Failure)
			}
		})
	}
}

// TestShrink: a failing run becomes one citizen without a fault that has nothing to do
// with it, and what is kept of it fails again.
func TestShrink(t *testing.T) {
	b := breakages["a request is lost"]
	sabotage := func(s engine.Store) engine.Store {
		x := b.store
		x.Store = s
		return &x
	}
	cfg := config(t, 40, 25, "light")
	cfg.Sabotage(sabotage)
	r := run(t, cfg)
	if r.Failure == nil {
		t.Fatal("nothing broke")
	}
	s, err := simulate.Shrink(t.Context(), cfg, r.Failure, 0, nil)
	if err != nil {
		t.Fatal(err)
	}
	if n := len(s.Config.Only); n != 1 || len(s.Failure.Struck) != 0 || s.Config.Days >= cfg.Days {
		t.Errorf("shrunk to %d citizens, %d faults, %d days after %d runs", n, len(s.Failure.Struck), s.Config.Days, s.Runs)
	}
	again, err := simulate.Shrink(t.Context(), cfg, r.Failure, 0, nil)
	if err != nil || !slices.Equal(again.Config.Only, s.Config.Only) || again.Failure.Why != s.Failure.Why || again.Runs != s.Runs {
		t.Errorf("shrunk again it is %+v, %v", again, err)
	}
	var file bytes.Buffer
	if err := simulate.FixtureOf(s.Config, s.Failure).Write(&file); err != nil {
		t.Fatal(err)
	}
	x, err := simulate.ReadFixture(file.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	kept := x.On(config(t, 1, 1, "none"))
	if r := run(t, kept); !r.Good {
		t.Errorf("on a sound store it breaks %+v", r.Failure)
	}
	kept.Sabotage(sabotage)
	if r := run(t, kept); r.Failure == nil || r.Failure.Why != s.Failure.Why {
		t.Errorf("what was kept gives %+v, want %s", r.Failure, s.Failure.Why)
	}
}

// strikes are what each fixture is about: faults that must have struck in it.
var strikes = map[string][]string{
	"heavy":   {"busy", "crash_after", "crash_before", "duplicate", "error", "late_callback", "lost_callback", "lost_reply", "lost_request", "repeat"},
	"light":   {"crash_after", "late_callback", "lost_request", "repeat"},
	"crashes": {"busy", "crash_after", "crash_before", "lost_callback", "lost_reply", "repeat"},
	"skew":    {"duplicate", "error", "late_callback", "lost_reply"},
	"deaths":  {"contradict", "duplicate", "late_callback", "outage"},
}

// TestFixtures plays every run that is kept, over memory and, where servers die, over
// SQLite.
func TestFixtures(t *testing.T) {
	files, err := filepath.Glob("testdata/*.json")
	if err != nil || len(files) < len(strikes) {
		t.Fatal("fixtures are missing", files, err)
	}
	for _, f := range files {
		name := strings.TrimSuffix(filepath.Base(f), ".json")
		t.Run(name, func(t *testing.T) {
			b, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			x, err := simulate.ReadFixture(b)
			if err != nil {
				t.Fatal(err)
			}
			cfg := x.On(config(t, 1, 1, "none"))
			r := run(t, cfg)
			if !r.Good || r.Counts.Entries == 0 {
				t.Fatalf("%s: %+v after %d entries", x.Why, r.Failure, r.Counts.Entries)
			}
			for _, kind := range strikes[name] {
				if r.Struck[kind] == 0 {
					t.Errorf("no %s struck: %v", kind, r.Struck)
				}
			}
			if name != "crashes" {
				return
			}
			cfg.Store = onDisk(t)
			if again := run(t, cfg); !again.Good || again.Counts != r.Counts {
				t.Errorf("over SQLite %+v %+v, in memory %+v", again.Failure, again.Counts, r.Counts)
			}
		})
	}
}
