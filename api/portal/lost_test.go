package portal_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
)

// offline takes the network from a window, or gives it back.
func (w *window) offline(gone bool) {
	w.t.Helper()
	w.do(func(ctx context.Context, t *chromedp.Target) (chromedp.Void, error) {
		_, err := cdp.Call(ctx, t, network.EmulateNetworkConditionsByRule, network.EmulateNetworkConditionsByRuleParams{
			MatchedNetworkConditions: []*network.Conditions{{DownloadThroughput: -1, UploadThroughput: -1, Offline: gone}}})
		if err != nil {
			return chromedp.Void{}, err
		}
		_, err = cdp.Call(ctx, t, network.OverrideNetworkState, network.OverrideNetworkStateParams{Offline: gone, DownloadThroughput: -1, UploadThroughput: -1})
		return chromedp.Void{}, err
	})
}

// sees waits until an expression of the page is true.
func (w *window) sees(expr string) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.ctx, 20*time.Second)
	defer cancel()
	if _, err := chromedp.Run(ctx, chromedp.Poll[bool](expr)); err != nil {
		w.t.Fatalf("%s: %v (at %s): %s", expr, err, w.path(), w.text("main"))
	}
}

// The connection goes while somebody fills in a page: the button says so, in their
// language, and everything typed stays; when it is back the same button saves.
func TestConnectionLostInTheMiddleOfAForm(t *testing.T) {
	s := newStage(t)
	father := s.browse(tung)
	at := father.start("birth")
	const clinic = "Trạm y tế phường Bến Thành"
	for lang, says := range map[string][2]string{"vi": {"Những gì bạn đã nhập vẫn còn", "Đã có kết nối trở lại"}, "en": {"What you typed is still on this page", "The connection is back"}} {
		w := s.openWindow(390)
		w.be(father, lang)
		w.open(at + "/pages/card")
		w.do(chromedp.Evaluate[chromedp.Void](`window.stayed = true; document.querySelector('input[name="/card/clinic"]').value = ""; 0`))
		field := chromedp.CSS(`input[name="/card/clinic"]`)
		w.do(chromedp.SendKeys(field, clinic+" "+lang))
		w.offline(true)
		for range 2 { // whoever presses again is told again
			w.do(chromedp.Evaluate[chromedp.Void](`document.querySelector("#lost").textContent = ""; 0`))
			w.do(chromedp.Click(chromedp.CSS(".lt-buttons button")))
			w.sees(`document.querySelector("#lost[role=status]").textContent.includes("` + says[0] + `")`)
		}
		w.sees(`(b => b.top >= 0 && b.bottom <= innerHeight && b.height > 20)(document.querySelector("#lost").getBoundingClientRect())`)
		w.sees(`window.stayed && document.querySelector('input[name="/card/clinic"]').value === "` + clinic + " " + lang + `"`)
		w.shoot("lost-390-" + lang)
		w.fits("lost")
		w.accessible("lost")
		father.open(at + "/pages/card").want(200).saysNot(clinic + " " + lang)

		w.offline(false)
		w.sees(`document.querySelector("#lost").textContent.includes("` + says[1] + `")`)
		w.follow(".lt-buttons button")
		if got := w.path(); got == at+"/pages/card" {
			t.Errorf("it did not go on: %s", w.text("main"))
		}
		father.open(at + "/pages/card").want(200).says(clinic + " " + lang)
	}
}

// A browser that sends 50 MB is told at the field that this is too much, and keeps what
// was typed beside it.
func TestTooLargeInABrowser(t *testing.T) {
	s := newStage(t)
	father := s.browse(tung)
	w := s.openWindow(390)
	w.be(father, "vi")
	w.open(father.start("birth") + "/pages/attachments")
	w.follow(`button[value="add:/attachments"]`)
	large := filepath.Join(t.TempDir(), "large.pdf")
	if err := os.WriteFile(large, []byte("%PDF-1.7"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(large, 50<<20); err != nil {
		t.Fatal(err)
	}
	w.do(chromedp.SendKeys(chromedp.CSS(`input[name="/attachments/0/name"]`), "Đơn"))
	w.do(chromedp.SetUploadFiles(chromedp.CSS(`input[type=file]`), []string{large}))
	w.follow(".lt-buttons button")
	w.says("lớn hơn 10 MB")
	w.sees(`document.querySelector("input[name='/attachments/0/name']").value === "Đơn"`)
}
