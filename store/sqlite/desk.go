package sqlite

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"

	"lienthong/engine"
	"lienthong/store/rowenc"
)

const (
	insertDraft = `INSERT INTO drafts (owner, id, service, rev, updated, data) VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO NOTHING`
	updateDraft = `UPDATE drafts SET service = ?3, rev = ?4, updated = ?5, data = ?6 WHERE owner = ?1 AND id = ?2 AND rev = ?4 - 1`
	draftCols   = `owner, id, service, rev, updated, data`
)

// PutDraft makes or changes a draft.
func (s *Store) PutDraft(ctx context.Context, d engine.Draft, ifRev int64) error {
	const op = "store.put_draft"
	if d.ID == "" || d.Owner == "" {
		return rowenc.Bad(op, "a draft needs an id and an owner")
	}
	data, err := rowenc.JSON(d.Data)
	if err != nil {
		return rowenc.Bad(op, "draft: %w", err)
	}
	return s.keeping(ctx, op, d.Owner, len(data), putRev(op, ifRev, insertDraft, updateDraft, d.Owner, d.ID, d.Service, ifRev+1, rowenc.Micros(d.Updated), data))
}

func scanDraft(scan func(...any) error) (engine.Draft, error) {
	var d engine.Draft
	var updated int64
	var data []byte
	if err := scan(&d.Owner, &d.ID, &d.Service, &d.Rev, &updated, &data); err != nil {
		return d, err
	}
	d.Updated = rowenc.Time(updated)
	var err error
	d.Data, err = rowenc.Map(data)
	return d, err
}

// Draft returns an owner's draft.
func (s *Store) Draft(ctx context.Context, owner, id string) (*engine.Draft, error) {
	const op = "store.draft"
	st, err := s.prepared(`SELECT ` + draftCols + ` FROM drafts WHERE owner = ?1 AND id = ?2`)
	if err != nil {
		return nil, failure(op, "", err)
	}
	d, err := scanDraft(st.QueryRowContext(ctx, owner, id).Scan)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, rowenc.Missing(op, "")
	}
	if err != nil {
		return nil, failure(op, "", err)
	}
	return &d, nil
}

const draftsOf = `SELECT ` + draftCols + ` FROM drafts WHERE owner = ?1 ORDER BY updated DESC, id`

// Drafts lists an owner's drafts, newest first.
func (s *Store) Drafts(ctx context.Context, owner string) ([]engine.Draft, error) {
	out := []engine.Draft{}
	err := s.each(ctx, draftsOf, []any{owner}, func(r *sql.Rows) error {
		d, err := scanDraft(r.Scan)
		out = append(out, d)
		return err
	})
	if err != nil {
		return nil, failure("store.drafts", "", err)
	}
	return out, nil
}

// DeleteDraft forgets a draft.
func (s *Store) DeleteDraft(ctx context.Context, owner, id string) error {
	return s.keeping(ctx, "store.delete_draft", owner, 0, func(w *writer) error {
		return w.exec(`DELETE FROM drafts WHERE owner = ?1 AND id = ?2`, owner, id)
	})
}

// PutView makes a view or puts it in place of the one with its id.
func (s *Store) PutView(ctx context.Context, v engine.View) error {
	const op = "store.put_view"
	query, err := rowenc.CheckView(op, v)
	if err != nil {
		return err
	}
	return s.keeping(ctx, op, v.Owner, len(query), func(w *writer) error {
		return w.exec(`INSERT INTO views (owner, id, name, query) VALUES (?1, ?2, ?3, ?4)
	ON CONFLICT (owner, id) DO UPDATE SET name = excluded.name, query = excluded.query`, v.Owner, v.ID, v.Name, query)
	})
}

const viewsOf = `SELECT owner, id, name, query FROM views WHERE owner = ?1 ORDER BY name, id`

