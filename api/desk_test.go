package api_test

import (
	"bytes"
	"context"
	"fmt"
	"mime/multipart"
	"net/url"
	"strings"
	"testing"
	"time"

	"lienthong/api"
	"lienthong/engine"
)

func TestSessions(t *testing.T) {
	wall := time.Date(2026, 9, 7, 9, 0, 0, 0, time.UTC)
	w := newWorld(t, func(c *api.Config) { c.Demo, c.Wall = nil, func() time.Time { return wall } })
	secret, err := api.HashWith(passphrase, 1000)
	if err != nil {
		t.Fatal(err)
	}
	put := func(a engine.Account) {
		t.Helper()
		if err := w.store.PutAccount(t.Context(), a, 0, nil); err != nil {
			t.Fatal(err)
		}
	}
	put(engine.Account{ID: "hoa", Kind: engine.Staff, Name: "Hoa", Office: officeBirth, Roles: []string{"officer"}, Secret: secret})
	put(engine.Account{ID: "gone", Kind: engine.Staff, Name: "Gone", Office: officeBirth, Roles: []string{"officer"}, Secret: secret, Disabled: true})
	put(engine.Account{ID: "past", Kind: engine.Staff, Name: "Past", Office: officeBirth, Roles: []string{"officer"}, Secret: secret, To: w.clock.Now()})
	sign := func(account, phrase string) answer {
		return w.send("", "POST", "/api/v1/sessions", map[string]any{"account": account, "passphrase": phrase})
	}
	for _, x := range [][2]string{{"hoa", "wrong"}, {"hoa", ""}, {"nobody", passphrase}, {"gone", passphrase}, {"past", passphrase}, {father, ""}} {
		sign(x[0], x[1]).refused(401, "unauthenticated")
	}
	a := sign("hoa", passphrase).want(201)
	if strings.Contains(string(a.raw), "pbkdf2") || a.str("account.office.id") != officeBirth {
		t.Errorf("session: %s", a.raw)
	}
	w.tokens["hoa"] = a.str("token")
	if me := w.send("hoa", "GET", "/api/v1/sessions", nil).want(200); me.str("id") != "hoa" {
		t.Errorf("me: %s", me.raw)
	}
	if _, err := w.store.Session(t.Context(), a.str("token"), wall); engine.CodeOf(err) != engine.Unauthenticated {
		t.Error("the token itself is in the store")
	}
	wall = wall.Add(9 * time.Hour)
	w.send("hoa", "GET", "/api/v1/inbox", nil).refused(401, "unauthenticated")
	w.tokens["hoa"] = sign("hoa", passphrase).want(201).str("token")
	w.send("hoa", "DELETE", "/api/v1/sessions", nil).want(204)
	w.send("hoa", "GET", "/api/v1/inbox", nil).refused(401, "unauthenticated")
	// A disabled account's sessions end at once.
	w.tokens["hoa"] = sign("hoa", passphrase).want(201).str("token")
	stored, err := w.store.Account(t.Context(), "hoa")
	if err != nil {
		t.Fatal(err)
	}
	stored.Disabled = true
	if err := w.store.PutAccount(t.Context(), *stored, stored.Rev, nil); err != nil {
		t.Fatal(err)
	}
	w.send("hoa", "GET", "/api/v1/inbox", nil).refused(401, "unauthenticated")
}

func TestSignInIsRateLimited(t *testing.T) {
	w := newWorld(t, func(c *api.Config) { c.Demo, c.Limits.SignInsPerMinute = nil, 3 })
	body := map[string]any{"account": "nobody", "passphrase": "x"}
	for range 3 {
		w.send("", "POST", "/api/v1/sessions", body).refused(401, "unauthenticated")
	}
	if a := w.send("", "POST", "/api/v1/sessions", body).refused(429, "too_many_requests"); a.header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
}

