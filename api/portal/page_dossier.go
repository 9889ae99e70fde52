package portal

import (
	"net/http"
	"slices"
	"strings"

	"lienthong/api/portal/form"
)

func (p *Portal) dossierPages() []page {
	return []page{
		{pattern: "GET /dossiers/{code}/{step}", who: deskFolk, do: (*visit).dossierPage},
		{pattern: "GET /dossiers/{code}/{step}/live", who: deskFolk, do: func(v *visit) error { return v.passEvents(v.r.PathValue("code")) }},
		{pattern: "GET /papers/{id}", who: deskFolk, do: (*visit).paperInline},
	}
}

func dossierPath(code, step string) string { return "/dossiers/" + seg(code) + "/" + seg(step) }

// dossierPageData is one part of a case as those see it who work on it.
type dossierPageData struct {
	Case *caseView
	Part *dossier
	file
	Waits   []string
	Why     string
	Forms   []offer // actions that ask something: they have a page
	Plain   []plainAct
	Closed  []action // actions of this state that are not open, with the reasons
	Slips   []offer
	Counter []offer // for the applicant, at the counter that filed
	Result  string  // address of the result, for printing
	Others  []otherPart
	Clock   *clockLines
	Recent  []moment
	Older   []moment
	Holder  string
	Items   []namedItem
	Done    bool
}

// plainAct is an action that asks nothing: one button.
type plainAct struct {
	action
	Path, Key string
	First     bool
	Harm      bool
}

// otherPart is another part of the same case, and what came of it.
type otherPart struct {
	dossier
	Tag    string
	Path   string
	Rows   []row
	Needed bool // this part works with its result
}

// namedItem is something that was asked of the applicant, in words.
type namedItem struct {
	item
	Title  string
	Part   string
	Rows   []row
	Papers []paper
}

// file is what lies on the desk: what was declared, the papers, what registers said,
// and what was done so far. Pages that ask for a decision show it beside the form.
type file struct {
	Declared []section
	Given    []row // from earlier parts
	Papers   []shownPaper
	Proposal *done // what awaits a decision: the newest thing that a person entered
	Returned *done // who or which register sent that back since, and why
	Computed []row // what the procedure worked out
	Lookups  []done
	Earlier  []done
	Disputes bool // the applicant says that registers are wrong
	Amends   bool // the applicant answered otherwise since, asked by an agency
	Compact  bool // beside a form: everything but the papers is folded
}

// shownPaper is a paper with what it is said to be.
type shownPaper struct {
	paper
	Title  string
	Inline bool
	Image  bool
	Path   string
	Open   bool
}

// done is a deed with its words.
type done struct {
	deed
	Rows []row
}

func (v *visit) dossierPage() error {
	c, err := v.readCase(v.r.PathValue("code"))
	if err != nil {
		return err
	}
	x := c.dossier(v.r.PathValue("step"))
	if x == nil || x.Status == "waiting" || x.Status == "closed" {
		return &problem{Status: http.StatusNotFound}
	}
	d := dossierPageData{Case: c, Part: x, Done: v.r.URL.Query().Has("done")}
	if err := v.fillDossier(&d); err != nil {
		return err
	}
	v.allowFrames()
	s := screen{page: "dossier", title: c.Subject + " – " + x.Title.In(v.lang), wide: true, data: d, crumbs: deskCrumbs(v)}
	if v.live() {
		s.part = "dossier"
	}
	return v.show(s)
}

// allowFrames lets a page show papers of this host in frames.
func (v *visit) allowFrames() {
	v.w.Header().Set("Content-Security-Policy", policy+"; frame-src 'self'")
}

func deskCrumbs(v *visit, more ...crumb) []crumb {
	return append([]crumb{{v.t("inbox.title"), "/inbox"}}, more...)
}

