package runtime_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"lienthong/engine"
	"lienthong/engine/runtime"
)

// Advance over two expiries and an answer expected in between: every stop is made
// in order, and what a stop sets off is settled before the next one.
func TestAdvanceStopsAtEachInstant(t *testing.T) {
	w := newWorld(t)
	first := w.file("An")
	w.act(first, "receive", engine.ByReception)
	w.act(first, "pause", engine.ByOfficer)
	w.clock.Advance(24 * time.Hour)
	second := w.file("Bình")
	w.act(second, "receive", engine.ByReception)
	w.act(second, "pause", engine.ByOfficer)
	w.reg.say("civil", taken, done) // the callback is lost: it must be asked for
	third, key := w.recording("Chi")
	w.settle()

	var order []string
	w.reg.before = func(verb string, d engine.Delivery) {
		order = append(order, d.Operation+" "+w.clock.Now().Format("02 15:04"))
	}
	w.must(w.r.Advance(t.Context(), start.AddDate(0, 0, 30)))
	if !w.clock.Now().Equal(start.AddDate(0, 0, 30)) {
		t.Fatalf("the clock shows %s", w.clock.Now())
	}
	w.state(first, "birth", "expired")
	w.state(second, "birth", "expired")
	w.state(third, "card", "done")
	w.status(key, engine.DeliveryDone)
	if !strings.HasPrefix(order[0], "register 08 11:00") {
		t.Errorf("the overdue answer was asked for at another time: %v", order)
	}
	if got := slices.Compact(slices.Clone(order)); !slices.IsSortedFunc(got, func(a, b string) int {
		return strings.Compare(a[strings.Index(a, " "):], b[strings.Index(b, " "):])
	}) || !slices.Contains(got, "send 16 17:00") || !slices.Contains(got, "send 17 17:00") {
		t.Errorf("stops %v", got)
	}
	// The card was asked for when the birth was registered, not at the end.
	if at := w.load(third).Dossier("card").Opened; !at.Equal(start.Add(26 * time.Hour)) {
		t.Errorf("the card opened at %s", at)
	}
	w.sound()
}

func TestAdvanceNeedsAVirtualClock(t *testing.T) {
	w := newWorld(t)
	r := w.node("b", func(c *runtime.Config) { c.Clock = runtime.SystemClock{} })
	w.code(r.Advance(t.Context(), start.AddDate(1, 0, 0)), engine.Precondition)
	w.must(w.r.Advance(t.Context(), start.AddDate(-1, 0, 0))) // the past changes nothing
	if !w.clock.Now().Equal(start) {
		t.Fatal("the clock went back")
	}
}

func TestFeeExpiresAndItsCollectionIsTakenBack(t *testing.T) {
	w := newWorld(t)
	w.defs.ops["treasury/collect"] = engine.Operation{Registry: "treasury", ID: "collect", Cancellable: true}
	w.reg.say("treasury", taken)
	cs, err := w.r.File(t.Context(), filing("An", map[string]any{"fee": int64(8000)}))
	w.must(err)
	w.settle()
	key := w.load(cs[0].Code).Fee.Request
	w.status(key, engine.DeliveryAccepted)
	w.must(w.r.Advance(t.Context(), start.AddDate(0, 0, 8)))
	if c := w.load(cs[0].Code); c.Outcome != engine.Expired {
		t.Fatalf("case is %s %s", c.Status, c.Outcome)
	}
	w.status(key, engine.DeliverySkipped)
}

func TestFeePaidOpensTheCase(t *testing.T) {
	w := newWorld(t)
	cs, err := w.r.File(t.Context(), filing("An", map[string]any{"fee": int64(8000)}))
	w.must(err)
	w.settle()
	w.state(cs[0].Code, "birth", "submitted")
	if found, err := w.r.StuckStep(t.Context()); err != nil || len(found) != 0 {
		t.Fatalf("stuck %v %v", found, err)
	}
}

func TestTimerStepCountsAndRepeats(t *testing.T) {
	w := newWorld(t)
	code := w.file("An")
	w.act(code, "receive", engine.ByReception)
	w.act(code, "pause", engine.ByOfficer)
	for at, want := range map[time.Time]int{start: 0, start.AddDate(0, 0, 20): 1} {
		if n, err := w.r.TimerStep(t.Context(), at); err != nil || n != want {
			t.Fatalf("at %s: %d %v, want %d", at, n, err, want)
		}
	}
	if n, err := w.r.TimerStep(t.Context(), start.AddDate(0, 0, 20)); err != nil || n != 0 {
		t.Fatalf("again: %d %v", n, err)
	}
}

