package sqlite

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"slices"
	"sync/atomic"
	"time"

	"lienthong/engine"
	"lienthong/store/rowenc"
)

// summedCols are what a delivery's checksum is of, in the order of summedOf.
const summedCols = `case_code, seq, n, step, registry, operation, at, status, tries, next, sent_at, expected, last_error,
	answer, reply, reply_seq, fence, note, done_at, node, lease, unordered, failed`

func summedOf(r *rowenc.DeliveryRow) []any {
	return []any{&r.Case, &r.Seq, &r.N, &r.Step, &r.Registry, &r.Operation, &r.At, &r.Status, &r.Tries, &r.Next, &r.SentAt, &r.Expected, &r.LastError,
		&r.Answer, &r.Reply, &r.ReplySeq, &r.Fence, &r.Note, &r.DoneAt, &r.Node, &r.Lease, &r.Unordered, &r.Failed}
}

// deliveryCols are read by scanDelivery.
const deliveryCols = summedCols + `, sum`

func scanDelivery(scan func(...any) error) (rowenc.DeliveryRow, error) {
	var r rowenc.DeliveryRow
	err := scan(append(summedOf(&r), &r.Kept)...)
	return r, err
}

// What may be claimed lies in outbox_ready by registry, in the order of its turn; what
// an earlier sibling holds back lies there apart. So a claim reads what it takes and
// one row for each registry, however much waits.
const (
	inTurn  = ` FROM outbox INDEXED BY outbox_ready WHERE status IN ('pending', 'accepted') AND held = ?1 AND registry `
	nextOne = `SELECT registry` + inTurn + `> ?2 ORDER BY registry LIMIT 1`
	ready   = `SELECT ready, case_code, seq, n` + inTurn + `= ?2 AND ready <= ?3 ORDER BY ready, case_code, seq, n LIMIT ?4`
	far     = `SELECT case_code, seq, n` + inTurn + `= ?2 AND ready > ?3`
	leased  = `SELECT case_code, seq, n FROM outbox INDEXED BY outbox_ready WHERE status IN ('pending', 'accepted') AND lease > 0`
)

// registries calls a function for every registry that is owed something; held says
// whether of what is held back.
func (c *conn) registries(held bool, f func(registry string) error) error {
	for registry := ""; ; {
		err := c.one(nextOne, []any{held, registry}, &registry)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		if err == nil {
			err = f(registry)
		}
		if err != nil {
			return err
		}
	}
}

// keysOf reads keys of deliveries.
func (c *conn) keysOf(q string, args ...any) (keys []rowenc.Key, err error) {
	err = c.each(q, args, func(r scanner) error {
		var k rowenc.Key
		err := r.Scan(&k.Case, &k.Seq, &k.N)
		keys = append(keys, k)
		return err
	})
	return keys, err
}

// turn is from when on a delivery may be claimed.
type turn struct {
	ready int64
	rowenc.Key
	registry string
}

// turns are the first limit deliveries that may be claimed at an instant.
func (c *conn) turns(now int64, limit int, except ...string) (ts []turn, err error) {
	err = c.registries(false, func(registry string) error {
		if slices.Contains(except, registry) {
			return nil
		}
		return c.each(ready, []any{false, registry, now, limited(limit)}, func(r scanner) error {
			t := turn{registry: registry}
			err := r.Scan(&t.ready, &t.Case, &t.Seq, &t.N)
			ts = append(ts, t)
			return err
		})
	})
	slices.SortFunc(ts, func(a, b turn) int {
		return cmp.Or(cmp.Compare(a.ready, b.ready), cmp.Compare(a.Case, b.Case), cmp.Compare(a.Seq, b.Seq), cmp.Compare(a.N, b.N))
	})
	if limit > 0 && len(ts) > limit {
		ts = ts[:limit]
	}
	return ts, err
}

// delivery reads a delivery; false when it is not there.
func (c *conn) delivery(k rowenc.Key) (r rowenc.DeliveryRow, found bool, err error) {
	err = c.each(deliveryOf, []any{k.Case, k.Seq, k.N}, func(row scanner) (err error) {
		found = true
		r, err = scanDelivery(row.Scan)
		return err
	})
	return r, found, err
}

