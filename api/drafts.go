package api

import (
	"context"
	"net/http"

	"lienthong/engine"
)

type draftView struct {
	ID      string `json:"id"`
	Service string `json:"service"`
	Updated Time   `json:"updated"`
	Data    Object `json:"data,omitempty"`
	ETag    string `json:"etag"`
}

type draftBody struct {
	Service string `json:"service" minLength:"1" maxLength:"60"`
	Data    Object `json:"data" doc:"What is to be filed so far, not validated: application, prefill and disputes as POST /cases takes them, and what a client needs to go on"`
}

type draftAnswer struct {
	ETag string `header:"ETag"`
	Body draftView
}

// DraftPath names a draft; its owner chooses the name.
type DraftPath struct {
	ID string `path:"id" pattern:"^[A-Za-z0-9_-]{1,64}$"`
}

func draftOf(d *engine.Draft, data bool) draftView {
	v := draftView{ID: d.ID, Service: d.Service, Updated: at(d.Updated), ETag: quoted(d.Rev)}
	if data {
		v.Data = d.Data
	}
	return v
}

func (s *Server) routeDrafts() {
	path := base + "/drafts"
	route(s, op{method: http.MethodGet, path: path, id: "list-drafts", tag: "drafts", summary: "Own applications being written", status: 200, who: filers}, s.listDrafts)
	route(s, op{method: http.MethodGet, path: path + "/{id}", id: "get-draft", tag: "drafts", summary: "One draft", status: 200, who: filers}, s.getDraft)
	route(s, op{method: http.MethodPut, path: path + "/{id}", id: "put-draft", tag: "drafts", summary: "Save a draft; without If-Match a new one", status: 200, who: filers, errors: []int{412, 428}}, s.putDraft)
	route(s, op{method: http.MethodDelete, path: path + "/{id}", id: "delete-draft", tag: "drafts", summary: "Throw a draft away", status: 204, who: filers}, s.deleteDraft)
}

func (s *Server) listDrafts(ctx context.Context, _ *struct{}) (*struct {
	Body struct {
		Drafts []draftView `json:"drafts"`
	}
}, error) {
	list, err := s.cfg.Store.Drafts(ctx, callerOf(ctx).actor.ID)
	if err != nil {
		return nil, err
	}
	out := &struct {
		Body struct {
			Drafts []draftView `json:"drafts"`
		}
	}{}
	out.Body.Drafts = []draftView{}
	for i := range list {
		out.Body.Drafts = append(out.Body.Drafts, draftOf(&list[i], false))
	}
	return out, nil
}

func (s *Server) getDraft(ctx context.Context, in *struct{ DraftPath }) (*draftAnswer, error) {
	d, err := s.cfg.Store.Draft(ctx, callerOf(ctx).actor.ID, in.ID)
	if err != nil {
		return nil, err
	}
	return &draftAnswer{ETag: quoted(d.Rev), Body: draftOf(d, true)}, nil
}

func (s *Server) putDraft(ctx context.Context, in *struct {
	DraftPath
	Versioned
	Body draftBody
}) (*draftAnswer, error) {
	owner := callerOf(ctx).actor.ID
	rev, err := in.rev()
	if err != nil {
		return nil, err
	}
	stood, err := s.cfg.Store.Draft(ctx, owner, in.ID)
	if err != nil && engine.CodeOf(err) != engine.NotFound {
		return nil, err
	}
	var want int64
	switch {
	case rev != nil:
		want = *rev
	case stood != nil:
		return nil, &engine.Error{Code: engine.VersionRequired}
	}
	if stood == nil && rev != nil {
		return nil, notFound()
	}
	d := engine.Draft{ID: in.ID, Owner: owner, Service: in.Body.Service, Updated: s.cfg.Runtime.Now(), Data: in.Body.Data}
	if err := s.cfg.Store.PutDraft(ctx, d, want); err != nil {
		if stood != nil && engine.CodeOf(err) == engine.StaleVersion {
			return nil, &refusal{err: err, now: &CurrentState{ETag: quoted(stood.Rev), Rev: stood.Rev}}
		}
		if engine.CodeOf(err) == engine.Duplicate { // somebody made it since it was looked for
			return nil, &engine.Error{Code: engine.VersionRequired}
		}
		return nil, err
	}
	saved, err := s.cfg.Store.Draft(ctx, owner, in.ID)
	if err != nil {
		return nil, err
	}
	return &draftAnswer{ETag: quoted(saved.Rev), Body: draftOf(saved, true)}, nil
}

func (s *Server) deleteDraft(ctx context.Context, in *struct{ DraftPath }) (*struct{}, error) {
	return nil, s.cfg.Store.DeleteDraft(ctx, callerOf(ctx).actor.ID, in.ID)
}
