package verify

import (
	"cmp"
	"context"
	"encoding/binary"
	"maps"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"lienthong/engine"
)

// search explores one cone of a service.
type search struct {
	m            *model
	cone         []int // steps, in the service's order
	place        []int // step → place in the cone; -1
	owner        int   // place of the step that the cone is about
	othersReturn bool  // a step outside the cone may return its result
	othersRefile bool  // a step outside the cone may change the application
	reduced      bool  // independent moves in one order only
	found        *found

	locals  []local
	localID map[local]int32
	valsID  map[string]int32
	vals    [][]values
	acts    []Act
	actID   map[Act]int32
	cache   map[int64][]move // place and local state → its moves

	ids    map[string]int32
	keys   []byte
	width  int
	parent []int32
	via    []int32
	edges  [][]edge
	moved  []uint32 // by state: the places that have a way on

	now      int     // state being expanded
	from     *linked // the same, read
	fromIDs  []int32
	fromVals int32
	bound    bool
}

// edge is one transition. by is the place that moved; -1 the case.
type edge struct {
	to, act int32
	by      int8
	aside   bool // a refiling or a move from outside the cone: no part of a proof
}

// limits bound a search.
type limits struct {
	states, edges int
}

func newSearch(m *model, cone []int, f *found, reduced bool) *search {
	s := &search{m: m, cone: cone, found: f, reduced: reduced, localID: map[local]int32{}, valsID: map[string]int32{}, actID: map[Act]int32{},
		cache: map[int64][]move{}, ids: map[string]int32{}, width: 5 + 4*len(cone)}
	s.place = make([]int, len(m.steps))
	for i := range s.place {
		s.place[i] = slices.Index(cone, i)
	}
	s.owner = len(cone) - 1
	for _, st := range m.steps {
		if s.place[st.i] >= 0 {
			continue
		}
		s.othersRefile = s.othersRefile || len(st.needs) > 0
		for _, a := range st.acts {
			s.othersReturn = s.othersReturn || a.issuer >= 0 && a.issuer == cone[s.owner]
		}
	}
	return s
}

// cones lists the sets of steps that are searched together: each step with
// everything it needs, itself last.
func (m *model) cones() [][]int {
	var out [][]int
	for _, st := range m.steps {
		in := map[int]bool{}
		queue := []int{st.i}
		for len(queue) > 0 {
			for _, n := range m.steps[queue[0]].needs {
				if !in[n.step] {
					in[n.step] = true
					queue = append(queue, n.step)
				}
			}
			queue = queue[1:]
		}
		out = append(out, append(slices.Sorted(maps.Keys(in)), st.i))
	}
	return out
}

func (s *search) act(a Act) int32 {
	id, ok := s.actID[a]
	if !ok {
		id = int32(len(s.acts))
		s.actID[a] = id
		s.acts = append(s.acts, a)
	}
	return id
}

func (s *search) localOf(l local) int32 {
	id, ok := s.localID[l]
	if !ok {
		id = int32(len(s.locals))
		s.localID[l] = id
		s.locals = append(s.locals, l)
	}
	return id
}

func (s *search) valsOf(v []values) int32 {
	k := encode(v)
	id, ok := s.valsID[k]
	if !ok {
		id = int32(len(s.vals))
		s.valsID[k] = id
		s.vals = append(s.vals, slices.Clone(v))
	}
	return id
}

// key writes a linked state.
func (s *search) key(g *linked, b []byte) []byte {
	b = append(b[:0], g.fee)
	from := s.from
	if from != nil && len(g.vals) > 0 && &g.vals[0] == &from.vals[0] {
		b = binary.LittleEndian.AppendUint32(b, uint32(s.fromVals))
	} else {
		b = binary.LittleEndian.AppendUint32(b, uint32(s.valsOf(g.vals)))
	}
	for i := range g.steps {
		if from != nil && g.steps[i] == from.steps[i] { // most steps stay as they were
			b = binary.LittleEndian.AppendUint32(b, uint32(s.fromIDs[i]))
			continue
		}
		b = binary.LittleEndian.AppendUint32(b, uint32(s.localOf(g.steps[i])))
	}
	return b
}

