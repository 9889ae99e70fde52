package api

import (
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"lienthong/engine"
	"lienthong/engine/runtime"
)

// DeliveryView is a delivery as a list shows it.
type DeliveryView struct {
	Key       string `json:"key" doc:"case/seq/n; in addresses its slashes are %2F"`
	Case      string `json:"case"`
	Step      string `json:"step,omitempty"`
	Registry  string `json:"registry"`
	Operation string `json:"operation"`
	Title     *Text  `json:"title,omitempty"`
	Status    string `json:"status" enum:"pending,accepted,done,incident,skipped"`
	Since     Time   `json:"since"`
	Tries     int    `json:"tries" doc:"Exchanges that failed since it was sent anew"`
	Failed    int    `json:"failed,omitempty" doc:"Exchanges that failed over its whole life; in the list only"`
	Next      Time   `json:"next,omitzero" doc:"When it is tried or asked after again; wall clock"`
	SentAt    Time   `json:"sent_at,omitzero" doc:"When the registry took it; wall clock"`
	Expected  Time   `json:"expected,omitzero" doc:"When an answer is expected by"`
	Overdue   bool   `json:"overdue,omitempty" doc:"That time has passed"`
	LastError string `json:"last_error,omitempty" doc:"Why it is not answered yet, or waits for a person, in the language asked for"`
	ErrorCode string `json:"error_code,omitempty" doc:"The same as a stable code: answer (what the registry said), breaker, forgotten, overdue, refused, not_taken, contradiction, undeliverable, unread, damaged, imported"`
	Note      string `json:"note,omitempty"`
	// In the list only.
	Leased  Time `json:"leased_until,omitzero" doc:"Being worked on now, at most until then; wall clock"`
	Damaged bool `json:"damaged,omitempty" doc:"It, or its entry in history, cannot be read or written where it is stored; it is left alone for a while, and then looked at again"`
	Breaker Time `json:"breaker_until,omitzero" doc:"Nothing is sent to the registry until then: it has not answered for a while; wall clock"`
}

// deliveryDetail is a delivery with what an operator needs to act on it.
type deliveryDetail struct {
	DeliveryView
	May      []string        `json:"may" doc:"What the caller may do with it: retry, record, skip"`
	Reply    Ordered         `json:"reply,omitempty" doc:"JSON Schema of the data of an answer that is recorded"`
	Refusals map[string]Text `json:"refusals,omitempty" doc:"The codes with which the registry refuses"`
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

type retryBody struct {
	Note string `json:"note,omitempty" maxLength:"2000" doc:"Why now; kept in history"`
}

type skipBody struct {
	Note string `json:"note" minLength:"1" maxLength:"2000"`
}

func (s *Server) routeExchange() {
	path := base + "/exchange"
	watchers := only(roleOperator, roleSupervisor)
	route(s, op{method: http.MethodGet, path: path, id: "exchange", tag: "exchange", summary: "What waits for which registry, since when, and why; a supervisor sees what their offices' dossiers wait for", status: 200, who: watchers}, s.exchange)
	route(s, op{method: http.MethodGet, path: path + "/summary", id: "exchange-summary", tag: "exchange", summary: "How the exchange with every registry goes, now and day by day", status: 200, who: watchers}, s.exchangeSummary)
	route(s, op{method: http.MethodGet, path: path + "/{id}", id: "get-delivery", tag: "exchange", summary: "One delivery, finished ones too, and what may be done with it", status: 200, who: watchers}, s.getDelivery)
	route(s, op{method: http.MethodPost, path: path + "/{id}/retry", id: "retry-delivery", tag: "exchange", summary: "Send again: an operator, or a supervisor of the office that has the dossier; the same for record and skip", status: 200, who: watchers, errors: []int{409}}, s.retry)
	route(s, op{method: http.MethodPost, path: path + "/{id}/record", id: "record-delivery", tag: "exchange", summary: "Record an answer received on paper", status: 200, who: watchers, errors: []int{409}}, s.record)
	route(s, op{method: http.MethodPost, path: path + "/{id}/skip", id: "skip-delivery", tag: "exchange", summary: "Give a notification up", status: 200, who: watchers, errors: []int{409}}, s.skip)
	route(s, op{method: http.MethodPost, path: path + "/{id}/replies", id: opReply, tag: "exchange", summary: "A registry's late answer, signed by Standard Webhooks; {id} is the registry", status: 200, who: anyone, errors: []int{401}}, s.reply,
		func(o *huma.Operation) {
			o.RequestBody = &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{"application/json": {Schema: &huma.Schema{Type: "object", AdditionalProperties: true}}}}
			o.SkipValidateBody = true
		})
}

