package story_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"lienthong/cmd/lienthong/story"
	"lienthong/workflows"
)

// together calls f n times at once and returns what each gave.
func together(n int, f func(i int) error) []error {
	out := make([]error, n)
	start := make(chan struct{})
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			<-start
			out[i] = f(i)
		})
	}
	close(start)
	wg.Wait()
	return out
}

// clerks makes n more officers of an office.
func (s *stage) clerks(office string, n int) []string {
	s.t.Helper()
	var out []string
	for i := range n {
		id := fmt.Sprintf("officer%d.%s", i+2, office)
		s.call(story.Request{Account: "administrator", Method: http.MethodPost, Path: "/accounts",
			Body: map[string]any{"id": id, "kind": "staff", "name": "Cán bộ " + id, "office": office, "roles": []string{"officer"}}}, nil)
		out = append(out, id)
	}
	return out
}

// call must be answered.
func (s *stage) call(r story.Request, out any) {
	s.t.Helper()
	if _, err := s.Call(s.t.Context(), r, out); err != nil {
		s.t.Fatalf("%s %s as %s: %v", r.Method, r.Path, r.Account, err)
	}
}

// actions counts how often an action stands in a case's history.
func (s *stage) actions(account, code, step, action string) (n int) {
	s.t.Helper()
	for _, e := range s.history(account, code) {
		if e.Step == step && e.Action == action {
			n++
		}
	}
	return n
}

// entry is one entry of a case's history.
type entry struct {
	Seq    int64
	At     time.Time
	Action string
	Step   string
	Actor  struct{ Kind, ID string }
}

func (s *stage) history(account, code string) []entry {
	s.t.Helper()
	var out struct{ Entries []entry }
	s.call(story.Request{Account: account, Method: http.MethodGet, Path: "/cases/" + code + "/history?limit=200"}, &out)
	return out.Entries
}

// Eight clerks of one office take the same dossier at once: one wins, the others
// learn who was faster, and nothing is overwritten.
func TestTogetherOnOneDossier(t *testing.T) {
	t.Parallel()
	s := open(t, "2026-09-07 08:00", nil)
	tale := s.begin("death-o2", nil).Died()
	s.ok(tale)
	clerks := s.clerks("police_26743", 7)
	clerks = append(clerks, "officer.police_26743")
	for _, c := range clerks { // everyone has looked
		if _, err := s.Case(t.Context(), c, tale.Code); err != nil {
			t.Fatal(err)
		}
	}
	tag := tale.Now().Dossier("residence").ETag
	errs := together(len(clerks), func(i int) error {
		return s.ActOn(t.Context(), clerks[i], "/cases/"+tale.Code+"/dossiers/residence/actions/approve", tag, nil)
	})
	winner := ""
	for i, err := range errs {
		if err == nil {
			if winner != "" {
				t.Errorf("%s and %s both won", winner, clerks[i])
			}
			winner = clerks[i]
		}
	}
	if winner == "" {
		t.Fatalf("nobody won: %v", errs)
	}
	for i, err := range errs {
		if err == nil {
			continue
		}
		p := isRefusal(t, err, "stale_version")
		if p == nil {
			continue
		}
		var body struct {
			Current struct{ ETag, State, Action, By, Office string }
		}
		if err := json.Unmarshal([]byte(p.Body), &body); err != nil {
			t.Fatal(err)
		}
		if c := body.Current; p.Status != http.StatusPreconditionFailed || c.Action != "approve" || c.By == "" || c.Office != "police_26743" || c.ETag == "" || c.ETag == tag {
			t.Errorf("%s is told %d %+v, want 412 with who approved", clerks[i], p.Status, c)
		}
	}
	if err := s.Settle(t.Context()); err != nil {
		t.Fatal(err)
	}
	tale.Want("residence", "deleted").WantEnd("completed", 10)
	s.ok(tale)
	if n := s.actions(tale.Citizen, tale.Code, "residence", "approve"); n != 1 {
		t.Errorf("approved %d times", n)
	}
	if err := s.ActOn(t.Context(), "officer.police_26743", "/cases/"+tale.Code+"/dossiers/residence/actions/approve", "", nil); isRefusal(t, err, "version_required") == nil {
		t.Error("an act without a version was taken")
	}
	s.sound()
}

