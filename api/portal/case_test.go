package portal_test

import (
	"bytes"
	"context"
	"fmt"
	"mime/multipart"
	"net/url"
	"strings"
	"testing"
	"time"

	"lienthong/cmd/lienthong/story"
	"lienthong/cmd/lienthong/system"
)

// play is the stage for the stories: what happens away from the pages.
func (s *stage) play() story.Stage {
	return story.Stage{
		Client: &story.Client{Base: s.sys.URL},
		Settle: s.sys.Settle,
		Pass:   func(ctx context.Context, d time.Duration) error { return s.sys.Advance(ctx, s.sys.Clock.Now().Add(d)) },
	}
}

// begin files an example over HTTP.
func (s *stage) begin(example string, change ...func(app map[string]any)) *story.Tale {
	s.t.Helper()
	tale := story.Begin(s.t.Context(), s.play(), example, func(app map[string]any) {
		for _, f := range change {
			f(app)
		}
	})
	s.fine(tale)
	return tale
}

func (s *stage) fine(t *story.Tale) {
	s.t.Helper()
	if t.Err() != nil {
		s.t.Fatal(t.Err())
	}
}

func (s *stage) settle() {
	s.t.Helper()
	if err := s.sys.Settle(s.t.Context()); err != nil {
		s.t.Fatal(err)
	}
}

// sendFile posts a form with a file in it.
func (s *sheet) sendFile(field, name string, content []byte) reply {
	s.b.t.Helper()
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	for k, list := range s.fields {
		for _, v := range list {
			if err := w.WriteField(k, v); err != nil {
				s.b.t.Fatal(err)
			}
		}
	}
	part, err := w.CreateFormFile(field, name)
	if err == nil {
		_, err = part.Write(content)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		s.b.t.Fatal(err)
	}
	return s.b.do("POST", s.action, &body, "Content-Type", w.FormDataContentType(), "Sec-Fetch-Site", "same-origin")
}

// link is the address of the link with a text.
func (r reply) link(label string) string {
	r.t.Helper()
	return r.find(`href="([^"]+)"[^>]*>` + label)
}

