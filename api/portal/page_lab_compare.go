package portal

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

func (p *Portal) comparePages() []page {
	return []page{{pattern: "GET /lab/compare/{id}", who: versionFolk, do: (*visit).comparePage}}
}

// versionSide is one of two versions of a service that stand side by side.
type versionSide struct {
	Version  string
	Picture  zoom
	detail   workflowDetail
	machines map[string]*machine
}

// versionDifference is one thing that two versions tell differently. An empty side
// does not have it.
type versionDifference struct {
	Step string // title
	What string
	A, B string
}

type comparePageData struct {
	ID          string
	Title       Text
	Versions    []string
	A, B        versionSide
	Differences []versionDifference
}

func (v *visit) comparePage() error {
	id, q := v.r.PathValue("id"), v.r.URL.Query()
	var s workflowDetail
	if err := v.get("/services/"+seg(id), &s); err != nil {
		return err
	}
	d := comparePageData{ID: s.ID, Title: s.Title, Versions: s.Versions}
	a, b := q.Get("a"), q.Get("b")
	if a == "" {
		a = s.Versions[0]
	}
	if b == "" {
		b = s.Version
	}
	var err error
	if d.A, err = v.versionSide(id, a); err != nil {
		return err
	}
	if d.B, err = v.versionSide(id, b); err != nil {
		return err
	}
	d.Differences = v.differences(&d.A, &d.B)
	return v.show(screen{page: "compare", status: http.StatusOK, title: v.t("compare.title", s.Title.In(v.lang)), wide: true, data: d,
		crumbs: []crumb{{v.t("workflow.title"), "/workflows"}, {s.Title.In(v.lang), "/workflows/" + seg(s.ID)}}})
}

func (v *visit) versionSide(id, version string) (versionSide, error) {
	s := versionSide{Version: version, machines: map[string]*machine{}}
	q := url.Values{"version": {version}}
	if _, err := v.call(call{path: "/services/" + seg(id), query: q}, &s.detail); err != nil {
		return s, err
	}
	for _, st := range s.detail.Steps {
		m := &machine{}
		if _, err := v.call(call{path: "/services/" + seg(id) + "/steps/" + seg(st.ID), query: q}, m); err != nil {
			return s, err
		}
		s.machines[st.ID] = m
	}
	s.Picture = v.zoomed("/workflows/"+seg(id)+"/diagram.svg?"+q.Encode(), v.t("workflow.alt", v.t("workflow.version", version)), "fit")
	s.Picture.Ways = nil
	return s, nil
}

// differences lists what two versions tell differently, step by step in the order of
// the first, what only the second has after it.
func (v *visit) differences(a, b *versionSide) []versionDifference {
	var out []versionDifference
	var order []string
	steps := func(s *versionSide) map[string]workflowStep {
		m := map[string]workflowStep{}
		for _, st := range s.detail.Steps {
			m[st.ID] = st
			if !slices.Contains(order, st.ID) {
				order = append(order, st.ID)
			}
		}
		return m
	}
	inA, inB := steps(a), steps(b)
	for _, id := range order {
		x, hasA := inA[id]
		y, hasB := inB[id]
		title := x.Title
		if !hasA {
			title = y.Title
		}
		add := func(what, left, right string) {
			if left != right {
				out = append(out, versionDifference{title.In(v.lang), what, left, right})
			}
		}
		if !hasA || !hasB {
			add(v.t("compare.step"), present(hasA, title.In(v.lang)), present(hasB, title.In(v.lang)))
			continue
		}
		add(v.t("workflow.needs"), strings.Join(x.Needs, ", "), strings.Join(y.Needs, ", "))
		add(v.t("workflow.if"), x.If, y.If)
		add(v.t("service.limit"), textOf(x.Within).In(v.lang), textOf(y.Within).In(v.lang))
		add(v.t("compare.procedure"), x.Procedure.Code, y.Procedure.Code)
		left, right := parts(a.machines[id], v.lang), parts(b.machines[id], v.lang)
		for _, key := range sortedKeys(mergedKeys(left, right)) {
			l, r := left[key], right[key]
			if l.text == r.text && l.told != r.told { // the same in short, not in full
				l.text, r.text = l.told, r.told
			}
			kind, id, _ := strings.Cut(key, " ")
			add(v.tg("compare", kind)+" "+id, l.text, r.text)
		}
	}
	return out
}

func present(has bool, s string) string {
	if has {
		return s
	}
	return ""
}

// machinePart is a state or an action: in short, and all that is told of it.
type machinePart struct{ text, told string }

func parts(m *machine, lang string) map[string]machinePart {
	out := map[string]machinePart{}
	put := func(kind, id string, title Text, x any) {
		b, err := json.Marshal(x)
		if err != nil {
			return // plain values: cannot be
		}
		out[kind+" "+id] = machinePart{title.In(lang), string(b)}
	}
	for _, s := range m.States {
		put("state", s.ID, s.Title, s)
	}
	for _, a := range m.Actions {
		put("action", a.ID, a.Title, a)
	}
	return out
}

func mergedKeys(a, b map[string]machinePart) map[string]bool {
	out := map[string]bool{}
	for k := range a {
		out[k] = true
	}
	for k := range b {
		out[k] = true
	}
	return out
}
