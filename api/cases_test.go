package api_test

import (
	"strings"
	"testing"

	"lienthong/api"
	"lienthong/engine"
)

func TestFilingAndReadingACase(t *testing.T) {
	w := newWorld(t)
	a := w.send(father, "POST", "/api/v1/cases", map[string]any{"service": "birth", "application": w.application("birth-b4", "residence", "identity")}, "Idempotency-Key", "k1").want(201)
	code := a.str("cases.0.code")
	if a.header.Get("Location") != "/api/v1/cases/"+code || a.header.Get("ETag") == "" {
		t.Errorf("headers %v", a.header)
	}
	if strings.Contains(string(a.raw), "Nhiên") {
		t.Error("a receipt holds personal data")
	}
	c := w.read(father, code)
	if c.get("portal.code") != int64(1) || c.str("view") != "full" || !strings.HasSuffix(c.str("filed"), "+07:00") {
		t.Errorf("case: %s", c.raw)
	}
	birth := c.dossier("birth")
	if birth["state"] != "submitted" || engine.Str(birth, "office", "id") != officeBirth {
		t.Errorf("birth dossier: %v", birth)
	}
	card := c.dossier("card")
	if engine.Str(card["waiting"].([]any)[0], "for") != "steps" {
		t.Errorf("card waits for %v", card["waiting"])
	}
	if got := c.dossier("residence")["closed"]; got != nil && got != "absent" {
		t.Errorf("residence closed %v", got)
	}
	// Any code of the case finds it.
	if by := w.read(father, birth["code"].(string)); by.str("code") != code {
		t.Errorf("by dossier code: %s", by.raw)
	}
	list := w.send(father, "GET", "/api/v1/cases", nil).want(200)
	if list.str("cases.0.code") != code {
		t.Errorf("list: %s", list.raw)
	}
	// A citizen's own reads are not logged; staff reads are, before the answer.
	if n := len(w.accesses(code)); n != 0 {
		t.Errorf("%d accesses logged for the citizen", n)
	}
	w.read("officer."+officeBirth, code)
	if log := w.accesses(code); len(log) != 1 || log[0].Account != "officer."+officeBirth || log[0].What != "case" {
		t.Errorf("access log %v", log)
	}
	mine := w.send(father, "GET", "/api/v1/cases/"+code+"/access", nil).want(200)
	if mine.str("access.0.account") != "officer."+officeBirth || mine.str("access.0.office.id") != officeBirth ||
		mine.str("access.0.role.en") != "Case officer" || mine.str("access.0.why.en") != "Handles: Birth registration" {
		t.Errorf("access: %s", mine.raw)
	}
}

func TestVisibility(t *testing.T) {
	w := newWorld(t)
	code := w.file()
	path := "/api/v1/cases/" + code
	for _, who := range []string{stranger, "officer." + officeOther, "officer.police_00004", grandfather} {
		for _, sub := range []string{"", "/history", "/timeline", "/clock", "/access"} {
			w.send(who, "GET", path+sub, nil).refused(404, "not_found")
		}
		w.send(who, "POST", path+"/dossiers/birth/actions/receive", map[string]any{}, "If-Match", `"1"`).refused(404, "not_found")
		w.send(who, "POST", path+"/actions/withdraw", map[string]any{}, "If-Match", `"1"`).refused(404, "not_found")
	}
	if n := len(w.accesses(code)); n != 0 {
		t.Errorf("%d accesses logged for refused reads", n)
	}
	// Roles that work on no case see none, whoever they are.
	for _, who := range []string{"operator", "administrator"} {
		w.send(who, "GET", path, nil).refused(403, "forbidden")
	}
	// In a demonstration a tester looks into every case, and leaves a trace; they act
	// on none.
	before := len(w.accesses(code))
	for _, sub := range []string{"", "/history", "/timeline", "/clock", "/diagram"} {
		w.send("tester", "GET", path+sub, nil).want(200)
	}
	if log := w.accesses(code); len(log) != before+5 || log[0].Account != "tester" {
		t.Errorf("access log %v", log)
	}
	if list := w.send("tester", "GET", "/api/v1/cases?text="+code, nil).want(200); list.str("cases.0.code") != code {
		t.Errorf("the tester's list: %s", list.raw)
	}
	for _, sub := range []string{"/dossiers/birth/actions/receive", "/dossiers/birth/claim", "/actions/withdraw"} {
		w.send("tester", "POST", path+sub, map[string]any{}, "If-Match", `"1"`).refused(403, "forbidden")
	}
	// A supervisor sees the province's cases.
	if w.read("supervisor", code).str("code") != code {
		t.Error("the supervisor does not see the case")
	}
	// An office that passed the dossier on still sees it; so does the new one.
	seen := w.read("officer."+officeBirth, code)
	w.send("officer."+officeBirth, "POST", path+"/dossiers/birth/transfer", map[string]any{"office": officeOther, "reason": "Không đúng thẩm quyền"},
		"If-Match", engine.Str(seen.dossier("birth"), "etag")).want(200)
	w.read("officer."+officeOther, code)
	w.read("officer."+officeBirth, code)
}

