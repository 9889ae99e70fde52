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

// fade forgets of the steps before the searched one what it cannot see: how they go
// on after their end and, once it has begun itself, how they run again.
func (s *search) fade(w *linked) {
	begun := w.begun(s.owner)
	for k := range w.steps {
		l := &w.steps[k]
		switch {
		case k == s.owner:
		case l.succeeded():
			*l = local{status: ended, final: success, state: past, flags: l.flags & issued}
		case begun && l.over():
			*l = failure
		case begun:
			*l = local{status: open, state: past}
		case l.final != 0:
			*l = local{status: ended, final: s.alike(k, l.final), state: past}
		}
	}
}

// failure stands for everything but a success, once nobody asks how it came.
var failure = local{status: ended, final: 2, state: past}

// begun tells whether the searched step has begun once.
func (g *linked) begun(owner int) bool {
	return g.steps[owner].state >= 0 || g.steps[owner].flags&again != 0
}

// alike is a failure that stands for all that nobody can tell apart.
func (s *search) alike(k int, final uint8) uint8 {
	st := s.m.steps[s.cone[k]]
	refused := finalOf(engine.FinalRefused)
	if final == success || final == finalOf(engine.FinalNotApplicable) || len(st.laterEnds[final]) > 0 || len(st.laterEnds[refused]) > 0 ||
		slices.ContainsFunc(s.m.moods, func(m mood) bool { return m.step == st.i && m.what == "outcome" }) {
		return final
	}
	return refused
}

// caseMoves are the acts on the case as a whole, and what the steps outside the
// cone do to it.
func (s *search) caseMoves(g *linked, do func(act Act, k int, g *linked)) {
	if g.fee == feeWaiting {
		s.feeMoves(g, do)
	}
	for k := range g.steps {
		if g.steps[k].status == waiting {
			s.withdrawWaiting(g, k, do)
		}
		s.refile(g, k, do)
		if g.steps[k].state == past && k != s.owner {
			s.later(g, k, do)
		}
	}
	if down := s.elsewhere(g); down != nil {
		s.took(s.m.steps[s.cone[s.owner]], down)
		s.returnedFromElsewhere(g, down, do)
	}
	if s.othersRefile {
		w := g.clone()
		w.vals = s.m.sc.forget(w.vals, "application")
		do(Act{Action: engine.ActRefile, By: byElsewhere}, -1, w)
	}
}

// byElsewhere marks what a step outside the cone does.
const byElsewhere = "elsewhere"

// elsewhere is the action that a return from a step outside the cone would take.
func (s *search) elsewhere(g *linked) *action {
	l := &g.steps[s.owner]
	if !s.othersReturn || !l.succeeded() || l.state < 0 {
		return nil
	}
	return s.m.steps[s.cone[s.owner]].downstream(int(l.state))
}

func (s *search) returnedFromElsewhere(g *linked, down *action, do func(act Act, k int, g *linked)) {
	st := s.m.steps[s.cone[s.owner]]
	act := Act{Step: st.ID, Action: down.ID, By: byElsewhere}
	for _, t := range s.take(st, g.steps[s.owner], down, 0) {
		w := g.clone()
		w.steps[s.owner] = t.to
		s.effects(w, s.owner, t, func(w *linked) { s.settle(w, func(w *linked) { do(act, s.owner, w) }) })
	}
}

// What a step does after its end, as others see it: no names of actions.
const (
	actCorrected = "(corrected)"
	actKept      = "(kept)"
	actFallen    = "(fallen)"
	actEnded     = "(ended)"
	actAgain     = "(filed again)"
)

// later is what a step before the searched one may do after its end: correct, keep
// or take back its result.
func (s *search) later(g *linked, k int, do func(act Act, k int, g *linked)) {
	st, l := s.m.steps[s.cone[k]], &g.steps[k]
	act := func(what string) Act { return Act{Step: st.ID, Action: what, By: byElsewhere} }
	begun := g.begun(s.owner)
	put := func(to local, what string) {
		w := g.clone()
		w.steps[k] = to
		w.vals = s.m.sc.forget(w.vals, "application", "steps."+st.ID)
		s.settle(w, func(w *linked) { do(act(what), k, w) })
	}
	switch {
	case l.status == open: // it runs again
		for _, x := range st.p.States {
			if x.Final == engine.FinalSuccess && x.Result != nil {
				put(local{status: ended, final: success, state: past, flags: issued}, actEnded)
			} else if x.Final == engine.FinalSuccess {
				put(local{status: ended, final: success, state: past}, actEnded)
			}
		}
		put(failure, actEnded)
		return
	case begun && !l.succeeded():
		if len(st.all) > 0 {
			put(local{status: open, state: past}, actAgain)
		}
		if slices.ContainsFunc(st.laterEnds[:], func(to []uint8) bool { return slices.Contains(to, success) }) {
			put(local{status: ended, final: success, state: past, flags: issued}, actCorrected)
		}
		return
	}
	for _, f := range st.laterEnds[l.final] {
		w := g.clone()
		w.steps[k].final = f
		w.vals = s.m.sc.forget(w.vals, "steps."+st.ID)
		done := func(what string) then {
			return func(w *linked) { s.settle(w, func(w *linked) { do(act(what), k, w) }) }
		}
		switch {
		case f == success && l.flags&issued == 0:
			w.steps[k].flags |= issued
			done(actCorrected)(w)
		case f == success:
			s.propagate(w.clone(), k, 0, true, false, done(actCorrected))
			s.propagate(w, k, 0, false, false, done(actKept))
		case l.final == success && l.flags&issued != 0:
			s.propagate(w, k, 0, false, true, done(actFallen))
		default:
			done(actFallen)(w)
		}
	}
}

