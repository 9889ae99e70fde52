package chaos

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"time"
)

var (
	killServer     = Fault{Name: "kill", Title: "kill -9 of the server at random moments", weight: 6, run: runKillServer}
	killRegistries = Fault{Name: "kill-registries", Title: "kill -9 of the registries at random moments", weight: 1, run: runKillRegistries}
)

// killRate is how often a process is killed when no number of rounds is given.
const killRate = 1800 * time.Millisecond

// blow is one planned kill.
type blow struct {
	after   time.Duration // work done before it
	startup time.Duration // > 0: the process is killed so long after it was started, once more
}

// killPlan draws the blows: spread over the time, some of them while the process
// is starting.
func killPlan(rng *rand.Rand, length time.Duration, rounds int) []blow {
	n := rounds
	if n == 0 {
		n = max(1, int(length/killRate))
	}
	plan := make([]blow, n)
	for i := range plan {
		plan[i].after = between(rng, 0, 2*length/time.Duration(n))
		if rng.IntN(10) == 0 {
			plan[i].startup = between(rng, time.Millisecond, 600*time.Millisecond)
		}
	}
	return plan
}

// pacer keeps a plan to its time: what a blow itself takes is taken off the waits
// after it.
type pacer struct {
	began time.Time
	due   time.Duration
}

// wait waits until the next blow is due, and long enough for some work to be under
// way.
func (p *pacer) wait(ctx context.Context, after time.Duration) error {
	p.due += after
	return rest(ctx, max(time.Until(p.began.Add(p.due)), min(after, 300*time.Millisecond)))
}

func runKillServer(ctx context.Context, t *trial) ([]Row, error) {
	return t.kill(ctx, "kill -9, server", func(s *site) **process { return &s.server }, (*site).startServer)
}

func runKillRegistries(ctx context.Context, t *trial) ([]Row, error) {
	return t.kill(ctx, "kill -9, registries", func(s *site) **process { return &s.registries }, (*site).startRegistries)
}

// kill kills one of the processes again and again under the crowd.
func (t *trial) kill(ctx context.Context, kind string, which func(*site) **process, again func(*site, context.Context) error) ([]Row, error) {
	plan := killPlan(t.rng, t.length, t.Rounds)
	row := Row{Kind: kind}
	err := t.underLoad(ctx, &row, func(ctx context.Context, s *site, _ *crowd) error {
		p := pacer{began: time.Now()}
		for i, b := range plan {
			if err := p.wait(ctx, b.after); err != nil {
				return err
			}
			s.watch()
			(*which(s)).kill()
			row.Injected++
			if b.startup > 0 {
				if err := t.killStarting(ctx, s, which, again, b.startup); err != nil {
					return err
				}
				row.Injected++
			}
			if err := again(s, ctx); err != nil {
				return err
			}
			if (i+1)%25 == 0 {
				t.Say("%s: %d of %d blows", t.fault.Name, i+1, len(plan))
			}
		}
		return nil
	})
	return []Row{row}, err
}

// killStarting starts the process and kills it before it is ready, or just after.
func (t *trial) killStarting(ctx context.Context, s *site, which func(*site) **process, again func(*site, context.Context) error, after time.Duration) error {
	starting, cancel := context.WithTimeout(ctx, after)
	defer cancel()
	err := again(s, starting)
	if err == nil {
		<-starting.Done()
		(*which(s)).kill()
		return nil
	}
	if starting.Err() != nil {
		return ctx.Err() // it was killed on the way, as planned
	}
	return err
}

// underLoad runs a fault under the crowd, lets everything end, and audits.
func (t *trial) underLoad(ctx context.Context, row *Row, strike func(context.Context, *site, *crowd) error) error {
	s, err := newSite(ctx, t, "site")
	if err != nil {
		return err
	}
	return t.load(ctx, s, s.open(ctx), row, strike)
}

// load does the same on a site that was opened, with or without success.
func (t *trial) load(ctx context.Context, s *site, opened error, row *Row, strike func(context.Context, *site, *crowd) error) error {
	if opened != nil {
		s.abandon()
		return opened
	}
	c := newCrowd(s, t.rng, t.Drivers)
	return s.audited(ctx, t.play(ctx, s, c, strike), c, row)
}

// breach is what the system under trial did or did not do, and no error of the
// harness. It ends its fault; what was acknowledged until then is audited all the
// same, and the other faults run.
type breach struct{ what string }

func (b breach) Error() string { return b.what }

// audited ends a site that was played on, with or without success, and enters in the
// row what the audit finds.
func (s *site) audited(ctx context.Context, played error, c *crowd, row *Row) error {
	var b breach
	if played != nil && !errors.As(played, &b) {
		s.abandon()
		return played
	}
	s.close()
	found, err := inquest(ctx, s.db, s.registers, c.ledger.all(), s.trouble, played == nil)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if played != nil {
		row.wrong("%v", played)
	}
	if err != nil {
		row.Losses++
		row.found("loss", "what it left cannot be read: %v", err)
	}
	row.add(found)
	c.describe(row)
	return nil
}

// play lets the crowd work while the fault strikes, then lets every case end.
func (t *trial) play(ctx context.Context, s *site, c *crowd, strike func(context.Context, *site, *crowd) error) error {
	working, stop := context.WithCancel(ctx)
	defer stop()
	var crowd sync.WaitGroup
	crowd.Go(func() { c.run(working, t.Drivers) })
	err := strike(working, s, c)
	c.filing.Store(false)
	if err != nil {
		stop()
		crowd.Wait()
		if c.after != nil {
			c.after()
		}
		return err
	}
	t.Say("%s: %d commands acknowledged, %d cases to end", t.fault.Name, c.ledger.acknowledged(), c.left())
	t.ending(working, c, stop, &crowd)
	if _, err := s.settled(ctx, t.Settle); err != nil {
		t.Say("%s: what is owed could not be read: %v", t.fault.Name, err)
	}
	if c.after != nil {
		c.after()
	}
	return ctx.Err()
}

// longest is how many times [Config.Settle] cases may take to end, however much still
// moves.
const longest = 6

// ending waits until the crowd has ended its cases. It stops the crowd when nothing
// has moved for as long as cases may settle: a slow machine is no reason to call a
// case that goes on unended.
func (t *trial) ending(ctx context.Context, c *crowd, stop func(), crowd *sync.WaitGroup) {
	began := time.Now()
	moved, at := c.moved(), began
	waiting, done := context.WithCancel(ctx)
	var watch sync.WaitGroup
	watch.Go(func() {
		for rest(waiting, time.Second) == nil {
			if n := c.moved(); n != moved {
				moved, at = n, time.Now()
			}
			if time.Since(at) > t.Settle || time.Since(began) > longest*t.Settle {
				stop()
			}
		}
	})
	crowd.Wait()
	done()
	watch.Wait()
}

// moved changes whenever a command was acknowledged or a case has ended.
func (c *crowd) moved() int64 { return int64(c.ledger.acknowledged()) + c.ended.Load() }

// describe adds to a row what the drivers saw.
func (c *crowd) describe(row *Row) {
	sent, tries := 0, 0
	for _, t := range c.ledger.all() {
		tries++
		sent += t.Sent
	}
	row.note("%d commands sent %d times", tries, sent)
	c.ledger.mu.Lock()
	defer c.ledger.mu.Unlock()
	for code, n := range c.ledger.codes {
		row.note("%d refused as %s", n, code)
	}
	for _, o := range c.ledger.odd {
		row.wrong("answer: %s", o)
	}
}
