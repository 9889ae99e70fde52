package machine

import (
	"maps"
	"slices"

	"lienthong/engine"
)

// checkNames refuses words with a meaning of their own and names that would hide
// each other in dossier.
func (l *loader) checkNames(p *procedure) {
	for _, s := range p.States {
		if slices.Contains(reserved, s.ID) {
			l.at(keyOf(p.node.get("states"), s.ID), "reserved_word", s.ID)
		}
	}
	owner := map[string]string{}
	for _, d := range dossierOwn {
		owner[d] = "the engine"
	}
	claim := func(n *node, name, what string) {
		if o := owner[name]; o != "" {
			l.at(n, "name_collision", name, o)
			return
		}
		owner[name] = what
	}
	for _, in := range p.inputs {
		if slices.Contains(reserved, in.name) {
			l.at(in.node, "reserved_word", in.name)
		}
		claim(in.node, in.name, "an input")
	}
	for _, a := range p.Actions {
		k := keyOf(p.node.get("actions"), a.ID)
		answers := a.Input != nil && a.Input.ID == engine.FormSupplementAnswer
		if slices.Contains(reserved, a.ID) || slices.Contains(builtin, a.ID) || a.ID == engine.ActAnswer && !answers {
			l.at(k, "reserved_word", a.ID)
		}
		claim(k, a.ID, "an action")
	}
	for _, a := range p.Actions {
		set := p.actions[a.ID].get("set")
		if set == nil || set.kind != mapKind {
			continue
		}
		for _, k := range set.keys { // several actions may store one name
			if o := owner[k.text]; o != "" {
				l.at(k, "name_collision", k.text, o)
			}
		}
	}
}

// keyOf is the key node of an entry, or the mapping itself.
func keyOf(n *node, key string) *node {
	for _, k := range n.keys {
		if k.text == key {
			return k
		}
	}
	return n
}

// checkReferences resolves the names inside a procedure.
func (l *loader) checkReferences(p *procedure) {
	state := func(n *node, id string) {
		if id != "" && p.states[id] == nil {
			l.at(n, "unknown_state", id, nearest(id, keysOf(p.states)))
		}
	}
	for _, a := range p.Actions {
		n := p.actions[a.ID]
		for i, f := range a.From {
			state(l.list(n.get("from"))[min(i, len(l.list(n.get("from")))-1)], f)
		}
		to := n.get("to")
		for i, t := range a.To {
			at := to
			if to.kind == listKind && i < len(to.items) {
				at = to.items[i]
			}
			state(at, t.State)
		}
		if a.Returns != "" && p.input(a.Returns) == nil {
			l.unknownInput(n.get("returns"), p, a.Returns)
		}
		if a.Party != nil {
			for _, x := range l.list(n.get("by").get("party")) {
				if p.parties[x.text] == nil {
					l.at(x, "unknown_party", x.text, nearest(x.text, keysOf(p.parties)))
				}
			}
		}
	}
	for _, s := range p.States {
		n := p.states[s.ID]
		l.checkRequest(p, s, n.get("request"))
		for i, a := range s.After {
			l.checkCaused(p, s, n.get("after").items[i], a.Action, engine.ByTimer, "timer")
		}
	}
}

// checkCaused checks an action that a reply or a timer takes from a state.
func (l *loader) checkCaused(p *procedure, s *engine.State, n *node, action, by, code string) {
	a := p.Action(action)
	switch {
	case action == "":
	case a == nil:
		l.at(n, "unknown_action", action, nearest(action, keysOf(p.actions)))
	case !slices.Contains(a.By, by):
		l.at(n, code+"_actor", action)
	case !slices.Contains(a.From, s.ID):
		l.at(n, code+"_from", action, s.ID)
	}
}

func (l *loader) checkRequest(p *procedure, s *engine.State, n *node) {
	if s.Request == nil {
		return
	}
	r := s.Request
	reg := l.set.registries[r.Registry]
	if reg == nil {
		l.absent(n.get("registry"), "unknown_registry", "registries", r.Registry, keysOf(l.set.registries))
		return
	}
	op, ok := reg.Operations[r.Operation]
	if !ok {
		l.at(n.get("operation"), "unknown_operation", r.Operation, r.Registry, nearest(r.Operation, keysOf(reg.Operations)))
		return
	}
	replies := n.get("replies")
	if replies == nil {
		return
	}
	for i, k := range replies.keys {
		if _, known := op.Refusals[k.text]; !known && k.text != "ok" && k.text != "refused" {
			l.at(k, "unknown_reply", k.text, r.Registry+"."+r.Operation, nearest(k.text, append(keysOf(op.Refusals), "ok", "refused")))
		}
		l.checkCaused(p, s, replies.items[i], r.Replies[k.text], engine.ByRegistry, "reply")
	}
	if r.Replies["ok"] == "" {
		l.at(replies, "reply_missing", "ok")
	}
	if r.Replies["refused"] == "" {
		for _, code := range append(keysOf(op.Refusals), "refused") {
			if r.Replies[code] == "" {
				l.at(replies, "reply_missing", code)
				break
			}
		}
	}
}

