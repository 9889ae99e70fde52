package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/mattn/go-sqlite3"

	"lienthong/engine"
	"lienthong/store/rowenc"
)

// A delivery whose row or entry cannot be read, or whose row cannot be written, stands
// in the way of nobody: it is left alone for a while, longer each time, and told to
// whoever looks (Owed, Lines). Where nothing can be written nothing is kept: another
// process meets the damage anew.

const (
	firstLook = 5 * time.Second // after damage was met, until it is looked at again …
	lastLook  = 10 * time.Minute
)

// injury is what was met of one delivery.
type injury struct {
	registry string
	what     string
	times    int
	next     int64 // when it may be claimed again, by the wall clock
}

// damages are the deliveries that this process has met damaged.
type damages struct {
	n  atomic.Int64 // how many: whoever has none to ask about takes no lock
	mu sync.Mutex
	of map[rowenc.Key]injury
}

// met notes damage of a delivery and tells how often it was met.
func (d *damages) met(k rowenc.Key, registry string, why error, now int64) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.of == nil {
		d.of = map[rowenc.Key]injury{}
	}
	x := d.of[k]
	pause := min(firstLook<<min(x.times, 16), lastLook)
	x.registry, x.what, x.times, x.next = registry, why.Error(), x.times+1, now+pause.Microseconds()
	d.of[k] = x
	d.n.Store(int64(len(d.of)))
	return x.times
}

// mended forgets a delivery that could be written.
func (d *damages) mended(k rowenc.Key) {
	if d.n.Load() == 0 {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.of, k)
	d.n.Store(int64(len(d.of)))
}

