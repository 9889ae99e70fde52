package storetest

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"testing"

	"lienthong/engine"
	"lienthong/store/rowenc"
)

// finding is what Verify named.
type finding struct {
	code string
	seq  int64
	what string
}

func verify(t *testing.T, s engine.Store) (int, []finding) {
	t.Helper()
	var out []finding
	n, err := s.Verify(context.Background(), func(code string, seq int64, what string) { out = append(out, finding{code, seq, what}) })
	must(t, err)
	return n, out
}

// three appends three cases of four entries and three lines of access.
func three(t *testing.T, s engine.Store) {
	t.Helper()
	for _, code := range []string{"A", "B", "C"} {
		st := File(Filing{Code: code})
		for i := range 3 {
			st.Go("note", "birth", recorded("birth", fmt.Sprintf("n%d", i), map[string]any{"text": "cân nặng"}))
		}
		must(t, s.Append(t.Context(), st.Change()))
		must(t, s.LogAccess(t.Context(), engine.Access{At: T0, Account: "lan", Office: "o", Case: code, What: "case"}))
	}
}

// long appends a case of entries enough to have a stored state.
func long(t *testing.T, s engine.Store, code string) *Story {
	t.Helper()
	st := File(Filing{Code: code})
	must(t, s.Append(t.Context(), st.Change()))
	for i := range 10 {
		must(t, s.Append(t.Context(), st.Go("note", "birth", recorded("birth", fmt.Sprintf("n%d", i), map[string]any{"text": "cân nặng"})).Change()))
	}
	return st
}

func flip(b []byte) []byte {
	b = bytes.Clone(b)
	b[len(b)/2] ^= 1
	return b
}

