package sqlite

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"lienthong/engine"
	"lienthong/store/rowenc"
	"lienthong/store/storetest"

	"github.com/mattn/go-sqlite3"
)

// allowed are the lines of a plan that TestPlans would find fault with, each with
// the reason why the rows that it touches are few. The text is how the statement
// begins, after its spaces were made single.
var allowed = []struct{ text, line, why string }{
	{"SELECT " + rowCols + " FROM dossiers d CROSS JOIN cases c ON c.code = d.case_code WHERE d.place IN", `^USE TEMP B-TREE FOR ORDER BY$`, "as many as are looked up"},
	{"SELECT 1 FROM dossiers d CROSS JOIN cases c ON c.code = d.case_code WHERE d.place IN", `^USE TEMP B-TREE FOR ORDER BY$`, "as many as are counted"},
	{"SELECT (SELECT coalesce(sum(length(places", `^SCAN CONSTANT ROW$`, "one volume"},
	{allVolumes, `^SCAN volumes$`, "after an archiving, while no server runs"},
	{draftsOf, `^USE TEMP B-TREE FOR ORDER BY$`, "what one person is writing"},
	{viewsOf, `^USE TEMP B-TREE FOR ORDER BY$`, "what one person keeps"},
	{dueCases, `^SCAN cases USING COVERING INDEX cases_timer$`, "from the earliest timer on, ended by LIMIT"},
	{dueBeside, `^(SCAN cases|USE TEMP B-TREE FOR ORDER BY)$`, "only where the index is damaged"},
	{spareTurns, `^(SCAN outbox USING INDEX outbox_age|USE TEMP B-TREE FOR ORDER BY)$`, "what waits, only where the index is damaged"},
	{nextTimer, `^SCAN cases USING COVERING INDEX cases_timer$`, "one row"},
	{"SELECT n, hash FROM access_log ORDER BY n DESC LIMIT 1", `^SCAN access_log$`, "one row"},
	{"SELECT " + accessCols + " FROM access_log ORDER BY n", `^SCAN access_log$`, "verification reads everything"},
	{"SELECT count(*) FROM (SELECT 1 FROM cases LIMIT 1)", `^SCAN `, "one row"},
	{leased, `^SCAN outbox USING COVERING INDEX outbox_ready$`, "what waits, once, when a process starts"},
	{"SELECT count(*) FROM (", `^SCAN \(subquery-\d+\)$`, "as many as are counted, ended by LIMIT"},
	{"SELECT count(*) FROM (WITH found", `^(SCAN f|SCAN l|USE TEMP B-TREE FOR (ORDER BY|DISTINCT))$`, "few cases"},
	{"WITH found", `^(SCAN f|SCAN l|USE TEMP B-TREE FOR (ORDER BY|DISTINCT))$`, "few cases"},
	{"SELECT (SELECT count(*) FROM (SELECT 1 FROM search", `^SCAN (CONSTANT ROW|\(subquery-\d+\))$`, "as many as are counted, ended by LIMIT"},
	{"SELECT coalesce(sum(instr(words", `^SCAN \(subquery-\d+\)$`, "the head of a list, ended by LIMIT"},
	{"SELECT " + deliveryCols + " FROM outbox WHERE status NOT IN", `^SCAN outbox USING INDEX outbox_age$`, "from the oldest on, ended by LIMIT"},
	{owedBy, `^(SCAN outbox USING INDEX outbox_age|USE TEMP B-TREE FOR LAST 2 TERMS OF ORDER BY)$`, "from the oldest that waits on, ended by LIMIT"},
	{linesNow, `^SCAN outbox USING COVERING INDEX outbox_lines$`, "what waits now"},
	{waitingDays, `^(SCAN outbox USING COVERING INDEX outbox_lines|USE TEMP B-TREE FOR LAST TERM OF GROUP BY|USE TEMP B-TREE FOR GROUP BY)$`, "what waits now"},
	{"SELECT changes()", `^SCAN CONSTANT ROW$`, "one row"},
	{"SELECT total_changes()", `^SCAN CONSTANT ROW$`, "one row"},
	{"SELECT DISTINCT office FROM dossiers WHERE case_code", `^USE TEMP B-TREE FOR DISTINCT$`, "the parts of one case"},
	{"SELECT count(*) FROM search", `^SCAN search$`, "verification reads everything"},
	{sumFigures, `^USE TEMP B-TREE FOR GROUP BY$`, "the days of one office"},
	{figureFeed2, `^(SCAN entries USING COVERING INDEX sqlite_autoindex_entries_1|USE TEMP B-TREE FOR ORDER BY)$`, "once, past a page that cannot be read"},
	{figurePosition, `^SCAN figure_position$`, "one row"},
	{"SELECT body FROM publications", `^SCAN publications$`, "all versions, when the server starts and an administrator looks"},
	{"SELECT service, version, hash, body FROM publications", `^SCAN publications$`, "the same, before an older file is brought up"},
	{"SELECT body FROM defaults", `^SCAN defaults$`, "as the versions"},
	{uncounted, `^SCAN figure_position$`, "one row"},
	{moveFigures, `^SCAN figure_position$`, "one row"},
	{allParts, `^SCAN figure_parts$`, "a rebuild reads everything"},
	{allSums, `^SCAN figure_sums$`, "a rebuild reads everything"},
	{everyDelivery, `^SCAN outbox$`, "verification reads everything"},
	{everyOwed, `^SCAN outbox USING COVERING INDEX outbox_lines$`, "where some row cannot be read"},
	{everyAnswer, `^SCAN answers$`, "verification reads everything"},
	{"SELECT " + checkpointCols + " FROM heads ORDER BY n", `^SCAN heads$`, "verification reads everything"},
	{"SELECT d.id, d.case_code, d.size, d.hash, c.content", `^SCAN d USING INDEX`, "verification reads everything"},
	{"SELECT code, seq, head FROM cases ORDER BY code", `^SCAN cases$`, "a checkpoint names every case"},
	{"SELECT source, at, before, cases, entries, digest FROM seal", `^SCAN seal$`, "one row"},
	{"SELECT n, hash FROM heads ORDER BY n DESC LIMIT 1", `^SCAN heads$`, "one row"},
	{"SELECT rootpage", `^SCAN sqlite_schema$`, "the schema"},
	{"SELECT tbl_name FROM sqlite_schema", `^SCAN sqlite_schema$`, "the schema"},
	{"SELECT type || ' ' || name", `^SCAN (sqlite_schema|goose_db_version|sqlite_sequence)$`, "the schema"},
	{"SELECT count(*) FROM sqlite_schema", `^SCAN sqlite_schema$`, "the schema"},
	{"SELECT max(version_id) FROM goose_db_version", `^SCAN goose_db_version$`, "the schema"},
	{"SELECT count(*) FROM sqlite_schema", `^SCAN sqlite_master$`, "the schema"},
	{"SELECT count(*), coalesce(sum(name", `^SCAN sqlite_schema$`, "the schema"},
	{"SELECT case_code, seq, at, action, step FROM entries ORDER BY id DESC", `^SCAN entries$`, "one row"},
	{restoredCounts, `^SCAN (CONSTANT ROW|cases USING COVERING INDEX cases_open|outbox USING COVERING INDEX outbox_(over|lines))$`, "once, when a backup is put back"},
	{"UPDATE counters SET last = ?1 WHERE day", `^SCAN counters( USING COVERING INDEX counters_twin)?$`, "once, when a backup is put back"},
	{closedCases, `^SCAN entries$`, "one row"},
	{"DELETE FROM notifications WHERE case_code", `^SCAN notifications$`, "a case with an erased payload is archived, while no server runs"},
	{"SELECT DISTINCT case_code, office, words FROM dossiers", `^(SCAN dossiers|USE TEMP B-TREE FOR DISTINCT)$`, "what was copied to an archive, while no server runs"},
	{"SELECT count(*) FROM archived", `^SCAN archived`, "once, when all cases are replayed"},
	{"SELECT count(*) FROM cases", `^SCAN cases USING COVERING INDEX`, "verification reads everything"},
}

