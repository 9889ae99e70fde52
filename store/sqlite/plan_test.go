package sqlite

import (
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"lienthong/engine"
	"lienthong/store/rowenc"
	"lienthong/store/storetest"
)

// TestPlans: every query finds its rows through an index and none walks a table
// that grows.
func TestPlans(t *testing.T) {
	s := open(t, t.TempDir(), storetest.Hooks{}).(*Store)
	defer s.Close()
	queries := map[string]string{
		"load": loadCase, "history": historyOf, "due": dueCases, "next timer": nextTimer, "open": openCases,
		"claim": claim, "held": held, "thaw": thaw, "settle": settle, "cases of": casesOf + ` AND (filed, code) < (?2, ?3) ORDER BY filed DESC, code DESC LIMIT ?4`,
		"tasks": tasksOf, "notes": notesTo + ` AND (at, turn) < (?2, ?3) ORDER BY at DESC, turn DESC LIMIT ?4`,
		"accounts": accountsAll, "accounts of": accountsOfOffice, "drafts": draftsOf, "document": documentByID, "access": accessTo,
		"codes": historiesAfter, "cases": casesAfter, "cases here": casesHere, "update case": updateCase,
		"plan cases":   `SELECT code FROM cases WHERE code IN ` + list(8),
		"plan places":  `SELECT step FROM dossiers WHERE case_code IN ` + list(8),
		"plan keys":    `SELECT key, case_code FROM case_keys WHERE key IN ` + list(8),
		"plan codes":   `SELECT code, case_code FROM codes WHERE code IN ` + list(8),
		"plan answers": `SELECT digest FROM answers WHERE (actor, key) IN (VALUES ` + tuples(8, 2) + `)`,
		"erase":        `UPDATE entries SET payload = NULL, salt = NULL WHERE case_code = ?1 AND seq <= ?2 AND payload IS NOT NULL`,
		"drop search":  `DELETE FROM search WHERE office = ?1 AND token = ?2 AND case_code = ?3 AND step = ?4`,
		"drop tasks":   `DELETE FROM tasks WHERE case_code = ?1`,
	}
	for i, q := range prune {
		queries[fmt.Sprintf("prune %d", i)] = q
	}
	from := &engine.Row{Code: "c"}
	for name, q := range map[string]engine.RowQuery{
		"all": {}, "text": {Text: "nguyen hoa"}, "code": {Text: "#"}, "filters": {Procedure: "p", State: "s", Assignee: "a", Overdue: time.Now()},
	} {
		queries["rows "+name], _ = rowsQuery(rowCols, q, "o", rowenc.ShelfLive, from, 10)
		queries["count "+name], _ = rowsQuery("1", q, "o", rowenc.ShelfLive, nil, 10)
	}
	for _, status := range []string{"", "incident"} {
		queries["deliveries "+status], _ = deliveriesQuery("r", status, nil, 10)
		queries["more deliveries "+status], _ = deliveriesQuery("r", status, &rowenc.DeliveryRow{}, 10)
	}
	// Walks along an index in its order, ended by LIMIT, and what a subquery made.
	allowed := regexp.MustCompile(`^(SCAN f|SCAN \d+-ROW VALUES CLAUSE|SCAN cases USING COVERING INDEX cases_timer|SCAN outbox USING INDEX outbox_age)$`)
	for name, q := range queries {
		t.Run(name, func(t *testing.T) {
			for _, line := range explain(t, s.readDB, q) {
				if strings.HasPrefix(line, "SCAN") && !allowed.MatchString(line) {
					t.Errorf("%s\nin %s", line, q)
				}
				sorts := strings.Contains(line, "TEMP B-TREE") && !strings.HasPrefix(name, "rows text") && !strings.HasPrefix(name, "count text") &&
					!strings.Contains(name, " code") && name != "claim" && name != "load" && name != "drafts" && name != "codes"
				if sorts {
					t.Errorf("%s\nin %s", line, q)
				}
			}
		})
	}
}

