package portal

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// exchangers watch what waits for registers; only operators act on it.
var exchangers = audience{roles: []string{"operator", "supervisor"}}

func (p *Portal) exchangePages() []page {
	const one = "/exchange/{case}/{seq}/{n}"
	return []page{
		{pattern: "GET /exchange", who: exchangers, menu: "exchange.title", do: (*visit).exchangePage},
		{pattern: "GET " + one, who: exchangers, do: (*visit).deliveryPage},
		{pattern: "POST " + one, who: audience{roles: []string{"operator"}}, do: (*visit).operate},
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
	Leased    Time            `json:"leased_until"`
	Breaker   Time            `json:"breaker_until"`
	May       []string        `json:"may"`
	Reply     json.RawMessage `json:"reply"`
	Refusals  map[string]Text `json:"refusals"`
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
	if err := v.get("/exchange/summary", &d); err != nil {
		return err
	}
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
	Schema   string   // of the answer that may be recorded
	Once     string   // Idempotency-Key of the forms
	Typed    url.Values
	Wrong    map[string]string // by pointer
}

func (v *visit) readDelivery() (delivery, error) {
	var d delivery
	key := v.r.PathValue("case") + "/" + v.r.PathValue("seq") + "/" + v.r.PathValue("n")
	return d, v.get("/exchange/"+seg(key), &d)
}

func (v *visit) deliveryPage() error {
	d, err := v.readDelivery()
	if err != nil {
		return err
	}
	return v.showDelivery(d, nil, http.StatusOK)
}

func (v *visit) showDelivery(one delivery, wrong []fieldError, status int) error {
	d := deliveryPageData{delivery: one, Codes: sortedKeys(one.Refusals), Once: newKey(), Typed: v.form, Wrong: map[string]string{}}
	for _, w := range wrong {
		d.Wrong[w.Pointer] = strings.TrimSpace(d.Wrong[w.Pointer] + " " + w.Detail)
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
	if len(one.Reply) > 0 {
		var schema any
		if err := decode(one.Reply, &schema); err != nil {
			return err
		}
		pretty, err := json.MarshalIndent(schema, "", "  ")
		if err != nil {
			return err
		}
		d.Schema = string(pretty)
		if !d.Typed.Has("data") {
			d.Typed = url.Values{"data": {skeleton(schema)}}
		}
	}
	return v.show(screen{page: "delivery", status: status, title: v.t("delivery.title"), errors: wrong, data: d, crumbs: []crumb{{v.t("exchange.title"), "/exchange"}}})
}

// skeleton is the smallest object with the members that a schema requires.
func skeleton(schema any) string {
	b, err := json.MarshalIndent(smallestOf(schema, 0), "", "  ")
	if err != nil {
		return "{}"
	}
	return string(b)
}

func smallestOf(schema any, depth int) any {
	m, _ := schema.(map[string]any)
	if enum, ok := m["enum"].([]any); ok && len(enum) > 0 {
		return enum[0]
	}
	switch m["type"] {
	case "object":
		out := map[string]any{}
		properties, _ := m["properties"].(map[string]any)
		required, _ := m["required"].([]any)
		for _, name := range required {
			if s, ok := name.(string); ok && depth < 5 {
				out[s] = smallestOf(properties[s], depth+1)
			}
		}
		return out
	case "array":
		return []any{}
	case "boolean":
		return false
	case "integer", "number":
		return 0
	}
	return ""
}

// operate does what the operator chose. What they typed stays when it is refused.
func (v *visit) operate() error {
	d, err := v.readDelivery()
	if err != nil {
		return err
	}
	act := v.form.Get("do")
	note := strings.TrimSpace(v.form.Get("note-" + act))
	body := map[string]any{"note": note}
	switch {
	case !d.Can(act):
		return v.showDelivery(d, []fieldError{{Detail: v.t("delivery.closed")}}, http.StatusConflict)
	case note == "" && act != "retry":
		return v.showDelivery(d, []fieldError{{Pointer: "/note-" + act, Detail: v.t("delivery.note.required")}}, http.StatusUnprocessableEntity)
	case act == "record":
		if wrong := v.recorded(body); wrong != nil {
			return v.showDelivery(d, wrong, http.StatusUnprocessableEntity)
		}
	}
	_, err = v.call(call{method: http.MethodPost, path: "/exchange/" + seg(d.Key) + "/" + act, body: body, key: v.form.Get("key")}, nil)
	if p, ok := refused(err, codeInvalid, codeWrongState, codePrecondition); ok {
		return v.showDelivery(d, deliveryWrong(p), p.Status)
	}
	if err != nil {
		return err
	}
	v.redirect("/exchange?done=1")
	return nil
}

// recorded reads the answer that came on paper into a body for the surface.
func (v *visit) recorded(body map[string]any) []fieldError {
	switch outcome := v.form.Get("outcome"); outcome {
	case "done":
		body["outcome"] = outcome
		var data map[string]any
		if raw := strings.TrimSpace(v.form.Get("data")); raw != "" {
			if err := decode([]byte(raw), &data); err != nil {
				return []fieldError{{Pointer: "/data", Detail: v.t("delivery.data.wrong", err)}}
			}
			body["data"] = data
		}
	case "refused":
		body["outcome"] = outcome
		body["code"] = v.form.Get("code")
	default:
		return []fieldError{{Pointer: "/outcome", Detail: v.t("delivery.outcome.required")}}
	}
	return nil
}

// deliveryWrong places the surface's errors at the fields of the page.
func deliveryWrong(p *problem) []fieldError {
	var out []fieldError
	for _, e := range p.Errors {
		at := ""
		switch {
		case strings.HasPrefix(e.Pointer, "/data"):
			at = "/data"
			e.Detail = strings.TrimPrefix(e.Pointer, "/data") + ": " + e.Detail
		case e.Pointer == "/code" || e.Pointer == "/outcome":
			at = e.Pointer
		}
		out = append(out, fieldError{Pointer: at, Detail: e.Detail})
	}
	if len(out) == 0 {
		out = []fieldError{{Detail: p.Detail}}
	}
	return out
}