// hand writes who has a delivery and until when, and when it is its turn.
const hand = `UPDATE outbox SET node = ?4, lease = ?5, next = ?6, ready = ?7, fence = ?8, sum = sum & 4294967295 | ?9 WHERE case_code = ?1 AND seq = ?2 AND n = ?3`

// hand gives a sound delivery to a node, or to nobody; its fence moves on.
func (w *writer) hand(r *rowenc.DeliveryRow, node string, lease, next int64) error {
	r.Node, r.Lease, r.Next, r.Fence = node, lease, next, r.Fence+1
	return w.exec(hand, r.Case, r.Seq, r.N, r.Node, r.Lease, r.Next, r.Ready(), r.Fence, r.State())
}

// Claim leases deliveries that may be sent or asked after now. One that cannot be read
// or written is left out, and left alone for a while.
func (s *Store) Claim(ctx context.Context, node string, now, lease time.Time, limit int, except ...string) ([]engine.Delivery, error) {
	const op = "store.claim"
	if node == "" || !lease.After(now) {
		return nil, rowenc.Bad(op, "a claim needs a node and a lease that ends after now")
	}
	at := rowenc.Micros(now)
	claim := func() ([]rowenc.DeliveryRow, error) {
		return beside(ctx, s, op, at, func(w *writer, in *atomic.Pointer[harmed]) ([]rowenc.DeliveryRow, error) {
			return w.claim(node, at, rowenc.Micros(lease), limit, in, except)
		})
	}
	spare := s.spare.Load()
	rs, err := claim()
	if err != nil && !spare && s.spare.Load() {
		rs, err = claim()
	}
	if err != nil {
		return nil, err
	}
	return s.claimed(ctx, rs, at)
}

// beside has the writer do something to many deliveries, and do it again without each
// that does harm: that one is left alone for a while.
func beside[T any](ctx context.Context, s *Store, op string, now int64, f func(*writer, *atomic.Pointer[harmed]) (T, error)) (T, error) {
	for {
		var in atomic.Pointer[harmed]
		out, err := do(ctx, s, op, func(w *writer) (T, error) {
			in.Store(nil)
			return f(w, &in)
		})
		h := in.Load()
		if h == nil || ctx.Err() != nil {
			return out, err
		}
		s.lame(h.Key, h.registry, h.err, now)
	}
}

// harmed is a delivery that was found not to be read or written.
type harmed struct {
	turn
	err error
}

// claim leases what is next, but for what rests because it is damaged. Where one does
// harm the transaction is lost, and in tells which.
func (w *writer) claim(node string, now, lease int64, limit int, in *atomic.Pointer[harmed], except []string) ([]rowenc.DeliveryRow, error) {
	ts, err := w.awake(now, limit, except)
	if err != nil {
		return nil, err
	}
	var rs []rowenc.DeliveryRow
	for _, t := range ts {
		r, found, err := w.delivery(t.Key)
		switch {
		case err == nil && !found:
			err = astray(t.Key)
		case err == nil && r.Sound():
			if err = w.hand(&r, node, lease, r.Next); err == nil {
				rs = append(rs, r)
			}
		case err == nil || errors.Is(err, errMisfit):
			r.Case, r.Seq, r.N = t.Case, t.Seq, t.N
			err = w.mend(&r)
		}
		if harm(err) {
			in.Store(&harmed{t, err})
		}
		if err != nil {
			return nil, err
		}
	}
	return rs, nil
}

// awake are the turns of what does not rest because it is damaged.
func (w *writer) awake(now int64, limit int, except []string) ([]turn, error) {
	resting := w.store.damaged.resting(now)
	if len(resting) == 0 {
		return w.store.turns(w.conn, now, limit, except...)
	}
	most := limit
	if limit > 0 {
		most += len(resting)
	}
	ts, err := w.store.turns(w.conn, now, most, except...)
	ts = slices.DeleteFunc(ts, func(t turn) bool { _, rests := resting[t.Key]; return rests })
	if limit > 0 && len(ts) > limit {
		ts = ts[:limit]
	}
	return ts, err
}

