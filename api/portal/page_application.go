package portal

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"lienthong/api/portal/form"
)

func (p *Portal) applicationPages() []page {
	return []page{
		{pattern: "POST /applications", who: filers, do: (*visit).startApplication},
		{pattern: "GET /applications/{id}", who: filers, do: (*visit).applicationTasks},
		{pattern: "GET /applications/{id}/about", who: filers, do: (*visit).aboutPage},
		{pattern: "POST /applications/{id}/about", who: filers, do: (*visit).chooseAbout},
		{pattern: "GET /applications/{id}/pages/{page}", who: filers, do: (*visit).questionPage},
		{pattern: "POST /applications/{id}/pages/{page}", who: filers, do: (*visit).answerPage},
		{pattern: "POST /applications/{id}/refresh", who: filers, do: (*visit).askRegistersAgain},
		{pattern: "POST /applications/{id}/delete", who: filers, do: (*visit).deleteApplication},
	}
}

// startApplication begins a draft with what the registers know. A button that was pressed
// twice begins one: the form's key names the draft.
func (v *visit) startApplication() error {
	service := v.form.Get("service")
	if _, _, err := v.serviceForm(service); err != nil {
		return err
	}
	who, err := v.onBehalf()
	if err != nil {
		return err
	}
	d := &draft{ID: draftID(v.form.Get("key"), service, who), Service: service, Data: draftData{Behalf: who, Pages: draftPages{Key: newKey()}}}
	if _, err := v.readDraft(d.ID); err == nil || statusOf(err) != http.StatusNotFound {
		if err == nil {
			v.redirect(d.path())
		}
		return err
	}
	known, err := v.readPrefill(service, d.Data.person(), "")
	if err != nil {
		return err
	}
	d.Data.take(known)
	d.Data.Pages.About, d.Data.Pages.People = known.AsksAbout, known.Candidates
	switch err := v.saveDraft(d); statusOf(err) {
	case http.StatusPreconditionFailed, http.StatusPreconditionRequired: // the other click was faster
	default:
		if err != nil {
			return err
		}
	}
	v.redirect(d.path())
	return nil
}

// draftID names the draft that a form begins: the same form with the same entries begins
// the same one. A form without a key begins a new one each time.
func draftID(key, service string, who *behalf) string {
	if key == "" {
		key = newKey()
	}
	if who != nil {
		key += fmt.Sprint(*who)
	}
	sum := sha256.Sum256([]byte(service + "\n" + key))
	return "d" + hex.EncodeToString(sum[:8])
}

func (d *draft) path() string { return "/applications/" + d.ID }

// writing is a draft with its service and form: what every page of it needs.
type writing struct {
	draft     *draft
	service   *serviceDetail
	form      *form.Form
	places    []province
	elsewhere []row  // what a page holds that was changed elsewhere since it was opened here
	seen      string // the answers that a page is shown over; "" the draft's

	completed map[string]string // a filed declaration: what was answered to an agency since, by pointer
}

// errElsewhere says that the visitor was sent to another page.
type errElsewhere struct{ to string }

func (e errElsewhere) Error() string { return "goes on at " + e.to }

// writing reads the draft that the address names. A draft that was filed leads to
// its receipt, one that does not know whom it is about to that question, which is
// asked once: its answer begins the form anew.
func (v *visit) writing() (*writing, error) {
	d, err := v.readDraft(v.r.PathValue("id"))
	if err != nil {
		return nil, err
	}
	if len(d.Data.Pages.Filed) > 0 {
		return nil, errElsewhere{receiptPath(d.Data.Pages.Filed)}
	}
	about := v.r.URL.Path == d.path()+"/about"
	switch {
	case d.Data.Pages.About && !about && !strings.HasSuffix(v.r.URL.Path, "/delete"):
		return nil, errElsewhere{d.path() + "/about"}
	case about && !d.Data.Pages.About:
		return nil, errElsewhere{d.path()}
	}
	w := &writing{draft: d}
	if w.service, w.form, err = v.serviceForm(d.Service); err != nil {
		return nil, err
	}
	w.places, err = v.places()
	return w, err
}