// Clerks of three offices on three parts of one case: no conflict.
func TestTogetherOnSiblings(t *testing.T) {
	t.Parallel()
	s := open(t, "2026-09-07 08:00", nil)
	tale := s.begin("death-o4-monthly", nil).Died()
	tale.Applicant("representative", "confirm", nil)
	finding := tale.Finding("monthly", false)
	now := tale.Now()
	s.ok(tale)
	acts := []struct {
		step, action string
		input        map[string]any
	}{{"residence", "approve", nil}, {"insurance_funeral", "calculate", nil}, {"survivor", "calculate", finding}}
	errs := together(len(acts), func(i int) error {
		a := acts[i]
		d := now.Dossier(a.step)
		return s.ActOn(t.Context(), "officer."+d.Office.ID, "/cases/"+tale.Code+"/dossiers/"+a.step+"/actions/"+a.action, d.ETag, a.input)
	})
	for i, err := range errs {
		if err != nil {
			t.Errorf("%s on %s: %v", acts[i].action, acts[i].step, err)
		}
	}
	if err := s.Settle(t.Context()); err != nil {
		t.Fatal(err)
	}
	tale.Want("residence", "deleted").Want("insurance_funeral", "signing").Want("survivor", "signing")
	s.ok(tale)
	s.sound()
}

// Many cases of one office worked on at once, with the registries answering and
// the timers running between.
func TestTogetherOnManyCases(t *testing.T) {
	t.Parallel()
	s := open(t, "2026-09-07 08:00", nil)
	names := []string{"death-o2", "death-o3-social", "death-o4-monthly", "death-o4-two-deaths", "death-merit-insured", "death-merit"}
	tales := make([]*story.Tale, len(names))
	quiet := s.Stage // nobody waits for the registries between two acts
	quiet.Settle = func(context.Context) error { return nil }
	round := func(what string, act func(t *story.Tale, i int) *story.Tale) {
		t.Helper()
		for i, err := range together(len(names), func(i int) error { return act(tales[i], i).Err() }) {
			if err != nil {
				t.Fatalf("%s of %s: %v", what, names[i], err)
			}
		}
		if err := s.Pass(t.Context(), 10*time.Minute); err != nil {
			t.Fatal(err)
		}
	}
	round("filing", func(_ *story.Tale, i int) *story.Tale {
		tales[i] = story.Begin(t.Context(), quiet, names[i], nil)
		return tales[i]
	})
	round("receiving", func(t *story.Tale, _ int) *story.Tale { return t.Staff("reception", "death", "receive", nil) })
	round("drafting", func(t *story.Tale, _ int) *story.Tale { return t.Staff("officer", "death", "draft", t.ExtractInput()) })
	round("confirming", func(t *story.Tale, _ int) *story.Tale { return t.Applicant("death", "confirm", nil) })
	round("signing", func(t *story.Tale, _ int) *story.Tale { return t.Staff("leader", "death", "sign", nil) })
	round("deleting", func(t *story.Tale, _ int) *story.Tale {
		return t.Want("death", "registered").Staff("officer", "residence", "approve", nil)
	})
	round("the end", func(t *story.Tale, _ int) *story.Tale { return t.Want("residence", "deleted") })
	s.once()
	s.sound()
}

