package portal

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"lienthong/api/portal/form"
)

// draft is an application that is being written. The surface keeps it.
type draft struct {
	ID      string    `json:"id"`
	Service string    `json:"service"`
	Updated Time      `json:"updated"`
	Data    draftData `json:"data"`
	ETag    string    `json:"etag"`
}

// draftData is what will be filed, and what the pages need to go on.
type draftData struct {
	Application map[string]any    `json:"application"`
	Prefill     string            `json:"prefill,omitempty"`
	Disputes    map[string]string `json:"disputes,omitempty"`
	Behalf      *behalf           `json:"behalf,omitempty"` // the counter files for somebody
	Pages       draftPages        `json:"pages"`
}

type draftPages struct {
	Known   map[string]knownValue `json:"known,omitempty"`   // by pointer
	Names   map[string]Text       `json:"names,omitempty"`   // titles of registers
	Missing []missingRegister     `json:"missing,omitempty"` // registers that were silent or did not know
	Done    map[string]bool       `json:"done,omitempty"`    // pages that were answered
	Papers  map[string]paper      `json:"papers,omitempty"`  // uploaded, by id
	About   bool                  `json:"about,omitempty"`   // it must be said first whom it is about
	People  []person              `json:"people,omitempty"`  // whom it may be about
	Key     string                `json:"key"`               // of the filing: sent twice, it files once
	Filed   []string              `json:"filed,omitempty"`   // codes, once filed
}

type knownValue struct {
	Value  any    `json:"value"`
	Source string `json:"source"`
}

type missingRegister struct {
	Registry string `json:"registry"`
	Code     string `json:"code"`
}

type person struct {
	ID        string `json:"id"`
	Name      string `json:"name"`
	BirthDate string `json:"birth_date"`
}

// prefill is what registers know.
type prefill struct {
	ID          string            `json:"id"`
	Values      map[string]any    `json:"values"`
	Source      map[string]string `json:"source"`
	Names       map[string]Text   `json:"names"`
	Application map[string]any    `json:"application"`
	Missing     []missingRegister `json:"missing"`
	AsksAbout   bool              `json:"asks_about"`
	Candidates  []person          `json:"candidates"`
}

// readPrefill asks the registers; person names whom the counter files for, about the
// deceased, "" nobody.
func (v *visit) readPrefill(service, person, about string) (*prefill, error) {
	c := call{path: "/services/" + seg(service) + "/prefill", query: url.Values{}} // stays inside this process
	if about != "" {
		c.query.Set("about", about)
	}
	if person != "" {
		c.query.Set("person", person)
	}
	var p prefill
	_, err := v.call(c, &p)
	return &p, err
}

// take lets what the registers know into the draft.
func (d *draftData) take(p *prefill) {
	d.Prefill, d.Application = p.ID, p.Application
	if d.Application == nil {
		d.Application = map[string]any{}
	}
	d.Pages.Names, d.Pages.Missing, d.Pages.Known = p.Names, p.Missing, map[string]knownValue{}
	for pointer, value := range p.Values {
		d.Pages.Known[pointer] = knownValue{value, p.Source[pointer]}
	}
}

func (v *visit) readDraft(id string) (*draft, error) {
	var d draft
	if err := v.get("/drafts/"+seg(id), &d); err != nil {
		return nil, err
	}
	if d.Data.Application == nil {
		d.Data.Application = map[string]any{}
	}
	return &d, nil
}

// saveDraft writes a draft; without an ETag it is a new one.
func (v *visit) saveDraft(d *draft) error {
	_, err := v.call(call{method: http.MethodPut, path: "/drafts/" + seg(d.ID), match: d.ETag,
		body: map[string]any{"service": d.Service, "data": d.Data}}, d)
	return err
}

func (v *visit) deleteDraft(id string) error {
	_, err := v.call(call{method: http.MethodDelete, path: "/drafts/" + seg(id)}, nil)
	return err
}

// state is the draft as questions want it.
func (d *draftData) state(wrong map[string][]string) form.State {
	known := map[string]form.Known{}
	for pointer, k := range d.Pages.Known {
		known[pointer] = form.Known{Value: k.Value, Source: k.Source}
	}
	return form.State{Value: d.Application, Known: known, Disputed: d.Disputes, Wrong: wrong}
}

// registers are the registers' values by pointer.
func (d *draftData) registers() map[string]any {
	out := map[string]any{}
	for pointer, k := range d.Pages.Known {
		out[pointer] = k.Value
	}
	return out
}

