package runtime_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"lienthong/engine"
	"lienthong/engine/runtime"
)

// The faults of docs/failures.md that are neither of the registry's answers
// (relay_test.go) nor of the express lane alone (express_test.go).

// jumping is a machine's clock that somebody puts forward and back.
type jumping struct {
	mu   sync.Mutex
	off  time.Duration
	real func() time.Time
}

func (c *jumping) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.real().Add(c.off)
}

func (c *jumping) jump(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.off += d
}

// While the server runs its clock is put back by an hour or a day: what waits for
// a back-off, a pause of the breaker or a lease waits twice as long at most.
func TestClockPutBackWhileRunning(t *testing.T) {
	for _, back := range []time.Duration{time.Hour, 24 * time.Hour, 400 * 24 * time.Hour} {
		t.Run(back.String(), func(t *testing.T) {
			clock := &jumping{real: time.Now}
			run(t, func(c *runtime.Config) { c.Wall, c.Poll, c.BreakerFails = clock.now, time.Second, 3 }, func(t *testing.T, w *running) {
				w.reg.say("civil", transient, transient, transient) // the breaker opens
				code, key := w.recording("An")
				synctest.Wait()
				if d := w.status(key, engine.DeliveryPending); d.Tries != 1 {
					t.Fatalf("delivery %+v", d)
				}
				clock.jump(-back)
				time.Sleep(3 * time.Second) // the back-off was of a second
				synctest.Wait()
				if n := len(w.reg.calls("civil")); n != 2 {
					t.Fatalf("%d calls 3 s after the step", n)
				}
				clock.jump(-back)
				time.Sleep(2 * time.Minute) // another back-off, and the pause of 30 s
				synctest.Wait()
				w.status(key, engine.DeliveryDone)
				w.state(code, "card", "done")
				w.speaks("put back")
			})
		})
	}
}

// A clock that was put back is caught up with after as long again: what is set then
// is set by what the machine and other nodes show.
func TestClockPutBackIsCaughtUpWith(t *testing.T) {
	clock := &jumping{real: time.Now}
	run(t, func(c *runtime.Config) { c.Wall, c.Poll = clock.now, time.Second }, func(t *testing.T, w *running) {
		clock.jump(-time.Hour)
		ahead := func() time.Duration {
			t.Helper()
			w.reg.say("civil", transient)
			_, key := w.recording(clock.now().String())
			synctest.Wait()
			return w.status(key, engine.DeliveryPending).Next.Sub(clock.now())
		}
		if d := ahead(); d < 50*time.Minute {
			t.Fatalf("the clock was not put back: the next try is in %s", d)
		}
		time.Sleep(2*time.Hour + time.Minute)
		if d := ahead(); d > time.Second {
			t.Fatalf("two hours later the next try is in %s", d)
		}
	})
}

// The server stops, its clock is put back, and another one starts: what was left
// with times far ahead is freed.
func TestClockPutBackBetweenLives(t *testing.T) {
	w := newWorld(t)
	ahead := w.wall.Now().Add(24 * time.Hour)
	codes, keys := map[string]string{}, map[string]string{}
	for _, name := range []string{"backing off", "leased", "accepted"} {
		codes[name], keys[name] = w.recording(name)
	}
	d := w.delivery(keys["backing off"])
	d.Next, d.Tries = ahead, 1
	w.must(w.store.Settle(t.Context(), *d))
	d = w.delivery(keys["accepted"])
	d.Status, d.SentAt, d.Next = engine.DeliveryAccepted, ahead, ahead.Add(2*time.Hour)
	w.must(w.store.Settle(t.Context(), *d))
	ds, err := w.store.Claim(t.Context(), "dead", ahead, ahead.Add(time.Minute), 100)
	w.must(err)
	if !slices.ContainsFunc(ds, func(d engine.Delivery) bool { return d.Key == keys["leased"] }) {
		t.Fatal("not leased")
	}
	w.must(w.node("next").Settle(t.Context()))
	for name, key := range keys {
		w.status(key, engine.DeliveryDone)
		w.state(codes[name], "card", "done")
	}
	w.sound()
}

// What waits for a time that a running clock did set is left alone.
func TestThawLeavesHonestWaitsAlone(t *testing.T) {
	w := newWorld(t)
	a := transient
	a.RetryAfter = 100 * time.Hour
	w.reg.say("civil", a, taken)
	_, wished := w.recording("An")
	w.step()
	if d := w.delivery(wished); !d.Next.Equal(w.wall.Now().Add(time.Hour)) {
		t.Fatalf("it keeps us away until %s", d.Next)
	}
	w.defs.ops["civil/register"] = engine.Operation{Registry: "civil", ID: "register", Expected: 30 * 24 * time.Hour}
	_, expected := w.recording("Bình")
	w.step()
	if d := w.status(expected, engine.DeliveryAccepted); !d.Next.Equal(w.wall.Now().Add(24 * time.Hour)) {
		t.Fatalf("it is asked after %s", d.Next)
	}
	for range 5 {
		w.must(w.node("next").Settle(t.Context()))
	}
	if got := w.reg.calls("civil"); len(got) != 2 {
		t.Fatalf("calls %v", got)
	}
}

