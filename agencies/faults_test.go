package agencies_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"lienthong/agencies"
	"lienthong/agencies/wire"
)

const assign = "assign_personal_id"

func TestSameKeyTwiceAtOnceIsPerformedOnce(t *testing.T) {
	w := open(t, func(c *agencies.Config) { c.Dir = t.TempDir() })
	var all sync.WaitGroup
	answers := make([]wire.Answer, 8)
	for i := range answers {
		all.Go(func() {
			a, err := w.client.Send(context.Background(), w.request("population", assign, "c/1/1", newborn()))
			if err != nil {
				t.Error(err)
			}
			answers[i] = a
		})
	}
	all.Wait()
	for _, a := range answers {
		if a.Outcome != wire.Done || a.Data["id"] != answers[0].Data["id"] {
			t.Errorf("%+v", a)
		}
	}
	if n := w.Performed("population", assign, "c/1/1"); n != 1 {
		t.Errorf("performed %d times", n)
	}
}

func TestSameKeyOtherBodyIsConflict(t *testing.T) {
	w := open(t)
	first := w.send("population", assign, "k", newborn())
	other := newborn()
	other["registered_in"] = "00070"
	if a := w.send("population", assign, "k", other); a.Outcome != wire.Incident || a.Status != 409 {
		t.Errorf("other input: %+v", a)
	}
	if a := w.send("population", "record_death", "k", m{"id": id("thang"), "died_on": "2026-06-30"}); a.Status != 409 {
		t.Errorf("other operation: %+v", a)
	}
	w.advance(time.Hour) // asking later, from another address, is the same request
	again := w.request("population", assign, "k", newborn())
	again.Callback = "http://elsewhere/api/v1/exchange/population/replies"
	a, err := w.client.Send(context.Background(), again)
	if err != nil || a.Outcome != wire.Done || a.Data["id"] != first.Data["id"] {
		t.Errorf("again: %+v %v", a, err)
	}
}

func TestLostReplyThenRetry(t *testing.T) {
	w := open(t)
	w.faults("population", agencies.Faults{LoseReplyRate: 1})
	if a := w.send("population", assign, "k", newborn()); a.Outcome != wire.Transient || a.Status != 0 {
		t.Fatalf("%+v", a)
	}
	asked, err := w.client.Ask(context.Background(), "population", "k")
	if err != nil || asked.Outcome != wire.Done {
		t.Fatalf("ask: %+v %v", asked, err)
	}
	if err := w.ClearFaults("population"); err != nil {
		t.Fatal(err)
	}
	a := w.send("population", assign, "k", newborn())
	if a.Outcome != wire.Done || a.Data["id"] != asked.Data["id"] || w.Performed("population", assign, "k") != 1 {
		t.Errorf("%+v", a)
	}
}

func TestLostRequestIsNeverSeen(t *testing.T) {
	w := open(t)
	w.faults("population", agencies.Faults{LoseRequestRate: 1, Operations: []string{assign}})
	if a := w.send("population", assign, "k", newborn()); a.Outcome != wire.Transient {
		t.Fatalf("%+v", a)
	}
	if a, err := w.client.Ask(context.Background(), "population", "k"); err != nil || a.Outcome != wire.Unknown {
		t.Errorf("%+v %v", a, err)
	}
	if a := w.send("population", "person", "p", m{"id": id("ha")}); a.Outcome != wire.Done {
		t.Errorf("the dial reached another operation: %+v", a)
	}
}

func TestOutageAndErrors(t *testing.T) {
	w := open(t)
	w.faults("merit", agencies.Faults{Outage: true})
	a := w.send("merit", "person", "k", m{"id": id("quy")})
	if a.Outcome != wire.Transient || a.Status != 503 || a.RetryAfter != 30*time.Second {
		t.Errorf("%+v", a)
	}
	if a, err := w.client.Ask(context.Background(), "merit", "k"); err != nil || a.Outcome != wire.Transient {
		t.Errorf("ask: %+v %v", a, err)
	}
	w.faults("merit", agencies.Faults{ErrorRate: 0.5, Seed: 7})
	run := func() (pattern string) {
		v := open(t)
		v.faults("merit", agencies.Faults{ErrorRate: 0.5, Seed: 7})
		for i := range 40 {
			a := v.send("merit", "person", key("e", i), m{"id": id("quy")})
			pattern += string(a.Outcome)[:1]
		}
		return pattern
	}
	first := run()
	if first != run() || !strings.Contains(first, "t") || !strings.Contains(first, "d") {
		t.Errorf("draws do not repeat or never vary: %s", first)
	}
}

