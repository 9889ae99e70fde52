package chaos

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"sync"
	"time"

	"lienthong/agencies"
	"lienthong/engine"
)

var badRegistries = Fault{Name: "registries", Title: "registries that are slow, fail, lose, repeat, forge and contradict", weight: 3, run: runRegistries}

// dialRate is how often a dial is turned when no number of rounds is given.
const dialRate = 1500 * time.Millisecond

// mood is one way a registry misbehaves.
type mood struct {
	name string
	dial func(*rand.Rand) agencies.Faults
}

func ms(r *rand.Rand, from, to int) string {
	return (time.Duration(from+r.IntN(to-from)) * time.Millisecond).String()
}

// moods are the ways, from the harmless to the malicious.
var moods = []mood{
	{"slow", func(r *rand.Rand) agencies.Faults { return agencies.Faults{Latency: ms(r, 200, 1500)} }},
	{"failing (5xx)", func(*rand.Rand) agencies.Faults { return agencies.Faults{ErrorRate: 0.6} }},
	{"down", func(*rand.Rand) agencies.Faults { return agencies.Faults{Outage: true} }},
	{"silent", func(*rand.Rand) agencies.Faults { return agencies.Faults{Latency: "1h"} }},
	{"performs, then silent", func(*rand.Rand) agencies.Faults { return agencies.Faults{ReplyLatency: "1h"} }},
	{"loses requests", func(*rand.Rand) agencies.Faults { return agencies.Faults{LoseRequestRate: 0.6} }},
	{"loses replies", func(*rand.Rand) agencies.Faults { return agencies.Faults{LoseReplyRate: 0.6} }},
	{"answers later", func(r *rand.Rand) agencies.Faults { return agencies.Faults{Later: ms(r, 100, 4000)} }},
	{"answers twice", func(r *rand.Rand) agencies.Faults { return agencies.Faults{Later: ms(r, 50, 500), DuplicateRate: 1} }},
	{"answers out of order", func(r *rand.Rand) agencies.Faults { return agencies.Faults{Later: ms(r, 200, 800), Reorder: true} }},
	{"answers before it said that it will", func(r *rand.Rand) agencies.Faults {
		return agencies.Faults{Later: "1ms", ReplyLatency: ms(r, 300, 900)}
	}},
	{"signs wrongly", func(r *rand.Rand) agencies.Faults { return agencies.Faults{Later: ms(r, 50, 300), BadSignature: true} }},
	{"replays and forges signatures", func(r *rand.Rand) agencies.Faults {
		return agencies.Faults{Later: ms(r, 50, 300), ReplayRate: 1}
	}},
	{"contradicts itself", func(r *rand.Rand) agencies.Faults { return agencies.Faults{Later: ms(r, 50, 300), Contradict: true} }},
	{"everything at once", func(r *rand.Rand) agencies.Faults {
		return agencies.Faults{Later: ms(r, 20, 900), ErrorRate: 0.3, LoseRequestRate: 0.2, LoseReplyRate: 0.2, DuplicateRate: 0.5, ReplayRate: 0.3, Reorder: true}
	}},
}

// disturbed are the registries that births need.
var disturbed = []string{"population", "civil_status", "residence", "social_insurance", "identity_card", "treasury", "notification"}

// turn is one planned turn of a dial.
type turn struct {
	after      time.Duration
	registries []string
	mood       int // of moods; -1 = well again
	dial       agencies.Faults
	kill       bool // the server is killed instead
}

// turns draws the plan. Every mood comes once before any comes twice.
func turns(rng *rand.Rand, length time.Duration, rounds int) []turn {
	n := rounds
	if n == 0 {
		n = max(2*len(moods), int(length/dialRate))
	}
	order := rng.Perm(len(moods))
	var plan []turn
	for i := range n {
		t := turn{after: between(rng, 0, 2*length/time.Duration(n)), registries: []string{disturbed[rng.IntN(len(disturbed))]}}
		for _, id := range disturbed {
			if rng.IntN(3) == 0 && id != t.registries[0] {
				t.registries = append(t.registries, id)
			}
		}
		switch {
		case i%8 == 7:
			t.kill = true
		case rng.IntN(5) == 0:
			t.mood = -1
		default:
			t.mood = order[0]
			if order = order[1:]; len(order) == 0 {
				order = rng.Perm(len(moods))
			}
			t.dial = moods[t.mood].dial(rng)
			t.dial.Seed = rng.Int64()
		}
		plan = append(plan, t)
	}
	return plan
}

