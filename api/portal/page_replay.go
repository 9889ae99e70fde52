package portal

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
)

func (p *Portal) replayPages() []page {
	return []page{
		{pattern: "GET /lab/cases/{code}", who: testers, do: (*visit).replayPage},
		{pattern: "GET /lab/cases/{code}/again", who: testers, do: (*visit).againPage},
		{pattern: "GET /lab/cases/{code}/diagram.svg", who: testers, do: func(v *visit) error {
			return v.pass("/cases/"+seg(v.r.PathValue("code"))+"/diagram", "at", "step", "detail", "kept", "kept_to", "now", "now_to", "under")
		}},
	}
}

// momentOfCase is a case after one entry of its history, as the surface tells it.
type momentOfCase struct {
	Entries []entry1     `json:"entries"`
	Case    *caseView    `json:"case"`
	Clocks  []clockThen  `json:"clocks"`
	Effects []effectThen `json:"effects"`
	Last    int64        `json:"last"`
}

// entry1 is one entry of a history.
type entry1 struct {
	Seq      int64           `json:"seq"`
	At       Time            `json:"at"`
	Action   string          `json:"action"`
	Step     string          `json:"step"`
	Actor    actor           `json:"actor"`
	Comment  string          `json:"comment"`
	Input    json.RawMessage `json:"input"`
	Facts    json.RawMessage `json:"facts"`
	Versions json.RawMessage `json:"versions"`
	Events   []struct {
		Kind string          `json:"kind"`
		Step string          `json:"step"`
		Data json.RawMessage `json:"data"`
	} `json:"events"`
}

type clockThen struct {
	Step     string `json:"step"`
	Title    Text   `json:"title"`
	Within   *Text  `json:"limit_text"`
	Mode     string `json:"mode"`
	Started  Time   `json:"started"`
	Due      Time   `json:"due"`
	StateDue Time   `json:"state_due"`
	PausedAt Time   `json:"paused_at"`
	Overdue  bool   `json:"overdue"`
	Timers   []struct {
		At    Time   `json:"at"`
		Kind  string `json:"kind"`
		Title *Text  `json:"title"`
	} `json:"timers"`
}

type effectThen struct {
	Key       string          `json:"key"`
	Registry  string          `json:"registry"`
	Operation string          `json:"operation"`
	Title     *Text           `json:"title"`
	Input     json.RawMessage `json:"input"`
	Status    string          `json:"status"`
	Tries     int             `json:"tries"`
	LastError string          `json:"last_error"`
	Outcome   string          `json:"outcome"`
	Code      string          `json:"code"`
}

// eventThen is one event with its data for reading.
type eventThen struct {
	Kind, Step, Data string
	Part             string // the step in words
}

// replayPageData is a case at one point of its history.
type replayPageData struct {
	Case    *caseView
	Entry   entry1
	Names   spotNames // of the entry
	At      int64
	Last    int64
	Ways    []offer // first, before, after, last
	Part    string  // whose machine is shown
	Parts   []offer
	Whole   zoom
	Machine zoom
	Told    []moment
	Events  []eventThen
	Raw     []rawThen // input, facts, versions, the application
	Asked   string    // the part that the address names; otherwise it follows the entries
	Clocks  []clockThen
	Effects []effectThen
}

// rawThen is JSON under a title.
type rawThen struct{ Title, JSON string }

func (v *visit) replayPage() error {
	code := v.r.PathValue("code")
	q := v.r.URL.Query()
	at, err := strconv.ParseInt(q.Get("at"), 10, 64)
	if err != nil || at < 1 {
		var now caseView
		if err := v.get("/cases/"+seg(code), &now); err != nil {
			return err
		}
		at = now.Seq
	}
	var was momentOfCase
	if _, err := v.call(call{path: "/cases/" + seg(code) + "/history", query: url.Values{"at": {strconv.FormatInt(at, 10)}}}, &was); err != nil {
		return err
	}
	if len(was.Entries) != 1 || was.Case == nil || len(was.Case.Dossiers) == 0 {
		return &problem{Status: http.StatusNotFound}
	}
	d := replayPageData{Case: was.Case, Entry: was.Entries[0], At: at, Last: was.Last, Clocks: was.Clocks, Effects: was.Effects}
	if err := v.fillReplay(&d, q); err != nil {
		return err
	}
	s := screen{page: "replay", title: v.t("replay.title", was.Case.Code), wide: true, data: d, crumbs: []crumb{{v.t("lab.title"), "/lab"}}}
	if v.live() {
		s.part = "moment"
	}
	return v.show(s)
}

