package agencies

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"lienthong/agencies/wire"
)

const maxBody = 1 << 20

func (a *Agencies) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /{registry}/{operation}", a.with(a.serveOperation))
	mux.HandleFunc("GET /{registry}/requests/{key...}", a.with(a.serveAsk))
	mux.HandleFunc("POST /{registry}/requests/{rest...}", a.with(a.serveAbout))
	mux.HandleFunc("GET /{registry}/faults", a.operator(a.serveFaults))
	mux.HandleFunc("PUT /{registry}/faults", a.operator(a.serveSetFaults))
	mux.HandleFunc("DELETE /{registry}/faults", a.operator(a.serveClearFaults))
	mux.HandleFunc("GET /{registry}/stats", a.operator(a.serveStats))
	mux.HandleFunc("POST /{registry}/seed", a.operator(a.serveSeed))
	mux.HandleFunc("GET /notification/outbox", a.operator(a.serveOutbox))
	return mux
}

type handler func(http.ResponseWriter, *http.Request, *registry)

// with finds the registry a request is for.
func (a *Agencies) with(h handler) http.HandlerFunc {
	return func(w http.ResponseWriter, req *http.Request) {
		id := req.PathValue("registry")
		if id == "" {
			id, _, _ = strings.Cut(strings.TrimPrefix(req.URL.Path, "/"), "/")
		}
		r, ok := a.registries[id]
		if !ok {
			problem(w, http.StatusNotFound, "unknown_registry", "There is no such registry.")
			return
		}
		h(w, req, r)
	}
}

// serveOperation is the way of one request: dial, signature, envelope, dial
// again, input, transaction, answer.
func (a *Agencies) serveOperation(w http.ResponseWriter, req *http.Request, r *registry) {
	name := req.PathValue("operation")
	op, ok := r.operations[name]
	if !ok {
		problem(w, http.StatusNotFound, "unknown_operation", "The registry has no such operation.")
		return
	}
	f := r.faults(name)
	if f.Outage {
		unavailable(w)
		return
	}
	body, ok := a.signed(w, req, r)
	if !ok {
		return
	}
	order, wrong := envelope(req, body, op.changes)
	if len(wrong) > 0 {
		malformed(w, wrong)
		return
	}
	order.Registry, order.Operation = r.id, name
	// A draw belongs to the request and its attempt; a look-up without a key
	// is named by its content, so that runs repeat there too.
	id := order.Key
	if id == "" {
		hash, err := contentHash(order)
		if err != nil {
			malformed(w, []wire.FieldError{{Pointer: "/input", Detail: err.Error()}})
			return
		}
		id = hash
	}
	attempt := r.attempt(id)
	if r.happens(f, f.LoseRequestRate, "request", id, attempt) {
		panic(http.ErrAbortHandler) // drops the connection; net/http knows this value
	}
	if r.happens(f, f.ErrorRate, "error", id, attempt) {
		unavailable(w)
		return
	}
	if !pause(req, length(f.Latency)) {
		panic(http.ErrAbortHandler)
	}
	if wrong := check(op.needs, order.Input); len(wrong) > 0 {
		malformed(w, wrong)
		return
	}
	var s stored
	var err error
	if order.Key == "" {
		s, err = r.lookup(op, order, f)
	} else {
		s, err = r.accept(op, order, f)
	}
	if err == nil && r.happens(f, f.LoseReplyRate, "reply", id, attempt) {
		panic(http.ErrAbortHandler)
	}
	a.wakeUp(r.id)
	if !pause(req, length(f.ReplyLatency)) {
		panic(http.ErrAbortHandler)
	}
	switch {
	case errors.Is(err, errConflict):
		problem(w, http.StatusConflict, wire.CodeKeyReused, "The key belongs to another request.")
	case errors.Is(err, errClash):
		problem(w, http.StatusConflict, "done_otherwise", "It was done before, with other content.")
	case err != nil:
		a.failed(w, r, err)
	default:
		answer(w, s)
	}
}

