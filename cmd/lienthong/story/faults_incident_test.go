package story_test

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"lienthong/agencies"
	"lienthong/agencies/wire"
	"lienthong/cmd/lienthong/story"
	"lienthong/cmd/lienthong/system"
	"lienthong/engine"
)

// only one incident must be there.
func (s *stage) incident(registry, operation, why string) delivery {
	s.t.Helper()
	list := s.waiting("", "incident")
	if len(list) != 1 || list[0].Registry != registry || list[0].Operation != operation || !strings.Contains(list[0].ErrorCode+" "+list[0].LastError, why) {
		s.t.Fatalf("the operator sees the incidents %+v, want one of %s/%s with %q", list, registry, operation, why)
	}
	return list[0]
}

// A registry answers, and then says the opposite: the first answer stands, the
// operator sees both, and may only confirm the first.
func TestFaultsContradiction(t *testing.T) {
	t.Parallel()
	s, w := patient(t, nil)
	s.dial("residence", agencies.Faults{Operations: []string{"remove_member"}, Contradict: true, Later: "1h"})
	st := s.Stage
	st.Settle = s.through(w)
	tale := story.Begin(t.Context(), st, "death-o2", nil).Died()
	tale.Staff("officer", "residence", "approve", nil).Later(2*time.Hour).Want("residence", "deleted").WantEnd("completed", 10)
	s.ok(tale)
	d := s.incident("residence", "remove_member", "contradiction")
	refused := map[string]any{"outcome": "refused", "code": "not_resident", "note": "Điện thoại với Công an"}
	if err := s.operate(d.Key, "record", refused); isRefusal(t, err, "precondition") == nil {
		t.Error("the second answer was recorded over the first")
	}
	if err := s.operate(d.Key, "retry", nil); isRefusal(t, err, "wrong_state") == nil {
		t.Error("an answered request was sent again")
	}
	if err := s.operate(d.Key, "record", map[string]any{"outcome": "done", "note": "Công an xác nhận đã xóa"}); err != nil {
		t.Error(err)
	}
	if left := s.waiting("", ""); len(left) > 0 {
		t.Errorf("still open: %+v", left)
	}
	tale.Want("residence", "deleted")
	s.ok(tale)
	s.once()
	s.sound()
}

// A registry's message with a wrong, foreign or old signature, or without any, is
// turned away and changes nothing.
func TestFaultsSignatures(t *testing.T) {
	t.Parallel()
	s, _ := patient(t, nil)
	s.dial("civil_status", agencies.Faults{Later: "240h"})
	tale := s.begin("death-o2", nil).By("reception.civil_status_26743", "death", "receive", nil)
	tale.Staff("officer", "death", "draft", tale.ExtractInput()).Applicant("death", "confirm", nil).Staff("leader", "death", "sign", nil).Want("death", "recording")
	s.ok(tale)
	d, err := s.sys.Store.Delivery(t.Context(), tale.Now().Dossier("death").Waiting[0].Request)
	if err != nil {
		t.Fatal(err)
	}
	key, err := system.RequestKey(*d) // as the registry knows it
	if err != nil {
		t.Fatal(err)
	}
	body, err := json.Marshal(wire.Callback{Key: key, Registry: "civil_status", Operation: "register_death", Case: tale.Code, Step: "death", Outcome: wire.Refused, Code: "already_registered"})
	if err != nil {
		t.Fatal(err)
	}
	post := func(registry string, sign func(http.Header) error, body []byte) int {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.sys.URL+"/api/v1/exchange/"+registry+"/replies", bytes.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/json")
		if err := sign(req.Header); err != nil {
			t.Fatal(err)
		}
		res, err := s.HTTP.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		return res.StatusCode
	}
	with := func(registry, master string, at time.Time) func(http.Header) error {
		return func(h http.Header) error { return wire.Sign(h, wire.DeriveSecret(master, registry), key, at, body) }
	}
	now := time.Now()
	for what, got := range map[string]int{
		"no signature":            post("civil_status", func(http.Header) error { return nil }, body),
		"another secret":          post("civil_status", with("civil_status", "guess", now), body),
		"another registry's":      post("civil_status", with("residence", secret, now), body),
		"an old message":          post("civil_status", with("civil_status", secret, now.Add(-time.Hour)), body),
		"a changed body":          post("civil_status", with("civil_status", secret, now), bytes.Replace(body, []byte("already_registered"), []byte("unknown_commune"), 1)),
		"an unknown registry's":   post("nowhere", with("nowhere", "guess", now), body),
		"a registry's own secret": post("residence", with("civil_status", secret, now), body),
	} {
		if got != http.StatusUnauthorized {
			t.Errorf("%s: %d, want 401", what, got)
		}
	}
	if got := post("residence", with("residence", secret, now), body); got/100 != 4 {
		t.Errorf("a registry that speaks for another got %d", got)
	}
	// What was asked here before a backup was put back has another digest under the same name.
	other, err := json.Marshal(wire.Callback{Key: d.Key + ".0123456789ab", Registry: "civil_status", Operation: "register_death", Case: tale.Code, Step: "death", Outcome: wire.Refused, Code: "already_registered"})
	if err != nil {
		t.Fatal(err)
	}
	if got := post("civil_status", func(h http.Header) error {
		return wire.Sign(h, wire.DeriveSecret(secret, "civil_status"), key, now, other)
	}, other); got != http.StatusNotFound {
		t.Errorf("the answer to something else that was asked at this place got %d, want 404", got)
	}
	tale.Want("death", "recording")
	s.ok(tale)
	// The genuine one is taken, again and again, and once.
	for range 3 {
		if got := post("civil_status", with("civil_status", secret, now), body); got != http.StatusOK {
			t.Errorf("the genuine answer: %d", got)
		}
	}
	tale.Want("death", "received")
	s.ok(tale)
	if n := s.actions(tale.Citizen, tale.Code, "death", "reply"); n != 1 {
		t.Errorf("the answer stands %d times in history", n)
	}
	s.sound()
}

