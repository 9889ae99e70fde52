package sqlite

import (
	"cmp"
	"context"
	"database/sql"
	"slices"
	"time"

	"lienthong/engine"
	"lienthong/engine/calendar"
	"lienthong/store/rowenc"
)

// owedBy is followed by the index to walk along: all hold only what is not done, in
// the order of the list.
const owedBy = `SELECT ` + deliveryCols + ` FROM outbox INDEXED BY `

// owedQuery walks what is not done by age, with the filters that are set.
func owedQuery(q engine.OwedQuery) (string, []any, error) {
	b := &query{}
	switch {
	case q.Registry != "":
		b.add(owedBy+`outbox_lines WHERE status NOT IN ('done', 'skipped') AND registry = ?`, q.Registry)
	case q.Status == engine.DeliveryAccepted || q.Status == engine.DeliveryIncident:
		b.add(owedBy + `outbox_waits WHERE status IN ('accepted', 'incident')`)
	default:
		b.add(owedBy + `outbox_age WHERE status NOT IN ('done', 'skipped')`)
	}
	owedFilters(b, q)
	if err := owedAfter(b, q.After); err != nil {
		return "", nil, err
	}
	b.add(` ORDER BY at, case_code, seq, n LIMIT ?`, more(q.Limit))
	return b.text.String(), b.args, nil
}

func owedFilters(b *query, q engine.OwedQuery) {
	if q.Status != "" {
		b.add(` AND status = ?`, q.Status)
	}
	if q.Case != "" {
		b.add(` AND case_code = ?`, q.Case)
	}
	if !q.Overdue.IsZero() {
		b.add(` AND expected <> 0 AND expected < ?`, rowenc.Micros(q.Overdue))
	}
	if q.Text != "" {
		b.add(` AND instr(lower(case_code || '/' || seq || '/' || n || ' ' || operation || ' ' || last_error), ?) > 0`, rowenc.Lower(q.Text))
	}
	if q.Offices != nil {
		b.add(` AND EXISTS (SELECT 1 FROM dossiers d WHERE d.case_code = outbox.case_code AND (outbox.step = '' OR d.step = outbox.step) AND d.office IN (`)
		for i, o := range q.Offices {
			b.add([]string{`?`, `, ?`}[min(i, 1)], o)
		}
		b.add(`))`)
	}
}

// owedAfter leaves out what a cursor has passed.
func owedAfter(b *query, after string) error {
	if after == "" {
		return nil
	}
	at, place, err := rowenc.ParseCursor("w", after, 3)
	if err == nil {
		b.add(` AND (at, case_code, seq, n) > (?, ?, CAST(? AS INTEGER), CAST(? AS INTEGER))`, at, place[0], place[1], place[2])
	}
	return err
}

// Owed lists deliveries that are not done, oldest first.
func (s *Store) Owed(ctx context.Context, q engine.OwedQuery) ([]engine.Owed, string, error) {
	text, args, err := owedQuery(q)
	if err != nil || q.Offices != nil && len(q.Offices) == 0 {
		return []engine.Owed{}, "", err
	}
	var rs []owedRow
	ill := s.damaged.all()
	if len(ill) == 0 {
		err = s.each(ctx, text, args, func(rows *sql.Rows) error {
			r, err := scanDelivery(rows.Scan)
			if rs = append(rs, owedRow{DeliveryRow: r}); err == nil && !r.Sound() {
				err = errAltered
			}
			return err
		})
	}
	if len(ill) > 0 || err != nil && ctx.Err() == nil {
		rs, err = s.oneByOne(ctx, q)
	}
	if err != nil {
		return nil, "", failure("store.owed", "", err)
	}
	next := ""
	if q.Limit > 0 && len(rs) > q.Limit {
		rs = rs[:q.Limit]
		next = rowenc.OwedCursor(&rs[q.Limit-1].DeliveryRow)
	}
	out, h := make([]engine.Owed, len(rs)), s.histories(ctx)
	for i := range rs {
		if out[i], err = rs[i].owed(h); err != nil {
			return nil, "", err
		}
		if x, met := ill[rs[i].ID()]; met && out[i].Damaged == "" {
			out[i].Damaged = x.what
		}
	}
	return out, next, nil
}

const linesNow = `SELECT registry, sum(status = 'pending'), sum(status = 'accepted'), sum(status = 'incident'), sum(expected <> 0 AND expected < ?1), min(at)
	FROM outbox INDEXED BY outbox_lines WHERE status NOT IN ('done', 'skipped') GROUP BY registry`

