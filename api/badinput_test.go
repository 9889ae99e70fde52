package api_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"lienthong/engine"
	"lienthong/engine/calendar"
)

func TestBadInput(t *testing.T) {
	w := newWorld(t)
	code := w.file()
	path := "/api/v1/cases/" + code
	big := `{"service":"birth","application":{"x":"` + strings.Repeat("a", 1<<20) + `"}}`
	tests := []struct {
		name, account, method, path string
		body                        any
		headers                     []string
		status                      int
		code, pointer, field        string
	}{
		{"no session", "", "GET", "/api/v1/cases", nil, nil, 401, "unauthenticated", "", ""},
		{"wrong token", "", "GET", "/api/v1/cases", nil, []string{"Authorization", "Bearer lt_nobody"}, 401, "unauthenticated", "", ""},
		{"other scheme", "", "GET", "/api/v1/cases", nil, []string{"Authorization", "Basic abc"}, 401, "unauthenticated", "", ""},
		{"wrong role", father, "GET", "/api/v1/inbox", nil, nil, 403, "forbidden", "", ""},
		{"wrong role before the body", "officer." + officeBirth, "POST", "/api/v1/accounts", "{", nil, 403, "forbidden", "", ""},
		{"no such path", father, "GET", "/api/v1/nothing", nil, nil, 404, "not_found", "", ""},
		{"no such path outside", "", "GET", "/nothing", nil, nil, 404, "not_found", "", ""},
		{"wrong method", father, "DELETE", "/api/v1/cases", nil, nil, 405, "method_not_allowed", "", ""},
		{"bad JSON", father, "POST", "/api/v1/cases", `{"service":`, nil, 400, "malformed", "", ""},
		{"trailing JSON", father, "POST", "/api/v1/cases", `{"service":"birth","application":{}} {}`, nil, 400, "malformed", "", ""},
		{"no body", father, "POST", "/api/v1/cases", nil, nil, 400, "malformed", "", ""},
		{"not JSON", father, "POST", "/api/v1/cases", "a=b", []string{"Content-Type", "application/x-www-form-urlencoded"}, 415, "unsupported_media", "", ""},
		{"oversize", father, "POST", "/api/v1/cases", big, nil, 413, "too_large", "", ""},
		{"unknown field", father, "POST", "/api/v1/cases", `{"service":"birth","application":{},"colour":"red"}`, nil, 422, "invalid", "/colour", "unknown_field"},
		{"wrong type", father, "POST", "/api/v1/cases", `{"service":7,"application":{}}`, nil, 422, "invalid", "/service", "type"},
		{"wrong type, array for object", father, "POST", "/api/v1/cases", `{"service":"birth","application":[]}`, nil, 422, "invalid", "/application", "type"},
		{"missing field", father, "POST", "/api/v1/cases", `{"service":"birth"}`, nil, 422, "invalid", "/application", "required"},
		{"unknown query", father, "GET", "/api/v1/cases?colour=red", nil, nil, 422, "invalid", "query:colour", "unknown_field"},
		{"limit out of range", father, "GET", "/api/v1/cases?limit=1000", nil, nil, 422, "invalid", "query:limit", "range"},
		{"limit not a number", father, "GET", "/api/v1/cases?limit=x", nil, nil, 422, "invalid", "query:limit", "type"},
		{"bad cursor", father, "GET", path + "/access?after=x", nil, nil, 400, "malformed", "", ""},
		{"no such case", father, "GET", "/api/v1/cases/H26.1-260907-9999", nil, nil, 404, "not_found", "", ""},
		{"no such service", father, "POST", "/api/v1/cases", `{"service":"flying","application":{}}`, nil, 404, "not_found", "", ""},
		{"null application", father, "POST", "/api/v1/cases", `{"service":"birth","application":null}`, nil, 422, "invalid", "/application", ""},
		{"history of the future", father, "GET", path + "/history?at=99", nil, nil, 404, "not_found", "", ""},
		{"member twice", father, "POST", "/api/v1/cases", `{"service":"birth","application":{"children":[{"name":"An"},{"name":"B","sex":"male","name":"C"}]}}`, nil, 422, "invalid", "/application/children/1/name", "duplicate"},
		{"member twice, in two forms", father, "POST", "/api/v1/cases", `{"service":"birth","application":{"é":1,"e\u0301":2}}`, nil, 422, "invalid", "/application/e\u0301", "duplicate"},
		{"member twice, of the request", father, "POST", "/api/v1/cases", `{"service":"birth","service":"death","application":{}}`, nil, 422, "invalid", "/service", "duplicate"},
		{"NUL", father, "POST", "/api/v1/cases", `{"service":"birth","application":{"children":[{"name":"An\u0000"}]}}`, nil, 422, "invalid", "/application/children/0/name", "characters"},
		{"a name of one space", father, "POST", "/api/v1/cases", `{"service":"birth","application":{"children":[{"name":"An"},{"name":" \u00a0"}]}}`, nil, 422, "invalid", "/application/children/1/name", "blank"},
		{"half a letter", father, "POST", "/api/v1/cases", `{"service":"birth","application":{"a/b":["An",["\ud800"]]}}`, nil, 422, "invalid", "/application/a~1b/1/0", "characters"},
		{"no UTF-8", father, "PUT", "/api/v1/drafts/x", "{\"service\":\"birth\",\"data\":{\"a\":\"\xff\"}}", nil, 422, "invalid", "/data/a", "characters"},
		{"control character in a name of a member", father, "PUT", "/api/v1/drafts/x", `{"service":"birth","data":{"a":{},"b":{"c\u0007":1}}}`, nil, 422, "invalid", "/data/b/c\a", "characters"},
		{"too large a number", father, "PUT", "/api/v1/drafts/x", `{"service":"birth","data":{"a":[1,99999999999999999999]}}`, nil, 422, "invalid", "/data/a/1", "range"},
		{"too large a fraction", father, "PUT", "/api/v1/drafts/x", `{"service":"birth","data":{"a":1e999}}`, nil, 422, "invalid", "/data/a", "range"},
		{"wrong and no JSON", father, "PUT", "/api/v1/drafts/x", `{"service":"birth","data":{"a":1e999`, nil, 400, "malformed", "", ""},
		{"nothing but what cannot be seen", "officer." + officeBirth, "PUT", "/api/v1/views/x", `{"name":"\u200b\ufeff","query":{}}`, nil, 422, "invalid", "/name", "length"},
		{"disputes of nothing", father, "POST", "/api/v1/cases", `{"service":"birth","application":{},"disputes":{"/mother/name":"x"}}`, nil, 422, "invalid", "/disputes", "not_allowed"},
		{"wide key", father, "POST", "/api/v1/cases", `{"service":"birth","application":{}}`, []string{"Idempotency-Key", strings.Repeat("k", 300)}, 422, "invalid", "header:Idempotency-Key", "length"},
	}
	for _, x := range tests {
		t.Run(x.name, func(t *testing.T) {
			a := w.send(x.account, x.method, x.path, x.body, x.headers...)
			a.t = t
			a.refused(x.status, x.code)
			if x.pointer == "" {
				return
			}
			found := false
			list, _ := a.get("errors").([]any)
			for _, e := range list {
				m := e.(map[string]any)
				found = found || m["pointer"] == x.pointer && (x.field == "" || m["code"] == x.field)
			}
			if !found {
				t.Errorf("no %s at %s: %s", x.field, x.pointer, a.raw)
			}
		})
	}
}

