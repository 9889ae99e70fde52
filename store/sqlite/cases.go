package sqlite

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"lienthong/engine"
	"lienthong/store/rowenc"
)

// loadCase reads a case with one statement, so that it is one committed state: the
// case and its stored state, then the entries since.
const loadCase = `SELECT 0, c.seq, c.head, coalesce(s.seq, 0), s.body, 0, '', '', '', '', '', '', '', NULL, NULL, NULL, NULL
		FROM cases c LEFT JOIN snapshots s ON s.case_code = c.code WHERE c.code = ?1
	UNION ALL SELECT e.seq, 0, NULL, 0, NULL, e.at, e.action, e.step, e.actor_kind, v.engine, v.definition, v.parameters, v.calendar,
		e.payload, e.salt, e.commitment, e.hash
		FROM entries e JOIN versions v ON v.id = e.version
		WHERE e.case_code = ?1 AND e.seq > coalesce((SELECT seq FROM snapshots WHERE case_code = ?1), 0)`

// stored is a case as its rows are.
type stored struct {
	code    string
	present bool
	seq     int64
	head    []byte
	at      int64 // the entry that the stored state stands at; 0 = none
	body    []byte
	tail    []rowenc.Sealed // the entries after it
}

// scan reads one row of loadCase.
func (c *stored) scan(r scanner) error {
	e := rowenc.Sealed{Case: c.code}
	var seq, at int64
	var head, body, payload []byte
	if err := r.Scan(&e.Seq, &seq, &head, &at, &body, &e.At, &e.Action, &e.Step, &e.ActorKind, &e.Engine, &e.Definition, &e.Parameters,
		&e.Calendar, &payload, &e.Salt, &e.Commitment, &e.Hash); err != nil {
		return err
	}
	if e.Seq == 0 {
		c.present, c.seq, c.head, c.at, c.body = true, seq, head, at, body
		return nil
	}
	e.SetPacked(payload)
	c.tail = append(c.tail, e)
	return nil
}

// state is the stored state, nil when there is none.
func (c *stored) state() (*engine.Case, error) {
	if c.body == nil {
		return nil, nil
	}
	b, err := rowenc.Unpack(c.body)
	if err != nil {
		return nil, err
	}
	k, err := rowenc.DecodeCase(b)
	if err != nil {
		return nil, err
	}
	if k.Code != c.code || k.Seq != c.at {
		return nil, fmt.Errorf("it is of %q at %d", k.Code, k.Seq)
	}
	return k, nil
}

// open folds the entries since the stored state on top of it.
func (c *stored) open(op string) (*known, error) {
	k, err := c.state()
	if err != nil {
		return nil, rowenc.Corrupt(op, c.code, c.at, "stored case cannot be read: "+err.Error())
	}
	slices.SortFunc(c.tail, func(a, b rowenc.Sealed) int { return cmp.Compare(a.Seq, b.Seq) })
	next, size := c.at, weight*len(c.body)
	for i := range c.tail {
		next++
		if c.tail[i].Seq != next {
			return nil, rowenc.Corrupt(op, c.code, next, "entry is missing")
		}
		e, err := c.tail[i].Open()
		if err != nil {
			return nil, err
		}
		if c.tail[i].Erased() {
			return nil, rowenc.Corrupt(op, c.code, next, "payload is missing and no stored case stands after it")
		}
		k = engine.Fold(k, e)
		size += len(c.tail[i].Payload)
	}
	if next != c.seq {
		return nil, rowenc.Corrupt(op, c.code, next+1, "entry is missing")
	}
	return &known{state: k, rows: rowenc.Derive(k, nil), head: c.head, stored: c.at, size: size}, nil
}

// Load returns the stored case: the remembered one when the file has no newer,
// which needs no look when this process is the only one that writes.
func (s *Store) Load(ctx context.Context, code string) (*engine.Case, error) {
	const op = "store.load"
	if k := s.cache.get(code); k != nil {
		if s.lock != nil {
			return k.state, nil
		}
		var seq int64
		err := s.reading(ctx, func(c *conn) error { return c.one(`SELECT seq FROM cases WHERE code = ?1`, []any{code}, &seq) })
		if err == nil && seq == k.seq() {
			return k.state, nil
		}
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return nil, failure(op, code, err)
		}
	}
	k, err := s.fetch(ctx, code)
	if err != nil {
		return nil, err
	}
	return k.state, nil
}

// fetch reads a case from the file and remembers it.
func (s *Store) fetch(ctx context.Context, code string) (*known, error) {
	k, err := s.read(ctx, code)
	if err != nil {
		s.cache.drop(code)
		return nil, s.orArchived(ctx, "store.load", code, err)
	}
	s.cache.put(k)
	return k, nil
}

// read reads a case from the file.
func (s *Store) read(ctx context.Context, code string) (*known, error) {
	const op = "store.load"
	c := stored{code: code}
	if err := s.reading(ctx, func(conn *conn) error { return conn.each(loadCase, []any{code}, c.scan) }); err != nil {
		return nil, failure(op, code, err)
	}
	if !c.present {
		return nil, rowenc.Missing(op, code)
	}
	return c.open(op)
}

