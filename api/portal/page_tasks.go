package portal

import "net/url"

func (p *Portal) taskPages() []page {
	return []page{{pattern: "GET /tasks", who: citizens, menu: "tasks.title", do: (*visit).tasksPage}}
}

// tasksPageData is what the citizen must do, and what they were told.
type tasksPageData struct {
	Tasks []struct {
		Case    string `json:"case"`
		Step    string `json:"step"`
		Kind    string `json:"kind"`
		Label   Text   `json:"label"`
		Service ref    `json:"service"`
		Subject string `json:"subject"`
		Title   *Text  `json:"title"`
		Since   Time   `json:"since"`
		Due     Time   `json:"due"`
	} `json:"tasks"`
	Notes []struct {
		Case    string `json:"case"`
		At      Time   `json:"at"`
		Subject string `json:"subject"`
		Text    string `json:"text"`
	} `json:"notifications"`
	Next string `json:"next"`
	Done bool   `json:"-"`
}

func (v *visit) tasksPage() error {
	d := tasksPageData{Done: v.r.URL.Query().Has("done")}
	after := v.r.URL.Query().Get("after")
	if after == "" {
		if err := v.get("/tasks", &d); err != nil {
			return err
		}
	}
	c := call{path: "/notifications", query: url.Values{"limit": {"20"}}}
	if after != "" {
		c.query.Set("after", after)
	}
	if _, err := v.call(c, &d); err != nil {
		return err
	}
	return v.show(screen{page: "tasks", title: v.t("tasks.title"), data: d})
}
