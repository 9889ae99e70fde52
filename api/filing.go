package api

import (
	"context"
	"net/http"
	"slices"

	"lienthong/engine"
	"lienthong/engine/runtime"
)

type behalfBody struct {
	ID    string `json:"id" pattern:"^[0-9]{12}$"`
	Name  string `json:"name" minLength:"1" maxLength:"100"`
	Phone string `json:"phone,omitempty" maxLength:"20"`
	Email string `json:"email,omitempty" maxLength:"100"`
}

type filingBody struct {
	Service     string            `json:"service" minLength:"1" maxLength:"60"`
	Application Object            `json:"application" doc:"The combined form, see GET /services/{id}"`
	Prefill     string            `json:"prefill,omitempty" maxLength:"100" doc:"id of the snapshot from GET /services/{id}/prefill"`
	Disputes    map[string]string `json:"disputes,omitempty" doc:"JSON Pointer into the application to why the register is wrong"`
	Channel     int               `json:"channel,omitempty" minimum:"1" maximum:"3" doc:"1 counter, 2 online, 3 post; staff file by 1 or 3"`
	OnBehalfOf  *behalfBody       `json:"on_behalf_of,omitempty" doc:"Counter filing: the citizen"`
}

// receipt says what stands after a write, without personal data.
type receipt struct {
	Code     string           `json:"code"`
	Seq      int64            `json:"seq"`
	ETag     string           `json:"etag" doc:"Of the case"`
	Status   string           `json:"status"`
	Outcome  string           `json:"outcome,omitempty"`
	Portal   portalView       `json:"portal"`
	Due      Time             `json:"due,omitzero"`
	Repeated bool             `json:"repeated,omitempty" doc:"The key was answered before; nothing was done again"`
	Dossiers []dossierReceipt `json:"dossiers"`
}

type dossierReceipt struct {
	Step     string `json:"step"`
	Code     string `json:"code,omitempty"`
	Status   string `json:"status"`
	State    string `json:"state,omitempty"`
	Portal   int    `json:"portal,omitempty"`
	Final    string `json:"final,omitempty"`
	Office   string `json:"office,omitempty"`
	Assignee string `json:"assignee,omitempty"`
	Due      Time   `json:"due,omitzero"`
	Rev      int64  `json:"rev"`
	ETag     string `json:"etag"`
}

func receiptOf(c *engine.Case) receipt {
	r := receipt{Code: c.Code, Seq: c.Seq, ETag: quoted(c.Rev), Status: string(c.Status), Outcome: string(c.Outcome),
		Portal: portal(c.Portal()), Due: at(c.Clock.Due), Dossiers: []dossierReceipt{}}
	for _, d := range c.Dossiers {
		r.Dossiers = append(r.Dossiers, dossierReceipt{Step: d.Step, Code: d.Code, Status: string(d.Status), State: d.State, Portal: d.Portal,
			Final: string(d.Final), Office: d.Office, Assignee: d.Assignee, Due: at(d.Due()), Rev: d.Rev, ETag: quoted(d.Rev)})
	}
	return r
}

// receiptFor is the receipt of an act. Who was only asked sees of the case what they
// answered about, and nothing of how it goes on.
func receiptFor(who *caller, c *engine.Case, step string) receipt {
	r := receiptOf(c)
	if !who.citizen() || citizenSight(who.actor.ID, c) == full {
		return r
	}
	r.Outcome, r.Due = "", Time{}
	r.Dossiers = slices.DeleteFunc(r.Dossiers, func(d dossierReceipt) bool { return d.Step != step })
	for i, d := range r.Dossiers {
		r.Dossiers[i] = dossierReceipt{Step: d.Step, Code: d.Code, Status: d.Status, Rev: d.Rev, ETag: d.ETag}
	}
	return r
}

type filingAnswer struct {
	Location string `header:"Location"`
	ETag     string `header:"ETag"`
	Body     struct {
		Cases []receipt `json:"cases" doc:"One, or one for each child of the form"`
	}
}

