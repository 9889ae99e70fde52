package api_test

import (
	"context"
	"testing"

	"lienthong/api"
	"lienthong/engine"
)

// A form can be read by its id, and a case names the forms of what it holds.
func TestFormsOfADossier(t *testing.T) {
	w := newWorld(t)
	a := w.send("", "GET", "/api/v1/forms/birth_draft", nil).want(200)
	if a.str("title.vi") == "" || a.get("schema.properties.child") == nil {
		t.Errorf("%s", a.raw)
	}
	w.send("", "GET", "/api/v1/forms/nothing", nil).refused(404, "not_found")
	code := w.file()
	w.settle()
	forms, _ := w.read(father, code).dossier("birth")["forms"].(map[string]any)
	if forms["with.child"] != "birth_child" || forms["with.mother"] != "person" {
		t.Errorf("forms are %v", forms)
	}
}

func TestDemoPayment(t *testing.T) {
	var paid []string
	w := newWorld(t, func(c *api.Config) {
		c.Demo.Pay = func(_ context.Context, delivery string, decline bool) error {
			if decline {
				return engine.Fail(engine.Unavailable, "", "")
			}
			paid = append(paid, delivery)
			return nil
		}
	})
	free := w.file()
	path := func(code string) string { return "/api/v1/demo/cases/" + code + "/payment" }
	w.send(father, "POST", path(free), map[string]any{}).refused(409, "wrong_state")
	code := w.owing()
	w.send(stranger, "POST", path(code), map[string]any{}).refused(404, "not_found")
	w.send(father, "POST", path(code), map[string]any{}).want(204)
	w.send(father, "POST", path(code), map[string]any{"decline": true}).refused(503, "unavailable")
	if len(paid) != 1 {
		t.Errorf("paid %v", paid)
	}
	w = newWorld(t)
	w.send(father, "POST", path(w.file()), map[string]any{}).refused(404, "not_found")
}
