package portal

import "net/http"

func (p *Portal) payPages() []page {
	return []page{
		{pattern: "GET /cases/{code}/pay", who: citizens, do: (*visit).payPage},
		{pattern: "POST /cases/{code}/pay", who: citizens, do: (*visit).pay},
	}
}

type payPageData struct {
	Case *caseView
	Key  string
}

func (v *visit) payPage() error {
	c, err := v.readCase(v.r.PathValue("code"))
	if err != nil {
		return err
	}
	if c.View != "full" || c.Fee == nil {
		return &problem{Status: http.StatusNotFound}
	}
	return v.show(screen{page: "pay", title: v.t("pay.title"), data: payPageData{c, newKey()}, crumbs: caseCrumbs(v, c)})
}

// pay pays in the demonstration; elsewhere the treasury's own page does.
func (v *visit) pay() error {
	code := v.r.PathValue("code")
	_, err := v.call(call{method: http.MethodPost, path: "/demo/cases/" + seg(code) + "/payment", key: v.form.Get("key"), body: map[string]any{}}, nil)
	if _, paid := refused(err, codeWrongState); err != nil && !paid { // a second click finds it paid
		return err
	}
	v.redirect("/cases/" + seg(code) + "?done=1")
	return nil
}
