package portal

import (
	"net/http"
	"slices"
	"strings"

	"lienthong/api/portal/form"
)

func (p *Portal) actionPages() []page {
	return []page{
		{pattern: "GET /cases/{code}/parts/{step}/{action}", who: signedIn, do: (*visit).actionPage},
		{pattern: "POST /cases/{code}/parts/{step}/{action}", who: signedIn, do: (*visit).act},
		{pattern: "GET /cases/{code}/withdraw", who: filers, do: (*visit).withdrawPage},
		{pattern: "POST /cases/{code}/withdraw", who: filers, do: (*visit).withdraw},
	}
}

// acting is an action that somebody is about to take.
type acting struct {
	Case   *caseView
	Part   *dossier
	Action *action
	form   *form.Form // nil when it takes nothing but a comment
}

// acting finds the action that the address names. An action that is not listed does
// not exist for the visitor.
func (v *visit) acting() (*acting, error) {
	c, err := v.readCase(v.r.PathValue("code"))
	if err != nil {
		return nil, err
	}
	a := &acting{Case: c, Part: c.dossier(v.r.PathValue("step"))}
	if a.Part == nil {
		return nil, &problem{Status: http.StatusNotFound}
	}
	for i := range a.Part.Actions {
		if a.Part.Actions[i].Code == v.r.PathValue("action") {
			a.Action = &a.Part.Actions[i]
		}
	}
	if a.Action == nil {
		return nil, &problem{Status: http.StatusNotFound}
	}
	if len(a.Action.Input) > 0 {
		if a.form, err = v.p.forms.read(a.Action.Input); err != nil {
			return nil, err
		}
	}
	return a, nil
}

// back is where the visitor came from, and goes when it is done.
func (v *visit) back(c *caseView) string {
	for _, to := range []string{v.form.Get("back"), v.r.URL.Query().Get("back")} {
		if to != "" {
			return local(to)
		}
	}
	return "/cases/" + seg(c.Code)
}

// actionPageData is one action with what it is about and what it asks.
type actionPageData struct {
	acting
	About   []section
	Field   *field
	Comment string
	Key     string
	Path    string
	Back    string
	Files   bool
	Opened  bool
	Harm    bool // it refuses, declines or takes back
	Until   Time
	Silence string // what happens without an answer until then
}

// harmful are the words in the names of actions that should look it.
var harmful = []string{"refuse", "reject", "decline", "dispute", "withdraw", "annul", "revoke"}

func harms(action string) bool {
	return slices.ContainsFunc(harmful, func(w string) bool { return strings.Contains(action, w) })
}

func (v *visit) actionPage() error {
	a, err := v.acting()
	if err != nil {
		return err
	}
	return v.showAction(a, a.initial(), nil, newKey(), false, http.StatusOK)
}

// initial is what an action's form begins with: what the part was given under the
// same names.
func (a *acting) initial() map[string]any {
	out := map[string]any{}
	if a.form == nil {
		return out
	}
	for _, p := range a.form.Pages(nil) {
		if x, ok := a.Part.With[p.Name]; ok {
			out[p.Name] = x
			continue
		}
		for _, given := range a.Part.With {
			if m, ok := given.(map[string]any); ok && m[p.Name] != nil {
				out[p.Name] = m[p.Name]
				break
			}
		}
	}
	return out
}

func (v *visit) showAction(a *acting, value map[string]any, wrong map[string][]string, key string, opened bool, status int) error {
	r, err := v.records()
	if err != nil {
		return err
	}
	d := actionPageData{acting: *a, Key: key, Path: v.r.URL.Path, Back: v.back(a.Case), Comment: v.form.Get("comment"), Opened: opened,
		Harm: harms(a.Action.Code)}
	for _, w := range a.Part.Waiting {
		if w.Then != nil {
			d.Until, d.Silence = w.Until, v.silence(a.Part)
		}
	}
	if d.About, err = r.about(a.Part); err != nil {
		return err
	}
	s := screen{page: "action", status: status, title: a.Action.Label.In(v.lang), crumbs: caseCrumbs(v, a.Case)}
	if a.form != nil {
		q := a.form.Ask("", form.State{Value: value, Wrong: wrong})
		view := &asking{v: v, places: r.places}
		d.Field, d.Files = view.page(q), uploads(q)
		s.errors = summary(q, wrong)
	} else {
		s.errors = summary(&form.Question{}, wrong)
	}
	if v.live() {
		s.part = "asked"
	}
	s.data = d
	return v.show(s)
}

// about is what a part is about: the draft that awaits a yes or no, else what the
// part was given.
func (r *records) about(x *dossier) ([]section, error) {
	if x.Data["draft"] != nil {
		rows, err := r.rows(x.Forms["data.draft"], x.Data["draft"])
		if err != nil || len(rows) > 0 {
			return []section{{Title: r.v.t("action.draft"), Rows: rows}}, err
		}
	}
	rows, err := r.given(x)
	if len(rows) == 0 {
		return nil, err
	}
	return []section{{Title: r.v.t("action.about"), Rows: rows}}, err
}