func TestProblemsSpeakTheCallersLanguage(t *testing.T) {
	w := newWorld(t)
	for lang, want := range map[string]string{"": "Chưa đăng nhập", "vi": "Chưa đăng nhập", "en": "Not signed in", "en-GB,en;q=0.9": "Not signed in",
		"fr": "Chưa đăng nhập", "fr, en;q=0.5": "Not signed in", "vi-VN,vi;q=0.9,en;q=0.8": "Chưa đăng nhập", "%%%": "Chưa đăng nhập"} {
		a := w.send("", "GET", "/api/v1/cases", nil, "Accept-Language", lang).refused(401, "unauthenticated")
		if a.str("title") != want || a.header.Get("Content-Language") == "" || a.header.Get("WWW-Authenticate") == "" {
			t.Errorf("%q: %s %v", lang, a.raw, a.header)
		}
	}
	a := w.send(father, "POST", "/api/v1/cases", `{"service":7}`, "Accept-Language", "vi").refused(422, "invalid")
	if !strings.Contains(string(a.raw), "Phải là chuỗi ký tự.") {
		t.Errorf("field errors are not in Vietnamese: %s", a.raw)
	}
}

func TestPanicIsAnAnswer(t *testing.T) {
	w := newWorld(t)
	broken := w.config
	broken.Messages = nil
	broken.Messages = panicking{}
	server, err := newServer(broken)
	if err != nil {
		t.Fatal(err)
	}
	w.file()
	w.server = server
	a := w.send(father, "GET", "/api/v1/notifications", nil).refused(500, "internal")
	if strings.Contains(string(a.raw), "boom") || !strings.Contains(w.logs.String(), "boom") {
		t.Errorf("the cause belongs in the log only: %s", a.raw)
	}
}

type panicking struct{}

func (panicking) Render(string, map[string]any, string) (string, string) { panic("boom") }

