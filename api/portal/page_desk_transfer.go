package portal

import (
	"net/url"
	"slices"
	"strings"

	"lienthong/api/portal/form"
)

// mostOffices is how many offices are offered beside those that the dossier points to;
// more are found by a search.
const mostOffices = 12

// doFind is the button that searches an office.
const doFind = "find"

// transferForm asks to which office a dossier goes, and why: first the offices of the
// places that the declaration names, then others of the same kind, or those whose
// names have the words that were searched.
type transferForm struct {
	Near   []officeChoice // of places named in the declaration
	Others []officeChoice
	Left   int    // how many more there are
	Find   string // what was searched
	Office string // the chosen one
	Reason string

	all []officePlace
}

// officePlace is an office with what it is competent for.
type officePlace struct {
	ID       string `json:"id"`
	Name     Text   `json:"name"`
	Province Text   `json:"province"`
	Serves   []struct {
		Code string `json:"code"`
		Name Text   `json:"name"`
	} `json:"serves"`
}

// officeChoice is an office with the reason why it is offered.
type officeChoice struct {
	officePlace
	Why string
}

// transferForm reads what was posted, and finds the offices to offer.
func (v *visit) transferForm(w *writing) (*transferForm, error) {
	t := &transferForm{Find: strings.TrimSpace(v.form.Get("find")), Office: v.form.Get("office"), Reason: strings.TrimSpace(v.form.Get("reason"))}
	var err error
	if t.all, err = v.offices(""); err != nil {
		return nil, err
	}
	found := t.all
	if t.Find != "" {
		if found, err = v.offices(t.Find); err != nil {
			return nil, err
		}
	}
	named := w.communes(v)
	for _, o := range t.all {
		var why []string
		for _, unit := range o.Serves {
			why = append(why, named[unit.Code]...)
		}
		if len(why) > 0 {
			t.Near = append(t.Near, officeChoice{o, strings.Join(why, "; ")})
		}
	}
	for _, o := range found {
		switch {
		case t.near(o.ID):
		case len(t.Others) < mostOffices:
			t.Others = append(t.Others, officeChoice{o, o.Province.In(v.lang)})
		default:
			t.Left++
		}
	}
	t.keepChosen(v)
	return t, nil
}

func (t *transferForm) near(id string) bool {
	return slices.ContainsFunc(t.Near, func(o officeChoice) bool { return o.ID == id })
}

// keepChosen keeps the office that was chosen among those that are offered.
func (t *transferForm) keepChosen(v *visit) {
	is := func(o officeChoice) bool { return o.ID == t.Office }
	if t.Office == "" || t.near(t.Office) || slices.ContainsFunc(t.Others, is) {
		return
	}
	for _, o := range t.all {
		if o.ID == t.Office {
			t.Others = append(t.Others, officeChoice{o, o.Province.In(v.lang)})
		}
	}
}

func (v *visit) offices(text string) ([]officePlace, error) {
	var list struct{ Offices []officePlace }
	q := url.Values{}
	if text != "" {
		q.Set("text", text)
	}
	_, err := v.call(call{path: "/desk/offices", query: q}, &list)
	return list.Offices, err
}

// communes are the communes that a declaration names, each with the questions that it
// answers.
func (w *writing) communes(v *visit) map[string][]string {
	out := map[string][]string{}
	for _, p := range w.form.Pages(w.draft.Data.Application) {
		w.form.Ask(p.Name, w.draft.Data.state(nil)).Walk(func(q *form.Question) {
			if q.Kind != form.Commune || q.Value == "" {
				return
			}
			why := p.Label.In(v.lang)
			if label := q.Label.In(v.lang); label != why {
				why += ": " + label
			}
			if !slices.Contains(out[q.Value], why) {
				out[q.Value] = append(out[q.Value], why)
			}
		})
	}
	return out
}

// searches tells whether the form was sent to search: by its button, or by Enter after
// other words were typed. A search never sends the dossier anywhere.
func (t *transferForm) searches(v *visit) bool {
	return v.form.Get(form.Button) == doFind || t.Find != v.form.Get("found")
}

// check finds what is missing.
func (t *transferForm) check(v *visit) map[string][]string {
	wrong := map[string][]string{}
	if t.Office == "" {
		wrong["/office"] = []string{v.t("desk.office.required")}
	}
	if t.Reason == "" {
		wrong["/reason"] = []string{v.t("desk.reason.required")}
	}
	return wrong
}

// chosen is the name of the chosen office.
func (t *transferForm) chosen(v *visit) string {
	for _, o := range t.all {
		if o.ID == t.Office {
			return o.Name.In(v.lang)
		}
	}
	return ""
}
