package sqlite

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"lienthong/engine"
	"lienthong/store/rowenc"
	"lienthong/store/storetest"
)

// oldRows writes a case as the first version of the program did: bodies of the case
// and of each dossier as plain JSON, inputs and parameters in the outbox and the
// notifications, search tokens for each dossier, codes among them.
func oldRows(t *testing.T, db *sql.DB, c engine.Change) {
	t.Helper()
	text := func(v any) []byte {
		b, err := json.Marshal(v)
		must(t, err)
		return b
	}
	k, code := c.Case, c.Case.Code
	r := rowenc.Derive(k, nil)
	own := *k
	own.Seq, own.Updated, own.Dossiers = 0, time.Time{}, nil
	var head []byte
	sealed := make([]rowenc.Sealed, len(c.Entries))
	for i := range c.Entries {
		s, err := rowenc.Seal(&c.Entries[i])
		must(t, err)
		head = s.Link(head)
		s.Hash = head
		sealed[i] = s
	}
	x := r.Case
	run(t, db, `INSERT INTO cases VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, x'00', x'00')`,
		code, x.Seq, head, k.Updated.Format(time.RFC3339Nano), x.Updated, x.Service, x.Version, x.Status, x.Outcome, x.Portal, x.Filed, x.Due, x.Timer,
		x.Requester, x.Name, x.Subject, r.Key)
	run(t, db, `INSERT INTO case_bodies VALUES (?1, ?2)`, code, text(own))
	for i, s := range sealed {
		if c.Entries[i].Seq == 2 {
			s.Erase()
		}
		run(t, db, `INSERT INTO entries (case_code, seq, at, action, step, actor_kind, engine, definition, parameters, calendar, payload, salt, commitment, hash)
			VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)`,
			s.Case, s.Seq, s.At, s.Action, s.Step, s.ActorKind, s.Engine, s.Definition, s.Parameters, s.Calendar, s.Payload, s.Salt, s.Commitment, s.Hash)
	}
	for i, d := range k.Dossiers {
		old := rowenc.DossierRow{Urgency: rowenc.Never}
		for _, l := range r.Dossiers {
			if l.Step == d.Step {
				old = l
			}
		}
		run(t, db, `INSERT INTO dossiers VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, '', x'00', ?17)`,
			code, d.Step, i, old.Shelf, old.Office, old.Urgency, d.Code, old.Procedure, old.State, old.Status, old.Final, old.Portal, old.Assignee,
			old.Opened, old.Rev, old.Review, text(d))
		if old.Shelf == 0 {
			continue
		}
		for _, w := range append([]string{"#" + rowenc.FoldCode(code)}, r.Words...) {
			run(t, db, `INSERT INTO search VALUES (?1, ?2, ?3, ?4)`, old.Office, w, code, d.Step)
		}
	}
	for _, v := range r.Codes {
		run(t, db, `INSERT INTO codes VALUES (?1, ?2)`, v, code)
	}
	for i, v := range r.Tasks {
		run(t, db, `INSERT INTO tasks VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)`, code, i, v.Person, v.Step, v.Kind, v.State, rowenc.Micros(v.Due), rowenc.Micros(v.Since))
	}
	if r.Key != "" {
		run(t, db, `INSERT INTO case_keys VALUES (?1, ?2)`, r.Key, code)
	}
	for _, e := range c.Entries {
		for i, d := range e.Effects() {
			reply := []byte(nil)
			status := engine.DeliveryPending
			if i == 1 {
				reply, status = text(engine.Reply{Request: d.Key, Outcome: engine.ReplyRefused, Code: "no"}), engine.DeliveryDone
			}
			run(t, db, `INSERT INTO outbox VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, 0, 0, 0, 0, '', ?11, 1, '', ?12, '', 0, 0, 0, ?13)`,
				d.Key, code, d.Step, e.Seq, i, d.Registry, d.Operation, text(d.Input), rowenc.Micros(d.At), status, reply, int64(i), i == 0)
		}
		for _, n := range e.Notifications() {
			run(t, db, `INSERT INTO notifications VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)`, n.Key, code, n.Step, n.To, n.What, rowenc.Micros(n.At), text(n.Params), "turn")
		}
	}
	run(t, db, `INSERT INTO answers VALUES ('an', ?1, 'd', ?1, 200, x'7b7d', 1)`, code)
}

