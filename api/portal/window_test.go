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
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/dom"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
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

// window is a tab of a browser with scripts. What a test does to a page it does in one
// step of the page (act), once the page is ready, and what it expects it waits for: no
// test depends on how fast the machine or the browser is.
type window struct {
	t    *testing.T
	s    *stage
	ctx  context.Context
	wide int64
	cost *effort // what is counted of a person's work; nil = nothing
}

// shared is the one browser of the test binary; every window is a profile of its own.
var shared struct {
	once sync.Once
	ctx  context.Context
	stop func()
	err  error
}

func TestMain(m *testing.M) {
	code := m.Run()
	if shared.stop != nil {
		shared.stop()
	}
	os.Exit(code)
}

// openWindow opens a window of a width, which shares no cookies with others.
func (s *stage) openWindow(wide int64) *window {
	s.t.Helper()
	path := chromium(s.t)
	shared.once.Do(func() {
		opts := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.Flag("lang", "vi"))
		alloc, stop := chromedp.NewExecAllocator(context.Background(), opts...)
		ctx, cancel := chromedp.NewContext(alloc)
		shared.ctx, shared.stop = ctx, func() { cancel(); stop() }
		shared.err = chromedp.Do(ctx) // starts the browser
	})
	if shared.err != nil {
		s.t.Fatal(shared.err)
	}
	ctx, cancel := chromedp.NewContext(shared.ctx, chromedp.WithNewBrowserContext())
	s.t.Cleanup(cancel)
	if err := chromedp.Do(ctx); err != nil { // opens it: what a later call opens would end with that call
		s.t.Fatal(err)
	}
	w := &window{t: s.t, s: s, ctx: ctx}
	call(w, emulation.SetFocusEmulationEnabled, emulation.SetFocusEmulationEnabledParams{Enabled: true}) // also while another window is in front
	w.resize(wide)
	return w
}

func (w *window) resize(wide int64) {
	w.t.Helper()
	w.wide = wide
	w.do(chromedp.EmulateViewport(wide, 900))
}

// patient bounds one step at a window.
func (w *window) patient() (context.Context, context.CancelFunc) {
	return context.WithTimeout(w.ctx, patience)
}

// do runs actions.
func (w *window) do(actions ...chromedp.Action[chromedp.Void]) {
	w.t.Helper()
	ctx, cancel := w.patient()
	defer cancel()
	if err := chromedp.Do(ctx, actions...); err != nil {
		w.fail(err)
	}
}

// fail ends the test and says on which page.
func (w *window) fail(err error) {
	w.t.Helper()
	where, _ := chromedp.Run(w.ctx, chromedp.Location())
	w.t.Fatalf("%v (at %s)", err, where)
}

// call runs a command of the browser's protocol.
func call[P, R any](w *window, command cdp.Command[P, R], params P) R {
	w.t.Helper()
	var result R
	w.do(func(ctx context.Context, t *chromedp.Target) (_ chromedp.Void, err error) {
		result, err = cdp.Call(ctx, t, command, params)
		return chromedp.Void{}, err
	})
	return result
}

// eval gives the value of an expression on the page, promised values too.
func eval[T any](w *window, expr string) T {
	w.t.Helper()
	ctx, cancel := w.patient()
	defer cancel()
	value, err := chromedp.Run(ctx, chromedp.Evaluate[T](expr, chromedp.EvalAwaitPromise))
	if err != nil {
		w.fail(fmt.Errorf("%.200s: %w", expr, err))
	}
	return value
}

// run runs statements on the page.
func (w *window) run(statements string) {
	w.t.Helper()
	eval[chromedp.Void](w, statements+"; 0")
}

// js writes a text as an expression.
func js(text string) string {
	raw, err := json.Marshal(text)
	if err != nil {
		panic(err) // a string can always be written
	}
	return string(raw)
}

// be takes the cookies of a browser without scripts, and speaks a language. The page
// of whoever was here before is left first, with everything that it still asks for.
func (w *window) be(b *browser, lang string) {
	w.t.Helper()
	w.leave()
	call(w, network.ClearBrowserCookies, cdp.Empty{})
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
		call(w, network.SetCookie, network.SetCookieParams{Name: name, Value: value, URL: w.s.sys.URL})
	}
}

