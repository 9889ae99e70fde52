package replay

import (
	"maps"

	"lienthong/engine"
)

// translate gives a kept command the names that things have in the case as it is
// now decided: versions, requests, items and codes are not what they were once the
// two have parted.
func (r *run) translate(e *engine.Entry) (engine.Command, engine.Facts) {
	cmd, facts := e.Command, e.Facts
	switch cmd.Action {
	case engine.ActFile:
		r.defs.at = e.At
		if cmd.File != nil {
			r.defs.filed = cmd.File.Version
		}
		cmd.Codes.Steps = r.codes(&cmd)
		return cmd, facts
	case engine.ActReply:
		if facts.Reply != nil {
			rep := *facts.Reply
			rep.Request = r.request(rep.Request)
			facts.Reply = &rep
		}
	case engine.ActAnswer:
		cmd.Input = r.answers(cmd.Input)
	}
	if cmd.IfMatch != nil && r.c != nil {
		cmd.IfMatch = r.version(cmd.Step)
	}
	return cmd, facts
}

// version is what somebody who looks at the case now would hold.
func (r *run) version(step string) *int64 {
	rev := r.c.Rev
	if step != "" {
		rev = 0
		if d := r.c.Dossier(step); d != nil {
			rev = d.Rev
		}
	}
	return &rev
}

// codes gives steps that the kept filing knows no code for one of their own.
func (r *run) codes(cmd *engine.Command) map[string]string {
	if cmd.File == nil {
		return cmd.Codes.Steps
	}
	svc, err := r.defs.Service(cmd.File.Service, cmd.File.Version)
	if err != nil {
		return cmd.Codes.Steps // Decide says why
	}
	out := cmd.Codes.Steps
	for _, st := range svc.Steps {
		if out[st.ID] == "" {
			out = maps.Clone(out)
			if out == nil {
				out = map[string]string{}
			}
			out[st.ID] = cmd.Codes.Case + "-" + st.ID
		}
	}
	return out
}

// request is the key of the open request that the kept one stands for; the kept key
// when there is none.
func (r *run) request(key string) string {
	was, ok := r.asked[key]
	if !ok || r.c == nil {
		return key
	}
	if was.Step == "" {
		if f := r.c.Fee; f != nil && f.Status == engine.FeeWaiting {
			return f.Request
		}
		return key
	}
	if d := r.c.Dossier(was.Step); d != nil && d.Request != nil && d.Request.Registry == was.Registry && d.Request.Operation == was.Operation {
		return d.Request.Key
	}
	return key + "/not-asked" // whatever has that key now is another request
}

// answers gives the items of a supplement the ids that they have now: the n-th open
// item of the same step, kind and object.
func (r *run) answers(in map[string]any) map[string]any {
	kept, _ := in["items"].(map[string]any)
	if r.c == nil || r.was == nil || len(kept) == 0 {
		return in
	}
	now := map[string]any{}
	for id, answer := range kept {
		now[r.item(id)] = answer
	}
	out := maps.Clone(in)
	out["items"] = now
	return out
}

func (r *run) item(id string) string {
	nth, what := 0, engine.Item{}
	for _, it := range r.was.Items {
		if it.ID == id {
			what = it
			break
		}
	}
	for _, it := range r.was.Items {
		if it.ID == id {
			break
		}
		if sameItem(it, what) {
			nth++
		}
	}
	for _, it := range r.c.Items {
		if sameItem(it, what) {
			if nth == 0 {
				return it.ID
			}
			nth--
		}
	}
	return id
}

func sameItem(a, b engine.Item) bool {
	return a.Step == b.Step && a.Kind == b.Kind && a.About == b.About
}
