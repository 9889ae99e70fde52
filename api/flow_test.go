package api_test

import (
	"bufio"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"lienthong/agencies/wire"
	"lienthong/api"
	"lienthong/engine"
)

// registered files with residence and takes the birth to its certificate.
func (w *world) registered() string {
	w.t.Helper()
	app := w.application("birth-b4", "identity")
	app["registration"].(map[string]any)["copies"] = 2 // which cost something
	a := w.send(father, "POST", "/api/v1/cases", map[string]any{"service": "birth", "application": app}).want(201)
	code := a.str("cases.0.code")
	w.settle()
	w.act("reception."+officeBirth, code, "birth", "receive", nil).want(200)
	child := w.read(father, code).get("application.child").(map[string]any)
	draft := map[string]any{}
	for _, k := range []string{"name", "sex", "birth_date", "birth_place", "hometown", "ethnicity", "nationality"} {
		draft[k] = child[k]
	}
	input := map[string]any{"child": draft}
	for _, k := range []string{"mother", "father"} {
		input[k] = w.read(father, code).get("application." + k)
	}
	w.act("officer."+officeBirth, code, "birth", "draft", input).want(200)
	w.act(father, code, "birth", "confirm", nil).want(200)
	w.act("leader."+officeBirth, code, "birth", "sign", nil).want(200)
	return code
}

func TestPartiesSeeWhatTheyMustAnswer(t *testing.T) {
	w := newWorld(t)
	code := w.registered()
	path := "/api/v1/cases/" + code
	tasks := w.send(grandfather, "GET", "/api/v1/tasks", nil).want(200)
	if tasks.str("tasks.0.kind") != "party" || tasks.str("tasks.0.case") != code {
		t.Fatalf("tasks: %s", tasks.raw)
	}
	seen := w.read(grandfather, code)
	if seen.str("view") != "party" || len(seen.get("dossiers").([]any)) != 1 || seen.get("application") != nil || seen.get("items") != nil ||
		seen.str("requester.name") == "" || seen.str("requester.id") != "" || seen.get("dossiers.0.with") == nil {
		t.Errorf("a party's view: %s", seen.raw)
	}
	for _, a := range seen.get("dossiers.0.actions").([]any) {
		if a := a.(map[string]any); a["code"] != "consent" && a["code"] != "decline" || a["etag"] != nil {
			t.Errorf("a party's action: %v", a)
		}
	}
	for _, sub := range []string{"/history", "/timeline", "/clock", "/access"} {
		w.send(grandfather, "GET", path+sub, nil).refused(404, "not_found")
	}
	w.send(grandfather, "POST", path+"/actions/withdraw", map[string]any{}, "If-Match", seen.str("etag")).refused(404, "not_found")
	w.send(grandfather, "POST", path+"/dossiers/birth/actions/correct", map[string]any{}, "If-Match", `"1"`).refused(404, "not_found")
	// No If-Match; the same key gives the same answer although the question is gone.
	yes := w.send(grandfather, "POST", path+"/dossiers/residence/actions/consent", nil, "Idempotency-Key", "yes").want(200)
	again := w.send(grandfather, "POST", path+"/dossiers/residence/actions/consent", nil, "Idempotency-Key", "yes").want(200)
	if again.get("repeated") != true || yes.str("code") != code {
		t.Errorf("repeated consent: %s", again.raw)
	}
	w.send(grandfather, "GET", path, nil).refused(404, "not_found")
	if d := w.read(father, code).dossier("residence"); d["state"] != "checking" {
		t.Errorf("residence is %v", d["state"])
	}
}

