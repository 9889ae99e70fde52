package verify

import (
	"slices"

	"lienthong/engine"
	"lienthong/engine/machine"
)

// local is what the search knows of one step: a projection of engine.Dossier.
type local struct {
	status   uint8
	why      uint8 // of a closed step
	final    uint8
	state    int16
	returned int8 // step asked to correct, +1
	flags    uint16
	timers   uint32 // `after` timers of the state that have not fired
	parties  uint32 // two bits for each party set
	uses     uint32 // steps whose results were handed in
	recs     uint64 // records that are there, of those that somebody may still ask for
	vals     string // what is known of variables, of those that somebody may still read
}

// A step's standing.
const (
	waiting uint8 = iota
	open
	ended
	closed
)

// Where a step stands when it is in no state: it has none yet or any more, or it
// has ended and only its own search follows it further.
const (
	none int16 = -1
	past int16 = -2
)

// Flags of a local state.
const (
	asking    uint16 = 1 << iota // a registry request is open
	items                        // items asked for are not all answered
	corrected                    // a review of a corrected result is open
	annulled                     // a review of an annulled result is open
	stale                        // new values wait for a reply in flight
	renewed                      // values computed before a correction stand
	issued                       // it has a result
	again                        // the searched step was reset: from then on the steps before it are seen from outside
)

// Answers of a party set.
const (
	asked  = 1
	agreed = 2
	broken = 3 // somebody declined, and the state was not left
)

var finals = []engine.FinalKind{engine.FinalNone, engine.FinalSuccess, engine.FinalRefused, engine.FinalExpired,
	engine.FinalWithdrawn, engine.FinalNotApplicable, engine.FinalAnnulled}

var closings = []string{"", engine.ClosedAbsent, engine.ClosedNotApplicable, engine.ClosedNeed, engine.ClosedWithdrawn,
	engine.ClosedExpired, engine.ClosedRefused}

const success = 1 // of finals

func finalOf(k engine.FinalKind) uint8 { return uint8(max(slices.Index(finals, k), 0)) }
func closing(why string) uint8         { return uint8(max(slices.Index(closings, why), 0)) }

func (l *local) over() bool      { return l.status == closed || l.final != 0 }
func (l *local) succeeded() bool { return l.final == success }
func (l *local) party(i int) uint32 {
	return l.parties >> (2 * i) & 3
}

func (l *local) answer(i int, with uint32) {
	l.parties = l.parties&^(3<<(2*i)) | with<<(2*i)
}

// What a move does to others.
const (
	doesIssue   = 1 << iota // a further version of its result, or the same again
	doesFall                // its result is taken back
	doesSucceed             // it ends in success: its basis is looked at
	doesRebind              // it takes its inputs anew
)

// move is one thing that may happen to a step, as far as the step alone tells.
type move struct {
	act    int32
	to     local
	does   uint8
	issuer int // a step asked to correct; -1
	told   []told
}

// told is what a result says of a service variable.
type told struct {
	v  int
	is values
}

// taken is one outcome of taking an action.
type taken struct {
	to     local
	does   uint8
	issuer int
	told   []told
}

// valuesOf reads what a local state knows.
func (st *step) valuesOf(l *local) []values {
	if l.vals == "" {
		return st.sc.start()
	}
	return decode(l.vals)
}

// keep stores what is known, forgetting what nobody reads any more.
func (st *step) keep(l *local, vals []values) {
	if l.state < 0 {
		l.vals, l.recs = "", 0
		return
	}
	live, known := st.live[l.state], false
	l.recs &= st.liveRecs[l.state]
	for i := range vals {
		if live>>i&1 == 0 && vals[i] != st.sc.vars[i].full {
			if !known {
				vals, known = slices.Clone(vals), true
			}
			vals[i] = st.sc.vars[i].full
		}
	}
	l.vals = ""
	for i := range vals {
		if vals[i] != st.sc.vars[i].full {
			l.vals = encode(vals)
			return
		}
	}
}

// most automatic acts in a row that one move may bring about.
const maxChain = 8

