package runtime_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"lienthong/engine"
	"lienthong/engine/runtime"
)

func reply(key, outcome string) engine.Reply {
	r := engine.Reply{Request: key, Outcome: outcome}
	if outcome == engine.ReplyDone {
		r.Data = map[string]any{"number": "01/2026"}
	} else {
		r.Code = "known_child"
	}
	return r
}

var (
	transient = runtime.Answer{Outcome: runtime.Transient, Detail: engine.Text{EN: "no answer"}}
	taken     = runtime.Answer{Outcome: runtime.Later}
)

func TestReplyNowRunsTheCaseToItsEnd(t *testing.T) {
	w := newWorld(t)
	code, key := w.recording("An")
	w.settle()
	w.state(code, "card", "done")
	if c := w.load(code); c.Status != engine.CaseEnded || c.Outcome != engine.Completed {
		t.Fatalf("case is %s %s", c.Status, c.Outcome)
	}
	d := w.status(key, engine.DeliveryDone)
	if d.Reply == nil || d.Reply.Outcome != engine.ReplyDone || d.DoneAt.IsZero() {
		t.Fatalf("delivery %+v", d)
	}
	if ds, err := w.store.Deliveries(t.Context(), "", "", "", 100); err != nil || len(ds) != 0 {
		t.Fatalf("still owed: %v %v", ds, err)
	}
	w.sound()
}

func TestReplyLaterByCallback(t *testing.T) {
	w := newWorld(t)
	w.reg.say("civil", taken)
	code, key := w.recording("An")
	w.settle()
	d := w.status(key, engine.DeliveryAccepted)
	if !d.Expected.Equal(start.Add(2*time.Hour)) || !d.Next.Equal(start.Add(2*time.Hour)) || d.SentAt.IsZero() {
		t.Fatalf("expected %s, next %s, sent %s", d.Expected, d.Next, d.SentAt)
	}
	w.must(w.r.Reply(t.Context(), "civil", reply(key, engine.ReplyDone)))
	w.state(code, "birth", "registered")
	before := len(w.actions(code))
	for range 3 { // repeated
		w.must(w.r.Reply(t.Context(), "civil", reply(key, engine.ReplyDone)))
	}
	if n := len(w.actions(code)); n != before {
		t.Fatalf("history grew from %d to %d", before, n)
	}
	w.status(key, engine.DeliveryDone)
	w.settle()
	w.sound()
}

// A registry that promises its answer for the end of time is asked like one that
// promised nothing.
func TestAbsurdPromiseIsNone(t *testing.T) {
	w := newWorld(t)
	w.reg.say("civil", runtime.Answer{Outcome: runtime.Later, Expected: time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC)}, done)
	code, key := w.recording("An")
	w.settle()
	if d := w.status(key, engine.DeliveryAccepted); d.Expected.Year() > 2100 {
		t.Fatalf("expected %s", d.Expected)
	}
	w.clock.Advance(24 * time.Hour)
	w.wall.Advance(24 * time.Hour)
	w.settle()
	w.state(code, "birth", "registered")
	w.sound()
}

func TestCallbackBeforeTheSendWasRecorded(t *testing.T) {
	w := newWorld(t)
	code, key := w.recording("An")
	w.reg.say("civil", taken)
	w.reg.before = func(verb string, d engine.Delivery) {
		if d.Registry == "civil" { // the registry is faster than its own 202
			w.must(w.r.Reply(context.Background(), "civil", reply(key, engine.ReplyDone)))
		}
	}
	w.step()
	w.state(code, "birth", "registered")
	w.status(key, engine.DeliveryDone)
	w.reg.before = nil
	w.settle()
	w.state(code, "card", "done")
	w.sound()
}

func TestReplyToWhatWasNeverAsked(t *testing.T) {
	w := newWorld(t)
	_, key := w.recording("An")
	w.code(w.r.Reply(t.Context(), "insurance", reply(key, engine.ReplyDone)), engine.NotFound)
	w.code(w.r.Reply(t.Context(), "civil", reply("no/1/1", engine.ReplyDone)), engine.NotFound)
	w.code(w.r.Reply(t.Context(), "civil", reply(key, "perhaps")), engine.Invalid)
	w.status(key, engine.DeliveryPending)
}

