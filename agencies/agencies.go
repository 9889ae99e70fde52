package agencies

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"sync"
	"time"

	"lienthong/agencies/seed"
)

// IDs are the ten registries, in the order in which Step visits them.
var IDs = []string{
	"health", "population", "civil_status", "residence", "identity_card",
	"social_insurance", "social_assistance", "merit", "treasury", "notification",
}

// Config says how the registries run. Secrets is required.
type Config struct {
	// Dir holds one SQLite file per registry; "" or ":memory:" keeps them in
	// memory, for tests and simulation.
	Dir string
	// Clock is the business clock, shared with the engine; time.Now when nil.
	Clock func() time.Time
	// Wall signs callbacks, checks signatures' age and paces repeats;
	// time.Now when nil. A simulation passes its virtual clock.
	Wall func() time.Time
	// Secrets gives the shared secret of each registry (see wire.DeriveSecret).
	Secrets func(registry string) string
	// Seed makes the seeded world and every number drawn later.
	Seed int64
	// Empty leaves the registers without the seeded world.
	Empty bool
	// AutoPay is the treasury's initial dial for collections: "" waits for
	// somebody to pay, "0s" pays at once, "10m" after that business time.
	AutoPay string
	// Operator, when set, is the bearer token of the operator's endpoints.
	Operator string
	// Transport carries the callbacks; http.DefaultTransport when nil.
	Transport http.RoundTripper
	// Interval is how often Run looks for work; 200 ms when 0.
	Interval time.Duration
	// Logger receives what goes wrong; slog.Default when nil.
	Logger *slog.Logger
}

// Agencies are the ten running registries.
type Agencies struct {
	config     Config
	registries map[string]*registry
	handler    http.Handler
	log        *slog.Logger
	wake       map[string]chan struct{}
}

// Open opens the registers, seeding those that are new. Close them after use.
func Open(config Config) (*Agencies, error) {
	if config.Secrets == nil {
		return nil, errors.New("agencies: Config.Secrets is missing")
	}
	if config.Clock == nil {
		config.Clock = time.Now
	}
	if config.Wall == nil {
		config.Wall = time.Now
	}
	if config.Interval <= 0 {
		config.Interval = 200 * time.Millisecond
	}
	if config.Logger == nil {
		config.Logger = slog.Default()
	}
	if config.Dir != "" && config.Dir != ":memory:" {
		if err := os.MkdirAll(config.Dir, 0o700); err != nil {
			return nil, fmt.Errorf("agencies: %w", err)
		}
	}
	a := &Agencies{config: config, registries: map[string]*registry{}, log: config.Logger, wake: map[string]chan struct{}{}}
	world := seed.World{}
	if !config.Empty {
		world = seed.Build(config.Seed)
	}
	for _, r := range registers() {
		r.agencies, r.attempts = a, map[string]int{}
		a.registries[r.id] = r
		a.wake[r.id] = make(chan struct{}, 1)
		if err := r.open(dsn(config.Dir, r.id)); err != nil {
			return nil, errors.Join(err, a.Close())
		}
		if err := r.fill(world[r.id]); err != nil {
			return nil, errors.Join(err, a.Close())
		}
		if err := a.SetFaults(r.id, a.healthy(r.id)); err != nil {
			return nil, errors.Join(err, a.Close())
		}
	}
	a.handler = a.routes()
	return a, nil
}

// registers describes the ten registries, without databases.
func registers() []*registry {
	return []*registry{
		health(), population(), civilStatus(), residence(), identityCard(),
		socialInsurance(), socialAssistance(), merit(), treasury(), notification(),
	}
}

// Handler serves all registries, each under /{registry}/.
func (a *Agencies) Handler() http.Handler { return a.handler }

// Step settles every request that is due at the business time now and posts
// every callback that is owed, and says how many it settled or tried. It is
// synchronous and may be called by several goroutines.
func (a *Agencies) Step(ctx context.Context, now time.Time) (worked int, err error) {
	var errs []error
	for _, id := range IDs {
		if err := ctx.Err(); err != nil {
			return worked, err
		}
		n, err := a.registries[id].step(ctx, now)
		worked += n
		errs = append(errs, err)
	}
	return worked, errors.Join(errs...)
}

// Run loops over each registry's step until ctx ends, and waits for them.
func (a *Agencies) Run(ctx context.Context) {
	var running sync.WaitGroup
	for _, id := range IDs {
		running.Go(func() { a.loop(ctx, a.registries[id]) })
	}
	running.Wait()
}

func (a *Agencies) loop(ctx context.Context, r *registry) {
	tick := time.NewTicker(a.config.Interval)
	defer tick.Stop()
	for {
		if _, err := r.step(ctx, a.config.Clock()); err != nil && ctx.Err() == nil {
			a.log.Error("registry step failed", "registry", r.id, "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		case <-a.wake[r.id]:
		}
	}
}

// Close closes the registers. Stop Run and the server first.
func (a *Agencies) Close() error {
	var errs []error
	for _, id := range IDs {
		if r := a.registries[id]; r != nil && r.db != nil {
			errs = append(errs, r.db.Close())
		}
	}
	return errors.Join(errs...)
}

func (a *Agencies) wakeUp(registry string) {
	select {
	case a.wake[registry] <- struct{}{}:
	default:
	}
}
