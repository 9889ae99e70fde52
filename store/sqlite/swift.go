package sqlite

import (
	"database/sql"
	"errors"
	"slices"

	"lienthong/store/rowenc"
)

// The statements of an Append whose case is known. Each touches exactly the rows
// that it is meant for, or none.
const (
	caseCols   = `code, seq, head, updated, service, version, status, outcome, portal, filed, due, timer, requester, name, subject, held`
	insertCase = `INSERT INTO cases (` + caseCols + `) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)`
	// No index has a column of the first: indexes are not touched.
	updateCase = `UPDATE cases SET seq = ?4, head = ?5, updated = ?6, version = ?7, outcome = ?8, portal = ?9, due = ?10, name = ?11, subject = ?12, held = ?13
		WHERE code = ?1 AND seq = ?2 AND head = ?3`
	updateCaseLists = `UPDATE cases SET seq = ?4, head = ?5, updated = ?6, version = ?7, outcome = ?8, portal = ?9, due = ?10, name = ?11, subject = ?12, held = ?13,
		status = ?14, timer = ?15 WHERE code = ?1 AND seq = ?2 AND head = ?3`
	putSnapshot = `INSERT INTO snapshots (case_code, seq, body) VALUES (?1, ?2, ?3)
		ON CONFLICT (case_code) DO UPDATE SET seq = excluded.seq, body = excluded.body`

	dossierCols   = `case_code, step, shelf, office, urgency, code, procedure, state, status, final, portal, assignee, opened, rev, review, words`
	insertDossier = `INSERT INTO dossiers (` + dossierCols + `) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)`
	// The columns of the list's index stay as they are; the index by state moves.
	updateDossier = `UPDATE dossiers SET procedure = ?7, state = ?8, status = ?9, final = ?10, portal = ?11, assignee = ?12, opened = ?13, rev = ?14, review = ?15
		WHERE case_code = ?1 AND step = ?2 AND shelf = ?3 AND office = ?4 AND urgency = ?5 AND code = ?6 AND words = ?16`
	moveDossier = `UPDATE dossiers SET shelf = ?3, office = ?4, urgency = ?5, code = ?6, procedure = ?7, state = ?8, status = ?9, final = ?10, portal = ?11,
		assignee = ?12, opened = ?13, rev = ?14, review = ?15, words = ?16 WHERE case_code = ?1 AND step = ?2 AND place IS NULL`
	dropDossier = `DELETE FROM dossiers WHERE case_code = ?1 AND step = ?2 AND place IS NULL`

	insertEntry = `INSERT INTO entries (case_code, seq, at, action, step, actor_kind, version, payload, salt, commitment, hash)
		VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)`
	findVersion   = `SELECT id FROM versions WHERE engine = ?1 AND definition = ?2 AND parameters = ?3 AND calendar = ?4`
	insertVersion = `INSERT INTO versions (engine, definition, parameters, calendar) VALUES (?1, ?2, ?3, ?4) RETURNING id`
	insertKey     = `INSERT INTO case_keys (key, case_code) VALUES (?1, ?2)`
	dropKey       = `DELETE FROM case_keys WHERE key = ?1 AND case_code = ?2`
	insertCode    = `INSERT INTO codes (folded, code, case_code) VALUES (?1, ?2, ?3)`
	insertResult  = `INSERT INTO results (id, case_code, step) VALUES (?1, ?2, ?3)`
	insertNote    = `INSERT INTO notifications (addressee, at, case_code, seq, n, step, what) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)`
	dropTasks     = `DELETE FROM tasks WHERE case_code = ?1`
	insertTask    = `INSERT INTO tasks (case_code, n, person, step, kind, state, due, since) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)`
	insertWord    = `INSERT INTO search (office, word, case_code, words) VALUES (?1, ?2, ?3, ?4)`
	dropWord      = `DELETE FROM search WHERE office = ?1 AND word = ?2 AND case_code = ?3`
	insertEffect  = `INSERT INTO outbox (` + summedCols + `, sum, ready, holds, held)
		VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23, ?24, ?25, ?26,
		CASE WHEN ?22 THEN 0 ELSE EXISTS (SELECT 1 FROM outbox WHERE case_code = ?1 AND (seq, n) < (?2, ?3) AND holds = 1 AND step = ?4 AND registry = ?5) END)`
	eraseEntries = `UPDATE entries SET payload = NULL, salt = NULL WHERE case_code = ?1 AND seq <= ?2 AND payload IS NOT NULL`
)

// counting runs statements until one fails, and counts the rows that they are to
// touch.
type counting struct {
	*conn
	keep func(q string, args []any) error // in place of running; nil = they run
	rows int64
	err  error
}

// sum is the checksum of the parameters before it.
type sum int64

// versionNumber is the number of what an entry was decided with.
type versionNumber struct {
	id int64
	of rowenc.Versions
}

// run runs a statement that touches n rows.
func (x *counting) run(n int, q string, args ...any) {
	switch {
	case x.err != nil:
	case x.keep != nil:
		x.err = x.keep(q, slices.Clone(args)) // so that those of the others need no garbage
	default:
		x.err = x.exec(q, args...)
	}
	x.rows += int64(n)
}

// swift writes a change and tells how many rows it must have touched.
func (w *writer) swift(c *change) (int64, error) {
	x := &counting{conn: w.conn}
	c.write(x, w.version)
	return x.rows, x.err
}

