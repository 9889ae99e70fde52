package story_test

import (
	"errors"
	"net/http"
	"slices"
	"testing"
	"time"

	"lienthong/cmd/lienthong/story"
	"lienthong/engine/calendar"
)

// People of the seeded world who appear in the birth stories.
const (
	tuan  = "001093000103" // father of birth-b4
	ha    = "001195000104" // its mother
	hung  = "001058000101" // its grandfather: household head and owner
	long  = "048094000502" // father of birth-consent-declined and birth-b3
	cuong = "048055000501" // head of his household
	bao   = "048090000201" // father of birth-marriage-unknown: head and owner of DN-0001
	mai   = "079198000301" // single mother of birth-unknown-father
	sau   = "079170000302" // head of her household
)

// checked is the residence officer's finding on birth-b4.
var checked = map[string]any{"household": "HN-0001", "relation": "grandchild", "consent_shown_by": "vneid"}

// resides takes the residence part of birth-b4 from consent to the register.
func resides(t *story.Tale) *story.Tale {
	t.By(hung, "residence", "consent", nil).Staff("officer", "residence", "check", checked)
	return t.Staff("leader", "residence", "approve", nil).Want("residence", "registered")
}

// carded has the health card issued, identified the identity card.
func carded(t *story.Tale) *story.Tale {
	return t.Staff("officer", "card", "approve", nil).Want("card", "issued")
}

func identified(t *story.Tale) *story.Tale {
	return t.Staff("officer", "identity", "approve", nil).Want("identity", "issued")
}

// without takes parts out of an application.
func without(parts ...string) func(map[string]any) {
	return func(app map[string]any) {
		for _, p := range parts {
			delete(app, p)
			app["choices"].(map[string]any)[p] = false
		}
	}
}

func child(app map[string]any) map[string]any {
	return app["children"].([]any)[0].(map[string]any)
}

// asks is a request for completion with one item for each thing.
func asks(about ...string) map[string]any {
	items := []any{}
	for _, a := range about {
		items = append(items, map[string]any{"kind": "paper", "about": a, "reason": "Chưa có trong hồ sơ"})
	}
	return map[string]any{"items": items}
}

// answers completes items.
func answers(ids ...string) map[string]any {
	items := map[string]any{}
	for _, id := range ids {
		items[id] = map[string]any{"document": "doc-" + id}
	}
	return map[string]any{"items": items}
}

// items lists the open items of a part.
func items(t *story.Tale, step string) (ids []string) {
	for _, it := range t.Now().Items {
		if it.Step == step && !it.Closed && it.Answered.IsZero() {
			ids = append(ids, it.ID)
		}
	}
	return ids
}

// instant checks an instant; want "" is none.
func (s *stage) instant(what string, got time.Time, want string) {
	s.t.Helper()
	if want == "" && got.IsZero() {
		return
	}
	if want == "" || !got.Equal(at(s.t, want)) {
		s.t.Errorf("%s: %s, want %s", what, got.In(calendar.Zone).Format("2006-01-02 15:04"), want)
	}
}

// caseDue checks when the whole chain is due.
func (s *stage) caseDue(t *story.Tale, want string) {
	s.t.Helper()
	s.instant("the case is due", t.Now().Due, want)
	s.ok(t)
}

// portal checks the status that the national portal shows for the case.
func (s *stage) portal(t *story.Tale, want int) {
	s.t.Helper()
	if got := t.Now().Portal.Code; got != want {
		s.t.Errorf("portal status is %d, want %d", got, want)
	}
	s.ok(t)
}

// heard checks all that somebody (or an office's account) was told about a case.
func (s *stage) heard(account, code string, want ...string) {
	s.t.Helper()
	if got := s.told(account, code); !slices.Equal(got, want) {
		s.t.Errorf("%s was told about %s\n got %q\nwant %q", account, code, got, want)
	}
}