// The requester sees the draft, disputes it, gets another, confirms it; the head
// of the household consents; everything ends with results that can be checked.
func TestCaseFromDraftToResults(t *testing.T) {
	s := newStage(t)
	tale := s.begin("birth-b4")
	me := s.browse(tuan)
	at := "/cases/" + tale.Code
	me.open("/cases").want(200).says("Nguyễn Trần An Nhiên", tale.Code)
	me.open(at).want(200).says("UBND phường Ba Đình", "đang giữ hồ sơ từ", "Chờ phần trước xong: Đăng ký khai sinh", "Đã nộp hồ sơ", `hx-sse:connect="`+at+`/live"`, at+"/diagram.svg")
	me.open(at + "/diagram.svg").want(200).says("<svg")

	tale.Staff("reception", "birth", "receive", nil).Draft()
	s.fine(tale)
	me.open("/tasks").want(200).says("Xác nhận", at, "Thông báo")
	me.open(at).want(200).says("Việc bạn cần làm", "<p>Chờ xác nhận bản dự thảo. <strong>Trước")
	dispute := me.open(at + "/parts/birth/dispute").want(200)
	me.form(dispute, "/dispute").send().want(422).says("Hãy nhập: Nội dung", `href="#f-comment"`)
	me.form(dispute, "/dispute").set("/comment", "Sai tên đệm").send().want(200).says("Đã ghi nhận")
	s.settle()
	s.browse("officer.civil_status_00004").open("/dossiers/"+tale.Code+"/birth").want(200).says("Đã bị trả lại: Lập dự thảo Giấy khai sinh", "Sai tên đệm").saysNot("Chờ quyết định")
	tale.Draft()
	s.fine(tale)
	confirm := me.open(at+"/parts/birth/confirm").want(200).says("Bản dự thảo", "Nguyễn Trần An Nhiên", "Bệnh viện Phụ sản Hà Nội").saysNot(">female<")
	again := me.form(confirm, "/confirm")
	again.send().want(200).says("Đã ghi nhận")
	if r := again.send().want(200); r.path != at { // the same form twice acts once
		t.Errorf("the second click led to %s", r.path)
	}
	s.settle()
	tale.Staff("leader", "birth", "sign", nil).Want("birth", "registered")
	s.fine(tale)

	me.open(at).want(200).saysNot("Đã đăng ký khai sinh. Trạng thái: Đã đăng ký khai sinh") // the same word once

	// The grandfather sees what he is asked about, and nothing else.
	head := s.browse(hung)
	head.open("/").want(200).says("Bạn có 1 việc cần làm")
	head.open("/tasks").want(200).says("Cho ý kiến")
	p := head.open(at).want(200).says("Nguyễn Minh Tuấn cần ý kiến của bạn", "Nguyễn Trần An Nhiên").saysNot("Trần Thu Hà", "001195000104")
	head.open(at + "/access").want(404)
	head.open(at + "/declaration").want(404)
	head.open(at + "/receipt").want(404)
	consent := head.open(p.link("Đồng ý cho đăng ký")).want(200)
	yes := head.form(consent, "/consent")
	yes.send().want(200).says("Đã ghi nhận", "Bạn không có việc nào phải làm")
	yes.send().want(200).says("Đã ghi nhận")
	s.settle()
	if got := tale.Now().Dossier("residence").State; got != "checking" {
		t.Fatalf("residence is %s", got)
	}
	head.open(at).want(404) // answered: nothing of his is there any more

	// The result, its copy to keep, and the public check.
	r := me.open(at+"/results/birth").want(200).says("Giấy khai sinh", "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", "Số định danh cá nhân", "<svg", "Nữ")
	check := r.find(`href="(/r/[^"]+)"`)
	kept := me.open(at+"/results/birth?file").want(200).says("Giấy khai sinh", "<style>")
	if !strings.HasPrefix(kept.header.Get("Content-Disposition"), "attachment") {
		t.Errorf("disposition %q", kept.header.Get("Content-Disposition"))
	}
	public := s.browse("")
	public.open(check).want(200).says("đang có hiệu lực", "UBND phường Ba Đình").saysNot("An Nhiên", tale.Code)
	public.open("/r/nothing").want(404).says("Không có kết quả này")
	f := public.form(public.open("/r").want(200), "/r")
	f.send().want(422).says("Hãy nhập mã")
	f.set("id", s.sys.URL+check).send().want(200).says("đang có hiệu lực")

	me.open(at+"/declaration").want(200).says("Tờ khai thay đổi thông tin cư trú (CT01)", "Trần Thu Hà", "Cháu nội, cháu ngoại")
	me.open(at+"/access").want(200).says("UBND phường Ba Đình", "Cán bộ thụ lý", "Lý do: Giải quyết: Đăng ký khai sinh").saysNot("officer.civil_status_00004")
	me.open(at + "/receipt").want(200).says("GIẤY TIẾP NHẬN HỒ SƠ")
	me.lang = "en"
	me.open(at).want(200).says("How each part stands", "people asked to agree: ")
}

