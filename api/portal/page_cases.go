package portal

import "net/url"

func (p *Portal) casesPages() []page {
	return []page{{pattern: "GET /cases", who: citizens, menu: "cases.title", do: (*visit).casesPage}}
}

// summaryView is a case in a list.
type summaryView struct {
	Code    string       `json:"code"`
	Service ref          `json:"service"`
	Status  string       `json:"status"`
	Outcome string       `json:"outcome"`
	Portal  portalStatus `json:"portal"`
	Filed   Time         `json:"filed"`
	Due     Time         `json:"due"`
	Overdue bool         `json:"overdue"`
	Updated Time         `json:"updated"`
	Subject string       `json:"subject"`
}

// casesPageData is what the citizen has filed and is writing.
type casesPageData struct {
	Drafts []draft
	Cases  []summaryView
	Next   string
}

func (v *visit) casesPage() error {
	var d casesPageData
	var err error
	after := v.r.URL.Query().Get("after")
	if after == "" {
		if d.Drafts, err = v.drafts(); err != nil {
			return err
		}
	}
	var list struct {
		Cases []summaryView `json:"cases"`
		Next  string        `json:"next"`
	}
	c := call{path: "/cases", query: url.Values{"limit": {"20"}}}
	if after != "" {
		c.query.Set("after", after)
	}
	if _, err := v.call(c, &list); err != nil {
		return err
	}
	d.Cases, d.Next = list.Cases, list.Next
	return v.show(screen{page: "cases", title: v.t("cases.title"), data: d})
}

// Tag is the colour of a status of the national portal.
func (s portalStatus) Tag() string {
	switch s.Code {
	case 9, 10:
		return "success"
	case 3, 8:
		return "danger"
	case 5, 6:
		return "warning"
	case 7:
		return "neutral"
	}
	return "info"
}
