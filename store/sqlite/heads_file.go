package sqlite

import (
	"bufio"
	"bytes"
	"context"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"lienthong/store/rowenc"
)

// A heads file is a text that an auditor keeps: where every history ended, one
// line "SEQ HASH CODE" for each case in the order of their codes, between a first
// line that says what it is and a last one with the digest over all.
const headsTitle = "lienthong heads 1"

// HeadWriter writes a heads file.
type HeadWriter struct {
	w   *bufio.Writer
	sum rowenc.HeadSum
}

// NewHeadWriter begins a heads file about a database, taken at a time.
func NewHeadWriter(w io.Writer, name string, at time.Time) (*HeadWriter, error) {
	h := &HeadWriter{w: bufio.NewWriter(w)}
	_, err := fmt.Fprintf(h.w, "%s\n# %s, %s\n", headsTitle, name, at.UTC().Format(time.RFC3339))
	return h, err
}

// Add writes the next head.
func (w *HeadWriter) Add(h rowenc.Head) error {
	if strings.ContainsAny(h.Case, "\n\r") {
		return fmt.Errorf("heads: case %q has a line end in its code", h.Case)
	}
	if err := w.sum.Add(h); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w.w, "%d %x %s\n", h.Seq, h.Hash, h.Case)
	return err
}

// Close writes the last line and returns the digest in it.
func (w *HeadWriter) Close() (digest []byte, err error) {
	digest = w.sum.Sum(0, nil)
	if _, err := fmt.Fprintf(w.w, "end %d %d %x\n", w.sum.Cases, w.sum.Entries, digest); err != nil {
		return nil, err
	}
	return digest, w.w.Flush()
}

// Heads are known ends of histories, in the order of their codes; io.EOF after the
// last.
type Heads interface {
	Next() (rowenc.Head, error)
}

// headReader reads a heads file.
type headReader struct {
	sc   *bufio.Scanner
	sum  rowenc.HeadSum
	line int
	over bool
}

// ReadHeads reads a heads file; what it has read is checked against the file's
// last line when that comes.
func ReadHeads(r io.Reader) (Heads, error) {
	h := &headReader{sc: bufio.NewScanner(r)}
	if line, err := h.next(); err != nil || line != headsTitle {
		return nil, errors.Join(fmt.Errorf("heads: not a heads file: it begins with %.40q", line), err)
	}
	return h, nil
}

func (h *headReader) next() (string, error) {
	h.line++
	if h.sc.Scan() {
		return h.sc.Text(), nil
	}
	if err := h.sc.Err(); err != nil {
		return "", err
	}
	return "", io.ErrUnexpectedEOF
}

// Next implements Heads.
func (h *headReader) Next() (rowenc.Head, error) {
	if h.over {
		return rowenc.Head{}, io.EOF
	}
	line, err := h.next()
	for err == nil && strings.HasPrefix(line, "#") {
		line, err = h.next()
	}
	if err != nil {
		return rowenc.Head{}, fmt.Errorf("heads: line %d: %w", h.line, err)
	}
	if rest, ok := strings.CutPrefix(line, "end "); ok {
		return rowenc.Head{}, h.end(rest)
	}
	head, err := parseHead(line)
	if err == nil {
		err = h.sum.Add(head)
	}
	if err != nil {
		return rowenc.Head{}, fmt.Errorf("heads: line %d: %w", h.line, err)
	}
	return head, nil
}

// end compares the last line with what came before; io.EOF when it fits.
func (h *headReader) end(rest string) error {
	if want := fmt.Sprintf("%d %d %x", h.sum.Cases, h.sum.Entries, h.sum.Sum(0, nil)); rest != want {
		return fmt.Errorf("heads: the file is damaged: it ends with %q, its lines give %q", rest, want)
	}
	h.over = true
	return io.EOF
}

func parseHead(line string) (rowenc.Head, error) {
	seq, rest, _ := strings.Cut(line, " ")
	hash, code, ok := strings.Cut(rest, " ")
	n, err := strconv.ParseInt(seq, 10, 64)
	b, herr := hex.DecodeString(hash)
	if !ok || code == "" || err != nil || herr != nil || n < 1 {
		return rowenc.Head{}, fmt.Errorf("%.60q is not SEQ HASH CODE", line)
	}
	return rowenc.Head{Case: code, Seq: n, Hash: b}, nil
}

// storedHeads are the ends of the histories of another database.
type storedHeads struct{ rows *sql.Rows }

// Heads lists where the histories of the file end, as its cases say. The caller
// closes it.
func (f *File) Heads(ctx context.Context) (interface {
	Heads
	io.Closer
}, error) {
	rows, err := f.s.readDB.QueryContext(ctx, allHeads)
	if err != nil {
		return nil, failure("store.heads", "", err)
	}
	return storedHeads{rows}, nil
}

func (s storedHeads) Next() (rowenc.Head, error) {
	var h rowenc.Head
	if !s.rows.Next() {
		if err := s.rows.Err(); err != nil {
			return h, err
		}
		return h, io.EOF
	}
	err := s.rows.Scan(&h.Case, &h.Seq, &h.Hash)
	return h, err
}

func (s storedHeads) Close() error { return s.rows.Close() }

// against compares a walk with heads that were known before.
type against struct {
	heads Heads
	part  bool // the file is an archive: it need not have every case
	bad   func(Finding)

	cur     rowenc.Head
	err     error // io.EOF at the end
	begun   bool
	Held    int64 // cases that still have what was known of them
	Skipped int64 // cases that cannot be compared here
}

func (a *against) advance() {
	a.cur, a.err = a.heads.Next()
	a.begun = true
}

// take compares the walk's next case.
func (a *against) take(k *kept) {
	if !a.begun {
		a.advance()
	}
	for a.err == nil && a.cur.Case < k.Code {
		a.gone()
		a.advance()
	}
	if a.err == nil && a.cur.Case == k.Code {
		a.compare(k)
		a.advance()
	}
}

// end takes what is left after the walk's last case.
func (a *against) end() error {
	if !a.begun {
		a.advance()
	}
	for a.err == nil {
		a.gone()
		a.advance()
	}
	if errors.Is(a.err, io.EOF) {
		return nil
	}
	return a.err
}

func (a *against) gone() {
	if a.part {
		a.Skipped++
		return
	}
	a.bad(Finding{Area: AreaCase, Case: a.cur.Case, Seq: 1, What: fmt.Sprintf("the case is gone: it had %d entries", a.cur.Seq)})
}

func (a *against) compare(k *kept) {
	end, ok := k.head()
	switch {
	case k.lost:
		a.Skipped++ // named already
	case !ok || end.Seq < a.cur.Seq:
		a.bad(Finding{Area: AreaCase, Case: k.Code, Seq: end.Seq + 1, What: fmt.Sprintf("entries are gone: it had %d, it has %d", a.cur.Seq, end.Seq)})
	case k.stub != nil && end.Seq > a.cur.Seq:
		a.Skipped++ // only its archive has that entry
	default:
		at := end.Hash
		if k.stub == nil {
			at = k.Entries[min(a.cur.Seq, int64(len(k.Entries)))-1].Hash
		}
		if !bytes.Equal(at, a.cur.Hash) {
			a.bad(Finding{Area: AreaCase, Case: k.Code, Seq: a.cur.Seq, What: "it is not the entry that was known: the history was replaced"})
			return
		}
		a.Held++
	}
}
