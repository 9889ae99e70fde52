package portal

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"lienthong/api/portal/form"
)

// province is a province with its communes, as the surface lists them.
type province struct {
	Code     string  `json:"code"`
	Name     Text    `json:"name"`
	Communes []place `json:"communes"`
}

type place struct {
	Code string `json:"code"`
	Name Text   `json:"name"`
}

func (v *visit) places() ([]province, error) {
	var out struct{ Provinces []province }
	err := v.get("/places", &out)
	return out.Provinces, err
}

// placeName is a commune with its province, or the code when nobody knows it.
func placeName(all []province, code, lang string) string {
	for _, p := range all {
		for _, c := range p.Communes {
			if c.Code != code {
				continue
			}
			if p.Name.IsZero() {
				return c.Name.In(lang)
			}
			return c.Name.In(lang) + ", " + p.Name.In(lang)
		}
	}
	return code
}

// provinceOf is the province of a commune; "" when nobody knows it.
func provinceOf(all []province) func(commune string) string {
	return func(commune string) string {
		for _, p := range all {
			if slices.ContainsFunc(p.Communes, func(c place) bool { return c.Code == commune }) {
				return p.Code
			}
		}
		return ""
	}
}

// paper is an uploaded document.
type paper struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	Type string `json:"type"`
	Size int64  `json:"size"`
}

// Kilobytes is the size for people.
func (p paper) Kilobytes() string { return strconv.FormatInt((p.Size+1023)/1024, 10) }

// field is a question as the templates in parts/question.html show it.
type field struct {
	ID, Name string
	Kind     string
	Label    string
	Help     string
	Bare     bool // the page's heading is its label
	Optional bool
	Needed   string // titles of the steps that need it
	Value    string
	Said     string // the value in words, for reading
	Max      int
	Mode     string // inputmode
	Short    bool
	Decides  bool
	Options  []option
	Places   []province
	Source   string // register that gave the value
	Register string // what the register says, when that was changed or disputed
	Disputed string
	Paper    *paper
	Wrong    []string
	Told     string // ids that describe it

	Level  int // of its heading
	Facts  []*field
	Known  []source // the facts by register
	Fields []*field
	Extra  []*field // optional and unanswered
	Entry  string   // title of a list's entry
	Add    string   // value of the button that adds an entry; "" = none
	Adds   string   // what it adds
	Remove string   // value of the button that removes this entry
	Papers []string // kinds of paper that must be among the entries
	Spare  bool     // a list of papers without an entry, none of which is asked for
}

// Named is what a question is called in a list: a choice without words of its own by
// what can be chosen.
func (f *field) Named() string {
	if f.Label != "" {
		return f.Label
	}
	var out []string
	for _, o := range f.Options {
		out = append(out, lowerFirst(o.Label))
	}
	return strings.Join(out, " / ")
}

// source is what one register knows.
type source struct {
	Name  string
	Facts []*field
}

type option struct {
	ID, Value, Label string
	Chosen           bool
}

// asking is what turning questions into fields needs to know.
type asking struct {
	v      *visit
	steps  map[string]Text  // titles by step
	names  map[string]Text  // titles of registers
	places []province       // needed by forms that ask for a commune
	papers map[string]paper // uploaded documents by id

	completed map[string]string // what was answered to an agency since, by pointer
}

// page is the field of a whole page: its heading is the page's own.
func (a *asking) page(q *form.Question) *field {
	f := a.field(q, 2, nil)
	f.Bare = true
	if len(f.Facts) == 0 && len(f.Fields) == 0 {
		f.Fields, f.Extra = f.Extra, nil
	}
	return f
}

func (a *asking) field(q *form.Question, level int, needed []string) *field {
	f := &field{ID: fieldID(q.Pointer), Name: q.Pointer, Kind: string(q.Kind), Label: q.Label.In(a.v.lang), Help: q.Help.In(a.v.lang),
		Optional: !q.Required && !q.Wanted, Value: q.Value, Max: q.Max, Decides: q.Decides, Wrong: q.Wrong, Level: level, Disputed: q.Disputed}
	if len(q.NeededBy) > 0 && !slices.Equal(q.NeededBy, needed) {
		f.Needed = a.stepTitles(q.NeededBy)
		needed = q.NeededBy
	}
	switch q.Kind {
	case form.Group:
		a.group(f, q, level, needed)
	case form.List:
		a.list(f, q, level, needed)
	default:
		a.leaf(f, q)
	}
	return f
}

