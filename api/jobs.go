package api

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"sync"
	"time"

	"lienthong/engine"
)

// Of each kind of job one runs at a time, none longer than this, and so many are kept
// until the process ends.
const (
	longestJob = 10 * time.Minute
	keptJobs   = 5
)

// JobState is how a job stands.
type JobState struct {
	ID     string `json:"id"`
	Status string `json:"status" enum:"running,done,failed,cancelled"`
	Error  string `json:"error,omitempty"`
	Report Object `json:"report,omitempty" doc:"As the command of the same name writes it with --json"`
}

func (s *JobState) state() *JobState { return s }

// jobView is what is told of a job: its state, what was ordered, how far it is.
type jobView[V any] interface {
	*V
	state() *JobState
}

// jobs are those of one kind that ran, and the one that runs.
type jobs[V any, P jobView[V]] struct {
	busy engine.Text // said when one runs already
	mu   sync.Mutex
	last int
	kept []*job[V]
}

type job[V any] struct {
	view V
	stop context.CancelFunc
}

// start begins a job, which outlives the request; run tells by tell how far it is.
// WrongState while another one runs.
func (all *jobs[V, P]) start(ctx context.Context, view V, run func(ctx context.Context, tell func(func(P))) (any, error)) (V, error) {
	all.mu.Lock()
	defer all.mu.Unlock()
	for _, x := range all.kept {
		if s := P(&x.view).state(); s.Status == "running" {
			return view, engine.Fail(engine.WrongState, all.busy.VI+" "+s.ID, all.busy.EN+" "+s.ID)
		}
	}
	all.last++
	*P(&view).state() = JobState{ID: strconv.Itoa(all.last), Status: "running"}
	ctx, stop := context.WithTimeout(context.WithoutCancel(ctx), longestJob)
	x := &job[V]{view, stop}
	all.kept = append(all.kept[max(len(all.kept)+1-keptJobs, 0):], x)
	go all.play(ctx, x, run)
	return x.view, nil
}

// play runs a job and keeps what it came to.
func (all *jobs[V, P]) play(ctx context.Context, x *job[V], run func(context.Context, func(func(P))) (any, error)) {
	defer x.stop()
	report, err := run(ctx, func(change func(P)) {
		all.mu.Lock()
		defer all.mu.Unlock()
		change(&x.view)
	})
	var shown Object
	if err == nil {
		shown, err = plainObject(report)
	}
	all.mu.Lock()
	defer all.mu.Unlock()
	s := P(&x.view).state()
	switch {
	case err == nil:
		s.Status, s.Report = "done", shown
	case errors.Is(err, context.Canceled):
		s.Status = "cancelled"
	default:
		s.Status, s.Error = "failed", err.Error()
	}
}

// list tells those that are kept, newest first, without their reports.
func (all *jobs[V, P]) list() []V {
	all.mu.Lock()
	defer all.mu.Unlock()
	out := []V{}
	for _, x := range slices.Backward(all.kept) {
		v := x.view
		P(&v).state().Report = nil
		out = append(out, v)
	}
	return out
}

// find returns a job that is kept. NotFound.
func (all *jobs[V, P]) find(id string) (V, context.CancelFunc, error) {
	all.mu.Lock()
	defer all.mu.Unlock()
	for _, x := range all.kept {
		if P(&x.view).state().ID == id {
			return x.view, x.stop, nil
		}
	}
	var none V
	return none, nil, notFound()
}

// stop ends a job; NotFound.
func (all *jobs[V, P]) stop(id string) error {
	_, stop, err := all.find(id)
	if err == nil {
		stop()
	}
	return err
}
