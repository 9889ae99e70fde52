package digit

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"lienthong/engine"
)

// Words that name no state or action of ours as they are.
var (
	reservedStates  = []string{"event", "state", "in", "true", "false", "null"}
	reservedActions = append([]string{engine.ActFile, engine.ActRefile, engine.ActApologise, engine.ActClaim, engine.ActRelease, engine.ActAssign,
		engine.ActTransfer, engine.ActHandOver, engine.ActReply, engine.ActOperate, engine.ActTick, engine.ActAnswer, "review", "parties"}, reservedStates...)
)

// group is one action of ours: transitions of one name that lead to one place in
// one way.
type group struct {
	id    string
	roles []string // as the original names them
	first *action
	from  []*state
	self  bool
	input string
}

// group joins the transitions that one action of ours can say.
func (s *service) groups() []*group {
	var out []*group
	byName := map[string]int{}
	for _, st := range s.states {
		for _, a := range st.actions {
			self, input := a.to == st, a.input()
			i := slices.IndexFunc(out, func(g *group) bool {
				return g.first.name == a.name && g.self == self && (self || g.first.to == a.to) && g.input == input && slices.Equal(g.first.by, a.by)
			})
			if i < 0 {
				i = len(out)
				out = append(out, &group{first: a, self: self, input: input})
				byName[a.name]++
			}
			out[i].from = append(out[i].from, st)
			for _, role := range a.roles {
				if !slices.Contains(out[i].roles, role) {
					out[i].roles = append(out[i].roles, role)
				}
			}
		}
	}
	ids := &namer{used: map[string]bool{}, prefix: "do_", avoid: reservedActions}
	for _, g := range out {
		if byName[g.first.name] == 1 {
			g.id = ids.id(g.first.name)
		} else {
			g.id = ids.id(g.first.name, "from", g.from[0].id)
		}
	}
	return out
}

// input is the form of an action: documents where the state arrived at wants them,
// changed data where the state may be updated, and nothing for a machine.
func (a *action) input() string {
	if len(a.by) == 1 && a.by[0] == engine.ByTimer {
		return ""
	}
	id := "digit_action"
	if a.from.updatable && !a.from.filing {
		id = "digit_update"
	}
	if a.to.docs || a.from.filing && a.from.docs {
		id += "_documents"
	}
	return id
}

// emit writes a service, its procedure and the forms they use.
func (r reader) emit(out *Result, s *service, id string, opt Options) {
	ids := &namer{used: map[string]bool{}, prefix: "state_", avoid: reservedStates}
	for _, st := range s.states {
		name := st.name
		if st.filing {
			name = "not_filed"
		}
		st.id = ids.id(name)
	}
	groups := s.groups()
	agency := opt.Agency
	if agency == "" {
		agency = "digit"
		out.Files["offices/digit.yaml"] = []byte(officeFile)
		out.Files["calendars/digit.yaml"] = []byte(calendarFile)
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "# From eGov DIGIT business service %s (business %s, tenant %s).\n", strconv.QuoteToASCII(clip(s.name)), strconv.QuoteToASCII(clip(s.owner)), strconv.QuoteToASCII(clip(s.tenant)))
	fmt.Fprintf(&b, "procedure: %s\nagency: %s\ntitle: %s\n", id, agency, flow(named(s.name)))
	if s.sla > 0 {
		fmt.Fprintf(&b, "limit: {within: %s}\n", within(s.sla))
	}
	b.WriteString("states:\n")
	for i, st := range s.states {
		s.writeState(&b, st, i, groups)
	}
	if len(groups) == 0 {
		b.WriteString("actions: {}\n")
	} else {
		b.WriteString("actions:\n")
	}
	p := Procedure{ID: id, Name: s.name, States: len(s.states), Transitions: []Transition{}}
	for _, g := range groups {
		g.write(&b)
		if g.input != "" {
			out.Files["forms/"+g.input+".yaml"] = []byte(forms[g.input])
		}
		for _, st := range g.from {
			to := g.first.to.id
			if g.self {
				to = st.id
			}
			p.Transitions = append(p.Transitions, Transition{g.id, st.id, to})
		}
	}
	out.Files["procedures/"+id+".yaml"] = b.Bytes()
	svc := strings.TrimRight(id[:min(len(id), maxID-len("_service"))], "_") + "_service"
	out.Files["services/"+svc+".yaml"] = fmt.Appendf(nil, serviceFile, svc, flow(named(s.name)), flow(named(s.name)), opt.From, id)
	out.Files["forms/digit_application.yaml"] = []byte(forms["digit_application"])
	out.Procedures = append(out.Procedures, p)
}

func (s *service) writeState(b *bytes.Buffer, st *state, nth int, groups []*group) {
	t := title(st.name)
	if st.filing {
		t = engine.Text{VI: "Chưa nộp", EN: "Not yet filed"}
	}
	fmt.Fprintf(b, "  %s: {title: %s, portal: %d", st.id, flow(t), st.portal(nth))
	if st.final != "" {
		fmt.Fprintf(b, ", final: %s", st.final)
	} else {
		fmt.Fprintf(b, ", clock: %s", st.clock(nth))
		if st.sla > 0 {
			fmt.Fprintf(b, ", limit: {within: %s}", within(st.sla))
		}
	}
	if st.hasTimer {
		for _, g := range groups {
			if slices.Contains(g.from, st) && slices.Contains(g.first.by, engine.ByTimer) {
				fmt.Fprintf(b, ", after: {%s: %s}", within(st.sla), g.id)
				break
			}
		}
	}
	b.WriteString("}\n")
}

