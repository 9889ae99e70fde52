package runtime

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"lienthong/engine"
)

// Config says what a runtime works with. Store, Definitions and Exchange are
// needed; every other zero value means the default named beside it.
type Config struct {
	Store       engine.Store
	Definitions engine.Definitions
	Exchange    Exchange

	Clock  Clock            // business clock; SystemClock
	Wall   func() time.Time // wall clock; time.Now
	Random io.Reader        // seeds and jitter; crypto/rand
	Node   string           // names this runtime in leases; host and process id
	Logger *slog.Logger     // silent

	Attempts int // decisions over fresh state before a busy case is given up; 100
	Block    int // code numbers of a unit's first reservation of a day, later ones are larger; 60

	RetryFirst time.Duration // first back-off after a failed exchange, doubled each time; 1 s
	RetryMax   time.Duration // longest back-off; 10 min
	Tries      int           // failed exchanges before an incident; 20
	AskAgain   time.Duration // between questions about an overdue reply, and when no reply time is known; 10 min
	Timeout    time.Duration // of one exchange; 15 s
	Lease      time.Duration // of a claimed delivery, longer than Timeout; 1 min

	BreakerFails int           // failures in a row that open a registry's breaker; 5
	BreakerPause time.Duration // how long it stays open; 30 s

	Batch    int // deliveries or cases taken in one step; 64
	Parallel int // exchanges at once with one registry; 1 also makes a step sequential; 16
	Queue    int // deliveries to one registry that wait in memory while Run is running; 256

	Poll       time.Duration // between looks at the store when nothing wakes Run; 1 s
	StuckEvery time.Duration // between searches for stuck cases in Run; 10 min, negative = never
}

// Validate names everything that is missing or out of range.
func (c Config) Validate() error {
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf("runtime: "+format, args...)) }
	if c.Store == nil {
		bad("no Store")
	}
	if c.Definitions == nil {
		bad("no Definitions")
	}
	if c.Exchange == nil {
		bad("no Exchange")
	}
	for name, n := range map[string]int{"Attempts": c.Attempts, "Block": c.Block, "Tries": c.Tries,
		"BreakerFails": c.BreakerFails, "Batch": c.Batch, "Parallel": c.Parallel, "Queue": c.Queue} {
		if n < 0 {
			bad("%s is negative", name)
		}
	}
	for name, d := range map[string]time.Duration{"RetryFirst": c.RetryFirst, "RetryMax": c.RetryMax, "AskAgain": c.AskAgain,
		"Timeout": c.Timeout, "Lease": c.Lease, "BreakerPause": c.BreakerPause, "Poll": c.Poll} {
		if d < 0 {
			bad("%s is negative", name)
		}
	}
	d := c.withDefaults()
	if d.RetryMax < d.RetryFirst {
		bad("RetryMax %s is shorter than RetryFirst %s", d.RetryMax, d.RetryFirst)
	}
	if d.Lease <= d.Timeout {
		bad("Lease %s must be longer than Timeout %s", d.Lease, d.Timeout)
	}
	return errors.Join(errs...)
}

func (c Config) withDefaults() Config {
	if c.Clock == nil {
		c.Clock = SystemClock{}
	}
	if c.Wall == nil {
		c.Wall = time.Now
	}
	if c.Random == nil {
		c.Random = rand.Reader
	}
	if c.Node == "" {
		host, _ := os.Hostname()
		c.Node = fmt.Sprintf("%s-%d", host, os.Getpid())
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	orInt(&c.Attempts, 100)
	orInt(&c.Block, 60)
	orInt(&c.Tries, 20)
	orInt(&c.BreakerFails, 5)
	orInt(&c.Batch, 64)
	orInt(&c.Parallel, 16)
	orInt(&c.Queue, 256)
	orTime(&c.RetryFirst, time.Second)
	orTime(&c.RetryMax, 10*time.Minute)
	orTime(&c.AskAgain, 10*time.Minute)
	orTime(&c.Timeout, 15*time.Second)
	orTime(&c.Lease, time.Minute)
	orTime(&c.BreakerPause, 30*time.Second)
	orTime(&c.Poll, time.Second)
	orTime(&c.StuckEvery, 10*time.Minute)
	return c
}

func orInt(p *int, def int) {
	if *p == 0 {
		*p = def
	}
}

func orTime(p *time.Duration, def time.Duration) {
	if *p == 0 {
		*p = def
	}
}

// Runtime runs cases over one store. All methods are safe for concurrent use.
type Runtime struct {
	cfg   Config
	store engine.Store
	defs  engine.Definitions
	log   *slog.Logger
	clock steady
	codes codes
	bus   bus
	keys  keys // of deliveries that are acted on
	onces keys // of idempotency keys: see Once
	turns turns

	random    sync.Mutex // guards cfg.Random
	advancing sync.Mutex // one Advance at a time
	express   express
	stuck     atomic.Int64 // parts that the last search found, and one more; 0 = not searched

	mu    sync.Mutex // guards what follows; taken after express.mu
	lanes map[string]*lane
	sick  map[string]sickness // cases whose timers failed
	thaw  time.Time           // when to look for what a clock put back left waiting
}

// New checks the configuration and returns a runtime; nothing runs yet.
func New(c Config) (*Runtime, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	c = c.withDefaults()
	r := &Runtime{cfg: c, store: c.Store, defs: c.Definitions, log: c.Logger,
		lanes: map[string]*lane{}, sick: map[string]sickness{}, express: express{room: c.Queue}}
	r.clock.read, r.clock.log = c.Wall, c.Logger
	r.keys, r.onces = newKeys(), newKeys()
	r.turns.at = map[string]*turn{}
	r.bus.feed, r.bus.tick = make(signal, 1), make(signal, 1)
	r.codes = codes{store: c.Store, size: c.Block, blocks: map[string]*block{}}
	return r, nil
}

// lane returns what is known of a registry.
func (r *Runtime) lane(registry string) *lane {
	r.mu.Lock()
	defer r.mu.Unlock()
	l := r.lanes[registry]
	if l == nil {
		l = &lane{
			breaker: breaker{fail: r.cfg.BreakerFails, pause: r.cfg.BreakerPause},
			gate:    make(chan struct{}, r.cfg.Parallel),
		}
		r.lanes[registry] = l
	}
	return l
}

// draw fills a buffer from the source of randomness.
func (r *Runtime) draw(n int) ([]byte, error) {
	r.random.Lock()
	defer r.random.Unlock()
	b := make([]byte, n)
	if _, err := io.ReadFull(r.cfg.Random, b); err != nil {
		return nil, &engine.Error{Code: engine.Internal, Op: "runtime.random", Err: err}
	}
	return b, nil
}
