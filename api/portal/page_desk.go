package portal

import (
	"encoding/json"
	"net/http"
	"reflect"
	"slices"
	"strings"

	"lienthong/api/portal/form"
)

func (p *Portal) deskPages() []page {
	return []page{
		{pattern: "GET /dossiers/{code}/{step}/{action}", who: deskFolk, do: (*visit).deskActionPage},
		{pattern: "POST /dossiers/{code}/{step}/{action}", who: deskFolk, do: (*visit).deskAct},
		{pattern: "GET /dossiers/{code}/{step}/slips/{kind}", who: deskFolk, do: (*visit).slipPage},
		{pattern: "GET /cases/{code}/slips/{step}/{kind}", who: citizens, do: (*visit).slipPage},
	}
}

// Kinds of action page, beside the one whose form follows from a schema.
const (
	askAccount    = "account"    // assign: a colleague
	askOffice     = "office"     // transfer: an office and a reason
	askSupplement = "supplement" // request_supplement: item by item
	askSchema     = "schema"
	askNothing    = "nothing"
)

// deskAction is an action that a member of staff is about to take, with what lies on
// the desk beside it.
type deskAction struct {
	acting
	file
	Ask        string
	Field      *field
	Comment    string
	Key        string
	Path, Back string
	Files      bool
	Opened     bool
	Harm       bool
	Clash      *clash

	Account    string
	Colleagues []colleague
	Transfer   *transferForm
	Supplement *supplementForm
	Items      []namedItem // already asked of the applicant

	writing *writing
	records *records
}

// clash says that somebody was faster: who did what, and what stands now. What was
// typed is kept in the form; where the action is not open any more, it is shown for
// reading.
type clash struct {
	By, State, Detail string
	At                Time
	Moments           []moment // what happened since the form was opened
	Gone              bool     // the action is not open in the new state
	Typed             []row
}

// apologyOfCase stands in an address for the apology for the whole case, which the
// receiving office gives beside the apologies of the parts.
const apologyOfCase = "apologise_case"

// apology is the action by which the visitor's office gives the whole case a new date;
// nil when it has none to give.
func (c *caseView) apology(v *visit) *action {
	for i := range c.Actions {
		if a := &c.Actions[i]; a.Code == "apologise" {
			a.Label = Text{VI: v.p.words.say(vi, "desk.apology.case"), EN: v.p.words.say(en, "desk.apology.case")}
			return a
		}
	}
	return nil
}

// deskAction reads the case, and finds the action that the address names. gone tells
// that the case is there, but the action is not listed in its state.
func (v *visit) deskAction() (d *deskAction, gone bool, err error) {
	d = &deskAction{Path: v.r.URL.Path, Key: newKey(), Comment: v.form.Get("comment")}
	if d.Case, err = v.readCase(v.r.PathValue("code")); err != nil {
		return nil, false, err
	}
	if d.Part = d.Case.dossier(v.r.PathValue("step")); d.Part == nil {
		return nil, false, &problem{Status: http.StatusNotFound}
	}
	d.Back = dossierPath(d.Case.Code, d.Part.Step)
	code := v.r.PathValue("action")
	if code == apologyOfCase {
		if d.Action = d.Case.apology(v); d.Action == nil {
			return d, true, nil
		}
		return d, false, v.readAsk(d)
	}
	i := slices.IndexFunc(d.Part.Actions, func(a action) bool { return a.Code == code })
	if i < 0 {
		return d, true, nil
	}
	d.Action = &d.Part.Actions[i]
	d.Harm = harms(code)
	return d, false, v.readAsk(d)
}

// readAsk finds out what an action asks.
func (v *visit) readAsk(d *deskAction) error {
	switch {
	case d.Action.Code == "assign":
		d.Ask = askAccount
		desk, err := v.desk()
		if err != nil {
			return err
		}
		d.Colleagues = desk.Colleagues
	case d.Action.Code == "transfer":
		d.Ask = askOffice
	case d.Action.Form == "supplement_request":
		d.Ask = askSupplement
	case len(d.Action.Input) > 0:
		d.Ask = askSchema
		var err error
		d.form, err = v.p.forms.read(d.Action.Input)
		return err
	default:
		d.Ask = askNothing
	}
	return nil
}

