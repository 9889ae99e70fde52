package bench

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
)

// errDone ends the sharing of work without a failure.
var errDone = errors.New("no more")

// sharing lets a number of workers take the numbers from 0 below n in turn. The
// first error stops all and is returned; errDone stops the handing out only.
func sharing(ctx context.Context, workers, n int, work func(ctx context.Context, worker, i int) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var next, over atomic.Int64
	var wg sync.WaitGroup
	for w := range min(workers, n) {
		wg.Go(func() {
			for ctx.Err() == nil && over.Load() == 0 {
				i := int(next.Add(1)) - 1
				if i >= n {
					return
				}
				switch err := work(ctx, w, i); {
				case errors.Is(err, errDone):
					over.Store(1)
				case err != nil:
					cancel(err)
				}
			}
		})
	}
	wg.Wait()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return nil
}
