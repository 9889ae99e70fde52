package transfer

import (
	"bufio"
	"bytes"
	"compress/flate"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"

	"lienthong/engine"
	"lienthong/store/rowenc"
)

// Reader reads a file, case by case, and checks everything on the way.
type Reader struct {
	Header Header
	Total  Total // once Next has returned io.EOF

	r     *bufio.Reader
	n     int64 // of the line read last
	sum   hash.Hash
	prior string // digest before the line read last
	last  string
	cases int64
	count int64
	err   error
}

// Case is one case of a file.
type Case struct {
	Code    string
	Sealed  []rowenc.Sealed
	Entries []engine.Entry // the sealed ones, opened
}

// NewReader reads the first line.
func NewReader(r io.Reader) (*Reader, error) {
	out := &Reader{r: bufio.NewReaderSize(r, 1<<16), sum: sha256.New()}
	l, err := out.line(0)
	switch {
	case err != nil:
		return nil, err
	case l.Header == nil || l.Header.Format != Format:
		return nil, out.bad("it does not begin as a file of histories does (%s)", Format)
	}
	out.Header = *l.Header
	return out, nil
}

// bad is an error at the line read last. It is final.
func (r *Reader) bad(format string, args ...any) error {
	e := engine.Fail(engine.CorruptHistory, fmt.Sprintf("Tệp lịch sử hỏng ở dòng %d.", r.n), fmt.Sprintf("The file of histories is damaged at line %d.", r.n))
	e.Op, e.Err = "transfer.read", fmt.Errorf("line %d: "+format, append([]any{r.n}, args...)...)
	r.err = e
	return e
}

// line reads one line of the file; room is what the case has left, 0 = none.
func (r *Reader) line(room int) (*line, error) {
	most := maxLine
	if room > 0 {
		most = min(most, room)
	}
	r.n++
	var b []byte
	for {
		part, err := r.r.ReadSlice('\n')
		if len(b)+len(part) > most {
			return nil, r.bad("it is longer than %d bytes", most)
		}
		b = append(b, part...)
		if err == nil {
			break
		}
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
		case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF): // the second by gzip
			return nil, r.bad("the file is cut off after %d bytes of it", len(b))
		case unpacking(err):
			return nil, r.bad("it cannot be unpacked: %v", err)
		default:
			r.err = fmt.Errorf("transfer: line %d: %w", r.n, err)
			return nil, r.err
		}
	}
	r.prior = hex.EncodeToString(r.sum.Sum(nil))
	r.sum.Write(b)
	var l line
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&l); err != nil {
		return nil, r.bad("%v", err)
	}
	if _, err := dec.Token(); err != io.EOF {
		return nil, r.bad("more than one value")
	}
	return &l, nil
}

// unpacking tells whether an error is of a compressed file that is damaged.
func unpacking(err error) bool {
	var at flate.CorruptInputError
	return errors.Is(err, gzip.ErrChecksum) || errors.Is(err, gzip.ErrHeader) || errors.As(err, &at)
}

// Next reads the next case; io.EOF at the end of a whole file.
func (r *Reader) Next() (*Case, error) {
	if r.err != nil {
		return nil, r.err
	}
	l, err := r.line(0)
	switch {
	case err != nil:
		return nil, err
	case l.Total != nil:
		return nil, r.close(*l.Total)
	case l.Case == nil:
		return nil, r.bad("a case or the total belongs here")
	case l.Case.Code <= r.last:
		return nil, r.bad("case %q does not come after %q", l.Case.Code, r.last)
	case l.Case.Entries < 1 || l.Case.Entries > MaxCase/64:
		return nil, r.bad("case %s: %d entries", l.Case.Code, l.Case.Entries)
	}
	c := &Case{Code: l.Case.Code}
	if err := r.entries(c, l.Case); err != nil {
		return nil, err
	}
	r.last, r.cases, r.count = c.Code, r.cases+1, r.count+l.Case.Entries
	return c, nil
}

func (r *Reader) entries(c *Case, b *begin) error {
	var prev []byte
	room := MaxCase
	for seq := int64(1); seq <= b.Entries; seq++ {
		l, err := r.line(room)
		if err != nil {
			return r.in(c.Code, seq, err)
		}
		if l.Entry == nil {
			return r.bad("entry %d of %s belongs here", seq, c.Code)
		}
		s := l.Entry.sealed(c.Code)
		if err := sound(c.Code, seq, &s, prev, !r.Header.Pseudonymised); err != nil {
			return r.bad("%v", err)
		}
		e, err := s.Open()
		if err != nil {
			return r.bad("%v", err)
		}
		if what := s.Differs(e); what != "" {
			return r.bad("entry %d of %s: %s", seq, c.Code, what)
		}
		c.Sealed, c.Entries = append(c.Sealed, s), append(c.Entries, e)
		prev, room = s.Hash, max(1, room-len(s.Payload)-256)
	}
	if !bytes.Equal(prev, b.Head) {
		return r.bad("%s does not end with the hash that was announced", c.Code)
	}
	l, err := r.line(0)
	switch {
	case err != nil:
		return err
	case l.End == nil || l.End.Code != c.Code:
		return r.bad("the end of %s belongs here", c.Code)
	case l.End.Digest != r.prior:
		return r.bad("something before the end of %s was changed", c.Code)
	}
	return nil
}

// in says in which entry a line was to be read.
func (r *Reader) in(code string, seq int64, err error) error {
	var e *engine.Error
	if errors.As(err, &e) {
		e.Err = fmt.Errorf("%w (entry %d of %s belongs here)", e.Err, seq, code)
	}
	return err
}

// close checks the total and that nothing follows.
func (r *Reader) close(t Total) error {
	switch _, err := r.r.ReadByte(); {
	case t.Cases != r.cases || t.Entries != r.count:
		return r.bad("it has %d cases with %d entries, and says %d with %d", r.cases, r.count, t.Cases, t.Entries)
	case t.Digest != r.prior:
		return r.bad("something before it was changed")
	case err == nil:
		return r.bad("something follows it")
	case unpacking(err), errors.Is(err, io.ErrUnexpectedEOF):
		return r.bad("its end cannot be unpacked: %v", err)
	case !errors.Is(err, io.EOF):
		r.err = err
		return err
	}
	r.Total, r.err = t, io.EOF
	return io.EOF
}
