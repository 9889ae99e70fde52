package verify

import (
	"math/rand/v2"
	"testing"

	"lienthong/engine"
	"lienthong/workflows"
)

// TestSamplesHoldThePapersThatARuleWants: an authorised person files with the
// authorisation attached; drawn applications do too, so that stories about them can
// be played.
func TestSamplesHoldThePapersThatARuleWants(t *testing.T) {
	set, err := workflows.Load()
	if err != nil {
		t.Fatal(err)
	}
	svc, err := set.Service("birth", "2026-09-01")
	if err != nil {
		t.Fatal(err)
	}
	s := sampler{Rand: rand.New(rand.NewPCG(1, 2)), forms: schemas{}, units: []string{"00004"}, day: "2026-08-01", now: "2026-09-07T08:00:00+07:00"}
	authorised := 0
	for range 60 {
		v := s.value(svc.Form.Schema)
		if v == nil {
			continue
		}
		if by, _ := engine.At(v, "relation_to_child").(string); by == "authorised" {
			authorised++
		}
	}
	if authorised < 3 { // one in seven relations
		t.Errorf("%d of 60 draws are of an authorised person", authorised)
	}
}
