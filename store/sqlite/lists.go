package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"strconv"
	"strings"

	"lienthong/engine"
	"lienthong/store/rowenc"
)

const rowCols = `d.case_code, d.step, d.code, c.service, d.procedure, d.state, d.status, d.final, d.portal, d.office, d.assignee, d.urgency,
	d.opened, c.updated, c.filed, d.rev, c.subject, c.name, d.review`

func scanRow(r *sql.Rows) (engine.Row, error) {
	var x engine.Row
	var status, final string
	var urgency, opened, updated, filed int64
	err := r.Scan(&x.Case, &x.Step, &x.Code, &x.Service, &x.Procedure, &x.State, &status, &final, &x.Portal, &x.Office, &x.Assignee, &urgency,
		&opened, &updated, &filed, &x.Rev, &x.Subject, &x.Requester, &x.Review)
	x.Status, x.Final = engine.StepStatus(status), engine.FinalKind(final)
	if urgency != rowenc.Never {
		x.Due = rowenc.Time(urgency)
	}
	x.Opened, x.Updated, x.Filed = rowenc.Time(opened), rowenc.Time(updated), rowenc.Time(filed)
	return x, err
}

// query builds SQL text with its arguments, so that only what is set is asked.
type query struct {
	text strings.Builder
	args []any
}

// add writes text in which every ? becomes the number of its argument.
func (q *query) add(text string, args ...any) {
	for _, a := range args {
		before, after, _ := strings.Cut(text, "?")
		q.args = append(q.args, a)
		q.text.WriteString(before + "?" + strconv.Itoa(len(q.args)))
		text = after
	}
	q.text.WriteString(text)
}

// rowsQuery selects the dossiers of one office and shelf in list order: a walk
// along dossiers_list or, of the live ones, along those of one clerk or one state.
func rowsQuery(cols string, rq engine.RowQuery, office string, shelf int, p *page) (string, []any) {
	b := &query{}
	switch {
	case shelf == rowenc.ShelfLive && rq.Assignee != "":
		b.add(`SELECT `+cols+` FROM dossiers d JOIN cases c ON c.code = d.case_code
	WHERE d.office = ? AND d.shelf = 1 AND d.assignee <> ''`, office)
	case shelf == rowenc.ShelfLive && rq.State != "":
		b.add(`SELECT `+cols+` FROM dossiers d JOIN cases c ON c.code = d.case_code WHERE d.office = ? AND d.shelf = 1`, office)
	default:
		b.add(`SELECT `+cols+` FROM dossiers d JOIN cases c ON c.code = d.case_code WHERE d.office = ? AND d.shelf = ?`, office, shelf)
	}
	b.narrow(rq, "d", p)
	return b.text.String(), b.args
}

// page is a page of a list while its rows are gathered, from one walk or look-up after
// the other.
type page struct {
	from  *engine.Row // it begins after this one; nil = it is the first
	limit int         // rows of it; 0 = all
	rows  []engine.Row

	first int // so many of the rows are the first ones of all, in order
}

// cut drops what comes after the last row of a full page, and returns the urgency that no
// more rows may have; nil while the page is not full.
func (p *page) cut() *int64 {
	if p.limit <= 0 || len(p.rows) < p.limit {
		return nil
	}
	if p.first != len(p.rows) {
		slices.SortFunc(p.rows, rowenc.CompareRows)
		p.rows, p.first = p.rows[:p.limit], p.limit
	}
	last := rowenc.Urgency(p.rows[p.limit-1].Due)
	return &last
}

// narrow adds the filters that are set, the bounds of the page, and the order of the
// list; by is the table that gives the order.
func (q *query) narrow(rq engine.RowQuery, by string, p *page) {
	for _, f := range []struct{ col, want string }{{"procedure", rq.Procedure}, {"state", rq.State}, {"assignee", rq.Assignee}} {
		if f.want != "" {
			q.add(` AND d.`+f.col+` = ?`, f.want)
		}
	}
	if !rq.Overdue.IsZero() {
		q.add(` AND `+by+`.urgency < ?`, rowenc.Micros(rq.Overdue))
	}
	order := by + `.urgency, ` + by + `.code, ` + by + `.case_code, ` + by + `.step`
	if p.from != nil {
		q.add(` AND (`+order+`) > (?, ?, ?, ?)`, rowenc.Urgency(p.from.Due), p.from.Code, p.from.Case, p.from.Step)
	}
	if until := p.cut(); until != nil {
		q.add(` AND `+by+`.urgency <= ?`, *until)
	}
	q.add(` ORDER BY `+order+` LIMIT ?`, limited(p.limit))
}