// What an agency asks for is answered item by item; a file is checked.
func TestSupplementItemByItem(t *testing.T) {
	s := newStage(t)
	tale := s.begin("birth-b4")
	tale.Staff("reception", "birth", "receive", nil).Staff("officer", "birth", "request_supplement", map[string]any{"items": []any{
		map[string]any{"kind": "paper", "about": "Giấy chứng nhận kết hôn", "reason": "Bản chụp bị mờ"},
		map[string]any{"kind": "field", "about": "/child/birth_date", "reason": "Khác với giấy chứng sinh"},
		map[string]any{"kind": "original", "about": "Căn cước của cha", "reason": "Đối chiếu"},
	}, "comment": "Chụp rõ cả bốn góc"})
	s.fine(tale)
	me := s.browse(tuan)
	at := "/cases/" + tale.Code
	me.open("/tasks").want(200).says("Ngày sinh (Trẻ) – Khác với giấy chứng sinh").saysNot("/child/birth_date", "một mục của tờ khai")
	me.open(at).want(200).says("Có 3 nội dung cần bổ sung")
	r := me.open(at+"/supplement").want(200).says("Giấy chứng nhận kết hôn", "Bản chụp bị mờ", "Ngày sinh (Trẻ)", "Khác với giấy chứng sinh", "Căn cước của cha", `value="28/08/2026"`, "Hướng dẫn của UBND phường Ba Đình:</strong> Chụp rõ cả bốn góc")
	f := me.form(r, "/supplement")
	f.send().want(422).says("Hãy bổ sung ít nhất một mục")
	paper, day, original := "", "", ""
	for _, it := range tale.Now().Items {
		switch it.About {
		case "Giấy chứng nhận kết hôn":
			paper = "/items/" + it.ID
		case "/child/birth_date":
			day = "/items/" + it.ID
		default:
			original = "/items/" + it.ID
		}
	}
	f.sendFile(paper+"/document#file", "anh.gif", []byte("GIF89a")).want(422).says("anh.gif", "không phải là PDF")
	f.sendFile(paper+"/document#file", "trong.pdf", nil).want(422).says("không có nội dung")
	f.sendFile(paper+"/document#file", "kết hôn.pdf", []byte("%PDF-1.4 x")).want(200).says("Có 2 nội dung cần bổ sung")
	f.sendFile(paper+"/document#file", "kết hôn.pdf", []byte("%PDF-1.4 x")).want(200).says("Đã ghi nhận", "Có 2 nội dung cần bổ sung") // a second click
	r = me.open(at + "/supplement").want(200).says("Đã bổ sung lúc")
	f = me.form(r, "/supplement").set(day+"/value", "29/08/2026", original+"/comment", "Tôi sẽ mang đến quầy.")
	tale.Later(24 * time.Hour)
	f.send().want(200).says("Đã ghi nhận")
	f.send().want(200).says("Đã ghi nhận") // a second click
	s.settle()
	c := tale.Now()
	if got := c.Dossier("birth").State; got != "received" {
		t.Errorf("birth is %s", got)
	}
	entered, _ := c.Dossier("birth").Data["answer_supplement"].(map[string]any)
	items, _ := entered["items"].(map[string]any)
	if x, _ := items[strings.TrimPrefix(day, "/items/")].(map[string]any); x["value"] != "2026-08-29" {
		t.Errorf("the day is %v", items)
	}
	me.open(at).want(200).says("thời gian chờ bạn không tính vào thời hạn", "Đã bổ sung: Ngày sinh (Trẻ)").saysNot("/child/birth_date")

	// Who drafts sees what was answered beside what was declared, and begins with it;
	// having decided otherwise, with what they decided.
	clerk := s.browse("officer.civil_status_00004")
	for _, path := range []string{"", "/draft"} {
		clerk.open("/dossiers/"+tale.Code+"/birth"+path).want(200).says("Đã yêu cầu bổ sung", "Người nộp bổ sung: 29/08/2026", "Đã bổ sung</span>", "bổ sung nội dung khác với tờ khai").saysNot("Không còn cần", "dữ liệu đăng ký chưa đúng")
	}
	draft := "/dossiers/" + tale.Code + "/birth/draft"
	clerk.open(draft).want(200).says(`value="29/08/2026"`).saysNot(`value="28/08/2026"`)
	tale.Later(time.Hour).Draft().Applicant("birth", "dispute", map[string]any{"comment": "Sai tên đệm"}) // a draft as it was declared
	s.fine(tale)
	clerk.open(draft).want(200).says(`value="28/08/2026"`).saysNot(`value="29/08/2026"`)
}

func TestWithdrawAPart(t *testing.T) {
	s := newStage(t)
	tale := s.begin("birth-b4")
	me := s.browse(tuan)
	at := "/cases/" + tale.Code
	r := me.open(me.open(at).link("Rút hồ sơ")).want(200).says("Đăng ký thường trú")
	f := me.form(r, "/withdraw")
	f.fields.Set("what", "some")
	f.send().want(422).says("Hãy chọn ít nhất một phần")
	f.set("step", "identity").send().want(200).says("Đã ghi nhận")
	f.send().want(200).says("Đã ghi nhận") // a second click
	if got := tale.Now().Dossier("identity"); got.Closed != "withdrawn" {
		t.Errorf("identity is %s %s", got.Status, got.Closed)
	}
	f = me.form(me.open(at+"/withdraw").want(200), "/withdraw")
	f.fields.Set("what", "all")
	f.set("step", "card").send().want(422).says("Bạn đã chọn một số phần") // the button beside the one that was meant
	if got := tale.Now().Dossier("card"); got.Status == "closed" {
		t.Error("card is withdrawn")
	}
	f.fields.Del("step")
	f.send().want(200)
	if r := f.send().want(200); r.path != at { // a second click
		t.Errorf("the second click led to %s", r.path)
	}
	if got := tale.Now().Outcome; got != "withdrawn" {
		t.Errorf("the case is %s", got)
	}
	me.open(at + "/withdraw").want(404)
}