// Held tells whether an earlier sibling holds a delivery back.
func (s *Store) Held(ctx context.Context, key string) (bool, error) {
	const op = "store.held"
	k, ok := rowenc.ParseKey(key)
	if !ok {
		return false, rowenc.Missing(op, "")
	}
	var yes bool
	err := s.reading(ctx, func(c *conn) error {
		return c.one(`SELECT held FROM outbox WHERE case_code = ?1 AND seq = ?2 AND n = ?3`, []any{k.Case, k.Seq, k.N}, &yes)
	})
	if errors.Is(err, sql.ErrNoRows) {
		return false, rowenc.Missing(op, "")
	}
	return yes, failure(op, "", err)
}

// Thaw frees what waits for an instant that no clock going forward has set. What cannot
// be read or written is left out, and left alone for a while.
func (s *Store) Thaw(ctx context.Context, now, lease, retry, ask time.Time) (int, error) {
	at, soonest := rowenc.Micros(now), min(rowenc.Micros(lease), rowenc.Micros(retry), rowenc.Micros(ask))
	return beside(ctx, s, "store.thaw", at, func(w *writer, in *atomic.Pointer[harmed]) (n int, err error) {
		resting := w.store.damaged.resting(at)
		for _, held := range []bool{false, true} {
			err := w.registries(held, func(registry string) error {
				keys, err := w.keysOf(far, held, registry, soonest)
				if err != nil {
					return err
				}
				for _, k := range keys {
					if _, rests := resting[k]; rests {
						continue
					}
					r, _, err := w.delivery(k)
					if err == nil && r.Sound() && r.Frozen(lease, retry, ask) {
						err = w.hand(&r, "", 0, min(r.Next, at))
						n++
					}
					if harm(err) {
						in.Store(&harmed{turn{Key: k, registry: registry}, err})
					}
					if err != nil {
						return err
					}
				}
				return nil
			})
			if err != nil {
				return 0, err
			}
		}
		return n, nil
	})
}

// freeLeases frees what a process that is gone had leased. The fence moves on, so
// that an acknowledgement of that process would be refused. Only what may be claimed
// is leased: the index of what is ready has it all, however much is done. What cannot
// be read or written keeps its lease, and keeps nobody from serving the others.
func (w *writer) freeLeases() error {
	keys, err := w.keysOf(leased)
	for err == nil && len(keys) > 0 {
		at, hurt, err := w.free(keys)
		if !hurt {
			return err
		}
		w.store.lame(keys[at], "", err, rowenc.Micros(time.Now()))
		keys = slices.Delete(keys, at, at+1)
	}
	return err
}

// free frees leases, all or none. hurt says that the delivery at a place cannot be read
// or written.
func (w *writer) free(keys []rowenc.Key) (at int, hurt bool, err error) {
	if err := w.exec(`BEGIN IMMEDIATE`); err != nil {
		return 0, false, err
	}
	for i, k := range keys {
		r, _, err := w.delivery(k)
		if err == nil && r.Sound() {
			err = w.hand(&r, "", 0, r.Next)
		}
		if err != nil {
			return i, harm(err), errors.Join(err, w.exec(`ROLLBACK`))
		}
	}
	return 0, false, w.exec(`COMMIT`)
}

// claimed reads what is to be sent. A delivery whose entry is damaged is not sent: it
// waits for a person. One that the disk does not read now is left leased, and comes
// again when the lease ends and it has rested; the others go on.
func (s *Store) claimed(ctx context.Context, rs []rowenc.DeliveryRow, now int64) ([]engine.Delivery, error) {
	out := make([]engine.Delivery, 0, len(rs))
	h := s.histories(ctx)
	for i := range rs {
		d, err := h.delivery(&rs[i])
		switch code := engine.CodeOf(err); {
		case code == engine.Unavailable && ctx.Err() == nil:
			s.lame(rs[i].ID(), d.Registry, err, now)
			continue
		case code == engine.CorruptHistory:
			s.log.Error("sqlite: a delivery's entry is damaged", "delivery", d.Key, "err", err)
			d.Status, d.LastError = engine.DeliveryIncident, engine.Trouble{Code: engine.TroubleUnread}
			err = s.Settle(ctx, d)
			if err == nil {
				continue
			}
		}
		if err != nil {
			return nil, err
		}
		out = append(out, d)
	}
	return out, nil
}

// histories reads single entries of several cases, each once.
type histories struct {
	s    *Store
	ctx  context.Context
	read map[rowenc.Key]*engine.Entry // by case and seq
}

func (s *Store) histories(ctx context.Context) *histories {
	return &histories{s, ctx, map[rowenc.Key]*engine.Entry{}}
}

