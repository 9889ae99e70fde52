package replay

import (
	"context"
	"runtime"

	"lienthong/engine"
)

// Lister lists codes.
type Lister interface {
	Source
	// Cases lists codes of cases after a code, in order, at most limit.
	Cases(ctx context.Context, after string, limit int) ([]string, error)
}

// ahead bounds the cases under way.
const ahead = 64

// All compares every case of a source with its history, with as many workers as
// there are CPUs when workers is 0, and tells each result in the order of the
// codes, one at a time. It returns how many cases it saw.
func All(ctx context.Context, src Lister, workers int, each func(Result)) (int, error) {
	return inOrder(ctx, src, workers, func(code string) Result { return guarded(ctx, src, code) }, each)
}

// inOrder does something with every case, several at once, and tells what came of
// it in the order of the codes. What is under way is bounded.
func inOrder[T any](ctx context.Context, src Lister, workers int, do func(code string) T, each func(T)) (int, error) {
	if workers <= 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	ctx, stop := context.WithCancel(ctx)
	type job struct {
		code string
		came T
		done chan struct{}
	}
	order, work := make(chan *job, ahead), make(chan *job)
	listed := make(chan error, 1)
	go func() {
		defer close(order)
		defer close(work)
		listed <- list(ctx, src, func(code string) error {
			j := &job{code: code, done: make(chan struct{})}
			select {
			case order <- j:
			case <-ctx.Done():
				return ctx.Err()
			}
			work <- j // a worker always takes it
			return nil
		})
	}()
	for range workers {
		go func() {
			for j := range work {
				j.came = do(j.code)
				close(j.done)
			}
		}()
	}
	n := 0
	for j := range order {
		<-j.done
		if ctx.Err() == nil {
			n++
			each(j.came)
		}
	}
	stop()
	return n, <-listed
}

// guarded compares a case; damaged data that makes no sense fails that case only.
func guarded(ctx context.Context, src Source, code string) (r Result) {
	defer func() {
		if p := recover(); p != nil {
			r = Result{Case: code, Err: refuse(engine.CorruptHistory, "replay.compare", code,
				"Lịch sử không hợp lệ: %v", "the history makes no sense: %v", p)}
		}
	}()
	return Compare(ctx, src, code)
}

func list(ctx context.Context, src Lister, see func(code string) error) error {
	for after := ""; ; {
		codes, err := src.Cases(ctx, after, page)
		if err != nil {
			return err
		}
		for _, code := range codes {
			if err := see(code); err != nil {
				return err
			}
		}
		if len(codes) < page {
			return ctx.Err()
		}
		after = codes[len(codes)-1]
	}
}