// serveAsk tells what became of an earlier request.
func (a *Agencies) serveAsk(w http.ResponseWriter, req *http.Request, r *registry) {
	key := req.PathValue("key")
	if !a.question(w, req, r, key) {
		return
	}
	var s stored
	var found bool
	err := r.update(a.config.Clock(), key, func(t *tx) (err error) {
		s, found, err = t.request(key)
		return err
	})
	switch {
	case err != nil:
		a.failed(w, r, err)
	case !found:
		problem(w, http.StatusNotFound, "unknown_key", "The registry has never seen this key.")
	default:
		write(w, http.StatusOK, "application/json", said(s))
	}
}

// serveAbout is for /cancel (by the caller) and /settle (by an operator).
func (a *Agencies) serveAbout(w http.ResponseWriter, req *http.Request, r *registry) {
	rest := req.PathValue("rest")
	if key, ok := strings.CutSuffix(rest, "/cancel"); ok {
		a.serveCancel(w, req, r, key)
		return
	}
	if key, ok := strings.CutSuffix(rest, "/settle"); ok {
		a.operator(func(w http.ResponseWriter, req *http.Request, r *registry) { a.serveSettle(w, req, r, key) })(w, req)
		return
	}
	problem(w, http.StatusNotFound, "unknown_path", "Only cancel and settle can be asked of a request.")
}

func (a *Agencies) serveCancel(w http.ResponseWriter, req *http.Request, r *registry, key string) {
	if !a.question(w, req, r, key) {
		return
	}
	s, found, err := r.cancel(key)
	switch {
	case err != nil:
		a.failed(w, r, err)
	case !found:
		problem(w, http.StatusNotFound, "unknown_key", "The registry has never seen this key.")
	case s.state == "cancelled":
		write(w, http.StatusOK, "application/json", wire.Answer{Outcome: wire.Done, Data: map[string]any{"cancelled": true}})
	case s.state == "later":
		refused(w, "not_cancellable", text{"Yêu cầu này không thể thu hồi.", "This request cannot be taken back."}.detail(), nil)
	default:
		refused(w, "too_late", text{"Yêu cầu đã được trả lời.", "The request is already answered."}.detail(), nil)
	}
}

// question is what asking and cancelling share: the dial and the signature.
func (a *Agencies) question(w http.ResponseWriter, req *http.Request, r *registry, key string) bool {
	f := r.faults("")
	id := req.Method + " " + key
	attempt := r.attempt(id)
	if f.Outage || r.happens(f, f.ErrorRate, "error", id, attempt) {
		unavailable(w)
		return false
	}
	if r.happens(f, f.LoseRequestRate, "request", id, attempt) || !pause(req, length(f.Latency)) {
		panic(http.ErrAbortHandler)
	}
	if _, ok := a.signed(w, req, r); !ok {
		return false
	}
	if wire.MessageID(req.Header) != key {
		problem(w, http.StatusUnauthorized, "bad_signature", "The signature is for another key.")
		return false
	}
	return true
}

// signed reads the body and verifies its signature.
func (a *Agencies) signed(w http.ResponseWriter, req *http.Request, r *registry) ([]byte, bool) {
	body, err := io.ReadAll(http.MaxBytesReader(w, req.Body, maxBody))
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		problem(w, http.StatusRequestEntityTooLarge, "too_large", "The request is larger than 1 MiB.")
		return nil, false
	}
	if err != nil {
		problem(w, http.StatusRequestTimeout, "unreadable", "The request did not arrive whole.")
		return nil, false
	}
	if err := wire.Verify(a.config.Secrets(r.id), req.Header, body, a.config.Wall()); err != nil {
		problem(w, http.StatusUnauthorized, "bad_signature", "The signature is missing, wrong or too old.")
		return nil, false
	}
	return body, true
}