// Views lists an account's views by name.
func (s *Store) Views(ctx context.Context, owner string) ([]engine.View, error) {
	out := []engine.View{}
	err := s.each(ctx, viewsOf, []any{owner}, func(r *sql.Rows) error {
		var v engine.View
		var query []byte
		err := r.Scan(&v.Owner, &v.ID, &v.Name, &query)
		if err == nil {
			v.Query, err = rowenc.Map(query)
		}
		out = append(out, v)
		return err
	})
	if err != nil {
		return nil, failure("store.views", "", err)
	}
	return out, nil
}

// DeleteView forgets a view.
func (s *Store) DeleteView(ctx context.Context, owner, id string) error {
	return s.keeping(ctx, "store.delete_view", owner, 0, func(w *writer) error {
		return w.exec(`DELETE FROM views WHERE owner = ?1 AND id = ?2`, owner, id)
	})
}

// PutPrefill keeps a snapshot.
func (s *Store) PutPrefill(ctx context.Context, owner string, p engine.Prefill) error {
	const op = "store.put_prefill"
	b, err := json.Marshal(p)
	if err != nil {
		return rowenc.Bad(op, "prefill: %w", err)
	}
	return s.keeping(ctx, op, owner, len(b), func(w *writer) error {
		return w.exec(`INSERT INTO prefills (owner, id, body, at) VALUES (?1, ?2, ?3, ?4) ON CONFLICT (owner, id) DO UPDATE SET body = excluded.body, at = excluded.at`,
			owner, p.ID, b, rowenc.Micros(p.At))
	})
}

// Prefill returns an owner's snapshot.
func (s *Store) Prefill(ctx context.Context, owner, id string) (*engine.Prefill, error) {
	const op = "store.prefill"
	var b []byte
	err := s.row(ctx, `SELECT body FROM prefills WHERE owner = ?1 AND id = ?2`, []any{owner, id}, &b)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, rowenc.Missing(op, "")
	}
	if err != nil {
		return nil, failure(op, "", err)
	}
	p := new(engine.Prefill)
	return p, rowenc.Defect(op, "", engine.Unmarshal(b, p))
}

const documentCols = `id, owner, case_code, step, name, type, size, hash, at, result`

func scanDocument(scan func(...any) error, rest ...any) (engine.Document, error) {
	var d engine.Document
	var at int64
	err := scan(append([]any{&d.ID, &d.Owner, &d.Case, &d.Step, &d.Name, &d.Type, &d.Size, &d.Hash, &at, &d.Result}, rest...)...)
	d.At = rowenc.Time(at)
	return d, err
}

// PutDocument keeps a document; nil content changes what is said about one.
func (s *Store) PutDocument(ctx context.Context, d engine.Document, content []byte) error {
	const op = "store.put_document"
	if err := rowenc.CheckDocument(d, content); err != nil {
		return err
	}
	content = bytes.Clone(content) // the caller may go before the writer has read it
	return s.keeping(ctx, op, d.Owner, len(content), func(w *writer) error {
		size := int64(len(content))
		if content == nil {
			err := w.one(`SELECT size FROM documents WHERE id = ?1`, []any{d.ID}, &size)
			if errors.Is(err, sql.ErrNoRows) {
				return rowenc.Missing(op, d.Case)
			}
			if err != nil {
				return err
			}
		}
		err := w.exec(`INSERT INTO documents (`+documentCols+`) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)`+
			` ON CONFLICT (id) DO UPDATE SET owner = excluded.owner,
			case_code = excluded.case_code, step = excluded.step, name = excluded.name, type = excluded.type, size = excluded.size,
			hash = excluded.hash, at = excluded.at, result = excluded.result`,
			d.ID, d.Owner, d.Case, d.Step, d.Name, d.Type, size, d.Hash, rowenc.Micros(d.At), d.Result)
		if err != nil || content == nil {
			return err
		}
		return w.exec(`INSERT INTO document_contents (id, content) VALUES (?1, ?2) ON CONFLICT (id) DO UPDATE SET content = excluded.content`,
			d.ID, content)
	})
}

