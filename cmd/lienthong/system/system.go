package system

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"lienthong/agencies"
	"lienthong/agencies/wire"
	"lienthong/api"
	"lienthong/api/portal"
	"lienthong/engine"
	"lienthong/engine/calendar"
	"lienthong/engine/machine"
	"lienthong/engine/runtime"
	"lienthong/store/memory"
	"lienthong/store/sqlite"
	"lienthong/workflows"
)

// Memory is the database name that keeps everything in memory.
const Memory = "memory"

// Queue is how many deliveries to one registry wait in memory: enough for what 64
// people cause at once. What finds no room is read again from the database.
const Queue = 2048

// Config says what to start. The zero value is a server on the system clock, on a
// free loopback port, over memory, with embedded registries.
type Config struct {
	DB        string           // Memory, or the path of a SQLite file
	Check     string           // how much of an existing file is looked at first: auto, full or off; "" = auto
	Listen    string           // host:port; 127.0.0.1:0
	Registry  string           // base URL of registries that run elsewhere; "" = embedded ones
	Registers string           // folder of the embedded registers; "" = in memory
	Start     time.Time        // the business clock starts here, or at the newest entry of a file that has later ones; zero = the system clock
	Exactly   bool             // such a file is refused instead
	Still     bool             // the business clock stands still until it is advanced
	Demo      bool             // open sign-in, clock and fault dials over HTTP, seeded accounts
	AutoPay   string           // how the embedded treasury collects: "", "0s", "10m", …
	Seed      int64            // of the seeded world
	InProcess bool             // nothing listens and there are no pages: the surface is Handler, and it and the registries call each other in this process
	Owner     bool             // with InProcess: whoever calls owns the database, and accounts sign in without their pass phrases
	Wall      func() time.Time // wall clock of back-off, signatures and repeats; time.Now
	Secure    bool             // people come over TLS that somebody else ends: cookies of the pages are Secure
	Secret    string           // master of the secrets shared with the registries
	Operator  string           // bearer token of the embedded registries' dials and counters; "" = open in a demonstration, else a random one
	Keep      Keep             // how long what may be forgotten is kept; the zero value keeps everything
	Logger    *slog.Logger
	Runtime   func(*runtime.Config) // adjusts the runtime (tests: shorter back-off)
	Store     func(*sqlite.Config)  // adjusts the SQLite store (tests: hooks)

	Definitions *machine.Set // nil = the embedded ones; they take a moment to compile
}

// System is a running Liên Thông.
type System struct {
	URL         string // of the surface
	RegistryURL string // of the registries
	Store       engine.Store
	Definitions *machine.Set // at the start
	Messages    *workflows.Messages
	Handler     http.Handler // the surface, and the pages
	Runtime     *runtime.Runtime
	Agencies    *agencies.Agencies // nil when they run elsewhere
	Clock       runtime.Clock

	live      *machine.Live        // what Definitions grows into
	publisher *workflows.Publisher // nil when the definitions were handed in

	keep    Keep
	log     *slog.Logger
	servers []*http.Server
	serving sync.WaitGroup
	failed  chan error
	life    context.Context // until Close
	end     context.CancelFunc
	grace   time.Duration // for what is being answered, at Close
}

// Open starts listening; effects and timers move with Run, or step by step with
// Settle and Advance. Close it after use.
func Open(ctx context.Context, c Config) (_ *System, err error) {
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Secret == "" {
		c.Secret = "lienthong-demo"
	}
	s := &System{keep: c.Keep, log: c.Logger, failed: make(chan error, 2), Clock: runtime.SystemClock{}, grace: 10 * time.Second}
	if c.Still { // as long as it takes, on a slow machine too
		s.grace = 5 * time.Minute
	}
	s.life, s.end = context.WithCancel(context.WithoutCancel(ctx))
	defer func() {
		if err != nil {
			err = errors.Join(err, s.Close())
		}
	}()
	if s.Messages, err = workflows.LoadMessages(); err != nil {
		return nil, err
	}
	if s.Store, err = openStore(ctx, c); err != nil {
		return nil, err
	}
	if !c.Start.IsZero() {
		start, err := startOf(ctx, c, s.Store)
		if err != nil {
			return nil, err
		}
		s.Clock = runtime.NewVirtual(start, !c.Still)
	}
	if err = s.versions(ctx, c); err != nil {
		return nil, err
	}
	if c.Wall == nil {
		c.Wall = time.Now
	}
	if c.InProcess {
		err = s.inProcess(c)
	} else {
		err = s.onSockets(c)
	}
	if err == nil && c.Demo {
		err = s.seedAccounts(ctx)
	}
	if err != nil {
		return nil, err
	}
	return s, nil
}

