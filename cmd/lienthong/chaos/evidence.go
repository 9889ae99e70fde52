package chaos

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"

	_ "github.com/mattn/go-sqlite3" // driver "sqlite3"

	"lienthong/agencies"
	"lienthong/engine"
	"lienthong/store/sqlite"
)

// book reads a store for the audit.
type book struct{ store engine.Store }

// Case returns a case and its history; nil when it is not there.
func (b book) Case(ctx context.Context, code string) (*engine.Case, []engine.Entry, error) {
	c, err := b.store.Load(ctx, code)
	if engine.CodeOf(err) == engine.NotFound {
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, err
	}
	entries, err := b.store.History(ctx, code, 1, 0)
	return c, entries, err
}

// Answer returns what was answered under a key; nil when nothing was.
func (b book) Answer(ctx context.Context, actor, key string) (*engine.Answer, error) {
	return b.store.Answered(ctx, actor, key)
}

// Account returns how often an account was written, 0 when it is not there.
func (b book) Account(ctx context.Context, id string) (int64, error) {
	a, err := b.store.Account(ctx, id)
	if engine.CodeOf(err) == engine.NotFound {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	return a.Rev, nil
}

// inquest opens a store and the registers that nobody has open any more and
// audits them. complete says that everything must have ended and been delivered;
// without it only what was acknowledged and performed is looked at.
func inquest(ctx context.Context, db, registers string, tries []Try, trouble []string, complete bool) (f Findings, err error) {
	store, err := sqlite.Open(ctx, sqlite.Config{Path: db})
	if err != nil {
		return f, fmt.Errorf("the database does not open: %w", err)
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	e := Evidence{Tries: tries, Book: book{store}, Trouble: trouble, Owed: map[string]string{}, Blind: registers == ""}
	_, err = store.Verify(ctx, func(code string, seq int64, what string) {
		e.Damaged = append(e.Damaged, fmt.Sprintf("case %s entry %d: %s", code, seq, what))
	})
	if err != nil {
		return f, fmt.Errorf("verifying: %w", err)
	}
	if e.Cases, err = store.Open(ctx, "", 0); err != nil {
		return f, err
	}
	owed, err := store.Deliveries(ctx, "", "", "", 0)
	if err != nil {
		return f, err
	}
	for _, d := range owed {
		if d.Status != engine.DeliveryDone && d.Status != engine.DeliverySkipped {
			e.Owed[d.Key] = fmt.Sprintf("%s to %s/%s (%s, %d tries, %s)", d.Key, d.Registry, d.Operation, d.Status, d.Tries, d.LastError.Text().EN)
		}
	}
	if registers != "" {
		if e.Requests, e.Records, err = readRegisters(ctx, registers); err != nil {
			return f, err
		}
	}
	if f, err = Audit(ctx, e); err != nil {
		return f, err
	}
	if !complete {
		f.Unended = nil
	}
	return f, nil
}

// records are the registers' lines that a child has one of.
var records = map[string][]string{"civil_status": {"birth"}, "social_insurance": {"card"}, "identity_card": {"card"}, "population": {"assignment"}}

// readRegisters reads the files of registries that have ended.
func readRegisters(ctx context.Context, dir string) ([]Request, []Record, error) {
	var requests []Request
	var lines []Record
	for _, id := range agencies.IDs {
		file := filepath.Join(dir, id+".db")
		if _, err := os.Stat(file); err != nil {
			return nil, nil, err
		}
		db, err := sql.Open("sqlite3", "file:"+(&url.URL{Path: file}).EscapedPath()+"?mode=rw&_query_only=1")
		if err != nil {
			return nil, nil, err
		}
		rs, err := readRequests(ctx, db, id)
		var ls []Record
		for _, kind := range records[id] {
			if err == nil {
				var more []Record
				more, err = readRecords(ctx, db, id, kind)
				ls = append(ls, more...)
			}
		}
		if err = errors.Join(err, db.Close()); err != nil {
			return nil, nil, fmt.Errorf("register %s: %w", id, err)
		}
		requests, lines = append(requests, rs...), append(lines, ls...)
	}
	return requests, lines, nil
}

func readRequests(ctx context.Context, db *sql.DB, registry string) (out []Request, err error) {
	rows, err := db.QueryContext(ctx, `SELECT operation, key, case_id, state, coalesce(data, ''), performed FROM requests`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		r := Request{Registry: registry}
		if err := rows.Scan(&r.Operation, &r.Key, &r.Case, &r.State, &r.Answer, &r.Performed); err != nil {
			return nil, err
		}
		out = append(out, r)
	}
	return out, rows.Err()
}

func readRecords(ctx context.Context, db *sql.DB, registry, kind string) (out []Record, err error) {
	rows, err := db.QueryContext(ctx, `SELECT id, owner, coalesce(json_extract(data, '$.notice'), ''), coalesce(json_extract(data, '$.annulled'), 0)
		FROM records WHERE kind = ?1`, kind)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		r := Record{Registry: registry, Kind: kind}
		if err := rows.Scan(&r.ID, &r.Owner, &r.Notice, &r.Annulled); err != nil {
			return nil, err
		}
		out = append(out, r)
	}
	return out, rows.Err()
}
