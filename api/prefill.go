package api

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"lienthong/engine"
)

// prefillJSON is the mapping from forms to registers; it is data, so that a new
// form needs no code.
//
//go:embed prefill.json
var prefillJSON []byte

type prefillMap struct {
	Sources map[string]prefillSource `json:"sources"`
	People  map[string][]string      `json:"people"`
}

type prefillSource struct {
	Call  string            `json:"call"`
	Input map[string]string `json:"input"`
	List  string            `json:"list"`
	Also  map[string]string `json:"also"`
	Words map[string]struct {
		Of string            `json:"of"`
		As map[string]string `json:"as"`
	} `json:"words"`
}

// dig follows a path into an answer, where the form has words of its own in them.
func (s prefillSource) dig(answer map[string]any, path string) any {
	w, ok := s.Words[path]
	if !ok {
		return dig(answer, path)
	}
	v := dig(answer, w.Of)
	if v == nil {
		return nil
	}
	if word, ok := w.As[fmt.Sprint(v)]; ok {
		return word
	}
	return nil
}

type prefillView struct {
	ID          string            `json:"id" doc:"Name it when filing"`
	At          Time              `json:"at"`
	Values      Object            `json:"values" doc:"JSON Pointer into the form to value"`
	Source      map[string]string `json:"source" doc:"JSON Pointer to register"`
	Names       map[string]Text   `json:"names" doc:"Title of each register that is named"`
	Application Object            `json:"application" doc:"The same as a beginning of the form"`
	Missing     []missingView     `json:"missing,omitempty" doc:"Registers that could not be asked or do not know"`
	AsksAbout   bool              `json:"asks_about,omitempty" doc:"The form is about somebody who died: ask again with about"`
	Candidates  []candidateView   `json:"candidates,omitempty" doc:"With asks_about and no about: the requester's spouse and household"`
}

// candidateView is somebody whom about may name.
type candidateView struct {
	ID        string `json:"id"`
	Name      string `json:"name"`
	BirthDate string `json:"birth_date,omitempty"`
}

type missingView struct {
	Registry  string `json:"registry"`
	Operation string `json:"operation"`
	Code      string `json:"code" enum:"unavailable,not_found"`
}

func (s *Server) routePrefill() {
	route(s, op{method: http.MethodGet, path: base + "/services/{id}/prefill", id: "prefill", tag: "services", summary: "What the registers already know, field by field with its source", status: 200, who: filers}, s.prefill)
}

func (s *Server) prefill(ctx context.Context, in *struct {
	ID     string `path:"id" maxLength:"60"`
	Person string `query:"person" pattern:"^[0-9]{12}$" doc:"Counter: the citizen who applies"`
	About  string `query:"about" pattern:"^[0-9]{12}$" doc:"The deceased; somebody of the requester's family or household"`
}) (*struct{ Body prefillView }, error) {
	who := callerOf(ctx)
	requester := who.account.Person
	if !who.citizen() {
		if in.Person == "" {
			return nil, invalid("query:person", "required", "Cho biết công dân.", "Name the citizen.")
		}
		requester = in.Person
	} else if in.Person != "" && in.Person != requester {
		return nil, &engine.Error{Code: engine.Forbidden}
	}
	now := s.cfg.Runtime.Now()
	svc, err := s.cfg.Definitions.ServiceAt(in.ID, now)
	if err != nil {
		return nil, err
	}
	if svc.Form == nil {
		return nil, notFound()
	}
	if err := s.logRead(ctx, "", "prefill"); err != nil {
		return nil, err
	}
	f, err := s.newFiller(ctx, svc.Form, requester)
	if err != nil {
		return nil, err
	}
	if err := f.meet(in.About); err != nil {
		return nil, err
	}
	f.walk(f.root, "", spot{})
	snapshot := engine.Prefill{ID: randomHex(12), At: now, Values: f.values, Source: f.source}
	if err := s.cfg.Store.PutPrefill(ctx, requester, snapshot); err != nil {
		return nil, err
	}
	v := prefillView{ID: snapshot.ID, At: at(now), Values: f.values, Source: f.source, Names: map[string]Text{}, Application: f.tree(), Missing: f.missing}
	if v.AsksAbout = f.asksAbout(); v.AsksAbout && in.About == "" {
		v.Candidates = f.family()
	}
	for _, r := range f.source {
		v.Names[r] = titled(s.cfg.Registries, r)
	}
	for _, m := range f.missing {
		v.Names[m.Registry] = titled(s.cfg.Registries, m.Registry)
	}
	return &struct{ Body prefillView }{v}, nil
}

