package sqlite

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
)

// What a dead process committed last stands in the write-ahead log (FILE-wal)
// until it is copied into the file. SQLite reads the log up to the first frame
// whose checksum is wrong and leaves the rest without a word. That is right for a
// transaction that was cut off while it was written, which nobody was told of;
// for a damaged byte in the middle it would silently take back what was answered.
// readWAL tells the two apart.

const (
	walHeader   = 32
	frameHeader = 24
)

// walState is what a write-ahead log holds.
type walState struct {
	frames  int64  // that SQLite will read
	ragged  bool   // its last transaction is not whole
	damaged string // what is wrong; "" = nothing that can be told
}

// readWAL looks through the write-ahead log of a database.
func readWAL(name string) (walState, error) {
	f, err := os.Open(name + "-wal")
	if errors.Is(err, os.ErrNotExist) {
		return walState{}, nil
	}
	if err != nil {
		return walState{}, fmt.Errorf("sqlite: %w", err)
	}
	defer f.Close()
	head := make([]byte, walHeader)
	if _, err := io.ReadFull(f, head); err != nil {
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return walState{}, nil // made, and nothing written yet
		}
		return walState{}, fmt.Errorf("sqlite: %s-wal: %w", name, err)
	}
	w := walReader{r: f}
	if !w.header(head) {
		return walState{damaged: "its header is damaged: what was committed in it would be left out"}, nil
	}
	if err := w.read(); err != nil {
		return walState{}, fmt.Errorf("sqlite: %s-wal: %w", name, err)
	}
	return w.walState, nil
}

type walReader struct {
	walState
	r     io.Reader
	order binary.ByteOrder
	salt  [8]byte
	sum   [2]uint32 // after the frame before, as it is stored
	frame []byte
}

// header reads the log's header; false when its own checksum is wrong.
func (w *walReader) header(b []byte) bool {
	switch binary.BigEndian.Uint32(b) {
	case 0x377f0682:
		w.order = binary.LittleEndian
	case 0x377f0683:
		w.order = binary.BigEndian
	default:
		return false
	}
	size := binary.BigEndian.Uint32(b[8:])
	if size < 512 || size > 65536 || size&(size-1) != 0 {
		return false
	}
	w.sum = w.checksum(w.sum, b[:24])
	copy(w.salt[:], b[16:24])
	w.frame = make([]byte, frameHeader+int(size))
	return w.sum == stored32(b[24:])
}

func stored32(b []byte) [2]uint32 {
	return [2]uint32{binary.BigEndian.Uint32(b), binary.BigEndian.Uint32(b[4:])}
}

// checksum is SQLite's, over eight bytes at a time.
func (w *walReader) checksum(s [2]uint32, b []byte) [2]uint32 {
	for ; len(b) >= 8; b = b[8:] {
		s[0] += w.order.Uint32(b) + s[1]
		s[1] += w.order.Uint32(b[4:]) + s[0]
	}
	return s
}

// frameState is what the next frame is.
type frameState struct {
	ours   bool // of this log, not of one that it was written over
	fits   bool // its checksum follows from the one stored with the frame before
	commit bool // it ends a transaction
}

// next reads a frame; io.EOF after the last whole one.
func (w *walReader) next() (frameState, error) {
	if _, err := io.ReadFull(w.r, w.frame); errors.Is(err, io.ErrUnexpectedEOF) {
		return frameState{}, io.EOF
	} else if err != nil {
		return frameState{}, err
	}
	f := frameState{ours: [8]byte(w.frame[8:16]) == w.salt, commit: binary.BigEndian.Uint32(w.frame[4:]) != 0}
	f.fits = w.checksum(w.checksum(w.sum, w.frame[:8]), w.frame[frameHeader:]) == stored32(w.frame[16:])
	w.sum = stored32(w.frame[16:])
	return f, nil
}

// read walks the frames that SQLite will read.
func (w *walReader) read() error {
	for {
		f, err := w.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if !f.ours || !f.fits {
			return w.after(f)
		}
		w.frames++
		w.ragged = !f.commit
	}
}

// after looks at what follows the first frame that SQLite will not read. Frames
// after a damaged one still fit, each to the one before. A whole transaction with
// anything behind it was made sure of before that was written: leaving it out
// would be a loss.
func (w *walReader) after(broken frameState) error {
	whole := broken.ours && broken.commit
	w.ragged = w.ragged || broken.ours
	for {
		f, err := w.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if !f.ours {
			continue
		}
		w.ragged = true
		if whole {
			w.damaged = fmt.Sprintf("frame %d is damaged: what was committed in it and after it would be left out", w.frames+1)
			return nil
		}
		whole = f.fits && f.commit
	}
}
