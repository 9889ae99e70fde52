package verify

import (
	"flag"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"lienthong/engine/machine"
	"lienthong/workflows"
)

var (
	mutate      = flag.Int("mutants", 0, "of the shipped services, check one of N changed definitions (1 = all) and print the table of docs/check.md")
	mutateWhere = flag.String("mutants-of", "", "only of files that contain this")
	mutateSkip  = flag.Int("mutants-skip", 0, "leave out so many that earlier runs have taken")
)

// tally is what became of the changes of one kind.
type tally struct{ refused, found, warned, sound, missed int }

// judge checks a mutant. Where nothing is found, the core walks: it must find
// nothing either.
func (y *tally) judge(t *testing.T, files fstest.MapFS, m mutant, walks int) {
	set, err := machine.Load(m.of(t, files))
	if err != nil {
		y.refused++
		return
	}
	r, err := Check(t.Context(), set, Options{NoReplay: true})
	switch {
	case err != nil:
		t.Fatal(err)
	case r.Errors > 0:
		y.found++
		return
	case r.Warnings > 0:
		y.warned++
		return
	}
	for _, svc := range set.Services() {
		w := newWalker(t, set, svc)
		w.mutated = true
		for i := range walks {
			if _, wrong := w.once(uint64(i)); wrong != "" {
				y.missed++
				t.Errorf("%s, %s: nothing is found, but %s", m.file, m.change, wrong)
				return
			}
		}
	}
	y.sound++
	t.Logf("sound: %s, %s", m.file, m.change)
}

func (y *tally) String() string {
	return fmt.Sprintf("%d | %d | %d | %d | %d | %d", y.refused+y.found+y.warned+y.sound+y.missed, y.refused, y.found, y.warned, y.sound, y.missed)
}

func (y *tally) add(o tally) {
	y.refused, y.found, y.warned, y.sound, y.missed = y.refused+o.refused, y.found+o.found, y.warned+o.warned, y.sound+o.sound, y.missed+o.missed
}

// judgeAll checks mutants until the time is over and prints what became of each kind.
func judgeAll(t *testing.T, files fstest.MapFS, ms []mutant, walks int) tally {
	if _, err := machine.Load(files); err != nil {
		t.Fatal(err)
	}
	kinds := map[string]*tally{}
	for _, m := range ms {
		if kinds[m.op] == nil {
			kinds[m.op] = &tally{}
		}
		kinds[m.op].judge(t, files, m, walks)
	}
	var all tally
	for _, op := range sortedKeys(kinds) {
		t.Logf("| %s | %v |", op, kinds[op])
		all.add(*kinds[op])
	}
	t.Logf("| all | %v |", &all)
	return all
}

// TestMutantsOfTheBase: whatever is put wrong in a small definition is refused, found,
// or no harm: the core, walked at random, finds nothing either.
func TestMutantsOfTheBase(t *testing.T) {
	set := Base(t)
	ms := mutants(t, set)
	if len(ms) < 150 {
		t.Fatalf("only %d mutants", len(ms))
	}
	if testing.Short() { // one goroutine computes: a part is enough for the race detector
		r := rand.New(rand.NewPCG(1, 2))
		r.Shuffle(len(ms), func(i, j int) { ms[i], ms[j] = ms[j], ms[i] })
		ms = ms[:len(ms)/5]
	}
	y := judgeAll(t, set, ms, 30)
	if caught := y.refused + y.found + y.warned; caught < len(ms)*2/3 {
		t.Errorf("only %d of %d caught", caught, len(ms))
	}
}

// TestMutantsOfTheShippedServices: the same of the shipped definitions; of a few
// drawn ones, unless told otherwise.
func TestMutantsOfTheShippedServices(t *testing.T) {
	for _, svc := range []string{"birth-b4", "death-d4"} {
		t.Run(svc, func(t *testing.T) {
			begin := time.Now()
			files := only(t, svc)
			var ms []mutant
			for _, m := range mutants(t, files) {
				if strings.Contains(m.file, *mutateWhere) {
					ms = append(ms, m)
				}
			}
			r := rand.New(rand.NewPCG(1, 2))
			r.Shuffle(len(ms), func(i, j int) { ms[i], ms[j] = ms[j], ms[i] })
			take := 2
			if *mutate > 0 {
				take = max(len(ms)/(*mutate), 1)
			}
			t.Logf("%d of %d, %d left out", take, len(ms), *mutateSkip)
			ms = ms[min(*mutateSkip, len(ms)):]
			judgeAll(t, files, ms[:min(take, len(ms))], 12)
			t.Log(time.Since(begin))
		})
	}
}

// only is one shipped service version and what it uses.
func only(t testing.TB, service string) fstest.MapFS {
	out := fstest.MapFS{}
	err := fs.WalkDir(workflows.Files(), ".", func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasPrefix(p, "services/") && p != "services/"+service+".yaml" {
			return err
		}
		b, err := fs.ReadFile(workflows.Files(), p)
		out[p] = &fstest.MapFile{Data: b}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	used := string(out["services/"+service+".yaml"].Data)
	for f := range out {
		if id, ok := strings.CutPrefix(f, "procedures/"); ok && !strings.Contains(used, "procedure: "+strings.TrimSuffix(id, ".yaml")) {
			delete(out, f)
		}
	}
	return out
}
