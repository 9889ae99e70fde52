package digit

import (
	"slices"
	"strings"
)

// resolve finds the state that each action leads to, and refuses what is
// ambiguous.
func (r reader) resolve(s *service) {
	byName, byFold, byUUID := map[string]*state{}, map[string]*state{}, map[string]*state{}
	for _, st := range s.states {
		if !st.filing {
			byName[st.name] = st
			if byFold[plain(st.name)] == nil {
				byFold[plain(st.name)] = st
			}
		}
		if st.uuid != "" {
			byUUID[st.uuid] = st
		}
	}
	for _, st := range s.states {
		var kept []*action
		for _, a := range st.actions {
			a.to = byName[a.next]
			if a.to == nil {
				a.to = byUUID[a.next] // as a search answer names it
			}
			if a.to == nil {
				if a.to = byFold[plain(a.next)]; a.to != nil {
					r.at(a.nextAt, "state_case", a.next, a.to.name)
				}
			}
			switch {
			case a.to == nil:
				r.at(a.nextAt, "unknown_state", a.name, a.next)
			case a.to.filing:
				r.at(a.nextAt, "to_filing", a.name)
			default:
				kept = r.once(kept, a)
			}
		}
		st.actions = kept
	}
}

// once adds an action unless its state has one of that name already.
func (r reader) once(kept []*action, a *action) []*action {
	i := slices.IndexFunc(kept, func(b *action) bool { return b.name == a.name })
	switch {
	case i < 0:
		return append(kept, a)
	case kept[i].to != a.to:
		r.at(a.n, "ambiguous_action", a.name, kept[i].to.name, a.to.name)
	default:
		r.at(a.n, "duplicate_action", a.name)
		for _, role := range a.roles {
			if !slices.Contains(kept[i].roles, role) {
				kept[i].roles = append(kept[i].roles, role)
			}
		}
	}
	return kept
}

// begin finds the state that the procedure starts in, and puts it first.
func (r reader) begin(s *service) {
	var first *state
	var marked []*state
	for _, st := range s.states {
		if st.filing {
			first = st
		} else if st.start {
			marked = append(marked, st)
		}
	}
	switch {
	case first != nil:
		if !first.start {
			r.at(first.n, "start_not_flagged")
		}
		if first.docs {
			r.at(first.n, "documents_at_filing")
		}
	case len(marked) == 0:
		first = s.sources()
		r.at(first.n, "no_start", first.name)
	case len(marked) == 1:
		first = marked[0]
	default:
		first = r.joined(s, marked)
	}
	for _, st := range marked {
		if st != first && !slices.ContainsFunc(first.actions, func(a *action) bool { return a.n == nil }) {
			r.at(st.n, "start_again", st.name, label(first))
		}
	}
	i := slices.Index(s.states, first)
	s.states = append([]*state{first}, slices.Delete(s.states, i, i+1)...)
}

// sources is the first state that no other state leads to, or the first of all.
func (s *service) sources() *state {
	into := map[*state]bool{}
	for _, st := range s.states {
		for _, a := range st.actions {
			if a.to != st {
				into[a.to] = true
			}
		}
	}
	for _, st := range s.states {
		if !into[st] && len(st.actions) > 0 {
			return st
		}
	}
	return s.states[0]
}

// joined is the one of several marked starts from which the others are reached, or
// a new state that leads to each.
func (r reader) joined(s *service, marked []*state) *state {
	for _, m := range marked {
		reached := reach(m)
		if !slices.ContainsFunc(marked, func(o *state) bool { return !reached[o] }) {
			return m
		}
	}
	var names []string
	first := &state{n: s.n, filing: true, start: true}
	for _, m := range marked {
		names = append(names, m.name)
		first.actions = append(first.actions, &action{name: "START " + m.name, from: first, to: m, roles: []string{"*"}})
	}
	s.states = append(s.states, first)
	r.at(s.n, "several_starts", strings.Join(names, ", "))
	return first
}

// reach is what can be reached from some states, themselves included.
func reach(from ...*state) map[*state]bool {
	seen := map[*state]bool{}
	for len(from) > 0 {
		s := from[len(from)-1]
		from = from[:len(from)-1]
		if seen[s] {
			continue
		}
		seen[s] = true
		for _, a := range s.actions {
			from = append(from, a.to)
		}
	}
	return seen
}

// prune leaves out what nothing leads to.
func (r reader) prune(s *service) {
	reached := reach(s.states[0])
	s.states = slices.DeleteFunc(s.states, func(st *state) bool {
		if !reached[st] {
			r.at(st.n, "unreachable_state", label(st))
		}
		return !reached[st]
	})
}

