package sqlite

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/mattn/go-sqlite3"

	"lienthong/store/rowenc"
)

// job is one call that waits for the writer.
type job struct {
	ctx    context.Context // only asked whether the caller has gone
	op     string
	lane   string
	size   int
	append []*change           // an Append, or
	ready  []*PreparedChange   // one that was prepared before, or
	settle *settling           // what became of a delivery, or
	access *rowenc.AccessRow   // a line of the access log, or
	run    func(*writer) error // anything else, run between savepoints
	queued func()              // called when it has its place in line; nil = nothing
	after  func()              // called when it may have been committed, before the answer; nil = nothing
	done   chan error          // takes one answer

	err   error // of this call, known before the commit
	swift bool  // it was written without reading first
}

// submit queues a call and waits for its answer, or until the caller goes.
func (s *Store) submit(j *job) error {
	j.done = make(chan error, 1)
	if err := j.ctx.Err(); err != nil {
		return rowenc.Unknown(j.op, err)
	}
	if err := s.halted(); err != nil {
		return err
	}
	if err := s.queue.push(j); err != nil {
		return err
	}
	if j.queued != nil {
		j.queued()
	}
	select {
	case err := <-j.done:
		return err
	case <-j.ctx.Done():
		return rowenc.Unknown(j.op, j.ctx.Err())
	}
}

// do runs a function in the writer and returns what it made.
func do[T any](ctx context.Context, s *Store, op string, f func(*writer) (T, error)) (T, error) {
	var out T
	err := s.submit(&job{ctx: ctx, op: op, lane: laneSystem, run: func(w *writer) (err error) {
		out, err = f(w)
		return err
	}})
	if err != nil {
		var zero T // out may still be written to: the caller may have gone first
		return zero, err
	}
	return out, nil
}

// exec runs a function in the writer.
func exec(ctx context.Context, s *Store, op string, f func(*writer) error) error {
	return s.submit(&job{ctx: ctx, op: op, lane: laneDesk, run: f})
}

// keeping is exec for something that belongs to somebody and takes so many bytes: it
// waits behind what else is theirs.
func (s *Store) keeping(ctx context.Context, op, owner string, size int, f func(*writer) error) error {
	return s.submit(&job{ctx: ctx, op: op, lane: laneDesk + owner, size: size, run: f})
}

// writer is the one goroutine that writes, with its connection.
type writer struct {
	*conn
	store    *Store
	files    files                     // what is open, to notice when it is moved away
	versions map[rowenc.Versions]int64 // those that are committed
	fresh    map[rowenc.Versions]int64 // those of this transaction
	router   *router                   // what the calls of this transaction left
	counted  []counted                 // what its settlements add to the sums of their days
	copyAt   int64                     // pages in the log from which it is to be copied back
}

// run takes jobs until the queue is closed and empty.
func (w *writer) run() {
	defer close(w.store.done)
	for {
		jobs := w.store.queue.next(&w.store.cfg)
		if len(jobs) == 0 {
			return
		}
		w.batch(&jobs)
		w.store.queue.last = len(jobs)
		w.store.company.Store(len(jobs) >= company)
		w.tidyLog()
	}
}

// batch commits the jobs together, and those that come while they are written; when
// that cannot be done, each alone.
func (w *writer) batch(jobs *[]*job) {
	err := w.store.halted()
	if err != nil {
		answer(*jobs, err)
		return
	}
	err = w.together(jobs, true)
	if errors.Is(err, errNotSwift) {
		err = w.together(jobs, false)
	}
	if err == nil || isUnknown(err) || len(*jobs) == 1 {
		answer(*jobs, err)
		return
	}
	w.store.log.Warn("sqlite: transaction rolled back; its calls run alone", "calls", len(*jobs), "err", err)
	for _, j := range *jobs {
		j.answer(w.together(&[]*job{j}, false))
	}
}

// answer tells all callers of a transaction, people first: who is told first goes on
// first, and there are as many deliveries as there are people. Those can wait.
func answer(jobs []*job, err error) {
	for _, delivered := range []bool{false, true} {
		for _, j := range jobs {
			if j.delivery() == delivered {
				j.answer(err)
			}
		}
	}
}

// delivery tells whether nobody but the relay waits for the call.
func (j *job) delivery() bool {
	return j.lane == laneSystem || len(j.append) > 0 && len(j.append[0].Settled) > 0
}

// answer tells the caller: the transaction's error, or else the call's own.
func (j *job) answer(err error) {
	if err == nil {
		err = j.err
	}
	if j.after != nil {
		j.after()
	}
	j.done <- failure(j.op, "", err)
}

