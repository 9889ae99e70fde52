package runtime

import (
	"bytes"
	"context"
	"encoding/json"
	"slices"
	"strings"
	"sync"
	"time"

	"lienthong/engine"
)

// Reply takes a registry's answer to a request, however it comes: late, again,
// before the send was recorded, or when nobody waits for it any more.
//
//   - The first answer becomes an entry of the case's history; the same commit
//     makes the delivery done.
//   - The same answer again changes nothing.
//   - Another outcome than the first, or other data, makes an incident of the
//     delivery; history keeps the first.
//   - A body that the case cannot take makes an incident too, and is refused.
//
// NotFound for a request that this registry was never asked.
func (r *Runtime) Reply(ctx context.Context, registry string, rep engine.Reply) error {
	const op = "runtime.reply"
	if !validOutcome(rep.Outcome) {
		return &engine.Error{Code: engine.Invalid, Op: op, Problems: []engine.Problem{{Pointer: "/outcome", Code: "enum",
			Detail: engine.Text{VI: "Kết quả phải là done hoặc refused", EN: "the outcome is done or refused"}}}}
	}
	d, err := r.store.Delivery(ctx, rep.Request)
	if err != nil {
		return err
	}
	if d.Registry != registry {
		e := engine.Fail(engine.NotFound, "Không có yêu cầu này.", "There is no such request.")
		e.Op = op
		return e
	}
	rep.By, rep.Note = "", ""
	return refusalOf(r.accept(ctx, d.Key, rep, ""))
}

func validOutcome(s string) bool { return s == engine.ReplyDone || s == engine.ReplyRefused }

// accept takes an answer that came by itself or by hand. Answers to one request
// are taken one after the other. A refusal of Decide comes back marked, with the
// incident recorded.
func (r *Runtime) accept(ctx context.Context, key string, rep engine.Reply, note string) error {
	unlock, err := r.keys.lock(ctx, key)
	if err != nil {
		return err
	}
	defer unlock()
	d, err := r.store.Delivery(ctx, key)
	if err != nil {
		return err
	}
	if d.Reply != nil {
		return r.keep(ctx, r.again(*d, *d.Reply, rep))
	}
	if d.Registry == engine.NotificationRegistry {
		if d.Status == engine.DeliverySkipped {
			return nil
		}
		if rep.Outcome != engine.ReplyDone {
			return r.keep(ctx, incident(*d, trouble{strings.TrimSuffix("refused "+codeOnly(rep.Code), " "), refused(rep)}))
		}
		return r.keep(ctx, left{Delivery: r.finished(*d, rep, note)})
	}
	return r.take(ctx, *d, rep, note)
}

// take enters a registry's answer in history; when the case does not wait for it, it
// changes its delivery alone. The delivery need not be the newest: what the case
// waits for decides.
func (r *Runtime) take(ctx context.Context, d engine.Delivery, rep engine.Reply, note string) error {
	entered, no := r.enter(ctx, d, rep, note, Asked{})
	if entered {
		return nil
	}
	after := context.WithoutCancel(ctx)
	l, err := r.unawaited(after, d.Key, rep, note, no)
	if err != nil {
		return err
	}
	return r.keep(after, l)
}

// enter makes an answer an entry of the case's history; the same commit makes its
// delivery done, and keeps the answer to who recorded it by hand. Without an entry
// the error says why, nil when the case does not wait for the answer.
func (r *Runtime) enter(ctx context.Context, d engine.Delivery, rep engine.Reply, note string, by Asked) (entered bool, err error) {
	cmd := engine.Command{Action: engine.ActReply, Case: d.Case, Step: d.Step,
		Actor: engine.Actor{Kind: engine.Registry, ID: d.Registry}}
	settles := func(es []engine.Entry) []engine.Delivery {
		if !slices.ContainsFunc(es, func(e engine.Entry) bool { return answers(e, d.Key) }) {
			return nil
		}
		return []engine.Delivery{r.finished(d, rep, note)}
	}
	res, err := r.commit(ctx, decision{cmd: cmd, asked: by, facts: engine.Facts{Reply: &rep}, at: r.Now, settles: settles})
	return err == nil && (res.Repeated || settles(res.Entries) != nil), err
}

// unawaited is a delivery as an answer leaves it that enter made no entry of, for
// the reason it gave: it was answered before, or overtaken, or the answer cannot be
// taken. The last is an incident, kept here, and the reason comes back.
func (r *Runtime) unawaited(ctx context.Context, key string, rep engine.Reply, note string, reason error) (left, error) {
	no := refusal{}
	if reason != nil && !asRefusal(reason, &no) {
		return left{}, reason
	}
	now, err := r.store.Delivery(ctx, key)
	if err != nil {
		return left{}, err
	}
	if engine.CodeOf(reason) == engine.Internal {
		r.log.Error("defect", "delivery", key, cause(reason))
	}
	if reason != nil && now.Reply == nil {
		l := incident(*now, trouble{"answer not taken: " + string(engine.CodeOf(no.error)), engine.Trouble{Code: engine.TroubleNotTaken, Said: engine.Text{EN: firstLine(no)}}})
		if e := r.keep(ctx, l); e != nil {
			r.log.Error("incident not recorded", "delivery", key, cause(e))
			return left{}, reason
		}
		now = &l.Delivery
	}
	// (Another node may just have entered an answer that can be taken.)
	first, err := r.first(ctx, now)
	switch {
	case err != nil:
		return left{}, err
	case first != nil:
		return r.again(*now, *first, rep), nil
	case reason != nil:
		return left{}, reason
	}
	return left{Delivery: r.finished(*now, rep, note)}, nil
}