func TestUnusableReplyIsAnIncident(t *testing.T) {
	w := newWorld(t)
	code, key := w.recording("An")
	w.reg.say("civil", runtime.Answer{Outcome: runtime.Done}) // no number
	w.settle()
	d := w.status(key, engine.DeliveryIncident)
	if d.Reply != nil || !strings.Contains(d.LastError.Said.EN, "/number") {
		t.Fatalf("delivery %+v", d)
	}
	w.state(code, "birth", "recording")
	w.code(w.r.Reply(t.Context(), "civil", engine.Reply{Request: key, Outcome: engine.ReplyDone}), engine.Invalid)
	// The registry mends its answer.
	w.must(w.r.Reply(t.Context(), "civil", reply(key, engine.ReplyDone)))
	w.state(code, "birth", "registered")
	w.status(key, engine.DeliveryDone)
}

// An exchange that makes an incident failed, and counts among those that did.
func TestIncidentCountsItsExchange(t *testing.T) {
	w := newWorld(t)
	w.reg.say("civil", transient, runtime.Answer{Outcome: runtime.Incident, Code: "http_400"})
	_, key := w.recording("An")
	w.step()
	w.wall.Advance(time.Minute)
	w.step()
	if d := w.status(key, engine.DeliveryIncident); d.Tries != 2 {
		t.Errorf("%d tries", d.Tries)
	}
}

func TestTransientIsTriedAgainLaterAndLater(t *testing.T) {
	w := newWorld(t)
	code, key := w.recording("An")
	w.reg.say("civil", transient, transient, transient)
	var waits []time.Duration
	for range 3 {
		w.step()
		d := w.status(key, engine.DeliveryPending)
		if d.LastError.Said.EN != "no answer" {
			t.Fatalf("why: %q", d.LastError)
		}
		wait := d.Next.Sub(w.wall.Now())
		waits = append(waits, wait)
		w.wall.Advance(wait - time.Millisecond)
		if w.step(); w.delivery(key).Tries != len(waits) {
			t.Fatal("tried too early")
		}
		w.wall.Advance(time.Millisecond)
	}
	for i, longest := range []time.Duration{time.Second, 2 * time.Second, 4 * time.Second} {
		if waits[i] < longest/2 || waits[i] > longest {
			t.Errorf("back-off %d is %s, want %s to %s", i, waits[i], longest/2, longest)
		}
	}
	w.step()
	w.state(code, "birth", "registered")
	if d := w.status(key, engine.DeliveryDone); !d.LastError.IsZero() {
		t.Fatalf("error %q after the end", d.LastError)
	}
	w.sound()
}

func TestRegistryMayWishToBeLeftAlone(t *testing.T) {
	w := newWorld(t)
	_, key := w.recording("An")
	a := transient
	a.RetryAfter = time.Hour
	w.reg.say("civil", a)
	w.step()
	if d := w.delivery(key); !d.Next.Equal(start.Add(time.Hour)) {
		t.Fatalf("next %s", d.Next)
	}
}