type exchangeAnswer struct {
	Link string `header:"Link"`
	Body struct {
		Now        Time           `json:"now" doc:"Business clock"`
		Wall       Time           `json:"wall" doc:"Wall clock"`
		Deliveries []DeliveryView `json:"deliveries"`
		Next       string         `json:"next,omitempty"`
	}
}

func (s *Server) exchange(ctx context.Context, in *struct {
	Registry string `query:"registry" maxLength:"60"`
	Status   string `query:"status" enum:"pending,accepted,incident"`
	Case     string `query:"case" maxLength:"100" doc:"Any code of a case"`
	Overdue  bool   `query:"overdue" doc:"Only those whose answer was expected before now"`
	Text     string `query:"text" maxLength:"100" doc:"Part of the key, the operation or the last error"`
	Page
}) (*exchangeAnswer, error) {
	now, wall := s.cfg.Runtime.Now(), s.cfg.Wall()
	out := &exchangeAnswer{}
	out.Body.Now, out.Body.Wall, out.Body.Deliveries = at(now), at(wall), []DeliveryView{}
	q := engine.OwedQuery{Registry: in.Registry, Status: in.Status, Case: in.Case, Text: in.Text, After: in.After, Limit: in.Limit}
	if who := callerOf(ctx); !who.actor.Has(roleOperator) {
		q.Offices = s.areas.offices(who)
	}
	if in.Overdue {
		q.Overdue = now
	}
	if in.Case != "" {
		switch code, err := s.cfg.Store.CaseOf(ctx, in.Case); {
		case err == nil:
			q.Case = code
		case engine.CodeOf(err) != engine.NotFound:
			return nil, err
		}
	}
	list, next, err := s.cfg.Store.Owed(ctx, q)
	if err != nil {
		return nil, err
	}
	open := s.breakers(wall)
	for i := range list {
		d := &list[i]
		v := s.deliveryView(ctx, &d.Delivery)
		v.Failed, v.Breaker, v.Damaged = d.Failed, at(open[d.Registry]), d.Damaged != ""
		if d.Lease.After(wall) {
			v.Leased = at(d.Lease)
		}
		out.Body.Deliveries = append(out.Body.Deliveries, v)
	}
	out.Body.Next, out.Link = next, in.link(next)
	return out, nil
}

// breakers tells until when nothing is sent to which registry.
func (s *Server) breakers(wall time.Time) map[string]time.Time {
	open := map[string]time.Time{}
	for _, l := range s.cfg.Runtime.Lines() {
		if l.Until.After(wall) {
			open[l.Registry] = l.Until
		}
	}
	return open
}

// deliveryView leaves the input out: the operator needs no personal data.
func (s *Server) deliveryView(ctx context.Context, d *engine.Delivery) DeliveryView {
	v := DeliveryView{Key: d.Key, Case: d.Case, Step: d.Step, Registry: d.Registry, Operation: d.Operation, Status: d.Status, Since: at(d.At),
		Tries: d.Tries, Next: at(d.Next), SentAt: at(d.SentAt), Expected: at(d.Expected), Overdue: overdue(d.Expected, s.cfg.Runtime.Now()),
		LastError: d.LastError.Text().In(langOf(ctx)), ErrorCode: d.LastError.Code, Note: d.Note}
	if o, ok := s.cfg.Definitions.Operation(d.Registry, d.Operation); ok {
		v.Title = &o.Title
	}
	return v
}

type deliveryAnswer struct{ Body DeliveryView }

func (s *Server) getDelivery(ctx context.Context, in *struct{ DeliveryPath }) (*struct{ Body deliveryDetail }, error) {
	d, err := s.cfg.Store.Delivery(ctx, in.ID)
	if err != nil {
		return nil, plainly(err)
	}
	who := callerOf(ctx)
	v := deliveryDetail{DeliveryView: s.deliveryView(ctx, d), May: []string{}}
	if !who.actor.Has(roleOperator) {
		x, err := s.watches(ctx, who, d)
		if err != nil {
			return nil, err
		}
		if !engine.MayOperate(who.actor, x) {
			return &struct{ Body deliveryDetail }{v}, nil
		}
	}
	if op, ok := s.cfg.Definitions.Operation(d.Registry, d.Operation); ok {
		v.Refusals = op.Refusals
		if op.Reply != nil {
			v.Reply = Ordered(op.Reply.JSON())
		}
	}
	if d.Status == engine.DeliveryDone || d.Status == engine.DeliverySkipped {
		return &struct{ Body deliveryDetail }{v}, nil
	}
	if d.Reply == nil {
		v.May = append(v.May, engine.OperateRetry)
	}
	v.May = append(v.May, engine.OperateRecord)
	if d.Registry == engine.NotificationRegistry {
		v.May = append(v.May, engine.OperateSkip)
	}
	return &struct{ Body deliveryDetail }{v}, nil
}