// event gives an event its step.
func event[E engine.Event](t *testing.T, e E) engine.Event {
	t.Helper()
	b, err := json.Marshal(e)
	must(t, err)
	b = []byte(`[{"kind":"` + e.Kind() + `","data":` + strings.Replace(string(b), `{`, `{"step":"birth",`, 1) + `}]`)
	var es engine.Events
	must(t, json.Unmarshal(b, &es))
	return es[0]
}

// TestMigrateCases: what the first version wrote is there after the migration, to
// the last digit, and the case goes on.
func TestMigrateCases(t *testing.T) {
	path := filepath.Join(t.TempDir(), "old.db")
	aged(t, path)
	st := storetest.File(storetest.Filing{Code: "H26.1-260901-0001", Key: "k", At: storetest.T0.Add(789 * time.Nanosecond),
		App: map[string]any{"child": map[string]any{"name": "Nguyễn \"Thị\" Đào\u2028 <&>"}, "big": int64(1)<<53 + 1, "float": 1.50, "nul": "a\x00b"}})
	st.Go("x", "birth", event(t, engine.Recorded{Name: "v", Value: map[string]any{"n": int64(9007199254740993)}}))
	st.Go("ask", "birth", event(t, engine.Requested{Key: st.Key(0), Registry: "population", Operation: "o", Input: map[string]any{"big": int64(9007199254740993)}}),
		event(t, engine.Requested{Key: st.Key(1), Registry: "civil", Operation: "o", Input: map[string]any{}}),
		event(t, engine.Notified{Key: st.Key(12), To: "office:civil@00004", What: "received", Params: map[string]any{"n": int64(1)}}),
		event(t, engine.Moved{To: "confirming", Portal: 4, Office: "civil@00004", Awaits: true}))
	st.Go("erase", "", engine.Erased{UpTo: 2})
	old := st.Change()
	db, err := sql.Open("sqlite3", "file:"+path)
	must(t, err)
	oldRows(t, db, old)
	run(t, db, `UPDATE entries SET payload = NULL, salt = NULL WHERE seq <= 2 AND payload IS NOT NULL`)
	must(t, db.Close())

	s := desk(t, path)
	defer s.Close()
	_, err = s.Verify(t.Context(), func(code string, seq int64, what string) { t.Errorf("%s/%d: %s", code, seq, what) })
	must(t, err)
	c, err := s.Load(t.Context(), old.Case.Code)
	must(t, err)
	want, err := rowenc.EncodeCase(old.Case)
	must(t, err)
	if got, err := rowenc.EncodeCase(c); err != nil || string(got) != string(want) {
		t.Errorf("loaded %s\nwant   %s", got, want)
	}
	if d, err := s.Delivery(t.Context(), old.Case.Code+"/3/0"); err != nil || d.Input["big"] != int64(9007199254740993) || d.Status != engine.DeliveryPending {
		t.Errorf("delivery %+v, %v", d, err)
	}
	if d, err := s.Delivery(t.Context(), old.Case.Code+"/3/1"); err != nil || d.Reply == nil || d.Reply.Code != "no" || d.Status != engine.DeliveryDone {
		t.Errorf("delivery %+v, %v", d, err)
	}
	notes, _, err := s.Notifications(t.Context(), "office:civil@00004", "", 0)
	if err != nil || len(notes) != 1 || notes[0].Key != old.Case.Code+"/3/12" || notes[0].Params["n"] != int64(1) {
		t.Errorf("notes %+v, %v", notes, err)
	}
	for _, q := range []string{"dao", "h26.1-260901-0001", "H26.1-260901-0001.2"} {
		rows, _, err := s.Rows(t.Context(), engine.RowQuery{Offices: []string{"civil@00004"}, Text: q})
		if err != nil || len(rows) != 1 || rows[0].State != "confirming" {
			t.Errorf("%q finds %+v, %v", q, rows, err)
		}
	}
	if a, err := s.Answered(t.Context(), "an", old.Case.Code); err != nil || a == nil {
		t.Errorf("answer %+v, %v", a, err)
	}
	if tasks, err := s.TasksOf(t.Context(), old.Case.Requester.ID); err != nil || len(tasks) != 1 {
		t.Errorf("tasks %+v, %v", tasks, err)
	}
	if ds, err := s.Claim(t.Context(), "n", storetest.T0.AddDate(1, 0, 0), storetest.T0.AddDate(1, 0, 1), 0); err != nil || fmt.Sprint(len(ds)) != "1" {
		t.Errorf("claimed %+v, %v", ds, err)
	}
	for i := range 20 {
		goesOn(t, s, old.Case.Code, fmt.Sprintf("later%d", i))
	}
	_, err = s.Verify(t.Context(), func(code string, seq int64, what string) { t.Errorf("%s/%d: %s", code, seq, what) })
	must(t, err)
}

