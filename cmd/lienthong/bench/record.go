package bench

import (
	"context"
	"encoding/gob"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"lienthong/engine"
	"lienthong/store/rowenc"
	"lienthong/store/sqlite"
)

// recorder is a store that keeps, as rows, every write that its caller had done,
// case by case.
type recorder struct {
	engine.Store
	keeping func(ctx context.Context, changes ...engine.Change) ([]*sqlite.PreparedChange, error) // an Append

	mu    sync.Mutex
	cases map[string]*recording
	order []*recording
	codes map[string][]reserved // by unit: reserved for a case that is not filed yet
	err   error                 // the first thing that could not be kept
}

// recording is what was written for one case, in order.
type recording struct {
	Code  string
	Codes []reserved // numbers reserved before it was filed
	Acts  []write
}

// reserved is a block of code numbers.
type reserved struct {
	Unit, Day string
	N         int
}

// write is one call of the store that wrote. Exactly one of the pointers is set.
type write struct {
	Change  *sqlite.PreparedChange
	Access  *rowenc.AccessRow
	Claimed []rowenc.DeliveryRow
	Settled *rowenc.DeliveryRow
	Reset   *rowenc.DeliveryRow

	Command []byte // the request of the person that caused it; nil = nobody's
}

// aside tells whether nobody who carries the case waits for the write.
func (w *write) aside() bool { return w.Claimed != nil || w.Settled != nil || w.Reset != nil }

// after is the entry that must be written before.
func (w *write) after() int64 {
	switch {
	case w.Change != nil:
		return w.Change.Base
	case w.Settled != nil:
		return w.Settled.Seq
	case w.Reset != nil:
		return w.Reset.Seq
	case w.Claimed != nil:
		return w.Claimed[0].Seq
	}
	return 0
}

func newRecorder(s *sqlite.Store) *recorder {
	return &recorder{Store: s, keeping: s.AppendKeeping, cases: map[string]*recording{}, codes: map[string][]reserved{}}
}

// keep adds a write to its case.
func (r *recorder) keep(code string, w write) {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := r.cases[code]
	if s == nil {
		s = &recording{Code: code}
		unit, _, _ := strings.Cut(code, "-")
		s.Codes, r.codes[unit] = r.codes[unit], nil
		r.cases[code] = s
		r.order = append(r.order, s)
	}
	s.Acts = append(s.Acts, w)
}

func (r *recorder) failed(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.err == nil {
		r.err = err
	}
}

// Append keeps the changes' statements.
func (r *recorder) Append(ctx context.Context, changes ...engine.Change) error {
	ready, err := r.keeping(ctx, changes...)
	if err != nil {
		return err
	}
	for i, c := range changes {
		if ready[i] == nil {
			r.failed(fmt.Errorf("bench: the change of %s to %d was not known beforehand", c.Case.Code, c.Case.Seq))
			continue
		}
		w := write{Change: ready[i]}
		if e := c.Entries[len(c.Entries)-1]; e.Command.Actor.Kind == engine.Citizen || e.Command.Actor.Kind == engine.Staff {
			if w.Command, err = requestOf(e.Command); err != nil {
				r.failed(err)
			}
		}
		r.keep(c.Case.Code, w)
	}
	return nil
}

// requestOf is the body that a command came with.
func requestOf(c engine.Command) ([]byte, error) {
	if c.File != nil {
		return json.Marshal(map[string]any{"service": c.File.Service, "application": c.Input})
	}
	return json.Marshal(map[string]any{"input": c.Input})
}

// LogAccess keeps the line.
func (r *recorder) LogAccess(ctx context.Context, a engine.Access) error {
	if err := r.Store.LogAccess(ctx, a); err != nil {
		return err
	}
	row := rowenc.NewAccess(a)
	r.keep(a.Case, write{Access: &row})
	return nil
}

