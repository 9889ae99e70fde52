package verify

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"lienthong/engine"
)

// service searches one service and says what is wrong in it.
func (c *checker) service(ctx context.Context, svc *engine.Service) {
	begin := time.Now()
	m := newModel(c.set, svc)
	c.models = append(c.models, m)
	c.static(m)
	f := newFound()
	r := ServiceReport{Service: svc.ID, Version: svc.Version, Title: svc.Title}
	complete, reduced, canEnd := true, false, true
	opened := make([]bool, len(m.steps))
	for _, s := range m.explore(ctx, c.o, f) {
		cone := ConeReport{States: len(s.parent), Reduced: s.reduced, Complete: !s.bound, Millis: s.found.took.Milliseconds()}
		for _, i := range s.cone {
			cone.Steps = append(cone.Steps, m.steps[i].ID)
			if s.bound {
				c.cutOff(m.steps[i].p)
			}
		}
		for _, e := range s.edges {
			cone.Transitions += len(e)
		}
		r.Cones = append(r.Cones, cone)
		r.States += cone.States
		r.Transitions += cone.Transitions
		complete, reduced = complete && !s.bound, reduced || s.reduced
		if s.bound {
			c.say("too_many_states", svc.File, []string{"steps", m.steps[s.cone[len(s.cone)-1]].ID}, nil, svc, "", strings.Join(cone.Steps, ", "), c.o.MaxStates)
		}
		s.begins(opened)
		canEnd = c.ending(s) && canEnd
		c.cycles(s)
		s.done()
	}
	for _, st := range m.steps {
		if v := f.ifs[stepKey{svc, st.ID, ""}]; !opened[st.i] && complete && (v == nil || v.yes) {
			c.say("join_never", svc.File, []string{"steps", st.ID, "needs"}, nil, svc, st.ID, st.ID)
		}
	}
	c.links(m, f, complete)
	c.all.merge(f)
	r.Proofs = c.proofs(f, complete, reduced, canEnd)
	r.Loops = m.loops(c.all)
	r.Millis = time.Since(begin).Milliseconds()
	c.report.Services = append(c.report.Services, r)
}

// begins notes which steps begin without anything being filed again.
func (s *search) begins(opened []bool) {
	seen := make([]bool, len(s.edges))
	var queue []int
	for i := range s.edges {
		if s.parent[i] < 0 {
			queue = append(queue, i)
		}
	}
	for len(queue) > 0 {
		i := queue[len(queue)-1]
		queue = queue[:len(queue)-1]
		if seen[i] {
			continue
		}
		seen[i] = true
		g, _ := s.read(i)
		for k, l := range g.steps {
			if l.state >= 0 {
				opened[s.cone[k]] = true
			}
		}
		for _, e := range s.edges[i] {
			if !e.aside && int(e.to) < len(seen) {
				queue = append(queue, int(e.to))
			}
		}
	}
}

func (c *checker) cutOff(p *engine.Procedure) {
	if c.cut == nil {
		c.cut = map[*engine.Procedure]bool{}
	}
	c.cut[p] = true
}

// ending looks for states from which nothing goes on and for states from which no
// end can be reached.
func (c *checker) ending(s *search) bool {
	n := len(s.edges)
	stuck, good := s.stuck(c), true
	over := make([]bool, n)
	bad := make([]bool, n)
	for i := range n {
		g, _ := s.read(i)
		over[i] = s.over(g)
		bad[i] = stuck[i]
		good = good && !stuck[i]
	}
	if s.bound {
		return false // what was not looked at may lead on
	}
	ends, stops := s.backward(over), s.backward(bad)
	for i := range n {
		if ends[i] {
			continue
		}
		good = false
		if stops[i] || s.parent[i] >= 0 && !ends[s.parent[i]] {
			continue // told already: where nothing goes on, or where the trap is entered
		}
		g, _ := s.read(i)
		k := s.blame(g, i)
		st := s.m.steps[s.cone[k]]
		c.say("live_lock", st.p.File, st.place(&g.steps[k]), &spot{s, i}, s.m.svc, st.ID, st.ID, s.stateName(st.i, &g.steps[k]))
	}
	return good
}

