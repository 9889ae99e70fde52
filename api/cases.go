package api

import (
	"cmp"
	"context"
	"maps"
	"net/http"
	"slices"

	"lienthong/engine"
)

func sortedKeys[K cmp.Ordered, V any](m map[K]V) []K { return slices.Sorted(maps.Keys(m)) }

type summaryView struct {
	Code    string     `json:"code"`
	Service serviceRef `json:"service"`
	Status  string     `json:"status"`
	Outcome string     `json:"outcome,omitempty"`
	Portal  portalView `json:"portal"`
	Filed   Time       `json:"filed"`
	Due     Time       `json:"due,omitzero"`
	Overdue bool       `json:"overdue,omitempty"`
	Updated Time       `json:"updated"`
	Subject string     `json:"subject"`
	Archive string     `json:"archive,omitempty" doc:"The archive that the case was moved to; it cannot be opened until it is brought back"`
}

type casesAnswer struct {
	Link string `header:"Link"`
	Body struct {
		Cases []summaryView `json:"cases"`
		Next  string        `json:"next,omitempty"`
	}
}

type caseAnswer struct {
	ETag string `header:"ETag"`
	Body *caseView
}

// CasePath names a case in an address.
type CasePath struct {
	Code string `path:"code" maxLength:"100" doc:"Code of the case, or of one of its dossiers"`
}

func (s *Server) routeCases() {
	path := base + "/cases"
	route(s, op{method: http.MethodGet, path: path, id: "list-cases", tag: "cases", summary: "Own cases; for staff the cases that their office works on", status: 200, who: readers}, s.listCases)
	route(s, op{method: http.MethodGet, path: path + "/{code}", id: "get-case", tag: "cases", summary: "A case with its dossiers, what it waits for, and what may be done", status: 200, who: readers}, s.getCase)
}

func (s *Server) listCases(ctx context.Context, in *struct {
	Text string `query:"text" maxLength:"100" doc:"Staff: any code, or words of a name"`
	Page
}) (*casesAnswer, error) {
	out := &casesAnswer{}
	out.Body.Cases = []summaryView{}
	var err error
	if who := callerOf(ctx); who.citizen() {
		out.Body.Next, err = s.ownCases(ctx, who, &in.Page, out)
	} else {
		out.Body.Next, err = s.officeCases(ctx, who, in.Text, &in.Page, out)
	}
	if err != nil {
		return nil, err
	}
	out.Link = in.link(out.Body.Next)
	return out, nil
}

func (s *Server) ownCases(ctx context.Context, who *caller, page *Page, out *casesAnswer) (string, error) {
	list, next, err := s.cfg.Store.CasesOf(ctx, who.actor.ID, page.After, page.Limit)
	if err != nil {
		return "", err
	}
	for _, c := range list {
		out.Body.Cases = append(out.Body.Cases, s.summary(c))
	}
	return next, nil
}

// officeCases lists the cases behind the office's dossiers; a case with several
// of them on one page stands there once.
func (s *Server) officeCases(ctx context.Context, who *caller, text string, page *Page, out *casesAnswer) (string, error) {
	rows, next, err := s.cfg.Store.Rows(ctx, engine.RowQuery{Offices: s.officesSeen(who), Text: text, Ended: true, After: page.After, Limit: page.Limit})
	if err != nil {
		return "", err
	}
	if err := s.logRead(ctx, "", "cases"); err != nil {
		return "", err
	}
	seen := map[string]bool{}
	for _, r := range rows {
		if seen[r.Case] {
			continue
		}
		seen[r.Case] = true
		c, err := s.cfg.Store.Load(ctx, r.Case)
		if err != nil {
			return "", err
		}
		out.Body.Cases = append(out.Body.Cases, s.summary(c.Summary()))
	}
	return next, nil
}

func (s *Server) summary(c engine.Summary) summaryView {
	return summaryView{Code: c.Code, Service: s.serviceRef(c.Service, c.Version), Status: string(c.Status), Outcome: string(c.Outcome),
		Portal: portal(c.Portal), Filed: at(c.Filed), Due: at(c.Due), Overdue: c.Status == engine.CaseOpen && overdue(c.Due, s.cfg.Runtime.Now()),
		Updated: at(c.Updated), Subject: c.Subject, Archive: c.Archive}
}

func (s *Server) serviceRef(id, version string) serviceRef {
	r := serviceRef{ID: id, Version: version, Title: Text{VI: id, EN: id}}
	if svc, err := s.cfg.Definitions.Service(id, version); err == nil {
		r.Title = svc.Title
	}
	return r
}

func (s *Server) getCase(ctx context.Context, in *struct{ CasePath }) (*caseAnswer, error) {
	c, sees, err := s.open(ctx, in.Code)
	if err != nil {
		return nil, err
	}
	if sees == partial {
		return &caseAnswer{ETag: quoted(c.Rev), Body: s.picture(ctx, c).asked()}, nil
	}
	if err := s.logRead(ctx, c.Code, "case"); err != nil {
		return nil, err
	}
	v, err := s.picture(ctx, c).whole()
	if err != nil {
		return nil, err
	}
	return &caseAnswer{ETag: v.ETag, Body: v}, nil
}