// The same filing sent twice under one key, one after the other and at once, is
// one case; another filing under that key is refused.
func TestTogetherFiledTwice(t *testing.T) {
	t.Parallel()
	s := open(t, "2026-09-07 08:00", nil)
	e, err := workflows.LoadExample("death-o2")
	if err != nil {
		t.Fatal(err)
	}
	file := func(app map[string]any) (string, int, error) {
		var out struct{ Cases []struct{ Code string } }
		_, err := s.Call(t.Context(), story.Request{Account: e.Requester.ID, Method: http.MethodPost, Path: "/cases", Key: "once",
			Body: map[string]any{"service": e.Service, "application": app}}, &out)
		if err != nil {
			return "", 0, err
		}
		return out.Cases[0].Code, len(out.Cases), nil
	}
	codes := make([]string, 8)
	for _, err := range together(len(codes), func(i int) (err error) { codes[i], _, err = file(e.Application); return err }) {
		if err != nil {
			t.Error(err)
		}
	}
	after, _, err := file(e.Application)
	if err != nil {
		t.Error(err)
	}
	for _, c := range append(codes, after) {
		if c != codes[0] || c == "" {
			t.Errorf("filed as %v then %s, want one code", codes, after)
			break
		}
	}
	var mine struct{ Cases []struct{ Code string } }
	s.call(story.Request{Account: e.Requester.ID, Method: http.MethodGet, Path: "/cases"}, &mine)
	if len(mine.Cases) != 1 {
		t.Errorf("the requester has %d cases", len(mine.Cases))
	}
	put(e.Application, int64(2), "registration", "copies")
	_, _, err = file(e.Application)
	if p := isRefusal(t, err, "idempotency_mismatch"); p == nil || p.Status != http.StatusUnprocessableEntity {
		t.Errorf("another filing under the same key: %v, want 422", err)
	}
	s.sound()
}

// The same act sent twice under one key has one effect and one answer, though its
// version is stale the second time.
func TestTogetherActedTwice(t *testing.T) {
	t.Parallel()
	s := open(t, "2026-09-07 08:00", nil)
	tale := s.begin("death-o2", nil)
	clerk, tag := tale.Clerk("reception", "death"), tale.Now().Dossier("death").ETag
	s.ok(tale)
	type receipt struct {
		Code     string
		Seq      int64
		Repeated bool
	}
	act := func(comment string) (r receipt, err error) {
		_, err = s.Call(t.Context(), story.Request{Account: clerk, Method: http.MethodPost, Path: "/cases/" + tale.Code + "/dossiers/death/actions/receive",
			Body: map[string]any{"comment": comment}, Key: "receive-1", IfMatch: tag}, &r)
		return r, err
	}
	got := make([]receipt, 8)
	for _, err := range together(len(got), func(i int) (err error) { got[i], err = act(""); return err }) {
		if err != nil {
			t.Error(err)
		}
	}
	again, err := act("")
	if err != nil || !again.Repeated {
		t.Errorf("the repetition was answered %+v %v", again, err)
	}
	first := 0
	for _, r := range got {
		if !r.Repeated {
			first++
		}
		if r.Seq != again.Seq || r.Code != tale.Code {
			t.Errorf("answered %+v, want what %+v says", r, again)
		}
	}
	if first != 1 {
		t.Errorf("%d of 8 did it", first)
	}
	if n := s.actions(tale.Citizen, tale.Code, "death", "receive"); n != 1 {
		t.Errorf("received %d times", n)
	}
	if _, err := act("khác"); isRefusal(t, err, "idempotency_mismatch") == nil {
		t.Error("another act under the same key was taken")
	}
	s.sound()
}