func TestHistoryTimelineClock(t *testing.T) {
	w := newWorld(t)
	code := w.registered()
	path := "/api/v1/cases/" + code
	h := w.send(father, "GET", path+"/history?limit=3", nil).want(200)
	if len(h.get("entries").([]any)) != 3 || h.str("next") != "3" || h.str("entries.0.action") != "file" || !strings.Contains(h.header.Get("Link"), "after=3") {
		t.Errorf("history: %s", h.raw)
	}
	all := w.send(father, "GET", path+"/history?limit=200", nil).want(200)
	now := w.read(father, code)
	if n := len(all.get("entries").([]any)); int64(n) != now.get("seq") || all.get("next") != nil {
		t.Errorf("%d entries, seq %v", n, now.get("seq"))
	}
	stored, err := w.store.Load(t.Context(), code)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(all.raw), stored.Seed) || strings.Contains(string(all.raw), `Z"`) {
		t.Error("history shows the seed, or times outside +07:00")
	}
	first := w.send(father, "GET", path+"/history?at=1", nil).want(200)
	if first.str("case.dossiers.0.state") != "submitted" && first.str("case.dossiers.0.status") != "waiting" || first.get("case.seq") != int64(1) {
		t.Errorf("at 1: %s", first.raw)
	}
	last := w.send(father, "GET", path+"/history?at="+jsonOf(now.get("seq")), nil).want(200)
	if last.str("case.dossiers.0.state") != "registered" || len(last.get("case.actions").([]any)) != 0 {
		t.Errorf("at the end: %s", last.raw)
	}
	for lang, words := range map[string][]string{
		"vi": {"Đã nộp hồ sơ", "UBND phường Ba Đình", "đã có kết quả", "1 người", "Đã nộp lệ phí"},
		"en": {"Filed:", "People's Committee of Ba Đình Ward", "was issued", "people asked to agree: 2", "The fee was paid"}} {
		tl := w.send(father, "GET", path+"/timeline", nil, "Accept-Language", lang).want(200)
		var text string
		for _, m := range tl.get("moments").([]any) {
			line := engine.Str(m, "text")
			if line == "" || strings.ContainsAny(line, "{}") {
				t.Errorf("%s: %v", lang, m)
			}
			text += line + "\n"
		}
		for _, word := range words {
			if !strings.Contains(text, word) && !(word == "1 người" && strings.Contains(text, "người")) {
				t.Errorf("%s timeline lacks %q:\n%s", lang, word, text)
			}
		}
	}
	c := w.send(father, "GET", path+"/clock", nil).want(200)
	var birth map[string]any
	for _, k := range c.get("clocks").([]any) {
		if engine.Str(k, "step") == "birth" {
			birth = k.(map[string]any)
		}
	}
	if birth["mode"] != "stopped" || birth["limit"] == "" || !strings.HasSuffix(birth["due"].(string), "+07:00") || len(birth["pauses"].([]any)) != 1 {
		t.Errorf("clock: %v", birth)
	}
	if c.str("calendar") != "vn-2026-07-01" || !strings.Contains(c.str("calendar_basis"), "NQ 28/2026/QH16") {
		t.Errorf("working days follow %q, %q", c.str("calendar"), c.str("calendar_basis"))
	}
}

func jsonOf(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(b)
}

// What a refused part issues is told as its refusal, not as a result; so is how a case ends.
func TestARefusalIsToldAsOne(t *testing.T) {
	w := newWorld(t)
	code := w.registered()
	w.act(grandfather, code, "residence", "decline", map[string]any{"reason": "Nhà chật"}).want(200)
	w.act("leader.police_00004", code, "residence", "refuse", map[string]any{"reason": "Chủ hộ không đồng ý"}).want(200)
	early, reception := w.fileFar()
	w.settle()
	w.act(reception, early, "birth", "reject_reception", map[string]any{"reason": "Không đúng nơi đăng ký"}).want(200)
	told := func(who, code, lang, step string) (out []string) {
		for _, m := range w.send(who, "GET", "/api/v1/cases/"+code+"/timeline", nil, "Accept-Language", lang).want(200).get("moments").([]any) {
			if engine.Str(m, "step") == step {
				out = append(out, engine.Str(m, "text"))
			}
		}
		return out
	}
	const once = "Đăng ký thường trú: một người được hỏi không đồng ý." // though they are asked as head and as owner
	if got := told(father, code, "vi", "residence"); !slices.Contains(got, once) || strings.Count(strings.Join(got, "\n"), once) != 1 {
		t.Errorf("told is %q", got)
	}
	for lang, want := range map[string][]string{
		"vi": {"Đăng ký thường trú: đã ban hành văn bản từ chối “Thông báo từ chối đăng ký cư trú (CT06)”.", "Đăng ký thường trú: đã gửi văn bản từ chối.", "Hồ sơ kết thúc: bị từ chối."},
		"en": {"Permanent residence: the refusal “Notice of refusal (CT06)” was issued.", "Permanent residence: the refusal was delivered.", "The case ended: refused."}} {
		got := told(father, code, lang, "residence")
		if end := told(stranger, early, lang, ""); len(got) < 2 || !slices.Equal(append(got[len(got)-2:], end[len(end)-1]), want) {
			t.Errorf("%s: told is %q, and %q", lang, got, end)
		}
	}
}

