package runtime

import (
	"context"
	"encoding/hex"
	"fmt"
	"sync"
	"time"

	"lienthong/engine"
	"lienthong/engine/calendar"
)

// codes hands out numbers from blocks reserved per unit and day, so that filing
// waits on the store's counter once in a while only. A unit's blocks double
// through the day, up to growth times the first: a busy one waits rarely, a quiet
// one leaves small gaps. What a stopped process had left is lost: numbers have
// gaps and are never given twice.
type codes struct {
	store engine.Cases
	size  int // of a unit's first block of a day

	mu     sync.Mutex
	day    string // of the blocks below; older ones are dropped
	blocks map[string]*block
}

const growth = 16

type block struct {
	mu         sync.Mutex
	next, left int
	size       int // of the block reserved last
}

// take returns the first of n consecutive numbers of a unit and day.
func (c *codes) take(ctx context.Context, unit, day string, n int) (int, error) {
	b := c.block(unit, day)
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.left < n {
		size := max(n, c.size, min(2*b.size, growth*c.size))
		first, err := c.store.Codes(ctx, unit, day, size)
		if err != nil {
			return 0, err
		}
		b.next, b.left, b.size = first, size, size
	}
	first := b.next
	b.next, b.left = b.next+n, b.left-n
	return first, nil
}

func (c *codes) block(unit, day string) *block {
	c.mu.Lock()
	defer c.mu.Unlock()
	if day > c.day {
		c.day = day
		clear(c.blocks)
	}
	key := unit + "/" + day
	b := c.blocks[key]
	if b == nil {
		b = &block{}
		c.blocks[key] = b
	}
	return b
}

// allocate gives a case (unless it has its code) and its steps their codes:
// {office prefix}-{yyMMdd}-{number of at least four digits}.
func (r *Runtime) allocate(ctx context.Context, office engine.Office, now time.Time, withCase bool, steps []*engine.Step) (engine.Codes, error) {
	day := now.In(calendar.Zone).Format("060102")
	n := len(steps)
	if withCase {
		n++
	}
	next, err := r.codes.take(ctx, office.Prefix, day, n)
	if err != nil {
		return engine.Codes{}, err
	}
	code := func() string {
		s := fmt.Sprintf("%s-%s-%04d", office.Prefix, day, next)
		next++
		return s
	}
	out := engine.Codes{Steps: make(map[string]string, len(steps))}
	if withCase {
		out.Case = code()
		seed, err := r.draw(16)
		if err != nil {
			return out, err
		}
		out.Seed = hex.EncodeToString(seed)
	}
	for _, s := range steps {
		out.Steps[s.ID] = code()
	}
	return out, nil
}

// reception finds the office that receives the application of a service.
func (r *Runtime) reception(svc *engine.Service, vars engine.Vars, now time.Time) (engine.Office, error) {
	st := svc.Step(svc.Reception)
	if st == nil && len(svc.Steps) > 0 {
		st = svc.Steps[0]
	}
	if st == nil {
		return engine.Office{}, &engine.Error{Code: engine.Internal, Op: "runtime.reception", Err: fmt.Errorf("service %s has no step", svc.ID)}
	}
	v, err := st.At.Eval(vars)
	unit, _ := v.(string)
	if err == nil {
		if o, ok := r.defs.Office(st.Procedure.Agency, unit, now); ok {
			return o, nil
		}
	}
	e := engine.Fail(engine.Precondition,
		fmt.Sprintf("Không có cơ quan tiếp nhận cho địa bàn %q", unit),
		fmt.Sprintf("no office receives applications for unit %q", unit))
	e.Op, e.Err = "runtime.reception", err
	return engine.Office{}, e
}
