package portal

import (
	"net/http"
	"slices"
	"strings"
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
}

// batchPageData is the dossiers that were selected, and what may be done with them.
type batchPageData struct {
	Picked     []picked
	Actions    []batchAction
	Colleagues []colleague
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
// with them: actions that ask nothing, or a colleague only.
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
	slices.SortStableFunc(d.Actions, func(a, b batchAction) int { return b.On - a.On })
	return d, nil
}

// offer counts an action that may be taken on many dossiers at once.
func (d *batchPageData) offer(v *visit, a action) {
	if !a.Allowed || len(a.Input) > 0 || slices.Contains([]string{"transfer", "refile"}, a.Code) {
		return
	}
	i := slices.IndexFunc(d.Actions, func(b batchAction) bool { return b.Code == a.Code })
	if i < 0 {
		i = len(d.Actions)
		d.Actions = append(d.Actions, batchAction{Code: a.Code, Label: a.Label.In(v.lang), Harm: harms(a.Code)})
	}
	d.Actions[i].On++
}

func (v *visit) showBatch(d *batchPageData, status int) error {
	s := screen{page: "batch", status: status, wide: true, title: v.t("batch.title", len(d.Picked)), data: d, crumbs: deskCrumbs(v)}
	if d.Wrong != "" {
		s.errors = []fieldError{{Pointer: "/action", Detail: d.Wrong}}
	}
	return v.show(s)
}

// runBatch takes one action on every selected dossier under the version that the list
// showed: a dossier that changed since is left alone and told.
func (v *visit) runBatch() error {
	d, err := v.readPicked()
	if err != nil {
		return err
	}
	if len(d.Picked) == 0 {
		v.redirect("/inbox")
		return nil
	}
	do, account := v.form.Get("action"), v.form.Get("account")
	switch {
	case do == "":
		d.Wrong = v.t("batch.action.required")
	case do == "assign" && account == "":
		d.Wrong = v.t("desk.account.required")
	}
	if d.Wrong != "" {
		return v.showBatch(d, http.StatusUnprocessableEntity)
	}
	body := map[string]any{"action": do}
	if do == "assign" {
		body["input"] = map[string]any{"account": account}
	}
	if comment := strings.TrimSpace(v.form.Get("comment")); comment != "" {
		body["comment"] = comment
	}
	var items []any
	for _, p := range d.Picked {
		items = append(items, map[string]any{"case": p.Case, "step": p.Step, "if_match": p.ETag})
	}
	body["items"] = items
	var out struct {
		Done    int `json:"done"`
		Results []struct {
			Done    bool `json:"done"`
			Dossier *struct {
				State string `json:"state"`
			} `json:"dossier"`
			Problem *problem `json:"problem"`
		} `json:"results"`
	}
	if _, err := v.call(call{method: http.MethodPost, path: "/batches", body: body, key: v.form.Get("key")}, &out); err != nil {
		return err
	}
	desk, err := v.desk()
	if err != nil {
		return err
	}
	d.Done, d.Label = out.Done, v.form.Get("action")
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
	if p.Detail != "" {
		return p.Detail
	}
	return p.Title
}