func (s *Server) routeFiling() {
	route(s, op{method: http.MethodPost, path: base + "/cases", id: "file-case", tag: "cases", summary: "File one combined application", status: 201, who: filers, errors: []int{404, 409}}, s.fileCase)
	route(s, op{method: http.MethodPost, path: base + "/services/{id}/check", id: "check-application", tag: "services", summary: "Check an application without filing it", status: 200, who: filers}, s.checkApplication)
}

func (s *Server) fileCase(ctx context.Context, in *struct {
	Keyed
	Body filingBody
}) (*filingAnswer, error) {
	f, err := s.filing(ctx, &in.Body)
	if err != nil {
		return nil, err
	}
	f.Key, f.Digest = in.Key, digestOf(ctx)
	cases, err := s.cfg.Runtime.File(ctx, f)
	if err != nil {
		return nil, s.hideOther(ctx, err)
	}
	out := &filingAnswer{Location: base + "/cases/" + cases[0].Code, ETag: quoted(cases[0].Rev)}
	for _, c := range cases {
		out.Body.Cases = append(out.Body.Cases, receiptOf(c))
	}
	return out, nil
}

// filing is the request as the runtime takes it: a citizen files for themselves,
// the counter for the citizen before it.
func (s *Server) filing(ctx context.Context, b *filingBody) (runtime.Filing, error) {
	who := callerOf(ctx)
	if err := s.mayName(ctx, nil, b.Application); err != nil {
		return runtime.Filing{}, err
	}
	if b.Prefill == "" && len(b.Disputes) > 0 {
		return runtime.Filing{}, invalid("/disputes", "not_allowed", "Không có dữ liệu điền sẵn để phản đối.", "There is no prefill snapshot to dispute.")
	}
	f := runtime.Filing{Service: b.Service, Application: b.Application, Actor: who.actor, Channel: b.Channel, Prefill: b.Prefill, Disputes: b.Disputes}
	if who.citizen() {
		if b.OnBehalfOf != nil {
			return f, invalid("/on_behalf_of", "not_allowed", "Chỉ bộ phận một cửa nộp thay công dân.", "Only the counter files for somebody else.")
		}
		if b.Channel != 0 && b.Channel != 2 {
			return f, invalid("/channel", "enum", "Công dân nộp trực tuyến (2).", "A citizen files online (2).")
		}
		f.Channel = 2
		f.Requester = engine.Person{ID: who.account.Person, Name: who.account.Name, Phone: who.account.Phone, Email: who.account.Email}
		return f, nil
	}
	if b.OnBehalfOf == nil {
		return f, invalid("/on_behalf_of", "required", "Cho biết công dân mà bạn nộp thay.", "Name the citizen for whom you file.")
	}
	if b.Channel == 2 {
		return f, invalid("/channel", "enum", "Bộ phận một cửa nhận trực tiếp (1) hoặc qua bưu chính (3).", "The counter takes applications in person (1) or by post (3).")
	}
	if f.Channel == 0 {
		f.Channel = 1
	}
	f.Requester = engine.Person(*b.OnBehalfOf)
	f.Actor.For = &f.Requester
	return f, nil
}

func invalid(pointer, code, v, e string) error {
	return &engine.Error{Code: engine.Invalid, Problems: []engine.Problem{{Pointer: pointer, Code: code, Detail: Text{VI: v, EN: e}}}}
}

// hideOther keeps the code of the case that holds a duplicate key from those who
// may not see that case.
func (s *Server) hideOther(ctx context.Context, err error) error {
	e, ok := asError(err)
	if !ok || e.Code != engine.Duplicate || e.Other == "" {
		return err
	}
	shown := *e
	if _, _, err := s.open(ctx, e.Other); err != nil {
		shown.Other = ""
	}
	if shown.Detail.IsZero() {
		shown.Detail = Text{VI: "Đã có hồ sơ khác được nộp cho cùng việc này.", EN: "Another application was filed for the same matter."}
	}
	return &shown
}
