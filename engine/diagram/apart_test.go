package diagram_test

import (
	"slices"
	"strings"
	"testing"

	"lienthong/engine"
	"lienthong/engine/diagram"
)

// apart draws a birth that parts in signing.
func apart(kept, now diagram.Way) diagram.Graph {
	other := birthProcedure()
	other.States = append(other.States, state("checking|Đang kiểm tra|Checking"))
	other.Actions = append(other.Actions, &engine.Action{ID: "check", Title: engine.Text{VI: "Kiểm tra", EN: "Check"}, From: []string{"signing"}, To: []engine.Target{{State: "checking"}}})
	return diagram.Procedure(birthProcedure(), diagram.Options{Lang: "en", Case: midBirth(), Apart: &diagram.Apart{State: "signing", Kept: kept, Now: now, Other: other}})
}

func notes(n diagram.Node) (out string) {
	for _, x := range n.Notes {
		out += string(x.Kind) + " " + x.Text + "; "
	}
	return out
}

// TestTwoWays: where history and deciding again part, both ways are drawn, told apart
// by mark, line and words; what the procedure does not have is added.
func TestTwoWays(t *testing.T) {
	sign, check := diagram.Way{Action: "sign", To: "recording"}, diagram.Way{Action: "check", To: "checking"}
	for name, x := range map[string]struct {
		kept, now diagram.Way
		marks     map[string]diagram.Mark
		says      map[string]string // node → part of its notes
		lines     map[string]diagram.Mark
	}{
		"elsewhere": {sign, diagram.Way{Action: "sign", To: "received"}, map[string]diagram.Mark{"recording": diagram.Kept, "received": diagram.Now, "signing": diagram.Current},
			map[string]string{"recording": "kept history goes here", "received": "now decided again goes here"}, map[string]diagram.Mark{"recording": diagram.Kept, "received": diagram.Now}},
		"a new state": {sign, check, map[string]diagram.Mark{"checking": diagram.Now}, nil, map[string]diagram.Mark{"checking": diagram.Now, "recording": diagram.Kept}},
		"refused": {sign, diagram.Way{To: "signing"}, map[string]diagram.Mark{"recording": diagram.Kept, "signing": diagram.Current},
			map[string]string{"signing": "now decided again stays here"}, map[string]diagram.Mark{"recording": diagram.Kept}},
		"a timer": {diagram.Way{To: "signing"}, diagram.Way{Action: "late", To: "expired"}, map[string]diagram.Mark{"expired": diagram.Now},
			map[string]string{"signing": "kept history stays here"}, map[string]diagram.Mark{"expired": diagram.Now}},
		"the same way": {sign, sign, map[string]diagram.Mark{"recording": diagram.Both}, map[string]string{"recording": "both both go here"}, map[string]diagram.Mark{"recording": diagram.Both}},
		"another action": {sign, diagram.Way{Action: "check", To: "recording"}, map[string]diagram.Mark{"recording": diagram.Both},
			map[string]string{"recording": "kept history goes here; now decided again goes here"}, nil},
	} {
		g := apart(x.kept, x.now)
		got := marks(g)
		for id, m := range x.marks {
			if got[id] != m {
				t.Errorf("%s: %s is %q, not %q", name, id, got[id], m)
			}
		}
		for _, n := range g.Nodes {
			if want := x.says[n.ID]; !strings.Contains(notes(n), want) {
				t.Errorf("%s: %s says %q, not %q", name, n.ID, notes(n), want)
			}
		}
		painted := map[string]diagram.Mark{}
		for _, e := range g.Edges {
			if e.Mark == diagram.Kept || e.Mark == diagram.Now || e.Mark == diagram.Both {
				painted[g.Nodes[e.To].ID] = e.Mark
				if g.Nodes[e.From].ID != "signing" || !strings.Contains(e.Label, ": ") {
					t.Errorf("%s: %s %q is painted", name, g.Nodes[e.From].ID, e.Label)
				}
			}
		}
		for id, m := range x.lines {
			if painted[id] != m {
				t.Errorf("%s: the line to %s is %q, not %q", name, id, painted[id], m)
			}
		}
		svg := string(g.SVG())
		wellFormed(t, name, []byte(svg))
		for _, class := range []string{`<g class="ltd-e ltd-kept">`, `<g class="ltd-e ltd-now">`, `<g class="ltd-e ltd-both">`} {
			m := diagram.Mark(strings.TrimSuffix(strings.TrimPrefix(class, `<g class="ltd-e ltd-`), `">`))
			if strings.Contains(svg, class) != (linePainted(g, m)) {
				t.Errorf("%s: %s in the picture: %v", name, class, !linePainted(g, m))
			}
		}
	}
	if !slices.ContainsFunc(apart(sign, check).Edges, func(e diagram.Edge) bool { return e.Label == "Decided again: Check" }) {
		t.Error("the action of the other procedure has no title")
	}
	if plain := string(diagram.Procedure(birthProcedure(), diagram.Options{}).SVG()); strings.Contains(plain, "ltd-kept") {
		t.Error("pictures without two ways carry their style")
	}
}

// linePainted tells whether some line of the picture has a mark: edges of both ways
// between the same boxes are one line of both.
func linePainted(g diagram.Graph, m diagram.Mark) bool {
	by := map[[2]int]diagram.Mark{}
	for _, e := range g.Edges {
		if x := e.Mark; x == diagram.Kept || x == diagram.Now || x == diagram.Both {
			k := [2]int{e.From, e.To}
			if old, ok := by[k]; ok && old != x {
				x = diagram.Both
			}
			by[k] = x
		}
	}
	for _, x := range by {
		if x == m {
			return true
		}
	}
	return false
}
