package portal

import (
	"net/http"
	"net/url"
	"slices"

	"lienthong/api/portal/form"
)

func (p *Portal) refilePages() []page {
	return []page{
		{pattern: "GET /cases/{code}/parts/{step}/refile", who: filers, do: (*visit).refilePage},
		{pattern: "POST /cases/{code}/parts/{step}/refile", who: filers, do: (*visit).refile},
	}
}

// again is a filed declaration as a draft: the case's own application in the shape
// of the form, with the sources that it was filed with.
func (v *visit) again(c *caseView) (*writing, error) {
	var s serviceDetail
	if _, err := v.call(call{path: "/services/" + seg(c.Service.ID), query: url.Values{"version": {c.Service.Version}}}, &s); err != nil {
		return nil, err
	}
	if s.Form == nil {
		return nil, &problem{Status: http.StatusNotFound}
	}
	f, err := v.p.forms.read(s.Form.Schema)
	if err != nil {
		return nil, err
	}
	places, err := v.places()
	if err != nil {
		return nil, err
	}
	d := &draft{ID: c.Code, Service: s.ID, Data: draftData{Application: s.asForm(c.Application)}}
	return &writing{draft: d, service: &s, form: f, places: places}, nil
}

// each says that a form opens one case for each element of a list.
type each struct {
	List string `json:"list"`
	As   string `json:"as"`
}

// asForm is a case's application in the shape of the form.
func (s *serviceDetail) asForm(app map[string]any) map[string]any {
	out := map[string]any{}
	for k, v := range app {
		if s.Each != nil && k == s.Each.As {
			out[s.Each.List] = []any{v}
		} else {
			out[k] = v
		}
	}
	return out
}

// asCase is a form in the shape of a case's application.
func (s *serviceDetail) asCase(form map[string]any) map[string]any {
	out := map[string]any{}
	for k, v := range form {
		if list, ok := v.([]any); ok && s.Each != nil && k == s.Each.List {
			if len(list) > 0 {
				out[s.Each.As] = list[0]
			}
		} else {
			out[k] = v
		}
	}
	return out
}

// refilePageData is the part of the declaration that a failed part is about.
type refilePageData struct {
	Case   *caseView
	Part   *dossier
	Why    string
	Fields []refileSection
	Key    string
	ETag   string
	Path   string
	Back   string
	Files  bool
}

type refileSection struct {
	Title string
	Field *field
}

// concerns tells whether a page of the form is about a step.
func concerns(q *form.Question, step string) bool { return slices.Contains(q.NeededBy, step) }

func (v *visit) refilePage() error {
	c, x, w, err := v.refilable()
	if err != nil {
		return err
	}
	return v.showRefile(c, x, w, nil, newKey(), http.StatusOK)
}

// refilable reads the case, its part and its declaration, with the part asked for:
// a part that nobody asked for yet is asked for by filing it.
func (v *visit) refilable() (*caseView, *dossier, *writing, error) {
	c, err := v.readCase(v.r.PathValue("code"))
	if err != nil {
		return nil, nil, nil, err
	}
	x := c.dossier(v.r.PathValue("step"))
	if x == nil {
		return nil, nil, nil, &problem{Status: http.StatusNotFound}
	}
	if c.View != "full" || !slices.ContainsFunc(x.Actions, func(a action) bool { return a.Code == "refile" && a.Allowed }) {
		return c, x, nil, &problem{Status: http.StatusNotFound}
	}
	w, err := v.again(c)
	if err != nil {
		return nil, nil, nil, err
	}
	w.choose(c.asks(x))
	w.form.Like(nil, w.draft.Data.Application, nil)
	return c, x, w, nil
}

// asks are the part and what it needs that nobody asked for: filing it asks for these
// too.
func (c *caseView) asks(x *dossier) []string {
	steps := []string{x.Step}
	for i := 0; i < len(steps); i++ {
		up := c.dossier(steps[i])
		for _, n := range up.Needs {
			if need := c.dossier(n); need != nil && need.Unasked() && !slices.Contains(steps, n) {
				steps = append(steps, n)
			}
		}
	}
	return steps
}

