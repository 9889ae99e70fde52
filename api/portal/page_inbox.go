package portal

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// deskRoles work on dossiers.
var (
	deskRoles = []string{"reception", "officer", "leader", "supervisor"}
	deskFolk  = audience{roles: deskRoles}
	caseFolk  = audience{citizen: true, roles: deskRoles}
)

func (p *Portal) inboxPages() []page {
	back := func(v *visit) error { v.redirect("/inbox"); return nil }
	return []page{
		{pattern: "GET /inbox", who: deskFolk, menu: "inbox.title", do: (*visit).inboxPage},
		{pattern: "POST /inbox", who: deskFolk, do: (*visit).searchInbox},
		{pattern: "GET /inbox/live", who: deskFolk, do: (*visit).inboxLive},
		{pattern: "GET /inbox/news", who: deskFolk, do: (*visit).inboxNews},
		{pattern: "POST /inbox/views", who: deskFolk, do: (*visit).keepView},
		{pattern: "GET /inbox/views", who: deskFolk, do: back},
		{pattern: "POST /inbox/views/delete", who: deskFolk, do: (*visit).dropView},
		{pattern: "GET /inbox/views/delete", who: deskFolk, do: back},
	}
}

// startOf is where somebody begins who has signed in.
func startOf(a *account) string {
	if a != nil && !a.Citizen() && deskFolk.admits(a) {
		return "/inbox"
	}
	return "/"
}

// deskInfo is what the visitor works with.
type deskInfo struct {
	Office     *office     `json:"office"`
	Offices    []office    `json:"offices"`
	Procedures []procedure `json:"procedures"`
	Colleagues []colleague `json:"colleagues"`
}

type procedure struct {
	ID     string     `json:"id"`
	Part   Text       `json:"part"` // what cases call it
	States []stateRef `json:"states"`
}

type stateRef struct {
	ID    string `json:"id"`
	Title Text   `json:"title"`
	Final string `json:"final"`
}

type colleague struct {
	ID    string   `json:"id"`
	Name  string   `json:"name"`
	Roles []string `json:"roles"`
}

func (v *visit) desk() (*deskInfo, error) {
	var d deskInfo
	err := v.get("/desk", &d)
	return &d, err
}

// name is a colleague's name; the account itself for others.
func (d *deskInfo) name(account string) string {
	for _, c := range d.Colleagues {
		if c.ID == account {
			return c.Name
		}
	}
	return account
}

// state is the title of a state in any of the procedures.
func (d *deskInfo) state(id string) Text {
	for _, p := range d.Procedures {
		for _, s := range p.States {
			if s.ID == id {
				return s.Title
			}
		}
	}
	return Text{VI: id, EN: id}
}

// inboxQuery is what somebody wants to see of the inbox, and what a view keeps.
type inboxQuery struct {
	Office    string `json:"office,omitempty"`
	Procedure string `json:"procedure,omitempty"`
	State     string `json:"state,omitempty"`
	Assignee  string `json:"assignee,omitempty"`
	Overdue   bool   `json:"overdue,omitempty"`
	Ended     bool   `json:"ended,omitempty"`
	Text      string `json:"text,omitempty"`
}

// savedView is a query under a name.
type savedView struct {
	ID    string     `json:"id"`
	Name  string     `json:"name"`
	Query inboxQuery `json:"query"`
}

// readQuery reads a query as the filters' form sends it. Where is procedure/state,
// each of which may be empty.
func readQuery(q url.Values) inboxQuery {
	procedure, state, _ := strings.Cut(q.Get("where"), "/")
	return inboxQuery{Office: q.Get("office"), Procedure: procedure, State: state, Assignee: q.Get("assignee"),
		Overdue: q.Get("overdue") != "", Ended: q.Get("ended") != "", Text: strings.TrimSpace(q.Get("text"))}
}

// Where is the value of the select that chooses procedure and state.
func (q inboxQuery) Where() string {
	if q.Procedure == "" && q.State == "" {
		return ""
	}
	return q.Procedure + "/" + q.State
}

// asked is the query as the surface takes it.
func (q inboxQuery) asked(after string) url.Values {
	out := url.Values{"limit": {"50"}, "count": {"true"}, "counts": {"true"}}
	set := func(name, value string) {
		if value != "" {
			out.Set(name, value)
		}
	}
	set("office", q.Office)
	set("procedure", q.Procedure)
	set("state", q.State)
	set("assignee", q.Assignee)
	set("text", q.Text)
	set("after", after)
	if q.Overdue {
		out.Set("overdue", "true")
	}
	if q.Ended {
		out.Set("ended", "true")
	}
	return out
}

