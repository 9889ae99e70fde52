package paths

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"lienthong/engine"
)

// Bounds limit the search in one procedure. The zero value means the defaults.
type Bounds struct {
	Looks   int // walks looked at in each state with the same records; 8
	Walks   int // walks looked at while looking for transitions, each time; 600
	Samples int // inputs drawn for one action; 12
	Roots   int // different values to be handed at the beginning; 24
	Kept    int // walks kept at each point of a simple path; 24
	Paths   int // simple paths; 20000
}

func (b Bounds) withDefaults() Bounds {
	b.Looks, b.Walks, b.Samples, b.Roots = cmp.Or(b.Looks, 8), cmp.Or(b.Walks, 600), cmp.Or(b.Samples, 12), cmp.Or(b.Roots, 24)
	b.Kept, b.Paths = cmp.Or(b.Kept, 24), cmp.Or(b.Paths, 20_000)
	return b
}

// Path is one simple path: no state twice.
type Path struct {
	Edges []Edge
	Moves []Move // how it was driven; empty = it was not
	Why   string // why it was not
	End   bool   // nothing that was driven leads further without meeting a state again
}

// Report is what was driven of one procedure.
type Report struct {
	Subject Subject
	Edges   []Edge          // all transitions
	Driven  map[Edge][]Move // the shortest walk that ends with a transition
	Why     map[Edge]string // of those not driven: the last refusal
	Paths   []Path          // all simple paths
	Cut     bool            // there are more paths than the bound
}

// Missing lists the transitions that were not driven.
func (r Report) Missing() []Edge {
	return slices.DeleteFunc(slices.Clone(r.Edges), func(e Edge) bool { return r.Driven[e] != nil })
}

// Done counts the simple paths that were driven.
func (r Report) Done() (n int) {
	for _, p := range r.Paths {
		if len(p.Moves) > 0 {
			n++
		}
	}
	return n
}

type explorer struct {
	defs   engine.Definitions
	s      Subject
	b      Bounds
	values []map[string]any // what the subject is handed
	drawns map[engine.Schema][]map[string]any
	roots  []*walk
	met    map[string][]*walk // action → walks at which its guard refused an input
	wide   map[string]bool    // actions for which many more inputs were drawn
	seeds  []*walk            // from which the search for the rest goes on
	rep    *Report
}

// Explore drives the transitions and simple paths of one subject.
func Explore(defs engine.Definitions, s Subject, b Bounds) (Report, error) {
	x := &explorer{defs: defs, s: s, b: b.withDefaults(), drawns: map[engine.Schema][]map[string]any{}, met: map[string][]*walk{}, wide: map[string]bool{},
		rep: &Report{Subject: s, Edges: Edges(s.Procedure), Driven: map[Edge][]Move{}, Why: map[Edge]string{}}}
	if err := x.begin(); err != nil {
		return *x.rep, err
	}
	x.paths()
	x.transitions()
	return *x.rep, nil
}

// begin files a case and hands the subject different values.
func (x *explorer) begin() error {
	filed, err := x.s.filed(x.defs)
	if err != nil {
		return fmt.Errorf("%s: %w", x.s.Name(), err)
	}
	issue := x.s.Service.Step(stepIssuer).Procedure.Action("issue")
	x.values = varied(samples(issue.Input.Schema, 1, x.s.Commune, 4*x.b.Roots))
	x.values = x.values[:min(len(x.values), x.b.Roots)]
	for i, v := range x.values {
		w, ferr := filed.after(x.defs, Move{Kind: MoveAct, Step: stepIssuer, Action: "issue", By: engine.ByOfficer, Input: v})
		if ferr != nil {
			err = ferr
			continue
		}
		if w.subject().State != "" {
			w.root = i
			x.roots = append(x.roots, w)
		}
	}
	if len(x.roots) == 0 {
		return fmt.Errorf("%s cannot begin: %w", x.s.Name(), err)
	}
	return nil
}

func (x *explorer) drawn(s engine.Schema) []map[string]any {
	if s == nil {
		return []map[string]any{nil}
	}
	if x.drawns[s] == nil {
		x.drawns[s] = samples(s, 2, x.s.Commune, x.b.Samples)
	}
	return x.drawns[s]
}

// inputs are what an action may be given.
func (x *explorer) inputs(a *engine.Action) []map[string]any {
	if a.Input == nil {
		return []map[string]any{nil}
	}
	if all := x.drawn(a.Input.Schema); len(all) > 0 {
		return all
	}
	return []map[string]any{nil}
}

// take takes an action from a walk in one way; the edge is what it came to.
func (x *explorer) take(w *walk, moves []Move) (*walk, error) {
	var err error
	for _, m := range moves {
		if w, err = w.after(x.defs, m); err != nil {
			return nil, err
		}
	}
	return w, nil
}