func (v *visit) fillDossier(d *dossierPageData) error {
	c, x := d.Case, d.Part
	w, err := v.again(c)
	if err != nil {
		return err
	}
	r := v.recordsWith(w.places)
	if d.file, err = v.file(c, x, w, r); err != nil {
		return err
	}
	desk, err := v.desk()
	if err != nil {
		return err
	}
	if x.Assignee != "" {
		d.Holder = desk.name(x.Assignee)
	}
	for _, wait := range x.Waiting {
		d.Waits = append(d.Waits, v.waitsAtDesk(c, x, wait))
	}
	d.Why = refusal(x.Data)
	if x.Result != nil {
		d.Result = "/cases/" + seg(c.Code) + "/results/" + seg(x.Step)
	}
	v.sortActions(d)
	if d.Others, err = v.others(c, x, r); err != nil {
		return err
	}
	d.Items = v.namedItems(c, w)
	if err := v.happened(d); err != nil {
		return err
	}
	d.Slips = v.slipsOf(c, x, d.Clock)
	return nil
}

// happened reads the clock and the history of the part.
func (v *visit) happened(d *dossierPageData) error {
	var err error
	if d.Clock, err = v.clockOf(d.Case, d.Part.Step); err != nil {
		return err
	}
	moments, err := v.momentsOf(d.Case, d.Part.Step, 0)
	if err != nil {
		return err
	}
	d.Recent = moments[:min(recent, len(moments))]
	d.Older = moments[len(d.Recent):]
	return nil
}

// momentsOf tells what happened to a part, and to the whole case, after an entry;
// newest first.
func (v *visit) momentsOf(c *caseView, step string, after int64) ([]moment, error) {
	var told struct{ Moments []moment }
	if err := v.get("/cases/"+seg(c.Code)+"/timeline", &told); err != nil {
		return nil, err
	}
	if err := v.nameItems(c, told.Moments); err != nil {
		return nil, err
	}
	out := slices.DeleteFunc(told.Moments, func(m moment) bool { return m.Step != "" && m.Step != step || m.Seq <= after })
	slices.Reverse(out)
	return out, nil
}

// clockOf reads the clock of a part; nil when it has none.
func (v *visit) clockOf(c *caseView, step string) (*clockLines, error) {
	var clocks struct{ Clocks []clockLines }
	if err := v.get("/cases/"+seg(c.Code)+"/clock", &clocks); err != nil {
		return nil, err
	}
	for i := range clocks.Clocks {
		if clocks.Clocks[i].Step == step {
			return &clocks.Clocks[i], nil
		}
	}
	return nil, nil
}

// clockLines is a clock as the surface tells it, whole.
type clockLines struct {
	Step     string `json:"step"`
	Limit    string `json:"limit"`
	Mode     string `json:"mode"`
	Started  Time   `json:"started"`
	Due      Time   `json:"due"`
	StateDue Time   `json:"state_due"`
	PausedAt Time   `json:"paused_at"`
	Stopped  Time   `json:"stopped"`
	Overdue  bool   `json:"overdue"`
	Late     bool   `json:"late"`
	Pauses   []struct {
		From    Time `json:"from"`
		To      Time `json:"to"`
		Restart bool `json:"restart"`
	} `json:"pauses"`
	Moves []struct {
		At   Time   `json:"at"`
		From Time   `json:"from"`
		To   Time   `json:"to"`
		Kind string `json:"kind"`
		Why  string `json:"why"`
	} `json:"moves"`
	Timers []struct {
		At    Time   `json:"at"`
		Kind  string `json:"kind"`
		Title *Text  `json:"title"`
	} `json:"timers"`
}

// waitsAtDesk says what a part waits for, to somebody who works on it.
func (v *visit) waitsAtDesk(c *caseView, x *dossier, w waiting) string {
	if w.For == "applicant" {
		return until(v.t("dossier.wait.applicant"), v, w.Until)
	}
	return v.waits(c, x, w)
}

// atDesk are actions with a page of their own although no form is described.
var atDesk = []string{"assign", "transfer"}

// elsewhere are actions that the applicant's pages have.
var elsewhere = []string{"refile"}

