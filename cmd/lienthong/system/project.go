package system

import (
	"context"
	"time"

	"lienthong/engine"
)

// The projector's pace: a look every few seconds, and steps with the writer's other work
// between them while there is something to count.
const (
	projectEvery = 3 * time.Second
	projectStep  = 12_000 // entries: of one case there are many, and it is counted once in a step; so is each sum
)

// Project keeps the sums that indicators read near the cases, until ctx ends. A read
// brings them up to date itself; this keeps it from having much to do. What goes wrong is
// told, and tried again.
func Project(ctx context.Context, store engine.Store, failed func(error)) {
	tick := time.NewTicker(projectEvery)
	defer tick.Stop()
	for {
		for ctx.Err() == nil {
			n, err := store.Project(ctx, projectStep)
			if err != nil && ctx.Err() == nil && engine.CodeOf(err) != engine.StaleVersion {
				failed(err)
			}
			if err != nil || n < projectStep {
				break
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}