func TestNotificationsAndPublicResult(t *testing.T) {
	w := newWorld(t)
	code := w.registered()
	for lang, word := range map[string]string{"vi": "đã được nộp", "en": "was filed"} {
		n := w.send(father, "GET", "/api/v1/notifications?limit=100", nil, "Accept-Language", lang).want(200)
		if !strings.Contains(string(n.raw), word) {
			t.Errorf("%s: %s", lang, n.raw)
		}
	}
	if n := w.send(stranger, "GET", "/api/v1/notifications", nil).want(200); len(n.get("notifications").([]any)) != 0 {
		t.Errorf("a stranger was told %s", n.raw)
	}
	id := engine.Str(w.read(father, code).dossier("birth"), "result", "id")
	r := w.send("", "GET", "/api/v1/results/"+id, nil).want(200)
	if r.str("status") != "genuine" || r.str("document") != "birth_certificate" || r.str("office.id") != officeBirth {
		t.Errorf("result: %s", r.raw)
	}
	for _, secret := range []string{code, "Nhiên", father, "subject"} {
		if strings.Contains(string(r.raw), secret) {
			t.Errorf("the public answer holds %q: %s", secret, r.raw)
		}
	}
	w.send("", "GET", "/api/v1/results/guess", nil).refused(404, "not_found")
}

