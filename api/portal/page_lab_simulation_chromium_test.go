package portal_test

import (
	"context"
	"net/url"
	"testing"

	"github.com/chromedp/chromedp"
)

// With scripts a page tells by itself how far a simulation is, and that it ended.
func TestSimulationBeforeOnesEyes(t *testing.T) {
	s := newStage(t)
	w := s.openWindow(390)
	b := s.browse("tester")
	at := b.post("/lab/simulations", url.Values{"cases": {"2000"}, "days": {"150"}, "seed": {"1"}, "faults": {"none"}}).want(200).path
	w.be(b, "vi")
	w.open(at)
	w.do(chromedp.Evaluate[chromedp.Void](`window.stayed = true; window.first = document.getElementById("progress").textContent; 0`))
	ctx, cancel := context.WithTimeout(w.ctx, patience)
	defer cancel()
	if err := w.wait(ctx, `window.stayed && document.getElementById("progress").textContent !== window.first`); err != nil {
		t.Fatalf("%v: %s", err, w.text("main"))
	}
	w.shoot("simulation-running")
	w.fits("simulation-running")
	w.accessible("simulation-running")
	b.post(at+"/stop", url.Values{}).want(200)
	if err := w.wait(ctx, `!window.stayed && document.readyState === "complete" && document.querySelector("main").textContent.includes("Mô phỏng đã dừng")`); err != nil {
		t.Fatalf("%v: %s", err, w.text("main"))
	}
}
