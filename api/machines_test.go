package api_test

import (
	"strconv"
	"strings"
	"testing"

	"lienthong/engine"
)

// Every step of every service has a picture and a table of the same machine.
func TestMachines(t *testing.T) {
	w := newWorld(t)
	steps := 0
	for _, x := range w.send("", "GET", "/api/v1/services", nil).want(200).get("services").([]any) {
		path := "/api/v1/services/" + engine.Str(x, "id")
		plain := w.send("", "GET", path+"/diagram", nil).want(200)
		if detail := w.send("", "GET", path+"/diagram?detail=true", nil).want(200); len(detail.raw) <= len(plain.raw) {
			t.Errorf("%s: the detailed picture is no larger", path)
		}
		for _, st := range w.send("", "GET", path, nil).want(200).get("steps").([]any) {
			steps++
			at := path + "/steps/" + engine.Str(st, "id")
			m := w.send("", "GET", at, nil).want(200)
			picture := w.send("", "GET", at+"/diagram", nil, "Accept-Language", "vi").want(200)
			states := map[string]bool{}
			for _, s := range m.get("states").([]any) {
				states[engine.Str(s, "id")] = true
			}
			if !strings.HasPrefix(picture.header.Get("Content-Type"), "image/svg+xml") || len(states) < 3 {
				t.Errorf("%s: %d states", at, len(states))
			}
			for _, a := range m.get("actions").([]any) {
				for _, to := range engine.At(a, "to").([]any) {
					if !states[engine.Str(to, "state")] {
						t.Errorf("%s: %s leads to %v", at, engine.Str(a, "id"), to)
					}
				}
			}
		}
	}
	if steps < 6 {
		t.Errorf("%d steps", steps)
	}
	sign := w.send("", "GET", "/api/v1/services/birth/steps/birth", nil).want(200)
	found := false
	for _, a := range sign.get("actions").([]any) {
		if engine.Str(a, "id") == "sign" {
			found = true
			if engine.Str(a, "title", "vi") == "" || len(engine.At(a, "by").([]any)) == 0 || len(engine.At(a, "to").([]any)) == 0 {
				t.Errorf("sign: %v", a)
			}
		}
	}
	if !found || sign.str("states.0.id") != "submitted" {
		t.Errorf("birth: %s", sign.raw)
	}
	w.send("", "GET", "/api/v1/services/birth/steps/nothing", nil).refused(404, "not_found")
	w.send("", "GET", "/api/v1/services/nothing/steps/birth/diagram", nil).refused(404, "not_found")
}

// The case as it was: its clocks, what the entry asked for and what became of it, and
// the machines lit as they were.
func TestHistoryAtAnEntry(t *testing.T) {
	w := newWorld(t)
	code := w.registered()
	path := "/api/v1/cases/" + code
	last := w.read("tester", code).get("seq").(int64)
	pictures, asked, told := map[string]bool{}, 0, 0
	for seq := int64(1); seq <= last; seq++ {
		at := "?at=" + strconv.FormatInt(seq, 10)
		a := w.send("tester", "GET", path+"/history"+at, nil).want(200)
		if a.get("case.seq") != seq || a.get("last") != last || len(a.get("clocks").([]any)) == 0 || a.get("entries.0.seq") != seq {
			t.Fatalf("at %d: %s", seq, a.raw)
		}
		list, _ := a.get("effects").([]any)
		for _, e := range list {
			if engine.Str(e, "title", "vi") == "" || engine.Str(e, "status") == "" {
				t.Errorf("at %d: %v", seq, e)
			}
			if engine.Str(e, "registry") == engine.NotificationRegistry {
				told++
			} else if engine.Str(e, "outcome") == "done" {
				asked++
			}
		}
		for _, q := range []string{at, at + "&step=birth", at + "&detail=true"} {
			pictures[string(w.send("tester", "GET", path+"/diagram"+q, nil).want(200).raw)] = true
		}
	}
	if asked < 3 || told == 0 || len(pictures) < 8 {
		t.Errorf("%d requests, %d messages, %d pictures", asked, told, len(pictures))
	}
	w.send("tester", "GET", path+"/diagram?at="+strconv.FormatInt(last+1, 10), nil).refused(404, "not_found")
	w.send("tester", "GET", path+"/diagram?step=nothing", nil).refused(404, "not_found")
	w.send("officer."+officeOther, "GET", path+"/diagram?at=1", nil).refused(404, "not_found")
}
