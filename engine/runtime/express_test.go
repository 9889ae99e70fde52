package runtime_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"lienthong/engine"
	"lienthong/engine/runtime"
)

// running is a world whose runtime runs in a bubble of fake time, looking at the
// store by itself once an hour only: what happens sooner happened by hand-over.
type running struct {
	*world
	store *spy
	stop  func()
}

func run(t *testing.T, change func(*runtime.Config), test func(t *testing.T, w *running)) {
	synctest.Test(t, func(t *testing.T) {
		w := &running{world: newWorld(t)}
		w.store = &spy{Store: w.world.store}
		w.clock = runtime.NewVirtual(start, true)
		w.r = w.node("a", func(c *runtime.Config) {
			c.Wall, c.Store, c.Parallel, c.Poll = time.Now, w.store, 4, time.Hour
			if change != nil {
				change(c)
			}
		})
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- w.r.Run(ctx) }()
		w.stop = sync.OnceFunc(func() {
			cancel()
			w.must(<-ended)
		})
		synctest.Wait()
		test(t, w)
		w.stop()
		w.sound()
	})
}

func TestEffectsGoStraightFromTheCommit(t *testing.T) {
	run(t, nil, func(t *testing.T, w *running) {
		code := w.file("An")
		w.act(code, "receive", engine.ByReception)
		synctest.Wait()
		before := w.store.reads.Load()
		key := w.sign(code)
		synctest.Wait()
		// Signing and the answers of two registries: each loads the case, nothing else.
		if n := w.store.reads.Load() - before; n != 3 {
			t.Fatalf("%d reads", n)
		}
		w.state(code, "card", "done")
		w.status(key, engine.DeliveryDone)
		if ds, err := w.store.Deliveries(t.Context(), "", "", "", 9); err != nil || len(ds) > 0 {
			t.Fatalf("still owed: %v %v", ds, err)
		}
		if n := w.store.claimed.Load(); n != 0 {
			t.Fatalf("%d deliveries were claimed", n)
		}
		// One write settles a notification; none is needed beside an answer's entry.
		es, err := w.store.History(t.Context(), code, 1, 0)
		w.must(err)
		notes := 0
		for _, e := range es {
			for _, d := range e.Effects() {
				if d.Registry == engine.NotificationRegistry {
					notes++
				}
			}
		}
		if n := w.store.writes.Load(); notes == 0 || n != int64(notes) {
			t.Fatalf("%d writes for %d notifications", n, notes)
		}
		if err := w.r.Run(t.Context()); err == nil {
			t.Fatal("it runs twice")
		}
	})
}

// stalling keeps requests to one registry until it is told to go on.
type stalling struct {
	*registry
	stalled string
	goOn    chan struct{}
	waiting chan string
}

func (g *stalling) Send(ctx context.Context, d engine.Delivery) runtime.Answer {
	if d.Registry == g.stalled {
		g.waiting <- d.Key
		select {
		case <-g.goOn:
		case <-ctx.Done():
			return transient
		}
	}
	return g.registry.Send(ctx, d)
}

func stall(w *registry) *stalling {
	return &stalling{registry: w, stalled: "civil", goOn: make(chan struct{}), waiting: make(chan string, 1000)}
}

// A registry that does not answer holds up nobody else, however much waits for
// it; what found no room in memory is fetched when there is room again.
func TestSlowRegistryDelaysNoOther(t *testing.T) {
	var g *stalling
	run(t, func(c *runtime.Config) {
		c.Queue, c.Batch = 6, 3
		g = stall(c.Exchange.(*registry))
		c.Exchange = g
		c.Timeout, c.Lease = 5*time.Minute, time.Hour
	}, func(t *testing.T, w *running) {
		var keys []string
		for i := range 20 {
			_, key := w.recording(fmt.Sprint("child ", i))
			keys = append(keys, key)
		}
		synctest.Wait()
		if n := len(g.waiting); n != 4 {
			t.Fatalf("%d exchanges at once, want Parallel", n)
		}
		if ds, err := w.store.Deliveries(t.Context(), engine.NotificationRegistry, "", "", 9); err != nil || len(ds) > 0 {
			t.Fatalf("notifications wait: %v %v", ds, err)
		}
		free := 0
		for _, k := range keys {
			w.status(k, engine.DeliveryPending)
			if w.delivery(k).Fence == 0 {
				free++
			}
		}
		if free != 14 {
			t.Fatalf("%d were committed free, want all but the lane's 6", free)
		}
		close(g.goOn)
		synctest.Wait()
		for _, k := range keys {
			w.status(k, engine.DeliveryDone)
		}
	})
}

