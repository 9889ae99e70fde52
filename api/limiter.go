package api

import (
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
