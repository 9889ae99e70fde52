package sqlite

import (
	"container/list"
	"sync"

	"lienthong/engine"
	"lienthong/store/rowenc"
)

// known is a case as it was committed at a sequence. Nobody changes it.
type known struct {
	state  *engine.Case
	rows   *rowenc.Rows
	head   []byte // last hash of the chain
	stored int64  // the entry at which a state of it is stored; 0 = none
	size   int    // bytes of its history since the start, at most: a measure of what it takes in memory
}

func (k *known) seq() int64 { return k.rows.Case.Seq }

// nothing is what is known of a case that does not exist yet.
var nothing = &known{rows: &rowenc.Rows{}}

// cache keeps the cases that were used last. It is never the truth: a reader
// compares the sequence with the file's, and the writer's statements match only
// rows that stand where the cache says.
type cache struct {
	limit int // bytes; below 0 nothing is kept

	mu    sync.Mutex
	size  int
	at    map[string]*list.Element
	order *list.List // of *known, the last used first
}

// weight is how many bytes of memory a byte of JSON takes, about, and what a case
// takes at least.
const (
	weight   = 4
	baseSize = 8 << 10
	topSize  = 1 << 20
)

func newCache(limit int) *cache {
	return &cache{limit: limit, at: map[string]*list.Element{}, order: list.New()}
}

func (k *known) bytes() int { return min(baseSize+weight*k.size, topSize) }

// get returns what is known of a case, or nil.
func (c *cache) get(code string) *known {
	c.mu.Lock()
	defer c.mu.Unlock()
	e := c.at[code]
	if e == nil {
		return nil
	}
	c.order.MoveToFront(e)
	return e.Value.(*known)
}

// put keeps a case, unless a newer state of it is known.
func (c *cache) put(k *known) {
	c.mu.Lock()
	defer c.mu.Unlock()
	code := k.rows.Case.Code
	if e := c.at[code]; e != nil {
		old := e.Value.(*known)
		if old.seq() > k.seq() {
			return
		}
		c.size += k.bytes() - old.bytes()
		e.Value = k
		c.order.MoveToFront(e)
	} else {
		c.size += k.bytes()
		c.at[code] = c.order.PushFront(k)
	}
	for c.size > c.limit && c.order.Len() > 0 {
		c.forget(c.order.Back())
	}
}

// all are the cases that are remembered now.
func (c *cache) all() []*known {
	c.mu.Lock()
	defer c.mu.Unlock()
	out := make([]*known, 0, len(c.at))
	for e := c.order.Front(); e != nil; e = e.Next() {
		out = append(out, e.Value.(*known))
	}
	return out
}

// drop forgets a case.
func (c *cache) drop(code string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e := c.at[code]; e != nil {
		c.forget(e)
	}
}

func (c *cache) forget(e *list.Element) {
	k := e.Value.(*known)
	c.order.Remove(e)
	delete(c.at, k.rows.Case.Code)
	c.size -= k.bytes()
}

// recent keeps the entries that owed something last, for whoever asks what is to be
// sent. What was erased is forgotten.
type recent struct {
	limit int // bytes

	mu    sync.Mutex
	size  int
	at    map[rowenc.Key]*engine.Entry // by case and seq
	order []recentKey                  // the oldest first
}

type recentKey struct {
	key  rowenc.Key
	size int
}

func newRecent(limit int) *recent { return &recent{limit: limit, at: map[rowenc.Key]*engine.Entry{}} }

func (r *recent) get(code string, seq int64) *engine.Entry {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.at[rowenc.Key{Case: code, Seq: seq}]
}

// put keeps the entries of a committed change that owe something.
func (r *recent) put(c *change) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if c.EraseTo > 0 {
		r.size, r.order = 0, nil
		clear(r.at)
		return
	}
	for i := range c.Effects {
		k := rowenc.Key{Case: c.code(), Seq: c.Effects[i].Seq}
		if _, ok := r.at[k]; ok {
			continue
		}
		at := int(k.Seq - c.Base - 1)
		size := baseSize/4 + weight*c.Size/len(c.entries)
		r.at[k] = &c.entries[at]
		r.order = append(r.order, recentKey{k, size})
		r.size += size
	}
	for r.size > r.limit && len(r.order) > 0 {
		r.size -= r.order[0].size
		delete(r.at, r.order[0].key)
		r.order = r.order[1:]
	}
}
