package api

import (
	"context"
	"net/http"
	"slices"
	"time"

	"lienthong/engine"
	"lienthong/engine/calendar"
)

// ServiceView is one version of a service in a list.
type ServiceView struct {
	ID      string   `json:"id"`
	Version string   `json:"version"`
	Code    string   `json:"code" doc:"National procedure code"`
	Title   Text     `json:"title"`
	Summary Text     `json:"summary"`
	Legal   []string `json:"legal"`
	From    Time     `json:"from,omitzero" doc:"In force for applications filed from"`
	To      Time     `json:"to,omitzero" doc:"Exclusive"`
	InForce bool     `json:"in_force" doc:"Applications are filed under it now"`
	Limit   string   `json:"limit,omitempty"`
	Within  *Text    `json:"limit_text,omitempty" doc:"The limit in words"`
}

type serviceDetail struct {
	ServiceView
	Hash     string            `json:"hash" doc:"Of everything that decides"`
	Form     *formView         `json:"form,omitempty"`
	Each     *eachView         `json:"each,omitempty" doc:"One case for each element of a list"`
	Fee      *feeRule          `json:"fee,omitempty"`
	Subforms []string          `json:"subforms,omitempty" doc:"Sector forms filled from the combined one"`
	Steps    []serviceStepView `json:"steps"`
	Versions []string          `json:"versions" doc:"All published ones, oldest first"`
}

type formView struct {
	ID     string  `json:"id"`
	Title  Text    `json:"title"`
	Schema Ordered `json:"schema" doc:"JSON Schema 2020-12 with x-label, x-source, x-needed-by; its properties in the order in which a person is asked"`
}

type eachView struct {
	List string `json:"list"`
	As   string `json:"as"`
}

type feeRule struct {
	Purpose Text   `json:"purpose"`
	Within  string `json:"within,omitempty"`
	Amount  string `json:"amount" doc:"How it is computed; POST …/check tells the amount"`
}

type serviceStepView struct {
	ID         string       `json:"id"`
	Title      Text         `json:"title"`
	Procedure  procedureRef `json:"procedure"`
	Agency     string       `json:"agency"`
	AgencyName Text         `json:"agency_title"`
	Needs      []string     `json:"needs,omitempty"`
	Optional   bool         `json:"conditional,omitempty" doc:"Runs only under a condition"`
	If         string       `json:"if,omitempty"`
	Limit      string       `json:"limit,omitempty"`
	Within     *Text        `json:"limit_text,omitempty" doc:"The limit in words, as a parameter sets it today"`
	States     []StateRef   `json:"states"`
	Documents  []stateDoc   `json:"results,omitempty"`
}

// StateRef names a state of a procedure.
type StateRef struct {
	ID     string `json:"id"`
	Title  Text   `json:"title"`
	Portal int    `json:"portal"`
	Clock  string `json:"clock"`
	Final  string `json:"final,omitempty"`
}

type stateDoc struct {
	Document string `json:"document"`
	Code     string `json:"code"`
	Title    Text   `json:"title"`
	Paper    bool   `json:"paper,omitempty"`
}

func (s *Server) routeServices() {
	route(s, op{method: http.MethodGet, path: base + "/services", id: "list-services", tag: "services", summary: "What can be applied for", status: 200, who: anyone}, s.listServices)
	route(s, op{method: http.MethodGet, path: base + "/services/{id}", id: "get-service", tag: "services", summary: "A service: form, steps, limits, fee, legal basis", status: 200, who: anyone}, s.getService)
}

func (s *Server) listServices(ctx context.Context, in *struct {
	All bool `query:"all" doc:"Every published version, not only those in force"`
}) (*struct {
	Body struct {
		Services []ServiceView `json:"services"`
	}
}, error) {
	out := &struct {
		Body struct {
			Services []ServiceView `json:"services"`
		}
	}{}
	out.Body.Services = []ServiceView{}
	now := s.cfg.Runtime.Now()
	for _, svc := range s.cfg.Definitions.Services() {
		if v := s.serviceOf(svc, now); in.All || v.InForce {
			out.Body.Services = append(out.Body.Services, v)
		}
	}
	return out, nil
}