func TestOutageStopsCallbacks(t *testing.T) {
	w := open(t)
	w.faults("merit", agencies.Faults{Later: "1h"})
	w.send("merit", "person", "k", m{"id": id("quy")})
	w.faults("merit", agencies.Faults{Outage: true})
	w.advance(2 * time.Hour)
	if n := w.step(); n != 0 || len(w.in.callbacks()) != 0 {
		t.Errorf("worked %d", n)
	}
	if err := w.ClearFaults("merit"); err != nil {
		t.Fatal(err)
	}
	if w.step(); len(w.in.callbacks()) != 1 {
		t.Error("nothing after the outage")
	}
}

// TestNothingIsPerformedTwice sends random requests through every loss at
// once, some at the same time, until each has an answer.
func TestNothingIsPerformedTwice(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		w := open(t, func(c *agencies.Config) { c.Empty = true })
		defer w.Close()
		rate := rapid.Float64Range(0, 0.6)
		f := agencies.Faults{
			LoseRequestRate: rate.Draw(rt, "lose request"), LoseReplyRate: rate.Draw(rt, "lose reply"),
			ErrorRate: rate.Draw(rt, "error"), DuplicateRate: rate.Draw(rt, "duplicate"),
			Reorder: rapid.Bool().Draw(rt, "reorder"), Seed: rapid.Int64().Draw(rt, "seed"),
			Later: rapid.SampledFrom([]string{"", "1m", "3h"}).Draw(rt, "later"),
		}
		w.faults("treasury", f)
		n := rapid.IntRange(1, 6).Draw(rt, "payments")
		for i := range n {
			k := key("pay", i)
			in := m{"payee": who("cuc"), "method": "cash", "amount": 1000 + i, "purpose": "x", "reference": k}
			var receipt any
			for try := 0; receipt == nil; try++ {
				if try > 200 {
					rt.Fatalf("%s has no answer after %d tries", k, try)
				}
				switch a := w.send("treasury", "pay", k, in); a.Outcome {
				case wire.Done:
					receipt = a.Data["receipt"]
				case wire.Later:
					w.advance(time.Hour)
					w.step()
				case wire.Transient:
				default:
					rt.Fatalf("%+v", a)
				}
			}
		}
		for w.step() > 0 {
		}
		s, err := w.Stats("treasury")
		if err != nil || len(s.Performed["pay"]) != n {
			rt.Fatalf("%+v %v", s, err)
		}
		for k, times := range s.Performed["pay"] {
			if times != 1 {
				rt.Errorf("%s performed %d times", k, times)
			}
		}
	})
}

func TestLaterThenSignedCallback(t *testing.T) {
	w := open(t)
	w.faults("population", agencies.Faults{Later: "48h"})
	a := w.send("population", assign, "k", newborn())
	if a.Outcome != wire.Later || !a.Expected.Equal(today.Add(48*time.Hour)) || a.Status != 202 {
		t.Fatalf("%+v", a)
	}
	if n := w.step(); n != 0 || w.Performed("population", assign, "k") != 0 {
		t.Errorf("worked %d before its time", n)
	}
	if a, err := w.client.Ask(context.Background(), "population", "k"); err != nil || a.Outcome != wire.Later || !a.Expected.Equal(today.Add(48*time.Hour)) {
		t.Errorf("ask: %+v %v", a, err)
	}
	w.advance(48 * time.Hour)
	if n := w.step(); n != 2 { // one settled, one posted
		t.Errorf("worked %d", n)
	}
	got := w.in.callbacks()
	if len(got) != 1 || got[0].Key != "k" || got[0].Outcome != wire.Done || got[0].Case != "c1" || len(got[0].Data["id"].(string)) != 12 {
		t.Fatalf("%+v", got)
	}
	again := w.send("population", assign, "k", newborn())
	if again.Outcome != wire.Done || again.Data["id"] != got[0].Data["id"] || w.Performed("population", assign, "k") != 1 {
		t.Errorf("%+v", again)
	}
	if w.step() != 0 {
		t.Error("still work to do")
	}
}

func TestLaterRefusal(t *testing.T) {
	w := open(t)
	w.faults("population", agencies.Faults{Later: "1h"})
	in := newborn()
	in["mother"] = m{"id": id("ha"), "name": "Ai Khác"}
	w.send("population", assign, "k", in)
	w.advance(time.Hour)
	w.step()
	got := w.in.callbacks()
	if len(got) != 1 || got[0].Outcome != wire.Refused || got[0].Code != "mother_mismatch" || got[0].Detail["vi"] == "" {
		t.Errorf("%+v", got)
	}
}

