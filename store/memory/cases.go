package memory

import (
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
	if r.bad != nil {
		return nil, rowenc.Corrupt(op, code, r.rows.Case.Seq, "stored case cannot be read: "+r.bad.Error())
	}
	return r.state, nil
}

// Append writes all changes or none.
func (s *Store) Append(ctx context.Context, changes ...engine.Change) error {
	const op = "store.append"
	if len(changes) == 0 {
		return rowenc.Bad(op, "no change")
	}
	encoded := make([]*rowenc.Change, len(changes))
	states := make([]*engine.Case, len(changes))
	for i, c := range changes {
		if c.After != nil { // nothing waits in line here, so nobody was told of a place in it
			return rowenc.Stale(op, c.After.Code)
		}
		e, err := rowenc.Encode(c, s.rowsOf(c.Case))
		if err != nil {
			return err
		}
		encoded[i], states[i] = e, c.Case
	}
	return s.write(ctx, op, func(t *rowenc.Undo) error {
		for i, c := range encoded {
			if s.hooks.Plan != nil {
				s.hooks.Plan(c.Rows.Case.Code)
			}
			if err := s.check(c); err != nil {
				return err
			}
			if err := s.apply(t, c, states[i]); err != nil {
				return err
			}
			for j := range c.Entries {
				s.remember(&c.Entries[j], &changes[i].Entries[j])
			}
		}
		return nil
	})
}

