package portal

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

func (p *Portal) replaysPages() []page {
	const one = "/lab/replays/{id}"
	return []page{
		{pattern: "GET /lab/replays", who: testers, do: (*visit).replaysPage},
		{pattern: "POST /lab/replays", who: testers, do: (*visit).startReplay},
		{pattern: "GET " + one, who: testers, do: (*visit).replayJobPage},
		{pattern: "POST " + one + "/stop", who: testers, do: (*visit).stopReplay},
		{pattern: "GET " + one + "/cases/{code}", who: testers, do: (*visit).replayedCasePage},
	}
}

// replayOrder is what is to be decided again.
type replayOrder struct {
	Service string            `json:"service,omitempty"`
	From    string            `json:"from,omitempty"`
	To      string            `json:"to,omitempty"`
	Version string            `json:"version,omitempty"`
	Files   map[string]string `json:"files,omitempty"`
}

// replayJob is a job as the surface tells it.
type replayJob struct {
	ID     string `json:"id"`
	Status string `json:"status"`
	Error  string `json:"error"`
	Order  struct {
		Service string   `json:"service"`
		From    string   `json:"from"`
		To      string   `json:"to"`
		Version string   `json:"version"`
		Files   []string `json:"files"`
	} `json:"order"`
	Total  int64        `json:"total"`
	Counts replayCounts `json:"counts"`
	Gone   int64        `json:"archived"`

	OfService called `json:"-"`

	Report *struct {
		replayCounts
		Entries int64           `json:"entries"`
		Places  []replayPlace   `json:"places"`
		Found   []*decidedAgain `json:"found"`
		More    int64           `json:"more"`
	} `json:"report"`
}

// Tag is the colour of its status.
func (j replayJob) Tag() string {
	return map[string]string{"running": "info", "done": "success", "failed": "danger"}[j.Status]
}

type replayCounts struct {
	Cases     int64 `json:"cases"`
	Identical int64 `json:"identical"`
	SameEnd   int64 `json:"same_end"`
	OtherEnd  int64 `json:"different_end"`
	Erased    int64 `json:"erased"`
	Unread    int64 `json:"not_comparable"`
}

// verdictCount is how many cases came to a verdict.
type verdictCount struct {
	Verdict string
	Count   int64
}

// Verdicts are the counts in the order of the table.
func (c replayCounts) Verdicts() []verdictCount {
	return []verdictCount{{"identical", c.Identical}, {"same_end", c.SameEnd}, {"different_end", c.OtherEnd}, {"erased", c.Erased}, {"not_comparable", c.Unread}}
}

// replayPlace is where cases parted first.
type replayPlace struct {
	Service string `json:"service"`
	Under   string `json:"under"`
	Step    string `json:"step"`
	State   string `json:"state"`
	Action  string `json:"action"`
	Kind    string `json:"kind"`
	Cases   int64  `json:"cases"`
	Example string `json:"example"`
	Shown   bool   `json:"-"` // the example is among the cases that were found

	OfService called    `json:"-"`
	Names     spotNames `json:"-"`
}

// replaysForm is the form as it was typed, with what ran before.
type replaysForm struct {
	Service, Under, From, To, File string
	Services                       []offer // id as Path
	Versions                       []offer // service and version as Path
	Wrong                          map[string]string
	Kept                           []replayJob
}

func (v *visit) replaysPage() error {
	q := v.r.URL.Query()
	return v.showReplays(replaysForm{Service: q.Get("service"), Under: q.Get("under"), From: q.Get("from"), To: q.Get("to")}, nil, http.StatusOK)
}

func (v *visit) showReplays(d replaysForm, wrong []fieldError, status int) error {
	var kept struct{ Replays []replayJob }
	if err := v.get("/replays", &kept); err != nil {
		return err
	}
	var all struct{ Services []struct{ ID string } }
	if err := v.get("/services", &all); err != nil {
		return err
	}
	var seen []string
	titles := map[string]string{}
	for _, s := range all.Services {
		if slices.Contains(seen, s.ID) {
			continue
		}
		seen = append(seen, s.ID)
		var w workflowDetail
		if err := v.get("/services/"+seg(s.ID), &w); err != nil {
			return err
		}
		titles[w.ID] = w.Title.In(v.lang)
		d.Services = append(d.Services, offer{Label: w.Title.In(v.lang), Path: w.ID, First: w.ID == d.Service})
		for _, version := range w.Versions {
			x := w.ID + " " + version
			d.Versions = append(d.Versions, offer{Label: w.Title.In(v.lang) + ": " + version, Path: x, First: x == d.Under})
		}
	}
	for i := range kept.Replays {
		j := &kept.Replays[i]
		j.OfService = called{titles[j.Order.Service], j.Order.Service}
	}
	d.Kept, d.Wrong = kept.Replays, wrongFields(wrong)
	return v.show(screen{page: "replays", status: status, title: v.t("replays.title"), errors: wrong, data: d, crumbs: []crumb{{v.t("lab.title"), "/lab"}}})
}

// draftFile is the path under which a service that was typed stands.
const draftFile = "services/draft.yaml"