func TestPayTheFee(t *testing.T) {
	s := newStage(t) // the treasury waits for somebody to pay
	tale := s.begin("birth-copies")
	me := s.browse(tale.Citizen)
	at := "/cases/" + tale.Code
	me.open("/tasks").want(200).says("Nộp lệ phí")
	me.open(at).want(200).says("Nộp lệ phí", "Hồ sơ được xử lý sau khi nộp")
	r := me.open(at+"/pay").want(200).says("chờ nộp", " đ", "Phí bản sao trích lục", "TT 281/2016/TT-BTC", "8.000 đ", "Lệ phí đăng ký thường trú của trẻ em", "Miễn")
	me.open(at+"/receipt").want(200).says("Cần nộp lệ phí 16.000 đ.", "Hạn nộp: 14/09/2026 08:30.", "hồ sơ kết thúc")
	f := me.form(r, "/pay")
	f.send().want(200).says("Đã ghi nhận")
	me.open(at).want(200).find(`</time>(</span><span>)Cần nộp lệ phí 16.000 đồng`) // nobody did that: it follows from the filing
	s.settle()
	f.send().want(200)
	me.open(at+"/receipt").want(200).says("Phí bản sao trích lục: 2 × 8.000 đ = 16.000 đ", "TT 281/2016/TT-BTC", "Lệ phí đăng ký thường trú của trẻ em: miễn")
	me.open(at+"/pay").want(200).says("đã nộp", "KB2026").saysNot("<form method=\"post\" action=\"/cases")
	if fee := tale.Now().Fee; fee.Status != "paid" {
		t.Errorf("fee %+v", fee)
	}
}

// Whoever is asked reads what their silence means: the confirmation of a draft, a
// supplement, the consent of a household, a fee.
func TestSilenceIsExplained(t *testing.T) {
	s := newStage(t)
	tale := s.begin("birth-b4")
	me := s.browse(tuan)
	at := "/cases/" + tale.Code
	tale.Staff("reception", "birth", "receive", nil).Draft()
	s.fine(tale)
	const consent = "Trước 08/09/2026 08:30.</strong> Không có trả lời đến lúc đó thì hệ thống ghi nhận “Không có ý kiến (coi như đồng ý)”."
	for _, path := range []string{"/parts/birth/confirm", "/parts/birth/dispute"} {
		me.open(at + path).want(200).says(consent)
	}
	me.open(at).want(200).says("Không có trả lời đến lúc đó thì hệ thống ghi nhận “Không có ý kiến (coi như đồng ý)”.")
	me.open("/tasks").want(200).says("Không có trả lời đến lúc đó thì ghi nhận: “Không có ý kiến (coi như đồng ý)”.")
	tale.Later(25 * time.Hour)
	s.fine(tale)
	me.open(at).want(200).says("Đăng ký khai sinh: Không có ý kiến (coi như đồng ý). Trạng thái: ").saysNot("hệ thống ghi nhận")

	tale.Staff("leader", "birth", "sign", nil).Want("birth", "registered")
	s.fine(tale)
	head := s.browse(hung)
	head.open("/tasks").want(200).says("Không có trả lời đến lúc đó thì ghi nhận: “Hết thời gian lấy ý kiến”.")
	for _, path := range []string{"", "/parts/residence/consent"} {
		head.open(at + path).want(200).says("hệ thống ghi nhận “Hết thời gian lấy ý kiến”. Phần này khi đó sang “Đang kiểm tra”.")
	}

	asked := s.begin("birth-marriage-unknown")
	asked.Staff("reception", "birth", "receive", nil).Staff("officer", "birth", "request_supplement", map[string]any{"items": []any{
		map[string]any{"kind": "paper", "about": "Giấy chứng nhận kết hôn", "reason": "Bản chụp bị mờ"}}})
	s.fine(asked)
	s.browse(asked.Citizen).open("/cases/" + asked.Code).want(200).says("hệ thống ghi nhận “Hết hạn bổ sung”. Phần này khi đó kết thúc.")

	unpaid := s.begin("birth-requester-is-head", func(app map[string]any) { app["registration"].(map[string]any)["copies"] = 3 })
	for _, path := range []string{"", "/pay"} {
		s.browse(unpaid.Citizen).open("/cases/" + unpaid.Code + path).want(200).says("Quá hạn mà chưa nộp thì hồ sơ kết thúc")
	}
}

