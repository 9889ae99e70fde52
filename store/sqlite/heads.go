package sqlite

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sort"
	"time"

	"lienthong/store/rowenc"
)

// A chain shows a change inside a history, but not that its end was cut off or
// that a whole case was put back to an older state. A checkpoint does: it notes
// where every history ended. The checkpoints are chained too, so whoever keeps
// the number and hash of one elsewhere can tell that none up to it was changed.

const checkpointCols = `n, at, upto, cases, entries, access, digest, hash`

func scanCheckpoint(r *sql.Rows) (rowenc.Checkpoint, error) {
	var c rowenc.Checkpoint
	err := r.Scan(&c.N, &c.At, &c.UpTo, &c.Cases, &c.Entries, &c.Access, &c.Digest, &c.Hash)
	return c, err
}

// Checkpoint notes where every history ends now, as of a time, and returns what it
// wrote. It reads beside the writer; what is committed meanwhile is not part of it.
func (s *Store) Checkpoint(ctx context.Context, at time.Time) (rowenc.Checkpoint, error) {
	const op = "store.checkpoint"
	c := rowenc.Checkpoint{At: rowenc.Micros(at)}
	if err := s.noteHeads(ctx, &c); err != nil {
		return c, failure(op, "", err)
	}
	return do(ctx, s, op, func(w *writer) (rowenc.Checkpoint, error) {
		c := c
		var prev []byte
		err := w.one(`SELECT n, hash FROM heads ORDER BY n DESC LIMIT 1`, nil, &c.N, &prev)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return c, err
		}
		c.N++
		c.Hash = c.Link(prev)
		return c, w.exec(`INSERT INTO heads (`+checkpointCols+`) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)`,
			c.N, c.At, c.UpTo, c.Cases, c.Entries, c.Access, c.Digest, c.Hash)
	})
}

// NewestCheckpoint is the last one that was written; its number is 0 when there is
// none.
func (s *Store) NewestCheckpoint(ctx context.Context) (rowenc.Checkpoint, error) {
	var c rowenc.Checkpoint
	err := s.each(ctx, `SELECT `+checkpointCols+` FROM heads ORDER BY n DESC LIMIT 1`, nil, func(r *sql.Rows) (err error) {
		c, err = scanCheckpoint(r)
		return err
	})
	return c, failure("store.checkpoint", "", err)
}

// noteHeads computes the digest over one state.
func (s *Store) noteHeads(ctx context.Context, c *rowenc.Checkpoint) error {
	tx, err := s.readDB.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return err
	}
	defer tx.Rollback() //nolint:errcheck // it only read
	var last []byte
	if err := tx.QueryRowContext(ctx, `SELECT coalesce(max(id), 0) FROM entries`).Scan(&c.UpTo); err != nil {
		return err
	}
	err = tx.QueryRowContext(ctx, `SELECT n, hash FROM access_log ORDER BY n DESC LIMIT 1`).Scan(&c.Access, &last)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	rows, err := tx.QueryContext(ctx, allHeads)
	if err != nil {
		return err
	}
	var sum rowenc.HeadSum
	err = walk(rows, func(r *sql.Rows) error {
		var h rowenc.Head
		if err := r.Scan(&h.Case, &h.Seq, &h.Hash); err != nil {
			return err
		}
		return sum.Add(h)
	})
	c.Cases, c.Entries, c.Digest = sum.Cases, sum.Entries, sum.Sum(c.Access, last)
	return err
}

const allHeads = `SELECT code, seq, head FROM cases ORDER BY code`

// noted is a checkpoint that a walk computes again from what is there now.
type noted struct {
	rowenc.Checkpoint
	sum  rowenc.HeadSum
	last []byte // hash of the access log's line at which it stood
	why  string // why it cannot be computed
}