// TestMigrateArchived: the stubs of a file of format 11 are all there afterwards, are
// found without reading one another, and are guarded as before.
func TestMigrateArchived(t *testing.T) {
	path := filepath.Join(t.TempDir(), "old.db")
	db, err := sql.Open(summing, "file:"+path+"?_foreign_keys=1")
	must(t, err)
	defer db.Close()
	db.SetMaxOpenConns(1)
	must(t, migrate(t.Context(), db, path, older(t, 11), quiet))
	run(t, db, `INSERT INTO archives (n, name, at, cases, entries, size, digest, sha256) VALUES (1, 'old.archive.db', 1, 3, 9, 1, x'00', x'00')`)
	for _, code := range []string{"B", "A", "C"} {
		run(t, db, `INSERT INTO cases (code, seq, head, updated, service, version, status, outcome, portal, filed, due, timer, requester, name, subject, held)
			VALUES (?1, 3, x'01', 1, 'birth', '1', 'ended', 'completed', 9, 1, 0, 0, 'p', 'n', 's', '')`, code)
		run(t, db, `INSERT INTO archived (case_code, archive, seq, head, first, last, stub, digest) VALUES (?1, 1, 3, x'01', 1, 3, zeroblob(1500), x'02')`, code)
	}
	rows := func() (out string) {
		must(t, db.QueryRow(`SELECT group_concat(case_code || archive || seq || hex(head) || first || last || hex(stub) || hex(digest)) FROM (SELECT * FROM archived ORDER BY case_code)`).Scan(&out))
		return out
	}
	before := rows()
	must(t, migrate(t.Context(), db, path, migrations, quiet))
	if got := rows(); got != before {
		t.Errorf("%s\nwas %s", got, before)
	}
	for _, q := range []string{`UPDATE archived SET seq = 4`, `DELETE FROM archived`, `INSERT INTO archived SELECT 'D', archive, seq, head, first, last, stub, digest FROM archived`,
		`INSERT INTO entries (case_code, seq) VALUES ('A', 4)`} {
		if _, err := db.Exec(q); err == nil || !strings.Contains(err.Error(), "archive") {
			t.Errorf("%s: %v", q, err)
		}
	}
	var id, parent, none int
	var plan string
	must(t, db.QueryRow(`EXPLAIN QUERY PLAN SELECT 1 FROM archived WHERE case_code = 'A'`).Scan(&id, &parent, &none, &plan))
	if !strings.Contains(plan, "COVERING INDEX") {
		t.Errorf("a stub is looked for by: %s", plan)
	}
}
