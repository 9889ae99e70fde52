package portal

import (
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"lienthong/api/portal/form"
)

// exchangers watch what waits for registers, and act on it: operators on everything,
// supervisors on what the dossiers of their own office wait for.
var exchangers = audience{roles: []string{"operator", "supervisor"}}

func (p *Portal) exchangePages() []page {
	const one = "/exchange/{case}/{seq}/{n}"
	return []page{
		{pattern: "GET /exchange", who: exchangers, menu: "exchange.title", do: (*visit).exchangePage},
		{pattern: "GET " + one, who: exchangers, do: (*visit).deliveryPage},
		{pattern: "POST " + one, who: exchangers, do: (*visit).operate},
	}
}

// delivery is what one register is owed.
type delivery struct {
	Key       string          `json:"key"`
	Case      string          `json:"case"`
	Step      string          `json:"step"`
	Registry  string          `json:"registry"`
	Operation string          `json:"operation"`
	Title     *Text           `json:"title"`
	Status    string          `json:"status"`
	Since     Time            `json:"since"`
	Tries     int             `json:"tries"`
	Failed    int             `json:"failed"`
	Next      Time            `json:"next"`
	SentAt    Time            `json:"sent_at"`
	Expected  Time            `json:"expected"`
	Overdue   bool            `json:"overdue"`
	LastError string          `json:"last_error"`
	Note      string          `json:"note"`
	Said      string          `json:"-"` // the note in words
	Leased    Time            `json:"leased_until"`
	Breaker   Time            `json:"breaker_until"`
	Damaged   bool            `json:"damaged"`
	May       []string        `json:"may"`
	Reply     json.RawMessage `json:"reply"`
	Refusals  map[string]Text `json:"refusals"`
}

// noted is the delivery's own note of what somebody did, "retried by …: …", in words:
// kept for machines, it begins in English. Any other note stays as it is.
func (v *visit) noted(note string) string {
	act, rest, ok := strings.Cut(note, " by ")
	word, known := v.word("noted", act)
	if !ok || !known {
		return note
	}
	return word + " " + rest
}

// trouble is what went wrong, in words, and the register's own code for it.
type trouble struct{ Words, Code string }

var codedTrouble = regexp.MustCompile(`^(.*: )?([a-z][a-z0-9_]*): (.+)$`)

// troubleOf takes the code out of the words that the surface tells: “unavailable: The
// registry is not available.” A person reads the words first.
func troubleOf(said string) trouble {
	if m := codedTrouble.FindStringSubmatch(said); m != nil {
		return trouble{m[1] + m[3], m[2]}
	}
	return trouble{Words: said}
}

// Path is the address of its page: the key is case/seq/n.
func (d delivery) Path() string {
	parts := strings.Split(d.Key, "/")
	for i := range parts {
		parts[i] = seg(parts[i])
	}
	return "/exchange/" + strings.Join(parts, "/")
}

// Tag is the colour of its status.
func (d delivery) Tag() string {
	switch d.Status {
	case "incident":
		return "danger"
	case "accepted":
		return "info"
	case "done", "skipped":
		return "success"
	}
	return "warning"
}

// Ended tells whether nothing is waited for any more.
func (d delivery) Ended() bool { return d.Status == "done" || d.Status == "skipped" }

// Can tells whether the visitor may do something with it.
func (d delivery) Can(act string) bool { return slices.Contains(d.May, act) }

// exchangePageData is what waits, and how each register does.
type exchangePageData struct {
	Now        Time
	Wall       Time
	Registries []registryLine
	Titles     map[string]Text
	Deliveries []delivery
	Next       string
	Asked      url.Values
	Here       string // the address with what was asked, to be asked again by scripts
	Done       bool
	Rates      rates
}

// exchangeFilters are what the list may be asked for.
var exchangeFilters = []string{"registry", "status", "case", "text", "overdue", "after"}

