package story_test

import (
	"testing"

	"lienthong/agencies"
	"lienthong/engine"
)

// The answer to a message is lost, and before it is sent again its receiver gets another
// number: it went out once, to the number of then, and nobody has to look at it.
func TestFaultsReceiverMovesBetweenSends(t *testing.T) {
	t.Parallel()
	s, w := patient(t, nil)
	s.dial(engine.NotificationRegistry, agencies.Faults{LoseReplyRate: 1})
	tale := s.begin("death-o2", nil)
	s.ok(tale)
	unanswered := len(s.waiting(engine.NotificationRegistry, "pending"))
	sent, err := s.sys.Agencies.Outbox(tale.Citizen)
	if err != nil || unanswered == 0 || len(sent) == 0 {
		t.Fatalf("%d messages wait, %d went out: %v", unanswered, len(sent), err)
	}
	a, err := s.sys.Store.Account(t.Context(), tale.Citizen)
	if err != nil {
		t.Fatal(err)
	}
	a.Phone, a.Email = "0900000009", "moi@example.vn"
	if err := s.sys.Store.PutAccount(t.Context(), *a, a.Rev, nil); err != nil {
		t.Fatal(err)
	}
	s.heal(engine.NotificationRegistry)
	if err := s.through(w)(t.Context()); err != nil {
		t.Fatal(err)
	}
	if left := s.waiting("", ""); len(left) > 0 {
		t.Errorf("still owed: %+v", left)
	}
	after, err := s.sys.Agencies.Outbox(tale.Citizen)
	if err != nil || len(after) != len(sent) {
		t.Errorf("%d messages went out, then %d: %v", len(sent), len(after), err)
	}
	s.once()
	s.sound()
}