// lay puts the file beside the form.
func (v *visit) lay(d *deskAction) error {
	var err error
	if d.writing, err = v.again(d.Case); err != nil {
		return err
	}
	d.records = v.recordsWith(d.writing.places)
	if d.file, err = v.file(d.Case, d.Part, d.writing, d.records); err != nil {
		return err
	}
	d.Compact = true
	d.Items = v.namedItems(d.Case, d.writing)
	return nil
}

func (v *visit) deskActionPage() error {
	d, gone, err := v.deskAction()
	if err != nil {
		return err
	}
	if gone {
		v.redirect(d.Back)
		return nil
	}
	if err := v.lay(d); err != nil {
		return err
	}
	switch d.Ask {
	case askSupplement:
		d.Supplement = newSupplement(d.writing, v)
	case askOffice:
		if d.Transfer, err = v.transferForm(d.writing); err != nil {
			return err
		}
	}
	return v.showDeskAction(d, d.begin(), nil, http.StatusOK)
}

// begin is what a form begins with: what was entered the last time, else what the
// part was given; with what the applicant answered to an agency since.
func (d *deskAction) begin() map[string]any {
	if d.Ask != askSchema || slices.Contains(remarks, d.Action.Form) {
		return map[string]any{}
	}
	out := d.initial()
	if before, ok := d.Part.Data[d.Action.Code].(map[string]any); ok {
		for k, x := range before {
			if k != "by" && k != "at" && k != "comment" {
				out[k] = x
			}
		}
	}
	return d.amended(out)
}

// amended is what a form begins with where the applicant gave another value since it was
// filled in last. Only what still stands as it was declared: what an earlier part decided,
// or somebody entered otherwise, stays.
func (d *deskAction) amended(begin map[string]any) map[string]any {
	var last Time
	for _, a := range d.Part.Acts {
		if a.Action == d.Action.Code {
			last = a.At
		}
	}
	for _, it := range d.Case.Items {
		value := it.Answer["value"]
		if it.Kind != "field" || value == nil || it.Answered.Before(last.Time) {
			continue
		}
		if reflect.DeepEqual(form.Get(begin, it.About), form.Get(d.Case.Application, it.About)) {
			begin, _ = form.With(begin, it.About, value).(map[string]any)
		}
	}
	return begin
}

func (v *visit) showDeskAction(d *deskAction, value map[string]any, wrong map[string][]string, status int) error {
	s := screen{page: "deskaction", status: status, wide: true, title: v.t("desk.gone.title"),
		crumbs: deskCrumbs(v, crumb{d.Case.Subject + " – " + d.Part.Title.In(v.lang), d.Back})}
	if d.Action != nil {
		s.title = d.Action.Label.In(v.lang)
	}
	switch d.Ask {
	case askSchema:
		q := d.form.Ask("", form.State{Value: value, Wrong: wrong})
		view := &asking{v: v, places: d.records.places}
		d.Field, d.Files = view.page(q), uploads(q)
		s.errors = summary(q, wrong)
	case askSupplement:
		s.errors = d.Supplement.mark(v, wrong)
	default:
		for _, pointer := range sortedKeys(wrong) {
			for _, text := range wrong[pointer] {
				s.errors = append(s.errors, fieldError{Pointer: pointer, Detail: text})
			}
		}
	}
	if v.live() {
		s.part = "asked"
	}
	s.data = d
	v.allowFrames()
	return v.show(s)
}

