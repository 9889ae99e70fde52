package workflows_test

import (
	"io/fs"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"lienthong/engine/machine"
	"lienthong/workflows"
)

var load = sync.OnceValues(workflows.Load)

// shipped are the shipped definitions and the files of their examples.
func shipped(t *testing.T) (*machine.Set, []string) {
	t.Helper()
	set, err := load()
	if err != nil {
		t.Fatal(err)
	}
	files, err := fs.Glob(workflows.Examples(), "*.json")
	if err != nil || len(files) == 0 {
		t.Fatal("no examples", err)
	}
	return set, files
}

// fewer is n, or a third with -short: what one goroutine computes for itself tells the
// race detector little.
func fewer(n int) int {
	if testing.Short() {
		return n / 3
	}
	return n
}

// walked is a walk of at most so many steps through one of the examples.
func walked(rt *rapid.T, set *machine.Set, files []string, steps int) *walk {
	ex, err := workflows.LoadExample(strings.TrimSuffix(rapid.SampledFrom(files).Draw(rt, "example"), ".json"))
	if err != nil {
		rt.Fatal(err)
	}
	w := file(rt, set, ex)
	seed := rapid.Uint64().Draw(rt, "seed")
	for i := range rapid.IntRange(1, steps).Draw(rt, "steps") {
		w.r = rand.New(rand.NewPCG(seed, uint64(i)))
		w.step()
	}
	return w
}
