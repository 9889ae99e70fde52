package sqlite

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"slices"
	"sync"

	"lienthong/engine"
	"lienthong/store/rowenc"
)

// change is an engine.Change on its way into the file.
type change struct {
	*rowenc.Change
	state   *engine.Case // afterwards
	queued  func()       // as in engine.Change
	entries []engine.Entry

	packed   [][]byte // payloads of the entries
	snapshot []byte   // the state to be stored, packed; nil = none now

	// What follows is known when the case at Base is: its rows, how they change, and
	// the hashes of the new entries.
	before   *known // nil: the writer has to look
	delta    rowenc.Delta
	after    *known // nil until it is known
	doubtful bool   // another case held the duplicate key a moment ago
	inLine   bool   // before is not committed but in line before this
}

func (c *change) code() string { return c.Rows.Case.Code }

// Append writes all changes or none, in a transaction that other calls may share.
// Everything that can be computed is computed here, in the caller's goroutine.
func (s *Store) Append(ctx context.Context, changes ...engine.Change) error {
	j, err := s.appendJob(ctx, changes)
	if err != nil {
		return err
	}
	return s.submitAppend(j)
}

// submitAppend is submit for changes; while they are in line, others can be
// prepared on top of them.
func (s *Store) submitAppend(j *job) error {
	defer s.line.drop(j.append)
	after := make([]*known, len(j.append)) // the writer may find another, with care
	for i, c := range j.append {
		after[i] = c.after
	}
	j.queued = func() {
		for i, c := range j.append {
			if c.queued != nil && s.line.put(c, after[i]) {
				c.queued()
			}
		}
	}
	return s.submit(j)
}

func (s *Store) appendJob(ctx context.Context, changes []engine.Change) (*job, error) {
	const op = "store.append"
	if len(changes) == 0 {
		return nil, rowenc.Bad(op, "no change")
	}
	j := &job{ctx: ctx, op: op, lane: changes[0].Lane, append: make([]*change, len(changes))}
	for i := range changes {
		c, err := s.prepare(ctx, &changes[i], j.append[:i])
		if err != nil {
			return nil, err
		}
		j.append[i] = c
		j.size += c.Size
	}
	return j, nil
}

// prepare makes the rows of a change and compares them with those before.
func (s *Store) prepare(ctx context.Context, in *engine.Change, earlier []*change) (*change, error) {
	var before *known
	var rows *rowenc.Rows
	if in.After != nil {
		if before = s.ahead(in); before == nil {
			return nil, rowenc.Stale("store.append", in.After.Code)
		}
		rows = before.rows
	} else if in.Case != nil {
		if before = s.basis(ctx, in.Case.Code, in.Base, earlier); before != nil {
			rows = before.rows
		}
	}
	e, err := rowenc.Encode(*in, rows)
	if err != nil {
		return nil, err
	}
	c := &change{Change: e, state: in.Case, queued: in.Queued, entries: in.Entries, before: before, inLine: in.After != nil, packed: make([][]byte, len(e.Entries))}
	for i := range e.Entries {
		c.packed[i] = rowenc.Pack(e.Entries[i].Payload)
		e.Entries[i].Payload = nil // it is packed now
	}
	if c.before == nil || c.EraseTo > 0 { // what is erased must be in a stored state
		return c, c.takeSnapshot()
	}
	c.link(c.before.head)
	c.delta = rowenc.Diff(c.before.rows, c.Rows)
	if c.delta.Taken != "" {
		other, err := s.Holder(ctx, c.delta.Taken)
		c.doubtful = err == nil && other != c.code()
	}
	c.after = &known{state: c.state, rows: c.Rows, head: c.head(), stored: c.before.stored, size: c.before.size + c.Size}
	if c.Rows.Case.Seq-c.before.stored >= int64(s.cfg.Snapshot) {
		c.after.stored = c.Rows.Case.Seq
		return c, c.takeSnapshot()
	}
	return c, nil
}

func (c *change) takeSnapshot() error {
	b, err := rowenc.EncodeCase(c.state)
	if err != nil {
		return rowenc.Bad("store.append", "case %s: %w", c.code(), err)
	}
	if len(b) > rowenc.MaxValue {
		return rowenc.Bad("store.append", "case %s: %d bytes are more than %d", c.code(), len(b), rowenc.MaxValue)
	}
	c.snapshot = rowenc.Pack(b)
	c.Size += len(c.snapshot)
	return nil
}

