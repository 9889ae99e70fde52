package machine

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"time"

	"github.com/goccy/go-yaml"

	"lienthong/engine"
	"lienthong/engine/calendar"
)

// loadCalendars reads calendars/: each file is a calendar.Spec.
func (l *loader) loadCalendars() {
	seen := map[string]bool{}
	for _, n := range l.files["calendars"] {
		spec, err := decodeCalendar(l.raw[n])
		if err != nil {
			reportYAML(l.report, n.file, err)
			continue
		}
		c, err := calendar.New(spec)
		if err != nil {
			l.at(n, "bad_calendar", err)
			continue
		}
		if seen[c.ID] {
			l.at(n.get("id"), "duplicate_id", c.ID)
		}
		seen[c.ID] = true
		l.set.calendars = append(l.set.calendars, c)
	}
}

func decodeCalendar(data []byte) (spec calendar.Spec, err error) {
	defer func() { // as in parseFile
		if p := recover(); p != nil {
			err = fmt.Errorf("the YAML decoder gave up: %v", p)
		}
	}()
	err = yaml.UnmarshalWithOptions(data, &spec, yaml.Strict())
	return spec, err
}

// paramSet is one announced set of parameters.
type paramSet struct {
	id        string
	announced calendar.Date
	values    map[string][]ParameterValue // newest first
	names     []*node                     // as they are written
}

// ParameterValue is what a parameter is worth from a day on.
type ParameterValue struct {
	From  calendar.Date `json:"from"`
	Value any           `json:"value"`
	Basis string        `json:"basis,omitempty"`
	Tag   string        `json:"tag,omitempty"` // V read in a source, M from memory, I inferred, U not found
}

// loadParameters reads parameters/: announced sets, in order of announcement.
func (l *loader) loadParameters() {
	seen := map[string]bool{}
	for _, n := range l.files["parameters"] {
		if !l.object(n, "parameters", "announced", "basis", "values") {
			continue
		}
		s := &paramSet{id: l.str(n.get("parameters")), announced: l.date(l.need(n, "announced")), values: map[string][]ParameterValue{}}
		l.str(n.get("basis"))
		if seen[s.id] {
			l.at(n.get("parameters"), "duplicate_id", s.id)
		}
		seen[s.id] = true
		if v := l.need(n, "values"); v != nil && v.kind == mapKind {
			for i, k := range v.keys {
				if l.checkID(k, k.text) {
					s.values[k.text], s.names = l.parameter(k.text, v.items[i]), append(s.names, k)
				}
			}
		} else if v != nil {
			l.at(v, "wrong_type", phrase("a mapping"), kindNames[v.kind])
		}
		l.set.params = append(l.set.params, s)
	}
	slices.SortStableFunc(l.set.params, func(a, b *paramSet) int {
		return cmp.Or(cmp.Compare(a.announced, b.announced), cmp.Compare(a.id, b.id))
	})
	for _, s := range l.set.params {
		for name, values := range s.values {
			for _, v := range values {
				l.set.paramValues[name] = append(l.set.paramValues[name], v.Value)
			}
		}
	}
	for name, values := range l.set.paramValues {
		l.set.paramKinds[name] = paramKind(values)
	}
}

// askedParams are the parameters as expressions see them; it notes which are named.
type askedParams struct {
	*Set
	asked map[string]bool
}

func (p askedParams) kindOf(name string) (string, bool) {
	p.asked[name] = true
	if name == "" {
		return paramAny, true
	}
	return p.Set.kindOf(name)
}

// unusedParameters tells of what nothing names, where it was announced last: an amount
// that changes no case, whoever confirms or corrects it.
func (l *loader) unusedParameters() {
	if l.asked[""] {
		return
	}
	last := map[string]*node{}
	for _, s := range l.set.params {
		for _, k := range s.names {
			last[k.text] = k
		}
	}
	for _, name := range keysOf(last) {
		if !l.asked[name] {
			l.at(last[name], "unused_parameter", name)
		}
	}
}