// transitions looks for a walk over every transition that no simple path, and no
// return from one, has driven.
func (x *explorer) transitions() {
	x.search(append(slices.Clone(x.seeds), x.roots...))
	for e := range x.rep.Driven {
		delete(x.rep.Why, e)
	}
}

// widen draws many more inputs for an action whose guard refuses most of them.
func (x *explorer) widen(a *engine.Action) bool {
	if x.wide[a.ID] || a.Input == nil || len(x.met[a.ID]) == 0 {
		return false
	}
	x.wide[a.ID] = true
	x.drawns[a.Input.Schema] = x.allowed(a, samples(a.Input.Schema, 3, x.s.Commune, 25*x.b.Samples))
	return true
}

// allowed keeps the inputs that a guard lets pass on some walk at which it refused
// others, a few of each shape.
func (x *explorer) allowed(a *engine.Action, inputs []map[string]any) []map[string]any {
	var out []map[string]any
	shapes := map[string]int{}
	for _, in := range inputs {
		m := Move{Kind: MoveAct, Step: stepSubject, Action: a.ID, By: a.By[0], Input: in}
		if m.By == engine.ByApplicant {
			m.By = "requester"
		}
		if !slices.ContainsFunc(x.met[a.ID], func(w *walk) bool { _, err := w.after(x.defs, m); return err == nil }) {
			continue
		}
		var b strings.Builder
		shape(&b, in, 0)
		if shapes[b.String()]++; shapes[b.String()] <= 2 && len(out) < 2*x.b.Samples {
			out = append(out, in)
		}
	}
	if len(out) == 0 {
		return x.drawns[a.Input.Schema]
	}
	return out
}

// search goes on from walks that differ in what matters, always in the group that
// was looked at least: a state with the same records.
func (x *explorer) search(from []*walk) {
	seen := map[string]bool{}
	waiting := map[string][]*walk{} // by group
	looked := map[string]int{}
	var groups []string
	add := func(w *walk) {
		k := x.key(w)
		if seen[k] {
			return
		}
		seen[k] = true
		g := group(w)
		if _, known := looked[g]; !known {
			looked[g] = 0
			groups = append(groups, g)
		}
		if len(waiting[g]) < x.b.Looks {
			waiting[g] = append(waiting[g], w)
		}
	}
	for _, w := range from {
		add(w)
	}
	for n := 0; n < x.b.Walks && len(x.rep.Driven) < len(x.rep.Edges); n++ {
		next := ""
		for _, g := range groups {
			if len(waiting[g]) > 0 && looked[g] < x.b.Looks && (next == "" || looked[g] < looked[next]) {
				next = g
			}
		}
		if next == "" {
			return
		}
		w := waiting[next][0]
		waiting[next] = waiting[next][1:]
		looked[next]++
		for _, a := range x.s.Procedure.Actions {
			if slices.Contains(a.From, w.subject().State) {
				x.look(w, a, add)
			}
		}
	}
}

// group is a state and the names of what is recorded.
func group(w *walk) string {
	d := w.subject()
	return d.State + " " + strings.Join(slices.Sorted(maps.Keys(d.Data)), " ")
}

// look takes an action from a walk in every way.
func (x *explorer) look(w *walk, a *engine.Action, add func(*walk)) {
	from := w.subject().State
	for _, try := range x.tries(w, a) {
		if next, err := x.step(w, a, from, try); err == nil {
			add(next)
		}
	}
}

// step takes an action in one way and notes what came of it.
func (x *explorer) step(w *walk, a *engine.Action, from string, try []Move) (*walk, error) {
	next, err := x.take(w, try)
	if err != nil {
		x.refused(from, a, err)
		if met := x.met[a.ID]; engine.CodeOf(err) == engine.Precondition && len(met) < 4 && !slices.Contains(met, w) {
			x.met[a.ID] = append(met, w)
		}
		return nil, err
	}
	e := Edge{from, a.ID, next.subject().State}
	if x.rep.Driven[e] == nil && slices.Contains(x.rep.Edges, e) {
		x.rep.Driven[e] = next.moves
	}
	return next, nil
}

// refused notes why an action did not lead from a state.
func (x *explorer) refused(from string, a *engine.Action, err error) {
	for _, e := range x.rep.Edges {
		if e.From == from && e.Action == a.ID && x.rep.Driven[e] == nil {
			x.rep.Why[e] = err.Error()
		}
	}
}

