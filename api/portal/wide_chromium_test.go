package portal_test

import "testing"

// A table that is wider than a telephone keeps the widths of its columns there: a
// description of a sentence is no tower of words.
func TestWideTablesStayWideOnATelephone(t *testing.T) {
	s := newStage(t)
	w := s.openWindow(390)
	w.be(s.browse(""), "vi")
	w.open("/docs")
	w.tap("main details summary")
	if got := eval[float64](w, `Math.min(...[...document.querySelectorAll("main details[open] td:last-child")].map(e => e.clientWidth))`); got < 18*16 {
		t.Errorf("a description is %.0f px wide", got)
	}
	w.fits("docs")
}