// elsewhere follows errElsewhere, and passes every other error on.
func (v *visit) elsewhere(err error) error {
	if e, ok := err.(errElsewhere); ok {
		v.redirect(e.to)
		return nil
	}
	return err
}

func (w *writing) asking(v *visit) *asking {
	return &asking{v: v, steps: w.service.titles(), names: w.draft.Data.Pages.Names, places: w.places, papers: w.draft.Data.Pages.Papers, completed: w.completed}
}

func (w *writing) crumbs(v *visit) []crumb {
	return []crumb{{v.t("home.crumb"), "/"}, {v.tg("event", w.service.ID), "/services/" + w.service.ID}}
}

// How far a page is.
const (
	pageTodo     = "todo"     // not answered
	pageWrong    = "wrong"    // answered, and something is wrong
	pageDone     = "done"     // answered
	pageKnown    = "known"    // the registers answered everything
	pageOptional = "optional" // not answered, and need not be
)

// task is one page of the form in the task list.
type task struct {
	Name   string
	Title  string
	State  string
	Needed string
}

// tasks says how far every page is.
func (w *writing) tasks(v *visit, c *checked) []task {
	a := w.asking(v)
	value := w.draft.Data.Application
	var out []task
	for _, p := range w.form.Pages(value) {
		q := w.form.Ask(p.Name, w.draft.Data.state(nil))
		t := task{Name: p.Name, Title: p.Label.In(v.lang), State: pageOptional, Needed: a.neededFor(q)}
		wrong := slices.ContainsFunc(c.Problems, func(x fieldError) bool { return form.Under(x.Pointer, "/"+p.Name) })
		done := w.draft.Data.Pages.Done[p.Name]
		switch {
		case wrong && done:
			t.State = pageWrong
		case wrong:
			t.State = pageTodo
		case done:
			t.State = pageDone
		case told(q):
			t.State = pageKnown
		case p.Required:
			t.State = pageTodo
		}
		out = append(out, t)
	}
	return out
}

// open tells whether somebody should still look at a page.
func (t task) open() bool { return t.State != pageDone && t.State != pageKnown }

// after is the address of the page to go on with after one; "" means from the start.
func (w *writing) after(tasks []task, name string) string {
	i := slices.IndexFunc(tasks, func(t task) bool { return t.Name == name })
	for _, t := range tasks[i+1:] {
		if t.open() {
			return w.pagePath(t.Name)
		}
	}
	for _, t := range tasks {
		if t.State == pageTodo || t.State == pageWrong {
			return w.pagePath(t.Name)
		}
	}
	return w.draft.path() + "/review"
}

func (w *writing) pagePath(name string) string { return w.draft.path() + "/pages/" + seg(name) }

// applicationPage is the task list of a form.
type applicationPage struct {
	Draft   *draft
	Service *serviceDetail
	Tasks   []task
	Done    int
	Next    string
	Ready   bool
	Begun   bool
	Known   int      // values that the registers gave
	Sources []string // which registers
	Silent  []string // registers that did not answer
}

// known is how much of what would be filed, as the answers stand, a register gave: not
// what it proposes for a choice that was not made.
func (w *writing) known() (n int) {
	app := w.form.Answer(w.draft.Data.Application)
	for pointer := range w.draft.Data.Pages.Known {
		if form.Get(app, pointer) != nil {
			n++
		}
	}
	return n
}

func (v *visit) applicationTasks() error {
	w, err := v.writing()
	if err != nil {
		return v.elsewhere(err)
	}
	c, err := v.check(w.draft, w.form)
	if err != nil {
		return err
	}
	d := applicationPage{Draft: w.draft, Service: w.service, Tasks: w.tasks(v, c), Known: w.known()}
	for _, t := range d.Tasks {
		if !t.open() {
			d.Done++
		}
	}
	d.Next = w.after(d.Tasks, "")
	d.Ready, d.Begun = len(c.Problems) == 0, len(w.draft.Data.Pages.Done) > 0
	sources := map[string]bool{}
	for _, k := range w.draft.Data.Pages.Known {
		sources[w.draft.Data.Pages.Names[k.Source].In(v.lang)] = true
	}
	d.Sources = sortedKeys(sources)
	for _, m := range w.draft.Data.Pages.Missing {
		if name := w.draft.Data.Pages.Names[m.Registry].In(v.lang); m.Code == "unavailable" && !slices.Contains(d.Silent, name) {
			d.Silent = append(d.Silent, name)
		}
	}
	title := w.service.Form.Title.In(v.lang)
	return v.show(screen{page: "application", title: title, crumbs: w.crumbs(v), data: d})
}

