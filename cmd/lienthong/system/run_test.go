package system

import (
	"context"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"lienthong/engine"
	"lienthong/engine/machine"
	"lienthong/engine/runtime"
	"lienthong/store/memory"
)

// asked tells which of the rounds that only Run begins have reached the store.
type asked struct {
	engine.Store
	prune, project, due chan struct{}
}

func told(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

func (a asked) Prune(ctx context.Context, h engine.Horizon, limit int) (engine.Pruned, error) {
	told(a.prune)
	return a.Store.Prune(ctx, h, limit)
}

func (a asked) Project(ctx context.Context, limit int) (int, error) {
	told(a.project)
	return a.Store.Project(ctx, limit)
}

func (a asked) Due(ctx context.Context, now time.Time, limit int) ([]string, error) {
	told(a.due)
	return a.Store.Due(ctx, now, limit)
}

// Run begins everything that goes on beside the requests: what is left out of it would
// be missed by nobody for weeks. The time that passes is the bubble's.
func TestRunBeginsAllThatGoesOnBeside(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := asked{memory.New(), make(chan struct{}, 1), make(chan struct{}, 1), make(chan struct{}, 1)}
		defer store.Close() //nolint:errcheck // in memory
		rt, err := runtime.New(runtime.Config{Store: store, Definitions: machine.NewLive(&machine.Set{}, nil), Exchange: &exchange{}})
		if err != nil {
			t.Fatal(err)
		}
		s := &System{Store: store, Runtime: rt, Clock: runtime.SystemClock{}, keep: Keep{Answers: time.Hour}, log: slog.New(slog.DiscardHandler), failed: make(chan error)}
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- s.Run(ctx) }()
		for what, begun := range map[string]chan struct{}{"house-keeping": store.prune, "the sums of indicators": store.project, "timers": store.due} {
			select {
			case <-begun:
			case <-time.After(2 * houseEvery):
				t.Errorf("Run does not begin %s", what)
			}
		}
		cancel()
		if err := <-ended; err != nil {
			t.Fatal(err)
		}
	})
}