func (v *visit) fillReplay(d *replayPageData, q url.Values) error {
	code := d.Case.Code
	var told struct{ Moments []moment }
	if err := v.get("/cases/"+seg(code)+"/timeline", &told); err != nil {
		return err
	}
	for _, m := range told.Moments {
		if m.Seq == d.At {
			d.Told = append(d.Told, m)
		}
	}
	to := func(at int64, part string) string {
		x := url.Values{"at": {strconv.FormatInt(at, 10)}}
		if part != "" {
			x.Set("part", part)
		}
		if z := q.Get("zoom"); z != "" {
			x.Set("zoom", z)
		}
		return "/lab/cases/" + seg(code) + "?" + x.Encode()
	}
	asked := q.Get("part")
	d.Asked = asked
	if d.Part = asked; d.Case.dossier(asked) == nil {
		d.Part = partOf(d)
	}
	if d.At > 1 {
		d.Ways = append(d.Ways, offer{Label: v.t("replay.first"), Path: to(1, asked)}, offer{Label: v.t("replay.before"), Path: to(d.At-1, asked)})
	}
	if d.At < d.Last {
		d.Ways = append(d.Ways, offer{Label: v.t("replay.after"), Path: to(d.At+1, asked)}, offer{Label: v.t("replay.last"), Path: to(d.Last, asked)})
	}
	for _, x := range d.Case.Dossiers {
		d.Parts = append(d.Parts, offer{Label: x.Title.In(v.lang), Path: to(d.At, x.Step), First: x.Step == d.Part})
	}
	picture := "/lab/cases/" + seg(code) + "/diagram.svg?at=" + strconv.FormatInt(d.At, 10)
	d.Whole = v.zoomed(picture, v.t("replay.whole.alt", d.At), "fit")
	d.Machine = v.zoomed(picture+"&step="+url.QueryEscape(d.Part), v.t("replay.machine.alt", d.Case.dossier(d.Part).Title.In(v.lang), d.At), "100")
	d.Machine.Ways = nil // those of the first picture are for both
	for _, e := range d.Entry.Events {
		x := eventThen{Kind: e.Kind, Step: e.Step, Data: indented(e.Data)}
		if part := d.Case.dossier(e.Step); part != nil {
			x.Part = part.Title.In(v.lang)
		}
		d.Events = append(d.Events, x)
	}
	var err error
	if d.Names, err = v.naming().spot(d.Case.Service.ID, d.Case.Service.Version, d.Entry.Step, "", d.Entry.Action); err != nil {
		return err
	}
	for _, raw := range []struct {
		word string
		json json.RawMessage
	}{{v.t("replay.input"), d.Entry.Input}, {v.t("replay.facts"), d.Entry.Facts}, {v.t("replay.versions"), d.Entry.Versions}} {
		if s := indented(raw.json); s != "" {
			d.Raw = append(d.Raw, rawThen{raw.word, s})
		}
	}
	app, err := json.MarshalIndent(d.Case.Application, "", "  ")
	d.Raw = append(d.Raw, rawThen{v.t("replay.application"), string(app)})
	return err
}

// partOf is the part that an entry is about: its own, that of its events, or the first
// one that is open.
func partOf(d *replayPageData) string {
	if d.Case.dossier(d.Entry.Step) != nil {
		return d.Entry.Step
	}
	for _, e := range d.Entry.Events {
		if d.Case.dossier(e.Step) != nil {
			return e.Step
		}
	}
	for _, x := range d.Case.Dossiers {
		if x.Status == "open" {
			return x.Step
		}
	}
	return d.Case.Dossiers[0].Step
}

// indented is JSON for reading; "" for nothing.
func indented(raw json.RawMessage) string {
	var x any
	if len(raw) == 0 || decode(raw, &x) != nil || x == nil {
		return ""
	}
	if m, ok := x.(map[string]any); ok && len(m) == 0 {
		return ""
	}
	b, err := json.MarshalIndent(x, "", "  ")
	if err != nil {
		return ""
	}
	return string(b)
}
