package portal_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// signIn changes who sits at a window.
func (w *window) signIn(account string) {
	w.t.Helper()
	w.be(w.s.browse(account), "vi")
}

// take takes an action of a dossier by its button, or through the page of its form.
func (w *window) take(code, step, action string, fill ...func()) {
	w.t.Helper()
	at := "/dossiers/" + code + "/" + step
	w.open(at)
	button := fmt.Sprintf(`form[action="%s/%s"] > button:last-of-type`, at, action)
	if len(fill) > 0 || w.has(fmt.Sprintf(`a[href="%s/%s"]`, at, action)) {
		w.follow(fmt.Sprintf(`a[href="%s/%s"]`, at, action))
		for _, f := range fill {
			f()
		}
		button = ".lt-desk-form > .lt-buttons button"
	}
	w.follow(button)
	if got := w.path(); got != at {
		w.t.Fatalf("%s led to %s: %s", action, got, w.text("main"))
	}
	w.s.settle()
}

// A birth from sign-in to the downloaded health card, by four people at four
// browsers: the father, the commune, the police, the insurance office. On the way the
// commune asks for a supplement, which the father answers.
func TestBirthByFourPeople(t *testing.T) {
	t.Parallel()
	chromium(t)
	s := newStage(t)
	father, commune := s.openWindow(390), s.openWindow(1280)
	police, insurance := s.openWindow(1280), s.openWindow(1280)
	code := father.fileBirth(true)
	at := "/cases/" + code

	commune.signIn("reception.civil_status_26743")
	commune.open("/inbox")
	commune.follow(`.lt-item a`)
	if got := commune.path(); got != "/dossiers/"+code+"/birth" {
		t.Fatalf("the inbox leads to %s", got)
	}
	commune.take(code, "birth", "receive")
	commune.signIn("officer.civil_status_26743")
	commune.take(code, "birth", "request_supplement", func() {
		commune.set(`[name="item0-what"]`, "original")
		commune.set(`[name="item0-name"]`, "Căn cước của cha")
		commune.set(`[name="item0-reason"]`, "Đối chiếu")
	})
	father.open(at + "/supplement")
	father.says("Căn cước của cha", "Đối chiếu")
	father.set(`textarea`, "Tôi đã mang đến quầy.")
	father.follow(".lt-buttons button")
	s.settle()
	commune.take(code, "birth", "draft")
	father.open(at + "/parts/birth/confirm")
	father.follow(".lt-buttons button")
	s.settle()
	commune.signIn("leader.civil_status_26743")
	commune.open("/dossiers/" + code + "/birth")
	commune.says("Chờ quyết định: Lập dự thảo Giấy khai sinh", "Ngô Khánh Vy")
	commune.take(code, "birth", "sign")

	police.signIn("officer.police_26743")
	police.take(code, "residence", "check", func() {
		police.set(`[name="/household"]`, "SG-0001")
		police.set(`[name="/relation"]`, "daughter")
		police.tap(`[name="/consent_shown_by"][value="requester_entitled"]`)
	})
	police.open("/dossiers/" + code + "/residence")
	if police.has(`form[action$="/approve"]`) {
		t.Error("whoever proposed may approve")
	}
	police.signIn("leader.police_26743")
	police.take(code, "residence", "approve")

	insurance.signIn(s.officeOf(code, "officer", "card"))
	insurance.open("/inbox")
	insurance.says("Ngô Khánh Vy")
	insurance.take(code, "card", "approve")

	father.open(at + "/results/card")
	father.says("THẺ BẢO HIỂM Y TẾ", "TE1")
	kept := eval[string](father, `fetch(document.querySelector('a[href$="?file"]').href).then(async r => r.headers.get("Content-Disposition").split(";")[0] + " " + await r.text())`)
	if !strings.HasPrefix(kept, "attachment ") || !strings.Contains(kept, "Ngô Khánh Vy") {
		t.Errorf("the card to keep: %.200s", kept)
	}
}

// officeOf is the account of a role at the office where a part is.
func (s *stage) officeOf(code, role, step string) string {
	s.t.Helper()
	c, err := s.sys.Store.Load(s.t.Context(), code)
	if err != nil {
		s.t.Fatal(err)
	}
	return role + "." + c.Dossier(step).Office
}

