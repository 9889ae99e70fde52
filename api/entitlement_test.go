package api_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"lienthong/api"
	"lienthong/engine"
	"lienthong/store/memory"
	"lienthong/store/sqlite"
)

// probe is one request about something that exists, and the same about nothing.
type probe struct {
	method, path string
	body         map[string]any
}

// probes are all the requests of the surface that name a case or something of one, as
// its document lists them. real maps each kind of name to one that exists.
func probes(t testing.TB, names map[string]string) []probe {
	t.Helper()
	raw, err := os.ReadFile("openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	var doc struct {
		Paths map[string]map[string]struct {
			ID         string `json:"operationId"`
			Parameters []struct{ Name, In string }
		}
	}
	if err := json.Unmarshal(raw, &doc); err != nil {
		t.Fatal(err)
	}
	bodies := map[string]map[string]any{
		"assign-dossier":   {"account": "officer." + officeOther},
		"transfer-dossier": {"office": officeOther, "reason": "x"},
		"record-delivery":  {"outcome": "done", "note": "x"},
		"retry-delivery":   {"note": "x"},
		"skip-delivery":    {"note": "x"},
	}
	var out []probe
	for path, methods := range doc.Paths {
		for method, o := range methods {
			method = strings.ToUpper(method)
			at, named := path, true
			switch {
			case strings.HasPrefix(path, "/api/v1/exchange/{id}") && o.ID != "registry-reply":
				at = strings.Replace(at, "{id}", url.PathEscape(names["delivery"]), 1)
			case strings.HasPrefix(path, "/api/v1/documents/{id}"):
				out = append(out, probe{method, strings.Replace(at, "{id}", names["document"], 1) + "?case=" + names["case"], nil})
				at = strings.Replace(at, "{id}", names["document"], 1)
			case strings.Contains(path, "{code}"):
			case slices.ContainsFunc(o.Parameters, func(p struct{ Name, In string }) bool { return p.Name == "case" && p.In == "query" }):
				at += "?case=" + names["case"]
			case slices.ContainsFunc(o.Parameters, func(p struct{ Name, In string }) bool { return p.Name == "text" && p.In == "query" }):
				at += "?text=" + names["case"]
			default:
				named = false
			}
			if !named {
				continue
			}
			actions := []string{"withdraw", "receive", "consent", "file"}
			for _, code := range []string{names["case"], names["dossier"]} {
				for _, action := range actions {
					p := strings.NewReplacer("{code}", code, "{step}", "birth", "{action}", action).Replace(at)
					body := bodies[o.ID]
					if body == nil && method != "GET" {
						body = map[string]any{}
					}
					if x := (probe{method, p, body}); !slices.ContainsFunc(out, func(y probe) bool { return y.method == x.method && y.path == x.path }) {
						out = append(out, x)
					}
				}
			}
		}
	}
	for _, name := range []string{names["case"], names["dossier"]} {
		out = append(out, probe{"POST", "/api/v1/batches", map[string]any{"action": "receive", "items": []any{map[string]any{"case": name, "step": "birth", "if_match": `"1"`}, map[string]any{"case": name, "step": "birth"}}}},
			probe{"POST", "/api/v1/replays", map[string]any{"case": name}})
	}
	return out
}

// strangers are people who may not see the father's case.
var strangers = []string{stranger, mother, grandfather, "reception." + officeOther, "officer." + officeOther, "leader.police_00004", "supervisor.far", "tester.far", "tester", "administrator", ""}

// fathersCase files a case with a document, and gives the world people from elsewhere.
func (w *world) fathersCase() (code, document string) {
	w.t.Helper()
	body, ct := form(w.t, "a.pdf", []byte("%PDF-1.7 của bố"))
	document = w.send(father, "POST", "/api/v1/documents", body, "Content-Type", ct).want(201).str("id")
	app := w.application("birth-b4", "residence", "identity")
	app["attachments"] = []any{map[string]any{"kind": "other", "document": document, "name": "Giấy tờ"}}
	code = w.send(father, "POST", "/api/v1/cases", map[string]any{"service": "birth", "application": app}, "Idempotency-Key", "fathers").want(201).str("cases.0.code")
	w.act("reception."+officeBirth, code, "birth", "receive", nil).want(200)
	for _, a := range []engine.Account{
		{ID: "supervisor.far", Kind: engine.Staff, Name: "Giám sát", Roles: []string{"supervisor"}, Office: "civil_status_26740"},
		{ID: "tester.far", Kind: engine.Staff, Name: "Kiểm thử", Roles: []string{"tester"}, Office: officeBirth},
	} {
		if err := w.store.PutAccount(w.t.Context(), a, 0, nil); err != nil {
			w.t.Fatal(err)
		}
	}
	return code, document
}