// choose answers yes where the form asks whether one of the steps is wanted: on a page
// that is about no step itself. One answer may open the question after it.
func (w *writing) choose(steps []string) {
	app := w.draft.Data.Application
	for again := true; again; {
		again = false
		for _, p := range w.form.Pages(app) {
			if len(p.NeededBy) > 0 {
				continue
			}
			w.form.Ask(p.Name, w.draft.Data.state(nil)).Walk(func(q *form.Question) {
				wanted := slices.ContainsFunc(q.NeededBy, func(s string) bool { return slices.Contains(steps, s) })
				if q.Kind == form.YesNo && wanted && form.Get(app, q.Pointer) != true {
					w.form.Take(app, p.Name, url.Values{q.Pointer: {"true"}})
					again = again || form.Get(app, q.Pointer) == true
				}
			})
		}
	}
}

// refiled are the pages to fill in for a part: those that are about it, and those that
// the form wants since it is asked for.
func (w *writing) refiled(c *caseView, step string) []form.Page {
	before := w.service.asForm(c.Application)
	return slices.DeleteFunc(w.form.Pages(w.draft.Data.Application), func(p form.Page) bool {
		return !concerns(w.form.Ask(p.Name, w.draft.Data.state(nil)), step) && (!p.Required || before[p.Name] != nil)
	})
}

func (v *visit) showRefile(c *caseView, x *dossier, w *writing, wrong map[string][]string, key string, status int) error {
	d := refilePageData{Case: c, Part: x, Why: refusal(x.Data), Key: key, ETag: x.ETag, Path: v.r.URL.Path, Back: v.casePath(c)}
	a := w.asking(v)
	var list []fieldError
	for _, p := range w.refiled(c, x.Step) {
		q := w.form.Ask(p.Name, w.draft.Data.state(wrong))
		d.Fields = append(d.Fields, refileSection{p.Label.In(v.lang), a.page(q)})
		d.Files = d.Files || uploads(q)
		list = append(list, asked(q, wrong)...)
		for pointer := range pointers(q) {
			delete(wrong, pointer)
		}
	}
	list = append(list, unasked(wrong)...) // on a page that this part is not about
	title := v.t("refile.title", x.Title.In(v.lang))
	if x.Unasked() {
		title = v.t("refile.ask.title", x.Title.In(v.lang))
	}
	return v.show(screen{page: "refile", status: status, title: title, data: d, errors: list, crumbs: caseCrumbs(v, c)})
}

func (v *visit) refile() error {
	c, x, w, err := v.refilable()
	if c != nil && c.View == "full" && statusOf(err) == http.StatusNotFound { // sent twice: the case says what became of it
		v.redirect(v.casePath(c))
		return nil
	}
	if err != nil {
		return err
	}
	app := w.draft.Data.Application
	wrong := map[string][]string{}
	grew := false
	for _, p := range w.refiled(c, x.Step) {
		taken, bad, err := v.answer(&w.draft.Data, w.form, p.Name, w.places)
		if err != nil {
			return err
		}
		grew = grew || taken.List != ""
		for pointer, texts := range bad {
			wrong[pointer] = texts
		}
	}
	key := v.form.Get("key")
	if grew || v.form.Get(form.Button) == doShape {
		return v.showRefile(c, x, w, nil, key, http.StatusOK)
	}
	if len(wrong) > 0 {
		return v.showRefile(c, x, w, wrong, key, http.StatusUnprocessableEntity)
	}
	now := w.service.asCase(w.form.Answer(app))
	for k := range c.Application { // a merge patch takes away by null
		if _, has := now[k]; !has {
			now[k] = nil
		}
	}
	_, err = v.call(call{method: http.MethodPost, path: "/cases/" + seg(c.Code) + "/dossiers/" + seg(x.Step) + "/refile", key: key,
		match: v.form.Get("etag"), body: map[string]any{"application": now}}, nil)
	if p, ok := refused(err, codeInvalid); ok {
		return v.showRefile(c, x, w, v.wrongOn(p.Errors, w.form, ""), newKey(), http.StatusUnprocessableEntity)
	}
	if p, ok := refused(err, codeStale, codeWrongState); ok {
		return v.showRefile(c, x, w, map[string][]string{"": {v.changed(p)}}, newKey(), http.StatusConflict)
	}
	if err != nil {
		return err
	}
	if !v.me.Citizen() {
		v.redirect(v.casePath(c) + "?done=1")
		return nil
	}
	v.redirect("/cases/" + seg(c.Code))
	return nil
}