// behind puts a gate before the registries: what it answers itself they never see.
func behind(t *testing.T, gate func(w http.ResponseWriter, r *http.Request) bool) *stage {
	t.Helper()
	var sys atomic.Pointer[system.System]
	a, err := agencies.Open(agencies.Config{AutoPay: "0s", Secrets: func(id string) string { return wire.DeriveSecret(secret, id) },
		Clock: func() time.Time { return sys.Load().Clock.Now() }})
	if err != nil {
		t.Fatal(err)
	}
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !gate(w, r) {
			a.Handler().ServeHTTP(w, r)
		}
	}))
	t.Cleanup(front.Close)
	s, _ := patient(t, func(c *system.Config) { c.Registry = front.URL })
	s.sys.Agencies = a
	sys.Store(s.sys)
	return s
}

func malformed(w http.ResponseWriter) bool {
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(http.StatusBadRequest)
	_, _ = w.Write([]byte(`{"title":"The request is malformed (1).","status":400,"code":"malformed"}`))
	return true
}

// A registry finds our request malformed: trying again by itself cannot mend that,
// so it is an incident. The operator has it sent again once the registry is mended.
func TestFaultsIncidentRetried(t *testing.T) {
	t.Parallel()
	var broken atomic.Bool
	s := behind(t, func(w http.ResponseWriter, r *http.Request) bool {
		return broken.Load() && strings.HasSuffix(r.URL.Path, "/record_death") && malformed(w)
	})
	broken.Store(true)
	tale := s.begin("death-o2", nil)
	tale.Staff("reception", "death", "receive", nil).Staff("officer", "death", "draft", tale.ExtractInput())
	tale.Applicant("death", "confirm", nil).Staff("leader", "death", "sign", nil).Want("death", "marking")
	s.ok(tale)
	d := s.incident("population", "record_death", "malformed")
	if got := tale.Now().Dossier("death").Waiting; len(got) != 1 || got[0].Status != "incident" {
		t.Errorf("the citizen sees that the case waits for %+v", got)
	}
	if err := s.operate(d.Key, "skip", map[string]any{"note": "không cần"}); isRefusal(t, err, "precondition") == nil {
		t.Error("a register's answer was skipped")
	}
	for range 2 { // once while it is broken still
		if err := s.operate(d.Key, "retry", nil); err != nil {
			t.Fatal(err)
		}
		tale.Later(time.Hour)
		broken.Store(false)
	}
	tale.Want("death", "registered").Staff("officer", "residence", "approve", nil).WantEnd("completed", 10)
	s.ok(tale)
	s.once()
	s.sound()
}

