package portal

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// called is what something is called, beside its code for who tests. A thing that has
// no name any more has its code alone.
type called struct{ Name, Code string }

// Any tells whether there is anything.
func (c called) Any() bool { return c != called{} }

// Short is the same for a line of a list: what has no name may be long.
func (c called) Short() called {
	const most = 60
	if r := []rune(c.Code); len(r) > most {
		c.Code = string(r[:most-1]) + "…"
	}
	return c
}

// naming knows what definitions call their parts, states and actions. It asks the
// surface once for each.
type naming struct {
	v        *visit
	services map[string]*workflowDetail
	machines map[string]*machine
}

func (v *visit) naming() *naming {
	return &naming{v: v, services: map[string]*workflowDetail{}, machines: map[string]*machine{}}
}

// machine is that of a part: under a version or, when that is not published or has
// no such part, under the newest; nil when there is none.
func (n *naming) machine(service, version, step string) (*machine, error) {
	if step == "" {
		return nil, nil
	}
	for _, version := range []string{version, ""} {
		key := strings.Join([]string{service, version, step}, " ")
		m, known := n.machines[key]
		if !known {
			c := call{path: "/services/" + seg(service) + "/steps/" + seg(step), query: url.Values{}}
			if version != "" {
				c.query.Set("version", version)
			}
			m = &machine{}
			if _, err := n.v.call(c, m); statusOf(err) == http.StatusNotFound {
				m = nil
			} else if err != nil {
				return nil, err
			}
			n.machines[key] = m
		}
		if m != nil {
			return m, nil
		}
	}
	return nil, nil
}

// service is what a service is called.
func (n *naming) service(id string) (called, error) {
	if id == "" {
		return called{}, nil
	}
	s, known := n.services[id]
	if !known {
		s = &workflowDetail{}
		if err := n.v.get("/services/"+seg(id), s); err != nil && statusOf(err) != http.StatusNotFound {
			return called{}, err
		}
		n.services[id] = s
	}
	return called{s.Title.In(n.v.lang), id}, nil
}

// spot names where something happens: the part, its state and the action.
func (n *naming) spot(service, version, step, state, action string) (spotNames, error) {
	m, err := n.machine(service, version, step)
	return spotNames{called{m.title().In(n.v.lang), step}, called{m.state(state).In(n.v.lang), state}, n.action(m, action)}, err
}

// spotNames are the names of a spot.
type spotNames struct{ Part, State, Action called }

// action is what a machine, or the engine, calls an action.
func (n *naming) action(m *machine, id string) called {
	name := m.action(id).In(n.v.lang)
	if word, ok := n.v.word("act", id); ok && name == "" {
		name = word
	}
	return called{name, id}
}

func (m *machine) title() Text {
	if m == nil {
		return Text{}
	}
	return m.Title
}

func (m *machine) state(id string) Text {
	if m == nil {
		return Text{}
	}
	return titleIn(m.States, id)
}

func (m *machine) action(id string) Text {
	if m == nil {
		return Text{}
	}
	return titleIn(m.Actions, id)
}

// value writes something of a history for reading: an instant as a date, a state and
// what has a word in words, anything else as it is kept.
func (n *naming) value(m *machine, what string, raw json.RawMessage) called {
	var s string
	if json.Unmarshal(raw, &s) != nil || s == "" {
		return called{Code: indented(raw)}
	}
	if at, err := time.Parse(time.RFC3339, s); err == nil {
		return called{Name: when(Time{at})}
	}
	switch what {
	case "state", "/to", "/from":
		return called{m.state(s).In(n.v.lang), s}
	case "status":
		if s == "not filed" {
			return called{Name: n.v.t("again.not_filed")}
		}
		word, _ := n.v.word("part", s)
		return called{word, s}
	case "outcome":
		word, _ := n.v.word("outcome", s)
		return called{word, s}
	case "final":
		word, _ := n.v.word("final", s)
		return called{word, s}
	case "closed":
		word, _ := n.v.word("closed", s)
		return called{word, s}
	case "refused":
		if s == "accepted" {
			return called{Name: n.v.t("again.accepted")}
		}
		return called{n.v.t("again.refusal"), s}
	case "event": // "birth moved"
		word, _ := n.v.word("happened", s[strings.LastIndex(s, " ")+1:])
		return called{word, s}
	}
	return called{Code: s}
}

// name gives names to what a divergence tells in codes.
func (n *naming) name(f *againFirst, service, version string) error {
	m, err := n.machine(service, version, f.Step)
	if err != nil {
		return err
	}
	if f.Names, err = n.spot(service, version, f.Step, f.State, f.Action); err != nil {
		return err
	}
	what := f.Kind
	if f.Pointer != "" {
		what = f.Pointer
	}
	f.Expects, f.Gets = n.value(m, what, f.Expected), n.value(m, what, f.Got)
	for _, w := range []*againWay{f.Kept, f.Now} {
		if w != nil {
			w.State = called{m.state(w.To).In(n.v.lang), w.To}
		}
	}
	return nil
}
