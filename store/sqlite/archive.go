package sqlite

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"

	"lienthong/engine"
	"lienthong/store/rowenc"
)

// stub is what a database keeps of an archived case beside its row in cases.
type stub struct {
	archive      int64
	seq          int64
	head         []byte
	first, last  int64 // ids of its first and last entry
	body, digest []byte

	caseSeq  int64 // as the row in cases says
	caseHead []byte
	status   string
}

const stubOf = `SELECT a.archive, a.seq, a.head, a.first, a.last, a.stub, a.digest, c.seq, c.head, c.status
	FROM archived a JOIN cases c ON c.code = a.case_code WHERE a.case_code = ?1`

func (s *stub) scan(r *sql.Rows) error {
	return r.Scan(&s.archive, &s.seq, &s.head, &s.first, &s.last, &s.body, &s.digest, &s.caseSeq, &s.caseHead, &s.status)
}

// stub reads the stub of a case; nil when it is not archived.
func (w *walker) stub(ctx context.Context, code string) (*stub, error) {
	var out *stub
	err := w.each(ctx, stubOf, []any{code}, func(r *sql.Rows) error {
		out = &stub{}
		return out.scan(r)
	})
	return out, err
}

// checkStub finds what is wrong with an archived case's stub.
func (k *kept) checkStub() {
	s := k.stub
	sum := sha256.Sum256(s.body)
	switch {
	case s.seq != s.caseSeq || !bytes.Equal(s.head, s.caseHead) || s.status != "ended":
		k.blame(s.seq, "the stub of the archived case differs from its row")
	case !bytes.Equal(sum[:], s.digest):
		k.blame(s.seq, "the stub of the archived case does not match its digest")
	case k.Case != nil || k.Err != nil || len(k.Entries) > 0 || len(k.Rows.Dossiers) > 0 || len(k.Rows.Tasks) > 0:
		k.blame(1, "the case is archived, yet parts of it are here")
	}
}

const archiveOf = `SELECT a.name FROM archived x JOIN archives a ON a.n = x.archive WHERE x.case_code = ?1`

// orArchived is what to say of a case whose history is not here: that it was
// moved, or else the error.
func (s *Store) orArchived(ctx context.Context, op, code string, err error) error {
	var name string
	aerr := s.reading(ctx, func(c *conn) error { return c.one(archiveOf, []any{code}, &name) })
	switch {
	case aerr == nil:
		return rowenc.Archived(op, code, name)
	case errors.Is(aerr, sql.ErrNoRows):
		return err
	}
	return failure(op, code, aerr)
}

// Stub returns what is still told of an archived case.
func (s *Store) Stub(ctx context.Context, code string) (*engine.Stub, error) {
	const op = "store.stub"
	var name string
	var at int64
	var body, digest []byte
	err := s.reading(ctx, func(c *conn) error {
		return c.one(`SELECT a.name, a.at, x.stub, x.digest FROM archived x JOIN archives a ON a.n = x.archive WHERE x.case_code = ?1`, []any{code},
			&name, &at, &body, &digest)
	})
	if errors.Is(err, sql.ErrNoRows) {
		return nil, rowenc.Missing(op, code)
	}
	if err != nil {
		return nil, failure(op, code, err)
	}
	out := &engine.Stub{}
	if sum := sha256.Sum256(body); !bytes.Equal(sum[:], digest) {
		return nil, rowenc.Corrupt(op, code, 0, "the stub of the archived case does not match its digest")
	}
	if err := engine.Unmarshal(body, out); err != nil {
		return nil, rowenc.Corrupt(op, code, 0, "the stub of the archived case cannot be read: "+err.Error())
	}
	out.Archive, out.Moved = name, rowenc.Time(at)
	return out, nil
}
