package story_test

import (
	"context"
	"errors"
	"flag"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"lienthong/agencies"
	"lienthong/agencies/wire"
	"lienthong/cmd/lienthong/story"
	"lienthong/cmd/lienthong/system"
	"lienthong/engine/calendar"
	"lienthong/engine/machine"
	"lienthong/engine/replay"
	"lienthong/engine/replay/hide"
	"lienthong/engine/runtime"
	"lienthong/store/sqlite"
	"lienthong/workflows"
)

// stage is a whole system on loopback HTTP with a business clock that stands
// still: nothing moves but by Settle and Pass, so every date can be asserted.
type stage struct {
	story.Stage
	t   *testing.T
	sys *system.System
	db  string
}

// at reads a business instant, "2026-09-07 08:00", in Vietnam.
func at(t *testing.T, s string) time.Time {
	t.Helper()
	v, err := time.ParseInLocation("2006-01-02 15:04", s, calendar.Zone)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

var loaded = sync.OnceValues(workflows.Load)

// definitions are the embedded ones, compiled once for all stages.
func definitions(t *testing.T) *machine.Set {
	t.Helper()
	set, err := loaded()
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// dying makes the system of every story die after every act, before anything that
// follows from it is done: go test ./cmd/lienthong/story -dying
var dying = flag.Bool("dying", false, "the system dies after every act, in every story of a birth or death")

// mayDie tells whether the systems of a test die. Other tests than the stories of births
// and deaths disturb theirs themselves.
func mayDie(t *testing.T) bool {
	test, _, _ := strings.Cut(t.Name(), "/")
	return *dying && (strings.Contains(test, "Birth") || strings.Contains(test, "Death"))
}

// dies ends the system in the middle of whatever it owes and starts another one on
// the same files. Only they, the business date and the fault dials survive.
func (s *stage) dies(ctx context.Context, cfg system.Config) error {
	cfg.Start = s.sys.Clock.Now()
	cfg.Listen = strings.TrimPrefix(s.sys.URL, "http://") // registries call back there
	dials := map[string]agencies.Faults{}
	for _, id := range agencies.IDs {
		dials[id] = s.sys.Agencies.Faults(id)
	}
	s.HTTP.CloseIdleConnections()
	err := s.sys.Close()
	sys, serr := system.Open(ctx, cfg)
	if errors.Is(serr, syscall.EADDRINUSE) { // another stage was given the port meanwhile
		cfg.Listen = ""
		sys, serr = system.Open(ctx, cfg)
	}
	if err = errors.Join(err, serr); err != nil {
		return err
	}
	s.sys, s.Base = sys, sys.URL
	for id, f := range dials {
		err = errors.Join(err, sys.Agencies.SetFaults(id, f))
	}
	return err
}

// open starts a system at an instant. change may alter its configuration.
func open(t *testing.T, start string, change func(*system.Config)) *stage {
	t.Helper()
	cfg := system.Config{DB: filepath.Join(t.TempDir(), "cases.db"), Start: at(t, start), Still: true, Demo: true, AutoPay: "0s", Secret: secret, Definitions: definitions(t),
		Runtime: func(c *runtime.Config) {
			c.RetryFirst, c.RetryMax, c.BreakerPause = time.Nanosecond, time.Nanosecond, time.Nanosecond // a failed exchange is tried again at the next settling
			c.Tries = 1000
		}}
	if change != nil {
		change(&cfg)
	}
	if mayDie(t) {
		cfg.Registers = filepath.Join(filepath.Dir(cfg.DB), "registers")
	}
	sys, err := system.Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{}
	s := &stage{t: t, sys: sys, db: cfg.DB}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		if err := s.sys.Close(); err != nil {
			t.Errorf("closing: %v", err)
		}
		s.sys = nil // a test that has ended still holds this function, until all have
	})
	s.Client = &story.Client{Base: sys.URL, HTTP: &http.Client{Transport: transport}}
	s.Settle = func(ctx context.Context) error {
		if mayDie(t) {
			if err := s.dies(ctx, cfg); err != nil {
				return err
			}
		}
		return s.sys.Settle(ctx)
	}
	s.Pass = func(ctx context.Context, d time.Duration) error { return s.sys.Advance(ctx, s.sys.Clock.Now().Add(d)) }
	return s
}

// until moves the business clock to an instant.
func (s *stage) until(when string) {
	s.t.Helper()
	if err := s.sys.Advance(s.t.Context(), at(s.t, when)); err != nil {
		s.t.Fatal(err)
	}
}

// begin files an example.
func (s *stage) begin(example string, change func(app map[string]any)) *story.Tale {
	s.t.Helper()
	return story.Begin(s.t.Context(), s.Stage, example, change)
}

