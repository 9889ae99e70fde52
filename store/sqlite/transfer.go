package sqlite

import (
	"bytes"
	"context"
	"database/sql"

	"lienthong/engine"
	"lienthong/store/rowenc"
)

// Sealed reads a case's history as it is sealed, oldest entry first. Archived when it
// was moved to an archive file.
func (f *File) Sealed(ctx context.Context, code string) ([]rowenc.Sealed, error) {
	var out []rowenc.Sealed
	err := f.s.each(ctx, historyOf, []any{code, 1, -1}, func(r *sql.Rows) error {
		e, err := scanSealed(r)
		out = append(out, e)
		return err
	})
	if err == nil && len(out) == 0 {
		return nil, f.s.orArchived(ctx, "store.sealed", code, nil)
	}
	return out, failure("store.sealed", code, err)
}

// Events is History with of each entry only what Fold needs.
func (f *File) Events(ctx context.Context, code string, from int64, limit int) ([]engine.Entry, error) {
	return f.s.history(ctx, code, from, limit, (*rowenc.Sealed).OpenEvents)
}

// Snapshot is the stored state of a case as its JSON, the entry that it stands at (0 =
// there is none), and the last entry of the case.
func (f *File) Snapshot(ctx context.Context, code string) (text []byte, at, last int64, err error) {
	const op = "store.snapshot"
	var body []byte
	err = f.s.row(ctx, `SELECT c.seq, coalesce(s.seq, 0), s.body FROM cases c LEFT JOIN snapshots s ON s.case_code = c.code WHERE c.code = ?1`, []any{code}, &last, &at, &body)
	if err != nil {
		return nil, 0, 0, failure(op, code, err)
	}
	if text, err = rowenc.Unpack(body); err != nil {
		return nil, 0, 0, rowenc.Corrupt(op, code, at, "stored case cannot be read: "+err.Error())
	}
	return text, at, last, nil
}

// Import writes the whole history of a case that was sealed elsewhere, with its
// chain: payloads, salts, commitments and hashes stay as they are. c is the case's
// one change, from nothing to its last entry; its entries are the sealed ones, opened.
//
// Errors: those of Append, and CorruptHistory when the chain does not come out as it
// was sealed.
func (s *Store) Import(ctx context.Context, c engine.Change, sealed []rowenc.Sealed) error {
	const op = "store.import"
	if c.Base != 0 || len(sealed) != len(c.Entries) {
		return rowenc.Bad(op, "%d sealed entries for %d, from %d on", len(sealed), len(c.Entries), c.Base)
	}
	j, err := s.appendJob(ctx, []engine.Change{c})
	if err != nil {
		return err
	}
	ch := j.append[0]
	for i := range ch.Entries {
		to, from := &ch.Entries[i], &sealed[i]
		to.Salt, to.Commitment, ch.packed[i] = from.Salt, from.Commitment, from.Packed()
	}
	ch.link(nil)
	for i := range ch.Entries {
		if !bytes.Equal(ch.Entries[i].Hash, sealed[i].Hash) {
			return rowenc.Corrupt(op, sealed[i].Case, sealed[i].Seq, "entry does not match the chain")
		}
	}
	if ch.after != nil {
		ch.after.head = ch.head()
	}
	return s.submit(j)
}
