package portal

import (
	"encoding/json"
	"net/http"

	"lienthong/api/portal/form"
)

// serviceDetail is one version of a service with all that a page says about it.
type serviceDetail struct {
	service
	Form *struct {
		ID     string          `json:"id"`
		Title  Text            `json:"title"`
		Schema json.RawMessage `json:"schema"`
	} `json:"form"`
	Fee *struct {
		Purpose Text  `json:"purpose"`
		Within  *Text `json:"limit_text"`
	} `json:"fee"`
	Each  *each         `json:"each"`
	Steps []serviceStep `json:"steps"`
}

type serviceStep struct {
	ID        string `json:"id"`
	Title     Text   `json:"title"`
	Procedure struct {
		Code  string `json:"code"`
		Title Text   `json:"title"`
	} `json:"procedure"`
	Agency      Text     `json:"agency_title"`
	Needs       []string `json:"needs"`
	Conditional bool     `json:"conditional"`
	Within      *Text    `json:"limit_text"`
	Results     []struct {
		Document string `json:"document"`
		Title    Text   `json:"title"`
		Paper    bool   `json:"paper"`
	} `json:"results"`
}

func (p *Portal) servicePages() []page {
	return []page{
		{pattern: "GET /services/{id}", who: anyone, do: (*visit).servicePage},
		{pattern: "GET /services/{id}/diagram.svg", who: anyone, do: (*visit).serviceDiagram},
	}
}

func (v *visit) readService(id string) (*serviceDetail, error) {
	var s serviceDetail
	err := v.get("/services/"+seg(id), &s)
	return &s, err
}

// serviceForm is a service with its form made ready.
func (v *visit) serviceForm(id string) (*serviceDetail, *form.Form, error) {
	s, err := v.readService(id)
	if err != nil {
		return nil, nil, err
	}
	if s.Form == nil {
		return nil, nil, &problem{Status: http.StatusNotFound}
	}
	f, err := v.p.forms.read(s.Form.Schema)
	return s, f, err
}

// titles are the titles of a service's steps.
func (s *serviceDetail) titles() map[string]Text {
	out := map[string]Text{}
	for _, st := range s.Steps {
		out[st.ID] = st.Title
	}
	return out
}

// servicePageData is what somebody reads before applying.
type servicePageData struct {
	Service *serviceDetail
	Titles  map[string]Text
	Papers  []string // needed in some cases only
	Drafts  []draft  // the visitor's own, of this service
	Key     string   // of the form that begins one
}

func (v *visit) servicePage() error {
	s, f, err := v.serviceForm(v.r.PathValue("id"))
	if err != nil {
		return err
	}
	d := servicePageData{Service: s, Titles: s.titles(), Key: newKey()}
	for _, t := range f.Papers() {
		d.Papers = append(d.Papers, t.In(v.lang))
	}
	if v.me.Citizen() {
		all, err := v.drafts()
		if err != nil {
			return err
		}
		for _, x := range all {
			if x.Service == s.ID {
				d.Drafts = append(d.Drafts, x)
			}
		}
	}
	return v.show(screen{page: "service", title: s.Title.In(v.lang), wide: true, crumbs: []crumb{{v.t("home.crumb"), "/"}}, data: d})
}

func (v *visit) serviceDiagram() error {
	return v.picture("/services/" + seg(v.r.PathValue("id")) + "/diagram")
}

// picture passes an SVG picture of the surface on. Its style sheet is inside; the
// policy lets that and nothing else run.
func (v *visit) picture(path string) error {
	rec, err := v.send(call{path: path})
	if err != nil {
		return err
	}
	v.w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'")
	v.write(http.StatusOK, "image/svg+xml", rec.body.Bytes())
	return nil
}
