package portal

import (
	"html/template"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"lienthong/api/portal/form"
)

func (p *Portal) receiptPages() []page {
	return []page{{pattern: "GET /cases/{code}/receipt", who: caseFolk, do: (*visit).receiptPage}}
}

func (p *Portal) documentPages() []page {
	return []page{{pattern: "GET /documents/{id}", who: signedIn, do: (*visit).document}}
}

// receiptPageData is the slip of what was filed. The slip itself is in Vietnamese,
// as the law wants it.
type receiptPageData struct {
	Slips []slip
	Fresh bool // it was filed just now, as far as the offices are concerned
}

// slip is the receipt of one case.
type slip struct {
	Case   *caseView
	Office *office // whose counter took it, else the first that has a part; nil when none has yet
	Date   string  // place and day of filing, in words
	Return string  // how the results come
	Papers []string
	QR     template.HTML
	Path   string // of the case, for whoever looks at the slip
}

// Statuses of the national portal before anybody has looked at a filing.
const (
	portalFiled = 1
	portalFee   = 6
)

// mostSlips is how many cases of one form a receipt shows.
const mostSlips = 20

func (v *visit) receiptPage() error {
	codes := []string{v.r.PathValue("code")}
	for _, c := range strings.Split(v.r.URL.Query().Get("with"), ",") {
		if c != "" && !slices.Contains(codes, c) && len(codes) < mostSlips {
			codes = append(codes, c)
		}
	}
	var d receiptPageData
	for _, code := range codes {
		c, err := v.readCase(code)
		if err != nil {
			return err
		}
		if c.View != "full" {
			return &problem{Status: http.StatusNotFound}
		}
		s := slip{Case: c, Return: returned(c.Application), Path: v.casePath(c)}
		if c.FiledBy != nil { // at a counter: that office hands the slip out
			s.Office = c.FiledBy.Office
		}
		if s.Papers, err = v.attached(c); err != nil {
			return err
		}
		for _, x := range c.Dossiers {
			if x.Office != nil && s.Office == nil {
				s.Office = x.Office
			}
		}
		s.Date = s.Office.dated(c.Filed)
		if s.QR, err = qrCode(v.address("/cases/"+c.Code), v.t("receipt.qr", c.Code)); err != nil {
			return err
		}
		d.Slips = append(d.Slips, s)
	}
	first := d.Slips[0].Case
	title := v.t("case.receipt")
	if d.Fresh = first.Portal.Code == portalFiled || first.Portal.Code == portalFee; d.Fresh {
		title = v.t("receipt.title")
	}
	return v.show(screen{page: "receipt", title: title, data: d, crumbs: caseCrumbs(v, first)})
}

// returned says how the results of an application come; "" when nobody asked.
func returned(app map[string]any) string {
	delivery, _ := app["delivery"].(map[string]any)
	switch delivery["channel"] {
	case "electronic":
		return "Bản điện tử"
	case "counter":
		return "Tại Bộ phận Một cửa"
	case "post":
		return "Qua bưu chính"
	}
	return ""
}

// attached names the papers of an application in Vietnamese: by the name that was given,
// else by their kind.
func (v *visit) attached(c *caseView) ([]string, error) {
	if list, _ := c.Application["attachments"].([]any); len(list) == 0 {
		return nil, nil
	}
	w, err := v.again(c)
	if err != nil {
		return nil, err
	}
	q := w.form.Ask("attachments", form.State{Value: c.Application})
	if q == nil {
		return nil, nil
	}
	var out []string
	for i, part := range q.Parts {
		name, _ := form.Get(c.Application, part.Pointer+"/name").(string)
		kind, _ := form.Get(c.Application, part.Pointer+"/kind").(string)
		if name == "" {
			name = part.LabelOf(kind).VI
		}
		if name == "" {
			name = "Giấy tờ " + strconv.Itoa(i+1)
		}
		out = append(out, name)
	}
	return out, nil
}

// document hands out a paper as the surface does: to be kept, never to be run.
func (v *visit) document() error {
	c := call{path: "/documents/" + seg(v.r.PathValue("id"))}
	if code := v.r.URL.Query().Get("case"); code != "" {
		c.query = map[string][]string{"case": {code}}
	}
	rec, err := v.send(c)
	if err != nil {
		return err
	}
	for _, name := range []string{"Content-Type", "Content-Disposition", "Content-Security-Policy", "Content-Length"} {
		if x := rec.header.Get(name); x != "" {
			v.w.Header().Set(name, x)
		}
	}
	v.w.WriteHeader(http.StatusOK)
	_, _ = v.w.Write(rec.body.Bytes()) // the browser has gone: nobody to tell
	return nil
}
