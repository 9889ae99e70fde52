package workflows_test

import (
	"compress/gzip"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"testing"

	"pgregory.net/rapid"

	"lienthong/engine"
	"lienthong/engine/machine"
	"lienthong/engine/replay"
	"lienthong/workflows"
)

var keepRules = flag.Bool("keep-rules", false, "keep histories decided by the rules of a new engine.EngineVersion")

// rulesFile holds what the rules of one engine.EngineVersion made of drawn commands.
var rulesFile = "testdata/rules-" + engine.EngineVersion + ".json.gz"

type rules struct {
	Definitions machine.Files    `json:"definitions"` // as they were: newer ones are no newer rules
	Histories   [][]engine.Entry `json:"histories"`
}

// TestTheRulesAreThoseOfTheirVersion: what was decided by the rules of a version is
// decided so for as long as they bear its number.
func TestTheRulesAreThoseOfTheirVersion(t *testing.T) {
	if *keepRules {
		writeRules(t)
	}
	kept := readRules(t)
	set, err := workflows.LoadDir(kept.Definitions)
	if err != nil {
		t.Fatalf("published versions like these cannot be read any more: %v", err)
	}
	done := map[string]bool{}
	for i, history := range kept.Histories {
		if o := replay.Again(set, history, replay.Options{}); o.Verdict != replay.Identical {
			t.Fatalf("history %d: %s\nthe rules decide otherwise: raise engine.EngineVersion, remove %s, and run this test with -keep-rules", i, o, rulesFile)
		}
		for _, e := range history {
			for _, v := range e.Events {
				done[v.Kind()] = true
			}
		}
	}
	if len(done) < 30 {
		t.Errorf("the histories hold only %d kinds of events", len(done))
	}
}

// writeRules keeps histories for a version that has none; never others for one that has.
func writeRules(t *testing.T) {
	if _, err := os.Stat(rulesFile); !errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("%s is kept already: another one needs another engine.EngineVersion (%v)", rulesFile, err)
	}
	set, files := shipped(t)
	defs, err := machine.ReadFiles(workflows.Files())
	if err != nil {
		t.Fatal(err)
	}
	kept := rules{Definitions: defs}
	walk := rapid.Custom(func(rt *rapid.T) []engine.Entry { return stored(rt, set, files) })
	for seed := range 60 {
		kept.Histories = append(kept.Histories, walk.Example(seed))
	}
	f, err := os.Create(rulesFile)
	if err != nil {
		t.Fatal(err)
	}
	z, err := gzip.NewWriterLevel(f, gzip.BestCompression)
	if err == nil {
		err = errors.Join(json.NewEncoder(z).Encode(kept), z.Close())
	}
	if err := errors.Join(err, f.Close()); err != nil {
		t.Fatal(err)
	}
}

func readRules(t *testing.T) (kept rules) {
	f, err := os.Open(rulesFile)
	if err != nil {
		t.Fatalf("%v: keep histories of these rules with -keep-rules, and remove those of the last", err)
	}
	defer f.Close() //nolint:errcheck // only read
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := io.ReadAll(z)
	if err == nil {
		err = engine.Unmarshal(raw, &kept)
	}
	if err != nil || len(kept.Histories) == 0 {
		t.Fatal(fmt.Errorf("%s: %d histories: %w", rulesFile, len(kept.Histories), err))
	}
	return kept
}
