package portal_test

import (
	"net/url"
	"testing"
)

// With scripts a page tells by itself how far a simulation is, and that it ended.
func TestSimulationBeforeOnesEyes(t *testing.T) {
	s := newStage(t)
	w := s.openWindow(390)
	b := s.browse("tester")
	at := b.post("/lab/simulations", url.Values{"cases": {"5000"}, "days": {"180"}, "seed": {"1"}, "faults": {"none"}}).want(200).path
	w.be(b, "vi")
	w.open(at)
	w.run(`window.stayed = true; window.first = document.getElementById("progress").textContent`)
	w.sees(`window.stayed && document.getElementById("progress").textContent !== window.first`)
	w.shoot("simulation-running")
	w.fits("simulation-running")
	w.accessible("simulation-running")
	b.post(at+"/stop", url.Values{}).want(200)
	w.sees(`!window.stayed && ` + ready + ` && document.querySelector("main").textContent.includes("Mô phỏng đã dừng")`)
}
