package portal

// service is one version of a service in the catalogue.
type service struct {
	ID      string   `json:"id"`
	Version string   `json:"version"`
	Code    string   `json:"code"`
	Title   Text     `json:"title"`
	Summary Text     `json:"summary"`
	Legal   []string `json:"legal"`
	Within  *Text    `json:"limit_text"`
}

func (p *Portal) homePages() []page {
	return []page{{pattern: "GET /{$}", who: anyone, do: (*visit).home}}
}

// homePage is the catalogue by life event, and how much waits for the citizen.
type homePage struct {
	Services []service
	Tasks    []struct{} `json:"tasks"`
}

func (v *visit) home() error {
	var d homePage
	if err := v.get("/services", &d); err != nil {
		return err
	}
	if v.me.Citizen() {
		if err := v.get("/tasks", &d); err != nil {
			return err
		}
	}
	return v.show(screen{page: "home", title: v.t("home.title"), data: d})
}
