package portal_test

import (
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

// effort is what filing costs somebody with a telephone, counted while a test does it.
type effort struct {
	pages, clicks, choices, fields, keys int
	words, known                         int // to be read: syllables, in Vietnamese; values that a register gave
}

// What each of it takes. Pointing (1.1 s) and making up one's mind before a choice or a
// field (1.35 s) are those of the keystroke-level model (Card, Moran and Newell 1983);
// going on is no choice. Thumbs type two characters a second. Vietnamese is spoken at
// 5.22 syllables a second (Pellegrino, Coupé and Marsico 2011), and people read to themselves
// 1.3 times as fast as they speak (Brysbaert 2019). What a register knows of oneself is
// glanced at. A page is there after a second; signing in takes twenty.
const (
	aClick = 1100 * time.Millisecond
	aMind  = 1350 * time.Millisecond
	aKey   = 500 * time.Millisecond
	aWord  = time.Second * 10 / 68
	aKnown = 500 * time.Millisecond
	aPage  = time.Second
	signIn = 20 * time.Second
)

func (e *effort) time() time.Duration {
	n := func(n int, each time.Duration) time.Duration { return time.Duration(n) * each }
	return (n(e.clicks+e.fields, aClick) + n(e.choices+e.fields, aMind) + n(e.keys, aKey) + n(e.words, aWord) +
		n(e.known, aKnown) + n(e.pages, aPage) + signIn).Round(time.Second)
}

func (e *effort) String() string {
	return fmt.Sprintf("%d pages with %d syllables and %d known values to read, %d clicks of which %d choose, %d fields of %d characters: %v",
		e.pages, e.words, e.known, e.clicks, e.choices, e.fields, e.keys, e.time())
}

// read counts what a person reads between header and footer: not what is folded, hidden,
// one of the options of a list, or a picture. Pages that ask, and the review, are read
// whole; of others the headings and buttons.
const read = `(() => {
	const whole = /\/pages\/|\/review$/.test(location.pathname), known = new Set();
	let words = 0;
	if (location.pathname === "/applications") return [0, 0]; // the sign-in, with the list of a demonstration's people
	const all = document.createTreeWalker(document.querySelector("main"), NodeFilter.SHOW_TEXT);
	while (all.nextNode()) {
		const e = all.currentNode.parentElement, n = all.currentNode.textContent.split(/\s+/).filter(Boolean).length;
		if (!n || e.closest("select, option, svg, script, .ds-sr-only, nav") || !e.checkVisibility({visibilityProperty: true})) continue;
		const row = e.closest("dl > div");
		if (row && (row.querySelector(".lt-tick") || row.closest(".lt-facts"))) known.add(row);
		else if (whole || e.closest("h1, h2, h3, button, .ds-button")) words += n;
	}
	return [words, known.size];
})()`

// page counts a click that led to a page, and what is to be read there.
func (e *effort) page(w *window) {
	w.t.Helper()
	n := eval[[]int](w, read)
	e.pages, e.clicks, e.words, e.known = e.pages+1, e.clicks+1, e.words+n[0], e.known+n[1]
}

// typed counts a field that was filled in.
func (e *effort) typed(text string) {
	e.fields, e.keys = e.fields+1, e.keys+utf8.RuneCountInString(text)
}

// unfold opens what is folded.
func (w *window) unfold(summary, inside string) {
	w.t.Helper()
	w.tap(summary)
	w.shows(inside)
}

// shows waits until something is laid out.
func (w *window) shows(css string) {
	w.t.Helper()
	w.sees(`document.querySelector(` + js(css) + `)?.getClientRects().length`)
}

// A birth is filed on a telephone without scripts: from the front page to the receipt.
// With them it is the beginning of TestBirthByFourPeople.
func TestBirthOnATelephone(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	w := s.openWindow(390)
	w.noScripts()
	w.fileBirth(false)
	w.shoot("telephone-receipt")
}

// A parent files in under five minutes, by the reckoning that is stated above.
func TestBirthTakesLessThanFiveMinutes(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	w := s.openWindow(390)
	w.cost = &effort{}
	w.fileBirth(true)
	t.Logf("a birth: %v", w.cost)
	if w.cost.time() >= 5*time.Minute {
		t.Errorf("it takes too long: %v", w.cost)
	}
	if w.cost.pages < 10 || w.cost.words < 800 || w.cost.known < 30 || w.cost.clicks < 20 {
		t.Errorf("not everything was counted: %v", w.cost)
	}
}

// begin goes from the front page through the sign-in to a declaration's list of sections.
func (w *window) begin(service, account string) {
	w.t.Helper()
	w.be(w.s.browse(""), "vi")
	w.open("/")
	w.follow(`a[href="/services/` + service + `"]`)
	w.follow(`form[action="/applications"] button`)
	if got := w.path(); got != "/applications" { // the sign-in page keeps what was asked for
		w.t.Fatalf("at %s", got)
	}
	w.follow(`button[value="` + account + `"]`)
}

// file confirms a review that is complete, and files it; it returns the case's code.
func (w *window) file() string {
	w.t.Helper()
	w.tap(`input[name="sure"]`)
	w.follow(`form[action$="/file"] button`)
	if !strings.HasSuffix(w.path(), "/receipt") || !strings.Contains(w.text("main"), "GIẤY TIẾP NHẬN HỒ SƠ") {
		w.t.Fatalf("at %s: %s", w.path(), w.text("main"))
	}
	return w.text(".lt-code")
}

// fileBirth declares a birth from the front page on, and files; it returns the case's
// code.
func (w *window) fileBirth(scripts bool) string {
	w.t.Helper()
	w.begin("birth", tung)
	at := w.path()
	w.follow(".lt-buttons a")
	w.tap(`input[value="ordinary"]`)
	w.follow(".lt-buttons button")
	w.tap(`input[value="father"]`)
	w.follow(".lt-buttons button")
	w.follow(".lt-buttons button") // the child: nothing to enter
	for _, name := range []string{"residence", "card", "identity"} {
		w.tap(`input[name="/choices/` + name + `"][value="true"]`)
	}
	w.follow(".lt-buttons button")
	w.tap(`input[value="daughter"]`)
	w.follow(".lt-buttons button")
	w.follow(".lt-buttons button") // health card
	w.tap(`input[value="post"]`)
	if scripts { // the address appears at once
		w.shows(`select[name="/delivery/address/commune"]`)
	} else { // and without scripts after the first click, though nothing is left to type
		w.follow(".lt-buttons button")
	}
	w.sees(`document.querySelector('select[name="/delivery/address/commune"]').value === "26743" && document.querySelector('input[name="/delivery/address/detail"]').value === "33 Lê Lai"`)
	w.says("Cơ sở dữ liệu quốc gia về dân cư")
	w.follow(".lt-buttons button")
	if got := w.path(); got != at+"/pages/attachments" {
		w.t.Fatalf("at %s", got)
	}
	w.follow(".lt-buttons button")
	return w.file()
}

// A widow files a death on a telephone: from the front page to the receipt. Whom it is
// about is chosen from her relatives; the hospital's notice fills the rest.
func TestDeathOnATelephone(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	w := s.openWindow(390)
	w.cost = &effort{}
	w.begin("death", cuc)
	if got := w.path(); !strings.HasSuffix(got, "/about") {
		t.Fatalf("at %s", got)
	}
	at := strings.TrimSuffix(w.path(), "/about")
	w.tap(`input[value="001050000701"]`)
	w.follow(".lt-form button")
	w.says("nội dung đã có sẵn")
	w.follow(".lt-buttons a")
	for _, fill := range []struct {
		page string
		do   func()
	}{
		{"registration", func() {
			w.unfold(".lt-extra summary", `input[name="/registration/copies"]`)
			w.enter("/registration/copies", "2")
		}},
		{"relation_to_deceased", func() { w.tap(`input[value="spouse"]`) }},
		{"deceased", func() { w.says("Vũ Đình Thắng", "Giấy báo tử") }},
		{"choices", func() {
			w.tap(`input[name="/choices/funeral"][value="true"]`)
			w.shows(`input[name="/choices/survivor"]`)
			w.tap(`input[name="/choices/survivor"][value="false"]`)
		}},
		{"funeral", func() {
			w.tap(`input[name="/funeral/payee/method"][value="cash"]`)
			w.tap(`input[name="/funeral/disaster"][value="false"]`)
		}},
		{"delivery", func() { w.tap(`input[value="electronic"]`) }},
		{"attachments", func() {}},
	} {
		if got := w.path(); got != at+"/pages/"+fill.page {
			t.Fatalf("at %s, not at %s: %s", got, fill.page, w.text("main"))
		}
		fill.do()
		w.follow(".lt-buttons button")
	}
	if got := w.path(); got != at+"/review" {
		t.Fatalf("at %s: %s", got, w.text("main"))
	}
	w.says("16.000 đ", "TT 281/2016/TT-BTC", "Mai táng phí")
	w.accessible("death-ready")
	w.fits("death-ready")
	code := w.file()
	t.Logf("a death: %v", w.cost)
	w.fits("death-receipt")
	w.shoot("telephone-death")
	if list, _, err := s.sys.Store.CasesOf(t.Context(), cuc, "", 10); err != nil || len(list) != 1 || list[0].Code != code || list[0].Service != "death" {
		t.Errorf("cases are %v, %v", list, err)
	}
}
