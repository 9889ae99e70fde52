package portal_test

import (
	"os"
	"testing"
	"time"

	"lienthong/engine/calendar"
)

// An administrator moves a running case to the next version in a browser: the dry run
// tells of every case, nothing moves before the tick, and the move is taken back from
// the list of what was moved.
func TestCasesMoveInABrowser(t *testing.T) {
	t.Parallel()
	chromium(t)
	s := newStage(t, publishing)
	code := s.begin("birth-b3").Code
	s.settle()
	if err := s.sys.Advance(t.Context(), time.Date(2026, 9, 3, 9, 0, 0, 0, calendar.Zone)); err != nil {
		t.Fatal(err)
	}
	w := s.openWindow(1280)
	w.be(s.browse("administrator"), "en")
	w.open("/workflows/birth/move-cases?from=2024-07-01&to=2026-09-01")
	w.set(`textarea[name="reason"]`, "NĐ 301/2026/NĐ-CP")
	w.follow(`button[value="dry"]`)
	w.says(code, "Dry run: 1 case would move, 0 stay", "a new part")
	s.under(code, "2024-07-01")

	w.follow(`button[value="run"]`)
	w.says("Tick the confirmation first", code)
	s.under(code, "2024-07-01")
	w.tap(`input[name="sure"]`)
	w.follow(`button[value="run"]`)
	w.says("1 case was moved", code)
	s.under(code, "2026-09-01")
	w.accessible("moved cases")

	w.follow(`a[href*="/take-back"]`)
	w.tap(`input[name="sure"]`)
	w.follow(`form[action$="/take-back"] button`)
	w.says("move was taken back")
	s.under(code, "2024-07-01")
}

// A tester looks at a version that cannot be signed under, and clicks from an act of
// the story that the search found to the machine with that state lit.
func TestCounterexampleInABrowser(t *testing.T) {
	t.Parallel()
	chromium(t)
	s := newStage(t, publishing)
	w := s.openWindow(1280)
	w.be(s.browse("tester"), "en")
	w.open("/workflows/new-version")
	dir := t.TempDir()
	files := []string{dir + "/birth-next.yaml", dir + "/registration-next.yaml"}
	for i, text := range [][]byte{nextBirth(t, "2 working days"), unsigned(t)} {
		if err := os.WriteFile(files[i], text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	w.upload(`input[type="file"]`, files[0])
	w.follow(`main form .ds-button`)
	w.says("No errors: this can be published")
	w.upload(`input[type="file"]`, files[1])
	w.follow(`main form[enctype] .ds-button`)
	w.says("There are errors", "guard_false", "shortest story", "registration-next.yaml:")
	// The machine opens in a tab of its own; here it takes the place of the page.
	w.run(`document.getElementById("look").removeAttribute("target")`)
	w.follow(`button[value$=" signing"]`)
	w.says("not published")
	if !w.has(`main img[src^="data:image/svg"]`) {
		t.Error("the machine is not drawn")
	}
}
