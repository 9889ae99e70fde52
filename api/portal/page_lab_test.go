package portal_test

import (
	"net/url"
	"strconv"
	"strings"
	"testing"

	"lienthong/agencies"
)

// Definitions are read as pictures and as tables.
func TestWorkflows(t *testing.T) {
	s := newStage(t)
	b := s.browse("tester")
	list := b.open("/workflows").want(200).says("Quy trình", "Đang hiệu lực", "Không hiệu lực")
	r := b.open(strings.ReplaceAll(list.find(`href="(/workflows/birth\?version=[^"]+)"`), "&amp;", "&")).want(200).says("Đăng ký khai sinh", "Cần xong trước", "Vừa khung", "150 %")
	plain := b.open(strings.ReplaceAll(r.find(`<img class="lt-zoom[^"]*" src="([^"]+)"`), "&amp;", "&")).want(200).says("<svg", "<title>")
	detail := b.open(strings.ReplaceAll(r.find(`href="([^"]+)">Vẽ cả các trạng thái`), "&amp;", "&")).want(200).says("Chỉ vẽ các bước")
	if large := b.open(strings.ReplaceAll(detail.find(`<img class="lt-zoom[^"]*" src="([^"]+)"`), "&amp;", "&")).want(200); len(large.body) <= len(plain.body) {
		t.Error("the detailed picture is no larger")
	}
	b.open("/workflows/birth?zoom=200").want(200).says("lt-zoom-200")
	m := b.open(strings.ReplaceAll(r.find(`href="(/workflows/birth/birth\?[^"]+)"`), "&amp;", "&")).want(200).
		says("Máy trạng thái", "một cửa", "lãnh đạo", "Hỏi Cơ sở dữ liệu", "Yêu cầu bổ sung", "<code")
	b.open(strings.ReplaceAll(m.find(`<img class="lt-zoom[^"]*" src="([^"]+)"`), "&amp;", "&")).want(200).says("<svg")
	b.open("/workflows/nothing").want(404)
	b.open("/workflows/birth/nothing").want(404)
	b.open("/workflows/birth?version=nothing").want(404)
	b.lang = "en"
	b.open("/workflows/birth/birth").want(200).says("State machine", "reception")
	s.browse(tuan).open("/workflows").want(403)
}

// The clock is put forward; what fell due on the way is told with the way to it.
func TestClock(t *testing.T) {
	s := newStage(t)
	tale := s.begin("birth-b4")
	tale.Staff("reception", "birth", "receive", nil).Staff("officer", "birth", "request_supplement", map[string]any{"items": []any{map[string]any{"kind": "paper", "about": "Giấy chứng sinh", "reason": "mờ"}}})
	s.fine(tale)
	b := s.browse("tester")
	lab := b.open("/lab").want(200).says("Bàn kiểm thử", "07/09/2026 08:30", "ngày làm việc", tale.Code, "/lab/cases/"+tale.Code)
	lab.says("Ngày làm việc theo", "NQ 28/2026/QH16")
	move := b.formWith(lab, "/lab/clock", "due")
	b.post("/lab/clock", with(move, "by", "1h")).want(200).says("07/09/2026 09:30", "Không có gì xảy ra")
	b.post("/lab/clock", with(move, "by", "1h")).want(200).says("07/09/2026 09:30") // sent twice: once
	next := b.formWith(b.open("/lab/clock").want(200), "/lab/clock", "due")
	fell := b.post("/lab/clock", with(next, "by", "due")).want(200).says("Đã xảy ra trong khoảng đó", tale.Code)
	seq := fell.find(`href="/lab/cases/` + tale.Code + `\?at=(\d+)"`)
	b.open("/lab/cases/"+tale.Code+"?at="+seq).want(200).says("Mục "+seq, "Đồng hồ")
	own := b.formWith(b.open("/lab/clock"), "/lab/clock", "advance")
	b.post("/lab/clock", with(own, "advance", "hôm sau")).want(422).says(`href="#f-advance"`, `id="f-advance-wrong"`, "hôm sau", "Hãy viết như 90 phút, 3 giờ, 5 ngày làm việc").saysNot("3h hoặc")
	b.post("/lab/clock", with(own, "advance", "")).want(422).says("Hãy nhập một khoảng thời gian")
	b.post("/lab/clock", with(own, "advance", "2 working days")).want(200)
	at := func() string {
		return b.open("/lab/clock").want(200).find(`<dt>Bây giờ</dt><dd><strong>([^<]+)`)
	}
	for _, x := range []struct{ typed, to string }{
		{"90 phút", "18/09/2026 18:30"}, {"30 minutes", "18/09/2026 19:00"}, {" 2  Giờ ", "18/09/2026 21:00"},
		{"2 ngày làm việc", "22/09/2026 21:00"}, {"1 ngày", "23/09/2026 21:00"}, {"1 tháng", "23/10/2026 21:00"},
	} {
		b.post("/lab/clock", with(b.formWith(b.open("/lab/clock"), "/lab/clock", "advance"), "advance", x.typed)).want(200)
		if now := at(); now != x.to {
			t.Errorf("%s: %s, want %s", x.typed, now, x.to)
		}
	}
	for _, account := range []string{tuan, clerk, "operator"} {
		s.browse(account).open("/lab").want(403)
		s.browse(account).post("/lab/clock", with(own, "advance", "1h")).want(403)
	}
}