// The registry cannot be mended in time, but did its part on paper: the operator
// records its answer by hand, and history says who did.
func TestFaultsIncidentRecorded(t *testing.T) {
	t.Parallel()
	s := behind(t, func(w http.ResponseWriter, r *http.Request) bool {
		return strings.HasSuffix(r.URL.Path, "/remove_member") && malformed(w)
	})
	tale := s.begin("death-o2", nil).Died().Staff("officer", "residence", "approve", nil).Want("residence", "recording")
	s.ok(tale)
	d := s.incident("residence", "remove_member", "malformed")
	op, ok := s.sys.Definitions.Operation("residence", "remove_member")
	if !ok {
		t.Fatal("residence/remove_member is not defined")
	}
	answer := map[string]any{"notice_number": "TB-0001/2026", "household": "HCM-0004", "removed_on": "2026-09-07"}
	if ps := op.Reply.Validate(answer); len(ps) > 0 {
		t.Fatalf("the answer is not what the register gives: %+v", ps)
	}
	for _, bad := range []map[string]any{
		{"outcome": "done", "data": map[string]any{}, "note": "x"},  // not what the register answers
		{"outcome": "refused", "code": "no_such_code", "note": "x"}, // not declared
		{"outcome": "done", "data": answer, "note": " "},            // no ground
	} {
		if err := s.operate(d.Key, "record", bad); isRefusal(t, err, "invalid") == nil {
			t.Errorf("%v was recorded", bad)
		}
	}
	if err := s.operate(d.Key, "record", map[string]any{"outcome": "done", "data": answer, "note": "Công văn 12/CA-QLHC"}); err != nil {
		t.Fatal(err)
	}
	if err := s.Settle(t.Context()); err != nil {
		t.Fatal(err)
	}
	tale.Want("residence", "deleted").WantEnd("completed", 10)
	s.gave(tale, "residence", "residence_notice", "notice_number", "TB-0001/2026")
	var out struct {
		Entries []struct {
			Action string
			Facts  struct{ Reply struct{ Request, By string } }
		}
	}
	s.call(story.Request{Account: tale.Citizen, Method: http.MethodGet, Path: "/cases/" + tale.Code + "/history?limit=200"}, &out)
	by := ""
	for _, e := range out.Entries {
		if e.Facts.Reply.Request == d.Key {
			by = e.Facts.Reply.By
		}
	}
	if by != "operator" {
		t.Errorf("history says that %q recorded the answer", by)
	}
	if err := s.operate(d.Key, "record", map[string]any{"outcome": "done", "data": answer, "note": "lần nữa"}); isRefusal(t, err, "wrong_state") == nil {
		t.Error("an answer was recorded twice")
	}
	s.sound()
}

// A registry that stays away too long becomes an incident after twenty tries.
func TestFaultsAwayTooLong(t *testing.T) {
	t.Parallel()
	s, w := patient(t, nil)
	s.dial("treasury", agencies.Faults{Outage: true})
	tale := s.begin("death-o4-monthly", only(true)).Died()
	tale.Staff("officer", "insurance_funeral", "calculate", nil).Staff("leader", "insurance_funeral", "sign", nil).Want("insurance_funeral", "paying")
	for range 100 {
		w.pass(15 * time.Minute)
		if err := s.Settle(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	d := s.incident("treasury", "pay", "unavailable")
	if d.Tries != 20 {
		t.Errorf("given up after %d tries", d.Tries)
	}
	s.heal("treasury")
	w.pass(time.Hour)
	if err := s.operate(d.Key, "retry", nil); err != nil {
		t.Fatal(err)
	}
	w.pass(time.Second)
	tale.Later(time.Minute).Want("insurance_funeral", "paid")
	s.money(tale, []int64{25_300_000})
	s.sound()
}

// The carrier of messages is down for good: the operator gives single messages up,
// with a reason; the case does not wait for them, and the portal shows them anyway.
func TestFaultsNotificationSkipped(t *testing.T) {
	t.Parallel()
	s, _ := patient(t, nil)
	s.dial("notification", agencies.Faults{Outage: true})
	tale := s.begin("death-o2", nil).Died().Staff("officer", "residence", "approve", nil).WantEnd("completed", 10)
	s.ok(tale)
	list := s.waiting(engine.NotificationRegistry, "")
	if len(list) < 5 {
		t.Fatalf("%d messages wait", len(list))
	}
	if err := s.operate(list[0].Key, "skip", map[string]any{"note": ""}); isRefusal(t, err, "invalid") == nil {
		t.Error("skipped without a reason")
	}
	for _, d := range list {
		if err := s.operate(d.Key, "skip", map[string]any{"note": "Nhà mạng ngừng"}); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.operate(list[0].Key, "retry", nil); isRefusal(t, err, "wrong_state") == nil {
		t.Error("a skipped message was sent again")
	}
	if left := s.waiting("", ""); len(left) > 0 {
		t.Errorf("still owed: %+v", left)
	}
	s.hears(tale.Citizen, tale.Code, "filed", "result death", "ended")
	s.heal("notification")
	if err := s.sys.Settle(context.WithoutCancel(t.Context())); err != nil {
		t.Fatal(err)
	}
	if sent, err := s.sys.Agencies.Outbox(tale.Citizen); err != nil || len(sent) != 0 {
		t.Errorf("%d messages went out: %v", len(sent), err)
	}
	s.sound()
}
