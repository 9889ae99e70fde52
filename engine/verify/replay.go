package verify

import (
	"context"
	"slices"
	"time"

	"lienthong/engine"
)

// How hard a story is tried: each act with several inputs, the whole with several
// applications. A story whose data nobody guessed stays possible.
const (
	triesPerAct   = 16
	triesPerStory = 12
)

// replay plays the story of every finding through the real core.
func (c *checker) replay(ctx context.Context) {
	for _, e := range c.ends {
		if ctx.Err() != nil {
			return
		}
		f := &c.report.Findings[e.i]
		if e.spot.s.playAgain(ctx, e.spot.at, f.Step, f.Code) {
			f.Played = Replayed
		}
	}
}

// playAgain tells whether the core can be led along a story to its end, being at
// each point where the search was.
func (s *search) playAgain(ctx context.Context, at int, step, code string) bool {
	if s.m.set.Calendar(s.m.svc.From.AddDate(0, 1, 0)) == nil {
		return false
	}
	var path []int
	for i := at; i >= 0; i = int(s.parent[i]) {
		path = append(path, i)
	}
	slices.Reverse(path)
	for seed := range uint64(triesPerStory) {
		if ctx.Err() != nil {
			return false
		}
		if p := s.playOnce(path, seed); p != nil && p.confirms(step, code) {
			return true
		}
	}
	return false
}

// playOnce plays a story; nil when the core went another way. A definition at which
// the core itself breaks down is not played.
func (s *search) playOnce(path []int, seed uint64) (p *player) {
	defer func() {
		if recover() != nil {
			p = nil
		}
	}()
	p = newPlayer(s.m, seed)
	for _, i := range path {
		if !s.playTo(p, i) {
			return nil
		}
	}
	return p
}

// playTo plays the act that leads to a state until the core is there.
func (s *search) playTo(p *player, state int) bool {
	act := s.acts[s.via[state]]
	g, _ := s.read(state)
	want := s.shape(g)
	was, now := p.c, p.now
	for range triesPerAct {
		p.c, p.now = was, now.Add(time.Minute)
		var err error
		if act.By == byElsewhere {
			err = p.drive(act)
		} else {
			err = p.play(act)
		}
		refused := act.Refused && p.c != was // the timer is spent, as an entry
		if (err == nil || refused) && p.c != nil && s.shape(s.project(p.c)) == want && s.agrees(g, p.c) {
			return true
		}
		if act.By == byElsewhere && err != nil && engine.CodeOf(err) == engine.Invalid {
			return false
		}
	}
	return false
}

// confirms tells whether the core agrees that nothing goes on in a step, where that
// is what was found.
func (p *player) confirms(step, code string) bool {
	if code != "dead_end" && code != "waits_for_nothing" && code != "join_declined" {
		return true
	}
	was, now := p.c, p.now
	defer func() { p.c, p.now = was, now }()
	d := was.Dossier(step)
	proc := p.svc.Step(step).Procedure
	for _, t := range d.Timers {
		if t.Kind != engine.TimerWarn {
			return false
		}
	}
	if d.Request != nil {
		return false
	}
	for _, a := range proc.Actions {
		if !slices.Contains(a.From, d.State) || givesUp(proc, a) {
			continue
		}
		for _, by := range a.By {
			for range 6 {
				p.c, p.now = was, now
				act := Act{Step: step, Action: a.ID, By: by}
				if a.Party != nil {
					act.Party = a.Party.Sets[0]
				}
				if by == engine.ByTimer || by == engine.ByRegistry || by == engine.ByUpstream || by == engine.ByDownstream {
					break
				}
				if p.play(act) == nil && p.c.Dossier(step).State != d.State {
					return false
				}
			}
		}
	}
	return true
}

// drive leads a step that is not searched in detail to what it does after its end,
// or to an end: along the shortest way of its machine, the guards being tried.
func (p *player) drive(act Act) error {
	no := engine.Fail(engine.Invalid, "Không dẫn được", "it cannot be led there")
	if act.Step == "" || act.Action == engine.ActRefile {
		return no
	}
	proc := p.svc.Step(act.Step).Procedure
	if a := proc.Action(act.Action); a != nil {
		return no // a return by a step outside the search
	}
	good := func(k engine.FinalKind) bool {
		switch act.Action {
		case actCorrected, actKept:
			return k == engine.FinalSuccess
		case actFallen:
			return k != engine.FinalNone && k != engine.FinalSuccess
		}
		return k != engine.FinalNone
	}
	for range 12 {
		d := p.c.Dossier(act.Step)
		a, by := way(proc, d.State, good)
		if a == nil || d.State == "" {
			return no
		}
		next := Act{Step: act.Step, Action: a.ID, By: by}
		if by == engine.ByRegistry {
			for _, code := range sortedKeys(proc.State(d.State).Request.Replies) {
				if proc.State(d.State).Request.Replies[code] == a.ID {
					next.Reply = code
				}
			}
		}
		if a.Party != nil {
			next.Party = a.Party.Sets[0]
		}
		err := error(no)
		for range 6 {
			if err = p.play(next); err == nil {
				break
			}
		}
		if err != nil {
			return err
		}
		if d := p.c.Dossier(act.Step); d.Status == engine.StatusEnded && good(d.Final) {
			return nil
		}
	}
	return no
}

// way finds the first action of the shortest way to an end that is good.
func way(proc *engine.Procedure, from string, good func(engine.FinalKind) bool) (*engine.Action, string) {
	type node struct {
		state string
		first *engine.Action
		by    string
	}
	seen := map[string]bool{}
	queue := []node{{from, nil, ""}}
	for len(queue) > 0 {
		n := queue[0]
		queue = queue[1:]
		for _, a := range proc.Actions {
			if !slices.Contains(a.From, n.state) || len(a.By) == 0 || slices.Contains(a.By, engine.ByDownstream) || slices.Contains(a.By, engine.ByUpstream) {
				continue
			}
			for _, t := range a.To {
				next := node{t.State, n.first, n.by}
				if next.first == nil {
					next.first, next.by = a, a.By[0]
				}
				if good(proc.State(t.State).Final) {
					return next.first, next.by
				}
				if !seen[t.State] {
					seen[t.State] = true
					queue = append(queue, next)
				}
			}
		}
	}
	return nil, ""
}