// take is the search's engine take: record, compute, choose, check the guard, move.
// No outcome means that the act is always refused.
func (s *search) take(st *step, l local, a *action, depth int) []taken {
	var out []taken
	if a.Returns != "" && a.issuer < 0 {
		return nil // nothing in this service issued what it would return
	}
	vals := st.valuesOf(&l)
	for _, r := range st.reviewed(l, a) {
		v := vals
		if r.does&doesRebind != 0 {
			v = st.sc.forget(v, st.with...)
		}
		v = st.sc.forget(v, a.ID)
		to := r.to
		if a.record >= 0 {
			to.recs |= 1 << a.record
		}
		v = st.compute(&to, a, v)
		for _, c := range s.choose(st, a, to, v) {
			for _, g := range s.evalGuard(st, a, to, c.vals) {
				for _, t := range st.arrive(to, a, c.state, g) {
					t.does |= r.does
					out = append(out, s.follow(st, t, depth)...)
				}
			}
		}
	}
	return out
}

// reviewed lists what an action makes of the open review items; none when there is
// nothing to review.
func (st *step) reviewed(l local, a *action) []taken {
	if a.review == "" {
		return []taken{{to: l, issuer: -1}}
	}
	var out []taken
	add := func(clear uint16, does uint8) {
		t := taken{to: l, does: does, issuer: -1}
		t.to.flags &^= clear
		out = append(out, t)
	}
	for _, of := range []uint16{corrected, annulled} {
		if l.flags&of == 0 {
			continue
		}
		switch {
		case a.review == engine.ReviewAnnul:
			add(corrected|annulled, 0)
		case a.review == engine.ReviewAmend && of == corrected:
			add(corrected, doesRebind)
		default: // one item; there may be another
			add(of, 0)
			add(0, 0)
		}
	}
	return out
}

// compute takes an action's `set`.
func (st *step) compute(l *local, a *action, vals []values) []values {
	for _, b := range a.sets {
		vals = st.sc.forget(vals, b.name)
		if b.record >= 0 {
			l.recs |= 1 << b.record
		}
		if b.v >= 0 && b.fixed != 0 {
			if to := b.fixed & st.sc.vars[b.v].full; to != 0 {
				vals = st.sc.learn(vals, b.v, to)
			}
		}
	}
	if len(a.sets) > 0 {
		l.flags &^= renewed
	}
	return vals
}

// choice is a target with what choosing it says.
type choice struct {
	state int
	vals  []values
}

// choose finds the targets that may be chosen.
func (s *search) choose(st *step, a *action, l local, vals []values) []choice {
	if len(a.to) == 0 {
		return []choice{{int(l.state), vals}}
	}
	var out []choice
	open := []outcome{{vals, false}}
	for i, t := range a.to {
		var next []outcome
		for _, o := range open {
			for _, w := range st.sc.eval(t.cond, valuation{o.vals, l.recs}) {
				if t.cond != nil {
					s.saw(st, a, i, w.is)
				}
				if !w.is {
					next = append(next, w)
					continue
				}
				out = append(out, choice{t.state, w.vals})
				s.clash(st, a, i, w.vals, l.recs)
			}
		}
		open = next
	}
	return out
}

// evalGuard lists what is known wherever the guard holds.
func (s *search) evalGuard(st *step, a *action, l local, vals []values) [][]values {
	var out [][]values
	for _, w := range st.sc.eval(a.guard, valuation{vals, l.recs}) {
		if a.guard != nil {
			s.saw(st, a, -1, w.is)
		}
		if w.is {
			out = append(out, w.vals)
		}
	}
	return out
}

// arrive moves a step into a state, as the core's enter does.
func (st *step) arrive(l local, a *action, state int, vals []values) []taken {
	asks := a != nil && a.Input != nil && a.Input.ID == engine.FormSupplementRequest
	t := taken{to: l, issuer: -1}
	if a != nil {
		t.issuer = a.issuer
	}
	if asks {
		t.to.flags |= items
	}
	if a != nil && state == int(l.state) {
		return st.split(t, vals)
	}
	if !asks {
		t.to.flags &^= items
	}
	s := st.p.States[state]
	was := t.to.final
	t.to.state, t.to.timers, t.to.parties = int16(state), 1<<len(s.After)-1, 0
	t.to.flags &^= asking
	if s.Request != nil {
		t.to.flags |= asking
	}
	t.to.status = open
	if s.Final != engine.FinalNone {
		t.to.status, t.to.final, t.to.timers = ended, finalOf(s.Final), 0
		st.finish(&t, s, was)
		for _, r := range st.results {
			if r.state == state {
				t.told = append(t.told, told{r.to, vals[r.from]})
			}
		}
	}
	var out []taken
	for _, v := range st.split(t, vals) {
		out = append(out, st.ask(v, state)...)
	}
	return out
}