// envelope reads a request and names what is wrong with it.
func envelope(req *http.Request, body []byte, changes bool) (wire.Request, []wire.FieldError) {
	var order wire.Request
	if err := wire.Decode(body, &order); err != nil {
		return order, []wire.FieldError{{Pointer: "", Detail: err.Error()}}
	}
	order.Input = wire.Integers(order.Input)
	order.Traceparent = req.Header.Get("traceparent")
	var wrong []wire.FieldError
	bad := func(pointer, detail string) { wrong = append(wrong, wire.FieldError{Pointer: pointer, Detail: detail}) }
	switch header := req.Header.Get("Idempotency-Key"); {
	case order.Key == "" && changes:
		bad("/key", "is missing: the operation changes a register")
	case order.Key == "":
	case len(order.Key) > 200:
		bad("/key", "is longer than 200 bytes")
	case wire.MessageID(req.Header) != order.Key:
		bad("/key", "is not the webhook-id of the message")
	case header != "" && header != order.Key:
		bad("/key", "is not the Idempotency-Key of the request")
	}
	if order.Input == nil {
		bad("/input", "is missing")
	}
	if order.Callback != "" && !strings.HasPrefix(order.Callback, "http://") && !strings.HasPrefix(order.Callback, "https://") {
		bad("/callback", "is not an http address")
	}
	return order, wrong
}

// pause waits for the dial's latency; false when the caller went away.
func pause(req *http.Request, d time.Duration) bool {
	if d <= 0 {
		return true
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-req.Context().Done():
		return false
	}
}

// said is a stored answer as Ask tells it.
func said(s stored) wire.Answer {
	a := wire.Answer{Outcome: wire.Outcome(s.state), Code: s.code, Data: s.data}
	switch s.state {
	case "later":
		a.Expected, a.Data = s.expected, nil
	case "cancelled":
		a.Outcome = wire.Refused
	}
	if s.code != "" {
		a.Detail = detailOf(s.code, s.data)
	}
	return a
}

// answer is a stored answer as the request itself gets it.
func answer(w http.ResponseWriter, s stored) {
	switch said := said(s); said.Outcome {
	case wire.Later:
		write(w, http.StatusAccepted, "application/json", said)
	case wire.Refused:
		refused(w, said.Code, said.Detail, said.Data)
	default:
		write(w, http.StatusOK, "application/json", said)
	}
}

func (a *Agencies) failed(w http.ResponseWriter, r *registry, err error) {
	a.log.Error("registry failed", "registry", r.id, "error", err)
	problem(w, http.StatusInternalServerError, "internal", "The registry failed; nothing was changed.")
}

// problemBody is RFC 9457, with detail in both languages for refusals and outages.
type problemBody struct {
	Title  string            `json:"title"`
	Status int               `json:"status"`
	Code   string            `json:"code"`
	Detail map[string]string `json:"detail,omitempty"`
	Data   map[string]any    `json:"data,omitempty"`
	Errors []wire.FieldError `json:"errors,omitempty"`
}

func problem(w http.ResponseWriter, status int, code, title string) {
	write(w, status, "application/problem+json", problemBody{Title: title, Status: status, Code: code})
}

func refused(w http.ResponseWriter, code string, detail map[string]string, data map[string]any) {
	write(w, http.StatusUnprocessableEntity, "application/problem+json",
		problemBody{Title: detail["en"], Status: http.StatusUnprocessableEntity, Code: code, Detail: detail, Data: data})
}

func malformed(w http.ResponseWriter, wrong []wire.FieldError) {
	write(w, http.StatusBadRequest, "application/problem+json", problemBody{
		Title: fmt.Sprintf("The request is malformed (%d).", len(wrong)), Status: http.StatusBadRequest, Code: "malformed", Errors: wrong,
	})
}

func unavailable(w http.ResponseWriter) {
	w.Header().Set("Retry-After", "30")
	write(w, http.StatusServiceUnavailable, "application/problem+json", problemBody{Title: "The registry is not available.", Status: http.StatusServiceUnavailable,
		Code: "unavailable", Detail: map[string]string{"vi": "Cơ sở dữ liệu không sẵn sàng.", "en": "The registry is not available."}})
}

func write(w http.ResponseWriter, status int, contentType string, v any) {
	body, err := json.Marshal(v)
	if err != nil {
		http.Error(w, `{"code":"internal"}`, http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", contentType+"; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(append(body, '\n'))
}
