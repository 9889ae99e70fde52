package main

import (
	"bytes"
	"fmt"
	"io/fs"
	"regexp"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"lienthong/workflows"
)

var compiled = sync.OnceValues(workflows.Load)

// broken plays one story given as text over the embedded definitions, and returns
// what was wrong with it.
func broken(t *testing.T, story string) string {
	t.Helper()
	const name = "scenarios/story.yaml"
	defs, err := compiled()
	if err != nil {
		t.Fatal(err)
	}
	ws := worlds{defs: defs}
	if ws.examples, err = examplesOf(workflows.Files()); err != nil {
		t.Fatal(err)
	}
	r, err := playOne(t.Context(), ws, fstest.MapFS{name: {Data: []byte(story)}}, name, nil)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for _, f := range r.Findings {
		b.WriteString(f.String() + "\n")
	}
	if r.Failure != nil {
		b.WriteString(r.Failure.In("en"))
		if vi := r.Failure.In("vi"); !strings.Contains(vi, "phải là ") || !strings.Contains(vi, "thực tế ") || !strings.Contains(vi, "hồ sơ H26.1") || strings.Contains(vi, "expected") || strings.Contains(vi, "events of") {
			t.Errorf("in Vietnamese it says\n%s", vi)
		}
	}
	if r.Good != (b.Len() == 0) {
		t.Errorf("good %v with %q", r.Good, b.String())
	}
	return b.String()
}

// Every story of the law holds.
func TestScenariosHold(t *testing.T) {
	var out, errs bytes.Buffer
	if code := run([]string{"test"}, &out, &errs); code != 0 {
		t.Fatalf("exit %d\n%s%s", code, out.String(), errs.String())
	}
}

// Each failure of the law's two matrices has a story of its own.
func TestEveryFailureOfTheLawIsAStory(t *testing.T) {
	var want []string
	for n := 1; n <= 15; n++ {
		want = append(want, fmt.Sprintf("birth-f%02d-", n))
	}
	for n := 1; n <= 9; n++ {
		want = append(want, fmt.Sprintf("death-df%d-", n))
	}
	for _, name := range want {
		if files, err := fs.Glob(workflows.Files(), "scenarios/"+name+"*.yaml"); err != nil || len(files) == 0 {
			t.Errorf("no story %s*: %v", name, err)
		}
	}
}

// Every story says what a person sees, is told or is refused, not only what the engine
// keeps.
func TestEveryStorySaysWhatAPersonSees(t *testing.T) {
	files, err := fs.Glob(workflows.Files(), "scenarios/*.yaml")
	if err != nil || len(files) < 100 {
		t.Fatalf("%d stories: %v", len(files), err)
	}
	sees := regexp.MustCompile(`(?m)(sees|told|thấy|được báo): ?(\{|$)`)
	for _, f := range files {
		b, err := fs.ReadFile(workflows.Files(), f)
		if err != nil || !sees.Match(b) {
			t.Errorf("%s does not say what anybody sees: %v", f, err)
		}
	}
}

// A story that does not hold names the line, what was expected and what came, and
// shows the case.
func TestScenarioThatBreaks(t *testing.T) {
	got := broken(t, `scenario: {vi: thử, en: try}
given: {at: 2026-09-07 08:00, case: birth-b4}
story:
  - {when: reception, does: receive, part: birth}
  - then:
      birth: registered
      case: {portal: 9}
`)
	for _, want := range []string{
		"scenarios/story.yaml:5:5: - then:", "story.yaml:6:14", "expected birth is registered (Registered)", "got      received (Received), open",
		"story.yaml:7:22", "got      2", "at 2026-09-07 08:00", "birth              received (Received), open, at civil_status_00004, due 2026-09-07 17:00",
		"2 2026-09-07 08:00 birth: receive (Receive), reception.civil_status_00004",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is missing in\n%s", want, got)
		}
	}
}

// A misspelt word is refused at its place with what is known.
func TestScenarioWithUnknownWords(t *testing.T) {
	got := broken(t, `kịch bản: {vi: thử, en: try}
cho: {lúc: 2026-09-07 08:00, hồ sơ: birth-b4, người: {bà: nobody}}
diễn biến:
  - {khi: một cữa, làm: receive, phần: birth}
  - {khi: một cửa, làm: recieve, phần: birth}
  - {khi: một cửa, làm: receive, phần: brith}
  - {cơ sở dữ liệu: popluation, trả lời: ok}
  - {cơ sở dữ liệu: population, trả lời: từ chối nothing_such}
  - {sau: 3 fortnights}
  - thì: {birth: registerd, hồ sơ: {cổgn: 1}}
  - {đến: 2026-13-01}
  - {khi: người yêu cầu, làm: complete the, phần: birth}
`)
	for _, want := range []string{
		`2:59: error: There is no person "nobody"`, `4:11: error: There is no person "một cữa"`, `5:25: error: There is no action "recieve". [unknown_word]: did you mean "receive"?`,
		`6:40: error: There is no part "brith"`, `known: birth, card, identity, residence`, `7:21: error: There is no register "popluation"`,
		`refusal of population "nothing_such"`, `"3 fortnights" is not a length of time`, `10:18: error: There is no state "registerd"`, `There is no word "cổgn"`, `"2026-13-01" is not a date and time`,
		`There is no action "complete the". [unknown_word]: did you mean "Complete the file" (answer_supplement)? known: `,
	} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is missing in\n%s", want, got)
		}
	}
}

// The same story gives the same case, number for number.
func TestScenarioIsDeterministic(t *testing.T) {
	const story = `scenario: {vi: thử, en: try}
given: {at: 2026-09-07 08:00, case: birth-b4}
story:
  - {agency: population, answers: lost reply}
  - tell: birth-registered
`
	const end = `scenario: {vi: thử, en: try}
given: {at: 2026-09-07 08:00, case: birth-b4}
story:
  - {when: reception, does: receive, part: birth}
  - {when: officer, does: draft, part: birth, input: as declared}
  - {agency: population, answers: lost reply}
  - {when: requester, does: confirm, part: birth}
  - after: 3 hours
  - {agency: population, answers: ok}
  - after: 1 hour
  - {when: leader, does: sign, part: birth}
  - then: {birth: {result: {data: {child.id: "1"}}}, events: [result_issued nothing]}
`
	first, second := broken(t, end), broken(t, end)
	if first != second || !strings.Contains(first, "001326") {
		t.Errorf("first\n%s\nthen\n%s", first, second)
	}
	if got := broken(t, story); !strings.Contains(got, `There is no piece "birth-registered"`) {
		t.Errorf("a piece that is not there: %s", got)
	}
}
