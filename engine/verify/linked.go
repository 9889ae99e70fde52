package verify

import (
	"slices"

	"lienthong/engine"
)

// linked is one state of a cone while a move is worked out.
type linked struct {
	fee   uint8
	vals  []values // of the service
	steps []local  // by place in the cone
}

// A case's fee.
const (
	feeNone uint8 = iota
	feeWaiting
	feeDone
)

func (g *linked) clone() *linked {
	return &linked{g.fee, g.vals, slices.Clone(g.steps)}
}

// at finds a step of the service in the cone.
func (s *search) at(i int) int { return slices.Index(s.cone, i) }

func (s *search) local(g *linked, step int) *local { return &g.steps[s.place[step]] }

// then is what is done with each outcome of a move. Returning from it tries the
// next outcome.
type then func(*linked)

// filed starts the search: a case as it is filed.
func (s *search) filed(do func(act Act, g *linked)) {
	g := &linked{vals: s.m.sc.start(), steps: make([]local, len(s.cone))}
	for i := range g.steps {
		g.steps[i] = local{state: none}
	}
	if s.m.svc.Fee != nil {
		w := g.clone()
		w.fee = feeWaiting
		do(Act{Action: engine.ActFile, By: engine.ByApplicant, Note: "fee"}, w)
	}
	s.settle(g, func(g *linked) { do(Act{Action: engine.ActFile, By: engine.ByApplicant}, g) })
}

// apply plays one move of a step, with all that it does to others.
func (s *search) apply(g *linked, k int, mv *move, do then) {
	w := g.clone()
	w.steps[k] = mv.to
	for _, t := range mv.told {
		w.vals = slices.Clone(w.vals)
		w.vals[t.v] = t.is
	}
	s.effects(w, k, taken{mv.to, mv.does, mv.issuer, nil}, func(w *linked) { s.settle(w, do) })
}

// effects is what taking an action does to other steps, before anything settles.
func (s *search) effects(w *linked, k int, t taken, do then) {
	st := s.m.steps[s.cone[k]]
	next := do
	if t.issuer >= 0 {
		next = func(w *linked) { s.returns(w, k, t.issuer, do) }
	}
	if t.does&doesRebind != 0 {
		w.steps[k].uses |= s.usable(w, st)
		w.steps[k].flags &^= stale | renewed
	}
	spread := func(w *linked) {
		switch {
		case t.does&doesFall != 0:
			s.fall(w, st)
			s.propagate(w, k, 0, false, true, next)
		case t.does&doesIssue != 0:
			s.propagate(w.clone(), k, 0, true, false, next)
			s.propagate(w, k, 0, false, false, next)
		default:
			next(w)
		}
	}
	if t.does&doesSucceed != 0 {
		s.basis(w, k, spread)
		return
	}
	spread(w)
}

// fall forgets what the service knew of a result that was taken back.
func (s *search) fall(w *linked, st *step) {
	w.vals = s.m.sc.forget(w.vals, "steps."+st.ID)
}

// basis is the core's reviewBasis: a success that rests on what no longer stands.
func (s *search) basis(w *linked, k int, do then) {
	l := &w.steps[k]
	fallen := false
	for i := range s.cone {
		fallen = fallen || l.uses>>i&1 == 1 && !w.steps[i].succeeded()
	}
	var more []uint16
	if fallen && l.flags&annulled == 0 {
		more = append(more, annulled)
	}
	if l.flags&renewed != 0 && l.flags&corrected == 0 {
		more = append(more, corrected)
	}
	for n := range 1 << len(more) {
		v := w.clone()
		for i, f := range more {
			if n>>i&1 == 1 {
				v.steps[k].flags |= f
			}
		}
		do(v)
	}
}

// propagate tells the users of a step's result, from the i-th place on, that it
// was changed, kept or taken back.
func (s *search) propagate(w *linked, k, i int, changed, fallen bool, do then) {
	for ; i < len(w.steps); i++ {
		l := &w.steps[i]
		if l.uses>>k&1 == 0 || l.status == closed || l.status == waiting {
			continue
		}
		waits := int(l.returned) == k+1
		if waits {
			l.returned = 0
		}
		i := i
		rest := func(w *linked) { s.propagate(w, k, i+1, changed, fallen, do) }
		answer := rest
		if waits {
			answer = func(w *linked) { s.answered(w, i, rest) }
		}
		if changed || fallen {
			s.renew(w, k, i, fallen, answer)
			return
		}
		answer(w)
		return
	}
	do(w)
}

// renew gives a user the new values, or something to look at.
func (s *search) renew(w *linked, k, i int, fallen bool, do then) {
	l := &w.steps[i]
	switch {
	case l.final == success && fallen:
		if l.flags&annulled == 0 {
			do(w.clone()) // it was looked at before
		}
		l.flags |= annulled
	case l.final == success:
		l.flags |= corrected
	case l.final != 0 || fallen:
	case l.flags&asking != 0:
		l.flags |= stale
	default:
		s.rebind(w, i, do)
		return
	}
	do(w)
}