// sortActions sorts what may be done here: buttons, pages, and what is not open.
func (v *visit) sortActions(d *dossierPageData) {
	at := dossierPath(d.Case.Code, d.Part.Step)
	var harm []offer
	for _, a := range d.Part.Actions {
		if slices.Contains(elsewhere, a.Code) || a.Code == "claim" && d.Part.Assignee == v.me.ID {
			continue
		}
		path := at + "/" + seg(a.Code)
		switch {
		case !a.Allowed:
			d.Closed = append(d.Closed, a)
		case len(a.Input) == 0 && !slices.Contains(atDesk, a.Code):
			d.Plain = append(d.Plain, plainAct{action: a, Path: path, Key: newKey(), Harm: harms(a.Code)})
		case harms(a.Code):
			harm = append(harm, offer{Label: a.Label.In(v.lang), Path: path})
		default:
			d.Forms = append(d.Forms, offer{Label: a.Label.In(v.lang), Path: path, First: a.movesOn()})
		}
	}
	if a := d.Case.apology(v); a != nil && a.Allowed {
		d.Forms = append(d.Forms, offer{Label: a.Label.In(v.lang), Path: at + "/" + apologyOfCase})
	}
	d.Forms = append(d.Forms, harm...)
	d.Counter = v.atCounter(d.Case)
	v.chooseFirst(d)
}

// atCounter are the applicant's own pages that the counter opens for those for whom it
// filed.
func (v *visit) atCounter(c *caseView) []offer {
	var out []offer
	for _, a := range c.Actions {
		switch {
		case !a.Allowed:
		case a.Code == "answer_supplement":
			out = append(out, offer{Label: v.t("todo.supplement"), Path: "/cases/" + seg(c.Code) + "/supplement"})
		case a.Code == "withdraw":
			out = append(out, offer{Label: v.t("case.withdraw"), Path: "/cases/" + seg(c.Code) + "/withdraw"})
		}
	}
	for _, x := range c.Dossiers {
		if slices.ContainsFunc(x.Actions, func(a action) bool { return a.Code == "refile" && a.Allowed }) && !x.ruledOut() {
			label := v.t("dossier.refile", x.Title.In(v.lang))
			if x.Unasked() {
				label = v.t("refile.ask.title", x.Title.In(v.lang))
			}
			out = append(out, offer{Label: label, Path: "/cases/" + seg(c.Code) + "/parts/" + seg(x.Step) + "/refile"})
		}
	}
	if len(out) > 0 {
		out = append(out, offer{Label: v.t("case.receipt"), Path: "/cases/" + seg(c.Code) + "/receipt"})
	}
	return out
}

// movesOn tells whether an action is what the work comes to next: not a question to
// others, not a refusal, not how the work is shared out.
func (a *action) movesOn() bool {
	return !harms(a.Code) && !slices.Contains(quietAtDesk, a.Code) && !slices.Contains(remarks, a.Form)
}

// chooseFirst marks the one action that moves the work on.
func (v *visit) chooseFirst(d *dossierPageData) {
	found := false
	for i := range d.Plain {
		d.Plain[i].First = !found && d.Plain[i].movesOn()
		found = found || d.Plain[i].First
	}
	for i := range d.Forms {
		d.Forms[i].First = !found && d.Forms[i].First
		found = found || d.Forms[i].First
	}
}

// quietAtDesk are actions that do not move the work on.
var quietAtDesk = []string{apologyOfCase, "claim", "release", "assign", "transfer", "apologise", "request_supplement", "return_upstream", "send_back", "correct"}

// file gathers what lies on the desk.
func (v *visit) file(c *caseView, x *dossier, w *writing, r *records) (file, error) {
	f := file{}
	w.know(c)
	f.Declared = w.sections(v)
	for i := range f.Declared {
		f.Declared[i].Path = ""
		for _, r := range f.Declared[i].Rows {
			f.Disputes, f.Amends = f.Disputes || r.Disputed != "", f.Amends || r.Completed != ""
		}
	}
	if len(x.Needs) > 0 {
		rows, err := r.given(x)
		if err != nil {
			return f, err
		}
		f.Given = rows
	}
	for _, act := range x.Acts {
		var err error
		a := done{deed: act}
		if act.Form != "" {
			a.Rows, err = r.rows(act.Form, act.Data)
		} else {
			a.Rows = r.plain(act.Data)
		}
		if err != nil {
			return f, err
		}
		if act.Register != nil {
			f.Lookups = append(f.Lookups, a)
		} else {
			f.Earlier = append(f.Earlier, a)
		}
	}
	f.Computed = r.computed(x)
	if x.Status == "open" {
		f.Proposal, f.Returned = proposal(f.Earlier)
		if f.Proposal != nil && f.Returned == nil {
			f.Returned = sentBackBy(f.Lookups, f.Proposal, x)
		}
	}
	f.Papers = v.papers(c)
	return f, nil
}