// watches finds the dossier that waits for a delivery, if a supervisor sees it: it is
// at one of their offices. What is owed for the whole case, and for no dossier, is seen
// where one of its dossiers is.
func (s *Server) watches(ctx context.Context, who *caller, d *engine.Delivery) (*engine.Dossier, error) {
	c, err := s.load(ctx, d.Case)
	if err != nil {
		return nil, plainly(err)
	}
	offices := s.areas.offices(who)
	at := func(x *engine.Dossier) bool { return x != nil && slices.Contains(offices, x.Office) }
	if x := c.Dossier(d.Step); at(x) {
		return x, nil
	}
	if d.Step == "" && slices.ContainsFunc(c.Dossiers, at) {
		return nil, nil
	}
	return nil, notFound()
}

// unwatched hides from a supervisor who may not act on a delivery that there is one,
// unless they see it.
func (s *Server) unwatched(ctx context.Context, delivery string, refused error) error {
	if engine.CodeOf(refused) != engine.Forbidden {
		return plainly(refused)
	}
	d, err := s.cfg.Store.Delivery(ctx, delivery)
	if err != nil {
		return plainly(err)
	}
	if _, err := s.watches(ctx, callerOf(ctx), d); err != nil {
		return err
	}
	return refused
}

// operate does a person's act and shows the delivery as it is then. A repetition
// under the same Idempotency-Key does nothing again, after a restart neither.
func (s *Server) operate(ctx context.Context, delivery string, by Keyed, note string, act func(context.Context, runtime.Act) error) (*deliveryAnswer, error) {
	a := runtime.Act{Actor: callerOf(ctx).actor, Delivery: delivery, Note: note, Key: by.Key, Digest: digestOf(ctx)}
	if err := act(ctx, a); err != nil {
		return nil, s.unwatched(ctx, delivery, err)
	}
	d, err := s.cfg.Store.Delivery(ctx, delivery)
	if err != nil {
		return nil, err
	}
	return &deliveryAnswer{Body: s.deliveryView(ctx, d)}, nil
}

func (s *Server) retry(ctx context.Context, in *struct {
	DeliveryPath
	Keyed
	Body *retryBody
}) (*deliveryAnswer, error) {
	note := ""
	if in.Body != nil {
		note = in.Body.Note
	}
	return s.operate(ctx, in.ID, in.Keyed, note, s.cfg.Runtime.Retry)
}

func (s *Server) record(ctx context.Context, in *struct {
	DeliveryPath
	Keyed
	Body recordBody
}) (*deliveryAnswer, error) {
	b := in.Body
	return s.operate(ctx, in.ID, in.Keyed, b.Note, func(ctx context.Context, a runtime.Act) error {
		return s.cfg.Runtime.Record(ctx, a, engine.Reply{Outcome: b.Outcome, Code: b.Code, Data: b.Data})
	})
}

func (s *Server) skip(ctx context.Context, in *struct {
	DeliveryPath
	Keyed
	Body skipBody
}) (*deliveryAnswer, error) {
	return s.operate(ctx, in.ID, in.Keyed, in.Body.Note, s.cfg.Runtime.Skip)
}

// reply answers 200 to a repetition too: the registry is told that its answer is
// known, and stops sending it.
func (s *Server) reply(ctx context.Context, in *DeliveryPath) (*struct {
	Body struct {
		Accepted bool `json:"accepted"`
	}
}, error) {
	err := s.take(ctx, in)
	s.cfg.Metrics.callback(s.knownRegistry(in.ID), err)
	if err != nil {
		// What it says may name a person; the code does not.
		s.cfg.Logger.Warn("callback refused", "registry", s.knownRegistry(in.ID), "code", engine.CodeOf(err))
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

// take hands a callback on whose signature was verified on the way in.
func (s *Server) take(ctx context.Context, in *DeliveryPath) error {
	t := trailOf(ctx)
	if t.unsigned != nil {
		return t.unsigned
	}
	return s.cfg.Runtime.Reply(ctx, in.ID, t.reply)
}

// knownRegistry is the registry that a caller named, or a word for all others:
// what anybody may send must not become a label or a line of its own.
func (s *Server) knownRegistry(id string) string {
	if _, ok := s.cfg.Registries[id]; ok {
		return id
	}
	return "other"
}