// The node dies with effects in its hands: nothing is written any more. They are
// in nobody's way, and after the lease another node sends them.
func TestCrashWithBornLeases(t *testing.T) {
	var g *stalling
	run(t, func(c *runtime.Config) {
		g = stall(c.Exchange.(*registry))
		c.Exchange = g
	}, func(t *testing.T, w *running) {
		code, key := w.recording("An")
		synctest.Wait()
		w.store.dead.Store(true)
		w.stop()
		b := w.node("b", func(c *runtime.Config) { c.Wall = time.Now })
		w.must(b.Settle(t.Context()))
		w.state(code, "birth", "recording")
		time.Sleep(time.Minute)
		w.must(b.Settle(t.Context()))
		w.state(code, "card", "done")
		w.status(key, engine.DeliveryDone)
		w.store.dead.Store(false)
	})
}

// What is queued when Run ends is given back at once, and no try is counted.
func TestShutdownGivesBack(t *testing.T) {
	var g *stalling
	run(t, func(c *runtime.Config) {
		c.Parallel = 1
		g = stall(c.Exchange.(*registry))
		c.Exchange = g
	}, func(t *testing.T, w *running) {
		var keys []string
		for i := range 5 {
			_, key := w.recording(fmt.Sprint("child ", i))
			keys = append(keys, key)
		}
		synctest.Wait()
		w.stop()
		ds, err := w.store.Claim(t.Context(), "b", time.Now(), time.Now().Add(time.Minute), 100)
		w.must(err)
		if len(ds) != 5 {
			t.Fatalf("%d of 5 were given back", len(ds))
		}
		for _, d := range ds {
			if !slices.Contains(keys, d.Key) || d.Tries != 0 {
				t.Fatalf("given back: %+v", d)
			}
		}
		// From now on effects are committed free.
		_, key := w.recording("later")
		if d := w.delivery(key); d.Fence != 0 {
			t.Fatalf("leased to nobody: %+v", d)
		}
		w.stop = func() {}
	})
}

// This node is paused past its lease; another one works meanwhile.
func TestBornLeaseLost(t *testing.T) {
	var g *stalling
	run(t, func(c *runtime.Config) {
		g = stall(c.Exchange.(*registry))
		c.Exchange, c.Timeout, c.Lease = g, time.Minute, 2*time.Minute
	}, func(t *testing.T, w *running) {
		code, key := w.recording("An")
		synctest.Wait()
		d := w.delivery(key)
		b := w.node("b", func(c *runtime.Config) { c.Wall = func() time.Time { return time.Now().Add(2 * time.Minute) } })
		w.must(b.Settle(t.Context()))
		w.status(key, engine.DeliveryDone)
		w.reg.say("civil", taken)
		close(g.goOn)
		synctest.Wait()
		if now := w.status(key, engine.DeliveryDone); now.Fence <= d.Fence || now.Reply == nil {
			t.Fatalf("the late node wrote: %+v", now)
		}
		w.state(code, "card", "done")
	})
}

// An effect born while an earlier one to the same registry holds is not sent
// before it.
func TestBornEffectWaitsForItsSibling(t *testing.T) {
	run(t, func(c *runtime.Config) { c.RetryFirst, c.RetryMax = 10*time.Minute, 10*time.Minute }, func(t *testing.T, w *running) {
		p := w.defs.services["birth"].Steps[0].Procedure
		p.Actions = append(p.Actions, act("recall", "recording", "checking", engine.ByOfficer))
		w.reg.say("civil", transient)
		code, first := w.recording("An")
		synctest.Wait()
		w.status(first, engine.DeliveryPending)
		// An officer takes the dossier back while it waits, and it is signed again:
		// the same registry is asked for the same step under another key.
		w.act(code, "recall", engine.ByOfficer)
		second := w.sign(code)
		synctest.Wait()
		if w.status(second, engine.DeliveryPending).Tries != 0 || len(w.reg.calls("civil")) != 1 {
			t.Fatalf("it overtook: %v", w.reg.calls("civil"))
		}
		time.Sleep(2 * time.Hour)
		synctest.Wait()
		w.status(first, engine.DeliverySkipped)
		w.status(second, engine.DeliveryDone)
		if got := strings.Join(w.reg.calls("civil"), " "); got != "send cancel send" {
			t.Fatalf("calls: %s", got)
		}
	})
}

// What the case has ceased to wait for while it stood in a queue is not sent.
func TestWithdrawnWhileItIsQueued(t *testing.T) {
	var g *stalling
	run(t, func(c *runtime.Config) {
		c.Parallel = 1
		g = stall(c.Exchange.(*registry))
		c.Exchange = g
	}, func(t *testing.T, w *running) {
		_, first := w.recording("An")
		code, second := w.recording("Bình")
		synctest.Wait()
		if d := w.delivery(second); d.Fence != 1 {
			t.Fatalf("it is not queued: %+v", d)
		}
		w.withdraw(code)
		time.Sleep(2 * time.Second) // less than a lease
		close(g.goOn)
		synctest.Wait()
		w.status(first, engine.DeliveryDone)
		w.status(second, engine.DeliverySkipped)
		if got := strings.Join(w.reg.calls("civil"), " "); got != "send cancel" {
			t.Fatalf("calls: %s", got)
		}
	})
}

