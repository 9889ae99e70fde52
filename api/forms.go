package api

import (
	"context"
	"net/http"

	"lienthong/engine"
)

func (s *Server) routeForms() {
	route(s, op{method: http.MethodGet, path: base + "/forms/{id}", id: "get-form", tag: "services", summary: "A form by its id: its questions with labels, for showing what was entered in it", status: 200, who: anyone}, s.getForm)
}

func (s *Server) getForm(_ context.Context, in *struct {
	ID string `path:"id" maxLength:"60"`
}) (*struct{ Body formView }, error) {
	f := s.cfg.Definitions.Form(in.ID)
	if f == nil {
		return nil, notFound()
	}
	return &struct{ Body formView }{formView{ID: f.ID, Title: f.Title, Schema: orderedSchema(f)}}, nil
}

// formsOf names the form behind each member of what a dossier was given (with.…)
// and of what was entered in it (data.…).
func formsOf(st *engine.Step, d *engine.Dossier) map[string]string {
	out := map[string]string{}
	for name, f := range st.Procedure.Inputs {
		if f != nil && d.With[name] != nil {
			out["with."+name] = f.ID
		}
	}
	for _, a := range st.Procedure.Actions {
		if a.Input != nil && d.Data[a.ID] != nil {
			out["data."+a.ID] = a.Input.ID
		}
	}
	if len(out) == 0 {
		return nil
	}
	return out
}
