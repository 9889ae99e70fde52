package runtime

import (
	"context"
	"encoding/json"
	"errors"
	"reflect"
	"time"

	"lienthong/engine"
)

// What is asked for under an idempotency key is done once, and its repetition told the
// same, after a restart too: the answer is kept in the commit that does it. An act of
// many commits has what it sets out to do kept before the first of them, and each of
// them is one that can be repeated.

// Asked is who asks for something, and under which idempotency key.
type Asked struct {
	Actor  engine.Actor
	Key    string // scoped to the actor; "" = none, and no answer is kept
	Digest string // of the request; another digest under the same key is refused
}

// Once does what is no command on a case under an idempotency key. do writes what it
// does in one commit with the answer that keep makes of what v points to by then; it
// keeps nothing when it changes nothing, and is then done again when it is repeated.
// When the key was answered before, v is what was answered and do is not called.
//
// Errors: IdempotencyMismatch, and those of do.
func (r *Runtime) Once(ctx context.Context, by Asked, v any, do func(keep func() *engine.Answer) error) error {
	if by.Key == "" {
		return do(func() *engine.Answer { return nil })
	}
	unlock, err := r.onces.lock(ctx, ActorKey(by.Actor)+" "+by.Key)
	if err != nil {
		return err
	}
	defer unlock()
	if was, err := r.recall(ctx, by, v); was || err != nil {
		return err
	}
	err = guard(func() error {
		return do(func() *engine.Answer {
			a := by.kept(r.Now(), "", v)
			if err := json.Unmarshal(a.Body, reflect.New(reflect.TypeOf(v).Elem()).Interface()); err != nil {
				panic(err) // what could not be told again is not done
			}
			return a
		})
	})
	var e *engine.Error
	if errors.As(err, &e) && e.Op == engine.OpAnswered { // by a call whose caller did not wait for it
		_, err = r.recall(ctx, by, v)
	}
	return err
}

// Begin settles what an act of many commits sets out to do: plan puts it into v, before
// anything is done, and a repetition under the same key finds it there.
//
// Errors: IdempotencyMismatch, and those of plan.
func (r *Runtime) Begin(ctx context.Context, by Asked, v any, plan func() error) error {
	return r.Once(ctx, by, v, func(keep func() *engine.Answer) error {
		if err := plan(); err != nil {
			return err
		}
		if a := keep(); a != nil {
			return r.store.Keep(ctx, *a)
		}
		return nil
	})
}

// recall puts what was answered under a key into v, if anything was.
func (r *Runtime) recall(ctx context.Context, by Asked, v any) (was bool, err error) {
	a, err := r.answered(ctx, by)
	if a == nil || err != nil {
		return false, err
	}
	reflect.ValueOf(v).Elem().SetZero()
	if err := json.Unmarshal(a.Body, v); err != nil {
		return false, &engine.Error{Code: engine.Internal, Op: "runtime.once", Err: err}
	}
	return true, nil
}

// body is what is kept of an answer; the API renders fresh state.
type body struct {
	Cases  []string          `json:"cases"`
	Seq    int64             `json:"seq"`
	Status engine.CaseStatus `json:"status"`
}

// ActorKey scopes idempotency keys: the actor's kind and id.
func ActorKey(a engine.Actor) string { return string(a.Kind) + ":" + a.ID }

// answer makes what is stored of the answer; nil without a key.
func (a *Asked) answer(now time.Time, cases ...*engine.Case) *engine.Answer {
	if a.Key == "" {
		return nil
	}
	b := body{Seq: cases[0].Seq, Status: cases[0].Status}
	for _, c := range cases {
		b.Cases = append(b.Cases, c.Code)
	}
	return a.kept(now, cases[0].Code, b)
}

// kept makes what is stored of an answer about a case, "" = about none.
func (a *Asked) kept(now time.Time, code string, v any) *engine.Answer {
	raw, err := json.Marshal(v)
	if err != nil {
		panic(err) // plain values
	}
	return &engine.Answer{Actor: ActorKey(a.Actor), Key: a.Key, Digest: a.Digest, Case: code, Status: 200, Body: raw, At: now}
}

// answered returns the stored answer of a key, nil without one.
// IdempotencyMismatch when the key was used for another request.
func (r *Runtime) answered(ctx context.Context, by Asked) (*engine.Answer, error) {
	if by.Key == "" {
		return nil, nil
	}
	a, err := r.store.Answered(ctx, ActorKey(by.Actor), by.Key)
	if err != nil || a == nil {
		return nil, err
	}
	if a.Digest != by.Digest {
		e := engine.Fail(engine.IdempotencyMismatch, "Khóa này đã dùng cho một yêu cầu khác.", "This key was used for another request.")
		e.Op = "runtime.answered"
		return nil, e
	}
	return a, nil
}

// answeredAfter is answered after a commit that failed. Where nobody knows what became of
// it, a store that cannot be asked now does not make it known.
func (r *Runtime) answeredAfter(ctx context.Context, by Asked, failed error) (*engine.Answer, error) {
	a, err := r.answered(ctx, by)
	if err != nil && engine.CodeOf(failed) == engine.UnknownOutcome && passing(err) {
		return nil, nil
	}
	return a, err
}
