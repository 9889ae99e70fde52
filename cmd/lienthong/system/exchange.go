package system

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"lienthong/agencies/wire"
	"lienthong/engine"
	"lienthong/engine/runtime"
	"lienthong/workflows"
)

// exchange lets the runtime speak to the registries through their wire client.
type exchange struct {
	client   *wire.Client
	callback func(registry string) string // where a later answer goes
	now      func() time.Time             // business clock
	messages *workflows.Messages
	person   func(ctx context.Context, id string) (engine.Person, error)
	owed     func(ctx context.Context, key string) (*engine.Delivery, error)
}

var (
	_ runtime.Exchange  = (*exchange)(nil)
	_ runtime.Canceller = (*exchange)(nil)
)

// RequestKey is the key under which a registry is asked: the delivery's, and a
// digest of what it asks. After a backup was put back the same place in a case's
// history may ask for something else than before: a registry must not take the two
// for one, nor the late answer to the one for the other's. What is asked again as it
// was has the same key.
func RequestKey(d engine.Delivery) (string, error) {
	b, err := json.Marshal([]any{d.Operation, d.Step, d.Input})
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(b)
	return d.Key + "." + hex.EncodeToString(sum[:6]), nil
}

// Send asks the registry to perform the delivery's operation under its key.
//
// A message is rendered when it is sent. Its key says what history says, so whatever
// else the registry has under it is the same message to where its receiver was, or in
// the words that the catalogue had, when it went out first: it stands, and what became
// of it is asked.
func (x *exchange) Send(ctx context.Context, d engine.Delivery) runtime.Answer {
	key, err := RequestKey(d)
	if err != nil {
		return answer(wire.Answer{}, err)
	}
	input := d.Input
	if d.Registry == engine.NotificationRegistry {
		if input, err = x.message(ctx, d); err != nil { // later, and not to half of the channels
			return runtime.Answer{Outcome: runtime.Transient, Code: "receiver_unknown", Detail: engine.Text{VI: "Chưa đọc được tài khoản người nhận", EN: err.Error()}}
		}
	}
	a, err := x.client.Send(ctx, wire.Request{Registry: d.Registry, Operation: d.Operation, Key: key, Case: d.Case, Step: d.Step,
		At: x.now(), Callback: x.callback(d.Registry), Input: input})
	if d.Registry == engine.NotificationRegistry && a.Code == wire.CodeKeyReused {
		return x.Ask(ctx, d)
	}
	return answer(a, err)
}

// Ask asks what became of a delivery that was sent.
func (x *exchange) Ask(ctx context.Context, d engine.Delivery) runtime.Answer {
	key, err := RequestKey(d)
	if err != nil {
		return answer(wire.Answer{}, err)
	}
	return answer(x.client.Ask(ctx, d.Registry, key))
}

// message renders a notification for the carrier: words for the person, never in
// history, from the catalogue.
func (x *exchange) message(ctx context.Context, d engine.Delivery) (map[string]any, error) {
	what, _ := d.Input["what"].(string)
	params, _ := d.Input["params"].(map[string]any)
	to, _ := d.Input["to"].(string)
	p, err := x.person(ctx, to)
	if err != nil {
		return nil, err
	}
	subject, text := x.messages.Render(what, params, "vi")
	receiver := map[string]any{"id": to}
	if p.Name != "" {
		receiver["name"] = p.Name
	}
	channels := []any{"portal", "vneid"}
	if p.Phone != "" {
		receiver["phone"], channels = p.Phone, append(channels, "sms")
	}
	if p.Email != "" {
		receiver["email"], channels = p.Email, append(channels, "email")
	}
	return map[string]any{"to": receiver, "channels": channels, "subject": subject, "text": text, "case": d.Case, "about": what}, nil
}

// answer turns what the wire client learnt into the runtime's terms. An error is a
// request that could not even be built: trying again cannot mend it.
func answer(a wire.Answer, err error) runtime.Answer {
	if err != nil {
		return runtime.Answer{Outcome: runtime.Incident, Code: "not_sendable", Detail: engine.Text{VI: "Không gửi được yêu cầu", EN: err.Error()}}
	}
	out := runtime.Answer{Outcome: string(a.Outcome), Code: a.Code, Detail: text(a.Detail), Data: a.Data, Status: a.Status, RetryAfter: a.RetryAfter, Expected: a.Expected}
	for _, e := range a.Errors {
		out.Detail.EN += "; " + e.Pointer + ": " + e.Detail
	}
	return out
}

func text(m map[string]string) engine.Text { return engine.Text{VI: m["vi"], EN: m["en"]} }

// lookup reads from a register without a case, for prefilling.
func (x *exchange) lookup(ctx context.Context, registry, operation string, input map[string]any) (map[string]any, error) {
	a, err := x.client.Lookup(ctx, registry, operation, input)
	switch {
	case err != nil:
		return nil, &engine.Error{Code: engine.Unavailable, Op: "lookup", Err: err}
	case a.Outcome == wire.Done:
		return a.Data, nil
	case a.Outcome == wire.Refused:
		return nil, &engine.Error{Code: engine.NotFound, Op: "lookup " + registry + "/" + operation, Detail: text(a.Detail)}
	}
	return nil, &engine.Error{Code: engine.Unavailable, Op: "lookup " + registry + "/" + operation, Detail: text(a.Detail)}
}

// verify checks the signature of a registry's late answer and reads it. NotFound when
// it answers what is not asked: something that a restore has undone.
func (x *exchange) verify(ctx context.Context, registry string, h http.Header, body []byte) (engine.Reply, error) {
	c, err := wire.VerifyCallback(x.client.Secrets(registry), h, body, x.client.Now())
	if err != nil {
		return engine.Reply{}, &engine.Error{Code: engine.Unauthenticated, Op: "callback", Err: err,
			Detail: engine.Text{VI: "Chữ ký không hợp lệ", EN: "the signature is not valid"}}
	}
	if c.Registry != registry {
		return engine.Reply{}, engine.Fail(engine.Invalid, "Trả lời của cơ sở dữ liệu khác", "the reply names another registry")
	}
	name := c.Key
	if i := strings.LastIndexByte(name, '.'); i >= 0 { // a case's code has points too: H26.1-260907-0001
		name = name[:i]
	}
	d, err := x.owed(ctx, name)
	if err != nil {
		return engine.Reply{}, err
	}
	// What was erased is not compared: there is nothing that it could be taken for.
	if key, err := RequestKey(*d); err != nil || key != c.Key && d.Input != nil {
		return engine.Reply{}, engine.Fail(engine.NotFound, "Không có yêu cầu này.", "There is no such request.")
	}
	return engine.Reply{Request: d.Key, Outcome: string(c.Outcome), Code: c.Code, Detail: text(c.Detail), Data: c.Data}, nil
}

// Cancel takes back a request that is not performed yet, where its operation
// offers that.
func (x *exchange) Cancel(ctx context.Context, d engine.Delivery) runtime.Answer {
	key, err := RequestKey(d)
	if err != nil {
		return answer(wire.Answer{}, err)
	}
	return answer(x.client.Cancel(ctx, d.Registry, key))
}