// A server in service has nothing to look into for testers.
func TestTesterInService(t *testing.T) {
	w := newWorld(t)
	code := w.file()
	w.token("tester")
	inService := w.config
	inService.Demo = nil
	server, err := api.New(inService)
	if err != nil {
		t.Fatal(err)
	}
	w.server = server
	w.send("tester", "GET", "/api/v1/cases/"+code, nil).refused(404, "not_found")
	w.send("tester", "GET", "/api/v1/cases/"+code+"/history?at=1", nil).refused(404, "not_found")
	if list := w.send("tester", "GET", "/api/v1/cases", nil).want(200); len(list.get("cases").([]any)) != 0 {
		t.Errorf("the tester's list: %s", list.raw)
	}
}

func TestActions(t *testing.T) {
	w := newWorld(t)
	code := w.file()
	path := "/api/v1/cases/" + code + "/dossiers/birth"
	desk := "reception." + officeBirth
	seen := w.read(desk, code)
	etag := engine.Str(seen.dossier("birth"), "etag")

	w.send(desk, "POST", path+"/actions/receive", map[string]any{}).refused(428, "version_required")
	w.send(desk, "POST", path+"/actions/receive", map[string]any{}, "If-Match", "3").refused(400, "malformed")
	w.send(desk, "POST", path+"/actions/receive", map[string]any{"input": map[string]any{}, "colour": "red"}, "If-Match", etag).refused(422, "invalid")
	w.send("officer."+officeBirth, "POST", path+"/actions/receive", map[string]any{}, "If-Match", etag).refused(403, "forbidden")
	w.send(desk, "POST", path+"/actions/no_such_action", nil, "If-Match", etag).refused(409, "wrong_state")
	w.send(desk, "POST", path+"/actions/tick", nil, "If-Match", etag).refused(404, "not_found")
	w.send(desk, "POST", "/api/v1/cases/"+code+"/dossiers/nowhere/actions/receive", nil, "If-Match", etag).refused(404, "not_found")

	for _, why := range []any{7, false, []any{"moved"}} { // it would be lost
		a := w.send(father, "POST", "/api/v1/cases/"+code+"/actions/withdraw", map[string]any{"input": map[string]any{"reason": why}}, "If-Match", seen.str("etag")).refused(422, "invalid")
		if a.str("errors.0.pointer") != "/reason" {
			t.Errorf("withdrawn because of %v: %s", why, a.raw)
		}
	}

	claimed := w.send(desk, "POST", path+"/claim", nil, "If-Match", etag, "Idempotency-Key", "c1").want(200)
	if claimed.header.Get("ETag") == etag || claimed.header.Get("ETag") == "" {
		t.Errorf("ETag after claiming %q", claimed.header.Get("ETag"))
	}
	// The same key again: the same answer, before If-Match is looked at.
	again := w.send(desk, "POST", path+"/claim", nil, "If-Match", etag, "Idempotency-Key", "c1").want(200)
	if again.get("repeated") != true || again.get("seq") != claimed.get("seq") {
		t.Errorf("repeated: %s", again.raw)
	}
	w.send(desk, "POST", path+"/release", nil, "If-Match", etag, "Idempotency-Key", "c1").refused(422, "idempotency_mismatch")

	stale := w.send(desk, "POST", path+"/actions/receive", map[string]any{}, "If-Match", etag).refused(412, "stale_version")
	if stale.str("current.etag") != claimed.header.Get("ETag") || stale.str("current.action") != "claim" || stale.str("current.by") != "reception "+officeBirth {
		t.Errorf("stale: %s", stale.raw)
	}
	done := w.send(desk, "POST", path+"/actions/receive", map[string]any{}, "If-Match", claimed.header.Get("ETag")).want(200)
	if engine.Str(done.dossier("birth"), "state") == "submitted" {
		t.Errorf("after receiving: %s", done.raw)
	}
	wrong := w.send(desk, "POST", path+"/actions/receive", map[string]any{}, "If-Match", done.header.Get("ETag")).refused(409, "wrong_state")
	if wrong.str("current.state") == "" {
		t.Errorf("wrong state: %s", wrong.raw)
	}
	w.settle()

	// Assigning: only to a colleague, only by a leader.
	seen = w.read("leader."+officeBirth, code)
	etag = engine.Str(seen.dossier("birth"), "etag")
	w.send("leader."+officeBirth, "POST", path+"/assign", map[string]any{"account": "officer." + officeOther}, "If-Match", etag).refused(422, "invalid")
	to := w.send("leader."+officeBirth, "POST", path+"/assign", map[string]any{"account": "officer." + officeBirth}, "If-Match", etag).want(200)
	if engine.Str(to.dossier("birth"), "assignee") != "officer."+officeBirth {
		t.Errorf("assigned: %s", to.raw)
	}
	w.send("officer."+officeBirth, "POST", path+"/release", nil, "If-Match", to.header.Get("ETag")).want(200)
}