func TestCallbackIsRepeatedUntilReceived(t *testing.T) {
	w := open(t)
	w.in.fail = 3
	w.faults("population", agencies.Faults{Later: "1h"})
	w.send("population", assign, "k", newborn())
	w.advance(time.Hour)
	for range 20 {
		w.step()
		w.advance(time.Second)
	}
	s, err := w.Stats("population")
	if err != nil || len(w.in.callbacks()) != 1 || s.Callbacks.Attempts != 4 || s.Callbacks.Pending != 0 || s.Callbacks.Delivered != 1 {
		t.Errorf("%d received, %+v %v", len(w.in.callbacks()), s.Callbacks, err)
	}
}

func TestDuplicateContradictReorder(t *testing.T) {
	w := open(t)
	w.faults("merit", agencies.Faults{Later: "1h", DuplicateRate: 1, Contradict: true, Reorder: true, Seed: 3})
	for i := range 10 {
		w.send("merit", "person", key("k", i), m{"id": id("quy")})
	}
	w.advance(time.Hour)
	for w.step() > 0 {
	}
	done, refused, order := map[string]int{}, map[string]int{}, ""
	for _, cb := range w.in.callbacks() {
		if cb.Outcome == wire.Done {
			done[cb.Key]++
		} else if cb.Code == "not_merit" {
			refused[cb.Key]++
		}
		order += cb.Key + ";"
	}
	for i := range 10 {
		if k := key("k", i); done[k] != 2 || refused[k] != 2 {
			t.Errorf("%s: %d done, %d refused", k, done[k], refused[k])
		}
	}
	if strings.HasPrefix(order, "k 0;k 0;k 0;k 0;k 1;") {
		t.Errorf("in order: %s", order)
	}
	ids := map[string]bool{}
	for _, message := range w.in.ids {
		ids[message] = true
	}
	if len(ids) != 20 {
		t.Errorf("%d message ids; a repeat keeps its id, a contradiction has its own", len(ids))
	}
}

func TestContradictAfterImmediateAnswer(t *testing.T) {
	w := open(t)
	w.faults("merit", agencies.Faults{Contradict: true})
	if a := w.send("merit", "person", "k", m{"id": id("quy")}); a.Outcome != wire.Done {
		t.Fatalf("%+v", a)
	}
	w.step()
	if got := w.in.callbacks(); len(got) != 1 || got[0].Outcome != wire.Refused {
		t.Errorf("%+v", got)
	}
}

func TestBadSignatureOfCallback(t *testing.T) {
	w := open(t)
	w.faults("merit", agencies.Faults{Later: "1h", BadSignature: true})
	w.send("merit", "person", "k", m{"id": id("quy")})
	w.advance(time.Hour)
	w.step()
	if len(w.in.callbacks()) != 0 || w.in.bad != 1 {
		t.Fatalf("accepted %d, refused %d", len(w.in.callbacks()), w.in.bad)
	}
	if err := w.ClearFaults("merit"); err != nil {
		t.Fatal(err)
	}
	w.step()
	if len(w.in.callbacks()) != 1 {
		t.Error("not repeated with the right signature")
	}
}

func TestReplayedSignature(t *testing.T) {
	w := open(t)
	w.faults("merit", agencies.Faults{Later: "1h", ReplayRate: 1})
	w.send("merit", "person", "k", m{"id": id("quy")})
	w.advance(time.Hour)
	w.step()
	got := w.in.callbacks()
	if len(got) != 2 || got[0].Outcome != wire.Done || got[1].Outcome != wire.Done || w.in.bad != 1 {
		t.Errorf("received %+v, refused %d; want the same twice, and the forged one refused", got, w.in.bad)
	}
}

// A callback may overtake the answer to its request.
func TestCallbackBeforeTheAnswer(t *testing.T) {
	w := open(t)
	w.faults("merit", agencies.Faults{Later: "1ms", ReplyLatency: "1h"})
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	answered := make(chan wire.Answer, 1)
	go func() {
		a, err := w.client.Send(ctx, w.request("merit", "person", "k", m{"id": id("quy")}))
		if err != nil {
			t.Error(err)
		}
		answered <- a
	}()
	for len(w.in.callbacks()) == 0 {
		w.advance(time.Second)
		w.step()
		select {
		case a := <-answered:
			t.Fatalf("answered first: %+v", a)
		default:
		}
	}
	cancel()
	if a := <-answered; a.Outcome != wire.Transient {
		t.Errorf("the caller who left got %+v", a)
	}
	if w.Performed("merit", "person", "k") != 1 {
		t.Error("not performed once")
	}
}