func TestExchange(t *testing.T) {
	w := newWorld(t)
	*w.silent = true
	code := w.file()
	w.settle()
	w.act("reception."+officeBirth, code, "birth", "receive", nil).want(200)
	c := w.read("officer."+officeBirth, code)
	wait := c.dossier("birth")["waiting"].([]any)[0]
	if engine.Str(wait, "for") != "registry" || engine.Str(wait, "registry") != "population" || engine.Str(wait, "last_error") == "" || engine.At(wait, "tries") == nil {
		t.Errorf("waiting: %v", wait)
	}
	if own := w.read(father, code).dossier("birth")["waiting"].([]any)[0]; engine.Str(own, "last_error") != "" || engine.Str(own, "registry") != "population" {
		t.Errorf("the citizen's waiting: %v", own)
	}
	key := engine.Str(wait, "request")
	list := w.send("operator", "GET", "/api/v1/exchange?registry=population", nil).want(200)
	if list.str("deliveries.0.key") != key || strings.Contains(string(list.raw), father) {
		t.Errorf("exchange: %s", list.raw)
	}
	w.send("officer."+officeBirth, "GET", "/api/v1/exchange", nil).refused(403, "forbidden")
	path := "/api/v1/exchange/" + url.PathEscape(key)
	if r := w.send("operator", "POST", path+"/retry", nil).want(200); r.str("status") != "pending" {
		t.Errorf("retry: %s", r.raw)
	}
	if r := w.send("operator", "POST", path+"/retry", map[string]any{"note": "đã gọi điện"}).want(200); r.str("note") != "retried by operator: đã gọi điện" {
		t.Errorf("retry: %s", r.raw)
	}
	w.send("operator", "POST", path+"/skip", map[string]any{"note": "không cần"}).refused(409, "precondition")
	w.send("operator", "POST", path+"/record", map[string]any{"outcome": "done", "data": map[string]any{"married": "yes"}, "note": "công văn 12"}).refused(422, "invalid")
	r := w.send("operator", "POST", path+"/record", map[string]any{"outcome": "done", "data": map[string]any{"married": true}, "note": "công văn 12"}).want(200)
	if r.str("status") != "done" {
		t.Errorf("record: %s", r.raw)
	}
	w.send("operator", "POST", "/api/v1/exchange/nothing%2F1%2F1/retry", nil).refused(404, "not_found")
	if d := w.read(father, code).dossier("birth"); d["state"] != "received" {
		t.Errorf("birth is %v", d["state"])
	}
	var acts []string
	for _, e := range w.send(father, "GET", "/api/v1/cases/"+code+"/history", nil).want(200).get("entries").([]any) {
		for _, v := range engine.At(e, "events").([]any) {
			if engine.Str(v, "kind") == "exchange_acted" {
				acts = append(acts, strings.Join([]string{engine.Str(e, "action"), engine.Str(v, "data", "what"), engine.Str(v, "data", "by"), engine.Str(v, "data", "note")}, " "))
			}
		}
	}
	if want := []string{"operate retry operator ", "operate retry operator đã gọi điện", "reply record operator công văn 12"}; !slices.Equal(acts, want) {
		t.Errorf("history says %q, want %q", acts, want)
	}
	told := string(w.send(father, "GET", "/api/v1/cases/"+code+"/timeline", nil).want(200).raw)
	if strings.Count(told, `"exchange_retry"`) != 2 || strings.Contains(told, `"exchange_record"`) || strings.Count(told, `"recorded_by_hand"`) != 1 {
		t.Errorf("the timeline says %s", told)
	}
}

// signed are the headers of a registry's answer.
func signed(t *testing.T, registry string, body []byte) (out []string) {
	t.Helper()
	h := http.Header{}
	if err := wire.Sign(h, secret(registry), "msg-1", time.Now(), body); err != nil {
		t.Fatal(err)
	}
	for k := range h {
		out = append(out, k, h.Get(k))
	}
	return out
}

func TestSignedReplies(t *testing.T) {
	w := newWorld(t)
	*w.silent = true
	code := w.file()
	w.settle()
	w.act("reception."+officeBirth, code, "birth", "receive", nil).want(200)
	key := engine.Str(w.read(father, code).dossier("birth")["waiting"].([]any)[0], "request")
	body, err := json.Marshal(wire.Callback{Key: key, Registry: "population", Operation: "marriage", Outcome: wire.Done, Data: map[string]any{"married": true}})
	if err != nil {
		t.Fatal(err)
	}
	sign := func(registry string) []string { return signed(t, registry, body) }
	const path = "/api/v1/exchange/population/replies"
	w.send("", "POST", path, body).refused(401, "unauthenticated")
	w.send("", "POST", path, body, sign("health")...).refused(401, "unauthenticated")
	w.send("", "POST", path, append(slices.Clone(body), ' '), sign("population")...).refused(401, "unauthenticated")
	for range 2 { // a repetition is told the same
		if a := w.send("", "POST", path, body, sign("population")...).want(200); a.get("accepted") != true {
			t.Errorf("reply: %s", a.raw)
		}
	}
	if d := w.read(father, code).dossier("birth"); d["state"] != "received" {
		t.Errorf("birth is %v", d["state"])
	}
}