func (s *Server) serviceOf(svc *engine.Service, now time.Time) ServiceView {
	v := ServiceView{ID: svc.ID, Version: svc.Version, Code: svc.Code, Title: svc.Title, Summary: svc.Summary, Legal: svc.Legal,
		From: at(svc.From), To: at(svc.To), InForce: s.filedUnder(svc, now), Limit: limitOf(svc.Limit), Within: s.limitText(svc.Limit, now)}
	if v.Legal == nil {
		v.Legal = []string{}
	}
	return v
}

// filedUnder says whether applications are filed under a version now: one without a
// last day gives way to the next.
func (s *Server) filedUnder(svc *engine.Service, now time.Time) bool {
	current, err := s.cfg.Definitions.ServiceAt(svc.ID, now)
	return err == nil && current.Version == svc.Version
}

// newestFirst lists the versions of every service for naming what stands in one: the
// newest that has begun first, those that have not begun last.
func (s *Server) newestFirst() []*engine.Service {
	now := s.cfg.Runtime.Now()
	var begun, later []*engine.Service
	for _, svc := range slices.Backward(s.cfg.Definitions.Services()) {
		if now.Before(svc.From) {
			later = append(later, svc)
		} else {
			begun = append(begun, svc)
		}
	}
	return append(begun, later...)
}

func limitOf(l *engine.Limit) string {
	switch {
	case l == nil:
		return ""
	case l.Param != "":
		return "param " + l.Param
	}
	return l.Within.String()
}

// limitText writes a limit for people; a parameter's value is today's. Nil when
// there is none, or the parameter has no value yet.
func (s *Server) limitText(l *engine.Limit, now time.Time) *Text {
	if l == nil {
		return nil
	}
	within := l.Within
	if l.Param != "" {
		v, err := s.cfg.Definitions.Parameter(l.Param, now, now)
		text, _ := v.(string)
		if err != nil {
			return nil
		}
		if within, err = calendar.ParseLimit(text); err != nil {
			return nil
		}
	}
	return limitWords(within)
}

// limitWords says a limit in words; nil when there is none.
func limitWords(l calendar.Limit) *Text {
	if l.IsZero() {
		return nil
	}
	return &Text{VI: l.In(vi), EN: l.In(en)}
}

func (s *Server) getService(ctx context.Context, in *struct {
	ID      string `path:"id" maxLength:"60"`
	Version string `query:"version" maxLength:"60" doc:"The one in force when absent"`
}) (*struct{ Body serviceDetail }, error) {
	now := s.cfg.Runtime.Now()
	svc, err := s.service(in.ID, in.Version)
	if err != nil {
		return nil, err
	}
	v := serviceDetail{ServiceView: s.serviceOf(svc, now), Hash: svc.Hash, Subforms: svc.Subforms, Steps: []serviceStepView{}, Versions: []string{}}
	if svc.Form != nil {
		v.Form = &formView{ID: svc.Form.ID, Title: svc.Form.Title, Schema: orderedSchema(svc.Form)}
	}
	if svc.Each != nil {
		v.Each = &eachView{svc.Each.List, svc.Each.As}
	}
	if f := svc.Fee; f != nil {
		v.Fee = &feeRule{Purpose: f.Purpose, Within: limitOf(f.Within), Amount: f.Amount.Source()}
	}
	for _, st := range svc.Steps {
		v.Steps = append(v.Steps, s.stepOf(st, now))
	}
	for _, other := range s.cfg.Definitions.Services() {
		if other.ID == svc.ID {
			v.Versions = append(v.Versions, other.Version)
		}
	}
	return &struct{ Body serviceDetail }{v}, nil
}

func (s *Server) stepOf(st *engine.Step, now time.Time) serviceStepView {
	p := st.Procedure
	v := serviceStepView{ID: st.ID, Title: st.Title, Procedure: procedureRef{ID: p.ID, Code: p.Code, Title: p.Title}, Agency: p.Agency, AgencyName: titled(s.cfg.Agencies, p.Agency),
		Optional: st.If != nil, Limit: limitOf(p.Limit), Within: s.limitText(p.Limit, now), States: []StateRef{}}
	if st.If != nil {
		v.If = st.If.Source()
	}
	for _, n := range st.Needs {
		v.Needs = append(v.Needs, n.Step)
	}
	for _, state := range p.States {
		v.States = append(v.States, StateRef{ID: state.ID, Title: state.Title, Portal: state.Portal, Clock: string(state.Clock), Final: string(state.Final)})
		if r := state.Result; r != nil && !slices.ContainsFunc(v.Documents, func(d stateDoc) bool { return d.Document == r.Document }) {
			v.Documents = append(v.Documents, stateDoc{Document: r.Document, Code: r.Code, Title: r.Title, Paper: r.Paper})
		}
	}
	return v
}

