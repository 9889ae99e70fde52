package story_test

import (
	"bytes"
	"log/slog"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"lienthong/agencies"
	"lienthong/cmd/lienthong/story"
	"lienthong/cmd/lienthong/system"
	"lienthong/engine/runtime"
	"lienthong/workflows"
)

// page is a log that is read while others write.
type page struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (p *page) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.b.Write(b)
}

func (p *page) text() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.b.String()
}

var nineDigits = regexp.MustCompile(`\d{9}`)

// personal collects what names or numbers somebody in an application: strings of
// several words, and long numbers.
func personal(v any, out map[string]bool) {
	switch v := v.(type) {
	case map[string]any:
		for _, x := range v {
			personal(x, out)
		}
	case []any:
		for _, x := range v {
			personal(x, out)
		}
	case string:
		if strings.Contains(v, " ") || nineDigits.MatchString(v) {
			out[v] = true
		}
	}
}

// Whatever goes wrong between the agencies, the log tells where, how often and with
// which code, and names nobody, even when it holds everything down to debug lines.
func TestFaultsLogNamesNobody(t *testing.T) {
	t.Parallel()
	log := &page{}
	s, w := patient(t, func(c *system.Config) {
		before := c.Runtime
		c.Runtime = func(rc *runtime.Config) { before(rc); rc.BreakerFails = 2 }
		c.Logger = slog.New(slog.NewJSONHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	})
	for _, id := range agencies.IDs {
		s.dial(id, agencies.Faults{ErrorRate: .4, LoseReplyRate: .3, Seed: 7})
	}
	s.dial("social_insurance", agencies.Faults{Outage: true})
	st := s.Stage
	st.Settle = s.through(w)
	birth := story.Begin(t.Context(), st, "birth-b4", nil).Registered()
	s.heal("social_insurance")
	birth.Later(time.Hour)
	s.ok(birth)
	s.dial("residence", agencies.Faults{Operations: []string{"remove_member"}, Contradict: true, ReplayRate: 1, Later: "1h"})
	death := story.Begin(t.Context(), st, "death-o2", nil).Died()
	death.Staff("officer", "residence", "approve", nil).Later(2*time.Hour).Want("residence", "deleted").WantEnd("completed", 10)
	s.ok(death)
	// A callback that anybody may send, with a name in it.
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.sys.URL+"/api/v1/exchange/residence/replies", strings.NewReader(`{"detail":"Nguyễn Văn Hùng"}`))
	if err != nil {
		t.Fatal(err)
	}
	res, err := s.HTTP.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()

	text := log.text()
	for what, want := range map[string]string{
		"an exchange that failed":     `"level":"INFO","msg":"exchange"`,
		"an exchange that went well":  `"level":"DEBUG","msg":"exchange"`,
		"a breaker that opened":       `"msg":"breaker open"`,
		"a breaker that closed":       `"msg":"breaker closed"`,
		"an incident with its reason": `"why":"contradiction"`,
		"a refused callback":          `"msg":"callback refused"`,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the log does not tell of %s: no %s", what, want)
		}
	}
	waits := regexp.MustCompile(`"level":"INFO","msg":"exchange","delivery":"[^"]+","registry":"[a-z_]+","operation":"[a-z_]+","since":"2026-[^"]+","tries":[1-9]\d*,"answer":"transient[^"]*","next":"20`)
	if !waits.MatchString(text) {
		t.Error("the log does not tell which registry is waited for, since when, tried how often, why, and when next")
	}
	people := map[string]bool{}
	for _, name := range []string{"birth-b4", "death-o2"} {
		e, err := workflows.LoadExample(name)
		if err != nil {
			t.Fatal(err)
		}
		personal(e.Application, people)
		people[e.Requester.ID], people[e.Requester.Name] = true, true
	}
	if len(people) < 15 {
		t.Fatalf("only %d personal words are looked for", len(people))
	}
	for word := range people {
		if strings.Contains(text, word) {
			i := strings.Index(text, word)
			t.Errorf("the log names %q: …%s…", word, text[max(0, i-200):min(len(text), i+100)])
		}
	}
}