func TestPrefill(t *testing.T) {
	w := newWorld(t)
	a := w.send(father, "GET", "/api/v1/services/birth/prefill", nil).want(200)
	for pointer, source := range map[string]string{"/father/id": "population", "/father/name": "population", "/mother/id": "population", "/mother/birth_date": "population",
		"/children/0/notice/code": "health", "/children/0/birth_date": "health", "/children/0/ethnicity": "population"} {
		if engine.Str(a.get("source"), pointer) != source || engine.At(a.get("values"), pointer) == nil {
			t.Errorf("%s: %v from %v", pointer, engine.At(a.get("values"), pointer), engine.At(a.get("source"), pointer))
		}
	}
	if a.str("application.father.id") != father || a.str("application.mother.id") != mother || a.str("application.children.0.notice.code") == "" {
		t.Errorf("application: %s", a.raw)
	}
	// Filing names the snapshot; the case then knows which values a register gave.
	body := map[string]any{"service": "birth", "application": w.application("birth-b4", "residence", "identity"), "prefill": a.str("id"),
		"disputes": map[string]any{"/children/0/hometown": "Quê mẹ"}}
	w.send(mother, "POST", "/api/v1/cases", body).refused(404, "not_found")
	code := w.send(father, "POST", "/api/v1/cases", body).want(201).str("cases.0.code")
	if c := w.read(father, code); len(c.get("sources").(map[string]any)) == 0 {
		t.Errorf("sources: %s", c.raw)
	}
	// The counter asks about the citizen before it; the read is logged.
	w.send("reception."+officeBirth, "GET", "/api/v1/services/birth/prefill", nil).refused(422, "invalid")
	w.send("reception."+officeBirth, "GET", "/api/v1/services/birth/prefill?person="+father, nil).want(200)
	w.send(father, "GET", "/api/v1/services/birth/prefill?person="+mother, nil).refused(403, "forbidden")
	if log := w.accesses(""); len(log) != 1 || log[0].What != "prefill" {
		t.Errorf("access log %v", log)
	}
	// A stranger to the deceased learns nothing.
	w.send(father, "GET", "/api/v1/services/death/prefill?about="+stranger, nil).refused(404, "not_found")
	const daughter, deceased = "001174000702", "001050000701"
	if err := w.store.PutAccount(t.Context(), engine.Account{ID: daughter, Kind: engine.Citizen, Person: daughter, Name: "Phan Thị Cúc"}, 0, nil); err != nil {
		t.Fatal(err)
	}
	dead := w.send(daughter, "GET", "/api/v1/services/death/prefill?about="+deceased, nil).want(200)
	for _, pointer := range []string{"/deceased/name", "/deceased/id", "/deceased/death_date", "/deceased/notice/code", "/relatives/0/name"} {
		if engine.At(dead.get("values"), pointer) == nil {
			t.Errorf("%s is not known: %s", pointer, dead.raw)
		}
	}
	// Whoever applies is proposed as the one who arranges the funeral and is paid.
	for pointer, want := range map[string]string{"/funeral/organiser/id": daughter, "/funeral/organiser/name": "Phan Thị Cúc", "/funeral/payee/name": "Phan Thị Cúc", "/funeral/payee/id": daughter, "/survivor/representative/id": daughter, "/survivor/payee/id": daughter} {
		if got := engine.At(dead.get("values"), pointer); got != want {
			t.Errorf("%s is %v, want %s", pointer, got, want)
		}
	}
	// Silent registers leave the form empty and say so.
	*w.silent = true
	if b := w.send(father, "GET", "/api/v1/services/birth/prefill", nil).want(200); b.str("missing.0.code") != "unavailable" || len(b.get("values").(map[string]any)) != 0 {
		t.Errorf("silent: %s", b.raw)
	}
}