// checkpoints walks the chain of checkpoints and chooses those to compute again:
// the newest, and the one that is asked for.
func (w *walker) checkpoints(ctx context.Context) error {
	var prev []byte
	var newest *noted
	broken := false
	err := w.each(ctx, `SELECT `+checkpointCols+` FROM heads ORDER BY n`, nil, func(r *sql.Rows) error {
		c, err := scanCheckpoint(r)
		if err != nil {
			return err
		}
		w.Checkpoints++
		if !broken && (c.N != w.Checkpoints || !bytes.Equal(c.Link(prev), c.Hash)) {
			broken = true
			w.bad(Finding{Area: AreaCheckpoint, Seq: w.Checkpoints, What: "it does not match the chain of checkpoints"})
		}
		prev, newest, w.newest = c.Hash, &noted{Checkpoint: c}, c
		if w.known != nil && w.known.N == c.N {
			w.noted = append(w.noted, newest)
			if !bytes.Equal(w.known.Hash, c.Hash) {
				w.bad(Finding{Area: AreaCheckpoint, Seq: c.N, What: fmt.Sprintf("its hash is %x, not the %x that is known of it", c.Hash, w.known.Hash)})
			}
		}
		return nil
	})
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		w.bad(Finding{Area: AreaCheckpoint, Seq: w.Checkpoints + 1, What: fmt.Sprintf("the checkpoints cannot be read: %v", err)})
		return nil
	}
	if w.known != nil && len(w.noted) == 0 {
		w.bad(Finding{Area: AreaCheckpoint, Seq: w.known.N, What: fmt.Sprintf("it is not there; there are %d", w.Checkpoints)})
	}
	switch {
	case broken:
		w.noted = nil // what they say is not to be trusted
	case newest != nil && (len(w.noted) == 0 || w.noted[0] != newest):
		w.noted = append(w.noted, newest)
	}
	return nil
}

// stoodAt is the case's sequence when the entry with an id was the last one: 0
// before it was filed, -1 when that cannot be told any more.
func (w *walker) stoodAt(ctx context.Context, k *kept, upTo int64) (int64, error) {
	if s := k.stub; s != nil {
		switch {
		case s.last <= upTo:
			return s.seq, nil
		case s.first > upTo:
			return 0, nil
		}
		return -1, nil
	}
	var seq sql.NullInt64
	err := w.one(ctx, `SELECT max(seq) FROM entries WHERE case_code = ?1 AND id <= ?2`, []any{k.Code, upTo}, &seq)
	return seq.Int64, err
}

// take adds a case as it stood at the checkpoint, which is the i-th of the walk.
func (p *noted) take(k *kept, i int) {
	if p.why != "" {
		return
	}
	if k.lost || i >= len(k.stood) || k.stood[i] < 0 {
		p.why = "case " + k.Code + " has no history here that reaches back to it"
		return
	}
	seq := k.stood[i]
	if seq == 0 {
		return
	}
	h := rowenc.Head{Case: k.Code, Seq: seq}
	if k.stub != nil {
		h.Hash = k.stub.head
	} else {
		at := sort.Search(len(k.Entries), func(i int) bool { return k.Entries[i].Seq >= seq })
		if at < len(k.Entries) {
			h.Hash = k.Entries[at].Hash
		}
	}
	if err := p.sum.Add(h); err != nil {
		p.why = err.Error()
	}
}

// line sees a line of the access log.
func (p *noted) line(a rowenc.AccessRow) {
	if a.N == p.Access {
		p.last = a.Hash
	}
}

// compare tells whether the checkpoint comes out as it was noted.
func (w *walker) compare(p *noted) {
	switch {
	case p.why != "":
		w.skipped = append(w.skipped, fmt.Sprintf("checkpoint %d was not computed again: %s", p.N, p.why))
	case p.sum.Cases != p.Cases || p.sum.Entries != p.Entries:
		w.bad(Finding{Area: AreaCheckpoint, Seq: p.N, What: fmt.Sprintf(
			"%d entries of %d cases were noted on %s, of which %d entries of %d cases are left: a history lost its end or a case is gone",
			p.Entries, p.Cases, rowenc.Time(p.At).Format(time.RFC3339), p.sum.Entries, p.sum.Cases)})
	case !bytes.Equal(p.sum.Sum(p.Access, p.last), p.Digest):
		w.bad(Finding{Area: AreaCheckpoint, Seq: p.N, What: fmt.Sprintf(
			"the histories (or the access log) up to it are not those that were noted on %s: one was replaced", rowenc.Time(p.At).Format(time.RFC3339))})
	}
}
