package rowenc

import (
	"bytes"
	"encoding/binary"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
	"pgregory.net/rapid"
)

func TestPack(t *testing.T) {
	if Pack(nil) != nil {
		t.Error("nothing became something")
	}
	text := []byte(`{"case":"H26.1-260907-0001","seq":4,"command":{"action":"draft","actor":{"kind":"staff"}},"events":[{"kind":"moved","data":{"to":"received"}}]}`)
	small := Pack(text)
	if len(small) >= len(text) || small[0] != swift {
		t.Errorf("%d bytes became %d", len(text), len(small))
	}
	if got, err := Unpack(small); err != nil || !bytes.Equal(got, text) {
		t.Errorf("became %q, %v", got, err)
	}
	if got, err := Unpack(text); err != nil || !bytes.Equal(got, text) {
		t.Errorf("plain text became %q, %v", got, err)
	}
	huge := []byte(strings.Repeat("a", MaxValue+1))
	if _, err := Unpack(Pack(huge)); err == nil || !strings.Contains(err.Error(), "too large") {
		t.Errorf("more than the bound: %v", err)
	}
}

// Whatever is packed comes back; whatever is unpacked is an error at worst.
func TestPackAnything(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		b := []byte(`{"` + rapid.StringMatching(`[a-z {}":,0-9]{0,400}`).Draw(r, "text"))
		v := Pack(b)
		if got, err := Unpack(v); err != nil || !bytes.Equal(got, b) {
			r.Fatalf("%q came back as %q, %v", b, got, err)
		}
		if len(v) == 0 {
			return
		}
		v = bytes.Clone(v)
		for range rapid.IntRange(1, 3).Draw(r, "flips") {
			v[rapid.IntRange(0, len(v)-1).Draw(r, "at")] ^= byte(rapid.IntRange(1, 255).Draw(r, "by"))
		}
		if got, err := Unpack(v); err == nil && len(got) > MaxValue {
			r.Fatalf("%d bytes", len(got))
		}
	})
}

// framed is a value as they were packed before.
func framed(t *testing.T, text string, o ...zstd.EOption) []byte {
	t.Helper()
	e, err := zstd.NewWriter(nil, append(o, zstd.WithEncoderConcurrency(1))...)
	if err != nil {
		t.Fatal(err)
	}
	return append([]byte{packed}, e.EncodeAll([]byte(text), nil)[len(magic):]...)
}

// What was packed as zstd frames is still read.
func TestFramesAreRead(t *testing.T) {
	text := strings.Repeat(`{"case":"H26.1-260907-0001","seq":4,"command":{"action":"draft"}}`, 9)
	for i, d := range dictionaries {
		v := framed(t, text, zstd.WithEncoderDict(d), zstd.WithSingleSegment(true), zstd.WithEncoderCRC(false))
		if got, err := Unpack(v); err != nil || string(got) != text || len(v) > len(text)/4 {
			t.Errorf("dictionary %d: %d bytes became %q, %v", i+1, len(v), got, err)
		}
	}
}

// A value that says that it is small and is not, many frames, an unknown
// dictionary, no size.
func TestUnpackIsBounded(t *testing.T) {
	one := framed(t, strings.Repeat("x", 1000), zstd.WithSingleSegment(true))
	var more []byte
	more = append(more, one...)
	for range 100 {
		more = append(append(more, magic...), one[1:]...)
	}
	lying := bytes.Clone(one)
	lying[2] = 1 // the stated size
	other := append([]byte{packed, 0x21, 77, 5}, one[3:]...)
	block := Pack([]byte(strings.Repeat("x", 1000)))
	short, long, strange := bytes.Clone(block), bytes.Clone(block), bytes.Clone(block)
	short[2], long[2], strange[1] = short[2]-1, long[2]+1, 2
	huge := append(binary.AppendUvarint([]byte{swift, 1}, MaxValue+1), block[4:]...)
	for name, v := range map[string][]byte{"lying": lying, "many frames": more, "unknown dictionary": other, "cut off": one[:len(one)-3], "mark only": {packed},
		"a block that says less": short, "a block that says more": long, "a block of no dictionary": strange, "a block cut off": block[:len(block)-1],
		"a block that goes on": append(bytes.Clone(block), block...), "a huge block": huge, "its mark only": {swift}, "its mark and dictionary": {swift, 1}, "dictionary 0": {swift, 0, 1, 1}} {
		if got, err := Unpack(v); err == nil {
			t.Errorf("%s gave %d bytes", name, len(got))
		}
	}
}

func FuzzUnpack(f *testing.F) {
	f.Add([]byte(`{}`))
	f.Add(Pack([]byte(strings.Repeat(`{"case":"A","seq":1}`, 20))))
	f.Fuzz(func(t *testing.T, b []byte) {
		if got, err := Unpack(b); err == nil && len(got) > MaxValue && len(b) < MaxValue {
			t.Errorf("%d bytes of %d", len(got), len(b))
		}
	})
}