// aboutPageData asks whom the application is about.
type aboutPageData struct {
	Draft  *draft
	People []person
	Chosen string
	Other  string
	Wrong  string
}

func (v *visit) aboutPage() error {
	w, err := v.writing()
	if err != nil {
		return v.elsewhere(err)
	}
	return v.showAbout(w, aboutPageData{}, http.StatusOK)
}

func (v *visit) showAbout(w *writing, d aboutPageData, status int) error {
	d.Draft, d.People = w.draft, w.draft.Data.Pages.People
	s := screen{page: "about", status: status, title: v.tg("about", w.service.ID), crumbs: w.crumbs(v), data: d}
	if d.Wrong != "" {
		s.errors = []fieldError{{Pointer: "/about", Detail: d.Wrong}}
	}
	return v.show(s)
}

// chooseAbout asks the registers about the person chosen and begins the form anew
// with what they know.
func (v *visit) chooseAbout() error {
	w, err := v.writing()
	if err != nil {
		return v.elsewhere(err)
	}
	d := aboutPageData{Chosen: v.form.Get("about"), Other: strings.TrimSpace(v.form.Get("other"))}
	id := d.Chosen
	if id == "other" {
		id = d.Other
	}
	if len(id) != 12 || strings.Trim(id, "0123456789") != "" {
		d.Wrong = v.t("about.wrong")
		if d.Chosen == "" {
			d.Wrong = v.t("about.choose")
		}
		return v.showAbout(w, d, http.StatusUnprocessableEntity)
	}
	known, err := v.readPrefill(w.draft.Service, w.draft.Data.person(), id)
	if statusOf(err) == http.StatusNotFound { // no relative that a register knows of: everything is entered by hand
		known, err = v.readPrefill(w.draft.Service, w.draft.Data.person(), "")
	}
	if err != nil {
		return err
	}
	w.draft.Data.take(known)
	w.draft.Data.Pages.About, w.draft.Data.Pages.People = false, nil
	if err := v.saveDraft(w.draft); err != nil {
		return err
	}
	v.redirect(w.draft.path())
	return nil
}

// questionPageData is one page of the form.
type questionPageData struct {
	Draft     *draft
	Name      string
	Path      string
	Field     *field
	Needed    string
	Number    int
	Of        int
	Back      string
	Files     bool
	Opened    bool   // answers opened more questions
	Seen      string // the answers that it is shown over
	Elsewhere []row  // what was saved elsewhere since it was opened here, when that is not what was sent
}

func (v *visit) questionPage() error {
	w, err := v.writing()
	if err != nil {
		return v.elsewhere(err)
	}
	return v.showQuestions(w, nil, false, http.StatusOK)
}

// showQuestions shows the page that the address names; wrong holds messages by
// pointer.
func (v *visit) showQuestions(w *writing, wrong map[string][]string, opened bool, status int) error {
	name := v.r.PathValue("page")
	pages := w.form.Pages(w.draft.Data.Application)
	i := slices.IndexFunc(pages, func(p form.Page) bool { return p.Name == name })
	q := w.form.Ask(name, w.draft.Data.state(wrong))
	if i < 0 || q == nil {
		return &problem{Status: http.StatusNotFound}
	}
	d := questionPageData{Draft: w.draft, Name: name, Path: w.pagePath(name), Field: w.asking(v).page(q), Number: i + 1, Of: len(pages),
		Files: uploads(q), Opened: opened, Back: w.draft.path(), Seen: w.seen, Elsewhere: w.elsewhere}
	if d.Seen == "" {
		d.Seen = w.draft.Data.seen(name)
	}
	d.Needed, d.Field.Needed = w.asking(v).neededFor(q), ""
	s := screen{page: "questions", status: status, title: pages[i].Label.In(v.lang), data: d, errors: summary(q, wrong),
		crumbs: append(w.crumbs(v), crumb{v.t("application.crumb"), w.draft.path()})}
	if v.live() {
		s.part = "questions"
	}
	return v.show(s)
}

