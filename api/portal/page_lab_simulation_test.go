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
	"lienthong/engine/simulate"
)

// played waits until a simulation does not run any more; each look is a request, and
// leaves it time to run.
func (b *browser) played(path string) reply {
	b.t.Helper()
	again := time.NewTicker(50 * time.Millisecond)
	defer again.Stop()
	for end := time.Now().Add(patience); time.Now().Before(end); <-again.C {
		if r := b.open(path).want(200); !strings.Contains(r.body, `id="progress"`) {
			return r
		}
	}
	b.t.Fatalf("%s still runs", path)
	return reply{}
}

// playedLeave plays a few days, and the same with somebody on leave; it returns the
// address where both stand side by side.
func (b *browser) playedLeave() string {
	b.t.Helper()
	f := b.formWith(b.open("/lab/simulations").want(200), "/lab/simulations", "cases")
	began := b.post("/lab/simulations", with(f, "cases", "12", "days", "5", "seed", "3", "faults", "light")).want(200)
	at := began.path
	done := b.played(at)
	leave := b.formWith(done, at+"/leave", "people")
	second := b.post(at+"/leave", with(leave, "desk", done.find(`<option value="([^"]+ officer)"`))).want(200)
	both := second.path + "?with=" + strings.TrimPrefix(at, "/lab/simulations/")
	b.played(both)
	return both
}

// A tester plays a few days, reads what came of it, and plays them again with
// somebody on leave.
func TestSimulationFromThePage(t *testing.T) {
	s := newStage(t)
	b := s.browse("tester")
	b.open("/lab").want(200).says(`href="/lab/simulations"`)
	list := b.open("/lab/simulations").want(200).says("Chưa có mô phỏng nào")
	f := b.formWith(list, "/lab/simulations", "cases")
	b.post("/lab/simulations", with(f, "cases", "0", "days", "x", "seed", "", "faults", "worst")).want(422).
		says("Số tờ khai: nhập số nguyên từ 1 đến 5.000", "Số ngày: nhập", "Hạt giống ngẫu nhiên: nhập", "Hãy chọn mức lỗi", `href="#f-cases"`, `value="x"`)
	both := b.playedLeave()
	r := b.open(both).want(200).says("Mọi bất biến đều giữ", "Bình thường", "1 người nghỉ: ", "Hạn trả", "Cả hồ sơ liên thông", "Hàng chờ dài nhất", `class="lt-line-1"`, "12 tờ khai")
	for id, text := range simulate.Invariants {
		r.says(text.VI, `<code class="lt-quiet">`+id+`</code>`)
	}
	if n := strings.Count(r.body, `<code class="lt-quiet">`); n != len(simulate.Invariants) {
		t.Errorf("%d invariants are told of", n)
	}
	if regexp.MustCompile(`>(simulation|simulate|facts|kept|promise|by|faulty|simulated)\.`).MatchString(r.body) {
		t.Errorf("a word is missing: %s", r.main())
	}
	again := strings.ReplaceAll(r.find(`href="(/lab/simulations\?[^"]+)"`), "&amp;", "&")
	b.open(again).want(200).says(`name="cases" inputmode="numeric" maxlength="6" value="12"`, `<option value="light" selected>`)
	path, first, _ := strings.Cut(both, "?with=")
	usual := "/lab/simulations/" + first
	r.says(`action="` + usual + `/leave"`) // leave is added to the plan as usual, not to other leave
	b.open(path).want(200).says("1 người nghỉ").saysNot(`class="lt-line-1"`, "/leave")
	b.open(path + "?with=99").want(200).saysNot(`class="lt-line-1"`) // not kept any more
	b.post(path+"/leave", url.Values{}).want(409)
	b.post(usual+"/leave", url.Values{"desk": {"nowhere"}, "people": {"0"}, "from": {"soon"}, "to": {"2026-09-08"}}).want(422).
		says("Hãy chọn nơi có người nghỉ", "Số người nghỉ: nhập", "Từ ngày: hãy nhập một ngày")
	b.open("/lab/simulations").want(200).says(path, "có người nghỉ", "lỗi nhẹ")
	b.open("/lab/simulations/99").want(404)
	for _, account := range []string{tuan, clerk, "operator"} {
		s.browse(account).open("/lab/simulations").want(403)
		s.browse(account).post("/lab/simulations", f).want(403)
		s.browse(account).open(path).want(403)
	}
	b.lang = "en"
	b.open(both).want(200).says("Every invariant held", "1 on leave: ", "The longest queues")
}