func testChain(t *testing.T, x Target) {
	t.Run("sound", func(t *testing.T) {
		s := x.open(t, Hooks{})
		three(t, s)
		if n, found := verify(t, s); n != 3 || found != nil {
			t.Fatalf("%d cases, %v", n, found)
		}
	})
	for name, change := range map[string]func(*rowenc.Sealed){
		"at":         func(e *rowenc.Sealed) { e.At++ },
		"action":     func(e *rowenc.Sealed) { e.Action += "x" },
		"step":       func(e *rowenc.Sealed) { e.Step = "card" },
		"actor kind": func(e *rowenc.Sealed) { e.ActorKind = "citizen" },
		"engine":     func(e *rowenc.Sealed) { e.Engine = "2" },
		"definition": func(e *rowenc.Sealed) { e.Definition = "h2" },
		"parameters": func(e *rowenc.Sealed) { e.Parameters = "" },
		"calendar":   func(e *rowenc.Sealed) { e.Calendar = "c2" },
		"payload":    func(e *rowenc.Sealed) { e.Payload = flip(e.Payload) },
		"salt":       func(e *rowenc.Sealed) { e.Salt = flip(e.Salt) },
		"commitment": func(e *rowenc.Sealed) { e.Commitment = flip(e.Commitment) },
		"hash":       func(e *rowenc.Sealed) { e.Hash = flip(e.Hash) },
		"erased":     func(e *rowenc.Sealed) { e.Erase() },
		"half":       func(e *rowenc.Sealed) { e.Payload = nil },
		"not JSON":   func(e *rowenc.Sealed) { e.Payload = []byte("{") },
		"last seq":   func(e *rowenc.Sealed) { e.Seq = 9 },
	} {
		t.Run(name, func(t *testing.T) {
			s := x.open(t, Hooks{})
			three(t, s)
			seq := int64(3)
			if name == "last seq" {
				seq = 4
			}
			x.Tamper(t, s, "B", seq, change)
			n, found := verify(t, s)
			if n != 3 || len(found) != 1 || found[0].code != "B" || found[0].seq != seq {
				t.Fatalf("%d cases, found %v; want entry %d of B", n, found, seq)
			}
		})
	}
	t.Run("every byte of a payload", func(t *testing.T) {
		s := x.open(t, Hooks{})
		three(t, s)
		size := 0
		x.Tamper(t, s, "B", 2, func(e *rowenc.Sealed) { size = len(e.Payload) })
		for i := 0; i < size; i += size/10 + 1 {
			turn := func(e *rowenc.Sealed) { e.Payload[i] ^= 4 }
			x.Tamper(t, s, "B", 2, turn)
			if _, found := verify(t, s); len(found) != 1 || found[0].seq != 2 {
				t.Fatalf("byte %d: found %v", i, found)
			}
			x.Tamper(t, s, "B", 2, turn)
		}
		sound(t, s)
	})
	for seq := int64(1); seq <= 4; seq++ {
		t.Run(fmt.Sprintf("entry %d missing", seq), func(t *testing.T) {
			s := x.open(t, Hooks{})
			three(t, s)
			x.Remove(t, s, "B", seq)
			if _, found := verify(t, s); len(found) != 1 || found[0].seq != seq || !strings.Contains(found[0].what, "missing") {
				t.Fatalf("found %v", found)
			}
			if seq < 4 {
				_, err := s.History(t.Context(), "B", 0, 0)
				wants(t, err, engine.CorruptHistory)
			}
		})
	}
	t.Run("corrupt on reading", func(t *testing.T) {
		s := x.open(t, Hooks{})
		three(t, s)
		x.Tamper(t, s, "B", 3, func(e *rowenc.Sealed) { e.Payload = flip(e.Payload) })
		_, err := s.History(t.Context(), "B", 0, 0)
		wants(t, err, engine.CorruptHistory)
		ok(s.History(t.Context(), "B", 0, 2))(t)
		long(t, s, "L")
		x.TamperCase(t, s, "L", func([]byte) []byte { return []byte("{") })
		_, err = s.Load(t.Context(), "L")
		wants(t, err, engine.CorruptHistory)
		ok(s.Load(t.Context(), "A"))(t)
	})
	t.Run("stored case", func(t *testing.T) {
		s := x.open(t, Hooks{})
		three(t, s)
		long(t, s, "L")
		x.TamperCase(t, s, "L", func(b []byte) []byte { return bytes.Replace(b, []byte("001090000001"), []byte("001090000002"), 1) })
		if _, found := verify(t, s); len(found) != 1 || found[0].code != "L" || !strings.Contains(found[0].what, "fold") {
			t.Fatalf("found %v", found)
		}
	})
	t.Run("access log", func(t *testing.T) {
		for name, change := range map[string]func(*rowenc.AccessRow){
			"at": func(a *rowenc.AccessRow) { a.At++ }, "account": func(a *rowenc.AccessRow) { a.Account = "x" },
			"office": func(a *rowenc.AccessRow) { a.Office = "" }, "case": func(a *rowenc.AccessRow) { a.Case = "" },
			"what": func(a *rowenc.AccessRow) { a.What = "x" }, "hash": func(a *rowenc.AccessRow) { a.Hash = flip(a.Hash) },
		} {
			s := x.open(t, Hooks{})
			three(t, s)
			x.TamperAccess(t, s, 2, change)
			if _, found := verify(t, s); len(found) != 1 || found[0].code != "" || found[0].seq != 2 {
				t.Errorf("%s: found %v", name, found)
			}
		}
	})
}

func testErasure(t *testing.T, x Target) {
	s := x.open(t, Hooks{})
	three(t, s)
	st := &Story{Case: ok(s.Load(t.Context(), "B"))(t), base: 4}
	must(t, s.Append(t.Context(), st.Go("erase", "", engine.Erased{UpTo: 3, Basis: "retention"}).Change()))
	es := ok(s.History(t.Context(), "B", 0, 0))(t)
	for i, e := range es {
		gone := i < 3
		if (e.Events == nil) != gone || e.Seq != int64(i)+1 || e.Command.Action == "" || e.Versions.Definition != "h1" {
			t.Errorf("entry %d: %+v", i+1, e)
		}
		if gone && (e.Command.Actor.ID != "" || e.Command.Input != nil) {
			t.Errorf("entry %d still tells: %+v", i+1, e)
		}
	}
	sound(t, s)
	must(t, s.Append(t.Context(), st.Go("note", "birth", assigned("birth", "lan")).Change()))
	sound(t, s)
	x.Tamper(t, s, "B", 4, func(e *rowenc.Sealed) { e.Erase() }) // not covered
	if _, found := verify(t, s); len(found) != 1 || found[0].seq != 4 {
		t.Fatalf("found %v", found)
	}
}