// inProcess wires surface and registries to each other without a socket.
func (s *System) inProcess(c Config) (err error) {
	s.URL, s.RegistryURL = "http://surface.invalid", "http://registries.invalid"
	surface := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { s.Handler.ServeHTTP(w, r) })
	if s.Agencies, err = s.openAgencies(c, wire.HandlerTransport(surface)); err != nil {
		return err
	}
	s.Handler, err = s.wire(c, wire.HandlerTransport(s.Agencies.Handler()))
	return err
}

// onSockets wires them over HTTP and begins to listen.
func (s *System) onSockets(c Config) error {
	l, err := listen(c.Listen)
	if err != nil {
		return err
	}
	s.URL = "http://" + l.Addr().String()
	if err := s.openRegistries(c); err != nil {
		return errors.Join(err, l.Close())
	}
	if s.Handler, err = s.wire(c, nil); err != nil {
		return errors.Join(err, l.Close())
	}
	s.serve(l, s.Handler)
	return nil
}

func openStore(ctx context.Context, c Config) (engine.Store, error) {
	if c.DB == "" || c.DB == Memory {
		return memory.New(), nil
	}
	sc := sqlite.Config{Path: c.DB, Logger: c.Logger, TakeOver: true, Check: sqlite.CheckLevel(c.Check)}
	if c.Definitions == nil {
		sc.Agree = func(past []engine.Publication) error { return workflows.Agrees(workflows.Files(), past) }
	}
	if c.Store != nil {
		c.Store(&sc)
	}
	db, err := sqlite.Open(ctx, sc)
	if err != nil {
		return nil, err // not a nil *Store, which would be a store
	}
	return db, nil
}

// startOf is where the business clock starts: never before what history holds.
func startOf(ctx context.Context, c Config, st engine.Store) (time.Time, error) {
	db, ok := st.(*sqlite.Store)
	if !ok {
		return c.Start, nil
	}
	last, err := db.Updated(ctx)
	if err != nil || !last.After(c.Start) {
		return c.Start, err
	}
	if c.Exactly {
		at := last.In(calendar.Zone).Format("2006-01-02 15:04:05")
		return last, engine.Fail(engine.Precondition,
			fmt.Sprintf("đồng hồ không thể bắt đầu lúc %s: tệp %s đã có việc lúc %s", c.Start.In(calendar.Zone).Format("2006-01-02 15:04"), c.DB, at),
			fmt.Sprintf("the clock cannot start at %s: %s holds an entry of %s", c.Start.In(calendar.Zone).Format("2006-01-02 15:04"), c.DB, at))
	}
	return last, nil
}

func listen(addr string) (net.Listener, error) {
	if addr == "" {
		addr = "127.0.0.1:0"
	}
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("cannot listen on %s: %w", addr, err)
	}
	return l, nil
}

// openRegistries starts the embedded registries on a loopback port of their own.
func (s *System) openRegistries(c Config) error {
	if c.Registry != "" {
		s.RegistryURL = c.Registry
		return nil
	}
	l, err := listen("127.0.0.1:0")
	if err != nil {
		return err
	}
	a, err := s.openAgencies(c, nil)
	if err != nil {
		return errors.Join(err, l.Close())
	}
	s.Agencies, s.RegistryURL = a, "http://"+l.Addr().String()
	s.serve(l, a.Handler())
	return nil
}

