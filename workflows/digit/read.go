package digit

import (
	"encoding/json"
	"math"
	"slices"
	"strconv"
	"strings"
)

// Bounds of one business service.
const (
	maxServices = 50
	maxStates   = 500
	maxActions  = 2000 // of all states together
)

// service is a business service as read.
type service struct {
	n      *node
	name   string
	tenant string
	owner  string // business
	sla    int64  // milliseconds; 0 = none
	states []*state
}

type state struct {
	n          *node
	name       string // "" for the null state, unless it was added
	filing     bool   // not yet filed
	status     string // applicationStatus
	uuid       string
	sla        int64
	slaAt      *node
	docs       bool
	start, end bool
	updatable  bool
	actions    []*action
	id         string
	final      string // "" = goes on
	hasTimer   bool
	returned   bool // some action sends it back here
}

type action struct {
	n      *node
	name   string
	from   *state
	to     *state
	roles  []string
	by     []string // of ours
	nextAt *node
	next   string
}

// reader turns nodes into a model and reports what does not fit.
type reader struct{ *report }

// services finds every business service of a document: an object with a list of
// states, wherever it stands (bare, in a list, in a create request, in a search
// answer).
func (r reader) services(n *node, out []*node) []*node {
	if n == nil || len(out) > maxServices {
		return out
	}
	switch v := n.val.(type) {
	case []*node:
		for _, e := range v {
			out = r.services(e, out)
		}
	case *object:
		if s := v.vals["states"]; s != nil {
			if _, ok := s.val.([]*node); ok || n.get("businessService") != nil {
				return append(out, n)
			}
		}
		for _, k := range v.keys {
			out = r.services(v.vals[k], out)
		}
	}
	return out
}

func (r reader) service(n *node, nth int) *service {
	s := &service{n: n, name: strings.TrimSpace(r.text(n.get("businessService", "code"))), tenant: r.text(n.get("tenantId")),
		owner: r.text(n.get("business"))}
	if s.name == "" {
		s.name = "service_" + strconv.Itoa(nth+1)
		r.at(n, "no_name", s.name)
	}
	if strings.ContainsAny(s.tenant, "{}<>$") {
		r.at(n.get("tenantId"), "placeholder", "tenantId", s.tenant)
	}
	s.sla = r.sla(n.get("businessServiceSla", "businessServiceSLA"))
	list := n.get("states")
	if list == nil || len(list.items()) == 0 {
		r.at(n, "no_states")
		return s
	}
	if len(list.items()) > maxStates {
		r.at(list, "too_many", maxStates, "states")
		return s
	}
	names, total := map[string]bool{}, 0
	for _, e := range list.items() {
		if st := r.state(e); st != nil {
			switch {
			case names[st.name] && st.filing:
				r.at(e, "second_null_state")
				continue
			case names[st.name]:
				r.at(e, "duplicate_state", st.name)
				continue
			}
			names[st.name] = true
			total += len(st.actions)
			s.states = append(s.states, st)
		}
	}
	if total > maxActions {
		r.at(list, "too_many", maxActions, "actions")
		s.states = nil
	}
	return s
}

func (r reader) state(n *node) *state {
	if _, ok := n.val.(*object); !ok {
		r.wrong(n, "state", "một đối tượng", "an object")
		return nil
	}
	s := &state{n: n, name: strings.TrimSpace(r.text(n.get("state", "stateName"))), status: r.text(n.get("applicationStatus")),
		uuid: r.text(n.get("uuid")), slaAt: n.get("sla"),
		docs: r.flag(n.get("docUploadRequired")), start: r.flag(n.get("isStartState")),
		end: r.flag(n.get("isTerminateState")), updatable: r.flag(n.get("isStateUpdatable", "isStateUpdateable"))}
	s.filing = s.name == ""
	s.sla = r.sla(s.slaAt)
	acts := n.get("actions")
	if acts == nil {
		return s
	}
	if _, ok := acts.val.([]*node); !ok {
		r.wrong(acts, "actions", "một danh sách", "a list")
		return s
	}
	for _, e := range acts.items() {
		if a := r.action(e, s); a != nil {
			s.actions = append(s.actions, a)
		}
	}
	return s
}