func TestAccounts(t *testing.T) {
	w := newWorld(t)
	const path = "/api/v1/accounts"
	body := map[string]any{"id": "lan", "name": "Lan", "office": officeBirth, "roles": []string{"officer"}, "passphrase": passphrase}
	a := w.send("administrator", "POST", path, body).want(201)
	if a.header.Get("Location") != path+"/lan" || strings.Contains(string(a.raw), "pbkdf2") {
		t.Errorf("created: %s", a.raw)
	}
	w.send("administrator", "POST", path, body).refused(409, "duplicate")
	for name, bad := range map[string]map[string]any{
		"/roles":  {"id": "x1", "name": "X", "roles": []string{"king"}, "office": officeBirth},
		"/office": {"id": "x2", "name": "X", "roles": []string{"officer"}, "office": "nowhere"},
		"/id":     {"id": "001093000999", "name": "X", "roles": []string{"tester"}},
		"/person": {"id": "x3", "name": "X", "kind": "citizen"},
		"/to":     {"id": "x4", "name": "X", "roles": []string{"tester"}, "from": "2026-09-02T00:00:00+07:00", "to": "2026-09-01T00:00:00+07:00"},
	} {
		if r := w.send("administrator", "POST", path, bad).refused(422, "invalid"); r.str("errors.0.pointer") != name {
			t.Errorf("want %s: %s", name, r.raw)
		}
	}
	w.send("administrator", "POST", path, map[string]any{"id": "x5", "name": "X", "roles": []string{"tester"}, "passphrase": "short"}).refused(422, "invalid")
	etag := w.send("administrator", "GET", path+"/lan", nil).want(200).header.Get("ETag")
	next := map[string]any{"name": "Lan Anh", "office": officeBirth, "roles": []string{"leader"}}
	w.send("administrator", "PUT", path+"/lan", next).refused(428, "version_required")
	b := w.send("administrator", "PUT", path+"/lan", next, "If-Match", etag).want(200)
	w.send("administrator", "PUT", path+"/lan", next, "If-Match", etag).refused(412, "stale_version")
	if b.str("name") != "Lan Anh" || b.header.Get("ETag") == etag {
		t.Errorf("replaced: %s", b.raw)
	}
	if stored, err := w.store.Account(t.Context(), "lan"); err != nil || stored.Secret == "" {
		t.Errorf("the pass phrase was lost: %v %v", stored, err)
	}
	first := w.send("administrator", "GET", path+"?limit=2", nil).want(200)
	if len(first.get("accounts").([]any)) != 2 || !strings.Contains(first.header.Get("Link"), `rel="next"`) {
		t.Errorf("page: %s %v", first.raw, first.header)
	}
	second := w.send("administrator", "GET", path+"?limit=2&after="+url.QueryEscape(first.str("next")), nil).want(200)
	if second.str("accounts.0.id") <= first.str("accounts.1.id") {
		t.Errorf("second page: %s", second.raw)
	}
	w.send("administrator", "GET", path+"/nobody", nil).refused(404, "not_found")
}

func TestInbox(t *testing.T) {
	w := newWorld(t)
	code := w.file()
	who := "officer." + officeBirth
	a := w.send(who, "GET", "/api/v1/inbox?count=true", nil).want(200)
	if a.str("rows.0.case") != code || a.str("count") != "1" || a.str("rows.0.procedure.title.vi") == "" {
		t.Errorf("inbox: %s", a.raw)
	}
	if b := w.send("officer."+officeOther, "GET", "/api/v1/inbox", nil).want(200); len(b.get("rows").([]any)) != 0 {
		t.Errorf("another office's inbox: %s", b.raw)
	}
	if b := w.send("officer."+officeOther, "GET", "/api/v1/inbox?office="+officeBirth, nil).want(200); len(b.get("rows").([]any)) != 0 {
		t.Errorf("another office's inbox by name: %s", b.raw)
	}
	for query, n := range map[string]int{"state=submitted": 1, "state=signing": 0, "text=nhien": 1, "text=xyz": 0, "overdue=true": 0, "assignee=me": 0, "procedure=birth_registration": 1} {
		if b := w.send(who, "GET", "/api/v1/inbox?"+query, nil).want(200); len(b.get("rows").([]any)) != n {
			t.Errorf("%s: %s", query, b.raw)
		}
	}
	if b := w.send("supervisor", "GET", "/api/v1/inbox?office="+officeBirth, nil).want(200); len(b.get("rows").([]any)) != 1 {
		t.Errorf("the supervisor's: %s", b.raw)
	}
	list := w.send(who, "GET", "/api/v1/cases?text=nhien", nil).want(200)
	if list.str("cases.0.code") != code {
		t.Errorf("staff list: %s", list.raw)
	}
	if n := len(w.accesses("")); n < 10 {
		t.Errorf("%d list pages in the access log", n)
	}
}

// failingLog is a store whose access log cannot be written.
type failingLog struct{ engine.Store }

func (failingLog) LogAccess(_ context.Context, _ engine.Access) error { return fmt.Errorf("disk full") }

func TestStaffSeeNothingThatIsNotLogged(t *testing.T) {
	w := newWorld(t)
	code := w.file()
	broken := w.config
	broken.Store = failingLog{w.store}
	server, err := api.New(broken)
	if err != nil {
		t.Fatal(err)
	}
	w.server = server
	who := "officer." + officeBirth
	for _, path := range []string{"/cases/" + code, "/cases/" + code + "/history", "/cases/" + code + "/timeline", "/cases", "/inbox", "/notifications"} {
		a := w.send(who, "GET", "/api/v1"+path, nil).refused(503, "unavailable")
		if strings.Contains(string(a.raw), "disk") || a.header.Get("Retry-After") == "" {
			t.Errorf("%s: %s", path, a.raw)
		}
	}
	w.read(father, code)
}