// weak is a line of a plan that reads all of an index, or all rows of a few values of
// columns that have few: those of an office, say. A SEARCH it is called all the same.
var weak = regexp.MustCompile(`^SEARCH \S+ USING (COVERING |PRIMARY |INTEGER PRIMARY )?(INDEX \S+|KEY)( \(` + fewValued + `( AND ` + fewValued + `)*\))?$`)

const fewValued = `(office|shelf|state|status|held|registry|service|unit|day|engine)(=|>)\?`

// walked are the lines of weak that were looked at. A list in its order is read until its
// page is full: with a filter that few rows of the ended shelf meet, to the end of the
// office's shelf.
var walked = []struct{ text, line, why string }{
	{"SELECT " + rowCols + " FROM dossiers", ` (dossiers_list \(office=\? AND shelf=\?\)|dossiers_state \(office=\? AND state=\?\))$`, "the list in its order, ended by LIMIT"},
	{"SELECT 1 FROM dossiers", ` (dossiers_list \(office=\? AND shelf=\?\)|dossiers_state \(office=\? AND state=\?\))$`, "the same, counted"},
	{"SELECT count(*) FROM (SELECT 1 FROM dossiers", ` (dossiers_list \(office=\? AND shelf=\?\)|dossiers_state \(office=\? AND state=\?\))$`, "the same"},
	{"SELECT coalesce(sum(instr(words", ` dossiers_list \(office=\? AND shelf=\?\)$`, "the head of a list, ended by LIMIT"},
	{owedBy + "outbox_lines", ` outbox_lines \(registry=\?\)$`, "what waits for a registry, from the oldest on, ended by LIMIT"},
	{owedBy + "outbox_waits", ` outbox_waits \(status=\?\)$`, "the same of what the registries took, and of incidents"},
	{"SELECT " + deliveryCols + " FROM outbox WHERE status IN", ` outbox_waits \(status=\?\)$`, "the same"},
	{"SELECT registry FROM outbox", ` outbox_ready \(held=\? AND registry>\?\)$`, "one row"},
	{"SELECT office FROM search", ` PRIMARY KEY \(office>\?\)$`, "one row"},
	{looseAt, ` PRIMARY KEY \(office=\?\)$`, "what is to be bound, behind the commits, ended when it is enough"},
	{dropPlaces, ` PRIMARY KEY \(office=\?\)$`, "an empty volume, after an archiving, while no server runs"},
	{"SELECT n, first, last FROM volumes", ` volumes_office \(office=\?\)$`, "the volumes of one office"},
	{"INSERT INTO counters", ` counters_twin \(unit=\? AND day>\?\)$`, "one row for each restore"},
	{"SELECT coalesce(max(last), 0) FROM counters", ` counters_twin$`, "once, when a backup is put back"},
	{"SELECT max(updated) FROM cases", ` PRIMARY KEY$`, "once, when a demonstration starts on a kept file"},
}

