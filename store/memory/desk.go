package memory

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"time"

	"lienthong/engine"
	"lienthong/store/rowenc"
)

// draft keeps a draft with its data encoded.
type draft struct {
	engine.Draft
	data []byte
}

// view keeps a view with its query encoded.
type view struct {
	engine.View
	query []byte
}

// file is a document with its content.
type file struct {
	engine.Document
	content []byte
}

// PutAccount makes or changes an account.
func (s *Store) PutAccount(ctx context.Context, a engine.Account, ifRev int64, answer *engine.Answer) error {
	const op = "store.put_account"
	if a.ID == "" {
		return rowenc.Bad(op, "an account needs a name")
	}
	a.Rev, a.From, a.To, a.Roles = ifRev+1, rowenc.Trim(a.From), rowenc.Trim(a.To), slices.Clone(a.Roles)
	return s.write(ctx, op, s.answering(op, answer, func(t *rowenc.Undo) error {
		old, ok := s.accounts[a.ID]
		if ok && ifRev == 0 {
			return rowenc.Duplicate(op, "", "")
		}
		if old.Rev != ifRev {
			return rowenc.Stale(op, "")
		}
		rowenc.Put(t, s.accounts, a.ID, a)
		return nil
	}))
}

// Account returns one by name.
func (s *Store) Account(ctx context.Context, id string) (*engine.Account, error) {
	const op = "store.account"
	done, err := s.read(ctx, op)
	if err != nil {
		return nil, err
	}
	defer done()
	a, ok := s.accounts[id]
	if !ok {
		return nil, rowenc.Missing(op, "")
	}
	a.Roles = slices.Clone(a.Roles)
	return &a, nil
}

// Accounts lists accounts of an office, or all, by name.
func (s *Store) Accounts(ctx context.Context, office, after string, limit int) ([]engine.Account, error) {
	done, err := s.read(ctx, "store.accounts")
	if err != nil {
		return nil, err
	}
	defer done()
	out := []engine.Account{}
	for _, a := range s.accounts {
		if (office == "" || a.Office == office) && a.ID > after {
			a.Roles = slices.Clone(a.Roles)
			out = append(out, a)
		}
	}
	slices.SortFunc(out, func(a, b engine.Account) int { return cmp.Compare(a.ID, b.ID) })
	return cut(out, limit), nil
}

// PutSession keeps a session.
func (s *Store) PutSession(ctx context.Context, v engine.Session) error {
	v.From, v.Until = rowenc.Trim(v.From), rowenc.Trim(v.Until)
	return s.write(ctx, "store.put_session", func(t *rowenc.Undo) error {
		rowenc.Put(t, s.sessions, v.Token, v)
		return nil
	})
}

// Session returns one that is not over.
func (s *Store) Session(ctx context.Context, token string, now time.Time) (*engine.Session, error) {
	const op = "store.session"
	done, err := s.read(ctx, op)
	if err != nil {
		return nil, err
	}
	defer done()
	v, ok := s.sessions[token]
	if !ok || rowenc.Micros(v.Until) <= rowenc.Micros(now) {
		return nil, rowenc.NoSession(op)
	}
	return &v, nil
}

// EndSession forgets a session.
func (s *Store) EndSession(ctx context.Context, token string) error {
	return s.write(ctx, "store.end_session", func(t *rowenc.Undo) error {
		rowenc.Drop(t, s.sessions, token)
		return nil
	})
}

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
	d.Rev, d.Updated, d.Data = ifRev+1, rowenc.Trim(d.Updated), nil
	return s.write(ctx, op, func(t *rowenc.Undo) error {
		old, ok := s.drafts[pair{d.Owner, d.ID}]
		if ok && ifRev == 0 {
			return rowenc.Duplicate(op, "", "")
		}
		if old.Rev != ifRev {
			return rowenc.Stale(op, "")
		}
		rowenc.Put(t, s.drafts, pair{d.Owner, d.ID}, draft{d, data})
		return nil
	})
}

func (d draft) open() (engine.Draft, error) {
	var err error
	d.Data, err = rowenc.Map(d.data)
	return d.Draft, rowenc.Defect("store.draft", "", err)
}

// Draft returns an owner's draft.
func (s *Store) Draft(ctx context.Context, owner, id string) (*engine.Draft, error) {
	const op = "store.draft"
	done, err := s.read(ctx, op)
	if err != nil {
		return nil, err
	}
	defer done()
	d, ok := s.drafts[pair{owner, id}]
	if !ok {
		return nil, rowenc.Missing(op, "")
	}
	v, err := d.open()
	return &v, err
}