// split tells apart what the guards of a state's actions depend on, so that a state
// in which a guard stays false is a state of its own. What an act itself brings is
// left open: whoever acts chooses it.
func (st *step) split(t taken, vals []values) []taken {
	ways := [][]values{vals}
	for i := range st.acts {
		a := &st.acts[i]
		if a.guard == nil || !slices.Contains(a.from, int(t.to.state)) {
			continue
		}
		recs := t.to.recs
		if a.record >= 0 {
			recs |= 1 << a.record
		}
		own := []string{a.ID}
		for _, b := range a.sets {
			own = append(own, b.name)
			if b.record >= 0 {
				recs |= 1 << b.record
			}
		}
		var next [][]values
		seen := map[string]bool{}
		for _, w := range ways {
			for _, o := range st.sc.eval(a.guard, valuation{st.sc.forget(w, own...), recs}) {
				v := slices.Clone(o.vals)
				for j := range v {
					if slices.ContainsFunc(own, func(r string) bool { return slices.Contains(st.sc.vars[j].roots, r) }) {
						v[j] = w[j]
					}
				}
				if k := encode(v); !seen[k] {
					seen[k] = true
					next = append(next, v)
				}
			}
		}
		if len(next) > maxOutcomes {
			break
		}
		ways = next
	}
	out := make([]taken, len(ways))
	for i, w := range ways {
		out[i] = t
		st.keep(&out[i].to, w)
	}
	return out
}

// finish is the core's finish, as far as the step alone tells.
func (st *step) finish(t *taken, s *engine.State, was uint8) {
	if s.Final == engine.FinalAnnulled || was == success && s.Final != engine.FinalSuccess {
		t.to.flags &^= corrected | annulled
		if t.to.flags&issued != 0 {
			t.does |= doesFall
		}
		if s.Final != engine.FinalAnnulled && s.Result != nil {
			t.to.flags |= issued
		}
		return
	}
	if s.Final == engine.FinalSuccess {
		t.does |= doesSucceed
	}
	if s.Result == nil {
		return
	}
	if t.to.flags&issued != 0 {
		t.does |= doesIssue
	}
	t.to.flags |= issued
}

// ask names the parties of a state: each set may be empty, which counts as agreed.
func (st *step) ask(t taken, state int) []taken {
	out := []taken{t}
	for i, set := range st.p.Parties {
		if i >= 16 || !slices.ContainsFunc(st.acts, func(a action) bool {
			return a.Party != nil && slices.Contains(a.from, state) && slices.Contains(a.Party.Sets, set.ID)
		}) {
			continue
		}
		for j := range out {
			empty := out[j]
			empty.to.answer(i, agreed)
			out[j].to.answer(i, asked)
			if !machine.GivesText(set.People) { // one person is never nobody
				out = append(out, empty)
			}
		}
	}
	return out
}

// agreement is the action that the parties of a state have all agreed to, or nil.
func (st *step) agreement(l *local) *action {
	for i := range st.acts {
		a := &st.acts[i]
		if a.Party == nil || a.Party.Decline || !slices.Contains(a.from, int(l.state)) {
			continue
		}
		if !slices.ContainsFunc(a.Party.Sets, func(id string) bool { return l.party(st.set(id)) != agreed }) {
			return a
		}
	}
	return nil
}

func (st *step) set(id string) int {
	return slices.IndexFunc(st.p.Parties, func(p *engine.PartySet) bool { return p.ID == id })
}

// follow takes what follows by itself: the action that all have agreed to.
func (s *search) follow(st *step, t taken, depth int) []taken {
	if t.to.status != open {
		return []taken{t}
	}
	a := st.agreement(&t.to)
	if a == nil {
		return []taken{t}
	}
	if depth >= maxChain {
		s.chases(st, a)
		return []taken{t}
	}
	var out []taken
	s.took(st, a)
	for _, n := range s.take(st, t.to, a, depth+1) {
		n.does |= t.does
		if n.issuer < 0 {
			n.issuer = t.issuer
		}
		n.told = append(slices.Clone(t.told), n.told...)
		out = append(out, n)
	}
	return out
}

