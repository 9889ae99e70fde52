package mining

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"lienthong/engine"
)

// happened is one entry as a tool sees it.
type happened struct {
	id        string // case/seq
	activity  string // step and action
	at        time.Time
	lifecycle string // start when a request goes out, complete otherwise
	resource  string
	role      string
	org       string // office
	step      string
	action    string
	from, to  string // states, when the dossier moved
}

// log is what a case did, without a person.
func log(history []engine.Entry) []happened {
	out := make([]happened, 0, len(history))
	for i := range history {
		e := &history[i]
		h := happened{id: e.Case + "/" + strconv.FormatInt(e.Seq, 10), at: e.At, lifecycle: "complete", step: e.Command.Step,
			action: e.Command.Action}
		h.resource, h.role, h.org = who(e.Command.Actor)
		for _, v := range e.Events {
			if m, ok := v.(engine.Moved); ok && (m.Step == h.step || h.step == "") && h.to == "" && m.Action != "" {
				h.from, h.to = m.From, m.To
				if e.Command.Action == engine.ActReply {
					h.action = m.Action // what the answer did
				}
			}
		}
		h.activity = h.action
		if h.step != "" {
			h.activity = h.step + " " + h.action
		}
		out = append(out, h)
	}
	return out
}

// who is a resource that is no person.
func who(a engine.Actor) (resource, role, org string) {
	switch a.Kind {
	case engine.Staff:
		roles := slices.Sorted(slices.Values(a.Roles))
		role = strings.Join(roles, "+")
		return a.Office + "/" + role, role, a.Office
	case engine.Registry:
		return "registry/" + a.ID, "registry", a.ID
	case "":
		return "erased", "erased", ""
	}
	return string(a.Kind), string(a.Kind), ""
}
