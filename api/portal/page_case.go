package portal

import (
	"net/http"
	"slices"
	"strings"
)

func (p *Portal) casePages() []page {
	return []page{
		{pattern: "GET /cases/{code}", who: citizens, do: (*visit).casePage},
		{pattern: "GET /cases/{code}/live", who: citizens, do: (*visit).caseLive},
		{pattern: "GET /cases/{code}/diagram.svg", who: citizens, do: func(v *visit) error {
			return v.picture("/cases/" + seg(v.r.PathValue("code")) + "/diagram")
		}},
		{pattern: "GET /cases/{code}/declaration", who: caseFolk, do: (*visit).declarationPage},
	}
}

// moment is one thing that happened, as the surface tells it.
type moment struct {
	Seq    int64   `json:"seq"`
	At     Time    `json:"at"`
	Kind   string  `json:"kind"`
	Step   string  `json:"step"`
	Title  *Text   `json:"title"`
	Who    actor   `json:"who"`
	Office *office `json:"office"`
	Text   string  `json:"text"`
	Due    Time    `json:"due"`
}

// casePageData is one case on one page.
type casePageData struct {
	Case    *caseView
	Todo    []todo
	Parts   []part
	Moments []moment // newest first
	Older   []moment
	Other   []offer // what else the visitor may do
	Done    bool    // the visitor has just done something

	Forecast bool // some part is expected that has no due time yet
}

// todo is something that waits for the visitor.
type todo struct {
	Title, Text string
	Until       Time
	Silence     string // what happens without an answer
	Offers      []offer
}

// offer is a way to act.
type offer struct {
	Label, Path string
	First       bool // the main one
}

// part is one agency's part of the case.
type part struct {
	dossier
	Tag    string
	Waits  []string
	Moves  []string // why the due time moved
	Why    string   // why it ended or will not run
	Path   string   // of the result
	Refile string
	Slips  []offer
	Holder bool // the office stands beside the title: nothing else names it
}

// recent is how many moments stand open on the page.
const recent = 8

func (v *visit) casePage() error {
	c, err := v.readCase(v.r.PathValue("code"))
	if err != nil {
		return err
	}
	if c.View == "party" {
		return v.partyPage(c)
	}
	d := casePageData{Case: c, Done: v.r.URL.Query().Has("done")}
	if err := v.fillCase(&d); err != nil {
		return err
	}
	s := screen{page: "case", title: c.Subject, wide: true, data: d, crumbs: []crumb{{v.t("cases.title"), "/cases"}}}
	if v.live() {
		s.part = "case"
	}
	return v.show(s)
}

func (v *visit) fillCase(d *casePageData) error {
	c := d.Case
	var clocks struct{ Clocks []clockLines }
	if err := v.get("/cases/"+seg(c.Code)+"/clock", &clocks); err != nil {
		return err
	}
	var told struct{ Moments []moment }
	if err := v.get("/cases/"+seg(c.Code)+"/timeline", &told); err != nil {
		return err
	}
	if err := v.nameItems(c, told.Moments); err != nil {
		return err
	}
	told.Moments = slices.CompactFunc(told.Moments, func(a, b moment) bool { return a.Seq == b.Seq && a.Text == b.Text }) // one person asked twice
	slices.Reverse(told.Moments)
	d.Moments = told.Moments[:min(recent, len(told.Moments))]
	d.Older = told.Moments[len(d.Moments):]
	for _, x := range c.Dossiers {
		d.Parts = append(d.Parts, v.part(c, x, clocks.Clocks))
		d.Forecast = d.Forecast || !x.Expected.IsZero()
	}
	d.Todo = v.todos(c)
	for _, a := range c.Actions {
		if a.Allowed && a.Code == "withdraw" {
			d.Other = append(d.Other, offer{Label: v.t("case.withdraw"), Path: "/cases/" + seg(c.Code) + "/withdraw"})
		}
	}
	return nil
}

// nameItems writes the fields that agencies ask about by their labels.
func (v *visit) nameItems(c *caseView, moments []moment) error {
	if !slices.ContainsFunc(c.Items, func(it item) bool { return strings.HasPrefix(it.About, "/") }) {
		return nil
	}
	w, err := v.again(c)
	if err != nil {
		return err
	}
	for _, it := range c.Items {
		q := w.fieldOf(it)
		if q == nil {
			continue
		}
		for i := range moments {
			moments[i].Text = strings.ReplaceAll(moments[i].Text, it.About, w.called(q, v.lang))
		}
	}
	return nil
}