// What the buttons of a page do, beside adding and removing entries.
const (
	doShape = "shape" // scripts: show the questions that follow from these answers
	doLeave = "leave" // save, and go back to the list
)

// answerPage saves a page. Another tab may save the same draft at the same moment.
func (v *visit) answerPage() error {
	for tries := 0; ; tries++ {
		err := v.saveAnswers()
		if _, stale := refused(err, codeStale); !stale || tries == 5 {
			return err
		}
	}
}

// saveAnswers saves a page, unless somebody saved other answers to it since it was
// opened: then nothing is overwritten, and both are shown.
func (v *visit) saveAnswers() error {
	w, err := v.writing()
	if err != nil {
		return v.elsewhere(err)
	}
	name := v.r.PathValue("page")
	before := w.form.Ask(name, w.draft.Data.state(nil))
	if before == nil {
		return &problem{Status: http.StatusNotFound}
	}
	do := v.form.Get(form.Button)
	if do == doShape {
		w.form.Take(w.draft.Data.Application, name, v.form)
		return v.showQuestions(w, nil, false, http.StatusOK)
	}
	stored := w.draft.Data.seen(name)
	changed := v.form.Has("seen") && v.form.Get("seen") != stored
	if changed {
		if w.asking(v).rows(before, &w.elsewhere, true); len(w.elsewhere) == 0 {
			w.elsewhere = []row{{Label: v.t("questions.elsewhere.empty"), Value: v.t("questions.elsewhere.nothing")}}
		}
	}
	taken, wrong, err := v.answer(&w.draft.Data, w.form, name, w.places)
	if err != nil {
		return err
	}
	if changed && w.draft.Data.seen(name) != stored {
		w.seen = stored
		return v.showQuestions(w, wrong, false, http.StatusConflict)
	}
	c, err := v.check(w.draft, w.form)
	if err != nil {
		return err
	}
	for pointer, texts := range v.wrongOn(c.Problems, w.form, name) {
		if len(wrong[pointer]) == 0 { // a file that was not taken says more than that it is missing
			wrong[pointer] = texts
		}
	}
	after := w.form.Ask(name, w.draft.Data.state(nil))
	more := after != nil && opened(before, after, v.form.Has)
	stay := taken.List != "" || more || do != doLeave && len(wrong) > 0
	if !stay && do != doLeave {
		if w.draft.Data.Pages.Done == nil {
			w.draft.Data.Pages.Done = map[string]bool{}
		}
		w.draft.Data.Pages.Done[name] = true
	}
	if err := v.saveDraft(w.draft); err != nil {
		return err
	}
	switch {
	case do == doLeave:
		v.redirect(w.draft.path())
	case taken.List != "" || more:
		return v.showQuestions(w, nil, more, http.StatusOK)
	case len(wrong) > 0:
		return v.showQuestions(w, wrong, false, http.StatusUnprocessableEntity)
	default:
		v.redirect(w.after(w.tasks(v, c), name))
	}
	return nil
}

// askRegistersAgain fills what registers were silent about and nobody answered
// since.
func (v *visit) askRegistersAgain() error {
	w, err := v.writing()
	if err != nil {
		return v.elsewhere(err)
	}
	about, _ := form.Get(w.draft.Data.Application, "/deceased/id").(string)
	known, err := v.readPrefill(w.draft.Service, w.draft.Data.person(), about)
	if err != nil {
		return err
	}
	mine := w.draft.Data.Application
	w.draft.Data.take(known)
	w.draft.Data.Application = form.Merge(mine, w.draft.Data.Application)
	if err := v.saveDraft(w.draft); err != nil {
		return err
	}
	v.redirect(w.draft.path())
	return nil
}

func (v *visit) deleteApplication() error {
	if err := v.deleteDraft(v.r.PathValue("id")); err != nil && statusOf(err) != http.StatusNotFound {
		return err
	}
	v.redirect(v.homeOf())
	return nil
}
