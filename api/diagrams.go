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

// asPicture says in the contract that the answer is one.
func asPicture(o *huma.Operation) {
	o.Responses = map[string]*huma.Response{"200": {Description: "A picture", Content: map[string]*huma.MediaType{"image/svg+xml": {Schema: &huma.Schema{Type: "string"}}}}}
}

func (s *Server) routeDiagrams() {
	route(s, op{method: http.MethodGet, path: base + "/services/{id}/diagram", id: "service-diagram", tag: "services", summary: "The steps of a service over the agencies that work on them, drawn", status: 200, who: anyone}, s.serviceDiagram, asPicture)
	route(s, op{method: http.MethodGet, path: base + "/services/{id}/steps/{step}/diagram", id: "step-diagram", tag: "services", summary: "The state machine of one step's procedure, drawn", status: 200, who: anyone}, s.stepDiagram, asPicture)
	route(s, op{method: http.MethodGet, path: base + "/cases/{code}/diagram", id: "case-diagram", tag: "cases", summary: "The steps of a case, painted with how far it has come", status: 200, who: readers}, s.caseDiagram, asPicture)
}

func (s *Server) drawing(ctx context.Context) diagram.Options {
	return diagram.Options{Lang: langOf(ctx), Agencies: s.cfg.Agencies, Registries: s.cfg.Registries}
}

// ServiceVersion names a version of a service in an address.
type ServiceVersion struct {
	ID      string `path:"id" maxLength:"60"`
	Version string `query:"version" maxLength:"60" doc:"The one in force when absent"`
}

func (s *Server) serviceDiagram(ctx context.Context, in *struct {
	ServiceVersion
	Detail bool `query:"detail" doc:"Each step with its main states"`
}) (*pictureAnswer, error) {
	svc, err := s.service(in.ID, in.Version)
	if err != nil {
		return nil, err
	}
	opt := s.drawing(ctx)
	opt.Detail = in.Detail
	return svgAnswer(diagram.Service(svc, opt)), nil
}

func (s *Server) stepDiagram(ctx context.Context, in *struct {
	ServiceVersion
	Step  string `path:"step" maxLength:"60"`
	State string `query:"state" maxLength:"60" doc:"Lit as the current one"`
}) (*pictureAnswer, error) {
	_, st, err := s.stepOfService(in.ID, in.Version, in.Step)
	if err != nil {
		return nil, err
	}
	return s.machinePicture(ctx, st, in.State), nil
}

// machinePicture draws the machine of a step, one state of it lit.
func (s *Server) machinePicture(ctx context.Context, st *engine.Step, state string) *pictureAnswer {
	opt := s.drawing(ctx)
	if state != "" {
		opt.Step = st.ID
		opt.Case = &engine.Case{Dossiers: []*engine.Dossier{{Step: st.ID, Procedure: st.Procedure.ID, Status: engine.StatusOpen, State: state}}}
	}
	return svgAnswer(diagram.Procedure(st.Procedure, opt))
}

// stepOfService finds a step with a procedure. NotFound.
func (s *Server) stepOfService(id, version, step string) (*engine.Service, *engine.Step, error) {
	svc, err := s.service(id, version)
	if err != nil {
		return nil, nil, err
	}
	if st := svc.Step(step); st != nil && st.Procedure != nil {
		return svc, st, nil
	}
	return nil, nil, notFound()
}

func (s *Server) caseDiagram(ctx context.Context, in *struct {
	CasePath
	At     int64  `query:"at" minimum:"0" doc:"Sequence: as it was after that entry"`
	Step   string `query:"step" maxLength:"60" doc:"The machine of this step, painted with its dossier"`
	Detail bool   `query:"detail" doc:"Each step with its main states"`
	Apart
}) (*pictureAnswer, error) {
	c, err := s.read(ctx, in.Code, "diagram")
	if err != nil {
		return nil, err
	}
	if in.At > 0 {
		if c, _, err = s.was(ctx, c, in.At); err != nil {
			return nil, err
		}
	}
	opt := s.drawing(ctx)
	opt.Case, opt.Detail = c, in.Detail
	if in.Step == "" {
		svc, err := s.cfg.Definitions.Service(c.Service, c.Version)
		if err != nil {
			return nil, err
		}
		return svgAnswer(diagram.Service(svc, opt)), nil
	}
	_, st, err := s.stepOfService(c.Service, c.Version, in.Step)
	if err != nil {
		return nil, err
	}
	opt.Step = in.Step
	if d := c.Dossier(in.Step); d != nil && in.KeptTo != "" && in.NowTo != "" {
		opt.Apart = &diagram.Apart{State: d.State, Kept: diagram.Way{Action: in.Kept, To: in.KeptTo}, Now: diagram.Way{Action: in.Now, To: in.NowTo}}
		if _, other, err := s.stepOfService(c.Service, in.Version, in.Step); err == nil {
			opt.Apart.Other = other.Procedure
		}
	}
	return svgAnswer(diagram.Procedure(st.Procedure, opt)), nil
}

// Apart says where a dossier that was decided again parts from its history, to be
// drawn on its machine.
type Apart struct {
	Kept    string `query:"kept" maxLength:"60" doc:"The action that history has, if any"`
	KeptTo  string `query:"kept_to" maxLength:"60" doc:"The state that it leads to; with now_to both ways are painted"`
	Now     string `query:"now" maxLength:"60" doc:"The action that is decided now, if any"`
	NowTo   string `query:"now_to" maxLength:"60" doc:"The state that this one leads to"`
	Version string `query:"under" maxLength:"60" doc:"The version that was decided under, for titles"`
}

// service is a version of a service, the one in force when none is named.
func (s *Server) service(id, version string) (*engine.Service, error) {
	if version != "" {
		return s.cfg.Definitions.Service(id, version)
	}
	return s.cfg.Definitions.ServiceAt(id, s.cfg.Runtime.Now())
}
