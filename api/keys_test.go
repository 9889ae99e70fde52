package api_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"lienthong/engine"
	"lienthong/engine/runtime"
)

// restart is another life of the server over the same store; its business clock starts
// where the first one's did.
func (w *world) restart() {
	w.t.Helper()
	w.clock = runtime.NewVirtual(start, false)
	var err error
	if w.rt, err = runtime.New(runtime.Config{Store: w.config.Metrics.Store(w.store), Definitions: w.set, Clock: w.clock, Exchange: w.exchange, Parallel: 1}); err != nil {
		w.t.Fatal(err)
	}
	w.config.Runtime = w.rt
	if w.server, err = newServer(w.config); err != nil {
		w.t.Fatal(err)
	}
}

// same checks that a repetition is told what the first was told.
func (a answer) same(first answer) {
	a.t.Helper()
	if string(a.raw) != string(first.raw) || a.status != first.status || a.header.Get("ETag") != first.header.Get("ETag") || a.header.Get("Location") != first.header.Get("Location") {
		a.t.Errorf("repeated: %d %s\nfirst: %d %s", a.status, a.raw, first.status, first.raw)
	}
}

func TestAccountsAreKeptWithTheirKeys(t *testing.T) {
	w := newWorld(t)
	const path = "/api/v1/accounts"
	body := map[string]any{"id": "lan", "name": "Lan", "office": officeBirth, "roles": []string{"officer"}, "from": "2026-09-01T00:00:00.123456789+07:00", "passphrase": passphrase}
	w.send("administrator", "POST", path, map[string]any{"id": "lan", "name": "Lan", "roles": []string{"king"}}, "Idempotency-Key", "k").refused(422, "invalid")
	made := w.send("administrator", "POST", path, body, "Idempotency-Key", "k").want(201) // of what was refused nothing was kept
	off := map[string]any{"name": "Lan", "office": officeBirth, "roles": []string{"officer"}, "disabled": true}
	gone := w.send("administrator", "PUT", path+"/lan", off, "Idempotency-Key", "off", "If-Match", made.header.Get("ETag")).want(200)
	for range 2 {
		w.send("administrator", "POST", path, body, "Idempotency-Key", "k").same(made)
		w.send("administrator", "PUT", path+"/lan", off, "Idempotency-Key", "off", "If-Match", made.header.Get("ETag")).same(gone)
		w.restart()
	}
	w.send("administrator", "POST", path, map[string]any{"id": "lan2", "name": "Lan", "office": officeBirth, "roles": []string{"officer"}}, "Idempotency-Key", "k").refused(422, "idempotency_mismatch")
	w.send("administrator", "PUT", path+"/lan", map[string]any{"name": "Lan", "office": officeBirth, "roles": []string{"leader"}}, "Idempotency-Key", "off").refused(422, "idempotency_mismatch")
	w.send("administrator", "POST", path, body).refused(409, "duplicate")
	// Without a key a change says what stands.
	if a := w.send("administrator", "PUT", path+"/lan", off, "If-Match", made.header.Get("ETag")).refused(412, "stale_version"); a.str("current.etag") != gone.header.Get("ETag") {
		t.Errorf("what stands is not told: %s", a.raw)
	}
	if got := w.send("administrator", "GET", path+"/lan", nil).want(200); string(got.raw) != string(gone.raw) {
		t.Errorf("it stands as %s, answered was %s", got.raw, gone.raw)
	}
}

// A date that is written with four digits may lie in a year of five where it is told again.
func TestAccountDatesThatCannotBeTold(t *testing.T) {
	w := newWorld(t)
	for pointer, date := range map[string]string{"/to": "9999-12-31T23:59:59Z", "/from": "0000-01-01T00:00:00Z"} {
		body := map[string]any{"id": "lan", "name": "Lan", "office": officeBirth, "roles": []string{"officer"}, pointer[1:]: date}
		a := w.send("administrator", "POST", "/api/v1/accounts", body, "Idempotency-Key", "k").refused(422, "invalid")
		if !strings.Contains(string(a.raw), `"pointer":"`+pointer+`"`) {
			t.Errorf("%s: %s", date, a.raw)
		}
	}
	w.send("administrator", "POST", "/api/v1/accounts", map[string]any{"id": "lan", "name": "Lan", "office": officeBirth, "roles": []string{"officer"}, "to": "9999-12-31T16:59:59Z"}, "Idempotency-Key", "k").want(201)
	w.send("administrator", "GET", "/api/v1/accounts", nil).want(200)
}

