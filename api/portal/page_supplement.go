package portal

import (
	"net/http"
	"slices"
	"strings"

	"lienthong/api/portal/form"
)

func (p *Portal) supplementPages() []page {
	return []page{
		{pattern: "GET /cases/{code}/supplement", who: filers, do: (*visit).supplementPage},
		{pattern: "POST /cases/{code}/supplement", who: filers, do: (*visit).supplement},
	}
}

// supplementPageData is what agencies ask for, item by item.
type supplementPageData struct {
	Case  *caseView
	Items []askedItem
	Guide []guidance
	Key   string
	Back  string
}

// guidance is what an office says about everything that it asks for.
type guidance struct{ Office, Text string }

// askedItem is one item with the field that answers it.
type askedItem struct {
	item
	Title  string // what it is about, in words
	Part   string
	Office string // that asked
	Field  *field // nil: told by the note alone
	Note   string
	NoteID string
	Wrong  []string
}

// pointer is the field that answers the item.
func (x *askedItem) pointer() string {
	if x.Field != nil {
		return x.Field.Name
	}
	return answerPointer(x.ID) + "/comment"
}

// answerPointer is where an item's answer stands in the action's input.
func answerPointer(id string) string { return "/items/" + id }

func (v *visit) supplementPage() error {
	c, w, err := v.supplemented()
	if err != nil {
		return err
	}
	return v.showSupplement(c, w, nil, nil, http.StatusOK)
}

func (v *visit) supplemented() (*caseView, *writing, error) {
	c, err := v.readCase(v.r.PathValue("code"))
	if err != nil {
		return nil, nil, err
	}
	if c.View != "full" || len(c.Items) == 0 {
		return nil, nil, &problem{Status: http.StatusNotFound}
	}
	w, err := v.again(c)
	return c, w, err
}

// fieldOf is the question of the declaration that an item is about; nil when its
// words name none.
func (w *writing) fieldOf(it item) *form.Question {
	if it.Kind != "field" || !strings.HasPrefix(it.About, "/") {
		return nil
	}
	pointer := it.About
	if e := w.service.Each; e != nil && form.Under(pointer, "/"+e.As) {
		pointer = "/" + e.List + "/0" + strings.TrimPrefix(pointer, "/"+e.As)
	}
	parts := form.Split(pointer)
	if len(parts) == 0 {
		return nil
	}
	var found *form.Question
	w.form.Ask(parts[0], w.draft.Data.state(nil)).Walk(func(q *form.Question) {
		if q.Pointer == pointer && q.Leaf() {
			found = q
		}
	})
	return found
}

// called is what a question is called outside its page: with the group it stands in.
func (w *writing) called(q *form.Question, lang string) string {
	label := q.Label.In(lang)
	parts := form.Split(q.Pointer)
	if len(parts) < 2 {
		return label
	}
	group := form.Top(parts[0])
	if e := w.service.Each; e != nil && parts[0] == e.List {
		group += "/0"
	}
	return label + " (" + w.form.Label(group).In(lang) + ")"
}

// showSupplement shows every open item; wrong holds messages by pointer into the
// action's input, typed what was posted by item.
func (v *visit) showSupplement(c *caseView, w *writing, wrong map[string][]string, typed map[string]map[string]any, status int) error {
	d := supplementPageData{Case: c, Key: newKey(), Back: v.casePath(c)}
	a := w.asking(v)
	var list []fieldError
	for _, it := range c.Items {
		x := askedItem{item: it, Title: it.About, NoteID: fieldID(answerPointer(it.ID) + "/comment")}
		if up := c.dossier(it.Step); up != nil {
			x.Part = up.Title.In(v.lang)
			if up.Office != nil {
				x.Office = up.Office.Name.In(v.lang)
			}
		}
		q := w.fieldOf(it)
		if q != nil {
			x.Title = w.called(q, v.lang)
		}
		if !it.Open() {
			d.Items = append(d.Items, x)
			continue
		}
		x.Note, _ = typed[it.ID]["comment"].(string)
		x.Field = a.answerField(it, q, typed[it.ID])
		for _, pointer := range sortedKeys(wrong) {
			if !form.Under(pointer, answerPointer(it.ID)) {
				continue
			}
			x.Wrong = append(x.Wrong, wrong[pointer]...)
			for _, text := range wrong[pointer] {
				list = append(list, fieldError{Pointer: x.pointer(), Detail: text})
			}
		}
		d.Items = append(d.Items, x)
	}
	for _, x := range c.Dossiers {
		a := x.deed("request_supplement")
		if a == nil || x.Office == nil || !slices.ContainsFunc(c.Items, func(it item) bool { return it.Step == x.Step && it.Open() }) {
			continue
		}
		if text, _ := a.Data["comment"].(string); text != "" {
			d.Guide = append(d.Guide, guidance{x.Office.Name.In(v.lang), text})
		}
	}
	first := slices.IndexFunc(d.Items, func(x askedItem) bool { return x.Open() })
	for _, text := range wrong[""] {
		e := fieldError{Detail: text}
		if first >= 0 {
			e.Pointer = d.Items[first].pointer()
		}
		list = append(list, e)
	}
	return v.show(screen{page: "supplement", status: status, title: v.t("supplement.title"), data: d, errors: list, crumbs: caseCrumbs(v, c)})
}