// remarks are forms that propose nothing: reasons, requests and answers.
var remarks = []string{"reason", "comment", "refusal", "supplement_request", "supplement_answer", "fault", "apology", "marriage_inquiry", "marriage_answer"}

// sendingBack are the actions after which a proposal awaits no decision but a new one.
var sendingBack = []string{"dispute", "send_back"}

// proposal is what a member of staff entered last that others confirm and sign, and
// what sent it back since. What staff did after it without entering anything decided on it.
func proposal(all []done) (p, returned *done) {
	for i := len(all) - 1; i >= 0; i-- {
		a := &all[i]
		if slices.Contains(sendingBack, a.Action) && returned == nil {
			returned = a
		}
		if a.By != nil && a.By.Kind == "staff" && a.Form == "" {
			return nil, nil
		}
		if a.By != nil && a.By.Kind == "staff" && !slices.Contains(remarks, a.Form) && len(a.Rows) > 0 {
			return a, returned
		}
	}
	return nil, nil
}

// sentBackBy is the register that refused what was proposed: the proposal is to be made
// anew, and nobody can decide on it meanwhile.
func sentBackBy(lookups []done, p *done, x *dossier) *done {
	if !slices.ContainsFunc(x.Actions, func(a action) bool { return a.Code == p.Action }) {
		return nil
	}
	for i := len(lookups) - 1; i >= 0; i-- {
		if l := &lookups[i]; l.Register.Refused && !l.At.Before(p.At.Time) {
			return l
		}
	}
	return nil
}

// computed are the values that the procedure worked out by itself.
func (r *records) computed(x *dossier) []row {
	rest := map[string]any{}
	for k, value := range x.Data {
		if k != "parties" && !slices.ContainsFunc(x.Acts, func(a deed) bool { return a.Action == k }) {
			rest[k] = value
		}
	}
	return r.plain(rest)
}

// know tells the declaration where its values came from, and what was disputed.
func (w *writing) know(c *caseView) {
	known, disputes := map[string]knownValue{}, map[string]string{}
	for pointer, source := range c.Sources {
		at := w.formPointer(pointer)
		if value := form.Get(w.draft.Data.Application, at); value != nil {
			known[at] = knownValue{Value: value, Source: source}
		}
	}
	for pointer, why := range c.Disputed {
		disputes[w.formPointer(pointer)] = why
	}
	w.draft.Data.Pages.Known, w.draft.Data.Pages.Names, w.draft.Data.Disputes = known, c.Registers, disputes
	w.completed = map[string]string{}
	for _, it := range c.Items {
		if q := w.fieldOf(it); q != nil && it.Answer["value"] != nil {
			w.completed[q.Pointer] = day(form.Written(q.Kind, it.Answer["value"]))
		}
	}
	w.draft.Data.Pages.Papers = map[string]paper{}
	for _, p := range c.Documents {
		w.draft.Data.Pages.Papers[p.ID] = p
	}
}

// formPointer is where a case's value stands in the form it came from.
func (w *writing) formPointer(pointer string) string {
	if e := w.service.Each; e != nil && form.Under(pointer, "/"+e.As) {
		return "/" + e.List + "/0" + strings.TrimPrefix(pointer, "/"+e.As)
	}
	return pointer
}

// inlineTypes are shown by the browser itself; everything else is only handed out.
var inlineTypes = []string{"application/pdf", "image/jpeg", "image/png"}

