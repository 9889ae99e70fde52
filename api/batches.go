package api

import (
	"context"
	"encoding/json"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"lienthong/engine"
)

type batchBody struct {
	Action  string      `json:"action" minLength:"1" maxLength:"60"`
	Input   Object      `json:"input,omitempty" doc:"For every item that has none of its own"`
	Comment string      `json:"comment,omitempty" maxLength:"2000"`
	Items   []batchItem `json:"items" minItems:"1" maxItems:"1000"`
}

type batchItem struct {
	Case    string `json:"case" minLength:"1" maxLength:"100"`
	Step    string `json:"step" minLength:"1" maxLength:"60"`
	IfMatch string `json:"if_match,omitempty" maxLength:"50" doc:"The dossier's ETag"`
	Input   Object `json:"input,omitempty"`
}

type batchResult struct {
	Case    string          `json:"case"`
	Step    string          `json:"step"`
	Done    bool            `json:"done"`
	Dossier *dossierReceipt `json:"dossier,omitempty"`
	Problem *Problem        `json:"problem,omitempty"`
}

type batchAnswer struct {
	Body struct {
		Done    int           `json:"done"`
		Results []batchResult `json:"results" doc:"In the order of the items"`
	}
}

func (s *Server) routeBatches() {
	route(s, op{method: http.MethodPost, path: base + "/batches", id: "run-batch", tag: "actions", summary: "One action on many dossiers, a result for each", status: 200, who: desk},
		s.runBatch, func(o *huma.Operation) {
			o.Description = "Every item is decided by itself: one refusal touches no other item."
		})
}

func (s *Server) runBatch(ctx context.Context, in *struct {
	Keyed
	Body batchBody
}) (*batchAnswer, error) {
	if len(in.Body.Items) > s.cfg.Limits.Batch {
		return nil, invalid("/items", "length", "Quá nhiều hồ sơ trong một lần.", "Too many dossiers in one batch.")
	}
	out := &batchAnswer{}
	for i := range in.Body.Items {
		r := s.runItem(ctx, in.Key, &in.Body, &in.Body.Items[i])
		if r.Done {
			out.Body.Done++
		}
		out.Body.Results = append(out.Body.Results, r)
	}
	return out, nil
}

func (s *Server) runItem(ctx context.Context, key string, b *batchBody, it *batchItem) batchResult {
	r := batchResult{Case: it.Case, Step: it.Step}
	d, err := s.doItem(ctx, key, b, it)
	if err != nil {
		r.Problem = problemOf(err, langOf(ctx))
		return r
	}
	r.Done, r.Dossier = true, d
	return r
}

func (s *Server) doItem(ctx context.Context, key string, b *batchBody, it *batchItem) (*dossierReceipt, error) {
	v := Versioned{IfMatch: it.IfMatch}
	rev, err := v.rev()
	if err != nil {
		return nil, err
	}
	a := act{code: it.Case, step: it.Step, action: b.Action, input: b.Input, comment: b.Comment}
	if it.Input != nil {
		a.input = it.Input
	}
	if key != "" {
		one, err := json.Marshal(struct {
			Action, Comment, Case, Step, IfMatch string
			Input                                map[string]any
		}{b.Action, b.Comment, it.Case, it.Step, it.IfMatch, a.input})
		if err != nil {
			return nil, &engine.Error{Code: engine.Internal, Err: err}
		}
		a.key = key + "/" + it.Case + "/" + it.Step
		a.digest = digest(http.MethodPost, base+"/batches", one)
	}
	res, err := s.do(ctx, a, rev)
	if err != nil {
		return nil, err
	}
	for _, d := range receiptOf(res.Case).Dossiers {
		if d.Step == it.Step {
			return &d, nil
		}
	}
	return nil, &engine.Error{Code: engine.Internal, Case: it.Case}
}
