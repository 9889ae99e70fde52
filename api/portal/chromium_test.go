package portal_test

import (
	"context"
	_ "embed"
	"encoding/json"
	"flag"
	"fmt"
	"net/http/cookiejar"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
)

// shots writes a picture of every page of the tour into api/portal/shots:
// go test ./api/portal -run Tour -shots
var shots = flag.Bool("shots", false, "write pictures of the pages into shots/")

//go:embed testdata/axe.min.js
var axe string

// chromium finds a browser, or skips the test.
func chromium(t *testing.T) string {
	t.Helper()
	if testing.Short() {
		t.Skip("a browser takes long: left out by -short")
	}
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	t.Skip("there is no chromium on this machine: the pages are tested without a browser only")
	return ""
}

// window is a tab of a browser with scripts.
type window struct {
	t    *testing.T
	s    *stage
	ctx  context.Context
	wide int64
}

// openWindow starts a browser of a width.
func (s *stage) openWindow(wide int64) *window {
	s.t.Helper()
	opts := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(chromium(s.t)), chromedp.NoSandbox, chromedp.Flag("lang", "vi"))
	alloc, stopBrowser := chromedp.NewExecAllocator(context.Background(), opts...)
	s.t.Cleanup(stopBrowser)
	ctx, cancel := chromedp.NewContext(alloc)
	s.t.Cleanup(cancel)
	if err := chromedp.Do(ctx); err != nil { // starts the browser
		s.t.Fatal(err)
	}
	w := &window{t: s.t, s: s, ctx: ctx}
	w.resize(wide)
	return w
}

func (w *window) resize(wide int64) {
	w.t.Helper()
	w.wide = wide
	w.do(chromedp.EmulateViewport(wide, 900))
}

// do runs actions within a minute.
func (w *window) do(actions ...chromedp.Action[chromedp.Void]) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.ctx, time.Minute)
	defer cancel()
	if err := chromedp.Do(ctx, actions...); err != nil {
		where, _ := chromedp.Run(w.ctx, chromedp.Location())
		w.t.Fatalf("%v (at %s)", err, where)
	}
}

// be takes the cookies of a browser without scripts, and speaks a language.
func (w *window) be(b *browser, lang string) {
	w.t.Helper()
	w.do(func(ctx context.Context, t *chromedp.Target) (chromedp.Void, error) {
		_, err := cdp.Call(ctx, t, network.ClearBrowserCookies, cdp.Empty{})
		return chromedp.Void{}, err
	})
	at, err := url.Parse(w.s.sys.URL)
	if err != nil {
		w.t.Fatal(err)
	}
	set := map[string]string{"lienthong_language": lang}
	for _, c := range b.http.Jar.(*cookiejar.Jar).Cookies(at) {
		if c.Name != "lienthong_language" {
			set[c.Name] = c.Value
		}
	}
	for name, value := range set {
		w.do(func(ctx context.Context, t *chromedp.Target) (chromedp.Void, error) {
			_, err := cdp.Call(ctx, t, network.SetCookie, network.SetCookieParams{Name: name, Value: value, URL: w.s.sys.URL})
			return chromedp.Void{}, err
		})
	}
}

func (w *window) open(path string) {
	w.t.Helper()
	w.do(chromedp.Navigate(w.s.sys.URL + path))
}

// go clicks something that leads to another page.
func (w *window) follow(css string) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.ctx, time.Minute)
	defer cancel()
	if _, err := chromedp.RunResponse(ctx, chromedp.Click(chromedp.CSS(css))); err != nil {
		where, _ := chromedp.Run(w.ctx, chromedp.Location())
		w.t.Fatalf("%s: %v (at %s)", css, err, where)
	}
}

func (w *window) path() string {
	w.t.Helper()
	where, err := chromedp.Run(w.ctx, chromedp.Location())
	if err != nil {
		w.t.Fatal(err)
	}
	u, err := url.Parse(where)
	if err != nil {
		w.t.Fatal(err)
	}
	return u.Path
}

func (w *window) text(css string) string {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.ctx, time.Minute)
	defer cancel()
	s, err := chromedp.Run(ctx, chromedp.Text(chromedp.CSS(css)))
	if err != nil {
		w.t.Fatalf("%s: %v", css, err)
	}
	return s
}

