package api

import (
	"encoding/json"
	"slices"

	"lienthong/engine"
)

// actions lists what may be done, with where to send it. rev is the version that
// the action must name; a party's answer names none.
func (p *picture) actions(step string, rev int64) []actionView {
	if p.menu == nil {
		m := engine.NewMenu(p.s.cfg.Definitions, p.c, p.who.actor, p.now)
		p.menu, p.list = &m, make([]engine.ActionView, 0, 8)
	}
	p.list = p.menu.Append(p.list[:0], step)
	out := make([]actionView, 0, len(p.list))
	for _, a := range p.list {
		v := actionView{Code: a.Code, Step: a.Step, Label: a.Label, Allowed: a.Allowed, Why: a.Why, To: a.To, Clock: clockEffect(a.Clock), Final: string(a.Final)}
		if a.Form != nil {
			v.Form, v.Input = a.Form.ID, orderedSchema(a.Form)
		}
		if !p.party(step, a.Code) {
			v.ETag = quoted(rev)
		}
		v.Href = actionHref(p.c.Code, step, a.Code)
		out = append(out, v)
	}
	return out
}

// party tells whether an action is the answer of parties, which needs no version.
func (p *picture) party(step, action string) bool {
	st := p.step(step)
	if st == nil {
		return false
	}
	a := st.Procedure.Action(action)
	return a != nil && a.Party != nil
}

// builtin are the dossier commands with an address of their own.
var builtin = []string{engine.ActClaim, engine.ActRelease, engine.ActAssign, engine.ActTransfer, engine.ActRefile}

func actionHref(code, step, action string) string {
	if step == "" {
		return base + "/cases/" + code + "/actions/" + action
	}
	if slices.Contains(builtin, action) {
		return base + "/cases/" + code + "/dossiers/" + step + "/" + action
	}
	return base + "/cases/" + code + "/dossiers/" + step + "/actions/" + action
}

// schemaOf is a form's JSON Schema as an object.
func schemaOf(f *engine.Form) Object {
	if f == nil || f.Schema == nil {
		return nil
	}
	var o Object
	if err := json.Unmarshal(f.Schema.JSON(), &o); err != nil {
		return nil // the compiler has read it: cannot be
	}
	return o
}

// orderedSchema is a form's JSON Schema in the order of its file.
func orderedSchema(f *engine.Form) Ordered {
	if f == nil || f.Schema == nil {
		return nil
	}
	return Ordered(f.Schema.JSON())
}
