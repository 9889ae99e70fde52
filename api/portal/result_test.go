package portal_test

import (
	"fmt"
	"testing"

	"lienthong/cmd/lienthong/story"
)

// corrected has a birth certificate corrected: its second version stands.
func (s *stage) corrected() *story.Tale {
	s.t.Helper()
	tale := s.begin("birth-b4").Registered()
	tale.Staff("officer", "birth", "correct", map[string]any{"reason": "Sai chữ đệm"}).
		Staff("leader", "birth", "propose", map[string]any{"changes": map[string]any{"name": "Nguyễn Trần Ân Nhiên"}, "reason": "Sai sót của cơ quan đăng ký"}).Want("birth", "registered")
	s.fine(tale)
	return tale
}

// annulled has one annulled.
func (s *stage) annulled() *story.Tale {
	s.t.Helper()
	tale := s.begin("birth-requester-is-head").Registered()
	tale.Staff("officer", "birth", "correct", map[string]any{"reason": "Đã đăng ký ở nơi khác"}).
		Staff("leader", "birth", "annul", map[string]any{"reason": "Đăng ký hai lần"}).Want("birth", "annulled")
	s.fine(tale)
	return tale
}

// A result that was replaced or revoked says so to the citizen, to the clerk, on the
// paper that is kept, and to whoever checks it.
func TestResultsThatChanged(t *testing.T) {
	s := newStage(t)
	anybody := s.browse("")

	tale := s.corrected()
	me, at := s.browse(tale.Citizen), "/cases/"+tale.Code
	me.open(at).want(200).says("Bản 2, thay bản trước")
	r := me.open(at+"/results/birth").want(200).says("Bản trước không còn hiệu lực", "<strong>Bản 2, thay bản trước</strong>", "Nguyễn Trần Ân Nhiên")
	me.open(at + "/results/birth?file").want(200).says("<strong>Bản 2, thay bản trước</strong>")
	first, second := r.find(`href="(/r/[^"]+)">bản 1<`), r.find(`href="(/r/[^"]+)">Kiểm tra thật, giả<`)
	anybody.open(first).want(200).says("đã được thay bằng bản mới hơn", "Bản đang có hiệu lực là bản 2").saysNot("Nhiên")
	anybody.open(second).want(200).says("là thật và đang có hiệu lực")
	s.browse(tale.Clerk("officer", "birth")).dossier(tale.Code, "birth").says("Bản 2, thay bản trước")

	gone := s.annulled()
	me, at = s.browse(gone.Citizen), "/cases/"+gone.Code
	me.open(at).want(200).says("Đã bị thu hồi")
	r = me.open(at+"/results/birth").want(200).says("Kết quả này đã bị thu hồi hoặc hủy bỏ", "KHÔNG CÒN GIÁ TRỊ", "<h2>Giấy khai sinh").saysNot("birth_certificate")
	me.open(at + "/results/birth?file").want(200).says("KHÔNG CÒN GIÁ TRỊ")
	anybody.open(r.find(`href="(/r/[^"]+)">Kiểm tra thật, giả<`)).want(200).says("Kết quả đã bị thu hồi").saysNot("đang có hiệu lực")
	s.browse(gone.Clerk("officer", "birth")).dossier(gone.Code, "birth").says("Đã bị thu hồi")
}

// A paper whose data name nobody says whom it is about, and has no line for a code that
// it does not have; one that names people says no more.
func TestAPaperSaysWhomItIsAbout(t *testing.T) {
	s := newStage(t)
	tale := s.begin("death-o4").Died()
	s.fine(tale)
	me, at := s.browse(tale.Citizen), "/cases/"+tale.Code+"/results/"
	me.open(at + "death").want(200).says("Mã kết quả").saysNot("<dt>Cho</dt>")
	for _, form := range []string{"", "?file"} {
		me.open(at+"eligibility"+form).want(200).says("<dt>Cho</dt><dd>Vũ Đình Thắng</dd>", `class="lt-paper-end"><dt>Ngày cấp`).saysNot("Mã kết quả")
	}
}

// changedTour shows results that were replaced and revoked.
func changedTour(t *testing.T) []stopover {
	t.Helper()
	s := newStage(t)
	var out []stopover
	for name, tale := range map[string]*story.Tale{"replaced": s.corrected(), "revoked": s.annulled()} {
		me, at := s.browse(tale.Citizen), "/cases/"+tale.Code
		r := me.open(at + "/results/birth").want(200)
		check := r.find(`href="(/r/[^"]+)">(?:bản 1|Kiểm tra thật, giả)<`)
		if name == "replaced" {
			check = r.find(`href="(/r/[^"]+)">bản 1<`)
		}
		out = append(out, stopover{"case-" + name, me, at, ""}, stopover{"result-" + name, me, at + "/results/birth", ""},
			stopover{"check-" + name, me, check, ""}, stopover{"desk-" + name, s.browse(tale.Clerk("officer", "birth")), fmt.Sprintf("/dossiers/%s/birth", tale.Code), ""})
	}
	return out
}
