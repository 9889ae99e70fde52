package portal

import (
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"golang.org/x/text/unicode/norm"
)

func (p *Portal) labPages() []page {
	return []page{
		{pattern: "GET /lab", who: testers, menu: "lab.title", do: (*visit).labPage},
		{pattern: "POST /lab", who: testers, do: (*visit).labSearch},
		{pattern: "GET /lab/clock", who: testers, do: (*visit).clockPage},
		{pattern: "POST /lab/clock", who: testers, do: (*visit).moveClock},
		{pattern: "GET /lab/agencies/{id}", who: testers, do: (*visit).dialPage},
		{pattern: "POST /lab/agencies/{id}", who: testers, do: (*visit).turnDial},
	}
}

// demoClock is the business clock of the demonstration.
type demoClock struct {
	Now        Time   `json:"now"`
	WorkingDay bool   `json:"working_day"`
	Calendar   string `json:"calendar"`
	Basis      string `json:"calendar_basis"`
	NextDue    Time   `json:"next_due"`
	Fired      []struct {
		Case string `json:"case"`
		moment
	} `json:"fired"`
	More bool `json:"more"`
}

// dial is one register with what goes wrong there.
type dial struct {
	ID     string         `json:"id"`
	Title  Text           `json:"title"`
	Faults map[string]any `json:"faults"`
}

// wrong is what is turned up, in words.
func (d dial) wrong(v *visit) string {
	var out []string
	for _, f := range dialFields {
		switch x := d.Faults[f.name].(type) {
		case nil:
		case bool:
			if x {
				out = append(out, v.tg("dial", f.name))
			}
		default:
			if s := written(x); s != "" && s != "0" && f.name != "auto_pay" && f.name != "seed" {
				out = append(out, v.tg("dial", f.name)+": "+s)
			}
		}
	}
	return strings.Join(out, "; ")
}

// labPageData is the tester's desk: the clock, the dials, the cases.
type labPageData struct {
	Clock demoClock
	Dials []dialLine
	Cases []summaryView
	Next  string
	Text  string
	Key   string
	Done  bool
}

type dialLine struct {
	ID    string
	Title Text
	Wrong string
}

func (v *visit) labPage() error {
	return v.showLab(labPageData{Done: v.r.URL.Query().Has("done")})
}

// labSearch looks for cases; what is searched for may be a name, so it is posted.
func (v *visit) labSearch() error {
	return v.showLab(labPageData{Text: strings.TrimSpace(v.form.Get("text"))})
}

func (v *visit) showLab(d labPageData) error {
	if err := v.get("/demo/clock", &d.Clock); err != nil {
		return err
	}
	var dials struct{ Agencies []dial }
	if err := v.get("/demo/agencies", &dials); err != nil {
		return err
	}
	for _, x := range dials.Agencies {
		d.Dials = append(d.Dials, dialLine{x.ID, x.Title, x.wrong(v)})
	}
	q := url.Values{"limit": {"50"}}
	if d.Text != "" {
		q.Set("text", d.Text)
	}
	if after := v.r.URL.Query().Get("after"); after != "" {
		q.Set("after", after)
	}
	if _, err := v.call(call{path: "/cases", query: q}, &d); err != nil {
		return err
	}
	if d.Text != "" {
		d.Next = "" // the next page would carry the name in its address
	}
	d.Key = newKey()
	return v.show(screen{page: "lab", title: v.t("lab.title"), wide: true, data: d})
}

// clockPageData is the clock, what may be done with it, and what it set off.
type clockPageData struct {
	Clock   demoClock
	Key     string
	Moved   bool
	Advance string
}

func (v *visit) clockPage() error {
	d := clockPageData{Key: newKey()}
	if err := v.get("/demo/clock", &d.Clock); err != nil {
		return err
	}
	return v.show(screen{page: "clock", title: v.t("clock.title"), wide: true, data: d, crumbs: []crumb{{v.t("lab.title"), "/lab"}}})
}