// shelves are where a query looks: first where most are that were due long ago, so that
// little is read of the other.
func shelves(q engine.RowQuery) []int {
	if q.Ended {
		return []int{rowenc.ShelfEnded, rowenc.ShelfLive}
	}
	return []int{rowenc.ShelfLive}
}

// offices are those of a query, each once.
func offices(q engine.RowQuery) []string {
	return slices.Compact(slices.Sorted(slices.Values(q.Offices)))
}

// Rows lists dossiers, most urgent first. Each office and shelf is a walk of its
// own along the index; the walks are merged here.
func (s *Store) Rows(ctx context.Context, q engine.RowQuery) (rows []engine.Row, next string, err error) {
	p := &page{limit: q.Limit, rows: []engine.Row{}}
	if q.After != "" {
		r, err := rowenc.ParseRowCursor(q.After)
		if err != nil {
			return nil, "", err
		}
		p.from = &r
	}
	if p.limit > 0 {
		p.limit++ // one more tells that there is a next page
	}
	err = s.listing(ctx, q, func(l *lister) error {
		for _, office := range offices(q) {
			if err := l.office(ctx, q, office, p); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, "", failure("store.rows", "", err)
	}
	slices.SortFunc(p.rows, rowenc.CompareRows)
	if q.Limit > 0 && len(p.rows) > q.Limit {
		p.rows = p.rows[:q.Limit]
		next = rowenc.RowCursor(p.rows[q.Limit-1])
	}
	return p.rows, next, nil
}

// office adds the rows of one office to a page.
func (l *lister) office(ctx context.Context, q engine.RowQuery, office string, p *page) error {
	f, err := l.look(ctx, q, office)
	if err != nil {
		return err
	}
	if f != nil && f.bound != nil {
		if err := l.boundRows(ctx, f, q, p); err != nil {
			return err
		}
	}
	for _, shelf := range f.shelves(q) {
		text, args := f.query(rowCols, q, office, shelf, p)
		if err := l.rows(ctx, text, args, &p.rows); err != nil {
			return err
		}
	}
	return nil
}

// CountRows counts at most cap.
func (s *Store) CountRows(ctx context.Context, q engine.RowQuery, cap int) (sum int, err error) {
	err = s.listing(ctx, q, func(l *lister) error {
		for _, office := range offices(q) {
			n, err := l.countOffice(ctx, q, office, cap, sum)
			if sum += n; err != nil {
				return err
			}
		}
		return nil
	})
	return sum, failure("store.count_rows", "", err)
}

// countOffice counts one office's, up to what is left of a number; 0 = all.
func (l *lister) countOffice(ctx context.Context, q engine.RowQuery, office string, cap, before int) (sum int, err error) {
	f, err := l.look(ctx, q, office)
	if err != nil {
		return 0, err
	}
	full := func() bool { return cap > 0 && before+sum >= cap }
	for _, shelf := range f.shelves(q) {
		if full() {
			return sum, nil
		}
		text, args := f.query("1", q, office, shelf, &page{limit: max(0, cap-before-sum)})
		n, err := l.count(ctx, text, args)
		if sum += n; err != nil {
			return 0, err
		}
	}
	if f == nil || f.bound == nil || full() {
		return sum, nil
	}
	n, err := l.countBound(ctx, f, q, max(0, cap-before-sum))
	return sum + n, err
}

const casesOf = `SELECT code, service, version, status, outcome, portal, filed, due, updated, subject,
	coalesce((SELECT a.name FROM archived x JOIN archives a ON a.n = x.archive WHERE x.case_code = code), '') FROM cases WHERE requester = ?1`

// CasesOf lists a citizen's own cases, newest first.
func (s *Store) CasesOf(ctx context.Context, person, after string, limit int) ([]engine.Summary, string, error) {
	q := &query{args: []any{person}}
	q.add(casesOf)
	if after != "" {
		filed, rest, err := rowenc.ParseCursor("c", after, 1)
		if err != nil {
			return nil, "", err
		}
		q.add(` AND (filed, code) < (?, ?)`, filed, rest[0])
	}
	q.add(` ORDER BY filed DESC, code DESC LIMIT ?`, more(limit))
	out, next := []engine.Summary{}, ""
	var last rowenc.CaseRow
	err := s.each(ctx, q.text.String(), q.args, func(r *sql.Rows) error {
		var c rowenc.CaseRow
		archive := ""
		if err := r.Scan(&c.Code, &c.Service, &c.Version, &c.Status, &c.Outcome, &c.Portal, &c.Filed, &c.Due, &c.Updated, &c.Subject, &archive); err != nil {
			return err
		}
		if limit > 0 && len(out) == limit {
			next = rowenc.Cursor("c", last.Filed, last.Code)
			return nil
		}
		last = c
		out = append(out, c.Summary())
		out[len(out)-1].Archive = archive
		return nil
	})
	if err != nil {
		return nil, "", failure("store.cases_of", "", err)
	}
	return out, next, nil
}

// more is a LIMIT of one more than a page, which tells whether another follows.
func more(limit int) int {
	if limit <= 0 {
		return -1
	}
	return limit + 1
}

const tasksOf = `SELECT case_code, step, person, kind, state, due, since FROM tasks WHERE person = ?1`

// TasksOf lists what a citizen must do, most urgent first.
func (s *Store) TasksOf(ctx context.Context, person string) ([]engine.Task, error) {
	out := []engine.Task{}
	err := s.each(ctx, tasksOf, []any{person}, func(r *sql.Rows) error {
		t, err := scanTask(r)
		out = append(out, t)
		return err
	})
	if err != nil {
		return nil, failure("store.tasks_of", "", err)
	}
	slices.SortFunc(out, rowenc.CompareTasks)
	return out, nil
}

func scanTask(r scanner) (engine.Task, error) {
	var t engine.Task
	var due, since int64
	err := r.Scan(&t.Case, &t.Step, &t.Person, &t.Kind, &t.State, &due, &since)
	t.Due, t.Since = rowenc.Time(due), rowenc.Time(since)
	return t, err
}

const notesTo = `SELECT addressee, at, case_code, seq, n, step, what FROM notifications WHERE addressee = ?1`

// Notifications lists what a person or office was told, newest first.
func (s *Store) Notifications(ctx context.Context, to, after string, limit int) ([]engine.Notification, string, error) {
	const op = "store.notifications"
	q := &query{args: []any{to}}
	q.add(notesTo)
	if after != "" {
		from, err := rowenc.ParseNoteCursor(after)
		if err != nil {
			return nil, "", err
		}
		q.add(` AND (at, case_code, seq, n) < (?, ?, ?, ?)`, from.At, from.Case, from.Seq, from.N)
	}
	q.add(` ORDER BY at DESC, case_code DESC, seq DESC, n DESC LIMIT ?`, more(limit))
	var rs []rowenc.NoteRow
	err := s.each(ctx, q.text.String(), q.args, func(r *sql.Rows) error {
		var n rowenc.NoteRow
		err := r.Scan(&n.To, &n.At, &n.Case, &n.Seq, &n.N, &n.Step, &n.What)
		rs = append(rs, n)
		return err
	})
	if err != nil {
		return nil, "", failure(op, "", err)
	}
	next := ""
	if limit > 0 && len(rs) > limit {
		rs = rs[:limit]
		next = rs[limit-1].Cursor()
	}
	out, h := make([]engine.Notification, len(rs)), s.histories(ctx)
	for i := range rs {
		e, err := h.entry(rs[i].Case, rs[i].Seq)
		if err != nil {
			return nil, "", err
		}
		out[i] = rs[i].Notification(e)
	}
	return out, next, nil
}

// Result finds the case and step that issued a public result id.
func (s *Store) Result(ctx context.Context, id string) (code, step string, err error) {
	const op = "store.result"
	err = s.row(ctx, `SELECT case_code, step FROM results WHERE id = ?1`, []any{id}, &code, &step)
	if errors.Is(err, sql.ErrNoRows) {
		return "", "", rowenc.Missing(op, "")
	}
	return code, step, failure(op, "", err)
}

// CaseOf finds the case of any code.
func (s *Store) CaseOf(ctx context.Context, code string) (string, error) {
	const op = "store.case_of"
	var found string
	err := s.row(ctx, caseOfCode, []any{rowenc.FoldCode(code), code}, &found)
	if errors.Is(err, sql.ErrNoRows) {
		return "", rowenc.Missing(op, "")
	}
	return found, failure(op, "", err)
}

const (
	caseOfCode = `SELECT case_code FROM codes WHERE folded = ?1 AND code = ?2`
	holderOf   = `SELECT case_code FROM case_keys WHERE key = ?1`
)

// Holder implements engine.Cases.
func (s *Store) Holder(ctx context.Context, key string) (string, error) {
	const op = "store.holder"
	var found string
	err := s.reading(ctx, func(c *conn) error { return c.one(holderOf, []any{key}, &found) })
	if errors.Is(err, sql.ErrNoRows) {
		return "", rowenc.Missing(op, "")
	}
	return found, failure(op, "", err)
}
