package simulate

import (
	"cmp"
	"container/heap"
	"context"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"time"

	"lienthong/engine"
	"lienthong/engine/calendar"
	"lienthong/engine/machine"
)

// Example is an application that may be filed, with the day on which it could be.
// Its dates, numbers and choices are varied from citizen to citizen.
type Example struct {
	Name        string
	Service     string
	Filed       time.Time
	Requester   engine.Person
	Application map[string]any
}

// Config is one run. Definitions, Examples, Store, Plan, Cases and Days are needed.
type Config struct {
	Definitions *machine.Set
	Examples    []Example
	Plan        Plan
	Faults      Faults
	Seed        uint64
	Cases       int // forms that citizens file; one form may open several cases
	Days        int
	// Store opens an empty store. The run closes it. One that has a method
	// Forget(codes...) is asked to forget cases that are over and checked.
	Store func(ctx context.Context) (engine.Store, error)
	// Reply makes a drawn reply agree with what was asked, where the schemas do not
	// say how; nil = the schemas say enough.
	Reply func(registry, operation string, input, reply map[string]any)
	// Progress is told now and then how far the run is; nil = nobody asks.
	Progress func(Progress)

	// Only leaves out all citizens but these, and Struck all faults but these; nil =
	// nobody and nothing is left out. Shrinking uses them, and fixtures keep them.
	// Over are the days over which citizens file, when the run ends before them; 0 =
	// Days.
	Only   []int
	Struck []string
	Over   int

	sabotage func(engine.Store) engine.Store // for tests: a store that breaks a promise
}

// Progress is how far a run is.
type Progress struct {
	Day   int `json:"day"`
	Days  int `json:"days"`
	Filed int `json:"filed"`
	Open  int `json:"open"`
}

// world is a run under way.
type world struct {
	cfg  *Config
	ctx  context.Context
	set  *machine.Set
	dice dice

	start, end, now time.Time
	queue           events
	order           uint64 // of events at one instant

	store    engine.Store
	nodes    []*node
	skew     time.Duration
	rough    bool             // something may go wrong beside people
	files    map[string]*file // cases that are followed
	touched  []*file          // by the step under way, in order
	commits  map[string][]engine.Change
	register registers
	desks    desks
	sampler  sampler
	routes   map[*engine.Procedure]map[string]int
	offers   map[stateOf]map[sort][]*engine.Action // see staffActions
	relays   map[int64]bool                        // instants at which the relay is to run
	faults   striker
	acting   string // the citizen whose form is being filed
	acted    int    // commands of people so far
	acts     ring
	tally    tally
	gone     []string  // forgotten here, and still in the store
	rooms    [2][]byte // where cases are written to compare them
	broken   *Failure
}

// event is something that happens at an instant.
type event struct {
	at time.Time
	n  uint64
	do func()
}

type events []event

func (q events) Len() int { return len(q) }
func (q events) Less(i, j int) bool {
	if !q[i].at.Equal(q[j].at) {
		return q[i].at.Before(q[j].at)
	}
	return q[i].n < q[j].n
}
func (q events) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q *events) Push(x any)   { *q = append(*q, x.(event)) }
func (q *events) Pop() any {
	old := *q
	e := old[len(old)-1]
	old[len(old)-1] = event{}
	*q = old[:len(old)-1]
	return e
}

// at plans something; what is past happens now, what is after the end never.
func (w *world) at(t time.Time, do func()) {
	if t.Before(w.now) {
		t = w.now
	}
	if t.After(w.end) {
		return
	}
	w.order++
	heap.Push(&w.queue, event{t, w.order, do})
}

func (w *world) after(d time.Duration, do func()) { w.at(w.now.Add(d), do) }

// Run plays a plan. A broken promise is in the report, with Good false; the error is
// for a run that could not be played: a plan that does not fit, a store that does
// not open, a context that ended.
func Run(ctx context.Context, cfg Config) (_ *Report, err error) {
	w, err := newWorld(ctx, &cfg)
	if err != nil {
		return nil, err
	}
	defer func() {
		if e := w.store.Close(); err == nil && e != nil {
			err = e
		}
	}()
	began := time.Now()
	if err := w.play(); err != nil {
		return nil, err
	}
	r := w.report()
	r.Speed = speedOf(w.tally.caseDays(), time.Since(began))
	return r, nil
}

// What one run may hold.
const (
	MaxCases = 10_000_000
	MaxDays  = 3660
)

