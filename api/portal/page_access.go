package portal

import "net/url"

func (p *Portal) accessPages() []page {
	return []page{{pattern: "GET /cases/{code}/access", who: citizens, do: (*visit).accessPage}}
}

// accessPageData is who of the staff looked at a case.
type accessPageData struct {
	Code  string
	Reads []struct {
		At      Time    `json:"at"`
		Account string  `json:"account"`
		Office  *office `json:"office"`
		Label   Text    `json:"label"`
	} `json:"access"`
	Next string `json:"next"`
}

func (v *visit) accessPage() error {
	d := accessPageData{Code: v.r.PathValue("code")}
	c := call{path: "/cases/" + seg(d.Code) + "/access", query: url.Values{}}
	if after := v.r.URL.Query().Get("after"); after != "" {
		c.query.Set("after", after)
	}
	if _, err := v.call(c, &d); err != nil {
		return err
	}
	return v.show(screen{page: "access", title: v.t("access.title"), data: d,
		crumbs: []crumb{{v.t("cases.title"), "/cases"}, {d.Code, "/cases/" + seg(d.Code)}}})
}
