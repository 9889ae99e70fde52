package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"time"

	"lienthong/engine"
	"lienthong/store/rowenc"
)

const accountCols = `id, kind, person, name, phone, email, office, roles, secret, valid_from, valid_until, disabled, rev`

func scanAccount(scan func(...any) error) (engine.Account, error) {
	var a engine.Account
	var kind, roles string
	var from, to int64
	err := scan(&a.ID, &kind, &a.Person, &a.Name, &a.Phone, &a.Email, &a.Office, &roles, &a.Secret, &from, &to, &a.Disabled, &a.Rev)
	if err != nil {
		return a, err
	}
	a.Kind, a.From, a.To = engine.ActorKind(kind), rowenc.Time(from), rowenc.Time(to)
	return a, json.Unmarshal([]byte(roles), &a.Roles)
}

const (
	insertAccount = `INSERT INTO accounts (` + accountCols + `) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13) ON CONFLICT DO NOTHING`
	updateAccount = `UPDATE accounts SET kind = ?2, person = ?3, name = ?4, phone = ?5, email = ?6, office = ?7, roles = ?8, secret = ?9,
		valid_from = ?10, valid_until = ?11, disabled = ?12, rev = ?13 WHERE id = ?1 AND rev = ?13 - 1`
)

// PutAccount makes or changes an account.
func (s *Store) PutAccount(ctx context.Context, a engine.Account, ifRev int64, answer *engine.Answer) error {
	const op = "store.put_account"
	if a.ID == "" {
		return rowenc.Bad(op, "an account needs a name")
	}
	roles, err := json.Marshal(a.Roles)
	if err != nil {
		return rowenc.Bad(op, "account: %w", err)
	}
	put := putRev(op, ifRev, insertAccount, updateAccount, a.ID, string(a.Kind), a.Person, a.Name, a.Phone, a.Email, a.Office,
		string(roles), a.Secret, rowenc.Micros(a.From), rowenc.Micros(a.To), a.Disabled, ifRev+1)
	return s.submit(&job{ctx: ctx, op: op, lane: laneDesk, run: answering(op, answer, put), after: func() { s.people.forget(a.ID, "") }})
}

// putRev inserts when ifRev is 0 and updates otherwise; the statement tells by
// the number of rows whether it found what it expected.
func putRev(op string, ifRev int64, insert, update string, args ...any) func(*writer) error {
	return func(w *writer) error {
		if ifRev == 0 {
			n, err := w.changed(insert, args...)
			if err == nil && n == 0 {
				err = rowenc.Duplicate(op, "", "")
			}
			return err
		}
		n, err := w.changed(update, args...)
		if err == nil && n == 0 {
			err = rowenc.Stale(op, "")
		}
		return err
	}
}

// Account returns one by name.
func (s *Store) Account(ctx context.Context, id string) (*engine.Account, error) {
	const op = "store.account"
	a, known, changes := s.people.account(id)
	if known {
		return &a, nil
	}
	st, err := s.prepared(`SELECT ` + accountCols + ` FROM accounts WHERE id = ?1`)
	if err != nil {
		return nil, failure(op, "", err)
	}
	a, err = scanAccount(st.QueryRowContext(ctx, id).Scan)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, rowenc.Missing(op, "")
	}
	if err != nil {
		return nil, failure(op, "", err)
	}
	s.people.keepAccount(a, changes)
	return &a, nil
}

const (
	accountsOfOffice = `SELECT ` + accountCols + ` FROM accounts WHERE office = ?3 AND id > ?1 ORDER BY id LIMIT ?2`
	accountsAll      = `SELECT ` + accountCols + ` FROM accounts WHERE id > ?1 ORDER BY id LIMIT ?2`
)

// Accounts lists accounts of an office, or all, by name.
func (s *Store) Accounts(ctx context.Context, office, after string, limit int) ([]engine.Account, error) {
	q, args := accountsAll, []any{after, limited(limit)}
	if office != "" {
		q, args = accountsOfOffice, append(args, office)
	}
	out := []engine.Account{}
	err := s.each(ctx, q, args, func(r *sql.Rows) error {
		a, err := scanAccount(r.Scan)
		out = append(out, a)
		return err
	})
	if err != nil {
		return nil, failure("store.accounts", "", err)
	}
	return out, nil
}

// PutSession keeps a session.
func (s *Store) PutSession(ctx context.Context, v engine.Session) error {
	return s.session(ctx, "store.put_session", v.Token, func(w *writer) error {
		return w.exec(`INSERT INTO sessions (token, account, since, until) VALUES (?1, ?2, ?3, ?4)
			ON CONFLICT (token) DO UPDATE SET account = excluded.account, since = excluded.since, until = excluded.until`,
			v.Token, v.Account, rowenc.Micros(v.From), rowenc.Micros(v.Until))
	})
}

// session changes one.
func (s *Store) session(ctx context.Context, op, token string, change func(*writer) error) error {
	return s.submit(&job{ctx: ctx, op: op, lane: laneDesk, run: change, after: func() { s.people.forget("", token) }})
}

// Session returns one that is not over.
func (s *Store) Session(ctx context.Context, token string, now time.Time) (*engine.Session, error) {
	const op = "store.session"
	v, known, changes := s.people.session(token)
	if !known {
		var from, until int64
		v.Token = token
		err := s.row(ctx, `SELECT account, since, until FROM sessions WHERE token = ?1`, []any{token}, &v.Account, &from, &until)
		if errors.Is(err, sql.ErrNoRows) {
			return nil, rowenc.NoSession(op)
		}
		if err != nil {
			return nil, failure(op, "", err)
		}
		v.From, v.Until = rowenc.Time(from), rowenc.Time(until)
		s.people.keepSession(v, changes)
	}
	if !v.Until.After(now) {
		return nil, rowenc.NoSession(op)
	}
	return &v, nil
}

// EndSession forgets a session.
func (s *Store) EndSession(ctx context.Context, token string) error {
	return s.session(ctx, "store.end_session", token, func(w *writer) error {
		return w.exec(`DELETE FROM sessions WHERE token = ?1`, token)
	})
}
