package portal

import (
	"encoding/base64"
	"html/template"
	"maps"
	"net/http"
	"path"
	"regexp"
	"slices"
	"strings"
)

// definitionFile is a definition file on its way through the pages: what was uploaded
// travels in the forms until it is published, and is kept nowhere.
type definitionFile struct{ Path, Text string }

// draftFolders are where files of each kind belong, by their first key.
var draftFolders = map[string]string{"service": "services", "procedure": "procedures", "form": "forms", "subform": "subforms"}

var draftKind = regexp.MustCompile(`(?m)^(service|procedure|form|subform):`)

// draftPath is where a file belongs: what it is stands in it, its name comes from
// the upload.
func draftPath(name, text string) string {
	name = path.Base(strings.ReplaceAll(name, `\`, "/"))
	if m := draftKind.FindStringSubmatch(text); m != nil {
		return draftFolders[m[1]] + "/" + name
	}
	return name // in no folder: draftWrong says what it lacks
}

// draftReport is what files hold.
type draftReport struct {
	Good     bool           `json:"good"`
	Findings []checkFinding `json:"findings"`
	New      []struct {
		Service string `json:"service"`
		Version string `json:"version"`
		Hash    string `json:"hash"`
	} `json:"new"`
	Published bool `json:"published"`
}

type draftPageData struct {
	Files  []definitionFile
	Report *draftReport
	May    bool // the visitor may publish
	Key    string
}

func (v *visit) draftPage() error { return v.showDraft(draftPageData{}, nil, http.StatusOK) }

func (v *visit) showDraft(d draftPageData, wrong []fieldError, status int) error {
	d.May, d.Key = v.me.Has("administrator"), newKey()
	return v.show(screen{page: "new_version", status: status, title: v.t("draft.title"), errors: wrong, wide: true, data: d, crumbs: []crumb{{v.t("workflow.title"), "/workflows"}}})
}

// draft reads the files of a form: those it carries, and those that were added.
func (v *visit) draft() ([]definitionFile, error) {
	all := map[string]string{}
	paths, texts := v.form["path"], v.form["text"]
	if len(paths) != len(texts) {
		return nil, &problem{Status: http.StatusBadRequest}
	}
	for i, p := range paths {
		all[p] = texts[i]
	}
	for _, f := range v.files["files"] {
		if text := string(f.Content); text != "" {
			all[draftPath(f.Name, text)] = text
		}
	}
	var out []definitionFile
	for _, p := range slices.Sorted(maps.Keys(all)) {
		// A form sends lines with CR LF, whatever the file had.
		out = append(out, definitionFile{p, strings.ReplaceAll(all[p], "\r\n", "\n")})
	}
	return out, nil
}

// asBody is the files as the surface takes them.
func asBody(files []definitionFile) map[string]any {
	out := map[string]any{}
	for _, f := range files {
		out[f.Path] = f.Text
	}
	return map[string]any{"files": out}
}

func (v *visit) checkDraft() error {
	files, err := v.draft()
	if err != nil {
		return err
	}
	if len(files) == 0 {
		return v.showDraft(draftPageData{}, []fieldError{{Pointer: "/files", Detail: v.t("draft.none")}}, http.StatusUnprocessableEntity)
	}
	return v.reportDraft(files, nil, http.StatusOK)
}

// reportDraft asks what is wrong with files, and shows it.
func (v *visit) reportDraft(files []definitionFile, wrong []fieldError, status int) error {
	d := draftPageData{Files: files, Report: &draftReport{}}
	_, err := v.call(call{method: http.MethodPost, path: "/definitions/check-files", body: asBody(files)}, d.Report)
	if p, ok := refused(err, codeInvalid, codeDuplicate); ok {
		return v.showDraft(draftPageData{Files: files}, v.draftWrong(p), p.Status)
	}
	if err != nil {
		return err
	}
	return v.showDraft(d, wrong, status)
}

// draftWrong is why files are no definitions, at the field that takes them. What a file is
// stands in it: a browser sends no folder, so nobody could name one.
func (v *visit) draftWrong(p *problem) []fieldError {
	var out []fieldError
	for _, e := range p.Errors {
		name := strings.TrimPrefix(e.Pointer, "/files/")
		if path.Ext(name) == ".yaml" && !strings.Contains(name, "/") {
			e.Detail = v.t("draft.unknown")
		}
		out = append(out, fieldError{Pointer: "/files", Detail: name + ": " + e.Detail})
	}
	if out == nil {
		out = []fieldError{{Pointer: "/files", Detail: p.Detail}}
	}
	return out
}

func (v *visit) publishDraft() error {
	files, err := v.draft()
	if err != nil {
		return err
	}
	if len(files) == 0 {
		return v.checkDraft()
	}
	if wrong := v.unsure(); wrong != nil {
		return v.reportDraft(files, wrong, http.StatusUnprocessableEntity)
	}
	var r draftReport
	_, err = v.call(call{method: http.MethodPost, path: "/definitions/publish", key: v.form.Get("key"), body: asBody(files)}, &r)
	if p, ok := refused(err, codeInvalid, codeDuplicate); ok {
		return v.showDraft(draftPageData{Files: files}, v.draftWrong(p), p.Status)
	}
	if err != nil {
		return err
	}
	if !r.Published {
		return v.showDraft(draftPageData{Files: files, Report: &r}, nil, http.StatusUnprocessableEntity)
	}
	v.redirect("/workflows/" + seg(r.New[0].Service) + "/all-versions?done=published")
	return nil
}

type draftPictureData struct {
	Service, Version, Step, State string
	Alt                           string
	Picture                       template.URL
}

// drawDraft shows one machine of a version that is not published yet, with the state
// lit that an act of a story leads to.
func (v *visit) drawDraft() error {
	files, err := v.draft()
	if err != nil {
		return err
	}
	at := strings.Split(v.form.Get("at"), " ")
	if len(at) != 4 || len(files) == 0 {
		return &problem{Status: http.StatusBadRequest}
	}
	d := draftPictureData{Service: at[0], Version: at[1], Step: at[2], State: at[3], Alt: v.t("draft.alt", at[2], at[3])}
	body := asBody(files)
	body["service"], body["version"], body["step"], body["state"] = d.Service, d.Version, d.Step, d.State
	rec, err := v.send(call{method: http.MethodPost, path: "/definitions/draw", body: body})
	if err != nil {
		return err
	}
	d.Picture = template.URL("data:image/svg+xml;base64," + base64.StdEncoding.EncodeToString(rec.body.Bytes())) // ours: shown as a picture, so that nothing in it runs
	return v.show(screen{page: "draft_picture", title: v.t("draft.picture", d.Step, d.Version), wide: true, data: d, crumbs: []crumb{{v.t("workflow.title"), "/workflows"}, {v.t("draft.title"), "/workflows/new-version"}}})
}

// DraftAt is where an act of a story is looked at in a version that is not
// published: service, version, step, state.
func (f checkFinding) DraftAt(a storyAct) string {
	state := a.To
	if state == "" {
		state = a.From
	}
	if a.Step == "" || f.Service == "" || state == "" || strings.ContainsAny(f.Version+a.Step+state, " ") {
		return ""
	}
	return strings.Join([]string{f.Service, f.Version, a.Step, state}, " ")
}
