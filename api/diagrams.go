package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"lienthong/engine"
	"lienthong/engine/diagram"
)

// pictureAnswer is an SVG picture. Its style sheet is inside, and nothing else runs.
type pictureAnswer struct {
	ContentType string `header:"Content-Type"`
	Policy      string `header:"Content-Security-Policy"`
	Body        []byte
}

func svgAnswer(g diagram.Graph) *pictureAnswer {
	return &pictureAnswer{ContentType: "image/svg+xml", Policy: "default-src 'none'; style-src 'unsafe-inline'", Body: g.SVG()}
}

func (s *Server) routeDiagrams() {
	picture := func(o *huma.Operation) {
		o.Responses = map[string]*huma.Response{"200": {Description: "A picture", Content: map[string]*huma.MediaType{"image/svg+xml": {Schema: &huma.Schema{Type: "string"}}}}}
	}
	route(s, op{method: http.MethodGet, path: base + "/services/{id}/diagram", id: "service-diagram", tag: "services", summary: "The steps of a service over the agencies that work on them, drawn", status: 200, who: anyone}, s.serviceDiagram, picture)
	route(s, op{method: http.MethodGet, path: base + "/cases/{code}/diagram", id: "case-diagram", tag: "cases", summary: "The steps of a case, painted with how far it has come", status: 200, who: caseFolk}, s.caseDiagram, picture)
}

func (s *Server) drawing(ctx context.Context) diagram.Options {
	return diagram.Options{Lang: langOf(ctx), Agencies: s.cfg.Agencies, Registries: s.cfg.Registries}
}

func (s *Server) serviceDiagram(ctx context.Context, in *struct {
	ID      string `path:"id" maxLength:"60"`
	Version string `query:"version" maxLength:"60" doc:"The one in force when absent"`
}) (*pictureAnswer, error) {
	svc, err := s.service(in.ID, in.Version)
	if err != nil {
		return nil, err
	}
	return svgAnswer(diagram.Service(svc, s.drawing(ctx))), nil
}

func (s *Server) caseDiagram(ctx context.Context, in *struct{ CasePath }) (*pictureAnswer, error) {
	c, err := s.read(ctx, in.Code, "diagram")
	if err != nil {
		return nil, err
	}
	svc, err := s.cfg.Definitions.Service(c.Service, c.Version)
	if err != nil {
		return nil, err
	}
	opt := s.drawing(ctx)
	opt.Case = c
	return svgAnswer(diagram.Service(svc, opt)), nil
}

// service is a version of a service, the one in force when none is named.
func (s *Server) service(id, version string) (*engine.Service, error) {
	if version != "" {
		return s.cfg.Definitions.Service(id, version)
	}
	return s.cfg.Definitions.ServiceAt(id, s.cfg.Runtime.Now())
}
