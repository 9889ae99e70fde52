package api_test

import "testing"

// TestSubforms: the paper forms stand filled in before filing and in the case; staff
// reads of them are logged, strangers see nothing.
func TestSubforms(t *testing.T) {
	w := newWorld(t)
	app := w.application("birth-b4")
	check := w.send(father, "POST", "/api/v1/services/birth/check", map[string]any{"application": app}).want(200)
	if check.str("cases.0.subforms.0.id") != "ct01" || check.str("cases.0.subforms.0.fields.0.value") != "Nguyễn Trần An Nhiên" {
		t.Errorf("before filing: %s", check.raw)
	}
	code := w.send(father, "POST", "/api/v1/cases", map[string]any{"service": "birth", "application": app}).want(201).str("cases.0.code")
	path := "/api/v1/cases/" + code + "/subforms"
	got := w.send(father, "GET", path, nil).want(200)
	if len(got.get("subforms").([]any)) != 2 || got.str("subforms.1.id") != "tk1_ts" || got.str("subforms.0.title.en") == "" {
		t.Errorf("in the case: %s", got.raw)
	}
	w.send("officer."+officeBirth, "GET", path, nil).want(200)
	if log := w.accesses(code); len(log) != 1 || log[0].What != "subforms" {
		t.Errorf("access log %v", log)
	}
	w.send(stranger, "GET", path, nil).refused(404, "not_found")
}