func TestServices(t *testing.T) {
	w := newWorld(t)
	a := w.send("", "GET", "/api/v1/services", nil).want(200)
	if n := len(a.get("services").([]any)); n < 1 {
		t.Errorf("%d services", n)
	}
	all := w.send("", "GET", "/api/v1/services?all=true", nil).want(200)
	if len(all.get("services").([]any)) <= len(a.get("services").([]any)) {
		t.Errorf("all: %s", all.raw)
	}
	b := w.send("", "GET", "/api/v1/services/birth", nil).want(200)
	if b.str("form.schema.type") != "object" || b.str("steps.0.id") != "birth" || b.str("title.vi") == "" || b.str("title.en") == "" || b.str("version") != "2026-09-01" {
		t.Errorf("birth: %.500s", b.raw)
	}
	if old := w.send("", "GET", "/api/v1/services/birth?version=2024-07-01", nil).want(200); old.str("version") != "2024-07-01" || old.get("in_force") != false {
		t.Errorf("old version: %.300s", old.raw)
	}
	w.send("", "GET", "/api/v1/services/flying", nil).refused(404, "not_found")
	app := w.application("birth-b4", "identity")
	app["registration"].(map[string]any)["copies"] = 2
	check := w.send(father, "POST", "/api/v1/services/birth/check", map[string]any{"application": app}).want(200)
	if check.get("valid") != true || check.get("fee") != int64(16000) || check.str("due") == "" || check.str("cases.0.steps.0.office.id") != officeBirth {
		t.Errorf("check: %s", check.raw)
	}
}

func TestDemoClockAndFaults(t *testing.T) {
	w := newWorld(t)
	const path = "/api/v1/demo/clock"
	move := func(advance string) string {
		return w.send("tester", "POST", path, map[string]any{"advance": advance}).want(200).str("now")
	}
	if now := w.send("tester", "GET", path, nil).want(200).str("now"); now != "2026-09-07T09:00:00+07:00" {
		t.Errorf("now %s", now)
	}
	for _, x := range [][2]string{{"3h", "2026-09-07T12:00:00+07:00"}, {"1 working day", "2026-09-08T12:00:00+07:00"}, {"4 working days", "2026-09-14T12:00:00+07:00"}, {"1 month", "2026-10-14T12:00:00+07:00"}} {
		if got := move(x[0]); got != x[1] {
			t.Errorf("%s: %s, want %s", x[0], got, x[1])
		}
	}
	for _, bad := range []map[string]any{{}, {"advance": "soon"}, {"advance": "-3h"}, {"to": "2020-01-01T00:00:00+07:00"}, {"to": "2099-01-01T00:00:00+07:00"}, {"advance": "1h", "to": "2026-12-01T00:00:00+07:00"}} {
		w.send("tester", "POST", path, bad).refused(422, "invalid")
	}
	// A day later the office is warned, then the dossier is late; both are told.
	code := w.file()
	w.settle()
	w.act("reception."+officeBirth, code, "birth", "receive", nil).want(200)
	w.act("officer."+officeBirth, code, "birth", "request_supplement", map[string]any{"items": []any{map[string]any{"kind": "paper", "about": "giấy chứng sinh", "reason": "mờ"}}}).want(200)
	next := w.send("tester", "GET", path, nil).want(200).str("next_due")
	fell := w.send("tester", "POST", path, map[string]any{"to": next}).want(200)
	if fired := fell.get("fired").([]any); fell.str("now") != next || len(fired) == 0 || engine.Str(fired[0], "case") != code || engine.Str(fired[0], "who", "kind") != "timer" ||
		engine.Str(fired[0], "text") == "" || engine.Str(fired[0], "at") != next {
		t.Errorf("fired: %s", fell.raw)
	}
	a := w.send("tester", "POST", path, map[string]any{"advance": "1h"}, "Idempotency-Key", "t").want(200)
	b := w.send("tester", "POST", path, map[string]any{"advance": "1h"}, "Idempotency-Key", "t").want(200)
	if a.str("now") != b.str("now") {
		t.Errorf("advanced twice: %s %s", a.raw, b.raw)
	}
	w.send(father, "POST", path, map[string]any{"advance": "1h"}).refused(403, "forbidden")
	const dial = "/api/v1/demo/agencies/population/faults"
	if f := w.send("tester", "PUT", dial, map[string]any{"error_rate": 0.5}).want(200); f.get("error_rate") != 0.5 {
		t.Errorf("dial: %s", f.raw)
	}
	w.send("tester", "GET", dial, nil).want(200)
	all := w.send("tester", "GET", "/api/v1/demo/agencies", nil).want(200)
	turned := 0
	for _, a := range all.get("agencies").([]any) {
		if engine.At(a, "faults", "error_rate") == int64(0) && engine.Str(a, "id") == "population" && engine.Str(a, "title", "vi") != "" {
			turned++
		}
	}
	if turned != 1 {
		t.Errorf("dials: %s", all.raw)
	}
	w.send(father, "GET", "/api/v1/demo/agencies", nil).refused(403, "forbidden")
	w.send("tester", "GET", "/api/v1/demo/agencies/nothing/faults", nil).refused(404, "not_found")
	inService := w.config
	inService.Demo = nil
	server, err := api.New(inService)
	if err != nil {
		t.Fatal(err)
	}
	w.server = server
	w.send("tester", "GET", path, nil).refused(404, "not_found")
	w.send("tester", "POST", path, map[string]any{"advance": "1h"}).refused(404, "not_found")
	w.send("tester", "PUT", dial, map[string]any{}).refused(404, "not_found")
}

