package digit

import (
	"slices"
	"strings"

	"lienthong/engine"
)

// Our roles that a foreign one may be mapped to by hand.
var ours = []string{engine.ByApplicant, engine.ByReception, engine.ByOfficer, engine.ByLeader}

// roleWords say by which word in its name a foreign role is taken for which of
// ours; the first that fits counts, and what fits none is an officer.
var roleWords = []struct{ word, role string }{
	{"CITIZEN", engine.ByApplicant},
	{"APPROVER", engine.ByLeader}, {"SUPERVISOR", engine.ByLeader}, {"SANC", engine.ByLeader}, {"COMMISSIONER", engine.ByLeader},
	{"LEADER", engine.ByLeader}, {"HEAD", engine.ByLeader}, {"MANAGER", engine.ByLeader}, {"ADMIN", engine.ByLeader}, {"JUDGE", engine.ByLeader},
	{"CEMP", engine.ByReception}, {"COUNTER", engine.ByReception}, {"CSR", engine.ByReception}, {"CFC", engine.ByReception},
	{"CREATOR", engine.ByReception}, {"COLLECTOR", engine.ByReception}, {"RECEPTION", engine.ByReception},
}

func isCitizen(role string) bool {
	return role == "*" || strings.Contains(strings.ToUpper(role), "CITIZEN")
}

// isSystem tells a machine from a person.
func isSystem(role string) bool {
	r := strings.ToUpper(role)
	return r == "SYSTEM" || r == "SYSTEM_PAYMENT" || r == "AUTO_ESCALATE" || r == "SYSTEM_USER" || strings.HasPrefix(r, "AUTO_") || strings.HasSuffix(r, "_SYSTEM")
}

// escalates tells a machine that watches the time from one that reports a payment.
func escalates(role string) bool {
	return isSystem(role) && !strings.Contains(strings.ToUpper(role), "PAY")
}

// roleMap maps foreign roles, and says so once for each.
type roleMap struct {
	reader
	given map[string]string
	told  map[string]bool
}

func (m *roleMap) of(n *node, role string) []string {
	if role == "*" {
		return ours
	}
	to := m.given[role]
	for _, w := range roleWords {
		if to == "" && strings.Contains(strings.ToUpper(role), w.word) {
			to = w.role
		}
	}
	if to == "" {
		to = engine.ByOfficer
	}
	if !m.told[role] && n != nil {
		m.told[role] = true
		m.at(n, "role_mapped", role, to)
	}
	return []string{to}
}

// assign gives every action the roles of ours that take it.
func (m *roleMap) assign(s *service) {
	for _, st := range s.states {
		timer := st.timer(m.given)
		st.hasTimer = timer != nil
		for _, a := range st.actions {
			m.action(a, a == timer)
			if n := plain(a.name); a.to != st && (strings.Contains(n, "SENDBACK") || strings.Contains(n, "SENDTOCITIZEN")) {
				a.to.returned = true
			}
		}
	}
}

// timer is the action that a state's sla takes by itself: one that only a machine
// takes, or else the first that a machine may take too.
func (s *state) timer(given map[string]string) *action {
	if s.sla == 0 || s.final != "" {
		return nil
	}
	machine := func(role string) bool { return escalates(role) && given[role] == "" }
	for _, a := range s.actions {
		if !slices.ContainsFunc(a.roles, func(r string) bool { return !machine(r) }) {
			return a
		}
	}
	for _, a := range s.actions {
		if slices.ContainsFunc(a.roles, machine) {
			return a
		}
	}
	return nil
}

func (m *roleMap) action(a *action, timer bool) {
	var machines []string
	for _, role := range a.roles {
		if isSystem(role) && m.given[role] == "" {
			machines = append(machines, role)
			continue
		}
		for _, by := range m.of(a.n, role) {
			if !slices.Contains(a.by, by) {
				a.by = append(a.by, by)
			}
		}
	}
	slices.SortFunc(a.by, func(x, y string) int { return slices.Index(ours, x) - slices.Index(ours, y) })
	if len(machines) == 0 {
		return
	}
	who := strings.Join(machines, ", ")
	switch {
	case timer:
		m.at(a.n, "system_timer", a.name, who, within(a.from.sla))
		a.by = append(a.by, engine.ByTimer)
	case len(a.by) > 0:
		m.at(a.n, "system_dropped", a.name, who)
	default:
		by := engine.ByOfficer
		if !slices.ContainsFunc(machines, escalates) {
			by = engine.ByReception // records the payment
		}
		a.by = []string{by}
		m.at(a.n, "system_without_at", a.name, who, by)
	}
}