// unheard loses the answer to the first account that is written: the commit happened,
// and nobody knows.
type unheard struct {
	engine.Store
	lost sync.Once
}

func (u *unheard) PutAccount(ctx context.Context, a engine.Account, rev int64, answer *engine.Answer) error {
	err := u.Store.PutAccount(ctx, a, rev, answer)
	u.lost.Do(func() { err = &engine.Error{Code: engine.UnknownOutcome} })
	return err
}

func TestUnknownAccountIsToldOnRetry(t *testing.T) {
	w := newWorld(t)
	w.token("administrator")
	w.config.Store = &unheard{Store: w.store}
	w.restart()
	body := map[string]any{"id": "lan", "name": "Lan", "office": officeBirth, "roles": []string{"officer"}}
	w.send("administrator", "POST", "/api/v1/accounts", body, "Idempotency-Key", "k").refused(503, "unknown_outcome")
	if a := w.send("administrator", "POST", "/api/v1/accounts", body, "Idempotency-Key", "k").want(201); a.str("id") != "lan" || a.header.Get("ETag") != `"1"` {
		t.Errorf("told: %s", a.raw)
	}
}

// TestOneKeyAtOnce: many send the same; one account is made, and all are told of it.
func TestOneKeyAtOnce(t *testing.T) {
	w := newWorld(t)
	w.token("administrator")
	body := map[string]any{"name": "Lan", "office": officeBirth, "roles": []string{"officer"}}
	etag := w.send("administrator", "POST", "/api/v1/accounts", map[string]any{"id": "lan", "name": "L", "office": officeBirth, "roles": []string{"officer"}}).want(201).header.Get("ETag")
	answers := make([]answer, 8)
	var all sync.WaitGroup
	for i := range answers {
		all.Go(func() {
			answers[i] = w.send("administrator", "PUT", "/api/v1/accounts/lan", body, "Idempotency-Key", "k", "If-Match", etag)
		})
	}
	all.Wait()
	for _, a := range answers {
		a.same(answers[0].want(200))
	}
	if a, err := w.store.Account(t.Context(), "lan"); err != nil || a.Rev != 2 {
		t.Errorf("%+v, %v", a, err)
	}
}

// TestClockIsMovedOnce: an advance that is repeated goes to the same instant, in
// another life too, whose clock starts anew.
func TestClockIsMovedOnce(t *testing.T) {
	w := newWorld(t)
	const path, there = "/api/v1/demo/clock", "2026-09-08T09:00:00+07:00"
	move := func(advance string) answer {
		return w.send("tester", "POST", path, map[string]any{"advance": advance}, "Idempotency-Key", "k")
	}
	move("soon").refused(422, "invalid")
	for i := range 4 {
		if a := move("1 working day").want(200); a.str("now") != there {
			t.Errorf("time %d: %s", i, a.raw)
		}
		if i == 1 {
			w.restart()
		}
	}
	move("2 working days").refused(422, "idempotency_mismatch")
	if a := w.send("tester", "GET", path, nil).want(200); a.str("now") != there {
		t.Errorf("it stands at %s", a.raw)
	}
}

// TestPaymentIsRepeated: the fee is paid once, and who sends it again under the key is
// told that it is, not that none is waiting.
func TestPaymentIsRepeated(t *testing.T) {
	w := newWorld(t)
	paid, dies := 0, true
	w.config.Demo.Pay = func(ctx context.Context, request string, decline bool) error {
		if dies {
			dies = false
			return &engine.Error{Code: engine.Unavailable}
		}
		paid++
		return w.rt.Reply(ctx, engine.FeeRegistry, engine.Reply{Request: request, Outcome: engine.ReplyDone, Data: map[string]any{"receipt": "BL-1"}})
	}
	w.restart()
	code := w.owing()
	path := fmt.Sprintf("/api/v1/demo/cases/%s/payment", code)
	pay := func(body map[string]any) answer { return w.send(father, "POST", path, body, "Idempotency-Key", "k") }
	pay(map[string]any{}).refused(503, "unavailable") // it set out to pay, and did not
	for range 3 {
		pay(map[string]any{}).want(204)
		w.restart()
	}
	pay(map[string]any{"decline": true}).refused(422, "idempotency_mismatch")
	w.send(father, "POST", path, map[string]any{}).refused(409, "wrong_state")
	if paid != 1 || w.read(father, code).str("fee.status") != engine.FeePaid {
		t.Errorf("paid %d times: %s", paid, w.read(father, code).raw)
	}
}

