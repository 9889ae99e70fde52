package main

import (
	"errors"
	"fmt"
	"time"

	"lienthong/cmd/lienthong/bench"
)

type benchCommand struct {
	Birth  benchBirth  `cmd:"" name:"birth" default:"withargs" help:"One job again and again, from filing to its end (without a name: this)."`
	Growth benchGrowth `cmd:"" help:"A database of a million cases: fill it, and measure how long people wait."`
}

type benchBirth struct {
	spoken
	Job        string `help:"birth: the shipped linked birth with all its parts; small: three linked steps of one approval and one answer." enum:"birth,small" default:"birth"`
	Drivers    int    `help:"Cases under way at once." default:"64"`
	Cases      int    `help:"Cases of one run; 6000, or as many as --seconds allows."`
	Seconds    uint   `help:"A run takes no new case after so many seconds."`
	HTTP       bool   `help:"People act over TCP, signed in." name:"http"`
	Store      string `help:"sqlite or memory." enum:"sqlite,memory" default:"sqlite"`
	Dir        string `help:"Folder of the fresh database, on the disk to be measured; a temporary one." type:"existingdir"`
	Runs       int    `help:"Runs, of which the medians are told." default:"1"`
	Ceiling    bool   `help:"Measure the two ceilings beside it, in turn."`
	CPUProfile string `help:"Write a CPU profile here." name:"cpuprofile" type:"path"`
}

func (c *benchBirth) config() bench.Config {
	return bench.Config{Job: c.Job, Drivers: c.Drivers, Cases: c.Cases, Limit: time.Duration(c.Seconds) * time.Second, HTTP: c.HTTP, Store: c.Store, Dir: c.Dir, Runs: c.Runs, Ceiling: c.Ceiling}
}

// Validate names what is out of range: wrong usage.
func (c *benchBirth) Validate() error { return c.config().Validate() }

// Run measures and prints.
func (c *benchBirth) Run(e *env) (err error) {
	cfg := c.config()
	bar, part := e.progress(), ""
	cfg.Progress = func(what string, done, total int64) {
		if what != part { // its own rate
			bar.end()
			bar, part = e.progress(), what
		}
		bar.show(what, done, total)
	}
	stop, err := profile(c.CPUProfile)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stop()) }()
	r, err := bench.Run(e.ctx, cfg)
	bar.end()
	if err != nil {
		return err
	}
	if e.asJSON {
		return e.json(r)
	}
	_, err = fmt.Fprint(e.out, r.In(e.of))
	return err
}
