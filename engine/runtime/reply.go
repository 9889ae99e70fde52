package runtime

import (
	"context"
	"fmt"
	"hash/maphash"
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
//   - Another outcome than the first makes an incident of the delivery; history
//     keeps the first.
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
	defer r.keys.lock(key)()
	d, err := r.store.Delivery(ctx, key)
	if err != nil {
		return err
	}
	if d.Reply != nil {
		return r.again(ctx, d, *d.Reply, rep)
	}
	if d.Registry == engine.NotificationRegistry {
		if d.Status == engine.DeliverySkipped {
			return nil
		}
		if rep.Outcome != engine.ReplyDone {
			return r.incident(ctx, d, trouble{strings.TrimSuffix("refused "+codeOnly(rep.Code), " "), "refused: " + rep.Code + " " + rep.Detail.EN})
		}
		return r.finish(ctx, d, rep, note)
	}
	_, err = r.enter(ctx, *d, rep, note)
	return err
}

// enter makes an answer an entry of the case's history; the same commit makes its
// delivery done. The delivery need not be the newest: what the case waits for
// decides, and only an answer that it does not wait for is looked up; then there
// is no entry.
func (r *Runtime) enter(ctx context.Context, d engine.Delivery, rep engine.Reply, note string) (entered bool, err error) {
	cmd := engine.Command{Action: engine.ActReply, Case: d.Case, Step: d.Step,
		Actor: engine.Actor{Kind: engine.Registry, ID: d.Registry}}
	settles := func(es []engine.Entry) []engine.Delivery {
		if !slices.ContainsFunc(es, func(e engine.Entry) bool { return answers(e, d.Key) }) {
			return nil
		}
		return []engine.Delivery{r.finished(d, rep, note)}
	}
	res, err := r.commit(ctx, decision{cmd: cmd, facts: engine.Facts{Reply: &rep}, at: r.Now, settles: settles})
	if err == nil && settles(res.Entries) != nil {
		return true, nil
	}
	no := refusal{}
	if err != nil && !asRefusal(err, &no) {
		return false, err
	}
	after := context.WithoutCancel(ctx)
	now, e := r.store.Delivery(after, d.Key)
	if e != nil {
		return false, e
	}
	if engine.CodeOf(err) == engine.Internal {
		r.log.Error("defect", "delivery", d.Key, cause(err))
	}
	if err != nil && now.Reply == nil {
		if e := r.incident(after, now, trouble{"answer not taken: " + string(engine.CodeOf(no.error)), "the answer cannot be taken: " + firstLine(no)}); e != nil {
			r.log.Error("incident not recorded", "delivery", d.Key, cause(e))
			return false, err
		}
	}
	// Nobody waited for it: it was answered before, or overtaken. (Or it cannot be
	// taken, and another node has just entered one that can.)
	first, e := r.first(after, now)
	switch {
	case e != nil:
		return false, e
	case first != nil:
		return false, r.again(after, now, *first, rep)
	case err != nil:
		return false, err
	}
	return false, r.finish(after, now, rep, note)
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

// again handles an answer to a request that has one.
func (r *Runtime) again(ctx context.Context, d *engine.Delivery, first, rep engine.Reply) error {
	told := d.Reply != nil // the outbox knows the first answer
	d.Reply = &first
	if rep.Outcome != first.Outcome {
		return r.incident(ctx, d, trouble{"contradiction", fmt.Sprintf("contradiction: answered %s, then %s %s", first.Outcome, rep.Outcome, rep.Code)})
	}
	if d.Status == engine.DeliveryDone || d.Status == engine.DeliveryIncident && told {
		return nil // a contradiction stays until a person has looked at it
	}
	return r.finish(ctx, d, first, d.Note)
}

// finished is a delivery as its answer leaves it.
func (r *Runtime) finished(d engine.Delivery, rep engine.Reply, note string) engine.Delivery {
	now := r.wall()
	d.Status, d.Reply, d.LastError, d.Next, d.DoneAt = engine.DeliveryDone, &rep, "", time.Time{}, now
	if d.SentAt.IsZero() {
		d.SentAt = now
	}
	if note != "" {
		d.Note = note
	}
	return d
}

// finish makes a delivery done whose answer is in history already, or belongs to
// none. It takes it from whoever holds it: an answer is an answer.
func (r *Runtime) finish(ctx context.Context, d *engine.Delivery, rep engine.Reply, note string) error {
	*d = r.finished(*d, rep, note)
	return r.store.Reset(ctx, *d)
}

// incident makes a delivery wait for a person.
func (r *Runtime) incident(ctx context.Context, d *engine.Delivery, why trouble) error {
	d.Status, d.LastError, d.Next = engine.DeliveryIncident, why.words, time.Time{}
	r.stopped(d, why)
	if err := r.store.Reset(ctx, *d); err != nil {
		return err
	}
	r.changed(ctx, d.Case)
	return nil
}

// keys are locks by name: few of them, shared by names that fall together.
type keys struct {
	seed maphash.Seed
	mu   [64]sync.Mutex
}

func (k *keys) lock(name string) (unlock func()) {
	m := &k.mu[maphash.String(k.seed, name)%uint64(len(k.mu))]
	m.Lock()
	return m.Unlock
}