// Settle waits for what is under way in the lanes, so that a clock put forward
// while Run runs stops where it should.
func TestSettleWaitsForTheLanes(t *testing.T) {
	var g *stalling
	run(t, func(c *runtime.Config) {
		g = stall(c.Exchange.(*registry))
		c.Exchange = g
	}, func(t *testing.T, w *running) {
		code, _ := w.recording("An")
		settled := make(chan error, 1)
		go func() { settled <- w.r.Settle(t.Context()) }()
		synctest.Wait()
		select {
		case <-settled:
			t.Fatal("it did not wait")
		default:
		}
		close(g.goOn)
		w.must(<-settled)
		w.state(code, "card", "done")
	})
}

// After an outage one call probes; the others wait for what it says instead of
// for another pause.
func TestRecoveryAfterAnOutageIsQuick(t *testing.T) {
	run(t, func(c *runtime.Config) { c.Poll = time.Second }, func(t *testing.T, w *running) {
		for range 6 {
			w.reg.say("civil", transient)
		}
		var keys []string
		for i := range 12 {
			_, key := w.recording(fmt.Sprint("child ", i))
			keys = append(keys, key)
			synctest.Wait()
		}
		if n := len(w.reg.calls("civil")); n != 5 {
			t.Fatalf("%d calls before the breaker opened", n)
		}
		time.Sleep(33 * time.Second) // the probe fails: another pause
		synctest.Wait()
		if n := len(w.reg.calls("civil")); n != 6 {
			t.Fatalf("%d calls, want one probe", n)
		}
		time.Sleep(33 * time.Second)
		synctest.Wait()
		for _, k := range keys {
			w.status(k, engine.DeliveryDone)
		}
	})
}

// slow takes its time for everything.
type slow struct {
	*registry
	takes time.Duration
}

func (g *slow) Send(ctx context.Context, d engine.Delivery) runtime.Answer {
	if d.Registry == "civil" {
		time.Sleep(g.takes) // fake time
	}
	return g.registry.Send(ctx, d)
}

// What stands in a queue for so long that its lease would end while it is sent is
// given back first, and taken anew: nobody sends it meanwhile.
func TestQueueOutlivesNoLease(t *testing.T) {
	run(t, func(c *runtime.Config) {
		c.Exchange, c.Parallel = &slow{c.Exchange.(*registry), 14 * time.Second}, 1
	}, func(t *testing.T, w *running) {
		var keys []string
		for i := range 9 {
			_, key := w.recording(fmt.Sprint("child ", i))
			keys = append(keys, key)
		}
		b := w.node("b", func(c *runtime.Config) { c.Wall = time.Now })
		for range 9 * 14 { // another node looks every second
			time.Sleep(time.Second)
			_, err := b.RelayStep(t.Context(), time.Now())
			w.must(err)
		}
		synctest.Wait()
		for _, k := range keys {
			w.status(k, engine.DeliveryDone)
		}
		if n := len(w.reg.calls("civil")); n != len(keys) {
			t.Fatalf("%d sends for %d requests", n, len(keys))
		}
		if strings.Contains(w.log.String(), "lease lost") {
			t.Fatalf("a lease ended under way:\n%s", w.log)
		}
	})
}

// fragile is a store that breaks down on what it is to write, now and then.
type fragile struct {
	engine.Store
	breaks atomic.Bool
}

func (s *fragile) Append(ctx context.Context, changes ...engine.Change) error {
	if s.breaks.Load() {
		panic("fragile")
	}
	return s.Store.Append(ctx, changes...)
}

// A commit that breaks down leaves no place in a registry's queue taken: else some of
// them would have nothing sent there any more.
func TestCommitThatBreaksDownTakesNoPlace(t *testing.T) {
	s := &fragile{}
	run(t, func(c *runtime.Config) { c.Queue, s.Store, c.Store = 1, c.Store, s }, func(t *testing.T, w *running) {
		code := w.file("An")
		w.act(code, "receive", engine.ByReception)
		synctest.Wait()
		s.breaks.Store(true)
		for range 3 {
			func() {
				defer func() {
					if p := recover(); p != "fragile" {
						t.Fatalf("it did not break down: %v", p)
					}
				}()
				w.sign(code)
			}()
		}
		s.breaks.Store(false)
		key := w.sign(code)
		synctest.Wait()
		w.status(key, engine.DeliveryDone)
	})
}