// Drafts lists an owner's drafts, newest first.
func (s *Store) Drafts(ctx context.Context, owner string) ([]engine.Draft, error) {
	done, err := s.read(ctx, "store.drafts")
	if err != nil {
		return nil, err
	}
	defer done()
	out := []engine.Draft{}
	for k, d := range s.drafts {
		if k.a != owner {
			continue
		}
		v, err := d.open()
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	slices.SortFunc(out, func(a, b engine.Draft) int {
		return cmp.Or(b.Updated.Compare(a.Updated), cmp.Compare(a.ID, b.ID))
	})
	return out, nil
}

// DeleteDraft forgets a draft.
func (s *Store) DeleteDraft(ctx context.Context, owner, id string) error {
	return s.write(ctx, "store.delete_draft", func(t *rowenc.Undo) error {
		rowenc.Drop(t, s.drafts, pair{owner, id})
		return nil
	})
}

// PutView makes a view or puts it in place of the one with its id.
func (s *Store) PutView(ctx context.Context, v engine.View) error {
	const op = "store.put_view"
	query, err := rowenc.CheckView(op, v)
	if err != nil {
		return err
	}
	v.Query = nil
	return s.write(ctx, op, func(t *rowenc.Undo) error {
		rowenc.Put(t, s.views, pair{v.Owner, v.ID}, view{v, query})
		return nil
	})
}

// Views lists an account's views by name.
func (s *Store) Views(ctx context.Context, owner string) ([]engine.View, error) {
	const op = "store.views"
	done, err := s.read(ctx, op)
	if err != nil {
		return nil, err
	}
	defer done()
	out := []engine.View{}
	for k, v := range s.views {
		if k.a != owner {
			continue
		}
		if v.Query, err = rowenc.Map(v.query); err != nil {
			return nil, rowenc.Defect(op, "", err)
		}
		out = append(out, v.View)
	}
	slices.SortFunc(out, func(a, b engine.View) int { return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID)) })
	return out, nil
}

// DeleteView forgets a view.
func (s *Store) DeleteView(ctx context.Context, owner, id string) error {
	return s.write(ctx, "store.delete_view", func(t *rowenc.Undo) error {
		rowenc.Drop(t, s.views, pair{owner, id})
		return nil
	})
}

// PutPrefill keeps a snapshot.
func (s *Store) PutPrefill(ctx context.Context, owner string, p engine.Prefill) error {
	const op = "store.put_prefill"
	b, err := json.Marshal(p)
	if err != nil {
		return rowenc.Bad(op, "prefill: %w", err)
	}
	return s.write(ctx, op, func(t *rowenc.Undo) error {
		rowenc.Put(t, s.prefills, pair{owner, p.ID}, b)
		return nil
	})
}

// Prefill returns an owner's snapshot.
func (s *Store) Prefill(ctx context.Context, owner, id string) (*engine.Prefill, error) {
	const op = "store.prefill"
	done, err := s.read(ctx, op)
	if err != nil {
		return nil, err
	}
	defer done()
	b, ok := s.prefills[pair{owner, id}]
	if !ok {
		return nil, rowenc.Missing(op, "")
	}
	p := new(engine.Prefill)
	return p, rowenc.Defect(op, "", engine.Unmarshal(b, p))
}

// PutDocument keeps a document; nil content changes what is said about one.
func (s *Store) PutDocument(ctx context.Context, d engine.Document, content []byte) error {
	const op = "store.put_document"
	if err := rowenc.CheckDocument(d, content); err != nil {
		return err
	}
	d.At = rowenc.Trim(d.At)
	content = bytes.Clone(content)
	return s.write(ctx, op, func(t *rowenc.Undo) error {
		if content == nil {
			old, ok := s.files[d.ID]
			if !ok {
				return rowenc.Missing(op, d.Case)
			}
			content = old.content
		}
		d.Size = int64(len(content))
		rowenc.Put(t, s.files, d.ID, file{d, content})
		return nil
	})
}

// Document returns a document with its content.
func (s *Store) Document(ctx context.Context, id string) (*engine.Document, []byte, error) {
	const op = "store.document"
	done, err := s.read(ctx, op)
	if err != nil {
		return nil, nil, err
	}
	defer done()
	f, ok := s.files[id]
	if !ok {
		return nil, nil, rowenc.Missing(op, "")
	}
	return &f.Document, bytes.Clone(f.content), nil
}

// Documents describes those that exist, in the order asked for.
func (s *Store) Documents(ctx context.Context, ids []string) ([]engine.Document, error) {
	done, err := s.read(ctx, "store.documents")
	if err != nil {
		return nil, err
	}
	defer done()
	out := []engine.Document{}
	for _, id := range ids {
		if f, ok := s.files[id]; ok {
			out = append(out, f.Document)
		}
	}
	return out, nil
}

// LogAccess adds a line to the access log.
func (s *Store) LogAccess(ctx context.Context, a engine.Access) error {
	return s.write(ctx, "store.log_access", func(t *rowenc.Undo) error {
		r := rowenc.NewAccess(a)
		var prev []byte
		if n := len(s.access); n > 0 {
			prev = s.access[n-1].Hash
		}
		r.N = int64(len(s.access)) + 1
		r.Hash = r.Link(prev)
		old := s.access
		t.Add(func() { s.access = old })
		s.access = append(s.access, r)
		return nil
	})
}

// AccessTo lists who opened a case, newest first; after is how many lines were
// read before.
func (s *Store) AccessTo(ctx context.Context, code, after string, limit int) ([]engine.Access, error) {
	done, err := s.read(ctx, "store.access_to")
	if err != nil {
		return nil, err
	}
	defer done()
	skip, err := rowenc.ParseSkip(after)
	if err != nil {
		return nil, err
	}
	out := []engine.Access{}
	for i := range slices.Backward(s.access) {
		if s.access[i].Case != code {
			continue
		}
		if skip--; skip < 0 {
			out = append(out, s.access[i].Access())
		}
	}
	return cut(out, limit), nil
}
