package portal_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"mime/multipart"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"lienthong/cmd/lienthong/story"
	"lienthong/workflows"
)

// upload hands a paper to the surface and returns its id.
func (b *browser) upload(name string, content []byte) string {
	b.t.Helper()
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	part, err := w.CreateFormFile("file", name)
	if err == nil {
		_, err = part.Write(content)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		b.t.Fatal(err)
	}
	at, err := url.Parse(b.s.sys.URL)
	if err != nil {
		b.t.Fatal(err)
	}
	token := ""
	for _, c := range b.http.Jar.(*cookiejar.Jar).Cookies(at) {
		if c.Name == "lienthong_session" {
			token = c.Value
		}
	}
	r := b.do("POST", "/api/v1/documents", &body, "Content-Type", w.FormDataContentType(), "Authorization", "Bearer "+token).want(201)
	var d struct{ ID string }
	if err := json.Unmarshal([]byte(r.body), &d); err != nil {
		b.t.Fatal(err)
	}
	return d.ID
}

// aPDF is a page that says something.
func aPDF() []byte {
	var b bytes.Buffer
	var at []int
	b.WriteString("%PDF-1.4\n")
	const text = "BT /F1 28 Tf 60 700 Td (Giay chung nhan ket hon) Tj ET"
	for i, o := range []string{"<</Type/Catalog/Pages 2 0 R>>", "<</Type/Pages/Kids[3 0 R]/Count 1>>",
		"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>",
		fmt.Sprintf("<</Length %d>>stream\n%s\nendstream", len(text), text), "<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>"} {
		at = append(at, b.Len())
		fmt.Fprintf(&b, "%d 0 obj%sendobj\n", i+1, o)
	}
	x := b.Len()
	fmt.Fprintf(&b, "xref\n0 6\n0000000000 65535 f \n")
	for _, n := range at {
		fmt.Fprintf(&b, "%010d 00000 n \n", n)
	}
	fmt.Fprintf(&b, "trailer<</Size 6/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n", x)
	return b.Bytes()
}

