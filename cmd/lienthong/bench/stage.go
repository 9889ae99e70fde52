package bench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"lienthong/api"
	"lienthong/cmd/lienthong/system"
	"lienthong/engine"
	"lienthong/engine/calendar"
	"lienthong/engine/machine"
	"lienthong/engine/runtime"
	"lienthong/store/memory"
	"lienthong/store/sqlite"
	"lienthong/workflows"
)

// officeRoles are the roles that an office gets one account for each.
var officeRoles = []string{engine.ByReception, engine.ByOfficer, engine.ByLeader}

// cutAccount splits role.office.
func cutAccount(account string) (role, office string, ok bool) { return strings.Cut(account, ".") }

// opens is the business time at which every run begins: a Thursday morning, long
// before anything filed in the run is due.
var opens = time.Date(2026, 9, 3, 8, 0, 0, 0, calendar.Zone)

// stage is a fresh store with a runtime that runs.
type stage struct {
	name    string
	path    string // of the database; "" in memory
	store   *watched
	sqlite  *sqlite.Store // nil in memory
	runtime *runtime.Runtime
	clock   runtime.Clock
	desks   desks
	before  int64 // bytes of the file before the first case

	recorder *recorder // nil when nothing is recorded
	surface  *surface  // nil in process
	metrics  *api.Metrics

	stop     func()
	done     sync.WaitGroup
	counting atomic.Pointer[error] // the first thing that went wrong with the sums of the indicators
}

// open makes a fresh store with the accounts of the people, and starts the runtime.
func (c Config) open(ctx context.Context, dir, name string) (_ *stage, err error) {
	s := &stage{name: name, clock: runtime.NewVirtual(opens, true)}
	var inner engine.Store = memory.New()
	if c.Store == SQLite {
		s.path = filepath.Join(dir, name+".db")
		if s.sqlite, err = sqlite.Open(ctx, sqlite.Config{Path: s.path, TakeOver: true}); err != nil {
			return nil, err
		}
		inner = s.sqlite
	}
	if c.recording {
		s.recorder = newRecorder(s.sqlite)
		inner = s.recorder
	}
	s.store = &watched{Store: inner}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.close())
		}
	}()
	messages, err := workflows.LoadMessages()
	if err != nil {
		return nil, err
	}
	s.metrics = api.NewMetrics()
	x := &registries{messages: messages, account: s.store.Account, now: s.clock.Now}
	if s.runtime, err = runtime.New(runtime.Config{Store: s.metrics.Store(s.store), Definitions: c.Definitions, Exchange: s.metrics.Exchange(x), Clock: s.clock, Queue: system.Queue}); err != nil {
		return nil, err
	}
	accounts := accounts(c.Definitions, min(c.Cases, families))
	if err := putAccounts(ctx, s.store, accounts); err != nil {
		return nil, err
	}
	s.desks = &direct{runtime: s.runtime, store: s.store}
	if c.HTTP {
		if s.surface, err = c.serve(s, messages); err != nil {
			return nil, err
		}
		s.desks = s.surface
		if err := s.surface.signIn(ctx, accounts); err != nil {
			return nil, err
		}
	}
	if s.before, err = s.size(ctx); err != nil {
		return nil, err
	}
	run, stop := context.WithCancel(context.WithoutCancel(ctx))
	s.stop = stop
	s.done.Go(func() { _ = s.runtime.Run(run) }) // always nil
	if !c.recording {                            // what is counted when differs from run to run, and is not A's
		s.done.Go(func() { system.Project(run, s.store, func(err error) { s.counting.CompareAndSwap(nil, &err) }) })
	}
	return s, nil
}

// accounts are those of so many families and of the offices' staff.
func accounts(defs *machine.Set, n int) []engine.Account {
	var all []engine.Account
	for i := range n {
		f := familyOf(i)
		for _, p := range []engine.Person{f.father, f.head} {
			all = append(all, engine.Account{ID: p.ID, Kind: engine.Citizen, Person: p.ID, Name: p.Name, Phone: p.Phone})
		}
	}
	for _, o := range defs.Offices() {
		for _, role := range officeRoles {
			all = append(all, staff(role, o.ID))
		}
	}
	return all
}

// staff is the account of somebody at an office.
func staff(role, office string) engine.Account {
	return engine.Account{ID: role + "." + office, Kind: engine.Staff, Name: api.RoleNames[role].VI, Office: office, Roles: []string{role}}
}

func putAccounts(ctx context.Context, store engine.Store, all []engine.Account) error {
	return sharing(ctx, 64, len(all), func(ctx context.Context, _, i int) error {
		if err := store.PutAccount(ctx, all[i], 0, nil); err != nil {
			return fmt.Errorf("account %s: %w", all[i].ID, err)
		}
		return nil
	})
}

// size is how many bytes the database has after what is in the log was moved into
// it.
func (s *stage) size(ctx context.Context) (int64, error) {
	if s.path == "" {
		return 0, nil
	}
	if err := checkpoint(ctx, s.path); err != nil {
		return 0, err
	}
	info, err := os.Stat(s.path)
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

// rest waits until everything that was owed is settled, then stops the runtime.
func (s *stage) rest(ctx context.Context) error {
	look := time.NewTicker(2 * time.Millisecond)
	defer look.Stop()
	for {
		owed, err := s.store.Deliveries(ctx, "", "", "", 1)
		if err != nil {
			return err
		}
		if len(owed) == 0 {
			s.halt()
			return s.counted()
		}
		if owed[0].Status == engine.DeliveryIncident {
			return fmt.Errorf("delivery %s is an incident: %s", owed[0].Key, owed[0].LastError.Text().EN)
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-look.C:
		}
	}
}

// halt stops the runtime's loops.
func (s *stage) halt() {
	if s.stop != nil {
		s.stop()
		s.done.Wait()
		s.stop = nil
	}
}

// counted is what went wrong with the sums of the indicators.
func (s *stage) counted() error {
	if err := s.counting.Load(); err != nil {
		return fmt.Errorf("the sums of the indicators: %w", *err)
	}
	return nil
}

func (s *stage) close() error {
	var err error
	if s.surface != nil {
		err = s.surface.close()
	}
	s.halt()
	return errors.Join(err, s.store.Close())
}

// stats are the writer's counters.
func (s *stage) stats() sqlite.Stats {
	if s.sqlite == nil {
		return sqlite.Stats{}
	}
	return s.sqlite.Stats()
}

// remove deletes the files of a closed stage.
func (s *stage) remove() error {
	if s.path == "" {
		return nil
	}
	return remove(s.path)
}

// remove deletes a database with what may stand beside it.
func remove(path string) error {
	var errs []error
	for _, suffix := range []string{"", "-wal", "-shm"} {
		if err := os.Remove(path + suffix); err != nil && !errors.Is(err, os.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}
