package portal_test

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
)

// print gives the page as it comes out of a printer; with -shots it is kept.
func (w *window) print(name string) []byte {
	w.t.Helper()
	css := true
	pdf := call(w, page.PrintToPDF, page.PrintToPDFParams{PreferCSSPageSize: &css}).Data
	if *shots {
		if err := os.MkdirAll("shots", 0o755); err != nil {
			w.t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join("shots", name+".pdf"), pdf, 0o644); err != nil {
			w.t.Fatal(err)
		}
	}
	return pdf
}

// What is printed is the paper alone, on one sheet of A4 for each, with the name of the
// State and its motto on a line each, beside the office.
func TestPrintedPapers(t *testing.T) {
	s := newStage(t)
	tale := s.begin("birth-b4").Registered()
	s.fine(tale)
	twins := s.browse(dung)
	at := s.readyBirth(twins)
	twins.fill(at+"/pages/delivery", "/delivery/channel", "electronic")
	twins.fill(at + "/pages/attachments")
	both := twins.form(twins.open(at+"/review").want(200), "/file").set("sure", "yes").send().want(200)
	me := s.browse(tuan)
	w := s.openWindow(1280)
	sheet := regexp.MustCompile(`/Type ?/Page\b[^s]`)
	for _, p := range []struct {
		name   string
		who    *browser
		path   string
		sheets int
	}{
		{"print-receipt", me, "/cases/" + tale.Code + "/receipt", 1},
		{"print-result", me, "/cases/" + tale.Code + "/results/birth", 1},
		{"print-receipts", twins, both.path + "?with=" + both.find(`href="/cases/[^"]+/pay"[\s\S]*?href="/cases/([^"/]+)/pay"`), 2},
	} {
		w.be(p.who, "vi")
		w.open(p.path)
		pdf := w.print(p.name)
		if n := len(sheet.FindAll(pdf, -1)); n != p.sheets {
			t.Errorf("%s: %d sheets", p.name, n)
		}
		call(w, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Media: "print"})
		w.resize(624) // the width of the text on A4
		w.sees(`[...document.querySelectorAll(".lt-header,.lt-footer,.lt-crumbs,.lt-noprint,main > h1")].every(x => getComputedStyle(x).display === "none")`)
		w.sees(`[...document.querySelectorAll(".lt-paper-head")].every(h => h.children[0].offsetTop === h.children[1].offsetTop &&
			[...h.children[1].querySelectorAll("p")].every(p => p.offsetHeight < 36))`)
		w.sees(`getComputedStyle(document.querySelector(".lt-paper-page h2")).textTransform === "uppercase"`)
		// The right line of a table lies on the paper with its whole width.
		if !eval[bool](w, `[...document.querySelectorAll(".lt-paper-page table")].every(x => x.getBoundingClientRect().right < document.documentElement.clientWidth)`) {
			t.Errorf("%s: the table touches the edge", p.name)
		}
		call(w, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{})
		w.resize(1280)
	}
	w.be(me, "vi")
	w.open("/cases/" + tale.Code)
	call(w, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Media: "print"})
	w.resize(624)
	if cut := eval[float64](w, `document.querySelector(".lt-diagram").getBoundingClientRect().right - document.querySelector(".lt-scroll").getBoundingClientRect().right`); cut > 0 {
		t.Errorf("%v px of a case's picture are not on the paper", cut)
	}
}