// TestWritesThatRepeatByThemselves need no key: sent again in another life they answer
// the same, or what stands.
func TestWritesThatRepeatByThemselves(t *testing.T) {
	w := newWorld(t)
	desk := "officer." + officeBirth
	body, kind := form(t, "giấy chứng sinh.pdf", []byte("%PDF-1.7 giấy chứng sinh"))
	view := map[string]any{"name": "Quá hạn", "query": map[string]any{"overdue": true}}
	draft := map[string]any{"service": "birth", "data": map[string]any{"n": 1}}
	paper := w.send(father, "POST", "/api/v1/documents", body, "Content-Type", kind).want(201)
	kept := w.send(desk, "PUT", "/api/v1/views/late", view).want(200)
	saved := w.send(father, "PUT", "/api/v1/drafts/d", draft).want(200)
	dial := w.send("tester", "PUT", "/api/v1/demo/agencies/population/faults", map[string]any{"error_rate": 0.5}).want(200)
	w.clock.Set(w.clock.Now().Add(time.Hour))
	w.restart()
	w.clock.Set(start.Add(2 * time.Hour))
	again, kind := form(t, "other name.pdf", []byte("%PDF-1.7 giấy chứng sinh"))
	w.send(father, "POST", "/api/v1/documents", again, "Content-Type", kind).same(paper)
	w.send(desk, "PUT", "/api/v1/views/late", view).same(kept)
	w.send("tester", "PUT", "/api/v1/demo/agencies/population/faults", map[string]any{"error_rate": 0.5}).same(dial)
	w.send(father, "PUT", "/api/v1/drafts/d", draft).refused(428, "version_required") // it stands: the first did it
	w.send(father, "GET", "/api/v1/drafts/d", nil).same(saved)
	changed := w.send(father, "PUT", "/api/v1/drafts/d", draft, "If-Match", saved.header.Get("ETag")).want(200)
	if a := w.send(father, "PUT", "/api/v1/drafts/d", draft, "If-Match", saved.header.Get("ETag")).refused(412, "stale_version"); a.str("current.etag") != changed.header.Get("ETag") {
		t.Errorf("what stands is not told: %s", a.raw)
	}
	for range 2 {
		w.send(father, "DELETE", "/api/v1/drafts/d", nil).want(204)
		w.send(desk, "DELETE", "/api/v1/views/late", nil).want(204)
		w.restart()
	}
}

// TestEveryWriteTakesAKeyOrNeedsNone: whoever adds a POST says which.
func TestEveryWriteTakesAKeyOrNeedsNone(t *testing.T) {
	w := newWorld(t)
	needsNone := map[string]string{
		"sign-in": "another session does no harm, and its token is kept nowhere", "upload-document": "named after its owner and content",
		"registry-reply": "its own request key", "check-application": "reads", "find-person": "reads", "check-definitions": "reads", "check-definition-files": "reads",
		"draw-definition-files": "reads", "diff-definitions": "reads",
		"simulate": "keeps nothing", "replay": "keeps nothing",
	}
	doc := w.send("", "GET", "/openapi.json", nil).want(200)
	for path, item := range doc.get("paths").(map[string]any) {
		op, posts := item.(map[string]any)["post"]
		if !posts {
			continue
		}
		id, keyed := engine.Str(op, "operationId"), false
		params, _ := engine.At(op, "parameters").([]any)
		for _, p := range params {
			keyed = keyed || engine.Str(p, "name") == "Idempotency-Key"
		}
		if why := needsNone[id]; keyed == (why != "") {
			t.Errorf("POST %s (%s): key %v, needs none because %q", strings.TrimPrefix(path, "/api/v1"), id, keyed, why)
		}
	}
}
