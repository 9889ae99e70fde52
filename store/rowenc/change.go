package rowenc

import (
	"bytes"
	"slices"
	"sync"
	"time"

	"lienthong/engine"
	"lienthong/engine/appendjson"
)

// Change is an engine.Change as rows, ready to be written.
type Change struct {
	Base    int64
	Entries []Sealed // not linked yet
	Rows    *Rows    // of the case as it stands afterwards
	Effects []DeliveryRow
	Notes   []NoteRow
	Settled []DeliveryRow // of earlier entries; what this change's own entries owe is in Effects already
	Answer  *engine.Answer
	EraseTo int64 // payloads up to here are erased; 0 = none
	Size    int   // bytes of the payloads
}

// Encode checks the shape of a change and makes its rows. before are the case's
// rows at an earlier time, or nil.
func Encode(c engine.Change, before *Rows) (*Change, error) {
	const op = "store.append"
	if err := shape(c); err != nil {
		return nil, err
	}
	answer, err := KeptAnswer(op, c.Answer)
	if err != nil {
		return nil, err
	}
	out := &Change{Base: c.Base, Rows: Derive(c.Case, before), Answer: answer, Entries: make([]Sealed, 0, len(c.Entries))}
	for i := range c.Entries {
		e := &c.Entries[i]
		s, err := Seal(e)
		if err != nil {
			return nil, Bad(op, "%w", err)
		}
		out.Entries = append(out.Entries, s)
		out.Size += len(s.Payload)
		if err := out.addEffects(e, c.Node, c.Lease); err != nil {
			return nil, Bad(op, "entry %d of %s: %w", e.Seq, e.Case, err)
		}
	}
	if err := out.addSettled(c.Settled, c.Entries); err != nil {
		return nil, err
	}
	return out, nil
}

// shape refuses a change that no store could write.
func shape(c engine.Change) error {
	const op = "store.append"
	switch {
	case c.Case == nil || c.Case.Code == "" || len(c.Entries) == 0:
		return Bad(op, "a change needs a case with a code and at least one entry")
	case c.Base < 0 || c.Case.Seq != c.Base+int64(len(c.Entries)):
		return Bad(op, "case %s is at %d, not at %d + %d entries", c.Case.Code, c.Case.Seq, c.Base, len(c.Entries))
	}
	for _, d := range c.Settled {
		if d.Case != c.Case.Code {
			return Bad(op, "delivery %s is of case %q", d.Key, d.Case)
		}
	}
	for i, e := range c.Entries {
		if e.Case != c.Case.Code || e.Seq != c.Base+int64(i)+1 {
			return Bad(op, "entry %s/%d stands where %s/%d belongs", e.Case, e.Seq, c.Case.Code, c.Base+int64(i)+1)
		}
	}
	return nil
}

// KeptAnswer is an answer as it is kept, nil for nil; one without an actor or a key is
// refused.
func KeptAnswer(op string, a *engine.Answer) (*engine.Answer, error) {
	if a == nil {
		return nil, nil
	}
	if a.Key == "" || a.Actor == "" {
		return nil, Bad(op, "a stored answer needs an actor and a key")
	}
	b := *a
	b.Body, b.At = bytes.Clone(a.Body), Trim(a.At)
	return &b, nil
}

// addEffects collects what an entry owes, and what it erases.
func (c *Change) addEffects(e *engine.Entry, node string, lease time.Time) error {
	for _, d := range e.Effects() {
		r, err := NewDelivery(d, node, lease)
		if err != nil {
			return err
		}
		c.Effects = append(c.Effects, r)
	}
	for _, n := range e.Notifications() {
		r, err := NewNote(n, e.Seq)
		if err != nil {
			return err
		}
		c.Notes = append(c.Notes, r)
	}
	for _, v := range e.Events {
		if x, ok := v.(engine.Erased); ok {
			c.EraseTo = max(c.EraseTo, min(x.UpTo, e.Seq-1))
		}
	}
	return nil
}

// addSettled writes what became of deliveries: into the new effects that they
// are, or as rows to be updated. A reply that one of the entries holds is not kept
// a second time.
func (c *Change) addSettled(ds []engine.Delivery, es []engine.Entry) error {
	for _, d := range ds {
		var to *DeliveryRow
		if i := slices.IndexFunc(c.Effects, func(r DeliveryRow) bool { return r.Key() == d.Key }); i >= 0 {
			to = &c.Effects[i]
		} else {
			k, ok := ParseKey(d.Key)
			if !ok || k.Case != d.Case {
				return Missing("store.append", d.Case)
			}
			c.Settled = append(c.Settled, DeliveryRow{Case: k.Case, Seq: k.Seq, N: k.N, Fence: d.Fence})
			to = &c.Settled[len(c.Settled)-1]
		}
		if err := to.Take(d); err != nil {
			return err
		}
		to.keptIn(es)
	}
	return nil
}

// EncodeCase encodes a case as Append leaves it; DecodeCase is its inverse.
func EncodeCase(k *engine.Case) ([]byte, error) { return encode(k) }

// encode writes a value as JSON.
func encode(v any) ([]byte, error) {
	room := rooms.Get().(*[]byte)
	defer rooms.Put(room)
	b, err := appendjson.Value((*room)[:0], v)
	if err != nil {
		return nil, err
	}
	*room = b
	return bytes.Clone(b), nil
}

// rooms are where values are encoded and packed before it is known how long they
// are.
var rooms = sync.Pool{New: func() any { return new([]byte) }}

// DecodeCase reads a case.
func DecodeCase(b []byte) (*engine.Case, error) {
	k := new(engine.Case)
	if err := engine.Unmarshal(b, k); err != nil {
		return nil, err
	}
	return k, nil
}
