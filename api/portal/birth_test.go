package portal_test

import (
	"net/url"
	"regexp"
	"strings"
	"testing"
)

// start begins an application and returns its address.
func (b *browser) start(service string) string {
	b.t.Helper()
	r := b.post("/applications", url.Values{"service": {service}}).want(200)
	return strings.TrimSuffix(r.path, "/about")
}

// The father of a child whose notice, parents and household the registers know
// files with a handful of answers, and without scripts.
func TestBirthIsFiledWithoutScripts(t *testing.T) {
	s := newStage(t)
	b := s.browse(tung)
	b.open("/services/birth").want(200).says("Đăng ký khai sinh", "3 ngày làm việc", "NĐ 301/2026/NĐ-CP", "/services/birth/diagram.svg")
	at := b.start("birth")
	b.open(at).want(200).says("nội dung đã có sẵn", "Cơ sở dữ liệu quốc gia về dân cư", "Chưa khai", "Bắt đầu khai")

	// Each page leads to the next one that is open.
	r := b.fill(at+"/pages/registration", "/registration/situation", "ordinary").want(200)
	if r.path != at+"/pages/relation_to_child" {
		t.Fatalf("went on to %s", r.path)
	}
	r = b.form(r, r.path).set("/relation_to_child", "father").send().want(200)
	if r.path != at+"/pages/children" {
		t.Fatalf("went on to %s", r.path)
	}
	r.says("79001.GCS.00601.26", "Bệnh viện Hùng Vương", "Cơ sở khám bệnh, chữa bệnh", "Không đúng?").saysNot(`name="/children/0/birth_place"`)
	if s := b.form(r, r.path); s.fields.Get("/children/0/name") != "Ngô Khánh Vy" {
		t.Errorf("the intended name is %q", s.fields.Get("/children/0/name"))
	}
	r = b.form(r, r.path).send().want(200)
	// Mother, father and their marriage are known: nobody is asked about them.
	if r.path != at+"/pages/choices" {
		t.Fatalf("went on to %s", r.path)
	}
	choose := func(parts string) reply {
		t.Helper()
		return b.form(b.open(at+"/pages/choices"), "/pages/choices").set("/choices/residence", parts, "/choices/card", parts, "/choices/identity", parts).send().want(200)
	}
	// Who wants none of the other parts is not asked about them, and what was answered is
	// not filed; it is there again for who changes their mind.
	none := func() {
		t.Helper()
		if no := choose("false"); no.path != at+"/pages/delivery" {
			t.Fatalf("went on to %s", no.path)
		}
		b.open(at + "/review").want(200).saysNot("Trạm y tế phường Bến Thành")
		b.open(at + "/pages/card").want(404)
	}
	none()
	r = choose("true")
	r = b.form(r, "/pages/residence").set("/residence/relation", "daughter").send().want(200)
	b.form(r, "/pages/card").set("/card/clinic", "Trạm y tế phường Bến Thành").send().want(200)
	none()
	r = choose("true")
	b.open(at + "/review").want(200).says("Trạm y tế phường Bến Thành")
	r = b.form(r, "/pages/delivery").set("/delivery/channel", "electronic").send().want(200)
	r.says("Thông thường không phải nộp giấy tờ", "Thêm giấy tờ đính kèm")
	r = b.form(r, "/pages/attachments").send().want(200)
	if r.path != at+"/review" {
		t.Fatalf("went on to %s: %s", r.path, r.main())
	}
	r.says("Tờ khai thay đổi thông tin cư trú (CT01)", "UBND phường Bến Thành", "Công an phường Bến Thành", "Con gái", "Tôi cam đoan", "Lệ phí").
		saysNot(">daughter<", ">female<", ">26743<")

	b.form(r, "/file").send().want(422).says("Hãy đánh dấu vào lời cam đoan")
	file := b.form(b.open(at+"/review"), "/file").set("sure", "yes")
	r = file.send().want(200).says("Hồ sơ đã được nộp", "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", "Độc lập - Tự do - Hạnh phúc", "GIẤY TIẾP NHẬN HỒ SƠ", "Ngô Thanh Tùng", "<svg")
	code := r.find(`class="lt-code">([^<]+)<`)

	// A second click files nothing; the way back to the form leads to the receipt.
	again := file.send().want(200)
	if again.path != r.path || again.find(`class="lt-code">([^<]+)<`) != code {
		t.Errorf("the second click led to %s", again.path)
	}
	if r := b.open(at + "/pages/children"); r.path != again.path {
		t.Errorf("back to the form led to %s", r.path)
	}
	if list, _, err := s.sys.Store.CasesOf(t.Context(), tung, "", 100); err != nil || len(list) != 1 || list[0].Code != code {
		t.Errorf("cases are %v, %v", list, err)
	}
	// Somebody else sees neither the draft nor the receipt.
	other := s.browse(dung)
	other.open(at).want(404)
	other.open(r.path).want(404)
	other.post(at+"/pages/children", url.Values{"/children/0/name": {"X"}}).want(404)
	s.browse("").open(r.path).says("Đăng nhập").saysNot("GIẤY TIẾP NHẬN")
}

