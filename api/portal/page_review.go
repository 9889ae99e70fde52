package portal

import (
	"net/http"
	"slices"
	"strings"

	"lienthong/api/portal/form"
)

func (p *Portal) reviewPages() []page {
	return []page{
		{pattern: "GET /applications/{id}/review", who: filers, do: (*visit).reviewPage},
		{pattern: "POST /applications/{id}/file", who: filers, do: (*visit).fileApplication},
		{pattern: "GET /applications/{id}/file", who: filers, do: func(v *visit) error {
			v.redirect("/applications/" + seg(v.r.PathValue("id")) + "/review")
			return nil
		}},
	}
}

// reviewPageData is everything that will be filed, before it is.
type reviewPageData struct {
	Draft    *draft
	Service  *serviceDetail
	Check    *checked
	Missing  []gap
	Sections []section
	Key      string
	Twice    *problem // another case holds the same matter
	Files    bool
}

// gap is something that is still wrong, with the page that asks it.
type gap struct{ Path, Text string }

// section is one page of the form for reading.
type section struct {
	Title   string
	Path    string
	Rows    []row
	Sources []string // registers that gave some of it
}

// row is one answer for reading; a row without a value is a heading.
type row struct {
	Label, Value string
	Source       string // the register that gave it
	Heading      bool
	Disputed     string
	Completed    string // what the applicant says since, asked by an agency
	Paper        *paper
}

func (v *visit) reviewPage() error {
	w, err := v.writing()
	if err != nil {
		return v.elsewhere(err)
	}
	return v.showReview(w, nil, http.StatusOK)
}

func (v *visit) showReview(w *writing, wrong []fieldError, status int) error {
	c, err := v.check(w.draft, w.form)
	if err != nil {
		return err
	}
	d := reviewPageData{Draft: w.draft, Service: w.service, Check: c, Key: w.draft.Data.Pages.Key, Twice: c.Duplicate, Sections: w.sections(v)}
	for _, p := range c.Problems {
		g := gap{Path: w.draft.path(), Text: v.plainly(p, w.form)}
		if parts := form.Split(p.Pointer); len(parts) > 0 && w.form.Ask(parts[0], w.draft.Data.state(nil)) != nil {
			g.Path = w.pagePath(parts[0]) + "#" + fieldID(p.Pointer)
			if page := w.form.Label(form.Top(parts[0])).In(v.lang); len(parts) > 1 && page != "" { // several pages ask for a name, or in which way
				g.Text = page + " – " + g.Text
			}
		}
		d.Missing = append(d.Missing, g)
	}
	return v.show(screen{page: "review", status: status, title: v.t("review.title"), data: d, errors: wrong,
		crumbs: append(w.crumbs(v), crumb{v.t("application.crumb"), w.draft.path()})})
}

// sections are the answers page by page.
func (w *writing) sections(v *visit) []section {
	a := w.asking(v)
	var out []section
	for _, p := range w.form.Pages(w.draft.Data.Application) {
		s := section{Title: p.Label.In(v.lang), Path: w.pagePath(p.Name)}
		a.rows(w.form.Ask(p.Name, w.draft.Data.state(nil)), &s.Rows, true)
		for _, r := range s.Rows {
			if r.Source != "" && !slices.Contains(s.Sources, r.Source) {
				s.Sources = append(s.Sources, r.Source)
			}
		}
		out = append(out, s)
	}
	return out
}

// rows lists the answers below a question; what nobody answered is left out.
func (a *asking) rows(q *form.Question, out *[]row, top bool) {
	switch {
	case q.Kind == form.Either:
	case q.Leaf():
		f := a.field(q, 3, nil)
		if q.Value == "" {
			return
		}
		r := row{Label: f.Label, Value: f.Said, Disputed: q.Disputed, Completed: a.said(q, a.completed[q.Pointer]), Paper: f.Paper}
		if r.Source = f.Source; q.Disputed != "" {
			r.Source = ""
		}
		*out = append(*out, r)
	default:
		var inside []row
		for i, p := range q.Parts {
			if q.Kind == form.List && len(q.Parts) > 1 {
				title := p.Label
				if title.In(a.v.lang) == "" {
					title = q.Label
				}
				inside = append(inside, row{Label: a.v.t("form.entry", title.In(a.v.lang), i+1), Heading: true})
			}
			a.rows(p, &inside, q.Kind == form.List)
		}
		if len(inside) > 0 && !top {
			*out = append(*out, row{Label: q.Label.In(a.v.lang), Heading: true})
		}
		*out = append(*out, inside...)
	}
}

// filed is the answer to a filing.
type filed struct {
	Cases []struct {
		Code string `json:"code"`
	} `json:"cases"`
}

// fileApplication files what the draft says. The key is the draft's own, so that two
// clicks file once.
func (v *visit) fileApplication() error {
	w, err := v.writing()
	if err != nil {
		return v.elsewhere(err)
	}
	if v.form.Get("sure") != "yes" {
		return v.showReview(w, []fieldError{{Pointer: "/sure", Detail: v.t("review.sure.wrong")}}, http.StatusUnprocessableEntity)
	}
	if v.form.Has("seen") && v.form.Get("seen") != w.draft.ETag {
		return v.showReview(w, []fieldError{{Pointer: "/sure", Detail: v.t("review.elsewhere")}}, http.StatusConflict)
	}
	body := w.draft.Data.filing(w.form)
	body["service"] = w.draft.Service
	var out filed
	_, err = v.call(call{method: http.MethodPost, path: "/cases", body: body, key: w.draft.Data.Pages.Key}, &out)
	if p, ok := refused(err, codeInvalid, codeDuplicate); ok {
		return v.showReview(w, nil, p.Status) // the check says the same, with places
	}
	if err != nil {
		return err
	}
	var codes []string
	for _, c := range out.Cases {
		codes = append(codes, c.Code)
	}
	// What was entered is in the cases now; the draft keeps their codes only.
	w.draft.Service, w.draft.Data = filedDraft, draftData{Pages: draftPages{Filed: codes}}
	if err := v.saveDraft(w.draft); err != nil && statusOf(err) >= 500 {
		v.p.cfg.Logger.ErrorContext(v.r.Context(), "a filed draft could not be cleared", "trace", v.trace)
	}
	v.redirect(receiptPath(codes))
	return nil
}

// receiptPath is where the slip of cases filed together is.
func receiptPath(codes []string) string {
	to := "/cases/" + seg(codes[0]) + "/receipt"
	if len(codes) > 1 {
		to += "?with=" + strings.Join(codes[1:], ",")
	}
	return to
}
