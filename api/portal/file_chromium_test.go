package portal_test

import (
	"testing"

	"github.com/chromedp/chromedp"
)

// The button for files speaks the language of the page: the browser's own, whose words
// nobody can choose, lies unseen over it and takes the clicks and the focus. Without
// scripts the browser's is shown.
func TestFilesAreChosenInTheLanguageOfThePage(t *testing.T) {
	s := newStage(t)
	me := s.browse(tung)
	at := me.start("birth") + "/pages/attachments"
	w := s.openWindow(390)
	w.be(me, "vi")
	w.open(at)
	w.follow(`button[value="add:/attachments"]`)
	if got := w.text(".lt-upload-face"); !contains(got, "Chọn tệp") || !contains(got, "Chưa chọn tệp nào") {
		t.Errorf("before: %q", got)
	}
	w.do(chromedp.Evaluate[chromedp.Void](`(() => {
		const input = document.querySelector(".lt-upload input"), list = new DataTransfer();
		list.items.add(new File(["%PDF-1.4"], "kết hôn.pdf"));
		input.files = list.files;
		input.dispatchEvent(new Event("change", {bubbles: true}));
	})(); 0`))
	if got := w.text(".lt-upload-name"); got != "kết hôn.pdf" {
		t.Errorf("chosen: %q", got)
	}
	is := func(what, expr string) {
		t.Helper()
		if ok, err := chromedp.Run(w.ctx, chromedp.Evaluate[bool](expr)); err != nil || !ok {
			t.Errorf("%s: %v %v", what, ok, err)
		}
	}
	w.do(chromedp.Evaluate[chromedp.Void](`document.querySelector(".lt-upload").scrollIntoView({block: "center"}); 0`))
	for what, expr := range map[string]string{
		"a click on the words opens the browser's window": `(b => document.elementFromPoint(b.x + b.width / 2, b.y + b.height / 2).type === "file")(document.querySelector(".lt-upload-button").getBoundingClientRect())`,
		"whoever moves by keys sees where they are":       `(document.querySelector(".lt-upload input").focus(), getComputedStyle(document.querySelector(".lt-upload-face")).outlineStyle === "solid")`,
	} {
		is(what, expr)
	}
	w.accessible("files")
	w.fits("files")
	w.noScripts()
	w.open(at)
	w.follow(`button[value="add:/attachments"]`)
	is("the browser's own is shown", `getComputedStyle(document.querySelector(".lt-upload-face")).display === "none" && getComputedStyle(document.querySelector(".lt-file")).opacity === "1"`)
}