// leave leaves the page, with every stream and request of it.
func (w *window) leave() {
	w.t.Helper()
	w.do(chromedp.Navigate("about:blank"))
}

// open opens a page of the stage.
func (w *window) open(path string) {
	w.t.Helper()
	w.visit(w.s.sys.URL + path)
}

// visit opens a page by its whole address.
func (w *window) visit(address string) {
	w.t.Helper()
	w.do(chromedp.Navigate(address))
	w.sees(ready)
}

// ready is true of a page that is loaded, whose scripts have begun (where there are
// any), and which waits for no answer.
const ready = `(document.readyState === "complete" && !document.querySelector(".htmx-request") &&
	(document.documentElement.classList.contains("no-js") || [...document.querySelectorAll("[hx-get],[hx-post]")].every(e => e.dataset.htmxPowered)))`

// sees waits until an expression of the page is true.
func (w *window) sees(expr string) {
	w.t.Helper()
	ctx, cancel := w.patient()
	defer cancel()
	if err := w.wait(ctx, expr); err != nil {
		main, _ := chromedp.Run(w.ctx, chromedp.Evaluate[string](`document.querySelector("main")?.innerText ?? ""`))
		w.fail(fmt.Errorf("%w: %s", err, main))
	}
}

// wait looks every 20 ms whether an expression is true, over pages that come and go
// meanwhile. It asks from outside: a page whose scripts are off runs no timers either,
// and nothing that waited inside it would ever look again.
func (w *window) wait(ctx context.Context, expr string) error {
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	for {
		ok, err := chromedp.Run(ctx, chromedp.Evaluate[bool]("Boolean("+expr+")"))
		if err == nil && ok {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%w: %s (last %v)", ctx.Err(), expr, err)
		case <-again.C:
		}
	}
}

// act does something to an element as soon as a person could: the page is ready, and the
// element is laid out, not disabled, and lies under nothing else. Looking and doing are
// one step of the page, so nothing can move, change or be replaced between them.
func (w *window) act(css, what string) {
	w.t.Helper()
	step := `(e => {
		if (!` + ready + `) return "the page is not ready";
		if (!e) return "it is not there";
		if (e.disabled) return "it is disabled";
		e.scrollIntoView({block: "center", behavior: "instant"});
		const box = [...e.getClientRects()].find(r => r.width && r.height);
		if (!box) return "it is not laid out";
		const top = document.elementFromPoint(box.left + box.width / 2, box.top + box.height / 2);
		if (!top || !e.contains(top) && top.closest("label")?.control !== e) return "it lies under " + (top ? top.outerHTML.slice(0, 100) : "nothing");
		e.focus({preventScroll: true});
		` + what + `;
		return "";
	})(document.querySelector(` + js(css) + `))`
	by := func(p *runtime.EvaluateParams) { yes := true; p.UserGesture = &yes }
	ctx, cancel := w.patient()
	defer cancel()
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	for {
		not, err := chromedp.Run(ctx, chromedp.Evaluate[string](step, by))
		if err != nil {
			w.fail(fmt.Errorf("%s: %w", css, err))
		}
		if not == "" {
			return
		}
		select {
		case <-ctx.Done():
			w.fail(fmt.Errorf("%s: %s", css, not))
		case <-again.C:
		}
	}
}

// leaving marks the page that is about to be left; left waits for the next one: loaded,
// or shown in place of the body by the script that sent a form.
const leaving = `document.body.dataset.left = ""`

func (w *window) left() {
	w.t.Helper()
	w.sees(`document.body && document.body.dataset.left === undefined && ` + ready)
	if w.cost != nil {
		w.cost.page(w)
	}
}

// follow clicks something that leads to another page, and waits until that is there.
func (w *window) follow(css string) {
	w.t.Helper()
	w.act(css, leaving+"; e.click()")
	w.left()
}

// tap clicks something that leads to no other page.
func (w *window) tap(css string) {
	w.t.Helper()
	w.act(css, "e.click()")
	if w.cost != nil {
		w.cost.clicks, w.cost.choices = w.cost.clicks+1, w.cost.choices+1
	}
}

