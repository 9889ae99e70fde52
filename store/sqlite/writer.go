package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/mattn/go-sqlite3"

	"lienthong/store/rowenc"
)

// job is one call that waits for the writer.
type job struct {
	ctx     context.Context // only asked whether the caller has gone
	op      string
	changes []*rowenc.Change    // an Append, or
	access  *rowenc.AccessRow   // a line of the access log, or
	run     func(*writer) error // anything else, run between savepoints
	size    int
	done    chan error // takes one answer

	err error // of this call, known before the commit
}

// submit queues a call and waits for its answer, or until the caller goes.
func (s *Store) submit(j *job) error {
	j.done = make(chan error, 1)
	if err := s.enqueue(j); err != nil {
		return err
	}
	select {
	case err := <-j.done:
		return err
	case <-j.ctx.Done():
		return rowenc.Unknown(j.op, j.ctx.Err())
	}
}

func (s *Store) enqueue(j *job) error {
	if err := j.ctx.Err(); err != nil {
		return rowenc.Unknown(j.op, err)
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.closed {
		return rowenc.Busy(j.op, errClosed)
	}
	select {
	case s.queue <- j:
		return nil
	default:
		return rowenc.Busy(j.op, errors.New("the writer's queue is full"))
	}
}

// do runs a function in the writer and returns what it made.
func do[T any](ctx context.Context, s *Store, op string, f func(*writer) (T, error)) (T, error) {
	var out T
	err := s.submit(&job{ctx: ctx, op: op, run: func(w *writer) (err error) {
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
	return s.submit(&job{ctx: ctx, op: op, run: f})
}

// writer is the one goroutine that writes, with its connection.
type writer struct {
	store *Store
	conn  *sql.Conn
	stmts map[string]*sql.Stmt

	inserts map[insertOf]string
}

// insertOf names the text of a multi-row INSERT.
type insertOf struct {
	head string
	rows int
}

// run takes jobs until the queue is closed and empty.
func (w *writer) run() {
	defer close(w.store.done)
	defer w.conn.Close()
	for first := range w.store.queue {
		w.batch(w.gather(first))
	}
	for _, st := range w.stmts {
		_ = st.Close()
	}
}

// gather collects what waits, bounded by count, bytes and time.
func (w *writer) gather(first *job) []*job {
	cfg := w.store.cfg
	jobs, size := []*job{first}, first.size
	var over <-chan time.Time
	if cfg.Linger > 0 {
		t := time.NewTimer(cfg.Linger)
		defer t.Stop()
		over = t.C
	}
	for len(jobs) < cfg.MaxBatch && size < cfg.MaxBatchBytes {
		j, ok := w.next(over)
		if !ok {
			break
		}
		jobs, size = append(jobs, j), size+j.size
	}
	return jobs
}

// next takes a waiting job; with a time it waits for one.
func (w *writer) next(over <-chan time.Time) (*job, bool) {
	if over == nil {
		select {
		case j, ok := <-w.store.queue:
			return j, ok
		default:
			return nil, false
		}
	}
	select {
	case j, ok := <-w.store.queue:
		return j, ok
	case <-over:
		return nil, false
	}
}

// batch commits the jobs together; when that cannot be done, each alone.
func (w *writer) batch(jobs []*job) {
	err := w.together(jobs)
	if err == nil || isUnknown(err) || len(jobs) == 1 {
		for _, j := range jobs {
			j.answer(err)
		}
		return
	}
	w.store.log.Warn("sqlite: transaction rolled back; its calls run alone", "calls", len(jobs), "err", err)
	for _, j := range jobs {
		j.answer(w.together([]*job{j}))
	}
}

// answer tells the caller: the transaction's error, or else the call's own.
func (j *job) answer(err error) {
	if err == nil {
		err = j.err
	}
	j.done <- failure(j.op, "", err)
}

// together runs the jobs in one transaction. An error means that it was rolled
// back, or that its outcome is unknown; a job's own refusal is kept in the job.
func (w *writer) together(jobs []*job) (err error) {
	began, begun := time.Now(), false
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v", p)
		}
		if err != nil && begun {
			w.rollback()
		}
	}()
	if err := w.exec(`BEGIN IMMEDIATE`); err != nil {
		return err
	}
	begun = true
	for _, j := range jobs {
		j.err = nil
	}
	if err := w.appendAll(jobs); err != nil {
		return err
	}
	for _, j := range jobs {
		if j.run == nil {
			continue
		}
		if err := w.guarded(j); err != nil {
			return err
		}
	}
	if err := w.logAll(jobs); err != nil {
		return err
	}
	if err := w.commit(); err != nil {
		return err
	}
	w.store.counted.add(jobs, time.Since(began))
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
	return nil
}

// rollback ends the transaction, if it is still there.
func (w *writer) rollback() {
	if err := w.exec(`ROLLBACK`); err != nil {
		w.store.log.Debug("sqlite: nothing to roll back", "err", err)
	}
}

// guarded runs a job between savepoints. It returns an error only when the
// transaction itself is lost.
func (w *writer) guarded(j *job) error {
	if err := j.ctx.Err(); err != nil {
		j.err = rowenc.Unknown(j.op, err)
		return nil
	}
	if err := w.exec(`SAVEPOINT job`); err != nil {
		return err
	}
	if j.err = w.protected(j); j.err != nil {
		if err := w.exec(`ROLLBACK TO job`); err != nil {
			return err
		}
	}
	return w.exec(`RELEASE job`)
}

// protected turns a panic of the job into its error.
func (w *writer) protected(j *job) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	return j.run(w)
}

// stmt returns the prepared statement of a query.
func (w *writer) stmt(q string) (*sql.Stmt, error) {
	if st, ok := w.stmts[q]; ok {
		return st, nil
	}
	st, err := w.conn.PrepareContext(context.Background(), w.store.seen(q))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", q, err)
	}
	w.stmts[q] = st
	return st, nil
}

