package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"runtime/pprof"
	"time"

	"lienthong/cmd/lienthong/bench"
)

type benchCommand struct {
	Birth  benchBirth  `cmd:"" name:"birth" default:"withargs" help:"The linked birth, from filing to the card that is handed over (without a name: this)."`
	Growth benchGrowth `cmd:"" help:"A database of a million cases: fill it, and measure how long people wait."`
}

type benchBirth struct {
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

// Run measures and prints.
func (c *benchBirth) Run(e *env) (err error) {
	cfg := bench.Config{Drivers: c.Drivers, Cases: c.Cases, Limit: time.Duration(c.Seconds) * time.Second, HTTP: c.HTTP, Store: c.Store, Dir: c.Dir, Runs: c.Runs, Ceiling: c.Ceiling}
	if err := cfg.Validate(); err != nil {
		return err
	}
	if c.CPUProfile != "" {
		f, err := os.Create(c.CPUProfile)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, f.Close()) }()
		if err := pprof.StartCPUProfile(f); err != nil {
			return err
		}
		defer pprof.StopCPUProfile()
	}
	r, err := bench.Run(e.ctx, cfg)
	if err != nil {
		return err
	}
	if e.asJSON {
		enc := json.NewEncoder(e.out)
		enc.SetIndent("", "  ")
		return enc.Encode(r)
	}
	_, err = fmt.Fprint(e.out, r)
	return err
}