// heardSince checks what somebody was told after the first n messages.
func (s *stage) heardSince(n int, account, code string, want ...string) {
	s.t.Helper()
	got := s.told(account, code)
	if len(got) < n || !slices.Equal(got[n:], want) {
		s.t.Errorf("%s was told about %s\n got %q\nafter %d want %q", account, code, got, n, want)
	}
}

// refused makes a call that must be refused with a code.
func (s *stage) refused(r story.Request, code string) *story.Problem {
	s.t.Helper()
	_, err := s.Call(s.t.Context(), r, nil)
	var p *story.Problem
	if !errors.As(err, &p) || p.Code != code {
		s.t.Fatalf("%s %s by %s: got %v, want %s", r.Method, r.Path, r.Account, err, code)
	}
	return p
}

// filing is the request that files an application.
func filing(account, service string, app map[string]any) story.Request {
	return story.Request{Account: account, Method: http.MethodPost, Path: "/cases", Body: map[string]any{"service": service, "application": app}}
}

// result asks in public whether a result is genuine.
func (s *stage) result(id string) (out struct {
	Status     string
	Version    int
	ReplacedBy int `json:"replaced_by"`
	Office     struct{ ID string }
}) {
	s.t.Helper()
	if _, err := s.Call(s.t.Context(), story.Request{Method: http.MethodGet, Path: "/results/" + id}, &out); err != nil {
		s.t.Fatal(err)
	}
	return out
}

// built posts one of the dossier commands with an address of its own (claim,
// release, assign, transfer, refile) under the version that the account sees.
func (s *stage) built(t *story.Tale, account, step, command string, body map[string]any) error {
	s.t.Helper()
	c, err := s.Case(s.t.Context(), account, t.Code)
	if err != nil {
		return err
	}
	if body == nil {
		body = map[string]any{}
	}
	_, err = s.Call(s.t.Context(), story.Request{Account: account, Method: http.MethodPost, Body: body, IfMatch: c.Dossier(step).ETag,
		Path: "/cases/" + t.Code + "/dossiers/" + step + "/" + command}, nil)
	if err == nil {
		err = s.Settle(s.t.Context())
	}
	return err
}

// does is built that must succeed.
func (s *stage) does(t *story.Tale, account, step, command string, body map[string]any) {
	s.t.Helper()
	if err := s.built(t, account, step, command, body); err != nil {
		s.t.Fatalf("%s on %s by %s: %v", command, step, account, err)
	}
}

// isRefusal checks the code of a refusal.
func isRefusal(t *testing.T, err error, code string) *story.Problem {
	t.Helper()
	var p *story.Problem
	if !errors.As(err, &p) || p.Code != code {
		t.Fatalf("got %v, want a refusal %s", err, code)
	}
	return p
}

// action finds an action that a part offers to its reader.
func action(list []story.Action, code string) (story.Action, bool) {
	i := slices.IndexFunc(list, func(a story.Action) bool { return a.Code == code })
	if i < 0 {
		return story.Action{}, false
	}
	return list[i], true
}

// tasks checks what a citizen must do: "kind due" or "kind step due".
func (s *stage) tasks(account string, want ...string) {
	s.t.Helper()
	var out struct {
		Tasks []struct {
			Kind, Step string
			Due        time.Time
		}
	}
	if _, err := s.Call(s.t.Context(), story.Request{Account: account, Method: http.MethodGet, Path: "/tasks"}, &out); err != nil {
		s.t.Fatal(err)
	}
	var got []string
	for _, x := range out.Tasks {
		w := x.Kind
		if x.Step != "" {
			w += " " + x.Step
		}
		got = append(got, w+" "+x.Due.In(calendar.Zone).Format("2006-01-02 15:04"))
	}
	if !slices.Equal(got, want) {
		s.t.Errorf("tasks of %s: %q, want %q", account, got, want)
	}
}

// seenBy reads the case as somebody sees it.
func (s *stage) seenBy(account string, b *story.Tale) *story.Case {
	s.t.Helper()
	c, err := s.Case(s.t.Context(), account, b.Code)
	if err != nil {
		s.t.Fatalf("%s reads %s: %v", account, b.Code, err)
	}
	return c
}