func TestBatches(t *testing.T) {
	w := newWorld(t)
	code := w.file()
	desk := "reception." + officeBirth
	etag := engine.Str(w.read(desk, code).dossier("birth"), "etag")
	body := map[string]any{"action": "claim", "items": []any{
		map[string]any{"case": code, "step": "birth", "if_match": etag},
		map[string]any{"case": code, "step": "birth", "if_match": etag},
		map[string]any{"case": "nowhere", "step": "birth", "if_match": etag},
		map[string]any{"case": code, "step": "card"},
	}}
	a := w.send(desk, "POST", "/api/v1/batches", body).want(200)
	if a.get("done") != int64(1) || a.get("results.0.done") != true || a.str("results.0.dossier.assignee") != desk ||
		a.str("results.1.problem.code") != "stale_version" || a.str("results.2.problem.code") != "not_found" || a.str("results.3.problem.code") != "version_required" {
		t.Errorf("batch: %s", a.raw)
	}
	// Repeated with a key: each item is done once.
	fresh := engine.Str(w.read(desk, code).dossier("birth"), "etag")
	one := map[string]any{"action": "release", "items": []any{map[string]any{"case": code, "step": "birth", "if_match": fresh}}}
	for range 2 {
		if b := w.send(desk, "POST", "/api/v1/batches", one, "Idempotency-Key", "b").want(200); b.get("done") != int64(1) {
			t.Errorf("keyed batch: %s", b.raw)
		}
	}
	w.send(father, "POST", "/api/v1/batches", one).refused(403, "forbidden")
	// Whom a dossier is given to is checked on every way.
	boss := "leader." + officeBirth
	for _, account := range []string{"officer." + officeOther, "nobody", ""} {
		fresh = engine.Str(w.read(boss, code).dossier("birth"), "etag")
		give := map[string]any{"action": "assign", "input": map[string]any{"account": account}, "items": []any{map[string]any{"case": code, "step": "birth", "if_match": fresh}}}
		if b := w.send(boss, "POST", "/api/v1/batches", give).want(200); b.str("results.0.problem.code") != "invalid" {
			t.Errorf("given to %q: %s", account, b.raw)
		}
		w.send(boss, "POST", "/api/v1/cases/"+code+"/dossiers/birth/actions/assign", map[string]any{"input": map[string]any{"account": account}}, "If-Match", fresh).refused(422, "invalid")
	}
}

func TestDrafts(t *testing.T) {
	w := newWorld(t)
	const path = "/api/v1/drafts/my-child"
	body := map[string]any{"service": "birth", "data": map[string]any{"amount": 9007199254740993}}
	a := w.send(father, "PUT", path, body).want(200)
	w.send(father, "PUT", path, body).refused(428, "version_required")
	b := w.send(father, "PUT", path, body, "If-Match", a.header.Get("ETag")).want(200)
	w.send(father, "PUT", path, body, "If-Match", a.header.Get("ETag")).refused(412, "stale_version")
	if got := w.send(father, "GET", path, nil).want(200); got.get("data.amount") != int64(9007199254740993) || got.header.Get("ETag") != b.header.Get("ETag") {
		t.Errorf("draft: %s", got.raw)
	}
	w.send(mother, "GET", path, nil).refused(404, "not_found")
	w.send(mother, "PUT", path, body, "If-Match", `"1"`).refused(404, "not_found")
	if l := w.send(father, "GET", "/api/v1/drafts", nil).want(200); l.str("drafts.0.id") != "my-child" {
		t.Errorf("drafts: %s", l.raw)
	}
	w.send(father, "PUT", "/api/v1/drafts/a%20b", body).refused(422, "invalid")
	w.send(father, "DELETE", path, nil).want(204)
	w.send(father, "GET", path, nil).refused(404, "not_found")
}

// form is a multipart body with one file.
func form(t testing.TB, name string, content []byte) (body []byte, contentType string) {
	t.Helper()
	var b bytes.Buffer
	m := multipart.NewWriter(&b)
	part, err := m.CreateFormFile("file", name)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := part.Write(content); err != nil {
		t.Fatal(err)
	}
	if err := m.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes(), m.FormDataContentType()
}