// excused tells whether a line of a text's plan stands in a table.
func excused(table []struct{ text, line, why string }, q, line string) bool {
	return slices.ContainsFunc(table, func(a struct{ text, line, why string }) bool {
		return strings.HasPrefix(q, spaces.ReplaceAllString(a.text, " ")) && regexp.MustCompile(a.line).MatchString(line)
	})
}

// elsewhere begin the texts that run on an archive while no server does: each walks
// a table once, for all cases.
var elsewhere = []string{"INSERT INTO main.", "INSERT INTO chosen", "SELECT * FROM"}

// plans collects the SQL texts that stores run.
type plans struct {
	mu    sync.Mutex
	texts map[string]bool
}

var (
	spaces = regexp.MustCompile(`\s+`)
	tuple  = regexp.MustCompile(`\((\?\d+,?)+\)(,\((\?\d+,?)+\))*`)
	listed = regexp.MustCompile(`(VALUES|IN) ?(\(VALUES )?\(`)

	numbered    = regexp.MustCompile(`\?(\d+)`)
	transaction = regexp.MustCompile(`^(BEGIN|COMMIT|ROLLBACK|SAVEPOINT|RELEASE)`)
)

// add takes note of a text. Of those that differ by the length of a list only, one
// is kept.
func (p *plans) add(q string) {
	q = strings.TrimSpace(spaces.ReplaceAllString(q, " "))
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.texts == nil {
		p.texts = map[string]bool{}
	}
	if listed.MatchString(q) && len(tuple.FindString(q)) > len("(?1)") {
		for k := range p.texts {
			if tuple.ReplaceAllString(k, "()") == tuple.ReplaceAllString(q, "()") {
				return
			}
		}
	}
	p.texts[q] = true
}