// A reply comes when the registry has long been given up on, by callback or when
// it is asked once a day.
func TestReplyDaysLate(t *testing.T) {
	for _, how := range []string{"callback", "asked"} {
		t.Run(how, func(t *testing.T) {
			w := newWorld(t)
			w.reg.say("civil", taken)
			code, key := w.recording("An")
			for range 9 {
				w.settle()
				w.clock.Advance(24 * time.Hour)
				w.wall.Advance(24 * time.Hour)
			}
			w.settle()
			w.status(key, engine.DeliveryAccepted)
			w.state(code, "birth", "recording")
			if how == "callback" {
				w.must(w.r.Reply(t.Context(), "civil", reply(key, engine.ReplyDone)))
			} else {
				w.reg.mu.Lock()
				w.reg.known[key] = done
				w.reg.mu.Unlock()
				w.wall.Advance(24 * time.Hour)
			}
			w.settle()
			w.state(code, "card", "done")
			w.status(key, engine.DeliveryDone)
			w.sound()
		})
	}
	t.Run("after the case ended", func(t *testing.T) {
		w := newWorld(t)
		w.reg.say("civil", taken)
		code, key := w.recording("An")
		w.step()
		w.withdraw(code)
		was := w.actions(code)
		w.clock.Advance(9 * 24 * time.Hour)
		w.must(w.r.Reply(t.Context(), "civil", reply(key, engine.ReplyDone)))
		w.status(key, engine.DeliveryDone)
		if got := w.actions(code); !slices.Equal(got, was) {
			t.Fatalf("history %v", got)
		}
		w.sound()
	})
}

// Two requests of one step are answered in the other order: the first is no
// longer waited for, and its answer changes nothing.
func TestRepliesOutOfOrder(t *testing.T) {
	w := newWorld(t)
	p := w.defs.services["birth"].Steps[0].Procedure
	p.Actions = append(p.Actions, act("recall", "recording", "checking", engine.ByOfficer))
	w.defs.ops["civil/register"] = engine.Operation{Registry: "civil", ID: "register", Reply: required{"number"}, Expected: 2 * time.Hour}
	w.reg.say("civil", taken, taken)
	code, first := w.recording("An")
	w.step()
	w.act(code, "recall", engine.ByOfficer)
	second := w.sign(code)
	w.step()
	w.must(w.r.Reply(t.Context(), "civil", reply(second, engine.ReplyDone)))
	w.state(code, "birth", "registered")
	was := w.actions(code)
	w.must(w.r.Reply(t.Context(), "civil", reply(first, engine.ReplyRefused)))
	w.must(w.r.Reply(t.Context(), "civil", reply(second, engine.ReplyDone)))
	w.state(code, "birth", "registered")
	if got := w.actions(code); !slices.Equal(got, was) {
		t.Fatalf("history %v", got)
	}
	w.status(first, engine.DeliveryDone)
	w.status(second, engine.DeliveryDone)
	w.settle()
	w.sound()
}

// panicking is an exchange with a defect that one case meets.
type panicking struct {
	*registry
	child string
}

func (g *panicking) Send(ctx context.Context, d engine.Delivery) runtime.Answer {
	if engine.Str(d.Input, "child", "name") == g.child {
		panic("no such field")
	}
	return g.registry.Send(ctx, d)
}

// An effect on which the exchange breaks down becomes an incident at once; what
// stands behind it goes on, and so does the server.
func TestPoisonedEffectIsAnIncident(t *testing.T) {
	run(t, func(c *runtime.Config) {
		c.Exchange, c.Parallel = &panicking{c.Exchange.(*registry), "An"}, 1
	}, func(t *testing.T, w *running) {
		_, bad := w.recording("An")
		code, good := w.recording("Bình")
		time.Sleep(24 * time.Hour) // it does not spin
		synctest.Wait()
		if d := w.status(bad, engine.DeliveryIncident); d.Fence != 1 || !strings.Contains(d.LastError.Said.EN, "no such field") || strings.Contains(d.LastError.Said.EN, "\n") {
			t.Fatalf("delivery %+v", d)
		}
		w.status(good, engine.DeliveryDone)
		w.state(code, "card", "done")
		w.speaks("panicking")
	})
}

// poisoned is a schema with a defect.
type poisoned struct{ required }

func (poisoned) Validate(any) []engine.Problem { panic("schema of another draft") }

// A reply on which deciding breaks down becomes an incident: the registry is told
// that it was not taken, and is not asked for it again.
func TestPoisonedReplyIsAnIncident(t *testing.T) {
	w := newWorld(t)
	op := w.defs.ops["civil/register"]
	good := op.Reply
	op.Reply = poisoned{}
	w.defs.ops["civil/register"] = op
	code, key := w.recording("An")
	w.settle()
	if d := w.status(key, engine.DeliveryIncident); !strings.Contains(d.LastError.Said.EN, "schema of another draft") {
		t.Fatalf("delivery %+v", d)
	}
	w.code(w.r.Reply(t.Context(), "civil", reply(key, engine.ReplyDone)), engine.Internal)
	w.wall.Advance(time.Hour)
	w.settle()
	if got := w.reg.calls("civil"); len(got) != 1 {
		t.Fatalf("calls %v", got)
	}
	w.state(code, "birth", "recording")
	op.Reply = good
	w.defs.ops["civil/register"] = op
	w.must(w.r.Retry(t.Context(), by(operator, key, "mended")))
	w.settle()
	w.state(code, "card", "done")
	w.sound()
}

