package portal_test

import (
	"encoding/csv"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"lienthong/api/portal"
)

// work makes something to count: a birth registered after a supplement, and one whose
// residence is refused; it returns the office that refused.
func (s *stage) work() string {
	s.t.Helper()
	tale := s.begin("birth-b4")
	tale.Staff("reception", "birth", "receive", nil).Staff("officer", "birth", "request_supplement", map[string]any{"items": []any{map[string]any{"kind": "paper", "about": "Giấy chứng sinh", "reason": "mờ"}}})
	tale.Later(26 * time.Hour)
	tale.Applicant("", "answer_supplement", map[string]any{"items": map[string]any{tale.Now().Items[0].ID: map[string]any{"comment": "Đã nộp"}}}).Draft()
	tale.Applicant("birth", "confirm", nil).Staff("leader", "birth", "sign", nil)
	s.fine(tale)
	refused := s.begin("birth-consent-declined").Registered()
	refused.By("048055000501", "residence", "decline", map[string]any{"reason": "Chỗ ở chật"}).Staff("leader", "residence", "refuse", map[string]any{"reason": "Chủ hộ không đồng ý"})
	s.fine(refused)
	return refused.Now().Dossier("residence").Office.ID
}

func TestDashboard(t *testing.T) {
	s := newStage(t)
	office := s.work()
	boss := s.browse("supervisor.civil_status_00004")
	r := boss.open("/dashboard").want(200).says("Bảng theo dõi", "từ 01/09/2026 đến 08/09/2026", "Phường Ba Đình", "Tỷ lệ giải quyết đúng hạn và trước hạn", "Công thức", "QĐ 766/QĐ-TTg",
		"Thông tin được điền sẵn từ cơ sở dữ liệu", `role="img" aria-label="Đúng hạn và trễ hạn theo thủ tục"`, "Số ngày trung bình theo ngành", "Kỳ trước", `href="/dashboard"`).
		saysNot("Quận Hải Châu", "Từ chối đăng ký thường trú", "Kỳ sau")
	if arrived := r.find(`(?s)<strong class="lt-figure-value">([^<]+)</strong><span>Hồ sơ thành phần đã đến`); arrived != "3" { // birth, then residence and card
		t.Errorf("%s dossiers arrived", arrived)
	}
	// Each number has its formula beside it.
	if n := strings.Count(r.body, "<summary>Công thức"); n != strings.Count(r.body, "lt-figure-value") || n < 15 {
		t.Errorf("%d formulas", n)
	}
	// Periods: the day of the filing, a week that has not begun, own dates.
	boss.open("/dashboard?period=day&to=2026-09-07").want(200).says("từ 07/09/2026 đến 07/09/2026", "/dashboard?period=day&amp;to=2026-09-06", "/dashboard?period=day&amp;to=2026-09-08")
	boss.open("/dashboard?period=quarter&to=2026-05-01").want(200).says("từ 01/04/2026 đến 30/06/2026", "chưa có", "to=2026-07-01")
	boss.open("/dashboard?period=own&from=2026-09-07&to=2026-09-08&unit=00004").want(200).says("Phường Ba Đình: từ 07/09/2026 đến 08/09/2026")
	boss.open("/dashboard?period=own&from=7%2F9%2F2026&to=08092026&unit=00004").want(200).says("từ 07/09/2026 đến 08/09/2026", `name="from" value="07/09/2026"`)
	boss.open("/dashboard?period=own&from=2026-09-09&to=2026-09-01").want(422).says("Khoảng thời gian không hợp lệ", `href="#f-to"`)
	boss.open("/dashboard?period=own&to=morgen").want(422).says("Ngày không hợp lệ")
	boss.open("/dashboard?unit=48").want(403) // another unit than the own
	// As a file, in the language of the page.
	file := boss.open("/dashboard.csv?period=month&by=procedure").want(200)
	rows, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(file.body, "\ufeff"))).ReadAll()
	if err != nil || len(rows) < 50 || rows[0][0] != "Từ ngày" || !strings.HasPrefix(file.header.Get("Content-Disposition"), "attachment") {
		t.Errorf("%v: %v", err, rows)
	}
	// Over time, and of one service only.
	r.says(`aria-label="Hồ sơ thành phần đến theo thời gian"`, `<title>07/09/2026: 1</title>`, `<th scope="row">08/09/2026</th>`, "Đúng hạn và trễ hạn theo thời gian", "&amp;by=day", "Tất cả dịch vụ")
	boss.open("/dashboard?period=year").want(200).says("Tháng 09/2026", "&amp;by=month")
	boss.open("/dashboard?period=day&to=2026-09-07").want(200).saysNot("theo thời gian\"")
	death := boss.open("/dashboard?service=death").want(200).says("service=death", `value="death" selected`)
	if filed := death.find(`<strong class="lt-figure-value">([^<]+)</strong><span>Hồ sơ liên thông đã nộp`); filed != "0" {
		t.Errorf("%s deaths", filed)
	}
	boss.open("/dashboard?service=wedding").want(422).says("Không có dịch vụ này", `href="#f-service"`)
	over := boss.open("/dashboard.csv?period=month&by=day&service=birth").want(200)
	if !contains(over.body, "2026-09-07,07/09/2026,") {
		t.Errorf("no line of a day: %.500s", over.body)
	}
	// Where the refusal was, it is seen; the administrator sees everything.
	far := s.browse("supervisor." + office).open("/dashboard").want(200)
	far.says("Lý do từ chối")
	all := s.browse("administrator").open("/dashboard").want(200).says("Đúng hạn và trễ hạn theo đơn vị")
	if cases := all.find(`<strong class="lt-figure-value">([^<]+)</strong><span>Hồ sơ liên thông đã nộp`); cases != "2" {
		t.Errorf("%s cases", cases)
	}
	boss.lang = "en"
	boss.open("/dashboard").want(200).says("Dashboard", "Average days by agency", "Handled on time and ahead")
	for _, account := range []string{tuan, "tester", clerk} {
		s.browse(account).open("/dashboard").want(403)
	}
	s.browse("").open("/dashboard").says("Đăng nhập").saysNot("Chỉ số")
}

