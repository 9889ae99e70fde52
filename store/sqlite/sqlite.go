package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	_ "github.com/mattn/go-sqlite3" // the driver "sqlite3"

	"lienthong/engine"
	"lienthong/store/rowenc"
)

// Config says where the file is and how the writer gathers work. The zero value
// of everything but Path is the default.
type Config struct {
	Path          string        // of the database file; made when absent
	Logger        *slog.Logger  // nil = discard
	MaxBatch      int           // calls in one transaction; 0 = 256
	MaxBatchBytes int           // bytes of payloads in one transaction; 0 = 4 MiB
	Linger        time.Duration // longest wait of the writer for company when there was some before; default 4 ms
	MaxQueue      int           // calls waiting for the writer before it is Unavailable; 0 = 4096
	MaxQueueBytes int           // bytes of payloads waiting; 0 = 256 MiB
	MaxLane       int           // calls of one office or requester waiting; 0 = a quarter of MaxQueue
	CacheBytes    int           // what remembered cases may take in memory, about; 0 = 64 MiB, below 0 = nothing is remembered
	Snapshot      int           // a case is stored whole after so many entries; 0 = 8
	Readers       int           // connections that read; 0 = 4 or the number of CPUs
	BusyTimeout   time.Duration // how long to wait for another process's lock; 0 = 5 s
	Hooks         Hooks         // for tests
	// TakeOver says that this process is the one that serves the file: it is refused
	// when another one is (FILE.lock), and leases left behind by the one before are
	// void at once, instead of when they run out.
	TakeOver bool
	Check    CheckLevel // how much of an existing file is looked at first; "" = CheckAuto
	// Agree is asked about what a file of an older format has published before it is
	// brought up: afterwards the program that wrote it cannot open it any more. Its
	// error is that of Open, and leaves the file as it is. nil agrees.
	Agree func([]engine.Publication) error

	// What follows is set by tests alone, which have few cases and want every way taken.

	texts    func(query string)                   // sees every SQL text that is run
	few      int                                  // 0 = fewCases
	sparse   bool                                 // no list is walked because many of the bound have a text
	volume   int                                  // dossiers in a volume, at most volumeUsed; 0 = that
	logPages int64                                // 0 = the constant
	rest     func(context.Context, time.Duration) // stands in place of waiting
}

// Hooks let tests reach into a commit. A zero hook does nothing.
type Hooks struct {
	Plan   func(code string)               // before a change is checked; may panic
	Commit func(commit func() error) error // around the commit
	// Synchronous, when set, stands in place of FULL: the control of a power-loss
	// test must lose what it acknowledged, or the test would prove nothing.
	Synchronous string
}

// Validate tells what is wrong with the configuration.
func (c Config) Validate() error {
	switch {
	case c.Path == "":
		return errors.New("sqlite: Path is empty")
	case c.MaxBatch < 0, c.MaxBatchBytes < 0, c.MaxQueue < 0, c.MaxQueueBytes < 0, c.MaxLane < 0, c.Snapshot < 0, c.Readers < 0, c.Linger < 0, c.BusyTimeout < 0:
		return errors.New("sqlite: a bound is negative")
	}
	switch c.Check {
	case "", CheckOff, CheckAuto, CheckFull:
	default:
		return fmt.Errorf("sqlite: Check is %q", c.Check)
	}
	return nil
}