// ok ends the test when the tale went wrong.
func (s *stage) ok(tales ...*story.Tale) {
	s.t.Helper()
	for _, t := range tales {
		if err := t.Err(); err != nil {
			s.t.Fatal(err)
		}
	}
}

// due checks when a part is due; "" is not at all.
func (s *stage) due(t *story.Tale, step, want string) {
	s.t.Helper()
	s.dueTo(t, t.Citizen, step, want)
}

// dueTo checks when somebody is told that a part is due.
func (s *stage) dueTo(t *story.Tale, account, step, want string) {
	s.t.Helper()
	var due time.Time
	if want != "" {
		due = at(s.t, want)
	}
	c, err := t.Case(s.t.Context(), account, t.Code)
	if err != nil {
		s.t.Fatal(err)
	}
	if got := c.Dossier(step).Due; !got.Equal(due) {
		s.t.Errorf("%s is due %s to %s, want %s", step, got.In(calendar.Zone).Format("2006-01-02 15:04"), account, want)
	}
	s.ok(t)
}

// told lists what a citizen was told about a case, oldest first, as "what" or
// "what step".
func (s *stage) told(account, code string) []string {
	s.t.Helper()
	var page struct {
		Notifications []struct{ Case, Step, What, Text string }
	}
	if _, err := s.Call(s.t.Context(), story.Request{Account: account, Method: http.MethodGet, Path: "/notifications?limit=200"}, &page); err != nil {
		s.t.Fatal(err)
	}
	var out []string
	for i := len(page.Notifications) - 1; i >= 0; i-- {
		if n := page.Notifications[i]; n.Case == code {
			out = append(out, strings.TrimSpace(n.What+" "+n.Step))
		}
	}
	return out
}

// sound checks that the store's chains hold, that folding the history gives the
// stored cases, and that no case is stuck.
func (s *stage) sound() {
	s.t.Helper()
	n, err := s.sys.Store.Verify(s.t.Context(), func(code string, seq int64, what string) { s.t.Errorf("%s entry %d: %s", code, seq, what) })
	if err != nil || n == 0 {
		s.t.Errorf("verified %d cases: %v", n, err)
	}
	stuck, err := s.sys.Runtime.StuckStep(s.t.Context())
	if err != nil || len(stuck) > 0 {
		s.t.Errorf("stuck: %+v %v", stuck, err)
	}
	s.again()
}

// again: every case, decided again as it is stored, comes out as it is, and so does its
// copy with pseudonyms.
func (s *stage) again() {
	s.t.Helper()
	if s.db == system.Memory {
		return
	}
	f, err := sqlite.OpenFile(s.t.Context(), s.db)
	if err != nil {
		s.t.Fatal(err)
	}
	defer f.Close() //nolint:errcheck // only read
	h, err := hide.New([]byte("a key of the tests, long enough"), s.sys.Definitions)
	if err != nil {
		s.t.Fatal(err)
	}
	r, err := replay.Against(s.t.Context(), f, s.sys.Definitions, replay.Options{}, 1, -1, func(o replay.Outcome) {
		history, err := replay.History(s.t.Context(), f, o.Case)
		if err != nil || o.Verdict == replay.Blank {
			return
		}
		hidden, err := h.Case(history)
		if err != nil {
			s.t.Error(err)
		} else if x := replay.Again(s.sys.Definitions, hidden, replay.Options{}); x.Verdict != replay.Identical {
			s.t.Errorf("with pseudonyms: %s", x)
		}
	})
	if err != nil || !r.Good() || r.Cases == 0 {
		s.t.Errorf("decided again: %+v %v", r, err)
		for _, o := range r.Found {
			s.t.Error(o)
		}
	}
}

// settle has the treasury settle a collection, by the key under which it was asked.
func (s *stage) settle(delivery, refuse string) (wire.Answer, error) {
	key, err := s.requestKey(delivery)
	if err != nil {
		return wire.Answer{}, err
	}
	return s.sys.Agencies.Settle("treasury", key, refuse)
}

// did is how often a registry did what a delivery asks for.
func (s *stage) did(registry, operation, delivery string) int {
	s.t.Helper()
	key, err := s.requestKey(delivery)
	if err != nil {
		s.t.Fatal(err)
	}
	return s.sys.Agencies.Performed(registry, operation, key)
}

// requestKey is the key under which a registry was asked.
func (s *stage) requestKey(delivery string) (string, error) {
	d, err := s.sys.Store.Delivery(context.Background(), delivery)
	if err != nil {
		return "", err
	}
	return system.RequestKey(*d)
}
