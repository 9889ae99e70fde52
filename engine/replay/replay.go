package replay

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"

	"lienthong/engine"
	"lienthong/engine/appendjson"
)

// Source is where cases and their histories are read from.
type Source interface {
	// Load returns the stored case.
	Load(ctx context.Context, code string) (*engine.Case, error)
	// History returns entries from a sequence on, oldest first, at most limit.
	History(ctx context.Context, code string, from int64, limit int) ([]engine.Entry, error)
}

// Sparse is a Source that can give less than all, for comparing many cases.
type Sparse interface {
	Source
	// Events is History with of each entry only what engine.Fold needs.
	Events(ctx context.Context, code string, from int64, limit int) ([]engine.Entry, error)
	// Snapshot is a stored state of a case as its JSON, the entry that it stands at (0 =
	// there is none), and the last entry of the case: the case as it is stored is that
	// state with the entries after it folded on top.
	Snapshot(ctx context.Context, code string) (text []byte, at, last int64, err error)
}

// page is how many entries are read at once.
const page = 500

// At rebuilds a case as it was after an entry; 0 means the last one.
//
// Errors: NotFound when there is no history, Invalid when it has no such entry,
// Precondition when a payload that is needed was erased, and what Source says.
func At(ctx context.Context, src Source, code string, seq int64) (*engine.Case, error) {
	const op = "replay.at"
	if seq < 0 {
		return nil, refuse(engine.Invalid, op, code, "Không có mục thứ %d.", "there is no entry %d", seq)
	}
	var c *engine.Case
	n := int64(0)
	err := walk(ctx, src.History, code, seq, func(e engine.Entry) error {
		n = e.Seq
		if Erased(e) {
			return refuse(engine.Precondition, op, code, "Nội dung mục %d đã được xóa theo quy định; không dựng lại được hồ sơ.",
				"the payload of entry %d was erased; the case cannot be rebuilt from it", e.Seq)
		}
		c = engine.Fold(c, e)
		return nil
	})
	switch {
	case err != nil:
		return nil, err
	case n == 0:
		return nil, refuse(engine.NotFound, op, code, "Hồ sơ không có lịch sử.", "the case has no history")
	case n < seq:
		return nil, refuse(engine.Invalid, op, code, "Lịch sử chỉ có %d mục.", "the history has %d entries only", n)
	}
	return c, nil
}

// Erased tells whether an entry's payload is gone: what is left says neither who
// acted nor what happened.
func Erased(e engine.Entry) bool { return e.Events == nil && e.Command.Actor.ID == "" }

// reader reads a page of a history.
type reader = func(ctx context.Context, code string, from int64, limit int) ([]engine.Entry, error)

// walk reads a history up to an entry (0 = all) page by page.
func walk(ctx context.Context, read reader, code string, to int64, see func(engine.Entry) error) error {
	for from := int64(1); to == 0 || from <= to; {
		limit := page
		if to > 0 {
			limit = int(min(page, to-from+1))
		}
		es, err := read(ctx, code, from, limit)
		if err != nil {
			return err
		}
		for _, e := range es {
			if e.Seq != from {
				return &engine.Error{Code: engine.CorruptHistory, Op: "replay", Case: code, Err: fmt.Errorf("entry %d is missing", from)}
			}
			if err := see(e); err != nil {
				return err
			}
			from++
		}
		if len(es) < limit {
			return nil
		}
	}
	return nil
}

func refuse(code engine.Code, op, of, vi, en string, args ...any) error {
	if len(args) > 0 {
		vi, en = fmt.Sprintf(vi, args...), fmt.Sprintf(en, args...)
	}
	e := engine.Fail(code, vi, en)
	e.Op, e.Case = op, of
	return e
}

// Result is what became of one case.
type Result struct {
	Case       string      `json:"case"`
	Entries    int64       `json:"entries"`
	Erased     bool        `json:"erased,omitempty"`     // it cannot be rebuilt: a payload was erased
	Difference *Difference `json:"difference,omitempty"` // nil = the stored case is its history's fold
	Err        error       `json:"-"`                    // why it could not be compared
}

// Good tells whether nothing is wrong with the case.
func (r Result) Good() bool { return r.Err == nil && r.Difference == nil }

// Compare rebuilds a case from its whole history and compares it with the stored
// one. An entry that is appended meanwhile makes it read both again.
func Compare(ctx context.Context, src Source, code string) Result {
	if r, ok := glance(ctx, src, code); ok {
		return r
	}
	for range 10 {
		r, moved := compare(ctx, src, code)
		if !moved {
			return r
		}
	}
	return Result{Case: code, Err: refuse(engine.Unavailable, "replay.compare", code, "Hồ sơ đang thay đổi liên tục.", "the case does not stand still")}
}

// glance compares a case as its bytes, where the source can give less than all. It
// is only sure of what is good: false means that the case is to be looked at.
func glance(ctx context.Context, src Source, code string) (r Result, good bool) {
	few, ok := src.(Sparse)
	if !ok {
		return r, false
	}
	text, at, last, err := few.Snapshot(ctx, code)
	if err != nil {
		return r, false
	}
	var c *engine.Case
	same := at == 0
	err = walk(ctx, few.Events, code, 0, func(e engine.Entry) error {
		if Erased(e) {
			return errErased
		}
		if c = engine.Fold(c, e); e.Seq == at {
			same = writes(c, text)
		}
		return nil
	})
	if err != nil || !same || c == nil || c.Seq != last {
		return r, false
	}
	return Result{Case: code, Entries: c.Seq}, true
}

// rooms are where cases are written to compare them.
var rooms = sync.Pool{New: func() any { return new([]byte) }}

// writes tells whether a case is written as a text.
func writes(c *engine.Case, text []byte) bool {
	room := rooms.Get().(*[]byte)
	defer rooms.Put(room)
	b, err := appendjson.Value((*room)[:0], c)
	*room = b
	return err == nil && bytes.Equal(b, text)
}

var errErased = errors.New("a payload was erased")

func compare(ctx context.Context, src Source, code string) (r Result, moved bool) {
	r.Case = code
	stored, err := src.Load(ctx, code)
	if err != nil {
		r.Err = err
		return r, false
	}
	var c *engine.Case
	r.Err = walk(ctx, src.History, code, 0, func(e engine.Entry) error {
		r.Entries = e.Seq
		r.Erased = r.Erased || Erased(e)
		if !r.Erased {
			c = engine.Fold(c, e)
		}
		return nil
	})
	if r.Err != nil || r.Erased {
		return r, false
	}
	if r.Entries > stored.Seq {
		if again, err := src.Load(ctx, code); err == nil && again.Seq > stored.Seq {
			return r, true
		}
	}
	r.Difference, r.Err = Differ(stored, c)
	return r, false
}
