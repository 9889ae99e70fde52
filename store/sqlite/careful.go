package sqlite

import (
	"bytes"
	"database/sql"
	"errors"

	"lienthong/store/rowenc"
)

// carefulJob checks and writes one Append on what the file says now.
func (w *writer) carefulJob(j *job) error {
	// Versions first: they stay when the call is refused, so that what is remembered
	// of them stays true.
	for _, c := range j.append {
		for i := range c.Entries {
			if _, _, err := w.version(c.Entries[i].Versions()); err != nil {
				return err
			}
		}
	}
	return w.guarded(j, func() error {
		for _, c := range j.append {
			if err := w.careful(c); err != nil {
				return err
			}
		}
		return nil
	})
}

// careful checks a change and writes all rows of its case anew.
func (w *writer) careful(c *change) error {
	head, held, err := w.check(c)
	if err != nil {
		return err
	}
	c.link(head)
	x := &counting{conn: w.conn}
	code := c.code()
	if c.Base == 0 {
		x.run(1, insertCase, c.caseArgs(c.head())...)
	} else {
		if err := w.clear(c, held); err != nil {
			return err
		}
		r := &c.Rows.Case
		x.run(1, updateCaseLists, code, c.Base, head, r.Seq, c.head(), r.Updated, r.Version, r.Outcome, r.Portal, r.Due, r.Name, r.Subject, c.Rows.Key, r.Status, r.Timer)
	}
	for i := range c.Rows.Dossiers {
		x.run(1, insertDossier, dossierArgs(code, &c.Rows.Dossiers[i])...)
	}
	for _, s := range c.Rows.Search() {
		x.run(1, insertWord, s.Office, s.Word, code, s.Words)
	}
	c.tasks(x)
	if c.Rows.Key != "" {
		x.run(1, insertKey, c.Rows.Key, code)
	}
	for _, v := range c.Rows.Codes {
		x.run(1, insertCode+` ON CONFLICT DO NOTHING`, rowenc.FoldCode(v), v, code)
	}
	for _, v := range c.Rows.Results {
		x.run(1, insertResult+` ON CONFLICT DO NOTHING`, v.ID, code, v.Step)
	}
	c.history(x, w.version)
	c.owed(x)
	if c.EraseTo > 0 {
		x.run(0, eraseEntries, code, c.EraseTo)
	}
	if x.err != nil {
		return x.err
	}
	for i := range c.Settled {
		r := &c.Settled[i]
		_, err := w.ensured(r, true)
		found := false
		if err == nil {
			found, _, err = w.put(r, true)
		}
		if err == nil && !found {
			err = rowenc.Missing("store.append", code)
		}
		if err != nil {
			return err
		}
	}
	return w.learn(c)
}

// learn tells what is known of the case after the change.
func (w *writer) learn(c *change) error {
	c.after = &known{state: c.state, rows: c.Rows, head: c.head(), size: c.Size}
	err := w.one(`SELECT seq FROM snapshots WHERE case_code = ?1`, []any{c.code()}, &c.after.stored)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	return err
}

// check refuses a change: answered before, stale, duplicate, or code taken. It
// returns what the case row says.
func (w *writer) check(c *change) (head []byte, held string, err error) {
	const op = "store.append"
	code := c.code()
	if err := w.unanswered(op, c.Answer); err != nil {
		return nil, "", err
	}
	var seq int64
	err = w.one(`SELECT seq, head, held FROM cases WHERE code = ?1`, []any{code}, &seq, &head, &held)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return nil, "", err
	}
	if seq != c.Base || c.inLine && !bytes.Equal(head, c.before.head) { // another change may have led to the same sequence
		return nil, "", rowenc.Stale(op, code)
	}
	if key := c.Rows.Key; key != "" {
		other, err := w.owner(holderOf, key)
		if err != nil {
			return nil, "", err
		}
		if other != "" && other != code {
			return nil, "", rowenc.Duplicate(op, code, other)
		}
	}
	for _, v := range c.Rows.Codes {
		other, err := w.owner(caseOfCode, rowenc.FoldCode(v), v)
		if err != nil {
			return nil, "", err
		}
		if other != "" && other != code {
			return nil, "", rowenc.Taken(op, code, v)
		}
	}
	return head, held, nil
}

// owner reads a case code; "" when there is no row.
func (w *writer) owner(q string, args ...any) (code string, err error) {
	err = w.one(q, args, &code)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	return code, err
}

// clear deletes the rows that follow from the case as it was, whatever they are.
func (w *writer) clear(c *change, held string) error {
	code, rows := c.code(), rowenc.Rows{}
	err := w.each(`SELECT DISTINCT office FROM dossiers WHERE case_code = ?1`, []any{code}, func(r scanner) error {
		var d rowenc.DossierRow
		err := r.Scan(&d.Office)
		rows.Dossiers = append(rows.Dossiers, d)
		return err
	})
	if err != nil {
		return err
	}
	var name, subject string
	if err := w.one(`SELECT name, subject FROM cases WHERE code = ?1`, []any{code}, &name, &subject); err != nil {
		return err
	}
	rows.Words = rowenc.WordsOf(subject, name)
	x := &counting{conn: w.conn}
	for _, s := range rows.Search() {
		x.run(0, dropWord, s.Office, s.Word, code)
	}
	if c.before != nil { // its rows may be gone, and its words not
		for _, s := range c.before.rows.Search() {
			x.run(0, dropWord, s.Office, s.Word, code)
		}
	}
	x.run(0, `DELETE FROM dossiers WHERE case_code = ?1`, code)
	x.run(0, dropTasks, code)
	if held != "" {
		x.run(0, dropKey, held, code)
	}
	return x.err
}