// checkGraph refuses states that nothing reaches or that nothing leaves.
func (l *loader) checkGraph(p *procedure) {
	if len(p.States) == 0 {
		l.at(p.node, "missing_key", "states")
		return
	}
	next, back := map[string][]string{}, map[string][]string{}
	for _, a := range p.Actions {
		for _, f := range a.From {
			for _, t := range a.To {
				next[f] = append(next[f], t.State)
				back[t.State] = append(back[t.State], f)
			}
		}
	}
	reached := closure(next, p.States[0].ID)
	var ends []string
	for _, s := range p.States {
		if s.Final != "" {
			ends = append(ends, s.ID)
		}
	}
	ending := closure(back, ends...)
	states := p.node.get("states")
	var far, dead []string
	for _, s := range p.States {
		switch {
		case !reached[s.ID]: // and no way on is no matter yet
			far = append(far, s.ID)
		case !ending[s.ID]:
			dead = append(dead, s.ID)
		}
	}
	for _, s := range firsts(far, next, back) {
		l.at(keyOf(states, s), "unreachable_state", s)
	}
	for _, s := range firsts(dead, back, next) {
		l.at(keyOf(states, s), "dead_end", s)
	}
	l.checkSupplement(p)
	l.checkLeaves(p)
}

// checkLeaves wants what is taken by itself (an agreement, a complete supplement) to
// leave its state, or it would be taken again at once, for ever; and what annuls a
// result to leave the state that stands for it.
func (l *loader) checkLeaves(p *procedure) {
	for _, a := range p.Actions {
		i := slices.IndexFunc(a.From, func(f string) bool {
			return len(a.To) == 0 || slices.ContainsFunc(a.To, func(t engine.Target) bool { return t.State == f })
		})
		if i < 0 {
			continue
		}
		k := keyOf(p.node.get("actions"), a.ID)
		if a.Review == engine.ReviewAnnul {
			l.at(k, "annuls_nothing", a.ID, a.From[i])
		}
		if a.Input != nil && a.Input.ID == engine.FormSupplementAnswer || a.Party != nil && !a.Party.Decline {
			l.at(k, "taken_for_ever", a.ID, a.From[i])
		}
	}
}

// checkSupplement wants an answer wherever a supplement request leads.
func (l *loader) checkSupplement(p *procedure) {
	for _, a := range p.Actions {
		if a.Input == nil || a.Input.ID != engine.FormSupplementRequest {
			continue
		}
		to := a.From
		if len(a.To) > 0 {
			to = nil
			for _, t := range a.To {
				to = append(to, t.State)
			}
		}
		for _, s := range to {
			if !slices.ContainsFunc(p.Actions, func(b *engine.Action) bool {
				return b.Input != nil && b.Input.ID == engine.FormSupplementAnswer && slices.Contains(b.From, s)
			}) {
				l.at(keyOf(p.node.get("actions"), a.ID), "supplement_unanswered", a.ID, s)
			}
		}
	}
}

// firsts are those of some states that no other of them leads to, and one of each circle:
// what is told of them is true of the others because of them.
func firsts(some []string, next, back map[string][]string) (out []string) {
	told := map[string]bool{}
	take := func(s string) {
		out = append(out, s)
		maps.Copy(told, closure(next, s))
	}
	for _, s := range some {
		if !slices.ContainsFunc(back[s], func(o string) bool { return o != s && slices.Contains(some, o) }) {
			take(s)
		}
	}
	for _, s := range some {
		if !told[s] {
			take(s)
		}
	}
	return out
}

// closure is what can be reached from some nodes, themselves included.
func closure(edges map[string][]string, from ...string) map[string]bool {
	seen := map[string]bool{}
	for len(from) > 0 {
		s := from[len(from)-1]
		from = from[:len(from)-1]
		if !seen[s] {
			seen[s] = true
			from = append(from, edges[s]...)
		}
	}
	return seen
}
