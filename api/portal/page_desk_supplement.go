package portal

import (
	"slices"
	"strconv"
	"strings"

	"lienthong/api/portal/form"
)

// What one line of a supplement request is about, beside a field of the declaration.
const (
	aboutPaper    = "paper"
	aboutOriginal = "original"
	aboutField    = "field:" // and the pointer of the field
)

// mostItems is how many things one request asks for.
const mostItems = 30

// supplementForm asks an officer what is missing, item by item: each is a paper, an
// original to be shown, or a field of the declaration chosen by its label.
type supplementForm struct {
	Lines    []supplementLine
	Sections []fieldGroup
	Guidance string
	Legal    string
	Full     bool // no more lines
}

// fieldGroup is the fields of one page of the declaration.
type fieldGroup struct {
	Title  string
	Fields []option
}

// supplementLine is one thing that is asked for.
type supplementLine struct {
	N      int
	What   string // aboutPaper, aboutOriginal, or aboutField and a pointer
	Name   string // of the paper
	Reason string
	Wrong  map[string]string // by part: what, name, reason
}

func newSupplement(w *writing, v *visit) *supplementForm {
	return &supplementForm{Lines: []supplementLine{{N: 0, What: aboutPaper}}, Sections: w.fieldGroups(v)}
}

// fieldGroups lists the fields of the declaration with what was declared, and those that
// were left open: one of them may be what is missing.
func (w *writing) fieldGroups(v *visit) []fieldGroup {
	a := w.asking(v)
	var out []fieldGroup
	for _, p := range w.form.Pages(w.draft.Data.Application) {
		g := fieldGroup{Title: p.Label.In(v.lang)}
		w.form.Ask(p.Name, w.draft.Data.state(nil)).Walk(func(q *form.Question) {
			if !q.Leaf() || q.Kind == form.Either || q.Kind == form.Document {
				return
			}
			f := a.field(q, 3, nil)
			said := v.t("desk.item.undeclared")
			if q.Value != "" {
				said = short(f.Said, 40)
			}
			g.Fields = append(g.Fields, option{Value: aboutField + w.casePointer(q.Pointer), Label: f.Label + ": " + said})
		})
		if len(g.Fields) > 0 {
			out = append(out, g)
		}
	}
	return out
}

// short cuts a text for a line of a list.
func short(s string, most int) string {
	if r := []rune(s); len(r) > most {
		return string(r[:most-1]) + "…"
	}
	return s
}

// casePointer is where a question of the form stands in the case's application.
func (w *writing) casePointer(pointer string) string {
	if e := w.service.Each; e != nil && form.Under(pointer, "/"+e.List+"/0") {
		return "/" + e.As + strings.TrimPrefix(pointer, "/"+e.List+"/0")
	}
	return pointer
}

// readSupplement reads the lines that were posted. A line without name and reason is
// kept while the form is shown, and left out when it is sent.
func readSupplement(w *writing, v *visit) *supplementForm {
	s := &supplementForm{Sections: w.fieldGroups(v), Guidance: strings.TrimSpace(v.form.Get("guidance")), Legal: strings.TrimSpace(v.form.Get("legal"))}
	for n := range mostItems {
		at := "item" + strconv.Itoa(n)
		if !v.form.Has(at + "-what") {
			break
		}
		s.Lines = append(s.Lines, supplementLine{N: n, What: v.form.Get(at + "-what"), Name: strings.TrimSpace(v.form.Get(at + "-name")), Reason: strings.TrimSpace(v.form.Get(at + "-reason"))})
	}
	if len(s.Lines) == 0 {
		s.Lines = []supplementLine{{What: aboutPaper}}
	}
	return s
}

// more does what the form's own buttons say: another line, or one line less.
func (s *supplementForm) more(do string) bool {
	defer func() { s.Full = len(s.Lines) >= mostItems }()
	if do == "more" && len(s.Lines) < mostItems {
		s.Lines = append(s.Lines, supplementLine{N: len(s.Lines), What: aboutPaper})
		return true
	}
	if n, err := strconv.Atoi(strings.TrimPrefix(do, "less:")); err == nil && strings.HasPrefix(do, "less:") && n < len(s.Lines) && n >= 0 {
		s.Lines = slices.Delete(s.Lines, n, n+1)
		for i := range s.Lines {
			s.Lines[i].N = i
		}
		return true
	}
	return false
}

// empty tells whether nothing was entered in a line.
func (l supplementLine) empty() bool { return l.Name == "" && l.Reason == "" && l.What == aboutPaper }

// check finds what is missing, by the id of the field.
func (s *supplementForm) check(v *visit) map[string][]string {
	wrong := map[string][]string{}
	asked := 0
	for i := range s.Lines {
		l := &s.Lines[i]
		if l.empty() && len(s.Lines) > 1 {
			continue
		}
		asked++
		l.Wrong = map[string]string{}
		if !strings.HasPrefix(l.What, aboutField) && l.Name == "" {
			l.Wrong["name"] = v.t("desk.item.name.required")
		}
		if l.Reason == "" {
			l.Wrong["reason"] = v.t("desk.item.reason.required")
		}
		for _, part := range sortedKeys(l.Wrong) {
			at := "/item" + strconv.Itoa(l.N) + "-" + part
			wrong[at] = append(wrong[at], l.Wrong[part])
		}
	}
	if asked == 0 {
		wrong["/item0-name"] = []string{v.t("desk.item.none")}
	}
	return wrong
}

// input is the request as the action takes it.
func (s *supplementForm) input() map[string]any {
	items := []any{}
	for _, l := range s.Lines {
		if l.empty() {
			continue
		}
		it := map[string]any{"reason": l.Reason}
		if pointer, ok := strings.CutPrefix(l.What, aboutField); ok {
			it["kind"], it["about"] = "field", pointer
		} else {
			it["kind"], it["about"] = l.What, l.Name
		}
		items = append(items, it)
	}
	in := map[string]any{"items": items}
	if s.Guidance != "" {
		in["comment"] = s.Guidance
	}
	if s.Legal != "" {
		in["legal_basis"] = s.Legal
	}
	return in
}

// what is what a line is about, in words.
func (s *supplementForm) what(v *visit, l supplementLine) string {
	for _, g := range s.Sections {
		for _, f := range g.Fields {
			if f.Value == l.What {
				return f.Label
			}
		}
	}
	return v.tg("item", l.What)
}

// mark puts messages at their lines and lists them. The surface names a line by its
// place among those that were sent.
func (s *supplementForm) mark(v *visit, wrong map[string][]string) []fieldError {
	sent := []int{}
	for i, l := range s.Lines {
		if !l.empty() {
			sent = append(sent, i)
		}
	}
	var out []fieldError
	for _, pointer := range sortedKeys(wrong) {
		at := pointer
		if parts := form.Split(pointer); len(parts) >= 2 && parts[0] == "items" {
			if n, err := strconv.Atoi(parts[1]); err == nil && n < len(sent) {
				at = "/item" + strconv.Itoa(sent[n]) + "-" + s.Lines[sent[n]].put(parts[2:], wrong[pointer])
			}
		}
		for _, text := range wrong[pointer] {
			out = append(out, fieldError{Pointer: at, Detail: text})
		}
	}
	return out
}

// put keeps the surface's message at the field of a line that it is about.
func (l *supplementLine) put(path []string, texts []string) string {
	part := "reason"
	if len(path) > 0 && path[0] != "reason" {
		part = "name"
	}
	if l.Wrong == nil {
		l.Wrong = map[string]string{}
	}
	l.Wrong[part] = strings.Join(texts, " ")
	return part
}
