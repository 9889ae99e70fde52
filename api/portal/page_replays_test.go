package portal_test

import (
	"html"
	"io/fs"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"lienthong/cmd/lienthong/system"
	"lienthong/workflows"
)

// decidedAgain starts a run and waits until it is over; it returns its page.
func (b *browser) decidedAgain(form url.Values) reply {
	b.t.Helper()
	return b.played(b.post("/lab/replays", form).want(200).path)
}

// takingDefinitions is a stage that takes definitions.
func takingDefinitions(c *system.Config) { c.Definitions = nil }

// drafted is birth as a version of its own with a shorter limit.
func drafted(t testing.TB) string {
	t.Helper()
	b, err := fs.ReadFile(workflows.Files(), "services/birth-b4.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return strings.NewReplacer(`version: "2026-09-01"`, `version: "2030-01-01"`, `{from: "2026-09-01"}`, `{from: "2030-01-01"}`,
		"within: 3 working days, warn", "within: 2 working days, warn").Replace(string(b))
}

// redone is a stage of its own where cases were decided again under a draft: a tester,
// the page of the run, and that of a case.
func (s *stage) redone() (b *browser, run, one string) {
	s.t.Helper()
	x := newStage(s.t, takingDefinitions)
	tale := x.begin("birth-b4").Registered()
	tale.Later(time.Hour)
	x.fine(tale)
	b = x.browse("tester")
	done := b.decidedAgain(url.Values{"file": {drafted(s.t)}})
	return b, done.path, done.find(`href="(/lab/replays/[^"]+/cases/[^"]+)"`)
}

// A tester decides all cases again, under their own versions, another one, and one that
// is not published, and looks at where a case parts from its history.
func TestReplaysFromThePage(t *testing.T) {
	s := newStage(t, takingDefinitions)
	tale := s.begin("birth-b4").Registered()
	tale.Later(time.Hour)
	s.fine(tale)
	s.begin("death-o4")
	b := s.browse("tester")
	b.open("/lab").want(200).says(`href="/lab/replays"`)
	list := b.open("/lab/replays").want(200).says("Chưa có lần chạy nào", "Phiên bản lúc nộp", `value="birth 2024-07-01"`)
	f := b.formWith(list, "/lab/replays", "from")
	same := b.decidedAgain(f).says("Giống hệt lịch sử", "Kết quả").saysNot("Từng hồ sơ khác lịch sử")
	if n := same.find(`Giống hệt lịch sử</th><td class="lt-num">(\d+)<`); n != "2" {
		t.Errorf("%s cases are identical", n)
	}
	other := b.decidedAgain(with(f, "under", "birth 2024-07-01", "from", "2026-09-01")).says("Từng hồ sơ khác lịch sử", "Chúng khác từ đâu", tale.Code, "phiên bản 2024-07-01")
	if regexp.MustCompile(`>(again|parts|replays|simulated)\.`).MatchString(other.body) {
		t.Errorf("a word is missing: %s", other.main())
	}
	again := html.UnescapeString(other.find(`href="(/lab/replays\?[^"]+)"`))
	b.open(again).want(200).says(`<option value="birth 2024-07-01" selected>`, `name="from" value="01/09/2026"`)
	b.open(other.find(`href="(/lab/replays/[^"]+/cases/[^"]+)"`)).want(200).says("Chỗ khác đầu tiên", "Trong lịch sử").saysNot(`<select`)
	draft := b.decidedAgain(with(f, "file", drafted(t))).says("định nghĩa chưa công bố, phiên bản 2030-01-01", "Thời hạn khác")
	one := b.open(draft.find(`href="(/lab/replays/[^"]+/cases/[^"]+)"`)).want(200).says("Nét chấm gạch tím", "Chỗ khác đầu tiên").saysNot("Nét đứt cam")
	const code = ` <code class="lt-quiet lt-small">`
	for _, r := range []reply{draft, one} { // words, the code small beside them; a time as people write it
		r.says("Đăng ký khai sinh"+code+"birth<", "Tiếp nhận"+code+"receive<", "Mới nộp"+code+"submitted<", "10/09/2026 17:00", "09/09/2026 17:00").saysNot("+07:00", "<code>birth")
	}
	draft.says("thẻ căn cước cho trẻ dưới 6 tuổi" + code + "birth<")
	picture := b.open(strings.ReplaceAll(one.find(`src="(/lab/cases/[^"]+)"`), "&amp;", "&")).want(200)
	picture.says(`class="ltd-e ltd-both"`, ">Cả hai: ", ">cả hai đến đây")
	b.open("/lab/replays").want(200).says("định nghĩa chưa công bố", "phiên bản 2024-07-01")
	path, _, _ := strings.Cut(other.path, "?")
	b.open(path + "/cases/none").want(404)
	b.open("/lab/replays/99").want(404)
	b.post("/lab/replays/99/stop", url.Values{}).want(404)
	b.post(path+"/stop", url.Values{}).want(200) // nothing runs any more: it stays done
	for _, account := range []string{tuan, clerk, "operator"} {
		s.browse(account).open("/lab/replays").want(403)
		s.browse(account).post("/lab/replays", f).want(403)
		s.browse(account).open(path).want(403)
	}
	b.lang = "en"
	b.open(path).want(200).says("Each case that is not identical", "Where they part first")
}

// What cannot be decided under is told at its field, with its place in the file.
func TestReplaysRefuse(t *testing.T) {
	s := newStage(t, takingDefinitions)
	b := s.browse("tester")
	f := b.formWith(b.open("/lab/replays"), "/lab/replays", "from")
	for name, c := range map[string]struct {
		form url.Values
		says []string
	}{
		"a version of another service": {with(f, "service", "death", "under", "birth 2024-07-01"), []string{"không phải của dịch vụ đã chọn", `href="#f-under"`, `<option value="death" selected>`}},
		"days":                         {with(f, "from", "2026-09-09", "to", "2026-09-01"), []string{"Ngày cuối không được trước", `href="#f-to"`}},
		"no YAML":                      {with(f, "file", "service: [\n<b>"), []string{"services/draft.yaml:", `href="#f-file"`, "&lt;b&gt;", "<details class=\"ds-details\" open>"}},
		"no service":                   {with(f, "file", "a: b"), []string{"services/draft.yaml:1:1"}},
		"both":                         {with(f, "under", "birth 2024-07-01", "file", drafted(t)), []string{"mang phiên bản của mình"}},
	} {
		r := b.post("/lab/replays", c.form).want(422)
		t.Log(name)
		r.says(c.says...)
	}
}
