package portal_test

import (
	"strings"
	"testing"

	"lienthong/agencies"
)

// silence makes a register answer nothing but errors.
func (s *stage) silence(registry string) {
	s.t.Helper()
	if err := s.sys.Agencies.SetFaults(registry, agencies.Faults{Outage: true}); err != nil {
		s.t.Fatal(err)
	}
}

// An operator sees what a silent register owes, has it sent again, and records an
// answer that came on paper; the case goes on.
func TestExchangeQueue(t *testing.T) {
	s := newStage(t)
	s.silence("population")
	tale := s.begin("birth-b4")
	tale.Staff("reception", "birth", "receive", nil)
	s.fine(tale)
	op := s.browse("operator")
	r := op.open("/exchange").want(200).says("Trao đổi dữ liệu", tale.Code, "Tra tình trạng hôn nhân của hai người", "Cơ sở dữ liệu quốc gia về dân cư", "Chờ gửi", "1 lần không thành", "Lỗi gần nhất: Cơ sở dữ liệu không sẵn sàng. <code>unavailable</code>", "thử lại lúc", `hx-trigger="every 10s"`).
		saysNot("001195000104", "An Nhiên") // no personal data
	r.says("Tỷ lệ thành công trong 7 ngày", ">0,00 % (1)<", ">100,00 % (", "Tất cả cơ sở dữ liệu") // the one that failed once, and messages that were delivered
	op.open("/exchange?registry=residence").want(200).says("Không có yêu cầu nào đang chờ").saysNot(tale.Code)
	op.open("/exchange?case=" + tale.Code + "&status=pending&text=marriage").want(200).says(tale.Code)
	at := r.find(`href="(/exchange/` + tale.Code + `/[^"]+)"`)

	one := op.open(at).want(200).says("Gửi lại ngay", "Ghi nhận câu trả lời", "Đã đăng ký kết hôn", `name="/married" value="true"`, "Từ ngày", `name="/since"`).saysNot("Bỏ qua thông báo")
	record := op.formWith(one, at, "note-record")
	op.post(at, with(record, "do", "record")).want(422).says("Hãy ghi lý do hoặc căn cứ")
	op.post(at, with(record, "do", "record", "note-record", "CV 12")).want(422).says("Hãy chọn kết quả", "CV 12")
	op.post(at, with(record, "do", "record", "note-record", "CV 12", "answer-outcome", "done")).want(422).says(`href="#f-married"`)
	op.post(at, with(record, "do", "record", "note-record", "CV 12", "answer-outcome", "done", "/married", "true", "/since", "31/02/2020")).want(422).says(`href="#f-since"`, `value="31/02/2020"`, "phải là ngày có thật")
	op.post(at, with(record, "do", "skip", "note-skip", "x")).want(409)
	op.post(at, with(record, "do", "record", "note-record", "CV 12", "answer-outcome", "refused")).want(422).says(`href="#f-answer-refusal"`)
	op.post(at, with(op.formWith(one, at, "note-retry"), "do", "retry")).want(200).says("đã được ghi vào lịch sử", tale.Code).saysNot("Đã thực hiện") // the register has not
	s.settle()
	op.open("/exchange").want(200).says("2 lần không thành")

	// A supervisor of the office acts on it like the operator; one of another office of
	// the province looks; one of another city does not even see it.
	boss := s.browse("supervisor.civil_status_00004")
	boss.open("/exchange").want(200).says(tale.Code, "hồ sơ của chính cơ quan mình")
	boss.post(at, with(boss.formWith(boss.open(at).want(200), at, "note-retry"), "do", "retry", "note-retry", "đã gọi điện")).want(200).says("đã được ghi vào lịch sử", "Đã gửi lại, bởi supervisor.civil_status_00004: đã gọi điện").saysNot("retried by")
	boss.open(at).want(200).says("Đã gửi lại, bởi").saysNot("retried by")
	s.settle()
	beside := s.browse("supervisor.police_00004")
	beside.open(at).want(200).says("Chỉ người vận hành, hoặc người giám sát của cơ quan đang giữ hồ sơ").saysNot("<form method=\"post\" action=\"/exchange")
	beside.post(at, with(record, "do", "retry")).want(409)
	boss.open("/dashboard").want(200).says("Cơ sở dữ liệu quốc gia về dân cư")
	far := s.browse("supervisor.civil_status_20242")
	far.open("/exchange").want(200).saysNot(tale.Code)
	far.open(at).want(404)
	s.browse("tester").open("/exchange").want(403)
	op.open("/exchange/none/1/0").want(404)

	paper := with(record, "do", "record", "note-record", "Công văn 12", "answer-outcome", "done", "/married", "true", "/since", "12/3/2020")
	op.post(at, paper).want(200).says("đã được ghi vào lịch sử").saysNot("Tra tình trạng hôn nhân")
	op.post(at, paper).want(200).says("đã được ghi vào lịch sử") // the same form again: its answer may have been lost
	op.post(at, with(paper, "note-record", "Công văn 13")).want(422)
	op.post(at, with(paper, "key", "another")).want(409).says("đã được trả lời")
	op.post(at, with(paper, "do", "../retry")).want(409)
	s.settle()
	op.open(at).want(200).says("Đã trả lời", "Công văn 12").saysNot("Gửi lại ngay")
	if d := tale.Now().Dossier("birth"); len(d.Waiting) == 0 || d.Waiting[0].For == "registry" {
		t.Errorf("birth still waits: %+v", d.Waiting)
	}
}

// What people are told may be given up, with a reason.
func TestSkipANotification(t *testing.T) {
	s := newStage(t)
	s.silence("notification")
	tale := s.begin("birth-b4")
	op := s.browse("operator")
	op.lang = "en"
	at := op.open("/exchange?registry=notification").want(200).find(`href="(/exchange/` + tale.Code + `/[^"]+)"`)
	one := op.open(at).want(200).says("Skip the notification")
	form := op.formWith(one, at, "note-skip")
	op.post(at, with(form, "do", "skip")).want(422).says(`href="#f-note-skip"`)
	op.post(at, with(form, "do", "skip", "note-skip", "wrong number")).want(200).says("is kept in the history")
	op.open(at).want(200).says("Skipped", "wrong number")
	if n := strings.Count(op.open("/exchange?registry=notification").body, at+`"`); n != 0 {
		t.Error("it still waits")
	}
}