// moves lists what may happen to a step that has a state, as far as it alone tells.
func (s *search) moves(st *step, l local) []move {
	var out []move
	add := func(act Act, ts []taken) {
		id := s.act(act)
		for _, t := range ts {
			out = append(out, move{id, t.to, t.does, t.issuer, t.told})
		}
	}
	for i := range st.acts {
		a := &st.acts[i]
		if !slices.Contains(a.from, int(l.state)) {
			continue
		}
		act := Act{Step: st.ID, Action: a.ID}
		switch a.kind {
		case byPeople:
			act.By = firstPerson(a.Action)
			add(act, s.take(st, l, a, 0))
		case byParties:
			s.partyMoves(st, l, a, add)
		case byAnswer:
			if l.flags&items != 0 && s.answering(st, &l) == a {
				act.By = engine.ByApplicant
				to := l
				to.flags &^= items
				add(act, s.take(st, to, a, 0))
			}
		}
	}
	s.timerMoves(st, l, add)
	s.replyMoves(st, l, add)
	return out
}

// answering is the action that a complete supplement takes: the first of the state.
func (s *search) answering(st *step, l *local) *action {
	for i := range st.acts {
		if a := &st.acts[i]; a.kind == byAnswer && slices.Contains(a.from, int(l.state)) {
			return a
		}
	}
	return nil
}

func firstPerson(a *engine.Action) string {
	for _, r := range a.By {
		if !slices.Contains([]string{engine.ByTimer, engine.ByRegistry, engine.ByUpstream, engine.ByDownstream}, r) {
			return r
		}
	}
	return ""
}

// partyMoves are the answers of people whose agreement is asked.
func (s *search) partyMoves(st *step, l local, a *action, add func(Act, []taken)) {
	for _, id := range a.Party.Sets {
		i := st.set(id)
		was := l.party(i)
		anyOf := st.p.Parties[i].Any
		if was != asked && !(was == broken && anyOf) {
			continue
		}
		act := Act{Step: st.ID, Action: a.ID, By: engine.ByParty, Party: id}
		to := l
		if a.Party.Decline {
			to.answer(i, broken)
			add(act, s.take(st, to, a, 0))
			continue
		}
		to.answer(i, agreed)
		if st.agreement(&to) == a {
			add(act, s.take(st, to, a, 0))
		} else {
			add(act, []taken{{to: to, issuer: -1}})
		}
	}
}

// timerMoves are the timers of the state. One whose action is refused is spent.
func (s *search) timerMoves(st *step, l local, add func(Act, []taken)) {
	for i, ai := range st.after[l.state] {
		if l.timers>>i&1 == 0 || ai < 0 {
			continue
		}
		a := &st.acts[ai]
		to := l
		to.timers &^= 1 << i
		ts := s.take(st, to, a, 0)
		act := Act{Step: st.ID, Action: a.ID, By: engine.ByTimer}
		add(act, ts)
		if len(ts) == 0 || s.mayRefuse(st, to, a) {
			act.Refused = true
			add(act, []taken{{to: to, issuer: -1}})
			s.unheeded(st, int(l.state), i)
		}
	}
}

// mayRefuse tells whether an action's guard may fail here.
func (s *search) mayRefuse(st *step, l local, a *action) bool {
	if a.guard == nil {
		return false
	}
	to := l
	if a.record >= 0 {
		to.recs |= 1 << a.record
	}
	vals := st.compute(&to, a, st.sc.forget(st.valuesOf(&l), a.ID))
	for _, w := range st.sc.eval(a.guard, valuation{vals, to.recs}) {
		if !w.is {
			return true
		}
	}
	return false
}

// replyMoves are the registry's answers; no answer is no move.
func (s *search) replyMoves(st *step, l local, add func(Act, []taken)) {
	r := st.p.States[l.state].Request
	if l.flags&asking == 0 || r == nil {
		return
	}
	codes := sortedKeys(r.Replies)
	slices.SortStableFunc(codes, func(a, b string) int { return rank(a) - rank(b) })
	for _, code := range codes {
		i := slices.IndexFunc(st.acts, func(a action) bool { return a.ID == r.Replies[code] })
		if i < 0 {
			continue
		}
		to := l
		to.flags &^= asking
		add(Act{Step: st.ID, Action: st.acts[i].ID, By: engine.ByRegistry, Reply: code}, s.take(st, to, &st.acts[i], 0))
	}
}

// rank puts the answer that one hopes for first, so that stories tell it.
func rank(code string) int {
	if code == "ok" {
		return 0
	}
	return 1
}
