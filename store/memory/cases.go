package memory

import (
	"bytes"
	"cmp"
	"context"
	"slices"
	"time"

	"lienthong/engine"
	"lienthong/store/rowenc"
)

// Load returns the stored case.
func (s *Store) Load(ctx context.Context, code string) (*engine.Case, error) {
	const op = "store.load"
	done, err := s.read(ctx, op)
	if err != nil {
		return nil, err
	}
	defer done()
	r, ok := s.cases[code]
	if !ok {
		return nil, rowenc.Missing(op, code)
	}
	return r.open(op)
}

func (r *record) open(op string) (*engine.Case, error) {
	bodies := make([][]byte, len(r.dossiers))
	for i := range r.dossiers {
		bodies[i] = r.dossiers[i].Body
	}
	c, err := rowenc.Assemble(r.row.Body, r.row.Seq, r.row.Stamp, bodies)
	if err != nil {
		return nil, rowenc.Corrupt(op, r.row.Code, r.row.Seq, "stored case cannot be read: "+err.Error())
	}
	return c, nil
}

// Append writes all changes or none.
func (s *Store) Append(ctx context.Context, changes ...engine.Change) error {
	const op = "store.append"
	if len(changes) == 0 {
		return rowenc.Bad(op, "no change")
	}
	encoded := make([]*rowenc.Change, len(changes))
	for i, c := range changes {
		e, err := rowenc.Encode(c)
		if err != nil {
			return err
		}
		encoded[i] = e
	}
	return s.write(ctx, op, func(t *rowenc.Undo) error {
		for _, c := range encoded {
			if s.hooks.Plan != nil {
				s.hooks.Plan(c.Case.Code)
			}
			if err := s.check(c); err != nil {
				return err
			}
			if err := s.apply(t, c); err != nil {
				return err
			}
		}
		return nil
	})
}

// check refuses a change: answered before, stale, duplicate, or code taken.
func (s *Store) check(c *rowenc.Change) error {
	const op = "store.append"
	code := c.Case.Code
	if a := c.Answer; a != nil {
		if old, ok := s.answers[pair{a.Actor, a.Key}]; ok && old.Digest == a.Digest {
			return rowenc.Answered(old.Case)
		} else if ok {
			return rowenc.Mismatch(op)
		}
	}
	if s.cases[code].row.Seq != c.Base {
		return rowenc.Stale(op, code)
	}
	if c.Key != "" {
		if other, ok := s.keys[c.Key]; ok && other != code {
			return rowenc.Duplicate(op, code, other)
		}
	}
	for _, x := range c.Codes {
		if other, ok := s.codes[x]; ok && other != code {
			return rowenc.Taken(op, code, x)
		}
	}
	return nil
}

func (s *Store) apply(t *rowenc.Undo, c *rowenc.Change) error {
	const op = "store.append"
	code := c.Case.Code
	old := s.cases[code]
	if old.key != "" && old.key != c.Key {
		rowenc.Drop(t, s.keys, old.key)
	}
	if c.Key != "" {
		rowenc.Put(t, s.keys, c.Key, code)
	}
	head := s.chain(t, old.head, c)
	rowenc.Put(t, s.cases, code, record{row: c.Case, dossiers: c.Dossiers, tasks: c.Tasks, head: head, key: c.Key})
	for _, x := range c.Codes {
		rowenc.Put(t, s.codes, x, code)
	}
	for _, r := range c.Results {
		if _, ok := s.results[r.ID]; !ok {
			rowenc.Put(t, s.results, r.ID, result{code, r.Step})
		}
	}
	if c.Answer != nil {
		rowenc.Put(t, s.answers, pair{c.Answer.Actor, c.Answer.Key}, *c.Answer)
	}
	for _, d := range c.Effects {
		if _, ok := s.outbox[d.Key]; ok {
			return rowenc.Bad(op, "effect %s exists", d.Key)
		}
		rowenc.Put(t, s.outbox, d.Key, d)
	}
	for i := range c.Settled {
		r, ok := s.outbox[c.Settled[i].Key]
		if !ok || r.Case != code {
			return rowenc.Missing(op, code)
		}
		was := r
		r.Settle(&c.Settled[i])
		s.count(t, &was, &r)
		rowenc.Put(t, s.outbox, r.Key, r)
	}
	for _, n := range c.Notes {
		if _, ok := s.notes[n.Key]; ok {
			return rowenc.Bad(op, "notification %s exists", n.Key)
		}
		rowenc.Put(t, s.notes, n.Key, n)
	}
	return nil
}