func TestBreakerSparesADeadRegistry(t *testing.T) {
	w := newWorld(t)
	var keys []string
	for i := range 8 {
		_, key := w.recording(strings.Repeat("A", i+1))
		keys = append(keys, key)
	}
	for range 8 {
		w.reg.say("civil", transient)
	}
	w.step()
	if got := w.reg.calls("civil"); len(got) != 5 {
		t.Fatalf("%d calls before the breaker opened, want 5", len(got))
	}
	d := w.status(keys[7], engine.DeliveryPending)
	if d.Tries != 0 || d.LastError.Code != engine.TroubleBreaker {
		t.Fatalf("delivery %+v", d)
	}
	if got := w.reg.calls(engine.NotificationRegistry); len(got) == 0 {
		t.Fatal("another registry was not spared")
	}
	w.wall.Advance(25 * time.Second)
	w.step() // still open
	if got := w.reg.calls("civil"); len(got) != 5 {
		t.Fatalf("calls %v", got)
	}
	w.wall.Advance(10 * time.Second)
	w.step() // the probe fails: open again
	if got := w.reg.calls("civil"); len(got) != 6 {
		t.Fatalf("%d calls, want one probe", len(got))
	}
	w.reg.mu.Lock()
	w.reg.script["civil"] = nil
	w.reg.mu.Unlock()
	for range 10 {
		w.wall.Advance(time.Minute)
		w.settle()
	}
	for _, k := range keys {
		w.status(k, engine.DeliveryDone)
	}
	w.sound()
}

func TestOverdueReplyIsAskedFor(t *testing.T) {
	w := newWorld(t)
	w.reg.say("civil", taken, taken, done)
	code, key := w.recording("An")
	w.settle()
	w.clock.Advance(2 * time.Hour)
	w.wall.Advance(2 * time.Hour)
	w.settle()
	d := w.status(key, engine.DeliveryAccepted)
	if d.LastError.Code != engine.TroubleOverdue || !d.Next.Equal(w.wall.Now().Add(10*time.Minute)) {
		t.Fatalf("delivery %+v", d)
	}
	w.wall.Advance(10 * time.Minute)
	w.settle()
	w.state(code, "birth", "registered")
	if got := w.reg.calls("civil"); !slices.Equal(got, []string{"send", "ask", "ask"}) {
		t.Fatalf("calls %v", got)
	}
	w.sound()
}

func TestForgottenRequestIsSentAgain(t *testing.T) {
	w := newWorld(t)
	w.reg.say("civil", taken)
	code, key := w.recording("An")
	w.settle()
	w.reg.mu.Lock()
	delete(w.reg.known, key)
	w.reg.mu.Unlock()
	w.wall.Advance(2 * time.Hour)
	w.settle()
	w.state(code, "birth", "registered")
	if got := w.reg.calls("civil"); !slices.Equal(got, []string{"send", "ask", "send"}) {
		t.Fatalf("calls %v", got)
	}
}

// A node dies after the registry performed the request, before anything is kept.
func TestCrashBetweenSendAndReply(t *testing.T) {
	w := newWorld(t)
	code, key := w.recording("An")
	dead, die := context.WithCancel(t.Context())
	w.reg.before = func(verb string, d engine.Delivery) {
		if d.Key == key {
			die()
		}
	}
	ds, err := w.store.Claim(dead, "dead", w.wall.Now(), w.wall.Now().Add(time.Minute), 10)
	w.must(err)
	for _, d := range ds {
		w.reg.Send(dead, d) // performed; the answer is lost with the node
	}
	w.reg.before = nil
	b := w.node("b")
	if n, err := b.RelayStep(t.Context(), w.wall.Now()); err != nil || n != 0 {
		t.Fatalf("the lease does not hold: %d %v", n, err)
	}
	w.wall.Advance(time.Minute)
	w.must(b.Settle(t.Context()))
	w.state(code, "birth", "registered")
	w.status(key, engine.DeliveryDone)
	if w.reg.performed[key] != 1 {
		t.Fatalf("performed %d times", w.reg.performed[key])
	}
	w.sound()
}

// spy is a store that counts what Settle and Reset write, and may forget what an
// entry settles, as a server did that settled afterwards and died in between.
type spy struct {
	engine.Store
	forget  bool
	writes  atomic.Int64 // by Settle and Reset
	claimed atomic.Int64 // deliveries given out by Claim
	reads   atomic.Int64 // by Load, Answered and Delivery
	blocks  atomic.Int64 // by Codes
	fail    atomic.Bool  // of Append
	dies    atomic.Bool  // with the next Append, which is done: nothing is told any more
	dead    atomic.Bool  // Settle and Reset write nothing
}