// aPNG is a picture of a paper.
func aPNG(t *testing.T) []byte {
	t.Helper()
	m := image.NewRGBA(image.Rect(0, 0, 600, 400))
	for x := range 600 {
		for y := range 400 {
			m.Set(x, y, color.RGBA{uint8(200 + x/30), uint8(210 + y/40), 230, 255})
		}
	}
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// papers adds three papers to an application: a PDF, a picture, and one that no
// browser shows.
func papers(t *testing.T, b *browser) func(app map[string]any) {
	t.Helper()
	marriage, notice, xml := b.upload("kết hôn.pdf", aPDF()), b.upload("chứng sinh.png", aPNG(t)), b.upload("chứng sinh.xml", []byte(`<?xml version="1.0"?><a/>`))
	return func(app map[string]any) {
		app["attachments"] = []any{
			map[string]any{"kind": "marriage_certificate", "document": marriage, "name": "Giấy chứng nhận kết hôn"},
			map[string]any{"kind": "birth_notice", "document": notice, "name": "Giấy chứng sinh"},
			map[string]any{"kind": "other", "document": xml, "name": "Bản điện tử"},
		}
	}
}

// deskTour is the part of the tour for those who work on dossiers: a stage of its own,
// since its cases are filed for the same children.
func deskTour(t *testing.T) []stopover {
	t.Helper()
	s := newStage(t)
	first, officer, boss := s.browse(reception), s.browse(clerk), s.browse(leader)
	signed := s.begin("birth-b4", papers(t, s.browse(tuan)))
	signed.Staff("reception", "birth", "receive", nil).Draft().Applicant("birth", "confirm", nil)
	s.fine(s.begin("death-o4"))
	asked := s.begin("birth-unknown-father")
	asked.Staff("reception", "birth", "receive", nil)
	far := s.browse(asked.Clerk("officer", "birth"))
	refused := s.begin("birth-requester-is-head")
	refused.Staff("reception", "birth", "reject_reception", map[string]any{"reason": "Đã có hồ sơ khác cho trẻ này.", "legal_basis": "NĐ 123/2015 Điều 16"})
	near := s.browse(refused.Clerk("reception", "birth"))
	gone := s.begin("birth-consent-declined").Applicant("", "withdraw", map[string]any{"reason": "Khai nhầm nơi đăng ký"})
	nigh := s.browse(gone.Clerk("reception", "birth"))
	late := s.begin("birth-marriage-unknown")
	late.Staff("reception", "birth", "receive", nil).Staff("officer", "birth", "apologise", map[string]any{"reason": "Chờ xác minh tại xã khác", "new_due": "2026-09-09T17:00:00+07:00"})
	late.Staff("officer", "birth", "request_supplement", map[string]any{"legal_basis": "NĐ 123/2015 Điều 9", "items": []any{
		map[string]any{"kind": "paper", "about": "Giấy chứng nhận kết hôn", "reason": "Bản chụp bị mờ"},
		map[string]any{"kind": "field", "about": "/child/birth_date", "reason": "Khác với giấy chứng sinh"},
	}})
	s.fine(asked)
	s.fine(refused)
	s.fine(gone)
	s.fine(signed)
	s.fine(late)
	slow, waiting := s.browse(late.Clerk("officer", "birth")), s.browse(late.Citizen)
	slips := "/dossiers/" + late.Code + "/birth/slips/"
	pick := `.lt-item input[value*="` + signed.Code + `"] then form[action="/batch"] button`
	at, open := "/dossiers/"+signed.Code+"/birth", "/dossiers/"+asked.Code+"/birth"
	return []stopover{
		{"desk-inbox", officer, "/inbox", ""}, {"desk-inbox-filter", officer, "/inbox?where=birth_registration/signing&ended=1", ""}, {"desk-inbox-none", officer, "/inbox?overdue=1", ""},
		{"desk-dossier", boss, at, ""}, {"desk-dossier-officer", far, open, ""},
		{"desk-draft", far, open + "/draft", ""}, {"desk-supplement", far, open + "/request_supplement", ""},
		{"desk-supplement-wrong", far, open + "/request_supplement", ".lt-desk-form > .lt-buttons button"},
		{"desk-transfer", far, open + "/transfer", ""}, {"desk-assign", boss, at + "/assign", ""}, {"desk-refuse", boss, at + "/refuse", ".lt-desk-form > .lt-buttons button"},
		{"desk-refusal", near, "/cases/" + refused.Code + "/results/birth", ""}, {"desk-slip-control", officer, at + "/slips/control", ""},
		{"desk-batch", boss, "/inbox", pick}, {"desk-batch-form", boss, "/inbox", pick + ` then input[value="refuse"] then .lt-buttons button`},
		{"desk-batch-done", boss, "/inbox", pick + ` then input[value="claim"], input[value="release"] then .lt-buttons button`},
		{"desk-slip-supplement", slow, slips + "supplement", ""}, {"desk-slip-apology", slow, slips + "apology", ""},
		{"case-slip", waiting, "/cases/" + late.Code + "/slips/birth/apology", ""},
		{"desk-slip-stop", nigh, "/dossiers/" + gone.Code + "/birth/slips/stop", ""},
		{"counter", first, "/counter", ""}, {"counter-wrong", first, "/counter", ".lt-page form button"},
	}
}

// picks posts what the list's checkboxes of the first rows would.
func (b *browser) picks(n int) []string {
	b.t.Helper()
	var out []string
	for _, f := range b.open("/inbox").want(200).forms() {
		for _, in := range all(f, func(n *html.Node) bool { name, _ := attr(n, "name"); return name == "pick" }) {
			if v, _ := attr(in, "value"); len(out) < n {
				out = append(out, v)
			}
		}
	}
	if len(out) != n {
		b.t.Fatalf("%d rows, want %d", len(out), n)
	}
	return out
}

// A birth and a death at one office: found by name without diacritics and by code, filtered,
// kept as a view; nothing personal in any address.
func TestInbox(t *testing.T) {
	s := newStage(t)
	one := s.begin("birth-b4")
	s.begin("death-o4")
	b := s.browse(reception)
	r := b.open("/inbox").want(200).says("Nguyễn Trần An Nhiên", "Đang mở")
	find := func(text string) reply { return b.form(r, "/inbox").set("text", text).send().want(200) }
	if got := find("tran an nhien"); !strings.Contains(got.body, "1 hồ sơ khớp với") || got.path != "/inbox" {
		t.Errorf("by name: %s %s", got.path, got.main())
	}
	if got := find(strings.ToLower(one.Code)); got.path != "/dossiers/"+one.Code+"/birth" {
		t.Errorf("by code: %s", got.path)
	}
	find("khong co ai").says("Không có hồ sơ nào của cơ quan khớp với")
	b.open("/inbox?where=birth_registration/signing").want(200).says("Không có hồ sơ nào.").saysNot("An Nhiên")
	b.open("/inbox?where=birth_registration/submitted").want(200).says("An Nhiên")
	b.take(one.Code, "birth", "claim").want(200)
	mine := b.open("/inbox?assignee=me").want(200).says("An Nhiên", "Đang giữ: Cán bộ một cửa", "1 hồ sơ")
	keep := b.form(mine, "/inbox/views")
	keep.send().want(422).says("Hãy đặt tên cho bộ lọc")
	kept := keep.set("name", "Việc của tôi").send().want(200).says("Việc của tôi", "An Nhiên", "1 hồ sơ")
	b.open("/inbox?view=nothing").want(404)
	s.browse(clerk).open("/inbox").want(200).saysNot("Việc của tôi")
	b.form(kept, "/inbox/views/delete").send().want(200).saysNot("Việc của tôi")
	one.Later(4 * 24 * time.Hour)
	b.take(one.Code, "birth", "receive")
	s.settle()
	one.Later(3 * 24 * time.Hour)
	b.open("/inbox?overdue=1").want(200).says("Quá hạn", "lt-item-late", "An Nhiên")
	b.lang = "en"
	b.open("/inbox").want(200).says("Birth registration", "the most urgent first")
	for _, path := range []string{"/inbox/views", "/inbox/views/delete", "/batch", "/batch/run"} { // posted to, and opened after a reload
		if r := b.open(path).want(200); r.path != "/inbox" {
			t.Errorf("%s leads to %s", path, r.path)
		}
	}
}

// One action on several dossiers, a result for each: one that changed since the list
// was shown is left alone.
func TestBatchOnPages(t *testing.T) {
	s := newStage(t)
	one := s.begin("birth-b4")
	s.begin("death-o4")
	b := s.browse(reception)
	rows := strings.Count(b.open("/inbox").body, `name="pick"`)
	if rows < 2 {
		t.Fatalf("%d dossiers", rows)
	}
	picks := b.picks(rows)
	one.By(leader, "birth", "assign", map[string]any{"account": clerk})
	s.fine(one)
	r := b.post("/batch", url.Values{"pick": picks}).want(200).says("Tiếp nhận", "mở ở "+fmt.Sprint(rows)+" hồ sơ")
	f := b.form(r, "/batch/run")
	f.fields["pick"] = picks
	f.send().want(422).says("Hãy chọn một thao tác")
	f.fields.Set("take", "receive")
	r = f.send().want(200).says("Đã xử lý "+fmt.Sprint(rows-1)+" trên "+fmt.Sprint(rows), "Lãnh đạo vừa xử lý hồ sơ này lúc")
	if again := f.send().want(200); strings.Count(again.body, "Đã xong") != strings.Count(r.body, "Đã xong") { // a second click repeats nothing
		t.Errorf("the second click: %s", again.main())
	}
	s.settle()
	if got := one.Now().Dossier("birth").State; got != "submitted" {
		t.Errorf("the one that changed is %s", got)
	}
	boss := s.browse(leader)
	boss.post("/batch", url.Values{"pick": boss.picks(1)}).want(200).says("Giao cho (chỉ khi phân công)") // not asked for another action
	b.post("/batch", url.Values{"pick": {"nonsense"}}).want(400)
	b.post("/batch", nil).want(422).says("Hãy chọn ít nhất một hồ sơ")
}

// An action whose form may be answered once for all is taken on many; what asks about
// each dossier is named, with the reason.
func TestBatchWithOneForm(t *testing.T) {
	s := newStage(t)
	one, two := s.begin("birth-b4"), s.begin("death-o4")
	s.fine(one)
	s.fine(two)
	b := s.browse(reception)
	picks := b.picks(strings.Count(b.open("/inbox").body, `name="pick"`))
	r := b.post("/batch", url.Values{"pick": picks}).want(200).
		says("Từ chối tiếp nhận…", "Thao tác không làm chung được", "Hỏi về người hoặc giấy tờ của từng hồ sơ", "Mỗi hồ sơ đến cơ quan có thẩm quyền của riêng nó")
	f := b.form(r, "/batch/run")
	f.fields["pick"] = picks
	f.fields.Set("take", "reject_reception")
	ask := b.form(f.send().want(200).says("được ghi như nhau", "Lý do từ chối"), "/batch/run")
	ask.fields["pick"] = picks
	ask.send().want(422).says("bắt buộc")
	done := ask.set("/reason", "Nộp trùng hồ sơ đã có").send().want(200).says(fmt.Sprintf("Đã xử lý %d trên %d", len(picks), len(picks)))
	if again := ask.send().want(200); again.body == "" || strings.Count(again.body, "Đã xong") != strings.Count(done.body, "Đã xong") {
		t.Errorf("the second press: %s", again.main())
	}
	s.settle()
	b.open("/cases/"+one.Code+"/results/birth").want(200).says("Nộp trùng hồ sơ đã có", "từ chối tiếp nhận hồ sơ "+one.Code)
	b.post("/batch/run", url.Values{"pick": picks, "take": {"reject_reception"}, "form": {"no_such_form"}}).want(400)
}

// Papers are shown beside the declaration from this host; what may run something is
// handed out instead.
func TestPapersBesideTheDeclaration(t *testing.T) {
	s := newStage(t)
	tale := s.begin("birth-b4", papers(t, s.browse(tuan)))
	b := s.browse(reception)
	r := b.dossier(tale.Code, "birth").says("Giấy tờ (3)", "<iframe", "<img src=\"/papers/")
	if got := r.header.Get("Content-Security-Policy"); !strings.Contains(got, "frame-src 'self'") || strings.Contains(got, "script-src 'unsafe") {
		t.Errorf("policy %q", got)
	}
	pdf := strings.ReplaceAll(r.find(`<iframe src="([^"#]+)#`), "&amp;", "&")
	r.says(`href="`+strings.ReplaceAll(pdf, "&", "&amp;")+`" target="_blank"`, `download="kết hôn.pdf"`) // for browsers without a viewer of their own
	p := b.open(pdf).want(200)
	if p.header.Get("Content-Type") != "application/pdf" || !strings.HasPrefix(p.header.Get("Content-Disposition"), "inline") || !strings.Contains(p.header.Get("Content-Security-Policy"), "frame-ancestors 'self'") {
		t.Errorf("the PDF: %v", p.header)
	}
	xml := strings.ReplaceAll(r.find(`<p class="lt-paper">[^<]*<span[^>]*>[^<]*</span> <a class="ds-link" href="([^"]+)"`), "&amp;", "&")
	if x := b.open(xml).want(200); !strings.HasPrefix(x.header.Get("Content-Disposition"), "attachment") || !strings.Contains(x.header.Get("Content-Security-Policy"), "sandbox") {
		t.Errorf("the XML: %v", x.header)
	}
	s.browse("officer.civil_status_00070").open(pdf).want(404)
	s.browse(tuan).open(pdf).want(403)
}

// What is missing is asked for item by item; a field by its label. The citizen sees
// one list.
func TestAskForASupplement(t *testing.T) {
	s := newStage(t)
	tale := s.begin("birth-b4")
	tale.Staff("reception", "birth", "receive", nil)
	s.fine(tale)
	b := s.browse(clerk)
	at := "/dossiers/" + tale.Code + "/birth/request_supplement"
	f := b.form(b.open(at).want(200).says("Ngày sinh: 28/08/2026"), at)
	f.send().want(422).says("Hãy ghi tên giấy tờ", "Hãy ghi lý do", `href="#f-item0-name"`)
	r := f.set("item0-name", "Giấy chứng nhận kết hôn").send("more").want(200).says("Nội dung 2", "Giấy chứng nhận kết hôn")
	f = b.form(r, at).set("item0-reason", "Bản chụp bị mờ", "item1-what", "field:/child/birth_date", "item1-reason", "Khác với giấy chứng sinh", "legal", "NĐ 123/2015 Điều 9")
	f.fields.Del("do")
	f.send().want(200).says("Đã ghi nhận", "Chờ bổ sung", "Bản chụp bị mờ", "Ngày sinh", "tạm dừng")
	s.browse(tuan).open("/cases/" + tale.Code).want(200).says("Có 2 nội dung cần bổ sung")
	slip := b.open("/dossiers/" + tale.Code + "/birth/slips/supplement").want(200)
	slip.says("PHIẾU YÊU CẦU BỔ SUNG, HOÀN THIỆN HỒ SƠ", "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", "<em>Phường Ba Đình, ngày 07 tháng 9 năm 2026</em>", "Kính gửi: <strong>Nguyễn Minh Tuấn", "Ngày sinh", "NĐ 123/2015 Điều 9")
	b.lang = "en"
	b.open("/dossiers/"+tale.Code+"/birth/slips/supplement").want(200).says("Supplement", "<p>Cán bộ thụ lý</p>") // the slip stays Vietnamese
	b.lang = "vi"
	b.open("/cases/" + tale.Code + "/results/birth").want(404)
	b.open("/dossiers/" + tale.Code + "/birth/slips/nothing").want(404)
}

// What the applicant left open can be asked for too; what they answer stands in the form
// that comes next.
func TestAskForWhatWasLeftOpen(t *testing.T) {
	s := newStage(t)
	tale := s.begin("birth-b4")
	tale.Staff("reception", "birth", "receive", nil)
	s.fine(tale)
	b, at := s.browse(clerk), "/dossiers/"+tale.Code+"/birth"
	r := b.open(at + "/request_supplement").want(200).says(`<option value="field:/mother/passport">Số hộ chiếu (nếu không có số định danh): chưa khai</option>`)
	b.form(r, "/request_supplement").set("item0-what", "field:/mother/passport", "item0-reason", "Ghi vào sổ").send().want(200).says("Số hộ chiếu (nếu không có số định danh) (Mẹ)")
	me, mine := s.browse(tuan), "/cases/"+tale.Code+"/supplement"
	r = me.open(mine).want(200).says("Số hộ chiếu", "viết rõ ở ghi chú")
	me.form(r, "/supplement").set(r.find(`name="(/items/[^"]+/value)"`), "C1234567").send().want(200).says("Đã ghi nhận").saysNot("Việc bạn cần làm")
	s.settle()
	b.open(at + "/draft").want(200).says(`value="C1234567"`)
}

// Two clerks open the same form. Whoever is slower keeps what was typed and reads who
// changed what; where the action is gone, it is shown for reading.
func TestTwoClerks(t *testing.T) {
	s := newStage(t)
	tale := s.begin("birth-b4")
	tale.Staff("reception", "birth", "receive", nil)
	s.fine(tale)
	b := s.browse(clerk)
	at := "/dossiers/" + tale.Code + "/birth"
	ask := b.form(b.open(at+"/ask_verification").want(200), "/ask_verification").set("/commune", "00070", "/question", "Đã kết hôn chưa?")
	tale.By(leader, "birth", "assign", map[string]any{"account": reception})
	s.fine(tale)
	r := ask.send().want(412).says("Lãnh đạo đã xử lý hồ sơ này lúc", "Đã kết hôn chưa?", `value="00070" selected`, "Đã có những thay đổi sau")
	again := b.form(r, "/ask_verification")

	tale.Draft()
	s.fine(tale)
	again.send().want(409).says("không còn mở ở trạng thái mới", "Phường Hoàn Kiếm, Thành phố Hà Nội", "Đã kết hôn chưa?", "Trạng thái bây giờ: Chờ xác nhận bản dự thảo")
	if got := tale.Now().Dossier("birth").State; got != "confirming" {
		t.Errorf("birth is %s", got)
	}
}

// A dossier sent to the wrong office goes to the competent one; the first keeps
// sight of it and has nothing to do any more.
func TestTransfer(t *testing.T) {
	s := newStage(t)
	tale := s.begin("birth-b4", func(app map[string]any) { app["residence"].(map[string]any)["commune"] = "20242" })
	s.fine(tale)
	b := s.browse(reception)
	at := "/dossiers/" + tale.Code + "/birth/transfer"
	f := b.form(b.open(at).want(200).says("Theo nơi ghi trong tờ khai", "Nơi đăng ký thường trú", "UBND phường Hoàn Kiếm").saysNot("Công an phường"), at)
	f.send().want(422).says("Hãy chọn cơ quan", "Hãy ghi lý do")
	found := f.set("find", "an hai", "reason", "Cư trú nơi khác").send("find").want(200).says("khớp với “an hai”", "UBND phường An Hải", "Cư trú nơi khác").saysNot("Hoàn Kiếm")
	if typed := b.form(found, at).set("find", "hoan kiem").send().want(200); !contains(typed.body, "UBND phường Hoàn Kiếm") { // Enter in the field searches, and sends nothing
		t.Errorf("Enter: %s", typed.main())
	}
	f.set("find", "không có nơi này").send("find").want(200).says("Không có cơ quan cùng loại nào khớp")
	f.set("find", "").fields.Del("do")
	f.set("office", "civil_status_00070", "reason", "Cư trú ở Hoàn Kiếm").send().want(200).says("UBND phường Hoàn Kiếm", "Cư trú ở Hoàn Kiếm")
	s.browse("reception.civil_status_00070").open("/inbox").want(200).says("An Nhiên")
	b.open("/inbox").want(200).saysNot("An Nhiên")
	control := b.open("/dossiers/" + tale.Code + "/birth/slips/control").want(200)
	control.says("PHIẾU KIỂM SOÁT", "chuyển đến UBND phường Hoàn Kiếm")
}

// The counter that filed for a citizen finds the case by its code wherever it is, and
// files a failed part again for them.
func TestTheCounterFilesAPartAgain(t *testing.T) {
	s := newStage(t)
	e, err := workflows.LoadExample("birth-consent-declined")
	if err != nil {
		t.Fatal(err)
	}
	play := s.play()
	var out struct{ Cases []struct{ Code string } }
	if _, err := play.Call(t.Context(), story.Request{Account: "reception.civil_status_20242", Method: "POST", Path: "/cases", Body: map[string]any{
		"service": e.Service, "application": e.Application, "on_behalf_of": map[string]any{"id": e.Requester.ID, "name": e.Requester.Name}}}, &out); err != nil {
		t.Fatal(err)
	}
	s.settle()
	tale := story.Join(t.Context(), play, out.Cases[0].Code, e.Requester.ID)
	tale.Registered().By("048055000501", "residence", "decline", map[string]any{"reason": "Chỗ ở chật"}).
		Staff("leader", "residence", "refuse", map[string]any{"reason": "Chủ hộ không đồng ý"})
	s.fine(tale)
	b := s.browse("reception.civil_status_20242")
	r := b.form(b.open("/inbox").want(200), "/inbox").set("text", tale.Code).send().want(200).says("Tại quầy, thay người nộp:", "Nộp lại phần “Đăng ký thường trú”")
	if !strings.HasPrefix(r.path, "/dossiers/"+tale.Code) {
		t.Errorf("the code leads to %s", r.path)
	}
	again := b.open("/cases/"+tale.Code+"/parts/residence/refile").want(200).says("Khai thay cho Hoàng Đức Long", "Hãy hỏi người nộp", "Chủ hộ không đồng ý", "DN-0002")
	f := b.form(again, "/refile").set("/residence/commune", "20242", "/residence/household", "DN-0001", "/residence/head/id", "048090000201", "/residence/head/name", "Phạm Quốc Bảo", "/residence/relation", "nephew")
	f.send().want(200).says("Đã ghi nhận")
	s.settle()
	if d := tale.Now().Dossier("residence"); d.Attempt != 2 || d.Office.ID != "police_20242" {
		t.Errorf("attempt %d at %s", d.Attempt, d.Office.ID)
	}
	b.open("/cases/" + tale.Code + "/parts/residence/refile").want(404)
	other := s.browse("reception.civil_status_00004")
	other.open("/cases/" + tale.Code + "/parts/residence/refile").want(404)
	other.form(other.open("/inbox").want(200), "/inbox").set("text", tale.Code).send().want(200).says("Không có hồ sơ nào của cơ quan khớp")
}

// A session that ends while an officer writes loses nothing of it.
func TestAClerksFormOutlivesItsSession(t *testing.T) {
	s := newStage(t)
	tale := s.begin("birth-b4")
	tale.Staff("reception", "birth", "receive", nil)
	s.fine(tale)
	b, at := s.browse(clerk), "/dossiers/"+tale.Code+"/birth/request_supplement"
	f := b.form(b.open(at).want(200), at).set("item0-name", "Giấy chứng sinh", "item0-reason", "Bản chụp bị mờ")
	b.post("/sign-out", nil)
	again := b.form(f.send().want(401).says("vẫn được giữ"), "/sign-in")
	again.fields.Set("account", clerk)
	again.send().want(200).says("Đã ghi nhận", "Bản chụp bị mờ")
	if n := len(tale.Now().Items); n != 1 {
		t.Errorf("%d items", n)
	}
}

// The inbox says that something changed, without taking the list from under one's
// hands.
func TestInboxNews(t *testing.T) {
	s := newStage(t)
	b := s.browse(reception)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	lines := b.stream(ctx, "/inbox/live")
	if first := <-lines; !strings.HasPrefix(first, "retry:") {
		t.Fatalf("first line %q", first)
	}
	tale := s.begin("birth-b4")
	told := false
	for line := range lines {
		if strings.HasPrefix(line, "data:") {
			told = strings.Contains(line, tale.Code)
			break
		}
	}
	if !told {
		t.Error("the stream told nothing of the new case")
	}
	b.do("GET", "/inbox/news", nil, "HX-Request", "true").want(200).says("Có thay đổi ở hồ sơ của cơ quan").saysNot("<html")
	if r := b.open("/inbox/news"); r.path != "/inbox" {
		t.Errorf("opened by itself: %s", r.path)
	}
}

// A refusal is a result, an apology a slip, both in the official layout; the clock tells why it moved.
func TestSlips(t *testing.T) {
	s := newStage(t)
	tale := s.begin("birth-b4")
	tale.Staff("reception", "birth", "receive", nil)
	s.fine(tale)
	b, at := s.browse(clerk), "/dossiers/"+tale.Code+"/birth"
	f := b.form(b.open(at+"/apologise").want(200), "/apologise")
	f.send().want(422).says("Hãy nhập: Lý do chậm")
	f.set("/reason", "Chờ xác minh tại xã khác", "/new_due", "09/09/2026 17:00").send().want(200).says("Đã ghi nhận", "xin lỗi và hẹn lại", "09/09/2026 17:00")
	b.open(at+"/slips/apology").want(200).says("PHIẾU XIN LỖI VÀ HẸN LẠI NGÀY TRẢ KẾT QUẢ", "07/09/2026 17:00", "09/09/2026 17:00", "Chờ xác minh tại xã khác")
	b.dossier(tale.Code, "birth").says("Chỉ được hẹn lại một lần")
	boss := s.browse(leader)
	boss.take(tale.Code, "birth", "refuse", "/reason", "Trẻ đã được đăng ký", "/legal_basis", "Luật Hộ tịch Điều 12").want(200).says("Từ chối đăng ký khai sinh")
	mine := "/cases/" + tale.Code
	refusal := []string{"<h2>Phiếu từ chối tiếp nhận, giải quyết hồ sơ</h2>", "UBND phường Ba Đình", "<em>Phường Ba Đình, ngày 07 tháng 9 năm 2026</em>", "từ chối giải quyết hồ sơ " + tale.Code,
		"Trẻ đã được đăng ký", "Luật Hộ tịch Điều 12", "nộp lại khi đủ điều kiện, hoặc khiếu nại", "NGƯỜI CÓ THẨM QUYỀN", "Lãnh đạo"}
	boss.dossier(tale.Code, "birth").says(mine+"/results/birth", "Mở văn bản từ chối")
	boss.open(mine + "/results/birth").want(200).says(refusal...).saysNot("Mã kết quả")
	// The citizen reads the same slips from the page of the case; the control slip is the offices' own.
	me := s.browse(tale.Citizen)
	me.open(mine).want(200).says("Phiếu:", mine+"/slips/birth/apology", mine+"/results/birth", "Mở văn bản từ chối", "đã ban hành văn bản từ chối “Phiếu từ chối tiếp nhận, giải quyết hồ sơ”").saysNot("/slips/birth/control", "/slips/birth/supplement")
	me.open(mine+"/slips/birth/apology").want(200).says("PHIẾU XIN LỖI VÀ HẸN LẠI NGÀY TRẢ KẾT QUẢ", "09/09/2026 17:00", "Chờ xác minh tại xã khác", `href="`+mine+`"`)
	me.open(mine + "/results/birth").want(200).says(refusal...)
	me.open(mine + "/results/birth?file").want(200).says(refusal...)
	me.lang = "en"
	me.open(mine+"/results/birth").want(200).says("Refusal slip", "<p>Lãnh đạo</p>", "<dt>Cho</dt><dd>").says(refusal...) // the paper stays Vietnamese
	me.lang = "vi"
	me.open(mine + "/slips/birth/control").want(404)
	me.open(at + "/slips/apology").want(403)
	s.browse(dung).open(mine + "/results/birth").want(404)
}

// A part that ends without a decision has the notice of stopping: with what was not
// completed, or as the applicant wished.
func TestNoticeOfStopping(t *testing.T) {
	s := newStage(t)
	b := s.browse("reception.civil_status_00004")
	late := s.begin("birth-b4")
	at := "/dossiers/" + late.Code + "/birth/slips/stop"
	late.Staff("reception", "birth", "request_supplement", map[string]any{"legal_basis": "NĐ 123/2015 Điều 9", "items": []any{map[string]any{"kind": "paper", "about": "Giấy chứng nhận kết hôn", "reason": "Bản chụp bị mờ"}}})
	s.fine(late)
	b.open(at).want(404)
	late.Later(30*24*time.Hour).Want("birth", "expired")
	s.fine(late)
	b.dossier(late.Code, "birth").says("thông báo dừng")
	b.open(at).want(200).says("THÔNG BÁO VỀ VIỆC DỪNG GIẢI QUYẾT HỒ SƠ", "chưa bổ sung, hoàn thiện hồ sơ trong thời hạn (trước 16/09/2026 17:00)", "Giấy chứng nhận kết hôn", "Chưa bổ sung", "NĐ 123/2015 Điều 9")

	gone := s.begin("birth-requester-is-head").Applicant("", "withdraw", map[string]any{"reason": "Khai nhầm nơi đăng ký"})
	s.fine(gone)
	s.browse(gone.Clerk("reception", "birth")).open("/dossiers/"+gone.Code+"/birth/slips/stop").want(200).
		says("theo yêu cầu rút hồ sơ của người nộp", "Khai nhầm nơi đăng ký").saysNot("chưa bổ sung")
}

// A citizen without a telephone: the counter looks them up, fills the combined form
// in, files it, and prints the receipt.
func TestTheCounterFilesForACitizen(t *testing.T) {
	s := newStage(t)
	b := s.browse("reception.civil_status_26743")
	f := b.form(b.open("/counter").want(200), "/counter")
	f.set("id", "12").send().want(422).says("12 chữ số")
	f.set("id", "079099999999").send().want(422).says("Không có số này")
	r := f.set("id", tung).send().want(200).says("Ngô Thanh Tùng", "Bắt đầu khai")
	if r.path != "/counter" {
		t.Errorf("the number is at %s", r.path)
	}
	begin := b.form(r, "/applications").set("phone", "0900000000")
	begin.fields.Set("service", "birth")
	r = begin.send().want(200).says("Khai thay cho Ngô Thanh Tùng", "nội dung đã có sẵn")
	at := r.path
	b.fill(at+"/pages/registration", "/registration/situation", "ordinary")
	b.fill(at+"/pages/relation_to_child", "/relation_to_child", "father")
	b.fill(at + "/pages/children")
	b.fill(at+"/pages/choices", "/choices/residence", "false", "/choices/card", "true", "/choices/identity", "false")
	b.fill(at + "/pages/card")
	b.fill(at+"/pages/delivery", "/delivery/channel", "electronic")
	r = b.form(b.open(at+"/review").want(200), "/file").set("sure", "yes").send().want(200)
	r.says("GIẤY TIẾP NHẬN HỒ SƠ", "Ngô Thanh Tùng", "Trực tiếp", "0900000000", "UBND phường Bến Thành", "Phường Bến Thành, ngày 07 tháng 9 năm 2026", "Mã hồ sơ là", "Hãy in giấy tiếp nhận cho người nộp").
		saysNot("của bạn", "Thẻ căn cước") // it is not the clerk's, and nobody asked for that card
	code := r.find(`class="lt-code">([^<]+)<`)
	b.open(r.link("Theo dõi hồ sơ")).want(200)
	d := b.dossier(code, "birth").says("nộp trực tiếp", "✓", "Cơ sở dữ liệu quốc gia về dân cư")
	if !strings.Contains(d.body, "Tiếp nhận") {
		t.Error("nothing to do")
	}
	s.browse(tung).open("/cases/"+code).want(200).says("Ngô Khánh Vy", "Bạn không đề nghị phần này.")

	// What the applicant is asked, they answer at the counter.
	b.take(code, "birth", "receive").want(200)
	s.settle()
	officer := s.browse("officer.civil_status_26743")
	officer.take(code, "birth", "request_supplement", "item0-name", "Căn cước", "item0-reason", "Đối chiếu").want(200)
	b.dossier(code, "birth").says("Tại quầy, thay người nộp:")
	answer := b.form(b.open("/cases/"+code+"/supplement").want(200).says("Căn cước"), "/supplement")
	for name := range answer.names {
		if strings.HasSuffix(name, "/comment") {
			answer.set(name, "Đã xem bản chính tại quầy")
		}
	}
	answer.send().want(200).says("Đã ghi nhận")
	s.settle()
	officer.take(code, "birth", "draft").want(200)
	b.take(code, "birth", "confirm").want(200).says("Đã ghi nhận")
	b.open("/cases/" + code + "/receipt").want(200).says("GIẤY TIẾP NHẬN HỒ SƠ")
	s.browse(clerk).open("/counter").want(403)
}
