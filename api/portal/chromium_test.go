package portal_test

import (
	"flag"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// stop is a page of the tour: who opens it, where, and what they click there.
type stopover struct {
	name  string
	who   *browser
	path  string
	click string // what they click there; several with " then " between
}

// only opens some pages of the tour, by the names of their pictures:
// go test ./api/portal -run Tour -only 'dash.*-1280-vi'
var only = flag.String("only", "", "open the pages of the tour whose pictures' names match, as home-390-vi")

// TestTour opens every page in both languages and shows it at two widths: no violation
// of WCAG 2.2 AA that axe can see, in either language and at either width, nothing that
// sticks out, and pictures on demand.
func TestTour(t *testing.T) {
	t.Parallel()
	chromium(t)
	s := newStage(t)
	stops := s.tour()
	toured(t, stops)
	wanted := regexp.MustCompile(*only)
	half := len(stops) / 2 // what changes something stands near what sees it: in one window, one after the other
	for name, stops := range map[string][]stopover{"first half": stops[:half], "second half": stops[half:]} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := (&stage{t, s.sys}).openWindow(1280)
			defer w.leave() // no stream stays open when a stage closes
			for _, stop := range stops {
				w.visitStop(stop, wanted)
			}
		})
	}
}

// visitStop looks at a page in both languages and at both widths.
func (w *window) visitStop(stop stopover, wanted *regexp.Regexp) {
	w.t.Helper()
	for _, lang := range []string{"vi", "en"} {
		name := func(wide int64) string { return fmt.Sprintf("%s-%d-%s", stop.name, wide, lang) }
		widths := slices.DeleteFunc([]int64{1280, 390}, func(wide int64) bool { return !wanted.MatchString(name(wide)) })
		if len(widths) == 0 {
			continue
		}
		w.s = stop.who.s
		w.be(stop.who, lang)
		w.open(stop.path)
		w.clicks(stop.click)
		for _, wide := range widths {
			w.resize(wide)
			name := name(wide)
			w.shoot(name)
			w.fits(name)
			if lang == "vi" == (wide == 390) { // the words of both languages, the layout of both widths
				w.accessible(name)
			}
		}
	}
}

// clicks does what a stopover names, one click after the other; a button leads to
// another page.
func (w *window) clicks(all string) {
	w.t.Helper()
	for _, css := range strings.Split(all, " then ") {
		switch {
		case css == "":
		case strings.Contains(css, "button"):
			w.follow(css)
		default:
			w.tap(css)
		}
	}
}

// tour prepares one of everything and lists the pages.
func (s *stage) tour() []stopover {
	s.t.Helper()
	nobody, father, widow, twins := s.browse(""), s.browse(tung), s.browse(cuc), s.browse(dung)
	list := []stopover{
		{"home", nobody, "/", ""}, {"signin", nobody, "/sign-in", ""}, {"missing", nobody, "/no-such-page", ""},
		{"service-birth", nobody, "/services/birth", ""}, {"service-death", nobody, "/services/death", ""},
		{"reference", nobody, "/docs", "main details summary then section[aria-labelledby=schemas] summary"},
	}
	birth := father.start("birth")
	list = append(list, stopover{"birth-begin", father, birth, ""})
	for _, p := range []string{"registration", "relation_to_child", "children", "mother", "parents_marriage", "choices", "card", "delivery", "attachments"} {
		list = append(list, stopover{"birth-" + p, father, birth + "/pages/" + p, ""})
	}
	list = append(list, stopover{"birth-wrong", father, birth + "/pages/registration", ".lt-buttons button"},
		stopover{"birth-review-missing", father, birth + "/review", ""})

	full := s.readyBirth(twins)
	list = append(list, stopover{"twins-tasks", twins, full, ""}, stopover{"twins-children", twins, full + "/pages/children", ""},
		stopover{"twins-residence", twins, full + "/pages/residence", ""}, stopover{"twins-review", twins, full + "/review", ""})

	death := widow.start("death")
	list = append(list, stopover{"death-about", widow, death + "/about", ""})
	known := widow.start("death")
	widow.form(widow.open(known+"/about").want(200), "/about").set("about", "001050000701").send().want(200)
	widow.fill(known+"/pages/choices", "/choices/funeral", "true").want(200)
	list = append(list, stopover{"death-begin", widow, known, ""}, stopover{"death-choices", widow, known + "/pages/choices", ""},
		stopover{"death-funeral", widow, known + "/pages/funeral", ""}, stopover{"death-review", widow, known + "/review", ""})
	return slices.Concat(list, s.caseTour(), changedTour(s.t), s.officeTour(), deskTour(s.t), versionTour(s.t))
}