// path is the query as an address. A text may be a name: it never stands there.
func (q inboxQuery) path(after string) string {
	out := url.Values{}
	set := func(name, value string) {
		if value != "" {
			out.Set(name, value)
		}
	}
	set("office", q.Office)
	set("where", q.Where())
	set("assignee", q.Assignee)
	set("after", after)
	if q.Overdue {
		out.Set("overdue", "1")
	}
	if q.Ended {
		out.Set("ended", "1")
	}
	if len(out) == 0 {
		return "/inbox"
	}
	return "/inbox?" + out.Encode()
}

// inboxRow is one dossier in the list.
type inboxRow struct {
	Case      string       `json:"case"`
	Step      string       `json:"step"`
	Code      string       `json:"code"`
	Title     Text         `json:"title"`
	State     string       `json:"state"`
	StateName *Text        `json:"state_title"`
	Status    string       `json:"status"`
	Final     string       `json:"final"`
	Portal    portalStatus `json:"portal"`
	Office    *office      `json:"office"`
	Assignee  string       `json:"assignee"`
	Due       Time         `json:"due"`
	Overdue   bool         `json:"overdue"`
	Filed     Time         `json:"filed"`
	Subject   string       `json:"subject"`
	Requester string       `json:"requester"`
	Review    bool         `json:"review"`
	ETag      string       `json:"etag"`

	Holder string // name of the assignee
}

// Pick is the value of the row's checkbox: which dossier, and the version seen.
func (r inboxRow) Pick() string { return r.Case + " " + r.Step + " " + r.ETag }

// Path is the dossier's page.
func (r inboxRow) Path() string { return dossierPath(r.Case, r.Step) }

type inboxAnswer struct {
	Rows   []inboxRow `json:"rows"`
	Next   string     `json:"next"`
	Count  string     `json:"count"`
	Counts struct {
		Open    string `json:"open"`
		Overdue string `json:"overdue"`
		Mine    string `json:"mine"`
	} `json:"counts"`
}

// inboxPageData is the office's dossiers, most urgent first.
type inboxPageData struct {
	Desk     *deskInfo
	Query    inboxQuery
	List     inboxAnswer
	Views    []savedView
	View     string // id of the view that is shown
	Next     string // address of the next page; "" = none, or a text was searched
	After    string
	Tab      string // which of the quick selections this is
	Wrong    string // why a view was not kept
	Name     string // of the view that was to be kept
	Many     bool   // the visitor sees several offices
	Unpicked bool   // a batch was to be begun with nothing selected
}

func (v *visit) inboxPage() error {
	q := v.r.URL.Query()
	d := inboxPageData{Query: readQuery(q), After: q.Get("after"), View: q.Get("view")}
	d.Query.Text = ""
	return v.showInbox(d, http.StatusOK)
}

// searchInbox finds by any code or by words of a name. The text comes by POST, so
// that no name stands in an address. A code that one dossier has leads to it.
func (v *visit) searchInbox() error {
	d := inboxPageData{Query: readQuery(v.form), After: v.form.Get("after")}
	if d.Query.Text == "" {
		v.redirect(d.Query.path(""))
		return nil
	}
	return v.showInbox(d, http.StatusOK)
}

func (v *visit) showInbox(d inboxPageData, status int) error {
	var err error
	if d.Desk, err = v.desk(); err != nil {
		return err
	}
	if err := v.readViews(&d); err != nil {
		return err
	}
	if _, err := v.call(call{path: "/inbox", query: d.Query.asked(d.After)}, &d.List); err != nil {
		return err
	}
	if rows := d.List.Rows; len(rows) == 1 && d.Query.Text != "" && status == http.StatusOK && rows[0].named(d.Query.Text) {
		v.redirect(rows[0].Path())
		return nil
	}
	if len(d.List.Rows) == 0 && isCode(d.Query.Text) && status == http.StatusOK {
		if at := v.elsewhereSeen(d.Query.Text); at != "" {
			v.redirect(at)
			return nil
		}
	}
	for i := range d.List.Rows {
		if d.List.Rows[i].Assignee != "" {
			d.List.Rows[i].Holder = d.Desk.name(d.List.Rows[i].Assignee)
		}
	}
	d.Many = len(d.Desk.Offices) > 1
	if d.List.Next != "" && d.Query.Text == "" {
		d.Next = d.Query.path(d.List.Next)
	}
	d.Tab = d.tab()
	s := screen{page: "inbox", status: status, title: v.t("inbox.title"), wide: true, data: d}
	if d.Wrong != "" {
		s.errors = []fieldError{{Pointer: "/name", Detail: d.Wrong}}
	}
	if d.Unpicked {
		s.errors = []fieldError{{Detail: v.t("inbox.pick.none")}}
	}
	return v.show(s)
}