// parameter reads the dated values of one parameter: a list, or a mapping with a
// title, a unit and the list.
func (l *loader) parameter(name string, n *node) []ParameterValue {
	if n.kind == mapKind {
		if !l.object(n, "title", "unit", "values") {
			return nil
		}
		if t := l.text(n.get("title")); !t.IsZero() {
			l.set.paramTitles[name] = t
		}
		l.str(n.get("unit"))
		if n = l.need(n, "values"); n == nil {
			return nil
		}
	}
	if n.kind != listKind {
		l.at(n, "wrong_type", phrase("a list"), kindNames[n.kind])
		return nil
	}
	var out []ParameterValue
	for _, e := range n.items {
		if !l.object(e, "from", "value", "basis", "tag") {
			continue
		}
		v := ParameterValue{From: l.date(l.need(e, "from")), Basis: l.str(e.get("basis")), Tag: l.str(e.get("tag"))}
		if x := l.need(e, "value"); x != nil {
			v.Value = x.value()
		}
		if slices.ContainsFunc(out, func(o ParameterValue) bool { return o.From == v.From }) {
			l.at(e, "duplicate_id", v.From)
		}
		out = append(out, v)
	}
	slices.SortStableFunc(out, func(a, b ParameterValue) int { return cmp.Compare(b.From, a.From) })
	return out
}

// office is one entry of offices/.
type office struct {
	engine.Office
	from, to  time.Time
	successor string
	node      *node
}

var unitPattern = regexp.MustCompile(`^([0-9]{2}|[0-9]{5})$`)

// loadOffices reads offices/: one file per province.
func (l *loader) loadOffices() {
	for _, n := range l.files["offices"] {
		if !l.object(n, "province", "title", "communes", "offices") {
			continue
		}
		province := l.str(n.get("province"))
		l.addUnit(n.get("province"), province, l.text(n.get("title")))
		for _, c := range l.list(n.get("communes")) {
			if l.object(c, "code", "title") {
				l.addUnit(l.need(c, "code"), l.str(c.get("code")), l.text(c.get("title")))
			}
		}
		for _, o := range l.list(l.need(n, "offices")) {
			l.office(o)
		}
	}
	for _, o := range l.set.offices {
		for _, u := range append([]string{o.Unit}, o.Serves...) {
			if !l.units[u] {
				l.at(o.node, "unknown_unit", u)
			}
		}
		if o.successor != "" && l.set.officeByID[o.successor] == nil {
			l.at(o.node.get("successor"), "unknown_office", o.successor, nearest(o.successor, keysOf(l.set.officeByID)))
		}
	}
}

func (l *loader) addUnit(n *node, code string, name engine.Text) {
	if n == nil {
		return
	}
	if !unitPattern.MatchString(code) {
		l.at(n, "bad_unit", code)
		return
	}
	if l.units[code] {
		l.at(n, "duplicate_id", code)
	}
	l.units[code] = true
	l.set.units[code] = name
}

func (l *loader) office(n *node) {
	if !l.object(n, "id", "agency", "unit", "serves", "prefix", "name", "valid_from", "valid_to", "successor") {
		return
	}
	o := &office{node: n, successor: l.str(n.get("successor")),
		from: midnight(l.date(n.get("valid_from"))), to: midnight(l.date(n.get("valid_to")))}
	o.ID = l.id(l.need(n, "id"))
	o.Agency = l.id(l.need(n, "agency"))
	o.Unit = l.str(l.need(n, "unit"))
	o.Serves = l.strs(n.get("serves"))
	o.Prefix = l.str(l.need(n, "prefix"))
	o.Name = l.text(l.need(n, "name"))
	if len(o.Serves) == 0 {
		o.Serves = []string{o.Unit}
	}
	if l.set.officeByID[o.ID] != nil {
		l.at(n.get("id"), "duplicate_id", o.ID)
		return
	}
	l.agency[o.Agency] = true
	l.set.officeByID[o.ID] = o
	l.set.offices = append(l.set.offices, o)
	for _, u := range o.Serves {
		l.set.serving[o.Agency+" "+u] = append(l.set.serving[o.Agency+" "+u], o)
	}
}