func TestHealthAndMetrics(t *testing.T) {
	w := newWorld(t)
	w.file()
	w.send("", "GET", "/healthz", nil).want(200)
	w.send("", "GET", "/readyz", nil).want(200)
	m := w.send("", "GET", "/metrics", nil).want(200)
	if !strings.Contains(string(m.raw), `lienthong_http_requests_total{method="POST",route="/api/v1/cases",status="201"} 1`) || !strings.HasPrefix(m.header.Get("Content-Type"), "text/plain") {
		t.Errorf("metrics %v: %s", m.header, m.raw)
	}
	broken := w.config
	broken.Store = notReady{w.store}
	server, err := api.New(broken)
	if err != nil {
		t.Fatal(err)
	}
	w.server = server
	w.send("", "GET", "/readyz", nil).refused(503, "unavailable")
}

type notReady struct{ engine.Store }

func (notReady) Ready(context.Context) error { return &engine.Error{Code: engine.Unavailable} }

// listen opens the event stream over a real connection and returns its lines.
func listen(t *testing.T, url, token string) (lines <-chan string, status int) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), "GET", url+"/api/v1/events", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	out := make(chan string, 100)
	if res.StatusCode != 200 {
		close(out)
		return out, res.StatusCode
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer close(out)
		for s := bufio.NewScanner(res.Body); s.Scan(); {
			if s.Text() != "" {
				out <- s.Text()
			}
		}
	}()
	t.Cleanup(func() {
		_ = res.Body.Close() // it ends the stream, which is what is wanted
		<-done
	})
	for line := range out {
		if line == ": connected" {
			break
		}
	}
	return out, 200
}

func TestEventsReachOnlyWhoMaySee(t *testing.T) {
	w := newWorld(t, func(c *api.Config) { c.Limits.Streams = 2 })
	hasty, srv := httptest.NewUnstartedServer(w.server), httptest.NewServer(w.server)
	hasty.Config.WriteTimeout = time.Nanosecond // over before anything is answered: a stream has none
	hasty.Start()
	t.Cleanup(func() {
		hasty.Close()
		srv.Close()
		http.DefaultClient.CloseIdleConnections()
	})
	mine, _ := listen(t, hasty.URL, w.token(father))
	foreign, _ := listen(t, hasty.URL, w.token(stranger))
	if _, status := listen(t, srv.URL, w.token(mother)); status != 503 {
		t.Errorf("a stream over the limit: %d", status)
	}
	code := w.file()
	w.settle()
	var data map[string]any
	for line := range mine {
		if d, ok := strings.CutPrefix(line, "data: "); ok {
			if err := json.Unmarshal([]byte(d), &data); err != nil {
				t.Fatal(err)
			}
			break
		}
	}
	if data["case"] != code {
		t.Errorf("event %v", data)
	}
	select {
	case line := <-foreign:
		t.Errorf("a stranger was told %q", line)
	default:
	}
}