// answers tells whether an entry is the answer to a request.
func answers(e engine.Entry, key string) bool {
	return e.Command.Action == engine.ActReply && e.Facts.Reply != nil && e.Facts.Reply.Request == key
}

// first returns the answer to a request that is in history, or nil.
func (r *Runtime) first(ctx context.Context, d *engine.Delivery) (*engine.Reply, error) {
	const page = 200
	for from := d.Seq + 1; ; {
		es, err := r.store.History(ctx, d.Case, from, page)
		if err != nil {
			return nil, err
		}
		for _, e := range es {
			if answers(e, d.Key) {
				return e.Facts.Reply, nil
			}
		}
		if len(es) < page {
			return nil, nil
		}
		from = es[len(es)-1].Seq + 1
	}
}

// left is a delivery as an answer leaves it.
type left struct {
	engine.Delivery
	why  trouble // of an incident
	same bool    // nothing changes
}

// again is a delivery as an answer leaves it that has one already.
func (r *Runtime) again(d engine.Delivery, first, rep engine.Reply) left {
	told := d.Reply != nil // the outbox knows the first answer
	d.Reply = &first
	if contradicted(first, rep) {
		return incident(d, trouble{"contradiction", engine.Trouble{Code: engine.TroubleContradiction, Said: contradicts(first, rep)}})
	}
	if d.Status == engine.DeliveryDone || d.Status == engine.DeliveryIncident && told {
		return left{Delivery: d, same: true} // a contradiction stays until a person has looked at it
	}
	return left{Delivery: r.finished(d, first, d.Note)}
}

// contradicted tells whether a registry says something else than it said first: another
// outcome, or under the same one another code or other data. What a person recorded
// from paper is less than the registry says, and contradicts by its outcome only.
func contradicted(first, then engine.Reply) bool {
	switch {
	case first.Outcome != then.Outcome:
		return true
	case first.By != "" || then.By != "":
		return false
	case first.Code != "" && then.Code != "" && first.Code != then.Code:
		return true
	case len(first.Data) == 0 || len(then.Data) == 0:
		return false
	}
	a, e1 := json.Marshal(first.Data)
	b, e2 := json.Marshal(then.Data)
	return e1 == nil && e2 == nil && !bytes.Equal(a, b)
}

// contradicts tells both answers, without the data, which may name a person.
func contradicts(first, then engine.Reply) engine.Text {
	a, b := strings.TrimSpace(first.Outcome+" "+first.Code), strings.TrimSpace(then.Outcome+" "+then.Code)
	if a == b {
		return engine.Text{VI: a + ", hai lần với dữ liệu khác nhau", EN: a + ", twice with different data"}
	}
	return engine.Text{VI: a + ", rồi " + b, EN: a + ", then " + b}
}

// refused is the trouble with a message that a registry does not send.
func refused(rep engine.Reply) engine.Trouble {
	return engine.Trouble{Code: engine.TroubleRefused, Said: said(rep.Code, rep.Code, rep.Detail)}
}

// incident is a delivery that waits for a person.
func incident(d engine.Delivery, why trouble) left {
	d.Status, d.LastError, d.Next = engine.DeliveryIncident, why.said, time.Time{}
	return left{Delivery: d, why: why}
}

// finished is a delivery as its answer leaves it.
func (r *Runtime) finished(d engine.Delivery, rep engine.Reply, note string) engine.Delivery {
	now := r.wall()
	d.Status, d.Reply, d.LastError, d.Next, d.DoneAt = engine.DeliveryDone, &rep, engine.Trouble{}, time.Time{}, now
	if d.SentAt.IsZero() {
		d.SentAt = now
	}
	if note != "" {
		d.Note = note
	}
	return d
}

// keep writes a delivery that an answer changed and no entry did. It takes it from
// whoever holds it: an answer is an answer.
func (r *Runtime) keep(ctx context.Context, l left) error {
	if l.same {
		return nil
	}
	if l.Status != engine.DeliveryIncident {
		return r.store.Reset(ctx, l.Delivery)
	}
	r.stopped(&l.Delivery, l.why)
	if err := r.store.Reset(ctx, l.Delivery); err != nil {
		return err
	}
	r.changed(ctx, l.Case)
	return nil
}

// keys are locks by name. No two names share one: an exchange holds its own while its
// outcome is committed.
type keys struct {
	mu    sync.Mutex
	named map[string]*held // those that somebody has or waits for
}

// held is the lock of a name.
type held struct {
	token chan struct{} // holds one while somebody has the lock
	users int           // who has it or waits
}

func newKeys() keys { return keys{named: map[string]*held{}} }

// lock waits for a name, or until ctx ends: Unavailable.
func (k *keys) lock(ctx context.Context, name string) (unlock func(), err error) {
	k.mu.Lock()
	h := k.named[name]
	if h == nil {
		h = &held{token: make(chan struct{}, 1)}
		k.named[name] = h
	}
	h.users++
	k.mu.Unlock()
	select {
	case h.token <- struct{}{}:
		return func() {
			<-h.token
			k.leave(name, h)
		}, nil
	case <-ctx.Done():
		k.leave(name, h)
		return nil, &engine.Error{Code: engine.Unavailable, Op: "runtime.lock", Err: ctx.Err()}
	}
}

// leave forgets a lock that nobody has or waits for.
func (k *keys) leave(name string, h *held) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if h.users--; h.users == 0 {
		delete(k.named, name)
	}
}