// all are the deliveries met damaged; nil = none.
func (d *damages) all() map[rowenc.Key]injury {
	if d.n.Load() == 0 {
		return nil
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	return maps.Clone(d.of)
}

// resting are those that are to be left alone now. None rests longer than the longest
// pause, though the clock be put back.
func (d *damages) resting(now int64) map[rowenc.Key]injury {
	all := d.all()
	maps.DeleteFunc(all, func(_ rowenc.Key, x injury) bool { return x.next <= now || x.next > now+lastLook.Microseconds() })
	return all
}

// harm tells whether an error comes of what the file says or does not give, as against
// a disk that is full or a caller that is wrong.
func harm(err error) bool {
	var e sqlite3.Error
	if errors.As(err, &e) && e.Code == sqlite3.ErrIoErr {
		return e.ExtendedCode == sqlite3.ErrIoErrRead || e.ExtendedCode == sqlite3.ErrIoErrShortRead
	}
	return broken(err) || errors.Is(err, errMisfit) || engine.CodeOf(err) == engine.CorruptHistory
}

// broken tells whether SQLite met damage: it commits nothing of a transaction in which
// it did.
func broken(err error) bool {
	var e sqlite3.Error
	return errors.As(err, &e) && (e.Code == sqlite3.ErrCorrupt || e.Code == sqlite3.ErrNotADB)
}

// lame notes that a delivery cannot be read or written now.
func (s *Store) lame(k rowenc.Key, registry string, why error, now int64) {
	times := s.damaged.met(k, registry, why, now)
	s.log.Error("sqlite: a delivery cannot be read or written", "delivery", k.String(), "registry", registry, "times", times, "err", why)
}

// mend writes a damaged delivery anew, as far as history tells: what was asked, and of
// whom. Nobody knows what became of it: a person must look. A row whose entry is
// damaged too becomes an incident as it stands.
func (w *writer) mend(r *rowenc.DeliveryRow) error {
	k := r.ID()
	w.store.log.Error("sqlite: a delivery is damaged in the file", "delivery", k.String())
	was, err := w.store.asked(context.Background(), k)
	if err != nil {
		r.Status, r.LastError, r.Tries, r.Next, r.SentAt, r.Expected, r.DoneAt = engine.DeliveryIncident, wasDamaged.String(), 0, 0, 0, 0, 0
		_, _, err = w.put(r, true)
		return err
	}
	was.Status, was.LastError, was.Fence = engine.DeliveryIncident, wasDamaged.String(), r.Fence+1
	if err := w.exec(anew, was.Case, was.Seq, was.N, was.Step, was.Registry, was.Operation, was.At, was.Unordered, was.Status, was.LastError, was.Fence, sum(was.Sum())); err != nil {
		return err
	}
	w.counted = append(w.counted, counted{was.Registry, rowenc.Day(was.At), engine.ExchangeDay{Incidents: 1}})
	if was.Unordered {
		return nil
	}
	return w.exec(holdLater, was.Case, was.Seq, was.N, was.Step, was.Registry)
}

// ensured mends the row of a delivery that is about to be settled, if it is damaged and
// the caller may write it, who then writes it whatever its fence has become.
func (w *writer) ensured(r *rowenc.DeliveryRow, force bool) (bool, error) {
	is, found, err := w.delivery(r.ID())
	if err != nil || !found || is.Sound() || !force && is.Fence != r.Fence {
		return force, err
	}
	return true, w.mend(&is)
}

const anew = `UPDATE outbox SET step = ?4, registry = ?5, operation = ?6, at = ?7, unordered = ?8, status = ?9, tries = 0, next = 0, sent_at = 0, expected = 0,
	last_error = ?10, answer = 0, reply = NULL, reply_seq = 0, fence = ?11, note = '', done_at = 0, node = '', lease = 0, failed = 0, ready = 0, holds = 1, sum = ?12
	WHERE case_code = ?1 AND seq = ?2 AND n = ?3`

// asked is a delivery as its entry owes it.
func (s *Store) asked(ctx context.Context, k rowenc.Key) (rowenc.DeliveryRow, error) {
	e, err := s.histories(ctx).entry(k.Case, k.Seq)
	if err != nil {
		return rowenc.DeliveryRow{}, err
	}
	owed := e.Effects()
	i := slices.IndexFunc(owed, func(d engine.Delivery) bool { return d.Key == k.String() })
	if i < 0 {
		return rowenc.DeliveryRow{}, rowenc.Corrupt("store.history", k.Case, k.Seq, "the entry owes no "+k.String())
	}
	return rowenc.NewDelivery(owed[i], "", time.Time{})
}

// wasDamaged is told of a delivery that a person must look at.
var wasDamaged = engine.Trouble{Code: engine.TroubleDamaged}

// errAltered says that a row is not what was written.
var errAltered = errors.New("it is not what was written")

// owedRow is a row of a list of what is owed. Unless unread is nil it could not be read
// or is not what was written, and holds no more than an index knows.
type owedRow struct {
	rowenc.DeliveryRow
	unread error
}

// owed is the row as it is told, though its entry cannot be read.
func (r *owedRow) owed(h *histories) (engine.Owed, error) {
	if r.unread != nil {
		return engine.Owed{Delivery: engine.Delivery{Key: r.Key(), Case: r.Case, Seq: r.Seq, Registry: r.Registry, At: rowenc.Time(r.At),
			Status: engine.DeliveryIncident, LastError: wasDamaged}, Damaged: r.unread.Error()}, nil
	}
	d, err := h.delivery(&r.DeliveryRow)
	o := engine.Owed{Delivery: d, Failed: r.Failed, Node: r.Node, Lease: rowenc.Time(r.Lease)}
	if err != nil && harm(err) {
		o.Damaged, err = err.Error(), nil
	}
	return o, err
}

// everyOwed reads what is owed from an index, without the rows.
const everyOwed = `SELECT registry, at, case_code, seq, n FROM outbox INDEXED BY outbox_lines WHERE status NOT IN ('done', 'skipped')`

// oneByOne lists what is owed row by row, where some row cannot be read: an index has
// their keys. What cannot be read is listed where it is not certain that something else
// was asked for.
func (s *Store) oneByOne(ctx context.Context, q engine.OwedQuery) (out []owedRow, err error) {
	b := &query{}
	b.add(everyOwed)
	if err := owedAfter(b, q.After); err != nil {
		return nil, err
	}
	var all []rowenc.DeliveryRow
	err = s.each(ctx, b.text.String(), b.args, func(rows *sql.Rows) error {
		var r rowenc.DeliveryRow
		err := rows.Scan(&r.Registry, &r.At, &r.Case, &r.Seq, &r.N)
		all = append(all, r)
		return err
	})
	slices.SortFunc(all, rowenc.ByAge)
	for i := 0; i < len(all) && err == nil && (q.Limit <= 0 || len(out) <= q.Limit); i++ {
		r, found, unread := s.oneOf(ctx, q, all[i].ID())
		switch {
		case unread != nil && ctx.Err() != nil:
			err = unread
		case unread != nil && q.Offices == nil && !askedElse(&all[i], q):
			out = append(out, owedRow{all[i], unread})
		case unread == nil && found:
			out = append(out, owedRow{DeliveryRow: r})
		}
	}
	return out, err
}

// askedElse tells whether a query asks for something else than a delivery that cannot
// be read.
func askedElse(r *rowenc.DeliveryRow, q engine.OwedQuery) bool {
	return q.Case != "" && q.Case != r.Case || q.Status != "" && q.Status != engine.DeliveryIncident || q.Registry != "" && q.Registry != r.Registry
}

// oneOf reads one delivery, if it is asked for. An error when it is not there at all.
func (s *Store) oneOf(ctx context.Context, q engine.OwedQuery, k rowenc.Key) (r rowenc.DeliveryRow, found bool, err error) {
	b := &query{}
	b.add(`SELECT `+deliveryCols+` FROM outbox WHERE case_code = ? AND seq = ? AND n = ?`, k.Case, k.Seq, k.N)
	if q.Registry != "" {
		b.add(` AND +registry = ?`, q.Registry)
	}
	owedFilters(b, q)
	err = s.each(ctx, b.text.String(), b.args, func(rows *sql.Rows) (err error) {
		found = true
		r, err = scanDelivery(rows.Scan)
		return err
	})
	if err == nil && found && !r.Sound() {
		err = errAltered
	}
	if found || err != nil {
		return r, found, err
	}
	return r, false, s.reading(ctx, func(c *conn) error {
		_, there, err := c.delivery(k)
		if err == nil && !there {
			err = astray(k)
		}
		return err
	})
}

// astray says that an index has a delivery that its table has not.
func astray(k rowenc.Key) error {
	return rowenc.Corrupt("store.outbox", k.Case, k.Seq, "the delivery "+k.String()+" is not where its index says")
}
