package simulate

import (
	"slices"

	"lienthong/engine"
)

// far is the distance of a state from which no success can be reached.
const far = 1 << 20

// route tells for each state of a procedure how many actions it is from success.
func (w *world) route(p *engine.Procedure) map[string]int {
	if r, ok := w.routes[p]; ok {
		return r
	}
	r := map[string]int{}
	for _, s := range p.States {
		r[s.ID] = far
		if s.Final == engine.FinalSuccess {
			r[s.ID] = 0
		}
	}
	for changed := true; changed; {
		changed = false
		for _, a := range p.Actions {
			for _, from := range a.From {
				for _, t := range a.To {
					if n := r[t.State] + 1; n < r[from] {
						r[from], changed = n, true
					}
				}
			}
		}
	}
	w.routes[p] = r
	return r
}

// sort of an action, seen from a state.
type sort int

const (
	forward sort = iota // nearer to success
	asking              // for completion
	refusing
	returning // an earlier agency's result
	around    // back, or aside, with a way on
	reviewing // decides a review item
	ending    // any other end: withdrawn, annulled, not applicable
)

func (w *world) kind(p *engine.Procedure, dist map[string]int, a *engine.Action, state string) sort {
	switch {
	case a.Review != "":
		return reviewing
	case a.Returns != "":
		return returning
	case a.Input != nil && a.Input.ID == engine.FormSupplementRequest:
		return asking
	}
	best, end, refused := far, true, true
	for _, t := range a.To {
		s := p.State(t.State)
		best = min(best, dist[t.State])
		end = end && s != nil && s.Final != engine.FinalNone && s.Final != engine.FinalSuccess
		refused = refused && s != nil && s.Final == engine.FinalRefused
	}
	switch {
	case len(a.To) == 0:
		return around
	case refused:
		return refusing
	case best < dist[state]:
		return forward
	case end || best >= far:
		return ending
	}
	return around
}

// staffRole is the first role of staff that may take an action; "" = none.
func staffRole(a *engine.Action) string {
	for _, by := range a.By {
		switch by {
		case engine.ByApplicant, engine.ByTimer, engine.ByRegistry, engine.ByUpstream, engine.ByDownstream, engine.ByParty:
		default:
			return by
		}
	}
	return ""
}

// procedure of a dossier, as the case has it.
func (w *world) procedure(f *file, d *engine.Dossier) *engine.Procedure {
	return f.svc.Step(d.Step).Procedure
}

// input fills in an action's form from what the dossier knows.
func (w *world) input(f *file, d *engine.Dossier, a *engine.Action, name string) map[string]any {
	if a.Input == nil {
		return nil
	}
	at := draws{w.dice, name + " " + a.ID, w.now}
	if a.Returns != "" {
		return map[string]any{"what": "sai thông tin"}
	}
	for n := range 3 {
		if n > 0 {
			at.who += "+"
		}
		in := w.sampler.of(a.Input.Schema, at, d.With, f.c.App, d.Data)
		if len(a.Input.Schema.Validate(in)) == 0 {
			return in
		}
	}
	return w.sampler.of(a.Input.Schema, at)
}

// stateOf is a state of a procedure.
type stateOf struct {
	procedure *engine.Procedure
	state     string
}

// staffActions lists what staff may take in a dossier's state, by sort; for reading.
func (w *world) staffActions(p *engine.Procedure, d *engine.Dossier) map[sort][]*engine.Action {
	at := stateOf{p, d.State}
	if known, ok := w.offers[at]; ok {
		return known
	}
	dist := w.route(p)
	out := map[sort][]*engine.Action{}
	w.offers[at] = out
	for _, a := range p.Actions {
		if slices.Contains(a.From, d.State) && staffRole(a) != "" {
			k := w.kind(p, dist, a, d.State)
			out[k] = append(out[k], a)
		}
	}
	return out
}