// TestPlans runs the suite, takes every SQL text that the package ran, and asks
// SQLite how it runs it: everything finds its rows through an index, by more of it than
// a column of few values, and nothing walks or sorts what grows. A text in the source that the suite does not run fails.
func TestPlans(t *testing.T) {
	var p plans
	suite := target()
	suite.Open = func(t testing.TB, dir string, h storetest.Hooks) engine.Store {
		s, err := Open(context.Background(), Config{Path: filepath.Join(dir, "x.db"), Hooks: Hooks{Plan: h.Plan, Commit: h.Commit}, TakeOver: true, texts: p.add, few: 1})
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	t.Run("suite", func(t *testing.T) { storetest.Run(t, suite) })
	s := suite.Open(t, t.TempDir(), storetest.Hooks{}).(*Store)
	defer s.Close()
	if err := s.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Checkpoint(t.Context(), time.Now()); err != nil {
		t.Fatal(err)
	}
	for _, q := range built() {
		p.add(q)
	}
	for where, q := range sources(t) {
		// Up to what is put in: a ? of query.add gets its number.
		head, _, _ := strings.Cut(q, "?")
		head = strings.TrimSpace(head)
		if slices.ContainsFunc(slices.Collect(maps.Keys(p.texts)), func(run string) bool { return strings.Contains(run, head) }) {
			continue
		}
		if slices.ContainsFunc(elsewhere, func(begins string) bool { return strings.HasPrefix(q, begins) }) {
			continue
		}
		if _, err := explained(s.readDB, q); err != nil { // it is a part of a text
			t.Errorf("%s: the suite does not run %s: %v", where, q, err)
			continue
		}
		p.add(q)
	}
	for _, q := range slices.Sorted(maps.Keys(p.texts)) {
		plan, err := explained(s.readDB, q)
		if err != nil {
			t.Errorf("%s: %v", q, err)
		}
		for _, line := range plan {
			fault := strings.HasPrefix(line, "SCAN") || strings.Contains(line, "TEMP B-TREE") || strings.Contains(line, "AUTOMATIC")
			if fault && !excused(allowed, q, line) {
				t.Errorf("%s\nin %s", line, q)
			}
			if weak.MatchString(line) && !excused(walked, q, line) {
				t.Errorf("reads all of few values: %s\nin %s", line, q)
			}
		}
	}
	compiledOnce(t, s.cfg.Path, slices.Sorted(maps.Keys(p.texts)))
}

// compiledOnce runs every text again with other parameters: SQLite may not compile it
// anew.
func compiledOnce(t *testing.T, path string, texts []string) {
	db, err := (&sqlite3.SQLiteDriver{}).Open(dsn(path, nil))
	must(t, err)
	c := db.(*sqlite3.SQLiteConn)
	defer c.Close()
	compiled := 0
	c.RegisterAuthorizer(func(int, string, string, string) int { compiled++; return sqlite3.SQLITE_OK })
	_, err = c.Exec(`BEGIN`, nil)
	must(t, err)
	for _, q := range texts {
		if transaction.MatchString(q) || strings.HasPrefix(q, "PRAGMA") {
			continue
		}
		st, err := c.Prepare(stable(q))
		if err != nil {
			t.Fatalf("%s: %v", q, err)
		}
		args := make([]driver.NamedValue, st.NumInput())
		for i, v := range []int64{50, 50, 51} {
			for k := range args {
				args[k] = driver.NamedValue{Ordinal: k + 1, Value: v}
			}
			compiled = 0
			if rows, err := st.(driver.StmtQueryContext).QueryContext(t.Context(), args); err == nil { // what it says of such parameters does not matter
				_ = rows.Close()
			}
			if i > 0 && compiled > 0 {
				t.Errorf("compiled again with %d: %s", v, q)
				break
			}
		}
		must(t, st.Close())
	}
}

// built are the texts that depend on what is asked for, in every shape.
func built() (out []string) {
	from := &engine.Row{Code: "c"}
	pages := func() []*page {
		return []*page{{limit: 10}, {from: from, limit: 10}, {limit: 1, rows: []engine.Row{{}}}, {from: from, limit: 1, rows: []engine.Row{{}}}}
	}
	found := func(rarest string, walk bool, words ...string) *finding {
		f := &finding{rarest: rarest, walk: walk}
		f.text.Words, f.others = append([]string{rarest}, words...), words
		return f
	}
	for _, f := range []*finding{nil, {}, found("hoa", false), found("hoa", false, "nguyen"), found("hoa", true), found("hoa", true, "nguyen")} {
		for _, q := range []engine.RowQuery{
			{}, {Procedure: "p"}, {State: "s"}, {Assignee: "a"}, {Overdue: time.Now()}, {Procedure: "p", State: "s", Assignee: "a", Overdue: time.Now()},
		} {
			for _, shelf := range append(shelves(engine.RowQuery{Ended: true}), f.shelves(engine.RowQuery{Ended: true})...) {
				for _, p := range pages() {
					rows, _ := f.query(rowCols, q, "o", shelf, p)
					out = append(out, rows)
				}
				count, _ := f.query("1", q, "o", shelf, &page{limit: 10})
				out = append(out, count)
			}
		}
	}
	bound := &bound{}
	for _, places := range [][]int64{{1}, make([]int64, placesAtOnce)} {
		for _, cols := range []string{rowCols, "1"} {
			for _, p := range pages() {
				q, _ := bound.query(cols, found("hoa", false, "nguyen"), engine.RowQuery{State: "s"}, places, p)
				out = append(out, q)
			}
		}
	}
	for _, status := range []string{"", engine.DeliveryPending, engine.DeliveryAccepted, engine.DeliveryIncident, engine.DeliveryDone} {
		for _, registry := range []string{"", "r"} {
			first, _ := deliveriesQuery(registry, status, nil, 10)
			next, _ := deliveriesQuery(registry, status, &rowenc.DeliveryRow{}, 10)
			out = append(out, first, next)
		}
	}
	return out
}

// sources are the SQL texts in the package's own files, whole or in part, by where
// they stand.
func sources(t *testing.T) map[string]string {
	t.Helper()
	names, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	sqlText := regexp.MustCompile(`^(SELECT|INSERT|UPDATE|DELETE|WITH|REPLACE) `)
	out := map[string]string{}
	fset := token.NewFileSet()
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(fset, name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(f, func(n ast.Node) bool {
			lit, ok := n.(*ast.BasicLit)
			if !ok || lit.Kind != token.STRING {
				return true
			}
			text, err := strconv.Unquote(lit.Value)
			if err != nil {
				t.Fatal(err)
			}
			if text = strings.TrimSpace(spaces.ReplaceAllString(text, " ")); sqlText.MatchString(text + " ") {
				out[fset.Position(lit.Pos()).String()] = text
			}
			return true
		})
	}
	if len(out) < 20 {
		t.Fatalf("found %d texts only", len(out))
	}
	return out
}

// explained is SQLite's plan of a text, line by line.
func explained(db *sql.DB, q string) (plan []string, err error) {
	if transaction.MatchString(q) {
		return nil, nil
	}
	n := 0
	for _, m := range numbered.FindAllStringSubmatch(q, -1) {
		k, err := strconv.Atoi(m[1])
		if err != nil {
			return nil, err
		}
		n = max(n, k)
	}
	rows, err := db.Query(`EXPLAIN QUERY PLAN `+stable(q), make([]any, n)...)
	if err != nil {
		return nil, err
	}
	err = walk(rows, func(r *sql.Rows) error {
		var id, parent, unused int
		var detail string
		err := r.Scan(&id, &parent, &unused, &detail)
		plan = append(plan, detail)
		return err
	})
	return plan, err
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
		`INSERT OR REPLACE INTO entries (id, case_code, seq, at, action, step, actor_kind, version, commitment, hash)
			SELECT id, case_code, 2, 0, '', '', '', version, x'', x'' FROM entries`,
		`INSERT OR REPLACE INTO entries (case_code, seq, at, action, step, actor_kind, version, commitment, hash)
			SELECT case_code, seq, 0, '', '', '', version, x'', x'' FROM entries`,
		`UPDATE OR REPLACE entries SET seq = 9, payload = NULL, salt = NULL`,
		`UPDATE versions SET engine = '9'`, `DELETE FROM versions`, `INSERT OR REPLACE INTO versions SELECT * FROM versions`,
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
			err := w.each(q, nil, func(r scanner) error {
				v = fmt.Sprint(r.(values)[0])
				return nil
			})
			return v, err
		})
		if err != nil || got != want {
			t.Errorf("%s is %q, want %q (%v)", q, got, want, err)
		}
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