// basis is the case at Base, if this process can tell: from the changes of the
// same call, from the cache, or from the file.
func (s *Store) basis(ctx context.Context, code string, base int64, earlier []*change) *known {
	for _, e := range slices.Backward(earlier) {
		if e.code() == code {
			if e.after != nil && e.after.seq() == base {
				return e.after
			}
			return nil
		}
	}
	if base == 0 {
		return nothing
	}
	k := s.cache.get(code)
	if k == nil || k.seq() < base {
		k, _ = s.fetch(ctx, code) // the writer finds out what is wrong
	}
	if k == nil || k.seq() != base {
		return nil
	}
	return k
}

// ahead is the state that a change After another one was decided on: in line, or
// committed by now. nil when it is neither.
func (s *Store) ahead(in *engine.Change) *known {
	k := s.line.get(in.After)
	if k == nil {
		k = s.cache.get(in.After.Code)
	}
	if k == nil || k.state != in.After || k.seq() != in.Base {
		return nil
	}
	return k
}

// link gives the entries their place in the chain.
func (c *change) link(head []byte) {
	for i := range c.Entries {
		c.Entries[i].Hash = c.Entries[i].Link(head)
		head = c.Entries[i].Hash
	}
}

func (c *change) head() []byte { return c.Entries[len(c.Entries)-1].Hash }

// errNotSwift says that the file is not as the cache says, or that a constraint
// was met: the transaction is run again with care.
var errNotSwift = errors.New("sqlite: the file is not as it was remembered")

// appendAll writes some Appends of the transaction.
//
// Swiftly: the statements say what the rows must be before, and nothing is read.
// Afterwards the number of rows that were touched tells whether all of them were
// as expected; if not, or if anything failed, errNotSwift has the transaction
// rolled back and run with care.
//
// With care, everything is read and checked in the transaction, call by call,
// each between savepoints. That happens to calls whose case is not known, and to
// calls that meet another one of the same transaction.
func (w *writer) appendAll(jobs []*job, swiftly bool) error {
	var swift, careful []*job
	before, expected := int64(-1), int64(0)
	for _, j := range inOrder(jobs) {
		if j.append == nil && j.ready == nil || !w.enter(j) {
			continue
		}
		if j.ready != nil && !swiftly {
			j.err = rowenc.Bad(j.op, "what was prepared does not fit the file")
			continue
		}
		if !swiftly || !w.router.admits(w.store.cache, j) {
			careful = append(careful, j)
			continue
		}
		if before < 0 {
			var err error
			if before, err = w.total(); err != nil {
				return err
			}
		}
		j.swift = true
		swift = append(swift, j)
		for _, c := range j.append {
			n, err := w.swift(c)
			if err != nil {
				w.store.log.Debug("sqlite: not written swiftly", "case", c.code(), "err", err)
				return errNotSwift
			}
			expected += n
		}
		for _, p := range j.ready {
			n, err := p.run(w)
			if err != nil {
				return errNotSwift
			}
			expected += n
		}
	}
	if before >= 0 {
		now, err := w.total()
		if err != nil {
			return err
		}
		if now-before != expected {
			w.store.log.Debug("sqlite: other rows than expected were touched", "touched", now-before, "expected", expected)
			return errNotSwift
		}
	}
	for _, j := range swift {
		if err := w.settleAll(j); err != nil {
			return err
		}
	}
	for _, j := range careful {
		if err := w.carefulJob(j); err != nil {
			return err
		}
	}
	return nil
}

// settleAll writes what a swift call says of deliveries that are there already.
func (w *writer) settleAll(j *job) error {
	settle := func(rs []rowenc.DeliveryRow) error {
		for i := range rs {
			if found, _, err := w.settle(&rs[i], true); err != nil || !found {
				w.store.log.Debug("sqlite: not settled swiftly", "delivery", rs[i].Key(), "err", err)
				return errNotSwift
			}
		}
		return nil
	}
	for _, c := range j.append {
		if err := settle(c.Settled); err != nil {
			return err
		}
	}
	for _, p := range j.ready {
		if err := settle(p.Settled); err != nil {
			return err
		}
	}
	return nil
}

