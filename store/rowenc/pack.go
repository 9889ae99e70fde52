package rowenc

import (
	_ "embed"
	"errors"
	"fmt"
	"runtime"
	"sync"

	"github.com/klauspost/compress/zstd"
)

// MaxValue is the largest payload or case, in bytes before packing, that a store
// takes and that Unpack gives back.
const MaxValue = 16 << 20

// packed begins a value that Pack made smaller: a zstd frame without its magic
// number follows. Text never begins with this byte, so a value that was stored as
// it is needs no mark.
const packed = 0x01

// dictionaries are all that were ever used to pack; the first one packs. A frame
// names its dictionary, so one that was used stays here for good, unchanged, and
// a better one is put before it. How one is made: dictionaries.md.
var dictionaries = [][]byte{dictionary1}

//go:embed dictionary1.zdict
var dictionary1 []byte

// magic begins every zstd frame.
var magic = []byte{0x28, 0xb5, 0x2f, 0xfd}

// smallest is the size below which nothing is gained.
const smallest = 64

var encoder = sync.OnceValue(func() *zstd.Encoder {
	e, err := zstd.NewWriter(nil, zstd.WithEncoderDict(dictionaries[0]), zstd.WithEncoderLevel(zstd.SpeedFastest),
		zstd.WithEncoderCRC(false), zstd.WithSingleSegment(true), zstd.WithEncoderConcurrency(runtime.GOMAXPROCS(0)))
	if err != nil {
		panic(fmt.Sprintf("rowenc: the dictionary is damaged: %v", err)) // it is part of the program
	}
	return e
})

var decoder = sync.OnceValue(func() *zstd.Decoder {
	d, err := zstd.NewReader(nil, zstd.WithDecoderDicts(dictionaries...), zstd.WithDecoderMaxMemory(MaxValue),
		zstd.WithDecoderConcurrency(runtime.GOMAXPROCS(0)))
	if err != nil {
		panic(fmt.Sprintf("rowenc: a dictionary is damaged: %v", err))
	}
	return d
})

// Pack makes a JSON text smaller; nil stays nil.
func Pack(text []byte) []byte {
	if len(text) < smallest {
		return text
	}
	// The frame's magic number makes room for the mark: its last byte becomes it.
	b := encoder().EncodeAll(text, make([]byte, 0, len(text)/4+64))
	if len(b)-len(magic)+1 >= len(text) {
		return text
	}
	b = b[len(magic)-1:]
	b[0] = packed
	return b
}

// Unpack is the inverse of Pack. Whatever the value is, it takes no more memory
// than MaxValue and never panics.
func Unpack(v []byte) ([]byte, error) {
	if len(v) == 0 || v[0] != packed {
		return v, nil
	}
	frame := append(append(make([]byte, 0, len(v)+len(magic)-1), magic...), v[1:]...)
	var h zstd.Header
	if err := h.Decode(frame); err != nil {
		return nil, fmt.Errorf("packed value: %w", err)
	}
	if !h.HasFCS || h.FrameContentSize > MaxValue {
		return nil, errors.New("packed value: its size is not stated or too large")
	}
	b, err := decoder().DecodeAll(frame, make([]byte, 0, h.FrameContentSize))
	if err != nil {
		return nil, fmt.Errorf("packed value (dictionary %d): %w", h.DictionaryID, err)
	}
	if uint64(len(b)) != h.FrameContentSize {
		return nil, errors.New("packed value: more follows it")
	}
	return b, nil
}