// A case whose definition is gone does not hold up the others.
func TestOneSickCaseHoldsUpNobody(t *testing.T) {
	w := newWorld(t)
	f := filing("An", map[string]any{"children": []any{map[string]any{"name": "An"}}})
	f.Service = "twins"
	cs, err := w.r.File(t.Context(), f)
	w.must(err)
	sick, well := cs[0].Code, w.file("Bình")
	for _, code := range []string{sick, well} {
		w.act(code, "receive", engine.ByReception)
		w.act(code, "pause", engine.ByOfficer)
	}
	delete(w.defs.services, "twins")
	late := start.AddDate(0, 0, 20)
	n, err := w.r.TimerStep(t.Context(), late)
	w.code(err, engine.NotFound)
	if n != 1 {
		t.Fatalf("%d cases worked", n)
	}
	w.state(well, "birth", "expired")
	if n, err := w.r.TimerStep(t.Context(), late); n != 0 || err != nil {
		t.Fatalf("%d %v: the sick case was not left alone", n, err)
	}
}

// elsewhere is a store that cannot read some cases now.
type elsewhere struct {
	engine.Store
	away map[string]bool
}

func (s *elsewhere) Load(ctx context.Context, code string) (*engine.Case, error) {
	if s.away[code] {
		return nil, &engine.Error{Code: engine.Unavailable, Op: "store.load", Case: code}
	}
	return s.Store.Load(ctx, code)
}

// As many due cases as a step takes cannot be read for long: those behind them fire, and
// they do when they can be read. Nothing that may pass is left alone for as long as what
// does not, and an advance of the clock tries it again.
func TestUnreadableCasesHoldUpNoTimers(t *testing.T) {
	store := &elsewhere{away: map[string]bool{}}
	w := newWorld(t, func(c *runtime.Config) { store.Store, c.Store, c.Batch = c.Store, store, 2 })
	var all []string
	for i := range 5 {
		code := w.file(fmt.Sprint("child ", i))
		w.act(code, "receive", engine.ByReception)
		w.act(code, "pause", engine.ByOfficer)
		all = append(all, code)
	}
	late := start.AddDate(0, 0, 20)
	due, err := w.store.Due(t.Context(), late, 0)
	if w.must(err); len(due) != len(all) {
		t.Fatalf("%d due", len(due))
	}
	store.away[due[0]], store.away[due[1]] = true, true
	for range 6 { // of Run's looks, as many as a poll apart
		_, err = w.r.TimerStep(t.Context(), late)
		if code := engine.CodeOf(err); code != "" && code != engine.Unavailable {
			t.Fatal(err)
		}
		w.wall.Set(w.wall.Now().Add(time.Second))
	}
	for _, code := range due[2:] {
		w.state(code, "birth", "expired")
	}
	w.wall.Set(w.wall.Now().Add(2 * time.Minute)) // less than RetryMax
	store.away = nil
	if n, err := w.r.TimerStep(t.Context(), late); n != 2 || err != nil {
		t.Errorf("%d fired when they could be read: %v", n, err)
	}
	w.state(due[0], "birth", "expired")
}

// An advance of the clock that a case kept from firing goes past nothing when it is repeated.
func TestAdvanceRepeatsWhatCouldNotBeRead(t *testing.T) {
	store := &elsewhere{away: map[string]bool{}}
	w := newWorld(t, func(c *runtime.Config) { store.Store, c.Store = c.Store, store })
	code := w.file("An")
	w.act(code, "receive", engine.ByReception)
	w.act(code, "pause", engine.ByOfficer)
	store.away[code] = true
	late := start.AddDate(0, 0, 20)
	w.code(w.r.Advance(t.Context(), late), engine.Unavailable)
	if !w.clock.Now().Before(late) {
		t.Fatal("the clock went past it")
	}
	store.away = nil
	at := w.clock.Now()
	w.must(w.r.Advance(t.Context(), at))
	w.must(w.r.Settle(t.Context()))
	w.must(w.r.Advance(t.Context(), late))
	es, err := w.store.History(t.Context(), code, 1, 0)
	w.must(err)
	if last := es[len(es)-1]; last.At.After(at) {
		t.Errorf("the last entry is of %s, the clock stood at %s", last.At, at)
	}
	w.state(code, "birth", "expired")
}