// blame picks the step to name for a state that leads to no end.
func (s *search) blame(g *linked, at int) int {
	first := -1
	for k := range g.steps {
		l := &g.steps[k]
		if l.status == open {
			if s.acts[s.via[at]].Step == s.m.steps[s.cone[k]].ID {
				return k
			}
			if first < 0 {
				first = k
			}
		}
	}
	return max(first, 0)
}

// place is where a step's state is defined.
func (st *step) place(l *local) []string {
	if l.state < 0 {
		return nil
	}
	return []string{"states", st.p.States[l.state].ID}
}

// over tells whether the case has ended, as far as the cone goes, and nothing is
// being corrected.
func (s *search) over(g *linked) bool {
	return g.steps[s.owner].status != open && g.fee != feeWaiting && !slices.ContainsFunc(g.steps, func(l local) bool { return !l.over() })
}

// backward marks what leads to a marked state, by moves of the cone itself.
func (s *search) backward(from []bool) []bool {
	n := len(from)
	count := make([]int32, n+1)
	for i := range n {
		for _, e := range s.edges[i] {
			if !e.aside && int(e.to) < n {
				count[e.to+1]++
			}
		}
	}
	for i := range n {
		count[i+1] += count[i]
	}
	pred := make([]int32, count[n])
	fillAt := slices.Clone(count[:n])
	for i := range n {
		for _, e := range s.edges[i] {
			if !e.aside && int(e.to) < n {
				pred[fillAt[e.to]] = int32(i)
				fillAt[e.to]++
			}
		}
	}
	out := slices.Clone(from)
	var queue []int32
	for i := range n {
		if out[i] {
			queue = append(queue, int32(i))
		}
	}
	for len(queue) > 0 {
		i := queue[len(queue)-1]
		queue = queue[:len(queue)-1]
		for _, p := range pred[count[i]:count[i+1]] {
			if !out[p] {
				out[p] = true
				queue = append(queue, p)
			}
		}
	}
	return out
}

// stuck marks the states in which a step waits for nothing, and says where.
func (s *search) stuck(c *checker) []bool {
	out := make([]bool, len(s.edges))
	for i := range out {
		g, _ := s.read(i)
		for k := range g.steps {
			l := &g.steps[k]
			if l.status != open || s.moved[i]>>k&1 == 1 {
				continue
			}
			out[i] = true
			st := s.m.steps[s.cone[k]]
			code := "dead_end"
			switch {
			case st.brokenParty(l):
				code = "join_declined"
			case slices.ContainsFunc(s.edges[i], func(e edge) bool { return int(e.by) == k && !e.aside }):
				code = "waits_for_nothing"
			}
			c.say(code, st.p.File, st.place(l), &spot{s, i}, s.m.svc, st.ID, st.ID, s.stateName(st.i, l))
		}
	}
	return out
}

func (st *step) brokenParty(l *local) bool {
	for i := range min(len(st.p.Parties), 16) {
		if l.party(i) == broken {
			return true
		}
	}
	return false
}

// cycles looks for moves that chase each other without any person.
func (c *checker) cycles(s *search) {
	n := len(s.edges)
	auto := func(e edge) bool {
		a := &s.acts[e.act]
		return !e.aside && int(e.to) < n && (a.By == engine.ByTimer || a.By == engine.ByRegistry)
	}
	comp := components(n, func(i int, see func(int)) {
		for _, e := range s.edges[i] {
			if auto(e) {
				see(int(e.to))
			}
		}
	})
	for i := range n {
		for _, e := range s.edges[i] {
			if !auto(e) || comp[i] != comp[e.to] || e.by < 0 {
				continue
			}
			st := s.m.steps[s.cone[e.by]]
			g, _ := s.read(i)
			a := s.acts[e.act]
			c.say("automatic_cycle", st.p.File, []string{"actions", a.Action}, &spot{s, i}, s.m.svc, st.ID, st.ID, s.stateName(st.i, &g.steps[e.by]), a.Action)
		}
	}
}

