package workflows_test

import (
	"encoding/json"
	"testing"

	"lienthong/engine"
	"lienthong/workflows"
)

// filed files the plain birth of the examples.
func filed(b testing.TB) (engine.Definitions, *engine.Case, engine.Entry) {
	b.Helper()
	set, err := workflows.Load()
	if err != nil {
		b.Fatal(err)
	}
	ex, err := workflows.LoadExample("birth-b4")
	if err != nil {
		b.Fatal(err)
	}
	svc, err := set.ServiceAt("birth", ex.Filed)
	if err != nil {
		b.Fatal(err)
	}
	codes := engine.Codes{Case: "C", Seed: "s", Steps: map[string]string{}}
	for _, st := range svc.Steps {
		codes.Steps[st.ID] = "C-" + st.ID
	}
	es, err := engine.Decide(set, nil, engine.Command{Action: engine.ActFile, Input: ex.Application, Codes: codes,
		Actor: engine.Actor{Kind: engine.Citizen, ID: ex.Requester.ID},
		File:  &engine.Filing{Service: "birth", Version: svc.Version, Requester: ex.Requester, Channel: 2}}, engine.Facts{}, ex.Filed)
	if err != nil {
		b.Fatal(err)
	}
	return set, engine.Fold(nil, es[0]), es[0]
}

// BenchmarkDecide is one decision of the shipped birth definition: reception, with
// its guard, clock, timers, request and messages.
func BenchmarkDecide(b *testing.B) {
	set, c, _ := filed(b)
	rev := c.Dossier("birth").Rev
	cmd := engine.Command{Action: "receive", Case: "C", Step: "birth", IfMatch: &rev,
		Actor: engine.Actor{Kind: engine.Staff, ID: "r", Office: c.Dossier("birth").Office, Roles: []string{engine.ByReception}}}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := engine.Decide(set, c, cmd, engine.Facts{}, c.Filed); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkFold(b *testing.B) {
	_, c, e := filed(b)
	b.ReportAllocs()
	for b.Loop() {
		if n := engine.Fold(nil, e); n.Seq != c.Seq {
			b.Fatal("lost")
		}
	}
}

func BenchmarkLoad(b *testing.B) {
	for b.Loop() {
		if _, err := workflows.Load(); err != nil {
			b.Fatal(err)
		}
	}
}

// TestEntrySurvivesJSON: what is kept of a filing is what was decided.
func TestEntrySurvivesJSON(t *testing.T) {
	_, c, e := filed(t)
	raw, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	var back engine.Entry
	if err := engine.Unmarshal(raw, &back); err != nil {
		t.Fatal(err)
	}
	a, _ := json.Marshal(c)
	z, _ := json.Marshal(engine.Fold(nil, back))
	if string(a) != string(z) {
		t.Errorf("after JSON:\n%s\nwant\n%s", z, a)
	}
}