// rebind takes a step's inputs anew.
func (s *search) rebind(w *linked, i int, do then) {
	st := s.m.steps[s.cone[i]]
	l := &w.steps[i]
	l.uses |= s.usable(w, st)
	l.flags &^= stale
	for _, t := range st.split(taken{to: *l, issuer: -1}, s.inputs(w, st, st.sc.forget(st.valuesOf(l), st.with...))) {
		if st.sets {
			v := w.clone()
			v.steps[i] = t.to
			v.steps[i].flags |= renewed
			do(v)
		}
		v := w.clone()
		v.steps[i] = t.to
		v.steps[i].flags &^= renewed
		do(v)
	}
}

// usable are the steps whose results a step would be handed now.
func (s *search) usable(w *linked, st *step) (uses uint32) {
	for _, u := range st.uses {
		if l := s.local(w, u); l.succeeded() && l.flags&issued != 0 && s.m.steps[u].restless() {
			uses |= 1 << s.place[u]
		}
	}
	return uses
}

// restless tells whether a result may change once it is issued.
func (st *step) restless() bool { return len(st.laterEnds[success]) > 0 || st.answersReturns() }

// inputs is what is known of a step's inputs from where they come.
func (s *search) inputs(w *linked, st *step, vals []values) []values {
	vals = slices.Clone(vals)
	for _, b := range st.bound {
		if v := w.vals[b.from] & st.sc.vars[b.to].full; v != 0 {
			vals[b.to] = v
		}
	}
	for _, v := range st.sure {
		vals[v] = isTrue
	}
	return vals
}

// answered takes the `by: upstream` action of a step that had returned something.
func (s *search) answered(w *linked, i int, do then) {
	st := s.m.steps[s.cone[i]]
	for j := range st.acts {
		a := &st.acts[j]
		if !slices.Contains(a.By, engine.ByUpstream) || !slices.Contains(a.from, int(w.steps[i].state)) {
			continue
		}
		s.took(st, a)
		for _, t := range s.take(st, w.steps[i], a, 0) {
			v := w.clone()
			v.steps[i] = t.to
			s.effects(v, i, t, do)
		}
		return
	}
	do(w)
}

// returns asks an issuer to correct what it gave. Whether it does, its own search
// shows; here it will answer.
func (s *search) returns(w *linked, k, issuer int, do then) {
	u := s.at(issuer)
	if w.steps[k].uses>>u&1 == 0 || !w.steps[u].succeeded() || !s.m.steps[issuer].answersReturns() {
		return
	}
	w.steps[k].returned = int8(u + 1)
	do(w)
}

// answersReturns tells whether a step can be asked to correct its result.
func (st *step) answersReturns() bool {
	return slices.ContainsFunc(st.acts, func(a action) bool { return slices.Contains(a.By, engine.ByDownstream) })
}

// downstream is the action that a return from a later step takes in a state.
func (st *step) downstream(state int) *action {
	for i := range st.acts {
		if a := &st.acts[i]; slices.Contains(a.By, engine.ByDownstream) && slices.Contains(a.from, state) {
			return a
		}
	}
	return nil
}

// settle runs the linking rules until nothing moves.
func (s *search) settle(w *linked, do then) { s.settleFrom(w, 0, do) }

func (s *search) settleFrom(w *linked, k int, do then) {
	for ; k < len(w.steps); k++ {
		l := &w.steps[k]
		if l.flags&stale != 0 && l.flags&asking == 0 {
			s.freshen(w, k, func(w *linked) { s.settleFrom(w, k, do) })
			return
		}
		if l.status != waiting || w.fee == feeWaiting {
			continue
		}
		verdict := s.mayOpen(w, s.m.steps[s.cone[k]])
		if verdict == 0 {
			continue
		}
		retry := func(w *linked) { s.settleFrom(w, 0, do) }
		if verdict > 0 {
			s.shut(w, k, verdict, retry)
			return
		}
		s.open(w, k, retry)
		return
	}
	s.forget(w)
	do(w)
}

// shut closes a step whose needs failed. Seen from outside, they may have failed in
// a way that makes it absent or not applicable.
func (s *search) shut(w *linked, k, why int, do then) {
	whys := []uint8{uint8(why)}
	if w.steps[k].flags&again != 0 {
		whys = []uint8{closing(engine.ClosedNeed), closing(engine.ClosedAbsent), closing(engine.ClosedNotApplicable)}
	}
	for _, y := range whys {
		v := w.clone()
		v.steps[k] = s.closed(w, k, y)
		do(v)
	}
}

// closed is a step that does not run; blank one that waits anew.
func (s *search) closed(w *linked, k int, why uint8) local {
	return local{status: closed, why: why, state: none, flags: w.steps[k].flags & again}
}

func (s *search) blank(k int) local {
	l := local{state: none}
	if k == s.owner {
		l.flags = again
	}
	return l
}

// freshen takes new values that waited for a reply in flight.
func (s *search) freshen(w *linked, k int, do then) {
	l := &w.steps[k]
	if l.final == 0 {
		s.rebind(w, k, do)
		return
	}
	l.flags &^= stale
	if l.final == success && l.flags&corrected == 0 {
		v := w.clone()
		v.steps[k].flags |= corrected
		do(v)
	}
	do(w)
}

