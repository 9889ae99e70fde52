package machine

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"

	"lienthong/engine"
)

// hashService is a digest of everything that decides about an application under
// a service version. Titles and other texts for people are left out, and so is
// the order in which things that have none are written.
func hashService(set *Set, s *engine.Service) string {
	return digest(canonicalService(set, s))
}

// digest is the hash of a plain value.
func digest(v any) string {
	b, err := json.Marshal(v) // maps are written in order of their keys
	if err != nil {
		panic("machine: hash: " + err.Error()) // plain values only
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:16])
}

type obj = map[string]any

func canonicalService(set *Set, s *engine.Service) obj {
	steps := obj{}
	for _, st := range s.Steps {
		needs := obj{}
		for _, n := range st.Needs {
			needs[n.Step] = n.Optional
		}
		steps[st.ID] = obj{
			"at": source(st.At), "needs": needs, "if": source(st.If), "else": st.Else.Kind, "with": bindings(st.With),
			"procedure": canonicalProcedure(set, st.Procedure),
		}
	}
	out := obj{
		"format": 1, "service": s.ID, "version": s.Version, "code": s.Code, "from": s.From.Unix(), "form": canonicalForm(s.Form),
		"each": s.Each, "key": source(s.Key), "key_step": s.KeyStep, "reception": s.Reception, "limit": canonicalLimit(s.Limit), "steps": steps,
	}
	if !s.To.IsZero() {
		out["to"] = s.To.Unix()
	}
	if s.Fee != nil {
		out["fee"] = obj{"amount": source(s.Fee.Amount), "within": canonicalLimit(s.Fee.Within)}
	}
	return out
}

func canonicalProcedure(set *Set, p *engine.Procedure) obj {
	states, actions, parties := obj{}, obj{}, obj{}
	for _, s := range p.States {
		states[s.ID] = canonicalState(set, s)
	}
	for _, a := range p.Actions {
		actions[a.ID] = canonicalAction(a)
	}
	for _, s := range p.Parties {
		parties[s.ID] = obj{"people": source(s.People), "any": s.Any}
	}
	return obj{"procedure": p.ID, "agency": p.Agency, "code": p.Code, "limit": canonicalLimit(p.Limit),
		"initial": p.States[0].ID, "states": states, "actions": actions, "parties": parties}
}

func canonicalState(set *Set, s *engine.State) obj {
	out := obj{"portal": s.Portal, "clock": s.Clock, "agency": s.Agency, "at": source(s.At), "final": s.Final, "limit": canonicalLimit(s.Limit)}
	if s.Result != nil {
		out["result"] = obj{"document": s.Result.Document, "code": s.Result.Code, "paper": s.Result.Paper, "data": bindings(s.Result.Data)}
	}
	if r := s.Request; r != nil {
		op, _ := set.Operation(r.Registry, r.Operation)
		out["request"] = obj{"registry": r.Registry, "operation": r.Operation, "input": source(r.Input), "replies": r.Replies,
			"schemas": []any{canonicalSchema(op.Input), canonicalSchema(op.Reply)}, "refusals": keysOf(op.Refusals),
			"changes": op.Changes, "cancellable": op.Cancellable}
	}
	var after []string
	for _, a := range s.After {
		after = append(after, a.Within.String()+" "+a.Param+" "+a.Action)
	}
	slices.Sort(after)
	out["after"] = after
	return out
}

func canonicalAction(a *engine.Action) obj {
	from := slices.Clone(a.From)
	slices.Sort(from)
	by := slices.Clone(a.By)
	slices.Sort(by)
	var to []any
	for _, t := range a.To { // in order: the first that holds is taken
		to = append(to, []any{source(t.If), t.State})
	}
	var set []any
	for _, b := range a.Set { // in order: later ones read earlier ones
		set = append(set, []any{b.Name, source(b.Value)})
	}
	out := obj{"from": from, "to": to, "by": by, "if": source(a.If), "set": set, "returns": a.Returns, "review": a.Review,
		"limit": canonicalLimit(a.Limit), "input": canonicalForm(a.Input)}
	if a.Party != nil {
		sets := slices.Clone(a.Party.Sets)
		slices.Sort(sets)
		out["party"] = obj{"sets": sets, "decline": a.Party.Decline}
	}
	return out
}

func canonicalLimit(l *engine.Limit) any {
	if l == nil {
		return nil
	}
	out := obj{"within": l.Within.String(), "param": l.Param, "cutoff": l.Within.Cutoff}
	if l.Warn != nil {
		out["warn"] = l.Warn.String()
	}
	if a := l.Apologise; a != nil {
		by := slices.Clone(a.By)
		slices.Sort(by)
		out["apologise"] = obj{"by": by, "input": canonicalForm(a.Form), "times": a.Times}
	}
	return out
}

func canonicalForm(f *engine.Form) any {
	if f == nil {
		return nil
	}
	return obj{"form": f.ID, "schema": canonicalSchema(f.Schema)}
}

func canonicalSchema(s engine.Schema) any {
	if x, ok := s.(*schema); ok && x != nil {
		return x.digest
	}
	return nil
}

// notDeciding are annotations for people.
var notDeciding = map[string]bool{
	"title": true, "description": true, "examples": true, "$comment": true, "deprecated": true, "default": true,
	"x-label": true, "x-message": true, "x-enum-labels": true, "x-official": true, "x-help": true, "x-input": true, "x-suggested": true, "x-like": true,
}

// named are keywords whose keys are names, not keywords.
var named = map[string]bool{"properties": true, "patternProperties": true, "$defs": true, "dependentSchemas": true}

// withoutTexts copies a schema without texts; keywords is false inside a mapping
// of names, and values of enum and const are left alone.
func withoutTexts(v any, keywords bool) any {
	switch x := v.(type) {
	case map[string]any:
		out := make(obj, len(x))
		for k, e := range x {
			switch {
			case !keywords:
				out[k] = withoutTexts(e, true)
			case notDeciding[k]:
			case k == "enum" || k == "const":
				out[k] = e
			default:
				out[k] = withoutTexts(e, !named[k])
			}
		}
		return out
	case []any:
		out := make([]any, len(x))
		for i, e := range x {
			out[i] = withoutTexts(e, true)
		}
		return out
	}
	return v
}

func source(e engine.Expr) any {
	if e == nil {
		return nil
	}
	return e.Source()
}

func bindings(bs []engine.Binding) obj {
	out := obj{}
	for _, b := range bs {
		out[b.Name] = source(b.Value)
	}
	return out
}