const sealedCols = `e.case_code, e.seq, e.at, e.action, e.step, e.actor_kind, v.engine, v.definition, v.parameters, v.calendar,
	e.payload, e.salt, e.commitment, e.hash`

func scanSealed(r scanner) (rowenc.Sealed, error) {
	var e rowenc.Sealed
	var payload []byte
	err := r.Scan(&e.Case, &e.Seq, &e.At, &e.Action, &e.Step, &e.ActorKind, &e.Engine, &e.Definition, &e.Parameters, &e.Calendar,
		&payload, &e.Salt, &e.Commitment, &e.Hash)
	e.SetPacked(payload)
	return e, err
}

// historyOf reads sealed entries of a case in order.
const historyOf = `SELECT ` + sealedCols + ` FROM entries e JOIN versions v ON v.id = e.version WHERE e.case_code = ?1 AND e.seq >= ?2 ORDER BY e.seq LIMIT ?3`

// History returns entries from a sequence on.
func (s *Store) History(ctx context.Context, code string, from int64, limit int) ([]engine.Entry, error) {
	return s.history(ctx, code, from, limit, (*rowenc.Sealed).Open)
}

func (s *Store) history(ctx context.Context, code string, from int64, limit int, open func(*rowenc.Sealed) (engine.Entry, error)) ([]engine.Entry, error) {
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
		x, err := open(&e)
		out = append(out, x)
		next++
		return err
	})
	if err != nil {
		return nil, failure(op, code, err)
	}
	if len(out) == 0 {
		return out, s.orArchived(ctx, op, code, nil)
	}
	return out, nil
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
	dueBeside = `SELECT code FROM cases WHERE +timer <> 0 AND +timer <= ?1 ORDER BY +timer, code LIMIT ?2` // where its index is damaged
	nextTimer = `SELECT timer FROM cases WHERE timer <> 0 ORDER BY timer LIMIT 1`
	openCases = `SELECT code FROM cases WHERE status = 'open' AND code > ?1 ORDER BY code LIMIT ?2`
	openUnder = `SELECT code FROM cases WHERE status = 'open' AND code > ?1 AND service = ?3 AND version = ?4 ORDER BY code LIMIT ?2`
)

// Due lists cases whose next timer has come.
func (s *Store) Due(ctx context.Context, now time.Time, limit int) ([]string, error) {
	const op = "store.due"
	codes, err := s.column(ctx, dueCases, rowenc.Micros(now), limited(limit))
	if broken(err) {
		s.noTimers.Do(func() {
			s.log.Error("sqlite: the index cases_timer is damaged; due cases are looked for one by one. Stop the server and make it anew with `verify --repair-indexes`", "err", err)
		})
		codes, err = s.column(ctx, dueBeside, rowenc.Micros(now), limited(limit))
	}
	return codes, failure(op, "", err)
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

// Updated is the business time of the latest entry of all cases, archived ones
// too; zero when there is none. It reads every case's row.
func (s *Store) Updated(ctx context.Context) (time.Time, error) {
	var at sql.NullInt64
	if err := s.row(ctx, `SELECT max(updated) FROM cases`, nil, &at); err != nil || !at.Valid {
		return time.Time{}, failure("store.updated", "", err)
	}
	return rowenc.Time(at.Int64), nil
}

// Open lists codes of unfinished cases.
func (s *Store) Open(ctx context.Context, after string, limit int) ([]string, error) {
	return s.texts(ctx, "store.open", openCases, after, limited(limit))
}

// Kept lists codes of cases whose history is in this file, in order.
func (s *Store) Kept(ctx context.Context, after string, limit int) ([]string, error) {
	return s.texts(ctx, "store.kept", casesHere, after, limited(limit))
}

// Archived counts the cases whose history was moved to archive files.
func (s *Store) Archived(ctx context.Context) (n int64, err error) {
	err = s.row(ctx, `SELECT count(*) FROM archived`, nil, &n)
	return n, failure("store.archived", "", err)
}

// OpenUnder lists codes of unfinished cases of one version of a service.
func (s *Store) OpenUnder(ctx context.Context, service, version, after string, limit int) ([]string, error) {
	return s.texts(ctx, "store.open_under", openUnder, after, limited(limit), service, version)
}

// texts reads one column.
func (s *Store) texts(ctx context.Context, op, q string, args ...any) ([]string, error) {
	out, err := s.column(ctx, q, args...)
	return out, failure(op, "", err)
}

// column is texts with the error that SQLite gives.
func (s *Store) column(ctx context.Context, q string, args ...any) ([]string, error) {
	out := []string{}
	err := s.each(ctx, q, args, func(r *sql.Rows) error {
		var t string
		err := r.Scan(&t)
		out = append(out, t)
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}
