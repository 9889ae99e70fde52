package verify

import (
	"time"

	"lienthong/engine"
)

// spot is a state of a search, or the way into one: where a story ends.
type spot struct {
	s  *search
	at int // state; -1 = while filing
}

// seen is how a condition came out, and where that was seen first.
type seen struct {
	yes, no bool
	first   spot
}

// condKey names a condition: a guard (-1) or a target of an action.
type condKey struct {
	p      *engine.Procedure
	action int
	target int
}

type stateKey struct {
	p     *engine.Procedure
	state int
	n     int // of a timer
}

type pairKey struct {
	p      *engine.Procedure
	action int
	a, b   int
}

type stepKey struct {
	svc  *engine.Service
	step string
	of   string
}

// found gathers what searches see. A procedure's places count wherever it is used.
type found struct {
	took    time.Duration
	states  map[stateKey]bool
	actions map[condKey]bool // taken at least once
	offered map[condKey]spot // in a state of its `from`, and where first
	conds   map[condKey]*seen
	ifs     map[stepKey]*seen
	clashes map[pairKey]spot
	spent   map[stateKey]spot // a timer whose action was refused
	endless map[condKey]spot  // an agreement that follows from itself
	starved map[stepKey]spot
	undone  map[stepKey]undoing
	early   map[stepKey]spot
}

// undoing is an act that took another step's end back.
type undoing struct {
	spot
	act Act
}

func newFound() *found {
	return &found{states: map[stateKey]bool{}, actions: map[condKey]bool{}, offered: map[condKey]spot{}, conds: map[condKey]*seen{},
		ifs: map[stepKey]*seen{}, clashes: map[pairKey]spot{}, spent: map[stateKey]spot{}, endless: map[condKey]spot{},
		starved: map[stepKey]spot{}, undone: map[stepKey]undoing{}, early: map[stepKey]spot{}}
}

// merge adds what another search saw. What was seen first stays.
func (f *found) merge(o *found) {
	for k := range o.states {
		f.states[k] = true
	}
	for k := range o.actions {
		f.actions[k] = true
	}
	fill(f.offered, o.offered)
	fill(f.clashes, o.clashes)
	fill(f.spent, o.spent)
	fill(f.endless, o.endless)
	fill(f.starved, o.starved)
	fill(f.undone, o.undone)
	fill(f.early, o.early)
	mix(f.conds, o.conds)
	mix(f.ifs, o.ifs)
}

func fill[K comparable, V any](to, from map[K]V) {
	for k, v := range from {
		if _, ok := to[k]; !ok {
			to[k] = v
		}
	}
}

func mix[K comparable](to, from map[K]*seen) {
	for k, v := range from {
		if t := to[k]; t != nil {
			t.yes, t.no = t.yes || v.yes, t.no || v.no
		} else {
			w := *v
			to[k] = &w
		}
	}
}

func (s *search) here() spot { return spot{s, s.now} }

func note[K comparable](m map[K]*seen, k K, is bool, at spot) {
	v := m[k]
	if v == nil {
		v = &seen{first: at}
		m[k] = v
	}
	v.yes, v.no = v.yes || is, v.no || !is
}

// saw notes how a guard or a target's condition came out.
func (s *search) saw(st *step, a *action, target int, is bool) {
	note(s.found.conds, condKey{st.p, a.i, target}, is, s.here())
}

func (s *search) sawStep(st *step, is bool) {
	note(s.found.ifs, stepKey{s.m.svc, st.ID, ""}, is, s.here())
}

// took notes an action that was taken.
func (s *search) took(st *step, a *action) { s.found.actions[condKey{st.p, a.i, 0}] = true }

// mayTake notes that a state of the action's `from` was reached.
func (s *search) mayTake(st *step, a *action, l local) {
	k := condKey{st.p, a.i, 0}
	if _, ok := s.found.offered[k]; ok {
		return
	}
	for _, f := range a.from {
		if f == int(l.state) {
			s.found.offered[k] = s.here()
		}
	}
}

// reach notes the states of a linked state.
func (s *search) reach(g *linked) {
	for k := range g.steps {
		if l := &g.steps[k]; l.state >= 0 {
			s.found.states[stateKey{s.m.steps[s.cone[k]].p, int(l.state), 0}] = true
		}
	}
}

// clash looks for a later target whose condition holds too.
func (s *search) clash(st *step, a *action, i int, vals []values, recs uint64) {
	for j := i + 1; j < len(a.to); j++ {
		if a.to[j].cond == nil || a.to[j].state == a.to[i].state {
			continue
		}
		k := pairKey{p: st.p, action: a.i, a: i, b: j}
		if _, ok := s.found.clashes[k]; ok {
			continue
		}
		for _, w := range st.sc.eval(a.to[j].cond, valuation{vals, recs}) {
			if w.is {
				s.found.clashes[k] = s.here()
			}
		}
	}
}

// unheeded notes a timer whose action is refused: it is spent.
func (s *search) unheeded(st *step, state, n int) {
	k := stateKey{st.p, state, n}
	if _, ok := s.found.spent[k]; !ok {
		s.found.spent[k] = s.here()
	}
}

// chases notes an agreement that nobody is asked for and that follows from itself.
func (s *search) chases(st *step, a *action) {
	k := condKey{st.p, a.i, 0}
	if _, ok := s.found.endless[k]; !ok {
		s.found.endless[k] = s.here()
	}
}

// starved notes a step that cannot open for want of a result.
func (s *search) starved(st, of *step) {
	k := stepKey{s.m.svc, st.ID, of.ID}
	if _, ok := s.found.starved[k]; !ok {
		s.found.starved[k] = s.here()
	}
}

// checkOpening holds the promise that a step opens only after what it needs.
func (s *search) checkOpening(w *linked, st *step) {
	for _, n := range st.Needs {
		l := s.local(w, s.m.index(n.Step))
		if l.status != closed && l.final == 0 || !n.Optional && l.final != success {
			s.found.early[stepKey{s.m.svc, st.ID, n.Step}] = s.here()
		}
	}
}

// watch holds the promise that nothing but a step's own acts takes its end back.
func (s *search) watch(from, to *linked, k int, act int32, aside bool) {
	for i := range from.steps {
		if i != k && !aside && from.steps[i].final != 0 && to.steps[i].final != from.steps[i].final {
			key := stepKey{s.m.svc, s.m.steps[s.cone[i]].ID, s.acts[act].Step}
			if _, ok := s.found.undone[key]; !ok {
				s.found.undone[key] = undoing{s.here(), s.acts[act]}
			}
		}
	}
	if k >= 0 && s.acts[act].Action != "" {
		st := s.m.steps[s.cone[k]]
		if i := slicesIndexAction(st, s.acts[act].Action); i >= 0 && !s.acts[act].Refused {
			s.took(st, &st.acts[i])
		}
	}
}

func slicesIndexAction(st *step, id string) int {
	for i := range st.acts {
		if st.acts[i].ID == id {
			return i
		}
	}
	return -1
}
