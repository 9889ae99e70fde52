package simulate_test

import (
	"context"
	"encoding/json"
	"io/fs"
	"strings"
	"sync"
	"testing"

	"lienthong/engine"
	"lienthong/engine/machine"
	"lienthong/engine/simulate"
	"lienthong/store/memory"
	"lienthong/workflows"
)

var load = sync.OnceValues(workflows.Load)

func definitions(t testing.TB) *machine.Set {
	t.Helper()
	set, err := load()
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func examples(t testing.TB) []simulate.Example {
	t.Helper()
	files, err := fs.Glob(workflows.Examples(), "*.json")
	if err != nil {
		t.Fatal(err)
	}
	var out []simulate.Example
	for _, f := range files {
		name := strings.TrimSuffix(f, ".json")
		e, err := workflows.LoadExample(name)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, simulate.Example{Name: name, Service: e.Service, Filed: e.Filed, Requester: e.Requester, Application: e.Application})
	}
	return out
}

func inMemory(context.Context) (engine.Store, error) { return memory.New(), nil }

// config is a run of the shipped definitions as usual.
func config(t testing.TB, cases, days int, faults string) simulate.Config {
	t.Helper()
	f, ok := simulate.NamedFaults(faults)
	if !ok {
		t.Fatal("no faults", faults)
	}
	return simulate.Config{Definitions: definitions(t), Examples: examples(t), Plan: simulate.DefaultPlan(), Faults: f, Seed: 1, Cases: cases, Days: days, Store: inMemory, Reply: workflows.AgreeReply}
}

func run(t testing.TB, cfg simulate.Config) *simulate.Report {
	t.Helper()
	r, err := simulate.Run(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func show(t *testing.T, r *simulate.Report) {
	t.Helper()
	t.Logf("%+v %+v %+v %+v %+v", r.Counts, r.Outcomes, r.Refused, r.Struck, r.Speed)
	if r.Failure != nil {
		for _, a := range r.Failure.Acts {
			t.Log(a.At.Format("01-02 15:04:05"), a.Who, a.What, a.Case, a.Step, a.Error)
		}
		t.Errorf("%s: %s %s %s", r.Failure.Invariant, r.Failure.Case, r.Failure.Why, r.Failure.State)
	}
}

// TestPromisesHold: as usual, in ordinary trouble, and in far more than there ever is.
func TestPromisesHold(t *testing.T) {
	for _, faults := range simulate.FaultNames {
		for seed := range uint64(2) {
			cfg := config(t, 35, 15, faults)
			cfg.Seed = seed
			r := run(t, cfg)
			show(t, r)
			if r.Counts.Entries < 250 || len(r.Outcomes) < 3 || (faults != "none") != (len(r.Struck) > 5) {
				t.Errorf("%s, seed %d: %d entries, ends %v, struck %v", faults, seed, r.Counts.Entries, r.Outcomes, r.Struck)
			}
		}
	}
}

// TestSameSeedSameReport: nothing but the configuration decides.
func TestSameSeedSameReport(t *testing.T) {
	var texts []string
	for range 2 {
		r := run(t, config(t, 40, 12, "heavy"))
		r.Speed = simulate.Speed{}
		b, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		texts = append(texts, string(b))
	}
	if texts[0] != texts[1] {
		t.Errorf("the same seed gives\n%s\nand\n%s", texts[0], texts[1])
	}
	cfg := config(t, 40, 12, "heavy")
	cfg.Seed = 2
	other := run(t, cfg)
	other.Speed = simulate.Speed{}
	if b, _ := json.Marshal(other); string(b) == texts[0] {
		t.Error("another seed gives the same")
	}
}
