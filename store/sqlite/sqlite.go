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
	MaxBatchBytes int           // bytes of payloads and bodies in one transaction; 0 = 4 MiB
	Linger        time.Duration // how long the writer waits for company; 0 = takes who is there
	MaxQueue      int           // calls waiting for the writer before it is Unavailable; 0 = 4096
	Readers       int           // connections that read; 0 = 4 or the number of CPUs
	BusyTimeout   time.Duration // how long to wait for another process's lock; 0 = 5 s
	Hooks         Hooks         // for tests
	// TakeOver says that this process is the one that serves the file: it is refused
	// when another one is (FILE.lock), and leases left behind by the one before are
	// void at once, instead of when they run out.
	TakeOver bool
	Check    CheckLevel // how much of an existing file is looked at first; "" = CheckAuto

	texts func(query string) // sees every SQL text that is run; for the test of their plans
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
	case c.MaxBatch < 0, c.MaxBatchBytes < 0, c.MaxQueue < 0, c.Readers < 0, c.Linger < 0, c.BusyTimeout < 0:
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
	set(&c.Readers, max(4, runtime.NumCPU()))
	if c.Check == "" {
		c.Check = CheckAuto
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
	writeDB *sql.DB
	readDB  *sql.DB
	lock    *lock    // nil = this process does not serve the file
	left    func()   // says that this process has closed the file
	reads   sync.Map // query → *sql.Stmt
	counted counters

	mu     sync.RWMutex // guards closed, and sending on queue against closing it
	closed bool
	queue  chan *job
	done   chan struct{} // the writer has ended
}

var _ engine.Store = (*Store)(nil)

// freeLeases frees what a process that is gone had leased. The fence moves on, so
// that an acknowledgement of that process would be refused.
const freeLeases = `UPDATE outbox SET node = '', lease = 0, ready = next, fence = fence + 1 WHERE lease > 0`

// Open opens or makes the database, brings its schema up to date and starts the
// writer. It refuses a file that is damaged, belongs to another program or is in
// use, as far as Check and TakeOver make it look. The caller closes the store.
func Open(ctx context.Context, cfg Config) (_ *Store, err error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	cfg = cfg.withDefaults()
	s := &Store{cfg: cfg, log: cfg.Logger, queue: make(chan *job, cfg.MaxQueue), done: make(chan struct{})}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.abandon())
		}
	}()
	if cfg.TakeOver {
		if s.lock, err = lockFile(cfg.Path); err != nil {
			return nil, err
		}
	}
	if err := s.checkBefore(); err != nil {
		return nil, err
	}
	s.left = opened(cfg.Path)
	if err := s.begin(ctx); err != nil {
		return nil, err
	}
	if s.readDB, err = openReaders(ctx, cfg); err != nil {
		return nil, err
	}
	if err := s.checkWhole(ctx); err != nil {
		return nil, err
	}
	if err := s.markOpen(ctx); err != nil {
		return nil, err
	}
	// The writer's connection outlives the caller's context.
	conn, err := s.writeDB.Conn(context.Background())
	if err != nil {
		return nil, fmt.Errorf("sqlite: %w", err)
	}
	w := &writer{store: s, conn: conn, stmts: map[string]*sql.Stmt{}, inserts: map[insertOf]string{}}
	go w.run()
	return s, nil
}

// begin opens the file for writing and brings it up to date.
func (s *Store) begin(ctx context.Context) (err error) {
	if s.writeDB, err = sql.Open("sqlite3", writerDSN(s.cfg)); err != nil {
		return fmt.Errorf("sqlite: %w", err)
	}
	s.writeDB.SetMaxOpenConns(1)
	if err := s.checkOpened(ctx); err != nil {
		return err
	}
	if err := migrate(ctx, s.writeDB); err != nil {
		return err
	}
	if s.cfg.TakeOver {
		if _, err := s.writeDB.ExecContext(ctx, s.seen(freeLeases)); err != nil {
			return fmt.Errorf("sqlite: taking over: %w", err)
		}
	}
	return nil
}

// abandon closes what an Open that failed had opened.
func (s *Store) abandon() error {
	var errs []error
	for _, db := range []*sql.DB{s.readDB, s.writeDB} {
		if db != nil {
			errs = append(errs, db.Close())
		}
	}
	if s.left != nil {
		s.left()
	}
	return errors.Join(append(errs, s.lock.release())...)
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

// Ready fails when the store cannot read or its writer has ended.
func (s *Store) Ready(ctx context.Context) error {
	const op = "store.ready"
	s.mu.RLock()
	closed := s.closed
	s.mu.RUnlock()
	if closed {
		return rowenc.Busy(op, errClosed)
	}
	var n int
	if err := s.row(ctx, `SELECT count(*) FROM (SELECT 1 FROM cases LIMIT 1)`, nil, &n); err != nil {
		return failure(op, "", err)
	}
	return nil
}

// Close lets the writer finish what waits, then closes the file. Calls that come
// later are Unavailable.
func (s *Store) Close() error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return nil
	}
	s.closed = true
	close(s.queue)
	s.mu.Unlock()
	<-s.done
	s.closeReads()
	err := errors.Join(s.readDB.Close(), s.markClosed(), s.writeDB.Close())
	s.left()
	return errors.Join(err, s.lock.release())
}

// Waiting is how many calls wait for the writer.
func (s *Store) Waiting() int { return len(s.queue) }

var errClosed = errors.New("the store is closed")
