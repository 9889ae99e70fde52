package memory

import (
	"bytes"
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"lienthong/engine"
	"lienthong/engine/calendar"
	"lienthong/store/rowenc"
)

// dayOf is a registry's business day, numbered.
type dayOf struct {
	registry string
	day      int64
}

// count adds what a settlement tells to the sums of its day.
func (s *Store) count(t *rowenc.Undo, was, is *rowenc.DeliveryRow) {
	add, failed := rowenc.Counted(was, is)
	is.Failed += failed
	if add == (engine.ExchangeDay{}) {
		return
	}
	k := dayOf{is.Registry, rowenc.Day(is.At)}
	sum := s.days[k]
	sum.Add(add)
	rowenc.Put(t, s.days, k, sum)
}

// Owed lists deliveries that are not done, oldest first.
func (s *Store) Owed(ctx context.Context, q engine.OwedQuery) ([]engine.Owed, string, error) {
	done, err := s.read(ctx, "store.owed")
	if err != nil {
		return nil, "", err
	}
	defer done()
	var from *rowenc.DeliveryRow
	if q.After != "" {
		at, place, err := rowenc.ParseCursor("w", q.After, 3)
		if err != nil {
			return nil, "", err
		}
		from = &rowenc.DeliveryRow{At: at, Case: place[0]}
		from.Seq, _ = strconv.ParseInt(place[1], 10, 64) // what is no number is 0, as in SQL
		from.N, _ = strconv.Atoi(place[2])
	}
	var rs []rowenc.DeliveryRow
	for _, r := range s.outbox {
		if s.waits(&r, &q) && (from == nil || rowenc.ByAge(r, *from) > 0) {
			rs = append(rs, r)
		}
	}
	slices.SortFunc(rs, rowenc.ByAge)
	next := ""
	if q.Limit > 0 && len(rs) > q.Limit {
		rs = rs[:q.Limit]
		next = rowenc.OwedCursor(&rs[q.Limit-1])
	}
	out := make([]engine.Owed, len(rs))
	for i := range rs {
		d, err := s.delivery(&rs[i])
		if err != nil {
			return nil, "", err
		}
		out[i] = engine.Owed{Delivery: d, Failed: rs[i].Failed, Node: rs[i].Node, Lease: rowenc.Time(rs[i].Lease)}
	}
	return out, next, nil
}

// waits tells whether a delivery is one of those asked for.
func (s *Store) waits(r *rowenc.DeliveryRow, q *engine.OwedQuery) bool {
	switch {
	case r.Over(),
		q.Registry != "" && r.Registry != q.Registry,
		q.Status != "" && r.Status != q.Status,
		q.Case != "" && r.Case != q.Case,
		!q.Overdue.IsZero() && (r.Expected == 0 || r.Expected >= rowenc.Micros(q.Overdue)),
		q.Text != "" && !strings.Contains(rowenc.Lower(r.Key()+" "+r.Operation+" "+r.LastError), rowenc.Lower(q.Text)):
		return false
	}
	return q.Offices == nil || slices.ContainsFunc(s.cases[r.Case].rows.Dossiers, func(d rowenc.DossierRow) bool {
		return (r.Step == "" || d.Step == r.Step) && slices.Contains(q.Offices, d.Office)
	})
}

// Lines sums what every registry is owed.
func (s *Store) Lines(ctx context.Context, now time.Time) ([]engine.Line, error) {
	done, err := s.read(ctx, "store.lines")
	if err != nil {
		return nil, err
	}
	defer done()
	sums := map[string]*engine.Line{}
	for _, r := range s.outbox {
		if r.Over() {
			continue
		}
		l := sums[r.Registry]
		if l == nil {
			l = &engine.Line{Registry: r.Registry}
			sums[r.Registry] = l
		}
		switch r.Status {
		case engine.DeliveryPending:
			l.Pending++
		case engine.DeliveryAccepted:
			l.Accepted++
		case engine.DeliveryIncident:
			l.Incidents++
		}
		if r.Expected != 0 && r.Expected < rowenc.Micros(now) {
			l.Overdue++
		}
		if at := rowenc.Time(r.At); l.Oldest.IsZero() || at.Before(l.Oldest) {
			l.Oldest = at
		}
	}
	out := []engine.Line{}
	for _, l := range sums {
		out = append(out, *l)
	}
	slices.SortFunc(out, func(a, b engine.Line) int { return cmp.Compare(a.Registry, b.Registry) })
	return out, nil
}

// Lag tells how far deliveries and sums are behind.
func (s *Store) Lag(ctx context.Context, wall time.Time) (engine.Lag, error) {
	var l engine.Lag
	done, err := s.read(ctx, "store.lag")
	if err != nil {
		return l, err
	}
	defer done()
	for code, r := range s.cases {
		if !bytes.Equal(s.counted[code].head, r.head) {
			l.Uncounted++
		}
	}
	var first *rowenc.DeliveryRow
	for k := range s.waiting() {
		if r := s.outbox[k]; r.Ready() <= rowenc.Micros(wall) && r.Claimable() && !s.blocked(r) && (first == nil || rowenc.ByTurn(r, *first) < 0) {
			first = &r
		}
	}
	if first != nil {
		l.Unsent = rowenc.Time(cmp.Or(first.Ready(), first.At))
	}
	return l, nil
}

// Exchanges lists the day sums.
func (s *Store) Exchanges(ctx context.Context, from, to calendar.Date) ([]engine.ExchangeDay, error) {
	const op = "store.exchanges"
	done, err := s.read(ctx, op)
	if err != nil {
		return nil, err
	}
	defer done()
	first, ok1 := rowenc.DayOf(from)
	last, ok2 := rowenc.DayOf(to)
	if !ok1 || !ok2 {
		return nil, rowenc.Bad(op, "%q to %q is no period", from, to)
	}
	sums := map[dayOf]engine.ExchangeDay{}
	for k, d := range s.days {
		if k.day >= first && k.day <= last {
			sums[k] = d
		}
	}
	for _, r := range s.outbox {
		if k := (dayOf{r.Registry, rowenc.Day(r.At)}); !r.Over() && r.Answer == 0 && k.day >= first && k.day <= last {
			d := sums[k]
			d.Waiting++
			sums[k] = d
		}
	}
	out := make([]engine.ExchangeDay, 0, len(sums))
	for k, d := range sums {
		d.Registry, d.Day = k.registry, rowenc.DateOf(k.day)
		out = append(out, d)
	}
	slices.SortFunc(out, func(a, b engine.ExchangeDay) int {
		return cmp.Or(cmp.Compare(a.Registry, b.Registry), cmp.Compare(a.Day, b.Day))
	})
	return out, nil
}