// caseTour is the part of the tour that follows cases on their way.
func (s *stage) caseTour() []stopover {
	s.t.Helper()
	me, head := s.browse(tuan), s.browse(hung)
	tale := s.begin("birth-b4")
	at := "/cases/" + tale.Code
	tale.Staff("reception", "birth", "receive", nil).Staff("officer", "birth", "request_supplement", map[string]any{"legal_basis": "NĐ 123/2015 Điều 9", "items": []any{
		map[string]any{"kind": "paper", "about": "Giấy chứng nhận kết hôn", "reason": "Bản chụp bị mờ"},
		map[string]any{"kind": "field", "about": "/child/birth_date", "reason": "Khác với giấy chứng sinh"},
		map[string]any{"kind": "original", "about": "Căn cước của cha", "reason": "Đối chiếu"},
	}})
	tale.Later(26 * time.Hour)
	items := map[string]any{}
	for _, it := range tale.Now().Items {
		items[it.ID] = map[string]any{"comment": "Đã nộp"}
	}
	asked := s.begin("birth-marriage-unknown") // stays where the supplement is open
	asked.Staff("reception", "birth", "receive", nil).Staff("officer", "birth", "request_supplement", map[string]any{"items": []any{
		map[string]any{"kind": "paper", "about": "Giấy chứng nhận kết hôn", "reason": "Bản chụp bị mờ"},
		map[string]any{"kind": "field", "about": "/child/birth_date", "reason": "Khác với giấy chứng sinh"},
	}})
	other := s.browse(asked.Citizen)
	tale.Applicant("", "answer_supplement", map[string]any{"items": items}).Draft()
	s.fine(asked)
	s.fine(tale)
	drafted := s.begin("birth-unknown-father")
	drafted.Staff("reception", "birth", "receive", nil).Draft()
	s.fine(drafted)
	mai := s.browse(drafted.Citizen)
	tale.Applicant("birth", "confirm", nil).Staff("leader", "birth", "sign", nil).Want("birth", "registered")
	s.fine(tale)
	fee := s.begin("birth-requester-is-head", func(app map[string]any) { app["registration"].(map[string]any)["copies"] = 3 })
	payer := s.browse(fee.Citizen)
	refused := s.begin("birth-consent-declined").Registered()
	refused.By("048055000501", "residence", "decline", map[string]any{"reason": "Chỗ ở chật"}).Staff("leader", "residence", "refuse", map[string]any{"reason": "Chủ hộ không đồng ý"})
	s.fine(refused)
	failed := s.browse(refused.Citizen)
	check := me.open(at + "/results/birth").want(200).find(`href="(/r/[^"]+)"`)
	return []stopover{
		{"cases", me, "/cases", ""}, {"tasks", head, "/tasks", ""}, {"tasks-confirm", mai, "/tasks", ""},
		{"case-running", me, at, ""}, {"case-todo", mai, "/cases/" + drafted.Code, ""}, {"case-refused", failed, "/cases/" + refused.Code, ""},
		{"case-supplement", other, "/cases/" + asked.Code, ""}, {"supplement", other, "/cases/" + asked.Code + "/supplement", ""},
		{"supplement-wrong", other, "/cases/" + asked.Code + "/supplement", ".lt-buttons button"},
		{"confirm", mai, "/cases/" + drafted.Code + "/parts/birth/confirm", ""}, {"dispute", mai, "/cases/" + drafted.Code + "/parts/birth/dispute", ".lt-buttons button"},
		{"party", head, at, ""}, {"party-consent", head, at + "/parts/residence/consent", ""}, {"withdraw", me, at + "/withdraw", ""},
		{"pay", payer, "/cases/" + fee.Code + "/pay", ""}, {"refile", failed, "/cases/" + refused.Code + "/parts/residence/refile", ""},
		{"result", me, at + "/results/birth", ""}, {"check", me, check, ""}, {"check-form", me, "/r", ""}, {"check-unknown", me, "/r/nothing", ""}, {"access", me, at + "/access", ""},
		{"declaration", me, at + "/declaration", ""}, {"receipt", me, at + "/receipt", ""},
		{"refusal", failed, "/cases/" + refused.Code + "/results/residence", ""}, {"slip-supplement", other, "/cases/" + asked.Code + "/slips/birth/supplement", ""},
	}
}

