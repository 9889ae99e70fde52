package portal_test

import (
	"errors"
	"fmt"
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

	"github.com/chromedp/cdproto/network"
)

// offline takes the network from a window, or gives it back.
func (w *window) offline(gone bool) {
	w.t.Helper()
	call(w, network.EmulateNetworkConditionsByRule, network.EmulateNetworkConditionsByRuleParams{
		MatchedNetworkConditions: []*network.Conditions{{DownloadThroughput: -1, UploadThroughput: -1, Offline: gone}}})
	call(w, network.OverrideNetworkState, network.OverrideNetworkStateParams{Offline: gone, DownloadThroughput: -1, UploadThroughput: -1})
}

// The connection goes while somebody fills in a page: the button says so, in their
// language, and everything typed stays; when it is back the same button saves.
func TestConnectionLostInTheMiddleOfAForm(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	father := s.browse(tung)
	at := father.start("birth")
	const clinic = "Trạm y tế phường Bến Thành"
	for lang, says := range map[string][2]string{"vi": {"Những gì bạn đã nhập vẫn còn", "Đã có kết nối trở lại"}, "en": {"What you typed is still on this page", "The connection is back"}} {
		w := s.openWindow(390)
		w.be(father, lang)
		w.open(at + "/pages/card")
		w.run(`window.stayed = true; document.querySelector('input[name="/card/clinic"]').value = ""`)
		w.enter("/card/clinic", clinic+" "+lang)
		w.offline(true)
		for range 2 { // whoever presses again is told again
			w.run(`document.querySelector("#lost").textContent = ""`)
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
	broken atomic.Bool                   // answers to posts are lost
	busy   atomic.Bool                   // posts do not arrive; something in between says so
	posts  atomic.Int64                  // that arrived
	slow   atomic.Pointer[chan struct{}] // what scripts ask waits for it to be closed; nil = for nothing
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
		if until := l.slow.Load(); until != nil && r.Header.Get("HX-Request") != "" {
			select {
			case <-*until:
			case <-r.Context().Done():
			}
		}
		proxy.ServeHTTP(w, r)
	}))
	s.t.Cleanup(l.Close)
	return l
}

// The connection breaks after a form arrived and before its answer: what was typed
// stays, the same button sends it again, and nothing is done twice.
func TestConnectionLostWithinThePost(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	b := s.browse(dung)
	at := s.readyBirth(b)
	b.fill(at+"/pages/delivery", "/delivery/channel", "electronic")
	b.fill(at + "/pages/attachments")
	l := s.line()
	w := s.openWindow(390)
	w.be(b, "vi")
	defer w.leave() // before the line closes

	w.visit(l.URL + at + "/pages/card")
	w.run(`document.querySelector('input[name="/card/clinic"]').value = ""`)
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

// Somebody chooses, changes their mind, and types on while the line is slow: the
// questions are those of the last choice, and what was typed meanwhile stays.
func TestTypingWhileQuestionsAreAsked(t *testing.T) {
	s := newStage(t)
	b := s.browse(cuc)
	at := b.start("death")
	b.form(b.open(at+"/about").want(200), "/about").set("about", "001050000701").send().want(200)
	b.fill(at+"/pages/choices", "/choices/funeral", "true").want(200)
	l := s.line()
	w := s.openWindow(390)
	w.be(b, "vi")
	defer w.leave()
	w.visit(l.URL + at + "/pages/funeral")
	w.set(`input[name="/funeral/organiser/name"]`, "Vũ") // somebody else than who is proposed
	until := make(chan struct{})
	l.slow.Store(&until)
	const method, name, id = `document.querySelector('input[name="/funeral/payee/method"][value="%s"]').click()`,
		`document.querySelector('input[name="/funeral/organiser/name"]')`, `document.querySelector('input[name="/funeral/organiser/id"]')`
	for _, m := range []string{"cash", "bank", "post"} {
		w.run(fmt.Sprintf(method, m))
	}
	w.run(name + `.value = "Vũ Thị Lan"; ` + id + `.focus(); ` + id + `.value = "001050000999"`)
	close(until)
	w.shows(`select[name="/funeral/payee/address/commune"]`)
	w.sees(ready + ` && !document.querySelector('input[name="/funeral/payee/account"]') && ` + name + `.value === "Vũ Thị Lan" && ` + id + `.value === "001050000999"`)
}

// A button that is pressed twice sends once; a session that ended meanwhile asks who is
// there, in the same place, and goes on with what was typed.
func TestPressedTwiceAndSignedOut(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	b := s.browse(tung)
	at := b.start("birth")
	l := s.line()
	w := s.openWindow(390)
	w.be(b, "vi")
	defer w.leave()
	w.visit(l.URL + at + "/pages/registration")
	const twice = `(b => { document.body.dataset.left = ""; b.click(); b.click(); })(document.querySelector(".lt-buttons button"))`
	w.run(`document.querySelector('input[value="ordinary"]').checked = true`) // a click would post as well
	before := l.posts.Load()
	w.run(twice)
	w.left()
	w.sees(`location.pathname.endsWith("/pages/relation_to_child")`)
	if n := l.posts.Load() - before; n != 1 {
		t.Errorf("%d posts", n)
	}

	w.visit(l.URL + at + "/pages/card")
	w.run(`document.querySelector('input[name="/card/clinic"]').value = "Trạm y tế <x>"`)
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
	w.run(`document.querySelector('input[name="/attachments/0/name"]').value = "Đơn"`)
	w.upload(`input[type=file]`, large)
	w.follow(".lt-buttons button")
	w.says("lớn hơn 10 MB")
	w.sees(`document.querySelector("input[name='/attachments/0/name']").value === "Đơn"`)
}