// rowsOf are the rows of a case as they stand, nil when there are none.
func (s *Store) rowsOf(c *engine.Case) *rowenc.Rows {
	if c == nil {
		return nil
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.cases[c.Code].rows
}

// check refuses a change: answered before, stale, duplicate, or code taken.
func (s *Store) check(c *rowenc.Change) error {
	const op = "store.append"
	code := c.Rows.Case.Code
	if err := s.unanswered(op, c.Answer); err != nil {
		return err
	}
	var seq int64
	if old, ok := s.cases[code]; ok {
		seq = old.rows.Case.Seq
	}
	if seq != c.Base {
		return rowenc.Stale(op, code)
	}
	if key := c.Rows.Key; key != "" {
		if other, ok := s.keys[key]; ok && other != code {
			return rowenc.Duplicate(op, code, other)
		}
	}
	for _, x := range c.Rows.Codes {
		if other, ok := s.codes[x]; ok && other != code {
			return rowenc.Taken(op, code, x)
		}
	}
	return nil
}

func (s *Store) apply(t *rowenc.Undo, c *rowenc.Change, state *engine.Case) error {
	const op = "store.append"
	rows := c.Rows
	code := rows.Case.Code
	old := s.cases[code]
	if old.rows != nil && old.rows.Key != "" && old.rows.Key != rows.Key {
		rowenc.Drop(t, s.keys, old.rows.Key)
	}
	if rows.Key != "" {
		rowenc.Put(t, s.keys, rows.Key, code)
	}
	known := slices.Clone(old.known)
	for _, x := range rows.Codes {
		if old.rows != nil && slices.Contains(old.rows.Codes, x) {
			continue
		}
		rowenc.Put(t, s.codes, x, code)
		if f := rowenc.FoldCode(x); !slices.Contains(known, f) {
			known = append(known, f)
		}
	}
	for _, r := range rows.Results {
		if _, ok := s.results[r.ID]; !ok {
			rowenc.Put(t, s.results, r.ID, result{code, r.Step})
		}
	}
	head := s.chain(t, old.head, c)
	rowenc.Put(t, s.cases, code, record{state: state, rows: rows, known: known, head: head})
	if was := rowTimer(old.rows); rows.Case.Timer != was {
		s.timers.push(rows.Case.Timer, code)
		t.Add(func() { s.timers.push(was, code) })
	}
	s.keep(t, c.Answer)
	for _, d := range c.Effects {
		k := rowenc.Key{Case: d.Case, Seq: d.Seq, N: d.N}
		if _, ok := s.outbox[k]; ok {
			return rowenc.Bad(op, "effect %s exists", k)
		}
		s.put(t, k, d)
	}
	for i := range c.Settled {
		d := &c.Settled[i]
		k := rowenc.Key{Case: d.Case, Seq: d.Seq, N: d.N}
		r, ok := s.outbox[k]
		if !ok || r.Case != code {
			return rowenc.Missing(op, code)
		}
		was := r
		r.Settle(d)
		s.count(t, &was, &r)
		s.put(t, k, r)
	}
	for _, n := range c.Notes {
		k := rowenc.Key{Case: n.Case, Seq: n.Seq, N: n.N}
		if _, ok := s.notes[k]; ok {
			return rowenc.Bad(op, "notification %s exists", k)
		}
		rowenc.Put(t, s.notes, k, n)
	}
	return nil
}

// chain links the new entries and erases what they say. The entries of a case
// only ever grow at their end, so a reader that has an older slice sees what was
// true then; only erasing writes to entries that are there, into a copy.
func (s *Store) chain(t *rowenc.Undo, head []byte, c *rowenc.Change) []byte {
	code := c.Rows.Case.Code
	es := s.entries[code]
	if c.EraseTo > 0 {
		es = slices.Clone(es)
		for i := range es {
			if es[i].Seq <= c.EraseTo {
				es[i].Erase()
			}
		}
	}
	for _, e := range c.Entries {
		e.Hash = e.Link(head)
		head = e.Hash
		if e.Seq <= c.EraseTo {
			e.Erase()
		}
		es = append(es, e)
	}
	rowenc.Put(t, s.entries, code, es)
	return head
}

// entry reads one entry of a case.
func (s *Store) entry(code string, seq int64) (*engine.Entry, error) {
	es := s.entries[code]
	i, ok := slices.BinarySearchFunc(es, seq, func(e rowenc.Sealed, seq int64) int { return cmp.Compare(e.Seq, seq) })
	if !ok {
		return nil, rowenc.Corrupt("store.outbox", code, seq, "entry is missing")
	}
	if o, ok := s.owing[place{code, seq}]; ok && o.payload == payload(&es[i]) {
		return o.entry, nil
	}
	e, err := es[i].Open()
	return &e, err
}

// place is where an entry stands.
type place struct {
	code string
	seq  int64
}

// opened is an entry as it was committed, and the very bytes that were made of it:
// bytes that are replaced are read again.
type opened struct {
	payload *byte
	entry   *engine.Entry
}

// remember keeps a committed entry, which nobody changes any more, while something
// that it owes is not over: it is asked for with every delivery.
func (s *Store) remember(sealed *rowenc.Sealed, e *engine.Entry) {
	owes := slices.ContainsFunc(s.owed[e.Case], func(k rowenc.Key) bool { return k.Seq == e.Seq })
	if k := payload(sealed); k != nil && owes {
		s.owing[place{e.Case, e.Seq}] = opened{k, e}
	}
}

// payload names an entry's bytes; nil when they are erased.
func payload(e *rowenc.Sealed) *byte {
	if len(e.Payload) == 0 {
		return nil
	}
	return &e.Payload[0]
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
	done, err := s.order(ctx, "store.due")
	if err != nil {
		return nil, err
	}
	defer done()
	codes := s.timers.due(rowenc.Micros(now), s.timer)
	slices.SortFunc(codes, func(a, b string) int {
		return cmp.Or(cmp.Compare(rowTimer(s.cases[a].rows), rowTimer(s.cases[b].rows)), cmp.Compare(a, b))
	})
	return append([]string{}, cut(codes, limit)...), nil
}

// NextDue is the earliest timer of all cases.
func (s *Store) NextDue(ctx context.Context) (time.Time, bool, error) {
	done, err := s.order(ctx, "store.next_due")
	if err != nil {
		return time.Time{}, false, err
	}
	defer done()
	next, ok := s.timers.first(s.timer)
	return rowenc.Time(next), ok, nil
}

// Open lists codes of unfinished cases.
func (s *Store) Open(ctx context.Context, after string, limit int) ([]string, error) {
	return s.open(ctx, "store.open", after, limit, func(rowenc.CaseRow) bool { return true })
}

// Kept lists codes of all cases.
func (s *Store) Kept(ctx context.Context, after string, limit int) ([]string, error) {
	done, err := s.read(ctx, "store.kept")
	if err != nil {
		return nil, err
	}
	defer done()
	out := []string{}
	for code := range s.cases {
		if code > after {
			out = append(out, code)
		}
	}
	slices.Sort(out)
	return cut(out, limit), nil
}

// Archived is 0: this store has no archives.
func (s *Store) Archived(ctx context.Context) (int64, error) {
	done, err := s.read(ctx, "store.archived")
	if err != nil {
		return 0, err
	}
	done()
	return 0, nil
}

// OpenUnder lists codes of unfinished cases of one version of a service.
func (s *Store) OpenUnder(ctx context.Context, service, version, after string, limit int) ([]string, error) {
	return s.open(ctx, "store.open_under", after, limit, func(c rowenc.CaseRow) bool { return c.Service == service && c.Version == version })
}

func (s *Store) open(ctx context.Context, op, after string, limit int, is func(rowenc.CaseRow) bool) ([]string, error) {
	done, err := s.read(ctx, op)
	if err != nil {
		return nil, err
	}
	defer done()
	out := []string{}
	for code, r := range s.cases {
		if code > after && r.rows.Case.Status == string(engine.CaseOpen) && is(r.rows.Case) {
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
		st := rowenc.Stored{Code: code, Entries: s.entries[code], Head: r.head, Present: ok, Case: r.state, Err: r.bad}
		if ok {
			rows := *r.rows
			rows.Dossiers = slices.SortedFunc(slices.Values(rows.Dossiers), func(a, b rowenc.DossierRow) int { return cmp.Compare(a.Step, b.Step) })
			st.Seq, st.Rows, st.Leads = rows.Case.Seq, &rows, leads{s}
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

// leads is what Verify follows, under the lock that it holds.
type leads struct{ s *Store }

func (l leads) CaseOf(code string) (string, error) { return l.s.codes[code], nil }

func (l leads) Result(id string) (code, step string, err error) {
	r := l.s.results[id]
	return r.code, r.step, nil
}

func (l leads) Told(n rowenc.NoteRow) (bool, error) {
	return l.s.notes[rowenc.Key{Case: n.Case, Seq: n.Seq, N: n.N}] == n, nil
}