// write runs the statements of a change whose case is known.
func (c *change) write(x *counting, version func(rowenc.Versions) (id, added int64, err error)) {
	r, code := &c.Rows.Case, c.code()
	switch {
	case c.Base == 0:
		x.run(1, insertCase, c.caseArgs(c.after.head)...)
	case c.delta.Lists:
		x.run(1, updateCaseLists, code, c.Base, c.before.head, r.Seq, c.after.head, r.Updated, r.Version, r.Outcome, r.Portal, r.Due, r.Name, r.Subject, c.Rows.Key, r.Status, r.Timer)
	default:
		x.run(1, updateCase, code, c.Base, c.before.head, r.Seq, c.after.head, r.Updated, r.Version, r.Outcome, r.Portal, r.Due, r.Name, r.Subject, c.Rows.Key)
	}
	d := &c.delta
	for i := range d.New {
		x.run(1, insertDossier, dossierArgs(code, &d.New[i])...)
	}
	for i := range d.Moved {
		x.run(1, moveDossier, dossierArgs(code, &d.Moved[i])...)
	}
	for i := range d.Kept {
		x.run(1, updateDossier, dossierArgs(code, &d.Kept[i])...)
	}
	for _, step := range d.Gone {
		x.run(1, dropDossier, code, step)
	}
	for _, s := range d.Lost {
		x.run(1, dropWord, s.Office, s.Word, code)
	}
	for _, s := range d.Found {
		x.run(1, insertWord, s.Office, s.Word, code, s.Words)
	}
	if d.Released != "" {
		x.run(1, dropKey, d.Released, code)
	}
	if d.Taken != "" {
		x.run(1, insertKey, d.Taken, code)
	}
	for _, v := range d.Codes {
		x.run(1, insertCode, rowenc.FoldCode(v), v, code)
	}
	for _, v := range d.Results {
		x.run(1, insertResult, v.ID, code, v.Step)
	}
	if d.Tasks {
		x.run(len(c.before.rows.Tasks), dropTasks, code)
		c.tasks(x)
	}
	c.history(x, version)
	c.owed(x)
}

func (c *change) caseArgs(head []byte) []any {
	r := &c.Rows.Case
	return []any{r.Code, r.Seq, head, r.Updated, r.Service, r.Version, r.Status, r.Outcome, r.Portal, r.Filed, r.Due, r.Timer,
		r.Requester, r.Name, r.Subject, c.Rows.Key}
}

func dossierArgs(code string, d *rowenc.DossierRow) []any {
	return []any{code, d.Step, d.Shelf, d.Office, d.Urgency, d.Code, d.Procedure, d.State, d.Status, d.Final, d.Portal, d.Assignee, d.Opened, d.Rev, d.Review, d.Words}
}

func (c *change) tasks(x *counting) {
	for i, t := range c.Rows.Tasks {
		x.run(1, insertTask, t.Case, i, t.Person, t.Step, t.Kind, t.State, rowenc.Micros(t.Due), rowenc.Micros(t.Since))
	}
}

// history writes what is the same however the case is known: entries, the stored
// state and the answer.
func (c *change) history(x *counting, number func(rowenc.Versions) (id, added int64, err error)) {
	for i := range c.Entries {
		e := &c.Entries[i]
		if x.err != nil {
			return
		}
		version, added, err := number(e.Versions())
		if err != nil {
			x.err = err
			return
		}
		x.rows += added
		x.run(1, insertEntry, e.Case, e.Seq, e.At, e.Action, e.Step, e.ActorKind, versionNumber{version, e.Versions()}, c.packed[i], e.Salt, e.Commitment, e.Hash)
	}
	if c.snapshot != nil {
		x.run(1, putSnapshot, c.code(), c.Rows.Case.Seq, c.snapshot)
	}
	if c.Answer != nil {
		x.run(1, insertAnswer, answerArgs(c.Answer)...)
	}
}

// owed writes effects and notifications.
func (c *change) owed(x *counting) {
	for i := range c.Effects {
		r := &c.Effects[i]
		x.run(1, insertEffect, r.Case, r.Seq, r.N, r.Step, r.Registry, r.Operation, r.At, r.Status, r.Tries, r.Next, r.SentAt, r.Expected, r.LastError,
			r.Answer, r.Reply, r.ReplySeq, r.Fence, r.Note, r.DoneAt, r.Node, r.Lease, r.Unordered, r.Failed, sum(r.Sum()), r.Ready(), r.Holds())
	}
	for i := range c.Notes {
		n := &c.Notes[i]
		x.run(1, insertNote, n.To, n.At, n.Case, n.Seq, n.N, n.Step, n.What)
	}
}

// version is the number of what an entry was decided with; a new one is written
// first, which adds a row.
func (w *writer) version(v rowenc.Versions) (id, added int64, err error) {
	if id, ok := w.versions[v]; ok {
		return id, 0, nil
	}
	if id, ok := w.fresh[v]; ok {
		return id, 0, nil
	}
	args := []any{v.Engine, v.Definition, v.Parameters, v.Calendar}
	err = w.one(findVersion, args, &id)
	if errors.Is(err, sql.ErrNoRows) {
		added = 1
		err = w.one(insertVersion, args, &id)
	}
	if err == nil {
		w.fresh[v] = id
	}
	return id, added, err
}
