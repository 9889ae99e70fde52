package portal

import (
	"net/http"
	"slices"
	"strings"
)

// filers may declare and file: citizens for themselves, the counter for the citizen
// before it.
var filers = audience{citizen: true, roles: []string{"reception"}}

func (p *Portal) counterPages() []page {
	counter := audience{roles: []string{"reception"}}
	return []page{
		{pattern: "GET /counter", who: counter, menu: "counter.menu", do: (*visit).counterPage},
		{pattern: "POST /counter", who: counter, do: (*visit).findCitizen},
	}
}

// behalf is the citizen for whom the counter files.
type behalf struct {
	ID      string `json:"id"`
	Name    string `json:"name"`
	Phone   string `json:"phone,omitempty"`
	Email   string `json:"email,omitempty"`
	Channel int    `json:"channel,omitempty"` // 1 counter, 3 post; 0 = not told
}

// channelPost is the value of the choice that an application came by post.
const channelPost = "3"

// counterPageData asks for whom the counter files, and what.
type counterPageData struct {
	ID, Name, Phone, Email string
	Found                  *foundPerson
	Silent                 bool // the register did not answer: the name is typed
	Services               []service
	Drafts                 []draft
	Wrong                  map[string]string // by field
	Key                    string            // of the form that begins a declaration
}

type foundPerson struct {
	ID        string `json:"id"`
	Name      string `json:"name"`
	BirthDate string `json:"birth_date"`
	Alive     bool   `json:"alive"`
}

func (v *visit) counterPage() error { return v.showCounter(counterPageData{}, http.StatusOK) }

func (v *visit) showCounter(d counterPageData, status int) error {
	var err error
	if d.Drafts, err = v.drafts(); err != nil {
		return err
	}
	if d.Found != nil || d.Silent {
		var list homePage
		if err := v.get("/services", &list); err != nil {
			return err
		}
		d.Services, d.Key = list.Services, newKey()
	}
	s := screen{page: "counter", status: status, title: v.t("counter.title"), data: d}
	for _, field := range sortedKeys(d.Wrong) {
		s.errors = append(s.errors, fieldError{Pointer: "/" + field, Detail: d.Wrong[field]})
	}
	return v.show(s)
}

// findCitizen looks up who stands at the counter. The number comes by POST: it never
// stands in an address.
func (v *visit) findCitizen() error {
	d := counterPageData{ID: strings.TrimSpace(v.form.Get("id")), Wrong: map[string]string{}}
	if len(d.ID) != 12 || strings.Trim(d.ID, "0123456789") != "" {
		d.Wrong["id"] = v.t("about.wrong")
		return v.showCounter(d, http.StatusUnprocessableEntity)
	}
	d.Found = &foundPerson{}
	_, err := v.call(call{method: http.MethodPost, path: "/desk/people", body: map[string]any{"id": d.ID}}, d.Found)
	switch statusOf(err) {
	case http.StatusNotFound:
		d.Found, d.Wrong["id"] = nil, v.t("counter.unknown")
		return v.showCounter(d, http.StatusUnprocessableEntity)
	case http.StatusServiceUnavailable:
		d.Found, d.Silent = nil, true
		return v.showCounter(d, http.StatusOK)
	}
	if err != nil {
		return err
	}
	if !d.Found.Alive {
		d.Found, d.Wrong["id"] = nil, v.t("counter.dead")
		return v.showCounter(d, http.StatusUnprocessableEntity)
	}
	return v.showCounter(d, http.StatusOK)
}

// onBehalf reads for whom a declaration is begun; nil for a citizen's own. The name is
// the register's where it answers.
func (v *visit) onBehalf() (*behalf, error) {
	if v.me.Citizen() {
		return nil, nil
	}
	b := &behalf{ID: v.form.Get("person"), Name: strings.TrimSpace(v.form.Get("name")), Phone: strings.TrimSpace(v.form.Get("phone")),
		Email: strings.TrimSpace(v.form.Get("email")), Channel: 1}
	if v.form.Get("channel") == channelPost {
		b.Channel = 3
	}
	var found foundPerson
	_, err := v.call(call{method: http.MethodPost, path: "/desk/people", body: map[string]any{"id": b.ID}}, &found)
	switch {
	case err == nil:
		b.Name = found.Name
	case statusOf(err) == http.StatusServiceUnavailable && b.Name != "":
	default:
		return nil, err
	}
	return b, nil
}

// person is whom the registers are asked about: "" for a citizen's own declaration.
func (d *draftData) person() string {
	if d.Behalf == nil {
		return ""
	}
	return d.Behalf.ID
}

// homeOf is where the visitor's own lists are.
func (v *visit) homeOf() string {
	if v.me.Citizen() {
		return "/cases"
	}
	return "/counter"
}

// casePath is a case for whoever looks at it: the applicant's page, or the first part
// that an office works on.
func (v *visit) casePath(c *caseView) string {
	if v.me.Citizen() {
		return "/cases/" + seg(c.Code)
	}
	i := slices.IndexFunc(c.Dossiers, func(x dossier) bool { return x.Status == "open" || x.Status == "ended" })
	if i < 0 {
		return "/inbox"
	}
	return dossierPath(c.Code, c.Dossiers[i].Step)
}