// ends decides which states end the dossier, and how.
func (r reader) ends(s *service) bool {
	var doubtful []*state
	for i, st := range s.states {
		switch {
		case len(st.actions) == 0:
			st.final = "end"
			if !st.end {
				r.at(st.n, "end_not_flagged", label(st))
			}
			if i == 0 {
				r.at(st.n, "start_is_end", label(st))
			}
		case st.end && i > 0 && st.mayBeLeft():
			st.final = "end"
			r.at(st.n, "end_can_be_left", st.name, st.actionNames())
		case st.end:
			doubtful = append(doubtful, st)
		}
	}
	for {
		lost := s.lost()
		i := len(doubtful) - 1 // ends tend to stand last
		for i >= 0 && (doubtful[i] == s.states[0] || !slices.Contains(lost, doubtful[i])) {
			i--
		}
		if i < 0 {
			for _, st := range lost {
				r.at(st.n, "no_way_to_end", label(st))
			}
			for _, st := range doubtful {
				r.at(st.n, "end_has_actions", label(st))
			}
			return len(lost) == 0
		}
		doubtful[i].final = "end"
		r.at(doubtful[i].n, "no_end_kept", doubtful[i].name)
		doubtful = slices.Delete(doubtful, i, i+1)
	}
}

// mayBeLeft tells an end that can be taken up again (rated, reopened, cancelled)
// from a waiting state that is wrongly marked: everything leads to an end without
// actions, or back to where it came from.
func (s *state) mayBeLeft() bool {
	return !slices.ContainsFunc(s.actions, func(a *action) bool {
		return a.to != s && len(a.to.actions) > 0 && !reach(a.to)[s]
	})
}

func (s *state) actionNames() string {
	var out []string
	for _, a := range s.actions {
		out = append(out, a.name)
	}
	return strings.Join(out, ", ")
}

// lost lists the states without a way to an end.
func (s *service) lost() []*state {
	back := map[*state][]*state{}
	var todo []*state
	for _, st := range s.states {
		for _, a := range st.actions {
			back[a.to] = append(back[a.to], st)
		}
		if st.final != "" {
			todo = append(todo, st)
		}
	}
	ending := map[*state]bool{}
	for len(todo) > 0 {
		st := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if !ending[st] {
			ending[st] = true
			todo = append(todo, back[st]...)
		}
	}
	return slices.DeleteFunc(slices.Clone(s.states), func(st *state) bool { return ending[st] })
}

// endWords say by which word in its name an end is taken for what.
var endWords = []struct{ word, kind string }{
	{"EXPIRE", "expired"}, {"LAPSE", "expired"}, {"TIMEDOUT", "expired"},
	{"WITHDRAW", "withdrawn"},
	{"REJECT", "refused"}, {"REFUS", "refused"}, {"DENIED", "refused"}, {"DISAPPROV", "refused"}, {"INVALID", "refused"}, {"FAIL", "refused"},
	{"CANCEL", "cancelled"}, {"ABAT", "cancelled"}, {"ABANDON", "cancelled"}, {"REVOK", "cancelled"}, {"TERMINAT", "cancelled"},
	{"INACTIVE", "cancelled"}, {"DEACTIVAT", "cancelled"}, {"ABORT", "cancelled"}, {"VOID", "cancelled"}, {"DELET", "cancelled"},
}

// kinds says how each end ends, by its name.
func (r reader) kinds(s *service) {
	var ends []*state
	for _, st := range s.states {
		if st.final == "" {
			continue
		}
		ends = append(ends, st)
		st.final = "success"
		name := strings.NewReplacer("_", "", " ", "", "-", "").Replace(strings.ToUpper(st.name))
		for _, w := range endWords {
			if strings.Contains(name, w.word) {
				st.final = w.kind
				break
			}
		}
	}
	for _, st := range ends {
		if st.final == "cancelled" {
			st.final = s.cancelled(st)
		}
		if st.final != "success" {
			r.at(st.n, "end_guessed", st.name, st.final)
		}
	}
	if len(ends) > 0 && !slices.ContainsFunc(ends, func(st *state) bool { return st.final == "success" }) {
		r.at(s.n, "no_success")
	}
}

// cancelled: what stood is annulled; what only the citizen leads to is withdrawn;
// anything else is a refusal.
func (s *service) cancelled(end *state) string {
	annulled, citizens := false, true
	for _, st := range s.states {
		for _, a := range st.actions {
			if a.to != end || st == end {
				continue
			}
			annulled = annulled || st.final == "success"
			citizens = citizens && !slices.ContainsFunc(a.roles, func(role string) bool { return !isCitizen(role) })
		}
	}
	switch {
	case annulled:
		return "annulled"
	case citizens:
		return "withdrawn"
	}
	return "refused"
}

// plain folds a name to compare it loosely.
func plain(s string) string {
	return strings.NewReplacer("_", "", " ", "", "-", "").Replace(strings.ToUpper(s))
}

// label is what a state is called in a finding.
func label(s *state) string {
	if s.filing {
		return "null"
	}
	return s.name
}
