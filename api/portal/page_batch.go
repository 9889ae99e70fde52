package portal

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"lienthong/api/portal/form"
)

func (p *Portal) batchPages() []page {
	back := func(v *visit) error { v.redirect("/inbox"); return nil }
	return []page{
		{pattern: "POST /batch", who: deskFolk, do: (*visit).chooseBatch},
		{pattern: "GET /batch", who: deskFolk, do: back},
		{pattern: "POST /batch/run", who: deskFolk, do: (*visit).runBatch},
		{pattern: "GET /batch/run", who: deskFolk, do: back},
	}
}

// mostPicked is how many dossiers are treated at once.
const mostPicked = 100

// picked is one dossier of a batch: named by the list, under the version that was
// seen there.
type picked struct {
	Case, Step, ETag string
	Value            string // as the checkbox has it
	Subject          string
	Title            Text
	Code             string
	State            string
	Actions          []action
}

// batchAction is one action that may be taken on some of the dossiers.
type batchAction struct {
	Code  string
	Label string
	On    int  // how many of the dossiers it is open on
	Harm  bool // it refuses or takes back
	Asks  bool // one form for all of them is filled in first
	Form  string
	input json.RawMessage
}

// unoffered is an action that is not taken on many dossiers at once, and why.
type unoffered struct {
	Code, Label, Why string
}

// sharedForms are the forms whose one answer holds for many dossiers: a reason, a
// remark, a refusal with its legal basis, an apology with a new date. All others ask
// about the person or the papers of one dossier.
var sharedForms = []string{"reason", "comment", "refusal", "apology"}

// batchPageData is the dossiers that were selected, and what may be done with them.
type batchPageData struct {
	Picked     []picked
	Actions    []batchAction
	Not        []unoffered
	Colleagues []colleague
	Account    string
	Comment    string
	Chosen     *batchAction
	Field      *field // what the chosen action asks
	Key        string
	Wrong      string
	Results    []batchResult
	Done       int
	Label      string
}

// batchResult is what became of one dossier.
type batchResult struct {
	picked
	Done  bool
	State string // the new one
	Why   string
}

func (v *visit) chooseBatch() error {
	d, err := v.readPicked()
	if err != nil {
		return err
	}
	if len(d.Picked) == 0 {
		return v.showInbox(inboxPageData{Unpicked: true}, http.StatusUnprocessableEntity)
	}
	return v.showBatch(d, http.StatusOK)
}

// readPicked reads the selected dossiers as they are now, and finds what may be done
// with them: actions that ask nothing, a colleague only, or what may be answered once
// for all.
func (v *visit) readPicked() (*batchPageData, error) {
	d := &batchPageData{Key: newKey()}
	picks := v.form["pick"]
	if len(picks) > mostPicked {
		return nil, &problem{Status: http.StatusUnprocessableEntity, Detail: v.t("batch.many", mostPicked)}
	}
	for _, value := range picks {
		part := strings.SplitN(value, " ", 3)
		if len(part) != 3 {
			return nil, &problem{Status: http.StatusBadRequest}
		}
		p := picked{Case: part[0], Step: part[1], ETag: part[2], Value: value}
		c, err := v.readCase(p.Case)
		if err != nil {
			return nil, err
		}
		x := c.dossier(p.Step)
		if x == nil {
			return nil, &problem{Status: http.StatusNotFound}
		}
		p.Subject, p.Title, p.Code, p.Actions = c.Subject, x.Title, x.Code, x.Actions
		if x.StateName != nil {
			p.State = x.StateName.In(v.lang)
		}
		for _, a := range x.Actions {
			d.offer(v, a)
		}
		d.Picked = append(d.Picked, p)
	}
	if slices.ContainsFunc(d.Actions, func(a batchAction) bool { return a.Code == "assign" }) {
		desk, err := v.desk()
		if err != nil {
			return nil, err
		}
		d.Colleagues = desk.Colleagues
	}
	d.Not = slices.DeleteFunc(d.Not, func(u unoffered) bool { return d.action(u.Code) != nil })
	slices.SortStableFunc(d.Actions, func(a, b batchAction) int { return b.On - a.On })
	d.Account, d.Comment, d.Chosen = v.form.Get("account"), v.form.Get("comment"), d.action(v.form.Get("take"))
	return d, nil
}