// filing is what is checked and filed: the disputes only of what is still there.
func (d *draftData) filing(f *form.Form) map[string]any {
	app := f.Answer(d.Application)
	body := map[string]any{"application": app}
	if b := d.Behalf; b != nil {
		body["channel"] = b.Channel
		body["on_behalf_of"] = behalf{ID: b.ID, Name: b.Name, Phone: b.Phone, Email: b.Email}
	}
	if d.Prefill != "" {
		body["prefill"] = d.Prefill
		disputes := map[string]string{}
		for pointer, why := range d.Disputes {
			if form.Get(app, pointer) != nil {
				disputes[pointer] = why
			}
		}
		if len(disputes) > 0 {
			body["disputes"] = disputes
		}
	}
	return body
}

// answer puts a posted page into the draft. It returns what is wrong with the files
// that came along, by pointer.
func (v *visit) answer(d *draftData, f *form.Form, page string, places []province) (taken form.Taken, wrong map[string][]string, err error) {
	if wrong, err = v.takeFiles(d, page); err != nil {
		return taken, nil, err
	}
	before := form.Merge(d.Application, nil)
	taken = f.Take(d.Application, page, v.form)
	for pointer, why := range taken.Disputed {
		right := v.form.Get(pointer+"#right") != ""
		switch {
		case why != "":
			d.dispute(pointer, why)
		case right: // the right value says it all; whoever decides reads Vietnamese
			d.dispute(pointer, v.p.words.say(vi, "form.why.default"))
		}
	}
	for _, pointer := range v.form["undo"] {
		if k, ok := d.Pages.Known[pointer]; ok {
			delete(d.Disputes, pointer)
			f.Take(d.Application, page, url.Values{pointer: {form.Written(f.Kind(pointer), k.Value)}})
		}
	}
	if taken.Removed >= 0 {
		d.shift(taken)
	}
	if taken.List == "" && len(wrong) == 0 { // the entry whose file was refused stays, with the message
		for _, t := range f.Tidy(d.Application, page) {
			d.shift(t)
		}
	}
	f.Follow(before, d.Application, page, d.registers())
	f.Like(before, d.Application, d.registers())
	f.Provinces(d.Application, provinceOf(places))
	return taken, wrong, nil
}

func (d *draftData) dispute(pointer, why string) {
	if d.Disputes == nil {
		d.Disputes = map[string]string{}
	}
	d.Disputes[pointer] = why
}

// seen tells the answers of a page from all others, so that a page that was opened
// over other answers is known.
func (d *draftData) seen(page string) string {
	disputes := maps.Clone(d.Disputes)
	maps.DeleteFunc(disputes, func(pointer, _ string) bool { return !form.Under(pointer, form.Top(page)) })
	b, err := json.Marshal([]any{form.Get(d.Application, form.Top(page)), disputes})
	if err != nil { // it came as JSON
		panic(err)
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:8])
}

// shift moves what is kept under pointers along with a list that lost an entry.
func (d *draftData) shift(t form.Taken) {
	form.Shift(d.Pages.Known, t.List, t.Removed)
	form.Shift(d.Disputes, t.List, t.Removed)
}

// fileSuffix ends the name of a field with a file for the value before it.
const fileSuffix = "#file"

// takeFiles uploads the files of a page and puts their ids where the form wants
// them. A file that is refused is a message at its field.
func (v *visit) takeFiles(d *draftData, page string) (map[string][]string, error) {
	wrong := map[string][]string{}
	for name, files := range v.files {
		pointer, ok := strings.CutSuffix(name, fileSuffix)
		if !ok || !form.Under(pointer, form.Top(page)) {
			continue
		}
		p, message, err := v.upload(files[0])
		switch {
		case err != nil:
			return nil, err
		case message != "":
			wrong[pointer] = append(wrong[pointer], message)
			continue
		}
		if d.Pages.Papers == nil {
			d.Pages.Papers = map[string]paper{}
		}
		d.Pages.Papers[p.ID] = p
		v.form.Set(pointer, p.ID)
	}
	return wrong, nil
}

// upload hands a file to the surface; message says why it was not taken.
func (v *visit) upload(f posted) (p paper, message string, err error) {
	switch {
	case f.Cut != "":
		return p, v.t(f.Cut, f.Name), nil
	case len(f.Content) == 0:
		return p, v.t("form.paper.empty", f.Name), nil
	}
	_, err = v.call(call{method: http.MethodPost, path: "/documents", file: &upload{f.Name, f.Content}}, &p)
	switch statusOf(err) {
	case http.StatusUnsupportedMediaType:
		return p, v.t("form.paper.kind", f.Name), nil
	case http.StatusRequestEntityTooLarge:
		return p, v.t("form.paper.large", f.Name), nil
	}
	return p, "", err
}

// checked is what the surface says about a filing before it is filed.
type checked struct {
	Valid     bool          `json:"valid"`
	Problems  []fieldError  `json:"problems"`
	Duplicate *problem      `json:"duplicate"`
	Fee       int64         `json:"fee"`
	Due       Time          `json:"due"`
	Cases     []checkedCase `json:"cases"`
}

