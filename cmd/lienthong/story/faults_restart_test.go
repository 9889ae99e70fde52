package story_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"path/filepath"
	"reflect"
	"slices"
	"testing"
	"time"

	"lienthong/agencies"
	"lienthong/cmd/lienthong/story"
	"lienthong/cmd/lienthong/system"
	"lienthong/engine"
	"lienthong/engine/runtime"
)

// mortal is a stage whose system dies and is started again on the same files.
type mortal struct {
	*stage
	cfg    system.Config
	deaths int
}

// mortals opens a stage over files; wall is the wall clock of its relay.
func mortals(t *testing.T, w *wall) *mortal {
	t.Helper()
	dir := t.TempDir()
	m := &mortal{cfg: system.Config{DB: filepath.Join(dir, "cases.db"), Registers: filepath.Join(dir, "registers"), Start: at(t, "2026-09-07 08:00"), Still: true,
		Demo: true, AutoPay: "0s", Secret: secret, Definitions: definitions(t), Runtime: func(c *runtime.Config) { c.Wall = w.now }}}
	transport := &http.Transport{}
	m.stage = &stage{t: t, db: m.cfg.DB, Stage: story.Stage{Client: &story.Client{HTTP: &http.Client{Transport: transport}}}}
	m.Settle = func(ctx context.Context) error { return m.sys.Settle(ctx) }
	m.Pass = func(ctx context.Context, d time.Duration) error { return m.sys.Advance(ctx, m.sys.Clock.Now().Add(d)) }
	if err := m.start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		if err := m.sys.Close(); err != nil {
			t.Errorf("closing: %v", err)
		}
		m.sys = nil // a test that has ended still holds this function, until all have
	})
	return m
}

func (m *mortal) start(ctx context.Context) (err error) {
	if m.sys, err = system.Open(ctx, m.cfg); err == nil {
		m.Base = m.sys.URL
	}
	return err
}

// dies ends the system in the middle of whatever it owes, and starts another one.
// Only the files, the business date and the people's sessions survive.
func (m *mortal) dies(ctx context.Context) error {
	m.deaths++
	m.cfg.Start = m.sys.Clock.Now()
	m.HTTP.CloseIdleConnections()
	return errors.Join(m.sys.Close(), m.start(ctx))
}

// The system dies after every act, before anything that follows from it is done,
// and again after every single exchange with a registry: the story ends as told,
// nothing is lost and nothing is done twice.
func TestFaultsKilledBetweenActs(t *testing.T) {
	t.Parallel()
	for name, play := range stories {
		want := undisturbed(t, play)
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := &wall{}
			m := mortals(t, w)
			st := m.Stage
			st.Settle = func(ctx context.Context) error {
				if err := m.dies(ctx); err != nil {
					return err
				}
				// One exchange in a life, until nothing is owed.
				for range 100 {
					if _, err := m.sys.Runtime.TimerStep(ctx, m.sys.Clock.Now()); err != nil {
						return err
					}
					n, err := m.sys.Runtime.RelayStep(ctx, w.now())
					if err != nil || n == 0 {
						return err
					}
					w.pass(time.Second)
					if err := m.dies(ctx); err != nil {
						return err
					}
				}
				return errors.New("no end of exchanges")
			}
			tale := play(t.Context(), st)
			m.ok(tale)
			if m.deaths < 25 {
				t.Errorf("died %d times only", m.deaths)
			}
			m.as(want)
			m.acknowledged(tale)
			if left := m.waiting("", ""); len(left) > 0 {
				t.Errorf("still owed: %+v", left)
			}
			m.sound()
		})
	}
}

// The system dies while a registry has the request and its answer did not come
// back: the next life asks or sends again under the same key.
func TestFaultsKilledWithLostReplies(t *testing.T) {
	t.Parallel()
	for name, play := range stories {
		want := undisturbed(t, play)
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := &wall{}
			m := mortals(t, w)
			st := m.Stage
			st.Settle = func(ctx context.Context) error {
				for _, registry := range agencies.IDs {
					m.dial(registry, agencies.Faults{LoseReplyRate: 1})
				}
				if _, err := m.sys.Runtime.RelayStep(ctx, w.now()); err != nil {
					return err
				}
				if err := m.dies(ctx); err != nil { // the registries of the next life are healthy
					return err
				}
				return m.through(w)(ctx)
			}
			tale := play(t.Context(), st)
			m.ok(tale)
			m.as(want)
			m.acknowledged(tale)
			m.sound()
		})
	}
}

