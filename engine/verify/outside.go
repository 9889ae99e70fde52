package verify

import (
	"slices"

	"lienthong/engine"
)

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
		s.askedFromElsewhere(w, do)
	}
}

// askedFromElsewhere is a step outside the cone filed again, which asks for what it
// needs here.
func (s *search) askedFromElsewhere(g *linked, do func(act Act, k int, g *linked)) {
	for _, st := range s.m.steps {
		if s.place[st.i] >= 0 {
			continue
		}
		if w := g.clone(); s.askForNeeds(w, st.i) {
			s.settle(w, func(w *linked) { do(Act{Step: st.ID, Action: engine.ActRefile, By: byElsewhere}, -1, w) })
		}
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
	s.askForNeeds(w, st.i)
	s.resetDependents(w, st.i)
	s.settle(w, func(w *linked) {
		if w.steps[k].status != closed {
			do(Act{Step: st.ID, Action: engine.ActRefile, By: engine.ByApplicant}, k, w)
		}
	})
}

// askForNeeds lets needs that were not asked for wait again, and what waits for them,
// and tells whether there were any; one outside the cone may be such. Once the searched step has begun, what
// became of its needs is forgotten: later lets them run again.
func (s *search) askForNeeds(w *linked, of int) bool {
	some := false
	for _, n := range s.m.steps[of].needs {
		k := s.place[n.step]
		if k >= 0 {
			if l := &w.steps[k]; l.status != closed || l.why != closing(engine.ClosedAbsent) {
				continue
			}
			w.steps[k], some = s.blank(k), true
		}
		some = s.askForNeeds(w, n.step) || some
		s.resetDependents(w, n.step)
	}
	return some
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