// answerField is the field that answers an item: a file for a paper, the
// declaration's own question for a field.
func (a *asking) answerField(it item, q *form.Question, typed map[string]any) *field {
	switch {
	case it.Kind == "paper":
		value, _ := typed["document"].(string)
		return a.field(&form.Question{Pointer: answerPointer(it.ID) + "/document", Kind: form.Document, Label: form.Text{VI: a.v.t("supplement.file"), EN: a.v.t("supplement.file")}, Value: value, Required: true}, 3, nil)
	case q != nil:
		mine := *q
		mine.Pointer, mine.Known, mine.Source, mine.Required, mine.NeededBy = answerPointer(it.ID)+"/value", false, "", true, nil
		if x, ok := typed["value"]; ok {
			mine.Value = form.Written(mine.Kind, x)
		}
		return a.field(&mine, 3, nil)
	case it.Kind == "field":
		value, _ := typed["value"].(string)
		return a.field(&form.Question{Pointer: answerPointer(it.ID) + "/value", Kind: form.Long, Label: form.Text{VI: a.v.t("supplement.value"), EN: a.v.t("supplement.value")}, Value: value, Required: true, Max: 2000}, 3, nil)
	}
	return nil
}

// supplement saves the items that were answered; the others wait. A form that is sent
// twice answers the same items again, which the surface knows by its key.
func (v *visit) supplement() error {
	c, w, err := v.supplemented()
	if err != nil {
		return err
	}
	answers, wrong := map[string]map[string]any{}, map[string][]string{}
	for _, it := range c.Items {
		answer, message, err := v.answerOf(it, w)
		if err != nil {
			return err
		}
		if message != "" {
			wrong[answerPointer(it.ID)] = []string{message}
		}
		if len(answer) > 0 {
			answers[it.ID] = answer
		}
	}
	if len(wrong) > 0 {
		return v.showSupplement(c, w, wrong, answers, http.StatusUnprocessableEntity)
	}
	if len(answers) == 0 {
		return v.showSupplement(c, w, map[string][]string{"": {v.t("supplement.none")}}, nil, http.StatusUnprocessableEntity)
	}
	i := slices.IndexFunc(c.Actions, func(a action) bool { return a.Code == "answer_supplement" })
	if i < 0 {
		return &problem{Status: http.StatusNotFound}
	}
	_, err = v.call(call{method: http.MethodPost, path: strings.TrimPrefix(c.Actions[i].Href, base), body: map[string]any{"input": map[string]any{"items": answers}},
		key: v.form.Get("key"), match: v.form.Get("etag")}, nil)
	if _, twice := refused(err, codeMismatch); twice { // with another copy of the same file
		err = nil
	}
	if p, ok := refused(err, codeInvalid, codeStale, codeWrongState); ok {
		for _, e := range p.Errors {
			wrong[e.Pointer] = append(wrong[e.Pointer], e.Detail)
		}
		if len(wrong) == 0 {
			wrong[""] = []string{v.changed(p)}
		}
		return v.showSupplement(c, w, wrong, answers, p.Status)
	}
	if err != nil {
		return err
	}
	v.redirect(v.casePath(c) + "?done=1")
	return nil
}

// answerOf reads what was entered for one item; message says why its file was not
// taken.
func (v *visit) answerOf(it item, w *writing) (answer map[string]any, message string, err error) {
	at := answerPointer(it.ID)
	answer = map[string]any{}
	if id := v.form.Get(at + "/document"); id != "" {
		answer["document"] = id
	}
	if files := v.files[at+"/document"+fileSuffix]; len(files) > 0 {
		p, why, err := v.upload(files[0])
		switch {
		case err != nil:
			return nil, "", err
		case why != "":
			message = why
		default:
			answer["document"] = p.ID
		}
	}
	if text := v.form.Get(at + "/value"); text != "" {
		kind := form.Long
		if q := w.fieldOf(it); q != nil {
			kind = q.Kind
			if text == q.Value { // as it was: nothing was answered
				text = ""
			}
		}
		if x := form.Read(kind, text); x != nil {
			answer["value"] = x
		}
	}
	if note := strings.TrimSpace(v.form.Get(at + "/comment")); note != "" {
		answer["comment"] = note
	}
	return answer, message, nil
}