// officeTour is the part of the tour for who watches, operates and tests; the cases of
// the tour before it are there.
func (s *stage) officeTour() []stopover {
	s.t.Helper()
	boss := s.browse("supervisor.civil_status_00004")
	s.silence("population")
	s.silence("notification")
	stuck := s.begin("death-o4")
	mourner := s.browse(stuck.Citizen)
	op := s.browse("operator")
	message := op.open("/exchange?registry=notification").want(200).find(`href="(/exchange/` + stuck.Code + `/[^"]+)"`)
	answer := op.open("/exchange?registry=treasury").want(200).find(`href="(/exchange/[^?"]+/[0-9]+)"`)
	tester := s.browse("tester")
	played := tester.playedLeave()
	drafting, redone, parted := s.redone()
	code := tester.post("/lab", url.Values{"text": {"an nhien"}}).want(200).find(`href="/lab/cases/([^"]+)"`)
	return []stopover{
		{"workflows", tester, "/workflows", ""}, {"workflow", tester, "/workflows/birth", ""},
		{"machine", tester, "/workflows/birth/birth", ""}, {"lab", tester, "/lab", ""},
		{"clock-wrong", tester, "/lab/clock", `.lt-filter button`}, {"dial", tester, "/lab/agencies/population", ""},
		{"replay", tester, "/lab/cases/" + code + "?at=6", ""}, {"again", tester, "/lab/cases/" + code + "/again?version=2024-07-01", ""},
		{"lab-check", tester, "/lab/checks/birth", ""}, {"compare", tester, "/lab/compare/birth", ""},
		{"simulations", tester, "/lab/simulations", ""}, {"simulation-wrong", tester, "/lab/simulations?cases=0", `form[action="/lab/simulations"] button`},
		{"simulation", tester, played, ""},
		{"replays", drafting, "/lab/replays", ""}, {"replays-wrong", tester, "/lab/replays?from=2026-09-09&to=2026-09-01", `form[action="/lab/replays"] button`},
		{"replayed", drafting, redone, ""}, {"replayed-case", drafting, parted, ""},
		{"death-case", mourner, "/cases/" + stuck.Code, ""}, {"exchange", op, "/exchange", ""}, {"delivery", op, message, ""}, {"delivery-wrong", op, message, `button[value="skip"]`},
		{"delivery-answer", op, answer, ""}, {"delivery-answer-wrong", op, answer, `input[value="done"] then button[value="record"]`},
		{"dashboard", boss, "/dashboard", ""}, {"dashboard-wrong", boss, "/dashboard?period=own&from=2026-09-09&to=2026-09-01", ""},
	}
}

// readyBirth writes a declaration for twins up to the point of filing.
func (s *stage) readyBirth(b *browser) string {
	s.t.Helper()
	at := b.start("birth")
	b.fill(at+"/pages/registration", "/registration/situation", "ordinary", "/registration/copies", "2")
	b.fill(at+"/pages/relation_to_child", "/relation_to_child", "father")
	b.fill(at + "/pages/children")
	b.fill(at+"/pages/choices", "/choices/residence", "true", "/choices/card", "true", "/choices/identity", "false")
	b.fill(at+"/pages/residence", "/residence/relation", "son")
	b.fill(at + "/pages/card")
	return at
}

// A case page shows a change as it happens, without being loaded again.
func TestCaseChangesBeforeOnesEyes(t *testing.T) {
	s := newStage(t)
	w := s.openWindow(1280)
	tale := s.begin("birth-b4")
	w.be(s.browse(tuan), "vi")
	w.open("/cases/" + tale.Code)
	w.run(`window.stayed = true`)
	w.sees(`document.querySelector("#stream")._htmx?.sse?.status === 200`)
	tale.Staff("reception", "birth", "receive", nil)
	s.fine(tale)
	w.sees(`document.querySelector("#case").textContent.includes("Tiếp nhận. Trạng thái")`)
	if !eval[bool](w, `window.stayed === true`) {
		t.Error("the page was loaded again")
	}
}

// A tester drags the slider and sees the case as it was, without a new page.
func TestSliderOverAHistory(t *testing.T) {
	s := newStage(t)
	w := s.openWindow(1280)
	tale := s.begin("birth-b4").Registered()
	s.fine(tale)
	w.be(s.browse("tester"), "vi")
	w.open("/lab/cases/" + tale.Code)
	w.run(`window.stayed = true`)
	w.set("#at", "3")
	w.sees(`window.stayed && document.getElementById("moment").textContent.includes("Mục 3 trên") && document.querySelector("#moment img").src.includes("at=3")`)
}