// A dial is turned, read back, and made healthy again.
func TestDials(t *testing.T) {
	s := newStage(t)
	b := s.browse("tester")
	const at = "/lab/agencies/population"
	f := b.form(b.open(at).want(200).says("Cơ sở dữ liệu quốc gia về dân cư", "Tỷ lệ lỗi 503"), at)
	f.set("error_rate", "2", "seed", "x").send("set").want(422).says(`href="#f-error_rate"`, `href="#f-seed"`, `value="2"`, "nhập số từ 0 đến 1")
	f.set("error_rate", "0,5", "seed", "7", "latency", "soon").send("set").want(422).says(`href="#f-latency"`, "nhập khoảng thời gian như 200ms", `value="soon"`)
	f.set("latency", "5ms", "operations", "marriage, person").send("set").want(200).says("Đã chỉnh", `value="0.5"`, "marriage, person")
	if got := s.sys.Agencies.Faults("population"); got.ErrorRate != 0.5 || got.Latency != "5ms" || got.Seed != 7 || len(got.Operations) != 2 {
		t.Errorf("dial %+v", got)
	}
	b.open("/lab").want(200).says("có lỗi", "Tỷ lệ lỗi 503: 0.5")
	f.send("clear").want(200).says("Đã chỉnh").saysNot(`value="0.5"`)
	if got := s.sys.Agencies.Faults("population"); got.ErrorRate != 0 || len(got.Operations) != 0 {
		t.Errorf("dial %+v", got)
	}
	if err := s.sys.Agencies.SetFaults("treasury", agencies.Faults{AutoPay: "1h", Outage: true}); err != nil {
		t.Fatal(err)
	}
	b.form(b.open("/lab/agencies/treasury"), "/treasury").send("clear").want(200)
	if got := s.sys.Agencies.Faults("treasury"); got.AutoPay != "1h" || got.Outage {
		t.Errorf("dial %+v", got)
	}
	b.open("/lab/agencies/nothing").want(404)
	s.browse("operator").open(at).want(403)
}

// A tester finds a case by a name without diacritics and walks through its history.
func TestReplay(t *testing.T) {
	s := newStage(t)
	tale := s.begin("birth-b4").Registered()
	s.fine(tale)
	b := s.browse("tester")
	found := b.form(b.open("/lab").want(200), "/lab").set("text", "an nhien").send().want(200).says(tale.Code, "Nguyễn Trần An Nhiên")
	if found.path != "/lab" {
		t.Errorf("at %s", found.path)
	}
	b.post("/lab", url.Values{"text": {"khong co ai"}}).want(200).says("Không có hồ sơ nào")
	at := "/lab/cases/" + tale.Code
	last := tale.Now().Seq
	newest := b.open(at).want(200).says("Mục "+strconv.FormatInt(last, 10)+" trên "+strconv.FormatInt(last, 10), "← Trước", `type="range"`, `hx-target="#moment"`).saysNot("Sau →")
	first := b.open(at+"?at=1").want(200).says("Mục 1 trên", "Đã nộp hồ sơ", "Sau →", "Mới đăng ký", "Tờ khai lúc đó", "Gửi thông báo").saysNot("← Trước", "Đã xử lý xong")
	if first.find(`<img class="lt-zoom[^"]*" src="([^"]+)"`) == newest.find(`<img class="lt-zoom[^"]*" src="([^"]+)"`) {
		t.Error("the picture is the same")
	}
	pictures := map[string]bool{}
	r := first
	for seq := int64(2); seq <= last; seq++ {
		r = b.open(strings.ReplaceAll(r.find(`href="([^"]+)">Sau →`), "&amp;", "&")).want(200).says("Mục " + strconv.FormatInt(seq, 10) + " trên")
		pictures[b.open(strings.ReplaceAll(r.find(`src="([^"]+step=[^"]+)"`), "&amp;", "&")).want(200).body] = true
	}
	if len(pictures) < 5 {
		t.Errorf("%d pictures of machines", len(pictures))
	}
	// Another part stays chosen; without a part the page follows the entries.
	card := b.open(at+"?at=2&part=card").want(200).says(`name="part" value="card"`, "step=card")
	if !strings.Contains(card.find(`href="([^"]+)">Sau →`), "part=card") {
		t.Error("the part is forgotten")
	}
	// The region that scripts ask for.
	part := b.do("GET", at+"?at=3", nil, "HX-Request", "true").want(200).says(`id="moment"`, "Mục 3 trên")
	if strings.Contains(part.body, "<html") {
		t.Error("scripts get the whole page")
	}
	b.open(at + "?at=9999").want(404)
	b.open(at + "?at=x").want(200).says("Mục " + strconv.FormatInt(last, 10))
	b.open("/lab/cases/none").want(404)
	for _, account := range []string{tuan, clerk, "operator"} {
		s.browse(account).open(at).want(403)
	}
	// Whoever looked is in the citizen's list.
	s.browse(tuan).open("/cases/"+tale.Code+"/access").want(200).says("Người kiểm thử", "Kiểm thử bản trình diễn")
}