// papers are the papers of a case with what they are said to be.
func (v *visit) papers(c *caseView) []shownPaper {
	titles := map[string]string{}
	list, _ := c.Application["attachments"].([]any)
	for _, e := range list {
		m, _ := e.(map[string]any)
		id, _ := m["document"].(string)
		name, _ := m["name"].(string)
		if kind, _ := m["kind"].(string); name == "" {
			name = kind
		}
		titles[id] = name
	}
	for _, it := range c.Items {
		if id, ok := it.Answer["document"].(string); ok {
			titles[id] = it.About
		}
	}
	var out []shownPaper
	for _, p := range c.Documents {
		s := shownPaper{paper: p, Title: titles[p.ID], Inline: slices.Contains(inlineTypes, p.Type), Image: strings.HasPrefix(p.Type, "image/"),
			Path: "/papers/" + seg(p.ID) + "?case=" + seg(c.Code)}
		if s.Title == "" {
			s.Title = p.Name
		}
		s.Open = s.Inline && !slices.ContainsFunc(out, func(x shownPaper) bool { return x.Open })
		out = append(out, s)
	}
	return out
}

// others are the other parts of the case: those that this one works with first.
func (v *visit) others(c *caseView, x *dossier, r *records) ([]otherPart, error) {
	var needed, rest []otherPart
	for _, y := range c.Dossiers {
		if y.Step == x.Step {
			continue
		}
		p := v.part(c, y, nil)
		o := otherPart{dossier: y, Tag: p.Tag, Needed: slices.Contains(x.Needs, y.Step) && y.Status != "closed"}
		if y.Status == "open" || y.Status == "ended" {
			o.Path = dossierPath(c.Code, y.Step)
		}
		if y.Result != nil {
			o.Rows = r.plain(y.Result.Data)
		}
		if o.Needed {
			needed = append(needed, o)
		} else {
			rest = append(rest, o)
		}
	}
	return append(needed, rest...), nil
}

// namedItems are what was asked of the applicant, by all the agencies, with the
// answers.
func (v *visit) namedItems(c *caseView, w *writing) []namedItem {
	var out []namedItem
	for _, it := range c.Items {
		n := namedItem{item: it, Title: it.About}
		kind := form.Line
		if q := w.fieldOf(it); q != nil {
			n.Title, kind = w.called(q, v.lang), q.Kind
		}
		if up := c.dossier(it.Step); up != nil {
			n.Part = up.Title.In(v.lang)
		}
		if x := it.Answer["value"]; x != nil {
			n.Rows = append(n.Rows, row{Label: v.t("dossier.item.value"), Value: day(form.Written(kind, x))})
		}
		if s, ok := it.Answer["comment"].(string); ok {
			n.Rows = append(n.Rows, row{Label: v.t("dossier.item.note"), Value: s})
		}
		for _, p := range c.Documents {
			if p.ID == it.Answer["document"] {
				n.Papers = append(n.Papers, p)
			}
		}
		out = append(out, n)
	}
	return out
}

// recordsWith is records where the places are read already.
func (v *visit) recordsWith(places []province) *records {
	return &records{v: v, places: places, forms: map[string]*form.Form{}}
}

// paperInline shows a paper beside what it is about: only kinds that run nothing,
// only in pages of this host.
func (v *visit) paperInline() error {
	rec, err := v.send(call{path: "/documents/" + seg(v.r.PathValue("id")), query: map[string][]string{"case": {v.r.URL.Query().Get("case")}}})
	if err != nil {
		return err
	}
	kind, h := rec.header.Get("Content-Type"), v.w.Header()
	if slices.Contains(inlineTypes, kind) {
		h.Set("Content-Disposition", strings.Replace(rec.header.Get("Content-Disposition"), "attachment", "inline", 1))
		h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:; object-src 'self'; frame-ancestors 'self'")
	} else {
		h.Set("Content-Disposition", rec.header.Get("Content-Disposition"))
		h.Set("Content-Security-Policy", "default-src 'none'; sandbox")
	}
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Content-Type", kind)
	h.Set("Content-Length", rec.header.Get("Content-Length"))
	v.w.WriteHeader(http.StatusOK)
	_, _ = v.w.Write(rec.body.Bytes()) // the browser has gone: nobody to tell
	return nil
}