// filler walks a form and fills what its x-source keywords name.
type filler struct {
	s       *Server
	ctx     context.Context
	table   prefillMap
	root    map[string]any
	people  map[string]string // mother, father, requester, deceased → personal id
	answers map[string]map[string]any
	values  map[string]any
	source  map[string]string
	missing []missingView
}

func (s *Server) newFiller(ctx context.Context, form *engine.Form, requester string) (*filler, error) {
	f := &filler{s: s, ctx: ctx, root: schemaOf(form), people: map[string]string{"requester": requester},
		answers: map[string]map[string]any{}, values: map[string]any{}, source: map[string]string{}}
	if err := json.Unmarshal(prefillJSON, &f.table); err != nil {
		return nil, fmt.Errorf("api: prefill.json: %w", err)
	}
	return f, nil
}

// meet learns who the people of the form may be: the requester and their spouse as
// mother and father, and the deceased, who must be of the requester's family.
func (f *filler) meet(about string) error {
	me := f.people["requester"]
	self := f.ask("population/person", map[string]any{"id": me})
	spouse := engine.Str(self, "spouse", "id")
	mine, theirs := "mother", "father"
	if engine.Str(self, "person", "sex") == "male" {
		mine, theirs = theirs, mine
	}
	f.people[mine] = me
	if spouse != "" {
		f.people[theirs] = spouse
	}
	if about == "" {
		return nil
	}
	related := about == spouse
	home := f.ask("residence/household", map[string]any{"person": me})
	members, _ := engine.At(home, "household", "members").([]any)
	related = related || slices.ContainsFunc(members, func(m any) bool { return engine.Str(m, "id") == about })
	if !related {
		relatives, _ := f.ask("social_insurance/insured", map[string]any{"id": about})["relatives"].([]any)
		related = slices.ContainsFunc(relatives, func(m any) bool { return engine.Str(m, "id") == me })
	}
	if !related && callerOf(f.ctx).citizen() {
		return notFound()
	}
	f.people["deceased"] = about
	return nil
}

// asksAbout tells whether the form has a part about the deceased.
func (f *filler) asksAbout() bool {
	props, _ := f.resolve(f.root)["properties"].(map[string]any)
	for name := range props {
		if slices.Contains(f.table.People[name], "deceased") {
			return true
		}
	}
	return false
}

// family is the requester's spouse and household, without the requester.
func (f *filler) family() []candidateView {
	me := f.people["requester"]
	members, _ := engine.At(f.ask("residence/household", map[string]any{"person": me}), "household", "members").([]any)
	members = append(members, f.ask("population/person", map[string]any{"id": me})["spouse"])
	var out []candidateView
	for _, m := range members {
		c := candidateView{ID: engine.Str(m, "id"), Name: engine.Str(m, "name"), BirthDate: engine.Str(m, "birth_date")}
		if c.ID == "" || c.ID == me || slices.ContainsFunc(out, func(o candidateView) bool { return o.ID == c.ID }) {
			continue
		}
		out = append(out, c)
	}
	return out
}

// ask asks a register once for one input.
func (f *filler) ask(call string, input map[string]any) map[string]any {
	registry, operation, _ := strings.Cut(call, "/")
	raw, err := json.Marshal(input)
	if err != nil {
		return nil // strings only
	}
	key := call + string(raw)
	if a, ok := f.answers[key]; ok {
		return a
	}
	a, err := f.s.cfg.Lookup(f.ctx, registry, operation, input)
	if err != nil {
		code := engine.CodeOf(err)
		if code != engine.NotFound {
			code = engine.Unavailable
		}
		m := missingView{registry, operation, string(code)}
		if !slices.Contains(f.missing, m) {
			f.missing = append(f.missing, m)
		}
		a = nil
	}
	f.answers[key] = a
	return a
}

