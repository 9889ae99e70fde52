package bench

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/mattn/go-sqlite3"
)

// Ceiling B is a group-commit writer with nothing around it: for every command
// one row of history and one row that says where the case stands, with the check
// that nobody was faster. It is what any engine on SQLite must at least write.

const bareSchema = `
CREATE TABLE history (case_code TEXT NOT NULL, step INTEGER NOT NULL, rev INTEGER NOT NULL, payload BLOB NOT NULL, PRIMARY KEY (case_code, step, rev)) STRICT;
CREATE TABLE cases (code TEXT NOT NULL, step INTEGER NOT NULL, rev INTEGER NOT NULL, state TEXT NOT NULL, PRIMARY KEY (code, step)) STRICT, WITHOUT ROWID;`

// two is one command: the rev-th of a step of a case.
type two struct {
	code      string
	step, rev int
	state     string
	payload   []byte
	done      chan error
}

type bare struct {
	db      *sql.DB
	conn    *sql.Conn
	queue   chan *two
	ended   sync.WaitGroup
	stmts   map[string]*sql.Stmt
	commits int
}

var errFaster = errors.New("somebody was faster")

func openBare(ctx context.Context, path string) (_ *bare, err error) {
	v := url.Values{"_journal_mode": {"WAL"}, "_synchronous": {"FULL"}, "_txlock": {"immediate"}, "_cache_size": {"-65536"}}
	b := &bare{queue: make(chan *two, 4096), stmts: map[string]*sql.Stmt{}}
	if b.db, err = sql.Open("sqlite3", "file:"+(&url.URL{Path: path}).EscapedPath()+"?"+v.Encode()); err != nil {
		return nil, err
	}
	if _, err = b.db.ExecContext(ctx, bareSchema); err == nil {
		b.conn, err = b.db.Conn(context.WithoutCancel(ctx))
	}
	if err != nil {
		return nil, errors.Join(err, b.db.Close())
	}
	b.ended.Go(b.run)
	return b, nil
}

// do waits for one command to be durable.
func (b *bare) do(code string, step, rev int, state string, payload []byte) error {
	c := &two{code: code, step: step, rev: rev, state: state, payload: payload, done: make(chan error, 1)}
	b.queue <- c
	return <-c.done
}

func (b *bare) run() {
	for first := range b.queue {
		batch := append(make([]*two, 0, 256), first)
	gather:
		for len(batch) < cap(batch) {
			select {
			case c, ok := <-b.queue:
				if !ok {
					break gather
				}
				batch = append(batch, c)
			default:
				break gather
			}
		}
		err := b.commit(batch)
		if errors.Is(err, errFaster) && len(batch) > 1 { // one refused command never touches its neighbours
			for _, c := range batch {
				c.done <- b.commit([]*two{c})
			}
			continue
		}
		for _, c := range batch {
			c.done <- err
		}
	}
}

// commit writes a batch with two statements in one transaction.
func (b *bare) commit(batch []*two) error {
	if _, err := b.exec(`BEGIN IMMEDIATE`); err != nil {
		return err
	}
	n := len(batch)
	past, now := make([]any, 0, 4*n), make([]any, 0, 4*n)
	for _, c := range batch {
		past = append(past, c.code, c.step, c.rev, c.payload)
		now = append(now, c.code, c.step, c.rev, c.state)
	}
	tuples := strings.Repeat(`, (?, ?, ?, ?)`, n)[2:]
	_, err := b.exec(`INSERT INTO history VALUES `+tuples, past...)
	if e := (sqlite3.Error{}); errors.As(err, &e) && e.Code == sqlite3.ErrConstraint {
		err = errFaster
	}
	if err == nil {
		var rows int64
		rows, err = b.exec(`INSERT INTO cases VALUES `+tuples+` ON CONFLICT (code, step) DO UPDATE SET rev = excluded.rev, state = excluded.state
			WHERE rev = excluded.rev - 1`, now...)
		if err == nil && rows != int64(n) {
			err = errFaster
		}
	}
	if err == nil {
		if _, err = b.exec(`COMMIT`); err == nil {
			b.commits++
			return nil
		}
	}
	_, undo := b.exec(`ROLLBACK`)
	return errors.Join(err, undo)
}

func (b *bare) exec(q string, args ...any) (int64, error) {
	st := b.stmts[q]
	if st == nil {
		var err error
		if st, err = b.conn.PrepareContext(context.Background(), q); err != nil {
			return 0, err
		}
		b.stmts[q] = st
	}
	res, err := st.ExecContext(context.Background(), args...)
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}

func (b *bare) close() error {
	close(b.queue)
	b.ended.Wait()
	var errs []error
	for _, st := range b.stmts {
		errs = append(errs, st.Close())
	}
	return errors.Join(append(errs, b.conn.Close(), b.db.Close())...)
}

// bareCommands is how many commands a case of the reference job has: it is filed
// with 1 KiB, three clerks approve, three registries answer; the last two steps
// run side by side.
const bareCommands = 7

// job carries one case of the reference job. Registries answer in process.
func (b *bare) job(ctx context.Context, code string, send sender, took func(time.Duration)) error {
	person := func(step, rev int, state string, payload []byte) error {
		began := time.Now()
		err := send.command(ctx, payload, func(context.Context) error { return b.do(code, step, rev, state, payload) })
		took(time.Since(began))
		return err
	}
	small := []byte(`{"actor":"leader.civil_status_00004","at":"2026-09-03T08:00:00.000000+07:00","action":"approve","comment":"Đồng ý"}`)
	step := func(step int) error {
		if err := person(step, 1, "recording", small); err != nil {
			return err
		}
		return b.do(code, step, 2, "registered", small)
	}
	if err := person(0, 1, "submitted", []byte(fmt.Sprintf(`{"application":"%01000d"}`, 0))); err != nil {
		return err
	}
	if err := step(1); err != nil {
		return err
	}
	var second error
	var wg sync.WaitGroup
	wg.Go(func() { second = step(2) })
	err := step(3)
	wg.Wait()
	return errors.Join(err, second)
}

// bareRun measures ceiling B on a fresh file.
func (c Config) bareRun(ctx context.Context, dir, name string) (out Ceiling, err error) {
	path := filepath.Join(dir, name+".db")
	b, err := openBare(ctx, path)
	if err != nil {
		return out, err
	}
	var send sender = here{}
	var over *tcp
	if c.HTTP {
		if over, err = serveTCP(); err != nil {
			return out, errors.Join(err, b.close())
		}
		send = over
	}
	var mu sync.Mutex
	var all []time.Duration
	busy, began := CPU(), time.Now()
	err = sharing(ctx, c.Drivers, c.Cases*bareTimes, func(ctx context.Context, _, i int) error {
		c.tell(name, i, c.Cases*bareTimes)
		var mine []time.Duration
		var m sync.Mutex
		err := b.job(ctx, fmt.Sprintf("H26.1-260903-%06d", i), send, func(d time.Duration) {
			m.Lock()
			mine = append(mine, d)
			m.Unlock()
		})
		mu.Lock()
		all = append(all, mine...)
		mu.Unlock()
		return err
	})
	out = Ceiling{Cases: float64(c.Cases * bareTimes), Commands: float64(c.Cases * bareTimes * bareCommands)}
	out.finish(began, busy, [][]time.Duration{all})
	if over != nil {
		err = errors.Join(err, over.close())
	}
	err = errors.Join(err, b.close(), remove(path))
	out.Commits = float64(b.commits)
	return out, err
}

// bareTimes is how many times as many cases ceiling B carries: it is so much faster
// that its run would be too short to be measured.
const bareTimes = 4