func (r reader) action(n *node, from *state) *action {
	if _, ok := n.val.(*object); !ok {
		r.wrong(n, "action", "một đối tượng", "an object")
		return nil
	}
	a := &action{n: n, from: from, name: strings.TrimSpace(r.text(n.get("action"))), nextAt: n.get("nextState")}
	a.next = strings.TrimSpace(r.text(a.nextAt))
	if live := n.get("active"); live != nil && live.val != true && !r.flag(live) {
		r.at(n, "inactive_action", a.name)
		return nil
	}
	switch {
	case a.name == "":
		r.at(n, "no_action_name")
		return nil
	case a.next == "":
		r.at(n, "no_next_state", a.name)
		return nil
	}
	a.roles = r.roles(n.get("roles", "role"))
	if len(a.roles) == 0 {
		r.at(n, "no_roles", a.name)
		return nil
	}
	return a
}

// roles reads a list of roles, or one text of roles with commas.
func (r reader) roles(n *node) []string {
	var out []string
	add := func(s string) {
		if s = strings.TrimSpace(s); s != "" && !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	if s, ok := n.str(); ok {
		if strings.Contains(s, ",") {
			r.at(n, "roles_text")
		}
		for _, p := range strings.Split(s, ",") {
			add(p)
		}
		return out
	}
	if n != nil && n.items() == nil {
		r.wrong(n, "roles", "một danh sách", "a list")
	}
	for _, e := range n.items() {
		if e.val != nil {
			add(r.text(e))
		}
	}
	return out
}

func (n *node) str() (string, bool) {
	if n == nil {
		return "", false
	}
	s, ok := n.val.(string)
	return s, ok
}

// text reads text; "" when n is absent or something else.
func (r reader) text(n *node) string {
	if n == nil {
		return ""
	}
	s, ok := n.str()
	if !ok {
		r.wrong(n, "", "chữ", "text")
	}
	return s
}

func (r reader) wrong(n *node, what, vi, en string) {
	if what == "" {
		what = n.key
	}
	r.at(n, "wrong_type", what, vi, en)
}

// flag reads a boolean; an absent one is false.
func (r reader) flag(n *node) bool {
	if n == nil {
		return false
	}
	switch v := n.val.(type) {
	case bool:
		return v
	case string:
		if b, err := strconv.ParseBool(strings.ToLower(strings.TrimSpace(v))); err == nil {
			r.at(n, "quoted_value", n.key, b)
			return b
		}
	}
	r.wrong(n, "", "true hoặc false", "true or false")
	return false
}

// Bounds of a usable sla: under a second it is in another unit, over a century a
// slip.
const (
	minSLA = 1000
	maxSLA = 100 * 366 * 24 * 3600 * 1000
)

// sla reads milliseconds; 0 when there is none to be used.
func (r reader) sla(n *node) int64 {
	if n == nil {
		return 0
	}
	word, quoted := n.str()
	if num, ok := n.val.(json.Number); ok {
		word = num.String()
	} else if !quoted {
		r.wrong(n, "", "một số", "a number")
		return 0
	}
	if strings.TrimSpace(word) == "" {
		return 0
	}
	f, err := strconv.ParseFloat(strings.TrimSpace(word), 64)
	switch {
	case err != nil || math.IsNaN(f) || f < 0 || f > maxSLA:
		r.at(n, "bad_sla", word)
		return 0
	case f == 0:
		return 0
	case f < minSLA:
		r.at(n, "sla_unit", word)
		return 0
	case quoted:
		r.at(n, "quoted_value", n.key, int64(f))
	}
	return int64(f)
}
