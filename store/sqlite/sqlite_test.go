package sqlite

import (
	"context"
	"database/sql"
	"path/filepath"
	"testing"

	"go.uber.org/goleak"

	"lienthong/engine"
	"lienthong/store/memory"
	"lienthong/store/rowenc"
	"lienthong/store/storetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func open(t testing.TB, dir string, h storetest.Hooks) engine.Store {
	t.Helper()
	s, err := Open(context.Background(), Config{Path: filepath.Join(dir, "lien thong ?#%.db"), Hooks: Hooks{Plan: h.Plan, Commit: h.Commit}, few: 2})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func target() storetest.Target {
	return storetest.Target{Open: open, Groups: true, Durable: true, Tamper: tamper, Remove: remove, TamperCase: tamperCase, TamperAccess: tamperAccess}
}

func TestStore(t *testing.T) { storetest.Run(t, target()) }

// TestStoreVariants: the promises do not depend on what is remembered or how often
// a case is stored whole.
func TestStoreVariants(t *testing.T) {
	for name, c := range map[string]Config{
		"nothing remembered": {CacheBytes: -1}, "alone, always stored": {TakeOver: true, Snapshot: 1}, "hardly anything remembered": {CacheBytes: 2 * baseSize, Snapshot: 3},
		"bound at once": {TakeOver: true, volume: 1},
	} {
		if testing.Short() && c.Snapshot != 3 { // one beside TestStore is enough for the race detector
			continue
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			storetest.Run(t, configured(c))
		})
	}
}

// configured is the store with a configuration of its own.
func configured(c Config) storetest.Target {
	x := target()
	x.Open = func(t testing.TB, dir string, h storetest.Hooks) engine.Store {
		c := c
		c.Path, c.Hooks = filepath.Join(dir, "x.db"), Hooks{Plan: h.Plan, Commit: h.Commit}
		s, err := Open(context.Background(), c)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	return x
}

// behind runs SQL behind the store's back, without the triggers.
func behind(t testing.TB, s engine.Store, f func(*sql.DB)) {
	t.Helper()
	db, err := sql.Open("sqlite3", dsn(s.(*Store).cfg.Path, map[string][]string{"_busy_timeout": {"5000"}}))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	type trigger struct{ name, sql string }
	var ts []trigger
	rows, err := db.Query(`SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'`)
	if err != nil {
		t.Fatal(err)
	}
	err = walk(rows, func(r *sql.Rows) error {
		var x trigger
		err := r.Scan(&x.name, &x.sql)
		ts = append(ts, x)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range ts {
		run(t, db, `DROP TRIGGER `+x.name)
	}
	f(db)
	for _, x := range ts {
		run(t, db, x.sql)
	}
}

func run(t testing.TB, db *sql.DB, q string, args ...any) {
	t.Helper()
	if _, err := db.Exec(q, args...); err != nil {
		t.Fatalf("%s: %v", q, err)
	}
}

func tamper(t testing.TB, s engine.Store, code string, seq int64, change func(*rowenc.Sealed)) {
	t.Helper()
	behind(t, s, func(db *sql.DB) {
		rows, err := db.Query(`SELECT `+sealedCols+` FROM entries e JOIN versions v ON v.id = e.version WHERE case_code = ?1 AND seq = ?2`, code, seq)
		if err != nil {
			t.Fatal(err)
		}
		var e rowenc.Sealed
		err = walk(rows, func(r *sql.Rows) (err error) { e, err = scanSealed(r); return err })
		if err != nil {
			t.Fatal(err)
		}
		change(&e)
		run(t, db, `INSERT INTO versions (engine, definition, parameters, calendar) VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING`,
			e.Engine, e.Definition, e.Parameters, e.Calendar)
		run(t, db, `UPDATE entries SET case_code = ?3, seq = ?4, at = ?5, action = ?6, step = ?7, actor_kind = ?8, version =
			(SELECT id FROM versions WHERE engine = ?9 AND definition = ?10 AND parameters = ?11 AND calendar = ?12),
			payload = ?13, salt = ?14, commitment = ?15, hash = ?16 WHERE case_code = ?1 AND seq = ?2`,
			code, seq, e.Case, e.Seq, e.At, e.Action, e.Step, e.ActorKind, e.Engine, e.Definition, e.Parameters, e.Calendar,
			e.Payload, e.Salt, e.Commitment, e.Hash)
	})
}

func remove(t testing.TB, s engine.Store, code string, seq int64) {
	t.Helper()
	behind(t, s, func(db *sql.DB) { run(t, db, `DELETE FROM entries WHERE case_code = ?1 AND seq = ?2`, code, seq) })
}

func tamperCase(t testing.TB, s engine.Store, code string, change func([]byte) []byte) {
	t.Helper()
	behind(t, s, func(db *sql.DB) {
		var body []byte
		if err := db.QueryRow(`SELECT body FROM snapshots WHERE case_code = ?1`, code).Scan(&body); err != nil {
			t.Fatal(err)
		}
		text, err := rowenc.Unpack(body)
		if err != nil {
			t.Fatal(err)
		}
		run(t, db, `UPDATE snapshots SET body = ?2 WHERE case_code = ?1`, code, rowenc.Pack(change(text)))
	})
	s.(*Store).cache.drop(code)
}

func tamperAccess(t testing.TB, s engine.Store, n int64, change func(*rowenc.AccessRow)) {
	t.Helper()
	behind(t, s, func(db *sql.DB) {
		rows, err := db.Query(`SELECT `+accessCols+` FROM access_log WHERE n = ?1`, n)
		if err != nil {
			t.Fatal(err)
		}
		var a rowenc.AccessRow
		err = walk(rows, func(r *sql.Rows) (err error) { a, err = scanAccess(r); return err })
		if err != nil {
			t.Fatal(err)
		}
		change(&a)
		run(t, db, `UPDATE access_log SET at = ?2, account = ?3, office = ?4, case_code = ?5, what = ?6, hash = ?7 WHERE n = ?1`,
			n, a.At, a.Account, a.Office, a.Case, a.What, a.Hash)
	})
}

// TestDifferential compares this store with the oracle, call by call.
func TestDifferential(t *testing.T) {
	oracle := storetest.Target{Open: func(_ testing.TB, _ string, h storetest.Hooks) engine.Store {
		return memory.NewWithHooks(memory.Hooks{Plan: h.Plan, Commit: h.Commit})
	}}
	storetest.Differential(t, oracle, configured(Config{volume: 1})) // what is not bound by a call of its own is loose
}

func BenchmarkStore(b *testing.B) { storetest.Bench(b, target()) }
