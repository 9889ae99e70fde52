package rowenc

import (
	_ "embed"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"

	"github.com/klauspost/compress/s2"
	"github.com/klauspost/compress/zstd"
)

// MaxValue is the largest payload or case, in bytes before packing, that a store
// takes and that Unpack gives back.
const MaxValue = 16 << 20

// What begins a value that Pack made smaller. Text never begins with one of these
// bytes, so a value that was stored as it is needs no mark.
const (
	packed = 0x01 // a zstd frame without its magic number follows: how values were packed until swift came
	swift  = 0x03 // the number of a dictionary and an S2 block follow (0x02 is standIn)
)

// dictionaries are all that were ever used to pack, by their number less one; the
// last one packs. A value names its dictionary, so one that was used stays here for
// good, unchanged. How one is made: dictionaries.md.
var dictionaries = [][]byte{dictionary1}

//go:embed dictionary1.zdict
var dictionary1 []byte

// magic begins every zstd frame.
var magic = []byte{0x28, 0xb5, 0x2f, 0xfd}

// smallest is the size below which nothing is gained.
const smallest = 64

// swiftly are the dictionaries for S2, which uses the text in them and not the
// tables of zstd.
var swiftly = sync.OnceValue(func() (out []*s2.Dict) {
	for i, d := range dictionaries {
		in, err := zstd.InspectDictionary(d)
		if err != nil {
			panic(fmt.Sprintf("rowenc: dictionary %d is damaged: %v", i+1, err)) // it is part of the program
		}
		out = append(out, s2.MakeDict(in.Content(), nil))
	}
	return out
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
	size := s2.MaxEncodedLen(len(text))
	if len(text) < smallest || size < 0 {
		return text
	}
	room := rooms.Get().(*[]byte)
	defer rooms.Put(room)
	*room = slices.Grow((*room)[:0], size)
	ds := swiftly()
	b := ds[len(ds)-1].Encode(*room, text)
	if len(b)+2 >= len(text) {
		return text
	}
	return append(append(make([]byte, 0, len(b)+2), swift, byte(len(ds))), b...)
}

// Unpack is the inverse of Pack. Whatever the value is, it takes no more memory
// than MaxValue and never panics.
func Unpack(v []byte) ([]byte, error) {
	switch {
	case len(v) > 0 && v[0] == packed:
		return unpackFrame(v[1:])
	case len(v) > 1 && v[0] == swift:
		return unpackBlock(int(v[1]), v[2:])
	case len(v) > 0 && v[0] == swift:
		return nil, errCut
	}
	return v, nil
}

var errCut = errors.New("packed value: it is cut off")

func unpackBlock(dictionary int, block []byte) ([]byte, error) {
	ds := swiftly()
	if dictionary < 1 || dictionary > len(ds) {
		return nil, fmt.Errorf("packed value: there is no dictionary %d", dictionary)
	}
	size, err := s2.DecodedLen(block)
	if err != nil || size > MaxValue {
		return nil, errors.New("packed value: its size is not stated or too large")
	}
	b, err := ds[dictionary-1].Decode(make([]byte, 0, size), block)
	if err != nil {
		return nil, fmt.Errorf("packed value (dictionary %d): %w", dictionary, err)
	}
	return b, nil
}

func unpackFrame(v []byte) ([]byte, error) {
	frame := append(append(make([]byte, 0, len(v)+len(magic)), magic...), v...)
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