// action finds what may be done with some of the dossiers; nil when it is not offered.
func (d *batchPageData) action(code string) *batchAction {
	i := slices.IndexFunc(d.Actions, func(a batchAction) bool { return a.Code == code })
	if i < 0 {
		return nil
	}
	return &d.Actions[i]
}

// offer counts an action that may be taken on many dossiers at once, or tells why it
// may not.
func (d *batchPageData) offer(v *visit, a action) {
	if slices.Contains(elsewhere, a.Code) {
		return
	}
	was := d.action(a.Code)
	switch {
	case !a.Allowed:
		why := ""
		for _, w := range a.Why {
			why = strings.TrimSpace(why + " " + w.In(v.lang))
		}
		d.not(v, a, why)
	case a.Code == "transfer":
		d.not(v, a, v.t("batch.why.office"))
	case len(a.Input) > 0 && !slices.Contains(sharedForms, a.Form):
		d.not(v, a, v.t("batch.why.each"))
	case was == nil:
		d.Actions = append(d.Actions, batchAction{Code: a.Code, Label: a.Label.In(v.lang), On: 1, Harm: harms(a.Code), Asks: len(a.Input) > 0, Form: a.Form, input: a.Input})
	case was.Form == a.Form: // the surface refuses by itself what another version of the form does not take
		was.On++
	}
}

// not keeps the first reason why an action is not offered.
func (d *batchPageData) not(v *visit, a action, why string) {
	if !slices.ContainsFunc(d.Not, func(u unoffered) bool { return u.Code == a.Code }) {
		d.Not = append(d.Not, unoffered{a.Code, a.Label.In(v.lang), why})
	}
}

func (v *visit) showBatch(d *batchPageData, status int) error {
	s := screen{page: "batch", status: status, wide: true, title: v.t("batch.title", len(d.Picked)), data: d, crumbs: deskCrumbs(v)}
	if d.Wrong != "" {
		s.errors = []fieldError{{Pointer: "/action", Detail: d.Wrong}}
	}
	return v.show(s)
}

// askBatch shows the form of the chosen action, which is filled in once for all.
func (v *visit) askBatch(d *batchPageData, f *form.Form, value map[string]any, wrong map[string][]string, status int) error {
	q := f.Ask("", form.State{Value: value, Wrong: wrong})
	d.Field = (&asking{v: v}).page(q)
	return v.show(screen{page: "batch", status: status, wide: true, title: v.t("batch.ask", d.Chosen.Label, d.Chosen.On), data: d,
		errors: summary(q, wrong), crumbs: deskCrumbs(v)})
}

// runBatch takes one action on every selected dossier under the version that the list
// showed: a dossier that changed since is left alone and told. An action that asks
// something shows its form first.
func (v *visit) runBatch() error {
	d, err := v.readPicked()
	if err != nil {
		return err
	}
	if len(d.Picked) == 0 {
		v.redirect("/inbox")
		return nil
	}
	do := v.form.Get("take")
	switch {
	case do == "":
		d.Wrong = v.t("batch.action.required")
	case do == "assign" && d.Account == "":
		d.Wrong = v.t("desk.account.required")
	}
	if d.Wrong != "" {
		return v.showBatch(d, http.StatusUnprocessableEntity)
	}
	if key := v.form.Get("key"); key != "" {
		d.Key = key
	}
	body := map[string]any{"action": do}
	if do == "assign" {
		body["input"] = map[string]any{"account": d.Account}
	}
	if comment := strings.TrimSpace(d.Comment); comment != "" {
		body["comment"] = comment
	}
	var f *form.Form
	value := map[string]any{}
	if id := v.form.Get("form"); id != "" || d.Chosen != nil && d.Chosen.Asks {
		if f, err = v.formOfBatch(d, id); err != nil {
			return err
		}
		if id == "" {
			return v.askBatch(d, f, value, nil, http.StatusOK)
		}
		f.Take(value, "", v.form)
		body["input"] = f.Answer(value)
	}
	out, err := v.batch(d, body)
	if err != nil {
		return err
	}
	if wrong := out.wrong(v, f); len(wrong) > 0 && d.Chosen != nil {
		d.Key = newKey()
		return v.askBatch(d, f, value, wrong, http.StatusUnprocessableEntity)
	}
	return v.showBatchDone(d, do, out)
}

