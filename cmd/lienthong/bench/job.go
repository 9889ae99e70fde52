package bench

import (
	"context"
	"fmt"
	"time"

	"lienthong/engine"
)

// desks is how people reach the system: in process, or over HTTP.
type desks interface {
	// file files the job's application; the snapshot is of the case it opened.
	file(ctx context.Context, k *job) (code string, s *snapshot, err error)
	// act opens the case as somebody and takes an action under the version seen;
	// took is the time from the command to its durable answer.
	act(ctx context.Context, k *job, d deed, account string) (opened, took time.Duration, err error)
}

// job is one case being carried.
type job struct {
	course *course
	n      int // which child
	family family
	app    map[string]any
	code   string
}

// driver carries one case at a time.
type driver struct {
	course *course
	desks  desks
	store  *watched

	filings, opens, staff, citizens, whole []time.Duration
}

// patience is how long a case may take; errStuck is what is said then.
const patience = 2 * time.Minute

var errStuck = fmt.Errorf("nothing happened for so long that the case must be stuck (%s)", patience)

// carry takes one case from filing to its last deed.
func (d *driver) carry(ctx context.Context, n int) error {
	ctx, cancel := context.WithTimeoutCause(ctx, patience, errStuck)
	defer cancel()
	k := &job{course: d.course, n: n, family: familyOf(n)}
	k.app = d.course.application(n, k.family)
	began := time.Now()
	code, first, err := d.desks.file(ctx, k)
	if err != nil {
		return fmt.Errorf("filing case %d: %w", n, err)
	}
	d.filings = append(d.filings, time.Since(began))
	k.code = code
	w := d.store.follow(code, first)
	defer d.store.forget(code)
	if err := d.play(ctx, k, w); err != nil {
		return fmt.Errorf("case %d, %s: %w", n, code, err)
	}
	d.whole = append(d.whole, time.Since(began))
	return nil
}

func (d *driver) play(ctx context.Context, k *job, w *watch) error {
	for _, x := range d.course.first {
		if err := d.turn(ctx, k, w, x); err != nil {
			return err
		}
	}
	if err := d.sideBySide(ctx, k, w); err != nil {
		return err
	}
	if _, err := w.until(ctx, func(s *snapshot) bool { return s.ended }); err != nil {
		return err
	}
	for _, x := range d.course.last {
		if err := d.turn(ctx, k, w, x); err != nil {
			return err
		}
	}
	s, err := w.until(ctx, func(s *snapshot) bool { return s.ended })
	if err == nil && s.outcome != engine.Completed {
		err = fmt.Errorf("ended %s", s.outcome)
	}
	return err
}

// turn waits for somebody's turn and acts as them.
func (d *driver) turn(ctx context.Context, k *job, w *watch, x deed) error {
	s, err := w.until(ctx, func(s *snapshot) bool { return s.states[x.step] == x.state })
	if err != nil {
		return fmt.Errorf("waiting for %s to be %s: %w", x.step, x.state, err)
	}
	return d.do(ctx, k, x, s)
}

func (d *driver) do(ctx context.Context, k *job, x deed, s *snapshot) error {
	account, times := x.by+"."+s.offices[x.step], &d.staff
	switch x.by {
	case byApplicant:
		account, times = k.family.father.ID, &d.citizens
	case byHead:
		account, times = k.family.head.ID, &d.citizens
	}
	opened, took, err := d.desks.act(ctx, k, x, account)
	if err != nil {
		return fmt.Errorf("%s takes %s on %s: %w", account, x.action, x.step, err)
	}
	d.opens, *times = append(d.opens, opened), append(*times, took)
	return nil
}

// sideBySide does whatever is somebody's turn in any branch until all are done.
func (d *driver) sideBySide(ctx context.Context, k *job, w *watch) error {
	branches := d.course.branches
	next := make([]int, len(branches))
	left := 0
	for _, b := range branches {
		left += len(b)
	}
	turn := func(s *snapshot) int {
		for i, b := range branches {
			if next[i] < len(b) && s.states[b[next[i]].step] == b[next[i]].state {
				return i
			}
		}
		return -1
	}
	for ; left > 0; left-- {
		s, err := w.until(ctx, func(s *snapshot) bool { return turn(s) >= 0 })
		if err != nil {
			return fmt.Errorf("waiting in the branches at %v: %w", next, err)
		}
		i := turn(s)
		if err := d.do(ctx, k, branches[i][next[i]], s); err != nil {
			return err
		}
		next[i]++
	}
	return nil
}
