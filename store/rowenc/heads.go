package rowenc

import (
	"crypto/sha256"
	"fmt"
	"hash"
)

// Head is where the history of one case ended at some time: its last sequence
// and the hash of that entry, which covers every entry before it.
type Head struct {
	Case string
	Seq  int64
	Hash []byte
}

// HeadSum digests heads. Two lists have the same digest only if they name the
// same cases with the same ends.
type HeadSum struct {
	Cases, Entries int64

	h    hash.Hash
	last string
}

// Add takes the next head; cases come in the order of their codes, each once.
func (s *HeadSum) Add(h Head) error {
	if s.h == nil {
		s.h = sha256.New()
		field(s.h, []byte("lienthong/heads/1"))
	} else if h.Case <= s.last {
		return fmt.Errorf("case %q does not come after %q", h.Case, s.last)
	}
	field(s.h, []byte(h.Case))
	number(s.h, h.Seq)
	field(s.h, h.Hash)
	s.Cases, s.Entries, s.last = s.Cases+1, s.Entries+h.Seq, h.Case
	return nil
}

// Sum is the digest of the heads taken so far and of the access log, which ends
// at a line with a hash (0 and nil when there is none).
func (s *HeadSum) Sum(lines int64, last []byte) []byte {
	h := sha256.New()
	field(h, []byte("lienthong/checkpoint/1"))
	if s.h != nil {
		field(h, s.h.Sum(nil))
	}
	number(h, s.Cases)
	number(h, s.Entries)
	number(h, lines)
	field(h, last)
	return h.Sum(nil)
}

// Checkpoint is the state of every history at one time.
type Checkpoint struct {
	N       int64 // from 1, without gaps
	At      int64 // microseconds
	UpTo    int64 // id of the last entry
	Cases   int64
	Entries int64
	Access  int64 // lines of the access log
	Digest  []byte
	Hash    []byte
}

// Link is the checkpoint's hash after the hash of the one before.
func (c *Checkpoint) Link(prev []byte) []byte {
	h := sha256.New()
	field(h, prev)
	field(h, []byte("lienthong/checkpoint-row/1"))
	for _, n := range []int64{c.N, c.At, c.UpTo, c.Cases, c.Entries, c.Access} {
		number(h, n)
	}
	field(h, c.Digest)
	return h.Sum(nil)
}