func newWorld(ctx context.Context, cfg *Config) (*world, error) {
	var names []string
	for _, e := range cfg.Examples {
		names = append(names, e.Name)
	}
	switch {
	case cfg.Definitions == nil || cfg.Store == nil:
		return nil, fmt.Errorf("simulate: definitions and a store are needed")
	case len(names) == 0:
		return nil, engine.Fail(engine.Invalid, "Không có hồ sơ mẫu nào để nộp", "there is no example application to file")
	case cfg.Cases < 1 || cfg.Cases > MaxCases || cfg.Days < 1 || cfg.Days > MaxDays:
		return nil, engine.Fail(engine.Invalid, "Số hồ sơ từ 1, số ngày từ 1 đến 3660", "cases are 1 or more, days 1 to 3660")
	}
	if err := cfg.Plan.validate(cfg.Definitions, names, nil); err != nil {
		return nil, err
	}
	if err := cfg.Faults.validate(cfg.Definitions, nil); err != nil {
		return nil, err
	}
	s, err := cfg.Store(ctx)
	if err != nil {
		return nil, err
	}
	if cfg.sabotage != nil {
		s = cfg.sabotage(s)
	}
	start := cfg.Plan.Start.At(0, 0)
	w := &world{cfg: cfg, ctx: ctx, set: cfg.Definitions, dice: dice(cfg.Seed), start: start, now: start, end: start.AddDate(0, 0, cfg.Days),
		store: s, skew: time.Duration(cfg.Faults.Skew), files: map[string]*file{}, commits: map[string][]engine.Change{},
		routes: map[*engine.Procedure]map[string]int{}, offers: map[stateOf]map[sort][]*engine.Action{}, relays: map[int64]bool{}, sampler: newSampler()}
	f := cfg.Faults
	f.Name = ""
	w.rough = !reflect.DeepEqual(f, Faults{})
	w.register = registers{world: w, known: map[string]map[string]*answer{}}
	w.faults = newStriker(cfg)
	w.desks = newDesks(w)
	w.tally = newTally()
	for i := range max(cfg.Faults.Nodes, 1) {
		n, err := w.newNode(i)
		if err != nil {
			return nil, err
		}
		w.nodes = append(w.nodes, n)
	}
	return w, nil
}

// play lets everything happen, instant by instant.
func (w *world) play() error {
	w.arrivals()
	w.days()
	for steps := 0; len(w.queue) > 0 && w.broken == nil; steps++ {
		if steps%256 == 0 && w.ctx.Err() != nil {
			return context.Cause(w.ctx)
		}
		e := heap.Pop(&w.queue).(event)
		w.now = e.at
		e.do()
		w.digest()
	}
	if w.broken == nil {
		w.now = w.end
		w.finish()
	}
	return context.Cause(w.ctx)
}

// days looks at everything once a day: what waits, and whether all is sound.
func (w *world) days() {
	for d := range w.cfg.Days {
		w.at(w.start.AddDate(0, 0, d).Add(17*time.Hour+30*time.Minute), func() {
			w.measure()
			w.full()
			if w.cfg.Progress != nil {
				w.cfg.Progress(Progress{Day: d + 1, Days: w.cfg.Days, Filed: w.tally.filed, Open: w.open()})
			}
		})
	}
}

// open counts the cases that have not ended.
func (w *world) open() (n int) {
	for _, f := range w.files {
		if f.c.Status == engine.CaseOpen {
			n++
		}
	}
	return n
}

// codes are those of the cases that are followed, in order.
func (w *world) codes() []string { return slices.Sorted(maps.Keys(w.files)) }

// arrivals plans who files when.
func (w *world) arrivals() {
	only := map[int]bool{}
	for _, n := range w.cfg.Only {
		only[n] = true
	}
	over := cmp.Or(w.cfg.Over, w.cfg.Days)
	days := make([]float64, over)
	for d := range days {
		day := calendar.DateOf(w.start).AddDays(d)
		days[d] = float64(w.cfg.Plan.Arrivals.Weekdays[weekdays[(int(day.Weekday())+6)%7]])
		if _, off := w.set.Calendar(w.start).Holiday(day); off {
			days[d] = float64(w.cfg.Plan.Arrivals.Weekdays["sun"])
		}
	}
	hours := make([]float64, 24)
	for h := range hours {
		hours[h] = float64(w.cfg.Plan.Arrivals.Hours[fmt.Sprint(h)])
	}
	for n := range w.cfg.Cases {
		if w.cfg.Only != nil && !only[n] {
			continue
		}
		who := citizenName(n)
		d, h := w.dice.choose(days, "day", who, 0), w.dice.choose(hours, "hour", who, 0)
		if d < 0 {
			continue // nobody files on any of these days
		}
		at := w.start.AddDate(0, 0, d).Add(time.Duration(h)*time.Hour + time.Duration(w.dice.part("second", who, 0)*3600)*time.Second)
		w.at(at, func() { w.arrive(n) })
	}
}

func citizenName(n int) string { return fmt.Sprintf("c%d", n) }