// read gives a linked state back, with the ids of its local states.
func (s *search) read(id int) (*linked, []int32) {
	b := s.keys[id*s.width : (id+1)*s.width]
	g := &linked{fee: b[0], vals: s.vals[binary.LittleEndian.Uint32(b[1:])], steps: make([]local, len(s.cone))}
	ids := make([]int32, len(s.cone))
	for i := range ids {
		ids[i] = int32(binary.LittleEndian.Uint32(b[5+4*i:]))
		g.steps[i] = s.locals[ids[i]]
	}
	return g, ids
}

// put adds a state, or finds it.
func (s *search) put(g *linked, parent, via int32, buf *[]byte) int32 {
	*buf = s.key(g, *buf)
	id, ok := s.ids[string(*buf)]
	if ok {
		return id
	}
	id = int32(len(s.parent))
	s.ids[string(*buf)] = id
	s.keys = append(s.keys, *buf...)
	s.parent = append(s.parent, parent)
	s.via = append(s.via, via)
	return id
}

// run explores breadth first until nothing is new or a limit is met: bound says
// which. Parents make shortest stories.
func (s *search) run(ctx context.Context, most limits) {
	var buf []byte
	s.now, s.from = -1, nil
	s.filed(func(act Act, g *linked) { s.put(g, -1, s.act(act), &buf) })
	edges := 0
	for at := 0; at < len(s.parent); at++ {
		if len(s.parent) > most.states || edges > most.edges || at%1024 == 0 && ctx.Err() != nil {
			s.bound = true
			return
		}
		s.now = at
		out := s.expand(at, &buf)
		edges += len(out)
		s.edges = append(s.edges, out)
	}
}

// rest lets go of what only searching needs; done, of what only the analysis needs:
// stories are told from the states alone.
func (s *search) rest() { s.ids, s.cache, s.from = nil, nil, nil }
func (s *search) done() { s.edges, s.moved = nil, nil }

// expand works out everything that may happen in a state.
func (s *search) expand(at int, buf *[]byte) []edge {
	g, ids := s.read(at)
	s.from, s.fromIDs, s.fromVals = g, ids, s.valsOf(g.vals)
	s.reach(g)
	var moved uint32
	var out []edge
	see := func(k int, act int32, to *linked, aside bool) {
		id := s.put(to, int32(at), act, buf)
		s.watch(g, to, k, act, aside)
		e := edge{id, act, int8(k), aside}
		if int(id) != at && !slices.Contains(out, e) {
			out = append(out, e)
		}
		if k >= 0 && to.steps[k] != g.steps[k] && !s.givesUp(k, act) && !aside {
			moved |= 1 << k
		}
		for i := range g.steps {
			if g.steps[i].returned != 0 && to.steps[i].returned == 0 {
				moved |= 1 << i // its issuer answered
			}
		}
	}
	if k := s.ample(g, ids); k >= 0 && g.steps[k].state == past {
		s.later(g, k, func(act Act, k int, w *linked) { see(k, s.act(act), w, false) })
		s.moved = append(s.moved, ^uint32(0))
		return out
	} else if k >= 0 {
		list := s.movesOf(k, ids[k])
		for i := range list {
			s.apply(g, k, &list[i], func(w *linked) { see(k, list[i].act, w, false) })
		}
		s.moved = append(s.moved, ^uint32(0))
		return out
	}
	for k := range g.steps {
		if g.steps[k].state < 0 {
			continue
		}
		list := s.movesOf(k, ids[k])
		for i := range list {
			s.apply(g, k, &list[i], func(w *linked) { see(k, list[i].act, w, false) })
		}
	}
	s.caseMoves(g, func(act Act, k int, w *linked) {
		see(k, s.act(act), w, act.Action == engine.ActRefile || act.By == byElsewhere && act.Action != actEnded && !s.answers(g, w))
	})
	s.moved = append(s.moved, moved)
	return out
}

// answers tells whether a step that had returned something was answered: that much
// its issuer owes.
func (s *search) answers(g, to *linked) bool {
	for i := range g.steps {
		if g.steps[i].returned != 0 && to.steps[i].returned == 0 {
			return true
		}
	}
	return false
}

