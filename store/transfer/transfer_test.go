package transfer_test

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"lienthong/engine"
	"lienthong/store/rowenc"
	"lienthong/store/storetest"
	"lienthong/store/transfer"
)

// sealed is the history of a birth as a store seals it.
func sealed(t testing.TB, n int, hidden bool) []rowenc.Sealed {
	t.Helper()
	var out []rowenc.Sealed
	var prev []byte
	for _, c := range storetest.NewBirth(t, n, "", storetest.T0).Changes {
		for i := range c.Entries {
			s, err := rowenc.Seal(&c.Entries[i])
			if err != nil {
				t.Fatal(err)
			}
			s.Hash = s.Link(prev)
			prev = s.Hash
			if hidden {
				other := c.Entries[i]
				other.Command.Comment = "stand-in"
				if err := s.Replace(&other); err != nil {
					t.Fatal(err)
				}
			}
			out = append(out, s)
		}
	}
	return out
}

// written is a file of two births.
func written(t testing.TB, hidden bool) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := transfer.NewWriter(&b, transfer.Header{Pseudonymised: hidden, Made: time.Unix(0, 0).UTC()})
	if err != nil {
		t.Fatal(err)
	}
	for n := range 2 {
		es := sealed(t, n, hidden)
		if err := w.Add(es[0].Case, es); err != nil {
			t.Fatal(err)
		}
	}
	if total, err := w.Close(); err != nil || total.Cases != 2 {
		t.Fatal(total, err)
	}
	return b.Bytes()
}

// read reads a file to its end.
func read(text []byte) (cases, entries int, err error) {
	r, err := transfer.NewReader(bytes.NewReader(text))
	if err != nil {
		return 0, 0, err
	}
	for {
		c, err := r.Next()
		if errors.Is(err, io.EOF) {
			return cases, entries, nil
		}
		if err != nil {
			return cases, entries, err
		}
		cases, entries = cases+1, entries+len(c.Entries)
	}
}

func TestThereAndBack(t *testing.T) {
	for _, hidden := range []bool{false, true} {
		text := written(t, hidden)
		if cases, entries, err := read(text); err != nil || cases != 2 || entries != 2*len(sealed(t, 0, false)) {
			t.Errorf("%d cases, %d entries, %v", cases, entries, err)
		}
	}
}

// TestEveryByteCounts: whatever byte is changed, and wherever the file ends too early,
// it is found and the line is named.
func TestEveryByteCounts(t *testing.T) {
	text := written(t, true)
	for at := 0; at < len(text); at += 1 + len(text)/60 {
		bad := bytes.Clone(text)
		bad[at] ^= 1
		if _, _, err := read(bad); engine.CodeOf(err) != engine.CorruptHistory || !strings.Contains(err.Error(), "line ") {
			t.Fatalf("byte %d changed: %v", at, err)
		}
		if _, _, err := read(text[:at]); engine.CodeOf(err) != engine.CorruptHistory || !strings.Contains(err.Error(), "line ") {
			t.Fatalf("cut at %d: %v", at, err)
		}
	}
}

// TestWriterRefusesDamage: what is damaged does not travel.
func TestWriterRefusesDamage(t *testing.T) {
	for what, spoil := range map[string]func([]rowenc.Sealed) []rowenc.Sealed{
		"does not match its commitment": func(es []rowenc.Sealed) []rowenc.Sealed { es[2].Salt = []byte{1}; return es },
		"does not match the chain":      func(es []rowenc.Sealed) []rowenc.Sealed { es[1].Hash[0]++; return es },
		"entry 3 stands here":           func(es []rowenc.Sealed) []rowenc.Sealed { return append(es[:1], es[2:]...) },
		"it has no payload":             func(es []rowenc.Sealed) []rowenc.Sealed { es[0].Erase(); return es },
		"no entries":                    func([]rowenc.Sealed) []rowenc.Sealed { return nil },
	} {
		w, err := transfer.NewWriter(io.Discard, transfer.Header{})
		if err != nil {
			t.Fatal(err)
		}
		es := sealed(t, 0, false)
		if err := w.Add(es[0].Case, spoil(es)); err == nil || !strings.Contains(err.Error(), what) {
			t.Errorf("%s: %v", what, err)
		}
	}
	w, err := transfer.NewWriter(io.Discard, transfer.Header{Pseudonymised: true})
	if err != nil {
		t.Fatal(err)
	}
	if es := sealed(t, 0, false); w.Add(es[0].Case, es) == nil {
		t.Error("a payload with its personal data went into a file that says it has none")
	}
}

// TestEndlessLine: a line without an end takes bounded memory.
func TestEndlessLine(t *testing.T) {
	r := io.MultiReader(strings.NewReader(`{"header":{"format":"`), forever{})
	if _, err := transfer.NewReader(r); err == nil || !strings.Contains(err.Error(), "longer than") {
		t.Error(err)
	}
}

type forever struct{}

func (forever) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'x'
	}
	return len(p), nil
}

// FuzzReader: no file makes it panic or take what is not whole.
func FuzzReader(f *testing.F) {
	text := written(f, true)
	f.Add(text)
	f.Add(text[:len(text)/3])
	f.Add([]byte("{}\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if _, _, err := read(b); err == nil && !bytes.HasSuffix(b, []byte("}}\n")) {
			t.Error("taken without its end")
		}
	})
}
