package story_test

import (
	"context"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"lienthong/agencies"
	"lienthong/cmd/lienthong/story"
	"lienthong/cmd/lienthong/system"
	"lienthong/engine/runtime"
)

// stories are the two of the demonstration: between them they use every registry.
var stories = map[string]func(context.Context, story.Stage) *story.Tale{"birth": story.Birth, "death": story.Death}

// performed counts what every registry has done, by registry and operation. A
// request that was performed twice is an error.
func (s *stage) performed() map[string]int {
	s.t.Helper()
	out := map[string]int{}
	for _, id := range agencies.IDs {
		stats, err := s.sys.Agencies.Stats(id)
		if err != nil {
			s.t.Fatal(err)
		}
		for operation, keys := range stats.Performed {
			for key, n := range keys {
				if n != 1 {
					s.t.Errorf("%s performed %s for %s %d times", id, operation, key, n)
				}
				out[id+"/"+operation] += n
			}
		}
	}
	return out
}

// once checks that every request was performed exactly once.
func (s *stage) once() { s.t.Helper(); s.performed() }

// undisturbed is what the registries do in a story when nothing goes wrong.
func undisturbed(t *testing.T, play func(context.Context, story.Stage) *story.Tale) map[string]int {
	t.Helper()
	s := open(t, "2026-09-07 08:00", nil)
	s.ok(play(t.Context(), s.Stage))
	return s.performed()
}

// as checks that the registries did as much as in an undisturbed story.
func (s *stage) as(want map[string]int) {
	s.t.Helper()
	if got := s.performed(); !maps.Equal(got, want) {
		s.t.Errorf("the registries did %v, undisturbed they do %v", got, want)
	}
}

func uses(performed map[string]int, registry string) bool {
	for operation := range performed {
		if strings.HasPrefix(operation, registry+"/") {
			return true
		}
	}
	return false
}

// wall is a wall clock that a test can put forward: back-off and breakers go by it.
type wall struct{ ahead atomic.Int64 }

func (w *wall) now() time.Time       { return time.Now().Add(time.Duration(w.ahead.Load())) }
func (w *wall) pass(d time.Duration) { w.ahead.Add(int64(d)) }

// patient opens a stage with the back-off of the real thing, on such a wall clock.
func patient(t *testing.T, change func(*system.Config)) (*stage, *wall) {
	t.Helper()
	w := &wall{}
	s := open(t, "2026-09-07 08:00", func(c *system.Config) {
		c.Runtime = func(rc *runtime.Config) { rc.Wall = w.now }
		if change != nil {
			change(c)
		}
	})
	return s, w
}

// delivery is what an operator sees of one.
type delivery struct {
	Key, Case, Step, Registry, Operation, Status string
	Tries                                        int
	LastError                                    string `json:"last_error"`
	ErrorCode                                    string `json:"error_code"`
	Note                                         string
}

// waiting lists the deliveries of a status that the operator sees; "" is all that
// are not done.
func (s *stage) waiting(registry, status string) []delivery {
	s.t.Helper()
	q := url.Values{"limit": {"200"}}
	if registry != "" {
		q.Set("registry", registry)
	}
	if status != "" {
		q.Set("status", status)
	}
	var out struct{ Deliveries []delivery }
	s.call(story.Request{Account: "operator", Method: http.MethodGet, Path: "/exchange?" + q.Encode()}, &out)
	open := out.Deliveries[:0]
	for _, d := range out.Deliveries {
		if d.Status != "done" && d.Status != "skipped" {
			open = append(open, d)
		}
	}
	return open
}

// operate has the operator act on a delivery.
func (s *stage) operate(key, verb string, body map[string]any) error {
	if body == nil {
		body = map[string]any{}
	}
	_, err := s.Call(s.t.Context(), story.Request{Account: "operator", Method: http.MethodPost, Path: "/exchange/" + url.PathEscape(key) + "/" + verb, Body: body}, nil)
	return err
}

func (s *stage) dial(registry string, f agencies.Faults) {
	s.t.Helper()
	if registry == "treasury" && f.AutoPay == "" {
		f.AutoPay = "0s"
	}
	if err := s.sys.Agencies.SetFaults(registry, f); err != nil {
		s.t.Fatal(err)
	}
}

func (s *stage) heal(registry string) {
	s.t.Helper()
	if err := s.sys.Agencies.ClearFaults(registry); err != nil {
		s.t.Fatal(err)
	}
}