func (s *spy) Append(ctx context.Context, cs ...engine.Change) error {
	if s.fail.Load() {
		return engine.Fail(engine.Unavailable, "", "the disk is gone")
	}
	if s.forget {
		for i := range cs {
			cs[i].Settled = nil
		}
	}
	err := s.Store.Append(ctx, cs...)
	if err == nil && s.dies.Load() {
		s.fail.Store(true)
		return engine.Fail(engine.UnknownOutcome, "", "the server is gone")
	}
	return err
}

func (s *spy) Load(ctx context.Context, code string) (*engine.Case, error) {
	s.reads.Add(1)
	return s.Store.Load(ctx, code)
}

func (s *spy) Answered(ctx context.Context, actor, key string) (*engine.Answer, error) {
	s.reads.Add(1)
	if s.dies.Load() && s.fail.Load() {
		return nil, engine.Fail(engine.Unavailable, "", "the server is gone")
	}
	return s.Store.Answered(ctx, actor, key)
}

func (s *spy) Delivery(ctx context.Context, key string) (*engine.Delivery, error) {
	s.reads.Add(1)
	return s.Store.Delivery(ctx, key)
}

func (s *spy) Codes(ctx context.Context, unit, day string, n int) (int, error) {
	s.blocks.Add(1)
	return s.Store.Codes(ctx, unit, day, n)
}

func (s *spy) Claim(ctx context.Context, node string, now, lease time.Time, limit int, except ...string) ([]engine.Delivery, error) {
	ds, err := s.Store.Claim(ctx, node, now, lease, limit, except...)
	s.claimed.Add(int64(len(ds)))
	return ds, err
}

func (s *spy) Settle(ctx context.Context, d engine.Delivery) error {
	if s.dead.Load() {
		return engine.Fail(engine.Unavailable, "", "crashed")
	}
	s.writes.Add(1)
	return s.Store.Settle(ctx, d)
}

func (s *spy) Reset(ctx context.Context, d engine.Delivery) error {
	s.writes.Add(1)
	return s.Store.Reset(ctx, d)
}

// The answer and the end of its delivery are one commit: there is no moment at
// which history has the one and the outbox not the other.
func TestAnswerSettlesItsDelivery(t *testing.T) {
	w := newWorld(t)
	code, key := w.recording("An")
	s := &spy{Store: w.store}
	s.fail.Store(true)
	a := w.node("a", func(c *runtime.Config) { c.Store = s })
	w.code(a.Reply(t.Context(), "civil", reply(key, engine.ReplyDone)), engine.Unavailable)
	w.state(code, "birth", "recording")
	w.status(key, engine.DeliveryPending)
	s.fail.Store(false)
	w.must(a.Reply(t.Context(), "civil", reply(key, engine.ReplyDone)))
	w.state(code, "birth", "registered")
	if d := w.status(key, engine.DeliveryDone); d.Reply == nil || d.Reply.Data["number"] != "01/2026" || d.SentAt.IsZero() {
		t.Fatalf("delivery %+v", d)
	}
	if n := s.writes.Load(); n != 0 {
		t.Fatalf("%d writes beside the entry's", n)
	}
	w.sound()
}

func TestAnswerInHistoryOnly(t *testing.T) {
	w := newWorld(t)
	code, key := w.recording("An")
	a := w.node("a", func(c *runtime.Config) { c.Store = &spy{Store: w.store, forget: true} })
	if _, err := a.RelayStep(t.Context(), w.wall.Now()); err != nil {
		t.Fatal(err)
	}
	w.state(code, "birth", "registered") // history has it …
	w.status(key, engine.DeliveryPending)
	w.wall.Advance(time.Minute)
	w.must(w.node("b").Settle(t.Context()))
	if d := w.status(key, engine.DeliveryDone); d.Reply == nil || d.Reply.Data["number"] != "01/2026" {
		t.Fatalf("delivery %+v", d)
	}
	if got := w.reg.calls("civil"); !slices.Equal(got, []string{"send"}) {
		t.Fatalf("… and the registry was troubled again: %v", got)
	}
	// A contradiction is told from history even then.
	d := w.delivery(key)
	d.Status, d.Reply = engine.DeliveryAccepted, nil
	w.must(w.store.Reset(t.Context(), *d))
	w.must(w.r.Reply(t.Context(), "civil", reply(key, engine.ReplyRefused)))
	w.status(key, engine.DeliveryIncident)
	w.sound()
}

