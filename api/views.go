package api

import (
	"context"
	"net/http"
	"time"

	"lienthong/engine"
)

// viewQuery is what a saved view selects: the filters of the inbox.
type viewQuery struct {
	Office    string `json:"office,omitempty" maxLength:"100"`
	Procedure string `json:"procedure,omitempty" maxLength:"60"`
	State     string `json:"state,omitempty" maxLength:"60"`
	Assignee  string `json:"assignee,omitempty" maxLength:"100" doc:"An account, or me"`
	Overdue   bool   `json:"overdue,omitempty"`
	Ended     bool   `json:"ended,omitempty"`
	Text      string `json:"text,omitempty" maxLength:"100"`
}

type viewView struct {
	ID    string    `json:"id"`
	Name  string    `json:"name"`
	Query viewQuery `json:"query"`
}

type viewBody struct {
	Name  string    `json:"name" minLength:"1" maxLength:"60"`
	Query viewQuery `json:"query"`
}

// ViewPath names a view in an address.
type ViewPath struct {
	ID string `path:"id" pattern:"^[A-Za-z0-9_-]{1,64}$"`
}

// mostViews is how many views one account keeps.
const mostViews = 30

func (s *Server) routeViews() {
	path := base + "/views"
	route(s, op{method: http.MethodGet, path: path, id: "list-views", tag: "inbox", summary: "Own selections of the inbox, by name", status: 200, who: desk}, s.listViews)
	route(s, op{method: http.MethodPut, path: path + "/{id}", id: "put-view", tag: "inbox", summary: "Keep a selection of the inbox under a name", status: 200, who: desk}, s.putView)
	route(s, op{method: http.MethodDelete, path: path + "/{id}", id: "delete-view", tag: "inbox", summary: "Forget a selection", status: 204, who: desk}, s.deleteView)
}

func (s *Server) listViews(ctx context.Context, _ *struct{}) (*struct {
	Body struct {
		Views []viewView `json:"views"`
	}
}, error) {
	list, err := s.cfg.Store.Views(ctx, callerOf(ctx).actor.ID)
	if err != nil {
		return nil, err
	}
	out := &struct {
		Body struct {
			Views []viewView `json:"views"`
		}
	}{}
	out.Body.Views = []viewView{}
	for _, v := range list {
		out.Body.Views = append(out.Body.Views, viewView{ID: v.ID, Name: v.Name, Query: queryOf(v.Query)})
	}
	return out, nil
}

// stored is a query as the store keeps it.
func (q viewQuery) stored() map[string]any {
	return map[string]any{"office": q.Office, "procedure": q.Procedure, "state": q.State, "assignee": q.Assignee,
		"overdue": q.Overdue, "ended": q.Ended, "text": q.Text}
}

func queryOf(m map[string]any) viewQuery {
	overdue, _ := m["overdue"].(bool)
	ended, _ := m["ended"].(bool)
	return viewQuery{Office: engine.Str(m, "office"), Procedure: engine.Str(m, "procedure"), State: engine.Str(m, "state"),
		Assignee: engine.Str(m, "assignee"), Overdue: overdue, Ended: ended, Text: engine.Str(m, "text")}
}

func (s *Server) putView(ctx context.Context, in *struct {
	ViewPath
	Body viewBody
}) (*struct{ Body viewView }, error) {
	owner := callerOf(ctx).actor.ID
	list, err := s.cfg.Store.Views(ctx, owner)
	if err != nil {
		return nil, err
	}
	others := 0
	for _, v := range list {
		if v.ID != in.ID {
			others++
		}
	}
	if others >= mostViews {
		return nil, invalid("/name", "length", "Đã có quá nhiều bộ lọc được lưu. Hãy xóa bớt.", "Too many selections are kept. Delete some.")
	}
	if err := s.cfg.Store.PutView(ctx, engine.View{ID: in.ID, Owner: owner, Name: in.Body.Name, Query: in.Body.Query.stored()}); err != nil {
		return nil, err
	}
	return &struct{ Body viewView }{viewView{in.ID, in.Body.Name, in.Body.Query}}, nil
}

func (s *Server) deleteView(ctx context.Context, in *struct{ ViewPath }) (*struct{}, error) {
	return nil, s.cfg.Store.DeleteView(ctx, callerOf(ctx).actor.ID, in.ID)
}

// countsView counts what is open at the caller's offices, each at most 1000+.
type countsView struct {
	Open    string `json:"open"`
	Overdue string `json:"overdue"`
	Mine    string `json:"mine"`
}

// counts counts the open dossiers of some offices, those that are late, and those
// that the caller holds.
func (s *Server) counts(ctx context.Context, offices []string, now time.Time) (*countsView, error) {
	v := &countsView{}
	for _, x := range []struct {
		to *string
		q  engine.RowQuery
	}{
		{&v.Open, engine.RowQuery{Offices: offices}},
		{&v.Overdue, engine.RowQuery{Offices: offices, Overdue: now}},
		{&v.Mine, engine.RowQuery{Offices: offices, Assignee: callerOf(ctx).actor.ID}},
	} {
		n, err := s.count(ctx, x.q)
		if err != nil {
			return nil, err
		}
		*x.to = n
	}
	return v, nil
}
