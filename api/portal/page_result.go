package portal

import (
	"bytes"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

func (p *Portal) resultPages() []page {
	return []page{
		{pattern: "GET /cases/{code}/results/{step}", who: caseFolk, do: (*visit).resultPage},
		{pattern: "GET /r", who: anyone, menu: "check.menu", do: (*visit).checkForm},
		{pattern: "POST /r", who: anyone, do: (*visit).checkResult},
		{pattern: "GET /r/{id...}", who: anyone, do: (*visit).publicResult},
	}
}

// resultPageData is a result in the official layout.
type resultPageData struct {
	Case   *caseView
	Part   *dossier
	Result *result
	Title  string
	Rows   []row
	QR     template.HTML
	Path   string // of the page that says whether it is genuine
	Check  string // the same in full
	Sheet  bool   // alone, for keeping
	Date   string // of issue, in words

	Refused   bool   // it is a refusal: slip 03 of TT 03/2025/TT-VPCP, or the sector's own
	Reception bool   // refused before it was received
	By        string // whoever refused; "" when no person did
}

// refusals are the actions that refuse, the last word first.
var refusals = []string{"refuse", "reject", "reject_reception"}

func (v *visit) resultPage() error {
	inVietnamese := *v
	inVietnamese.lang = vi // the paper itself is in Vietnamese
	c, err := inVietnamese.readCase(v.r.PathValue("code"))
	if err != nil {
		return err
	}
	x := c.dossier(v.r.PathValue("step"))
	if x == nil || x.Result == nil {
		return &problem{Status: http.StatusNotFound}
	}
	r, err := inVietnamese.records()
	if err != nil {
		return err
	}
	d := resultPageData{Case: c, Part: x, Result: x.Result, Title: textOf(x.Result.Title).VI, Rows: r.plain(x.Result.Data),
		Path: "/r/" + seg(x.Result.ID), Date: x.Office.dated(x.Result.Issued)}
	name := inVietnamese.t("data.name")
	if !slices.ContainsFunc(d.Rows, func(r row) bool { return r.Label == name }) { // a paper that names nobody says whom it is about, as the receipt does
		d.Rows = append([]row{{Label: "Cho", Value: c.Subject}}, d.Rows...)
	}
	d.Check = v.address(d.Path)
	if d.Refused = x.Final == "refused"; d.Refused {
		for _, name := range refusals {
			if a := x.deed(name); a != nil {
				if d.Reception = name == "reject_reception"; a.By != nil {
					d.By = a.By.Name
				}
				break
			}
		}
	}
	if d.Title == "" {
		d.Title = x.Result.Document
	}
	if d.QR, err = qrCode(d.Check, v.t("result.qr")); err != nil {
		return err
	}
	if v.r.URL.Query().Has("file") {
		d.Sheet = true
		return v.keep(d)
	}
	return v.show(screen{page: "result", title: textOf(x.Result.Title).In(v.lang), data: d, crumbs: caseCrumbs(v, c)})
}

// keep sends a result as a file that shows itself without this system.
func (v *visit) keep(d resultPageData) error {
	css, err := staticFiles.ReadFile("static/portal.css")
	if err != nil {
		return err
	}
	_, rules, _ := strings.Cut(string(css), "/* Papers in the official layout */")
	var b bytes.Buffer
	data := struct {
		resultPageData
		CSS template.CSS
	}{d, template.CSS(rules)}
	if err := v.p.screens[vi]["result"].ExecuteTemplate(&b, "sheet", data); err != nil {
		return err
	}
	v.w.Header().Set("Content-Disposition", "attachment; filename*=UTF-8''"+url.PathEscape(d.Title+" "+d.Part.Code+".html"))
	v.write(http.StatusOK, "text/html; charset=utf-8", b.Bytes())
	return nil
}

// checkPageData says whether a result is genuine. It holds no personal data.
type checkPageData struct {
	ID     string
	Result *publicResult
}

type publicResult struct {
	ID         string  `json:"id"`
	Status     string  `json:"status"`
	Words      string  `json:"words"`
	Document   string  `json:"document"`
	Title      *Text   `json:"title"`
	Code       string  `json:"code"`
	Version    int     `json:"version"`
	ReplacedBy int     `json:"replaced_by"`
	Issued     Time    `json:"issued"`
	Office     *office `json:"office"`
}

func (v *visit) checkForm() error {
	return v.show(screen{page: "check", title: v.t("check.title"), data: checkPageData{}})
}

func (v *visit) checkResult() error {
	id := strings.TrimSpace(v.form.Get("id"))
	if _, rest, ok := strings.Cut(id, "/r/"); ok { // the whole address was pasted
		if x, err := url.PathUnescape(rest); err == nil {
			id = x
		}
	}
	if id == "" || len(id) > 200 {
		return v.show(screen{page: "check", status: http.StatusUnprocessableEntity, title: v.t("check.title"), data: checkPageData{ID: id},
			errors: []fieldError{{Pointer: "/id", Detail: v.t("check.required")}}})
	}
	v.redirect("/r/" + seg(id))
	return nil
}

func (v *visit) publicResult() error {
	d := checkPageData{ID: v.r.PathValue("id"), Result: &publicResult{}}
	err := v.get("/results/"+seg(d.ID), d.Result)
	if statusOf(err) == http.StatusNotFound {
		d.Result = nil
		return v.show(screen{page: "check", status: http.StatusNotFound, title: v.t("check.unknown"), data: d})
	}
	if err != nil {
		return err
	}
	return v.show(screen{page: "check", title: v.tg("check.status", d.Result.Status), data: d})
}
