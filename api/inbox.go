package api

import (
	"context"
	"net/http"

	"lienthong/engine"
)

type rowView struct {
	Case      string       `json:"case"`
	Step      string       `json:"step"`
	Title     Text         `json:"title" doc:"Of the part"`
	Code      string       `json:"code"`
	Service   string       `json:"service"`
	Procedure procedureRef `json:"procedure"`
	State     string       `json:"state"`
	StateName *Text        `json:"state_title,omitempty"`
	Status    string       `json:"status"`
	Final     string       `json:"final,omitempty"`
	Portal    portalView   `json:"portal"`
	Office    *officeRef   `json:"office,omitempty"`
	Assignee  string       `json:"assignee,omitempty"`
	Due       Time         `json:"due,omitzero"`
	Overdue   bool         `json:"overdue,omitempty"`
	Opened    Time         `json:"opened"`
	Updated   Time         `json:"updated"`
	Filed     Time         `json:"filed"`
	Subject   string       `json:"subject"`
	Requester string       `json:"requester"`
	Review    bool         `json:"review,omitempty" doc:"A result that it used was corrected"`
	ETag      string       `json:"etag"`
}

type inboxAnswer struct {
	Link string `header:"Link"`
	Body struct {
		Rows  []rowView `json:"rows"`
		Next  string    `json:"next,omitempty"`
		Count string    `json:"count,omitempty" doc:"With count=true: how many, at most 1000+"`
		// The office's whole inbox, whatever the filters.
		Counts *countsView `json:"counts,omitempty" doc:"With counts=true: all that is open, late, and the caller's"`
	}
}

// countCap is where counting stops.
const countCap = 1000

func (s *Server) routeInbox() {
	route(s, op{method: http.MethodGet, path: base + "/inbox", id: "inbox", tag: "inbox", summary: "The office's dossiers, most urgent first", status: 200, who: desk}, s.inbox)
}

func (s *Server) inbox(ctx context.Context, in *struct {
	Office    string `query:"office" maxLength:"100" doc:"One office, for who sees several"`
	Procedure string `query:"procedure" maxLength:"60"`
	State     string `query:"state" maxLength:"60"`
	Assignee  string `query:"assignee" maxLength:"100" doc:"An account, or me"`
	Overdue   bool   `query:"overdue"`
	Ended     bool   `query:"ended" doc:"Ended ones too"`
	Text      string `query:"text" maxLength:"100" doc:"Any code, or words of a name, without diacritics"`
	Count     bool   `query:"count"`
	Counts    bool   `query:"counts"`
	Page
}) (*inboxAnswer, error) {
	who := callerOf(ctx)
	q := engine.RowQuery{Offices: s.areas.offices(who), Procedure: in.Procedure, State: in.State, Assignee: in.Assignee,
		Ended: in.Ended, Text: in.Text, After: in.After, Limit: in.Limit}
	if in.Office != "" {
		q.Offices = intersect(q.Offices, in.Office)
	}
	if in.Assignee == "me" {
		q.Assignee = who.actor.ID
	}
	now := s.cfg.Runtime.Now()
	if in.Overdue {
		q.Overdue = now
	}
	rows, next, err := s.cfg.Store.Rows(ctx, q)
	if err != nil {
		return nil, err
	}
	out := &inboxAnswer{}
	if in.Count {
		if out.Body.Count, err = s.count(ctx, q); err != nil {
			return nil, err
		}
	}
	if in.Counts {
		if out.Body.Counts, err = s.counts(ctx, q.Offices, now); err != nil {
			return nil, err
		}
	}
	if err := s.logRead(ctx, "", "inbox"); err != nil {
		return nil, err
	}
	out.Body.Rows = []rowView{}
	for _, r := range rows {
		out.Body.Rows = append(out.Body.Rows, rowView{Case: r.Case, Step: r.Step, Title: s.partTitle(r.Service, r.Step), Code: r.Code, Service: r.Service, Procedure: s.procedureRef(r.Service, r.Procedure),
			State: r.State, StateName: s.stateName(r.Service, r.Procedure, r.State), Status: string(r.Status), Final: string(r.Final), Portal: portal(r.Portal), Office: s.officeRef(r.Office), Assignee: r.Assignee,
			Due: at(r.Due), Overdue: r.Status == engine.StatusOpen && overdue(r.Due, now), Opened: at(r.Opened), Updated: at(r.Updated), Filed: at(r.Filed),
			Subject: r.Subject, Requester: r.Requester, Review: r.Review, ETag: quoted(r.Rev)})
	}
	out.Body.Next, out.Link = next, in.link(next)
	return out, nil
}

// intersect keeps one office of those that the caller may see, or none.
func intersect(offices []string, one string) []string {
	for _, o := range offices {
		if o == one {
			return []string{o}
		}
	}
	return []string{"-"}
}

// stateName is the title of a state as the newest version of the service in force that
// has it does; nil when none has.
func (s *Server) stateName(service, procedure, state string) *Text {
	for _, svc := range s.newestFirst() {
		if svc.ID != service {
			continue
		}
		for _, st := range svc.Steps {
			if st.Procedure.ID != procedure {
				continue
			}
			if x := st.Procedure.State(state); x != nil {
				return &x.Title
			}
		}
	}
	return nil
}

// partTitle names a step as the newest version of the service in force that has it does.
func (s *Server) partTitle(service, step string) Text {
	for _, svc := range s.newestFirst() {
		if svc.ID != service {
			continue
		}
		if st := svc.Step(step); st != nil {
			return st.Title
		}
	}
	return Text{VI: step, EN: step}
}

// procedureRef names a procedure as the newest version of the service in force does: a
// list shows its title only.
func (s *Server) procedureRef(service, id string) procedureRef {
	for _, svc := range s.newestFirst() {
		if svc.ID != service {
			continue
		}
		for _, st := range svc.Steps {
			if st.Procedure.ID == id {
				return procedureRef{ID: id, Code: st.Procedure.Code, Title: st.Procedure.Title}
			}
		}
	}
	return procedureRef{ID: id, Title: Text{VI: id, EN: id}}
}