// isCode tells whether a text may be a code: one word with digits.
func isCode(text string) bool {
	return !strings.Contains(text, " ") && strings.ContainsAny(text, "0123456789")
}

// elsewhereSeen is the page of a case that no list of the visitor has, but that they
// may see: the counter filed it for another office, or their office passed it on. ""
// when there is none.
func (v *visit) elsewhereSeen(code string) string {
	c, err := v.readCase(code)
	if err != nil {
		return ""
	}
	if at := v.casePath(c); at != "/inbox" {
		return at
	}
	return ""
}

// named tells whether a text is the row's own code.
func (r inboxRow) named(text string) bool {
	return strings.EqualFold(text, r.Code) || strings.EqualFold(text, r.Case)
}

// readViews reads the visitor's views, and the query of the one that is asked for.
func (v *visit) readViews(d *inboxPageData) error {
	var list struct{ Views []savedView }
	if err := v.get("/views", &list); err != nil {
		return err
	}
	d.Views = list.Views
	if d.View == "" {
		return nil
	}
	i := slices.IndexFunc(list.Views, func(x savedView) bool { return x.ID == d.View })
	if i < 0 {
		return &problem{Status: http.StatusNotFound}
	}
	d.Query = list.Views[i].Query
	return nil
}

// tab names the quick selection that a query is.
func (d *inboxPageData) tab() string {
	q := d.Query
	switch {
	case d.View != "":
		return "view"
	case q == inboxQuery{}:
		return "open"
	case q == inboxQuery{Overdue: true}:
		return "overdue"
	case q == inboxQuery{Assignee: "me"}:
		return "mine"
	}
	return ""
}

// keepView keeps the filters that are shown under a name.
func (v *visit) keepView() error {
	d := inboxPageData{Query: readQuery(v.form), Name: strings.TrimSpace(v.form.Get("name"))}
	if d.Name == "" {
		d.Wrong = v.t("inbox.view.name.required")
		return v.showInbox(d, http.StatusUnprocessableEntity)
	}
	id := "v" + randomHex(6)
	_, err := v.call(call{method: http.MethodPut, path: "/views/" + id, body: map[string]any{"name": d.Name, "query": d.Query}}, nil)
	if p, ok := refused(err, codeInvalid); ok && len(p.Errors) > 0 {
		d.Wrong = p.Errors[0].Detail
		return v.showInbox(d, http.StatusUnprocessableEntity)
	}
	if err != nil {
		return err
	}
	v.redirect("/inbox?view=" + id)
	return nil
}

func (v *visit) dropView() error {
	if _, err := v.call(call{method: http.MethodDelete, path: "/views/" + seg(v.form.Get("id"))}, nil); err != nil {
		return err
	}
	v.redirect("/inbox")
	return nil
}

// inboxLive passes on that something changed at the visitor's offices, until the
// browser leaves.
func (v *visit) inboxLive() error { return v.passEvents("") }

// passEvents streams the changes of one case, or of all that the visitor may see.
func (v *visit) passEvents(code string) error {
	c := call{path: "/events"}
	if code != "" {
		c.query = url.Values{"case": {code}}
	}
	r, err := v.request(c)
	if err != nil {
		return err
	}
	v.p.cfg.API.ServeHTTP(v.w, r)
	return nil
}

// inboxNews is the line that says that the list has changed since it was loaded:
// the list itself stays, for somebody may be choosing in it.
func (v *visit) inboxNews() error {
	if !v.live() {
		v.redirect("/inbox")
		return nil
	}
	return v.show(screen{page: "inbox", part: "news", title: v.t("inbox.title"), data: inboxPageData{Tab: "news"}})
}
