package sqlite

import "strconv"

// What is committed stands in the write-ahead log until it is copied back into the
// file. SQLite by itself has every commit do that which finds a thousand pages in
// the log, and all who wait for it wait for that too. Here a goroutine with a
// connection of its own does it while commits go on. It never comes to the end of
// the log while somebody commits, and only a log that was copied to its end begins
// anew: when little is left, the writer copies the rest between two transactions.

const (
	// logPages is how many pages the log holds when it is copied (64 MiB): the more,
	// the more of them are of the same page, which is copied once, and the fewer commits
	// wait for a disk that takes in the copies as well.
	logPages = 16384
	// logMost times as many have a commit copy it after all.
	logMost = 4
	// logPasses is how often it is copied before the writer does the rest; each leaves
	// what was committed meanwhile.
	logPasses = 2

	logMostIs = `PRAGMA wal_autocheckpoint = `
	logSize   = `PRAGMA wal_checkpoint(NOOP)`
	copyLog   = `PRAGMA wal_checkpoint(PASSIVE)` // waits for nobody
)

// copier copies the write-ahead log back.
type copier struct {
	*conn
	store *Store
	work  chan struct{} // holds a token when there is enough to copy; closed by stop
	rest  chan struct{} // holds a token when the rest is the writer's
	done  chan struct{} // it has ended
}

// newCopier starts one. Its owner stops it.
func newCopier(s *Store) (*copier, error) {
	conn, err := s.connect(writerDSN(s.cfg))
	if err != nil {
		return nil, err
	}
	c := &copier{conn: conn, store: s, work: make(chan struct{}, 1), rest: make(chan struct{}, 1), done: make(chan struct{})}
	go c.run()
	return c, nil
}

func (c *copier) stop() error {
	close(c.work)
	<-c.done
	return c.close()
}

func (c *copier) run() {
	defer close(c.done)
	for range c.work {
		pages, copied := int64(0), int64(-1)
		for i := 0; i < logPasses && copied < pages && c.store.halted() == nil; i++ {
			pages, copied = c.store.copyLog(c.conn)
		}
		give(c.rest)
	}
}

// give puts a token, unless there is one.
func give(tokens chan<- struct{}) {
	select {
	case tokens <- struct{}{}:
	default:
	}
}

// copyLog copies what no reader stands before. What cannot be copied now is still in
// the log, so only a failed sync stops anything.
func (s *Store) copyLog(c *conn) (pages, copied int64) {
	var busy int64
	if err := c.one(copyLog, nil, &busy, &pages, &copied); err != nil {
		s.log.Warn("sqlite: the write-ahead log is not copied back", "file", s.cfg.Path, "err", err)
		s.judge(err)
		return pages, copied
	}
	s.uncopied.Store(pages - copied)
	return pages, copied
}

// tidyLog sees after a commit to what is in the log.
func (w *writer) tidyLog() {
	select {
	case <-w.store.copier.rest:
		w.store.copyLog(w.conn)
		w.copyAt = w.store.cfg.logPages
		return
	default:
	}
	var busy, pages, copied int64
	if err := w.one(logSize, nil, &busy, &pages, &copied); err == nil && pages >= w.copyAt {
		w.copyAt = pages + w.store.cfg.logPages/4
		give(w.store.copier.work)
	}
}

// startLog has commits leave the log alone.
func (w *writer) startLog() error {
	w.copyAt = w.store.cfg.logPages
	return w.exec(logMostIs + strconv.FormatInt(logMost*w.copyAt, 10))
}