func explain(t *testing.T, db *sql.DB, q string) (plan []string) {
	t.Helper()
	n := 0
	for _, m := range regexp.MustCompile(`\?(\d+)`).FindAllStringSubmatch(q, -1) {
		var k int
		if _, err := fmt.Sscan(m[1], &k); err != nil {
			t.Fatal(err)
		}
		n = max(n, k)
	}
	rows, err := db.Query(`EXPLAIN QUERY PLAN `+q, make([]any, n)...)
	if err != nil {
		t.Fatalf("%s: %v", q, err)
	}
	err = walk(rows, func(r *sql.Rows) error {
		var id, parent, unused int
		var detail string
		err := r.Scan(&id, &parent, &unused, &detail)
		plan = append(plan, detail)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return plan
}

// TestAppendOnly: not even SQL changes history or the access log.
func TestAppendOnly(t *testing.T) {
	s := open(t, t.TempDir(), storetest.Hooks{}).(*Store)
	defer s.Close()
	if err := s.Append(t.Context(), storetest.File(storetest.Filing{Code: "A"}).Change()); err != nil {
		t.Fatal(err)
	}
	if err := s.LogAccess(t.Context(), engine.Access{At: storetest.T0, Account: "lan", Case: "A", What: "case"}); err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite3", dsn(s.cfg.Path, nil))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, q := range []string{
		`UPDATE entries SET at = at + 1`, `UPDATE entries SET action = ''`, `UPDATE entries SET hash = x'00'`, `UPDATE entries SET seq = 2`,
		`UPDATE entries SET commitment = x'00', payload = NULL, salt = NULL`, `UPDATE entries SET payload = x'00'`, `UPDATE entries SET payload = NULL`,
		`UPDATE entries SET id = 7, payload = NULL, salt = NULL`, `DELETE FROM entries`,
		`INSERT OR REPLACE INTO entries SELECT * FROM entries`,
		`INSERT OR REPLACE INTO entries (id, case_code, seq, at, action, step, actor_kind, engine, definition, parameters, calendar, commitment, hash)
			SELECT id, case_code, 2, 0, '', '', '', '', '', '', '', x'', x'' FROM entries`,
		`UPDATE access_log SET what = ''`, `DELETE FROM access_log`, `INSERT OR REPLACE INTO access_log SELECT * FROM access_log`,
	} {
		if _, err := db.Exec(q); err == nil || !strings.Contains(err.Error(), "append-only") {
			t.Errorf("%s: %v", q, err)
		}
	}
	run(t, db, `UPDATE entries SET payload = NULL, salt = NULL`)
}

// TestReaders: the reader pool cannot write.
func TestReaders(t *testing.T) {
	s := open(t, t.TempDir(), storetest.Hooks{}).(*Store)
	defer s.Close()
	if _, err := s.readDB.Exec(`DELETE FROM cases`); err == nil {
		t.Fatal("a reader wrote")
	}
	for q, want := range map[string]string{`PRAGMA journal_mode`: "wal", `PRAGMA foreign_keys`: "1", `PRAGMA synchronous`: "2"} {
		got, err := do(t.Context(), s, "test", func(w *writer) (string, error) {
			var v string
			err := w.one(q, nil, &v)
			return v, err
		})
		if err != nil || got != want {
			t.Errorf("%s is %q, want %q (%v)", q, got, want, err)
		}
	}
}

// TestNewerSchema: a database that a newer program has migrated is refused.
func TestNewerSchema(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, storetest.Hooks{}).(*Store)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	behind(t, s, func(db *sql.DB) {
		run(t, db, `INSERT INTO goose_db_version (version_id, is_applied) VALUES (99999, 1)`)
	})
	if _, err := Open(t.Context(), s.cfg); err == nil || !strings.Contains(err.Error(), "newer") {
		t.Fatalf("opened: %v", err)
	}
}

// TestQueueFull: a store that has too much to do says so at once.
func TestQueueFull(t *testing.T) {
	entered, release := make(chan struct{}), make(chan struct{})
	first := true
	s, err := Open(t.Context(), Config{Path: filepath.Join(t.TempDir(), "x.db"), MaxQueue: 1, Hooks: Hooks{Commit: func(commit func() error) error {
		if first {
			first = false
			close(entered)
			<-release
		}
		return commit()
	}}})
	if err != nil {
		t.Fatal(err)
	}
	answers := make(chan error, 2)
	go func() { answers <- s.EndSession(t.Context(), "1") }()
	<-entered
	go func() { answers <- s.EndSession(t.Context(), "2") }()
	storetest.Queued(s)(1)
	if err := s.EndSession(t.Context(), "3"); engine.CodeOf(err) != engine.Unavailable {
		t.Errorf("error is %v", err)
	}
	close(release)
	if err := errors.Join(<-answers, <-answers, s.Close()); err != nil {
		t.Fatal(err)
	}
}

// TestJobs: a job that fails or panics takes only itself back.
func TestJobs(t *testing.T) {
	s := open(t, t.TempDir(), storetest.Hooks{}).(*Store)
	defer s.Close()
	write := func(w *writer) error { return w.exec(`INSERT INTO counters (unit, day, last) VALUES ('u', 'd', 1)`) }
	err := exec(t.Context(), s, "test", func(w *writer) error { return errors.Join(write(w), errors.New("no")) })
	if engine.CodeOf(err) != engine.Internal {
		t.Fatalf("error is %v", err)
	}
	err = exec(t.Context(), s, "test", func(w *writer) error { _ = write(w); panic("on purpose") })
	if engine.CodeOf(err) != engine.Internal {
		t.Fatalf("error is %v", err)
	}
	if n, err := s.Codes(t.Context(), "u", "d", 1); err != nil || n != 1 {
		t.Fatalf("number %d, %v", n, err)
	}
}

func TestConfig(t *testing.T) {
	for _, c := range []Config{{}, {Path: "x", MaxBatch: -1}, {Path: "x", Linger: -1}} {
		if _, err := Open(t.Context(), c); err == nil {
			t.Errorf("%+v was opened", c)
		}
	}
	if _, err := Open(t.Context(), Config{Path: filepath.Join(t.TempDir(), "none", "x.db")}); err == nil {
		t.Error("a folder that does not exist was opened")
	}
}
