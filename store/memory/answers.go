package memory

import (
	"bytes"
	"context"

	"lienthong/engine"
	"lienthong/store/rowenc"
)

// Answered returns a stored answer, or nil.
func (s *Store) Answered(ctx context.Context, actor, key string) (*engine.Answer, error) {
	done, err := s.read(ctx, "store.answered")
	if err != nil {
		return nil, err
	}
	defer done()
	a, ok := s.answers[pair{actor, key}]
	if !ok {
		return nil, nil
	}
	a.Body = bytes.Clone(a.Body)
	return &a, nil
}

// unanswered refuses an answer whose key is taken; nil never is.
func (s *Store) unanswered(op string, a *engine.Answer) error {
	if a == nil {
		return nil
	}
	old, taken := s.answers[pair{a.Actor, a.Key}]
	switch {
	case !taken:
		return nil
	case old.Digest == a.Digest:
		return rowenc.Answered(old.Case)
	}
	return rowenc.Mismatch(op)
}

// keep writes an answer, unless it is nil.
func (s *Store) keep(t *rowenc.Undo, a *engine.Answer) {
	if a != nil {
		rowenc.Put(t, s.answers, pair{a.Actor, a.Key}, *a)
	}
}

// answering is a write that keeps an answer too, unless it is nil.
func (s *Store) answering(op string, a *engine.Answer, write func(*rowenc.Undo) error) func(*rowenc.Undo) error {
	a, err := rowenc.KeptAnswer(op, a)
	return func(t *rowenc.Undo) error {
		if err != nil {
			return err
		}
		if err := s.unanswered(op, a); err != nil {
			return err
		}
		s.keep(t, a)
		return write(t)
	}
}

// Keep writes an answer alone.
func (s *Store) Keep(ctx context.Context, a engine.Answer) error {
	const op = "store.keep"
	return s.write(ctx, op, s.answering(op, &a, func(*rowenc.Undo) error { return nil }))
}
