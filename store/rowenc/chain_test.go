package rowenc

import (
	"encoding/hex"
	"fmt"
	"reflect"
	"testing"
	"time"

	"lienthong/engine"
)

// written is a history of three entries as a store keeps it.
func written(t *testing.T) Stored {
	t.Helper()
	s := Stored{Code: "A", Present: true, Seq: 3}
	for n := int64(1); n <= s.Seq; n++ {
		e := engine.Entry{Case: "A", Seq: n, At: time.Unix(n, 0), Command: engine.Command{Action: "act", Case: "A", Step: "birth"}}
		x, err := Seal(&e)
		if err != nil {
			t.Fatal(err)
		}
		s.Entries = append(s.Entries, x)
	}
	s.link(0)
	return s
}

// link writes the hashes anew from an entry on, as whoever has the file can.
func (s *Stored) link(from int) {
	var last []byte
	for i := range s.Entries {
		if i >= from {
			s.Entries[i].Hash = s.Entries[i].Link(last)
		}
		last = s.Entries[i].Hash
	}
	s.Head = last
}

// Whatever is written over is named, however well it fits together by itself.
func TestRewrittenHistoryIsNamed(t *testing.T) {
	for name, tt := range map[string]struct {
		rewrite func(*testing.T, *Stored)
		seq     int64 // 0 = nothing is wrong
	}{
		"nothing": {func(*testing.T, *Stored) {}, 0},
		"another entry in its place": {func(t *testing.T, s *Stored) {
			x, err := Seal(&engine.Entry{Case: "A", Seq: 2, At: time.Unix(2, 0), Command: engine.Command{Action: "other", Case: "A"}})
			if err != nil {
				t.Fatal(err)
			}
			x.Hash = x.Link(s.Entries[0].Hash)
			s.Entries[1] = x
		}, 3},
		"what its row says, with all hashes after it": {func(_ *testing.T, s *Stored) {
			s.Entries[1].Action = "other"
			s.link(1)
		}, 2},
		"a stand-in for its payload": {func(t *testing.T, s *Stored) {
			e := engine.Entry{Case: "A", Seq: 2, At: time.Unix(2, 0), Command: engine.Command{Action: "act", Case: "A", Step: "birth", Comment: "other"}}
			if err := s.Entries[1].Replace(&e); err != nil {
				t.Fatal(err)
			}
		}, 2},
		"a stand-in, in a copy": {func(t *testing.T, s *Stored) {
			e := engine.Entry{Case: "A", Seq: 2, At: time.Unix(2, 0), Command: engine.Command{Action: "act", Case: "A", Step: "birth", Comment: "other"}}
			if err := s.Entries[1].Replace(&e); err != nil {
				t.Fatal(err)
			}
			s.Copy = true
		}, 0},
		"the last entry is gone": {func(_ *testing.T, s *Stored) { s.Entries = s.Entries[:2] }, 3},
	} {
		s := written(t)
		tt.rewrite(t, &s)
		if seq, what := CheckCase(s); seq != tt.seq || (what == "") != (tt.seq == 0) {
			t.Errorf("%s: entry %d is named (%s), want %d", name, seq, what, tt.seq)
		}
	}
}

// The hash of an entry, and of a line of the access log, is of every column: what is
// in none could be changed where the payload is erased.
func TestLinksHoldEveryColumn(t *testing.T) {
	entry, line := &Sealed{Case: "A", Seq: 2}, &AccessRow{N: 2}
	free := map[string]bool{"Hash": true, "Payload": true, "Salt": true, "StandIn": true, "broken": true} // committed to, or the hash itself
	for _, x := range []interface{ Link([]byte) []byte }{entry, line} {
		was := hex.EncodeToString(x.Link(nil))
		if was == hex.EncodeToString(x.Link([]byte{1})) {
			t.Errorf("%T: the hash before does not count", x)
		}
		v := reflect.ValueOf(x).Elem()
		for i := range v.NumField() {
			name := v.Type().Field(i).Name
			if free[name] {
				continue
			}
			old := reflect.New(v.Field(i).Type()).Elem()
			old.Set(v.Field(i))
			if name == "Commitment" {
				v.Field(i).SetBytes([]byte{1})
			} else {
				change(v.Field(i))
			}
			if hex.EncodeToString(x.Link(nil)) == was {
				t.Errorf("%T: %s does not count", x, name)
			}
			v.Field(i).Set(old)
		}
	}
}

// Files that were written long ago are verified by this: it never changes.
func TestLinksAreWhatTheyWere(t *testing.T) {
	entry := Sealed{Case: "H26.4-1", Seq: 7, At: 1_788_220_800_000_000, Action: "sign", Step: "birth", ActorKind: "staff", Engine: "1", Definition: "d",
		Parameters: "p", Calendar: "c", Commitment: []byte{1, 2, 3}}
	line := AccessRow{N: 7, At: 1_788_220_800_000_000, Account: "leader.civil", Office: "civil@00004", Case: "H26.4-1", What: "case"}
	for got, want := range map[string]string{
		hex.EncodeToString(entry.Link([]byte{9})):                          "da48e1706637f85aa8686ee684ef1cbfd91ad696ef142bb47a77e42b675c0fdd",
		hex.EncodeToString(line.Link([]byte{9})):                           "7a31bd34e42c481d5f69714231a2b8c1daf065df28c6c5e76de65d64a8a8860b",
		hex.EncodeToString(commit([]byte("salt"), []byte("what is said"))): "bb89268ca643e68bd3472430d511d754e2c31aae223a8b4ac384c9ce8f28e0f8",
	} {
		if got != want {
			t.Errorf("hash %s, want %s", got, want)
		}
	}
}

// Two lists of fields never have one hash because their borders moved.
func TestLinkBorders(t *testing.T) {
	a, b := Sealed{Case: "AB", Action: "C"}, Sealed{Case: "A", Action: "BC"}
	if fmt.Sprintf("%x", a.Link(nil)) == fmt.Sprintf("%x", b.Link(nil)) {
		t.Error("borders between fields do not count")
	}
}

// Sealing twice commits to the same payload under another salt.
func TestSealSalts(t *testing.T) {
	e := engine.Entry{Case: "A", Seq: 1, At: time.Unix(1, 0)}
	a, err := Seal(&e)
	if err != nil {
		t.Fatal(err)
	}
	b, err := Seal(&e)
	if err != nil {
		t.Fatal(err)
	}
	if string(a.Payload) != string(b.Payload) || string(a.Commitment) == string(b.Commitment) {
		t.Error("the commitment is not salted")
	}
}