func TestActionObjectsExplainThemselves(t *testing.T) {
	w := newWorld(t)
	code := w.file()
	c := w.read("officer."+officeBirth, code)
	actions := c.dossier("birth")["actions"].([]any)
	byCode := map[string]map[string]any{}
	for _, a := range actions {
		byCode[engine.Str(a, "code")] = a.(map[string]any)
	}
	receive := byCode["receive"]
	if receive == nil || receive["allowed"] != false || engine.Str(receive["why"].([]any)[0], "vi") == "" {
		t.Errorf("receive: %v", receive)
	}
	ask := byCode["request_supplement"]
	if ask == nil || ask["allowed"] != true || engine.Str(ask, "input", "type") != "object" || ask["etag"] == "" {
		t.Errorf("request_supplement: %v", ask)
	}
	if claim := byCode["claim"]; claim == nil || !strings.HasSuffix(claim["href"].(string), "/dossiers/birth/claim") {
		t.Errorf("claim: %v", claim)
	}
	// Every allowed action's href is a route.
	for _, a := range byCode {
		if a["allowed"] == true {
			r := w.send("officer."+officeBirth, "POST", a["href"].(string), map[string]any{})
			if r.status == 404 || r.status == 405 {
				t.Errorf("%s: %d", a["href"], r.status)
			}
		}
	}
}

func TestDuplicateFiling(t *testing.T) {
	w := newWorld(t)
	code := w.file()
	body := map[string]any{"service": "birth", "application": w.application("birth-b4", "residence", "identity")}
	// The other parent learns that it was filed, not under which code.
	other := w.send(mother, "POST", "/api/v1/cases", body).refused(409, "duplicate")
	if strings.Contains(string(other.raw), code) {
		t.Errorf("the other case's code is shown: %s", other.raw)
	}
	own := w.send(father, "POST", "/api/v1/cases", body).refused(409, "duplicate")
	if own.str("case") != code {
		t.Errorf("own duplicate: %s", own.raw)
	}
	check := w.send(father, "POST", "/api/v1/services/birth/check", map[string]any{"application": body["application"]}).want(200)
	if check.get("valid") != false || check.str("duplicate.case") != code {
		t.Errorf("check: %s", check.raw)
	}
}