// mayOpen says what a waiting step's needs make of it: 0 it waits, -1 it is to be
// looked at, else why it closes.
func (s *search) mayOpen(w *linked, st *step) int {
	for _, n := range st.needs {
		if !s.local(w, n.step).over() {
			return 0
		}
	}
	for _, n := range st.all {
		l := s.local(w, n.step)
		if n.optional || !l.over() || l.succeeded() {
			continue
		}
		if l.why == closing(engine.ClosedAbsent) || l.why == closing(engine.ClosedNotApplicable) {
			return int(l.why)
		}
		return int(closing(engine.ClosedNeed))
	}
	for _, n := range st.all {
		if !s.local(w, n.step).over() {
			return 0 // it runs again
		}
	}
	return -1
}

// open starts or skips a step, by its condition and its place.
func (s *search) open(w *linked, k int, do then) {
	st := s.m.steps[s.cone[k]]
	vals := s.standing(w)
	for _, c := range s.m.sc.eval(st.cond, valuation{vals: vals}) {
		if st.cond != nil {
			s.sawStep(st, c.is)
		}
		if !c.is {
			s.skip(w, k, c.vals, do)
			continue
		}
		for _, p := range s.m.sc.eval(st.nullable, valuation{vals: c.vals}) {
			if !p.is {
				s.skip(w, k, p.vals, do)
				continue
			}
			v := w.clone()
			v.vals = s.unstanding(p.vals)
			s.start(v, k, do)
		}
	}
}

// standing adds to what is known what the steps' standing says; unstanding takes
// it away again.
func (s *search) standing(w *linked) []values {
	if len(s.m.moods) == 0 {
		return w.vals
	}
	vals := slices.Clone(w.vals)
	for _, m := range s.m.moods {
		if s.place[m.step] < 0 {
			continue
		}
		l := s.local(w, m.step)
		st := s.m.steps[m.step]
		if l.state == past && (m.what == "status" || m.what == "state" || m.what == "outcome" && !l.succeeded() && w.begun(s.owner)) {
			continue // its own search knows
		}
		switch m.what {
		case "status":
			vals[m.v] = s.text([]string{"waiting", "open", "ended", "closed"}[l.status])
		case "outcome":
			vals[m.v] = s.text(string(finals[l.final]))
		case "state":
			id := ""
			if l.state >= 0 {
				id = st.p.States[l.state].ID
			}
			vals[m.v] = s.text(id)
		case "result":
			vals[m.v] = isFalse
			if l.succeeded() && l.flags&issued != 0 {
				vals[m.v] = isTrue
			}
		}
	}
	return vals
}

func (s *search) unstanding(vals []values) []values {
	if len(s.m.moods) == 0 {
		return vals
	}
	vals = slices.Clone(vals)
	for _, m := range s.m.moods {
		vals[m.v] = s.m.sc.vars[m.v].full
	}
	return vals
}

func (s *search) text(t string) values {
	if v := s.m.table.of(t); v != 0 {
		return v
	}
	return isOther
}

// skip closes a step as its `else` says.
func (s *search) skip(w *linked, k int, vals []values, do then) {
	v := w.clone()
	v.vals = s.unstanding(vals)
	why := engine.ClosedAbsent
	switch s.m.steps[s.cone[k]].Else.Kind {
	case engine.ElseNotApplicable:
		why = engine.ClosedNotApplicable
	case engine.ElseRefuse:
		why = engine.ClosedRefused
	}
	v.steps[k] = s.closed(w, k, closing(why))
	do(v)
}

// start gives a step its dossier. Where an input reads a result that is not there,
// the core refuses whatever would have opened the step.
func (s *search) start(w *linked, k int, do then) {
	st := s.m.steps[s.cone[k]]
	for _, r := range st.reads {
		if l := s.local(w, r); l.flags&issued == 0 || !l.succeeded() {
			s.starved(st, s.m.steps[r])
			return
		}
	}
	s.checkOpening(w, st)
	l := local{state: none, uses: s.usable(w, st), flags: w.steps[k].flags & again}
	for _, t := range st.arrive(l, nil, 0, s.inputs(w, st, st.sc.start())) {
		for _, f := range s.follow(st, t, 0) {
			v := w.clone()
			v.steps[k] = f.to
			s.effects(v, k, f, do)
		}
	}
}

// forget drops what no waiting step will read, and how the steps before the
// searched one go on after their end: their own searches show that.
func (s *search) forget(w *linked) {
	copied := false
	s.fade(w)
	for i := range w.vals {
		if w.vals[i] == s.m.sc.vars[i].full || slices.ContainsFunc(s.m.ends[i], func(st int) bool {
			return s.place[st] >= 0 && s.local(w, st).status == waiting
		}) {
			continue
		}
		if !copied {
			w.vals, copied = slices.Clone(w.vals), true
		}
		w.vals[i] = s.m.sc.vars[i].full
	}
}
