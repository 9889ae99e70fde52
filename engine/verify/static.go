package verify

import (
	"slices"
	"strings"

	"lienthong/engine"
)

// static says what the definition alone shows.
func (c *checker) static(m *model) {
	for _, st := range m.steps {
		for i := range st.p.States {
			c.twoOfAKind(m, st, i)
			c.deadline(m, st, i)
		}
		c.held(m, st)
	}
}

// twoOfAKind looks for two actions that the same thing would take: the engine
// always takes the first.
func (c *checker) twoOfAKind(m *model, st *step, state int) {
	first := map[string]*action{}
	see := func(kind string, a *action) {
		if o := first[kind]; o != nil && o != a {
			c.say("ambiguous", st.p.File, []string{"actions", a.ID, "from", st.p.States[state].ID}, nil, m.svc, st.ID, a.ID, o.ID, st.p.States[state].ID, kind)
			return
		}
		first[kind] = a
	}
	for i := range st.acts {
		a := &st.acts[i]
		if !slices.Contains(a.from, state) {
			continue
		}
		switch {
		case a.kind == byAnswer:
			see("supplement_answer", a)
		case a.Party != nil && !a.Party.Decline:
			for _, s := range a.Party.Sets {
				see("party "+s, a)
			}
		case st.withdraws(a.ID):
			see("withdraw", a)
		}
		for _, by := range []string{engine.ByUpstream, engine.ByDownstream} {
			if slices.Contains(a.By, by) {
				see(by, a)
			}
		}
	}
	s := st.p.States[state]
	for i, a := range s.After {
		for _, b := range s.After[:i] {
			if a.Param == b.Param && a.Within == b.Within {
				c.say("ambiguous", st.p.File, []string{"states", s.ID, "after"}, nil, m.svc, st.ID, a.Action, b.Action, s.ID, "timer")
			}
		}
	}
}

// deadline warns of a state in which only citizens may act and no deadline waits: one
// whose action stays there ends no wait.
func (c *checker) deadline(m *model, st *step, state int) {
	s := st.p.States[state]
	if s.Final != engine.FinalNone || s.Request != nil || slices.ContainsFunc(st.after[state], func(a int) bool {
		return a >= 0 && slices.ContainsFunc(st.acts[a].to, func(t target) bool { return t.state != state })
	}) {
		return
	}
	citizens := false
	for i := range st.acts {
		a := &st.acts[i]
		if !slices.Contains(a.from, state) || st.withdraws(a.ID) {
			continue
		}
		for _, by := range a.By {
			switch by {
			case engine.ByApplicant, engine.ByParty:
				citizens = true
			case engine.ByTimer, engine.ByRegistry, engine.ByDownstream:
			default:
				return
			}
		}
	}
	if citizens {
		c.say("no_deadline", st.p.File, []string{"states", s.ID}, nil, m.svc, st.ID, s.ID)
	}
}

// held looks for roles that nobody holds where they are needed.
func (c *checker) held(m *model, st *step) {
	if c.o.Staff == nil {
		return
	}
	for _, a := range st.p.Actions {
		for _, from := range a.From {
			s := st.p.State(from)
			agency := s.Agency
			if agency == "" {
				agency = st.p.Agency
			}
			if role := c.unheld(agency, a.By); role != "" {
				c.say("role_unheld", st.p.File, []string{"actions", a.ID, "by"}, nil, m.svc, st.ID, role, agency, a.ID)
			}
		}
	}
	if l := st.p.Limit; l != nil && l.Apologise != nil {
		if role := c.unheld(st.p.Agency, l.Apologise.By); role != "" {
			c.say("role_unheld", st.p.File, []string{"limit", "apologise", "by"}, nil, m.svc, st.ID, role, st.p.Agency, "apologise")
		}
	}
}

// unheld names the roles when no office of an agency holds one that may act.
func (c *checker) unheld(agency string, by []string) string {
	var staff []string
	for _, r := range by {
		if !slices.Contains([]string{engine.ByReception, engine.ByOfficer, engine.ByLeader}, r) {
			return "" // somebody else may
		}
		staff = append(staff, r)
	}
	if len(staff) == 0 {
		return ""
	}
	for _, o := range c.set.Offices() {
		if o.Agency == agency && slices.ContainsFunc(c.o.Staff[o.ID], func(r string) bool { return slices.Contains(staff, r) }) {
			return ""
		}
	}
	return strings.Join(staff, ", ")
}