// spot is where the walk stands: whom it is about, which element of an array, and
// the source that the node above named.
type spot struct {
	people  []string
	index   int
	source  string
	element string // pointer of the array's element
}

const maxDepth = 12

// walk fills a node of the form and what is below it.
func (f *filler) walk(node map[string]any, pointer string, at spot) {
	node = f.resolve(node)
	if strings.Count(pointer, "/") > maxDepth {
		return
	}
	if src, ok := node["x-source"].(string); ok {
		at.source = src
	}
	if items, ok := node["items"].(map[string]any); ok {
		f.walkList(items, pointer, at)
		return
	}
	props, _ := node["properties"].(map[string]any)
	if len(props) == 0 {
		f.fill(node, pointer, at)
		return
	}
	for _, name := range sortedKeys(props) {
		child, ok := props[name].(map[string]any)
		if !ok {
			continue
		}
		next := at
		if people, ok := f.table.People[name]; ok && strings.Count(pointer, "/") == 0 {
			next.people = people
		}
		if next.source != "" {
			next.source += "/" + name
		}
		f.walk(child, pointer+"/"+escapePointer(name), next)
	}
}

// resolve follows a node's $ref; its own keywords win.
func (f *filler) resolve(node map[string]any) map[string]any {
	for range maxDepth {
		ref, ok := node["$ref"].(string)
		if !ok {
			return node
		}
		target, ok := engine.At(f.root, pathOf(strings.TrimPrefix(ref, "#"))...).(map[string]any)
		if !ok {
			return node
		}
		merged := map[string]any{}
		for k, v := range target {
			merged[k] = v
		}
		for k, v := range node {
			if k != "$ref" {
				merged[k] = v
			}
		}
		node = merged
	}
	return node
}

func pathOf(pointer string) []string {
	parts := strings.Split(strings.TrimPrefix(pointer, "/"), "/")
	for i, p := range parts {
		parts[i] = strings.NewReplacer("~1", "/", "~0", "~").Replace(p)
	}
	return parts
}

// walkList fills one element for each thing that the register lists.
func (f *filler) walkList(items map[string]any, pointer string, at spot) {
	if op, path, ok := splitSource(at.source); ok { // the register's own list
		list, _ := f.value(op, path, at).([]any)
		for i := range list {
			here := at
			here.element, here.source = pointer+"/"+strconv.Itoa(i), at.source+"/"+strconv.Itoa(i)
			f.walk(items, here.element, here)
		}
		return
	}
	n := 0
	for _, src := range f.sourcesIn(items, 0) {
		if f.table.Sources[src].List != "" {
			n = max(n, len(f.list(src, at)))
		}
	}
	for i := range n {
		here := at
		here.index, here.element, here.source = i, pointer+"/"+strconv.Itoa(i), ""
		f.walk(items, here.element, here)
		for _, src := range f.sourcesIn(items, 0) {
			for _, to := range sortedKeys(f.table.Sources[src].Also) {
				f.put(here.element+to, src, f.table.Sources[src].Also[to], here)
			}
		}
	}
}