// neededFor tells who needs a page: the parts that it names, all of them when neither
// it nor a question of it names any, nobody's name when its questions do.
func (a *asking) neededFor(q *form.Question) string {
	named := false
	q.Walk(func(p *form.Question) { named = named || len(p.NeededBy) > 0 })
	if !named {
		return a.v.t("form.needed.all")
	}
	return a.stepTitles(q.NeededBy)
}

func (a *asking) stepTitles(ids []string) string {
	var out []string
	for _, id := range ids {
		if t, ok := a.steps[id]; ok {
			out = append(out, t.In(a.v.lang))
		}
	}
	return strings.Join(out, ", ")
}

// group sorts what is told, what is asked, and what may be left out.
func (a *asking) group(f *field, q *form.Question, level int, needed []string) {
	for _, p := range q.Parts {
		switch {
		case p.Known:
			f.Facts = append(f.Facts, a.field(p, level+1, needed))
		case p.Kind == form.Group && told(p):
			a.flatten(f, p, level, needed)
		case p.Kind == form.Either && branchKnown(q, p):
			f.Extra = append(f.Extra, a.field(p, level+1, needed))
		case p.Leaf() && spare(p), p.Kind == form.Group && !p.Required && unsaid(p):
			f.Extra = append(f.Extra, a.field(p, level+1, needed))
		default:
			f.Fields = append(f.Fields, a.field(p, level+1, needed))
		}
	}
	if len(f.Facts) == 0 && !slices.ContainsFunc(f.Fields, func(x *field) bool { return !x.Optional }) {
		f.Fields, f.Extra = append(f.Fields, f.Extra...), nil // a group of things one may say
	}
	for _, x := range f.Facts {
		i := slices.IndexFunc(f.Known, func(s source) bool { return s.Name == x.Source })
		if i < 0 {
			i = len(f.Known)
			f.Known = append(f.Known, source{Name: x.Source})
		}
		f.Known[i].Facts = append(f.Known[i].Facts, x)
	}
}

// branchKnown tells whether the branch that a choice stands at is known, so that
// the choice need not be put first.
func branchKnown(group, either *form.Question) bool {
	for _, o := range either.Options {
		if !o.Chosen {
			continue
		}
		for _, p := range group.Parts {
			if strings.HasSuffix(p.Pointer, "/"+o.Value) {
				return told(p)
			}
		}
	}
	return false
}

// unsaid tells whether nothing below a question is answered or wrong.
func unsaid(q *form.Question) bool {
	out := true
	q.Walk(func(x *form.Question) {
		out = out && x.Value == "" && len(x.Wrong) == 0 && x.Register == ""
	})
	return out
}

// told tells whether a group has nothing left to ask: everything in it is known or
// may be left out.
func told(q *form.Question) bool {
	known, open := false, false
	q.Walk(func(x *form.Question) {
		if x.Leaf() {
			known = known || x.Known
			open = open || !x.Known && !spare(x)
		}
	})
	return known && !open
}

// spare tells whether a question can be put away: nothing needs it and nobody
// answered it.
func spare(q *form.Question) bool {
	return !q.Required && !q.Wanted && !q.Decides && q.Kind != form.YesNo && q.Value == "" && len(q.Wrong) == 0 && q.Disputed == "" && q.Register == ""
}

// flatten tells the facts of a group inside among those of the group around it.
func (a *asking) flatten(f *field, q *form.Question, level int, needed []string) {
	q.Walk(func(x *form.Question) {
		if !x.Leaf() {
			return
		}
		part := a.field(x, level+1, needed)
		if group := q.Label.In(a.v.lang); !strings.Contains(strings.ToLower(part.Label), strings.ToLower(group)) {
			part.Label = group + " – " + lowerFirst(part.Label)
		}
		if x.Known {
			f.Facts = append(f.Facts, part)
		} else {
			f.Extra = append(f.Extra, part)
		}
	})
}

// lowerFirst begins a label in small letters, unless it begins with a short form.
func lowerFirst(s string) string {
	r := []rune(s)
	if len(r) > 1 && strings.ToUpper(string(r[1])) != string(r[1]) {
		return strings.ToLower(string(r[0])) + string(r[1:])
	}
	return s
}

