package api

import (
	"slices"
	"time"

	"lienthong/engine"
)

// actView is something that was done in a dossier and what was entered or answered:
// a person's proposal or decision, or what a register said.
type actView struct {
	Action   string      `json:"action"`
	Title    Text        `json:"title"`
	At       Time        `json:"at,omitzero"`
	By       *actorView  `json:"by,omitempty" doc:"A person; absent for registers, timers and other steps"`
	Register *lookupView `json:"register,omitempty" doc:"The register that answered"`
	Form     string      `json:"form,omitempty"`
	Data     Object      `json:"data,omitempty"`
}

// lookupView names what was asked of a register.
type lookupView struct {
	ID        string `json:"id"`
	Title     Text   `json:"title"`
	Operation *Text  `json:"operation,omitempty"`
	Refused   bool   `json:"refused,omitempty"`
	Why       *Text  `json:"why,omitempty" doc:"Of a refusal: the register's own words"`
}

// acts lists what was done in a dossier, oldest first. The newest of each kind is
// kept: what an action recorded replaces what it recorded before.
func (p *picture) acts(d *engine.Dossier) []actView {
	st := p.step(d.Step)
	if st == nil {
		return nil
	}
	var out []actView
	for _, a := range st.Procedure.Actions {
		record, ok := d.Data[a.ID].(map[string]any)
		if !ok {
			continue
		}
		v := actView{Action: a.ID, Title: a.Title, Data: make(Object, len(record))}
		for k, x := range record {
			if k != "by" && k != "at" {
				v.Data[k] = x
			}
		}
		if t, err := time.Parse(time.RFC3339Nano, engine.Str(record, "at")); err == nil {
			v.At = at(t)
		}
		if a.Input != nil {
			v.Form = a.Input.ID
		}
		if slices.Contains(a.By, engine.ByRegistry) {
			v.Register = p.lookup(st.Procedure, a.ID, record)
		} else if slices.ContainsFunc(a.By, func(by string) bool { return slices.Contains(people, by) }) || a.Party != nil {
			v.By = p.person(engine.Str(record, "by"))
		}
		out = append(out, v)
	}
	slices.SortStableFunc(out, func(a, b actView) int { return a.At.Compare(b.At.Time) })
	return out
}

// slipActs are told to the applicant by a slip: the supplement request, the refusal,
// the notice that the dossier was stopped.
var slipActs = []string{"request_supplement", "reject_reception", "reject", "refuse", "withdraw"}

// people are the words of `by` that mean a person.
var people = []string{engine.ByReception, engine.ByOfficer, engine.ByLeader, engine.ByApplicant}

// lookup names the request that an action answers, and why the answer was no.
func (p *picture) lookup(proc *engine.Procedure, action string, record map[string]any) *lookupView {
	var by *engine.RequestSpec
	for _, st := range proc.States {
		if st.Request != nil && leadsTo(st.Request, action) && (by == nil || by.Replies["ok"] != action) {
			by = st.Request // of several replies that lead there, the good one names it
		}
	}
	if by == nil {
		return nil
	}
	v := &lookupView{ID: by.Registry, Title: titled(p.s.cfg.Registries, by.Registry), Refused: by.Replies["ok"] != action}
	if o, ok := p.s.cfg.Definitions.Operation(by.Registry, by.Operation); ok {
		v.Operation = &Text{VI: o.Title.VI, EN: o.Title.EN}
		if why := o.Refusals[engine.Str(record, "code")]; v.Refused && !why.IsZero() {
			v.Why = &Text{VI: why.VI, EN: why.EN}
		}
	}
	return v
}

func leadsTo(r *engine.RequestSpec, action string) bool {
	for _, leads := range r.Replies {
		if leads == action {
			return true
		}
	}
	return false
}

// person names whoever did something: a member of staff as the account has it, a
// citizen by their kind only.
func (p *picture) person(id string) *actorView {
	if id == "" {
		return nil
	}
	a, err := p.s.cfg.Store.Account(p.ctx, id)
	if err != nil || a.Kind != engine.Staff {
		v := actorView{Kind: string(engine.Citizen)}
		if id == p.c.Requester.ID {
			v.Name = p.c.Requester.Name
		}
		return &v
	}
	v := p.s.actorView(p.ctx, actorOf(a))
	return &v
}

// documents describes the papers that a case names anywhere.
func (p *picture) documents() ([]documentView, error) {
	var ids []string
	find := func(v map[string]any) {
		if namesDocument(v) {
			ids = documentIDs(v, ids)
		}
	}
	find(p.c.App)
	for i := range p.c.Items {
		find(p.c.Items[i].Answer)
	}
	for _, d := range p.c.Dossiers {
		find(d.With)
		find(d.Data)
	}
	if len(ids) == 0 {
		return nil, nil
	}
	list, err := p.s.cfg.Store.Documents(p.ctx, ids)
	if err != nil {
		return nil, err
	}
	var out []documentView
	for i := range list {
		out = append(out, documentOf(&list[i]))
	}
	return out, nil
}

func isDocumentID(s string) bool { return len(s) == 64 && hexOf(s, 64) }

// namesDocument tells whether anything in a value looks like a document's id. Most
// values name none, and need not be walked in order.
func namesDocument(v any) bool {
	switch x := v.(type) {
	case string:
		return isDocumentID(x)
	case map[string]any:
		for _, e := range x {
			if namesDocument(e) {
				return true
			}
		}
	case []any:
		return slices.ContainsFunc(x, namesDocument)
	}
	return false
}

// documentIDs adds what looks like a document's id in a value, each once.
func documentIDs(v any, ids []string) []string {
	switch x := v.(type) {
	case string:
		if isDocumentID(x) && !slices.Contains(ids, x) {
			ids = append(ids, x)
		}
	case map[string]any:
		for _, k := range sortedKeys(x) {
			ids = documentIDs(x[k], ids)
		}
	case []any:
		for _, e := range x {
			ids = documentIDs(e, ids)
		}
	}
	return ids
}

// registers names the registers that gave the application its values.
func (p *picture) registers() map[string]Text {
	out := map[string]Text{}
	for _, r := range p.c.Sources {
		out[r] = titled(p.s.cfg.Registries, r)
	}
	if len(out) == 0 {
		return nil
	}
	return out
}
