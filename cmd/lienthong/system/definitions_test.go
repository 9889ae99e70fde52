package system

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"lienthong/engine"
	"lienthong/engine/calendar"
	"lienthong/engine/machine"
	"lienthong/store/memory"
	"lienthong/workflows"
)

// site is a system in this process over its HTTP surface.
type site struct {
	*testing.T
	*System
	tokens map[string]string
}

func newSite(t *testing.T, db string) *site {
	t.Helper()
	s, err := Open(t.Context(), Config{DB: db, Start: time.Date(2026, 8, 28, 9, 0, 0, 0, calendar.Zone), Still: true, Demo: true, InProcess: true, AutoPay: "0s"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	x := &site{T: t, System: s, tokens: map[string]string{}}
	for _, a := range []engine.Account{{ID: "chief", Kind: engine.Staff, Name: "Quản trị", Roles: []string{"administrator"}},
		{ID: "nobody", Kind: engine.Staff, Name: "Người khác", Roles: []string{"operator"}}} {
		if err := s.Store.PutAccount(t.Context(), a, 0, nil); err != nil && engine.CodeOf(err) != engine.Duplicate {
			t.Fatal(err)
		}
	}
	return x
}

func (x *site) call(account, method, path string, body any, want int) map[string]any {
	x.Helper()
	return x.keyed("", account, method, path, body, want)
}

// keyed is call under an idempotency key.
func (x *site) keyed(key, account, method, path string, body any, want int) map[string]any {
	x.Helper()
	raw, err := json.Marshal(body)
	if err != nil {
		x.Fatal(err)
	}
	r := httptest.NewRequestWithContext(x.Context(), method, "/api/v1"+path, bytes.NewReader(raw))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept-Language", "en")
	if key != "" {
		r.Header.Set("Idempotency-Key", key)
	}
	if account != "" {
		if x.tokens[account] == "" {
			x.tokens[account] = engine.Str(x.call("", "POST", "/sessions", map[string]any{"account": account}, 201), "token")
		}
		r.Header.Set("Authorization", "Bearer "+x.tokens[account])
	}
	w := httptest.NewRecorder()
	x.Handler.ServeHTTP(w, r)
	var out map[string]any
	if w.Body.Len() > 0 {
		if err := engine.Unmarshal(w.Body.Bytes(), &out); err != nil {
			x.Fatal(err, w.Body)
		}
	}
	if w.Code != want {
		x.Fatalf("%s %s: %d, want %d: %s", method, path, w.Code, want, w.Body)
	}
	return out
}

// b5 is a version of birth that is in force from 2026-10-01, with a shorter limit.
func b5(t *testing.T) map[string]any {
	t.Helper()
	b, err := fs.ReadFile(workflows.Files(), "services/birth-b4.yaml")
	if err != nil {
		t.Fatal(err)
	}
	s := strings.NewReplacer(`version: "2026-09-01"`, `version: "2026-10-01"`, `{from: "2026-09-01"}`, `{from: "2026-10-01"}`,
		"within: 3 working days, warn", "within: 2 working days, warn").Replace(string(b))
	return map[string]any{"services/birth-b5.yaml": s}
}

// TestPublishDefaultAndMigrate: a version is checked, published, compared, made the
// default, and running cases are moved to it and back, over HTTP; a restart finds
// everything as it was.
func TestPublishDefaultAndMigrate(t *testing.T) {
	db := filepath.Join(t.TempDir(), "x.db")
	x := newSite(t, db)
	ex, err := workflows.LoadExample("birth-b3")
	if err != nil {
		t.Fatal(err)
	}
	filed := x.call(ex.Requester.ID, "POST", "/cases", map[string]any{"service": "birth", "application": ex.Application}, 201)
	code := engine.Str(filed["cases"].([]any)[0], "code")
	if err := x.Runtime.Settle(t.Context()); err != nil {
		t.Fatal(err)
	}
	list := x.call("chief", "GET", "/definitions", nil, 200)["versions"].([]any)
	if len(list) != len(x.Definitions.Services()) || engine.Str(list[0], "by") != "system" {
		t.Fatalf("%v", list)
	}
	if err := x.Runtime.Advance(t.Context(), time.Date(2026, 10, 5, 9, 0, 0, 0, calendar.Zone)); err != nil {
		t.Fatal(err)
	}
	files := b5(t)
	x.call("nobody", "POST", "/definitions/publish", map[string]any{"files": files}, 403)
	dry := x.call("chief", "POST", "/definitions/publish", map[string]any{"files": files, "dry_run": true}, 200)
	if dry["good"] != true || dry["published"] != false || engine.Str(dry["new"].([]any)[0], "version") != "2026-10-01" {
		t.Fatal(dry)
	}
	if done := x.call("chief", "POST", "/definitions/publish", map[string]any{"files": files}, 200); done["published"] != true {
		t.Fatal(done)
	}
	ds := x.call("chief", "POST", "/definitions/diff", map[string]any{"service": "birth", "from": "2026-09-01", "to": "2026-10-01"}, 200)
	if text, _ := json.Marshal(ds); !strings.Contains(string(text), "“3 working days” to “2 working days”") {
		t.Errorf("%s", text)
	}
	// Published is not the default: who files now files under B4.
	if s, err := x.live.ServiceAt("birth", x.Clock.Now()); err != nil || s.Version != "2026-09-01" {
		t.Fatal(s, err)
	}
	x.call("chief", "POST", "/definitions/default", map[string]any{"service": "birth", "version": "1999"}, 404)
	x.call("chief", "POST", "/definitions/default", map[string]any{"service": "birth", "version": "2026-10-01", "note": "luật mới"}, 200)
	if s, err := x.live.ServiceAt("birth", x.Clock.Now()); err != nil || s.Version != "2026-10-01" {
		t.Fatal(s, err)
	}
	if now := x.call("chief", "GET", "/definitions/birth", nil, 200)["versions"].([]any); now[2].(map[string]any)["current"] != true {
		t.Errorf("%v", now)
	}
	// Running cases.
	move := map[string]any{"service": "birth", "from": "2024-07-01", "to": "2026-10-01", "reason": "luật mới", "dry_run": true}
	said := x.call("chief", "POST", "/definitions/migrations", move, 200)
	move["dry_run"] = false
	did := x.call("chief", "POST", "/definitions/migrations", move, 200)
	if said["moved"] != int64(1) || did["moved"] != int64(1) || engine.Str(did["cases"].([]any)[0], "case") != code {
		t.Fatalf("dry %v\ndone %v", said, did)
	}
	c, err := x.Store.Load(t.Context(), code)
	if err != nil || c.Version != "2026-10-01" || c.Dossier("identity") == nil {
		t.Fatal(c, err)
	}
	if back := x.call("chief", "POST", "/cases/"+code+"/revert", map[string]any{}, 200); back["version"] != "2024-07-01" {
		t.Fatal(back)
	}
	x.call("chief", "POST", "/cases/"+code+"/revert", map[string]any{}, 409)
	if err := x.System.Close(); err != nil {
		t.Fatal(err)
	}
	y := newSite(t, db)
	mine := y.call("chief", "GET", "/definitions/birth", nil, 200)["versions"].([]any)
	last := mine[len(mine)-1].(map[string]any)
	if len(mine) != 3 || last["version"] != "2026-10-01" || last["by"] != "chief" ||
		engine.Str(last["made_default"].([]any)[0], "note") != "luật mới" {
		t.Fatalf("%v", mine)
	}
}

// TestPublishingIsRepeatedByKey: who publishes, or chooses a default, and repeats it
// after the server was started again is told the same, and nothing is done twice.
func TestPublishingIsRepeatedByKey(t *testing.T) {
	db := filepath.Join(t.TempDir(), "x.db")
	x := newSite(t, db)
	publish := map[string]any{"files": b5(t)}
	choose := map[string]any{"service": "birth", "version": "2026-10-01", "note": "luật mới"}
	x.keyed("p", "chief", "POST", "/definitions/publish", map[string]any{"files": map[string]any{"services/x.yaml": "service: [\n"}}, 200) // published nothing, so it keeps nothing
	published := x.keyed("p", "chief", "POST", "/definitions/publish", publish, 200)
	chosen := x.keyed("d", "chief", "POST", "/definitions/default", choose, 200)
	if published["published"] != true || len(published["new"].([]any)) != 1 {
		t.Fatal(published)
	}
	for range 2 {
		if again := x.keyed("p", "chief", "POST", "/definitions/publish", publish, 200); !reflect.DeepEqual(again, published) {
			t.Errorf("published again: %v\nfirst: %v", again, published)
		}
		if again := x.keyed("d", "chief", "POST", "/definitions/default", choose, 200); !reflect.DeepEqual(again, chosen) {
			t.Errorf("chosen again: %v\nfirst: %v", again, chosen)
		}
		x.keyed("p", "chief", "POST", "/definitions/publish", map[string]any{"files": map[string]any{}}, 422)
		x.keyed("d", "chief", "POST", "/definitions/default", map[string]any{"service": "birth", "version": "2026-09-01"}, 422)
		if err := x.System.Close(); err != nil {
			t.Fatal(err)
		}
		x = newSite(t, db)
	}
	n := 0
	defaults, err := x.Store.Defaults(t.Context())
	for _, d := range defaults {
		if d.Version == "2026-10-01" {
			n++
		}
	}
	if n != 1 || err != nil {
		t.Errorf("made the default %d times, %v", n, err)
	}
}

// TestPublishedNeverChanges: another content under a published version is refused,
// with both hashes and what differs first.
func TestPublishedNeverChanges(t *testing.T) {
	x := newSite(t, Memory)
	b, err := fs.ReadFile(workflows.Files(), "services/birth-b4.yaml")
	if err != nil {
		t.Fatal(err)
	}
	text := strings.Replace(string(b), "within: 3 working days, warn", "within: 4 working days, warn", 1)
	p := x.call("chief", "POST", "/definitions/publish", map[string]any{"files": map[string]any{"services/birth-b4.yaml": text}}, http.StatusConflict)
	raw, _ := json.Marshal(p)
	set, err := workflows.Load()
	if err != nil {
		t.Fatal(err)
	}
	b4, err := set.Service("birth", "2026-09-01")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{b4.Hash, "services/birth-b4.yaml:19:", "“3 working days” to “4 working days”"} {
		if !strings.Contains(string(raw), want) {
			t.Errorf("%s is not in %s", want, raw)
		}
	}
	for _, bad := range []map[string]any{{"../x.yaml": "a: b"}, {"services/x.txt": "a: b"}, {"offices/hn.yaml": "a: b"}} {
		x.call("chief", "POST", "/definitions/check-files", map[string]any{"files": bad}, 422)
	}
	r := x.call("chief", "POST", "/definitions/check-files", map[string]any{"files": map[string]any{"services/x.yaml": "service: [\n"}}, 200)
	if r["good"] != false || engine.Str(r["findings"].([]any)[0], "code") != "yaml_syntax" {
		t.Errorf("%v", r)
	}
}

// TestStartWithAnotherContent: a build whose definitions differ from what was
// published does not start on that database.
func TestStartWithAnotherContent(t *testing.T) {
	store := memory.New()
	defer func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	}()
	now := func() time.Time { return time.Date(2026, 9, 7, 9, 0, 0, 0, calendar.Zone) }
	if _, err := workflows.OpenPublisher(t.Context(), workflows.Files(), store, now); err != nil {
		t.Fatal(err)
	}
	if _, err := workflows.OpenPublisher(t.Context(), workflows.Files(), store, now); err != nil {
		t.Fatal("again:", err)
	}
	p, err := workflows.OpenPublisher(t.Context(), workflows.Files(), store, now)
	if err != nil {
		t.Fatal(err)
	}
	changed, err := machine.ReadFiles(workflows.Files())
	if err != nil {
		t.Fatal(err)
	}
	changed["procedures/birth_registration.yaml"] = bytes.Replace(changed["procedures/birth_registration.yaml"], []byte("{7 working days: expire}"), []byte("{8 working days: expire}"), 1)
	_, err = workflows.OpenPublisher(t.Context(), changed, store, now)
	b4, _ := p.Live.Service("birth", "2024-07-01")
	if engine.CodeOf(err) != engine.Duplicate || !strings.Contains(err.Error(), b4.Hash) || !strings.Contains(err.Error(), "8 working days") {
		t.Errorf("%v", err)
	}

	// The same is told of an older file, before it is brought up; with what to do.
	past, perr := store.Published(t.Context())
	if perr != nil {
		t.Fatal(perr)
	}
	if err := workflows.Agrees(workflows.Files(), past); err != nil {
		t.Errorf("what is built in: %v", err)
	}
	var told *engine.Error
	if again := workflows.Agrees(changed, past); !errors.As(again, &told) || again.Error() != err.Error() ||
		!strings.Contains(told.Detail.EN, "goes with the program that published it") || !strings.Contains(told.Detail.VI, "chạy với chương trình đã công bố") {
		t.Errorf("%v", again)
	}
}