// Every page of a declaration says for whom it is asked: parts of the case, by page or
// by question, or all of them.
func TestEveryPageSaysWhoNeedsIt(t *testing.T) {
	s := newStage(t)
	for service, who := range map[string]string{"birth": tung, "death": cuc} {
		b := s.browse(who)
		at := b.start(service)
		if service == "death" {
			b.form(b.open(at+"/about").want(200), "/about").set("about", "001050000701").send().want(200)
		}
		pages := regexp.MustCompile(`href="(`+at+`/pages/[a-z_]+)"`).FindAllStringSubmatch(b.open(at).want(200).body, -1)
		if len(pages) < 6 {
			t.Fatalf("%s: %d pages: %s", service, len(pages), b.open(at).main())
		}
		for _, p := range pages {
			b.open(p[1]).want(200).says("Cần cho: ")
		}
		b.open(at + "/pages/delivery").want(200).says("Cần cho: mọi phần của hồ sơ")
	}
}

// Whoever changes only the commune of the proposed residence is asked for the household
// there: that of the old commune is not filed under the new one.
func TestAnotherCommuneIsAnotherHousehold(t *testing.T) {
	s := newStage(t)
	b := s.browse(tung)
	at := b.start("birth")
	b.fill(at+"/pages/registration", "/registration/situation", "ordinary")
	b.fill(at+"/pages/choices", "/choices/residence", "true", "/choices/card", "false", "/choices/identity", "false")
	page := b.form(b.open(at+"/pages/residence"), "/pages/residence")
	if got := page.fields.Get("/residence/household"); got != "HCM-0002" {
		t.Fatalf("the register proposes %q", got)
	}
	r := page.set("/residence/commune", "20242", "/residence/relation", "daughter").send().want(422)
	again := b.form(r, "/pages/residence")
	for _, name := range []string{"/residence/household", "/residence/head/id", "/residence/head/name"} {
		if got := again.fields.Get(name); got != "" {
			t.Errorf("%s is still %q", name, got)
		}
	}
	r.says("Mã hộ gia đình")
	again.set("/residence/commune", "26743").send().want(200)
	if got := b.form(b.open(at+"/pages/residence"), "/pages/residence").fields.Get("/residence/household"); got != "HCM-0002" {
		t.Errorf("back at the register's commune the household is %q", got)
	}
}

// A result by post needs a house, not a commune alone. The register proposes its own;
// what it proposes is shown before it is taken, goes with its commune, and goes when
// nothing is posted.
func TestAResultByPostNeedsAHouse(t *testing.T) {
	s := newStage(t)
	b := s.browse(tung)
	at := b.start("birth")
	page := b.form(b.fill(at+"/pages/delivery", "/delivery/channel", "post").want(200), "/pages/delivery")
	if got := page.fields.Get("/delivery/address/commune") + " " + page.fields.Get("/delivery/address/detail"); got != "26743 33 Lê Lai" {
		t.Errorf("proposed is %q", got)
	}
	r := page.set("/delivery/address/commune", "20242").send().want(422).says("Hãy nhập: Số nhà, đường, thôn, tổ dân phố.")
	page = b.form(r, "/pages/delivery")
	if got := page.fields.Get("/delivery/address/detail"); got != "" {
		t.Errorf("in another commune the house is still %q", got)
	}
	r = page.set("/delivery/address/commune", "").send().want(422).says("Hãy chọn: Xã, phường, đặc khu.")
	b.form(r, "/pages/delivery").set("/delivery/address/commune", "26743").send().want(200)
	page = b.form(b.open(at+"/pages/delivery"), "/pages/delivery")
	if got := page.fields.Get("/delivery/address/detail"); got != "33 Lê Lai" {
		t.Errorf("back at the register's commune the house is %q", got)
	}
	if r = page.set("/delivery/address/detail", "5 Lê Lai").send().want(200); r.path == at+"/pages/delivery" {
		t.Error("the page was not taken")
	}
	b.open(at + "/review").want(200).says("5 Lê Lai")
	known := func() string { return b.open(at).want(200).find(`<strong>([0-9]+) nội dung đã có sẵn`) }
	posted := known()
	b.fill(at+"/pages/delivery", "/delivery/channel", "electronic").want(200)
	b.open(at + "/review").want(200).saysNot("5 Lê Lai")
	if got := known(); got == posted {
		t.Errorf("%s values are told as known, with an address to post to and without", got)
	}
}