// withDefaults fills what was left zero.
func (c Config) withDefaults() Config {
	set := func(v *int, d int) {
		if *v == 0 {
			*v = d
		}
	}
	set(&c.MaxBatch, 256)
	set(&c.MaxBatchBytes, 4<<20)
	set(&c.MaxQueue, 4096)
	set(&c.MaxQueueBytes, 256<<20)
	set(&c.MaxLane, max(1, c.MaxQueue/4))
	set(&c.CacheBytes, 64<<20)
	set(&c.Snapshot, 8)
	set(&c.Readers, max(4, runtime.NumCPU()))
	set(&c.few, fewCases)
	set(&c.volume, volumeUsed)
	if c.logPages == 0 {
		c.logPages = logPages
	}
	if c.rest == nil {
		c.rest = rest
	}
	if c.Check == "" {
		c.Check = CheckAuto
	}
	if c.Linger == 0 {
		c.Linger = 4 * time.Millisecond
	}
	if c.BusyTimeout == 0 {
		c.BusyTimeout = 5 * time.Second
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return c
}

// Store is an engine.Store in one SQLite file.
type Store struct {
	cfg     Config
	log     *slog.Logger
	writeDB *sql.DB      // for what is done at the beginning and the end
	lock    *lock        // nil = this process does not serve the file
	left    func()       // says that this process has closed the file
	late    <-chan error // what a migration ends with that was stopped and still runs; nil = none
	counted counters

	projecting sync.Mutex   // one step of the projector at a time
	hurried    atomic.Int32 // who waits for one
	company    atomic.Bool  // the last commit was of several calls

	queue  *queue
	line   line
	halt   halt
	cache  *cache
	recent *recent
	people *people
	writer *writer
	done   chan struct{} // the writer has ended
	copier *copier
	binder *binder // nil = this process does not serve the file

	uncopied atomic.Int64 // pages of the log that could not be copied back when that was last tried

	damaged   damages     // deliveries
	spare     atomic.Bool // the index of what is ready is damaged
	noTimers  sync.Once   // says that the index of timers is
	uncounted damages     // cases that the projector has set aside
	recalled  bool        // those of the process before too; the projector's

	readers *idle    // for short look-ups
	readDB  *sql.DB  // for lists
	reads   sync.Map // query of a list → *sql.Stmt
}

var _ engine.Store = (*Store)(nil)

// Open opens or makes the database, brings its schema up to date and starts the
// writer. It refuses a file that is damaged, belongs to another program or is in
// use, as far as Check and TakeOver make it look. The caller closes the store.
func Open(ctx context.Context, cfg Config) (_ *Store, err error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	cfg = cfg.withDefaults()
	cfg.Path = followed(cfg.Path)
	s := &Store{cfg: cfg, log: cfg.Logger, queue: newQueue(cfg), cache: newCache(cfg.CacheBytes), recent: newRecent(cfg.CacheBytes / 4), people: newPeople(0), done: make(chan struct{})}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.abandon())
		}
	}()
	if cfg.TakeOver {
		if s.lock, err = lockFile(cfg.Path); err != nil {
			return nil, err
		}
		s.people.limit = maxPeople
	}
	if err := s.checkBefore(); err != nil {
		return nil, err
	}
	s.left = opened(cfg.Path)
	if err := s.begin(ctx); err != nil {
		return nil, err
	}
	if err := s.openReaders(ctx); err != nil {
		return nil, err
	}
	if err := s.checkWhole(ctx); err != nil {
		return nil, err
	}
	if err := s.markOpen(ctx); err != nil {
		return nil, err
	}
	s.writer = &writer{store: s, files: files{path: cfg.Path}, versions: map[rowenc.Versions]int64{}, fresh: map[rowenc.Versions]int64{}}
	if s.writer.conn, err = s.connect(writerDSN(cfg)); err != nil {
		return nil, fmt.Errorf("sqlite: %w", err)
	}
	err = errors.Join(s.writer.files.same(), s.writer.startLog())
	if err == nil && cfg.TakeOver {
		err = s.writer.freeLeases()
	}
	if err == nil {
		s.copier, err = newCopier(s)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("sqlite: %w", err), s.writer.close())
	}
	if cfg.TakeOver {
		s.binder = newBinder(s)
	}
	go s.writer.run()
	return s, nil
}

// begin opens the file for writing and brings it up to date.
func (s *Store) begin(ctx context.Context) (err error) {
	if s.writeDB, err = sql.Open(summing, writerDSN(s.cfg)); err != nil {
		return fmt.Errorf("sqlite: %w", err)
	}
	s.writeDB.SetMaxOpenConns(1)
	if err := s.checkOpened(ctx); err != nil {
		return err
	}
	if err := s.agreed(ctx); err != nil {
		return err
	}
	if err := s.bringUp(ctx); err != nil {
		return err
	}
	return hasBegun(s.cfg.Path)
}

