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
	"regexp"
	"slices"
	"strings"
	"sync"
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
	w.resize(wide)
	return w
}

func (w *window) resize(wide int64) {
	w.t.Helper()
	w.wide = wide
	w.do(chromedp.EmulateViewport(wide, 900))
}

// do runs actions.
func (w *window) do(actions ...chromedp.Action[chromedp.Void]) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, actions...); err != nil {
		where, _ := chromedp.Run(w.ctx, chromedp.Location())
		w.t.Fatalf("%v (at %s)", err, where)
	}
}

// act acts upon something that stands still.
func (w *window) act(css string, act chromedp.Action[chromedp.Void]) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.ctx, patience)
	defer cancel()
	if err := w.upon(ctx, css, act); err != nil {
		where, _ := chromedp.Run(w.ctx, chromedp.Location())
		w.t.Fatalf("%s: %v (at %s)", css, err, where)
	}
}

// be takes the cookies of a browser without scripts, and speaks a language. The page
// of whoever was here before is left first, with everything that it still asks for.
func (w *window) be(b *browser, lang string) {
	w.t.Helper()
	w.do(chromedp.Navigate("about:blank"))
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

// follow clicks something that leads to another page, and waits until that is there:
// loaded, or shown in place of the body by the script that sent a form.
func (w *window) follow(css string) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.ctx, patience)
	defer cancel()
	err := chromedp.Do(ctx, chromedp.Evaluate[chromedp.Void](`document.body.dataset.left = ""; 0`))
	if err == nil {
		err = w.click(ctx, css)
	}
	if err == nil {
		err = w.wait(ctx, `document.readyState === "complete" && document.body && document.body.dataset.left === undefined`)
	}
	if err == nil && w.cost != nil {
		err = w.cost.page(w, ctx)
	}
	if err != nil {
		where, _ := chromedp.Run(w.ctx, chromedp.Location())
		w.t.Fatalf("%s: %v (at %s)", css, err, where)
	}
}

// click clicks something that stands still, on a page that waits for nothing.
func (w *window) click(ctx context.Context, css string) error {
	return w.upon(ctx, css, chromedp.Click(chromedp.CSS(css)))
}

// upon acts upon something that stands still, on a page that waits for nothing. A page
// that is being changed may still take it away, or not show it yet: then nothing was
// pressed, and it is tried again.
func (w *window) upon(ctx context.Context, css string, act chromedp.Action[chromedp.Void]) error {
	for {
		if _, err := chromedp.Run(ctx, chromedp.WaitNotPresent(chromedp.CSS(".htmx-request"))); err != nil {
			return err
		}
		if err := w.still(ctx, css); err != nil {
			return err
		}
		err := chromedp.Do(ctx, act)
		if err == nil || ctx.Err() != nil || !gone.MatchString(err.Error()) {
			return err
		}
	}
}

// gone are the browser's words for an element that was taken away or is not laid out.
var gone = regexp.MustCompile(`(?i)\bnode\b|content quads|invalid dimensions|not focusable`)

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

// still waits until an element is where it was a moment ago: a click aims at a place.
func (w *window) still(ctx context.Context, css string) error {
	selector, err := json.Marshal(css)
	if err != nil {
		return err
	}
	where := `(e => e ? JSON.stringify(e.getBoundingClientRect()) : "")(document.querySelector(` + string(selector) + `))`
	last, again := "nowhere", time.NewTicker(20*time.Millisecond)
	defer again.Stop()
	for {
		if at, err := chromedp.Run(ctx, chromedp.Evaluate[string](where)); err == nil && at == last {
			return nil
		} else if err == nil {
			last = at
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%w: %s moves", ctx.Err(), css)
		case <-again.C:
		}
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
	ctx, cancel := context.WithTimeout(w.ctx, patience)
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
	ctx, cancel := context.WithTimeout(w.ctx, patience)
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
}

// fits reports what sticks out sideways.
func (w *window) fits(name string) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.ctx, patience)
	defer cancel()
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
	ctx, cancel := context.WithTimeout(w.ctx, patience)
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
	click string // what they click there; several with " then " between
}

// only opens some pages of the tour, by the names of their pictures:
// go test ./api/portal -run Tour -only 'dash.*-1280-vi'
var only = flag.String("only", "", "open the pages of the tour whose pictures' names match, as home-390-vi")

// TestTour opens every page in both languages and shows it at two widths: no violation
// of WCAG 2.2 AA that axe can see, in either language and at either width, nothing that
// sticks out, and pictures on demand.
func TestTour(t *testing.T) {
	chromium(t)
	s := newStage(t)
	w := s.openWindow(1280)
	stops := s.tour()
	toured(t, stops)
	defer w.do(chromedp.Navigate("about:blank")) // no stream stays open when a stage closes
	wanted := regexp.MustCompile(*only)
	for _, stop := range stops {
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
		{"slip-refusal", failed, "/cases/" + refused.Code + "/slips/residence/refusal", ""}, {"slip-supplement", other, "/cases/" + asked.Code + "/slips/birth/supplement", ""},
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
	w.do(chromedp.Evaluate[chromedp.Void](`window.stayed = true; 0`))
	connected := `document.querySelector("#stream")._htmx?.sse?.status === 200`
	ctx, cancel := context.WithTimeout(w.ctx, patience)
	defer cancel()
	if err := w.wait(ctx, connected); err != nil {
		t.Fatal(err)
	}
	tale.Staff("reception", "birth", "receive", nil)
	s.fine(tale)
	if err := w.wait(ctx, `document.querySelector("#case").textContent.includes("Tiếp nhận. Trạng thái")`); err != nil {
		t.Fatalf("%v: %s", err, w.text("main"))
	}
	if stayed, err := chromedp.Run(ctx, chromedp.Evaluate[bool](`window.stayed === true`)); err != nil || !stayed {
		t.Errorf("the page was loaded again: %v", err)
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
	drag := `window.stayed = true; const at = document.getElementById("at"); at.value = 3; at.dispatchEvent(new Event("input", {bubbles: true})); 0`
	w.do(chromedp.Evaluate[chromedp.Void](drag))
	ctx, cancel := context.WithTimeout(w.ctx, patience)
	defer cancel()
	if err := w.wait(ctx, `window.stayed && document.getElementById("moment").textContent.includes("Mục 3 trên") && document.querySelector("#moment img").src.includes("at=3")`); err != nil {
		t.Fatalf("%v: %s", err, w.text("main"))
	}
}