func (v *visit) deskAct() error {
	d, gone, err := v.deskAction()
	if err != nil {
		return err
	}
	if gone {
		return v.actionGone(d)
	}
	if err := v.lay(d); err != nil {
		return err
	}
	value, wrong, again, err := v.readDeskAction(d)
	if err != nil {
		return err
	}
	if key := v.form.Get("key"); key != "" {
		d.Key = key
	}
	if again {
		return v.showDeskAction(d, value, nil, http.StatusOK)
	}
	if len(wrong) > 0 {
		return v.showDeskAction(d, value, wrong, http.StatusUnprocessableEntity)
	}
	_, err = v.call(call{method: http.MethodPost, path: strings.TrimPrefix(d.Action.Href, base), body: v.deskBody(d, value), key: d.Key, match: v.form.Get("etag")}, nil)
	if p, ok := refused(err, codeInvalid); ok {
		d.Key = newKey()
		return v.showDeskAction(d, value, v.wrongAtDesk(d, p.Errors), http.StatusUnprocessableEntity)
	}
	if p, ok := refused(err, codeStale, codeWrongState, codePrecondition); ok {
		return v.clashed(d, value, p)
	}
	if err != nil {
		return err
	}
	v.redirect(d.Back + "?done=1")
	return nil
}

// readDeskAction reads what was posted. again tells that the form only changed its
// shape.
func (v *visit) readDeskAction(d *deskAction) (value map[string]any, wrong map[string][]string, again bool, err error) {
	value, wrong = map[string]any{}, map[string][]string{}
	switch d.Ask {
	case askAccount:
		if d.Account = v.form.Get("account"); d.Account == "" {
			wrong["/account"] = []string{v.t("desk.account.required")}
		}
	case askOffice:
		if d.Transfer, err = v.transferForm(d.writing); err != nil {
			return nil, nil, false, err
		}
		if again = d.Transfer.searches(v); !again {
			wrong = d.Transfer.check(v)
		}
	case askSupplement:
		d.Supplement = readSupplement(d.writing, v)
		again = d.Supplement.more(v.form.Get(form.Button))
		value = d.Supplement.input()
		if !again {
			wrong = d.Supplement.check(v)
		}
	case askSchema:
		before := d.form.Ask("", form.State{Value: d.begin()})
		dd := &draftData{Application: value}
		var taken form.Taken
		if taken, wrong, err = v.answer(dd, d.form, "", d.records.places); err != nil {
			return nil, nil, false, err
		}
		d.Opened = opened(before, d.form.Ask("", form.State{Value: value}), v.form.Has)
		again = taken.List != "" || d.Opened || v.form.Get(form.Button) == doShape
	}
	return value, wrong, again, nil
}

// deskBody is what the surface is sent.
func (v *visit) deskBody(d *deskAction, value map[string]any) map[string]any {
	body := map[string]any{}
	switch d.Ask {
	case askAccount:
		body["account"] = d.Account
	case askOffice:
		body["office"], body["reason"] = d.Transfer.Office, d.Transfer.Reason
	case askSchema:
		body["input"] = d.form.Answer(value)
	case askSupplement:
		body["input"] = value
	}
	if comment := strings.TrimSpace(d.Comment); comment != "" && d.Ask != askSupplement {
		body["comment"] = comment
	}
	return body
}

// wrongAtDesk sorts the surface's problems by pointer.
func (v *visit) wrongAtDesk(d *deskAction, problems []fieldError) map[string][]string {
	if d.form != nil {
		return v.wrongOn(problems, d.form, "")
	}
	out := map[string][]string{}
	for _, p := range problems {
		out[p.Pointer] = append(out[p.Pointer], p.Detail)
	}
	return out
}

// clashed shows the form again with everything that was typed, and what changed
// meanwhile. The action stands under the new version; where it is not open in it, what
// was typed is shown for reading.
func (v *visit) clashed(d *deskAction, value map[string]any, p *problem) error {
	seen := v.form.Get("seq")
	fresh, gone, err := v.deskAction()
	if err != nil {
		return err
	}
	if gone || !fresh.Action.Allowed {
		return v.actionGone(fresh)
	}
	if err := v.lay(fresh); err != nil {
		return err
	}
	fresh.Account, fresh.Transfer, fresh.Supplement = d.Account, d.Transfer, d.Supplement
	if fresh.Clash, err = v.clash(fresh, p, seen); err != nil {
		return err
	}
	return v.showDeskAction(fresh, value, nil, p.Status)
}