// What an operator did to a delivery is done once under its key: the system dies after
// the act, and who repeats it is told the same. Another request under the key is told so.
func TestFaultsKilledAfterAnOperatorsAct(t *testing.T) {
	t.Parallel()
	m := mortals(t, &wall{})
	for _, registry := range []string{"population", "notification"} {
		m.dial(registry, agencies.Faults{Outage: true})
	}
	tale := m.begin("birth-b4", nil)
	m.ok(tale.Staff("reception", "birth", "receive", nil))
	asked, message := m.waiting("population", "")[0].Key, m.waiting("notification", "")[0].Key
	married := map[string]any{"outcome": "done", "data": map[string]any{"married": true}, "note": "Công văn 12"}
	for i, act := range []struct {
		delivery, verb string
		body           map[string]any
		leads          string
	}{
		{asked, "retry", map[string]any{"note": "Đã gọi điện"}, "pending"},
		{asked, "record", married, "done"},
		{message, "skip", map[string]any{"note": "Nhà mạng ngừng"}, "skipped"},
	} {
		send := func(body map[string]any) (out map[string]any, err error) {
			_, err = m.Call(t.Context(), story.Request{Account: "operator", Method: http.MethodPost, Key: fmt.Sprint("k", i), Body: body,
				Path: "/exchange/" + url.PathEscape(act.delivery) + "/" + act.verb}, &out)
			return out, err
		}
		first, err := send(act.body)
		if err != nil || first["status"] != act.leads {
			t.Fatalf("%s: %v, %v", act.verb, first, err)
		}
		for range 2 {
			if err := m.dies(t.Context()); err != nil {
				t.Fatal(err)
			}
			if again, err := send(act.body); err != nil || !reflect.DeepEqual(again, first) {
				t.Errorf("%s again: %v, %v; first it was %v", act.verb, again, err, first)
			}
		}
		other := maps.Clone(act.body)
		other["note"] = "Việc khác"
		if _, err := send(other); isRefusal(t, err, "idempotency_mismatch") == nil {
			t.Errorf("%s: another request under the same key: %v", act.verb, err)
		}
	}
	var acts []string
	es, err := m.sys.Store.History(t.Context(), tale.Code, 1, 0)
	for _, e := range es {
		for _, v := range e.Events {
			if x, ok := v.(engine.ExchangeActed); ok {
				acts = append(acts, x.What)
			}
		}
	}
	if want := []string{"retry", "record", "skip"}; err != nil || !slices.Equal(acts, want) {
		t.Errorf("history holds the acts %v (%v), want %v", acts, err, want)
	}
	m.sound()
}

// acknowledged checks that every act of a person that the story took stands in
// history, once, in the order in which it was taken.
func (s *stage) acknowledged(t *story.Tale) {
	s.t.Helper()
	seen := map[string]int{}
	last := int64(0)
	for _, e := range s.history(t.Citizen, t.Code) {
		if e.Seq != last+1 {
			s.t.Errorf("history jumps from %d to %d", last, e.Seq)
		}
		last = e.Seq
		if e.Actor.Kind == "citizen" || e.Actor.Kind == "staff" {
			seen[e.Step+" "+e.Action]++
		}
	}
	want := []string{" file", "birth receive", "birth draft", "birth confirm", "birth sign", "residence consent", "residence check", "residence approve", "card approve", "identity approve", "identity hand_over"}
	if seen["death receive"] > 0 {
		want = []string{" file", "death receive", "death draft", "death confirm", "death sign", "representative confirm", "residence approve",
			"insurance_funeral calculate", "insurance_funeral sign", "survivor calculate", "survivor sign"}
	}
	for _, act := range want {
		if seen[act] != 1 {
			s.t.Errorf("%q stands %d times in history", act, seen[act])
		}
		delete(seen, act)
	}
	if len(seen) > 0 {
		s.t.Errorf("acts that nobody took: %v", seen)
	}
}