func TestDocuments(t *testing.T) {
	w := newWorld(t)
	const path = "/api/v1/documents"
	pdf := []byte("%PDF-1.7 giấy chứng sinh")
	up := func(account, name string, content []byte) answer {
		body, ct := form(t, name, content)
		return w.send(account, "POST", path, body, "Content-Type", ct)
	}
	a := up(father, `..\..\"giấy".pdf`, pdf).want(201)
	id := a.str("id")
	if a.str("type") != "application/pdf" || a.str("name") != "giấy.pdf" || a.header.Get("Location") != path+"/"+id {
		t.Errorf("uploaded: %s", a.raw)
	}
	if b := up(father, "again.pdf", pdf).want(201); b.str("id") != id {
		t.Error("the same content has another id")
	}
	if b := up(mother, "hers.pdf", pdf).want(201); b.str("id") == id {
		t.Error("another owner has the same id")
	}
	up(father, "x.html", []byte("<html><script>")).refused(415, "unsupported_document")
	up(father, "x.xml", []byte(`<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "c">]><a/>`)).refused(415, "unsupported_document")
	up(father, "x.xml", []byte(`<?xml version="1.0"?><a/>`)).want(201)
	up(father, "big.pdf", append([]byte("%PDF-"), make([]byte, 10<<20)...)).refused(413, "too_large")
	w.send(father, "POST", path, `{}`).refused(415, "unsupported_media")
	got := w.send(father, "GET", path+"/"+id, nil).want(200)
	if !bytes.Equal(got.raw, pdf) || got.header.Get("Content-Type") != "application/pdf" || !strings.HasPrefix(got.header.Get("Content-Disposition"), "attachment") {
		t.Errorf("downloaded %q %v", got.raw, got.header)
	}
	w.send(mother, "GET", path+"/"+id, nil).refused(404, "not_found")
	// Staff read it through a case that names it.
	app := w.application("birth-b4", "residence", "identity")
	app["attachments"] = []any{map[string]any{"kind": "other", "document": id, "name": "Giấy tờ"}}
	f := w.send(father, "POST", "/api/v1/cases", map[string]any{"service": "birth", "application": app})
	if f.status != 201 {
		t.Fatalf("the application with an attachment: %s", f.raw)
	}
	code := f.str("cases.0.code")
	who := "officer." + officeBirth
	w.send(who, "GET", path+"/"+id, nil).refused(404, "not_found")
	w.send("officer."+officeOther, "GET", path+"/"+id+"?case="+code, nil).refused(404, "not_found")
	w.send(who, "GET", path+"/"+id+"?case="+code, nil).want(200)
	if log := w.accesses(code); len(log) != 1 || log[0].What != "document" {
		t.Errorf("access log %v", log)
	}
	hers := up(mother, "other.pdf", []byte("%PDF-2")).want(201).str("id")
	w.send(who, "GET", path+"/"+hers+"?case="+code, nil).refused(404, "not_found")
	// Nobody gets at a paper by naming it, whether it is there or not.
	for _, foreign := range []string{hers, strings.Repeat("a", 64)} {
		app["attachments"] = []any{map[string]any{"kind": "other", "document": id, "name": "Giấy tờ"}, map[string]any{"kind": "other", "document": foreign, "name": "Giấy tờ"}}
		for _, at := range []string{"/api/v1/cases", "/api/v1/services/birth/check"} {
			body := map[string]any{"service": "birth", "application": app}
			if at != "/api/v1/cases" {
				delete(body, "service")
			}
			if a := w.send(father, "POST", at, body).refused(422, "invalid"); a.str("errors.0.pointer") != "/attachments/1/document" || a.get("errors.1") != nil {
				t.Errorf("%s: %s", at, a.raw)
			}
		}
		w.settle()
		etag := engine.Str(w.read(who, code).dossier("birth"), "etag")
		ask := map[string]any{"input": map[string]any{"items": []any{map[string]any{"kind": "paper", "about": foreign, "reason": "x"}}}}
		a := w.send("reception."+officeBirth, "POST", "/api/v1/cases/"+code+"/dossiers/birth/actions/request_supplement", ask, "If-Match", etag).refused(422, "invalid")
		if a.str("errors.0.pointer") != "/items/0/about" {
			t.Errorf("an act: %s", a.raw)
		}
	}
	// What the case names already may be named again by whoever works on it.
	app["attachments"] = []any{map[string]any{"kind": "other", "document": id, "name": "Giấy tờ"}}
	etag := engine.Str(w.read(who, code).dossier("birth"), "etag")
	ask := map[string]any{"input": map[string]any{"items": []any{map[string]any{"kind": "paper", "about": id, "reason": "x"}}}}
	w.send("reception."+officeBirth, "POST", "/api/v1/cases/"+code+"/dossiers/birth/actions/request_supplement", ask, "If-Match", etag).want(200)
}