func TestFilingIsIdempotent(t *testing.T) {
	w := newWorld(t)
	body := map[string]any{"service": "birth", "application": w.application("birth-b4", "residence", "identity")}
	a := w.send(father, "POST", "/api/v1/cases", body, "Idempotency-Key", "once").want(201)
	b := w.send(father, "POST", "/api/v1/cases", body, "Idempotency-Key", "once").want(201)
	if a.str("cases.0.code") != b.str("cases.0.code") {
		t.Errorf("two cases: %s %s", a.raw, b.raw)
	}
	body["channel"] = 2
	w.send(father, "POST", "/api/v1/cases", body, "Idempotency-Key", "once").refused(422, "idempotency_mismatch")
	// The key is the actor's own.
	w.send(mother, "POST", "/api/v1/cases", body, "Idempotency-Key", "once").refused(409, "duplicate")
}

func TestApplicationProblemsHavePointers(t *testing.T) {
	w := newWorld(t)
	app := w.application("birth-b4", "residence", "identity")
	delete(app["children"].([]any)[0].(map[string]any), "name")
	app["colour"] = "red"
	for _, lang := range []string{"vi", "en"} {
		a := w.send(father, "POST", "/api/v1/cases", map[string]any{"service": "birth", "application": app}, "Accept-Language", lang).refused(422, "invalid")
		pointers := map[string]string{}
		for _, e := range a.get("errors").([]any) {
			pointers[engine.Str(e, "pointer")] = engine.Str(e, "code")
			if engine.Str(e, "detail") == "" {
				t.Errorf("no detail: %v", e)
			}
		}
		if pointers["/colour"] == "" || pointers["/children/0/name"] == "" && pointers["/children/0"] == "" && pointers["/child/name"] == "" {
			t.Errorf("pointers %v in %s", pointers, a.raw)
		}
	}
	check := w.send(father, "POST", "/api/v1/services/birth/check", map[string]any{"application": app}).want(200)
	if check.get("valid") != false || len(check.get("problems").([]any)) < 2 {
		t.Errorf("check: %s", check.raw)
	}
}

func TestTwinsGiveACaseEach(t *testing.T) {
	w := newWorld(t)
	app := w.application("birth-twins", "residence", "identity")
	e := w.application("birth-twins")
	requester := engine.Str(e, "father", "id")
	if engine.Str(e, "relation_to_child") == "mother" {
		requester = engine.Str(e, "mother", "id")
	}
	if err := w.store.PutAccount(t.Context(), engine.Account{ID: requester, Kind: engine.Citizen, Person: requester, Name: "Cha mẹ"}, 0, nil); err != nil && engine.CodeOf(err) != engine.Duplicate {
		t.Fatal(err)
	}
	a := w.send(requester, "POST", "/api/v1/cases", map[string]any{"service": "birth", "application": app}).want(201)
	if cases := a.get("cases").([]any); len(cases) != 2 || !strings.HasSuffix(a.header.Get("Location"), a.str("cases.0.code")) {
		t.Errorf("twins: %s", a.raw)
	}
}

func TestCounterFiling(t *testing.T) {
	w := newWorld(t)
	body := map[string]any{"service": "birth", "application": w.application("birth-b4", "residence", "identity")}
	desk := "reception." + officeBirth
	w.send(desk, "POST", "/api/v1/cases", body).refused(422, "invalid")
	w.send("officer."+officeBirth, "POST", "/api/v1/cases", body).refused(403, "forbidden")
	body["on_behalf_of"] = map[string]any{"id": father, "name": "Nguyễn Minh Tuấn", "phone": "0912345678"}
	w.send(father, "POST", "/api/v1/cases", body).refused(422, "invalid")
	a := w.send(desk, "POST", "/api/v1/cases", body).want(201)
	c := w.read(father, a.str("cases.0.code"))
	if c.get("channel") != int64(1) || c.str("filed_by.office.id") != officeBirth || c.str("requester.phone") != "0912345678" {
		t.Errorf("counter case: %s", c.raw)
	}
}