func (s *search) feeMoves(g *linked, do func(act Act, k int, g *linked)) {
	paid := g.clone()
	paid.fee = feeDone
	s.settle(paid, func(w *linked) { do(Act{Action: "fee", By: engine.ByRegistry, Reply: "ok"}, -1, w) })
	unpaid := g.clone()
	unpaid.fee = feeDone
	for i := range unpaid.steps {
		if unpaid.steps[i].status == waiting {
			unpaid.steps[i] = s.closed(g, i, closing(engine.ClosedExpired))
		}
	}
	s.settle(unpaid, func(w *linked) {
		do(Act{Action: "fee", By: engine.ByRegistry, Reply: "refused"}, -1, w)
		do(Act{Action: "fee", By: engine.ByTimer}, -1, w)
	})
}

// withdrawWaiting takes back a step that has not begun. Once nothing may run any
// more, a fee that is waited for is not asked any longer.
func (s *search) withdrawWaiting(g *linked, k int, do func(act Act, k int, g *linked)) {
	w := g.clone()
	w.steps[k] = s.closed(g, k, closing(engine.ClosedWithdrawn))
	act := Act{Step: s.m.steps[s.cone[k]].ID, Action: engine.ActWithdraw, By: engine.ByApplicant}
	if w.fee == feeWaiting && !s.mayRun(w) {
		v := w.clone()
		v.fee = feeDone
		s.settle(v, func(v *linked) { do(act, k, v) })
		if len(s.cone) == len(s.m.steps) {
			return // no step outside the cone keeps the fee open
		}
	}
	s.settle(w, func(w *linked) { do(act, k, w) })
}

// mayRun tells whether a step of the cone may still open.
func (s *search) mayRun(w *linked) bool {
	may := make([]bool, len(s.m.steps))
	some := false
	for _, i := range s.cone {
		may[i] = s.local(w, i).status == waiting &&
			!slices.ContainsFunc(s.m.steps[i].needs, func(n need) bool { return !n.optional && !may[n.step] })
		some = some || may[i]
	}
	return some
}

// refile runs a failed step again, or adds one that was not asked for.
func (s *search) refile(g *linked, k int, do func(act Act, k int, g *linked)) {
	st, l := s.m.steps[s.cone[k]], &g.steps[k]
	failed := l.status == ended && l.final != success && l.final != finalOf(engine.FinalNotApplicable)
	shut := l.status == closed && l.why != closing(engine.ClosedNeed) && l.why != closing(engine.ClosedNotApplicable)
	if !failed && !shut || len(st.all) == 0 || k != s.owner && g.begun(s.owner) {
		return
	}
	for _, n := range st.all {
		if !n.optional && !s.local(g, n.step).succeeded() {
			return
		}
	}
	w := g.clone()
	w.vals = s.m.sc.forget(w.vals, "application", "steps."+st.ID)
	w.steps[k] = s.blank(k)
	s.resetDependents(w, st.i)
	s.settle(w, func(w *linked) {
		if w.steps[k].status != closed {
			do(Act{Step: st.ID, Action: engine.ActRefile, By: engine.ByApplicant}, k, w)
		}
	})
}

func (s *search) resetDependents(w *linked, of int) {
	for k, i := range s.cone {
		l := &w.steps[k]
		undo := l.why == closing(engine.ClosedNeed) || l.why == closing(engine.ClosedAbsent)
		if l.status == closed && undo && slices.ContainsFunc(s.m.steps[i].needs, func(n need) bool { return n.step == of }) {
			*l = s.blank(k)
			s.resetDependents(w, i)
		}
	}
}
