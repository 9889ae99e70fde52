package portal

import (
	"net/http"
	"net/url"
	"strings"
)

// testers look inside: definitions as pictures and tables, cases as they were.
var testers = audience{roles: []string{"tester"}}

// readers of definitions: what is drawn is public, the pages are for who works with it.
var definitionFolk = audience{roles: []string{"tester", "administrator", "supervisor", "operator"}}

func (p *Portal) workflowPages() []page {
	return []page{
		{pattern: "GET /workflows", who: definitionFolk, menu: "workflow.title", do: (*visit).workflowsPage},
		{pattern: "GET /workflows/{id}", who: definitionFolk, do: (*visit).workflowPage},
		{pattern: "GET /workflows/{id}/diagram.svg", who: definitionFolk, do: (*visit).workflowPicture},
		{pattern: "GET /workflows/{id}/{step}", who: definitionFolk, do: (*visit).machinePage},
		{pattern: "GET /workflows/{id}/{step}/diagram.svg", who: definitionFolk, do: (*visit).machinePicture},
	}
}

// versionOf is a version of a service in a list.
type versionOf struct {
	service
	From    Time `json:"from"`
	To      Time `json:"to"`
	InForce bool `json:"in_force"`
}

// Path is the address of its page.
func (s versionOf) Path() string {
	return "/workflows/" + seg(s.ID) + "?version=" + url.QueryEscape(s.Version)
}

func (v *visit) workflowsPage() error {
	var d struct{ Services []versionOf }
	if _, err := v.call(call{path: "/services", query: url.Values{"all": {"true"}}}, &d); err != nil {
		return err
	}
	return v.show(screen{page: "workflows", title: v.t("workflow.title"), wide: true, data: d})
}

// zooms are the widths at which a picture may be looked at.
var zooms = []string{"fit", "100", "150", "200"}

// zoom is a picture with ways to make it larger and smaller, without scripts.
type zoom struct {
	Source, Alt string
	Now         string
	Ways        []offer // to the other widths
}

// zoomed reads the width from the address, which keeps its other parts; now is the one
// without it.
func (v *visit) zoomed(source, alt, now string) zoom {
	z := zoom{Source: source, Alt: alt, Now: now}
	q := v.r.URL.Query()
	for _, w := range zooms {
		if q.Get("zoom") == w {
			z.Now = w
		}
	}
	for _, w := range zooms {
		q.Set("zoom", w)
		z.Ways = append(z.Ways, offer{Label: v.tg("zoom", w), Path: v.r.URL.Path + "?" + q.Encode(), First: w == z.Now})
	}
	return z
}

// workflowDetail is one version of a service with its steps.
type workflowDetail struct {
	ID       string         `json:"id"`
	Version  string         `json:"version"`
	Code     string         `json:"code"`
	Title    Text           `json:"title"`
	Hash     string         `json:"hash"`
	From     Time           `json:"from"`
	To       Time           `json:"to"`
	InForce  bool           `json:"in_force"`
	Within   *Text          `json:"limit_text"`
	Steps    []workflowStep `json:"steps"`
	Versions []string       `json:"versions"`
}

type workflowStep struct {
	serviceStep
	If string `json:"if"`
}

// workflowPageData is the linked graph of a service, as a picture and a table.
type workflowPageData struct {
	Service workflowDetail
	Titles  map[string]Text
	Zoom    zoom
	Detail  bool
	Other   string  // address with or without detail
	Others  []offer // other versions
}

func (v *visit) workflowPage() error {
	q := url.Values{}
	version := v.r.URL.Query().Get("version")
	if version != "" {
		q.Set("version", version)
	}
	d := workflowPageData{Titles: map[string]Text{}, Detail: v.r.URL.Query().Has("detail")}
	if _, err := v.call(call{path: "/services/" + seg(v.r.PathValue("id")), query: q}, &d.Service); err != nil {
		return err
	}
	s := &d.Service
	for _, st := range s.Steps {
		d.Titles[st.ID] = st.Title
	}
	picture := url.Values{"version": {s.Version}}
	other := v.r.URL.Query()
	if d.Detail {
		picture.Set("detail", "true")
		other.Del("detail")
	} else {
		other.Set("detail", "true")
	}
	d.Other = v.r.URL.Path + "?" + other.Encode()
	d.Zoom = v.zoomed("/workflows/"+seg(s.ID)+"/diagram.svg?"+picture.Encode(), v.t("workflow.alt", s.Title.In(v.lang)), "fit")
	for _, x := range s.Versions {
		d.Others = append(d.Others, offer{Label: x, Path: "/workflows/" + seg(s.ID) + "?version=" + url.QueryEscape(x), First: x == s.Version})
	}
	return v.show(screen{page: "workflow", title: s.Title.In(v.lang), wide: true, data: d, crumbs: []crumb{{v.t("workflow.title"), "/workflows"}}})
}