// components numbers the strongly connected components of a graph; a node that is
// on no cycle has a number of its own.
func components(n int, next func(i int, see func(int))) []int {
	comp, low, num := make([]int, n), make([]int, n), make([]int, n)
	type frame struct {
		at   int
		outs []int
	}
	var stack []int
	on := make([]bool, n)
	count, comps := 0, 0
	outs := func(i int) (out []int) {
		next(i, func(j int) { out = append(out, j) })
		return out
	}
	for root := range n {
		if num[root] != 0 {
			continue
		}
		count++
		num[root], low[root] = count, count
		stack, on[root] = append(stack, root), true
		work := []frame{{root, outs(root)}}
		for len(work) > 0 {
			f := &work[len(work)-1]
			if len(f.outs) > 0 {
				j := f.outs[0]
				f.outs = f.outs[1:]
				if num[j] == 0 {
					count++
					num[j], low[j] = count, count
					stack, on[j] = append(stack, j), true
					work = append(work, frame{j, outs(j)})
				} else if on[j] {
					low[f.at] = min(low[f.at], num[j])
				}
				continue
			}
			at := f.at
			work = work[:len(work)-1]
			if len(work) > 0 {
				up := work[len(work)-1].at
				low[up] = min(low[up], low[at])
			}
			if low[at] == num[at] {
				comps++
				for {
					j := stack[len(stack)-1]
					stack, on[j] = stack[:len(stack)-1], false
					comp[j] = comps
					if j == at {
						break
					}
				}
			}
		}
	}
	return comp
}

// links says what is wrong between steps.
func (c *checker) links(m *model, f *found, complete bool) {
	for _, k := range sortedFunc(f.starved, stepKey.less) {
		at := f.starved[k]
		c.say("input_missing", m.svc.File, []string{"steps", k.step, "with"}, &at, m.svc, k.step, k.step, k.of)
	}
	for _, k := range sortedFunc(f.undone, stepKey.less) {
		u := f.undone[k]
		c.say("undone", m.svc.File, []string{"steps", k.step}, &u.spot, m.svc, k.step, k.step, u.act.Step+" "+u.act.Action)
	}
	for _, k := range sortedFunc(f.early, stepKey.less) {
		at := f.early[k]
		c.say("too_early", m.svc.File, []string{"steps", k.step}, &at, m.svc, k.step, k.step, k.of)
	}
	for _, k := range sortedFunc(f.ifs, stepKey.less) {
		v := f.ifs[k]
		switch {
		case !complete:
		case !v.yes:
			c.say("if_false", m.svc.File, []string{"steps", k.step, "if"}, &v.first, m.svc, k.step, k.step)
		case !v.no:
			c.say("if_true", m.svc.File, []string{"steps", k.step, "if"}, &v.first, m.svc, k.step, k.step)
		}
	}
}

func (k stepKey) less(o stepKey) bool { return k.step < o.step || k.step == o.step && k.of < o.of }

func sortedFunc[K comparable, V any](m map[K]V, less func(K, K) bool) []K {
	var out []K
	for k := range m {
		out = append(out, k)
	}
	slices.SortFunc(out, func(a, b K) int {
		switch {
		case less(a, b):
			return -1
		case less(b, a):
			return 1
		}
		return 0
	})
	return out
}

// everywhere says what is wrong in procedures wherever they are used.
func (c *checker) everywhere() {
	done := map[*engine.Procedure]bool{}
	for _, m := range c.models {
		for _, st := range m.steps {
			if !done[st.p] {
				done[st.p] = true
				c.procedure(m.svc, st)
			}
		}
	}
}

func (c *checker) procedure(svc *engine.Service, st *step) {
	p, f := st.p, c.all
	for i, s := range p.States {
		if !f.states[stateKey{p, i, 0}] && !c.cut[p] && c.expected(p, s) {
			c.say("state_never", p.File, []string{"states", s.ID}, nil, svc, st.ID, s.ID)
		}
		for n, a := range s.After {
			k := stateKey{p, i, n}
			if at, ok := f.spent[k]; ok {
				code := "deadline_lost"
				if i := slices.IndexFunc(p.Actions, func(x *engine.Action) bool { return x.ID == a.Action }); !f.actions[condKey{p, i, 0}] {
					code = "deadline_unhandled"
				}
				c.say(code, p.File, []string{"states", s.ID, "after"}, &at, svc, st.ID, s.ID, a.Action)
			}
		}
	}
	for i, a := range p.Actions {
		k := condKey{p, i, 0}
		if !f.actions[k] && !c.cut[p] {
			if at, ok := f.offered[k]; ok { // else its states are never reached, which is said of them
				c.say("action_never", p.File, []string{"actions", a.ID}, &at, svc, st.ID, a.ID)
			}
		}
		if at, ok := f.endless[k]; ok {
			c.say("automatic_cycle", p.File, []string{"actions", a.ID}, &at, svc, st.ID, st.ID, a.From[0], a.ID)
		}
		c.condition(svc, st, a, condKey{p, i, -1}, []string{"actions", a.ID, "if"}, a.If)
		for j, t := range a.To {
			at := []string{"actions", a.ID, "to", "#" + strconv.Itoa(j), "if"}
			c.condition(svc, st, a, condKey{p, i, j}, at, t.If)
			for l := j + 1; l < len(a.To); l++ {
				if o, ok := f.clashes[pairKey{p, i, j, l}]; ok {
					at := []string{"actions", a.ID, "to", "#" + strconv.Itoa(l), "if"}
					c.say("targets_overlap", p.File, at, &o, svc, st.ID, a.ID, t.State, a.To[l].State)
				}
			}
		}
	}
}

