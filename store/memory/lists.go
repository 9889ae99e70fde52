package memory

import (
	"cmp"
	"context"
	"slices"

	"lienthong/engine"
	"lienthong/store/rowenc"
)

// Rows lists dossiers, most urgent first.
func (s *Store) Rows(ctx context.Context, q engine.RowQuery) (rows []engine.Row, next string, err error) {
	const op = "store.rows"
	done, err := s.read(ctx, op)
	if err != nil {
		return nil, "", err
	}
	defer done()
	from, err := rowenc.ParseRowCursor(q.After)
	if err != nil {
		return nil, "", err
	}
	rows = []engine.Row{}
	for _, r := range s.selected(q) {
		if q.After == "" || rowenc.CompareRows(r, from) > 0 {
			rows = append(rows, r)
		}
	}
	if q.Limit > 0 && len(rows) > q.Limit {
		rows = rows[:q.Limit]
		next = rowenc.RowCursor(rows[q.Limit-1])
	}
	return rows, next, nil
}

// CountRows counts at most cap.
func (s *Store) CountRows(ctx context.Context, q engine.RowQuery, cap int) (int, error) {
	done, err := s.read(ctx, "store.count_rows")
	if err != nil {
		return 0, err
	}
	defer done()
	return len(cut(s.selected(q), cap)), nil
}

// selected are the rows of a query in order, whatever the page.
func (s *Store) selected(q engine.RowQuery) []engine.Row {
	rows := []engine.Row{}
	for _, c := range s.found(q.Text) {
		for i := range c.rows.Dossiers {
			d := &c.rows.Dossiers[i]
			if visible(d, q) {
				rows = append(rows, d.Row(&c.rows.Case))
			}
		}
	}
	slices.SortFunc(rows, rowenc.CompareRows)
	return rows
}

// found are the cases that a text finds; all without one.
func (s *Store) found(typed string) (found []record) {
	text, search := rowenc.ParseText(typed)
	var coded []record
	for _, c := range s.cases {
		if !search || text.Named(c.rows.Words) {
			found = append(found, c)
		}
		if search && slices.Contains(c.known, text.Code) {
			coded = append(coded, c)
		}
	}
	if len(coded) > 0 {
		return coded
	}
	return found
}

func visible(d *rowenc.DossierRow, q engine.RowQuery) bool {
	return slices.Contains(q.Offices, d.Office) &&
		(q.Ended || d.Shelf == rowenc.ShelfLive) &&
		(q.Procedure == "" || d.Procedure == q.Procedure) &&
		(q.State == "" || d.State == q.State) &&
		(q.Assignee == "" || d.Assignee == q.Assignee) &&
		(q.Overdue.IsZero() || d.Urgency < rowenc.Micros(q.Overdue))
}

// CasesOf lists a citizen's own cases, newest first.
func (s *Store) CasesOf(ctx context.Context, person, after string, limit int) ([]engine.Summary, string, error) {
	done, err := s.read(ctx, "store.cases_of")
	if err != nil {
		return nil, "", err
	}
	defer done()
	var from rowenc.CaseRow
	if after != "" {
		filed, rest, err := rowenc.ParseCursor("c", after, 1)
		if err != nil {
			return nil, "", err
		}
		from = rowenc.CaseRow{Filed: filed, Code: rest[0]}
	}
	newest := func(a, b rowenc.CaseRow) int {
		return cmp.Or(cmp.Compare(b.Filed, a.Filed), cmp.Compare(b.Code, a.Code))
	}
	var rs []rowenc.CaseRow
	for _, r := range s.cases {
		if c := r.rows.Case; c.Requester == person && (after == "" || newest(c, from) > 0) {
			rs = append(rs, c)
		}
	}
	slices.SortFunc(rs, newest)
	next := ""
	if limit > 0 && len(rs) > limit {
		rs = rs[:limit]
		next = rowenc.Cursor("c", rs[limit-1].Filed, rs[limit-1].Code)
	}
	out := []engine.Summary{}
	for i := range rs {
		out = append(out, rs[i].Summary())
	}
	return out, next, nil
}

// TasksOf lists what a citizen must do, most urgent first.
func (s *Store) TasksOf(ctx context.Context, person string) ([]engine.Task, error) {
	done, err := s.read(ctx, "store.tasks_of")
	if err != nil {
		return nil, err
	}
	defer done()
	out := []engine.Task{}
	for _, r := range s.cases {
		for _, t := range r.rows.Tasks {
			if t.Person == person {
				out = append(out, t)
			}
		}
	}
	slices.SortFunc(out, rowenc.CompareTasks)
	return out, nil
}

// Notifications lists what a person or office was told, newest first.
func (s *Store) Notifications(ctx context.Context, to, after string, limit int) ([]engine.Notification, string, error) {
	done, err := s.read(ctx, "store.notifications")
	if err != nil {
		return nil, "", err
	}
	defer done()
	var from rowenc.NoteRow
	if after != "" {
		if from, err = rowenc.ParseNoteCursor(after); err != nil {
			return nil, "", err
		}
	}
	var rs []rowenc.NoteRow
	for _, r := range s.notes {
		if r.To == to && (after == "" || rowenc.Newest(r, from) > 0) {
			rs = append(rs, r)
		}
	}
	slices.SortFunc(rs, rowenc.Newest)
	next := ""
	if limit > 0 && len(rs) > limit {
		rs = rs[:limit]
		next = rs[limit-1].Cursor()
	}
	out := []engine.Notification{}
	for i := range rs {
		e, err := s.entry(rs[i].Case, rs[i].Seq)
		if err != nil {
			return nil, "", err
		}
		out = append(out, rs[i].Notification(e))
	}
	return out, next, nil
}

// Result finds the case and step that issued a public result id.
func (s *Store) Result(ctx context.Context, id string) (code, step string, err error) {
	const op = "store.result"
	done, err := s.read(ctx, op)
	if err != nil {
		return "", "", err
	}
	defer done()
	r, ok := s.results[id]
	if !ok {
		return "", "", rowenc.Missing(op, "")
	}
	return r.code, r.step, nil
}

// CaseOf finds the case of any code.
func (s *Store) CaseOf(ctx context.Context, code string) (string, error) {
	const op = "store.case_of"
	done, err := s.read(ctx, op)
	if err != nil {
		return "", err
	}
	defer done()
	c, ok := s.codes[code]
	if !ok {
		return "", rowenc.Missing(op, "")
	}
	return c, nil
}

// Stub implements engine.Lists: this store has no archives.
func (s *Store) Stub(ctx context.Context, code string) (*engine.Stub, error) {
	const op = "store.stub"
	done, err := s.read(ctx, op)
	if err != nil {
		return nil, err
	}
	defer done()
	return nil, rowenc.Missing(op, code)
}

// Holder implements engine.Cases.
func (s *Store) Holder(ctx context.Context, key string) (string, error) {
	const op = "store.holder"
	done, err := s.read(ctx, op)
	if err != nil {
		return "", err
	}
	defer done()
	c, ok := s.keys[key]
	if !ok {
		return "", rowenc.Missing(op, "")
	}
	return c, nil
}