// abandon closes what an Open that failed had opened; at once, or when a migration
// that nobody waits for has ended.
func (s *Store) abandon() error {
	if s.late != nil {
		leftOver.Go(func() {
			<-s.late
			s.late = nil
			if err := s.abandon(); err != nil {
				s.log.Warn("sqlite: closing the file after a migration that was stopped", "file", s.cfg.Path, "err", err)
			}
		})
		return nil
	}
	var errs []error
	if s.readDB != nil {
		errs = append(errs, s.closeReaders())
	}
	if s.writeDB != nil {
		errs = append(errs, s.writeDB.Close())
	}
	if s.left != nil {
		s.left()
	}
	return errors.Join(append(errs, s.lock.release())...)
}

// openReaders opens the connections that read: a pool for lists, and others for
// short look-ups.
func (s *Store) openReaders(ctx context.Context) error {
	db, err := sql.Open("sqlite3", readerDSN(s.cfg))
	if err != nil {
		return fmt.Errorf("sqlite: %w", err)
	}
	db.SetMaxOpenConns(s.cfg.Readers)
	db.SetMaxIdleConns(s.cfg.Readers)
	readers := newIdle(s.cfg.Readers)
	err = db.PingContext(ctx)
	for i := 0; i < s.cfg.Readers && err == nil; i++ {
		var c *conn
		if c, err = s.connect(readerDSN(s.cfg)); err == nil {
			readers.put(c)
		}
	}
	if err != nil {
		for _, c := range readers.conns {
			err = errors.Join(err, c.close())
		}
		return errors.Join(fmt.Errorf("sqlite: %w", err), db.Close())
	}
	s.readDB, s.readers = db, readers
	return nil
}

// closeReaders waits for those who read and closes their connections.
func (s *Store) closeReaders() error {
	var errs []error
	for range cap(s.readers.free) {
		c, err := s.readers.take(context.Background())
		if err == nil {
			err = c.close()
		}
		errs = append(errs, err)
	}
	close(s.readers.free)
	s.reads.Range(func(_, v any) bool { _ = v.(*sql.Stmt).Close(); return true })
	return errors.Join(append(errs, s.readDB.Close())...)
}

// writerDSN holds every setting of the connection that writes.
func writerDSN(c Config) string {
	synchronous := "FULL"
	if c.Hooks.Synchronous != "" {
		synchronous = c.Hooks.Synchronous
	}
	return dsn(c.Path, url.Values{
		"mode":          {"rwc"},
		"_journal_mode": {"WAL"},
		"_txlock":       {"immediate"},
		"_synchronous":  {synchronous},
		"_busy_timeout": {strconv.FormatInt(c.BusyTimeout.Milliseconds(), 10)},
		"_foreign_keys": {"1"},
		"_cache_size":   {"-65536"},
	})
}

// readerDSN holds every setting of the connections that read.
func readerDSN(c Config) string {
	return dsn(c.Path, url.Values{
		"mode":          {"ro"},
		"_query_only":   {"1"},
		"_busy_timeout": {strconv.FormatInt(c.BusyTimeout.Milliseconds(), 10)},
		"_cache_size":   {"-16384"},
	})
}

func dsn(path string, v url.Values) string {
	return "file:" + (&url.URL{Path: path}).EscapedPath() + "?" + v.Encode()
}

// Ready fails when the store cannot read or its writer has ended or was stopped.
func (s *Store) Ready(ctx context.Context) error {
	const op = "store.ready"
	if _, _, closed := s.queue.waiting(); closed {
		return rowenc.Busy(op, errClosed)
	}
	if err := s.halted(); err != nil {
		return err
	}
	var n int
	err := s.reading(ctx, func(c *conn) error { return c.one(`SELECT count(*) FROM (SELECT 1 FROM cases LIMIT 1)`, nil, &n) })
	return failure(op, "", err)
}

// Close lets the writer finish what waits, then closes the file. Calls that come
// later are Unavailable.
func (s *Store) Close() error {
	s.binder.close()
	if first := s.queue.close(); !first {
		<-s.done
		return nil
	}
	<-s.done
	// A connection that writes is the last one: closing it writes the log back into
	// the file.
	err := errors.Join(s.copier.stop(), s.closeReaders(), s.writer.close(), s.markClosed(), s.writeDB.Close())
	s.left()
	return errors.Join(err, s.lock.release())
}

// Waiting is how many calls wait for the writer.
func (s *Store) Waiting() int {
	n, _, _ := s.queue.waiting()
	return n
}
