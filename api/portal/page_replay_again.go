package portal

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
)

// decidedAgain is what became of a case under another version.
type decidedAgain struct {
	Case    string      `json:"case"`
	Service string      `json:"service"`
	Filed   string      `json:"filed"`
	Under   string      `json:"under"`
	Verdict string      `json:"verdict"`
	Entries int64       `json:"entries"`
	First   *againFirst `json:"first"`
	Refused []struct {
		Seq    int64  `json:"seq"`
		Step   string `json:"step"`
		Action string `json:"action"`
		Why    Text   `json:"why"`

		Names spotNames `json:"-"`
	} `json:"refused"`
	RefusedCount int `json:"refused_count"`
	Ends         []struct {
		Step string          `json:"step"`
		What string          `json:"what"`
		Kept json.RawMessage `json:"kept"`
		Now  json.RawMessage `json:"now"`
	} `json:"ends"`
	Error string `json:"error"`
}

// againFirst is where a case first parts from its history.
type againFirst struct {
	Seq      int64           `json:"seq"`
	At       Time            `json:"at"`
	Step     string          `json:"step"`
	State    string          `json:"state"`
	Action   string          `json:"action"`
	Kind     string          `json:"kind"`
	Event    string          `json:"event"`
	Pointer  string          `json:"pointer"`
	Expected json.RawMessage `json:"expected"`
	Got      json.RawMessage `json:"got"`
	Why      Text            `json:"why"`
	Kept     *againWay       `json:"kept"`
	Now      *againWay       `json:"now"`

	Names   spotNames `json:"-"`
	Expects called    `json:"-"` // in words
	Gets    called    `json:"-"`
}

// Same tells whether both go the same way, and part in something else.
func (f *againFirst) Same() bool { return f.Kept != nil && f.Now != nil && *f.Kept == *f.Now }

// againWay is where a part goes: by an action, if any, to a state.
type againWay struct {
	Action string `json:"action"`
	To     string `json:"to"`

	State called `json:"-"`
}

// endApart is one thing about how a case ended that came out otherwise.
type endApart struct {
	Part, What string
	Kept, Now  called
}

// againPageData is a case decided again beside its history.
type againPageData struct {
	Case     *caseView
	Versions []string // that may be chosen
	Version  string
	Result   *decidedAgain
	Apart    zoom // the machine, with where history and deciding again part
	Before   int64
	Ends     []endApart
}

func (v *visit) againPage() error {
	c, err := v.readCase(v.r.PathValue("code"))
	if err != nil {
		return err
	}
	var s workflowDetail
	if err := v.get("/services/"+seg(c.Service.ID), &s); err != nil {
		return err
	}
	d := againPageData{Case: c, Versions: s.Versions, Version: v.r.URL.Query().Get("version")}
	if d.Version == "" {
		d.Version = c.Service.Version
	}
	d.Result = &decidedAgain{}
	if _, err := v.call(call{method: http.MethodPost, path: "/replays", body: map[string]any{"case": c.Code, "version": d.Version}}, d.Result); err != nil {
		return err
	}
	return v.showAgain(d)
}

// showAgain shows a case decided again, with the way to the page that it comes from.
func (v *visit) showAgain(d againPageData, from ...crumb) error {
	c, n := d.Case, v.naming()
	if f := d.Result.First; f != nil {
		d.Before = max(f.Seq-1, 1)
		if err := n.name(f, c.Service.ID, d.Result.Under); err != nil {
			return err
		}
		if x := c.dossier(f.Step); x != nil {
			source, alt := d.Result.apartPicture(), v.t("again.alt", x.Title.In(v.lang), f.Seq)
			if source == "" {
				source = "/lab/cases/" + seg(c.Code) + "/diagram.svg?at=" + strconv.FormatInt(d.Before, 10) + "&step=" + url.QueryEscape(f.Step)
			}
			d.Apart = v.zoomed(source, alt, "100")
		}
	}
	for i := range d.Result.Refused {
		x := &d.Result.Refused[i]
		var err error
		if x.Names, err = n.spot(c.Service.ID, d.Result.Under, x.Step, "", x.Action); err != nil {
			return err
		}
	}
	for _, e := range d.Result.Ends {
		part := v.t("again.case")
		if x := c.dossier(e.Step); x != nil {
			part = x.Title.In(v.lang)
		}
		m, err := n.machine(c.Service.ID, d.Result.Under, e.Step)
		if err != nil {
			return err
		}
		d.Ends = append(d.Ends, endApart{part, v.tg("ends", e.What), n.value(m, e.What, e.Kept), n.value(m, e.What, e.Now)})
	}
	return v.show(screen{page: "again", title: v.t("again.title", c.Code), wide: true, data: d,
		crumbs: append(append([]crumb{{v.t("lab.title"), "/lab"}}, from...), crumb{c.Code, "/lab/cases/" + seg(c.Code)})})
}
