package portal_test

import (
	"regexp"
	"strconv"
	"testing"
)

// most is the budget of a page's first load, with style sheet, script and fonts.
const most = 150_000

// TestBytesOfTheFirstLoad weighs pages as a browser that takes gzip gets them for the
// first time: go test ./api/portal -run Bytes -v prints the figures.
func TestBytesOfTheFirstLoad(t *testing.T) {
	s := newStage(t)
	tale := s.begin("birth-b4").Registered()
	s.fine(tale)
	me, father, desk := s.browse(tuan), s.browse(dung), s.browse(clerk)
	at := s.readyBirth(father)
	for _, stop := range []struct {
		who  *browser
		path string
	}{{me, "/"}, {s.browse(""), "/sign-in"}, {me, "/services/death"}, {father, at}, {father, at + "/pages/children"}, {father, at + "/review"},
		{me, "/cases"}, {me, "/tasks"}, {me, "/cases/" + tale.Code}, {me, "/cases/" + tale.Code + "/results/birth"}, {me, "/cases/" + tale.Code + "/receipt"}, {s.browse("supervisor.civil_status_00004"), "/dashboard"}, {s.browse("operator"), "/exchange"}, {s.browse("tester"), "/lab"},
		{desk, "/inbox?ended=1"}, {desk, "/dossiers/" + tale.Code + "/birth"}} {
		page := stop.who.weigh(stop.path)
		body := stop.who.open(stop.path).want(200).body
		css, js, fonts, images := 0, 0, 0, 0
		for _, m := range regexp.MustCompile(`(?:src|href)="((?:/static/|/cases/[^"]+\.svg|/services/[^"]+\.svg)[^"]*)"`).FindAllStringSubmatch(body, -1) {
			n := stop.who.weigh(m[1])
			switch {
			case regexp.MustCompile(`\.css$`).MatchString(m[1]):
				css = n
				for _, f := range regexp.MustCompile(`url\((be-vietnam[^)]+)\)`).FindAllStringSubmatch(stop.who.open(m[1]).body, -1) {
					fonts += stop.who.weigh("/static/" + f[1])
				}
			case regexp.MustCompile(`\.js$`).MatchString(m[1]):
				js = n
			default:
				images += n
			}
		}
		total := page + css + js + fonts + images
		t.Logf("%7d = page %6d, css %d, js %d, fonts %d, pictures %5d  %s", total, page, css, js, fonts, images, stop.path)
		if total > most || css == 0 || js == 0 || fonts == 0 {
			t.Errorf("%s: %d bytes", stop.path, total)
		}
	}
}

// weigh is the size of an answer as it is sent, compressed.
func (b *browser) weigh(path string) int {
	b.t.Helper()
	r := b.do("GET", path, nil, "Accept-Encoding", "gzip").want(200)
	n, err := strconv.Atoi(r.header.Get("Content-Length"))
	if err != nil || n != len(r.body) {
		b.t.Fatalf("%s: Content-Length %q for %d bytes", path, r.header.Get("Content-Length"), len(r.body))
	}
	return n
}