// key tells walks apart by what may matter to a guard: the state, what is recorded,
// and the shape of its values: truth, sign, word.
func (x *explorer) key(w *walk) string {
	d := w.subject()
	var b strings.Builder
	fmt.Fprintf(&b, "%d %s %v %s", w.root, d.State, d.OpenReview() != nil, w.c.Dossier(stepIssuer).State)
	shape(&b, d.Data, 0)
	for _, k := range slices.Sorted(maps.Keys(d.With)) {
		if s, ok := d.With[k].(string); ok {
			b.WriteString(" " + s)
		}
	}
	return b.String()
}

// enumLike is a word of an enumeration, as against a name or a number.
var enumLike = regexp.MustCompile(`^[a-z][a-z_]+$`)

func shape(b *strings.Builder, v any, depth int) {
	switch x := v.(type) {
	case map[string]any:
		if depth > 1 {
			return
		}
		for _, k := range slices.Sorted(maps.Keys(x)) {
			if k != "by" && k != "at" {
				b.WriteString(" " + k)
				shape(b, x[k], depth+1)
			}
		}
	case bool:
		fmt.Fprint(b, x)
	case string:
		if enumLike.MatchString(x) {
			b.WriteString(x)
		}
	case int64:
		fmt.Fprint(b, cmp.Compare(x, 0))
	case []any:
		fmt.Fprint(b, min(len(x), 2))
	}
}

// paths follows every simple path, keeping a few walks at each of its points.
func (x *explorer) paths() {
	out := map[string][]Edge{}
	for _, e := range x.rep.Edges {
		out[e.From] = append(out[e.From], e)
	}
	initial := x.s.Procedure.States[0].ID
	x.follow(out, nil, x.roots, map[string]bool{initial: true}, initial, "")
}

func (x *explorer) follow(out map[string][]Edge, path []Edge, walks []*walk, met map[string]bool, at, why string) {
	led := false
	self := len(x.rep.Paths) - 1 // the path that ends here; -1 at the beginning
	for _, e := range out[at] {
		if met[e.To] { // back to where it was: not a simple path, but a transition
			if x.rep.Driven[e] == nil || len(x.seeds) < 40*len(x.rep.Edges) && len(path) > 2 {
				back, _ := x.along(walks, e)
				x.seeds = append(x.seeds, back[:min(len(back), 2)]...)
			}
			continue
		}
		if len(x.rep.Paths) >= x.b.Paths {
			x.rep.Cut = true
			return
		}
		next, refusal := x.along(walks, e)
		if len(walks) == 0 {
			refusal = why
		}
		p := Path{Edges: append(slices.Clip(path), e), End: true}
		if len(next) > 0 {
			p.Moves, led = next[0].moves, true
		} else {
			p.Why = refusal
		}
		x.rep.Paths = append(x.rep.Paths, p)
		met[e.To] = true
		x.follow(out, p.Edges, next, met, e.To, p.Why)
		delete(met, e.To)
	}
	if led && self >= 0 {
		x.rep.Paths[self].End = false
	}
}

// along takes one transition from walks, in different ways: from each of them once,
// then from each again.
func (x *explorer) along(walks []*walk, e Edge) (next []*walk, why string) {
	next, why = x.once(walks, e)
	if x.widen(x.s.Procedure.Action(e.Action)) {
		next, why = x.once(walks, e)
	}
	if len(next) == 0 && why == "" {
		why = e.String() + ": nobody can take it here"
	}
	return next, why
}

func (x *explorer) once(walks []*walk, e Edge) (next []*walk, why string) {
	a := x.s.Procedure.Action(e.Action)
	seen := map[string]bool{}
	tries := make([][][]Move, len(walks))
	for i, w := range walks {
		if all := x.tries(w, a); len(all) > 0 { // each begins elsewhere, so that they differ
			tries[i] = append(slices.Clone(all[i%len(all):]), all[:i%len(all)]...)
		}
	}
	for range 3 {
		for i, w := range walks {
			for len(tries[i]) > 0 && len(next) < x.b.Kept {
				n, err := x.step(w, a, e.From, tries[i][0])
				tries[i] = tries[i][1:]
				switch {
				case err != nil:
					why = e.String() + ": " + err.Error()
					continue
				case n.subject().State != e.To:
					why = e.String() + ": it leads to " + n.subject().State
					continue
				}
				if k := x.key(n); !seen[k] {
					seen[k] = true
					next = append(next, n)
					break
				}
			}
		}
	}
	return next, why
}

// MarshalJSON writes the figures and what was not driven.
func (r Report) MarshalJSON() ([]byte, error) {
	missing := map[string]string{}
	for _, e := range r.Missing() {
		missing[e.String()] = r.Why[e]
	}
	return json.Marshal(map[string]any{"procedure": r.Subject.Name(), "transitions": len(r.Edges), "driven": len(r.Edges) - len(missing), "missing": missing,
		"paths": len(r.Paths), "paths_driven": r.Done(), "cut": r.Cut})
}
