package bench

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"lienthong/engine/machine"
)

// The stores that can be measured.
const (
	SQLite = "sqlite"
	Memory = "memory"
)

// Config says what to measure. The zero value of everything is the default named
// beside it.
type Config struct {
	Job     string        // Birth or Small; Birth
	Drivers int           // cases under way at once; 64
	Cases   int           // of one run; 6000, or as many as Limit allows
	Limit   time.Duration // a run takes no new case after it; 0 = none
	HTTP    bool          // people act over TCP, signed in
	Store   string        // SQLite or Memory; SQLite
	Dir     string        // where the files are made, on the disk to be measured; a temporary folder
	Runs    int           // measured runs, of which the medians are told; 1
	Ceiling bool          // measure the two ceilings beside it; needs SQLite

	Definitions *machine.Set                         // nil = those of the job
	Progress    func(what string, done, total int64) // told now and then, by one goroutine at a time; total 0 = not known; nil = nobody

	recording bool // keep every write
	telling   *sync.Mutex
}

// Validate names everything that is out of range.
func (c Config) Validate() error {
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf("bench: "+format, args...)) }
	if c.Job != "" && courses[c.Job] == nil {
		bad("job %q: want %s or %s", c.Job, Birth, Small)
	}
	if c.Drivers < 0 || c.Drivers > 4096 {
		bad("%d drivers: want 1 to 4096", c.Drivers)
	}
	if c.Cases < 0 || c.Cases > maxCases {
		bad("%d cases: want 1 to %d", c.Cases, maxCases)
	}
	if c.Limit < 0 {
		bad("a negative time")
	}
	if c.Runs < 0 || c.Runs > 1000 {
		bad("%d runs: want 1 to 1000", c.Runs)
	}
	if c.Store != "" && c.Store != SQLite && c.Store != Memory {
		bad("store %q: want %s or %s", c.Store, SQLite, Memory)
	}
	if c.Ceiling && c.Store == Memory {
		bad("the ceilings are of the SQLite writer")
	}
	return errors.Join(errs...)
}

// maxCases is how many distinct children the world has.
const maxCases = 5_000_000

func (c Config) withDefaults() Config {
	if c.Job == "" {
		c.Job = Birth
	}
	if c.Drivers == 0 {
		c.Drivers = 64
	}
	if c.Cases == 0 {
		if c.Cases = 6000; c.Limit > 0 {
			c.Cases = maxCases
		}
	}
	if c.Store == "" {
		c.Store = SQLite
	}
	if c.Runs == 0 {
		c.Runs = 1
	}
	c.telling = new(sync.Mutex)
	return c
}

// tell says how far a part of the run is, unless somebody is just saying it.
func (c Config) tell(what string, done, total int) {
	if c.Progress == nil || done%32 != 0 || !c.telling.TryLock() {
		return
	}
	defer c.telling.Unlock()
	if total >= maxCases {
		total = 0
	}
	c.Progress(what, int64(done), int64(total))
}
