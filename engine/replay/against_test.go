package replay_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"lienthong/engine"
	"lienthong/engine/replay"
)

// broken are definitions that fail whoever asks them.
type broken struct{ engine.Definitions }

// filed is a shelf whose cases say what was filed.
func filed(n int) *shelf {
	s := filled(n, 4)
	for _, es := range s.history {
		es[0].Command.File = &engine.Filing{Service: "birth", Version: "1", Requester: engine.Person{ID: "1"}}
	}
	return s
}

// TestAgainstSurvivesDefinitions: definitions that break fail each case by itself, in
// the order of the codes; the report holds as many as were asked for.
func TestAgainstSurvivesDefinitions(t *testing.T) {
	s := filed(130)
	s.history["C0007"][1].Events, s.history["C0007"][1].Command.Actor = nil, engine.Actor{}
	var seen []string
	r, err := replay.Against(t.Context(), s, broken{}, replay.Options{}, 3, 10, func(o replay.Outcome) { seen = append(seen, o.Case) })
	if err != nil || r.Cases != 130 || r.Unread != 129 || r.Blank != 1 || len(r.Found) != 10 || r.More != 120 || r.Good() {
		t.Fatalf("%+v %v", r, err)
	}
	if !slices.IsSorted(seen) || len(seen) != 130 {
		t.Errorf("%d cases told, in order %v", len(seen), slices.IsSorted(seen))
	}
	if o := r.Found[0]; o.Err == nil || !strings.Contains(o.String(), "cannot be decided again") {
		t.Errorf("%s", o)
	}
	if o := r.Found[7]; o.Verdict != replay.Blank {
		t.Errorf("%s", o)
	}
}

// TestAgainstStops: it ends with its context.
func TestAgainstStops(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	r, err := replay.Against(ctx, filed(500), broken{}, replay.Options{}, 2, 0, func(replay.Outcome) { cancel() })
	if err == nil || r.Cases == 500 {
		t.Errorf("%d cases, %v", r.Cases, err)
	}
}

// TestCodesOfSome: some cases of a source are a source, each once and in order.
func TestCodesOfSome(t *testing.T) {
	l := replay.Codes(filled(5, 3), []string{"C0003", "C0001", "C0003"})
	n, err := replay.All(t.Context(), l, 0, func(r replay.Result) {
		if !r.Good() {
			t.Errorf("%+v", r)
		}
	})
	if err != nil || n != 2 {
		t.Errorf("%d, %v", n, err)
	}
	if r := replay.Again(nil, nil, replay.Options{}); r.Verdict != replay.Unread {
		t.Errorf("no history: %+v", r)
	}
}
