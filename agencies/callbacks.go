package agencies

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"lienthong/agencies/wire"
)

const (
	callbackTimeout = 10 * time.Second
	callbackBatch   = 256
	longestBackoff  = 5 * time.Minute
)

// step settles what is due at now, then posts the callbacks owed.
func (r *registry) step(ctx context.Context, now time.Time) (int, error) {
	r.stepping.Lock()
	defer r.stepping.Unlock()
	if dial := r.agencies.Faults(r.id); dial.Outage && len(dial.Operations) == 0 {
		return 0, nil // nobody works there
	}
	settled, err := r.settleDue(ctx, now)
	if err != nil {
		return settled, err
	}
	posted, err := r.post(ctx, now)
	return settled + posted, err
}

func (r *registry) settleDue(ctx context.Context, now time.Time) (int, error) {
	keys, err := column(r, `SELECT key FROM requests WHERE state = 'later' AND due <= ?1 ORDER BY due, key`, now.UnixMilli())
	if err != nil {
		return 0, err
	}
	for i, key := range keys {
		if err := ctx.Err(); err != nil {
			return i, err
		}
		if _, _, err := r.settleNow(key, "", now); err != nil {
			return i, fmt.Errorf("agencies: %s: settle %s: %w", r.id, key, err)
		}
	}
	return len(keys), nil
}

func column(r *registry, query string, args ...any) ([]string, error) {
	rows, err := r.db.Query(query, args...)
	if err != nil {
		return nil, fmt.Errorf("agencies: %s: %w", r.id, err)
	}
	defer rows.Close()
	var all []string
	for rows.Next() {
		var s string
		if err := rows.Scan(&s); err != nil {
			return nil, err
		}
		all = append(all, s)
	}
	return all, rows.Err()
}

// owed is a callback that has not been received yet.
type owed struct {
	id                                   int64
	message, operation, url, trace, body string
	times, attempts                      int
}

// post tries every callback whose pause is over, by the wall clock or by the
// business clock, whichever comes first: a demo may have stopped the one, a
// simulation runs only the other.
func (r *registry) post(ctx context.Context, now time.Time) (int, error) {
	wall := r.agencies.config.Wall()
	pending, err := r.pending(wall, now)
	if err != nil {
		return 0, err
	}
	if dial := r.agencies.Faults(r.id); dial.Reorder {
		slices.SortStableFunc(pending, func(x, y owed) int {
			return cmp.Compare(draw(dial.Seed, r.id, x.message), draw(dial.Seed, r.id, y.message))
		})
	}
	for i, cb := range pending {
		if err := ctx.Err(); err != nil {
			return i, err
		}
		f := r.faults(cb.operation)
		if f.Reorder {
			if n := r.attempt("hold " + cb.message); n == 1 && r.happens(f, 0.5, "hold", cb.message, n) {
				continue // until the next step
			}
		}
		problem := r.postOne(ctx, cb, f)
		if problem != nil {
			if ctx.Err() != nil {
				return i, ctx.Err()
			}
			r.agencies.log.Warn("callback not received", "registry", r.id, "message", cb.message, "attempt", cb.attempts+1, "error", problem)
		}
		if err := r.posted(cb, problem == nil, wall, now); err != nil {
			return i, err
		}
	}
	return len(pending), nil
}

func (r *registry) pending(wall, now time.Time) ([]owed, error) {
	rows, err := r.db.Query(`SELECT id, message, operation, url, traceparent, body, times, attempts FROM callbacks
		WHERE delivered = 0 AND (next_wall <= ?1 OR next_business <= ?2) ORDER BY id LIMIT ?3`,
		wall.UnixMilli(), now.UnixMilli(), callbackBatch)
	if err != nil {
		return nil, fmt.Errorf("agencies: %s: %w", r.id, err)
	}
	defer rows.Close()
	var all []owed
	for rows.Next() {
		var o owed
		if err := rows.Scan(&o.id, &o.message, &o.operation, &o.url, &o.trace, &o.body, &o.times, &o.attempts); err != nil {
			return nil, err
		}
		all = append(all, o)
	}
	return all, rows.Err()
}

// postOne delivers one callback, twice if a duplicate was drawn for it. The
// first delivery decides whether it was received.
func (r *registry) postOne(ctx context.Context, cb owed, f Faults) error {
	signed, err := r.sign(cb, f)
	if err != nil {
		return err
	}
	err = r.deliver(ctx, cb, signed)
	for range cb.times - 1 {
		if err == nil {
			_ = r.deliver(ctx, cb, signed)
		}
	}
	if err == nil && r.happens(f, f.ReplayRate, "replay", cb.message, cb.attempts) {
		_ = r.deliver(ctx, cb, signed)
		forged := cb
		forged.body = opposite(cb.body)
		_ = r.deliver(ctx, forged, signed) // a good signature, of another body
	}
	return err
}

// opposite is a callback that says the contrary.
func opposite(body string) string {
	was, is := `"outcome":"done"`, `"outcome":"refused"`
	if strings.Contains(body, is) {
		was, is = is, was
	}
	return strings.Replace(body, was, is, 1)
}

// sign makes the headers of one posting.
func (r *registry) sign(cb owed, f Faults) (http.Header, error) {
	secret := r.agencies.config.Secrets(r.id)
	if f.BadSignature {
		secret = wire.DeriveSecret("another", r.id)
	}
	h := http.Header{}
	err := wire.Sign(h, secret, cb.message, r.agencies.config.Wall(), []byte(cb.body))
	return h, err
}

func (r *registry) deliver(ctx context.Context, cb owed, signed http.Header) error {
	ctx, cancel := context.WithTimeout(ctx, callbackTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, cb.url, strings.NewReader(cb.body))
	if err != nil {
		return err
	}
	req.Header = signed.Clone()
	req.Header.Set("Content-Type", "application/json")
	if cb.trace != "" {
		req.Header.Set("traceparent", cb.trace)
	}
	client := http.Client{Transport: r.agencies.config.Transport}
	res, err := client.Do(req)
	if err != nil {
		return err
	}
	_, _ = io.Copy(io.Discard, io.LimitReader(res.Body, 1<<16))
	if err := res.Body.Close(); err != nil {
		return err
	}
	if res.StatusCode < 200 || res.StatusCode > 299 {
		return errors.New("receiver said " + res.Status)
	}
	return nil
}

func (r *registry) posted(cb owed, received bool, wall, now time.Time) error {
	delivered := 0
	if received {
		delivered = 1
	}
	pause := min(time.Second<<min(cb.attempts, 20), longestBackoff)
	_, err := r.db.Exec(`UPDATE callbacks SET attempts = attempts + 1, delivered = ?2, next_wall = ?3, next_business = ?4 WHERE id = ?1`,
		cb.id, delivered, wall.Add(pause).UnixMilli(), now.Add(pause).UnixMilli())
	if err != nil {
		return fmt.Errorf("agencies: %s: callback: %w", r.id, err)
	}
	return nil
}