func (v *visit) act() error {
	a, err := v.acting()
	if statusOf(err) == http.StatusNotFound {
		return v.actedBefore(err)
	}
	if err != nil {
		return err
	}
	value, wrong := map[string]any{}, map[string][]string{}
	var taken form.Taken
	opens := false
	if a.form != nil {
		places, err := v.places()
		if err != nil {
			return err
		}
		d := &draftData{Application: value}
		before := a.form.Ask("", form.State{Value: a.initial()})
		if taken, wrong, err = v.answer(d, a.form, "", places); err != nil {
			return err
		}
		opens = opened(before, a.form.Ask("", form.State{Value: value}), v.form.Has)
	}
	key := v.form.Get("key")
	if taken.List != "" || opens || v.form.Get(form.Button) == doShape {
		return v.showAction(a, value, nil, key, opens, http.StatusOK)
	}
	if len(wrong) > 0 {
		return v.showAction(a, value, wrong, key, false, http.StatusUnprocessableEntity)
	}
	err = v.do(a.Action, value, a.form, key)
	if p, ok := refused(err, codeInvalid); ok {
		return v.showAction(a, value, v.wrongOn(p.Errors, a.form, ""), newKey(), false, http.StatusUnprocessableEntity)
	}
	if p, ok := refused(err, codeStale, codeWrongState, codePrecondition); ok {
		return v.showAction(a, value, map[string][]string{"": {v.changed(p)}}, newKey(), false, p.Status)
	}
	if err != nil {
		return err
	}
	v.redirect(v.doneAt(a.Case))
	return nil
}

// doneAt is where somebody goes who has acted. A party has no case to go back to.
func (v *visit) doneAt(c *caseView) string {
	if c.View == "party" {
		return "/tasks?done=1"
	}
	return v.back(c) + "?done=1"
}

// actedBefore answers a form that was sent twice: the action is not open any more.
// Whoever sees the case is led to it; a party, whose answer was all they had, is told
// what came of the first by the surface.
func (v *visit) actedBefore(notThere error) error {
	code := v.r.PathValue("code")
	c, err := v.readCase(code)
	if err == nil {
		v.redirect(v.doneAt(c))
		return nil
	}
	key := v.form.Get("key")
	if statusOf(err) != http.StatusNotFound || key == "" {
		return notThere
	}
	again := &action{Href: base + "/cases/" + seg(code) + "/dossiers/" + seg(v.r.PathValue("step")) + "/actions/" + seg(v.r.PathValue("action"))}
	if err := v.do(again, nil, nil, key); err != nil {
		return notThere
	}
	v.redirect("/tasks?done=1")
	return nil
}

// do sends an action as the surface described it, under the version that the
// visitor saw.
func (v *visit) do(a *action, value map[string]any, f *form.Form, key string) error {
	body := map[string]any{}
	if f != nil {
		body["input"] = f.Answer(value)
	}
	if comment := strings.TrimSpace(v.form.Get("comment")); comment != "" {
		body["comment"] = comment
	}
	match := ""
	if a.ETag != "" {
		match = v.form.Get("etag")
	}
	_, err := v.call(call{method: http.MethodPost, path: strings.TrimPrefix(a.Href, base), body: body, key: key, match: match}, nil)
	return err
}

// changed says that somebody was faster, and who.
func (v *visit) changed(p *problem) string {
	if p.Code != codeStale || p.Now == nil || p.Now.At.IsZero() {
		return p.Detail
	}
	return v.t("action.changed", when(p.Now.At))
}

// withdrawPageData asks what to take back.
type withdrawPageData struct {
	Case   *caseView
	Parts  []dossier
	Chosen map[string]bool
	Reason string
	Key    string
	Back   string
}

func (v *visit) withdrawPage() error {
	c, err := v.readCase(v.r.PathValue("code"))
	if err != nil {
		return err
	}
	return v.showWithdraw(c, "", http.StatusOK)
}

func (v *visit) showWithdraw(c *caseView, wrong string, status int) error {
	d := withdrawPageData{Case: c, Parts: unended(c), Chosen: map[string]bool{}, Reason: v.form.Get("reason"), Key: newKey(), Back: v.casePath(c)}
	for _, s := range v.form["step"] {
		d.Chosen[s] = true
	}
	if len(d.Parts) == 0 {
		return &problem{Status: http.StatusNotFound}
	}
	s := screen{page: "withdraw", status: status, title: v.t("withdraw.title"), data: d, crumbs: caseCrumbs(v, c)}
	if wrong != "" {
		s.errors = []fieldError{{Pointer: "/step", Detail: wrong}}
	}
	return v.show(s)
}

// unended are the parts that can still be taken back.
func unended(c *caseView) []dossier {
	var out []dossier
	for _, x := range c.Dossiers {
		if x.Status == "waiting" || x.Status == "open" && x.Final == "" {
			out = append(out, x)
		}
	}
	return out
}

func (v *visit) withdraw() error {
	c, err := v.readCase(v.r.PathValue("code"))
	if err != nil {
		return err
	}
	i := slices.IndexFunc(c.Actions, func(a action) bool { return a.Code == "withdraw" })
	if i < 0 { // sent twice: the case says what became of it
		v.redirect(v.casePath(c))
		return nil
	}
	input := map[string]any{}
	if reason := strings.TrimSpace(v.form.Get("reason")); reason != "" {
		input["reason"] = reason
	}
	switch steps := v.form["step"]; {
	case v.form.Get("what") == "all" && len(steps) > 0 && len(steps) < len(unended(c)): // some are ticked, and the button says all
		return v.showWithdraw(c, v.t("withdraw.either"), http.StatusUnprocessableEntity)
	case v.form.Get("what") == "all":
	case len(steps) == 0:
		return v.showWithdraw(c, v.t("withdraw.choose"), http.StatusUnprocessableEntity)
	default:
		input["steps"] = steps
	}
	_, err = v.call(call{method: http.MethodPost, path: strings.TrimPrefix(c.Actions[i].Href, base), body: map[string]any{"input": input},
		key: v.form.Get("key"), match: v.form.Get("etag")}, nil)
	if p, ok := refused(err, codeInvalid, codeStale, codeWrongState, codePrecondition); ok {
		return v.showWithdraw(c, v.changed(p), p.Status)
	}
	if err != nil {
		return err
	}
	v.redirect(v.casePath(c) + "?done=1")
	return nil
}