type checkView struct {
	Valid     bool         `json:"valid"`
	Service   string       `json:"service"`
	Version   string       `json:"version,omitempty"`
	At        Time         `json:"at"`
	Problems  []FieldError `json:"problems"`
	Duplicate *Problem     `json:"duplicate,omitempty" doc:"Another case holds the same key"`
	Fee       int64        `json:"fee" doc:"đồng, for all cases"`
	Due       Time         `json:"due,omitzero"`
	Cases     []checkCase  `json:"cases"`
}

type checkCase struct {
	Subject  string           `json:"subject"`
	Fee      int64            `json:"fee"`
	FeeItems []engine.FeeItem `json:"fee_items,omitempty" doc:"What the fee is asked for"`
	Due      Time             `json:"due,omitzero"`
	Steps    []checkStep      `json:"steps"`
	// Subforms are the paper forms that the application stands for, to be read
	// before filing; only of a valid application.
	Subforms []engine.Subform `json:"subforms,omitempty"`
}

type checkStep struct {
	Step   string     `json:"step"`
	Title  Text       `json:"title"`
	Office *officeRef `json:"office,omitempty"`
	Closed string     `json:"closed,omitempty" doc:"Why it will not run"`
	May    bool       `json:"may,omitempty" doc:"Depends on what comes before it"`
	Due    Time       `json:"due,omitzero"`
	Sooner bool       `json:"sooner,omitempty" doc:"Due sooner if a part before it turns out not to apply"`
}

func (s *Server) checkApplication(ctx context.Context, in *struct {
	ID   string `path:"id" maxLength:"60"`
	Body checkBody
}) (*struct{ Body checkView }, error) {
	b := filingBody{Service: in.ID, Application: in.Body.Application, Prefill: in.Body.Prefill, Disputes: in.Body.Disputes, Channel: in.Body.Channel, OnBehalfOf: in.Body.OnBehalfOf}
	f, err := s.filing(ctx, &b)
	if err != nil {
		return nil, err
	}
	p, err := s.cfg.Runtime.Preview(ctx, f)
	if err != nil {
		return nil, err
	}
	lang := langOf(ctx)
	v := checkView{Valid: len(p.Problems) == 0 && p.Duplicate == nil, Service: p.Service, Version: p.Version, At: at(p.At), Problems: []FieldError{},
		Fee: p.Fee, Due: at(p.Due), Cases: []checkCase{}}
	for _, x := range p.Problems {
		v.Problems = append(v.Problems, FieldError{x.Pointer, x.Code, x.Detail.In(lang)})
	}
	if p.Duplicate != nil {
		v.Duplicate = problemOf(s.hideOther(ctx, p.Duplicate), lang)
	}
	for i, c := range p.Cases {
		cv := checkCase{Subject: c.Subject, Fee: c.Fee, Due: at(c.Due), Steps: []checkStep{}}
		for _, st := range c.Steps {
			cv.Steps = append(cv.Steps, checkStep{Step: st.Step, Title: st.Title, Office: s.officeRef(st.Office), Closed: st.Closed, May: st.May, Due: at(st.Due), Sooner: st.Sooner})
		}
		if len(p.Problems) == 0 {
			if err := s.readBefore(&cv, p.Service, p.Version, b.Application, i, f.Requester); err != nil {
				return nil, err
			}
		}
		v.Cases = append(v.Cases, cv)
	}
	return &struct{ Body checkView }{v}, nil
}

// checkBody is filingBody without the service, which the address names.
type checkBody struct {
	Application Object            `json:"application"`
	Prefill     string            `json:"prefill,omitempty" maxLength:"100"`
	Disputes    map[string]string `json:"disputes,omitempty"`
	Channel     int               `json:"channel,omitempty" minimum:"1" maximum:"3"`
	OnBehalfOf  *behalfBody       `json:"on_behalf_of,omitempty"`
}
