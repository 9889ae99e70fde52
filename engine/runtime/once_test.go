package runtime_test

import (
	"context"
	"testing"
	"time"

	"lienthong/engine"
	"lienthong/engine/runtime"
)

// written is an instant that is written, but not always read again.
type written struct{ time.Time }

func (x written) MarshalJSON() ([]byte, error) {
	return x.AppendFormat([]byte{'"'}, time.RFC3339+`"`), nil
}

// An answer that cannot be written, or could not be read again, is an error of that call: nothing is done, nobody else
// who has a key waits for it, and the key answers when it is used again.
func TestAnswerThatCannotBeWritten(t *testing.T) {
	w := newWorld(t)
	by := runtime.Asked{Actor: operator, Key: "k", Digest: "d"}
	var v struct {
		At    time.Time
		Until written
	}
	done := 0
	once := func(at, until time.Time) error {
		return w.r.Once(t.Context(), by, &v, func(keep func() *engine.Answer) error {
			v.At, v.Until.Time = at, until
			a := keep()
			done++
			return w.store.Keep(context.Background(), *a)
		})
	}
	never := time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC) // RFC 3339 has no such year
	w.code(once(never, start), engine.Internal)
	w.code(once(start, never), engine.Internal)
	if done != 0 {
		t.Error("it was done all the same")
	}
	w.must(once(start, start))
	w.must(once(start.AddDate(1, 0, 0), start))
	if done != 1 || !v.At.Equal(start) {
		t.Errorf("done %d times, answered %v", done, v)
	}
}

// Who waits for the answer to a key under which something is being done waits no longer
// than its context; the key answers when that is done.
func TestWaitingForAKeyEndsWithItsContext(t *testing.T) {
	w := newWorld(t)
	by := runtime.Asked{Actor: operator, Key: "k", Digest: "d"}
	begun, goOn, over := make(chan struct{}), make(chan struct{}), make(chan error)
	var done, v int
	once := func(ctx context.Context, v *int) error {
		return w.r.Once(ctx, by, v, func(keep func() *engine.Answer) error {
			close(begun)
			<-goOn
			done++
			*v = 7
			return w.store.Keep(context.Background(), *keep())
		})
	}
	go func() { over <- once(context.Background(), &v) }()
	<-begun
	ctx, leave := context.WithCancel(t.Context())
	leave()
	var again int
	w.code(once(ctx, &again), engine.Unavailable)
	close(goOn)
	w.must(<-over)
	w.must(once(t.Context(), &again))
	if done != 1 || v != 7 || again != 7 {
		t.Errorf("done %d times, answered %d and %d", done, v, again)
	}
}