func (s *search) movesOf(k int, id int32) []move {
	key := int64(k)<<32 | int64(id)
	list, ok := s.cache[key]
	if !ok {
		l := s.locals[id]
		for i := range s.m.steps[s.cone[k]].acts {
			s.mayTake(s.m.steps[s.cone[k]], &s.m.steps[s.cone[k]].acts[i], l)
		}
		list = s.moves(s.m.steps[s.cone[k]], l)
		s.cache[key] = list
	}
	return list
}

// ample finds a step whose moves neither change nor are changed by anything else,
// so that taking them first loses nothing; -1 when there is none, or states are not
// reduced. In each circle of a machine one state is left out, so that nothing else
// is put off for ever.
func (s *search) ample(g *linked, ids []int32) int {
	if !s.reduced || g.fee == feeWaiting {
		return -1
	}
	for k := range g.steps {
		l := &g.steps[k]
		if l.state == past && l.status == open {
			return k // it runs again, unseen: it only ends
		}
		if l.status != open || l.final != 0 || l.state < 0 || l.returned != 0 || s.m.steps[s.cone[k]].heads[l.state] || s.moving(g, l) {
			continue
		}
		list := s.movesOf(k, ids[k])
		if len(list) > 0 && !slices.ContainsFunc(list, func(m move) bool { return m.issuer >= 0 || m.does&(doesIssue|doesFall) != 0 }) {
			return k
		}
	}
	return -1
}

// moving tells whether a result that a step was handed may still change.
func (s *search) moving(g *linked, l *local) bool {
	for k := range s.cone {
		if l.uses>>k&1 == 1 && len(s.m.steps[s.cone[k]].laterEnds[g.steps[k].final]) > 0 {
			return true
		}
	}
	return false
}

// givesUp tells whether an act is a withdrawal: a way out, not on.
func (s *search) givesUp(k int, act int32) bool {
	a := &s.acts[act]
	if a.Action == engine.ActWithdraw && a.By == engine.ByApplicant && a.From == "" {
		st := s.m.steps[s.cone[k]]
		if st.p.Action(a.Action) == nil {
			return true
		}
	}
	return s.m.steps[s.cone[k]].withdraws(a.Action)
}

// withdraws tells whether an action is the applicant's withdrawal.
func (st *step) withdraws(id string) bool {
	a := st.p.Action(id)
	return a != nil && givesUp(st.p, a)
}

func givesUp(p *engine.Procedure, a *engine.Action) bool {
	return len(a.To) > 0 && slices.Contains(a.By, engine.ByApplicant) &&
		!slices.ContainsFunc(a.To, func(t engine.Target) bool { return p.State(t.State).Final != engine.FinalWithdrawn })
}

// explore searches a service's cones, side by side, each within its limits: first
// every order of everything; where that is too much, independent moves in one order.
func (m *model) explore(ctx context.Context, o Options, f *found) []*search {
	cones := m.cones()
	out := make([]*search, len(cones))
	var next atomic.Int64
	var wg sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(cones)) {
		wg.Go(func() {
			for i := next.Add(1) - 1; i < int64(len(cones)); i = next.Add(1) - 1 {
				out[i] = m.searchCone(ctx, cones[len(cones)-1-int(i)], o) // the last are the largest
			}
		})
	}
	wg.Wait()
	slices.Reverse(out)
	for _, s := range out {
		f.merge(s.found)
	}
	return out
}

func (m *model) searchCone(ctx context.Context, cone []int, o Options) *search {
	start := time.Now()
	most := limits{o.MaxStates, 12 * o.MaxStates}
	s := newSearch(m, cone, newFound(), false)
	s.run(ctx, most)
	if s.bound && ctx.Err() == nil {
		s = newSearch(m, cone, newFound(), true)
		s.run(ctx, most)
	}
	s.rest()
	s.found.took = time.Since(start)
	return s
}

func sortedKeys[K cmp.Ordered, V any](m map[K]V) []K { return slices.Sorted(maps.Keys(m)) }