// From the first day every part has a date: the one that binds an office, or the one
// that is to be expected, and what rests on a calendar that is not announced says so.
func TestEveryPartHasADate(t *testing.T) {
	s := newStage(t)
	tale := s.begin("death-o4")
	at := "/cases/" + tale.Code
	me := s.browse(tale.Citizen)
	me.open(at).want(200).says("Dự kiến xong cả hồ sơ: 06/10/2026 17:00", "Dự kiến xong: 07/09/2026 17:00.", "Dự kiến xong: 14/09/2026 17:00.", // death, then residence
		"Nếu hồ sơ thuộc trường hợp này, dự kiến xong: ", "tính như khi mỗi phần trước xong đúng hẹn",
		"17:00 (sớm hơn nếu có phần không áp dụng)", "17:00. Sớm hơn nếu phần trước không áp dụng.", // without a representative
		"Nơi sẽ giải quyết: Công an phường ").saysNot("Tạm tính")
	tale.Died()
	s.fine(tale)
	me.open(at).want(200).says("Kết thúc: 07/09/2026 ", "Hẹn trả: ").saysNot("Dự kiến xong: 07/09/2026")

	tale = s.begin("death-o2", func(app map[string]any) { delete(app["deceased"].(map[string]any), "residence") })
	s.browse(tale.Citizen).open("/cases/"+tale.Code).want(200).says("Dự kiến xong cả hồ sơ: 07/09/2026 17:00</span>", "Không áp dụng.").saysNot("Dự kiến xong: 14/09/2026", "sớm hơn")

	later := newStage(t, func(c *system.Config) { c.Start = time.Date(2026, 12, 30, 1, 30, 0, 0, time.UTC) })
	tale = later.begin("birth-b4")
	later.browse(tuan).open("/cases/" + tale.Code).want(200).says("Dự kiến xong: 04/01/2027 17:00.</p>\n\n<p class=\"lt-quiet lt-small\">Tạm tính: lịch nghỉ của năm đó chưa được công bố.")
}

// A part that failed is filed again with what was declared filled in.
func TestRefileAPart(t *testing.T) {
	s := newStage(t)
	tale := s.begin("birth-consent-declined").Registered()
	tale.By("048055000501", "residence", "decline", map[string]any{"reason": "Chỗ ở chật"})
	tale.Staff("leader", "residence", "refuse", map[string]any{"reason": "Chủ hộ không đồng ý"})
	s.fine(tale)
	me := s.browse(tale.Citizen)
	at := "/cases/" + tale.Code
	me.open(at).want(200).says("Chủ hộ không đồng ý", "Nộp lại phần này")
	r := me.open(at+"/parts/residence/refile").want(200).says("Chủ hộ không đồng ý", "DN-0002").saysNot(`name="/mother/name"`)
	f := me.form(r, "/refile")
	f.set("/residence/household", "", "/residence/head/id", "12").send().want(422).says("Số định danh cá nhân gồm 12 chữ số")
	f.set("/residence/commune", "20242", "/residence/household", "DN-0001", "/residence/head/id", "048090000201", "/residence/head/name", "Phạm Quốc Bảo", "/residence/relation", "nephew")
	f.send().want(200)
	if r := f.send().want(200); r.path != at { // a second click
		t.Errorf("the second click led to %s", r.path)
	}
	s.settle()
	d := tale.Now().Dossier("residence")
	if d.Attempt != 2 || d.Office.ID != "police_20242" {
		t.Errorf("attempt %d at %s", d.Attempt, d.Office.ID)
	}
	me.open(at + "/parts/residence/refile").want(404)
}