func (w *writer) exec(q string, args ...any) error {
	_, err := w.changed(q, args...)
	return err
}

// changed runs a statement and tells how many rows it touched.
func (w *writer) changed(q string, args ...any) (int64, error) {
	st, err := w.stmt(q)
	if err != nil {
		return 0, err
	}
	res, err := st.ExecContext(context.Background(), args...)
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}

// each runs a query and calls a function for every row.
func (w *writer) each(q string, args []any, scan func(*sql.Rows) error) error {
	st, err := w.stmt(q)
	if err != nil {
		return err
	}
	rows, err := st.QueryContext(context.Background(), args...)
	if err != nil {
		return err
	}
	return walk(rows, scan)
}

// one runs a query of one row; sql.ErrNoRows when there is none.
func (w *writer) one(q string, args []any, dest ...any) error {
	st, err := w.stmt(q)
	if err != nil {
		return err
	}
	return st.QueryRowContext(context.Background(), args...).Scan(dest...)
}

// insert writes rows with as few statements as it can.
func (w *writer) insert(t table, rows [][]any) error {
	for len(rows) > 0 {
		n := chunk(len(rows), t.cols)
		args := make([]any, 0, n*t.cols)
		for _, r := range rows[:n] {
			args = append(args, r...)
		}
		if err := w.exec(w.text(t, n), args...); err != nil {
			return err
		}
		rows = rows[n:]
	}
	return nil
}

// text is the INSERT of n rows, made once.
func (w *writer) text(t table, n int) string {
	k := insertOf{t.head, n}
	q, ok := w.inserts[k]
	if !ok {
		q = t.head + tuples(n, t.cols) + t.tail
		w.inserts[k] = q
	}
	return q
}

// among runs a query whose text ends in IN and a list, for all keys; the list is
// padded with the last key, so that few statements are prepared.
func (w *writer) among(q string, keys []string, scan func(*sql.Rows) error) error {
	for len(keys) > 0 {
		n := padded(len(keys))
		args := make([]any, n)
		for i := range args {
			args[i] = keys[min(i, len(keys)-1)]
		}
		if err := w.each(q+list(n), args, scan); err != nil {
			return err
		}
		keys = keys[min(n, len(keys)):]
	}
	return nil
}

// walk reads all rows.
func walk(rows *sql.Rows, scan func(*sql.Rows) error) error {
	defer rows.Close()
	for rows.Next() {
		if err := scan(rows); err != nil {
			return err
		}
	}
	return rows.Err()
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