func TestStuckDetectorFindsTheStuckAndNoOthers(t *testing.T) {
	w := newWorld(t)
	want := w.file("lost")
	w.act(want, "receive", engine.ByReception)
	w.act(want, "lose", engine.ByLeader)

	w.file("submitted")
	paused := w.file("paused")
	w.act(paused, "receive", engine.ByReception)
	w.act(paused, "pause", engine.ByOfficer)
	_, _ = w.recording("asked")
	w.reg.say("insurance", runtime.Answer{Outcome: runtime.Incident, Code: "strange"})
	_, _ = w.recording("incident")
	w.settle()
	w.reg.say("civil", taken)
	_, _ = w.recording("later")
	w.settle()
	gone := w.file("gone")
	w.act(gone, "receive", engine.ByReception)
	w.act(gone, "refuse", engine.ByLeader)
	_, err := w.r.File(t.Context(), runtime.Filing{Service: "consent", Actor: citizen, Requester: engine.Person{ID: "P"}, Channel: 2,
		Application: map[string]any{"people": []any{"N"}, "commune": "00004"}})
	w.must(err)
	_, err = w.r.File(t.Context(), filing("unpaid", map[string]any{"fee": int64(1)}))
	w.must(err)

	found, err := w.r.StuckStep(t.Context())
	w.must(err)
	if len(found) != 1 || found[0].Case != want || found[0].Step != "birth" || found[0].State != "limbo" {
		t.Fatalf("found %+v", found)
	}
	// An effect that was lost is found too.
	code, key := w.recording("answered by nobody")
	d := w.delivery(key)
	d.Status = engine.DeliveryDone
	w.must(w.store.Reset(t.Context(), *d))
	found, err = w.r.StuckStep(t.Context())
	w.must(err)
	if len(found) != 2 || !slices.ContainsFunc(found, func(s runtime.Stuck) bool {
		return s.Case == code && s.State == "recording" && strings.Contains(s.Why, "request")
	}) {
		t.Fatalf("found %+v", found)
	}
}

func TestRunRelaysFiresAndStops(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.clock, w.reg = runtime.NewVirtual(start, true), newRegistry()
		w.r = w.node("a", func(c *runtime.Config) { c.Wall, c.Parallel = time.Now, 4 })
		w.reg.say("civil", transient, transient, taken)
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- w.r.Run(ctx) }()

		code, key := w.recording("An")
		paused := w.file("Bình")
		w.act(paused, "receive", engine.ByReception)
		w.act(paused, "pause", engine.ByOfficer)
		synctest.Wait()
		if d := w.status(key, engine.DeliveryPending); d.Tries != 1 {
			t.Fatalf("not sent at once: %+v", d)
		}
		time.Sleep(10 * time.Second) // fake time: two back-offs
		synctest.Wait()
		w.status(key, engine.DeliveryAccepted)
		w.must(w.r.Reply(t.Context(), "civil", reply(key, engine.ReplyDone)))
		synctest.Wait()
		w.state(code, "card", "done") // by wake-up, no poll in between
		w.clock.Advance(20 * 24 * time.Hour)
		time.Sleep(time.Second) // by the poll
		synctest.Wait()
		w.state(paused, "birth", "expired")
		w.sound()

		cancel()
		if err := <-ended; err != nil {
			t.Fatal(err)
		}
	})
}

func TestRunStopsWhileARegistryHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		hang := &hanging{}
		w.r = w.node("a", func(c *runtime.Config) { c.Wall, c.Exchange, c.Parallel = time.Now, hang, 2 })
		ctx, cancel := context.WithCancel(t.Context())
		_, key := w.recording("An")
		ended := make(chan error, 1)
		go func() { ended <- w.r.Run(ctx) }()
		synctest.Wait()
		cancel()
		if err := <-ended; err != nil {
			t.Fatal(err)
		}
		if d := w.status(key, engine.DeliveryPending); d.Tries != 0 {
			t.Fatalf("delivery %+v", d)
		}
	})
}