// part says how one part stands.
func (v *visit) part(c *caseView, x dossier, clocks []clockLines) part {
	p := part{dossier: x, Tag: "neutral", Holder: x.Office != nil}
	switch {
	case x.Portal != nil:
		p.Tag = x.Portal.Tag()
	case x.Status == "open":
		p.Tag = "info"
	}
	for _, w := range x.Waiting {
		p.Waits = append(p.Waits, v.waits(c, &x, w))
		p.Holder = p.Holder && w.For != "office"
	}
	i := slices.IndexFunc(clocks, func(k clockLines) bool { return k.Step == x.Step })
	if i < 0 {
		p.Slips = v.slipsOf(c, &x, nil)
	} else {
		p.Slips = v.slipsOf(c, &x, &clocks[i])
		for _, m := range clocks[i].Moves {
			why := v.tg("move", m.Kind)
			if m.Why != "" && m.Kind == "extension" {
				why += ": " + m.Why
			}
			p.Moves = append(p.Moves, v.t("case.moved", when(m.From), when(m.To), why))
		}
	}
	switch {
	case x.Reason != nil:
		p.Why = x.Reason.In(v.lang)
	case x.Status == "closed" && x.Closed != "":
		p.Why = v.tg("closed", x.Closed)
	default:
		p.Why = refusal(x.Data)
	}
	if x.Result != nil {
		p.Path = "/cases/" + seg(c.Code) + "/results/" + seg(x.Step)
	}
	for _, a := range x.Actions {
		if a.Allowed && a.Code == "refile" && !x.ruledOut() {
			p.Refile = "/cases/" + seg(c.Code) + "/parts/" + seg(x.Step) + "/refile"
		}
	}
	return p
}

// refusal is the reason that an officer gave for refusing.
func refusal(data map[string]any) string {
	for _, key := range []string{"refuse", "reject_reception", "reject"} {
		if m, ok := data[key].(map[string]any); ok {
			if s, ok := m["reason"].(string); ok {
				return s
			}
		}
	}
	return ""
}

// waits says what must happen before a part goes on.
func (v *visit) waits(c *caseView, x *dossier, w waiting) string {
	switch w.For {
	case "steps":
		var names []string
		for _, step := range w.Steps {
			if up := c.dossier(step); up != nil {
				names = append(names, up.Title.In(v.lang))
			}
		}
		return v.t("wait.steps", strings.Join(names, ", "))
	case "registry":
		what := w.Registry
		if w.What != nil {
			what = w.What.In(v.lang)
		}
		s := v.t("wait.registry", what, when(w.Since))
		if w.Status == "incident" {
			s += " " + v.t("wait.registry.incident")
		} else if w.Tries > 1 {
			s += " " + v.t("wait.registry.tries", w.Tries)
		}
		return s
	case "applicant":
		return until(v.t("wait.applicant"), v, w.Until)
	case "party":
		var who []string
		for _, p := range x.Parties {
			if !p.Agreed {
				who = append(who, p.Title.In(v.lang))
			}
		}
		return until(v.t("wait.party", strings.Join(who, ", ")), v, w.Until)
	case "fee":
		return until(v.t("wait.fee"), v, w.Until)
	}
	if x.Office != nil {
		return v.t("wait.office", x.Office.Name.In(v.lang), when(w.Since))
	}
	return ""
}

// silence says what happens when the visitor, or somebody else who is asked, does not
// answer in time; "" when nothing does by itself.
func (v *visit) silence(x *dossier) string {
	for _, w := range x.Waiting {
		if w.Then == nil || w.Until.IsZero() {
			continue
		}
		s := v.t("wait.silence", w.Then.Title.In(v.lang))
		switch {
		case w.Then.Final != "":
			s += " " + v.t("wait.silence.ends")
		case w.Then.State != nil:
			s += " " + v.t("wait.silence.goes", w.Then.State.In(v.lang))
		}
		return s
	}
	return ""
}

func until(s string, v *visit, t Time) string {
	if t.IsZero() {
		return s
	}
	return s + " " + v.t("wait.until", when(t))
}

// quiet actions are not something that waits for anybody.
var quietActions = []string{"withdraw", "refile"}

// todos lists what waits for the applicant.
func (v *visit) todos(c *caseView) []todo {
	var out []todo
	at := "/cases/" + seg(c.Code)
	if c.Fee != nil && c.Fee.Status == "waiting" {
		t := todo{Title: v.t("todo.pay"), Text: v.t("todo.pay.text", money(c.Fee.Amount)), Offers: []offer{{v.t("todo.pay"), at + "/pay", true}}}
		if c.Fee.Waiting != nil {
			t.Until, t.Silence = c.Fee.Waiting.Until, v.t("pay.late")
		}
		out = append(out, t)
	}
	if open := openItems(c); len(open) > 0 {
		t := todo{Title: v.t("todo.supplement"), Text: v.t("todo.supplement.text", len(open)), Offers: []offer{{v.t("todo.supplement"), at + "/supplement", true}}}
		for _, it := range open {
			if t.Until.IsZero() || !it.Due.IsZero() && it.Due.Before(t.Until.Time) {
				t.Until, t.Silence = it.Due, v.silence(c.dossier(it.Step))
			}
		}
		out = append(out, t)
	}
	for _, x := range c.Dossiers {
		t := todo{Title: x.Title.In(v.lang)}
		if x.StateName != nil {
			t.Text = x.StateName.In(v.lang) + "."
		}
		t.Offers = v.offers(c, &x)
		for _, w := range x.Waiting {
			if w.For == "applicant" {
				t.Until, t.Silence = w.Until, v.silence(&x)
			}
		}
		if len(t.Offers) > 0 {
			out = append(out, t)
		}
	}
	return out
}

