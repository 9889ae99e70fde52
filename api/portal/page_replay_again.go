package portal

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
)

// decidedAgain is what became of a case under another version.
type decidedAgain struct {
	Case    string `json:"case"`
	Service string `json:"service"`
	Filed   string `json:"filed"`
	Under   string `json:"under"`
	Verdict string `json:"verdict"`
	Entries int64  `json:"entries"`
	First   *struct {
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
	} `json:"first"`
	Refused []struct {
		Seq    int64  `json:"seq"`
		Step   string `json:"step"`
		Action string `json:"action"`
		Why    Text   `json:"why"`
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

// againPageData is a case decided again beside its history.
type againPageData struct {
	Case     *caseView
	Versions []string
	Version  string
	Result   *decidedAgain
	Kept     zoom // the machine before the first divergence, as history has it
	Before   int64
	Expected string
	Got      string
	Ends     [][4]string // part, what, kept, now
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
	if f := d.Result.First; f != nil {
		d.Before = max(f.Seq-1, 1)
		d.Expected, d.Got = indented(f.Expected), indented(f.Got)
		if c.dossier(f.Step) != nil {
			source := "/lab/cases/" + seg(c.Code) + "/diagram.svg?at=" + strconv.FormatInt(d.Before, 10) + "&step=" + url.QueryEscape(f.Step)
			d.Kept = v.zoomed(source, v.t("again.alt", c.dossier(f.Step).Title.In(v.lang), d.Before), "100")
			d.Kept.Ways = nil
		}
	}
	for _, e := range d.Result.Ends {
		part := v.t("again.case")
		if x := c.dossier(e.Step); x != nil {
			part = x.Title.In(v.lang)
		}
		d.Ends = append(d.Ends, [4]string{part, e.What, indented(e.Kept), indented(e.Now)})
	}
	return v.show(screen{page: "again", title: v.t("again.title", c.Code), wide: true, data: d,
		crumbs: []crumb{{v.t("lab.title"), "/lab"}, {c.Code, "/lab/cases/" + seg(c.Code)}}})
}
