package verify

import (
	"slices"

	"lienthong/engine"
	"lienthong/engine/machine"
)

func condVars(out []int, c *cond) []int {
	if c == nil {
		return out
	}
	if c.op == machine.CondTest && c.v >= 0 {
		out = append(out, c.v)
	}
	for _, a := range c.args {
		out = condVars(out, a)
	}
	return out
}

func condRecs(c *cond) (out uint64) {
	if c == nil {
		return 0
	}
	if c.op == machine.CondTest && c.rec >= 0 {
		out = 1 << c.rec
	}
	for _, a := range c.args {
		out |= condRecs(a)
	}
	return out
}

// liveness finds what may still be read in each state: what is not is forgotten, so
// that states which differ in nothing that matters are one.
func (st *step) liveness() {
	n := len(st.p.States)
	st.live, st.liveRecs = make([]uint64, n), make([]uint64, n)
	for _, a := range st.acts {
		vars, recs := condVars(nil, a.guard), condRecs(a.guard)
		for _, t := range a.to {
			vars, recs = condVars(vars, t.cond), recs|condRecs(t.cond)
			for _, r := range st.results {
				if r.state == t.state {
					vars = append(vars, r.from)
				}
			}
		}
		var mask uint64
		for _, v := range vars {
			mask |= 1 << v
		}
		for _, f := range a.from {
			st.live[f] |= mask
			st.liveRecs[f] |= recs
		}
	}
	for changed := true; changed; {
		changed = false
		for _, a := range st.acts {
			for _, f := range a.from {
				for _, t := range a.to {
					l, r := st.live[f]|st.live[t.state], st.liveRecs[f]|st.liveRecs[t.state]
					if l != st.live[f] || r != st.liveRecs[f] {
						st.live[f], st.liveRecs[f], changed = l, r, true
					}
				}
			}
		}
	}
}

// afterwards finds the ends that may follow on an end.
func (st *step) afterwards() {
	next := make([][]int, len(st.p.States))
	for _, a := range st.acts {
		for _, f := range a.from {
			for _, t := range a.to {
				next[f] = append(next[f], t.state)
			}
		}
	}
	st.circles(next)
	for i, s := range st.p.States {
		if s.Final == engine.FinalNone {
			continue
		}
		seen := make([]bool, len(next))
		queue := slices.Clone(next[i])
		for len(queue) > 0 {
			j := queue[0]
			queue = queue[1:]
			if seen[j] {
				continue
			}
			seen[j] = true
			queue = append(queue, next[j]...)
			from, to := finalOf(s.Final), finalOf(st.p.States[j].Final)
			if to != 0 && !slices.Contains(st.laterEnds[from], to) {
				st.laterEnds[from] = append(st.laterEnds[from], to)
			}
		}
	}
}

// circles marks a state of each circle: where a walk through the machine, deep
// first, comes back to a state that it is still in.
func (st *step) circles(next [][]int) {
	st.heads = make([]bool, len(next))
	const fresh, inside, left = 0, 1, 2
	mark, at := make([]int, len(next)), make([]int, len(next))
	for _, a := range st.acts {
		for _, f := range a.from {
			st.heads[f] = st.heads[f] || len(a.to) == 0 // it stays
		}
	}
	for root := range next {
		if mark[root] != fresh {
			continue
		}
		stack := []int{root}
		mark[root] = inside
		for len(stack) > 0 {
			i := stack[len(stack)-1]
			if at[i] == len(next[i]) {
				mark[i] = left
				stack = stack[:len(stack)-1]
				continue
			}
			j := next[i][at[i]]
			at[i]++
			switch mark[j] {
			case fresh:
				mark[j] = inside
				stack = append(stack, j)
			case inside:
				st.heads[j] = true
			}
		}
	}
}
