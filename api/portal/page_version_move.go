package portal

import (
	"cmp"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// How many cases one answer tells of: a dry run is read, the real one is done.
const (
	toldAtOnce  = 200
	movedAtOnce = 1000
)

// statePrefix begins the fields of the state map: state.STEP.STATE.
const statePrefix = "state."

// movePageData asks from which version to which, then for the state map, then tells
// what would happen, then what did.
type movePageData struct {
	ID       string
	Title    Text
	Versions []publishedVersion
	From, To string
	Reason   string
	Missing  []mapping // states that the new version does not have
	Others   []mapping
	Fields   []field2 // what the forms of the answer carry
	Answer   *moveAnswer
	Done     bool // the answer is of the real run
	Key      string

	titles map[string]*machine // of the new version, and what only the old one has
}

// field2 is a field that a form carries along.
type field2 struct{ Name, Value string }

// mapping is one state of the old version and where it may go to.
type mapping struct {
	Name        string // of the field
	Step, State string // titles
	Keep        string // the state of that name, when the new version has it
	Value       string
	Ways        []offer // Path is the state
}

// moveAnswer is what a migration does, or would do.
type moveAnswer struct {
	Moved   int         `json:"moved"`
	Refused int         `json:"refused"`
	Cases   []caseMoved `json:"cases"`
	Next    string      `json:"next"`
}

type caseMoved struct {
	Case    string      `json:"case"`
	Refused *Text       `json:"refused"`
	Due     *dueMoved   `json:"due"`
	Steps   []stepMoved `json:"steps"`
}

type dueMoved struct {
	Before Time `json:"before"`
	After  Time `json:"after"`
}

type stepMoved struct {
	Step   string    `json:"step"`
	New    bool      `json:"new"`
	From   string    `json:"from"`
	To     string    `json:"to"`
	Due    *dueMoved `json:"due"`
	Timers []struct {
		Action string `json:"action"`
		Kind   string `json:"kind"`
		At     Time   `json:"at"`
	} `json:"timers"`
	Gained  []string `json:"gained"`
	Lost    []string `json:"lost"`
	Handed  bool     `json:"handed"`
	Parties bool     `json:"parties"`
}

func (v *visit) movePage() error {
	d, err := v.moveData()
	if err != nil {
		return err
	}
	return v.showMove(d, nil, http.StatusOK)
}

func (v *visit) showMove(d *movePageData, wrong []fieldError, status int) error {
	return v.show(screen{page: "move_cases", status: status, title: v.t("move.title", d.Title.In(v.lang)), errors: wrong, wide: true, data: d, crumbs: v.versionCrumbs(d.ID, d.Title, true)})
}

// moveData reads the versions and, when two are chosen, the states that need a name.
func (v *visit) moveData() (*movePageData, error) {
	vs, err := v.versionsOf(v.r.PathValue("id"))
	if err != nil {
		return nil, err
	}
	d := &movePageData{ID: vs[0].Service, Title: vs[0].Title, Versions: vs, From: v.asked("from"), To: v.asked("to"), Reason: v.form.Get("reason"), Key: v.form.Get("key")}
	d.Key = cmp.Or(d.Key, newKey())
	has := func(version string) bool {
		return slices.ContainsFunc(vs, func(x publishedVersion) bool { return x.Version == version })
	}
	if d.From == "" || d.To == "" || d.From == d.To {
		return d, nil
	}
	if !has(d.From) || !has(d.To) {
		return nil, &problem{Status: http.StatusNotFound}
	}
	return d, v.mapStates(d)
}

// Chosen tells whether two different versions are chosen.
func (d *movePageData) Chosen() bool { return d.titles != nil }

// mapStates lists what the state map may say.
func (v *visit) mapStates(d *movePageData) error {
	old, err := v.versionSide(d.ID, d.From)
	if err != nil {
		return err
	}
	now, err := v.versionSide(d.ID, d.To)
	if err != nil {
		return err
	}
	d.titles = maps.Clone(old.machines)
	maps.Copy(d.titles, now.machines)
	for _, st := range old.detail.Steps {
		from, to := old.machines[st.ID], now.machines[st.ID]
		if to == nil {
			continue // its cases stay, and the dry run says why
		}
		for _, s := range from.States {
			m := mapping{Name: statePrefix + st.ID + "." + s.ID, Step: st.Title.In(v.lang), State: s.Title.In(v.lang)}
			m.Value = v.form.Get(m.Name)
			for _, t := range to.States {
				if t.ID == s.ID {
					m.Keep = t.Title.In(v.lang)
				} else if t.Final == s.Final && t.Asks == nil {
					m.Ways = append(m.Ways, offer{Label: t.Title.In(v.lang) + " (" + t.ID + ")", Path: t.ID})
				}
			}
			switch {
			case m.Keep == "":
				d.Missing = append(d.Missing, m)
			case s.Asks == nil && s.Final == "": // a case that waits for a register stays
				d.Others = append(d.Others, m)
			}
		}
	}
	return nil
}

// moveCases tells what would happen, or does it.
func (v *visit) moveCases() error {
	d, err := v.moveData()
	if err != nil {
		return err
	}
	if !d.Chosen() {
		return v.showMove(d, []fieldError{{Pointer: "/to", Detail: v.t("move.two")}}, http.StatusUnprocessableEntity)
	}
	real := v.form.Get("do") == "run"
	var wrong []fieldError
	if real {
		wrong = v.unsure()
	}
	body := map[string]any{"service": d.ID, "from": d.From, "to": d.To, "dry_run": !real || wrong != nil, "limit": toldAtOnce}
	if real && wrong == nil {
		body["limit"] = movedAtOnce
	}
	if d.Reason != "" {
		body["reason"] = d.Reason
	}
	states := map[string]map[string]string{}
	for name, values := range v.form {
		if step, state, ok := strings.Cut(strings.TrimPrefix(name, statePrefix), "."); ok && strings.HasPrefix(name, statePrefix) && values[0] != "" {
			if states[step] == nil {
				states[step] = map[string]string{}
			}
			states[step][state] = values[0]
			d.Fields = append(d.Fields, field2{name, values[0]})
		}
	}
	slices.SortFunc(d.Fields, func(a, b field2) int { return strings.Compare(a.Name, b.Name) })
	if len(states) > 0 {
		body["states"] = states
	}
	if after := v.form.Get("after"); after != "" {
		body["after"] = after
	}
	d.Answer = &moveAnswer{}
	c := call{method: http.MethodPost, path: "/definitions/migrations", body: body}
	if body["dry_run"] == false {
		c.key, d.Done = d.Key, true
	}
	_, err = v.call(c, d.Answer)
	if p, ok := refused(err, codeInvalid, codePrecondition); ok {
		d.Answer, d.Done = nil, false
		wrong = p.Errors
		for i, e := range wrong {
			wrong[i] = fieldError{Pointer: "/" + statePrefix + strings.ReplaceAll(strings.TrimPrefix(e.Pointer, "/states/"), "/", "."), Detail: e.Detail}
		}
		if wrong == nil {
			wrong = []fieldError{{Detail: p.Detail}}
		}
		return v.showMove(d, wrong, p.Status)
	}
	if err != nil {
		return err
	}
	d.Key = newKey()
	status := http.StatusOK
	if wrong != nil {
		status = http.StatusUnprocessableEntity
	}
	return v.showMove(d, wrong, status)
}

// Back is where one case's migration is taken back.
func (d *movePageData) Back(m caseMoved) string {
	return "/workflows/" + seg(d.ID) + "/take-back?" + url.Values{"case": {m.Case}}.Encode()
}

// StepTitle is a step's title.
func (d *movePageData) StepTitle(step, lang string) string {
	if m := d.titles[step]; m != nil {
		return cmp.Or(m.Title.In(lang), step)
	}
	return step
}

// StateTitle is a state's title, or its id where only the old version has it.
func (d *movePageData) StateTitle(step, state, lang string) string {
	if m := d.titles[step]; m != nil {
		for _, s := range m.States {
			if s.ID == state {
				return cmp.Or(s.Title.In(lang), state)
			}
		}
	}
	return state
}

// ActionTitles are actions' titles.
func (d *movePageData) ActionTitles(step string, ids []string, lang string) string {
	var out []string
	for _, id := range ids {
		title := id
		if m := d.titles[step]; m != nil {
			for _, a := range m.Actions {
				if a.ID == id {
					title = cmp.Or(a.Title.In(lang), id)
				}
			}
		}
		out = append(out, title)
	}
	return strings.Join(out, ", ")
}