// inService makes the world's surface one of service, where everybody has signed in.
func (w *world) inService() {
	w.t.Helper()
	for _, who := range append(slices.Clone(strangers), father, "operator") {
		if who != "" {
			w.token(who)
		}
	}
	c := w.config
	c.Demo = nil
	server, err := api.New(c)
	if err != nil {
		w.t.Fatal(err)
	}
	w.server = server
}

// again offers to decide cases again, which has its own way to a case.
func again(c *api.Config) {
	c.Tools.Again = func([]engine.Entry, string) any { return map[string]any{} }
}

// What somebody may not see is answered like what does not exist: by the same status,
// the same words, whatever they send.
func TestWhatIsNotYoursDoesNotExist(t *testing.T) {
	for name, store := range map[string]engine.Store{"memory": memory.New(), "sqlite": opened(t, filepath.Join(t.TempDir(), "cases.db"))} {
		t.Run(name, func(t *testing.T) {
			w := newWorldOver(t, store, again)
			*w.silent = true
			code, document := w.fathersCase()
			w.inService()
			key := w.send("operator", "GET", "/api/v1/exchange", nil).want(200).str("deliveries.0.key")
			w.hides(map[string]string{"case": code, "dossier": engine.Str(w.read(father, code).dossier("birth"), "code"), "delivery": key, "document": document})
		})
	}
}

// A case that is in an archive, or was brought back from one, is hidden as any other.
func TestAnArchivedCaseIsNotTheirsEither(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "cases.db")
	w := newWorldOver(t, opened(t, path), again)
	code, document := w.fathersCase()
	w.send(father, "POST", "/api/v1/cases/"+code+"/actions/withdraw", map[string]any{"input": map[string]any{"reason": "nộp nhầm"}}, "If-Match", w.read(father, code).str("etag")).want(200)
	w.settle()
	history, err := w.store.History(t.Context(), code, 1, 0)
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]string{"case": code, "dossier": engine.Str(w.read(father, code).dossier("birth"), "code"), "document": document}
	for i := range history {
		for _, d := range history[i].Effects() {
			names["delivery"] = d.Key
		}
	}
	w.fileFar() // the case with the newest entry stays
	if err := w.store.Close(); err != nil {
		t.Fatal(err)
	}
	a, err := sqlite.Archive(t.Context(), path, filepath.Join(dir, "old.archive"), sqlite.ArchiveOptions{Before: start.AddDate(1, 0, 0)})
	if err != nil || a.Moved != 1 {
		t.Fatalf("%+v %v", a, err)
	}
	for _, status := range []int{410, 200} {
		w = newWorldOver(t, opened(t, path), again)
		w.inService()
		w.send(father, "GET", "/api/v1/cases/"+code, nil).want(status)
		w.hides(names)
		if err := w.store.Close(); err != nil {
			t.Fatal(err)
		}
		if status == 200 {
			return
		}
		if _, err := sqlite.Unarchive(t.Context(), path, "", code); err != nil {
			t.Fatal(err)
		}
	}
}