// A batch decides every dossier by itself; repeated under its key it does nothing
// again.
func TestTogetherInABatch(t *testing.T) {
	t.Parallel()
	s := open(t, "2026-09-07 08:00", nil)
	one, two, other := s.begin("death-o4-two-deaths", nil), s.begin("death-merit-insured", nil), s.begin("death-o2", nil)
	s.ok(one, two, other)
	item := func(tale *story.Tale) map[string]any {
		return map[string]any{"case": tale.Code, "step": "death", "if_match": tale.Now().Dossier("death").ETag}
	}
	stale := item(two)
	stale["if_match"] = `"0"`
	body := map[string]any{"action": "receive", "items": []any{item(one), item(two), stale, item(other)}}
	type answer struct {
		Done    int
		Results []struct {
			Case    string
			Done    bool
			Problem *story.Problem
		}
	}
	for range 2 {
		var out answer
		s.call(story.Request{Account: "reception.civil_status_00070", Method: http.MethodPost, Path: "/batches", Body: body, Key: "morning"}, &out)
		if out.Done != 2 || len(out.Results) != 4 || !out.Results[0].Done || !out.Results[1].Done {
			t.Fatalf("the batch gave %+v", out)
		}
		for i, want := range map[int]string{3: "not_found"} { // another commune's
			if p := out.Results[i].Problem; p == nil || p.Code != want {
				t.Errorf("item %d: %+v, want %s", i, p, want)
			}
		}
		if out.Results[2].Done {
			t.Error("a stale item was done")
		}
	}
	one.Want("death", "received")
	two.Want("death", "received")
	other.Want("death", "submitted")
	s.ok(one, two, other)
	if n := s.actions(one.Citizen, one.Code, "death", "receive"); n != 1 {
		t.Errorf("received %d times", n)
	}
	s.sound()
}

// What is not one's own does not exist; what one may see but not do is refused.
func TestTogetherOnlyOnesOwn(t *testing.T) {
	t.Parallel()
	s := open(t, "2026-09-07 08:00", nil)
	tale := s.begin("death-o4-monthly", nil)
	s.ok(tale)
	at := "/cases/" + tale.Code
	tag := tale.Now().Dossier("death").ETag
	receive := story.Request{Method: http.MethodPost, Path: at + "/dossiers/death/actions/receive", Body: map[string]any{}, IfMatch: tag}
	for _, c := range []struct {
		account, method, path string
		status                int
	}{
		{"001093000103", http.MethodGet, at, 404}, // another citizen
		{"001093000103", http.MethodGet, at + "/history", 404},
		{"079313000903", http.MethodGet, at, 404},         // a child, not asked
		{"officer.police_00004", http.MethodGet, at, 404}, // another province
		{"officer.police_26740", http.MethodGet, at, 404}, // not its turn yet
		{"supervisor.civil_status_00004", http.MethodGet, at, 404},
		{"supervisor.civil_status_26743", http.MethodGet, at, 200}, // watches the province
		{"operator", http.MethodGet, at, 403},
		{"administrator", http.MethodGet, at, 403},
		{"tester", http.MethodGet, at, 200}, // looks inside every case of a demonstration, which is logged
		{"tester", http.MethodPost, "", 403},
		{"", http.MethodGet, at, 401},
		{"reception.civil_status_26743", http.MethodPost, "", 404},
		{"officer.civil_status_26740", http.MethodPost, "", 403}, // sees it, but does not receive
		{"leader.civil_status_26740", http.MethodPost, "", 403},
		{tale.Citizen, http.MethodPost, "", 403},
		{"001093000103", http.MethodPost, "", 404},
		{"", http.MethodPost, "", 401},
		{"officer.civil_status_26740", http.MethodGet, "/exchange", 403},
		{tale.Citizen, http.MethodGet, "/exchange", 403},
		{tale.Citizen, http.MethodGet, "/inbox", 403},
	} {
		r := story.Request{Account: c.account, Method: c.method, Path: c.path}
		if c.path == "" {
			r = receive
			r.Account = c.account
		}
		_, err := s.Call(t.Context(), r, nil)
		got := 200
		var p *story.Problem
		if errors.As(err, &p) {
			got = p.Status
		} else if err != nil {
			t.Fatal(err)
		}
		if got != c.status {
			t.Errorf("%s %s as %q: %d, want %d", c.method, r.Path, c.account, got, c.status)
		}
		if got == 404 && strings.Contains(p.Body, "079085000901") {
			t.Errorf("a refusal tells who died: %s", p.Body)
		}
	}
	tale.Want("death", "submitted")
	s.ok(tale)
	s.sound()
}