func (a *asking) list(f *field, q *form.Question, level int, needed []string) {
	for _, p := range q.Parts {
		e := a.field(p, level+1, needed)
		if e.Entry = e.Label; e.Entry == "" {
			e.Entry = f.Label
		}
		if p.Fewer || q.More {
			e.Entry = a.v.t("form.entry", e.Entry, p.Entry)
		}
		if p.Fewer {
			e.Remove = "remove:" + p.Pointer
		}
		f.Fields = append(f.Fields, e)
	}
	if q.More {
		f.Add, f.Adds = "add:"+q.Pointer, q.Label.In(a.v.lang)
		if len(q.Parts) > 0 && q.Parts[0].Label != (form.Text{}) {
			f.Adds = q.Parts[0].Label.In(a.v.lang)
		}
		f.Adds = lowerFirst(f.Adds)
	}
	for _, label := range q.Papers {
		f.Papers = append(f.Papers, label.In(a.v.lang))
	}
	f.Spare = len(f.Papers) == 0 && q.Uploads
}

// longChoice is the number of options from which a list is better than buttons.
const longChoice = 9

func (a *asking) leaf(f *field, q *form.Question) {
	f.Said = a.said(q, q.Value)
	switch q.Kind {
	case form.Commune:
		f.Places = a.places
	case form.YesNo:
		f.Options = []option{{f.ID, "true", a.v.t("form.yes"), q.Value == "true"}, {f.ID + "-no", "false", a.v.t("form.no"), q.Value == "false"}}
		f.Said = ""
	case form.Choice, form.Either:
		for i, o := range q.Options {
			id := f.ID
			if i > 0 {
				id += "-" + strconv.Itoa(i)
			}
			f.Options = append(f.Options, option{id, o.Value, o.Label.In(a.v.lang), o.Chosen})
		}
		f.Said = ""
		if len(f.Options) >= longChoice {
			f.Kind = "select"
		}
	case form.Document:
		if p, ok := a.papers[q.Value]; ok {
			f.Paper, f.Said = &p, p.Name
		} else if q.Value != "" {
			f.Paper, f.Said = &paper{ID: q.Value, Name: a.v.t("form.paper")}, a.v.t("form.paper")
		}
	case form.Number:
		f.Mode, f.Short = "numeric", true
	case form.Date:
		f.Mode, f.Short = "numeric", true
		f.Help = join(f.Help, a.v.t("form.date.help"))
	case form.Instant:
		f.Short = true
		f.Help = join(f.Help, a.v.t("form.instant.help"))
	}
	for _, o := range f.Options {
		if o.Chosen {
			f.Said = o.Label
		}
	}
	if q.Max > 0 && q.Max <= 40 {
		f.Short = true
	}
	if q.Source != "" {
		f.Source = a.names[q.Source].In(a.v.lang)
		if f.Source == "" {
			f.Source = q.Source
		}
	}
	f.Register = a.said(q, q.Register)
	f.Told = a.describedBy(f)
}

// said is a value of a question in words.
func (a *asking) said(q *form.Question, value string) string {
	switch {
	case q.Kind == form.Commune && value != "":
		return placeName(a.places, value, a.v.lang)
	case q.Kind == form.Number:
		return grouped(value)
	}
	for _, o := range q.Options {
		if o.Value == value {
			return o.Label.In(a.v.lang)
		}
	}
	return value
}

func join(a, b string) string { return strings.TrimSpace(a + " " + b) }

// describedBy names the texts around a field for people who do not see them.
func (a *asking) describedBy(f *field) string {
	var ids []string
	if f.Help != "" {
		ids = append(ids, f.ID+"-help")
	}
	if f.Source != "" || f.Register != "" {
		ids = append(ids, f.ID+"-source")
	}
	if len(f.Wrong) > 0 {
		ids = append(ids, f.ID+"-wrong")
	}
	return strings.Join(ids, " ")
}

// pointers lists the questions that are asked below one, by pointer.
func pointers(q *form.Question) map[string]*form.Question {
	out := map[string]*form.Question{}
	q.Walk(func(x *form.Question) { out[x.Pointer] = x })
	return out
}

// opened tells whether answers opened questions that were not asked before and must
// be answered, or for which nobody has seen what a register proposes.
func opened(before, after *form.Question, posted func(string) bool) bool {
	was := pointers(before)
	for pointer, q := range pointers(after) {
		if was[pointer] == nil && q.Leaf() && !q.Known && !posted(pointer) && (q.Required || q.Wanted) && (q.Value == "" || q.Suggest && q.Source != "") {
			return true
		}
	}
	return false
}

// uploads tells whether a form asks for a paper.
func uploads(q *form.Question) bool {
	need := false
	q.Walk(func(x *form.Question) { need = need || x.Kind == form.Document })
	return need
}

// sortedKeys are the keys of a map in order.
func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