const entryOf = `SELECT ` + sealedCols + ` FROM entries e JOIN versions v ON v.id = e.version WHERE e.case_code = ?1 AND e.seq = ?2`

// entry reads one entry.
func (h *histories) entry(code string, seq int64) (*engine.Entry, error) {
	if e := h.s.recent.get(code, seq); e != nil {
		return e, nil
	}
	k := rowenc.Key{Case: code, Seq: seq}
	if e := h.read[k]; e != nil {
		return e, nil
	}
	var sealed *rowenc.Sealed
	err := h.s.reading(h.ctx, func(c *conn) error {
		return c.each(entryOf, []any{code, seq}, func(r scanner) error {
			e, err := scanSealed(r)
			sealed = &e
			return err
		})
	})
	if err != nil {
		return nil, failure("store.history", code, err)
	}
	if sealed == nil {
		return nil, rowenc.Corrupt("store.history", code, seq, "entry is missing")
	}
	e, err := sealed.Open()
	if err != nil {
		return nil, err
	}
	h.read[k] = &e
	return &e, nil
}

// delivery reads a row back, with what history says of it.
func (h *histories) delivery(r *rowenc.DeliveryRow) (engine.Delivery, error) {
	d, err := r.Delivery()
	if err != nil {
		return d, err
	}
	return d, r.Fill(&d, func(seq int64) (*engine.Entry, error) { return h.entry(r.Case, seq) })
}

func (h *histories) deliveries(rs []rowenc.DeliveryRow) ([]engine.Delivery, error) {
	out := make([]engine.Delivery, len(rs))
	for i := range rs {
		d, err := h.delivery(&rs[i])
		if err != nil {
			return nil, err
		}
		out[i] = d
	}
	return out, nil
}

const (
	standingOf = `SELECT status, tries, answer, failed, registry, at, fence, step, sent_at, unordered FROM outbox WHERE case_code = ?1 AND seq = ?2 AND n = ?3`
	settle     = `UPDATE outbox SET status = ?4, tries = ?5, next = ?6, sent_at = ?7, expected = ?8, last_error = ?9, answer = ?10, reply = ?11, reply_seq = ?12,
		note = ?13, done_at = ?14, node = '', lease = 0, ready = ?6, holds = ?15, fence = ?16, failed = ?17, sum = sum & 4294967295 | ?18
		WHERE case_code = ?1 AND seq = ?2 AND n = ?3`

	later     = ` WHERE case_code = ?1 AND (seq, n) > (?2, ?3) AND step = ?4 AND registry = ?5 AND unordered = 0`
	holdLater = `UPDATE outbox SET held = 1` + later
	freeLater = `UPDATE outbox AS o SET held = 0` + later + ` AND held = 1 AND NOT EXISTS (SELECT 1 FROM outbox e
		WHERE e.case_code = ?1 AND (e.seq, e.n) < (o.seq, o.n) AND e.holds = 1 AND e.step = ?4 AND e.registry = ?5)`
)

// settling is a delivery that Settle or Reset writes.
type settling struct {
	row   rowenc.DeliveryRow // its Fence is the claim's, or
	force bool               // whoever holds it
}

// Settle writes what became of a claimed delivery.
func (s *Store) Settle(ctx context.Context, d engine.Delivery) error {
	return s.settle(ctx, "store.settle", d, false)
}

// Reset overrules whoever has the lease.
func (s *Store) Reset(ctx context.Context, d engine.Delivery) error {
	return s.settle(ctx, "store.reset", d, true)
}

func (s *Store) settle(ctx context.Context, op string, d engine.Delivery, force bool) error {
	x := &settling{force: force}
	if err := x.row.Take(d); err != nil {
		return err
	}
	k, ok := rowenc.ParseKey(d.Key)
	if !ok {
		return rowenc.Missing(op, d.Case)
	}
	x.row.Case, x.row.Seq, x.row.N, x.row.Fence = k.Case, k.Seq, k.N, d.Fence
	err := s.submit(&job{ctx: ctx, op: op, lane: laneSystem, settle: x, size: len(x.row.Reply)})
	if err != nil && harm(err) {
		s.lame(k, d.Registry, err, rowenc.Micros(time.Now()))
	}
	return err
}

