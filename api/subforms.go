package api

import (
	"context"
	"net/http"

	"lienthong/engine"
)

func (s *Server) routeSubforms() {
	route(s, op{method: http.MethodGet, path: base + "/cases/{code}/subforms", id: "case-subforms", tag: "cases", summary: "The paper forms that the combined application stands for, filled in", status: 200, who: caseFolk}, s.subforms)
}

func (s *Server) subforms(ctx context.Context, in *struct{ CasePath }) (*struct {
	Body struct {
		Subforms []engine.Subform `json:"subforms"`
	}
}, error) {
	c, err := s.read(ctx, in.Code, "subforms")
	if err != nil {
		return nil, err
	}
	svc, err := s.cfg.Definitions.Service(c.Service, c.Version)
	if err != nil {
		return nil, err
	}
	out := &struct {
		Body struct {
			Subforms []engine.Subform `json:"subforms"`
		}
	}{}
	out.Body.Subforms, err = s.filled(svc, c.Vars(s.cfg.Runtime.Now()))
	return out, err
}

// filled renders the generated forms of a service that the application asks for.
func (s *Server) filled(svc *engine.Service, vars engine.Vars) ([]engine.Subform, error) {
	out := make([]engine.Subform, 0, len(svc.Subforms))
	for _, id := range svc.Subforms {
		f, err := s.cfg.Definitions.RenderSubform(id, vars)
		if err != nil {
			return nil, err
		}
		if len(f.Fields) > 0 {
			out = append(out, f)
		}
	}
	return out, nil
}

// readBefore adds what is read before filing: the forms of one case of an application
// that is valid, and what its fee is asked for.
func (s *Server) readBefore(v *checkCase, service, version string, form Object, index int, requester engine.Person) error {
	svc, err := s.cfg.Definitions.Service(service, version)
	if err != nil {
		return err
	}
	app, err := svc.Application(form, index)
	if err != nil {
		return err
	}
	now := s.cfg.Runtime.Now()
	c := engine.Case{App: app, Requester: requester, Filed: now}
	vars := c.Vars(now)
	if svc.Fee != nil {
		if v.FeeItems, err = s.cfg.Definitions.FeeItems(svc.Fee, vars, v.Fee); err != nil {
			return err
		}
	}
	v.Subforms, err = s.filled(svc, vars)
	return err
}