// The ways to put the clock forward.
const (
	moveDue = "due" // to the next thing that happens by itself
	moveOwn = "own" // by what the tester wrote
)

func (v *visit) moveClock() error {
	d := clockPageData{Key: newKey(), Moved: true, Advance: strings.TrimSpace(v.form.Get("advance"))}
	body := map[string]any{}
	switch by := v.form.Get("by"); by {
	case moveDue:
		body["to"] = v.form.Get("due")
	case moveOwn:
		body["advance"] = span(d.Advance)
	default:
		body["advance"] = by
	}
	var wrong []fieldError
	status := http.StatusOK
	_, err := v.call(call{method: http.MethodPost, path: "/demo/clock", body: body, key: v.form.Get("key") + "-" + v.form.Get("by")}, &d.Clock)
	if p, ok := asProblem(err); ok && (p.Status == http.StatusUnprocessableEntity || p.Status == http.StatusBadRequest || p.Status == http.StatusConflict) {
		d.Moved, status = false, http.StatusUnprocessableEntity
		if body["advance"] == "" {
			p.Errors = []fieldError{{Detail: v.t("clock.own.required")}}
		}
		for _, e := range p.Errors {
			if e.Code == "format" { // the surface names its own way of writing
				e.Detail = v.t("clock.own.wrong")
			}
			wrong = append(wrong, fieldError{Pointer: "/advance", Detail: e.Detail})
		}
		if len(wrong) == 0 {
			wrong = []fieldError{{Pointer: "/advance", Detail: p.Detail}}
		}
		err = v.get("/demo/clock", &d.Clock)
	}
	if err != nil {
		return err
	}
	return v.show(screen{page: "clock", status: status, title: v.t("clock.title"), wide: true, errors: wrong, data: d, crumbs: []crumb{{v.t("lab.title"), "/lab"}}})
}

var spans = regexp.MustCompile(`^(\d+) *(phút|minutes?|giờ làm việc|giờ|ngày làm việc|ngày|tháng)$`)

// units are those of spans as the surface reads them.
var units = map[string]string{"phút": "m", "minute": "m", "minutes": "m", "giờ làm việc": " working hours", "giờ": " hours",
	"ngày làm việc": " working days", "ngày": " days", "tháng": " months"}

// span is a span of time that somebody typed in Vietnamese, as the surface wants it: 5
// working days. Anything else stays as it is.
func span(typed string) string {
	if m := spans.FindStringSubmatch(strings.ToLower(strings.Join(strings.Fields(norm.NFC.String(typed)), " "))); m != nil {
		return m[1] + units[m[2]]
	}
	return typed
}

// dialField is one thing that may go wrong at a register.
type dialField struct {
	name string
	kind string // rate, flag, text, span, whole, words
}

var dialFields = []dialField{
	{"outage", "flag"}, {"error_rate", "rate"}, {"lose_request_rate", "rate"}, {"lose_reply_rate", "rate"}, {"latency", "span"}, {"reply_latency", "span"},
	{"later", "span"}, {"duplicate_rate", "rate"}, {"replay_rate", "rate"}, {"reorder", "flag"}, {"contradict", "flag"}, {"bad_signature", "flag"},
	{"refuse", "text"}, {"auto_pay", "span"}, {"operations", "words"}, {"seed", "whole"},
}

// dialAsked is a field on the page.
type dialAsked struct {
	ID, Name, Kind, Value string
	Label, Help, Wrong    string
	On                    bool
}

type dialPageData struct {
	ID     string
	Title  Text
	Fields []dialAsked
	Done   bool
}

func (v *visit) readDial() (dial, error) {
	var all struct{ Agencies []dial }
	if err := v.get("/demo/agencies", &all); err != nil {
		return dial{}, err
	}
	for _, d := range all.Agencies {
		if d.ID == v.r.PathValue("id") {
			return d, nil
		}
	}
	return dial{}, &problem{Status: http.StatusNotFound}
}

func (v *visit) dialPage() error {
	d, err := v.readDial()
	if err != nil {
		return err
	}
	return v.showDial(d, nil, http.StatusOK)
}

