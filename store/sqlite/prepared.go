package sqlite

import (
	"context"
	"fmt"
	"slices"

	"lienthong/engine"
	"lienthong/store/rowenc"
)

// Prepared is a write that was made ready before. It serves measuring what the
// writing alone costs: it takes the same way through the writer as Append,
// LogAccess, Claim, Settle and Reset. Exactly one kind is set.
type Prepared struct {
	Changes []*PreparedChange
	Access  *rowenc.AccessRow
	Claimed []rowenc.DeliveryRow // to be marked as leased: Case, Seq, N, Node, Lease
	Settled *rowenc.DeliveryRow  // as Settle leaves it, or
	Reset   *rowenc.DeliveryRow  // as Reset does
}

// PreparedChange is a change as the statements that write it, in a form that can
// be kept in a file.
type PreparedChange struct {
	Case       string
	Base, Seq  int64
	Entries    int // that it adds
	Rows       int64
	Size       int
	Statements []Statement
	Settled    []rowenc.DeliveryRow
}

// Statement is one of the writer's own texts with its parameters.
type Statement struct {
	Text   int // its place in the list of texts
	Values []Value
}

// Value is a parameter: a number (also a boolean), a text, bytes, or nothing.
type Value struct {
	Kind    byte // 'i', 's', 'b', 0, 'v' for what an entry was decided with, 'c' for the checksum of those before
	Number  int64
	Text    string
	Bytes   []byte
	Version rowenc.Versions
}

// preparedTexts are what a swift Append runs.
var preparedTexts = []string{insertCase, updateCase, updateCaseLists, putSnapshot, insertDossier, updateDossier, moveDossier, dropDossier, insertEntry,
	insertKey, dropKey, insertCode, insertResult, insertAnswer, insertNote, dropTasks, insertTask, insertWord, dropWord, insertEffect}

// sums are the checksums of the rows that a text writes.
var sums = map[string]func(...any) (int64, error){insertAnswer: answerSum, insertEffect: deliverySum}

// AppendKeeping is Append that also returns the statements it ran; nil for a
// change that was not known beforehand.
func (s *Store) AppendKeeping(ctx context.Context, changes ...engine.Change) ([]*PreparedChange, error) {
	j, err := s.appendJob(ctx, changes)
	if err != nil {
		return nil, err
	}
	out := make([]*PreparedChange, len(changes))
	for i, c := range j.append {
		if c.after == nil || c.comesBack() {
			continue
		}
		p := &PreparedChange{Case: c.code(), Base: c.Base, Seq: c.Rows.Case.Seq, Entries: len(c.Entries), Size: c.Size, Settled: c.Settled}
		x := &counting{keep: p.keep}
		c.write(x, func(rowenc.Versions) (int64, int64, error) { return 0, 0, nil })
		if x.err != nil {
			return nil, x.err
		}
		p.Rows = x.rows
		out[i] = p
	}
	return out, s.submitAppend(j)
}

// keep takes a statement instead of running it.
func (p *PreparedChange) keep(q string, args []any) error {
	st := Statement{Text: slices.Index(preparedTexts, q)}
	if st.Text < 0 {
		return fmt.Errorf("%s is no statement of an Append", q)
	}
	for _, a := range args {
		var v Value
		switch a := a.(type) {
		case nil:
		case int:
			v = Value{Kind: 'i', Number: int64(a)}
		case int64:
			v = Value{Kind: 'i', Number: a}
		case bool:
			v.Kind = 'i'
			if a {
				v.Number = 1
			}
		case string:
			v = Value{Kind: 's', Text: a}
		case []byte:
			if a != nil {
				v = Value{Kind: 'b', Bytes: a}
			}
		case versionNumber:
			v = Value{Kind: 'v', Version: a.of}
		case sum:
			v.Kind = 'c'
		default:
			return fmt.Errorf("%T cannot be kept", a)
		}
		st.Values = append(st.Values, v)
	}
	p.Statements = append(p.Statements, st)
	return nil
}

// run runs the statements and tells how many rows they must have touched.
func (p *PreparedChange) run(w *writer) (int64, error) {
	rows := p.Rows
	var args []any
	for _, st := range p.Statements {
		if st.Text < 0 || st.Text >= len(preparedTexts) {
			return 0, fmt.Errorf("there is no statement %d", st.Text)
		}
		args = args[:0]
		for _, v := range st.Values {
			switch v.Kind {
			case 'i':
				args = append(args, v.Number)
			case 's':
				args = append(args, v.Text)
			case 'b':
				args = append(args, v.Bytes)
			case 'v':
				id, added, err := w.version(v.Version)
				if err != nil {
					return 0, err
				}
				rows += added
				args = append(args, id)
			case 'c':
				sum, err := sums[preparedTexts[st.Text]](args...)
				if err != nil {
					return 0, err
				}
				args = append(args, sum)
			default:
				args = append(args, nil)
			}
		}
		if err := w.exec(preparedTexts[st.Text], args...); err != nil {
			return 0, err
		}
	}
	return rows, nil
}

// Write queues a prepared write behind what was queued before and returns a
// function that waits until it is durable. What does not fit the file as it is
// then is refused as Invalid.
func (s *Store) Write(ctx context.Context, p Prepared) (wait func() error) {
	j := &job{ctx: ctx, op: "store.write", lane: laneSystem, done: make(chan error, 1)}
	switch {
	case p.Changes != nil:
		j.ready = p.Changes
		for _, c := range p.Changes {
			j.size += c.Size
		}
	case p.Access != nil:
		j.access = p.Access
	case p.Settled != nil:
		j.settle = &settling{row: *p.Settled, force: true}
	case p.Reset != nil:
		j.settle = &settling{row: *p.Reset, force: true}
	default:
		j.run = func(w *writer) error { return w.lease(p.Claimed) }
	}
	if err := s.queue.push(j); err != nil {
		return func() error { return err }
	}
	return func() error {
		select {
		case err := <-j.done:
			return err
		case <-ctx.Done():
			return rowenc.Unknown(j.op, ctx.Err())
		}
	}
}

// lease marks deliveries as claimed.
func (w *writer) lease(rs []rowenc.DeliveryRow) error {
	for i := range rs {
		to := &rs[i]
		r, found, err := w.delivery(rowenc.Key{Case: to.Case, Seq: to.Seq, N: to.N})
		if err == nil && !found {
			err = rowenc.Missing("store.write", to.Case)
		}
		if err == nil {
			err = w.hand(&r, to.Node, to.Lease, r.Next)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