func TestLostLeaseIsFenced(t *testing.T) {
	w := newWorld(t)
	code, key := w.recording("An")
	b := w.node("b")
	first := true
	w.reg.before = func(verb string, d engine.Delivery) {
		if d.Key == key && first { // this node sleeps past its lease; the other one finishes
			first = false
			w.wall.Advance(2 * time.Minute)
			w.must(b.Settle(context.Background()))
			w.status(key, engine.DeliveryDone)
			w.reg.say("civil", transient)
		}
	}
	w.step()
	w.state(code, "birth", "registered")
	if d := w.status(key, engine.DeliveryDone); d.Tries != 0 {
		t.Fatalf("the late node wrote: %+v", d)
	}
	if !strings.Contains(w.log.String(), "lease lost") {
		t.Fatal("nobody was told")
	}
	w.sound()
}

func TestCancelledStepGivesBack(t *testing.T) {
	w := newWorld(t)
	_, key := w.recording("An")
	ctx, cancel := context.WithCancel(t.Context())
	w.reg.before = func(string, engine.Delivery) { cancel() }
	w.reg.say("civil", transient)
	w.reg.say(engine.NotificationRegistry, transient)
	_, err := w.r.RelayStep(ctx, w.wall.Now())
	w.must(err)
	if d := w.status(key, engine.DeliveryPending); d.Tries != 0 {
		t.Fatalf("counted as a try: %+v", d)
	}
	w.reg.before = nil
	w.reg.mu.Lock()
	w.reg.script = map[string][]runtime.Answer{}
	w.reg.mu.Unlock()
	w.settle()
	w.status(key, engine.DeliveryDone)
}

// What a registry answered while the relay was stopped is kept: it did what it was
// asked, and is not asked again.
func TestAnswerThatMeetsTheEndIsKept(t *testing.T) {
	w := newWorld(t)
	code, key := w.recording("An")
	ctx, cancel := context.WithCancel(t.Context())
	w.reg.before = func(_ string, d engine.Delivery) {
		if d.Key == key {
			cancel()
		}
	}
	_, err := w.r.RelayStep(ctx, w.wall.Now())
	w.must(err)
	w.status(key, engine.DeliveryDone)
	w.state(code, "birth", "registered")
	w.sound()
}

func TestManyAtOnceInParallel(t *testing.T) {
	w := newWorld(t, func(c *runtime.Config) { c.Parallel = 4; c.Batch = 100 })
	var codes []string
	for i := range 20 {
		code, _ := w.recording(fmt.Sprint("child ", i))
		codes = append(codes, code)
	}
	w.settle()
	for _, c := range codes {
		w.state(c, "card", "done")
	}
	w.sound()
}

// Back-off is drawn, so that those who failed together do not come back together.
func TestSameSeedSameBackOff(t *testing.T) {
	run := func() (out []time.Time) {
		w := newWorld(t)
		_, key := w.recording("An")
		w.reg.say("civil", transient, transient, transient)
		for range 3 {
			w.step()
			out = append(out, w.delivery(key).Next)
			w.wall.Advance(time.Minute)
		}
		return out
	}
	a, b := run(), run()
	if !slices.EqualFunc(a, b, time.Time.Equal) {
		t.Fatalf("%v and %v", a, b)
	}
	for i, next := range a {
		if wait := next.Sub(start.Add(time.Duration(i) * time.Minute)); wait == time.Second<<i {
			t.Errorf("back-off %d is the longest: %s", i, wait)
		}
	}
}