// expected tells whether a state should have been reached from one that was; the
// others follow from it.
func (c *checker) expected(p *engine.Procedure, s *engine.State) bool {
	for i, a := range p.Actions {
		if _, ok := c.all.offered[condKey{p, i, 0}]; ok && slices.ContainsFunc(a.To, func(t engine.Target) bool { return t.State == s.ID }) {
			return true
		}
	}
	return false
}

// condition says of a guard or a target that it is always false or true.
func (c *checker) condition(svc *engine.Service, st *step, a *engine.Action, k condKey, path []string, x engine.Expr) {
	v := c.all.conds[k]
	if x == nil || v == nil || c.cut[st.p] {
		return
	}
	switch {
	case !v.yes:
		c.say("guard_false", st.p.File, path, &v.first, svc, st.ID, a.ID, x.Source())
	case !v.no:
		c.say("guard_true", st.p.File, path, &v.first, svc, st.ID, a.ID, x.Source())
	}
}

// proofs say what became of the promises.
func (c *checker) proofs(f *found, complete, reduced, canEnd bool) []Proof {
	verdict := func(holds bool) Verdict {
		switch {
		case !holds && complete:
			return Refuted
		case complete:
			return Proven
		}
		return NotProven
	}
	how := engine.Text{}
	if reduced {
		how = engine.Text{VI: " (các thao tác độc lập chỉ xét theo một thứ tự)", EN: " (independent moves in one order only)"}
	}
	out := []Proof{
		{"ends", verdict(canEnd), engine.Text{VI: "mọi hồ sơ đều có thể kết thúc", EN: "every case can end"}},
		{"order", verdict(len(f.early) == 0), engine.Text{VI: "không bước nào chạy trước bước mà nó cần", EN: "a dependent step never runs before what it needs"}},
		{"branches", verdict(len(f.undone) == 0), engine.Text{VI: "nhánh bị từ chối không làm mất kết quả của nhánh khác", EN: "a refused branch never undoes another"}},
	}
	for i := range out {
		out[i].Text.VI += how.VI
		out[i].Text.EN += how.EN
	}
	return out
}

// loops lists the ways back that people may take again and again.
func (m *model) loops(f *found) []Loop {
	var out []Loop
	for _, st := range m.steps {
		n := len(st.p.States)
		type way struct{ from, to, act int }
		var ways []way
		for _, a := range st.acts {
			if !f.actions[condKey{st.p, a.i, 0}] {
				continue
			}
			for _, from := range a.from {
				for _, t := range a.to {
					ways = append(ways, way{from, t.state, a.i})
				}
			}
		}
		comp := components(n, func(i int, see func(int)) {
			for _, w := range ways {
				if w.from == i {
					see(w.to)
				}
			}
		})
		byComp := map[int]*Loop{}
		for _, w := range ways {
			if comp[w.from] != comp[w.to] {
				continue
			}
			l := byComp[comp[w.from]]
			if l == nil {
				l = &Loop{Step: st.ID}
				byComp[comp[w.from]] = l
			}
			for _, id := range []int{w.from, w.to} {
				if s := st.p.States[id].ID; !slices.Contains(l.States, s) {
					l.States = append(l.States, s)
				}
			}
			if a := st.p.Actions[w.act].ID; !slices.Contains(l.Actions, a) {
				l.Actions = append(l.Actions, a)
			}
		}
		for _, k := range sortedKeys(byComp) {
			out = append(out, *byComp[k])
		}
	}
	return out
}