// Lines sums what every registry is owed.
func (s *Store) Lines(ctx context.Context, now time.Time) ([]engine.Line, error) {
	out := []engine.Line{}
	err := s.each(ctx, linesNow, []any{rowenc.Micros(now)}, func(rows *sql.Rows) error {
		var l engine.Line
		var oldest int64
		err := rows.Scan(&l.Registry, &l.Pending, &l.Accepted, &l.Incidents, &l.Overdue, &oldest)
		l.Oldest = rowenc.Time(oldest)
		out = append(out, l)
		return err
	})
	if err != nil {
		return nil, failure("store.lines", "", err)
	}
	for _, x := range s.damaged.all() {
		if i := slices.IndexFunc(out, func(l engine.Line) bool { return l.Registry == x.registry }); i >= 0 {
			out[i].Damaged++
		}
	}
	return out, nil
}

const exchangeDays = `SELECT registry, day, first, retried, refused, by_hand, taken_back, given_up, incidents, taken, failed FROM exchange_days
	WHERE day BETWEEN ?1 AND ?2`

// waitingDays counts, by the day they were made, the requests that are not answered.
const waitingDays = `SELECT registry, (at + 25200000000) / 86400000000 AS day, count(*) FROM outbox INDEXED BY outbox_lines
	WHERE status NOT IN ('done', 'skipped') AND answer = 0 GROUP BY registry, day HAVING day BETWEEN ?1 AND ?2`

const uncounted = `SELECT coalesce((SELECT max(id) FROM entries), 0) - CASE version WHEN ?1 THEN entry ELSE 0 END FROM figure_position`

// Lag tells how far deliveries and sums are behind: one row of an index each.
func (s *Store) Lag(ctx context.Context, wall time.Time) (engine.Lag, error) {
	const op = "store.lag"
	var l engine.Lag
	if err := s.row(ctx, uncounted, []any{engine.FiguresVersion}, &l.Uncounted); err != nil {
		return l, failure(op, "", err)
	}
	l.Aside = int64(len(s.asides()))
	l.Uncounted += l.Aside
	err := s.reading(ctx, func(c *conn) error {
		ill := s.damaged.all() // Lines tells of these
		ts, err := s.turns(c, rowenc.Micros(wall), 1+len(ill))
		for _, t := range ts {
			if _, met := ill[t.Key]; met {
				continue
			}
			if l.Unsent = rowenc.Time(t.ready); t.ready == 0 { // it was never claimed
				var r rowenc.DeliveryRow
				r, _, err = c.delivery(t.Key)
				l.Unsent = rowenc.Time(r.At)
			}
			break
		}
		return err
	})
	return l, failure(op, "", err)
}

// Exchanges lists the day sums.
func (s *Store) Exchanges(ctx context.Context, from, to calendar.Date) ([]engine.ExchangeDay, error) {
	const op = "store.exchanges"
	first, ok1 := rowenc.DayOf(from)
	last, ok2 := rowenc.DayOf(to)
	if !ok1 || !ok2 {
		return nil, rowenc.Bad(op, "%q to %q is no period", from, to)
	}
	type line struct {
		registry string
		day      int64
	}
	sums := map[line]*engine.ExchangeDay{}
	at := func(registry string, day int64) *engine.ExchangeDay {
		d := sums[line{registry, day}]
		if d == nil {
			d = &engine.ExchangeDay{Registry: registry, Day: rowenc.DateOf(day)}
			sums[line{registry, day}] = d
		}
		return d
	}
	err := s.each(ctx, exchangeDays, []any{first, last}, func(rows *sql.Rows) error {
		var x engine.ExchangeDay
		var day int64
		err := rows.Scan(&x.Registry, &day, &x.First, &x.Retried, &x.Refused, &x.ByHand, &x.TakenBack, &x.GivenUp, &x.Incidents, &x.Taken, &x.Failed)
		at(x.Registry, day).Add(x)
		return err
	})
	if err == nil {
		err = s.each(ctx, waitingDays, []any{first, last}, func(rows *sql.Rows) error {
			var registry string
			var day int64
			var n int
			err := rows.Scan(&registry, &day, &n)
			at(registry, day).Waiting = n
			return err
		})
	}
	if err != nil {
		return nil, failure(op, "", err)
	}
	out := make([]engine.ExchangeDay, 0, len(sums))
	for _, d := range sums {
		out = append(out, *d)
	}
	slices.SortFunc(out, func(a, b engine.ExchangeDay) int {
		return cmp.Or(cmp.Compare(a.Registry, b.Registry), cmp.Compare(a.Day, b.Day))
	})
	return out, nil
}
