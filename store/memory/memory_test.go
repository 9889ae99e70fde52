package memory

import (
	"bytes"
	"testing"

	"go.uber.org/goleak"

	"lienthong/engine"
	"lienthong/store/rowenc"
	"lienthong/store/storetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestStore(t *testing.T) {
	storetest.Run(t, storetest.Target{
		Open:         func(_ testing.TB, _ string, h storetest.Hooks) engine.Store { return NewWithHooks(Hooks(h)) },
		Tamper:       tamper,
		Remove:       remove,
		TamperCase:   tamperCase,
		TamperAccess: tamperAccess,
	})
}

func tamper(_ testing.TB, s engine.Store, code string, seq int64, change func(*rowenc.Sealed)) {
	es := s.(*Store).entries[code]
	for i := range es {
		if es[i].Seq == seq {
			e := es[i]
			e.Payload, e.Salt = bytes.Clone(e.Payload), bytes.Clone(e.Salt)
			e.Commitment, e.Hash = bytes.Clone(e.Commitment), bytes.Clone(e.Hash)
			change(&e)
			es[i] = e
			return
		}
	}
}

func remove(_ testing.TB, s engine.Store, code string, seq int64) {
	m := s.(*Store)
	var left []rowenc.Sealed
	for _, e := range m.entries[code] {
		if e.Seq != seq {
			left = append(left, e)
		}
	}
	m.entries[code] = left
}

func tamperCase(t testing.TB, s engine.Store, code string, change func([]byte) []byte) {
	m := s.(*Store)
	r := m.cases[code]
	b, err := rowenc.EncodeCase(r.state)
	if err != nil {
		t.Fatal(err)
	}
	r.state, r.bad = rowenc.DecodeCase(change(b))
	m.cases[code] = r
}

func tamperAccess(_ testing.TB, s engine.Store, n int64, change func(*rowenc.AccessRow)) {
	m := s.(*Store)
	change(&m.access[n-1])
}

func BenchmarkStore(b *testing.B) {
	storetest.Bench(b, storetest.Target{
		Open: func(_ testing.TB, _ string, h storetest.Hooks) engine.Store { return NewWithHooks(Hooks(h)) },
	})
}