// unreadable is a store that cannot read one case.
type unreadable struct {
	engine.Store
	code string
}

func (s *unreadable) Load(ctx context.Context, code string) (*engine.Case, error) {
	if code == s.code {
		return nil, &engine.Error{Code: engine.CorruptHistory, Op: "store.load", Case: code, Err: fmt.Errorf("a flipped byte")}
	}
	return s.Store.Load(ctx, code)
}

func TestUnreadableCaseIsAnIncidentOfItsDeliveries(t *testing.T) {
	w := newWorld(t)
	bad, key := w.recording("An")
	code, good := w.recording("Bình")
	b := w.node("b", func(c *runtime.Config) { c.Store = &unreadable{w.store, bad} })
	w.must(b.Settle(t.Context()))
	if d := w.status(key, engine.DeliveryIncident); !strings.Contains(d.LastError.Said.EN, "a flipped byte") {
		t.Fatalf("delivery %+v", d)
	}
	w.status(good, engine.DeliveryDone)
	w.state(code, "card", "done")
}

// A case that cannot be read is told as one that waits for nothing, and hides no other
// one behind it.
func TestUnreadableCaseHidesNoStuckOne(t *testing.T) {
	w := newWorld(t)
	bad, stuck := w.file("An"), w.file("Bình")
	w.act(stuck, "receive", engine.ByReception)
	p := w.defs.services["birth"].Steps[0].Procedure
	p.Actions = slices.DeleteFunc(slices.Clone(p.Actions), func(a *engine.Action) bool { return slices.Contains(a.From, "checking") })
	whys := func(s engine.Store) map[string]string {
		t.Helper()
		r := w.node("b", func(c *runtime.Config) { c.Store = s })
		found, err := r.StuckStep(t.Context())
		w.must(err)
		out := map[string]string{}
		for _, x := range found {
			out[x.Case] = x.Why
		}
		if n, known := r.Stuck(); !known || n != len(out) {
			t.Errorf("%d parts are told, %t, of %v", n, known, out)
		}
		return out
	}
	if out := whys(w.store); len(out) != 1 || out[stuck] == "" {
		t.Fatalf("stuck are %v", out)
	}
	if out := whys(&unreadable{w.store, bad}); len(out) != 2 || out[stuck] == "" || !strings.Contains(out[bad], "a flipped byte") {
		t.Errorf("stuck are %v", out)
	}
}

// brittle is a guard with a defect that one case meets.
type brittle struct{ child string }

func (brittle) Source() string { return "brittle" }
func (b brittle) Eval(v engine.Vars) (any, error) {
	if engine.Str(v["dossier"], "child", "name") == b.child {
		panic("brittle")
	}
	return true, nil
}

func TestPoisonedTimerLeavesTheOthersAlone(t *testing.T) {
	w := newWorld(t)
	bad, good := w.file("An"), w.file("Bình")
	for _, code := range []string{bad, good} {
		w.act(code, "receive", engine.ByReception)
		w.act(code, "pause", engine.ByOfficer)
	}
	w.defs.services["birth"].Steps[0].Procedure.Action("expire").If = brittle{"An"}
	w.clock.Advance(30 * 24 * time.Hour)
	if _, err := w.r.TimerStep(t.Context(), w.clock.Now()); engine.CodeOf(err) != engine.Internal {
		t.Fatalf("got %v", err)
	}
	w.state(good, "birth", "expired")
	w.state(bad, "birth", "supplement")
	if n, err := w.r.TimerStep(t.Context(), w.clock.Now()); n != 0 || err != nil {
		t.Fatalf("it is tried again at once: %d %v", n, err)
	}
}

// A callback comes while the request is still being sent, from a lane.
func TestCallbackBeforeTheExpressSendWasRecorded(t *testing.T) {
	run(t, nil, func(t *testing.T, w *running) {
		w.reg.say("civil", taken)
		w.reg.before = func(_ string, d engine.Delivery) {
			if d.Registry == "civil" {
				w.must(w.r.Reply(context.Background(), "civil", reply(d.Key, engine.ReplyDone)))
			}
		}
		code, key := w.recording("An")
		synctest.Wait()
		if d := w.status(key, engine.DeliveryDone); d.Reply == nil || d.Expected != (time.Time{}) {
			t.Fatalf("delivery %+v", d)
		}
		w.state(code, "card", "done")
	})
}

// speaks checks that the log says something.
func (w *world) speaks(what string) {
	w.t.Helper()
	if !strings.Contains(w.log.String(), what) {
		w.t.Fatalf("nobody is told %q:\n%s", what, w.log)
	}
}