func (v *visit) startReplay() error {
	d := replaysForm{Service: v.form.Get("service"), Under: v.form.Get("under"), From: isoDay(v.form.Get("from")), To: isoDay(v.form.Get("to")), File: v.form.Get("file")}
	o := replayOrder{Service: d.Service, From: d.From, To: d.To}
	if of, version, chosen := strings.Cut(d.Under, " "); chosen {
		if o.Version = version; o.Service == "" {
			o.Service = of
		}
		if o.Service != of {
			return v.showReplays(d, []fieldError{{Pointer: "/under", Detail: v.t("replays.under.wrong")}}, http.StatusUnprocessableEntity)
		}
	}
	if strings.TrimSpace(d.File) != "" {
		o.Files = map[string]string{draftFile: d.File}
	}
	var made replayJob
	_, err := v.call(call{method: http.MethodPost, path: "/replays", body: o}, &made)
	if p, ok := refused(err, codeInvalid, codeWrongState); ok {
		wrong := p.Errors
		for i := range wrong {
			switch wrong[i].Pointer {
			case "/version", "/service":
				wrong[i].Pointer = "/under"
			case "/files":
				wrong[i].Pointer = "/file"
			}
		}
		if len(wrong) == 0 {
			wrong = []fieldError{{Detail: p.Detail}}
		}
		return v.showReplays(d, wrong, p.Status)
	}
	if err != nil {
		return err
	}
	v.redirect("/lab/replays/" + seg(made.ID))
	return nil
}

// replayJobData is a job: how far it is, or what it came to.
type replayJobData struct {
	Now     replayJob
	Percent int64
	Change  string // the address of the form with the same order
}

func (v *visit) readReplay() (d replayJobData, err error) {
	if err = v.get("/replays/"+seg(v.r.PathValue("id")), &d.Now); err != nil {
		return d, err
	}
	d.Percent = min(100*d.Now.Counts.Cases/max(d.Now.Total, 1), 100)
	q, o := url.Values{}, d.Now.Order
	for name, x := range map[string]string{"service": o.Service, "from": o.From, "to": o.To} {
		if x != "" {
			q.Set(name, x)
		}
	}
	if o.Version != "" && len(o.Files) == 0 {
		q.Set("under", o.Service+" "+o.Version)
	}
	d.Change = "/lab/replays?" + q.Encode()
	if r := d.Now.Report; r != nil {
		for i := range r.Places {
			p := &r.Places[i]
			p.Shown = slices.ContainsFunc(r.Found, func(x *decidedAgain) bool { return x.Case == p.Example })
		}
	}
	return d, nil
}

// name gives names to what the report tells in codes.
func (d *replayJobData) name(n *naming) (err error) {
	if d.Now.OfService, err = n.service(d.Now.Order.Service); err != nil || d.Now.Report == nil {
		return err
	}
	for i := range d.Now.Report.Places {
		p := &d.Now.Report.Places[i]
		if p.OfService, err = n.service(p.Service); err == nil {
			p.Names, err = n.spot(p.Service, p.Under, p.Step, p.State, p.Action)
		}
		if err != nil {
			return err
		}
	}
	for _, x := range d.Now.Report.Found {
		if x.First == nil {
			continue
		}
		if err := n.name(x.First, x.Service, x.Under); err != nil {
			return err
		}
	}
	return nil
}

func (v *visit) replayJobPage() error {
	d, err := v.readReplay()
	if err == nil {
		err = d.name(v.naming())
	}
	if err != nil {
		return err
	}
	s := screen{page: "replayed", title: v.t("replays.one", d.Now.ID), wide: true, data: d,
		crumbs: []crumb{{v.t("lab.title"), "/lab"}, {v.t("replays.title"), "/lab/replays"}}}
	if v.live() {
		if d.Now.Status != "running" {
			v.w.Header().Set("HX-Refresh", "true") // the result is another page
		}
		s.part = "progress"
	}
	return v.show(s)
}

func (v *visit) stopReplay() error {
	id := seg(v.r.PathValue("id"))
	if _, err := v.call(call{method: http.MethodDelete, path: "/replays/" + id}, nil); err != nil {
		return err
	}
	v.redirect("/lab/replays/" + id)
	return nil
}

// replayedCasePage is one case that a job found, with where it parts from history
// painted on the machine.
func (v *visit) replayedCasePage() error {
	d, err := v.readReplay()
	if err != nil {
		return err
	}
	code := v.r.PathValue("code")
	if d.Now.Report != nil {
		for _, x := range d.Now.Report.Found {
			if x.Case == code {
				c, err := v.readCase(code)
				if err != nil {
					return err
				}
				return v.showAgain(againPageData{Case: c, Version: x.Under, Result: x}, crumb{v.t("replays.one", d.Now.ID), "/lab/replays/" + seg(d.Now.ID)})
			}
		}
	}
	return &problem{Status: http.StatusNotFound}
}

// apartPicture is the address of a machine with both ways from where a case parts
// from its history; "" when the divergence is not about a state of a part.
func (r *decidedAgain) apartPicture() string {
	f := r.First
	if f == nil || f.Kept == nil || f.Now == nil {
		return ""
	}
	q := url.Values{"at": {strconv.FormatInt(max(f.Seq-1, 1), 10)}, "step": {f.Step}, "kept_to": {f.Kept.To}, "now_to": {f.Now.To}}
	for name, x := range map[string]string{"kept": f.Kept.Action, "now": f.Now.Action, "under": r.Under} {
		if x != "" {
			q.Set(name, x)
		}
	}
	return "/lab/cases/" + seg(r.Case) + "/diagram.svg?" + q.Encode()
}