// The residence is refused while an officer still writes: what the officer typed is
// kept and told; the citizen reads why, and may file the part again.
func TestRefusedUnderAnOfficersHands(t *testing.T) {
	t.Parallel()
	chromium(t)
	s := newStage(t)
	tale := s.begin("birth-consent-declined").Registered()
	tale.By("048055000501", "residence", "decline", map[string]any{"reason": "Chỗ ở chật"})
	s.fine(tale)
	officer, boss := s.openWindow(1280), s.openWindow(1280)
	officer.signIn(tale.Clerk("officer", "residence"))
	officer.open("/dossiers/" + tale.Code + "/residence/request_supplement")
	officer.set(`[name="item0-name"]`, "Hợp đồng thuê nhà")
	officer.set(`[name="item0-reason"]`, "Chứng minh chỗ ở khác")
	boss.signIn(tale.Clerk("leader", "residence"))
	boss.take(tale.Code, "residence", "refuse", func() { boss.set(`[name="/reason"]`, "Chủ hộ không đồng ý") })
	officer.follow(".lt-desk-form > .lt-buttons button")
	officer.says("không còn mở ở trạng thái mới", "Hợp đồng thuê nhà", "Chứng minh chỗ ở khác", "Lãnh đạo đã xử lý hồ sơ này", "Từ chối đăng ký thường trú (CT06)")
	officer.accessible("desk-gone")
	officer.shoot("desk-gone")
	s.browse(tale.Citizen).open("/cases/"+tale.Code).want(200).says("Chủ hộ không đồng ý", "Nộp lại phần này")
}

// The desk by keyboard alone: find, walk the list, open, act.
func TestTheDeskByKeyboard(t *testing.T) {
	chromium(t)
	s := newStage(t)
	tale := s.begin("birth-b4")
	s.fine(s.begin("death-o4"))
	w := s.openWindow(1280)
	w.signIn(reception)
	w.open("/inbox")
	focus := func() string {
		w.t.Helper()
		return eval[string](w, `(e => e.id || e.textContent.trim())(document.activeElement)`)
	}
	w.do(chromedp.KeyEvent(kb.Tab))
	if got := focus(); got != "Đến nội dung chính" {
		t.Errorf("the first stop is %q", got)
	}
	w.do(altT)
	if got := focus(); got != "text" {
		t.Errorf("Alt+T leads to %q", got)
	}
	// Into the list, along it, select, open.
	w.run(`document.querySelector(".lt-item a").focus()`)
	w.do(chromedp.KeyEvent(kb.ArrowDown))
	second := focus()
	w.do(chromedp.KeyEvent(kb.ArrowUp))
	if first := focus(); first == second || first == "" {
		t.Errorf("arrows lead from %q to %q", first, second)
	}
	w.do(chromedp.KeyEvent(kb.End), chromedp.KeyEvent(" "))
	if picked := eval[int](w, `document.querySelectorAll("[name=pick]:checked").length`); picked != 1 {
		t.Errorf("%d selected by space", picked)
	}
	w.do(altT, chromedp.KeyEvent(tale.Code))
	w.press(kb.Enter) // a code leads to its dossier
	if got := w.path(); got != "/dossiers/"+tale.Code+"/birth" {
		t.Fatalf("the code leads to %s", got)
	}
	for range 20 {
		w.do(chromedp.KeyEvent(kb.Tab))
		if focus() == "Tiếp nhận" {
			break
		}
	}
	w.press(kb.Enter)
	w.says("Đã ghi nhận")
	s.settle()
	if got := tale.Now().Dossier("birth").State; got != "received" {
		t.Errorf("birth is %s", got)
	}
}

// altT presses Alt and T, with the letter that chromedp leaves out beside Alt.
func altT(ctx context.Context, t *chromedp.Target) (chromedp.Void, error) {
	for _, kind := range []input.DispatchKeyEventType{input.DispatchKeyEventTypeRawKeyDown, input.DispatchKeyEventTypeKeyUp} {
		_, err := cdp.Call(ctx, t, input.DispatchKeyEvent, input.DispatchKeyEventParams{Type: kind, Modifiers: 1, Key: "t", Code: "KeyT", UnmodifiedText: "t", WindowsVirtualKeyCode: 84})
		if err != nil {
			return chromedp.Void{}, err
		}
	}
	return chromedp.Void{}, nil
}

// press presses a key that leads to another page.
func (w *window) press(key string) {
	w.t.Helper()
	w.sees(ready)
	w.run(leaving)
	w.do(chromedp.KeyEvent(key))
	w.left()
}

// A batch in a browser with scripts: chosen in the list, its form filled in once, a
// result for each.
func TestBatchInABrowser(t *testing.T) {
	chromium(t)
	s := newStage(t)
	one := s.begin("birth-b4")
	w := s.openWindow(390)
	w.signIn(reception)
	w.open("/inbox")
	w.clicks(`.lt-item input[value*="` + one.Code + `"] then form[action="/batch"] button then input[value="reject_reception"] then .lt-buttons button`)
	w.says("được ghi như nhau", "Lý do từ chối")
	w.set(`[name="/reason"]`, "Nộp trùng")
	w.follow(".lt-buttons button")
	w.says("Đã xử lý 1 trên 1 hồ sơ", "Đã xong")
	w.accessible("batch done")
}