// offers are the actions of a part that wait for the visitor, those that go forward
// before those that refuse.
func (v *visit) offers(c *caseView, x *dossier) []offer {
	var yes, no []offer
	for _, a := range x.Actions {
		if !a.Allowed || slices.Contains(quietActions, a.Code) {
			continue
		}
		o := offer{Label: a.Label.In(v.lang), Path: "/cases/" + seg(c.Code) + "/parts/" + seg(x.Step) + "/" + seg(a.Code)}
		if harms(a.Code) {
			no = append(no, o)
		} else {
			yes = append(yes, o)
		}
	}
	out := append(yes, no...)
	if len(out) > 0 {
		out[0].First = true
	}
	return out
}

func openItems(c *caseView) []item {
	var out []item
	for _, it := range c.Items {
		if it.Open() {
			out = append(out, it)
		}
	}
	return out
}

// partyPageData is a case for somebody who is asked to agree.
type partyPageData struct {
	Case  *caseView
	Asked []askedPart
}

// askedPart is one part with what it is about and the answers that may be given.
type askedPart struct {
	dossier
	Rows    []row
	Until   Time
	Silence string // what happens without an answer
	Offers  []offer
}

func (v *visit) partyPage(c *caseView) error {
	r, err := v.records()
	if err != nil {
		return err
	}
	d := partyPageData{Case: c}
	for _, x := range c.Dossiers {
		p := askedPart{dossier: x}
		if p.Rows, err = r.given(&x); err != nil {
			return err
		}
		for _, w := range x.Waiting {
			p.Until, p.Silence = w.Until, v.silence(&x)
		}
		p.Offers = v.offers(c, &x)
		d.Asked = append(d.Asked, p)
	}
	return v.show(screen{page: "party", title: v.t("party.title", c.Requester.Name), data: d, crumbs: []crumb{{v.t("tasks.title"), "/tasks"}}})
}

// given is what a part was given to work with.
func (r *records) given(x *dossier) ([]row, error) {
	var out []row
	for _, name := range sortedKeys(x.With) {
		rows, err := r.rows(x.Forms["with."+name], x.With[name])
		if err != nil {
			return nil, err
		}
		if len(rows) == 0 {
			continue
		}
		if label, ok := r.v.word("data", name); ok {
			out = append(out, row{Label: label, Heading: true})
		}
		out = append(out, rows...)
	}
	return out, nil
}

// caseLive passes on that a case changed, until the browser leaves.
func (v *visit) caseLive() error {
	r, err := v.request(call{path: "/events", query: map[string][]string{"case": {v.r.PathValue("code")}}})
	if err != nil {
		return err
	}
	v.p.cfg.API.ServeHTTP(v.w, r)
	return nil
}

// declarationPageData is what was declared, and the agencies' forms made from it.
type declarationPageData struct {
	Case     *caseView
	Sections []section
	Subforms []subform
}

func (v *visit) declarationPage() error {
	c, err := v.readCase(v.r.PathValue("code"))
	if err != nil {
		return err
	}
	if c.View != "full" {
		return &problem{Status: http.StatusNotFound}
	}
	again, err := v.again(c)
	if err != nil {
		return err
	}
	d := declarationPageData{Case: c, Sections: again.sections(v)}
	if err := v.get("/cases/"+seg(c.Code)+"/subforms", &d); err != nil {
		return err
	}
	for i := range d.Sections {
		d.Sections[i].Path = ""
	}
	return v.show(screen{page: "declaration", title: v.t("declaration.title"), data: d, crumbs: caseCrumbs(v, c)})
}

func caseCrumbs(v *visit, c *caseView) []crumb {
	if !v.me.Citizen() {
		return deskCrumbs(v, crumb{c.Code, v.casePath(c)})
	}
	if c.View == "party" {
		return []crumb{{v.t("tasks.title"), "/tasks"}, {c.Code, "/cases/" + seg(c.Code)}}
	}
	return []crumb{{v.t("cases.title"), "/cases"}, {c.Code, "/cases/" + seg(c.Code)}}
}