func TestRestartInTheMiddle(t *testing.T) {
	dir := t.TempDir()
	onDisk := func(c *agencies.Config) { c.Dir = dir }
	w := open(t, onDisk)
	w.in.fail = 1
	w.faults("population", agencies.Faults{Later: "1h"})
	w.send("population", assign, "waits", newborn())
	w.faults("population", agencies.Faults{Later: "1m"})
	w.send("population", "person", "owed", m{"id": id("ha")})
	w.advance(2 * time.Minute)
	w.step() // settles one; its callback is not received
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	v := open(t, onDisk)
	v.advance(2 * time.Hour)
	v.step()
	got := v.in.callbacks()
	if len(got) != 2 {
		t.Fatalf("%+v", got)
	}
	if a := v.send("population", assign, "waits", newborn()); a.Outcome != wire.Done || v.Performed("population", assign, "waits") != 1 {
		t.Errorf("%+v", a)
	}
	if a := v.sendFor("c2", "population", assign, "new", newborn()); a.Code != "already_assigned" {
		t.Errorf("the register was forgotten or seeded again: %+v", a)
	}
}

func TestCollectWaitsForPayment(t *testing.T) {
	w := open(t)
	fee := m{"payer": who("tung"), "amount": 10000, "purpose": "Lệ phí"}
	for _, k := range []string{"c/1/1", "c/1/2", "c/1/3"} {
		if a := w.send("treasury", "collect", k, fee); a.Outcome != wire.Later {
			t.Fatalf("%+v", a)
		}
	}
	w.advance(30 * 24 * time.Hour)
	if n := w.step(); n != 0 {
		t.Errorf("paid by nobody: %d", n)
	}
	if status, body := w.http("POST", "/treasury/requests/c%2F1%2F1/settle", `{}`); status != 200 || !strings.Contains(body, "KB2026") {
		t.Errorf("%d %s", status, body)
	}
	if status, body := w.http("POST", "/treasury/requests/c/1/2/settle", `{"refuse":"declined"}`); status != 200 || !strings.Contains(body, "declined") {
		t.Errorf("%d %s", status, body)
	}
	a, err := w.client.Cancel(context.Background(), "treasury", "c/1/3")
	if err != nil || a.Outcome != wire.Done {
		t.Errorf("cancel: %+v %v", a, err)
	}
	if a := w.send("treasury", "collect", "c/1/3", fee); a.Outcome != wire.Refused || a.Code != "cancelled" {
		t.Errorf("after cancel: %+v", a)
	}
	if a, err := w.client.Cancel(context.Background(), "treasury", "c/1/1"); err != nil || a.Code != "too_late" {
		t.Errorf("cancel too late: %+v %v", a, err)
	}
	if a, err := w.client.Cancel(context.Background(), "treasury", "never"); err != nil || a.Outcome != wire.Unknown {
		t.Errorf("cancel unknown: %+v %v", a, err)
	}
	w.step()
	if got := w.in.callbacks(); len(got) != 2 || got[0].Outcome != wire.Done || got[1].Code != "declined" {
		t.Errorf("%+v", got)
	}
	w.faults("treasury", agencies.Faults{AutoPay: "10m"})
	w.send("treasury", "collect", "auto", fee)
	w.advance(10 * time.Minute)
	w.step()
	if w.Performed("treasury", "collect", "auto") != 1 {
		t.Error("not paid by itself")
	}
}

func TestNotCancellable(t *testing.T) {
	w := open(t)
	w.faults("population", agencies.Faults{Later: "1h"})
	w.send("population", assign, "k", newborn())
	if a, err := w.client.Cancel(context.Background(), "population", "k"); err != nil || a.Code != "not_cancellable" {
		t.Errorf("%+v %v", a, err)
	}
}

func TestForcedRefusal(t *testing.T) {
	w := open(t)
	w.faults("residence", agencies.Faults{Refuse: "no_residence"})
	if a := w.send("residence", "household", "k", m{"person": id("ha")}); a.Code != "no_residence" {
		t.Errorf("%+v", a)
	}
	if a := w.send("residence", "entitled_to_consent", "k2", m{"head": id("hung")}); a.Outcome != wire.Done {
		t.Errorf("a code the operation does not declare: %+v", a)
	}
}

func TestOpenNeedsSecrets(t *testing.T) {
	if _, err := agencies.Open(agencies.Config{}); err == nil {
		t.Error("opened without secrets")
	}
}