// openAgencies opens the embedded registries; their callbacks go out by a transport.
func (s *System) openAgencies(c Config, callbacks http.RoundTripper) (*agencies.Agencies, error) {
	if c.Operator == "" && !c.Demo {
		c.Operator = rand.Text()
	}
	return agencies.Open(agencies.Config{Operator: c.Operator, Dir: c.Registers, Clock: s.Clock.Now, Wall: c.Wall, Secrets: secrets(c.Secret),
		Seed: c.Seed, AutoPay: c.AutoPay, Transport: callbacks, Logger: c.Logger})
}

func secrets(master string) func(string) string {
	return func(registry string) string { return wire.DeriveSecret(master, registry) }
}

// wire makes the runtime and the surface; requests to registries go by a transport.
func (s *System) wire(c Config, transport http.RoundTripper) (http.Handler, error) {
	x := &exchange{
		client:   &wire.Client{Base: s.RegistryURL, Secrets: secrets(c.Secret), Transport: transport, Now: c.Wall},
		callback: func(registry string) string { return s.URL + "/api/v1/exchange/" + registry + "/replies" },
		now:      s.Clock.Now, messages: s.Messages, person: s.person, owed: s.Store.Delivery,
	}
	m := api.NewMetrics()
	rc := runtime.Config{Store: m.Store(s.Store), Definitions: s.live, Exchange: m.Exchange(x), Clock: s.Clock, Wall: c.Wall, Queue: Queue, Logger: c.Logger}
	if c.Runtime != nil {
		c.Runtime(&rc)
	}
	var err error
	if s.Runtime, err = runtime.New(rc); err != nil {
		return nil, err
	}
	ac := api.Config{Runtime: stepping{s.Runtime, s}, Store: s.Store, Definitions: s.live, Messages: s.Messages,
		Callback: x.verify, Lookup: x.lookup, Logger: c.Logger, Registries: map[string]engine.Text{}, Metrics: m, Writer: writerStats(s.Store), Wall: c.Wall, Tools: tools(s.live),
		Closing: s.life.Done()}
	ac.Tools.Simulate, ac.Tools.Replay = s.simulation, s.replay
	if s.publisher != nil {
		ac.Publisher = publishing{s.publisher}
	}
	for _, r := range s.Definitions.Registries() {
		ac.Registries[r.ID] = r.Title
	}
	if c.InProcess { // the wall clock may pass days between two calls of one session
		ac.Limits = api.Limits{SignInsPerMinute: -1, PublicPerMinute: -1, Session: 10 * 365 * 24 * time.Hour}
	}
	if ac.Agencies, err = workflows.Agencies(); err != nil {
		return nil, err
	}
	if c.Demo {
		ac.Demo = &api.Demo{OpenSignIn: true, Faults: s.faults}
		if s.Agencies != nil {
			ac.Demo.Pay = s.pay
		}
	}
	if c.InProcess && c.Owner {
		ac.Demo = &api.Demo{OpenSignIn: true, Faults: s.faults}
	}
	surface, err := api.New(ac)
	if err != nil {
		return nil, err
	}
	if c.InProcess { // nobody looks at pages
		return surface, nil
	}
	pages, err := portal.New(portal.Config{API: surface, Demo: c.Demo, Secure: c.Secure, Logger: c.Logger})
	if err != nil {
		return nil, err
	}
	return beside(surface, pages), nil
}

// writerStats tells how the SQLite store's writer works; nil for another store.
func writerStats(st engine.Store) func() api.WriterStats {
	db, ok := st.(*sqlite.Store)
	if !ok {
		return nil
	}
	return func() api.WriterStats {
		x := db.Stats()
		w := api.WriterStats{Commits: x.Commits, Calls: x.Calls, Entries: x.Entries, Bytes: x.Bytes, Queue: db.Waiting(), Seconds: x.Took.Seconds(),
			Buckets: map[float64]uint64{}}
		for i, b := range sqlite.Bounds {
			w.Buckets[b.Seconds()] = uint64(x.Within[i])
		}
		return w
	}
}

