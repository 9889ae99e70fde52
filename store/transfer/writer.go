package transfer

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash"
	"io"

	"lienthong/store/rowenc"
)

// Writer writes a file. Close ends it; a file without that is a cut off one.
type Writer struct {
	w     *bufio.Writer
	sum   hash.Hash
	last  string
	plain bool
	total Total
}

// NewWriter begins a file.
func NewWriter(w io.Writer, h Header) (*Writer, error) {
	h.Format = Format
	out := &Writer{w: bufio.NewWriterSize(w, 1<<16), sum: sha256.New(), plain: !h.Pseudonymised}
	return out, out.put(line{Header: &h})
}

func (w *Writer) put(l line) error {
	b, err := json.Marshal(l)
	if err != nil {
		return err
	}
	b = append(b, '\n')
	w.sum.Write(b)
	_, err = w.w.Write(b)
	return err
}

func (w *Writer) digest() string { return hex.EncodeToString(w.sum.Sum(nil)) }

// Add writes one case, whole and in the order of the codes. What is wrong with it is
// refused: damage does not travel.
func (w *Writer) Add(code string, es []rowenc.Sealed) error {
	if len(es) == 0 || code <= w.last {
		return fmt.Errorf("transfer: case %q has no entries or does not come after %q", code, w.last)
	}
	var prev []byte
	size := 0
	for i := range es {
		e := &es[i]
		if err := sound(code, int64(i)+1, e, prev, w.plain); err != nil {
			return fmt.Errorf("transfer: %w", err)
		}
		if text, err := json.Marshal(json.RawMessage(e.Payload)); err != nil || !bytes.Equal(text, e.Payload) {
			return fmt.Errorf("transfer: entry %d of %s: its payload is not in the form that it is written in", e.Seq, code)
		}
		prev, size = e.Hash, size+len(e.Payload)
	}
	if size > MaxCase/2 {
		return fmt.Errorf("transfer: case %s has %d bytes, more than %d", code, size, MaxCase/2)
	}
	if err := w.put(line{Case: &begin{code, int64(len(es)), prev}}); err != nil {
		return err
	}
	for i := range es {
		e := entryOf(&es[i])
		if err := w.put(line{Entry: &e}); err != nil {
			return err
		}
	}
	w.last = code
	w.total.Cases, w.total.Entries = w.total.Cases+1, w.total.Entries+int64(len(es))
	return w.put(line{End: &end{code, w.digest()}})
}

// LeaveOut counts a case that is not in the file.
func (w *Writer) LeaveOut() { w.total.LeftOut++ }

// Close ends the file and tells what is in it. It does not close what is below.
func (w *Writer) Close() (Total, error) {
	w.total.Digest = w.digest()
	if err := w.put(line{Total: &w.total}); err != nil {
		return Total{}, err
	}
	return w.total, w.w.Flush()
}

// sound checks one entry where it stands.
func sound(code string, seq int64, e *rowenc.Sealed, prev []byte, plain bool) error {
	what := ""
	switch {
	case e.Case != code || e.Seq != seq:
		what = fmt.Sprintf("entry %d stands here", e.Seq)
	case e.Erased():
		what = "it has no payload"
	case plain && e.StandIn != nil:
		what = "its payload is a stand-in, and the file says that there are none"
	case !plain && e.StandIn == nil:
		what = "its payload is no stand-in, and the file says that all are"
	case e.Fault() != "":
		what = e.Fault()
	case !bytes.Equal(e.Link(prev), e.Hash):
		what = "it does not match the chain"
	}
	if what == "" {
		return nil
	}
	return fmt.Errorf("entry %d of %s: %s", seq, code, what)
}