func (v *visit) exchangePage() error {
	in := v.r.URL.Query()
	d := exchangePageData{Asked: url.Values{}, Titles: map[string]Text{}, Done: in.Has("done")}
	for _, name := range exchangeFilters {
		if x := strings.TrimSpace(in.Get(name)); x != "" {
			d.Asked.Set(name, x)
		}
	}
	d.Here = "/exchange?" + d.Asked.Encode()
	if _, err := v.call(call{path: "/exchange", query: d.Asked}, &d); err != nil {
		return err
	}
	for i := range d.Deliveries {
		d.Deliveries[i].Said = v.noted(d.Deliveries[i].Note)
	}
	var sums struct {
		exchangeSums
		Registries []registryLine
	}
	if err := v.get("/exchange/summary", &sums); err != nil {
		return err
	}
	d.Registries, d.Rates = sums.Registries, v.ratesOf(sums.Registries, sums.exchangeSums)
	for _, r := range d.Registries {
		d.Titles[r.Registry] = r.Title
	}
	if d.Next != "" {
		next := url.Values{"after": {d.Next}}
		for k := range d.Asked {
			if k != "after" {
				next.Set(k, d.Asked.Get(k))
			}
		}
		d.Next = "/exchange?" + next.Encode()
	}
	s := screen{page: "exchange", title: v.t("exchange.title"), wide: true, data: d}
	if v.live() {
		s.part = "queue"
	}
	return v.show(s)
}

// deliveryPageData is one delivery with what was typed about it.
type deliveryPageData struct {
	delivery
	Register Text
	Codes    []string // of refusals, sorted
	Field    *field   // the questions of an answer that is recorded
	Once     string   // Idempotency-Key of the forms
	Typed    url.Values
	Wrong    map[string]string // by pointer
}

func (v *visit) readDelivery() (delivery, error) {
	var d delivery
	key := v.r.PathValue("case") + "/" + v.r.PathValue("seq") + "/" + v.r.PathValue("n")
	err := v.get("/exchange/"+seg(key), &d)
	d.Said = v.noted(d.Note)
	return d, err
}

func (v *visit) deliveryPage() error {
	d, err := v.readDelivery()
	if err != nil {
		return err
	}
	return v.showDelivery(d, nil, nil, http.StatusOK)
}

// replyForm is the form of an answer: the operation's reply schema, which was written
// for machines, with words; nil when an answer has no data.
func (v *visit) replyForm(d delivery) (*form.Form, error) {
	if len(d.Reply) == 0 {
		return nil, nil
	}
	f, err := form.Parse(d.Reply)
	if err != nil {
		return nil, err
	}
	said := func(s string, ok bool) (form.Text, bool) { return form.Text{VI: s, EN: s}, ok }
	f.Describe(func(path string) (form.Text, bool) {
		for at := path; at != ""; _, at, _ = strings.Cut(at, ".") {
			if s, ok := v.word("reply", at); ok {
				return said(s, ok)
			}
		}
		return said(v.word("data", path[strings.LastIndex(path, ".")+1:]))
	}, func(value string) (form.Text, bool) { return said(v.word("word", value)) })
	return f, nil
}

// showDelivery shows a delivery with what was typed: the answer's data, and in the
// posted form everything else.
func (v *visit) showDelivery(one delivery, data map[string]any, wrong []fieldError, status int) error {
	d := deliveryPageData{delivery: one, Codes: sortedKeys(one.Refusals), Once: newKey(), Typed: v.form, Wrong: map[string]string{}}
	byPointer := map[string][]string{}
	for _, w := range wrong {
		d.Wrong[w.Pointer] = strings.TrimSpace(d.Wrong[w.Pointer] + " " + w.Detail)
		byPointer[w.Pointer] = append(byPointer[w.Pointer], w.Detail)
	}
	var all struct{ Registries []registryLine }
	if err := v.get("/exchange/summary", &all); err != nil {
		return err
	}
	for _, r := range all.Registries {
		if r.Registry == one.Registry {
			d.Register = r.Title
		}
	}
	f, err := v.replyForm(one)
	if err != nil {
		return err
	}
	if f != nil && one.Can("record") {
		places, err := v.places()
		if err != nil {
			return err
		}
		d.Field = (&asking{v: v, places: places}).page(f.Ask("", form.State{Value: data, Wrong: byPointer}))
	}
	return v.show(screen{page: "delivery", status: status, title: v.t("delivery.title"), errors: wrong, data: d, crumbs: []crumb{{v.t("exchange.title"), "/exchange"}}})
}