type checkedCase struct {
	Subject  string        `json:"subject"`
	Fee      int64         `json:"fee"`
	FeeItems []feeItem     `json:"fee_items"`
	Due      Time          `json:"due"`
	Steps    []checkedStep `json:"steps"`
	Subforms []subform     `json:"subforms"`
}

type checkedStep struct {
	Step   string  `json:"step"`
	Title  Text    `json:"title"`
	Office *office `json:"office"`
	Closed string  `json:"closed"`
	May    bool    `json:"may"`
	Due    Time    `json:"due"`
	Sooner bool    `json:"sooner"`
}

// subform is a paper form that the application stands for, filled in.
type subform struct {
	ID     string `json:"id"`
	Title  Text   `json:"title"`
	Fields []struct {
		No    string `json:"no"`
		Label Text   `json:"label"`
		Value string `json:"value"`
	} `json:"fields"`
}

func (v *visit) check(d *draft, f *form.Form) (*checked, error) {
	var c checked
	_, err := v.call(call{method: http.MethodPost, path: "/services/" + seg(d.Service) + "/check", body: d.Data.filing(f)}, &c)
	return &c, err
}

// wrongOn sorts problems by pointer, in the page's own words where the surface's
// name what nobody types; only those on one page, or all for "".
func (v *visit) wrongOn(problems []fieldError, f *form.Form, page string) map[string][]string {
	out := map[string][]string{}
	for _, p := range problems {
		if page == "" || form.Under(p.Pointer, "/"+page) {
			out[p.Pointer] = append(out[p.Pointer], v.plainly(p, f))
		}
	}
	return out
}

// plainly is a problem in words for somebody who sees the page.
func (v *visit) plainly(p fieldError, f *form.Form) string {
	if p.Code == "contains" {
		return v.t("form.papers.wrong")
	}
	if f == nil { // a form with nothing but a note
		return p.Detail
	}
	if label := f.Label(p.Pointer).In(v.lang); p.Code == "required" && label != "" {
		switch f.Kind(p.Pointer) {
		case form.Choice, form.YesNo, form.Commune:
			return v.t("form.required.choose", label)
		case form.Document:
			return v.t("form.required.paper", label)
		case form.Line, form.Long, form.Number, form.Date, form.Instant:
			return v.t("form.required", label)
		}
	}
	if p.Code == "format" {
		switch f.Kind(p.Pointer) {
		case form.Date:
			return v.t("form.date.wrong", f.Label(p.Pointer).In(v.lang))
		case form.Instant:
			return v.t("form.instant.wrong", f.Label(p.Pointer).In(v.lang))
		}
	}
	return p.Detail
}

// summary lists what is wrong for the top of a page, in the order of its questions.
func summary(q *form.Question, wrong map[string][]string) []fieldError {
	rest := maps.Clone(wrong)
	q.Walk(func(x *form.Question) { delete(rest, x.Pointer) })
	return append(asked(q, wrong), unasked(rest)...)
}

// asked lists what is wrong with questions, with their fields.
func asked(q *form.Question, wrong map[string][]string) []fieldError {
	var out []fieldError
	q.Walk(func(x *form.Question) {
		for _, text := range wrong[x.Pointer] {
			out = append(out, fieldError{Pointer: x.Pointer, Detail: text})
		}
	})
	return out
}

// unasked lists what is wrong without a field.
func unasked(wrong map[string][]string) []fieldError {
	var out []fieldError
	for _, pointer := range sortedKeys(wrong) {
		for _, text := range wrong[pointer] {
			out = append(out, fieldError{Detail: text})
		}
	}
	return out
}

// drafts lists the visitor's applications that are not filed yet. Drafts hold data
// only when read one by one, so those that were filed are known by their service.
func (v *visit) drafts() ([]draft, error) {
	var list struct {
		Drafts []struct {
			ID      string `json:"id"`
			Service string `json:"service"`
			Updated Time   `json:"updated"`
			ETag    string `json:"etag"`
		} `json:"drafts"`
	}
	if err := v.get("/drafts", &list); err != nil {
		return nil, err
	}
	var out, filed []draft
	for _, d := range list.Drafts {
		x := draft{ID: d.ID, Service: d.Service, Updated: d.Updated, ETag: d.ETag}
		if d.Service == filedDraft {
			filed = append(filed, x)
		} else {
			out = append(out, x)
		}
	}
	slices.SortFunc(filed, func(a, b draft) int { return b.Updated.Compare(a.Updated.Time) })
	for _, d := range filed[min(len(filed), rememberFiled):] {
		if err := v.deleteDraft(d.ID); err != nil && statusOf(err) != http.StatusNotFound {
			return nil, err
		}
	}
	return out, nil
}

// filedDraft stands in place of the service of a draft that was filed: nothing of
// it is left but the codes of its cases.
const filedDraft = "-"

// rememberFiled is how many of them are kept, so that going back to a form that was
// just filed leads to its receipt.
const rememberFiled = 10
