package portal

import (
	"net/http"
	"net/url"
	"slices"
)

// versionFolk look at what was published; administrators publish, choose and move.
var (
	versionFolk    = audience{roles: []string{"tester", "administrator"}}
	administrators = audience{roles: []string{"administrator"}}
)

// Addresses have hyphens, which no id of a service or step has.
func (p *Portal) versionPages() []page {
	return []page{
		{pattern: "GET /workflows/new-version", who: versionFolk, do: (*visit).draftPage},
		{pattern: "POST /workflows/new-version", who: versionFolk, do: (*visit).checkDraft},
		{pattern: "POST /workflows/new-version/picture", who: versionFolk, do: (*visit).drawDraft},
		{pattern: "GET /workflows/new-version/picture", who: versionFolk, do: (*visit).draftPage},
		{pattern: "POST /workflows/publish-version", who: administrators, do: (*visit).publishDraft},
		{pattern: "GET /workflows/publish-version", who: versionFolk, do: (*visit).draftPage},
		{pattern: "GET /workflows/{id}/all-versions", who: versionFolk, do: (*visit).versionsPage},
		{pattern: "GET /workflows/{id}/make-default", who: administrators, do: (*visit).defaultPage},
		{pattern: "POST /workflows/{id}/make-default", who: administrators, do: (*visit).makeDefault},
		{pattern: "GET /workflows/{id}/move-cases", who: administrators, do: (*visit).movePage},
		{pattern: "POST /workflows/{id}/move-cases", who: administrators, do: (*visit).moveCases},
		{pattern: "GET /workflows/{id}/take-back", who: administrators, do: (*visit).takeBackPage},
		{pattern: "POST /workflows/{id}/take-back", who: administrators, do: (*visit).takeBack},
	}
}

// publishedVersion is a version that was published.
type publishedVersion struct {
	Service string   `json:"service"`
	Version string   `json:"version"`
	Hash    string   `json:"hash"`
	Title   Text     `json:"title"`
	From    Time     `json:"from"`
	To      Time     `json:"to"`
	InForce bool     `json:"in_force"`
	Current bool     `json:"current"`
	By      string   `json:"by"`
	At      Time     `json:"at"`
	Files   []string `json:"files"`
	Default []struct {
		By   string `json:"by"`
		At   Time   `json:"at"`
		Note string `json:"note"`
	} `json:"made_default"`
	Before string `json:"-"` // the version published before it
}

// versionsOf reads a service's published versions, newest first.
func (v *visit) versionsOf(id string) ([]publishedVersion, error) {
	var all struct{ Versions []publishedVersion }
	if err := v.get("/definitions/"+seg(id), &all); err != nil {
		return nil, err
	}
	for i := 1; i < len(all.Versions); i++ {
		all.Versions[i].Before = all.Versions[i-1].Version
	}
	slices.Reverse(all.Versions)
	return all.Versions, nil
}

type versionsPageData struct {
	ID       string
	Title    Text
	Versions []publishedVersion
	Done     string // what was done just now: published, default, taken
}

func (v *visit) versionsPage() error {
	vs, err := v.versionsOf(v.r.PathValue("id"))
	if err != nil {
		return err
	}
	d := versionsPageData{ID: vs[0].Service, Title: vs[0].Title, Versions: vs}
	if done := v.r.URL.Query().Get("done"); slices.Contains([]string{"published", "default", "taken"}, done) {
		d.Done = done
	}
	return v.show(screen{page: "versions", title: v.t("versions.title", d.Title.In(v.lang)), wide: true, data: d, crumbs: v.versionCrumbs(d.ID, d.Title, false)})
}

// versionCrumbs lead to a page about a service's versions, or below it.
func (v *visit) versionCrumbs(id string, title Text, below bool) []crumb {
	out := []crumb{{v.t("workflow.title"), "/workflows"}, {title.In(v.lang), "/workflows/" + seg(id)}}
	if below {
		out = append(out, crumb{v.t("versions.link"), "/workflows/" + seg(id) + "/all-versions"})
	}
	return out
}

// difference is one thing that decides otherwise under another version.
type difference struct {
	Text Text `json:"text"`
	New  *struct {
		File string `json:"file"`
		Line int    `json:"line"`
	} `json:"new"`
}

type defaultPageData struct {
	ID          string
	Title       Text
	Version     publishedVersion
	Now         string // the version that is the default now; "" = none
	Differences []difference
	Note, Key   string
}