// opened is a store in a file.
func opened(t testing.TB, path string) *sqlite.Store {
	t.Helper()
	s, err := sqlite.Open(t.Context(), sqlite.Config{Path: path, TakeOver: true})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// hides tries every request about names that stand, and about names that do not, and
// wants the same answers for all strangers, and no trace of them.
func (w *world) hides(real map[string]string) {
	t := w.t
	t.Helper()
	key, document := real["delivery"], real["document"]
	none := map[string]string{"case": "H26.99-260907-9999", "dossier": "H26.99-260907-9998", "delivery": "H26.99-260907-9999/1/0", "document": strings.Repeat("0", 64)}
	back := strings.NewReplacer(real["case"], none["case"], real["dossier"], none["dossier"], url.PathEscape(key), url.PathEscape(none["delivery"]), document, none["document"])
	all := probes(t, real)
	if len(all) < 50 {
		t.Fatalf("only %d requests", len(all))
	}
	seq := func() any { return w.send(father, "GET", "/api/v1/cases/"+real["case"], nil).get("seq") }
	before := seq()
	for _, who := range strangers {
		for _, p := range all {
			raw, err := json.Marshal(p.body)
			if err != nil {
				t.Fatal(err)
			}
			if who == "administrator" && strings.HasSuffix(p.path, "/revert") {
				continue
			}
			for _, headers := range [][]string{nil, {"If-Match", `"1"`}, {"If-Match", `"99"`, "Idempotency-Key", "fathers"}} {
				var of, ofNone any
				if p.body != nil {
					of, ofNone = string(raw), back.Replace(string(raw))
				}
				is, isNone := w.send(who, p.method, p.path, of, headers...), w.send(who, p.method, back.Replace(p.path), ofNone, headers...)
				told := func(a answer) string {
					delete(a.body, "trace")
					delete(a.body, "wall")
					if list, _ := a.body["results"].([]any); list != nil {
						for _, r := range list {
							if p, _ := r.(map[string]any)["problem"].(map[string]any); p != nil {
								delete(p, "trace")
							}
						}
					}
					said, _ := json.Marshal(a.body)
					if a.body == nil {
						said = a.raw
					}
					return back.Replace(fmt.Sprint(a.status, a.header.Get("ETag"), " ", string(said)))
				}
				if a, b := told(is), told(isNone); a != b {
					t.Errorf("%q %s %s %s %v:\n  is   %s\n  none %s", who, p.method, p.path, raw, headers, a, b)
				}
			}
		}
	}
	if now := seq(); now != before {
		t.Errorf("the case went from %v to %v", before, now)
	}
	for _, a := range w.accesses(real["case"]) {
		if slices.Contains(strangers, a.Account) {
			t.Errorf("%s is in the access log: %+v", a.Account, a)
		}
	}
}

// Who was only asked is told by an answer or a refusal no more of the case than by
// looking at it, and nothing once they have answered.
func TestPartiesAreNotToldHowItGoesOn(t *testing.T) {
	w := newWorld(t)
	code := w.registered()
	path := "/api/v1/cases/" + code + "/dossiers/residence/actions/consent"
	hidden := func(a answer) {
		t.Helper()
		for _, d := range a.get("dossiers").([]any) {
			if d := d.(map[string]any); d["step"] != "residence" || d["state"] != nil || d["office"] != nil || d["due"] != nil || d["assignee"] != nil {
				t.Errorf("a party is told of %v", d)
			}
		}
		if a.get("due") != nil || a.get("outcome") != nil {
			t.Errorf("a party is told when and how the case ends: %s", a.raw)
		}
	}
	w.send(grandfather, "POST", "/api/v1/cases/"+code+"/dossiers/residence/assign", map[string]any{"account": "officer." + officeBirth}).refused(404, "not_found")
	hidden(w.send(grandfather, "POST", path, nil, "Idempotency-Key", "yes").want(200))
	hidden(w.send(grandfather, "POST", path, nil, "Idempotency-Key", "yes").want(200))
	a := w.send(grandfather, "POST", path, nil).refused(409, "wrong_state")
	if a.get("current") != nil || a.get("actions") != nil || strings.Contains(string(a.raw), "checking") {
		t.Errorf("who answered is told how it goes on: %s", a.raw)
	}
	// The applicant is told.
	mine := w.send(father, "POST", "/api/v1/cases/"+code+"/dossiers/birth/actions/confirm", map[string]any{}, "If-Match", `"1"`).refused(412, "stale_version")
	if mine.get("current.state") == nil {
		t.Errorf("the applicant is told %s", mine.raw)
	}
}

// Giving a dossier to a colleague is repeated when the colleague has left since.
func TestAssigningIsRepeatedThoughTheColleagueLeft(t *testing.T) {
	w := newWorld(t)
	code := w.file()
	w.settle()
	leader, to := "leader."+officeBirth, "officer."+officeBirth
	path, etag := "/api/v1/cases/"+code+"/dossiers/birth/assign", engine.Str(w.read(leader, code).dossier("birth"), "etag")
	body := map[string]any{"account": to}
	w.send(leader, "POST", path, body, "If-Match", etag, "Idempotency-Key", "a").want(200)
	gone, err := w.store.Account(t.Context(), to)
	if err != nil {
		t.Fatal(err)
	}
	gone.Disabled = true
	if err := w.store.PutAccount(t.Context(), *gone, gone.Rev, nil); err != nil {
		t.Fatal(err)
	}
	if again := w.send(leader, "POST", path, body, "If-Match", etag, "Idempotency-Key", "a").want(200); again.get("repeated") != true {
		t.Errorf("repeated: %s", again.raw)
	}
	now := engine.Str(w.read(leader, code).dossier("birth"), "etag")
	w.send(leader, "POST", path, body, "If-Match", now, "Idempotency-Key", "b").refused(422, "invalid")
	other := map[string]any{"account": to, "comment": "x"}
	w.send(leader, "POST", path, other, "If-Match", now, "Idempotency-Key", "a").refused(422, "idempotency_mismatch")
}

// A stream ends when its listener is somebody else by now: another office's cases are
// not theirs any more.
func TestStreamEndsWithTheOffice(t *testing.T) {
	w := newWorld(t, func(c *api.Config) { c.Limits.Heartbeat = time.Millisecond })
	srv := httptest.NewServer(w.server)
	t.Cleanup(func() {
		srv.Close()
		http.DefaultClient.CloseIdleConnections()
	})
	const who = "officer." + officeBirth
	lines, status := listen(t, srv.URL, w.token(who))
	if status != 200 {
		t.Fatal(status)
	}
	alive := 0
	for range lines { // it goes on while nothing changes
		if alive++; alive == 5 {
			break
		}
	}
	a, err := w.store.Account(t.Context(), who)
	if err != nil {
		t.Fatal(err)
	}
	a.Office = officeOther
	if err := w.store.PutAccount(t.Context(), *a, a.Rev, nil); err != nil {
		t.Fatal(err)
	}
	for late := time.After(10 * time.Second); ; {
		select {
		case _, open := <-lines:
			if !open {
				return
			}
		case <-late:
			t.Fatal("the stream goes on")
		}
	}
}

// A job's report tells of the cases that who ordered it sees.
func TestReplayJobsAreTheirs(t *testing.T) {
	w := replaying(t, func(_ context.Context, x redone, _ func(api.ReplayCounts)) (any, error) {
		return map[string]any{"cases": x.cases}, nil
	})
	code := w.file()
	w.settle()
	for id, office := range map[string]string{"officer.tester": officeBirth, "other.tester": officeOther} {
		if err := w.store.PutAccount(t.Context(), engine.Account{ID: id, Kind: engine.Staff, Name: id, Office: office, Roles: []string{"officer", "tester"}}, 0, nil); err != nil {
			t.Fatal(err)
		}
		w.token(id)
	}
	w.token("tester")
	inService := w.config
	inService.Demo = nil
	var err error
	if w.server, err = api.New(inService); err != nil {
		t.Fatal(err)
	}
	id := w.send("officer.tester", "POST", replays, map[string]any{}).want(202).str("id")
	for _, who := range []string{"other.tester", "tester"} {
		w.send(who, "GET", replays+"/"+id, nil).refused(404, "not_found")
		w.send(who, "DELETE", replays+"/"+id, nil).refused(404, "not_found")
		if list := w.send(who, "GET", replays, nil).want(200); len(list.get("replays").([]any)) != 0 {
			t.Errorf("%s sees %s", who, list.raw)
		}
	}
	for {
		a := w.send("officer.tester", "GET", replays+"/"+id, nil).want(200)
		if a.str("status") == "running" {
			continue
		}
		if cases, _ := a.get("report.cases").([]any); len(cases) != 1 || cases[0] != code {
			t.Errorf("the report: %s", a.raw)
		}
		break
	}
	if list := w.send("officer.tester", "GET", replays, nil).want(200); len(list.get("replays").([]any)) != 1 {
		t.Errorf("the list: %s", list.raw)
	}
}