// through lets everything happen that is owed, however long the registries take:
// back-off passes by the wall clock, later answers by the business clock.
func (s *stage) through(w *wall) func(context.Context) error {
	return func(ctx context.Context) error {
		for range 200 {
			if err := s.sys.Settle(ctx); err != nil {
				return err
			}
			pending, accepted := s.waiting("", "pending"), s.waiting("", "accepted")
			if len(pending)+len(accepted) == 0 {
				return nil
			}
			w.pass(2 * time.Minute)
			if len(accepted) > 0 {
				if err := s.sys.Advance(ctx, s.sys.Clock.Now().Add(10*time.Minute)); err != nil {
					return err
				}
			}
		}
		s.t.Errorf("still owed: %+v", s.waiting("", ""))
		return nil
	}
}

// Each registry in turn is down whenever the story needs it, and comes back: the
// story ends as told, and nothing is done twice.
func TestFaultsEveryRegistryDown(t *testing.T) {
	t.Parallel()
	for name, play := range stories {
		want := undisturbed(t, play)
		for _, registry := range agencies.IDs {
			if !uses(want, registry) {
				continue
			}
			t.Run(name+" without "+registry, func(t *testing.T) {
				t.Parallel()
				s, w := patient(t, nil)
				met := 0
				st := s.Stage
				st.Settle = func(ctx context.Context) error {
					s.dial(registry, agencies.Faults{Outage: true})
					for range 3 {
						if err := s.sys.Settle(ctx); err != nil {
							return err
						}
						w.pass(3 * time.Minute)
					}
					for _, d := range s.waiting(registry, "") {
						met++
						if d.Status != "pending" || d.Tries == 0 || d.LastError == "" {
							t.Errorf("while %s is down the operator sees %+v", registry, d)
						}
					}
					s.heal(registry)
					w.pass(time.Hour)
					return s.through(w)(ctx)
				}
				s.ok(play(t.Context(), st))
				s.as(want)
				if met == 0 {
					t.Errorf("%s was never missed", registry)
				}
				if left := s.waiting("", ""); len(left) > 0 {
					t.Errorf("still owed: %+v", left)
				}
				s.sound()
			})
		}
	}
}

// While a registry is down the citizen sees what the case waits for and since
// when; the clock of the office runs on.
func TestFaultsWhatTheCitizenSees(t *testing.T) {
	t.Parallel()
	s, w := patient(t, nil)
	s.dial("population", agencies.Faults{Outage: true})
	tale := s.begin("death-o2", nil)
	tale.Staff("reception", "death", "receive", nil)
	tale.Staff("officer", "death", "draft", tale.ExtractInput()).Later(time.Hour).Applicant("death", "confirm", nil)
	tale.Later(time.Hour).Staff("leader", "death", "sign", nil).Want("death", "marking") // 10:00
	for range 6 {
		w.pass(30 * time.Minute)
		tale.Later(30 * time.Minute)
	}
	d := tale.Now().Dossier("death")
	s.ok(tale)
	if len(d.Waiting) != 1 || d.Waiting[0].For != "registry" || d.Waiting[0].Registry != "population" || !d.Waiting[0].Since.Equal(at(t, "2026-09-07 10:00")) || d.Waiting[0].Tries < 3 {
		t.Errorf("the citizen sees that the case waits for %+v", d.Waiting)
	}
	s.due(tale, "death", "2026-09-07 17:00")
	s.heal("population")
	w.pass(time.Hour)
	tale.Later(time.Minute).Want("death", "registered")
	s.ok(tale)
	s.once()
	s.sound()
}

// Requests, replies and callbacks are lost, doubled, late and shuffled, and the
// registries fail now and then, all at once.
func TestFaultsLossesAndDoubles(t *testing.T) {
	t.Parallel()
	dials := map[string]agencies.Faults{
		"lost replies":   {LoseReplyRate: 0.6},
		"lost requests":  {LoseRequestRate: 0.6},
		"errors":         {ErrorRate: 0.6},
		"later":          {Later: "2h"},
		"doubled":        {Later: "30m", DuplicateRate: 1},
		"bad signatures": {Later: "1h", BadSignature: true},
		"everything":     {Later: "20m", LoseReplyRate: 0.3, LoseRequestRate: 0.3, ErrorRate: 0.3, DuplicateRate: 0.5, Reorder: true},
	}
	for name, play := range stories {
		want := undisturbed(t, play)
		for fault, f := range dials {
			t.Run(name+" with "+fault, func(t *testing.T) {
				t.Parallel()
				s, w := patient(t, nil)
				f.Seed = 7
				for _, registry := range agencies.IDs {
					s.dial(registry, f)
				}
				st := s.Stage
				st.Settle = s.through(w)
				st.Pass = func(ctx context.Context, d time.Duration) error {
					return s.sys.Advance(ctx, s.sys.Clock.Now().Add(d))
				}
				s.ok(play(t.Context(), st))
				s.as(want)
				if left := s.waiting("", "incident"); len(left) > 0 {
					t.Errorf("incidents: %+v", left)
				}
				s.sound()
			})
		}
	}
}