// defaultData is the version that the address names and the one that it follows.
func (v *visit) defaultData() (defaultPageData, error) {
	var d defaultPageData
	vs, err := v.versionsOf(v.r.PathValue("id"))
	if err != nil {
		return d, err
	}
	i := slices.IndexFunc(vs, func(x publishedVersion) bool { return x.Version == v.asked("version") })
	if i < 0 {
		return d, &problem{Status: http.StatusNotFound}
	}
	d = defaultPageData{ID: vs[i].Service, Title: vs[i].Title, Version: vs[i], Note: v.form.Get("note"), Key: v.form.Get("key")}
	if d.Key == "" {
		d.Key = newKey()
	}
	for _, x := range vs {
		if x.Current {
			d.Now = x.Version
		}
	}
	if d.Now == "" || d.Now == d.Version.Version {
		return d, nil
	}
	var out struct{ Differences []difference }
	_, err = v.call(call{method: http.MethodPost, path: "/definitions/diff", body: map[string]any{"service": d.ID, "from": d.Now, "to": d.Version.Version}}, &out)
	d.Differences = out.Differences
	return d, err
}

// asked is a value of the form, or of the address.
func (v *visit) asked(name string) string {
	if v.form.Has(name) {
		return v.form.Get(name)
	}
	return v.r.URL.Query().Get(name)
}

func (v *visit) defaultPage() error {
	d, err := v.defaultData()
	if err != nil {
		return err
	}
	return v.showDefault(d, nil, http.StatusOK)
}

func (v *visit) showDefault(d defaultPageData, wrong []fieldError, status int) error {
	return v.show(screen{page: "make_default", status: status, wide: true, title: v.t("versions.default.title", d.Version.Version), errors: wrong, data: d,
		crumbs: v.versionCrumbs(d.ID, d.Title, true)})
}

// unsure is the error of a form whose confirmation was not ticked.
func (v *visit) unsure() []fieldError {
	if v.form.Get("sure") == "yes" {
		return nil
	}
	return []fieldError{{Pointer: "/sure", Detail: v.t("versions.sure.missing")}}
}

func (v *visit) makeDefault() error {
	d, err := v.defaultData()
	if err != nil {
		return err
	}
	if wrong := v.unsure(); wrong != nil {
		return v.showDefault(d, wrong, http.StatusUnprocessableEntity)
	}
	_, err = v.call(call{method: http.MethodPost, path: "/definitions/default", key: d.Key,
		body: map[string]any{"service": d.ID, "version": d.Version.Version, "note": d.Note}}, nil)
	if p, ok := refused(err, codeInvalid); ok {
		return v.showDefault(d, p.Errors, p.Status)
	}
	if err != nil {
		return err
	}
	v.redirect("/workflows/" + seg(d.ID) + "/all-versions?done=default")
	return nil
}

type takeBackPageData struct {
	ID, Case, Reason, Key string
	Title                 Text
}

func (v *visit) takeBackPage() error { return v.showTakeBack(newKey(), nil, http.StatusOK) }

func (v *visit) showTakeBack(key string, wrong []fieldError, status int) error {
	vs, err := v.versionsOf(v.r.PathValue("id"))
	if err != nil {
		return err
	}
	d := takeBackPageData{ID: vs[0].Service, Title: vs[0].Title, Case: v.asked("case"), Reason: v.form.Get("reason"), Key: key}
	return v.show(screen{page: "take_back", status: status, wide: true, title: v.t("versions.back.title"), errors: wrong, data: d, crumbs: v.versionCrumbs(d.ID, d.Title, true)})
}

func (v *visit) takeBack() error {
	code, wrong := v.form.Get("case"), v.unsure()
	if code == "" {
		wrong = append([]fieldError{{Pointer: "/case", Detail: v.t("versions.case.missing")}}, wrong...)
	}
	if wrong != nil {
		return v.showTakeBack(v.form.Get("key"), wrong, http.StatusUnprocessableEntity)
	}
	body := map[string]any{}
	if reason := v.form.Get("reason"); reason != "" {
		body["reason"] = reason
	}
	_, err := v.call(call{method: http.MethodPost, path: "/cases/" + seg(code) + "/revert", key: v.form.Get("key"), body: body}, nil)
	if p, ok := asProblem(err); ok && (p.Code == codeWrongState || p.Code == codePrecondition || p.Code == codeInvalid || p.Status == http.StatusNotFound) {
		detail := p.Detail
		if p.Status == http.StatusNotFound {
			detail = v.t("versions.case.unknown")
		}
		return v.showTakeBack(newKey(), []fieldError{{Pointer: "/case", Detail: detail}}, p.Status)
	}
	if err != nil {
		return err
	}
	v.redirect("/workflows/" + seg(v.r.PathValue("id")) + "/all-versions?" + url.Values{"done": {"taken"}}.Encode())
	return nil
}