// settleOne runs one of them. Nothing of it can fail half-way but the file itself,
// so it needs no savepoint.
func (w *writer) settleOne(j *job) error {
	if err := j.ctx.Err(); err != nil {
		j.err = rowenc.Unknown(j.op, err)
		return nil
	}
	x := j.settle
	found, held, err := w.settle(&x.row, x.force)
	switch {
	case err != nil:
		return err
	case !found:
		j.err = rowenc.Missing(j.op, x.row.Case)
	case !held:
		j.err = rowenc.Stale(j.op, x.row.Case)
	}
	return nil
}

// settle writes what became of a delivery, if it is owed and, unless forced, still
// held under the row's fence; and counts it.
//
// It reads what it needs of the row, not the whole: what it does not write keeps its
// half of the checksum, so that damage there stays visible, and all of the rest it
// writes over with what the caller knows, but for the count of failed exchanges. A row
// that was claimed more than once has waited in the file, and is looked at as a whole.
func (w *writer) settle(r *rowenc.DeliveryRow, force bool) (found, held bool, err error) {
	if r.Fence > 1 {
		if force, err = w.ensured(r, force); err != nil {
			return false, false, err
		}
	}
	return w.put(r, force)
}

// put is settle without the look at the whole row.
func (w *writer) put(r *rowenc.DeliveryRow, force bool) (found, held bool, err error) {
	var was rowenc.DeliveryRow
	err = w.one(standingOf, []any{r.Case, r.Seq, r.N}, &was.Status, &was.Tries, &was.Answer, &was.Failed, &was.Registry, &was.At, &was.Fence,
		&was.Step, &was.SentAt, &was.Unordered)
	if errors.Is(err, sql.ErrNoRows) {
		return false, false, nil
	}
	if err != nil {
		return false, false, err
	}
	now := *r
	now.Fence, now.Node, now.Lease = was.Fence, "", 0
	if force {
		now.Fence++
	} else if was.Fence != r.Fence {
		return true, false, nil
	}
	add, failed := rowenc.Counted(&was, r)
	if add != (engine.ExchangeDay{}) {
		w.counted = append(w.counted, counted{was.Registry, rowenc.Day(was.At), add})
	}
	now.Failed = was.Failed + failed
	err = w.exec(settle, r.Case, r.Seq, r.N, now.Status, now.Tries, now.Next, now.SentAt, now.Expected, now.LastError, now.Answer, now.Reply, now.ReplySeq,
		now.Note, now.DoneAt, now.Holds(), now.Fence, now.Failed, now.State())
	if err == nil && !was.Unordered && was.Holds() != now.Holds() {
		q := freeLater
		if now.Holds() {
			q = holdLater
		}
		err = w.exec(q, r.Case, r.Seq, r.N, was.Step, was.Registry)
	}
	if err == nil {
		w.store.damaged.mended(r.ID())
	}
	return true, true, err
}

// counted is what a settlement adds to the sums of its registry and day.
type counted struct {
	registry string
	day      int64
	add      engine.ExchangeDay
}

const addDay = `INSERT INTO exchange_days (registry, day, first, retried, refused, by_hand, taken_back, given_up, incidents, taken, failed)
	VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
	ON CONFLICT (day, registry) DO UPDATE SET first = first + excluded.first, retried = retried + excluded.retried,
		refused = refused + excluded.refused, by_hand = by_hand + excluded.by_hand, taken_back = taken_back + excluded.taken_back,
		given_up = given_up + excluded.given_up, incidents = incidents + excluded.incidents, taken = taken + excluded.taken,
		failed = failed + excluded.failed`

// countAll writes what the transaction's settlements add to the sums.
func (w *writer) countAll() error {
	for i := range w.counted {
		c := &w.counted[i]
		for k := i + 1; k < len(w.counted); k++ {
			if o := &w.counted[k]; o.registry == c.registry && o.day == c.day {
				c.add.Add(o.add)
				o.add = engine.ExchangeDay{}
			}
		}
		a := c.add
		if a == (engine.ExchangeDay{}) {
			continue
		}
		if err := w.exec(addDay, c.registry, c.day, a.First, a.Retried, a.Refused, a.ByHand, a.TakenBack, a.GivenUp, a.Incidents, a.Taken, a.Failed); err != nil {
			return err
		}
	}
	return nil
}