// clash gathers who changed what since the form was opened.
func (v *visit) clash(d *deskAction, p *problem, seen string) (*clash, error) {
	c := &clash{Detail: p.Detail}
	if p.Now != nil {
		c.By, c.At = p.Now.By, p.Now.At
	}
	if d.Part.StateName != nil {
		c.State = d.Part.StateName.In(v.lang)
	}
	seq, err := json.Number(seen).Int64()
	if err != nil {
		return c, nil
	}
	if c.Moments, err = v.momentsOf(d.Case, d.Part.Step, seq); err != nil {
		return nil, err
	}
	for _, m := range c.Moments { // the surface names nobody where the action is gone
		if c.By == "" && m.Who.Kind == "staff" {
			c.By, c.At = m.Who.Name, m.At
		}
	}
	return c, nil
}

// actionGone answers a form whose action the dossier's state has no more: the same
// form sent twice leads on; anything else is shown with what happened meanwhile, and
// what was typed.
func (v *visit) actionGone(d *deskAction) error {
	if key := v.form.Get("key"); key != "" && d.Action == nil {
		again := &action{Href: base + "/cases/" + seg(d.Case.Code) + "/dossiers/" + seg(d.Part.Step) + "/actions/" + seg(v.r.PathValue("action"))}
		if v.repeated(again, key) {
			v.redirect(d.Back + "?done=1")
			return nil
		}
	}
	if err := v.lay(d); err != nil {
		return err
	}
	var err error
	d.Ask, d.Action = askNothing, nil
	if d.Clash, err = v.clash(d, &problem{Detail: v.t("desk.gone")}, v.form.Get("seq")); err != nil {
		return err
	}
	d.Clash.Gone = true
	if d.Clash.Typed, err = v.typed(d); err != nil {
		return err
	}
	return v.showDeskAction(d, nil, nil, http.StatusConflict)
}

// repeated tells whether a form that was sent is the one that changed the state: the
// surface remembers its key. Nothing is done again.
func (v *visit) repeated(a *action, key string) bool {
	_, err := v.call(call{method: http.MethodPost, path: strings.TrimPrefix(a.Href, base), body: map[string]any{}, key: key, match: v.form.Get("etag")}, nil)
	p, ok := asProblem(err)
	return err == nil || ok && p.Code == "idempotency_mismatch"
}

// typed is what was entered, for reading: in the words of the form it was entered in.
func (v *visit) typed(d *deskAction) ([]row, error) {
	var out []row
	if id := v.form.Get("form"); id != "" && id != "supplement_request" {
		f, err := d.records.form(id)
		if err != nil || f == nil {
			return nil, err
		}
		value := map[string]any{}
		f.Take(value, "", v.form)
		if out, err = d.records.rows(id, value); err != nil {
			return nil, err
		}
	}
	add := func(label, value string) {
		if value = strings.TrimSpace(value); value != "" {
			out = append(out, row{Label: label, Value: value})
		}
	}
	if v.form.Has("item0-what") {
		s := readSupplement(d.writing, v)
		for _, l := range s.Lines {
			out = append(out, row{Label: v.t("desk.item", l.N+1), Heading: true})
			add(v.t("desk.item.what"), s.what(v, l))
			add(v.t("desk.item.name"), l.Name)
			add(v.t("desk.item.reason"), l.Reason)
		}
		add(v.t("desk.guidance"), s.Guidance)
		add(v.t("desk.legal"), s.Legal)
	}
	add(v.t("desk.account"), v.form.Get("account"))
	if v.form.Has("office") {
		t, err := v.transferForm(d.writing)
		if err != nil {
			return nil, err
		}
		add(v.t("desk.office"), t.chosen(v))
	}
	add(v.t("desk.reason"), v.form.Get("reason"))
	add(v.t("action.comment"), v.form.Get("comment"))
	return out, nil
}