// beside serves the surface at its own addresses and the pages at all others.
func beside(surface, pages http.Handler) http.Handler {
	mux := http.NewServeMux()
	for _, at := range []string{"/openapi.json", "/healthz", "/readyz", "/metrics"} {
		mux.Handle(at, surface)
	}
	mux.Handle("/", pages)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// A delivery's key holds escaped slashes, which the mux would clean away.
		if strings.HasPrefix(r.URL.Path, "/api/") {
			surface.ServeHTTP(w, r)
			return
		}
		mux.ServeHTTP(w, r)
	})
}

// person finds how to reach somebody: without an account by their id alone.
func (s *System) person(ctx context.Context, id string) (engine.Person, error) {
	a, err := s.Store.Account(ctx, id)
	if engine.CodeOf(err) == engine.NotFound {
		return engine.Person{ID: id}, nil
	}
	if err != nil {
		return engine.Person{}, err
	}
	return engine.Person{ID: id, Name: a.Name, Phone: a.Phone, Email: a.Email}, nil
}

// stepping is the runtime with the registries stepped along: advancing the clock
// must let them answer what they promised for later.
type stepping struct {
	*runtime.Runtime
	s *System
}

func (p stepping) Advance(ctx context.Context, to time.Time) error { return p.s.Advance(ctx, to) }
func (p stepping) Settle(ctx context.Context) error                { return p.s.Settle(ctx) }

// Settle moves effects, replies and timers until nothing is due now.
func (s *System) Settle(ctx context.Context) error {
	for range 50 {
		if err := s.Runtime.Settle(ctx); err != nil {
			return err
		}
		if s.Agencies == nil {
			return nil
		}
		n, err := s.Agencies.Step(ctx, s.Clock.Now())
		if err != nil || n == 0 {
			return err
		}
	}
	return nil
}

// Advance moves a virtual clock forward, hour by hour, so that registries answer
// and timers fire at their own times.
func (s *System) Advance(ctx context.Context, to time.Time) error {
	for {
		if err := s.Settle(ctx); err != nil {
			return err
		}
		now := s.Clock.Now()
		if !now.Before(to) {
			return nil
		}
		next := now.Add(time.Hour)
		if next.After(to) {
			next = to
		}
		if err := s.Runtime.Advance(ctx, next); err != nil {
			return err
		}
	}
}

// Run moves effects and timers until ctx ends.
func (s *System) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var wg sync.WaitGroup
	if s.Agencies != nil {
		wg.Go(func() { s.Agencies.Run(ctx) })
	}
	wg.Go(func() { Project(ctx, s.Store, func(err error) { s.log.Error("projector", "error", err) }) })
	wg.Go(func() { s.keepHouse(ctx) })
	result := make(chan error, 1)
	wg.Go(func() { result <- s.Runtime.Run(ctx) })
	var err error
	select {
	case <-ctx.Done():
	case err = <-s.failed:
		cancel()
	}
	wg.Wait()
	return errors.Join(err, <-result)
}

func (s *System) serve(l net.Listener, h http.Handler) {
	srv := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute,
		ErrorLog: slog.NewLogLogger(s.log.Handler(), slog.LevelWarn)}
	s.servers = append(s.servers, srv)
	s.serving.Go(func() {
		if err := srv.Serve(l); err != nil && !errors.Is(err, http.ErrServerClosed) {
			select {
			case s.failed <- err:
			default:
			}
		}
	})
}

// Close stops answering, ends event streams, lets requests that run finish within ten seconds, or five
// minutes where the business clock stands still, and closes the stores.
func (s *System) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), s.grace)
	defer cancel()
	var errs []error
	s.end()
	for _, srv := range s.servers {
		if err := srv.Shutdown(ctx); err != nil {
			errs = append(errs, err, srv.Close())
		}
	}
	s.serving.Wait()
	if s.Agencies != nil {
		errs = append(errs, s.Agencies.Close())
	}
	if s.Store != nil {
		errs = append(errs, s.Store.Close())
	}
	return errors.Join(errs...)
}
