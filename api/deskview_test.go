package api_test

import (
	"net/url"
	"strings"
	"testing"

	"lienthong/engine"
)

// What a member of staff works with: their office, its procedures, their
// colleagues, and the offices that a dossier may go to.
func TestDesk(t *testing.T) {
	w := newWorld(t)
	for _, a := range []engine.Account{
		{ID: "hoa", Kind: engine.Staff, Name: "Hoa", Office: officeBirth, Roles: []string{"officer"}},
		{ID: "gone", Kind: engine.Staff, Name: "Gone", Office: officeBirth, Roles: []string{"officer"}, Disabled: true},
		{ID: "far", Kind: engine.Staff, Name: "Far", Office: officeOther, Roles: []string{"officer"}},
	} {
		if err := w.store.PutAccount(t.Context(), a, 0, nil); err != nil {
			t.Fatal(err)
		}
	}
	who := "officer." + officeBirth
	a := w.send(who, "GET", "/api/v1/desk", nil).want(200)
	if a.str("office.id") != officeBirth || len(a.get("offices").([]any)) != 1 {
		t.Errorf("offices: %s", a.raw)
	}
	procedures, colleagues := string(a.raw), a.get("colleagues").([]any)
	if !strings.Contains(procedures, `"birth_registration"`) || !strings.Contains(procedures, `"signing"`) || strings.Contains(procedures, `"permanent_residence"`) {
		t.Errorf("procedures: %s", a.raw)
	}
	named := map[string]bool{}
	for _, c := range colleagues {
		named[engine.Str(c, "id")] = true
	}
	if !named["hoa"] || named["gone"] || named["far"] {
		t.Errorf("colleagues: %v", named)
	}
	if all := w.send("supervisor", "GET", "/api/v1/desk", nil).want(200); len(all.get("offices").([]any)) < 2 {
		t.Errorf("the supervisor's offices: %s", all.raw)
	}
	offices := w.send(who, "GET", "/api/v1/desk/offices", nil).want(200)
	if s := string(offices.raw); !strings.Contains(s, officeOther) || strings.Contains(s, `"`+officeBirth+`"`) || strings.Contains(s, "police") {
		t.Errorf("offices to transfer to: %s", s)
	}
	for text, want := range map[string]int{"hai chau": 1, "Hải Châu": 1, "da nang": 2, "hai chau police": 0, "...": len(offices.get("offices").([]any))} {
		if got := w.send(who, "GET", "/api/v1/desk/offices?text="+url.QueryEscape(text), nil).want(200); len(got.get("offices").([]any)) != want {
			t.Errorf("offices by %q, want %d: %s", text, want, got.raw)
		}
	}
	if offices.str("offices.0.serves.0.code") == "" {
		t.Errorf("what an office serves: %s", offices.raw)
	}
	w.send(father, "GET", "/api/v1/desk", nil).refused(403, "forbidden")
}

func TestPersonAtTheCounter(t *testing.T) {
	w := newWorld(t)
	const path = "/api/v1/desk/people"
	a := w.send("reception."+officeBirth, "POST", path, map[string]any{"id": father}).want(200)
	if a.str("name") != "Nguyễn Minh Tuấn" || a.get("alive") != true {
		t.Errorf("found: %s", a.raw)
	}
	if log := w.accesses(""); len(log) != 1 || log[0].What != "person" {
		t.Errorf("access log %v", log)
	}
	w.send("reception."+officeBirth, "POST", path, map[string]any{"id": "001099999999"}).refused(404, "not_found")
	w.send("reception."+officeBirth, "POST", path, map[string]any{"id": "12"}).refused(422, "invalid")
	w.send("officer."+officeBirth, "POST", path, map[string]any{"id": father}).refused(403, "forbidden")
	*w.silent = true
	w.send("reception."+officeBirth, "POST", path, map[string]any{"id": father}).refused(503, "unavailable")
}

func TestViews(t *testing.T) {
	w := newWorld(t)
	const path = "/api/v1/views"
	who := "officer." + officeBirth
	w.send(who, "PUT", path+"/late", map[string]any{"name": "Quá hạn", "query": map[string]any{"overdue": true, "state": "signing"}}).want(200)
	w.send(who, "PUT", path+"/mine", map[string]any{"name": "Của tôi", "query": map[string]any{"assignee": "me"}}).want(200)
	a := w.send(who, "GET", path, nil).want(200)
	if len(a.get("views").([]any)) != 2 || a.str("views.1.id") != "late" || a.get("views.1.query.overdue") != true || a.str("views.1.query.state") != "signing" {
		t.Errorf("views: %s", a.raw)
	}
	if b := w.send("reception."+officeBirth, "GET", path, nil).want(200); len(b.get("views").([]any)) != 0 {
		t.Errorf("another's views: %s", b.raw)
	}
	w.send(who, "DELETE", path+"/late", nil).want(204)
	w.send(who, "PUT", path+"/x", map[string]any{"name": "", "query": map[string]any{}}).refused(422, "invalid")
	w.send(who, "PUT", path+"/x", map[string]any{"name": "X", "query": map[string]any{"any": 1}}).refused(422, "invalid")
	w.send(father, "GET", path, nil).refused(403, "forbidden")
	for i := range 40 {
		last := w.send(who, "PUT", path+"/v"+string(rune('A'+i%26))+string(rune('a'+i/26)), map[string]any{"name": "V", "query": map[string]any{}})
		if i < 29 {
			last.want(200)
		} else {
			last.refused(422, "invalid")
		}
	}
}

// Staff are told what was done, by whom, what registers said, and which papers
// there are; a citizen does not see who entered what.
func TestWhatWasDoneIsTold(t *testing.T) {
	w := newWorld(t)
	code := w.file()
	desk := "reception." + officeBirth
	w.act(desk, code, "birth", "receive", nil)
	seen := w.read("officer."+officeBirth, code)
	acts, _ := engine.At(seen.dossier("birth"), "acts").([]any)
	if len(acts) != 2 || engine.Str(acts[0], "action") != "receive" || engine.Str(acts[0], "by", "id") != desk ||
		engine.Str(acts[1], "register", "id") != "population" || engine.Str(acts[1], "register", "operation", "vi") == "" || engine.At(acts[1], "by") != nil {
		t.Errorf("acts: %v", acts)
	}
	if engine.At(w.read(father, code).dossier("birth"), "acts") != nil {
		t.Error("the citizen sees who entered what")
	}
	a := w.send("officer."+officeBirth, "GET", "/api/v1/inbox?counts=true&state=signing", nil).want(200)
	if a.str("counts.open") != "1" || a.str("counts.mine") != "0" || a.str("counts.overdue") != "0" || len(a.get("rows").([]any)) != 0 {
		t.Errorf("counts: %s", a.raw)
	}
	if a = w.send("officer."+officeBirth, "GET", "/api/v1/inbox", nil).want(200); a.str("rows.0.state_title.vi") != "Đã tiếp nhận" {
		t.Errorf("row: %s", a.raw)
	}
}