func TestTraceAndLog(t *testing.T) {
	w := newWorld(t)
	code := w.file()
	const trace = "4bf92f3577b34da6a3ce929d0e0e4736"
	a := w.send(father, "GET", "/api/v1/cases/"+code, nil, "traceparent", "00-"+trace+"-00f067aa0ba902b7-01").want(200)
	if a.header.Get("Trace-Id") != trace {
		t.Errorf("trace %q", a.header.Get("Trace-Id"))
	}
	if b := w.send("", "GET", "/api/v1/cases", nil, "traceparent", "00-zz-1-01"); len(b.str("trace")) != 32 {
		t.Errorf("a wrong traceparent: %s", b.raw)
	}
	log := w.logs.String()
	if !strings.Contains(log, trace) || !strings.Contains(log, `"route":"/api/v1/cases/:code"`) {
		t.Errorf("log: %s", log)
	}
	for _, secret := range []string{father, "Tuấn", "Nhiên", code, w.tokens[father]} {
		if strings.Contains(log, secret) {
			t.Errorf("the log holds %q", secret)
		}
	}
	if a.header.Get("X-Content-Type-Options") != "nosniff" || a.header.Get("Cache-Control") != "no-store" {
		t.Errorf("headers %v", a.header)
	}
}

func TestChunkedBodyIsBoundedToo(t *testing.T) {
	w := newWorld(t)
	req := httptest.NewRequestWithContext(t.Context(), "POST", "/api/v1/cases", struct{ *strings.Reader }{strings.NewReader(strings.Repeat(" ", 2<<20))})
	req.ContentLength = -1
	req.Header.Set("Authorization", "Bearer "+w.token(father))
	rec := httptest.NewRecorder()
	w.server.ServeHTTP(rec, req)
	if rec.Code != http.StatusRequestEntityTooLarge {
		t.Errorf("status %d", rec.Code)
	}
}

func TestLettersAreComposed(t *testing.T) {
	w := newWorld(t)
	const decomposed, escaped, composed = "Nguye\u0302\u0303n", `Nguye\u0302\u0303n`, "Nguyễn"
	const marked, markedEscaped = "\ufeffNgu\u00adye\u0302\u200b\u0303n\u202e", `\u202aNguye\u200b\u0302\u0303n\u200d`
	for i, name := range []string{decomposed, escaped, marked, markedEscaped} {
		body := `{"service":"birth","data":{"name":"` + name + `","n":9007199254740993}}`
		a := w.send(father, "PUT", "/api/v1/drafts/d"+strings.Repeat("x", i+1), body).want(200)
		if a.str("data.name") != composed || a.get("data.n") != int64(9007199254740993) {
			t.Errorf("%q is kept as %q", name, a.str("data.name"))
		}
	}
}

// A birth or a death that has not happened yet, or that no register could hold, is
// refused before it is filed and when it is, each date by its pointer.
func TestImpossibleDatesAreRefused(t *testing.T) {
	w := newWorld(t)
	today := w.clock.Now().In(calendar.Zone).Format(time.DateOnly)
	tomorrow := w.clock.Now().In(calendar.Zone).AddDate(0, 0, 1).Format(time.DateOnly)
	for _, c := range []struct{ birth, death, want string }{
		{"1900-01-01", today, ""},
		{today, today, ""},
		{"1899-12-31", today, "/deceased/birth_date too_early"},
		{tomorrow, today, "/deceased/birth_date too_late, /deceased/death_date too_early"},
		{"1950-02-10", "1950-02-09", "/deceased/death_date too_early"},
		{"1950-02-10", tomorrow, "/deceased/death_date too_late"},
	} {
		app := w.application("death-o2")
		dead := app["deceased"].(map[string]any)
		dead["birth_date"], dead["death_date"] = c.birth, c.death
		var got []string
		for _, p := range w.send(father, "POST", "/api/v1/services/death/check", map[string]any{"application": app}).want(200).get("problems").([]any) {
			got = append(got, engine.Str(p, "pointer")+" "+engine.Str(p, "code"))
		}
		if strings.Join(got, ", ") != c.want {
			t.Errorf("born %s, died %s: %v, want %q", c.birth, c.death, got, c.want)
		}
	}
	for _, born := range []string{"1899-12-31", tomorrow} {
		app := w.application("birth-b4", "residence", "identity")
		app["children"].([]any)[0].(map[string]any)["birth_date"] = born
		a := w.send(father, "POST", "/api/v1/cases", map[string]any{"service": "birth", "application": app}).refused(422, "invalid")
		if a.str("errors.0.pointer") != "/children/0/birth_date" {
			t.Errorf("a child of %s: %s", born, a.raw)
		}
	}
}
