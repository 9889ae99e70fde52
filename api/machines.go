package api

import (
	"context"
	"net/http"

	"lienthong/engine"
)

// machineView is the state machine of one step of a service, to be read instead of
// its picture.
type machineView struct {
	Service    serviceRef      `json:"service"`
	Step       string          `json:"step"`
	Title      Text            `json:"title"`
	Procedure  procedureRef    `json:"procedure"`
	Agency     string          `json:"agency"`
	AgencyName Text            `json:"agency_title"`
	Within     *Text           `json:"limit_text,omitempty"`
	States     []machineState  `json:"states" doc:"The first is the one that a dossier opens in"`
	Actions    []machineAction `json:"actions"`
}

type machineState struct {
	StateRef
	AgencyName *Text       `json:"agency_title,omitempty" doc:"Another agency acts here"`
	Within     *Text       `json:"limit_text,omitempty" doc:"Limit of this state alone"`
	Asks       *asksView   `json:"asks,omitempty" doc:"What entering the state asks of a register"`
	After      []afterView `json:"after,omitempty" doc:"What happens by itself when the state lasts"`
	Issues     *stateDoc   `json:"issues,omitempty"`
}

type asksView struct {
	Registry  string            `json:"registry"`
	Register  Text              `json:"registry_title"`
	Operation string            `json:"operation"`
	Title     Text              `json:"title"`
	Replies   map[string]string `json:"replies,omitempty" doc:"ok, refused or a code of refusal → action"`
}

type afterView struct {
	Action string `json:"action"`
	Within *Text  `json:"limit_text,omitempty"`
}

type machineAction struct {
	ID      string       `json:"id"`
	Title   Text         `json:"title"`
	From    []string     `json:"from"`
	To      []targetView `json:"to" doc:"In order, the first whose condition holds; empty: the state stays"`
	By      []string     `json:"by"`
	If      string       `json:"if,omitempty"`
	Why     *Text        `json:"why,omitempty" doc:"What the condition wants, in words"`
	Form    string       `json:"form,omitempty"`
	Returns string       `json:"returns,omitempty" doc:"The value whose issuer is asked to correct it"`
}

type targetView struct {
	State string `json:"state"`
	If    string `json:"if,omitempty"`
}

func (s *Server) routeMachines() {
	route(s, op{method: http.MethodGet, path: base + "/services/{id}/steps/{step}", id: "step-machine", tag: "services", summary: "The states and actions of one step's procedure", status: 200, who: anyone}, s.machine)
}

func (s *Server) machine(_ context.Context, in *struct {
	ServiceVersion
	Step string `path:"step" maxLength:"60"`
}) (*struct{ Body machineView }, error) {
	svc, st, err := s.stepOfService(in.ID, in.Version, in.Step)
	if err != nil {
		return nil, err
	}
	now, p := s.cfg.Runtime.Now(), st.Procedure
	v := machineView{Service: serviceRef{svc.ID, svc.Version, svc.Title}, Step: st.ID, Title: st.Title, Procedure: procedureRef{ID: p.ID, Code: p.Code, Title: p.Title},
		Agency: p.Agency, AgencyName: titled(s.cfg.Agencies, p.Agency), Within: s.limitText(p.Limit, now), States: []machineState{}, Actions: []machineAction{}}
	for _, x := range p.States {
		m := machineState{StateRef: StateRef{ID: x.ID, Title: x.Title, Portal: x.Portal, Clock: string(x.Clock), Final: string(x.Final)}, Within: s.limitText(x.Limit, now)}
		if x.Agency != "" {
			t := titled(s.cfg.Agencies, x.Agency)
			m.AgencyName = &t
		}
		if r := x.Request; r != nil {
			m.Asks = &asksView{Registry: r.Registry, Register: titled(s.cfg.Registries, r.Registry), Operation: r.Operation, Replies: r.Replies}
			if o, ok := s.cfg.Definitions.Operation(r.Registry, r.Operation); ok {
				m.Asks.Title = o.Title
			}
		}
		for _, a := range x.After {
			m.After = append(m.After, afterView{Action: a.Action, Within: s.limitText(&engine.Limit{Within: a.Within, Param: a.Param}, now)})
		}
		if r := x.Result; r != nil {
			m.Issues = &stateDoc{Document: r.Document, Code: r.Code, Title: r.Title, Paper: r.Paper}
		}
		v.States = append(v.States, m)
	}
	for _, a := range p.Actions {
		v.Actions = append(v.Actions, machineActionOf(a))
	}
	return &struct{ Body machineView }{v}, nil
}

func machineActionOf(a *engine.Action) machineAction {
	m := machineAction{ID: a.ID, Title: a.Title, From: a.From, To: []targetView{}, By: a.By, Returns: a.Returns}
	for _, t := range a.To {
		m.To = append(m.To, targetView{State: t.State, If: source(t.If)})
	}
	if m.If = source(a.If); !a.Why.IsZero() {
		m.Why = &a.Why
	}
	if a.Input != nil {
		m.Form = a.Input.ID
	}
	return m
}

// source is an expression as it was written, or "".
func source(e engine.Expr) string {
	if e == nil {
		return ""
	}
	return e.Source()
}
