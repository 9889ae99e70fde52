package portal

import (
	"net/http"
	"slices"
	"strings"
	"time"
)

// The slips of the one-stop shop (TT 03/2025/TT-VPCP; 01 is the receipt, 03 the result of a refused part).
// Each stands for something that the system has recorded, and is written anew from it whenever it is opened.
const (
	slipSupplement = "supplement" // 02
	slipApology    = "apology"    // 04
	slipStop       = "stop"       // 05
	slipControl    = "control"    // 06
)

// slipPageData is a slip in the official layout. The slip itself is in Vietnamese, as
// the law wants it.
type slipPageData struct {
	Case   *caseView
	Part   *dossier
	Kind   string
	At     Time   // when what it says was done
	Office string // in Vietnamese
	By     string // who signed, as far as it is known

	Items    []namedItem // 02
	Guidance string
	Due      Time

	Legal    string // 02, 05
	Reason   string // 04, 05
	From, To Time   // 04: the old and the new date
	Asked    bool   // 05: the applicant wanted it; otherwise they did not complete the file

	Steps []moment // 06
	Back  string
}

// slipsOf lists the slips that a part gives rise to. The control slip is the offices' own.
func (v *visit) slipsOf(c *caseView, x *dossier, k *clockLines) []offer {
	kinds, at := []string{slipSupplement, slipApology, slipStop}, "/cases/"+seg(c.Code)+"/slips/"+seg(x.Step)+"/"
	if !v.me.Citizen() {
		kinds, at = append(kinds, slipControl), dossierPath(c.Code, x.Step)+"/slips/"
	}
	var out []offer
	for _, kind := range kinds {
		if v.slip(c, x, k, kind) != nil {
			out = append(out, offer{Label: v.tg("slip.link", kind), Path: at + kind})
		}
	}
	return out
}

func (v *visit) slipPage() error {
	inVietnamese := *v
	inVietnamese.lang = vi // what is read stands on the slip, or names itself in both languages
	c, err := inVietnamese.readCase(v.r.PathValue("code"))
	if err != nil {
		return err
	}
	x := c.dossier(v.r.PathValue("step"))
	if x == nil || c.View != "full" {
		return &problem{Status: http.StatusNotFound}
	}
	k, err := inVietnamese.clockOf(c, x.Step)
	if err != nil {
		return err
	}
	d := v.slip(c, x, k, v.r.PathValue("kind"))
	if d == nil || d.Kind == slipControl && v.me.Citizen() {
		return &problem{Status: http.StatusNotFound}
	}
	switch d.Kind {
	case slipSupplement, slipStop:
		w, err := inVietnamese.again(c)
		if err != nil {
			return err
		}
		d.Items = slices.DeleteFunc(inVietnamese.namedItems(c, w), func(n namedItem) bool { return n.Step != x.Step })
	case slipControl:
		if d.Steps, err = inVietnamese.momentsOf(c, x.Step, 0); err != nil {
			return err
		}
		slices.Reverse(d.Steps)
	}
	s := screen{page: "slip", title: v.tg("slip.title", d.Kind), data: d}
	if v.me.Citizen() {
		d.Back, s.crumbs = "/cases/"+seg(c.Code), caseCrumbs(v, c)
	} else {
		d.Back = dossierPath(c.Code, x.Step)
		s.crumbs = deskCrumbs(v, crumb{c.Subject + " – " + x.Title.In(v.lang), d.Back})
	}
	return v.show(s)
}

// slip is what a slip says; nil when nothing was done that it stands for.
func (v *visit) slip(c *caseView, x *dossier, k *clockLines, kind string) *slipPageData {
	d := &slipPageData{Case: c, Part: x, Kind: kind}
	if x.Office != nil {
		d.Office = x.Office.Name.VI
	}
	switch kind {
	case slipSupplement:
		for _, it := range c.Items {
			if it.Step == x.Step {
				d.At, d.Due, d.Legal = it.Asked, it.Due, it.Legal
			}
		}
		if a := x.deed("request_supplement"); a != nil {
			d.Guidance, _ = a.Data["comment"].(string)
			d.sign(a)
		}
	case slipApology:
		if k != nil {
			for _, m := range k.Moves {
				if m.Kind == "extension" {
					d.At, d.From, d.To, d.Reason = m.At, m.From, m.To, m.Why
				}
			}
		}
	case slipStop:
		d.stop(c)
	case slipControl:
		d.At = x.Opened
	}
	if d.At.IsZero() {
		return nil
	}
	return d
}

// stop tells why a part came to no decision: the applicant took it back, or did not
// complete it in time.
func (d *slipPageData) stop(c *caseView) {
	x := d.Part
	switch x.Final {
	case "withdrawn":
		d.Asked = true
		if a := x.deed("withdraw"); a != nil {
			d.Reason, _ = a.Data["reason"].(string)
		}
	case "expired":
		for _, it := range c.Items {
			if it.Step == x.Step {
				d.Due, d.Legal = x.Ended, it.Legal // the day of the timer, which a new calendar may have moved
			}
		}
	default:
		return
	}
	d.At = x.Ended
}

// sign takes who did it and when from a deed.
func (d *slipPageData) sign(a *deed) {
	d.At = a.At
	if a.By != nil {
		d.By = a.By.Name
	}
}

// deed finds what an action recorded; nil when it was not taken.
func (x *dossier) deed(action string) *deed {
	for i := range x.Acts {
		if x.Acts[i].Action == action {
			return &x.Acts[i]
		}
	}
	return nil
}

// Date is the slip's place and date: Phường Ba Đình, ngày 07 tháng 9 năm 2026.
func (d *slipPageData) Date() string { return d.Part.Office.dated(d.At) }

// dated writes the line of place and day: the unit where the office sits, then the day in
// words; days and the months January and February with two digits. So such papers are
// usually written; the rule itself was not read, and officials must confirm it (tag M:
// docs/definitions.md). Without an office the day stands alone.
func (o *office) dated(t Time) string {
	day := longDate(t)
	if o == nil || o.Place.VI == "" {
		return "N" + day[1:]
	}
	return placeOnPaper(o.Place.VI) + ", " + day
}

// placeOnPaper names a unit in the line of the date: a province without what it is, but
// one that is named after a person in full.
func placeOnPaper(unit string) string {
	if unit == "Thành phố Hồ Chí Minh" {
		return unit
	}
	for _, kind := range []string{"Thành phố ", "Tỉnh "} {
		if name, ok := strings.CutPrefix(unit, kind); ok {
			return name
		}
	}
	return unit
}

func longDate(t Time) string {
	at := t.In(zone)
	month := at.Format("1")
	if at.Month() <= time.February {
		month = at.Format("01")
	}
	return at.Format("ngày 02 tháng ") + month + at.Format(" năm 2006")
}