// A long simulation tells how far it is, keeps another from beginning, and is stopped.
func TestSimulationStopped(t *testing.T) {
	s := newStage(t)
	b := s.browse("tester")
	f := b.formWith(b.open("/lab/simulations"), "/lab/simulations", "cases")
	long := b.post("/lab/simulations", with(f, "cases", "5000", "days", "180")).want(200).says("đang chạy", "trên 180", `hx-trigger="every 1s"`, "Làm mới")
	b.post("/lab/simulations", f).want(409).says("Một mô phỏng khác đang chạy")
	part := b.do("GET", long.path, nil, "HX-Request", "true").want(200).says(`id="progress"`).saysNot("<main")
	if part.header.Get("HX-Refresh") != "" {
		t.Error("a page that is not done is loaded again")
	}
	b.post(long.path+"/leave", url.Values{}).want(409)
	b.post(long.path+"/stop", url.Values{}).want(200)
	b.played(long.path).says("Mô phỏng đã dừng ở ngày").saysNot("Dừng mô phỏng")
	if part = b.do("GET", long.path, nil, "HX-Request", "true").want(200); part.header.Get("HX-Refresh") != "true" {
		t.Error("the script does not learn that it ended")
	}
	b.post("/lab/simulations/99/stop", url.Values{}).want(404)
}

// An invariant that broke stands first, with the last acts. The surface is played
// here: the shipped definitions break none.
func TestSimulationThatBroke(t *testing.T) {
	answers := map[string]string{
		"/api/v1/sessions": `{"id":"tester","kind":"staff","name":"T","roles":["tester"]}`,
		"/api/v1/simulations/1": `{"id":"1","status":"done","order":{"cases":5,"days":3,"seed":7},"report":{"good":false,"plan":{"vi":"Thử"},"from":"2026-09-07","to":"2026-09-09","open":[1,3,2],
			"due":[{"procedure":"","total":4,"in_time":1,"late_1":2,"open_late":1}],"desks":[{"office":"o","name":{"vi":"Phường <A>"},"role":"officer","people":2,"served":4,"busy":0.5,"wait_mean":1.25,"longest":1203,"queue":[0,1203,7]}],
			"failure":{"invariant":"once","why":"hai lần","case":"H1","at":"2026-09-08T01:00:00Z","acts":[{"at":"2026-09-08T01:00:00Z","who":"officer","what":"sign","error":"<b>"}]}}}`,
		"/api/v1/simulations/2": `{"id":"2","status":"failed","order":{"cases":5,"days":3},"error":"nó hỏng"}`,
	}
	p, err := portal.New(portal.Config{API: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := io.WriteString(w, answers[r.URL.Path]); err != nil {
			t.Error(err)
		}
	})})
	if err != nil {
		t.Fatal(err)
	}
	open := func(path string) reply {
		req := httptest.NewRequestWithContext(t.Context(), "GET", path, nil)
		req.AddCookie(&http.Cookie{Name: "lienthong_session", Value: "x"})
		w := httptest.NewRecorder()
		p.ServeHTTP(w, req)
		return reply{t, w.Code, w.Header(), w.Body.String(), path}
	}
	open("/lab/simulations/1").want(200).says("Một bất biến không giữ: Không yêu cầu nào được thực hiện hai lần", "hai lần", "không giữ</strong>", "&lt;b&gt;", "Phường &lt;A&gt;, cán bộ thụ lý",
		">3 / 4<", `points="40.0,146.0 208.0,`, "<td class=\"lt-num\">1.203</td>", ">1500<", "08/09/2026").saysNot("Mọi bất biến đều giữ")
	open("/lab/simulations/2").want(200).says("nó hỏng", "không chạy được")
}
