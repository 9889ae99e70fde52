package system

import (
	"context"
	"encoding/hex"
	"time"

	"lienthong/engine"
	"lienthong/store/rowenc"
)

// Keep says how long what may be forgotten is kept. Zero keeps it for ever.
type Keep struct {
	Answers     time.Duration // stored answers to commands: until then a repetition gets the same answer
	Deliveries  time.Duration // after a registry answered
	Sessions    time.Duration // after they ended
	Prefills    time.Duration // what registers knew when a form was opened
	Drafts      time.Duration // after they were last changed
	Checkpoints time.Duration // between two notes of where every history ends; 0 = none are made
}

const (
	houseEvery = time.Hour              // between two rounds
	houseBatch = 200                    // rows of each kind in one transaction
	housePause = 100 * time.Millisecond // between two of them, for those who wait to commit
)

// keepHouse deletes what is old enough and notes where histories end, until ctx ends.
func (s *System) keepHouse(ctx context.Context) {
	if s.keep == (Keep{}) {
		return
	}
	for wait := time.Minute; ; wait = houseEvery { // what a start has to do comes first
		if !passes(ctx, wait) {
			return
		}
		if err := s.House(ctx); err != nil && ctx.Err() == nil {
			s.log.Error("retention", "error", err)
		}
	}
}

// passes waits; false when ctx ended first.
func passes(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// House does one round: a checkpoint when it is time for one, then small deletes
// until nothing is old enough.
func (s *System) House(ctx context.Context) error {
	if err := s.noteHeads(ctx); err != nil {
		return err
	}
	h := s.keep.horizon(s.Clock.Now(), time.Now())
	var sum engine.Pruned
	for {
		p, err := s.Store.Prune(ctx, h, houseBatch)
		if err != nil {
			return err
		}
		sum = add(sum, p)
		if max(p.Deliveries, p.Answers, p.Sessions, p.Prefills, p.Drafts) < houseBatch {
			break
		}
		if !passes(ctx, housePause) {
			break
		}
	}
	if sum.Sum() > 0 {
		s.log.Info("old rows deleted", "deliveries", sum.Deliveries, "answers", sum.Answers, "sessions", sum.Sessions, "prefills", sum.Prefills, "drafts", sum.Drafts)
	}
	return nil
}

func add(a, b engine.Pruned) engine.Pruned {
	return engine.Pruned{Deliveries: a.Deliveries + b.Deliveries, Answers: a.Answers + b.Answers, Sessions: a.Sessions + b.Sessions,
		Prefills: a.Prefills + b.Prefills, Drafts: a.Drafts + b.Drafts}
}

// horizon is from when on rows are kept: dates of cases go by the business clock,
// those of the exchange and of sessions by the wall clock.
func (k Keep) horizon(business, wall time.Time) engine.Horizon {
	before := func(now time.Time, d time.Duration) time.Time {
		if d <= 0 {
			return time.Time{}
		}
		return now.Add(-d)
	}
	return engine.Horizon{Deliveries: before(wall, k.Deliveries), Answers: before(business, k.Answers), Sessions: before(wall, k.Sessions),
		Prefills: before(business, k.Prefills), Drafts: before(business, k.Drafts)}
}

// noting is a store that can note where every history ends.
type noting interface {
	Checkpoint(ctx context.Context, at time.Time) (rowenc.Checkpoint, error)
	NewestCheckpoint(ctx context.Context) (rowenc.Checkpoint, error)
}

// noteHeads makes a checkpoint when the last one is old enough. Its hash goes to the
// log: who keeps the log elsewhere can tell later whether a history was cut.
func (s *System) noteHeads(ctx context.Context) error {
	n, ok := s.Store.(noting)
	if !ok || s.keep.Checkpoints <= 0 {
		return nil
	}
	last, err := n.NewestCheckpoint(ctx)
	if err != nil {
		return err
	}
	now := time.Now()
	if last.N > 0 && now.Sub(rowenc.Time(last.At)) < s.keep.Checkpoints {
		return nil
	}
	c, err := n.Checkpoint(ctx, now)
	if err != nil {
		return err
	}
	s.log.Info("checkpoint", "n", c.N, "hash", hex.EncodeToString(c.Hash), "cases", c.Cases, "entries", c.Entries)
	return nil
}
