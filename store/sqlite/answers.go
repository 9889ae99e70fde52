package sqlite

import (
	"context"
	"database/sql"
	"errors"

	"lienthong/engine"
	"lienthong/store/rowenc"
)

// answerCols are what an answer's checksum is of.
const answerCols = `actor, key, digest, case_code, status, body, at`

const (
	insertAnswer = `INSERT INTO answers (` + answerCols + `, sum) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)`
	answerUnder  = `SELECT digest, case_code FROM answers WHERE actor = ?1 AND key = ?2`
)

func answerArgs(a *engine.Answer) []any {
	return []any{a.Actor, a.Key, a.Digest, a.Case, a.Status, []byte(a.Body), rowenc.Micros(a.At), sum(rowenc.SumOfAnswer(a))}
}

// Answered returns a stored answer, or nil.
func (s *Store) Answered(ctx context.Context, actor, key string) (*engine.Answer, error) {
	if err := s.halted(); err != nil { // what is read now may not be there tomorrow: it is no answer to a command
		return nil, err
	}
	var a engine.Answer
	var sound bool
	err := s.reading(ctx, func(c *conn) error {
		return c.each(`SELECT `+answerCols+`, sum FROM answers WHERE actor = ?1 AND key = ?2`, []any{actor, key}, func(r scanner) (err error) {
			a, sound, err = scanAnswer(r)
			return err
		})
	})
	switch {
	case err != nil:
		return nil, failure("store.answered", "", err)
	case a.Actor == "":
		return nil, nil
	case !sound:
		return nil, rowenc.Corrupt("store.answered", a.Case, 0, "the answer under the key "+key+" is not what was written")
	}
	return &a, nil
}

// scanAnswer reads answerCols and the checksum, and tells whether it fits.
func scanAnswer(r scanner) (a engine.Answer, sound bool, err error) {
	var at, kept int64
	err = r.Scan(&a.Actor, &a.Key, &a.Digest, &a.Case, &a.Status, (*[]byte)(&a.Body), &at, &kept)
	a.At = rowenc.Time(at)
	return a, kept == rowenc.SumOfAnswer(&a), err
}

// unanswered refuses an answer whose key is taken; nil never is.
func (w *writer) unanswered(op string, a *engine.Answer) error {
	if a == nil {
		return nil
	}
	var digest, of string
	err := w.one(answerUnder, []any{a.Actor, a.Key}, &digest, &of)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return nil
	case err != nil:
		return err
	case digest == a.Digest:
		return rowenc.Answered(of)
	}
	return rowenc.Mismatch(op)
}

// answering is a job's run that keeps an answer too, unless it is nil.
func answering(op string, a *engine.Answer, run func(*writer) error) func(*writer) error {
	if a == nil {
		return run
	}
	a, err := rowenc.KeptAnswer(op, a)
	return func(w *writer) error {
		if err != nil {
			return err
		}
		if err := w.unanswered(op, a); err != nil {
			return err
		}
		if err := run(w); err != nil {
			return err
		}
		return w.exec(insertAnswer, answerArgs(a)...)
	}
}

// Keep writes an answer alone.
func (s *Store) Keep(ctx context.Context, a engine.Answer) error {
	const op = "store.keep"
	return exec(ctx, s, op, answering(op, &a, func(*writer) error { return nil }))
}
