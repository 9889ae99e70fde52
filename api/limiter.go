package api

import (
	"context"
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"golang.org/x/time/rate"

	"lienthong/engine"
)

// maxBuckets bounds the memory of a limiter; idle buckets go first.
const maxBuckets = 10_000

// limiter holds one token bucket per address. It counts on one node only.
type limiter struct {
	perMinute int
	now       func() time.Time

	mu      sync.Mutex
	buckets map[string]*bucket
}

type bucket struct {
	*rate.Limiter
	seen time.Time
}

func newLimiter(perMinute int, now func() time.Time) *limiter {
	return &limiter{perMinute: perMinute, now: now, buckets: map[string]*bucket{}}
}

// allow takes one token, or says when to come back.
func (l *limiter) allow(address string) error {
	if l.perMinute < 0 {
		return nil
	}
	now := l.now()
	l.mu.Lock()
	defer l.mu.Unlock()
	b := l.buckets[address]
	if b == nil {
		if len(l.buckets) >= maxBuckets {
			l.evict(now)
		}
		b = &bucket{Limiter: rate.NewLimiter(rate.Limit(l.perMinute)/60, l.perMinute)}
		l.buckets[address] = b
	}
	b.seen = now
	if b.AllowN(now, 1) {
		return nil
	}
	wait := max(60/l.perMinute, 1)
	return &refusal{err: &engine.Error{Code: codeTooMany}, header: http.Header{"Retry-After": {strconv.Itoa(wait)}}}
}

// evict forgets addresses that have a full bucket again, or else all.
func (l *limiter) evict(now time.Time) {
	for k, b := range l.buckets {
		if now.Sub(b.seen) > time.Minute {
			delete(l.buckets, k)
		}
	}
	if len(l.buckets) >= maxBuckets {
		clear(l.buckets)
	}
}

// Address is an operation's input that holds the caller's network address.
type Address struct {
	Remote string `json:"-" hidden:"true"`
}

// Resolve reads the address from the connection; forwarding headers are not
// believed.
func (a *Address) Resolve(ctx huma.Context) []error {
	host, _, err := net.SplitHostPort(ctx.RemoteAddr())
	if err != nil {
		host = ctx.RemoteAddr()
	}
	a.Remote = host
	return nil
}

// memo remembers the answers of acts that have no store to remember them
// (accounts, definitions, the demonstration's clock), for a while.
type memo struct {
	now func() time.Time

	mu   sync.Mutex
	kept map[string]memoed
}

type memoed struct {
	digest string
	at     time.Time
	value  any
}

func newMemo(now func() time.Time) *memo { return &memo{now: now, kept: map[string]memoed{}} }

// get returns what was answered under a key, or a mismatch.
func (m *memo) get(key, digest string) (any, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	k, ok := m.kept[key]
	if !ok {
		return nil, nil
	}
	if k.digest != digest {
		return nil, &engine.Error{Code: engine.IdempotencyMismatch}
	}
	return k.value, nil
}

// once does an act under an Idempotency-Key: what was answered before is answered
// again. It remembers in this process only, for an hour; what is written to cases has
// its answers in the store instead.
func once[T any](ctx context.Context, s *Server, key string, act func() (*T, error)) (*T, error) {
	if key == "" {
		return act()
	}
	key = callerOf(ctx).account.ID + "/" + key
	was, err := s.once.get(key, digestOf(ctx))
	if err != nil {
		return nil, err
	}
	if v, ok := was.(*T); ok {
		return v, nil
	}
	v, err := act()
	if err == nil {
		s.once.put(key, digestOf(ctx), v)
	}
	return v, err
}

func (m *memo) put(key, digest string, value any) {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := m.now()
	for k, v := range m.kept {
		if now.Sub(v.at) > time.Hour {
			delete(m.kept, k)
		}
	}
	if len(m.kept) < maxBuckets {
		m.kept[key] = memoed{digest, now, value}
	}
}
