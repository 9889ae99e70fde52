package api_test

import (
	"strings"
	"testing"

	"lienthong/api"
)

func TestPlaces(t *testing.T) {
	w := newWorld(t)
	a := w.send("", "GET", "/api/v1/places", nil).want(200)
	found := map[string]string{}
	for _, p := range a.get("provinces").([]any) {
		p := p.(map[string]any)
		for _, c := range p["communes"].([]any) {
			c := c.(map[string]any)
			found[c["code"].(string)] = p["code"].(string) + " " + c["name"].(map[string]any)["vi"].(string)
		}
	}
	if found["00004"] != "01 Phường Ba Đình" || found["26740"] != "79 Phường Sài Gòn" || len(found) < 6 {
		t.Errorf("places are %v", found)
	}
}

func TestDemoAccountsAreForOpenSignInOnly(t *testing.T) {
	w := newWorld(t)
	a := w.send("", "GET", "/api/v1/demo/accounts", nil).want(200)
	if n := len(a.get("accounts").([]any)); n < 10 {
		t.Errorf("%d accounts", n)
	}
	if strings.Contains(string(a.raw), "pbkdf2") {
		t.Error("the list holds secrets")
	}
	w = newWorld(t, func(c *api.Config) { c.Demo.OpenSignIn = false })
	w.send("", "GET", "/api/v1/demo/accounts", nil).refused(404, "not_found")
	w = newWorld(t, func(c *api.Config) { c.Demo = nil })
	w.send("", "GET", "/api/v1/demo/accounts", nil).refused(404, "not_found")
}

func TestDiagrams(t *testing.T) {
	w := newWorld(t)
	a := w.send("", "GET", "/api/v1/services/birth/diagram", nil).want(200)
	if a.header.Get("Content-Type") != "image/svg+xml" || !strings.HasPrefix(string(a.raw), "<svg") || !strings.Contains(string(a.raw), "Birth registration") {
		t.Errorf("%v %.80s", a.header, a.raw)
	}
	w.send("", "GET", "/api/v1/services/none/diagram", nil).refused(404, "not_found")
	code := w.file()
	own := w.send(father, "GET", "/api/v1/cases/"+code+"/diagram", nil).want(200)
	if string(own.raw) == string(a.raw) {
		t.Error("the case's picture is not painted")
	}
	w.send(stranger, "GET", "/api/v1/cases/"+code+"/diagram", nil).refused(404, "not_found")
	before := len(w.accesses(code))
	w.send("officer."+officeBirth, "GET", "/api/v1/cases/"+code+"/diagram", nil).want(200)
	if len(w.accesses(code)) != before+1 {
		t.Error("a member of staff's look is not in the access log")
	}
}

// A form's properties come in the order in which a person is asked.
func TestSchemaKeepsItsOrder(t *testing.T) {
	w := newWorld(t)
	raw := string(w.send("", "GET", "/api/v1/services/birth", nil).want(200).raw)
	last := -1
	for _, name := range []string{`"registration":{"$ref"`, `"relation_to_child":{"type"`, `"children":{"type"`, `"mother":{"$ref"`, `"delivery":{"$ref"`, `"attachments":{"type"`} {
		i := strings.Index(raw, name)
		if i < last {
			t.Errorf("%s stands at %d, after %d", name, i, last)
		}
		last = i
	}
}

func TestLimitsInWords(t *testing.T) {
	w := newWorld(t)
	a := w.send("", "GET", "/api/v1/services/birth", nil).want(200)
	if a.str("limit_text.vi") != "3 ngày làm việc" || a.str("limit_text.en") != "3 working days" {
		t.Errorf("limit is %v", a.get("limit_text"))
	}
	if a.str("steps.1.limit_text.vi") == "" || a.str("steps.1.agency_title.vi") == "" {
		t.Errorf("step is %v", a.get("steps.1"))
	}
}

// A form about the deceased proposes the requester's family, and nobody else's.
func TestPrefillProposesTheFamily(t *testing.T) {
	w := newWorld(t)
	a := w.send(father, "GET", "/api/v1/services/death/prefill", nil).want(200)
	names := map[string]bool{}
	list, _ := a.get("candidates").([]any)
	for _, c := range list {
		names[c.(map[string]any)["name"].(string)] = true
	}
	if a.get("asks_about") != true || !names["Nguyễn Văn Hùng"] || !names["Trần Thu Hà"] || names["Nguyễn Minh Tuấn"] || len(names) != 3 {
		t.Errorf("%v %v", a.get("asks_about"), names)
	}
	if b := w.send(father, "GET", "/api/v1/services/birth/prefill", nil).want(200); b.get("asks_about") != nil || b.get("candidates") != nil {
		t.Errorf("a birth asks about the deceased: %v", b.get("candidates"))
	}
}

// The register says whether the parents are married; the form asks in words.
func TestPrefillOfTheMarriage(t *testing.T) {
	w := newWorld(t)
	a := w.send(father, "GET", "/api/v1/services/birth/prefill", nil).want(200)
	values, _ := a.get("values").(map[string]any)
	if values["/parents_marriage/status"] != "married" {
		t.Errorf("status is %v", values["/parents_marriage/status"])
	}
}
