package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"lienthong/engine"
)

type deliveryView struct {
	Key       string `json:"key" doc:"case/seq/n; in addresses its slashes are %2F"`
	Case      string `json:"case"`
	Step      string `json:"step,omitempty"`
	Registry  string `json:"registry"`
	Operation string `json:"operation"`
	Title     *Text  `json:"title,omitempty"`
	Status    string `json:"status" enum:"pending,accepted,done,incident,skipped"`
	Since     Time   `json:"since"`
	Tries     int    `json:"tries"`
	Next      Time   `json:"next,omitzero" doc:"Wall clock"`
	SentAt    Time   `json:"sent_at,omitzero" doc:"Wall clock"`
	Expected  Time   `json:"expected,omitzero"`
	Overdue   bool   `json:"overdue,omitempty"`
	LastError string `json:"last_error,omitempty"`
	Note      string `json:"note,omitempty"`
}

// DeliveryPath names a delivery, or for callbacks the registry that answers.
type DeliveryPath struct {
	ID string `path:"id" maxLength:"200" doc:"Key of the delivery"`
}

type recordBody struct {
	Outcome string `json:"outcome" enum:"done,refused"`
	Code    string `json:"code,omitempty" maxLength:"60" doc:"Of a refusal"`
	Data    Object `json:"data,omitempty" doc:"As the operation's reply schema says"`
	Note    string `json:"note" minLength:"1" maxLength:"2000" doc:"Where the answer comes from"`
}

type skipBody struct {
	Note string `json:"note" minLength:"1" maxLength:"2000"`
}

func (s *Server) routeExchange() {
	path := base + "/exchange"
	operator := only(roleOperator)
	route(s, op{method: http.MethodGet, path: path, id: "exchange", tag: "exchange", summary: "What waits for which registry, since when, and why", status: 200, who: operator}, s.exchange)
	route(s, op{method: http.MethodPost, path: path + "/{id}/retry", id: "retry-delivery", tag: "exchange", summary: "Send again", status: 200, who: operator, errors: []int{409}}, s.retry)
	route(s, op{method: http.MethodPost, path: path + "/{id}/record", id: "record-delivery", tag: "exchange", summary: "Record an answer received on paper", status: 200, who: operator, errors: []int{409}}, s.record)
	route(s, op{method: http.MethodPost, path: path + "/{id}/skip", id: "skip-delivery", tag: "exchange", summary: "Give a notification up", status: 200, who: operator, errors: []int{409}}, s.skip)
	route(s, op{method: http.MethodPost, path: path + "/{id}/replies", id: "registry-reply", tag: "exchange", summary: "A registry's late answer, signed by Standard Webhooks; {id} is the registry", status: 200, who: anyone, errors: []int{401}}, s.reply,
		func(o *huma.Operation) {
			o.RequestBody = &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{"application/json": {Schema: &huma.Schema{Type: "object", AdditionalProperties: true}}}}
			o.SkipValidateBody = true
		})
}

func (s *Server) exchange(ctx context.Context, in *struct {
	Registry string `query:"registry" maxLength:"60"`
	Status   string `query:"status" enum:"pending,accepted,incident"`
	Page
}) (*struct {
	Link string `header:"Link"`
	Body struct {
		Deliveries []deliveryView `json:"deliveries"`
		Next       string         `json:"next,omitempty"`
	}
}, error) {
	list, err := s.cfg.Store.Deliveries(ctx, in.Registry, in.Status, in.After, in.Limit)
	if err != nil {
		return nil, err
	}
	out := &struct {
		Link string `header:"Link"`
		Body struct {
			Deliveries []deliveryView `json:"deliveries"`
			Next       string         `json:"next,omitempty"`
		}
	}{}
	out.Body.Deliveries = []deliveryView{}
	for i := range list {
		out.Body.Deliveries = append(out.Body.Deliveries, s.deliveryView(&list[i]))
	}
	if n := len(list); n > 0 && n == in.Limit {
		out.Body.Next = list[n-1].Key
		out.Link = in.link(out.Body.Next)
	}
	return out, nil
}

// deliveryView leaves the input out: the operator needs no personal data.
func (s *Server) deliveryView(d *engine.Delivery) deliveryView {
	v := deliveryView{Key: d.Key, Case: d.Case, Step: d.Step, Registry: d.Registry, Operation: d.Operation, Status: d.Status, Since: at(d.At),
		Tries: d.Tries, Next: at(d.Next), SentAt: at(d.SentAt), Expected: at(d.Expected), Overdue: overdue(d.Expected, s.cfg.Runtime.Now()),
		LastError: d.LastError, Note: d.Note}
	if o, ok := s.cfg.Definitions.Operation(d.Registry, d.Operation); ok {
		v.Title = &o.Title
	}
	return v
}

type deliveryAnswer struct{ Body deliveryView }

// operate does an operator's act and shows what it made of the delivery.
func (s *Server) operate(ctx context.Context, key, delivery string, act func(engine.Actor) error) (*deliveryAnswer, error) {
	return once(ctx, s, key, func() (*deliveryAnswer, error) {
		if err := act(callerOf(ctx).actor); err != nil {
			return nil, err
		}
		d, err := s.cfg.Store.Delivery(ctx, delivery)
		if err != nil {
			return nil, err
		}
		return &deliveryAnswer{Body: s.deliveryView(d)}, nil
	})
}

func (s *Server) retry(ctx context.Context, in *struct {
	DeliveryPath
	Keyed
}) (*deliveryAnswer, error) {
	return s.operate(ctx, in.Key, in.ID, func(who engine.Actor) error { return s.cfg.Runtime.Retry(ctx, who, in.ID) })
}

func (s *Server) record(ctx context.Context, in *struct {
	DeliveryPath
	Keyed
	Body recordBody
}) (*deliveryAnswer, error) {
	b := in.Body
	reply := engine.Reply{Request: in.ID, Outcome: b.Outcome, Code: b.Code, Data: b.Data}
	return s.operate(ctx, in.Key, in.ID, func(who engine.Actor) error { return s.cfg.Runtime.Record(ctx, who, in.ID, reply, b.Note) })
}

func (s *Server) skip(ctx context.Context, in *struct {
	DeliveryPath
	Keyed
	Body skipBody
}) (*deliveryAnswer, error) {
	return s.operate(ctx, in.Key, in.ID, func(who engine.Actor) error { return s.cfg.Runtime.Skip(ctx, who, in.ID, in.Body.Note) })
}

// replyInput is a callback as it came: the signature covers its exact bytes.
type replyInput struct {
	DeliveryPath
	body   []byte
	header http.Header
}

// Resolve takes the bytes and the headers.
func (in *replyInput) Resolve(hc huma.Context) []error {
	in.body, in.header = rawOf(hc)
	return nil
}

// reply answers 200 to a repetition too: the registry is told that its answer is
// known, and stops sending it.
func (s *Server) reply(ctx context.Context, in *replyInput) (*struct {
	Body struct {
		Accepted bool `json:"accepted"`
	}
}, error) {
	r, err := s.cfg.Callback(in.ID, in.header, in.body)
	if err != nil {
		return nil, err
	}
	if err := s.cfg.Runtime.Reply(ctx, in.ID, r); err != nil {
		return nil, err
	}
	out := &struct {
		Body struct {
			Accepted bool `json:"accepted"`
		}
	}{}
	out.Body.Accepted = true
	return out, nil
}