// loadForms reads forms/.
func (l *loader) loadForms() {
	nodes, files := map[string]*node{}, map[string]*node{}
	for _, n := range l.files["forms"] {
		if !l.object(n, "form", "title", "schema") {
			continue
		}
		id := l.id(n.get("form"))
		s := l.need(n, "schema")
		if s == nil || id == "" {
			continue
		}
		if files[id] != nil {
			l.at(n.get("form"), "duplicate_id", id)
			continue
		}
		nodes[id], files[id] = s, n
		l.set.formFiles[id] = n.file
	}
	l.bundle = &bundler{report: l.report, forms: nodes}
	for _, id := range keysOf(nodes) {
		n := files[id]
		f := &engine.Form{ID: id, Title: l.title(n.get("title"), n.get("form"), "form "+id)}
		if s := l.bundle.bundle("form:"+id, id, nodes[id]); s != nil {
			f.Schema = s
			l.set.schemas[id] = s
		}
		l.set.forms[id] = f
	}
}

// form finds a form by the name at n; nil when n is nil or there is none.
func (l *loader) form(n *node) *engine.Form {
	id := l.str(n)
	if id == "" {
		return nil
	}
	f := l.set.forms[id]
	if f == nil {
		l.absent(n, "unknown_form", "forms", id, keysOf(l.set.forms))
	}
	return f
}

// loadRegistries reads registries/.
func (l *loader) loadRegistries() {
	for _, n := range l.files["registries"] {
		if !l.object(n, "registry", "title", "operations") {
			continue
		}
		id := l.id(n.get("registry"))
		if l.set.registries[id] != nil {
			l.at(n.get("registry"), "duplicate_id", id)
			continue
		}
		r := &Registry{ID: id, Title: l.title(n.get("title"), n.get("registry"), "registry "+id), Operations: map[string]engine.Operation{}}
		l.set.registries[id] = r
		ops := l.need(n, "operations")
		if ops == nil || ops.kind != mapKind {
			continue
		}
		for i, k := range ops.keys {
			if l.checkID(k, k.text) {
				r.Operations[k.text] = l.operation(id, k, ops.items[i])
			}
		}
	}
}

func (l *loader) operation(registry string, key, n *node) engine.Operation {
	op := engine.Operation{Registry: registry, ID: key.text, Refusals: map[string]engine.Text{}}
	if !l.object(n, "id", "title", "input", "reply", "refusals", "changes_register", "cancellable", "expected") {
		return op
	}
	if x := n.get("id"); x != nil && l.str(x) != op.ID {
		l.at(x, "id_mismatch", x.text, op.ID)
	}
	name := registry + "/" + op.ID
	op.Title = l.title(n.get("title"), key, "operation "+name)
	if s := l.opSchema(name+"/input", l.need(n, "input")); s != nil {
		op.Input = s
	}
	if s := l.opSchema(name+"/reply", l.need(n, "reply")); s != nil {
		op.Reply = s
	}
	if r := n.get("refusals"); r != nil && l.object(r, keyTexts(r)...) {
		for i, k := range r.keys {
			if l.checkID(k, k.text) {
				op.Refusals[k.text] = l.text(r.items[i])
			}
		}
	}
	op.Changes = l.truth(n.get("changes_register"))
	op.Cancellable = l.truth(n.get("cancellable"))
	if e := l.need(n, "expected"); e != nil {
		d, ok := wallTime(l.str(e))
		if !ok {
			l.at(e, "bad_expected", e.text)
		}
		op.Expected = d
	}
	return op
}

func (l *loader) opSchema(name string, n *node) *schema {
	if n == nil {
		return nil
	}
	s := l.bundle.bundle("registry:"+name, "", n)
	if s != nil {
		l.set.schemas["registry:"+name] = s
	}
	return s
}

var wallPattern = regexp.MustCompile(`^([0-9]{1,4}) (second|minute|hour|day)s?$`)

// wallTime reads "1 minute": how long machines take, not a legal limit.
func wallTime(s string) (time.Duration, bool) {
	m := wallPattern.FindStringSubmatch(s)
	if m == nil {
		return 0, false
	}
	n, _ := strconv.Atoi(m[1])
	unit := map[string]time.Duration{"second": time.Second, "minute": time.Minute, "hour": time.Hour, "day": 24 * time.Hour}[m[2]]
	return time.Duration(n) * unit, n > 0
}

// keyTexts lists a mapping's keys as written.
func keyTexts(n *node) []string {
	var out []string
	for _, k := range n.keys {
		out = append(out, k.text)
	}
	return out
}
