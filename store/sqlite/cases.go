package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"lienthong/engine"
	"lienthong/store/rowenc"
)

// loadCase reads a case with one statement, so that it is one committed state:
// the case first, its dossiers after it in their order.
const loadCase = `SELECT -1 AS place, c.seq, c.head, c.stamp, b.body FROM cases c JOIN case_bodies b ON b.case_code = c.code WHERE c.code = ?1
	UNION ALL SELECT place, 0, NULL, '', body FROM dossiers WHERE case_code = ?1 ORDER BY 1`

// stored is a case as its rows are.
type stored struct {
	present  bool
	seq      int64
	head     []byte
	stamp    string
	body     []byte
	dossiers [][]byte
}

// scan reads one row of loadCase.
func (c *stored) scan(r *sql.Rows) error {
	var place int
	var seq int64
	var head, body []byte
	var stamp string
	if err := r.Scan(&place, &seq, &head, &stamp, &body); err != nil {
		return err
	}
	if place < 0 {
		c.present, c.seq, c.head, c.stamp, c.body = true, seq, head, stamp, body
	} else {
		c.dossiers = append(c.dossiers, body)
	}
	return nil
}

func (c *stored) open(op, code string) (*engine.Case, error) {
	k, err := rowenc.Assemble(c.body, c.seq, c.stamp, c.dossiers)
	if err != nil {
		return nil, rowenc.Corrupt(op, code, c.seq, "stored case cannot be read: "+err.Error())
	}
	return k, nil
}

// Load returns the stored case.
func (s *Store) Load(ctx context.Context, code string) (*engine.Case, error) {
	const op = "store.load"
	var c stored
	if err := s.each(ctx, loadCase, []any{code}, c.scan); err != nil {
		return nil, failure(op, code, err)
	}
	if !c.present {
		return nil, rowenc.Missing(op, code)
	}
	return c.open(op, code)
}

const sealedCols = `case_code, seq, at, action, step, actor_kind, engine, definition, parameters, calendar, payload, salt, commitment, hash`

func scanSealed(r *sql.Rows) (rowenc.Sealed, error) {
	var e rowenc.Sealed
	err := r.Scan(&e.Case, &e.Seq, &e.At, &e.Action, &e.Step, &e.ActorKind, &e.Engine, &e.Definition, &e.Parameters, &e.Calendar,
		&e.Payload, &e.Salt, &e.Commitment, &e.Hash)
	return e, err
}

// historyOf reads sealed entries of a case in order.
const historyOf = `SELECT ` + sealedCols + ` FROM entries WHERE case_code = ?1 AND seq >= ?2 ORDER BY seq LIMIT ?3`

// History returns entries from a sequence on.
func (s *Store) History(ctx context.Context, code string, from int64, limit int) ([]engine.Entry, error) {
	const op = "store.history"
	out := []engine.Entry{}
	next := max(from, 1)
	err := s.each(ctx, historyOf, []any{code, from, limited(limit)}, func(r *sql.Rows) error {
		e, err := scanSealed(r)
		if err != nil {
			return err
		}
		if e.Seq != next {
			return rowenc.Corrupt(op, code, next, "entry is missing")
		}
		x, err := e.Open()
		out = append(out, x)
		next++
		return err
	})
	if err != nil {
		return nil, failure(op, code, err)
	}
	return out, nil
}

// Answered returns a stored answer, or nil.
func (s *Store) Answered(ctx context.Context, actor, key string) (*engine.Answer, error) {
	a := engine.Answer{Actor: actor, Key: key}
	var at int64
	err := s.row(ctx, `SELECT digest, case_code, status, body, at FROM answers WHERE actor = ?1 AND key = ?2`, []any{actor, key},
		&a.Digest, &a.Case, &a.Status, (*[]byte)(&a.Body), &at)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, failure("store.answered", "", err)
	}
	a.At = rowenc.Time(at)
	return &a, nil
}

// newNumbers counts a unit's day up. A day that has no numbers yet begins where a
// restored backup says (see leap).
const newNumbers = `INSERT INTO counters (unit, day, last)
	VALUES (?1, ?2, ?3 + coalesce((SELECT max(last) FROM counters WHERE unit = '' AND day >= ?2), 0))
	ON CONFLICT (unit, day) DO UPDATE SET last = last + ?3 RETURNING last`

// Codes reserves numbers of a unit and day.
func (s *Store) Codes(ctx context.Context, unit, day string, n int) (first int, err error) {
	const op = "store.codes"
	if n < 1 {
		return 0, rowenc.Bad(op, "%d numbers", n)
	}
	last, err := do(ctx, s, op, func(w *writer) (last int, err error) {
		err = w.one(newNumbers, []any{unit, day, n}, &last)
		return last, err
	})
	if err != nil {
		return 0, err
	}
	return last - n + 1, nil
}

const (
	dueCases  = `SELECT code FROM cases WHERE timer <> 0 AND timer <= ?1 ORDER BY timer, code LIMIT ?2`
	nextTimer = `SELECT timer FROM cases WHERE timer <> 0 ORDER BY timer LIMIT 1`
	openCases = `SELECT code FROM cases WHERE status = 'open' AND code > ?1 ORDER BY code LIMIT ?2`
)

// Due lists cases whose next timer has come.
func (s *Store) Due(ctx context.Context, now time.Time, limit int) ([]string, error) {
	return s.texts(ctx, "store.due", dueCases, rowenc.Micros(now), limited(limit))
}

// NextDue is the earliest timer of all cases.
func (s *Store) NextDue(ctx context.Context) (time.Time, bool, error) {
	var at int64
	err := s.row(ctx, nextTimer, nil, &at)
	if errors.Is(err, sql.ErrNoRows) {
		return time.Time{}, false, nil
	}
	return rowenc.Time(at), err == nil, failure("store.next_due", "", err)
}

// Open lists codes of unfinished cases.
func (s *Store) Open(ctx context.Context, after string, limit int) ([]string, error) {
	return s.texts(ctx, "store.open", openCases, after, limited(limit))
}

// texts reads one column.
func (s *Store) texts(ctx context.Context, op, q string, args ...any) ([]string, error) {
	out := []string{}
	err := s.each(ctx, q, args, func(r *sql.Rows) error {
		var t string
		err := r.Scan(&t)
		out = append(out, t)
		return err
	})
	if err != nil {
		return nil, failure(op, "", err)
	}
	return out, nil
}
