package verify_test

import (
	"flag"
	"fmt"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"lienthong/engine/machine"
	"lienthong/engine/verify"
)

var growth = flag.Bool("growth", false, "print the table of docs/check.md: one to ten parallel steps of ten states")

// parallel is a first step with n steps of ten states beside each other after it,
// and with join one more that needs them all.
func parallel(t testing.TB, n int, join bool) fstest.MapFS {
	set := verify.Base(t)
	for f := range set {
		if strings.HasPrefix(f, "procedures/") || strings.HasPrefix(f, "services/") {
			delete(set, f)
		}
	}
	var svc strings.Builder
	svc.WriteString("service: s\nversion: \"1\"\ntitle: {vi: a, en: a}\nin_force: {from: \"2026-01-05\"}\nform: application\nsteps:\n" +
		"  first: {procedure: short, at: application.commune, with: {name: application.name}}\n")
	var all []string
	for i := range n {
		fmt.Fprintf(&svc, "  p%d: {procedure: long, at: application.commune, needs: [first], with: {name: application.name}}\n", i)
		all = append(all, fmt.Sprintf("p%d", i))
	}
	if join {
		fmt.Fprintf(&svc, "  last: {procedure: short, at: application.commune, needs: [%s], with: {name: application.name}}\n", strings.Join(all, ", "))
	}
	put := func(name, text string) { set[name] = &fstest.MapFile{Data: []byte(text)} }
	put("services/s.yaml", svc.String())
	put("procedures/short.yaml", chain("short", 1))
	put("procedures/long.yaml", chain("long", 8))
	return set
}

// chain is a procedure of n states in a row, a success and a refusal.
func chain(id string, n int) string {
	var b strings.Builder
	fmt.Fprintf(&b, "procedure: %s\nagency: hall\ntitle: {vi: a, en: a}\ninputs: {name: text}\nstates:\n", id)
	for i := range n {
		fmt.Fprintf(&b, "  s%d: {title: {vi: a, en: a}, portal: 4}\n", i)
	}
	b.WriteString("  done: {title: {vi: a, en: a}, portal: 9, final: success, result: {document: d, title: {vi: a, en: a}, data: {name: dossier.name}}}\n" +
		"  refused: {title: {vi: a, en: a}, portal: 3, final: refused}\nactions:\n")
	for i := range n {
		to := fmt.Sprintf("s%d", i+1)
		if i == n-1 {
			to = "done"
		}
		fmt.Fprintf(&b, "  go%d: {title: {vi: a, en: a}, from: s%d, to: %s, by: officer}\n", i, i, to)
	}
	b.WriteString("  refuse: {title: {vi: a, en: a}, from: s0, to: refused, by: leader}\n")
	return b.String()
}

// TestGrowth: beside each other, steps cost as much as they are; a step that needs
// them all multiplies them, until independent moves are searched in one order.
func TestGrowth(t *testing.T) {
	most := 4
	if *growth {
		most = 10
	}
	states, ordered := map[bool][]int{}, map[bool][]int{} // in every order as long as the limit allows; in one order
	for _, join := range []bool{false, true} {
		for n := 1; n <= most; n++ {
			begin := time.Now()
			r, err := verify.CheckFS(t.Context(), parallel(t, n, join), verify.Options{MaxStates: 50_000})
			if err != nil || r.Errors > 0 || !r.Good() {
				t.Fatalf("%d steps, join %v: %v %+v", n, join, err, r.Findings)
			}
			reduced := ""
			for _, c := range r.Services[0].Cones {
				if c.Reduced {
					reduced = "one order"
				}
			}
			took := time.Since(begin)
			set, err := machine.Load(parallel(t, n, join))
			if err != nil {
				t.Fatal(err)
			}
			one := verify.OneOrder(t, set)
			states[join], ordered[join] = append(states[join], r.States), append(ordered[join], one)
			t.Logf("| %d | %v | %d | %d | %d ms | %s | %d |", n, join, r.States, r.Transitions, took.Milliseconds(), reduced, one)
		}
	}
	apart := states[false]
	for n := 2; n < len(apart); n++ {
		if d, e := apart[n]-apart[n-1], apart[n-1]-apart[n-2]; d != e {
			t.Errorf("one more step beside the others costs %d states, then %d", e, d)
		}
	}
	if joined := ordered[true]; joined[3] >= 3*joined[2] || 50*joined[3] > states[true][3] {
		t.Errorf("in one order joined steps have %v states, in every order %v", joined, states[true])
	}
	if joined := states[true]; joined[3] < 5*joined[2] {
		t.Errorf("four joined steps have %v states: were they searched in every order?", joined)
	}
}
