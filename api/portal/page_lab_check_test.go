package portal_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"lienthong/api/portal"
)

// Definitions are searched from the page, and every story leads to its machines.
func TestCheckFromThePage(t *testing.T) {
	s := newStage(t)
	b := s.browse("tester")
	r := b.open("/workflows/birth").want(200)
	at := r.find(`href="(/lab/checks/[^"]+)"`)
	f := b.form(b.open(at).want(200).says("Kiểm tra định nghĩa", "Mức thường dùng"), at)
	f.fields.Set("bound", "1000") // less than the page offers: a search takes long
	found := f.send().want(200)
	// A search that was cut short proves nothing, and says so.
	found.says("Chưa chứng minh", "dừng ở 1000 trạng thái", "too_many_states", "vòng mà người có thể lặp lại")
	if regexp.MustCompile(`>(search|by|verdict|severity|played)\.`).MatchString(found.body) {
		t.Errorf("a word is missing: %s", found.main())
	}
	b.open("/lab/checks/nothing").want(404)
	b.post("/lab/checks/nothing", url.Values{}).want(404)
	s.browse("operator").open(at).want(403)
}

// A finding is told with its story, and each act of it leads to the machine that it moves.
// The surface is played here: a search that finds something takes long.
func TestStoryOfAFinding(t *testing.T) {
	answers := map[string]string{
		"/api/v1/sessions":       `{"id":"tester","kind":"staff","name":"T","roles":["tester"]}`,
		"/api/v1/services/birth": `{"id":"birth","version":"2","title":{"vi":"Khai sinh","en":"Birth"},"steps":[]}`,
		"/api/v1/definitions/check": `{"errors":1,"states":7,"services":[{"version":"2","title":{"vi":"Khai sinh"},"proofs":[{"verdict":"refuted","text":{"vi":"Mọi hồ sơ đều kết thúc"}}]}],
			"findings":[{"file":"p.yaml","line":12,"column":5,"severity":"error","code":"dead_end","message":{"vi":"Ngõ cụt"},"hint":{"vi":"Thêm hành động"},"service":"birth","version":"2","played":"replayed",
			"story":[{"action":"file","by":"applicant"},{"step":"birth","action":"receive","by":"reception","from":"submitted","to":"received"},{"step":"birth","action":"lost","by":"registry","reply":"gone","from":"received","refused":true}]}]}`,
	}
	p, err := portal.New(portal.Config{API: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := io.WriteString(w, answers[r.URL.Path]); err != nil {
			t.Error(err)
		}
	})})
	if err != nil {
		t.Fatal(err)
	}
	req := httptest.NewRequestWithContext(t.Context(), "POST", "/lab/checks/birth", strings.NewReader(""))
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.AddCookie(&http.Cookie{Name: "lienthong_session", Value: "x"})
	w := httptest.NewRecorder()
	p.ServeHTTP(w, req)
	r := reply{t, w.Code, w.Header(), w.Body.String(), "/lab/checks/birth"}
	r.want(200).says("1 lỗi, 0 cảnh báo", "Sai", "Ngõ cụt", "Thêm hành động", "p.yaml:12:5", "đã diễn lại qua lõi", "người nộp", "một cửa", "trả lời <code>gone", "bị điều kiện chặn",
		`href="/workflows/birth/birth?state=received&amp;version=2"`)
	if n := strings.Count(r.body, "/workflows/birth/birth?"); n != 2 {
		t.Errorf("%d acts lead to a machine", n)
	}
}

// A state of a machine is lit by the address.
func TestLitState(t *testing.T) {
	s := newStage(t)
	b := s.browse("tester")
	m := b.open("/workflows/birth/birth?state=signing").want(200)
	lit := b.open(strings.ReplaceAll(m.find(`<img class="lt-zoom[^"]*" src="([^"]+)"`), "&amp;", "&")).want(200)
	if plain := b.open("/workflows/birth/birth/diagram.svg").want(200); !strings.Contains(lit.body, `class="ltd-n ltd-current`) || strings.Contains(plain.body, `class="ltd-n ltd-current`) {
		t.Error("the state is not lit, or always")
	}
}

// A case decided again is identical under its own version, and parts from it under
// another one.
func TestDecidedAgain(t *testing.T) {
	s := newStage(t)
	tale := s.begin("birth-b4").Registered()
	tale.Later(time.Hour)
	s.fine(tale)
	b := s.browse("tester")
	at := b.open("/lab/cases/" + tale.Code).want(200).find(`href="(/lab/cases/[^"]+/again)"`)
	same := b.open(at).want(200).says("Giống hệt lịch sử", "2026-09-01").saysNot("Chỗ khác đầu tiên")
	old := same.find(`<option value="(2024[^"]+)"`)
	other := b.open(at+"?version="+old).want(200).says("Chỗ khác đầu tiên", "Trong lịch sử", old).saysNot("Giống hệt lịch sử")
	if regexp.MustCompile(`>(again|parts)\.`).MatchString(other.body) {
		t.Errorf("a word is missing: %s", other.main())
	}
	b.open(strings.ReplaceAll(other.find(`href="(/lab/cases/[^"]+at=[^"]+)"`), "&amp;", "&")).want(200)
	b.open(at + "?version=none").want(404)
	b.open("/lab/cases/none/again").want(404)
	s.browse(clerk).open(at).want(403)
	if tale.Now().Service.Version == old {
		t.Error("the case changed")
	}
}

// Two versions stand side by side, with what they tell differently.
func TestVersionsSideBySide(t *testing.T) {
	s := newStage(t)
	b := s.browse("tester")
	at := b.open("/workflows/birth").want(200).find(`href="(/lab/compare/[^"]+)"`)
	r := b.open(at).want(200).says("So sánh hai phiên bản", "2024-07-01", "2026-09-01", "Thẻ căn cước", "không có", "chỗ khác nhau")
	if strings.Count(r.body, "<img") != 3 { // the emblem and two pictures
		t.Errorf("%d pictures", strings.Count(r.body, "<img"))
	}
	b.open(at+"?a=2026-09-01&b=2026-09-01").want(200).says("0 chỗ khác nhau", "giống nhau")
	b.open(at + "?a=none").want(404)
	b.open("/lab/compare/nothing").want(404)
	s.browse(clerk).open(at).want(403)
}
