package api

import (
	"context"
	"encoding/json"
	"net/http"

	"lienthong/engine"
)

type entryView struct {
	Seq      int64           `json:"seq"`
	At       Time            `json:"at"`
	Action   string          `json:"action"`
	Step     string          `json:"step,omitempty"`
	Actor    actorView       `json:"actor"`
	Comment  string          `json:"comment,omitempty"`
	Input    Object          `json:"input,omitempty"`
	Facts    Object          `json:"facts,omitempty" doc:"What was learnt outside: a prefill snapshot or a registry's reply"`
	Versions engine.Versions `json:"versions"`
	Events   []eventView     `json:"events"`
}

type eventView struct {
	Kind string `json:"kind"`
	Step string `json:"step,omitempty"`
	Data Object `json:"data"`
}

type historyAnswer struct {
	Link string `header:"Link"`
	Body struct {
		Entries []entryView `json:"entries"`
		Next    string      `json:"next,omitempty"`
		Case    *caseView   `json:"case,omitempty" doc:"With ?at=SEQ: the case as it was then"`
	}
}

func (s *Server) routeHistory() {
	route(s, op{method: http.MethodGet, path: base + "/cases/{code}/history", id: "case-history", tag: "cases", summary: "Every entry of a case; ?at=SEQ gives the case as it was", status: 200, who: caseFolk}, s.history)
}

func (s *Server) history(ctx context.Context, in *struct {
	CasePath
	At int64 `query:"at" minimum:"0" doc:"Sequence: the case as it was after that entry"`
	Page
}) (*historyAnswer, error) {
	c, err := s.read(ctx, in.Code, "history")
	if err != nil {
		return nil, err
	}
	out := &historyAnswer{}
	out.Body.Entries = []entryView{}
	if in.At > 0 {
		return out, s.asItWas(ctx, c, in.At, out)
	}
	from := int64(1)
	if in.After != "" {
		rev, err := parseSeq(in.After)
		if err != nil {
			return nil, err
		}
		from = rev + 1
	}
	entries, err := s.cfg.Store.History(ctx, c.Code, from, in.Limit)
	if err != nil {
		return nil, err
	}
	for i := range entries {
		v, err := s.entryView(&entries[i])
		if err != nil {
			return nil, err
		}
		out.Body.Entries = append(out.Body.Entries, *v)
	}
	if n := len(entries); n == in.Limit && entries[n-1].Seq < c.Seq {
		out.Body.Next = seqText(entries[n-1].Seq)
		out.Link = in.link(out.Body.Next)
	}
	return out, nil
}

// asItWas folds the history up to a sequence.
func (s *Server) asItWas(ctx context.Context, c *engine.Case, seq int64, out *historyAnswer) error {
	if seq > c.Seq {
		return notFound()
	}
	entries, err := s.cfg.Store.History(ctx, c.Code, 1, int(seq))
	if err != nil {
		return err
	}
	var was *engine.Case
	for i := range entries {
		if entries[i].Seq <= seq {
			was = engine.Fold(was, entries[i])
		}
	}
	if was == nil || was.Seq != seq {
		return &engine.Error{Code: engine.CorruptHistory, Case: c.Code}
	}
	v, err := s.entryView(&entries[len(entries)-1])
	if err != nil {
		return err
	}
	p := s.picture(ctx, was)
	p.past, p.now = true, was.Updated
	out.Body.Entries = append(out.Body.Entries, *v)
	out.Body.Case, err = p.whole()
	return err
}

// entryView shows an entry as kept, but for the seed from which public result ids
// are derived.
func (s *Server) entryView(e *engine.Entry) (*entryView, error) {
	v := &entryView{Seq: e.Seq, At: at(e.At), Action: e.Command.Action, Step: e.Command.Step, Actor: s.actorView(e.Command.Actor),
		Comment: e.Command.Comment, Input: e.Command.Input, Versions: e.Versions, Events: []eventView{}}
	facts, err := plainObject(e.Facts)
	if err != nil {
		return nil, err
	}
	if len(facts) > 0 {
		v.Facts = facts
	}
	for _, x := range e.Events {
		data, err := plainObject(x)
		if err != nil {
			return nil, err
		}
		delete(data, "step")
		delete(data, "seed")
		v.Events = append(v.Events, eventView{Kind: x.Kind(), Step: x.Of(), Data: data})
	}
	return v, nil
}

func plainObject(v any) (Object, error) {
	raw, err := json.Marshal(v)
	if err != nil {
		return nil, &engine.Error{Code: engine.Internal, Err: err}
	}
	var o map[string]any
	if err := engine.Unmarshal(raw, &o); err != nil {
		return nil, &engine.Error{Code: engine.Internal, Err: err}
	}
	inZone(o)
	return o, nil
}