// pass asks the surface for a picture with some of the address's questions.
func (v *visit) pass(path string, names ...string) error {
	q := url.Values{}
	for _, n := range names {
		if x := v.r.URL.Query().Get(n); x != "" {
			q.Set(n, x)
		}
	}
	return v.picture(path + "?" + q.Encode())
}

func (v *visit) workflowPicture() error {
	return v.pass("/services/"+seg(v.r.PathValue("id"))+"/diagram", "version", "detail")
}

func (v *visit) machinePicture() error {
	return v.pass("/services/"+seg(v.r.PathValue("id"))+"/steps/"+seg(v.r.PathValue("step"))+"/diagram", "version", "state")
}

// machine is the state machine of one step.
type machine struct {
	Service   ref    `json:"service"`
	Step      string `json:"step"`
	Title     Text   `json:"title"`
	Procedure struct {
		ID    string `json:"id"`
		Code  string `json:"code"`
		Title Text   `json:"title"`
	} `json:"procedure"`
	Agency  Text            `json:"agency_title"`
	Within  *Text           `json:"limit_text"`
	States  []machineState  `json:"states"`
	Actions []machineAction `json:"actions"`
}

// term is what a definition calls something of its own.
type term struct {
	ID    string `json:"id"`
	Title Text   `json:"title"`
}

func (t term) named() term { return t }

// titleIn finds a title by id; none when it is not there.
func titleIn[T interface{ named() term }](list []T, id string) Text {
	for _, x := range list {
		if t := x.named(); t.ID == id {
			return t.Title
		}
	}
	return Text{}
}

type machineState struct {
	term
	Portal int    `json:"portal"`
	Clock  string `json:"clock"`
	Final  string `json:"final"`
	Agency *Text  `json:"agency_title"`
	Within *Text  `json:"limit_text"`
	Asks   *struct {
		Register Text `json:"registry_title"`
		Title    Text `json:"title"`
	} `json:"asks"`
	After []struct {
		Action string `json:"action"`
		Within *Text  `json:"limit_text"`
	} `json:"after"`
	Issues *struct {
		Title Text `json:"title"`
	} `json:"issues"`
}

type machineAction struct {
	term
	From []string `json:"from"`
	To   []struct {
		State string `json:"state"`
		If    string `json:"if"`
	} `json:"to"`
	By   []string `json:"by"`
	If   string   `json:"if"`
	Why  *Text    `json:"why"`
	Form string   `json:"form"`
}

// machinePageData is a machine as a picture and as two tables.
type machinePageData struct {
	Machine machine
	States  map[string]Text // titles by id
	Actions map[string]Text
	Zoom    zoom
}

func (v *visit) machinePage() error {
	id, step := v.r.PathValue("id"), v.r.PathValue("step")
	q := url.Values{}
	if x := v.r.URL.Query().Get("version"); x != "" {
		q.Set("version", x)
	}
	d := machinePageData{States: map[string]Text{}, Actions: map[string]Text{}}
	if _, err := v.call(call{path: "/services/" + seg(id) + "/steps/" + seg(step), query: q}, &d.Machine); err != nil {
		return err
	}
	m := &d.Machine
	for _, s := range m.States {
		d.States[s.ID] = s.Title
	}
	for _, a := range m.Actions {
		d.Actions[a.ID] = a.Title
	}
	version := "?version=" + url.QueryEscape(m.Service.Version)
	lit := ""
	if x := v.r.URL.Query().Get("state"); x != "" {
		lit = "&state=" + url.QueryEscape(x)
	}
	d.Zoom = v.zoomed("/workflows/"+seg(id)+"/"+seg(step)+"/diagram.svg"+version+lit, v.t("machine.alt", m.Procedure.Title.In(v.lang)), "100")
	return v.show(screen{page: "machine", status: http.StatusOK, title: m.Procedure.Title.In(v.lang), wide: true, data: d,
		crumbs: []crumb{{v.t("workflow.title"), "/workflows"}, {m.Service.Title.In(v.lang), "/workflows/" + seg(id) + version}}})
}

// Named writes states by their titles.
func (d machinePageData) Named(ids []string, lang string) string {
	var out []string
	for _, id := range ids {
		t := d.States[id].In(lang)
		if t == "" {
			t = id
		}
		out = append(out, t)
	}
	return strings.Join(out, ", ")
}
