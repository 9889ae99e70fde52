package portal_test

import (
	"net/url"
	"strings"
	"testing"
)

const (
	reception = "reception.civil_status_00004"
	leader    = "leader.civil_status_00004"
)

// inbox opens a dossier from the list, as people do.
func (b *browser) dossier(code, step string) reply {
	b.t.Helper()
	return b.open("/dossiers/" + code + "/" + step).want(200)
}

// do takes an action of a dossier from its page: the button, or the page of its form.
func (b *browser) take(code, step, action string, pairs ...string) reply {
	b.t.Helper()
	at := "/dossiers/" + code + "/" + step + "/" + action
	r := b.dossier(code, step)
	if strings.Contains(r.body, `action="`+at+`"`) {
		return b.form(r, at).set(pairs...).send()
	}
	r.find(`href="(` + at + `)"`)
	return b.form(b.open(at).want(200), at).set(pairs...).send()
}

// A birth from reception to the signature, on the pages of the commune: every step
// sees what the one before did.
func TestCommuneRegistersABirth(t *testing.T) {
	s := newStage(t)
	tale := s.begin("birth-b4")
	desk := s.browse(reception)
	r := desk.open("/").want(200)
	if r = desk.post("/sign-in", url.Values{"account": {reception}}).want(200); r.path != "/inbox" {
		t.Errorf("staff begin at %s", r.path)
	}
	r.says("Nguyễn Trần An Nhiên", "Đăng ký khai sinh", "Mới nộp", "Chưa ai nhận", "1 hồ sơ, gấp nhất đứng trước")
	desk.dossier(tale.Code, "birth").says("Tiếp nhận", "Trần Thu Hà", "Thao tác chưa mở", "nộp trực tuyến", "Thời hạn", `href="/dossiers/`+tale.Code+`/birth/reject_reception"`)
	desk.take(tale.Code, "birth", "receive").want(200).says("Đã ghi nhận")
	s.settle()

	officer := s.browse(clerk)
	officer.dossier(tale.Code, "birth").says("Tra tình trạng hôn nhân của hai người", "đã trả lời", "Cán bộ một cửa", "đang chạy")
	officer.take(tale.Code, "birth", "claim").want(200).says("Đang giữ: Cán bộ thụ lý")
	officer.take(tale.Code, "birth", "draft").want(200).says("Đã ghi nhận", "Chờ xác nhận bản dự thảo", "Đang chờ người nộp hồ sơ")
	s.settle()
	tale.Applicant("birth", "confirm", nil)
	s.fine(tale)

	officer.dossier(tale.Code, "birth").says("Chờ ký", "Thao tác này thuộc vai trò hoặc cơ quan khác").saysNot(`action="/dossiers/` + tale.Code + `/birth/sign"`)
	boss := s.browse(leader)
	boss.dossier(tale.Code, "birth").says("Chờ quyết định: Lập dự thảo Giấy khai sinh", "Cán bộ thụ lý, UBND phường Ba Đình", "Bệnh viện Phụ sản Hà Nội")
	boss.take(tale.Code, "birth", "sign").want(200).says("Đã ghi nhận").saysNot("Chờ quyết định") // it waits for the register only
	s.settle()
	tale.Want("birth", "registered")
	s.fine(tale)
	boss.dossier(tale.Code, "birth").says("Lập dự thảo Giấy khai sinh").saysNot("Chờ quyết định") // what was signed stands among what was done

	// Others have nothing to do with it.
	s.browse("officer.civil_status_00070").open("/dossiers/" + tale.Code + "/birth").want(404).saysNot("An Nhiên")
	s.browse(tuan).open("/dossiers/" + tale.Code + "/birth").want(403)
	s.browse(tuan).open("/inbox").want(403)
}

// A register that refuses what was drafted sends it back: nobody is told that it awaits
// their decision, and why is told first.
func TestARegisterSendsADraftBack(t *testing.T) {
	s := newStage(t)
	tale := s.begin("birth-b4", func(app map[string]any) { app["mother"].(map[string]any)["name"] = "Trần Thu Hoa" })
	tale.Staff("reception", "birth", "receive", nil).Draft()
	s.fine(tale)
	boss := s.browse(leader)
	boss.dossier(tale.Code, "birth").says("Chờ quyết định: Lập dự thảo Giấy khai sinh").saysNot("Đã bị trả lại")
	tale.Applicant("birth", "confirm", nil).Want("birth", "received")
	s.fine(tale)
	for _, b := range []*browser{boss, s.browse(clerk)} {
		b.dossier(tale.Code, "birth").says("Đã bị trả lại: Lập dự thảo Giấy khai sinh", "Dữ liệu dân cư không khớp</strong>").saysNot("Chờ quyết định")
	}
}

// A dossier is claimed, given back, and given by the leader to one of the office, who
// then finds it among their own; who has no part of it is not offered to take it away.
func TestWhoHoldsADossier(t *testing.T) {
	s := newStage(t)
	tale := s.begin("birth-b4")
	s.fine(tale)
	held := func() string { return tale.Now().Dossier("birth").Assignee }
	desk, boss, officer := s.browse(reception), s.browse(leader), s.browse(clerk)
	desk.take(tale.Code, "birth", "claim").want(200).says("Đang giữ: Cán bộ một cửa", "do Cán bộ một cửa xử lý", "/birth/release").saysNot(`/birth/claim"`)
	if held() != reception {
		t.Fatalf("claimed by %q", held())
	}
	officer.dossier(tale.Code, "birth").saysNot("/birth/release\"", "/birth/claim\"")
	desk.take(tale.Code, "birth", "release").want(200).saysNot("Đang giữ: Cán bộ một cửa")
	if held() != "" {
		t.Fatalf("released, and held by %q", held())
	}
	boss.take(tale.Code, "birth", "assign").want(422)
	boss.take(tale.Code, "birth", "assign", "account", clerk).want(200)
	if held() != clerk {
		t.Fatalf("assigned to %q", held())
	}
	officer.open("/inbox?assignee=me").want(200).says("An Nhiên")
	desk.open("/inbox?assignee=me").want(200).saysNot("An Nhiên")

	// The citizen is not told which account has it; who reads English is told by the role.
	s.browse(tuan).open("/cases/"+tale.Code).want(200).says("do một cán bộ xử lý").saysNot(reception, clerk)
	desk.lang = "en"
	desk.dossier(tale.Code, "birth").says("Held by Case officer", "handled by Reception clerk").saysNot("Cán bộ")
}
