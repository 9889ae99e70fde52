package portal_test

import (
	"context"
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"

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
	ctx, cancel := context.WithTimeout(w.ctx, patience)
	defer cancel()
	if err := w.wait(ctx, expr); err != nil {
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
		w.enter("/card/clinic", clinic+" "+lang)
		w.offline(true)
		for range 2 { // whoever presses again is told again
			w.do(chromedp.Evaluate[chromedp.Void](`document.querySelector("#lost").textContent = ""; 0`))
			w.tap(".lt-buttons button")
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

// line is the way from a browser to the surface, which may fail after a post arrived.
type line struct {
	*httptest.Server
	broken atomic.Bool  // answers to posts are lost
	busy   atomic.Bool  // posts do not arrive; something in between says so
	posts  atomic.Int64 // that arrived
}

func (s *stage) line() *line {
	s.t.Helper()
	to, err := url.Parse(s.sys.URL)
	if err != nil {
		s.t.Fatal(err)
	}
	l := &line{}
	proxy := httputil.NewSingleHostReverseProxy(to)
	proxy.ErrorLog = log.New(io.Discard, "", 0)
	proxy.ModifyResponse = func(r *http.Response) error {
		if r.Request.Method == http.MethodPost {
			if l.posts.Add(1); l.broken.Load() {
				return errors.New("the line broke")
			}
		}
		return nil
	}
	proxy.ErrorHandler = func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) }
	l.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if l.busy.Load() && r.Method == http.MethodPost {
			http.Error(w, "busy", http.StatusBadGateway)
			return
		}
		proxy.ServeHTTP(w, r)
	}))
	s.t.Cleanup(l.Close)
	return l
}

// The connection breaks after a form arrived and before its answer: what was typed
// stays, the same button sends it again, and nothing is done twice.
func TestConnectionLostWithinThePost(t *testing.T) {
	s := newStage(t)
	b := s.browse(dung)
	at := s.readyBirth(b)
	b.fill(at+"/pages/delivery", "/delivery/channel", "electronic")
	b.fill(at + "/pages/attachments")
	l := s.line()
	w := s.openWindow(390)
	w.be(b, "vi")
	defer w.do(chromedp.Navigate("about:blank")) // before the line closes

	w.do(chromedp.Navigate(l.URL + at + "/pages/card"))
	w.do(chromedp.Evaluate[chromedp.Void](`document.querySelector('input[name="/card/clinic"]').value = ""; 0`))
	w.enter("/card/clinic", "Trạm y tế")
	const kept = `document.querySelector('input[name="/card/clinic"]').value === "Trạm y tế"`
	l.busy.Store(true)
	w.tap(".lt-buttons button")
	w.sees(`document.querySelector("#lost").textContent.includes("Hệ thống chưa trả lời được") && ` + kept)
	b.open(at + "/pages/card").want(200).saysNot("Trạm y tế")
	l.busy.Store(false)
	l.broken.Store(true)
	w.tap(".lt-buttons button")
	w.sees(`document.querySelector("#lost").textContent.includes("Mất kết nối mạng") && ` + kept)
	b.open(at + "/pages/card").want(200).says("Trạm y tế") // it had arrived
	l.broken.Store(false)
	w.follow(".lt-buttons button")
	if got := w.path(); got != at+"/review" {
		t.Fatalf("went to %s: %s", got, w.text("main"))
	}

	w.tap(`input[name="sure"]`)
	l.broken.Store(true)
	w.tap(`form[action$="/file"] button`)
	w.sees(`document.querySelector("#lost").textContent.includes("Mất kết nối mạng") && document.querySelector('input[name="sure"]').checked`)
	if list, _, err := s.sys.Store.CasesOf(t.Context(), dung, "", 100); err != nil || len(list) != 2 {
		t.Errorf("%d cases arrived, %v", len(list), err)
	}
	l.broken.Store(false)
	w.follow(`form[action$="/file"] button`)
	w.says("GIẤY TIẾP NHẬN HỒ SƠ")
	if list, _, err := s.sys.Store.CasesOf(t.Context(), dung, "", 100); err != nil || len(list) != 2 { // twins: a case for each
		t.Errorf("%d cases, %v", len(list), err)
	}
}

// A button that is pressed twice sends once; a session that ended meanwhile asks who is
// there, in the same place, and goes on with what was typed.
func TestPressedTwiceAndSignedOut(t *testing.T) {
	s := newStage(t)
	b := s.browse(tung)
	at := b.start("birth")
	l := s.line()
	w := s.openWindow(390)
	w.be(b, "vi")
	defer w.do(chromedp.Navigate("about:blank"))
	w.do(chromedp.Navigate(l.URL + at + "/pages/registration"))
	const twice = `(b => { document.body.dataset.left = ""; b.click(); b.click(); })(document.querySelector(".lt-buttons button")); 0`
	w.do(chromedp.Evaluate[chromedp.Void](`document.querySelector('input[value="ordinary"]').checked = true; 0`)) // a click would post as well
	before := l.posts.Load()
	w.do(chromedp.Evaluate[chromedp.Void](twice))
	w.sees(`location.pathname.endsWith("/pages/relation_to_child")`)
	if n := l.posts.Load() - before; n != 1 {
		t.Errorf("%d posts", n)
	}

	w.do(chromedp.Navigate(l.URL + at + "/pages/card"))
	w.do(chromedp.Evaluate[chromedp.Void](`document.querySelector('input[name="/card/clinic"]').value = "Trạm y tế <x>"; 0`))
	b.post("/sign-out", nil)
	w.follow(".lt-buttons button")
	w.says("vẫn được giữ")
	w.accessible("signed-out")
	w.follow(`button[value="` + tung + `"]`)
	s.browse(tung).open(at + "/pages/card").want(200).says("Trạm y tế &lt;x&gt;")
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
	w.do(chromedp.Evaluate[chromedp.Void](`document.querySelector('input[name="/attachments/0/name"]').value = "Đơn"; 0`))
	w.do(chromedp.SetUploadFiles(chromedp.CSS(`input[type=file]`), []string{large}))
	w.follow(".lt-buttons button")
	w.says("lớn hơn 10 MB")
	w.sees(`document.querySelector("input[name='/attachments/0/name']").value === "Đơn"`)
}