// Nobody sees or touches somebody else's case, whatever they open.
func TestSomebodyElsesCaseDoesNotExist(t *testing.T) {
	s := newStage(t)
	tale := s.begin("birth-b4").Registered()
	s.fine(tale)
	other := s.browse(dung)
	at := "/cases/" + tale.Code
	for _, path := range []string{"", "/receipt", "/access", "/declaration", "/withdraw", "/supplement", "/pay", "/diagram.svg", "/live", "/results/birth",
		"/parts/residence/consent", "/parts/birth/confirm", "/parts/residence/refile"} {
		other.open(at+path).want(404).saysNot("An Nhiên", "Nguyễn Minh Tuấn")
	}
	for _, path := range []string{"/withdraw", "/supplement", "/pay", "/parts/residence/consent", "/parts/residence/refile"} {
		other.post(at+path, url.Values{"what": {"all"}}).want(404)
	}
	s.browse("").open(at).want(200).says("Đăng nhập").saysNot("Tiến độ từng phần")
	if tale.Now().Status != "open" {
		t.Error("the case changed")
	}
}

// A session that ends while somebody types loses nothing that was typed.
func TestAFormOutlivesItsSession(t *testing.T) {
	s := newStage(t)
	b := s.browse(tung)
	at := b.start("birth")
	f := b.form(b.open(at+"/pages/card").want(200), "/pages/card").set("/card/clinic", "Trạm y tế <Bến Thành>")
	s.browse(tung) // another session of the same person stays
	b.post("/sign-out", nil)
	r := f.send().want(401).says("vẫn được giữ")
	again := b.form(r, "/sign-in")
	again.fields.Set("account", tung)
	if r = again.send().want(200); !strings.HasPrefix(r.path, at) {
		t.Fatalf("went to %s", r.path)
	}
	b.open(at + "/pages/card").want(200).says("Trạm y tế &lt;Bến Thành&gt;")

	// Whoever else signs in there does not get at it.
	b.post("/sign-out", nil)
	r = f.send().want(401)
	again = b.form(r, "/sign-in")
	again.fields.Set("account", dung)
	again.send().want(404)
}

// The stream tells a browser that a case changed.
func TestLive(t *testing.T) {
	s := newStage(t)
	tale := s.begin("birth-b4")
	b := s.browse(tuan)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	lines := b.stream(ctx, "/cases/"+tale.Code+"/live")
	if first := <-lines; !strings.HasPrefix(first, "retry:") {
		t.Fatalf("first line %q", first)
	}
	tale.Staff("reception", "birth", "receive", nil)
	s.fine(tale)
	for line := range lines {
		if strings.HasPrefix(line, "data:") {
			if !strings.Contains(line, tale.Code) || strings.Contains(line, "Nguyễn") {
				t.Errorf("%s", line)
			}
			return
		}
	}
	t.Error("nothing was told")
}

// What a register refused stands on the case's page in the register's words, not in
// its codes.
func TestWhatARegisterRefused(t *testing.T) {
	s := newStage(t)
	tale := s.begin("birth-marriage-unknown").Staff("reception", "birth", "receive", nil)
	s.fine(tale)
	s.settle()
	me := s.browse(tale.Citizen)
	me.open("/cases/"+tale.Code).want(200).says("“Tra tình trạng hôn nhân của hai người” không thực hiện được", "Không tìm thấy thông tin hôn nhân").saysNot("marriage_unknown")
	me.lang = "en"
	me.open("/cases/" + tale.Code).want(200).says("could not be done. The marriage is not found")
	desk := s.browse("officer." + tale.Now().Dossier("birth").Office.ID)
	at := "/dossiers/" + tale.Code + "/birth"
	desk.open(at).want(200).says("<p>Không tìm thấy thông tin hôn nhân")
	desk.lang = "en"
	desk.open(at).want(200).says("<p>The marriage is not found")
}