// sourcesIn lists the registry/operation pairs that a node and those below name.
func (f *filler) sourcesIn(node map[string]any, depth int) []string {
	node = f.resolve(node)
	var out []string
	if src, ok := node["x-source"].(string); ok {
		if op, _, ok := splitSource(src); ok {
			out = append(out, op)
		}
	}
	props, _ := node["properties"].(map[string]any)
	for _, name := range sortedKeys(props) {
		if child, ok := props[name].(map[string]any); ok && depth < maxDepth {
			out = append(out, f.sourcesIn(child, depth+1)...)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// splitSource reads registry/operation/path.
func splitSource(src string) (op, path string, ok bool) {
	parts := strings.SplitN(src, "/", 3)
	if len(parts) < 3 {
		return "", "", false
	}
	return parts[0] + "/" + parts[1], parts[2], true
}

// fill takes a leaf's value from the register that it names.
func (f *filler) fill(node map[string]any, pointer string, at spot) {
	op, path, ok := splitSource(at.source)
	if !ok {
		return
	}
	// A word that the form does not know is left to the applicant.
	if words, ok := node["enum"].([]any); ok && !among(words, f.value(op, path, at)) {
		return
	}
	f.put(pointer, op, path, at)
	if at.element != "" {
		return
	}
	// Outside an array the notice's own code comes with its first field.
	top := "/" + strings.SplitN(strings.TrimPrefix(pointer, "/"), "/", 2)[0]
	for _, to := range sortedKeys(f.table.Sources[op].Also) {
		if _, done := f.values[top+to]; !done {
			f.put(top+to, op, f.table.Sources[op].Also[to], at)
		}
	}
}

func (f *filler) put(pointer, op, path string, at spot) {
	v := f.value(op, path, at)
	switch x := v.(type) {
	case nil:
		return
	case map[string]any:
		return // an object whose members the form does not describe
	case string:
		if x == "" {
			return
		}
	}
	f.values[pointer] = v
	f.source[pointer], _, _ = strings.Cut(op, "/")
}

// value asks the register and follows the path. Of the people that a field may be
// about, the first whom the register knows answers.
func (f *filler) value(op, path string, at spot) any {
	src, ok := f.table.Sources[op]
	if !ok {
		return nil
	}
	if src.List != "" {
		if list := f.list(op, at); at.index < len(list) {
			return dig(list[at.index], path)
		}
		return nil
	}
	for _, subject := range f.subjects(at) {
		if input, ok := f.input(src, subject); ok {
			if v := src.dig(f.ask(src.Call, input), path); v != nil {
				return v
			}
		}
	}
	return nil
}

// dig follows a path of members and indices, parted by slashes.
func dig(v any, path string) any { return engine.At(v, strings.Split(path, "/")...) }

func (f *filler) list(op string, at spot) []any {
	src := f.table.Sources[op]
	for _, subject := range f.subjects(at) {
		if input, ok := f.input(src, subject); ok {
			if list, _ := f.ask(src.Call, input)[src.List].([]any); len(list) > 0 {
				return list
			}
		}
	}
	return nil
}

func (f *filler) subjects(at spot) []string {
	if len(at.people) == 0 {
		return []string{"requester"}
	}
	return at.people
}

// input names the people that an operation is asked about; false when one of them
// is not known.
func (f *filler) input(src prefillSource, subject string) (map[string]any, bool) {
	out := map[string]any{}
	for k, name := range src.Input {
		name = strings.TrimPrefix(name, "$")
		if name == "subject" {
			name = subject
		}
		id, ok := f.people[name]
		if !ok {
			return nil, false
		}
		out[k] = id
	}
	return out, true
}

// tree builds the beginning of the form from the values.
func (f *filler) tree() map[string]any {
	var root any = map[string]any{}
	for _, pointer := range sortedKeys(f.values) {
		root = plant(root, pathOf(pointer), f.values[pointer])
	}
	return root.(map[string]any)
}

// plant sets a value at a path of keys and array indices.
func plant(node any, path []string, v any) any {
	if len(path) == 0 {
		return v
	}
	i, err := strconv.Atoi(path[0])
	if list, isList := node.([]any); err == nil && (isList || node == nil) {
		for len(list) <= i && i < 100 {
			list = append(list, nil)
		}
		if i < len(list) {
			list[i] = plant(list[i], path[1:], v)
		}
		return list
	}
	m, ok := node.(map[string]any)
	if !ok {
		m = map[string]any{}
	}
	m[path[0]] = plant(m[path[0]], path[1:], v)
	return m
}

func among(words []any, v any) bool {
	s, ok := v.(string)
	return ok && slices.ContainsFunc(words, func(w any) bool { return w == s })
}
