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

// effectView is one thing that an entry owes outside, with what became of it since.
type effectView struct {
	Key       string `json:"key"`
	Step      string `json:"step,omitempty"`
	Registry  string `json:"registry"`
	Operation string `json:"operation"`
	Title     *Text  `json:"title,omitempty"`
	Input     Object `json:"input,omitempty"`
	Status    string `json:"status,omitempty" enum:"pending,accepted,done,incident,skipped" doc:"Now; absent when it is no longer kept"`
	Tries     int    `json:"tries,omitempty"`
	LastError string `json:"last_error,omitempty"`
	Outcome   string `json:"outcome,omitempty" doc:"Of the answer: done or refused"`
	Code      string `json:"code,omitempty" doc:"Of a refusal"`
}

type historyAnswer struct {
	Link string `header:"Link"`
	Body struct {
		Entries []entryView `json:"entries"`
		Next    string      `json:"next,omitempty"`
		Case    *caseView   `json:"case,omitempty" doc:"With ?at=SEQ: the case as it was then"`
		Clocks  []clockView `json:"clocks,omitempty" doc:"With ?at=SEQ: the clocks as they were then"`
		// What the entry made the engine owe.
		Effects []effectView `json:"effects,omitempty" doc:"With ?at=SEQ: what that entry asked of registers, and whom it told"`
		Last    int64        `json:"last,omitempty" doc:"With ?at=SEQ: the newest sequence"`
	}
}

func (s *Server) routeHistory() {
	route(s, op{method: http.MethodGet, path: base + "/cases/{code}/history", id: "case-history", tag: "cases", summary: "Every entry of a case; ?at=SEQ gives the case as it was", status: 200, who: readers, errors: []int{400}}, s.history)
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
		v, err := s.entryView(ctx, &entries[i])
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

// was folds the history of a case up to a sequence; the entry is the last of it.
func (s *Server) was(ctx context.Context, c *engine.Case, seq int64) (*engine.Case, *engine.Entry, error) {
	if seq > c.Seq {
		return nil, nil, notFound()
	}
	entries, err := s.cfg.Store.History(ctx, c.Code, 1, int(seq))
	if err != nil {
		return nil, nil, err
	}
	var was *engine.Case
	for i := range entries {
		was = engine.Fold(was, entries[i])
	}
	if was == nil || was.Seq != seq {
		return nil, nil, &engine.Error{Code: engine.CorruptHistory, Case: c.Code}
	}
	return was, &entries[len(entries)-1], nil
}

// asItWas shows a case after one of its entries.
func (s *Server) asItWas(ctx context.Context, c *engine.Case, seq int64, out *historyAnswer) error {
	was, entry, err := s.was(ctx, c, seq)
	if err != nil {
		return err
	}
	v, err := s.entryView(ctx, entry)
	if err != nil {
		return err
	}
	p := s.picture(ctx, was)
	p.past, p.now = true, was.Updated
	out.Body.Entries = append(out.Body.Entries, *v)
	out.Body.Clocks, out.Body.Last = p.clocks(), c.Seq
	if out.Body.Effects, err = s.effectsOf(ctx, entry); err != nil {
		return err
	}
	out.Body.Case, err = p.whole()
	return err
}

// effectsOf are an entry's effects with what became of them.
func (s *Server) effectsOf(ctx context.Context, e *engine.Entry) ([]effectView, error) {
	var out []effectView
	for _, x := range e.Effects() {
		v := effectView{Key: x.Key, Step: x.Step, Registry: x.Registry, Operation: x.Operation, Input: x.Input}
		if o, ok := s.cfg.Definitions.Operation(x.Registry, x.Operation); ok {
			v.Title = &o.Title
		}
		d, err := s.cfg.Store.Delivery(ctx, x.Key)
		switch {
		case err == nil:
			v.Status, v.Tries, v.LastError = d.Status, d.Tries, d.LastError.Text().In(langOf(ctx))
			if d.Reply != nil {
				v.Outcome, v.Code = d.Reply.Outcome, d.Reply.Code
			}
		case engine.CodeOf(err) == engine.CorruptHistory: // the entry can be looked at, though this cannot
			v.Status, v.LastError = engine.DeliveryIncident, engine.Trouble{Code: engine.TroubleDamaged}.Text().In(langOf(ctx))
		case engine.CodeOf(err) != engine.NotFound: // answered long ago: not kept
			return nil, err
		}
		out = append(out, v)
	}
	return out, nil
}

// entryView shows an entry as kept, but for the seed from which public result ids
// are derived.
func (s *Server) entryView(ctx context.Context, e *engine.Entry) (*entryView, error) {
	v := &entryView{Seq: e.Seq, At: at(e.At), Action: e.Command.Action, Step: e.Command.Step, Actor: s.actorView(ctx, e.Command.Actor),
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
