package chaos

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"lienthong/cmd/lienthong/story"
)

// crowd is everybody who acts: each of its drivers files births and takes up
// whatever case it finds, as the person whose turn it is. Two drivers may meet on
// one case; then one of them is refused, as people are.
type crowd struct {
	site     *site
	ledger   *Ledger
	families []family
	seed     [2]uint64
	filing   atomic.Bool // new cases may be filed
	giveUp   atomic.Bool // applicants withdraw as soon as they can
	most     int         // cases open at once
	pace     time.Duration
	day      time.Time

	well  atomic.Bool // the registries work again
	after func()      // when every case has ended and nothing is owed

	filings atomic.Int64
	hired   atomic.Int64
	ended   atomic.Int64

	mu   sync.Mutex
	open []*matter
}

// matter is one case on its way.
type matter struct {
	code  string
	birth *birth

	mu   sync.Mutex
	done map[string]bool // what is done at most once
}

// once tells whether something has not been done on this case yet, and marks it.
func (m *matter) once(what string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.done[what] {
		return false
	}
	m.done[what] = true
	return true
}

func newCrowd(s *site, rng *rand.Rand, drivers int) *crowd {
	c := &crowd{site: s, ledger: newLedger(), families: families(), seed: [2]uint64{rng.Uint64(), rng.Uint64()},
		most: drivers * 2, pace: 25 * time.Millisecond, day: time.Now()}
	if !s.day.IsZero() {
		c.day = s.day
	}
	c.filing.Store(true)
	return c
}

// run lets drivers work until ctx ends, or until nothing may be filed and every
// case has ended.
func (c *crowd) run(ctx context.Context, drivers int) {
	var wg sync.WaitGroup
	for i := range drivers {
		wg.Go(func() {
			d := &driver{crowd: c, rng: rand.New(rand.NewPCG(c.seed[0]+uint64(i), c.seed[1])), name: fmt.Sprintf("d%d", i)}
			for ctx.Err() == nil && d.turn(ctx) {
			}
		})
	}
	wg.Wait()
}

// left is how many cases are open.
func (c *crowd) left() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.open)
}

func (c *crowd) enter(m *matter) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.open = append(c.open, m)
}

func (c *crowd) leave(m *matter) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i, x := range c.open {
		if x == m {
			c.open[i] = c.open[len(c.open)-1]
			c.open = c.open[:len(c.open)-1]
			c.ended.Add(1)
			return
		}
	}
}

func (c *crowd) any(r *rand.Rand) *matter {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.open) == 0 {
		return nil
	}
	return c.open[r.IntN(len(c.open))]
}

// driver is one pair of hands.
type driver struct {
	*crowd
	rng  *rand.Rand
	name string
}

// turn does one thing; false when there is nothing left to do.
func (d *driver) turn(ctx context.Context) bool {
	filing := d.filing.Load()
	if filing && d.rng.IntN(40) == 0 {
		d.hire(ctx)
		return true
	}
	if filing && d.left() < d.most && d.rng.IntN(3) == 0 {
		d.file(ctx)
		return true
	}
	m := d.any(d.rng)
	if m == nil {
		if !filing {
			return false
		}
		d.file(ctx)
		return true
	}
	if !d.visit(ctx, m) {
		_ = rest(ctx, d.pace/2+time.Duration(d.rng.Int64N(int64(d.pace))))
	}
	return true
}

// file files one birth; now and then the other parent files it too.
func (d *driver) file(ctx context.Context) {
	b := newborn(d.families[d.rng.IntN(len(d.families))], int(d.filings.Add(1)), d.rng.IntN, d.day)
	d.fileAs(ctx, b)
	if d.rng.IntN(20) == 0 {
		other := *b
		if other.by = b.family.father.id(); b.by == other.by {
			other.by = b.family.mother.id()
		}
		d.fileAs(ctx, &other)
	}
}

func (d *driver) fileAs(ctx context.Context, b *birth) {
	body, err := json.Marshal(map[string]any{"service": "birth", "application": b.app})
	if err != nil {
		panic(err) // strings and numbers
	}
	t := d.ledger.begin(b.by, Try{Key: d.name, Action: "file", Notice: b.notice})
	a, ok := d.send(ctx, t, b.by, http.MethodPost, "/cases", body, "")
	if !ok {
		return
	}
	var out struct{ Cases []struct{ Code string } }
	if err := json.Unmarshal(a.body, &out); err != nil || len(out.Cases) != 1 {
		d.ledger.wonder("a filing was answered with %d %.200s", a.status, a.body)
		return
	}
	d.ledger.filed(t, out.Cases[0].Code)
	d.enter(&matter{code: out.Cases[0].Code, birth: b, done: map[string]bool{}})
}

// send sends a command until it is answered, with the same key every time: after
// a lost connection, and when the server says that it cannot now or does not know.
func (d *driver) send(ctx context.Context, t *Try, account, method, path string, body []byte, ifMatch string) (answer, bool) {
	for {
		d.ledger.sent(t)
		a, err := d.site.surface.call(ctx, account, method, path, body, t.Key, ifMatch)
		switch {
		case ctx.Err() != nil && err != nil:
			return a, false
		case err != nil:
		case a.good():
			d.ledger.told(t, Acknowledged, "")
			return a, true
		case a.status == http.StatusServiceUnavailable, a.status == http.StatusTooManyRequests:
		case a.status >= 500:
			d.ledger.wonder("%s %s was answered with %d %.300s", t.Action, t.Step, a.status, a.body)
		default:
			d.ledger.told(t, Refused, a.code)
			return a, false
		}
		if rest(ctx, 2*d.pace+time.Duration(d.rng.Int64N(int64(4*d.pace)))) != nil {
			return a, false
		}
	}
}

// visit looks at a case as its citizen and does what is to be done. False when
// nothing could be done.
func (d *driver) visit(ctx context.Context, m *matter) bool {
	var c story.Case
	err := d.site.surface.get(ctx, m.birth.by, "/cases/"+url.PathEscape(m.code), &c)
	var no *refused
	if errors.As(err, &no) && no.status != http.StatusServiceUnavailable && no.status != http.StatusTooManyRequests {
		d.ledger.wonder("reading case %s of %s: %v", m.code, m.birth.by, err)
		return false
	}
	if err != nil {
		return false
	}
	if c.Status == "ended" {
		d.leave(m)
		return true
	}
	a := d.next(&c, m)
	if a == nil {
		return false
	}
	return d.act(ctx, m, a)
}

// act sends one act.
func (d *driver) act(ctx context.Context, m *matter, a *act) bool {
	body := map[string]any{}
	if a.input != nil {
		body["input"] = a.input
	}
	raw, err := json.Marshal(body)
	if err != nil {
		panic(err) // strings and numbers
	}
	path := "/cases/" + url.PathEscape(m.code) + "/actions/" + a.action
	switch {
	case a.action == "claim":
		path = "/cases/" + url.PathEscape(m.code) + "/dossiers/" + a.step + "/claim"
	case a.step != "":
		path = "/cases/" + url.PathEscape(m.code) + "/dossiers/" + a.step + "/actions/" + a.action
	}
	t := d.ledger.begin(a.account, Try{Key: d.name, Case: m.code, Step: a.step, Action: a.action})
	_, ok := d.send(ctx, t, a.account, http.MethodPost, path, raw, a.etag)
	return ok
}