// enter tells whether a call goes on: its caller is there, and the hook lets it.
func (w *writer) enter(j *job) bool {
	if err := j.ctx.Err(); err != nil {
		j.err = rowenc.Unknown(j.op, err)
		return false
	}
	if hook := w.store.cfg.Hooks.Plan; hook != nil {
		j.err = protected(func() error {
			for _, c := range j.append {
				hook(c.code())
			}
			return nil
		})
	}
	return j.err == nil
}

// inOrder puts the changes that were prepared on top of others behind them: the
// queue serves lane by lane. Each sequence of a case has one change that leads to it.
func inOrder(jobs []*job) []*job {
	rank := func(j *job) int64 {
		if len(j.append) > 0 && j.append[0].inLine {
			return j.append[0].Base
		}
		return 0
	}
	if !slices.ContainsFunc(jobs, func(j *job) bool { return rank(j) > 0 }) {
		return jobs
	}
	jobs = slices.Clone(jobs)
	slices.SortStableFunc(jobs, func(a, b *job) int { return cmp.Compare(rank(a), rank(b)) })
	return jobs
}

// router tells which calls of a transaction may be written swiftly: those that
// stand alone, or follow a swift one that they were prepared on top of.
type router struct {
	heads   map[string][]byte // by case: what a swift call leaves its chain at; nil after one that is not swift
	taken   map[string]bool
	answers map[[2]string]bool
}

func newRouter() *router {
	return &router{heads: map[string][]byte{}, taken: map[string]bool{}, answers: map[[2]string]bool{}}
}

// admits does not decide anything: whom it sends to be written with care is told
// the truth there.
func (r *router) admits(k *cache, j *job) bool {
	swift := true
	for i, c := range j.append {
		again := slices.ContainsFunc(j.append[:i], func(e *change) bool { return e.code() == c.code() })
		if c.after == nil || c.EraseTo > 0 || c.doubtful || c.comesBack() || !again && !r.stands(k, c) {
			swift = false
		}
		if t := c.delta.Taken; t != "" && r.taken[t] {
			swift = false
		}
		if a := c.Answer; a != nil && r.answers[[2]string{a.Actor, a.Key}] {
			swift = false
		}
	}
	for _, c := range j.append { // nor may later calls about the same overtake one that is not swift
		r.note(c, swift)
	}
	return swift
}

// comesBack tells whether dossiers of a case that had ended stand elsewhere now. They may
// be bound: written with care, all of the case's are loose again.
func (c *change) comesBack() bool {
	if c.before == nil || c.before.rows.Case.Status != "ended" {
		return false
	}
	d := &c.delta
	return c.Rows.Case.Status != "ended" || len(d.New)+len(d.Moved)+len(d.Gone) > 0
}

// stands tells whether the case will be as the change was prepared on, as far as is
// known. That keeps a change that was overtaken from sending its whole transaction to be
// written with care; what refuses it are the statements, which name the sequence and the
// head before.
func (r *router) stands(k *cache, c *change) bool {
	if head, met := r.heads[c.code()]; met {
		return c.before != nil && head != nil && bytes.Equal(head, c.before.head)
	}
	now := k.get(c.code())
	return now == nil || now.seq() == c.Base // else somebody was faster
}

func (r *router) note(c *change, swift bool) {
	r.heads[c.code()] = nil
	if swift {
		r.heads[c.code()] = c.head()
	}
	if c.Rows.Key != "" {
		r.taken[c.Rows.Key] = true
	}
	if a := c.Answer; a != nil {
		r.answers[[2]string{a.Actor, a.Key}] = true
	}
}

// line holds what cases will be when the changes in line are committed, by the
// state itself: who was told of it holds the same one.
type line struct {
	mu sync.Mutex
	at map[*engine.Case]*known
}

func (l *line) get(state *engine.Case) *known {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.at[state]
}

// put tells whether what a change leads to can be prepared upon; nil = it is not known.
func (l *line) put(c *change, after *known) bool {
	if after == nil || c.EraseTo > 0 {
		return false
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.at == nil {
		l.at = map[*engine.Case]*known{}
	}
	l.at[c.state] = after
	return true
}

func (l *line) drop(cs []*change) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, c := range cs {
		delete(l.at, c.state)
	}
}