// hanging never answers by itself.
type hanging struct{}

func (*hanging) Send(ctx context.Context, _ engine.Delivery) runtime.Answer {
	<-ctx.Done()
	return transient
}

func (h *hanging) Ask(ctx context.Context, d engine.Delivery) runtime.Answer { return h.Send(ctx, d) }

func TestHangingRegistryTimesOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.r = w.node("a", func(c *runtime.Config) { c.Wall, c.Exchange = time.Now, &hanging{} })
		_, key := w.recording("An")
		begun := time.Now()
		for w.delivery(key).Tries == 0 {
			if _, err := w.r.RelayStep(t.Context(), time.Now()); err != nil {
				t.Fatal(err)
			}
		}
		if took := time.Since(begun); took > 2*time.Minute {
			t.Fatalf("one hanging registry took %s", took)
		}
	})
}

func TestSubscribersAreToldAndNeverWaitedFor(t *testing.T) {
	w := newWorld(t)
	quick, end := w.r.Subscribe()
	slow, endSlow := w.r.Subscribe()
	code := w.file("An")
	if got := <-quick; got != code {
		t.Fatalf("told of %q", got)
	}
	w.act(code, "receive", engine.ByReception)
	for range 400 { // more than anybody's backlog
		for _, a := range []string{engine.ActClaim, engine.ActRelease} {
			w.act(code, a, engine.ByOfficer)
			<-quick
		}
	}
	n := 0
	for range slow { // ends: it was dropped and its channel closed
		n++
	}
	if n == 0 || n > 400 {
		t.Fatalf("the slow one got %d", n)
	}
	end()
	end()
	endSlow()
	for range quick {
	}
	w.act(code, engine.ActClaim, engine.ByOfficer)
}

func TestSubscribersChooseWhatConcernsThem(t *testing.T) {
	w := newWorld(t)
	listen := func(topics ...string) func(want ...string) {
		ch, end := w.r.Subscribe(topics...)
		t.Cleanup(end)
		return func(want ...string) {
			t.Helper()
			got := []string{}
			for len(ch) > 0 {
				got = append(got, <-ch)
			}
			if !slices.Equal(got, want) {
				t.Fatalf("%v was told of %v, want %v", topics, got, want)
			}
		}
	}
	everybody, me, you := listen(), listen(runtime.PersonTopic("P")), listen(runtime.PersonTopic("Q"))
	here, elsewhere := listen(runtime.OfficeTopic("civil-00004"), runtime.PersonTopic("P")), listen(runtime.OfficeTopic("civil-00005"))
	an := w.file("An")
	this := listen(runtime.CaseTopic(an))
	w.act(an, "receive", engine.ByReception)
	binh := w.file("Bình")
	everybody(an, an, binh)
	me(an, an, binh)
	here(an, an, binh) // once each, though both topics are concerned
	this(an)
	you()
	elsewhere()
	cs, err := w.r.File(t.Context(), runtime.Filing{Service: "consent", Actor: citizen, Requester: engine.Person{ID: "P"}, Channel: 2,
		Application: map[string]any{"people": []any{"Q", "R"}, "commune": "00005"}})
	w.must(err)
	you(cs[0].Code)
	me(cs[0].Code)
	here(cs[0].Code)
	everybody(cs[0].Code)
	elsewhere() // it is the police's
	this()
	w.reg.say("civil", runtime.Answer{Outcome: runtime.Incident})
	w.sign(an)
	this(an)
	w.step()
	this(an) // what it waits for needs a person
}

func TestVirtualClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		still, runs := runtime.NewVirtual(start, false), runtime.NewVirtual(start, true)
		time.Sleep(time.Hour)
		if !still.Now().Equal(start) || !runs.Now().Equal(start.Add(time.Hour)) {
			t.Fatalf("%s and %s", still.Now(), runs.Now())
		}
		runs.Set(start) // never back
		runs.Advance(-time.Hour)
		if !runs.Now().Equal(start.Add(time.Hour)) {
			t.Fatalf("went back to %s", runs.Now())
		}
		runs.Set(start.Add(5 * time.Hour))
		time.Sleep(time.Hour)
		if got := runs.Advance(time.Hour); !got.Equal(start.Add(7 * time.Hour)) {
			t.Fatalf("shows %s", got)
		}
	})
}