// enter types into an empty field.
func (w *window) enter(name, text string) {
	w.t.Helper()
	w.act(`input[name=`+js(name)+`]`, `document.execCommand("insertText", false, `+js(text)+`); if (e.value !== `+js(text)+`) throw new Error("it holds " + e.value)`)
	if w.cost != nil {
		w.cost.typed(text)
	}
}

// set gives a field or a list a value, and tells the page so.
func (w *window) set(css, value string) {
	w.t.Helper()
	w.act(css, `e.value = `+js(value)+`; if (e.value !== `+js(value)+`) throw new Error("it holds " + e.value);
		for (const kind of ["input", "change"]) e.dispatchEvent(new Event(kind, {bubbles: true}))`)
}

// upload chooses files.
func (w *window) upload(css string, files ...string) {
	w.t.Helper()
	input := `document.querySelector(` + js(css) + `)`
	w.sees(ready + ` && ` + input)
	at := eval[*runtime.RemoteObject](w, input)
	call(w, dom.SetFileInputFiles, dom.SetFileInputFilesParams{Files: files, ObjectID: at.ObjectID})
	w.sees(fmt.Sprintf(`%s.files.length === %d`, input, len(files)))
}

func (w *window) path() string {
	w.t.Helper()
	return eval[string](w, `location.pathname`)
}

// text is what stands in an element, once it is there.
func (w *window) text(css string) string {
	w.t.Helper()
	at := `document.querySelector(` + js(css) + `)`
	w.sees(ready + ` && ` + at)
	return eval[string](w, at+`.innerText`)
}

// says waits until the page has every one of the texts.
func (w *window) says(texts ...string) {
	w.t.Helper()
	raw, err := json.Marshal(texts)
	if err != nil {
		w.t.Fatal(err)
	}
	w.sees(ready + ` && (said => ` + string(raw) + `.every(text => said.includes(text)))(document.querySelector("main").innerText)`)
}

// has tells whether something is on the page.
func (w *window) has(css string) bool {
	w.t.Helper()
	w.sees(ready)
	return eval[bool](w, `document.querySelector(`+js(css)+`) !== null`)
}

// noScripts turns scripts off, as some people do.
func (w *window) noScripts() {
	w.t.Helper()
	call(w, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
}

// accessible runs axe over the page, which is kept from changing meanwhile, and reports
// every violation of WCAG 2.2 AA.
func (w *window) accessible(name string) {
	w.t.Helper()
	w.sees(ready)
	const run = `(async () => {
		const hold = e => e.preventDefault();
		document.addEventListener("htmx:before:request", hold);
		try {
			const r = await axe.run(document, {runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]});
			return {checked: r.passes.length, wrong: r.violations.map(v => v.id + ": " + v.help + ": " + v.nodes.slice(0, 3).map(n => n.html.slice(0, 200)).join(" | "))};
		} finally {
			document.removeEventListener("htmx:before:request", hold);
		}
	})()`
	w.run(axe)
	found := eval[struct {
		Checked int
		Wrong   []string
	}](w, run)
	if found.Checked < 10 {
		w.t.Errorf("%s: axe checked %d rules only", name, found.Checked)
	}
	for _, x := range found.Wrong {
		w.t.Errorf("%s at %d px: %s", name, w.wide, x)
	}
}

// fits reports what sticks out sideways.
func (w *window) fits(name string) {
	w.t.Helper()
	w.sees(ready)
	if out := eval[int](w, `document.documentElement.scrollWidth - document.documentElement.clientWidth`); out > 0 {
		w.t.Errorf("%s at %d px: %d px stick out", name, w.wide, out)
	}
	if touched := eval[string](w, `[...document.querySelectorAll(".lt-rows+*")].filter(x => x.offsetHeight && x.getBoundingClientRect().top - x.previousElementSibling.getBoundingClientRect().bottom < 8).map(x => x.textContent.trim().slice(0, 40)).join(" | ")`); touched != "" {
		w.t.Errorf("%s at %d px: touches the list above: %s", name, w.wide, touched)
	}
}

// shoot keeps a picture of the whole page.
func (w *window) shoot(name string) {
	w.t.Helper()
	if !*shots {
		return
	}
	w.sees(ready)
	ctx, cancel := w.patient()
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