// chain links the new entries and erases what they say.
func (s *Store) chain(t *rowenc.Undo, head []byte, c *rowenc.Change) []byte {
	es := slices.Clone(s.entries[c.Case.Code])
	for _, e := range c.Entries {
		e.Hash = e.Link(head)
		head = e.Hash
		es = append(es, e)
	}
	for i := range es {
		if es[i].Seq <= c.EraseTo {
			es[i].Erase()
		}
	}
	rowenc.Put(t, s.entries, c.Case.Code, es)
	return head
}

// History returns entries from a sequence on.
func (s *Store) History(ctx context.Context, code string, from int64, limit int) ([]engine.Entry, error) {
	const op = "store.history"
	done, err := s.read(ctx, op)
	if err != nil {
		return nil, err
	}
	defer done()
	out := []engine.Entry{}
	next := max(from, 1)
	for i := range s.entries[code] {
		e := &s.entries[code][i]
		if e.Seq < from {
			continue
		}
		if limit > 0 && len(out) == limit {
			break
		}
		if e.Seq != next {
			return nil, rowenc.Corrupt(op, code, next, "entry is missing")
		}
		x, err := e.Open()
		if err != nil {
			return nil, err
		}
		out = append(out, x)
		next++
	}
	return out, nil
}

// Answered returns a stored answer, or nil.
func (s *Store) Answered(ctx context.Context, actor, key string) (*engine.Answer, error) {
	done, err := s.read(ctx, "store.answered")
	if err != nil {
		return nil, err
	}
	defer done()
	a, ok := s.answers[pair{actor, key}]
	if !ok {
		return nil, nil
	}
	a.Body = bytes.Clone(a.Body)
	return &a, nil
}

// Codes reserves numbers of a unit and day.
func (s *Store) Codes(ctx context.Context, unit, day string, n int) (first int, err error) {
	const op = "store.codes"
	if n < 1 {
		return 0, rowenc.Bad(op, "%d numbers", n)
	}
	err = s.write(ctx, op, func(t *rowenc.Undo) error {
		first = s.counters[pair{unit, day}] + 1
		rowenc.Put(t, s.counters, pair{unit, day}, first+n-1)
		return nil
	})
	return first, err
}

// Due lists cases whose next timer has come.
func (s *Store) Due(ctx context.Context, now time.Time, limit int) ([]string, error) {
	done, err := s.read(ctx, "store.due")
	if err != nil {
		return nil, err
	}
	defer done()
	var rs []rowenc.CaseRow
	for _, r := range s.cases {
		if r.row.Timer != 0 && r.row.Timer <= rowenc.Micros(now) {
			rs = append(rs, r.row)
		}
	}
	slices.SortFunc(rs, func(a, b rowenc.CaseRow) int {
		return cmp.Or(cmp.Compare(a.Timer, b.Timer), cmp.Compare(a.Code, b.Code))
	})
	out := []string{}
	for _, r := range cut(rs, limit) {
		out = append(out, r.Code)
	}
	return out, nil
}

// NextDue is the earliest timer of all cases.
func (s *Store) NextDue(ctx context.Context) (time.Time, bool, error) {
	done, err := s.read(ctx, "store.next_due")
	if err != nil {
		return time.Time{}, false, err
	}
	defer done()
	var next int64
	for _, r := range s.cases {
		if t := r.row.Timer; t != 0 && (next == 0 || t < next) {
			next = t
		}
	}
	return rowenc.Time(next), next != 0, nil
}

// Open lists codes of unfinished cases.
func (s *Store) Open(ctx context.Context, after string, limit int) ([]string, error) {
	done, err := s.read(ctx, "store.open")
	if err != nil {
		return nil, err
	}
	defer done()
	out := []string{}
	for code, r := range s.cases {
		if code > after && r.row.Status == string(engine.CaseOpen) {
			out = append(out, code)
		}
	}
	slices.Sort(out)
	return cut(out, limit), nil
}

// Verify walks every chain.
func (s *Store) Verify(ctx context.Context, bad func(code string, seq int64, what string)) (int, error) {
	done, err := s.read(ctx, "store.verify")
	if err != nil {
		return 0, err
	}
	defer done()
	codes := map[string]bool{}
	for c := range s.cases {
		codes[c] = true
	}
	for c := range s.entries {
		codes[c] = true
	}
	sorted := []string{}
	for c := range codes {
		sorted = append(sorted, c)
	}
	slices.Sort(sorted)
	for _, code := range sorted {
		r, ok := s.cases[code]
		st := rowenc.Stored{Code: code, Entries: s.entries[code], Head: r.head, Seq: r.row.Seq, Present: ok}
		if ok {
			st.Case, st.Err = r.open("store.verify")
		}
		if seq, what := rowenc.CheckCase(st); what != "" {
			bad(code, seq, what)
		}
	}
	var w rowenc.AccessWalk
	for _, a := range s.access {
		if n, what := w.Next(a); what != "" {
			bad("", n, what)
			break
		}
	}
	return len(sorted), nil
}