// Claim keeps which deliveries were leased.
func (r *recorder) Claim(ctx context.Context, node string, now, lease time.Time, limit int, except ...string) ([]engine.Delivery, error) {
	ds, err := r.Store.Claim(ctx, node, now, lease, limit, except...)
	if err != nil {
		return nil, err
	}
	for _, d := range ds {
		leased, err := rowOf(d)
		if err != nil {
			r.failed(err)
			continue
		}
		leased.Node, leased.Lease = node, rowenc.Micros(lease)
		r.keep(d.Case, write{Claimed: []rowenc.DeliveryRow{leased}})
	}
	return ds, nil
}

// Settle keeps what became of a delivery.
func (r *recorder) Settle(ctx context.Context, d engine.Delivery) error {
	if err := r.Store.Settle(ctx, d); err != nil {
		return err
	}
	if row, err := taken(d); err != nil {
		r.failed(err)
	} else {
		r.keep(d.Case, write{Settled: row})
	}
	return nil
}

// Reset keeps what became of a delivery.
func (r *recorder) Reset(ctx context.Context, d engine.Delivery) error {
	if err := r.Store.Reset(ctx, d); err != nil {
		return err
	}
	if row, err := taken(d); err != nil {
		r.failed(err)
	} else {
		r.keep(d.Case, write{Reset: row})
	}
	return nil
}

func taken(d engine.Delivery) (*rowenc.DeliveryRow, error) {
	row, err := rowOf(d)
	if err != nil {
		return nil, err
	}
	return &row, row.Take(d)
}

// rowOf names a delivery.
func rowOf(d engine.Delivery) (rowenc.DeliveryRow, error) {
	k, ok := rowenc.ParseKey(d.Key)
	if !ok {
		return rowenc.DeliveryRow{}, fmt.Errorf("bench: delivery key %q", d.Key)
	}
	return rowenc.DeliveryRow{Case: k.Case, Seq: k.Seq, N: k.N}, nil
}

// Codes keeps which numbers were reserved, for the next case of the unit.
func (r *recorder) Codes(ctx context.Context, unit, day string, n int) (int, error) {
	first, err := r.Store.Codes(ctx, unit, day, n)
	if err == nil {
		r.mu.Lock()
		r.codes[unit] = append(r.codes[unit], reserved{unit, day, n})
		r.mu.Unlock()
	}
	return first, err
}

// save writes the scripts, each in an order in which its writes can be done again.
func (r *recorder) save(to io.Writer) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.err != nil {
		return 0, r.err
	}
	enc := gob.NewEncoder(to)
	for _, s := range r.order {
		if err := s.straighten(); err != nil {
			return 0, err
		}
		if err := enc.Encode(s); err != nil {
			return 0, err
		}
	}
	return len(r.order), nil
}

// straighten puts the writes in an order that history allows: they were noted when
// they returned, perhaps after one that followed them. Deliveries that were leased
// one after the other become one write.
func (s *recording) straighten() error {
	var out []write
	seq := int64(0)
	for left := s.Acts; len(left) > 0; {
		i := slices.IndexFunc(left, func(w write) bool {
			if w.Change != nil {
				return w.after() == seq
			}
			return w.after() <= seq
		})
		if i < 0 {
			return fmt.Errorf("bench: the recorded writes of %s have a gap after entry %d", s.Code, seq)
		}
		if c := left[i].Change; c != nil {
			seq = c.Seq
		}
		if n := len(out) - 1; n >= 0 && out[n].Claimed != nil && left[i].Claimed != nil {
			out[n].Claimed = append(out[n].Claimed, left[i].Claimed...)
		} else {
			out = append(out, left[i])
		}
		left = slices.Delete(slices.Clone(left), i, i+1)
	}
	s.Acts = out
	return nil
}

// load reads the scripts back.
func load(from io.Reader) ([]*recording, error) {
	dec := gob.NewDecoder(from)
	var out []*recording
	for {
		s := new(recording)
		switch err := dec.Decode(s); {
		case errors.Is(err, io.EOF):
			return out, nil
		case err != nil:
			return nil, err
		}
		out = append(out, s)
	}
}
