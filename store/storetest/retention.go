package storetest

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"lienthong/engine"
)

// testRetention holds what Prune promises: the oldest first, no more than the limit
// of each kind, nothing that is still owed, nothing without a horizon.
func testRetention(t *testing.T, x Target) {
	s := x.open(t, Hooks{})
	day := func(n int) time.Time { return T0.AddDate(0, 0, n) }
	for i := range 4 {
		code := fmt.Sprintf("R%d", i)
		st := File(Filing{Code: code})
		st.Go("ask", "birth", requested("birth", code+"/2/0", "population", map[string]any{"n": int64(i)}))
		c := st.Change()
		c.Answer = &engine.Answer{Actor: "an", Key: fmt.Sprint(i), Digest: "d", Case: code, Status: 200, Body: json.RawMessage(`{}`), At: day(i)}
		must(t, s.Append(t.Context(), c))
		if i < 3 { // the last one is still owed
			d := *ok(s.Delivery(t.Context(), code+"/2/0"))(t)
			d.Status, d.DoneAt, d.Reply = engine.DeliveryDone, day(i), &engine.Reply{Request: d.Key, Outcome: engine.ReplyDone}
			must(t, s.Reset(t.Context(), d))
		}
		must(t, s.PutSession(t.Context(), engine.Session{Token: fmt.Sprint(i), Account: "a", From: T0, Until: day(i)}))
		must(t, s.PutPrefill(t.Context(), "o", engine.Prefill{ID: fmt.Sprint(i), At: day(i)}))
		must(t, s.PutDraft(t.Context(), engine.Draft{ID: fmt.Sprint(i), Owner: "o", Service: "birth", Updated: day(i)}, 0))
	}
	all := engine.Horizon{Deliveries: day(9), Answers: day(9), Sessions: day(9), Prefills: day(9), Drafts: day(9)}
	same(t, ok(s.Prune(t.Context(), engine.Horizon{}, 0))(t), engine.Pruned{})
	same(t, ok(s.Prune(t.Context(), engine.Horizon{Answers: day(1), Drafts: day(2)}, 0))(t), engine.Pruned{Answers: 1, Drafts: 2})
	same(t, ok(s.Prune(t.Context(), all, 1))(t), engine.Pruned{Deliveries: 1, Answers: 1, Sessions: 1, Prefills: 1, Drafts: 1})
	// The oldest went, the next one is there.
	if a := ok(s.Answered(t.Context(), "an", "1"))(t); a != nil {
		t.Errorf("the answer of the second day is there: %+v", a)
	}
	if a := ok(s.Answered(t.Context(), "an", "2"))(t); a == nil {
		t.Error("the answer of the third day is gone")
	}
	_, err := s.Delivery(t.Context(), "R0/2/0")
	wants(t, err, engine.NotFound)
	ok(s.Delivery(t.Context(), "R1/2/0"))(t)
	_, err = s.Prefill(t.Context(), "o", "0")
	wants(t, err, engine.NotFound)
	ok(s.Prefill(t.Context(), "o", "1"))(t)
	same(t, ok(s.Prune(t.Context(), all, 0))(t), engine.Pruned{Deliveries: 2, Answers: 2, Sessions: 3, Prefills: 3, Drafts: 1})
	if d := ok(s.Delivery(t.Context(), "R3/2/0"))(t); d.Status != engine.DeliveryPending {
		t.Errorf("what is owed is %s", d.Status)
	}
	same(t, ok(s.Prune(t.Context(), all, 0))(t), engine.Pruned{})
	sound(t, s)
}
