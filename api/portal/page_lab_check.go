package portal

import (
	"net/http"
	"net/url"
	"strconv"
)

func (p *Portal) searchPages() []page {
	return []page{
		{pattern: "GET /lab/checks/{id}", who: versionFolk, do: (*visit).checkServicePage},
		{pattern: "POST /lab/checks/{id}", who: versionFolk, do: (*visit).checkService},
	}
}

// checkReport is what a search of a service's versions found.
type checkReport struct {
	Services    []checkedService `json:"services"`
	Findings    []checkFinding   `json:"findings"`
	Errors      int              `json:"errors"`
	Warnings    int              `json:"warnings"`
	States      int64            `json:"states"`
	Transitions int64            `json:"transitions"`
	Millis      int64            `json:"ms"`
}

type checkedService struct {
	Service     string `json:"service"`
	Version     string `json:"version"`
	Title       Text   `json:"title"`
	States      int64  `json:"states"`
	Transitions int64  `json:"transitions"`
	Proofs      []struct {
		Verdict string `json:"verdict"`
		Text    Text   `json:"text"`
	} `json:"proofs"`
	Loops []struct {
		Step   string   `json:"step"`
		States []string `json:"states"`
	} `json:"loops"`
}

type checkFinding struct {
	File     string     `json:"file"`
	Line     int        `json:"line"`
	Column   int        `json:"column"`
	Severity string     `json:"severity"`
	Code     string     `json:"code"`
	Message  Text       `json:"message"`
	Hint     Text       `json:"hint"`
	Service  string     `json:"service"`
	Version  string     `json:"version"`
	Story    []storyAct `json:"story"`
	Played   string     `json:"played"`
}

// storyAct is one step of the way to what is wrong.
type storyAct struct {
	Step    string `json:"step"`
	Action  string `json:"action"`
	By      string `json:"by"`
	Reply   string `json:"reply"`
	Party   string `json:"party"`
	Refused bool   `json:"refused"`
	From    string `json:"from"`
	To      string `json:"to"`
}

// Seen is where the act is looked at: the step's machine, lit where it leads to.
func (f checkFinding) Seen(a storyAct) string {
	if a.Step == "" || f.Service == "" {
		return ""
	}
	q := url.Values{"version": {f.Version}}
	if lit := a.To; lit != "" {
		q.Set("state", lit)
	} else if a.From != "" {
		q.Set("state", a.From)
	}
	return "/workflows/" + seg(f.Service) + "/" + seg(a.Step) + "?" + q.Encode()
}

// bounds of a search that the page offers, in abstract states; the first is the
// surface's own.
var checkBounds = []string{"", "50000", "5000"}

type searchPageData struct {
	ID     string
	Title  Text
	Bounds []string
	Bound  string
	Report *checkReport
}

func (v *visit) checkData() (searchPageData, error) {
	var s workflowDetail
	err := v.get("/services/"+seg(v.r.PathValue("id")), &s)
	return searchPageData{ID: s.ID, Title: s.Title, Bounds: checkBounds, Bound: v.form.Get("bound")}, err
}

func (v *visit) checkServicePage() error {
	d, err := v.checkData()
	if err != nil {
		return err
	}
	return v.showCheck(d)
}

func (v *visit) showCheck(d searchPageData) error {
	return v.show(screen{page: "lab_check", status: http.StatusOK, title: v.t("search.title", d.Title.In(v.lang)), wide: true, data: d,
		crumbs: []crumb{{v.t("workflow.title"), "/workflows"}, {d.Title.In(v.lang), "/workflows/" + seg(d.ID)}}})
}

func (v *visit) checkService() error {
	d, err := v.checkData()
	if err != nil {
		return err
	}
	body := map[string]any{"service": d.ID}
	if n, err := strconv.Atoi(d.Bound); err == nil {
		body["max_states"] = n
	}
	d.Report = &checkReport{}
	if _, err := v.call(call{method: http.MethodPost, path: "/definitions/check", body: body}, d.Report); err != nil {
		return err
	}
	return v.showCheck(d)
}
