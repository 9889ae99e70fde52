package diagram

import (
	"slices"

	"lienthong/engine"
)

// machine is a procedure's states and transitions by index, in the definition's
// order.
type machine struct {
	p     *engine.Procedure
	index map[string]int
	moves []move
}

// move is one transition: an action from a state to one of its targets.
type move struct {
	action   *engine.Action
	from, to int
}

// newMachine lists every transition once. A state that the procedure does not have
// is left out: the compiler refuses such definitions.
func newMachine(p *engine.Procedure) *machine {
	m := &machine{p: p, index: map[string]int{}}
	for i, s := range p.States {
		if _, twice := m.index[s.ID]; !twice {
			m.index[s.ID] = i
		}
	}
	for _, a := range p.Actions {
		for _, f := range a.From {
			if from, ok := m.index[f]; ok {
				m.add(a, from)
			}
		}
	}
	return m
}

// add lists the transitions of an action from a state.
func (m *machine) add(a *engine.Action, from int) {
	to := []int{from}
	if len(a.To) > 0 {
		to = nil
		for _, t := range a.To {
			if n, ok := m.index[t.State]; ok {
				to = append(to, n)
			}
		}
	}
	for _, n := range to {
		v := move{a, from, n}
		if !slices.Contains(m.moves, v) {
			m.moves = append(m.moves, v)
		}
	}
}

// final is how a dossier in the state has ended.
func (m *machine) final(i int) engine.FinalKind { return m.p.States[i].Final }

// failing tells that a state ends the dossier without a result.
func (m *machine) failing(i int) bool {
	f := m.final(i)
	return f != engine.FinalNone && f != engine.FinalSuccess
}

// byCitizen tells that what moves the dossier on from the state is up to the
// applicant or another person asked: every action that does not end the dossier is
// theirs, but for the timer that acts in their silence.
func (m *machine) byCitizen(i int) bool {
	theirs := false
	for _, v := range m.moves {
		if v.from != i || m.failing(v.to) || m.final(i) != engine.FinalNone {
			continue
		}
		for _, by := range v.action.By {
			switch by {
			case engine.ByApplicant, engine.ByParty:
				theirs = true
			case engine.ByTimer:
			default:
				return false
			}
		}
	}
	return theirs
}

// laneOf is the id of the lane in which a state stands.
func (m *machine) laneOf(i int) string {
	switch s := m.p.States[i]; {
	case m.failing(i):
		return EndedLane
	case m.byCitizen(i):
		return CitizenLane
	case s.Agency != "":
		return s.Agency
	}
	return m.p.Agency
}

// returning tells that a state is a detour: a person's state from which the way
// leads only to states it was entered from. It stands over the last of them.
func (m *machine) returning(i int) bool {
	if i == 0 || !m.byCitizen(i) {
		return false
	}
	for _, v := range m.moves {
		back := func(w move) bool { return w.from == v.to && w.to == i }
		if v.from == i && v.to != i && !m.failing(v.to) && !slices.ContainsFunc(m.moves, back) {
			return false
		}
	}
	return true
}

// columns places the kept states: as far right as the longest way to them, where a
// transition to a state listed later is a step forward and to one listed earlier a
// way back. Endings without a result stand near what leads to them.
func (m *machine) columns(keep []bool) []int {
	col := make([]int, len(m.p.States))
	for i := range m.p.States {
		if !keep[i] || m.failing(i) || m.returning(i) {
			continue
		}
		for _, v := range m.moves {
			if v.to == i && v.from < i && keep[v.from] && !m.failing(v.from) && !m.returning(v.from) {
				col[i] = max(col[i], col[v.from]+1)
			}
		}
	}
	for i := range m.p.States {
		if keep[i] && m.returning(i) && !m.failing(i) {
			for _, v := range m.moves {
				if v.from == i && keep[v.to] && !m.failing(v.to) {
					col[i] = max(col[i], col[v.to])
				}
			}
		}
	}
	m.placeEndings(keep, col)
	return col
}

// placeEndings gives each ending without a result a column of its own, as near as
// possible to the middle of the states that lead to it.
func (m *machine) placeEndings(keep []bool, col []int) {
	type ending struct{ state, want int }
	var ends []ending
	for i := range m.p.States {
		if !keep[i] || !m.failing(i) {
			continue
		}
		var from []int
		for _, v := range m.moves {
			if v.to == i && keep[v.from] && !m.failing(v.from) {
				from = append(from, col[v.from])
			}
		}
		slices.Sort(from)
		want := 0
		if len(from) > 0 {
			want = from[len(from)/2]
		}
		ends = append(ends, ending{i, want})
	}
	slices.SortStableFunc(ends, func(a, b ending) int { return a.want - b.want })
	taken := map[int]bool{}
	for _, e := range ends {
		for d := 0; ; d++ {
			if c := e.want + d; !taken[c] {
				col[e.state] = c
				break
			}
			if c := e.want - d; c >= 0 && !taken[c] {
				col[e.state] = c
				break
			}
		}
		taken[col[e.state]] = true
	}
}

// mainStates marks the states on a way forward from the initial state to a first
// success, and a person's detours from them. Where the definition's order shows no such
// way, as an import's may not, every state that is no ending without a result is one.
func (m *machine) mainStates() []bool {
	n := len(m.p.States)
	reached, leads, keep := make([]bool, n), make([]bool, n), make([]bool, n)
	forward := func(v move) bool { return v.from < v.to && m.final(v.from) == engine.FinalNone && !m.failing(v.to) }
	for i := range n {
		reached[i] = i == 0 || slices.ContainsFunc(m.moves, func(v move) bool { return v.to == i && forward(v) && reached[v.from] })
	}
	for i := n - 1; i >= 0; i-- {
		leads[i] = m.final(i) == engine.FinalSuccess ||
			slices.ContainsFunc(m.moves, func(v move) bool { return v.from == i && forward(v) && leads[v.to] })
		keep[i] = i == 0 || reached[i] && leads[i]
	}
	if n > 1 && !slices.Contains(keep[1:], true) {
		for i := range n {
			keep[i] = !m.failing(i)
		}
	}
	for i := range n {
		if !keep[i] && m.returning(i) {
			keep[i] = slices.ContainsFunc(m.moves, func(v move) bool { return v.from == i && keep[v.to] && !m.returning(v.to) })
		}
	}
	return keep
}