// noScripts turns scripts off, as some people do.
func (w *window) noScripts() {
	w.t.Helper()
	w.do(func(ctx context.Context, t *chromedp.Target) (chromedp.Void, error) {
		_, err := cdp.Call(ctx, t, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
		return chromedp.Void{}, err
	})
}

// accessible runs axe over the page and reports every violation of WCAG 2.2 AA.
func (w *window) accessible(name string) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.ctx, 2*time.Minute)
	defer cancel()
	if err := chromedp.Do(ctx, chromedp.Evaluate[chromedp.Void](axe+";0")); err != nil {
		w.t.Fatalf("%s: axe: %v", name, err)
	}
	const run = `axe.run(document, {runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}).then(r =>
		JSON.stringify({checked: r.passes.length, wrong: r.violations.map(v => v.id + ": " + v.help + ": " + v.nodes.slice(0, 3).map(n => n.html.slice(0, 200)).join(" | "))}))`
	raw, err := chromedp.Run(ctx, chromedp.Evaluate[string](run, chromedp.EvalAwaitPromise))
	if err != nil {
		w.t.Fatalf("%s: axe: %v", name, err)
	}
	var found struct {
		Checked int
		Wrong   []string
	}
	if err := json.Unmarshal([]byte(raw), &found); err != nil {
		w.t.Fatal(err)
	}
	if found.Checked < 10 {
		w.t.Errorf("%s: axe checked %d rules only", name, found.Checked)
	}
	for _, x := range found.Wrong {
		w.t.Errorf("%s at %d px: %s", name, w.wide, x)
	}
	// Nothing may stick out sideways.
	if out, err := chromedp.Run(ctx, chromedp.Evaluate[int](`document.documentElement.scrollWidth - document.documentElement.clientWidth`)); err != nil || out > 0 {
		w.t.Errorf("%s at %d px: %d px stick out (%v)", name, w.wide, out, err)
	}
}

// shoot keeps a picture of the whole page.
func (w *window) shoot(name string) {
	w.t.Helper()
	if !*shots {
		return
	}
	ctx, cancel := context.WithTimeout(w.ctx, time.Minute)
	defer cancel()
	png, err := chromedp.Run(ctx, chromedp.FullScreenshot(100))
	if err == nil {
		err = os.MkdirAll("shots", 0o755)
	}
	if err == nil {
		err = os.WriteFile(filepath.Join("shots", name+".png"), png, 0o644)
	}
	if err != nil {
		w.t.Error(err)
	}
}

// stop is a page of the tour: who opens it, where, and what they click there.
type stopover struct {
	name  string
	who   *browser
	path  string
	click string
}

// TestTour opens every page in both languages and at two widths: no violation of
// WCAG 2.2 AA that axe can see, nothing that sticks out, and pictures on demand.
func TestTour(t *testing.T) {
	chromium(t)
	s := newStage(t)
	w := s.openWindow(1280)
	for _, stop := range s.tour() {
		for _, lang := range []string{"vi", "en"} {
			for _, wide := range []int64{1280, 390} {
				w.resize(wide)
				w.be(stop.who, lang)
				w.open(stop.path)
				if stop.click != "" {
					w.follow(stop.click)
				}
				name := fmt.Sprintf("%s-%d-%s", stop.name, wide, lang)
				w.shoot(name)
				if lang == "vi" || wide == 1280 { // the layout of both languages, the words of each
					w.accessible(name)
				}
			}
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
	return list
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

// A birth is filed on a telephone: from the front page to the receipt.
func TestBirthOnATelephone(t *testing.T) {
	for _, scripts := range []bool{true, false} {
		t.Run(map[bool]string{true: "with scripts", false: "without scripts"}[scripts], func(t *testing.T) {
			s := newStage(t)
			w := s.openWindow(390)
			if !scripts {
				w.noScripts()
			}
			w.open("/")
			w.follow(`a[href="/services/birth"]`)
			w.follow(`form[action="/applications"] button`)
			if got := w.path(); got != "/applications" { // the sign-in page keeps what was asked for
				t.Fatalf("at %s", got)
			}
			w.follow(`button[value="` + tung + `"]`)
			at := w.path()
			w.follow(".lt-buttons a")
			w.do(chromedp.Click(chromedp.CSS(`input[value="ordinary"]`)))
			w.follow(".lt-buttons button")
			w.do(chromedp.Click(chromedp.CSS(`input[value="father"]`)))
			w.follow(".lt-buttons button")
			w.follow(".lt-buttons button") // the child: nothing to enter
			for _, name := range []string{"residence", "card", "identity"} {
				w.do(chromedp.Click(chromedp.CSS(`input[name="/choices/` + name + `"][value="true"]`)))
			}
			w.follow(".lt-buttons button")
			w.do(chromedp.Click(chromedp.CSS(`input[value="daughter"]`)))
			w.follow(".lt-buttons button")
			w.follow(".lt-buttons button") // health card
			w.do(chromedp.Click(chromedp.CSS(`input[value="post"]`)))
			if scripts { // the address appears at once
				w.do(chromedp.WaitVisible(chromedp.CSS(`select[name="/delivery/address/commune"]`)))
			} else { // and without scripts after the first click
				w.follow(".lt-buttons button")
			}
			w.do(chromedp.SetValue(chromedp.CSS(`select[name="/delivery/address/commune"]`), "26743"))
			w.follow(".lt-buttons button")
			if got := w.path(); got != at+"/pages/attachments" {
				t.Fatalf("at %s", got)
			}
			w.follow(".lt-buttons button")
			w.do(chromedp.Click(chromedp.CSS(`input[name="sure"]`)))
			w.follow(`form[action$="/file"] button`)
			if !strings.HasSuffix(w.path(), "/receipt") || !strings.Contains(w.text("main"), "GIẤY TIẾP NHẬN HỒ SƠ") {
				t.Fatalf("at %s: %s", w.path(), w.text("main"))
			}
			w.shoot("telephone-receipt")
		})
	}
}