// The receipt names the papers in words: as they were called, else by their kind.
func TestTheReceiptNamesThePapers(t *testing.T) {
	s := newStage(t)
	me := s.browse(tuan)
	first, second := me.upload("một.pdf", aPDF()), me.upload("hai.png", aPNG(t))
	tale := s.begin("birth-b4", func(app map[string]any) {
		app["attachments"] = []any{map[string]any{"kind": "dwelling_paper", "document": first}, map[string]any{"kind": "other", "document": second, "name": "Bản <điện tử>"}}
	})
	me.open("/cases/" + tale.Code + "/receipt").want(200).says("<li>Giấy tờ chứng minh chỗ ở hợp pháp</li><li>Bản &lt;điện tử&gt;</li>").saysNot("dwelling_paper")
}

// A death whose funeral money one scheme pays: the parts of the others say by which result
// they do not run and are not offered, the benefit that nobody asked for is offered as
// such, and the clerk reads the insurer's record in words.
func TestPartsThatDoNotRunSayWhy(t *testing.T) {
	s := newStage(t)
	tale := s.begin("death-o4-july", func(app map[string]any) {
		app["choices"] = map[string]any{"funeral": true, "survivor": false}
		delete(app, "survivor")
		delete(app, "relatives")
	}).Died()
	s.fine(tale)
	at := "/cases/" + tale.Code
	me := s.browse(tale.Citizen)
	me.open(at).want(200).says("không thuộc trường hợp này, theo kết quả “Xác định chế độ mai táng”", "Hỗ trợ chi phí mai táng: không thực hiện (không thuộc trường hợp này",
		"Bạn không đề nghị phần này", "Đề nghị phần này", at+"/parts/survivor/refile").
		saysNot("Nộp lại phần này", at+"/parts/social_funeral/refile", at+"/parts/merit/refile", at+"/parts/representative/refile")
	s.browse("officer.social_insurance_dn_1").open("/inbox").want(200).says("<span>Trợ cấp mai táng (BHXH)</span>", `<optgroup label="Tử tuất">`).saysNot("Trợ cấp tuất", "trẻ dưới 6 tuổi</span>") // as the case calls them
	me.open(at+"/parts/survivor/refile").want(200).says("Đề nghị thêm: Tử tuất", "Nộp phần này").saysNot("Nộp lại")

	clerk := s.browse("officer.social_insurance_dn_1")
	r := clerk.open("/dossiers/"+tale.Code+"/insurance_funeral").want(200).says("Đang hưởng lương hưu").saysNot(">pensioner<", "Không thực hiện</span></div>\n<span class=\"lt-quiet lt-small\"> · phần này dùng kết quả đó")
	if salary := r.find(`Lương hưu hằng tháng \(đồng\)</dt><dd>([^<]+)`); !strings.Contains(salary, ".") {
		t.Errorf("a pension is written as %q", salary)
	}
}

// Nobody asked for funeral money: the parts that pay it wait for nothing from the first day.
func TestPartsBehindOneNotAskedForDoNotWait(t *testing.T) {
	s := newStage(t)
	tale := s.begin("death-o2")
	r := s.browse(tale.Citizen).open("/cases/" + tale.Code).want(200)
	if n := strings.Count(r.body, "Bạn không đề nghị phần này"); n != 6 {
		t.Errorf("%d parts are told as not asked for, want all but the death and the residence", n)
	}
	r.says("Chờ phần trước xong: Đăng ký khai tử").saysNot("Chờ phần trước xong: Xác định chế độ mai táng")
}

// Several members of staff who watch one case are told once each for a minute, though
// their lines in the log alternate.
func TestReadersAreToldOnceAMinute(t *testing.T) {
	s := newStage(t)
	tale := s.begin("birth-b4")
	tale.Staff("reception", "birth", "receive", nil)
	s.fine(tale)
	officer, leader := s.browse("officer.civil_status_00004"), s.browse("leader.civil_status_00004")
	for range 3 {
		officer.open("/dossiers/" + tale.Code + "/birth").want(200)
		leader.open("/dossiers/" + tale.Code + "/birth").want(200)
	}
	r := s.browse(tale.Citizen).open("/cases/" + tale.Code + "/access").want(200)
	for _, who := range []string{"Cán bộ thụ lý", "Lãnh đạo"} {
		if n := strings.Count(r.body, "· "+who+"<"); n != 1 {
			t.Errorf("%s is told %d times", who, n)
		}
	}
}