// operatorActs are what may be chosen.
var operatorActs = []string{"retry", "record", "skip"}

// operate does what was chosen. What was typed stays when it is refused.
func (v *visit) operate() error {
	d, err := v.readDelivery()
	if err != nil {
		return err
	}
	f, err := v.replyForm(d)
	if err != nil {
		return err
	}
	data := map[string]any{}
	if f != nil {
		if more, err := v.takeReply(f, data); more || err != nil {
			if err != nil {
				return err
			}
			return v.showDelivery(d, data, nil, http.StatusOK)
		}
	}
	act := v.form.Get("do")
	note := strings.TrimSpace(v.form.Get("note-" + act))
	body := map[string]any{"note": note}
	switch {
	case !d.Can(act) && !(d.Ended() && slices.Contains(operatorActs, act)): // of what has ended the surface knows whether this form did it
		return v.showDelivery(d, data, []fieldError{{Detail: v.t("delivery.closed")}}, http.StatusConflict)
	case note == "" && act != "retry":
		return v.showDelivery(d, data, []fieldError{{Pointer: "/note-" + act, Detail: v.t("delivery.note.required")}}, http.StatusUnprocessableEntity)
	case act == "record":
		switch body["outcome"] = v.form.Get("answer-outcome"); body["outcome"] {
		case "done":
			if f != nil {
				body["data"] = f.Answer(data)
			}
		case "refused":
			body["code"] = v.form.Get("answer-refusal")
		default:
			return v.showDelivery(d, data, []fieldError{{Pointer: "/answer-outcome", Detail: v.t("delivery.outcome.required")}}, http.StatusUnprocessableEntity)
		}
	}
	_, err = v.call(call{method: http.MethodPost, path: "/exchange/" + seg(d.Key) + "/" + act, body: body, key: v.form.Get("key")}, nil)
	if p, ok := refused(err, codeInvalid, codeWrongState, codePrecondition); ok {
		return v.showDelivery(d, data, v.deliveryWrong(p, f), p.Status)
	}
	if err != nil {
		return err
	}
	v.redirect("/exchange?done=1")
	return nil
}

// takeReply reads what was typed of an answer. more tells that a list grew or shrank
// and is asked again.
func (v *visit) takeReply(f *form.Form, data map[string]any) (more bool, err error) {
	taken := f.Take(data, "", v.form)
	places, err := v.places()
	if err != nil {
		return false, err
	}
	f.Provinces(data, provinceOf(places))
	return taken.List != "", nil
}

// deliveryWrong places the surface's errors at the fields of the page.
func (v *visit) deliveryWrong(p *problem, f *form.Form) []fieldError {
	var out []fieldError
	for _, e := range p.Errors {
		pointer, isData := strings.CutPrefix(e.Pointer, "/data")
		switch {
		case isData && f != nil:
			e.Pointer = pointer
			e.Detail = v.plainly(e, f)
		case e.Pointer == "/code":
			e.Pointer = "/answer-refusal"
		case e.Pointer == "/outcome":
			e.Pointer = "/answer-outcome"
		default:
			e.Pointer = ""
		}
		out = append(out, fieldError{Pointer: e.Pointer, Detail: e.Detail})
	}
	if len(out) == 0 {
		out = []fieldError{{Detail: p.Detail}}
	}
	return out
}
