package agencies

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	_ "github.com/mattn/go-sqlite3" // driver "sqlite3"

	"lienthong/agencies/seed"
	"lienthong/agencies/wire"
)

const schema = `
CREATE TABLE IF NOT EXISTS records (
	kind TEXT NOT NULL, id TEXT NOT NULL, owner TEXT NOT NULL DEFAULT '', data TEXT NOT NULL,
	PRIMARY KEY (kind, id)
) WITHOUT ROWID, STRICT;
CREATE INDEX IF NOT EXISTS records_owner ON records (kind, owner) WHERE owner <> '';
CREATE TABLE IF NOT EXISTS sequences (name TEXT PRIMARY KEY, last INTEGER NOT NULL) WITHOUT ROWID, STRICT;
CREATE TABLE IF NOT EXISTS requests (
	key TEXT PRIMARY KEY, operation TEXT NOT NULL, case_id TEXT NOT NULL, step TEXT NOT NULL,
	hash TEXT NOT NULL, input TEXT NOT NULL, callback TEXT NOT NULL, traceparent TEXT NOT NULL,
	state TEXT NOT NULL CHECK (state IN ('later','done','refused','cancelled')),
	code TEXT NOT NULL DEFAULT '', data TEXT NOT NULL DEFAULT '{}',
	due INTEGER, expected INTEGER NOT NULL DEFAULT 0, performed INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID, STRICT;
CREATE INDEX IF NOT EXISTS requests_done ON requests (hash) WHERE state = 'done';
CREATE INDEX IF NOT EXISTS requests_due ON requests (due) WHERE state = 'later';
CREATE TABLE IF NOT EXISTS callbacks (
	id INTEGER PRIMARY KEY, key TEXT NOT NULL, message TEXT NOT NULL UNIQUE, operation TEXT NOT NULL,
	url TEXT NOT NULL, traceparent TEXT NOT NULL, body TEXT NOT NULL, times INTEGER NOT NULL,
	attempts INTEGER NOT NULL DEFAULT 0, delivered INTEGER NOT NULL DEFAULT 0,
	next_wall INTEGER NOT NULL DEFAULT 0, next_business INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX IF NOT EXISTS callbacks_pending ON callbacks (id) WHERE delivered = 0;
`

// registry is one register with its requests, its dial and its callbacks.
type registry struct {
	id         string
	operations map[string]operation
	kinds      map[string]kind // what may be seeded
	agencies   *Agencies
	db         *sql.DB // one connection: the only writer and reader

	stepping sync.Mutex // one Step at a time

	mu       sync.Mutex
	dial     Faults
	attempts map[string]int // by request or message, for the draws
}

// operation is one thing a registry can be asked to do.
type operation struct {
	changes     bool // the register
	cancellable bool
	waits       bool // answers only when somebody outside acts (payment)
	needs       []need
	refusals    []string
	perform     func(*tx, object) (object, error)
	clashes     func(*tx, object) error // errClash: with what was done under another key; nil = never
}

// kind says how a seeded record of the register is named and owned.
type kind struct{ id, owner string }

func (r *registry) open(dsn string) error {
	db, err := sql.Open("sqlite3", dsn)
	if err != nil {
		return fmt.Errorf("agencies: %s: %w", r.id, err)
	}
	db.SetMaxOpenConns(1)
	db.SetMaxIdleConns(1)
	db.SetConnMaxLifetime(0)
	if _, err := db.Exec(schema); err != nil {
		return errors.Join(fmt.Errorf("agencies: %s: schema: %w", r.id, err), db.Close())
	}
	r.db = db
	return nil
}

// dsn puts every setting in the data source name, where each new connection
// of the pool gets it.
func dsn(dir, registry string) string {
	settings := "_txlock=immediate&_synchronous=FULL&_busy_timeout=10000&_foreign_keys=on"
	if dir == "" || dir == ":memory:" {
		return "file::memory:?" + settings
	}
	path := (&url.URL{Path: filepath.Join(dir, registry+".db")}).EscapedPath()
	return "file:" + path + "?_journal_mode=WAL&" + settings
}