// Who filed without funeral money asks for the survivor benefit later: the form contains
// the one in the other, so both are asked for, and both are filled in.
func TestAskingLaterForWhatContainsAnother(t *testing.T) {
	s := newStage(t)
	tale := s.begin("death-o4-monthly", func(app map[string]any) {
		app["choices"] = map[string]any{"funeral": false, "survivor": false}
		for _, k := range []string{"funeral", "survivor", "relatives"} {
			delete(app, k)
		}
	}).Died()
	s.fine(tale)
	at := "/cases/" + tale.Code
	me := s.browse(tale.Citizen)
	me.open(at).want(200).says(at+"/parts/eligibility/refile", at+"/parts/survivor/refile")
	r := me.open(at+"/parts/survivor/refile").want(200).says("Đề nghị thêm: Tử tuất", "Người lo mai táng", "Người đại diện thân nhân", "Thân nhân")
	r = me.form(r, "/refile").set("/funeral/organiser/id", "079187000902", "/funeral/organiser/name", "Lý Thị Hồng", "/funeral/payee/method", "cash", "/funeral/payee/name", "Lý Thị Hồng",
		"/survivor/mode", "monthly", "/survivor/representative/id", "079187000902", "/survivor/representative/name", "Lý Thị Hồng", "/survivor/payee/method", "cash", "/survivor/payee/name", "Lý Thị Hồng",
		"/relatives/0/name", "Cao Gia Hân", "/relatives/0/birth_date", "15/03/2013", "/relatives/0/sex", "female", "/relatives/0/relation", "child").send().want(200)
	if r.path != at {
		t.Fatalf("at %s: %s", r.path, r.main())
	}
	s.settle()
	c := tale.Now()
	if choices := fmt.Sprint(c.Application["choices"]); choices != "map[funeral:true survivor:true]" {
		t.Errorf("chosen is %s", choices)
	}
	for _, step := range []string{"eligibility", "insurance_funeral", "survivor"} {
		if d := c.Dossier(step); d.Status == "closed" {
			t.Errorf("%s is closed: %s", step, d.Closed)
		}
	}
}

// Where the money for the funeral goes is asked once: the page of the survivor benefit has
// it filled in.
func TestAnAccountIsAskedOnce(t *testing.T) {
	s := newStage(t)
	me := s.browse(cuc)
	at := me.start("death")
	me.form(me.open(at+"/about").want(200), "/about").set("about", "001050000701").send().want(200)
	me.fill(at+"/pages/choices", "/choices/funeral", "true").want(200)
	me.fill(at+"/pages/choices", "/choices/funeral", "true", "/choices/survivor", "true").want(200)
	me.fill(at+"/pages/funeral", "/funeral/payee/method", "bank").want(200)
	me.fill(at+"/pages/funeral", "/funeral/payee/method", "bank", "/funeral/payee/account", "0123456789", "/funeral/payee/bank", "Agribank").want(200)
	r := me.open(at + "/pages/survivor").want(200).says("Điền sẵn như mai táng phí")
	if f := me.form(r, "/pages/survivor").fields; f.Get("/survivor/payee/account") != "0123456789" || f.Get("/survivor/payee/bank") != "Agribank" {
		t.Errorf("the survivor benefit goes to %v", f)
	}
}

// The review names the page of what is missing: several pages ask in which way.
func TestTheReviewNamesThePageOfWhatIsMissing(t *testing.T) {
	s := newStage(t)
	me := s.browse(cuc)
	at := me.start("death")
	me.form(me.open(at+"/about").want(200), "/about").set("about", "001050000701").send().want(200)
	me.fill(at+"/pages/choices", "/choices/funeral", "true").want(200)
	me.open(at+"/review").want(200).says("Mai táng phí – Hãy chọn: Hình thức.", ">Hãy chọn: Quan hệ của người yêu cầu với người chết.")
}
