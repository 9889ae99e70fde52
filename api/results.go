package api

import (
	"context"
	"net/http"
	"slices"

	"lienthong/engine"
)

// publicResult tells whether a result is genuine. It holds no personal data.
type publicResult struct {
	ID         string     `json:"id"`
	Status     string     `json:"status" enum:"genuine,replaced,revoked"`
	Words      string     `json:"words"`
	Document   string     `json:"document"`
	Title      *Text      `json:"title,omitempty"`
	Code       string     `json:"code" doc:"National result code"`
	Version    int        `json:"version"`
	ReplacedBy int        `json:"replaced_by,omitempty" doc:"The version that stands"`
	Issued     Time       `json:"issued"`
	Office     *officeRef `json:"office,omitempty"`
}

var resultWords = map[string]Text{
	"genuine":  {VI: "Kết quả này là thật và đang có hiệu lực.", EN: "This result is genuine and stands."},
	"replaced": {VI: "Kết quả này là thật nhưng đã được thay bằng bản mới hơn.", EN: "This result is genuine but a newer version replaced it."},
	"revoked":  {VI: "Kết quả này đã bị thu hồi hoặc hủy bỏ.", EN: "This result was revoked."},
}

func (s *Server) routeResults() {
	route(s, op{method: http.MethodGet, path: base + "/results/{id}", id: "check-result", tag: "results", summary: "Whether a result is genuine, replaced or revoked", status: 200, who: anyone}, s.result)
}

func (s *Server) result(ctx context.Context, in *struct {
	ID string `path:"id" maxLength:"200"`
	Address
}) (*struct{ Body publicResult }, error) {
	if err := s.public.allow(in.Remote); err != nil {
		return nil, err
	}
	code, step, err := s.cfg.Store.Result(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	c, err := s.cfg.Store.Load(ctx, code)
	if engine.CodeOf(err) == engine.Archived {
		return s.archivedResult(ctx, code, in.ID)
	}
	if err != nil {
		return nil, err
	}
	d := c.Dossier(step)
	if d == nil || d.Result == nil {
		return nil, notFound()
	}
	shown, status := d.Result, "genuine"
	switch {
	case d.Result.ID != in.ID:
		if shown, err = s.issued(ctx, code, in.ID); err != nil {
			return nil, err
		}
		status = "replaced"
		if d.Result.Revoked {
			status = "revoked"
		}
	case d.Result.Revoked:
		status = "revoked"
	}
	v := publicResult{ID: in.ID, Status: status, Words: resultWords[status].In(langOf(ctx)), Document: shown.Document, Code: shown.Code,
		Version: shown.Version, Issued: at(shown.Issued), Office: s.officeRef(d.Home)}
	if status == "replaced" {
		v.ReplacedBy = d.Result.Version
	}
	v.Title = s.documentTitle(c.Service, c.Version, step, shown.Document)
	return &struct{ Body publicResult }{v}, nil
}

// archivedResult tells of a result whose case is in an archive.
func (s *Server) archivedResult(ctx context.Context, code, id string) (*struct{ Body publicResult }, error) {
	stub, err := s.cfg.Store.Stub(ctx, code)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(stub.Results, func(r engine.IssuedBrief) bool { return r.ID == id })
	if i < 0 {
		return nil, notFound()
	}
	r, status := stub.Results[i], "genuine"
	switch {
	case r.Revoked:
		status = "revoked"
	case r.Version != r.Stands:
		status = "replaced"
	}
	v := publicResult{ID: id, Status: status, Words: resultWords[status].In(langOf(ctx)), Document: r.Document, Code: r.Code, Version: r.Version,
		Issued: at(r.Issued), Office: s.officeRef(r.Office), Title: s.documentTitle(stub.Service, stub.Version, r.Step, r.Document)}
	if status == "replaced" {
		v.ReplacedBy = r.Stands
	}
	return &struct{ Body publicResult }{v}, nil
}

// issued finds an earlier version of a result in history.
func (s *Server) issued(ctx context.Context, code, id string) (*engine.Result, error) {
	entries, err := s.cfg.Store.History(ctx, code, 1, 0)
	if err != nil {
		return nil, err
	}
	for i := range entries {
		for _, v := range entries[i].Events {
			if r, ok := v.(engine.ResultIssued); ok && r.Result.ID == id {
				return &r.Result, nil
			}
		}
	}
	return nil, notFound()
}

func (s *Server) documentTitle(service, version, step, document string) *Text {
	svc, err := s.cfg.Definitions.Service(service, version)
	if err != nil || svc.Step(step) == nil {
		return nil
	}
	for _, st := range svc.Step(step).Procedure.States {
		if st.Result != nil && st.Result.Document == document && !st.Result.Title.IsZero() {
			return &st.Result.Title
		}
	}
	return nil
}