func (v *visit) showDial(x dial, wrong []fieldError, status int) error {
	d := dialPageData{ID: x.ID, Title: x.Title, Done: v.r.URL.Query().Has("done")}
	for _, f := range dialFields {
		a := dialAsked{ID: "f-" + f.name, Name: f.name, Kind: f.kind, Label: v.tg("dial", f.name), Value: written(x.Faults[f.name])}
		a.Help, _ = v.word("dialhelp", f.name)
		a.On, _ = x.Faults[f.name].(bool)
		for _, w := range wrong {
			if w.Pointer == "/"+f.name {
				a.Wrong = w.Detail
			}
		}
		d.Fields = append(d.Fields, a)
	}
	return v.show(screen{page: "dial", status: status, title: x.Title.In(v.lang), errors: wrong, data: d, crumbs: []crumb{{v.t("lab.title"), "/lab"}}})
}

// written is a value of a dial as it is typed.
func written(x any) string {
	switch x := x.(type) {
	case string:
		return x
	case []any:
		var all []string
		for _, e := range x {
			all = append(all, written(e))
		}
		return strings.Join(all, ", ")
	case interface{ String() string }: // a number with its digits
		return x.String()
	case float64:
		return strconv.FormatFloat(x, 'g', -1, 64)
	}
	return ""
}

func (v *visit) turnDial() error {
	d, err := v.readDial()
	if err != nil {
		return err
	}
	before := d.Faults
	var wrong []fieldError
	if d.Faults, wrong = v.dialled(); v.form.Get("do") == "clear" {
		d.Faults, wrong = map[string]any{}, nil
		if pay := before["auto_pay"]; pay != nil { // no fault: somebody pays, or nobody must
			d.Faults["auto_pay"] = pay
		}
	}
	if len(wrong) > 0 {
		return v.showDial(d, wrong, http.StatusUnprocessableEntity)
	}
	_, err = v.call(call{method: http.MethodPut, path: "/demo/agencies/" + seg(d.ID) + "/faults", body: d.Faults}, nil)
	if p, ok := refused(err, codeInvalid); ok {
		return v.showDial(d, []fieldError{{Detail: p.Detail}}, p.Status)
	}
	if err != nil {
		return err
	}
	v.redirect("/lab/agencies/" + seg(d.ID) + "?done=1")
	return nil
}

// dialled reads the dial from the form.
func (v *visit) dialled() (map[string]any, []fieldError) {
	out := map[string]any{}
	var wrong []fieldError
	for _, f := range dialFields {
		s := strings.TrimSpace(v.form.Get(f.name))
		if s == "" {
			continue
		}
		switch f.kind {
		case "flag":
			out[f.name] = true
		case "rate":
			x, err := strconv.ParseFloat(strings.Replace(s, ",", ".", 1), 64)
			if err != nil || !(x >= 0 && x <= 1) {
				out[f.name] = s
				wrong = append(wrong, fieldError{Pointer: "/" + f.name, Detail: v.t("dial.rate.wrong", v.tg("dial", f.name))})
				continue
			}
			out[f.name] = x
		case "whole":
			x, err := strconv.ParseInt(s, 10, 64)
			if err != nil {
				out[f.name] = s
				wrong = append(wrong, fieldError{Pointer: "/" + f.name, Detail: v.t("dial.whole.wrong", v.tg("dial", f.name))})
				continue
			}
			out[f.name] = x
		case "span":
			if d, err := time.ParseDuration(s); err != nil || d < 0 {
				wrong = append(wrong, fieldError{Pointer: "/" + f.name, Detail: v.t("dial.span.wrong", v.tg("dial", f.name))})
			}
			out[f.name] = s
		case "words":
			var all []any
			for _, w := range strings.FieldsFunc(s, func(r rune) bool { return r == ',' || r == ' ' }) {
				all = append(all, w)
			}
			out[f.name] = all
		default:
			out[f.name] = s
		}
	}
	return out, wrong
}
