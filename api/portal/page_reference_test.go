package portal_test

import (
	"encoding/json"
	"regexp"
	"testing"
)

// The whole surface stands on the page, whoever looks, and every type that is named has
// its place.
func TestReferenceShowsTheSurface(t *testing.T) {
	s := newStage(t)
	anybody := s.browse("")
	var doc struct {
		Paths map[string]map[string]struct {
			ID   string   `json:"operationId"`
			Tags []string `json:"tags"`
		}
	}
	if err := json.Unmarshal([]byte(anybody.open("/openapi.json").want(200).body), &doc); err != nil || len(doc.Paths) < 60 {
		t.Fatalf("%d paths, %v", len(doc.Paths), err)
	}
	for _, lang := range []string{"vi", "en"} {
		r := anybody.open("/docs?lang=" + lang).want(200)
		for path, methods := range doc.Paths {
			for _, o := range methods {
				r.says(path, `id="op-`+o.ID+`"`, `id="about-`+o.Tags[0]+`"`)
			}
		}
		r.saysNot(">reference.", "#components")
		for _, m := range regexp.MustCompile(`href="#([^"]+)"`).FindAllStringSubmatch(r.body, -1) {
			if len(regexp.MustCompile(`id="`+regexp.QuoteMeta(m[1])+`"`).FindAllString(r.body, -1)) != 1 {
				t.Errorf("%s: #%s does not lead to one place", lang, m[1])
			}
		}
	}
	anybody.open("/docs?lang=vi").says("Giao diện lập trình", "Hồ sơ liên thông", "bắt buộc", `<code>[] <a class="ds-link" href="#schema-`)
	anybody.open("/docs?lang=en").says("Programming interface", "everybody, without signing in")
}