func runRegistries(ctx context.Context, t *trial) ([]Row, error) {
	plan := turns(t.rng, t.length, t.Rounds)
	rows := make([]Row, len(moods), len(moods)+1)
	for i, m := range moods {
		rows[i].Kind = m.name
	}
	whole := Row{Kind: "all of these, and kill -9 of the server between"}
	err := t.underLoad(ctx, &whole, func(ctx context.Context, s *site, c *crowd) error {
		c.help(ctx)
		p := pacer{began: time.Now()}
		for _, x := range plan {
			if err := p.wait(ctx, x.after); err != nil {
				return err
			}
			s.watch()
			switch {
			case x.kill:
				s.server.kill()
				if err := s.startServer(ctx); err != nil {
					return err
				}
				whole.Injected++
			case x.mood < 0:
				if err := s.dial(ctx, x.registries, nil); err != nil {
					return err
				}
			default:
				if err := s.dial(ctx, x.registries, &x.dial); err != nil {
					return err
				}
				rows[x.mood].Injected += len(x.registries)
			}
		}
		c.well.Store(true)
		return s.dial(ctx, disturbed, nil)
	})
	return append(rows, whole), err
}

// dial turns the dial of some registries; nil makes them well.
func (s *site) dial(ctx context.Context, registries []string, f *agencies.Faults) error {
	for _, id := range registries {
		if err := s.dialOne(ctx, id, f); err != nil {
			return err
		}
	}
	return nil
}

func (s *site) dialOne(ctx context.Context, registry string, f *agencies.Faults) error {
	method, body := http.MethodDelete, []byte(nil)
	if f != nil {
		g := *f
		if method = http.MethodPut; registry == "treasury" {
			g.AutoPay = "0s"
		}
		var err error
		if body, err = json.Marshal(g); err != nil {
			return err
		}
	}
	req, err := http.NewRequestWithContext(ctx, method, "http://"+s.registryAddr+"/"+registry+"/faults", bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+operatorToken)
	res, err := s.surface.http.Do(req)
	if err != nil {
		return err
	}
	b, err := io.ReadAll(res.Body)
	if err = errors.Join(err, res.Body.Close()); err != nil {
		return err
	}
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("the dial of %s: %d %s", registry, res.StatusCode, b)
	}
	return nil
}

// help lets an operator work until everything is done.
func (c *crowd) help(ctx context.Context) {
	helping, stop := context.WithCancel(ctx)
	var helper sync.WaitGroup
	helper.Go(func() { c.operate(helping) })
	c.after = func() { stop(); helper.Wait() }
}

// operate plays the operator of the exchange until ctx ends: an incident that has
// an answer is settled by recording its outcome again, any other is retried; and
// once the registries are well, what waits for them is sent again.
func (c *crowd) operate(ctx context.Context) {
	retry := []remedy{{"retry", map[string]any{}}}
	settle := append(retry, remedy{"record", map[string]any{"outcome": "done"}},
		remedy{"record", map[string]any{"outcome": "refused"}})
	for rest(ctx, 500*time.Millisecond) == nil {
		c.mend(ctx, "incident", settle)
		if c.well.Load() {
			c.mend(ctx, "pending", retry)
		}
	}
}

// remedy is what an operator does to a delivery.
type remedy struct {
	verb string
	body map[string]any
}

// mend tries remedies on the deliveries of a status that have failed, each until
// one is taken.
func (c *crowd) mend(ctx context.Context, status string, remedies []remedy) {
	var page struct {
		Deliveries []struct {
			Key, Case, Step string
			LastError       string `json:"last_error"`
		}
	}
	if c.site.surface.get(ctx, "operator", "/exchange?limit=100&status="+status, &page) != nil {
		return // the server is away
	}
	d := &driver{crowd: c, rng: rand.New(rand.NewPCG(c.seed[0], 1)), name: "operator"}
	for _, x := range page.Deliveries {
		if x.LastError == "" {
			continue
		}
		for _, how := range remedies {
			t := c.ledger.begin("operator", Try{Key: "operator", Case: x.Case, Step: x.Step, Action: engine.ActOperate})
			how.body["note"] = t.Key
			body, err := json.Marshal(how.body)
			if err != nil {
				panic(err) // strings
			}
			if _, ok := d.send(ctx, t, "operator", http.MethodPost, "/exchange/"+url.PathEscape(x.Key)+"/"+how.verb, body, ""); ok || ctx.Err() != nil {
				break
			}
		}
	}
}