// formOfBatch reads the form of the chosen action. When a second press comes after the
// dossiers moved on, it is read by its name: the surface knows the answer by its key.
func (v *visit) formOfBatch(d *batchPageData, id string) (*form.Form, error) {
	if d.Chosen != nil && len(d.Chosen.input) > 0 {
		return v.p.forms.read(d.Chosen.input)
	}
	if !slices.Contains(sharedForms, id) {
		return nil, &problem{Status: http.StatusBadRequest}
	}
	return v.recordsWith(nil).form(id)
}

// batchAnswer is what the surface says of every item, in their order.
type batchAnswer struct {
	Done    int `json:"done"`
	Results []struct {
		Done    bool `json:"done"`
		Dossier *struct {
			State string `json:"state"`
		} `json:"dossier"`
		Problem *problem `json:"problem"`
	} `json:"results"`
}

func (v *visit) batch(d *batchPageData, body map[string]any) (*batchAnswer, error) {
	var items []any
	for _, p := range d.Picked {
		items = append(items, map[string]any{"case": p.Case, "step": p.Step, "if_match": p.ETag})
	}
	body["items"] = items
	var out batchAnswer
	_, err := v.call(call{method: http.MethodPost, path: "/batches", body: body, key: d.Key}, &out)
	return &out, err
}

// wrong is what is wrong with the form itself, when no dossier took it: the problems
// of the first that refused it as invalid.
func (b *batchAnswer) wrong(v *visit, f *form.Form) map[string][]string {
	if f == nil || b.Done > 0 {
		return nil
	}
	for _, r := range b.Results {
		if r.Problem != nil && r.Problem.Code == codeInvalid {
			return v.wrongOn(r.Problem.Errors, f, "")
		}
	}
	return nil
}

// showBatchDone tells what became of every dossier.
func (v *visit) showBatchDone(d *batchPageData, do string, out *batchAnswer) error {
	desk, err := v.desk()
	if err != nil {
		return err
	}
	d.Done, d.Label = out.Done, do
	for i, r := range out.Results {
		b := batchResult{picked: d.Picked[i], Done: r.Done}
		for _, a := range d.Picked[i].Actions {
			if a.Code == do {
				d.Label = a.Label.In(v.lang)
			}
		}
		if r.Dossier != nil {
			b.State = desk.state(r.Dossier.State).In(v.lang)
		}
		if r.Problem != nil {
			b.Why = v.whyNot(r.Problem)
		}
		d.Results = append(d.Results, b)
	}
	return v.show(screen{page: "batchdone", wide: true, title: v.t("batch.done", out.Done, len(out.Results)), data: d, crumbs: deskCrumbs(v)})
}

// whyNot is a refusal in one line, with who was faster where somebody was.
func (v *visit) whyNot(p *problem) string {
	if p.Code == codeStale && p.Now != nil && p.Now.By != "" {
		return v.t("batch.stale", p.Now.By, when(p.Now.At))
	}
	why := p.Detail
	for _, e := range p.Errors {
		why = strings.TrimSpace(why + " " + e.Detail)
	}
	if why != "" {
		return why
	}
	return p.Title
}