// Figures that lack cases say so. The surface is played here: no file is damaged.
func TestDashboardIsPartial(t *testing.T) {
	for lang, want := range map[string]string{"vi": "Số liệu chưa đầy đủ: 2 hồ sơ bị hỏng", "en": "The figures are partial: 2 cases cannot be read, and count as when they last could."} {
		for unread, said := range map[string]bool{"": false, `"unread":2,`: true} {
			answers := map[string]string{
				"/api/v1/sessions":   `{"id":"boss","kind":"staff","name":"B","roles":["supervisor"]}`,
				"/api/v1/indicators": `{"from":"2026-09-01","to":"2026-09-08","as_of":"2026-09-08T08:00:00+07:00",` + unread + `"offices":1,"units":[],"indicators":[{"id":"dossiers.received","name":{"vi":"Tiếp nhận"},"formula":{"vi":"Số"},"level":"dossier","unit":"count","value":"1","source":"x"}],"refusals":[]}`,
			}
			p, err := portal.New(portal.Config{API: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				a, ok := answers[r.URL.Path]
				if !ok {
					a = "{}"
				}
				if _, err := io.WriteString(w, a); err != nil {
					t.Error(err)
				}
			})})
			if err != nil {
				t.Fatal(err)
			}
			req := httptest.NewRequestWithContext(t.Context(), "GET", "/dashboard", nil)
			req.Header.Set("Accept-Language", lang)
			req.AddCookie(&http.Cookie{Name: "lienthong_session", Value: "x"})
			w := httptest.NewRecorder()
			p.ServeHTTP(w, req)
			if is := strings.Contains(w.Body.String(), want); w.Code != 200 || is != said {
				t.Errorf("%s, %q: %d, said %v\n%s", lang, unread, w.Code, is, w.Body.String())
			}
		}
	}
}
