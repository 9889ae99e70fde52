package sqlite

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
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
	case k.Present || len(k.Entries) > 0:
		k.blame(1, "the case is archived, yet parts of it are here")
	}
}