// pays tells a state in which nothing but a payment is waited for.
func (s *state) pays() bool {
	n := plain(s.name)
	return strings.Contains(n, "PAYMENT") && s.final == ""
}

// sentBack tells a state in which the citizen has to do something: nobody else can,
// or it was sent back and they can do whatever is to be done.
func (s *state) sentBack() bool {
	if s.filing || s.final != "" {
		return false
	}
	citizens, others := 0, 0
	for _, a := range s.actions {
		if slices.Contains(a.by, engine.ByApplicant) {
			citizens++
		}
		if len(a.by) > 1 || a.by[0] != engine.ByApplicant {
			others++
		}
	}
	return citizens == len(s.actions) && (others == 0 || s.returned)
}

// portal is the national portal's status.
func (s *state) portal(nth int) int {
	switch {
	case s.final == "success":
		return 9
	case s.final == "withdrawn":
		return 7
	case s.final != "":
		return 3
	case nth == 0:
		return 1
	case s.pays():
		return 6
	case s.sentBack():
		return 5
	}
	return 4
}

func (s *state) clock(nth int) string {
	switch {
	case nth == 0:
		return "none"
	case s.pays() || s.sentBack():
		return "paused"
	}
	return "runs"
}

func (g *group) write(b *bytes.Buffer) {
	var from []string
	for _, st := range g.from {
		from = append(from, st.id)
	}
	fmt.Fprintf(b, "  %s: {title: %s, from: [%s]", g.id, flow(title(g.first.name)), strings.Join(from, ", "))
	if !g.self {
		fmt.Fprintf(b, ", to: %s", g.first.to.id)
	}
	fmt.Fprintf(b, ", by: [%s]", strings.Join(g.first.by, ", "))
	if g.input != "" {
		fmt.Fprintf(b, ", input: %s", g.input)
	}
	fmt.Fprintf(b, "} # %s: %s\n", strconv.QuoteToASCII(clip(g.first.name)), strconv.QuoteToASCII(clip(strings.Join(g.roles, ", "))))
}

// named is the title of a service: its name as it is.
func named(s string) engine.Text { return engine.Text{VI: clip(s), EN: clip(s)} }

// flow writes a text as a YAML flow mapping.
func flow(t engine.Text) string { return "{vi: " + quote(t.VI) + ", en: " + quote(t.EN) + "}" }

// quote writes a YAML double-quoted scalar; the text holds no control characters.
func quote(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(clip(s)) + `"`
}

const serviceFile = `service: %s
version: "1"
title: %s
summary: %s
in_force: {from: %q}
form: digit_application
steps:
  main: {procedure: %s, at: application.commune}
`

// officeFile and calendarFile stand in until the procedure is given an agency.
const officeFile = `# A stand-in office, so that an imported procedure can be tried: give it an agency of yours instead.
province: "99"
title: {vi: "Tỉnh thử nghiệm", en: "Test province"}
communes: [{code: "99999", title: {vi: "Xã thử nghiệm", en: "Test commune"}}]
offices: [{id: digit_99999, agency: digit, unit: "99999", prefix: T99.99, name: {vi: "Cơ quan thử nghiệm", en: "Test office"}}]
`

const calendarFile = `# A stand-in calendar: Saturdays and Sundays are free, nothing else.
id: digit-stand-in
announced: "2000-01-01"
days: {}
`

const documentsPart = `    documents:
      type: array
      %smaxItems: 50
      x-label: {vi: "Giấy tờ", en: "Documents"}
      items:
        type: object
        additionalProperties: false
        required: [name]
        properties:
          name: {type: string, minLength: 1, maxLength: 200, x-label: {vi: "Tên giấy tờ", en: "Name of the document"}}
          document: {type: string, maxLength: 200, x-label: {vi: "Mã tệp", en: "Id of the file"}}
`

const dataPart = `    data: {type: object, x-label: {vi: "Nội dung hồ sơ", en: "Data of the application"}}
`

// forms are the inputs of imported procedures.
var forms = map[string]string{
	"digit_application": `form: digit_application
title: {vi: "Hồ sơ nhập từ DIGIT", en: "Application of an imported service"}
schema:
  type: object
  additionalProperties: false
  required: [commune]
  properties:
    commune: {type: string, format: commune_code, x-label: {vi: "Xã", en: "Commune"}}
` + dataPart,
	"digit_action":           form("digit_action", false, false),
	"digit_action_documents": form("digit_action_documents", false, true),
	"digit_update":           form("digit_update", true, false),
	"digit_update_documents": form("digit_update_documents", true, true),
}

func form(id string, data, documents bool) string {
	s := "form: " + id + "\ntitle: {vi: \"Nội dung xử lý\", en: \"What goes with the action\"}\nschema:\n  type: object\n  additionalProperties: false\n"
	least := ""
	if documents {
		s += "  required: [documents]\n"
		least = "minItems: 1\n      "
	}
	s += "  properties:\n" + fmt.Sprintf(documentsPart, least)
	if data {
		s += dataPart
	}
	return s
}