// Document returns a document with its content.
func (s *Store) Document(ctx context.Context, id string) (*engine.Document, []byte, error) {
	const op = "store.document"
	st, err := s.prepared(`SELECT d.id, d.owner, d.case_code, d.step, d.name, d.type, d.size, d.hash, d.at, d.result, b.content
		FROM documents d JOIN document_contents b ON b.id = d.id WHERE d.id = ?1`)
	if err != nil {
		return nil, nil, failure(op, "", err)
	}
	var content []byte
	d, err := scanDocument(st.QueryRowContext(ctx, id).Scan, &content)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil, rowenc.Missing(op, "")
	}
	if err != nil {
		return nil, nil, failure(op, "", err)
	}
	return &d, content, nil
}

const documentByID = `SELECT ` + documentCols + ` FROM documents WHERE id = ?1`

// Documents describes those that exist, in the order asked for.
func (s *Store) Documents(ctx context.Context, ids []string) ([]engine.Document, error) {
	const op = "store.documents"
	out := []engine.Document{}
	st, err := s.prepared(documentByID)
	if err != nil {
		return nil, failure(op, "", err)
	}
	for _, id := range ids {
		d, err := scanDocument(st.QueryRowContext(ctx, id).Scan)
		if errors.Is(err, sql.ErrNoRows) {
			continue
		}
		if err != nil {
			return nil, failure(op, "", err)
		}
		out = append(out, d)
	}
	return out, nil
}

// LogAccess adds a line to the access log.
func (s *Store) LogAccess(ctx context.Context, a engine.Access) error {
	r := rowenc.NewAccess(a)
	lane := a.Office
	if lane == "" {
		lane = a.Account
	}
	return s.submit(&job{ctx: ctx, op: "store.log_access", lane: lane, access: &r})
}

const accessCols = `n, at, account, office, case_code, what, hash`

const insertAccess = `INSERT INTO access_log (` + accessCols + `) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)`

// logAll links and writes the transaction's lines of the access log.
func (w *writer) logAll(jobs []*job) error {
	var last int64
	var prev []byte
	read := false
	for _, j := range jobs {
		if j.access == nil {
			continue
		}
		if j.err = j.ctx.Err(); j.err != nil {
			j.err = rowenc.Unknown(j.op, j.err)
			continue
		}
		if !read {
			err := w.one(`SELECT n, hash FROM access_log ORDER BY n DESC LIMIT 1`, nil, &last, &prev)
			if err != nil && !errors.Is(err, sql.ErrNoRows) {
				return err
			}
			read = true
		}
		a := *j.access
		last++
		a.N = last
		prev = a.Link(prev)
		if err := w.exec(insertAccess, a.N, a.At, a.Account, a.Office, a.Case, a.What, prev); err != nil {
			return err
		}
	}
	return nil
}

func scanAccess(r *sql.Rows) (rowenc.AccessRow, error) {
	var a rowenc.AccessRow
	err := r.Scan(&a.N, &a.At, &a.Account, &a.Office, &a.Case, &a.What, &a.Hash)
	return a, err
}

const accessTo = `SELECT ` + accessCols + ` FROM access_log WHERE case_code = ?1 ORDER BY n DESC LIMIT ?2 OFFSET ?3`

// AccessTo lists who opened a case, newest first; after is how many lines were
// read before.
func (s *Store) AccessTo(ctx context.Context, code, after string, limit int) ([]engine.Access, error) {
	skip, err := rowenc.ParseSkip(after)
	if err != nil {
		return nil, err
	}
	out := []engine.Access{}
	err = s.each(ctx, accessTo, []any{code, limited(limit), skip}, func(r *sql.Rows) error {
		a, err := scanAccess(r)
		out = append(out, a.Access())
		return err
	})
	if err != nil {
		return nil, failure("store.access_to", code, err)
	}
	return out, nil
}
