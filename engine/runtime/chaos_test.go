package runtime_test

import (
	"context"
	"encoding/json"
	"math/rand/v2"
	"testing"
	"time"

	"lienthong/engine"
	"lienthong/engine/runtime"
)

// Whatever is lost, late, repeated or out of order between two nodes and the
// registries, the case comes to be the same, entry by entry, and no registry
// performs a request twice. The business clock stands, so that histories can be
// compared.
func TestAnyDeliveryGivesTheSameCase(t *testing.T) {
	calm := newWorld(t)
	code, _ := calm.recording("An")
	calm.settle()
	want := calm.dump(code)

	for seed := range uint64(60) {
		w := newWorld(t)
		rng := rand.New(rand.NewPCG(seed, 7))
		b := w.node("b", func(c *runtime.Config) { c.Random = rand.NewChaCha8([32]byte{byte(seed)}) })
		other := w.node("c") // a node may not work inside its own call
		nodes := []*runtime.Runtime{w.r, b}
		callback := func(d engine.Delivery) {
			for range rng.IntN(3) {
				if err := nodes[rng.IntN(2)].Reply(context.Background(), d.Registry, reply(d.Key, engine.ReplyDone)); err != nil {
					t.Fatalf("seed %d: callback: %v", seed, err)
				}
			}
		}
		inside := false
		w.reg.before = func(_ string, d engine.Delivery) {
			switch rng.IntN(6) {
			case 0: // the registry is faster than its own answer
				callback(d)
			case 1: // this node sleeps past its lease while the other works
				if !inside {
					inside = true
					w.wall.Advance(2 * time.Minute)
					_, _ = other.RelayStep(context.Background(), w.wall.Now())
					inside = false
				}
			}
		}
		code, _ := w.recording("An")
		for _, registry := range []string{"civil", "insurance", engine.NotificationRegistry} {
			for range rng.IntN(6) {
				w.reg.say(registry, []runtime.Answer{transient, taken, done}[rng.IntN(3)])
			}
		}
		for range 300 {
			if _, err := nodes[rng.IntN(2)].RelayStep(t.Context(), w.wall.Now()); err != nil {
				t.Fatalf("seed %d: %v", seed, err)
			}
			w.wall.Advance(time.Duration(rng.IntN(300)) * time.Second)
			ds, err := w.store.Deliveries(t.Context(), "", "", "", 50)
			w.must(err)
			for _, d := range ds {
				if rng.IntN(8) == 0 && d.Registry != engine.NotificationRegistry {
					callback(d)
				}
			}
			if len(ds) == 0 {
				break
			}
		}
		if got := w.dump(code); got != want {
			t.Fatalf("seed %d: the case came to be\n%s\nwant\n%s", seed, got, want)
		}
		if ds, err := w.store.Deliveries(t.Context(), "", "", "", 50); err != nil || len(ds) > 0 {
			t.Fatalf("seed %d: still owed %+v %v", seed, ds, err)
		}
		if found, err := w.r.StuckStep(t.Context()); err != nil || len(found) > 0 {
			t.Fatalf("seed %d: stuck %v %v", seed, found, err)
		}
		w.sound()
	}
}

func (w *world) dump(code string) string {
	w.t.Helper()
	c := w.load(code)
	b, err := json.MarshalIndent(c, "", " ")
	w.must(err)
	return string(b)
}