// fill seeds an empty register, once.
func (r *registry) fill(records []seed.Record) error {
	return r.update(time.Time{}, "", func(t *tx) error {
		n, err := t.next("seeded")
		if err != nil || n > 1 {
			return err
		}
		for _, rec := range records {
			if err := t.put(rec.Kind, rec.ID, rec.Owner, rec.Data); err != nil {
				return err
			}
		}
		return nil
	})
}

// tx is one transaction on a register, at one business time, for one request.
type tx struct {
	*sql.Tx
	r   *registry
	now time.Time
	key string
}

// update runs fn in one immediate transaction. It ends even when the caller
// has gone: a half-cancelled connection would lose a database in memory.
func (r *registry) update(now time.Time, key string, fn func(*tx) error) (err error) {
	sqltx, err := r.db.BeginTx(context.Background(), nil)
	if err != nil {
		return fmt.Errorf("agencies: %s: %w", r.id, err)
	}
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("agencies: %s: panic: %v", r.id, p)
		}
		if err != nil {
			err = errors.Join(err, sqltx.Rollback())
		}
	}()
	if err := fn(&tx{sqltx, r, now, key}); err != nil {
		return err
	}
	if err := sqltx.Commit(); err != nil {
		return fmt.Errorf("agencies: %s: commit: %w", r.id, err)
	}
	return nil
}

func (t *tx) get(kind, id string) (object, bool, error) {
	var data string
	err := t.QueryRow(`SELECT data FROM records WHERE kind = ?1 AND id = ?2`, kind, id).Scan(&data)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, err
	}
	o, err := wire.DecodeObject([]byte(data))
	return o, err == nil, err
}

// must is get of what has to be there: it refuses with a code what is not.
func (t *tx) must(kind, id, code string) (object, error) {
	o, ok, err := t.get(kind, id)
	if err == nil && !ok {
		err = refuse(code)
	}
	return o, err
}

func (t *tx) put(kind, id, owner string, data map[string]any) error {
	text, err := json.Marshal(data)
	if err != nil {
		return err
	}
	_, err = t.Exec(`INSERT INTO records (kind, id, owner, data) VALUES (?1, ?2, ?3, ?4)
		ON CONFLICT (kind, id) DO UPDATE SET owner = excluded.owner, data = excluded.data`, kind, id, owner, string(text))
	return err
}

func (t *tx) drop(kind, id string) error {
	_, err := t.Exec(`DELETE FROM records WHERE kind = ?1 AND id = ?2`, kind, id)
	return err
}

// owned lists the records of a kind that belong to one owner, by id.
func (t *tx) owned(kind, owner string) ([]object, error) {
	rows, err := t.Query(`SELECT data FROM records WHERE kind = ?1 AND owner = ?2 ORDER BY id`, kind, owner)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []object
	for rows.Next() {
		var data string
		if err := rows.Scan(&data); err != nil {
			return nil, err
		}
		o, err := wire.DecodeObject([]byte(data))
		if err != nil {
			return nil, err
		}
		all = append(all, o)
	}
	return all, rows.Err()
}

// next counts a named sequence up.
func (t *tx) next(name string) (int64, error) {
	var n int64
	err := t.QueryRow(`INSERT INTO sequences (name, last) VALUES (?1, 1)
		ON CONFLICT (name) DO UPDATE SET last = last + 1 RETURNING last`, name).Scan(&n)
	return n, err
}

// digits draws n decimal digits that depend on the seed and on parts only.
func (t *tx) digits(n int, parts ...any) string {
	v := draw(t.r.agencies.config.Seed, append([]any{t.r.id}, parts...)...)
	s := strconv.FormatUint(v%1_000_000_000_000_000_000, 10)
	return (strings.Repeat("0", 18) + s)[len(s)+18-n:]
}

// draw is a number that depends on the seed and on parts only.
func draw(seed int64, parts ...any) uint64 {
	h := sha256.New()
	fmt.Fprint(h, seed)
	for _, p := range parts {
		fmt.Fprintf(h, "|%v", p)
	}
	return binary.BigEndian.Uint64(h.Sum(nil))
}

// citizen asks the population register about a person.
func (t *tx) citizen(id string) (object, bool, error) {
	p := t.r.agencies.registries["population"]
	if p == t.r {
		return t.get("person", id)
	}
	var found object
	var ok bool
	err := p.update(t.now, "", func(pt *tx) (err error) {
		found, ok, err = pt.get("person", id)
		return err
	})
	return found, ok, err
}