// together runs the jobs in one transaction, swiftly those that can be, with care
// the others. Going swiftly it takes in what comes meanwhile. An error means that it
// was rolled back, or that its outcome is unknown; a job's own refusal is kept in the
// job.
func (w *writer) together(jobs *[]*job, swiftly bool) (err error) {
	began, begun := time.Now(), false
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v", p)
		}
		if err != nil && begun {
			w.rollback(*jobs)
		}
		w.store.judge(err)
	}()
	if err := w.exec(`BEGIN IMMEDIATE`); err != nil {
		return err
	}
	begun = true
	clear(w.fresh)
	w.counted = w.counted[:0]
	w.router = newRouter()
	for done := 0; done < len(*jobs); {
		now := (*jobs)[done:]
		done = len(*jobs)
		if err := w.write(now, swiftly); err != nil {
			return err
		}
		if swiftly {
			*jobs = w.store.queue.more(*jobs, began, &w.store.cfg)
		}
	}
	if err := w.countAll(); err != nil {
		return err
	}
	if err := w.logAll(*jobs); err != nil {
		return err
	}
	if err := w.commit(); err != nil {
		return err
	}
	err = protected(func() error {
		w.store.counted.add(*jobs, time.Since(began))
		w.remember(*jobs)
		return nil
	})
	if err != nil { // it stands all the same; what was to be known of it is read again
		w.store.log.Error("sqlite: after a commit", "err", err)
		w.forget(*jobs)
	}
	return nil
}

// write runs some jobs of the transaction, Appends first.
func (w *writer) write(jobs []*job, swiftly bool) (err error) {
	for _, j := range jobs {
		j.err, j.swift = nil, false
	}
	if err := w.appendAll(jobs, swiftly); err != nil {
		return err
	}
	for _, j := range jobs {
		switch {
		case j.settle != nil:
			err = w.settleOne(j)
		case j.run != nil:
			err = w.guarded(j, func() error { return j.run(w) })
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// commit makes it durable. After a failure nobody knows.
func (w *writer) commit() error {
	commit := func() error { return w.exec(`COMMIT`) }
	var err error
	if h := w.store.cfg.Hooks.Commit; h != nil {
		err = h(commit)
	} else {
		err = commit()
	}
	if err != nil {
		w.store.log.Error("sqlite: commit failed", "err", err)
		return rowenc.Unknown("store.commit", err)
	}
	return w.still()
}

// remember tells the cache what was committed.
func (w *writer) remember(jobs []*job) {
	for v, id := range w.fresh {
		w.versions[v] = id
	}
	for _, j := range jobs {
		if j.err != nil {
			continue
		}
		for _, c := range j.append {
			w.store.cache.put(c.after)
			w.store.recent.put(c)
			w.store.binder.note(c)
		}
	}
}

// forget drops the cases that the jobs are about.
func (w *writer) forget(jobs []*job) {
	for _, j := range jobs {
		for _, c := range j.append {
			w.store.cache.drop(c.code())
		}
	}
}

// rollback ends the transaction, if it is still there. What it would have changed
// is no longer known.
func (w *writer) rollback(jobs []*job) {
	w.forget(jobs)
	if err := w.exec(`ROLLBACK`); err != nil {
		w.store.log.Debug("sqlite: nothing to roll back", "err", err)
	}
}

// guarded runs a part of a job between savepoints. It returns an error only when
// the transaction itself is lost.
func (w *writer) guarded(j *job, f func() error) error {
	if err := j.ctx.Err(); err != nil {
		j.err = rowenc.Unknown(j.op, err)
		return nil
	}
	if err := w.exec(`SAVEPOINT job`); err != nil {
		return err
	}
	before := len(w.counted)
	if j.err = protected(f); j.err != nil {
		w.counted = w.counted[:before]
		if broken(j.err) {
			return j.err // nothing of this transaction can be committed
		}
		if err := w.exec(`ROLLBACK TO job`); err != nil {
			return errors.Join(j.err, err) // a disk that fails ends the whole transaction
		}
	}
	return w.exec(`RELEASE job`)
}

// protected turns a panic into an error.
func protected(f func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	return f()
}

// failure turns what the driver says into an engine.Error; an engine.Error
// passes through.
func failure(op, code string, err error) error {
	var e sqlite3.Error
	switch {
	case err == nil:
		return nil
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		if isUnknown(err) {
			return err
		}
		return rowenc.Busy(op, err)
	case errors.As(err, &e):
		switch e.Code {
		case sqlite3.ErrBusy, sqlite3.ErrLocked, sqlite3.ErrFull, sqlite3.ErrIoErr, sqlite3.ErrCantOpen, sqlite3.ErrReadonly, sqlite3.ErrInterrupt:
			if !isUnknown(err) {
				return rowenc.Busy(op, err)
			}
		case sqlite3.ErrCorrupt, sqlite3.ErrNotADB:
			if !isUnknown(err) {
				return rowenc.Corrupt(op, code, 0, err.Error())
			}
		case sqlite3.ErrConstraint:
			if !isUnknown(err) {
				return rowenc.Bad(op, "%w", err)
			}
		}
	}
	return rowenc.Defect(op, code, err)
}
